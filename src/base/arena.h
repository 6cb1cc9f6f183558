#pragma once

#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

/*
 * Arena: memory that goes away together. Reserved address space with a budget; pages are touched
 * only when used. Allocation never fails: going over the budget ends the process, because what
 * comes from outside is bounded before it is stored. All memory comes zeroed.
 *
 * Not safe for two threads at once.
 */

struct arena {
    char *base;
    size_t used;
    size_t budget; /* bytes reserved */
    size_t high;   /* most ever used since the last release to the system */
};

/* Reserves `budget` bytes of address space, rounded up to pages. */
void arena_init(struct arena *arena, size_t budget);
void arena_fini(struct arena *arena); /* takes NULL and the zeroed arena */

void *arena_alloc(struct arena *arena, size_t size, size_t align);

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type), alignof(type)))
#define arena_array(arena, type, n) \
    ((type *)arena_calloc((arena), (n), sizeof(type), alignof(type)))
void *arena_calloc(struct arena *arena, size_t n, size_t size, size_t align);

/* Copies; the result is in arena and followed by a NUL that `len` does not count. */
struct str arena_str(struct arena *arena, struct str s);
const char *arena_cstr(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *fmt, ...) ATTR_PRINTF(2, 3);
struct str arena_vprintf(struct arena *arena, const char *fmt, va_list args) ATTR_PRINTF(2, 0);

/* Everything allocated after the mark is given up by the reset; pages far beyond the mark go back
 * to the system. */
typedef size_t arena_mark_t;
arena_mark_t arena_mark(const struct arena *arena);
void arena_reset(struct arena *arena, arena_mark_t mark);

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

/*
 * Bytes that grow on the heap, with a ceiling. Past the ceiling nothing more is stored and
 * `over` stays set, so a writer checks once at the end. The zeroed buf has no ceiling and is
 * ready for use. The text is always followed by a NUL that `len` does not count.
 */

struct buf {
    char *ptr;
    size_t len, cap;
    size_t ceiling; /* 0: none */
    bool over;      /* something did not fit */
    bool secret;    /* wiped whenever memory is given up */
};

void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf); /* empty, memory kept, `over` cleared */
void buf_reserve(struct buf *buf, size_t total);
void buf_add(struct buf *buf, struct str text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *fmt, ...) ATTR_PRINTF(2, 3);
/* Lent by `buf` until it changes. */
struct str buf_str(const struct buf *buf);

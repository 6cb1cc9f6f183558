#pragma once

#include <string.h>

#include "base/arena.h"

/*
 * Typed arrays that grow in an arena. VEC_OF(struct op) is a struct with items, n and cap; the
 * zeroed one is empty. Growing leaves the old array behind in the arena, at most as much again.
 *
 *     VEC_OF(struct op) ops = {0};
 *     VEC_PUSH(arena, &ops, ((struct op){...}));
 */

#define VEC_OF(type)   \
    struct {           \
        type *items;   \
        size_t n, cap; \
    }

#define VEC_PUSH(arena, vec, item)                                                              \
    do {                                                                                        \
        if ((vec)->n == (vec)->cap)                                                             \
            (vec)->items = vec_grow((arena), (vec)->items, &(vec)->cap, sizeof(*(vec)->items)); \
        (vec)->items[(vec)->n++] = (item);                                                      \
    } while (0)

/* Doubles the capacity (8 at first) and copies. Use VEC_PUSH. */
void *vec_grow(struct arena *arena, const void *items, size_t *cap, size_t size);

#include "base/vec.h"

void *vec_grow(struct arena *arena, const void *items, size_t *cap, size_t size)
{
    size_t wider = *cap > 0 ? *cap * 2 : 8;
    void *grown = arena_calloc(arena, wider, size, alignof(max_align_t));

    if (*cap > 0)
        memcpy(grown, items, *cap * size);
    *cap = wider;
    return grown;
}

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * Hash map from views to pointers, in an arena. Keys are kept, not copied: they must live as long
 * as the map. No removal; the zeroed map is empty. Iteration in order of insertion.
 */

struct map_entry {
    struct str key;
    void *value;
};

struct map {
    struct map_entry *entries; /* in order of insertion */
    size_t n, cap;
    unsigned *slots; /* open addressing; index + 1 into entries */
    size_t n_slots;
};

/* NULL when absent. */
void *map_get(const struct map *map, struct str key);
bool map_has(const struct map *map, struct str key);
/* Replaces what was there; returns the former value or NULL. */
void *map_put(struct map *map, struct arena *arena, struct str key, void *value);

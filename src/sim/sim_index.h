#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * From a text to numbers of things that bear it: a multimap of hashes, eight bytes a slot. The
 * caller compares the thing itself, so entries of renamed or deleted things may simply stay.
 *
 *     size_t probe = sim_index_start(&index, hash);
 *     uint32_t number;
 *     while (sim_index_next(&index, hash, &probe, &number))
 *         if (is_it(number)) ...
 */

struct sim_index_slot {
    uint32_t hash;
    uint32_t number; /* plus one; 0: free */
};

/* The zeroed index is empty. On the heap. */
struct sim_index {
    struct sim_index_slot *slots;
    size_t n_slots, used;
};

void sim_index_fini(struct sim_index *index);
/* Room for `n` entries without growing again. */
void sim_index_reserve(struct sim_index *index, size_t n);
void sim_index_add(struct sim_index *index, uint32_t hash, uint32_t number);
size_t sim_index_start(const struct sim_index *index, uint32_t hash);
bool sim_index_next(const struct sim_index *index, uint32_t hash, size_t *probe, uint32_t *number);

/* FNV-1a, and the same with ASCII letters in lower case. */
uint32_t sim_hash(struct str text);
uint32_t sim_hash_fold(struct str text);
uint64_t sim_hash64(struct str text);

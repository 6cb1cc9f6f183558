#include "sim/sim_index.h"

#include <stdlib.h>

void sim_index_fini(struct sim_index *index)
{
    free(index->slots);
    *index = (struct sim_index){0};
}

static void put(struct sim_index *index, struct sim_index_slot slot)
{
    size_t at = slot.hash & (index->n_slots - 1);

    while (index->slots[at].number != 0)
        at = (at + 1) & (index->n_slots - 1);
    index->slots[at] = slot;
}

static void rehash(struct sim_index *index, size_t n_slots)
{
    struct sim_index old = *index;

    index->slots = calloc(n_slots, sizeof(*index->slots));
    if (!index->slots)
        abort();
    index->n_slots = n_slots;
    for (size_t i = 0; i < old.n_slots; i++) {
        if (old.slots[i].number != 0)
            put(index, old.slots[i]);
    }
    free(old.slots);
}

void sim_index_reserve(struct sim_index *index, size_t n)
{
    size_t n_slots = index->n_slots > 0 ? index->n_slots : 64;

    while (n_slots / 2 < n)
        n_slots *= 2;
    if (n_slots != index->n_slots)
        rehash(index, n_slots);
}

void sim_index_add(struct sim_index *index, uint32_t hash, uint32_t number)
{
    sim_index_reserve(index, index->used + 1);
    put(index, (struct sim_index_slot){hash, number + 1});
    index->used++;
}

size_t sim_index_start(const struct sim_index *index, uint32_t hash)
{
    return index->n_slots > 0 ? hash & (index->n_slots - 1) : 0;
}

bool sim_index_next(const struct sim_index *index, uint32_t hash, size_t *probe, uint32_t *number)
{
    if (index->n_slots == 0)
        return false;
    while (index->slots[*probe].number != 0) {
        struct sim_index_slot slot = index->slots[*probe];

        *probe = (*probe + 1) & (index->n_slots - 1);
        if (slot.hash == hash) {
            *number = slot.number - 1;
            return true;
        }
    }
    return false;
}

static char fold(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c;
}

uint32_t sim_hash(struct str text)
{
    uint64_t hash = sim_hash64(text);

    return (uint32_t)(hash ^ (hash >> 32));
}

uint32_t sim_hash_fold(struct str text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)fold(text.ptr[i])) * UINT64_C(0x100000001b3);
    return (uint32_t)(hash ^ (hash >> 32));
}

uint64_t sim_hash64(struct str text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(0x100000001b3);
    return hash;
}

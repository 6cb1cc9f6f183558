#include "base/map.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/entropy.h"

/* SipHash-1-3, keyed once per process, so that nobody outside can make keys that collide. */

static uint64_t hash_key[2];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void make_hash_key(void)
{
    entropy_bytes(hash_key, sizeof(hash_key));
}

static uint64_t rotl(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

static uint64_t hash(struct str key)
{
    uint64_t v[4] = {hash_key[0] ^ 0x736f6d6570736575, hash_key[1] ^ 0x646f72616e646f6d,
                     hash_key[0] ^ 0x6c7967656e657261, hash_key[1] ^ 0x7465646279746573};
    size_t i = 0;

    for (; i + 8 <= key.len; i += 8) {
        uint64_t word;
        memcpy(&word, key.ptr + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)key.len << 56;
    for (unsigned shift = 0; i < key.len; i++, shift += 8)
        last |= (uint64_t)(unsigned char)key.ptr[i] << shift;
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int n = 0; n < 3; n++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The slot of the key, or the free one where it belongs. */
static size_t find_slot(const struct map *map, struct str key)
{
    size_t slot = (size_t)hash(key) & (map->n_slots - 1);

    while (map->slots[slot] != 0 && !str_eq(map->entries[map->slots[slot] - 1].key, key))
        slot = (slot + 1) & (map->n_slots - 1);
    return slot;
}

static struct map_entry *find(const struct map *map, struct str key)
{
    if (map->n == 0)
        return NULL;
    unsigned at = map->slots[find_slot(map, key)];
    return at ? &map->entries[at - 1] : NULL;
}

void *map_get(const struct map *map, struct str key)
{
    struct map_entry *entry = find(map, key);

    return entry ? entry->value : NULL;
}

bool map_has(const struct map *map, struct str key)
{
    return find(map, key) != NULL;
}

static void grow(struct map *map, struct arena *arena)
{
    size_t cap = map->cap > 0 ? map->cap * 2 : 16;
    struct map_entry *entries = arena_array(arena, struct map_entry, cap);

    if (map->entries)
        memcpy(entries, map->entries, map->n * sizeof(*entries));
    map->entries = entries;
    map->cap = cap;
    map->n_slots = cap * 2; /* never more than half full */
    map->slots = arena_array(arena, unsigned, map->n_slots);
    for (size_t i = 0; i < map->n; i++)
        map->slots[find_slot(map, entries[i].key)] = (unsigned)i + 1;
}

void *map_put(struct map *map, struct arena *arena, struct str key, void *value)
{
    pthread_once(&hash_key_once, make_hash_key);
    struct map_entry *entry = find(map, key);

    if (entry) {
        void *former = entry->value;
        entry->value = value;
        return former;
    }
    if (map->n == map->cap)
        grow(map, arena);
    assert(map->entries);
    map->entries[map->n] = (struct map_entry){key, value};
    map->slots[find_slot(map, key)] = (unsigned)++map->n;
    return NULL;
}

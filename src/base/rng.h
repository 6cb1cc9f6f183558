#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Seeded randomness (xoshiro256**), for tests, simulations and jitter. Equal seeds give equal
 * sequences on every machine. Nothing secret comes from here: see entropy.h.
 */

struct rng {
    uint64_t state[4];
};

struct rng rng_seed(uint64_t seed);
uint64_t rng_u64(struct rng *rng);
uint64_t rng_below(struct rng *rng, uint64_t n);                 /* 0 <= x < n; n > 0; unbiased */
int64_t rng_between(struct rng *rng, int64_t low, int64_t high); /* inclusive */
int rng_chance(struct rng *rng, unsigned percent);               /* 1 or 0 */
void rng_shuffle(struct rng *rng, void *items, size_t n, size_t size);

#include "base/rng.h"

#include <string.h>

/* Spreads a seed over the state (splitmix64). */
static uint64_t spread(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

struct rng rng_seed(uint64_t seed)
{
    struct rng rng;

    for (int i = 0; i < 4; i++)
        rng.state[i] = spread(&seed);
    return rng;
}

static uint64_t rotl(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

uint64_t rng_u64(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t n)
{
    uint64_t uneven = (UINT64_MAX - n + 1) % n; /* values of the incomplete last round */
    uint64_t x;

    do {
        x = rng_u64(rng);
    } while (x < uneven);
    return x % n;
}

int64_t rng_between(struct rng *rng, int64_t low, int64_t high)
{
    uint64_t span = (uint64_t)high - (uint64_t)low;

    if (span == UINT64_MAX)
        return (int64_t)rng_u64(rng);
    return (int64_t)((uint64_t)low + rng_below(rng, span + 1));
}

int rng_chance(struct rng *rng, unsigned percent)
{
    return rng_below(rng, 100) < percent;
}

void rng_shuffle(struct rng *rng, void *items, size_t n, size_t size)
{
    char *bytes = items;

    for (size_t i = n; i > 1; i--) {
        char *a = bytes + (i - 1) * size;
        char *b = bytes + rng_below(rng, i) * size;
        for (size_t k = 0; k < size; k++) {
            char kept = a[k];
            a[k] = b[k];
            b[k] = kept;
        }
    }
}

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/*
 * Lag: how long a hop usually takes, learned from those that arrived, and the deadline that follows
 * from it (design, section 4). Pure.
 */

#define LAG_ENOUGH 20 /* arrivals before anything is concluded */

struct lag {
    size_t n;                          /* samples */
    int64_t median_ms, p95_ms, p99_ms; /* nearest rank; 0 without samples */
};

/* Samples in any order; sorts a copy. */
struct lag lag_learn(const int64_t *samples, size_t n, struct arena *arena);

/* 2 x p99 where LAG_ENOUGH arrivals are known, at least `floor_ms` (what one look a run can tell
 * apart: two intervals) and at most 4 x the configured span; else the configured one. 0 configured:
 * no deadline. `lag` may be NULL. */
int64_t lag_deadline(int64_t configured_ms, const struct lag *lag, int64_t floor_ms);

#pragma once

#include "base/rng.h"
#include "rig/rig.h"

/*
 * Organisations, askers, other hands and broken wires at random, from a seed: what campaigns and
 * properties are tried on. Equal seeds give equal stories.
 */

struct chance {
    struct rng rng;
    size_t n_people;                             /* p01@example.com ... */
    int64_t per_run, per_day, per_week, percent; /* the budget of removals */
    bool honest;        /* no listing lies or lags: what is read is what is there */
    size_t n_protected; /* the first so many people, by name or by group, for ever */
    char org[4096], settings[4096];
};

/* Organisation and settings of that seed. */
void chance_make(struct chance *chance, uint64_t seed, bool honest);
/* Time passes, people ask, other hands change things. */
void chance_happen(struct chance *chance, struct rig *rig);
/* Things begin to go wrong with the next requests; sim_clear_faults ends it. */
void chance_break(struct chance *chance, struct rig *rig);
/* A person looks at every finding that waits for one, and says go on. */
void chance_acknowledge(struct rig *rig);

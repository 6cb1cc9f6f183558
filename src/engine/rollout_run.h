#pragma once

#include "core/finding.h"
#include "engine/observe.h"
#include "engine/rollout_view.h"

/*
 * A run's step for rollouts: notes how far the people of each open one have come, and begins the
 * next wave, halts or finishes it. What is begun are accepted requests in the ledger, so the rest
 * of the run does with them what it does with any.
 *
 * Between intake and the plan, never in a dry or quiet run. All state is in rows: the step may die
 * anywhere and be made again. What a person decides meanwhile wins: the next run sees it.
 */

struct rollout_input {
    const struct world *world;
    const struct actor *actor;
    const struct seen_groups *groups; /* of this run */
    struct str only;                  /* entitlement; empty: all */
    int64_t now_ms;
    bool clock_ok;       /* by the clock guard: otherwise nothing counts and nothing begins */
    struct str hold_why; /* no wave begins while this says why; may be empty */
};
/* `*filed`: requests were filed and accepted, so grants are to be read anew. */
bool rollout_run(const struct rollout_input *in, struct arena *arena, bool *filed, struct err *err);

/* `halted_rollout` for each that has halted; from the ledger alone, for dry runs too. */
bool rollout_findings(const struct world *world, struct arena *arena, struct finding **out,
                      size_t *n, struct err *err);

/*
 * What rollouts say about leaving the former plan's group, for people whom they asked: `given` when
 * the move is proved as the rollout demands. Where no subscription is seen a rollout's move counts
 * only with a person's word for the wave; and without Identity Center the word is the only proof.
 */
struct rollout_word {
    struct str entitlement, person, plan; /* the new one */
    int64_t rollout;                      /* its number: the newest that asked the person */
    bool given;
};
/* Sorted, for rollout_word_of. */
bool rollout_words(struct ledger *ledger, struct arena *arena, const struct rollout_word **out,
                   size_t *n, struct err *err);
/* NULL when no rollout has asked that person. */
const struct rollout_word *rollout_word_of(const struct rollout_word *words, size_t n,
                                           struct str entitlement, struct str person,
                                           struct str plan);

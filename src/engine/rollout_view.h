#pragma once

#include "core/observation.h"
#include "core/rollout_place.h"
#include "ledger/ledger_rollout.h"

/*
 * One rollout with all that is known about its people: what a run decides from, and what `rollout
 * status` shows. Everything in arena. Reads the ledger only.
 */

struct rollout_view {
    struct rollout_row row;
    const struct rollout_wave *waves;
    size_t n_waves;
    struct rollout_halt halt_on;
    const struct rollout_member *members; /* in their order */
    size_t n;
    struct rollout_standing *standings; /* same order: as they would be placed now */
    bool needs_confirm;                 /* the newest wave waits for a person's word */
    size_t n_on_the_way;                /* asked for in vain so far: nothing to confirm yet */
};

/* `listing`: of the new plan's group, as this run saw it; NULL: as the last run followed the seats.
 */
bool rollout_view_load(struct ledger *ledger, const struct rollout_row *row,
                       const struct listing *listing, int64_t now_ms, struct arena *arena,
                       struct rollout_view *out, struct err *err);
/* Where they would stand, for the decision; a failure in spite of which a person resumed counts no
 * more. Lent by the view, places in arena. */
struct rollout_facts rollout_view_facts(const struct rollout_view *view, int64_t now_ms,
                                        struct arena *arena);
/* In which wave, from 1, that one of the cohort is. */
size_t rollout_view_wave(const struct rollout_view *view, size_t place_in_order);

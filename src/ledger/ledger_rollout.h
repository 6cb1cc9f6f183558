#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rollout.h"
#include "ledger/ledger.h"

/* Rollouts and their cohorts, frozen at the start. Every step is audited in its own transaction. */

struct rollout_row {
    struct str id;  /* UUIDv7 */
    int64_t number; /* for people: W3 */
    struct str entitlement, from_plan, to_plan;
    struct str scope; /* people, group */
    struct str waves; /* as given: `3,5%,25%,100%` */
    struct str halt_on;
    int64_t bake_ms;
    bool confirm_one_way;
    enum rollout_state state;
    struct str state_why;
    size_t wave;           /* begun so far */
    int64_t wave_began_at; /* of the newest; 0: none */
    int64_t proved_at;     /* since when the begun waves are through; 0: not */
    bool confirmed;        /* a person confirmed the newest wave */
    struct str started_by;
    struct str reason;
    int64_t started_at, ended_at;
    int64_t looked_at;    /* by the last run */
    int64_t steady_since; /* since when the clock has not jumped, as runs found it */
};
struct rollout_member {
    struct str person;
    size_t place_in_order; /* 0 is first */
    enum rollout_place place;
    struct str request; /* the change request that was filed; empty: none yet */
    struct str why;     /* of FAILED and GONE */
    int64_t at;         /* of the place; of ASKED it moves with a clock that jumped */
    bool accepted;      /* a failure in spite of which a person resumed: it halts no more */
};

/* Fails with ERR_REFUSED when the entitlement has one that is neither done nor aborted. `people` in
 * their order. Fills number, state and times of `row`, and its id (in arena) when it has none. */
bool ledger_start_rollout(struct ledger *ledger, const struct actor *actor, struct rollout_row *row,
                          const struct str *people, size_t n, struct arena *arena, struct err *err);
/* Newest first. `only_open`: running, paused, halted. */
bool ledger_list_rollouts(struct ledger *ledger, bool only_open, struct arena *arena,
                          const struct rollout_row **out, size_t *n, struct err *err);
/* In their order. */
bool ledger_rollout_members(struct ledger *ledger, struct str rollout, struct arena *arena,
                            const struct rollout_member **out, size_t *n, struct err *err);
/* Only from the state and the wave it was read in: ERR_REFUSED when somebody else moved it
 * meanwhile, or no way leads there. Going on after a halt accepts the failures so far, and the wave
 * bakes anew. */
bool ledger_move_rollout(struct ledger *ledger, const struct actor *actor,
                         const struct rollout_row *row, enum rollout_state to, struct str why,
                         struct err *err);
/* The newest wave, once: ERR_REFUSED when there is nothing to confirm. */
bool ledger_confirm_rollout(struct ledger *ledger, const struct actor *actor,
                            const struct rollout_row *row, struct str reason, struct err *err);
/*
 * A run looks at it. Where the clock is not to be trusted, the time since the last look counts for
 * nothing: what is measured from before (the wave's begin, since when it is proved, when people
 * were asked) moves along, forwards or backwards. `*out` (in arena) is the row as it is now.
 */
bool ledger_look_at_rollout(struct ledger *ledger, const struct actor *actor,
                            const struct rollout_row *row, int64_t now_ms, bool clock_ok,
                            struct arena *arena, struct rollout_row *out, struct err *err);
/* What a running one waits for, for `status`; no audit row. */
bool ledger_note_rollout(struct ledger *ledger, const struct rollout_row *row, struct str why,
                         struct err *err);
/*
 * Begins a wave in one transaction: files an accepted change request for each of people from..to
 * that holds a live grant on the old plan (with the key `rollout:NUMBER:PERSON`, so that twice is
 * once), marks them asked and the others gone, and moves the wave's number on. `now_ms` is its
 * time. Who is blocked, known inactive or not eligible, or holds another plan too, is not asked
 * either. ERR_REFUSED when the rollout is not running, or not in that wave, any more.
 */
bool ledger_begin_wave(struct ledger *ledger, const struct actor *actor,
                       const struct rollout_row *row, size_t from, size_t to, int64_t now_ms,
                       struct arena *arena, struct err *err);
/* What a run found out about asked members; and since when the begun waves are through. Places that
 * are final stay. ERR_REFUSED when the rollout is in another wave, or closed, by now. */
bool ledger_place_members(struct ledger *ledger, const struct actor *actor,
                          const struct rollout_row *row, const struct rollout_member *members,
                          size_t n, int64_t proved_at, struct err *err);

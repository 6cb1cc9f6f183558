#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/facts.h"
#include "core/observation.h"
#include "core/op.h"
#include "core/plan.h"
#include "core/policy.h"

/*
 * Guards: which ops may be carried out now, and which are held, by what and why.
 *
 * Every rule answers for each op by itself, so additions go on while removals are held, and one
 * look shows all that stands in an op's way. Doubt holds. Pure: no clock but `now_ms`.
 *
 * The rules stand in one table, in the order in which they are reported. Those that count (limit,
 * budget, rate-of-adds) come last and count only ops that nothing else holds.
 */

enum guard {
    GUARD_FROZEN,
    GUARD_INSTANCE,
    GUARD_FOREIGN_SELF,
    GUARD_CLOCK,
    GUARD_MODE,
    GUARD_PINNED,
    GUARD_SEALED,
    GUARD_SHRUNK,
    GUARD_OUTSIDE,
    GUARD_CHANGED,
    GUARD_PROTECTED,
    GUARD_OWNED,
    GUARD_ELIGIBLE,
    GUARD_INACTIVE,
    GUARD_PROOF, /* a leave after a move waits for proof of the new seat, or for a person; and
                    nothing is done about people whose subscription says nothing we can read */
    GUARD_GRACE,
    GUARD_LIMIT,
    GUARD_BUDGET,
    GUARD_RATE_OF_ADDS,
    GUARD_COUNT,
};

/* As in reports and metrics: "foreign-self", "rate-of-adds". */
const char *guard_name(enum guard guard);
bool guard_parse(struct str word, enum guard *out);
/* Holds until a person acts; makes the exit code 4. */
bool guard_is_alarm(enum guard guard);

/* What the run knows about one entitlement. */
struct guard_entitlement {
    const struct entitlement *ent;
    enum mode mode;               /* effective: after an anomaly lowered it */
    bool frozen, frozen_removals; /* by a freeze of it or of everything */
    struct str frozen_why;
    bool is_known_changed; /* settings, mode, catalogue, program or ledger generation differ
                              from the last accepted ones, and nobody acknowledged it */
    struct str changed_why;
    int64_t changed_since_ms;    /* end of the last run under the accepted settings */
    const struct str *known_ops; /* op ids of that run, sorted */
    size_t n_known_ops;
    size_t owned;                     /* people owned at the windows' start */
    size_t removed_day, removed_week; /* counted ops sent within 24 h and 7 d before now */
    size_t seen;                      /* distinct people seen in all its plan groups */
    bool may_remove_unmanaged;        /* not in the first 7 days, not after a restore */
};

/* What the run knows about one managed group. */
struct guard_group {
    const struct group_view *view;
    bool pin_ok; /* same id, type and name as pinned; no ACTIVE rule; no admin role */
    struct str pin_why;
    bool removals_unknown; /* rules or roles could not be read (403): removals only are held */
    struct str removals_why;
    struct shrink shrink;
    bool shrink_acked;
};

/* Somebody found gone from a group by other hands; `acked`: give back. */
struct guard_outside {
    struct str group, person;
    struct str subject; /* this very time: what an acknowledgement is for */
    bool acked;
    unsigned restored_day; /* automatic restores within 24 h */
    struct str actor;      /* or empty */
};

struct guard_input {
    const struct policy *policy;
    int64_t now_ms;
    const struct plan *plan;
    const struct facts *facts;
    const struct guard_entitlement *ents; /* one per entitlement of the policy, in its order */
    size_t n_ents;
    const struct guard_group *groups;
    size_t n_groups;
    const struct guard_outside *outside; /* sorted by (group, person) */
    size_t n_outside;
    bool instance_ok;
    struct str instance_why;
    bool foreign_self; /* another writer, or an older copy of the ledger */
    struct str foreign_why;
    bool clock_ok;
    struct str clock_why;
    size_t removed_day, removed_week; /* over all entitlements */
    const struct str *released;       /* op ids a person released (ack), sorted: pass proof,
                                         grace and budget */
    size_t n_released;
    struct people untouchable; /* their subscription is of a plan that nobody can tell */
};

struct guard_hold {
    enum guard guard;
    size_t op;         /* index into the plan */
    struct str reason; /* one sentence for a person; in arena */
    bool drips;        /* it follows in later runs by itself: no alarm */
};

struct guard_verdict {
    const bool *held;               /* one per op, in plan order; in arena */
    const struct guard_hold *holds; /* by op, then in the order of the table */
    size_t n_holds;
    size_t n_passed;
};

/* Borrows the input; the verdict lives in `arena`. */
struct guard_verdict guard_plan(const struct guard_input *in, struct arena *arena);

/* The first hold of an op, or NULL. */
const struct guard_hold *guard_first_hold(const struct guard_verdict *verdict, size_t op);

/* Allowed removals in a window, by the design's rule: min(most, percent of owned), rounded down, at
 * least 1 (a `most` of 0 is none at all); `times` 1 a run, 2 a day, 4 a week. */
size_t guard_budget(int64_t most, int64_t percent, size_t owned, unsigned times);

/* What an entitlement's windows allow in all, and what is left of them now. Percentages are of the
 * seats that were owned when the window began: those owned now and those it has seen go. */
struct guard_windows {
    size_t run, day, week;
    size_t left; /* the least that any of them still lets go */
};
struct guard_windows guard_windows(const struct guard_entitlement *ge);

#ifdef SEATKEEPER_GUARD_MUTATION
/* Only in the test build that takes guards out, one at a time. */
extern int guard_taken_out; /* enum guard, or -1 */
#endif

#pragma once

#include "base/vec.h"
#include "core/guard.h"

/* What the parts of the guard share: the rules that look at one op, and those that count. Nobody
 * else includes this. */

/* One op, with what the run knows around it. */
struct guard_case {
    const struct guard_input *in;
    struct arena *arena;
    const struct op *op;
    const struct guard_entitlement *ent; /* NULL: the run knows no such entitlement */
    const struct guard_group *group;     /* NULL: no such group is managed */
    const struct person_facts *person;   /* NULL: nothing is known */
    bool is_removal;
    bool is_released; /* by a person, by name */
};

struct guard_work {
    const struct guard_input *in;
    struct arena *arena;
    const struct guard_case *cases; /* one per op, in plan order */
    size_t n;
    bool *held; /* by any rule so far */
    VEC_OF(struct guard_hold) holds;
};

/* Holds one op, by one rule. */
void guard_hold_op(struct guard_work *work, size_t op, struct guard_hold hold);

/* Rules for one op: true holds it, and says why. */
bool guard_frozen(const struct guard_case *c, struct str *reason);
bool guard_instance(const struct guard_case *c, struct str *reason);
bool guard_foreign_self(const struct guard_case *c, struct str *reason);
bool guard_clock(const struct guard_case *c, struct str *reason);
bool guard_mode(const struct guard_case *c, struct str *reason);
bool guard_pinned(const struct guard_case *c, struct str *reason);
bool guard_sealed(const struct guard_case *c, struct str *reason);
/* Of an op that `sealed` holds: only a second look is missing, which the next runs bring. */
bool guard_waits_for_a_look(const struct guard_case *c);
bool guard_shrunk(const struct guard_case *c, struct str *reason);
bool guard_outside(const struct guard_case *c, struct str *reason);
bool guard_changed(const struct guard_case *c, struct str *reason);
bool guard_protected(const struct guard_case *c, struct str *reason);
bool guard_owned(const struct guard_case *c, struct str *reason);
bool guard_eligible(const struct guard_case *c, struct str *reason);
bool guard_inactive(const struct guard_case *c, struct str *reason);
bool guard_proof(const struct guard_case *c, struct str *reason);
bool guard_grace(const struct guard_case *c, struct str *reason);

/* Rules that count what nothing else holds. */
void guard_limit(struct guard_work *work);
void guard_spend(struct guard_work *work); /* the budget of removals */
void guard_rate(struct guard_work *work);

/* Adds of one entitlement that nothing holds so far, in the order in which they may go: renewals
 * first, then the oldest accepted. Indices into the plan; in arena. */
const size_t *guard_queue(const struct guard_work *work, const struct guard_entitlement *ent,
                          size_t *n);

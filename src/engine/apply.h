#pragma once

#include "engine/decide.h"

/*
 * Apply and verify: sends what the guards let through, in batches, each journalled as `sent` before
 * it leaves, and settles it from a look afterwards.
 */

struct applied {
    enum op_state *states; /* one per op of the plan */
    struct str *reasons;   /* of states other than DONE; in arena */
};

/* What to carry out; all of it is borrowed. The ops are planned in the ledger already, under the
 * run's id (seq = index into the plan). */
struct apply_order {
    const struct world *world;
    const struct decision *decision;
    const struct run_row *run; /* begun */
    const struct actor *actor;
    const struct target *store; /* of the Identity Store's groups; NULL: none are written */
    const struct people *only;  /* sorted op ids, the others stay planned; NULL: all */
};

bool apply_plan(const struct apply_order *order, struct arena *arena, struct applied *out,
                struct err *err);

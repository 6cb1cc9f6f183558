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

/* `run` is begun and its ops are planned in the ledger (seq = index into the plan). `only` (sorted
 * op ids; NULL: all) leaves the others planned. */
bool apply_plan(const struct world *world, const struct decision *decision,
                const struct run_row *run, const struct actor *actor, const struct people *only,
                struct arena *arena, struct applied *out, struct err *err);

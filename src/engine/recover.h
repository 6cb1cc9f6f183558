#pragma once

#include "engine/observe.h"
#include "engine/observe_store.h"

/*
 * Recover: settles what an earlier run left open, by looking. `sent` and `unknown` both mean: look
 * before you act.
 */

/* Uses the listings of this run. `*n_open` is how many stay open. */
bool recover_ops(const struct world *world, const struct seen_groups *groups,
                 const struct seen_store *store, const struct actor *actor, struct arena *arena,
                 size_t *n_open, struct err *err);

/* One op of an ended inactive, ineligible or unmanaged seat: its grants end with it. */
bool settle_consequences(const struct world *world, const struct actor *actor, enum cause cause,
                         enum op_kind kind, struct str person, struct str entitlement,
                         struct err *err);

#pragma once

#include "base/arena.h"
#include "core/model.h"
#include "core/observation.h"
#include "core/policy.h"

/*
 * Eligibility: may this person hold a seat of this entitlement at all? Checked at filing, decision
 * and add. Only three answers; unknown never argues for an end.
 */

enum eligible_answer { ELIGIBLE_UNKNOWN, ELIGIBLE_YES, ELIGIBLE_NO };

struct eligible {
    enum eligible_answer answer;
    struct str why; /* the rule that fails or cannot be read, one sentence; in arena */
};

/* A group the rules name, as listed in this run. */
struct named_group {
    struct str name;
    struct str id;                 /* pinned */
    const struct listing *listing; /* NULL or not sealed: unknown */
};
struct named_groups {
    const struct named_group *items; /* by name, any order */
    size_t n;
};
const struct named_group *named_group_find(const struct named_groups *groups, struct str name);

struct eligible eligible_check(const struct entitlement *ent, const struct person *person,
                               const struct named_groups *groups, struct arena *arena);

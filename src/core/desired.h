#pragma once

#include "base/arena.h"
#include "core/facts.h"
#include "core/model.h"
#include "core/policy.h"
#include "core/request.h"

/*
 * Desired state at a time: who should be in which plan's group, from the grants alone. The highest
 * plan among a person's live grants counts. People whose inactivity or ineligibility has run its
 * course are not desired; nobody unknown, unread or doubtful is taken out here.
 */

struct desired_group {
    const struct entitlement *ent;
    struct str plan;
    struct people people;
};

struct desired {
    const struct desired_group
        *groups; /* one per (entitlement, plan) of the policy, in its order */
    size_t n;
};

/* `grants`: every grant that is live or was within the ledger's memory, any order. Grants of
 * entitlements or plans that the policy no longer knows are left alone: orphans are found by
 * plan_build. */
struct desired desired_at(const struct policy *policy, const struct grant *grants, size_t n_grants,
                          const struct facts *facts, int64_t t, struct arena *arena);

/* Why somebody is not (or no longer) desired in one (entitlement, plan): the cause, since when. */
struct standing {
    bool has_history; /* false: no grant of that person there, ever: not ours to end */
    bool wanted;
    enum cause cause; /* when not wanted */
    int64_t since_ms;
    const struct grant *grant; /* the one that decides: of MOVED the live one on the other plan,
                                  else the one of this plan; NULL without history */
};
/* `grants` as above, but sorted by (entitlement, person): see grants_sort. `arena` is for the
 * eligibility check; the answer points into `grants` only. */
struct standing standing_of(const struct policy *policy, const struct entitlement *ent,
                            struct str plan, struct str person, const struct grant *grants,
                            size_t n_grants, const struct facts *facts, int64_t t,
                            struct arena *arena);
/* The grants of one person in one entitlement, within the sorted ones; count 0 when none. */
const struct grant *grants_of(const struct grant *grants, size_t n_grants, struct str entitlement,
                              struct str person, size_t *n);
/* When a grant stops or stopped to count; and whether it ever has by now. One that was ended before
 * it began never did. */
int64_t grant_end(const struct grant *grant);
bool grant_has_counted(const struct grant *grant, int64_t t);
/* How many of the sorted grants are of that entitlement, all people together. */
size_t grants_in(const struct grant *grants, size_t n_grants, struct str entitlement);
void grants_sort(struct grant *grants, size_t n);

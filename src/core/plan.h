#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/desired.h"
#include "core/facts.h"
#include "core/observation.h"
#include "core/op.h"
#include "core/overlay.h"
#include "core/policy.h"

/*
 * The plan: from what is desired and what is there to ops, in canonical order, each with its cause
 * and its reason. What is seen but not ours to change becomes a deviation, for the report.
 * Guards come after: a plan says what ought to happen, not what may.
 */

enum group_role {
    GROUP_ROLE_PLAN,
    GROUP_ROLE_ASSIGNMENT,
    GROUP_ROLE_STORE, /* the plan's group in the Identity Store, which we write ourselves
                         (`provisioning: direct`); its members are shown as Okta ids */
};

/* One managed group as seen in this run. */
struct group_view {
    const struct entitlement *ent;
    enum group_role role;
    struct str plan;                 /* of GROUP_ROLE_PLAN and GROUP_ROLE_STORE */
    struct str id, name;             /* pinned */
    const struct listing *listing;   /* never NULL */
    const struct baseline *baseline; /* never NULL; exists may be false */
    struct people actual; /* overlay over the listing; empty when the listing is not sealed */
    struct people known;  /* of GROUP_ROLE_STORE: who exists over there and can be joined, */
    struct people left;   /* and whom we took out of the plan's Okta group within a week */
};

/* Somebody whose seat on the plan that he moved to is known to be there (design, section 3). */
struct proved_move {
    struct str person, entitlement, plan;
};
void proved_moves_sort(struct proved_move *moves, size_t n);

struct plan_input {
    const struct policy *policy;
    int64_t now_ms;
    struct str only;            /* ops of this entitlement alone; empty: all */
    const struct grant *grants; /* sorted (grants_sort) */
    size_t n_grants;
    const struct request_ref { /* by which request a grant came */
        struct str id;
        int64_t number;
        int64_t filed_at;
        int64_t decided_at;
    } * requests; /* sorted by id */
    size_t n_requests;
    const struct facts *facts;
    const struct group_view *groups;
    size_t n_groups;
    const struct proved_move *proved; /* sorted (proved_moves_sort) */
    size_t n_proved;
    const char *(*login_of)(void *self, struct str person); /* NULL allowed */
    void *login_self;
};

enum deviation_kind {
    DEVIATION_UNMANAGED, /* in the group, never ours */
    DEVIATION_DOUBLE,    /* in two plan groups of one entitlement without a move under way */
    DEVIATION_ORPHAN,    /* a live grant of an entitlement or plan the settings do not know */
};
struct deviation {
    enum deviation_kind kind;
    struct str person, login, entitlement, plan, group;
};

struct plan {
    const struct op *ops; /* canonical order, no two with one id */
    size_t n;
    struct str digest; /* of all op ids */
    const struct deviation *deviations;
    size_t n_deviations;
};

/* No op comes from a group whose listing is not sealed. Removals only of people who are owned and
 * whose standing says why, or of unmanaged ones where the policy says remove. */
struct plan plan_build(const struct plan_input *in, struct arena *arena);

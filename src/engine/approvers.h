#pragma once

#include "core/intake.h"
#include "engine/observe.h"

/* Who may decide a request, and who answers for a grant. */

struct approver_query {
    struct roll *roll;
    const struct seen_groups *groups;
    const struct actor *actor;
    const struct intake_facts *facts; /* with ent and person; approvers are still to be filled */
};

/* Resolved, active, without the person and the requester; both sets sorted. */
bool find_approvers(const struct approver_query *query, struct approvers *approvers,
                    struct approvers *fallback, struct err *err);

/* The person's manager, when that is exactly one active person; else empty. */
bool find_owner(struct roll *roll, const struct person *person, struct str *owner, struct err *err);

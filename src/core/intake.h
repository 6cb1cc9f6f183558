#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/eligible.h"
#include "core/model.h"
#include "core/policy.h"
#include "core/request.h"

/*
 * Intake: what becomes of an open request, given everything that is known now. Pure; the ledger
 * carries the step out in one transaction. Asking twice with the same facts gives the same step.
 * Rules: design, section 2.
 */

enum resolution {
    RESOLVE_UNKNOWN, /* not looked up, or Okta is away: wait */
    RESOLVE_FOUND,
    RESOLVE_NONE,     /* Okta knows no such person */
    RESOLVE_CONFLICT, /* the label points at another person than the ledger has pinned */
};

enum verdict { VERDICT_NONE, VERDICT_APPROVE, VERDICT_DENY };

struct approval {
    struct str approver; /* Okta id */
    enum verdict verdict;
    struct str reason;
    int64_t at_ms;
};

/* Who may decide: resolved, active, without the person and the requester. */
struct approvers {
    bool is_known; /* false: a group or the manager could not be read: wait */
    const struct str *ids;
    size_t n;
    struct str why_none; /* when known and empty: one sentence naming why */
};

struct intake_facts {
    const struct request *request;
    const struct policy *policy;
    const struct entitlement *ent; /* NULL: the settings know no such entitlement */
    int64_t now_ms;
    enum resolution resolution;
    struct str resolve_why;
    const struct person *person; /* when FOUND */
    bool blocked;
    struct eligible eligible;
    const struct grant *grants; /* every one of that person in that entitlement */
    size_t n_grants;
    bool member_by_others; /* in one of the plans' groups, but not owned */
    const struct approval *approvals;
    size_t n_approvals;
    struct approvers approvers;          /* of the kind that applies (intake_approval_kind) */
    struct approvers fallback_approvers; /* when the entitlement has a fallback */
    bool confirmed; /* the one-way move was confirmed by the holder or an admin */
};

struct intake_step {
    enum request_state state; /* may be the one it has */
    struct str reason;        /* one sentence for the asker; in arena */
    struct str decided_by;    /* approver id, or "rule:NAME"; when decided */

    /* When it becomes accepted: */
    bool changes_nothing; /* said so in `reason` */
    struct str plan;
    int64_t from_ms, until_ms;
    bool open_grant;              /* with plan, from, until */
    const struct str *end_grants; /* ids of grants that end at end_at_ms, with end_cause */
    size_t n_end_grants;
    int64_t end_at_ms;
    enum cause end_cause;
    struct str extend_grant; /* a renewal: this grant's until becomes until_ms */

    /* When it waits for approval: who is to be asked now (the fallback once its delay has passed).
     */
    const struct str *ask;
    size_t n_ask;
};

/* Which approval a request of that kind and plan needs; revokes need none. */
enum approval_kind intake_approval_kind(const struct entitlement *ent,
                                        const struct request *request, struct str plan);
/* The same, found out from all facts but the approvers: a grant of the plan that somebody holds is
 * a renewal and approved like one. NONE also when the request is decided or held without asking.
 * Ask this to know whose ids `approvers` must hold. */
enum approval_kind intake_approval_needed(const struct intake_facts *facts, struct arena *arena);
struct intake_step intake_decide(const struct intake_facts *facts, struct arena *arena);

/* An unresolved or ineligible filing is re-checked each run for this long. */
#define INTAKE_RETRY_MS ((int64_t)3 * 24 * 3600 * 1000)

#pragma once

#include "core/intake.h"
#include "core/plan.h"
#include "core/request.h"
#include "ledger/ledger.h"

/* Requests and what is said about them. */

enum filed {
    FILED_NEW,
    FILED_SAME, /* an equal open request, or the same idempotency key and content: that one */
};

/* Files n requests, all or none. Fills number, id, filed_at, state of each in `out`. ERR_USAGE when
 * a key was used for other content: says which. Persons who are known by that login get their
 * version bumped, so that a removal under way notices. */
bool ledger_file_requests(struct ledger *ledger, const struct actor *actor,
                          const struct request *asks, size_t n, struct arena *arena,
                          struct request *out, enum filed *how, struct err *err);

bool ledger_get_request(struct ledger *ledger, int64_t number, struct arena *arena,
                        struct request *out, bool *found, struct err *err);

struct request_filter {
    bool open_only;
    struct str person, entitlement; /* empty: all */
    int64_t after_number;
    size_t limit; /* 0: all */
};
/* By number. */
bool ledger_list_requests(struct ledger *ledger, const struct request_filter *filter,
                          struct arena *arena, const struct request **items, size_t *n,
                          struct err *err);
/* Of every request that a grant points at, by id. */
bool ledger_request_refs(struct ledger *ledger, struct arena *arena,
                         const struct request_ref **items, size_t *n, struct err *err);

/* Names the person; once only. */
bool ledger_resolve_request(struct ledger *ledger, const struct actor *actor, struct str request,
                            struct str person, struct err *err);

struct approval_row {
    struct approval approval;
    int64_t asked_at;
};
bool ledger_request_approvals(struct ledger *ledger, struct str request, struct arena *arena,
                              const struct approval_row **items, size_t *n, struct err *err);
/* Records who is asked; already asked people stay. */
bool ledger_ask(struct ledger *ledger, const struct actor *actor, const struct request *request,
                const struct str *approvers, size_t n, struct err *err);
/* The word of one who was asked; the first counts. ERR_REFUSED if never asked, or decided already.
 * Bumps the person's version. */
bool ledger_answer(struct ledger *ledger, const struct actor *actor, const struct request *request,
                   struct str approver, enum verdict verdict, struct str reason, struct err *err);

/* The one-way confirmation. */
bool ledger_confirm_request(struct ledger *ledger, const struct actor *actor,
                            const struct request *request, struct err *err);
bool ledger_request_confirmed(struct ledger *ledger, struct str request, bool *out,
                              struct err *err);

/*
 * Carries out a step of intake in one transaction: the request's state, the grants it opens, ends
 * or extends, the person's version, who is asked, the audit row. `*taken` is false when the request
 * is no longer in `request->state` (somebody else decided): nothing was changed then.
 * `profile_json`: what of the person's profile to keep with a new grant; `owner`: who answers for
 * it.
 */
bool ledger_take_step(struct ledger *ledger, const struct actor *actor,
                      const struct request *request, const struct intake_step *step,
                      struct str owner, struct str profile_json, struct arena *arena, bool *taken,
                      struct err *err);

/* ERR_REFUSED when it is not open any more. */
bool ledger_cancel_request(struct ledger *ledger, const struct actor *actor,
                           const struct request *request, struct str reason, struct err *err);

#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "core/facts.h"
#include "core/finding.h"
#include "core/hops.h"
#include "core/policy.h"
#include "core/request.h"

/*
 * Explain: why somebody has what they have, in words for somebody who never saw the project. Pure.
 */

struct explain_seat {
    struct str entitlement, plan, group_name;
    const struct hop_state *hops;
    size_t n_hops;
    bool owned;
    int64_t until_ms; /* of the seat; 0: none */
};

struct explain_input {
    const struct policy *policy;
    int64_t now_ms;
    struct str who;              /* as asked */
    const struct person *person; /* NULL: the ledger does not know this person */
    bool blocked;
    const struct grant *grants; /* all of the person, newest first */
    size_t n_grants;
    const struct request *requests; /* all of the person, newest first */
    size_t n_requests;
    const struct explain_seat *seats;
    size_t n_seats;
    const struct finding *findings; /* open ones about the person */
    size_t n_findings;
};

void explain_text(const struct explain_input *in, struct buf *out);

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "core/finding.h"
#include "core/model.h"
#include "core/policy.h"

/*
 * Subscriptions as findings: what the subscription service shows that is not as it should be. A
 * seat whose subscription does not come, or does not go, is followed by hops and told by
 * hop_findings; here is told what the rows themselves say. What one cause explains is one finding
 * with its people inside; what is proposed person by person is one each. Pure.
 */

enum sub_status { SUB_PENDING, SUB_ACTIVE, SUB_CANCELED };

/* One row of the service's listing. */
struct sub_row {
    struct str user;   /* of the Identity Store */
    struct str person; /* Okta id; empty: nobody we know */
    struct str login;  /* of the person; may be empty */
    struct str raw;    /* the plan as spelt there */
    struct str plan;   /* catalogue_read; empty: nobody has said what `raw` means */
    enum sub_status status;
    int64_t since_ms; /* of that status; 0: not known */
};

/* One person's place in one plan's group, where a subscription follows from that. */
struct sub_seat {
    struct str person, login, entitlement, plan;
    bool desired;        /* else still there and to be left: the other half of a move, or an end */
    int64_t since_ms;    /* since when the service can give it (hop 4's clock); 0: not yet */
    int64_t deadline_ms; /* how long it may take (lag_deadline); 0: for ever */
};

struct sub_input {
    const struct policy *policy;
    bool observed;              /* subscriptions are switched on at all */
    bool sealed;                /* ... and this run's listing is complete */
    const struct sub_row *rows; /* any order */
    size_t n_rows;
    const struct sub_seat *seats; /* any order */
    size_t n_seats;
    bool users_sealed;   /* a complete listing of the Identity Store's users */
    struct people users; /* their ids there, sorted */
    int64_t now_ms;
};

struct sub_verdict {
    struct finding *findings; /* sorted (finding_compare), without key, id and command; in arena */
    size_t n;
};

/*
 * From a listing that is not sealed nothing follows. From a sealed one:
 *
 * unknown_plan         one per raw spelling, with how many rows have it
 * wrong_plan           the highest live row differs from the highest desired plan for longer than
 *                      the deadline, and no move explains it; one per (entitlement, both plans)
 * double_seat          two live rows of one user that no move and no second entitlement explain;
 *                      one per set of plans
 * unused_seat          PENDING on its plan for longer than the entitlement's `unused_after`; one
 *                      per (entitlement, person), so that the command is the proposal
 * orphan_subscription  live rows of users whom a sealed listing of the store does not have; one
 *
 * Where `unused_after` is set and subscriptions are not observed, one unused_seat per entitlement
 * says that it cannot be told.
 */
struct sub_verdict sub_findings(const struct sub_input *in, struct arena *arena);

/* People with a row whose plan nobody can tell, cancelled or not: no grant, move or removal is for
 * them until the settings say what it means. In arena. */
struct people sub_untouchable(const struct sub_row *rows, size_t n, struct arena *arena);

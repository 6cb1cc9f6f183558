#pragma once

#include "core/finding.h"
#include "core/hops.h"
#include "core/sub_findings.h"
#include "engine/apply.h"
#include "engine/decide.h"
#include "engine/observe_store.h"
#include "engine/observe_subs.h"
#include "ledger/ledger_hop.h"

/*
 * Follow: how far every seat has come over its five hops, from what this run saw and the ledger
 * remembers; and for what is not there, why. Asks Okta about push only where something is missing,
 * so a run that finds everything in place asks nothing.
 */

struct follow_input {
    const struct world *world;
    struct roll *roll;
    const struct decision *decision;
    const struct applied *applied; /* NULL: dry */
    const struct seen_store *store;
    const struct seen_subs *subs;
    const struct grant *grants; /* sorted */
    size_t n_grants;
};

struct followed {
    struct finding *findings; /* in arena */
    size_t n_findings;
    struct hop_row *rows; /* of all seats, but for `gone` */
    size_t n_rows;
    struct hop_row *gone;
    size_t n_gone;
    struct lag_sample *lags;
    size_t n_lags;
    struct sub_seat *subscribed; /* seats that a subscription follows from */
    size_t n_subscribed;
};

bool follow_seats(const struct follow_input *in, struct arena *arena, struct followed *out,
                  struct err *err);
/* The row of one seat among those of ledger_load_hops; NULL when it was never followed. */
const struct hop_row *follow_row(const struct hop_row *rows, size_t n, struct str entitlement,
                                 struct str plan, struct str person);
/* Writes what was followed to the ledger; not for dry runs. */
bool follow_remember(const struct world *world, const struct followed *followed, struct err *err);

/* ---- shared by the files of this stage ---- */

/* One seat on its way through the stage. */
struct follow_seat {
    struct str entitlement, plan, person, login;
    const struct entitlement *ent; /* NULL: the settings no longer know it */
    const struct group_view *view; /* of the plan's Okta group; NULL: never found */
    const struct store_group *there;
    const struct hop_row *before; /* NULL: new */
    struct hops_input in;
    struct hops_result result;
};

/* What Okta says about push, asked once per run and only for seats that miss something. */
struct push_evidence {
    struct map people; /* read anew: id -> struct okta_user, whose names a listing does not show */
    struct map assigned;  /* person -> struct okta_assigned */
    struct map pushes;    /* Okta group id -> struct okta_push */
    struct map assigning; /* ids of plan groups that the same application is assigned by */
    struct map by_hand;   /* store group name -> struct identity_group */
    struct okta_push_log log;
    bool asked;
};
bool follow_evidence(const struct follow_input *in, struct follow_seat *seats, size_t n,
                     struct arena *arena, struct push_evidence *out, struct err *err);
/* Fills `why`, `cause` and `remedy` of the sights that are not there. */
void follow_diagnose(const struct follow_input *in, struct follow_seat *seat,
                     const struct push_evidence *evidence, struct arena *arena);

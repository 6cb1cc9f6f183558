#pragma once

#include "core/policy.h"
#include "ledger/ledger_rollout.h"

/*
 * What it takes to start a rollout: the rules it has to keep, who is in it, and who stands in its
 * way. Reads the ledger alone, as the last runs left it.
 */

struct rollout_ask {
    const struct entitlement *ent;
    struct str from, to;
    struct str scope;          /* empty: people */
    struct str waves, halt_on; /* as typed; empty: the usual ones */
    int64_t bake_ms;
    bool confirm_one_way;
    const struct str *logins; /* only these, who all have to be on the old plan; NULL: everybody */
    size_t n_logins;
    struct str reason;
};
#define ROLLOUT_USUAL_WAVES "3,5%,25%,100%"
#define ROLLOUT_USUAL_HALT  "2%"
#define ROLLOUT_USUAL_BAKE  TIME_DAY

struct rollout_person {
    struct str person, login; /* either may be empty */
    struct str why;           /* a sentence without its subject */
};

struct rollout_plan {
    struct rollout_row row;   /* to be started, with id */
    const struct str *people; /* ids, in the rollout's order */
    size_t n;
    const struct rollout_person *obstacles; /* not empty: nothing may start. By login */
    size_t n_obstacles;
    const struct rollout_person *left_out; /* on the old plan, but not to be moved. By login */
    size_t n_left_out;
};

/* ERR_USAGE or ERR_REFUSED, one sentence, when the move itself is none. In arena. */
bool rollout_prepare(struct ledger *ledger, const struct policy *policy,
                     const struct rollout_ask *ask, int64_t now_ms, struct arena *arena,
                     struct rollout_plan *out, struct err *err);

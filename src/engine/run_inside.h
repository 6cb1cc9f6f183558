#pragma once

#include "engine/apply.h"
#include "engine/decide.h"
#include "engine/follow.h"
#include "engine/intake_run.h"
#include "engine/run.h"

/* What the stages of a run share; run.c puts them in order. */

/* Everything one run makes, stage by stage; each value is made once and not edited later. */
struct run {
    const struct world *world;
    const struct run_options *options;
    struct arena *arena;
    int64_t started_at;
    bool foreign_self;
    struct str foreign_why;
    bool quiet; /* dry, or a ledger that is not to be trusted: only look */
    struct run_row row, last;
    bool has_last;
    struct seen_instance instance;
    struct seen_groups groups;
    struct seen_store store;
    struct target store_target;
    struct seen_subs subs;
    struct followed followed;
    struct roll roll;
    struct facts facts;
    struct intake_result intake;
    struct decision decision;
    struct applied applied;
    size_t n_open; /* ops of earlier runs still unknown */
    bool looked;   /* the remotes were read and a decision was made */
};

/* What the remotes show, and who is who (run_look.c). */
bool run_observe(struct run *run, struct err *err);
/* Intake, rollouts, plan and guards, over what was observed. */
bool run_decide(struct run *run, struct err *err);
/* How far every seat has come (run_tell.c). */
bool run_follow(struct run *run, struct err *err);
/* Findings into the ledger, and the report. */
bool run_publish(struct run *run, struct report *out, struct err *err);

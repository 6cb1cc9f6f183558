#pragma once

#include "engine/apply.h"
#include "engine/decide.h"
#include "engine/follow.h"

/*
 * From everything a run saw and decided to findings: one value each, before the ledger gives them
 * their ids.
 */

struct findings_input {
    const struct world *world;
    const struct roll *roll;
    const struct seen_groups *groups;
    const struct seen_instance *instance;
    const struct seen_store *store;
    const struct seen_subs *subs;
    const struct followed *followed;
    const struct intake_result *intake;
    const struct decision *decision;
    const struct applied *applied; /* NULL in a dry run */
    int64_t started_at;
    const struct mode_floor *floors;
    size_t n_floors;
    bool foreign_self;
    struct str foreign_why, foreign_subject;
};

bool make_findings(const struct findings_input *in, struct arena *arena, struct finding **out,
                   size_t *n, struct err *err);

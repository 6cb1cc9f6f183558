#pragma once

#include "base/vec.h"
#include "rig/rig.h"

/* What a scenario under way keeps; shared by scenario.c (the text) and scenario_steps.c. */

struct scenario_edit {
    struct str was, is;
};

struct scenario {
    const char *path;
    unsigned line;
    bool update, failed, started;
    bool direct; /* the settings let the Identity Store be written */
    struct arena arena;
    struct str rest, org, settings;
    struct rig rig;
    struct str between; /* SQL that somebody else runs before the next write leaves, */
    int64_t between_at; /* or, when this is set, once that time has come */
    struct transport inner;
    size_t writes_seen, removals_seen;
    struct str refusal; /* of the latest step about a rollout; empty: it was done */
    VEC_OF(struct scenario_edit) edits;
};

void scenario_fail(struct scenario *sc, const char *fmt, ...) ATTR_PRINTF(2, 3);
void scenario_start(struct scenario *sc);
/* A step without a text; false when there is none of that name. */
bool scenario_step(struct scenario *sc, struct str word, struct str rest);

/* scenario_rollout.c */
void scenario_rollout(struct scenario *sc, struct str rest);
const char *scenario_show_rollouts(struct scenario *sc); /* in the scenario's arena */

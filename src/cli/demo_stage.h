#pragma once

#include "cli/cli.h"
#include "engine/aws_parts.h"
#include "sim/sim.h"

/*
 * A stage: the real commands over the simulated cloud, in one process and on virtual time, in a
 * temporary folder. What the demo is played on; nothing on it reaches a real service.
 */

struct stage {
    struct cli cli; /* what commands run in; its output goes to cli.out */
    struct sim *sim;
    struct http *http;
    struct okta *okta;
    struct aws_parts aws;
    char folder[64];
    arena_mark_t mark; /* what a command allocates goes away with the next one */
};

#define STAGE_START_MS ((int64_t)1777885200000) /* 2026-05-04T09:00:00Z, a Monday */

/* The default organisation, or the one given as YAML (NULL: that); the settings that `sim
 * --settings-out` writes, followed by `more` (YAML, may be NULL); an empty ledger. Keeps `cancel`.
 */
bool stage_open(struct stage *stage, const char *org, const char *more, struct cancel *cancel,
                struct err *err);
void stage_close(struct stage *stage); /* removes the folder; takes the zeroed one */

/* Runs one command as typed: words up to a NULL. Its data is in stage->cli.out, which is emptied
 * first, and so is the sentence of a failure; `*outcome` is its exit code. False only when it was
 * interrupted. */
bool stage_run(struct stage *stage, const char *const *words, int *outcome, struct err *err);

/* The control side of the cloud (sim_control.h); false unless it answers 2xx. `out` (may be NULL)
 * is in the arena of the command that ran last. */
bool stage_control(struct stage *stage, enum http_method method, const char *path, const char *body,
                   struct str *out, struct err *err);
/* The logins of a group's members as the cloud has them: local parts, sorted, blank separated. */
bool stage_members(struct stage *stage, const char *group, struct str *out, struct err *err);
/* Membership writes that reached the cloud so far. */
bool stage_writes(struct stage *stage, int64_t *out, struct err *err);

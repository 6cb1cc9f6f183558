#pragma once

#include "cli/cli.h"
#include "engine/rollout_view.h"

/* What the files of `rollout` share. */

/* The options as they were typed; NULL: not given. */
struct rollout_words {
    const char *verb, *which; /* which: `W3`, `3` */
    const char *ent, *from, *to, *scope, *waves, *bake, *halt_on, *file, *reason;
    bool one_way, all, json;
};

/* cmd_rollout_start.c */
bool rollout_cmd_start(struct cli *cli, const struct rollout_words *words, struct err *err);
/* cmd_rollout_status.c */
bool rollout_cmd_status(struct cli *cli, const struct rollout_words *words, struct err *err);

/* "W3", in arena. */
struct str rollout_name(struct cli *cli, const struct rollout_row *row);
/* Waves with how far each reaches: "3, 5, 20", in arena. */
struct str rollout_reaches(struct cli *cli, const struct rollout_wave *waves, size_t n_waves,
                           size_t people);
/* The named one, the entitlement's open one, or the only open one; ERR_USAGE otherwise. */
bool rollout_find(struct cli *cli, const struct rollout_words *words, struct rollout_row *out,
                  struct err *err);
bool rollout_view_of(struct cli *cli, const struct rollout_row *row, struct rollout_view *out,
                     struct err *err);
bool rollout_check_reason(const struct rollout_words *words, struct err *err);

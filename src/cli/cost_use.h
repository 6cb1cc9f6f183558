#pragma once

#include "base/map.h"
#include "cli/cli.h"

/*
 * When subscriptions were first used, by the last listing that was believed. The service tells the
 * moment; a run only sees that it has been.
 */

struct cost_use {
    struct map first; /* plan, person -> int64_t */
    struct arena *arena;
};

/* Empty where subscriptions were never listed. */
bool cost_use_read(struct cli *cli, struct cost_use *out, struct err *err);
/* 0: not known. */
int64_t cost_first_use(const struct cost_use *use, struct str person, struct str plan);

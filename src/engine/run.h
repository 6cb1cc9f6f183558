#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/report.h"
#include "engine/world.h"

/*
 * A run: intake -> observe -> diff -> guard -> apply -> verify -> report, as straight-line code on
 * the caller's thread. It waits only in http_exchange and clock->sleep_ms.
 *
 * The process may die at any instruction: a request leaves only after its journal row is durable,
 * and what a crash left open is looked at before anything is done again.
 */

struct run_options {
    bool dry; /* decide and report; write nothing, move no baseline, remember nothing */
    struct str entitlement;        /* only this one; empty: all */
    const struct people *only_ops; /* send no op but these (a saved plan's); NULL: all */
    struct actor actor;
    int64_t lock_wait_ms;
};

/* `*out` (in arena) is filled also when parts of the world were away; false only when the run
 * itself could not be made: no lock, ledger trouble, cancelled, credentials refused. */
bool run_once(const struct world *world, const struct run_options *options, struct arena *arena,
              struct report *out, struct err *err);

#pragma once

#include "base/arena.h"
#include "core/model.h"
#include "core/observation.h"
#include "core/op.h"

/*
 * Overlay: our own fresh writes laid over a listing that lags behind them (contracts/okta.md 3.4).
 * Beyond the window the listing wins.
 */

#define OVERLAY_WINDOW_MS ((int64_t)60000)

struct recent_write {
    struct str op_id, group, person;
    enum op_kind kind;
    enum op_state state; /* SENT, UNKNOWN or DONE */
    int64_t sent_at;
};

/* Who is in the group as far as we can tell: the listing, plus adds and minus removals of ours
 * whose `sent_at` lies less than the window before the listing was asked for (or after). Of two
 * writes for one person the later counts. In arena. */
struct people overlay_people(const struct listing *listing, const struct recent_write *writes,
                             size_t n_writes, struct arena *arena);

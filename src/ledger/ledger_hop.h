#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hops.h"
#include "core/lag.h"
#include "ledger/ledger.h"

/*
 * How far every seat has come, as the last run saw it; how long hops took; and the users of
 * Identity Center as they were last read.
 */

/* ---- hops ---- */

/* All hops of one seat. Texts in arena. */
struct hop_row {
    struct str person, entitlement, plan;
    struct hop_state states[HOP_COUNT]; /* as last shown */
    struct hop_memory memory[HOP_COUNT];
    bool desired;
    int64_t seen_at; /* of the run */
};
/* Sorted by (entitlement, person, plan). */
bool ledger_load_hops(struct ledger *ledger, struct arena *arena, const struct hop_row **out,
                      size_t *n, struct err *err);
/* Rows of this run take the place of former ones, in one transaction; `gone` ones (is_ended) are
 * deleted. Rows of seats that are not named stay as they were. */
bool ledger_store_hops(struct ledger *ledger, const struct hop_row *rows, size_t n,
                       const struct hop_row *gone, size_t n_gone, struct err *err);

/* ---- lag ---- */

struct lag_sample {
    enum hop hop;
    bool up;
    int64_t lag_ms, at_ms;
    bool broken; /* arrived in or right after a broken period: kept, never learned from */
};
bool ledger_add_lags(struct ledger *ledger, const struct lag_sample *samples, size_t n,
                     struct err *err);
/* What was learned, of the newest 1,000 unbroken samples of a hop and direction; and when the
 * newest of any kind arrived (0: never). */
bool ledger_learned_lag(struct ledger *ledger, enum hop hop, bool up, struct arena *arena,
                        struct lag *out, int64_t *newest_ms, struct err *err);

/* ---- users of Identity Center ---- */

struct idc_user_row {
    struct str user, person; /* ids there and in Okta; person empty: nobody we know */
    struct str user_name, email, external_id, issuer;
    struct str status; /* enabled, disabled, unknown */
    int64_t first_seen, seen_at;
};
/* Of one store, sorted by user. */
bool ledger_load_idc_users(struct ledger *ledger, struct str store, struct arena *arena,
                           const struct idc_user_row **out, size_t *n, struct err *err);
/* Inserts or replaces, after deleting the users in `gone` (sorted). The person, once bound, stays:
 * a row that binds the same user to another person, or another user to a bound person, is not
 * written, but named in `conflicts` (user ids, in arena). */
bool ledger_store_idc_users(struct ledger *ledger, struct str store,
                            const struct idc_user_row *rows, size_t n, const struct str *gone,
                            size_t n_gone, int64_t now_ms, struct arena *arena,
                            const struct str **conflicts, size_t *n_conflicts, struct err *err);

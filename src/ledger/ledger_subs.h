#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger.h"

/*
 * Subscriptions as the last listing that was believed showed them: what later listings are held
 * against, and since when each is as it is. Rows belong to one store (contracts/aws.md 6.6 rule
 * 10).
 */

struct subs_row {
    struct str user;   /* of the store */
    struct str raw;    /* the plan as spelt there */
    struct str status; /* pending, active, canceled */
    int64_t since;     /* of this status, as first seen by us, or as the remote says */
    int64_t seen_at;
};
struct subs_memory {
    int64_t accepted_at;         /* of the last believed listing; 0: none yet */
    const struct subs_row *rows; /* sorted by user, then raw */
    size_t n;
};
bool ledger_load_subs(struct ledger *ledger, struct str store, struct arena *arena,
                      struct subs_memory *out, struct err *err);
/* The listing becomes what is remembered: rows that are not named are gone. `since` of a row whose
 * status and raw are as before stays; otherwise it is the row's own (0: `now_ms`). Of two rows with
 * the same user and raw the better one is remembered: active, pending, canceled. */
bool ledger_store_subs(struct ledger *ledger, struct str store, const struct subs_row *rows,
                       size_t n, int64_t now_ms, struct err *err);

#pragma once

#include "ledger/ledger.h"

/* What the remote's own log said about memberships: who changed what. */

struct log_event {
    struct str uuid;
    int64_t published;
    struct str group, person, actor, actor_name;
    bool is_add;
    bool by_rule;
    bool ours;
};

bool ledger_log_cursor(struct ledger *ledger, const char *remote, struct arena *arena,
                       struct str *cursor, int64_t *published, struct err *err);
/* Stores events (known ones are left alone), the cursor, and forgets what is older than 90 days. */
bool ledger_log_store(struct ledger *ledger, const char *remote, struct str cursor,
                      const struct log_event *events, size_t n, struct err *err);
/* The latest event of that kind about a member since then; `*found` false when there is none. */
bool ledger_log_find(struct ledger *ledger, struct str group, struct str person, bool is_add,
                     int64_t since_ms, struct arena *arena, struct log_event *out, bool *found,
                     struct err *err);
/* Writes by our own client since then that no op row explains (the sign of a second writer). */
bool ledger_log_foreign(struct ledger *ledger, int64_t since_ms, struct arena *arena,
                        const struct log_event **items, size_t *n, struct err *err);

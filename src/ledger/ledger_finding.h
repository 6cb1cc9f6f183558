#pragma once

#include "core/finding.h"
#include "core/policy.h"
#include "ledger/ledger.h"

/* Findings, what people said about them, freezes, and modes lowered by an anomaly. */

/*
 * The findings of a finished look: new ones are given an id, known ones refreshed (their `since`
 * stays), those not in the list become resolved, except those about an entitlement in `unread`
 * (sorted names: nothing could be said about it) or of a kind in `kept` kinds. Fills key, id, since
 * and command of each in place.
 */
bool ledger_publish_findings(struct ledger *ledger, struct finding *findings, size_t n,
                             const struct str *unread, size_t n_unread, int64_t now_ms,
                             struct arena *arena, struct err *err);

struct finding_row {
    struct finding finding;
    int64_t last_seen, resolved_at, ignored_until;
    bool acked; /* for its present subject */
    struct str acked_by, ack_reason;
};
/* Open ones; ignored ones only on request. Sorted by finding_compare. */
bool ledger_load_findings(struct ledger *ledger, bool with_ignored, struct arena *arena,
                          const struct finding_row **items, size_t *n, struct err *err);
/* By id (case does not matter), open or resolved. */
bool ledger_get_finding(struct ledger *ledger, struct str id, struct arena *arena,
                        struct finding_row *out, bool *found, struct err *err);

/* Acknowledges the finding's present subject. ERR_REFUSED when there is nothing to acknowledge. */
bool ledger_ack(struct ledger *ledger, const struct actor *actor, const struct finding_row *row,
                struct str reason, struct err *err);
bool ledger_ignore(struct ledger *ledger, const struct actor *actor, const struct finding_row *row,
                   int64_t until_ms, struct str reason, struct err *err);

struct ack {
    enum finding_kind kind;
    struct str entitlement, person, group, subject;
    struct str finding_id;
    int64_t acked_at;
};
/* Every acknowledgement there is, of earlier states too: each is in force for exactly its
 * `subject`, which the caller compares with what is the case now. */
bool ledger_load_acks(struct ledger *ledger, struct arena *arena, const struct ack **items,
                      size_t *n, struct err *err);

struct freeze_row {
    struct str id, entitlement; /* empty: everything */
    bool removals;
    struct str reason, by;
    int64_t at, until; /* 0: until lifted */
};
/* In force at that time. */
bool ledger_load_freezes(struct ledger *ledger, int64_t now_ms, struct arena *arena,
                         const struct freeze_row **items, size_t *n, struct err *err);
bool ledger_freeze(struct ledger *ledger, const struct actor *actor,
                   const struct freeze_row *freeze, struct err *err);
/* Lifts what is in force for exactly that entitlement (empty: the freeze of everything); `*n` how
 * many were lifted. */
bool ledger_unfreeze(struct ledger *ledger, const struct actor *actor, struct str entitlement,
                     struct str reason, size_t *n, struct err *err);

struct mode_floor {
    struct str entitlement;
    enum mode mode; /* at most this */
    struct str reason;
    int64_t since;
};
bool ledger_load_floors(struct ledger *ledger, struct arena *arena, const struct mode_floor **items,
                        size_t *n, struct err *err);
bool ledger_lower_mode(struct ledger *ledger, const struct actor *actor,
                       const struct mode_floor *floor, struct err *err);
bool ledger_restore_mode(struct ledger *ledger, const struct actor *actor, struct str entitlement,
                         struct err *err);

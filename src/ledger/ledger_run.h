#pragma once

#include "core/op.h"
#include "core/overlay.h"
#include "core/report.h"
#include "ledger/ledger.h"

/* Runs and the journal of their ops. */

enum run_kind { RUN_FULL, RUN_FAST, RUN_DRY };
enum run_outcome { RUN_CONVERGED, RUN_WAITING, RUN_HELD, RUN_FAILED, RUN_CRASHED };

struct run_row {
    struct str id;
    int64_t number;
    enum run_kind kind;
    struct str door;
    int64_t started_at, finished_at; /* finished 0: under way, or it crashed */
    int64_t started_boot;
    struct str boot_id;
    bool has_outcome;
    enum run_outcome outcome;
    struct str settings_digest, program, plan_digest;
    struct str summary; /* JSON */
    struct str error;
};
const char *run_outcome_name(enum run_outcome outcome);

/* Needs the run lock (dry runs do not). Earlier runs left open become `crashed`. */
bool ledger_begin_run(struct ledger *ledger, const struct actor *actor, enum run_kind kind,
                      struct str settings_digest, struct str boot_id, struct arena *arena,
                      struct run_row *out, struct err *err);
bool ledger_finish_run(struct ledger *ledger, const struct actor *actor, const struct run_row *run,
                       enum run_outcome outcome, struct str plan_digest, struct str summary,
                       struct str error, struct err *err);
/* The newest full run that finished and was not `failed` or `crashed`. */
bool ledger_last_run(struct ledger *ledger, struct arena *arena, struct run_row *out, bool *found,
                     struct err *err);
/* Newest first. */
bool ledger_list_runs(struct ledger *ledger, size_t limit, struct arena *arena,
                      const struct run_row **items, size_t *n, struct err *err);

/* Writes the plan: one row per op, in order; seq = index. `person_version[i]` is the snapshot's.
 * Ops whose state is OP_HELD keep guard and reason. Persons unknown to the ledger must have been
 * seen (ledger_see_people) before. */
bool ledger_plan_ops(struct ledger *ledger, const struct run_row *run, const struct report_op *ops,
                     const int64_t *person_version, size_t n, struct err *err);

/* What must still be true when a request leaves. */
struct send_limits {
    int64_t now_ms;
    /* removals that count, over these windows, must stay within these numbers after this one */
    size_t run_ent, day_ent, week_ent; /* of the op's entitlement */
    size_t run_all, day_all, week_all;
    enum mode mode; /* of the entitlement */
    bool released;  /* budget does not apply */
};
/*
 * Marks ops of a batch `sent`, durably, in one transaction, each by one conditional statement that
 * re-checks against what was decided since: our epoch, no freeze, the mode and its floor, the pin
 * of the group, the budget windows, and person.version as in the snapshot. Where the statement
 * finds it no longer so the op becomes `skipped` (audited, with the guard and the reason) and
 * `went[i]` is false; so it is for an op that is not `planned`, which stays as it is. The budget
 * never holds the causes blocked, returned and assignment; only the last does not count.
 */
bool ledger_mark_sent(struct ledger *ledger, const struct run_row *run, const size_t *seqs,
                      const struct send_limits *limits, size_t n, bool *went, struct err *err);

/*
 * Takes `sent` back to `planned` after an answer that proves no effect: a rate limit turned the
 * requests away, and they are to be marked, and so re-checked, once more. Audited as op.returned.
 */
bool ledger_take_back_sent(struct ledger *ledger, const struct run_row *run, const size_t *seqs,
                           size_t n, struct err *err);

struct settled {
    size_t seq;
    enum op_state state; /* DONE FAILED SKIPPED UNKNOWN, or PLANNED: it had no effect (settles as
                            failed with that word) */
    struct str reason;
};
/* Settles ops; DONE adds make the membership owned, DONE removals forget it. Audited. */
bool ledger_settle_ops(struct ledger *ledger, const struct actor *actor, struct str run,
                       const struct settled *items, size_t n, struct err *err);

struct op_row {
    struct str run;
    int64_t run_number;
    size_t seq;
    struct str op_id;
    enum op_kind kind;
    enum cause cause;
    struct str group, person, entitlement, plan, request;
    enum op_state state;
    struct str guard, reason;
    int64_t planned_at, sent_at, settled_at; /* 0: not yet */
};
/* Left `sent` or `unknown` by any run. */
bool ledger_unsettled_ops(struct ledger *ledger, struct arena *arena, const struct op_row **items,
                          size_t *n, struct err *err);
bool ledger_run_ops(struct ledger *ledger, struct str run, struct arena *arena,
                    const struct op_row **items, size_t *n, struct err *err);
bool ledger_person_ops(struct ledger *ledger, struct str person, size_t limit, struct arena *arena,
                       const struct op_row **items, size_t *n, struct err *err);
/* SENT, UNKNOWN and DONE since then, for the overlay. */
bool ledger_recent_writes(struct ledger *ledger, int64_t since_ms, struct arena *arena,
                          const struct recent_write **items, size_t *n, struct err *err);
/* People whom removals of ours took out of a group, or may have: sent since then, settled since
 * then, or open still; not those whom we have put back after that. Sorted. */
bool ledger_removed_since(struct ledger *ledger, struct str group, int64_t since_ms,
                          struct arena *arena, struct people *out, struct err *err);
/* Removals sent since then that count against the budget, of one entitlement or (empty) of all. */
bool ledger_count_removals(struct ledger *ledger, struct str entitlement, int64_t since_ms,
                           size_t *out, struct err *err);

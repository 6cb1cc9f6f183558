#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "core/finding.h"
#include "core/guard.h"
#include "core/hops.h"
#include "core/op.h"

/*
 * The report of a run or a plan: one value, rendered as JSON for programs and as text for people.
 * JSON member names are those of the design, section 7.
 */

struct report_op {
    const struct op *op;
    enum op_state state;
    const char *guard; /* static name when held, else NULL */
    bool alarm;        /* held by an alarm guard that does not drip */
    struct str reason; /* of the hold or the failure, else why the op is there */
};

struct report_entitlement {
    struct str name;
    enum mode mode; /* effective */
    size_t desired, actual, owned;
    bool readable; /* its listings were sealed */
};

struct report {
    struct str run, digest, currency, environment;
    bool dry;
    int64_t started_at, finished_at;
    const struct report_entitlement *ents;
    size_t n_ents;
    const struct report_op *ops;
    size_t n_ops;
    const struct finding *findings; /* open ones, sorted */
    size_t n_findings;
    const struct report_intake {
        int64_t number;
        struct str login, state, reason;
    } * intake; /* requests that moved in this run */
    size_t n_intake;
    size_t n_open;    /* ops of earlier runs of which it is still not known what became */
    bool remote_away; /* a remote or a listing could not be had */
    bool alarm;       /* something holds whole groups, or everything, until a person acts */
    bool failed;      /* the run itself did not end */
};

struct report_summary {
    size_t adds, removes, changes, held, failed, unknown;
    size_t held_alarm, waiting; /* waiting: held by limit or rate; not yet done */
    bool converged;
};
struct report_summary report_summarize(const struct report *report);

/* Exit codes of design 7: of a finished reconcile, and of plan and drift with --exit-code. */
int report_exit_reconcile(const struct report *report);
int report_exit_plan(const struct report *report, bool exit_code_asked);

void report_json(const struct report *report, struct buf *out);
/* For people: what was done, what is held and why, what comes next. No colours. */
void report_text(const struct report *report, struct buf *out);

/* Findings alone, in the order given, as `drift` shows them: {"findings":[...]}, a table with a
 * header, and blocks for people. */
void findings_json(const struct finding *findings, size_t n, struct buf *out);
void findings_csv(const struct finding *findings, size_t n, struct buf *out);
void findings_text(const struct finding *findings, size_t n, struct buf *out);

/* A seat as `seats` shows it. */
struct seat_row {
    struct str login, person; /* label, and Okta id */
    struct str entitlement, plan;
    struct str owner; /* who answers for it: login or id; may be empty */
    int64_t until_ms; /* 0: none */
    bool owned;
    const struct grant *grants; /* live ones and those to come */
    size_t n_grants;
    const struct hop_state *hops;
    size_t n_hops;
};
void seats_json(const struct seat_row *rows, size_t n, struct buf *out);
void seats_csv(const struct seat_row *rows, size_t n, struct buf *out);
void seats_text(const struct seat_row *rows, size_t n, struct buf *out);

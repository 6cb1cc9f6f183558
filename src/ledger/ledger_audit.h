#pragma once

#include "ledger/ledger.h"

/*
 * The audit trail: a chain of rows, each hash covering the row before and the length-prefixed
 * fields of its own. Rows are appended by the functions that decide and change, inside their own
 * transaction.
 */

struct audit_row {
    int64_t seq, at;
    struct str who, door, what, subject, person, detail, settings_digest, prev, hash;
};

struct audit_filter {
    struct str who;             /* principal, person id or login part; empty: all */
    struct str subject;         /* "R17" */
    int64_t since_ms, until_ms; /* 0: open */
    int64_t after_seq;          /* paging: rows with a larger seq */
    size_t limit;               /* 0: 500 */
};

bool ledger_audit_list(struct ledger *ledger, const struct audit_filter *filter,
                       struct arena *arena, const struct audit_row **rows, size_t *n,
                       struct err *err);

struct audit_check {
    bool intact;
    int64_t rows;
    int64_t bad_seq; /* first row that does not fit */
    struct str why;
    struct str head;      /* hash of the last row */
    int64_t anchored_seq; /* highest row proved by one of the given heads; 0: none */
};
/* `heads`: text of earlier heads, one `seq hash` a line; may be empty. Whole trail, page by page.
 */
bool ledger_audit_verify(struct ledger *ledger, struct str heads, struct arena *arena,
                         struct audit_check *out, struct err *err);
/* `seq hash` of the last row; empty when there is none. */
bool ledger_audit_head(struct ledger *ledger, struct arena *arena, struct str *out,
                       struct err *err);

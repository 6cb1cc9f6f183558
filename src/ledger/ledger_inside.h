#pragma once

#include "base/buf.h"
#include "base/crypt.h"
#include "base/json_out.h"
#include "core/finding.h"
#include "core/policy.h"
#include "core/request.h"
#include "ledger/ledger_request.h"
#include "ledger/ledger_sql.h"

/* Steps that several of the ledger's functions share, each inside the caller's transaction. */

/* ---- conditions on rows of `op` ---- */

#define REMOVAL_KINDS "('okta.remove', 'idc.remove')"
#define ADD_KINDS     "('okta.add', 'idc.add')"
/* The row `c` counts against the budget. */
#define COUNTED_OP             \
    "c.kind IN " REMOVAL_KINDS \
    " AND c.counts = 1 AND c.cause <> 'assignment' AND c.state IN ('sent', 'unknown', 'done')"

/* ---- audit ---- */

struct note {
    const char *what;   /* "grant.opened" */
    struct str subject; /* R17, a finding, a run */
    struct str person;
    struct str detail; /* JSON; empty: {} */
};
bool audit_append(struct ledger *ledger, const struct actor *actor, const struct note *note,
                  struct err *err);

/* The JSON of a note. Members without a value are left out. */
struct detail {
    struct buf buf;
    struct json_out out;
};
void detail_begin(struct detail *detail);
void detail_str(struct detail *detail, const char *key, struct str value);
void detail_i64(struct detail *detail, const char *key, int64_t value);
struct str detail_end(struct detail *detail); /* lent by detail */
void detail_fini(struct detail *detail);

/* "R17", in arena. */
struct str request_label(int64_t number, struct arena *arena);

/* ---- row digests ---- */

/* SHA-256 over the table's name and the deciding columns. */
struct row_digest {
    struct sha256 sha;
    char hex[SHA256_HEX];
};
void row_digest_begin(struct row_digest *digest, const char *table);
void row_digest_text(struct row_digest *digest, struct str value);
void row_digest_int(struct row_digest *digest, int64_t value);
struct str row_digest_end(struct row_digest *digest); /* lent by digest */
bool row_digest_fits(struct row_digest *digest, struct str stored, const char *table,
                     struct str row, struct err *err);

/* ---- words ---- */

/* ASCII lower case, which is how logins are looked up; in arena. */
struct str login_key(struct str login, struct arena *arena);
/* A word of the ledger that no enum knows: the row was not written by us. */
bool bad_word(const char *column, struct str word, struct err *err);
bool mode_parse_word(struct str word, enum mode *out);

/* ---- people ---- */

/* Somebody was filed for or decided about: removals planned before that notice. */
bool person_bump(struct ledger *ledger, struct str person, struct err *err);

/* ---- grants ---- */

struct grant_end {
    struct str person;
    struct str entitlement; /* empty: all */
    const struct str *ids;  /* these alone, unless NULL */
    size_t n_ids;
    int64_t at;
    enum cause cause;
    struct str request; /* that asked for it, or empty */
    struct str subject; /* of the audit rows */
};
/* Ends those of the person's grants that go on past `at`. */
bool grants_end(struct ledger *ledger, const struct actor *actor, const struct grant_end *end,
                size_t *ended, struct err *err);
/* Opens one; an id is made when it has none. */
bool grant_insert(struct ledger *ledger, const struct actor *actor, const struct grant *grant,
                  struct str profile_json, const char *what, struct str subject, struct err *err);
/* `*found` is false when there is no such grant or it has ended early. */
bool grant_extend(struct ledger *ledger, const struct actor *actor, struct str id, int64_t until,
                  struct str subject, bool *found, struct err *err);

/* ---- requests ---- */

/* ERR_USAGE when there is none with that id. */
bool request_read(struct ledger *ledger, struct str id, struct arena *arena, struct request *out,
                  struct err *err);
/* ERR_REFUSED when it is decided. */
bool request_read_open(struct ledger *ledger, struct str id, struct arena *arena,
                       struct request *out, struct err *err);
/* Decides an open one. */
bool request_close(struct ledger *ledger, const struct actor *actor, const struct request *row,
                   enum request_state state, struct str decided_by, struct str reason,
                   struct err *err);
/* What ledger_file_requests does for one, and ledger_take_step. A step that is not `*taken` leaves
 * changes behind that the caller rolls back. */
bool request_file(struct ledger *ledger, const struct actor *actor, const struct request *ask,
                  struct arena *arena, struct request *out, enum filed *how, struct err *err);
bool request_take_step(struct ledger *ledger, const struct actor *actor,
                       const struct request *request, const struct intake_step *step,
                       struct str owner, struct str profile_json, struct arena *arena, bool *taken,
                       struct err *err);
bool request_ask(struct ledger *ledger, const struct actor *actor, const struct request *request,
                 const struct str *approvers, size_t n, struct err *err);

struct cancel_open {
    struct str person;      /* Okta id */
    struct str login;       /* for those that are not resolved yet */
    struct str entitlement; /* empty: all */
    struct str plan;        /* empty: all */
    int64_t before_number;  /* 0: all */
    struct str reason;
};
bool requests_cancel(struct ledger *ledger, const struct actor *actor,
                     const struct cancel_open *which, struct err *err);

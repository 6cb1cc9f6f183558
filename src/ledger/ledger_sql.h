#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "ledger/ledger.h"

/*
 * What the files of this folder share of SQLite: statements with typed values, transactions, and a
 * scratch arena. Nobody outside includes this.
 *
 * Values go in by binding only. Parameters are written `$1 $2 ...`, which PostgreSQL numbers and
 * SQLite finds by name, so one text serves both.
 */

#define LEDGER_PATH_MAX 4096
#define LEDGER_PAGE     500 /* rows read at a time, so that nobody's COMMIT waits long */

struct ledger {
    sqlite3 *db;
    const struct clock *clock;
    const char *program;
    struct str settings_digest; /* in scratch, below every mark */
    struct arena scratch;
    char path[LEDGER_PATH_MAX]; /* without links: every name beside it is made from this one */
    unsigned patience;          /* how often BUSY is waited for, BUSY_MS each */
    int lock_fd;                /* -1 until the first lock */
    bool holds[2];              /* by enum ledger_role */
    int64_t epoch;
};

int64_t ledger_now(const struct ledger *ledger);

/* ---- values ---- */

enum sql_type { SQL_NULL, SQL_TEXT, SQL_INT };

struct sql_value {
    enum sql_type type;
    struct str text;
    int64_t number;
};

static inline struct sql_value sql_text(struct str text)
{
    return (struct sql_value){SQL_TEXT, text, 0};
}

static inline struct sql_value sql_word(const char *word)
{
    return (struct sql_value){SQL_TEXT, str_of(word), 0};
}

static inline struct sql_value sql_int(int64_t number)
{
    return (struct sql_value){SQL_INT, {NULL, 0}, number};
}

/* Empty text and 0 stand for "none" in our structs and are NULL in the tables. */
static inline struct sql_value sql_text_or_null(struct str text)
{
    return (struct sql_value){text.len > 0 ? SQL_TEXT : SQL_NULL, text, 0};
}

static inline struct sql_value sql_int_or_null(int64_t number)
{
    return (struct sql_value){number != 0 ? SQL_INT : SQL_NULL, {NULL, 0}, number};
}

/* The values of a statement in the order of their numbers, as two arguments. */
#define SQL_VALUES(...)                      \
    (const struct sql_value[]){__VA_ARGS__}, \
        sizeof((struct sql_value[]){__VA_ARGS__}) / sizeof(struct sql_value)
#define SQL_NO_VALUES NULL, 0

/* ---- statements ---- */

struct stmt {
    struct ledger *ledger;
    sqlite3_stmt *raw;
};

bool sql_prepare(struct ledger *ledger, struct stmt *out, const char *sql, struct err *err);
/* Starts afresh with these values; text is copied. */
void sql_bind(struct stmt *stmt, const struct sql_value *values, size_t n);
/* To the next row; `*row` is false after the last one, and the statement is at rest then. */
bool sql_next(struct stmt *stmt, bool *row, struct err *err);
/* Runs it to its end; `*changed` (may be NULL) how many rows it wrote. */
bool sql_finish(struct stmt *stmt, int64_t *changed, struct err *err);
void sql_done(struct stmt *stmt); /* for CLEANUP */

/* Prepare and bind. */
bool sql_query(struct ledger *ledger, struct stmt *out, const char *sql,
               const struct sql_value *values, size_t n, struct err *err);
/* Prepare, bind, run, done. */
bool sql_run(struct ledger *ledger, const char *sql, const struct sql_value *values, size_t n,
             int64_t *changed, struct err *err);
/* The one number a query answers with; ERR_LEDGER without a row. */
bool sql_number(struct ledger *ledger, const char *sql, const struct sql_value *values, size_t n,
                int64_t *out, struct err *err);

/* Gives every row to `take`; `*rows` how many there were. A page of a longer read: the caller goes
 * on while it was full. `take` runs no statement of its own. */
typedef bool sql_taker(void *self, const struct stmt *stmt, struct err *err);
struct sql_sink {
    sql_taker *take;
    void *self;
};
bool sql_each(struct ledger *ledger, const char *sql, const struct sql_value *values, size_t n,
              struct sql_sink sink, size_t *rows, struct err *err);

/* Columns of the present row; NULL reads as empty and as 0. */
struct str sql_str(const struct stmt *stmt, int column, struct arena *arena);
struct str sql_view(const struct stmt *stmt, int column); /* lent until the next step */
int64_t sql_i64(const struct stmt *stmt, int column);

static inline bool sql_page_is_full(size_t rows)
{
    return rows >= LEDGER_PAGE;
}

/* What went wrong last, as ERR_LEDGER. */
bool sql_fail(struct ledger *ledger, struct err *err);

/* ---- transactions ---- */

struct txn {
    struct ledger *ledger; /* NULL when none is open */
};

/* BEGIN IMMEDIATE: from here on nobody else writes. */
bool txn_begin(struct txn *txn, struct ledger *ledger, struct err *err);
bool txn_commit(struct txn *txn, struct err *err);
void txn_end(struct txn *txn); /* for CLEANUP: rolls back what was not committed */

/* ---- scratch ---- */

struct scratch {
    struct arena *arena;
    arena_mark_t mark;
};

/* The ledger's own arena for the duration of a scope. */
struct scratch scratch_begin(struct ledger *ledger);
void scratch_end(struct scratch *scratch); /* for CLEANUP */

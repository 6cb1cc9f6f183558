#include "ledger/ledger_sql.h"

#include <assert.h>
#include <stdio.h>

int64_t ledger_now(const struct ledger *ledger)
{
    return clock_now(ledger->clock);
}

bool sql_fail(struct ledger *ledger, struct err *err)
{
    switch (sqlite3_errcode(ledger->db)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(err, ERR_LEDGER, "ledger: busy: somebody else is writing for long");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return err_set(err, ERR_LEDGER, "ledger: damaged: %s", sqlite3_errmsg(ledger->db));
    default: return err_set(err, ERR_LEDGER, "ledger: %s", sqlite3_errmsg(ledger->db));
    }
}

bool sql_prepare(struct ledger *ledger, struct stmt *out, const char *sql, struct err *err)
{
    sqlite3_stmt *raw = NULL;
    int rc;
    unsigned tries = ledger->patience;

    /* Reading the schema takes a lock too, so even this may find the ledger busy. */
    do {
        rc = sqlite3_prepare_v2(ledger->db, sql, -1, &raw, NULL);
    } while ((rc & 0xff) == SQLITE_BUSY && tries-- > 1);
    if (rc != SQLITE_OK)
        return sql_fail(ledger, err);
    *out = (struct stmt){ledger, raw};
    return true;
}

static void bind_one(sqlite3_stmt *raw, int index, const struct sql_value *value)
{
    int rc = SQLITE_OK;

    switch (value->type) {
    case SQL_NULL: rc = sqlite3_bind_null(raw, index); break;
    case SQL_INT: rc = sqlite3_bind_int64(raw, index, value->number); break;
    case SQL_TEXT:
        /* A NULL pointer would bind NULL, and our empty views may have one. */
        rc = sqlite3_bind_text64(raw, index, value->text.ptr ? value->text.ptr : "",
                                 value->text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
    }
    assert(rc == SQLITE_OK);
}

void sql_bind(struct stmt *stmt, const struct sql_value *values, size_t n)
{
    char name[24];

    sqlite3_reset(stmt->raw);
    assert(sqlite3_bind_parameter_count(stmt->raw) == (int)n);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(name, sizeof(name), "$%zu", i + 1);
        bind_one(stmt->raw, sqlite3_bind_parameter_index(stmt->raw, name), &values[i]);
    }
}

bool sql_next(struct stmt *stmt, bool *row, struct err *err)
{
    int rc;
    unsigned tries = stmt->ledger->patience;

    do {
        rc = sqlite3_step(stmt->raw);
    } while ((rc & 0xff) == SQLITE_BUSY && tries-- > 1);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        (void)sql_fail(stmt->ledger, err);
        sqlite3_reset(stmt->raw);
        return false;
    }
    *row = rc == SQLITE_ROW;
    if (!*row)
        sqlite3_reset(stmt->raw);
    return true;
}

bool sql_finish(struct stmt *stmt, int64_t *changed, struct err *err)
{
    bool row;

    do {
        if (!sql_next(stmt, &row, err))
            return false;
    } while (row);
    if (changed)
        *changed = sqlite3_changes64(stmt->ledger->db);
    return true;
}

void sql_done(struct stmt *stmt)
{
    sqlite3_finalize(stmt->raw);
    stmt->raw = NULL;
}

bool sql_query(struct ledger *ledger, struct stmt *out, const char *sql,
               const struct sql_value *values, size_t n, struct err *err)
{
    if (!sql_prepare(ledger, out, sql, err))
        return false;
    sql_bind(out, values, n);
    return true;
}

bool sql_run(struct ledger *ledger, const char *sql, const struct sql_value *values, size_t n,
             int64_t *changed, struct err *err)
{
    CLEANUP(sql_done) struct stmt stmt = {0};

    return sql_query(ledger, &stmt, sql, values, n, err) && sql_finish(&stmt, changed, err);
}

bool sql_number(struct ledger *ledger, const char *sql, const struct sql_value *values, size_t n,
                int64_t *out, struct err *err)
{
    CLEANUP(sql_done) struct stmt stmt = {0};
    bool row;

    if (!sql_query(ledger, &stmt, sql, values, n, err) || !sql_next(&stmt, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_LEDGER, "ledger: a row is missing");
    *out = sql_i64(&stmt, 0);
    return true;
}

bool sql_each(struct ledger *ledger, const char *sql, const struct sql_value *values, size_t n,
              struct sql_sink sink, size_t *rows, struct err *err)
{
    CLEANUP(sql_done) struct stmt stmt = {0};
    bool row;

    *rows = 0;
    if (!sql_query(ledger, &stmt, sql, values, n, err))
        return false;
    for (;;) {
        if (!sql_next(&stmt, &row, err))
            return false;
        if (!row)
            return true;
        if (!sink.take(sink.self, &stmt, err))
            return false;
        ++*rows;
    }
}

struct str sql_view(const struct stmt *stmt, int column)
{
    /* In this order, as the documentation asks: the text first, then its length. */
    const unsigned char *text = sqlite3_column_text(stmt->raw, column);
    int n = sqlite3_column_bytes(stmt->raw, column);

    return (struct str){(const char *)text, text ? (size_t)n : 0};
}

struct str sql_str(const struct stmt *stmt, int column, struct arena *arena)
{
    return arena_str(arena, sql_view(stmt, column));
}

int64_t sql_i64(const struct stmt *stmt, int column)
{
    return sqlite3_column_int64(stmt->raw, column);
}

/* The busy timeout of the connection waits inside each try. */
static bool exec_patiently(struct ledger *ledger, const char *sql, struct err *err)
{
    unsigned tries = ledger->patience;
    int rc;

    do {
        rc = sqlite3_exec(ledger->db, sql, NULL, NULL, NULL);
    } while ((rc & 0xff) == SQLITE_BUSY && tries-- > 1);
    return rc == SQLITE_OK || sql_fail(ledger, err);
}

bool txn_begin(struct txn *txn, struct ledger *ledger, struct err *err)
{
    if (!exec_patiently(ledger, "BEGIN IMMEDIATE", err))
        return false;
    txn->ledger = ledger;
    return true;
}

bool txn_commit(struct txn *txn, struct err *err)
{
    if (!exec_patiently(txn->ledger, "COMMIT", err))
        return false;
    txn->ledger = NULL;
    return true;
}

void txn_end(struct txn *txn)
{
    /* Some failures have rolled back by themselves. */
    if (txn->ledger && !sqlite3_get_autocommit(txn->ledger->db))
        (void)sqlite3_exec(txn->ledger->db, "ROLLBACK", NULL, NULL, NULL);
    txn->ledger = NULL;
}

struct scratch scratch_begin(struct ledger *ledger)
{
    return (struct scratch){&ledger->scratch, arena_mark(&ledger->scratch)};
}

void scratch_end(struct scratch *scratch)
{
    if (scratch->arena)
        arena_reset(scratch->arena, scratch->mark);
}

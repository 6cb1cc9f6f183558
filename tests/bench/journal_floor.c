#include "journal_floor.h"

#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

struct floor {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *send, *settle, *own, *audit;
};

static const char schema[] =
    "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
    "CREATE TABLE op (run TEXT NOT NULL, seq INTEGER NOT NULL, op_id TEXT NOT NULL,"
    " subject TEXT NOT NULL, state TEXT NOT NULL, at INTEGER, PRIMARY KEY (run, seq))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE membership (grp TEXT NOT NULL, person TEXT NOT NULL, state TEXT NOT NULL,"
    " PRIMARY KEY (grp, person)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE audit (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL,"
    " what TEXT NOT NULL, detail TEXT NOT NULL, digest TEXT NOT NULL) STRICT;";

static void check(struct floor *floor, int code, int wanted)
{
    if (code == wanted)
        return;
    (void)fprintf(stderr, "journal_floor: %s\n", sqlite3_errmsg(floor->db));
    exit(1);
}

static sqlite3_stmt *prepare(struct floor *floor, const char *sql)
{
    sqlite3_stmt *stmt;

    check(floor, sqlite3_prepare_v3(floor->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL),
          SQLITE_OK);
    return stmt;
}

static void step(struct floor *floor, sqlite3_stmt *stmt)
{
    check(floor, sqlite3_step(stmt), SQLITE_DONE);
    check(floor, sqlite3_reset(stmt), SQLITE_OK);
}

static void fill(struct floor *floor, size_t n_ops)
{
    sqlite3_stmt *insert =
        prepare(floor, "INSERT INTO op VALUES ('0190c1d2-0000-7000-8000-000000000001', $1, $2, $3,"
                       " 'planned', NULL)");
    char id[65], subject[64];

    step(floor, floor->begin);
    for (size_t i = 0; i < n_ops; i++) {
        (void)snprintf(id, sizeof(id), "%064zu", i);
        (void)snprintf(subject, sizeof(subject), "00ubench%012zu", i);
        sqlite3_bind_int64(insert, 1, (sqlite3_int64)i);
        sqlite3_bind_text(insert, 2, id, -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(insert, 3, subject, -1, SQLITE_TRANSIENT);
        step(floor, insert);
    }
    step(floor, floor->commit);
    sqlite3_finalize(insert);
}

struct floor *floor_open(const char *folder, size_t n_ops)
{
    struct floor *floor = calloc(1, sizeof(*floor));
    char path[512];

    if (!floor)
        abort();
    (void)snprintf(path, sizeof(path), "%s/floor.db", folder);
    check(floor, sqlite3_open(path, &floor->db), SQLITE_OK);
    check(floor, sqlite3_exec(floor->db, schema, NULL, NULL, NULL), SQLITE_OK);
    floor->begin = prepare(floor, "BEGIN IMMEDIATE");
    floor->commit = prepare(floor, "COMMIT");
    floor->send = prepare(floor, "UPDATE op SET state = 'sent', at = 1777885200000"
                                 " WHERE run = '0190c1d2-0000-7000-8000-000000000001'"
                                 " AND seq = $1 AND state = 'planned'");
    floor->settle = prepare(floor, "UPDATE op SET state = 'done', at = 1777885200000"
                                   " WHERE run = '0190c1d2-0000-7000-8000-000000000001'"
                                   " AND seq = $1");
    floor->own = prepare(floor, "INSERT INTO membership VALUES ('00gbench000000000000', $1, 'p')");
    floor->audit = prepare(floor, "INSERT INTO audit (at, who, what, detail, digest) VALUES"
                                  " (1777885200000, 'run', 'op.done', $1, $1 || $1)");
    fill(floor, n_ops);
    return floor;
}

void floor_close(struct floor *floor)
{
    sqlite3_stmt *all[] = {floor->begin,  floor->commit, floor->send,
                           floor->settle, floor->own,    floor->audit};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        sqlite3_finalize(all[i]);
    sqlite3_close(floor->db);
    free(floor);
}

void floor_run(struct floor *floor, size_t from, size_t n)
{
    char text[128];

    for (size_t i = from; i < from + n; i++) {
        sqlite3_bind_int64(floor->send, 1, (sqlite3_int64)i);
        sqlite3_bind_int64(floor->settle, 1, (sqlite3_int64)i);
        (void)snprintf(text, sizeof(text), "00ubench%0119zu", i);
        sqlite3_bind_text(floor->own, 1, text + sizeof(text) - 21, -1, SQLITE_STATIC);
        sqlite3_bind_text(floor->audit, 1, text, -1, SQLITE_STATIC);

        step(floor, floor->begin);
        step(floor, floor->send);
        step(floor, floor->commit);
        step(floor, floor->begin);
        step(floor, floor->settle);
        step(floor, floor->own);
        step(floor, floor->audit);
        step(floor, floor->commit);
    }
}

#include "ledger/migrate.h"

#include <stdio.h>

#include "base/uuid.h"
#include "ledger/ledger_file.h"
#include "ledger/ledger_lock.h"

extern const struct embedded_file migrations_embedded[];
extern const size_t migrations_embedded_count;

struct migrations migrations_own(void)
{
    return (struct migrations){migrations_embedded, migrations_embedded_count};
}

static bool fail(sqlite3 *db, const char *what, struct err *err)
{
    return err_set(err, ERR_LEDGER, "ledger: migration %s: %s", what, sqlite3_errmsg(db));
}

/* File names carry the version: a gap or a double means that this program was built wrongly. */
static bool check_names(struct migrations list, struct err *err)
{
    for (size_t i = 0; i < list.n; i++) {
        char prefix[32];

        (void)snprintf(prefix, sizeof(prefix), "%04zu_", i + 1);
        if (!str_starts(str_of(list.files[i].name), str_of(prefix))) {
            return err_set(err, ERR_INTERNAL, "migration %s: expected number %zu",
                           list.files[i].name, i + 1);
        }
    }
    return true;
}

bool migrate_read_state(sqlite3 *db, struct migrations list, struct migration_state *out,
                        struct err *err)
{
    struct ledger_identity identity;
    int newest = (int)list.n;

    if (!check_names(list, err) || !ledger_file_identify(db, &identity, err))
        return false;
    if (identity.application != LEDGER_APPLICATION_ID)
        return err_set(err, ERR_LEDGER, "ledger: this file is not a ledger");
    if (identity.version > newest) {
        return err_set(err, ERR_LEDGER,
                       "ledger: made by a newer program (version %d, this one knows %d)",
                       identity.version, newest);
    }
    *out = (struct migration_state){identity.version, newest};
    return true;
}

static bool exec(sqlite3 *db, const char *sql, const char *what, struct err *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(db, what, err);
}

/* A new ledger gets its identity together with its tables, so there is no ledger without one. */
static bool make_ledger(sqlite3 *db, int64_t now_ms, struct err *err)
{
    char sql[512];
    char id[UUID_SIZE];

    uuid_v7(now_ms, id);
    /* Digits and hyphens made here: nothing of this comes from outside. */
    (void)snprintf(sql, sizeof(sql),
                   "PRAGMA application_id = %d;"
                   "INSERT INTO meta (key, value) VALUES"
                   " ('ledger_id', '%s'), ('epoch', '0'), ('created_at', '%lld');",
                   LEDGER_APPLICATION_ID, id, (long long)now_ms);
    return exec(db, sql, "identity", err);
}

static bool apply_one(sqlite3 *db, const struct embedded_file *file, int version, int64_t now_ms,
                      struct err *err)
{
    char sql[64];

    if (!exec(db, file->text, file->name, err) || (version == 1 && !make_ledger(db, now_ms, err)))
        return false;
    (void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version);
    return exec(db, sql, file->name, err);
}

/* One step of what is there; a new ledger whole, so that none is ever half made. */
static bool apply_some(sqlite3 *db, struct migrations list, int from, int64_t now_ms,
                       struct err *err)
{
    int to = from == 0 ? (int)list.n : from + 1;

    for (int version = from; version < to; version++) {
        if (!apply_one(db, &list.files[version], version + 1, now_ms, err))
            return false;
    }
    return exec(db, "COMMIT", list.files[to - 1].name, err);
}

bool migrate_apply(sqlite3 *db, struct migrations list, int64_t now_ms, struct err *err)
{
    struct ledger_identity identity;

    if (!check_names(list, err))
        return false;
    for (;;) {
        /* What version it has is asked inside the transaction: two may do this at once. */
        if (!exec(db, "BEGIN IMMEDIATE", "begin", err))
            return false;
        bool ok = ledger_file_identify(db, &identity, err);
        if (ok && identity.version >= (int)list.n)
            return exec(db, "ROLLBACK", "end", err);
        ok = ok && apply_some(db, list, identity.version, now_ms, err);
        if (!ok) {
            if (!sqlite3_get_autocommit(db))
                (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
            return false;
        }
    }
}

bool migrate_file(const char *path, sqlite3 *db, struct migrations list, struct err *err)
{
    CLEANUP(lock_file_close) int locks = -1;
    struct migration_state state;
    char suffix[32];
    char copy[LEDGER_PATH_MAX];
    bool taken;

    if (!migrate_read_state(db, list, &state, err))
        return false;
    if (state.version == state.newest)
        return true;
    if (!lock_file_open(path, &locks, err) ||
        !lock_file_take(locks, LEDGER_ROLE_DAEMON, &taken, err))
        return false;
    if (!taken)
        return err_set(err, ERR_REFUSED, "ledger: a daemon is at work on it; stop it first");
    if (!lock_file_take(locks, LEDGER_ROLE_RUN, &taken, err))
        return false;
    if (!taken)
        return err_set(err, ERR_REFUSED, "ledger: a run is at work on it; wait for its end");

    (void)snprintf(suffix, sizeof(suffix), ".before-%d", state.newest);
    ledger_file_beside(path, suffix, copy);
    if (!ledger_file_copy(db, copy, true, err))
        return err_wrap(err, "keeping a copy before the migration");
    ledger_file_give_to_owner(path, copy);
    return migrate_apply(db, list, 0, err);
}

static void close_db(sqlite3 **db)
{
    sqlite3_close(*db);
}

bool ledger_migration_state(struct str path, struct migration_state *out, struct err *err)
{
    CLEANUP(close_db) sqlite3 *db = NULL;
    char name[LEDGER_PATH_MAX];

    return ledger_file_check(path, false, name, err) && ledger_file_connect(name, &db, err) &&
           migrate_read_state(db, migrations_own(), out, err);
}

bool ledger_migrate(struct str path, struct migration_state *out, struct err *err)
{
    CLEANUP(close_db) sqlite3 *db = NULL;
    char name[LEDGER_PATH_MAX];
    struct migration_state state;

    if (!ledger_file_check(path, false, name, err) || !ledger_file_connect(name, &db, err) ||
        !migrate_read_state(db, migrations_own(), &state, err) || !ledger_file_tune(db, err) ||
        !migrate_file(name, db, migrations_own(), err) ||
        !migrate_read_state(db, migrations_own(), &state, err))
        return false;
    *out = state;
    return true;
}

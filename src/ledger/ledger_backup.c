#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger_audit.h"
#include "ledger/ledger_file.h"
#include "ledger/ledger_sql.h"

static void close_db(sqlite3 **db)
{
    sqlite3_close(*db);
}

static void finalize(sqlite3_stmt **stmt)
{
    sqlite3_finalize(*stmt);
}

static bool fail(sqlite3 *db, const char *path, struct err *err)
{
    return err_set(err, ERR_LEDGER, "copy %s: %s", path, sqlite3_errmsg(db));
}

/* How often to ask for the read lock, a busy timeout each: somebody who writes without a pause
 * leaves only gaps. */
#define PATIENCE 24

/* Opens a read transaction. A step of the backup interface would ask for the lock once and not
 * again, since only statements start SQLite's waiting afresh. */
static bool begin_reading(sqlite3 *db, const char *path, struct err *err)
{
    int rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);

    if (rc != SQLITE_OK)
        return fail(db, path, err);
    for (unsigned tries = PATIENCE; tries > 0; tries--) {
        rc = sqlite3_exec(db, "SELECT 1 FROM sqlite_schema LIMIT 1", NULL, NULL, NULL);
        if ((rc & 0xff) != SQLITE_BUSY)
            break;
    }
    return rc == SQLITE_OK || fail(db, path, err);
}

static void end_reading(sqlite3 **db)
{
    if (!sqlite3_get_autocommit(*db))
        (void)sqlite3_exec(*db, "ROLLBACK", NULL, NULL, NULL);
}

/* All pages in one step: a copy in small steps starts over whenever somebody else commits, and
 * might never end; this one holds writers up for as long as the reading takes. */
static bool copy_pages(sqlite3 *from, sqlite3 *to, const char *path, struct err *err)
{
    CLEANUP(end_reading) sqlite3 *reading = from;

    if (!begin_reading(reading, path, err))
        return false;
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup)
        return fail(to, path, err);
    int rc = sqlite3_backup_step(backup, -1);
    int end = sqlite3_backup_finish(backup);
    if (rc != SQLITE_DONE)
        return err_set(err, ERR_LEDGER, "copy %s: %s", path, sqlite3_errstr(rc));
    return end == SQLITE_OK || fail(to, path, err);
}

/* No row: every reference leads somewhere. */
static bool check_references(sqlite3 *db, const char *path, struct err *err)
{
    CLEANUP(finalize) sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &stmt, NULL) != SQLITE_OK)
        return fail(db, path, err);
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        return err_set(err, ERR_LEDGER, "copy %s: a reference in it leads nowhere", path);
    return rc == SQLITE_DONE || fail(db, path, err);
}

static bool check_integrity(sqlite3 *db, const char *path, struct err *err)
{
    CLEANUP(finalize) sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW)
        return fail(db, path, err);
    const unsigned char *word = sqlite3_column_text(stmt, 0);
    if (!word || strcmp((const char *)word, "ok") != 0) {
        return err_set(err, ERR_LEDGER, "copy %s: damaged: %s", path,
                       word ? (const char *)word : "?");
    }
    return true;
}

static bool copy_to(sqlite3 *from, const char *path, struct err *err)
{
    CLEANUP(close_db) sqlite3 *to = NULL;

    return ledger_file_connect(path, &to, err) && copy_pages(from, to, path, err) &&
           check_integrity(to, path, err) && check_references(to, path, err);
}

/* Gives the finished copy its name: all at once, and over nothing that must stay. */
static bool name_copy(const char *temporary, const char *path, bool replace, struct err *err)
{
    if (replace)
        return rename(temporary, path) == 0 || err_errno(err, ERR_LEDGER, "%s", path);
    if (link(temporary, path) != 0) {
        if (errno == EEXIST)
            return err_set(err, ERR_USAGE, "%s is there already; it was not touched", path);
        return err_errno(err, ERR_LEDGER, "%s", path);
    }
    (void)unlink(temporary);
    return true;
}

bool ledger_file_copy(sqlite3 *from, const char *path, bool replace, struct err *err)
{
    char temporary[LEDGER_PATH_MAX + 32];

    if (!replace && access(path, F_OK) == 0)
        return err_set(err, ERR_USAGE, "%s is there already; it was not touched", path);
    (void)snprintf(temporary, sizeof(temporary), "%s.%ld.tmp", path, (long)getpid());
    (void)unlink(temporary);
    int fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(err, ERR_LEDGER, "%s", temporary);
    close(fd); /* SQLite opens it from here on */
    if (copy_to(from, temporary, err) && name_copy(temporary, path, replace, err))
        return true;
    (void)unlink(temporary);
    return false;
}

bool ledger_backup(struct ledger *ledger, struct str path, struct err *err)
{
    char name[LEDGER_PATH_MAX];

    if (path.len == 0 || path.len >= sizeof(name) - 64)
        return err_set(err, ERR_USAGE, "backup: the path is empty or too long");
    (void)snprintf(name, sizeof(name), "%.*s", STR_ARG(path));
    if (!ledger_file_copy(ledger->db, name, false, err))
        return false;
    ledger_file_give_to_owner(ledger->path, name);
    return true;
}

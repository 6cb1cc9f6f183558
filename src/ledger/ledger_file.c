#include "ledger/ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"

#define BUSY_MS 5000

/* Room for the longest suffix beside the file. */
#define SUFFIX_MAX 64

void ledger_file_beside(const char *path, const char *suffix, char out[LEDGER_PATH_MAX])
{
    (void)snprintf(out, LEDGER_PATH_MAX, "%s%s", path, suffix);
}

void ledger_file_give_to_owner(const char *path, const char *beside)
{
    struct stat st;

    /* Failing here costs the owner a chown by hand, nothing else. */
    if (geteuid() == 0 && stat(path, &st) == 0 && st.st_uid != 0 &&
        lchown(beside, st.st_uid, st.st_gid) != 0)
        errno = 0;
}

static bool create_empty(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 && errno == EEXIST)
        return true;
    if (fd < 0)
        return err_errno(err, ERR_LEDGER, "ledger %s", path);
    close(fd);
    return true;
}

/* Whoever may write the folder can put another file in the ledger's place. */
static bool check_folder(const char *path, struct err *err)
{
    char folder[LEDGER_PATH_MAX];
    struct stat st;

    (void)snprintf(folder, sizeof(folder), "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash && slash != folder) {
        *slash = '\0';
    } else if (slash) {
        slash[1] = '\0';
    }
    if (stat(folder, &st) != 0)
        return err_errno(err, ERR_LEDGER, "ledger folder %s", folder);
    if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX)) {
        return err_set(err, ERR_LEDGER,
                       "ledger %s: everybody may write its folder; run: chmod o-w %s", path,
                       folder);
    }
    return true;
}

/* A journal left by a crash is played back into the file, so it must come from the same hands. */
static bool check_journal(const char *path, uid_t owner, struct err *err)
{
    static const char *const suffixes[] = {"-journal", "-wal"};
    char journal[LEDGER_PATH_MAX];
    struct stat st;

    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        ledger_file_beside(path, suffixes[i], journal);
        if (lstat(journal, &st) != 0)
            continue;
        if (!S_ISREG(st.st_mode) || (st.st_uid != owner && st.st_uid != 0))
            return err_set(err, ERR_LEDGER, "%s belongs to somebody else than the ledger", journal);
    }
    return true;
}

static bool check_entry(const char *path, struct err *err)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return err_errno(err, ERR_LEDGER, "ledger %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_LEDGER, "ledger %s: not a regular file", path);
    if (st.st_uid != geteuid() && geteuid() != 0) {
        return err_set(err, ERR_LEDGER, "ledger %s: belongs to uid %u; only its owner may use it",
                       path, (unsigned)st.st_uid);
    }
    if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        return err_set(err, ERR_LEDGER,
                       "ledger %s: group or others may touch it (mode %04o); run: chmod 600 %s",
                       path, st.st_mode & 07777u, path);
    }
    /* Two names would mean two journals and two locks for one file. */
    if (st.st_nlink > 1)
        return err_set(err, ERR_LEDGER, "ledger %s: has another name too (a hard link)", path);
    return check_folder(path, err) && check_journal(path, st.st_uid, err);
}

bool ledger_file_check(struct str given, bool may_create, char path[LEDGER_PATH_MAX],
                       struct err *err)
{
    char name[LEDGER_PATH_MAX];
    char resolved[PATH_MAX];

    if (given.len == 0 || given.len >= sizeof(name) - SUFFIX_MAX)
        return err_set(err, ERR_LEDGER, "ledger: the path is empty or too long");
    (void)snprintf(name, sizeof(name), "%.*s", STR_ARG(given));
    if (may_create && !create_empty(name, err))
        return false;
    if (!realpath(name, resolved)) {
        if (errno == ENOENT) {
            return err_set(err, ERR_LEDGER,
                           "ledger %s: there is none; `seatkeeper init` makes an empty one", name);
        }
        return err_errno(err, ERR_LEDGER, "ledger %s", name);
    }
    if (strlen(resolved) >= LEDGER_PATH_MAX - SUFFIX_MAX)
        return err_set(err, ERR_LEDGER, "ledger: the path is too long");
    (void)snprintf(path, LEDGER_PATH_MAX, "%.*s", LEDGER_PATH_MAX - SUFFIX_MAX, resolved);
    return check_entry(path, err);
}

static bool fail(sqlite3 *db, const char *what, struct err *err)
{
    if ((sqlite3_errcode(db) & 0xff) == SQLITE_NOTADB)
        return err_set(err, ERR_LEDGER, "ledger: this file is not a ledger");
    return err_set(err, ERR_LEDGER, "ledger: %s: %s", what, sqlite3_errmsg(db));
}

bool ledger_file_connect(const char *path, sqlite3 **out, struct err *err)
{
    static const struct {
        int option, on;
    } options[] = {
        {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
        {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    };
    sqlite3 *db = NULL;

    /* Read-write even for readers: a read-only opener cannot roll a crashed writer's journal back.
     */
    if (sqlite3_open_v2(path, &db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
                        NULL) != SQLITE_OK) {
        (void)err_set(err, ERR_LEDGER, "ledger %s: %s", path,
                      db ? sqlite3_errmsg(db) : "out of memory");
        sqlite3_close(db);
        return false;
    }
    (void)sqlite3_busy_timeout(db, BUSY_MS);
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        int is = -1;
        if (sqlite3_db_config(db, options[i].option, options[i].on, &is) != SQLITE_OK ||
            is != options[i].on) {
            (void)fail(db, "cannot set an option of SQLite", err);
            sqlite3_close(db);
            return false;
        }
    }
    *out = db;
    return true;
}

static void finalize(sqlite3_stmt **stmt)
{
    sqlite3_finalize(*stmt);
}

static bool read_number(sqlite3 *db, const char *sql, int *out, struct err *err)
{
    CLEANUP(finalize) sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW)
        return fail(db, "cannot be read", err);
    *out = sqlite3_column_int(stmt, 0);
    return true;
}

bool ledger_file_identify(sqlite3 *db, struct ledger_identity *out, struct err *err)
{
    int pages, application, version;

    if (!read_number(db, "PRAGMA page_count", &pages, err) ||
        !read_number(db, "PRAGMA application_id", &application, err) ||
        !read_number(db, "PRAGMA user_version", &version, err))
        return false;
    *out = (struct ledger_identity){application, version, pages == 0};
    return true;
}

static bool set_journal_mode(sqlite3 *db, struct err *err)
{
    CLEANUP(finalize) sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(db, "PRAGMA journal_mode = TRUNCATE", -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW)
        return fail(db, "cannot set the journal mode", err);
    const unsigned char *mode = sqlite3_column_text(stmt, 0);
    if (!mode || strcmp((const char *)mode, "truncate") != 0) {
        return err_set(err, ERR_LEDGER,
                       "ledger: is kept in journal mode %s by another program; end that first",
                       mode ? (const char *)mode : "?");
    }
    return true;
}

bool ledger_file_tune(sqlite3 *db, struct err *err)
{
    /* Without spilling, a long transaction needs the exclusive lock at its COMMIT only, which is
     * where BUSY is waited for. */
    static const char pragmas[] = "PRAGMA synchronous = FULL;"
                                  "PRAGMA secure_delete = OFF;"
                                  "PRAGMA cell_size_check = ON;"
                                  "PRAGMA temp_store = MEMORY;"
                                  "PRAGMA cache_spill = OFF;";

    if (!set_journal_mode(db, err))
        return false;
    return sqlite3_exec(db, pragmas, NULL, NULL, NULL) == SQLITE_OK ||
           fail(db, "cannot be set up", err);
}

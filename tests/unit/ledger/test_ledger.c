#include <fcntl.h>

#include "base/file.h"
#include "ledger/migrate.h"
#include "unit/ledger/fixture.h"

/* The version that this program's migrations lead to, or the one `more` after it; in arena. */
static const char *newest(struct fixture *f, int more)
{
    return arena_printf(&f->arena, "%d", (int)migrations_own().n + more).ptr;
}

/* ---- opening ---- */

static void test_a_new_ledger_is_private_and_journals_by_truncation(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    struct str id;

    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_string_equal(raw_text(f, "PRAGMA application_id"), "1399153012");
    assert_string_equal(raw_text(f, "PRAGMA user_version"), newest(f, 0));
    assert_string_equal(raw_text(f, "PRAGMA integrity_check"), "ok");
    OK(f, ledger_meta_get(f->ledger, "ledger_id", &f->arena, &id, &f->err));
    assert_int_equal(id.len, 36);
}

static void test_every_table_is_strict(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(raw_text(f, "SELECT group_concat(name) FROM pragma_table_list"
                                    " WHERE schema = 'main' AND strict = 0"
                                    " AND name NOT LIKE 'sqlite%'"),
                        "NULL");
}

static void set_mode_0640(struct fixture *f)
{
    assert_int_equal(chmod(f->path, 0640), 0);
}

static void make_missing(struct fixture *f)
{
    assert_int_equal(unlink(f->path), 0);
}

static void make_newer(struct fixture *f)
{
    raw_exec(f->path, "PRAGMA user_version = 99");
}

static void make_foreign(struct fixture *f)
{
    raw_exec(f->path, "PRAGMA application_id = 7");
}

static void make_text(struct fixture *f)
{
    FILE *file = fopen(f->path, "w");

    for (int i = 0; i < 200; i++)
        (void)fputs("this is not a database at all\n", file);
    (void)fclose(file);
}

static void make_empty(struct fixture *f)
{
    assert_int_equal(truncate(f->path, 0), 0);
}

static void make_folder(struct fixture *f)
{
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(mkdir(f->path, 0700), 0);
}

static void make_hard_link(struct fixture *f)
{
    char other[128];

    (void)snprintf(other, sizeof(other), "%s.twin", f->path);
    assert_int_equal(link(f->path, other), 0);
}

static void open_folder_to_all(struct fixture *f)
{
    assert_int_equal(chmod(f->dir, 0777), 0);
}

static void link_journal(struct fixture *f)
{
    char journal[128];

    (void)snprintf(journal, sizeof(journal), "%s-journal", f->path);
    (void)unlink(journal);
    assert_int_equal(symlink("/etc/passwd", journal), 0);
}

static void test_what_is_not_our_own_private_ledger_is_refused(void **state)
{
    static const struct {
        void (*spoil)(struct fixture *f);
        const char *why;
    } cases[] = {
        {make_missing, "there is none"},
        {set_mode_0640, "group or others may touch it"},
        {make_newer, "made by a newer program"},
        {make_foreign, "not a ledger"},
        {make_text, "not a ledger"},
        {make_empty, "not a ledger"},
        {make_hard_link, "another name"},
        {open_folder_to_all, "everybody may write its folder"},
        {link_journal, "belongs to somebody else"},
        {make_folder, "not a regular file"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ledger *other = NULL;
        void *fresh = NULL;

        (void)fixture_up(&fresh);
        struct fixture *own = fresh;
        ledger_close(own->ledger);
        own->ledger = NULL;
        cases[i].spoil(own);
        FAILS(own, fixture_open(own, false, false, &other), ERR_LEDGER, cases[i].why);
        (void)rmdir(own->path);
        (void)fixture_down(&fresh);
    }
    assert_non_null(f->ledger);
}

static void test_a_file_of_others_is_never_made_into_a_ledger(void **state)
{
    struct fixture *f = *state;
    struct ledger *other = NULL;

    ledger_close(f->ledger);
    f->ledger = NULL;
    make_missing(f);
    raw_exec(f->path, "CREATE TABLE theirs (x)");
    assert_int_equal(chmod(f->path, 0600), 0);
    FAILS(f, fixture_open(f, true, true, &other), ERR_LEDGER, "not a ledger");
    assert_string_equal(raw_text(f, "SELECT group_concat(name) FROM sqlite_schema"), "theirs");
}

static void test_a_wal_file_is_converted(void **state)
{
    struct fixture *f = *state;

    ledger_close(f->ledger);
    f->ledger = NULL;
    raw_exec(f->path, "PRAGMA journal_mode = WAL; CREATE TABLE touched (x)");
    assert_string_equal(raw_text(f, "PRAGMA journal_mode"), "wal");
    if (!fixture_open(f, false, false, &f->ledger))
        fail_msg("%s", f->err.msg);
    assert_string_equal(raw_text(f, "PRAGMA journal_mode"), "delete"); /* of a fresh connection */
    assert_int_equal(audit_rows(f), 0);
}

static void test_a_link_leads_to_the_same_locks(void **state)
{
    struct fixture *f = *state;
    char name[128];
    struct ledger *other = NULL;
    bool taken;
    struct fixture linked = *f;

    (void)snprintf(name, sizeof(name), "%s/other-name", f->dir);
    assert_int_equal(symlink(f->path, name), 0);
    memcpy(linked.path, name, sizeof(linked.path));
    if (!fixture_open(&linked, false, false, &other))
        fail_msg("%s", linked.err.msg);
    OK(f, ledger_lock(f->ledger, LEDGER_ROLE_RUN, 0, &taken, &f->err));
    assert_true(taken);
    OK(f, ledger_lock(other, LEDGER_ROLE_RUN, 0, &taken, &f->err));
    assert_false(taken);
    ledger_close(other);
}

/* ---- meta ---- */

static void test_meta_is_read_back_and_a_change_is_audited_once(void **state)
{
    struct fixture *f = *state;
    struct str value;

    OK(f, ledger_meta_get(f->ledger, "org_id", &f->arena, &value, &f->err));
    assert_int_equal(value.len, 0);
    OK(f, ledger_meta_set(f->ledger, &admin, "org_id", STR("00o1"), &f->err));
    OK(f, ledger_meta_set(f->ledger, &admin, "org_id", STR("00o1"), &f->err));
    OK(f, ledger_meta_set(f->ledger, &admin, "accepted_settings", STR("s1"), &f->err));
    OK(f, ledger_meta_get(f->ledger, "org_id", &f->arena, &value, &f->err));
    assert_true(str_is(value, "00o1"));
    assert_string_equal(show_audit(f, 0),
                        "meta.changed org_id; settings.accepted accepted_settings");
}

static void test_settings_are_noted_once_a_version(void **state)
{
    struct fixture *f = *state;

    OK(f, ledger_note_settings(f->ledger, STR("d1"), STR("mode: add"), &f->err));
    OK(f, ledger_note_settings(f->ledger, STR("d1"), STR("mode: add"), &f->err));
    OK(f, ledger_note_settings(f->ledger, STR("d2"), STR("mode: enforce"), &f->err));
    assert_string_equal(raw_text(f, "SELECT group_concat(digest || '=' || text, ' ') FROM"
                                    " (SELECT * FROM settings_version ORDER BY digest)"),
                        "d1=mode: add d2=mode: enforce");
}

/* ---- migrations ---- */

static void test_migration_state_and_an_up_to_date_ledger(void **state)
{
    struct fixture *f = *state;
    struct migration_state is;

    OK(f, ledger_migration_state(str_of(f->path), &is, &f->err));
    assert_int_equal(is.version, is.newest);
    OK(f, ledger_migrate(str_of(f->path), &is, &f->err));
    assert_int_equal(is.version, is.newest);
    assert_false(file_exists(arena_printf(&f->arena, "%s.before-%s", f->path, newest(f, 0))));
}

static sqlite3 *raw_open(const struct fixture *f)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    return db;
}

/* What a next release would bring along; `ahead` is 1, unless a number is left out. */
static struct migrations next_release(struct fixture *f, const char *sql, int ahead)
{
    struct migrations own = migrations_own();
    struct embedded_file *files = arena_array(&f->arena, struct embedded_file, own.n + 1);
    const char *name = arena_printf(&f->arena, "%04d_more.sql", (int)own.n + ahead).ptr;

    memcpy(files, own.files, own.n * sizeof(files[0]));
    files[own.n] = (struct embedded_file){name, sql, strlen(sql)};
    return (struct migrations){files, own.n + 1};
}

static void test_a_migration_keeps_a_copy_and_applies_once(void **state)
{
    struct fixture *f = *state;
    struct migrations next = next_release(f, "CREATE TABLE more (x INTEGER) STRICT;", 1);
    sqlite3 *db = raw_open(f);
    struct fixture copy = *f;

    arena_init(&copy.arena, (size_t)1 << 20);
    OK(f, ledger_meta_set(f->ledger, &admin, "org_id", STR("00o1"), &f->err));
    OK(f, migrate_file(f->path, db, next, &f->err));
    OK(f, migrate_file(f->path, db, next, &f->err));
    sqlite3_close(db);
    assert_string_equal(raw_text(f, "PRAGMA user_version"), newest(f, 1));
    assert_string_equal(raw_text(f, "SELECT count(*) FROM more"), "0");
    (void)snprintf(copy.path, sizeof(copy.path), "%s/ledger.db.before-%s", f->dir, newest(f, 1));
    assert_string_equal(raw_text(&copy, "PRAGMA user_version"), newest(f, 0));
    assert_string_equal(raw_text(&copy, "SELECT value FROM meta WHERE key = 'org_id'"), "00o1");
    arena_fini(&copy.arena);

    struct ledger *other = NULL; /* this program is older than that ledger */
    FAILS(f, fixture_open(f, false, true, &other), ERR_LEDGER, "made by a newer program");
}

static void test_a_migration_that_fails_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct migrations next =
        next_release(f, "CREATE TABLE more (x INTEGER) STRICT; CREATE TABLE person (x);", 1);
    sqlite3 *db = raw_open(f);

    FAILS(f, migrate_file(f->path, db, next, &f->err), ERR_LEDGER, "_more.sql");
    sqlite3_close(db);
    assert_string_equal(raw_text(f, "PRAGMA user_version"), newest(f, 0));
    assert_string_equal(raw_text(f, "SELECT name FROM sqlite_schema WHERE name = 'more'"), "-");
}

static void test_nobody_migrates_under_a_run_or_a_daemon(void **state)
{
    struct fixture *f = *state;
    struct migrations next = next_release(f, "CREATE TABLE more (x INTEGER) STRICT;", 1);
    sqlite3 *db = raw_open(f);
    bool taken;

    OK(f, ledger_lock(f->ledger, LEDGER_ROLE_DAEMON, 0, &taken, &f->err));
    FAILS(f, migrate_file(f->path, db, next, &f->err), ERR_REFUSED, "a daemon is at work");
    ledger_unlock(f->ledger, LEDGER_ROLE_DAEMON);
    OK(f, ledger_lock(f->ledger, LEDGER_ROLE_RUN, 0, &taken, &f->err));
    FAILS(f, migrate_file(f->path, db, next, &f->err), ERR_REFUSED, "a run is at work");
    sqlite3_close(db);
}

static void test_misnumbered_migrations_are_a_fault_of_the_build(void **state)
{
    struct fixture *f = *state;
    struct migrations next = next_release(f, "SELECT 1;", 2);
    sqlite3 *db = raw_open(f);

    FAILS(f, migrate_file(f->path, db, next, &f->err), ERR_INTERNAL,
          arena_printf(&f->arena, "expected number %s", newest(f, 1)).ptr);
    sqlite3_close(db);
}

/* ---- copies ---- */

static void test_a_backup_is_a_ledger_and_never_overwrites(void **state)
{
    struct fixture *f = *state;
    struct fixture copy = *f;
    struct stat st;

    OK(f, ledger_meta_set(f->ledger, &admin, "org_id", STR("00o1"), &f->err));
    (void)snprintf(copy.path, sizeof(copy.path), "%s/copy.db", f->dir);
    OK(f, ledger_backup(f->ledger, str_of(copy.path), &f->err));
    assert_int_equal(stat(copy.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    FAILS(f, ledger_backup(f->ledger, str_of(copy.path), &f->err), ERR_USAGE, "is there already");
    if (!fixture_open(&copy, false, false, &copy.ledger))
        fail_msg("%s", copy.err.msg);
    assert_string_equal(show_audit(&copy, 0), "meta.changed org_id");
    ledger_close(copy.ledger);
}

static void test_a_backup_of_a_damaged_ledger_is_not_kept(void **state)
{
    struct fixture *f = *state;
    struct str path = arena_printf(&f->arena, "%s/copy.db", f->dir);

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    raw_exec(f->path, "PRAGMA foreign_keys = OFF; INSERT INTO approval (request_id, approver_id,"
                      " asked_at) VALUES ('nowhere', '00u1', 1)");
    FAILS(f, ledger_backup(f->ledger, path, &f->err), ERR_LEDGER, "leads nowhere");
    assert_false(file_exists(path));
}

/* ---- generation ---- */

static const char *const generations[] = {
    [GENERATION_FITS] = "fits",
    [GENERATION_NEW] = "new",
    [GENERATION_OLDER] = "older",
    [GENERATION_OTHER] = "other",
};

static const char *generation_of(struct fixture *f)
{
    enum generation is;
    struct str why;

    OK(f, ledger_generation_check(f->ledger, &is, &f->arena, &why, &f->err));
    return arena_printf(&f->arena, "%s%s%.*s", generations[is], why.len ? ": " : "", STR_ARG(why))
        .ptr;
}

static void copy_file(const char *from, const char *to)
{
    char command[512];

    (void)snprintf(command, sizeof(command), "cp -p %s %s", from, to);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own two names */
}

static void test_the_sidecar_knows_its_ledger(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(generation_of(f), "new: there is no sidecar yet");
    OK(f, ledger_generation_write(f->ledger, false, &f->err));
    assert_string_equal(generation_of(f), "fits");
    OK(f, ledger_meta_set(f->ledger, &admin, "a", STR("1"), &f->err));
    assert_string_equal(generation_of(f), "fits"); /* further than the sidecar is fine */
    OK(f, ledger_generation_write(f->ledger, false, &f->err));
    assert_string_equal(generation_of(f), "fits");
}

static void test_an_old_copy_is_older_also_after_writing_on(void **state)
{
    struct fixture *f = *state;
    struct str copy = arena_printf(&f->arena, "%s/copy.db", f->dir);

    OK(f, ledger_meta_set(f->ledger, &admin, "a", STR("1"), &f->err));
    OK(f, ledger_backup(f->ledger, copy, &f->err));
    OK(f, ledger_meta_set(f->ledger, &admin, "a", STR("2"), &f->err));
    OK(f, ledger_generation_write(f->ledger, false, &f->err));
    ledger_close(f->ledger);
    copy_file(copy.ptr, f->path);
    if (!fixture_open(f, false, false, &f->ledger))
        fail_msg("%s", f->err.msg);
    assert_string_equal(generation_of(f),
                        "older: this ledger ends before audit row 2, which it had");
    FAILS(f, ledger_generation_write(f->ledger, false, &f->err), ERR_REFUSED, "ends before");

    OK(f, ledger_meta_set(f->ledger, &admin, "b", STR("1"), &f->err));
    OK(f, ledger_meta_set(f->ledger, &admin, "b", STR("2"), &f->err));
    assert_string_equal(generation_of(f),
                        "older: this ledger took another course before audit row 2");
    OK(f, ledger_generation_write(f->ledger, true, &f->err));
    assert_string_equal(generation_of(f), "fits");
}

static void test_a_ledger_that_lost_its_sidecar_is_not_taken_for_new(void **state)
{
    struct fixture *f = *state;
    struct str sidecar = arena_printf(&f->arena, "%s.generation", f->path);

    OK(f, ledger_meta_set(f->ledger, &admin, "a", STR("1"), &f->err));
    OK(f, ledger_generation_write(f->ledger, false, &f->err));
    assert_int_equal(unlink(sidecar.ptr), 0);
    assert_string_equal(generation_of(f),
                        "older: its sidecar, which spoke of audit row 1, is missing");
    FAILS(f, ledger_generation_write(f->ledger, false, &f->err), ERR_REFUSED, "is missing");
    assert_false(file_exists(sidecar));
    OK(f, ledger_generation_write(f->ledger, true, &f->err)); /* a person said so */
    assert_string_equal(generation_of(f), "fits");
}

static void test_another_ledger_and_rubbish_are_other(void **state)
{
    struct fixture *f = *state;
    struct str sidecar = arena_printf(&f->arena, "%s.generation", f->path);
    static const char *const texts[] = {"01900000-0000-7000-8000-000000000000 0 \n", "rubbish\n",
                                        "", "a b c\n", "a 1 c\nd 2 e\n"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        OK(f, file_write(sidecar, str_of(texts[i]), 0600, &f->err));
        if (strncmp(generation_of(f), "other", 5) != 0)
            fail_msg("%zu: %s", i, generation_of(f));
        FAILS(f, ledger_generation_write(f->ledger, false, &f->err), ERR_REFUSED, "sidecar");
    }
    assert_int_equal(chmod(sidecar.ptr, 0666), 0);
    enum generation is;
    struct str why;
    FAILS(f, ledger_generation_check(f->ledger, &is, &f->arena, &why, &f->err), ERR_SETTINGS,
          "may be written by group or others");
}

/* ---- locks ---- */

static void test_one_run_at_a_time_and_each_bumps_the_epoch(void **state)
{
    struct fixture *f = *state;
    struct ledger *other = NULL;
    bool taken;

    if (!fixture_open(f, false, false, &other))
        fail_msg("%s", f->err.msg);
    assert_int_equal(ledger_epoch(f->ledger), 0);
    OK(f, ledger_lock(f->ledger, LEDGER_ROLE_RUN, 0, &taken, &f->err));
    assert_true(taken);
    assert_int_equal(ledger_epoch(f->ledger), 1);

    OK(f, ledger_lock(other, LEDGER_ROLE_RUN, 1234, &taken, &f->err));
    assert_false(taken);
    assert_int_equal(f->fake.slept, 1234);
    assert_int_equal(f->fake.longest, 50);
    OK(f, ledger_lock(other, LEDGER_ROLE_DAEMON, 0, &taken, &f->err));
    assert_true(taken); /* the other byte */

    ledger_unlock(f->ledger, LEDGER_ROLE_RUN);
    assert_int_equal(ledger_epoch(f->ledger), 0);
    OK(f, ledger_lock(other, LEDGER_ROLE_RUN, 0, &taken, &f->err));
    assert_true(taken);
    assert_int_equal(ledger_epoch(other), 2);
    ledger_close(other);
    OK(f, ledger_lock(f->ledger, LEDGER_ROLE_RUN, 0, &taken, &f->err));
    assert_true(taken);
    OK(f, ledger_lock(f->ledger, LEDGER_ROLE_RUN, 0, &taken, &f->err));
    assert_true(taken);
    assert_int_equal(ledger_epoch(f->ledger), 3); /* having it already is no new epoch */
}

static void test_waiting_for_a_lock_ends_at_once_when_cancelled(void **state)
{
    struct fixture *f = *state;
    struct ledger *other = NULL;
    bool taken;

    if (!fixture_open(f, false, false, &other))
        fail_msg("%s", f->err.msg);
    OK(f, ledger_lock(other, LEDGER_ROLE_RUN, 0, &taken, &f->err));
    f->fake.cancel_at = 3;
    FAILS(f, ledger_lock(f->ledger, LEDGER_ROLE_RUN, TIME_HOUR, &taken, &f->err), ERR_CANCELLED,
          "waiting for the ledger's lock");
    ledger_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXED(test_a_new_ledger_is_private_and_journals_by_truncation),
        FIXED(test_every_table_is_strict),
        FIXED(test_what_is_not_our_own_private_ledger_is_refused),
        FIXED(test_a_file_of_others_is_never_made_into_a_ledger),
        FIXED(test_a_wal_file_is_converted),
        FIXED(test_a_link_leads_to_the_same_locks),
        FIXED(test_meta_is_read_back_and_a_change_is_audited_once),
        FIXED(test_settings_are_noted_once_a_version),
        FIXED(test_migration_state_and_an_up_to_date_ledger),
        FIXED(test_a_migration_keeps_a_copy_and_applies_once),
        FIXED(test_a_migration_that_fails_changes_nothing),
        FIXED(test_nobody_migrates_under_a_run_or_a_daemon),
        FIXED(test_misnumbered_migrations_are_a_fault_of_the_build),
        FIXED(test_a_backup_is_a_ledger_and_never_overwrites),
        FIXED(test_a_backup_of_a_damaged_ledger_is_not_kept),
        FIXED(test_the_sidecar_knows_its_ledger),
        FIXED(test_an_old_copy_is_older_also_after_writing_on),
        FIXED(test_a_ledger_that_lost_its_sidecar_is_not_taken_for_new),
        FIXED(test_another_ledger_and_rubbish_are_other),
        FIXED(test_one_run_at_a_time_and_each_bumps_the_epoch),
        FIXED(test_waiting_for_a_lock_ends_at_once_when_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#pragma once

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/attr.h"
#include "base/json.h"
#include "ledger/ledger.h"
#include "ledger/ledger_audit.h"
#include "ledger/ledger_finding.h"
#include "ledger/ledger_group.h"
#include "ledger/ledger_log.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"
#include "ledger/ledger_run.h"
#include "support/fake_clock.h"

/* A ledger in a folder of its own, on virtual time. */
struct fixture {
    char dir[64], path[96];
    struct fake_clock fake;
    struct clock clock;
    struct arena arena;
    struct ledger *ledger;
    struct err err;
};

static const struct actor admin = {.who = STR("os:1000"), .door = STR("cli")};

#define NOW FAKE_CLOCK_START

static inline void fixture_begin(struct fixture *f)
{
    f->err = (struct err){0};
}

static inline void fixture_ok(const struct fixture *f, bool ok)
{
    if (!ok)
        fail_msg("%s", f->err.msg);
}

static inline void fixture_fails(const struct fixture *f, bool ok, enum err_kind kind,
                                 const char *part)
{
    assert_false(ok);
    assert_string_equal(err_kind_name(f->err.kind), err_kind_name(kind));
    if (!strstr(f->err.msg, part))
        fail_msg("`%s` is not in: %s", part, f->err.msg);
}

/* A step that must work; says why when it does not. */
#define OK(f, call) (fixture_begin(f), fixture_ok((f), (call)))

/* One that must fail in that way, for that reason. */
#define FAILS(f, call, kind, part) (fixture_begin(f), fixture_fails((f), (call), (kind), (part)))

static bool fixture_open(struct fixture *f, bool may_create, bool may_migrate, struct ledger **out)
{
    struct ledger_options options = {.path = str_of(f->path),
                                     .clock = &f->clock,
                                     .program = "seatkeeper test",
                                     .settings_digest = STR("digest-of-settings"),
                                     .may_create = may_create,
                                     .may_migrate = may_migrate};

    f->err = (struct err){0};
    return ledger_open(&options, out, &f->err);
}

ATTR_UNUSED static int fixture_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    json_init();
    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/seatkeeper-ledger-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->path, sizeof(f->path), "%s/ledger.db", f->dir);
    fake_clock_init(&f->fake);
    f->clock = fake_clock(&f->fake);
    arena_init(&f->arena, (size_t)128 << 20);
    if (!fixture_open(f, true, false, &f->ledger))
        fail_msg("%s", f->err.msg);
    *state = f;
    return 0;
}

ATTR_UNUSED static int fixture_down(void **state)
{
    struct fixture *f = *state;
    DIR *dir = opendir(f->dir);

    ledger_close(f->ledger);
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        char name[512];
        (void)snprintf(name, sizeof(name), "%s/%s", f->dir, e->d_name);
        (void)unlink(name);
    }
    if (dir)
        closedir(dir);
    (void)rmdir(f->dir);
    arena_fini(&f->arena);
    free(f);
    return 0;
}

#define FIXED(test) cmocka_unit_test_setup_teardown(test, fixture_up, fixture_down)

/* ---- past the ledger's back ---- */

ATTR_UNUSED static void raw_exec(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    sqlite3_close(db);
}

/* The first column of the first row, in arena; "-" without a row. */
ATTR_UNUSED static const char *raw_text(struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    const char *out = "-";

    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 60000);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    int rc = sqlite3_step(stmt);
    assert_true(rc == SQLITE_ROW || rc == SQLITE_DONE);
    if (rc == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(stmt, 0);
        out = arena_cstr(&f->arena, str_of(text ? (const char *)text : "NULL"));
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return out;
}

/* `what subject` of every audit row, in order, since that seq. */
ATTR_UNUSED static const char *show_audit(struct fixture *f, int64_t after)
{
    struct audit_filter filter = {.after_seq = after};
    const struct audit_row *rows;
    struct str out = {0};
    size_t n;

    OK(f, ledger_audit_list(f->ledger, &filter, &f->arena, &rows, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        out = arena_printf(&f->arena, "%.*s%s%.*s %.*s", STR_ARG(out), i ? "; " : "",
                           STR_ARG(rows[i].what), STR_ARG(rows[i].subject));
    }
    return out.ptr ? out.ptr : "";
}

ATTR_UNUSED static int64_t audit_rows(struct fixture *f)
{
    struct audit_check check;

    OK(f, ledger_audit_verify(f->ledger, (struct str){0}, &f->arena, &check, &f->err));
    assert_true(check.intact);
    return check.rows;
}

/* ---- things to begin with ---- */

ATTR_UNUSED static void see(struct fixture *f, const char *id, const char *login,
                            enum user_status status)
{
    struct person person = {.id = str_of(id), .login = str_of(login), .status = status};

    OK(f, ledger_see_people(f->ledger, &person, 1, clock_now(&f->clock), &f->err));
}

ATTR_UNUSED static struct person_row person_of(struct fixture *f, const char *id)
{
    struct person_row row = {0};
    bool found = false;

    OK(f, ledger_get_person(f->ledger, str_of(id), &f->arena, &row, &found, &f->err));
    assert_true(found);
    return row;
}

ATTR_UNUSED static struct request file(struct fixture *f, enum request_kind kind, const char *who,
                                       const char *key)
{
    struct request ask = {.kind = kind,
                          .who = str_of(who),
                          .entitlement = STR("kiro"),
                          .plan = STR("pro"),
                          .reason = STR("work"),
                          .key = str_of(key)};
    struct request out = {0};
    enum filed how;

    OK(f, ledger_file_requests(f->ledger, &admin, &ask, 1, &f->arena, &out, &how, &f->err));
    return out;
}

ATTR_UNUSED static struct request request_now(struct fixture *f, int64_t number)
{
    struct request out = {0};
    bool found = false;

    OK(f, ledger_get_request(f->ledger, number, &f->arena, &out, &found, &f->err));
    assert_true(found);
    return out;
}

/* An accepted request of somebody for `kiro`, 30 days from now. */
ATTR_UNUSED static struct request granted(struct fixture *f, const char *id, const char *login)
{
    struct request request = file(f, REQUEST_GRANT, login, NULL);
    struct intake_step step = {.state = REQUEST_ACCEPTED,
                               .reason = STR("accepted"),
                               .decided_by = STR("rule:no-approval"),
                               .plan = STR("pro"),
                               .from_ms = clock_now(&f->clock),
                               .until_ms = clock_now(&f->clock) + 30 * TIME_DAY,
                               .open_grant = true};
    bool taken = false;

    OK(f, ledger_resolve_request(f->ledger, &admin, request.id, str_of(id), &f->err));
    request = request_now(f, request.number);
    OK(f, ledger_take_step(f->ledger, &admin, &request, &step, (struct str){0}, (struct str){0},
                           &f->arena, &taken, &f->err));
    assert_true(taken);
    return request_now(f, request.number);
}

ATTR_UNUSED static struct run_row begin_run(struct fixture *f)
{
    struct run_row run = {0};
    bool taken = false;

    OK(f, ledger_lock(f->ledger, LEDGER_ROLE_RUN, 0, &taken, &f->err));
    assert_true(taken);
    OK(f, ledger_begin_run(f->ledger, &admin, RUN_FULL, STR("s1"), STR("boot-1"), &f->arena, &run,
                           &f->err));
    return run;
}

#include <fcntl.h>

#include "base/file.h"
#include "ledger/ledger_subs.h"
#include "ledger/migrate.h"
#include "unit/ledger/fixture.h"

/* What each migration makes of a ledger that an older release left. */

/* The version that this program's migrations lead to; in arena. */
static const char *newest(struct fixture *f)
{
    return arena_printf(&f->arena, "%zu", migrations_own().n).ptr;
}

static struct migrations release(size_t version)
{
    struct migrations own = migrations_own();

    assert_true(version <= own.n);
    own.n = version;
    return own;
}

/* In place of the fixture's ledger, one of version 1 with what `f->ledger` knows of people, runs
 * and pins, and then `sql`. */
static void make_old(struct fixture *f, const char *sql)
{
    struct str newer = arena_printf(&f->arena, "%s/newer.db", f->dir);
    sqlite3 *db = NULL;

    ledger_close(f->ledger);
    f->ledger = NULL;
    assert_int_equal(rename(f->path, newer.ptr), 0);
    int fd = open(f->path, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    OK(f, migrate_apply(db, release(1), NOW, &f->err));
    (void)sqlite3_close(db);
    raw_exec(f->path, arena_printf(&f->arena,
                                   "ATTACH '%s' AS newer;"
                                   "INSERT INTO person SELECT * FROM newer.person;"
                                   "INSERT INTO run SELECT * FROM newer.run;"
                                   "INSERT INTO group_pin SELECT * FROM newer.group_pin;",
                                   newer.ptr)
                          .ptr);
    raw_exec(f->path, sql);
}

static void pin(struct fixture *f, enum pin_role role, const char *ref)
{
    struct group_pin row = {.role = role,
                            .entitlement = role == PIN_NAMED ? STR("") : STR("kiro"),
                            .plan = role == PIN_PLAN ? STR("pro") : STR(""),
                            .ref = str_of(ref),
                            .group_id = arena_printf(&f->arena, "00g%zu", strlen(ref)),
                            .group_name = str_of(ref)};

    OK(f, ledger_pin_group(f->ledger, &admin, &row, &f->err));
}

/* Ops in every state; every third one asked for by a request. */
#define OLD_OPS                                                                                     \
    "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1399)"               \
    " INSERT INTO op (run_id, seq, op_id, kind, cause, group_id, person_id, entitlement, plan,"     \
    " request_id, due_at, person_version, epoch, state, guard, reason, planned_at, sent_at,"        \
    " settled_at) SELECT (SELECT id FROM run), i, 'op' || i,"                                       \
    " CASE i % 2 WHEN 0 THEN 'okta.add' ELSE 'okta.remove' END, 'granted', '00g' || i % 5, '00u1'," \
    " 'kiro', 'pro', CASE i % 3 WHEN 0 THEN 'r' || i ELSE '' END, i * 7, i % 4, i % 9, s.state,"    \
    " CASE s.state WHEN 'held' THEN 'mode' ELSE '' END, 'why ' || i, 1000 + i,"                     \
    " CASE WHEN s.state IN ('sent', 'unknown', 'done') THEN 2000 + i END,"                          \
    " CASE WHEN s.state IN ('done', 'failed', 'skipped') THEN 3000 + i END"                         \
    " FROM n JOIN (SELECT 0 AS k, 'planned' AS state UNION ALL SELECT 1, 'held'"                    \
    " UNION ALL SELECT 2, 'sent' UNION ALL SELECT 3, 'unknown' UNION ALL SELECT 4, 'done'"          \
    " UNION ALL SELECT 5, 'failed' UNION ALL SELECT 6, 'skipped') s ON s.k = i % 7"

#define ALL_OPS                                                                                  \
    "SELECT group_concat(run_id || '|' || seq || '|' || op_id || '|' || kind || '|' || cause ||" \
    " '|' || group_id || '|' || person_id || '|' || entitlement || '|' || plan || '|' ||"        \
    " request_id || '|' || due_at || '|' || person_version || '|' || epoch || '|' || state ||"   \
    " '|' || guard || '|' || reason || '|' || planned_at || '|' || coalesce(sent_at, '-') ||"    \
    " '|' || coalesce(settled_at, '-'), ';') FROM (SELECT * FROM op ORDER BY run_id, seq)"
#define ALL_PINS                                                                            \
    "SELECT group_concat(role || '|' || entitlement || '|' || plan || '|' || ref || '|' ||" \
    " group_id || '|' || group_name || '|' || pinned_at || '|' || digest, ';')"             \
    " FROM (SELECT * FROM group_pin ORDER BY role, entitlement, plan, ref)"
/* Columns with type, default and place in the key; then indexes and triggers by name; then what
 * the rows point at. */
#define SHAPE(table)                                                                                \
    "SELECT (SELECT group_concat(name || ' ' || type || ' ' || \"notnull\" || ' ' ||"               \
    " coalesce(dflt_value, '-') || ' ' || pk, ', ') FROM pragma_table_info('" table "'))"           \
    " || ' / ' || (SELECT coalesce(group_concat(name), '') FROM (SELECT name FROM sqlite_schema"    \
    " WHERE tbl_name = '" table "' AND type <> 'table' AND name NOT LIKE 'sqlite%'"                 \
    " ORDER BY name)) || ' / ' || (SELECT coalesce(group_concat(\"from\" || '>' || \"table\"), '')" \
    " FROM pragma_foreign_key_list('" table "')) || ' / ' || (SELECT wr || strict FROM"             \
    " pragma_table_list('" table "') WHERE schema = 'main')"

static void make_version_1(struct fixture *f)
{
    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    (void)begin_run(f);
    ledger_unlock(f->ledger, LEDGER_ROLE_RUN);
    pin(f, PIN_PLAN, "Kiro_Pro");
    pin(f, PIN_ASSIGNMENT, "Kiro_Assign");
    pin(f, PIN_NAMED, "Employees");
    make_old(f, OLD_OPS);
}

/* A shape without that column. */
static const char *without(struct fixture *f, const char *shape, const char *column)
{
    const char *at = strstr(shape, column);

    assert_non_null(at);
    return arena_printf(&f->arena, "%.*s%s", (int)(at - shape), shape, at + strlen(column)).ptr;
}

static void test_version_2_keeps_every_op_and_every_pin(void **state)
{
    struct fixture *f = *state;
    const struct group_pin *pins;
    const struct op_row *ops;
    size_t n;

    make_version_1(f);
    const char *op_shape = raw_text(f, SHAPE("op"));
    const char *pin_shape = raw_text(f, SHAPE("group_pin"));
    const char *all_ops = raw_text(f, ALL_OPS);
    const char *all_pins = raw_text(f, ALL_PINS);
    assert_string_equal(raw_text(f, "SELECT count(*) FROM op"), "1400");
    assert_non_null(strstr(op_shape, "op_by_person,op_by_sent,op_removal,op_settled_is_final,"
                                     "op_unsettled"));

    if (!fixture_open(f, false, true, &f->ledger))
        fail_msg("%s", f->err.msg);
    assert_string_equal(raw_text(f, "PRAGMA user_version"), newest(f));
    assert_string_equal(raw_text(f, ALL_OPS), all_ops);
    assert_string_equal(raw_text(f, ALL_PINS), all_pins);
    assert_string_equal(without(f, raw_text(f, SHAPE("op")), ", counts INTEGER 1 1 0"), op_shape);
    assert_string_equal(raw_text(f, "SELECT count(*) FROM op WHERE counts = 1"), "1400");
    assert_string_equal(raw_text(f, SHAPE("group_pin")), pin_shape);
    assert_string_equal(raw_text(f, "PRAGMA integrity_check"), "ok");
    assert_string_equal(raw_text(f, "PRAGMA foreign_key_check"), "-");
    assert_string_equal(raw_text(f, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%next%'"),
                        "0");

    OK(f, ledger_load_pins(f->ledger, &f->arena, &pins, &n, &f->err)); /* digests fit */
    assert_int_equal(n, 3);
    OK(f, ledger_unsettled_ops(f->ledger, &f->arena, &ops, &n, &f->err));
    assert_int_equal(n, 400);
}

static void test_version_1_is_kept_as_a_copy(void **state)
{
    struct fixture *f = *state;
    struct fixture copy = *f;

    arena_init(&copy.arena, (size_t)8 << 20);
    make_version_1(f);
    const char *all_ops = raw_text(f, ALL_OPS);
    if (!fixture_open(f, false, true, &f->ledger))
        fail_msg("%s", f->err.msg);
    (void)snprintf(copy.path, sizeof(copy.path), "%s/ledger.db.before-%s", f->dir, newest(f));
    assert_string_equal(raw_text(&copy, "PRAGMA user_version"), "1");
    assert_string_equal(raw_text(&copy, ALL_OPS), all_ops);
    arena_fini(&copy.arena);
}

static bool takes(struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    (void)sqlite3_close(db);
    return rc == SQLITE_OK;
}

static void test_version_2_takes_what_has_to_do_with_the_store_and_nothing_else(void **state)
{
    static const struct {
        const char *sql;
        bool taken;
    } cases[] = {
        {"UPDATE op SET kind = 'idc.add' WHERE seq = 0", true},
        {"UPDATE op SET kind = 'idc.remove' WHERE seq = 1", true},
        {"UPDATE op SET kind = 'sub.create' WHERE seq = 1", false},
        {"UPDATE op SET state = 'done' WHERE seq = 1", false}, /* settled says when */
        {"UPDATE op SET reason = 'x' WHERE seq = 4", false},   /* settled is final */
        {"UPDATE op SET person_id = '00u9' WHERE seq = 1; PRAGMA foreign_key_check", true},
        {"UPDATE group_pin SET role = 'store' WHERE role = 'plan'", true},
        {"UPDATE group_pin SET role = 'other' WHERE role = 'store'", false},
    };
    struct fixture *f = *state;

    make_version_1(f);
    assert_false(takes(f, cases[0].sql));
    assert_false(takes(f, cases[6].sql));
    if (!fixture_open(f, false, true, &f->ledger))
        fail_msg("%s", f->err.msg);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (takes(f, cases[i].sql) != cases[i].taken)
            fail_msg("%s", cases[i].sql);
    }
}

static const char *plan_of(struct fixture *f, const char *where)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    struct str sql =
        arena_printf(&f->arena, "EXPLAIN QUERY PLAN SELECT count(*) FROM op c WHERE %s", where);

    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql.ptr, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    const char *out = arena_cstr(&f->arena, str_of((const char *)sqlite3_column_text(stmt, 3)));
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    return out;
}

static void test_removals_of_both_kinds_are_counted_from_their_index(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(plan_of(f, "c.kind IN ('okta.remove', 'idc.remove') AND c.sent_at > 5"),
                        "SEARCH c USING INDEX op_removal (sent_at>?)");
}

static void test_an_old_ledger_is_not_opened_without_leave_to_migrate(void **state)
{
    struct fixture *f = *state;
    struct ledger *other = NULL;

    make_old(f, "SELECT 1");
    assert_false(fixture_open(f, false, false, &other));
    assert_string_equal(raw_text(f, "PRAGMA user_version"), "1");
}

static void test_a_migrated_ledger_has_seen_no_subscriptions_yet(void **state)
{
    const struct subs_row row = {
        .user = STR("u1"), .raw = STR("PRO"), .status = STR("active"), .since = NOW};
    struct fixture *f = *state;
    struct subs_memory memory;

    make_version_1(f);
    if (!fixture_open(f, false, true, &f->ledger))
        fail_msg("%s", f->err.msg);
    OK(f, ledger_load_subs(f->ledger, STR("d-1"), &f->arena, &memory, &f->err));
    assert_int_equal(memory.accepted_at, 0);
    assert_int_equal(memory.n, 0);
    OK(f, ledger_store_subs(f->ledger, STR("d-1"), &row, 1, NOW, &f->err));
    OK(f, ledger_load_subs(f->ledger, STR("d-1"), &f->arena, &memory, &f->err));
    assert_int_equal(memory.n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXED(test_version_2_keeps_every_op_and_every_pin),
        FIXED(test_version_1_is_kept_as_a_copy),
        FIXED(test_version_2_takes_what_has_to_do_with_the_store_and_nothing_else),
        FIXED(test_removals_of_both_kinds_are_counted_from_their_index),
        FIXED(test_a_migrated_ledger_has_seen_no_subscriptions_yet),
        FIXED(test_an_old_ledger_is_not_opened_without_leave_to_migrate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

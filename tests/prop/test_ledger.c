#include "base/rng.h"
#include "unit/ledger/fixture.h"

/*
 * What holds for any input: every change to the audit trail is noticed, and what was written is
 * read back. A failing case prints its seed.
 */

#define SEED UINT64_C(20260504)

/* ---- any text ---- */

static struct str any_text(struct rng *rng, struct arena *arena, size_t most)
{
    static const char *const pieces[] = {
        "a",           "Z",  "0",  " ",  "'", "\"", "\\",   "%",    "_",    ";",
        "--",          "/*", "\n", "\t", "ä", "ß",  "申請", "保留", "😀",    "👩‍💻",
        "$1",          "?",  "{}", "é",  ",", "|",  "\x7f", "\x01", "NULL", "DROP TABLE audit",
        "\xe2\x80\xae"};
    struct str out = {0};

    for (size_t n = rng_below(rng, most + 1); n > 0; n--) {
        out =
            arena_printf(arena, "%.*s%s", STR_ARG(out), pieces[rng_below(rng, ARRAY_LEN(pieces))]);
    }
    return out;
}

/* Never the same twice where the numbers differ, and never empty. */
static struct str numbered_text(int number, struct rng *rng, struct arena *arena, size_t most)
{
    struct str text = any_text(rng, arena, most);

    return arena_printf(arena, "%d-%.*s", number, STR_ARG(text));
}

static struct str some_text(struct rng *rng, struct arena *arena, size_t most)
{
    return numbered_text(0, rng, arena, most);
}

/* ---- the audit trail ---- */

struct column {
    const char *name;
    bool is_number;
};

static const struct column columns[] = {
    {"seq", true},        {"at", true},      {"who", false},
    {"door", false},      {"what", false},   {"subject", false},
    {"person_id", false}, {"detail", false}, {"settings_digest", false},
    {"prev", false},      {"hash", false},
};

static void write_trail(struct fixture *f, struct rng *rng)
{
    for (int i = 0; i < 40; i++) {
        struct actor actor = {.who = any_text(rng, &f->arena, 4), .door = STR("cli")};
        struct str value = numbered_text(i, rng, &f->arena, 6);
        OK(f, ledger_meta_set(f->ledger, &actor, "key", value, &f->err));
        fake_clock_pass(&f->fake, rng_between(rng, 0, 5000));
    }
}

static void exec(sqlite3 *db, const char *sql)
{
    char *message = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
}

/* One column of one row, its text with one byte changed, added or gone. */
static struct str spoiled(struct str text, struct rng *rng, struct arena *arena)
{
    char *out = arena_alloc(arena, text.len + 2, 1);
    size_t at = text.len > 0 ? rng_below(rng, text.len) : 0;
    uint64_t how = text.len > 0 ? rng_below(rng, 3) : 1;

    if (text.len > 0)
        memcpy(out, text.ptr, text.len);
    if (how == 0) {
        out[at] = (char)(out[at] ^ (1 << rng_below(rng, 7)));
        return (struct str){out, text.len};
    }
    if (how == 1) {
        out[text.len] = 'x';
        return (struct str){out, text.len + 1};
    }
    memmove(out + at, out + at + 1, text.len - at - 1);
    return (struct str){out, text.len - 1};
}

struct edit {
    sqlite3 *db;
    sqlite3_stmt *read, *write;
    const struct column *column;
    int64_t seq;
};

static void edit_begin(struct edit *edit, sqlite3 *db, const struct column *column, int64_t seq,
                       struct arena *arena)
{
    struct str read =
        arena_printf(arena, "SELECT %s FROM audit WHERE seq = %lld", column->name, (long long)seq);
    struct str write = arena_printf(arena, "UPDATE audit SET %s = ? WHERE seq = ?", column->name);

    *edit = (struct edit){.db = db, .column = column, .seq = seq};
    assert_int_equal(sqlite3_prepare_v2(db, read.ptr, -1, &edit->read, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, write.ptr, -1, &edit->write, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(edit->read), SQLITE_ROW);
}

static void edit_run(struct edit *edit, int64_t seq)
{
    assert_int_equal(sqlite3_bind_int64(edit->write, 2, seq), SQLITE_OK);
    assert_int_equal(sqlite3_step(edit->write), SQLITE_DONE);
    assert_int_equal(sqlite3_changes(edit->db), 1);
    sqlite3_reset(edit->write);
}

static struct str text_of(sqlite3_stmt *stmt, struct arena *arena)
{
    const char *text = (const char *)sqlite3_column_text(stmt, 0);

    return arena_str(arena, (struct str){text, (size_t)sqlite3_column_bytes(stmt, 0)});
}

/* Verifies within the edit's own file; the next edit starts from the trail as it was. */
static bool is_noticed(struct fixture *f)
{
    struct audit_check check;

    OK(f, ledger_audit_verify(f->ledger, (struct str){0}, &f->arena, &check, &f->err));
    return !check.intact && check.bad_seq > 0 && check.why.len > 0;
}

static void check_number_edit(struct fixture *f, struct edit *edit, struct rng *rng)
{
    int64_t was = sqlite3_column_int64(edit->read, 0);
    int64_t now = was ^ (INT64_C(1) << rng_below(rng, 63));
    bool is_seq = strcmp(edit->column->name, "seq") == 0;

    if (is_seq && now >= 1 && now <= 40) /* that row is there already */
        now += 100;
    sqlite3_reset(edit->read);
    assert_int_equal(sqlite3_bind_int64(edit->write, 1, now), SQLITE_OK);
    edit_run(edit, edit->seq);
    if (!is_noticed(f)) {
        fail_msg("row %d: %s = %lld went unnoticed", (int)edit->seq, edit->column->name,
                 (long long)now);
    }
    assert_int_equal(sqlite3_bind_int64(edit->write, 1, was), SQLITE_OK);
    edit_run(edit, is_seq ? now : edit->seq);
}

static void bind_text(struct edit *edit, struct str text)
{
    assert_int_equal(sqlite3_bind_text(edit->write, 1, text.ptr ? text.ptr : "", (int)text.len,
                                       SQLITE_TRANSIENT),
                     SQLITE_OK);
}

static void check_text_edit(struct fixture *f, struct edit *edit, struct rng *rng)
{
    struct str was = text_of(edit->read, &f->arena);
    struct str now = spoiled(was, rng, &f->arena);

    sqlite3_reset(edit->read);
    bind_text(edit, now);
    edit_run(edit, edit->seq);
    if (!is_noticed(f)) {
        fail_msg("row %d: %s = `%.*s` went unnoticed", (int)edit->seq, edit->column->name,
                 STR_ARG(now));
    }
    bind_text(edit, was);
    edit_run(edit, edit->seq);
}

static void test_any_change_of_any_column_of_any_audit_row_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct rng rng = rng_seed(SEED);
    sqlite3 *db = NULL;
    struct audit_check check;

    write_trail(f, &rng);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    exec(db, "PRAGMA synchronous = OFF; PRAGMA journal_mode = TRUNCATE;"
             "DROP TRIGGER audit_is_never_edited;");
    for (int i = 0; i < 10000; i++) {
        arena_mark_t mark = arena_mark(&f->arena);
        struct edit edit;

        edit_begin(&edit, db, &columns[rng_below(&rng, ARRAY_LEN(columns))],
                   rng_between(&rng, 1, 40), &f->arena);
        if (edit.column->is_number) {
            check_number_edit(f, &edit, &rng);
        } else {
            check_text_edit(f, &edit, &rng);
        }
        sqlite3_finalize(edit.read);
        sqlite3_finalize(edit.write);
        arena_reset(&f->arena, mark);
    }
    sqlite3_close(db);
    OK(f, ledger_audit_verify(f->ledger, (struct str){0}, &f->arena, &check, &f->err));
    assert_true(check.intact && check.rows == 40);
}

static void test_a_missing_row_is_noticed_wherever_it_is_missing(void **state)
{
    struct fixture *f = *state;
    struct rng rng = rng_seed(SEED + 1);
    struct audit_check check;
    struct str head;

    write_trail(f, &rng);
    OK(f, ledger_audit_head(f->ledger, &f->arena, &head, &f->err));
    raw_exec(f->path,
             "DROP TRIGGER audit_is_never_deleted; CREATE TABLE kept AS SELECT * FROM audit");
    for (int64_t seq = 1; seq <= 40; seq++) {
        raw_exec(f->path,
                 arena_printf(&f->arena, "DELETE FROM audit WHERE seq = %lld", (long long)seq).ptr);
        OK(f, ledger_audit_verify(f->ledger, head, &f->arena, &check, &f->err));
        assert_false(check.intact);
        assert_int_equal(check.bad_seq, seq);
        raw_exec(f->path,
                 arena_printf(&f->arena, "INSERT INTO audit SELECT * FROM kept WHERE seq = %lld",
                              (long long)seq)
                     .ptr);
    }
    OK(f, ledger_audit_verify(f->ledger, head, &f->arena, &check, &f->err));
    assert_true(check.intact && check.anchored_seq == 40);
}

/* ---- what was written is read back ---- */

static struct request any_request(struct rng *rng, struct arena *arena, int i)
{
    return (struct request){
        .kind = (enum request_kind)rng_below(rng, 4),
        .who = some_text(rng, arena, 8),
        .entitlement = some_text(rng, arena, 4),
        .plan = any_text(rng, arena, 3),
        .from_ms = rng_between(rng, 0, INT64_C(1) << 45),
        .until_ms = rng_between(rng, 0, INT64_C(1) << 45),
        .for_ms = rng_between(rng, 0, INT64_C(1) << 40),
        .reason = any_text(rng, arena, 30),
        .confirm_one_way = rng_chance(rng, 50),
        .principal = some_text(rng, arena, 5),
        .requester = any_text(rng, arena, 5),
        .may_decide = rng_chance(rng, 50),
        .door = some_text(rng, arena, 2),
        .key = numbered_text(i, rng, arena, 5),
    };
}

static const char *show_request(const struct request *r, struct arena *arena)
{
    return arena_printf(arena, "%d|%.*s|%.*s|%.*s|%lld|%lld|%lld|%.*s|%d|%.*s|%.*s|%d|%.*s|%.*s",
                        r->kind, STR_ARG(r->who), STR_ARG(r->entitlement), STR_ARG(r->plan),
                        (long long)r->from_ms, (long long)r->until_ms, (long long)r->for_ms,
                        STR_ARG(r->reason), r->confirm_one_way, STR_ARG(r->principal),
                        STR_ARG(r->requester), r->may_decide, STR_ARG(r->door), STR_ARG(r->key))
        .ptr;
}

static void test_requests_of_any_text_are_read_back(void **state)
{
    struct fixture *f = *state;
    struct rng rng = rng_seed(SEED + 2);

    for (int i = 0; i < 500; i++) {
        arena_mark_t mark = arena_mark(&f->arena);
        struct request ask = any_request(&rng, &f->arena, i);
        struct request out, back;
        enum filed how;
        bool found;

        OK(f, ledger_file_requests(f->ledger, &admin, &ask, 1, &f->arena, &out, &how, &f->err));
        assert_int_equal(how, FILED_NEW);
        OK(f, ledger_get_request(f->ledger, out.number, &f->arena, &back, &found, &f->err));
        assert_true(found);
        assert_string_equal(show_request(&back, &f->arena), show_request(&ask, &f->arena));
        OK(f, ledger_file_requests(f->ledger, &admin, &ask, 1, &f->arena, &out, &how, &f->err));
        assert_int_equal(how, FILED_SAME);
        arena_reset(&f->arena, mark);
    }
    assert_int_equal(audit_rows(f), 500);
}

static const char *show_grant(struct str entitlement, struct str plan, int64_t from, int64_t until,
                              struct str owner, struct arena *arena)
{
    return arena_printf(arena, "%.*s|%.*s|%lld|%lld|%.*s", STR_ARG(entitlement), STR_ARG(plan),
                        (long long)from, (long long)until, STR_ARG(owner))
        .ptr;
}

static void test_people_and_grants_of_any_text_are_read_back(void **state)
{
    struct fixture *f = *state;
    struct rng rng = rng_seed(SEED + 3);

    for (int i = 0; i < 300; i++) {
        arena_mark_t mark = arena_mark(&f->arena);
        struct profile_value value = {some_text(&rng, &f->arena, 3), any_text(&rng, &f->arena, 20)};
        struct person person = {.id = numbered_text(i, &rng, &f->arena, 4),
                                .login = some_text(&rng, &f->arena, 8),
                                .last_name = some_text(&rng, &f->arena, 8),
                                .status = USER_ACTIVE,
                                .profile = &value,
                                .n_profile = 1};
        struct adoption row = {.person = person.id,
                               .entitlement = some_text(&rng, &f->arena, 4),
                               .plan = some_text(&rng, &f->arena, 4),
                               .group = some_text(&rng, &f->arena, 4),
                               .from_ms = rng_between(&rng, 1, 1000),
                               .until_ms = rng_between(&rng, 2000, INT64_C(1) << 45),
                               .owner = any_text(&rng, &f->arena, 4)};
        struct grant *grants;
        size_t n;

        OK(f, ledger_see_people(f->ledger, &person, 1, NOW, &f->err));
        OK(f, ledger_adopt(f->ledger, &admin, &row, 1, &f->err));
        struct person_row back = person_of(f, arena_cstr(&f->arena, person.id));
        assert_true(str_eq(back.person.login, person.login));
        assert_true(str_eq(back.person.last_name, person.last_name));
        assert_true(str_eq(person_profile(&back.person, value.name), value.value));
        OK(f, ledger_person_grants(f->ledger, person.id, &f->arena, &grants, &n, &f->err));
        assert_int_equal(n, 1);
        assert_string_equal(
            show_grant(grants[0].entitlement, grants[0].plan, grants[0].from_ms, grants[0].until_ms,
                       grants[0].owner, &f->arena),
            show_grant(row.entitlement, row.plan, row.from_ms, row.until_ms, row.owner, &f->arena));
        arena_reset(&f->arena, mark);
    }
    assert_int_equal(audit_rows(f), 300);
}

static void test_findings_of_any_text_are_read_back(void **state)
{
    struct fixture *f = *state;
    struct rng rng = rng_seed(SEED + 4);

    for (int i = 0; i < 300; i++) {
        arena_mark_t mark = arena_mark(&f->arena);
        struct finding one = {.kind = (enum finding_kind)rng_below(&rng, FINDING_KIND_COUNT),
                              .severity = (enum severity)rng_below(&rng, 3),
                              .entitlement = any_text(&rng, &f->arena, 4),
                              .person = any_text(&rng, &f->arena, 4),
                              .login = any_text(&rng, &f->arena, 8),
                              .group = any_text(&rng, &f->arena, 4),
                              .hop = any_text(&rng, &f->arena, 2),
                              .detail = any_text(&rng, &f->arena, 30),
                              .remedy = any_text(&rng, &f->arena, 20),
                              .actor = any_text(&rng, &f->arena, 6),
                              .cost_minor = rng_between(&rng, -1000000, 1000000),
                              .subject = any_text(&rng, &f->arena, 6),
                              .may_ack = rng_chance(&rng, 50)};
        struct finding_row back;
        bool found;

        OK(f, ledger_publish_findings(f->ledger, &one, 1, NULL, 0, NOW, &f->arena, &f->err));
        OK(f, ledger_get_finding(f->ledger, one.id, &f->arena, &back, &found, &f->err));
        assert_true(found);
        const struct finding *b = &back.finding;
        assert_true(b->kind == one.kind && b->severity == one.severity &&
                    str_eq(b->entitlement, one.entitlement) && str_eq(b->person, one.person) &&
                    str_eq(b->login, one.login) && str_eq(b->group, one.group) &&
                    str_eq(b->hop, one.hop) && str_eq(b->detail, one.detail) &&
                    str_eq(b->remedy, one.remedy) && str_eq(b->actor, one.actor) &&
                    b->cost_minor == one.cost_minor && str_eq(b->subject, one.subject) &&
                    b->may_ack == one.may_ack && str_eq(b->command, one.command) &&
                    str_eq(b->key, one.key) && b->since_ms == one.since_ms);
        arena_reset(&f->arena, mark);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXED(test_any_change_of_any_column_of_any_audit_row_is_noticed),
        FIXED(test_a_missing_row_is_noticed_wherever_it_is_missing),
        FIXED(test_requests_of_any_text_are_read_back),
        FIXED(test_people_and_grants_of_any_text_are_read_back),
        FIXED(test_findings_of_any_text_are_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

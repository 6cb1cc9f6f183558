#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "core/money.h"
#include "core/report.h"

#define WORD(text)                \
    {                             \
        "" text, sizeof(text) - 1 \
    }
#define NOON INT64_C(1777896000000) /* 2026-05-04T12:00:00Z */

#define ADD(name, where, why, cost)                                                           \
    {                                                                                         \
        .id = WORD("op-" name), .kind = OP_OKTA_ADD, .cause = CAUSE_GRANTED,                  \
        .group = WORD("00gKIRO"), .person = WORD("00u" name), .entitlement = WORD("kiro-jp"), \
        .plan = WORD(where), .login = WORD(name "@example.com"),                              \
        .group_name = WORD("AWS_kiro_JP_Users"), .reason = WORD(why), .cost_minor = (cost)    \
    }
#define REMOVE(name, where, because, why, cost)                                               \
    {                                                                                         \
        .id = WORD("op-" name), .kind = OP_OKTA_REMOVE, .cause = (because),                   \
        .group = WORD("00gKIRO"), .person = WORD("00u" name), .entitlement = WORD("kiro-jp"), \
        .plan = WORD(where), .login = WORD(name "@example.com"),                              \
        .group_name = WORD("AWS_kiro_JP_Users"), .reason = WORD(why), .cost_minor = (cost)    \
    }

static const struct op taro = ADD("taro", "kiro-pro", "granted by R17", 2000);
static const struct op jiro = ADD("jiro", "kiro-pro", "granted by R18", 2000);
static const struct op hana = ADD("hana", "kiro-pro-plus", "granted by R19", 4000);
static const struct op ken = REMOVE("ken", "kiro-pro", CAUSE_EXPIRED, "ended 2026-05-03", -2000);
static const struct op mai = REMOVE("mai", "kiro-pro", CAUSE_MOVED, "moved by R12", -2000);

static const struct report_entitlement ents[] = {
    {WORD("kiro-jp"), MODE_ENFORCE, 12, 14, 11, true},
    {WORD("kiro-us"), MODE_OBSERVE, 3, 0, 2, false},
};
static const struct finding findings[] = {
    {.kind = FINDING_UNMANAGED_MEMBER,
     .severity = SEVERITY_TICKET,
     .entitlement = WORD("kiro-jp"),
     .person = WORD("00uEVE"),
     .login = WORD("eve@example.com"),
     .group = WORD("00gKIRO"),
     .since_ms = NOON,
     .detail = WORD("In AWS_kiro_JP_Users without a request."),
     .remedy = WORD("Adopt the seat, or take the person out."),
     .id = WORD("F-3K7"),
     .command = WORD("seatkeeper adopt -e kiro-jp --out adopt.csv"),
     .actor = WORD("admin@example.com"),
     .cost_minor = 2000},
};

static struct report report_of(const struct report_op *ops, size_t n)
{
    return (struct report){.run = STR("0196-run"),
                           .digest = STR("d1"),
                           .currency = STR("USD"),
                           .environment = STR("prod"),
                           .started_at = NOON,
                           .finished_at = NOON + 1500,
                           .ops = ops,
                           .n_ops = n};
}

static const char *show(const struct report_summary *sum, struct arena *arena)
{
    return arena_printf(arena,
                        "+%zu -%zu ~%zu held %zu (%zu alarm) failed %zu unknown %zu "
                        "waiting %zu%s",
                        sum->adds, sum->removes, sum->changes, sum->held, sum->held_alarm,
                        sum->failed, sum->unknown, sum->waiting, sum->converged ? " converged" : "")
        .ptr;
}

#define NO \
    {      \
        0  \
    }
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order it is read */
static const struct {
    struct report_op ops[3];
    size_t n;
    bool dry, away, failed;
    const char *sum;
    int reconcile, plan, plan_asked;
} exit_cases[] = {
    {{NO}, 0, 0, 0, 0, "+0 -0 ~0 held 0 (0 alarm) failed 0 unknown 0 waiting 0 converged", 0, 0, 0},
    {{{&taro, OP_DONE, NULL, false, NO}, {&mai, OP_DONE, NULL, false, NO}},
     2,
     0,
     0,
     0,
     "+1 -1 ~1 held 0 (0 alarm) failed 0 unknown 0 waiting 0 converged",
     0,
     0,
     0},
    {{{&taro, OP_PLANNED, NULL, false, NO}},
     1,
     true,
     0,
     0,
     "+1 -0 ~0 held 0 (0 alarm) failed 0 unknown 0 waiting 0",
     0,
     0,
     3},
    {{{&taro, OP_PLANNED, NULL, false, NO}},
     1,
     0,
     0,
     0,
     "+1 -0 ~0 held 0 (0 alarm) failed 0 unknown 0 waiting 1",
     3,
     0,
     3},
    {{{&taro, OP_SKIPPED, NULL, false, NO}},
     1,
     0,
     0,
     0,
     "+0 -0 ~0 held 0 (0 alarm) failed 0 unknown 0 waiting 1",
     3,
     0,
     3},
    {{{&taro, OP_UNKNOWN, NULL, false, NO}},
     1,
     0,
     0,
     0,
     "+0 -0 ~0 held 0 (0 alarm) failed 0 unknown 1 waiting 0",
     3,
     0,
     3},
    {{{&taro, OP_SENT, NULL, false, NO}},
     1,
     0,
     0,
     0,
     "+0 -0 ~0 held 0 (0 alarm) failed 0 unknown 1 waiting 0",
     3,
     0,
     3},
    /* waiting for policy, a grace, a proof is done */
    {{{&taro, OP_HELD, "mode", false, NO},
      {&ken, OP_HELD, "grace", false, NO},
      {&mai, OP_HELD, "proof", false, NO}},
     3,
     0,
     0,
     0,
     "+0 -0 ~0 held 3 (0 alarm) failed 0 unknown 0 waiting 0 converged",
     0,
     0,
     0},
    {{{&taro, OP_HELD, "limit", false, NO}},
     1,
     0,
     0,
     0,
     "+0 -0 ~0 held 1 (0 alarm) failed 0 unknown 0 waiting 1 converged",
     3,
     0,
     3},
    {{{&taro, OP_HELD, "rate-of-adds", false, NO}},
     1,
     0,
     0,
     0,
     "+0 -0 ~0 held 1 (0 alarm) failed 0 unknown 0 waiting 1 converged",
     3,
     0,
     3},
    {{{&ken, OP_HELD, "budget", false, NO}},
     1,
     0,
     0,
     0, /* drips */
     "+0 -0 ~0 held 1 (0 alarm) failed 0 unknown 0 waiting 1 converged",
     3,
     0,
     3},
    {{{&ken, OP_HELD, "budget", true, NO}, {&taro, OP_DONE, NULL, false, NO}},
     2,
     0,
     0,
     0,
     "+1 -0 ~0 held 1 (1 alarm) failed 0 unknown 0 waiting 0",
     4,
     4,
     4},
    {{{&ken, OP_HELD, "shrunk", true, NO}, {&taro, OP_HELD, "limit", false, NO}},
     2,
     0,
     true,
     0,
     "+0 -0 ~0 held 2 (1 alarm) failed 0 unknown 0 waiting 1",
     4,
     4,
     4},
    {{{&taro, OP_HELD, "limit", false, NO}},
     1,
     0,
     true,
     0,
     "+0 -0 ~0 held 1 (0 alarm) failed 0 unknown 0 waiting 1",
     5,
     5,
     5},
    {{{&taro, OP_FAILED, NULL, false, NO}, {&ken, OP_HELD, "shrunk", true, NO}},
     2,
     0,
     true,
     0,
     "+0 -0 ~0 held 1 (1 alarm) failed 1 unknown 0 waiting 0",
     1,
     1,
     1},
    {{NO}, 0, 0, 0, true, "+0 -0 ~0 held 0 (0 alarm) failed 0 unknown 0 waiting 0", 1, 1, 1},
};

static void test_the_first_exit_code_that_applies_is_taken(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(exit_cases); i++) {
        struct report report = report_of(exit_cases[i].ops, exit_cases[i].n);
        struct report_summary sum;

        report.dry = exit_cases[i].dry;
        report.remote_away = exit_cases[i].away;
        report.failed = exit_cases[i].failed;
        sum = report_summarize(&report);
        assert_string_equal(show(&sum, *state), exit_cases[i].sum);
        assert_int_equal(report_exit_reconcile(&report), exit_cases[i].reconcile);
        assert_int_equal(report_exit_plan(&report, false), exit_cases[i].plan);
        assert_int_equal(report_exit_plan(&report, true), exit_cases[i].plan_asked);
    }
}

static const struct report_op mixed[] = {
    {&hana, OP_DONE, NULL, false, WORD("")},
    {&taro, OP_DONE, NULL, false, WORD("")},
    {&jiro, OP_HELD, "limit", false, WORD("max_seats is 300: place 1 in the queue")},
    {&ken, OP_HELD, "shrunk", true, WORD("the listing lost 4 of 12 people")},
    {&mai, OP_FAILED, NULL, false, WORD("okta: 403 Forbidden")},
};
static const struct report_intake intake[] = {
    {17, WORD("taro@example.com"), WORD("accepted"), WORD("taro@example.com gets kiro-pro.")}};

static struct report full_report(void)
{
    struct report report = report_of(mixed, ARRAY_LEN(mixed));

    report.ents = ents;
    report.n_ents = ARRAY_LEN(ents);
    report.findings = findings;
    report.n_findings = ARRAY_LEN(findings);
    report.intake = intake;
    report.n_intake = ARRAY_LEN(intake);
    return report;
}

static const char *text_of(const struct report *report, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf out = {0};

    report_text(report, &out);
    return arena_cstr(arena, buf_str(&out));
}

static void test_text_says_what_was_done_then_held_then_found(void **state)
{
    struct report report = full_report();

    assert_string_equal(
        text_of(&report, *state),
        "prod: 2 added, 0 removed, 2 held, 1 failed; the monthly cost changes by at most +60.00 "
        "USD.\n"
        "Done (2):\n"
        "  +  taro@example.com  kiro-jp  kiro-pro       granted by R17\n"
        "  +  hana@example.com  kiro-jp  kiro-pro-plus  granted by R19\n"
        "Failed (1):\n"
        "  -  mai@example.com  kiro-jp  kiro-pro  okta: 403 Forbidden\n"
        "Held (2):\n"
        "  by limit, 1: max_seats is 300: place 1 in the queue\n"
        "    +  jiro@example.com  kiro-jp  kiro-pro\n"
        "  by shrunk, 1, until somebody acts: the listing lost 4 of 12 people\n"
        "    -  ken@example.com  kiro-jp  kiro-pro\n"
        "Requests (1):\n"
        "  R17  taro@example.com  accepted  taro@example.com gets kiro-pro.\n"
        "Findings (1):\n"
        "  F-3K7  ticket  unmanaged_member  kiro-jp  eve@example.com  since 2026-05-04 12:00\n"
        "      In AWS_kiro_JP_Users without a request.\n"
        "      By: admin@example.com\n"
        "      Adopt the seat, or take the person out.\n"
        "      Next: seatkeeper adopt -e kiro-jp --out adopt.csv\n"
        "Entitlements:\n"
        "  kiro-jp  mode enforce  granted to 12  in the groups 14          of them ours 11\n"
        "  kiro-us  mode observe  granted to 3   groups could not be read  of them ours 2\n");
}

static void test_a_plan_says_what_is_to_do(void **state)
{
    static const struct report_op ops[] = {{&ken, OP_PLANNED, NULL, false, NO},
                                           {&jiro, OP_PLANNED, NULL, false, NO}};
    struct report report = report_of(ops, 2);

    report.dry = true;
    assert_string_equal(text_of(&report, *state),
                        "prod: 1 to add, 1 to remove.\n"
                        "To do (2):\n"
                        "  +  jiro@example.com  kiro-jp  kiro-pro  granted by R18\n"
                        "  -  ken@example.com   kiro-jp  kiro-pro  ended 2026-05-03\n");
    report.dry = false;
    assert_string_equal(text_of(&report, *state),
                        "prod: 0 added, 0 removed.\n"
                        "Left for the next run (2):\n"
                        "  +  jiro@example.com  kiro-jp  kiro-pro  granted by R18\n"
                        "  -  ken@example.com   kiro-jp  kiro-pro  ended 2026-05-03\n");
}

static void test_nothing_to_do_is_said_only_where_it_is_known(void **state)
{
    struct report report = report_of(NULL, 0);

    assert_string_equal(text_of(&report, *state), "prod: Nothing to do.\n");
    report.remote_away = true;
    assert_string_equal(text_of(&report, *state),
                        "prod: not everything could be read. 0 added, 0 removed.\n");
    report.failed = true;
    assert_string_equal(text_of(&report, *state), "prod: the run failed. 0 added, 0 removed.\n");
}

static void test_reasons_that_differ_are_said_row_by_row(void **state)
{
    static const struct report_op ops[] = {
        {&ken, OP_HELD, "grace", false, WORD("until 2026-05-05")},
        {&mai, OP_HELD, "grace", false, WORD("until 2026-05-06")}};
    struct report report = report_of(ops, 2);

    assert_string_equal(text_of(&report, *state),
                        "prod: 0 added, 0 removed, 2 held.\n"
                        "Held (2):\n"
                        "  by grace, 2\n"
                        "    -  ken@example.com  kiro-jp  kiro-pro  until 2026-05-05\n"
                        "    -  mai@example.com  kiro-jp  kiro-pro  until 2026-05-06\n");
}

static void test_hostile_names_cannot_act_on_a_terminal(void **state)
{
    struct op op = taro;
    struct report_op row = {&op, OP_DONE, NULL, false, WORD("because\r\x1b[2J")};
    struct finding finding = findings[0];
    struct report report = report_of(&row, 1);
    const char *text;

    op.login = STR("\x1b]0;owned\x07@example.com\nDone (99):");
    finding.login = STR("\xe2\x80\xae"
                        "evil");
    finding.detail = STR("line one\nline two");
    report.findings = &finding;
    report.n_findings = 1;
    text = text_of(&report, *state);
    for (const char *c = text; *c; c++)
        assert_true(*c == '\n' || (unsigned char)*c >= 0x20);
    assert_null(strstr(text, "\nDone (99)"));
    assert_null(strstr(text, "\nline two"));
    assert_null(strstr(text, "\xe2\x80\xae"));
}

static void test_wide_characters_keep_columns_aligned(void **state)
{
    struct op wide = taro;
    const struct report_op ops[] = {{&wide, OP_DONE, NULL, false, NO},
                                    {&jiro, OP_DONE, NULL, false, NO}};
    struct report report = report_of(ops, 2);

    wide.login = STR("\xe5\xb1\xb1\xe7\x94\xb0"); /* two characters, four columns */
    wide.cost_minor = 0;
    assert_non_null(
        strstr(text_of(&report, *state), "  +  \xe5\xb1\xb1\xe7\x94\xb0              kiro-jp"));
}

static void test_long_lists_are_cut_and_say_so(void **state)
{
    struct report_op ops[250];
    struct report report = report_of(ops, ARRAY_LEN(ops));
    const char *text;
    size_t lines = 0;

    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        ops[i] = (struct report_op){&taro, OP_DONE, NULL, false, NO};
    text = text_of(&report, *state);
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 103);
    assert_non_null(strstr(text, "  ... and 150 more; --json lists them all\n"));
}

static const struct json *at(const struct json *value, const char *key, size_t i)
{
    const struct json *element = json_first(json_get(value, key));

    while (i-- > 0)
        element = json_next(element);
    return element;
}

static const char *keys_of(const struct json *value, struct arena *arena)
{
    struct str keys = {0};

    for (const struct json *e = json_first(value); e; e = json_next(e)) {
        keys = arena_printf(arena, "%.*s%s%.*s", STR_ARG(keys), keys.len > 0 ? " " : "",
                            STR_ARG(json_key(e)));
    }
    return keys.ptr;
}

static void test_json_has_the_members_that_programs_rely_on(void **state)
{
    struct report report = full_report();
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(json_close) const struct json *root = NULL;
    struct err err = {0};
    struct str text;
    int64_t number;
    bool flag;

    report_json(&report, &out);
    assert_true(json_parse(buf_str(&out), "report", &root, &err));
    assert_string_equal(keys_of(root, *state),
                        "run digest currency environment dry started_at finished_at entitlements "
                        "ops findings intake summary converged");
    assert_string_equal(keys_of(at(root, "entitlements", 0), *state),
                        "name mode desired actual owned readable");
    assert_string_equal(keys_of(at(root, "ops", 0), *state),
                        "id op person okta_id entitlement plan group cause state guard reason "
                        "request cost_minor");
    assert_string_equal(keys_of(at(root, "findings", 0), *state),
                        "id kind severity entitlement person okta_id group hop since detail remedy "
                        "command actor cost_minor");
    assert_string_equal(keys_of(json_get(root, "summary"), *state),
                        "adds removes changes held failed unknown");

    assert_true(json_str(at(root, "ops", 2), "op", &text, &err) && str_is(text, "okta.add"));
    assert_true(json_str(at(root, "ops", 2), "guard", &text, &err) && str_is(text, "limit"));
    assert_true(json_str_opt(at(root, "ops", 0), "guard", &text, &err) && text.len == 0);
    assert_true(json_str(at(root, "ops", 0), "reason", &text, &err) &&
                str_is(text, "granted by R19"));
    assert_true(json_i64(json_get(root, "summary"), "adds", &number, &err) && number == 2);
    assert_true(json_i64(json_get(root, "summary"), "held", &number, &err) && number == 2);
    assert_true(json_i64(at(root, "entitlements", 0), "actual", &number, &err) && number == 14);
    /* Not read is not zero. */
    assert_false(json_i64(at(root, "entitlements", 1), "actual", &number, &err));
    assert_true(json_bool_opt(root, "converged", true, &flag, &err) && !flag);
}

static void test_findings_alone_are_json_csv_and_text(void **state)
{
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(json_close) const struct json *root = NULL;
    struct finding finding = findings[0];
    struct err err = {0};

    finding.login = STR("=cmd()");
    findings_json(&finding, 1, &out);
    assert_true(json_parse(buf_str(&out), "findings", &root, &err));
    assert_string_equal(keys_of(root, *state), "findings");
    assert_int_equal(json_count(json_get(root, "findings")), 1);

    buf_clear(&out);
    findings_csv(&finding, 1, &out);
    assert_string_equal(
        out.ptr,
        "id,kind,severity,entitlement,person,hop,since,detail,remedy,command,actor,cost_minor\r\n"
        "F-3K7,unmanaged_member,ticket,kiro-jp,'=cmd(),,2026-05-04T12:00:00.000Z,"
        "In AWS_kiro_JP_Users without a request.,\"Adopt the seat, or take the person out.\","
        "seatkeeper adopt -e kiro-jp --out adopt.csv,admin@example.com,2000\r\n");

    buf_clear(&out);
    findings_text(&finding, 0, &out);
    assert_string_equal(out.ptr, "Nothing found.\n");
}

static void test_seats_are_json_csv_and_text(void **state)
{
    const struct grant grant = {.id = STR("g1"),
                                .plan = STR("kiro-pro"),
                                .from_ms = NOON,
                                .until_ms = NOON + TIME_DAY,
                                .request = STR("r1")};
    const struct hop_state hops[] = {{.hop = HOP_OKTA,
                                      .state = HOP_LATE,
                                      .since_ms = NOON,
                                      .deadline_ms = NOON + TIME_HOUR,
                                      .cause = STR("held by limit"),
                                      .remedy = STR("wait"),
                                      .why = HOP_CAUSE_HELD,
                                      .usual_ms = 120000,
                                      .at_most_ms = 360000},
                                     {.hop = HOP_USER, .state = HOP_NOT_APPLICABLE}};
    const struct seat_row rows[] = {{STR("taro@example.com"), STR("00uTARO"), STR("kiro-jp"),
                                     STR("kiro-pro"), STR("boss@example.com"), NOON + TIME_DAY,
                                     true, &grant, 1, hops, 2},
                                    {STR(""), STR("00uEVE"), STR("kiro-jp"), STR("kiro-pro"),
                                     STR(""), 0, false, NULL, 0, NULL, 0}};
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(json_close) const struct json *root = NULL;
    struct err err = {0};

    seats_json(rows, 2, &out);
    assert_true(json_parse(buf_str(&out), "seats", &root, &err));
    assert_string_equal(keys_of(at(root, "seats", 0), *state),
                        "person okta_id entitlement plan until owner owned grants hops");
    assert_string_equal(keys_of(at(at(root, "seats", 0), "hops", 0), *state),
                        "hop state since deadline cause remedy why usual_ms at_most_ms");
    assert_string_equal(keys_of(at(at(root, "seats", 0), "hops", 1), *state),
                        "hop state since deadline cause remedy why");

    buf_clear(&out);
    seats_csv(rows, 2, &out);
    assert_string_equal(
        out.ptr,
        "person,okta_id,entitlement,plan,until,owner,owned,okta,user,pushed,seat,in_use\r\n"
        "taro@example.com,00uTARO,kiro-jp,kiro-pro,2026-05-05T12:00:00.000Z,boss@example.com,yes,"
        "late,not_applicable,,,\r\n"
        "00uEVE,00uEVE,kiro-jp,kiro-pro,,,no,,,,,\r\n");

    buf_clear(&out);
    seats_text(rows, 2, &out);
    assert_string_equal(
        out.ptr, "taro@example.com  kiro-jp  kiro-pro  until 2026-05-05  okta late  held by limit\n"
                 "00uEVE            kiro-jp  kiro-pro  not managed       -\n");
    buf_clear(&out);
    seats_text(rows, 0, &out);
    assert_string_equal(out.ptr, "Nobody holds a seat.\n");
}

static void test_money_is_written_in_the_units_of_its_currency(void **state)
{
    static const struct {
        int64_t minor;
        const char *currency, *text;
    } cases[] = {
        {2000, "USD", "20.00 USD"},
        {5, "EUR", "0.05 EUR"},
        {-5, "USD", "-0.05 USD"},
        {0, "USD", "0.00 USD"},
        {300, "JPY", "300 JPY"},
        {-300, "JPY", "-300 JPY"},
        {INT64_MIN, "USD", "-92,233,720,368,547,758.08 USD"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str text = money_str(cases[i].minor, str_of(cases[i].currency), *state);

        assert_string_equal(arena_cstr(*state, text), cases[i].text);
    }
}

static int new_arena(void **state)
{
    static struct arena arena;

    json_init();
    arena_init(&arena, 1 << 18);
    *state = &arena;
    return 0;
}

static int drop_arena(void **state)
{
    arena_fini(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_exit_code_that_applies_is_taken),
        cmocka_unit_test(test_text_says_what_was_done_then_held_then_found),
        cmocka_unit_test(test_a_plan_says_what_is_to_do),
        cmocka_unit_test(test_nothing_to_do_is_said_only_where_it_is_known),
        cmocka_unit_test(test_reasons_that_differ_are_said_row_by_row),
        cmocka_unit_test(test_hostile_names_cannot_act_on_a_terminal),
        cmocka_unit_test(test_wide_characters_keep_columns_aligned),
        cmocka_unit_test(test_long_lists_are_cut_and_say_so),
        cmocka_unit_test(test_json_has_the_members_that_programs_rely_on),
        cmocka_unit_test(test_findings_alone_are_json_csv_and_text),
        cmocka_unit_test(test_seats_are_json_csv_and_text),
        cmocka_unit_test(test_money_is_written_in_the_units_of_its_currency),
    };

    return cmocka_run_group_tests(tests, new_arena, drop_arena);
}

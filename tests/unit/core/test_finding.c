#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "core/finding.h"

static struct finding sample(void)
{
    return (struct finding){.kind = FINDING_UNMANAGED_MEMBER,
                            .severity = SEVERITY_TICKET,
                            .entitlement = STR("kiro-jp"),
                            .person = STR("00uTARO"),
                            .login = STR("taro@example.com"),
                            .group = STR("00gKIRO")};
}

static void test_kinds_and_severities_read_back_as_what_they_name(void **state)
{
    static const char expected[] =
        "unmanaged_member missing_member overdue_removal removed_outside late_hop lingering_seat "
        "orphan_subscription orphan_grant wrong_plan unknown_plan double_seat unused_seat "
        "inactive_person person_gone ineligible_holder identity_conflict group_changed "
        "rule_on_group scim_broken scim_expiring shrunk_listing held_removals settings_changed "
        "foreign_self instance_changed clock flapping halted_rollout remote_unavailable ";
    struct str names = {0};

    for (int i = 0; i < FINDING_KIND_COUNT; i++) {
        const char *name = finding_kind_name((enum finding_kind)i);
        enum finding_kind kind;

        assert_true(finding_kind_parse(str_of(name), &kind));
        assert_int_equal(kind, i);
        names = arena_printf(*state, "%.*s%s ", STR_ARG(names), name);
    }
    assert_string_equal(names.ptr, expected);
    for (int i = SEVERITY_INFO; i <= SEVERITY_PAGE; i++) {
        enum severity severity;

        assert_true(severity_parse(str_of(severity_name((enum severity)i)), &severity));
        assert_int_equal(severity, i);
    }
    enum finding_kind kind;
    enum severity severity;
    assert_false(finding_kind_parse(STR("drift"), &kind));
    assert_false(severity_parse(STR("Page"), &severity));
}

static void test_one_thing_has_one_key_however_it_stands_today(void **state)
{
    struct finding first = sample();
    struct finding later = sample();
    struct finding others[5];

    later.detail = STR("still there");
    later.severity = SEVERITY_PAGE;
    later.login = STR("t.yamada@example.com"); /* a label */
    later.since_ms = 5;
    later.cost_minor = 2000;
    finding_make_key(&first, *state);
    finding_make_key(&later, *state);
    assert_int_equal(first.key.len, 64);
    assert_true(str_eq(first.key, later.key));

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        others[i] = sample();
    others[0].kind = FINDING_DOUBLE_SEAT;
    others[1].entitlement = STR("kiro-us");
    others[2].person = STR("00uHANAKO");
    others[3].group = STR("00gOTHER");
    others[4].hop = STR("okta");
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        finding_make_key(&others[i], *state);
        assert_false(str_eq(first.key, others[i].key));
    }
}

static void test_a_variant_tells_apart_what_is_otherwise_the_same(void **state)
{
    struct finding plain = sample();
    struct finding one = sample();
    struct finding two = sample();

    /* As ledgers have it from before there were variants. */
    finding_make_key(&plain, *state);
    assert_string_equal(arena_cstr(*state, plain.key),
                        "705f75099acc02c204b622be0a18e602eaf7f3cd0954762f58c6afb6ef0565c3");
    one.variant = STR("lost");
    two.variant = STR("disabled");
    finding_make_key(&one, *state);
    finding_make_key(&two, *state);
    assert_false(str_eq(one.key, plain.key));
    assert_false(str_eq(one.key, two.key));
    assert_true(finding_compare(&two, &one) < 0);
    assert_true(finding_compare(&one, &plain) > 0);
}

static void test_an_id_has_three_letters_and_one_more_each_time_they_are_taken(void **state)
{
    struct finding finding = sample();
    struct str before = {0};

    finding_make_key(&finding, *state);
    for (unsigned tries = 0; tries < 60; tries++) {
        struct str id = finding_make_id(finding.key, tries, *state);
        size_t letters = tries < 48 ? 3 + tries : 51; /* 51 is all a key has */

        assert_int_equal(id.len, 2 + letters);
        assert_true(str_starts(id, STR("F-")));
        assert_true(str_starts(id, before)); /* what was read out before still fits */
        before = id;
    }
    assert_true(
        str_eq(finding_make_id(finding.key, 0, *state), finding_make_id(finding.key, 0, *state)));
}

static void test_every_kind_has_a_next_command(void **state)
{
    for (int i = 0; i < FINDING_KIND_COUNT; i++) {
        struct finding finding = sample();
        struct str command;

        finding.kind = (enum finding_kind)i;
        command = finding_make_command(&finding, *state);
        assert_true(str_starts(command, STR("seatkeeper ")));
        assert_true(command.len > strlen("seatkeeper "));
        assert_false(str_has(command, '%'));
        finding = (struct finding){.kind = (enum finding_kind)i}; /* about nobody */
        command = finding_make_command(&finding, *state);
        assert_true(str_starts(command, STR("seatkeeper ")));
        assert_false(str_has(command, '%'));
    }
}

static void test_commands_are_literal(void **state)
{
    static const struct {
        enum finding_kind kind;
        bool may_ack;
        const char *login, *command;
    } cases[] = {
        {FINDING_UNMANAGED_MEMBER, false, "taro@example.com",
         "seatkeeper adopt -e kiro-jp --out adopt.csv"},
        {FINDING_SHRUNK_LISTING, true, "", "seatkeeper ack F-3K7 --reason \"...\""},
        {FINDING_REMOVED_OUTSIDE, true, "taro@example.com",
         "seatkeeper ack F-3K7 --reason \"...\""},
        {FINDING_LATE_HOP, false, "taro@example.com", "seatkeeper explain taro@example.com"},
        {FINDING_UNUSED_SEAT, false, "taro@example.com",
         "seatkeeper request revoke taro@example.com -e kiro-jp --reason \"unused\""},
        {FINDING_SCIM_BROKEN, false, "", "seatkeeper doctor"},
        {FINDING_ORPHAN_GRANT, false, "", "seatkeeper check"},
        /* The id is said where the login would be an option or needs quotes. */
        {FINDING_LATE_HOP, false, "-rf", "seatkeeper explain 00uTARO"},
        {FINDING_LATE_HOP, false, "a'; rm -rf ~", "seatkeeper explain 00uTARO"},
        {FINDING_LATE_HOP, false, "", "seatkeeper explain 00uTARO"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct finding finding = sample();

        finding.kind = cases[i].kind;
        finding.may_ack = cases[i].may_ack;
        finding.id = STR("F-3K7");
        finding.login = str_of(cases[i].login);
        assert_string_equal(arena_cstr(*state, finding_make_command(&finding, *state)),
                            cases[i].command);
    }
}

static void test_a_name_is_one_word_of_a_command_line(void **state)
{
    static const struct {
        const char *name, *word;
    } cases[] = {
        {"taro@example.com", "taro@example.com"},
        {"a b", "'a b'"},
        {"a'b", "'a'\\''b'"},
        {"'", "''\\'''"},
        {"$(reboot)", "'$(reboot)'"},
        {"x\ny", "'x\xef\xbf\xbdy'"},
        {"-e", "'-e'"},
        {"", "''"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(arena_cstr(*state, command_word(str_of(cases[i].name), *state)),
                            cases[i].word);
    }
}

static int compare(const void *a, const void *b)
{
    return finding_compare(a, b);
}

static void test_findings_are_sorted_by_severity_kind_entitlement_and_login(void **state)
{
    struct finding findings[6];
    struct str order = {0};

    for (size_t i = 0; i < ARRAY_LEN(findings); i++) {
        findings[i] = sample();
        findings[i].id = arena_printf(*state, "%zu", i);
    }
    findings[0].login = STR("zoe@example.com");
    findings[1].entitlement = STR("kiro-us");
    findings[2].kind = FINDING_DOUBLE_SEAT;
    findings[3].severity = SEVERITY_INFO;
    findings[4].severity = SEVERITY_PAGE;
    findings[4].kind = FINDING_CLOCK;
    qsort(findings, ARRAY_LEN(findings), sizeof(findings[0]), compare);
    for (size_t i = 0; i < ARRAY_LEN(findings); i++)
        order = arena_printf(*state, "%.*s%.*s ", STR_ARG(order), STR_ARG(findings[i].id));
    assert_string_equal(order.ptr, "4 5 0 1 2 3 ");
    assert_int_equal(finding_compare(&findings[0], &findings[0]), 0);
}

static int new_arena(void **state)
{
    static struct arena arena;

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
        cmocka_unit_test(test_kinds_and_severities_read_back_as_what_they_name),
        cmocka_unit_test(test_one_thing_has_one_key_however_it_stands_today),
        cmocka_unit_test(test_a_variant_tells_apart_what_is_otherwise_the_same),
        cmocka_unit_test(test_an_id_has_three_letters_and_one_more_each_time_they_are_taken),
        cmocka_unit_test(test_every_kind_has_a_next_command),
        cmocka_unit_test(test_commands_are_literal),
        cmocka_unit_test(test_a_name_is_one_word_of_a_command_line),
        cmocka_unit_test(test_findings_are_sorted_by_severity_kind_entitlement_and_login),
    };

    return cmocka_run_group_tests(tests, new_arena, drop_arena);
}

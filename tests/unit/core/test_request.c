#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "core/request.h"

#define N_STATES (REQUEST_CANCELLED + 1)
#define N_CAUSES (CAUSE_ASSIGNMENT + 1)

static void test_every_word_reads_back_as_what_it_names(void **state)
{
    (void)state;
    for (int i = REQUEST_GRANT; i <= REQUEST_RENEW; i++) {
        enum request_kind kind;

        assert_true(request_kind_parse(str_of(request_kind_name((enum request_kind)i)), &kind));
        assert_int_equal(kind, i);
    }
    for (int i = 0; i < N_STATES; i++) {
        enum request_state word;

        assert_true(request_state_parse(str_of(request_state_name((enum request_state)i)), &word));
        assert_int_equal(word, i);
    }
    for (int i = 0; i < N_CAUSES; i++) {
        enum cause cause;

        assert_true(cause_parse(str_of(cause_name((enum cause)i)), &cause));
        assert_int_equal(cause, i);
    }
}

static void test_words_are_those_of_the_ledger(void **state)
{
    (void)state;
    assert_string_equal(request_state_name(REQUEST_AWAITING_CONFIRMATION), "awaiting_confirmation");
    assert_string_equal(request_state_name(REQUEST_AWAITING_APPROVAL), "awaiting_approval");
    assert_string_equal(request_kind_name(REQUEST_REVOKE), "revoke");
    assert_string_equal(cause_name(CAUSE_RETURNED), "returned");
}

static void test_any_other_word_is_refused_and_nothing_is_written(void **state)
{
    static const char *const words[] = {"", "Grant", "grants", "gran", "accepted ", "unknown"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        enum request_kind kind = REQUEST_RENEW;
        enum request_state word = REQUEST_LAPSED;
        enum cause cause = CAUSE_MOVED;

        assert_false(request_kind_parse(str_of(words[i]), &kind));
        assert_false(request_state_parse(str_of(words[i]), &word));
        assert_false(cause_parse(str_of(words[i]), &cause));
        assert_int_equal(kind, REQUEST_RENEW);
        assert_int_equal(word, REQUEST_LAPSED);
        assert_int_equal(cause, CAUSE_MOVED);
    }
}

static void test_a_request_moves_forward_only_and_a_decided_one_never(void **state)
{
    /* A row per state, a column per next one: filed, confirmation, approval, and the four ends. */
    static const char *const allowed[N_STATES] = {
        ".xxxxxx", "..xxxxx", "...xxxx", ".......", ".......", ".......", ".......",
    };

    (void)state;
    for (int from = 0; from < N_STATES; from++) {
        char row[N_STATES + 1] = {0};

        for (int to = 0; to < N_STATES; to++) {
            bool may = request_may_move((enum request_state)from, (enum request_state)to);
            row[to] = may ? 'x' : '.';
        }
        assert_string_equal(row, allowed[from]);
        assert_int_equal(request_state_is_open((enum request_state)from), from <= 2);
    }
}

static void test_equal_asks_have_one_digest_and_every_difference_another(void **state)
{
    struct request base = {.kind = REQUEST_GRANT,
                           .who = STR("taro@example.com"),
                           .entitlement = STR("kiro-jp"),
                           .plan = STR("kiro-pro"),
                           .until_ms = 5};
    struct request others[9];
    struct str digests[ARRAY_LEN(others) + 1];
    struct request same = base;

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        others[i] = base;
    others[0].kind = REQUEST_CHANGE;
    others[1].who = STR("hanako@example.com");
    others[2].entitlement = STR("kiro-us");
    others[3].plan = STR("");
    others[4].from_ms = 1;
    others[5].until_ms = 6;
    others[6].for_ms = 1;
    others[7].reason = STR("new project");
    others[8].confirm_one_way = true;
    digests[0] = request_content_digest(&base, *state);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        digests[i + 1] = request_content_digest(&others[i], *state);

    assert_int_equal(digests[0].len, 64);
    assert_int_equal(str_sort_unique(digests, ARRAY_LEN(digests)), ARRAY_LEN(digests));

    /* What is found out later, and how it was filed, is not what was asked. */
    same.person = STR("00uTARO");
    same.state = REQUEST_ACCEPTED;
    same.key = STR("k1");
    same.number = 9;
    same.filed_at = 99;
    assert_true(
        str_eq(request_content_digest(&same, *state), request_content_digest(&base, *state)));
}

static void test_fields_do_not_run_into_each_other_in_the_digest(void **state)
{
    struct request a = {.entitlement = STR("kiro"), .plan = STR("pro")};
    struct request b = {.entitlement = STR("kirop"), .plan = STR("ro")};

    assert_false(str_eq(request_content_digest(&a, *state), request_content_digest(&b, *state)));
}

static void test_causes_are_asked_inferred_or_neither(void **state)
{
    static const char *const kinds[N_CAUSES] = {
        [CAUSE_GRANTED] = "",       [CAUSE_BLOCKED] = "asked",       [CAUSE_REVOKED] = "asked",
        [CAUSE_RETURNED] = "asked", [CAUSE_INACTIVE] = "inferred",   [CAUSE_EXPIRED] = "",
        [CAUSE_MOVED] = "",         [CAUSE_INELIGIBLE] = "inferred", [CAUSE_UNMANAGED] = "inferred",
        [CAUSE_ASSIGNMENT] = "",
    };

    (void)state;
    for (int i = 0; i < N_CAUSES; i++) {
        assert_int_equal(cause_is_asked((enum cause)i), strcmp(kinds[i], "asked") == 0);
        assert_int_equal(cause_is_inferred((enum cause)i), strcmp(kinds[i], "inferred") == 0);
    }
}

static void test_a_grant_counts_from_its_start_to_just_before_its_end(void **state)
{
    static const struct {
        int64_t from, until, ended, t;
        const char *is;
    } cases[] = {
        {10, 20, 0, 9, "ahead"},  {10, 20, 0, 10, "live"},  {10, 20, 0, 19, "live"},
        {10, 20, 0, 20, "over"},  {10, 20, 15, 14, "live"}, {10, 20, 15, 15, "over"},
        {10, 20, 30, 19, "live"}, {10, 20, 30, 20, "over"}, {10, 20, 5, 3, "over"},
        {10, 20, 10, 3, "over"},  {10, 20, 5, 12, "over"},  {10, 10, 0, 3, "over"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct grant grant = {
            .from_ms = cases[i].from, .until_ms = cases[i].until, .ended_at = cases[i].ended};
        bool is_live = grant_is_live(&grant, cases[i].t);
        bool is_ahead = grant_is_ahead(&grant, cases[i].t);

        assert_string_equal(is_live ? "live" : is_ahead ? "ahead" : "over", cases[i].is);
        assert_false(is_live && is_ahead);
    }
}

static int new_arena(void **state)
{
    static struct arena arena;

    arena_init(&arena, 1 << 16);
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
        cmocka_unit_test(test_every_word_reads_back_as_what_it_names),
        cmocka_unit_test(test_words_are_those_of_the_ledger),
        cmocka_unit_test(test_any_other_word_is_refused_and_nothing_is_written),
        cmocka_unit_test(test_a_request_moves_forward_only_and_a_decided_one_never),
        cmocka_unit_test(test_equal_asks_have_one_digest_and_every_difference_another),
        cmocka_unit_test(test_fields_do_not_run_into_each_other_in_the_digest),
        cmocka_unit_test(test_causes_are_asked_inferred_or_neither),
        cmocka_unit_test(test_a_grant_counts_from_its_start_to_just_before_its_end),
    };

    return cmocka_run_group_tests(tests, new_arena, drop_arena);
}

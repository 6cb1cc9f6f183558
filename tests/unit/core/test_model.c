#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/model.h"

static const struct {
    const char *word;
    enum user_status status;
    bool is_usable;
} statuses[] = {
    {"STAGED", USER_STAGED, true},
    {"PROVISIONED", USER_PROVISIONED, true},
    {"ACTIVE", USER_ACTIVE, true},
    {"RECOVERY", USER_RECOVERY, true},
    {"PASSWORD_EXPIRED", USER_PASSWORD_EXPIRED, true},
    {"LOCKED_OUT", USER_LOCKED_OUT, true},
    {"SUSPENDED", USER_SUSPENDED, false},
    {"DEPROVISIONED", USER_DEPROVISIONED, false},
};

static void test_every_status_has_its_word_and_says_who_may_hold_a_seat(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        assert_int_equal(user_status_parse(str_of(statuses[i].word)), statuses[i].status);
        assert_string_equal(user_status_name(statuses[i].status), statuses[i].word);
        assert_int_equal(user_status_is_usable(statuses[i].status), statuses[i].is_usable);
    }
}

static void test_a_word_we_do_not_know_is_unknown_and_not_usable(void **state)
{
    static const char *const words[] = {"", "active", "ACTIVE ", "GONE", "UNKNOWN", "DELETED"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        assert_int_equal(user_status_parse(str_of(words[i])), USER_UNKNOWN);
    assert_false(user_status_is_usable(USER_UNKNOWN));
    assert_false(user_status_is_usable(USER_GONE));
    assert_string_equal(user_status_name(USER_GONE), "GONE");
    assert_string_equal(user_status_name((enum user_status)99), "UNKNOWN");
    assert_false(user_status_is_usable((enum user_status)99));
}

static void test_a_profile_answers_by_exact_name(void **state)
{
    static const struct profile_value profile[] = {{{"costCenter", 10}, {"4711", 4}},
                                                   {{"countryCode", 11}, {"JP", 2}}};
    struct person person = {.profile = profile, .n_profile = ARRAY_LEN(profile)};
    struct person nobody = {0};

    (void)state;
    assert_true(str_is(person_profile(&person, STR("costCenter")), "4711"));
    assert_true(str_is(person_profile(&person, STR("countryCode")), "JP"));
    assert_int_equal(person_profile(&person, STR("country")).len, 0);
    assert_int_equal(person_profile(&person, STR("COSTCENTER")).len, 0);
    assert_int_equal(person_profile(&nobody, STR("costCenter")).len, 0);
}

static void test_a_set_of_people_knows_its_members(void **state)
{
    static const struct str ids[] = {{"00u1", 4}, {"00u2", 4}, {"00u20", 5}};
    struct people people = {ids, ARRAY_LEN(ids)};
    struct people nobody = {0};

    (void)state;
    assert_true(people_has(&people, STR("00u1")));
    assert_true(people_has(&people, STR("00u20")));
    assert_false(people_has(&people, STR("00u")));
    assert_false(people_has(&people, STR("00u3")));
    assert_false(people_has(&nobody, STR("00u1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_status_has_its_word_and_says_who_may_hold_a_seat),
        cmocka_unit_test(test_a_word_we_do_not_know_is_unknown_and_not_usable),
        cmocka_unit_test(test_a_profile_answers_by_exact_name),
        cmocka_unit_test(test_a_set_of_people_knows_its_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "settings/settings_nearest.h"
#include "unit/settings/help.h"

static void test_the_distance_counts_single_edits(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        {"mode", "mode", 0},      {"mode", "Mode", 0}, {"mode", "mdoe", 1}, {"mode", "modes", 1},
        {"mode", "mod", 1},       {"mode", "code", 1}, {"", "abc", 3},      {"abc", "", 3},
        {"kitten", "sitting", 3}, {"ca", "abc", 3},    {"", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(edit_distance(str_of(cases[i].a), str_of(cases[i].b)), cases[i].distance);
        assert_int_equal(edit_distance(str_of(cases[i].b), str_of(cases[i].a)), cases[i].distance);
    }
}

static void test_words_too_long_to_be_keys_are_far_from_everything(void **state)
{
    char text[65];

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_int_equal(edit_distance((struct str){text, 65}, STR("a")), SIZE_MAX);
    assert_int_equal(edit_distance(STR("a"), (struct str){text, 65}), SIZE_MAX);
    assert_int_equal(edit_distance((struct str){text, 64}, STR("a")), 63);
}

static void test_only_what_is_near_enough_is_suggested(void **state)
{
    static const struct {
        const char *wanted, *found;
    } cases[] = {
        {"mdoe", "mode"},
        {"default-plan", "default_plan"},
        {"defaultPlan", "default_plan"},
        {"max_seat", "max_seats"},
        {"wombat", ""},
        {"x", ""},
        {"", ""},
        {"NAME", "name"},
    };
    static const char *const known[] = {"name", "mode", "default_plan", "max_seats"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct nearest nearest = nearest_to(str_of(cases[i].wanted));

        for (size_t k = 0; k < ARRAY_LEN(known); k++)
            nearest_try(&nearest, str_of(known[k]));
        assert_true(str_is(nearest.found, cases[i].found));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_distance_counts_single_edits),
        cmocka_unit_test(test_words_too_long_to_be_keys_are_far_from_everything),
        cmocka_unit_test(test_only_what_is_near_enough_is_suggested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

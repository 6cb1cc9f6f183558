#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crash/story.h"

/* Dying at each point of a first run, and of one that gives and takes. */

static void test_wherever_it_dies_the_same_seats_are_given_once(void **state)
{
    static const struct story story = {
        .org = story_org, .settings = story_settings, .stages = {story_give_seats}};

    (void)state;
    story_die_in_last_stage(&story);
}

static void test_wherever_it_dies_an_end_a_revoke_a_renewal_and_an_add_come_out_the_same(void **s)
{
    static const struct story story = {.org = story_org,
                                       .settings = story_settings,
                                       .stages = {story_give_seats, story_end_revoke_renew_add}};

    (void)s;
    story_die_in_last_stage(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wherever_it_dies_the_same_seats_are_given_once),
        cmocka_unit_test(
            test_wherever_it_dies_an_end_a_revoke_a_renewal_and_an_add_come_out_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/hops.h"

#define SINCE INT64_C(1000000)

static const char *show(struct hop_facts facts)
{
    static char out[400];
    struct hop_state states[HOP_COUNT];

    hops_follow(&facts, states);
    const struct hop_state *okta = &states[HOP_OKTA];
    (void)snprintf(out, sizeof(out), "%s %lld %lld [%.*s]", hop_word_name(okta->state),
                   (long long)okta->since_ms, (long long)okta->deadline_ms, STR_ARG(okta->cause));
    return out;
}

static void test_the_first_hop_follows_group_and_grant(void **state)
{
    struct hop_facts facts = {
        .desired = true,
        .is_member = true,
        .readable = true,
        .desired_since_ms = SINCE,
        .member_since_ms = SINCE + 500,
        .now_ms = SINCE + 1000,
        .deadline_ms = 2000,
    };

    (void)state;
    assert_string_equal(show(facts), "reached 1000500 0 []");
    facts.is_member = false;
    assert_string_equal(show(facts),
                        "on_its_way 1000000 1002000 [a run joins the person to the group]");
    facts.now_ms = SINCE + 1999;
    assert_string_equal(show(facts),
                        "on_its_way 1000000 1002000 [a run joins the person to the group]");
    facts.now_ms = SINCE + 2000;
    assert_string_equal(show(facts), "late 1000000 1002000 [Okta does not show the membership]");
    facts.held_why = STR("10 of 10 seats are taken");
    assert_string_equal(show(facts), "late 1000000 1002000 [10 of 10 seats are taken]");
    facts.deadline_ms = 0;
    assert_string_equal(show(facts), "on_its_way 1000000 0 [10 of 10 seats are taken]");
    facts.readable = false;
    assert_string_equal(show(facts), "unknown 0 0 [the group's members could not be read]");
}

static void test_an_ended_seat_is_leaving_until_the_group_is_left(void **state)
{
    struct hop_facts facts = {.is_member = true, .readable = true};

    (void)state;
    assert_string_equal(show(facts), "leaving 0 0 [a run takes the person out of the group]");
    facts.held_why = STR("mode is add");
    assert_string_equal(show(facts), "leaving 0 0 [mode is add]");
    facts.is_member = false;
    assert_string_equal(show(facts), "not_applicable 0 0 []");
}

static void test_a_late_hop_says_what_would_help(void **state)
{
    struct hop_facts facts = {.desired = true, .readable = true, .now_ms = 10, .deadline_ms = 5};
    struct hop_state states[HOP_COUNT];

    (void)state;
    hops_follow(&facts, states);
    assert_true(states[HOP_OKTA].remedy.len > 0);
}

static void test_hops_that_are_not_observed_do_not_apply(void **state)
{
    struct hop_facts facts = {.desired = true, .is_member = true, .readable = true};
    struct hop_state states[HOP_COUNT];

    (void)state;
    hops_follow(&facts, states);
    for (int i = 0; i < HOP_COUNT; i++) {
        assert_int_equal(states[i].hop, i);
        assert_int_equal(states[i].state, i == HOP_OKTA ? HOP_REACHED : HOP_NOT_APPLICABLE);
    }
}

static void test_hops_and_their_states_have_the_words_of_the_report(void **state)
{
    const char *const hops[] = {"okta", "user", "pushed", "seat", "in_use"};
    const char *const words[] = {"reached", "on_its_way", "late",
                                 "leaving", "unknown",    "not_applicable"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hops); i++)
        assert_string_equal(hop_name((enum hop)i), hops[i]);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        assert_string_equal(hop_word_name((enum hop_word)i), words[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_hop_follows_group_and_grant),
        cmocka_unit_test(test_an_ended_seat_is_leaving_until_the_group_is_left),
        cmocka_unit_test(test_a_late_hop_says_what_would_help),
        cmocka_unit_test(test_hops_that_are_not_observed_do_not_apply),
        cmocka_unit_test(test_hops_and_their_states_have_the_words_of_the_report),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/hops.h"
#include "core/lag.h"

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

/* ---- five hops ---- */

/* A seat over several runs. Sights are a letter a hop: x there, . not there, ? not readable, - does
 * not apply. A hop is shown as R (reached), W (on its way), L (late), G (going), ? or -, with since
 * when and <deadline; then what arrived after how long, + up and - down. */
struct trip {
    struct hops_input in;
    struct hops_result result;
};

static void set_out(struct trip *trip, bool desired)
{
    *trip = (struct trip){.in = {.desired = desired, .owed_since_ms = 10}};
    for (int i = 0; i < HOP_COUNT; i++) {
        trip->in.memory[i].state = HOP_NOT_APPLICABLE;
        trip->in.deadline_ms[i] = i == HOP_IN_USE ? 0 : 60;
    }
}

static void look(struct trip *trip, int64_t now, const char *sights)
{
    trip->in.now_ms = now;
    for (int i = 0; i < HOP_COUNT; i++) {
        struct hop_sight *sight = &trip->in.sights[i];

        sight->applies = sights[i] != '-';
        sight->readable = sight->applies && sights[i] != '?';
        sight->is_there = sights[i] == 'x';
    }
    trip->result = hops_see(&trip->in);
}

/* As the next run finds it. */
static void remember(struct trip *trip)
{
    for (int i = 0; i < HOP_COUNT; i++)
        trip->in.memory[i] = trip->result.memory[i];
}

static const char *show_trip(const struct hops_result *result)
{
    static const char letters[] = {
        [HOP_REACHED] = 'R', [HOP_ON_ITS_WAY] = 'W', [HOP_LATE] = 'L',
        [HOP_LEAVING] = 'G', [HOP_UNKNOWN] = '?',    [HOP_NOT_APPLICABLE] = '-'};
    static char out[400];
    size_t n = 0;

    for (int i = 0; i < HOP_COUNT; i++) {
        const struct hop_state *hop = &result->states[i];

        assert_int_equal(hop->hop, i);
        n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%c", i > 0 ? " " : "",
                              letters[hop->state]);
        if (hop->since_ms != 0)
            n += (size_t)snprintf(out + n, sizeof(out) - n, "%lld", (long long)hop->since_ms);
        if (hop->deadline_ms != 0)
            n += (size_t)snprintf(out + n, sizeof(out) - n, "<%lld", (long long)hop->deadline_ms);
        if (hop->overdue)
            n += (size_t)snprintf(out + n, sizeof(out) - n, "!");
    }
    for (size_t i = 0; i < result->n_arrivals; i++) {
        n += (size_t)snprintf(out + n, sizeof(out) - n, " %s%c%lld",
                              hop_name(result->arrivals[i].hop), result->arrivals[i].up ? '+' : '-',
                              (long long)result->arrivals[i].lag_ms);
    }
    if (result->is_ended)
        (void)snprintf(out + n, sizeof(out) - n, " ended");
    return out;
}

struct leg {
    int64_t now;
    const char *sights, *shown;
    int turn; /* 1: the seat is wanted from now on; -1: it has ended now */
};

static void travel(bool desired, const struct leg *legs, size_t n)
{
    struct trip trip;

    set_out(&trip, desired);
    for (size_t i = 0; i < n; i++) {
        if (legs[i].turn != 0) {
            trip.in.desired = legs[i].turn > 0;
            trip.in.owed_since_ms = legs[i].now;
        }
        look(&trip, legs[i].now, legs[i].sights);
        assert_string_equal(show_trip(&trip.result), legs[i].shown);
        remember(&trip);
    }
}

#define UP(...)                                     \
    travel(true, (const struct leg[]){__VA_ARGS__}, \
           sizeof((const struct leg[]){__VA_ARGS__}) / sizeof(struct leg))
#define DOWN(...)                                    \
    travel(false, (const struct leg[]){__VA_ARGS__}, \
           sizeof((const struct leg[]){__VA_ARGS__}) / sizeof(struct leg))

static void test_each_clock_starts_when_the_hop_before_is_reached(void **state)
{
    (void)state;
    UP({12, ".....", "W10<70 W W W W", 0}, {15, "x....", "R15 W15<75 W W W okta+5", 0},
       {20, "xx...", "R15 R20 W20<80 W W user+5", 0},
       {35, "xxx..", "R15 R20 R35 W35<95 W pushed+15", 0},
       {36, "xxxx.", "R15 R20 R35 R36 W36 seat+1", 0}, {900, "xxxx.", "R15 R20 R35 R36 W36", 0},
       {950, "xxxxx", "R15 R20 R35 R36 R950 in_use+914", 0},
       {990, "xxxxx", "R15 R20 R35 R36 R950", 0});
}

static void test_a_clock_counts_from_the_last_of_those_before_it(void **state)
{
    (void)state;
    /* Known over there for years: nobody is late for the group before joining it in Okta. */
    UP({12, ".x...", "W10<70 R12 W W W", 0}, {900, ".x...", "L10<70 R12 W W W", 0},
       {910, "xx...", "R910 R12 W910<970 W W okta+900", 0},
       {930, "xxx..", "R910 R12 R930 W930<990 W pushed+20", 0});
}

static void test_a_hop_is_late_at_its_deadline_and_not_before(void **state)
{
    (void)state;
    UP({69, ".....", "W10<70 W W W W", 0}, {70, ".....", "L10<70 W W W W", 0},
       {71, "x....", "R71 W71<131 W W W okta+61", 0}, {130, "x....", "R71 W71<131 W W W", 0},
       {131, "x....", "R71 L71<131 W W W", 0}, {140, "xx...", "R71 R140 W140<200 W W user+69", 0});
}

static void test_an_arrival_is_told_only_of_what_was_seen_waiting(void **state)
{
    (void)state;
    UP({50, "xxxx.", "R50 R50 R50 R50 W50", 0}, {50, "xxxx.", "R50 R50 R50 R50 W50", 0});
    /* Two at once: how long the second took is known to a run's interval. */
    UP({12, "x....", "R12 W12<72 W W W", 0},
       {20, "xxx..", "R12 R20 R20 W20<80 W user+8 pushed+0", 0});
    /* Its turn had never come: nobody can say how long it took. */
    UP({12, ".....", "W10<70 W W W W", 0}, {20, "..x..", "W10<70 W R20 W W", 0});
}

static void test_what_is_there_counts_whatever_is_before_it(void **state)
{
    (void)state;
    UP({12, "..x..", "W10<70 W R12 W W", 0}, {20, "x.x..", "R20 W20<80 R12 W W okta+10", 0},
       {30, "xxx..", "R20 R30 R12 W30<90 W user+10", 0});
}

static void test_who_was_there_and_is_not_any_more_waits_from_now_on(void **state)
{
    (void)state;
    UP({12, "xxx..", "R12 R12 R12 W12<72 W", 0}, {50, "xx.x.", "R12 R12 W50<110 R50 W seat+38", 0},
       {90, "xx.x.", "R12 R12 W50<110 R50 W", 0}, {110, "xx.x.", "R12 R12 L50<110 R50 W", 0},
       /* ... and of those that wait behind it, the clock stands still. */
       {120, "x...x", "R12 W120<180 W50 W R120", 0},
       {130, "xx..x", "R12 R130 W130<190 W R120 user+10", 0});
}

static void test_what_cannot_be_read_is_unknown_and_remembered_as_it_was(void **state)
{
    (void)state;
    UP({12, "x....", "R12 W12<72 W W W", 0}, {20, "x?...", "R12 ? W W W", 0},
       {30, "?????", "? ? ? ? ?", 0}, {71, "x....", "R12 W12<72 W W W", 0},
       {72, "xx...", "R12 R72 W72<132 W W user+60", 0},
       /* Reached before: what comes after it goes on waiting. */
       {140, "x?...", "R12 ? L72<132 W W", 0}, {150, "??x..", "? ? R150 W150<210 W pushed+78", 0});
    UP({12, "?....", "? W W W W", 0}, {20, "x....", "R20 W20<80 W W W", 0});
}

static void test_hops_that_do_not_apply_are_stepped_over(void **state)
{
    (void)state;
    UP({12, "x----", "R12 - - - -", 0}, {13, "x..--", "R12 W12<72 W - -", 0},
       {20, "xxx--", "R12 R20 R20 - - user+8 pushed+0", 0}, {30, "x----", "R12 - - - -", 0},
       {40, "xxx--", "R12 R40 R40 - -", 0}); /* what was switched off begins anew */
    UP({12, "x--.-", "R12 - - W12<72 -", 0}, {20, "x--x-", "R12 - - R20 - seat+8", 0});
}

static void test_an_ended_seat_goes_hop_by_hop(void **state)
{
    (void)state;
    UP({12, "xxxxx", "R12 R12 R12 R12 R12", 0}, {100, "xxxxx", "G100<160 - G G -", -1},
       {105, ".xxxx", "-105 - G105<165 G - okta-5", 0},
       {110, ".x.xx", "-105 - -110 G110<170 - pushed-5", 0},
       {130, ".x.x.", "-105 - -110 G110<170 -", 0},
       {140, ".x...", "-105 - -110 -140 - seat-30 ended", 0});
}

static void test_a_seat_lingers_from_its_deadline_on(void **state)
{
    (void)state;
    DOWN({12, "x-x--", "G10<70 - G - -", 0}, {70, "x-x--", "G10<70! - G - -", 0},
         {80, "--x--", "- - G10<70! - -", 0});
    DOWN({20, ".xx--", "-20 - G20<80 - -", 0}, {79, ".xx--", "-20 - G20<80 - -", 0},
         {80, ".xx--", "-20 - G20<80! - -", 0}, {90, ".x.--", "-20 - -90 - - pushed-70 ended", 0});
}

static void test_a_seat_has_ended_only_when_all_of_it_is_seen_to_be_gone(void **state)
{
    (void)state;
    DOWN({12, ".....", "-12 - -12 -12 - ended", 0});
    DOWN({12, ".x--x", "-12 - - - - ended", 0});
    DOWN({12, "?.....", "? - -12 -12 -", 0});
    DOWN({12, "...?.", "-12 - -12 ? -", 0});
    DOWN({12, "...x.", "-12 - -12 G12<72 -", 0});
    UP({12, ".----", "W10<70 - - - -", 0}); /* nor one that is wanted */
}

static void test_who_comes_back_after_the_end_leaves_from_then_on(void **state)
{
    (void)state;
    DOWN({12, "x-x--", "G10<70 - G - -", 0}, {20, "..x--", "-20 - G20<80 - - okta-10", 0},
         {500, "x.x--", "G500<560 - G20 - -", 0}, {510, ".----", "-510 - - - - okta-10 ended", 0});
}

static void test_a_seat_may_be_wanted_again_before_it_has_ended(void **state)
{
    (void)state;
    UP({12, "xxx--", "R12 R12 R12 - -", 0}, {100, "xxx--", "G100<160 - G - -", -1},
       {110, ".xx--", "-110 - G110<170 - - okta-10", 0}, {120, ".xx--", "W120<180 R12 R120 - -", 1},
       {125, "xxx--", "R125 R12 R120 - - okta+5", 0});
}

static void test_looking_again_changes_nothing(void **state)
{
    static const char *const sights[] = {".....", "x....", "x?x..", "?.x..", "xxx-.", ".x..x"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sights) * 2; i++) {
        struct trip trip;
        char first[400];

        set_out(&trip, i % 2 == 0);
        look(&trip, 40, sights[i / 2]);
        remember(&trip);
        trip.result.n_arrivals = 0;
        (void)snprintf(first, sizeof(first), "%s", show_trip(&trip.result));
        look(&trip, 40, sights[i / 2]);
        assert_string_equal(show_trip(&trip.result), first);
    }
}

static void test_a_clock_that_jumped_back_gives_no_negative_times(void **state)
{
    (void)state;
    UP({500, "x....", "R500 W500<560 W W W", 0},
       {400, "xx...", "R500 R400 W500<560 W W user+0", 0});
    /* Nor does a hop begin to wait before those before it were reached. */
    UP({500, "xx---", "R500 R500 - - -", 0}, {400, "x.---", "R500 W500<560 - - -", 0});
}

/* ---- what is said of them ---- */

static const char *say(const struct trip *trip, enum hop hop)
{
    static char out[600];
    const struct hop_state *hop_state = &trip->result.states[hop];

    (void)snprintf(out, sizeof(out), "%s %s: %.*s | %.*s", hop_word_name(hop_state->state),
                   hop_cause_name(hop_state->why), STR_ARG(hop_state->cause),
                   STR_ARG(hop_state->remedy));
    return out;
}

static void test_what_a_guard_holds_is_said_of_the_hop_that_we_could_move(void **state)
{
    struct trip trip;

    (void)state;
    set_out(&trip, true);
    trip.in.held_why = STR("10 of 10 seats are taken");
    look(&trip, 20, ".....");
    assert_string_equal(say(&trip, HOP_OKTA), "on_its_way held: 10 of 10 seats are taken | ");
    assert_string_equal(say(&trip, HOP_PUSHED),
                        "on_its_way none: it comes after the steps before it | ");
    look(&trip, 70, ".....");
    assert_string_equal(say(&trip, HOP_OKTA),
                        "late held: 10 of 10 seats are taken | `seatkeeper plan` shows what holds "
                        "it and the command that goes on");
    look(&trip, 20, "xx...");
    assert_string_equal(say(&trip, HOP_PUSHED), "on_its_way held: 10 of 10 seats are taken | ");
    look(&trip, 20, "?x...");
    assert_string_equal(say(&trip, HOP_PUSHED),
                        "on_its_way none: it comes after the steps before it | ");
    trip.in.desired = false;
    trip.in.held_why = STR("mode is add");
    look(&trip, 20, "xxx..");
    assert_string_equal(say(&trip, HOP_OKTA), "leaving held: mode is add | ");
    look(&trip, 20, ".xx..");
    assert_string_equal(say(&trip, HOP_PUSHED), "leaving held: mode is add | ");
}

static void test_a_cause_that_was_found_is_told_before_the_deadline_too(void **state)
{
    struct trip trip;

    (void)state;
    set_out(&trip, true);
    trip.in.sights[HOP_USER] = (struct hop_sight){
        .why = HOP_CAUSE_NOT_ASSIGNED, .cause = STR("not assigned"), .remedy = STR("assign")};
    look(&trip, 20, "x....");
    remember(&trip);
    assert_string_equal(say(&trip, HOP_USER), "on_its_way not_assigned: not assigned | assign");
    look(&trip, 80, "x....");
    assert_string_equal(say(&trip, HOP_USER), "late not_assigned: not assigned | assign");
    look(&trip, 20, ".....");
    assert_string_equal(say(&trip, HOP_USER), "on_its_way not_assigned: not assigned | assign");
    look(&trip, 20, "x?...");
    assert_string_equal(say(&trip, HOP_USER), "unknown unreadable: not assigned | assign");
}

static void test_words_of_patience_are_not_said_of_what_is_late(void **state)
{
    struct trip trip;

    (void)state;
    set_out(&trip, true);
    trip.in.sights[HOP_USER].cause = STR("usually 2 minutes");
    look(&trip, 20, "x....");
    remember(&trip);
    assert_string_equal(say(&trip, HOP_USER), "on_its_way none: usually 2 minutes | ");
    look(&trip, 20, "....."); /* its turn has not come */
    assert_string_equal(say(&trip, HOP_USER),
                        "on_its_way none: it comes after the membership in Okta | ");
    look(&trip, 80, "x....");
    assert_string_equal(say(&trip, HOP_USER),
                        "late lost: IAM Identity Center does not know the person, and nothing that "
                        "can be seen from here says why | in Okta, open the application AWS IAM "
                        "Identity Center, Assignments, and look for an error at the person's name");
    trip.in.sights[HOP_USER].why = HOP_CAUSE_LOST;
    trip.in.sights[HOP_USER].cause = STR("the push got lost");
    look(&trip, 20, "x....");
    assert_string_equal(say(&trip, HOP_USER),
                        "on_its_way none: Okta pushes changes within minutes as a rule | ");
}

static void test_every_late_overdue_or_unreadable_hop_has_a_cause_and_a_remedy(void **state)
{
    static const char *const up[] = {".....", "x....", "xx...", "xxx..", "xxxx."};
    static const char *const down[] = {"xxxxx", NULL, ".xxxx", ".x.xx", NULL};
    static const char *const unread[] = {"?xxxx", "x?xxx", "xx?xx", "xxx?x", "xxxx?"};
    struct trip trip;

    (void)state;
    for (int hop = 0; hop < HOP_COUNT; hop++) {
        const struct hop_state *is = &trip.result.states[hop];

        set_out(&trip, true);
        trip.in.deadline_ms[HOP_IN_USE] = 60;
        look(&trip, 20, up[hop]);
        remember(&trip);
        look(&trip, 2000, up[hop]);
        assert_int_equal(is->state, HOP_LATE);
        assert_true(is->cause.len > 0 && is->remedy.len > 0);
        /* Only what is pushed can have got lost. */
        assert_int_equal(is->why,
                         hop == HOP_USER || hop == HOP_PUSHED ? HOP_CAUSE_LOST : HOP_CAUSE_NONE);
        look(&trip, 20, unread[hop]);
        assert_int_equal(is->state, HOP_UNKNOWN);
        assert_true(is->cause.len > 0 && is->remedy.len > 0);
        if (!down[hop])
            continue;
        set_out(&trip, false);
        look(&trip, 20, down[hop]);
        remember(&trip);
        assert_true(is->cause.len > 0);
        look(&trip, 2000, down[hop]);
        assert_true(is->overdue);
        assert_true(is->cause.len > 0 && is->remedy.len > 0);
    }
}

static void test_learned_times_are_told_of_what_is_waited_for_once_there_are_enough(void **state)
{
    struct lag few = {.n = LAG_ENOUGH - 1, .median_ms = 5, .p95_ms = 6, .p99_ms = 7};
    struct lag enough = {.n = LAG_ENOUGH, .median_ms = 0, .p95_ms = 6, .p99_ms = 7};
    struct trip trip;

    (void)state;
    set_out(&trip, true);
    trip.in.up[HOP_OKTA] = &enough;
    trip.in.up[HOP_USER] = &enough;
    trip.in.up[HOP_PUSHED] = &few;
    look(&trip, 20, "x....");
    assert_int_equal(trip.result.states[HOP_OKTA].usual_ms, 0); /* it is there */
    assert_int_equal(trip.result.states[HOP_USER].usual_ms, 1); /* 0 would be "nothing known" */
    assert_int_equal(trip.result.states[HOP_USER].at_most_ms, 6);
    assert_int_equal(trip.result.states[HOP_PUSHED].usual_ms, 0);
    assert_int_equal(trip.result.states[HOP_SEAT].usual_ms, 0);
}

static void test_hops_and_states_read_back_as_what_they_name(void **state)
{
    enum hop hop;
    enum hop_word word;

    (void)state;
    for (int i = 0; i < HOP_COUNT; i++) {
        assert_true(hop_parse(str_of(hop_name((enum hop)i)), &hop));
        assert_int_equal(hop, i);
    }
    for (int i = 0; i <= HOP_NOT_APPLICABLE; i++) {
        assert_true(hop_word_parse(str_of(hop_word_name((enum hop_word)i)), &word));
        assert_int_equal(word, i);
    }
    assert_false(hop_parse(STR("invalid"), &hop));
    assert_false(hop_word_parse(STR(""), &word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hops_and_their_states_have_the_words_of_the_report),
        cmocka_unit_test(test_each_clock_starts_when_the_hop_before_is_reached),
        cmocka_unit_test(test_a_clock_counts_from_the_last_of_those_before_it),
        cmocka_unit_test(test_a_hop_is_late_at_its_deadline_and_not_before),
        cmocka_unit_test(test_an_arrival_is_told_only_of_what_was_seen_waiting),
        cmocka_unit_test(test_what_is_there_counts_whatever_is_before_it),
        cmocka_unit_test(test_who_was_there_and_is_not_any_more_waits_from_now_on),
        cmocka_unit_test(test_what_cannot_be_read_is_unknown_and_remembered_as_it_was),
        cmocka_unit_test(test_hops_that_do_not_apply_are_stepped_over),
        cmocka_unit_test(test_an_ended_seat_goes_hop_by_hop),
        cmocka_unit_test(test_a_seat_lingers_from_its_deadline_on),
        cmocka_unit_test(test_a_seat_has_ended_only_when_all_of_it_is_seen_to_be_gone),
        cmocka_unit_test(test_who_comes_back_after_the_end_leaves_from_then_on),
        cmocka_unit_test(test_a_seat_may_be_wanted_again_before_it_has_ended),
        cmocka_unit_test(test_looking_again_changes_nothing),
        cmocka_unit_test(test_a_clock_that_jumped_back_gives_no_negative_times),
        cmocka_unit_test(test_what_a_guard_holds_is_said_of_the_hop_that_we_could_move),
        cmocka_unit_test(test_a_cause_that_was_found_is_told_before_the_deadline_too),
        cmocka_unit_test(test_words_of_patience_are_not_said_of_what_is_late),
        cmocka_unit_test(test_every_late_overdue_or_unreadable_hop_has_a_cause_and_a_remedy),
        cmocka_unit_test(test_learned_times_are_told_of_what_is_waited_for_once_there_are_enough),
        cmocka_unit_test(test_hops_and_states_read_back_as_what_they_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

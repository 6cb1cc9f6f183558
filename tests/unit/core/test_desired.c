#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/desired.h"
#include "support/core_build.h"

static int set_up(void **state)
{
    static struct world world;

    world_init(&world);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    world_fini(*state);
    return 0;
}

/* "kiro-pro: ada bob; kiro-pro-plus:; q-pro: cid" */
static const char *show(struct world *w)
{
    struct str out = {"", 0};

    world_seal(w);
    struct desired desired =
        desired_at(&w->policy, w->grants.items, w->grants.n, &w->facts, w->now, &w->arena);
    for (size_t i = 0; i < desired.n; i++) {
        const struct desired_group *group = &desired.groups[i];

        out = arena_printf(&w->arena, "%.*s%s%.*s:", STR_ARG(out), i > 0 ? "; " : "",
                           STR_ARG(group->plan));
        for (size_t k = 0; k < group->people.n; k++)
            out = arena_printf(&w->arena, "%.*s %.*s", STR_ARG(out), STR_ARG(group->people.ids[k]));
    }
    return out.ptr;
}

static const char *standing(struct world *w, const char *plan, const char *person)
{
    world_seal(w);
    grants_sort(w->grants.items, w->grants.n);
    struct standing s = standing_of(&w->policy, &w->ents[KIRO], str_of(plan), str_of(person),
                                    w->grants.items, w->grants.n, &w->facts, w->now, &w->arena);

    if (!s.has_history)
        return "no history";
    return arena_printf(&w->arena, "%s %s since %lld by %.*s", s.wanted ? "wanted" : "not wanted",
                        cause_name(s.cause), (long long)(s.since_ms - w->now) / WORLD_DAY,
                        STR_ARG(s.grant->id))
        .ptr;
}

static struct grant *grant(struct world *w, const char *plan, const char *person, int from_day,
                           int until_day)
{
    return world_grant(w, KIRO, plan, person, from_day * WORLD_DAY, until_day * WORLD_DAY);
}

static void end_at(struct world *w, struct grant *grant, int day, enum cause cause)
{
    grant->ended_at = w->now + day * WORLD_DAY;
    grant->end_cause = cause;
}

static void test_there_is_one_group_per_plan_in_the_order_of_the_policy(void **state)
{
    assert_string_equal(show(*state), "kiro-pro:; kiro-pro-plus:; q-pro:");
}

static void test_live_grants_are_desired_from_first_to_last_millisecond(void **state)
{
    struct world *w = *state;

    (void)grant(w, "kiro-pro", "zoe", -1, 1);
    (void)grant(w, "kiro-pro", "ada", 0, 1);  /* begins now */
    (void)grant(w, "kiro-pro", "bob", -1, 0); /* ends now */
    (void)grant(w, "kiro-pro", "cid", 1, 2);  /* has yet to begin */
    end_at(w, grant(w, "kiro-pro", "dan", -2, 2), -1, CAUSE_REVOKED);
    end_at(w, grant(w, "kiro-pro", "eve", -2, 2), 1, CAUSE_MOVED); /* ends tomorrow */
    (void)world_grant(w, Q, "q-pro", "cid", -WORLD_DAY, WORLD_DAY);
    assert_string_equal(show(w), "kiro-pro: ada eve zoe; kiro-pro-plus:; q-pro: cid");
}

static void test_the_highest_plan_counts_once(void **state)
{
    struct world *w = *state;

    (void)grant(w, "kiro-pro-plus", "ada", -1, 1);
    (void)grant(w, "kiro-pro", "ada", -1, 9);
    (void)grant(w, "kiro-pro", "ada", -1, 9);
    assert_string_equal(show(w), "kiro-pro:; kiro-pro-plus: ada; q-pro:");
}

static void test_what_the_settings_do_not_know_is_left_alone(void **state)
{
    struct world *w = *state;

    (void)grant(w, "kiro-gold", "ada", -1, 1);
    grant(w, "kiro-pro", "bob", -1, 1)->entitlement = STR("former");
    assert_string_equal(show(w), "kiro-pro:; kiro-pro-plus:; q-pro:");
}

static void test_the_blocked_and_the_ended_are_not_desired_and_doubt_keeps(void **state)
{
    struct world *w = *state;
    const char *const people[] = {"ada", "bob", "cid", "dan", "eve"};

    for (size_t i = 0; i < ARRAY_LEN(people); i++)
        (void)grant(w, "kiro-pro", people[i], -1, 1);
    world_person(w, "ada")->blocked = true;
    world_person(w, "bob")->person.status = USER_DEPROVISIONED;
    world_person(w, "bob")->inactive_since_ms = w->now - 2 * WORLD_DAY;
    world_person(w, "bob")->inactive_twice = true;
    world_person(w, "cid")->person.status = USER_UNKNOWN;
    world_person(w, "dan")->person.status = USER_GONE;
    assert_string_equal(show(w), "kiro-pro: cid dan eve; kiro-pro-plus:; q-pro:");
    w->people.n = 0; /* nothing is known of anybody */
    assert_string_equal(show(w), "kiro-pro: ada bob cid dan eve; kiro-pro-plus:; q-pro:");
}

static void test_a_standing_says_why_and_since_when(void **state)
{
    struct world *w = *state;

    assert_string_equal(standing(w, "kiro-pro", "ada"), "no history");
    (void)grant(w, "kiro-pro", "ada", -1, 1);
    assert_string_equal(standing(w, "kiro-pro", "ada"), "wanted granted since -1 by grant-0001");
    assert_string_equal(standing(w, "kiro-pro-plus", "ada"), "no history");
    (void)grant(w, "kiro-pro", "bob", -9, -3);
    assert_string_equal(standing(w, "kiro-pro", "bob"),
                        "not wanted expired since -3 by grant-0002");
    (void)grant(w, "kiro-pro", "bob", -9, -2);
    (void)grant(w, "kiro-pro", "bob", -9, -4);
    assert_string_equal(standing(w, "kiro-pro", "bob"),
                        "not wanted expired since -2 by grant-0003");
    (void)grant(w, "kiro-pro", "cid", 1, 2);
    assert_string_equal(standing(w, "kiro-pro", "cid"), "no history");
    end_at(w, grant(w, "kiro-pro", "dan", -9, 9), -5, CAUSE_RETURNED);
    assert_string_equal(standing(w, "kiro-pro", "dan"),
                        "not wanted returned since -5 by grant-0006");
    end_at(w, grant(w, "kiro-pro", "eve", -9, -6), -5, CAUSE_RETURNED); /* was over before */
    assert_string_equal(standing(w, "kiro-pro", "eve"),
                        "not wanted expired since -6 by grant-0007");
}

static void test_a_grant_that_was_ended_before_it_began_explains_nothing(void **state)
{
    struct world *w = *state;

    end_at(w, grant(w, "kiro-pro", "ada", 5, 9), -1, CAUSE_REVOKED);
    end_at(w, grant(w, "kiro-pro", "ada", -2, 9), -3, CAUSE_REVOKED);
    assert_string_equal(standing(w, "kiro-pro", "ada"), "no history");
    (void)grant(w, "kiro-pro", "ada", -9, -8);
    assert_string_equal(standing(w, "kiro-pro", "ada"),
                        "not wanted expired since -8 by grant-0003");
}

static void test_a_standing_follows_a_move_to_the_plan_that_counts(void **state)
{
    struct world *w = *state;

    end_at(w, grant(w, "kiro-pro", "ada", -9, 9), -3, CAUSE_MOVED);
    (void)grant(w, "kiro-pro-plus", "ada", -3, 9);
    assert_string_equal(standing(w, "kiro-pro", "ada"), "not wanted moved since -3 by grant-0002");
    assert_string_equal(standing(w, "kiro-pro-plus", "ada"),
                        "wanted granted since -3 by grant-0002");
    (void)grant(w, "kiro-pro", "bob", -9, 9); /* both live: the higher counts */
    (void)grant(w, "kiro-pro-plus", "bob", -2, 9);
    assert_string_equal(standing(w, "kiro-pro", "bob"), "not wanted moved since -2 by grant-0004");
    end_at(w, grant(w, "kiro-pro-plus", "cid", -9, 9), -1, CAUSE_REVOKED);
    (void)grant(w, "kiro-pro", "cid", -9, 9);
    assert_string_equal(standing(w, "kiro-pro-plus", "cid"),
                        "not wanted revoked since -1 by grant-0005");
    end_at(w, grant(w, "kiro-pro", "dan", -9, 9), -5, CAUSE_MOVED);
    (void)grant(w, "kiro-pro-plus", "dan", -5, -2);
    assert_string_equal(standing(w, "kiro-pro", "dan"),
                        "not wanted expired since -2 by grant-0008");
}

static void test_a_standing_knows_the_block_before_the_ledger_ended_the_grant(void **state)
{
    struct world *w = *state;

    (void)grant(w, "kiro-pro", "ada", -7, 9);
    (void)grant(w, "kiro-pro", "bob", -7, -2);
    world_person(w, "ada")->blocked = true;
    world_person(w, "bob")->blocked = true;
    assert_string_equal(standing(w, "kiro-pro", "ada"),
                        "not wanted blocked since -7 by grant-0001");
    assert_string_equal(standing(w, "kiro-pro", "bob"),
                        "not wanted blocked since -2 by grant-0002");
}

static void test_grants_are_found_by_entitlement_and_person(void **state)
{
    struct world *w = *state;
    size_t n;

    (void)grant(w, "kiro-pro", "bob", -1, 1);
    (void)grant(w, "kiro-pro", "ada", -1, 1);
    (void)world_grant(w, Q, "q-pro", "ada", 0, 1);
    (void)grant(w, "kiro-pro", "ada", -2, 1);
    grants_sort(w->grants.items, w->grants.n);
    const struct grant *own =
        grants_of(w->grants.items, w->grants.n, STR("kiro-jp"), STR("ada"), &n);
    assert_int_equal(n, 2);
    assert_true(str_is(own[0].id, "grant-0004"));
    assert_true(str_is(own[1].id, "grant-0002"));
    assert_null(grants_of(w->grants.items, w->grants.n, STR("q-jp"), STR("bob"), &n));
    assert_int_equal(n, 0);
    assert_int_equal(grants_in(w->grants.items, w->grants.n, STR("kiro-jp")), 3);
    assert_int_equal(grants_in(w->grants.items, w->grants.n, STR("q-jp")), 1);
    assert_int_equal(grants_in(w->grants.items, w->grants.n, STR("other")), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_there_is_one_group_per_plan_in_the_order_of_the_policy),
        TEST(test_live_grants_are_desired_from_first_to_last_millisecond),
        TEST(test_the_highest_plan_counts_once),
        TEST(test_what_the_settings_do_not_know_is_left_alone),
        TEST(test_the_blocked_and_the_ended_are_not_desired_and_doubt_keeps),
        TEST(test_a_standing_says_why_and_since_when),
        TEST(test_a_grant_that_was_ended_before_it_began_explains_nothing),
        TEST(test_a_standing_follows_a_move_to_the_plan_that_counts),
        TEST(test_a_standing_knows_the_block_before_the_ledger_ended_the_grant),
        TEST(test_grants_are_found_by_entitlement_and_person),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

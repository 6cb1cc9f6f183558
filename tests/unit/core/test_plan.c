#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "core/plan.h"
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

static const char *show(struct world *w)
{
    struct plan plan = world_plan(w);

    return world_show_plan(w, &plan);
}

static const char *show_deviations(struct world *w)
{
    static const char *const names[] = {[DEVIATION_UNMANAGED] = "unmanaged",
                                        [DEVIATION_DOUBLE] = "double",
                                        [DEVIATION_ORPHAN] = "orphan"};
    struct plan plan = world_plan(w);
    struct str out = {"", 0};

    for (size_t i = 0; i < plan.n_deviations; i++) {
        const struct deviation *d = &plan.deviations[i];

        out = arena_printf(&w->arena, "%.*s%s%s %.*s %.*s/%.*s", STR_ARG(out), i > 0 ? "; " : "",
                           names[d->kind], STR_ARG(d->person), STR_ARG(d->entitlement),
                           STR_ARG(d->plan));
    }
    return out.ptr;
}

/* The first op about somebody; the test fails when there is none. */
static const struct op *op_about(struct world *w, const char *person)
{
    struct plan *plan = arena_new(&w->arena, struct plan);

    *plan = world_plan(w);
    for (size_t i = 0; i < plan->n; i++) {
        if (str_is(plan->ops[i].person, person))
            return &plan->ops[i];
    }
    fail_msg("no op about %s", person);
    return NULL;
}

static const char *reason(struct world *w, const char *person)
{
    return arena_cstr(&w->arena, op_about(w, person)->reason);
}

static void end_grant(struct grant *grant, int64_t at_ms, enum cause cause)
{
    grant->ended_at = at_ms;
    grant->end_cause = cause;
}

static struct grant *live(struct world *w, const char *plan, const char *person)
{
    return world_grant(w, KIRO, plan, person, -WORLD_DAY, 30 * WORLD_DAY);
}

static struct grant *over(struct world *w, const char *plan, const char *person)
{
    return world_grant(w, KIRO, plan, person, -60 * WORLD_DAY, -2 * WORLD_DAY);
}

static void test_a_world_in_order_needs_nothing(void **state)
{
    struct world *w = *state;

    (void)live(w, "kiro-pro", "ada");
    world_member(w, G_PRO, "ada", true);
    assert_string_equal(show(w), "");
    assert_string_equal(show_deviations(w), "");
}

static void test_whoever_is_missing_is_joined_and_the_reason_says_why(void **state)
{
    struct world *w = *state;

    (void)live(w, "kiro-pro", "ada");
    assert_string_equal(show(w), "+ada/g-pro");

    const struct op *op = op_about(w, "ada");
    assert_string_equal(reason(w, "ada"), "granted by R1 until 2026-06-03");
    assert_int_equal(op->cause, CAUSE_GRANTED);
    assert_int_equal(op->request_number, 1);
    assert_int_equal(op->explained_at, w->now - WORLD_DAY);
    assert_int_equal(op->order_ms, w->now - WORLD_DAY);
    assert_int_equal(op->due_ms, w->now - WORLD_DAY);
    assert_int_equal(op->cost_minor, 2000);
    assert_false(op->is_renewal);
    assert_true(str_is(op->login, "ada@example.com"));
    assert_true(str_eq(op->id, op_make_id(OP_OKTA_ADD, STR("g-pro"), STR("ada"), STR("kiro-jp"),
                                          STR("kiro-pro"), &w->arena)));
}

static void test_an_end_at_midnight_is_told_as_the_day_before(void **state)
{
    struct world *w = *state;

    live(w, "kiro-pro", "ada")->until_ms = INT64_C(1798761600000); /* 2027-01-01T00:00Z */
    assert_string_equal(reason(w, "ada"), "granted by R1 until 2026-12-31");
}

static void test_an_adoption_is_said_to_be_one(void **state)
{
    struct world *w = *state;

    live(w, "kiro-pro", "ada")->request = STR("");
    assert_string_equal(reason(w, "ada"), "granted by an adoption until 2026-06-03");
    assert_int_equal(op_about(w, "ada")->explained_at, 0);
}

static void test_every_way_to_lose_a_grant_has_its_cause_and_words(void **state)
{
    const struct {
        enum cause cause;
        const char *plan, *reason;
    } rows[] = {
        {CAUSE_EXPIRED, "-bob/g-pro expired", "the grant by R1 ended on 2026-05-02"},
        {CAUSE_REVOKED, "-bob/g-pro revoked", "the grant by R1 was revoked on 2026-05-03"},
        {CAUSE_RETURNED, "-bob/g-pro returned", "returned by the holder on 2026-05-03"},
        {CAUSE_BLOCKED, "-bob/g-pro blocked", "blocked, owed since 2026-05-03"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world *w = *state;
        struct grant *grant = over(w, "kiro-pro", "bob");

        world_member(w, G_PRO, "bob", true);
        if (rows[i].cause != CAUSE_EXPIRED) {
            grant->until_ms = w->now + WORLD_DAY;
            end_grant(grant, w->now - WORLD_DAY, rows[i].cause);
        }
        assert_string_equal(show(w), rows[i].plan);
        assert_string_equal(reason(w, "bob"), rows[i].reason);
        assert_int_equal(op_about(w, "bob")->cost_minor, -2000);
        tear_down(state);
        set_up(state);
    }
}

static void test_taking_back_by_name_explains_itself_from_then_on(void **state)
{
    struct world *w = *state;

    world_member(w, G_PRO, "bob", true);
    end_grant(live(w, "kiro-pro", "bob"), w->now - WORLD_HOUR, CAUSE_REVOKED);
    assert_int_equal(op_about(w, "bob")->explained_at, w->now - WORLD_HOUR);
    assert_int_equal(op_about(w, "bob")->due_ms, w->now - WORLD_HOUR);
    w->grants.items[0].end_cause = CAUSE_INACTIVE;
    assert_int_equal(op_about(w, "bob")->explained_at, w->now - WORLD_DAY);
}

static void test_deactivated_people_leave_with_their_state_as_the_reason(void **state)
{
    struct world *w = *state;
    struct person_facts *bob;

    (void)live(w, "kiro-pro", "bob");
    world_member(w, G_PRO, "bob", true);
    bob = world_person(w, "bob");
    bob->person.status = USER_DEPROVISIONED;
    bob->inactive_since_ms = w->now - 3 * WORLD_DAY;
    assert_string_equal(show(w), "");
    bob->inactive_twice = true;
    assert_string_equal(show(w), "-bob/g-pro inactive");
    assert_string_equal(reason(w, "bob"), "deactivated in Okta since 2026-05-01");
    assert_int_equal(op_about(w, "bob")->due_ms, w->now - 3 * WORLD_DAY);

    bob = world_person(w, "bob");
    bob->person.status = USER_GONE;
    bob->gone_since_ms = w->now - WORLD_DAY;
    assert_string_equal(show(w), "");
    bob->gone_proved = true;
    assert_string_equal(reason(w, "bob"), "deleted in Okta, gone since 2026-05-03");
}

static void test_members_by_other_hands_are_reported_and_left_alone(void **state)
{
    struct world *w = *state;

    world_member(w, G_PRO, "eve", false);
    assert_string_equal(show(w), "");
    assert_string_equal(show_deviations(w), "unmanaged eve kiro-jp/kiro-pro");
    w->ents[KIRO].unmanaged_remove = true;
    assert_string_equal(show(w), "-eve/g-pro unmanaged");
    assert_string_equal(show_deviations(w), "unmanaged eve kiro-jp/kiro-pro");
    assert_int_equal(op_about(w, "eve")->due_ms, w->now - 30 * WORLD_DAY);
    world_forget(w, G_PRO, "eve"); /* seen for the first time */
    assert_int_equal(op_about(w, "eve")->due_ms, w->now);
}

static void test_an_ended_grant_does_not_make_a_foreign_membership_ours(void **state)
{
    struct world *w = *state;

    (void)over(w, "kiro-pro", "eve");
    world_member(w, G_PRO, "eve", false);
    assert_string_equal(show(w), "");
    assert_string_equal(show_deviations(w), "unmanaged eve kiro-jp/kiro-pro");
}

static void test_ours_without_any_grant_is_doubt_and_stays(void **state)
{
    struct world *w = *state;

    world_member(w, G_PRO, "eve", true);
    w->ents[KIRO].unmanaged_remove = true;
    assert_string_equal(show(w), "");
    assert_string_equal(show_deviations(w), "unmanaged eve kiro-jp/kiro-pro");
    /* A grant that has yet to begin explains nothing either. */
    (void)world_grant(w, KIRO, "kiro-pro", "eve", WORLD_DAY, 2 * WORLD_DAY);
    assert_string_equal(show(w), "");
}

static void test_an_end_without_a_cause_is_doubt_and_stays(void **state)
{
    struct world *w = *state;

    end_grant(live(w, "kiro-pro", "bob"), w->now - WORLD_HOUR, CAUSE_GRANTED);
    world_member(w, G_PRO, "bob", true);
    assert_string_equal(show(w), "");
    assert_string_equal(show_deviations(w), "unmanaged bob kiro-jp/kiro-pro");
}

static void test_who_vanished_and_came_back_by_other_hands_is_not_ours(void **state)
{
    struct world *w = *state;

    (void)over(w, "kiro-pro", "bob");
    world_listed(w, G_PRO, "bob");
    world_accepted(w, G_PRO, "bob", true)->taken_out = true;
    assert_string_equal(show(w), "");
    assert_string_equal(show_deviations(w), "unmanaged bob kiro-jp/kiro-pro");
}

static void test_no_op_comes_from_a_listing_that_is_not_sealed(void **state)
{
    const enum listing_state states[] = {LISTING_UNKNOWN, LISTING_ABSENT};
    struct world *w = *state;

    (void)live(w, "kiro-pro", "ada");
    (void)over(w, "kiro-pro", "bob");
    world_member(w, G_PRO, "bob", true);
    world_member(w, G_PRO, "eve", false);
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        w->groups[G_PRO].listing.state = states[i];
        assert_string_equal(show(w), "");
        assert_string_equal(show_deviations(w), "");
    }
}

static void test_a_move_joins_first_and_leaves_in_a_later_run(void **state)
{
    struct world *w = *state;

    end_grant(live(w, "kiro-pro", "bob"), w->now - WORLD_HOUR, CAUSE_MOVED);
    world_member(w, G_PRO, "bob", true);
    (void)world_grant(w, KIRO, "kiro-pro-plus", "bob", -WORLD_HOUR, 30 * WORLD_DAY);
    assert_string_equal(show(w), "+bob/g-plus");
    assert_int_equal(op_about(w, "bob")->cost_minor, 2000); /* 40.00 instead of 20.00 */
    assert_true(op_about(w, "bob")->is_renewal);

    world_member(w, G_PLUS, "bob", true);
    assert_string_equal(show(w), "-bob/g-pro moved");
    assert_string_equal(reason(w, "bob"), "moved to kiro-pro-plus by R2");
    assert_int_equal(op_about(w, "bob")->cost_minor, 0); /* the higher plan is what costs */
    assert_int_equal(op_about(w, "bob")->explained_at, w->now - WORLD_HOUR);
    assert_string_equal(show_deviations(w), "");

    w->groups[G_PLUS].listing.state = LISTING_UNKNOWN;
    assert_string_equal(show(w), "");
}

static void test_the_higher_of_two_live_grants_counts(void **state)
{
    struct world *w = *state;

    (void)live(w, "kiro-pro", "bob");
    (void)live(w, "kiro-pro-plus", "bob");
    assert_string_equal(show(w), "+bob/g-plus");
    world_member(w, G_PRO, "bob", true);
    world_member(w, G_PLUS, "bob", true);
    assert_string_equal(show(w), "-bob/g-pro moved");
}

static void test_moving_down_joins_the_lower_group_at_no_cost(void **state)
{
    struct world *w = *state;

    end_grant(live(w, "kiro-pro-plus", "bob"), w->now - WORLD_HOUR, CAUSE_MOVED);
    world_member(w, G_PLUS, "bob", true);
    (void)live(w, "kiro-pro", "bob");
    assert_string_equal(show(w), "+bob/g-pro");
    assert_int_equal(op_about(w, "bob")->cost_minor, 0);
    world_member(w, G_PRO, "bob", true);
    assert_string_equal(show(w), "-bob/g-plus moved");
    assert_int_equal(op_about(w, "bob")->cost_minor, -2000);
}

static void test_a_plan_taken_back_by_name_is_left_at_once(void **state)
{
    struct world *w = *state;

    (void)live(w, "kiro-pro", "bob");
    end_grant(live(w, "kiro-pro-plus", "bob"), w->now - WORLD_HOUR, CAUSE_REVOKED);
    world_member(w, G_PLUS, "bob", true);
    assert_string_equal(show(w), "+bob/g-pro; -bob/g-plus revoked");
}

static void test_whoever_moved_and_lost_the_new_plan_loses_the_old_by_that(void **state)
{
    struct world *w = *state;

    end_grant(over(w, "kiro-pro", "bob"), w->now - 30 * WORLD_DAY, CAUSE_MOVED);
    (void)world_grant(w, KIRO, "kiro-pro-plus", "bob", -30 * WORLD_DAY, -WORLD_DAY);
    world_member(w, G_PRO, "bob", true);
    world_member(w, G_PLUS, "bob", true);
    assert_string_equal(show(w), "-bob/g-plus expired; -bob/g-pro expired");
}

static void test_a_second_seat_by_other_hands_is_a_double(void **state)
{
    struct world *w = *state;

    (void)live(w, "kiro-pro-plus", "bob");
    world_member(w, G_PLUS, "bob", true);
    world_member(w, G_PRO, "bob", false);
    assert_string_equal(show(w), "");
    assert_string_equal(show_deviations(w), "double bob kiro-jp/kiro-pro");
    w->ents[KIRO].unmanaged_remove = true;
    assert_string_equal(show(w), "-bob/g-pro unmanaged");
    /* Not before the seat that was granted is there. */
    world_unlist(w, G_PLUS, "bob");
    assert_string_equal(show(w), "+bob/g-plus");
    assert_string_equal(show_deviations(w), "unmanaged bob kiro-jp/kiro-pro");
}

static void test_grants_that_the_settings_do_not_know_are_reported_only(void **state)
{
    struct world *w = *state;

    live(w, "kiro-gold", "bob")->created_at = 1;
    live(w, "kiro-gold", "bob")->created_at = 2; /* one thing, told once */
    live(w, "kiro-pro", "cid")->entitlement = STR("former");
    (void)over(w, "kiro-silver", "dan");
    assert_string_equal(show(w), "");
    assert_string_equal(show_deviations(w),
                        "orphan cid former/kiro-pro; orphan bob kiro-jp/kiro-gold");
    /* Nobody can say what the orphan stands for, so what that person has stays. */
    (void)over(w, "kiro-pro", "bob");
    world_member(w, G_PRO, "bob", true);
    assert_string_equal(show(w), "");
}

static void test_blocked_people_leave_and_do_not_come_back(void **state)
{
    struct world *w = *state;

    (void)live(w, "kiro-pro", "ada");
    (void)live(w, "kiro-pro", "bob");
    world_member(w, G_PRO, "bob", true);
    world_person(w, "ada")->blocked = true;
    world_person(w, "bob")->blocked = true;
    assert_string_equal(show(w), "-bob/g-pro blocked");
}

static void test_the_assignment_group_is_joined_first(void **state)
{
    struct world *w = *state;

    w->has_assignment = true;
    (void)live(w, "kiro-pro", "ada");
    (void)live(w, "kiro-pro-plus", "bob");
    world_member(w, G_PLUS, "bob", true);
    assert_string_equal(show(w), "+ada/g-app; +bob/g-app; +ada/g-pro");
    assert_true(op_about(w, "ada")->to_assignment);
    assert_int_equal(op_about(w, "ada")->cost_minor, 0);
    assert_int_equal(op_about(w, "ada")->plan.len, 0);
}

static void test_the_assignment_group_is_left_last_and_only_where_allowed(void **state)
{
    struct world *w = *state;

    w->has_assignment = true;
    (void)over(w, "kiro-pro", "bob");
    world_member(w, G_APP, "bob", true);
    world_member(w, G_APP, "eve", false);
    world_member(w, G_PRO, "bob", true);
    assert_string_equal(show(w), "-bob/g-pro expired");
    world_unlist(w, G_PRO, "bob");
    assert_string_equal(show(w), ""); /* `assignment_leave` is off */
    w->ents[KIRO].assignment_leave = true;
    assert_string_equal(show(w), "-bob/g-app assignment");
    assert_string_equal(reason(w, "bob"), "no grant needs the assignment since 2026-05-02");
    assert_string_equal(show_deviations(w), "");

    w->groups[G_Q].listing.state = LISTING_UNKNOWN; /* might be in there */
    assert_string_equal(show(w), "");
    w->groups[G_Q].listing.state = LISTING_SEALED;
    world_member(w, G_Q, "bob", false);
    assert_string_equal(show(w), "");
    world_unlist(w, G_Q, "bob");
    assert_string_equal(show(w), "-bob/g-app assignment");
    (void)world_grant(w, Q, "q-pro", "bob", WORLD_DAY, 2 * WORLD_DAY);
    assert_string_equal(show(w), "");
    w->grants.items[w->grants.n - 1].from_ms = w->now - WORLD_DAY;
    assert_string_equal(show(w), "+bob/g-q");
    w->grants.items[w->grants.n - 1].entitlement = STR("former");
    assert_string_equal(show(w), "");
}

static const char *nickname(void *self, struct str person)
{
    return str_is(person, "ada") ? self : NULL;
}

static void test_labels_come_from_the_caller_the_facts_or_the_listing(void **state)
{
    struct world *w = *state;
    static char called[] = "countess";

    (void)live(w, "kiro-pro", "ada");
    (void)over(w, "kiro-pro", "bob");
    world_member(w, G_PRO, "bob", true);
    world_person(w, "bob")->person.login = STR("");
    world_seal(w);
    grants_sort(w->grants.items, w->grants.n);
    w->plan_in.login_of = nickname;
    w->plan_in.login_self = called;
    struct plan plan = plan_build(&w->plan_in, &w->arena);
    assert_true(str_is(plan.ops[0].login, "countess"));
    assert_true(str_is(plan.ops[1].login, "bob@example.com")); /* as listed */
}

static void test_the_digest_is_of_the_ops_and_of_nothing_else(void **state)
{
    struct world *w = *state;
    struct plan empty = world_plan(w);

    (void)live(w, "kiro-pro", "ada");
    struct plan one = world_plan(w);
    w->now += WORLD_DAY;
    w->grants.items[0].until_ms += WORLD_DAY;
    struct plan later = world_plan(w);
    (void)live(w, "kiro-pro", "bob");
    struct plan two = world_plan(w);

    assert_int_equal(empty.digest.len, 64);
    assert_false(str_eq(empty.digest, one.digest));
    assert_true(str_eq(one.digest, later.digest));
    assert_false(str_eq(one.digest, two.digest));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_world_in_order_needs_nothing),
        TEST(test_whoever_is_missing_is_joined_and_the_reason_says_why),
        TEST(test_an_end_at_midnight_is_told_as_the_day_before),
        TEST(test_an_adoption_is_said_to_be_one),
        TEST(test_every_way_to_lose_a_grant_has_its_cause_and_words),
        TEST(test_taking_back_by_name_explains_itself_from_then_on),
        TEST(test_deactivated_people_leave_with_their_state_as_the_reason),
        TEST(test_members_by_other_hands_are_reported_and_left_alone),
        TEST(test_an_ended_grant_does_not_make_a_foreign_membership_ours),
        TEST(test_ours_without_any_grant_is_doubt_and_stays),
        TEST(test_an_end_without_a_cause_is_doubt_and_stays),
        TEST(test_who_vanished_and_came_back_by_other_hands_is_not_ours),
        TEST(test_no_op_comes_from_a_listing_that_is_not_sealed),
        TEST(test_a_move_joins_first_and_leaves_in_a_later_run),
        TEST(test_the_higher_of_two_live_grants_counts),
        TEST(test_moving_down_joins_the_lower_group_at_no_cost),
        TEST(test_a_plan_taken_back_by_name_is_left_at_once),
        TEST(test_whoever_moved_and_lost_the_new_plan_loses_the_old_by_that),
        TEST(test_a_second_seat_by_other_hands_is_a_double),
        TEST(test_grants_that_the_settings_do_not_know_are_reported_only),
        TEST(test_blocked_people_leave_and_do_not_come_back),
        TEST(test_the_assignment_group_is_joined_first),
        TEST(test_the_assignment_group_is_left_last_and_only_where_allowed),
        TEST(test_labels_come_from_the_caller_the_facts_or_the_listing),
        TEST(test_the_digest_is_of_the_ops_and_of_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

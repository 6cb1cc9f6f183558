#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/guard.h"
#include "support/core_build.h"

/*
 * One test for each guard: it holds, and in the nearest case it does not. Ada is to be joined to
 * g-pro; Bob's grant ended and he is to leave it; nothing holds either of them at first.
 */

static int set_up(void **state)
{
    static struct world world;

    world_init(&world);
    (void)world_grant(&world, KIRO, "kiro-pro", "ada", -WORLD_DAY, 30 * WORLD_DAY);
    (void)world_grant(&world, KIRO, "kiro-pro", "bob", -30 * WORLD_DAY, -2 * WORLD_DAY);
    world_member(&world, G_PRO, "bob", true);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    world_fini(*state);
    return 0;
}

#define BOTH_PASS "+ada/g-pro; -bob/g-pro expired"

static struct str op_id(struct world *world, enum op_kind kind, const char *person)
{
    return op_make_id(kind, STR("g-pro"), str_of(person), STR("kiro-jp"), STR("kiro-pro"),
                      &world->arena);
}

static void release(struct world *world, const char *person)
{
    VEC_PUSH(&world->arena, &world->released, op_id(world, OP_OKTA_REMOVE, person));
}

static void set_cause(struct grant *grant, enum cause cause)
{
    grant->ended_at = grant->until_ms;
    grant->until_ms += 90 * WORLD_DAY;
    grant->end_cause = cause;
}

static const char *reason_of(struct world *world, enum guard guard)
{
    struct plan *plan = arena_new(&world->arena, struct plan);

    *plan = world_plan(world);
    struct guard_verdict verdict = world_guard(world, plan);
    for (size_t i = 0; i < verdict.n_holds; i++) {
        if (verdict.holds[i].guard == guard)
            return arena_cstr(&world->arena, verdict.holds[i].reason);
    }
    return "";
}

static void test_nothing_is_held_when_nothing_is_wrong(void **state)
{
    assert_string_equal(world_show_verdict(*state), BOTH_PASS);
}

static void test_a_freeze_holds_everything_in_its_entitlement(void **state)
{
    struct world *w = *state;

    w->guard_ents[KIRO].frozen = true;
    w->guard_ents[KIRO].frozen_why = STR("audit of May");
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: frozen; -bob/g-pro expired: frozen");
    assert_string_equal(reason_of(w, GUARD_FROZEN), "frozen: audit of May");
    w->guard_ents[KIRO].frozen = false;
    w->guard_ents[Q].frozen = true;
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
}

static void test_a_freeze_of_removals_lets_people_in(void **state)
{
    struct world *w = *state;

    w->guard_ents[KIRO].frozen_removals = true;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro expired: frozen");
    set_cause(&w->grants.items[1], CAUSE_BLOCKED);
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro blocked: frozen");
}

static void test_another_organisation_is_never_written_to(void **state)
{
    struct world *w = *state;

    w->guard.instance_ok = false;
    assert_string_equal(world_show_verdict(w),
                        "+ada/g-pro: instance; -bob/g-pro expired: instance");
}

static void test_a_second_writer_stops_everything(void **state)
{
    struct world *w = *state;

    w->guard.foreign_self = true;
    assert_string_equal(world_show_verdict(w),
                        "+ada/g-pro: foreign-self; -bob/g-pro expired: foreign-self");
}

static void test_a_wrong_clock_ends_nothing(void **state)
{
    struct world *w = *state;

    w->guard.clock_ok = false;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro expired: clock");
    set_cause(&w->grants.items[1], CAUSE_REVOKED);
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro revoked");
}

static void test_mode_observe_writes_nothing_and_mode_add_removes_nobody(void **state)
{
    struct world *w = *state;

    w->guard_ents[KIRO].mode = MODE_OBSERVE;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: mode; -bob/g-pro expired: mode");
    w->guard_ents[KIRO].mode = MODE_ADD;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro expired: mode");
    w->guard_ents[KIRO].mode = MODE_ENFORCE;
    w->guard_ents[Q].mode = MODE_OBSERVE;
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
}

static void test_a_group_that_is_not_as_pinned_is_not_written(void **state)
{
    struct world *w = *state;

    w->guard_groups[G_PRO].pin_ok = false;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: pinned; -bob/g-pro expired: pinned");
    w->guard_groups[G_PRO].pin_ok = true;
    w->guard_groups[G_PLUS].pin_ok = false;
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
}

static void test_unread_rules_of_a_group_hold_removals_alone(void **state)
{
    struct world *w = *state;

    w->guard_groups[G_PRO].removals_unknown = true;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro expired: pinned");
}

static void test_an_op_of_a_group_that_is_not_managed_is_held(void **state)
{
    struct world *w = *state;
    struct plan plan = world_plan(w);

    w->guard.groups = &w->guard_groups[G_PLUS];
    w->guard.n_groups = 1;
    struct guard_verdict verdict = world_guard(w, &plan);
    assert_int_equal(verdict.n_passed, 0);
    assert_int_equal(guard_first_hold(&verdict, 0)->guard, GUARD_PINNED);
    assert_int_equal(guard_first_hold(&verdict, 1)->guard, GUARD_PINNED);
}

static void test_an_op_of_an_unknown_entitlement_is_held(void **state)
{
    struct world *w = *state;
    struct plan plan = world_plan(w);

    w->guard.ents = &w->guard_ents[Q];
    w->guard.n_ents = 1;
    struct guard_verdict verdict = world_guard(w, &plan);
    assert_int_equal(verdict.n_passed, 0);
    assert_int_equal(guard_first_hold(&verdict, 0)->guard, GUARD_MODE);
}

static void test_without_the_whole_protected_set_nobody_is_removed(void **state)
{
    struct world *w = *state;

    w->facts.protected_sealed = false;
    w->facts.protected_why = STR("group admins answered 500");
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro expired: sealed");
    assert_string_equal(reason_of(w, GUARD_SEALED),
                        "who is protected could not be read completely: group admins answered "
                        "500");
}

static void test_a_listing_cut_off_after_planning_holds_its_ops(void **state)
{
    struct world *w = *state;
    struct plan plan = world_plan(w);

    w->groups[G_PRO].listing.state = LISTING_UNKNOWN;
    w->groups[G_PRO].listing.why = STR("page 2 answered 500");
    struct guard_verdict verdict = world_guard(w, &plan);
    assert_int_equal(verdict.n_passed, 0);
    assert_int_equal(verdict.holds[0].guard, GUARD_SEALED);
    w->groups[G_PRO].listing.state = LISTING_SEALED;
    w->groups[G_PLUS].listing.state = LISTING_UNKNOWN;
    assert_int_equal(world_guard(w, &plan).n_passed, 2);
}

static void make_inactive(struct world *w, const char *person, enum user_status status)
{
    struct person_facts *facts = world_person(w, person);

    facts->person.status = status;
    facts->inactive_since_ms = w->now - 3 * WORLD_DAY;
    facts->inactive_twice = true;
}

static void test_inactivity_is_proved_by_two_reads(void **state)
{
    struct world *w = *state;

    w->grants.items[1].until_ms = w->now + WORLD_DAY;
    make_inactive(w, "bob", USER_DEPROVISIONED);
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro inactive");

    struct plan plan = world_plan(w);
    world_person(w, "bob")->inactive_twice = false;
    struct guard_verdict verdict = world_guard(w, &plan);
    assert_true(verdict.held[1]);
    assert_int_equal(guard_first_hold(&verdict, 1)->guard, GUARD_SEALED);
}

static void test_a_removal_for_inactivity_ends_with_the_inactivity(void **state)
{
    struct world *w = *state;

    w->grants.items[1].until_ms = w->now + WORLD_DAY;
    make_inactive(w, "bob", USER_SUSPENDED);
    w->ents[KIRO].inactive_suspended_ms = WORLD_DAY;
    struct plan plan = world_plan(w);
    assert_int_equal(world_guard(w, &plan).n_passed, 2);
    /* Suspended people are kept unless the settings say otherwise. */
    w->ents[KIRO].inactive_suspended_ms = POLICY_OFF;
    struct guard_verdict verdict = world_guard(w, &plan);
    assert_int_equal(guard_first_hold(&verdict, 1)->guard, GUARD_INACTIVE);
}

static void shrink(struct world *w, enum world_group_at group, struct str *gone, size_t n)
{
    w->guard_groups[group].shrink =
        (struct shrink){.is_shrunk = true, .before = 10, .lost = n, .gone = gone};
}

static void test_a_shrunken_listing_feeds_no_removals_and_no_readditions(void **state)
{
    struct world *w = *state;
    struct str gone[] = {STR("ada")};
    struct str others[] = {STR("zoe")};

    shrink(w, G_PRO, gone, 1);
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: shrunk; -bob/g-pro expired: shrunk");
    assert_string_equal(reason_of(w, GUARD_SHRUNK), "the group lost 1 of 10 members at once");
    shrink(w, G_PRO, others, 1);
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro expired: shrunk");
    w->guard_groups[G_PRO].shrink_acked = true;
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
    w->guard_groups[G_PRO].shrink_acked = false;
    w->guard_groups[G_PRO].shrink.is_shrunk = false;
    shrink(w, G_PLUS, gone, 1);
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
}

static struct guard_outside *take_out(struct world *w, const char *group, const char *person)
{
    VEC_PUSH(&w->arena, &w->outside,
             ((struct guard_outside){.group = str_of(group), .person = str_of(person)}));
    return &w->outside.items[w->outside.n - 1];
}

static void test_whom_other_hands_took_out_is_not_added_back(void **state)
{
    struct world *w = *state;
    struct guard_outside *outside = take_out(w, "g-pro", "ada");

    outside->actor = STR("eve@example.com");
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: outside; -bob/g-pro expired");
    assert_string_equal(reason_of(w, GUARD_OUTSIDE),
                        "taken out by other hands; restore or end it: eve@example.com");
    outside->acked = true;
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
    *outside = (struct guard_outside){.group = STR("g-plus"), .person = STR("ada")};
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
}

static void test_automatic_restores_stop_after_two_a_day(void **state)
{
    struct world *w = *state;
    struct guard_outside *outside = take_out(w, "g-pro", "ada");

    w->ents[KIRO].removed_outside_restore = true;
    outside->restored_day = 1;
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
    outside->restored_day = 2;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: outside; -bob/g-pro expired");
}

static void test_after_a_change_what_is_new_waits_for_a_word(void **state)
{
    struct world *w = *state;
    struct guard_entitlement *ge = &w->guard_ents[KIRO];

    ge->is_known_changed = true;
    ge->changed_since_ms = w->now - WORLD_HOUR;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: changed; -bob/g-pro expired: changed");
    /* What the last run had goes on, and so does what was asked for since. */
    VEC_PUSH(&w->arena, &w->known_ops, op_id(w, OP_OKTA_REMOVE, "bob"));
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: changed; -bob/g-pro expired");
    ge->changed_since_ms = w->now - 2 * WORLD_DAY;
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
}

static void test_a_revocation_after_a_change_explains_itself(void **state)
{
    struct world *w = *state;
    struct guard_entitlement *ge = &w->guard_ents[KIRO];

    ge->is_known_changed = true;
    ge->changed_since_ms = w->now - 3 * WORLD_DAY;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro expired: changed");
    set_cause(&w->grants.items[1], CAUSE_REVOKED);
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro revoked");
}

static void test_a_release_under_other_rules_does_not_pass_a_change(void **state)
{
    struct world *w = *state;

    w->guard_ents[KIRO].is_known_changed = true;
    w->guard_ents[KIRO].changed_since_ms = w->now;
    release(w, "bob");
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: changed; -bob/g-pro expired: changed");
}

static void test_protected_people_are_never_removed(void **state)
{
    struct world *w = *state;

    world_person(w, "bob")->is_protected = true;
    world_person(w, "ada")->is_protected = true;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro expired: protected");
    set_cause(&w->grants.items[1], CAUSE_BLOCKED);
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro blocked: protected");
}

static void test_whoever_the_run_knows_nothing_of_stays(void **state)
{
    struct world *w = *state;
    struct plan plan = world_plan(w);

    w->facts.n = 0;
    struct guard_verdict verdict = world_guard(w, &plan);
    assert_int_equal(verdict.n_passed, 0);
    assert_int_equal(guard_first_hold(&verdict, 0)->guard, GUARD_ELIGIBLE);
    assert_int_equal(guard_first_hold(&verdict, 1)->guard, GUARD_PROTECTED);
}

static void test_a_membership_that_is_not_ours_is_not_ended(void **state)
{
    struct world *w = *state;
    struct plan plan = world_plan(w);
    struct guard_verdict verdict;

    w->groups[G_PRO].accepted.items[0].owned = false;
    verdict = world_guard(w, &plan);
    assert_false(verdict.held[0]);
    assert_int_equal(guard_first_hold(&verdict, 1)->guard, GUARD_OWNED);
    w->groups[G_PRO].accepted.items[0].owned = true;
    w->groups[G_PRO].accepted.items[0].taken_out = true;
    verdict = world_guard(w, &plan);
    assert_int_equal(guard_first_hold(&verdict, 1)->guard, GUARD_OWNED);
}

static void test_unmanaged_members_go_only_where_everything_allows_it(void **state)
{
    struct world *w = *state;

    world_member(w, G_PRO, "cid", false);
    w->ents[KIRO].unmanaged_remove = true;
    assert_string_equal(world_show_verdict(w), BOTH_PASS "; -cid/g-pro unmanaged");
    w->guard_ents[KIRO].may_remove_unmanaged = false;
    assert_string_equal(world_show_verdict(w), BOTH_PASS "; -cid/g-pro unmanaged: owned");
}

static void test_an_unmanaged_member_has_to_be_seen_twice(void **state)
{
    struct world *w = *state;

    w->ents[KIRO].unmanaged_remove = true;
    w->ents[KIRO].grace_inferred_ms = 0;
    world_member(w, G_PRO, "cid", false);
    w->groups[G_PRO].accepted.items[1].since_ms = w->groups[G_PRO].listing.at_ms - 59999;
    assert_string_equal(world_show_verdict(w), BOTH_PASS "; -cid/g-pro unmanaged: sealed");
    w->groups[G_PRO].accepted.items[1].since_ms -= 1;
    assert_string_equal(world_show_verdict(w), BOTH_PASS "; -cid/g-pro unmanaged");
    world_forget(w, G_PRO, "cid");
    assert_string_equal(world_show_verdict(w), BOTH_PASS "; -cid/g-pro unmanaged: sealed");
}

static void allow_domain(struct world *w, const char *domain)
{
    struct str *domains = arena_array(&w->arena, struct str, 1);

    domains[0] = str_of(domain);
    w->ents[KIRO].eligible.domains = domains;
    w->ents[KIRO].eligible.n_domains = 1;
}

static void test_only_the_eligible_are_joined(void **state)
{
    struct world *w = *state;
    static const struct str group[] = {{"engineers", 9}};

    allow_domain(w, "example.com");
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
    allow_domain(w, "example.org");
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: eligible; -bob/g-pro expired");
    w->ents[KIRO].eligible = (struct eligible_rule){.okta_groups = group, .n_okta_groups = 1};
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: eligible; -bob/g-pro expired");
}

static void make_ineligible(struct world *w, const char *person, int64_t since_ms)
{
    allow_domain(w, "example.org");
    w->ents[KIRO].on_ineligible_end = true;
    world_person(w, person)->ineligible_since_ms = w->now - since_ms;
}

static void test_a_removal_for_ineligibility_needs_it_to_be_known_now(void **state)
{
    struct world *w = *state;

    w->grants.items[1].until_ms = w->now + WORLD_DAY;
    make_ineligible(w, "bob", 2 * WORLD_DAY);
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: eligible; -bob/g-pro ineligible");

    struct plan plan = world_plan(w);
    struct guard_verdict verdict;
    world_person(w, "bob")->person.status = USER_UNKNOWN;
    verdict = world_guard(w, &plan);
    assert_int_equal(guard_first_hold(&verdict, 1)->guard, GUARD_SEALED);
    world_person(w, "bob")->person.status = USER_ACTIVE;
    allow_domain(w, "example.com");
    verdict = world_guard(w, &plan);
    assert_int_equal(guard_first_hold(&verdict, 1)->guard, GUARD_ELIGIBLE);
    assert_int_equal(verdict.n_holds, 1);
}

static void test_the_inactive_and_the_unread_are_not_joined(void **state)
{
    struct world *w = *state;

    for (int status = USER_UNKNOWN; status <= USER_GONE; status++) {
        bool is_usable = user_status_is_usable((enum user_status)status);

        world_person(w, "ada")->person.status = (enum user_status)status;
        assert_string_equal(world_show_verdict(w),
                            is_usable ? BOTH_PASS : "+ada/g-pro: inactive; -bob/g-pro expired");
    }
    world_person(w, "ada")->person.status = USER_ACTIVE;
    struct plan plan = world_plan(w);
    world_person(w, "ada")->blocked = true;
    struct guard_verdict verdict = world_guard(w, &plan);
    assert_int_equal(guard_first_hold(&verdict, 0)->guard, GUARD_INACTIVE);
}

/* Bob moved from kiro-pro to kiro-pro-plus, and is in both groups. */
static void move_bob(struct world *w)
{
    set_cause(&w->grants.items[1], CAUSE_MOVED);
    (void)world_grant(w, KIRO, "kiro-pro-plus", "bob", -2 * WORLD_DAY, 30 * WORLD_DAY);
    world_member(w, G_PLUS, "bob", true);
}

static void test_leaving_the_former_plan_waits_for_proof(void **state)
{
    struct world *w = *state;

    move_bob(w);
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro moved: proof");
    release(w, "bob");
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro moved");
}

static void test_whose_plan_nobody_can_tell_is_touched_by_nothing(void **state)
{
    static const struct str both[] = {{"ada", 3}, {"bob", 3}};
    struct world *w = *state;

    w->guard.untouchable = (struct people){both, 1};
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: proof; -bob/g-pro expired");
    w->guard.untouchable = (struct people){both, 2};
    release(w, "bob"); /* nor by a person's word about the one removal */
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: proof; -bob/g-pro expired: proof");
}

static void test_a_removal_is_announced_for_its_grace(void **state)
{
    struct world *w = *state;

    w->ents[KIRO].grace_asked_ms = 2 * WORLD_DAY + 1;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro expired: grace");
    assert_string_equal(reason_of(w, GUARD_GRACE),
                        "announced; goes on from 2026-05-04T09:12:40.001Z");
    w->ents[KIRO].grace_asked_ms = 2 * WORLD_DAY;
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
    w->ents[KIRO].grace_asked_ms = 2 * WORLD_DAY + 1;
    release(w, "bob");
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
}

static void test_what_nobody_asked_for_has_the_longer_grace(void **state)
{
    struct world *w = *state;

    w->ents[KIRO].unmanaged_remove = true;
    w->ents[KIRO].grace_inferred_ms = 30 * WORLD_DAY + 1;
    world_member(w, G_PRO, "cid", false);
    assert_string_equal(world_show_verdict(w), BOTH_PASS "; -cid/g-pro unmanaged: grace");
    w->ents[KIRO].grace_inferred_ms = 30 * WORLD_DAY;
    assert_string_equal(world_show_verdict(w), BOTH_PASS "; -cid/g-pro unmanaged");
}

static void test_inactivity_has_no_second_grace(void **state)
{
    struct world *w = *state;

    w->grants.items[1].until_ms = w->now + WORLD_DAY;
    make_inactive(w, "bob", USER_DEPROVISIONED);
    w->ents[KIRO].grace_inferred_ms = 30 * WORLD_DAY;
    w->ents[KIRO].grace_asked_ms = 30 * WORLD_DAY;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; -bob/g-pro inactive");
}

/* --- rules that count ---------------------------------------------------------------------- */

static void many(struct world *w, int n, const char *prefix, int64_t from_ms, int64_t until_ms,
                 bool is_member)
{
    for (int i = 0; i < n; i++) {
        struct str name = arena_printf(&w->arena, "%s%02d", prefix, i);

        (void)world_grant(w, KIRO, "kiro-pro", name.ptr, from_ms, until_ms - i);
        if (is_member)
            world_member(w, G_PRO, name.ptr, true);
    }
}

static size_t held_by(struct world *w, enum guard guard, size_t *drips)
{
    struct plan *plan = arena_new(&w->arena, struct plan);
    size_t n = 0;

    *plan = world_plan(w);
    struct guard_verdict verdict = world_guard(w, plan);
    *drips = 0;
    for (size_t i = 0; i < verdict.n_holds; i++) {
        n += verdict.holds[i].guard == guard ? 1 : 0;
        *drips += verdict.holds[i].drips ? 1 : 0;
    }
    return n;
}

static void test_seats_beyond_the_limit_wait_in_the_order_of_asking(void **state)
{
    struct world *w = *state;

    (void)world_grant(w, KIRO, "kiro-pro", "amy", -2 * WORLD_DAY, 30 * WORLD_DAY);
    w->ents[KIRO].max_seats = 2; /* Bob has one of them as long as he is seen */
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: limit; +amy/g-pro; -bob/g-pro expired");
    assert_string_equal(reason_of(w, GUARD_LIMIT), "2 of 2 seats are taken; place 1 in the queue");
    w->ents[KIRO].max_seats = 3;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; +amy/g-pro; -bob/g-pro expired");
}

static void test_who_has_a_seat_takes_no_other(void **state)
{
    struct world *w = *state;

    w->ents[KIRO].max_seats = 1;
    (void)world_grant(w, KIRO, "kiro-pro-plus", "bob", -WORLD_HOUR, 30 * WORLD_DAY);
    assert_string_equal(world_show_verdict(w), "+bob/g-plus; +ada/g-pro: limit");
}

static void test_the_monthly_cost_has_its_limit_too(void **state)
{
    struct world *w = *state;

    w->ents[KIRO].max_monthly_cost_minor = 3999; /* Bob costs 2000 */
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: limit; -bob/g-pro expired");
    assert_string_equal(reason_of(w, GUARD_LIMIT),
                        "a month may cost 3999 and costs up to 2000 already; place 1 in the "
                        "queue");
    w->ents[KIRO].max_monthly_cost_minor = 4000;
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
}

static void test_seats_that_cannot_be_counted_are_not_given_out(void **state)
{
    struct world *w = *state;

    w->groups[G_PLUS].listing.state = LISTING_UNKNOWN;
    assert_string_equal(world_show_verdict(w), BOTH_PASS);
    w->ents[KIRO].max_seats = 100;
    assert_string_equal(world_show_verdict(w), "+ada/g-pro: limit; -bob/g-pro expired");
}

static void test_nobody_is_assigned_for_a_seat_that_waits(void **state)
{
    struct world *w = *state;

    w->has_assignment = true;
    w->ents[KIRO].max_seats = 1;
    assert_string_equal(world_show_verdict(w),
                        "+ada/g-app: limit; +ada/g-pro: limit; -bob/g-pro expired");
}

static void test_expiries_beyond_the_budget_drip(void **state)
{
    struct world *w = *state;
    size_t drips;

    many(w, 7, "p", -90 * WORLD_DAY, -3 * WORLD_DAY, true);
    assert_int_equal(held_by(w, GUARD_BUDGET, &drips), 3); /* 8 with Bob; 5 a run */
    assert_int_equal(drips, 3);
    /* The oldest go first: p06 ended before p00, and Bob last of all. */
    assert_string_equal(
        world_show_verdict(w),
        "+ada/g-pro; -bob/g-pro expired: budget; -p00/g-pro expired: budget; -p01/g-pro expired: "
        "budget; -p02/g-pro expired; -p03/g-pro expired; -p04/g-pro expired; -p05/g-pro expired; "
        "-p06/g-pro expired");
}

static void test_any_other_kind_beyond_the_budget_is_held_whole(void **state)
{
    struct world *w = *state;
    size_t drips;

    many(w, 6, "p", -90 * WORLD_DAY, -3 * WORLD_DAY, true);
    for (size_t i = 2; i < 8; i++)
        set_cause(&w->grants.items[i], CAUSE_REVOKED);
    assert_int_equal(held_by(w, GUARD_BUDGET, &drips), 6);
    assert_int_equal(drips, 0);
    assert_string_equal(reason_of(w, GUARD_BUDGET),
                        "6 removals (revoked) in kiro-jp are more than the budget has left (5); "
                        "none of them goes without a person's word");
    w->grants.items[7].end_cause = CAUSE_BLOCKED; /* five revoked ones would fit, but for it */
    assert_int_equal(held_by(w, GUARD_BUDGET, &drips), 5);
    w->grants.items[7].end_cause = CAUSE_RETURNED; /* returns come after */
    assert_int_equal(held_by(w, GUARD_BUDGET, &drips), 1);
}

static void test_blocks_and_returns_count_but_are_never_held(void **state)
{
    struct world *w = *state;
    size_t drips;

    many(w, 9, "p", -90 * WORLD_DAY, -3 * WORLD_DAY, true);
    for (size_t i = 2; i < 11; i++)
        set_cause(&w->grants.items[i], i % 2 ? CAUSE_BLOCKED : CAUSE_RETURNED);
    assert_int_equal(held_by(w, GUARD_BUDGET, &drips), 1); /* Bob's expiry */
    assert_int_equal(drips, 1);
}

static void test_the_day_the_week_and_all_entitlements_have_budgets(void **state)
{
    struct world *w = *state;
    size_t drips;
    struct guard_entitlement *ge = &w->guard_ents[KIRO];
    const struct {
        size_t ent_day, ent_week, all_day, all_week, held;
    } rows[] = {
        {19, 0, 0, 0, 0}, {20, 0, 0, 0, 1}, {0, 39, 0, 0, 0}, {0, 40, 0, 0, 1},
        {0, 0, 49, 0, 0}, {0, 0, 50, 0, 1}, {0, 0, 0, 99, 0}, {0, 0, 0, 100, 1},
    };

    ge->owned = 1000;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        ge->removed_day = rows[i].ent_day;
        ge->removed_week = rows[i].ent_week;
        w->guard.removed_day = rows[i].all_day;
        w->guard.removed_week = rows[i].all_week;
        assert_int_equal(held_by(w, GUARD_BUDGET, &drips), rows[i].held);
    }
    w->guard.removed_week = 0;
    w->policy.safety.removals_per_run = 0;
    assert_int_equal(held_by(w, GUARD_BUDGET, &drips), 1);
}

static void test_a_release_passes_the_budget_and_is_counted_first(void **state)
{
    struct world *w = *state;
    size_t drips;

    many(w, 5, "p", -90 * WORLD_DAY, -3 * WORLD_DAY, true);
    assert_int_equal(held_by(w, GUARD_BUDGET, &drips), 1); /* Bob, whose grant ended last */
    release(w, "bob");
    assert_string_equal(world_show_verdict(w),
                        "+ada/g-pro; -bob/g-pro expired; -p00/g-pro expired: budget; "
                        "-p01/g-pro expired; -p02/g-pro expired; -p03/g-pro expired; "
                        "-p04/g-pro expired");
}

static void test_what_something_else_holds_spends_no_budget(void **state)
{
    struct world *w = *state;
    size_t drips;

    many(w, 5, "p", -90 * WORLD_DAY, -3 * WORLD_DAY, true);
    world_person(w, "p03")->is_protected = true;
    assert_int_equal(held_by(w, GUARD_BUDGET, &drips), 0);
}

static void test_a_run_joins_so_many_and_the_oldest_first(void **state)
{
    struct world *w = *state;

    w->ents[KIRO].adds_per_run = 2;
    (void)world_grant(w, KIRO, "kiro-pro", "amy", -2 * WORLD_DAY, 30 * WORLD_DAY);
    assert_string_equal(world_show_verdict(w), "+ada/g-pro; +amy/g-pro; -bob/g-pro expired");
    w->ents[KIRO].adds_per_run = 1;
    assert_string_equal(world_show_verdict(w),
                        "+ada/g-pro: rate-of-adds; +amy/g-pro; -bob/g-pro expired");
    assert_string_equal(reason_of(w, GUARD_RATE_OF_ADDS),
                        "a run joins at most 1 people; place 2 of 2, follows in a later run");
}

static void test_renewals_go_before_new_people(void **state)
{
    struct world *w = *state;

    w->ents[KIRO].adds_per_run = 1;
    (void)world_grant(w, KIRO, "kiro-pro-plus", "bob", -WORLD_HOUR, 30 * WORLD_DAY);
    assert_string_equal(world_show_verdict(w), "+bob/g-plus; +ada/g-pro: rate-of-adds");
}

static void test_budgets_are_the_smaller_of_number_and_share(void **state)
{
    (void)state;
    const struct {
        int64_t most, percent;
        size_t owned;
        unsigned times;
        size_t budget;
    } rows[] = {
        {5, 10, 0, 1, 1},    {5, 10, 9, 1, 1},     {5, 10, 19, 1, 1},
        {5, 10, 20, 1, 2},   {5, 10, 50, 1, 5},    {5, 10, 5000, 1, 5},
        {20, 10, 50, 2, 10}, {20, 10, 500, 2, 20}, {40, 10, 9, 4, 3},
        {40, 10, 99, 4, 39}, {5, 0, 1000, 1, 1},   {0, 10, 1000, 1, 0},
        {5, -1, 100, 1, 1},  {5, 100, 3, 1, 3},    {INT64_MAX, 100, SIZE_MAX, 4, 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(guard_budget(rows[i].most, rows[i].percent, rows[i].owned, rows[i].times),
                         rows[i].budget);
    }
}

static void test_every_guard_has_a_name_that_parses_back(void **state)
{
    struct buf {
        char text[400];
    } out = {""};
    size_t n = 0;

    (void)state;
    for (int i = 0; i < GUARD_COUNT; i++) {
        enum guard parsed;

        assert_true(guard_parse(str_of(guard_name((enum guard)i)), &parsed));
        assert_int_equal(parsed, i);
        if (guard_is_alarm((enum guard)i)) {
            n += (size_t)snprintf(&out.text[n], sizeof(out.text) - n, "%s ",
                                  guard_name((enum guard)i));
        }
    }
    assert_string_equal(out.text, "frozen instance foreign-self clock pinned sealed shrunk outside "
                                  "changed budget ");
    enum guard untouched = GUARD_MODE;
    assert_false(guard_parse(STR("no-such"), &untouched));
    assert_int_equal(untouched, GUARD_MODE);
}

static void test_holds_come_by_op_and_then_in_the_order_of_the_table(void **state)
{
    struct world *w = *state;

    w->guard.instance_ok = false;
    w->guard.clock_ok = false;
    w->guard_ents[KIRO].mode = MODE_OBSERVE;
    w->ents[KIRO].grace_asked_ms = 30 * WORLD_DAY;
    world_person(w, "bob")->is_protected = true;
    assert_string_equal(
        world_show_verdict(w),
        "+ada/g-pro: instance mode; -bob/g-pro expired: instance clock mode protected grace");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_held_when_nothing_is_wrong),
        TEST(test_a_freeze_holds_everything_in_its_entitlement),
        TEST(test_a_freeze_of_removals_lets_people_in),
        TEST(test_another_organisation_is_never_written_to),
        TEST(test_a_second_writer_stops_everything),
        TEST(test_a_wrong_clock_ends_nothing),
        TEST(test_mode_observe_writes_nothing_and_mode_add_removes_nobody),
        TEST(test_a_group_that_is_not_as_pinned_is_not_written),
        TEST(test_unread_rules_of_a_group_hold_removals_alone),
        TEST(test_an_op_of_a_group_that_is_not_managed_is_held),
        TEST(test_an_op_of_an_unknown_entitlement_is_held),
        TEST(test_without_the_whole_protected_set_nobody_is_removed),
        TEST(test_a_listing_cut_off_after_planning_holds_its_ops),
        TEST(test_inactivity_is_proved_by_two_reads),
        TEST(test_a_removal_for_inactivity_ends_with_the_inactivity),
        TEST(test_a_shrunken_listing_feeds_no_removals_and_no_readditions),
        TEST(test_whom_other_hands_took_out_is_not_added_back),
        TEST(test_automatic_restores_stop_after_two_a_day),
        TEST(test_after_a_change_what_is_new_waits_for_a_word),
        TEST(test_a_revocation_after_a_change_explains_itself),
        TEST(test_a_release_under_other_rules_does_not_pass_a_change),
        TEST(test_protected_people_are_never_removed),
        TEST(test_whoever_the_run_knows_nothing_of_stays),
        TEST(test_a_membership_that_is_not_ours_is_not_ended),
        TEST(test_unmanaged_members_go_only_where_everything_allows_it),
        TEST(test_an_unmanaged_member_has_to_be_seen_twice),
        TEST(test_only_the_eligible_are_joined),
        TEST(test_a_removal_for_ineligibility_needs_it_to_be_known_now),
        TEST(test_the_inactive_and_the_unread_are_not_joined),
        TEST(test_leaving_the_former_plan_waits_for_proof),
        TEST(test_whose_plan_nobody_can_tell_is_touched_by_nothing),
        TEST(test_a_removal_is_announced_for_its_grace),
        TEST(test_what_nobody_asked_for_has_the_longer_grace),
        TEST(test_inactivity_has_no_second_grace),
        TEST(test_seats_beyond_the_limit_wait_in_the_order_of_asking),
        TEST(test_who_has_a_seat_takes_no_other),
        TEST(test_the_monthly_cost_has_its_limit_too),
        TEST(test_seats_that_cannot_be_counted_are_not_given_out),
        TEST(test_nobody_is_assigned_for_a_seat_that_waits),
        TEST(test_expiries_beyond_the_budget_drip),
        TEST(test_any_other_kind_beyond_the_budget_is_held_whole),
        TEST(test_blocks_and_returns_count_but_are_never_held),
        TEST(test_the_day_the_week_and_all_entitlements_have_budgets),
        TEST(test_a_release_passes_the_budget_and_is_counted_first),
        TEST(test_what_something_else_holds_spends_no_budget),
        TEST(test_a_run_joins_so_many_and_the_oldest_first),
        TEST(test_renewals_go_before_new_people),
        TEST(test_budgets_are_the_smaller_of_number_and_share),
        TEST(test_every_guard_has_a_name_that_parses_back),
        TEST(test_holds_come_by_op_and_then_in_the_order_of_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* In the build that takes guards out, the argument names the guard: with each of them missing, some
 * test above must fail. */
int main(int argc, char **argv)
{
#ifdef SEATKEEPER_GUARD_MUTATION
    enum guard guard;

    if (argc == 2 && guard_parse(str_of(argv[1]), &guard))
        guard_taken_out = (int)guard;
#else
    (void)argc;
    (void)argv;
#endif
    return run_all();
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/diff.h"
#include "core/overlay.h"
#include "support/core_build.h"

/*
 * Properties of desired state, difference, overlay and plan, on worlds made at random. A failure
 * names its seed; SEATKEEPER_SEED runs that one case alone.
 */

#define CASES 10000

static uint64_t seed;

#define CHECK(claim) check((claim), #claim)

static void check(bool is_true, const char *claim)
{
    if (!is_true)
        fail_msg("seed %llu: %s", (unsigned long long)seed, claim);
}

static void for_all(void (*property)(struct world *world, struct rng *rng))
{
    static struct world world;
    const char *only = getenv("SEATKEEPER_SEED");
    uint64_t first = only ? strtoull(only, NULL, 10) : 1;
    uint64_t last = only ? first : CASES;

    for (seed = first; seed <= last; seed++) {
        struct rng rng = rng_seed(seed);

        world_init(&world);
        world_any(&world, &rng);
        property(&world, &rng);
    }
    world_fini(&world);
}

/* --- desired -------------------------------------------------------------------------------- */

static bool counts(const struct grant *grant, int64_t t)
{
    return grant->from_ms <= t && grant->until_ms > t &&
           (grant->ended_at == 0 || grant->ended_at > t);
}

static int rank(struct str plan)
{
    return str_is(plan, "kiro-pro-plus") ? 2 : str_is(plan, "kiro-pro") || str_is(plan, "q-pro");
}

/* The rank of the highest plan that somebody's grants stand for; 0 for none. By the words of the
 * rule, in the dullest way. */
static int expected_rank(const struct world *w, const struct entitlement *ent, struct str person)
{
    int highest = 0;

    for (size_t i = 0; i < w->grants.n; i++) {
        const struct grant *grant = &w->grants.items[i];

        if (counts(grant, w->now) && str_eq(grant->person, person) &&
            str_eq(grant->entitlement, ent->name) && entitlement_plan(ent, grant->plan) &&
            rank(grant->plan) > highest)
            highest = rank(grant->plan);
    }
    return highest;
}

static void desired_is_the_highest_live_plan(struct world *w, struct rng *rng)
{
    (void)rng;
    world_seal(w);
    struct desired desired =
        desired_at(&w->policy, w->grants.items, w->grants.n, &w->facts, w->now, &w->arena);

    CHECK(desired.n == 3);
    for (size_t g = 0; g < desired.n; g++) {
        const struct desired_group *group = &desired.groups[g];

        for (size_t i = 0; i < w->people.n; i++) {
            const struct person_facts *person = &w->people.items[i];
            bool is_in = people_has(&group->people, person->person.id);
            bool is_granted = expected_rank(w, group->ent, person->person.id) == rank(group->plan);

            CHECK(!is_in || is_granted);
            CHECK(!is_in || !person->blocked);
            CHECK(!is_in || !facts_inactive_ends(group->ent, person, w->now));
            /* Nobody is left out but for a reason. */
            CHECK(is_in || !is_granted || person->blocked ||
                  facts_inactive_ends(group->ent, person, w->now) ||
                  facts_ineligible_ends(group->ent, person, &w->facts, w->now, &w->arena));
        }
        for (size_t i = 1; i < group->people.n; i++)
            CHECK(str_cmp(group->people.ids[i - 1], group->people.ids[i]) < 0);
    }
}

static void test_nobody_is_desired_but_by_a_live_grant_and_the_highest_counts(void **state)
{
    (void)state;
    for_all(desired_is_the_highest_live_plan);
}

static void standing_and_desired_agree(struct world *w, struct rng *rng)
{
    (void)rng;
    world_seal(w);
    grants_sort(w->grants.items, w->grants.n);
    struct desired desired =
        desired_at(&w->policy, w->grants.items, w->grants.n, &w->facts, w->now, &w->arena);

    for (size_t g = 0; g < desired.n; g++) {
        const struct desired_group *group = &desired.groups[g];

        for (size_t i = 0; i < w->people.n; i++) {
            struct str person = w->people.items[i].person.id;
            struct standing standing =
                standing_of(&w->policy, group->ent, group->plan, person, w->grants.items,
                            w->grants.n, &w->facts, w->now, &w->arena);

            CHECK(standing.wanted == people_has(&group->people, person));
            CHECK(!standing.wanted || standing.has_history);
            CHECK(!standing.has_history || standing.grant);
            CHECK(!standing.has_history || (standing.cause == CAUSE_GRANTED) == standing.wanted);
            CHECK(!standing.has_history || standing.since_ms <= w->now);
        }
    }
}

static void test_standing_and_desired_state_agree(void **state)
{
    (void)state;
    for_all(standing_and_desired_agree);
}

/* --- difference and overlay ----------------------------------------------------------------- */

static struct people any_people(struct world *w, struct rng *rng)
{
    struct str *ids = arena_array(&w->arena, struct str, 20);
    size_t n = rng_below(rng, 20);

    for (size_t i = 0; i < n; i++)
        ids[i] = arena_printf(&w->arena, "%llx", (unsigned long long)rng_below(rng, 40));
    return (struct people){ids, str_sort_unique(ids, n)};
}

static void difference_is_exact(struct world *w, struct rng *rng)
{
    struct people desired = any_people(w, rng);
    struct people actual = any_people(w, rng);
    struct difference difference = diff_people(&desired, &actual, &w->arena);

    for (size_t i = 0; i < desired.n; i++) {
        CHECK(people_has(&difference.missing, desired.ids[i]) !=
              people_has(&actual, desired.ids[i]));
    }
    for (size_t i = 0; i < actual.n; i++) {
        CHECK(people_has(&difference.surplus, actual.ids[i]) !=
              people_has(&desired, actual.ids[i]));
    }
    CHECK(difference.missing.n + difference.in_both == desired.n);
    CHECK(difference.surplus.n + difference.in_both == actual.n);
    for (size_t i = 1; i < difference.missing.n; i++)
        CHECK(str_cmp(difference.missing.ids[i - 1], difference.missing.ids[i]) < 0);
}

static void test_a_difference_names_each_person_once_on_the_right_side(void **state)
{
    (void)state;
    for_all(difference_is_exact);
}

/* Who is there by the rule: the last fresh write, else the listing. */
static bool is_laid_in(const struct listing *listing, const struct recent_write *writes, size_t n,
                       struct str person)
{
    const struct recent_write *last = NULL;

    for (size_t i = 0; i < n; i++) {
        const struct recent_write *write = &writes[i];
        bool is_fresh =
            write->sent_at > listing->at_ms - 60000 &&
            (write->state == OP_DONE || write->state == OP_SENT || write->state == OP_UNKNOWN);

        if (is_fresh && str_eq(write->person, person) &&
            str_eq(write->group, listing->collection) && (!last || write->sent_at >= last->sent_at))
            last = write;
    }
    return last ? last->kind == OP_OKTA_ADD : listing_find(listing, person) != NULL;
}

static void overlay_follows_the_last_fresh_write(struct world *w, struct rng *rng)
{
    struct recent_write writes[12];
    size_t n = rng_below(rng, ARRAY_LEN(writes) + 1);
    struct listing *listing = &w->groups[G_PRO].listing;

    world_seal(w);
    for (size_t i = 0; i < n; i++) {
        writes[i] = (struct recent_write){
            .group = rng_chance(rng, 80) ? STR("g-pro") : STR("g-q"),
            .person = arena_printf(&w->arena, "p%02llu", (unsigned long long)rng_below(rng, 14)),
            .kind = rng_chance(rng, 50) ? OP_OKTA_ADD : OP_OKTA_REMOVE,
            .state = (enum op_state)rng_below(rng, OP_SKIPPED + 1),
            .sent_at = listing->at_ms + rng_between(rng, -3, 3) * 30000,
        };
    }
    struct people people = overlay_people(listing, writes, n, &w->arena);
    for (int i = 0; i < 14; i++) {
        struct str person = arena_printf(&w->arena, "p%02d", i);
        bool is_in = listing_is_sealed(listing) && is_laid_in(listing, writes, n, person);

        CHECK(people_has(&people, person) == is_in);
    }
    for (size_t i = 1; i < people.n; i++)
        CHECK(str_cmp(people.ids[i - 1], people.ids[i]) < 0);
}

static void test_the_overlay_is_the_listing_but_for_the_last_fresh_writes(void **state)
{
    (void)state;
    for_all(overlay_follows_the_last_fresh_write);
}

/* --- plan ----------------------------------------------------------------------------------- */

static enum world_group_at group_of(const struct world *w, struct str id)
{
    for (size_t g = 0; g < WORLD_GROUPS; g++) {
        if (str_eq(w->views[g].id, id))
            return (enum world_group_at)g;
    }
    fail_msg("seed %llu: an op of no group", (unsigned long long)seed);
    return G_PRO;
}

static void plan_stays_within_what_it_may_do(struct world *w, struct rng *rng)
{
    struct plan plan = world_plan(w);

    (void)rng;
    for (size_t i = 0; i < plan.n; i++) {
        const struct op *op = &plan.ops[i];
        enum world_group_at at = group_of(w, op->group);
        const struct group_view *view = &w->views[at];
        bool is_removal = op_is_removal(op->kind);
        bool is_owned = baseline_owns(view->baseline, op->person);

        CHECK(listing_is_sealed(view->listing));
        CHECK(people_has(&view->actual, op->person) == is_removal);
        CHECK(i == 0 || op_compare(&plan.ops[i - 1], op) < 0);
        CHECK(op->reason.len > 0);
        CHECK(op->to_assignment == (at == G_APP));
        CHECK(at != G_APP || w->has_assignment);
        CHECK(is_removal || (op->cause == CAUSE_GRANTED && op->cost_minor >= 0));
        CHECK(!is_removal || op->cost_minor <= 0);
        if (is_removal && op->cause == CAUSE_UNMANAGED) {
            CHECK(!is_owned && view->ent->unmanaged_remove);
        } else if (is_removal) {
            CHECK(is_owned && op->cause != CAUSE_GRANTED);
        }
        if (op->cause == CAUSE_ASSIGNMENT)
            CHECK(at == G_APP && view->ent->assignment_leave);
        CHECK(!is_removal || op->due_ms <= w->now);
    }
}

static void test_no_op_comes_from_an_unsealed_listing_and_no_removal_without_right(void **state)
{
    (void)state;
    for_all(plan_stays_within_what_it_may_do);
}

/* Nobody whose grant counts is taken out of the group it counts for, and whoever moves is in the
 * new group before the old one is left. */
static void plan_never_takes_what_is_granted(struct world *w, struct rng *rng)
{
    struct plan plan = world_plan(w);
    struct desired desired =
        desired_at(&w->policy, w->grants.items, w->grants.n, &w->facts, w->now, &w->arena);

    (void)rng;
    for (size_t i = 0; i < plan.n; i++) {
        const struct op *op = &plan.ops[i];

        if (!op_is_removal(op->kind))
            continue;
        for (size_t g = 0; g < desired.n; g++) {
            bool is_wanted = people_has(&desired.groups[g].people, op->person);
            const struct group_view *view = &w->views[g];

            CHECK(str_eq(desired.groups[g].plan, view->plan)); /* one order in both */
            if (!is_wanted)
                continue;
            CHECK(!str_eq(op->group, view->id));
            CHECK(op->cause != CAUSE_ASSIGNMENT);
            if (str_eq(desired.groups[g].ent->name, op->entitlement) && !cause_is_asked(op->cause))
                CHECK(people_has(&view->actual, op->person));
        }
    }
}

static void test_what_is_granted_is_never_taken_and_moves_join_first(void **state)
{
    (void)state;
    for_all(plan_never_takes_what_is_granted);
}

static void carry_out(struct world *w, const struct plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct op *op = &plan->ops[i];
        enum world_group_at at = group_of(w, op->group);
        const char *person = arena_cstr(&w->arena, op->person);

        world_forget(w, at, person);
        if (op_is_removal(op->kind)) {
            world_unlist(w, at, person);
        } else {
            world_member(w, at, person, true);
        }
    }
}

static bool is_told(const struct plan *plan, struct str person, struct str group)
{
    for (size_t i = 0; i < plan->n_deviations; i++) {
        const struct deviation *deviation = &plan->deviations[i];

        if (str_eq(deviation->person, person) &&
            (str_eq(deviation->group, group) || deviation->kind == DEVIATION_ORPHAN))
            return true;
    }
    return false;
}

static void plans_reach_desired(struct world *w, struct rng *rng)
{
    struct plan plan;
    int rounds = 0;

    (void)rng;
    for (size_t g = 0; g < WORLD_GROUPS; g++)
        w->groups[g].listing.state = LISTING_SEALED;
    /* Join, leave the former plan, leave the assignment; then there is nothing to do. */
    for (plan = world_plan(w); plan.n > 0; plan = world_plan(w)) {
        CHECK(++rounds <= 3);
        carry_out(w, &plan);
    }
    struct desired desired =
        desired_at(&w->policy, w->grants.items, w->grants.n, &w->facts, w->now, &w->arena);
    for (size_t g = 0; g < desired.n; g++) {
        const struct group_view *view = &w->views[g];
        struct difference difference =
            diff_people(&desired.groups[g].people, &view->actual, &w->arena);

        CHECK(difference.missing.n == 0);
        /* Whoever is too many is somebody's to decide, and that is said. */
        for (size_t i = 0; i < difference.surplus.n; i++)
            CHECK(is_told(&plan, difference.surplus.ids[i], view->id));
    }
}

static void test_plans_carried_out_reach_what_is_desired_and_then_are_empty(void **state)
{
    (void)state;
    for_all(plans_reach_desired);
}

static void plan_does_not_depend_on_order(struct world *w, struct rng *rng)
{
    struct plan plan = world_plan(w);
    struct group_view views[WORLD_GROUPS];

    rng_shuffle(rng, w->grants.items, w->grants.n, sizeof(struct grant));
    rng_shuffle(rng, w->people.items, w->people.n, sizeof(struct person_facts));
    rng_shuffle(rng, w->requests.items, w->requests.n, sizeof(struct request_ref));
    struct plan again = world_plan(w);
    CHECK(str_eq(plan.digest, again.digest));
    CHECK(plan.n_deviations == again.n_deviations);

    for (size_t i = 0; i < WORLD_GROUPS; i++)
        views[i] = w->views[i];
    rng_shuffle(rng, views, w->plan_in.n_groups, sizeof(views[0]));
    w->plan_in.groups = views;
    struct plan shuffled = plan_build(&w->plan_in, &w->arena);
    CHECK(str_eq(plan.digest, shuffled.digest));
    CHECK(plan.n == shuffled.n);
    for (size_t i = 0; i < plan.n; i++) {
        CHECK(str_eq(plan.ops[i].id, shuffled.ops[i].id));
        CHECK(str_eq(plan.ops[i].reason, again.ops[i].reason));
        CHECK(plan.ops[i].cost_minor == shuffled.ops[i].cost_minor);
    }
}

static void test_the_plan_does_not_depend_on_the_order_of_its_inputs(void **state)
{
    (void)state;
    for_all(plan_does_not_depend_on_order);
}

/* A listing that is lost takes ops away and never brings any. */
static void losing_a_listing_only_takes_away(struct world *w, struct rng *rng)
{
    struct plan plan = world_plan(w);

    w->groups[rng_below(rng, WORLD_GROUPS)].listing.state = LISTING_UNKNOWN;
    struct plan less = world_plan(w);
    for (size_t i = 0; i < less.n; i++) {
        bool was_there = false;

        for (size_t k = 0; k < plan.n && !was_there; k++)
            was_there = str_eq(plan.ops[k].id, less.ops[i].id);
        CHECK(was_there);
    }
}

static void test_a_lost_listing_only_takes_ops_away(void **state)
{
    (void)state;
    for_all(losing_a_listing_only_takes_away);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_is_desired_but_by_a_live_grant_and_the_highest_counts),
        cmocka_unit_test(test_standing_and_desired_state_agree),
        cmocka_unit_test(test_a_difference_names_each_person_once_on_the_right_side),
        cmocka_unit_test(test_the_overlay_is_the_listing_but_for_the_last_fresh_writes),
        cmocka_unit_test(test_no_op_comes_from_an_unsealed_listing_and_no_removal_without_right),
        cmocka_unit_test(test_what_is_granted_is_never_taken_and_moves_join_first),
        cmocka_unit_test(test_plans_carried_out_reach_what_is_desired_and_then_are_empty),
        cmocka_unit_test(test_the_plan_does_not_depend_on_the_order_of_its_inputs),
        cmocka_unit_test(test_a_lost_listing_only_takes_ops_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

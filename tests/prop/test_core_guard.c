#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "support/core_build.h"

/*
 * Properties of the guards, on worlds made at random: whatever the world is like, what passes stays
 * within the budgets and limits, counted here anew and in the dullest way. A failure names its
 * seed; SEATKEEPER_SEED runs that one case alone.
 */

#define CASES 10000

static uint64_t seed;

#define CHECK(claim) check((claim), #claim)

static void check(bool is_true, const char *claim)
{
    if (!is_true)
        fail_msg("seed %llu: %s", (unsigned long long)seed, claim);
}

/* Tight budgets and limits, so that they matter among a dozen people. */
static void any_limits(struct world *w, struct rng *rng)
{
    w->policy.safety.removals_per_run = rng_between(rng, 0, 6);
    w->policy.safety.removals_per_day = rng_between(rng, 0, 12);
    w->policy.safety.removals_per_week = rng_between(rng, 0, 20);
    w->guard.removed_day = rng_below(rng, 8);
    w->guard.removed_week = w->guard.removed_day + rng_below(rng, 8);
    for (size_t i = 0; i < WORLD_ENTS; i++) {
        struct entitlement *ent = &w->ents[i];
        struct guard_entitlement *ge = &w->guard_ents[i];

        ent->max_seats = rng_chance(rng, 50) ? -1 : rng_between(rng, 0, 9);
        ent->max_monthly_cost_minor = rng_chance(rng, 50) ? -1 : rng_between(rng, 0, 30000);
        ent->adds_per_run = rng_between(rng, 0, 8);
        ent->removals_per_run = rng_between(rng, 0, 5);
        ent->removals_per_day = rng_between(rng, 0, 10);
        ent->removals_per_week = rng_between(rng, 0, 20);
        ent->removals_percent = rng_between(rng, 0, 60);
        ge->owned = rng_below(rng, 30);
        ge->removed_day = rng_below(rng, 4);
        ge->removed_week = ge->removed_day + rng_below(rng, 4);
    }
}

/* Somewhat broken: a guard or two has something to say. */
static void any_trouble(struct world *w, struct rng *rng)
{
    w->facts.protected_sealed = rng_chance(rng, 90);
    w->guard.clock_ok = rng_chance(rng, 90);
    for (size_t i = 0; i < WORLD_ENTS; i++) {
        struct guard_entitlement *ge = &w->guard_ents[i];

        ge->mode = rng_chance(rng, 85) ? MODE_ENFORCE : (enum mode)rng_below(rng, 3);
        ge->may_remove_unmanaged = rng_chance(rng, 80);
        ge->is_known_changed = rng_chance(rng, 10);
        ge->changed_since_ms = w->now - (int64_t)rng_below(rng, 10) * WORLD_DAY;
    }
    for (size_t g = 0; g < WORLD_GROUPS; g++)
        w->guard_groups[g].removals_unknown = rng_chance(rng, 8);
}

static void any_releases(struct world *w, struct rng *rng, const struct plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        if (rng_chance(rng, 10))
            VEC_PUSH(&w->arena, &w->released, plan->ops[i].id);
    }
    w->released.n = str_sort_unique(w->released.items, w->released.n);
    w->guard.released = w->released.items;
    w->guard.n_released = w->released.n;
}

static void for_all(void (*property)(struct world *world, struct rng *rng, const struct plan *plan))
{
    static struct world world;
    const char *only = getenv("SEATKEEPER_SEED");
    uint64_t first = only ? strtoull(only, NULL, 10) : 1;
    uint64_t last = only ? first : CASES;

    for (seed = first; seed <= last; seed++) {
        struct rng rng = rng_seed(seed);

        world_init(&world);
        world_any(&world, &rng);
        any_limits(&world, &rng);
        any_trouble(&world, &rng);
        struct plan plan = world_plan(&world);
        any_releases(&world, &rng, &plan);
        property(&world, &rng, &plan);
    }
    world_fini(&world);
}

static bool is_held_by(const struct guard_verdict *verdict, size_t op, enum guard guard)
{
    for (size_t i = 0; i < verdict->n_holds; i++) {
        if (verdict->holds[i].op == op && verdict->holds[i].guard == guard)
            return true;
    }
    return false;
}

static bool is_counting(enum guard guard)
{
    return guard == GUARD_LIMIT || guard == GUARD_BUDGET || guard == GUARD_RATE_OF_ADDS;
}

static bool is_in(const struct op *op, const struct entitlement *ent)
{
    return str_eq(op->entitlement, ent->name);
}

static bool is_released(const struct world *w, const struct op *op)
{
    return str_in_sorted(w->released.items, w->released.n, op->id);
}

/* --- the verdict as such -------------------------------------------------------------------- */

static void verdict_is_consistent(struct world *w, struct rng *rng, const struct plan *plan)
{
    struct guard_verdict verdict = world_guard(w, plan);
    size_t n_passed = 0;

    (void)rng;
    for (size_t i = 0; i < plan->n; i++) {
        const struct guard_hold *first = guard_first_hold(&verdict, i);

        CHECK(verdict.held[i] == (first != NULL));
        CHECK(!first || first->op == i);
        n_passed += verdict.held[i] ? 0 : 1;
    }
    CHECK(verdict.n_passed == n_passed);
    for (size_t i = 0; i < verdict.n_holds; i++) {
        const struct guard_hold *hold = &verdict.holds[i];

        CHECK(hold->reason.len > 0);
        CHECK(!hold->drips || hold->guard == GUARD_BUDGET || hold->guard == GUARD_SEALED);
        /* By op, then in the order of the table; and what one guard holds is held by it once. */
        CHECK(i == 0 || verdict.holds[i - 1].op < hold->op ||
              (verdict.holds[i - 1].op == hold->op && verdict.holds[i - 1].guard < hold->guard));
    }
}

static void test_a_verdict_says_of_each_op_whether_and_why(void **state)
{
    (void)state;
    for_all(verdict_is_consistent);
}

/* --- what passes is within the limits ------------------------------------------------------- */

static int64_t price(struct str plan)
{
    return str_is(plan, "kiro-pro-plus") ? 4000 : str_is(plan, "kiro-pro") ? 2000 : 1900;
}

static void adds_keep_within_their_limits(struct world *w, struct rng *rng, const struct plan *plan)
{
    struct guard_verdict verdict = world_guard(w, plan);

    (void)rng;
    for (size_t e = 0; e < WORLD_ENTS; e++) {
        const struct entitlement *ent = &w->ents[e];
        int64_t adds = 0;
        int64_t seats = 0;
        int64_t added_cost = 0;
        int64_t cost = 0;

        for (size_t i = 0; i < plan->n; i++) {
            const struct op *op = &plan->ops[i];

            if (op_is_removal(op->kind) || verdict.held[i] || !is_in(op, ent))
                continue;
            adds++;
            seats += op->to_assignment || op->is_renewal ? 0 : 1;
            added_cost += op->cost_minor;
        }
        for (size_t g = 0; g < G_APP; g++) {
            if (w->views[g].ent == ent)
                cost += price(w->views[g].plan) * (int64_t)w->views[g].actual.n;
        }
        CHECK(adds <= ent->adds_per_run);
        if (ent->max_seats >= 0 && seats > 0)
            CHECK((int64_t)w->guard_ents[e].seen + seats <= ent->max_seats);
        if (ent->max_monthly_cost_minor >= 0 && added_cost > 0)
            CHECK(cost + added_cost <= ent->max_monthly_cost_minor);
    }
}

static void test_no_verdict_passes_more_seats_money_or_adds_than_allowed(void **state)
{
    (void)state;
    for_all(adds_keep_within_their_limits);
}

static int64_t smallest(const int64_t *values, size_t n)
{
    int64_t least = values[0];

    for (size_t i = 1; i < n; i++)
        least = values[i] < least ? values[i] : least;
    return least > 0 ? least : 0;
}

/* min(most, times x percent of owned), at least 1 where there is any budget; less what was used. */
static int64_t window(int64_t most, const struct entitlement *ent, size_t owned, int64_t times,
                      size_t used)
{
    int64_t share = (int64_t)owned * ent->removals_percent * times / 100;

    share = share < 1 ? 1 : share;
    return (most < share ? most : share) - (int64_t)used;
}

static int64_t room_of(const struct world *w, size_t e)
{
    const struct entitlement *ent = &w->ents[e];
    const struct guard_entitlement *ge = &w->guard_ents[e];
    const int64_t windows[] = {
        window(ent->removals_per_run, ent, ge->owned, 1, 0),
        window(ent->removals_per_day, ent, ge->owned + ge->removed_day, 2, ge->removed_day),
        window(ent->removals_per_week, ent, ge->owned + ge->removed_week, 4, ge->removed_week),
    };

    return smallest(windows, ARRAY_LEN(windows));
}

static int64_t room_over_all(const struct world *w)
{
    const int64_t windows[] = {
        w->policy.safety.removals_per_run,
        w->policy.safety.removals_per_day - (int64_t)w->guard.removed_day,
        w->policy.safety.removals_per_week - (int64_t)w->guard.removed_week,
    };

    return smallest(windows, ARRAY_LEN(windows));
}

/* Removals that pass: those the budget may hold, and those it counts before them. */
struct spent {
    int64_t bound, free;
};

static struct spent spent_in(const struct world *w, const struct plan *plan,
                             const struct guard_verdict *verdict, const struct entitlement *ent)
{
    struct spent spent = {0, 0};

    for (size_t i = 0; i < plan->n; i++) {
        const struct op *op = &plan->ops[i];

        if (!op_is_removal(op->kind) || verdict->held[i] || (ent && !is_in(op, ent)))
            continue;
        if (is_released(w, op) || op->cause == CAUSE_BLOCKED) {
            spent.free++;
        } else if (op->cause != CAUSE_RETURNED) {
            spent.bound++;
        }
    }
    return spent;
}

static void removals_keep_within_their_budget(struct world *w, struct rng *rng,
                                              const struct plan *plan)
{
    struct guard_verdict verdict = world_guard(w, plan);
    struct spent all = spent_in(w, plan, &verdict, NULL);

    (void)rng;
    CHECK(all.bound == 0 || all.bound + all.free <= room_over_all(w));
    for (size_t e = 0; e < WORLD_ENTS; e++) {
        struct spent spent = spent_in(w, plan, &verdict, &w->ents[e]);

        CHECK(spent.bound == 0 || spent.bound + spent.free <= room_of(w, e));
    }
    for (size_t i = 0; i < plan->n; i++) {
        const struct op *op = &plan->ops[i];

        if (op->cause == CAUSE_BLOCKED || op->cause == CAUSE_RETURNED || is_released(w, op))
            CHECK(!is_held_by(&verdict, i, GUARD_BUDGET));
    }
}

static void test_no_verdict_passes_more_removals_than_the_budget_has(void **state)
{
    (void)state;
    for_all(removals_keep_within_their_budget);
}

static void kinds_go_whole_or_not_at_all(struct world *w, struct rng *rng, const struct plan *plan)
{
    struct guard_verdict verdict = world_guard(w, plan);

    (void)rng;
    for (size_t i = 0; i < plan->n; i++) {
        const struct op *op = &plan->ops[i];
        bool is_held = is_held_by(&verdict, i, GUARD_BUDGET);

        if (!is_held)
            continue;
        const struct guard_hold *hold = guard_first_hold(&verdict, i);
        CHECK(hold->drips == (op->cause == CAUSE_EXPIRED));
        for (size_t k = 0; k < plan->n && !hold->drips; k++) {
            const struct op *other = &plan->ops[k];

            if (op_is_removal(other->kind) && other->cause == op->cause &&
                str_eq(other->entitlement, op->entitlement) && !is_released(w, other))
                CHECK(verdict.held[k]);
        }
    }
}

static void test_beyond_the_budget_expiries_drip_and_other_kinds_wait_whole(void **state)
{
    (void)state;
    for_all(kinds_go_whole_or_not_at_all);
}

/* --- additions go on ------------------------------------------------------------------------ */

static void adds_pass_while_removals_are_held(struct world *w, struct rng *rng,
                                              const struct plan *plan)
{
    struct guard_verdict before = world_guard(w, plan);

    switch (rng_below(rng, 4)) {
    case 0:
        for (size_t i = 0; i < WORLD_ENTS; i++)
            w->guard_ents[i].frozen_removals = true;
        break;
    case 1: w->facts.protected_sealed = false; break;
    case 2:
        for (size_t g = 0; g < WORLD_GROUPS; g++)
            w->guard_groups[g].removals_unknown = true;
        break;
    default:
        for (size_t g = 0; g < WORLD_GROUPS; g++)
            w->guard_groups[g].shrink = (struct shrink){.is_shrunk = true};
    }
    struct guard_verdict after = world_guard(w, plan);
    for (size_t i = 0; i < plan->n; i++)
        CHECK(after.held[i] == (op_is_removal(plan->ops[i].kind) || before.held[i]));
}

static void test_additions_go_on_while_removals_are_held(void **state)
{
    (void)state;
    for_all(adds_pass_while_removals_are_held);
}

static void budgets_do_not_touch_adds(struct world *w, struct rng *rng, const struct plan *plan)
{
    struct guard_verdict before = world_guard(w, plan);

    (void)rng;
    w->policy.safety.removals_per_run = 0;
    for (size_t i = 0; i < WORLD_ENTS; i++)
        w->ents[i].removals_per_run = 0;
    struct guard_verdict after = world_guard(w, plan);
    for (size_t i = 0; i < plan->n; i++) {
        if (!op_is_removal(plan->ops[i].kind)) {
            CHECK(after.held[i] == before.held[i]);
        } else {
            CHECK(after.held[i] || !before.held[i]);
        }
    }
}

static void test_an_empty_budget_holds_no_addition(void **state)
{
    (void)state;
    for_all(budgets_do_not_touch_adds);
}

/* --- more trouble never lets more through ---------------------------------------------------- */

static void add_trouble_around(struct world *w, struct rng *rng)
{
    struct guard_entitlement *ge = &w->guard_ents[rng_below(rng, WORLD_ENTS)];
    struct guard_group *group = &w->guard_groups[rng_below(rng, WORLD_GROUPS)];

    switch (rng_below(rng, 12)) {
    case 0: ge->frozen = true; break;
    case 1: ge->frozen_removals = true; break;
    case 2: w->guard.instance_ok = false; break;
    case 3: w->guard.foreign_self = true; break;
    case 4: w->guard.clock_ok = false; break;
    case 5: ge->mode = ge->mode == MODE_ENFORCE ? MODE_ADD : MODE_OBSERVE; break;
    case 6: group->pin_ok = false; break;
    case 7: group->removals_unknown = true; break;
    case 8: ge->is_known_changed = true; break;
    case 9: ge->may_remove_unmanaged = false; break;
    case 10: w->facts.protected_sealed = false; break;
    default: w->guard.n_released = 0;
    }
}

static void add_trouble_about_somebody(struct world *w, struct rng *rng, const struct plan *plan)
{
    const struct op *op = &plan->ops[rng_below(rng, plan->n)];
    struct person_facts *person = world_person(w, arena_cstr(&w->arena, op->person));
    struct entitlement *ent = &w->ents[str_is(op->entitlement, "q-jp") ? Q : KIRO];
    struct str *gone = arena_array(&w->arena, struct str, 1);

    gone[0] = op->person;
    switch (rng_below(rng, 9)) {
    case 0: person->is_protected = true; break;
    case 1: person->blocked = true; break;
    case 2: person->person.status = USER_UNKNOWN; break;
    case 3: person->inactive_twice = person->gone_proved = false; break;
    case 4: ent->grace_asked_ms = ent->grace_inferred_ms = 400 * WORLD_DAY; break;
    case 5:
        for (size_t g = 0; g < WORLD_GROUPS; g++) {
            w->guard_groups[g].shrink =
                (struct shrink){.is_shrunk = true, .gone = gone, .lost = 1, .before = 1};
        }
        break;
    case 6:
        VEC_PUSH(&w->arena, &w->outside,
                 ((struct guard_outside){.group = op->group, .person = op->person}));
        w->guard.outside = w->outside.items;
        w->guard.n_outside = w->outside.n;
        break;
    case 7: w->facts.n = 0; break;
    default:
        for (size_t g = 0; g < WORLD_GROUPS; g++) {
            if (str_eq(w->views[g].id, op->group))
                w->groups[g].listing.state = LISTING_UNKNOWN;
        }
    }
}

static void trouble_only_holds_more(struct world *w, struct rng *rng, const struct plan *plan)
{
    struct guard_verdict before = world_guard(w, plan);

    if (plan->n == 0 || rng_chance(rng, 50)) {
        add_trouble_around(w, rng);
    } else {
        add_trouble_about_somebody(w, rng, plan);
    }
    struct guard_verdict after = world_guard(w, plan);
    /* What counts is left out: an op held for another reason makes room for the next one. */
    for (size_t i = 0; i < before.n_holds; i++) {
        const struct guard_hold *hold = &before.holds[i];

        if (!is_counting(hold->guard))
            CHECK(is_held_by(&after, hold->op, hold->guard));
    }
}

static void test_more_trouble_never_lifts_a_hold(void **state)
{
    (void)state;
    for_all(trouble_only_holds_more);
}

/* --- order ---------------------------------------------------------------------------------- */

static void verdict_does_not_depend_on_order(struct world *w, struct rng *rng,
                                             const struct plan *plan)
{
    struct guard_verdict before = world_guard(w, plan);
    struct guard_group groups[WORLD_GROUPS];
    struct guard_entitlement ents[WORLD_ENTS];

    for (size_t i = 0; i < WORLD_GROUPS; i++)
        groups[i] = w->guard_groups[i];
    for (size_t i = 0; i < WORLD_ENTS; i++)
        ents[i] = w->guard_ents[i];
    rng_shuffle(rng, groups, w->guard.n_groups, sizeof(groups[0]));
    rng_shuffle(rng, ents, WORLD_ENTS, sizeof(ents[0]));
    w->guard.groups = groups;
    w->guard.ents = ents;
    struct guard_verdict after = world_guard(w, plan);
    CHECK(before.n_holds == after.n_holds);
    for (size_t i = 0; i < before.n_holds; i++) {
        CHECK(before.holds[i].op == after.holds[i].op);
        CHECK(before.holds[i].guard == after.holds[i].guard);
        CHECK(str_eq(before.holds[i].reason, after.holds[i].reason));
    }
}

static void test_the_verdict_does_not_depend_on_the_order_of_its_inputs(void **state)
{
    (void)state;
    for_all(verdict_does_not_depend_on_order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_verdict_says_of_each_op_whether_and_why),
        cmocka_unit_test(test_no_verdict_passes_more_seats_money_or_adds_than_allowed),
        cmocka_unit_test(test_no_verdict_passes_more_removals_than_the_budget_has),
        cmocka_unit_test(test_beyond_the_budget_expiries_drip_and_other_kinds_wait_whole),
        cmocka_unit_test(test_additions_go_on_while_removals_are_held),
        cmocka_unit_test(test_an_empty_budget_holds_no_addition),
        cmocka_unit_test(test_more_trouble_never_lifts_a_hold),
        cmocka_unit_test(test_the_verdict_does_not_depend_on_the_order_of_its_inputs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

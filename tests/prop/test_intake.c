#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "unit/core/intake_world.h"

/*
 * Properties of intake over any filing: thousands of seeded worlds. A failure names its seed; to
 * look at it alone, begin the loop there.
 */

#define CASES 10000

static const char *const plans[] = {"q-pro",      "kiro-pro",     "kiro-pro-plus",
                                    "kiro-power", "kiro-pro-max", ""};
static const char *const people[] = {"00uTARO", "00uASKER", "00uBOSS", "00uLEAD", "00uCHIEF"};

static uint64_t seed;

#define HOLDS(claim)                                                     \
    do {                                                                 \
        if (!(claim))                                                    \
            fail_msg("seed %llu: %s", (unsigned long long)seed, #claim); \
    } while (0)

static const char *any(struct rng *rng, const char *const *words, size_t n)
{
    return words[rng_below(rng, n)];
}

static void any_grants(struct rng *rng, struct world *w)
{
    size_t n = rng_below(rng, 5);

    for (size_t i = 0; i < n; i++) {
        int from = (int)rng_between(rng, -60, 40);
        struct grant *grant =
            world_grant(w, any(rng, plans, 4), from, from + (int)rng_between(rng, 1, 90));

        if (rng_chance(rng, 20)) {
            grant->ended_at = DAYS(from + rng_between(rng, -5, 60));
            grant->end_cause = CAUSE_MOVED;
        }
    }
}

static void any_request(struct rng *rng, struct world *w)
{
    struct request *r = &w->request;

    r->kind = (enum request_kind)rng_below(rng, 4);
    r->state = (enum request_state)rng_below(rng, REQUEST_AWAITING_APPROVAL + 1);
    r->plan = str_of(any(rng, plans, ARRAY_LEN(plans)));
    r->filed_at = NOON - rng_between(rng, 0, 12) * TIME_DAY;
    r->requester = str_of(any(rng, people, ARRAY_LEN(people)));
    r->may_decide = rng_chance(rng, 50);
    if (rng_chance(rng, 25))
        r->from_ms = DAYS(rng_between(rng, -20, 60));
    if (rng_chance(rng, 25)) {
        r->until_ms = DAYS(rng_between(rng, -10, 500));
    } else if (rng_chance(rng, 25)) {
        r->for_ms = rng_between(rng, -1, 400) * TIME_DAY;
    }
    if (r->state == REQUEST_AWAITING_APPROVAL && rng_chance(rng, 80))
        r->asked_at = NOON - rng_between(rng, 0, 10) * TIME_DAY;
}

static void any_approvers(struct rng *rng, struct world *w)
{
    for (size_t i = 0; i < 3; i++) {
        if (rng_chance(rng, 50))
            world_approver(w, any(rng, people, ARRAY_LEN(people)));
    }
    if (rng_chance(rng, 40))
        world_fallback(w, rng_chance(rng, 70) ? any(rng, people, ARRAY_LEN(people)) : NULL);
    w->f.approvers.is_known = rng_chance(rng, 85);
    w->f.fallback_approvers.is_known = rng_chance(rng, 85);
    for (size_t i = 0; i < 4; i++) {
        if (rng_chance(rng, 30)) {
            world_verdict(w, any(rng, people, ARRAY_LEN(people)),
                          rng_chance(rng, 75) ? VERDICT_APPROVE : VERDICT_DENY);
            w->approvals[w->f.n_approvals - 1].at_ms = NOON - rng_between(rng, 0, 5) * TIME_DAY;
        }
    }
}

static void any_world(struct rng *rng, struct world *w)
{
    world_init(w);
    any_request(rng, w);
    any_grants(rng, w);
    any_approvers(rng, w);
    w->f.resolution = rng_chance(rng, 85) ? RESOLVE_FOUND : (enum resolution)rng_below(rng, 4);
    if (rng_chance(rng, 10))
        w->person.status = (enum user_status)rng_below(rng, USER_GONE + 1);
    if (rng_chance(rng, 10))
        w->f.eligible.answer = (enum eligible_answer)rng_below(rng, 3);
    w->f.blocked = rng_chance(rng, 8);
    w->f.confirmed = rng_chance(rng, 50);
    w->f.member_by_others = rng_chance(rng, 15);
    w->ent.has_renewal_approval = rng_chance(rng, 50);
    w->ent.renewal_approval = (enum approval_kind)rng_below(rng, 3);
    if (rng_chance(rng, 20))
        w->ent.max_duration_ms = rng_between(rng, 1, 200) * TIME_DAY;
    if (rng_chance(rng, 30))
        w->ent.default_plan = str_of(any(rng, plans, 4));
}

static void each_world(void (*property)(struct world *w, struct arena *arena))
{
    struct arena arena;

    arena_init(&arena, 1 << 20);
    for (seed = 1; seed <= CASES; seed++) {
        arena_mark_t mark = arena_mark(&arena);
        struct rng rng = rng_seed(seed);
        struct world w;

        any_world(&rng, &w);
        property(&w, &arena);
        arena_reset(&arena, mark);
    }
    arena_fini(&arena);
}

/* What the ledger does with a step. */
static void apply(struct world *w, const struct intake_step *step)
{
    w->request.state = step->state;
    w->request.state_reason = step->reason;
    w->request.decided_by = step->decided_by;
    if (step->state != REQUEST_ACCEPTED)
        return;
    for (size_t i = 0; i < w->f.n_grants; i++) {
        for (size_t k = 0; k < step->n_end_grants; k++) {
            if (str_eq(w->grants[i].id, step->end_grants[k])) {
                w->grants[i].ended_at = step->end_at_ms;
                w->grants[i].end_cause = step->end_cause;
            }
        }
        if (step->extend_grant.len > 0 && str_eq(w->grants[i].id, step->extend_grant))
            w->grants[i].until_ms = step->until_ms;
    }
    if (step->open_grant) {
        struct grant *grant = world_grant(w, "", 0, 1);

        grant->plan = step->plan;
        grant->from_ms = step->from_ms;
        grant->until_ms = step->until_ms;
        grant->created_at = NOON;
    }
}

static bool any_live(const struct world *w, int64_t t)
{
    for (size_t i = 0; i < w->f.n_grants; i++) {
        if (grant_is_live(&w->grants[i], t))
            return true;
    }
    return false;
}

static const struct grant *grant_by_id(const struct world *w, struct str id)
{
    for (size_t i = 0; i < w->f.n_grants; i++) {
        if (str_eq(w->grants[i].id, id))
            return &w->grants[i];
    }
    return NULL;
}

/* ---- the properties ---- */

static void moves_as_allowed(struct world *w, struct arena *arena)
{
    struct intake_step step = intake_decide(&w->f, arena);

    HOLDS(step.state == w->request.state || request_may_move(w->request.state, step.state));
    HOLDS(step.state != REQUEST_CANCELLED); /* people cancel, intake does not */
    HOLDS(step.reason.len > 0);
    HOLDS(request_state_is_open(step.state) == (step.decided_by.len == 0));
}

static void only_the_accepted_has_effects(struct world *w, struct arena *arena)
{
    struct intake_step step = intake_decide(&w->f, arena);
    bool has_effect = step.open_grant || step.n_end_grants > 0 || step.extend_grant.len > 0;

    HOLDS(!has_effect || step.state == REQUEST_ACCEPTED);
    HOLDS(step.state != REQUEST_ACCEPTED || has_effect != step.changes_nothing);
    HOLDS(step.n_ask == 0 || step.state == REQUEST_AWAITING_APPROVAL);
}

static void is_stable(struct world *w, struct arena *arena)
{
    struct intake_step first = intake_decide(&w->f, arena);
    struct intake_step second;

    apply(w, &first);
    second = intake_decide(&w->f, arena);
    HOLDS(second.state == first.state);
    HOLDS(!second.open_grant && second.n_end_grants == 0 && second.extend_grant.len == 0);
    /* A request that only now waits for an answer is looked at again with more patience. */
    if (first.n_ask > 0) {
        HOLDS(str_eq(first.reason, second.reason));
        HOLDS(strcmp(world_show(&first, arena), world_show(&second, arena)) == 0);
    }
}

static void asking_twice_is_asking_once(struct world *w, struct arena *arena)
{
    struct request before = w->request;
    struct intake_step step = intake_decide(&w->f, arena);

    if (step.state != REQUEST_ACCEPTED || before.kind == REQUEST_RENEW)
        return;
    apply(w, &step);
    w->request = before;
    step = intake_decide(&w->f, arena);
    HOLDS(step.state == REQUEST_ACCEPTED || before.kind == REQUEST_REVOKE);
    HOLDS(!step.open_grant && step.n_end_grants == 0 && step.extend_grant.len == 0);
}

/* Told again, from the words of the rule alone. */
static bool is_approved(const struct world *w)
{
    const struct intake_facts *f = &w->f;
    bool has_yes = false;

    for (size_t i = 0; i < f->n_approvals; i++) {
        const struct approval *approval = &f->approvals[i];
        bool may = false;

        for (size_t k = 0; f->approvers.is_known && k < f->approvers.n; k++)
            may = may || str_eq(f->approvers.ids[k], approval->approver);
        for (size_t k = 0; f->fallback_approvers.is_known && k < f->fallback_approvers.n; k++)
            may = may || str_eq(f->fallback_approvers.ids[k], approval->approver);
        if (!may || str_eq(approval->approver, w->person.id) ||
            str_eq(approval->approver, w->request.requester))
            continue;
        if (approval->verdict == VERDICT_DENY)
            return false;
        has_yes = has_yes || approval->verdict == VERDICT_APPROVE;
    }
    return has_yes;
}

static void gives_nothing_without_its_approval(struct world *w, struct arena *arena)
{
    struct intake_step step = intake_decide(&w->f, arena);
    const struct plan_rule *rule = entitlement_plan(&w->ent, step.plan);
    enum approval_kind kind;

    if (step.state != REQUEST_ACCEPTED || (!step.open_grant && step.extend_grant.len == 0))
        return;
    HOLDS(rule != NULL);
    assert(rule);
    kind = rule->approval;
    if (step.extend_grant.len > 0 && w->ent.has_renewal_approval)
        kind = w->ent.renewal_approval;
    HOLDS(kind == APPROVAL_NONE || is_approved(w));
    HOLDS(kind == APPROVAL_NONE || !str_eq(step.decided_by, w->person.id));
    HOLDS(kind == APPROVAL_NONE || !str_eq(step.decided_by, w->request.requester));
}

static void gives_nothing_to_whom_the_rules_exclude(struct world *w, struct arena *arena)
{
    struct intake_step step = intake_decide(&w->f, arena);

    if (step.state != REQUEST_ACCEPTED || w->request.kind == REQUEST_REVOKE)
        return;
    HOLDS(!w->f.blocked);
    HOLDS(w->f.resolution == RESOLVE_FOUND);
    HOLDS(user_status_is_usable(w->person.status));
    HOLDS(w->f.eligible.answer == ELIGIBLE_YES);
}

static void own_approvals_never_count(struct world *w, struct arena *arena)
{
    struct intake_step step = intake_decide(&w->f, arena);
    const char *before = world_show(&step, arena);

    if (w->f.n_approvals + 2 > WORLD_APPROVALS)
        return;
    world_verdict(w, "00uTARO", VERDICT_APPROVE);
    w->approvals[w->f.n_approvals++] = (struct approval){
        .approver = w->request.requester, .verdict = VERDICT_APPROVE, .at_ms = DAYS(-30)};
    world_approver(w, "00uTARO");
    step = intake_decide(&w->f, arena);
    if (strcmp(before, world_show(&step, arena)) != 0) {
        fail_msg("seed %llu: %s became %s", (unsigned long long)seed, before,
                 world_show(&step, arena));
    }
}

static void a_renewal_lengthens(struct world *w, struct arena *arena)
{
    struct intake_step step = intake_decide(&w->f, arena);
    const struct grant *grant = grant_by_id(w, step.extend_grant);

    if (step.extend_grant.len == 0)
        return;
    HOLDS(grant != NULL);
    assert(grant);
    HOLDS(grant->ended_at == 0);
    HOLDS(step.until_ms > grant->until_ms);
    HOLDS(step.until_ms <=
          (grant->from_ms > NOON ? grant->from_ms : NOON) + w->ent.max_duration_ms);
}

/* Before the change nothing differs, from then on somebody who held something still does, and
 * without an end asked for it ends when the last of what it replaced would have. */
static void compare_at(const struct world *before, const struct world *after,
                       const struct intake_step *step, int64_t t)
{
    bool takes_the_end = after->request.until_ms == 0 && after->request.for_ms == 0;
    bool was = any_live(before, t);
    bool is = any_live(after, t);

    if (t < step->from_ms) {
        HOLDS(was == is);
    } else if (t < step->until_ms) {
        HOLDS(is);
    } else {
        HOLDS(!takes_the_end || !was);
    }
}

static void a_change_leaves_no_gap(struct world *w, struct arena *arena)
{
    struct intake_step step = intake_decide(&w->f, arena);
    struct world before = *w;

    if (!step.open_grant || step.n_end_grants == 0)
        return;
    before.f.grants = before.grants;
    HOLDS(step.end_at_ms == step.from_ms);
    apply(w, &step);
    for (int day = 0; day < 200; day++) {
        compare_at(&before, w, &step, DAYS(day));
        compare_at(&before, w, &step, DAYS(day) - 1);
    }
}

static bool is_q(struct str plan)
{
    return str_is(plan, "q-pro");
}

static void one_way_is_one_way(struct world *w, struct arena *arena)
{
    struct intake_step step = intake_decide(&w->f, arena);

    if (!step.open_grant)
        return;
    for (size_t i = 0; i < w->f.n_grants; i++) {
        const struct grant *grant = &w->grants[i];
        bool counts = grant_is_live(grant, step.from_ms) || grant_is_ahead(grant, step.from_ms);
        bool ever = grant->ended_at == 0 || grant->ended_at > grant->from_ms;

        HOLDS(!(is_q(grant->plan) && counts && !is_q(step.plan)) || w->f.confirmed);
        HOLDS(!(is_q(step.plan) && ever && !is_q(grant->plan)));
    }
}

static void a_revoke_leaves_nothing(struct world *w, struct arena *arena)
{
    struct intake_step step = intake_decide(&w->f, arena);
    bool own = str_eq(w->request.requester, w->person.id);

    if (w->request.kind != REQUEST_REVOKE || step.state != REQUEST_ACCEPTED)
        return;
    HOLDS(own || w->request.may_decide);
    HOLDS(step.n_end_grants == 0 || step.end_cause == (own ? CAUSE_RETURNED : CAUSE_REVOKED));
    HOLDS(step.n_end_grants == 0 || step.end_at_ms >= NOON);
    apply(w, &step);
    for (size_t i = 0; i < w->f.n_grants && w->request.from_ms <= NOON; i++) {
        const struct grant *grant = &w->grants[i];
        bool is_meant = w->request.plan.len == 0 || str_eq(grant->plan, w->request.plan);

        HOLDS(!is_meant || !(grant_is_live(grant, NOON) || grant_is_ahead(grant, NOON)));
    }
}

static void what_is_given_has_an_end_within_the_limit(struct world *w, struct arena *arena)
{
    struct intake_step step = intake_decide(&w->f, arena);

    if (!step.open_grant)
        return;
    HOLDS(step.from_ms >= NOON);
    HOLDS(step.from_ms < step.until_ms);
    /* The end of what a change replaced was within the limit when that was given. */
    HOLDS(step.n_end_grants > 0 || step.until_ms - step.from_ms <= w->ent.max_duration_ms);
}

#define PROPERTY(name)                    \
    static void test_##name(void **state) \
    {                                     \
        (void)state;                      \
        each_world(name);                 \
    }
PROPERTY(moves_as_allowed)
PROPERTY(only_the_accepted_has_effects)
PROPERTY(is_stable)
PROPERTY(asking_twice_is_asking_once)
PROPERTY(gives_nothing_without_its_approval)
PROPERTY(gives_nothing_to_whom_the_rules_exclude)
PROPERTY(own_approvals_never_count)
PROPERTY(a_renewal_lengthens)
PROPERTY(a_change_leaves_no_gap)
PROPERTY(one_way_is_one_way)
PROPERTY(a_revoke_leaves_nothing)
PROPERTY(what_is_given_has_an_end_within_the_limit)

/* A generator that never reaches a state proves nothing about it. */
static void test_the_worlds_reach_every_state_and_effect(void **state)
{
    size_t states[REQUEST_CANCELLED + 1] = {0};
    size_t opened = 0, extended = 0, changed = 0, unchanged = 0;
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (seed = 1; seed <= CASES; seed++) {
        arena_mark_t mark = arena_mark(&arena);
        struct rng rng = rng_seed(seed);
        struct world w;
        struct intake_step step;

        any_world(&rng, &w);
        step = intake_decide(&w.f, &arena);
        states[step.state]++;
        opened += step.open_grant;
        extended += step.extend_grant.len > 0;
        changed += step.open_grant && step.n_end_grants > 0;
        unchanged += step.changes_nothing;
        arena_reset(&arena, mark);
    }
    arena_fini(&arena);
    for (size_t i = 0; i < REQUEST_CANCELLED; i++)
        assert_true(states[i] > CASES / 100);
    assert_true(opened > CASES / 100 && extended > CASES / 100 && changed > CASES / 100 &&
                unchanged > CASES / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves_as_allowed),
        cmocka_unit_test(test_only_the_accepted_has_effects),
        cmocka_unit_test(test_is_stable),
        cmocka_unit_test(test_asking_twice_is_asking_once),
        cmocka_unit_test(test_gives_nothing_without_its_approval),
        cmocka_unit_test(test_gives_nothing_to_whom_the_rules_exclude),
        cmocka_unit_test(test_own_approvals_never_count),
        cmocka_unit_test(test_a_renewal_lengthens),
        cmocka_unit_test(test_a_change_leaves_no_gap),
        cmocka_unit_test(test_one_way_is_one_way),
        cmocka_unit_test(test_a_revoke_leaves_nothing),
        cmocka_unit_test(test_what_is_given_has_an_end_within_the_limit),
        cmocka_unit_test(test_the_worlds_reach_every_state_and_effect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

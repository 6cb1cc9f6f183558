#include "support/core_build.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

static struct entitlement usual_entitlement(struct str name)
{
    return (struct entitlement){
        .name = name,
        .title = name,
        .mode = MODE_ENFORCE,
        .max_seats = -1,
        .max_monthly_cost_minor = -1,
        .removals_per_run = 5,
        .removals_per_day = 20,
        .removals_per_week = 40,
        .removals_percent = 10,
        .shrink_percent = 10,
        .adds_per_run = 200,
        .grace_inferred_ms = WORLD_DAY,
        .grace_asked_ms = 0,
        .inactive_deprovisioned_ms = WORLD_DAY,
        .inactive_suspended_ms = POLICY_OFF,
        .default_duration_ms = 90 * WORLD_DAY,
        .max_duration_ms = 365 * WORLD_DAY,
    };
}

/* Prices and ranks as this test world has them. */
static const struct catalogue *small_catalogue(struct arena *arena)
{
    struct catalogue *catalogue = arena_new(arena, struct catalogue);
    struct catalogue_family *families = arena_array(arena, struct catalogue_family, 2);
    struct catalogue_plan *plans = arena_array(arena, struct catalogue_plan, 3);

    families[0] = (struct catalogue_family){.family = STR("q"), .one_way_to = STR("kiro")};
    families[1] = (struct catalogue_family){.family = STR("kiro")};
    plans[0] = (struct catalogue_plan){STR("q-pro"), STR("q"), STR("Q"), 10, 1900, 0, NULL, 0};
    plans[1] =
        (struct catalogue_plan){STR("kiro-pro"), STR("kiro"), STR("Pro"), 10, 2000, 0, NULL, 0};
    plans[2] = (struct catalogue_plan){
        STR("kiro-pro-plus"), STR("kiro"), STR("Plus"), 20, 4000, 0, NULL, 0};
    *catalogue = (struct catalogue){STR("USD"), families, 2, plans, 3};
    return catalogue;
}

static void init_policy(struct world *world)
{
    world->plans[KIRO][0] = (struct plan_rule){.plan = STR("kiro-pro")};
    world->plans[KIRO][1] = (struct plan_rule){.plan = STR("kiro-pro-plus")};
    world->plans[Q][0] = (struct plan_rule){.plan = STR("q-pro")};
    world->ents[KIRO] = usual_entitlement(STR("kiro-jp"));
    world->ents[Q] = usual_entitlement(STR("q-jp"));
    for (size_t i = 0; i < WORLD_ENTS; i++)
        world->ents[i].plans = world->plans[i];
    world->ents[KIRO].n_plans = 2;
    world->ents[Q].n_plans = 1;
    world->policy = (struct policy){
        .name = STR("test"),
        .catalogue = *small_catalogue(&world->arena),
        .safety = {.removals_per_run = 20, .removals_per_day = 50, .removals_per_week = 100},
        .entitlements = world->ents,
        .n_entitlements = WORLD_ENTS,
    };
}

static void init_group(struct world *world, enum world_group_at at, enum world_ent ent,
                       struct str id, struct str plan)
{
    struct world_group *group = &world->groups[at];

    group->listing =
        (struct listing){.collection = id, .state = LISTING_SEALED, .at_ms = world->now - 1000};
    group->baseline =
        (struct baseline){.group = id, .exists = true, .accepted_at = world->now - WORLD_HOUR};
    world->views[at] = (struct group_view){
        .ent = &world->ents[ent],
        .role = plan.len > 0 ? GROUP_ROLE_PLAN : GROUP_ROLE_ASSIGNMENT,
        .plan = plan,
        .id = id,
        .name = id,
        .listing = &group->listing,
        .baseline = &group->baseline,
    };
    world->guard_groups[at] = (struct guard_group){.view = &world->views[at], .pin_ok = true};
}

void world_init(struct world *world)
{
    struct arena arena = world->arena;

    if (arena.base) {
        arena_reset(&arena, 0);
    } else {
        arena_init(&arena, (size_t)64 << 20);
    }
    memset(world, 0, sizeof(*world));
    world->arena = arena;
    world->now = WORLD_NOW;
    init_policy(world);
    init_group(world, G_PRO, KIRO, STR("g-pro"), STR("kiro-pro"));
    init_group(world, G_PLUS, KIRO, STR("g-plus"), STR("kiro-pro-plus"));
    init_group(world, G_Q, Q, STR("g-q"), STR("q-pro"));
    init_group(world, G_APP, KIRO, STR("g-app"), STR(""));
    for (size_t i = 0; i < WORLD_ENTS; i++) {
        world->guard_ents[i] = (struct guard_entitlement){
            .ent = &world->ents[i],
            .mode = MODE_ENFORCE,
            .owned = 100,
            .may_remove_unmanaged = true,
        };
    }
    world->facts.protected_sealed = true;
    world->guard.instance_ok = true;
    world->guard.clock_ok = true;
}

void world_fini(struct world *world)
{
    arena_fini(&world->arena);
}

static struct str keep(struct world *world, const char *text)
{
    return arena_str(&world->arena, str_of(text));
}

struct person_facts *world_person(struct world *world, const char *id)
{
    for (size_t i = 0; i < world->people.n; i++) {
        if (str_is(world->people.items[i].person.id, id))
            return &world->people.items[i];
    }
    struct str login = arena_printf(&world->arena, "%s@example.com", id);
    struct person person = {.id = keep(world, id), .login = login, .status = USER_ACTIVE};

    VEC_PUSH(&world->arena, &world->people, ((struct person_facts){.person = person}));
    return &world->people.items[world->people.n - 1];
}

struct grant *world_grant(struct world *world, enum world_ent ent, const char *plan,
                          const char *person, int64_t from_ms, int64_t until_ms)
{
    size_t number = world->grants.n + 1;
    struct str request = arena_printf(&world->arena, "request-%04zu", number);
    int64_t from = world->now + from_ms;

    (void)world_person(world, person);
    VEC_PUSH(&world->arena, &world->requests,
             ((struct request_ref){request, (int64_t)number, from, from}));
    VEC_PUSH(&world->arena, &world->grants,
             ((struct grant){
                 .id = arena_printf(&world->arena, "grant-%04zu", number),
                 .person = keep(world, person),
                 .entitlement = world->ents[ent].name,
                 .plan = keep(world, plan),
                 .from_ms = from,
                 .until_ms = world->now + until_ms,
                 .request = request,
                 .created_at = from,
             }));
    return &world->grants.items[world->grants.n - 1];
}

void world_listed(struct world *world, enum world_group_at group, const char *person)
{
    struct person_facts *known = world_person(world, person);

    VEC_PUSH(&world->arena, &world->groups[group].members,
             ((struct member){known->person.id, known->person.login, known->person.status}));
}

struct accepted *world_accepted(struct world *world, enum world_group_at group, const char *person,
                                bool owned)
{
    struct world_accepted *accepted = &world->groups[group].accepted;

    VEC_PUSH(&world->arena, accepted,
             ((struct accepted){.person = keep(world, person),
                                .owned = owned,
                                .since_ms = world->now - 30 * WORLD_DAY}));
    return &accepted->items[accepted->n - 1];
}

void world_member(struct world *world, enum world_group_at group, const char *person, bool owned)
{
    world_listed(world, group, person);
    (void)world_accepted(world, group, person, owned);
}

void world_unlist(struct world *world, enum world_group_at group, const char *person)
{
    struct world_members *members = &world->groups[group].members;
    size_t kept = 0;

    for (size_t i = 0; i < members->n; i++) {
        if (!str_is(members->items[i].id, person))
            members->items[kept++] = members->items[i];
    }
    members->n = kept;
}

void world_forget(struct world *world, enum world_group_at group, const char *person)
{
    struct world_accepted *accepted = &world->groups[group].accepted;
    size_t kept = 0;

    for (size_t i = 0; i < accepted->n; i++) {
        if (!str_is(accepted->items[i].person, person))
            accepted->items[kept++] = accepted->items[i];
    }
    accepted->n = kept;
}

/* Everything that is sorted by an id begins with it. */
static int compare_first(const void *a, const void *b)
{
    return str_cmp_qsort(a, b);
}

_Static_assert(offsetof(struct member, id) == 0, "sorted by what comes first");
_Static_assert(offsetof(struct accepted, person) == 0, "sorted by what comes first");
_Static_assert(offsetof(struct request_ref, id) == 0, "sorted by what comes first");
_Static_assert(offsetof(struct person_facts, person.id) == 0, "sorted by what comes first");

static void sort(void *items, size_t n, size_t size)
{
    if (n > 1)
        qsort(items, n, size, compare_first);
}

static int compare_outside(const void *a, const void *b)
{
    const struct guard_outside *oa = a;
    const struct guard_outside *ob = b;
    int order = str_cmp(oa->group, ob->group);

    return order != 0 ? order : str_cmp(oa->person, ob->person);
}

static void seal_group(struct world *world, enum world_group_at at)
{
    struct world_group *group = &world->groups[at];
    struct str *ids = arena_array(&world->arena, struct str, group->members.n);

    sort(group->members.items, group->members.n, sizeof(struct member));
    sort(group->accepted.items, group->accepted.n, sizeof(struct accepted));
    for (size_t i = 0; i < group->members.n; i++)
        ids[i] = group->members.items[i].id;
    group->listing.members = group->members.items;
    group->listing.n = group->members.n;
    group->baseline.people = group->accepted.items;
    group->baseline.n = group->accepted.n;
    world->views[at].actual = (struct people){0};
    if (group->listing.state == LISTING_SEALED)
        world->views[at].actual = (struct people){ids, group->members.n};
}

/* Distinct people in the groups of an entitlement's plans. */
static size_t count_seen(struct world *world, const struct entitlement *ent)
{
    struct world_strs ids = {0};

    for (size_t g = 0; g < WORLD_GROUPS; g++) {
        const struct group_view *view = &world->views[g];

        if (view->ent != ent || view->role != GROUP_ROLE_PLAN)
            continue;
        for (size_t i = 0; i < view->actual.n; i++)
            VEC_PUSH(&world->arena, &ids, view->actual.ids[i]);
    }
    return str_sort_unique(ids.items, ids.n);
}

void world_seal(struct world *world)
{
    size_t n_groups = world->has_assignment ? WORLD_GROUPS : G_APP;

    sort(world->people.items, world->people.n, sizeof(struct person_facts));
    sort(world->requests.items, world->requests.n, sizeof(struct request_ref));
    if (world->outside.n > 1) {
        qsort(world->outside.items, world->outside.n, sizeof(struct guard_outside),
              compare_outside);
    }
    world->facts.people = world->people.items;
    world->facts.n = world->people.n;
    for (size_t i = 0; i < WORLD_GROUPS; i++)
        seal_group(world, (enum world_group_at)i);

    world->plan_in = (struct plan_input){
        .policy = &world->policy,
        .now_ms = world->now,
        .grants = world->grants.items,
        .n_grants = world->grants.n,
        .requests = world->requests.items,
        .n_requests = world->requests.n,
        .facts = &world->facts,
        .groups = world->views,
        .n_groups = n_groups,
    };
    for (size_t i = 0; i < WORLD_ENTS; i++) {
        struct guard_entitlement *ge = &world->guard_ents[i];

        ge->seen = count_seen(world, ge->ent);
        ge->n_known_ops = str_sort_unique(world->known_ops.items, world->known_ops.n);
        ge->known_ops = world->known_ops.items;
    }
    world->released.n = str_sort_unique(world->released.items, world->released.n);
    world->guard.policy = &world->policy;
    world->guard.now_ms = world->now;
    world->guard.facts = &world->facts;
    world->guard.ents = world->guard_ents;
    world->guard.n_ents = WORLD_ENTS;
    world->guard.groups = world->guard_groups;
    world->guard.n_groups = n_groups;
    world->guard.outside = world->outside.items;
    world->guard.n_outside = world->outside.n;
    world->guard.released = world->released.items;
    world->guard.n_released = world->released.n;
}

/* --- at random ------------------------------------------------------------------------------ */

static const char *const ent_plans[WORLD_ENTS][3] = {{"kiro-pro", "kiro-pro-plus", "kiro-gold"},
                                                     {"q-pro", "q-pro", "q-free"}};

static int64_t days(struct rng *rng, int64_t low, int64_t high)
{
    return rng_between(rng, low * 24, high * 24) * WORLD_HOUR;
}

static void any_grants(struct world *world, struct rng *rng, const char *person)
{
    static const enum cause causes[] = {CAUSE_BLOCKED,  CAUSE_REVOKED, CAUSE_RETURNED,
                                        CAUSE_INACTIVE, CAUSE_MOVED,   CAUSE_GRANTED};
    uint64_t n = rng_below(rng, 4);

    for (uint64_t i = 0; i < n; i++) {
        enum world_ent ent = rng_chance(rng, 75) ? KIRO : Q;
        /* One in twenty is on a plan that the settings do not know. */
        uint64_t plan = rng_chance(rng, 5) ? 2 : rng_below(rng, 2);
        int64_t from = days(rng, -20, 3);
        int64_t until = from + days(rng, 1, 25);
        struct grant *grant = world_grant(world, ent, ent_plans[ent][plan], person, from, until);

        if (rng_chance(rng, 30)) {
            grant->ended_at = world->now + rng_between(rng, from, until);
            grant->end_cause = causes[rng_below(rng, ARRAY_LEN(causes))];
        }
        if (rng_chance(rng, 3))
            grant->entitlement = STR("former");
        if (rng_chance(rng, 10))
            grant->request = STR("");
    }
}

static void any_facts(struct world *world, struct rng *rng, struct person_facts *person)
{
    if (rng_chance(rng, 35))
        person->person.status = (enum user_status)rng_below(rng, USER_GONE + 1);
    if (person->person.status >= USER_SUSPENDED) {
        person->inactive_since_ms = rng_chance(rng, 80) ? world->now - days(rng, 0, 5) : 0;
        person->inactive_twice = rng_chance(rng, 70);
        person->gone_since_ms = person->inactive_since_ms;
        person->gone_proved = rng_chance(rng, 50);
    }
    if (rng_chance(rng, 15))
        person->person.login = STR("somebody@other.example");
    if (rng_chance(rng, 15))
        person->ineligible_since_ms = world->now - days(rng, 0, 5);
    person->is_protected = rng_chance(rng, 10);
    person->blocked = rng_chance(rng, 8);
}

static void any_memberships(struct world *world, struct rng *rng, const char *person)
{
    for (size_t g = 0; g < WORLD_GROUPS; g++) {
        enum world_group_at at = (enum world_group_at)g;
        bool is_listed = rng_chance(rng, 35);

        if (is_listed)
            world_listed(world, at, person);
        if (rng_chance(rng, is_listed ? 85 : 10)) {
            struct accepted *accepted = world_accepted(world, at, person, rng_chance(rng, 75));

            accepted->taken_out = rng_chance(rng, 5);
            accepted->since_ms = world->now - days(rng, 0, 10);
        }
    }
}

static void any_rules(struct world *world, struct rng *rng)
{
    static const struct str domain[] = {{"example.com", 11}};

    world->has_assignment = rng_chance(rng, 50);
    for (size_t i = 0; i < WORLD_ENTS; i++) {
        struct entitlement *ent = &world->ents[i];

        ent->assignment_leave = rng_chance(rng, 70);
        ent->unmanaged_remove = rng_chance(rng, 40);
        ent->removed_outside_restore = rng_chance(rng, 30);
        ent->on_ineligible_end = rng_chance(rng, 50);
        ent->inactive_suspended_ms = rng_chance(rng, 50) ? POLICY_OFF : WORLD_DAY;
        ent->grace_inferred_ms = rng_chance(rng, 50) ? 0 : WORLD_DAY;
        ent->grace_asked_ms = rng_chance(rng, 70) ? 0 : WORLD_DAY;
        if (rng_chance(rng, 40)) {
            ent->eligible.domains = domain;
            ent->eligible.n_domains = 1;
        }
    }
}

void world_any(struct world *world, struct rng *rng)
{
    uint64_t n = rng_below(rng, 13);

    any_rules(world, rng);
    for (uint64_t i = 0; i < n; i++) {
        struct str name = arena_printf(&world->arena, "p%02llu", (unsigned long long)i);

        any_facts(world, rng, world_person(world, name.ptr));
        any_grants(world, rng, name.ptr);
        any_memberships(world, rng, name.ptr);
    }
    for (size_t g = 0; g < WORLD_GROUPS; g++) {
        if (rng_chance(rng, 10))
            world->groups[g].listing.state = rng_chance(rng, 70) ? LISTING_UNKNOWN : LISTING_ABSENT;
    }
}

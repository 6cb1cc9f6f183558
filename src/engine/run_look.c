#include "engine/rollout_run.h"
#include "engine/run_inside.h"
#include "ledger/ledger_person.h"

/* ---- observe ---- */

static void collect_named_groups(struct run *run)
{
    struct named_group *items = arena_array(run->arena, struct named_group, run->groups.n);
    size_t n = 0;

    for (size_t i = 0; i < run->groups.n; i++) {
        const struct seen_group *group = &run->groups.items[i];
        if (group->role == PIN_NAMED) {
            items[n++] =
                (struct named_group){group->ref, group->id, group->pin_ok ? group->listing : NULL};
        }
    }
    run->facts.groups = (struct named_groups){items, n};
}

/* Only groups that are what they were pinned as may be written to. */
static void allow_writes(struct run *run)
{
    struct str *ids = arena_array(run->arena, struct str, run->groups.n);
    size_t n = 0;

    for (size_t i = 0; i < run->groups.n; i++) {
        if (run->groups.items[i].role != PIN_NAMED && run->groups.items[i].pin_ok)
            ids[n++] = run->groups.items[i].id;
    }
    okta_allow_writes(run->world->okta, ids, n);
}

/* The same for the groups of the Identity Store that are not pushed: whatever Okta pushes is only
 * looked at, and no list would let it through. */
static void allow_store_writes(struct run *run)
{
    struct str *ids = arena_array(run->arena, struct str, run->groups.n);
    size_t n = 0;

    if (!run->store.wanted)
        return;
    for (size_t i = 0; i < run->groups.n; i++) {
        if (run->groups.items[i].role == PIN_STORE && run->groups.items[i].pin_ok)
            ids[n++] = run->groups.items[i].id;
    }
    identity_allow_writes(run->world->identity, ids, n);
    run->store_target = engine_store_target(&run->store);
}

bool run_observe(struct run *run, struct err *err)
{
    const struct world *world = run->world;
    bool dry = run->quiet;
    const struct actor *actor = &run->options->actor;

    world_progress(world, "observing", 0, 0);
    if (!observe_groups(world, dry, actor, run->arena, &run->groups, err) ||
        !observe_log(world, dry, run->arena, err) ||
        !roll_load(&run->roll, world, dry, run->arena, err))
        return false;
    for (size_t i = 0; i < run->groups.n; i++) {
        const struct seen_group *group = &run->groups.items[i];
        if (!roll_see_listing(&run->roll, group->listing, group->role != PIN_NAMED, err))
            return false;
    }
    allow_writes(run);
    if (!observe_store(world, &run->roll, &run->groups, actor, &run->store, err) ||
        !observe_direct_groups(&run->store, world->ledger, &run->groups, err) ||
        !observe_subs(world, &run->roll, &run->store, &run->subs, err))
        return false;
    allow_store_writes(run);
    collect_named_groups(run);
    return observe_protected(&run->roll, &run->groups, actor, &run->facts, err);
}

/* ---- decide ---- */

static bool load_decided_grants(struct run *run, struct err *err)
{
    /* In a quiet run what intake would have done is in memory only. */
    if (!run->quiet &&
        (!roll_refresh(&run->roll, err) ||
         !ledger_load_grants(run->world->ledger, run->started_at - 400 * TIME_DAY, run->arena,
                             &run->intake.grants, &run->intake.n_grants, err)))
        return false;
    return hold_expiries(&run->roll, run->intake.grants, run->intake.n_grants, err);
}

/* What they file is accepted in the ledger, and read with everything else there. */
static bool step_rollouts(struct run *run, struct err *err)
{
    struct str why = {0};
    bool filed;
    struct rollout_input in = {
        .world = run->world,
        .actor = &run->options->actor,
        .groups = &run->groups,
        .only = run->options->entitlement,
        .now_ms = run->roll.now_ms,
        .clock_ok = decide_clock(run->world, &run->roll, run->has_last ? &run->last : NULL,
                                 run->arena, &why),
        .hold_why = run->foreign_self    ? run->foreign_why
                    : !run->instance.ok  ? run->instance.why
                    : run->store.changed ? run->store.why
                                         : (struct str){0},
    };

    return run->quiet || rollout_run(&in, run->arena, &filed, err);
}

bool run_decide(struct run *run, struct err *err)
{
    struct decide_input in = {
        .world = run->world,
        .roll = &run->roll,
        .groups = &run->groups,
        .instance = &run->instance,
        .store = &run->store,
        .subs = &run->subs,
        .intake = &run->intake,
        .facts = run->facts,
        .only = run->options->entitlement,
        .foreign_self = run->foreign_self,
        .foreign_why = run->foreign_why,
        .last = run->has_last ? &run->last : NULL,
    };

    if (!intake_run(&run->roll, &run->groups, &run->facts, &run->options->actor, &run->intake,
                    err) ||
        !step_rollouts(run, err) || !load_decided_grants(run, err) ||
        !observe_eligibility(&run->roll, &run->facts, run->intake.grants, run->intake.n_grants,
                             err) ||
        !decide(&in, run->arena, &run->decision, err))
        return false;
    run->looked = true;
    return true;
}

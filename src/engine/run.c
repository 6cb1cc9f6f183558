#include "engine/run.h"

#include "base/log.h"
#include "engine/apply.h"
#include "engine/decide.h"
#include "engine/findings.h"
#include "engine/follow.h"
#include "engine/recover.h"
#include "engine/rollout_run.h"
#include "engine/run_report.h"
#include "ledger/ledger_person.h"

/* Everything one run makes, stage by stage; each value is made once and not edited later. */
struct run {
    const struct world *world;
    const struct run_options *options;
    struct arena *arena;
    int64_t started_at;
    bool foreign_self;
    struct str foreign_why;
    bool quiet; /* dry, or a ledger that is not to be trusted: only look */
    struct run_row row, last;
    bool has_last;
    struct seen_instance instance;
    struct seen_groups groups;
    struct seen_store store;
    struct target store_target;
    struct seen_subs subs;
    struct followed followed;
    struct roll roll;
    struct facts facts;
    struct intake_result intake;
    struct decision decision;
    struct applied applied;
    size_t n_open; /* ops of earlier runs still unknown */
    bool looked;   /* the remotes were read and a decision was made */
};

/* ---- before anything is asked ---- */

/* An older copy of the ledger, or somebody else's, must not write until a person says so. */
static bool check_generation(struct run *run, struct err *err)
{
    struct ledger *ledger = run->world->ledger;
    const struct ack *acks;
    enum generation generation;
    size_t n;

    if (!ledger_generation_check(ledger, &generation, run->arena, &run->foreign_why, err))
        return false;
    if (generation == GENERATION_FITS || generation == GENERATION_NEW)
        return true;
    if (!ledger_load_acks(ledger, run->arena, &acks, &n, err))
        return false;
    run->foreign_self = true;
    for (size_t i = 0; i < n; i++) {
        if (acks[i].kind == FINDING_FOREIGN_SELF && str_eq(acks[i].subject, run->foreign_why))
            run->foreign_self = false;
    }
    return run->foreign_self || run->options->dry || ledger_generation_write(ledger, true, err);
}

static bool begin(struct run *run, struct err *err)
{
    const struct world *world = run->world;
    struct str rules = engine_rules_digest(world, run->arena);

    http_new_run(world->okta_http);
    if (!ledger_last_run(world->ledger, run->arena, &run->last, &run->has_last, err) ||
        !check_generation(run, err))
        return false;
    run->quiet = run->options->dry || run->foreign_self;
    return run->options->dry || ledger_begin_run(world->ledger, &run->options->actor, RUN_FULL,
                                                 rules, world->boot_id, run->arena, &run->row, err);
}

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

static bool observe(struct run *run, struct err *err)
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

static bool make_decision(struct run *run, struct err *err)
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

/* ---- what a run leaves behind, before and after it writes ---- */

/* An anomaly takes removals away until a person has looked. */
static bool lower_modes(struct run *run, struct err *err)
{
    for (size_t i = 0; i < run->decision.n_views; i++) {
        const struct guard_group *guard = &run->decision.guards[i];
        const struct entitlement *ent = guard->view->ent;
        if (!guard->shrink.is_shrunk || guard->shrink_acked || ent->mode != MODE_ENFORCE)
            continue;
        struct mode_floor floor = {
            .entitlement = ent->name,
            .mode = MODE_ADD,
            .reason =
                arena_printf(run->arena, "the listing of %.*s lost %zu of %zu people",
                             STR_ARG(guard->view->name), guard->shrink.lost, guard->shrink.before),
            .since = run->started_at,
        };
        if (!ledger_lower_mode(run->world->ledger, &run->options->actor, &floor, err))
            return false;
    }
    return true;
}

/* What was acknowledged goes back to the settings' mode, before anything is sent under it. */
static bool lift_floors(struct run *run, struct err *err)
{
    const struct mode_floor *floors;
    size_t n;

    if (!ledger_load_floors(run->world->ledger, run->arena, &floors, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (decision_lifts_floor(&run->decision, &floors[i]) &&
            !ledger_restore_mode(run->world->ledger, &run->options->actor, floors[i].entitlement,
                                 err))
            return false;
    }
    return true;
}

/* The listing, with our own settled writes in it, becomes the baseline unless it is suspicious. An
 * add that never arrived must not look like somebody whom others took out. */
static bool accept_listings(struct run *run, struct err *err)
{
    for (size_t i = 0; i < run->decision.n_views; i++) {
        const struct guard_group *guard = &run->decision.guards[i];
        const struct group_view *view = guard->view;
        if (!listing_is_sealed(view->listing) || !guard->pin_ok ||
            (guard->shrink.is_shrunk && !guard->shrink_acked))
            continue;
        const struct people *proved = &run->decision.proved[i];
        struct member *members = arena_array(run->arena, struct member, proved->n);
        for (size_t k = 0; k < proved->n; k++)
            members[k].id = proved->ids[k];
        struct listing accepted = *view->listing;
        accepted.members = members;
        accepted.n = proved->n;
        if (!ledger_accept_listing(run->world->ledger, run->row.id, &accepted,
                                   &run->decision.removed_by_us[i], err))
            return err_wrap(err, "accepting the listing of %.*s", STR_ARG(view->name));
        for (size_t k = 0; k < run->decision.n_outside; k++) {
            const struct guard_outside *outside = &run->decision.outside[k];
            if (outside->acked && str_eq(outside->group, view->id) &&
                !ledger_give_back(run->world->ledger, &run->options->actor, outside->group,
                                  outside->person, err))
                return false;
        }
    }
    return true;
}

static bool journal_plan(struct run *run, struct err *err)
{
    const struct plan *plan = &run->decision.plan;
    struct report_op *ops = make_report_ops(&run->decision, NULL, run->arena);
    int64_t *versions = arena_array(run->arena, int64_t, plan->n);

    for (size_t i = 0; i < plan->n; i++) {
        const struct person_facts *facts = roll_get(&run->roll, plan->ops[i].person);
        versions[i] = facts ? facts->version : 0;
    }
    return ledger_plan_ops(run->world->ledger, &run->row, ops, versions, plan->n, err);
}

static bool act(struct run *run, struct err *err)
{
    struct apply_order order = {
        .world = run->world,
        .decision = &run->decision,
        .run = &run->row,
        .actor = &run->options->actor,
        .store = run->store.wanted ? &run->store_target : NULL,
        .only = run->options->only_ops,
    };

    return lift_floors(run, err) && lower_modes(run, err) && accept_listings(run, err) &&
           journal_plan(run, err) && apply_plan(&order, run->arena, &run->applied, err);
}

/* New rules count as accepted once a whole look under them held nothing because of them. */
static bool accept_rules(struct run *run, struct err *err)
{
    const struct decision *decision = &run->decision;

    if (run->options->entitlement.len > 0 ||
        str_eq(decision->rules_accepted, decision->rules_digest))
        return true;
    for (size_t i = 0; i < decision->n_ents; i++) {
        if (decision_change_bites(decision, &decision->ents[i]))
            return true;
    }
    for (size_t i = 0; i < decision->n_views; i++) {
        if (!listing_is_sealed(decision->views[i].listing))
            return true;
    }
    for (size_t i = 0; i < decision->verdict.n_holds; i++) {
        if (decision->verdict.holds[i].guard == GUARD_CHANGED)
            return true;
    }
    return ledger_meta_set(run->world->ledger, &run->options->actor, "accepted_settings",
                           decision->rules_digest, err);
}

/* ---- report ---- */

/* Were the seats of this entitlement followed in Identity Center, as far as they are? */
static bool store_was_read(const struct run *run, const struct entitlement *ent)
{
    const struct seen_store *store = &run->store;

    if (!store->wanted || ent->provisioning == PROVISIONING_NONE)
        return true;
    for (size_t i = 0; store->ok && i < store->n_groups; i++) {
        if (str_eq(store->groups[i].okta->ent->name, ent->name) &&
            store->groups[i].listing->state == LISTING_UNKNOWN)
            return false;
    }
    return store->ok && (!run->subs.wanted || run->subs.ok);
}

/* Nothing can be said about entitlements whose groups were not read: their findings stay. */
static size_t unread_entitlements(const struct run *run, struct str *names)
{
    const struct policy *policy = &run->world->settings->policy;
    size_t n = 0;

    for (size_t i = 0; i < policy->n_entitlements; i++) {
        struct str name = policy->entitlements[i].name;
        bool read = run->looked;
        for (size_t k = 0; k < run->groups.n && read; k++) {
            const struct seen_group *group = &run->groups.items[k];
            if (group->ent && str_eq(group->ent->name, name))
                read = listing_is_sealed(group->listing);
        }
        read = read && store_was_read(run, &policy->entitlements[i]);
        /* A listing that is not believed says nothing about who is still in the group either. */
        for (size_t k = 0; read && k < run->decision.n_views; k++) {
            const struct guard_group *guard = &run->decision.guards[k];
            if (str_eq(guard->view->ent->name, name))
                read = !guard->shrink.is_shrunk || guard->shrink_acked;
        }
        if (run->options->entitlement.len > 0 && !str_eq(run->options->entitlement, name))
            read = false;
        if (!read)
            names[n++] = name;
    }
    bool aws_was_read =
        (!run->store.wanted || run->store.ok) && (!run->subs.wanted || run->subs.ok);
    if (!run->looked || !aws_was_read) /* nor about anything else */
        names[n++] = (struct str){0};
    return str_sort_unique(names, n);
}

/* A managed group that is not what was pinned, or a listing that shrank: nothing is planned there
 * at all, so no op shows the hold. */
static bool holds_groups(const struct run *run)
{
    for (size_t i = 0; run->looked && i < run->decision.n_views; i++) {
        const struct guard_group *guard = &run->decision.guards[i];
        if (!guard->pin_ok || (guard->shrink.is_shrunk && !guard->shrink_acked))
            return true;
    }
    return false;
}

/* ---- follow ---- */

static bool follow(struct run *run, struct err *err)
{
    const struct follow_input in = {
        .world = run->world,
        .roll = &run->roll,
        .decision = &run->decision,
        .applied = run->quiet ? NULL : &run->applied,
        .store = &run->store,
        .subs = &run->subs,
        .grants = run->intake.grants,
        .n_grants = run->intake.n_grants,
    };

    return follow_seats(&in, run->arena, &run->followed, err) &&
           (run->quiet ||
            (follow_remember(run->world, &run->followed, err) &&
             remember_subs(run->world, &run->store, &run->subs, run->started_at, err)));
}

static bool publish(struct run *run, struct report *out, struct err *err)
{
    const struct world *world = run->world;
    const struct mode_floor *floors = NULL;
    size_t n_floors = 0, n_findings;
    struct finding *findings;
    struct str *unread =
        arena_array(run->arena, struct str, world->settings->policy.n_entitlements + 1);

    if (!ledger_load_floors(world->ledger, run->arena, &floors, &n_floors, err))
        return false;
    struct findings_input in = {
        .world = world,
        .roll = &run->roll,
        .groups = &run->groups,
        .instance = &run->instance,
        .store = &run->store,
        .subs = &run->subs,
        .followed = &run->followed,
        .intake = &run->intake,
        .decision = run->looked ? &run->decision : NULL,
        .applied = run->quiet || !run->looked ? NULL : &run->applied,
        .started_at = run->started_at,
        .floors = floors,
        .n_floors = n_floors,
        .foreign_self = run->foreign_self,
        .foreign_why = run->foreign_why,
        .foreign_subject = run->foreign_why,
    };
    if (!make_findings(&in, run->arena, &findings, &n_findings, err))
        return false;
    if (!run->options->dry && !ledger_publish_findings(world->ledger, findings, n_findings, unread,
                                                       unread_entitlements(run, unread),
                                                       clock_now(world->clock), run->arena, err))
        return err_wrap(err, "publishing findings");
    struct report_parts parts = {
        .world = world,
        .decision = in.decision,
        .applied = in.applied,
        .intake = run->looked ? &run->intake : NULL,
        .findings = findings,
        .n_findings = n_findings,
        .run = run->options->dry ? NULL : &run->row,
        .dry = run->options->dry,
        .remote_away = run->instance.unreadable,
        .n_open = run->n_open,
        .alarm =
            run->foreign_self || run->instance.changed || run->store.changed || holds_groups(run),
        .started_at = run->started_at,
    };
    parts.remote_away = parts.remote_away || run->store.unreadable || run->subs.unreadable;
    for (size_t i = 0; i < run->groups.n; i++) {
        const struct seen_group *group = &run->groups.items[i];
        parts.remote_away =
            parts.remote_away || (group->id.len > 0 && group->listing->state == LISTING_UNKNOWN);
    }
    make_report(&parts, run->arena, out);
    return true;
}

static bool finish(struct run *run, const struct report *report, struct err *err)
{
    struct str rules = run->looked ? run->decision.plan.digest : (struct str){0};

    if (run->options->dry)
        return true;
    if (run->looked && !run->quiet && !accept_rules(run, err))
        return false;
    if (!ledger_finish_run(run->world->ledger, &run->options->actor, &run->row,
                           run->looked ? outcome_of(report) : RUN_WAITING, rules,
                           summary_json(report, run->arena), (struct str){0}, err))
        return false;
    return run->foreign_self || ledger_generation_write(run->world->ledger, false, err);
}

static bool stages(struct run *run, struct report *out, struct err *err)
{
    const struct world *world = run->world;
    const struct actor *actor = &run->options->actor;
    struct str scopes;

    if (!begin(run, err) ||
        !observe_instance(world, run->quiet, actor, run->arena, &run->instance, err))
        return false;
    if (!run->instance.ok) { /* no credential leaves for a place that is not known */
        if (!roll_load(&run->roll, world, run->quiet, run->arena, err))
            return false;
        return publish(run, out, err) && finish(run, out, err);
    }
    if (!okta_login(world->okta, run->arena, &scopes, err) || !observe(run, err) ||
        (!run->quiet &&
         !recover_ops(world, &run->groups, &run->store, actor, run->arena, &run->n_open, err)) ||
        !make_decision(run, err) || (!run->quiet && !act(run, err)) || !follow(run, err))
        return false;
    return publish(run, out, err) && finish(run, out, err);
}

/* A run that could not be made says so in its row; what it left `sent` is the next run's to settle.
 */
static void note_failure(struct run *run, const struct err *why)
{
    struct err ignored = {0};

    if (run->options->dry || run->row.id.len == 0)
        return;
    if (!ledger_finish_run(run->world->ledger, &run->options->actor, &run->row, RUN_FAILED,
                           (struct str){0}, STR("{}"), str_of(why->msg), &ignored)) {
        struct str text = str_of(ignored.msg);
        log_warn("run.not_closed", "why=%s", log_q(&text));
    }
}

bool run_once(const struct world *world, const struct run_options *options, struct arena *arena,
              struct report *out, struct err *err)
{
    struct run run = {
        .world = world, .options = options, .arena = arena, .started_at = clock_now(world->clock)};
    bool locked = false;

    if (!options->dry) {
        if (!ledger_lock(world->ledger, LEDGER_ROLE_RUN, options->lock_wait_ms, &locked, err))
            return false;
        if (!locked) {
            return err_set(err, ERR_LEDGER, "another run is under way; waited %lld s for it",
                           (long long)(options->lock_wait_ms / 1000));
        }
    }
    bool ok = stages(&run, out, err);
    if (!ok)
        note_failure(&run, err);
    if (locked)
        ledger_unlock(world->ledger, LEDGER_ROLE_RUN);
    return ok;
}

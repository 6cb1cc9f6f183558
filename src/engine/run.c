#include "engine/run.h"

#include "base/log.h"
#include "engine/recover.h"
#include "engine/run_inside.h"
#include "engine/run_report.h"

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

/* ---- the end ---- */

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
        return run_publish(run, out, err) && finish(run, out, err);
    }
    if (!okta_login(world->okta, run->arena, &scopes, err) || !run_observe(run, err) ||
        (!run->quiet &&
         !recover_ops(world, &run->groups, &run->store, actor, run->arena, &run->n_open, err)) ||
        !run_decide(run, err) || (!run->quiet && !act(run, err)) || !run_follow(run, err))
        return false;
    return run_publish(run, out, err) && finish(run, out, err);
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

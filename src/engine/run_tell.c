#include "engine/findings.h"
#include "engine/run_inside.h"
#include "engine/run_report.h"

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

bool run_follow(struct run *run, struct err *err)
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

bool run_publish(struct run *run, struct report *out, struct err *err)
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

#include "core/diff.h"
#include "core/plan_internal.h"

/*
 * The group that assigns people to the application. Everybody desired is joined to it first. It is
 * left last and rarely: leaving can take away all access that goes through the application.
 */

/* Everybody desired in the entitlement, on whatever plan. */
static struct people desired_in(const struct planner *planner, const struct entitlement *ent)
{
    VEC_OF(struct str) ids = {0};

    for (size_t g = 0; g < planner->desired.n; g++) {
        const struct desired_group *group = &planner->desired.groups[g];

        if (!str_eq(group->ent->name, ent->name))
            continue;
        for (size_t i = 0; i < group->people.n; i++)
            VEC_PUSH(planner->arena, &ids, group->people.ids[i]);
    }
    return (struct people){ids.items, str_sort_unique(ids.items, ids.n)};
}

/* The live grant that asks for the assignment. */
static const struct grant *grant_for(const struct planner *planner, const struct entitlement *ent,
                                     struct str person)
{
    const struct plan_input *in = planner->in;

    for (size_t i = 0; i < ent->n_plans; i++) {
        struct standing standing =
            standing_of(in->policy, ent, ent->plans[i].plan, person, in->grants, in->n_grants,
                        in->facts, in->now_ms, planner->arena);

        if (standing.wanted)
            return standing.grant;
    }
    return NULL;
}

/* All that the ledger knows of a person's grants, in whatever entitlement. */
struct history {
    bool is_needed;           /* something is live, or will be */
    const struct grant *last; /* the one that ended last */
    int64_t ended_ms;
};

static void remember(struct history *history, const struct grant *grant, int64_t now_ms)
{
    if (grant_is_live(grant, now_ms) || grant_is_ahead(grant, now_ms))
        history->is_needed = true;
    if (!grant_has_counted(grant, now_ms))
        return;
    if (!history->last || grant_end(grant) >= history->ended_ms) {
        history->last = grant;
        history->ended_ms = grant_end(grant);
    }
}

/* Entitlements that the settings no longer know count too: their grants are not ended by that. */
static struct history history_of(const struct plan_input *in, struct str person)
{
    struct history history = {0};
    size_t i = 0;

    while (i < in->n_grants) {
        struct str entitlement = in->grants[i].entitlement;
        size_t n;
        const struct grant *own =
            grants_of(&in->grants[i], in->n_grants - i, entitlement, person, &n);

        for (size_t k = 0; k < n; k++)
            remember(&history, &own[k], in->now_ms);
        i += grants_in(&in->grants[i], in->n_grants - i, entitlement);
    }
    return history;
}

/* Is the person out of every plan's group, as far as all of them could be read? */
static bool has_left_all_plans(const struct plan_input *in, struct str person)
{
    for (size_t i = 0; i < in->n_groups; i++) {
        const struct group_view *view = &in->groups[i];

        if (view->role != GROUP_ROLE_ASSIGNMENT &&
            (!listing_is_sealed(view->listing) || people_has(&view->actual, person)))
            return false;
    }
    return true;
}

/* Entitlements may share the group; then each of them must agree that it may be left. */
static bool may_leave(const struct plan_input *in, const struct group_view *view)
{
    for (size_t i = 0; i < in->n_groups; i++) {
        const struct group_view *other = &in->groups[i];

        if (other->role == GROUP_ROLE_ASSIGNMENT && str_eq(other->id, view->id) &&
            !other->ent->assignment_leave)
            return false;
    }
    return view->ent->assignment_leave;
}

static void plan_leave(struct planner *planner, const struct group_view *view, struct str person)
{
    const struct plan_input *in = planner->in;
    struct history history = history_of(in, person);

    if (history.is_needed || !has_left_all_plans(in, person))
        return;
    if (!history.last) { /* ours, but no grant says why it ever was */
        plan_deviate(planner, DEVIATION_UNMANAGED, view, person);
        return;
    }

    struct standing standing = {true, false, CAUSE_ASSIGNMENT, history.ended_ms, history.last};
    const struct request_ref *ref = plan_request(in, history.last->request);
    struct op op = plan_op(planner, view, OP_OKTA_REMOVE, person);

    op.cause = CAUSE_ASSIGNMENT;
    op.reason = plan_why_removal(in, &standing, person, planner->arena);
    op.request = history.last->request;
    op.request_number = ref ? ref->number : 0;
    op.explained_at = ref ? ref->filed_at : 0;
    op.due_ms = history.ended_ms;
    op.order_ms = history.last->created_at;
    VEC_PUSH(planner->arena, &planner->ops, op);
}

void plan_assignment(struct planner *planner, const struct group_view *view)
{
    struct people desired = desired_in(planner, view->ent);
    struct difference difference = diff_people(&desired, &view->actual, planner->arena);

    for (size_t i = 0; i < difference.missing.n; i++) {
        struct str person = difference.missing.ids[i];
        const struct grant *grant = grant_for(planner, view->ent, person);

        if (grant)
            VEC_PUSH(planner->arena, &planner->ops, plan_add_op(planner, view, person, grant));
    }
    if (!may_leave(planner->in, view))
        return;
    for (size_t i = 0; i < difference.surplus.n; i++) {
        if (baseline_owns(view->baseline, difference.surplus.ids[i]))
            plan_leave(planner, view, difference.surplus.ids[i]);
    }
}

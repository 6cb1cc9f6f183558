#include "core/plan.h"

#include <stdlib.h>

#include "core/diff.h"
#include "core/plan_internal.h"

static const struct people *desired_in(const struct planner *planner, const struct entitlement *ent,
                                       struct str plan)
{
    static const struct people nobody = {0};

    for (size_t i = 0; i < planner->desired.n; i++) {
        const struct desired_group *group = &planner->desired.groups[i];

        if (str_eq(group->ent->name, ent->name) && str_eq(group->plan, plan))
            return &group->people;
    }
    return &nobody;
}

static const struct group_view *view_of(const struct plan_input *in, const struct entitlement *ent,
                                        struct str plan)
{
    for (size_t i = 0; i < in->n_groups; i++) {
        const struct group_view *view = &in->groups[i];

        if (view->role == GROUP_ROLE_PLAN && str_eq(view->ent->name, ent->name) &&
            str_eq(view->plan, plan))
            return view;
    }
    return NULL;
}

/* The group of another plan on the same remote; NULL when there is none. */
static const struct group_view *view_like(const struct plan_input *in,
                                          const struct group_view *view, struct str plan)
{
    for (size_t i = 0; i < in->n_groups; i++) {
        const struct group_view *other = &in->groups[i];

        if (other->role == view->role && str_eq(other->ent->name, view->ent->name) &&
            str_eq(other->plan, plan))
            return other;
    }
    return NULL;
}

/* Does a sealed listing show the person there? What could not be read is not shown. */
static bool is_seen_in(const struct group_view *view, struct str person)
{
    return view && listing_is_sealed(view->listing) && people_has(&view->actual, person);
}

/* The same without our own writes laid over it: only a listing proves that a join has arrived. */
static bool is_proved_in(const struct group_view *view, struct str person)
{
    return is_seen_in(view, person) && listing_find(view->listing, person) != NULL;
}

static struct str login_of(const struct planner *planner, const struct group_view *view,
                           struct str person)
{
    const struct plan_input *in = planner->in;
    const char *login = in->login_of ? in->login_of(in->login_self, person) : NULL;
    const struct person_facts *known = facts_find(in->facts, person);
    const struct member *member = view ? listing_find(view->listing, person) : NULL;

    if (login && login[0] != '\0')
        return arena_str(planner->arena, str_of(login));
    if (known && known->person.login.len > 0)
        return known->person.login;
    return member ? member->login : (struct str){0};
}

struct op plan_op(const struct planner *planner, const struct group_view *view, enum op_kind kind,
                  struct str person)
{
    bool to_assignment = view->role == GROUP_ROLE_ASSIGNMENT;
    struct str plan = to_assignment ? (struct str){0} : view->plan;

    return (struct op){
        .id = op_make_id(kind, view->id, person, view->ent->name, plan, planner->arena),
        .kind = kind,
        .group = view->id,
        .person = person,
        .entitlement = view->ent->name,
        .plan = plan,
        .login = login_of(planner, view, person),
        .group_name = view->name,
        .is_renewal = plan_seen_elsewhere(planner->in, view, person).len > 0,
        .to_assignment = to_assignment,
        .cost_minor =
            view->role == GROUP_ROLE_PLAN ? plan_cost(planner->in, view, kind, person) : 0,
    };
}

struct op plan_add_op(const struct planner *planner, const struct group_view *view,
                      struct str person, const struct grant *grant)
{
    const struct request_ref *ref = plan_request(planner->in, grant->request);
    struct op op =
        plan_op(planner, view, view->role == GROUP_ROLE_STORE ? OP_IDC_ADD : OP_OKTA_ADD, person);

    op.cause = CAUSE_GRANTED;
    op.reason = plan_why_add(planner->in, grant, planner->arena);
    op.request = grant->request;
    op.request_number = ref ? ref->number : 0;
    op.explained_at = ref ? ref->filed_at : 0;
    op.due_ms = grant->from_ms;
    op.order_ms = grant->created_at;
    return op;
}

void plan_deviate(struct planner *planner, enum deviation_kind kind, const struct group_view *view,
                  struct str person)
{
    VEC_PUSH(planner->arena, &planner->deviations,
             ((struct deviation){
                 .kind = kind,
                 .person = person,
                 .login = login_of(planner, view, person),
                 .entitlement = view->ent->name,
                 .plan = view->role != GROUP_ROLE_ASSIGNMENT ? view->plan : (struct str){0},
                 .group = view->id,
             }));
}

static struct standing standing_in(const struct planner *planner, const struct group_view *view,
                                   struct str person)
{
    const struct plan_input *in = planner->in;

    return standing_of(in->policy, view->ent, view->plan, person, in->grants, in->n_grants,
                       in->facts, in->now_ms, planner->arena);
}

static int compare_moves(const void *a, const void *b)
{
    const struct proved_move *ma = a;
    const struct proved_move *mb = b;
    int order = str_cmp(ma->entitlement, mb->entitlement);

    if (order == 0)
        order = str_cmp(ma->person, mb->person);
    return order != 0 ? order : str_cmp(ma->plan, mb->plan);
}

void proved_moves_sort(struct proved_move *moves, size_t n)
{
    if (n > 1)
        qsort(moves, n, sizeof(moves[0]), compare_moves);
}

static bool is_proved_move(const struct plan_input *in, struct str person, struct str entitlement,
                           struct str plan)
{
    const struct proved_move key = {person, entitlement, plan};

    return in->n_proved > 0 &&
           bsearch(&key, in->proved, in->n_proved, sizeof(key), compare_moves) != NULL;
}

/* Did we end that seat in Okta, so that the membership over there is to follow? */
static bool is_left(const struct group_view *view, struct str person)
{
    return view->role == GROUP_ROLE_STORE && people_has(&view->left, person);
}

static void push_removal(struct planner *planner, const struct group_view *view, struct str person,
                         const struct standing *standing)
{
    const struct plan_input *in = planner->in;
    const struct grant *grant = standing->grant;
    const struct request_ref *ref = grant ? plan_request(in, grant->request) : NULL;
    struct op op = plan_op(planner, view,
                           view->role == GROUP_ROLE_STORE ? OP_IDC_REMOVE : OP_OKTA_REMOVE, person);

    op.cause = standing->cause;
    op.is_proved = grant && standing->cause == CAUSE_MOVED &&
                   is_proved_move(in, person, view->ent->name, grant->plan);
    op.follows = is_left(view, person);
    op.takes_nothing =
        op.follows ||
        (op.is_proved && catalogue_compare(&in->policy->catalogue, grant->plan, view->plan) > 0);
    op.reason = plan_why_removal(in, standing, person, planner->arena);
    op.request = grant ? grant->request : (struct str){0};
    op.request_number = ref ? ref->number : 0;
    op.explained_at = ref ? ref->filed_at : 0;
    /* Taking back by name is an ask itself, later than the one that gave. */
    if (cause_is_asked(standing->cause) && standing->since_ms > op.explained_at)
        op.explained_at = standing->since_ms;
    op.due_ms = standing->since_ms;
    op.order_ms = grant ? grant->created_at : standing->since_ms;
    VEC_PUSH(planner->arena, &planner->ops, op);
}

/* The group of the plan that the person is desired on, this one aside; NULL when there is none. */
static const struct group_view *wanted_elsewhere(const struct planner *planner,
                                                 const struct group_view *view, struct str person,
                                                 bool *is_wanted)
{
    const struct entitlement *ent = view->ent;

    *is_wanted = false;
    for (size_t i = 0; i < ent->n_plans; i++) {
        struct str plan = ent->plans[i].plan;

        if (!str_eq(plan, view->plan) && people_has(desired_in(planner, ent, plan), person)) {
            *is_wanted = true;
            return view_of(planner->in, ent, plan);
        }
    }
    return NULL;
}

/* Is in the group by other hands, or by ours without a grant that says why. */
static void plan_unmanaged(struct planner *planner, const struct group_view *view,
                           struct str person, bool is_owned)
{
    const struct accepted *accepted = baseline_find(view->baseline, person);
    bool is_wanted;
    const struct group_view *other = wanted_elsewhere(planner, view, person, &is_wanted);
    bool is_double = is_wanted && is_seen_in(other, person);
    struct standing standing = {.cause = CAUSE_UNMANAGED, .since_ms = planner->in->now_ms};

    plan_deviate(planner, is_double ? DEVIATION_DOUBLE : DEVIATION_UNMANAGED, view, person);
    if (is_owned || !view->ent->unmanaged_remove || (is_wanted && !is_double))
        return;
    if (accepted && !accepted->taken_out)
        standing.since_ms = accepted->since_ms;
    push_removal(planner, view, person, &standing);
}

/* A live grant on a plan that the settings no longer know: nobody can say what it stands for, so
 * nothing is taken from that person here. */
static bool has_orphan(const struct planner *planner, const struct entitlement *ent,
                       struct str person)
{
    const struct plan_input *in = planner->in;
    size_t n;
    const struct grant *own = grants_of(in->grants, in->n_grants, ent->name, person, &n);

    for (size_t i = 0; i < n; i++) {
        if (grant_is_live(&own[i], in->now_ms) && !entitlement_plan(ent, own[i].plan))
            return true;
    }
    return false;
}

static void plan_surplus(struct planner *planner, const struct group_view *view, struct str person)
{
    const struct plan_input *in = planner->in;
    /* Who adopted a seat in Okta answers for it over there too. */
    bool is_owned = baseline_owns(view->baseline, person) || is_left(view, person);

    if (has_orphan(planner, view->ent, person))
        return;
    struct standing standing = standing_in(planner, view, person);
    if (!is_owned || !standing.has_history) {
        plan_unmanaged(planner, view, person, is_owned);
        return;
    }
    if (standing.wanted) /* cannot be surplus; were it so, doubt would keep it */
        return;
    /* Join first: whoever moves is in the new plan's group before the old one is left. */
    if (standing.cause == CAUSE_MOVED && grant_is_live(standing.grant, in->now_ms) &&
        !is_proved_in(view_like(in, view, standing.grant->plan), person))
        return;
    push_removal(planner, view, person, &standing);
}

static void plan_group(struct planner *planner, const struct group_view *view)
{
    struct difference difference =
        diff_people(desired_in(planner, view->ent, view->plan), &view->actual, planner->arena);

    for (size_t i = 0; i < difference.missing.n; i++) {
        struct str person = difference.missing.ids[i];
        struct standing standing = standing_in(planner, view, person);

        if (standing.wanted) {
            VEC_PUSH(planner->arena, &planner->ops,
                     plan_add_op(planner, view, person, standing.grant));
        }
    }
    for (size_t i = 0; i < difference.surplus.n; i++)
        plan_surplus(planner, view, difference.surplus.ids[i]);
}

/*
 * The Identity Store follows Okta: joined there is who is seen in the plan's Okta group (so that
 * every limit has been kept) and exists over there; taken out is who has left that group.
 */
static void plan_store(struct planner *planner, const struct group_view *view)
{
    const struct group_view *okta = view_of(planner->in, view->ent, view->plan);
    struct difference difference =
        diff_people(desired_in(planner, view->ent, view->plan), &view->actual, planner->arena);

    for (size_t i = 0; i < difference.missing.n; i++) {
        struct str person = difference.missing.ids[i];
        struct standing standing = standing_in(planner, view, person);

        if (standing.wanted && is_seen_in(okta, person) && people_has(&view->known, person)) {
            VEC_PUSH(planner->arena, &planner->ops,
                     plan_add_op(planner, view, person, standing.grant));
        }
    }
    for (size_t i = 0; i < difference.surplus.n; i++) {
        struct str person = difference.surplus.ids[i];

        if (!facts_find(planner->in->facts, person)) { /* nobody that Okta or the ledger know */
            plan_deviate(planner, DEVIATION_UNMANAGED, view, person);
        } else if (okta && listing_is_sealed(okta->listing) && !people_has(&okta->actual, person) &&
                   !listing_find(okta->listing, person)) {
            plan_surplus(planner, view, person);
        }
    }
}

static void find_orphans(struct planner *planner)
{
    const struct plan_input *in = planner->in;

    for (size_t i = 0; i < in->n_grants; i++) {
        const struct grant *grant = &in->grants[i];
        const struct entitlement *ent = policy_entitlement(in->policy, grant->entitlement);

        if (!grant_is_live(grant, in->now_ms) || (ent && entitlement_plan(ent, grant->plan)))
            continue;
        VEC_PUSH(planner->arena, &planner->deviations,
                 ((struct deviation){
                     .kind = DEVIATION_ORPHAN,
                     .person = grant->person,
                     .login = login_of(planner, NULL, grant->person),
                     .entitlement = grant->entitlement,
                     .plan = grant->plan,
                 }));
    }
}

static int compare_ops(const void *a, const void *b)
{
    return op_compare(a, b);
}

static int compare_deviations(const void *a, const void *b)
{
    const struct deviation *da = a;
    const struct deviation *db = b;
    int order = (da->kind > db->kind) - (da->kind < db->kind);

    if (order == 0)
        order = str_cmp(da->entitlement, db->entitlement);
    if (order == 0)
        order = str_cmp(da->group, db->group);
    if (order == 0)
        order = str_cmp(da->person, db->person);
    return order != 0 ? order : str_cmp(da->plan, db->plan);
}

/* Canonical order, and each thing once. */
static struct plan finish(struct planner *planner)
{
    struct op *ops = planner->ops.items;
    struct deviation *deviations = planner->deviations.items;
    size_t n_ops = 0;
    size_t n_deviations = 0;

    if (planner->ops.n > 1)
        qsort(ops, planner->ops.n, sizeof(ops[0]), compare_ops);
    for (size_t i = 0; i < planner->ops.n; i++) {
        if (n_ops == 0 || !str_eq(ops[n_ops - 1].id, ops[i].id))
            ops[n_ops++] = ops[i];
    }
    if (planner->deviations.n > 1)
        qsort(deviations, planner->deviations.n, sizeof(deviations[0]), compare_deviations);
    for (size_t i = 0; i < planner->deviations.n; i++) {
        if (n_deviations == 0 ||
            compare_deviations(&deviations[n_deviations - 1], &deviations[i]) != 0)
            deviations[n_deviations++] = deviations[i];
    }

    const struct op **all = arena_array(planner->arena, const struct op *, n_ops);
    for (size_t i = 0; i < n_ops; i++)
        all[i] = &ops[i];
    return (struct plan){ops, n_ops, ops_digest(all, n_ops, planner->arena), deviations,
                         n_deviations};
}

struct plan plan_build(const struct plan_input *in, struct arena *arena)
{
    struct planner planner = {
        .in = in,
        .desired = desired_at(in->policy, in->grants, in->n_grants, in->facts, in->now_ms, arena),
        .arena = arena,
    };

    for (size_t i = 0; i < in->n_groups; i++) {
        const struct group_view *view = &in->groups[i];

        if (!listing_is_sealed(view->listing) ||
            (in->only.len > 0 && !str_eq(view->ent->name, in->only)))
            continue;
        switch (view->role) {
        case GROUP_ROLE_PLAN: plan_group(&planner, view); break;
        case GROUP_ROLE_ASSIGNMENT: plan_assignment(&planner, view); break;
        case GROUP_ROLE_STORE: plan_store(&planner, view); break;
        }
    }
    find_orphans(&planner);
    return finish(&planner);
}

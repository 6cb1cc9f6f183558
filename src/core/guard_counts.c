#include <stdlib.h>

#include "core/guard_internal.h"

/* The rules that count additions: how many seats there are, and how many people a run joins. */

struct place {
    size_t op;
    const struct op *what;
};

/* Renewals before new people, then the oldest accepted; the plan's own order decides the rest, so
 * that an assignment comes before the seat that needs it. */
static int compare_places(const void *a, const void *b)
{
    const struct place *pa = a;
    const struct place *pb = b;

    if (pa->what->is_renewal != pb->what->is_renewal)
        return pa->what->is_renewal ? -1 : 1;
    if (pa->what->order_ms != pb->what->order_ms)
        return pa->what->order_ms < pb->what->order_ms ? -1 : 1;
    return (pa->op > pb->op) - (pa->op < pb->op);
}

const size_t *guard_queue(const struct guard_work *work, const struct guard_entitlement *ent,
                          size_t *n)
{
    struct place *places = arena_array(work->arena, struct place, work->n);
    size_t *queue;

    *n = 0;
    for (size_t i = 0; i < work->n; i++) {
        const struct guard_case *c = &work->cases[i];

        if (!work->held[i] && !c->is_removal && c->ent == ent)
            places[(*n)++] = (struct place){i, c->op};
    }
    if (*n > 1)
        qsort(places, *n, sizeof(places[0]), compare_places);
    queue = arena_array(work->arena, size_t, *n);
    for (size_t i = 0; i < *n; i++)
        queue[i] = places[i].op;
    return queue;
}

/* The sealed view of a plan's group; NULL when it was not read completely. */
static const struct group_view *sealed_view(const struct guard_input *in,
                                            const struct entitlement *ent, struct str plan)
{
    for (size_t i = 0; i < in->n_groups; i++) {
        const struct group_view *view = in->groups[i].view;

        if (view->role == GROUP_ROLE_PLAN && str_eq(view->ent->name, ent->name) &&
            str_eq(view->plan, plan))
            return listing_is_sealed(view->listing) ? view : NULL;
    }
    return NULL;
}

/* What the limits of one entitlement are counted from. */
struct count {
    size_t seats;
    int64_t cost_minor; /* at most: somebody in two groups is counted in both */
    bool is_known;      /* every plan's group was read completely */
    bool is_priced;     /* and every plan that somebody has is in the catalogue */
};

/* A listing that shrank too much hides seats that are taken: they count as before. */
static size_t hidden_in(const struct guard_input *in, const struct group_view *view)
{
    for (size_t i = 0; i < in->n_groups; i++) {
        const struct guard_group *group = &in->groups[i];
        if (group->view == view && group->shrink.is_shrunk && !group->shrink_acked)
            return group->shrink.lost;
    }
    return 0;
}

static struct count count_seen(const struct guard_input *in, const struct guard_entitlement *ge)
{
    struct count count = {.seats = ge->seen, .is_known = true, .is_priced = true};

    for (size_t i = 0; i < ge->ent->n_plans; i++) {
        struct str plan = ge->ent->plans[i].plan;
        const struct group_view *view = sealed_view(in, ge->ent, plan);
        const struct catalogue_plan *row = catalogue_plan(&in->policy->catalogue, plan);
        int64_t cost;

        if (!view) {
            count.is_known = false;
            continue;
        }
        size_t hidden = hidden_in(in, view), taken = view->actual.n + hidden;
        count.seats += hidden;
        if ((!row && taken > 0) ||
            __builtin_mul_overflow(row ? row->price_minor : 0, (int64_t)taken, &cost) ||
            __builtin_add_overflow(count.cost_minor, cost, &count.cost_minor))
            count.is_priced = false;
    }
    return count;
}

/* What stands in the way of one more op, or the empty view; it is counted when nothing does. */
static struct str try_seat(const struct guard_work *work, const struct guard_case *c,
                           struct count *count, bool *is_over_cost)
{
    const struct entitlement *ent = c->ent->ent;
    int64_t cost = c->op->cost_minor > 0 ? c->op->cost_minor : 0;
    bool takes_seat = !c->op->is_renewal;
    bool is_priced =
        count->is_priced && catalogue_plan(&work->in->policy->catalogue, c->op->plan) != NULL;
    bool has_limit = (ent->max_seats >= 0 && takes_seat) || ent->max_monthly_cost_minor >= 0;

    if (has_limit && !count->is_known)
        return STR("the seats taken could not be counted");
    if (takes_seat && ent->max_seats >= 0 && count->seats >= (uint64_t)ent->max_seats) {
        return arena_printf(work->arena, "%zu of %lld seats are taken", count->seats,
                            (long long)ent->max_seats);
    }
    if (ent->max_monthly_cost_minor >= 0) {
        if (!is_priced)
            return STR("what the seats cost is not known");
        /* Once somebody waits for money, whoever comes later waits behind. */
        if (cost > 0 && (*is_over_cost || cost > ent->max_monthly_cost_minor - count->cost_minor)) {
            *is_over_cost = true;
            return arena_printf(work->arena, "a month may cost %lld and costs up to %lld already",
                                (long long)ent->max_monthly_cost_minor,
                                (long long)count->cost_minor);
        }
        count->cost_minor += cost;
    }
    count->seats += takes_seat ? 1 : 0;
    return (struct str){0};
}

/* Nobody is assigned to the application for a seat that has to wait. */
static void hold_assignments(struct guard_work *work, const size_t *queue, size_t n,
                             const struct str *waiting, size_t n_waiting)
{
    for (size_t i = 0; i < n; i++) {
        const struct op *op = work->cases[queue[i]].op;

        if (op->to_assignment && str_in_sorted(waiting, n_waiting, op->person)) {
            guard_hold_op(work, queue[i],
                          (struct guard_hold){.guard = GUARD_LIMIT,
                                              .reason = STR("the seat it is for has to wait")});
        }
    }
}

static void limit_entitlement(struct guard_work *work, const struct guard_entitlement *ge)
{
    size_t n;
    const size_t *queue = guard_queue(work, ge, &n);
    struct count count = count_seen(work->in, ge);
    VEC_OF(struct str) waiting = {0};
    bool is_over_cost = false;

    for (size_t i = 0; i < n; i++) {
        const struct guard_case *c = &work->cases[queue[i]];
        struct str why;

        if (c->op->to_assignment)
            continue;
        why = try_seat(work, c, &count, &is_over_cost);
        if (why.len == 0)
            continue;
        VEC_PUSH(work->arena, &waiting, c->op->person);
        guard_hold_op(
            work, queue[i],
            (struct guard_hold){.guard = GUARD_LIMIT,
                                .reason = arena_printf(work->arena, "%.*s; place %zu in the queue",
                                                       STR_ARG(why), waiting.n)});
    }
    waiting.n = str_sort_unique(waiting.items, waiting.n);
    hold_assignments(work, queue, n, waiting.items, waiting.n);
}

void guard_limit(struct guard_work *work)
{
    for (size_t i = 0; i < work->in->n_ents; i++)
        limit_entitlement(work, &work->in->ents[i]);
}

void guard_rate(struct guard_work *work)
{
    for (size_t i = 0; i < work->in->n_ents; i++) {
        const struct guard_entitlement *ge = &work->in->ents[i];
        int64_t allowed = ge->ent->adds_per_run;
        size_t n;
        const size_t *queue = guard_queue(work, ge, &n);

        for (size_t k = allowed > 0 ? (size_t)allowed : 0; k < n; k++) {
            guard_hold_op(
                work, queue[k],
                (struct guard_hold){
                    .guard = GUARD_RATE_OF_ADDS,
                    .reason = arena_printf(work->arena,
                                           "a run joins at most %lld people; place %zu of %zu, "
                                           "follows in a later run",
                                           (long long)allowed, k + 1, n)});
        }
    }
}

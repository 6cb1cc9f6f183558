#include "core/money.h"

#include <stdlib.h>

#include "base/vec.h"
#include "core/money_parts.h"

/* Seats as amounts: person by person and service by service, then added up by line. */

/* ---- what is known of plans ---- */

/* A plan with what sums ask of it again and again. */
struct priced {
    struct str plan;
    int64_t price_minor;
    size_t order;   /* higher is more (catalogue_compare) */
    size_t service; /* plans of one service are paid once; a number of its own otherwise */
    bool from_first_use;
};

struct sum {
    const struct policy *policy;
    struct arena *arena;
    struct money_span month;
    int64_t now_ms;
    struct priced *priced; /* as `plans` */
    struct money_line all;
    VEC_OF(struct money_line) plans;
    VEC_OF(struct money_line) entitlements;
};

/* Families that a one-way move connects are sold by one service. Gives each the smallest number
 * among its own. */
static size_t *services_of(const struct catalogue *catalogue, struct arena *arena)
{
    size_t *service = arena_array(arena, size_t, catalogue->n_families);
    bool is_settled = false;

    for (size_t i = 0; i < catalogue->n_families; i++)
        service[i] = i;
    while (!is_settled) {
        is_settled = true;
        for (size_t i = 0; i < catalogue->n_families; i++) {
            for (size_t k = 0; k < catalogue->n_families; k++) {
                if (service[i] == service[k] ||
                    !str_eq(catalogue->families[i].one_way_to, catalogue->families[k].family))
                    continue;
                size_t least = service[i] < service[k] ? service[i] : service[k];

                service[i] = service[k] = least;
                is_settled = false;
            }
        }
    }
    return service;
}

static size_t count_lower(const struct catalogue *catalogue, struct str plan)
{
    size_t lower = 0;

    for (size_t i = 0; i < catalogue->n_plans; i++)
        lower += catalogue_compare(catalogue, catalogue->plans[i].plan, plan) < 0;
    return lower;
}

/* The catalogue's plans, and then those that only seats know: at no price, for nobody has said one.
 */
static void price_plans(struct sum *sum)
{
    const struct catalogue *catalogue = &sum->policy->catalogue;
    const size_t *services = services_of(catalogue, sum->arena);

    sum->priced = arena_array(sum->arena, struct priced, sum->plans.n);
    for (size_t i = 0; i < sum->plans.n; i++) {
        struct priced *priced = &sum->priced[i];

        *priced = (struct priced){.plan = sum->plans.items[i].name,
                                  .service = catalogue->n_families + i,
                                  .from_first_use = true};
        if (i >= catalogue->n_plans)
            continue;
        priced->price_minor = catalogue->plans[i].price_minor;
        priced->order = 1 + count_lower(catalogue, priced->plan);
        for (size_t k = 0; k < catalogue->n_families; k++) {
            if (!str_eq(catalogue->families[k].family, catalogue->plans[i].family))
                continue;
            priced->service = services[k];
            priced->from_first_use = catalogue->families[k].billed_from_first_use;
        }
    }
}

/* ---- lines ---- */

static size_t line_of(const struct money_line *lines, size_t n, struct str name)
{
    size_t i = 0;

    while (i < n && !str_eq(lines[i].name, name))
        i++;
    return i;
}

/* The names of seats that the settings do not have, sorted. */
static size_t strangers(struct sum *sum, const struct money_seat *seats, size_t n, bool plans,
                        struct str **out)
{
    const struct catalogue *catalogue = &sum->policy->catalogue;
    VEC_OF(struct str) names = {0};

    for (size_t i = 0; i < n; i++) {
        bool is_known = plans ? catalogue_plan(catalogue, seats[i].plan) != NULL
                              : policy_entitlement(sum->policy, seats[i].entitlement) != NULL;

        if (!is_known)
            VEC_PUSH(sum->arena, &names, plans ? seats[i].plan : seats[i].entitlement);
    }
    *out = names.items;
    return names.n > 0 ? str_sort_unique(names.items, names.n) : 0;
}

static void make_lines(struct sum *sum, const struct money_seat *seats, size_t n)
{
    const struct policy *policy = sum->policy;
    struct str *names;
    size_t n_names;

    for (size_t i = 0; i < policy->catalogue.n_plans; i++) {
        VEC_PUSH(sum->arena, &sum->plans,
                 ((struct money_line){.name = policy->catalogue.plans[i].plan}));
    }
    n_names = strangers(sum, seats, n, true, &names);
    for (size_t i = 0; i < n_names; i++)
        VEC_PUSH(sum->arena, &sum->plans, (struct money_line){.name = names[i]});
    for (size_t i = 0; i < policy->n_entitlements; i++) {
        VEC_PUSH(sum->arena, &sum->entitlements,
                 ((struct money_line){.name = policy->entitlements[i].name}));
    }
    n_names = strangers(sum, seats, n, false, &names);
    for (size_t i = 0; i < n_names; i++)
        VEC_PUSH(sum->arena, &sum->entitlements, (struct money_line){.name = names[i]});
}

/* ---- one person's seats with one service ---- */

struct held {
    const struct money_seat *seat;
    const struct priced *plan;
    size_t plan_line, entitlement_line;
    bool is_used; /* costs now: in use, or taken to be */
    bool is_sure; /* ... and that is known */
    bool is_idle;
};

static bool is_idle(const struct sum *sum, const struct money_seat *seat)
{
    const struct entitlement *ent = policy_entitlement(sum->policy, seat->entitlement);

    return ent && ent->unused_after_ms > 0 && seat->idle_since_ms != 0 &&
           seat->use != MONEY_CANCELED && sum->now_ms - seat->idle_since_ms > ent->unused_after_ms;
}

static struct held hold(const struct sum *sum, const struct money_seat *seat)
{
    size_t plan = line_of(sum->plans.items, sum->plans.n, seat->plan);
    bool is_owed = !sum->priced[plan].from_first_use; /* used or not */
    bool is_told = seat->use == MONEY_ACTIVE || (is_owed && seat->use != MONEY_CANCELED);

    return (struct held){
        .seat = seat,
        .plan = &sum->priced[plan],
        .plan_line = plan,
        .entitlement_line =
            line_of(sum->entitlements.items, sum->entitlements.n, seat->entitlement),
        .is_used = is_told || seat->use == MONEY_UNKNOWN,
        .is_sure = is_told,
        .is_idle = is_idle(sum, seat),
    };
}

/* Since when it costs in the month, or before; the month's first moment where that is not known. */
static int64_t paid_since(const struct sum *sum, const struct held *held)
{
    int64_t since = held->seat->use == MONEY_UNKNOWN ? 0 : held->seat->active_since_ms;

    return since != 0 ? since : sum->month.from_ms;
}

static bool is_since_known(const struct held *held)
{
    return (held->is_sure || held->seat->use == MONEY_CANCELED) &&
           (held->seat->active_since_ms != 0 || !held->plan->from_first_use);
}

/* By person and service, the lower plan first. */
static int compare_held(const void *a, const void *b)
{
    const struct held *ha = a;
    const struct held *hb = b;
    int order = str_cmp(ha->seat->person, hb->seat->person);

    if (order != 0)
        return order;
    if (ha->plan->service != hb->plan->service)
        return ha->plan->service < hb->plan->service ? -1 : 1;
    if (ha->plan->order != hb->plan->order)
        return ha->plan->order < hb->plan->order ? -1 : 1;
    return (ha->entitlement_line > hb->entitlement_line) -
           (ha->entitlement_line < hb->entitlement_line);
}

/* One person's seats with one service: the lowest plan first, so the last that fits counts. */
struct bunch {
    const struct held *items;
    size_t n;
};

enum part {
    PART_ALL,  /* but what is cancelled */
    PART_KEPT, /* ... and not idle */
    PART_USED,
    PART_SURE,
    PART_BILLED, /* used, or paid to the end of the month */
};

static bool is_part(const struct held *held, enum part part)
{
    bool is_canceled = held->seat->use == MONEY_CANCELED;

    switch (part) {
    case PART_ALL: return !is_canceled;
    case PART_KEPT: return !is_canceled && !held->is_idle;
    case PART_USED: return held->is_used;
    case PART_SURE: return held->is_sure;
    case PART_BILLED: break;
    }
    return held->is_used || is_canceled;
}

/* NULL: none. */
static const struct held *highest(const struct bunch *bunch, enum part part)
{
    for (size_t i = bunch->n; i-- > 0;) {
        if (is_part(&bunch->items[i], part))
            return &bunch->items[i];
    }
    return NULL;
}

static int64_t price_of(const struct held *held)
{
    return held ? held->plan->price_minor : 0;
}

static int compare_steps(const void *a, const void *b)
{
    const struct money_step *sa = a;
    const struct money_step *sb = b;

    return (sa->at_ms > sb->at_ms) - (sa->at_ms < sb->at_ms);
}

/* The month's bill. Somebody in several plans has the highest of those held by then, so a step may
 * only raise. `sure`: only what is known to have been used, since when it is known. */
static int64_t bill(const struct sum *sum, const struct bunch *bunch, bool sure)
{
    const struct catalogue *catalogue = &sum->policy->catalogue;
    arena_mark_t mark = arena_mark(sum->arena);
    struct money_step *steps = arena_array(sum->arena, struct money_step, bunch->n);
    size_t n = 0;

    for (size_t i = 0; i < bunch->n; i++) {
        const struct held *held = &bunch->items[i];

        if (is_part(held, PART_BILLED) && (!sure || is_since_known(held)))
            steps[n++] = (struct money_step){paid_since(sum, held), held->plan->plan, true};
    }
    if (n > 1)
        qsort(steps, n, sizeof(*steps), compare_steps);
    for (size_t i = 1; i < n; i++) {
        if (catalogue_compare(catalogue, steps[i].plan, steps[i - 1].plan) < 0)
            steps[i].plan = steps[i - 1].plan;
    }
    int64_t amount = money_month_in(catalogue, steps, n, &sum->month);
    arena_reset(sum->arena, mark);
    return amount;
}

/* ---- adding up ---- */

static void add(int64_t *total, int64_t amount)
{
    if (__builtin_add_overflow(*total, amount, total))
        *total = INT64_MAX;
}

/* The three lines that something counts in. */
struct three {
    struct money_line *lines[3];
};

static struct three lines_of(struct sum *sum, const struct held *held)
{
    return (struct three){{&sum->all, &sum->plans.items[held->plan_line],
                           &sum->entitlements.items[held->entitlement_line]}};
}

static void add_heads(struct sum *sum, const struct held *held)
{
    struct three at = lines_of(sum, held);

    for (size_t i = 0; i < 3; i++) {
        struct money_line *line = at.lines[i];

        line->seats++;
        line->active += held->seat->use == MONEY_ACTIVE;
        line->pending += held->seat->use == MONEY_PENDING;
        line->canceled += held->seat->use == MONEY_CANCELED;
        line->unknown += held->seat->use == MONEY_UNKNOWN;
        line->unused += held->is_idle;
    }
}

static void add_now(struct sum *sum, const struct bunch *bunch)
{
    const struct held *used = highest(bunch, PART_USED);
    const struct held *sure = highest(bunch, PART_SURE);

    if (!used)
        return;
    struct three at = lines_of(sum, used);
    for (size_t i = 0; i < 3; i++) {
        add(&at.lines[i]->now_minor, price_of(used));
        at.lines[i]->at_most |= price_of(used) > price_of(sure);
    }
}

/* What the rest would add, and what giving the idle ones back would take away again. */
static void add_ahead(struct sum *sum, const struct bunch *bunch)
{
    const struct held *top = highest(bunch, PART_ALL);
    int64_t more = price_of(top) - price_of(highest(bunch, PART_USED));
    int64_t freed = price_of(top) - price_of(highest(bunch, PART_KEPT));

    if (!top)
        return;
    struct three at = lines_of(sum, top);
    for (size_t i = 0; i < 3; i++) {
        add(&at.lines[i]->committed_minor, more > 0 ? more : 0);
        add(&at.lines[i]->unused_minor, freed > 0 ? freed : 0);
    }
}

static void add_month(struct sum *sum, const struct bunch *bunch)
{
    const struct held *top = highest(bunch, PART_BILLED);

    if (!top)
        return;
    int64_t amount = bill(sum, bunch, false);
    bool at_most = amount > bill(sum, bunch, true);
    struct three at = lines_of(sum, top);
    for (size_t i = 0; i < 3; i++) {
        add(&at.lines[i]->forecast_minor, amount);
        at.lines[i]->forecast_at_most |= at_most;
    }
}

static void add_bunch(struct sum *sum, const struct bunch *bunch)
{
    for (size_t i = 0; i < bunch->n; i++)
        add_heads(sum, &bunch->items[i]);
    add_now(sum, bunch);
    add_ahead(sum, bunch);
    add_month(sum, bunch);
}

struct money money_of(const struct policy *policy, const struct money_seat *seats, size_t n,
                      int64_t now_ms, struct arena *arena)
{
    struct sum sum = {
        .policy = policy, .arena = arena, .month = money_span_of(now_ms), .now_ms = now_ms};
    struct held *held = arena_array(arena, struct held, n);

    make_lines(&sum, seats, n);
    price_plans(&sum);
    for (size_t i = 0; i < n; i++)
        held[i] = hold(&sum, &seats[i]);
    if (n > 1)
        qsort(held, n, sizeof(*held), compare_held);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && held[end].plan->service == held[i].plan->service &&
                          str_eq(held[end].seat->person, held[i].seat->person);)
            end++;
        add_bunch(&sum, &(struct bunch){&held[i], end - i});
    }
    return (struct money){
        .currency = policy->catalogue.currency,
        .month_ms = sum.month.from_ms,
        .all = sum.all,
        .plans = sum.plans.items,
        .n_plans = sum.plans.n,
        .entitlements = sum.entitlements.items,
        .n_entitlements = sum.entitlements.n,
    };
}

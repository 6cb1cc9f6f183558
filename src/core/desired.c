#include "core/desired.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

/* Ids as they come, for VEC_PUSH. */
struct ids {
    struct str *items;
    size_t n, cap;
};

/* Where a grant stands: by entitlement, then person. */
static int compare_place(const struct grant *grant, struct str entitlement, struct str person)
{
    int order = str_cmp(grant->entitlement, entitlement);

    return order != 0 ? order : str_cmp(grant->person, person);
}

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* A total order, so that what is decided never depends on how the grants came in. */
static int compare_grants(const void *a, const void *b)
{
    const struct grant *ga = a;
    const struct grant *gb = b;
    int order = compare_place(ga, gb->entitlement, gb->person);

    if (order == 0)
        order = compare_i64(ga->from_ms, gb->from_ms);
    if (order == 0)
        order = compare_i64(ga->created_at, gb->created_at);
    return order != 0 ? order : str_cmp(ga->id, gb->id);
}

void grants_sort(struct grant *grants, size_t n)
{
    if (n > 1)
        qsort(grants, n, sizeof(grants[0]), compare_grants);
}

/* The first grant that does not stand before (entitlement, person). */
static size_t lower_bound(const struct grant *grants, size_t n, struct str entitlement,
                          struct str person)
{
    size_t low = 0;

    while (n > 0) {
        size_t half = n / 2;

        if (compare_place(&grants[low + half], entitlement, person) < 0) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

/* How many grants from here on are of one person in one entitlement. */
static size_t run_length(const struct grant *grants, size_t n)
{
    size_t length = 1;

    while (length < n &&
           compare_place(&grants[length], grants[0].entitlement, grants[0].person) == 0)
        length++;
    return length;
}

const struct grant *grants_of(const struct grant *grants, size_t n_grants, struct str entitlement,
                              struct str person, size_t *n)
{
    size_t at = lower_bound(grants, n_grants, entitlement, person);

    *n = 0;
    if (at == n_grants || compare_place(&grants[at], entitlement, person) != 0)
        return NULL;
    *n = run_length(&grants[at], n_grants - at);
    return &grants[at];
}

size_t grants_in(const struct grant *grants, size_t n_grants, struct str entitlement)
{
    size_t first = lower_bound(grants, n_grants, entitlement, (struct str){0});
    size_t low = first;
    size_t high = n_grants;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (str_cmp(grants[middle].entitlement, entitlement) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - first;
}

/* Of the live grants on plans that the settings know, the one on the highest plan; among equals
 * the one made last. NULL when none is live. */
static const struct grant *highest_live(const struct policy *policy, const struct entitlement *ent,
                                        const struct grant *grants, size_t n, int64_t t)
{
    const struct grant *best = NULL;

    for (size_t i = 0; i < n; i++) {
        const struct grant *grant = &grants[i];

        if (!grant_is_live(grant, t) || !entitlement_plan(ent, grant->plan))
            continue;
        int order = best ? catalogue_compare(&policy->catalogue, grant->plan, best->plan) : 1;

        if (order == 0)
            order = str_cmp(grant->plan, best->plan);
        if (order == 0)
            order = compare_i64(grant->created_at, best->created_at);
        if (order >= 0) /* of what is equal in all this, the later in the sorted order */
            best = grant;
    }
    return best;
}

/* Why a person with a live grant is not to have it all the same; false when nothing says so. */
static bool is_ended_by_facts(const struct entitlement *ent, const struct facts *facts,
                              struct str person, int64_t t, struct arena *arena, enum cause *cause,
                              int64_t *since_ms)
{
    const struct person_facts *known = facts_find(facts, person);

    if (!known)
        return false;
    if (known->blocked) {
        *cause = CAUSE_BLOCKED;
        *since_ms = 0; /* the ledger knows, the facts do not: the caller says since when */
        return true;
    }
    if (facts_inactive_ends(ent, known, t)) {
        *cause = CAUSE_INACTIVE;
        *since_ms =
            known->person.status == USER_GONE ? known->gone_since_ms : known->inactive_since_ms;
        return true;
    }
    if (facts_ineligible_ends(ent, known, facts, t, arena)) {
        *cause = CAUSE_INELIGIBLE;
        *since_ms = known->ineligible_since_ms;
        return true;
    }
    return false;
}

static bool is_sorted(const struct grant *grants, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (compare_grants(&grants[i - 1], &grants[i]) > 0)
            return false;
    }
    return true;
}

static const struct grant *sorted_copy(const struct grant *grants, size_t n, struct arena *arena)
{
    struct grant *copy = arena_array(arena, struct grant, n);

    memcpy(copy, grants, n * sizeof(grants[0]));
    grants_sort(copy, n);
    return copy;
}

/* What the desired state is made from. */
struct question {
    const struct policy *policy;
    const struct grant *grants; /* sorted */
    size_t n_grants;
    const struct facts *facts;
    int64_t t;
    struct arena *arena;
};

/* Everybody desired in one entitlement, into one list per plan; people come in sorted order. */
static void desire_in(const struct question *q, const struct entitlement *ent, struct ids *plans)
{
    size_t i = lower_bound(q->grants, q->n_grants, ent->name, (struct str){0});

    while (i < q->n_grants && str_eq(q->grants[i].entitlement, ent->name)) {
        size_t n = run_length(&q->grants[i], q->n_grants - i);
        const struct grant *best = highest_live(q->policy, ent, &q->grants[i], n, q->t);
        enum cause cause;
        int64_t since_ms;

        if (best &&
            !is_ended_by_facts(ent, q->facts, best->person, q->t, q->arena, &cause, &since_ms)) {
            size_t plan = (size_t)(entitlement_plan(ent, best->plan) - ent->plans);

            VEC_PUSH(q->arena, &plans[plan], best->person);
        }
        i += n;
    }
}

struct desired desired_at(const struct policy *policy, const struct grant *grants, size_t n_grants,
                          const struct facts *facts, int64_t t, struct arena *arena)
{
    struct question question = {policy, grants, n_grants, facts, t, arena};
    size_t n_groups = 0;
    size_t n = 0;

    if (!is_sorted(grants, n_grants))
        question.grants = sorted_copy(grants, n_grants, arena);
    for (size_t i = 0; i < policy->n_entitlements; i++)
        n_groups += policy->entitlements[i].n_plans;
    struct desired_group *groups = arena_array(arena, struct desired_group, n_groups);

    for (size_t i = 0; i < policy->n_entitlements; i++) {
        const struct entitlement *ent = &policy->entitlements[i];
        struct ids *plans = arena_array(arena, struct ids, ent->n_plans);

        desire_in(&question, ent, plans);
        for (size_t p = 0; p < ent->n_plans; p++) {
            groups[n++] =
                (struct desired_group){ent, ent->plans[p].plan, {plans[p].items, plans[p].n}};
        }
    }
    return (struct desired){groups, n};
}

int64_t grant_end(const struct grant *grant)
{
    return grant->ended_at != 0 && grant->ended_at < grant->until_ms ? grant->ended_at
                                                                     : grant->until_ms;
}

bool grant_has_counted(const struct grant *grant, int64_t t)
{
    return grant->from_ms <= t && grant->from_ms < grant_end(grant);
}

static enum cause end_cause(const struct grant *grant)
{
    return grant->ended_at != 0 && grant->ended_at < grant->until_ms ? grant->end_cause
                                                                     : CAUSE_EXPIRED;
}

/* Of the grants on one plan (of all that are over, when `plan` is NULL) the one that says why: the
 * one that ended or will end last. Grants that have yet to begin explain nothing that is there now.
 */
static const struct grant *history_of(const struct grant *grants, size_t n, const struct str *plan,
                                      int64_t t)
{
    const struct grant *last = NULL;

    for (size_t i = 0; i < n; i++) {
        if (!grant_has_counted(&grants[i], t) ||
            (plan ? !str_eq(grants[i].plan, *plan) : grant_is_live(&grants[i], t)))
            continue;
        if (!last || grant_end(&grants[i]) >= grant_end(last))
            last = &grants[i];
    }
    return last;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are the whole of one question */
struct standing standing_of(const struct policy *policy, const struct entitlement *ent,
                            struct str plan, struct str person, const struct grant *grants,
                            size_t n_grants, const struct facts *facts, int64_t t,
                            struct arena *arena)
{
    size_t n;
    const struct grant *own = grants_of(grants, n_grants, ent->name, person, &n);
    const struct grant *last = history_of(own, n, &plan, t);
    const struct grant *best = highest_live(policy, ent, own, n, t);
    struct standing standing = {.has_history = last != NULL, .grant = last};
    bool is_live = last && grant_is_live(last, t);

    if (!last)
        return standing;
    if (is_ended_by_facts(ent, facts, person, t, arena, &standing.cause, &standing.since_ms)) {
        if (standing.since_ms == 0)
            standing.since_ms = is_live ? last->from_ms : grant_end(last);
        return standing;
    }
    if (best && str_eq(best->plan, plan)) {
        standing.wanted = true;
        standing.cause = CAUSE_GRANTED;
        standing.since_ms = best->from_ms;
        standing.grant = best;
        return standing;
    }
    /* Taken back by name stays that, also when another plan goes on. */
    if (best && (is_live || !cause_is_asked(end_cause(last)))) {
        standing.cause = CAUSE_MOVED;
        standing.since_ms =
            is_live || grant_end(last) < best->from_ms ? best->from_ms : grant_end(last);
        standing.grant = best;
        return standing;
    }
    if (is_live) { /* on a plan that the settings do not know */
        standing.has_history = false;
        return standing;
    }
    /* Whoever moved on and then lost the new plan as well has lost this one by that. */
    if (end_cause(last) == CAUSE_MOVED)
        standing.grant = last = history_of(own, n, NULL, t);
    standing.cause = end_cause(last);
    standing.since_ms = grant_end(last);
    /* An end that nobody gave a cause for is not ours to carry out. */
    if (standing.cause == CAUSE_GRANTED)
        standing.has_history = false;
    return standing;
}

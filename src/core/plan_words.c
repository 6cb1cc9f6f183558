#include <stdlib.h>

#include "base/clock.h"
#include "core/plan_internal.h"

#define DATE_LEN 10 /* of 2026-05-04T... */

static struct str date_of(int64_t ms, struct arena *arena)
{
    return str_sub(time_iso_str(ms, arena), 0, DATE_LEN);
}

static int compare_ref(const void *key, const void *item)
{
    const struct str *id = key;
    const struct request_ref *ref = item;

    return str_cmp(*id, ref->id);
}

const struct request_ref *plan_request(const struct plan_input *in, struct str id)
{
    if (id.len == 0 || in->n_requests == 0)
        return NULL;
    return bsearch(&id, in->requests, in->n_requests, sizeof(in->requests[0]), compare_ref);
}

/* `R17`, or what else brought the grant about. */
static struct str source_of(const struct plan_input *in, const struct grant *grant,
                            struct arena *arena)
{
    const struct request_ref *ref = plan_request(in, grant->request);

    if (ref && ref->number > 0)
        return arena_printf(arena, "R%lld", (long long)ref->number);
    return grant->request.len > 0 ? STR("an earlier request") : STR("an adoption");
}

struct str plan_why_add(const struct plan_input *in, const struct grant *grant, struct arena *arena)
{
    struct str source = source_of(in, grant, arena);
    struct str last_day = date_of(grant->until_ms - 1, arena); /* `until` itself is after it */

    return arena_printf(arena, "granted by %.*s until %.*s", STR_ARG(source), STR_ARG(last_day));
}

static struct str why_inactive(const struct plan_input *in, struct str person, struct str day,
                               struct arena *arena)
{
    const struct person_facts *known = facts_find(in->facts, person);

    if (known && known->person.status == USER_GONE)
        return arena_printf(arena, "deleted in Okta, gone since %.*s", STR_ARG(day));
    if (known && known->person.status == USER_SUSPENDED)
        return arena_printf(arena, "suspended in Okta since %.*s", STR_ARG(day));
    return arena_printf(arena, "deactivated in Okta since %.*s", STR_ARG(day));
}

struct str plan_why_removal(const struct plan_input *in, const struct standing *standing,
                            struct str person, struct arena *arena)
{
    struct str day = date_of(standing->since_ms, arena);
    struct str source = standing->grant ? source_of(in, standing->grant, arena) : STR("nobody");
    struct str plan = standing->grant ? standing->grant->plan : STR("");

    switch (standing->cause) {
    case CAUSE_BLOCKED: return arena_printf(arena, "blocked, owed since %.*s", STR_ARG(day));
    case CAUSE_REVOKED:
        return arena_printf(arena, "the grant by %.*s was revoked on %.*s", STR_ARG(source),
                            STR_ARG(day));
    case CAUSE_RETURNED: return arena_printf(arena, "returned by the holder on %.*s", STR_ARG(day));
    case CAUSE_INACTIVE: return why_inactive(in, person, day, arena);
    case CAUSE_EXPIRED:
        return arena_printf(arena, "the grant by %.*s ended on %.*s", STR_ARG(source),
                            STR_ARG(day));
    case CAUSE_MOVED:
        return arena_printf(arena, "moved to %.*s by %.*s", STR_ARG(plan), STR_ARG(source));
    case CAUSE_INELIGIBLE: return arena_printf(arena, "not eligible since %.*s", STR_ARG(day));
    case CAUSE_UNMANAGED:
        return STR("joined by other hands, and the settings say that such members are removed");
    case CAUSE_ASSIGNMENT:
        return arena_printf(arena, "no grant needs the assignment since %.*s", STR_ARG(day));
    case CAUSE_GRANTED: break;
    }
    return STR("no longer wanted");
}

struct str plan_seen_elsewhere(const struct plan_input *in, const struct group_view *except,
                               struct str person)
{
    struct str highest = {0};

    for (size_t i = 0; i < in->n_groups; i++) {
        const struct group_view *view = &in->groups[i];

        if (view == except || view->role != GROUP_ROLE_PLAN ||
            !str_eq(view->ent->name, except->ent->name) || !listing_is_sealed(view->listing) ||
            !people_has(&view->actual, person))
            continue;
        if (highest.len == 0 || catalogue_compare(&in->policy->catalogue, view->plan, highest) > 0)
            highest = view->plan;
    }
    return highest;
}

static int64_t price_of(const struct catalogue *catalogue, struct str plan)
{
    const struct catalogue_plan *row = plan.len > 0 ? catalogue_plan(catalogue, plan) : NULL;

    return row ? row->price_minor : 0;
}

int64_t plan_cost(const struct plan_input *in, const struct group_view *view, enum op_kind kind,
                  struct str person)
{
    const struct catalogue *catalogue = &in->policy->catalogue;
    struct str other = plan_seen_elsewhere(in, view, person);
    int64_t difference = 0;

    if (other.len == 0 || catalogue_compare(catalogue, view->plan, other) > 0)
        difference = price_of(catalogue, view->plan) - price_of(catalogue, other);
    return op_is_add(kind) ? difference : -difference;
}

#include <stdlib.h>

#include "base/clock.h"
#include "core/intake_parts.h"

bool intake_counts_from(const struct grant *grant, int64_t t)
{
    return grant_is_live(grant, t) || grant_is_ahead(grant, t);
}

int64_t intake_grant_end(const struct grant *grant)
{
    return grant->ended_at != 0 && grant->ended_at < grant->until_ms ? grant->ended_at
                                                                     : grant->until_ms;
}

void intake_end_from(struct asking *a, int64_t t, struct str plan, enum cause cause)
{
    struct str *ids = arena_array(a->arena, struct str, a->f->n_grants);
    size_t n = 0;

    for (size_t i = 0; i < a->f->n_grants; i++) {
        const struct grant *grant = &a->f->grants[i];

        if (intake_counts_from(grant, t) && (plan.len == 0 || str_eq(grant->plan, plan)))
            ids[n++] = grant->id;
    }
    qsort(ids, n, sizeof(*ids), str_cmp_qsort);
    a->step.end_grants = ids;
    a->step.n_end_grants = n;
    a->step.end_at_ms = t;
    a->step.end_cause = cause;
}

struct str intake_when(const struct asking *a, int64_t ms)
{
    if (ms <= a->now)
        return STR("now");
    return arena_printf(a->arena, "on %.*s", STR_ARG(date_str(ms, a->arena)));
}

static bool accept_unchanged(struct asking *a, struct str reason)
{
    a->step.changes_nothing = true;
    a->outcome = reason;
    return intake_accept(a, STR("rule:nothing-to-do"));
}

/* ---- revoke ---- */

static bool is_own(const struct asking *a)
{
    struct str person = a->f->person ? a->f->person->id : a->r->person;

    return person.len > 0 && str_eq(a->r->requester, person);
}

static bool holds_any(const struct asking *a, int64_t t)
{
    for (size_t i = 0; i < a->f->n_grants; i++) {
        if (intake_counts_from(&a->f->grants[i], t))
            return true;
    }
    return false;
}

bool intake_revoke(struct asking *a)
{
    const struct request *r = a->r;
    int64_t t = r->from_ms > a->now ? r->from_ms : a->now;
    struct str ent = a->f->ent->name;
    struct str what = r->plan.len > 0 ? intake_name(r->plan, a->arena) : STR("their seat");
    bool own = is_own(a);

    if (!own && !r->may_decide) {
        return intake_deny(
            a, "rule:decide-scope",
            STR("Ending somebody else's seat needs the right to decide (scope \"decide\")."));
    }
    if (a->f->member_by_others && !holds_any(a, a->now)) {
        return intake_deny(a, "rule:unmanaged",
                           arena_printf(a->arena,
                                        "The seat of %.*s in %.*s was not given here: adopt it "
                                        "first, then revoke it.",
                                        STR_ARG(a->who), STR_ARG(ent)));
    }
    intake_end_from(a, t, r->plan, own ? CAUSE_RETURNED : CAUSE_REVOKED);
    if (a->step.n_end_grants == 0) {
        return accept_unchanged(
            a, arena_printf(a->arena,
                            "%.*s holds nothing in %.*s that could end %.*s; nothing "
                            "changes.",
                            STR_ARG(a->who), STR_ARG(ent), STR_ARG(intake_when(a, t))));
    }
    a->outcome = arena_printf(a->arena, "%.*s %s %.*s in %.*s %.*s.", STR_ARG(a->who),
                              own ? "gives back" : "loses", STR_ARG(what), STR_ARG(ent),
                              STR_ARG(intake_when(a, t)));
    if (own)
        return intake_accept(a, STR("rule:own-seat"));
    return intake_accept(a, r->requester.len > 0 ? r->requester : r->principal);
}

/* ---- renew ---- */

/* Live, or ended by itself while this renewal was waiting: filed in time, it holds the expiry for
 * as long as an approval may take. */
static bool is_renewable(const struct asking *a, const struct grant *grant)
{
    int64_t held = a->f->ent->approval_expires_ms > 0 ? a->f->ent->approval_expires_ms : 0;

    if (grant->ended_at != 0 || grant->from_ms > a->now || grant->from_ms >= grant->until_ms)
        return false;
    if (a->r->plan.len > 0 && !str_eq(grant->plan, a->r->plan))
        return false;
    return a->now < grant->until_ms ||
           (a->r->kind == REQUEST_RENEW && a->r->filed_at < grant->until_ms &&
            a->now - grant->until_ms < held);
}

static const struct grant *newest_renewable(const struct asking *a)
{
    const struct grant *newest = NULL;

    for (size_t i = 0; i < a->f->n_grants; i++) {
        const struct grant *grant = &a->f->grants[i];

        if (!is_renewable(a, grant))
            continue;
        if (!newest || grant->created_at > newest->created_at ||
            (grant->created_at == newest->created_at && str_cmp(grant->id, newest->id) > 0))
            newest = grant;
    }
    return newest;
}

void intake_extend(struct asking *a, const struct grant *grant, int64_t until_ms)
{
    a->plan = grant->plan;
    a->acts_as = REQUEST_RENEW;
    a->step.plan = grant->plan;
    a->step.from_ms = grant->from_ms;
    a->step.until_ms = until_ms;
    a->step.extend_grant = grant->id;
    a->outcome = arena_printf(a->arena, "%.*s keeps %.*s in %.*s until %.*s (before: %.*s).",
                              STR_ARG(a->who), STR_ARG(grant->plan), STR_ARG(a->f->ent->name),
                              STR_ARG(intake_last_day(until_ms, a->arena)),
                              STR_ARG(intake_last_day(grant->until_ms, a->arena)));
}

bool intake_keep(struct asking *a, const struct grant *grant, const char *hint)
{
    a->step.plan = grant->plan;
    a->step.from_ms = grant->from_ms;
    a->step.until_ms = grant->until_ms;
    return accept_unchanged(
        a, arena_printf(a->arena, "%.*s holds %.*s in %.*s until %.*s already; nothing changes%s",
                        STR_ARG(a->who), STR_ARG(grant->plan), STR_ARG(a->f->ent->name),
                        STR_ARG(intake_last_day(intake_grant_end(grant), a->arena)), hint));
}

bool intake_renew(struct asking *a)
{
    const struct grant *grant = newest_renewable(a);
    int64_t base, until_ms;

    if (!grant) {
        return intake_deny(a, "rule:nothing-to-renew",
                           arena_printf(a->arena,
                                        "%.*s holds nothing in %.*s to renew: ask for a grant.",
                                        STR_ARG(a->who), STR_ARG(a->f->ent->name)));
    }
    if (!entitlement_plan(a->f->ent, grant->plan)) {
        return intake_deny(
            a, "rule:unknown-plan",
            arena_printf(a->arena, "%.*s is no longer offered in %.*s: ask for a change.",
                         STR_ARG(intake_name(grant->plan, a->arena)), STR_ARG(a->f->ent->name)));
    }
    if (intake_span_asked(a->r) == SPAN_UNTIL && intake_span_within(a->r, a->now, grant->until_ms))
        return intake_keep(a, grant, ".");
    base = a->now > grant->until_ms ? a->now : grant->until_ms;
    if (!intake_span_end(a, base, a->now, &until_ms))
        return true;
    if (until_ms <= grant->until_ms)
        return intake_keep(a, grant, ", which is as long as it can be.");
    intake_extend(a, grant, until_ms);
    return false;
}

#include "core/intake.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "core/intake_parts.h"

#define NAME_MAX_BYTES ((size_t)120)

struct str intake_name(struct str text, struct arena *arena)
{
    struct str shown = utf8_printable(text, arena);
    size_t end = NAME_MAX_BYTES;

    if (shown.len <= NAME_MAX_BYTES)
        return shown;
    while (end > 0 && ((unsigned char)shown.ptr[end] & 0xC0) == 0x80)
        end--; /* not inside a character */
    return arena_printf(arena, "%.*s...", (int)end, shown.ptr);
}

struct str intake_last_day(int64_t until_ms, struct arena *arena)
{
    return date_str(until_ms - 1, arena);
}

bool intake_deny(struct asking *a, const char *rule, struct str reason)
{
    a->step =
        (struct intake_step){.state = REQUEST_DENIED, .reason = reason, .decided_by = str_of(rule)};
    return true;
}

bool intake_lapse(struct asking *a, const char *rule, struct str reason)
{
    a->step =
        (struct intake_step){.state = REQUEST_LAPSED, .reason = reason, .decided_by = str_of(rule)};
    return true;
}

bool intake_accept(struct asking *a, struct str decided_by)
{
    a->step.state = REQUEST_ACCEPTED;
    a->step.reason = a->outcome;
    a->step.decided_by = decided_by;
    if (a->f->member_by_others && a->r->kind != REQUEST_REVOKE) {
        a->step.reason = arena_printf(
            a->arena,
            "%.*s Somebody else put them into the group already: the membership is not managed "
            "until it is adopted.",
            STR_ARG(a->outcome));
    }
    return true;
}

/* Until when a request waits for what stands in its way. While nobody was asked yet, questions get
 * their whole time after the longest time that the filing may have taken. */
int64_t intake_patience_ends(const struct asking *a, enum request_state state)
{
    const struct request *r = a->r;
    int64_t expires = a->f->ent && a->f->ent->approval_expires_ms > 0
                          ? a->f->ent->approval_expires_ms
                          : INTAKE_RETRY_MS;

    if (state == REQUEST_AWAITING_APPROVAL && r->asked_at > 0)
        return r->asked_at + expires;
    if (state != REQUEST_FILED)
        return r->filed_at + INTAKE_RETRY_MS + expires;
    return r->filed_at + INTAKE_RETRY_MS;
}

bool intake_hold(struct asking *a, bool is_certain, const char *rule, struct str reason)
{
    int64_t ends = intake_patience_ends(a, a->r->state);

    if (a->now >= ends) {
        if (is_certain)
            return intake_deny(a, rule, reason);
        return intake_lapse(
            a, rule,
            arena_printf(a->arena, "%.*s Ask again if it is still needed.", STR_ARG(reason)));
    }
    a->step = (struct intake_step){
        .state = a->r->state,
        .reason = arena_printf(a->arena, "%.*s It is looked at again in every run until %.*s.",
                               STR_ARG(reason), STR_ARG(time_local_str(ends, a->arena)))};
    return true;
}

static struct str names_of_entitlements(const struct policy *policy, struct arena *arena)
{
    struct str out = STR("none");

    for (size_t i = 0; i < policy->n_entitlements; i++) {
        struct str name = policy->entitlements[i].name;

        out = i == 0 ? name : arena_printf(arena, "%.*s, %.*s", STR_ARG(out), STR_ARG(name));
    }
    return out;
}

static struct str names_of_plans(const struct entitlement *ent, struct arena *arena)
{
    struct str out = STR("none");

    for (size_t i = 0; i < ent->n_plans; i++) {
        struct str name = ent->plans[i].plan;

        out = i == 0 ? name : arena_printf(arena, "%.*s, %.*s", STR_ARG(out), STR_ARG(name));
    }
    return out;
}

static bool check_entitlement(struct asking *a)
{
    if (a->f->ent)
        return false;
    return intake_deny(a, "rule:unknown-entitlement",
                       arena_printf(a->arena, "There is no entitlement \"%.*s\"; there is: %.*s.",
                                    STR_ARG(intake_name(a->r->entitlement, a->arena)),
                                    STR_ARG(names_of_entitlements(a->f->policy, a->arena))));
}

/* A plan that the settings no longer offer can still be given back by whoever has a grant of it. */
static bool is_revocable(const struct asking *a, struct str plan)
{
    if (a->r->kind != REQUEST_REVOKE)
        return false;
    for (size_t i = 0; i < a->f->n_grants; i++) {
        if (str_eq(a->f->grants[i].plan, plan))
            return true;
    }
    return false;
}

static bool check_plan(struct asking *a)
{
    bool takes_default = a->r->kind == REQUEST_GRANT || a->r->kind == REQUEST_CHANGE;

    a->plan = a->r->plan.len == 0 && takes_default ? a->f->ent->default_plan : a->r->plan;
    if ((a->plan.len == 0 && !takes_default) || entitlement_plan(a->f->ent, a->plan) ||
        is_revocable(a, a->plan))
        return false;
    return intake_deny(a, "rule:unknown-plan",
                       arena_printf(a->arena, "There is no plan \"%.*s\" in %.*s; there is: %.*s.",
                                    STR_ARG(intake_name(a->plan, a->arena)),
                                    STR_ARG(a->f->ent->name),
                                    STR_ARG(names_of_plans(a->f->ent, a->arena))));
}

static bool check_blocked(struct asking *a)
{
    if (!a->f->blocked || a->r->kind == REQUEST_REVOKE)
        return false;
    return intake_deny(a, "rule:blocked",
                       arena_printf(a->arena,
                                    "%.*s is blocked: an administrator has to lift that first.",
                                    STR_ARG(a->who)));
}

static struct str why_or(struct str why, struct str otherwise)
{
    return why.len > 0 ? why : otherwise;
}

static bool check_person(struct asking *a)
{
    const struct intake_facts *f = a->f;
    bool is_known = a->r->person.len > 0 || f->person;

    if (f->resolution == RESOLVE_CONFLICT ||
        (f->person && a->r->person.len > 0 && !str_eq(f->person->id, a->r->person))) {
        struct str why = arena_printf(a->arena, "\"%.*s\" now means another person than before.",
                                      STR_ARG(intake_name(a->r->who, a->arena)));
        return intake_hold(a, true, "rule:conflict", why_or(f->resolve_why, why));
    }
    /* Taking away does not wait for Okta: the ledger knows whose the grants are. */
    if (a->r->kind == REQUEST_REVOKE && is_known)
        return false;
    if (f->resolution == RESOLVE_NONE) {
        return intake_hold(a, true, "rule:not-found",
                           arena_printf(a->arena, "Okta knows nobody called \"%.*s\".",
                                        STR_ARG(intake_name(a->r->who, a->arena))));
    }
    if (f->resolution == RESOLVE_UNKNOWN || !f->person) {
        struct str why = arena_printf(a->arena, "Okta could not be asked about \"%.*s\".",
                                      STR_ARG(intake_name(a->r->who, a->arena)));
        return intake_hold(a, false, "rule:okta-away", why_or(f->resolve_why, why));
    }
    return false;
}

static bool check_usable(struct asking *a)
{
    enum user_status status = a->f->person->status;

    if (user_status_is_usable(status))
        return false;
    if (status == USER_UNKNOWN) {
        return intake_hold(
            a, false, "rule:okta-away",
            arena_printf(a->arena, "The state of %.*s in Okta is not known.", STR_ARG(a->who)));
    }
    return intake_hold(a, true, "rule:inactive",
                       arena_printf(a->arena, "%.*s is %s in Okta and cannot hold a seat.",
                                    STR_ARG(a->who), user_status_name(status)));
}

static bool check_eligible(struct asking *a)
{
    struct eligible eligible = a->f->eligible;
    struct str why = why_or(eligible.why, STR("the rules could not be read"));

    if (eligible.answer == ELIGIBLE_YES)
        return false;
    if (eligible.answer == ELIGIBLE_NO) {
        return intake_hold(a, true, "rule:eligible",
                           arena_printf(a->arena, "%.*s is not eligible for %.*s: %.*s.",
                                        STR_ARG(a->who), STR_ARG(a->f->ent->name), STR_ARG(why)));
    }
    return intake_hold(a, false, "rule:eligible-unknown",
                       arena_printf(a->arena,
                                    "Whether %.*s is eligible for %.*s is not known: %.*s.",
                                    STR_ARG(a->who), STR_ARG(a->f->ent->name), STR_ARG(why)));
}

static bool check_terms(struct asking *a)
{
    switch (a->r->kind) {
    case REQUEST_REVOKE: return intake_revoke(a);
    case REQUEST_RENEW: return intake_renew(a);
    case REQUEST_GRANT:
    case REQUEST_CHANGE: return intake_grant(a);
    }
    return intake_deny(a, "rule:unknown-kind", STR("This kind of request is not known."));
}

bool intake_examine(struct asking *a)
{
    static bool (*const revoke_checks[])(struct asking *) = {check_entitlement, check_plan,
                                                             check_person, check_terms};
    static bool (*const checks[])(struct asking *) = {
        check_entitlement, check_plan,     check_blocked, check_person,
        check_usable,      check_eligible, check_terms,   intake_confirm,
    };
    bool is_revoke = a->r->kind == REQUEST_REVOKE;
    size_t n = is_revoke ? ARRAY_LEN(revoke_checks) : ARRAY_LEN(checks);

    for (size_t i = 0; i < n; i++) {
        if ((is_revoke ? revoke_checks[i] : checks[i])(a))
            return true;
    }
    return false;
}

struct asking intake_asking(const struct intake_facts *facts, struct arena *arena)
{
    const struct request *r = facts->request;
    bool has_login = facts->person && facts->person->login.len > 0;

    return (struct asking){
        .f = facts,
        .r = r,
        .arena = arena,
        .now = facts->now_ms,
        .who = intake_name(has_login ? facts->person->login : r->who, arena),
        .acts_as = r->kind,
        .step = {.state = r->state},
    };
}

struct intake_step intake_decide(const struct intake_facts *facts, struct arena *arena)
{
    const struct request *r = facts->request;
    struct asking a = intake_asking(facts, arena);

    if (!request_state_is_open(r->state)) {
        return (struct intake_step){
            .state = r->state, .reason = r->state_reason, .decided_by = r->decided_by};
    }
    if (!intake_examine(&a))
        (void)intake_approve(&a);
    return a.step;
}

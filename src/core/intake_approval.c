#include "base/clock.h"
#include "base/utf8.h"
#include "core/intake_parts.h"

enum approval_kind intake_approval_kind(const struct entitlement *ent,
                                        const struct request *request, struct str plan)
{
    const struct plan_rule *rule = entitlement_plan(ent, plan);

    if (request->kind == REQUEST_REVOKE)
        return APPROVAL_NONE;
    if (request->kind == REQUEST_RENEW && ent->has_renewal_approval)
        return ent->renewal_approval;
    return rule ? rule->approval : APPROVAL_APPROVERS; /* what is not known is not free */
}

enum approval_kind intake_kind_for(const struct asking *a)
{
    struct request acts = *a->r;

    acts.kind = a->acts_as;
    return intake_approval_kind(a->f->ent, &acts, a->plan);
}

enum approval_kind intake_approval_needed(const struct intake_facts *facts, struct arena *arena)
{
    struct asking a = intake_asking(facts, arena);

    if (!request_state_is_open(facts->request->state))
        return APPROVAL_NONE;
    /* An unconfirmed move is examined as if it were, so that its approvers are known in time. */
    struct intake_facts confirmed = *facts;
    confirmed.confirmed = true;
    a.f = &confirmed;
    return intake_examine(&a) ? APPROVAL_NONE : intake_kind_for(&a);
}

bool intake_confirm(struct asking *a)
{
    enum request_state state;
    struct str question;

    if (!a->needs_confirmation || a->f->confirmed)
        return false;
    question = arena_printf(a->arena,
                            "%.*s This cannot be undone: the holder or an administrator has to "
                            "confirm it.",
                            STR_ARG(a->outcome));
    /* One that waits for approval already is not sent back: it waits there for both. */
    state = a->r->state == REQUEST_AWAITING_APPROVAL ? REQUEST_AWAITING_APPROVAL
                                                     : REQUEST_AWAITING_CONFIRMATION;
    if (a->now >= intake_patience_ends(a, state)) {
        return intake_lapse(a, "rule:unconfirmed",
                            STR("Nobody confirmed the move in time. Ask again if it is still "
                                "wanted."));
    }
    a->step = (struct intake_step){.state = state, .reason = question};
    return true;
}

/* Nobody decides about their own: not the person, not who asked for it. */
static bool is_party(const struct asking *a, struct str id)
{
    return id.len == 0 || str_eq(id, a->f->person->id) || str_eq(id, a->r->requester) ||
           str_eq(id, a->r->person);
}

static bool is_among(const struct approvers *approvers, struct str id)
{
    for (size_t i = 0; approvers->is_known && i < approvers->n; i++) {
        if (str_eq(approvers->ids[i], id))
            return true;
    }
    return false;
}

static bool has_fallback(const struct asking *a)
{
    return a->f->ent->fallback.after_ms >= 0 &&
           (a->f->ent->fallback.to.login.len > 0 || a->f->ent->fallback.to.okta_group.len > 0);
}

/* Appends who is not there yet and may be asked. */
static size_t add_askable(const struct asking *a, const struct approvers *from, struct str *ids,
                          size_t n)
{
    for (size_t i = 0; from->is_known && i < from->n; i++) {
        bool is_there = false;

        for (size_t k = 0; k < n && !is_there; k++)
            is_there = str_eq(ids[k], from->ids[i]);
        if (!is_there && !is_party(a, from->ids[i]))
            ids[n++] = from->ids[i];
    }
    return n;
}

static int64_t expires_at(const struct asking *a)
{
    int64_t expires = a->f->ent->approval_expires_ms;

    return a->r->asked_at > 0 && expires > 0 ? a->r->asked_at + expires : INT64_MAX;
}

/* The verdict that counts. A no counts before a yes, whichever came first: it is not too late. */
static const struct approval *find_verdict(const struct asking *a)
{
    const struct intake_facts *f = a->f;
    const struct approval *found = NULL;

    for (size_t i = 0; i < f->n_approvals; i++) {
        const struct approval *approval = &f->approvals[i];
        bool may = is_among(&f->approvers, approval->approver) ||
                   (has_fallback(a) && is_among(&f->fallback_approvers, approval->approver));

        if (approval->verdict == VERDICT_NONE || !may || is_party(a, approval->approver))
            continue;
        if (approval->verdict == VERDICT_DENY)
            return approval;
        if (approval->at_ms < expires_at(a) && (!found || approval->at_ms < found->at_ms))
            found = approval;
    }
    return found;
}

static bool settle(struct asking *a, const struct approval *verdict)
{
    struct str why = utf8_printable(verdict->reason, a->arena);

    if (verdict->verdict == VERDICT_APPROVE)
        return intake_accept(a, verdict->approver);
    (void)intake_deny(a, "",
                      why.len > 0 ? arena_printf(a->arena, "Not approved: %.*s", STR_ARG(why))
                                  : STR("Not approved."));
    a->step.decided_by = verdict->approver;
    return true;
}

static bool ask(struct asking *a, const struct str *ids, size_t n)
{
    struct str kind =
        intake_kind_for(a) == APPROVAL_MANAGER ? STR("the manager") : STR("one of the approvers");
    int64_t ends = expires_at(a);
    struct str until = ends == INT64_MAX ? STR("")
                                         : arena_printf(a->arena, " until %.*s",
                                                        STR_ARG(time_local_str(ends, a->arena)));

    a->step = (struct intake_step){
        .state = REQUEST_AWAITING_APPROVAL,
        .ask = ids,
        .n_ask = n,
        .reason = arena_printf(a->arena, "It waits for %.*s to approve it%.*s.", STR_ARG(kind),
                               STR_ARG(until)),
    };
    return true;
}

static bool nobody_to_ask(struct asking *a)
{
    struct str why = a->f->approvers.why_none;

    if (why.len == 0)
        why = STR("there is no approver besides those who ask");
    /* Once the question was delivered, an empty list may be one of a moment: the clock runs. */
    if (a->r->asked_at > 0)
        return ask(a, NULL, 0);
    return intake_deny(a, "rule:no-approver",
                       arena_printf(a->arena, "Nobody could approve this: %.*s.", STR_ARG(why)));
}

bool intake_approve(struct asking *a)
{
    const struct intake_facts *f = a->f;
    const struct approval *verdict;
    struct str *ids;
    size_t n, n_first;

    if (intake_kind_for(a) == APPROVAL_NONE)
        return intake_accept(a, STR("rule:no-approval-needed"));
    if ((verdict = find_verdict(a)))
        return settle(a, verdict);
    if (a->now >= expires_at(a)) {
        struct str span = duration_words(f->ent->approval_expires_ms, a->arena);

        return intake_lapse(a, "rule:expired",
                            arena_printf(a->arena,
                                         "Nobody decided within %.*s. Ask again if it is still "
                                         "needed.",
                                         STR_ARG(span)));
    }

    ids = arena_array(a->arena, struct str, f->approvers.n + f->fallback_approvers.n);
    n_first = add_askable(a, &f->approvers, ids, 0);
    n = n_first;
    if (has_fallback(a) &&
        ((f->approvers.is_known && n_first == 0) ||
         (a->r->asked_at > 0 && a->now - a->r->asked_at >= f->ent->fallback.after_ms)))
        n = add_askable(a, &f->fallback_approvers, ids, n);
    if (n > 0)
        return ask(a, ids, n);
    if (!f->approvers.is_known || (has_fallback(a) && !f->fallback_approvers.is_known)) {
        return intake_hold(a, false, "rule:okta-away",
                           STR("Who may approve this could not be read from Okta."));
    }
    return nobody_to_ask(a);
}

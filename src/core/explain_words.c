#include "base/attr.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "core/explain_parts.h"

/* Every %s-like view that comes from outside goes through here. */
struct str explain_shown(const struct explain_page *page, struct str text)
{
    return utf8_printable(text, page->arena);
}

struct str explain_day(const struct explain_page *page, int64_t ms)
{
    return date_str(ms, page->arena);
}

struct str explain_who(const struct explain_page *page)
{
    const struct person *person = page->in->person;

    return explain_shown(page, person && person->login.len > 0 ? person->login : page->in->who);
}

static const struct {
    const char *rule, *words;
} rules[] = {
    {"rule:no-approval-needed", "by rule: no approval is needed"},
    {"rule:nothing-to-do", "by rule: nothing had to change"},
    {"rule:own-seat", "by rule: everybody may give back their own"},
    {"rule:expired", "by rule: nobody decided in time"},
    {"rule:unconfirmed", "by rule: nobody confirmed in time"},
    {"rule:eligible", "by rule: not eligible"},
    {"rule:inactive", "by rule: not active in Okta"},
    {"rule:blocked", "by rule: blocked"},
    {"rule:not-found", "by rule: not found in Okta"},
    {"rule:okta-away", "by rule: Okta could not be read"},
    {"rule:one-way", "by rule: a one-way move"},
};

static struct str decided_words(const struct explain_page *page, struct str decided_by)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (str_is(decided_by, rules[i].rule))
            return str_of(rules[i].words);
    }
    return arena_printf(page->arena, "by %.*s", STR_ARG(explain_shown(page, decided_by)));
}

void explain_put_request(const struct explain_page *page, const struct request *request)
{
    struct str plan = request->plan.len > 0
                          ? arena_printf(page->arena, " of %.*s", STR_ARG(request->plan))
                          : STR("");

    static const char *const kinds[] = {[REQUEST_GRANT] = "grant",
                                        [REQUEST_REVOKE] = "revocation",
                                        [REQUEST_CHANGE] = "change",
                                        [REQUEST_RENEW] = "renewal"};

    buf_printf(page->out, "R%lld, a %s%.*s asked for on %.*s", (long long)request->number,
               kinds[request->kind], STR_ARG(explain_shown(page, plan)),
               STR_ARG(explain_day(page, request->filed_at)));
    if (request->principal.len > 0)
        buf_printf(page->out, " by %.*s", STR_ARG(explain_shown(page, request->principal)));
    if (request->decided_at != 0) {
        buf_printf(page->out, ", %s on %.*s %.*s", request_state_name(request->state),
                   STR_ARG(explain_day(page, request->decided_at)),
                   STR_ARG(decided_words(page, request->decided_by)));
    } else if (request_state_is_open(request->state)) {
        buf_printf(page->out, ", open (%s)", request_state_name(request->state));
    }
    if (request->reason.len > 0)
        buf_printf(page->out, ", saying \"%.*s\"", STR_ARG(explain_shown(page, request->reason)));
    buf_add(page->out, STR(".\n"));
}

static const struct request *request_by_id(const struct explain_input *in, struct str id)
{
    for (size_t i = 0; id.len > 0 && i < in->n_requests; i++) {
        if (str_eq(in->requests[i].id, id))
            return &in->requests[i];
    }
    return NULL;
}

static const char *end_words(enum cause cause)
{
    switch (cause) {
    case CAUSE_BLOCKED: return "ended because the person was blocked";
    case CAUSE_REVOKED: return "revoked";
    case CAUSE_RETURNED: return "given back";
    case CAUSE_INACTIVE: return "ended with the account in Okta";
    case CAUSE_MOVED: return "ended by a move to another plan";
    case CAUSE_INELIGIBLE: return "ended because the rules no longer allowed it";
    case CAUSE_GRANTED:
    case CAUSE_EXPIRED:
    case CAUSE_UNMANAGED:
    case CAUSE_ASSIGNMENT: break;
    }
    return "ended";
}

void explain_put_grant(const struct explain_page *page, const struct grant *grant)
{
    const struct request *request = request_by_id(page->in, grant->request);
    int64_t now = page->in->now_ms;
    bool is_live = grant_is_live(grant, now);
    bool is_ahead = grant_is_ahead(grant, now);

    buf_printf(page->out, "  %s %.*s from %.*s until %.*s",
               is_live    ? "Granted:"
               : is_ahead ? "To come:"
                          : "Earlier:",
               STR_ARG(explain_shown(page, grant->plan)),
               STR_ARG(explain_day(page, grant->from_ms)),
               STR_ARG(explain_day(page, grant->until_ms - 1)));
    if (grant->ended_at != 0) {
        buf_printf(page->out, ", %s%s on %.*s", grant->ended_at > now ? "to be " : "",
                   end_words(grant->end_cause), STR_ARG(explain_day(page, grant->ended_at)));
    }
    buf_add(page->out, STR(".\n"));
    if (!is_live && !is_ahead)
        return;
    buf_add(page->out, STR("    Why: "));
    if (request) {
        explain_put_request(page, request);
    } else if (grant->request.len == 0) {
        buf_add(page->out, STR("the seat was there already and was adopted.\n"));
    } else {
        buf_add(page->out, STR("a request that is no longer kept.\n"));
    }
    if (grant->owner.len > 0) {
        buf_printf(page->out, "    Who answers for it: %.*s.\n",
                   STR_ARG(explain_shown(page, grant->owner)));
    }
}

static const char *hop_question(enum hop hop)
{
    switch (hop) {
    case HOP_OKTA: return "Member of the Okta group";
    case HOP_USER: return "Known to IAM Identity Center";
    case HOP_PUSHED: return "Member of the group there";
    case HOP_SEAT: return "Subscription";
    case HOP_IN_USE: return "In use";
    case HOP_COUNT: break;
    }
    return "Step";
}

static void put_hop(const struct explain_page *page, const struct hop_state *hop)
{
    struct buf *out = page->out;

    buf_printf(out, "    %s: ", hop_question(hop->hop));
    switch (hop->state) {
    case HOP_REACHED: buf_add(out, STR("yes")); break;
    case HOP_ON_ITS_WAY: buf_add(out, STR("on its way")); break;
    case HOP_LATE: buf_add(out, STR("late")); break;
    case HOP_LEAVING: buf_add(out, STR("being taken away")); break;
    case HOP_UNKNOWN: buf_add(out, STR("not known")); break;
    case HOP_NOT_APPLICABLE: buf_add(out, STR("not followed")); break;
    }
    if (hop->since_ms != 0)
        buf_printf(out, ", since %.*s", STR_ARG(time_local_str(hop->since_ms, page->arena)));
    if (hop->deadline_ms != 0 && hop->state != HOP_REACHED) {
        buf_printf(out, ", %s %.*s", hop->state == HOP_LATE ? "was due" : "due by",
                   STR_ARG(time_local_str(hop->deadline_ms, page->arena)));
    }
    if (hop->cause.len > 0)
        buf_printf(out, "; %.*s", STR_ARG(explain_shown(page, hop->cause)));
    if (hop->remedy.len > 0)
        buf_printf(out, "; %.*s", STR_ARG(explain_shown(page, hop->remedy)));
    buf_add(out, STR(".\n"));
}

void explain_put_seat(const struct explain_page *page, const struct explain_seat *seat)
{
    size_t n_silent = 0;

    buf_printf(page->out, "  Seat: %.*s, through the Okta group %.*s",
               STR_ARG(explain_shown(page, seat->plan)),
               STR_ARG(explain_shown(page, seat->group_name)));
    if (seat->until_ms != 0)
        buf_printf(page->out, ", until %.*s", STR_ARG(explain_day(page, seat->until_ms - 1)));
    buf_add(page->out, STR(".\n"));
    if (explain_has_ladder(seat)) {
        explain_put_ladder(page, seat);
        return;
    }
    for (size_t i = 0; i < seat->n_hops; i++) {
        if (seat->hops[i].state == HOP_NOT_APPLICABLE) {
            n_silent++;
        } else {
            put_hop(page, &seat->hops[i]);
        }
    }
    if (n_silent > 0 && n_silent < seat->n_hops)
        buf_add(page->out, STR("    What comes after the group is not followed here.\n"));
}

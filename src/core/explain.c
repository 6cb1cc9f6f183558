#include "core/explain.h"

#include "core/explain_parts.h"
#include "core/report_parts.h"

static const char *status_words(enum user_status status)
{
    if (status == USER_UNKNOWN)
        return "state in Okta not known";
    if (status == USER_GONE)
        return "no longer in Okta";
    return user_status_name(status);
}

static void put_head(const struct explain_page *page)
{
    const struct explain_input *in = page->in;
    const struct person *person = in->person;

    buf_add(page->out, explain_who(page));
    if (!person) {
        buf_add(page->out, STR(" is not known here: nobody asked for a seat for them, and no "
                               "group showed them.\n"));
    } else {
        buf_printf(page->out, " (%.*s%s%.*s%sOkta id %.*s): %s\n",
                   STR_ARG(explain_shown(page, person->first_name)),
                   person->first_name.len > 0 && person->last_name.len > 0 ? " " : "",
                   STR_ARG(explain_shown(page, person->last_name)),
                   person->first_name.len > 0 || person->last_name.len > 0 ? ", " : "",
                   STR_ARG(explain_shown(page, person->id)), status_words(person->status));
    }
    if (in->blocked) {
        buf_add(page->out, STR("Blocked: nothing can be granted, changed or renewed until an "
                               "administrator lifts it (seatkeeper unblock).\n"));
    }
}

static bool has_grant(const struct explain_page *page, struct str ent, bool is_ahead)
{
    for (size_t i = 0; i < page->in->n_grants; i++) {
        const struct grant *grant = &page->in->grants[i];

        if (str_eq(grant->entitlement, ent) && (is_ahead ? grant_is_ahead(grant, page->in->now_ms)
                                                         : grant_is_live(grant, page->in->now_ms)))
            return true;
    }
    return false;
}

static const struct explain_seat *seat_in(const struct explain_page *page, struct str ent)
{
    for (size_t i = 0; i < page->in->n_seats; i++) {
        if (str_eq(page->in->seats[i].entitlement, ent))
            return &page->in->seats[i];
    }
    return NULL;
}

static const struct request *open_request(const struct explain_page *page, struct str ent)
{
    for (size_t i = 0; i < page->in->n_requests; i++) {
        const struct request *request = &page->in->requests[i];

        if (request_state_is_open(request->state) && str_eq(request->entitlement, ent))
            return request;
    }
    return NULL;
}

static struct str word(const struct explain_page *page, struct str name)
{
    return command_word(name, page->arena);
}

struct str explain_who_word(const struct explain_page *page)
{
    const struct person *person = page->in->person;

    if (person)
        return command_person(person->login, person->id, page->arena);
    return word(page, page->in->who);
}

static void put_next(const struct explain_page *page, struct str ent)
{
    const struct explain_seat *seat = seat_in(page, ent);
    const struct request *open = open_request(page, ent);

    if (open) {
        buf_printf(page->out, "  Next: `seatkeeper show R%lld` says what the request waits for.\n",
                   (long long)open->number);
    } else if (!policy_entitlement(page->in->policy, ent)) {
        buf_add(page->out,
                STR("  Next: while the settings do not know it, it is only watched; put it "
                    "back into them, then `seatkeeper check`.\n"));
    } else if (explain_put_next_hop(page, ent)) {
        return;
    } else if (has_grant(page, ent, false)) {
        buf_printf(page->out,
                   "  Next: to keep it longer, `seatkeeper request renew %.*s -e %.*s`; to give it "
                   "back, `seatkeeper request revoke %.*s -e %.*s`.\n",
                   STR_ARG(explain_who_word(page)), STR_ARG(word(page, ent)),
                   STR_ARG(explain_who_word(page)), STR_ARG(word(page, ent)));
    } else if (has_grant(page, ent, true)) {
        buf_add(page->out, STR("  Next: nothing to do; it begins by itself.\n"));
    } else if (seat && !seat->owned) {
        buf_printf(page->out,
                   "  Why: put into the group by other hands, without a request; it is not managed "
                   "here.\n  Next: `seatkeeper adopt -e %.*s --out adopt.csv` lists such seats to "
                   "take over.\n",
                   STR_ARG(word(page, ent)));
    } else if (seat) {
        buf_printf(page->out, "  Next: `seatkeeper plan -e %.*s` shows when it is taken away.\n",
                   STR_ARG(word(page, ent)));
    } else {
        buf_printf(page->out, "  Next: `seatkeeper request grant %.*s -e %.*s` asks for a seat.\n",
                   STR_ARG(explain_who_word(page)), STR_ARG(word(page, ent)));
    }
}

static bool concerns(const struct explain_page *page, struct str ent)
{
    const struct explain_input *in = page->in;

    if (seat_in(page, ent))
        return true;
    for (size_t i = 0; i < in->n_grants; i++) {
        if (str_eq(in->grants[i].entitlement, ent))
            return true;
    }
    for (size_t i = 0; i < in->n_requests; i++) {
        if (str_eq(in->requests[i].entitlement, ent))
            return true;
    }
    for (size_t i = 0; i < in->n_findings; i++) {
        if (str_eq(in->findings[i].entitlement, ent))
            return true;
    }
    return false;
}

/* Whatever is still open, and the newest decision if it was a no: older ones say nothing about
 * today. */
static void put_asked(const struct explain_page *page, struct str ent)
{
    bool has_decision = false;

    for (size_t i = 0; i < page->in->n_requests; i++) {
        const struct request *request = &page->in->requests[i];
        bool is_open = request_state_is_open(request->state);

        if (!str_eq(request->entitlement, ent) || (!is_open && has_decision))
            continue;
        has_decision = has_decision || !is_open;
        if (request->state == REQUEST_ACCEPTED)
            continue;
        buf_add(page->out, is_open ? STR("  Asked: ") : STR("  Not accepted: "));
        explain_put_request(page, request);
        if (request->state_reason.len > 0) {
            buf_printf(page->out, "    %.*s\n",
                       STR_ARG(explain_shown(page, request->state_reason)));
        }
    }
}

static void put_findings(const struct explain_page *page, struct str ent)
{
    for (size_t i = 0; i < page->in->n_findings; i++) {
        if (str_eq(page->in->findings[i].entitlement, ent))
            report_put_findings(&page->in->findings[i], 1, 2, page->out, page->arena);
    }
}

static void put_entitlement(const struct explain_page *page, struct str name, struct str title)
{
    const struct explain_input *in = page->in;

    buf_printf(page->out, "\n%.*s", STR_ARG(explain_shown(page, name)));
    if (title.len > 0)
        buf_printf(page->out, " (%.*s)", STR_ARG(explain_shown(page, title)));
    buf_add(page->out, STR(":\n"));
    if (!seat_in(page, name))
        buf_add(page->out, STR("  No seat now.\n"));
    for (size_t i = 0; i < in->n_seats; i++) {
        if (str_eq(in->seats[i].entitlement, name))
            explain_put_seat(page, &in->seats[i]);
    }
    for (size_t i = 0; i < in->n_grants; i++) {
        if (str_eq(in->grants[i].entitlement, name))
            explain_put_grant(page, &in->grants[i]);
    }
    put_asked(page, name);
    put_findings(page, name);
    put_next(page, name);
}

/* ---- what the settings do not know, and who has nothing ---- */

static bool is_orphan(const struct explain_page *page, size_t i)
{
    const struct grant *grants = page->in->grants;

    if (policy_entitlement(page->in->policy, grants[i].entitlement))
        return false;
    for (size_t k = 0; k < i; k++) {
        if (str_eq(grants[k].entitlement, grants[i].entitlement))
            return false;
    }
    return true;
}

static void put_how_to_ask(const struct explain_page *page)
{
    const struct policy *policy = page->in->policy;

    buf_add(page->out, STR("\nNo seat. To ask for one:\n"));
    for (size_t i = 0; i < policy->n_entitlements; i++) {
        const struct entitlement *ent = &policy->entitlements[i];
        const struct plan_rule *plan = entitlement_plan(ent, ent->default_plan);

        buf_printf(page->out, "  seatkeeper request grant %.*s -e %.*s\n",
                   STR_ARG(explain_who_word(page)), STR_ARG(ent->name));
        if (ent->title.len > 0) {
            buf_printf(page->out, "    %.*s: ", STR_ARG(ent->title));
        } else {
            buf_add(page->out, STR("    "));
        }
        buf_printf(page->out, "%.*s%s.\n", STR_ARG(ent->default_plan),
                   plan && plan->approval == APPROVAL_NONE      ? ", given without approval"
                   : plan && plan->approval == APPROVAL_MANAGER ? ", the manager approves it"
                                                                : ", an approver decides");
    }
}

void explain_text(const struct explain_input *in, struct buf *out)
{
    struct arena scratch;
    struct explain_page page = {in, out, &scratch};
    bool has_something = false;

    arena_init(&scratch, REPORT_SCRATCH);
    put_head(&page);
    for (size_t i = 0; i < in->policy->n_entitlements; i++) {
        const struct entitlement *ent = &in->policy->entitlements[i];

        if (!concerns(&page, ent->name))
            continue;
        has_something = true;
        put_entitlement(&page, ent->name, ent->title);
    }
    for (size_t i = 0; i < in->n_grants; i++) {
        if (!is_orphan(&page, i))
            continue;
        has_something = true;
        put_entitlement(&page, in->grants[i].entitlement, STR("no longer in the settings"));
    }
    if (!has_something)
        put_how_to_ask(&page);
    arena_fini(&scratch);
}

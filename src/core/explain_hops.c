#include "base/clock.h"
#include "base/utf8.h"
#include "core/explain_parts.h"

/* A seat's hops as a ladder, for somebody who never heard of hops. */

bool explain_has_ladder(const struct explain_seat *seat)
{
    for (size_t i = 0; i < seat->n_hops; i++) {
        const struct hop_state *hop = &seat->hops[i];

        if (hop->hop != HOP_OKTA && (hop->state != HOP_NOT_APPLICABLE || hop->since_ms != 0))
            return true;
    }
    return false;
}

static struct str title(const struct explain_page *page, const struct explain_seat *seat,
                        enum hop hop)
{
    struct str group = explain_shown(page, seat->group_name);

    switch (hop) {
    case HOP_OKTA:
        return arena_printf(page->arena, "member of the Okta group %.*s", STR_ARG(group));
    case HOP_USER: return STR("known to AWS IAM Identity Center");
    case HOP_PUSHED: return arena_printf(page->arena, "in the group %.*s there", STR_ARG(group));
    case HOP_SEAT:
        return arena_printf(page->arena, "subscribed to %.*s",
                            STR_ARG(explain_shown(page, seat->plan)));
    case HOP_IN_USE: return STR("in use");
    case HOP_COUNT: break;
    }
    return STR("step");
}

/* The step before that this one waits for: its number, or 0 when it waits for nothing but time. */
static size_t waits_for(const struct explain_seat *seat, size_t i)
{
    const struct hop_state *hop = &seat->hops[i];

    if ((hop->state != HOP_ON_ITS_WAY && hop->state != HOP_LEAVING) || hop->deadline_ms != 0)
        return 0;
    for (size_t k = 0; k < i; k++) {
        enum hop_word before = seat->hops[k].state;

        if (before != HOP_REACHED && before != HOP_NOT_APPLICABLE)
            return k + 1;
    }
    return 0;
}

static char mark(const struct hop_state *hop, size_t awaited)
{
    switch (hop->state) {
    case HOP_REACHED: return 'x';
    case HOP_ON_ITS_WAY: return awaited > 0 ? ' ' : '.';
    case HOP_LATE: return '!';
    case HOP_LEAVING: return hop->overdue ? '!' : '<';
    case HOP_UNKNOWN: return '?';
    case HOP_NOT_APPLICABLE: break;
    }
    return '-';
}

static const char *state_words(const struct hop_state *hop)
{
    switch (hop->state) {
    case HOP_REACHED: return "reached";
    case HOP_ON_ITS_WAY: return "on its way";
    case HOP_LATE: return "late";
    case HOP_LEAVING: return hop->overdue ? "still there" : "leaving";
    case HOP_UNKNOWN: return "not known";
    case HOP_NOT_APPLICABLE: break;
    }
    return hop->since_ms != 0 ? "gone" : "not followed here";
}

static void put_state(const struct explain_page *page, const struct hop_state *hop, size_t awaited)
{
    struct buf *out = page->out;

    if (awaited > 0 && hop->since_ms == 0) {
        buf_printf(out, "comes after step %zu\n", awaited);
        return;
    }
    buf_add(out, str_of(state_words(hop)));
    if (hop->since_ms != 0)
        buf_printf(out, ", since %.*s", STR_ARG(time_local_str(hop->since_ms, page->arena)));
    if (hop->deadline_ms != 0) {
        bool is_past = hop->state == HOP_LATE || hop->overdue;

        buf_printf(out, ", %s %.*s", is_past ? "was due" : "due by",
                   STR_ARG(time_local_str(hop->deadline_ms, page->arena)));
    }
    if (awaited > 0)
        buf_printf(out, ", comes after step %zu", awaited);
    buf_add_char(out, '\n');
}

#define BELOW "           " /* under the step's words */

static void put_estimate(const struct explain_page *page, const struct hop_state *hop)
{
    bool is_coming = hop->state == HOP_ON_ITS_WAY || hop->state == HOP_LATE;

    if (is_coming && hop->usual_ms != 0) {
        buf_printf(page->out, BELOW "Usually %.*s; 95 of 100 within %.*s.\n",
                   STR_ARG(hop_duration(hop->usual_ms, page->arena)),
                   STR_ARG(hop_duration(hop->at_most_ms, page->arena)));
    } else if (hop->state == HOP_ON_ITS_WAY && hop->deadline_ms != 0) {
        buf_printf(page->out, BELOW "No experience yet; late after %.*s.\n",
                   STR_ARG(duration_words(hop->deadline_ms - hop->since_ms, page->arena)));
    }
}

/* Causes and remedies are parts of sentences. */
static void put_sentence(const struct explain_page *page, const char *label, struct str text)
{
    buf_printf(page->out, "%s%.*s%s\n", label, STR_ARG(explain_shown(page, text)),
               str_ends(text, STR(".")) ? "" : ".");
}

static void put_reasons(const struct explain_page *page, const struct explain_seat *seat, size_t i,
                        size_t awaited)
{
    const struct hop_state *hop = &seat->hops[i];
    bool is_told = hop->why != HOP_CAUSE_NONE;

    if (hop->state == HOP_REACHED || hop->state == HOP_NOT_APPLICABLE)
        return;
    /* The same reason stands above already, at the step that comes first. */
    if (awaited > 0 && hop->why == seat->hops[awaited - 1].why)
        return;
    /* What only says "wait" is said by the step it waits for, or by the estimate. */
    if (!is_told && (awaited > 0 || (hop->state == HOP_ON_ITS_WAY && hop->usual_ms != 0)))
        return;
    if (hop->cause.len > 0)
        put_sentence(page, BELOW "Why: ", hop->cause);
    if (hop->remedy.len > 0)
        put_sentence(page, BELOW "What helps: ", hop->remedy);
}

void explain_put_ladder(const struct explain_page *page, const struct explain_seat *seat)
{
    size_t widest = 0;

    for (size_t i = 0; i < seat->n_hops; i++) {
        size_t width = utf8_width(title(page, seat, seat->hops[i].hop));

        widest = width > widest ? width : widest;
    }
    for (size_t i = 0; i < seat->n_hops; i++) {
        const struct hop_state *hop = &seat->hops[i];
        struct str words = title(page, seat, hop->hop);
        size_t awaited = waits_for(seat, i);

        buf_printf(page->out, "    [%c] %zu. %.*s%*s  ", mark(hop, awaited), i + 1, STR_ARG(words),
                   (int)(widest - utf8_width(words)), "");
        put_state(page, hop, awaited);
        put_estimate(page, hop);
        put_reasons(page, seat, i, awaited);
    }
}

/* ---- the next step ---- */

static bool needs_somebody(const struct hop_state *hop)
{
    return hop->state == HOP_LATE || hop->overdue;
}

static bool is_not_known(const struct hop_state *hop)
{
    return hop->state == HOP_UNKNOWN;
}

/* Known already, though nothing is late: no use in waiting for the deadline. */
static bool is_known_to_fail(const struct hop_state *hop)
{
    return hop->state == HOP_ON_ITS_WAY && hop->why != HOP_CAUSE_NONE && hop->remedy.len > 0;
}

static bool takes_its_time(const struct hop_state *hop)
{
    return (hop->state == HOP_ON_ITS_WAY || hop->state == HOP_LEAVING) && hop->deadline_ms != 0;
}

/* The first hop like that of any of the person's seats in the entitlement. */
static const struct hop_state *find_hop(const struct explain_page *page, struct str ent,
                                        bool (*fits)(const struct hop_state *hop))
{
    for (size_t i = 0; i < page->in->n_seats; i++) {
        const struct explain_seat *seat = &page->in->seats[i];

        if (!str_eq(seat->entitlement, ent) || !explain_has_ladder(seat))
            continue;
        for (size_t k = 0; k < seat->n_hops; k++) {
            if (fits(&seat->hops[k]))
                return &seat->hops[k];
        }
    }
    return NULL;
}

bool explain_put_next_hop(const struct explain_page *page, struct str entitlement)
{
    const struct hop_state *hop = find_hop(page, entitlement, needs_somebody);

    if (!hop)
        hop = find_hop(page, entitlement, is_known_to_fail);
    if (!hop)
        hop = find_hop(page, entitlement, is_not_known);
    if (hop && hop->remedy.len > 0) {
        put_sentence(page, "  Next: ", hop->remedy);
        return true;
    }
    hop = find_hop(page, entitlement, takes_its_time);
    if (!hop)
        return false;
    buf_printf(page->out,
               "  Next: nothing to do but wait; if it is not %s by %.*s, `seatkeeper explain %.*s` "
               "says what helps.\n",
               hop->state == HOP_LEAVING ? "gone" : "there",
               STR_ARG(time_local_str(hop->deadline_ms, page->arena)),
               STR_ARG(explain_who_word(page)));
    return true;
}

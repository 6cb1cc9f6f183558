#include "base/clock.h"
#include "core/intake_parts.h"

/* The year 9999 ends here: dates beyond it cannot be written, so nobody means them. */
#define FAR_MS INT64_C(253402300800000)

bool intake_is_far(int64_t ms)
{
    return ms > FAR_MS;
}

enum span_ask intake_span_asked(const struct request *request)
{
    if (request->until_ms != 0)
        return SPAN_UNTIL;
    return request->for_ms != 0 ? SPAN_FOR : SPAN_DEFAULT;
}

static int64_t add_span(int64_t from, int64_t span)
{
    if (span > FAR_MS || from > FAR_MS)
        return FAR_MS + 1;
    return from + span;
}

bool intake_span_within(const struct request *request, int64_t base, int64_t end_ms)
{
    int64_t end = 0;

    if (request->until_ms != 0) {
        end = request->until_ms;
    } else if (request->for_ms > 0) {
        end = add_span(base, request->for_ms);
    }
    return end > base && end <= end_ms;
}

static bool deny_span(struct asking *a, struct str reason)
{
    (void)intake_deny(a, "rule:duration", reason);
    return false;
}

static bool deny_too_long(struct asking *a, int64_t limit)
{
    struct arena *arena = a->arena;
    struct str most = duration_str(a->f->ent->max_duration_ms, arena);

    /* The day before the limit is the last whole one: a DATE that is accepted when asked for. */
    return deny_span(
        a, arena_printf(arena, "%.*s is given for at most %.*s: ask for an end on %.*s or earlier.",
                        STR_ARG(a->f->ent->name), STR_ARG(most),
                        STR_ARG(date_str(limit - TIME_DAY, arena))));
}

static bool check_asked_end(struct asking *a, int64_t until_ms, int64_t base, int64_t limit)
{
    struct arena *arena = a->arena;

    if (intake_is_far(until_ms))
        return deny_span(a, STR("The end asked for is no date that can be written."));
    if (until_ms <= a->now) {
        return deny_span(a, arena_printf(arena, "The end asked for, %.*s, has passed.",
                                         STR_ARG(intake_last_day(until_ms, arena))));
    }
    if (until_ms <= base && a->r->kind != REQUEST_RENEW) {
        return deny_span(a,
                         arena_printf(arena, "The end asked for, %.*s, is before the start, %.*s.",
                                      STR_ARG(intake_last_day(until_ms, arena)),
                                      STR_ARG(date_str(base, arena))));
    }
    if (until_ms > limit)
        return deny_too_long(a, limit);
    return true;
}

bool intake_span_end(struct asking *a, int64_t base, int64_t limit_from, int64_t *until_ms)
{
    const struct entitlement *ent = a->f->ent;
    int64_t limit = ent->max_duration_ms > 0 ? add_span(limit_from, ent->max_duration_ms) : FAR_MS;
    int64_t end;

    if (intake_is_far(base))
        return deny_span(a, STR("The start asked for is no date that can be written."));
    switch (intake_span_asked(a->r)) {
    case SPAN_UNTIL: end = a->r->until_ms; break;
    case SPAN_FOR:
        if (a->r->for_ms < 0)
            return deny_span(a, STR("The duration asked for is not one."));
        end = add_span(base, a->r->for_ms);
        break;
    case SPAN_DEFAULT:
    default:
        if (ent->default_duration_ms <= 0) {
            return deny_span(a, arena_printf(a->arena, "%.*s has no default duration: say an end.",
                                             STR_ARG(ent->name)));
        }
        end = add_span(base, ent->default_duration_ms);
        *until_ms = end < limit ? end : limit;
        return true;
    }
    if (!check_asked_end(a, end, base, limit))
        return false;
    *until_ms = end;
    return true;
}

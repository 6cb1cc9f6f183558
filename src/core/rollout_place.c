#include "core/rollout_place.h"

static bool applies(const struct hop_state *hops, enum hop hop)
{
    return hops && hops[hop].state != HOP_NOT_APPLICABLE;
}

static bool is_reached(const struct hop_state *hops, enum hop hop)
{
    return hops && hops[hop].state == HOP_REACHED;
}

bool rollout_sees_seat(const struct hop_state *hops)
{
    return applies(hops, HOP_SEAT);
}

/* The furthest hop that is looked at tells. */
static bool has_arrived(const struct rollout_sight *sight)
{
    if (!sight->is_listed || !sight->in_group || !sight->hops)
        return false;
    if (applies(sight->hops, HOP_SEAT))
        return is_reached(sight->hops, HOP_SEAT);
    return !applies(sight->hops, HOP_PUSHED) || is_reached(sight->hops, HOP_PUSHED);
}

/* How long a run saw it so, by a clock that did not jump meanwhile. */
static int64_t pushed_for(const struct rollout_sight *sight)
{
    int64_t since = sight->hops[HOP_PUSHED].since_ms;

    if (since < sight->steady_ms || since > sight->hops_seen_ms)
        since = sight->steady_ms;
    return sight->hops_seen_ms - since;
}

static bool is_proved(const struct rollout_sight *sight)
{
    if (applies(sight->hops, HOP_SEAT))
        return true;
    if (applies(sight->hops, HOP_PUSHED))
        return pushed_for(sight) >= ROLLOUT_PUSHED_MS;
    return sight->confirmed;
}

static bool is_refused(enum request_state state)
{
    return state == REQUEST_DENIED || state == REQUEST_LAPSED || state == REQUEST_CANCELLED;
}

static struct rollout_standing stand(enum rollout_place place, struct str why)
{
    return (struct rollout_standing){.place = place, .why = why};
}

struct rollout_standing rollout_stand(const struct rollout_sight *sight)
{
    bool is_under_way = sight->place == ROLLOUT_ASKED || sight->place == ROLLOUT_FAILED;

    /* Who failed may still arrive, or leave. */
    if (!is_under_way || !sight->is_filed) {
        return (struct rollout_standing){.place = sight->place,
                                         .arrived = sight->place == ROLLOUT_MOVED};
    }
    if (is_refused(sight->request_state))
        return stand(ROLLOUT_FAILED, sight->request_reason);
    if (sight->request_state != REQUEST_ACCEPTED)
        return stand(sight->place, (struct str){0});
    if (!sight->is_granted)
        return stand(ROLLOUT_GONE, sight->lost_why);
    if (has_arrived(sight)) {
        return (struct rollout_standing){.place = is_proved(sight) ? ROLLOUT_MOVED : sight->place,
                                         .arrived = true};
    }
    if (sight->place == ROLLOUT_FAILED ||
        sight->now_ms - sight->asked_at_ms >= ROLLOUT_ARRIVAL_MS) {
        return stand(ROLLOUT_FAILED, STR("did not arrive on the new plan within 2 days"));
    }
    return stand(ROLLOUT_ASKED, (struct str){0});
}

#include "engine/rollout_view.h"

#include "base/clock.h"
#include "base/map.h"
#include "core/desired.h"
#include "engine/follow.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"

#define MEMORY_MS (400 * TIME_DAY) /* grants that ended before this explain nothing any more */

struct viewer {
    struct rollout_view *view;
    const struct listing *listing;
    int64_t now_ms;
    struct arena *arena;
    struct map requests; /* by id -> const struct request */
    struct grant *grants;
    size_t n_grants;
    const struct hop_row *hops;
    size_t n_hops;
};

static bool load_requests(struct viewer *viewer, struct ledger *ledger, struct err *err)
{
    struct request_filter filter = {.entitlement = viewer->view->row.entitlement};
    const struct request *items;
    size_t n;

    if (!ledger_list_requests(ledger, &filter, viewer->arena, &items, &n, err))
        return false;
    struct request *copies = arena_array(viewer->arena, struct request, n);
    for (size_t i = 0; i < n; i++) {
        copies[i] = items[i];
        (void)map_put(&viewer->requests, viewer->arena, copies[i].id, &copies[i]);
    }
    return true;
}

/* ---- one person ---- */

/* What became of the grant that the rollout's request opened. */
static struct str why_lost(const struct viewer *viewer, const struct grant *grants, size_t n,
                           const struct rollout_member *member)
{
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(grants[i].request, member->request))
            continue;
        if (grants[i].ended_at == 0)
            return STR("the grant has run out");
        if (grants[i].end_cause == CAUSE_MOVED)
            return STR("has moved on to another plan");
        return arena_printf(viewer->arena, "the grant has ended (%s)",
                            cause_name(grants[i].end_cause));
    }
    return STR("the grant has ended");
}

static void see_grants(const struct viewer *viewer, const struct rollout_member *member,
                       struct rollout_sight *sight)
{
    const struct rollout_row *row = &viewer->view->row;
    size_t n;
    const struct grant *grants =
        grants_of(viewer->grants, viewer->n_grants, row->entitlement, member->person, &n);

    for (size_t i = 0; i < n; i++) {
        if (str_eq(grants[i].plan, row->to_plan) && grant_is_live(&grants[i], viewer->now_ms))
            sight->is_granted = true;
    }
    if (!sight->is_granted)
        sight->lost_why = why_lost(viewer, grants, n, member);
}

static void see_seat(const struct viewer *viewer, const struct rollout_member *member,
                     struct rollout_sight *sight)
{
    const struct rollout_row *row = &viewer->view->row;
    const struct hop_row *hops =
        follow_row(viewer->hops, viewer->n_hops, row->entitlement, row->to_plan, member->person);

    if (hops) {
        sight->hops = hops->states;
        sight->hops_seen_ms = hops->seen_at;
    }
    if (viewer->listing) {
        sight->is_listed = listing_is_sealed(viewer->listing);
        sight->in_group = listing_find(viewer->listing, member->person) != NULL;
    } else {
        sight->is_listed = true;
        sight->in_group = hops && hops->states[HOP_OKTA].state == HOP_REACHED;
    }
}

static struct rollout_sight see(const struct viewer *viewer, const struct rollout_member *member)
{
    const struct rollout_row *row = &viewer->view->row;
    const struct request *request = map_get(&viewer->requests, member->request);
    struct rollout_sight sight = {
        .place = member->place,
        .asked_at_ms = member->at,
        .confirmed = row->confirmed,
        .steady_ms = row->steady_since,
        .now_ms = viewer->now_ms,
    };

    if (request) {
        sight.is_filed = true;
        sight.request_state = request->state;
        sight.request_reason = request->state_reason;
        see_grants(viewer, member, &sight);
        see_seat(viewer, member, &sight);
    }
    return sight;
}

/* ---- all of them ---- */

size_t rollout_view_wave(const struct rollout_view *view, size_t place_in_order)
{
    for (size_t wave = 1; wave < view->n_waves; wave++) {
        if (rollout_reach(view->waves, view->n_waves, wave, view->n) > place_in_order)
            return wave;
    }
    return view->n_waves;
}

static void stand_all(const struct viewer *viewer)
{
    struct rollout_view *view = viewer->view;
    size_t newest = view->row.wave == 0
                        ? 0
                        : rollout_reach(view->waves, view->n_waves, view->row.wave - 1, view->n);
    bool sees_seat = false, some = false;

    for (size_t i = 0; i < view->n; i++) {
        struct rollout_sight sight = see(viewer, &view->members[i]);
        struct rollout_standing standing = rollout_stand(&sight);
        bool is_asked = standing.place == ROLLOUT_ASKED;
        view->standings[i] = standing;
        view->n_on_the_way += is_asked && !standing.arrived;
        sees_seat = sees_seat || rollout_sees_seat(sight.hops);
        some = some || (i >= newest && (is_asked || standing.place == ROLLOUT_MOVED));
    }
    view->needs_confirm = some && !sees_seat;
}

bool rollout_view_load(struct ledger *ledger, const struct rollout_row *row,
                       const struct listing *listing, int64_t now_ms, struct arena *arena,
                       struct rollout_view *out, struct err *err)
{
    struct rollout_view view = {.row = *row};
    struct viewer viewer = {.view = &view, .listing = listing, .now_ms = now_ms, .arena = arena};

    if (!rollout_parse_waves(row->waves, arena, &view.waves, &view.n_waves, err) ||
        !rollout_parse_halt(row->halt_on, &view.halt_on, err))
        return err_wrap(err, "rollout W%lld", (long long)row->number);
    if (!ledger_rollout_members(ledger, row->id, arena, &view.members, &view.n, err) ||
        !load_requests(&viewer, ledger, err) ||
        !ledger_load_grants(ledger, now_ms - MEMORY_MS, arena, &viewer.grants, &viewer.n_grants,
                            err) ||
        !ledger_load_hops(ledger, arena, &viewer.hops, &viewer.n_hops, err))
        return false;
    grants_sort(viewer.grants, viewer.n_grants);
    view.standings = arena_array(arena, struct rollout_standing, view.n);
    stand_all(&viewer);
    *out = view;
    return true;
}

struct rollout_facts rollout_view_facts(const struct rollout_view *view, int64_t now_ms,
                                        struct arena *arena)
{
    enum rollout_place *places = arena_array(arena, enum rollout_place, view->n);

    for (size_t i = 0; i < view->n; i++) {
        places[i] = view->standings[i].place;
        if (places[i] == ROLLOUT_FAILED && view->members[i].accepted)
            places[i] = ROLLOUT_GONE;
    }
    return (struct rollout_facts){
        .state = view->row.state,
        .waves = view->waves,
        .n_waves = view->n_waves,
        .wave = view->row.wave,
        .places = places,
        .n = view->n,
        .proved_at_ms = view->row.proved_at,
        .confirmed = view->row.confirmed,
        .needs_confirm = view->needs_confirm,
        .bake_ms = view->row.bake_ms,
        .halt_on = view->halt_on,
        .now_ms = now_ms,
    };
}

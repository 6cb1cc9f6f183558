#include "sim/sim_subs.h"

#include <stdlib.h>

#include "base/clock.h"
#include "sim/sim_subs_inside.h"

/* Profiles, and what happens by itself as time goes on. */

#define USUAL_REGION STR("us-east-1")

void *sim_subs_grow(void *items, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return items;
    *cap = *cap > 0 ? *cap * 2 : 4;
    items = realloc(items, *cap * size);
    if (!items)
        abort();
    return items;
}

void sim_subs_reset(struct sim *sim)
{
    struct sim_subs *subs = &sim->idc->subs;

    subs->lag = (struct sim_lag){5 * TIME_MINUTE, 6 * TIME_HOUR};
    subs->quirks.cancelled = STR("CANCELED");
    sim_subs_on_clock(sim);
    subs->clocks[0].from_ms = INT64_MIN;
    sim_subs_set_region(sim, USUAL_REGION);
}

void sim_subs_fini(struct sim_subs *subs)
{
    for (size_t i = 0; i < subs->n_seats; i++)
        free(subs->seats[i].steps);
    free(subs->claims);
    free(subs->sources);
    free(subs->seats);
    free(subs->heap);
    free(subs->never);
    free(subs->clocks);
    sim_index_fini(&subs->by_membership);
    sim_index_fini(&subs->by_user);
    *subs = (struct sim_subs){0};
}

void sim_subs_on_clock(struct sim *sim)
{
    struct sim_subs *subs = &sim->idc->subs;

    subs->clocks =
        sim_subs_grow(subs->clocks, subs->n_clocks, &subs->cap_clocks, sizeof(*subs->clocks));
    subs->clocks[subs->n_clocks++] =
        (struct sim_subs_clock){sim_boot(sim), sim_cloud(sim) - sim_boot(sim)};
}

/* ---- profiles ---- */

static struct sim_subs_profile make_profile(struct sim *sim, struct str region)
{
    const struct sim_idc *idc = sim->idc;

    return (struct sim_subs_profile){
        .region = sim_keep(sim, region),
        .arn = arena_printf(&sim->org, "arn:aws:codewhisperer:%.*s:%.*s:profile/%012llX",
                            STR_ARG(region), STR_ARG(idc->account),
                            (unsigned long long)sim_idc_noise(sim, 212, sim_hash(region)) &
                                0xffffffffffff),
    };
}

void sim_subs_set_region(struct sim *sim, struct str region)
{
    struct sim_subs *subs = &sim->idc->subs;

    if (subs->n_profiles > 0 && str_eq(subs->profiles[0].region, region))
        return;
    if (subs->n_profiles == 0) {
        subs->profiles = arena_new(&sim->org, struct sim_subs_profile);
        subs->n_profiles = 1;
    }
    subs->profiles[0] = make_profile(sim, region);
    sim_idc_usual_apps(sim);
}

void sim_subs_on_account(struct sim *sim)
{
    struct sim_subs *subs = &sim->idc->subs;

    for (size_t i = 0; i < subs->n_profiles; i++)
        subs->profiles[i] = make_profile(sim, subs->profiles[i].region);
    sim_idc_usual_apps(sim);
}

uint8_t sim_subs_find_profile(const struct sim *sim, struct str region)
{
    const struct sim_subs *subs = &sim->idc->subs;

    for (size_t i = 0; i < subs->n_profiles; i++) {
        if (str_eq(subs->profiles[i].region, region))
            return (uint8_t)i;
    }
    return UINT8_MAX;
}

uint8_t sim_subs_profile(struct sim *sim, struct str region)
{
    struct sim_subs *subs = &sim->idc->subs;
    uint8_t found = region.len > 0 ? sim_subs_find_profile(sim, region) : 0;
    struct sim_subs_profile *all;

    if (found != UINT8_MAX || subs->n_profiles >= UINT8_MAX)
        return found;
    all = arena_array(&sim->org, struct sim_subs_profile, subs->n_profiles + 1);
    for (size_t i = 0; i < subs->n_profiles; i++)
        all[i] = subs->profiles[i];
    all[subs->n_profiles] = make_profile(sim, region);
    subs->profiles = all;
    found = (uint8_t)subs->n_profiles++;
    sim_idc_usual_apps(sim);
    return found;
}

/* ---- what is due: a heap of the earliest ---- */

static bool is_before(const struct sim_subs_event *a, const struct sim_subs_event *b)
{
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms;
    return a->kind != b->kind ? a->kind < b->kind : a->number < b->number;
}

void sim_subs_event(struct sim *sim, enum sim_subs_event_kind kind, uint32_t number, int64_t at_ms)
{
    struct sim_subs *subs = &sim->idc->subs;
    struct sim_subs_event added = {.at_ms = at_ms, .number = number, .kind = (uint8_t)kind};
    size_t at = subs->n_heap;

    subs->heap = sim_subs_grow(subs->heap, subs->n_heap, &subs->cap_heap, sizeof(*subs->heap));
    subs->n_heap++;
    while (at > 0 && is_before(&added, &subs->heap[(at - 1) / 2])) {
        subs->heap[at] = subs->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    subs->heap[at] = added;
}

static struct sim_subs_event take_event(struct sim_subs *subs)
{
    struct sim_subs_event first = subs->heap[0];
    struct sim_subs_event last = subs->heap[--subs->n_heap];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= subs->n_heap)
            break;
        if (child + 1 < subs->n_heap && is_before(&subs->heap[child + 1], &subs->heap[child]))
            child++;
        if (!is_before(&subs->heap[child], &last))
            break;
        subs->heap[at] = subs->heap[child];
        at = child;
    }
    subs->heap[at] = last;
    return first;
}

static void set_able(struct sim *sim, uint32_t user, bool is_able, int64_t at_ms)
{
    size_t probe = sim_seat_probe(sim, user);
    uint32_t seat;

    sim->idc->store.users[user].is_unsubscribed = !is_able;
    while (sim_seat_next(sim, user, &probe, &seat))
        sim_seat_resolve(sim, seat, at_ms);
}

static void use_by_chance(struct sim *sim, uint32_t seat, int64_t at_ms)
{
    static const struct sim_step use = {.is_use = true};
    struct sim_seat *of = &sim->idc->subs.seats[seat];

    /* Another time was drawn since, or he is there no more. */
    if (of->use_ms != at_ms || of->user == SIM_NOBODY)
        return;
    of->use_ms = 0;
    sim_seat_step(sim, seat, &use, at_ms);
}

static void carry(struct sim *sim, const struct sim_subs_event *event)
{
    switch ((enum sim_subs_event_kind)event->kind) {
    case SIM_SUBS_OFF: set_able(sim, event->number, false, event->at_ms); break;
    case SIM_SUBS_ON: set_able(sim, event->number, true, event->at_ms); break;
    case SIM_SUBS_START: sim_source_start(sim, event->number, event->at_ms); break;
    case SIM_SUBS_END: sim_source_end(sim, event->number, event->at_ms); break;
    case SIM_SUBS_USE: use_by_chance(sim, event->number, event->at_ms); break;
    }
}

void sim_subs_settle(struct sim *sim)
{
    struct sim_subs *subs = &sim->idc->subs;
    int64_t now = sim_boot(sim);

    sim_scim_settle(sim);
    while (subs->n_heap > 0 && subs->heap[0].at_ms <= now) {
        struct sim_subs_event event = take_event(subs);

        carry(sim, &event);
    }
}

void sim_subs_on_able(struct sim *sim, uint32_t user, bool is_able, int64_t at_boot_ms)
{
    if (sim->idc->subs.quirks.disabled_cancels)
        sim_subs_event(sim, is_able ? SIM_SUBS_ON : SIM_SUBS_OFF, user, at_boot_ms);
}

/* Somebody sets Identity Center up anew: what was subscribed stays, is paid for, and belongs to
 * nobody (contract 6.7). */
void sim_subs_on_recreate(struct sim *sim)
{
    struct sim_subs *subs = &sim->idc->subs;

    sim_subs_settle(sim);
    for (uint32_t seat = 0; seat < subs->n_seats; seat++) {
        struct sim_seat *of = &subs->seats[seat];

        if (of->user == SIM_NOBODY)
            continue;
        of->stranger = sim_user_id(sim, of->user, &sim->org);
        of->user = SIM_NOBODY;
        of->first_source = 0;
        of->use_ms = 0;
    }
    for (size_t i = 0; i < subs->n_claims; i++) {
        if (subs->claims[i].gone_ms == 0)
            subs->claims[i].gone_ms = sim_boot(sim);
        subs->claims[i].first_source = 0;
    }
    for (size_t i = 0; i < subs->n_never; i++)
        subs->never[i].user = SIM_NOBODY;
    subs->n_heap = subs->n_sources = subs->n_unbound = 0;
    sim_index_fini(&subs->by_membership);
    sim_index_fini(&subs->by_user);
}

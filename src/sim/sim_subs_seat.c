#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "sim/sim_subs_inside.h"

/* Plans, and what a seat's steps come to. */

/* Contract 6.4. What a genuine seat of Q Developer Pro reads back as could not be established. */
static const struct sim_plan_row plans[SIM_PLANS] = {
    [SIM_PLAN_NONE] = {"", "", "", 0},
    [SIM_PLAN_Q_PRO] = {"q-pro", "Q_DEVELOPER_STANDALONE", "Q_DEVELOPER_STANDALONE", 1900},
    [SIM_PLAN_PRO] = {"kiro-pro", "KIRO_ENTERPRISE_PRO", "Q_DEVELOPER_STANDALONE_PRO", 2000},
    [SIM_PLAN_PRO_PLUS] = {"kiro-pro-plus", "KIRO_ENTERPRISE_PRO_PLUS",
                           "Q_DEVELOPER_STANDALONE_PRO_PLUS", 4000},
    [SIM_PLAN_PRO_MAX] = {"kiro-pro-max", "KIRO_ENTERPRISE_PRO_MAX",
                          "Q_DEVELOPER_STANDALONE_PRO_MAX", 10000},
    [SIM_PLAN_POWER] = {"kiro-power", "KIRO_ENTERPRISE_POWER", "Q_DEVELOPER_STANDALONE_POWER",
                        20000},
};

const struct sim_plan_row *sim_plan_row(enum sim_plan plan)
{
    return &plans[plan];
}

enum sim_plan sim_plan_named(struct str name)
{
    for (enum sim_plan plan = SIM_PLAN_Q_PRO; plan < SIM_PLANS; plan++) {
        if (str_is(name, plans[plan].name))
            return plan;
    }
    return SIM_PLAN_NONE;
}

struct str sim_plan_spelling(const struct sim *sim, enum sim_plan plan)
{
    struct str own = sim->idc->subs.spellings[plan];

    return own.len > 0 ? own : str_of(plans[plan].read);
}

enum sim_plan sim_plan_read(const struct sim *sim, struct str raw)
{
    for (enum sim_plan plan = SIM_PLAN_Q_PRO; plan < SIM_PLANS; plan++) {
        if (str_eq(raw, sim_plan_spelling(sim, plan)))
            return plan;
    }
    return SIM_PLAN_NONE;
}

enum sim_plan sim_plan_written(struct str raw)
{
    for (enum sim_plan plan = SIM_PLAN_Q_PRO; plan < SIM_PLANS; plan++) {
        if (str_is(raw, plans[plan].written))
            return plan;
    }
    return SIM_PLAN_NONE;
}

const char *sim_seat_status_name(enum sim_seat_status status)
{
    static const char *const names[] = {
        [SIM_SEAT_NONE] = "",
        [SIM_SEAT_PENDING] = "PENDING",
        [SIM_SEAT_ACTIVE] = "ACTIVE",
        [SIM_SEAT_CANCELED] = "CANCELED",
    };

    return names[status];
}

/* ---- what steps come to ---- */

static int64_t month_at(int64_t at_ms, int months_later)
{
    /* Rounded down, for times before 1970 too. */
    time_t seconds = (time_t)((at_ms - (at_ms % 1000 + 1000) % 1000) / 1000);
    struct tm day;

    gmtime_r(&seconds, &day);
    day.tm_mon += months_later;
    day.tm_mday = 1;
    day.tm_hour = day.tm_min = day.tm_sec = 0;
    return (int64_t)timegm(&day) * 1000;
}

int64_t sim_month_begin(int64_t at_ms)
{
    return month_at(at_ms, 0);
}

int64_t sim_month_end(int64_t at_ms)
{
    return month_at(at_ms, 1);
}

void sim_seat_turn(struct sim_seat_view *view, int64_t at_ms)
{
    if (view->status == SIM_SEAT_CANCELED && at_ms >= view->ends_ms) {
        *view = (struct sim_seat_view){0};
        return;
    }
    if (view->status == SIM_SEAT_ACTIVE && view->lower_ms > 0 && at_ms >= view->lower_ms) {
        view->active = view->plan;
        view->lower_ms = 0;
    }
}

/* An upgrade counts at once; a lower plan waits for the month to turn (contract 6.8). */
static void assign(struct sim_seat_view *view, const struct sim_step *step)
{
    if (view->status == SIM_SEAT_NONE)
        view->created_ms = step->at_ms;
    view->status = view->active == SIM_PLAN_NONE ? SIM_SEAT_PENDING : SIM_SEAT_ACTIVE;
    view->plan = (enum sim_plan)step->plan;
    view->claim = step->claim;
    view->via = step->via;
    view->ends_ms = 0;
    if (view->active == SIM_PLAN_NONE)
        return;
    view->lower_ms = view->plan < view->active ? sim_month_end(step->at_ms) : 0;
    if (view->plan > view->active)
        view->active = view->plan;
}

void sim_seat_take(struct sim_seat_view *view, const struct sim_step *step)
{
    sim_seat_turn(view, step->at_ms);
    if (step->is_use) {
        if (view->status != SIM_SEAT_PENDING)
            return;
        view->status = SIM_SEAT_ACTIVE;
        view->active = view->plan;
        view->activated_ms = step->at_ms;
        return;
    }
    if (step->plan != SIM_PLAN_NONE) {
        assign(view, step);
        return;
    }
    if (view->status == SIM_SEAT_NONE || view->status == SIM_SEAT_CANCELED)
        return;
    view->status = SIM_SEAT_CANCELED;
    view->ends_ms = sim_month_end(step->at_ms);
}

static struct sim_seat_view view_of(const struct sim *sim, uint32_t seat, int64_t shown_ms,
                                    int64_t at_ms)
{
    const struct sim_seat *of = &sim->idc->subs.seats[seat];
    struct sim_seat_view view = {0};

    for (uint32_t i = 0; i < of->n_steps && of->steps[i].shown_ms <= shown_ms; i++)
        sim_seat_take(&view, &of->steps[i]);
    sim_seat_turn(&view, at_ms);
    return view;
}

struct sim_seat_view sim_seat_now(const struct sim *sim, uint32_t seat)
{
    return view_of(sim, seat, INT64_MAX, sim_cloud(sim));
}

struct sim_seat_view sim_seat_listed(const struct sim *sim, uint32_t seat, int64_t stale_ms)
{
    return view_of(sim, seat, sim_boot(sim) - stale_ms, sim_cloud(sim) - stale_ms);
}

struct str sim_seat_user_id(const struct sim *sim, uint32_t seat, struct arena *arena)
{
    const struct sim_seat *of = &sim->idc->subs.seats[seat];

    return of->user == SIM_NOBODY ? of->stranger : sim_user_id(sim, of->user, arena);
}

/* ---- seats ---- */

size_t sim_seat_probe(const struct sim *sim, uint32_t user)
{
    return sim_index_start(&sim->idc->subs.by_user, user * UINT32_C(2654435761));
}

bool sim_seat_next(const struct sim *sim, uint32_t user, size_t *probe, uint32_t *seat)
{
    const struct sim_subs *subs = &sim->idc->subs;

    while (sim_index_next(&subs->by_user, user * UINT32_C(2654435761), probe, seat)) {
        if (subs->seats[*seat].user == user)
            return true;
    }
    return false;
}

uint32_t sim_seat_of(const struct sim *sim, uint32_t user, uint8_t profile)
{
    size_t probe = sim_seat_probe(sim, user);
    uint32_t seat;

    while (sim_seat_next(sim, user, &probe, &seat)) {
        if (sim->idc->subs.seats[seat].profile == profile)
            return seat;
    }
    return SIM_NOBODY;
}

uint32_t sim_seat_make(struct sim *sim, uint32_t user, uint8_t profile)
{
    struct sim_subs *subs = &sim->idc->subs;
    uint32_t seat = user != SIM_NOBODY ? sim_seat_of(sim, user, profile) : SIM_NOBODY;

    if (seat != SIM_NOBODY)
        return seat;
    seat = (uint32_t)subs->n_seats;
    subs->seats = sim_subs_grow(subs->seats, subs->n_seats, &subs->cap_seats, sizeof(*subs->seats));
    subs->seats[subs->n_seats++] = (struct sim_seat){.user = user, .profile = profile};
    if (user != SIM_NOBODY)
        sim_index_add(&subs->by_user, user * UINT32_C(2654435761), seat);
    return seat;
}

/* What the cloud's clock said then. */
static int64_t cloud_at(const struct sim_subs *subs, int64_t boot_ms)
{
    size_t i = subs->n_clocks;

    while (i > 1 && subs->clocks[i - 1].from_ms > boot_ms)
        i--;
    return boot_ms + subs->clocks[i - 1].ahead_ms;
}

void sim_seat_step(struct sim *sim, uint32_t seat, const struct sim_step *step, int64_t at_ms)
{
    struct sim_subs *subs = &sim->idc->subs;
    struct sim_seat *of = &subs->seats[seat];
    const struct sim_step *last = of->n_steps > 0 ? &of->steps[of->n_steps - 1] : NULL;
    struct sim_step added = *step;
    size_t cap = of->cap_steps;

    added.at_ms = cloud_at(subs, at_ms);
    added.shown_ms = at_ms + subs->stale_ms;
    /* Somebody who says by hand that something was so long ago does not change what was since. */
    if (last && added.shown_ms < last->shown_ms) {
        added.shown_ms = last->shown_ms;
        added.at_ms = last->at_ms;
    }
    of->steps = sim_subs_grow(of->steps, of->n_steps, &cap, sizeof(*of->steps));
    of->cap_steps = (uint32_t)cap;
    of->steps[of->n_steps++] = added;
}

/* The highest plan of what gives something now. */
static struct sim_step best_of(const struct sim *sim, const struct sim_seat *seat)
{
    const struct sim_subs *subs = &sim->idc->subs;
    struct sim_step best = {.plan = SIM_PLAN_NONE};
    const struct sim_store_user *user = &sim->idc->store.users[seat->user];

    if (seat->is_cut || user->is_deleted || user->is_unsubscribed)
        return best;
    for (uint32_t i = seat->first_source; i != 0; i = subs->sources[i - 1].of_seat) {
        const struct sim_source *source = &subs->sources[i - 1];
        uint8_t plan = subs->claims[source->claim].plan;

        if (source->state != SIM_SOURCE_ON)
            continue;
        best.via |= source->membership == SIM_NOBODY ? SIM_VIA_USER : SIM_VIA_GROUP;
        /* Of two that give the same, the older claim: the order of a chain is no reason. */
        if (plan > best.plan || (plan == best.plan && source->claim < best.claim)) {
            best.plan = plan;
            best.claim = source->claim;
        }
    }
    return best;
}

/* When somebody happens to use it first: each day has a chance of its own. */
static int64_t draw_use(const struct sim *sim, const struct sim_seat *seat, int64_t from_ms)
{
    const struct sim_subs *subs = &sim->idc->subs;
    int64_t first = from_ms / TIME_DAY - (from_ms % TIME_DAY < 0);

    for (int64_t day = first; subs->use_percent > 0 && day < first + 3660; day++) {
        uint64_t noise = sim_idc_noise(sim, 211,
                                       ((uint64_t)seat->user << 28) ^
                                           ((uint64_t)seat->profile << 20) ^ (uint64_t)day);
        int64_t at = day * TIME_DAY + (int64_t)((noise >> 8) % (uint64_t)TIME_DAY);

        if (noise % 100 < (uint64_t)subs->use_percent && at >= from_ms)
            return at;
    }
    return 0;
}

static void plan_use(struct sim *sim, uint32_t seat, const struct sim_step *step, int64_t at_ms)
{
    struct sim_seat *of = &sim->idc->subs.seats[seat];
    int64_t made_ms = sim->idc->subs.claims[step->claim].made_ms;

    /* What an organisation file says is so when it is loaded. */
    of->use_ms = draw_use(sim, of, at_ms > made_ms ? at_ms : made_ms);
    if (of->use_ms != 0)
        sim_subs_event(sim, SIM_SUBS_USE, seat, of->use_ms);
}

void sim_seat_resolve(struct sim *sim, uint32_t seat, int64_t at_ms)
{
    const struct sim_seat *of = &sim->idc->subs.seats[seat];
    struct sim_step best;
    struct sim_step last = {.plan = SIM_PLAN_NONE};

    if (of->user == SIM_NOBODY)
        return;
    best = best_of(sim, of);
    for (uint32_t i = of->n_steps; i-- > 0;) {
        if (!of->steps[i].is_use) {
            last = of->steps[i];
            break;
        }
    }
    if (best.plan == last.plan && best.via == last.via && best.claim == last.claim)
        return;
    if (best.plan == SIM_PLAN_NONE && last.plan == SIM_PLAN_NONE)
        return;
    sim_seat_step(sim, seat, &best, at_ms);
    if (best.plan != SIM_PLAN_NONE && last.plan == SIM_PLAN_NONE)
        plan_use(sim, seat, &best, at_ms);
}

void sim_subs_set_use(struct sim *sim, int64_t percent_a_day)
{
    struct sim_subs *subs = &sim->idc->subs;

    if (subs->use_percent == percent_a_day)
        return;
    subs->use_percent = percent_a_day;
    for (uint32_t seat = 0; seat < subs->n_seats; seat++) {
        struct sim_seat_view view = sim_seat_now(sim, seat);
        struct sim_step step = {.claim = view.claim};

        subs->seats[seat].use_ms = 0;
        if (view.status == SIM_SEAT_PENDING && subs->seats[seat].user != SIM_NOBODY)
            plan_use(sim, seat, &step, sim_boot(sim));
    }
}

bool sim_seat_use(struct sim *sim, uint32_t seat)
{
    static const struct sim_step use = {.is_use = true};
    struct sim_seat_view view = sim_seat_now(sim, seat);

    if (view.status == SIM_SEAT_PENDING)
        sim_seat_step(sim, seat, &use, sim_boot(sim));
    /* Access ends with the cancellation, whatever is paid for (contract 6.8: assume so). */
    return view.status == SIM_SEAT_PENDING || view.status == SIM_SEAT_ACTIVE;
}

#include <stdio.h>
#include <string.h>

#include "sim/sim_subs_inside.h"

/* Claims, and what each gives to whom: sources. */

static bool is_there(const struct sim_claim *claim)
{
    return claim->gone_ms == 0;
}

/* What was cancelled before the organisation was loaded gives nothing to newcomers. */
static bool is_live(const struct sim_claim *claim)
{
    return is_there(claim) && claim->began_as != SIM_SEAT_CANCELED;
}

static bool is_bound(const struct sim_claim *claim)
{
    return claim->group != SIM_NOBODY || claim->user != SIM_NOBODY;
}

/* ---- who gets nothing ---- */

bool sim_subs_is_never(const struct sim *sim, uint32_t user)
{
    const struct sim_subs *subs = &sim->idc->subs;
    uint32_t person = sim->idc->store.users[user].person;

    for (size_t i = 0; i < subs->n_never; i++) {
        const struct sim_subs_never *never = &subs->never[i];

        if (never->user == user || (person != SIM_NOBODY && never->person == person))
            return true;
    }
    return false;
}

int64_t sim_claim_lag(const struct sim *sim, const struct sim_source *source)
{
    const struct sim_lag *lag = &sim->idc->subs.claims[source->claim].lag;
    uint64_t number = (uint64_t)source->claim << 32 | source->membership;

    if (lag->least == SIM_NEVER)
        return SIM_NEVER;
    return lag->least +
           (int64_t)(sim_idc_noise(sim, 213, number) % (uint64_t)(lag->most - lag->least + 1));
}

/* ---- sources ---- */

/* Was this member there before the claim was? */
static bool was_before(const struct sim *sim, const struct sim_claim *claim, uint32_t membership)
{
    return membership < claim->n_before ||
           sim->idc->store.members[membership].shown_ms < claim->made_ms;
}

/* When it begins; SIM_NEVER. */
static int64_t start_of(const struct sim *sim, const struct sim_source *source)
{
    const struct sim_claim *claim = &sim->idc->subs.claims[source->claim];
    int64_t joined = INT64_MIN;
    bool was_there = true;
    int64_t lag;

    if (source->membership != SIM_NOBODY) {
        joined = sim->idc->store.members[source->membership].shown_ms;
        was_there = was_before(sim, claim, source->membership);
    }
    /* What an organisation file says of the members it brings is so, whatever the lag. */
    if (was_there && (claim->began_as != SIM_SEAT_NONE || source->membership == SIM_NOBODY))
        return joined > claim->since_ms ? joined : claim->since_ms;
    lag = sim_claim_lag(sim, source);
    if (lag == SIM_NEVER || sim_subs_is_never(sim, source->user))
        return SIM_NEVER;
    if (was_there && claim->since_ms < claim->made_ms)
        return joined > claim->since_ms ? joined : claim->since_ms;
    return (was_there ? claim->made_ms : joined) + lag;
}

static void add_source(struct sim *sim, uint32_t claim, uint32_t user, uint32_t membership)
{
    struct sim_subs *subs = &sim->idc->subs;
    uint32_t number = (uint32_t)subs->n_sources;
    uint32_t seat = sim_seat_make(sim, user, subs->claims[claim].profile);
    struct sim_source source = {
        .claim = claim,
        .user = user,
        .membership = membership,
        .seat = seat,
        .of_seat = subs->seats[seat].first_source,
        .of_claim = subs->claims[claim].first_source,
    };

    source.start_ms = start_of(sim, &source);
    source.state = source.start_ms == SIM_NEVER ? SIM_SOURCE_LOST : SIM_SOURCE_WAITING;
    if (membership == SIM_NOBODY || was_before(sim, &subs->claims[claim], membership))
        source.began_as = subs->claims[claim].began_as;
    subs->sources =
        sim_subs_grow(subs->sources, subs->n_sources, &subs->cap_sources, sizeof(*subs->sources));
    subs->sources[subs->n_sources++] = source;
    subs->seats[seat].first_source = number + 1;
    subs->claims[claim].first_source = number + 1;
    if (membership != SIM_NOBODY)
        sim_index_add(&subs->by_membership, membership * UINT32_C(2654435761), number);
    if (source.state == SIM_SOURCE_WAITING)
        sim_subs_event(sim, SIM_SUBS_START, number, source.start_ms);
}

void sim_source_start(struct sim *sim, uint32_t number, int64_t at_ms)
{
    struct sim_subs *subs = &sim->idc->subs;
    struct sim_source *source = &subs->sources[number];
    const struct sim_claim *claim = &subs->claims[source->claim];
    struct sim_seat *seat = &subs->seats[source->seat];
    bool is_used = source->began_as == SIM_SEAT_ACTIVE || claim->used_ms != 0;

    if (source->state != SIM_SOURCE_WAITING || source->start_ms != at_ms)
        return;
    source->state = SIM_SOURCE_ON;
    seat->is_cut = false;
    sim_seat_resolve(sim, source->seat, at_ms);
    if (source->began_as != SIM_SEAT_NONE && is_used) {
        seat->use_ms = claim->used_ms > at_ms ? claim->used_ms : at_ms;
        sim_subs_event(sim, SIM_SUBS_USE, source->seat, seat->use_ms);
    }
    if (source->began_as == SIM_SEAT_CANCELED)
        sim_subs_event(sim, SIM_SUBS_END, number, claim->made_ms);
}

void sim_source_end(struct sim *sim, uint32_t number, int64_t at_ms)
{
    struct sim_source *source = &sim->idc->subs.sources[number];

    if (source->state == SIM_SOURCE_OFF)
        return;
    source->state = SIM_SOURCE_OFF;
    sim_seat_resolve(sim, source->seat, at_ms);
}

/* ---- claims ---- */

static void bind_group(struct sim *sim, uint32_t number, uint32_t group)
{
    struct sim_claim *claim = &sim->idc->subs.claims[number];
    struct sim_store_group *of = &sim->idc->store.groups[group];

    claim->group = group;
    claim->of_group = of->first_claim;
    of->first_claim = number + 1;
    for (size_t i = 0; i < of->n; i++) {
        const struct sim_membership *member = &sim->idc->store.members[of->list[i]];

        if (member->gone_ms == 0 && member->user != SIM_NOBODY)
            add_source(sim, number, member->user, of->list[i]);
    }
}

static void bind_user(struct sim *sim, uint32_t number, uint32_t user)
{
    sim->idc->subs.claims[number].user = user;
    add_source(sim, number, user, SIM_NOBODY);
}

uint32_t sim_claim_add(struct sim *sim, const struct sim_claim *claim)
{
    struct sim_subs *subs = &sim->idc->subs;
    uint32_t number = (uint32_t)subs->n_claims;
    struct sim_claim added = *claim;

    added.made_ms = sim_boot(sim);
    added.shown_ms =
        (claim->since_ms < added.made_ms ? claim->since_ms : added.made_ms) + subs->stale_ms;
    added.gone_ms = 0;
    added.n_before = (uint32_t)sim->idc->store.n_members;
    added.of_group = added.first_source = 0;
    added.group = added.user = SIM_NOBODY;
    /* What is cancelled already gives nobody anything and is listed nowhere. */
    if (claim->began_as == SIM_SEAT_CANCELED)
        added.shown_ms = INT64_MAX;
    subs->claims =
        sim_subs_grow(subs->claims, subs->n_claims, &subs->cap_claims, sizeof(*subs->claims));
    subs->claims[subs->n_claims++] = added;
    if (claim->group != SIM_NOBODY) {
        bind_group(sim, number, claim->group);
    } else if (claim->user != SIM_NOBODY) {
        bind_user(sim, number, claim->user);
    } else {
        subs->n_unbound++;
    }
    return number;
}

void sim_claim_change(struct sim *sim, uint32_t claim, enum sim_plan plan)
{
    struct sim_subs *subs = &sim->idc->subs;

    subs->claims[claim].plan_before = subs->claims[claim].plan;
    subs->claims[claim].changed_ms = sim_boot(sim) + subs->stale_ms;
    subs->claims[claim].plan = (uint8_t)plan;
    subs->claims[claim].raw = (struct str){0};
    for (uint32_t i = subs->claims[claim].first_source; i != 0; i = subs->sources[i - 1].of_claim)
        sim_seat_resolve(sim, subs->sources[i - 1].seat, sim_boot(sim));
}

void sim_claim_drop(struct sim *sim, uint32_t number)
{
    struct sim_subs *subs = &sim->idc->subs;
    struct sim_claim *claim = &subs->claims[number];

    if (!is_there(claim))
        return;
    if (!is_bound(claim))
        subs->n_unbound--;
    claim->gone_ms = sim_boot(sim) + subs->stale_ms;
    for (uint32_t i = claim->first_source; i != 0; i = subs->sources[i - 1].of_claim)
        sim_source_end(sim, i - 1, sim_boot(sim));
}

uint32_t sim_claim_of_user(const struct sim *sim, uint32_t user, uint8_t profile)
{
    const struct sim_subs *subs = &sim->idc->subs;
    uint32_t seat = sim_seat_of(sim, user, profile);
    uint32_t i = seat != SIM_NOBODY ? subs->seats[seat].first_source : 0;

    for (; i != 0; i = subs->sources[i - 1].of_seat) {
        const struct sim_source *source = &subs->sources[i - 1];

        if (source->membership == SIM_NOBODY && source->state != SIM_SOURCE_OFF &&
            is_live(&subs->claims[source->claim]))
            return source->claim;
    }
    return SIM_NOBODY;
}

uint32_t sim_claim_of_group(const struct sim *sim, uint32_t group, uint8_t profile)
{
    const struct sim_subs *subs = &sim->idc->subs;

    for (uint32_t i = sim->idc->store.groups[group].first_claim; i != 0;
         i = subs->claims[i - 1].of_group) {
        if (is_live(&subs->claims[i - 1]) && subs->claims[i - 1].profile == profile)
            return i - 1;
    }
    return SIM_NOBODY;
}

/* Odd, so multiplying by it can be undone: an identifier tells its claim. */
#define SPREAD UINT32_C(2654435761)
#define GATHER UINT32_C(244002641)

static struct str write_identifier(const struct sim *sim, uint32_t claim, char out[128])
{
    struct str account = str_sub(sim->idc->account, 0, 40);
    uint64_t noise = sim_idc_noise(sim, 214, claim);
    int n = snprintf(
        out, 128, "arn:aws:user-subscriptions::%.*s:subscription/%08x-%04x-4%03x-a%03x-%012llx",
        STR_ARG(account), (claim * SPREAD) ^ (uint32_t)sim->seed, (unsigned)(noise >> 48),
        (unsigned)(noise >> 36) & 0xfff, (unsigned)(noise >> 24) & 0xfff,
        (unsigned long long)(noise * SPREAD) & 0xffffffffffff);

    return (struct str){out, (size_t)n};
}

struct str sim_claim_identifier(const struct sim *sim, uint32_t claim, struct arena *arena)
{
    char text[128];

    return arena_str(arena, write_identifier(sim, claim, text));
}

uint32_t sim_find_claim(const struct sim *sim, struct str identifier)
{
    const struct sim_subs *subs = &sim->idc->subs;
    struct str tail = identifier;
    char text[128];
    unsigned disguise;
    uint32_t claim;

    while (str_has(tail, '/'))
        (void)str_cut(&tail, '/');
    if (tail.len != 36)
        return SIM_NOBODY;
    memcpy(text, tail.ptr, 8);
    text[8] = '\0';
    /* NOLINTNEXTLINE(cert-err34-c): what comes of it is checked by writing the whole anew */
    if (sscanf(text, "%8x", &disguise) != 1)
        return SIM_NOBODY;
    claim = (disguise ^ (uint32_t)sim->seed) * GATHER;
    return claim < subs->n_claims && is_live(&subs->claims[claim]) &&
                   str_eq(write_identifier(sim, claim, text), identifier)
               ? claim
               : SIM_NOBODY;
}

/* ---- hooks of the store ---- */

static bool means(const struct sim *sim, const struct sim_claim *claim, uint32_t user)
{
    const struct sim_store_user *of = &sim->idc->store.users[user];

    if (claim->person != SIM_NOBODY)
        return claim->person == of->person;
    return str_ieq(claim->name, of->user_name) || str_eq(claim->name, of->id) ||
           str_eq(claim->name, of->external_id);
}

void sim_subs_on_user(struct sim *sim, uint32_t user)
{
    struct sim_subs *subs = &sim->idc->subs;

    for (uint32_t i = 0; subs->n_unbound > 0 && i < subs->n_claims; i++) {
        const struct sim_claim *claim = &subs->claims[i];

        if (claim->is_group || is_bound(claim) || !is_there(claim) || !means(sim, claim, user))
            continue;
        subs->n_unbound--;
        bind_user(sim, i, user);
    }
}

void sim_subs_on_group(struct sim *sim, uint32_t group)
{
    struct sim_subs *subs = &sim->idc->subs;
    const struct sim_store_group *of = &sim->idc->store.groups[group];

    for (uint32_t i = 0; subs->n_unbound > 0 && i < subs->n_claims; i++) {
        const struct sim_claim *claim = &subs->claims[i];

        if (!claim->is_group || is_bound(claim) || !is_there(claim) ||
            !(str_eq(claim->name, of->name) || str_eq(claim->name, of->id) ||
              str_eq(claim->name, of->external_id)))
            continue;
        subs->n_unbound--;
        bind_group(sim, i, group);
    }
}

void sim_subs_on_join(struct sim *sim, uint32_t membership)
{
    const struct sim_membership *member = &sim->idc->store.members[membership];
    uint32_t i = sim->idc->store.groups[member->group].first_claim;

    for (; i != 0 && member->user != SIM_NOBODY; i = sim->idc->subs.claims[i - 1].of_group) {
        if (is_live(&sim->idc->subs.claims[i - 1]))
            add_source(sim, i - 1, member->user, membership);
    }
}

void sim_subs_on_leave(struct sim *sim, uint32_t membership)
{
    const struct sim_subs *subs = &sim->idc->subs;
    const struct sim_membership *member = &sim->idc->store.members[membership];
    uint32_t hash = membership * UINT32_C(2654435761);
    size_t probe = sim_index_start(&subs->by_membership, hash);
    uint32_t source;

    if (sim->idc->store.groups[member->group].first_claim == 0)
        return;
    while (sim_index_next(&subs->by_membership, hash, &probe, &source)) {
        if (subs->sources[source].membership == membership)
            sim_subs_event(sim, SIM_SUBS_END, source, member->hidden_ms);
    }
}

void sim_subs_on_user_gone(struct sim *sim, uint32_t user)
{
    struct sim_subs *subs = &sim->idc->subs;
    size_t probe = sim_seat_probe(sim, user);
    uint32_t seat;

    while (sim_seat_next(sim, user, &probe, &seat)) {
        uint32_t claim = sim_claim_of_user(sim, user, subs->seats[seat].profile);

        if (claim != SIM_NOBODY)
            sim_claim_drop(sim, claim);
        sim_seat_resolve(sim, seat, sim_boot(sim));
    }
}

void sim_subs_on_group_gone(struct sim *sim, uint32_t group)
{
    for (uint32_t i = sim->idc->store.groups[group].first_claim; i != 0;
         i = sim->idc->subs.claims[i - 1].of_group)
        sim_claim_drop(sim, i - 1);
}

/* ---- by hand ---- */

void sim_seat_cut(struct sim *sim, uint32_t number)
{
    struct sim_subs *subs = &sim->idc->subs;
    uint32_t user = subs->seats[number].user;
    uint32_t claim;

    if (user == SIM_NOBODY)
        return;
    claim = sim_claim_of_user(sim, user, subs->seats[number].profile);
    subs->seats[number].is_cut = true;
    if (claim != SIM_NOBODY)
        sim_claim_drop(sim, claim);
    sim_seat_resolve(sim, number, sim_boot(sim));
}

static bool is_waiting(const struct sim_source *source)
{
    return source->membership != SIM_NOBODY &&
           (source->state == SIM_SOURCE_WAITING || source->state == SIM_SOURCE_LOST);
}

static void begin_at(struct sim *sim, uint32_t source, int64_t at_ms)
{
    sim->idc->subs.sources[source].state = SIM_SOURCE_WAITING;
    sim->idc->subs.sources[source].start_ms = at_ms;
    sim_subs_event(sim, SIM_SUBS_START, source, at_ms);
}

size_t sim_subs_arrive(struct sim *sim, uint32_t user)
{
    struct sim_subs *subs = &sim->idc->subs;
    size_t n = 0;

    for (uint32_t i = 0; i < subs->n_sources; i++) {
        if (!is_waiting(&subs->sources[i]) || (user != SIM_NOBODY && subs->sources[i].user != user))
            continue;
        begin_at(sim, i, sim_boot(sim));
        n++;
    }
    return n;
}

static void lose_source(struct sim *sim, uint32_t number, bool on)
{
    struct sim_source *source = &sim->idc->subs.sources[number];
    int64_t lag = sim_claim_lag(sim, source);

    if (!is_waiting(source))
        return;
    if (on) {
        source->state = SIM_SOURCE_LOST;
    } else if (source->state == SIM_SOURCE_LOST && lag != SIM_NEVER) {
        begin_at(sim, number, sim_boot(sim) + lag);
    }
}

void sim_subs_lose(struct sim *sim, uint32_t person, uint32_t user, bool on)
{
    struct sim_subs *subs = &sim->idc->subs;
    size_t kept = 0;

    for (size_t i = 0; i < subs->n_never; i++) {
        if (!(person != SIM_NOBODY && subs->never[i].person == person) &&
            !(user != SIM_NOBODY && subs->never[i].user == user))
            subs->never[kept++] = subs->never[i];
    }
    subs->n_never = kept;
    if (on) {
        subs->never =
            sim_subs_grow(subs->never, subs->n_never, &subs->cap_never, sizeof(*subs->never));
        subs->never[subs->n_never++] = (struct sim_subs_never){person, user};
    }
    for (uint32_t i = 0; user != SIM_NOBODY && i < subs->n_sources; i++) {
        if (subs->sources[i].user == user)
            lose_source(sim, i, on);
    }
}

void sim_seat_strange(struct sim *sim, struct str user_id, const struct sim_claim *like)
{
    uint32_t claim;
    uint32_t seat;
    struct sim_step step = {.plan = like->plan, .via = SIM_VIA_USER};
    static const struct sim_step use = {.is_use = true};
    static const struct sim_step end = {.plan = SIM_PLAN_NONE};
    struct sim_claim kept = *like;

    /* A claim that no list shows, for what it says of the plan. */
    kept.began_as = SIM_SEAT_CANCELED;
    kept.user = kept.group = SIM_NOBODY;
    claim = sim_claim_add(sim, &kept);
    sim_claim_drop(sim, claim);
    seat = sim_seat_make(sim, SIM_NOBODY, like->profile);
    step.claim = claim;
    sim->idc->subs.seats[seat].stranger = user_id;
    sim_seat_step(sim, seat, &step, like->since_ms);
    if (like->began_as == SIM_SEAT_ACTIVE || like->used_ms != 0)
        sim_seat_step(sim, seat, &use, like->used_ms != 0 ? like->used_ms : like->since_ms);
    if (like->began_as == SIM_SEAT_CANCELED)
        sim_seat_step(sim, seat, &end, sim_boot(sim));
}

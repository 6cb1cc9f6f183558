#include "engine/follow.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

/* The seats, what is known of each hop, and what has become of them. */

struct follower {
    const struct follow_input *in;
    struct arena *arena;
    int64_t now_ms;
    const struct hop_row *before;
    size_t n_before;
    VEC_OF(struct follow_seat) seats;
    struct lag up[HOP_COUNT], down[HOP_COUNT];
    int64_t last_arrival_ms;
    struct map ops; /* `group person` -> op of the plan */
};

/* ---- which seats there are ---- */

static const struct group_view *view_of(const struct decision *decision, struct str entitlement,
                                        struct str plan)
{
    for (size_t i = 0; i < decision->n_views; i++) {
        const struct group_view *view = &decision->views[i];
        if (view->role == GROUP_ROLE_PLAN && str_eq(view->ent->name, entitlement) &&
            str_eq(view->plan, plan))
            return view;
    }
    return NULL;
}

static int by_seat(const void *a, const void *b)
{
    const struct hop_row *x = a, *y = b;
    int order = str_cmp(x->entitlement, y->entitlement);

    if (order == 0)
        order = str_cmp(x->person, y->person);
    return order != 0 ? order : str_cmp(x->plan, y->plan);
}

const struct hop_row *follow_row(const struct hop_row *rows, size_t n, struct str entitlement,
                                 struct str plan, struct str person)
{
    const struct hop_row key = {.entitlement = entitlement, .plan = plan, .person = person};

    return n == 0 ? NULL : bsearch(&key, rows, n, sizeof(key), by_seat);
}

static const struct hop_row *row_before(const struct follower *follower, struct str entitlement,
                                        struct str plan, struct str person)
{
    return follow_row(follower->before, follower->n_before, entitlement, plan, person);
}

static void add_seat(struct follower *follower, const struct entitlement *ent, struct str plan,
                     struct str person, bool desired, int64_t owed_since_ms)
{
    const struct follow_input *in = follower->in;
    const struct person_facts *facts = roll_get(in->roll, person);
    struct follow_seat seat = {
        .entitlement = ent->name,
        .plan = plan,
        .person = person,
        .login = facts ? facts->person.login : person,
        .ent = ent,
        .view = view_of(in->decision, ent->name, plan),
        .there = store_group_of(in->store, ent->name, plan),
        .before = row_before(follower, ent->name, plan, person),
        .in = {.desired = desired, .owed_since_ms = owed_since_ms, .now_ms = follower->now_ms},
    };

    if (seat.before)
        memcpy(seat.in.memory, seat.before->memory, sizeof(seat.in.memory));
    VEC_PUSH(follower->arena, &follower->seats, seat);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Everybody desired. */
static void add_desired(struct follower *follower, const struct desired *desired)
{
    const struct follow_input *in = follower->in;

    for (size_t g = 0; g < desired->n; g++) {
        const struct desired_group *group = &desired->groups[g];
        for (size_t i = 0; i < group->people.n; i++) {
            struct standing standing = standing_of(
                &in->world->settings->policy, group->ent, group->plan, group->people.ids[i],
                in->grants, in->n_grants, &in->decision->facts, follower->now_ms, follower->arena);
            int64_t since = standing.grant
                                ? later(standing.grant->from_ms, standing.grant->created_at)
                                : follower->now_ms;
            add_seat(follower, group->ent, group->plan, group->people.ids[i], true, since);
        }
    }
}

static bool is_desired(const struct desired *desired, struct str entitlement, struct str plan,
                       struct str person)
{
    for (size_t g = 0; g < desired->n; g++) {
        const struct desired_group *group = &desired->groups[g];
        if (str_eq(group->ent->name, entitlement) && str_eq(group->plan, plan))
            return people_has(&group->people, person);
    }
    return false;
}

static void add_ended(struct follower *follower, const struct entitlement *ent, struct str plan,
                      struct str person)
{
    const struct follow_input *in = follower->in;
    struct standing standing =
        standing_of(&in->world->settings->policy, ent, plan, person, in->grants, in->n_grants,
                    &in->decision->facts, follower->now_ms, follower->arena);
    int64_t since = standing.has_history && !standing.wanted && standing.since_ms > 0
                        ? standing.since_ms
                        : follower->now_ms;

    add_seat(follower, ent, plan, person, false, since);
}

/* Seats that were followed and are not desired any more, and what we own without having followed
 * it: on their way out. */
static void add_leaving(struct follower *follower, const struct desired *desired)
{
    const struct follow_input *in = follower->in;

    for (size_t i = 0; i < follower->n_before; i++) {
        const struct hop_row *row = &follower->before[i];
        const struct entitlement *ent =
            policy_entitlement(&in->world->settings->policy, row->entitlement);
        if (ent && entitlement_plan(ent, row->plan) &&
            !is_desired(desired, row->entitlement, row->plan, row->person))
            add_ended(follower, ent, row->plan, row->person);
    }
    for (size_t v = 0; v < in->decision->n_views; v++) {
        const struct group_view *view = &in->decision->views[v];
        if (view->role != GROUP_ROLE_PLAN)
            continue;
        for (size_t i = 0; i < view->baseline->n; i++) {
            struct str person = view->baseline->people[i].person;
            if (baseline_owns(view->baseline, person) &&
                !is_desired(desired, view->ent->name, view->plan, person) &&
                !row_before(follower, view->ent->name, view->plan, person))
                add_ended(follower, view->ent, view->plan, person);
        }
    }
}

/* ---- what this run saw of the hops ---- */

static struct str op_key(struct str group, struct str person, struct arena *arena)
{
    return arena_printf(arena, "%.*s %.*s", STR_ARG(group), STR_ARG(person));
}

static void index_ops(struct follower *follower)
{
    const struct plan *plan = &follower->in->decision->plan;
    size_t *numbers = arena_array(follower->arena, size_t, plan->n);

    for (size_t i = 0; i < plan->n; i++) {
        numbers[i] = i;
        map_put(&follower->ops, follower->arena,
                op_key(plan->ops[i].group, plan->ops[i].person, follower->arena), &numbers[i]);
    }
}

/* The op of this run about that membership; NULL when there is none. */
static const size_t *op_about(const struct follower *follower, struct str group, struct str person)
{
    return map_get(&follower->ops, op_key(group, person, follower->arena));
}

/* The listing this run decided on, and what it has proved of its own writes since. */
static bool is_member_now(const struct follower *follower, struct str group,
                          const struct listing *listing, struct str person)
{
    const struct follow_input *in = follower->in;
    const size_t *op = op_about(follower, group, person);

    if (op && in->applied && in->applied->states[*op] == OP_DONE)
        return op_is_add(in->decision->plan.ops[*op].kind);
    return listing_is_sealed(listing) && listing_find(listing, person);
}

static struct str hold_of(const struct follower *follower, struct str group, struct str person)
{
    const size_t *op = op_about(follower, group, person);
    const struct guard_hold *hold =
        op ? guard_first_hold(&follower->in->decision->verdict, *op) : NULL;

    return hold ? hold->reason : (struct str){0};
}

static struct hop_sight unreadable(struct str why)
{
    return (struct hop_sight){.applies = true,
                              .why = HOP_CAUSE_UNREADABLE,
                              .cause = why,
                              .remedy = STR("`seatkeeper doctor` says which remote is away")};
}

static struct hop_sight see_okta(const struct follower *follower, const struct follow_seat *seat)
{
    if (!seat->view || !listing_is_sealed(seat->view->listing))
        return unreadable(seat->view && seat->view->listing->why.len > 0
                              ? seat->view->listing->why
                              : STR("the group's members could not be read"));
    return (struct hop_sight){
        .applies = true,
        .readable = true,
        .is_there = is_member_now(follower, seat->view->id, seat->view->listing, seat->person),
    };
}

static bool is_followed_there(const struct follow_input *in, const struct follow_seat *seat)
{
    return in->store->wanted && seat->ent->provisioning != PROVISIONING_NONE;
}

static struct hop_sight see_user(const struct follow_input *in, const struct follow_seat *seat)
{
    const struct idc_user_row *row;

    if (!is_followed_there(in, seat))
        return (struct hop_sight){0};
    if (!in->store->ok)
        return unreadable(in->store->why);
    row = map_get(&in->store->by_person, seat->person);
    return (struct hop_sight){
        .applies = true,
        .readable = true,
        .is_there = row && !str_is(row->status, "disabled"),
        .why = row && str_is(row->status, "disabled") ? HOP_CAUSE_DISABLED : HOP_CAUSE_NONE,
    };
}

static struct hop_sight see_pushed(const struct follower *follower, const struct follow_seat *seat)
{
    const struct follow_input *in = follower->in;
    const struct listing *listing;
    struct hop_sight sight = {.applies = true, .readable = true};

    if (!is_followed_there(in, seat))
        return (struct hop_sight){0};
    if (!in->store->ok || !seat->there)
        return unreadable(in->store->ok ? STR("the group was not found in Okta") : in->store->why);
    listing = seat->there->listing;
    if (listing->state == LISTING_UNKNOWN)
        return unreadable(listing->why);
    sight.is_there = is_member_now(follower, seat->there->group.id, listing, seat->person);
    /* What this program writes itself waits for its own reasons. */
    struct str held = hold_of(follower, seat->there->group.id, seat->person);
    if (seat->there->direct) {
        sight.why = held.len > 0 ? HOP_CAUSE_HELD : HOP_CAUSE_NONE;
        sight.cause = held.len > 0 ? held : STR("a run of this program writes it");
        sight.remedy = STR("`seatkeeper plan` shows what holds it and the command that goes on");
    }
    return sight;
}

/* Subscribed to this very plan; and used. Without subscriptions being looked at neither applies. */
static void see_subscription(const struct follow_input *in, struct follow_seat *seat)
{
    struct hop_sight *subscribed = &seat->in.sights[HOP_SEAT];
    struct hop_sight *in_use = &seat->in.sights[HOP_IN_USE];

    if (!in->world->subs || !is_followed_there(in, seat))
        return;
    if (!in->subs->ok) {
        *subscribed = *in_use = unreadable(in->store->ok ? in->subs->why : in->store->why);
        return;
    }
    struct subs_sight sight = subs_of(in->world, in->store, in->subs, seat->person);
    if (sight.seat && !sight.plan) {
        *subscribed = *in_use = unreadable(
            arena_printf(in->roll->arena,
                         "the subscription service calls the person's plan `%.*s`, and nobody has "
                         "said which plan that is",
                         STR_ARG(sight.seat->raw)));
        subscribed->remedy = in_use->remedy =
            STR("map it under `catalogue.plans[].read_as` in the settings");
        return;
    }
    bool is_plan = sight.plan && str_eq(sight.plan->plan, seat->plan);
    *subscribed = (struct hop_sight){
        .applies = true,
        .readable = true,
        .is_there = is_plan && sight.seat->status != SUBS_CANCELED,
    };
    *in_use = (struct hop_sight){
        .applies = true,
        .readable = true,
        .is_there = is_plan && sight.seat->status == SUBS_ACTIVE,
    };
}

static void see(const struct follower *follower, struct follow_seat *seat)
{
    const struct follow_input *in = follower->in;
    struct hops_input *hops = &seat->in;
    int64_t floor = 2 * in->world->settings->policy.every_ms;
    const int64_t configured[HOP_COUNT] = {
        [HOP_OKTA] = seat->ent->okta_deadline_ms > 0 ? seat->ent->okta_deadline_ms : floor,
        [HOP_USER] = seat->ent->user_deadline_ms,
        [HOP_PUSHED] = seat->ent->pushed_deadline_ms,
        [HOP_SEAT] = seat->ent->seat_deadline_ms,
    };

    hops->sights[HOP_OKTA] = see_okta(follower, seat);
    hops->sights[HOP_USER] = see_user(in, seat);
    hops->sights[HOP_PUSHED] = see_pushed(follower, seat);
    see_subscription(in, seat);
    if (seat->view)
        hops->held_why = hold_of(follower, seat->view->id, seat->person);
    for (int hop = 0; hop < HOP_COUNT; hop++) {
        const struct lag *lag = hops->desired ? &follower->up[hop] : &follower->down[hop];
        hops->deadline_ms[hop] =
            hop == HOP_OKTA ? configured[hop] : lag_deadline(configured[hop], lag, floor);
        hops->up[hop] = lag;
    }
}

/* ---- the outcome ---- */

static void take_result(struct follower *follower, const struct follow_seat *seat, bool broken,
                        struct followed *out)
{
    struct hop_row row = {.person = seat->person,
                          .entitlement = seat->entitlement,
                          .plan = seat->plan,
                          .desired = seat->in.desired,
                          .seen_at = follower->now_ms};

    memcpy(row.states, seat->result.states, sizeof(row.states));
    memcpy(row.memory, seat->result.memory, sizeof(row.memory));
    if (!seat->result.is_ended) {
        out->rows[out->n_rows++] = row;
    } else if (seat->before) {
        out->gone[out->n_gone++] = row;
    }
    for (size_t i = 0; i < seat->result.n_arrivals; i++) {
        const struct hop_arrival *arrival = &seat->result.arrivals[i];
        out->lags[out->n_lags++] = (struct lag_sample){arrival->hop, arrival->up, arrival->lag_ms,
                                                       follower->now_ms, broken};
        if (arrival->up && arrival->hop == HOP_PUSHED)
            follower->last_arrival_ms = follower->now_ms;
    }
}

/* Its subscription's clock runs from when the person was seen in the group over there. */
static void note_subscribed(const struct follow_seat *seat, struct followed *out)
{
    const struct hop_memory *pushed = &seat->result.memory[HOP_PUSHED];

    if (seat->result.is_ended || !seat->in.sights[HOP_SEAT].applies)
        return;
    out->subscribed[out->n_subscribed++] = (struct sub_seat){
        .person = seat->person,
        .login = seat->login,
        .entitlement = seat->entitlement,
        .plan = seat->plan,
        .desired = seat->in.desired,
        .since_ms = pushed->state == HOP_REACHED ? pushed->since_ms : 0,
        .deadline_ms = seat->in.deadline_ms[HOP_SEAT],
    };
}

/* Is SCIM in trouble at the moment? What arrives out of such a time teaches nothing. */
static bool is_broken(const struct follow_input *in, bool *out, struct err *err)
{
    const struct finding_row *rows;
    size_t n;

    *out = false;
    if (!ledger_load_findings(in->world->ledger, true, in->roll->arena, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        *out |= rows[i].finding.kind == FINDING_SCIM_BROKEN && rows[i].resolved_at == 0;
    return true;
}

static bool is_pushing(const struct follow_input *in)
{
    const struct policy *policy = &in->world->settings->policy;

    for (size_t i = 0; i < policy->n_entitlements; i++) {
        if (policy->entitlements[i].provisioning == PROVISIONING_SCIM)
            return true;
    }
    return false;
}

static void make_findings_of(struct follower *follower, const struct push_evidence *evidence,
                             struct followed *out)
{
    const struct follow_input *in = follower->in;
    struct hop_seat *seats = arena_array(follower->arena, struct hop_seat, follower->seats.n);
    struct hop_state(*states)[HOP_COUNT] =
        arena_alloc(follower->arena, (follower->seats.n + 1) * sizeof(*states), 8);
    struct scim_facts scim = {
        .configured = in->store->wanted && is_pushing(in),
        .token_expires_ms = settings_scim_token_expires_ms(in->world->settings),
        .last_arrival_ms = follower->last_arrival_ms,
        .now_ms = follower->now_ms,
    };

    for (size_t i = 0; i < evidence->log.n; i++) {
        const struct okta_push_event *event = &evidence->log.events[i];
        if (event->is_ignored ||
            (event->app.len > 0 && !str_eq(event->app, in->world->settings->okta.scim_app_id)))
            continue;
        scim.push_failure = event->message;
        scim.push_failure_ms = event->published_ms;
    }
    for (size_t i = 0; i < follower->seats.n; i++) {
        const struct follow_seat *seat = &follower->seats.items[i];
        memcpy(states[i], seat->result.states, sizeof(states[i]));
        /* Our own hop has findings of its own: missing_member, overdue_removal, what is held. */
        states[i][HOP_OKTA] = (struct hop_state){.hop = HOP_OKTA, .state = HOP_NOT_APPLICABLE};
        seats[i] = (struct hop_seat){
            .entitlement = seat->entitlement,
            .plan = seat->plan,
            .person = seat->person,
            .login = seat->login,
            .group = seat->view ? seat->view->id : (struct str){0},
            .group_name = seat->view ? seat->view->name : (struct str){0},
            .states = states[i],
            .desired = seat->in.desired,
        };
        const struct catalogue_plan *row =
            catalogue_plan(&in->world->settings->policy.catalogue, seat->plan);
        seats[i].cost_minor = row ? row->price_minor : 0;
    }
    hop_findings(seats, follower->seats.n, &scim, follower->arena, &out->findings,
                 &out->n_findings);
}

static bool load(struct follower *follower, struct err *err)
{
    struct ledger *ledger = follower->in->world->ledger;

    if (!ledger_load_hops(ledger, follower->arena, &follower->before, &follower->n_before, err))
        return false;
    for (int hop = HOP_USER; hop <= HOP_SEAT; hop++) {
        int64_t newest;
        if (!ledger_learned_lag(ledger, (enum hop)hop, true, follower->arena, &follower->up[hop],
                                &newest, err))
            return false;
        if (hop == HOP_PUSHED)
            follower->last_arrival_ms = newest;
        if (!ledger_learned_lag(ledger, (enum hop)hop, false, follower->arena, &follower->down[hop],
                                &newest, err))
            return false;
    }
    return true;
}

bool follow_seats(const struct follow_input *in, struct arena *arena, struct followed *out,
                  struct err *err)
{
    struct follower follower = {.in = in, .arena = arena, .now_ms = clock_now(in->world->clock)};
    const struct policy *policy = &in->world->settings->policy;
    struct desired desired =
        desired_at(policy, in->grants, in->n_grants, &in->decision->facts, follower.now_ms, arena);
    struct push_evidence evidence;
    bool broken;

    *out = (struct followed){0};
    if (!load(&follower, err) || !is_broken(in, &broken, err))
        return false;
    index_ops(&follower);
    add_desired(&follower, &desired);
    add_leaving(&follower, &desired);
    size_t n = follower.seats.n;
    for (size_t i = 0; i < n; i++) {
        see(&follower, &follower.seats.items[i]);
        follower.seats.items[i].result = hops_see(&follower.seats.items[i].in);
    }
    if (!follow_evidence(in, follower.seats.items, n, arena, &evidence, err))
        return false;
    out->rows = arena_array(arena, struct hop_row, n);
    out->gone = arena_array(arena, struct hop_row, n);
    out->lags = arena_array(arena, struct lag_sample, n * HOP_COUNT);
    out->subscribed = arena_array(arena, struct sub_seat, n);
    for (size_t i = 0; i < n; i++) {
        struct follow_seat *seat = &follower.seats.items[i];
        follow_diagnose(in, seat, &evidence, arena);
        seat->result = hops_see(&seat->in);
        take_result(&follower, seat, broken, out);
        note_subscribed(seat, out);
    }
    make_findings_of(&follower, &evidence, out);
    return true;
}

bool follow_remember(const struct world *world, const struct followed *followed, struct err *err)
{
    return ledger_store_hops(world->ledger, followed->rows, followed->n_rows, followed->gone,
                             followed->n_gone, err) &&
           ledger_add_lags(world->ledger, followed->lags, followed->n_lags, err);
}

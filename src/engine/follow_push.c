#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/follow.h"

/* Why something has not arrived: what Okta says about the application, the mapping and its own
 * failures. Asked only where something is missing. */

#define ASK_MOST    100 /* people whose assignment is asked for in one run; the longest waiting */
#define LOG_BACK    TIME_DAY
#define CLOCK_SLACK (5 * TIME_MINUTE)

/* Is the seat desired, in the Okta group, and not at that hop? */
static bool misses(const struct follow_seat *seat, enum hop hop)
{
    const struct hop_sight *sight = &seat->in.sights[hop];

    return seat->in.desired && sight->applies && sight->readable && !sight->is_there &&
           seat->in.sights[HOP_OKTA].is_there;
}

static bool is_pushed(const struct follow_seat *seat)
{
    return seat->ent->provisioning == PROVISIONING_SCIM;
}

/* Users come from Okta whoever writes the groups. */
static bool misses_push(const struct follow_seat *seat)
{
    return misses(seat, HOP_USER) || (is_pushed(seat) && misses(seat, HOP_PUSHED));
}

/* Who has waited longest first. */
static int by_waiting(const void *a, const void *b)
{
    const struct follow_seat *const *x = a;
    const struct follow_seat *const *y = b;
    int64_t sx = (*x)->in.owed_since_ms, sy = (*y)->in.owed_since_ms;

    return sx != sy ? (sx < sy ? -1 : 1) : str_cmp((*x)->person, (*y)->person);
}

static bool ask_assigned(const struct follow_input *in, const struct follow_seat *seats, size_t n,
                         struct arena *arena, struct push_evidence *out, struct err *err)
{
    const struct follow_seat **missing = arena_array(arena, const struct follow_seat *, n);
    struct str *people = arena_array(arena, struct str, n);
    size_t n_people = 0;

    for (size_t i = 0; i < n; i++) {
        if (misses_push(&seats[i]))
            missing[n_people++] = &seats[i];
    }
    if (n_people > 1)
        qsort(missing, n_people, sizeof(missing[0]), by_waiting);
    if (n_people > ASK_MOST)
        n_people = ASK_MOST;
    for (size_t i = 0; i < n_people; i++)
        people[i] = missing[i]->person;
    n_people = str_sort_unique(people, n_people);
    struct okta_assigned *assigned = arena_array(arena, struct okta_assigned, n_people);
    if (n_people == 0)
        return true;
    if (!okta_app_users(in->world->okta, in->world->settings->okta.scim_app_id, people, n_people,
                        arena, assigned, err))
        return false;
    for (size_t i = 0; i < n_people; i++)
        map_put(&out->assigned, arena, people[i], &assigned[i]);
    return roll_read_anew(in->roll, people, n_people, &out->people, err);
}

/* Which of these pushed groups also assign people to the application? */
static bool ask_assigning(const struct follow_input *in, struct str *ids, size_t n,
                          struct arena *arena, struct push_evidence *out, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct okta_apps apps;
        if (!okta_group_apps(in->world->okta, ids[i], arena, &apps, err))
            return false;
        for (size_t k = 0; apps.answer == OKTA_FOUND && k < apps.n; k++) {
            if (str_eq(apps.apps[k].id, in->world->settings->okta.scim_app_id))
                map_put(&out->assigning, arena, ids[i], &ids[i]);
        }
    }
    return true;
}

static bool ask_mappings(const struct follow_input *in, const struct follow_seat *seats, size_t n,
                         struct arena *arena, struct push_evidence *out, struct err *err)
{
    struct str *ids = arena_array(arena, struct str, n);
    struct str *names = arena_array(arena, struct str, n);
    size_t n_ids = 0, n_names = 0;

    for (size_t i = 0; i < n; i++) {
        if (!seats[i].view || !is_pushed(&seats[i]) || !misses(&seats[i], HOP_PUSHED))
            continue;
        ids[n_ids++] = seats[i].view->id;
        names[n_names++] = seats[i].view->name;
    }
    n_ids = str_sort_unique(ids, n_ids);
    n_names = str_sort_unique(names, n_names);
    if (n_ids == 0)
        return true;
    struct okta_push *pushes = arena_array(arena, struct okta_push, n_ids);
    struct identity_group *groups = arena_array(arena, struct identity_group, n_names);
    if (!okta_group_pushes(in->world->okta, in->world->settings->okta.scim_app_id, ids, n_ids,
                           arena, pushes, err) ||
        !identity_find_groups(in->store->identity, names, n_names, arena, groups, err))
        return false;
    for (size_t i = 0; i < n_ids; i++)
        map_put(&out->pushes, arena, ids[i], &pushes[i]);
    for (size_t i = 0; i < n_names; i++)
        map_put(&out->by_hand, arena, names[i], &groups[i]);
    return ask_assigning(in, ids, n_ids, arena, out, err);
}

static bool ask_all(const struct follow_input *in, const struct follow_seat *seats, size_t n,
                    struct arena *arena, struct push_evidence *out, struct err *err)
{
    int64_t since = clock_now(in->world->clock) - LOG_BACK;

    return ask_assigned(in, seats, n, arena, out, err) &&
           ask_mappings(in, seats, n, arena, out, err) &&
           okta_poll_pushes(in->world->okta, since, arena, &out->log, err);
}

bool follow_evidence(const struct follow_input *in, struct follow_seat *seats, size_t n,
                     struct arena *arena, struct push_evidence *out, struct err *err)
{
    struct err why = {0};
    bool any = false;

    *out = (struct push_evidence){0};
    for (size_t i = 0; i < n; i++) {
        any |= misses_push(&seats[i]);
    }
    if (!any || in->world->settings->okta.scim_app_id.len == 0)
        return true;
    if (ask_all(in, seats, n, arena, out, &why)) {
        out->asked = true;
        return true;
    }
    if (why.kind == ERR_CANCELLED) {
        *err = why;
        return false;
    }
    /* Causes are a help; without them a late hop is told without its cause. */
    struct str text = str_of(why.msg);
    log_info("push.unread", "why=%s", log_q(&text));
    return true;
}

static enum known known_of(enum okta_answer answer)
{
    return answer == OKTA_FOUND ? KNOWN_YES : answer == OKTA_NONE ? KNOWN_NO : KNOWN_NOT;
}

static void tell_mapping(const struct okta_push *push, struct hop_evidence *evidence)
{
    if (!push)
        return;
    if (push->answer == OKTA_NONE)
        evidence->push = PUSH_NONE;
    if (push->answer != OKTA_FOUND)
        return;
    evidence->push_error = push->error;
    evidence->push = str_is(push->status, "ACTIVE")     ? PUSH_ACTIVE
                     : str_is(push->status, "INACTIVE") ? PUSH_INACTIVE
                     : str_is(push->status, "ERROR")    ? PUSH_ERROR
                                                        : PUSH_UNKNOWN;
}

/* Failures since the person's hop is waited for; the newest last. */
static void tell_log(const struct push_evidence *all, const struct follow_seat *seat,
                     struct str app, struct hop_evidence *evidence)
{
    for (size_t i = 0; i < all->log.n; i++) {
        const struct okta_push_event *event = &all->log.events[i];
        if (event->app.len > 0 && !str_eq(event->app, app))
            continue;
        bool of_group = seat->view && str_eq(event->group, seat->view->id);
        bool of_person = event->person.len > 0 && str_eq(event->person, seat->person);
        if (event->is_ignored) {
            evidence->ignored |= of_person;
        } else if ((of_group && event->person.len == 0) || of_person) {
            evidence->push_failure = event->message;
            evidence->push_failure_ms = event->published_ms;
        }
    }
}

static void tell_person(const struct follow_input *in, const struct push_evidence *all,
                        const struct follow_seat *seat, struct hop_evidence *evidence)
{
    const struct okta_user *user = map_get(&all->people, seat->person);

    evidence->person = user ? &user->person : NULL;
    for (size_t i = 0; i < in->store->conflicts.n; i++) {
        if (str_eq(in->store->conflicts.items[i].person, seat->person)) {
            evidence->ambiguous = true;
            evidence->ambiguous_why = in->store->conflicts.items[i].why;
        }
    }
}

void follow_diagnose(const struct follow_input *in, struct follow_seat *seat,
                     const struct push_evidence *all, struct arena *arena)
{
    static const enum hop hops[] = {HOP_USER, HOP_PUSHED};
    struct hop_sight *pushed = &seat->in.sights[HOP_PUSHED];
    const struct hop_state *told = &seat->result.states[HOP_PUSHED];

    /* Late by our own hands: Okta's push has nothing to do with it. */
    if (!is_pushed(seat) && pushed->why == HOP_CAUSE_NONE &&
        (told->state == HOP_LATE || told->overdue)) {
        pushed->why = HOP_CAUSE_HELD;
        pushed->cause = STR("this program has not got it written");
        pushed->remedy = STR("`seatkeeper reconcile` tries again and says what fails");
    }

    for (size_t i = 0; i < ARRAY_LEN(hops); i++) {
        const struct hop_state *state = &seat->result.states[hops[i]];
        const struct okta_assigned *assigned = map_get(&all->assigned, seat->person);
        const struct identity_group *group =
            seat->view ? map_get(&all->by_hand, seat->view->name) : NULL;
        if (!misses(seat, hops[i]))
            continue;
        /* Our own write has its own reasons, and a membership waits for its user. */
        if (hops[i] == HOP_PUSHED && (!is_pushed(seat) || !seat->in.sights[HOP_USER].is_there))
            continue;
        struct hop_evidence evidence = {
            .login = seat->login,
            .group_name = seat->view ? seat->view->name : (struct str){0},
            .assignment_group = seat->ent->assignment_group,
            .assigned = assigned ? known_of(assigned->answer) : KNOWN_NOT,
            .disabled = seat->in.sights[HOP_USER].why == HOP_CAUSE_DISABLED,
            .store_group = !seat->there                                    ? KNOWN_NOT
                           : seat->there->listing->state == LISTING_ABSENT ? KNOWN_NO
                           : seat->there->listing->state == LISTING_SEALED ? KNOWN_YES
                                                                           : KNOWN_NOT,
            .store_group_by_hand = is_pushed(seat) && group && group->answer == IDENTITY_FOUND &&
                                   group->external_id.len == 0,
            .same_group = seat->view && map_has(&all->assigning, seat->view->id),
            .token_expires_ms =
                is_pushed(seat) ? settings_scim_token_expires_ms(in->world->settings) : 0,
            /* Okta's failure came right after the join, maybe by a clock that differs a little. */
            .clock_start_ms = seat->result.states[HOP_OKTA].since_ms - CLOCK_SLACK,
            .now_ms = seat->in.now_ms,
            .is_late = state->state == HOP_LATE,
            .usual_ms = state->usual_ms,
            .at_most_ms = state->at_most_ms,
        };
        tell_person(in, all, seat, &evidence);
        tell_mapping(seat->view ? map_get(&all->pushes, seat->view->id) : NULL, &evidence);
        tell_log(all, seat, in->world->settings->okta.scim_app_id, &evidence);
        struct hop_diagnosis diagnosis = hop_diagnose(hops[i], &evidence, arena);
        seat->in.sights[hops[i]].why = diagnosis.why;
        seat->in.sights[hops[i]].cause = diagnosis.cause;
        seat->in.sights[hops[i]].remedy = diagnosis.remedy;
    }
}

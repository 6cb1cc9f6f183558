#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_scim.h"
#include "sim/sim_state.h"

/* Changes older than this can be looked back to by no quirk and no fault. */
#define LOOK_BACK_MS (2 * TIME_HOUR)
#define MAX_CHANGES  ((size_t)100000)

struct sim_group *sim_group(const struct sim *sim, uint32_t number)
{
    return sim->groups[number];
}

struct str sim_group_id(const struct sim_group *group)
{
    return (struct str){group->id, SIM_ID_LEN};
}

uint32_t sim_find_group_id(const struct sim *sim, struct str id)
{
    uint32_t hash = sim_hash(id);
    size_t probe = sim_index_start(&sim->groups_by_id, hash);
    uint32_t number;

    while (sim_index_next(&sim->groups_by_id, hash, &probe, &number)) {
        const struct sim_group *group = sim->groups[number];

        if (!group->is_deleted && str_eq(sim_group_id(group), id))
            return number;
    }
    return SIM_NOBODY;
}

uint32_t sim_find_group(const struct sim *sim, struct str name_or_id)
{
    for (uint32_t i = 0; i < sim->n_groups; i++) {
        if (!sim->groups[i]->is_deleted && str_eq(sim->groups[i]->name, name_or_id))
            return i;
    }
    return sim_find_group_id(sim, name_or_id);
}

uint32_t sim_group_add(struct sim *sim, struct str name, enum group_type type)
{
    struct sim_group *group = calloc(1, sizeof(*group));

    if (!group)
        abort();
    if (sim->n_groups == sim->cap_groups) {
        sim->cap_groups = sim->cap_groups > 0 ? sim->cap_groups * 2 : 64;
        sim->groups = realloc(sim->groups, sim->cap_groups * sizeof(struct sim_group *));
        if (!sim->groups)
            abort();
    }
    sim_make_id(sim, "00g", group->id);
    group->name = sim_keep(sim, name);
    group->type = type;
    group->created_ms = group->updated_ms = sim_cloud(sim);
    group->membership_ms = group->membership_shown_ms = group->created_ms;
    sim->groups[sim->n_groups] = group;
    sim_index_add(&sim->groups_by_id, sim_hash(sim_group_id(group)), (uint32_t)sim->n_groups);
    return (uint32_t)sim->n_groups++;
}

bool sim_group_set_id(struct sim *sim, uint32_t number, struct str id)
{
    if (id.len != SIM_ID_LEN || sim_find_group_id(sim, id) != SIM_NOBODY)
        return false;
    memcpy(sim->groups[number]->id, id.ptr, SIM_ID_LEN);
    sim_index_add(&sim->groups_by_id, sim_hash(id), number);
    return true;
}

void sim_group_rename(struct sim *sim, uint32_t number, struct str name)
{
    struct sim_group *group = sim->groups[number];

    sim_scim_before_group(sim, number);
    group->old_name = group->name;
    group->name = sim_keep(sim, name);
    group->updated_ms = group->renamed_ms = sim_cloud(sim);
    sim_scim_after_rename(sim, number);
}

void sim_group_delete(struct sim *sim, uint32_t number)
{
    struct sim_group *group = sim->groups[number];

    sim_scim_before_group(sim, number);
    group->is_deleted = true;
    sim_scim_after_delete(sim, number);
    free(group->members);
    free(group->changes);
    group->members = NULL;
    group->changes = NULL;
    group->n_members = group->cap_members = 0;
    group->n_changes = group->cap_changes = 0;
}

/* ---- members: sorted by the people's ids ---- */

static int compare_ids(const struct sim *sim, uint32_t a, uint32_t b)
{
    return memcmp(sim_person(sim, sim_member_person(a))->id,
                  sim_person(sim, sim_member_person(b))->id, SIM_ID_LEN);
}

/* Index of the first member whose id is not before that of `person`. */
static size_t lower_bound(const struct sim *sim, const struct sim_group *group, uint32_t person)
{
    size_t low = 0;
    size_t high = group->n_members;

    /* People are mostly added in the order of their ids. */
    if (high > 0 && compare_ids(sim, group->members[high - 1], person) < 0)
        return high;
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (compare_ids(sim, group->members[mid], person) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static bool stands_at(const struct sim_group *group, size_t at, uint32_t person)
{
    return at < group->n_members && sim_member_person(group->members[at]) == person;
}

bool sim_is_member(const struct sim *sim, const struct sim_group *group, uint32_t person,
                   bool *by_rule)
{
    size_t at = lower_bound(sim, group, person);

    if (!stands_at(group, at, person))
        return false;
    if (by_rule)
        *by_rule = (group->members[at] & SIM_BY_RULE) != 0;
    return true;
}

static void make_room(struct sim_group *group)
{
    if (group->n_members < group->cap_members)
        return;
    group->cap_members = group->cap_members > 0 ? group->cap_members * 2 : 16;
    group->members = realloc(group->members, group->cap_members * sizeof(*group->members));
    if (!group->members)
        abort();
}

void sim_member_push(struct sim *sim, uint32_t group, uint32_t person)
{
    struct sim_group *to = sim->groups[group];

    make_room(to);
    to->members[to->n_members++] = person;
    if (to->n_members < 2 ||
        compare_ids(sim, to->members[to->n_members - 2], to->members[to->n_members - 1]) < 0)
        return;

    /* Out of order: put where it belongs, once. */
    to->n_members--;
    size_t at = lower_bound(sim, to, person);
    if (stands_at(to, at, person))
        return;
    memmove(to->members + at + 1, to->members + at, (to->n_members - at) * sizeof(*to->members));
    to->members[at] = person;
    to->n_members++;
}

static void note_change(struct sim *sim, struct sim_group *group, uint32_t person, bool added)
{
    int64_t now = sim_cloud(sim);
    bool late =
        sim->quirks.stale_ms > 0 && rng_below(&sim->rng, 100) < (uint64_t)sim->quirks.stale_percent;

    if (now - sim->quirks.membership_time_lag_ms >= group->membership_ms &&
        sim->quirks.membership_time_lag_ms >= 0)
        group->membership_shown_ms = group->membership_ms;
    group->membership_ms = now;

    if (group->n_changes > 0 &&
        (group->n_changes >= MAX_CHANGES || group->changes[0].at_ms < now - LOOK_BACK_MS)) {
        size_t drop = group->n_changes / 2 + 1;

        /* Half of them at a time, so that a busy group does not move its array for every write. */
        if (group->n_changes >= MAX_CHANGES ||
            group->changes[drop - 1].at_ms < now - LOOK_BACK_MS) {
            group->n_changes -= drop;
            memmove(group->changes, group->changes + drop,
                    group->n_changes * sizeof(*group->changes));
        }
    }
    if (group->n_changes == group->cap_changes) {
        group->cap_changes = group->cap_changes > 0 ? group->cap_changes * 2 : 16;
        group->changes = realloc(group->changes, group->cap_changes * sizeof(*group->changes));
        if (!group->changes)
            abort();
    }
    group->changes[group->n_changes++] =
        (struct sim_change){now, late ? now + sim->quirks.stale_ms : now, person, added};
}

bool sim_member_add(struct sim *sim, uint32_t group, uint32_t person, bool by_rule,
                    const struct sim_actor *actor)
{
    struct sim_group *to = sim->groups[group];
    size_t at = lower_bound(sim, to, person);

    if (stands_at(to, at, person)) {
        /* An explicit add turns a rule's membership into a manual one. */
        if (!by_rule)
            to->members[at] = person;
        return false;
    }
    sim_scim_before_member(sim, group, person);
    make_room(to);
    memmove(to->members + at + 1, to->members + at, (to->n_members - at) * sizeof(*to->members));
    to->members[at] = by_rule ? person | SIM_BY_RULE : person;
    to->n_members++;
    note_change(sim, to, person, true);
    sim_log(sim, "group.user_membership.add", actor, person, group);
    sim_scim_after_member(sim, group, person, true);
    return true;
}

bool sim_member_remove(struct sim *sim, uint32_t group, uint32_t person,
                       const struct sim_actor *actor)
{
    struct sim_group *from = sim->groups[group];
    size_t at = lower_bound(sim, from, person);

    if (!stands_at(from, at, person))
        return false;

    bool by_rule = (from->members[at] & SIM_BY_RULE) != 0;

    sim_scim_before_member(sim, group, person);
    from->n_members--;
    memmove(from->members + at, from->members + at + 1,
            (from->n_members - at) * sizeof(*from->members));
    note_change(sim, from, person, false);
    sim_log(sim, "group.user_membership.remove", actor, person, group);
    sim_scim_after_member(sim, group, person, false);
    if (by_rule && actor->kind != SIM_ACTOR_SYSTEM)
        sim_rules_exclude(sim, group, person);
    return true;
}

void sim_delay_change(struct sim *sim, uint32_t group, uint32_t person, int64_t ms)
{
    struct sim_group *of = sim->groups[group];

    (void)sim;
    for (size_t i = of->n_changes; i-- > 0;) {
        if (of->changes[i].person == person) {
            of->changes[i].visible_ms = of->changes[i].at_ms + ms;
            return;
        }
    }
}

size_t sim_groups_of(const struct sim *sim, uint32_t person, struct arena *arena, uint32_t **out)
{
    uint32_t *groups = arena_array(arena, uint32_t, sim->n_groups + 1);
    size_t n = 0;

    for (uint32_t i = 0; i < sim->n_groups; i++) {
        if (!sim->groups[i]->is_deleted && sim_is_member(sim, sim->groups[i], person, NULL))
            groups[n++] = i;
    }
    *out = groups;
    return n;
}

int64_t sim_membership_time(const struct sim *sim, const struct sim_group *group)
{
    int64_t lag = sim->quirks.membership_time_lag_ms;

    if (lag < 0)
        return group->membership_shown_ms;
    return sim_cloud(sim) - lag >= group->membership_ms ? group->membership_ms
                                                        : group->membership_shown_ms;
}

/* ---- what a listing shows ---- */

static bool is_hidden(const struct sim_change *change, int64_t now, int64_t as_of_ms)
{
    return change->visible_ms > now || (as_of_ms > 0 && change->at_ms > as_of_ms);
}

struct person_order {
    const struct sim *sim;
};

static int compare_people(const void *a, const void *b, void *order)
{
    const struct person_order *by = order;
    const uint32_t *left = a;
    const uint32_t *right = b;

    return compare_ids(by->sim, *left, *right);
}

/* People whose membership a listing shows as it was before: each once, in order of id. A change is
 * undone when it is hidden, so what counts for each person is his oldest hidden one. */
static size_t hidden_people(const struct sim *sim, const struct sim_group *group, int64_t as_of_ms,
                            struct arena *arena, uint32_t **out)
{
    int64_t now = sim_cloud(sim);
    uint32_t *people = arena_array(arena, uint32_t, group->n_changes + 1);
    size_t n = 0;

    for (size_t i = 0; i < group->n_changes; i++) {
        if (is_hidden(&group->changes[i], now, as_of_ms))
            people[n++] = group->changes[i].person;
    }

    struct person_order order = {sim};
    if (n > 1)
        qsort_r(people, n, sizeof(*people), compare_people, &order);

    size_t unique = 0;
    for (size_t i = 0; i < n; i++) {
        if (unique == 0 || people[unique - 1] != people[i])
            people[unique++] = people[i];
    }
    *out = people;
    return unique;
}

/* Was he a member before his oldest hidden change? */
static bool was_member(const struct sim *sim, const struct sim_group *group, uint32_t person,
                       int64_t as_of_ms)
{
    int64_t now = sim_cloud(sim);

    for (size_t i = 0; i < group->n_changes; i++) {
        if (group->changes[i].person == person && is_hidden(&group->changes[i], now, as_of_ms))
            return !group->changes[i].added;
    }
    return false;
}

const uint32_t *sim_members_seen(struct sim *sim, const struct sim_group *group, int64_t as_of_ms,
                                 struct arena *arena, size_t *n)
{
    uint32_t *hidden;
    bool may_lag = sim->quirks.stale_ms > 0 || as_of_ms > 0;

    /* A single write may have been made late by a fault; those are few and recent. */
    for (size_t i = group->n_changes; !may_lag && i-- > 0 && group->n_changes - i <= 64;)
        may_lag = group->changes[i].visible_ms > sim_cloud(sim);

    size_t n_hidden = may_lag ? hidden_people(sim, group, as_of_ms, arena, &hidden) : 0;
    if (n_hidden == 0) {
        *n = group->n_members;
        return group->members;
    }

    uint32_t *seen = arena_array(arena, uint32_t, group->n_members + n_hidden);
    size_t count = 0;
    size_t at = 0;

    for (size_t i = 0; i < n_hidden; i++) {
        if (sim_person(sim, hidden[i])->is_deleted)
            continue;
        while (at < group->n_members && compare_ids(sim, group->members[at], hidden[i]) < 0)
            seen[count++] = group->members[at++];
        if (stands_at(group, at, hidden[i]))
            at++;
        if (was_member(sim, group, hidden[i], as_of_ms))
            seen[count++] = hidden[i];
    }
    while (at < group->n_members)
        seen[count++] = group->members[at++];
    *n = count;
    return seen;
}

#include <stdlib.h>
#include <string.h>

#include "sim/sim_idc.h"

/*
 * What was pushed before anybody looked. The past is made up from what Okta holds at the first
 * question, put back to what it was at load for the few that have changed since: those are noted
 * when they first change.
 */

/* A cloud whose AWS side nobody asks for does not note changes for ever. */
#define MOST_WAITING ((size_t)200000)

static uint32_t past_hash(uint32_t person, uint32_t group)
{
    uint64_t pair = ((uint64_t)group << 32 | person) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint32_t)(pair >> 32);
}

static const struct sim_scim_past *find_past(const struct sim_scim *scim, uint32_t person,
                                             uint32_t group)
{
    uint32_t hash = past_hash(person, group);
    size_t probe = sim_index_start(&scim->past_by, hash);
    uint32_t number;

    while (sim_index_next(&scim->past_by, hash, &probe, &number)) {
        if (scim->past[number].person == person && scim->past[number].group == group)
            return &scim->past[number];
    }
    return NULL;
}

static void note(struct sim *sim, const struct sim_scim_past *past)
{
    struct sim_scim *scim = &sim->idc->scim;

    if (find_past(scim, past->person, past->group))
        return;
    if (scim->n_past == scim->cap_past) {
        scim->cap_past = scim->cap_past > 0 ? scim->cap_past * 2 : 64;
        scim->past = realloc(scim->past, scim->cap_past * sizeof(*scim->past));
        if (!scim->past)
            abort();
    }
    sim_index_add(&scim->past_by, past_hash(past->person, past->group), (uint32_t)scim->n_past);
    scim->past[scim->n_past++] = *past;
}

static void note_person(struct sim *sim, uint32_t person)
{
    struct sim_scim_past past = {
        .person = person, .group = SIM_NOBODY, .view = sim_scim_view(sim, person)};

    note(sim, &past);
}

/* ---- hooks ---- */

/* While the organisation is being made there is nothing to push to. */
static bool is_on(const struct sim *sim)
{
    return sim->idc && !sim->idc->scim.loading && sim_scim_app(sim) != SIZE_MAX;
}

static void bound(struct sim *sim)
{
    struct sim_scim *scim = &sim->idc->scim;

    if (scim->asked || scim->n_pushes < MOST_WAITING)
        return;
    scim->silent = true;
    sim_scim_settle(sim);
    scim->silent = false;
}

void sim_scim_before_member(struct sim *sim, uint32_t group, uint32_t person)
{
    if (!is_on(sim) || sim->idc->scim.live)
        return;
    if (sim_scim_assigns(sim, group))
        note_person(sim, person);
    if (sim_scim_mapping(sim, group)) {
        struct sim_scim_past past = {
            .person = person,
            .group = group,
            .was_member = sim_is_member(sim, sim_group(sim, group), person, NULL),
        };

        note(sim, &past);
    }
}

void sim_scim_after_member(struct sim *sim, uint32_t group, uint32_t person, bool added)
{
    const struct sim_mapping *mapping;

    if (!is_on(sim))
        return;
    if (sim_scim_assigns(sim, group))
        sim_scim_push_user(sim, person);
    mapping = sim_scim_mapping(sim, group);
    if (mapping && mapping->status == SIM_MAPPING_ACTIVE) {
        struct sim_push push = {
            .kind = SIM_PUSH_MEMBER,
            .person = person,
            .group = group,
            .added = added,
            .view = sim_scim_view(sim, person),
        };

        (void)sim_scim_enqueue(sim, &push, mapping->whole_ms);
    }
    bound(sim);
}

void sim_scim_before_person(struct sim *sim, uint32_t person)
{
    if (is_on(sim) && !sim->idc->scim.live && sim_scim_is_assigned(sim, person))
        note_person(sim, person);
}

void sim_scim_after_person(struct sim *sim, uint32_t person)
{
    if (!is_on(sim) || !sim_scim_is_assigned(sim, person))
        return;
    sim_scim_push_user(sim, person);
    bound(sim);
}

void sim_scim_after_rename(struct sim *sim, uint32_t group)
{
    struct sim_push push = {.kind = SIM_PUSH_NAME, .person = SIM_NOBODY, .group = group};
    const struct sim_mapping *mapping = is_on(sim) ? sim_scim_mapping(sim, group) : NULL;

    if (!mapping || mapping->status != SIM_MAPPING_ACTIVE)
        return;
    push.name = sim_group(sim, group)->name;
    (void)sim_scim_enqueue(sim, &push, mapping->whole_ms);
}

void sim_scim_before_group(struct sim *sim, uint32_t group)
{
    if (!is_on(sim) || sim->idc->scim.live)
        return;
    /* What it was pushed to must be made up while it is there. */
    if (sim_scim_assigns(sim, group) || sim_scim_mapping(sim, group))
        sim_scim_begin(sim);
}

void sim_scim_after_delete(struct sim *sim, uint32_t group)
{
    const struct sim_group *gone = sim_group(sim, group);

    if (!is_on(sim) || !sim_scim_assigns(sim, group))
        return;
    for (size_t i = 0; i < gone->n_members; i++)
        sim_scim_push_user(sim, sim_member_person(gone->members[i]));
}

/* ---- making it up ---- */

static void make_user(struct sim *sim, uint32_t person)
{
    const struct sim_scim_past *past = find_past(&sim->idc->scim, person, SIM_NOBODY);
    struct sim_scim_view view = past ? past->view : sim_scim_view(sim, person);
    bool was_ended = view.is_ended;
    const char *why;
    uint32_t user;

    if (!view.is_assigned || view.is_new)
        return;
    /* Somebody who has left was pushed while he was here, and disabled since; who is suspended is
     * left as he was. */
    view.is_active = true;
    user = sim_scim_put_user(sim, person, &view, &why);
    if (user == SIM_NOBODY)
        return;
    sim->idc->store.users[user].is_disabled = was_ended;
    sim->idc->store.users[user].created_ms = sim_person(sim, person)->created_ms;
}

static void make_users(struct sim *sim, const struct sim_app *app, uint32_t from)
{
    const struct sim_scim *scim = &sim->idc->scim;
    char *is_wanted = calloc(sim->n_people + 1, 1);

    if (!is_wanted)
        abort();
    for (size_t i = 0; i < app->n_users; i++)
        is_wanted[app->users[i]] = 1;
    for (size_t g = 0; g < app->n_groups; g++) {
        const struct sim_group *group = sim_group(sim, app->groups[g]);

        for (size_t i = 0; i < group->n_members; i++)
            is_wanted[sim_member_person(group->members[i])] = 1;
    }
    for (size_t i = 0; i < scim->n_past; i++) {
        if (scim->past[i].group == SIM_NOBODY)
            is_wanted[scim->past[i].person] = 1;
    }
    for (uint32_t person = from; person < sim->n_people; person++) {
        if (is_wanted[person])
            make_user(sim, person);
    }
    free(is_wanted);
}

static int by_id(const void *a, const void *b, void *order)
{
    const struct sim *sim = order;
    const uint32_t *x = a;
    const uint32_t *y = b;

    return memcmp(sim_person(sim, *x)->id, sim_person(sim, *y)->id, SIM_ID_LEN);
}

/* Who was in it at load, in the order of the ids, whatever has happened since. */
static size_t past_members(struct sim *sim, const struct sim_group *group, uint32_t number,
                           uint32_t *out)
{
    const struct sim_scim *scim = &sim->idc->scim;
    size_t n = 0;
    size_t n_kept;

    for (size_t i = 0; i < group->n_members; i++) {
        uint32_t person = sim_member_person(group->members[i]);

        if (!find_past(scim, person, number))
            out[n++] = person;
    }
    n_kept = n;
    for (size_t i = 0; i < scim->n_past; i++) {
        if (scim->past[i].group == number && scim->past[i].was_member)
            out[n++] = scim->past[i].person;
    }
    if (n > n_kept)
        qsort_r(out, n, sizeof(*out), by_id, sim);
    return n;
}

static void make_members(struct sim *sim, const struct sim_mapping *mapping)
{
    const struct sim_group *group = sim_group(sim, mapping->group);
    uint32_t *people = calloc(group->n_members + sim->idc->scim.n_past + 1, sizeof(*people));
    size_t n;

    if (!people)
        abort();
    n = past_members(sim, group, mapping->group, people);
    for (size_t i = 0; i < n; i++) {
        uint32_t user = sim_find_user_of(sim, people[i]);

        if (user != SIM_NOBODY)
            (void)sim_store_join(sim, mapping->store_group, user, SIM_LONG_AGO);
    }
    free(people);
}

static void make_group(struct sim *sim, uint32_t number)
{
    struct sim_mapping *mapping = sim_scim_mapping(sim, number);
    const struct sim_group *group = sim_group(sim, number);
    uint32_t there = sim_find_store_name(sim, group->name);

    if (!mapping || group->is_deleted || mapping->store_group != SIM_NOBODY ||
        mapping->never_pushed)
        return;
    if (there != SIM_NOBODY) {
        sim_scim_clash(sim, mapping);
        return;
    }
    mapping->store_group = sim_scim_make_group(sim, number, group->name);
    make_members(sim, mapping);
}

void sim_scim_join_later(struct sim *sim, uint32_t store_group, uint32_t person)
{
    struct sim_scim *scim = &sim->idc->scim;

    if (scim->n_later == scim->cap_later) {
        scim->cap_later = scim->cap_later > 0 ? scim->cap_later * 2 : 16;
        scim->later = realloc(scim->later, scim->cap_later * sizeof(*scim->later));
        if (!scim->later)
            abort();
    }
    scim->later[scim->n_later][0] = store_group;
    scim->later[scim->n_later++][1] = person;
}

static void join_later(struct sim *sim)
{
    struct sim_scim *scim = &sim->idc->scim;

    for (size_t i = 0; i < scim->n_later; i++) {
        uint32_t user = sim_find_user_of(sim, scim->later[i][1]);

        if (user != SIM_NOBODY)
            (void)sim_store_join(sim, scim->later[i][0], user, SIM_LONG_AGO);
    }
    scim->n_later = 0;
}

void sim_scim_begin(struct sim *sim)
{
    struct sim_scim *scim = &sim->idc->scim;
    size_t number = sim_scim_app(sim);

    scim->live = true;
    if (number == SIZE_MAX)
        return;
    if (scim->fresh) {
        sim_scim_push_all(sim);
    } else {
        make_users(sim, &sim->apps[number], 0);
        for (size_t i = 0; i < sim->apps[number].n_pushed; i++)
            make_group(sim, sim->apps[number].pushed[i]);
    }
    join_later(sim);
    scim->n_past = 0;
    sim_index_fini(&scim->past_by);
}

void sim_scim_merged(struct sim *sim, size_t n_people_before)
{
    size_t number = sim_scim_app(sim);

    if (!sim->idc->scim.live || number == SIZE_MAX)
        return;
    make_users(sim, &sim->apps[number], (uint32_t)n_people_before);
    for (size_t i = 0; i < sim->apps[number].n_pushed; i++)
        make_group(sim, sim->apps[number].pushed[i]);
    join_later(sim);
}

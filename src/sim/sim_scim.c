#include "sim/sim_scim.h"

#include <stdlib.h>
#include <string.h>

#include "sim/sim_idc.h"

/* The queue of pushes: what a change in Okta becomes, and when it is due. */

static void *grow(void *items, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return items;
    *cap = *cap > 0 ? *cap * 2 : 16;
    items = realloc(items, *cap * size);
    if (!items)
        abort();
    return items;
}

void sim_scim_fini(struct sim_scim *scim)
{
    for (size_t i = 0; i < scim->n_pushes; i++)
        free(scim->pushes[i].people);
    free(scim->mappings);
    free(scim->pushes);
    free(scim->heap);
    free(scim->past);
    free(scim->losing);
    free(scim->later);
    sim_index_fini(&scim->by_subject);
    sim_index_fini(&scim->past_by);
    *scim = (struct sim_scim){0};
}

/* ---- the application ---- */

static bool is_app(const struct sim_app *app, struct str wanted)
{
    if (wanted.len == 0)
        return str_is(app->name, "amazon_aws_sso");
    return str_eq(app->name, wanted) || str_eq(app->label, wanted) ||
           str_eq((struct str){app->id, SIM_ID_LEN}, wanted);
}

size_t sim_scim_app(const struct sim *sim)
{
    for (size_t i = 0; i < sim->n_apps; i++) {
        if (is_app(&sim->apps[i], sim->idc->scim.app_wanted))
            return i;
    }
    return SIZE_MAX;
}

static bool has(const uint32_t *numbers, size_t n, uint32_t wanted)
{
    for (size_t i = 0; i < n; i++) {
        if (numbers[i] == wanted)
            return true;
    }
    return false;
}

bool sim_scim_assigns(const struct sim *sim, uint32_t group)
{
    size_t app = sim_scim_app(sim);

    return app != SIZE_MAX && has(sim->apps[app].groups, sim->apps[app].n_groups, group);
}

static bool pushes(const struct sim *sim, uint32_t group)
{
    size_t app = sim_scim_app(sim);

    return app != SIZE_MAX && has(sim->apps[app].pushed, sim->apps[app].n_pushed, group);
}

struct sim_mapping *sim_scim_mapping(struct sim *sim, uint32_t group)
{
    struct sim_scim *scim = &sim->idc->scim;

    if (!pushes(sim, group))
        return NULL;
    for (size_t i = 0; i < scim->n_mappings; i++) {
        if (scim->mappings[i].group == group)
            return &scim->mappings[i];
    }
    scim->mappings =
        grow(scim->mappings, scim->n_mappings, &scim->cap_mappings, sizeof(*scim->mappings));
    scim->mappings[scim->n_mappings] =
        (struct sim_mapping){.group = group, .store_group = SIM_NOBODY, .whole_ms = INT64_MIN};
    return &scim->mappings[scim->n_mappings++];
}

bool sim_scim_is_assigned(const struct sim *sim, uint32_t person)
{
    size_t number = sim_scim_app(sim);
    const struct sim_app *app = number != SIZE_MAX ? &sim->apps[number] : NULL;

    if (!app || sim_person(sim, person)->is_deleted)
        return false;
    if (has(app->users, app->n_users, person))
        return true;
    for (size_t i = 0; i < app->n_groups; i++) {
        const struct sim_group *group = sim_group(sim, app->groups[i]);

        if (!group->is_deleted && sim_is_member(sim, group, person, NULL))
            return true;
    }
    return false;
}

struct sim_scim_view sim_scim_view(const struct sim *sim, uint32_t person)
{
    const struct sim_person *who = sim_person(sim, person);
    enum user_status status = (enum user_status)who->status;

    return (struct sim_scim_view){
        .login = who->login,
        .email = who->email,
        .first_name = who->first_name,
        .last_name = who->last_name,
        .is_assigned = sim_scim_is_assigned(sim, person),
        .is_active = !who->is_deleted && user_status_is_usable(status) && status != USER_STAGED,
        .is_ended = who->is_deleted || status == USER_DEPROVISIONED,
        .is_new = status == USER_STAGED,
    };
}

bool sim_scim_is_dead(const struct sim *sim, int64_t at_ms)
{
    const struct sim_scim *scim = &sim->idc->scim;

    return scim->broken || (scim->token_expires_ms > 0 && at_ms >= scim->token_expires_ms);
}

/* ---- losses ---- */

bool sim_scim_loses(const struct sim_scim *scim, uint32_t person)
{
    return has(scim->losing, scim->n_losing, person);
}

void sim_scim_lose(struct sim *sim, uint32_t person, bool on)
{
    struct sim_scim *scim = &sim->idc->scim;
    size_t kept = 0;

    for (size_t i = 0; i < scim->n_losing; i++) {
        if (scim->losing[i] != person)
            scim->losing[kept++] = scim->losing[i];
    }
    scim->n_losing = kept;
    if (!on)
        return;
    scim->losing = grow(scim->losing, scim->n_losing, &scim->cap_losing, sizeof(*scim->losing));
    scim->losing[scim->n_losing++] = person;
    for (size_t i = 0; i < scim->n_pushes; i++) {
        if (scim->pushes[i].person == person)
            scim->pushes[i].is_lost = true;
    }
}

/* ---- the queue: a heap of the earliest ---- */

static uint32_t subject_hash(uint32_t person, uint32_t group)
{
    uint64_t pair = ((uint64_t)group << 32 | person) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint32_t)(pair >> 32);
}

static bool is_before(const struct sim_scim *scim, uint32_t a, uint32_t b)
{
    const struct sim_push *x = &scim->pushes[a];
    const struct sim_push *y = &scim->pushes[b];

    return x->due_ms != y->due_ms ? x->due_ms < y->due_ms : x->serial < y->serial;
}

static void heap_add(struct sim_scim *scim, uint32_t number)
{
    size_t at = scim->n_heap;

    scim->heap = grow(scim->heap, scim->n_heap, &scim->cap_heap, sizeof(*scim->heap));
    scim->n_heap++;
    while (at > 0 && is_before(scim, number, scim->heap[(at - 1) / 2])) {
        scim->heap[at] = scim->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    scim->heap[at] = number;
}

static uint32_t heap_take(struct sim_scim *scim)
{
    uint32_t first = scim->heap[0];
    uint32_t last = scim->heap[--scim->n_heap];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= scim->n_heap)
            break;
        if (child + 1 < scim->n_heap && is_before(scim, scim->heap[child + 1], scim->heap[child]))
            child++;
        if (!is_before(scim, scim->heap[child], last))
            break;
        scim->heap[at] = scim->heap[child];
        at = child;
    }
    if (scim->n_heap > 0)
        scim->heap[at] = last;
    return first;
}

int64_t sim_scim_waits(const struct sim *sim, uint32_t person, uint32_t group, int64_t as_of_ms)
{
    const struct sim_scim *scim = &sim->idc->scim;
    uint32_t hash = subject_hash(person, group);
    size_t probe = sim_index_start(&scim->by_subject, hash);
    int64_t newest = INT64_MIN;
    uint32_t number;

    while (sim_index_next(&scim->by_subject, hash, &probe, &number)) {
        const struct sim_push *push = &scim->pushes[number];

        if (!push->is_done && push->person == person && push->group == group &&
            push->made_ms <= as_of_ms && push->due_ms > newest)
            newest = push->due_ms;
    }
    return newest;
}

static int64_t draw_lag(struct sim *sim, enum sim_push_kind kind)
{
    const struct sim_scim *scim = &sim->idc->scim;
    const int64_t *range = kind == SIM_PUSH_USER ? scim->user_lag : scim->group_lag;

    return rng_between(&sim->idc->rng, range[0], range[1]);
}

static uint32_t add_push(struct sim *sim, const struct sim_push *push)
{
    struct sim_scim *scim = &sim->idc->scim;

    if (scim->n_heap == 0) {
        /* Nobody waits: begin anew, so that a long life costs nothing. */
        scim->n_pushes = 0;
        sim_index_fini(&scim->by_subject);
    }
    scim->pushes = grow(scim->pushes, scim->n_pushes, &scim->cap_pushes, sizeof(*scim->pushes));

    uint32_t number = (uint32_t)scim->n_pushes++;
    scim->pushes[number] = *push;
    scim->pushes[number].serial = ++scim->serial;
    heap_add(scim, number);
    sim_index_add(&scim->by_subject, subject_hash(push->person, push->group), number);
    return number;
}

uint32_t sim_scim_enqueue(struct sim *sim, const struct sim_push *push, int64_t not_before_ms)
{
    const struct sim_scim *scim = &sim->idc->scim;
    struct sim_push added = *push;
    int64_t behind = sim_scim_waits(sim, push->person, push->group, INT64_MAX);
    bool chance;

    added.made_ms = sim_boot(sim);
    added.due_ms = added.made_ms + draw_lag(sim, push->kind);
    chance = rng_below(&sim->idc->rng, 100) < (uint64_t)scim->lost_percent;
    if (added.due_ms < behind)
        added.due_ms = behind;
    if (added.due_ms < not_before_ms)
        added.due_ms = not_before_ms;
    added.is_lost = (push->kind == SIM_PUSH_USER || push->kind == SIM_PUSH_MEMBER) &&
                    (chance || sim_scim_loses(scim, push->person));
    return add_push(sim, &added);
}

void sim_scim_again(struct sim *sim, const struct sim_push *push, int64_t due_ms)
{
    struct sim_push again = *push;

    again.due_ms = due_ms;
    (void)add_push(sim, &again);
}

void sim_scim_settle(struct sim *sim)
{
    struct sim_scim *scim = &sim->idc->scim;
    int64_t now = sim_boot(sim);

    if (!scim->live)
        sim_scim_begin(sim);
    scim->asked |= !scim->silent;
    while (scim->n_heap > 0 && scim->pushes[scim->heap[0]].due_ms <= now) {
        uint32_t number = heap_take(scim);
        struct sim_push push = scim->pushes[number];

        scim->pushes[number].is_done = true;
        scim->pushes[number].people = NULL;
        if (push.is_lost) {
            scim->n_lost++;
        } else {
            sim_scim_carry(sim, &push);
        }
        free(push.people);
    }
}

/* ---- what is pushed ---- */

void sim_scim_push_user(struct sim *sim, uint32_t person)
{
    struct sim_push push = {
        .kind = SIM_PUSH_USER,
        .person = person,
        .group = SIM_NOBODY,
        .view = sim_scim_view(sim, person),
    };

    (void)sim_scim_enqueue(sim, &push, INT64_MIN);
}

/* Everything that waits for this group goes before it, and what comes later after it. */
static int64_t newest_of_group(const struct sim *sim, uint32_t group)
{
    const struct sim_scim *scim = &sim->idc->scim;
    int64_t newest = INT64_MIN;

    for (size_t i = 0; i < scim->n_heap; i++) {
        const struct sim_push *push = &scim->pushes[scim->heap[i]];

        if (push->group == group && push->due_ms > newest)
            newest = push->due_ms;
    }
    return newest;
}

void sim_scim_push_group(struct sim *sim, uint32_t group, int64_t not_before_ms)
{
    struct sim_mapping *mapping = sim_scim_mapping(sim, group);
    const struct sim_group *from = sim_group(sim, group);
    int64_t behind = newest_of_group(sim, group);
    struct sim_push push = {
        .kind = SIM_PUSH_GROUP,
        .person = SIM_NOBODY,
        .group = group,
        .name = from->name,
        .n_people = from->n_members,
    };

    if (!mapping || from->is_deleted)
        return;
    push.people = calloc(from->n_members + 1, sizeof(*push.people));
    if (!push.people)
        abort();
    for (size_t i = 0; i < from->n_members; i++)
        push.people[i] = sim_member_person(from->members[i]);

    uint32_t number = sim_scim_enqueue(sim, &push, behind > not_before_ms ? behind : not_before_ms);
    mapping->whole_ms = sim->idc->scim.pushes[number].due_ms;
}

void sim_scim_push_all(struct sim *sim)
{
    size_t app = sim_scim_app(sim);
    int64_t latest = INT64_MIN;

    if (app == SIZE_MAX)
        return;
    for (uint32_t person = 0; person < sim->n_people; person++) {
        struct sim_scim_view view = sim_scim_view(sim, person);

        if (!(view.is_assigned && view.is_active) && sim_find_user_of(sim, person) == SIM_NOBODY)
            continue;
        sim_scim_push_user(sim, person);
        if (sim_scim_waits(sim, person, SIM_NOBODY, INT64_MAX) > latest)
            latest = sim_scim_waits(sim, person, SIM_NOBODY, INT64_MAX);
    }
    /* Groups go out once the people are there, or their members would be left out. */
    for (size_t i = 0; i < sim->apps[app].n_pushed; i++)
        sim_scim_push_group(sim, sim->apps[app].pushed[i], latest);
}

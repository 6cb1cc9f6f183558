#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_idc.h"

/* The Identity Store's contents. What the wire makes of them is sim_store_*.c's business. */

/* Kinds of ids; also kinds of noise. */
enum { USER = 101, GROUP, MEMBERSHIP };

/* Odd, so multiplying by it can be undone: an id tells its number. */
#define SPREAD UINT32_C(2654435761)
#define GATHER UINT32_C(244002641)

static void *grow(void *items, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return items;
    *cap = *cap > 0 ? *cap * 2 : 64;
    items = realloc(items, *cap * size);
    if (!items)
        abort();
    return items;
}

void sim_store_fini(struct sim_store *store)
{
    for (size_t i = 0; i < store->n_groups; i++)
        free(store->groups[i].list);
    free(store->groups);
    free(store->users);
    free(store->members);
    free(store->of_person);
    sim_index_fini(&store->by_user_name);
    sim_index_fini(&store->by_email);
    sim_index_fini(&store->by_given_id);
    sim_index_fini(&store->by_external);
    sim_index_fini(&store->pairs);
    *store = (struct sim_store){0};
}

/* ---- ids ---- */

static uint32_t key_of(const struct sim *sim, unsigned kind)
{
    return (uint32_t)sim_idc_noise(sim, kind, sim->idc->recreated);
}

/* `1234567890-` and a UUID whose first part is the number in disguise. Stores whose id is no
 * `d-` with ten digits have plain UUIDs. */
static struct str write_id(const struct sim *sim, unsigned kind, uint32_t number,
                           char out[SIM_AWS_ID])
{
    struct str store = sim->idc->instances[0].store_id;
    uint64_t noise = sim_idc_noise(sim, kind, ((uint64_t)sim->idc->recreated << 32) + number + 1);
    bool is_short = str_starts(store, STR("d-")) && store.len == 12;
    struct str prefix = is_short ? str_sub(store, 2, 12) : (struct str){0};
    int n = snprintf(out, SIM_AWS_ID, "%.*s%s%08x-%04x-4%03x-a%03x-%012llx", STR_ARG(prefix),
                     is_short ? "-" : "", (number * SPREAD) ^ key_of(sim, kind),
                     (unsigned)(noise >> 48), (unsigned)(noise >> 36) & 0xfff,
                     (unsigned)(noise >> 24) & 0xfff,
                     (unsigned long long)(noise * SPREAD) & 0xffffffffffff);

    return (struct str){out, (size_t)n};
}

static struct str make_id(const struct sim *sim, unsigned kind, uint32_t number,
                          struct arena *arena)
{
    char text[SIM_AWS_ID];

    return arena_str(arena, write_id(sim, kind, number, text));
}

static bool read_hex8(struct str text, uint32_t *out)
{
    uint32_t value = 0;

    if (text.len < 8)
        return false;
    for (size_t i = 0; i < 8; i++) {
        char c = text.ptr[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        value = value * 16 + (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *out = value;
    return true;
}

/* The number that an id of ours disguises; not yet known to be right. */
static bool read_id(const struct sim *sim, unsigned kind, struct str id, uint32_t *out)
{
    uint32_t value;

    if (id.len == 47)
        id = str_sub(id, 11, 47);
    if (id.len != 36 || !read_hex8(id, &value))
        return false;
    *out = (value ^ key_of(sim, kind)) * GATHER;
    return true;
}

static uint32_t find_given(const struct sim *sim, unsigned kind, struct str id)
{
    const struct sim_store *store = &sim->idc->store;
    uint32_t hash = sim_hash(id) ^ kind;
    size_t probe = sim_index_start(&store->by_given_id, hash);
    uint32_t number;

    while (sim_index_next(&store->by_given_id, hash, &probe, &number)) {
        if (kind == USER && number < store->n_users && str_eq(store->users[number].id, id))
            return number;
        if (kind == GROUP && number < store->n_groups && str_eq(store->groups[number].id, id))
            return number;
    }
    return SIM_NOBODY;
}

struct str sim_user_id(const struct sim *sim, uint32_t user, struct arena *arena)
{
    struct str given = sim->idc->store.users[user].id;

    return given.len > 0 ? given : make_id(sim, USER, user, arena);
}

struct str sim_store_group_id(const struct sim *sim, uint32_t group, struct arena *arena)
{
    struct str given = sim->idc->store.groups[group].id;

    return given.len > 0 ? given : make_id(sim, GROUP, group, arena);
}

struct str sim_membership_id(const struct sim *sim, uint32_t membership, struct arena *arena)
{
    return make_id(sim, MEMBERSHIP, membership, arena);
}

static bool is_own_id(const struct sim *sim, unsigned kind, uint32_t number, struct str id)
{
    char text[SIM_AWS_ID];

    return str_eq(write_id(sim, kind, number, text), id);
}

uint32_t sim_find_user(const struct sim *sim, struct str id)
{
    const struct sim_store *store = &sim->idc->store;
    uint32_t number = SIM_NOBODY;

    if (!read_id(sim, USER, id, &number) || number >= store->n_users ||
        store->users[number].id.len > 0 || !is_own_id(sim, USER, number, id))
        number = find_given(sim, USER, id);
    return number != SIM_NOBODY && !store->users[number].is_deleted ? number : SIM_NOBODY;
}

uint32_t sim_find_store_group(const struct sim *sim, struct str id)
{
    const struct sim_store *store = &sim->idc->store;
    uint32_t number = SIM_NOBODY;

    if (!read_id(sim, GROUP, id, &number) || number >= store->n_groups ||
        store->groups[number].id.len > 0 || !is_own_id(sim, GROUP, number, id))
        number = find_given(sim, GROUP, id);
    return number != SIM_NOBODY && !store->groups[number].is_deleted ? number : SIM_NOBODY;
}

uint32_t sim_find_membership(const struct sim *sim, struct str id)
{
    const struct sim_store *store = &sim->idc->store;
    uint32_t number;

    if (!read_id(sim, MEMBERSHIP, id, &number) || number >= store->n_members ||
        !is_own_id(sim, MEMBERSHIP, number, id) || store->members[number].gone_ms != 0)
        return SIM_NOBODY;
    return number;
}

/* ---- users ---- */

static uint32_t find_text(const struct sim_store *store, const struct sim_index *index,
                          struct str text, bool fold, bool by_email)
{
    uint32_t hash = sim_hash_fold(text);
    size_t probe = sim_index_start(index, hash);
    uint32_t number;

    while (sim_index_next(index, hash, &probe, &number)) {
        const struct sim_store_user *user = &store->users[number];
        struct str value = by_email ? user->email : user->user_name;

        if (!user->is_deleted && (fold ? str_ieq(value, text) : str_eq(value, text)))
            return number;
    }
    return SIM_NOBODY;
}

uint32_t sim_find_user_name(const struct sim *sim, struct str name, bool fold)
{
    return find_text(&sim->idc->store, &sim->idc->store.by_user_name, name, fold, false);
}

uint32_t sim_find_user_email(const struct sim *sim, struct str email, bool fold)
{
    return find_text(&sim->idc->store, &sim->idc->store.by_email, email, fold, true);
}

uint32_t sim_find_user_of(const struct sim *sim, uint32_t person)
{
    const struct sim_store *store = &sim->idc->store;

    return person < store->n_of_person && store->of_person[person] > 0
               ? store->of_person[person] - 1
               : SIM_NOBODY;
}

static bool bears(const struct sim_store_user *user, struct str issuer, struct str id)
{
    return !user->is_deleted && str_eq(user->external_id, id) && str_eq(user->issuer, issuer);
}

uint32_t sim_find_user_external(const struct sim *sim, struct str issuer, struct str id)
{
    const struct sim_store *store = &sim->idc->store;
    uint32_t hash = sim_hash(id);
    size_t probe = sim_index_start(&store->by_external, hash);
    uint32_t number;

    while (sim_index_next(&store->by_external, hash, &probe, &number)) {
        if (bears(&store->users[number], issuer, id))
            return number;
    }
    return SIM_NOBODY;
}

static void set_person(struct sim *sim, uint32_t user, uint32_t person)
{
    struct sim_store *store = &sim->idc->store;

    if (person == SIM_NOBODY)
        return;
    if (person >= store->n_of_person) {
        size_t n = store->n_of_person > 0 ? store->n_of_person * 2 : 1024;

        if (n < sim->n_people)
            n = sim->n_people;
        store->of_person = realloc(store->of_person, n * sizeof(*store->of_person));
        if (!store->of_person)
            abort();
        memset(store->of_person + store->n_of_person, 0,
               (n - store->n_of_person) * sizeof(*store->of_person));
        store->n_of_person = n;
    }
    store->of_person[person] = user + 1;
}

static void index_user(struct sim *sim, uint32_t number)
{
    struct sim_store *store = &sim->idc->store;
    const struct sim_store_user *user = &store->users[number];

    sim_index_add(&store->by_user_name, sim_hash_fold(user->user_name), number);
    if (user->email.len > 0)
        sim_index_add(&store->by_email, sim_hash_fold(user->email), number);
    if (user->external_id.len > 0)
        sim_index_add(&store->by_external, sim_hash(user->external_id), number);
    set_person(sim, number, user->person);
}

uint32_t sim_user_add(struct sim *sim, const struct sim_store_user *user)
{
    struct sim_store *store = &sim->idc->store;
    uint32_t number = (uint32_t)store->n_users;

    store->users = grow(store->users, store->n_users, &store->cap_users, sizeof(*store->users));
    store->users[store->n_users++] = *user;
    if (user->id.len > 0)
        sim_index_add(&store->by_given_id, sim_hash(user->id) ^ USER, number);
    index_user(sim, number);
    sim_subs_on_user(sim, number);
    return number;
}

void sim_user_update(struct sim *sim, uint32_t user, const struct sim_store_user *to)
{
    struct sim_store *store = &sim->idc->store;
    struct sim_store_user *place = &store->users[user];
    bool is_named_anew = !str_eq(place->user_name, to->user_name) ||
                         !str_eq(place->email, to->email) || place->person != to->person;

    *place = *to;
    place->updated_ms = sim_cloud(sim);
    if (is_named_anew)
        index_user(sim, user);
}

void sim_user_delete(struct sim *sim, uint32_t user)
{
    struct sim_store *store = &sim->idc->store;

    for (uint32_t group = 0; group < store->n_groups; group++) {
        uint32_t membership = sim_store_member(sim, group, user);

        if (membership != SIM_NOBODY)
            sim_store_leave(sim, membership, 0);
    }
    store->users[user].is_deleted = true;
    if (store->users[user].person < store->n_of_person)
        store->of_person[store->users[user].person] = 0;
    sim_subs_on_user_gone(sim, user);
}

/* ---- groups ---- */

uint32_t sim_find_store_name(const struct sim *sim, struct str name)
{
    const struct sim_store *store = &sim->idc->store;

    for (uint32_t i = 0; i < store->n_groups; i++) {
        if (!store->groups[i].is_deleted && str_eq(store->groups[i].name, name))
            return i;
    }
    return SIM_NOBODY;
}

uint32_t sim_store_group_add(struct sim *sim, const struct sim_store_group *group)
{
    struct sim_store *store = &sim->idc->store;
    uint32_t number = (uint32_t)store->n_groups;

    store->groups =
        grow(store->groups, store->n_groups, &store->cap_groups, sizeof(*store->groups));
    store->groups[store->n_groups++] = *group;
    if (group->id.len > 0)
        sim_index_add(&store->by_given_id, sim_hash(group->id) ^ GROUP, number);
    sim_subs_on_group(sim, number);
    return number;
}

size_t sim_store_count(const struct sim *sim, uint32_t group)
{
    const struct sim_store_group *of = &sim->idc->store.groups[group];

    return of->n - of->n_gone;
}

/* ---- memberships ---- */

static uint32_t pair_hash(uint32_t group, uint32_t user)
{
    uint64_t pair = ((uint64_t)group << 32 | user) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint32_t)(pair >> 32);
}

uint32_t sim_store_member(const struct sim *sim, uint32_t group, uint32_t user)
{
    const struct sim_store *store = &sim->idc->store;
    uint32_t hash = pair_hash(group, user);
    size_t probe = sim_index_start(&store->pairs, hash);
    uint32_t number;

    while (sim_index_next(&store->pairs, hash, &probe, &number)) {
        const struct sim_membership *member = &store->members[number];

        if (member->group == group && member->user == user && member->gone_ms == 0)
            return number;
    }
    return SIM_NOBODY;
}

uint32_t sim_store_former(const struct sim *sim, uint32_t group, uint32_t user)
{
    const struct sim_store *store = &sim->idc->store;
    uint32_t hash = pair_hash(group, user);
    size_t probe = sim_index_start(&store->pairs, hash);
    uint32_t newest = SIM_NOBODY;
    uint32_t number;

    while (sim_index_next(&store->pairs, hash, &probe, &number)) {
        const struct sim_membership *member = &store->members[number];

        if (member->group == group && member->user == user && member->gone_ms != 0 &&
            (newest == SIM_NOBODY || number > newest))
            newest = number;
    }
    return newest;
}

uint32_t sim_store_join(struct sim *sim, uint32_t group, uint32_t user, int64_t lag_ms)
{
    struct sim_store *store = &sim->idc->store;
    struct sim_store_group *to = &store->groups[group];
    uint32_t number = user != SIM_NOBODY ? sim_store_member(sim, group, user) : SIM_NOBODY;

    if (number != SIM_NOBODY)
        return number;
    number = (uint32_t)store->n_members;
    store->members =
        grow(store->members, store->n_members, &store->cap_members, sizeof(*store->members));
    store->members[store->n_members++] =
        (struct sim_membership){.shown_ms = sim_boot(sim) + lag_ms, .group = group, .user = user};
    to->list = grow(to->list, to->n, &to->cap, sizeof(*to->list));
    to->list[to->n++] = number;
    sim_index_add(&store->pairs, pair_hash(group, user), number);
    sim_subs_on_join(sim, number);
    return number;
}

/* Those that no read can show any more, once they are many. A cursor is a number, not a place, so
 * it stays good. */
static void tidy(struct sim *sim, struct sim_store_group *group)
{
    const struct sim_membership *members = sim->idc->store.members;
    int64_t long_ago = sim_boot(sim) - 2 * INT64_C(3600000);
    size_t kept = 0;

    if (group->n_gone < group->tidy_at || group->n_gone < 64 || group->n_gone * 2 < group->n)
        return;
    for (size_t i = 0; i < group->n; i++) {
        const struct sim_membership *member = &members[group->list[i]];

        if (member->gone_ms == 0 || member->hidden_ms > long_ago)
            group->list[kept++] = group->list[i];
    }
    group->n_gone -= group->n - kept;
    group->n = kept;
    group->tidy_at = 2 * group->n_gone;
}

void sim_store_leave(struct sim *sim, uint32_t membership, int64_t lag_ms)
{
    struct sim_membership *member = &sim->idc->store.members[membership];
    struct sim_store_group *from = &sim->idc->store.groups[member->group];

    if (member->gone_ms != 0)
        return;
    member->gone_ms = sim_boot(sim);
    member->hidden_ms = member->gone_ms + lag_ms;
    from->n_gone++;
    sim_subs_on_leave(sim, membership);
    tidy(sim, from);
}

bool sim_membership_shows(const struct sim *sim, uint32_t membership, int64_t stale_ms)
{
    const struct sim_membership *member = &sim->idc->store.members[membership];
    int64_t at = sim_boot(sim) - stale_ms;

    return member->shown_ms <= at && (member->gone_ms == 0 || member->hidden_ms > at);
}

#include <stdlib.h>
#include <string.h>

#include "sim/sim_scim.h"
#include "sim/sim_state.h"

struct sim_person *sim_person(const struct sim *sim, uint32_t number)
{
    return &sim->chunks[number / SIM_CHUNK][number % SIM_CHUNK];
}

struct str sim_person_id(const struct sim_person *person)
{
    return (struct str){person->id, SIM_ID_LEN};
}

static struct sim_person *live(const struct sim *sim, uint32_t number)
{
    struct sim_person *person = sim_person(sim, number);

    return person->is_deleted ? NULL : person;
}

uint32_t sim_find_id(const struct sim *sim, struct str id)
{
    uint32_t hash = sim_hash(id);
    size_t probe = sim_index_start(&sim->by_id, hash);
    uint32_t number;

    while (sim_index_next(&sim->by_id, hash, &probe, &number)) {
        const struct sim_person *person = live(sim, number);

        if (person && str_eq(sim_person_id(person), id))
            return number;
    }
    return SIM_NOBODY;
}

uint32_t sim_find_login(const struct sim *sim, struct str login)
{
    uint32_t hash = sim_hash_fold(login);
    size_t probe = sim_index_start(&sim->by_login, hash);
    uint32_t number;

    while (sim_index_next(&sim->by_login, hash, &probe, &number)) {
        const struct sim_person *person = live(sim, number);

        if (person && str_ieq(person->login, login))
            return number;
    }
    return SIM_NOBODY;
}

/* Rare enough for a walk over everybody. */
uint32_t sim_find_short(const struct sim *sim, struct str name)
{
    uint32_t found = SIM_NOBODY;

    if (name.len == 0 || str_has(name, '@'))
        return SIM_NOBODY;
    for (uint32_t i = 0; i < sim->n_people; i++) {
        const struct sim_person *person = live(sim, i);

        if (!person || person->login.len <= name.len || person->login.ptr[name.len] != '@' ||
            !str_ieq(str_sub(person->login, 0, name.len), name))
            continue;
        if (found != SIM_NOBODY)
            return SIM_NOBODY;
        found = i;
    }
    return found;
}

uint32_t sim_find_anybody(const struct sim *sim, struct str key)
{
    uint32_t number = sim_find_id(sim, key);

    if (number == SIM_NOBODY)
        number = sim_find_login(sim, key);
    return number == SIM_NOBODY ? sim_find_short(sim, key) : number;
}

void sim_people_reserve(struct sim *sim, size_t n)
{
    sim_index_reserve(&sim->by_id, sim->by_id.used + n);
    sim_index_reserve(&sim->by_login, sim->by_login.used + n);
}

static struct sim_person *next_slot(struct sim *sim)
{
    size_t chunk = sim->n_people / SIM_CHUNK;

    if (chunk == sim->cap_chunks) {
        size_t cap = sim->cap_chunks > 0 ? sim->cap_chunks * 2 : 16;

        sim->chunks = realloc(sim->chunks, cap * sizeof(struct sim_person *));
        if (!sim->chunks)
            abort();
        for (size_t i = sim->cap_chunks; i < cap; i++)
            sim->chunks[i] = NULL;
        sim->cap_chunks = cap;
    }
    if (!sim->chunks[chunk]) {
        sim->chunks[chunk] = malloc(SIM_CHUNK * sizeof(struct sim_person));
        if (!sim->chunks[chunk])
            abort();
    }
    return &sim->chunks[chunk][sim->n_people % SIM_CHUNK];
}

uint32_t sim_person_add(struct sim *sim, const struct sim_person *person)
{
    uint32_t number = (uint32_t)sim->n_people;

    if (sim->n_people >= SIM_PEOPLE || sim_find_login(sim, person->login) != SIM_NOBODY ||
        sim_find_id(sim, sim_person_id(person)) != SIM_NOBODY)
        return SIM_NOBODY;
    *next_slot(sim) = *person;
    sim->n_people++;
    sim_index_add(&sim->by_id, sim_hash(sim_person_id(person)), number);
    sim_index_add(&sim->by_login, sim_hash_fold(person->login), number);
    sim_member_push(sim, sim->everyone, number);
    return number;
}

void sim_person_status(struct sim *sim, uint32_t number, enum user_status status)
{
    struct sim_person *person = sim_person(sim, number);

    if (person->status == status)
        return;
    sim_scim_before_person(sim, number);
    person->status = (uint8_t)status;
    person->status_ms = person->updated_ms = sim_cloud(sim);
    sim_scim_after_person(sim, number);
}

bool sim_person_rename(struct sim *sim, uint32_t number, struct str login)
{
    struct sim_person *person = sim_person(sim, number);
    uint32_t holder = sim_find_login(sim, login);

    if (holder != SIM_NOBODY && holder != number)
        return false;
    sim_scim_before_person(sim, number);
    person->login = sim_keep(sim, login);
    person->email = person->login;
    person->updated_ms = sim_cloud(sim);
    sim_index_add(&sim->by_login, sim_hash_fold(login), number);
    sim_scim_after_person(sim, number);
    return true;
}

void sim_person_delete(struct sim *sim, uint32_t number, const struct sim_actor *actor)
{
    sim_log(sim, "user.lifecycle.delete.initiated", actor, number, SIM_NOBODY);
    for (uint32_t i = 0; i < sim->n_groups; i++) {
        if (!sim->groups[i]->is_deleted)
            sim_member_remove(sim, i, number, actor);
    }
    sim_log(sim, "user.lifecycle.delete.completed", actor, number, SIM_NOBODY);
    sim_scim_before_person(sim, number);
    sim_person(sim, number)->is_deleted = true;
    sim->n_deleted++;
}

size_t sim_person_profile(const struct sim *sim, const struct sim_person *person,
                          struct profile_value out[SIM_PROFILE])
{
    if (!person->profile && person->made > 0)
        return sim_made_profile(sim, person, out);
    size_t n = person->profile ? person->n_profile : 0;

    for (size_t i = 0; i < n; i++)
        out[i] = person->profile[i];
    return n;
}

struct str sim_person_value(const struct sim *sim, const struct sim_person *person, struct str name)
{
    if (str_is(name, "login"))
        return person->login;
    if (str_is(name, "email"))
        return person->email;
    if (str_is(name, "firstName"))
        return person->first_name;
    if (str_is(name, "lastName"))
        return person->last_name;

    struct profile_value profile[SIM_PROFILE];
    size_t n = sim_person_profile(sim, person, profile);

    for (size_t i = 0; i < n; i++) {
        if (str_eq(profile[i].name, name))
            return profile[i].value;
    }
    return (struct str){0};
}

static bool set_fixed(struct sim *sim, struct sim_person *person, struct str name, struct str value)
{
    struct str *place = str_is(name, "email")       ? &person->email
                        : str_is(name, "firstName") ? &person->first_name
                        : str_is(name, "lastName")  ? &person->last_name
                                                    : NULL;

    if (place)
        *place = sim_keep(sim, value);
    return place != NULL;
}

/* The empty value takes the attribute away. */
static bool set_profile(struct sim *sim, struct sim_person *person, struct str name,
                        struct str value)
{
    struct profile_value values[SIM_PROFILE];
    size_t n = sim_person_profile(sim, person, values);
    size_t at = 0;

    while (at < n && !str_eq(values[at].name, name))
        at++;
    if (at == SIM_PROFILE)
        return false;
    if (value.len > 0) {
        values[at] = (struct profile_value){sim_keep(sim, name), sim_keep(sim, value)};
        n += at == n;
    } else if (at < n) {
        values[at] = values[--n];
    }

    struct profile_value *kept = arena_array(&sim->org, struct profile_value, n + 1);
    for (size_t i = 0; i < n; i++)
        kept[i] = values[i];
    person->profile = kept;
    person->n_profile = (uint32_t)n;
    return true;
}

bool sim_person_set(struct sim *sim, uint32_t number, struct str name, struct str value)
{
    struct sim_person *person = sim_person(sim, number);

    if (str_is(name, "login"))
        return sim_person_rename(sim, number, value);
    sim_scim_before_person(sim, number);
    if (!set_fixed(sim, person, name, value) && !set_profile(sim, person, name, value))
        return false;
    person->updated_ms = sim_cloud(sim);
    sim_scim_after_person(sim, number);
    return true;
}

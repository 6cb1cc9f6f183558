#include <stdlib.h>

#include "engine/observe_users_inside.h"

/* A user of Identity Center becomes a person's once, and stays theirs. */

static struct str status_word(enum identity_status status)
{
    switch (status) {
    case IDENTITY_ENABLED: return STR("enabled");
    case IDENTITY_DISABLED: return STR("disabled");
    case IDENTITY_STATUS_UNKNOWN: break;
    }
    return STR("unknown");
}

void users_keep(struct users *users, const struct identity_user *user, struct str person)
{
    const struct idc_user_row *known = map_get(&users->store->by_user, user->id);

    if (user->issuer.len > 0)
        users->store->issuer = user->issuer;
    VEC_PUSH(users->arena, &users->fresh,
             ((struct idc_user_row){
                 .user = user->id,
                 .person = person.len > 0 ? person
                           : known        ? known->person
                                          : (struct str){0},
                 .user_name = user->user_name,
                 .email = user->email,
                 .external_id = user->external_id,
                 .issuer = user->issuer,
                 .status = status_word(user->status),
                 .first_seen = known ? known->first_seen : users->roll->now_ms,
                 .seen_at = users->roll->now_ms,
             }));
}

void users_note_conflict(struct users *users, struct str person, struct str login, struct str why)
{
    VEC_PUSH(users->arena, &users->store->conflicts, ((struct store_conflict){person, login, why}));
}

const struct person *users_person(const struct users *users, struct str id)
{
    const struct person_facts *facts = roll_get(users->roll, id);

    return facts ? &facts->person : NULL;
}

struct str users_login(const struct users *users, struct str id)
{
    const struct person *person = users_person(users, id);

    return person ? person->login : (struct str){0};
}

bool users_is_bound(const struct users *users, struct str person)
{
    return map_has(&users->store->by_person, person);
}

static void refuse(struct users *users, const struct proposal *proposal, const char *why)
{
    users_note_conflict(users, proposal->person, proposal->login,
                        arena_printf(users->arena, "the user %.*s of Identity Center %s",
                                     STR_ARG(proposal->user->user_name), why));
}

void users_propose(struct users *users, struct str person, const struct identity_user *user,
                   bool by_email)
{
    const struct idc_user_row *row = map_get(&users->store->by_user, user->id);
    struct proposal proposal = {person, users_login(users, person), user, by_email};

    if (row && row->person.len > 0) {
        refuse(users, &proposal, "belongs to somebody else");
    } else {
        VEC_PUSH(users->arena, &users->proposals, proposal);
    }
}

bool users_check_addresses(struct users *users, struct err *err)
{
    size_t n = 0, kept = 0;
    struct str *logins = arena_array(users->arena, struct str, users->proposals.n);
    struct okta_user *found = arena_array(users->arena, struct okta_user, users->proposals.n);

    for (size_t i = 0; i < users->proposals.n; i++) {
        if (users->proposals.items[i].by_email)
            logins[n++] = users->proposals.items[i].user->user_name;
    }
    if (n == 0)
        return true;
    if (!okta_find_users(users->world->okta, logins, n, false, users->arena, found, err))
        return false;
    n = 0;
    for (size_t i = 0; i < users->proposals.n; i++) {
        struct proposal *proposal = &users->proposals.items[i];
        const struct okta_user *owner = proposal->by_email ? &found[n++] : NULL;
        bool is_free = !owner || owner->answer == OKTA_NONE ||
                       (owner->answer == OKTA_FOUND && str_eq(owner->person.id, proposal->person));
        if (is_free) {
            users->proposals.items[kept++] = *proposal;
        } else if (owner->answer == OKTA_FOUND) {
            refuse(users, proposal, "has the person's address and somebody else's login");
        }
    }
    users->proposals.n = kept;
    return true;
}

static int by_proposed_user(const void *a, const void *b)
{
    return str_cmp(((const struct proposal *)a)->user->id, ((const struct proposal *)b)->user->id);
}

void users_bind_proposed(struct users *users)
{
    struct proposal *items = users->proposals.items;
    size_t n = users->proposals.n;

    if (n > 1)
        qsort(items, n, sizeof(*items), by_proposed_user);
    for (size_t i = 0; i < n; i++) {
        bool twice = (i > 0 && by_proposed_user(&items[i - 1], &items[i]) == 0) ||
                     (i + 1 < n && by_proposed_user(&items[i], &items[i + 1]) == 0);
        if (twice) {
            refuse(users, &items[i], "could be two people");
        } else {
            users_keep(users, items[i].user, items[i].person);
        }
    }
}

void users_refresh(struct users *users, const struct identity_user *user,
                   const struct idc_user_row *row)
{
    users_keep(users, user, row->person);
    if (row->person.len > 0 && user->external_id.len > 0 && row->external_id.len > 0 &&
        !str_eq(user->external_id, row->external_id)) {
        users_note_conflict(
            users, row->person, users_login(users, row->person),
            arena_printf(users->arena,
                         "the user %.*s of Identity Center carries another id of the "
                         "identity provider than before",
                         STR_ARG(user->user_name)));
    }
}

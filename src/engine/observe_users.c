#include <stdlib.h>

#include "base/log.h"
#include "engine/observe_users_inside.h"

/*
 * Who is who in Identity Center. A user once bound to a person stays bound, whatever becomes of
 * names and addresses, until the service says that this very user is gone. What is not known yet is
 * looked up one by one while that is little, and from the whole directory when it is much, at
 * first, and once a day (a user may be disabled there without a word to us).
 */

#define LOOK_UP_MOST 50
#define LISTED_EVERY TIME_DAY
#define LISTED_AGAIN TIME_HOUR /* at the soonest, however many are not known */
/* So many, and such a share, of the users we know missing at once: not believed. */
#define SHRINK_LEAST   3
#define SHRINK_PERCENT 10

/* ---- what is to be found out ---- */

/* Somebody who is in the group here and not there, or was disabled there: is the user still what it
 * was? */
static bool is_doubtful(const struct users *users, const struct seen_group *group,
                        struct str person, const struct listing *listings, size_t n)
{
    const struct idc_user_row *row = map_get(&users->store->by_person, person);
    const struct store_group *there = store_group_of(users->store, group->ent->name, group->plan);

    if (row && str_is(row->status, "disabled"))
        return true;
    for (size_t i = 0; row && there && i < n; i++) {
        if (str_eq(listings[i].collection, there->group.id))
            return listing_is_sealed(&listings[i]) && !listing_find(&listings[i], row->user);
    }
    return false;
}

static void collect_person(struct users *users, const struct seen_group *group, struct str person,
                           const struct listing *listings, size_t n)
{
    const struct idc_user_row *row = map_get(&users->store->by_person, person);

    if (!row) {
        VEC_PUSH(users->arena, &users->people, person);
    } else if (is_doubtful(users, group, person, listings, n)) {
        VEC_PUSH(users->arena, &users->doubtful, row->user);
    }
}

/* At most so many, and in time all of them: another part of the list every few minutes. */
static size_t some_of(const struct users *users, struct str *items, size_t n)
{
    size_t from;

    n = str_sort_unique(items, n);
    if (n <= LOOK_UP_MOST)
        return n;
    from = (size_t)(users->roll->now_ms / (5 * TIME_MINUTE)) * LOOK_UP_MOST % n;
    struct str *turned = arena_array(users->arena, struct str, n);
    for (size_t i = 0; i < n; i++)
        turned[i] = items[(from + i) % n];
    for (size_t i = 0; i < LOOK_UP_MOST; i++)
        items[i] = turned[i];
    return LOOK_UP_MOST;
}

static bool collect(struct users *users, const struct seen_groups *groups,
                    const struct listing *listings, size_t n, struct err *err)
{
    const struct hop_row *rows;
    size_t n_rows;

    for (size_t g = 0; g < groups->n; g++) {
        const struct seen_group *group = &groups->items[g];
        if (group->role != PIN_PLAN || group->ent->provisioning == PROVISIONING_NONE)
            continue;
        for (size_t i = 0; i < group->listing->n; i++)
            collect_person(users, group, group->listing->members[i].id, listings, n);
    }
    /* Whoever has left Okta's group is still to be followed out. */
    if (!ledger_load_hops(users->world->ledger, users->arena, &rows, &n_rows, err))
        return false;
    for (size_t i = 0; i < n_rows; i++) {
        if (!users_is_bound(users, rows[i].person))
            VEC_PUSH(users->arena, &users->people, rows[i].person);
    }
    for (size_t g = 0; g < n; g++) {
        for (size_t i = 0; i < listings[g].n; i++) {
            if (!map_has(&users->store->by_user, listings[g].members[i].id))
                VEC_PUSH(users->arena, &users->unknown, listings[g].members[i].id);
        }
    }
    users->people.n = str_sort_unique(users->people.items, users->people.n);
    users->unknown.n = str_sort_unique(users->unknown.items, users->unknown.n);
    users->doubtful.n = some_of(users, users->doubtful.items, users->doubtful.n);
    return true;
}

/* ---- the whole directory ---- */

static int by_user(const void *a, const void *b)
{
    return str_cmp(((const struct identity_user *)a)->id, ((const struct identity_user *)b)->id);
}

static const struct identity_user *find_user(const struct identity_users *all, struct str id)
{
    const struct identity_user key = {.id = id};

    return all->n > 0 ? bsearch(&key, all->users, all->n, sizeof(key), by_user) : NULL;
}

/* Asks for each by its id: only that says who is gone. */
static bool ask_for(struct users *users, const struct str *ids, size_t n, struct err *err)
{
    struct identity_found *found = arena_array(users->arena, struct identity_found, n);

    if (n == 0)
        return true;
    if (!identity_get_users(users->store->identity, ids, n, users->arena, found, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct idc_user_row *row = map_get(&users->store->by_user, ids[i]);
        if (found[i].answer == IDENTITY_FOUND && row) {
            users_refresh(users, &found[i].user, row);
        } else if (found[i].answer == IDENTITY_FOUND) {
            users_keep(users, &found[i].user, (struct str){0});
        } else if (found[i].answer == IDENTITY_NONE && row) {
            VEC_PUSH(users->arena, &users->gone, ids[i]);
        } else if (found[i].answer == IDENTITY_NONE) { /* a member whose user is no more */
            users_keep(users, &(struct identity_user){.id = ids[i]}, (struct str){0});
        }
    }
    return true;
}

/* Users we know and the list does not show. Many at once are the list's fault. */
static bool check_missing(struct users *users, const struct identity_users *all, bool *believed,
                          struct err *err)
{
    const struct map *known = &users->store->by_user;
    VEC_OF(struct str) missing = {0};

    for (size_t i = 0; i < known->n; i++) {
        if (!find_user(all, known->entries[i].key))
            VEC_PUSH(users->arena, &missing, known->entries[i].key);
    }
    *believed = missing.n < SHRINK_LEAST || missing.n * 100 < known->n * SHRINK_PERCENT;
    if (*believed)
        return ask_for(users, missing.items, missing.n, err);
    users->store->users_why = arena_printf(
        users->arena, "the list of users lost %zu of the %zu known at once", missing.n, known->n);
    return true;
}

static bool list_everybody(struct users *users, struct err *err)
{
    struct identity_users all;
    bool believed;

    if (!identity_list_users(users->store->identity, users->arena, &all, err))
        return false;
    if (all.state != LISTING_SEALED) {
        users->store->users_why = all.why;
        return true;
    }
    if (!check_missing(users, &all, &believed, err) || !believed)
        return believed;
    for (size_t i = 0; i < users->store->by_user.n; i++) {
        const struct idc_user_row *row = users->store->by_user.entries[i].value;
        const struct identity_user *user = find_user(&all, row->user);
        if (user)
            users_refresh(users, user, row);
    }
    for (size_t i = 0; i < users->unknown.n; i++) {
        const struct identity_user *user = find_user(&all, users->unknown.items[i]);
        if (user)
            users_keep(users, user, (struct str){0});
    }
    const struct identity_index *index = identity_index(all.users, all.n, users->arena);
    for (size_t i = 0; i < users->people.n; i++) {
        struct str id = users->people.items[i];
        const struct person *person = users_person(users, id);
        struct identity_match match =
            identity_match(index, id, users_login(users, id),
                           person ? person->email : (struct str){0}, users->arena);
        if (match.answer == IDENTITY_FOUND)
            users_propose(users, id, match.user, str_is(str_of(match.by), "e-mail"));
        if (match.answer == IDENTITY_AMBIGUOUS)
            users_note_conflict(users, id, users_login(users, id), match.why);
    }
    users->whole = true;
    return true;
}

/* ---- one by one ---- */

/* By ExternalId, then by user name; whoever carries somebody else's Okta id is nobody we may take.
 */
static bool find_people(struct users *users, struct err *err)
{
    size_t n = some_of(users, users->people.items, users->people.n), n_keys = 0;
    struct identity_key *keys = arena_array(users->arena, struct identity_key, 2 * n);
    struct identity_found *found = arena_array(users->arena, struct identity_found, 2 * n);
    size_t *of = arena_array(users->arena, size_t, 2 * n);

    for (size_t i = 0; i < n; i++) {
        struct str login = users_login(users, users->people.items[i]);
        if (users->store->issuer.len > 0) {
            of[n_keys] = i;
            keys[n_keys++] = (struct identity_key){.issuer = users->store->issuer,
                                                   .external_id = users->people.items[i]};
        }
        if (login.len > 0) {
            of[n_keys] = i;
            keys[n_keys++] = (struct identity_key){.user_name = login};
        }
    }
    if (n_keys == 0)
        return true;
    if (!identity_find_users(users->store->identity, keys, n_keys, users->arena, found, err))
        return false;
    for (size_t k = 0; k < n_keys; k++) {
        struct str person = users->people.items[of[k]];
        if (found[k].answer != IDENTITY_FOUND)
            continue;
        struct str external = found[k].user.external_id;
        if (keys[k].user_name.len > 0 && external.len > 0 && !str_eq(external, person)) {
            users_note_conflict(
                users, person, keys[k].user_name,
                arena_printf(users->arena,
                             "the user %.*s of Identity Center carries the Okta id of "
                             "somebody else",
                             STR_ARG(found[k].user.user_name)));
            continue;
        }
        users_propose(users, person, &found[k].user, false);
        while (k + 1 < n_keys && of[k + 1] == of[k]) /* the provider's own id settles it */
            k++;
    }
    return true;
}
static bool needs_everybody(struct users *users, bool *out, struct err *err)
{
    struct str text;
    int64_t at = 0;

    if (!ledger_meta_get(users->world->ledger, STORE_USERS_LISTED_AT, users->arena, &text, err))
        return false;
    if (!str_to_i64(text, &at))
        at = 0;
    int64_t age = users->roll->now_ms - at;
    *out = age >= LISTED_EVERY ||
           (users->people.n + users->unknown.n > LOOK_UP_MOST && age >= LISTED_AGAIN);
    return true;
}

static bool look(struct users *users, bool everybody, struct err *err)
{
    if (everybody)
        return list_everybody(users, err) && users_check_addresses(users, err);
    users->unknown.n = some_of(users, users->unknown.items, users->unknown.n);
    return ask_for(users, users->unknown.items, users->unknown.n, err) &&
           ask_for(users, users->doubtful.items, users->doubtful.n, err) && find_people(users, err);
}

bool observe_users(const struct world *world, const struct roll *roll,
                   const struct seen_groups *groups, const struct listing *listings, size_t n,
                   struct seen_store *store, struct err *err)
{
    struct users users = {.world = world, .roll = roll, .store = store, .arena = roll->arena};
    const struct idc_user_row *rows;
    size_t n_rows;
    bool everybody;
    struct err why = {0};

    if (!ledger_load_idc_users(world->ledger, store->instance.store_id, users.arena, &rows, &n_rows,
                               err))
        return false;
    for (size_t i = 0; i < n_rows; i++)
        users_index_row(store, &rows[i], users.arena);
    if (!collect(&users, groups, listings, n, err) || !needs_everybody(&users, &everybody, err))
        return false;
    if (!look(&users, everybody, &why)) {
        if (why.kind == ERR_CANCELLED) {
            *err = why;
            return false;
        }
        store->users_why = arena_str(users.arena, str_of(why.msg));
        users.proposals.n = 0;
    }
    if (store->users_why.len > 0)
        log_info("idc.users_unread", "why=%s", log_q(&store->users_why));
    users_bind_proposed(&users);
    return users_remember(&users, err);
}

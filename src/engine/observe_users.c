#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "engine/observe_store.h"

/*
 * Who is who in Identity Center. The ledger remembers users it once bound to people; what is not
 * known yet is looked up one by one while that is little, and from the whole directory when it is
 * much, at first, and once a day (a user may be disabled there without a word to us).
 */

#define LOOK_UP_MOST 50
#define LISTED_EVERY TIME_DAY
#define LISTED_AGAIN TIME_HOUR /* at the soonest, however many are not known */
#define LISTED_AT    "idc_users_listed_at"
#define CONFLICTS    "idc_users_conflicts" /* what the last look at everybody showed: only it can */

struct users {
    const struct world *world;
    const struct roll *roll;
    struct seen_store *store;
    struct arena *arena;
    VEC_OF(struct str) people; /* in the plans' groups and not bound yet; Okta ids */
    VEC_OF(struct str) users;  /* members there whom nobody knows yet, and some to be read anew */
    size_t n_doubtful;
    VEC_OF(struct idc_user_row) fresh;
    bool whole;
};

static struct str status_word(enum identity_status status)
{
    switch (status) {
    case IDENTITY_ENABLED: return STR("enabled");
    case IDENTITY_DISABLED: return STR("disabled");
    case IDENTITY_STATUS_UNKNOWN: break;
    }
    return STR("unknown");
}

static void keep(struct users *users, const struct identity_user *user, struct str person)
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

static void note_conflict(struct users *users, struct str person, struct str login, struct str why)
{
    VEC_PUSH(users->arena, &users->store->conflicts, ((struct store_conflict){person, login, why}));
}

/* ---- what is to be found out ---- */

static bool is_bound(const struct users *users, struct str person)
{
    return map_has(&users->store->by_person, person);
}

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

static void collect(struct users *users, const struct seen_groups *groups,
                    const struct listing *listings, size_t n)
{
    for (size_t g = 0; g < groups->n; g++) {
        const struct seen_group *group = &groups->items[g];
        if (group->role != PIN_PLAN || group->ent->provisioning == PROVISIONING_NONE)
            continue;
        for (size_t i = 0; i < group->listing->n; i++) {
            struct str person = group->listing->members[i].id;
            if (!is_bound(users, person)) {
                VEC_PUSH(users->arena, &users->people, person);
            } else if (users->users.n < LOOK_UP_MOST &&
                       is_doubtful(users, group, person, listings, n)) {
                const struct idc_user_row *row = map_get(&users->store->by_person, person);
                VEC_PUSH(users->arena, &users->users, row->user);
            }
        }
    }
    users->n_doubtful = users->users.n;
    for (size_t g = 0; g < n; g++) {
        for (size_t i = 0; i < listings[g].n; i++) {
            if (!map_has(&users->store->by_user, listings[g].members[i].id))
                VEC_PUSH(users->arena, &users->users, listings[g].members[i].id);
        }
    }
    users->people.n = str_sort_unique(users->people.items, users->people.n);
    users->users.n = str_sort_unique(users->users.items, users->users.n);
}

/* ---- the whole directory ---- */

static const struct person *person_of(const struct users *users, struct str id)
{
    const struct person_facts *facts = roll_get(users->roll, id);

    return facts ? &facts->person : NULL;
}

static void match_people(struct users *users, const struct seen_groups *groups,
                         const struct identity_index *index)
{
    VEC_OF(struct str) ids = {0};

    for (size_t g = 0; g < groups->n; g++) {
        const struct seen_group *group = &groups->items[g];
        for (size_t i = 0; group->role == PIN_PLAN && i < group->listing->n; i++)
            VEC_PUSH(users->arena, &ids, group->listing->members[i].id);
    }
    for (size_t i = 0; i < users->store->by_person.n; i++)
        VEC_PUSH(users->arena, &ids, users->store->by_person.entries[i].key);
    ids.n = str_sort_unique(ids.items, ids.n);
    for (size_t i = 0; i < ids.n; i++) {
        const struct person *person = person_of(users, ids.items[i]);
        struct str login = person ? person->login : (struct str){0};
        struct identity_match match = identity_match(
            index, ids.items[i], login, person ? person->email : (struct str){0}, users->arena);
        if (match.answer == IDENTITY_FOUND)
            keep(users, match.user, ids.items[i]);
        if (match.answer == IDENTITY_AMBIGUOUS)
            note_conflict(users, ids.items[i], login, match.why);
    }
}

static int by_user(const void *a, const void *b)
{
    return str_cmp(((const struct identity_user *)a)->id, ((const struct identity_user *)b)->id);
}

static bool list_everybody(struct users *users, const struct seen_groups *groups, struct err *err)
{
    struct identity_users all;

    if (!identity_list_users(users->store->identity, users->arena, &all, err))
        return false;
    if (all.state != LISTING_SEALED) {
        log_info("idc.users_unread", "why=%s", log_q(&all.why));
        return true;
    }
    users->fresh.n = 0;
    for (size_t i = 0; i < users->users.n; i++) {
        const struct identity_user key = {.id = users->users.items[i]};
        const struct identity_user *user =
            all.n > 0 ? bsearch(&key, all.users, all.n, sizeof(key), by_user) : NULL;
        if (user)
            keep(users, user, (struct str){0});
    }
    /* Last, since of two rows about one user the later counts. */
    match_people(users, groups, identity_index(all.users, all.n, users->arena));
    users->whole = true;
    return true;
}

/* ---- one by one ---- */

static bool read_users(struct users *users, bool *gone, struct err *err)
{
    struct identity_found *found = arena_array(users->arena, struct identity_found, users->users.n);

    if (users->users.n == 0)
        return true;
    if (!identity_get_users(users->store->identity, users->users.items, users->users.n,
                            users->arena, found, err))
        return false;
    for (size_t i = 0; i < users->users.n; i++) {
        if (found[i].answer == IDENTITY_FOUND)
            keep(users, &found[i].user, (struct str){0});
        /* Whoever is gone may have come back as another user: only the whole tells. */
        *gone |= found[i].answer == IDENTITY_NONE;
    }
    return true;
}

/* By ExternalId, then by user name; whoever carries somebody else's Okta id is nobody we may take.
 */
static bool find_people(struct users *users, struct err *err)
{
    size_t n = users->people.n;
    struct identity_key *keys = arena_array(users->arena, struct identity_key, 2 * n);
    struct identity_found *found = arena_array(users->arena, struct identity_found, 2 * n);
    size_t n_keys = 0;
    bool by_id = users->store->issuer.len > 0;

    for (size_t i = 0; i < n; i++) {
        const struct person *person = person_of(users, users->people.items[i]);
        keys[n_keys++] = (struct identity_key){.user_name = person ? person->login : STR("-")};
        if (by_id) {
            keys[n_keys++] = (struct identity_key){.issuer = users->store->issuer,
                                                   .external_id = users->people.items[i]};
        }
    }
    if (n == 0)
        return true;
    if (!identity_find_users(users->store->identity, keys, n_keys, users->arena, found, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct identity_found *named = &found[by_id ? 2 * i : i];
        const struct identity_found *exact = by_id ? named + 1 : NULL;
        const struct person *person = person_of(users, users->people.items[i]);
        bool is_named = named->answer == IDENTITY_FOUND;
        if (exact && exact->answer == IDENTITY_FOUND) { /* the provider's own id settles it */
            keep(users, &exact->user, users->people.items[i]);
        } else if (is_named && (named->user.external_id.len == 0 ||
                                str_eq(named->user.external_id, users->people.items[i]))) {
            keep(users, &named->user, users->people.items[i]);
        } else if (is_named) {
            note_conflict(users, users->people.items[i], person ? person->login : (struct str){0},
                          arena_printf(users->arena,
                                       "the user %.*s of Identity Center carries the Okta id of "
                                       "somebody else",
                                       STR_ARG(named->user.user_name)));
        }
    }
    return true;
}

/* ---- memory ---- */

/* Two users that could be one person are seen in the whole directory alone; between two looks at it
 * they are remembered, a line each. */
static bool keep_conflicts(struct users *users, struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};

    for (size_t i = 0; i < users->store->conflicts.n; i++) {
        const struct store_conflict *conflict = &users->store->conflicts.items[i];
        buf_printf(&text, "%.*s\t%.*s\t%.*s\n", STR_ARG(conflict->person), STR_ARG(conflict->login),
                   STR_ARG(conflict->why));
    }
    return ledger_meta_note(users->world->ledger, CONFLICTS, buf_str(&text), err);
}

static bool recall_conflicts(struct users *users, struct err *err)
{
    struct str text;

    if (!ledger_meta_get(users->world->ledger, CONFLICTS, users->arena, &text, err))
        return false;
    while (text.len > 0) {
        struct str line = str_cut(&text, '\n');
        struct str person = str_cut(&line, '\t');
        struct str login = str_cut(&line, '\t');
        if (!is_bound(users, person))
            note_conflict(users, person, login, line);
    }
    return true;
}

static void index_row(struct seen_store *store, const struct idc_user_row *row, struct arena *arena)
{
    struct idc_user_row *copy = arena_new(arena, struct idc_user_row);

    *copy = *row;
    map_put(&store->by_user, arena, copy->user, copy);
    if (copy->person.len > 0)
        map_put(&store->by_person, arena, copy->person, copy);
    if (copy->issuer.len > 0)
        store->issuer = copy->issuer;
}

static bool remember(struct users *users, struct err *err)
{
    struct seen_store *store = users->store;
    const struct str *conflicts = NULL;
    size_t n_conflicts = 0;
    struct ledger *ledger = users->world->ledger;

    if (!users->roll->dry &&
        !ledger_store_idc_users(ledger, store->instance.store_id, users->fresh.items,
                                users->fresh.n, users->whole, users->roll->now_ms, users->arena,
                                &conflicts, &n_conflicts, err))
        return err_wrap(err, "users of Identity Center");
    if (users->whole ? !users->roll->dry && !keep_conflicts(users, err)
                     : !recall_conflicts(users, err))
        return false;
    if (users->whole && !users->roll->dry &&
        !ledger_meta_note(ledger, LISTED_AT,
                          arena_printf(users->arena, "%" PRId64, users->roll->now_ms), err))
        return false;
    if (users->whole) /* who is not in the whole is nowhere */
        store->by_user = store->by_person = (struct map){0};
    for (size_t i = 0; i < users->fresh.n; i++) {
        const struct idc_user_row *row = &users->fresh.items[i];
        bool refused = false;
        for (size_t k = 0; k < n_conflicts && !refused; k++)
            refused = str_eq(conflicts[k], row->user);
        if (refused) {
            note_conflict(users, row->person, row->user_name,
                          arena_printf(users->arena,
                                       "the user %.*s of Identity Center was bound to another "
                                       "person before",
                                       STR_ARG(row->user_name)));
        } else {
            index_row(store, row, users->arena);
        }
    }
    return true;
}

static bool needs_everybody(struct users *users, bool *out, struct err *err)
{
    struct str text;
    int64_t at = 0;

    if (!ledger_meta_get(users->world->ledger, LISTED_AT, users->arena, &text, err))
        return false;
    if (!str_to_i64(text, &at))
        at = 0;
    int64_t age = users->roll->now_ms - at;
    size_t n_unknown = users->people.n + users->users.n - users->n_doubtful;
    *out = age >= LISTED_EVERY || (n_unknown > LOOK_UP_MOST && age >= LISTED_AGAIN);
    /* Between two looks at everybody the first of many are asked for one by one. */
    if (!*out && users->people.n > LOOK_UP_MOST)
        users->people.n = LOOK_UP_MOST;
    return true;
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
        index_row(store, &rows[i], users.arena);
    collect(&users, groups, listings, n);
    if (!needs_everybody(&users, &everybody, err))
        return false;
    bool ok = (everybody || (read_users(&users, &everybody, &why) && find_people(&users, &why))) &&
              (!everybody || list_everybody(&users, groups, &why));
    if (!ok && why.kind == ERR_CANCELLED) {
        *err = why;
        return false;
    }
    if (!ok) {
        struct str text = str_of(why.msg);
        log_info("idc.users_unread", "why=%s", log_q(&text));
    }
    return remember(&users, err);
}

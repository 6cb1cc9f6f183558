/* Users: all of them, and one by one (contract 3.1 and 3.7). */

#include <stdlib.h>

#include "identity/identity_call.h"
#include "identity/identity_page.h"
#include "identity/identity_wire.h"

#define USER_NAME_MAX 512 /* 128 characters */
#define KEY_MAX       4096
/* Memory that a listing leaves to whoever called. */
#define SPARE ((size_t)4 << 20)

/* ---- all ---- */

/* Pages hang in a chain until the listing is whole; then they become one array. */
struct chunk {
    struct chunk *next;
    struct identity_user *users;
    size_t n;
};

struct user_roll {
    struct str store;
    struct arena *arena; /* the caller's: texts go there at once */
    struct arena *rolls;
    struct chunk *first, **last; /* in `rolls` */
    size_t n;
};

static struct identity_user copy_user(const struct identity_user *from, struct arena *arena)
{
    return (struct identity_user){
        .id = arena_str(arena, from->id),
        .user_name = arena_str(arena, from->user_name),
        .email = arena_str(arena, from->email),
        .display_name = arena_str(arena, from->display_name),
        .external_id = arena_str(arena, from->external_id),
        .issuer = arena_str(arena, from->issuer),
        .status = from->status,
    };
}

static size_t weight_of(const struct identity_user *user)
{
    return sizeof(*user) + user->id.len + user->user_name.len + user->email.len +
           user->display_name.len + user->external_id.len + user->issuer.len;
}

/* A place in the order of the listing, since the newest sight of somebody counts. */
struct place {
    const struct identity_user *user;
    size_t at;
};

/* The final array is made from the caller's arena too. */
static bool has_room(const struct user_roll *roll, const struct identity_user_page *page)
{
    size_t needed = (roll->n + page->n) * sizeof(struct identity_user) + SPARE;

    for (size_t i = 0; i < page->n; i++)
        needed += weight_of(&page->items[i]);
    return needed <= roll->arena->budget - roll->arena->used &&
           (roll->n + page->n) * sizeof(struct place) + SPARE <=
               roll->rolls->budget - roll->rolls->used;
}

static bool take_users(struct identity_walk *walk, struct str body, struct arena *scratch,
                       struct str *token, struct err *err)
{
    struct user_roll *roll = walk->self;
    struct identity_user_page page;
    struct chunk *chunk;

    if (!identity_wire_users(body, roll->store, scratch, &page, err))
        return false;
    if (!has_room(roll, &page))
        return err_set(err, ERR_REMOTE, "there are more users than can be held at the same time");
    chunk = arena_new(roll->rolls, struct chunk);
    chunk->users = arena_array(roll->rolls, struct identity_user, page.n);
    chunk->n = page.n;
    for (size_t i = 0; i < page.n; i++)
        chunk->users[i] = copy_user(&page.items[i], roll->arena);
    *roll->last = chunk;
    roll->last = &chunk->next;
    roll->n += page.n;
    *token = page.token;
    return true;
}

static void forget_users(struct identity_walk *walk)
{
    struct user_roll *roll = walk->self;

    roll->first = NULL;
    roll->last = &roll->first;
    roll->n = 0;
}

static int compare_places(const void *a, const void *b)
{
    const struct place *pa = a;
    const struct place *pb = b;
    int order = str_cmp(pa->user->id, pb->user->id);

    return order != 0 ? order : (pa->at < pb->at) - (pa->at > pb->at);
}

static void sort_users(const struct user_roll *roll, struct identity_users *out)
{
    struct place *places = arena_array(roll->rolls, struct place, roll->n);
    struct identity_user *users = arena_array(roll->arena, struct identity_user, roll->n);
    size_t n = 0;

    for (const struct chunk *c = roll->first; c; c = c->next) {
        for (size_t i = 0; i < c->n; i++, n++)
            places[n] = (struct place){&c->users[i], n};
    }
    if (n > 1)
        qsort(places, n, sizeof(*places), compare_places);
    for (size_t i = 0; i < n; i++) {
        if (out->n == 0 || !str_eq(users[out->n - 1].id, places[i].user->id))
            users[out->n++] = *places[i].user;
    }
    out->users = users;
}

bool identity_list_users(struct identity *identity, struct arena *arena, struct identity_users *out,
                         struct err *err)
{
    struct user_roll roll = {
        .store = identity->store_id, .arena = arena, .rolls = identity_rolls(identity)};
    struct identity_walk walk = {
        .service = AWS_IDENTITYSTORE,
        .operation = "ListUsers",
        .page = take_users,
        .forget = forget_users,
        .self = &roll,
    };
    enum identity_answer instead;
    struct str why;
    bool ok;

    identity_begin(identity);
    forget_users(&walk);
    walk.body = identity_wire_list(identity->store_id, (struct str){0}, (struct str){0},
                                   identity->options.page_size, &identity->call);
    if (!identity_may_ask(identity, &instead, &why))
        identity_walk_refuse(identity, &walk, instead, arena_str(arena, why));
    ok = identity_walk_all(identity, &walk, 1, arena, err);
    if (ok) {
        *out = (struct identity_users){
            .state = walk.state == IDENTITY_WALK_WHOLE ? LISTING_SEALED : LISTING_UNKNOWN,
            .why = walk.why,
            .at_ms = walk.asked_at,
        };
        if (out->state == LISTING_SEALED)
            sort_users(&roll, out);
    }
    arena_reset(&identity->rolls, 0);
    return ok || err_wrap(err, "listing the users of Identity Center");
}

/* ---- one by one ---- */

struct user_search {
    struct identity *identity;
    const struct identity_key *keys; /* NULL: by id */
    struct arena *arena;
    struct identity_found *out; /* FOUND with an id: to be described yet */
};

static bool is_by_external_id(const struct identity_key *key)
{
    return key->issuer.len > 0 && key->external_id.len > 0;
}

static void take_trouble(struct user_search *search, size_t i, const struct identity_reply *reply)
{
    search->out[i] = (struct identity_found){.answer = reply->answer,
                                             .why = arena_str(search->arena, reply->why)};
}

static void take_odd(struct user_search *search, size_t i, const struct identity_reply *reply,
                     const struct err *odd)
{
    search->out[i] = (struct identity_found){
        .why = identity_oddity(reply->call, reply->said, odd, search->arena)};
}

static struct str ask_user_id(void *self, size_t i, struct arena *arena)
{
    const struct user_search *search = self;
    const struct identity_key *key = &search->keys[i];
    struct str store = search->identity->store_id;

    if (search->out[i].answer != IDENTITY_FOUND)
        return (struct str){0};
    return is_by_external_id(key)
               ? identity_wire_by_external_id(store, key->issuer, key->external_id, arena)
               : identity_wire_by_attribute(store, "userName", key->user_name, arena);
}

static void take_user_id(void *self, size_t i, const struct identity_reply *reply)
{
    struct user_search *search = self;
    struct err odd = {0};

    if (reply->answer != IDENTITY_FOUND) {
        take_trouble(search, i, reply);
    } else if (!identity_wire_id(reply->body, search->identity->store_id, "UserId", search->arena,
                                 &search->out[i].user.id, &odd)) {
        take_odd(search, i, reply, &odd);
    }
}

static struct str ask_user(void *self, size_t i, struct arena *arena)
{
    const struct user_search *search = self;

    if (search->out[i].answer != IDENTITY_FOUND)
        return (struct str){0};
    return identity_wire_by_id(search->identity->store_id, "UserId", search->out[i].user.id, arena);
}

/* Is this whom we asked for? The remote may take more for the same than we do. */
static bool fits(const struct user_search *search, size_t i, const struct identity_user *user)
{
    const struct identity_key *key = search->keys ? &search->keys[i] : NULL;

    if (!key)
        return true;
    if (!is_by_external_id(key))
        return str_ieq(user->user_name, key->user_name);
    return user->external_id.len == 0 || str_eq(user->external_id, key->external_id) ||
           !str_eq(user->issuer, key->issuer);
}

static void take_user(void *self, size_t i, const struct identity_reply *reply)
{
    struct user_search *search = self;
    struct identity_found *out = &search->out[i];
    struct identity_user user;
    struct err odd = {0};

    if (reply->answer != IDENTITY_FOUND) {
        take_trouble(search, i, reply);
    } else if (!identity_wire_user(reply->body, search->identity->store_id, search->arena, &user,
                                   &odd)) {
        take_odd(search, i, reply, &odd);
    } else if (!str_eq(user.id, out->user.id) || !fits(search, i, &user)) {
        (void)err_set(&odd, ERR_REMOTE, "it is about another user");
        take_odd(search, i, reply, &odd);
    } else {
        *out = (struct identity_found){.answer = IDENTITY_FOUND, .user = user};
    }
}

static bool can_be_asked(const struct identity_key *key)
{
    if (is_by_external_id(key))
        return key->issuer.len <= KEY_MAX && key->external_id.len <= KEY_MAX;
    return key->user_name.len > 0 && key->user_name.len <= USER_NAME_MAX;
}

/* What cannot be a key is not asked for. */
static void prepare(struct user_search *search, const struct str *ids, size_t n)
{
    enum identity_answer instead = IDENTITY_UNKNOWN;
    struct str why = {0};
    bool may = identity_may_ask(search->identity, &instead, &why);

    for (size_t i = 0; i < n; i++) {
        bool fine = ids ? identity_wire_is_id(ids[i]) : can_be_asked(&search->keys[i]);
        search->out[i] = (struct identity_found){.answer = IDENTITY_FOUND};
        if (!may) {
            search->out[i] =
                (struct identity_found){.answer = instead, .why = arena_str(search->arena, why)};
        } else if (!fine) {
            search->out[i] = (struct identity_found){
                .answer = IDENTITY_NONE,
                .why = ids ? STR("this is not the id of a user")
                           : STR("this cannot be the name of a user"),
            };
        } else if (ids) {
            search->out[i].user.id = ids[i];
        }
    }
}

static bool search_users(struct user_search *search, const struct str *ids, size_t n,
                         struct err *err)
{
    const struct identity_questions id = {
        .operation = "GetUserId",
        .type = "USER",
        .ask = ask_user_id,
        .take = take_user_id,
        .self = search,
    };
    const struct identity_questions users = {
        .operation = "DescribeUser",
        .type = "USER",
        .ask = ask_user,
        .take = take_user,
        .self = search,
    };
    struct identity *identity = search->identity;

    identity_begin(identity);
    prepare(search, ids, n);
    if ((!ids && !identity_ask_all(identity, &id, n, err)) ||
        !identity_ask_all(identity, &users, n, err))
        return err_wrap(err, "reading users of Identity Center");
    for (size_t i = 0; identity->denied.len > 0 && i < n; i++) {
        search->out[i] = (struct identity_found){.answer = IDENTITY_FORBIDDEN,
                                                 .why = arena_str(search->arena, identity->denied)};
    }
    return true;
}

bool identity_get_users(struct identity *identity, const struct str *ids, size_t n,
                        struct arena *arena, struct identity_found *out, struct err *err)
{
    struct user_search search = {.identity = identity, .arena = arena, .out = out};

    return n == 0 || search_users(&search, ids, n, err);
}

bool identity_find_users(struct identity *identity, const struct identity_key *keys, size_t n,
                         struct arena *arena, struct identity_found *out, struct err *err)
{
    struct user_search search = {.identity = identity, .keys = keys, .arena = arena, .out = out};

    return n == 0 || search_users(&search, NULL, n, err);
}

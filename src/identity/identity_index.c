/* Who is that Okta person there? Pure. */

#include <string.h>

#include "base/map.h"
#include "identity/identity.h"

#define OKTA_ID_LEN 20

/* Who stands under one key, two of a kind at most: more change nothing. A linked one carries the id
 * of an Okta person. */
struct candidates {
    const struct identity_user *free[2], *linked[2];
};

struct identity_index {
    struct map by_external_id; /* exact: Okta's ids differ by case */
    struct map by_user_name, by_email;
};

/* Okta can be told to send something else as ExternalId; then it links nobody. */
static bool is_okta_id(struct str text)
{
    if (text.len != OKTA_ID_LEN || !str_starts(text, STR("00u")))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
            return false;
    }
    return true;
}

static char lower(char c)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

    if (c >= 'A' && c <= 'Z')
        return letters[c - 'A'];
    return c;
}

/* ASCII lower case; lent when there is nothing to change, else in arena. */
static struct str folded(struct str text, struct arena *arena)
{
    char *out = NULL;

    for (size_t i = 0; i < text.len; i++) {
        char c = lower(text.ptr[i]);
        if (!out && c != text.ptr[i])
            out = (char *)memcpy(arena_alloc(arena, text.len, 1), text.ptr, text.len);
        if (out)
            out[i] = c;
    }
    return out ? (struct str){out, text.len} : text;
}

static void put(struct map *map, struct str key, const struct identity_user *user,
                struct arena *arena)
{
    const struct identity_user **kind;
    struct candidates *at;

    if (key.len == 0)
        return;
    at = map_get(map, key);
    if (!at) {
        at = arena_new(arena, struct candidates);
        (void)map_put(map, arena, key, at);
    }
    kind = is_okta_id(user->external_id) ? at->linked : at->free;
    if (!kind[0]) {
        kind[0] = user;
    } else if (!kind[1] && !str_eq(kind[0]->id, user->id)) {
        kind[1] = user;
    }
}

struct identity_index *identity_index(const struct identity_user *users, size_t n,
                                      struct arena *arena)
{
    struct identity_index *index = arena_new(arena, struct identity_index);

    for (size_t i = 0; i < n; i++) {
        put(&index->by_external_id, users[i].external_id, &users[i], arena);
        put(&index->by_user_name, folded(users[i].user_name, arena), &users[i], arena);
        put(&index->by_email, folded(users[i].email, arena), &users[i], arena);
    }
    return index;
}

static struct str name_of(const struct identity_user *user, struct arena *arena)
{
    return arena_printf(arena, "%.*s (%.*s)", STR_ARG(user->id),
                        STR_ARG(user->user_name.len > 0 ? user->user_name : STR("no userName")));
}

static struct identity_match found(const struct identity_user *user, const char *by)
{
    return (struct identity_match){.answer = IDENTITY_FOUND, .user = user, .by = by};
}

static struct identity_match two(const struct identity_user *one, const struct identity_user *other,
                                 const char *by, struct str key, struct arena *arena)
{
    return (struct identity_match){
        .answer = IDENTITY_AMBIGUOUS,
        .by = by,
        .why = arena_printf(arena, "two users have the %s %.*s: %.*s and %.*s", by, STR_ARG(key),
                            STR_ARG(name_of(one, arena)), STR_ARG(name_of(other, arena))),
    };
}

/* Any two, or the only one, of a key. */
static struct identity_match any_of(const struct candidates *at, const char *by, struct str key,
                                    struct arena *arena)
{
    const struct identity_user *one = at->free[0] ? at->free[0] : at->linked[0];
    const struct identity_user *other = at->free[1];

    if (!other)
        other = at->free[0] ? at->linked[0] : at->linked[1];
    return other ? two(one, other, by, key, arena) : found(one, by);
}

/* A userName is one person's. Where its owner carries another Okta id, the name went over to
 * somebody else, and neither is safe to touch. */
static struct identity_match by_user_name(const struct candidates *at, struct str okta_id,
                                          struct str login, struct arena *arena)
{
    struct identity_match match = any_of(at, "userName", login, arena);

    if (match.answer == IDENTITY_FOUND && is_okta_id(okta_id) &&
        is_okta_id(match.user->external_id)) {
        match.answer = IDENTITY_AMBIGUOUS;
        match.why = arena_printf(arena,
                                 "the user %.*s has the userName of the Okta person %.*s, but "
                                 "belongs to the Okta person %.*s",
                                 STR_ARG(name_of(match.user, arena)), STR_ARG(okta_id),
                                 STR_ARG(match.user->external_id));
        match.user = NULL;
    }
    return match;
}

/* An address may be shared: whoever belongs to another Okta person is no candidate. */
static struct identity_match by_email(const struct candidates *at, struct str okta_id,
                                      struct str email, struct arena *arena)
{
    if (!is_okta_id(okta_id))
        return any_of(at, "e-mail", email, arena);
    if (!at->free[0])
        return (struct identity_match){.answer = IDENTITY_NONE};
    return at->free[1] ? two(at->free[0], at->free[1], "e-mail", email, arena)
                       : found(at->free[0], "e-mail");
}

struct identity_match identity_match(const struct identity_index *index, struct str okta_id,
                                     struct str login, struct str email, struct arena *arena)
{
    const struct candidates *at = NULL;

    if (okta_id.len > 0)
        at = map_get(&index->by_external_id, okta_id);
    if (at)
        return any_of(at, "ExternalId", okta_id, arena);
    if (login.len > 0)
        at = map_get(&index->by_user_name, folded(login, arena));
    if (at)
        return by_user_name(at, okta_id, login, arena);
    if (email.len > 0)
        at = map_get(&index->by_email, folded(email, arena));
    if (at)
        return by_email(at, okta_id, email, arena);
    return (struct identity_match){.answer = IDENTITY_NONE};
}

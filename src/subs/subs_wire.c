#include "subs/subs_wire.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "subs/subs_members.h"

#define ID_MAX    47
#define WORD_MAX  256  /* a plan, a status */
#define TEXT_MAX  4096 /* names and ARNs */
#define TOKEN_MAX ((size_t)262140)
#define PAGE_MAX  ((size_t)10000) /* entries: a hundred times what is ever asked for */
#define SHOWN_MAX 40              /* of a foreign word, in a message */

/* ---- readers ---- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_uuid(struct str text)
{
    if (text.len != 36)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? text.ptr[i] != '-' : !is_hex(text.ptr[i]))
            return false;
    }
    return true;
}

/* Of the Identity Store. With another identity provider there are other ids, which are nobody that
 * we could know (contract 6.1). */
static bool is_id(struct str text)
{
    if (text.len != ID_MAX)
        return is_uuid(text);
    for (size_t i = 0; i < 10; i++) {
        if (!is_hex(text.ptr[i]))
            return false;
    }
    return text.ptr[10] == '-' && is_uuid(str_sub(text, 11, text.len));
}

/* Shown to people and kept as it is: one line of characters that one can see. */
static bool check_text(struct str text, const char *key, size_t max, struct arena *arena,
                       struct err *err)
{
    if (text.len > max)
        return err_set(err, ERR_REMOTE, "%s: longer than %zu bytes", key, max);
    if (!str_eq(utf8_printable(text, arena), text))
        return err_set(err, ERR_REMOTE, "%s: has characters that cannot be shown", key);
    return true;
}

/* Copied into the arena; absent is empty. */
static bool read_text(const struct json *value, const char *key, size_t max, struct arena *arena,
                      struct str *out, struct err *err)
{
    struct str text;

    if (!json_str_opt(value, key, &text, err) || !check_text(text, key, max, arena, err))
        return false;
    *out = text.len > 0 ? arena_str(arena, text) : (struct str){0};
    return true;
}

/* Lent by the document; empty: the other one was set. */
static bool lend_id(const struct json *principal, const char *key, struct str *out, struct err *err)
{
    if (!json_str_opt(principal, key, out, err))
        return false;
    if (json_is_str(json_get(principal, key)) && !is_id(*out))
        return err_set(err, ERR_REMOTE, "principal.%s: not an id of an identity store", key);
    return true;
}

static bool read_principal(const struct json *row, const char *prefix, struct subs_extra *extra,
                           struct arena *arena, struct str *user, struct str *group,
                           struct err *err)
{
    const struct subs_members members = {prefix, {"user", "group"}, 2};
    const struct json *principal;

    if (!json_obj(row, "principal", &principal, err) ||
        !subs_check_members(principal, &members, extra, err) ||
        !lend_id(principal, "user", user, err) || !lend_id(principal, "group", group, err))
        return false;
    if ((user->len > 0) == (group->len > 0))
        return err_set(err, ERR_REMOTE, "principal: expected exactly one of user and group");
    if (user->len > 0)
        *user = arena_str(arena, *user);
    if (group->len > 0)
        *group = arena_str(arena, *group);
    return true;
}

/* A member `key` that names a plan: `{"amazonQ":"..."}`. */
struct plan_place {
    const char *key;
    struct subs_members members;
};

static bool read_plan(const struct json *row, const struct plan_place *place,
                      struct subs_extra *extra, struct arena *arena, struct str *raw,
                      struct err *err)
{
    const struct json *type;
    struct str text;

    if (!json_obj(row, place->key, &type, err) ||
        !subs_check_members(type, &place->members, extra, err) ||
        !json_str(type, "amazonQ", &text, err))
        return false;
    if (text.len == 0)
        return err_set(err, ERR_REMOTE, "%s.amazonQ: empty", place->key);
    if (!check_text(text, "amazonQ", WORD_MAX, arena, err))
        return err_wrap(err, "%s", place->key);
    *raw = arena_str(arena, text);
    return true;
}

static bool read_status(const struct json *row, struct arena *arena, enum subs_status *out,
                        struct err *err)
{
    static const struct {
        const char *word;
        enum subs_status status;
    } words[] = {
        {"ACTIVE", SUBS_ACTIVE},
        {"PENDING", SUBS_PENDING},
        {"CANCELED", SUBS_CANCELED},
        {"CANCELLED", SUBS_CANCELED},
    };
    struct str word;

    if (!json_str(row, "status", &word, err))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_is(word, words[i].word)) {
            *out = words[i].status;
            return true;
        }
    }
    word = utf8_printable(str_sub(word, 0, SHOWN_MAX), arena);
    return err_set(err, ERR_REMOTE, "status: `%.*s` is not a known one", STR_ARG(word));
}

/* `1780000000.5`: seconds. */
static bool parse_seconds(struct str text, int64_t *out_ms)
{
    struct str fraction = text;
    struct str whole = str_cut(&fraction, '.');
    int64_t seconds;
    int64_t unit = 100;

    if (!str_to_i64(whole, &seconds) || seconds < 0 || seconds > INT64_C(253402300799) ||
        (fraction.ptr && fraction.len == 0))
        return false;
    *out_ms = seconds * TIME_SECOND;
    for (size_t i = 0; fraction.ptr && i < fraction.len; i++, unit /= 10) {
        if (fraction.ptr[i] < '0' || fraction.ptr[i] > '9')
            return false;
        *out_ms += (fraction.ptr[i] - '0') * unit;
    }
    return true;
}

/* A number or a string; 0 when not told. */
static bool read_time(const struct json *row, const char *key, int64_t *out_ms, struct err *err)
{
    struct str text;

    if (!json_is_str(json_get(row, key)))
        return json_seconds_opt(row, key, out_ms, err);
    if (!json_str(row, key, &text, err))
        return false;
    if (!parse_seconds(text, out_ms) && !(time_parse_iso(text, out_ms) && *out_ms >= 0))
        return err_set(err, ERR_REMOTE, "%s: neither seconds nor a date", key);
    return true;
}

/* ---- pages ---- */

static bool read_page(const struct json *root, const char *key, const char *token_key,
                      struct arena *arena, const struct json **list, struct str *token,
                      struct err *err)
{
    struct str text;

    if (!json_arr(root, key, list, err) || !json_str_opt(root, token_key, &text, err))
        return false;
    if (json_count(*list) > PAGE_MAX)
        return err_set(err, ERR_REMOTE, "%s: more than %zu entries on a page", key, PAGE_MAX);
    if (text.len > TOKEN_MAX)
        return err_set(err, ERR_REMOTE, "%s: longer than any token may be", token_key);
    *token = text.len > 0 ? arena_str(arena, text) : (struct str){0};
    return true;
}

/* `group` is set where the seat is none of a user. */
static bool read_seat(const struct json *row, struct subs_extra *extra, struct arena *arena,
                      struct subs_seat *out, struct str *group, struct err *err)
{
    static const struct subs_members members = {"subscriptions",
                                                {"principal", "type", "activatedType", "status",
                                                 "aggregatedSubscriptionType", "createdDate",
                                                 "activationDate"},
                                                7};
    static const struct plan_place type = {"type", {"subscriptions.type", {"amazonQ"}, 1}};
    static const struct plan_place active = {"activatedType",
                                             {"subscriptions.activatedType", {"amazonQ"}, 1}};
    struct subs_seat seat = {0};
    const struct json *used;

    if (!subs_check_members(row, &members, extra, err) ||
        !read_principal(row, "subscriptions.principal", extra, arena, &seat.user, group, err) ||
        !read_plan(row, &type, extra, arena, &seat.raw, err) ||
        !json_obj_opt(row, active.key, &used, err) ||
        (used && !read_plan(row, &active, extra, arena, &seat.active_raw, err)) ||
        !read_status(row, arena, &seat.status, err) ||
        !read_text(row, "aggregatedSubscriptionType", WORD_MAX, arena, &seat.source, err) ||
        !read_time(row, "createdDate", &seat.created_ms, err) ||
        !read_time(row, "activationDate", &seat.activated_ms, err))
        return false;
    *out = seat;
    return true;
}

bool subs_wire_seats(struct str body, struct subs_extra *extra, struct arena *arena,
                     struct subs_seat_page *out, struct err *err)
{
    static const struct subs_members members = {"", {"subscriptions", "nextToken"}, 2};
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *list;
    struct subs_seat_page page = {0};
    size_t at = 0;

    if (!json_parse(body, "subscriptions", &root, err) ||
        !subs_check_members(root, &members, extra, err) ||
        !read_page(root, "subscriptions", "nextToken", arena, &list, &page.token, err))
        return false;
    page.seats = arena_array(arena, struct subs_seat, json_count(list));
    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        struct str group;
        at++;
        if (!read_seat(e, extra, arena, &page.seats[page.n], &group, err))
            return err_wrap(err, "subscriptions: entry %zu", at);
        page.n += group.len == 0;
        page.n_groups += group.len > 0;
    }
    *out = page;
    return true;
}

static bool read_claim(const struct json *row, struct subs_extra *extra, struct arena *arena,
                       struct subs_claim *out, struct err *err)
{
    static const struct subs_members members = {"claims", {"identifier", "principal", "type"}, 3};
    static const struct plan_place type = {"type", {"claims.type", {"amazonQ"}, 1}};
    struct subs_claim claim = {0};

    if (!subs_check_members(row, &members, extra, err) ||
        !read_text(row, "identifier", TEXT_MAX, arena, &claim.identifier, err) ||
        !read_principal(row, "claims.principal", extra, arena, &claim.user, &claim.group, err) ||
        !read_plan(row, &type, extra, arena, &claim.raw, err))
        return false;
    if (claim.identifier.len == 0)
        return err_set(err, ERR_REMOTE, "identifier: missing");
    *out = claim;
    return true;
}

bool subs_wire_claims(struct str body, struct subs_extra *extra, struct arena *arena,
                      struct subs_claim_page *out, struct err *err)
{
    static const struct subs_members members = {"", {"claims", "nextToken"}, 2};
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *list;
    struct subs_claim_page page = {0};

    if (!json_parse(body, "claims", &root, err) ||
        !subs_check_members(root, &members, extra, err) ||
        !read_page(root, "claims", "nextToken", arena, &list, &page.token, err))
        return false;
    page.claims = arena_array(arena, struct subs_claim, json_count(list));
    for (const struct json *e = json_first(list); e; e = json_next(e), page.n++) {
        if (!read_claim(e, extra, arena, &page.claims[page.n], err))
            return err_wrap(err, "claims: entry %zu", page.n + 1);
    }
    *out = page;
    return true;
}

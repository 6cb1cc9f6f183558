/* People (contracts/okta.md 5). */

#include "base/codec.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "okta/okta_call.h"

#define LOGIN_MAX   320
#define LIST_PAGES  50
#define GROUP_PAGES 100

/* ---- one by one ---- */

static bool parse_user(struct okta *okta, struct str body, struct arena *arena, struct person *out,
                       struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;

    return json_parse(body, "user", &root, err) &&
           okta_wire_user(root, okta->options.profile, okta->options.n_profile, arena, out, err);
}

/* What cannot be a login, or would not stay one path segment, is not asked for. */
static bool is_login(struct str login)
{
    if (login.len == 0 || login.len > LOGIN_MAX || str_is(login, ".") || str_is(login, ".."))
        return false;
    for (size_t i = 0; i < login.len; i++) {
        if ((unsigned char)login.ptr[i] < ' ' || login.ptr[i] == 0x7F)
            return false;
    }
    return utf8_valid(login);
}

static bool can_ask(struct str key, bool by_id, struct okta_user *out)
{
    if (by_id ? okta_wire_is_id(key) : is_login(key))
        return true;
    *out = (struct okta_user){.answer = OKTA_NONE,
                              .why = by_id ? STR("this is not the id of a person")
                                           : STR("this cannot be a login")};
    return false;
}

struct lookup {
    const struct str *keys;
    bool by_id;
    struct arena *arena;
    struct okta_user *out;
};

/* Logins with a slash are left to the list. */
static struct str user_url(struct okta *okta, void *self, size_t i)
{
    const struct lookup *lookup = self;
    struct str key = lookup->keys[i];

    lookup->out[i] = (struct okta_user){0};
    if (!can_ask(key, lookup->by_id, &lookup->out[i]) || (!lookup->by_id && str_has(key, '/')))
        return (struct str){0};
    return okta_url(okta, &okta->page, "/api/v1/users/%.*s",
                    STR_ARG(percent_encode(key, &okta->page)));
}

/* Okta takes short names and the word `me` for a login too; only what was asked for counts. */
static void take_answer(struct okta *okta, void *self, size_t i, const struct http_request *req,
                        const struct http_response *res)
{
    const struct lookup *lookup = self;
    struct str key = lookup->keys[i];
    struct okta_user *out = &lookup->out[i];
    struct err odd = {0};

    if (!okta_is_ok(res)) {
        out->answer = okta_failure(okta, req, res, OKTA_OBJECT, lookup->arena, &out->why);
        return;
    }
    if (!parse_user(okta, res->body, lookup->arena, &out->person, &odd)) {
        *out = (struct okta_user){.why = arena_str(lookup->arena, str_of(odd.msg))};
        return;
    }
    if (lookup->by_id ? str_eq(out->person.id, key) : str_ieq(out->person.login, key)) {
        out->answer = OKTA_FOUND;
    } else if (lookup->by_id) {
        *out = (struct okta_user){.why = STR("the answer is about another person")};
    } else {
        *out = (struct okta_user){.answer = OKTA_NONE, .why = STR("nobody has exactly this login")};
    }
}

/* ---- logins with a slash ---- */

struct sought {
    struct okta *okta;
    struct str login;
    struct arena *arena;
    size_t at; /* whose answer it is */
    struct person person;
    bool found, several;
};

static bool take_user(struct sought *sought, const struct json *value, struct arena *scratch,
                      struct err *err)
{
    const struct okta_options *options = &sought->okta->options;
    struct person person;

    if (!okta_wire_user(value, NULL, 0, scratch, &person, err))
        return false;
    if (!str_ieq(person.login, sought->login))
        return true; /* the service may ignore the filter */
    if (sought->found) {
        sought->several |= !str_eq(sought->person.id, person.id);
        return true;
    }
    sought->found = true;
    return okta_wire_user(value, options->profile, options->n_profile, sought->arena,
                          &sought->person, err);
}

static bool take_users(struct okta_walk *walk, struct str body, struct arena *scratch,
                       struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;

    if (!json_parse(body, "user list", &root, err))
        return false;
    if (!json_is_arr(root))
        return err_set(err, ERR_REMOTE, "user list: expected an array");
    for (const struct json *e = json_first(root); e; e = json_next(e)) {
        if (!take_user(walk->self, e, scratch, err))
            return err_wrap(err, "user list");
    }
    return true;
}

/* In a filter the value is a JSON string. */
static struct str filter_url(struct okta *okta, struct str login)
{
    struct arena *arena = &okta->call;
    char *text = arena_alloc(arena, 2 * login.len + 1, 1);
    size_t n = 0;

    for (size_t i = 0; i < login.len; i++) {
        if (login.ptr[i] == '"' || login.ptr[i] == '\\')
            text[n++] = '\\';
        text[n++] = login.ptr[i];
    }
    return okta_url(okta, arena, "/api/v1/users?filter=%.*s&limit=2",
                    STR_ARG(percent_encode(
                        arena_printf(arena, "profile.login eq \"%.*s\"", (int)n, text), arena)));
}

static struct okta_user judge_sought(const struct okta_walk *walk, const struct sought *sought)
{
    if (walk->state != WALK_WHOLE)
        return (struct okta_user){.answer = okta_walk_answer(walk, OKTA_OBJECT), .why = walk->why};
    if (sought->several) {
        return (struct okta_user){.answer = OKTA_AMBIGUOUS,
                                  .why = STR("several people have this login")};
    }
    if (!sought->found)
        return (struct okta_user){.answer = OKTA_NONE, .why = STR("nobody has exactly this login")};
    return (struct okta_user){.answer = OKTA_FOUND, .person = sought->person};
}

static bool needs_filter(struct str login)
{
    return str_has(login, '/') && is_login(login);
}

/* A login with a slash cannot be fetched by its path, not even as %2F. */
static bool find_by_filter(struct okta *okta, const struct str *keys, size_t n, struct arena *arena,
                           struct okta_user *out, struct err *err)
{
    struct okta_walk *walks;
    struct sought *sought;
    size_t n_walks = 0;

    for (size_t i = 0; i < n; i++)
        n_walks += needs_filter(keys[i]);
    walks = arena_array(&okta->call, struct okta_walk, n_walks);
    sought = arena_array(&okta->call, struct sought, n_walks);
    n_walks = 0;
    for (size_t i = 0; i < n; i++) {
        if (!needs_filter(keys[i]))
            continue;
        sought[n_walks] = (struct sought){.okta = okta, .login = keys[i], .arena = arena, .at = i};
        walks[n_walks] = (struct okta_walk){
            .url = filter_url(okta, keys[i]),
            .bucket = OKTA_BUCKET_USERS,
            .max_pages = LIST_PAGES,
            .page = take_users,
            .self = &sought[n_walks],
        };
        n_walks++;
    }
    if (!okta_walk_all(okta, walks, n_walks, arena, err))
        return false;
    for (size_t i = 0; i < n_walks; i++)
        out[sought[i].at] = judge_sought(&walks[i], &sought[i]);
    return true;
}

bool okta_find_users(struct okta *okta, const struct str *keys, size_t n, bool by_id,
                     struct arena *arena, struct okta_user *out, struct err *err)
{
    struct lookup lookup = {keys, by_id, arena, out};
    struct okta_ask ask = {
        .bucket = OKTA_BUCKET_USER, .url = user_url, .take = take_answer, .self = &lookup};

    okta_begin(okta);
    if (!okta_ask_all(okta, &ask, n, err))
        return err_wrap(err, "reading people");
    if (!by_id && !find_by_filter(okta, keys, n, arena, out, err))
        return err_wrap(err, "reading people by login");
    return true;
}

/* ---- the groups of one person ---- */

struct membership_ids {
    struct arena *arena;
    VEC_OF(struct str) ids;
};

static bool take_group_ids(struct okta_walk *walk, struct str body, struct arena *scratch,
                           struct err *err)
{
    struct membership_ids *of = walk->self;
    struct group_page page = {0};

    if (!okta_wire_groups(body, scratch, &page, err))
        return false;
    for (size_t i = 0; i < page.n; i++)
        VEC_PUSH(of->arena, &of->ids, arena_str(of->arena, page.items[i].group.id));
    return true;
}

bool okta_user_groups(struct okta *okta, struct str user, struct arena *arena,
                      struct okta_user_groups *out, struct err *err)
{
    struct membership_ids of = {.arena = arena};
    struct okta_walk walk = {
        .bucket = OKTA_BUCKET_USERS, .max_pages = GROUP_PAGES, .page = take_group_ids, .self = &of};

    okta_begin(okta);
    if (!okta_wire_is_id(user)) {
        *out = (struct okta_user_groups){.answer = OKTA_NONE,
                                         .why = STR("this is not the id of a person")};
        return true;
    }
    walk.url = okta_url(okta, &okta->call, "/api/v1/users/%.*s/groups", STR_ARG(user));
    if (!okta_walk_all(okta, &walk, 1, arena, err))
        return err_wrap(err, "reading the groups of a person");
    if (walk.state == WALK_WHOLE) {
        *out = (struct okta_user_groups){
            .answer = OKTA_FOUND,
            .groups = {of.ids.items, str_sort_unique(of.ids.items, of.ids.n)},
        };
    } else {
        *out = (struct okta_user_groups){.answer = okta_walk_answer(&walk, OKTA_OBJECT),
                                         .why = walk.why};
    }
    return true;
}

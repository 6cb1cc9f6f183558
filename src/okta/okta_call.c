#include "okta/okta_call.h"

#include <stdlib.h>

#include "base/attr.h"

void okta_begin(struct okta *okta)
{
    arena_reset(&okta->call, 0);
    arena_reset(&okta->page, 0);
}

struct str okta_url(struct okta *okta, struct arena *arena, const char *fmt, ...)
{
    va_list args;
    struct str path;

    va_start(args, fmt);
    path = arena_vprintf(arena, fmt, args);
    va_end(args);
    return arena_printf(arena, "%.*s%.*s", STR_ARG(okta->options.url), STR_ARG(path));
}

struct http_request okta_request(struct okta *okta, enum http_method method, struct str url,
                                 const char *bucket)
{
    /* Okta answers 400 where one of them is missing, on GET too. */
    static const struct http_header headers[] = {
        {STR("Accept"), STR("application/json")},
        {STR("Content-Type"), STR("application/json")},
    };

    return (struct http_request){
        .method = method,
        .url = url,
        .headers = headers,
        .n_headers = ARRAY_LEN(headers),
        .repeatable = method == HTTP_GET,
        .bucket = bucket,
        .sign = okta_auth_sign,
        .sign_self = &okta->auth,
    };
}

bool okta_is_ok(const struct http_response *res)
{
    return res->outcome == HTTP_ANSWERED && res->status == 200;
}

enum err_kind okta_kind_of(const struct http_response *res)
{
    if (res->outcome != HTTP_ANSWERED)
        return res->kind == ERR_NONE ? ERR_UNAVAILABLE : res->kind;
    if (res->status == 429 || res->status >= 500)
        return ERR_UNAVAILABLE;
    return res->status >= 400 ? ERR_REFUSED : ERR_REMOTE;
}

static bool is_unauthorised(const struct http_response *res)
{
    return res->outcome == HTTP_ANSWERED && res->status == 401;
}

/* ---- the token ---- */

static void mark_unsent(struct http_response *res, const struct err *why, struct arena *arena)
{
    *res = (struct http_response){
        .outcome = HTTP_NOT_SENT,
        .why = arena_printf(arena, "no access token: %s", why->msg),
        .kind = why->kind,
    };
}

/* Any failure but these two is a matter of a remote that is away or talks nonsense: it makes every
 * answer unknown, not the call fail. */
static bool ends_the_run(const struct err *err)
{
    return err->kind == ERR_CANCELLED || err->kind == ERR_REFUSED;
}

/* ---- once more after a 401 ---- */

void okta_forget_bodies(struct okta *okta)
{
    for (size_t i = 0; i < okta->n_kept; i++)
        buf_fini(&okta->kept[i]);
    free(okta->kept);
    okta->kept = NULL;
    okta->n_kept = 0;
}

/* The exchanges to come take the bodies away. On the heap: together they may be large. */
static void keep_bodies(struct okta *okta, struct http_response *res, size_t n)
{
    struct buf *kept = calloc(n, sizeof(*kept));

    if (!kept)
        abort();
    for (size_t i = 0; i < n; i++) {
        buf_add(&kept[i], res[i].body);
        res[i].body = buf_str(&kept[i]);
    }
    okta_forget_bodies(okta);
    okta->kept = kept;
    okta->n_kept = n;
}

enum remedy { REMEDY_NONE, REMEDY_NONCE, REMEDY_TOKEN };

static enum remedy remedy_for(struct okta *okta, const struct http_response *res)
{
    struct okta_error error;

    if (res->outcome != HTTP_ANSWERED || (res->status != 401 && res->status != 400)) {
        (void)okta_auth_take_nonce(&okta->auth, res, (struct str){0});
        return REMEDY_NONE;
    }
    error = okta_wire_error(res, &okta->page);
    if (okta_auth_take_nonce(&okta->auth, res, error.code))
        return REMEDY_NONCE;
    /* E0000015: the caller may not use the feature; a new token changes nothing. */
    if (res->status != 401 || str_is(error.code, "E0000015"))
        return REMEDY_NONE;
    return REMEDY_TOKEN;
}

struct again {
    size_t *at; /* indexes into the batch */
    size_t n;
    bool needs_token;
};

static struct again find_again(struct okta *okta, const struct http_response *res, size_t n,
                               bool token_was_new)
{
    struct again again = {.at = arena_array(&okta->page, size_t, n)};

    for (size_t i = 0; i < n; i++) {
        enum remedy remedy = remedy_for(okta, &res[i]);
        if (remedy == REMEDY_NONE || (remedy == REMEDY_TOKEN && token_was_new))
            continue;
        again.at[again.n++] = i;
        again.needs_token |= remedy == REMEDY_TOKEN;
    }
    return again;
}

/* False on ERR_CANCELLED alone; otherwise `*there` says whether there is a token to go on with. */
static bool renew_token(struct okta *okta, struct http_response *res, const struct again *again,
                        bool *there, struct err *err)
{
    struct err why = {0};

    okta_auth_drop(&okta->auth);
    *there = okta_auth_ensure(&okta->auth, &okta->page, &why);
    if (*there)
        return true;
    if (why.kind == ERR_CANCELLED)
        return err_set(err, why.kind, "%s", why.msg);
    if (why.kind == ERR_REFUSED) {
        okta->refusal = why; /* the answers stay 401 */
        return true;
    }
    for (size_t i = 0; i < again->n; i++)
        mark_unsent(&res[again->at[i]], &why, &okta->page);
    return true;
}

static bool send_again(struct okta *okta, const struct http_request *req, struct http_response *res,
                       const struct again *again, struct err *err)
{
    struct http_request *req2 = arena_array(&okta->page, struct http_request, again->n);
    struct http_response *res2 = arena_array(&okta->page, struct http_response, again->n);

    for (size_t i = 0; i < again->n; i++)
        req2[i] = req[again->at[i]];
    if (!http_exchange(okta->http, req2, res2, again->n, &okta->page, err))
        return false;
    for (size_t i = 0; i < again->n; i++)
        res[again->at[i]] = res2[i];
    return true;
}

/* A new token at most once; a nonce may be demanded before it and after it. */
static bool repeat_refused(struct okta *okta, const struct http_request *req,
                           struct http_response *res, size_t n, struct err *err)
{
    bool token_was_new = false;

    if (okta_auth_is_static(&okta->auth))
        return true;
    for (unsigned round = 0; round < 3; round++) {
        struct again again = find_again(okta, res, n, token_was_new);
        bool there = true;

        if (again.n == 0 || round == 2) /* the last look takes nonces only */
            return true;
        keep_bodies(okta, res, n);
        if (again.needs_token && !renew_token(okta, res, &again, &there, err))
            return false;
        if (!there)
            return true;
        token_was_new |= again.needs_token;
        if (!send_again(okta, req, res, &again, err))
            return false;
    }
    return true;
}

bool okta_exchange(struct okta *okta, const struct http_request *req, struct http_response *res,
                   size_t n, struct err *err)
{
    struct err why = {0};

    okta->refusal = (struct err){0};
    okta_forget_bodies(okta);
    if (n == 0)
        return true;
    if (!okta_auth_ensure(&okta->auth, &okta->page, &why)) {
        if (ends_the_run(&why))
            return err_set(err, why.kind, "%s", why.msg);
        for (size_t i = 0; i < n; i++)
            mark_unsent(&res[i], &why, &okta->page);
        return true;
    }
    return http_exchange(okta->http, req, res, n, &okta->page, err) &&
           repeat_refused(okta, req, res, n, err);
}

bool okta_fetch(struct okta *okta, const struct http_request *req, struct http_response *res,
                size_t n, struct err *err)
{
    if (!okta_exchange(okta, req, res, n, err))
        return false;
    if (okta->refusal.kind != ERR_NONE)
        return err_set(err, okta->refusal.kind, "%s", okta->refusal.msg);
    for (size_t i = 0; i < n; i++) {
        struct okta_error error;
        if (!is_unauthorised(&res[i]))
            continue;
        error = okta_wire_error(&res[i], &okta->page);
        if (!str_is(error.code, "E0000015")) {
            return err_set(err, ERR_REFUSED, "okta: %.*s",
                           STR_ARG(okta_complaint(&req[i], &res[i], &error, &okta->page)));
        }
    }
    return true;
}

/* ---- words ---- */

static struct str path_of(struct str url)
{
    struct url parts;

    return url_parse(url, &parts) ? parts.path : STR("/");
}

struct str okta_complaint(const struct http_request *req, const struct http_response *res,
                          const struct okta_error *error, struct arena *arena)
{
    struct str path = path_of(req->url);
    const char *method = http_method_name(req->method);

    if (res->outcome != HTTP_ANSWERED)
        return arena_printf(arena, "%s %.*s: %.*s", method, STR_ARG(path), STR_ARG(res->why));
    return arena_printf(arena, "%s %.*s: %d%s%.*s%s%.*s%s%.*s%s", method, STR_ARG(path),
                        res->status, error->code.len > 0 ? " " : "", STR_ARG(error->code),
                        error->summary.len > 0 ? ": " : "", STR_ARG(error->summary),
                        error->request_id.len > 0 ? " (request " : "", STR_ARG(error->request_id),
                        error->request_id.len > 0 ? ")" : "");
}

enum okta_answer okta_answer_to(int status, struct str code, enum okta_sought sought)
{
    if (status == 404 && (sought == OKTA_SERVICE || str_is(code, "E0000007")))
        return OKTA_NONE;
    if (status == 403 || (status == 401 && str_is(code, "E0000015")))
        return OKTA_FORBIDDEN;
    return OKTA_UNKNOWN;
}

enum okta_answer okta_failure(struct okta *okta, const struct http_request *req,
                              const struct http_response *res, enum okta_sought sought,
                              struct arena *arena, struct str *why)
{
    struct okta_error error = okta_wire_error(res, &okta->page);

    *why = okta_complaint(req, res, &error, arena);
    return okta_answer_to(res->status, error.code, sought);
}

/* ---- many things, one by one ---- */

/* Those from `from` on, OKTA_ROUND of them at most. */
static bool ask_round(struct okta *okta, const struct okta_ask *ask, size_t from, size_t n,
                      struct err *err)
{
    struct http_request *req = arena_array(&okta->page, struct http_request, n);
    struct http_response *res = arena_array(&okta->page, struct http_response, n);
    size_t *at = arena_array(&okta->page, size_t, n);
    size_t n_asked = 0;

    for (size_t i = from; i < from + n; i++) {
        struct str url = ask->url(okta, ask->self, i);

        if (url.len == 0)
            continue;
        at[n_asked] = i;
        req[n_asked++] = okta_request(okta, HTTP_GET, url, ask->bucket);
    }
    if (!okta_fetch(okta, req, res, n_asked, err))
        return false;
    for (size_t i = 0; i < n_asked; i++)
        ask->take(okta, ask->self, at[i], &req[i], &res[i]);
    return true;
}

bool okta_ask_all(struct okta *okta, const struct okta_ask *ask, size_t n, struct err *err)
{
    for (size_t from = 0; from < n; from += OKTA_ROUND) {
        arena_mark_t mark = arena_mark(&okta->page);

        if (!ask_round(okta, ask, from, n - from < OKTA_ROUND ? n - from : OKTA_ROUND, err))
            return false;
        arena_reset(&okta->page, mark);
    }
    return true;
}

#include "okta/okta.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "okta/okta_call.h"

/* Address space, not memory: pages are touched only when used. */
#define KEEP_SPACE ((size_t)1 << 20)
#define MAY_SPACE  ((size_t)8 << 20)
#define CALL_SPACE ((size_t)64 << 20)
#define PAGE_SPACE ((size_t)128 << 20)

const char OKTA_BUCKET_GROUPS[] = "/api/v1/groups";
const char OKTA_BUCKET_GROUP[] = "/api/v1/groups/{id}";
const char OKTA_BUCKET_USERS[] = "/api/v1/users";
const char OKTA_BUCKET_USER[] = "/api/v1/users/{id}";
const char OKTA_BUCKET_LOGS[] = "/api/v1/logs";
const char OKTA_BUCKET_APPS[] = "/api/v1/apps";
const char OKTA_BUCKET_REST[] = "/api/v1";
const char OKTA_BUCKET_TOKEN[] = "/oauth2/v1/token";

struct okta *okta_new(const struct okta_options *options, struct http *http,
                      const struct clock *clock, struct err *err)
{
    struct okta *okta = calloc(1, sizeof(*okta));
    const char *token_url;

    if (!okta)
        abort();
    *okta = (struct okta){.options = *options, .http = http, .clock = clock};
    arena_init(&okta->keep, KEEP_SPACE);
    arena_init(&okta->may, MAY_SPACE);
    arena_init(&okta->call, CALL_SPACE);
    arena_init(&okta->page, PAGE_SPACE);
    token_url = okta_url(okta, &okta->keep, "/oauth2/v1/token").ptr;
    if (!url_parse(okta->options.url, &okta->base) || str_ends(okta->options.url, STR("/"))) {
        (void)err_set(err, ERR_SETTINGS, "okta: the URL must be like https://acme.okta.com");
        okta_free(okta);
        return NULL;
    }
    if (!okta_auth_init(&okta->auth, &okta->options, http, clock, token_url, err)) {
        okta_free(okta);
        return NULL;
    }
    return okta;
}

void okta_free(struct okta *okta)
{
    if (!okta)
        return;
    okta_forget_bodies(okta);
    okta_auth_fini(&okta->auth);
    arena_fini(&okta->rolls);
    arena_fini(&okta->page);
    arena_fini(&okta->call);
    arena_fini(&okta->may);
    arena_fini(&okta->keep);
    free(okta);
}

/* The host is an identity only where the remote cannot say who it is; hosts have no case. */
static struct str host_identity(const struct okta *okta, struct arena *arena)
{
    static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
    struct str host = okta->base.host;
    char *out = arena_alloc(arena, host.len + 1, 1);

    for (size_t i = 0; i < host.len; i++) {
        const char *letter = host.ptr[i] != '\0' ? strchr(upper, host.ptr[i]) : NULL;
        out[i] = host.ptr[i];
        if (letter)
            out[i] = lower[letter - upper];
    }
    return (struct str){out, host.len};
}

bool okta_read_org(struct okta *okta, struct arena *arena, struct okta_org *out, struct err *err)
{
    struct http_request req;
    struct http_response res;
    struct okta_org org = {.answer = OKTA_UNKNOWN};
    struct err odd = {0};

    okta_begin(okta);
    req =
        okta_request(okta, HTTP_GET, okta_url(okta, &okta->page, "/.well-known/okta-organization"),
                     OKTA_BUCKET_REST);
    req.sign = NULL; /* who is there is asked before a credential is shown */
    req.sign_self = NULL;
    if (!http_exchange(okta->http, &req, &res, 1, &okta->page, err))
        return err_wrap(err, "okta: asking which org this is");

    if (okta_is_ok(&res)) {
        if (okta_wire_org(res.body, arena, &org.id, &odd)) {
            org.answer = OKTA_FOUND;
        } else {
            org.why = arena_str(arena, str_of(odd.msg));
        }
    } else if (res.outcome == HTTP_ANSWERED && res.status == 404) {
        org.answer = OKTA_NONE;
        org.id = host_identity(okta, arena);
    } else {
        struct okta_error error = okta_wire_error(&res, &okta->page);
        org.why = okta_complaint(&req, &res, &error, arena);
    }
    *out = org;
    return true;
}

/* SSWS tokens have no endpoint of their own: the cheapest read shows whether they are taken. */
static bool try_static_token(struct okta *okta, struct err *err)
{
    struct http_request req = okta_request(
        okta, HTTP_GET, okta_url(okta, &okta->page, "/api/v1/groups?limit=1"), OKTA_BUCKET_GROUPS);
    struct http_response res;
    struct okta_error error;
    struct str said;

    if (!okta_fetch(okta, &req, &res, 1, err))
        return false;
    if (okta_is_ok(&res))
        return true;
    error = okta_wire_error(&res, &okta->page);
    said = okta_complaint(&req, &res, &error, &okta->page);
    return err_set(err, okta_kind_of(&res), "okta: %.*s", STR_ARG(said));
}

bool okta_login(struct okta *okta, struct arena *arena, struct str *scopes, struct err *err)
{
    okta_begin(okta);
    if (okta_auth_is_static(&okta->auth)) {
        if (!try_static_token(okta, err))
            return false;
        *scopes = (struct str){0};
        return true;
    }
    if (!okta_auth_ensure(&okta->auth, &okta->page, err))
        return false;
    *scopes = arena_str(arena, str_of(okta->auth.scopes));
    return true;
}

/* Scopes that are not named in the answer are those asked for (RFC 6749, 5.1). */
static bool has_word(struct str words, const char *word)
{
    if (words.len == 0)
        return true;
    while (words.len > 0) {
        if (str_is(str_cut(&words, ' '), word))
            return true;
    }
    return false;
}

bool okta_has_scope(const struct okta *okta, const char *scope, struct arena *arena,
                    enum okta_answer *out, struct err *err)
{
    struct okta_options options = okta->options;
    struct err why = {0};
    struct str scopes;

    *out = OKTA_UNKNOWN;
    if (okta_auth_is_static(&okta->auth))
        return true;
    options.only_scopes = scope;
    struct okta *probe = okta_new(&options, okta->http, okta->clock, err);
    if (!probe)
        return false;
    if (okta_login(probe, arena, &scopes, &why)) {
        *out = has_word(scopes, scope) ? OKTA_FOUND : OKTA_NONE;
    } else if (why.kind == ERR_REFUSED && strstr(why.msg, "invalid_scope")) {
        *out = OKTA_NONE;
    }
    okta_free(probe);
    if (why.kind == ERR_CANCELLED)
        return err_set(err, ERR_CANCELLED, "%s", why.msg);
    return true;
}

#include "okta/okta_auth.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/entropy.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/jwt.h"
#include "okta/okta_call.h"

#define ASSERTION_LIFE_S 300
#define CLOCK_SLACK_S    30 /* a host clock that runs a little fast must not be refused */
#define TOKEN_MAX        ((size_t)16 * 1024)
#define TOKEN_LIFE_MAX_S 86400
#define TRIES_MAX        8

#define OPTIONAL_SCOPES 4

/* Asked for on top of what is needed, least needed last. What the application was not granted makes
 * the whole request fail, so they are given up one after the other, from the end. */
static size_t optional_scopes(const struct okta_options *options, const char *out[OPTIONAL_SCOPES])
{
    size_t n = 0;

    if (options->only_scopes)
        return 0;
    if (options->want_logs)
        out[n++] = "okta.logs.read";
    out[n++] = "okta.roles.read";
    if (options->want_push)
        out[n++] = "okta.apps.read";
    out[n++] = "okta.schemas.read";
    return n;
}

/* ---- making and ending ---- */

/* What goes into a header line must not break out of it. */
static bool is_header_safe(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7F)
            return false;
    }
    return text.len > 0;
}

static bool check_options(const struct okta_options *options, struct err *err)
{
    if (options->key) {
        if (options->client_id.len == 0)
            return err_set(err, ERR_SETTINGS, "okta: a key needs the client_id it belongs to");
        return true;
    }
    if (!options->ssws || !secret_is_set(options->ssws))
        return err_set(err, ERR_SETTINGS, "okta: neither a key nor a token is given");
    if (!is_header_safe(secret_reveal(options->ssws)))
        return err_set(err, ERR_SETTINGS, "okta: the token holds blanks or odd characters");
    return true;
}

bool okta_auth_init(struct okta_auth *auth, const struct okta_options *options, struct http *http,
                    const struct clock *clock, const char *token_url, struct err *err)
{
    if (!check_options(options, err))
        return false;
    *auth = (struct okta_auth){
        .options = options, .http = http, .clock = clock, .token_url = token_url};
    if (options->key && options->dpop && !key_make_ec(&auth->proof_key, err))
        return err_wrap(err, "okta: the key for DPoP");
    return true;
}

void okta_auth_fini(struct okta_auth *auth)
{
    if (!auth)
        return;
    key_fini(&auth->proof_key);
    secret_fini(&auth->token);
}

bool okta_auth_is_static(const struct okta_auth *auth)
{
    return !auth->options->key;
}

void okta_auth_drop(struct okta_auth *auth)
{
    secret_fini(&auth->token);
    auth->renew_at = 0;
}

/* ---- nonces ---- */

/* The value is kept only when it is one and could be one. */
static bool take_nonce(const struct http_response *res, char out[OKTA_NONCE_SIZE])
{
    bool doubled = false;
    struct str nonce = http_response_header(res, "DPoP-Nonce", &doubled);

    if (doubled || nonce.len >= OKTA_NONCE_SIZE || !is_header_safe(nonce))
        return false;
    memcpy(out, nonce.ptr, nonce.len);
    out[nonce.len] = '\0';
    return true;
}

bool okta_auth_take_nonce(struct okta_auth *auth, const struct http_response *res,
                          struct str error_code)
{
    bool demanded;

    if (res->outcome != HTTP_ANSWERED || !auth->token_is_bound)
        return false;
    demanded = (res->status == 400 || res->status == 401) && str_is(error_code, "use_dpop_nonce");
    if (!demanded && auth->service_nonce[0] == '\0')
        return false;
    return take_nonce(res, auth->service_nonce) && demanded;
}

/* ---- signing ---- */

/* Scheme, host and path: a query or fragment in `htu` makes the proof invalid. */
static struct str proof_target(struct str url)
{
    for (size_t i = 0; i < url.len; i++) {
        if (url.ptr[i] == '?' || url.ptr[i] == '#')
            return str_sub(url, 0, i);
    }
    return url;
}

static void put_fresh_jti(struct json_out *out)
{
    char jti[33];

    entropy_hex(jti, 16);
    json_put_str(out, "jti", str_of(jti));
}

/* A proof is good for one attempt. `token` is empty at the token endpoint. */
static bool make_proof(const struct okta_auth *auth, const struct http_request *request,
                       struct str token, const char *nonce, struct arena *arena, struct str *out,
                       struct err *err)
{
    CLEANUP(buf_fini) struct buf header = {0};
    CLEANUP(buf_fini) struct buf claims = {0};
    struct json_out h = {.buf = &header};
    struct json_out c = {.buf = &claims};

    json_open(&h, NULL, '{');
    json_put_str(&h, "typ", STR("dpop+jwt"));
    json_put_str(&h, "alg", str_of(jwt_alg(&auth->proof_key)));
    json_put_raw(&h, "jwk", key_jwk(&auth->proof_key, arena));
    json_end(&h, '}');

    json_open(&c, NULL, '{');
    json_put_str(&c, "htm", str_of(http_method_name(request->method)));
    json_put_str(&c, "htu", proof_target(request->url));
    json_put_i64(&c, "iat", clock_now(auth->clock) / 1000 - CLOCK_SLACK_S);
    put_fresh_jti(&c);
    if (token.len > 0) {
        unsigned char hash[SHA256_SIZE];
        sha256_of(token, hash);
        json_put_str(&c, "ath",
                     base64url_encode((struct str){(const char *)hash, sizeof(hash)}, arena));
    }
    if (nonce[0] != '\0')
        json_put_str(&c, "nonce", str_of(nonce));
    json_end(&c, '}');
    return jwt_sign(&auth->proof_key, buf_str(&header), buf_str(&claims), arena, out, err);
}

static struct http_header authorization(const char *scheme, struct str token, struct arena *arena)
{
    return (struct http_header){STR("Authorization"),
                                arena_printf(arena, "%s %.*s", scheme, STR_ARG(token))};
}

bool okta_auth_sign(void *self, const struct http_request *request, struct arena *arena,
                    struct http_header *headers, size_t *n, struct err *err)
{
    const struct okta_auth *auth = self;
    struct str token;
    struct str proof;

    if (okta_auth_is_static(auth)) {
        headers[0] = authorization("SSWS", secret_reveal(auth->options->ssws), arena);
        *n = 1;
        return true;
    }
    if (!secret_is_set(&auth->token))
        return err_set(err, ERR_UNAVAILABLE, "there is no access token");
    token = secret_reveal(&auth->token);
    if (!auth->token_is_bound) {
        headers[0] = authorization("Bearer", token, arena);
        *n = 1;
        return true;
    }
    if (!make_proof(auth, request, token, auth->service_nonce, arena, &proof, err))
        return err_wrap(err, "DPoP proof");
    headers[0] = authorization("DPoP", token, arena);
    headers[1] = (struct http_header){STR("DPoP"), proof};
    *n = 2;
    return true;
}

/* At the token endpoint there is no token yet, only the proof that we hold the key. */
static bool sign_token_request(void *self, const struct http_request *request, struct arena *arena,
                               struct http_header *headers, size_t *n, struct err *err)
{
    const struct okta_auth *auth = self;
    struct str proof;

    if (!auth->proof_key.pkey) {
        *n = 0;
        return true;
    }
    if (!make_proof(auth, request, (struct str){0}, auth->token_nonce, arena, &proof, err))
        return err_wrap(err, "DPoP proof");
    headers[0] = (struct http_header){STR("DPoP"), proof};
    *n = 1;
    return true;
}

/* ---- the token request ---- */

static bool make_assertion(const struct okta_auth *auth, struct arena *arena, struct str *out,
                           struct err *err)
{
    const struct okta_options *options = auth->options;
    CLEANUP(buf_fini) struct buf header = {0};
    CLEANUP(buf_fini) struct buf claims = {0};
    struct json_out h = {.buf = &header};
    struct json_out c = {.buf = &claims};
    int64_t now_s = clock_now(auth->clock) / 1000;

    json_open(&h, NULL, '{');
    json_put_str(&h, "alg", str_of(jwt_alg(options->key)));
    if (options->key_id.len > 0)
        json_put_str(&h, "kid", options->key_id);
    json_end(&h, '}');

    json_open(&c, NULL, '{');
    json_put_str(&c, "iss", options->client_id);
    json_put_str(&c, "sub", options->client_id);
    json_put_str(&c, "aud", str_of(auth->token_url));
    json_put_i64(&c, "iat", now_s - CLOCK_SLACK_S);
    json_put_i64(&c, "exp", now_s + ASSERTION_LIFE_S);
    put_fresh_jti(&c);
    json_end(&c, '}');
    return jwt_sign(options->key, buf_str(&header), buf_str(&claims), arena, out, err);
}

/* Space separated. */
static struct str wanted_scopes(const struct okta_auth *auth, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf text = {0};
    const char *optional[OPTIONAL_SCOPES];
    size_t n = optional_scopes(auth->options, optional);

    if (auth->options->only_scopes)
        return str_of(auth->options->only_scopes);
    buf_add(&text, STR("okta.groups.manage okta.groups.read okta.users.read"));
    for (size_t i = 0; i + auth->modesty < n; i++)
        buf_printf(&text, " %s", optional[i]);
    return arena_str(arena, buf_str(&text));
}

static bool send_token_request(struct okta_auth *auth, struct arena *arena,
                               struct http_request *req, struct http_response *res, struct err *err)
{
    static const struct http_header headers[] = {
        {STR("Accept"), STR("application/json")},
        {STR("Content-Type"), STR("application/x-www-form-urlencoded")},
    };
    struct str assertion;

    if (!make_assertion(auth, arena, &assertion, err))
        return err_wrap(err, "okta: client assertion");
    *req = (struct http_request){
        .method = HTTP_POST,
        .url = str_of(auth->token_url),
        .headers = headers,
        .n_headers = ARRAY_LEN(headers),
        .body = arena_printf(arena,
                             "grant_type=client_credentials&scope=%.*s"
                             "&client_assertion_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3A"
                             "client-assertion-type%%3Ajwt-bearer&client_assertion=%.*s",
                             STR_ARG(percent_encode(wanted_scopes(auth, arena), arena)),
                             STR_ARG(assertion)),
        .repeatable = false, /* an assertion may be used once: a repeat is made here, anew */
        .bucket = OKTA_BUCKET_TOKEN,
        .max_body = (size_t)64 * 1024,
        .sign = sign_token_request,
        .sign_self = auth,
    };
    return http_exchange(auth->http, req, res, 1, arena, err);
}

/* ---- its answer ---- */

static bool keep_token(struct okta_auth *auth, const struct json *root, int64_t asked_boot,
                       struct err *err)
{
    struct str token;
    struct str type;
    struct str scopes;
    int64_t life_s;

    if (!json_str(root, "access_token", &token, err) || !json_str(root, "token_type", &type, err) ||
        !json_i64(root, "expires_in", &life_s, err) || !json_str_opt(root, "scope", &scopes, err))
        return false;
    if (token.len > TOKEN_MAX || !is_header_safe(token))
        return err_set(err, ERR_REMOTE, "`access_token` is none");
    if (life_s <= 0 || scopes.len >= OKTA_SCOPES_SIZE)
        return err_set(err, ERR_REMOTE, "`expires_in` or `scope` makes no sense");
    if (!str_ieq(type, STR("Bearer")) && !str_ieq(type, STR("DPoP")))
        return err_set(err, ERR_REMOTE, "`token_type` is neither Bearer nor DPoP");
    if (str_ieq(type, STR("DPoP")) && !auth->proof_key.pkey)
        return err_set(err, ERR_REMOTE, "the token is bound to a key that was never shown");

    if (life_s > TOKEN_LIFE_MAX_S)
        life_s = TOKEN_LIFE_MAX_S;
    secret_set(&auth->token, token);
    auth->token_is_bound = str_ieq(type, STR("DPoP"));
    auth->renew_at = asked_boot + life_s * 800;
    snprintf(auth->scopes, sizeof(auth->scopes), "%.*s", STR_ARG(scopes));
    return true;
}

static bool read_token(struct okta_auth *auth, const struct http_response *res, int64_t asked_boot,
                       struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;

    if (!json_parse(res->body, "token", &root, err) || !keep_token(auth, root, asked_boot, err))
        return err_wrap(err, "okta: POST /oauth2/v1/token");
    return true;
}

enum token_step {
    STEP_AGAIN, /* at once, with a new assertion and proof */
    STEP_LATER, /* the same after a pause */
    STEP_STOP,
};

/* What was already tried for this one token: every remedy is taken a bounded number of times. */
struct token_tries {
    unsigned nonces, reuse, pauses;
};

static enum token_step judge_refusal(struct okta_auth *auth, const struct http_response *res,
                                     const struct okta_error *error, struct token_tries *tries)
{
    const char *optional[OPTIONAL_SCOPES];
    bool has_nonce = take_nonce(res, auth->token_nonce);

    if (res->status == 400 && str_is(error->code, "use_dpop_nonce"))
        return has_nonce && auth->proof_key.pkey && tries->nonces++ < 2 ? STEP_AGAIN : STEP_STOP;
    if (res->status == 400 && str_is(error->code, "invalid_scope") &&
        auth->modesty < optional_scopes(auth->options, optional)) {
        auth->modesty++;
        return STEP_AGAIN;
    }
    /* Sent more than once, the assertion may have been used up by an answer that we never saw. */
    if (res->status == 401 && str_is(error->code, "invalid_client") && res->attempts > 1)
        return tries->reuse++ < 1 ? STEP_AGAIN : STEP_STOP;
    return res->status >= 500 && tries->pauses++ < 2 ? STEP_LATER : STEP_STOP;
}

/* A suspicion, for whoever reads the refusal: which setting, or the clock. In arena. */
static struct str suspect(const struct okta_auth *auth, const struct okta_error *error,
                          struct arena *arena)
{
    int64_t server_ms = 0;
    int64_t local_ms = 0;

    if (str_is(error->code, "invalid_scope")) {
        return arena_printf(arena, "; asked for: %.*s", STR_ARG(wanted_scopes(auth, arena)));
    }
    if (str_is(error->code, "invalid_dpop_proof") && !auth->proof_key.pkey)
        return STR("; the application demands DPoP: switch it on");
    if (http_server_date(auth->http, &server_ms, &local_ms) &&
        (server_ms - local_ms > TIME_MINUTE || local_ms - server_ms > TIME_MINUTE)) {
        return arena_printf(arena, "; this host's clock is off by %lld seconds",
                            (long long)((local_ms - server_ms) / 1000));
    }
    return (struct str){0};
}

static bool refuse(const struct okta_auth *auth, const struct http_request *req,
                   const struct http_response *res, const struct okta_error *error,
                   struct arena *arena, struct err *err)
{
    struct str said = okta_complaint(req, res, error, arena);
    enum err_kind kind = okta_kind_of(res);
    struct str hint = {0};

    if (kind == ERR_REFUSED)
        hint = suspect(auth, error, arena);
    return err_set(err, kind, "okta: %.*s%.*s", STR_ARG(said), STR_ARG(hint));
}

static bool pause_before(struct okta_auth *auth, unsigned pauses, struct err *err)
{
    return clock_sleep(auth->clock, TIME_SECOND << pauses, err);
}

static bool fetch_token(struct okta_auth *auth, struct arena *arena, struct err *err)
{
    struct token_tries tries = {0};
    struct http_request req;
    struct http_response res;
    struct okta_error error;
    enum token_step step = STEP_AGAIN;

    for (unsigned i = 0; step != STEP_STOP && i < TRIES_MAX; i++) {
        int64_t asked_boot = clock_boot(auth->clock);

        if (step == STEP_LATER && !pause_before(auth, tries.pauses - 1, err))
            return false;
        if (!send_token_request(auth, arena, &req, &res, err))
            return false;
        error = okta_wire_error(&res, arena);
        if (res.outcome == HTTP_ANSWERED && res.status == 200) {
            (void)take_nonce(&res, auth->token_nonce);
            return read_token(auth, &res, asked_boot, err);
        }
        if (res.outcome == HTTP_ANSWERED) {
            step = judge_refusal(auth, &res, &error, &tries);
        } else {
            step = http_is_away(auth->http) || tries.pauses++ >= 2 ? STEP_STOP : STEP_LATER;
        }
    }
    return refuse(auth, &req, &res, &error, arena, err);
}

bool okta_auth_ensure(struct okta_auth *auth, struct arena *arena, struct err *err)
{
    if (okta_auth_is_static(auth))
        return true;
    if (secret_is_set(&auth->token) && clock_boot(auth->clock) < auth->renew_at)
        return true;
    okta_auth_drop(auth);
    return fetch_token(auth, arena, err);
}

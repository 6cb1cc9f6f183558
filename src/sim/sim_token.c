#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/entropy.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/jwt.h"
#include "sim/sim_auth.h"
#include "sim/sim_limit.h"

#define MAX_TOKENS    1000
#define ASSERTION_MAX TIME_HOUR

/* The token endpoint has an error shape of its own. */
static bool refuse(struct sim_call *call, int status, const char *error, const char *why)
{
    struct json_out out = {.buf = &call->out->body};

    buf_clear(&call->out->body);
    json_open(&out, NULL, '{');
    json_put_str(&out, "error", str_of(error));
    json_put_str(&out, "error_description", str_of(why));
    json_end(&out, '}');
    call->out->status = status;
    sim_answer_header(call, "content-type", STR("application/json"));
    return false;
}

struct form {
    struct str grant_type, scope, assertion_type, assertion;
};

static bool read_form(struct sim_call *call, struct form *form)
{
    struct sim_request fields = {0};
    struct str target = arena_printf(&call->sim->scratch, "/?%.*s", STR_ARG(call->req->body));

    if (call->req->n_query > 0)
        return refuse(call, 400, "invalid_request", "Parameters belong into the body.");
    if (!str_starts(sim_request_header(call->req, "content-type"),
                    STR("application/x-www-form-urlencoded"))) {
        return refuse(call, 400, "invalid_request",
                      "The content type must be application/x-www-form-urlencoded.");
    }
    if (!sim_request_parse(target, &call->sim->scratch, &fields))
        return refuse(call, 400, "invalid_request", "The body could not be read.");
    form->grant_type = sim_request_query(&fields, "grant_type", NULL);
    form->scope = sim_request_query(&fields, "scope", NULL);
    form->assertion_type = sim_request_query(&fields, "client_assertion_type", NULL);
    form->assertion = sim_request_query(&fields, "client_assertion", NULL);
    if (!str_is(form->grant_type, "client_credentials")) {
        return refuse(call, 400, "unsupported_grant_type",
                      "The grant type must be client_credentials.");
    }
    if (!str_is(form->assertion_type, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))
        return refuse(call, 400, "invalid_request", "The client_assertion_type is not supported.");
    return true;
}

/* ---- the client assertion ---- */

struct assertion {
    struct str alg, kid, iss, sub, aud, jti;
    int64_t iat, exp;
    bool has_iat, has_exp;
};

static bool read_assertion(struct sim *sim, const struct jwt_parts *parts, struct assertion *out)
{
    CLEANUP(json_close) const struct json *root = NULL;

    if (!json_parse(parts->header, "assertion header", &root, NULL) ||
        !json_str_opt(root, "alg", &out->alg, NULL) || !json_str_opt(root, "kid", &out->kid, NULL))
        return false;
    out->alg = arena_str(&sim->scratch, out->alg);
    out->kid = arena_str(&sim->scratch, out->kid);
    json_close(&root);
    root = NULL;
    if (!json_parse(parts->claims, "assertion claims", &root, NULL) ||
        !json_str_opt(root, "iss", &out->iss, NULL) ||
        !json_str_opt(root, "sub", &out->sub, NULL) ||
        !json_str_opt(root, "aud", &out->aud, NULL) ||
        !json_str_opt(root, "jti", &out->jti, NULL) ||
        !json_i64_opt(root, "iat", &out->iat, NULL) || !json_i64_opt(root, "exp", &out->exp, NULL))
        return false;
    out->has_iat = json_get(root, "iat") != NULL;
    out->has_exp = json_get(root, "exp") != NULL;

    struct str *const texts[] = {&out->iss, &out->sub, &out->aud, &out->jti};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = arena_str(&sim->scratch, *texts[i]);
    return true;
}

static bool times_hold(struct sim_call *call, const struct assertion *assertion)
{
    int64_t now = sim_cloud(call->sim) / TIME_SECOND;

    if (!assertion->has_exp)
        return refuse(call, 401, "invalid_client", "The client_assertion token has no exp.");
    if (assertion->exp <= now)
        return refuse(call, 401, "invalid_client", "The client_assertion token is expired.");
    if (assertion->exp > now + ASSERTION_MAX / TIME_SECOND) {
        return refuse(call, 401, "invalid_client",
                      "The client_assertion token's exp is too far in the future.");
    }
    if (assertion->has_iat && assertion->iat > now) {
        return refuse(call, 401, "invalid_client",
                      "The client_assertion token was issued in the future.");
    }
    return true;
}

static bool check_assertion(struct sim_call *call, struct str text, struct sim_client **out)
{
    struct sim *sim = call->sim;
    struct jwt_parts parts;
    struct assertion assertion = {0};
    struct str url =
        arena_printf(&sim->scratch, "%.*s/oauth2/v1/token", STR_ARG(call->req->origin));

    if (text.len == 0 || !jwt_split(text, &sim->scratch, &parts, NULL) ||
        !read_assertion(sim, &parts, &assertion))
        return refuse(call, 401, "invalid_client", "The client_assertion token is no valid JWT.");

    struct sim_client *client = sim_find_client(sim, assertion.iss);
    if (!client)
        return refuse(call, 401, "invalid_client", "Invalid value for 'client_id' parameter.");
    call->principal = client;
    call->principal_name = client->id.ptr;
    if (!str_eq(assertion.iss, assertion.sub)) {
        return refuse(call, 401, "invalid_client",
                      "The issuer and the subject of the client_assertion must be the client id.");
    }
    if (!str_eq(assertion.kid, client->key_id)) {
        return refuse(call, 401, "invalid_client",
                      "The client_assertion is signed with a key (kid) that is not registered.");
    }
    if (!str_is(assertion.alg, client->key.is_ec ? "ES256" : "RS256")) {
        return refuse(call, 401, "invalid_client",
                      "The client_assertion's alg does not fit the registered key.");
    }
    if (!key_verify(&client->key, parts.signed_text, parts.signature)) {
        return refuse(call, 401, "invalid_client",
                      "The client_assertion token has an invalid signature.");
    }
    if (!str_eq(assertion.aud, url)) {
        return refuse(call, 401, "invalid_client",
                      "The audience of the client_assertion must be the token endpoint's URL.");
    }
    if (!times_hold(call, &assertion))
        return false;
    if (assertion.jti.len > 0 && !sim_seen_add(&sim->assertions, sim_hash64(assertion.jti),
                                               sim_cloud(sim), 2 * ASSERTION_MAX))
        return refuse(call, 401, "invalid_client", "The client_assertion's jti was used before.");
    *out = client;
    return true;
}

static bool check_scopes(struct sim_call *call, const struct sim_client *client, struct str scopes)
{
    if (str_trim(scopes).len == 0 || scopes.len > 400)
        return refuse(call, 400, "invalid_scope", "The scope parameter is missing or too long.");
    while (scopes.len > 0) {
        struct str scope = str_cut(&scopes, ' ');
        struct str granted = client->scopes;
        bool found = scope.len == 0;

        while (!found && granted.len > 0)
            found = str_eq(str_cut(&granted, ' '), scope);
        if (!found) {
            return refuse(
                call, 400, "invalid_scope",
                arena_printf(&call->sim->scratch,
                             "One or more scopes are not configured for the application: %.*s",
                             STR_ARG(scope))
                    .ptr);
        }
    }
    return true;
}

static bool check_proof(struct sim_call *call, const struct sim_client *client,
                        char thumb[SHA256_HEX])
{
    struct sim *sim = call->sim;
    const char *why = "";
    struct sim_proof proof = {
        .text = sim_request_header(call->req, "dpop"),
        .htm = STR("POST"),
        .htu = arena_printf(&sim->scratch, "%.*s%.*s", STR_ARG(call->req->origin),
                            STR_ARG(call->req->path)),
    };

    thumb[0] = '\0';
    if (proof.text.len == 0 && !client->dpop)
        return true;

    enum sim_proof_answer answer = sim_proof_check(sim, &proof, true, NULL, thumb, &why);
    if (answer == SIM_PROOF_BAD)
        return refuse(call, 400, "invalid_dpop_proof", why);
    if (answer == SIM_PROOF_NONCE) {
        sim_answer_header(call, "dpop-nonce", arena_str(call->arena, sim_nonce(sim, 0)));
        return refuse(call, 400, "use_dpop_nonce",
                      "Authorization server requires nonce in DPoP proof.");
    }
    return true;
}

static void drop_dead_tokens(struct sim *sim)
{
    int64_t now = sim_cloud(sim);
    size_t kept = 0;
    size_t surplus = sim->n_tokens >= MAX_TOKENS ? sim->n_tokens - MAX_TOKENS + 1 : 0;

    for (size_t i = 0; i < sim->n_tokens; i++) {
        struct sim_token *token = sim->tokens[i];

        if (i < surplus || token->expires_ms < now - TIME_DAY) {
            key_fini(&token->proof_key);
            free(token);
        } else {
            sim->tokens[kept++] = token;
        }
    }
    sim->n_tokens = kept;
}

static const struct sim_token *issue(struct sim *sim, const struct sim_client *client,
                                     struct str scopes, const char thumb[SHA256_HEX])
{
    struct sim_token *token = calloc(1, sizeof(*token));

    if (!token)
        abort();
    drop_dead_tokens(sim);
    entropy_hex(token->text, 32);
    token->client = client;
    (void)snprintf(token->scopes, sizeof(token->scopes), "%.*s", STR_ARG(scopes));
    token->expires_ms = sim_cloud(sim) + sim->quirks.token_life_ms;
    memcpy(token->thumb, thumb, SHA256_HEX);
    if (sim->n_tokens == sim->cap_tokens) {
        sim->cap_tokens = sim->cap_tokens > 0 ? sim->cap_tokens * 2 : 8;
        sim->tokens = realloc(sim->tokens, sim->cap_tokens * sizeof(struct sim_token *));
        if (!sim->tokens)
            abort();
    }
    sim->tokens[sim->n_tokens++] = token;
    return token;
}

static void answer_token(struct sim_call *call, const struct sim_token *token)
{
    struct json_out out = {.buf = &call->out->body};

    json_open(&out, NULL, '{');
    json_put_str(&out, "token_type", token->thumb[0] ? STR("DPoP") : STR("Bearer"));
    json_put_i64(&out, "expires_in", call->sim->quirks.token_life_ms / TIME_SECOND);
    json_put_str(&out, "access_token", str_of(token->text));
    json_put_str(&out, "scope", str_of(token->scopes));
    json_end(&out, '}');
    call->out->status = 200;
    sim_answer_header(call, "content-type", STR("application/json"));
    sim_answer_header(call, "cache-control", STR("no-cache, no-store"));
}

void sim_token_endpoint(struct sim_call *call)
{
    struct form form = {0};
    struct sim_client *client = NULL;
    char thumb[SHA256_HEX] = "";

    if (!read_form(call, &form) || !check_assertion(call, form.assertion, &client) ||
        !sim_limit_admit(call, "oauth2") || !check_proof(call, client, thumb) ||
        !check_scopes(call, client, form.scope))
        return;
    answer_token(call, issue(call->sim, client, form.scope, thumb));
}

#include "sim/sim_auth.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/entropy.h"

#define CLIENT_ID "0oa1seatkeepersim001"
#define KEY_ID    "sim-key-1"
#define TOKEN_ID  "00T1seatkeepersim001"

/* ---- what is registered ---- */

static struct sim_client *new_client(struct sim *sim)
{
    struct sim_client *client = calloc(1, sizeof(*client));

    sim->clients = realloc(sim->clients, (sim->n_clients + 1) * sizeof(struct sim_client *));
    if (!client || !sim->clients)
        abort();
    sim->clients[sim->n_clients++] = client;
    return client;
}

struct sim_client *sim_client_add(struct sim *sim, const struct sim_client *client)
{
    struct sim_client *kept = sim_find_client(sim, client->id);

    if (kept) {
        key_fini(&kept->key);
    } else {
        kept = new_client(sim);
    }
    *kept = *client;
    kept->id = arena_str(&sim->texts, client->id);
    kept->key_id = arena_str(&sim->texts, client->key_id);
    kept->label = arena_str(&sim->texts, client->label);
    kept->scopes = arena_str(&sim->texts, client->scopes);
    return kept;
}

struct sim_client *sim_find_client(const struct sim *sim, struct str id)
{
    for (size_t i = 0; i < sim->n_clients; i++) {
        if (str_eq(sim->clients[i]->id, id))
            return sim->clients[i];
    }
    return NULL;
}

void sim_ssws_add(struct sim *sim, const struct sim_ssws *ssws)
{
    struct sim_ssws *all = arena_array(&sim->texts, struct sim_ssws, sim->n_ssws + 1);
    size_t at = 0;

    while (at < sim->n_ssws && !str_eq(sim->ssws[at].id, ssws->id))
        at++;
    if (sim->n_ssws > 0)
        memcpy(all, sim->ssws, sim->n_ssws * sizeof(*all));
    all[at] = *ssws;
    all[at].id = arena_str(&sim->texts, ssws->id);
    all[at].token = arena_str(&sim->texts, ssws->token);
    sim->ssws = all;
    sim->n_ssws += at == sim->n_ssws;
}

bool sim_auth_init(struct sim *sim, struct err *err)
{
    struct sim_client client = {
        .id = STR(CLIENT_ID),
        .key_id = STR(KEY_ID),
        .label = STR("Seatkeeper"),
        .scopes = STR(SIM_ALL_SCOPES),
        .dpop = true,
        .has_role = true,
    };
    struct sim_ssws ssws = {.id = STR(TOKEN_ID), .owner = SIM_NOBODY, .has_role = true};
    char token[43];

    if (!key_make_ec(&sim->own_key, err) || !key_private_pem(&sim->own_key, &sim->own_pem, err) ||
        !key_public_from_pem(&client.key, key_public_pem(&sim->own_key, &sim->scratch), err))
        return err_wrap(err, "simulated cloud: making its test credentials");
    sim_client_add(sim, &client);

    token[0] = token[1] = '0';
    entropy_hex(token + 2, 20);
    ssws.token = (struct str){token, 42};
    sim_ssws_add(sim, &ssws);
    return true;
}

static void free_token(struct sim_token *token)
{
    key_fini(&token->proof_key);
    crypt_wipe(token->text, sizeof(token->text));
    free(token);
}

void sim_auth_fini(struct sim *sim)
{
    for (size_t i = 0; i < sim->n_tokens; i++)
        free_token(sim->tokens[i]);
    free(sim->tokens);
    for (size_t i = 0; i < sim->n_clients; i++) {
        key_fini(&sim->clients[i]->key);
        free(sim->clients[i]);
    }
    free(sim->clients);
    key_fini(&sim->own_key);
    secret_fini(&sim->own_pem);
    sim_index_fini(&sim->assertions.now);
    sim_index_fini(&sim->assertions.before);
    sim_index_fini(&sim->proofs.now);
    sim_index_fini(&sim->proofs.before);
}

struct sim_credentials sim_credentials(struct sim *sim)
{
    return (struct sim_credentials){
        .client_id = STR(CLIENT_ID),
        .key_id = STR(KEY_ID),
        .key = &sim->own_key,
        .private_pem = secret_reveal(&sim->own_pem),
        .ssws_token = sim->ssws[0].token,
        .ssws_token_id = STR(TOKEN_ID),
    };
}

bool sim_seen_add(struct sim_seen *seen, uint64_t hash, int64_t now_ms, int64_t keep_ms)
{
    uint32_t low = (uint32_t)hash;
    uint32_t high = (uint32_t)(hash >> 32) & INT32_MAX;
    const struct sim_index *const both[] = {&seen->now, &seen->before};

    if (now_ms - seen->turned_ms >= keep_ms || now_ms < seen->turned_ms) {
        sim_index_fini(&seen->before);
        seen->before = seen->now;
        seen->now = (struct sim_index){0};
        seen->turned_ms = now_ms;
    }
    for (size_t i = 0; i < 2; i++) {
        size_t probe = sim_index_start(both[i], low);
        uint32_t number;

        while (sim_index_next(both[i], low, &probe, &number)) {
            if (number == high)
                return false;
        }
    }
    sim_index_add(&seen->now, low, high);
    return true;
}

/* ---- API calls ---- */

bool sim_has_scope(struct str granted, struct str wanted)
{
    while (granted.len > 0) {
        struct str scope = str_cut(&granted, ' ');

        if (str_eq(scope, wanted))
            return true;
        if (str_ends(scope, STR(".manage")) && str_ends(wanted, STR(".read")) &&
            str_eq(str_sub(scope, 0, scope.len - 7), str_sub(wanted, 0, wanted.len - 5)))
            return true;
    }
    return false;
}

static bool refuse_token(struct sim_call *call, const char *scheme, const char *error,
                         const char *why)
{
    sim_answer_header(
        call, "www-authenticate",
        arena_printf(call->arena,
                     "%s authorization_uri=\"%.*s/oauth2/v1/authorize\", realm=\"%.*s\", "
                     "error=\"%s\", error_description=\"%s\"",
                     scheme, STR_ARG(call->req->origin), STR_ARG(call->req->origin), error, why));
    sim_answer_error(call, 401, "E0000011", STR("Invalid token provided"), (struct str){0});
    return false;
}

static bool by_ssws(struct sim_call *call, struct str text)
{
    struct sim *sim = call->sim;

    for (size_t i = 0; i < sim->n_ssws; i++) {
        const struct sim_ssws *ssws = &sim->ssws[i];
        struct sim_actor actor = {.kind = SIM_ACTOR_TOKEN,
                                  .id = STR("00u1seatkeepersvc001"),
                                  .alternate = STR("seatkeeper-service@example.com"),
                                  .display = STR("Seatkeeper Service"),
                                  .token_id = ssws->id};

        if (!crypt_equal(ssws->token, text))
            continue;
        if (ssws->owner != SIM_NOBODY) {
            const struct sim_person *owner = sim_person(sim, ssws->owner);

            /* A token dies with the admin who made it. */
            if (owner->is_deleted || !user_status_is_usable((enum user_status)owner->status))
                break;
            actor.id = sim_person_id(owner);
            actor.alternate = actor.display = owner->login;
        }
        call->actor = sim_actor(sim, &actor);
        call->principal = ssws->id.ptr;
        call->principal_name = ssws->id.ptr;
        call->has_role = ssws->has_role;
        return true;
    }
    sim_answer_error(call, 401, "E0000011", STR("Invalid token provided"), (struct str){0});
    return false;
}

static struct sim_token *find_token(const struct sim *sim, struct str text)
{
    for (size_t i = sim->n_tokens; i-- > 0;) {
        if (str_is(text, sim->tokens[i]->text))
            return sim->tokens[i];
    }
    return NULL;
}

static struct str without_query(const struct sim_call *call)
{
    return arena_printf(&call->sim->scratch, "%.*s%.*s", STR_ARG(call->req->origin),
                        STR_ARG(call->req->path));
}

static bool proof_holds(struct sim_call *call, struct sim_token *token)
{
    unsigned char digest[SHA256_SIZE];
    char thumb[SHA256_HEX];
    const char *why = "";

    sha256_of(str_of(token->text), digest);
    struct sim_proof proof = {
        .text = sim_request_header(call->req, "dpop"),
        .htm = str_of(http_method_name(call->req->method)),
        .htu = without_query(call),
        .ath = base64url_encode((struct str){(const char *)digest, sizeof(digest)},
                                &call->sim->scratch),
    };
    if (sim_proof_check(call->sim, &proof, false, token, thumb, &why) != SIM_PROOF_GOOD)
        return refuse_token(call, "DPoP", "invalid_dpop_proof", why);
    if (strcmp(thumb, token->thumb) != 0) {
        return refuse_token(call, "DPoP", "invalid_dpop_proof",
                            "The proof is by another key than the access token is bound to.");
    }
    return true;
}

static bool by_token(struct sim_call *call, struct str text, bool dpop)
{
    struct sim *sim = call->sim;
    struct sim_token *token = find_token(sim, text);
    const char *scheme = dpop ? "DPoP" : "Bearer";
    enum sim_token_fault fault = call->play ? call->play->token : SIM_TOKEN_PROPER;

    if (!token || fault == SIM_TOKEN_FORGOTTEN)
        return refuse_token(call, scheme, "invalid_token", "The access token is invalid.");
    if (token->expires_ms <= sim_cloud(sim) || fault == SIM_TOKEN_EXPIRED)
        return refuse_token(call, scheme, "invalid_token", "The access token has expired.");
    if (dpop != (token->thumb[0] != '\0')) {
        return refuse_token(call, scheme, "invalid_token",
                            "The access token is not of this scheme.");
    }
    if (dpop && !proof_holds(call, token))
        return false;
    call->actor = sim_actor(sim, &(struct sim_actor){.kind = SIM_ACTOR_CLIENT,
                                                     .id = token->client->id,
                                                     .alternate = token->client->id,
                                                     .display = token->client->label});
    call->principal = token->client;
    call->principal_name = token->client->id.ptr;
    call->scopes = str_of(token->scopes);
    call->has_role = token->client->has_role;
    return true;
}

static bool identify(struct sim_call *call)
{
    struct str value = sim_request_header(call->req, "authorization");
    struct str scheme = str_cut(&value, ' ');

    if (scheme.len == 0) {
        sim_answer_error(call, 401, "E0000004", STR("Authentication failed"), (struct str){0});
        return false;
    }
    if (str_ieq(scheme, STR("SSWS")))
        return by_ssws(call, value);
    if (str_ieq(scheme, STR("Bearer")) || str_ieq(scheme, STR("DPoP")))
        return by_token(call, value, str_ieq(scheme, STR("DPoP")));
    sim_answer_error(call, 401, "E0000011", STR("Invalid token provided"), (struct str){0});
    return false;
}

/* Okta says this with a header alone: the body is empty. */
static void lacks_scope(struct sim_call *call, struct str scope)
{
    sim_answer_header(
        call, "www-authenticate",
        arena_printf(call->arena,
                     "Bearer authorization_uri=\"%.*s/oauth2/v1/authorize\", realm=\"%.*s\", "
                     "scope=\"%.*s\", error=\"insufficient_scope\", error_description=\"The access "
                     "token provided does not contain the required scopes.\"",
                     STR_ARG(call->req->origin), STR_ARG(call->req->origin), STR_ARG(scope)));
    call->out->status = 403;
}

bool sim_authenticate(struct sim_call *call, const char *scopes)
{
    struct str wanted = str_of(scopes);

    if (!identify(call))
        return false;
    while (call->scopes.ptr && wanted.len > 0) {
        struct str scope = str_cut(&wanted, ' ');

        if (!sim_has_scope(call->scopes, scope)) {
            lacks_scope(call, scope);
            return false;
        }
    }
    if (!call->has_role) {
        sim_answer_error(call, 403, "E0000006",
                         STR("You do not have permission to perform the requested action"),
                         (struct str){0});
        return false;
    }
    return true;
}

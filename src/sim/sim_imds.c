#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "sim/sim_aws.h"

/* Instance metadata, version 2 only, and the endpoint that containers get credentials from. */

#define LONGEST_TTL 21600

static void answer_text(struct sim_call *call, int status, struct str text)
{
    call->out->status = status;
    buf_add(&call->out->body, text);
    sim_answer_header(call, "content-type", STR("text/plain"));
}

/* A token tells when it ends, and nobody else can make one. */
static struct str token_for(struct sim_call *call, int64_t end_ms)
{
    unsigned char mac[SHA256_SIZE];
    struct str body = arena_printf(&call->sim->scratch, "%llx", (unsigned long long)end_ms);
    struct str key = arena_printf(&call->sim->scratch, "imds %llx",
                                  (unsigned long long)sim_idc_noise(call->sim, 201, 0));

    hmac_sha256(key, body, mac);
    return arena_printf(&call->sim->scratch, "AQAEA-%.*s-%02x%02x%02x%02x%02x%02x==", STR_ARG(body),
                        mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static bool token_is_good(struct sim_call *call)
{
    struct str token = sim_request_header(call->req, "x-aws-ec2-metadata-token");
    char text[64];
    unsigned long long end;

    if (token.len < 8 || token.len >= sizeof(text) ||
        (call->play && call->play->token != SIM_TOKEN_PROPER))
        return false;
    memcpy(text, token.ptr, token.len);
    text[token.len] = '\0';
    /* NOLINTNEXTLINE(cert-err34-c): what comes of it is checked by making the token anew */
    return sscanf(text, "AQAEA-%llx-", &end) == 1 && end > (uint64_t)sim_cloud(call->sim) &&
           str_eq(token_for(call, (int64_t)end), token);
}

static void put_token(struct sim_call *call)
{
    struct str ttl = sim_request_header(call->req, "x-aws-ec2-metadata-token-ttl-seconds");
    int64_t seconds;

    if (!str_to_i64(ttl, &seconds) || seconds < 1 || seconds > LONGEST_TTL) {
        answer_text(call, 400, STR("Bad Request"));
        return;
    }
    answer_text(call, 200, token_for(call, sim_cloud(call->sim) + seconds * TIME_SECOND));
}

static struct str role_name(const struct sim *sim)
{
    struct str name = sim->idc->n_roles > 0 ? sim->idc->roles[0].arn : (struct str){0};

    while (str_has(name, '/'))
        (void)str_cut(&name, '/');
    return name;
}

static void put_credentials(struct sim_call *call, bool with_code)
{
    struct json_out out = {.buf = &call->out->body};
    const struct sim_key *key =
        sim_idc_issue(call->sim, &call->sim->idc->roles[0], STR("i-0123456789abcdef0"), TIME_HOUR);

    json_open(&out, NULL, '{');
    if (with_code) {
        json_put_str(&out, "Code", STR("Success"));
        json_put_time(&out, "LastUpdated", sim_cloud(call->sim));
        json_put_str(&out, "Type", STR("AWS-HMAC"));
    }
    json_put_str(&out, "AccessKeyId", key->id);
    json_put_str(&out, "SecretAccessKey", key->secret);
    json_put_str(&out, "Token", key->token);
    json_put_str(&out, "Expiration",
                 arena_printf(&call->sim->scratch, "%.19sZ",
                              time_iso_str(key->expires_ms, &call->sim->scratch).ptr));
    json_end(&out, '}');
    call->out->status = 200;
    sim_answer_header(call, "content-type",
                      with_code ? STR("text/plain") : STR("application/json"));
}

void sim_imds_answer(struct sim_call *call)
{
    /* There is one role, for the account always has one. */
    const struct str roles = STR("/latest/meta-data/iam/security-credentials/");
    struct str path = call->req->path;

    if (!call->sim->idc->quirks.metadata) {
        answer_text(call, 403, STR("Forbidden"));
    } else if (str_is(path, "/latest/api/token") && call->req->method == HTTP_PUT) {
        put_token(call);
    } else if (call->req->method != HTTP_GET) {
        answer_text(call, 405, STR("Method Not Allowed"));
    } else if (!token_is_good(call)) {
        answer_text(call, 401, STR("Unauthorized"));
    } else if (str_eq(path, roles)) {
        answer_text(call, 200, role_name(call->sim));
    } else if (str_starts(path, roles) &&
               str_eq(str_sub(path, roles.len, path.len), role_name(call->sim))) {
        put_credentials(call, true);
    } else {
        answer_text(call, 404, STR("Not Found"));
    }
}

void sim_container_answer(struct sim_call *call)
{
    struct str token = sim_request_header(call->req, "authorization");
    struct json_out out = {.buf = &call->out->body};

    if (call->req->method != HTTP_GET || call->sim->idc->n_roles == 0) {
        answer_text(call, 404, STR("Not Found"));
        return;
    }
    if (token.len > 0 && crypt_equal(token, call->sim->idc->container_token)) {
        put_credentials(call, false);
        return;
    }
    json_open(&out, NULL, '{');
    json_put_str(&out, "code", STR("AccessDeniedException"));
    json_put_str(&out, "message", STR("The authorization token is not valid."));
    json_end(&out, '}');
    call->out->status = 403;
    sim_answer_header(call, "content-type", STR("application/json"));
}

#include <string.h>

#include "base/clock.h"
#include "sim/sim_aws.h"

/* STS: form in, XML out. */

#define VERSION  "2011-06-15"
#define SPACE    "https://sts.amazonaws.com/doc/2011-06-15/"
#define SHORTEST 900
#define LONGEST  43200

struct str sim_sts_field(const struct sim_request *req, const char *name, struct arena *arena)
{
    struct str rest = req->body;

    while (rest.len > 0) {
        struct str value = str_cut(&rest, '&');
        struct str key = str_cut(&value, '=');
        struct str decoded;

        if (str_is(key, name))
            return sim_form_decode(value, arena, &decoded) ? decoded : (struct str){0};
    }
    return (struct str){0};
}

/* ---- XML ---- */

static void put_text(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case '&': buf_add(out, STR("&amp;")); break;
        case '<': buf_add(out, STR("&lt;")); break;
        case '>': buf_add(out, STR("&gt;")); break;
        default: buf_add_char(out, text.ptr[i]);
        }
    }
}

static void put(struct buf *out, const char *name, struct str value)
{
    buf_printf(out, "<%s>", name);
    put_text(out, value);
    buf_printf(out, "</%s>", name);
}

static void put_end(struct sim_call *call, const char *element)
{
    buf_add(&call->out->body, STR("<ResponseMetadata>"));
    put(&call->out->body, "RequestId", str_of(call->request_id));
    buf_printf(&call->out->body, "</ResponseMetadata></%s>", element);
    call->out->status = 200;
    sim_answer_header(call, "content-type", STR("text/xml"));
}

void sim_sts_error(struct sim_call *call, const char *code, struct str message)
{
    struct buf *out = &call->out->body;

    buf_clear(out);
    buf_add(out, STR("<ErrorResponse xmlns=\"" SPACE "\"><Error>"));
    put(out, "Type", call->out->status >= 500 ? STR("Receiver") : STR("Sender"));
    put(out, "Code", str_of(code));
    put(out, "Message", message);
    buf_add(out, STR("</Error>"));
    put(out, "RequestId", str_of(call->request_id));
    buf_add(out, STR("</ErrorResponse>"));
    sim_answer_header(call, "content-type", STR("text/xml"));
}

static bool fail(struct sim_call *call, int status, const char *code, const char *message)
{
    call->out->status = status;
    sim_sts_error(call, code, str_of(message));
    return false;
}

/* ---- a session of a role ---- */

struct wish {
    const struct sim_iam_role *role;
    struct str role_arn, session;
    int64_t seconds;
};

static bool is_session_name(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              strchr("_+=,.@-", c)))
            return false;
    }
    return text.len >= 2 && text.len <= 64;
}

static bool read_wish(struct sim_call *call, struct wish *out)
{
    struct arena *scratch = &call->sim->scratch;
    struct str seconds = sim_sts_field(call->req, "DurationSeconds", scratch);

    out->role_arn = sim_sts_field(call->req, "RoleArn", scratch);
    out->session = sim_sts_field(call->req, "RoleSessionName", scratch);
    out->seconds = 3600;
    out->role = sim_idc_find_role(call->sim, out->role_arn);
    if (out->role_arn.len < 20 || !str_starts(out->role_arn, STR("arn:")))
        return fail(call, 400, "ValidationError", "The RoleArn is not a valid ARN");
    if (!is_session_name(out->session)) {
        return fail(call, 400, "ValidationError",
                    "1 validation error detected: Value at 'roleSessionName' failed to satisfy "
                    "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*");
    }
    if (seconds.len > 0 && (!str_to_i64(seconds, &out->seconds) || out->seconds < SHORTEST ||
                            out->seconds > LONGEST)) {
        return fail(call, 400, "ValidationError",
                    "1 validation error detected: Value at 'durationSeconds' failed to satisfy "
                    "constraint");
    }
    if (out->role && out->seconds * TIME_SECOND > out->role->max_ms) {
        return fail(call, 400, "ValidationError",
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this "
                    "role.");
    }
    return true;
}

static void put_session(struct sim_call *call, const struct wish *wish, const char *action)
{
    const struct sim_key *key =
        sim_idc_issue(call->sim, wish->role, wish->session, wish->seconds * TIME_SECOND);
    struct buf *out = &call->out->body;
    struct str end = time_iso_str(key->expires_ms, &call->sim->scratch);

    /* Both forms occur: with a fraction of a second, and without. */
    if (call->sim->idc->n_issued % 2 == 0)
        end = arena_printf(&call->sim->scratch, "%.19sZ", end.ptr);
    buf_printf(out, "<%sResponse xmlns=\"" SPACE "\"><%sResult>", action, action);
    buf_add(out, STR("<Credentials>"));
    put(out, "AccessKeyId", key->id);
    put(out, "SecretAccessKey", key->secret);
    put(out, "SessionToken", key->token);
    put(out, "Expiration", end);
    buf_add(out, STR("</Credentials><AssumedRoleUser>"));
    put(out, "AssumedRoleId", key->user_id);
    put(out, "Arn", key->arn);
    buf_printf(out, "</AssumedRoleUser></%sResult>", action);
    put_end(call, arena_printf(&call->sim->scratch, "%sResponse", action).ptr);
}

/* ---- actions ---- */

static bool denied(struct sim_call *call, const struct sim_key *key, struct str role)
{
    call->out->status = 403;
    sim_sts_error(call, "AccessDenied",
                  arena_printf(&call->sim->scratch,
                               "User: %.*s is not authorized to perform: sts:AssumeRole on "
                               "resource: %.*s",
                               STR_ARG(key->arn), STR_ARG(role)));
    return false;
}

static void assume_role(struct sim_call *call, const struct sim_key *key)
{
    struct str external = sim_sts_field(call->req, "ExternalId", &call->sim->scratch);
    struct wish wish;

    if (!read_wish(call, &wish))
        return;
    if (!wish.role || !str_eq(external, wish.role->external_id)) {
        (void)denied(call, key, wish.role_arn);
        return;
    }
    if (key->token.len > 0 && wish.seconds > 3600) {
        (void)fail(call, 400, "ValidationError",
                   "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                   "assumed by role chaining");
        return;
    }
    put_session(call, &wish, "AssumeRole");
}

static void with_web_identity(struct sim_call *call)
{
    struct str token = sim_sts_field(call->req, "WebIdentityToken", &call->sim->scratch);
    struct wish wish;

    if (!read_wish(call, &wish))
        return;
    if (token.len < 4 || token.len > 20000) {
        (void)fail(call, 400, "ValidationError", "The WebIdentityToken has 4 to 20000 characters");
        return;
    }
    if (!wish.role || wish.role->web_token.len == 0) {
        (void)fail(call, 403, "AccessDenied",
                   "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        return;
    }
    if (!str_eq(token, wish.role->web_token)) {
        (void)fail(call, 400, "InvalidIdentityToken",
                   "Couldn't retrieve verification key from your identity provider");
        return;
    }
    if (wish.role->web_expires_ms > 0 && sim_cloud(call->sim) >= wish.role->web_expires_ms) {
        (void)fail(call, 400, "ExpiredTokenException", "Token expired");
        return;
    }
    put_session(call, &wish, "AssumeRoleWithWebIdentity");
}

static void caller_identity(struct sim_call *call, const struct sim_key *key)
{
    struct buf *out = &call->out->body;

    buf_add(out, STR("<GetCallerIdentityResponse xmlns=\"" SPACE "\"><GetCallerIdentityResult>"));
    put(out, "Arn", key->arn);
    put(out, "UserId", key->user_id);
    put(out, "Account", call->sim->idc->account);
    buf_add(out, STR("</GetCallerIdentityResult>"));
    put_end(call, "GetCallerIdentityResponse");
}

void sim_sts_answer(struct sim_call *call)
{
    struct str action = call->aws->operation;
    bool is_known = str_is(action, "GetCallerIdentity") || str_is(action, "AssumeRole");
    bool is_web = str_is(action, "AssumeRoleWithWebIdentity");
    const struct sim_key *key;
    struct str region;

    if (call->play && call->play->rate != SIM_RATE_PROPER) {
        sim_aws_play_rate(call);
        return;
    }
    if ((!is_known && !is_web) ||
        !str_is(sim_sts_field(call->req, "Version", &call->sim->scratch), VERSION)) {
        (void)fail(call, 400, "InvalidAction", "Could not find such an operation for this version");
        return;
    }
    if (is_web) {
        with_web_identity(call);
        return;
    }
    if (sim_request_header(call->req, "authorization").len == 0) {
        (void)fail(call, 403, "MissingAuthenticationToken",
                   "Request is missing Authentication Token");
        return;
    }
    if (!sim_aws_authenticate(call, "sts", &key, &region))
        return;
    if (str_is(action, "GetCallerIdentity")) {
        caller_identity(call, key);
    } else if (sim_aws_may(call, key, STR("sts:AssumeRole"))) {
        assume_role(call, key);
    }
}

#include "aws/aws_sts.h"

#include "aws/aws_endpoint.h"
#include "aws/aws_error.h"
#include "aws/aws_retry.h"
#include "aws/aws_xml.h"
#include "aws/sigv4.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/codec.h"
#include "http/http_retry.h"

#define VERSION          "2011-06-15"
#define SESSION          "seatkeeper"
#define ANSWER_MAX       ((size_t)128 << 10)
#define LIFE_MIN_S       900
#define LIFE_MAX_S       43200
#define WEB_TOKEN_MIN    4
#define WEB_TOKEN_MAX    20000
#define EXTERNAL_ID_MIN  2
#define EXTERNAL_ID_MAX  1224
#define SESSION_NAME_MIN 2
#define SESSION_NAME_MAX 64
#define ARN_MAX          2048

/* ---- what is asked for ---- */

static bool is_word(struct str text, const char *also)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              (c != '\0' && strchr(also, c))))
            return false;
    }
    return true;
}

static bool is_role_arn(struct str arn)
{
    return arn.len <= ARN_MAX && str_starts(arn, STR("arn:aws")) && is_word(arn, ":/_+=,.@-") &&
           memmem(arn.ptr, arn.len, ":role/", 6) != NULL;
}

bool aws_role_check(const struct aws_role *role, struct err *err)
{
    if (!is_role_arn(role->arn)) {
        return err_set(err, ERR_SETTINGS,
                       "the role is no ARN like arn:aws:iam::111122223333:role/x");
    }
    if (role->session.len > 0 &&
        (role->session.len < SESSION_NAME_MIN || role->session.len > SESSION_NAME_MAX ||
         !is_word(role->session, "_+=,.@-"))) {
        return err_set(err, ERR_SETTINGS,
                       "a role's session name has 2 to 64 letters, digits and _+=,.@-");
    }
    if (role->external_id.len > 0 &&
        (role->external_id.len < EXTERNAL_ID_MIN || role->external_id.len > EXTERNAL_ID_MAX ||
         !is_word(role->external_id, "_+=,.@:/-"))) {
        return err_set(err, ERR_SETTINGS,
                       "an external id has 2 to 1224 letters, digits and _+=,.@:/-");
    }
    if (role->life_s != 0 && (role->life_s < LIFE_MIN_S || role->life_s > LIFE_MAX_S))
        return err_set(err, ERR_SETTINGS, "a role is taken for 900 to 43200 seconds");
    return true;
}

static void add_member(struct buf *form, const char *name, struct str value, struct arena *arena)
{
    if (value.len > 0)
        buf_printf(form, "&%s=%.*s", name, STR_ARG(percent_encode(value, arena)));
}

static struct str make_form(const char *operation, const struct aws_role *role, struct str token,
                            struct arena *arena)
{
    CLEANUP(buf_fini) struct buf form = {.secret = true};
    int64_t life_s = role->life_s > 0 ? role->life_s : AWS_ROLE_LIFE_S;

    buf_printf(&form, "Action=%s&Version=" VERSION, operation);
    add_member(&form, "RoleArn", role->arn, arena);
    add_member(&form, "RoleSessionName", role->session.len > 0 ? role->session : STR(SESSION),
               arena);
    add_member(&form, "WebIdentityToken", token, arena);
    buf_printf(&form, "&DurationSeconds=%lld", (long long)life_s);
    add_member(&form, "ExternalId", role->external_id, arena);
    return arena_str(arena, buf_str(&form));
}

/* ---- what comes back ---- */

bool aws_sts_read(struct str body, const char *operation, struct arena *arena, struct aws_set *out,
                  struct err *err)
{
    static const char *const names[] = {"AccessKeyId", "SecretAccessKey", "SessionToken",
                                        "Expiration"};
    struct aws_xml_want wants[ARRAY_LEN(names)];
    int64_t expires;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        wants[i] =
            (struct aws_xml_want){.path = arena_printf(arena, "%sResponse/%sResult/Credentials/%s",
                                                       operation, operation, names[i])
                                              .ptr};
    }
    if (!aws_xml_read(body, wants, ARRAY_LEN(wants), arena, err))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (wants[i].value.len == 0)
            return err_set(err, ERR_REMOTE, "there is no %s in the answer", names[i]);
    }
    if (!time_parse_iso(wants[3].value, &expires) || expires <= 0)
        return err_set(err, ERR_REMOTE, "its Expiration is no time");
    if (!aws_set_take(out, wants[0].value, wants[1].value, wants[2].value, ERR_REMOTE, err))
        return false;
    out->expires = expires;
    return true;
}

/* ---- the call ---- */

struct call {
    struct aws_sts *sts;
    const char *operation;
    const struct aws_set *source; /* NULL: not signed */
    struct aws_site site;
    struct str form;
    struct arena *arena;
};

static struct http_request make_request(const struct call *call, struct http_header headers[4])
{
    const struct aws_service_row *row = aws_service_row(AWS_STS);
    struct http_request req = {
        .method = HTTP_POST,
        .url = call->site.url,
        .headers = headers,
        .n_headers = 1,
        .body = call->form,
        .repeatable = true, /* a second set of credentials does no harm */
        .max_body = ANSWER_MAX,
        .secret_answer = true,
    };

    headers[0] = (struct http_header){STR("Content-Type"), str_of(row->type)};
    if (!call->source)
        return req;

    struct sigv4_keys keys = aws_set_keys(call->source);
    const struct sigv4_request to_sign = {
        .region = call->sts->region,
        .service = str_of(row->signs),
        .host = call->site.host,
        .path = call->site.path,
        .content_type = str_of(row->type),
        .body = call->form,
    };
    struct sigv4_headers made =
        sigv4_sign(&keys, &to_sign, clock_now(call->sts->clock) + call->sts->ahead_ms, call->arena);
    headers[req.n_headers++] = (struct http_header){STR("X-Amz-Date"), made.date};
    headers[req.n_headers++] = (struct http_header){STR("Authorization"), made.authorization};
    if (made.token.len > 0)
        headers[req.n_headers++] = (struct http_header){STR("X-Amz-Security-Token"), made.token};
    return req;
}

static void learn_clock(struct aws_sts *sts, const struct http_response *res)
{
    int64_t date_ms;

    if (res->status != 0 && http_response_header(res, "age", NULL).len == 0 &&
        retry_date_ms(res, &date_ms))
        sts->ahead_ms = date_ms - res->answered_at;
}

static bool refuse(const struct call *call, const struct http_response *res,
                   const struct aws_error *error, struct err *err)
{
    if (res->outcome != HTTP_ANSWERED) {
        return err_set(err, res->kind ? res->kind : ERR_UNAVAILABLE, "sts %s: %.*s",
                       call->operation, STR_ARG(res->why));
    }
    struct str words = aws_error_words(error, res->status, call->sts->ahead_ms, call->arena);
    return err_set(err, aws_error_kind(error, res->status), "sts %s: %.*s", call->operation,
                   STR_ARG(words));
}

/* One more time? Waits if so; false on cancellation, too, with `*again` unset. */
static bool prepare_again(const struct call *call, struct aws_attempt *attempt,
                          const struct aws_error *error, bool *again, struct err *err)
{
    *again = false;
    switch (aws_retry_step(attempt)) {
    case AWS_STEP_STOP:
    case AWS_STEP_FRESH: return true; /* there is nobody to ask for other credentials */
    case AWS_STEP_CLOCK: attempt->clock_tried = true; break;
    case AWS_STEP_LATER: {
        int64_t wait_ms = aws_retry_delay_ms(aws_retry_trouble(attempt), attempt->sends - 1,
                                             error->retry_after_ms, call->sts->rng);
        if (!clock_sleep(call->sts->clock, wait_ms, err))
            return false;
        break;
    }
    }
    *again = true;
    return true;
}

static bool send_call(const struct call *call, struct str *body, struct err *err)
{
    struct aws_attempt attempt = {0};
    struct http_response res;
    struct aws_error error;
    bool again = true;

    while (again) {
        struct http_header headers[4];
        attempt.skew_used = call->sts->ahead_ms;
        const struct http_request req = make_request(call, headers);

        if (!http_exchange(call->sts->http, &req, &res, 1, call->arena, err))
            return false;
        learn_clock(call->sts, &res);
        if (res.outcome == HTTP_ANSWERED && res.status == 200) {
            *body = res.body;
            return true;
        }
        error = aws_error_xml(&res, call->arena);
        attempt.sends++;
        attempt.outcome = res.outcome;
        attempt.kind = res.kind;
        attempt.is_away = http_is_away(call->sts->http);
        attempt.status = res.status;
        attempt.code = error.code;
        attempt.skew_now = call->sts->ahead_ms;
        if (!prepare_again(call, &attempt, &error, &again, err))
            return false;
    }
    return refuse(call, &res, &error, err);
}

static bool run_call(struct call *call, struct aws_set *out, struct err *err)
{
    struct str body;

    if (!aws_site_of(call->sts->url, call->arena, &call->site, err))
        return err_wrap(err, "sts");
    if (!send_call(call, &body, err))
        return false;
    if (!aws_sts_read(body, call->operation, call->arena, out, err))
        return err_wrap(err, "sts %s", call->operation);
    return true;
}

bool aws_sts_assume(struct aws_sts *sts, const struct aws_role *role, const struct aws_set *source,
                    struct arena *arena, struct aws_set *out, struct err *err)
{
    struct call call = {.sts = sts, .operation = "AssumeRole", .source = source, .arena = arena};

    if (!aws_role_check(role, err))
        return false;
    call.form = make_form(call.operation, role, (struct str){0}, arena);
    return run_call(&call, out, err);
}

bool aws_sts_assume_web(struct aws_sts *sts, const struct aws_role *role, struct str token,
                        struct arena *arena, struct aws_set *out, struct err *err)
{
    struct call call = {.sts = sts, .operation = "AssumeRoleWithWebIdentity", .arena = arena};

    if (!aws_role_check(role, err))
        return false;
    if (token.len < WEB_TOKEN_MIN || token.len > WEB_TOKEN_MAX)
        return err_set(err, ERR_SETTINGS, "a web identity token has 4 to 20000 characters");
    call.form = make_form(call.operation, role, token, arena);
    return run_call(&call, out, err);
}

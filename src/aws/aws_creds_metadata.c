/* The sources behind a metadata address: a container's agent, an instance's service. Source:
 * contracts/aws.md 7.2. */

#include "aws/aws_creds_source.h"
#include "aws/aws_retry.h"
#include "base/attr.h"
#include "base/file.h"
#include "http/url.h"

#define TRIES_MAX            3
#define ANSWER_MAX           ((size_t)64 << 10)
#define CONTAINER_TIMEOUT_MS (2 * TIME_SECOND)
#define INSTANCE_TIMEOUT_MS  (1 * TIME_SECOND)
#define CONTAINER_BASE       "http://169.254.170.2"
#define INSTANCE_BASE        "http://169.254.169.254"
#define INSTANCE_BASE_V6     "http://[fd00:ec2::254]"
#define ROLES_PATH           "/latest/meta-data/iam/security-credentials/"
#define TOKEN_LIFE           "21600"
#define TOKEN_FILE_MAX       ((size_t)64 << 10)
#define NAME_MAX_LEN         64

/* ---- asking ---- */

bool aws_metadata_may_ask(struct str url)
{
    struct url parts;

    return url_parse(url, &parts) && (str_ieq(parts.scheme, STR("https")) ||
                                      url_is_loopback(&parts) || url_is_metadata(&parts));
}

bool aws_metadata_is_header(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return false;
    }
    return text.len > 0;
}

static bool ask_once(struct aws_fetch *fetch, const struct aws_metadata_call *call,
                     struct http_response *res, struct err *err)
{
    const struct http_request req = {
        .method = call->method,
        .url = call->url,
        .headers = call->headers,
        .n_headers = call->n_headers,
        .repeatable = true,
        .max_body = ANSWER_MAX,
        .timeout_ms = call->timeout_ms,
        .secret_answer = true,
    };

    return http_exchange(fetch->options->metadata, &req, res, 1, fetch->arena, err);
}

bool aws_metadata_ask(struct aws_fetch *fetch, const struct aws_metadata_call *call, int *status,
                      struct str *body, struct err *err)
{
    struct http_response res = {0};

    /* Nobody else uses this client, so its patience is for one fetch. */
    http_new_run(fetch->options->metadata);
    for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
        int64_t wait_ms =
            tries == 0 ? 0 : aws_retry_delay_ms(AWS_TROUBLE_TRANSIENT, tries - 1, 0, fetch->rng);
        if (wait_ms > 0 && !clock_sleep(fetch->options->clock, wait_ms, err))
            return false;
        if (!ask_once(fetch, call, &res, err))
            return false;
        if (res.outcome == HTTP_ANSWERED && res.status < 500) {
            *status = res.status;
            *body = res.body;
            return true;
        }
        if (res.outcome != HTTP_ANSWERED && res.kind != ERR_UNAVAILABLE)
            break;
    }
    if (res.outcome == HTTP_ANSWERED)
        return err_set(err, ERR_UNAVAILABLE, "it answers with status %d", res.status);
    return err_set(err, res.kind, "no answer: %.*s", STR_ARG(res.why));
}

static bool refuse_status(int status, struct err *err)
{
    return err_set(err, status == 429 ? ERR_UNAVAILABLE : ERR_REFUSED, "it answers with status %d",
                   status);
}

/* ---- the container ---- */

static bool container_url(const struct aws_fetch *fetch, struct str *out, struct err *err)
{
    struct str relative = aws_fetch_env(fetch, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    struct str full = aws_fetch_env(fetch, "AWS_CONTAINER_CREDENTIALS_FULL_URI");

    if (relative.len > 0) {
        *out = arena_printf(fetch->arena, CONTAINER_BASE "%.*s", STR_ARG(relative));
        if (relative.ptr[0] != '/' || !aws_metadata_may_ask(*out)) {
            return err_set(err, ERR_SETTINGS,
                           "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path that begins with /");
        }
        return true;
    }
    if (full.len == 0) {
        return err_set(err, ERR_SETTINGS,
                       "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor "
                       "AWS_CONTAINER_CREDENTIALS_FULL_URI is set");
    }
    if (!aws_metadata_may_ask(full)) {
        return err_set(err, ERR_SETTINGS,
                       "AWS_CONTAINER_CREDENTIALS_FULL_URI is https, or http to loopback, "
                       "169.254.170.2, 169.254.170.23 or [fd00:ec2::23] only");
    }
    *out = full;
    return true;
}

/* The file wins, and is read anew each time. Empty: no header. */
static bool container_token(const struct aws_fetch *fetch, struct str *out, struct err *err)
{
    struct str path = aws_fetch_env(fetch, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    struct str token = aws_fetch_env(fetch, "AWS_CONTAINER_AUTHORIZATION_TOKEN");

    if (path.len > 0) {
        if (!file_read(path, TOKEN_FILE_MAX, FILE_ANY, fetch->arena, &token, err))
            return err_wrap(err, "authorization token");
        if (token.len == 0)
            return err_set(err, ERR_SETTINGS, "authorization token: %.*s is empty", STR_ARG(path));
    }
    if (token.len > 0 && !aws_metadata_is_header(token)) {
        return err_set(err, ERR_SETTINGS,
                       "the authorization token holds a line end or another control character");
    }
    *out = token;
    return true;
}

static bool fetch_container(struct aws_fetch *fetch, struct aws_set *out, struct err *err)
{
    struct aws_metadata_call call = {.method = HTTP_GET, .timeout_ms = CONTAINER_TIMEOUT_MS};
    struct http_header header = {.name = STR("Authorization")};
    struct str body;
    int status;

    if (!container_url(fetch, &call.url, err) || !container_token(fetch, &header.value, err))
        return false;
    call.headers = &header;
    call.n_headers = header.value.len > 0 ? 1 : 0;
    if (!aws_metadata_ask(fetch, &call, &status, &body, err))
        return false;
    if (status != 200)
        return refuse_status(status, err);
    return aws_set_from_json(body, AWS_SET_METADATA, out, err);
}

bool aws_source_container(struct aws_fetch *fetch, struct aws_set *out, struct err *err)
{
    aws_fetch_say(fetch, "container");
    return fetch_container(fetch, out, err) || err_wrap(err, "container credentials");
}

/* ---- the instance ---- */

struct instance {
    struct aws_fetch *fetch;
    struct str base;
    struct str token; /* of version 2; in arena */
    bool token_was_renewed;
};

static bool instance_base(const struct aws_fetch *fetch, struct str *out, struct err *err)
{
    struct str named = aws_fetch_env(fetch, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    struct str mode = aws_fetch_env(fetch, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

    *out = str_ieq(mode, STR("IPv6")) ? STR(INSTANCE_BASE_V6) : STR(INSTANCE_BASE);
    if (named.len == 0)
        return true;
    if (!aws_metadata_may_ask(named) || str_has(named, '?')) {
        return err_set(err, ERR_SETTINGS,
                       "AWS_EC2_METADATA_SERVICE_ENDPOINT is http to loopback, 169.254.169.254 or "
                       "[fd00:ec2::254] only, or https");
    }
    while (named.len > 0 && named.ptr[named.len - 1] == '/')
        named.len--;
    *out = named;
    return true;
}

/* Version 1 has no token and answers whoever can be made to ask: there is no way back to it. */
static bool new_token(struct instance *in, struct err *err)
{
    static const struct http_header life = {STR("X-aws-ec2-metadata-token-ttl-seconds"),
                                            STR(TOKEN_LIFE)};
    struct arena *arena = in->fetch->arena;
    const struct aws_metadata_call call = {
        .method = HTTP_PUT,
        .url = arena_printf(arena, "%.*s/latest/api/token", STR_ARG(in->base)),
        .headers = &life,
        .n_headers = 1,
        .timeout_ms = INSTANCE_TIMEOUT_MS,
    };
    struct str body;
    int status;

    if (!aws_metadata_ask(in->fetch, &call, &status, &body, err))
        return false;
    if (status == 403)
        return err_set(err, ERR_REFUSED, "it is switched off for this instance (status 403)");
    if (status != 200)
        return err_set(err, ERR_REFUSED, "it gives no token (status %d)", status);
    in->token = arena_str(arena, str_trim(body));
    return aws_metadata_is_header(in->token) ||
           err_set(err, ERR_REMOTE, "the token it gives is none");
}

/* A 401 says that the token ran out: one new one. */
static bool get(struct instance *in, struct str path, int *status, struct str *body,
                struct err *err)
{
    for (;;) {
        const struct http_header header = {STR("X-aws-ec2-metadata-token"), in->token};
        const struct aws_metadata_call call = {
            .method = HTTP_GET,
            .url = arena_printf(in->fetch->arena, "%.*s%.*s", STR_ARG(in->base), STR_ARG(path)),
            .headers = &header,
            .n_headers = 1,
            .timeout_ms = INSTANCE_TIMEOUT_MS,
        };
        if (!aws_metadata_ask(in->fetch, &call, status, body, err))
            return false;
        if (*status != 401 || in->token_was_renewed)
            return true;
        in->token_was_renewed = true;
        if (!new_token(in, err))
            return false;
    }
}

static bool is_role_name(struct str name)
{
    if (name.len == 0 || name.len > NAME_MAX_LEN)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              strchr("_+=,.@-", c)))
            return false;
    }
    return true;
}

static bool read_role_name(struct instance *in, struct str *out, struct err *err)
{
    struct str body;
    int status;

    if (!get(in, STR(ROLES_PATH), &status, &body, err))
        return false;
    if (status == 404)
        return err_set(err, ERR_REFUSED, "no role is attached to this instance");
    if (status != 200)
        return refuse_status(status, err);
    body = str_trim(body);
    struct str name = str_trim(str_cut(&body, '\n'));
    if (!is_role_name(name))
        return err_set(err, ERR_REMOTE, "the role it names is none");
    *out = arena_str(in->fetch->arena, name);
    return true;
}

static bool fetch_instance(struct aws_fetch *fetch, struct aws_set *out, struct err *err)
{
    struct instance in = {.fetch = fetch};
    struct str role;
    struct str body;
    int status;

    if (!instance_base(fetch, &in.base, err) || !new_token(&in, err) ||
        !read_role_name(&in, &role, err))
        return false;
    aws_fetch_say(fetch, "role %.*s", STR_ARG(role));
    if (!get(&in, arena_printf(fetch->arena, ROLES_PATH "%.*s", STR_ARG(role)), &status, &body,
             err))
        return false;
    if (status != 200)
        return refuse_status(status, err);
    return aws_set_from_json(body, AWS_SET_METADATA, out, err);
}

bool aws_source_instance(struct aws_fetch *fetch, struct aws_set *out, struct err *err)
{
    aws_fetch_say(fetch, "instance metadata");
    if (str_ieq(aws_fetch_env(fetch, "AWS_EC2_METADATA_DISABLED"), STR("true"))) {
        return err_set(err, ERR_SETTINGS,
                       "instance metadata: switched off by AWS_EC2_METADATA_DISABLED");
    }
    if (!fetch_instance(fetch, out, err))
        return err_wrap(err, "instance metadata");
    out->may_be_stale = true;
    return true;
}

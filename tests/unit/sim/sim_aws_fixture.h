#pragma once

#include "aws/sigv4.h"
#include "unit/sim/sim_fixture.h"

/*
 * A client of the simulated AWS: signs as the contract says and shows an answer in one line.
 */

struct aws_fixture {
    struct fixture base;
    struct sim_aws aws;
    struct secret secret, token;
    int64_t ahead_ms;   /* of the signature's time */
    const char *region; /* NULL: the cloud's */
    const char *key;    /* NULL: the long-lived one */
    const char *type;   /* of bodies; NULL: JSON 1.1 */
};

static inline void aws_open(struct aws_fixture *f, const char *yaml)
{
    memset(f, 0, sizeof(*f));
    fixture_open(&f->base, yaml);
    f->aws = sim_aws(f->base.sim);
    secret_set(&f->secret, f->aws.secret_key);
}

static inline void aws_close(struct aws_fixture *f)
{
    secret_fini(&f->secret);
    secret_fini(&f->token);
    fixture_close(&f->base);
}

/* `target` NULL: STS's form. */
static inline const struct http_response *aws_send(struct aws_fixture *f, const char *service,
                                                   const char *target, const char *body)
{
    struct sigv4_keys keys = {
        .access_key = f->key ? str_of(f->key) : f->aws.access_key,
        .secret_key = &f->secret,
        .token = secret_is_set(&f->token) ? &f->token : NULL,
    };
    struct sigv4_request request = {
        .region = f->region ? str_of(f->region) : f->aws.region,
        .service = str_of(service),
        .host = STR("127.0.0.1:9"),
        .content_type = target ? str_of(f->type ? f->type : "application/x-amz-json-1.1")
                               : STR("application/x-www-form-urlencoded"),
        .target = str_of(target),
        .body = str_of(body),
    };
    struct sigv4_headers made =
        sigv4_sign(&keys, &request, fixture_now(&f->base) + f->ahead_ms, &f->base.arena);
    struct http_header headers[5] = {
        {STR("Content-Type"), request.content_type},
        {STR("X-Amz-Date"), made.date},
        {STR("Authorization"), made.authorization},
    };
    struct http_request req = {.method = HTTP_POST,
                               .url = STR(ORIGIN "/"),
                               .headers = headers,
                               .n_headers = 3,
                               .body = request.body};

    if (target)
        headers[req.n_headers++] = (struct http_header){STR("X-Amz-Target"), request.target};
    if (made.token.len > 0)
        headers[req.n_headers++] = (struct http_header){STR("X-Amz-Security-Token"), made.token};
    return fixture_send(&f->base, &req);
}

static inline const struct http_response *store(struct aws_fixture *f, const char *operation,
                                                const char *body)
{
    return aws_send(f, "identitystore",
                    arena_printf(&f->base.arena, "AWSIdentityStore.%s", operation).ptr, body);
}

/* The input, which begins with the store's id. `rest` is further members, with a comma before. */
static inline const struct http_response *store_in(struct aws_fixture *f, const char *operation,
                                                   const char *rest)
{
    return store(f, operation,
                 arena_printf(&f->base.arena, "{\"IdentityStoreId\":\"%.*s\"%s}",
                              STR_ARG(f->aws.store_id), rest)
                     .ptr);
}

static inline const struct http_response *sso(struct aws_fixture *f, const char *operation,
                                              const char *body)
{
    return aws_send(f, "sso", arena_printf(&f->base.arena, "SWBExternalService.%s", operation).ptr,
                    body);
}

/* A member's text in the answer, or the empty one. */
static inline const char *field(struct aws_fixture *f, const char *name)
{
    const char *before = arena_printf(&f->base.arena, "\"%s\":\"", name).ptr;

    return arena_cstr(&f->base.arena, between(f->base.res.body, before, "\""));
}

/* `200`, then every value of that member; or `400 ConflictException REASON TYPE`. */
static inline const char *shown(struct aws_fixture *f, const char *member)
{
    struct buf out = {0};
    const struct http_response *res = &f->base.res;
    const char *before = arena_printf(&f->base.arena, "\"%s\":\"", member).ptr;

    if (res->outcome != HTTP_ANSWERED || res->status != 200) {
        struct str type = between(res->body, "\"__type\":\"", "\"");

        while (str_has(type, '#'))
            (void)str_cut(&type, '#');
        buf_printf(&out, "%d %.*s", res->status, STR_ARG(type));
        if (*field(f, "Reason"))
            buf_printf(&out, " %s", field(f, "Reason"));
        if (*field(f, "ResourceType"))
            buf_printf(&out, " %s", field(f, "ResourceType"));
    } else {
        struct str rest = res->body;

        buf_printf(&out, "200");
        for (;;) {
            struct str value = between(rest, before, "\"");

            if (!value.ptr)
                break;
            buf_printf(&out, " %.*s", STR_ARG(value));
            rest = str_sub(rest, (size_t)(value.ptr + value.len - rest.ptr), rest.len);
        }
    }

    const char *text = arena_cstr(&f->base.arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

/* The store's id of a group or user, by its name; empty when it is not there. */
static inline const char *group_id(struct aws_fixture *f, const char *name)
{
    store_in(f, "GetGroupId",
             arena_printf(&f->base.arena,
                          ",\"AlternateIdentifier\":{\"UniqueAttribute\":{\"AttributePath\":"
                          "\"displayName\",\"AttributeValue\":\"%s\"}}",
                          name)
                 .ptr);
    return field(f, "GroupId");
}

static inline const char *user_id(struct aws_fixture *f, const char *name)
{
    store_in(f, "GetUserId",
             arena_printf(&f->base.arena,
                          ",\"AlternateIdentifier\":{\"UniqueAttribute\":{\"AttributePath\":"
                          "\"userName\",\"AttributeValue\":\"%s\"}}",
                          name)
                 .ptr);
    return field(f, "UserId");
}

/* The control side's view: `alice bob`, in the order of the store. */
static inline const char *members(struct aws_fixture *f, const char *group)
{
    struct str rest = str_of(
        control(&f->base, HTTP_GET,
                arena_printf(&f->base.arena, "/_sim/aws/memberships?group=%s", group).ptr, ""));
    struct buf out = {0};

    for (;;) {
        struct str name = between(rest, "\"user_name\":\"", "\"");
        struct str local = name;

        if (!name.ptr)
            break;
        rest = str_sub(rest, (size_t)(name.ptr + name.len - rest.ptr), rest.len);
        local = str_cut(&local, '@');
        buf_printf(&out, "%s%.*s", out.len > 0 ? " " : "", STR_ARG(local));
    }

    const char *text = arena_cstr(&f->base.arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

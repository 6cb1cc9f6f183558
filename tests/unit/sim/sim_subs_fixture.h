#pragma once

#include "base/clock.h"
#include "unit/sim/sim_aws_fixture.h"

/*
 * Subscriptions: a small store of three people and two groups that are claimed, calls in both
 * protocols, and what the cloud shows or knows in one line.
 */

#define SUBS_INSTANCE "arn:aws:sso:::instance/ssoins-0123456789abcdef"
#define SUBS_STORE                                                                    \
    "aws:\n"                                                                          \
    "  instance_arn: " SUBS_INSTANCE "\n"                                             \
    "  store_id: d-1234567890\n"                                                      \
    "  instances: [{instance_arn: arn:other, store_id: d-2222222222}]\n"              \
    "  applications:\n"                                                               \
    "    - {name: KiroProfile-us-east-1, arn: arn:app/kiro}\n"                        \
    "    - {name: Kiro Sign-In, arn: arn:app/login, assignment_required: false}\n"    \
    "    - {name: Kiro in Europe, arn: arn:app/europe, profile: eu-central-1}\n"      \
    "  users: [{user_name: a, id: u-a}, {user_name: b, id: u-b}, {user_name: c, id: " \
    "u-c}]\n"                                                                         \
    "  groups:\n"                                                                     \
    "    - {name: Pro, id: g-pro, members: [a, b]}\n"                                 \
    "    - {name: Plus, id: g-plus}\n"
#define SUBS_CLAIMS \
    "    claims: [{group: Pro, plan: kiro-pro}, {group: Plus, plan: kiro-pro-plus}]\n"
#define SUBS_ORG SUBS_STORE "  subscriptions:\n    materialise: 10m\n" SUBS_CLAIMS

static inline const char *body_of(struct aws_fixture *f, const char *text)
{
    return arena_cstr(&f->base.arena, str_of(text));
}

static inline const struct http_response *kiro_send(struct aws_fixture *f, const char *service,
                                                    const char *prefix, const char *region,
                                                    const char *operation, const char *body)
{
    const struct http_response *res;

    f->type = "application/x-amz-json-1.0";
    f->region = region;
    res = aws_send(f, service, arena_printf(&f->base.arena, "%s.%s", prefix, operation).ptr, body);
    f->type = NULL;
    f->region = NULL;
    return res;
}

/* The claim protocol, and that of assignments. */
static inline const struct http_response *zorn(struct aws_fixture *f, const char *operation,
                                               const char *body)
{
    return kiro_send(f, "user-subscriptions", "AWSZornControlPlaneService", NULL, operation, body);
}

static inline const struct http_response *assign(struct aws_fixture *f, const char *operation,
                                                 const char *body)
{
    return kiro_send(f, "q", "AmazonQDeveloperService", "us-east-1", operation, body);
}

#define LIST_SUBS   "\"instanceArn\":\"" SUBS_INSTANCE "\",\"subscriptionRegion\":\"us-east-1\""
#define LIST_CLAIMS "\"applicationArn\":\"arn:app/kiro\",\"subscriptionRegion\":\"us-east-1\""

static inline const struct http_response *list_subs(struct aws_fixture *f, const char *more)
{
    return zorn(f, "ListUserSubscriptions",
                arena_printf(&f->base.arena, "{" LIST_SUBS "%s}", more).ptr);
}

static inline const struct http_response *list_claims(struct aws_fixture *f, const char *more)
{
    return zorn(f, "ListApplicationClaims",
                arena_printf(&f->base.arena, "{" LIST_CLAIMS "%s}", more).ptr);
}

/* `400 ConflictException`, or `200`. */
static inline const char *outcome(struct aws_fixture *f)
{
    return shown(f, "no such member");
}

/* Objects in a list of the answer, each by `put`, a blank before each: `200 x y`. */
static inline const char *each_row(struct aws_fixture *f, const char *list,
                                   void (*put)(const struct json *row, struct buf *out))
{
    CLEANUP(json_close) const struct json *root = NULL;
    CLEANUP(buf_fini) struct buf out = {0};
    const struct json *rows = NULL;
    struct err err = {0};

    if (f->base.res.status != 200)
        return outcome(f);
    buf_printf(&out, "200");
    if (!json_parse(f->base.res.body, "answer", &root, &err) || !json_arr(root, list, &rows, &err))
        fail_msg("%s", err.msg);
    for (const struct json *row = json_first(rows); row; row = json_next(row)) {
        buf_add_char(&out, ' ');
        put(row, &out);
    }
    return arena_cstr(&f->base.arena, buf_str(&out));
}

static inline struct str text_in(const struct json *row, const char *outer, const char *name)
{
    const struct json *inner = row;
    struct str text = {0};

    if (outer && (!json_obj_opt(row, outer, &inner, NULL) || !inner))
        return text;
    (void)json_str_opt(inner, name, &text, NULL);
    return text;
}

/* `u-a:KIRO_ENTERPRISE_PRO/PENDING`, with `>IN_FORCE` where something else is. */
static inline void put_sub(const struct json *row, struct buf *out)
{
    struct str type = text_in(row, "type", "amazonQ");
    struct str active = text_in(row, "activatedType", "amazonQ");
    struct str user = text_in(row, "principal", "user");

    buf_printf(out, "%.*s:%.*s", STR_ARG(user.len > 0 ? user : text_in(row, "principal", "group")),
               STR_ARG(type));
    if (active.len > 0 && !str_eq(active, type))
        buf_printf(out, ">%.*s", STR_ARG(active));
    buf_printf(out, "/%.*s", STR_ARG(text_in(row, NULL, "status")));
}

static inline const char *subs(struct aws_fixture *f)
{
    list_subs(f, "");
    return each_row(f, "subscriptions", put_sub);
}

static inline void put_claim_row(const struct json *row, struct buf *out)
{
    struct str user = text_in(row, "principal", "user");

    buf_printf(out, "%.*s:%.*s", STR_ARG(user.len > 0 ? user : text_in(row, "principal", "group")),
               STR_ARG(text_in(row, "type", "amazonQ")));
}

static inline const char *claims(struct aws_fixture *f)
{
    list_claims(f, "");
    return each_row(f, "claims", put_claim_row);
}

/* The identifier of the claim of that principal; empty: none. */
static inline const char *claim_id(struct aws_fixture *f, const char *principal)
{
    struct str rest;

    list_claims(f, "");
    rest = f->base.res.body;
    for (;;) {
        struct str id = between(rest, "\"identifier\":\"", "\"");
        struct str who;

        if (!id.ptr)
            return "";
        rest = str_sub(rest, (size_t)(id.ptr + id.len - rest.ptr), rest.len);
        who = between(rest, "\"principal\":{", "}");
        if (str_ends(who, arena_printf(&f->base.arena, "\"%s\"", principal)))
            return arena_cstr(&f->base.arena, id);
    }
}

/* ---- what the cloud knows ---- */

/* `a:kiro-pro/PENDING`, in_force behind `>`, `until 06-01` for those that end. */
static inline const char *seats(struct aws_fixture *f)
{
    struct str rest = str_of(control(&f->base, HTTP_GET, "/_sim/subscriptions", ""));
    CLEANUP(buf_fini) struct buf out = {0};

    for (;;) {
        struct str seat = between(rest, "{\"user\":\"", "}");
        struct str name = between(seat, "\"user_name\":\"", "\"");
        struct str plan = between(seat, "\"plan\":\"", "\"");
        struct str active = between(seat, "\"in_force\":\"", "\"");

        if (!seat.ptr)
            break;
        rest = str_sub(rest, (size_t)(seat.ptr + seat.len - rest.ptr), rest.len);
        if (name.len == 0)
            name = str_sub(seat, 0, 3);
        buf_printf(&out, "%s%.*s:%.*s", out.len > 0 ? " " : "", STR_ARG(name), STR_ARG(plan));
        if (active.len > 0 && !str_eq(active, plan))
            buf_printf(&out, ">%.*s", STR_ARG(active));
        buf_printf(&out, "/%.*s", STR_ARG(between(seat, "\"status\":\"", "\"")));
    }
    return arena_cstr(&f->base.arena, buf_str(&out));
}

static inline void use_seat(struct aws_fixture *f, const char *who)
{
    control(&f->base, HTTP_POST, arena_printf(&f->base.arena, "/_sim/people/%s/use", who).ptr, "");
}

static inline void by_hand(struct aws_fixture *f, const char *body)
{
    control(&f->base, HTTP_POST, "/_sim/subscriptions", body);
}

static inline void join(struct aws_fixture *f, const char *group, const char *who)
{
    control(&f->base, HTTP_POST,
            arena_printf(&f->base.arena, "/_sim/aws/groups/%s/members", group).ptr,
            arena_printf(&f->base.arena, "{add: [%s]}", who).ptr);
}

static inline void leave(struct aws_fixture *f, const char *group, const char *who)
{
    control(&f->base, HTTP_POST,
            arena_printf(&f->base.arena, "/_sim/aws/groups/%s/members", group).ptr,
            arena_printf(&f->base.arena, "{remove: [%s]}", who).ptr);
}

/* The wall clock and boot time go on until then. */
static inline void go_to(struct aws_fixture *f, const char *time)
{
    int64_t at = 0;

    assert_true(time_parse_iso(str_of(time), &at));
    assert_true(at >= fixture_now(&f->base));
    sim_advance(f->base.sim, at - fixture_now(&f->base));
}

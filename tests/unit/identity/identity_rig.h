#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/aws_call.h"
#include "aws/aws_creds.h"
#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/json.h"
#include "http/http.h"
#include "identity/identity.h"
#include "support/fake_clock.h"
#include "support/fake_transport.h"

/*
 * Identity Center over a script, on virtual time. All calls of AWS go to one URL, so a row's `url`
 * is compared with `Operation BODY` instead:
 *
 *     {.url = "ListUsers {", .body = "{\"Users\":[]}"}
 *     {.url = "\"NextToken\":\"t1\"", ...}
 *
 * and the log shows the same: `POST ListUsers {"IdentityStoreId":...}`. The signed call below
 * repeats what is transient: a row of 500 is met three times.
 */

#define STORE "d-1234567890"
#define ARN   "arn:aws:sso:::instance/ssoins-0123456789abcdef"
#define ARN2  "arn:aws:sso:::instance/ssoins-fedcba9876543210"
#define G1    "1234567890-aaaaaaaa-0000-4000-8000-000000000001"
#define G2    "aaaaaaaa-0000-4000-8000-000000000002"
#define U1    "1234567890-bbbbbbbb-0000-4000-8000-000000000001"
#define U2    "bbbbbbbb-0000-4000-8000-000000000002"
#define U3    "bbbbbbbb-0000-4000-8000-000000000003"
#define M1    "cccccccc-0000-4000-8000-000000000001"
#define M2    "cccccccc-0000-4000-8000-000000000002"

#define INSTANCE(arn, store, status, region)                                     \
    "{\"InstanceArn\":\"" arn "\",\"IdentityStoreId\":\"" store                  \
    "\",\"OwnerAccountId\":\"111122223333\",\"Name\":\"x\",\"Status\":\"" status \
    "\",\"PrimaryRegion\":\"" region "\",\"Regions\":[],\"CreatedDate\":1767225600.5}"
#define INSTANCES(list) "{\"Instances\":[" list "]}"
#define OUR_INSTANCE    INSTANCES(INSTANCE(ARN, STORE, "ACTIVE", "eu-central-1"))

#define MEMBERSHIP(id, group, user)                                                       \
    "{\"IdentityStoreId\":\"" STORE "\",\"MembershipId\":\"" id "\",\"GroupId\":\"" group \
    "\",\"MemberId\":{\"UserId\":\"" user "\"}}"
#define MEMBERSHIPS(list) "{\"GroupMemberships\":[" list "]}"
#define MEMBERSHIPS_MORE(list, token) \
    "{\"GroupMemberships\":[" list "],\"NextToken\":\"" token "\"}"
#define USER(id, name)                                                              \
    "{\"IdentityStoreId\":\"" STORE "\",\"UserId\":\"" id "\",\"UserName\":\"" name \
    "\",\"UserStatus\":\"ENABLED\"}"

#define FAULT(code) "{\"__type\":\"com.amazonaws.identitystore#" code "\",\"Message\":\"as told\"}"
#define CONFLICT(reason) \
    "{\"__type\":\"ConflictException\",\"Message\":\"as told\",\"Reason\":\"" reason "\"}"
#define MISSING(type)                                                                            \
    "{\"__type\":\"ResourceNotFoundException\",\"Message\":\"as told\",\"ResourceType\":\"" type \
    "\"}"
#define KEY_GONE                                                                                   \
    "{\"__type\":\"ResourceNotFoundException\",\"Message\":\"as told\",\"ResourceType\":\"USER\"," \
    "\"Reason\":\"KMS_KEY_NOT_FOUND\"}"
#define REQUEST_ID "x-amzn-RequestId: req-1\n"

/* Hands requests to the fake with `Operation BODY` for a URL. */
struct by_target {
    struct transport under;
    struct arena arena;
};

static inline struct str target_of(const struct http_request *req)
{
    for (size_t i = 0; i < req->n_headers; i++) {
        struct str rest = req->headers[i].value;
        if (!str_ieq(req->headers[i].name, STR("X-Amz-Target")))
            continue;
        (void)str_cut(&rest, '.');
        return rest;
    }
    return STR("no-target");
}

static inline bool by_target_send(void *self, const struct http_request *const *req,
                                  struct http_response *const *res, size_t n, unsigned parallel,
                                  struct arena *arena, struct err *err)
{
    struct by_target *by = self;
    struct http_request *shown = arena_array(&by->arena, struct http_request, n);
    const struct http_request **list = arena_array(&by->arena, const struct http_request *, n);

    for (size_t i = 0; i < n; i++) {
        shown[i] = *req[i];
        shown[i].url = arena_printf(&by->arena, "%.*s %.*s", STR_ARG(target_of(req[i])),
                                    STR_ARG(req[i]->body));
        shown[i].body = (struct str){0};
        list[i] = &shown[i];
    }
    return by->under.send(by->under.self, list, res, n, parallel, arena, err);
}

struct rig {
    struct fake_clock time;
    struct clock clock;
    struct fake_transport fake;
    struct by_target by;
    struct http *http;
    struct aws_creds *creds;
    struct aws *aws;
    struct identity *identity;
    struct arena arena;
    struct err err;
};

static inline const char *rig_env(void *self, const char *name)
{
    (void)self;
    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
        return "AKIDEXAMPLE";
    return strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0 ? "not-a-secret" : NULL;
}

static inline void rig_open_with(struct rig *rig, struct identity_options options,
                                 const struct fake_answer *script, size_t n)
{
    struct http_options http_options = {.remote = "aws", .max_tries = 1, .seed = 1};
    struct aws_options aws_options = {.region = STR("eu-central-1"), .seed = 1};
    struct aws_creds_options creds = {.region = STR("eu-central-1"), .env = {NULL, rig_env}};

    *rig = (struct rig){0};
    json_init();
    arena_init(&rig->arena, (size_t)64 << 20);
    arena_init(&rig->by.arena, (size_t)256 << 20);
    fake_clock_init(&rig->time);
    rig->clock = fake_clock(&rig->time);
    fake_transport_init(&rig->fake, script, n);
    rig->fake.clock = &rig->clock;
    rig->by.under = fake_transport(&rig->fake);
    rig->http = http_new(&http_options,
                         (struct transport){.self = &rig->by, .send = by_target_send}, &rig->clock);
    creds.http = rig->http;
    creds.metadata = rig->http;
    creds.clock = &rig->clock;
    rig->creds = aws_creds_new(&creds);
    rig->aws = aws_new(&aws_options, rig->http, rig->creds, &rig->clock);
    if (options.region.len == 0)
        options.region = STR("eu-central-1");
    rig->identity = identity_new(&options, rig->aws, &rig->clock);
}

/* With an instance that was read: the script begins behind that. */
static inline void rig_open(struct rig *rig, struct identity_options options,
                            const struct fake_answer *script, size_t n)
{
    static struct fake_answer rows[64];
    struct identity_instance instance;

    assert_true(n < ARRAY_LEN(rows));
    rows[0] = (struct fake_answer){.url = "ListInstances {}", .body = OUR_INSTANCE};
    if (n > 0)
        memcpy(&rows[1], script, n * sizeof(*script));
    rig_open_with(rig, options, rows, n + 1);
    assert_true(identity_read_instance(rig->identity, &rig->arena, &instance, &rig->err));
    assert_int_equal(instance.answer, IDENTITY_FOUND);
    assert_true(instance.writable);
}

/* Everything that was asked since the instance, without the members that all have. */
static inline const char *rig_log(struct rig *rig)
{
    struct str rest = str_of(fake_transport_log(&rig->fake));
    struct str out = {0};

    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str behind = line;
        struct str store = STR("\"IdentityStoreId\":\"" STORE "\",");
        (void)str_cut(&behind, ' ');
        if (str_starts(behind, STR("ListInstances")))
            continue;
        struct str operation = str_cut(&behind, ' ');
        behind = str_sub(behind, 1, behind.len);
        if (str_starts(behind, store))
            behind = str_sub(behind, store.len, behind.len);
        out = arena_printf(&rig->arena, "%.*s%s%.*s {%.*s", STR_ARG(out), out.len > 0 ? "\n" : "",
                           STR_ARG(operation), STR_ARG(behind));
    }
    return out.len > 0 ? out.ptr : "";
}

static inline void rig_close(struct rig *rig)
{
    identity_free(rig->identity);
    aws_free(rig->aws);
    aws_creds_free(rig->creds);
    http_free(rig->http);
    fake_transport_fini(&rig->fake);
    arena_fini(&rig->by.arena);
    arena_fini(&rig->arena);
}

static inline const char *answer_name(enum identity_answer answer)
{
    static const char *const names[] = {"unknown", "found", "none", "ambiguous", "forbidden"};

    return names[answer];
}

/* How many rows a script of at most `max` has. */
static inline size_t rows_of(const struct fake_answer *script, size_t max)
{
    size_t n = 0;

    while (n < max && (script[n].url || script[n].status || script[n].outcome))
        n++;
    return n;
}

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
#include "subs/subs.h"
#include "support/fake_clock.h"
#include "support/fake_transport.h"

/*
 * The subscription service over a script, on virtual time. All calls of AWS go to one URL, so a
 * row's `url` is compared with `Operation BODY` instead:
 *
 *     {.url = "ListUserSubscriptions {", .body = SEATS("")}
 *     {.url = "\"nextToken\":\"t1\"", ...}
 *
 * The signed call below repeats what is transient: a row of 500 is met three times. Whatever a test
 * does, closing the rig fails it if anything but a read was sent.
 */

#define INSTANCE "arn:aws:sso:::instance/ssoins-0123456789abcdef"
#define APP      "arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef"
#define APP2     "arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-fedcba9876543210"
#define U1       "1234567890-bbbbbbbb-0000-4000-8000-000000000001"
#define U2       "bbbbbbbb-0000-4000-8000-000000000002"
#define U3       "bbbbbbbb-0000-4000-8000-000000000003"
#define G1       "1234567890-aaaaaaaa-0000-4000-8000-000000000001"

#define PLAIN_SEAT(user, raw, status)                                            \
    "{\"principal\":{\"user\":\"" user "\"},\"type\":{\"amazonQ\":\"" raw "\"}," \
    "\"status\":\"" status "\"}"
#define SEATS(list)             "{\"subscriptions\":[" list "]}"
#define SEATS_MORE(list, token) "{\"subscriptions\":[" list "],\"nextToken\":\"" token "\"}"
#define CLAIM(id, kind, who, raw)                                                    \
    "{\"identifier\":\"" id "\",\"principal\":{\"" kind "\":\"" who "\"},\"type\":{" \
    "\"amazonQ\":\"" raw "\"}}"
#define CLAIMS(list)             "{\"claims\":[" list "]}"
#define CLAIMS_MORE(list, token) "{\"claims\":[" list "],\"nextToken\":\"" token "\"}"
#define APPLICATION(arn, name)                                                      \
    "{\"ApplicationArn\":\"" arn "\",\"Name\":\"" name "\",\"Status\":\"ENABLED\"," \
    "\"ApplicationAccount\":\"111122223333\",\"CreatedDate\":1767225600.5,"         \
    "\"ApplicationProviderArn\":\"arn:aws:sso::aws:applicationProvider/codewhisperer\"}"
#define APPLICATIONS(list) "{\"Applications\":[" list "]}"
#define ASSIGNED           "{\"AssignmentRequired\":true}"
#define NOT_ASSIGNED       "{\"AssignmentRequired\":false}"

#define FAULT(code)            "{\"__type\":\"com.amazon.kiro.controlplane#" code "\",\"message\":\"as told\"}"
#define FAULT_SAYING(code, it) "{\"__type\":\"" code "\",\"message\":\"" it "\"}"
#define REQUEST_ID             "x-amzn-RequestId: req-1\n"
#define SCRIPT_ROWS            8

/* Hands requests to the fake with `Operation BODY` for a URL. */
struct by_target {
    struct transport under;
    struct arena arena;
    struct str odd; /* the first target that does more than read; empty: none */
};

static inline struct str target_of(const struct http_request *req)
{
    for (size_t i = 0; i < req->n_headers; i++) {
        if (str_ieq(req->headers[i].name, STR("X-Amz-Target")))
            return req->headers[i].value;
    }
    return STR("no.target");
}

static inline bool is_read(struct str operation)
{
    return str_starts(operation, STR("List")) || str_starts(operation, STR("Describe")) ||
           str_starts(operation, STR("Get"));
}

static inline bool by_target_send(void *self, const struct http_request *const *req,
                                  struct http_response *const *res, size_t n, unsigned parallel,
                                  struct arena *arena, struct err *err)
{
    struct by_target *by = self;
    struct http_request *shown = arena_array(&by->arena, struct http_request, n);
    const struct http_request **list = arena_array(&by->arena, const struct http_request *, n);

    for (size_t i = 0; i < n; i++) {
        struct str operation = target_of(req[i]);
        (void)str_cut(&operation, '.');
        if (by->odd.len == 0 && !is_read(operation))
            by->odd = arena_str(&by->arena, target_of(req[i]));
        shown[i] = *req[i];
        shown[i].url =
            arena_printf(&by->arena, "%.*s %.*s", STR_ARG(operation), STR_ARG(req[i]->body));
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
    struct subs *subs;
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

static inline void rig_open_bare(struct rig *rig, struct subs_options options,
                                 const struct fake_answer *script, size_t n)
{
    struct http_options http_options = {.remote = "aws", .max_tries = 1, .seed = 1};
    struct aws_options aws_options = {
        .region = STR("eu-central-1"), .kiro_region = STR("us-east-1"), .seed = 1};
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
    rig->subs = subs_new(&options, rig->aws, &rig->clock);
}

/* With what settings usually say. */
static inline void rig_open(struct rig *rig, struct subs_options options,
                            const struct fake_answer *script, size_t n)
{
    options.instance_arn = STR(INSTANCE);
    options.kiro_region = STR("us-east-1");
    rig_open_bare(rig, options, script, n);
}

static inline void rig_close(struct rig *rig)
{
    if (rig->by.odd.len > 0)
        fail_msg("more than a read was sent: %.*s", STR_ARG(rig->by.odd));
    subs_free(rig->subs);
    aws_free(rig->aws);
    aws_creds_free(rig->creds);
    http_free(rig->http);
    fake_transport_fini(&rig->fake);
    arena_fini(&rig->by.arena);
    arena_fini(&rig->arena);
}

/* How many rows a script of at most `max` has. */
static inline size_t rows_of(const struct fake_answer *script, size_t max)
{
    size_t n = 0;

    while (n < max && (script[n].url || script[n].status || script[n].outcome))
        n++;
    return n;
}

static inline const char *state_name(enum listing_state state)
{
    static const char *const names[] = {"UNKNOWN", "SEALED", "ABSENT"};

    return names[state];
}

/* What is expected of a listing that is not sealed is the beginning of its sentence. */
static inline void check_shown(const char *name, const char *expected, const char *shown)
{
    bool is_sealed = strncmp(shown, "SEALED", 6) == 0;

    if (strncmp(shown, expected, strlen(expected)) != 0 ||
        (is_sealed && strcmp(shown, expected) != 0))
        fail_msg("%s:\n  expected: %s\n  got:      %s", name, expected, shown);
}

#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "http/http.h"
#include "http/http_curl.h"
#include "support/fake_clock.h"
#include "support/raw_server.h"

/*
 * What the tests of the wire share: one http over libcurl against one raw server, on virtual time
 * (the waits of retries pass at once), and responses rendered as text.
 */

#define WIRE_MOST 32

#define OK_JSON(body)                                                       \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " \
    "2\r\n\r\n" body
#define EMPTY_200 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

struct wire {
    struct arena arena;
    struct fake_clock time;
    struct clock clock;
    struct cancel cancel;
    struct raw_server *server;
    struct http_curl *curl;
    struct http *http;
    struct http_request req[WIRE_MOST];
    struct http_response res[WIRE_MOST];
};

static struct wire wire;

static inline void wire_start_with(const struct raw_reply *replies, size_t n, bool any_bytes,
                                   struct http_options options, const char *ca_file)
{
    struct err err = {0};

    wire = (struct wire){0};
    arena_init(&wire.arena, (size_t)64 << 20);
    fake_clock_init(&wire.time);
    wire.clock = fake_clock(&wire.time);
    assert_true(cancel_init(&wire.cancel, &err));
    if (n > 0)
        wire.server = raw_server_start(replies, n, any_bytes);
    wire.curl = http_curl_new(&(struct http_curl_options){.user_agent = "seatkeeper/test",
                                                          .ca_file = ca_file,
                                                          .clock = &wire.clock},
                              &wire.cancel, &err);
    assert_non_null(wire.curl);
    options.remote = "okta";
    options.seed = 1;
    wire.http = http_new(&options, http_curl_transport(wire.curl), &wire.clock);
}

#define WIRE_START(replies, ...) \
    wire_start_with((replies), ARRAY_LEN(replies), false, (struct http_options){__VA_ARGS__}, NULL)

/* Does nothing when it was stopped before. */
static inline void wire_stop(void)
{
    if (!wire.curl)
        return;
    http_free(wire.http);
    http_curl_free(wire.curl);
    raw_server_stop(wire.server);
    cancel_fini(&wire.cancel);
    arena_fini(&wire.arena);
    wire = (struct wire){0};
}

static inline void wire_ask(size_t i, enum http_method method, const char *path, bool repeatable)
{
    const char *url = raw_server_url(wire.server, "http", path);

    wire.req[i] = (struct http_request){.method = method,
                                        .url = arena_str(&wire.arena, str_of(url)),
                                        .repeatable = repeatable,
                                        .timeout_ms = 20000};
}

static inline void wire_exchange(size_t n)
{
    struct err err = {0};

    if (!http_exchange(wire.http, wire.req, wire.res, n, &wire.arena, &err))
        fail_msg("cancelled: %s", err.msg);
}

/* `answered 200 x1 BODY`, `lost 200 x1 remote: WHY`; long bodies as their length. */
static inline const char *wire_show(size_t i)
{
    static const char *const outcomes[] = {"answered", "not sent", "lost"};
    static char out[400];
    const struct http_response *res = &wire.res[i];
    int used = snprintf(out, sizeof(out), "%s %d x%u ", outcomes[res->outcome], res->status,
                        res->attempts);

    if (res->outcome != HTTP_ANSWERED) {
        (void)snprintf(out + used, sizeof(out) - (size_t)used, "%s", err_kind_name(res->kind));
    } else if (res->body.len > 100) {
        (void)snprintf(out + used, sizeof(out) - (size_t)used, "%zu bytes", res->body.len);
    } else {
        (void)snprintf(out + used, sizeof(out) - (size_t)used, "%.*s", STR_ARG(res->body));
    }
    return out;
}

/* One request, from start to its rendered response. */
static inline const char *wire_one(enum http_method method, const char *path, bool repeatable)
{
    wire_ask(0, method, path, repeatable);
    wire_exchange(1);
    return wire_show(0);
}

static inline int wire_group_setup(void **state)
{
    struct err err = {0};

    (void)state;
    /* The tests decide about proxies, not the machine they run on. */
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    unsetenv("HTTPS_PROXY");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    return http_curl_global_init(&err) ? 0 : -1;
}

static inline int wire_group_teardown(void **state)
{
    (void)state;
    http_curl_global_fini();
    return 0;
}

static inline int wire_teardown(void **state)
{
    (void)state;
    wire_stop();
    return 0;
}

#define WIRE_TEST(name) cmocka_unit_test_teardown(name, wire_teardown)

#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/crypt.h"
#include "base/json.h"
#include "base/jwt.h"
#include "http/http.h"
#include "http/http_link.h"
#include "sim/sim.h"

/*
 * A simulated cloud and a client that talks to it in the process, for the tests of this folder.
 * Each test opens one, asks, and compares one rendered answer.
 */

#define ORIGIN    "http://127.0.0.1:9"
#define START_MS  INT64_C(1777885960000) /* 2026-05-04T09:12:40Z */
#define TOKEN_URL ORIGIN "/oauth2/v1/token"

/* Two groups and three people with ids that can be written down. */
#define SMALL_ORG                                                                       \
    "people:\n"                                                                         \
    "  - {login: alice@example.com, id: 00u1aliceaaaaaaaaaa1, first_name: Alice,\n"     \
    "     last_name: Sato, created: 2024-02-01T00:00:00Z}\n"                            \
    "  - {login: bob+aws@example.com, id: 00u1bobbbbbbbbbbbbb2, created: "              \
    "2024-02-01T00:00:00Z}\n"                                                           \
    "  - {login: carol@example.com, id: 00u1carolccccccccc03, status: DEPROVISIONED}\n" \
    "  - {login: a/b@example.com, id: 00u1slashsssssssss04}\n"                          \
    "groups:\n"                                                                         \
    "  - {name: Kiro, id: 00g1kirojpaaaaaaaa01, members: [alice@example.com]}\n"        \
    "  - {name: Directory, id: 00g1directoryaaaaa02, type: APP_GROUP}\n"
#define KIRO  "00g1kirojpaaaaaaaa01"
#define ALICE "00u1aliceaaaaaaaaaa1"
#define BOB   "00u1bobbbbbbbbbbbbb2"
#define CAROL "00u1carolccccccccc03"

struct fixture {
    struct sim *sim;
    struct transport net;
    struct arena arena;
    struct sim_credentials own;
    struct http_response res;
    unsigned n_jti;
};

static inline void fixture_load(struct fixture *f, const char *yaml)
{
    struct err err = {0};

    if (!sim_load_org(f->sim, str_of(yaml), &err))
        fail_msg("%s", err.msg);
}

static inline void fixture_open(struct fixture *f, const char *yaml)
{
    struct sim_options options = {.seed = 7, .start_ms = START_MS};
    struct err err = {0};

    memset(f, 0, sizeof(*f));
    json_init();
    arena_init(&f->arena, (size_t)256 << 20);
    f->sim = sim_new(&options, &err);
    if (!f->sim)
        fail_msg("%s", err.msg);
    f->net = sim_transport(f->sim);
    f->own = sim_credentials(f->sim);
    if (yaml)
        fixture_load(f, yaml);
}

static inline void fixture_close(struct fixture *f)
{
    sim_free(f->sim);
    arena_fini(&f->arena);
}

static inline const struct http_response *fixture_send(struct fixture *f,
                                                       const struct http_request *req)
{
    const struct http_request *const reqs[] = {req};
    struct http_response *const ress[] = {&f->res};
    struct err err = {0};

    assert_true(f->net.send(f->net.self, reqs, ress, 1, 1, &f->arena, &err));
    return &f->res;
}

static inline struct str fixture_url(struct fixture *f, const char *path)
{
    return strstr(path, "://") ? str_of(path) : arena_printf(&f->arena, "%s%s", ORIGIN, path);
}

/* With the SSWS token. */
static inline const struct http_response *ask_with(struct fixture *f, enum http_method method,
                                                   const char *path, const char *body)
{
    struct str ssws = arena_printf(&f->arena, "SSWS %.*s", STR_ARG(f->own.ssws_token));
    const struct http_header headers[] = {
        {STR("Accept"), STR("application/json")},
        {STR("Content-Type"), STR("application/json")},
        {STR("Authorization"), ssws},
    };
    const struct http_request req = {.method = method,
                                     .url = fixture_url(f, path),
                                     .headers = headers,
                                     .n_headers = 3,
                                     .body = str_of(body)};

    return fixture_send(f, &req);
}

static inline const struct http_response *ask(struct fixture *f, enum http_method method,
                                              const char *path)
{
    return ask_with(f, method, path, "");
}

static inline const struct http_response *patch(struct fixture *f, const char *path,
                                                const char *body)
{
    return ask_with(f, HTTP_PATCH, path, body);
}

static inline const struct http_response *get(struct fixture *f, const char *path)
{
    return ask(f, HTTP_GET, path);
}

/* A text inside the body between two others, or the empty view. */
static inline struct str between(struct str body, const char *before, const char *after)
{
    const char *from = body.len > 0 ? memmem(body.ptr, body.len, before, strlen(before)) : NULL;

    if (!from)
        return (struct str){0};
    from += strlen(before);

    size_t left = (size_t)(body.ptr + body.len - from);
    const char *to = memmem(from, left, after, strlen(after));
    return to ? (struct str){from, (size_t)(to - from)} : (struct str){0};
}

/* `200 alice bob` for a list of people (local parts of logins), `404 E0000007` for an error,
 * `lost: ...` when there was no answer. */
static inline const char *show(struct fixture *f)
{
    struct buf out = {0};
    const struct http_response *res = &f->res;

    if (res->outcome != HTTP_ANSWERED) {
        buf_printf(&out, "%s %d: %.*s", res->outcome == HTTP_LOST ? "lost" : "not sent",
                   res->status, STR_ARG(res->why));
    } else {
        struct str rest = res->body;
        struct str code = between(rest, "\"errorCode\":\"", "\"");

        if (code.len == 0)
            code = between(rest, "\"error\":\"", "\"");
        buf_printf(&out, "%d%s%.*s", res->status, code.len > 0 ? " " : "", STR_ARG(code));
        for (;;) {
            struct str login = between(rest, "\"login\":\"", "\"");

            if (login.len == 0)
                break;
            rest = str_sub(rest, (size_t)(login.ptr + login.len - rest.ptr), rest.len);
            struct str name = str_cut(&login, '@');
            buf_printf(&out, " %.*s", STR_ARG(name));
        }
    }

    const char *text = arena_cstr(&f->arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

static inline const char *header(struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->res.n_headers; i++) {
        if (str_ieq(f->res.headers[i].name, str_of(name)))
            return arena_cstr(&f->arena, f->res.headers[i].value);
    }
    return "";
}

static inline const char *next_link(struct fixture *f)
{
    struct str next = {0};

    if (!link_next(&f->res, &next))
        return "unreadable";
    return arena_cstr(&f->arena, next);
}

/* The control side; fails the test unless the status is 200. */
static inline const char *control(struct fixture *f, enum http_method method, const char *path,
                                  const char *body)
{
    struct buf out = {0};
    int status = sim_control(f->sim, method, str_of(path), str_of(body), &out);
    const char *text = arena_cstr(&f->arena, buf_str(&out));

    buf_fini(&out);
    if (status != 200)
        fail_msg("%s: %d %s", path, status, text);
    return text;
}

static inline void load_faults(struct fixture *f, const char *yaml)
{
    struct err err = {0};

    if (!sim_load_faults(f->sim, str_of(yaml), &err))
        fail_msg("%s", err.msg);
}

/* ---- OAuth ---- */

static inline int64_t fixture_now(struct fixture *f)
{
    struct clock clock = sim_clock(f->sim);

    return clock_now(&clock);
}

static inline struct str fixture_jti(struct fixture *f)
{
    return arena_printf(&f->arena, "jti-%u", ++f->n_jti);
}

static inline struct str sign(struct fixture *f, const struct key *key, struct str head,
                              struct str claims)
{
    struct str token = {0};
    struct err err = {0};

    if (!jwt_sign(key, head, claims, &f->arena, &token, &err))
        fail_msg("%s", err.msg);
    return token;
}

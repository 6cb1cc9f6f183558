#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/json.h"
#include "http/http.h"
#include "okta/okta.h"
#include "support/fake_clock.h"
#include "support/fake_transport.h"

/*
 * Okta over a script, on virtual time. With an SSWS token unless the options say otherwise, so that
 * a script holds nothing but the calls in question, and with one try per request, so that a row is
 * one answer as the adapter sees it.
 */

#define ORG "https://acme.okta.com"
#define G1  "00g1kirojpaaaaaaaa01"
#define G2  "00g2kirojpaaaaaaaa02"
#define U1  "00u1aliceaaaaaaaaaa1"
#define U2  "00u1bobbbbbbbbbbbbb2"
#define U3  "00u1carolccccccccc03"

#define USER(id, login) \
    "{\"id\":\"" id "\",\"status\":\"ACTIVE\",\"profile\":{\"login\":\"" login "\"}}"
#define GROUP(id, type, name) \
    "{\"id\":\"" id "\",\"type\":\"" type "\",\"profile\":{\"name\":\"" name "\"}}"
#define NEXT(url)   "Link: <" ORG url ">; rel=\"next\"\n"
#define ERROR(code) "{\"errorCode\":\"" code "\",\"errorSummary\":\"as told\"}"

/* Lends its bodies as the contract says, and no longer: they are freed by the next send. */
struct forgetful {
    struct transport under;
    struct buf lent[128];
    size_t n_lent;
};

static inline void forget(struct forgetful *forgetful)
{
    for (size_t i = 0; i < forgetful->n_lent; i++)
        buf_fini(&forgetful->lent[i]);
    forgetful->n_lent = 0;
}

static inline bool forgetful_send(void *self, const struct http_request *const *req,
                                  struct http_response *const *res, size_t n, unsigned parallel,
                                  struct arena *arena, struct err *err)
{
    struct forgetful *forgetful = self;

    forget(forgetful);
    if (!forgetful->under.send(forgetful->under.self, req, res, n, parallel, arena, err))
        return false;
    assert_true(n <= ARRAY_LEN(forgetful->lent));
    for (size_t i = 0; i < n; i++) {
        struct buf *copy = &forgetful->lent[forgetful->n_lent++];
        buf_add(copy, res[i]->body);
        res[i]->body = buf_str(copy);
    }
    return true;
}

struct rig {
    struct fake_clock time;
    struct clock clock;
    struct fake_transport fake;
    struct forgetful forgetful;
    struct http *http;
    struct okta *okta;
    struct secret ssws;
    struct arena arena;
    struct err err;
};

static inline void rig_open_with(struct rig *rig, struct okta_options options, unsigned max_tries,
                                 const struct fake_answer *script, size_t n)
{
    struct http_options http_options = {.remote = "okta", .max_tries = max_tries, .seed = 1};

    *rig = (struct rig){0};
    json_init();
    arena_init(&rig->arena, (size_t)64 << 20);
    fake_clock_init(&rig->time);
    rig->clock = fake_clock(&rig->time);
    fake_transport_init(&rig->fake, script, n);
    rig->fake.clock = &rig->clock;
    rig->forgetful.under = fake_transport(&rig->fake);
    rig->http =
        http_new(&http_options, (struct transport){.self = &rig->forgetful, .send = forgetful_send},
                 &rig->clock);
    secret_set(&rig->ssws, STR("00sswsTokenText"));
    if (!options.key)
        options.ssws = &rig->ssws;
    if (options.url.len == 0)
        options.url = STR(ORG);
    rig->okta = okta_new(&options, rig->http, &rig->clock, &rig->err);
    assert_string_equal(rig->err.msg, "");
    assert_non_null(rig->okta);
}

static inline void rig_open(struct rig *rig, const struct fake_answer *script, size_t n)
{
    rig_open_with(rig, (struct okta_options){0}, 1, script, n);
}

static inline void rig_close(struct rig *rig)
{
    okta_free(rig->okta);
    http_free(rig->http);
    forget(&rig->forgetful);
    fake_transport_fini(&rig->fake);
    secret_fini(&rig->ssws);
    arena_fini(&rig->arena);
}

static inline const char *answer_name(enum okta_answer answer)
{
    static const char *const names[] = {"unknown", "found", "none", "ambiguous", "forbidden"};

    return names[answer];
}

static inline const char *effect_name(enum okta_effect effect)
{
    static const char *const names[] = {"done", "none", "refused", "unknown"};

    return names[effect];
}

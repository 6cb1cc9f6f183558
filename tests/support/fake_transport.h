#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "http/http.h"

/*
 * A transport that answers from a script and records every request, for tests of what lies above.
 *
 *     const struct fake_answer script[] = {
 *         {.method = "GET", .url = "/users?limit=200", .body = "[]", .headers = "Date: ...\n"},
 *         {.method = "PUT", .url = "/users/00u1", .outcome = HTTP_LOST},
 *         {.method = "PUT", .url = "/users/00u1", .status = 204, .times = FAKE_ALWAYS},
 *     };
 *     struct fake_transport fake;
 *     fake_transport_init(&fake, script, 3);
 *     http = http_new(&options, fake_transport(&fake), &clock);
 *     ...
 *     assert_string_equal(fake_transport_log(&fake), "GET https://x/users?limit=200\n"
 *                                                    "PUT https://x/users/00u1\n");
 *     fake_transport_fini(&fake);
 *
 * A request takes the first row that fits it and is not used up. A request that no row fits fails
 * the test, and so do rows left over if fake_transport_check_done is called.
 */

#define FAKE_ALWAYS ((unsigned)-1)

struct fake_answer {
    const char *method;  /* NULL: any */
    const char *url;     /* must occur in the URL; NULL: any */
    int status;          /* 0: 200 when answered, none when not */
    const char *headers; /* `Name: value` lines ended by \n; NULL: none */
    const char *body;    /* NULL: empty */
    enum http_outcome outcome;
    enum err_kind
        kind;         /* when not answered; ERR_NONE: ERR_UNAVAILABLE. ERR_CANCELLED: send fails */
    bool dropped;     /* as in struct http_response */
    unsigned times;   /* 0: once; FAKE_ALWAYS */
    int64_t takes_ms; /* slept on `clock` before the outcome */
    const char *body_has; /* must occur in the request's body; NULL: any */
    const char *header;   /* `Name: part`: must occur in that header of the request; NULL: any */
};

/* What arrived; text in the fake's arena. */
struct fake_request {
    enum http_method method;
    struct str url, body;
    const struct http_header *headers;
    size_t n_headers;
    int64_t at; /* by `clock`; 0 without */
    size_t row; /* of the script that answered it */
};

struct fake_transport {
    const struct fake_answer *script; /* kept */
    size_t n_script;
    unsigned *used; /* per row */
    struct fake_request *requests;
    size_t n_requests, cap_requests;
    size_t n_sends;            /* calls of transport.send */
    size_t largest_send;       /* requests in one call, at most */
    unsigned last_parallel;    /* as handed to the last send */
    const struct clock *clock; /* kept; NULL: no time passes. Set it after init */
    struct arena arena;        /* script bodies and what was recorded */
    /* Called before a request is answered; NULL: nothing. A crash test may leave from here. */
    void (*on_request)(void *self, const struct fake_request *request);
    void *on_request_self;
};

void fake_transport_init(struct fake_transport *fake, const struct fake_answer *script, size_t n);
void fake_transport_fini(struct fake_transport *fake);
struct transport fake_transport(struct fake_transport *fake);

/* Every request as a line `METHOD URL`, with ` BODY` behind it if there is one; lent by the fake.
 * The second form leaves out scheme, host and port. */
const char *fake_transport_log(struct fake_transport *fake);
const char *fake_transport_paths(struct fake_transport *fake);
/* Value of a header of a recorded request; the empty view if absent. */
struct str fake_request_header(const struct fake_request *request, const char *name);
/* How many requests of that method (NULL: any) had `url` in their URL (NULL: any). */
size_t fake_transport_count(const struct fake_transport *fake, const char *method, const char *url);
/* Fails the test and names the first row that was not used up. FAKE_ALWAYS rows may stay unused. */
void fake_transport_check_done(const struct fake_transport *fake);

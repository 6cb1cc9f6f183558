#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/str.h"

/*
 * HTTP for one remote: a batch of requests goes out side by side, a batch of answers comes back.
 *
 * Below is a `struct transport`, which makes exactly one attempt per request (libcurl, or the
 * simulated cloud in the same process). This layer adds what every remote needs: retry by class,
 * the rate budget of each bucket by the server's own clock, patience, cancellation. An adapter
 * never sees a 429 that waiting could cure.
 *
 * A request that is not `repeatable` is sent again only after proof that it had no effect: it never
 * left, or the server answered 429 to say so. Everything else comes back as it was.
 */

enum http_method { HTTP_GET, HTTP_PUT, HTTP_POST, HTTP_DELETE, HTTP_PATCH };

const char *http_method_name(enum http_method method);

struct http_header {
    struct str name, value; /* names are compared without case */
};

struct http_request {
    enum http_method method;
    struct str url; /* absolute */
    const struct http_header *headers;
    size_t n_headers;
    struct str body; /* PUT and POST always say their Content-Length, 0 too */
    bool repeatable; /* a lost answer does no harm: GET, and writes the caller knows to be sets */
    const char *bucket;  /* rate budget; static or kept; NULL: none */
    size_t max_body;     /* of the decoded answer; 0: 8 MiB. Over it the answer is a failure */
    int64_t timeout_ms;  /* of one attempt; 0: 30 s */
    bool secret_answer;  /* the body of the answer is a secret: its memory is wiped */
    int64_t max_wait_ms; /* a rate budget that opens later than that is not waited for here: the
                            request comes back without effect, with `wait_ms`; 0: any wait */

    /* Called before every attempt to make what must be fresh (token, proof, signature): up to
     * HTTP_SIGN_MAX headers, text in arena. Failing makes the answer HTTP_NOT_SENT. */
    bool (*sign)(void *self, const struct http_request *request, struct arena *arena,
                 struct http_header *headers, size_t *n, struct err *err);
    void *sign_self;
};
#define HTTP_SIGN_MAX 4

enum http_outcome {
    HTTP_ANSWERED, /* status, headers and body are there, whole */
    HTTP_NOT_SENT, /* nothing of it reached the server */
    HTTP_LOST,     /* it may have arrived; there is no whole answer */
};

struct http_response {
    enum http_outcome outcome;
    int status; /* also with HTTP_LOST when the head came and the body did not; else 0 */
    const struct http_header *headers;
    size_t n_headers;
    struct str body;    /* lent until the next exchange on the same http */
    struct str why;     /* one sentence, in arena, when not answered */
    enum err_kind kind; /* when not answered: ERR_UNAVAILABLE, ERR_REMOTE (too big, no HTTP), ... */
    unsigned attempts;  /* how often it was sent or tried */
    int64_t answered_at; /* our wall clock when the head came */
    bool dropped;        /* HTTP_LOST: the connection ended before a byte of an answer */
    int64_t wait_ms;     /* turned away by a rate limit: so long until it may go; else 0 */
};

/* First header of that name, or the empty view. Two different values of one name: `*doubled`. */
struct str http_response_header(const struct http_response *res, const char *name, bool *doubled);

/*
 * One attempt of each of n requests, at most `parallel` under way at once. Fails only with
 * ERR_CANCELLED; every response is filled otherwise. Headers and `why` in arena, bodies lent by the
 * transport until its next send.
 */
struct transport {
    void *self;
    bool (*send)(void *self, const struct http_request *const *req,
                 struct http_response *const *res, size_t n, unsigned parallel, struct arena *arena,
                 struct err *err);
    /* Moves the body of an answer of the last send into `into`, so that it outlives the next send
     * without a copy. NULL: bodies are copied where that is needed. */
    void (*keep)(void *self, struct http_response *res, struct buf *into);
};

struct http_options {
    const char *remote;  /* "okta": names it in errors and metrics; kept */
    unsigned parallel;   /* 0: 4 */
    unsigned max_tries;  /* 0: 5 */
    unsigned rate_share; /* percent of a bucket this program may use; 0: 100 */
    int64_t patience_ms; /* silence in all before the remote counts as away; 0: 20 s */
    int64_t backoff_ms, backoff_max_ms; /* 0: 1 s and 60 s; full jitter */
    uint64_t seed;                      /* of the jitter */
};

struct http_stats {
    uint64_t calls, retries, rate_waits, bytes;
    int64_t waited_ms;
};

struct http;

/* Given; free with http_free. Keeps transport.self and the clock. */
struct http *http_new(const struct http_options *options, struct transport transport,
                      const struct clock *clock);
void http_free(struct http *http);

/* Fails only with ERR_CANCELLED; everything else is in the responses. */
bool http_exchange(struct http *http, const struct http_request *req, struct http_response *res,
                   size_t n, struct arena *arena, struct err *err);

/* A new run: a remote that was given up on gets a new chance. */
void http_new_run(struct http *http);
/* True once the remote stayed silent for longer than patience_ms; requests then fail at once. */
bool http_is_away(const struct http *http);
struct http_stats http_stats(const struct http *http);
/* Lowest share of any bucket that is left in its window, in percent; 100 when nothing is known. */
unsigned http_budget_left(const struct http *http);
/* Newest `Date` the remote sent, and our wall clock then; false if there was none in this run. */
bool http_server_date(const struct http *http, int64_t *server_ms, int64_t *local_ms);

/* Fills `err` from a response that is not the success the caller wanted: outcome or status, with
 * the request's method and path. Returns false. */
bool http_response_err(const struct http_request *req, const struct http_response *res,
                       struct err *err);

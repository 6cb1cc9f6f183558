#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "http/http.h"

/*
 * Rate budgets: one per bucket, fed by the X-Rate-Limit-* headers of every answer and counted down
 * by our own sends in between, all by the server's clock. Pure: time is handed in.
 *
 * A bucket is closed when its remainder falls under a tenth of its limit, or when this program has
 * used its share of the window; it opens at the reset.
 */

#define HTTP_LIMIT_BUCKETS 16

struct http_limit_bucket {
    const char *name; /* static or kept by the caller */
    int64_t limit, remaining;
    int64_t reset_at; /* in our wall clock */
    int64_t ours;     /* sent by us in this window */
    bool known;
    int64_t window;       /* the server's own stamp of that reset; 0: no answer of it came yet */
    int64_t in_flight;    /* admitted and not yet learnt from */
    int64_t closed_until; /* in our wall clock, by http_limit_close */
};

struct http_limit {
    unsigned share; /* percent, 1 to 100 */
    struct http_limit_bucket buckets[HTTP_LIMIT_BUCKETS];
    size_t n;
};

/* How many of `wanted` requests may go now; when none, `*wait_ms` says for how long. A bucket that
 * is not known yet lets everything through. */
size_t http_limit_admit(struct http_limit *limit, const char *bucket, size_t wanted, int64_t now_ms,
                        int64_t *wait_ms);
/* The answer of a request of that bucket, once for each that was admitted, in any order. Doubled,
 * absent and absurd headers change nothing; one that was not sent is given back. */
void http_limit_learn(struct http_limit *limit, const char *bucket,
                      const struct http_response *res);
/* After a 429: nothing of that bucket before this time. Never shortens a wait. */
void http_limit_close(struct http_limit *limit, const char *bucket, int64_t until_ms);
/* When an exchange was cancelled: what is still on its way will never be learnt from. */
void http_limit_forget_in_flight(struct http_limit *limit);
unsigned http_limit_left_percent(const struct http_limit *limit, int64_t now_ms);

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "http/http.h"

/*
 * What to do with an answer: pure. Source: contracts/okta.md 7 and 8.1.
 */

/* Header readers that this and http_limit share. False when absent, doubled or not to be read. */
bool retry_header_i64(const struct http_response *res, const char *name, int64_t *out);
bool retry_date_ms(const struct http_response *res, int64_t *out);
/* From the server's `Date` to its X-Rate-Limit-Reset, in ms; false when that is negative or over
 * five minutes, too. */
bool retry_reset_in_ms(const struct http_response *res, int64_t *out);
/* False only when this attempt cannot have had an effect: not sent, or refused (4xx). */
bool retry_may_have_happened(const struct http_response *res);

enum retry_class {
    RETRY_NO,          /* hand it to the caller */
    RETRY_RATE,        /* 429 of a bucket: wait for its reset by the server's clock */
    RETRY_CONCURRENCY, /* 429 with limit 0: short jittered wait, fewer side by side */
    RETRY_BACKOFF,     /* transient: full-jitter exponential */
    RETRY_AT_ONCE,     /* a kept-alive connection was dead: once, without waiting */
};

/* `sends` counts attempts so far (1 after the first). A write that may have happened is RETRY_NO.
 */
enum retry_class retry_classify(const struct http_request *req, const struct http_response *res,
                                unsigned sends, unsigned max_tries);

/* How long, before jitter is added: reset - Date + 1 s; 60 s when that is absent, doubled, negative
 * or over 5 minutes; the larger of it and Retry-After. */
int64_t retry_rate_wait_ms(const struct http_response *res);
/* What the server asks for by Retry-After, in seconds or as a date against its own `Date`; 0 when
 * that is absent, doubled or cannot be read, at most RETRY_AFTER_MAX_MS. */
int64_t retry_after_ms(const struct http_response *res);
#define RETRY_AFTER_MAX_MS (15 * TIME_MINUTE)
/* Of RETRY_CONCURRENCY: its reset is a rough suggestion only, so 1 to 5 s at random. */
int64_t retry_concurrency_ms(struct rng *rng);
/* Full jitter: anything from 0 to base * 2^(sends - 1), which stops growing at max. */
int64_t retry_backoff_ms(unsigned sends, int64_t base_ms, int64_t max_ms, struct rng *rng);

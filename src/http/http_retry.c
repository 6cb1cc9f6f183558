#include "http/http_retry.h"

#define RESET_MAX_MS       (5 * TIME_MINUTE)
#define RATE_FALLBACK_MS   (60 * TIME_SECOND)
#define CONCURRENCY_MIN_MS (1 * TIME_SECOND)
#define CONCURRENCY_MAX_MS (5 * TIME_SECOND)

bool retry_header_i64(const struct http_response *res, const char *name, int64_t *out)
{
    bool doubled = false;
    struct str value = http_response_header(res, name, &doubled);

    /* Two values in one line ("0, 60") are no number, so they fall out here as well. */
    return !doubled && str_to_i64(value, out);
}

bool retry_date_ms(const struct http_response *res, int64_t *out)
{
    bool doubled = false;
    struct str value = http_response_header(res, "date", &doubled);

    return !doubled && time_parse_http(value, out);
}

bool retry_reset_in_ms(const struct http_response *res, int64_t *out)
{
    int64_t reset_s, date_ms;

    if (!retry_header_i64(res, "x-rate-limit-reset", &reset_s) || !retry_date_ms(res, &date_ms))
        return false;
    if (reset_s < date_ms / TIME_SECOND || reset_s > (date_ms + RESET_MAX_MS) / TIME_SECOND)
        return false;
    *out = reset_s * TIME_SECOND - date_ms;
    return true;
}

int64_t retry_after_ms(const struct http_response *res)
{
    bool doubled = false;
    struct str value = http_response_header(res, "retry-after", &doubled);
    int64_t seconds, at_ms, date_ms, wait_ms = 0;

    if (doubled)
        return 0;
    if (str_to_i64(value, &seconds)) {
        wait_ms =
            seconds < RETRY_AFTER_MAX_MS / TIME_SECOND ? seconds * TIME_SECOND : RETRY_AFTER_MAX_MS;
    } else if (time_parse_http(value, &at_ms) && retry_date_ms(res, &date_ms)) {
        wait_ms = at_ms - date_ms;
    }
    if (wait_ms < 0)
        return 0;
    return wait_ms < RETRY_AFTER_MAX_MS ? wait_ms : RETRY_AFTER_MAX_MS;
}

int64_t retry_rate_wait_ms(const struct http_response *res)
{
    int64_t after_ms = retry_after_ms(res);
    int64_t wait_ms;

    if (retry_reset_in_ms(res, &wait_ms)) {
        wait_ms += TIME_SECOND;
    } else {
        wait_ms = RATE_FALLBACK_MS;
    }
    return wait_ms > after_ms ? wait_ms : after_ms;
}

int64_t retry_concurrency_ms(struct rng *rng)
{
    return rng_between(rng, CONCURRENCY_MIN_MS, CONCURRENCY_MAX_MS);
}

bool retry_may_have_happened(const struct http_response *res)
{
    switch (res->outcome) {
    case HTTP_NOT_SENT: return false;
    case HTTP_LOST: return true;
    case HTTP_ANSWERED: break;
    }
    return res->status < 400 || res->status >= 500;
}

/* Of an answer with 429: too many at the same time, rather than too many in this minute. */
static bool is_concurrency_limit(const struct http_response *res)
{
    int64_t limit;

    return retry_header_i64(res, "x-rate-limit-limit", &limit) && limit == 0;
}

static enum retry_class classify_status(const struct http_request *req,
                                        const struct http_response *res)
{
    switch (res->status) {
    case 429: return is_concurrency_limit(res) ? RETRY_CONCURRENCY : RETRY_RATE;
    case 500:
    case 502:
    case 503:
    case 504: return req->repeatable ? RETRY_BACKOFF : RETRY_NO;
    default: return RETRY_NO;
    }
}

enum retry_class retry_classify(const struct http_request *req, const struct http_response *res,
                                unsigned sends, unsigned max_tries)
{
    if (sends >= max_tries)
        return RETRY_NO;
    if (res->outcome == HTTP_ANSWERED)
        return classify_status(req, res);
    /* Everything else than an absent remote will be the same the next time. */
    if (res->kind != ERR_UNAVAILABLE)
        return RETRY_NO;
    if (res->outcome == HTTP_NOT_SENT)
        return RETRY_BACKOFF;
    if (!req->repeatable)
        return RETRY_NO;
    return res->dropped && sends == 1 ? RETRY_AT_ONCE : RETRY_BACKOFF;
}

int64_t retry_backoff_ms(unsigned sends, int64_t base_ms, int64_t max_ms, struct rng *rng)
{
    int64_t span = base_ms;

    for (unsigned i = 1; i < sends && span < max_ms; i++)
        span = span > max_ms / 2 ? max_ms : span * 2;
    if (span > max_ms)
        span = max_ms;
    return span > 0 ? rng_between(rng, 0, span) : 0;
}

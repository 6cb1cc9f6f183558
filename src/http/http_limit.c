#include "http/http_limit.h"

#include <string.h>

#include "http/http_retry.h"

#define LIMIT_ABSURD INT64_C(1000000000)
/* Contract okta.md 8.1: windows are usually a minute; the next answer tells. */
#define WINDOW_GUESS_MS TIME_MINUTE
/* Nodes of one service name the same reset a second or two apart. */
#define WINDOW_SLACK_S 2
/* No honest reset is that far away. Our wall clock was set back when one is. */
#define RESET_FAR_MS  (6 * TIME_MINUTE)
#define CLOSED_FAR_MS (RETRY_AFTER_MAX_MS + TIME_MINUTE)

struct reading {
    int64_t limit, remaining, window, reset_at;
};

static struct http_limit_bucket *find(struct http_limit *limit, const char *name)
{
    if (!name)
        return NULL;
    for (size_t i = 0; i < limit->n; i++) {
        if (strcmp(limit->buckets[i].name, name) == 0)
            return &limit->buckets[i];
    }
    return NULL;
}

/* NULL when there is no room: such a bucket has no budget and is left to the server's 429. */
static struct http_limit_bucket *find_or_add(struct http_limit *limit, const char *name)
{
    struct http_limit_bucket *bucket = find(limit, name);

    if (bucket || !name || limit->n == HTTP_LIMIT_BUCKETS)
        return bucket;
    bucket = &limit->buckets[limit->n++];
    *bucket = (struct http_limit_bucket){.name = name};
    return bucket;
}

/* A window that ended without an answer from the next one: assume a full one of the usual length,
 * since treating it as unknown would let everything that waited through at once. */
static void roll_over(struct http_limit_bucket *bucket, int64_t now_ms)
{
    if (now_ms < bucket->reset_at && bucket->reset_at - now_ms <= RESET_FAR_MS)
        return;
    bucket->remaining = bucket->limit - bucket->in_flight;
    if (bucket->remaining < 0)
        bucket->remaining = 0;
    bucket->ours = bucket->in_flight;
    bucket->reset_at = now_ms + WINDOW_GUESS_MS;
    bucket->window = 0;
}

/* How many may go before one would find less than a tenth of the limit, or our share used up. */
static int64_t room(const struct http_limit *limit, const struct http_limit_bucket *bucket)
{
    int64_t share = bucket->limit * limit->share / 100;
    int64_t by_tenth = bucket->remaining - (bucket->limit + 9) / 10 + 1;
    int64_t by_share = (share > 0 ? share : 1) - bucket->ours;

    return by_tenth < by_share ? by_tenth : by_share;
}

static bool is_shut(const struct http_limit_bucket *bucket, int64_t now_ms)
{
    return now_ms < bucket->closed_until && bucket->closed_until - now_ms <= CLOSED_FAR_MS;
}

size_t http_limit_admit(struct http_limit *limit, const char *bucket, size_t wanted, int64_t now_ms,
                        int64_t *wait_ms)
{
    struct http_limit_bucket *b = find_or_add(limit, bucket);
    size_t admitted = wanted;

    if (!b || wanted == 0)
        return wanted;
    if (is_shut(b, now_ms)) {
        *wait_ms = b->closed_until - now_ms;
        return 0;
    }
    if (b->known) {
        roll_over(b, now_ms);

        int64_t left = room(limit, b);
        if (left <= 0) {
            *wait_ms = b->reset_at - now_ms;
            return 0;
        }
        if ((uint64_t)left < wanted)
            admitted = (size_t)left;
        b->remaining -= (int64_t)admitted;
    }
    b->ours += (int64_t)admitted;
    b->in_flight += (int64_t)admitted;
    return admitted;
}

static void give_back(struct http_limit_bucket *bucket)
{
    if (bucket->ours > 0)
        bucket->ours--;
    if (bucket->known && bucket->remaining < bucket->limit)
        bucket->remaining++;
}

static bool read_headers(const struct http_response *res, struct reading *out)
{
    int64_t reset_in_ms, date_ms;

    if (!retry_header_i64(res, "x-rate-limit-limit", &out->limit) ||
        !retry_header_i64(res, "x-rate-limit-remaining", &out->remaining) ||
        !retry_reset_in_ms(res, &reset_in_ms) || !retry_date_ms(res, &date_ms))
        return false;
    if (out->limit <= 0 || out->limit > LIMIT_ABSURD || out->remaining < 0 ||
        out->remaining > out->limit)
        return false;
    out->window = (date_ms + reset_in_ms) / TIME_SECOND;
    out->reset_at = res->answered_at + reset_in_ms + TIME_SECOND;
    return true;
}

/* What the server says does not count the requests that are still on their way to it. */
static int64_t less_in_flight(const struct http_limit_bucket *bucket, int64_t remaining)
{
    return remaining > bucket->in_flight ? remaining - bucket->in_flight : 0;
}

static void take_reading(struct http_limit_bucket *bucket, const struct reading *reading)
{
    bool first = !bucket->known || bucket->window == 0;

    if (!first && reading->window < bucket->window - WINDOW_SLACK_S)
        return; /* overtaken by an answer of a later window */
    if (!first && reading->window <= bucket->window + WINDOW_SLACK_S) {
        /* Answers of one round come in any order; the lowest is the newest. */
        bucket->limit = reading->limit;
        if (reading->remaining < bucket->remaining)
            bucket->remaining = reading->remaining;
        if (bucket->remaining > bucket->limit)
            bucket->remaining = bucket->limit;
        return;
    }
    if (!first)
        bucket->ours = bucket->in_flight + 1;
    bucket->known = true;
    bucket->limit = reading->limit;
    bucket->remaining = less_in_flight(bucket, reading->remaining);
    bucket->window = reading->window;
    bucket->reset_at = reading->reset_at;
}

void http_limit_learn(struct http_limit *limit, const char *bucket, const struct http_response *res)
{
    struct http_limit_bucket *b = find_or_add(limit, bucket);
    struct reading reading;

    if (!b)
        return;
    if (b->in_flight > 0) {
        b->in_flight--;
        if (res->outcome == HTTP_NOT_SENT)
            give_back(b);
    }
    if (res->outcome != HTTP_NOT_SENT && read_headers(res, &reading))
        take_reading(b, &reading);
}

void http_limit_close(struct http_limit *limit, const char *bucket, int64_t until_ms)
{
    struct http_limit_bucket *b = find_or_add(limit, bucket);

    if (b && until_ms > b->closed_until)
        b->closed_until = until_ms;
}

void http_limit_forget_in_flight(struct http_limit *limit)
{
    for (size_t i = 0; i < limit->n; i++)
        limit->buckets[i].in_flight = 0;
}

unsigned http_limit_left_percent(const struct http_limit *limit, int64_t now_ms)
{
    unsigned lowest = 100;

    for (size_t i = 0; i < limit->n; i++) {
        const struct http_limit_bucket *b = &limit->buckets[i];
        unsigned left = 100;

        if (is_shut(b, now_ms)) {
            left = 0;
        } else if (b->known && now_ms < b->reset_at) {
            left = (unsigned)(b->remaining * 100 / b->limit);
        }
        if (left < lowest)
            lowest = left;
    }
    return lowest;
}

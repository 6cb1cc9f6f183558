#include "aws/aws_retry.h"

#include "base/attr.h"
#include "base/clock.h"

#define BASE_THROTTLED_MS TIME_SECOND
#define BASE_OTHER_MS     50
#define DELAY_MAX_MS      (20 * TIME_SECOND)
#define HINT_SLACK_MS     (5 * TIME_SECOND)
#define COST_THROTTLED    5
#define COST_OTHER        14
/* A signature is accepted within about five minutes. */
#define SKEW_MATTERS_MS (4 * TIME_MINUTE)

static bool is_one_of(struct str code, const char *const *codes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_is(code, codes[i]))
            return true;
    }
    return false;
}

#define IS_ONE_OF(code, codes) is_one_of((code), (codes), ARRAY_LEN(codes))

enum aws_trouble aws_trouble_of(struct str code, int status)
{
    static const char *const throttled[] = {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
    };
    static const char *const transient[] = {"RequestTimeout", "RequestTimeoutException",
                                            "InternalServerException", "IDPCommunicationError"};
    static const char *const clock[] = {"RequestTimeTooSkewed",  "RequestExpired",
                                        "RequestInTheFuture",    "InvalidSignatureException",
                                        "SignatureDoesNotMatch", "AuthFailure",
                                        "AccessDeniedException"};
    static const char *const expired[] = {"ExpiredToken", "ExpiredTokenException"};

    if (IS_ONE_OF(code, throttled))
        return AWS_TROUBLE_THROTTLED;
    if (IS_ONE_OF(code, transient))
        return AWS_TROUBLE_TRANSIENT;
    if (IS_ONE_OF(code, clock))
        return AWS_TROUBLE_CLOCK;
    if (IS_ONE_OF(code, expired))
        return AWS_TROUBLE_EXPIRED;
    switch (status) {
    case 429: return AWS_TROUBLE_THROTTLED;
    case 500:
    case 502:
    case 503:
    case 504: return AWS_TROUBLE_TRANSIENT;
    default: return AWS_TROUBLE_NONE;
    }
}

enum aws_trouble aws_retry_trouble(const struct aws_attempt *attempt)
{
    if (attempt->outcome == HTTP_ANSWERED)
        return aws_trouble_of(attempt->code, attempt->status);
    /* Everything else than an absent remote will be the same the next time. */
    return attempt->kind == ERR_UNAVAILABLE && !attempt->is_away ? AWS_TROUBLE_TRANSIENT
                                                                 : AWS_TROUBLE_NONE;
}

/* What counts is how far the signature was off, not which of the two clocks moved since. */
static bool clock_was_wrong(const struct aws_attempt *attempt)
{
    int64_t off = attempt->skew_now - attempt->skew_used;

    return off >= SKEW_MATTERS_MS || off <= -SKEW_MATTERS_MS;
}

enum aws_step aws_retry_step(const struct aws_attempt *attempt)
{
    bool harmless = !attempt->is_write || attempt->no_effect || attempt->outcome == HTTP_NOT_SENT;

    if (!harmless || attempt->sends >= AWS_TRIES_MAX)
        return AWS_STEP_STOP;
    if (attempt->outcome == HTTP_ANSWERED && attempt->status == 200)
        return AWS_STEP_STOP;
    switch (aws_retry_trouble(attempt)) {
    case AWS_TROUBLE_NONE: break;
    case AWS_TROUBLE_THROTTLED:
    case AWS_TROUBLE_TRANSIENT: return AWS_STEP_LATER;
    case AWS_TROUBLE_CLOCK:
        return !attempt->clock_tried && clock_was_wrong(attempt) ? AWS_STEP_CLOCK : AWS_STEP_STOP;
    case AWS_TROUBLE_EXPIRED: return attempt->fresh_tried ? AWS_STEP_STOP : AWS_STEP_FRESH;
    }
    return AWS_STEP_STOP;
}

int64_t aws_retry_delay_ms(enum aws_trouble trouble, unsigned retry, int64_t hint_ms,
                           struct rng *rng)
{
    int64_t span = trouble == AWS_TROUBLE_THROTTLED ? BASE_THROTTLED_MS : BASE_OTHER_MS;

    for (unsigned i = 0; i < retry && span < DELAY_MAX_MS; i++)
        span *= 2;
    if (span > DELAY_MAX_MS)
        span = DELAY_MAX_MS;
    int64_t delay_ms = (int64_t)rng_below(rng, (uint64_t)span);
    int64_t most_ms = delay_ms + HINT_SLACK_MS;
    if (hint_ms > most_ms)
        hint_ms = most_ms;
    return delay_ms > hint_ms ? delay_ms : hint_ms;
}

bool aws_bucket_take(struct aws_bucket *bucket, enum aws_trouble trouble, int *paid)
{
    int cost = trouble == AWS_TROUBLE_THROTTLED ? COST_THROTTLED : COST_OTHER;

    if (bucket->tokens < cost)
        return false;
    bucket->tokens -= cost;
    *paid = cost;
    return true;
}

void aws_bucket_give(struct aws_bucket *bucket, int paid)
{
    bucket->tokens += paid > 0 ? paid : 1;
    if (bucket->tokens > AWS_BUCKET_FULL)
        bucket->tokens = AWS_BUCKET_FULL;
}

size_t aws_pace_admit(struct aws_pace *pace, size_t wanted, int64_t boot_ms, int64_t *wait_ms)
{
    size_t most = pace->per_second < AWS_PACE_MAX ? pace->per_second : AWS_PACE_MAX;
    size_t admitted = 0;

    if (most == 0)
        return wanted;
    while (admitted < wanted) {
        /* The slot to be used holds when the call before the last `most` began. */
        int64_t open_at = pace->began[pace->next] + TIME_SECOND;
        if (pace->n == most && boot_ms < open_at) {
            *wait_ms = open_at - boot_ms;
            break;
        }
        pace->began[pace->next] = boot_ms;
        pace->next = (pace->next + 1) % most;
        if (pace->n < most)
            pace->n++;
        admitted++;
    }
    return admitted;
}

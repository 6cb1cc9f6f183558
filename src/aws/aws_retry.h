#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "base/str.h"
#include "http/http.h"

/*
 * When a call goes again, and how fast calls go at all: pure. The standard mode of the official
 * clients, contracts/aws.md 1.4 and 1.5, with one rule of our own: a write goes again only after an
 * attempt that proved to have had no effect.
 */

#define AWS_TRIES_MAX 3

enum aws_trouble {
    AWS_TROUBLE_NONE, /* nothing that another attempt could cure */
    AWS_TROUBLE_THROTTLED,
    AWS_TROUBLE_TRANSIENT,
    AWS_TROUBLE_CLOCK,   /* refused, and our clock may be why */
    AWS_TROUBLE_EXPIRED, /* the credentials ran out */
};

/* Of an answer: by its code, and by the status where there is none. */
enum aws_trouble aws_trouble_of(struct str code, int status);

/* One attempt, as far as the decision needs it. */
struct aws_attempt {
    bool is_write;
    unsigned sends; /* this one included */
    enum http_outcome outcome;
    enum err_kind kind; /* when not answered */
    bool is_away;       /* the remote was given up on */
    int status;
    struct str code;
    bool no_effect;    /* proved */
    int64_t skew_used; /* in the signature, and what is known now */
    int64_t skew_now;
    bool clock_tried, fresh_tried; /* each remedy is taken once */
};

enum aws_step {
    AWS_STEP_STOP,
    AWS_STEP_LATER, /* after a delay, if the bucket pays */
    AWS_STEP_CLOCK, /* at once, signed with the remote's time */
    AWS_STEP_FRESH, /* at once, with fresh credentials */
};
enum aws_step aws_retry_step(const struct aws_attempt *attempt);
/* For AWS_STEP_LATER: what it was, which sets delay and price. */
enum aws_trouble aws_retry_trouble(const struct aws_attempt *attempt);

/* Before the retry of that number, from 0: full jitter, and the server's hint (0: none). */
int64_t aws_retry_delay_ms(enum aws_trouble trouble, unsigned retry, int64_t hint_ms,
                           struct rng *rng);

/* ---- the bucket that pays for retries, over all calls of a client ---- */

#define AWS_BUCKET_FULL 500

struct aws_bucket {
    int tokens;
};
/* False: it cannot pay, so the call fails at once. `*paid` is what it cost. */
bool aws_bucket_take(struct aws_bucket *bucket, enum aws_trouble trouble, int *paid);
/* A call succeeded whose last retry cost `paid`; 0: it was never retried. */
void aws_bucket_give(struct aws_bucket *bucket, int paid);

/* ---- our own pace: at most so many calls begin within any second ---- */

#define AWS_PACE_MAX 64

struct aws_pace {
    unsigned per_second; /* 0: no limit; at most AWS_PACE_MAX */
    int64_t began[AWS_PACE_MAX];
    size_t n, next; /* of the ring */
};
/* How many of `wanted` may begin now, and begins them; when none, `*wait_ms` says for how long. */
size_t aws_pace_admit(struct aws_pace *pace, size_t wanted, int64_t boot_ms, int64_t *wait_ms);

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "aws/aws_creds_set.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/str.h"
#include "http/http.h"

/*
 * The two calls of STS that give credentials: contracts/aws.md 7.2. Tried as often as the standard
 * mode allows. Everything they write to the arena is secret; the caller wipes it.
 */

struct aws_sts {
    struct http *http;
    const struct clock *clock;
    struct rng *rng;
    struct str url;    /* base */
    struct str region; /* of the signature */
    int64_t ahead_ms;  /* what the remote's clock is ahead, as far as it is known; learnt here */
};

#define AWS_ROLE_LIFE_S 3600

struct aws_role {
    struct str arn;
    struct str session;     /* empty: `seatkeeper` */
    struct str external_id; /* empty: none */
    int64_t life_s;         /* 0: AWS_ROLE_LIFE_S */
};

/* ERR_SETTINGS in one sentence when a part of it cannot be. */
bool aws_role_check(const struct aws_role *role, struct err *err);

/* AssumeRole, signed with `source`. */
bool aws_sts_assume(struct aws_sts *sts, const struct aws_role *role, const struct aws_set *source,
                    struct arena *arena, struct aws_set *out, struct err *err);
/* AssumeRoleWithWebIdentity: unsigned, the token is what proves who asks. */
bool aws_sts_assume_web(struct aws_sts *sts, const struct aws_role *role, struct str token,
                        struct arena *arena, struct aws_set *out, struct err *err);
/* Reads the set from the answer of that operation. */
bool aws_sts_read(struct str body, const char *operation, struct arena *arena, struct aws_set *out,
                  struct err *err);

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/aws_creds.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "http/http.h"

/*
 * One signed JSON call to AWS, or many side by side. Source: contracts/aws.md section 1.
 *
 * This layer owns the retries: AWS tells throttling by a code in the body, whatever the status. Its
 * http is therefore made with `max_tries` 1. The standard mode of the official clients is played:
 * three attempts, a token bucket over all calls, full jitter, the server's hint; plus an own pace.
 * A write is sent again only after an answer that proves no effect (throttled, skewed clock,
 * expired credentials) or when it never left.
 *
 * Success is a 200 whose body is one JSON object (or empty, where the caller says so); a 200 with
 * anything else is a failure (trap 3). What the body holds is the adapter's business.
 */

enum aws_service {
    AWS_IDENTITYSTORE,
    AWS_SSO,
    AWS_STS,
    AWS_SUBSCRIPTIONS,
    AWS_Q,
    AWS_CODEWHISPERER,
    AWS_SERVICE_COUNT,
};

struct aws_options {
    struct str region;                       /* of every service but the last two */
    struct str kiro_region;                  /* AWS_Q, AWS_CODEWHISPERER; empty: `region` */
    struct str endpoints[AWS_SERVICE_COUNT]; /* base URLs; empty: by contract 1.1 */
    unsigned per_second; /* calls at most, all services together; 0: no pace of our own */
    uint64_t seed;       /* of the jitter */
};

struct aws;

/* Given; free with aws_free. Keeps http, creds, clock and the options' texts. */
struct aws *aws_new(const struct aws_options *options, struct http *http, struct aws_creds *creds,
                    const struct clock *clock);
void aws_free(struct aws *aws);

struct aws_call {
    enum aws_service service;
    const char *operation; /* "ListUsers" */
    struct str body;       /* JSON object; empty: {}. Of AWS_STS: further members of the form */
    bool is_write;
    bool may_be_empty; /* success may come without a body */
    size_t max_body;   /* 0: 8 MiB */
};

enum aws_outcome {
    AWS_OK,
    AWS_FAULT,    /* the service answered with an error: `code` */
    AWS_NOT_SENT, /* certainly without effect */
    AWS_LOST,     /* sent; no answer that can be believed: for a write, look before you act */
};

struct aws_answer {
    enum aws_outcome outcome;
    int status;
    struct str body; /* of AWS_OK; lent until the next exchange on the same aws */
    /* Of AWS_FAULT: cleaned code (`ConflictException`), and what else the body says; in arena. */
    struct str code, message, reason, resource_type;
    struct str request_id; /* x-amzn-RequestId; in arena */
    bool no_effect;        /* proved: throttled, refused credentials, validation, ... */
    struct str why;        /* one sentence for people when not AWS_OK; in arena */
    enum err_kind kind;    /* the reaction when not AWS_OK */
    unsigned attempts;
};

bool aws_is(const struct aws_answer *answer, const char *code); /* AWS_FAULT with that code */
/* ResourceNotFoundException that is not one about an encryption key (contract 1.3). */
bool aws_is_absent(const struct aws_answer *answer);

/* Fails only with ERR_CANCELLED, or when there are no credentials to sign with (their error). */
bool aws_exchange(struct aws *aws, const struct aws_call *calls, struct aws_answer *out, size_t n,
                  struct arena *arena, struct err *err);

/* `err` from an answer that is not what the caller wanted, with service and operation. False. */
bool aws_answer_err(const struct aws_call *call, const struct aws_answer *answer, struct err *err);

/* sts:GetCallerIdentity, which needs no permission: whose credentials are these? In arena. */
struct aws_caller {
    struct str account, arn;
};
bool aws_read_caller(struct aws *aws, struct arena *arena, struct aws_caller *out, struct err *err);

/* What the remote's clock is ahead of ours, as far as it is known (contract 1.5). */
int64_t aws_skew_ms(const struct aws *aws);

/* The base URL of a service by the contract's rules; in arena. For `doctor` and tests. */
struct str aws_endpoint(const struct aws_options *options, enum aws_service service,
                        struct arena *arena);

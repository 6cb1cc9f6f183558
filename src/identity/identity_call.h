#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/aws_call.h"
#include "base/arena.h"
#include "base/err.h"
#include "identity/identity.h"

/* What the files of this folder share: the handle, exchanges of many calls, and what answers
 * mean. */

struct identity {
    struct identity_options options;
    struct aws *aws;
    const struct clock *clock;
    struct arena run;   /* from one identity_read_instance to the next */
    struct arena may;   /* the groups that may be written */
    struct arena call;  /* until the next call of the public interface */
    struct arena page;  /* given up after every round of requests */
    struct arena rolls; /* listings until they are whole; empty until the first one */

    struct str store_id;   /* empty: no instance is known, and nothing is asked; in `run` */
    struct str unwritable; /* why nothing may be written; empty: it may; in `run` */
    struct str denied;     /* a read was refused: nothing read may be used; in `run` */
    /* Operations that this remote does not know, or that we may not call. */
    bool no_is_member, no_membership_id, no_describe_membership;

    const struct str *writable; /* sorted, without doubles; in `may` */
    size_t n_writable;
};

/* Calls side by side that are read before the next ones are asked for: bounds the memory that
 * answers take. */
#define IDENTITY_ROUND 32

/* First thing of every public call. */
void identity_begin(struct identity *identity);

/* Memory for listings until they are whole; whoever used it gives it up (arena_reset to 0). */
struct arena *identity_rolls(struct identity *identity);

/* May anything be asked now? When not: what to answer instead, and why (lent by the handle). */
bool identity_may_ask(const struct identity *identity, enum identity_answer *answer,
                      struct str *why);

/* Answers in identity->page. */
bool identity_exchange(struct identity *identity, const struct aws_call *calls,
                       struct aws_answer *out, size_t n, struct err *err);

/* ---- what an answer means ---- */

/* The remote does not know the operation: it says so, or answers 500 without a code. */
bool identity_is_unknown_operation(const struct aws_answer *answer);
/* The key that encrypts the instance cannot be used by us; throttling aside. */
bool identity_is_key_trouble(const struct aws_answer *answer);
/* ResourceNotFoundException that means the thing of this `type` ("USER"), not its surroundings. */
#define IDENTITY_TYPE_ANY "USER, GROUP or GROUP_MEMBERSHIP"
bool identity_is_missing(const struct aws_answer *answer, const char *type);
/* Of a read that is not AWS_OK: what it means to somebody who asked for a thing of `type` (NULL:
 * of a kind that cannot be absent). A refusal is remembered, for the rest of the run. */
enum identity_answer identity_judge(struct identity *identity, const struct aws_call *call,
                                    const struct aws_answer *answer, const char *type);

/* One sentence with operation and request id: about an answer that is not AWS_OK ... */
struct str identity_complaint(const struct aws_call *call, const struct aws_answer *answer,
                              struct arena *arena);
/* ... and about one whose content is odd. */
struct str identity_oddity(const struct aws_call *call, const struct aws_answer *answer,
                           const struct err *odd, struct arena *arena);

/* ---- many small questions ---- */

struct identity_reply {
    enum identity_answer answer; /* FOUND: there is a body, to be read yet */
    struct str body;             /* lent until the next exchange */
    struct str why;              /* in identity->page */
    const struct aws_call *call;
    const struct aws_answer *said; /* NULL: it was not asked */
};

struct identity_questions {
    const char *operation;
    const char *type; /* as in identity_judge */
    /* The body of question `i`, in arena; empty: it is not asked, and `take` is not called. */
    struct str (*ask)(void *self, size_t i, struct arena *arena);
    void (*take)(void *self, size_t i, const struct identity_reply *reply);
    void *self;
};

/* Asks all of them, IDENTITY_ROUND side by side. Once we are refused nothing more is asked: the
 * rest is FORBIDDEN. */
bool identity_ask_all(struct identity *identity, const struct identity_questions *questions,
                      size_t n, struct err *err);

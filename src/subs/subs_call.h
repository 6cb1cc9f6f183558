#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/aws_call.h"
#include "base/arena.h"
#include "base/err.h"
#include "subs/subs.h"

/* What the files of this folder share: the handle, the operations that exist for it, and words for
 * answers. */

struct subs {
    struct subs_options options;
    struct aws *aws;
    const struct clock *clock;
    struct arena keep;  /* the instance's ARN, once it was told */
    struct arena call;  /* until the next call of the public interface */
    struct arena page;  /* given up after every round of requests */
    struct arena rolls; /* listings until they are whole; empty until the first one */
};

/* All that is ever asked for. Every one of them reads, and there is no other way out of this
 * folder than subs_ask. */
enum subs_operation {
    SUBS_LIST_SEATS,
    SUBS_LIST_CLAIMS,
    SUBS_LIST_APPLICATIONS,
    SUBS_DESCRIBE_APPLICATION,
    SUBS_GET_ASSIGNMENT,
    SUBS_OPERATION_COUNT,
};

struct subs_operation_row {
    enum aws_service service;
    const char *name;
    const char *action; /* what a policy must allow */
    const char *token;  /* member that names the next page; NULL: it has no pages */
};
const struct subs_operation_row *subs_operation_row(enum subs_operation operation);

/* Calls side by side that are read before the next ones are asked for. */
#define SUBS_ROUND 32

/* First thing of every public call. */
void subs_begin(struct subs *subs);
/* Memory for listings until they are whole; whoever used it gives it up (arena_reset to 0). */
struct arena *subs_rolls(struct subs *subs);

/* May this be asked at all? When not: why, static. */
bool subs_may_ask(const struct subs *subs, struct str *why);

/* At most SUBS_ROUND calls of one operation; answers in subs->page. Fails like aws_exchange. */
bool subs_ask(struct subs *subs, enum subs_operation operation, const struct str *bodies, size_t n,
              struct aws_answer *out, struct err *err);

/* One sentence with operation and request id: about an answer that is not AWS_OK ... */
struct str subs_complaint(enum subs_operation operation, const struct aws_answer *answer,
                          struct arena *arena);
/* ... and about one whose content is odd. */
struct str subs_oddity(enum subs_operation operation, const struct aws_answer *answer,
                       const struct err *odd, struct arena *arena);

/* subs_find_application without subs_begin. */
bool subs_seek_application(struct subs *subs, struct arena *arena, struct subs_application *out,
                           struct err *err);

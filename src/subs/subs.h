#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/aws_call.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "core/observation.h"

/*
 * The subscription service of Kiro and Amazon Q Developer Pro: who is subscribed to what. It is not
 * a published interface: source is contracts/aws.md section 6, whose fail-safe rules (6.6) bind.
 * Every surprise is "unknown", never "absent". Only lists are asked for here.
 *
 * Straight-line calls for the run's thread; each fails with `err` only when the run cannot go on
 * with this remote (cancelled, no credentials).
 */

struct subs_options {
    struct str instance_arn;    /* of Identity Center; may be told later: subs_set_instance */
    struct str kiro_region;     /* of the profile: `subscriptionRegion` */
    struct str application_arn; /* configured; empty: found by its name, exactly one (contract 4) */
    struct str account;         /* for the filter of ListApplications */
    unsigned page_size;         /* 0: 100 */
    unsigned max_pages;         /* 0: 20,000 */
};

struct subs;

/* Given; free with subs_free. Keeps aws, clock and the options' texts. */
struct subs *subs_new(const struct subs_options *options, struct aws *aws,
                      const struct clock *clock);
void subs_free(struct subs *subs);
/* Where settings leave the instance to be found: the one that was found. Copied. Until it is known
 * nothing is asked, and every answer is UNKNOWN. */
void subs_set_instance(struct subs *subs, struct str arn);

enum subs_status { SUBS_PENDING, SUBS_ACTIVE, SUBS_CANCELED };
const char *subs_status_name(enum subs_status status); /* "pending" */

/* One subscription of one user, as listed. Texts in arena. */
struct subs_seat {
    struct str user;       /* UserId of the Identity Store */
    struct str raw;        /* type.amazonQ: the plan that was assigned */
    struct str active_raw; /* activatedType.amazonQ: in force since first use; may be empty */
    struct str source;     /* aggregatedSubscriptionType; informational, may be empty */
    enum subs_status status;
    int64_t created_ms, activated_ms; /* 0: not told */
};

/* SEALED only when every page arrived in the exact expected shape (6.6 rule 2): otherwise UNKNOWN,
 * with what was unexpected in `why`, and without any row. Two rows of one user stay two rows; only
 * what is alike in everything and on two pages is one, because it moved while we read. */
struct subs_listing {
    enum listing_state state;
    struct str why;
    int64_t at_ms;
    const struct subs_seat *seats; /* sorted by user, then raw */
    size_t n;
    size_t n_groups;  /* rows whose principal is a group: none is expected here */
    struct str extra; /* unknown members seen, comma separated, for one log line; may be empty */
};
bool subs_list(struct subs *subs, struct arena *arena, struct subs_listing *out, struct err *err);

/* Grants at the application, of users and of groups (ListApplicationClaims). */
struct subs_claim {
    struct str identifier;
    struct str user, group; /* exactly one is set */
    struct str raw;
};
struct subs_claims {
    enum listing_state state;
    struct str why;
    int64_t at_ms;
    const struct subs_claim *claims; /* sorted by identifier */
    size_t n;
    struct str application; /* whose claims these are */
    struct str extra;       /* as in subs_listing */
};
bool subs_list_claims(struct subs *subs, struct arena *arena, struct subs_claims *out,
                      struct err *err);

/* The Kiro application: the configured ARN if it is there, else exactly one whose name begins with
 * `KiroProfile-` (or the older `QDevProfile-`) and that requires assignment. */
struct subs_application {
    enum listing_state state; /* SEALED: found; ABSENT: none; UNKNOWN: several, or no answer */
    struct str arn, name, why;
};
bool subs_find_application(struct subs *subs, struct arena *arena, struct subs_application *out,
                           struct err *err);

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"
#include "subs/subs.h"

/*
 * Bytes to model and back: pure. Source: contracts/aws.md 4, 6.2 and 6.6 rule 2.
 *
 * The subscription service is not a published one, so its readers refuse (ERR_REMOTE, one sentence)
 * whatever is not exactly what is expected: a page that has one bad entry is refused whole, and so
 * is one with a member that looks like one of ours in another spelling, or like a token that we do
 * not know. Other unknown members are collected. Null counts as absent. What readers hand out is in
 * arena.
 */

/* ---- requests; in arena ---- */

struct str subs_wire_list(struct str instance_arn, struct str kiro_region, unsigned max,
                          struct arena *arena);
struct str subs_wire_list_claims(struct str application_arn, struct str kiro_region, unsigned max,
                                 struct arena *arena);
/* `account` empty: no filter. */
struct str subs_wire_list_applications(struct str instance_arn, struct str account, unsigned max,
                                       struct arena *arena);
/* DescribeApplication, GetApplicationAssignmentConfiguration. */
struct str subs_wire_by_arn(struct str application_arn, struct arena *arena);
/* The same request for the next page. `body` is an object as made here, `key` the token's name. */
struct str subs_wire_with_token(struct str body, const char *key, struct str token,
                                struct arena *arena);

/* ---- answers of the subscription service ---- */

/* Names of members that are not known, each once: `subscriptions.credits`. */
#define SUBS_EXTRA_MAX 32
struct subs_extra {
    struct arena *arena; /* of the names; kept */
    struct str names[SUBS_EXTRA_MAX];
    size_t n;
};
/* Comma separated, sorted; in arena. Empty: there are none. */
struct str subs_extra_str(struct subs_extra *extra, struct arena *arena);

/* A page's token is empty when it was the last page. */

struct subs_seat_page {
    struct subs_seat *seats; /* of users, as listed */
    size_t n;
    size_t n_groups; /* rows whose principal is a group */
    struct str token;
};
bool subs_wire_seats(struct str body, struct subs_extra *extra, struct arena *arena,
                     struct subs_seat_page *out, struct err *err);

struct subs_claim_page {
    struct subs_claim *claims; /* as listed */
    size_t n;
    struct str token;
};
bool subs_wire_claims(struct str body, struct subs_extra *extra, struct arena *arena,
                      struct subs_claim_page *out, struct err *err);

/* ---- answers about applications, of a published service: what is not needed is ignored ---- */

struct subs_app {
    struct str arn, name, account, status; /* all but the ARN may be empty */
};
struct subs_app_page {
    struct subs_app *apps;
    size_t n;
    struct str token;
};
bool subs_wire_applications(struct str body, struct arena *arena, struct subs_app_page *out,
                            struct err *err);
bool subs_wire_application(struct str body, struct arena *arena, struct subs_app *out,
                           struct err *err);
bool subs_wire_requires_assignment(struct str body, bool *out, struct err *err);

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
 * Identity Center: its instance, and the users, groups and memberships of its Identity Store, read
 * and (for groups that identity_allow_writes named) written. Source: contracts/aws.md 3 and 4.
 *
 * Straight-line calls for the run's thread. Each fails with `err` only when the run cannot go on
 * with this remote (cancelled, no credentials); what goes wrong with one collection or one person
 * is that answer's business. Nothing is ever written but single memberships.
 */

struct identity_options {
    struct str instance_arn;  /* configured; empty: exactly one must be visible */
    struct str region;        /* ours; compared with the instance's primary region */
    unsigned page_size;       /* MaxResults; 0: 100 */
    unsigned max_pages;       /* of one listing; 0: 20,000 */
    int64_t look_again_ms[4]; /* read-back after a write; all 0: 1, 2, 4, 8 s (contract 3.5) */
};

struct identity;

/* Given; free with identity_free. Keeps aws, clock and the options' texts. */
struct identity *identity_new(const struct identity_options *options, struct aws *aws,
                              const struct clock *clock);
void identity_free(struct identity *identity);

enum identity_answer {
    IDENTITY_UNKNOWN, /* no answer, bad shape, an error that says nothing: `why` */
    IDENTITY_FOUND,
    IDENTITY_NONE,      /* there is no such thing, says the remote */
    IDENTITY_AMBIGUOUS, /* several where one was asked for */
    IDENTITY_FORBIDDEN, /* we may not look, or may not decrypt: `why` says which */
};

/* ---- the instance (contract 4) ---- */

struct identity_instance {
    enum identity_answer answer;
    struct str arn, store_id, owner, primary_region, status; /* in arena */
    bool writable;  /* ACTIVE, and our region is the primary one */
    struct str why; /* when not FOUND, or not writable */
};
/* Everything below is about this instance's store from then on: call it first in every run. */
bool identity_read_instance(struct identity *identity, struct arena *arena,
                            struct identity_instance *out, struct err *err);

/* Refused a read since the instance was read (AccessDenied, or the encryption key): then nothing
 * that was read in this run may be used, and every further read answers FORBIDDEN or UNKNOWN
 * without asking. One sentence; empty: no refusal. Lent until the next identity_read_instance. */
struct str identity_denied(const struct identity *identity);

/* ---- users (contract 3.1, 3.7) ---- */

enum identity_status { IDENTITY_STATUS_UNKNOWN, IDENTITY_ENABLED, IDENTITY_DISABLED };
struct identity_user {
    struct str id, user_name, email, display_name;
    struct str external_id; /* the identity provider's id (Okta's); empty: none */
    struct str issuer;      /* of it */
    enum identity_status status;
};
struct identity_users {
    enum listing_state state; /* SEALED or UNKNOWN */
    struct str why;
    int64_t at_ms;
    const struct identity_user *users; /* sorted by id, no doubles; in arena */
    size_t n;
};
bool identity_list_users(struct identity *identity, struct arena *arena, struct identity_users *out,
                         struct err *err);

struct identity_found {
    enum identity_answer answer;
    struct identity_user user; /* when FOUND; in arena */
    struct str why;
};
/* By the store's own ids (DescribeUser), side by side. */
bool identity_get_users(struct identity *identity, const struct str *ids, size_t n,
                        struct arena *arena, struct identity_found *out, struct err *err);
/* By GetUserId: the ExternalId where `issuer` and `external_id` are given, else userName. Then
 * DescribeUser of what was found. */
struct identity_key {
    struct str issuer, external_id, user_name;
};
bool identity_find_users(struct identity *identity, const struct identity_key *keys, size_t n,
                         struct arena *arena, struct identity_found *out, struct err *err);

/* An index over users: who is that Okta person there? By ExternalId, then userName, then e-mail,
 * without case; two candidates are refused. Pure. */
struct identity_index;
/* In arena; keeps `users`. */
struct identity_index *identity_index(const struct identity_user *users, size_t n,
                                      struct arena *arena);
struct identity_match {
    enum identity_answer answer; /* FOUND, NONE, AMBIGUOUS */
    const struct identity_user *user;
    const char *by; /* static: "ExternalId", "userName", "e-mail" */
    struct str why; /* when AMBIGUOUS; in arena */
};
struct identity_match identity_match(const struct identity_index *index, struct str okta_id,
                                     struct str login, struct str email, struct arena *arena);

/* ---- groups (contract 3.2) ---- */

struct identity_group {
    enum identity_answer answer;
    struct str id, name, external_id; /* external_id empty: made by hand or by API */
    struct str why;
};
/* By display name, exactly (GetGroupId, then DescribeGroup). */
bool identity_find_groups(struct identity *identity, const struct str *names, size_t n,
                          struct arena *arena, struct identity_group *out, struct err *err);
bool identity_get_groups(struct identity *identity, const struct str *ids, size_t n,
                         struct arena *arena, struct identity_group *out, struct err *err);

/* ---- memberships (contract 3.3, 3.4) ---- */

/* All groups side by side, one page of each per round. `members` hold UserIds in `id`; login empty,
 * status USER_UNKNOWN. A group that is not there is LISTING_ABSENT; everything that is not a clean
 * end is LISTING_UNKNOWN. `n_strange` (may be NULL) counts entries that are no users, over all
 * groups. */
bool identity_list_members(struct identity *identity, const struct str *groups, size_t n,
                           struct arena *arena, struct listing *out, size_t *n_strange,
                           struct err *err);

/* IsMemberInGroups, the cheapest read-back: one answer per pair. FOUND: is a member; NONE: is not;
 * UNKNOWN. Where the remote does not know the operation, the group is listed instead. */
struct identity_pair {
    struct str group, user;
};
bool identity_are_members(struct identity *identity, const struct identity_pair *pairs, size_t n,
                          struct arena *arena, enum identity_answer *out, struct err *err);

/* ---- writes (contract 3.3, 3.5, 3.6) ---- */

/* The only groups that identity_write will touch: `direct` provisioning, without ExternalIds. Ids
 * are copied. Replaces the former list; nothing is allowed at first. */
void identity_allow_writes(struct identity *identity, const struct str *groups, size_t n);

enum identity_verb { IDENTITY_ADD, IDENTITY_REMOVE };
struct identity_change {
    enum identity_verb verb;
    struct str group, user; /* the store's ids */
};
enum identity_effect {
    IDENTITY_DONE,    /* a read-back showed it */
    IDENTITY_SENT,    /* the remote said so; a read-back has not shown it yet */
    IDENTITY_NOTHING, /* certainly not carried out: try again in a later run */
    IDENTITY_REFUSED, /* certainly not carried out, and asking again will not help for now */
    IDENTITY_DOUBT,   /* sent; what became of it must be read */
};
struct identity_result {
    enum identity_effect effect;
    bool group_gone, user_gone;
    bool stop;      /* no further writes to this remote in this run (access denied, store gone) */
    struct str why; /* when not DONE or SENT; with the request id */
};
/* One by one for one principal, four principals side by side. A removal reads the membership's id
 * first and checks what it belongs to. A conflict is read back before it is called anything. A
 * group that is not allowed is a broken invariant: nothing is sent, ERR_INTERNAL. */
bool identity_write(struct identity *identity, const struct identity_change *changes, size_t n,
                    struct arena *arena, struct identity_result *out, struct err *err);

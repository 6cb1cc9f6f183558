#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "identity/identity.h"

/*
 * Bytes to model and back: pure. Source: contracts/aws.md 3 and 4.
 *
 * Every reader is strict about what it needs (ERR_REMOTE, one sentence) and ignores the rest; null
 * counts as absent. A page that has one bad entry is refused whole. What readers hand out is in
 * arena.
 */

/* A user, group or membership: a UUID, or ten hexadecimal digits, a hyphen and a UUID. */
bool identity_wire_is_id(struct str text);
/* `d-` and ten letters or digits, or a UUID. */
bool identity_wire_is_store(struct str text);

/* ---- requests; in arena ---- */

/* The first page of a listing of the store. `group` and `user` may be empty. */
struct str identity_wire_list(struct str store, struct str group, struct str user, unsigned max,
                              struct arena *arena);
/* The same request for the next page. `body` is an object as made here. */
struct str identity_wire_with_token(struct str body, struct str token, struct arena *arena);
/* One thing by its id: `key` is UserId, GroupId or MembershipId. */
struct str identity_wire_by_id(struct str store, const char *key, struct str id,
                               struct arena *arena);
/* By a unique attribute: userName or displayName. */
struct str identity_wire_by_attribute(struct str store, const char *path, struct str value,
                                      struct arena *arena);
struct str identity_wire_by_external_id(struct str store, struct str issuer, struct str id,
                                        struct arena *arena);
/* GetGroupMembershipId, CreateGroupMembership. */
struct str identity_wire_pair(struct str store, struct str group, struct str user,
                              struct arena *arena);
#define IDENTITY_GROUPS_AT_ONCE 100
struct str identity_wire_is_member(struct str store, struct str user, const struct str *groups,
                                   size_t n, struct arena *arena);

/* ---- answers ---- */

/* A page's token is empty when it was the last page. */

struct identity_instances {
    struct identity_instance *items; /* answer FOUND; `writable` and `why` are not its business */
    size_t n;
    struct str token;
};
bool identity_wire_instances(struct str body, struct arena *arena, struct identity_instances *out,
                             struct err *err);

struct identity_user_page {
    struct identity_user *items;
    size_t n;
    struct str token;
};
bool identity_wire_users(struct str body, struct str store, struct arena *arena,
                         struct identity_user_page *out, struct err *err);
bool identity_wire_user(struct str body, struct str store, struct arena *arena,
                        struct identity_user *out, struct err *err);
bool identity_wire_group(struct str body, struct str store, struct arena *arena,
                         struct identity_group *out, struct err *err);

/* Members of one group, of which only who they are is wanted: the hot path. An entry of another
 * group refuses the page. */
struct identity_member_page {
    struct str *users; /* as listed: doubles may occur */
    size_t n;
    size_t n_strange; /* entries that are no users */
    struct str token;
};
bool identity_wire_members(struct str body, struct str group, struct arena *arena,
                           struct identity_member_page *out, struct err *err);

struct identity_membership {
    struct str id, group, user; /* user empty: it is none */
};
struct identity_membership_page {
    struct identity_membership *items;
    size_t n;
    struct str token;
};
bool identity_wire_memberships(struct str body, struct arena *arena,
                               struct identity_membership_page *out, struct err *err);
bool identity_wire_membership(struct str body, struct str store, struct arena *arena,
                              struct identity_membership *out, struct err *err);

/* The id in an answer that holds little else: GetUserId, GetGroupId, GetGroupMembershipId and
 * CreateGroupMembership; `key` names it. */
bool identity_wire_id(struct str body, struct str store, const char *key, struct arena *arena,
                      struct str *out, struct err *err);

struct identity_belonging {
    struct str group, user; /* user empty: not said */
    bool is_member;
};
struct identity_belongings {
    struct identity_belonging *items;
    size_t n;
};
bool identity_wire_belongings(struct str body, struct arena *arena, struct identity_belongings *out,
                              struct err *err);

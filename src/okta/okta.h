#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"
#include "core/model.h"
#include "core/observation.h"
#include "http/http.h"

/*
 * Okta: people, groups and memberships, read and written. Wire facts: contracts/okta.md.
 *
 * Straight-line calls for the run's thread; side-by-side work goes out as one batch. Each call
 * fails with `err` only when the run cannot go on (cancelled, or credentials refused); what goes
 * wrong with one group or one person is that answer's business.
 *
 * Nothing is ever written but single memberships of groups that okta_allow_writes named.
 */

struct okta_options {
    struct str url;               /* checked base URL without trailing slash; kept */
    struct str client_id, key_id; /* OAuth service application; kept */
    const struct key *key;        /* kept; NULL: SSWS */
    const struct secret *ssws;    /* kept */
    bool dpop;
    bool want_logs; /* ask for the scope okta.logs.read */
    bool want_push; /* ask for the scope okta.apps.read: okta_group_pushes, okta_app_users */
    const char *only_scopes; /* ask for exactly these, space separated: `doctor` finds out what the
                                application was granted; kept; NULL: what this program needs */
    unsigned page_limit;     /* of member lists; 0: 200; smaller ones are tried after a 500 */
    unsigned max_members;    /* page cap = ceil(this / limit) + 10; 0: 2,000,000 */
    const struct str *profile; /* members of the profile that okta_find_users keeps; kept */
    size_t n_profile;
};

struct okta;

/* Given; free with okta_free. Keeps options' pointers, http and clock. */
struct okta *okta_new(const struct okta_options *options, struct http *http,
                      const struct clock *clock, struct err *err);
void okta_free(struct okta *okta);

/* The answer to "is there such a thing?": the call itself may be unavailable (contract section 13).
 */
enum okta_answer {
    OKTA_UNKNOWN, /* 5xx, no answer, bad shape: `why` says what; removals wait */
    OKTA_FOUND,
    OKTA_NONE,      /* the remote says there is no such thing */
    OKTA_AMBIGUOUS, /* several where exactly one was asked for */
    OKTA_FORBIDDEN, /* we may not look */
};

/* Who this is: the org id (`00o...`), or the host of the URL where the remote has no such page.
 * No credential is sent. */
struct okta_org {
    enum okta_answer answer; /* FOUND: `id` is Okta's; NONE: `id` is the host; UNKNOWN */
    struct str id;           /* in arena */
    struct str why;
};
bool okta_read_org(struct okta *okta, struct arena *arena, struct okta_org *out, struct err *err);

/* Checks the credential by getting a token (SSWS: by one cheap read). ERR_REFUSED with the reason
 * in Okta's words when it is no good. Scopes granted, in arena, space separated (empty for SSWS).
 */
bool okta_login(struct okta *okta, struct arena *arena, struct str *scopes, struct err *err);

/* Was the application granted that scope? Asks for a token with it alone and throws that away; for
 * `doctor`. FOUND, NONE, or UNKNOWN (SSWS tokens have no scopes). */
bool okta_has_scope(const struct okta *okta, const char *scope, struct arena *arena,
                    enum okta_answer *out, struct err *err);

/* ---- groups (contract section 2) ---- */

struct okta_group {
    enum okta_answer answer;
    struct group group; /* when FOUND; in arena */
    struct str description;
    struct str why;
};
/* By name: exactly one OKTA_GROUP whose name is byte-equal; an APP_GROUP or BUILT_IN alone of that
 * name is FOUND with its type, for the caller to refuse. One batch for all. */
bool okta_find_groups(struct okta *okta, const struct str *names, size_t n, struct arena *arena,
                      struct okta_group *out, struct err *err);
bool okta_get_groups(struct okta *okta, const struct str *ids, size_t n, struct arena *arena,
                     struct okta_group *out, struct err *err);

/* ACTIVE group rules and what they fill. NONE: this remote has no rules at all. */
struct okta_rule {
    struct str id, name;
    const struct str *groups; /* ids, sorted */
    size_t n_groups;
};
struct okta_rules {
    enum okta_answer answer; /* FOUND, NONE, FORBIDDEN, UNKNOWN */
    const struct okta_rule *rules;
    size_t n;
    struct str why;
};
bool okta_list_rules(struct okta *okta, struct arena *arena, struct okta_rules *out,
                     struct err *err);

/* Admin roles given to a group: `names` joined by ", " when FOUND; NONE: it has none. */
struct okta_roles {
    enum okta_answer answer;
    struct str names;
    struct str why;
};
bool okta_group_roles(struct okta *okta, const struct str *groups, size_t n, struct arena *arena,
                      struct okta_roles *out, struct err *err);

/* Applications behind a group, for `doctor`: ids and labels. */
struct okta_app {
    struct str id, label;
};
struct okta_apps {
    enum okta_answer answer;
    const struct okta_app *apps;
    size_t n;
    struct str why;
};
bool okta_group_apps(struct okta *okta, struct str group, struct arena *arena,
                     struct okta_apps *out, struct err *err);

/* ---- members (contract section 3) ---- */

/* All groups side by side, one page of each per round. One listing per group, in order; members in
 * arena. A 404 on the first page is LISTING_ABSENT, anything else that is not a clean end is
 * LISTING_UNKNOWN. */
bool okta_list_members(struct okta *okta, const struct str *groups, size_t n, struct arena *arena,
                       struct listing *out, struct err *err);

/* ---- people (contract section 5) ---- */

struct okta_user {
    enum okta_answer answer; /* FOUND, NONE, AMBIGUOUS, FORBIDDEN, UNKNOWN */
    struct person person;    /* in arena */
    struct str why;
};
/* `keys` are full logins, or ids where by_id. A login is found only when the answer's login equals
 * it without regard to case; one with a slash is looked up by filter. One batch. */
bool okta_find_users(struct okta *okta, const struct str *keys, size_t n, bool by_id,
                     struct arena *arena, struct okta_user *out, struct err *err);

/* Ids of the groups one person is in, sorted. */
struct okta_user_groups {
    enum okta_answer answer;
    struct people groups;
    struct str why;
};
bool okta_user_groups(struct okta *okta, struct str user, struct arena *arena,
                      struct okta_user_groups *out, struct err *err);

/* Attributes of the profile, base and custom, that a person may edit himself, for `doctor`. Sorted.
 */
struct okta_schema {
    enum okta_answer answer;
    const struct str *self_editable;
    size_t n;
    struct str why;
};
bool okta_user_schema(struct okta *okta, struct arena *arena, struct okta_schema *out,
                      struct err *err);

/* ---- writes (contract section 4) ---- */

/* The only groups that okta_write will touch; ids are copied. Replaces the former list. */
void okta_allow_writes(struct okta *okta, const struct str *groups, size_t n);

enum okta_verb { OKTA_ADD, OKTA_REMOVE };
struct okta_change {
    enum okta_verb verb;
    struct str group, person; /* ids */
};

enum okta_effect {
    EFFECT_DONE, /* the remote said so */
    EFFECT_NONE, /* certainly not carried out, now or later by itself: try again in a later run */
    EFFECT_REFUSED, /* certainly not carried out, and asking again will not help until something
                       changes (status, rights, group type, person gone) */
    EFFECT_UNKNOWN, /* sent; what became of it must be read */
};
struct okta_result {
    enum okta_effect effect;
    bool group_gone, person_gone; /* learned after a 404 */
    bool read_only;               /* the group takes no membership writes, or we have no right */
    int64_t wait_ms;              /* EFFECT_NONE by a rate limit: so long until it may go */
    struct str why;               /* in arena when not DONE; with Okta's request id */
};
/* One batch, four side by side. A group that is not allowed is a broken invariant: nothing at all
 * is sent and the call fails with ERR_INTERNAL. */
bool okta_write(struct okta *okta, const struct okta_change *changes, size_t n, struct arena *arena,
                struct okta_result *out, struct err *err);

/* ---- the System Log (contract section 9.1) ---- */

struct okta_event {
    struct str uuid;
    int64_t published_ms;
    bool is_add;                                 /* else a removal */
    struct str group, person;                    /* ids */
    struct str actor_id, actor_type, actor_name; /* name: login, else display name */
    struct str client_id, token_id;              /* of the write; empty when the event says none */
    bool by_rule;                                /* SystemPrincipal */
};
struct okta_log {
    enum okta_answer answer;
    const struct okta_event *events; /* as delivered; without doubles of one poll */
    size_t n;
    struct str cursor; /* URL to go on from; store it; in arena */
    struct str why;
};
/* Membership events since `cursor` (as stored), or since `since_ms` where the cursor is empty. At
 * most 20 pages a poll. A cursor that the remote no longer takes: started anew from since_ms. */
bool okta_poll_log(struct okta *okta, struct str cursor, int64_t since_ms, struct arena *arena,
                   struct okta_log *out, struct err *err);

/* ---- group push and the SCIM application (contract section 10.3) ---- */

/* The push mapping of one group at one application. NONE: the group is not pushed. UNKNOWN also
 * when the application itself is not there. */
struct okta_push {
    enum okta_answer answer;
    struct str id, status; /* ACTIVE, INACTIVE, ERROR, or a word we do not know */
    struct str error;      /* errorSummary; may be empty */
    struct str target;     /* id of the group over there, as Okta names it; may be empty */
    int64_t last_push_ms;  /* 0: not told */
    struct str why;
};
/* One batch; one answer per group, in order. Several mappings of one group: AMBIGUOUS unless one
 * alone is ACTIVE. */
bool okta_group_pushes(struct okta *okta, struct str app, const struct str *groups, size_t n,
                       struct arena *arena, struct okta_push *out, struct err *err);

/* Are these people assigned to the application? FOUND, NONE, FORBIDDEN, UNKNOWN. One batch; and
 * where somebody is not found, one look whether the application is there at all: if it is not,
 * nobody's answer is NONE. */
struct okta_assigned {
    enum okta_answer answer;
    struct str why;
};
bool okta_app_users(struct okta *okta, struct str app, const struct str *users, size_t n,
                    struct arena *arena, struct okta_assigned *out, struct err *err);

/* What the System Log says went wrong with pushes since then, of any application, oldest first; at
 * most 5 pages. An event that names several people stands there once for each of them. Needs the
 * scope okta.logs.read. */
struct okta_push_event {
    struct str uuid;
    int64_t published_ms;
    struct str type;          /* the event's type */
    bool is_ignored;          /* a member was left out because he is not assigned */
    struct str group, person; /* ids; either may be empty */
    struct str app;           /* id of the application; empty: the event does not say */
    struct str message;       /* Okta's words: outcome reason, else display message */
};
struct okta_push_log {
    enum okta_answer answer;
    const struct okta_push_event *events;
    size_t n;
    struct str why;
};
bool okta_poll_pushes(struct okta *okta, int64_t since_ms, struct arena *arena,
                      struct okta_push_log *out, struct err *err);

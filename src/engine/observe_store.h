#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "engine/observe.h"
#include "ledger/ledger_hop.h"

/*
 * What Identity Center shows at the start of a run: the instance, the users behind our people, and
 * the groups of the same name as the plans' Okta groups with their members. It fails alone: what
 * cannot be read is unknown, and Okta's part of the run goes on.
 */

#define STORE_USERS_LISTED_AT "idc_users_listed_at" /* meta: when all users were last looked at */

/* The group of one plan there. */
struct store_group {
    const struct seen_group *okta; /* of PIN_PLAN; lent */
    struct identity_group group;   /* as pinned, or as found by name; id empty: none */
    bool direct;                   /* written by us, not pushed by Okta */
    bool pin_ok;                   /* of direct ones: may be written */
    struct str why;                /* when not, or when it was not read */
    struct str subject;            /* what an acknowledgement is for; empty: none helps */
    int64_t pinned_at;             /* 0: in this run */
    const struct listing *listing; /* never NULL; members as Okta ids (store_person) */
};

struct store_conflict {
    struct str person, login; /* login may be a user name there */
    struct str why;
};

struct seen_store {
    bool wanted;     /* the settings follow seats there; else nothing below is meant */
    bool ok;         /* it answered, and is the one the ledger knows */
    bool changed;    /* another account, instance or store than the ledger or the settings know */
    bool unreadable; /* something of it could not be read */
    struct str why, subject; /* of those; what an acknowledgement is for, empty: none helps */
    struct identity_instance instance;
    struct str account;

    struct store_group *groups;
    size_t n_groups;
    struct map by_user, by_person; /* -> const struct idc_user_row: whom we know there */
    struct str users_why;          /* why not all of them could be read; empty: they could */
    struct str issuer;             /* of ExternalIds; empty: none seen yet */
    VEC_OF(struct store_conflict) conflicts;
    struct identity *identity;
    struct arena *arena;
};

bool observe_store(const struct world *world, const struct roll *roll,
                   const struct seen_groups *groups, const struct actor *actor,
                   struct seen_store *out, struct err *err);

/* The Okta id behind a user there; `idc:USER` when nobody we know. In arena, or lent. */
struct str store_person(const struct seen_store *store, struct str user);
/* Puts Okta ids in the place of the store's own, in arena. */
void store_to_people(const struct seen_store *store, struct listing *listing, struct arena *arena);
const struct store_group *store_group_of(const struct seen_store *store, struct str entitlement,
                                         struct str plan);

/* The groups that we write ourselves, behind the others: `groups` with them, in arena. */
bool observe_direct_groups(const struct seen_store *store, struct ledger *ledger,
                           struct seen_groups *groups, struct err *err);

/* Memberships of the Identity Store as a target; groups and members as above. Keeps `store`. */
struct target engine_store_target(struct seen_store *store);

/* Users there, found for the people of the plans' groups and for the members of the groups there
 * (observe_users.c): the ledger's memory first, then single look-ups, the whole directory at first
 * and once a day. `listings` hold UserIds. */
bool observe_users(const struct world *world, const struct roll *roll,
                   const struct seen_groups *groups, const struct listing *listings, size_t n,
                   struct seen_store *store, struct err *err);

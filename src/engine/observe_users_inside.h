#pragma once

#include "engine/observe_store.h"

/* Who is who in Identity Center: what the parts of observe_users.h's one function share. */

/* An unbound person and the user that would be his. */
struct proposal {
    struct str person, login;
    const struct identity_user *user;
    bool by_email;
};

struct users {
    const struct world *world;
    const struct roll *roll;
    struct seen_store *store;
    struct arena *arena;
    VEC_OF(struct str) people;   /* unbound, and in a plan's group or on their way out; Okta ids */
    VEC_OF(struct str) unknown;  /* members there whom nobody knows yet */
    VEC_OF(struct str) doubtful; /* bound, and to be read anew */
    VEC_OF(struct proposal) proposals;
    VEC_OF(struct idc_user_row) fresh;
    VEC_OF(struct str) gone; /* users that the service says are no more */
    bool whole;
};

/* ---- binding (observe_users_bind.c) ---- */

/* Has just seen the user; `person` empty: as known before. */
void users_keep(struct users *users, const struct identity_user *user, struct str person);
void users_note_conflict(struct users *users, struct str person, struct str login, struct str why);
bool users_is_bound(const struct users *users, struct str person);
const struct person *users_person(const struct users *users, struct str id); /* NULL: unknown */
struct str users_login(const struct users *users, struct str id);            /* empty: unknown */
/* The user could be the unbound person's. */
void users_propose(struct users *users, struct str person, const struct identity_user *user,
                   bool by_email);
/* An address may be shared: whoever is found by it alone must not bear somebody else's login. */
bool users_check_addresses(struct users *users, struct err *err);
/* One user for one person: where two people claim one, neither gets it. */
void users_bind_proposed(struct users *users);
/* A known user, seen again: the binding stays, and another id of the provider's is told. */
void users_refresh(struct users *users, const struct identity_user *user,
                   const struct idc_user_row *row);

/* ---- memory (observe_users_memory.c) ---- */

void users_index_row(struct seen_store *store, const struct idc_user_row *row, struct arena *arena);
/* What this run found, into the index and, unless dry, the ledger. */
bool users_remember(struct users *users, struct err *err);

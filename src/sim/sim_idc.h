#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/str.h"
#include "sim/sim_index.h"
#include "sim/sim_scim.h"
#include "sim/sim_state.h"
#include "sim/sim_subs.h"

/*
 * The AWS side's state: an account with keys and roles, Identity Center's instances and
 * applications, and the Identity Store with users, groups and memberships. Nothing here costs
 * anything until somebody asks for AWS: what Okta had pushed long ago is made up at the first
 * question (sim_scim.h).
 *
 * Users, groups and memberships are named by number. Their ids follow from the number and the
 * instance, so no table of ids is kept; an id that an organisation file gives is looked up.
 */

#define SIM_LONG_AGO (-(INT64_C(1) << 50)) /* a lag */
#define SIM_AWS_ID   48                    /* `1234567890-` and a UUID, and NUL */

struct sim_instance {
    struct str arn, store_id, owner, name, status, primary_region;
    int64_t created_ms;
};

/* A set of credentials that the account knows. */
struct sim_key {
    struct str id, secret, token; /* token empty: not temporary */
    const char *name;             /* the id, in sim->texts; set when it is added */
    struct str arn, user_id;
    int64_t expires_ms; /* by the cloud's clock; 0: never */
    bool is_off;
    const struct str *deny; /* globs over `identitystore:ListUsers` */
    size_t n_deny;
};

struct sim_iam_role {
    struct str arn, external_id;
    struct str web_token;   /* the one web identity token it trusts; empty: none */
    int64_t web_expires_ms; /* of that token; 0: never */
    int64_t max_ms;         /* longest session */
    const struct str *deny;
    size_t n_deny;
};

struct sim_idc_app {
    struct str arn, name, provider, status;
    struct str profile; /* the region of the profile that it is; empty: of none */
    bool assignment_required;
    int64_t created_ms;
    const struct str *assigned; /* names of groups, else user names */
    size_t n_assigned;
};

struct sim_store_user {
    struct str id; /* empty: follows from the number */
    struct str user_name, display_name, given_name, family_name, email;
    struct str external_id, issuer; /* empty: made by hand */
    int64_t created_ms, updated_ms; /* the cloud's clock */
    uint32_t person;                /* SIM_NOBODY: nobody of Okta's */
    bool is_disabled, is_deleted;
    bool no_link;         /* by hand, and SCIM may not take it over */
    bool is_unsubscribed; /* disabled, where that cancels */
};

struct sim_store_group {
    struct str id, name, description;
    struct str external_id, issuer;
    int64_t created_ms, updated_ms;
    uint32_t *list; /* numbers of memberships, ascending; on the heap */
    size_t n, cap;
    size_t n_gone;        /* of those */
    size_t tidy_at;       /* the gone are looked through again when they are that many */
    uint32_t first_claim; /* of a subscription, plus one; 0: none (sim_subs.h) */
    bool is_deleted;
};

/* Times by the boot clock (sim_boot), so that no jump of the wall clock reorders them. */
struct sim_membership {
    int64_t shown_ms;     /* reads show it from then on */
    int64_t gone_ms;      /* 0: it is there */
    int64_t hidden_ms;    /* reads show that it is gone from then on */
    uint32_t group, user; /* user SIM_NOBODY: a member that is no user */
};

struct sim_store {
    struct sim_store_user *users;
    size_t n_users, cap_users;
    struct sim_store_group *groups;
    size_t n_groups, cap_groups;
    struct sim_membership *members;
    size_t n_members, cap_members;
    struct sim_index by_user_name, by_email, by_given_id, by_external, pairs;
    uint32_t *of_person; /* user by person plus one; 0: none */
    size_t n_of_person;
};

struct sim_idc_quirks {
    int64_t page_cap, write_lag_ms, tps;
    struct str kms;      /* a reason such as KMS_ACCESS_DENIED; empty: the key is there */
    bool modelled;       /* statuses as the service model says, instead of 400 */
    bool fold_case;      /* GetUserId ignores case */
    bool user_status;    /* users tell UserStatus */
    bool external_ids;   /* users and groups tell ExternalIds */
    bool member_account; /* ListApplications needs a filter by account */
    bool metadata;       /* IMDS answers */
};

struct sim_idc {
    struct str account, region, container_token;
    unsigned recreated;             /* how often the instance was made anew */
    struct sim_instance *instances; /* the first has the people */
    size_t n_instances;
    struct sim_key *keys; /* on the heap; texts in sim->org */
    size_t n_keys, cap_keys;
    struct sim_iam_role *roles;
    size_t n_roles;
    struct sim_idc_app *apps;
    size_t n_apps;
    bool apps_given; /* by an organisation file */
    struct sim_idc_quirks quirks;
    struct sim_store store;
    struct sim_scim scim;
    struct sim_subs subs;
    struct rng rng; /* lags and losses */
    uint64_t n_issued;
    int64_t second_ms; /* the second that `used` counts calls of */
    int64_t used;
};

/* Frees what there is and begins with an account of its own: everything follows from the seed.
 * sim_idc_fini takes NULL. */
void sim_idc_reset(struct sim *sim);
void sim_idc_fini(struct sim *sim);
/* A new instance in the old one's place: fresh ids, an empty store. */
void sim_idc_recreate(struct sim *sim);
/* The applications that are there when no file says otherwise: one for each profile, and the login;
 * nothing where a file did. */
void sim_idc_usual_apps(struct sim *sim);
/* Another account: instance, key, role and applications are its own from then on. */
void sim_idc_set_account(struct sim *sim, struct str account);
int64_t sim_boot(const struct sim *sim);
/* Numbers that follow from the seed: of the `kind`, the n-th. */
uint64_t sim_idc_noise(const struct sim *sim, unsigned kind, uint64_t n);
/* `n` characters out of `alphabet` that follow from it; in arena. */
struct str sim_idc_word(const struct sim *sim, const char *alphabet, size_t n, unsigned kind,
                        uint64_t number, struct arena *arena);

/* ---- credentials ---- */
struct sim_key *sim_idc_add_key(struct sim *sim, const struct sim_key *key);
const struct sim_key *sim_idc_find_key(const struct sim *sim, struct str id);
const struct sim_iam_role *sim_idc_find_role(const struct sim *sim, struct str arn);
/* Temporary credentials of a role; lent until the next key is added. */
const struct sim_key *sim_idc_issue(struct sim *sim, const struct sim_iam_role *role,
                                    struct str session, int64_t life_ms);

/* ---- the store (sim_store.c) ---- */
void sim_store_fini(struct sim_store *store);
/* Ids in `arena`. */
struct str sim_user_id(const struct sim *sim, uint32_t user, struct arena *arena);
struct str sim_store_group_id(const struct sim *sim, uint32_t group, struct arena *arena);
struct str sim_membership_id(const struct sim *sim, uint32_t membership, struct arena *arena);
/* SIM_NOBODY when unknown or deleted. */
uint32_t sim_find_user(const struct sim *sim, struct str id);
uint32_t sim_find_user_name(const struct sim *sim, struct str name, bool fold);
uint32_t sim_find_user_email(const struct sim *sim, struct str email, bool fold);
uint32_t sim_find_user_of(const struct sim *sim, uint32_t person);
/* By the id that its provider gave it. */
uint32_t sim_find_user_external(const struct sim *sim, struct str issuer, struct str id);
uint32_t sim_find_store_group(const struct sim *sim, struct str id);
uint32_t sim_find_store_name(const struct sim *sim, struct str name);
uint32_t sim_find_membership(const struct sim *sim, struct str id); /* that is there */
/* Texts are kept, not copied. */
uint32_t sim_user_add(struct sim *sim, const struct sim_store_user *user);
void sim_user_update(struct sim *sim, uint32_t user, const struct sim_store_user *to);
void sim_user_delete(struct sim *sim, uint32_t user); /* and his memberships */
uint32_t sim_store_group_add(struct sim *sim, const struct sim_store_group *group);
/* The membership that is there; SIM_NOBODY: none. */
uint32_t sim_store_member(const struct sim *sim, uint32_t group, uint32_t user);
/* The newest that is gone; SIM_NOBODY: none. Reads may show it still. */
uint32_t sim_store_former(const struct sim *sim, uint32_t group, uint32_t user);
/* Twice is once. `lag_ms`: reads show it only that much later, or have shown it for so long. */
uint32_t sim_store_join(struct sim *sim, uint32_t group, uint32_t user, int64_t lag_ms);
void sim_store_leave(struct sim *sim, uint32_t membership, int64_t lag_ms);
/* Does a read show it, as things were `stale_ms` ago? */
bool sim_membership_shows(const struct sim *sim, uint32_t membership, int64_t stale_ms);
size_t sim_store_count(const struct sim *sim, uint32_t group); /* members that are there */

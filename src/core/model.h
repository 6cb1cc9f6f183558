#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * People, groups and memberships: the nouns every module shares. All views are lent by whoever
 * made the value, usually the arena of the run.
 */

/* Okta's life-cycle states; source: contracts/okta.md 5.1. */
enum user_status {
    USER_UNKNOWN, /* not observed, or a word we do not know: never argues for a removal */
    USER_STAGED,
    USER_PROVISIONED,
    USER_ACTIVE,
    USER_RECOVERY,
    USER_PASSWORD_EXPIRED,
    USER_LOCKED_OUT,
    USER_SUSPENDED,
    USER_DEPROVISIONED,
    USER_GONE, /* the id answers 404 */
};

/* Okta's words alone: "GONE" is a conclusion of ours and parses as USER_UNKNOWN. */
enum user_status user_status_parse(struct str word);
const char *user_status_name(enum user_status status);
/* May hold a seat: everything but SUSPENDED, DEPROVISIONED, GONE and UNKNOWN. */
bool user_status_is_usable(enum user_status status);

struct profile_value {
    struct str name, value;
};

/* Identity is `id`, Okta's immutable user id; everything else is a label that may change. */
struct person {
    struct str id;
    struct str login, email, first_name, last_name;
    enum user_status status;
    const struct profile_value *profile; /* members the settings ask for; sorted by name */
    size_t n_profile;
};

/* The empty view when the profile has no such member. */
struct str person_profile(const struct person *person, struct str name);

/* Somebody or some group the settings point at: exactly one of the two is set. */
struct who {
    struct str login;
    struct str okta_group; /* by name */
};

/* A member as a listing shows it. */
struct member {
    struct str id;
    struct str login;
    enum user_status status;
};

enum group_type { GROUP_OKTA, GROUP_APP, GROUP_BUILT_IN, GROUP_OTHER };

struct group {
    struct str id, name;
    enum group_type type;
};

/* A set of people: sorted by bytes, no doubles. */
struct people {
    const struct str *ids;
    size_t n;
};

bool people_has(const struct people *people, struct str id);

#pragma once

#include "base/crypt.h"
#include "cli/book.h"

/*
 * Adopting: taking over seats that other hands gave before. One half writes the list of them, the
 * other takes it back, all or none. What both must agree on stands here.
 */

/* The columns of the list. */
enum adopt_column {
    ADOPT_OKTA_ID,
    ADOPT_LOGIN,
    ADOPT_FIRST_NAME,
    ADOPT_LAST_NAME,
    ADOPT_STATUS,
    ADOPT_ENTITLEMENT,
    ADOPT_PLAN,
    ADOPT_UNTIL,
    ADOPT_OWNER,
    ADOPT_NOTE,
    ADOPT_COLUMNS,
};
extern const char *const adopt_columns[ADOPT_COLUMNS];

/* Why this person is never adopted there, as far as the ledger knows: inactive, blocked, not
 * eligible, revoked within 90 days, granted another plan. Empty: nothing stands against it. In
 * arena. */
struct str adopt_obstacle(const struct book *book, const struct entitlement *ent, struct str plan,
                          struct str person);
/* The grant somebody holds or is to get there, or NULL. */
const struct grant *adopt_grant(const struct book *book, const struct entitlement *ent,
                                struct str person);

/* Writes the members of the entitlement's groups that are not ours to a new file. */
bool adopt_export(struct cli *cli, const struct entitlement *ent, const char *path,
                  struct err *err);

struct adopt_options {
    const char *file, *until, *owner; /* as given; until and owner may be NULL */
    bool dry;
};
bool adopt_import(struct cli *cli, const struct adopt_options *options, struct err *err);

/* Whose manager is looked for, and what was found. */
struct adopt_managed {
    struct str person;
    struct str manager; /* id; empty: nobody, or nobody alone */
    struct str login;   /* of the manager, for people */
};
/* From the ledger, else from Okta, which knows profiles that no listing shows; when Okta is away
 * that is said and they stay empty. Who was looked up is remembered unless `dry`. */
bool adopt_find_managers(struct book *book, struct adopt_managed *items, size_t n, bool dry,
                         struct err *err);

/* The end of one seat, among others. */
struct adopt_end {
    struct str person;
    size_t index; /* the caller's */
    int64_t until_ms;
    unsigned char order[SHA256_SIZE];
};
/* Spreads the ends evenly over the days of `D` or `D..D`, in the order of the digests of the ids:
 * the same list gets the same ends, and nobody chooses whose is first. Sorts `ends` by that. */
bool adopt_spread(const char *days, struct adopt_end *ends, size_t n, struct arena *arena,
                  struct err *err);

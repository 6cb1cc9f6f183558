#pragma once

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

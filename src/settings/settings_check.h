#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "settings/settings_problem.h"
#include "settings/settings_table.h"
#include "settings/settings_tree.h"

/*
 * What no single row can know: rules between settings. Each step reports what it finds and goes on;
 * what a row has already refused is not followed up.
 */

struct checker {
    struct arena *arena;
    struct problems *problems;
    struct settings_node *top; /* of the file */
    struct bound *bound;
};

/* Shipped plans with the file's changes; becomes policy.catalogue. */
void check_catalogue(struct checker *checker);
/* Finishes the entitlements (titles, approvals by plan) and checks them, alone and together. */
void check_entitlements(struct checker *checker);
/* Okta's sign-in, AWS, Slack and tokens; says whether there is a section `aws`. */
void check_site(struct checker *checker);

/* A place in the file, by following keys from a map and positions in lists. */
struct spot {
    const struct settings_node *node; /* the deepest that exists */
    bool is_there;                    /* the whole way */
    struct str path;
};

struct spot spot_top(const struct checker *checker);
struct spot spot_key(const struct checker *checker, struct spot from, const char *key);
struct spot spot_item(const struct checker *checker, struct spot from, size_t index);
/* Whether a row refused what stands there. */
bool spot_is_bad(struct spot spot);
void spot_complain(struct checker *checker, struct spot spot, const char *fmt, ...)
    ATTR_PRINTF(3, 4);

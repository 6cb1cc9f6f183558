#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "settings/settings_problem.h"
#include "settings/settings_scalar.h"
#include "settings/settings_table.h"
#include "settings/settings_tree.h"

/*
 * Walks the file's tree and the table of rows side by side: checks every value, puts it where its
 * row says, and makes the tree of effective settings, defaults included, in the order of the rows.
 */

struct binder {
    struct problems *problems;
    struct scalar_rules rules;
    struct str folder; /* of the settings file, slash included; relative paths begin here */
    VEC_OF(struct str) unused;
};

/* Binds the whole file into `out`, which holds zeroes. What is wrong is added to the problems, left
 * at its default in `out` and left out of the result. All in arena. */
struct settings_node *bind_settings(struct binder *binder, struct settings_node *top,
                                    struct bound *out);

#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * The SCIM-like expressions of `search` and `filter`: `attribute op "value"`, `pr`, and, or, not,
 * parentheses. Operators and connectives without regard to case. Pure.
 */

enum sim_op { SIM_EQ, SIM_SW, SIM_CO, SIM_GT, SIM_GE, SIM_LT, SIM_LE, SIM_PR };

struct sim_expr {
    enum { SIM_EXPR_TEST, SIM_EXPR_AND, SIM_EXPR_OR, SIM_EXPR_NOT } kind;
    struct str attribute, value; /* of a test */
    enum sim_op op;
    const struct sim_expr *left, *right;
};

/* False when it is no such expression, nests deeper than 16 or has more than 100 tests. */
bool sim_expr_parse(struct str text, struct arena *arena, const struct sim_expr **out);

/* Does every test in it satisfy `allows`? */
bool sim_expr_allows(const struct sim_expr *expr,
                     bool (*allows)(struct str attribute, enum sim_op op));

/* A thing's value of an attribute, or the empty view. Values that both read as times are compared
 * as times by gt, ge, lt, le. */
struct sim_thing {
    struct str (*value)(const void *self, struct str attribute);
    const void *self;
    bool fold_case;
};
bool sim_expr_holds(const struct sim_expr *expr, const struct sim_thing *thing);

#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "core/plan.h"

/* What the parts of the planner share. Nobody else includes this. */

struct planner {
    const struct plan_input *in;
    struct desired desired;
    struct arena *arena;
    VEC_OF(struct op) ops;
    VEC_OF(struct deviation) deviations;
};

/* NULL when it is not known. */
const struct request_ref *plan_request(const struct plan_input *in, struct str id);

/* One sentence for people, in arena: why somebody is joined, and why somebody leaves. */
struct str plan_why_add(const struct plan_input *in, const struct grant *grant,
                        struct arena *arena);
struct str plan_why_removal(const struct plan_input *in, const struct standing *standing,
                            struct str person, struct arena *arena);

/* The highest plan of the entitlement in whose group a sealed listing shows the person, `except`
 * aside; empty when there is none. */
struct str plan_seen_elsewhere(const struct plan_input *in, const struct group_view *except,
                               struct str person);
/* What a month changes by when the person joins (or leaves) that plan's group: the highest plan
 * seen is what is paid for, once. */
int64_t plan_cost(const struct plan_input *in, const struct group_view *view, enum op_kind kind,
                  struct str person);

/* Adds and removals of an assignment group. */
void plan_assignment(struct planner *planner, const struct group_view *view);

/* Shared by both kinds of groups. */
struct op plan_op(const struct planner *planner, const struct group_view *view, enum op_kind kind,
                  struct str person);
struct op plan_add_op(const struct planner *planner, const struct group_view *view,
                      struct str person, const struct grant *grant);
void plan_deviate(struct planner *planner, enum deviation_kind kind, const struct group_view *view,
                  struct str person);

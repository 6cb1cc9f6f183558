#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rng.h"
#include "base/vec.h"
#include "core/guard.h"
#include "core/plan.h"

/*
 * A small world for tests of the core: an organisation with two entitlements, what the ledger knows
 * and what the listings show. It begins in order, with nothing held and nothing to do; a test
 * changes what it is about.
 *
 *     kiro-jp   kiro-pro in g-pro, kiro-pro-plus in g-plus; g-app assigns, once switched on
 *     q-jp      q-pro in g-q
 *
 * Ids of people are their names. What calls the core is inline, so that this file links with tests
 * of any module.
 */

#define WORLD_NOW    INT64_C(1777885960000) /* 2026-05-04T09:12:40Z */
#define WORLD_MINUTE ((int64_t)60000)
#define WORLD_HOUR   (60 * WORLD_MINUTE)
#define WORLD_DAY    (24 * WORLD_HOUR)

enum world_ent { KIRO, Q, WORLD_ENTS };
enum world_group_at { G_PRO, G_PLUS, G_Q, G_APP, WORLD_GROUPS };

struct world_members {
    struct member *items;
    size_t n, cap;
};
struct world_accepted {
    struct accepted *items;
    size_t n, cap;
};
struct world_strs {
    struct str *items;
    size_t n, cap;
};

struct world_group {
    struct listing listing;
    struct baseline baseline;
    struct world_members members;
    struct world_accepted accepted;
};

struct world {
    struct arena arena;
    int64_t now;
    bool has_assignment; /* g-app is managed */

    struct policy policy;
    struct entitlement ents[WORLD_ENTS];
    struct plan_rule plans[WORLD_ENTS][2];
    struct world_group groups[WORLD_GROUPS];
    VEC_OF(struct grant) grants;
    VEC_OF(struct request_ref) requests;
    VEC_OF(struct person_facts) people;
    struct facts facts;

    struct guard_entitlement guard_ents[WORLD_ENTS];
    struct guard_group guard_groups[WORLD_GROUPS];
    VEC_OF(struct guard_outside) outside;
    struct world_strs released, known_ops;

    /* Made by world_seal of all the above. */
    struct group_view views[WORLD_GROUPS];
    struct plan_input plan_in;
    struct guard_input guard; /* its flags are the test's to change */
};

/* Takes the zeroed world, or one in use: then all in it goes and its arena is used again. */
void world_init(struct world *world);
void world_fini(struct world *world);
/* Fills a fresh world at random: up to a dozen people with grants, memberships and facts of every
 * kind, and some listings that are not sealed. Budgets and limits stay as they are. */
void world_any(struct world *world, struct rng *rng);

/* Adds what is not known yet; the pointer is good until the next one. */
struct person_facts *world_person(struct world *world, const char *id);
/* A grant by a request of its own, from `from_ms` to `until_ms` counted from now; the pointer is
 * good until the next one. */
struct grant *world_grant(struct world *world, enum world_ent ent, const char *plan,
                          const char *person, int64_t from_ms, int64_t until_ms);
/* In the listing and accepted before. */
void world_member(struct world *world, enum world_group_at group, const char *person, bool owned);
void world_listed(struct world *world, enum world_group_at group, const char *person);
struct accepted *world_accepted(struct world *world, enum world_group_at group, const char *person,
                                bool owned);
void world_unlist(struct world *world, enum world_group_at group, const char *person);
void world_forget(struct world *world, enum world_group_at group, const char *person);

/* Sorts everything and ties it together; called by the two below. */
void world_seal(struct world *world);

static inline struct plan world_plan(struct world *world)
{
    world_seal(world);
    grants_sort(world->grants.items, world->grants.n);
    return plan_build(&world->plan_in, &world->arena);
}

/* `plan` is kept by the world's guard input. */
static inline struct guard_verdict world_guard(struct world *world, const struct plan *plan)
{
    world->guard.plan = plan;
    return guard_plan(&world->guard, &world->arena);
}

static inline const char *world_show_op(struct world *world, const struct op *op)
{
    bool is_removal = op_is_removal(op->kind);

    return arena_printf(&world->arena, "%s%.*s/%.*s%s%s", is_removal ? "-" : "+",
                        STR_ARG(op->person), STR_ARG(op->group), is_removal ? " " : "",
                        is_removal ? cause_name(op->cause) : "")
        .ptr;
}

/* `+ada/g-pro; -bob/g-pro expired`, in the plan's order. */
static inline const char *world_show_plan(struct world *world, const struct plan *plan)
{
    struct str out = {"", 0};

    for (size_t i = 0; i < plan->n; i++) {
        out = arena_printf(&world->arena, "%.*s%s%s", STR_ARG(out), i > 0 ? "; " : "",
                           world_show_op(world, &plan->ops[i]));
    }
    return out.ptr;
}

/* `+ada/g-pro; -bob/g-pro expired: mode grace`: the guards that hold each op. */
static inline const char *world_show_verdict(struct world *world)
{
    struct plan *plan = arena_new(&world->arena, struct plan);
    struct str out = {"", 0};

    *plan = world_plan(world);
    struct guard_verdict verdict = world_guard(world, plan);
    for (size_t i = 0; i < plan->n; i++) {
        out = arena_printf(&world->arena, "%.*s%s%s%s", STR_ARG(out), i > 0 ? "; " : "",
                           world_show_op(world, &plan->ops[i]), verdict.held[i] ? ":" : "");
        for (size_t h = 0; h < verdict.n_holds; h++) {
            if (verdict.holds[h].op == i) {
                out = arena_printf(&world->arena, "%.*s %s", STR_ARG(out),
                                   guard_name(verdict.holds[h].guard));
            }
        }
    }
    return out.ptr;
}

#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "core/intake.h"

/*
 * One person, one entitlement and one request, to be bent by each test; and a step as one line of
 * text. Times are days from a Monday noon.
 */

#define NOON    INT64_C(1777896000000) /* 2026-05-04T12:00:00Z */
#define DAYS(n) (NOON + (int64_t)(n)*TIME_DAY)

#define WORLD_GRANTS    8
#define WORLD_APPROVALS 8

struct world {
    struct policy policy;
    struct entitlement ent;
    struct plan_rule plans[4];
    struct request request;
    struct person person;
    struct grant grants[WORLD_GRANTS];
    struct approval approvals[WORLD_APPROVALS];
    struct str approvers[4], fallback[4];
    struct intake_facts f;
};

/* A grant of the default plan for an active, eligible person, filed an hour ago. Plans: q-pro and
 * kiro-pro without approval, kiro-pro-plus by approvers, kiro-power by the manager. */
static inline void world_init(struct world *w)
{
    *w = (struct world){0};
    w->plans[0] = (struct plan_rule){.plan = STR("q-pro"), .approval = APPROVAL_NONE};
    w->plans[1] = (struct plan_rule){.plan = STR("kiro-pro"), .approval = APPROVAL_NONE};
    w->plans[2] = (struct plan_rule){.plan = STR("kiro-pro-plus"), .approval = APPROVAL_APPROVERS};
    w->plans[3] = (struct plan_rule){.plan = STR("kiro-power"), .approval = APPROVAL_MANAGER};
    w->ent = (struct entitlement){
        .name = STR("kiro-jp"),
        .default_plan = STR("kiro-pro"),
        .plans = w->plans,
        .n_plans = ARRAY_LEN(w->plans),
        .approval_expires_ms = 7 * TIME_DAY,
        .fallback = {.after_ms = POLICY_OFF},
        .default_duration_ms = 180 * TIME_DAY,
        .max_duration_ms = 365 * TIME_DAY,
    };
    w->policy = (struct policy){.name = STR("prod"),
                                .catalogue = *catalogue_shipped(),
                                .entitlements = &w->ent,
                                .n_entitlements = 1};
    w->person = (struct person){
        .id = STR("00uTARO"), .login = STR("taro@example.com"), .status = USER_ACTIVE};
    w->request = (struct request){
        .id = STR("r1"),
        .number = 17,
        .kind = REQUEST_GRANT,
        .state = REQUEST_FILED,
        .who = STR("taro@example.com"),
        .person = STR("00uTARO"),
        .entitlement = STR("kiro-jp"),
        .principal = STR("token:slack-agent"),
        .requester = STR("00uTARO"),
        .filed_at = NOON - TIME_HOUR,
    };
    w->f = (struct intake_facts){
        .request = &w->request,
        .policy = &w->policy,
        .ent = &w->ent,
        .now_ms = NOON,
        .resolution = RESOLVE_FOUND,
        .person = &w->person,
        .eligible = {.answer = ELIGIBLE_YES},
        .grants = w->grants,
        .approvals = w->approvals,
        .approvers = {.is_known = true, .ids = w->approvers},
        .fallback_approvers = {.is_known = true, .ids = w->fallback},
    };
}

/* Live from then until then; ids g1, g2, ... */
static inline struct grant *world_grant(struct world *w, const char *plan, int from, int until)
{
    static const char *const ids[WORLD_GRANTS] = {"g1", "g2", "g3", "g4", "g5", "g6", "g7", "g8"};
    size_t i = w->f.n_grants++;

    w->grants[i] = (struct grant){.id = str_of(ids[i]),
                                  .person = w->person.id,
                                  .entitlement = w->ent.name,
                                  .plan = str_of(plan),
                                  .from_ms = DAYS(from),
                                  .until_ms = DAYS(until),
                                  .created_at = DAYS(from)};
    return &w->grants[i];
}

static inline void world_approver(struct world *w, const char *id)
{
    w->approvers[w->f.approvers.n++] = str_of(id);
}

/* The entitlement has a fallback after a day; `id` is in it. */
static inline void world_fallback(struct world *w, const char *id)
{
    w->ent.fallback =
        (struct approval_fallback){.after_ms = TIME_DAY, .to = {.okta_group = STR("Approvers")}};
    if (id)
        w->fallback[w->f.fallback_approvers.n++] = str_of(id);
}

static inline void world_verdict(struct world *w, const char *id, enum verdict verdict)
{
    w->approvals[w->f.n_approvals++] =
        (struct approval){.approver = str_of(id), .verdict = verdict, .at_ms = NOON};
}

/* The question was delivered so many hours ago. */
static inline void world_asked(struct world *w, int hours_ago)
{
    w->request.state = REQUEST_AWAITING_APPROVAL;
    w->request.asked_at = NOON - hours_ago * TIME_HOUR;
}

static inline struct str world_time(int64_t ms, struct arena *arena)
{
    int64_t hours = (ms - NOON) / TIME_HOUR;

    if (hours * TIME_HOUR != ms - NOON)
        return arena_printf(arena, "%lldms", (long long)(ms - NOON));
    if (hours % 24 != 0)
        return arena_printf(arena, "%lldh", (long long)hours);
    return arena_printf(arena, "%lldd", (long long)(hours / 24));
}

static inline void world_show_ids(struct buf *out, const char *before, const struct str *ids,
                                  size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s%.*s", i == 0 ? before : ",", STR_ARG(ids[i]));
}

static inline void world_show_effects(struct buf *out, const struct intake_step *step,
                                      struct arena *arena)
{
    struct str from = world_time(step->from_ms, arena);
    struct str until = world_time(step->until_ms, arena);

    if (step->open_grant)
        buf_printf(out, " +%.*s %.*s..%.*s", STR_ARG(step->plan), STR_ARG(from), STR_ARG(until));
    if (step->extend_grant.len > 0)
        buf_printf(out, " ~%.*s until %.*s", STR_ARG(step->extend_grant), STR_ARG(until));
    world_show_ids(out, " -", step->end_grants, step->n_end_grants);
    if (step->n_end_grants > 0) {
        buf_printf(out, "@%.*s %s", STR_ARG(world_time(step->end_at_ms, arena)),
                   cause_name(step->end_cause));
    }
}

/* `accepted by rule:x +kiro-pro 0d..180d -g1,g2@0d moved`, without the reason. */
static inline const char *world_show(const struct intake_step *step, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf out = {0};

    buf_printf(&out, "%s", request_state_name(step->state));
    if (step->decided_by.len > 0)
        buf_printf(&out, " by %.*s", STR_ARG(step->decided_by));
    if (step->changes_nothing)
        buf_printf(&out, " nothing");
    world_show_effects(&out, step, arena);
    world_show_ids(&out, " ask ", step->ask, step->n_ask);
    return arena_cstr(arena, buf_str(&out));
}

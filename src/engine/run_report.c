#include "engine/run_report.h"

#include <assert.h>

#include "base/json_out.h"
#include "core/desired.h"

struct report_op *make_report_ops(const struct decision *decision, const struct applied *applied,
                                  struct arena *arena)
{
    struct report_op *ops = arena_array(arena, struct report_op, decision->plan.n);

    for (size_t i = 0; i < decision->plan.n; i++) {
        const struct op *op = &decision->plan.ops[i];
        const struct guard_hold *hold = guard_first_hold(&decision->verdict, i);
        ops[i] = (struct report_op){.op = op, .state = OP_PLANNED, .reason = op->reason};
        if (hold) {
            ops[i].state = OP_HELD;
            ops[i].guard = guard_name(hold->guard);
            ops[i].alarm = guard_is_alarm(hold->guard) && !hold->drips;
            ops[i].reason = hold->reason;
        } else if (applied) {
            ops[i].state = applied->states[i];
            if (applied->reasons[i].len > 0)
                ops[i].reason = applied->reasons[i];
        }
    }
    return ops;
}

static size_t count_desired(const struct desired *desired, struct str ent)
{
    size_t n = 0;

    for (size_t i = 0; i < desired->n; i++) {
        if (str_eq(desired->groups[i].ent->name, ent))
            n += desired->groups[i].people.n;
    }
    return n;
}

static bool is_readable(const struct decision *decision, struct str ent)
{
    for (size_t i = 0; i < decision->n_views; i++) {
        if (str_eq(decision->views[i].ent->name, ent) &&
            !listing_is_sealed(decision->views[i].listing))
            return false;
    }
    return true;
}

/* What this run did is part of how things are now. People are counted once, so a move changes
 * nothing. */
static void count_done(const struct report *report, struct report_entitlement *row)
{
    for (size_t i = 0; i < report->n_ops; i++) {
        const struct op *op = report->ops[i].op;
        if (report->ops[i].state != OP_DONE || op->to_assignment ||
            !str_eq(row->name, op->entitlement))
            continue;
        if (op->kind == OP_OKTA_ADD && !op->is_renewal) {
            row->actual++;
            row->owned++;
        } else if (op->kind == OP_OKTA_REMOVE && op->cause != CAUSE_MOVED) {
            row->actual -= row->actual > 0;
            row->owned -= row->owned > 0;
        }
    }
}

static void add_entitlements(const struct report_parts *parts, struct arena *arena,
                             struct report *out)
{
    const struct decision *decision = parts->decision;
    const struct policy *policy = &parts->world->settings->policy;
    struct report_entitlement *rows =
        arena_array(arena, struct report_entitlement, decision->n_ents);
    struct desired desired = desired_at(policy, parts->intake->grants, parts->intake->n_grants,
                                        &decision->facts, decision->input.now_ms, arena);

    for (size_t i = 0; i < decision->n_ents; i++) {
        const struct guard_entitlement *ent = &decision->ents[i];
        rows[i] = (struct report_entitlement){
            .name = ent->ent->name,
            .mode = ent->mode,
            .desired = count_desired(&desired, ent->ent->name),
            .actual = ent->seen,
            .owned = ent->owned,
            .readable = is_readable(decision, ent->ent->name),
        };
        count_done(out, &rows[i]);
    }
    out->ents = rows;
    out->n_ents = decision->n_ents;
}

void make_report(const struct report_parts *parts, struct arena *arena, struct report *out)
{
    const struct policy *policy = &parts->world->settings->policy;

    *out = (struct report){
        .run = parts->run ? parts->run->id : (struct str){0},
        .currency = policy->catalogue.currency,
        .environment = policy->name,
        .dry = parts->dry,
        .started_at = parts->started_at,
        .finished_at = clock_now(parts->world->clock),
        .findings = parts->findings,
        .n_findings = parts->n_findings,
        .remote_away = parts->remote_away,
        .alarm = parts->alarm,
        .n_open = parts->n_open,
    };
    if (parts->intake) {
        out->intake = parts->intake->moved;
        out->n_intake = parts->intake->n_moved;
    }
    if (parts->decision) {
        assert(parts->intake); /* whatever is decided is decided from an intake */
        out->digest = parts->decision->plan.digest;
        out->ops = make_report_ops(parts->decision, parts->applied, arena);
        out->n_ops = parts->decision->plan.n;
        add_entitlements(parts, arena, out);
    }
}

enum run_outcome outcome_of(const struct report *report)
{
    struct report_summary sum = report_summarize(report);

    if (sum.failed > 0)
        return RUN_FAILED;
    if (sum.held_alarm > 0 || report->alarm)
        return RUN_HELD;
    return sum.converged && sum.held == 0 && !report->remote_away ? RUN_CONVERGED : RUN_WAITING;
}

struct str summary_json(const struct report *report, struct arena *arena)
{
    struct report_summary sum = report_summarize(report);
    CLEANUP(buf_fini) struct buf buf = {0};
    struct json_out out = {.buf = &buf};

    json_open(&out, NULL, '{');
    json_put_i64(&out, "adds", (int64_t)sum.adds);
    json_put_i64(&out, "removes", (int64_t)sum.removes);
    json_put_i64(&out, "held", (int64_t)sum.held);
    json_put_i64(&out, "failed", (int64_t)sum.failed);
    json_put_i64(&out, "unknown", (int64_t)sum.unknown);
    json_put_i64(&out, "findings", (int64_t)report->n_findings);
    json_put_bool(&out, "converged", sum.converged);
    json_end(&out, '}');
    return arena_str(arena, buf_str(&buf));
}

#include "engine/apply.h"

#include <assert.h>
#include <string.h>

#include "core/verify.h"
#include "engine/recover.h"

#define ADD_BATCH     40
#define REMOVAL_BATCH 4 /* so that a freeze or a renewal meets few requests under way */
#define RATE_TRIES    6 /* how often a batch that a rate limit turns away is offered in one run */

struct job {
    const struct world *world;
    const struct decision *decision;
    const struct run_row *run;
    const struct actor *actor;
    struct arena *arena;
    struct applied *applied;
    bool *group_refuses; /* one per view */
    bool *touched;       /* views that passed ops are about */
    int64_t *sent_at;    /* one per op */
    const struct people *only;
    const struct target *store;
};

static bool is_of_store(const struct job *job, size_t view)
{
    return job->decision->views[view].role == GROUP_ROLE_STORE;
}

static bool may_go(const struct job *job, size_t seq)
{
    return !job->decision->verdict.held[seq] &&
           (!job->only || people_has(job->only, job->decision->plan.ops[seq].id));
}

static size_t view_of(const struct job *job, const struct op *op)
{
    size_t i = 0;

    while (i < job->decision->n_views && !str_eq(job->decision->views[i].id, op->group))
        i++;
    return i; /* a plan names no other groups */
}

static const struct guard_entitlement *ent_of(const struct job *job, const struct op *op)
{
    for (size_t i = 0; i < job->decision->n_ents; i++) {
        if (str_eq(job->decision->ents[i].ent->name, op->entitlement))
            return &job->decision->ents[i];
    }
    return NULL;
}

static bool settle(struct job *job, size_t seq, enum op_state state, struct str reason,
                   struct err *err)
{
    struct settled settled = {seq, state, reason};
    const struct op *op = &job->decision->plan.ops[seq];

    job->applied->states[seq] = state;
    job->applied->reasons[seq] = reason;
    if (!ledger_settle_ops(job->world->ledger, job->actor, job->run->id, &settled, 1, err))
        return false;
    return state != OP_DONE || settle_consequences(job->world, job->actor, op->cause, op->kind,
                                                   op->person, op->entitlement, err);
}

static struct send_limits limits_of(const struct job *job, const struct op *op)
{
    const struct guard_entitlement *ent = ent_of(job, op);
    assert(ent); /* an op is planned for an entitlement that was decided about */
    const struct safety *all = &job->decision->input.policy->safety;
    struct guard_windows windows = guard_windows(ent);
    struct send_limits limits = {
        .now_ms = clock_now(job->world->clock),
        .run_ent = windows.run,
        .day_ent = windows.day,
        .week_ent = windows.week,
        .run_all = (size_t)all->removals_per_run,
        .day_all = (size_t)all->removals_per_day,
        .week_all = (size_t)all->removals_per_week,
        .mode = ent->mode,
    };

    /* What the budget never holds, and what a person let go. */
    limits.released =
        op->takes_nothing || op->cause == CAUSE_BLOCKED || op->cause == CAUSE_RETURNED ||
        str_in_sorted(job->decision->input.released, job->decision->input.n_released, op->id);
    return limits;
}

/* Ops that a rate limit turned away, and when it lets them through. */
struct turned_away {
    size_t seqs[ADD_BATCH];
    size_t n;
    int64_t wait_ms;
};

/* One try of a batch: durable `sent` first, then the requests, then what the answers say. Those
 * that were accepted stay `sent`: only a look makes them done. */
static bool try_batch(struct job *job, const size_t *seqs, size_t n, struct turned_away *away,
                      struct err *err)
{
    struct arena *arena = job->arena;
    struct send_limits *limits = arena_array(arena, struct send_limits, n);
    bool *went = arena_array(arena, bool, n);
    const struct op **ops = arena_array(arena, const struct op *, n);
    struct op_result *results = arena_array(arena, struct op_result, n);
    size_t *sent = arena_array(arena, size_t, n);
    size_t n_sent = 0;

    for (size_t i = 0; i < n; i++)
        limits[i] = limits_of(job, &job->decision->plan.ops[seqs[i]]);
    if (!ledger_mark_sent(job->world->ledger, job->run, seqs, limits, n, went, err))
        return err_wrap(err, "journal");
    for (size_t i = 0; i < n; i++) {
        job->applied->states[seqs[i]] = went[i] ? OP_SENT : OP_SKIPPED;
        job->sent_at[seqs[i]] = limits[i].now_ms;
        if (!went[i]) {
            job->applied->reasons[seqs[i]] = STR("something was decided meanwhile; left alone");
            continue;
        }
        ops[n_sent] = &job->decision->plan.ops[seqs[i]];
        sent[n_sent++] = seqs[i];
    }
    const struct target *target = n_sent > 0 && is_of_store(job, view_of(job, ops[0]))
                                      ? job->store
                                      : &job->world->okta_target;
    if (n_sent > 0 && !target->apply(target->source.self, ops, n_sent, arena, results, err))
        return false;
    for (size_t i = 0; i < n_sent; i++) {
        const struct op_result *result = &results[i];
        if (result->group_refuses)
            job->group_refuses[view_of(job, ops[i])] = true;
        job->applied->reasons[sent[i]] = result->why;
        if (result->state == OP_PLANNED && result->wait_ms > 0) {
            away->seqs[away->n++] = sent[i];
            if (result->wait_ms > away->wait_ms)
                away->wait_ms = result->wait_ms;
        } else if (result->state != OP_SENT &&
                   !settle(job, sent[i], result->state, result->why, err)) {
            return err_wrap(err, "journal");
        }
    }
    return true;
}

/* Lists the touched groups of one remote. */
static bool look_at(struct job *job, const struct source *source, bool of_store,
                    struct listing *fresh, struct err *err)
{
    size_t n = job->decision->n_views, n_ids = 0;
    struct str *ids = arena_array(job->arena, struct str, n);
    struct listing *listings = arena_array(job->arena, struct listing, n);

    for (size_t i = 0; i < n; i++) {
        if (job->touched[i] && is_of_store(job, i) == of_store)
            ids[n_ids++] = job->decision->views[i].id;
    }
    if (n_ids == 0)
        return true;
    if (!source->list(source->self, ids, n_ids, job->arena, listings, err))
        return false;
    for (size_t i = 0, k = 0; i < n; i++) {
        if (job->touched[i] && is_of_store(job, i) == of_store)
            fresh[i] = listings[k++];
    }
    return true;
}

/* A removal is argued anew from a listing taken directly before it: what changed since the plan was
 * made counts. */
static bool look_again(struct job *job, struct listing *fresh, struct err *err)
{
    for (size_t i = 0; i < job->decision->n_views; i++)
        fresh[i] = (struct listing){.state = LISTING_UNKNOWN};
    return look_at(job, &job->world->okta_target.source, false, fresh, err) &&
           (!job->store || look_at(job, &job->store->source, true, fresh, err));
}

static struct str why_not_now(const struct job *job, const struct op *op,
                              const struct listing *fresh)
{
    size_t at = view_of(job, op);

    if (!listing_is_sealed(&fresh[at]))
        return STR("the group could not be listed again directly before; left alone");
    struct shrink shrink = shrink_check(&job->decision->views[at].baseline[0], &fresh[at],
                                        &job->decision->removed_by_us[at],
                                        job->decision->views[at].ent->shrink_percent, job->arena);
    if (shrink.is_shrunk && !job->decision->guards[at].shrink_acked)
        return STR("the group's listing had shrunk directly before; left alone");
    if (!listing_find(&fresh[at], op->person))
        return STR("gone already when looked at again");
    return (struct str){0};
}

/* Settles an op that cannot go after all; `*goes` says whether it can. `fresh` is of removals. */
static bool admit(struct job *job, size_t seq, const struct listing *fresh, bool *goes,
                  struct err *err)
{
    const struct op *op = &job->decision->plan.ops[seq];
    struct str why = fresh ? why_not_now(job, op, fresh) : (struct str){0};

    if (job->group_refuses[view_of(job, op)])
        why = STR("the group refuses changes");
    *goes = why.len == 0;
    return *goes || settle(job, seq, OP_SKIPPED, why, err);
}

/* Waits for the rate budget with nothing under way, and looks again: what held before a long wait
 * may not hold after it. */
static bool wait_for_budget(struct job *job, const struct turned_away *away, struct listing *fresh,
                            struct err *err)
{
    if (!ledger_take_back_sent(job->world->ledger, job->run, away->seqs, away->n, err))
        return err_wrap(err, "journal");
    for (size_t i = 0; i < away->n; i++)
        job->applied->states[away->seqs[i]] = OP_PLANNED;
    world_progress(job->world, "waiting for the rate budget", 0, 0);
    return clock_sleep(job->world->clock, away->wait_ms, err) &&
           (!fresh || look_again(job, fresh, err));
}

static bool settle_turned_away(struct job *job, const struct turned_away *away, struct err *err)
{
    for (size_t i = 0; i < away->n; i++) {
        size_t seq = away->seqs[i];
        if (!settle(job, seq, OP_PLANNED, job->applied->reasons[seq], err))
            return err_wrap(err, "journal");
    }
    return true;
}

static bool send_batch(struct job *job, const size_t *seqs, size_t n, struct listing *fresh,
                       struct err *err)
{
    size_t left[ADD_BATCH];

    memcpy(left, seqs, n * sizeof(left[0]));
    for (unsigned tries = 1; n > 0; tries++) {
        struct turned_away away = {.n = 0};
        if (!try_batch(job, left, n, &away, err))
            return false;
        if (tries == RATE_TRIES)
            return settle_turned_away(job, &away, err);
        if (away.n > 0 && !wait_for_budget(job, &away, fresh, err))
            return false;
        n = 0;
        for (size_t i = 0; i < away.n; i++) {
            bool goes;
            if (!admit(job, away.seqs[i], fresh, &goes, err))
                return false;
            if (goes)
                left[n++] = away.seqs[i];
        }
    }
    return true;
}

/* With a fresh listing of every group the removals, without one the additions. */
static bool send_kind(struct job *job, struct listing *fresh, size_t batch, struct err *err)
{
    const struct plan *plan = &job->decision->plan;
    const char *doing = fresh ? "removing" : "adding";
    size_t seqs[ADD_BATCH];
    size_t n = 0;

    for (size_t i = 0; i < plan->n; i++) {
        bool goes;
        if (!may_go(job, i) || op_is_removal(plan->ops[i].kind) != (fresh != NULL))
            continue;
        if (!admit(job, i, fresh, &goes, err))
            return false;
        if (!goes)
            continue;
        /* A batch goes to one remote. */
        if (n > 0 && is_of_store(job, view_of(job, &plan->ops[i])) !=
                         is_of_store(job, view_of(job, &plan->ops[seqs[0]]))) {
            if (!send_batch(job, seqs, n, fresh, err))
                return false;
            n = 0;
        }
        seqs[n++] = i;
        if (n < batch)
            continue;
        world_progress(job->world, doing, i, plan->n);
        if (!send_batch(job, seqs, n, fresh, err))
            return false;
        n = 0;
    }
    if (n == 0)
        return true;
    world_progress(job->world, doing, plan->n, plan->n);
    return send_batch(job, seqs, n, fresh, err);
}

static bool any_removal(const struct job *job)
{
    for (size_t i = 0; i < job->decision->plan.n; i++) {
        if (may_go(job, i) && op_is_removal(job->decision->plan.ops[i].kind))
            return true;
    }
    return false;
}

/* ---- verify ---- */

static size_t count_open(const struct job *job)
{
    size_t n = 0;

    for (size_t i = 0; i < job->decision->plan.n; i++)
        n += job->applied->states[i] == OP_SENT || job->applied->states[i] == OP_UNKNOWN;
    return n;
}

/* Looks at the groups that were written to and settles what has arrived. */
static bool verify_once(struct job *job, struct err *err)
{
    struct listing *fresh = arena_array(job->arena, struct listing, job->decision->n_views);

    if (!look_again(job, fresh, err))
        return err_wrap(err, "verifying");
    for (size_t i = 0; i < job->decision->plan.n; i++) {
        const struct op *op = &job->decision->plan.ops[i];
        if (job->applied->states[i] != OP_SENT && job->applied->states[i] != OP_UNKNOWN)
            continue;
        if (verify_op(op->kind, op->person, job->sent_at[i], &fresh[view_of(job, op)]) ==
                PROOF_REACHED &&
            !settle(job, i, OP_DONE, (struct str){0}, err))
            return false;
    }
    return true;
}

/* Reading lags writing by seconds (contracts/okta.md 3.4), so absence right after a write is asked
 * about again before it is called unknown. */
static bool verify(struct job *job, struct err *err)
{
    static const int64_t waits_ms[] = {2000, 5000, 15000};

    if (count_open(job) == 0)
        return true;
    if (!verify_once(job, err))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(waits_ms) && count_open(job) > 0; i++) {
        world_progress(job->world, "verifying", i, ARRAY_LEN(waits_ms));
        if (!clock_sleep(job->world->clock, waits_ms[i], err) || !verify_once(job, err))
            return false;
    }
    for (size_t i = 0; i < job->decision->plan.n; i++) {
        if (job->applied->states[i] == OP_SENT &&
            !settle(job, i, OP_UNKNOWN,
                    STR("accepted, not to be seen yet; the next run looks again"), err))
            return false;
    }
    return true;
}

bool apply_plan(const struct apply_order *order, struct arena *arena, struct applied *out,
                struct err *err)
{
    const struct decision *decision = order->decision;
    size_t n = decision->plan.n;
    struct job job = {
        .world = order->world,
        .decision = decision,
        .run = order->run,
        .actor = order->actor,
        .arena = arena,
        .applied = out,
        .group_refuses = arena_array(arena, bool, decision->n_views + 1),
        .touched = arena_array(arena, bool, decision->n_views + 1),
        .sent_at = arena_array(arena, int64_t, n),
        .only = order->only,
        .store = order->store,
    };

    out->states = arena_array(arena, enum op_state, n);
    out->reasons = arena_array(arena, struct str, n);
    for (size_t i = 0; i < n; i++) {
        out->states[i] = decision->verdict.held[i] ? OP_HELD : OP_PLANNED;
        if (may_go(&job, i))
            job.touched[view_of(&job, &decision->plan.ops[i])] = true;
    }
    if (!send_kind(&job, NULL, ADD_BATCH, err))
        return err_wrap(err, "apply");
    if (any_removal(&job)) {
        struct listing *fresh = arena_array(arena, struct listing, decision->n_views);
        if (!look_again(&job, fresh, err) || !send_kind(&job, fresh, REMOVAL_BATCH, err))
            return err_wrap(err, "apply");
    }
    return verify(&job, err);
}

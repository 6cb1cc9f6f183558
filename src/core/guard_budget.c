#include <stdlib.h>

#include "core/guard_internal.h"

/*
 * The budget of removals. Kinds are spent in the order of enum cause. Blocks and returns count and
 * are never held; expiries beyond it follow in later runs; of any other kind beyond it nothing
 * goes, because a mass of removals is a question for a person.
 */

size_t guard_budget(int64_t most, int64_t percent, size_t owned, unsigned times)
{
    uint64_t share;

    if (most <= 0)
        return 0;
    if (percent < 0 || __builtin_mul_overflow((uint64_t)owned, (uint64_t)percent * times, &share))
        share = 0;
    share /= 100;
    if (share < 1)
        share = 1;
    return share < (uint64_t)most ? (size_t)share : (size_t)most;
}

static size_t left(size_t allowed, size_t used)
{
    return used < allowed ? allowed - used : 0;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* How many more removals the windows have room for. */
struct rooms {
    size_t *ents; /* as guard_input.ents */
    size_t all;
};

struct guard_windows guard_windows(const struct guard_entitlement *ge)
{
    const struct entitlement *ent = ge->ent;
    int64_t percent = ent->removals_percent;
    struct guard_windows windows = {
        .run = guard_budget(ent->removals_per_run, percent, ge->owned, 1),
        .day = guard_budget(ent->removals_per_day, percent, ge->owned + ge->removed_day, 2),
        .week = guard_budget(ent->removals_per_week, percent, ge->owned + ge->removed_week, 4),
    };

    windows.left = least(windows.run, left(windows.day, ge->removed_day),
                         left(windows.week, ge->removed_week));
    return windows;
}

static size_t count_of(int64_t most)
{
    return most > 0 ? (size_t)most : 0;
}

static struct rooms measure(const struct guard_work *work)
{
    const struct guard_input *in = work->in;
    const struct safety *safety = &in->policy->safety;
    struct rooms rooms = {
        .ents = arena_array(work->arena, size_t, in->n_ents),
        .all = least(count_of(safety->removals_per_run),
                     left(count_of(safety->removals_per_day), in->removed_day),
                     left(count_of(safety->removals_per_week), in->removed_week)),
    };

    for (size_t i = 0; i < in->n_ents; i++)
        rooms.ents[i] = guard_windows(&in->ents[i]).left;
    return rooms;
}

/* Removals of one kind that nothing holds. */
struct batch {
    size_t *ops;
    size_t n;
};

/* NULL for an op of no known entitlement: there is no room that it could use. */
static size_t *room_for(const struct guard_work *work, struct rooms *rooms, size_t op)
{
    const struct guard_entitlement *ge = work->cases[op].ent;

    return ge ? &rooms->ents[ge - work->in->ents] : NULL;
}

static bool fits(const struct guard_work *work, struct rooms *rooms, size_t op)
{
    const size_t *room = room_for(work, rooms, op);

    return room && *room > 0 && rooms->all > 0;
}

static void spend(const struct guard_work *work, struct rooms *rooms, size_t op)
{
    size_t *room = room_for(work, rooms, op);

    if (room && *room > 0)
        *room -= 1;
    if (rooms->all > 0)
        rooms->all -= 1;
}

static void spend_all(const struct guard_work *work, struct rooms *rooms, struct batch batch)
{
    for (size_t i = 0; i < batch.n; i++)
        spend(work, rooms, batch.ops[i]);
}

static void hold(struct guard_work *work, size_t op, bool drips, struct str reason)
{
    guard_hold_op(work, op,
                  (struct guard_hold){.guard = GUARD_BUDGET, .reason = reason, .drips = drips});
}

struct owed {
    size_t op;
    int64_t due_ms;
};

static int compare_owed(const void *a, const void *b)
{
    const struct owed *oa = a;
    const struct owed *ob = b;

    if (oa->due_ms != ob->due_ms)
        return oa->due_ms < ob->due_ms ? -1 : 1;
    return (oa->op > ob->op) - (oa->op < ob->op);
}

/* Oldest first; what does not fit follows by itself. */
static void drip(struct guard_work *work, struct rooms *rooms, struct batch batch)
{
    struct owed *queue = arena_array(work->arena, struct owed, batch.n);

    for (size_t i = 0; i < batch.n; i++)
        queue[i] = (struct owed){batch.ops[i], work->cases[batch.ops[i]].op->due_ms};
    if (batch.n > 1)
        qsort(queue, batch.n, sizeof(queue[0]), compare_owed);
    for (size_t i = 0; i < batch.n; i++) {
        if (fits(work, rooms, queue[i].op)) {
            spend(work, rooms, queue[i].op);
        } else {
            hold(work, queue[i].op, true,
                 STR("the budget of removals is spent for now; follows in a later run"));
        }
    }
}

static void hold_batch(struct guard_work *work, struct batch batch, struct str where, size_t room)
{
    for (size_t i = 0; i < batch.n; i++) {
        const char *cause = cause_name(work->cases[batch.ops[i]].op->cause);

        hold(work, batch.ops[i], false,
             arena_printf(work->arena,
                          "%zu removals (%s) %.*s are more than the budget has left (%zu); none of "
                          "them goes without a person's word",
                          batch.n, cause, STR_ARG(where), room));
    }
}

/* All of a kind, or nothing of it: in each entitlement, and then over all of them. */
static void spend_whole(struct guard_work *work, struct rooms *rooms, struct batch batch)
{
    struct batch rest = {.ops = arena_array(work->arena, size_t, batch.n)};

    for (size_t e = 0; e < work->in->n_ents; e++) {
        const struct guard_entitlement *ge = &work->in->ents[e];
        struct batch own = {.ops = arena_array(work->arena, size_t, batch.n)};

        for (size_t i = 0; i < batch.n; i++) {
            if (work->cases[batch.ops[i]].ent == ge)
                own.ops[own.n++] = batch.ops[i];
        }
        if (own.n > rooms->ents[e]) {
            hold_batch(work, own, arena_printf(work->arena, "in %.*s", STR_ARG(ge->ent->name)),
                       rooms->ents[e]);
            continue;
        }
        for (size_t i = 0; i < own.n; i++)
            rest.ops[rest.n++] = own.ops[i];
    }
    for (size_t i = 0; i < batch.n; i++) {
        if (!work->cases[batch.ops[i]].ent)
            hold(work, batch.ops[i], false, STR("no entitlement has a budget for it"));
    }
    if (rest.n > rooms->all) {
        hold_batch(work, rest, STR("over all entitlements"), rooms->all);
    } else {
        spend_all(work, rooms, rest);
    }
}

static struct batch collect(const struct guard_work *work, bool released, enum cause cause)
{
    struct batch batch = {.ops = arena_array(work->arena, size_t, work->n)};

    for (size_t i = 0; i < work->n; i++) {
        const struct guard_case *c = &work->cases[i];

        if (c->is_removal && !c->op->takes_nothing && !work->held[i] &&
            c->is_released == released && (released || c->op->cause == cause))
            batch.ops[batch.n++] = i;
    }
    return batch;
}

void guard_spend(struct guard_work *work)
{
    static const enum cause order[] = {
        CAUSE_BLOCKED, CAUSE_REVOKED,    CAUSE_RETURNED,  CAUSE_INACTIVE,   CAUSE_EXPIRED,
        CAUSE_MOVED,   CAUSE_INELIGIBLE, CAUSE_UNMANAGED, CAUSE_ASSIGNMENT, CAUSE_GRANTED};
    struct rooms rooms = measure(work);

    /* What a person released goes; it is counted before anything else is. */
    spend_all(work, &rooms, collect(work, true, CAUSE_GRANTED));
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        struct batch batch = collect(work, false, order[i]);

        if (order[i] == CAUSE_BLOCKED || order[i] == CAUSE_RETURNED) {
            spend_all(work, &rooms, batch);
        } else if (order[i] == CAUSE_EXPIRED) {
            drip(work, &rooms, batch);
        } else {
            spend_whole(work, &rooms, batch);
        }
    }
}

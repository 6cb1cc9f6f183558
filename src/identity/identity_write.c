/* Single memberships, added and removed (contract 3.3, 3.5, 3.6): one write in flight for one
 * principal, four principals side by side, and everything read back together. */

#include "identity/identity_write.h"

#include <stdlib.h>

#include "base/map.h"
#include "identity/identity_wire.h"

#define LANES 4
#define LOOKS 4 /* of identity_options.look_again_ms */

struct batch {
    struct identity *identity;
    struct identity_task *tasks;
    size_t n;
    struct arena *arena;
};

/* ---- whose turn it is ---- */

static bool is_under_way(const struct identity_task *task)
{
    return task->step < STEP_AWAIT;
}

/* Changes that got into each other's way go one by one for their group. */
static bool gets_in_the_way(const struct identity_task *task, struct identity_task *const *picked,
                            size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((task->conflicts > 0 || picked[i]->conflicts > 0) &&
            str_eq(task->change->group, picked[i]->change->group))
            return true;
    }
    return false;
}

/* Whoever waits for an earlier change of the same principal waits for all of them. */
static size_t pick(const struct batch *batch, struct identity_task *picked[LANES])
{
    size_t n = 0;

    for (size_t i = 0; i < batch->n && n < LANES; i++) {
        struct identity_task *task = &batch->tasks[i];
        if (!is_under_way(task) || (task->before && is_under_way(task->before)) ||
            gets_in_the_way(task, picked, n))
            continue;
        picked[n++] = task;
    }
    return n;
}

/* ---- one step of those whose turn it is ---- */

static bool do_calls(struct batch *batch, struct identity_task *const *picked, size_t n,
                     struct err *err)
{
    struct identity_task *calling[LANES];
    struct aws_call calls[LANES] = {0};
    struct aws_answer answers[LANES];
    size_t n_calls = 0;

    for (size_t i = 0; i < n; i++) {
        enum identity_step step = picked[i]->step;
        if (step != STEP_FIND && step != STEP_CHECK && step != STEP_SEND)
            continue;
        calling[n_calls] = picked[i];
        calls[n_calls++] = identity_task_call(batch->identity, picked[i]);
    }
    if (!identity_exchange(batch->identity, calls, answers, n_calls, err))
        return false;
    for (size_t i = 0; i < n_calls; i++)
        identity_task_take(batch->identity, calling[i], &calls[i], &answers[i], batch->arena);
    return true;
}

static bool do_list(struct batch *batch, struct identity_task *task, struct err *err)
{
    struct identity_sought sought = {.pair = {task->change->group, task->change->user}};

    if (!identity_seek(batch->identity, &sought, 1, task->side, batch->arena, err))
        return false;
    identity_task_take_list(batch->identity, task, &sought, batch->arena);
    return true;
}

static bool look_at(struct batch *batch, struct identity_task *const *tasks, size_t n,
                    struct err *err)
{
    struct arena *call = &batch->identity->call;
    struct identity_pair *pairs = arena_array(call, struct identity_pair, n);
    enum identity_answer *answers = arena_array(call, enum identity_answer, n);
    struct str *why = arena_array(call, struct str, n);

    for (size_t i = 0; i < n; i++)
        pairs[i] = (struct identity_pair){tasks[i]->change->group, tasks[i]->change->user};
    if (!identity_look(batch->identity, pairs, n, batch->arena, answers, why, err))
        return false;
    for (size_t i = 0; i < n; i++)
        identity_task_take_look(batch->identity, tasks[i], answers[i], why[i], batch->arena);
    return true;
}

/* Conflicts pass: a pause, a look, and then another try. */
static bool do_looks(struct batch *batch, struct identity_task *const *picked, size_t n,
                     struct err *err)
{
    struct identity_task *looking[LANES];
    size_t n_looking = 0;
    unsigned conflicts = 0;

    for (size_t i = 0; i < n; i++) {
        if (picked[i]->step != STEP_LOOK)
            continue;
        looking[n_looking++] = picked[i];
        conflicts = picked[i]->conflicts > conflicts ? picked[i]->conflicts : conflicts;
    }
    if (n_looking == 0)
        return true;
    int64_t pause_ms =
        batch->identity->options.look_again_ms[conflicts < LOOKS ? conflicts - 1 : LOOKS - 1];
    return clock_sleep(batch->identity->clock, pause_ms, err) &&
           look_at(batch, looking, n_looking, err);
}

static bool step_on(struct batch *batch, struct identity_task *const *picked, size_t n,
                    struct err *err)
{
    enum identity_step steps[LANES];

    for (size_t i = 0; i < n; i++)
        steps[i] = picked[i]->step;
    if (!do_calls(batch, picked, n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (steps[i] == STEP_LIST && !do_list(batch, picked[i], err))
            return false;
    }
    return do_looks(batch, picked, n, err);
}

/* ---- stopping ---- */

static const struct identity_result *find_stop(const struct batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        if (batch->tasks[i].step == STEP_SETTLED && batch->tasks[i].out->stop)
            return batch->tasks[i].out;
    }
    return NULL;
}

static void stop_rest(struct batch *batch, const struct identity_result *because)
{
    for (size_t i = 0; i < batch->n; i++) {
        struct identity_task *task = &batch->tasks[i];
        struct str why = task->out->why; /* of a conflict that it met */
        if (!is_under_way(task))
            continue;
        if (why.len == 0) {
            why = arena_printf(batch->arena, "not sent, because of another write: %.*s",
                               STR_ARG(because->why));
        }
        identity_task_settle(task, IDENTITY_NOTHING, why);
        task->out->stop = true;
    }
}

static bool send_all(struct batch *batch, struct err *err)
{
    struct identity_task *picked[LANES];
    size_t n;

    while ((n = pick(batch, picked)) > 0) {
        arena_mark_t mark = arena_mark(&batch->identity->page);
        const struct identity_result *stop;
        if (!step_on(batch, picked, n, err))
            return false;
        arena_reset(&batch->identity->page, mark);
        stop = find_stop(batch);
        if (stop)
            stop_rest(batch, stop);
    }
    return true;
}

/* ---- reading back ---- */

static size_t find_awaited(const struct batch *batch, bool at_once, struct identity_task **out)
{
    size_t n = 0;

    for (size_t i = 0; i < batch->n; i++) {
        if (batch->tasks[i].step == STEP_AWAIT && (!at_once || batch->tasks[i].at_once))
            out[n++] = &batch->tasks[i];
    }
    return n;
}

static bool read_back(struct batch *batch, struct err *err)
{
    struct identity *identity = batch->identity;
    struct identity_task **awaited = arena_array(&identity->call, struct identity_task *, batch->n);
    int64_t began_ms = clock_boot(identity->clock);
    size_t n = find_awaited(batch, true, awaited);

    if (n > 0 && !look_at(batch, awaited, n, err))
        return false;
    for (size_t i = 0; i < LOOKS; i++) {
        int64_t wait_ms =
            began_ms + identity->options.look_again_ms[i] - clock_boot(identity->clock);
        n = find_awaited(batch, false, awaited);
        if (n == 0 || identity->denied.len > 0)
            break;
        if (wait_ms > 0 && !clock_sleep(identity->clock, wait_ms, err))
            return false;
        if (!look_at(batch, awaited, n, err))
            return false;
    }
    n = find_awaited(batch, false, awaited);
    for (size_t i = 0; i < n; i++)
        identity_task_settle(awaited[i], awaited[i]->otherwise, awaited[i]->out->why);
    return true;
}

/* ---- the batch ---- */

static int compare_changes(const void *a, const void *b)
{
    const struct identity_change *const *ca = a;
    const struct identity_change *const *cb = b;
    int order = str_cmp((*ca)->group, (*cb)->group);

    return order != 0 ? order : str_cmp((*ca)->user, (*cb)->user);
}

static bool check_allowed(struct identity *identity, const struct identity_change *changes,
                          size_t n, struct err *err)
{
    const struct identity_change **sorted =
        arena_array(&identity->call, const struct identity_change *, n);

    for (size_t i = 0; i < n; i++) {
        if (!identity_wire_is_id(changes[i].group) ||
            !str_in_sorted(identity->writable, identity->n_writable, changes[i].group)) {
            return err_set(err, ERR_INTERNAL, "identity: the group %.*s may not be written",
                           STR_ARG(changes[i].group));
        }
        sorted[i] = &changes[i];
    }
    if (n > 1) {
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): it is pointers that are sorted */
        qsort(sorted, n, sizeof(*sorted), compare_changes);
    }
    for (size_t i = 1; i < n; i++) {
        if (compare_changes(&sorted[i - 1], &sorted[i]) == 0) {
            return err_set(err, ERR_INTERNAL,
                           "identity: the user %.*s in the group %.*s twice in one batch",
                           STR_ARG(sorted[i]->user), STR_ARG(sorted[i]->group));
        }
    }
    return true;
}

static void refuse_all(struct identity_result *out, size_t n, struct str why, struct arena *arena)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct identity_result){
            .effect = IDENTITY_REFUSED, .stop = true, .why = arena_str(arena, why)};
    }
}

/* Changes of one principal are chained in their order. */
static void make_tasks(struct batch *batch, const struct identity_change *changes,
                       struct identity_result *out)
{
    struct arena *call = &batch->identity->call;
    struct map last = {0};

    batch->tasks = arena_array(call, struct identity_task, batch->n);
    for (size_t i = 0; i < batch->n; i++) {
        struct identity_task *task = &batch->tasks[i];
        *task = (struct identity_task){.change = &changes[i], .out = &out[i]};
        identity_task_start(batch->identity, task);
        if (!identity_wire_is_id(changes[i].user)) {
            identity_task_settle(task, IDENTITY_REFUSED, STR("this is not the id of a user"));
            continue;
        }
        task->before = map_put(&last, call, changes[i].user, task);
    }
}

bool identity_write(struct identity *identity, const struct identity_change *changes, size_t n,
                    struct arena *arena, struct identity_result *out, struct err *err)
{
    struct batch batch = {.identity = identity, .n = n, .arena = arena};
    enum identity_answer instead;
    struct str why;

    identity_begin(identity);
    if (!check_allowed(identity, changes, n, err))
        return false;
    if (!identity_may_ask(identity, &instead, &why)) {
        refuse_all(out, n, why, arena);
        return true;
    }
    if (identity->unwritable.len > 0) {
        refuse_all(out, n, identity->unwritable, arena);
        return true;
    }
    make_tasks(&batch, changes, out);
    return (send_all(&batch, err) && read_back(&batch, err)) ||
           err_wrap(err, "writing memberships of Identity Center");
}

#include "core/report.h"

#include "base/attr.h"

/* Holds that let go by themselves once there is room, without anybody's doing. */
static bool is_waiting_guard(const char *guard)
{
    static const enum guard waiting[] = {GUARD_LIMIT, GUARD_RATE_OF_ADDS, GUARD_BUDGET};

    for (size_t i = 0; guard && i < ARRAY_LEN(waiting); i++) {
        if (str_is(str_of(guard), guard_name(waiting[i])))
            return true;
    }
    return false;
}

static void count_op(const struct report_op *op, bool dry, struct report_summary *sum)
{
    switch (op->state) {
    case OP_HELD:
        sum->held++;
        if (op->alarm) {
            sum->held_alarm++;
        } else if (is_waiting_guard(op->guard)) {
            sum->waiting++;
        }
        return;
    case OP_FAILED: sum->failed++; return;
    case OP_SENT: /* sent and not settled: nobody knows */
    case OP_UNKNOWN: sum->unknown++; return;
    case OP_SKIPPED: sum->waiting++; return; /* overtaken while it was prepared */
    case OP_PLANNED:
        if (!dry)
            sum->waiting++;
        break;
    case OP_DONE: break;
    }
    if (op_is_add(op->op->kind)) {
        sum->adds++;
    } else {
        sum->removes++;
    }
    /* A move is an add and, often in a later run, this leave. */
    if (op->op->cause == CAUSE_MOVED)
        sum->changes++;
}

static bool is_converged(const struct report *report, const struct report_summary *sum)
{
    if (report->failed || report->remote_away || report->alarm || sum->failed > 0 ||
        sum->unknown > 0 || sum->held_alarm > 0)
        return false;
    for (size_t i = 0; i < report->n_ops; i++) {
        if (report->ops[i].state == OP_PLANNED || report->ops[i].state == OP_SKIPPED)
            return false;
    }
    return true;
}

struct report_summary report_summarize(const struct report *report)
{
    struct report_summary sum = {0};

    for (size_t i = 0; i < report->n_ops; i++)
        count_op(&report->ops[i], report->dry, &sum);
    sum.unknown += report->n_open;
    sum.converged = is_converged(report, &sum);
    return sum;
}

/* Exit codes of design 7; the first that applies of 1, 4, 5, 3, 0. */
enum { EXIT_CODE_DONE = 0, EXIT_CODE_FAILED = 1, EXIT_CODE_PENDING = 3, EXIT_CODE_ALARM = 4 };
enum { EXIT_CODE_AWAY = 5 };

static int exit_code(const struct report *report, const struct report_summary *sum, bool is_pending)
{
    if (report->failed || sum->failed > 0)
        return EXIT_CODE_FAILED;
    if (sum->held_alarm > 0 || report->alarm)
        return EXIT_CODE_ALARM;
    if (report->remote_away)
        return EXIT_CODE_AWAY;
    return is_pending ? EXIT_CODE_PENDING : EXIT_CODE_DONE;
}

int report_exit_reconcile(const struct report *report)
{
    struct report_summary sum = report_summarize(report);

    return exit_code(report, &sum, sum.waiting > 0 || sum.unknown > 0);
}

int report_exit_plan(const struct report *report, bool exit_code_asked)
{
    struct report_summary sum = report_summarize(report);
    bool is_pending = sum.unknown > 0 || sum.waiting > 0;

    for (size_t i = 0; i < report->n_ops && !is_pending; i++)
        is_pending = report->ops[i].state == OP_PLANNED;
    return exit_code(report, &sum, exit_code_asked && is_pending);
}

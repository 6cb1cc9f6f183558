#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "core/money.h"
#include "core/report.h"
#include "core/report_parts.h"
#include "core/text_table.h"

/* Longer lists are cut: a person reads the first rows, a program reads --json. */
#define ROWS_MOST ((size_t)100)

/* The report as rows in an order for people, and what the writers share. */
struct page {
    const struct report *report;
    const struct report_op **rows;
    size_t n;
    struct buf *out;
    struct arena *arena;
};

static int compare_rows(const void *a, const void *b)
{
    const struct report_op *const *ra = a;
    const struct report_op *const *rb = b;
    const struct op *x = (*ra)->op;
    const struct op *y = (*rb)->op;
    int order;

    if ((order = str_cmp(str_of((*ra)->guard), str_of((*rb)->guard))) != 0)
        return order;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if ((order = str_cmp(x->entitlement, y->entitlement)) != 0 ||
        (order = str_cmp(x->plan, y->plan)) != 0 || (order = str_cmp(x->login, y->login)) != 0)
        return order;
    return str_cmp(x->person, y->person);
}

static struct str reason_of(const struct report_op *row)
{
    return row->reason.len > 0 ? row->reason : row->op->reason;
}

/* The rows [from, to) as a table; reasons only where they are not all said above it. */
static void put_rows(const struct page *page, size_t from, size_t to, bool with_reason,
                     unsigned indent)
{
    struct text_table table = {.arena = page->arena, .n_cols = 5};
    size_t end = to - from > ROWS_MOST ? from + ROWS_MOST : to;

    for (size_t i = from; i < end; i++) {
        const struct op *op = page->rows[i]->op;
        const struct str cells[] = {
            op_is_add(op->kind) ? STR("+") : STR("-"),
            op->login.len > 0 ? op->login : op->person,
            op->entitlement,
            op->to_assignment ? op->group_name : op->plan,
            with_reason ? reason_of(page->rows[i]) : STR(""),
        };
        text_table_row(&table, cells);
    }
    text_table_print(&table, indent, page->out);
    if (end < to) {
        buf_printf(page->out, "%*s... and %zu more; --json lists them all\n", (int)indent, "",
                   to - end);
    }
}

/* Moves the rows of those states to the front of [from, n), sorted; returns where they end. */
static size_t gather(struct page *page, size_t from, unsigned states)
{
    size_t end = from;

    for (size_t i = from; i < page->n; i++) {
        if (states & (1U << page->rows[i]->state)) {
            const struct report_op *row = page->rows[i];

            page->rows[i] = page->rows[end];
            page->rows[end++] = row;
        }
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    qsort(page->rows + from, end - from, sizeof(*page->rows), compare_rows);
    return end;
}

static void put_held(const struct page *page, size_t from, size_t to)
{
    buf_printf(page->out, "Held (%zu):\n", to - from);
    while (from < to) {
        const struct report_op *first = page->rows[from];
        bool is_same = true;
        size_t end = from;

        for (; end < to && str_eq(str_of(page->rows[end]->guard), str_of(first->guard)); end++)
            is_same = is_same && str_eq(reason_of(page->rows[end]), reason_of(first));
        buf_printf(page->out, "  by %s, %zu%s", first->guard ? first->guard : "a rule", end - from,
                   first->alarm ? ", until somebody acts" : "");
        if (is_same) {
            buf_add(page->out, STR(": "));
            buf_add(page->out, utf8_printable(reason_of(first), page->arena));
        }
        buf_add_char(page->out, '\n');
        put_rows(page, from, end, !is_same, 4);
        from = end;
    }
}

static const struct section {
    unsigned states;
    const char *title, *dry_title;
} sections[] = {
    {1U << OP_DONE, "Done", "Done"},
    {1U << OP_FAILED, "Failed", "Failed"},
    {1U << OP_SENT | 1U << OP_UNKNOWN, "Not certain, the next run looks again",
     "Not certain, the next run looks again"},
    {1U << OP_PLANNED | 1U << OP_SKIPPED, "Left for the next run", "To do"},
};

static void put_ops(struct page *page)
{
    size_t from = 0;

    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        const struct section *section = &sections[i];
        size_t end = gather(page, from, section->states);

        if (end > from) {
            buf_printf(page->out, "%s (%zu):\n",
                       page->report->dry ? section->dry_title : section->title, end - from);
            put_rows(page, from, end, true, 2);
        }
        from = end;
    }
    size_t end = gather(page, from, 1U << OP_HELD);
    if (end > from)
        put_held(page, from, end);
}

/* What the head counts: in a dry run what would be done, else what was. */
struct tally {
    size_t adds, removes;
    int64_t cost_minor;
};

static struct tally tally_of(const struct report *report)
{
    struct tally tally = {0};

    for (size_t i = 0; i < report->n_ops; i++) {
        const struct report_op *row = &report->ops[i];

        if (row->state != OP_DONE && !(report->dry && row->state == OP_PLANNED))
            continue;
        *(op_is_add(row->op->kind) ? &tally.adds : &tally.removes) += 1;
        tally.cost_minor += row->op->cost_minor;
    }
    return tally;
}

static void put_head(const struct page *page)
{
    const struct report *report = page->report;
    struct report_summary sum = report_summarize(report);
    struct tally tally = tally_of(report);

    if (report->environment.len > 0) {
        buf_add(page->out, utf8_printable(report->environment, page->arena));
        buf_add(page->out, STR(": "));
    }
    if (report->failed) {
        buf_add(page->out, STR("the run failed. "));
    } else if (report->remote_away) {
        buf_add(page->out, STR("not everything could be read. "));
    }
    if (report->n_ops == 0 && !report->failed && !report->remote_away) {
        buf_add(page->out, report->alarm ? STR("nothing is done until a person has looked.\n")
                                         : STR("Nothing to do.\n"));
        return;
    }
    buf_printf(page->out, report->dry ? "%zu to add, %zu to remove" : "%zu added, %zu removed",
               tally.adds, tally.removes);
    if (sum.held > 0)
        buf_printf(page->out, ", %zu held", sum.held);
    if (sum.failed > 0)
        buf_printf(page->out, ", %zu failed", sum.failed);
    if (sum.unknown > 0)
        buf_printf(page->out, ", %zu not certain", sum.unknown);
    if (tally.cost_minor != 0) {
        buf_printf(page->out, "; the monthly cost changes by at most %s%.*s",
                   tally.cost_minor > 0 ? "+" : "",
                   STR_ARG(money_str(tally.cost_minor, report->currency, page->arena)));
    }
    buf_add(page->out, STR(".\n"));
}

static void put_intake(const struct page *page)
{
    const struct report *report = page->report;
    struct text_table table = {.arena = page->arena, .n_cols = 4};
    size_t n = report->n_intake < ROWS_MOST ? report->n_intake : ROWS_MOST;

    if (report->n_intake == 0)
        return;
    buf_printf(page->out, "Requests (%zu):\n", report->n_intake);
    for (size_t i = 0; i < n; i++) {
        const struct report_intake *intake = &report->intake[i];

        text_table_row(&table, (const struct str[]){
                                   arena_printf(page->arena, "R%lld", (long long)intake->number),
                                   intake->login, intake->state, intake->reason});
    }
    text_table_print(&table, 2, page->out);
    if (n < report->n_intake)
        buf_printf(page->out, "  ... and %zu more\n", report->n_intake - n);
}

static void put_entitlements(const struct page *page)
{
    const struct report *report = page->report;
    struct text_table table = {.arena = page->arena, .n_cols = 5};
    struct arena *arena = page->arena;

    if (report->n_ents == 0)
        return;
    buf_add(page->out, STR("Entitlements:\n"));
    for (size_t i = 0; i < report->n_ents; i++) {
        const struct report_entitlement *ent = &report->ents[i];
        const struct str cells[] = {
            ent->name,
            arena_printf(arena, "mode %s", mode_name(ent->mode)),
            arena_printf(arena, "granted to %zu", ent->desired),
            ent->readable ? arena_printf(arena, "in the groups %zu", ent->actual)
                          : STR("groups could not be read"),
            arena_printf(arena, "of them ours %zu", ent->owned),
        };
        text_table_row(&table, cells);
    }
    text_table_print(&table, 2, page->out);
}

void report_text(const struct report *report, struct buf *out)
{
    struct arena scratch;
    struct page page = {.report = report, .n = report->n_ops, .out = out, .arena = &scratch};
    size_t n_findings = report->n_findings < ROWS_MOST ? report->n_findings : ROWS_MOST;

    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    arena_init(&scratch, REPORT_SCRATCH + report->n_ops * sizeof(*page.rows));
    page.rows = arena_array(&scratch, const struct report_op *, report->n_ops);
    for (size_t i = 0; i < report->n_ops; i++)
        page.rows[i] = &report->ops[i];
    put_head(&page);
    put_ops(&page);
    put_intake(&page);
    if (n_findings > 0) {
        buf_printf(out, "Findings (%zu):\n", report->n_findings);
        report_put_findings(report->findings, n_findings, 2, out, &scratch);
        if (n_findings < report->n_findings) {
            buf_printf(out, "  ... and %zu more; `seatkeeper drift` lists them all\n",
                       report->n_findings - n_findings);
        }
    }
    put_entitlements(&page);
    arena_fini(&scratch);
}

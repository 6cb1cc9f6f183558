#include "base/attr.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "core/report.h"
#include "core/report_parts.h"
#include "core/text_table.h"

/* Findings and seats as text. */

/* A table's widths are those of so many rows; with more of them only the alignment starts anew. */
#define TABLE_ROWS ((size_t)256)

static void put_word(struct str word, struct buf *out, struct arena *scratch)
{
    if (word.len == 0)
        return;
    buf_add(out, STR("  "));
    buf_add(out, utf8_printable(word, scratch));
}

static void put_line(unsigned indent, const char *label, struct str text, struct buf *out,
                     struct arena *scratch)
{
    if (text.len == 0)
        return;
    buf_printf(out, "%*s%s", (int)indent, "", label);
    buf_add(out, utf8_printable(text, scratch));
    buf_add_char(out, '\n');
}

void report_put_findings(const struct finding *findings, size_t n, unsigned indent, struct buf *out,
                         struct arena *scratch)
{
    for (size_t i = 0; i < n; i++) {
        const struct finding *f = &findings[i];
        arena_mark_t mark = arena_mark(scratch);

        buf_printf(out, "%*s", (int)indent, "");
        buf_add(out, f->id.len > 0 ? f->id : STR("-"));
        buf_printf(out, "  %s  %s", severity_name(f->severity), finding_kind_name(f->kind));
        put_word(f->entitlement, out, scratch);
        put_word(f->login.len > 0 ? f->login : f->person, out, scratch);
        put_word(f->hop, out, scratch);
        if (f->since_ms != 0)
            buf_printf(out, "  since %.*s", STR_ARG(time_local_str(f->since_ms, scratch)));
        buf_add_char(out, '\n');
        put_line(indent + 4, "", f->detail, out, scratch);
        put_line(indent + 4, "By: ", f->actor, out, scratch);
        put_line(indent + 4, "", f->remedy, out, scratch);
        put_line(indent + 4, "Next: ", f->command, out, scratch);
        arena_reset(scratch, mark);
    }
}

void findings_text(const struct finding *findings, size_t n, struct buf *out)
{
    struct arena scratch;

    if (n == 0) {
        buf_add(out, STR("Nothing found.\n"));
        return;
    }
    arena_init(&scratch, REPORT_SCRATCH);
    report_put_findings(findings, n, 0, out, &scratch);
    arena_fini(&scratch);
}

static struct str stuck_where(const struct seat_row *row)
{
    for (size_t i = 0; i < row->n_hops; i++) {
        enum hop_word state = row->hops[i].state;

        if (state == HOP_LATE || state == HOP_UNKNOWN || state == HOP_ON_ITS_WAY ||
            row->hops[i].overdue)
            return row->hops[i].cause;
    }
    return (struct str){0};
}

/* The hop that tells how far the seat is: the first one not reached, else the last one that is. */
static struct str state_of(const struct seat_row *row, struct arena *arena)
{
    const struct hop_state *told = NULL;

    for (size_t i = 0; i < row->n_hops; i++) {
        if (row->hops[i].state == HOP_NOT_APPLICABLE)
            continue;
        told = &row->hops[i];
        if (told->state != HOP_REACHED)
            break;
    }
    if (!told)
        return STR("-");
    return arena_printf(arena, "%s %s", hop_name(told->hop), hop_word_name(told->state));
}

void seats_text(const struct seat_row *rows, size_t n, struct buf *out)
{
    struct arena scratch;

    if (n == 0) {
        buf_add(out, STR("Nobody holds a seat.\n"));
        return;
    }
    arena_init(&scratch, REPORT_SCRATCH);
    for (size_t i = 0; i < n; i += TABLE_ROWS) {
        arena_mark_t mark = arena_mark(&scratch);
        struct text_table table = {.arena = &scratch, .n_cols = 6};

        for (size_t k = i; k < n && k < i + TABLE_ROWS; k++) {
            const struct seat_row *row = &rows[k];
            const struct str cells[] = {
                row->login.len > 0 ? row->login : row->person,
                row->entitlement,
                row->plan,
                row->until_ms != 0 ? arena_printf(&scratch, "until %.*s",
                                                  STR_ARG(date_str(row->until_ms - 1, &scratch)))
                : row->owned       ? STR("")
                                   : STR("not managed"),
                state_of(row, &scratch),
                stuck_where(row),
            };
            text_table_row(&table, cells);
        }
        text_table_print(&table, 0, out);
        arena_reset(&scratch, mark);
    }
    arena_fini(&scratch);
}

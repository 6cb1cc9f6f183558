#include "core/text_table.h"

#include "base/utf8.h"

#define CELL_MAX_BYTES ((size_t)400)

static struct str cell(struct str text, struct arena *arena)
{
    struct str shown = utf8_printable(str_sub(text, 0, CELL_MAX_BYTES), arena);

    if (text.len <= CELL_MAX_BYTES)
        return shown;
    return arena_printf(arena, "%.*s...", STR_ARG(shown));
}

void text_table_row(struct text_table *table, const struct str *cells)
{
    for (size_t i = 0; i < table->n_cols; i++)
        VEC_PUSH(table->arena, &table->cells, cell(cells[i], table->arena));
}

static void put_blanks(struct buf *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_char(out, ' ');
}

static void print_row(const struct str *cells, const size_t *widths, size_t n_cols, struct buf *out)
{
    size_t owed = 0; /* blanks before the next cell; none at the end of a line */

    for (size_t i = 0; i < n_cols; i++) {
        if (widths[i] == 0)
            continue;
        if (cells[i].len > 0) {
            put_blanks(out, owed);
            buf_add(out, cells[i]);
            owed = 0;
        }
        owed += widths[i] - utf8_width(cells[i]) + 2;
    }
    buf_add_char(out, '\n');
}

void text_table_print(struct text_table *table, unsigned indent, struct buf *out)
{
    size_t n_cols = table->n_cols;
    size_t *widths = arena_array(table->arena, size_t, n_cols);

    for (size_t i = 0; i < table->cells.n; i++) {
        size_t width = utf8_width(table->cells.items[i]);

        if (width > widths[i % n_cols])
            widths[i % n_cols] = width;
    }
    for (size_t i = 0; i < table->cells.n; i += n_cols) {
        put_blanks(out, indent);
        print_row(&table->cells.items[i], widths, n_cols, out);
    }
    table->cells.n = 0;
}

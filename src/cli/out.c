#include <assert.h>

#include "base/utf8.h"
#include "cli/cli.h"

/* Tables for people. */

void table_add(struct table *table, struct arena *arena, struct str cell)
{
    if (table->n_cells == table->cap) {
        size_t cap = table->cap ? 2 * table->cap : 32;
        struct str *cells = arena_array(arena, struct str, cap);
        for (size_t i = 0; i < table->n_cells; i++)
            cells[i] = table->cells[i];
        table->cells = cells;
        table->cap = cap;
    }
    table->cells[table->n_cells++] = utf8_printable(cell, arena);
}

static void put_cell(struct buf *out, struct str text, size_t width, bool last)
{
    buf_add(out, text);
    for (size_t used = utf8_width(text); !last && used < width + 2; used++)
        buf_add_char(out, ' ');
}

void table_print(const struct table *table, struct buf *out)
{
    size_t widths[16] = {0};
    size_t n = table->n_columns < ARRAY_LEN(widths) ? table->n_columns : ARRAY_LEN(widths);

    assert(n > 0); /* every command gives its table heads */
    for (size_t c = 0; c < n; c++)
        widths[c] = utf8_width(str_of(table->heads[c]));
    for (size_t i = 0; i < table->n_cells; i++) {
        size_t width = utf8_width(table->cells[i]);
        if (width > widths[i % n])
            widths[i % n] = width;
    }
    for (size_t c = 0; c < n; c++)
        put_cell(out, str_of(table->heads[c]), widths[c], c + 1 == n);
    buf_add_char(out, '\n');
    for (size_t i = 0; i < table->n_cells; i++) {
        put_cell(out, table->cells[i], widths[i % n], i % n + 1 == n);
        if (i % n + 1 == n)
            buf_add_char(out, '\n');
    }
}

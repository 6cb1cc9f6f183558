#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"

/*
 * Aligned columns for people. Cells come from anywhere: what a terminal must not see becomes
 * U+FFFD, wide characters count as two, and what is longer than a sentence is cut. A column that is
 * empty in every row is left out.
 *
 *     struct text_table table = {.arena = &arena, .n_cols = 3};
 *     text_table_row(&table, (struct str[]){login, entitlement, plan});
 *     text_table_print(&table, 2, out);
 */

struct text_table {
    struct arena *arena; /* kept */
    size_t n_cols;
    VEC_OF(struct str) cells; /* row by row */
};

/* Copies the views; n_cols of them. */
void text_table_row(struct text_table *table, const struct str *cells);
/* Each row is one line after `indent` blanks. Empties the table. */
void text_table_print(struct text_table *table, unsigned indent, struct buf *out);

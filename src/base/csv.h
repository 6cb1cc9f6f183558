#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/*
 * CSV (RFC 4180, comma, CRLF or LF, an optional byte order mark). Strict: an unclosed or misplaced
 * quote, a record with another number of fields than the header, or bytes that are not UTF-8 are
 * errors that name the line.
 */

struct csv_reader {
    struct str rest;
    unsigned line; /* of the record read last, from 1 */
    unsigned next_line;
    size_t n_fields; /* of the header; set by the first record */
};

struct csv_reader csv_reader(struct str text); /* keeps text */
/* One record; `*more` is false at the end. Fields in arena or lent by the text. */
bool csv_next(struct csv_reader *csv, struct arena *arena, const struct str **fields, size_t *n,
              bool *more, struct err *err);

/* One field with quotes where needed. A field that a spreadsheet would take for a formula (begins
 * with = + - @ tab or CR) gets an apostrophe before it. `last` ends the record with CRLF. */
void csv_put(struct buf *out, struct str field, bool last);

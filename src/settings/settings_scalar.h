#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "settings/settings_table.h"

/* Text of the file to a value, and a value to its one canonical text. Pure. */

struct value {
    int64_t number; /* bool, int, span, index of a word, minor units, millionths */
    struct str text;
};

/* What a scalar needs to know besides its row. */
struct scalar_rules {
    unsigned minor_digits; /* of the catalogue's currency */
    struct arena *arena;
};

/* False with one sentence when `text` is no such value. */
bool scalar_read(const struct scalar_rules *rules, const struct setting *row, struct str text,
                 struct value *out, struct str *wrong);
/* As it would be written; reading it again gives the same value. In arena or lent by `value`. */
struct str scalar_text(const struct scalar_rules *rules, const struct setting *row,
                       const struct value *value);
/* The words a row takes in this version, with these texts in between: `observe, add or enforce`. In
 * arena. */
struct str words_listed(const struct setting *row, const char *between, const char *last,
                        struct arena *arena);
/* Position among words parted by blanks; -1 when it is none of them. */
int words_find(const char *words, struct str word);

/* How many digits of the currency's unit are its minor unit: 2 for USD, 0 for JPY. */
unsigned currency_digits(struct str currency);
/* `9000.00` without floating point; false on signs, too many digits behind the point, overflow. */
bool decimal_read(struct str text, unsigned digits, int64_t *out);
/* All `digits` behind the point, or with `is_short` no zeros at the end. In arena. */
struct str decimal_text(int64_t value, unsigned digits, bool is_short, struct arena *arena);

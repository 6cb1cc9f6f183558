#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

/* UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing past U+10FFFF. */

bool utf8_valid(struct str text);
/* Next character, or -1 at the end; an invalid byte gives U+FFFD and moves on by one. */
int32_t utf8_next(struct str *rest);
/* Fit for one line of a terminal, a log or a table: control characters (C0, C1, DEL), bidirectional
 * overrides and bad bytes become U+FFFD. Lent when nothing had to change, else in arena. */
struct str utf8_printable(struct str text, struct arena *arena);
/* Columns on a terminal: East Asian wide characters count two, combining ones none. */
size_t utf8_width(struct str text);

#pragma once

#include "core/money.h"

/* What the files of money share. */

struct money_span { /* a UTC month */
    int64_t from_ms, until_ms;
    int64_t days;
};

/* The month of that moment; before 1970 and after 9999 the nearest one. */
struct money_span money_span_of(int64_t ms);
/* money_month for many people in one month. */
int64_t money_month_in(const struct catalogue *catalogue, const struct money_step *steps, size_t n,
                       const struct money_span *month);

/* ---- telling it ---- */

/* What no amount holds, by words. */
#define MONEY_NOT_INCLUDED 4
extern const char *const money_not_included[MONEY_NOT_INCLUDED];

/* A member of a line by its offset. */
size_t money_count_at(const struct money_line *line, size_t at);
int64_t money_minor_at(const struct money_line *line, size_t at);

/* `2026-05`; in arena. */
struct str money_month_str(const struct money *money, struct arena *arena);

/* The lines that `by` names, and what they are lines of. */
struct money_lines {
    const struct money_line *items;
    size_t n;
    const char *head;
};
struct money_lines money_lines_by(const struct money *money, const char *by);

/* An amount in the currency that money is shown in besides, rounded down; false where there is
 * none, or where it is too much to be told. */
bool money_shown(const struct policy *policy, int64_t minor, int64_t *out);

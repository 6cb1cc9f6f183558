#include <stdlib.h>
#include <string.h>

#include "cli/adopt.h"

/* Whose seat ends when, if all must not end on one day. */

#define DAYS_MOST 3660

static int compare_order(const void *a, const void *b)
{
    const struct adopt_end *ea = a;
    const struct adopt_end *eb = b;
    int order = memcmp(ea->order, eb->order, SHA256_SIZE);

    if (order != 0)
        return order;
    return ea->index < eb->index ? -1 : ea->index > eb->index;
}

/* `D..D`; without the dots both are the same day. */
static void cut_range(struct str whole, struct str *first, struct str *last)
{
    *first = *last = whole;
    for (size_t i = 0; i + 1 < whole.len; i++) {
        if (whole.ptr[i] == '.' && whole.ptr[i + 1] == '.') {
            *first = str_sub(whole, 0, i);
            *last = str_sub(whole, i + 2, whole.len);
            return;
        }
    }
}

/* The ends of the days from the first to the last one, as the time zone has them. */
static bool read_days(const char *text, struct arena *arena, int64_t **ends, size_t *n,
                      struct err *err)
{
    struct str first, last;
    int64_t from, until, last_until;

    cut_range(str_of(text), &first, &last);
    if (!date_parse(first, &from, &until, err) || !date_parse(last, &from, &last_until, err))
        return err_wrap(err, "--until");
    *ends = arena_array(arena, int64_t, DAYS_MOST);
    for (*n = 0; until <= last_until; (*n)++) {
        if (*n == DAYS_MOST)
            return err_set(err, ERR_USAGE, "--until: more than ten years lie between those days");
        (*ends)[*n] = until;
        if (!date_parse(date_str(until, arena), &from, &until, err))
            return false;
    }
    return *n > 0 || err_set(err, ERR_USAGE, "--until: `%s` ends before it begins", text);
}

bool adopt_spread(const char *days, struct adopt_end *ends, size_t n, struct arena *arena,
                  struct err *err)
{
    int64_t *last;
    size_t n_days;

    if (!read_days(days, arena, &last, &n_days, err))
        return false;
    for (size_t i = 0; i < n; i++)
        sha256_of(ends[i].person, ends[i].order);
    if (n > 1)
        qsort(ends, n, sizeof(*ends), compare_order);
    for (size_t i = 0; i < n; i++)
        ends[i].until_ms = last[i * n_days / n];
    return true;
}

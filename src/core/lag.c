#include "core/lag.h"

#include <stdlib.h>
#include <string.h>

/* Deadlines follow the learned time, but never far from what the settings say. */
#define CEILING 4 /* times the configured span */
#define MARGIN  2 /* times the 99th percentile */

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Nearest rank: the smallest sample that so many percent do not exceed. */
static int64_t percentile(const int64_t *sorted, size_t n, size_t percent)
{
    size_t rank = (n * percent + 99) / 100;

    return sorted[rank > 0 ? rank - 1 : 0];
}

struct lag lag_learn(const int64_t *samples, size_t n, struct arena *arena)
{
    if (n == 0)
        return (struct lag){0};
    int64_t *sorted = arena_array(arena, int64_t, n);
    memcpy(sorted, samples, n * sizeof(sorted[0]));
    qsort(sorted, n, sizeof(sorted[0]), compare);
    return (struct lag){
        .n = n,
        .median_ms = percentile(sorted, n, 50),
        .p95_ms = percentile(sorted, n, 95),
        .p99_ms = percentile(sorted, n, 99),
    };
}

/* Spans come from settings and from clocks that may have jumped. */
static int64_t times(int64_t ms, int64_t factor)
{
    return ms > INT64_MAX / factor ? INT64_MAX : ms * factor;
}

int64_t lag_deadline(int64_t configured_ms, const struct lag *lag, int64_t floor_ms)
{
    if (configured_ms <= 0)
        return 0;
    if (!lag || lag->n < LAG_ENOUGH)
        return configured_ms;

    int64_t span = times(lag->p99_ms, MARGIN);
    int64_t most = times(configured_ms, CEILING);
    if (span < floor_ms)
        span = floor_ms;
    if (span < 1) /* 0 would be no deadline at all */
        span = 1;
    return span < most ? span : most;
}

/*
 * Compares two sets of people, one percent of each missing in the other: `bench_diff N`. Prints the
 * seconds of diff_people, and of a bare merge that only counts, over the same ids.
 */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/diff.h"

#define ID_LEN 20
#define STRIDE 611953 /* a prime, so every place is met once unless N is a multiple of it */

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Sorted ids, every hundredth `odd`'s own. Their text lies about in memory as after a listing,
 * which comes in whatever order the service likes. */
static struct people make_people(struct arena *arena, size_t n, unsigned odd)
{
    struct str *ids = arena_array(arena, struct str, n);
    struct people people = {ids, n};
    char text[32];

    for (size_t k = 0; k < n; k++) {
        size_t i = k * STRIDE % n;
        (void)snprintf(text, sizeof(text), "00ubench%011zu%u", i, i % 100 == 50 ? odd : 0);
        assert(strlen(text) == ID_LEN && !ids[i].ptr);
        ids[i] = arena_str(arena, str_of(text));
    }
    return people;
}

/* The least that can be done: fixed length, nothing kept. */
static size_t count_differences(const struct people *desired, const struct people *actual)
{
    size_t d = 0, a = 0, differ = 0;

    while (d < desired->n && a < actual->n) {
        int order = memcmp(desired->ids[d].ptr, actual->ids[a].ptr, ID_LEN);
        if (order == 0) {
            d++;
            a++;
            continue;
        }
        differ++;
        if (order < 0) {
            d++;
        } else {
            a++;
        }
    }
    return differ + (desired->n - d) + (actual->n - a);
}

int main(int argc, char **argv)
{
    struct arena arena;
    size_t n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;

    if (n == 0) {
        (void)fprintf(stderr, "usage: %s N\n", argv[0]);
        return 2;
    }
    arena_init(&arena, (size_t)4 << 30);
    struct people desired = make_people(&arena, n, 1);
    struct people actual = make_people(&arena, n, 2);

    size_t floor = count_differences(&desired, &actual); /* both then find the caches warm */
    double begun = seconds();
    struct difference difference = diff_people(&desired, &actual, &arena);
    double between = seconds();
    bool agree = count_differences(&desired, &actual) == floor;
    double ended = seconds();

    if (!agree || difference.missing.n + difference.surplus.n != floor ||
        difference.in_both + difference.missing.n != n) {
        (void)fprintf(stderr, "bench_diff: the two do not agree\n");
        return 1;
    }
    printf("{\"diff_s\": %.6f, \"floor_s\": %.6f, \"missing\": %zu, \"surplus\": %zu}\n",
           between - begun, ended - between, difference.missing.n, difference.surplus.n);
    arena_fini(&arena);
    return 0;
}

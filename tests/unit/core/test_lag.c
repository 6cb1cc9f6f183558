#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/rng.h"
#include "core/lag.h"

/* 1, 2, ... n, in an order of no meaning. */
static int64_t *samples(size_t n, struct arena *arena)
{
    int64_t *items = arena_array(arena, int64_t, n + 1);
    struct rng rng = rng_seed(n);

    for (size_t i = 0; i < n; i++)
        items[i] = (int64_t)i + 1;
    rng_shuffle(&rng, items, n, sizeof(items[0]));
    return items;
}

static const char *show(struct lag lag, struct arena *arena)
{
    return arena_printf(arena, "%zu: %lld %lld %lld", lag.n, (long long)lag.median_ms,
                        (long long)lag.p95_ms, (long long)lag.p99_ms)
        .ptr;
}

static void test_percentiles_are_by_nearest_rank(void **state)
{
    static const struct {
        size_t n;
        const char *shown;
    } cases[] = {
        {0, "0: 0 0 0"},        {1, "1: 1 1 1"},         {2, "2: 1 2 2"},
        {3, "3: 2 3 3"},        {4, "4: 2 4 4"},         {19, "19: 10 19 19"},
        {20, "20: 10 19 20"},   {21, "21: 11 20 21"},    {99, "99: 50 95 99"},
        {100, "100: 50 95 99"}, {101, "101: 51 96 100"}, {1000, "1000: 500 950 990"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t *items = samples(cases[i].n, *state);

        assert_string_equal(show(lag_learn(items, cases[i].n, *state), *state), cases[i].shown);
    }
}

static void test_the_samples_are_left_in_their_order(void **state)
{
    const int64_t items[] = {9, 1, INT64_MAX, 0};

    assert_string_equal(show(lag_learn(items, 4, *state), *state),
                        "4: 1 9223372036854775807 9223372036854775807");
    assert_int_equal(items[0], 9);
    assert_int_equal(items[3], 0);
    assert_string_equal(show(lag_learn(NULL, 0, *state), *state), "0: 0 0 0");
}

static void test_a_deadline_is_the_configured_one_until_enough_is_known(void **state)
{
    static const struct {
        size_t n;
        int64_t p99_ms, configured_ms, floor_ms, deadline_ms;
    } cases[] = {
        {0, 0, TIME_HOUR, 0, TIME_HOUR},
        {19, 1000, TIME_HOUR, 0, TIME_HOUR},
        {19, 1000, 5, TIME_HOUR, 5}, /* as it was set, whatever the floor */
        {20, 1000, TIME_HOUR, 0, 2000},
        {1000, 1000, TIME_HOUR, 0, 2000},
        /* One look a run tells nothing apart below that. */
        {20, 1000, TIME_HOUR, 2001, 2001},
        {20, 1000, TIME_HOUR, 1999, 2000},
        {20, 0, TIME_HOUR, 600, 600},
        {20, 0, TIME_HOUR, 0, 1},
        /* What was set counts up to four times. */
        {20, TIME_DAY, TIME_HOUR, 0, 4 * TIME_HOUR},
        {20, 2 * TIME_HOUR, TIME_HOUR, 0, 4 * TIME_HOUR},
        {20, 2 * TIME_HOUR - 1, TIME_HOUR, 0, 4 * TIME_HOUR - 2},
        {20, 1, TIME_HOUR, TIME_DAY, 4 * TIME_HOUR},
        /* None was set: there is none. */
        {20, 1000, 0, 600, 0},
        {0, 0, 0, 600, 0},
        {20, 1000, -1, 600, 0},
        {20, INT64_MAX, INT64_MAX, 0, INT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct lag lag = {.n = cases[i].n, .p99_ms = cases[i].p99_ms};

        assert_int_equal(lag_deadline(cases[i].configured_ms, &lag, cases[i].floor_ms),
                         cases[i].deadline_ms);
    }
    assert_int_equal(lag_deadline(TIME_HOUR, NULL, TIME_DAY), TIME_HOUR);
    assert_int_equal(lag_deadline(0, NULL, TIME_DAY), 0);
}

static int new_arena(void **state)
{
    static struct arena arena;

    arena_init(&arena, 1 << 18);
    *state = &arena;
    return 0;
}

static int drop_arena(void **state)
{
    arena_fini(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_percentiles_are_by_nearest_rank),
        cmocka_unit_test(test_the_samples_are_left_in_their_order),
        cmocka_unit_test(test_a_deadline_is_the_configured_one_until_enough_is_known),
    };

    return cmocka_run_group_tests(tests, new_arena, drop_arena);
}

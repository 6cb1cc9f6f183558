#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/rng.h"
#include "core/money.h"

/*
 * Properties of one person's bill and of what seats cost together, on histories made at random. A
 * failure names its seed; SEATKEEPER_SEED runs that one case alone.
 */

#define CASES 10000
#define STEPS 12
#define YEAR  INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

static uint64_t seed;

#define CHECK(claim) check((claim), #claim)

static void check(bool is_true, const char *claim)
{
    if (!is_true)
        fail_msg("seed %llu: %s", (unsigned long long)seed, claim);
}

/* --- a person's history --------------------------------------------------------------------- */

static const char *const plans[] = {"q-pro", "kiro-pro", "kiro-pro-plus", "kiro-pro-max",
                                    "kiro-power"};

static int64_t price(struct str plan)
{
    const struct catalogue_plan *row = catalogue_plan(catalogue_shipped(), plan);

    return row ? row->price_minor : 0;
}

static struct str any_plan(struct rng *rng)
{
    return str_of(plans[rng_below(rng, ARRAY_LEN(plans))]);
}

/* Somewhere in the year's first half, now and then on the edge of a day or a month. */
static int64_t any_time(struct rng *rng)
{
    static const int edges[] = {0, 31, 59, 90, 120, 151, 181};
    int64_t day =
        rng_chance(rng, 20) ? edges[rng_below(rng, ARRAY_LEN(edges))] : rng_between(rng, 0, 180);

    if (rng_chance(rng, 20))
        return YEAR + day * TIME_DAY - rng_between(rng, 0, 1);
    return YEAR + day * TIME_DAY + rng_between(rng, 0, TIME_DAY - 1);
}

static int compare_times(const void *a, const void *b)
{
    int64_t ta = *(const int64_t *)a;
    int64_t tb = *(const int64_t *)b;

    return (ta > tb) - (ta < tb);
}

struct history {
    struct money_step steps[STEPS + 1];
    size_t n;
};

/* Assigned, moved, used and cancelled in any order that the service could show. */
static struct history any_history(struct rng *rng)
{
    struct history history = {.n = (size_t)rng_between(rng, 1, STEPS)};
    int64_t times[STEPS];
    struct str plan = {0};

    for (size_t i = 0; i < history.n; i++)
        times[i] = any_time(rng);
    qsort(times, history.n, sizeof(times[0]), compare_times);
    for (size_t i = 0; i < history.n; i++) {
        bool is_use = plan.len > 0 && rng_chance(rng, 40);

        if (!is_use)
            plan = plan.len > 0 && rng_chance(rng, 20) ? (struct str){0} : any_plan(rng);
        history.steps[i] = (struct money_step){times[i], plan, is_use};
    }
    return history;
}

static int64_t any_month(struct rng *rng)
{
    static const int firsts[] = {0, 31, 59, 90, 120, 151, 181, 212};
    size_t month = rng_below(rng, ARRAY_LEN(firsts) - 1);

    return YEAR + firsts[month] * TIME_DAY +
           rng_between(rng, 0, (firsts[month + 1] - firsts[month]) * TIME_DAY - 1);
}

/* The first moment after that month. */
static int64_t month_end(int64_t month_ms)
{
    static const int firsts[] = {31, 59, 90, 120, 151, 181, 212};
    size_t i = 0;

    while (YEAR + firsts[i] * TIME_DAY <= month_ms)
        i++;
    return YEAR + firsts[i] * TIME_DAY;
}

static int64_t bill(const struct history *history, int64_t month_ms)
{
    return money_month(catalogue_shipped(), history->steps, history->n, month_ms);
}

static void for_all(void (*property)(struct rng *rng))
{
    const char *only = getenv("SEATKEEPER_SEED");
    uint64_t first = only ? strtoull(only, NULL, 10) : 1;
    uint64_t last = only ? first : CASES;

    for (seed = first; seed <= last; seed++) {
        struct rng rng = rng_seed(seed);

        property(&rng);
    }
}

/* --- one bill ------------------------------------------------------------------------------- */

static void bill_is_within_bounds(struct rng *rng)
{
    struct history history = any_history(rng);
    int64_t month = any_month(rng);
    int64_t minor = bill(&history, month);
    int64_t highest = 0;
    bool is_used = false;

    for (size_t i = 0; i < history.n && history.steps[i].at_ms < month_end(month); i++) {
        if (price(history.steps[i].plan) > highest)
            highest = price(history.steps[i].plan);
        is_used |= history.steps[i].first_use;
    }
    CHECK(minor >= 0);
    CHECK(minor <= highest);
    CHECK(is_used || minor == 0);
}

static void test_a_bill_is_between_nothing_and_the_highest_plan(void **state)
{
    (void)state;
    for_all(bill_is_within_bounds);
}

/* Steps after the month, taken away or added. */
static void what_comes_later_changes_nothing(struct rng *rng)
{
    struct history history = any_history(rng);
    int64_t month = any_month(rng);
    int64_t minor = bill(&history, month);
    struct history shorter = history;

    while (shorter.n > 0 && shorter.steps[shorter.n - 1].at_ms >= month_end(month))
        shorter.n--;
    CHECK(bill(&shorter, month) == minor);
    shorter.steps[shorter.n++] =
        (struct money_step){month_end(month) + rng_between(rng, 0, TIME_DAY), any_plan(rng), true};
    CHECK(bill(&shorter, month) == minor);
}

static void test_what_comes_after_the_month_changes_nothing(void **state)
{
    (void)state;
    for_all(what_comes_later_changes_nothing);
}

/* One seat without an end, whose plan changes, used from some time on: the history for a first use
 * at that time. */
static struct history used_from(const struct history *moves, int64_t use_ms)
{
    struct history out = {0};
    struct str plan = moves->steps[0].plan;
    size_t i = 0;

    for (; i < moves->n && moves->steps[i].at_ms <= use_ms; i++) {
        out.steps[out.n++] = moves->steps[i];
        plan = moves->steps[i].plan;
    }
    out.steps[out.n++] = (struct money_step){use_ms, plan, true};
    for (; i < moves->n; i++)
        out.steps[out.n++] = moves->steps[i];
    return out;
}

/* Earlier use never costs less, in this month or any other. */
static void earlier_use_costs_no_less(struct rng *rng)
{
    struct history moves = any_history(rng);
    int64_t month = any_month(rng);
    int64_t first = moves.steps[0].at_ms;

    for (size_t i = 0; i < moves.n; i++) {
        moves.steps[i].first_use = false;
        if (moves.steps[i].plan.len == 0)
            moves.steps[i].plan = any_plan(rng);
    }
    if (rng_chance(rng, 50)) /* ... with an end at its end */
        moves.steps[moves.n - 1].plan = moves.n > 1 ? (struct str){0} : any_plan(rng);
    bool has_end = moves.steps[moves.n - 1].plan.len == 0;
    int64_t end = has_end ? moves.steps[moves.n - 1].at_ms - 1 : YEAR + 212 * TIME_DAY;
    if (end < first)
        return;
    int64_t late = rng_between(rng, first, end);
    int64_t early = rng_between(rng, first, late);
    struct history later = used_from(&moves, late);
    struct history sooner = used_from(&moves, early);

    CHECK(bill(&sooner, month) >= bill(&later, month));
}

static void test_an_earlier_first_use_never_costs_less(void **state)
{
    (void)state;
    for_all(earlier_use_costs_no_less);
}

/* A whole month in use on one plan is its price to the cent; a part of it is that part, rounded
 * down, and two parts of a month are never more than the whole. */
static void months_add_up(struct rng *rng)
{
    struct history history = {.n = 1};
    struct str plan = any_plan(rng);
    int64_t month = any_month(rng);
    int64_t end = month_end(month);
    int64_t day = rng_between(rng, 0, 27);
    int64_t minor;

    history.steps[0] = (struct money_step){end - 31 * TIME_DAY - 1, plan, true};
    CHECK(bill(&history, month) == price(plan)); /* no month is longer than 31 days */
    history.steps[0].at_ms = end - day * TIME_DAY - 1;
    minor = bill(&history, month);
    bool is_part = false;
    for (int64_t days = 28; days <= 31; days++)
        is_part |= minor == price(plan) * (day + 1) / days;
    CHECK(is_part);
    CHECK(bill(&history, end) == price(plan));
}

static void test_parts_of_a_month_are_that_part_of_its_price(void **state)
{
    (void)state;
    for_all(months_add_up);
}

/* --- all of them ---------------------------------------------------------------------------- */

static const struct entitlement entitlements[] = {
    {.name = {"kiro-jp", 7}, .unused_after_ms = 30 * TIME_DAY},
    {.name = {"kiro-eu", 7}, .unused_after_ms = POLICY_OFF},
};

static struct money_seat any_seat(struct rng *rng)
{
    static const char *const people[] = {"ada", "bob", "cy", "dan"};
    struct money_seat seat = {
        .person = str_of(people[rng_below(rng, ARRAY_LEN(people))]),
        .entitlement = entitlements[rng_below(rng, ARRAY_LEN(entitlements))].name,
        .plan = any_plan(rng),
        .use = (enum money_use)rng_below(rng, 4),
    };

    if (seat.use != MONEY_UNKNOWN && rng_chance(rng, 80))
        seat.active_since_ms = any_time(rng);
    if (seat.use == MONEY_PENDING)
        seat.idle_since_ms = any_time(rng);
    return seat;
}

static int64_t sum_of(const struct money_line *lines, size_t n, size_t at)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t minor;

        memcpy(&minor, (const char *)&lines[i] + at, sizeof(minor));
        CHECK(minor >= 0);
        sum += minor;
    }
    return sum;
}

static void lines_add_up(struct rng *rng)
{
    static const size_t amounts[] = {
        offsetof(struct money_line, now_minor), offsetof(struct money_line, committed_minor),
        offsetof(struct money_line, forecast_minor), offsetof(struct money_line, unused_minor)};
    struct policy policy = {.catalogue = *catalogue_shipped(),
                            .entitlements = entitlements,
                            .n_entitlements = ARRAY_LEN(entitlements)};
    struct money_seat seats[STEPS];
    struct arena arena;
    size_t n = rng_below(rng, STEPS);
    int64_t now = any_time(rng);
    int64_t most = 0;

    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < n; i++) {
        seats[i] = any_seat(rng);
        most += price(seats[i].plan);
    }
    struct money money = money_of(&policy, seats, n, now, &arena);
    for (size_t k = 0; k < ARRAY_LEN(amounts); k++) {
        int64_t all = sum_of(&money.all, 1, amounts[k]);

        CHECK(sum_of(money.plans, money.n_plans, amounts[k]) == all);
        CHECK(sum_of(money.entitlements, money.n_entitlements, amounts[k]) == all);
    }
    CHECK(money.all.seats == n);
    CHECK(money.all.active + money.all.pending + money.all.canceled + money.all.unknown == n);
    CHECK(money.all.now_minor + money.all.committed_minor <= most);
    CHECK(money.all.forecast_minor <= most);
    CHECK(money.all.unused_minor <= money.all.now_minor + money.all.committed_minor);
    CHECK(money.all.unknown == 0 || money.all.now_minor > 0);

    /* One seat more never makes anything but the pending part less. */
    if (n < STEPS) {
        seats[n] = any_seat(rng);
        struct money more = money_of(&policy, seats, n + 1, now, &arena);

        CHECK(more.all.now_minor >= money.all.now_minor);
        CHECK(more.all.forecast_minor >= money.all.forecast_minor);
        CHECK(more.all.now_minor + more.all.committed_minor >=
              money.all.now_minor + money.all.committed_minor);
    }
    arena_fini(&arena);
}

static void test_lines_add_up_and_no_seat_makes_it_cheaper(void **state)
{
    (void)state;
    for_all(lines_add_up);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_bill_is_between_nothing_and_the_highest_plan),
        cmocka_unit_test(test_what_comes_after_the_month_changes_nothing),
        cmocka_unit_test(test_an_earlier_first_use_never_costs_less),
        cmocka_unit_test(test_parts_of_a_month_are_that_part_of_its_price),
        cmocka_unit_test(test_lines_add_up_and_no_seat_makes_it_cheaper),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

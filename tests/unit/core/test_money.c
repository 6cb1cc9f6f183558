#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/clock.h"
#include "core/money.h"

#define NOON  INT64_C(1779019200000) /* 2026-05-17T12:00:00Z: 15 of 31 days are left, today too */
#define LONG  (NOON - 100 * TIME_DAY)
#define TODAY NOON

/* kiro-jp and kiro-eu share one service with q-jp; wiki is another one and billed from the grant.
 */
static const struct catalogue_family families[] = {
    {{"q", 1}, {"kiro", 4}, true, true},
    {{"kiro", 4}, {"", 0}, true, true},
    {{"wiki", 4}, {"", 0}, false, false},
};
static const struct catalogue_plan plans[] = {
    {{"q-pro", 5}, {"q", 1}, {"", 0}, 10, 1900, 0, NULL, 0},
    {{"kiro-pro", 8}, {"kiro", 4}, {"", 0}, 10, 2000, 0, NULL, 0},
    {{"kiro-power", 10}, {"kiro", 4}, {"", 0}, 40, 20000, 0, NULL, 0},
    {{"wiki", 4}, {"wiki", 4}, {"", 0}, 10, 100, 0, NULL, 0},
};
static const struct entitlement entitlements[] = {
    {.name = {"kiro-jp", 7}, .unused_after_ms = 30 * TIME_DAY},
    {.name = {"kiro-eu", 7}, .unused_after_ms = POLICY_OFF},
    {.name = {"wiki", 4}, .unused_after_ms = 30 * TIME_DAY},
};
static const struct policy policy = {
    .catalogue = {{"USD", 3}, families, ARRAY_LEN(families), plans, ARRAY_LEN(plans)},
    .entitlements = entitlements,
    .n_entitlements = ARRAY_LEN(entitlements),
};

static struct money_seat seat(const char *person, const char *entitlement, const char *plan,
                              enum money_use use, int64_t since_ms)
{
    struct money_seat out = {.person = str_of(person),
                             .entitlement = str_of(entitlement),
                             .plan = str_of(plan),
                             .use = use};

    if (use == MONEY_PENDING) {
        out.idle_since_ms = since_ms;
    } else {
        out.active_since_ms = since_ms;
    }
    return out;
}

#define ACTIVE(person, ent, plan, since)   seat(person, ent, plan, MONEY_ACTIVE, since)
#define PENDING(person, ent, plan, since)  seat(person, ent, plan, MONEY_PENDING, since)
#define CANCELED(person, ent, plan, since) seat(person, ent, plan, MONEY_CANCELED, since)
#define UNKNOWN(person, ent, plan)         seat(person, ent, plan, MONEY_UNKNOWN, 0)

static struct str show_line(struct str out, const struct money_line *line, const char *name,
                            struct arena *arena)
{
    static const char *const letters[] = {"a", "p", "c", "u"};
    const size_t counts[] = {line->active, line->pending, line->canceled, line->unknown};

    out = arena_printf(arena, "%.*s%s %zu", STR_ARG(out), name, line->seats);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        if (counts[i] > 0)
            out = arena_printf(arena, "%.*s %zu%s", STR_ARG(out), counts[i], letters[i]);
    }
    assert_int_equal(line->twice_minor + (int64_t)line->twice, 0);
    return arena_printf(arena, "%.*s: %s%lld +%lld, %s%lld; %zu unused %lld\n", STR_ARG(out),
                        line->at_most ? "<=" : "", (long long)line->now_minor,
                        (long long)line->committed_minor, line->forecast_at_most ? "<=" : "",
                        (long long)line->forecast_minor, line->unused,
                        (long long)line->unused_minor);
}

/* What lines add up to, they add up to in both tables. */
static void check_sums(const struct money *money)
{
    const struct money_line *const tables[] = {money->plans, money->entitlements};
    const size_t sizes[] = {money->n_plans, money->n_entitlements};

    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        struct money_line sum = {0};

        for (size_t i = 0; i < sizes[t]; i++) {
            const struct money_line *line = &tables[t][i];

            sum.seats += line->seats;
            sum.unused += line->unused;
            sum.now_minor += line->now_minor;
            sum.committed_minor += line->committed_minor;
            sum.forecast_minor += line->forecast_minor;
            sum.unused_minor += line->unused_minor;
            sum.at_most |= line->at_most;
            sum.forecast_at_most |= line->forecast_at_most;
        }
        assert_int_equal(sum.seats, money->all.seats);
        assert_int_equal(sum.unused, money->all.unused);
        assert_int_equal(sum.now_minor, money->all.now_minor);
        assert_int_equal(sum.committed_minor, money->all.committed_minor);
        assert_int_equal(sum.forecast_minor, money->all.forecast_minor);
        assert_int_equal(sum.unused_minor, money->all.unused_minor);
        assert_int_equal(sum.at_most, money->all.at_most);
        assert_int_equal(sum.forecast_at_most, money->all.forecast_at_most);
    }
}

/* The total, and every line with seats. */
static const char *show(const struct money *money, struct arena *arena)
{
    struct str out = show_line((struct str){"", 0}, &money->all, "all", arena);

    check_sums(money);
    for (size_t i = 0; i < money->n_plans; i++) {
        if (money->plans[i].seats > 0)
            out = show_line(out, &money->plans[i], arena_cstr(arena, money->plans[i].name), arena);
    }
    for (size_t i = 0; i < money->n_entitlements; i++) {
        if (money->entitlements[i].seats > 0) {
            out = show_line(out, &money->entitlements[i],
                            arena_cstr(arena, money->entitlements[i].name), arena);
        }
    }
    return out.ptr;
}

#define SHOW(arena, ...)                                                                     \
    show_seats((const struct money_seat[]){__VA_ARGS__},                                     \
               sizeof((const struct money_seat[]){__VA_ARGS__}) / sizeof(struct money_seat), \
               (arena))

static const char *show_seats(const struct money_seat *seats, size_t n, struct arena *arena)
{
    struct money money = money_of(&policy, seats, n, NOON, arena);
    struct money_seat *back = arena_array(arena, struct money_seat, n);
    const char *text = show(&money, arena);

    for (size_t i = 0; i < n; i++)
        back[i] = seats[n - 1 - i];
    money = money_of(&policy, back, n, NOON, arena);
    assert_string_equal(show(&money, arena), text); /* in any order */
    return text;
}

static void test_nobody_costs_nothing(void **state)
{
    struct money money = money_of(&policy, NULL, 0, NOON, *state);
    char month[TIME_ISO_SIZE];

    assert_string_equal(show(&money, *state), "all 0: 0 +0, 0; 0 unused 0\n");
    assert_int_equal(money.n_plans, ARRAY_LEN(plans));
    assert_int_equal(money.n_entitlements, ARRAY_LEN(entitlements));
    assert_true(str_is(money.currency, "USD"));
    assert_string_equal(time_iso(money.month_ms, month), "2026-05-01T00:00:00.000Z");
}

static void test_use_decides_what_a_seat_costs(void **state)
{
    /* ada in full; bob from today, 15/31 of 2000 = 967.74; cy nothing before first use; dan to the
     * month's end, and nothing after it; eve may have used hers the whole month. */
    assert_string_equal(SHOW(*state, ACTIVE("ada", "kiro-jp", "kiro-pro", LONG),
                             ACTIVE("bob", "kiro-jp", "kiro-pro", TODAY),
                             PENDING("cy", "kiro-jp", "kiro-pro", TODAY),
                             CANCELED("dan", "kiro-jp", "kiro-pro", LONG),
                             UNKNOWN("eve", "kiro-eu", "kiro-power")),
                        "all 5 2a 1p 1c 1u: <=24000 +2000, <=24967; 0 unused 0\n"
                        "kiro-pro 4 2a 1p 1c: 4000 +2000, 4967; 0 unused 0\n"
                        "kiro-power 1 1u: <=20000 +0, <=20000; 0 unused 0\n"
                        "kiro-jp 4 2a 1p 1c: 4000 +2000, 4967; 0 unused 0\n"
                        "kiro-eu 1 1u: <=20000 +0, <=20000; 0 unused 0\n");
}

static void test_a_person_in_several_plans_pays_the_highest_once(void **state)
{
    assert_string_equal(SHOW(*state, ACTIVE("ada", "kiro-jp", "kiro-pro", LONG),
                             ACTIVE("ada", "kiro-eu", "kiro-power", LONG)),
                        "all 2 2a: 20000 +0, 20000; 0 unused 0\n"
                        "kiro-pro 1 1a: 0 +0, 0; 0 unused 0\n"
                        "kiro-power 1 1a: 20000 +0, 20000; 0 unused 0\n"
                        "kiro-jp 1 1a: 0 +0, 0; 0 unused 0\n"
                        "kiro-eu 1 1a: 20000 +0, 20000; 0 unused 0\n");
    /* The same plan by two entitlements; q beside kiro; two services. */
    assert_string_equal(
        SHOW(*state, ACTIVE("ada", "kiro-jp", "kiro-pro", LONG),
             ACTIVE("ada", "kiro-eu", "kiro-pro", LONG), ACTIVE("bob", "kiro-jp", "q-pro", LONG),
             ACTIVE("bob", "kiro-jp", "kiro-pro", LONG), ACTIVE("cy", "kiro-jp", "kiro-pro", LONG),
             UNKNOWN("cy", "wiki", "wiki")),
        "all 6 5a 1u: 6100 +0, 6100; 0 unused 0\n"
        "q-pro 1 1a: 0 +0, 0; 0 unused 0\n"
        "kiro-pro 4 4a: 6000 +0, 6000; 0 unused 0\n"
        "wiki 1 1u: 100 +0, 100; 0 unused 0\n"
        "kiro-jp 4 4a: 4000 +0, 4000; 0 unused 0\n"
        "kiro-eu 1 1a: 2000 +0, 2000; 0 unused 0\n"
        "wiki 1 1u: 100 +0, 100; 0 unused 0\n");
}

static void test_what_is_pending_adds_what_is_missing_to_its_plan(void **state)
{
    assert_string_equal(SHOW(*state, ACTIVE("ada", "kiro-jp", "kiro-pro", LONG),
                             PENDING("ada", "kiro-jp", "kiro-power", TODAY),
                             ACTIVE("bob", "kiro-jp", "kiro-power", LONG),
                             PENDING("bob", "kiro-eu", "kiro-pro", TODAY)),
                        "all 4 2a 2p: 22000 +18000, 22000; 0 unused 0\n"
                        "kiro-pro 2 1a 1p: 2000 +0, 2000; 0 unused 0\n"
                        "kiro-power 2 1a 1p: 20000 +18000, 20000; 0 unused 0\n"
                        "kiro-jp 3 2a 1p: 22000 +18000, 22000; 0 unused 0\n"
                        "kiro-eu 1 1p: 0 +0, 0; 0 unused 0\n");
}

static void test_the_forecast_follows_the_bills_rule(void **state)
{
    /* ada moved up today: the higher plan for the whole month. bob uses both, the lower one since
     * today: the higher one all along. cy began and ended within the month. dan's end in it is
     * known, and it is paid to its end all the same. */
    struct money_seat dan = ACTIVE("dan", "kiro-jp", "kiro-pro", LONG);

    dan.until_ms = NOON + TIME_DAY;
    assert_string_equal(SHOW(*state, ACTIVE("ada", "kiro-jp", "kiro-pro", LONG),
                             ACTIVE("ada", "kiro-jp", "kiro-power", TODAY),
                             ACTIVE("bob", "kiro-jp", "kiro-power", LONG),
                             ACTIVE("bob", "kiro-eu", "kiro-pro", TODAY),
                             CANCELED("cy", "kiro-jp", "kiro-pro", TODAY), dan),
                        "all 6 5a 1c: 42000 +0, 42967; 0 unused 0\n"
                        "kiro-pro 4 3a 1c: 2000 +0, 2967; 0 unused 0\n"
                        "kiro-power 2 2a: 40000 +0, 40000; 0 unused 0\n"
                        "kiro-jp 5 4a 1c: 42000 +0, 42967; 0 unused 0\n"
                        "kiro-eu 1 1a: 0 +0, 0; 0 unused 0\n");
}

static void test_a_cancelled_higher_plan_is_paid_this_month_beside_the_next_one(void **state)
{
    assert_string_equal(SHOW(*state, CANCELED("ada", "kiro-jp", "kiro-power", LONG),
                             ACTIVE("ada", "kiro-jp", "kiro-pro", TODAY)),
                        "all 2 1a 1c: 2000 +0, 20000; 0 unused 0\n"
                        "kiro-pro 1 1a: 2000 +0, 0; 0 unused 0\n"
                        "kiro-power 1 1c: 0 +0, 20000; 0 unused 0\n"
                        "kiro-jp 2 1a 1c: 2000 +0, 20000; 0 unused 0\n");
}

static void test_at_most_is_said_where_less_may_be_true(void **state)
{
    static const struct {
        struct money_seat seats[2];
        size_t n;
        bool at_most, forecast_at_most;
    } cases[] = {
        {{{.person = {"a", 1}, .plan = {"kiro-pro", 8}, .use = MONEY_UNKNOWN}}, 1, true, true},
        /* In use, but since when in this month? */
        {{{.person = {"a", 1}, .plan = {"kiro-pro", 8}, .use = MONEY_ACTIVE}}, 1, false, true},
        {{{.person = {"a", 1}, .plan = {"kiro-pro", 8}, .use = MONEY_CANCELED}}, 1, false, true},
        {{{.person = {"a", 1}, .plan = {"kiro-pro", 8}, .use = MONEY_PENDING}}, 1, false, false},
        /* Billed from the grant, used or not. */
        {{{.person = {"a", 1}, .plan = {"wiki", 4}, .use = MONEY_UNKNOWN}}, 1, false, false},
        {{{.person = {"a", 1}, .plan = {"wiki", 4}, .use = MONEY_PENDING}}, 1, false, false},
        /* The higher one is paid anyway; the lower one is not all there may be. */
        {{{.person = {"a", 1}, .plan = {"kiro-pro", 8}, .use = MONEY_UNKNOWN},
          {.person = {"a", 1},
           .plan = {"kiro-power", 10},
           .use = MONEY_ACTIVE,
           .active_since_ms = LONG}},
         2,
         false,
         false},
        {{{.person = {"a", 1}, .plan = {"kiro-power", 10}, .use = MONEY_UNKNOWN},
          {.person = {"a", 1},
           .plan = {"kiro-pro", 8},
           .use = MONEY_ACTIVE,
           .active_since_ms = LONG}},
         2,
         true,
         true},
        /* What it costs is not known, so that it is "at most" nothing says nothing. */
        {{{.person = {"a", 1}, .plan = {"kiro-free", 9}, .use = MONEY_UNKNOWN}}, 1, false, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct money money = money_of(&policy, cases[i].seats, cases[i].n, NOON, *state);

        if (money.all.at_most != cases[i].at_most ||
            money.all.forecast_at_most != cases[i].forecast_at_most)
            fail_msg("case %zu: %s", i, show(&money, *state));
        check_sums(&money);
    }
}

static void test_idle_seats_are_unused_after_the_time_of_their_entitlement(void **state)
{
    /* ada and bob long enough; cy a moment too short; dan where nobody asks; eve's frees nothing,
     * for she pays the higher plan; fay's frees the difference. */
    assert_string_equal(SHOW(*state, PENDING("ada", "kiro-jp", "kiro-pro", LONG),
                             PENDING("bob", "kiro-jp", "kiro-power", NOON - 30 * TIME_DAY - 1),
                             PENDING("cy", "kiro-jp", "kiro-pro", NOON - 30 * TIME_DAY),
                             PENDING("dan", "kiro-eu", "kiro-pro", LONG),
                             PENDING("eve", "kiro-jp", "kiro-pro", LONG),
                             ACTIVE("eve", "kiro-eu", "kiro-power", LONG),
                             PENDING("fay", "kiro-jp", "kiro-power", LONG),
                             ACTIVE("fay", "kiro-eu", "kiro-pro", LONG)),
                        "all 8 2a 6p: 22000 +44000, 22000; 4 unused 40000\n"
                        "kiro-pro 5 1a 4p: 2000 +6000, 2000; 2 unused 2000\n"
                        "kiro-power 3 1a 2p: 20000 +38000, 20000; 2 unused 38000\n"
                        "kiro-jp 5 5p: 0 +42000, 0; 4 unused 40000\n"
                        "kiro-eu 3 2a 1p: 22000 +2000, 22000; 0 unused 0\n");
}

static void test_what_the_settings_do_not_know_is_counted_at_no_price(void **state)
{
    assert_string_equal(SHOW(*state, ACTIVE("ada", "gone", "kiro-pro", LONG),
                             ACTIVE("ada", "gone", "kiro-free", LONG),
                             ACTIVE("bob", "also-gone", "acme", LONG)),
                        "all 3 3a: 2000 +0, 2000; 0 unused 0\n"
                        "kiro-pro 1 1a: 2000 +0, 2000; 0 unused 0\n"
                        "acme 1 1a: 0 +0, 0; 0 unused 0\n"
                        "kiro-free 1 1a: 0 +0, 0; 0 unused 0\n"
                        "also-gone 1 1a: 0 +0, 0; 0 unused 0\n"
                        "gone 2 2a: 2000 +0, 2000; 0 unused 0\n");
}

/* Whoever is not known to use a seat may do so since the first day, whatever else is written. */
static void test_unknown_use_is_billed_for_the_whole_month(void **state)
{
    struct money_seat ada = UNKNOWN("ada", "kiro-jp", "kiro-pro");

    ada.active_since_ms = TODAY;
    assert_string_equal(SHOW(*state, ada), "all 1 1u: <=2000 +0, <=2000; 0 unused 0\n"
                                           "kiro-pro 1 1u: <=2000 +0, <=2000; 0 unused 0\n"
                                           "kiro-jp 1 1u: <=2000 +0, <=2000; 0 unused 0\n");
}

static void test_a_cancelled_seat_is_not_unused(void **state)
{
    struct money_seat ada = CANCELED("ada", "kiro-jp", "kiro-pro", LONG);

    ada.idle_since_ms = LONG;
    assert_string_equal(SHOW(*state, ada), "all 1 1c: 0 +0, 2000; 0 unused 0\n"
                                           "kiro-pro 1 1c: 0 +0, 2000; 0 unused 0\n"
                                           "kiro-jp 1 1c: 0 +0, 2000; 0 unused 0\n");
}

/* low -> middle -> high are three families of one service, in no order, and the highest is the
 * cheapest. */
static void test_one_service_is_all_that_one_way_moves_connect(void **state)
{
    static const struct catalogue_family chain[] = {
        {{"high", 4}, {"", 0}, true, true},
        {{"low", 3}, {"middle", 6}, true, true},
        {{"middle", 6}, {"high", 4}, true, true},
    };
    static const struct catalogue_plan three[] = {
        {{"l", 1}, {"low", 3}, {"", 0}, 1, 300, 0, NULL, 0},
        {{"m", 1}, {"middle", 6}, {"", 0}, 1, 200, 0, NULL, 0},
        {{"h", 1}, {"high", 4}, {"", 0}, 1, 100, 0, NULL, 0},
    };
    struct policy policy_of_three = policy;
    const struct money_seat used[] = {ACTIVE("ada", "kiro-jp", "l", LONG),
                                      ACTIVE("ada", "kiro-jp", "m", LONG),
                                      ACTIVE("ada", "kiro-jp", "h", LONG)};
    const struct money_seat waiting[] = {ACTIVE("ada", "kiro-jp", "l", LONG),
                                         PENDING("ada", "kiro-jp", "h", LONG)};

    policy_of_three.catalogue = (struct catalogue){{"USD", 3}, chain, 3, three, 3};
    struct money money = money_of(&policy_of_three, used, 3, NOON, *state);
    assert_string_equal(show(&money, *state), "all 3 3a: 100 +0, 100; 0 unused 0\n"
                                              "l 1 1a: 0 +0, 0; 0 unused 0\n"
                                              "m 1 1a: 0 +0, 0; 0 unused 0\n"
                                              "h 1 1a: 100 +0, 100; 0 unused 0\n"
                                              "kiro-jp 3 3a: 100 +0, 100; 0 unused 0\n");
    /* What would cost less adds nothing, and giving it back frees nothing. */
    money = money_of(&policy_of_three, waiting, 2, NOON, *state);
    assert_string_equal(show(&money, *state), "all 2 1a 1p: 300 +0, 300; 1 unused 0\n"
                                              "l 1 1a: 300 +0, 300; 0 unused 0\n"
                                              "h 1 1p: 0 +0, 0; 1 unused 0\n"
                                              "kiro-jp 2 1a 1p: 300 +0, 300; 1 unused 0\n");
}

static void test_sums_stop_where_numbers_end(void **state)
{
    static const struct catalogue_plan dear[] = {
        {{"kiro-pro", 8}, {"kiro", 4}, {"", 0}, 10, INT64_MAX / 2 + 1, 0, NULL, 0}};
    struct policy rich = policy;
    const struct money_seat seats[] = {ACTIVE("ada", "kiro-jp", "kiro-pro", LONG),
                                       ACTIVE("bob", "kiro-jp", "kiro-pro", LONG),
                                       ACTIVE("cy", "kiro-jp", "kiro-pro", LONG)};

    rich.catalogue.plans = dear;
    rich.catalogue.n_plans = 1;
    struct money money = money_of(&rich, seats, ARRAY_LEN(seats), NOON, *state);
    assert_true(money.all.now_minor == INT64_MAX);
    assert_true(money.all.forecast_minor == INT64_MAX);
}

static int new_arena(void **state)
{
    static struct arena arena;

    arena_init(&arena, 1 << 20);
    *state = &arena;
    return 0;
}

static int end_arena(void **state)
{
    arena_fini(*state);
    return 0;
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, new_arena, end_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(test_nobody_costs_nothing),
        WITH_ARENA(test_use_decides_what_a_seat_costs),
        WITH_ARENA(test_a_person_in_several_plans_pays_the_highest_once),
        WITH_ARENA(test_what_is_pending_adds_what_is_missing_to_its_plan),
        WITH_ARENA(test_the_forecast_follows_the_bills_rule),
        WITH_ARENA(test_a_cancelled_higher_plan_is_paid_this_month_beside_the_next_one),
        WITH_ARENA(test_at_most_is_said_where_less_may_be_true),
        WITH_ARENA(test_idle_seats_are_unused_after_the_time_of_their_entitlement),
        WITH_ARENA(test_what_the_settings_do_not_know_is_counted_at_no_price),
        WITH_ARENA(test_unknown_use_is_billed_for_the_whole_month),
        WITH_ARENA(test_a_cancelled_seat_is_not_unused),
        WITH_ARENA(test_one_service_is_all_that_one_way_moves_connect),
        WITH_ARENA(test_sums_stop_where_numbers_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

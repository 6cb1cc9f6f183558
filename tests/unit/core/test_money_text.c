#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/json.h"
#include "core/money.h"
#include "core/money_parts.h"

#define MAY INT64_C(1777593600000) /* 2026-05-01T00:00:00Z */

static struct money_line plans[] = {
    {.name = {"q-pro", 5}},
    {.name = {"kiro-pro", 8},
     .seats = 4,
     .active = 2,
     .pending = 1,
     .unknown = 1,
     .now_minor = 6000,
     .committed_minor = 2000,
     .forecast_minor = 5935,
     .unused = 1,
     .unused_minor = 2000,
     .at_most = true,
     .forecast_at_most = true},
    {.name = {"kiro-power", 10},
     .seats = 60,
     .active = 60,
     .now_minor = 1200000,
     .forecast_minor = 1200000},
};
static struct money_line entitlements[] = {
    {.name = {"kiro-jp", 7},
     .seats = 64,
     .active = 62,
     .pending = 1,
     .unknown = 1,
     .now_minor = 1206000,
     .committed_minor = 2000,
     .forecast_minor = 1205935,
     .unused = 1,
     .unused_minor = 2000,
     .at_most = true,
     .forecast_at_most = true},
};

static struct money some_money(void)
{
    return (struct money){.currency = STR("USD"),
                          .month_ms = MAY,
                          .all = entitlements[0],
                          .plans = plans,
                          .n_plans = ARRAY_LEN(plans),
                          .entitlements = entitlements,
                          .n_entitlements = ARRAY_LEN(entitlements)};
}

static const struct policy in_dollars = {.catalogue = {.currency = {"USD", 3}}};
static const struct policy in_euros = {.catalogue = {.currency = {"USD", 3}},
                                       .show_in = {{"EUR", 3}, 920000}};

#define SMALL_PRINT                                                                            \
    "\nAt most: where use, or its first day, is not observed, the whole month counts.\n"       \
    "Not included: taxes, overage and add-on credits, discounts, and seats that are given in " \
    "other ways than by these groups.\n"

static void test_people_read_totals_lines_and_what_is_not_in_them(void **state)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct money money = some_money();

    (void)state;
    money_text(&money, &in_dollars, "plan", &out);
    assert_string_equal(
        out.ptr,
        "Seats      64: 62 in use, 1 pending, 1 of unknown use\n"
        "Now        at most 12,060.00 USD a month\n"
        "Committed  20.00 USD a month more, once what is pending is used\n"
        "Forecast   at most 12,059.35 USD for 2026-05 (UTC)\n"
        "Unused     1 seat not used in time; giving back saves 20.00 USD a month\n"
        "\n"
        "plan        seats  in use  pending  use unknown  now                committed  forecast   "
        "        unused\n"
        "kiro-pro    4      2       1        1            at most 60.00 USD  20.00 USD  at most "
        "59.35 USD  1\n"
        "kiro-power  60     60      0        0            12,000.00 USD      0.00 USD   12,000.00 "
        "USD      0\n" SMALL_PRINT);
}

static void test_another_currency_is_shown_beside_the_totals(void **state)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct money money = some_money();

    (void)state;
    money_text(&money, &in_euros, "entitlement", &out);
    /* 1206000 x 0.92 = 1109520; 1205935 x 0.92 = 1109460.2 */
    assert_string_equal(
        out.ptr,
        "Seats      64: 62 in use, 1 pending, 1 of unknown use\n"
        "Now        at most 12,060.00 USD (about 11,095.20 EUR) a month\n"
        "Committed  20.00 USD (about 18.40 EUR) a month more, once what is pending is used\n"
        "Forecast   at most 12,059.35 USD (about 11,094.60 EUR) for 2026-05 (UTC)\n"
        "Unused     1 seat not used in time; giving back saves 20.00 USD (about 18.40 EUR) a "
        "month\n"
        "\n"
        "entitlement  seats  in use  pending  use unknown  now                    committed  "
        "forecast               unused\n"
        "kiro-jp      64     62      1        1            at most 12,060.00 USD  20.00 USD  at "
        "most 12,059.35 USD  1\n" SMALL_PRINT);
}

static void test_what_is_nought_everywhere_is_left_out(void **state)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct money_line line = {
        .name = STR("kiro-pro"), .seats = 1, .active = 1, .now_minor = 2000, .forecast_minor = 967};
    struct money money = {
        .currency = STR("USD"), .month_ms = MAY, .all = line, .plans = &line, .n_plans = 1};

    (void)state;
    money_text(&money, &in_dollars, "plan", &out);
    assert_string_equal(out.ptr, "Seats     1: 1 in use\n"
                                 "Now       20.00 USD a month\n"
                                 "Forecast  9.67 USD for 2026-05 (UTC)\n"
                                 "\n"
                                 "plan      seats  in use  now        forecast\n"
                                 "kiro-pro  1      1       20.00 USD  9.67 USD\n"
                                 "\n"
                                 "Not included: taxes, overage and add-on credits, discounts, and "
                                 "seats that are given in other ways than by these groups.\n");
    buf_clear(&out);
    money_text(&(struct money){.currency = STR("USD")}, &in_dollars, "plan", &out);
    assert_string_equal(out.ptr, "Nobody holds a seat, and nothing is paid.\n");
}

static void test_a_bill_may_be_at_most_where_the_price_is_sure(void **state)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct money_line line = {.name = STR("kiro-pro"),
                              .seats = 1,
                              .active = 1,
                              .now_minor = 2000,
                              .forecast_minor = 2000,
                              .forecast_at_most = true};
    struct money money = {
        .currency = STR("USD"), .month_ms = MAY, .all = line, .plans = &line, .n_plans = 1};

    (void)state;
    money_text(&money, &in_dollars, "plan", &out);
    assert_non_null(strstr(out.ptr, "Now       20.00 USD a month\n"
                                    "Forecast  at most 20.00 USD for 2026-05 (UTC)\n"));
    assert_non_null(strstr(out.ptr, "kiro-pro  1      1       20.00 USD  at most 20.00 USD\n"));
    assert_non_null(strstr(out.ptr, "\nAt most: "));
}

static void test_seats_paid_twice_and_ended_ones_are_told(void **state)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct money_line line = {.name = STR("kiro-pro"),
                              .seats = 3,
                              .active = 2,
                              .canceled = 1,
                              .now_minor = 4000,
                              .forecast_minor = 6000,
                              .twice = 1,
                              .twice_minor = 2000};
    struct money money = {
        .currency = STR("USD"), .month_ms = MAY, .all = line, .plans = &line, .n_plans = 1};

    (void)state;
    money_text(&money, &in_dollars, "plan", &out);
    assert_non_null(strstr(out.ptr, "Seats     3: 2 in use, 1 ended and paid to the end of the "
                                    "month\n"));
    assert_non_null(strstr(out.ptr, "Twice     1 seat is paid twice, 20.00 USD a month\n"));
    assert_non_null(strstr(out.ptr, "plan      seats  in use  ended  now        forecast   twice\n"
                                    "kiro-pro  3      2       1      40.00 USD  60.00 USD  1\n"));
}

/* A name is only a name: what a terminal must not see does not reach it. */
static void test_names_are_made_printable(void **state)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct money_line line = {.name = STR("x\033[2J"), .seats = 1};
    struct money money = {.currency = STR("USD"), .all = line, .plans = &line, .n_plans = 1};

    (void)state;
    money_text(&money, &in_dollars, "plan", &out);
    assert_null(strchr(out.ptr, '\033'));
}

static void test_programs_read_minor_units(void **state)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct money money = some_money();
    const struct json *root;
    struct err err = {0};

    (void)state;
    money_json(&money, &in_euros, &out);
    if (!json_parse(buf_str(&out), "money", &root, &err))
        fail_msg("%s: %s", err.msg, out.ptr);
    json_free();
    assert_non_null(strstr(out.ptr, "\"month\": \"2026-05\",\n  \"currency\": \"USD\",\n"));
    assert_non_null(strstr(out.ptr, "  \"total\": {\n"
                                    "    \"seats\": 64,\n"
                                    "    \"active\": 62,\n"
                                    "    \"pending\": 1,\n"
                                    "    \"canceled\": 0,\n"
                                    "    \"unknown\": 1,\n"
                                    "    \"now_minor\": 1206000,\n"
                                    "    \"committed_minor\": 2000,\n"
                                    "    \"forecast_minor\": 1205935,\n"
                                    "    \"unused\": 1,\n"
                                    "    \"unused_minor\": 2000,\n"
                                    "    \"twice\": 0,\n"
                                    "    \"twice_minor\": 0,\n"
                                    "    \"at_most\": true,\n"
                                    "    \"forecast_at_most\": true\n"
                                    "  },\n"
                                    "  \"shown_in\": {\n"
                                    "    \"currency\": \"EUR\",\n"
                                    "    \"now_minor\": 1109520,\n"
                                    "    \"committed_minor\": 1840,\n"
                                    "    \"forecast_minor\": 1109460,\n"));
    assert_non_null(strstr(out.ptr, "\"plans\": [\n    {\n      \"name\": \"q-pro\",\n"));
    assert_non_null(strstr(out.ptr, "\"not_included\": [\n    \"taxes\",\n"));

    buf_clear(&out);
    money_json(&money, &in_dollars, &out);
    assert_null(strstr(out.ptr, "shown_in"));

    buf_clear(&out);
    money_csv(&money, "plan", &out);
    assert_string_equal(
        out.ptr, "plan,month,currency,seats,active,pending,canceled,unknown,now_minor,"
                 "committed_minor,forecast_minor,unused,unused_minor,twice,twice_minor,at_most,"
                 "forecast_at_most\r\n"
                 "q-pro,2026-05,USD,0,0,0,0,0,0,0,0,0,0,0,0,no,no\r\n"
                 "kiro-pro,2026-05,USD,4,2,1,0,1,6000,2000,5935,1,2000,0,0,yes,yes\r\n"
                 "kiro-power,2026-05,USD,60,60,0,0,0,1200000,0,1200000,0,0,0,0,no,no\r\n");
    buf_clear(&out);
    money_csv(&money, "entitlement", &out);
    assert_true(str_starts(buf_str(&out), STR("entitlement,month,currency,")));
}

static void test_amounts_are_grouped_in_the_units_of_their_currency(void **state)
{
    static const struct {
        int64_t minor;
        const char *currency, *text;
    } cases[] = {
        {123450, "USD", "1,234.50 USD"},
        {99, "USD", "0.99 USD"},
        {99999, "USD", "999.99 USD"},
        {100000, "USD", "1,000.00 USD"},
        {100000005, "USD", "1,000,000.05 USD"},
        {-123450, "EUR", "-1,234.50 EUR"},
        {1234567, "JPY", "1,234,567 JPY"},
        {-300, "JPY", "-300 JPY"},
        {1234567, "KWD", "1,234.567 KWD"},
        {7, "BHD", "0.007 BHD"},
        {INT64_MAX, "JPY", "9,223,372,036,854,775,807 JPY"},
        {INT64_MIN, "JPY", "-9,223,372,036,854,775,808 JPY"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str text = money_str(cases[i].minor, str_of(cases[i].currency), *state);

        assert_string_equal(arena_cstr(*state, text), cases[i].text);
    }
}

static void test_another_currency_is_reckoned_without_loss(void **state)
{
    static const struct {
        const char *from, *to;
        int64_t rate, minor, shown; /* shown -1: too much to be told */
    } cases[] = {
        {"USD", "EUR", 920000, 2000, 1840},     {"USD", "EUR", 920000, 1, 0}, /* 0.92 of a cent */
        {"USD", "JPY", 155000000, 2000, 3100},                                /* 20 USD at 155 */
        {"USD", "JPY", 155000000, 199, 308}, /* 1.99 x 155 = 308.45 */
        {"JPY", "USD", 6451, 3100, 1999},    /* 3100 x 0.006451 = 19.9981 */
        {"USD", "KWD", 307000, 2000, 6140},  /* 20 x 0.307 = 6.140 */
        {"KWD", "USD", 3257329, 6140, 2000}, /* 6.14 x 3.257329 = 20.0000001 */
        {"USD", "EUR", 1, 1000000, 1},          {"USD", "EUR", 1000000000000, INT64_MAX, -1},
        {"JPY", "KWD", 1000000, INT64_MAX, -1}, {"USD", "EUR", 1000000, INT64_MAX, INT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct policy policy = {.catalogue = {.currency = str_of(cases[i].from)},
                                .show_in = {str_of(cases[i].to), cases[i].rate}};
        int64_t shown = -1;

        if (!money_shown(&policy, cases[i].minor, &shown))
            shown = -1;
        if (shown != cases[i].shown)
            fail_msg("case %zu: %lld", i, (long long)shown);
    }
    assert_false(money_shown(&in_dollars, 1, &(int64_t){0}));
}

static int new_arena(void **state)
{
    static struct arena arena;

    json_init();
    arena_init(&arena, 1 << 18);
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
        WITH_ARENA(test_people_read_totals_lines_and_what_is_not_in_them),
        WITH_ARENA(test_another_currency_is_shown_beside_the_totals),
        WITH_ARENA(test_what_is_nought_everywhere_is_left_out),
        WITH_ARENA(test_a_bill_may_be_at_most_where_the_price_is_sure),
        WITH_ARENA(test_seats_paid_twice_and_ended_ones_are_told),
        WITH_ARENA(test_names_are_made_printable),
        WITH_ARENA(test_programs_read_minor_units),
        WITH_ARENA(test_amounts_are_grouped_in_the_units_of_their_currency),
        WITH_ARENA(test_another_currency_is_reckoned_without_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

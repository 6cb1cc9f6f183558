#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/clock.h"
#include "core/money_parts.h"

/* ---- months ---- */

static int64_t at(const char *time)
{
    int64_t ms = 0;

    assert_true(time_parse_iso(str_of(time), &ms));
    return ms;
}

static void test_a_month_is_the_utc_month_of_the_moment(void **state)
{
    static const struct {
        const char *moment, *month;
    } cases[] = {
        {"2026-05-04T09:12:40Z", "2026-05-01..2026-06-01 31"},
        {"2026-05-01T00:00:00.000Z", "2026-05-01..2026-06-01 31"},
        {"2026-04-30T23:59:59.999Z", "2026-04-01..2026-05-01 30"},
        {"2026-02-28T12:00:00Z", "2026-02-01..2026-03-01 28"},
        {"2028-02-29T12:00:00Z", "2028-02-01..2028-03-01 29"},
        {"2100-02-28T12:00:00Z", "2100-02-01..2100-03-01 28"},
        {"2000-02-29T12:00:00Z", "2000-02-01..2000-03-01 29"},
        {"2026-12-31T23:59:59.999Z", "2026-12-01..2027-01-01 31"},
        {"1970-01-01T00:00:00Z", "1970-01-01..1970-02-01 31"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct money_span span = money_span_of(at(cases[i].moment));
        char from[TIME_ISO_SIZE], until[TIME_ISO_SIZE], text[80];

        (void)snprintf(text, sizeof(text), "%.10s..%.10s %lld", time_iso(span.from_ms, from),
                       time_iso(span.until_ms, until), (long long)span.days);
        assert_string_equal(text, cases[i].month);
    }
    assert_int_equal(money_span_of(INT64_MIN).from_ms, 0);
    assert_true(money_span_of(INT64_MAX).from_ms < money_span_of(INT64_MAX).until_ms);
}

/* ---- the bill ---- */

/* A history in words: `2026-05-15 kiro-pro` assigns, `2026-05-15 kiro-pro!` is first used,
 * `2026-05-20 -` is cancelled; steps by `, `. A time may follow the day. */
static size_t read_steps(const char *text, struct money_step *steps)
{
    struct str rest = str_of(text);
    size_t n = 0;

    while (rest.len > 0) {
        struct str step = str_trim(str_cut(&rest, ','));
        struct str when = str_cut(&step, ' ');
        char iso[40];

        (void)snprintf(iso, sizeof(iso), "%.*s%s", STR_ARG(when),
                       str_has(when, 'T') ? "" : "T10:30:00Z");
        steps[n] = (struct money_step){.at_ms = at(iso), .plan = step};
        if (str_ends(step, STR("!"))) {
            steps[n].first_use = true;
            steps[n].plan.len--;
        }
        if (str_is(step, "-"))
            steps[n].plan = STR("");
        n++;
    }
    return n;
}

static const struct bill {
    const char *steps;
    const char *month;
    int64_t minor;
} bills[] = {
    /* Nobody, and nothing. */
    {"", "2026-05", 0},
    {"2026-05-01 kiro-pro", "2026-05", 0}, /* assigned, never used */
    {"2025-01-01 kiro-pro", "2026-05", 0}, /* ... for however long */
    {"2026-06-01T00:00:00Z kiro-pro!", "2026-05", 0},
    /* First use begins the bill; that day counts. 31 days in May, 30 in April, 28 in February. */
    {"2026-05-01T00:00:00Z kiro-pro!", "2026-05", 2000}, /* 31/31 */
    {"2026-05-01T23:59:59.999Z kiro-pro!", "2026-05", 2000},
    {"2026-05-02T00:00:00Z kiro-pro!", "2026-05", 1935},   /* 30/31 of 2000 = 1935.48 */
    {"2026-05-17 kiro-pro!", "2026-05", 967},              /* 15/31 = 967.74 */
    {"2026-05-31T23:59:59.999Z kiro-pro!", "2026-05", 64}, /* 1/31 = 64.51 */
    {"2026-04-30 q-pro!", "2026-04", 63},                  /* 1/30 of 1900 = 63.33 */
    {"2026-04-16 q-pro!", "2026-04", 950},                 /* 15/30 */
    {"2026-02-15 kiro-power!", "2026-02", 10000},          /* 14/28 of 20000 */
    {"2028-02-29 kiro-pro-plus!", "2028-02", 137},         /* 1/29 of 4000 = 137.93 */
    {"2026-03-10 kiro-pro, 2026-05-17 kiro-pro!", "2026-05", 967},
    /* From then on, every month in full. */
    {"2026-05-17 kiro-pro!", "2026-06", 2000},
    {"2026-05-17 kiro-pro!", "2027-02", 2000},
    {"2026-05-17 kiro-pro!", "2026-04", 0},
    /* Up: the higher plan from the first of its month, the lower one's share given back. */
    {"2026-03-05 kiro-pro!, 2026-05-20 kiro-power", "2026-05", 20000},
    {"2026-03-05 kiro-pro!, 2026-05-20 kiro-power", "2026-04", 2000},
    {"2026-03-05 kiro-pro!, 2026-05-20 kiro-power", "2026-06", 20000},
    {"2026-05-10 kiro-pro!, 2026-05-20 kiro-pro-plus", "2026-05", 4000},
    {"2026-05-10 kiro-pro!, 2026-05-20 kiro-pro-plus, 2026-05-21 kiro-power", "2026-05", 20000},
    {"2026-03-05 q-pro!, 2026-05-31 kiro-pro", "2026-05", 2000}, /* the one-way move is one up */
    /* Not in use yet: the plan of the first use is what is paid. */
    {"2026-05-02 kiro-pro, 2026-05-10 kiro-pro-plus, 2026-05-17 kiro-pro-plus!", "2026-05",
     1935}, /* 15/31 of 4000 = 1935.48 */
    {"2026-05-02 kiro-power, 2026-05-10 kiro-pro, 2026-05-17 kiro-pro!", "2026-05", 967},
    /* Down: from the first of the next month. */
    {"2026-03-05 kiro-power!, 2026-05-02 kiro-pro", "2026-05", 20000},
    {"2026-03-05 kiro-power!, 2026-05-02 kiro-pro", "2026-06", 2000},
    {"2026-05-17 kiro-power!, 2026-05-20 kiro-pro", "2026-05", 9677}, /* 15/31 = 9677.41 */
    {"2026-03-05 kiro-power!, 2026-05-02 kiro-pro, 2026-05-09 kiro-power", "2026-05", 20000},
    {"2026-03-05 kiro-pro!, 2026-05-02 kiro-power, 2026-05-09 kiro-pro", "2026-05", 20000},
    {"2026-03-05 kiro-pro!, 2026-05-02 kiro-power, 2026-05-09 kiro-pro", "2026-06", 2000},
    /* An end: its month is paid, none after it. */
    {"2026-03-05 kiro-pro!, 2026-05-02 -", "2026-05", 2000},
    {"2026-03-05 kiro-pro!, 2026-05-02 -", "2026-06", 0},
    {"2026-05-17 kiro-pro!, 2026-05-17T11:00:00Z -", "2026-05", 967},
    {"2026-03-05 kiro-pro, 2026-05-02 -", "2026-05", 0}, /* never used */
    {"2026-03-05 kiro-pro!, 2026-04-30T23:59:59.999Z -", "2026-05", 0},
    {"2026-03-05 kiro-pro!, 2026-05-01T00:00:00Z -", "2026-05", 2000},
    /* And again: another seat begins with another first use. */
    {"2026-03-05 kiro-pro!, 2026-04-02 -, 2026-05-03 kiro-pro", "2026-05", 0},
    {"2026-03-05 kiro-pro!, 2026-04-02 -, 2026-05-03 kiro-pro, 2026-05-17 kiro-pro!", "2026-05",
     967},
    {"2026-03-05 kiro-pro!, 2026-05-02 -, 2026-05-03 kiro-pro!", "2026-05", 2000}, /* once */
    {"2026-03-05 kiro-pro!, 2026-05-02 -, 2026-05-03 kiro-power!", "2026-05", 20000},
    /* Taken again before the cancellation came into force: the same seat goes on. */
    {"2026-03-05 kiro-pro!, 2026-05-02 -, 2026-05-31T23:59:59.999Z kiro-pro", "2026-06", 2000},
    {"2026-03-05 kiro-pro!, 2026-05-02 -, 2026-06-01T00:00:00Z kiro-pro", "2026-06", 0},
    {"2026-03-05 kiro-pro!, 2026-05-02 -, 2026-05-03 kiro-power", "2026-05", 20000},
    {"2026-03-05 kiro-power!, 2026-05-02 -, 2026-05-03 kiro-pro", "2026-05", 20000},
    {"2026-03-05 kiro-power!, 2026-05-02 -, 2026-05-03 kiro-pro", "2026-06", 2000},
    {"2026-03-05 kiro-pro!, 2026-05-02 -, 2026-05-03 kiro-pro, 2026-05-04 -", "2026-06", 0},
    {"2026-03-05 kiro-pro!, 2026-05-02 -, 2026-05-03 kiro-pro, 2026-06-10 kiro-power", "2026-06",
     20000},
    {"2026-03-05 kiro-pro, 2026-05-02 -, 2026-05-03 kiro-pro", "2026-05", 0}, /* never used */
    {"2026-03-05 kiro-pro!, 2026-04-02 -, 2026-05-02 -, 2026-05-03 kiro-pro", "2026-05", 0},
    /* The same said twice is the same. */
    {"2026-05-17 kiro-pro!, 2026-05-20 kiro-pro!, 2026-05-21 kiro-pro", "2026-05", 967},
    /* No catalogue says what it costs. */
    {"2026-03-05 kiro-free!", "2026-05", 0},
};

static int64_t bill_of(const struct bill *bill)
{
    struct money_step steps[8];
    char month[40];
    size_t n = read_steps(bill->steps, steps);

    (void)snprintf(month, sizeof(month), "%s-15T12:00:00Z", bill->month);
    return money_month(catalogue_shipped(), steps, n, at(month));
}

static void test_bills_are_what_was_worked_out_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bills); i++) {
        int64_t minor = bill_of(&bills[i]);

        if (minor != bills[i].minor) {
            fail_msg("%s in %s: %lld, not %lld", bills[i].steps, bills[i].month, (long long)minor,
                     (long long)bills[i].minor);
        }
    }
}

static void test_any_moment_of_a_month_is_that_month(void **state)
{
    struct money_step steps[8];
    size_t n = read_steps("2026-05-17 kiro-pro!", steps);

    (void)state;
    assert_int_equal(money_month(catalogue_shipped(), steps, n, at("2026-05-01T00:00:00Z")), 967);
    assert_int_equal(money_month(catalogue_shipped(), steps, n, at("2026-05-31T23:59:59Z")), 967);
    assert_int_equal(money_month(catalogue_shipped(), steps, n, at("2026-06-01T00:00:00Z")), 2000);
}

/* A family that is billed from the grant, at the highest price the settings take. */
static void test_what_is_billed_from_the_grant_needs_no_use_and_no_price_overflows(void **state)
{
    static const struct catalogue_family families[] = {{{"wiki", 4}, {"", 0}, false, false}};
    static const struct catalogue_plan plans[] = {
        {{"wiki", 4}, {"wiki", 4}, {"", 0}, 1, 3100, 0, NULL, 0},
        {{"dear", 4}, {"wiki", 4}, {"", 0}, 2, INT64_MAX, 0, NULL, 0},
    };
    const struct catalogue catalogue = {STR("USD"), families, 1, plans, ARRAY_LEN(plans)};
    struct money_step steps[8];
    size_t n = read_steps("2026-05-22 wiki", steps);

    (void)state;
    assert_int_equal(money_month(&catalogue, steps, n, at("2026-05-15T00:00:00Z")), 1000);
    assert_int_equal(money_month(&catalogue, steps, n, at("2026-06-15T00:00:00Z")), 3100);
    n = read_steps("2026-05-02 dear", steps);
    /* INT64_MAX / 31 = 297528130221121800 rest 7: times 30, and 210 / 31 = 6. */
    assert_true(money_month(&catalogue, steps, n, at("2026-05-15T00:00:00Z")) ==
                INT64_C(297528130221121800) * 30 + 6);
}

/* ---- lint ---- */

/* What is called by such a word is meant by it. */
static bool is_exempt(const char *line)
{
    return strstr(line, "floating point") || strstr(line, "DOUBLE_SEAT") ||
           strstr(line, "see_double");
}

static size_t check_file(const char *path)
{
    static const char *const banned[] = {"double", "float",  "math.h", "%f",
                                         "%g",     "strtod", "round("};
    FILE *file = fopen(path, "r");
    char line[512];
    size_t lines = 0;

    if (!file)
        fail_msg("%s is not there", path);
    for (; file && fgets(line, sizeof(line), file); lines++) {
        for (size_t k = 0; k < ARRAY_LEN(banned) && !is_exempt(line); k++) {
            if (strstr(line, banned[k]))
                fail_msg("%s:%zu: %s", path, lines + 1, banned[k]);
        }
    }
    if (file)
        (void)fclose(file);
    return lines;
}

static void test_no_file_of_money_knows_a_number_with_a_point(void **state)
{
    static const char *const files[] = {
        "src/core/money.h",        "src/core/money_parts.h", "src/core/money.c",
        "src/core/money_data.c",   "src/core/money_month.c", "src/core/money_text.c",
        "src/core/sub_findings.c", "src/core/sub_notes.c",   "src/cli/cmd_cost.c",
        "src/cli/cost_use.c",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        assert_true(check_file(files[i]) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_month_is_the_utc_month_of_the_moment),
        cmocka_unit_test(test_bills_are_what_was_worked_out_by_hand),
        cmocka_unit_test(test_any_moment_of_a_month_is_that_month),
        cmocka_unit_test(test_what_is_billed_from_the_grant_needs_no_use_and_no_price_overflows),
        cmocka_unit_test(test_no_file_of_money_knows_a_number_with_a_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

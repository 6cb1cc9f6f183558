#include "base/clock.h"
#include "unit/base/prop.h"

#define AT 1777885953000 /* 2026-05-04T09:12:33Z */

static int open_arena(void **state)
{
    static struct arena arena;

    arena_init(&arena, (size_t)1 << 20);
    *state = &arena;
    return 0;
}

static int close_arena(void **state)
{
    arena_fini(*state);
    return 0;
}

static void test_iso_times_are_read_in_every_usual_form(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t ms;
    } cases[] = {
        {"2026-05-04T09:12:33.000Z", true, AT},
        {"2026-05-04T09:12:33Z", true, AT},
        {"2026-05-04T09:12:33.5Z", true, AT + 500},
        {"2026-05-04T09:12:33.0426Z", true, AT + 42},
        {"2026-05-04T09:12:33.123456789Z", true, AT + 123},
        {"2026-05-04T09:12:33+00:00", true, AT},
        {"2026-05-04T18:12:33.250+09:00", true, AT + 250},
        {"2026-05-04T01:42:33-07:30", true, AT},
        {"1970-01-01T00:00:00Z", true, 0},
        {"2000-02-29T00:00:00Z", true, 951782400000},
        {"9999-12-31T23:59:59.999Z", true, 253402300799999},
        {"2016-12-31T23:59:60Z", true, 1483228800000}, /* a leap second */
        {"2026-02-29T00:00:00Z", false, 0},
        {"1900-02-29T00:00:00Z", false, 0},
        {"2026-13-01T00:00:00Z", false, 0},
        {"2026-00-10T00:00:00Z", false, 0},
        {"2026-04-31T00:00:00Z", false, 0},
        {"2026-05-04T24:00:00Z", false, 0},
        {"2026-05-04T09:60:00Z", false, 0},
        {"2026-05-04T09:12:61Z", false, 0},
        {"2026-05-04T09:12:33", false, 0},
        {"2026-05-04T09:12:33.Z", false, 0},
        {"2026-05-04T09:12:33+0900", false, 0},
        {"2026-05-04T09:12:33+24:00", false, 0},
        {"2026-05-04T09:12:33Zx", false, 0},
        {"2026-05-04 09:12:33Z", false, 0},
        {"2026-5-04T09:12:33Z", false, 0},
        {"2026-05--4T09:12:33Z", false, 0},
        {"-026-05-04T09:12:33Z", false, 0},
        {"1969-12-31T23:59:59Z", false, 0},
        {"2026-05-04", false, 0},
        {"", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = -1;
        if (time_parse_iso(str_of(cases[i].text), &ms) != cases[i].ok)
            fail_msg("`%s`", cases[i].text);
        assert_int_equal(ms, cases[i].ok ? cases[i].ms : -1);
    }
}

static void test_http_dates_are_imf_fixdate_only(void **state)
{
    static const char *const bad[] = {
        "",
        "Mon, 04 May 2026 09:12:33",
        "Mon, 04 May 2026 09:12:33 UTC",
        "Mon, 04 May 2026 09:12:33 GMT ",
        "Mon, 4 May 2026 09:12:33 GMT",
        "Mon, 04 may 2026 09:12:33 GMT",
        "Xxx, 04 May 2026 09:12:33 GMT",
        "Mon, 31 Jun 2026 09:12:33 GMT",
        "Monday, 04-May-26 09:12:33 GMT",
        "Mon May  4 09:12:33 2026",
    };
    int64_t ms = 0;

    assert_true(time_parse_http(STR("Mon, 04 May 2026 09:12:33 GMT"), &ms));
    assert_int_equal(ms, AT);
    assert_string_equal(time_http_str(AT, *state).ptr, "Mon, 04 May 2026 09:12:33 GMT");
    assert_string_equal(time_http_str(0, *state).ptr, "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_string_equal(time_http_str(784111777000, *state).ptr, "Sun, 06 Nov 1994 08:49:37 GMT");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (time_parse_http(str_of(bad[i]), &ms))
            fail_msg("`%s` was taken", bad[i]);
    }
}

static void test_times_are_written_with_milliseconds(void **state)
{
    char text[TIME_ISO_SIZE];

    assert_string_equal(time_iso(AT + 7, text), "2026-05-04T09:12:33.007Z");
    assert_string_equal(time_iso(0, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(time_iso(-1, text), "1969-12-31T23:59:59.999Z");
    assert_string_equal(time_iso(951782400000, text), "2000-02-29T00:00:00.000Z");
    assert_string_equal(time_iso_str(AT, *state).ptr, "2026-05-04T09:12:33.000Z");
    assert_int_equal(strlen(time_iso(INT64_MAX, text)), 24); /* nonsense, but no crash */
    assert_int_equal(strlen(time_iso(INT64_MIN, text)), 24);
}

static void test_durations_are_counts_of_falling_units(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t ms;
    } cases[] = {
        {"0s", true, 0},
        {"30s", true, 30 * TIME_SECOND},
        {"5m", true, 5 * TIME_MINUTE},
        {"2h", true, 2 * TIME_HOUR},
        {"7d", true, 7 * TIME_DAY},
        {"1d12h", true, 36 * TIME_HOUR},
        {"1d1h1m1s", true, TIME_DAY + TIME_HOUR + TIME_MINUTE + TIME_SECOND},
        {"90m", true, 90 * TIME_MINUTE},
        {"106751991167d", true, 106751991167 * TIME_DAY},
        {"106751991168d", false, 0},
        {"106751991167d8h", false, 0},
        {"99999999999999999999d", false, 0},
        {"", false, 0},
        {"5", false, 0},
        {"d", false, 0},
        {"5x", false, 0},
        {"5D", false, 0},
        {"-5s", false, 0},
        {"+5s", false, 0},
        {" 5s", false, 0},
        {"5 s", false, 0},
        {"5s ", false, 0},
        {"1.5h", false, 0},
        {"12h1d", false, 0},
        {"1h1h", false, 0},
        {"1w", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = -1;
        if (duration_parse(str_of(cases[i].text), &ms) != cases[i].ok)
            fail_msg("`%s`", cases[i].text);
        assert_int_equal(ms, cases[i].ok ? cases[i].ms : -1);
    }
}

static void test_durations_are_told_exactly_and_in_words(void **state)
{
    static const struct {
        int64_t ms;
        const char *exact, *words;
    } cases[] = {
        {0, "0s", "less than a second"},
        {TIME_SECOND, "1s", "1 second"},
        {45 * TIME_SECOND, "45s", "45 seconds"},
        {TIME_MINUTE, "1m", "1 minute"},
        {89 * TIME_SECOND, "1m29s", "89 seconds"},
        {90 * TIME_SECOND, "1m30s", "2 minutes"},
        {3 * TIME_MINUTE + 4000, "3m4s", "3 minutes"},
        {TIME_HOUR, "1h", "1 hour"},
        {36 * TIME_HOUR, "1d12h", "2 days"},
        {25 * TIME_HOUR, "1d1h", "25 hours"},
        {7 * TIME_DAY, "7d", "7 days"},
        {TIME_DAY, "1d", "1 day"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(duration_str(cases[i].ms, *state).ptr, cases[i].exact);
        assert_string_equal(duration_words(cases[i].ms, *state).ptr, cases[i].words);
    }
    assert_string_equal(duration_str(-5000, *state).ptr, "0s");
    assert_string_equal(duration_words(INT64_MAX, *state).ptr, "106751991167 days");
    assert_string_equal(duration_words(INT64_MIN, *state).ptr, "less than a second");
}

static bool written_times_are_read_as_they_were(struct rng *rng, struct arena *arena,
                                                struct buf *say)
{
    int64_t ms = rng_between(rng, 0, 253402300799999), again = -1, whole = ms / 1000 * 1000;
    struct str iso = time_iso_str(ms, arena);

    if (time_parse_iso(iso, &again) && again == ms &&
        time_parse_http(time_http_str(ms, arena), &again) && again == whole)
        return true;
    buf_printf(say, "%" PRId64 " is written %.*s and read %" PRId64, ms, STR_ARG(iso), again);
    return false;
}

static bool later_times_sort_later(struct rng *rng, struct arena *arena, struct buf *say)
{
    int64_t a = rng_between(rng, 0, 253402300799999);
    int64_t b = rng_chance(rng, 50) ? a + 1 : rng_between(rng, 0, 253402300799999);
    int order = str_cmp(time_iso_str(a, arena), time_iso_str(b, arena));

    if ((order < 0) == (a < b) && (order == 0) == (a == b))
        return true;
    buf_printf(say, "%" PRId64 " and %" PRId64, a, b);
    return false;
}

static bool written_durations_are_read_as_they_were(struct rng *rng, struct arena *arena,
                                                    struct buf *say)
{
    int64_t seconds = rng_between(rng, 0, rng_chance(rng, 50) ? 200000 : INT64_MAX / 1000);
    int64_t again = -1;
    struct str text = duration_str(seconds * 1000, arena);

    if (duration_parse(text, &again) && again == seconds * 1000)
        return true;
    buf_printf(say, "%" PRId64 " s is written %.*s", seconds, STR_ARG(text));
    return false;
}

static void test_written_times_are_read_as_they_were(void **state)
{
    (void)state;
    for_all(written_times_are_read_as_they_were);
}

static void test_later_times_sort_later(void **state)
{
    (void)state;
    for_all(later_times_sort_later);
}

static void test_written_durations_are_read_as_they_were(void **state)
{
    (void)state;
    for_all(written_durations_are_read_as_they_were);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iso_times_are_read_in_every_usual_form),
        cmocka_unit_test(test_http_dates_are_imf_fixdate_only),
        cmocka_unit_test(test_times_are_written_with_milliseconds),
        cmocka_unit_test(test_durations_are_counts_of_falling_units),
        cmocka_unit_test(test_durations_are_told_exactly_and_in_words),
        cmocka_unit_test(test_written_times_are_read_as_they_were),
        cmocka_unit_test(test_later_times_sort_later),
        cmocka_unit_test(test_written_durations_are_read_as_they_were),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}

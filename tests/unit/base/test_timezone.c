#include "base/clock.h"
#include "unit/base/prop.h"

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

/* `from .. until` in UTC, or the error. */
static const char *day(const char *zone, const char *date, struct arena *arena)
{
    int64_t from, until;
    struct err err = {0};

    if (!timezone_set(str_of(zone), &err)) {
        assert_int_equal(err.kind, ERR_SETTINGS);
        return arena_cstr(arena, str_of(err.msg));
    }
    if (!date_parse(str_of(date), &from, &until, &err)) {
        assert_int_equal(err.kind, ERR_USAGE);
        return arena_cstr(arena, str_of(err.msg));
    }
    struct str a = time_iso_str(from, arena), b = time_iso_str(until, arena);
    return arena_printf(arena, "%.*s .. %.*s", STR_ARG(str_sub(a, 0, 16)),
                        STR_ARG(str_sub(b, 0, 16)))
        .ptr;
}

static void test_a_date_is_that_whole_day_in_the_zone(void **state)
{
    static const struct {
        const char *zone, *date, *want;
    } cases[] = {
        {"UTC", "2026-05-04", "2026-05-04T00:00 .. 2026-05-05T00:00"},
        {"Asia/Tokyo", "2026-05-04", "2026-05-03T15:00 .. 2026-05-04T15:00"},
        {"Europe/Berlin", "2026-03-29", "2026-03-28T23:00 .. 2026-03-29T22:00"}, /* 23 hours */
        {"Europe/Berlin", "2026-10-25", "2026-10-24T22:00 .. 2026-10-25T23:00"}, /* 25 hours */
        {"Asia/Kolkata", "2026-12-31", "2026-12-30T18:30 .. 2026-12-31T18:30"},
        {"UTC", "2028-02-29", "2028-02-29T00:00 .. 2028-03-01T00:00"},
        {"UTC", "1970-01-01", "1970-01-01T00:00 .. 1970-01-02T00:00"},
        {"America/Santiago", "2026-09-06", "2026-09-06T04:00 .. 2026-09-07T03:00"}, /* no 00:00 */
        {"America/Havana", "2026-11-01", "2026-11-01T04:00 .. 2026-11-02T05:00"}, /* 00:00 twice */
        {"America/Havana", "2026-10-31", "2026-10-31T04:00 .. 2026-11-01T04:00"},
        {"Pacific/Apia", "2011-12-29", "2011-12-29T10:00 .. 2011-12-30T10:00"},
        {"Pacific/Apia", "2011-12-30", "there is no day 2011-12-30"}, /* the date line moved */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(day(cases[i].zone, cases[i].date, *state), cases[i].want);
}

static void test_what_is_no_date_is_refused(void **state)
{
    static const struct {
        const char *date, *want;
    } cases[] = {
        {"2026-02-29", "there is no day 2026-02-29"},
        {"2026-04-31", "there is no day 2026-04-31"},
        {"2026-13-01", "there is no day 2026-13-01"},
        {"2026-00-01", "there is no day 2026-00-01"},
        {"2026-01-00", "there is no day 2026-01-00"},
        {"1969-12-31", "there is no day 1969-12-31"},
        {"2026-5-4", "`2026-5-4` is not a date; write it like 2026-12-31"},
        {"04.05.2026", "`04.05.2026` is not a date; write it like 2026-12-31"},
        {"2026-05-04T", "`2026-05-04T` is not a date; write it like 2026-12-31"},
        {"2026-05- 4", "`2026-05- 4` is not a date; write it like 2026-12-31"},
        {"", "`` is not a date; write it like 2026-12-31"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(day("UTC", cases[i].date, *state), cases[i].want);
}

static void test_only_compiled_zones_are_taken(void **state)
{
    static const char *const bad[] = {"",      "Asia",   "Asia/Atlantis", "../zoneinfo/UTC",
                                      "/etc",  "JST-9",  "tzdata.zi",     "zone.tab",
                                      "Asia/", "Asia/.", "asia/tokyo"};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *got = day(bad[i], "2026-05-04", *state);
        if (!strstr(got, "is not known here"))
            fail_msg("`%s`: %s", bad[i], got);
    }
}

static void test_days_and_minutes_are_told_in_the_zone(void **state)
{
    struct arena *arena = *state;

    assert_true(timezone_set(STR("Asia/Tokyo"), NULL));
    assert_string_equal(date_str(1777885953000, arena).ptr, "2026-05-04");
    assert_string_equal(time_local_str(1777885953000, arena).ptr, "2026-05-04 18:12");
    assert_string_equal(date_str(1777910400000, arena).ptr, "2026-05-05");
    assert_true(timezone_set(STR("UTC"), NULL));
    assert_string_equal(time_local_str(1777885953000, arena).ptr, "2026-05-04 09:12");
}

static bool days_follow_each_other_without_gap(struct rng *rng, struct arena *arena,
                                               struct buf *say)
{
    int64_t at = rng_between(rng, 0, 4102444800000), from, until, next, after;
    struct str date = date_str(at, arena);
    struct err err = {0};

    bool ok = date_parse(date, &from, &until, &err) && from <= at && at < until &&
              date_parse(date_str(until, arena), &next, &after, &err) && next == until;
    if (!ok)
        buf_printf(say, "%.*s at %" PRId64 " %s", STR_ARG(date), at, err.msg);
    return ok;
}

static void test_days_follow_each_other_without_gap(void **state)
{
    static const char *const zones[] = {"UTC", "Europe/Berlin", "America/Havana", "Asia/Beirut"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
        assert_true(timezone_set(str_of(zones[i]), NULL));
        for_all(days_follow_each_other_without_gap);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_date_is_that_whole_day_in_the_zone),
        cmocka_unit_test(test_what_is_no_date_is_refused),
        cmocka_unit_test(test_only_compiled_zones_are_taken),
        cmocka_unit_test(test_days_and_minutes_are_told_in_the_zone),
        cmocka_unit_test(test_days_follow_each_other_without_gap),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}

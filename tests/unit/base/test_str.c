#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/str.h"

#define NONE ((struct str){0})

static void assert_str(struct str got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.ptr ? got.ptr : "", want, got.len);
}

static void test_the_zeroed_view_is_the_empty_string(void **state)
{
    (void)state;
    assert_true(str_eq(NONE, STR("")));
    assert_true(str_is(NONE, ""));
    assert_true(str_ieq(NONE, STR("")));
    assert_int_equal(str_cmp(NONE, STR("")), 0);
    assert_true(str_starts(STR("a"), NONE));
    assert_true(str_ends(NONE, NONE));
    assert_false(str_has(NONE, 'a'));
    assert_int_equal(str_trim(NONE).len, 0);
    assert_int_equal(str_sub(NONE, 0, 9).len, 0);
    assert_int_equal(str_of(NULL).len, 0);
}

static void test_views_are_compared_as_bytes(void **state)
{
    (void)state;
    assert_true(str_eq(STR("a\0b"), STR("a\0b")));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_false(str_eq(STR("ab"), STR("abc")));
    assert_true(str_cmp(STR("ab"), STR("abc")) < 0);
    assert_true(str_cmp(STR("b"), STR("abc")) > 0);
    assert_true(str_cmp(STR("\xC3\xA4"), STR("z")) > 0);
    assert_true(str_ieq(STR("ADA@Example.org"), STR("ada@eXample.ORG")));
    assert_false(str_ieq(STR("\xC3\x84"), STR("\xC3\xA4")));
    assert_false(str_ieq(STR("[x"), STR("{x")));
}

static void test_prefix_and_suffix_count_whole_text(void **state)
{
    (void)state;
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_true(str_starts(STR("abc"), STR("abc")));
    assert_false(str_starts(STR("ab"), STR("abc")));
    assert_true(str_ends(STR("abc"), STR("bc")));
    assert_false(str_ends(STR("bc"), STR("abc")));
}

static void test_sub_is_clamped_to_the_text(void **state)
{
    (void)state;
    assert_str(str_sub(STR("abcdef"), 2, 4), "cd");
    assert_str(str_sub(STR("abc"), 1, 99), "bc");
    assert_str(str_sub(STR("abc"), 3, 99), "");
    assert_str(str_sub(STR("abc"), 99, 100), "");
    assert_str(str_sub(STR("abc"), 2, 1), "");
}

static void test_trim_takes_white_space_at_both_ends_only(void **state)
{
    (void)state;
    assert_str(str_trim(STR(" \t\r\n a b \v\f")), "a b");
    assert_str(str_trim(STR("   ")), "");
    assert_str(str_trim(STR("\xC2\xA0x")), "\xC2\xA0x");
}

static void test_cut_walks_fields_and_tells_the_last_by_a_null_pointer(void **state)
{
    struct str rest = STR("a,,b");

    (void)state;
    assert_str(str_cut(&rest, ','), "a");
    assert_str(str_cut(&rest, ','), "");
    assert_str(rest, "b");
    assert_str(str_cut(&rest, ','), "b");
    assert_null(rest.ptr);
    rest = STR("a,");
    assert_str(str_cut(&rest, ','), "a");
    assert_non_null(rest.ptr);
    assert_int_equal(rest.len, 0);
}

static void test_numbers_are_read_whole_or_not_at_all(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-1", true, -1},
        {"0042", true, 42},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {"--1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x1", false, 0},
        {"1e3", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t value = 7;
        if (str_to_i64(str_of(cases[i].text), &value) != cases[i].ok)
            fail_msg("`%s`", cases[i].text);
        assert_int_equal(value, cases[i].ok ? cases[i].value : 7);
    }
}

static void test_sorting_drops_doubles_and_makes_a_set(void **state)
{
    struct str items[] = {STR("b"), STR("a"), STR("b"), STR(""), STR("ab"), STR("a"), STR("b")};

    (void)state;
    size_t n = str_sort_unique(items, ARRAY_LEN(items));
    assert_int_equal(n, 4);
    assert_str(items[0], "");
    assert_str(items[1], "a");
    assert_str(items[2], "ab");
    assert_str(items[3], "b");
    assert_true(str_in_sorted(items, n, STR("ab")));
    assert_false(str_in_sorted(items, n, STR("aa")));
    assert_false(str_in_sorted(NULL, 0, STR("a")));
    assert_int_equal(str_sort_unique(NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_zeroed_view_is_the_empty_string),
        cmocka_unit_test(test_views_are_compared_as_bytes),
        cmocka_unit_test(test_prefix_and_suffix_count_whole_text),
        cmocka_unit_test(test_sub_is_clamped_to_the_text),
        cmocka_unit_test(test_trim_takes_white_space_at_both_ends_only),
        cmocka_unit_test(test_cut_walks_fields_and_tells_the_last_by_a_null_pointer),
        cmocka_unit_test(test_numbers_are_read_whole_or_not_at_all),
        cmocka_unit_test(test_sorting_drops_doubles_and_makes_a_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/buf.h"
#include "unit/base/prop.h"

static void test_text_grows_and_is_followed_by_a_nul(void **state)
{
    CLEANUP(buf_fini) struct buf buf = {0};

    (void)state;
    assert_int_equal(buf_str(&buf).len, 0);
    buf_add(&buf, (struct str){0});
    buf_add(&buf, STR("ab\0c"));
    buf_add_char(&buf, 'd');
    assert_int_equal(buf.len, 5);
    assert_memory_equal(buf.ptr, "ab\0cd", 6);
    buf_clear(&buf);
    assert_string_equal(buf.ptr, "");
    buf_reserve(&buf, 10000);
    assert_true(buf.cap > 10000);
    assert_string_equal(buf.ptr, "");
    char *before = buf.ptr;
    for (int i = 0; i < 1000; i++)
        buf_printf(&buf, "%09d,", i);
    assert_ptr_equal(buf.ptr, before);
    assert_int_equal(buf.len, 10000);
    assert_string_equal(buf.ptr + 9990, "000000999,");
}

static void test_long_formats_come_out_whole(void **state)
{
    CLEANUP(buf_fini) struct buf buf = {0};

    (void)state;
    for (int width = 250; width < 262; width++) { /* around the size kept on the stack */
        buf_clear(&buf);
        buf_printf(&buf, "<%*d>", width, 7);
        assert_int_equal(buf.len, (size_t)width + 2);
        assert_string_equal(buf.ptr + buf.len - 2, "7>");
    }
}

static void test_past_the_ceiling_nothing_more_is_stored(void **state)
{
    CLEANUP(buf_fini) struct buf buf = {.ceiling = 5};

    (void)state;
    buf_add(&buf, STR("abc"));
    buf_add(&buf, STR("de"));
    assert_false(buf.over);
    buf_add(&buf, STR("f"));
    assert_true(buf.over);
    assert_string_equal(buf.ptr, "abcde");
    buf_clear(&buf);
    assert_false(buf.over);
    buf_add(&buf, STR("abcdef"));
    assert_true(buf.over);
    buf_add(&buf, STR("a")); /* would fit, but a hole in the text helps nobody */
    assert_string_equal(buf.ptr, "");
}

static void test_secret_text_is_wiped_when_cleared(void **state)
{
    CLEANUP(buf_fini) struct buf buf = {.secret = true};

    (void)state;
    buf_add(&buf, STR("hunter2"));
    for (int i = 0; i < 100; i++)
        buf_printf(&buf, "hunter%d", i);
    assert_true(str_starts(buf_str(&buf), STR("hunter2hunter0hunter1")));
    buf_clear(&buf);
    for (size_t i = 0; i < buf.cap; i++)
        assert_int_equal(buf.ptr[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_grows_and_is_followed_by_a_nul),
        cmocka_unit_test(test_long_formats_come_out_whole),
        cmocka_unit_test(test_past_the_ceiling_nothing_more_is_stored),
        cmocka_unit_test(test_secret_text_is_wiped_when_cleared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

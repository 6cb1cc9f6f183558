#include "base/json_out.h"
#include "base/json_scan.h"
#include "unit/base/death.h"
#include "unit/base/prop.h"

static void write_example(struct json_out *out)
{
    json_open(out, NULL, '{');
    json_put_str(out, "name", STR("kiro-jp"));
    json_put_i64(out, "n", INT64_MIN);
    json_open(out, "list", '[');
    json_put_bool(out, NULL, true);
    json_put_bool(out, NULL, false);
    json_put_null(out, NULL);
    json_open(out, NULL, '{');
    json_end(out, '}');
    json_open(out, NULL, '[');
    json_end(out, ']');
    json_end(out, ']');
    json_put_raw(out, "raw", STR("{\"x\":1}"));
    json_put_str_or_null(out, "some", STR("x"));
    json_put_str_or_null(out, "none", STR(""));
    json_put_time(out, "at", 1777885953000);
    json_put_time(out, "never", 0);
    json_end(out, '}');
}

static void test_values_stand_where_they_were_put(void **state)
{
    CLEANUP(buf_fini) struct buf buf = {0};
    struct json_out out = {.buf = &buf};

    (void)state;
    write_example(&out);
    assert_string_equal(
        buf.ptr, "{\"name\":\"kiro-jp\",\"n\":-9223372036854775808,\"list\":[true,false,null,"
                 "{},[]],\"raw\":{\"x\":1},\"some\":\"x\",\"none\":null,"
                 "\"at\":\"2026-05-04T09:12:33.000Z\",\"never\":null}");
}

static void test_people_get_two_blanks_a_level(void **state)
{
    CLEANUP(buf_fini) struct buf buf = {0};
    struct json_out out = {.buf = &buf, .indent = true};

    (void)state;
    write_example(&out);
    assert_string_equal(buf.ptr, "{\n"
                                 "  \"name\": \"kiro-jp\",\n"
                                 "  \"n\": -9223372036854775808,\n"
                                 "  \"list\": [\n"
                                 "    true,\n"
                                 "    false,\n"
                                 "    null,\n"
                                 "    {},\n"
                                 "    []\n"
                                 "  ],\n"
                                 "  \"raw\": {\"x\":1},\n"
                                 "  \"some\": \"x\",\n"
                                 "  \"none\": null,\n"
                                 "  \"at\": \"2026-05-04T09:12:33.000Z\",\n"
                                 "  \"never\": null\n"
                                 "}");
}

static void test_strings_are_escaped_and_made_valid(void **state)
{
    static const struct {
        struct str text;
        const char *want;
    } cases[] = {
        {STR(""), "\"\""},
        {STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\""},
        {STR("\b\f\n\r\t\x01\x1f\x7f"), "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\""},
        {STR("J\xC3\xBC \xE2\x82\xAC \xF0\x9F\x98\x80"),
         "\"J\xC3\xBC \xE2\x82\xAC \xF0\x9F\x98\x80\""},
        {STR("\xFFx\xC3"), "\"\xEF\xBF\xBDx\xEF\xBF\xBD\""},
        {STR("\xEF\xBF\xBD"), "\"\xEF\xBF\xBD\""},
        {STR("a\0b"), "\"a\xEF\xBF\xBD"
                      "b\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_fini) struct buf buf = {0};
        struct json_out out = {.buf = &buf};
        json_put_str(&out, NULL, cases[i].text);
        assert_string_equal(buf.ptr, cases[i].want);
    }
}

static void test_a_ceiling_shows_in_the_buf(void **state)
{
    CLEANUP(buf_fini) struct buf buf = {.ceiling = 20};
    struct json_out out = {.buf = &buf};

    (void)state;
    write_example(&out);
    assert_true(buf.over);
    assert_true(buf.len <= 20);
}

static void end_with_the_wrong_bracket(void)
{
    struct buf buf = {0};
    struct json_out out = {.buf = &buf};

    json_open(&out, NULL, '{');
    json_end(&out, ']');
}

static void leave_out_a_key(void)
{
    struct buf buf = {0};
    struct json_out out = {.buf = &buf};

    json_open(&out, NULL, '{');
    json_put_null(&out, NULL);
}

static void write_a_second_value(void)
{
    struct buf buf = {0};
    struct json_out out = {.buf = &buf};

    json_put_null(&out, NULL);
    json_put_null(&out, NULL);
}

static void test_an_assertion_watches_the_nesting(void **state)
{
    (void)state;
    assert_true(aborts(end_with_the_wrong_bracket));
    assert_true(aborts(leave_out_a_key));
    assert_true(aborts(write_a_second_value));
}

static bool any_bytes_make_a_valid_text(struct rng *rng, struct arena *arena, struct buf *say)
{
    struct buf text = {0};
    struct json_out out = {.buf = &text};
    struct json_fault fault = {0};

    json_open(&out, NULL, '{');
    json_put_str(&out, arena_cstr(arena, any_text(rng, 5, arena)), any_bytes(rng, 30, arena));
    json_end(&out, '}');
    bool ok = json_scan(buf_str(&text), &fault);
    if (!ok)
        buf_printf(say, "%s: %s", fault.why, text.ptr);
    buf_fini(&text);
    return ok;
}

static void test_any_bytes_make_a_valid_text(void **state)
{
    (void)state;
    for_all(any_bytes_make_a_valid_text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_stand_where_they_were_put),
        cmocka_unit_test(test_people_get_two_blanks_a_level),
        cmocka_unit_test(test_strings_are_escaped_and_made_valid),
        cmocka_unit_test(test_a_ceiling_shows_in_the_buf),
        cmocka_unit_test(test_an_assertion_watches_the_nesting),
        cmocka_unit_test(test_any_bytes_make_a_valid_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

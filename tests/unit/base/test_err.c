#include <errno.h>

#include "base/err.h"
#include "base/utf8.h"
#include "unit/base/prop.h"

static void test_messages_read_from_the_outside_in(void **state)
{
    struct err err = {0};

    (void)state;
    assert_false(err_set(&err, ERR_REMOTE, "%d Forbidden", 403));
    assert_false(err_wrap(&err, "PUT %s", ".../users/00u1"));
    assert_false(err_wrap(&err, "apply op %u", 7u));
    assert_string_equal(err.msg, "apply op 7: PUT .../users/00u1: 403 Forbidden");
    assert_int_equal(err.kind, ERR_REMOTE);
}

static void test_setting_again_replaces_and_may_quote_the_former(void **state)
{
    struct err err = {0};

    (void)state;
    (void)err_set(&err, ERR_REMOTE, "first");
    (void)err_set(&err, ERR_LEDGER, "second, after %s", err.msg);
    assert_string_equal(err.msg, "second, after first");
    assert_int_equal(err.kind, ERR_LEDGER);
}

static void test_nobody_needs_to_listen(void **state)
{
    (void)state;
    assert_false(err_set(NULL, ERR_REMOTE, "x"));
    assert_false(err_wrap(NULL, "x"));
    assert_false(err_errno(NULL, ERR_REMOTE, "x"));
}

static void test_the_systems_reason_is_appended(void **state)
{
    struct err err = {0};

    (void)state;
    errno = ENOENT;
    assert_false(err_errno(&err, ERR_SETTINGS, "%s", "/etc/x"));
    assert_string_equal(err.msg, "/etc/x: No such file or directory");
}

static void test_a_message_is_one_line(void **state)
{
    struct err err = {0};

    (void)state;
    (void)err_set(&err, ERR_REMOTE, "two\r\nlines\tand \x1b[31mcolour\x7f");
    assert_string_equal(err.msg, "two  lines and  [31mcolour ");
}

static void test_every_kind_has_a_name(void **state)
{
    (void)state;
    for (int kind = ERR_NONE; kind <= ERR_INTERNAL; kind++)
        assert_true(strlen(err_kind_name((enum err_kind)kind)) > 0);
    assert_string_equal(err_kind_name(ERR_UNAVAILABLE), "unavailable");
}

static bool long_messages_are_cut_at_a_character(struct rng *rng, struct arena *arena,
                                                 struct buf *say)
{
    struct err err = {0};
    struct str text = any_text(rng, 400, arena);
    struct str outer = any_text(rng, 300, arena);

    (void)err_set(&err, ERR_REMOTE, "%.*s", STR_ARG(text));
    bool ok = utf8_valid(str_of(err.msg)) && strlen(err.msg) >= (text.len < 508 ? text.len : 508);
    (void)err_wrap(&err, "%.*s", STR_ARG(str_sub(outer, 0, 0)));
    ok = ok && utf8_valid(str_of(err.msg));
    (void)err_wrap(&err, "%s", outer.len < 500 ? outer.ptr : "x");
    ok = ok && utf8_valid(str_of(err.msg));
    if (!ok)
        buf_add(say, str_of(err.msg));
    return ok;
}

static void test_long_messages_are_cut_at_a_character(void **state)
{
    (void)state;
    for_all(long_messages_are_cut_at_a_character);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_read_from_the_outside_in),
        cmocka_unit_test(test_setting_again_replaces_and_may_quote_the_former),
        cmocka_unit_test(test_nobody_needs_to_listen),
        cmocka_unit_test(test_the_systems_reason_is_appended),
        cmocka_unit_test(test_a_message_is_one_line),
        cmocka_unit_test(test_every_kind_has_a_name),
        cmocka_unit_test(test_long_messages_are_cut_at_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

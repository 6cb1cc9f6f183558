#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/aws_ini.h"
#include "base/attr.h"

static struct arena arena;

/* `profile.key=value` of every entry, `+` behind one that goes on; or the refusal. */
static const char *show(const char *text, enum aws_ini_form form)
{
    struct aws_ini ini;
    struct err err = {0};
    struct str out = {"", 0};

    if (!aws_ini_read(str_of(text), form, &arena, &ini, &err))
        return arena_cstr(&arena, str_of(err.msg));
    for (size_t i = 0; i < ini.entries.n; i++) {
        const struct aws_ini_entry *e = &ini.entries.items[i];
        out =
            arena_printf(&arena, "%.*s%s%.*s", STR_ARG(out), i > 0 ? " " : "", STR_ARG(e->profile));
        if (e->key.len > 0) {
            out = arena_printf(&arena, "%.*s.%.*s=%.*s%s", STR_ARG(out), STR_ARG(e->key),
                               STR_ARG(e->value), e->goes_on ? "+" : "");
        }
    }
    return out.ptr;
}

static void test_profiles_and_their_keys_are_read(void **state)
{
    static const struct {
        enum aws_ini_form form;
        const char *text, *shown;
    } cases[] = {
        {AWS_INI_CREDENTIALS, "[a]\nk = v\n", "a a.k=v"},
        {AWS_INI_CREDENTIALS, "\xEF\xBB\xBF[a]\r\nK=v=w\r\n\r\n# c\n; c\n[b]", "a a.k=v=w b"},
        {AWS_INI_CREDENTIALS, "[ a ]\n  k = v\n  l = w\n", "a a.k=v a.l=w"},
        {AWS_INI_CREDENTIALS, "[a] # said\nk =\n", "a a.k="},
        {AWS_INI_CREDENTIALS, "[profile x]\nk=v", "profile x profile x.k=v"},
        {AWS_INI_CONFIG, "[default]\nk=v\n[profile x]\nk=w\n[sso-session y]\nk=z\n[plain]\nk=u\n",
         "default default.k=v x x.k=w"},
        {AWS_INI_CONFIG, "[profile \"two words\"]\nk=v\n[profile\tq]\nk=w",
         "two words two words.k=v q q.k=w"},
        {AWS_INI_CONFIG, "[profile]\nk=v\n", ""},
        {AWS_INI_EITHER, "[plain]\nk=u\n[profile x]\nk=w\n", "plain plain.k=u x x.k=w"},
        {AWS_INI_CONFIG, "[default]\ns3 =\n  a = b\nregion = r\n",
         "default default.s3=+ default.region=r"},
        {AWS_INI_CONFIG, "[default]\nk = one\n  two\n", "default default.k=one+"},
        {AWS_INI_CREDENTIALS, "[a]\nk=v # not a comment\n", "a a.k=v # not a comment"},
        {AWS_INI_CREDENTIALS, "", ""},
        {AWS_INI_CREDENTIALS, "[a]\nHush\n", "line 2: neither [section], comment nor key = value"},
        {AWS_INI_CREDENTIALS, "[a]\n= Hush\n",
         "line 2: neither [section], comment nor key = value"},
        {AWS_INI_CREDENTIALS, "\nk=Hush\n", "line 2: a key before the first [section]"},
        {AWS_INI_CREDENTIALS, "[a\n", "line 1: a section is [name] and nothing else"},
        {AWS_INI_CREDENTIALS, "[]\n", "line 1: a section is [name] and nothing else"},
        {AWS_INI_CREDENTIALS, "[a]Hush\n", "line 1: a section is [name] and nothing else"},
        {AWS_INI_CREDENTIALS, "[a]\nk=Hush\n[b]\n[a]\nK=Hush\n",
         "line 5: this key is there twice in its profile"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(show(cases[i].text, cases[i].form), cases[i].shown);
}

static void test_keys_are_found_by_profile(void **state)
{
    struct aws_ini ini;

    (void)state;
    assert_true(
        aws_ini_read(STR("[a]\nk=1\n[b]\nk=2\n[c]\n"), AWS_INI_CREDENTIALS, &arena, &ini, NULL));
    assert_true(str_is(aws_ini_find(&ini, STR("b"), "k")->value, "2"));
    assert_int_equal(aws_ini_find(&ini, STR("b"), "k")->line, 4);
    assert_null(aws_ini_find(&ini, STR("c"), "k"));
    assert_null(aws_ini_find(&ini, STR("a"), ""));
    assert_true(aws_ini_has(&ini, STR("c")));
    assert_false(aws_ini_has(&ini, STR("d")));
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, (size_t)16 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles_and_their_keys_are_read),
        cmocka_unit_test(test_keys_are_found_by_profile),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

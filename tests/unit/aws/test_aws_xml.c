#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/aws_xml.h"
#include "base/attr.h"

static struct arena arena;

/* `value of a/b`, or the refusal. */
static const char *read_ab(const char *text)
{
    struct aws_xml_want want = {.path = "a/b"};
    struct err err = {0};

    if (!aws_xml_read(str_of(text), &want, 1, &arena, &err))
        return arena_cstr(&arena, str_of(err.msg));
    return arena_printf(&arena, "%u:%.*s", want.found, STR_ARG(want.value)).ptr;
}

static void test_text_of_an_element_is_found_by_its_whole_path(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"<a><b>x</b></a>", "1:x"},
        {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a xmlns=\"u\">\n <b> x </b>\n</a>\n", "1:x"},
        {"<a><b k='<'>x</b></a>", "not the XML that was expected: a malformed attribute at byte 9"},
        {"<a><c><b>no</b></c><b>x</b></a>", "1:x"},
        {"<b>x</b>", "0:"},
        {"<a><b/></a>", "1:"},
        {"<a><b></b></a>", "1:"},
        {"<a><b>&lt;&amp;&#65;&#x42;&#233;&quot;&apos;&gt;</b></a>", "1:<&AB\xC3\xA9\"'>"},
        {"<a><c><d/></c></a>", "0:"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(read_ab(cases[i].text), cases[i].shown);
}

static void test_everything_else_is_refused_without_repeating_it(void **state)
{
    static const char *const texts[] = {
        "",
        "x",
        "{}",
        "<a>",
        "<a><b>SECRET</a></b>",
        "<a><b>SECRET</b></a><a/>",
        "<a><b>SECRET</b></a>x",
        "<a><b>SECRET</b><b>SECRET</b></a>",
        "<a><b>SECRET<c/></b></a>",
        "<!DOCTYPE a><a><b>SECRET</b></a>",
        "<a><!-- c --><b>SECRET</b></a>",
        "<a><b><![CDATA[SECRET]]></b></a>",
        "<a><b>&SECRET;</b></a>",
        "<a><b>&#0;</b></a>",
        "<a><b>&#xD800;</b></a>",
        "<a><b>&#x110000;</b></a>",
        "<a><b>&#99999999999;</b></a>",
        "<a><b>&amp</b></a>",
        "<a b><b>SECRET</b></a>",
        "<a b=\"1><b>SECRET</b></a>",
        "<a><b>\xFF</b></a>",
        "< a><b>SECRET</b></a>",
        "</a>",
        "<a/ ><b>SECRET</b>",
        "<?xml version='1.0'><a><b>SECRET</b></a>",
        "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const char *shown = read_ab(texts[i]);
        if (strncmp(shown, "not the XML that was expected: ", 31) != 0)
            fail_msg("%s: %s", texts[i], shown);
        assert_null(strstr(shown, "SECRET"));
    }
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
        cmocka_unit_test(test_text_of_an_element_is_found_by_its_whole_path),
        cmocka_unit_test(test_everything_else_is_refused_without_repeating_it),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

#include "settings/settings_tree.h"
#include "unit/settings/help.h"

/* The tree as `{key@line:column=value, ...}`, or what is wrong with the text. */

static void render(struct buf *out, const struct settings_node *node)
{
    if (node->kind == NODE_SCALAR) {
        buf_printf(out, node->is_quoted ? "'%.*s'" : "%.*s", STR_ARG(node->text));
        return;
    }
    buf_add_char(out, node->kind == NODE_MAP ? '{' : '[');
    for (size_t i = 0; i < node->entries.n; i++) {
        const struct node_entry *entry = &node->entries.items[i];

        buf_add(out, i > 0 ? STR(" ") : STR(""));
        if (node->kind == NODE_MAP) {
            buf_printf(out, "%.*s@%u:%u=", STR_ARG(entry->key), entry->line, entry->column);
        } else {
            buf_printf(out, "@%u:%u=", entry->value->line, entry->value->column);
        }
        render(out, entry->value);
    }
    buf_add_char(out, node->kind == NODE_MAP ? '}' : ']');
}

static const char *read_text(struct str text, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct problems problems = {.arena = arena};
    const struct settings_node *top = tree_read(text, &problems);
    struct settings_problems sorted = problems_sorted(&problems);

    for (size_t i = 0; i < sorted.n; i++) {
        buf_printf(&out, "%u:%u %.*s: %.*s\n", sorted.items[i].line, sorted.items[i].column,
                   STR_ARG(sorted.items[i].path), STR_ARG(sorted.items[i].text));
    }
    if (top)
        render(&out, top);
    return arena_cstr(arena, buf_str(&out));
}

static void test_values_carry_their_line_and_column(void **state)
{
    static const struct {
        const char *text, *tree;
    } cases[] = {
        {"a: 1\n", "{a@1:1=1}"},
        {"a: {b: x, c: [y, \"z\"]}\n", "{a@1:1={b@1:5=x c@1:11=[@1:15=y @1:18='z']}}"},
        {"a:\n  - b: 1\n    c: 2\n  - d\n", "{a@1:1=[@2:5={b@2:5=1 c@3:5=2} @4:5=d]}"},
        {"# only\n\na: ''\nb:\nc: ~\n", "{a@3:1='' b@4:1= c@5:1=~}"},
        {"a: |\n  one\n  two\n", "{a@1:1='one\ntwo\n'}"},
        {"\xef\xbb\xbfname: \xe5\x85\xa8\n", "{name@1:1=\xe5\x85\xa8}"},
        {"--- {a: 1}\n...\n", "{a@1:6=1}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(read_text(str_of(cases[i].text), *state), cases[i].tree);
}

static void test_what_is_no_settings_file_is_said_to_be_so(void **state)
{
    static const struct {
        const char *text, *problems;
    } cases[] = {
        {"", "1:1 : the file says nothing: it needs at least `okta`, `ledger` and "
             "`entitlements`\n"},
        {"- a\n", "1:1 : the file must be a map of keys, as in `name: prod`\n"},
        {"just text\n", "1:1 : the file must be a map of keys, as in `name: prod`\n"},
        {"a: b\n  c: d\n", "2:4 : not YAML: mapping values are not allowed in this context\n"},
        {"a: [1, 2\n", "2:1 : not YAML: did not find expected ',' or ']', while parsing a flow "
                       "sequence\n"},
        {"a: 1\nb: \x01\n",
         "2:4 : a byte here is not text: the file must be UTF-8 without control bytes\n"},
        {"a: \xff\n", "1:4 : a byte here is not text: the file must be UTF-8 without control "
                      "bytes\n"},
        {"a: \xed\xa0\x80\n", "1:4 : a byte here is not text: the file must be UTF-8 without "
                              "control bytes\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(read_text(str_of(cases[i].text), *state), cases[i].problems);
    assert_string_equal(read_text((struct str){"a: 1\0", 5}, *state),
                        "1:5 : a byte here is not text: the file must be UTF-8 without control "
                        "bytes\n");
}

static void test_marks_are_refused_and_reading_goes_on(void **state)
{
    static const char text[] = "a: &x {b: 1}\n"
                               "c: *x\n"
                               "d: !!str 5\n"
                               "e: [&y 1, *y]\n"
                               "f: 1\n"
                               "f: 2\n";

    assert_string_equal(read_text(str_of(text), *state),
                        "1:4 a: anchors are not allowed: write the value where it is used\n"
                        "2:4 c: aliases are not allowed: write the value itself\n"
                        "3:4 d: tags are not allowed: leave the `!` word out\n"
                        "4:5 e[0]: anchors are not allowed: write the value where it is used\n"
                        "4:11 e[1]: aliases are not allowed: write the value itself\n"
                        "6:1 f: is given twice: the first is on line 5\n"
                        "{a@1:1={b@1:8=1} c@2:1= d@3:1=5 e@4:1=[@4:5=1 @4:11=] f@5:1=1}");
}

static struct str repeated(const char *head, const char *part, size_t n, const char *tail,
                           struct arena *arena)
{
    CLEANUP(buf_fini) struct buf out = {0};

    buf_add(&out, str_of(head));
    for (size_t i = 0; i < n; i++)
        buf_add(&out, str_of(part));
    buf_add(&out, str_of(tail));
    return arena_str(arena, buf_str(&out));
}

static void test_limits_hold_and_what_is_just_within_them_is_read(void **state)
{
    struct arena *arena = *state;
    const char *deep = read_text(repeated("a: ", "[", 20, "", arena), arena);
    const char *very_deep = read_text(repeated("a: ", "[", 900000, "", arena), arena);
    const char *many = read_text(repeated("a: [", "1,", 20001, "]\n", arena), arena);
    const char *large = read_text(repeated("# ", "x", (size_t)1 << 20, "\na: 1\n", arena), arena);

    assert_non_null(strstr(deep, "is nested too deeply for a settings file\n"));
    assert_non_null(strstr(very_deep, "is nested too deeply for a settings file\n"));
    assert_string_equal(strstr(many, ": "), ": is one value too many: 20000 are allowed\n");
    assert_string_equal(large, "1:1 : the file is over 1 MiB: this cannot be settings\n");

    assert_string_equal(read_text(repeated("a: ", "[", 14, "]]]]]]]]]]]]]]\n", arena), arena),
                        "{a@1:1=[@1:5=[@1:6=[@1:7=[@1:8=[@1:9=[@1:10=[@1:11=[@1:12=[@1:13=[@1:14=["
                        "@1:15=[@1:16=[@1:17=[]]]]]]]]]]]]]]}");
    assert_string_equal(
        read_text(repeated("# ", "x", ((size_t)1 << 20) - 8, "\na: 1\n", arena), arena),
        "{a@2:1=1}");
    assert_non_null(
        strstr(read_text(repeated("a: [", "1,", 19990, "]\n", arena), arena), "{a@1:1=["));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_carry_their_line_and_column, help_setup,
                                        help_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_settings_file_is_said_to_be_so, help_setup,
                                        help_teardown),
        cmocka_unit_test_setup_teardown(test_marks_are_refused_and_reading_goes_on, help_setup,
                                        help_teardown),
        cmocka_unit_test_setup_teardown(test_limits_hold_and_what_is_just_within_them_is_read,
                                        help_setup, help_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

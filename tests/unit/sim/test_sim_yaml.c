#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sim/sim_yaml.h"

struct things {
    struct str text;
    int64_t number, span;
    bool yes;
    const struct sim_node *node;
};

static const struct sim_field fields[] = {
    {"text", SIM_FIELD_STR, offsetof(struct things, text)},
    {"number", SIM_FIELD_INT, offsetof(struct things, number)},
    {"span", SIM_FIELD_SPAN, offsetof(struct things, span)},
    {"yes", SIM_FIELD_BOOL, offsetof(struct things, yes)},
    {"node", SIM_FIELD_NODE, offsetof(struct things, node)},
};

static const char *read(const char *yaml, struct arena *arena)
{
    const struct sim_node *root = NULL;
    struct things things = {.text = STR("-"), .number = -1, .span = -1};
    struct err err = {0};

    if (!sim_yaml_parse(str_of(yaml), arena, &root, &err) ||
        !sim_bind(root, fields, ARRAY_LEN(fields), &things, &err))
        return arena_printf(arena, "%s: %s", err_kind_name(err.kind), err.msg).ptr;

    struct str node = things.node ? sim_node_json(things.node, arena) : STR("-");
    return arena_printf(arena, "%.*s %lld %lld %d %.*s", STR_ARG(things.text),
                        (long long)things.number, (long long)things.span, things.yes, STR_ARG(node))
        .ptr;
}

static void test_yaml_and_json_are_bound_alike(void **state)
{
    static const struct {
        const char *yaml, *shown;
    } cases[] = {
        {"", "- -1 -1 0 -"},
        {"text: a b\nnumber: 5\nspan: 2m\nyes: true\n", "a b 5 120000 1 -"},
        {"{\"text\": \"a\", \"number\": 5, \"span\": \"1h\", \"yes\": false}", "a 5 3600000 0 -"},
        {"span: 3", "- -1 3000 0 -"},
        {"span: -30s", "- -1 -30000 0 -"},
        {"node: {a: [1, x, {b: ''}]}", "- -1 -1 0 {\"a\":[\"1\",\"x\",{\"b\":\"\"}]}"},
        {"text: \"\\u4f50\\u85e4\"", "佐藤 -1 -1 0 -"},
        {"number: five", "usage: line 1: `number` must be a number"},
        {"\n\nyes: maybe", "usage: line 3: `yes` must be true or false"},
        {"span: 5 minutes", "usage: line 1: `span` must be a duration such as 30s or 5m"},
        {"text: [a]", "usage: line 1: `text` must be a single value"},
        {"other: 1", "usage: line 1: unknown key `other`; known here: text number span yes node"},
        {"[1]", "usage: line 1: keys and values are expected here"},
        {"a: 1\na: 2", "usage: line 2: `a` is given twice"},
        {"text: *a", "usage: line 1: anchors, aliases and tags are not taken"},
        {"text: !!str a", "usage: line 1: anchors, aliases and tags are not taken"},
        {"{? [a] : b}", "usage: line 1: a key must be plain text"},
        {"'': b", "usage: line 1: a key must not be empty"},
        {"a: 1\n---\nb: 2\n", "usage: line 2: one document only"},
        {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "usage: line 1: nested too deeply"},
        {"text: \x01", "usage: line 1: control characters are not allowed"},
        {"text: \xff", "usage: line 1: invalid leading UTF-8 octet"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(read(cases[i].yaml, &arena), cases[i].shown);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaml_and_json_are_bound_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

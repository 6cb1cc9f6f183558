#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "sim/sim_expr.h"

/* A thing with the values name=Kiro, type=OKTA_GROUP, at=2026-05-04T09:00:00.000Z. */
static struct str value_of(const void *self, struct str attribute)
{
    (void)self;
    if (str_is(attribute, "name"))
        return STR("Kiro");
    if (str_is(attribute, "type"))
        return STR("OKTA_GROUP");
    if (str_is(attribute, "at"))
        return STR("2026-05-04T09:00:00.000Z");
    return (struct str){0};
}

static bool no_co(struct str attribute, enum sim_op op)
{
    (void)attribute;
    return op != SIM_CO;
}

static void test_expressions_hold_for_what_they_say(void **state)
{
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {
        {"name eq \"Kiro\"", true},
        {"name EQ \"Kiro\"", true},
        {"name eq \"kiro\"", false},
        {"Name eq \"Kiro\"", false},
        {"name sw \"Ki\"", true},
        {"name sw \"Kiro!\"", false},
        {"name co \"ir\"", true},
        {"name co \"\"", true},
        {"name pr", true},
        {"other pr", false},
        {"at gt \"2026-05-04T08:59:59Z\"", true},
        {"at gt \"2026-05-04T09:00:00Z\"", false},
        {"at ge \"2026-05-04T09:00:00Z\"", true},
        {"at lt \"2026-05-04T09:00:00.001Z\"", true},
        {"at le \"2026-05-04T08:00:00Z\"", false},
        {"name eq \"Kiro\" and type eq \"APP_GROUP\"", false},
        {"name eq \"Kiro\" or type eq \"APP_GROUP\"", true},
        {"name eq \"x\" and name eq \"y\" or name eq \"Kiro\"", true},
        {"name eq \"Kiro\" or name eq \"y\" and name eq \"x\"", true},
        {"(name eq \"Kiro\" or name eq \"y\") and name eq \"x\"", false},
        {"not (name eq \"x\")", true},
        {"name eq Kiro", true},
        {"name eq \"K\\\"iro\"", false},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct sim_expr *expr = NULL;
        struct sim_thing thing = {.value = value_of};

        print_message("%s\n", cases[i].text);
        assert_true(sim_expr_parse(str_of(cases[i].text), &arena, &expr));
        assert_int_equal(sim_expr_holds(expr, &thing), cases[i].holds);
    }
    arena_fini(&arena);
}

static void test_case_can_be_ignored_in_values(void **state)
{
    struct arena arena;
    const struct sim_expr *expr = NULL;
    struct sim_thing thing = {.value = value_of, .fold_case = true};

    (void)state;
    arena_init(&arena, 1 << 20);
    assert_true(sim_expr_parse(STR("name eq \"KIRO\""), &arena, &expr));
    assert_true(sim_expr_holds(expr, &thing));
    arena_fini(&arena);
}

static void test_what_is_no_expression_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "name",
        "name eq",
        "name is \"x\"",
        "name eq \"x",
        "name eq \"x\\",
        "name eq \"\\n\"",
        "(name eq \"x\"",
        "name eq \"x\")",
        "name eq \"x\" and",
        "and name eq \"x\"",
        "name eq \"x\" name eq \"y\"",
        "not name eq \"x\"",
        "((((((((((((((((((a eq \"x\"))))))))))))))))))",
        "\"name\" eq \"x\"",
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct sim_expr *expr = NULL;

        print_message("%s\n", bad[i]);
        assert_false(sim_expr_parse(str_of(bad[i]), &arena, &expr));
    }
    arena_fini(&arena);
}

static void test_every_test_of_an_expression_is_asked_for_permission(void **state)
{
    struct arena arena;
    const struct sim_expr *expr = NULL;

    (void)state;
    arena_init(&arena, 1 << 20);
    assert_true(
        sim_expr_parse(STR("a eq \"x\" and not (b eq \"x\" or c co \"x\")"), &arena, &expr));
    assert_false(sim_expr_allows(expr, no_co));
    assert_true(
        sim_expr_parse(STR("a eq \"x\" and not (b eq \"x\" or c sw \"x\")"), &arena, &expr));
    assert_true(sim_expr_allows(expr, no_co));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions_hold_for_what_they_say),
        cmocka_unit_test(test_case_can_be_ignored_in_values),
        cmocka_unit_test(test_what_is_no_expression_is_refused),
        cmocka_unit_test(test_every_test_of_an_expression_is_asked_for_permission),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

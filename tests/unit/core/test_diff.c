#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/diff.h"

static struct people people_of(const char *text, struct arena *arena)
{
    struct str *ids = arena_array(arena, struct str, 16);
    struct str rest = str_of(text);
    size_t n = 0;

    while (rest.len > 0)
        ids[n++] = str_cut(&rest, ' ');
    return (struct people){ids, n};
}

static const char *show(const char *desired, const char *actual, struct arena *arena)
{
    struct people d = people_of(desired, arena);
    struct people a = people_of(actual, arena);
    struct difference difference = diff_people(&d, &a, arena);
    struct str out = arena_printf(arena, "=%zu", difference.in_both);

    for (size_t i = 0; i < difference.missing.n; i++)
        out = arena_printf(arena, "%.*s +%.*s", STR_ARG(out), STR_ARG(difference.missing.ids[i]));
    for (size_t i = 0; i < difference.surplus.n; i++)
        out = arena_printf(arena, "%.*s -%.*s", STR_ARG(out), STR_ARG(difference.surplus.ids[i]));
    return out.ptr;
}

static void test_the_difference_is_who_is_missing_and_who_is_too_many(void **state)
{
    const struct {
        const char *desired, *actual, *difference;
    } rows[] = {
        {"", "", "=0"},
        {"ada", "ada", "=1"},
        {"ada bob", "", "=0 +ada +bob"},
        {"", "ada bob", "=0 -ada -bob"},
        {"ada cid eve", "bob cid dan", "=1 +ada +eve -bob -dan"},
        {"ada", "adam", "=0 +ada -adam"},
        {"adam", "ada", "=0 +adam -ada"},
        {"ada bob cid dan eve", "ada eve zoe", "=2 +bob +cid +dan -zoe"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(show(rows[i].desired, rows[i].actual, &arena), rows[i].difference);
    arena_fini(&arena);
}

static void test_ids_are_compared_as_bytes(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    assert_string_equal(show("A \xc3\xa9", "B a \xc3\xa8", &arena),
                        "=0 +A +\xc3\xa9 -B -a -\xc3\xa8");
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_difference_is_who_is_missing_and_who_is_too_many),
        cmocka_unit_test(test_ids_are_compared_as_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

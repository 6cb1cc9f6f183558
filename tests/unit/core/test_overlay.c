#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/overlay.h"

#define AT INT64_C(1000000) /* when the listing was asked for */

static const struct member members[] = {{.id = STR("bob")}, {.id = STR("dan")}};

static int set_up(void **state)
{
    static struct arena arena;

    arena_init(&arena, 1 << 20);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    arena_fini(*state);
    return 0;
}

static struct listing some_listing(void)
{
    return (struct listing){STR("g"), LISTING_SEALED, {0}, AT, members, ARRAY_LEN(members)};
}

static const char *show(const struct recent_write *writes, size_t n, struct arena *arena)
{
    struct listing listing = some_listing();
    struct people people = overlay_people(&listing, writes, n, arena);
    struct str out = {"", 0};

    for (size_t i = 0; i < people.n; i++) {
        out = arena_printf(arena, "%.*s%s%.*s", STR_ARG(out), i > 0 ? " " : "",
                           STR_ARG(people.ids[i]));
    }
    return out.ptr;
}

static struct recent_write write_of(const char *person, enum op_kind kind, enum op_state state,
                                    int64_t sent_at)
{
    return (struct recent_write){STR("op"), STR("g"), str_of(person), kind, state, sent_at};
}

static void test_without_writes_the_listing_stands(void **state)
{
    assert_string_equal(show(NULL, 0, *state), "bob dan");
}

static void test_fresh_writes_are_laid_over_the_listing(void **state)
{
    const struct {
        const char *person;
        enum op_kind kind;
        enum op_state state;
        int64_t sent_at;
        const char *people;
    } rows[] = {
        {"ada", OP_OKTA_ADD, OP_DONE, AT - 1, "ada bob dan"},
        {"cid", OP_OKTA_ADD, OP_UNKNOWN, AT - 1, "bob cid dan"},
        {"eve", OP_OKTA_ADD, OP_SENT, AT + 5, "bob dan eve"},
        {"bob", OP_OKTA_ADD, OP_DONE, AT - 1, "bob dan"},
        {"bob", OP_OKTA_REMOVE, OP_DONE, AT - 1, "dan"},
        {"dan", OP_OKTA_REMOVE, OP_UNKNOWN, AT + 1, "bob"},
        {"cid", OP_OKTA_REMOVE, OP_DONE, AT - 1, "bob dan"},
        /* The window is a minute; beyond it the listing wins. */
        {"ada", OP_OKTA_ADD, OP_DONE, AT - 59999, "ada bob dan"},
        {"ada", OP_OKTA_ADD, OP_DONE, AT - 60000, "bob dan"},
        {"bob", OP_OKTA_REMOVE, OP_DONE, AT - 60000, "bob dan"},
        /* What had no effect, or is not sent yet, changes nothing. */
        {"ada", OP_OKTA_ADD, OP_FAILED, AT - 1, "bob dan"},
        {"ada", OP_OKTA_ADD, OP_PLANNED, AT - 1, "bob dan"},
        {"ada", OP_OKTA_ADD, OP_HELD, AT - 1, "bob dan"},
        {"bob", OP_OKTA_REMOVE, OP_SKIPPED, AT - 1, "bob dan"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct recent_write write =
            write_of(rows[i].person, rows[i].kind, rows[i].state, rows[i].sent_at);

        assert_string_equal(show(&write, 1, *state), rows[i].people);
    }
}

static void test_of_two_writes_for_one_person_the_later_counts(void **state)
{
    struct recent_write writes[] = {
        write_of("bob", OP_OKTA_ADD, OP_DONE, AT - 10),
        write_of("ada", OP_OKTA_REMOVE, OP_DONE, AT - 20),
        write_of("bob", OP_OKTA_REMOVE, OP_DONE, AT - 5),
        write_of("ada", OP_OKTA_ADD, OP_UNKNOWN, AT - 10),
        write_of("zoe", OP_OKTA_REMOVE, OP_DONE, AT - 10),
        write_of("zoe", OP_OKTA_ADD, OP_DONE, AT - 10),
    };

    assert_string_equal(show(writes, ARRAY_LEN(writes), *state), "ada dan zoe");
}

static void test_writes_to_other_groups_are_not_ours_here(void **state)
{
    struct recent_write write = write_of("ada", OP_OKTA_ADD, OP_DONE, AT - 1);

    write.group = STR("h");
    assert_string_equal(show(&write, 1, *state), "bob dan");
}

static void test_a_listing_that_is_not_sealed_shows_nobody(void **state)
{
    struct listing listing = some_listing();
    struct recent_write write = write_of("ada", OP_OKTA_ADD, OP_DONE, AT - 1);

    listing.state = LISTING_UNKNOWN;
    assert_int_equal(overlay_people(&listing, &write, 1, *state).n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_without_writes_the_listing_stands),
        TEST(test_fresh_writes_are_laid_over_the_listing),
        TEST(test_of_two_writes_for_one_person_the_later_counts),
        TEST(test_writes_to_other_groups_are_not_ours_here),
        TEST(test_a_listing_that_is_not_sealed_shows_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/op.h"

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

static void test_words_of_kinds_and_states_parse_back(void **state)
{
    (void)state;
    for (int i = OP_OKTA_ADD; i <= OP_OKTA_REMOVE; i++) {
        enum op_kind kind;

        assert_true(op_kind_parse(str_of(op_kind_name((enum op_kind)i)), &kind));
        assert_int_equal(kind, i);
    }
    for (int i = OP_PLANNED; i <= OP_SKIPPED; i++) {
        enum op_state parsed;

        assert_true(op_state_parse(str_of(op_state_name((enum op_state)i)), &parsed));
        assert_int_equal(parsed, i);
    }
    assert_string_equal(op_kind_name(OP_OKTA_ADD), "okta.add");
    assert_string_equal(op_state_name(OP_UNKNOWN), "unknown");
}

static void test_other_words_parse_as_nothing_and_leave_the_value(void **state)
{
    const char *const words[] = {"", "okta", "OKTA.ADD", "okta.add ", "invalid"};
    enum op_kind kind = OP_OKTA_REMOVE;
    enum op_state op_state = OP_HELD;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        assert_false(op_kind_parse(str_of(words[i]), &kind));
        assert_false(op_state_parse(str_of(words[i]), &op_state));
    }
    assert_int_equal(kind, OP_OKTA_REMOVE);
    assert_int_equal(op_state, OP_HELD);
}

/* The id is in the ledger of every installation: it may never change. Computed by hand from the
 * five fields, each after its length as 8 bytes. */
static void test_an_id_is_the_digest_of_what_is_done_and_to_whom(void **state)
{
    struct str id =
        op_make_id(OP_OKTA_ADD, STR("00g1"), STR("00u1"), STR("kiro-jp"), STR("kiro-pro"), *state);

    assert_string_equal(id.ptr, "81b605e2e7318dc005a82ac02ca206d44e3e1afab2b643f5f2ad641a7178782d");
}

static void test_every_part_of_an_op_is_in_its_id(void **state)
{
    const struct {
        enum op_kind kind;
        const char *group, *person, *ent, *plan;
    } rows[] = {
        {OP_OKTA_ADD, "g", "p", "e", "l"}, {OP_OKTA_REMOVE, "g", "p", "e", "l"},
        {OP_OKTA_ADD, "h", "p", "e", "l"}, {OP_OKTA_ADD, "g", "q", "e", "l"},
        {OP_OKTA_ADD, "g", "p", "f", "l"}, {OP_OKTA_ADD, "g", "p", "e", "m"},
        {OP_OKTA_ADD, "gp", "", "e", "l"}, {OP_OKTA_ADD, "", "gp", "e", "l"},
        {OP_OKTA_ADD, "g", "p", "el", ""},
    };
    struct str ids[ARRAY_LEN(rows)];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        ids[i] = op_make_id(rows[i].kind, str_of(rows[i].group), str_of(rows[i].person),
                            str_of(rows[i].ent), str_of(rows[i].plan), *state);
    }
    assert_int_equal(str_sort_unique(ids, ARRAY_LEN(ids)), ARRAY_LEN(rows));
}

static void test_adds_come_before_removals_and_assignments_frame_them(void **state)
{
    const struct op ordered[] = {
        {.kind = OP_OKTA_ADD, .to_assignment = true, .entitlement = STR("z")},
        {.kind = OP_OKTA_ADD, .entitlement = STR("a"), .group = STR("h"), .person = STR("a")},
        {.kind = OP_OKTA_ADD, .entitlement = STR("b"), .group = STR("g"), .person = STR("a")},
        {.kind = OP_OKTA_ADD, .entitlement = STR("b"), .group = STR("g"), .person = STR("b")},
        {.kind = OP_OKTA_ADD, .entitlement = STR("b"), .group = STR("h"), .person = STR("a")},
        {.kind = OP_OKTA_REMOVE, .entitlement = STR("a")},
        {.kind = OP_OKTA_REMOVE, .entitlement = STR("z")},
        {.kind = OP_OKTA_REMOVE, .to_assignment = true, .entitlement = STR("a")},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ordered); i++) {
        for (size_t k = 0; k < ARRAY_LEN(ordered); k++) {
            int order = op_compare(&ordered[i], &ordered[k]);

            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
    }
}

static void test_only_a_removal_leaves_somebody_with_less(void **state)
{
    (void)state;
    assert_false(op_is_removal(OP_OKTA_ADD));
    assert_true(op_is_removal(OP_OKTA_REMOVE));
}

static void test_a_digest_does_not_depend_on_the_order(void **state)
{
    const struct op a = {.id = STR("a")};
    const struct op b = {.id = STR("b")};
    const struct op ab = {.id = STR("ab")};
    const struct op *forward[] = {&a, &b};
    const struct op *backward[] = {&b, &a};
    const struct op *joined[] = {&ab};
    struct str digest = ops_digest(forward, 2, *state);

    assert_true(str_eq(digest, ops_digest(backward, 2, *state)));
    assert_false(str_eq(digest, ops_digest(joined, 1, *state)));
    assert_false(str_eq(digest, ops_digest(forward, 1, *state)));
    /* Of nothing: SHA-256 of no bytes. */
    assert_string_equal(ops_digest(NULL, 0, *state).ptr,
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_words_of_kinds_and_states_parse_back),
        TEST(test_other_words_parse_as_nothing_and_leave_the_value),
        TEST(test_an_id_is_the_digest_of_what_is_done_and_to_whom),
        TEST(test_every_part_of_an_op_is_in_its_id),
        TEST(test_adds_come_before_removals_and_assignments_frame_them),
        TEST(test_only_a_removal_leaves_somebody_with_less),
        TEST(test_a_digest_does_not_depend_on_the_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

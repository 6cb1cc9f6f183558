#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/verify.h"

#define SENT INT64_C(1000000)

static const char *const proofs[] = {
    [PROOF_REACHED] = "reached", [PROOF_NOT_DONE] = "not done", [PROOF_OPEN] = "open"};

static void test_an_op_is_settled_by_what_a_later_look_shows(void **state)
{
    const struct {
        enum op_kind kind;
        const char *person; /* bob is listed */
        enum listing_state listing;
        int64_t at_ms;
        const char *proof;
    } rows[] = {
        {OP_OKTA_ADD, "bob", LISTING_SEALED, SENT, "reached"},
        {OP_OKTA_ADD, "bob", LISTING_SEALED, SENT + 60000, "reached"},
        {OP_OKTA_ADD, "bob", LISTING_UNKNOWN, SENT, "reached"}, /* shown is shown */
        {OP_OKTA_ADD, "bob", LISTING_ABSENT, SENT + 90000, "open"},
        {OP_OKTA_ADD, "bob", LISTING_SEALED, SENT - 1, "open"}, /* asked before it was sent */
        {OP_OKTA_ADD, "ada", LISTING_SEALED, SENT + 59999, "open"},
        {OP_OKTA_ADD, "ada", LISTING_SEALED, SENT + 60000, "not done"},
        {OP_OKTA_ADD, "ada", LISTING_UNKNOWN, SENT + 90000, "open"},
        {OP_OKTA_ADD, "ada", LISTING_ABSENT, SENT + 90000, "open"},
        {OP_OKTA_REMOVE, "ada", LISTING_SEALED, SENT, "reached"},
        {OP_OKTA_REMOVE, "ada", LISTING_SEALED, SENT - 1, "open"},
        {OP_OKTA_REMOVE, "ada", LISTING_UNKNOWN, SENT + 90000, "open"}, /* cut off before ada? */
        {OP_OKTA_REMOVE, "ada", LISTING_ABSENT, SENT + 90000, "open"},
        {OP_OKTA_REMOVE, "bob", LISTING_SEALED, SENT + 59999, "open"},
        {OP_OKTA_REMOVE, "bob", LISTING_SEALED, SENT + 60000, "not done"},
        {OP_OKTA_REMOVE, "bob", LISTING_UNKNOWN, SENT + 90000, "open"},
    };
    const struct member bob = {.id = STR("bob")};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct listing listing = {STR("g"), rows[i].listing, {0}, rows[i].at_ms, &bob, 1};

        assert_string_equal(proofs[verify_op(rows[i].kind, str_of(rows[i].person), SENT, &listing)],
                            rows[i].proof);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_op_is_settled_by_what_a_later_look_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "core/eligible.h"

#define WORD(text)                \
    {                             \
        "" text, sizeof(text) - 1 \
    }

static const struct str domains[] = {WORD("example.com"), WORD("example.co.jp")};
static const struct str groups[] = {WORD("Employees"), WORD("Trained")};
static const struct profile_value profile[] = {{WORD("country"), WORD("JP")}};

static const struct member taro[] = {{.id = WORD("00uTARO")}};
static const struct member hanako[] = {{.id = WORD("00uHANAKO")}};
static const struct listing has_taro = {.state = LISTING_SEALED, .members = taro, .n = 1};
static const struct listing no_taro = {.state = LISTING_SEALED, .members = hanako, .n = 1};
static const struct listing empty = {.state = LISTING_SEALED};
static const struct listing cut_off = {.state = LISTING_UNKNOWN, .members = taro, .n = 1};
static const struct listing absent = {.state = LISTING_ABSENT};

static const struct profile_value jp[] = {{WORD("country"), WORD("JP")}};
static const struct profile_value us[] = {{WORD("country"), WORD("US")}};

static struct person person_of(const char *login)
{
    return (struct person){.id = STR("00uTARO"),
                           .login = str_of(login),
                           .status = USER_ACTIVE,
                           .profile = jp,
                           .n_profile = 1};
}

static const char *show(struct eligible eligible, struct arena *arena)
{
    static const char *const answers[] = {"unknown", "yes", "no"};

    return arena_printf(arena, "%s%s%.*s", answers[eligible.answer],
                        eligible.why.len > 0 ? ": " : "", STR_ARG(eligible.why))
        .ptr;
}

static void test_without_rules_everybody_is_eligible_even_unread(void **state)
{
    struct entitlement ent = {0};
    struct named_groups none = {0};

    assert_string_equal(show(eligible_check(&ent, NULL, &none, *state), *state), "yes");
}

static void test_the_domain_is_what_follows_the_last_at_sign(void **state)
{
    static const struct {
        const char *login, *shown;
    } cases[] = {
        {"taro@example.com", "yes"},
        {"taro@EXAMPLE.com", "yes"},
        {"taro@example.co.jp", "yes"},
        {"taro@evil.example.com", NULL},
        {"taro@example.com@evil.org", NULL},
        {"example.com", NULL},
        {"taro@", NULL},
        {"", NULL},
    };
    struct entitlement ent = {.eligible = {.domains = domains, .n_domains = 2}};
    struct named_groups none = {0};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct person person = person_of(cases[i].login);
        const char *no =
            "no: the login is not in one of the domains allowed (example.com, example.co.jp)";

        assert_string_equal(show(eligible_check(&ent, &person, &none, *state), *state),
                            cases[i].shown ? cases[i].shown : no);
    }
}

static void test_the_person_is_in_every_group_that_the_rules_name(void **state)
{
    static const struct {
        const struct listing *employees, *trained;
        const char *shown;
    } cases[] = {
        {&has_taro, &has_taro, "yes"},
        {&has_taro, &no_taro, "no: not a member of the Okta group Trained"},
        {&empty, &has_taro, "no: not a member of the Okta group Employees"},
        {&no_taro, &no_taro, "no: not a member of the Okta group Employees"},
        {&cut_off, &has_taro, "unknown: the Okta group Employees could not be read"},
        {&absent, &has_taro, "unknown: the Okta group Employees could not be read"},
        {NULL, &has_taro, "unknown: the Okta group Employees could not be read"},
        {&cut_off, &no_taro, "no: not a member of the Okta group Trained"}, /* a no is a no */
    };
    struct entitlement ent = {.eligible = {.okta_groups = groups, .n_okta_groups = 2}};
    struct person person = person_of("taro@example.com");

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct named_group items[] = {{STR("Trained"), STR("g2"), cases[i].trained},
                                            {STR("Employees"), STR("g1"), cases[i].employees}};
        struct named_groups named = {items, 2};

        assert_string_equal(show(eligible_check(&ent, &person, &named, *state), *state),
                            cases[i].shown);
    }
}

static void test_a_group_that_was_not_looked_at_is_unknown(void **state)
{
    struct entitlement ent = {.eligible = {.okta_groups = groups, .n_okta_groups = 1}};
    struct person person = person_of("taro@example.com");
    struct named_groups none = {0};

    assert_string_equal(show(eligible_check(&ent, &person, &none, *state), *state),
                        "unknown: the Okta group Employees could not be read");
    assert_null(named_group_find(&none, STR("Employees")));
}

static void test_profile_values_match_exactly(void **state)
{
    struct entitlement ent = {.eligible = {.profile = profile, .n_profile = 1}};
    struct person person = person_of("taro@example.com");
    struct named_groups none = {0};

    assert_string_equal(show(eligible_check(&ent, &person, &none, *state), *state), "yes");
    person.profile = us;
    assert_string_equal(show(eligible_check(&ent, &person, &none, *state), *state),
                        "no: the profile's country is not JP");
    person.n_profile = 0;
    assert_string_equal(show(eligible_check(&ent, &person, &none, *state), *state),
                        "no: the profile's country is not JP");
}

static void test_what_this_run_did_not_read_argues_for_nothing(void **state)
{
    struct entitlement ent = {.eligible = {.domains = domains,
                                           .n_domains = 1,
                                           .profile = profile,
                                           .n_profile = 1,
                                           .okta_groups = groups,
                                           .n_okta_groups = 1}};
    const struct named_group items[] = {{STR("Employees"), STR("g1"), &has_taro}};
    struct named_groups named = {items, 1};
    struct person person = person_of("taro@elsewhere.org");

    person.status = USER_UNKNOWN; /* an old login from the ledger */
    assert_string_equal(show(eligible_check(&ent, &person, &named, *state), *state),
                        "unknown: the person could not be read from Okta");
    assert_string_equal(show(eligible_check(&ent, NULL, &named, *state), *state),
                        "unknown: the person could not be read from Okta");
    /* A sealed listing without them is known all the same. */
    const struct named_group without[] = {{STR("Employees"), STR("g1"), &no_taro}};
    named.items = without;
    assert_string_equal(show(eligible_check(&ent, &person, &named, *state), *state),
                        "no: not a member of the Okta group Employees");
}

static int new_arena(void **state)
{
    static struct arena arena;

    arena_init(&arena, 1 << 16);
    *state = &arena;
    return 0;
}

static int drop_arena(void **state)
{
    arena_fini(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_rules_everybody_is_eligible_even_unread),
        cmocka_unit_test(test_the_domain_is_what_follows_the_last_at_sign),
        cmocka_unit_test(test_the_person_is_in_every_group_that_the_rules_name),
        cmocka_unit_test(test_a_group_that_was_not_looked_at_is_unknown),
        cmocka_unit_test(test_profile_values_match_exactly),
        cmocka_unit_test(test_what_this_run_did_not_read_argues_for_nothing),
    };

    return cmocka_run_group_tests(tests, new_arena, drop_arena);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/policy.h"

static const struct str words_jp[] = {{"kiro", 4}, {"Kiro Japan", 10}};
static const struct str words_eu[] = {{"kiro europe", 11}, {"ide", 3}};
static const struct str words_acme[] = {{"ide", 3}};
static const struct plan_rule plans[] = {
    {.plan = {"kiro-pro", 8}, .okta_group = {"A", 1}},
    {.plan = {"kiro-pro-plus", 13}, .okta_group = {"B", 1}},
};
static const struct entitlement entitlements[] = {
    {.name = {"kiro-jp", 7}, .ask_for = words_jp, .n_ask_for = 2, .plans = plans, .n_plans = 2},
    {.name = {"kiro-eu", 7}, .ask_for = words_eu, .n_ask_for = 2},
    {.name = {"acme", 4}, .ask_for = words_acme, .n_ask_for = 1},
};
static const struct policy policy = {.entitlements = entitlements,
                                     .n_entitlements = ARRAY_LEN(entitlements)};

static void test_an_entitlement_is_found_by_its_exact_name(void **state)
{
    (void)state;
    assert_ptr_equal(policy_entitlement(&policy, STR("kiro-eu")), &entitlements[1]);
    assert_null(policy_entitlement(&policy, STR("Kiro-EU")));
    assert_null(policy_entitlement(&policy, STR("kiro")));
    assert_null(policy_entitlement(&policy, STR("")));
}

static void test_a_plan_is_found_within_its_entitlement(void **state)
{
    (void)state;
    assert_ptr_equal(entitlement_plan(&entitlements[0], STR("kiro-pro-plus")), &plans[1]);
    assert_null(entitlement_plan(&entitlements[0], STR("kiro-power")));
    assert_null(entitlement_plan(&entitlements[1], STR("kiro-pro")));
}

static void test_people_ask_in_their_own_words(void **state)
{
    static const struct {
        const char *words;
        const struct entitlement *found;
    } cases[] = {
        {"kiro", &entitlements[0]},
        {" KIRO ", &entitlements[0]},
        {"kiro japan", &entitlements[0]},
        {"kiro-jp", &entitlements[0]},
        {"Kiro-EU", &entitlements[1]},
        {"ide", NULL}, /* two answer to it */
        {"acme", &entitlements[2]},
        {"kir", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_ptr_equal(policy_asked_for(&policy, str_of(cases[i].words)), cases[i].found);
}

static void test_modes_and_approvals_have_the_words_of_the_settings(void **state)
{
    (void)state;
    assert_string_equal(mode_name(MODE_OBSERVE), "observe");
    assert_string_equal(mode_name(MODE_ADD), "add");
    assert_string_equal(mode_name(MODE_ENFORCE), "enforce");
    assert_string_equal(mode_name((enum mode)9), "unknown");
    assert_string_equal(approval_kind_name(APPROVAL_NONE), "none");
    assert_string_equal(approval_kind_name(APPROVAL_APPROVERS), "approvers");
    assert_string_equal(approval_kind_name(APPROVAL_MANAGER), "manager");
    assert_string_equal(approval_kind_name((enum approval_kind)9), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_entitlement_is_found_by_its_exact_name),
        cmocka_unit_test(test_a_plan_is_found_within_its_entitlement),
        cmocka_unit_test(test_people_ask_in_their_own_words),
        cmocka_unit_test(test_modes_and_approvals_have_the_words_of_the_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

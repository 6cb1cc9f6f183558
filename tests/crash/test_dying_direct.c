#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crash/story.h"

/* Dying at each point of a run that writes memberships of the Identity Store itself. */

static const char org[] = "people: [alice@example.com, bob@example.com, carol@example.com,"
                          " dave@example.com]\n"
                          "groups: [AWS_kiro_JP_Users]\n"
                          "aws:\n"
                          "  account: \"111122223333\"\n"
                          "  region: ap-northeast-1\n"
                          "  instance_arn: arn:aws:sso:::instance/ssoins-0123456789abcdef\n"
                          "  store_id: d-1234567890\n"
                          "  users: [alice@example.com, bob@example.com, carol@example.com]\n"
                          "  groups: [AWS_kiro_JP_Users]\n";

static const char settings[] =
    "name: test\n"
    "timezone: UTC\n"
    "ledger: ledger.db\n"
    "okta: {url: http://127.0.0.1:9, token_env: SEATKEEPER_TEST_TOKEN, rate_share: 100}\n"
    "aws:\n"
    "  region: ap-northeast-1\n"
    "  account: \"111122223333\"\n"
    "  instance_arn: arn:aws:sso:::instance/ssoins-0123456789abcdef\n"
    "  endpoints: {identitystore: 'http://127.0.0.1:9', sso: 'http://127.0.0.1:9',"
    " sts: 'http://127.0.0.1:9'}\n"
    "entitlements:\n"
    "  - name: kiro-jp\n"
    "    mode: enforce\n"
    "    provisioning: direct\n"
    "    default_plan: kiro-pro\n"
    "    plans:\n"
    "      - {plan: kiro-pro, okta_group: AWS_kiro_JP_Users}\n"
    "    removals_percent: 100\n"
    "    approval: none\n";

static void five_minutes_pass(struct rig *rig)
{
    sim_advance(rig->sim, 5 * TIME_MINUTE);
}

static void test_wherever_it_dies_the_store_ends_with_the_same_members(void **state)
{
    static const struct story story = {
        .org = org, .settings = settings, .stages = {story_give_seats, five_minutes_pass}};

    (void)state;
    story_die_in_last_stage(&story);
}

static void test_wherever_it_dies_who_left_okta_leaves_the_store_once(void **state)
{
    static const struct story story = {.org = org,
                                       .settings = settings,
                                       .stages = {story_give_seats, five_minutes_pass,
                                                  story_end_revoke_renew_add, five_minutes_pass}};

    (void)state;
    story_die_in_last_stage(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wherever_it_dies_the_store_ends_with_the_same_members),
        cmocka_unit_test(test_wherever_it_dies_who_left_okta_leaves_the_store_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/file.h"
#include "settings/settings_table.h"
#include "unit/settings/help.h"

/* The digest stands for the rules: any rule changes it, nothing else does. */

static struct str digest_of(struct str text, struct arena *arena)
{
    struct settings settings = help_settings(text, arena);

    assert_int_equal(settings.policy.digest.len, 64);
    return settings.policy.digest;
}

static struct str example(struct arena *arena)
{
    struct str text;
    struct err err = {0};

    assert_true(
        file_read(STR("config/seatkeeper.example.yaml"), 1 << 20, FILE_ANY, arena, &text, &err));
    return text;
}

/* The text with the first `from` replaced, which must be there. */
static struct str replaced(struct str text, const char *from, const char *to, struct arena *arena)
{
    const char *start = arena_cstr(arena, text);
    const char *at = strstr(start, from);

    if (!at)
        fail_msg("the example has no `%s`", from);
    return arena_printf(arena, "%.*s%s%s", (int)(at - start), start, to, at + strlen(from));
}

struct edit {
    const char *from, *to;
};

static const struct edit rules[] = {
    {"timezone: Europe/Berlin", "timezone: UTC"},
    {"https://example.okta.com", "https://example.oktapreview.com"},
    {"region: eu-central-1", "region: eu-west-1"},
    {"kiro_region: us-east-1", "kiro_region: eu-central-1"},
    {"instance/ssoins-7223example0000", "instance/ssoins-7223example0001"},
    {"# application_arn:", "application_arn:"},
    {"  # endpoints:                      # other addresses, for private links and tests\n"
     "  #   identitystore: https://identitystore.example.internal\n",
     "  endpoints:\n    identitystore: https://identitystore.example.internal\n"},
    {"  # endpoints:                      # other", "  endpoints: {sso: \"https://sso.local\"} # "},
    {"  # endpoints:                      # other", "  endpoints: {sts: \"https://sts.local\"} # "},
    {"  # endpoints:                      # other", "  endpoints: {q: \"https://q.local\"} # "},
    {"  # endpoints:                      # other",
     "  endpoints: {subscriptions: \"https://s.local\"} # "},
    {"subscriptions: observe", "subscriptions: off"},
    {"manager_attribute: managerId", "manager_attribute: manager"},
    {"ada: ada@example.com", "ada: grace@example.com"},
    {"admin: {okta_group: Seatkeeper_Admins}", "admin: ada@example.com"},
    {"decide: {okta_group: Seatkeeper_Deciders}", "decide: {okta_group: Others}"},
    {"read: {okta_group: Seatkeeper_Readers}", "read: {okta_group: Others}"},
    {"removals_per_run: 10", "removals_per_run: 11"},
    {"removals_per_day: 20\n  removals", "removals_per_day: 21\n  removals"},
    {"removals_per_week: 40\n  clock", "removals_per_week: 41\n  clock"},
    {"clock_tolerance: 5m", "clock_tolerance: 6m"},
    {"    - breakglass@example.com\n", ""},
    {"{okta_group: Board}", "Board"}, /* a login now */
    {"price: \"18.50\"", "price: \"18.51\""},
    {"read_as: [KIRO_ENTERPRISE_PRO]", "read_as: [KIRO_OTHER]"},
    {"read_as: [KIRO_ENTERPRISE_PRO]", "read_as: [KIRO_ENTERPRISE_PRO, KIRO_OTHER]"},
    {"read_as: [KIRO_ENTERPRISE_PRO]", "read_as: []"},
    {"rank: 10", "rank: 11"},
    {"credits: 0", "credits: 1"},
    {"downgrade: now", "downgrade: next_month"},
    {"billed_from: grant", "billed_from: first_use"},
    {"- name: acme-ide", "- name: acme-ide2"},
    {"mode: enforce", "mode: add"},
    {"provisioning: scim", "provisioning: none"},
    {"provisioning: scim", "provisioning: direct"},
    {"default_plan: kiro-pro", "default_plan: kiro-power"},
    {"okta_group: Kiro_Pro_Users", "okta_group: Kiro_Pro_Users2"},
    {"okta_group_id: 00g4examplepower0d7", "okta_group_id: 00g4examplepower0d8"},
    {"okta_group_id: 00g4examplepower0d7", "okta_group: 00g4examplepower0d7"},
    {"assignment_group: AWS_SSO_Assigned", "assignment_group: AWS_SSO"},
    {"assignment_leave: false", "assignment_leave: true"},
    {"approval: {kiro-pro: none,", "approval: {kiro-pro: manager,"},
    {"[lead@example.com,", "[lead2@example.com,"},
    {"approval_expires: 7d", "approval_expires: 8d"},
    {"{after: 1d,", "{after: 2d,"},
    {"to: {okta_group: Kiro_Approvers}", "to: {okta_group: Others}"},
    {"renewal_approval: manager", "renewal_approval: none"},
    {"domains: [example.com, example.de]", "domains: [example.com]"},
    {"okta_groups: [Employees]", "okta_groups: [Employees, Adults]"},
    {"{countryCode: DE,", "{countryCode: AT,"},
    {"on_ineligible: report", "on_ineligible: end"},
    {"default_duration: 90d", "default_duration: 91d"},
    {"max_duration: 365d", "max_duration: 364d"},
    {"max_seats: 250", "max_seats: 251"},
    {"max_seats: 250", "# none"},
    {"max_monthly_cost: \"6000.00\"", "max_monthly_cost: \"6000.01\""},
    {"unmanaged: report", "unmanaged: remove"},
    {"removed_outside: hold", "removed_outside: restore"},
    {"removals_per_run: 5", "removals_per_run: 6"},
    {"removals_per_day: 20\n    removals", "removals_per_day: 21\n    removals"},
    {"removals_per_week: 40\n    removals", "removals_per_week: 41\n    removals"},
    {"removals_percent: 10", "removals_percent: 11"},
    {"shrink_percent: 10", "shrink_percent: 11"},
    {"adds_per_run: 200", "adds_per_run: 201"},
    {"inferred: 24h", "inferred: 25h"},
    {"asked: 0s", "asked: 1s"},
    {"deprovisioned: 1d", "deprovisioned: off"},
    {"suspended: off", "suspended: 0s"},
};

static void test_every_rule_changes_the_digest(void **state)
{
    struct arena *arena = *state;
    struct str text = example(arena);
    struct str before = digest_of(text, arena);

    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        arena_mark_t mark = arena_mark(arena);

        if (str_eq(digest_of(replaced(text, rules[i].from, rules[i].to, arena), arena), before))
            fail_msg("`%s` decides access, but the digest stays", rules[i].to);
        arena_reset(arena, mark);
    }
}

static const struct edit no_rules[] = {
    {"name: prod", "name: staging"},
    {"ledger: /var/lib/seatkeeper/ledger.db", "ledger: other.db"},
    {"profile: seatkeeper", "profile: other"},
    {"# credentials_file: secrets/aws", "credentials_file: secrets/aws"},
    {"role_arn: arn:aws:iam::444455556666:role/seatkeeper", "# no role"},
    {"scim_token_expires: 2027-03-31", "scim_token_expires: 2028-03-31"},
    {"scim_app_id: 0oa4examplescim00d7", "scim_app_id: 0oa4examplescim00d8"},
    {"rate_share: 40", "rate_share: 41"},
    {"person_fields: [department, costCenter]", "person_fields: []"},
    {"every: 5m", "every: 6m"},
    {"heads: heads", "heads: other"},
    {"title: Kiro for engineers", "title: Kiro"},
    {"title: Acme IDE Team", "title: Acme"},
    {"show_in: {currency: EUR, rate: \"0.92\"}", "# no other"},
    {"ask_for: [kiro ide, kiro cli]", "ask_for: []"},
    {"notify_before: [14d, 3d]", "notify_before: [1d]"},
    {"hop_deadline: {okta: 10m,", "hop_deadline: {okta: 20m,"},
    {"hop_deadline: {okta: 10m, user: 1h, pushed: 1h,",
     "hop_deadline: {okta: 10m, user: 2h, pushed: 3h,"},
    {"unused_after: 60d", "unused_after: off"},
    {"reclaim: report", "reclaim: ask"},
    {"language: en", "language: ja"},
    {"per_hour: 60", "per_hour: 61"},
    /* The same said otherwise. */
    {"removal_grace: {inferred: 24h, asked: 0s}", "removal_grace: {asked: 0s}"},
    {"adds_per_run: 200", "# adds_per_run: as it is when left out"},
    {"approval_expires: 7d", "approval_expires: 168h"},
    {"\"6000.00\"", "6000"},
    {"https://example.okta.com", "https://example.okta.com/"},
    {"[example.com, example.de]", "[example.de, example.com]"},
    {"[lead@example.com, {okta_group: Kiro_Approvers}]",
     "[{okta_group: Kiro_Approvers}, lead@example.com]"},
    {"{countryCode: DE, userType: employee}", "{userType: employee, countryCode: DE}"},
    {"\n    approval: manager\n", "\n    approval: {acme-team: manager}\n"},
    {"    provisioning: none\n    default_plan: acme-team\n",
     "    default_plan: acme-team\n    provisioning: none\n"},
    {"# Limits over all", "# Bounds over all"},
    {"mode: observe", "mode: 'observe'"},
    {"read_as: [KIRO_ENTERPRISE_PRO]", "# read as the program knows it"},
};

static void test_nothing_else_changes_the_digest(void **state)
{
    struct arena *arena = *state;
    struct str text = example(arena);
    struct str before = digest_of(text, arena);

    for (size_t i = 0; i < ARRAY_LEN(no_rules); i++) {
        arena_mark_t mark = arena_mark(arena);

        if (!str_eq(digest_of(replaced(text, no_rules[i].from, no_rules[i].to, arena), arena),
                    before))
            fail_msg("`%s` decides nothing, but the digest changes", no_rules[i].to);
        arena_reset(arena, mark);
    }
}

/* Elsewhere the same names mean other people: what is met there is a rule, as Okta's address is. */
static void test_another_account_or_none_is_another_set_of_rules(void **state)
{
    static const char *const sections[] = {
        "",
        "aws: {region: eu-central-1, account: \"444455556666\", "
        "instance_arn: \"arn:aws:sso:::instance/ssoins-7223example0000\"}\n",
        "aws: {region: eu-central-1, account: \"444455556667\", "
        "instance_arn: \"arn:aws:sso:::instance/ssoins-7223example0000\"}\n",
    };
    struct str digests[ARRAY_LEN(sections)];

    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        struct str text = arena_printf(*state, "ledger: l.db\n%s", sections[i]);

        digests[i] = digest_of(help_changed(1, text.ptr, *state), *state);
    }
    assert_int_equal(str_sort_unique(digests, ARRAY_LEN(sections)), ARRAY_LEN(sections));
}

/* Every value of these sections decides access unless it is named here: a new row has to choose. */
static void test_rows_of_access_are_rules_unless_named(void **state)
{
    static const char *const sections[] = {"aws.", "entitlements[].", "safety.", "roles."};
    CLEANUP(buf_fini) struct buf names = {0};
    const struct setting *row;

    (void)state;
    for (size_t i = 0; (row = settings_row(i)) != NULL; i++) {
        bool is_inside = false;

        for (size_t k = 0; k < ARRAY_LEN(sections); k++)
            is_inside |= str_starts(str_of(row->path), str_of(sections[k]));
        if (is_inside && row->type != SETTING_MAP && row->type != SETTING_LIST &&
            !(row->flags & SETTING_RULE))
            buf_printf(&names, "%s\n", row->path);
    }
    assert_string_equal(names.ptr, "aws.profile\n"
                                   "aws.credentials_file\n"
                                   "aws.role_arn\n"
                                   "aws.scim_token_expires\n"
                                   "entitlements[].title\n"
                                   "entitlements[].ask_for\n"
                                   "entitlements[].scope\n"
                                   "entitlements[].notify_before\n"
                                   "entitlements[].hop_deadline.okta\n"
                                   "entitlements[].hop_deadline.user\n"
                                   "entitlements[].hop_deadline.pushed\n"
                                   "entitlements[].hop_deadline.seat\n"
                                   "entitlements[].unused_after\n"
                                   "entitlements[].reclaim\n");
}

/* Values must not run into each other: no two different files, one digest. */
static void test_values_cannot_pass_for_other_values(void **state)
{
    static const char *const tails[] = {
        "    eligible: {okta_groups: [A, B]}\n",
        "    eligible: {okta_groups: [\"A;1:B\"]}\n",
        "    eligible: {okta_groups: [\"A, B\"]}\n",
        "    eligible: {profile: {A: B}}\n",
        "    eligible: {profile: {B: A}}\n",
        "    approvers: [A, B]\n",
        "    approvers: [{okta_group: A}, B]\n",
        "    approvers: [A, {okta_group: B}]\n",
        "    assignment_group: A\n",
        "",
    };
    struct str digests[ARRAY_LEN(tails)];

    for (size_t i = 0; i < ARRAY_LEN(tails); i++)
        digests[i] = digest_of(help_changed(0, tails[i], *state), *state);
    assert_int_equal(str_sort_unique(digests, ARRAY_LEN(tails)), ARRAY_LEN(tails));
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, help_setup, help_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(test_every_rule_changes_the_digest),
        WITH_ARENA(test_nothing_else_changes_the_digest),
        WITH_ARENA(test_another_account_or_none_is_another_set_of_rules),
        WITH_ARENA(test_rows_of_access_are_rules_unless_named),
        WITH_ARENA(test_values_cannot_pass_for_other_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

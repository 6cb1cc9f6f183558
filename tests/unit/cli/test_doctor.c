#include "stage_test.h"

/* The lines of a check, results first, without what was found. */
static bool has_check(const char *text, const char *result, const char *name, const char *found)
{
    for (const char *line = text; *line;
         line += strcspn(line, "\n") + (strchr(line, '\n') ? 1 : 0)) {
        size_t len = strcspn(line, "\n");
        char copy[1024];
        (void)snprintf(copy, sizeof(copy), "%.*s", (int)len, line);
        if (strncmp(copy, result, strlen(result)) == 0 && strstr(copy, name) && strstr(copy, found))
            return true;
    }
    return false;
}

static void says_check(struct stage *stage, int outcome, const char *result, const char *name,
                       const char *found)
{
    const char *text = SAYS(stage, "doctor");

    if (!has_check(text, result, name, found))
        fail_msg("there is no `%s %s ... %s` in\n%s", result, name, found, text);
    if ((strstr(text, "[exit 1]") != NULL) != (outcome == 1))
        fail_msg("the exit code is not %d after\n%s", outcome, text);
}

static void test_all_is_well_before_the_first_run_and_after_it(void **state)
{
    struct stage *stage = *state;

    says_check(stage, 0, "note", "okta.org", "http://127.0.0.1:8080");
    says_check(stage, 0, "ok", "okta.group", "not pinned yet, 0 members");
    RUNS(stage, "reconcile");
    says_check(stage, 0, "ok", "okta.org", "as pinned");
    says_check(stage, 0, "ok", "okta.group", "pinned on 2026-05-04, 0 members");
    says_check(stage, 0, "ok", "okta.scope", "none of 16 powerful scopes");
    says_check(stage, 0, "ok", "file.ledger", "mode 0600");
    says_check(stage, 0, "ok", "clock", "0 s off");
    says_check(stage, 0, "ok", "okta.log", "readable");
}

static void test_looking_changes_nothing(void **state)
{
    struct stage *stage = *state;
    struct err err = {0};
    int64_t before, after;

    RUNS(stage, "request", "grant", "bob@example.com", "-e", "kiro-jp");
    must(stage_writes(stage, &before, &err), &err);
    char *audit = strdup(SAYS(stage, "audit", "--verify"));
    RUNS(stage, "doctor");
    must(stage_writes(stage, &after, &err), &err);
    assert_int_equal(before, after);
    assert_string_equal(SAYS(stage, "audit", "--verify"), audit);
    free(audit);
}

static void grant_scopes(struct stage *stage, const char *scopes)
{
    struct sim_credentials own = sim_credentials(stage->sim);
    char body[1024];

    (void)snprintf(body, sizeof(body),
                   "{merge: true, credentials: {clients: [{client_id: %.*s, scopes: [%s]}]}}",
                   STR_ARG(own.client_id), scopes);
    in_cloud(stage, "/_sim/org", body);
}

#define NEEDED "okta.groups.manage, okta.groups.read, okta.users.read"

static void test_scopes_beyond_what_is_needed_fail(void **state)
{
    grant_scopes(*state, NEEDED ", okta.users.manage");
    says_check(*state, 1, "FAIL", "okta.scope", "okta.users.manage is granted");
}

static void test_a_needed_scope_that_is_missing_is_named(void **state)
{
    grant_scopes(*state, "okta.groups.manage, okta.groups.read");
    says_check(*state, 1, "FAIL", "okta.login", "invalid_scope");
    says_check(*state, 1, "FAIL", "okta.scope", "okta.users.read is missing");
    says_check(*state, 1, "ok", "okta.scope", "okta.groups.manage");
}

static void test_scopes_that_only_help_are_notes(void **state)
{
    grant_scopes(*state, NEEDED);
    says_check(*state, 0, "note", "okta.scope", "okta.logs.read is missing");
    says_check(*state, 0, "note", "okta.log", "could not be read");
    says_check(*state, 0, "note", "okta.schema", "could not be read");
}

static void test_a_group_that_is_not_there_fails(void **state)
{
    in_cloud(*state, "/_sim/groups/" KIRO "/delete", "{}");
    says_check(*state, 1, "FAIL", "okta.group", "Okta has no group `" KIRO "`");
}

static void test_a_group_that_was_made_anew_fails(void **state)
{
    RUNS(*state, "reconcile");
    in_cloud(*state, "/_sim/groups/" KIRO "/recreate", "{}");
    says_check(*state, 1, "FAIL", "okta.group", "now leads to group");
}

static void test_a_group_that_a_rule_fills_fails(void **state)
{
    in_cloud(*state, "/_sim/rules",
             "{name: all of JP, expression: 'user.countryCode==\"JP\"', groups: [" KIRO
             "], status: ACTIVE}");
    says_check(*state, 1, "FAIL", "okta.group", "the group rule `all of JP` fills group");
}

static void test_a_group_that_carries_admin_roles_fails(void **state)
{
    in_cloud(*state, "/_sim/org", "{merge: true, roles: {" KIRO ": [APP_ADMIN]}}");
    says_check(*state, 1, "FAIL", "okta.group", "carries admin roles");
}

static void test_another_application_behind_the_group_is_a_note(void **state)
{
    in_cloud(*state, "/_sim/org",
             "{merge: true, apps: [{name: wiki, label: Wiki, groups: [" KIRO "]}]}");
    says_check(*state, 0, "note", "okta.apps", KIRO " also gives access to Wiki");
}

static void test_an_attribute_that_admits_must_not_be_edited_by_its_holder(void **state)
{
    in_cloud(*state, "/_sim/org", "{merge: true, schema: {self_editable: [managerId]}}");
    says_check(*state, 0, "note", "okta.schema", "who answers for a seat");
}

static void test_a_clock_that_is_off_fails(void **state)
{
    in_cloud(*state, "/_sim/clock", "{skew: -7m}");
    says_check(*state, 1, "FAIL", "clock", "420 s ahead of Okta's");
}

static void test_people_whom_the_settings_name_must_be_there(void **state)
{
    in_cloud(*state, "/_sim/people/breakglass@example.com/deactivate", "{}");
    says_check(*state, 0, "note", "okta.person", "breakglass@example.com, whom the settings name");
    in_cloud(*state, "/_sim/people/lead@example.com/rename", "{login: leader@example.com}");
    says_check(*state, 1, "FAIL", "okta.person", "nobody with the login lead@example.com");
}

static void test_an_okta_that_is_away_fails_and_ends_soon(void **state)
{
    struct stage *stage = *state;
    struct err err = {0};

    must(sim_load_faults(stage->sim, STR("- do: {refuse: true}\n"), &err), &err);
    says_check(stage, 1, "FAIL", "okta.org", "could not be read");
}

static void test_another_okta_than_the_ledger_knows_gets_no_credential(void **state)
{
    struct stage *stage = *state;
    struct err err = {0};

    RUNS(stage, "reconcile");
    must(ledger_meta_set(stage->cli.ledger, &stage->cli.actor, "okta_org", STR("00oother"), &err),
         &err);
    says_check(stage, 1, "FAIL", "okta.org", "the ledger knows Okta as");
    assert_lacks(SAYS(stage, "doctor"), "okta.login");
}

static void test_json_says_the_same(void **state)
{
    const char *json = SAYS(*state, "doctor", "--json");

    assert_has(json, "\"ok\": true");
    assert_has(json, "\"check\": \"okta.group\",\n      \"result\": \"ok\"");
    in_cloud(*state, "/_sim/clock", "{skew: -7m}");
    json = SAYS(*state, "doctor", "--json");
    assert_has(json, "\"ok\": false");
    assert_has(json, "\"result\": \"fail\"");
    assert_has(json, "\"remedy\": \"set this machine's clock right");
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_all_is_well_before_the_first_run_and_after_it),
        STAGED(test_looking_changes_nothing),
        STAGED(test_scopes_beyond_what_is_needed_fail),
        STAGED(test_a_needed_scope_that_is_missing_is_named),
        STAGED(test_scopes_that_only_help_are_notes),
        STAGED(test_a_group_that_is_not_there_fails),
        STAGED(test_a_group_that_was_made_anew_fails),
        STAGED(test_a_group_that_a_rule_fills_fails),
        STAGED(test_a_group_that_carries_admin_roles_fails),
        STAGED(test_another_application_behind_the_group_is_a_note),
        STAGED(test_an_attribute_that_admits_must_not_be_edited_by_its_holder),
        STAGED(test_a_clock_that_is_off_fails),
        STAGED(test_people_whom_the_settings_name_must_be_there),
        STAGED(test_an_okta_that_is_away_fails_and_ends_soon),
        STAGED(test_another_okta_than_the_ledger_knows_gets_no_credential),
        STAGED(test_json_says_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "stage_test.h"

#define STRANGER "{add: [carol@example.com], actor: tanaka@example.com}"

/* A second entitlement, at the end of the settings' list. */
static const char second[] = "  - name: q-jp\n"
                             "    mode: enforce\n"
                             "    default_plan: q-pro\n"
                             "    plans:\n"
                             "      - {plan: q-pro, okta_group: Kiro_Approvers}\n"
                             "    approval: none\n";

static int set_up_two(void **state)
{
    return set_up_with(state, second);
}

/* The id of the only finding. */
static const char *only_finding(struct stage *stage)
{
    static char id[16];
    const char *text = SAYS(stage, "drift");

    assert_true(strncmp(text, "F-", 2) == 0);
    (void)snprintf(id, sizeof(id), "%.*s", (int)strcspn(text, " "), text);
    return id;
}

static void add_stranger(struct stage *stage)
{
    in_cloud(stage, "/_sim/groups/" KIRO "/members", STRANGER);
    RUNS(stage, "reconcile");
}

/* Bob's seat is granted and taken by other hands. */
static void take_out(struct stage *stage)
{
    RUNS(stage, "request", "grant", "alice@example.com", "-e", "kiro-jp");
    RUNS(stage, "request", "grant", "bob@example.com", "-e", "kiro-jp");
    RUNS(stage, "reconcile");
    sim_advance(stage->sim, TIME_MINUTE);
    in_cloud(stage, "/_sim/groups/" KIRO "/members", "{remove: [bob@example.com]}");
    FAILS(stage, EXIT_HELD, "reconcile");
}

static void test_nothing_found_is_said_once_somebody_looked(void **state)
{
    assert_string_equal(SAYS(*state, "drift", "--exit-code"), "");
    RUNS(*state, "reconcile");
    assert_string_equal(SAYS(*state, "drift", "--exit-code"), "Nothing found.\n");
}

static void test_findings_name_who_did_it(void **state)
{
    add_stranger(*state);
    assert_has(SAYS(*state, "drift"), "By: tanaka@example.com\n");
    assert_has(SAYS(*state, "drift", "--json"), "\"actor\": \"tanaka@example.com\"");
    assert_has(SAYS(*state, "drift", "--csv"), "tanaka@example.com");
}

static void test_exit_code_is_only_given_when_asked_for(void **state)
{
    add_stranger(*state);
    FAILS(*state, EXIT_DONE, "drift");
    FAILS(*state, EXIT_PENDING, "drift", "--exit-code");
}

static void test_one_entitlement_is_shown_alone(void **state)
{
    in_cloud(*state, "/_sim/groups/" KIRO "/members", STRANGER);
    RUNS(*state, "reconcile");
    assert_has(SAYS(*state, "drift", "-e", "kiro-jp"), "carol@example.com");
    assert_lacks(SAYS(*state, "drift", "-e", "q-jp"), "carol@example.com");
    assert_has(SAYS(*state, "drift", "-e", "q-jp"), "lead@example.com");
}

static void test_ack_lets_go_what_was_held(void **state)
{
    struct stage *stage = *state;

    take_out(stage);
    assert_string_equal(members(stage, KIRO), "alice");
    const char *id = only_finding(stage);
    assert_has(SAYS(stage, "ack", id, "--reason", "a mistake"),
               "What it lets go: the next run puts the person back.\n");
    assert_has(SAYS(stage, "ack", id, "--reason", "again"),
               "is acknowledged already, by os:demo: a mistake\n");
    RUNS(stage, "reconcile");
    assert_string_equal(members(stage, KIRO), "alice bob");
}

static void test_ack_wants_a_finding_and_a_reason(void **state)
{
    struct stage *stage = *state;

    take_out(stage);
    const char *id = only_finding(stage);
    FAILS(stage, EXIT_WRONG_USE, "ack", id);
    FAILS(stage, EXIT_WRONG_USE, "ack", id, "--reason", "  ");
    assert_string_equal(SAYS(stage, "ack", "F-ZZZ", "--reason", "x"),
                        "seatkeeper ack: there is no finding `F-ZZZ`; `seatkeeper drift` lists "
                        "them\n[exit 2]\n");
    FAILS(stage, EXIT_HELD, "reconcile");
    assert_string_equal(members(stage, KIRO), "alice");
}

static void test_what_holds_nothing_cannot_be_acknowledged(void **state)
{
    add_stranger(*state);
    const char *id = only_finding(*state);
    const char *text = SAYS(*state, "ack", id, "--reason", "fine");

    assert_has(text, "holds nothing that an acknowledgement could let go; adopt the seat");
    assert_has(text, "[exit 1]");
}

static void test_ignored_findings_come_back_after_that_day(void **state)
{
    struct stage *stage = *state;

    add_stranger(stage);
    const char *id = only_finding(stage);
    FAILS(stage, EXIT_WRONG_USE, "ignore", id, "--reason", "a guest");
    FAILS(stage, EXIT_WRONG_USE, "ignore", id, "--until", "2026-05-03", "--reason", "a guest");
    FAILS(stage, EXIT_WRONG_USE, "ignore", id, "--until", "soon", "--reason", "a guest");
    RUNS(stage, "ignore", id, "--until", "2026-05-06", "--reason", "a guest");
    assert_string_equal(SAYS(stage, "drift", "--exit-code"), "Nothing found.\n");
    assert_has(SAYS(stage, "drift", "--all"), "carol@example.com");
    sim_advance(stage->sim, 3 * TIME_DAY);
    RUNS(stage, "reconcile");
    assert_has(SAYS(stage, "drift"), "carol@example.com");
}

static void test_an_ignored_hold_stays_held(void **state)
{
    struct stage *stage = *state;

    take_out(stage);
    RUNS(stage, "ignore", only_finding(stage), "--until", "2026-05-06", "--reason", "later");
    FAILS(stage, EXIT_HELD, "reconcile");
    assert_string_equal(members(stage, KIRO), "alice");
}

static void test_what_is_over_is_neither_acknowledged_nor_ignored(void **state)
{
    struct stage *stage = *state;

    take_out(stage);
    const char *id = only_finding(stage);
    in_cloud(stage, "/_sim/groups/" KIRO "/members", "{add: [bob@example.com]}");
    RUNS(stage, "reconcile");
    FAILS(stage, EXIT_FAILED, "ack", id, "--reason", "x");
    FAILS(stage, EXIT_FAILED, "ignore", id, "--until", "2026-06-01", "--reason", "x");
}

static void test_findings_of_a_listing_that_is_not_believed_stay(void **state)
{
    struct stage *stage = *state;
    struct err err = {0};

    RUNS(stage, "request", "grant", "bob@example.com", "-e", "kiro-jp");
    add_stranger(stage);
    must(sim_load_faults(
             stage->sim,
             STR("- match: {path: \"/api/v1/groups/*/users\"}\n  do: {empty_list: true}\n"), &err),
         &err);
    sim_advance(stage->sim, 10 * TIME_MINUTE);
    FAILS(stage, EXIT_HELD, "reconcile");
    const char *text = SAYS(stage, "drift");
    assert_has(text, "shrunk_listing");
    assert_has(text, "unmanaged_member  kiro-jp  carol@example.com  since 2026-05-04 09:00");
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_nothing_found_is_said_once_somebody_looked),
        STAGED(test_findings_name_who_did_it),
        STAGED(test_exit_code_is_only_given_when_asked_for),
        cmocka_unit_test_setup_teardown(test_one_entitlement_is_shown_alone, set_up_two, tear_down),
        STAGED(test_ack_lets_go_what_was_held),
        STAGED(test_ack_wants_a_finding_and_a_reason),
        STAGED(test_what_holds_nothing_cannot_be_acknowledged),
        STAGED(test_ignored_findings_come_back_after_that_day),
        STAGED(test_an_ignored_hold_stays_held),
        STAGED(test_what_is_over_is_neither_acknowledged_nor_ignored),
        STAGED(test_findings_of_a_listing_that_is_not_believed_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "stage_test.h"

static void test_without_a_run_nobody_holds_a_seat(void **state)
{
    assert_string_equal(SAYS(*state, "seats"), "Nobody holds a seat.\n");
    assert_string_equal(SAYS(*state, "seats", "--json"), "{\n  \"seats\": []\n}\n");
}

static void test_granted_people_are_listed_with_their_hop(void **state)
{
    RUNS(*state, "request", "grant", "bob@example.com", "-e", "kiro-jp", "--for", "7d");
    RUNS(*state, "request", "grant", "alice@example.com", "-e", "kiro-jp", "--until", "2026-06-30");
    assert_string_equal(SAYS(*state, "seats"), "Nobody holds a seat.\n");
    RUNS(*state, "reconcile");
    assert_string_equal(SAYS(*state, "seats"),
                        "alice@example.com  kiro-jp  kiro-pro  until 2026-06-30  user on_its_way  "
                        "Okta pushes changes within minutes as a rule\n"
                        "bob@example.com    kiro-jp  kiro-pro  until 2026-05-11  user on_its_way  "
                        "Okta pushes changes within minutes as a rule\n");
    sim_advance(((struct stage *)*state)->sim, 5 * TIME_MINUTE);
    RUNS(*state, "reconcile");
    assert_string_equal(SAYS(*state, "seats"),
                        "alice@example.com  kiro-jp  kiro-pro  until 2026-06-30  pushed reached\n"
                        "bob@example.com    kiro-jp  kiro-pro  until 2026-05-11  pushed reached\n");
}

static void test_json_names_grants_hops_and_who_answers(void **state)
{
    RUNS(*state, "request", "grant", "bob@example.com", "-e", "kiro-jp", "--for", "7d");
    RUNS(*state, "reconcile");
    const char *json = SAYS(*state, "seats", "--json");

    assert_has(json, "\"person\": \"bob@example.com\"");
    assert_has(json, "\"owner\": \"lead@example.com\"");
    assert_has(json, "\"hop\": \"okta\",\n          \"state\": \"reached\",\n"
                     "          \"since\": \"2026-05-04T09:00:0");
    assert_has(json, "\"hop\": \"user\",\n          \"state\": \"on_its_way\",\n");
    assert_has(json, "\"hop\": \"in_use\",\n          \"state\": \"not_applicable\"");
}

static void test_members_by_other_hands_are_no_seats(void **state)
{
    in_cloud(*state, "/_sim/groups/" KIRO "/members", "{add: [carol@example.com]}");
    RUNS(*state, "reconcile");
    assert_string_equal(SAYS(*state, "seats"), "Nobody holds a seat.\n");
    assert_has(SAYS(*state, "explain", "carol@example.com"),
               "put into the group by other hands, without a request; it is not managed here");
    assert_has(SAYS(*state, "explain", "carol@example.com"), "Member of the Okta group: yes");
}

static void test_a_seat_that_is_held_says_by_what(void **state)
{
    struct stage *stage = *state;

    RUNS(stage, "request", "grant", "alice@example.com", "-e", "kiro-jp");
    RUNS(stage, "request", "grant", "bob@example.com", "-e", "kiro-jp");
    RUNS(stage, "reconcile");
    sim_advance(stage->sim, 5 * TIME_MINUTE);
    in_cloud(stage, "/_sim/groups/" KIRO "/members",
             "{remove: [bob@example.com], actor: tanaka@example.com}");
    FAILS(stage, EXIT_HELD, "reconcile");
    assert_string_equal(SAYS(stage, "seats"),
                        "alice@example.com  kiro-jp  kiro-pro  until 2026-10-31  pushed reached\n"
                        "bob@example.com    kiro-jp  kiro-pro  until 2026-10-31  okta on_its_way  "
                        "taken out by other hands; restore or end it: tanaka@example.com\n");
    sim_advance(stage->sim, 2 * TIME_HOUR);
    assert_has(SAYS(stage, "seats"), "okta late");
}

static void test_a_seat_that_ended_is_leaving_until_a_run_took_it(void **state)
{
    struct stage *stage = *state;

    RUNS(stage, "request", "grant", "bob@example.com", "-e", "kiro-jp", "--for", "7d");
    RUNS(stage, "reconcile");
    sim_advance(stage->sim, 8 * TIME_DAY);
    assert_string_equal(SAYS(stage, "seats"), "bob@example.com  kiro-jp  kiro-pro  okta leaving\n");
    RUNS(stage, "reconcile");
    assert_string_equal(SAYS(stage, "seats"),
                        "bob@example.com  kiro-jp  kiro-pro  pushed leaving\n");
    sim_advance(stage->sim, 5 * TIME_MINUTE);
    RUNS(stage, "reconcile");
    assert_string_equal(SAYS(stage, "seats"), "Nobody holds a seat.\n");
}

static void test_what_could_not_be_read_is_not_known(void **state)
{
    struct stage *stage = *state;
    struct err err = {0};

    RUNS(stage, "request", "grant", "bob@example.com", "-e", "kiro-jp");
    RUNS(stage, "reconcile");
    must(sim_load_faults(stage->sim,
                         STR("- match: {path: \"/api/v1/groups/*/users\"}\n  do: {status: 403}\n"),
                         &err),
         &err);
    sim_advance(stage->sim, TIME_MINUTE);
    FAILS(stage, EXIT_TRY_LATER, "reconcile");
    assert_has(SAYS(stage, "seats"), "okta unknown");
}

static void test_wrong_use_is_said_in_one_sentence(void **state)
{
    assert_string_equal(SAYS(*state, "seats", "-e", "nope"),
                        "seatkeeper seats: there is no entitlement `nope`; there is: kiro-jp\n"
                        "[exit 2]\n");
    assert_string_equal(SAYS(*state, "seats", "--json", "--csv"),
                        "seatkeeper seats: --json and --csv are two different things; give one\n"
                        "[exit 2]\n");
}

/* ---- explain ---- */

static void test_explain_of_a_stranger_says_that_nothing_is_known(void **state)
{
    const char *text = SAYS(*state, "explain", "nobody@example.com");

    assert_has(text, "nobody@example.com is not known here");
    assert_has(text, "seatkeeper request grant nobody@example.com -e kiro-jp");
}

static void test_explain_shows_a_request_that_no_run_has_seen(void **state)
{
    RUNS(*state, "request", "grant", "Bob@example.com", "-e", "kiro-jp", "--reason", "for work");
    assert_has(SAYS(*state, "explain", "bob@example.com"),
               "Asked: R1, a grant asked for on 2026-05-04 by os:demo, open (filed), saying \"for "
               "work\"");
}

static void test_explain_says_why_and_who_answers(void **state)
{
    RUNS(*state, "request", "grant", "bob@example.com", "-e", "kiro-jp", "--for", "7d");
    RUNS(*state, "reconcile");
    const char *text = SAYS(*state, "explain", "bob@example.com");

    assert_has(text, "bob@example.com (Bob Ito, Okta id 00u");
    assert_has(text, "Seat: kiro-pro, through the Okta group " KIRO ", until 2026-05-11.");
    assert_has(text, "Granted: kiro-pro from 2026-05-04 until 2026-05-11.");
    assert_has(text, "Who answers for it: lead@example.com.");
}

static void test_explain_knows_people_by_id_too(void **state)
{
    struct stage *stage = *state;

    RUNS(stage, "request", "grant", "bob@example.com", "-e", "kiro-jp");
    RUNS(stage, "reconcile");
    char *id = strdup(strstr(SAYS(stage, "explain", "bob@example.com"), "00u"));
    *strchr(id, ')') = '\0';
    assert_has(SAYS(stage, "explain", id), "bob@example.com (Bob Ito");
    free(id);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_without_a_run_nobody_holds_a_seat),
        STAGED(test_granted_people_are_listed_with_their_hop),
        STAGED(test_json_names_grants_hops_and_who_answers),
        STAGED(test_members_by_other_hands_are_no_seats),
        STAGED(test_a_seat_that_is_held_says_by_what),
        STAGED(test_a_seat_that_ended_is_leaving_until_a_run_took_it),
        STAGED(test_what_could_not_be_read_is_not_known),
        STAGED(test_wrong_use_is_said_in_one_sentence),
        STAGED(test_explain_of_a_stranger_says_that_nothing_is_known),
        STAGED(test_explain_shows_a_request_that_no_run_has_seen),
        STAGED(test_explain_says_why_and_who_answers),
        STAGED(test_explain_knows_people_by_id_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "stage_test.h"

#define HEADER "okta_id,login,first_name,last_name,status,entitlement,plan,until,owner,note\r\n"

/* People whom other hands put into the group, as a run has seen them. */
static void put_in(struct stage *stage, const char *body)
{
    in_cloud(stage, "/_sim/groups/" KIRO "/members", body);
    sim_advance(stage->sim, TIME_MINUTE);
    RUNS(stage, "reconcile");
}

/* What `adopt --out` writes, without the ids, which are the cloud's. */
static const char *exported(struct stage *stage)
{
    static char out[4096];
    char path[128];
    size_t n = 0;

    (void)snprintf(path, sizeof(path), "%s", in_folder(stage, "adopt.csv"));
    RUNS(stage, "adopt", "-e", "kiro-jp", "--out", path);
    for (const char *line = text_of(stage, "adopt.csv"); *line; line += strcspn(line, "\n") + 1) {
        const char *rest = strncmp(line, "00u", 3) == 0 ? strchr(line, ',') : line;
        int len = (int)strcspn(rest, "\r\n");
        n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s\n", len, rest);
    }
    return out;
}

/* The list written again, with `from` replaced by `to` wherever it stands. */
static const char *edited(struct stage *stage, const char *from, const char *to)
{
    static char path[128];
    char out[4096];
    size_t n = 0;
    const char *at = text_of(stage, "adopt.csv");

    while (*at) {
        bool here = *from && strncmp(at, from, strlen(from)) == 0;
        n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s", here ? 99 : 1, here ? to : at);
        at += here ? strlen(from) : 1;
    }
    put_file(stage, "edited.csv", out);
    (void)snprintf(path, sizeof(path), "%s", in_folder(stage, "edited.csv"));
    return path;
}

static void test_the_list_shows_everybody_who_is_not_ours(void **state)
{
    struct stage *stage = *state;

    RUNS(stage, "request", "grant", "alice@example.com", "-e", "kiro-jp");
    put_in(stage, "{add: [carol@example.com, bob@example.com]}");
    assert_string_equal(exported(stage),
                        "okta_id,login,first_name,last_name,status,entitlement,plan,until,owner,"
                        "note\n"
                        ",bob@example.com,,,ACTIVE,kiro-jp,kiro-pro,,,\n"
                        ",carol@example.com,,,ACTIVE,kiro-jp,kiro-pro,,,\n");
}

static void test_the_list_says_who_is_not_adopted(void **state)
{
    struct stage *stage = *state;

    RUNS(stage, "request", "grant", "frank@example.com", "-e", "kiro-jp");
    in_cloud(stage, "/_sim/people", "{login: sam@partner.example}");
    put_in(stage, "{add: [bob@example.com, dave@example.com, sam@partner.example]}");
    sim_advance(stage->sim, TIME_MINUTE);
    RUNS(stage, "request", "revoke", "frank@example.com", "-e", "kiro-jp");
    in_cloud(stage, "/_sim/people/dave@example.com/deactivate", "{}");
    sim_advance(stage->sim, TIME_MINUTE);
    RUNS(stage, "reconcile");
    put_in(stage, "{add: [frank@example.com]}");
    put_in(stage, "{}"); /* who comes back right after our own removal is believed a run later */
    assert_string_equal(
        exported(stage),
        "okta_id,login,first_name,last_name,status,entitlement,plan,until,owner,note\n"
        ",bob@example.com,,,ACTIVE,kiro-jp,kiro-pro,,,\n"
        ",dave@example.com,,,DEPROVISIONED,kiro-jp,kiro-pro,,,not adopted: inactive in Okta "
        "(DEPROVISIONED)\n"
        ",frank@example.com,Frank,Müller,ACTIVE,kiro-jp,kiro-pro,,,not adopted: revoked on "
        "2026-05-04\n"
        ",sam@partner.example,,,ACTIVE,kiro-jp,kiro-pro,,,\"not adopted: not eligible: the login "
        "is not in one of the domains allowed (example.com, gen.example.com)\"\n");
}

static void test_a_list_is_never_overwritten(void **state)
{
    struct stage *stage = *state;

    put_in(stage, "{add: [bob@example.com]}");
    put_file(stage, "adopt.csv", "mine");
    FAILS(stage, EXIT_WRONG_USE, "adopt", "-e", "kiro-jp", "--out", in_folder(stage, "adopt.csv"));
    assert_string_equal(text_of(stage, "adopt.csv"), "mine");
}

static void test_nothing_is_listed_before_a_run_looked(void **state)
{
    struct stage *stage = *state;

    assert_has(SAYS(stage, "adopt", "-e", "kiro-jp", "--out", in_folder(stage, "adopt.csv")),
               "no run has listed the groups of kiro-jp yet");
    RUNS(stage, "reconcile");
    RUNS(stage, "adopt", "-e", "kiro-jp", "--out", in_folder(stage, "adopt.csv"));
    assert_false(file_exists(str_of(in_folder(stage, "adopt.csv"))));
}

static void test_the_list_as_written_is_taken_back(void **state)
{
    struct stage *stage = *state;

    in_cloud(stage, "/_sim/people", "{login: sam@partner.example}");
    put_in(stage, "{add: [carol@example.com, bob@example.com, sam@partner.example]}");
    (void)exported(stage);
    const char *path = edited(stage, "", "");
    assert_string_equal(SAYS(stage, "adopt", "--file", path, "--dry-run"),
                        "LOGIN              ENTITLEMENT  PLAN      UNTIL       OWNER\n"
                        "bob@example.com    kiro-jp      kiro-pro  2026-10-31  lead@example.com\n"
                        "carol@example.com  kiro-jp      kiro-pro  2026-10-31  lead@example.com\n"
                        "Would adopt 2 of 3 rows, 1 left out.\n");
    assert_string_equal(SAYS(stage, "seats"), "Nobody holds a seat.\n");
    assert_has(SAYS(stage, "adopt", "--file", path), "Adopted 2 of 3 rows, 1 left out.\n");
    assert_string_equal(SAYS(stage, "seats"),
                        "bob@example.com    kiro-jp  kiro-pro  until 2026-10-31  okta reached\n"
                        "carol@example.com  kiro-jp  kiro-pro  until 2026-10-31  okta reached\n");
    assert_has(SAYS(stage, "reconcile"), "Nothing to do.");
    assert_string_equal(members(stage, KIRO), "bob carol sam");
    FAILS(stage, EXIT_WRONG_USE, "adopt", "--file", path); /* they are managed already */
}

static void test_adopted_seats_end_like_all_others(void **state)
{
    struct stage *stage = *state;

    put_in(stage, "{add: [carol@example.com, bob@example.com, dave@example.com]}");
    (void)exported(stage);
    RUNS(stage, "adopt", "--file", edited(stage, ",kiro-pro,,", ",kiro-pro,2026-05-10,"));
    RUNS(stage, "reconcile");
    sim_advance(stage->sim, 8 * TIME_DAY);
    (void)SAYS(stage, "reconcile");
    assert_string_not_equal(members(stage, KIRO), "bob carol dave");
}

static void test_ends_are_spread_evenly_and_always_alike(void **state)
{
    struct stage *stage = *state;
    char first[2048];

    put_in(stage, "{add: [alice@example.com, bob@example.com, carol@example.com, "
                  "dave@example.com, erin@example.com, frank@example.com]}");
    (void)exported(stage);
    const char *path = edited(stage, "", "");
    (void)snprintf(
        first, sizeof(first), "%s",
        SAYS(stage, "adopt", "--file", path, "--until", "2026-06-01..2026-06-03", "--dry-run"));
    for (const char *day = "123"; *day; day++) {
        char date[16];
        (void)snprintf(date, sizeof(date), "2026-06-0%c", *day);
        const char *one = strstr(first, date);
        assert_non_null(one);
        const char *two = strstr(one + 1, date);
        assert_non_null(two);
        assert_null(strstr(two + 1, date));
    }
    assert_string_equal(
        SAYS(stage, "adopt", "--file", path, "--until", "2026-06-01..2026-06-03", "--dry-run"),
        first);
}

static void test_who_answers_is_the_manager_or_whoever_is_named(void **state)
{
    struct stage *stage = *state;

    RUNS(stage, "request", "grant", "alice@example.com", "-e", "kiro-jp", "--plan",
         "kiro-pro-plus");
    RUNS(stage, "reconcile"); /* the ledger meets lead@example.com, who approves */
    put_in(stage, "{add: [bob@example.com]}");
    (void)exported(stage);
    const char *path = edited(stage, "", "");
    assert_has(SAYS(stage, "adopt", "--file", path, "--owner", "lead@example.com", "--dry-run"),
               "lead@example.com\n");
    assert_has(SAYS(stage, "adopt", "--file", path, "--owner", "nobody@example.com", "--dry-run"),
               "1 of 1 rows are wrong; nobody was adopted");
}

static void test_a_granted_seat_takes_over_its_place(void **state)
{
    struct stage *stage = *state;

    put_in(stage, "{add: [bob@example.com]}");
    RUNS(stage, "request", "grant", "bob@example.com", "-e", "kiro-jp", "--for", "7d");
    RUNS(stage, "reconcile");
    (void)exported(stage);
    assert_has(SAYS(stage, "adopt", "--file", edited(stage, "", "")), "as granted");
    assert_has(SAYS(stage, "seats"), "bob@example.com  kiro-jp  kiro-pro  until 2026-05-11  ");
    sim_advance(stage->sim, 8 * TIME_DAY);
    RUNS(stage, "reconcile");
    assert_string_equal(members(stage, KIRO), "");
}

/* ---- mistakes: all or none ---- */

static void test_one_wrong_row_adopts_nobody(void **state)
{
    static const struct {
        const char *from, *to;
    } edits[] = {
        {",kiro-pro,,,", ",kiro-power,,,"},
        {",kiro-jp,", ",kiro-us,"},
        {",kiro-pro,,,", ",kiro-pro-plus,,,"}, /* not in that group */
        {",bob@example.com", ",carol@example.com"},
        {",kiro-pro,,,", ",kiro-pro,2026-05-01,,"},
        {",kiro-pro,,,", ",kiro-pro,soon,,"},
        {",kiro-pro,,,", ",kiro-pro,2031-01-01,,"},
        {",kiro-pro,,,", ",kiro-pro,,nobody@example.com,"},
        {"note\r\n", "notes\r\n"},
        {"okta_id,", "id,"},
        {"login,first_name", "login,login"},
        {"00u", "00x"},
        {"ACTIVE,", "ACTIVE,,"},
        {"ACTIVE,", "\"ACTIVE,"},
    };
    struct stage *stage = *state;

    put_in(stage, "{add: [carol@example.com, bob@example.com]}");
    (void)exported(stage);
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        const char *path = edited(stage, edits[i].from, edits[i].to);
        if (outcome_of(stage, WORDS("adopt", "--file", path)) != EXIT_WRONG_USE)
            fail_msg("`%s` was taken", edits[i].to);
        assert_string_equal(SAYS(stage, "seats"), "Nobody holds a seat.\n");
    }
    RUNS(stage, "adopt", "--file", edited(stage, "", ""));
}

static void test_a_row_twice_is_a_mistake(void **state)
{
    struct stage *stage = *state;
    char twice[2048];

    put_in(stage, "{add: [bob@example.com]}");
    (void)exported(stage);
    const char *text = text_of(stage, "adopt.csv");
    (void)snprintf(twice, sizeof(twice), "%s%s", text, strchr(text, '\n') + 1);
    put_file(stage, "twice.csv", twice);
    FAILS(stage, EXIT_WRONG_USE, "adopt", "--file", in_folder(stage, "twice.csv"));
}

static void test_wrong_use_is_said(void **state)
{
    struct stage *stage = *state;

    FAILS(stage, EXIT_WRONG_USE, "adopt");
    FAILS(stage, EXIT_WRONG_USE, "adopt", "-e", "kiro-jp");
    FAILS(stage, EXIT_WRONG_USE, "adopt", "-e", "kiro-jp", "--out", "x", "--file", "y");
    FAILS(stage, EXIT_WRONG_USE, "adopt", "-e", "kiro-jp", "--out", "x", "--dry-run");
    FAILS(stage, EXIT_WRONG_USE, "adopt", "--file", "/does/not/exist");
    put_file(stage, "empty.csv", "");
    assert_has(SAYS(stage, "adopt", "--file", in_folder(stage, "empty.csv")), "is empty");
    put_file(stage, "head.csv", HEADER);
    assert_has(SAYS(stage, "adopt", "--file", in_folder(stage, "head.csv")),
               "Adopted 0 of 0 rows, 0 left out.\n");
    FAILS(stage, EXIT_WRONG_USE, "adopt", "--file", in_folder(stage, "head.csv"), "--until",
          "2026-06-03..2026-06-01");
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_the_list_shows_everybody_who_is_not_ours),
        STAGED(test_the_list_says_who_is_not_adopted),
        STAGED(test_a_list_is_never_overwritten),
        STAGED(test_nothing_is_listed_before_a_run_looked),
        STAGED(test_the_list_as_written_is_taken_back),
        STAGED(test_adopted_seats_end_like_all_others),
        STAGED(test_ends_are_spread_evenly_and_always_alike),
        STAGED(test_who_answers_is_the_manager_or_whoever_is_named),
        STAGED(test_a_granted_seat_takes_over_its_place),
        STAGED(test_one_wrong_row_adopts_nobody),
        STAGED(test_a_row_twice_is_a_mistake),
        STAGED(test_wrong_use_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

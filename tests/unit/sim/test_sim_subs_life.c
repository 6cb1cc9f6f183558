#include "unit/sim/sim_subs_fixture.h"

/* The life of a seat: how it comes about, is used, changes its plan and ends. START_MS is in May.
 */

/* ---- coming about ---- */

static void test_a_member_gets_a_seat_after_his_lag_and_not_before(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    assert_string_equal(seats(&f), "a:kiro-pro/PENDING b:kiro-pro/PENDING");
    join(&f, "Plus", "c");
    sim_advance(f.base.sim, 10 * TIME_MINUTE - 1);
    assert_string_equal(seats(&f), "a:kiro-pro/PENDING b:kiro-pro/PENDING");
    sim_advance(f.base.sim, 1);
    assert_string_equal(seats(&f), "a:kiro-pro/PENDING b:kiro-pro/PENDING c:kiro-pro-plus/PENDING");
    aws_close(&f);
}

static void test_lags_spread_over_their_range(void **state)
{
    struct aws_fixture f;
    CLEANUP(buf_fini) struct buf members = {0};
    size_t n[4];

    (void)state;
    aws_open(&f, NULL);
    buf_printf(&members, "aws:\n  users: [");
    for (int i = 0; i < 200; i++)
        buf_printf(&members, "%sp%d", i > 0 ? ", " : "", i);
    buf_printf(&members, "]\n  groups: [Pro]\n  subscriptions:\n    materialise: [1h, 3h]\n"
                         "    claims: [{group: Pro, plan: kiro-pro}]\n");
    fixture_load(&f.base, arena_cstr(&f.base.arena, buf_str(&members)));
    for (int i = 0; i < 200; i++)
        join(&f, "Pro", arena_printf(&f.base.arena, "p%d", i).ptr);
    for (size_t i = 0; i < ARRAY_LEN(n); i++) {
        const char *all = seats(&f);

        n[i] = 0;
        for (const char *at = all; (at = strstr(at, "PENDING")) != NULL; at++)
            n[i]++;
        sim_advance(f.base.sim, TIME_HOUR + (i == 0 ? -1 : i == 2 ? 1 : 0));
    }
    assert_int_equal(n[0] + n[1], 0);
    assert_in_range(n[2], 60, 140);
    assert_int_equal(n[3], 200);
    aws_close(&f);
}

static void test_what_a_claim_may_do_about_members_and_lag(void **state)
{
    static const struct {
        const char *claim;
        const char *at_once, *next_day; /* a and b were in from before, c joins */
    } cases[] = {
        {"{group: Pro, plan: kiro-pro}", "a:kiro-pro/PENDING b:kiro-pro/PENDING",
         "a:kiro-pro/PENDING b:kiro-pro/PENDING c:kiro-pro/PENDING"},
        {"{group: Pro, plan: kiro-pro, materialise: never}", "", ""},
        {"{group: Pro, plan: kiro-pro, materialise: never, status: ACTIVE}",
         "a:kiro-pro/ACTIVE b:kiro-pro/ACTIVE", "a:kiro-pro/ACTIVE b:kiro-pro/ACTIVE"},
        {"{group: Pro, plan: kiro-pro, status: PENDING}", "a:kiro-pro/PENDING b:kiro-pro/PENDING",
         "a:kiro-pro/PENDING b:kiro-pro/PENDING c:kiro-pro/PENDING"},
        {"{group: Pro, plan: kiro-pro, status: CANCELED}",
         "a:kiro-pro/CANCELED b:kiro-pro/CANCELED", "a:kiro-pro/CANCELED b:kiro-pro/CANCELED"},
        {"{group: Nowhere, plan: kiro-pro}", "", ""},
        {"{user: b, plan: q-pro, status: ACTIVE}", "b:q-pro/ACTIVE", "b:q-pro/ACTIVE"},
        {"{user: u-c, plan: kiro-power}", "c:kiro-power/PENDING", "c:kiro-power/PENDING"},
        {"{orphan: xyz-1, plan: kiro-pro, status: ACTIVE}", "xyz:kiro-pro/ACTIVE",
         "xyz:kiro-pro/ACTIVE"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;

        aws_open(&f, NULL);
        fixture_load(&f.base, arena_printf(&f.base.arena, "%s  subscriptions: {claims: [%s]}\n",
                                           SUBS_STORE, cases[i].claim)
                                  .ptr);
        if (strcmp(seats(&f), cases[i].at_once) != 0)
            fail_msg("%s: %s", cases[i].claim, seats(&f));
        join(&f, "Pro", "c");
        sim_advance(f.base.sim, TIME_DAY);
        if (strcmp(seats(&f), cases[i].next_day) != 0)
            fail_msg("%s: a day later %s", cases[i].claim, seats(&f));
        aws_close(&f);
    }
}

static void test_a_group_that_okta_pushes_is_claimed_before_it_is_there(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, "people: [alice@example.com, bob@example.com]\n"
                 "groups: [{name: Kiro, members: all}]\n"
                 "apps: [{name: amazon_aws_sso, groups: [Kiro], pushed: [Kiro]}]\n"
                 "scim: {fresh: true, user_lag: 1m, group_lag: 1m}\n"
                 "aws: {subscriptions: {materialise: 1h, claims: [{group: Kiro, plan: "
                 "kiro-pro}, {user: bob, plan: kiro-power}]}}\n");
    assert_string_equal(seats(&f), "");
    /* Whoever has no names is not provisioned: see the profile first. */
    control(&f.base, HTTP_POST, "/_sim/people/alice/profile", "{firstName: A, lastName: S}");
    control(&f.base, HTTP_POST, "/_sim/people/bob/profile", "{firstName: B, lastName: I}");
    sim_advance(f.base.sim, 5 * TIME_MINUTE);
    assert_string_equal(seats(&f), "bob@example.com:kiro-power/PENDING");
    control(&f.base, HTTP_POST, "/_sim/scim", "{repush: Kiro}");
    sim_advance(f.base.sim, TIME_MINUTE);
    assert_string_equal(seats(&f), "bob@example.com:kiro-power/PENDING");
    sim_advance(f.base.sim, TIME_HOUR);
    assert_string_equal(seats(&f), "bob@example.com:kiro-power/PENDING "
                                   "alice@example.com:kiro-pro/PENDING");
    aws_close(&f);
}

static void test_somebodys_seat_can_be_lost_found_and_hurried(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    leave(&f, "Pro", "b");
    by_hand(&f, "{lose: c}");
    join(&f, "Pro", "c");
    sim_advance(f.base.sim, TIME_DAY);
    assert_string_equal(seats(&f), "a:kiro-pro/PENDING b:kiro-pro/CANCELED");
    by_hand(&f, "{find: c}");
    assert_string_equal(seats(&f), "a:kiro-pro/PENDING b:kiro-pro/CANCELED");
    sim_advance(f.base.sim, 10 * TIME_MINUTE);
    assert_string_equal(seats(&f), "a:kiro-pro/PENDING b:kiro-pro/CANCELED c:kiro-pro/PENDING");

    join(&f, "Plus", "a, b");
    by_hand(&f, "{arrive: a}");
    assert_string_equal(seats(&f),
                        "a:kiro-pro-plus/PENDING b:kiro-pro/CANCELED c:kiro-pro/PENDING");
    by_hand(&f, "{lose: b}");
    sim_advance(f.base.sim, TIME_DAY);
    by_hand(&f, "{arrive: all}");
    assert_string_equal(seats(&f), "a:kiro-pro-plus/PENDING b:kiro-pro-plus/PENDING "
                                   "c:kiro-pro/PENDING");
    aws_close(&f);
}

/* ---- use ---- */

static void test_first_use_activates_and_needs_something_to_use(void **state)
{
    static const struct {
        const char *before, *who;
        int status;
        const char *after;
    } cases[] = {
        {"", "a", 200, "a:kiro-pro/ACTIVE b:kiro-pro/PENDING"},
        {"", "c", 409, "a:kiro-pro/PENDING b:kiro-pro/PENDING"},
        {"", "nobody", 404, "a:kiro-pro/PENDING b:kiro-pro/PENDING"},
        {"{cancel: a}", "a", 409, "a:kiro-pro/CANCELED b:kiro-pro/PENDING"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;
        struct buf out = {0};

        aws_open(&f, SUBS_ORG);
        if (*cases[i].before)
            by_hand(&f, cases[i].before);
        assert_int_equal(
            sim_control(f.base.sim, HTTP_POST,
                        arena_printf(&f.base.arena, "/_sim/people/%s/use", cases[i].who),
                        (struct str){0}, &out),
            cases[i].status);
        assert_string_equal(seats(&f), cases[i].after);
        buf_fini(&out);
        aws_close(&f);
    }
}

static void test_a_share_of_those_who_wait_uses_it_each_day(void **state)
{
    struct aws_fixture f;
    CLEANUP(buf_fini) struct buf people = {0};
    size_t before = 0;

    (void)state;
    aws_open(&f, NULL);
    buf_printf(&people, "aws:\n  users: [");
    for (int i = 0; i < 300; i++)
        buf_printf(&people, "%sp%d", i > 0 ? ", " : "", i);
    buf_printf(&people, "]\n  groups:\n    - name: Pro\n      members: [");
    for (int i = 0; i < 300; i++)
        buf_printf(&people, "%sp%d", i > 0 ? ", " : "", i);
    buf_printf(&people, "]\n  subscriptions:\n    use_percent_a_day: 20\n"
                        "    claims: [{group: Pro, plan: kiro-pro}]\n");
    fixture_load(&f.base, arena_cstr(&f.base.arena, buf_str(&people)));
    for (int day = 0; day < 5; day++) {
        const char *all = seats(&f);
        size_t n = 0;

        for (const char *at = all; (at = strstr(at, "ACTIVE")) != NULL; at++)
            n++;
        if (day == 0)
            assert_int_equal(n, 0);
        if (day > 0)
            assert_in_range(n - before, (300 - before) / 10, (300 - before) * 3 / 10);
        before = n;
        sim_advance(f.base.sim, TIME_DAY);
    }
    by_hand(&f, "{use_percent_a_day: 100}");
    sim_advance(f.base.sim, 2 * TIME_DAY);
    assert_null(strstr(seats(&f), "PENDING"));
    aws_close(&f);
}

/* ---- changing ---- */

static void test_the_highest_plan_counts_and_a_lower_one_waits_for_the_month(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    use_seat(&f, "a");
    join(&f, "Plus", "a, b");
    sim_advance(f.base.sim, 10 * TIME_MINUTE);
    assert_string_equal(seats(&f), "a:kiro-pro-plus/ACTIVE b:kiro-pro-plus/PENDING");
    /* Leaving the lower group frees nothing, leaving the higher one lowers. */
    leave(&f, "Pro", "b");
    leave(&f, "Plus", "a");
    assert_string_equal(seats(&f), "a:kiro-pro>kiro-pro-plus/ACTIVE b:kiro-pro-plus/PENDING");
    assert_string_equal(subs(&f), "200 u-a:KIRO_ENTERPRISE_PRO>KIRO_ENTERPRISE_PRO_PLUS/ACTIVE "
                                  "u-b:KIRO_ENTERPRISE_PRO_PLUS/PENDING");
    go_to(&f, "2026-05-31T23:59:59Z");
    assert_string_equal(seats(&f), "a:kiro-pro>kiro-pro-plus/ACTIVE b:kiro-pro-plus/PENDING");
    go_to(&f, "2026-06-01T00:00:00Z");
    assert_string_equal(seats(&f), "a:kiro-pro/ACTIVE b:kiro-pro-plus/PENDING");
    aws_close(&f);
}

static void test_a_claim_of_ones_own_survives_the_group(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    by_hand(&f, "{claims: [{user: a, plan: kiro-pro}]}");
    list_subs(&f, "");
    assert_string_equal(shown(&f, "aggregatedSubscriptionType"), "200 INDIVIDUAL_AND_GROUP GROUP");
    leave(&f, "Pro", "a, b");
    list_subs(&f, "");
    assert_string_equal(shown(&f, "aggregatedSubscriptionType"), "200 INDIVIDUAL GROUP");
    assert_string_equal(seats(&f), "a:kiro-pro/PENDING b:kiro-pro/CANCELED");
    by_hand(&f, "{unclaim: a}");
    assert_string_equal(seats(&f), "a:kiro-pro/CANCELED b:kiro-pro/CANCELED");
    aws_close(&f);
}

static void test_a_seat_of_q_moves_to_kiro(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_STORE "  subscriptions:\n    materialise: 5m\n    claims:\n"
                            "      - {group: Pro, plan: q-pro, status: ACTIVE}\n"
                            "      - {group: Plus, plan: kiro-pro}\n");
    join(&f, "Plus", "a");
    sim_advance(f.base.sim, 5 * TIME_MINUTE);
    assert_string_equal(subs(&f), "200 u-a:KIRO_ENTERPRISE_PRO/ACTIVE "
                                  "u-b:Q_DEVELOPER_STANDALONE/ACTIVE");
    leave(&f, "Pro", "a");
    sim_advance(f.base.sim, 40 * TIME_DAY);
    assert_string_equal(subs(&f), "200 u-a:KIRO_ENTERPRISE_PRO/ACTIVE "
                                  "u-b:Q_DEVELOPER_STANDALONE/ACTIVE");
    aws_close(&f);
}

/* ---- ending ---- */

static void test_a_cancelled_seat_is_shown_until_the_month_turns_in_utc(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    use_seat(&f, "a");
    leave(&f, "Pro", "a, b");
    assert_string_equal(seats(&f), "a:kiro-pro/CANCELED b:kiro-pro/CANCELED");
    go_to(&f, "2026-05-31T23:59:59.999Z");
    assert_string_equal(seats(&f), "a:kiro-pro/CANCELED b:kiro-pro/CANCELED");
    go_to(&f, "2026-06-01T00:00:00Z");
    assert_string_equal(subs(&f), "200");
    aws_close(&f);
}

static void test_who_comes_back_in_the_same_month_goes_on_and_later_begins_anew(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    use_seat(&f, "a");
    leave(&f, "Pro", "a");
    join(&f, "Pro", "a");
    assert_string_equal(seats(&f), "a:kiro-pro/CANCELED b:kiro-pro/PENDING");
    sim_advance(f.base.sim, 10 * TIME_MINUTE);
    assert_string_equal(seats(&f), "a:kiro-pro/ACTIVE b:kiro-pro/PENDING");
    leave(&f, "Pro", "a");
    go_to(&f, "2026-06-02T00:00:00Z");
    join(&f, "Pro", "a");
    sim_advance(f.base.sim, 10 * TIME_MINUTE);
    assert_string_equal(seats(&f), "a:kiro-pro/PENDING b:kiro-pro/PENDING");
    aws_close(&f);
}

static void test_a_deleted_user_stays_as_a_bare_id_until_the_month_turns(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    by_hand(&f, "{claims: [{user: c, plan: kiro-pro-max}]}");
    control(&f.base, HTTP_POST, "/_sim/aws/users/a/delete", "");
    control(&f.base, HTTP_POST, "/_sim/aws/users/c/delete", "");
    assert_string_equal(subs(&f), "200 u-a:KIRO_ENTERPRISE_PRO/CANCELED "
                                  "u-b:KIRO_ENTERPRISE_PRO/PENDING "
                                  "u-c:KIRO_ENTERPRISE_PRO_MAX/CANCELED");
    assert_string_equal(claims(&f),
                        "200 g-pro:KIRO_ENTERPRISE_PRO g-plus:KIRO_ENTERPRISE_PRO_PLUS");
    go_to(&f, "2026-06-01T00:00:00Z");
    assert_string_equal(subs(&f), "200 u-b:KIRO_ENTERPRISE_PRO/PENDING");
    aws_close(&f);
}

static void test_a_deleted_group_takes_its_claim_and_its_seats_along(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    control(&f.base, HTTP_POST, "/_sim/aws/groups/Pro/delete", "");
    assert_string_equal(claims(&f), "200 g-plus:KIRO_ENTERPRISE_PRO_PLUS");
    assert_string_equal(seats(&f), "a:kiro-pro/CANCELED b:kiro-pro/CANCELED");
    aws_close(&f);
}

static void test_an_instance_made_anew_leaves_orphans_that_never_end(void **state)
{
    struct aws_fixture f;
    const char *list;

    (void)state;
    aws_open(&f, SUBS_ORG);
    use_seat(&f, "a");
    control(&f.base, HTTP_POST, "/_sim/aws/instance", "{recreate: true}");
    f.aws = sim_aws(f.base.sim);
    list = arena_printf(&f.base.arena,
                        "{\"instanceArn\":\"%.*s\",\"subscriptionRegion\":\"us-east-1\"}",
                        STR_ARG(f.aws.instance_arn))
               .ptr;
    sim_advance(f.base.sim, 70 * TIME_DAY);
    zorn(&f, "ListUserSubscriptions", list);
    assert_string_equal(each_row(&f, "subscriptions", put_sub),
                        "200 u-a:KIRO_ENTERPRISE_PRO/ACTIVE u-b:KIRO_ENTERPRISE_PRO/PENDING");
    assert_null(strstr(control(&f.base, HTTP_GET, "/_sim/subscriptions", ""), "\"gone\":false"));
    assert_non_null(strstr(control(&f.base, HTTP_GET, "/_sim/subscriptions", ""), "\"claims\":[]"));
    list_subs(&f, "");
    assert_string_equal(outcome(&f), "400 AccessDeniedException");
    aws_close(&f);
}

static void test_disabling_a_user_cancels_only_where_the_organisation_says_so(void **state)
{
    static const struct {
        const char *quirks, *disabled, *enabled;
    } cases[] = {
        {"{}", "a:kiro-pro/ACTIVE b:kiro-pro/PENDING", "a:kiro-pro/ACTIVE b:kiro-pro/PENDING"},
        {"{disabled_cancels: true}", "a:kiro-pro/CANCELED b:kiro-pro/PENDING",
         "a:kiro-pro/ACTIVE b:kiro-pro/PENDING"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;

        aws_open(&f, SUBS_ORG);
        by_hand(&f, arena_printf(&f.base.arena, "{quirks: %s}", cases[i].quirks).ptr);
        use_seat(&f, "a");
        control(&f.base, HTTP_POST, "/_sim/aws/users/a/disable", "");
        assert_string_equal(seats(&f), cases[i].disabled);
        control(&f.base, HTTP_POST, "/_sim/aws/users/a/enable", "");
        assert_string_equal(seats(&f), cases[i].enabled);
        aws_close(&f);
    }
}

static void test_months_turn_by_the_clouds_own_clock(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    leave(&f, "Pro", "a");
    control(&f.base, HTTP_POST, "/_sim/clock", "{set: '2026-05-31T22:00:00Z'}");
    assert_string_equal(seats(&f), "a:kiro-pro/CANCELED b:kiro-pro/PENDING");
    control(&f.base, HTTP_POST, "/_sim/clock", "{skew: 3h}");
    assert_string_equal(seats(&f), "b:kiro-pro/PENDING");
    aws_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_member_gets_a_seat_after_his_lag_and_not_before),
        cmocka_unit_test(test_lags_spread_over_their_range),
        cmocka_unit_test(test_what_a_claim_may_do_about_members_and_lag),
        cmocka_unit_test(test_a_group_that_okta_pushes_is_claimed_before_it_is_there),
        cmocka_unit_test(test_somebodys_seat_can_be_lost_found_and_hurried),
        cmocka_unit_test(test_first_use_activates_and_needs_something_to_use),
        cmocka_unit_test(test_a_share_of_those_who_wait_uses_it_each_day),
        cmocka_unit_test(test_the_highest_plan_counts_and_a_lower_one_waits_for_the_month),
        cmocka_unit_test(test_a_claim_of_ones_own_survives_the_group),
        cmocka_unit_test(test_a_seat_of_q_moves_to_kiro),
        cmocka_unit_test(test_a_cancelled_seat_is_shown_until_the_month_turns_in_utc),
        cmocka_unit_test(test_who_comes_back_in_the_same_month_goes_on_and_later_begins_anew),
        cmocka_unit_test(test_a_deleted_user_stays_as_a_bare_id_until_the_month_turns),
        cmocka_unit_test(test_a_deleted_group_takes_its_claim_and_its_seats_along),
        cmocka_unit_test(test_an_instance_made_anew_leaves_orphans_that_never_end),
        cmocka_unit_test(test_disabling_a_user_cancels_only_where_the_organisation_says_so),
        cmocka_unit_test(test_months_turn_by_the_clouds_own_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "unit/settings/help.h"

static void test_what_is_left_out_has_its_default(void **state)
{
    struct settings s = help_settings(STR(SMALL_FILE), *state);
    const struct entitlement *ent = &s.policy.entitlements[0];

    assert_true(str_is(s.policy.name, "default"));
    assert_true(str_is(s.timezone, "UTC"));
    assert_true(s.okta.dpop);
    assert_int_equal(s.okta.rate_share, 50);
    assert_true(str_is(s.policy.manager_attribute, "managerId"));
    assert_int_equal(s.policy.n_person_fields, 0);
    assert_int_equal(s.policy.every_ms, 5 * TIME_MINUTE);
    assert_int_equal(s.jitter_ms, 30 * TIME_SECOND);
    assert_int_equal(s.audit_heads.len, 0);
    assert_int_equal(s.n_local_users, 0);
    assert_int_equal(s.n_not_used, 0);
    assert_false(s.aws.present);
    assert_int_equal(s.aws.kiro_region.len, 0);
    assert_int_equal(settings_scim_token_expires_ms(&s), 0);

    assert_int_equal(s.policy.safety.removals_per_run, 10);
    assert_int_equal(s.policy.safety.removals_per_day, 20);
    assert_int_equal(s.policy.safety.removals_per_week, 40);
    assert_int_equal(s.policy.safety.clock_tolerance_ms, 5 * TIME_MINUTE);
    assert_int_equal(s.policy.safety.n_protect, 0);
    assert_int_equal(s.policy.roles.admin.okta_group.len + s.policy.roles.admin.login.len, 0);
    assert_int_equal(s.policy.catalogue.n_plans, catalogue_shipped()->n_plans);
    assert_int_equal(s.policy.show_in.currency.len, 0);

    assert_true(str_is(ent->title, "kiro"));
    assert_int_equal(ent->provisioning, PROVISIONING_SCIM);
    assert_int_equal(ent->approval_expires_ms, 7 * TIME_DAY);
    assert_int_equal(ent->fallback.after_ms, POLICY_OFF);
    assert_false(ent->has_renewal_approval);
    assert_false(ent->on_ineligible_end);
    assert_int_equal(ent->default_duration_ms, 180 * TIME_DAY);
    assert_int_equal(ent->max_duration_ms, 365 * TIME_DAY);
    assert_int_equal(ent->n_notify_before, 3);
    assert_int_equal(ent->notify_before_ms[0], 14 * TIME_DAY);
    assert_int_equal(ent->max_seats, -1);
    assert_int_equal(ent->max_monthly_cost_minor, -1);
    assert_false(ent->unmanaged_remove);
    assert_false(ent->removed_outside_restore);
    assert_int_equal(ent->removals_per_run, 5);
    assert_int_equal(ent->removals_per_day, 20);
    assert_int_equal(ent->removals_per_week, 40);
    assert_int_equal(ent->removals_percent, 10);
    assert_int_equal(ent->shrink_percent, 10);
    assert_int_equal(ent->adds_per_run, 200);
    assert_int_equal(ent->grace_inferred_ms, TIME_DAY);
    assert_int_equal(ent->grace_asked_ms, 0);
    assert_int_equal(ent->inactive_deprovisioned_ms, TIME_DAY);
    assert_int_equal(ent->inactive_suspended_ms, POLICY_OFF);
    assert_int_equal(ent->okta_deadline_ms, 0);
    assert_int_equal(ent->user_deadline_ms, TIME_HOUR);
    assert_int_equal(ent->pushed_deadline_ms, TIME_HOUR);
    assert_int_equal(ent->seat_deadline_ms, TIME_DAY);
    assert_int_equal(ent->unused_after_ms, POLICY_OFF);
    assert_false(ent->reclaim_ask);
    assert_false(ent->assignment_leave);
}

static void assert_who(struct who who, const char *login, const char *group)
{
    assert_true(str_is(who.login, login));
    assert_true(str_is(who.okta_group, group));
}

static struct settings load_example(struct arena *arena)
{
    struct str text;
    struct err err = {0};

    assert_true(
        file_read(STR("config/seatkeeper.example.yaml"), 1 << 20, FILE_ANY, arena, &text, &err));
    return help_settings(text, arena);
}

static void test_what_the_example_says_is_what_is_read(void **state)
{
    struct settings s = load_example(*state);
    const struct entitlement *ent = &s.policy.entitlements[0];
    const struct catalogue_plan *plan;

    assert_true(str_is(s.policy.name, "prod"));
    assert_true(str_is(s.timezone, "Europe/Berlin"));
    assert_true(str_is(s.okta.client_id, "0oa4exampleclient0d7"));
    assert_true(str_is(s.okta.key_id, "seatkeeper-2026"));
    assert_int_equal(s.okta.key.env.len + s.okta.token.file.len, 0);
    assert_int_equal(s.okta.rate_share, 40);
    assert_int_equal(s.policy.n_person_fields, 2);
    assert_true(str_is(s.policy.person_fields[1], "costCenter"));
    assert_int_equal(s.n_local_users, 2);
    assert_true(str_is(s.local_users[1].os_user, "grace"));
    assert_true(str_is(s.local_users[1].login, "grace@example.com"));
    assert_who(s.policy.roles.decide, "", "Seatkeeper_Deciders");
    assert_who(s.policy.safety.protect[0], "breakglass@example.com", "");
    assert_who(s.policy.safety.protect[1], "", "Board");

    plan = catalogue_plan(&s.policy.catalogue, STR("kiro-pro"));
    assert_int_equal(plan->price_minor, 1850);
    assert_int_equal(plan->credits, 1000);
    plan = catalogue_plan(&s.policy.catalogue, STR("acme-team"));
    assert_true(str_is(plan->title, "Acme IDE Team"));
    assert_false(catalogue_family(&s.policy.catalogue, plan->family)->downgrade_next_month);
    assert_false(catalogue_family(&s.policy.catalogue, plan->family)->billed_from_first_use);
    assert_true(str_is(s.policy.show_in.currency, "EUR"));
    assert_int_equal(s.policy.show_in.rate_millionths, 920000);

    assert_int_equal(ent->mode, MODE_ENFORCE);
    assert_int_equal(ent->n_plans, 3);
    assert_int_equal(ent->plans[0].approval, APPROVAL_NONE);
    assert_int_equal(ent->plans[1].approval, APPROVAL_MANAGER);
    assert_int_equal(ent->plans[2].approval, APPROVAL_APPROVERS);
    assert_true(str_is(ent->plans[2].okta_group_id, "00g4examplepower0d7"));
    assert_int_equal(ent->plans[2].okta_group.len, 0);
    assert_who(ent->approvers[0], "lead@example.com", "");
    assert_who(ent->fallback.to, "", "Kiro_Approvers");
    assert_int_equal(ent->fallback.after_ms, TIME_DAY);
    assert_true(ent->has_renewal_approval);
    assert_int_equal(ent->renewal_approval, APPROVAL_MANAGER);
    assert_int_equal(ent->eligible.n_profile, 2);
    assert_true(str_is(ent->eligible.profile[0].name, "countryCode"));
    assert_true(str_is(ent->eligible.profile[0].value, "DE"));
    assert_int_equal(ent->max_seats, 250);
    assert_int_equal(ent->max_monthly_cost_minor, 600000);
    assert_int_equal(ent->okta_deadline_ms, 10 * TIME_MINUTE);
    assert_int_equal(ent->user_deadline_ms, TIME_HOUR);
    assert_int_equal(ent->unused_after_ms, 60 * TIME_DAY);
    assert_false(ent->reclaim_ask);
    assert_int_equal(ent->provisioning, PROVISIONING_SCIM);
    assert_int_equal(s.policy.entitlements[1].provisioning, PROVISIONING_NONE);
    assert_int_equal(s.policy.entitlements[1].plans[0].approval, APPROVAL_MANAGER);
}

/* Plan by plan what it is read by; one line each. */
static const char *show_spellings(const struct catalogue *catalogue, struct arena *arena)
{
    struct str out = {"", 0};

    for (size_t i = 0; i < catalogue->n_plans; i++) {
        const struct catalogue_plan *plan = &catalogue->plans[i];

        out = arena_printf(arena, "%.*s%.*s:", STR_ARG(out), STR_ARG(plan->plan));
        for (size_t k = 0; k < plan->n_read_as; k++) {
            assert_ptr_equal(catalogue_read(catalogue, plan->read_as[k]), plan);
            out = arena_printf(arena, "%.*s %.*s", STR_ARG(out), STR_ARG(plan->read_as[k]));
        }
        out = arena_printf(arena, "%.*s\n", STR_ARG(out));
    }
    return out.ptr;
}

static void test_spellings_of_a_plan_take_the_place_of_the_known_ones(void **state)
{
    struct settings s = help_settings(
        help_changed(1,
                     "ledger: l.db\n"
                     "catalogue:\n"
                     "  families: [{family: acme}]\n"
                     "  plans:\n"
                     "    - {plan: q-pro, read_as: [Q_DEVELOPER_PRO, KIRO_ENTERPRISE_PRO]}\n"
                     "    - {plan: kiro-pro, read_as: [KIRO PRO]}\n"
                     "    - {plan: kiro-pro-max, read_as: []}\n"
                     "    - {plan: kiro-power, credits: 1}\n"
                     "    - {plan: acme, family: acme, rank: 1, price: 1, read_as: [ACME]}\n",
                     *state),
        *state);

    assert_string_equal(show_spellings(&s.policy.catalogue, *state),
                        "q-pro: Q_DEVELOPER_PRO KIRO_ENTERPRISE_PRO\n"
                        "kiro-pro: KIRO PRO\n"
                        "kiro-pro-plus: KIRO_ENTERPRISE_PRO_PLUS\n"
                        "kiro-pro-max:\n"
                        "kiro-power: KIRO_ENTERPRISE_POWER KIRO_ENTERPRISE_PRO_POWER\n"
                        "acme: ACME\n");
    assert_null(catalogue_read(&s.policy.catalogue, STR("KIRO_ENTERPRISE_PRO_MAX")));
}

static void test_what_becomes_of_unused_seats_is_read(void **state)
{
    struct settings s =
        help_settings(help_changed(0, "    unused_after: 45d\n    reclaim: ask\n", *state), *state);

    assert_int_equal(s.policy.entitlements[0].unused_after_ms, 45 * TIME_DAY);
    assert_true(s.policy.entitlements[0].reclaim_ask);
    assert_int_equal(s.n_not_used, 1);
    assert_true(str_is(s.not_used[0], "entitlements.reclaim"));
}

static void test_what_has_no_effect_yet_is_named_once_each(void **state)
{
    CLEANUP(buf_fini) struct buf names = {0};
    struct settings s = load_example(*state);

    for (size_t i = 0; i < s.n_not_used; i++)
        buf_printf(&names, "%.*s ", STR_ARG(s.not_used[i]));
    assert_string_equal(names.ptr, "slack server audit.stream backup "
                                   "catalogue.plans.write_as entitlements.notify_before "
                                   "entitlements.reclaim ");
}

/* -- Identity Center -- */

/* SMALL_FILE with the three required keys of `aws` and these further lines of it. */
static struct str with_aws(const char *more, struct arena *arena)
{
    struct str text = arena_printf(arena,
                                   "ledger: l.db\n"
                                   "aws:\n"
                                   "  region: eu-central-1\n"
                                   "  account: \"444455556666\"\n"
                                   "  instance_arn: arn:aws:sso:::instance/ssoins-7223example0000\n"
                                   "%s",
                                   more);

    return help_changed(1, text.ptr, arena);
}

static void test_the_example_says_where_identity_center_is(void **state)
{
    struct settings s = load_example(*state);

    assert_true(s.aws.present);
    assert_true(str_is(s.aws.region, "eu-central-1"));
    assert_true(str_is(s.aws.kiro_region, "us-east-1"));
    assert_true(str_is(s.aws.account, "444455556666"));
    assert_true(str_is(s.aws.instance_arn, "arn:aws:sso:::instance/ssoins-7223example0000"));
    assert_int_equal(s.aws.application_arn.len, 0);
    assert_true(str_is(s.aws.profile, "seatkeeper"));
    assert_int_equal(s.aws.credentials_file.len, 0);
    assert_true(str_is(s.aws.role_arn, "arn:aws:iam::444455556666:role/seatkeeper"));
    assert_int_equal(s.aws.endpoint_sts.len, 0);
    assert_int_equal(s.aws.subscriptions, SUBSCRIPTIONS_OBSERVE);
    assert_true(str_is(s.aws.scim_token_expires, "2027-03-31"));
    assert_true(str_is(s.okta.scim_app_id, "0oa4examplescim00d7"));
}

static void test_what_is_left_out_of_aws_has_its_default(void **state)
{
    struct settings s = help_settings(with_aws("", *state), *state);

    assert_true(s.aws.present);
    assert_true(str_is(s.aws.kiro_region, "us-east-1"));
    assert_int_equal(s.aws.subscriptions, SUBSCRIPTIONS_OFF);
    assert_int_equal(s.aws.application_arn.len + s.aws.profile.len + s.aws.credentials_file.len +
                         s.aws.role_arn.len + s.aws.scim_token_expires.len,
                     0);
    assert_int_equal(s.aws.endpoint_identitystore.len + s.aws.endpoint_sso.len +
                         s.aws.endpoint_sts.len + s.aws.endpoint_subscriptions.len +
                         s.aws.endpoint_q.len,
                     0);
    assert_int_equal(s.n_not_used, 0);
}

static void test_each_endpoint_goes_where_it_belongs(void **state)
{
    struct settings s = help_settings(
        with_aws("  application_arn: "
                 "arn:aws:sso::444455556666:application/ssoins-7223example0000/apl-01\n"
                 "  credentials_file: secrets/aws\n"
                 "  endpoints:\n"
                 "    identitystore: https://store.example.internal/\n"
                 "    sso: https://sso.example.internal\n"
                 "    sts: http://127.0.0.1:8551\n"
                 "    subscriptions: http://localhost:8552\n"
                 "    q: \"http://[::1]:8553\"\n",
                 *state),
        *state);

    assert_true(str_is(s.aws.endpoint_identitystore, "https://store.example.internal"));
    assert_true(str_is(s.aws.endpoint_sso, "https://sso.example.internal"));
    assert_true(str_is(s.aws.endpoint_sts, "http://127.0.0.1:8551"));
    assert_true(str_is(s.aws.endpoint_subscriptions, "http://localhost:8552"));
    assert_true(str_is(s.aws.endpoint_q, "http://[::1]:8553"));
    assert_true(str_is(s.aws.application_arn,
                       "arn:aws:sso::444455556666:application/ssoins-7223example0000/apl-01"));
    assert_true(str_is(s.aws.credentials_file, "secrets/aws")); /* beside s.yaml */
}

/* Berlin's clocks go forward on the second of these days and back on the third. */
static void test_the_scim_token_lives_through_its_last_day(void **state)
{
    static const struct {
        const char *zone, *date, *over;
    } cases[] = {
        {"UTC", "2026-11-30", "2026-12-01T00:00:00.000Z"},
        {"Europe/Berlin", "2027-03-28", "2027-03-28T22:00:00.000Z"},
        {"Europe/Berlin", "2026-10-25", "2026-10-25T23:00:00.000Z"},
        {"Asia/Tokyo", "2026-11-30", "2026-11-30T15:00:00.000Z"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str line = arena_printf(*state, "  scim_token_expires: %s\ntimezone: %s\n",
                                       cases[i].date, cases[i].zone);
        struct settings s = help_settings(with_aws(line.ptr, *state), *state);
        char over[TIME_ISO_SIZE];

        assert_true(timezone_set(s.timezone, NULL));
        assert_string_equal(time_iso(settings_scim_token_expires_ms(&s), over), cases[i].over);
    }
    assert_true(timezone_set(STR("UTC"), NULL));
}

static void test_provisioning_may_be_direct_where_there_is_aws(void **state)
{
    struct str text =
        arena_printf(*state, "%.*s    provisioning: direct\n", STR_ARG(with_aws("", *state)));
    struct settings s = help_settings(text, *state);

    assert_int_equal(s.policy.entitlements[0].provisioning, PROVISIONING_DIRECT);
    assert_int_equal(s.n_not_used, 0);
}

/* Local users are the one part of `server` that is acted upon. */
static void test_local_users_alone_do_not_make_the_server_unused(void **state)
{
    struct str text =
        help_changed(1, "ledger: l.db\nserver: {local_users: {ada: ada@example.com}}\n", *state);
    struct settings s = help_settings(text, *state);

    assert_int_equal(s.n_not_used, 0);
    assert_int_equal(s.n_local_users, 1);
}

static void test_relative_paths_begin_at_the_settings_file(void **state)
{
    static const struct {
        const char *settings, *ledger, *joined;
    } cases[] = {
        {"s.yaml", "l.db", "l.db"},
        {"conf/s.yaml", "l.db", "conf/l.db"},
        {"/etc/x/s.yaml", "../l.db", "/etc/x/../l.db"},
        {"/s.yaml", "l.db", "/l.db"},
        {"/etc/x/s.yaml", "/var/l.db", "/var/l.db"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct settings_problems problems;
        struct settings s;
        struct err err = {0};
        struct str line = arena_printf(
            *state,
            "ledger: %s\naudit: {heads: %s}\n"
            "aws: {region: eu-central-1, account: \"444455556666\", credentials_file: %s,\n"
            "  instance_arn: \"arn:aws:sso:::instance/ssoins-7223example0000\"}\n",
            cases[i].ledger, cases[i].ledger, cases[i].ledger);
        struct str text = help_changed(1, line.ptr, *state);

        assert_true(settings_parse(str_of(cases[i].settings), text, *state, &s, &problems, &err));
        assert_true(str_is(s.ledger, cases[i].joined));
        assert_true(str_is(s.audit_heads, cases[i].joined));
        assert_true(str_is(s.aws.credentials_file, cases[i].joined));
        assert_true(str_is(s.path, cases[i].settings));
    }
}

static void test_amounts_follow_the_currency(void **state)
{
    static const char prices[] =
        "ledger: l.db\n"
        "catalogue:\n"
        "  plans: [{plan: q-pro, price: 2900}, {plan: kiro-pro, price: 3000},\n"
        "    {plan: kiro-pro-plus, price: 6000}, {plan: kiro-pro-max, price: 15000},\n"
        "    {plan: kiro-power, price: 30000}]\n"
        "  currency: JPY\n"
        "entitlements:\n"
        "  - {name: k, mode: add, default_plan: kiro-pro, approval: none, max_monthly_cost: 900000,\n"
        "     plans: [{plan: kiro-pro, okta_group: A}]}\n"
        "okta: {url: 'https://acme.okta.com/', token_env: OKTA_TOKEN}\n";
    struct settings s = help_settings(str_of(prices), *state);

    assert_int_equal(catalogue_plan(&s.policy.catalogue, STR("kiro-power"))->price_minor, 30000);
    assert_int_equal(s.policy.entitlements[0].max_monthly_cost_minor, 900000);
    assert_true(str_is(s.okta.url, "https://acme.okta.com"));
    assert_true(str_is(s.okta.token.env, "OKTA_TOKEN"));
}

/* -- From files -- */

static struct str write_file(struct str text, unsigned mode, struct arena *arena)
{
    char path[] = "/tmp/seatkeeper-test-settings-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
    assert_int_equal(fchmod(fd, (mode_t)mode), 0);
    (void)close(fd);
    return arena_str(arena, str_of(path));
}

static void test_a_file_is_loaded_and_its_paths_become_absolute(void **state)
{
    struct str path = write_file(STR(SMALL_FILE), 0600, *state);
    struct settings_problems problems;
    struct settings s;
    struct err err = {0};

    assert_true(settings_load(path, *state, &s, &problems, &err));
    assert_int_equal(problems.n, 0);
    assert_true(str_is(s.ledger, "/tmp/l.db"));
    assert_true(str_is(s.okta.token.file, "/tmp/t"));
    (void)unlink(path.ptr);

    /* From the root of the repository, where tests run: the example is within the working folder.
     */
    struct str text;
    assert_true(
        file_read(STR("config/seatkeeper.example.yaml"), 1 << 20, FILE_ANY, *state, &text, &err));
    assert_true(file_write(STR("seatkeeper-test.yaml.tmp"), text, 0600, &err));
    bool is_loaded = settings_load(STR("seatkeeper-test.yaml.tmp"), *state, &s, &problems, &err);
    (void)unlink("seatkeeper-test.yaml.tmp");
    assert_true(is_loaded);
    assert_int_equal(s.path.ptr[0], '/');
    assert_true(str_ends(s.okta.key.file, STR("/secrets/okta.pem")));
    assert_int_equal(s.okta.key.file.ptr[0], '/');
}

static void test_a_file_that_others_may_write_is_refused(void **state)
{
    struct str path = write_file(STR(SMALL_FILE), 0620, *state);
    struct settings_problems problems = {0};
    struct settings s;
    struct err err = {0};

    assert_false(settings_load(path, *state, &s, &problems, &err));
    assert_int_equal(err.kind, ERR_SETTINGS);
    assert_int_equal(problems.n, 1);
    assert_int_equal(problems.items[0].line, 1);
    assert_non_null(strstr(err.msg, path.ptr));
    (void)unlink(path.ptr);
}

static void test_a_file_that_is_not_there_is_one_problem(void **state)
{
    struct settings_problems problems = {0};
    struct settings s;
    struct err err = {0};

    assert_false(settings_load(STR("/nonexistent/s.yaml"), *state, &s, &problems, &err));
    assert_int_equal(err.kind, ERR_SETTINGS);
    assert_int_equal(problems.n, 1);
    assert_non_null(strstr(err.msg, "/nonexistent/s.yaml"));
}

static void test_problems_of_a_file_name_it_as_the_user_did(void **state)
{
    struct str path = write_file(STR("okta: 1\n"), 0600, *state);
    struct settings_problems problems = {0};
    struct settings s;
    struct err err = {0};
    struct str start = arena_printf(*state, "%.*s:1: ", STR_ARG(path));

    assert_false(settings_load(path, *state, &s, &problems, &err));
    assert_true(str_starts(str_of(err.msg), start));
    (void)unlink(path.ptr);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, help_setup, help_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(test_what_is_left_out_has_its_default),
        WITH_ARENA(test_what_the_example_says_is_what_is_read),
        WITH_ARENA(test_spellings_of_a_plan_take_the_place_of_the_known_ones),
        WITH_ARENA(test_what_becomes_of_unused_seats_is_read),
        WITH_ARENA(test_what_has_no_effect_yet_is_named_once_each),
        WITH_ARENA(test_the_example_says_where_identity_center_is),
        WITH_ARENA(test_what_is_left_out_of_aws_has_its_default),
        WITH_ARENA(test_each_endpoint_goes_where_it_belongs),
        WITH_ARENA(test_the_scim_token_lives_through_its_last_day),
        WITH_ARENA(test_provisioning_may_be_direct_where_there_is_aws),
        WITH_ARENA(test_local_users_alone_do_not_make_the_server_unused),
        WITH_ARENA(test_relative_paths_begin_at_the_settings_file),
        WITH_ARENA(test_amounts_follow_the_currency),
        WITH_ARENA(test_a_file_is_loaded_and_its_paths_become_absolute),
        WITH_ARENA(test_a_file_that_others_may_write_is_refused),
        WITH_ARENA(test_a_file_that_is_not_there_is_one_problem),
        WITH_ARENA(test_problems_of_a_file_name_it_as_the_user_did),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

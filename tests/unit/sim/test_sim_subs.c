#include "unit/sim/sim_subs_fixture.h"

/* The two lists of subscriptions: their shape, their paging, and what they refuse. */

static void test_a_subscription_is_told_as_the_contract_has_it(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_STORE "  subscriptions:\n    claims:\n"
                            "      - {user: a, plan: kiro-pro, status: ACTIVE, since: "
                            "2026-03-02T00:00:00Z, used: 2026-03-04T05:06:07Z}\n"
                            "      - {group: Pro, plan: kiro-pro, since: 2026-03-02T00:00:00Z}\n");
    list_subs(&f, "");
    assert_string_equal(
        arena_cstr(&f.base.arena, f.base.res.body),
        "{\"subscriptions\":[{\"principal\":{\"user\":\"u-a\"},"
        "\"type\":{\"amazonQ\":\"KIRO_ENTERPRISE_PRO\"},"
        "\"activatedType\":{\"amazonQ\":\"KIRO_ENTERPRISE_PRO\"},\"status\":\"ACTIVE\","
        "\"aggregatedSubscriptionType\":\"INDIVIDUAL_AND_GROUP\",\"createdDate\":1772409600,"
        "\"activationDate\":1772600767},"
        "{\"principal\":{\"user\":\"u-b\"},\"type\":{\"amazonQ\":\"KIRO_ENTERPRISE_PRO\"},"
        "\"status\":\"PENDING\",\"aggregatedSubscriptionType\":\"GROUP\","
        "\"createdDate\":1772409600}]}");
    assert_string_equal(header(&f.base, "content-type"), "application/x-amz-json-1.0");
    list_claims(&f, "");
    assert_string_equal(
        arena_cstr(&f.base.arena, f.base.res.body),
        arena_printf(&f.base.arena,
                     "{\"claims\":[{\"identifier\":\"%s\",\"principal\":{\"user\":\"u-a\"},"
                     "\"type\":{\"amazonQ\":\"KIRO_ENTERPRISE_PRO\"}},{\"identifier\":\"%s\","
                     "\"principal\":{\"group\":\"g-pro\"},"
                     "\"type\":{\"amazonQ\":\"KIRO_ENTERPRISE_PRO\"}}]}",
                     claim_id(&f, "u-a"), claim_id(&f, "g-pro"))
            .ptr);
    assert_true(str_starts(str_of(claim_id(&f, "u-a")),
                           STR("arn:aws:user-subscriptions::111122223333:subscription/")));
    aws_close(&f);
}

struct input_case {
    const char *operation, *body, *expected;
};

static void test_lists_are_strict_about_what_they_are_asked(void **state)
{
    static const struct input_case cases[] = {
        {"ListUserSubscriptions", "{" LIST_SUBS "}", "200"},
        {"ListUserSubscriptions", "{" LIST_SUBS ",\"maxResults\":1000}", "200"},
        {"ListUserSubscriptions", "{" LIST_SUBS ",\"maxResults\":1001}", "400 ValidationException"},
        {"ListUserSubscriptions", "{" LIST_SUBS ",\"maxResults\":0}", "400 ValidationException"},
        {"ListUserSubscriptions", "{" LIST_SUBS ",\"maxResults\":\"100\"}",
         "400 ValidationException"},
        {"ListUserSubscriptions", "{" LIST_SUBS ",\"nextToken\":\"x\"}", "400 ValidationException"},
        {"ListUserSubscriptions", "{" LIST_SUBS ",\"nextToken\":null}", "400 ValidationException"},
        {"ListUserSubscriptions", "{" LIST_SUBS ",\"MaxResults\":100}", "400 ValidationException"},
        {"ListUserSubscriptions", "{\"instanceArn\":\"" SUBS_INSTANCE "\"}",
         "400 ValidationException"},
        {"ListUserSubscriptions", "{\"subscriptionRegion\":\"us-east-1\"}",
         "400 ValidationException"},
        {"ListUserSubscriptions",
         "{\"instanceArn\":\"arn:nobodys\",\"subscriptionRegion\":\"us-east-1\"}",
         "400 AccessDeniedException"},
        {"ListUserSubscriptions",
         "{\"instanceArn\":\"arn:other\",\"subscriptionRegion\":\"us-east-1\"}", "200"},
        {"ListUserSubscriptions",
         "{\"instanceArn\":\"" SUBS_INSTANCE "\",\"subscriptionRegion\":\"us-west-2\"}",
         "400 ResourceNotFoundException"},
        {"ListUserSubscriptions", "[]", "400 SerializationException"},
        {"ListApplicationClaims", "{" LIST_CLAIMS "}", "200"},
        {"ListApplicationClaims",
         "{\"applicationArn\":\"arn:app/login\",\"subscriptionRegion\":\"us-east-1\"}",
         "400 ValidationException"},
        {"ListApplicationClaims",
         "{\"applicationArn\":\"arn:app/europe\",\"subscriptionRegion\":\"us-east-1\"}",
         "400 ValidationException"},
        {"ListApplicationClaims",
         "{\"applicationArn\":\"arn:app/none\",\"subscriptionRegion\":\"us-east-1\"}",
         "400 ResourceNotFoundException"},
        {"ListApplicationClaims", "{\"applicationArn\":\"arn:app/kiro\"}",
         "400 ValidationException"},
        {"ListClaims", "{" LIST_CLAIMS "}", "400 UnknownOperationException"},
        {"SetOverageConfig", "{}", "400 AccessDeniedException"},
    };
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        zorn(&f, cases[i].operation, cases[i].body);
        if (strcmp(outcome(&f), cases[i].expected) != 0)
            fail_msg("%s %s: %s", cases[i].operation, cases[i].body, outcome(&f));
    }
    aws_close(&f);
}

static void test_every_service_has_a_signature_region_and_type_of_its_own(void **state)
{
    static const struct {
        const char *service, *prefix, *region, *type, *expected;
    } cases[] = {
        {"user-subscriptions", "AWSZornControlPlaneService", "ap-northeast-1", "1.0", "200"},
        {"user-subscriptions", "AWSZornControlPlaneService", "us-east-1", "1.0",
         "400 InvalidSignatureException"},
        {"user-subscriptions", "AWSZornControlPlaneService", "ap-northeast-1", "1.1",
         "400 UnknownOperationException"},
        {"q", "AWSZornControlPlaneService", "ap-northeast-1", "1.0",
         "400 InvalidSignatureException"},
        {"q", "AmazonQDeveloperService", "us-east-1", "1.0", "400 UnknownOperationException"},
        {"q", "AmazonQDeveloperService", "ap-northeast-1", "1.0", "400 InvalidSignatureException"},
        {"user-subscriptions", "AmazonQDeveloperService", "us-east-1", "1.0",
         "400 InvalidSignatureException"},
        {"codewhisperer", "AWSCodeWhispererService", "us-east-1", "1.0",
         "400 UnknownOperationException"},
        {"q", "AWSCodeWhispererService", "us-east-1", "1.0", "400 InvalidSignatureException"},
    };
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        f.region = cases[i].region;
        f.type = arena_printf(&f.base.arena, "application/x-amz-json-%s", cases[i].type).ptr;
        aws_send(&f, cases[i].service,
                 arena_printf(&f.base.arena, "%s.ListUserSubscriptions", cases[i].prefix).ptr,
                 "{" LIST_SUBS "}");
        if (strcmp(outcome(&f), cases[i].expected) != 0) {
            fail_msg("%s %s %s %s: %s", cases[i].service, cases[i].prefix, cases[i].region,
                     cases[i].type, outcome(&f));
        }
    }
    aws_close(&f);
}

static void test_errors_have_the_services_own_namespace_and_a_small_message(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    zorn(&f, "ListUserSubscriptions", "{}");
    assert_string_equal(field(&f, "__type"), "com.amazon.kiro.controlplane#ValidationException");
    assert_true(strlen(field(&f, "message")) > 0);
    assert_string_equal(field(&f, "Message"), "");
    assert_int_equal(strlen(header(&f.base, "x-amzn-requestid")), 36);
    aws_close(&f);
}

static const char *all_pages(struct aws_fixture *f, size_t limit, size_t *n_pages)
{
    struct buf out = {0};
    const char *token = "";

    for (*n_pages = 0;; (*n_pages)++) {
        list_subs(f, arena_printf(&f->base.arena, ",\"maxResults\":%zu%s", limit, token).ptr);
        buf_printf(&out, "%s", shown(f, "user") + 3);
        if (!*field(f, "nextToken"))
            break;
        token = arena_printf(&f->base.arena, ",\"nextToken\":\"%s\"", field(f, "nextToken")).ptr;
    }

    const char *text = arena_cstr(&f->base.arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

static const char *many_people(struct aws_fixture *f, size_t n)
{
    struct buf out = {0};

    buf_printf(&out, "aws:\n  instance_arn: " SUBS_INSTANCE "\n  users:\n");
    for (size_t i = 0; i < n; i++)
        buf_printf(&out, "    - {user_name: p%zu, id: u-%zu}\n", i, i);
    buf_printf(&out, "  subscriptions:\n    claims:\n");
    for (size_t i = 0; i < n; i++)
        buf_printf(&out, "    - {user: p%zu, plan: kiro-pro}\n", i);

    const char *text = arena_cstr(&f->base.arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

static void test_pages_of_any_size_tell_the_same(void **state)
{
    struct aws_fixture f;
    const char *whole;
    size_t n;

    (void)state;
    aws_open(&f, NULL);
    fixture_load(&f.base, many_people(&f, 230));
    f.aws = sim_aws(f.base.sim);
    secret_set(&f.secret, f.aws.secret_key);
    whole = all_pages(&f, 1000, &n);
    assert_int_equal(n, 0);
    for (size_t limit = 1; limit <= 231; limit = limit * 3 + 1) {
        assert_string_equal(all_pages(&f, limit, &n), whole);
        assert_int_equal(n, (230 + limit - 1) / limit - 1);
    }
    by_hand(&f, "{quirks: {page_cap: 50}}");
    assert_string_equal(all_pages(&f, 1000, &n), whole);
    assert_true(n >= 4);
    aws_close(&f);
}

static void test_a_token_is_good_for_its_own_list_only(void **state)
{
    struct aws_fixture f;
    const char *token;

    (void)state;
    aws_open(&f, SUBS_ORG);
    list_subs(&f, ",\"maxResults\":1");
    token = arena_printf(&f.base.arena, ",\"nextToken\":\"%s\"", field(&f, "nextToken")).ptr;
    list_subs(&f, token);
    assert_string_equal(shown(&f, "user"), "200 u-b");
    list_claims(&f, token);
    assert_string_equal(outcome(&f), "400 ValidationException");
    zorn(&f, "ListUserSubscriptions",
         arena_printf(&f.base.arena,
                      "{\"instanceArn\":\"" SUBS_INSTANCE "\",\"subscriptionRegion\":"
                      "\"eu-central-1\"%s}",
                      token)
             .ptr);
    assert_string_equal(outcome(&f), "400 ResourceNotFoundException");
    aws_close(&f);
}

/* ---- quirks and faults ---- */

struct quirk_case {
    const char *quirk, *list, *expected;
};

static void test_quirks_show_what_must_not_be_believed(void **state)
{
    static const struct {
        const char *quirks, *expected;
    } cases[] = {
        {"{}", "200 u-a:KIRO_ENTERPRISE_PRO/PENDING u-b:KIRO_ENTERPRISE_PRO/PENDING"},
        {"{missing_field: status}", "200 u-a:KIRO_ENTERPRISE_PRO/ u-b:KIRO_ENTERPRISE_PRO/"},
        {"{missing_field: type}", "200 u-a:/PENDING u-b:/PENDING"},
        {"{missing_field: amazonQ}", "200 u-a:/PENDING u-b:/PENDING"},
        {"{missing_field: principal}",
         "200 :KIRO_ENTERPRISE_PRO/PENDING :KIRO_ENTERPRISE_PRO/PENDING"},
        {"{unknown_spelling: 100}",
         "200 u-a:KIRO_ENTERPRISE_LITE/PENDING u-b:KIRO_ENTERPRISE_LITE/PENDING"},
        {"{profile: direct}", "200"},
        {"{profile: missing}", "400 ResourceNotFoundException"},
        {"{group_rows: true}",
         "200 u-a:KIRO_ENTERPRISE_PRO/PENDING u-b:KIRO_ENTERPRISE_PRO/PENDING "
         "g-pro:KIRO_ENTERPRISE_PRO/ACTIVE g-plus:KIRO_ENTERPRISE_PRO_PLUS/ACTIVE"},
        {"{page_cap: 1}", "200 u-a:KIRO_ENTERPRISE_PRO/PENDING"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;

        aws_open(&f, SUBS_ORG);
        by_hand(&f, arena_printf(&f.base.arena, "{quirks: %s}", cases[i].quirks).ptr);
        if (strcmp(subs(&f), cases[i].expected) != 0)
            fail_msg("%s: %s", cases[i].quirks, subs(&f));
        aws_close(&f);
    }
}

static void test_other_shapes_of_a_row_can_be_had(void **state)
{
    static const struct {
        const char *quirks, *expected;
    } cases[] = {
        {"{older_names: true}",
         "{\"UserSubscriptions\":[{\"PrincipalId\":\"u-c\",\"SubscriptionType\":"
         "\"KIRO_ENTERPRISE_POWER\",\"Status\":\"CANCELED\","
         "\"aggregatedSubscriptionType\":\"INDIVIDUAL\",\"createdDate\":1772409600}]}"},
        {"{times: text, cancelled: CANCELLED, extra_field: creditPool}",
         "{\"subscriptions\":[{\"principal\":{\"user\":\"u-c\"},\"type\":{\"amazonQ\":"
         "\"KIRO_ENTERPRISE_POWER\"},\"status\":\"CANCELLED\","
         "\"aggregatedSubscriptionType\":\"INDIVIDUAL\","
         "\"createdDate\":\"2026-03-02T00:00:00.000Z\",\"creditPool\":\"unexpected\"}]}"},
        {"{hide_canceled: true}", "{\"subscriptions\":[]}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;

        aws_open(&f, SUBS_STORE "  subscriptions:\n    claims:\n"
                                "      - {user: c, plan: kiro-power, status: CANCELED, since: "
                                "2026-03-02T00:00:00Z}\n");
        by_hand(&f, arena_printf(&f.base.arena, "{quirks: %s}", cases[i].quirks).ptr);
        list_subs(&f, "");
        assert_string_equal(arena_cstr(&f.base.arena, f.base.res.body), cases[i].expected);
        list_claims(&f, "");
        assert_string_equal(arena_cstr(&f.base.arena, f.base.res.body), "{\"claims\":[]}");
        aws_close(&f);
    }
}

static void test_fault_scripts_reach_both_lists(void **state)
{
    static const struct {
        const char *deed, *expected;
    } cases[] = {
        {"{empty_list: true}", "200"},
        {"{shrink: 100}", "200"},
        {"{page: {twice: true}}", "200 KIRO_ENTERPRISE_PRO KIRO_ENTERPRISE_PRO "
                                  "KIRO_ENTERPRISE_PRO_PLUS KIRO_ENTERPRISE_PRO_PLUS"},
        {"{page: {empty: true}}", "200"},
        {"{code: AccessDeniedException}", "400 AccessDeniedException"},
        {"{status: 500}", "500 InternalServerException"},
        {"{code: UnknownError, status: 500}", "500 UnknownError"},
        {"{rate: bucket}", "400 ThrottlingException"},
        {"{body: '{}'}", "200"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;

        aws_open(&f, SUBS_ORG);
        load_faults(&f.base, arena_printf(&f.base.arena,
                                          "- {match: {service: subscriptions, operation: "
                                          "ListApplicationClaims}, do: %s}\n",
                                          cases[i].deed)
                                 .ptr);
        list_claims(&f, "");
        if (strcmp(shown(&f, "amazonQ"), cases[i].expected) != 0)
            fail_msg("%s: %s", cases[i].deed, shown(&f, "amazonQ"));
        assert_string_equal(subs(&f), "200 u-a:KIRO_ENTERPRISE_PRO/PENDING "
                                      "u-b:KIRO_ENTERPRISE_PRO/PENDING");
        aws_close(&f);
    }
}

static void test_a_page_can_lose_its_list_and_a_row_its_principal(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    load_faults(&f.base, "- {match: {nth: 1}, do: {page: {not_a_list: true}}}\n"
                         "- {match: {nth: 2}, do: {page: {no_ids: true}}}\n"
                         "- {match: {nth: 3}, do: {page: {drop_next: true}}}\n"
                         "- {match: {nth: 4}, do: {token: garbled}}\n");
    list_subs(&f, "");
    assert_non_null(strstr(f.base.res.body.ptr, "{\"subscriptions\":{\"Items\":["));
    list_subs(&f, "");
    assert_null(strstr(arena_cstr(&f.base.arena, f.base.res.body), "\"principal\""));
    list_subs(&f, ",\"maxResults\":1");
    assert_string_equal(field(&f, "nextToken"), "");
    list_subs(&f, ",\"maxResults\":1");
    assert_string_equal(field(&f, "nextToken"), "!not a token!");
    aws_close(&f);
}

static void test_a_list_can_be_as_it_was_before(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    assert_string_equal(subs(&f), "200 u-a:KIRO_ENTERPRISE_PRO/PENDING "
                                  "u-b:KIRO_ENTERPRISE_PRO/PENDING");
    use_seat(&f, "a");
    by_hand(&f, "{claims: [{user: c, plan: kiro-pro-max}]}");
    sim_advance(f.base.sim, TIME_MINUTE);
    assert_string_equal(subs(&f), "200 u-a:KIRO_ENTERPRISE_PRO/ACTIVE "
                                  "u-b:KIRO_ENTERPRISE_PRO/PENDING "
                                  "u-c:KIRO_ENTERPRISE_PRO_MAX/PENDING");
    load_faults(&f.base, "- {match: {times: 2}, do: {stale: 2m}}\n");
    assert_string_equal(subs(&f), "200 u-a:KIRO_ENTERPRISE_PRO/PENDING "
                                  "u-b:KIRO_ENTERPRISE_PRO/PENDING");
    assert_string_equal(claims(&f),
                        "200 g-pro:KIRO_ENTERPRISE_PRO g-plus:KIRO_ENTERPRISE_PRO_PLUS");
    by_hand(&f, "{quirks: {read_lag: 5m}}");
    assert_string_equal(subs(&f), "200 u-a:KIRO_ENTERPRISE_PRO/PENDING "
                                  "u-b:KIRO_ENTERPRISE_PRO/PENDING");
    sim_advance(f.base.sim, 5 * TIME_MINUTE);
    assert_string_equal(claims(&f), "200 g-pro:KIRO_ENTERPRISE_PRO "
                                    "g-plus:KIRO_ENTERPRISE_PRO_PLUS u-c:KIRO_ENTERPRISE_PRO_MAX");
    aws_close(&f);
}

static void test_a_profile_tied_to_okta_is_no_application_and_has_nobody(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    by_hand(&f, "{quirks: {profile: direct}}");
    sso(&f, "ListApplications", "{\"InstanceArn\":\"" SUBS_INSTANCE "\"}");
    assert_string_equal(shown(&f, "Name"), "200 Kiro Sign-In");
    assert_string_equal(subs(&f), "200");
    assert_string_equal(claims(&f), "200");
    by_hand(&f, "{quirks: {profile: ready}}");
    assert_string_equal(claims(&f),
                        "200 g-pro:KIRO_ENTERPRISE_PRO g-plus:KIRO_ENTERPRISE_PRO_PLUS");
    aws_close(&f);
}

/* ---- the organisation ---- */

static void test_spellings_are_the_organisations_business(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_STORE "  subscriptions:\n"
                            "    spellings: {kiro-power: KIRO_ENTERPRISE_PRO_POWER}\n"
                            "    claims:\n"
                            "      - {user: a, plan: q-pro}\n"
                            "      - {user: b, plan: kiro-power}\n"
                            "      - {user: c, plan: kiro-pro, raw: STUDENT_PACK}\n");
    assert_string_equal(subs(&f), "200 u-a:Q_DEVELOPER_STANDALONE/PENDING "
                                  "u-b:KIRO_ENTERPRISE_PRO_POWER/PENDING u-c:STUDENT_PACK/PENDING");
    assert_string_equal(claims(&f), "200 u-a:Q_DEVELOPER_STANDALONE u-b:KIRO_ENTERPRISE_PRO_POWER "
                                    "u-c:STUDENT_PACK");
    by_hand(&f, "{spellings: {q-pro: Q_DEVELOPER_PRO}}");
    assert_string_equal(subs(&f), "200 u-a:Q_DEVELOPER_PRO/PENDING "
                                  "u-b:KIRO_ENTERPRISE_PRO_POWER/PENDING u-c:STUDENT_PACK/PENDING");
    aws_close(&f);
}

static void test_mistakes_in_an_organisation_are_named(void **state)
{
    static const struct {
        const char *subscriptions, *expected;
    } cases[] = {
        {"{claims: [{plan: kiro-pro}]}", "line 1: a claim is of one `group`, `user` or `orphan`"},
        {"{claims: [{user: a, group: Pro, plan: kiro-pro}]}",
         "line 1: a claim is of one `group`, `user` or `orphan`"},
        {"{claims: [{user: a, plan: kiro}]}",
         "line 1: `plan` must be one of: q-pro kiro-pro kiro-pro-plus kiro-pro-max kiro-power"},
        {"{claims: [{user: a, plan: kiro-pro, status: OPEN}]}",
         "line 1: `status` is PENDING, ACTIVE or CANCELED"},
        {"{claims: [{user: a, plan: kiro-pro, since: today}]}",
         "line 1: a time such as 2026-05-04T00:00:00Z is expected"},
        {"{claims: [{group: Pro, plan: kiro-pro-max}]}", "line 1: `Pro` is subscribed already"},
        {"{materialise: [6h, 5m]}", "line 1: `materialise` is a duration, [least, most], or never"},
        {"{use_percent_a_day: 101}", "line 1: `use_percent_a_day` must be 0 to 100"},
        {"{spellings: {pro: X}}", "line 1: `pro` is no plan"},
        {"{quirks: {eligibility: no}}",
         "line 1: `eligibility` is management, blocked or ineligible"},
        {"{quirks: {profile: gone}}", "line 1: `profile` is ready, missing or direct"},
        {"{quirks: {unknown_spelling: 200}}", "line 1: a quirk is out of its range"},
        {"{region: eu-west-1}", "line 1: `region` cannot change once there are claims"},
    };
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = {0};

        assert_int_equal(sim_control(f.base.sim, HTTP_POST, STR("/_sim/subscriptions"),
                                     str_of(cases[i].subscriptions), &out),
                         400);
        assert_string_equal(arena_cstr(&f.base.arena, between(buf_str(&out), "\":\"", "\"}")),
                            cases[i].expected);
        buf_fini(&out);
    }
    aws_close(&f);
}

static void test_two_profiles_have_their_own_seats_and_applications(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, "aws:\n"
                 "  instance_arn: " SUBS_INSTANCE "\n"
                 "  users: [{user_name: a, id: u-a}]\n"
                 "  subscriptions:\n"
                 "    region: us-east-1\n"
                 "    claims:\n"
                 "      - {user: a, plan: kiro-pro}\n"
                 "      - {user: a, plan: kiro-power, region: eu-central-1}\n");
    assert_string_equal(subs(&f), "200 u-a:KIRO_ENTERPRISE_PRO/PENDING");
    zorn(&f, "ListUserSubscriptions",
         "{\"instanceArn\":\"" SUBS_INSTANCE "\",\"subscriptionRegion\":\"eu-central-1\"}");
    assert_string_equal(each_row(&f, "subscriptions", put_sub),
                        "200 u-a:KIRO_ENTERPRISE_POWER/PENDING");
    sso(&f, "ListApplications", "{\"InstanceArn\":\"" SUBS_INSTANCE "\"}");
    assert_string_equal(shown(&f, "Name"),
                        "200 KiroProfile-us-east-1 Kiro Sign-In KiroProfile-eu-central-1");
    aws_close(&f);
}

static void
test_the_default_organisation_claims_its_two_groups_and_nobody_else_notices(void **state)
{
    struct aws_fixture f;
    const char *claimed;

    (void)state;
    aws_open(&f, NULL);
    claimed = control(&f.base, HTTP_GET, "/_sim/subscriptions", "");
    assert_string_equal(arena_printf(&f.base.arena, "%s %d %s",
                                     strstr(claimed, "AWS_kiro_JP_Users") ? "users" : "",
                                     strstr(claimed, "\"in_store\":true") != NULL, seats(&f))
                            .ptr,
                        "users 1 ");
    assert_non_null(strstr(claimed, "\"name\":\"AWS_kiro_JP_ProPlus_Users\",\"in_store\":true,"
                                    "\"region\":\"us-east-1\",\"plan\":\"kiro-pro-plus\""));
    assert_null(strstr(control(&f.base, HTTP_GET, "/_sim/state", ""), "claim"));
    aws_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_subscription_is_told_as_the_contract_has_it),
        cmocka_unit_test(test_lists_are_strict_about_what_they_are_asked),
        cmocka_unit_test(test_every_service_has_a_signature_region_and_type_of_its_own),
        cmocka_unit_test(test_errors_have_the_services_own_namespace_and_a_small_message),
        cmocka_unit_test(test_pages_of_any_size_tell_the_same),
        cmocka_unit_test(test_a_token_is_good_for_its_own_list_only),
        cmocka_unit_test(test_quirks_show_what_must_not_be_believed),
        cmocka_unit_test(test_other_shapes_of_a_row_can_be_had),
        cmocka_unit_test(test_fault_scripts_reach_both_lists),
        cmocka_unit_test(test_a_page_can_lose_its_list_and_a_row_its_principal),
        cmocka_unit_test(test_a_list_can_be_as_it_was_before),
        cmocka_unit_test(test_a_profile_tied_to_okta_is_no_application_and_has_nobody),
        cmocka_unit_test(test_spellings_are_the_organisations_business),
        cmocka_unit_test(test_mistakes_in_an_organisation_are_named),
        cmocka_unit_test(test_two_profiles_have_their_own_seats_and_applications),
        cmocka_unit_test(
            test_the_default_organisation_claims_its_two_groups_and_nobody_else_notices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

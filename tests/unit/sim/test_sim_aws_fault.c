#include "unit/sim/sim_aws_fixture.h"

/* Fault scripts on calls of AWS, and the applications and instances of the admin service. */

#define FAULT_ORG                                                                            \
    "aws:\n"                                                                                 \
    "  instance_arn: arn:aws:sso:::instance/ssoins-0123456789abcdef\n"                       \
    "  store_id: d-1234567890\n"                                                             \
    "  users: [{user_name: a, id: u-a}, {user_name: b, id: u-b}, {user_name: c, id: u-c}]\n" \
    "  groups:\n"                                                                            \
    "    - {name: One, id: g-1, members: [a, b, c]}\n"                                       \
    "    - {name: Two, id: g-2, members: [a]}\n"

#define LIST ",\"GroupId\":\"g-1\",\"MaxResults\":2"

struct fault_case {
    const char *script; /* of one rule */
    const char *expected;
};

static void test_a_script_decides_what_a_call_of_aws_gets(void **state)
{
    static const struct fault_case cases[] = {
        {"{match: {service: sso}, do: {status: 500}}", "200 u-a u-b"},
        {"{match: {service: okta}, do: {status: 500}}", "200 u-a u-b"},
        {"{match: {operation: 'List*'}, do: {status: 500}}", "500 InternalServerException"},
        {"{match: {operation: ListUsers}, do: {status: 500}}", "200 u-a u-b"},
        {"{match: {service: identitystore, operation: ListGroupMemberships, group: One}, "
         "do: {code: ResourceNotFoundException, resource_type: GROUP}}",
         "400 ResourceNotFoundException GROUP"},
        {"{match: {group: Two}, do: {status: 500}}", "200 u-a u-b"},
        {"{match: {group: g-1}, do: {code: ThrottlingException, retry_after: 1500}}",
         "400 ThrottlingException"},
        {"{do: {code: ConflictException, reason: CONCURRENT_MODIFICATION, status: 409}}",
         "409 ConflictException CONCURRENT_MODIFICATION"},
        {"{do: {rate: bucket}}", "400 ThrottlingException"},
        {"{do: {token: expired}}", "400 ExpiredTokenException"},
        {"{do: {empty_list: true}}", "200"},
        {"{do: {page: {empty: true}}}", "200"},
        {"{do: {page: {twice: true}}}", "200 u-a u-a u-b u-b"},
        {"{do: {page: {no_ids: true}}}", "200"},
        {"{do: {shrink: 100}}", "200"},
        {"{do: {body: '{}'}}", "200"},
        {"{do: {status: 503, html: '<h1>no</h1>'}}", "503 "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;

        aws_open(&f, FAULT_ORG);
        load_faults(&f.base, arena_printf(&f.base.arena, "- %s\n", cases[i].script).ptr);
        store_in(&f, "ListGroupMemberships", LIST);
        if (strcmp(shown(&f, "UserId"), cases[i].expected) != 0)
            fail_msg("%s: %s", cases[i].script, shown(&f, "UserId"));
        aws_close(&f);
    }
}

static void test_what_lies_outside_the_body_can_go_wrong_too(void **state)
{
    static const struct {
        const char *deed, *header, *expected;
    } cases[] = {
        {"code: ThrottlingException, retry_after: 1500", "x-amz-retry-after", "1500"},
        {"rate: bucket", "x-amz-retry-after", "1000"},
        {"rate: bare", "x-amz-retry-after", ""},
        {"rate: bare", "date", ""},
        {"skew: -10m", "date", "Mon, 04 May 2026 09:02:40 GMT"},
        {"skew: 1h", "date", "Mon, 04 May 2026 10:12:40 GMT"},
        {"xml: true", "content-type", "application/xml"},
        {"html: '<p>'", "content-type", "text/html"},
        {"headers: {x-amzn-requestid: ''}", "x-amzn-requestid", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;

        aws_open(&f, FAULT_ORG);
        load_faults(&f.base, arena_printf(&f.base.arena, "- {do: {%s}}\n", cases[i].deed).ptr);
        store_in(&f, "ListGroupMemberships", LIST);
        if (strcmp(header(&f.base, cases[i].header), cases[i].expected) != 0)
            fail_msg("%s: %s", cases[i].deed, header(&f.base, cases[i].header));
        aws_close(&f);
    }
}

static void test_next_tokens_can_be_made_a_trap(void **state)
{
    struct aws_fixture f;
    const char *first;
    const char *second;

    (void)state;
    aws_open(&f, FAULT_ORG);
    load_faults(&f.base, "- {match: {operation: ListUsers}, do: {token: repeat}}\n"
                         "- {match: {operation: ListGroups}, do: {token: empty_page}}\n"
                         "- {match: {operation: ListGroupMemberships}, do: {token: garbled}}\n");
    store_in(&f, "ListUsers", ",\"MaxResults\":1");
    first = arena_printf(&f.base.arena, ",\"NextToken\":\"%s\"", field(&f, "NextToken")).ptr;
    store_in(&f, "ListUsers", first);
    second = arena_printf(&f.base.arena, ",\"NextToken\":\"%s\"", field(&f, "NextToken")).ptr;
    assert_string_equal(first, second);

    store_in(&f, "ListGroups", "");
    assert_string_equal(shown(&f, "GroupId"), "200");
    first = arena_printf(&f.base.arena, ",\"NextToken\":\"%s\"", field(&f, "NextToken")).ptr;
    store_in(&f, "ListGroups", first);
    second = arena_printf(&f.base.arena, ",\"NextToken\":\"%s\"", field(&f, "NextToken")).ptr;
    assert_string_not_equal(first, second);
    sim_clear_faults(f.base.sim);
    store_in(&f, "ListGroups", second);
    assert_string_equal(shown(&f, "GroupId"), "200 g-1 g-2");

    load_faults(&f.base, "- {match: {operation: ListGroupMemberships}, do: {token: garbled}}\n"
                         "- {match: {operation: ListUsers}, do: {token: forgotten}}\n");
    store_in(&f, "ListGroupMemberships", LIST);
    assert_string_equal(field(&f, "NextToken"), "!not a token!");
    store_in(&f, "ListUsers", "");
    assert_int_equal(f.base.res.status, 200);
    store_in(&f, "ListUsers", first);
    assert_string_equal(shown(&f, ""), "400 ValidationException");
    aws_close(&f);
}

static void test_a_write_may_be_carried_out_though_its_answer_is_lost(void **state)
{
    static const struct {
        const char *deed, *members;
    } cases[] = {
        {"close: after", "a b"}, {"close: before", "a"},
        {"hang: true", "a"},     {"status: 500, applied: true", "a b"},
        {"status: 500", "a"},    {"code: InternalServerException, applied: true", "a b"},
        {"xml: true", "a"},      {"truncate: 5", "a b"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;

        aws_open(&f, FAULT_ORG);
        load_faults(
            &f.base,
            arena_printf(&f.base.arena, "- {match: {person: b}, do: {%s}}\n", cases[i].deed).ptr);
        store_in(&f, "CreateGroupMembership",
                 ",\"GroupId\":\"g-2\",\"MemberId\":{\"UserId\":\"u-b\"}");
        if (strcmp(members(&f, "Two"), cases[i].members) != 0)
            fail_msg("%s: %s", cases[i].deed, members(&f, "Two"));
        aws_close(&f);
    }
}

static void test_a_list_can_be_as_it_was(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, FAULT_ORG);
    control(&f.base, HTTP_POST, "/_sim/aws/groups/Two/members", "{add: [b], remove: [a]}");
    sim_advance(f.base.sim, 60000);
    store_in(&f, "ListGroupMemberships", ",\"GroupId\":\"g-2\"");
    assert_string_equal(shown(&f, "UserId"), "200 u-b");
    load_faults(&f.base, "- {do: {stale: 2m}}\n");
    store_in(&f, "ListGroupMemberships", ",\"GroupId\":\"g-2\"");
    assert_string_equal(shown(&f, "UserId"), "200 u-a");
    aws_close(&f);
}

static void test_rules_with_unknown_services_are_refused(void **state)
{
    struct aws_fixture f;
    struct err err = {0};

    (void)state;
    aws_open(&f, NULL);
    assert_false(
        sim_load_faults(f.base.sim, STR("- {match: {service: s3}, do: {status: 500}}"), &err));
    assert_string_equal(err.msg, "fault script: line 1: `service` must be one of: identitystore "
                                 "sso sts metadata container subscriptions q codewhisperer "
                                 "okta");
    aws_close(&f);
}

/* ---- the admin service ---- */

static void test_instances_and_applications_are_told(void **state)
{
    static const char yaml[] =
        "aws:\n"
        "  instance_arn: arn:aws:sso:::instance/ssoins-0123456789abcdef\n"
        "  store_id: d-1234567890\n"
        "  instances:\n"
        "    - {instance_arn: 'arn:aws:sso:::instance/ssoins-2', store_id: d-2222222222, "
        "status: DELETE_IN_PROGRESS}\n"
        "  groups: [{name: Kiro, id: g-1}]\n"
        "  users: [{user_name: a, id: u-a}]\n"
        "  applications:\n"
        "    - {name: KiroProfile-x, arn: arn:app/1, assigned: [Kiro, a, nobody]}\n"
        "    - {name: Kiro Sign-In, arn: arn:app/2, assignment_required: false}\n";
    static const struct {
        const char *operation, *body, *member, *expected;
    } cases[] = {
        {"ListInstances", "{}", "IdentityStoreId", "200 d-1234567890 d-2222222222"},
        {"ListInstances", "{\"MaxResults\":1}", "IdentityStoreId", "200 d-1234567890"},
        {"DescribeInstance", "{\"InstanceArn\":\"arn:aws:sso:::instance/ssoins-2\"}",
         "IdentityStoreId", "200 d-2222222222"},
        {"DescribeInstance", "{\"InstanceArn\":\"arn:x\"}", "Status", "400 AccessDeniedException"},
        {"ListApplications", "{\"InstanceArn\":\"arn:aws:sso:::instance/ssoins-0123456789abcdef\"}",
         "ApplicationArn", "200 arn:app/1 arn:app/2"},
        {"ListApplications",
         "{\"InstanceArn\":\"arn:aws:sso:::instance/ssoins-0123456789abcdef\",\"Filter\":"
         "{\"ApplicationAccount\":\"5\"}}",
         "ApplicationArn", "200"},
        {"ListApplications", "{}", "ApplicationArn", "400 ValidationException"},
        {"DescribeApplication", "{\"ApplicationArn\":\"arn:app/1\"}", "Name", "200 KiroProfile-x"},
        {"DescribeApplication", "{\"ApplicationArn\":\"arn:app/3\"}", "Name",
         "400 ResourceNotFoundException"},
        {"ListApplicationAssignments", "{\"ApplicationArn\":\"arn:app/1\"}", "PrincipalId",
         "200 g-1 u-a"},
        {"ListApplicationAssignments", "{\"ApplicationArn\":\"arn:app/1\"}", "PrincipalType",
         "200 GROUP USER"},
    };
    struct aws_fixture f;

    (void)state;
    aws_open(&f, yaml);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        sso(&f, cases[i].operation, cases[i].body);
        if (strcmp(shown(&f, cases[i].member), cases[i].expected) != 0)
            fail_msg("%s: %s", cases[i].operation, shown(&f, cases[i].member));
    }
    sso(&f, "GetApplicationAssignmentConfiguration", "{\"ApplicationArn\":\"arn:app/2\"}");
    assert_true(str_is(f.base.res.body, "{\"AssignmentRequired\":false}"));
    store(&f, "ListUsers", "{\"IdentityStoreId\":\"d-2222222222\"}");
    assert_string_equal(shown(&f, "UserId"), "200");
    control(&f.base, HTTP_POST, "/_sim/aws/quirks", "{member_account: true}");
    sso(&f, "ListApplications",
        "{\"InstanceArn\":\"arn:aws:sso:::instance/ssoins-0123456789abcdef\"}");
    assert_string_equal(shown(&f, ""), "400 ValidationException");
    aws_close(&f);
}

static void test_mistakes_in_an_organisation_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *yaml, *expected;
    } cases[] = {
        {"aws: {colour: red}", "line 1: unknown key `colour`"},
        {"aws: {keys: [{id: AKIA9}]}", "line 1: a new key needs a `secret`"},
        {"aws: {instances: [{store_id: x}]}",
         "line 1: an instance needs `instance_arn` and `store_id`"},
        {"aws: {applications: [{name: x}]}", "line 1: an application needs a `name` and an `arn`"},
        {"aws: {users: [{user_name: x, status: GONE}]}",
         "line 1: `status` must be ENABLED or DISABLED"},
        {"aws: {groups: [{name: x, members: [y]}]}", "line 1: no user is called `y`"},
        {"aws: {groups: [x, x]}", "line 1: the name `x` is taken"},
        {"aws: {quirks: {kms: BROKEN}}", "line 1: `kms` must be a reason"},
        {"aws: {quirks: {statuses: odd}}", "line 1: `statuses` must be plain or modelled"},
        {"scim: {user_lag: [5s, 1s]}", "line 1: a lag is a duration, or [least, most]"},
        {"scim: {lost_percent: 101}", "line 1: `lost_percent` must be 0 to 100"},
        {"scim: {token_expires: soon}", "line 1: `token_expires` must be a time, or never"},
        {"scim: {app: nothing}", "line 1: no application is `nothing`"},
        {"scim: {clash: loud}", "line 1: `clash` must be error or silent"},
        {"scim: {mappings: {x: ACTIVE}}", "line 1: no group `x` is pushed"},
    };
    struct aws_fixture f;

    (void)state;
    aws_open(&f, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {0};
        const char *expected =
            arena_printf(&f.base.arena, "organisation: %s", cases[i].expected).ptr;

        assert_false(sim_load_org(f.base.sim, str_of(cases[i].yaml), &err));
        if (strncmp(err.msg, expected, strlen(expected)) != 0)
            fail_msg("%s: %s", cases[i].yaml, err.msg);
    }
    aws_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_script_decides_what_a_call_of_aws_gets),
        cmocka_unit_test(test_what_lies_outside_the_body_can_go_wrong_too),
        cmocka_unit_test(test_next_tokens_can_be_made_a_trap),
        cmocka_unit_test(test_a_write_may_be_carried_out_though_its_answer_is_lost),
        cmocka_unit_test(test_a_list_can_be_as_it_was),
        cmocka_unit_test(test_rules_with_unknown_services_are_refused),
        cmocka_unit_test(test_instances_and_applications_are_told),
        cmocka_unit_test(test_mistakes_in_an_organisation_are_refused_with_their_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

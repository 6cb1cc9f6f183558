#include "unit/sim/sim_aws_fixture.h"

/* The door of the simulated AWS: routing, signatures, errors, throttling, history. */

#define STORE ",\"MaxResults\":1"

static void test_a_signed_call_is_answered_and_named_in_the_history(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, NULL);
    sso(&f, "ListInstances", "{}");
    assert_string_equal(shown(&f, "IdentityStoreId"),
                        arena_printf(&f.base.arena, "200 %.*s", STR_ARG(f.aws.store_id)).ptr);
    assert_string_equal(field(&f, "InstanceArn"), arena_cstr(&f.base.arena, f.aws.instance_arn));
    assert_int_equal(strlen(header(&f.base, "x-amzn-requestid")), 36);
    assert_string_equal(header(&f.base, "date"), "Mon, 04 May 2026 09:12:40 GMT");

    const char *history = control(&f.base, HTTP_GET, "/_sim/history", "");
    assert_non_null(
        strstr(history, "\"method\":\"POST\",\"path\":\"SWBExternalService.ListInstances\""));
    assert_non_null(strstr(history, arena_cstr(&f.base.arena, f.aws.access_key)));
    assert_null(strstr(history, arena_cstr(&f.base.arena, f.aws.secret_key)));
    aws_close(&f);
}

struct door_case {
    const char *what;
    int64_t ahead_ms;
    const char *service, *region, *key, *secret, *token;
    const char *expected;
};

static void test_the_door_says_what_is_wrong_with_a_signature(void **state)
{
    static const struct door_case cases[] = {
        {"all is well", 0, "identitystore", NULL, NULL, NULL, NULL, "200"},
        {"4:59 late", -299000, "identitystore", NULL, NULL, NULL, NULL, "200"},
        {"4:59 early", 299000, "identitystore", NULL, NULL, NULL, NULL, "200"},
        {"5:01 late", -301000, "identitystore", NULL, NULL, NULL, NULL,
         "400 InvalidSignatureException"},
        {"5:01 early", 301000, "identitystore", NULL, NULL, NULL, NULL,
         "400 InvalidSignatureException"},
        {"another service", 0, "sso", NULL, NULL, NULL, NULL, "400 InvalidSignatureException"},
        {"another region", 0, "identitystore", "eu-west-1", NULL, NULL, NULL,
         "400 InvalidSignatureException"},
        {"another secret", 0, "identitystore", NULL, NULL, "nonsense", NULL,
         "400 InvalidSignatureException"},
        {"a key nobody knows", 0, "identitystore", NULL, "AKIDEXAMPLE", NULL, NULL,
         "400 UnrecognizedClientException"},
        {"a token that is not due", 0, "identitystore", NULL, NULL, NULL, "FwoGZXIv",
         "400 UnrecognizedClientException"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct door_case *c = &cases[i];
        struct aws_fixture f;

        aws_open(&f, NULL);
        f.ahead_ms = c->ahead_ms;
        f.region = c->region;
        f.key = c->key;
        if (c->secret)
            secret_set(&f.secret, str_of(c->secret));
        if (c->token)
            secret_set(&f.token, str_of(c->token));
        aws_send(&f, c->service, "AWSIdentityStore.ListGroups",
                 arena_printf(&f.base.arena, "{\"IdentityStoreId\":\"%.*s\",\"MaxResults\":1}",
                              STR_ARG(f.aws.store_id))
                     .ptr);
        if (strcmp(shown(&f, "nothing"), c->expected) != 0)
            fail_msg("%s: %s", c->what, shown(&f, "nothing"));
        aws_close(&f);
    }
}

static const char *tampered(struct aws_fixture *f, size_t which, const char *value)
{
    struct sigv4_keys keys = {.access_key = f->aws.access_key, .secret_key = &f->secret};
    struct sigv4_request request = {
        .region = f->aws.region,
        .service = STR("sso"),
        .host = STR("127.0.0.1:9"),
        .content_type = STR("application/x-amz-json-1.1"),
        .target = STR("SWBExternalService.ListInstances"),
        .body = STR("{}"),
    };
    struct sigv4_headers made = sigv4_sign(&keys, &request, fixture_now(&f->base), &f->base.arena);
    struct http_header headers[] = {
        {STR("content-type"), request.content_type},
        {STR("x-amz-date"), made.date},
        {STR("x-amz-target"), request.target},
        {STR("authorization"), made.authorization},
        {STR("x-amz-more"), {0}},
    };
    struct http_request req = {.method = HTTP_POST,
                               .url = STR(ORIGIN "/"),
                               .headers = headers,
                               .n_headers = 4,
                               .body = STR("{}")};

    if (which == 9) {
        req.body = str_of(value);
    } else {
        headers[which].value = str_of(value);
        if (which == 4)
            req.n_headers = 5;
    }
    fixture_send(&f->base, &req);
    return shown(f, "Status");
}

static void test_what_was_signed_must_be_what_came(void **state)
{
    static const struct {
        size_t which;
        const char *value;
        const char *expected;
    } cases[] = {
        {9, "{}", "200 ACTIVE ACTIVE"},
        {9, "{ }", "400 InvalidSignatureException"},
        {0, "application/x-amz-json-1.0", "400 InvalidSignatureException"},
        {2, "SWBExternalService.ListApplications", "400 InvalidSignatureException"},
        {1, "20260504T091241Z", "400 InvalidSignatureException"},
        {4, "unsigned", "400 InvalidSignatureException"},
        {3, "AWS4-HMAC-SHA256 Credential=x", "400 IncompleteSignatureException"},
        {3, "Basic eDp5", "400 IncompleteSignatureException"},
    };
    struct aws_fixture f;

    (void)state;
    aws_open(&f, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(tampered(&f, cases[i].which, cases[i].value), cases[i].expected);
    aws_close(&f);
}

static void test_an_unsigned_request_is_taken_for_the_bucket_store(void **state)
{
    const struct http_header headers[] = {
        {STR("content-type"), STR("application/x-amz-json-1.1")},
        {STR("x-amz-target"), STR("AWSIdentityStore.ListUsers")},
    };
    const struct http_request req = {.method = HTTP_POST,
                                     .url = STR(ORIGIN "/"),
                                     .headers = headers,
                                     .n_headers = 2,
                                     .body = STR("{}")};
    struct aws_fixture f;

    (void)state;
    aws_open(&f, NULL);
    fixture_send(&f.base, &req);
    assert_int_equal(f.base.res.status, 200);
    assert_string_equal(header(&f.base, "content-type"), "application/xml");
    assert_true(str_starts(f.base.res.body, STR("<?xml")));
    aws_close(&f);
}

static void test_errors_have_the_form_of_their_service(void **state)
{
    static const struct {
        const char *operation, *rest, *expected;
    } cases[] = {
        {"ListUsers", ",\"MaxResults\":0", "400 ValidationException"},
        {"ListUsers", ",\"MaxResults\":101", "400 ValidationException"},
        {"ListUsers", ",\"MaxResults\":\"x\"", "400 ValidationException"},
        {"ListUsers", ",\"NextToken\":\"AAMAnonsense\"", "400 ValidationException"},
        {"ListUsers", ",\"NextToken\":null", "200"},
        {"DescribeUser", "", "400 ValidationException"},
        {"DescribeUser", ",\"UserId\":\"x\"", "400 ResourceNotFoundException USER"},
        {"DescribeGroup", ",\"GroupId\":\"x\"", "400 ResourceNotFoundException GROUP"},
        {"DeleteGroupMembership", ",\"MembershipId\":\"x\"",
         "400 ResourceNotFoundException GROUP_MEMBERSHIP"},
        {"GetUserId", ",\"AlternateIdentifier\":{}", "400 ValidationException"},
        {"GetUserId",
         ",\"AlternateIdentifier\":{\"UniqueAttribute\":{\"AttributePath\":\"nick\","
         "\"AttributeValue\":\"x\"}}",
         "400 ValidationException"},
        {"CreateUser", ",\"UserName\":\"x\"", "400 AccessDeniedException"},
        {"DeleteGroup", ",\"GroupId\":\"x\"", "400 AccessDeniedException"},
        {"Nonsense", "", "400 UnknownOperationException"},
    };
    struct aws_fixture f;

    (void)state;
    aws_open(&f, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        store_in(&f, cases[i].operation, cases[i].rest);
        if (strcmp(shown(&f, "nothing"), cases[i].expected) != 0)
            fail_msg("%s%s: %s", cases[i].operation, cases[i].rest, shown(&f, "nothing"));
    }
    store(&f, "ListUsers", "{\"IdentityStoreId\":\"d-0000000000\"}");
    assert_string_equal(shown(&f, ""), "400 ResourceNotFoundException IDENTITY_STORE");
    store(&f, "ListUsers", "[]");
    assert_string_equal(shown(&f, ""), "400 SerializationException");
    control(&f.base, HTTP_POST, "/_sim/aws/quirks", "{statuses: modelled}");
    store(&f, "ListUsers", "{\"IdentityStoreId\":\"d-0000000000\"}");
    assert_string_equal(shown(&f, ""), "404 ResourceNotFoundException IDENTITY_STORE");
    assert_non_null(strstr(f.base.res.body.ptr, "com.amazonaws.identitystore#Resource"));
    assert_string_equal(field(&f, "RequestId"), header(&f.base, "x-amzn-requestid"));
    aws_close(&f);
}

static void test_twenty_calls_a_second_and_no_more(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, "aws: {quirks: {tps: 20}}");
    sim_advance(f.base.sim, 400);
    for (int i = 0; i < 20; i++) {
        sso(&f, "ListInstances", "{}");
        assert_int_equal(f.base.res.status, 200);
    }
    sso(&f, "ListInstances", "{}");
    assert_string_equal(shown(&f, ""), "400 ThrottlingException");
    assert_string_equal(header(&f.base, "x-amz-retry-after"), "600");
    sim_advance(f.base.sim, 600);
    sso(&f, "ListInstances", "{}");
    assert_int_equal(f.base.res.status, 200);
    aws_close(&f);
}

static void test_keys_may_be_denied_switched_off_and_expire(void **state)
{
    static const struct {
        const char *yaml, *expected;
    } cases[] = {
        {"aws: {keys: [{deny: ['identitystore:List*']}]}", "400 AccessDeniedException"},
        {"aws: {keys: [{deny: ['sso:*']}]}", "200"},
        {"aws: {keys: [{off: true}]}", "400 UnrecognizedClientException"},
        {"aws: {keys: [{expires: 2026-05-04T09:00:00Z}]}", "400 ExpiredTokenException"},
        {"aws: {quirks: {kms: KMS_ACCESS_DENIED}}", "400 AccessDeniedException KMS_ACCESS_DENIED"},
        {"aws: {quirks: {kms: KMS_KEY_NOT_FOUND}}",
         "400 ResourceNotFoundException KMS_KEY_NOT_FOUND"},
        {"aws: {quirks: {kms: KMS_DISABLED}}", "400 ValidationException KMS_DISABLED"},
        {"aws: {quirks: {kms: KMS_THROTTLING}}", "400 ThrottlingException KMS_THROTTLING"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;

        aws_open(&f, cases[i].yaml);
        store_in(&f, "ListUsers", "");
        assert_string_equal(shown(&f, "nothing"), cases[i].expected);
        aws_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_signed_call_is_answered_and_named_in_the_history),
        cmocka_unit_test(test_the_door_says_what_is_wrong_with_a_signature),
        cmocka_unit_test(test_what_was_signed_must_be_what_came),
        cmocka_unit_test(test_an_unsigned_request_is_taken_for_the_bucket_store),
        cmocka_unit_test(test_errors_have_the_form_of_their_service),
        cmocka_unit_test(test_twenty_calls_a_second_and_no_more),
        cmocka_unit_test(test_keys_may_be_denied_switched_off_and_expire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

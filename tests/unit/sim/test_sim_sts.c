#include "aws/aws_call.h"
#include "unit/sim/sim_aws_fixture.h"

/* STS, instance metadata and the container endpoint: where temporary credentials come from. */

#define VERSION "&Version=2011-06-15"

static const char *tag(struct aws_fixture *f, const char *name)
{
    const char *before = arena_printf(&f->base.arena, "<%s>", name).ptr;

    return arena_cstr(&f->base.arena, between(f->base.res.body, before, "<"));
}

/* `200` or `403 AccessDenied`. */
static const char *sts(struct aws_fixture *f, const char *body)
{
    aws_send(f, "sts", NULL, body);
    return arena_printf(&f->base.arena, "%d%s%s", f->base.res.status, *tag(f, "Code") ? " " : "",
                        tag(f, "Code"))
        .ptr;
}

static const char *unsigned_sts(struct aws_fixture *f, const char *body)
{
    const struct http_header headers[] = {
        {STR("Content-Type"), STR("application/x-www-form-urlencoded")}};
    const struct http_request req = {.method = HTTP_POST,
                                     .url = STR(ORIGIN "/"),
                                     .headers = headers,
                                     .n_headers = 1,
                                     .body = str_of(body)};

    fixture_send(&f->base, &req);
    return arena_printf(&f->base.arena, "%d%s%s", f->base.res.status, *tag(f, "Code") ? " " : "",
                        tag(f, "Code"))
        .ptr;
}

/* Signs with what an answer gave from now on. */
static void take_session(struct aws_fixture *f)
{
    f->key = tag(f, "AccessKeyId");
    secret_set(&f->secret, str_of(tag(f, "SecretAccessKey")));
    secret_set(&f->token, str_of(tag(f, "SessionToken")));
}

static void test_who_am_i(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, "aws: {account: '999988887777'}");
    assert_string_equal(sts(&f, "Action=GetCallerIdentity" VERSION), "200");
    assert_string_equal(tag(&f, "Account"), "999988887777");
    assert_string_equal(tag(&f, "Arn"), "arn:aws:iam::999988887777:user/seatkeeper");
    assert_string_equal(tag(&f, "RequestId"), header(&f.base, "x-amzn-requestid"));
    assert_string_equal(unsigned_sts(&f, "Action=GetCallerIdentity" VERSION),
                        "403 MissingAuthenticationToken");
    assert_string_equal(sts(&f, "Action=GetCallerIdentity"), "400 InvalidAction");
    assert_string_equal(sts(&f, "Action=Nonsense" VERSION), "400 InvalidAction");
    f.ahead_ms = -400000;
    assert_string_equal(sts(&f, "Action=GetCallerIdentity" VERSION), "403 SignatureDoesNotMatch");
    f.ahead_ms = 0;
    f.key = "AKIDEXAMPLE";
    assert_string_equal(sts(&f, "Action=GetCallerIdentity" VERSION), "403 InvalidClientTokenId");
    aws_close(&f);
}

static const char *assume(struct aws_fixture *f, const char *rest)
{
    return sts(f, arena_printf(&f->base.arena, "Action=AssumeRole" VERSION "&RoleArn=%.*s%s",
                               STR_ARG(percent_encode(f->aws.role_arn, &f->base.arena)), rest)
                      .ptr);
}

static void test_a_role_is_assumed_by_who_may_and_as_long_as_it_may_be(void **state)
{
    static const struct {
        const char *rest, *expected;
    } cases[] = {
        {"&RoleSessionName=seatkeeper&ExternalId=x1", "200"},
        {"&RoleSessionName=seatkeeper&ExternalId=x1&DurationSeconds=900", "200"},
        {"&RoleSessionName=seatkeeper&ExternalId=x1&DurationSeconds=899", "400 ValidationError"},
        {"&RoleSessionName=seatkeeper&ExternalId=x1&DurationSeconds=7201", "400 ValidationError"},
        {"&RoleSessionName=s&ExternalId=x1", "400 ValidationError"},
        {"&RoleSessionName=a%20b&ExternalId=x1", "400 ValidationError"},
        {"&RoleSessionName=seatkeeper", "403 AccessDenied"},
        {"&RoleSessionName=seatkeeper&ExternalId=x2", "403 AccessDenied"},
    };
    struct aws_fixture f;

    (void)state;
    aws_open(&f, "aws: {roles: [{external_id: x1, max_session: 2h}]}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(assume(&f, cases[i].rest), cases[i].expected);
    assert_string_equal(sts(&f, "Action=AssumeRole" VERSION "&RoleSessionName=seatkeeper&RoleArn="
                                "arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fother"),
                        "403 AccessDenied");
    aws_close(&f);
}

static void test_temporary_credentials_sign_until_they_expire(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, NULL);
    assert_string_equal(assume(&f, "&RoleSessionName=run-1&DurationSeconds=900"), "200");
    assert_string_equal(tag(&f, "Expiration"), "2026-05-04T09:27:40.000Z");
    take_session(&f);
    assert_string_equal(sts(&f, "Action=GetCallerIdentity" VERSION), "200");
    assert_string_equal(tag(&f, "Arn"), "arn:aws:sts::111122223333:assumed-role/seatkeeper/run-1");
    store_in(&f, "ListGroups", "");
    assert_string_equal(shown(&f, ""), "200");
    sim_advance(f.base.sim, 899999);
    store_in(&f, "ListGroups", "");
    assert_string_equal(shown(&f, ""), "200");
    sim_advance(f.base.sim, 1);
    store_in(&f, "ListGroups", "");
    assert_string_equal(shown(&f, ""), "400 ExpiredTokenException");
    assert_string_equal(sts(&f, "Action=GetCallerIdentity" VERSION), "403 ExpiredToken");
    aws_close(&f);
}

static void test_a_session_without_its_token_is_nobody(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, NULL);
    assert_string_equal(assume(&f, "&RoleSessionName=run-1"), "200");
    take_session(&f);
    secret_fini(&f.token);
    store_in(&f, "ListGroups", "");
    assert_string_equal(shown(&f, ""), "400 UnrecognizedClientException");
    aws_close(&f);
}

static void test_a_web_identity_is_traded_without_a_signature(void **state)
{
    struct aws_fixture f;
    const char *form;
    const char *good;

    (void)state;
    aws_open(&f, "aws: {roles: [{web_token: 'a+b/c=d', web_expires: 2026-05-04T10:00:00Z}]}");
    form = arena_printf(&f.base.arena,
                        "Action=AssumeRoleWithWebIdentity" VERSION
                        "&RoleSessionName=pod&RoleArn=%.*s&WebIdentityToken=",
                        STR_ARG(percent_encode(f.aws.role_arn, &f.base.arena)))
               .ptr;
    good = arena_printf(&f.base.arena, "%sa%%2Bb%%2Fc%%3Dd", form).ptr;
    assert_string_equal(unsigned_sts(&f, good), "200");
    take_session(&f);
    store_in(&f, "ListGroups", "");
    assert_string_equal(shown(&f, ""), "200");
    assert_string_equal(unsigned_sts(&f, arena_printf(&f.base.arena, "%sa+b/c=d", form).ptr),
                        "400 InvalidIdentityToken");
    assert_string_equal(unsigned_sts(&f, form), "400 ValidationError");
    sim_advance(f.base.sim, 3600000);
    assert_string_equal(unsigned_sts(&f, good), "400 ExpiredTokenException");
    aws_close(&f);
}

/* ---- metadata ---- */

static const char *metadata(struct aws_fixture *f, enum http_method method, const char *path,
                            const char *name, const char *value)
{
    const struct http_header headers[] = {{str_of(name), str_of(value)}};
    const struct http_request req = {.method = method,
                                     .url = fixture_url(&f->base, path),
                                     .headers = headers,
                                     .n_headers = *name ? 1 : 0};

    fixture_send(&f->base, &req);
    return arena_printf(&f->base.arena, "%d %.*s", f->base.res.status, STR_ARG(f->base.res.body))
        .ptr;
}

#define TTL   "X-aws-ec2-metadata-token-ttl-seconds"
#define TOKEN "X-aws-ec2-metadata-token"
#define ROLES "/latest/meta-data/iam/security-credentials/"

static void test_instance_metadata_speaks_version_two_only(void **state)
{
    struct aws_fixture f;
    const char *token;

    (void)state;
    aws_open(&f, NULL);
    assert_string_equal(metadata(&f, HTTP_GET, ROLES, "", ""), "401 Unauthorized");
    assert_string_equal(metadata(&f, HTTP_PUT, "/latest/api/token", TTL, "21601"),
                        "400 Bad Request");
    assert_string_equal(metadata(&f, HTTP_PUT, "/latest/api/token", "", ""), "400 Bad Request");
    token = metadata(&f, HTTP_PUT, "/latest/api/token", TTL, "60") + 4;
    assert_string_equal(metadata(&f, HTTP_GET, ROLES, TOKEN, token), "200 seatkeeper");
    assert_string_equal(metadata(&f, HTTP_GET, ROLES "other", TOKEN, token), "404 Not Found");
    metadata(&f, HTTP_GET, ROLES "seatkeeper", TOKEN, token);
    assert_string_equal(field(&f, "Code"), "Success");
    assert_string_equal(field(&f, "Expiration"), "2026-05-04T10:12:40Z");
    f.key = field(&f, "AccessKeyId");
    secret_set(&f.token, str_of(field(&f, "Token")));
    secret_set(&f.secret, str_of(field(&f, "SecretAccessKey")));
    store_in(&f, "ListGroups", "");
    assert_string_equal(shown(&f, ""), "200");
    assert_string_equal(metadata(&f, HTTP_GET, ROLES, TOKEN, "AQAEA-ffffffffffff-000000000000=="),
                        "401 Unauthorized");
    sim_advance(f.base.sim, 60000);
    assert_string_equal(metadata(&f, HTTP_GET, ROLES, TOKEN, token), "401 Unauthorized");
    control(&f.base, HTTP_POST, "/_sim/aws/quirks", "{metadata: false}");
    assert_string_equal(metadata(&f, HTTP_PUT, "/latest/api/token", TTL, "60"), "403 Forbidden");
    aws_close(&f);
}

static void test_containers_get_credentials_for_their_token(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, "aws: {container_token: tok-1}");
    metadata(&f, HTTP_GET, "/v2/credentials/task", "Authorization", "tok-2");
    assert_int_equal(f.base.res.status, 403);
    metadata(&f, HTTP_GET, "/v2/credentials/task", "Authorization", "tok-1");
    assert_string_equal(field(&f, "Expiration"), "2026-05-04T10:12:40Z");
    f.key = field(&f, "AccessKeyId");
    secret_set(&f.token, str_of(field(&f, "Token")));
    secret_set(&f.secret, str_of(field(&f, "SecretAccessKey")));
    store_in(&f, "ListGroups", "");
    assert_string_equal(shown(&f, ""), "200");
    aws_close(&f);
}

/* ---- the program's own client ---- */

static const char *no_env(void *self, const char *name)
{
    struct aws_fixture *f = self;

    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
        return arena_cstr(&f->base.arena, f->aws.access_key);
    return strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0
               ? arena_cstr(&f->base.arena, f->aws.secret_key)
               : NULL;
}

static void test_the_programs_client_finds_its_way_with_an_assumed_role(void **state)
{
    struct aws_fixture f;
    struct err err = {0};

    (void)state;
    aws_open(&f, NULL);

    struct clock clock = sim_clock(f.base.sim);
    struct http_options plain = {.remote = "aws", .max_tries = 1};
    struct http *http = http_new(&plain, f.base.net, &clock);
    struct aws_creds_options chain = {
        .role_arn = f.aws.role_arn,
        .region = f.aws.region,
        .sts_url = STR(ORIGIN),
        .env = {.self = &f, .get = no_env},
        .http = http,
        .metadata = http,
        .clock = &clock,
    };
    struct aws_creds *creds = aws_creds_new(&chain);
    struct aws_options options = {.region = f.aws.region};
    options.endpoints[AWS_STS] = options.endpoints[AWS_SSO] = STR(ORIGIN);

    struct aws *aws = aws_new(&options, http, creds, &clock);
    struct aws_caller caller = {0};
    if (!aws_read_caller(aws, &f.base.arena, &caller, &err))
        fail_msg("%s", err.msg);
    assert_true(str_eq(caller.account, f.aws.account));
    assert_true(str_starts(caller.arn, STR("arn:aws:sts::111122223333:assumed-role/seatkeeper/")));

    struct aws_call call = {.service = AWS_SSO, .operation = "ListInstances"};
    struct aws_answer answer = {0};
    assert_true(aws_exchange(aws, &call, &answer, 1, &f.base.arena, &err));
    assert_int_equal(answer.outcome, AWS_OK);
    aws_free(aws);
    aws_creds_free(creds);
    http_free(http);
    aws_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_am_i),
        cmocka_unit_test(test_a_role_is_assumed_by_who_may_and_as_long_as_it_may_be),
        cmocka_unit_test(test_temporary_credentials_sign_until_they_expire),
        cmocka_unit_test(test_a_session_without_its_token_is_nobody),
        cmocka_unit_test(test_a_web_identity_is_traded_without_a_signature),
        cmocka_unit_test(test_instance_metadata_speaks_version_two_only),
        cmocka_unit_test(test_containers_get_credentials_for_their_token),
        cmocka_unit_test(test_the_programs_client_finds_its_way_with_an_assumed_role),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

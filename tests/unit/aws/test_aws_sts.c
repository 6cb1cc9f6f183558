#include "aws/aws_sts.h"
#include "unit/aws/aws_rig.h"

static struct rng rng;

static struct aws_sts sts_of(struct rig *rig)
{
    rng = rng_seed(1);
    return (struct aws_sts){.http = rig->http,
                            .clock = &rig->clock,
                            .rng = &rng,
                            .url = STR("https://sts." REGION ".amazonaws.com"),
                            .region = STR(REGION)};
}

static const char *show(struct rig *rig, const struct aws_set *set, bool ok)
{
    if (!ok) {
        assert_null(strstr(rig->err.msg, HUSH));
        return arena_printf(&rig->arena, "%s: %s", err_kind_name(rig->err.kind), rig->err.msg).ptr;
    }
    return arena_printf(&rig->arena, "%s %lld", set->access_key,
                        (long long)(set->expires - FAKE_CLOCK_START))
        .ptr;
}

static const char *assume(struct rig *rig, struct aws_sts *sts)
{
    const struct aws_role role = {.arn = STR(ROLE_ARN)};
    CLEANUP(aws_set_fini) struct aws_set source = {0};
    CLEANUP(aws_set_fini) struct aws_set set = {0};

    rig->err = (struct err){0};
    assert_true(aws_set_take(&source, STR("AKIDSRC"), STR(HUSH "S"), STR(HUSH "T"), ERR_SETTINGS,
                             &rig->err));
    bool ok = aws_sts_assume(sts, &role, &source, &rig->arena, &set, &rig->err);
    return show(rig, &set, ok);
}

static void test_what_sts_answers_and_what_comes_of_it(void **state)
{
    static const struct {
        struct fake_answer answers[3];
        size_t n;
        const char *shown;
    } cases[] = {
        {{{.body = ROLE_XML("AKIDR", IN_1H)}}, 1, "AKIDR 3600000"},
        {{{.body = ROLE_XML("AKIDR", "2026-05-04T10:12:40.250Z")}}, 1, "AKIDR 3600250"},
        {{{.status = 400, .body = ERROR_XML("Throttling")}, {.body = ROLE_XML("AKIDR", IN_1H)}},
         2,
         "AKIDR 3600000"},
        {{{.status = 400, .body = ERROR_XML("IDPCommunicationError")},
          {.outcome = HTTP_LOST},
          {.body = ROLE_XML("AKIDR", IN_1H)}},
         3,
         "AKIDR 3600000"},
        {{{.status = 500, .times = 3}},
         1,
         "unavailable: sts AssumeRole: 500 without an error code"},
        {{{.status = 403, .body = ERROR_XML("AccessDenied")}},
         1,
         "refused: sts AssumeRole: 403 AccessDenied: as told (request r-1)"},
        {{{.status = 403, .body = ERROR_XML("RegionDisabledException")}},
         1,
         "refused: sts AssumeRole: 403 RegionDisabledException: as told; the region is not enabled "
         "for this account (request r-1)"},
        {{{.status = 400, .body = ERROR_XML("ExpiredTokenException")}},
         1,
         "refused: sts AssumeRole: 400 ExpiredTokenException (request r-1)"},
        {{{.outcome = HTTP_LOST, .kind = ERR_REMOTE}},
         1,
         "remote: sts AssumeRole: the connection ended without an answer"},
        {{{.body = "{\"AccessKeyId\":\"" HUSH "\"}"}},
         1,
         "remote: sts AssumeRole: not the XML that was expected: no element at byte 0"},
        {{{.body = "<html><body>" HUSH "</body></html>"}},
         1,
         "remote: sts AssumeRole: there is no AccessKeyId in the answer"},
        {{{.body = WEB_XML("AKIDR", IN_1H)}},
         1,
         "remote: sts AssumeRole: there is no AccessKeyId in the answer"},
        {{{.body = KEYS_XML("AssumeRole", "AKIDR", "", "t", IN_1H)}},
         1,
         "remote: sts AssumeRole: there is no SecretAccessKey in the answer"},
        {{{.body = KEYS_XML("AssumeRole", "AKIDR", HUSH, "", IN_1H)}},
         1,
         "remote: sts AssumeRole: there is no SessionToken in the answer"},
        {{{.body = KEYS_XML("AssumeRole", "AKIDR", HUSH, HUSH, "")}},
         1,
         "remote: sts AssumeRole: there is no Expiration in the answer"},
        {{{.body = KEYS_XML("AssumeRole", "AKIDR", HUSH, HUSH, "soon")}},
         1,
         "remote: sts AssumeRole: its Expiration is no time"},
        {{{.body = KEYS_XML("AssumeRole", "AKIDR", HUSH, HUSH "&#10;X: y", IN_1H)}},
         1,
         "remote: sts AssumeRole: the session token is none (visible characters)"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;
        rig_open(&rig);
        rig_script_of(&rig.fake, cases[i].answers, cases[i].n);
        struct aws_sts sts = sts_of(&rig);
        assert_string_equal(assume(&rig, &sts), cases[i].shown);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

static void test_the_call_is_signed_with_the_source(void **state)
{
    static const struct fake_answer script[] = {{.body = ROLE_XML("AKIDR", IN_1H)}};
    struct rig rig;

    (void)state;
    rig_open(&rig);
    RIG_SCRIPT(&rig.fake, script);
    struct aws_sts sts = sts_of(&rig);
    (void)assume(&rig, &sts);
    const struct fake_request *sent = &rig.fake.requests[0];
    assert_non_null(strstr(arena_cstr(&rig.arena, fake_request_header(sent, "Authorization")),
                           "Credential=AKIDSRC/20260504/" REGION "/sts/aws4_request, "
                           "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "));
    assert_true(str_is(fake_request_header(sent, "X-Amz-Security-Token"), HUSH "T"));
    assert_true(
        str_is(fake_request_header(sent, "Content-Type"), "application/x-www-form-urlencoded"));
    assert_true(str_is(sent->body, "Action=AssumeRole&Version=2011-06-15"
                                   "&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fctl"
                                   "&RoleSessionName=seatkeeper&DurationSeconds=3600"));
    rig_close(&rig);
}

static void test_a_clock_that_is_off_is_allowed_for_and_remembered(void **state)
{
    static const struct fake_answer script[] = {
        {.status = 403,
         .headers = "Date: Mon, 04 May 2026 10:12:40 GMT\n",
         .body = ERROR_XML("SignatureDoesNotMatch")},
        {.header = "X-Amz-Date: 20260504T101240Z", .body = ROLE_XML("AKIDR", IN_1H)}};
    struct rig rig;

    (void)state;
    rig_open(&rig);
    RIG_SCRIPT(&rig.fake, script);
    struct aws_sts sts = sts_of(&rig);
    assert_string_equal(assume(&rig, &sts), "AKIDR 3600000");
    assert_int_equal(sts.ahead_ms, TIME_HOUR);
    rig_close(&rig);
}

static void test_a_token_that_cannot_be_one_is_not_sent(void **state)
{
    const struct aws_role role = {.arn = STR(ROLE_ARN)};
    struct aws_set set = {0};
    struct rig rig;

    (void)state;
    rig_open(&rig);
    struct aws_sts sts = sts_of(&rig);
    char *text = arena_alloc(&rig.arena, 20001, 1);
    memset(text, 'x', 20001);
    assert_false(
        aws_sts_assume_web(&sts, &role, (struct str){text, 20001}, &rig.arena, &set, &rig.err));
    assert_string_equal(rig.err.msg, "a web identity token has 4 to 20000 characters");
    assert_false(aws_sts_assume_web(&sts, &role, STR("abc"), &rig.arena, &set, &rig.err));
    assert_int_equal(rig.fake.n_requests, 0);
    rig_close(&rig);
}

static void test_roles_are_checked_before_they_are_asked_for(void **state)
{
    static const struct {
        struct aws_role role;
        bool ok;
    } cases[] = {
        {{.arn = STR(ROLE_ARN)}, true},
        {{.arn = STR("arn:aws-us-gov:iam::111122223333:role/path/x")}, true},
        {{.arn = STR(ROLE_ARN), .session = STR("a=b,c.d@e-f_g+h")}, true},
        {{.arn = STR(ROLE_ARN), .life_s = 900}, true},
        {{.arn = STR(ROLE_ARN), .life_s = 43200}, true},
        {{.arn = STR("")}, false},
        {{.arn = STR("arn:aws:iam::111122223333:user/x")}, false},
        {{.arn = STR("arn:aws:iam::111122223333:role/x y")}, false},
        {{.arn = STR(ROLE_ARN), .session = STR("a")}, false},
        {{.arn = STR(ROLE_ARN), .session = STR("a b")}, false},
        {{.arn = STR(ROLE_ARN), .external_id = STR("x")}, false},
        {{.arn = STR(ROLE_ARN), .life_s = 899}, false},
        {{.arn = STR(ROLE_ARN), .life_s = 43201}, false},
        {{.arn = STR(ROLE_ARN), .life_s = -1}, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {0};
        assert_int_equal(aws_role_check(&cases[i].role, &err), cases[i].ok);
        assert_int_equal(err.kind, cases[i].ok ? ERR_NONE : ERR_SETTINGS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_sts_answers_and_what_comes_of_it),
        cmocka_unit_test(test_the_call_is_signed_with_the_source),
        cmocka_unit_test(test_a_clock_that_is_off_is_allowed_for_and_remembered),
        cmocka_unit_test(test_a_token_that_cannot_be_one_is_not_sent),
        cmocka_unit_test(test_roles_are_checked_before_they_are_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

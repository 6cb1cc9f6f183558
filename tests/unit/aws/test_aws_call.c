#include "aws/aws_retry.h"
#include "unit/aws/aws_rig.h"

#define AT_STORE "https://identitystore.eu-central-1.amazonaws.com/"

/* The rig with keys from the environment and a handle over the script. */
static void open_with(struct rig *rig, const struct fake_answer *script, size_t n,
                      unsigned per_second)
{
    struct aws_options options = {.region = STR(REGION),
                                  .kiro_region = STR("us-east-1"),
                                  .per_second = per_second,
                                  .seed = 1};

    rig_open(rig);
    rig_script_of(&rig->fake, script, n);
    rig_setenv(rig, "AWS_ACCESS_KEY_ID", "AKIDENV");
    rig_setenv(rig, "AWS_SECRET_ACCESS_KEY", HUSH "E");
    rig_setenv(rig, "AWS_SESSION_TOKEN", HUSH "T");
    rig->creds = aws_creds_new(&rig->options);
    rig->aws = aws_new(&options, rig->http, rig->creds, &rig->clock);
}
#define OPEN(rig, script) open_with((rig), (script), ARRAY_LEN(script), 0)

static const char *show(struct rig *rig, const struct aws_answer *a)
{
    static const char *const names[] = {"ok", "fault", "not sent", "lost"};

    if (a->outcome == AWS_OK)
        return arena_printf(&rig->arena, "ok x%u %.*s", a->attempts, STR_ARG(a->body)).ptr;
    assert_null(strstr(arena_cstr(&rig->arena, a->why), HUSH));
    return arena_printf(&rig->arena, "%s x%u %s%s %.*s", names[a->outcome], a->attempts,
                        err_kind_name(a->kind), a->no_effect ? " no-effect" : "", STR_ARG(a->why))
        .ptr;
}

static const char *exchange_one(struct rig *rig, const struct aws_call *call)
{
    struct aws_answer answer;

    rig->err = (struct err){0};
    if (!aws_exchange(rig->aws, call, &answer, 1, &rig->arena, &rig->err))
        return arena_printf(&rig->arena, "%s: %s", err_kind_name(rig->err.kind), rig->err.msg).ptr;
    return show(rig, &answer);
}

static const struct aws_call list = {.service = AWS_IDENTITYSTORE, .operation = "ListUsers"};
static const struct aws_call create = {.service = AWS_IDENTITYSTORE,
                                       .operation = "CreateGroupMembership",
                                       .body = STR("{\"GroupId\":\"g\"}"),
                                       .is_write = true};

/* ---- requests ---- */

static void test_a_call_is_a_signed_post_of_its_protocol(void **state)
{
    static const struct {
        enum aws_service service;
        const char *url, *target, *type, *scope;
    } cases[] = {
        {AWS_IDENTITYSTORE, AT_STORE, "AWSIdentityStore.Op", "application/x-amz-json-1.1",
         "/eu-central-1/identitystore/aws4_request"},
        {AWS_SSO, "https://sso.eu-central-1.amazonaws.com/", "SWBExternalService.Op",
         "application/x-amz-json-1.1", "/eu-central-1/sso/aws4_request"},
        {AWS_SUBSCRIPTIONS, "https://service.user-subscriptions.eu-central-1.amazonaws.com/",
         "AWSZornControlPlaneService.Op", "application/x-amz-json-1.0",
         "/eu-central-1/user-subscriptions/aws4_request"},
        {AWS_Q, "https://codewhisperer.us-east-1.amazonaws.com/", "AmazonQDeveloperService.Op",
         "application/x-amz-json-1.0", "/us-east-1/q/aws4_request"},
        {AWS_CODEWHISPERER, "https://codewhisperer.us-east-1.amazonaws.com/",
         "AWSCodeWhispererService.Op", "application/x-amz-json-1.0",
         "/us-east-1/codewhisperer/aws4_request"},
    };
    static const struct fake_answer script[] = {{.body = "{}", .times = FAKE_ALWAYS}};
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct aws_call call = {.service = cases[i].service, .operation = "Op"};
        assert_string_equal(exchange_one(&rig, &call), "ok x1 {}");
        const struct fake_request *sent = &rig.fake.requests[i];
        struct str authorization = fake_request_header(sent, "Authorization");

        assert_int_equal(sent->method, HTTP_POST);
        assert_true(str_is(sent->url, cases[i].url));
        assert_true(str_is(sent->body, "{}"));
        assert_true(str_is(fake_request_header(sent, "X-Amz-Target"), cases[i].target));
        assert_true(str_is(fake_request_header(sent, "Content-Type"), cases[i].type));
        assert_true(str_is(fake_request_header(sent, "X-Amz-Date"), "20260504T091240Z"));
        assert_true(str_is(fake_request_header(sent, "X-Amz-Security-Token"), HUSH "T"));
        assert_non_null(strstr(arena_cstr(&rig.arena, authorization), cases[i].scope));
        assert_non_null(strstr(arena_cstr(&rig.arena, authorization),
                               "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;"
                               "x-amz-target"));
        assert_int_equal(sent->n_headers, 5);
    }
    rig_close(&rig);
}

/* ---- answers ---- */

static void test_only_a_whole_object_with_a_200_is_a_success(void **state)
{
    static const struct {
        int status;
        const char *body;
        bool may_be_empty;
        const char *shown;
    } cases[] = {
        {200, "{\"Users\":[]}", false, "ok x1 {\"Users\":[]}"},
        {200, " {}\n", false, "ok x1  {}\n"},
        {200, "", true, "ok x1 "},
        {200, "", false, "lost x1 remote 200 without a body"},
        {200, "<html>hello</html>", false,
         "lost x1 remote 200 with something else than this service's answer"},
        {200, "<?xml version=\"1.0\"?><ListAllMyBucketsResult/>", true,
         "lost x1 remote 200 with something else than this service's answer"},
        {200, "[]", false, "lost x1 remote 200 with something else than this service's answer"},
        {200, "{\"Users\":[", false,
         "lost x1 remote 200 with something else than this service's answer"},
        {200, "{}{}", false, "lost x1 remote 200 with something else than this service's answer"},
        {200, "null", false, "lost x1 remote 200 with something else than this service's answer"},
        {204, "", true, "lost x1 remote 204 without an error code"},
        {302, "", false, "lost x1 remote 302 without an error code"},
        {403, "<html>proxy</html>", false, "fault x1 refused 403 without an error code"},
        {501, "nope", false, "lost x1 unavailable 501 without an error code"},
        {400, "{\"__type\":\"x#ValidationException\",\"Message\":\"bad\"}", false,
         "fault x1 refused no-effect 400 ValidationException: bad"},
        {409, "{\"__type\":\"ConflictException\",\"Message\":\"there\"}", false,
         "fault x1 remote 409 ConflictException: there"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct fake_answer script[] = {
            {.status = cases[i].status, .body = cases[i].body, .headers = "X-Up: 1\n"}};
        struct rig rig;
        struct aws_call call = create;

        call.may_be_empty = cases[i].may_be_empty;
        OPEN(&rig, script);
        assert_string_equal(exchange_one(&rig, &call), cases[i].shown);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

static void test_an_answer_tells_all_that_the_service_said(void **state)
{
    static const struct fake_answer script[] = {
        {.status = 404,
         .headers = "x-amzn-RequestId: req-7\n",
         .body = "{\"__type\":\"ResourceNotFoundException\",\"Message\":\"no user\","
                 "\"ResourceType\":\"USER\",\"Reason\":\"\"}"},
        {.status = 404,
         .body = "{\"__type\":\"ResourceNotFoundException\",\"Reason\":\"KMS_KEY_NOT_FOUND\"}"},
        {.headers = "X-Amzn-Requestid: req-8\n", .body = "{}"},
    };
    struct rig rig;
    struct aws_answer answer;
    struct err err = {0};

    (void)state;
    OPEN(&rig, script);
    assert_true(aws_exchange(rig.aws, &list, &answer, 1, &rig.arena, &rig.err));
    assert_true(aws_is(&answer, "ResourceNotFoundException"));
    assert_true(aws_is_absent(&answer));
    assert_true(str_is(answer.resource_type, "USER"));
    assert_true(str_is(answer.message, "no user"));
    assert_true(str_is(answer.request_id, "req-7"));
    assert_false(aws_answer_err(&list, &answer, &err));
    assert_int_equal(err.kind, ERR_REMOTE);
    assert_string_equal(err.msg, "aws: identitystore ListUsers: 404 ResourceNotFoundException: "
                                 "no user (request req-7)");

    /* Not about a user at all, but about a key that may not be used. */
    assert_true(aws_exchange(rig.aws, &list, &answer, 1, &rig.arena, &rig.err));
    assert_true(aws_is(&answer, "ResourceNotFoundException"));
    assert_false(aws_is_absent(&answer));

    assert_true(aws_exchange(rig.aws, &list, &answer, 1, &rig.arena, &rig.err));
    assert_true(str_is(answer.request_id, "req-8"));
    assert_false(aws_answer_err(&list, &answer, &err));
    assert_string_equal(err.msg, "aws: identitystore ListUsers: an answer that makes no sense");
    rig_close(&rig);
}

/* ---- retries ---- */

#define SLOW                                                          \
    {                                                                 \
        .status = 400, .body = "{\"__type\":\"ThrottlingException\"}" \
    }
#define BROKEN                                                            \
    {                                                                     \
        .status = 500, .body = "{\"__type\":\"InternalServerException\"}" \
    }
#define DROPPED                               \
    {                                         \
        .outcome = HTTP_LOST, .dropped = true \
    }
#define UNSENT                   \
    {                            \
        .outcome = HTTP_NOT_SENT \
    }
#define FINE                 \
    {                        \
        .body = "{\"ok\":1}" \
    }

static void test_what_is_sent_again_and_what_comes_of_it(void **state)
{
    static const struct {
        bool is_write;
        struct fake_answer script[4];
        size_t n;
        const char *shown;
    } cases[] = {
        {false, {SLOW, FINE}, 2, "ok x2 {\"ok\":1}"},
        {false, {SLOW, SLOW, FINE}, 3, "ok x3 {\"ok\":1}"},
        {false, {SLOW, SLOW, SLOW}, 3, "fault x3 unavailable no-effect 400 ThrottlingException"},
        {false, {{.status = 429}, FINE}, 2, "ok x2 {\"ok\":1}"},
        {false, {BROKEN, DROPPED, FINE}, 3, "ok x3 {\"ok\":1}"},
        {false, {{.status = 503, .body = "<html/>"}, FINE}, 2, "ok x2 {\"ok\":1}"},
        {false,
         {UNSENT, UNSENT, UNSENT},
         3,
         "not sent x3 unavailable no-effect connection refused"},
        {true, {SLOW, FINE}, 2, "ok x2 {\"ok\":1}"},
        {true, {UNSENT, FINE}, 2, "ok x2 {\"ok\":1}"},
        {true, {{.status = 429}, UNSENT, FINE}, 3, "ok x3 {\"ok\":1}"},
        {true, {DROPPED}, 1, "lost x1 unavailable the connection ended without an answer"},
        {true, {BROKEN}, 1, "fault x1 unavailable 500 InternalServerException"},
        {true, {{.status = 504}}, 1, "lost x1 unavailable 504 without an error code"},
        {true, {SLOW, DROPPED}, 2, "lost x2 unavailable the connection ended without an answer"},
        {true, {SLOW, BROKEN}, 2, "fault x2 unavailable 500 InternalServerException"},
        {false,
         {{.status = 400, .body = "{\"__type\":\"ValidationException\"}"}},
         1,
         "fault x1 refused no-effect 400 ValidationException"},
        {false,
         {{.outcome = HTTP_LOST, .kind = ERR_REMOTE}},
         1,
         "lost x1 remote the connection ended without an answer"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;
        open_with(&rig, cases[i].script, cases[i].n, 0);
        assert_string_equal(exchange_one(&rig, cases[i].is_write ? &create : &list),
                            cases[i].shown);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

static void test_the_server_says_how_long_to_wait(void **state)
{
    static const struct fake_answer script[] = {
        {.status = 400,
         .headers = "x-amz-retry-after: 4200\n",
         .body = "{\"__type\":\"ThrottlingException\"}"},
        FINE,
    };
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    assert_string_equal(exchange_one(&rig, &list), "ok x2 {\"ok\":1}");
    assert_int_equal(rig.time.slept, 4200);
    rig_close(&rig);
}

/* 35 retries at 14, and what is left pays for two at 5. */
static void test_an_empty_bucket_makes_calls_fail_at_once(void **state)
{
    static const struct fake_answer script[] = {{.status = 500, .times = FAKE_ALWAYS}};
    struct rig rig;
    unsigned sent = 0;

    (void)state;
    OPEN(&rig, script);
    for (unsigned i = 0; i < 100; i++)
        (void)exchange_one(&rig, &list);
    sent = (unsigned)rig.fake.n_requests;
    assert_int_equal(sent, 100 + AWS_BUCKET_FULL / 14);
    rig_close(&rig);
}

static void test_waiting_for_one_does_not_hold_up_the_others(void **state)
{
    static const struct fake_answer script[] = {
        {.body_has = "slow",
         .status = 400,
         .headers = "x-amz-retry-after: 3000\n",
         .body = "{\"__type\":\"ThrottlingException\"}"},
        {.body_has = "slow", .body = "{\"late\":1}"},
        {.body_has = "quick", .body = "{\"soon\":1}"},
    };
    const struct aws_call calls[] = {
        {.service = AWS_SSO, .operation = "A", .body = STR("{\"a\":\"slow\"}")},
        {.service = AWS_SSO, .operation = "B", .body = STR("{\"a\":\"quick\"}")},
    };
    struct aws_answer out[2];
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    assert_true(aws_exchange(rig.aws, calls, out, 2, &rig.arena, &rig.err));
    /* The body that came first is still there. */
    assert_string_equal(show(&rig, &out[0]), "ok x2 {\"late\":1}");
    assert_string_equal(show(&rig, &out[1]), "ok x1 {\"soon\":1}");
    assert_int_equal(rig.fake.largest_send, 2);
    rig_close(&rig);
}

/* More than go side by side in one round. */
static void test_a_long_batch_comes_back_whole_and_in_order(void **state)
{
    enum { N = 150 };
    struct fake_answer script[N];
    struct aws_call calls[N];
    struct aws_answer out[N];
    struct rig rig;

    struct arena texts;

    (void)state;
    arena_init(&texts, (size_t)1 << 20);
    for (int i = 0; i < N; i++) {
        const char *body = arena_printf(&texts, "{\"n\":%d}", i).ptr;
        script[i] = (struct fake_answer){.body_has = body, .body = body};
        calls[i] = list;
        calls[i].body = str_of(body);
    }
    OPEN(&rig, script);
    assert_true(aws_exchange(rig.aws, calls, out, N, &rig.arena, &rig.err));
    for (int i = 0; i < N; i++)
        assert_true(out[i].outcome == AWS_OK && str_eq(out[i].body, calls[i].body));
    assert_int_equal(rig.fake.largest_send, 16);
    assert_int_equal(rig.time.slept, 0);
    rig_close(&rig);
    arena_fini(&texts);
}

static void test_calls_keep_to_the_pace(void **state)
{
    enum { N = 23 };
    static const struct fake_answer script[] = {{.body = "{}", .times = FAKE_ALWAYS}};
    struct aws_call calls[N];
    struct aws_answer out[N];
    struct rig rig;

    (void)state;
    open_with(&rig, script, 1, 5);
    for (size_t i = 0; i < N; i++)
        calls[i] = list;
    assert_true(aws_exchange(rig.aws, calls, out, N, &rig.arena, &rig.err));
    for (size_t i = 5; i < N; i++)
        assert_true(rig.fake.requests[i].at - rig.fake.requests[i - 5].at >= TIME_SECOND);
    assert_int_equal(rig.time.slept, 4 * TIME_SECOND);
    rig_close(&rig);
}

static void test_cancellation_ends_a_wait_at_once(void **state)
{
    static const struct fake_answer script[] = {SLOW, FINE};
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    rig.time.cancel_at = 1;
    assert_string_equal(exchange_one(&rig, &list), "cancelled: cancelled");
    assert_int_equal(rig.fake.n_requests, 1);
    rig_close(&rig);
}

/* ---- the clock ---- */

#define SKEWED(date)                                                                  \
    {                                                                                 \
        .status = 403, .headers = "Date: " date "\n",                                 \
        .body = "{\"__type\":\"InvalidSignatureException\",\"message\":\"" HUSH "\"}" \
    }

static void test_a_clock_that_is_off_is_allowed_for_once(void **state)
{
    static const struct fake_answer script[] = {
        SKEWED("Mon, 04 May 2026 09:22:40 GMT"),
        {.headers = "Date: Mon, 04 May 2026 09:22:40 GMT\n", .body = "{}", .times = 2},
    };
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    /* A write, too: what was refused had no effect. */
    assert_string_equal(exchange_one(&rig, &create), "ok x2 {}");
    assert_int_equal(aws_skew_ms(rig.aws), 10 * TIME_MINUTE);
    assert_true(
        str_is(fake_request_header(&rig.fake.requests[0], "X-Amz-Date"), "20260504T091240Z"));
    assert_true(
        str_is(fake_request_header(&rig.fake.requests[1], "X-Amz-Date"), "20260504T092240Z"));
    /* It is remembered. */
    assert_string_equal(exchange_one(&rig, &create), "ok x1 {}");
    assert_true(
        str_is(fake_request_header(&rig.fake.requests[2], "X-Amz-Date"), "20260504T092240Z"));
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_a_signature_that_stays_wrong_is_not_tried_for_ever(void **state)
{
    static const struct fake_answer far[] = {SKEWED("Mon, 04 May 2026 09:22:40 GMT"),
                                             SKEWED("Mon, 04 May 2026 09:42:40 GMT")};
    static const struct fake_answer near[] = {SKEWED("Mon, 04 May 2026 09:15:40 GMT")};
    static const struct fake_answer aged[] = {
        {.status = 403,
         .headers = "Date: Mon, 04 May 2026 08:00:00 GMT\nAge: 4000\n",
         .body = "{\"__type\":\"InvalidSignatureException\"}"}};
    struct rig rig;

    (void)state;
    OPEN(&rig, far);
    assert_string_equal(exchange_one(&rig, &list),
                        "fault x2 refused no-effect 403 InvalidSignatureException; this host's "
                        "clock is 1800 seconds slow");
    rig_close(&rig);

    OPEN(&rig, near);
    assert_string_equal(exchange_one(&rig, &list),
                        "fault x1 refused no-effect 403 InvalidSignatureException; this host's "
                        "clock is 180 seconds slow");
    rig_close(&rig);

    /* A Date that a cache kept says nothing about now. */
    OPEN(&rig, aged);
    assert_string_equal(exchange_one(&rig, &list),
                        "fault x1 refused no-effect 403 InvalidSignatureException");
    assert_int_equal(aws_skew_ms(rig.aws), 0);
    rig_close(&rig);
}

/* ---- credentials ---- */

#define EXPIRED                                                         \
    {                                                                   \
        .status = 400, .body = "{\"__type\":\"ExpiredTokenException\"}" \
    }

static void test_credentials_that_ran_out_are_fetched_anew_once(void **state)
{
    static const struct fake_answer script[] = {
        {.url = "sts.", .body = ROLE_XML("AKIDONE", IN_1H)},
        {.url = "identitystore", .status = 400, .body = "{\"__type\":\"ExpiredTokenException\"}"},
        {.url = "sts.", .body = ROLE_XML("AKIDTWO", IN_1H)},
        {.url = "identitystore", .header = "Authorization: Credential=AKIDTWO/", .body = "{}"},
    };
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    rig.options.role_arn = STR(ROLE_ARN);
    aws_free(rig.aws);
    aws_creds_free(rig.creds);
    rig.creds = aws_creds_new(&rig.options);
    rig.aws =
        aws_new(&(struct aws_options){.region = STR(REGION)}, rig.http, rig.creds, &rig.clock);
    assert_string_equal(exchange_one(&rig, &create), "ok x2 {}");
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

/* Whoever fetched the credentials has met the remote's clock already. */
static void test_the_clock_that_sts_shows_is_used_from_the_first_call_on(void **state)
{
    static const struct fake_answer script[] = {
        {.url = "sts.",
         .headers = "Date: Mon, 04 May 2026 09:22:40 GMT\n",
         .body = ROLE_XML("AKIDONE", IN_1H)},
        {.url = "identitystore", .header = "X-Amz-Date: 20260504T092240Z", .body = "{}"},
    };
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    aws_creds_free(rig.creds);
    aws_free(rig.aws);
    rig.options.role_arn = STR(ROLE_ARN);
    rig.creds = aws_creds_new(&rig.options);
    rig.aws =
        aws_new(&(struct aws_options){.region = STR(REGION)}, rig.http, rig.creds, &rig.clock);
    assert_string_equal(exchange_one(&rig, &create), "ok x1 {}");
    assert_int_equal(aws_skew_ms(rig.aws), 10 * TIME_MINUTE);
    rig_close(&rig);
}

static void test_without_credentials_nothing_is_sent(void **state)
{
    static const struct fake_answer script[] = {EXPIRED, EXPIRED};
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    rig_setenv(&rig, "AWS_SECRET_ACCESS_KEY", "");
    assert_string_equal(exchange_one(&rig, &list),
                        "settings: aws: credentials: AWS_ACCESS_KEY_ID is set without "
                        "AWS_SECRET_ACCESS_KEY");
    assert_int_equal(rig.fake.n_requests, 0);
    rig_setenv(&rig, "AWS_SECRET_ACCESS_KEY", HUSH "E");
    assert_string_equal(exchange_one(&rig, &list),
                        "fault x2 refused no-effect 400 ExpiredTokenException");
    rig_close(&rig);
}

static struct rig *vanishing;

static void take_the_keys_away(void *self, const struct fake_request *request)
{
    (void)self, (void)request;
    rig_setenv(vanishing, "AWS_SECRET_ACCESS_KEY", "");
}

/* One of the two writes arrived: what became of it must not be lost with the other. */
static void test_credentials_that_vanish_half_way_spare_what_was_answered(void **state)
{
    static const struct fake_answer script[] = {{.body_has = "first", .body = "{}"}, EXPIRED};
    const struct aws_call calls[] = {
        {.service = AWS_SSO, .operation = "A", .body = STR("{\"a\":\"first\"}"), .is_write = true},
        {.service = AWS_SSO, .operation = "B", .body = STR("{\"a\":\"second\"}"), .is_write = true},
    };
    struct aws_answer out[2];
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    vanishing = &rig;
    rig.fake.on_request = take_the_keys_away;
    assert_true(aws_exchange(rig.aws, calls, out, 2, &rig.arena, &rig.err));
    assert_string_equal(show(&rig, &out[0]), "ok x1 {}");
    assert_string_equal(show(&rig, &out[1]),
                        "fault x1 refused no-effect 400 ExpiredTokenException");
    rig_close(&rig);
}

static void test_a_key_that_nobody_knows_any_more_is_looked_for_anew_next_time(void **state)
{
    static const struct fake_answer script[] = {
        {.status = 400, .body = "{\"__type\":\"UnrecognizedClientException\"}"},
        {.header = "Authorization: Credential=AKIDNEW/", .body = "{}"}};
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    assert_string_equal(exchange_one(&rig, &list),
                        "fault x1 refused no-effect 400 UnrecognizedClientException");
    rig_setenv(&rig, "AWS_ACCESS_KEY_ID", "AKIDNEW");
    assert_string_equal(exchange_one(&rig, &list), "ok x1 {}");
    rig_close(&rig);
}

/* ---- who we are ---- */

#define CALLER(account, arn)                                                          \
    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">" \
    "<GetCallerIdentityResult><Arn>" arn "</Arn><UserId>U</UserId><Account>" account  \
    "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"

static const char *read_caller(struct rig *rig)
{
    struct aws_caller caller;

    rig->err = (struct err){0};
    if (!aws_read_caller(rig->aws, &rig->arena, &caller, &rig->err))
        return arena_printf(&rig->arena, "%s: %s", err_kind_name(rig->err.kind), rig->err.msg).ptr;
    return arena_printf(&rig->arena, "%.*s %.*s", STR_ARG(caller.account), STR_ARG(caller.arn)).ptr;
}

static void test_the_caller_is_read_from_a_signed_form(void **state)
{
    static const struct fake_answer script[] = {
        {.url = STS_URL,
         .body = CALLER("111122223333", "arn:aws:sts::111122223333:assumed-role/x/y")}};
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    assert_string_equal(read_caller(&rig),
                        "111122223333 arn:aws:sts::111122223333:assumed-role/x/y");
    assert_string_equal(fake_transport_paths(&rig.fake),
                        "POST / Action=GetCallerIdentity&Version=2011-06-15\n");
    const struct fake_request *sent = &rig.fake.requests[0];
    assert_true(
        str_is(fake_request_header(sent, "Content-Type"), "application/x-www-form-urlencoded"));
    assert_int_equal(fake_request_header(sent, "X-Amz-Target").len, 0);
    assert_non_null(strstr(arena_cstr(&rig.arena, fake_request_header(sent, "Authorization")),
                           "/eu-central-1/sts/aws4_request, "
                           "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "));
    rig_close(&rig);
}

static void test_a_caller_that_cannot_be_believed_is_none(void **state)
{
    static const struct {
        int status;
        const char *body, *shown;
    } cases[] = {
        {200, "{\"Account\":\"111122223333\"}",
         "remote: aws: sts GetCallerIdentity: 200 with something else than this service's answer"},
        {200, "<html><body>hello</body></html>",
         "remote: aws: sts GetCallerIdentity: 200 with something else than this service's answer"},
        {200, CALLER("", "a"), "remote: aws: sts GetCallerIdentity: no Account or no Arn in it"},
        {403, ERROR_XML("InvalidClientTokenId"),
         "refused: aws: sts GetCallerIdentity: 403 InvalidClientTokenId (request r-1)"},
        {403, ERROR_XML("AccessDenied"),
         "refused: aws: sts GetCallerIdentity: 403 AccessDenied: as told (request r-1)"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct fake_answer script[] = {{.status = cases[i].status, .body = cases[i].body}};
        struct rig rig;
        OPEN(&rig, script);
        assert_string_equal(read_caller(&rig), cases[i].shown);
        rig_close(&rig);
    }
}

static void test_an_endpoint_that_is_none_is_said_without_sending(void **state)
{
    static const struct fake_answer script[] = {FINE};
    struct rig rig;
    struct aws_options options = {.region = STR(REGION),
                                  .endpoints = {[AWS_SSO] = STR("http://example.com")}};
    const struct aws_call call = {.service = AWS_SSO, .operation = "A"};

    (void)state;
    OPEN(&rig, script);
    aws_free(rig.aws);
    rig.aws = aws_new(&options, rig.http, rig.creds, &rig.clock);
    assert_string_equal(exchange_one(&rig, &call),
                        "not sent x0 settings no-effect its endpoint is no https URL");
    assert_int_equal(rig.fake.n_requests, 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call_is_a_signed_post_of_its_protocol),
        cmocka_unit_test(test_only_a_whole_object_with_a_200_is_a_success),
        cmocka_unit_test(test_an_answer_tells_all_that_the_service_said),
        cmocka_unit_test(test_what_is_sent_again_and_what_comes_of_it),
        cmocka_unit_test(test_the_server_says_how_long_to_wait),
        cmocka_unit_test(test_an_empty_bucket_makes_calls_fail_at_once),
        cmocka_unit_test(test_waiting_for_one_does_not_hold_up_the_others),
        cmocka_unit_test(test_a_long_batch_comes_back_whole_and_in_order),
        cmocka_unit_test(test_calls_keep_to_the_pace),
        cmocka_unit_test(test_cancellation_ends_a_wait_at_once),
        cmocka_unit_test(test_a_clock_that_is_off_is_allowed_for_once),
        cmocka_unit_test(test_a_signature_that_stays_wrong_is_not_tried_for_ever),
        cmocka_unit_test(test_credentials_that_ran_out_are_fetched_anew_once),
        cmocka_unit_test(test_the_clock_that_sts_shows_is_used_from_the_first_call_on),
        cmocka_unit_test(test_without_credentials_nothing_is_sent),
        cmocka_unit_test(test_credentials_that_vanish_half_way_spare_what_was_answered),
        cmocka_unit_test(test_a_key_that_nobody_knows_any_more_is_looked_for_anew_next_time),
        cmocka_unit_test(test_the_caller_is_read_from_a_signed_form),
        cmocka_unit_test(test_a_caller_that_cannot_be_believed_is_none),
        cmocka_unit_test(test_an_endpoint_that_is_none_is_said_without_sending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

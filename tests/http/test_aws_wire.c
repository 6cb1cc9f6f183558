#include <unistd.h>

#include <curl/curl.h>

#include "aws/aws_call.h"
#include "aws/aws_creds.h"
#include "base/json.h"
#include "wire.h"

/*
 * AWS on the wire: signed calls, container, instance and STS over loopback HTTP; and libcurl's own
 * signer as a second opinion about ours.
 */

#define REGION "eu-central-1"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN  "FwoGZXIvYXdzEXAMPLE+/=="

#define ANSWER(status, type, body) "HTTP/1.1 " status "\r\nContent-Type: " type "\r\n" body
/* Bodies end with the connection, so that nobody counts them. */
#define JSON(body)         ANSWER("200 OK", "application/x-amz-json-1.1", "Connection: close\r\n\r\n" body)
#define XML(body)          ANSWER("200 OK", "text/xml", "Connection: close\r\n\r\n" body)
#define FAIL(status, body) ANSWER(status, "text/html", "Connection: close\r\n\r\n" body)

struct variable {
    const char *name, *value;
};

static struct {
    struct variable variables[8];
    size_t n;
    struct http_curl *meta_curl;
    struct http *metadata;
    struct aws_creds *creds;
    struct aws *aws;
    struct raw_server *meta_server;
    struct err err;
} side;

static const char *env_get(void *self, const char *name)
{
    (void)self;
    for (size_t i = 0; i < side.n; i++) {
        if (strcmp(side.variables[i].name, name) == 0)
            return side.variables[i].value;
    }
    return NULL;
}

static void set_env(const char *name, const char *value)
{
    assert_true(side.n < ARRAY_LEN(side.variables));
    side.variables[side.n++] = (struct variable){name, value};
}

static const char *copy(const char *text)
{
    return arena_cstr(&wire.arena, str_of(text));
}

/* The service behind `wire`, the metadata behind a server of its own. */
static void start(const struct raw_reply *service, size_t n_service, const struct raw_reply *meta,
                  size_t n_meta)
{
    const struct http_curl_options curl = {
        .user_agent = "seatkeeper/test", .clock = &wire.clock, .metadata = true};
    const struct http_options once = {.remote = "aws", .max_tries = 1, .parallel = 1};

    memset(&side, 0, sizeof(side));
    json_init();
    wire_start_with(service, n_service, false, once, NULL);
    side.meta_server = raw_server_start(meta, n_meta, false);
    side.meta_curl = http_curl_new(&curl, &wire.cancel, &side.err);
    assert_non_null(side.meta_curl);
    side.metadata = http_new(&once, http_curl_transport(side.meta_curl), &wire.clock);
}

static void have_creds(void)
{
    const struct aws_creds_options options = {
        .region = STR(REGION),
        .sts_url = str_of(copy(raw_server_url(wire.server, "http", ""))),
        .env = {.get = env_get},
        .http = wire.http,
        .metadata = side.metadata,
        .clock = &wire.clock,
    };
    struct aws_options aws = {.region = STR(REGION), .seed = 1};

    for (size_t i = 0; i < AWS_SERVICE_COUNT; i++)
        aws.endpoints[i] = options.sts_url;
    side.creds = aws_creds_new(&options);
    side.aws = aws_new(&aws, wire.http, side.creds, &wire.clock);
}

static void stop(void)
{
    aws_free(side.aws);
    aws_creds_free(side.creds);
    http_free(side.metadata);
    http_curl_free(side.meta_curl);
    raw_server_stop(side.meta_server);
    memset(&side, 0, sizeof(side));
    wire_stop();
}

static const char *get_keys(void)
{
    struct sigv4_keys keys;

    side.err = (struct err){0};
    if (!aws_creds_get(side.creds, clock_now(&wire.clock), &wire.arena, &keys, &side.err))
        return copy(side.err.msg);
    return arena_printf(&wire.arena, "%.*s %.*s %.*s", STR_ARG(keys.access_key),
                        STR_ARG(secret_reveal(keys.secret_key)), STR_ARG(secret_reveal(keys.token)))
        .ptr;
}

/* A header line of a request; NULL: absent. */
static const char *header_of(struct raw_server *server, size_t request, const char *name)
{
    const char *text = raw_server_request(server, request);
    const char *end = text ? strstr(text, "\r\n\r\n") : NULL;

    for (const char *line = text ? strstr(text, "\r\n") : NULL; line && line < end;
         line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, strlen(name)) == 0 && line[2 + strlen(name)] == ':') {
            struct str value = str_of(line + 3 + strlen(name));
            return arena_cstr(&wire.arena, str_trim(str_cut(&value, '\r')));
        }
    }
    return NULL;
}

#define SET(key)                                   \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"" key \
    "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2026-05-04T10:12:40Z\"}"

static const struct raw_reply nothing[] = {{.bytes = FAIL("500 Oops", "")}};

/* ---- metadata ---- */

static void test_an_instance_hands_out_its_role(void **state)
{
    static const struct raw_reply meta[] = {
        {.bytes = FAIL("200 OK", "TheToken"), .then = RAW_CLOSE},
        {.bytes = FAIL("401 Unauthorized", ""), .then = RAW_CLOSE},
        {.bytes = FAIL("200 OK", "NextToken"), .then = RAW_CLOSE},
        {.bytes = FAIL("200 OK", "node\n"), .then = RAW_CLOSE},
        {.bytes = JSON(SET("AKIDIMDS")), .then = RAW_CLOSE},
    };
    static const char *const asked[] = {
        "PUT /latest/api/token HTTP/1.1",
        "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1",
        "PUT /latest/api/token HTTP/1.1",
        "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1",
        "GET /latest/meta-data/iam/security-credentials/node HTTP/1.1",
    };

    (void)state;
    start(nothing, 1, meta, ARRAY_LEN(meta));
    /* A proxy that nobody is behind: it must not be asked. */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT",
            copy(raw_server_url(side.meta_server, "http", "/")));
    have_creds();
    assert_string_equal(get_keys(), "AKIDIMDS s t");
    unsetenv("http_proxy");
    assert_int_equal(raw_server_requests(side.meta_server), ARRAY_LEN(asked));
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        assert_memory_equal(raw_server_request(side.meta_server, i), asked[i], strlen(asked[i]));
    }
    assert_string_equal(header_of(side.meta_server, 0, "X-aws-ec2-metadata-token-ttl-seconds"),
                        "21600");
    assert_string_equal(header_of(side.meta_server, 0, "Content-Length"), "0");
    assert_string_equal(header_of(side.meta_server, 1, "X-aws-ec2-metadata-token"), "TheToken");
    assert_string_equal(header_of(side.meta_server, 4, "X-aws-ec2-metadata-token"), "NextToken");
    assert_int_equal(raw_server_requests(wire.server), 0);
    stop();
}

static void test_a_container_hands_out_its_role(void **state)
{
    static const struct raw_reply meta[] = {
        {.bytes = FAIL("503 Busy", ""), .then = RAW_CLOSE},
        {.then = RAW_CLOSE},
        {.bytes = JSON(SET("AKIDECS")), .then = RAW_CLOSE},
    };

    (void)state;
    start(nothing, 1, meta, ARRAY_LEN(meta));
    set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI",
            copy(raw_server_url(side.meta_server, "http", "/v1/credentials?role=x")));
    set_env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc=");
    have_creds();
    assert_string_equal(get_keys(), "AKIDECS s t");
    assert_int_equal(raw_server_requests(side.meta_server), 3);
    assert_string_equal(header_of(side.meta_server, 2, "Authorization"), "Basic abc=");
    assert_memory_equal(raw_server_request(side.meta_server, 2), "GET /v1/credentials?role=x ", 27);
    stop();
}

/* Why a client does not send this. The header keeps it from ever leaving: all that is asked is
 * whether the address was what it stumbled over first. */
static const char *stumbles_over(struct http *http, const char *url)
{
    static const struct http_header foul = {STR("X-Foul"), STR("a\nb")};
    const struct http_request request = {
        .method = HTTP_GET, .url = str_of(url), .headers = &foul, .n_headers = 1};
    struct http_response res;

    assert_true(http_exchange(http, &request, &res, 1, &wire.arena, &side.err));
    assert_int_equal(res.outcome, HTTP_NOT_SENT);
    return memmem(res.why.ptr, res.why.len, "plain http", 10) ? "the address" : "the header";
}

static void test_plain_http_to_metadata_is_for_its_own_client(void **state)
{
    static const struct {
        const char *url, *plain, *metadata;
    } cases[] = {
        {"http://169.254.170.2/x", "the address", "the header"},
        {"http://169.254.170.23/x", "the address", "the header"},
        {"http://169.254.169.254/x", "the address", "the header"},
        {"http://[fd00:ec2::254]/x", "the address", "the header"},
        {"http://[fd00:ec2:0:0::23]/x", "the address", "the header"},
        {"http://127.0.0.1/x", "the header", "the header"},
        {"https://example.com/x", "the header", "the header"},
        {"http://169.254.169.253/x", "the address", "the address"},
        {"http://[fd00:ec2::25]/x", "the address", "the address"},
        {"http://169.254.169.254.example.com/x", "the address", "the address"},
        {"http://example.com/x", "the address", "the address"},
    };

    (void)state;
    start(nothing, 1, nothing, 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(stumbles_over(wire.http, cases[i].url), cases[i].plain);
        assert_string_equal(stumbles_over(side.metadata, cases[i].url), cases[i].metadata);
    }
    stop();
}

/* ---- STS ---- */

#define CREDENTIALS(op)                                                                           \
    "<" op "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" op "Result>\n"        \
    "<Credentials><AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>a&amp;b</SecretAccessKey>\n" \
    "<SessionToken>t/+=</SessionToken><Expiration>2026-05-04T10:12:40Z</Expiration>\n"            \
    "</Credentials></" op "Result></" op "Response>\n"

static void test_a_web_identity_becomes_a_role_and_signs_calls(void **state)
{
    static const struct raw_reply service[] = {
        {.bytes = XML(CREDENTIALS("AssumeRoleWithWebIdentity")), .then = RAW_CLOSE},
        {.bytes = JSON("{\"Users\":[]}"), .then = RAW_CLOSE},
    };
    const struct aws_call call = {.service = AWS_IDENTITYSTORE,
                                  .operation = "ListUsers",
                                  .body = STR("{\"IdentityStoreId\":\"d-1234567890\"}")};
    char path[] = "/tmp/seatkeeper-web-XXXXXX";
    int fd = mkstemp(path);
    struct aws_answer answer;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "ey.J+/=\n", 8), 8);
    (void)close(fd);
    start(service, ARRAY_LEN(service), nothing, 1);
    set_env("AWS_WEB_IDENTITY_TOKEN_FILE", path);
    set_env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/ctl");
    have_creds();
    assert_true(aws_exchange(side.aws, &call, &answer, 1, &wire.arena, &side.err));
    (void)unlink(path);
    assert_int_equal(answer.outcome, AWS_OK);
    assert_true(str_is(answer.body, "{\"Users\":[]}"));

    const char *first = raw_server_request(wire.server, 0);
    assert_string_equal(strstr(first, "\r\n\r\n") + 4,
                        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                        "&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fctl"
                        "&RoleSessionName=seatkeeper&WebIdentityToken=ey.J%2B%2F%3D"
                        "&DurationSeconds=3600");
    assert_null(header_of(wire.server, 0, "Authorization"));
    assert_string_equal(header_of(wire.server, 1, "X-Amz-Security-Token"), "t/+=");
    assert_string_equal(header_of(wire.server, 1, "X-Amz-Target"), "AWSIdentityStore.ListUsers");
    assert_non_null(strstr(header_of(wire.server, 1, "Authorization"), "Credential=ASIAWEB/"));
    assert_string_equal(get_keys(), "ASIAWEB a&b t/+=");
    stop();
}

/* ---- the wire under calls ---- */

static const char *call_once(bool is_write)
{
    const struct aws_call call = {.service = AWS_SSO, .operation = "Op", .is_write = is_write};
    struct aws_answer answer;
    static const char *const names[] = {"ok", "fault", "not sent", "lost"};

    set_env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    set_env("AWS_SECRET_ACCESS_KEY", SECRET);
    have_creds();
    assert_true(aws_exchange(side.aws, &call, &answer, 1, &wire.arena, &side.err));
    return arena_printf(&wire.arena, "%s x%u %.*s", names[answer.outcome], answer.attempts,
                        STR_ARG(answer.outcome == AWS_OK ? answer.body : answer.why))
        .ptr;
}

static void test_lost_answers_are_asked_for_again_by_reads_only(void **state)
{
    static const struct raw_reply dropped[] = {{.then = RAW_RESET},
                                               {.bytes = JSON("{}"), .then = RAW_CLOSE}};

    (void)state;
    start(dropped, ARRAY_LEN(dropped), nothing, 1);
    assert_string_equal(call_once(false), "ok x2 {}");
    stop();

    start(dropped, ARRAY_LEN(dropped), nothing, 1);
    assert_memory_equal(call_once(true), "lost x1 ", 8);
    assert_int_equal(raw_server_requests(wire.server), 1);
    stop();
}

static void test_a_throttled_write_is_sent_again_and_a_page_of_html_is_no_success(void **state)
{
    static const struct raw_reply throttled[] = {
        {.bytes = FAIL("400 Bad Request", "{\"__type\":\"ThrottlingException\"}"),
         .then = RAW_CLOSE},
        {.bytes = JSON("{}"), .then = RAW_CLOSE}};
    static const struct raw_reply html[] = {
        {.bytes = FAIL("200 OK", "<html>welcome</html>"), .then = RAW_CLOSE}};

    (void)state;
    start(throttled, ARRAY_LEN(throttled), nothing, 1);
    assert_string_equal(call_once(true), "ok x2 {}");
    stop();

    start(html, 1, nothing, 1);
    assert_string_equal(call_once(true),
                        "lost x1 200 with something else than this service's answer");
    stop();
}

/* What came first must outlive what is sent after it. */
static void test_bodies_last_until_the_next_exchange(void **state)
{
    static const struct raw_reply service[] = {
        {.bytes = FAIL("429 Slow", ""), .then = RAW_CLOSE},
        {.bytes = JSON("{\"second\":\"was answered first\"}"), .then = RAW_CLOSE},
        {.bytes = JSON("{\"first\":\"came later\",\"and\":\"is longer than the other\"}"),
         .then = RAW_CLOSE},
    };
    const struct aws_call calls[] = {{.service = AWS_SSO, .operation = "A"},
                                     {.service = AWS_SSO, .operation = "B"}};
    struct aws_answer out[2];

    (void)state;
    start(service, ARRAY_LEN(service), nothing, 1);
    set_env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    set_env("AWS_SECRET_ACCESS_KEY", SECRET);
    have_creds();
    assert_true(aws_exchange(side.aws, calls, out, 2, &wire.arena, &side.err));
    assert_string_equal(arena_cstr(&wire.arena, out[0].body),
                        "{\"first\":\"came later\",\"and\":\"is longer than the other\"}");
    assert_string_equal(arena_cstr(&wire.arena, out[1].body),
                        "{\"second\":\"was answered first\"}");
    stop();
}

/* ---- a second opinion ---- */

static size_t swallow(const char *ptr, size_t size, size_t count, void *self)
{
    (void)ptr, (void)self;
    return size * count;
}

/* One POST signed by libcurl; its headers stay with the server. */
static void post_by_curl(const char *body, const char *service, const char *target, bool has_token)
{
    CURL *easy = curl_easy_init();
    struct curl_slist *lines = NULL;
    const char *provider = arena_printf(&wire.arena, "aws:amz:" REGION ":%s", service).ptr;

    lines = curl_slist_append(lines, "Content-Type: application/x-amz-json-1.1");
    lines = curl_slist_append(lines, arena_printf(&wire.arena, "X-Amz-Target: %s", target).ptr);
    if (has_token)
        lines = curl_slist_append(lines, "X-Amz-Security-Token: " TOKEN);
    assert_non_null(easy);
    curl_easy_setopt(easy, CURLOPT_URL, copy(raw_server_url(wire.server, "http", "/")));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_USERNAME, "AKIDEXAMPLE");
    curl_easy_setopt(easy, CURLOPT_PASSWORD, SECRET);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, provider);
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    curl_slist_free_all(lines);
    curl_easy_cleanup(easy);
}

static void test_libcurl_signs_the_same_requests_the_same_way(void **state)
{
    static const struct {
        const char *service, *target, *body;
        bool has_token;
    } cases[] = {
        {"identitystore", "AWSIdentityStore.ListUsers", "{\"IdentityStoreId\":\"d-1\"}", false},
        {"identitystore", "AWSIdentityStore.ListUsers", "{\"IdentityStoreId\":\"d-1\"}", true},
        {"sso", "SWBExternalService.ListInstances", "{}", true},
        {"user-subscriptions", "AWSZornControlPlaneService.CreateClaim",
         "{\"note\":\"Zo\xC3\xAB \xE6\x9D\xB1\"}", true},
        {"q", "AmazonQDeveloperService.CreateAssignment", "", false},
    };
    static const struct raw_reply service[] = {{.bytes = JSON("{}"), .then = RAW_CLOSE}};
    CLEANUP(secret_fini) struct secret secret = {0};
    CLEANUP(secret_fini) struct secret token = {0};

    (void)state;
    start(service, 1, nothing, 1);
    secret_set(&secret, STR(SECRET));
    secret_set(&token, STR(TOKEN));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        post_by_curl(cases[i].body, cases[i].service, cases[i].target, cases[i].has_token);
        const char *date = header_of(wire.server, i, "X-Amz-Date");
        const char *iso = arena_printf(&wire.arena, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", date,
                                       date + 4, date + 6, date + 9, date + 11, date + 13)
                              .ptr;
        const struct sigv4_keys keys = {.access_key = STR("AKIDEXAMPLE"),
                                        .secret_key = &secret,
                                        .token = cases[i].has_token ? &token : NULL};
        const struct sigv4_request request = {
            .region = STR(REGION),
            .service = str_of(cases[i].service),
            .host = str_of(header_of(wire.server, i, "Host")),
            .content_type = STR("application/x-amz-json-1.1"),
            .target = str_of(cases[i].target),
            .body = str_of(cases[i].body),
        };
        int64_t at;
        assert_true(time_parse_iso(str_of(iso), &at));
        struct sigv4_headers ours = sigv4_sign(&keys, &request, at, &wire.arena);
        assert_string_equal(arena_cstr(&wire.arena, ours.authorization),
                            header_of(wire.server, i, "Authorization"));
        assert_string_equal(arena_cstr(&wire.arena, ours.date), date);
    }
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(test_an_instance_hands_out_its_role),
        WIRE_TEST(test_a_container_hands_out_its_role),
        WIRE_TEST(test_plain_http_to_metadata_is_for_its_own_client),
        WIRE_TEST(test_a_web_identity_becomes_a_role_and_signs_calls),
        WIRE_TEST(test_lost_answers_are_asked_for_again_by_reads_only),
        WIRE_TEST(test_a_throttled_write_is_sent_again_and_a_page_of_html_is_no_success),
        WIRE_TEST(test_bodies_last_until_the_next_exchange),
        WIRE_TEST(test_libcurl_signs_the_same_requests_the_same_way),
    };

    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}

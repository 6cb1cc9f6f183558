#include <fcntl.h>

#include "unit/aws/aws_rig.h"

/* ---- the container ---- */

#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL     "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define BEARER   "AWS_CONTAINER_AUTHORIZATION_TOKEN"

static void test_only_certain_addresses_are_asked_by_a_container(void **state)
{
    static const struct {
        const char *variable, *value, *url; /* NULL: refused without asking */
    } cases[] = {
        {RELATIVE, "/v2/credentials/x", "http://169.254.170.2/v2/credentials/x"},
        {FULL, "http://169.254.170.23/v1/credentials", "http://169.254.170.23/v1/credentials"},
        {FULL, "http://169.254.170.2/x", "http://169.254.170.2/x"},
        {FULL, "http://[fd00:ec2::23]/x", "http://[fd00:ec2::23]/x"},
        {FULL, "http://[FD00:EC2:0::23]/x", "http://[FD00:EC2:0::23]/x"},
        {FULL, "http://localhost:8080/x?y=1", "http://localhost:8080/x?y=1"},
        {FULL, "http://127.0.0.1/x", "http://127.0.0.1/x"},
        {FULL, "https://vault.example.com/x", "https://vault.example.com/x"},
        {RELATIVE, "v2/credentials", NULL},
        {RELATIVE, "@evil.example/x", NULL},
        {RELATIVE, "/a b", NULL},
        {FULL, "http://example.com/x", NULL},
        {FULL, "http://169.254.170.3/x", NULL},
        {FULL, "http://169.254.170.2.example.com/x", NULL},
        {FULL, "http://169.254.170.2@example.com/x", NULL},
        {FULL, "ftp://169.254.170.2/x", NULL},
        {FULL, "x", NULL},
    };
    static const struct fake_answer meta[] = {{.body = META_JSON("AKIDECS", IN_1H)}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;
        rig_open(&rig);
        RIG_SCRIPT(&rig.meta, meta);
        rig_setenv(&rig, cases[i].variable, cases[i].value);
        const char *shown = rig_get(&rig);
        if (cases[i].url) {
            assert_string_equal(shown, "AKIDECS Hush3 HushToken3");
            assert_true(str_is(rig.meta.requests[0].url, cases[i].url));
            assert_int_equal(rig.meta.requests[0].n_headers, 0);
        } else {
            assert_int_equal(rig.err.kind, ERR_SETTINGS);
            assert_non_null(strstr(shown, "container credentials: AWS_CONTAINER_CREDENTIALS_"));
            assert_int_equal(rig.meta.n_requests, 0);
        }
        rig_close(&rig);
    }
}

static void test_the_token_of_a_container_is_a_header_or_nothing(void **state)
{
    static const struct {
        const char *file, *text; /* NULL: not set */
        const char *header, *shown;
    } cases[] = {
        {NULL, NULL, "", "AKIDECS Hush3 HushToken3"},
        {NULL, HUSH "Bearer x", HUSH "Bearer x", "AKIDECS Hush3 HushToken3"},
        {HUSH "File", HUSH "Text", HUSH "File", "AKIDECS Hush3 HushToken3"},
        {NULL, HUSH "\r\nX: y", NULL,
         "settings: container credentials: the authorization token holds a line end or another "
         "control character"},
        {HUSH "\n", NULL, NULL,
         "settings: container credentials: the authorization token holds a line end or another "
         "control character"},
    };
    static const struct fake_answer meta[] = {{.body = META_JSON("AKIDECS", IN_1H)}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;
        rig_open(&rig);
        RIG_SCRIPT(&rig.meta, meta);
        rig_setenv(&rig, FULL, "http://169.254.170.23/v1/credentials");
        if (cases[i].text)
            rig_setenv(&rig, BEARER, cases[i].text);
        if (cases[i].file)
            rig_setenv(&rig, BEARER "_FILE", rig_write(&rig, "auth", cases[i].file, 0644));
        assert_string_equal(rig_get(&rig), cases[i].shown);
        if (cases[i].header) {
            assert_true(str_is(fake_request_header(&rig.meta.requests[0], "Authorization"),
                               cases[i].header));
        }
        rig_close(&rig);
    }
}

static void test_the_token_file_is_read_anew_each_time(void **state)
{
    static const struct fake_answer meta[] = {
        {.header = "Authorization: " HUSH "One", .body = META_JSON("AKIDONE", IN_1H)},
        {.header = "Authorization: " HUSH "Two", .body = META_JSON("AKIDTWO", IN_1H)}};
    struct rig rig;

    (void)state;
    rig_open(&rig);
    RIG_SCRIPT(&rig.meta, meta);
    rig_setenv(&rig, FULL, "http://169.254.170.23/v1/credentials");
    rig_setenv(&rig, BEARER "_FILE", rig_write(&rig, "auth", HUSH "One", 0644));
    assert_string_equal(rig_get(&rig), "AKIDONE Hush3 HushToken3");
    (void)rig_write(&rig, "auth", HUSH "Two", 0644);
    aws_creds_drop(rig.creds);
    assert_string_equal(rig_get(&rig), "AKIDTWO Hush3 HushToken3");
    rig_close(&rig);
}

static void test_what_a_container_answers(void **state)
{
    static const struct {
        struct fake_answer answers[3];
        size_t n;
        const char *shown;
    } cases[] = {
        {{{.status = 500}, {.outcome = HTTP_LOST}, {.body = META_JSON("AKIDECS", IN_1H)}},
         3,
         "AKIDECS Hush3 HushToken3"},
        {{{.outcome = HTTP_NOT_SENT, .times = 3}},
         1,
         "unavailable: container credentials: no answer: connection refused"},
        {{{.status = 503, .times = 3}},
         1,
         "unavailable: container credentials: it answers with status 503"},
        {{{.status = 403, .body = "{\"message\":\"" HUSH "\"}"}},
         1,
         "refused: container credentials: it answers with status 403"},
        {{{.body = "<html>" HUSH "</html>"}}, 1, NULL},
        {{{.body = "{\"AccessKeyId\":\"AKIDECS\",\"SecretAccessKey\":\"" HUSH
                   "3\",\"SessionToken\":\"" HUSH "\",\"Expiration\":\"" IN_1H "\"}"}},
         1,
         "remote: container credentials: Token: missing"},
        {{{.body = "{\"AccessKeyId\":\"AKIDECS\",\"SecretAccessKey\":\"" HUSH
                   "3\",\"Token\":\"" HUSH "\"}"}},
         1,
         "remote: container credentials: Expiration: missing"},
        {{{.body = META_JSON("AKIDECS", "2026-05-04T09:00:00Z")}},
         1,
         "remote: container: what it gives has expired already"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;
        rig_open(&rig);
        rig_script_of(&rig.meta, cases[i].answers, cases[i].n);
        rig_setenv(&rig, RELATIVE, "/x");
        const char *shown = rig_get(&rig);
        if (cases[i].shown) {
            assert_string_equal(shown, cases[i].shown);
        } else {
            assert_int_equal(rig.err.kind, ERR_REMOTE);
        }
        fake_transport_check_done(&rig.meta);
        assert_true(rig.time.slept <= 200);
        rig_close(&rig);
    }
}

/* ---- the instance ---- */

#define TOKEN_OK                                                          \
    {                                                                     \
        .method = "PUT", .url = "/latest/api/token", .body = HUSH "Imds1" \
    }
#define TOKEN_NEXT                                                        \
    {                                                                     \
        .method = "PUT", .url = "/latest/api/token", .body = HUSH "Imds2" \
    }
#define ROLES "/latest/meta-data/iam/security-credentials/"

static void test_an_instance_is_asked_in_its_second_version_only(void **state)
{
    static const struct fake_answer meta[] = {
        TOKEN_OK,
        {.method = "GET", .url = ROLES "node", .body = META_JSON("AKIDIMDS", IN_1H)},
        {.method = "GET", .url = ROLES, .body = "node\n"},
    };
    struct rig rig;

    (void)state;
    rig_open(&rig);
    RIG_SCRIPT(&rig.meta, meta);
    assert_string_equal(rig_get_from(&rig),
                        "AKIDIMDS Hush3 HushToken3 from instance metadata, role node");
    assert_string_equal(fake_transport_log(&rig.meta),
                        "PUT http://169.254.169.254/latest/api/token\n"
                        "GET http://169.254.169.254" ROLES "\n"
                        "GET http://169.254.169.254" ROLES "node\n");
    assert_true(
        str_is(fake_request_header(&rig.meta.requests[0], "X-aws-ec2-metadata-token-ttl-seconds"),
               "21600"));
    for (size_t i = 1; i < 3; i++) {
        assert_true(str_is(fake_request_header(&rig.meta.requests[i], "X-aws-ec2-metadata-token"),
                           HUSH "Imds1"));
    }
    assert_int_equal(rig.fake.n_requests, 0);
    rig_close(&rig);
}

static void test_what_an_instance_answers(void **state)
{
    static const struct {
        const char *says;
        struct fake_answer answers[6];
        size_t n;
        const char *shown;
    } cases[] = {
        {"a token that ran out is renewed once",
         {TOKEN_OK,
          {.url = ROLES, .status = 401},
          TOKEN_NEXT,
          {.url = ROLES "node",
           .header = "X-aws-ec2-metadata-token: " HUSH "Imds2",
           .body = META_JSON("AKIDIMDS", IN_1H)},
          {.url = ROLES, .header = "X-aws-ec2-metadata-token: " HUSH "Imds2", .body = "node"}},
         5,
         "AKIDIMDS Hush3 HushToken3"},
        {"and not for ever",
         {TOKEN_OK, TOKEN_NEXT, {.url = ROLES, .status = 401, .times = 2}},
         3,
         "refused: instance metadata: it answers with status 401"},
        {"the first version is not fallen back to",
         {{.method = "PUT", .status = 404}},
         1,
         "refused: instance metadata: it gives no token (status 404)"},
        {"switched off",
         {{.method = "PUT", .status = 403}},
         1,
         "refused: instance metadata: it is switched off for this instance (status 403)"},
        {"no role",
         {TOKEN_OK, {.url = ROLES, .status = 404}},
         2,
         "refused: instance metadata: no role is attached to this instance"},
        {"a role that is a path",
         {TOKEN_OK, {.url = ROLES, .body = "../../user-data"}},
         2,
         "remote: instance metadata: the role it names is none"},
        {"an empty token",
         {{.method = "PUT", .body = ""}},
         1,
         "remote: instance metadata: the token it gives is none"},
        {"a token with a line end",
         {{.method = "PUT", .body = HUSH "\r\nX: y"}},
         1,
         "remote: instance metadata: the token it gives is none"},
        {"a Code other than Success",
         {TOKEN_OK,
          {.url = ROLES "node",
           .body = "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"" HUSH "\"}"},
          {.url = ROLES, .body = "node"}},
         3,
         "refused: instance metadata: it says that it has no credentials (its Code is not Success)"},
        {"nobody there",
         {{.outcome = HTTP_NOT_SENT, .times = 3}},
         1,
         "unavailable: nothing is configured (profile, environment, web identity, container): "
         "instance metadata: no answer: connection refused"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;
        rig_open(&rig);
        rig_script_of(&rig.meta, cases[i].answers, cases[i].n);
        const char *shown = rig_get(&rig);
        if (strcmp(shown, cases[i].shown) != 0)
            fail_msg("%s: %s, expected %s", cases[i].says, shown, cases[i].shown);
        fake_transport_check_done(&rig.meta);
        rig_close(&rig);
    }
}

static void test_the_instance_can_be_elsewhere_but_not_anywhere(void **state)
{
    static const struct {
        const char *endpoint, *mode, *base; /* NULL: refused without asking */
    } cases[] = {
        {"", "", "http://169.254.169.254/"},
        {"", "IPv6", "http://[fd00:ec2::254]/"},
        {"http://127.0.0.1:1338/", "", "http://127.0.0.1:1338/"},
        {"http://[fd00:ec2::254]", "", "http://[fd00:ec2::254]/"},
        {"http://example.com", "", NULL},
        {"http://127.0.0.1/?x", "", NULL},
    };
    static const struct fake_answer meta[] = {{.method = "PUT", .status = 403}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;
        rig_open(&rig);
        RIG_SCRIPT(&rig.meta, meta);
        rig_setenv(&rig, "AWS_EC2_METADATA_SERVICE_ENDPOINT", cases[i].endpoint);
        rig_setenv(&rig, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", cases[i].mode);
        (void)rig_get(&rig);
        if (cases[i].base) {
            assert_string_equal(
                fake_transport_log(&rig.meta),
                arena_printf(&rig.arena, "PUT %slatest/api/token\n", cases[i].base).ptr);
        } else {
            assert_int_equal(rig.meta.n_requests, 0);
            assert_int_equal(rig.err.kind, ERR_SETTINGS);
        }
        rig_close(&rig);
    }
}

/* Reads what the arena gave up, past the sanitizer that forbids looking there. */
static bool arena_holds(const struct arena *arena, const char *text)
{
    size_t size = arena->high;
    char *copy = calloc(1, size + 1);
    int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

    assert_non_null(copy);
    assert_true(fd >= 0 && size > 0);
    ssize_t got = pread(fd, copy, size, (off_t)(uintptr_t)arena->base);
    assert_int_equal(got, size);
    bool holds = memmem(copy, size, text, strlen(text)) != NULL;
    (void)close(fd);
    free(copy);
    return holds;
}

static void test_a_fetch_leaves_nothing_in_the_arena(void **state)
{
    static const struct fake_answer meta[] = {
        TOKEN_OK,
        {.method = "GET", .url = ROLES "node", .body = META_JSON("AKIDIMDS", IN_1H)},
        {.method = "GET", .url = ROLES, .body = "node\n"},
    };
    static const struct fake_answer sts[] = {{.body = ROLE_XML("AKIDROLE", IN_1H)}};
    struct arena scratch;
    struct sigv4_keys keys;
    struct rig rig;

    (void)state;
    rig_open(&rig);
    RIG_SCRIPT(&rig.meta, meta);
    RIG_SCRIPT(&rig.fake, sts);
    rig.options.role_arn = STR(ROLE_ARN);
    rig.creds = aws_creds_new(&rig.options);
    arena_init(&scratch, (size_t)1 << 20);
    (void)arena_str(&scratch, STR("Before"));
    arena_mark_t mark = arena_mark(&scratch);
    assert_true(aws_creds_get(rig.creds, clock_now(&rig.clock), &scratch, &keys, &rig.err));
    assert_true(str_is(keys.access_key, "AKIDROLE"));
    assert_int_equal(arena_mark(&scratch), mark);
    assert_true(scratch.high > mark);
    assert_true(arena_holds(&scratch, "Before"));
    assert_false(arena_holds(&scratch, HUSH));
    arena_fini(&scratch);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_certain_addresses_are_asked_by_a_container),
        cmocka_unit_test(test_the_token_of_a_container_is_a_header_or_nothing),
        cmocka_unit_test(test_the_token_file_is_read_anew_each_time),
        cmocka_unit_test(test_what_a_container_answers),
        cmocka_unit_test(test_an_instance_is_asked_in_its_second_version_only),
        cmocka_unit_test(test_what_an_instance_answers),
        cmocka_unit_test(test_the_instance_can_be_elsewhere_but_not_anywhere),
        cmocka_unit_test(test_a_fetch_leaves_nothing_in_the_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/aws_error.h"
#include "base/attr.h"
#include "base/json.h"

static struct arena arena;

static void test_codes_are_cleaned_of_what_surrounds_them(void **state)
{
    static const struct {
        const char *raw, *clean;
    } cases[] = {
        {"ConflictException", "ConflictException"},
        {"com.amazon.kiro.controlplane#ConflictException", "ConflictException"},
        {"ConflictException:http://internal/coral/com.amazon/", "ConflictException"},
        {"com.x#ConflictException:http://a#b", "ConflictException"},
        {"ConflictException,http://x", "ConflictException"},
        {" ConflictException ", "ConflictException"},
        {"AWS.SimpleQueueService.NonExistentQueue", "AWS.SimpleQueueService.NonExistentQueue"},
        {"", ""},
        {"#", ""},
        {":", ""},
        {"Bad Code", ""},
        {"Code\nforged=1", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str clean = aws_error_clean(str_of(cases[i].raw), &arena);
        assert_string_equal(arena_cstr(&arena, clean), cases[i].clean);
    }
}

static const char *show(struct aws_error e)
{
    return arena_printf(&arena, "%.*s|%.*s|%.*s|%.*s|%.*s|%lld", STR_ARG(e.code),
                        STR_ARG(e.message), STR_ARG(e.reason), STR_ARG(e.resource_type),
                        STR_ARG(e.request_id), (long long)e.retry_after_ms)
        .ptr;
}

static const char *show_json(const char *body, const struct http_header *headers, size_t n)
{
    const struct http_response res = {
        .status = 400, .headers = headers, .n_headers = n, .body = str_of(body)};

    return show(aws_error_json(&res, &arena));
}

static void test_json_errors_are_read_in_all_their_spellings(void **state)
{
    static const struct {
        const char *body, *shown;
    } cases[] = {
        {"{\"__type\":\"com.amazonaws.identitystore#ConflictException\",\"Message\":\"m\","
         "\"RequestId\":\"r-1\",\"Reason\":\"UNIQUENESS_CONSTRAINT_VIOLATION\","
         "\"ResourceType\":\"USER\"}",
         "ConflictException|m|UNIQUENESS_CONSTRAINT_VIOLATION|USER|r-1|0"},
        {"{\"code\":\"ThrottlingException\",\"message\":\"slow\",\"RetryAfterSeconds\":3}",
         "ThrottlingException|slow||||3000"},
        {"{\"Code\":\"A\"}", "A|||||0"},
        {"{\"CODE\":\"A\",\"__type\":\"x#B\"}", "B|||||0"},
        {"{\"code\":7,\"__type\":null}", "|||||0"},
        {"{\"message\":\"two\\nlines\"}", "|two||||0"},
        {"[]", "|||||0"},
        {"", "|||||0"},
        {"<html>503</html>", "|||||0"},
        {"{\"__type\":\"A\"", "|||||0"},
        {"{\"__type\":\"ExpiredTokenException\",\"message\":\"the token FwoG...\"}",
         "ExpiredTokenException|||||0"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(show_json(cases[i].body, NULL, 0), cases[i].shown);
}

static void test_headers_fill_in_what_the_body_does_not_say(void **state)
{
    static const struct http_header headers[] = {
        {STR("X-Amzn-Errortype"), STR("AccessDeniedException:http://internal/")},
        {STR("x-amzn-requestid"), STR("req-9")},
        {STR("x-amz-retry-after"), STR("1500")},
        {STR("Retry-After"), STR("7")},
    };

    (void)state;
    assert_string_equal(show_json("", headers, 4), "AccessDeniedException||||req-9|1500");
    assert_string_equal(show_json("{\"__type\":\"B\",\"RequestId\":\"other\"}", headers, 4),
                        "B||||req-9|1500");
    assert_string_equal(show_json("", headers + 3, 1), "|||||7000");
}

static void test_xml_errors_are_read(void **state)
{
    static const struct {
        const char *body, *shown;
    } cases[] = {
        {"<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
         "<Type>Sender</Type><Code>AccessDenied</Code><Message>a &lt; b</Message></Error>"
         "<RequestId>r-2</RequestId></ErrorResponse>",
         "AccessDenied|a < b|||r-2|0"},
        {"<ErrorResponse><Error><Code>A</Code></Error>", "|||||0"},
        {"<html><Code>A</Code></html>", "|||||0"},
        {"{\"__type\":\"A\"}", "|||||0"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct http_response res = {.status = 403, .body = str_of(cases[i].body)};
        assert_string_equal(show(aws_error_xml(&res, &arena)), cases[i].shown);
    }
}

/* What a refused signature is answered with quotes the canonical request, the token in it. */
static void test_words_that_repeat_the_request_are_never_kept(void **state)
{
    static const char *const codes[] = {"InvalidSignatureException", "SignatureDoesNotMatch",
                                        "IncompleteSignature", "AuthFailure",
                                        "UnrecognizedClientException"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        const char *body =
            arena_printf(&arena,
                         "{\"__type\":\"%s\",\"message\":\"The request signature we calculated "
                         "does not match: x-amz-security-token:FwoGSECRET\"}",
                         codes[i])
                .ptr;
        const struct http_response res = {.status = 403, .body = str_of(body)};
        struct aws_error error = aws_error_json(&res, &arena);
        assert_int_equal(error.message.len, 0);
        assert_null(strstr(aws_error_words(&error, 403, 0, &arena).ptr, "FwoGSECRET"));
    }
}

static void test_what_an_error_asks_for_and_what_it_proves(void **state)
{
    static const struct {
        const char *code, *reason;
        int status;
        const char *kind;
        bool no_effect;
    } cases[] = {
        {"ThrottlingException", "", 400, "unavailable", true},
        {"", "", 429, "unavailable", true},
        {"InternalServerException", "", 500, "unavailable", false},
        {"SomethingNew", "", 500, "unavailable", false},
        {"SomethingNew", "", 400, "refused", false},
        {"", "", 403, "refused", false},
        {"", "", 302, "remote", false},
        {"AccessDeniedException", "", 400, "refused", true},
        {"AccessDeniedException", "KMS_ACCESS_DENIED", 400, "refused", true},
        {"ResourceNotFoundException", "", 404, "remote", true},
        {"ResourceNotFoundException", "KMS_KEY_NOT_FOUND", 404, "refused", true},
        {"ThrottlingException", "KMS_THROTTLING", 400, "unavailable", true},
        {"ConflictException", "", 409, "remote", false},
        {"ValidationException", "", 400, "refused", true},
        {"ExpiredTokenException", "", 400, "refused", true},
        {"ServiceQuotaExceededException", "", 402, "refused", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct aws_error error = {.code = str_of(cases[i].code),
                                        .reason = str_of(cases[i].reason)};
        assert_string_equal(err_kind_name(aws_error_kind(&error, cases[i].status)), cases[i].kind);
        assert_int_equal(aws_error_no_effect(&error, cases[i].status), cases[i].no_effect);
    }
}

static void test_the_sentence_says_what_to_do_where_that_is_known(void **state)
{
    static const struct {
        struct aws_error error;
        int status;
        int64_t skew_ms;
        const char *words;
    } cases[] = {
        {{.code = STR("AccessDeniedException"), .message = STR("no"), .request_id = STR("r-1")},
         403,
         0,
         "403 AccessDeniedException: no (request r-1)"},
        {{.message = STR("gone")}, 410, 0, "410 without an error code: gone"},
        {{.code = STR("ResourceNotFoundException"), .reason = STR("KMS_KEY_NOT_FOUND")},
         404,
         0,
         "404 ResourceNotFoundException; KMS_KEY_NOT_FOUND: the instance uses an encryption key of "
         "its own, on which this role needs kms:Decrypt"},
        {{.code = STR("InvalidSignatureException")},
         400,
         400000,
         "400 InvalidSignatureException; this host's clock is 400 seconds slow"},
        {{.code = STR("RequestTimeTooSkewed")},
         403,
         -400000,
         "403 RequestTimeTooSkewed; this host's clock is 400 seconds fast"},
        {{.code = STR("InvalidSignatureException")}, 400, 5000, "400 InvalidSignatureException"},
        {{.code = STR("OptInRequired")},
         403,
         0,
         "403 OptInRequired; the region is not enabled for this account"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(
            aws_error_words(&cases[i].error, cases[i].status, cases[i].skew_ms, &arena).ptr,
            cases[i].words);
    }
}

static void test_long_and_foul_messages_become_one_short_line(void **state)
{
    char body[4000];
    struct aws_error error;

    (void)state;
    memcpy(body, "{\"message\":\"\\u001b[31m", 21);
    memset(body + 21, 'x', 3000);
    memcpy(body + 3021, "\"}", 3);
    const struct http_response res = {.status = 400, .body = str_of(body)};
    error = aws_error_json(&res, &arena);
    assert_int_equal(error.message.len, 500);
    assert_null(memchr(error.message.ptr, 0x1b, error.message.len));
    assert_true(aws_error_words(&error, 400, 0, &arena).len < 300);
}

static int setup(void **state)
{
    (void)state;
    json_init();
    arena_init(&arena, (size_t)16 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_are_cleaned_of_what_surrounds_them),
        cmocka_unit_test(test_json_errors_are_read_in_all_their_spellings),
        cmocka_unit_test(test_headers_fill_in_what_the_body_does_not_say),
        cmocka_unit_test(test_xml_errors_are_read),
        cmocka_unit_test(test_words_that_repeat_the_request_are_never_kept),
        cmocka_unit_test(test_what_an_error_asks_for_and_what_it_proves),
        cmocka_unit_test(test_the_sentence_says_what_to_do_where_that_is_known),
        cmocka_unit_test(test_long_and_foul_messages_become_one_short_line),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "http/http.h"

static void test_a_failure_reads_as_method_path_and_reason(void **state)
{
    static const struct {
        struct http_response res;
        enum err_kind kind;
        const char *message;
    } cases[] = {
        {{.outcome = HTTP_ANSWERED, .status = 403},
         ERR_REFUSED,
         "PUT /api/v1/groups/00g/users/00u: 403 Forbidden"},
        {{.outcome = HTTP_ANSWERED, .status = 401},
         ERR_REFUSED,
         "PUT /api/v1/groups/00g/users/00u: 401 Unauthorized"},
        {{.outcome = HTTP_ANSWERED, .status = 404},
         ERR_REMOTE,
         "PUT /api/v1/groups/00g/users/00u: 404 Not Found"},
        {{.outcome = HTTP_ANSWERED, .status = 503},
         ERR_UNAVAILABLE,
         "PUT /api/v1/groups/00g/users/00u: 503 Service Unavailable"},
        {{.outcome = HTTP_ANSWERED, .status = 302},
         ERR_REMOTE,
         "PUT /api/v1/groups/00g/users/00u: 302 redirect, not followed"},
        {{.outcome = HTTP_ANSWERED, .status = 599},
         ERR_UNAVAILABLE,
         "PUT /api/v1/groups/00g/users/00u: 599 server error"},
        {{.outcome = HTTP_ANSWERED, .status = 205},
         ERR_REMOTE,
         "PUT /api/v1/groups/00g/users/00u: 205 unexpected success"},
        {{.outcome = HTTP_LOST, .kind = ERR_REMOTE, .why = {"too large", 9}},
         ERR_REMOTE,
         "PUT /api/v1/groups/00g/users/00u: too large"},
    };
    static const struct http_header secret = {STR("Authorization"), STR("SSWS hunter2")};
    const struct http_request req = {
        .method = HTTP_PUT,
        .url = STR("https://acme.okta.com/api/v1/groups/00g/users/00u?token=hunter2"),
        .headers = &secret,
        .n_headers = 1};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {0};

        assert_false(http_response_err(&req, &cases[i].res, &err));
        assert_string_equal(err.msg, cases[i].message);
        assert_int_equal(err.kind, cases[i].kind);
    }
}

static void test_a_header_with_two_values_is_said_to_be_doubled(void **state)
{
    static const struct http_header headers[] = {
        {STR("A"), STR("1")}, {STR("B"), STR("1")}, {STR("a"), STR("1")}, {STR("b"), STR("2")}};
    const struct http_response res = {.headers = headers, .n_headers = 4};
    bool doubled = true;

    (void)state;
    assert_true(str_is(http_response_header(&res, "a", &doubled), "1"));
    assert_false(doubled);
    assert_true(str_is(http_response_header(&res, "b", &doubled), "1"));
    assert_true(doubled);
    assert_int_equal(http_response_header(&res, "c", &doubled).len, 0);
    assert_false(doubled);
    assert_true(str_is(http_response_header(&res, "B", NULL), "1"));
}

static void test_methods_have_their_names(void **state)
{
    (void)state;
    assert_string_equal(http_method_name(HTTP_GET), "GET");
    assert_string_equal(http_method_name(HTTP_PUT), "PUT");
    assert_string_equal(http_method_name(HTTP_POST), "POST");
    assert_string_equal(http_method_name(HTTP_DELETE), "DELETE");
    assert_string_equal(http_method_name(HTTP_PATCH), "PATCH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_failure_reads_as_method_path_and_reason),
        cmocka_unit_test(test_a_header_with_two_values_is_said_to_be_doubled),
        cmocka_unit_test(test_methods_have_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

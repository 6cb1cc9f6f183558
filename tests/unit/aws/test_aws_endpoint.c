#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/aws_endpoint.h"
#include "base/attr.h"

static struct arena arena;

static void test_hosts_follow_the_partition_of_their_region(void **state)
{
    static const struct {
        enum aws_service service;
        const char *region, *kiro, *url;
    } cases[] = {
        {AWS_IDENTITYSTORE, "eu-central-1", "", "https://identitystore.eu-central-1.amazonaws.com"},
        {AWS_SSO, "us-east-1", "", "https://sso.us-east-1.amazonaws.com"},
        {AWS_STS, "ap-northeast-1", "us-east-1", "https://sts.ap-northeast-1.amazonaws.com"},
        {AWS_SUBSCRIPTIONS, "ap-northeast-1", "us-east-1",
         "https://service.user-subscriptions.ap-northeast-1.amazonaws.com"},
        {AWS_Q, "ap-northeast-1", "us-east-1", "https://codewhisperer.us-east-1.amazonaws.com"},
        {AWS_CODEWHISPERER, "eu-central-1", "", "https://codewhisperer.eu-central-1.amazonaws.com"},
        {AWS_IDENTITYSTORE, "us-gov-west-1", "",
         "https://identitystore.us-gov-west-1.amazonaws.com"},
        {AWS_SSO, "cn-north-1", "", "https://sso.cn-north-1.amazonaws.com.cn"},
        {AWS_STS, "eusc-de-east-1", "", "https://sts.eusc-de-east-1.amazonaws.eu"},
        {AWS_STS, "eu-south-1", "", "https://sts.eu-south-1.amazonaws.com"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct aws_options options = {.region = str_of(cases[i].region),
                                            .kiro_region = str_of(cases[i].kiro)};
        assert_string_equal(aws_endpoint(&options, cases[i].service, &arena).ptr, cases[i].url);
    }
}

static void test_a_configured_endpoint_wins_and_the_region_stays(void **state)
{
    const struct aws_options options = {.region = STR("ap-northeast-1"),
                                        .kiro_region = STR("us-east-1"),
                                        .endpoints = {[AWS_Q] = STR("http://127.0.0.1:8551/q")}};

    (void)state;
    assert_string_equal(aws_endpoint(&options, AWS_Q, &arena).ptr, "http://127.0.0.1:8551/q");
    assert_true(str_is(aws_service_region(&options, AWS_Q), "us-east-1"));
    assert_true(str_is(aws_service_region(&options, AWS_SSO), "ap-northeast-1"));
}

static void test_a_site_is_what_the_signature_needs(void **state)
{
    static const struct {
        const char *base, *shown;
    } cases[] = {
        {"https://sso.us-east-1.amazonaws.com",
         "https://sso.us-east-1.amazonaws.com/ sso.us-east-1.amazonaws.com /"},
        {"https://h:443/", "https://h:443/ h /"},
        {"https://h:8443", "https://h:8443/ h:8443 /"},
        {"http://127.0.0.1:8551/sso/", "http://127.0.0.1:8551/sso 127.0.0.1:8551 /sso"},
        {"http://localhost:80", "http://localhost:80/ localhost /"},
        {"http://[::1]:99", "http://[::1]:99/ [::1]:99 /"},
        {"http://sso.us-east-1.amazonaws.com",
         "endpoint: plain http is for loopback addresses only, use https for "
         "sso.us-east-1.amazonaws.com"},
        {"https://user:pw@h", "endpoint: not an https URL of a host, without user name, fragment "
                              "and blanks"},
        {"https://h/?x=1", "endpoint: a base URL has no query"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_site site;
        struct err err = {0};
        bool ok = aws_site_of(str_of(cases[i].base), &arena, &site, &err);
        assert_string_equal(ok ? arena_printf(&arena, "%.*s %.*s %.*s", STR_ARG(site.url),
                                              STR_ARG(site.host), STR_ARG(site.path))
                                     .ptr
                               : err.msg,
                            cases[i].shown);
    }
}

static int setup(void **state)
{
    (void)state;
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
        cmocka_unit_test(test_hosts_follow_the_partition_of_their_region),
        cmocka_unit_test(test_a_configured_endpoint_wins_and_the_region_stays),
        cmocka_unit_test(test_a_site_is_what_the_signature_needs),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "http/url.h"

static const char *show(const char *text)
{
    static char out[512];
    struct url url;

    if (!url_parse(str_of(text), &url))
        return "refused";
    (void)snprintf(out, sizeof(out), "%.*s|%.*s|%u|%.*s|%.*s", STR_ARG(url.scheme),
                   STR_ARG(url.host), url.port, STR_ARG(url.path), STR_ARG(url.query));
    return out;
}

static void test_a_url_falls_into_its_parts(void **state)
{
    static const struct {
        const char *text, *parts;
    } cases[] = {
        {"https://acme.okta.com", "https|acme.okta.com|443||"},
        {"https://acme.okta.com/", "https|acme.okta.com|443|/|"},
        {"http://127.0.0.1:8080/a/b?c=d&e=f", "http|127.0.0.1|8080|/a/b|c=d&e=f"},
        {"HTTPS://Acme.Okta.com/API", "HTTPS|Acme.Okta.com|443|/API|"},
        {"https://h?x", "https|h|443||x"},
        {"https://h?x?y/z", "https|h|443||x?y/z"},
        {"https://h/p?", "https|h|443|/p|"},
        {"https://[::1]:99/x", "https|[::1]|99|/x|"},
        {"https://[2001:db8::7]/", "https|[2001:db8::7]|443|/|"},
        {"https://a_b-c.d:65535/%20", "https|a_b-c.d|65535|/%20|"},
        {"https://h//double", "https|h|443|//double|"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(show(cases[i].text), cases[i].parts);
}

static void test_what_two_parsers_may_read_differently_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "https",
        "https:",
        "https:/h",
        "https://",
        "https:///path",
        "https://:80",
        "ftp://h/",
        "//h/path",
        "/path",
        "javascript:alert(1)",
        "https://user@h/",
        "https://user:secret@h/",
        "https://good.example@evil.example/",
        "https://h/#fragment",
        "https://h#",
        "https://h/a b",
        " https://h/",
        "https://h/\t",
        "https://h/\n",
        "https://h/\x7f",
        "https://h/\xc3\xa9",
        "https://h\\@evil/",
        "https://h/a\\b",
        "https://h:0/",
        "https://h:65536/",
        "https://h:/",
        "https://h:8a/",
        "https://h:-1/",
        "https://h:+80/",
        "https://h:000080/",
        "https://h:80:80/",
        "https://.h/",
        "https://-h/",
        "https://a..b/",
        "https://h%41/",
        "https://h,i/",
        "https://[::1/",
        "https://::1/",
        "https://[]/",
        "https://[::1]x/",
        "https://[::zz]/",
        "https://[1.2.3.4]/",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (strcmp(show(cases[i]), "refused") != 0)
            fail_msg("`%s` was read as %s", cases[i], show(cases[i]));
    }
}

static void test_a_nul_inside_a_url_is_refused(void **state)
{
    struct url url;

    (void)state;
    assert_false(url_parse((struct str){"https://h/\0x", 12}, &url));
    assert_false(url_parse((struct str){"https://h\0.evil/", 16}, &url));
}

static void test_an_origin_is_scheme_host_and_port(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"https://h/a", "https://h/b?c", true},   {"https://h", "https://h:443/", true},
        {"http://h", "http://h:80/", true},       {"https://H/", "HTTPS://h/", true},
        {"https://h/", "http://h/", false},       {"https://h/", "https://h:444/", false},
        {"https://h:80/", "http://h:80/", false}, {"https://h/", "https://h.evil/", false},
        {"https://h/", "https://h./", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct url a, b;

        assert_true(url_parse(str_of(cases[i].a), &a));
        assert_true(url_parse(str_of(cases[i].b), &b));
        assert_int_equal(url_same_origin(&a, &b), cases[i].same);
        assert_int_equal(url_same_origin(&b, &a), cases[i].same);
    }
}

static void test_loopback_is_an_address_and_not_a_look_alike(void **state)
{
    static const struct {
        const char *text;
        bool loopback;
    } cases[] = {
        {"http://127.0.0.1/", true},
        {"http://127.255.3.4:9/", true},
        {"http://localhost/", true},
        {"http://LocalHost/", true},
        {"http://[::1]/", true},
        {"http://[0:0:0:0:0:0:0:1]/", true},
        {"http://128.0.0.1/", false},
        {"http://127.1/", false},
        {"http://0177.0.0.1/", false},
        {"http://0x7f.0.0.1/", false},
        {"http://2130706433/", false},
        {"http://127.0.0.1.evil.example/", false},
        {"http://127.0.0.1./", false},
        {"http://localhost.evil.example/", false},
        {"http://notlocalhost/", false},
        {"http://[::2]/", false},
        {"http://[::ffff:127.0.0.1]/", false},
        {"http://0.0.0.0/", false},
        {"http://10.0.0.1/", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct url url;

        assert_true(url_parse(str_of(cases[i].text), &url));
        if (url_is_loopback(&url) != cases[i].loopback)
            fail_msg("%s", cases[i].text);
    }
}

static void test_a_base_url_is_https_without_query_and_trailing_slash(void **state)
{
    static const struct {
        const char *text, *base; /* base NULL: refused */
    } cases[] = {
        {"https://acme.okta.com", "https://acme.okta.com"},
        {"https://acme.okta.com/", "https://acme.okta.com"},
        {"https://acme.okta.com///", "https://acme.okta.com"},
        {"https://h/okta/", "https://h/okta"},
        {"http://127.0.0.1:7000/", "http://127.0.0.1:7000"},
        {"http://[::1]:7000", "http://[::1]:7000"},
        {"http://acme.okta.com", NULL},
        {"https://acme.okta.com?x=1", NULL},
        {"https://acme.okta.com/?", NULL},
        {"https://u:hunter2@acme.okta.com", NULL},
        {"acme.okta.com", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str base = {0};
        struct err err = {0};
        bool ok = url_check_base(str_of(cases[i].text), &base, &err);

        assert_int_equal(ok, cases[i].base != NULL);
        if (ok) {
            assert_true(str_is(base, cases[i].base));
            continue;
        }
        assert_int_equal(err.kind, ERR_SETTINGS);
        assert_true(err.msg[0] != '\0');
        assert_null(strstr(err.msg, "hunter2"));
        assert_null(base.ptr);
    }
}

/* Whatever is accepted has no byte outside printable ASCII, and its parts stand in the text in
 * their order without overlap. */
static void test_accepted_urls_are_made_of_their_parts(void **state)
{
    static const char alphabet[] = "https://h.1:[]@#?&\\ \x01\x80%80ab";
    unsigned accepted = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 10000; seed++) {
        struct rng rng = rng_seed(seed);
        char text[64] = "https://h";
        size_t len = (size_t)rng_between(&rng, 0, 9);
        struct url url;

        while (len < 40 && rng_chance(&rng, 90))
            text[len++] = alphabet[rng_below(&rng, sizeof(alphabet) - 1)];
        if (!url_parse((struct str){text, len}, &url))
            continue;
        accepted++;
        bool in_order = url.scheme.ptr == text && url.host.ptr > url.scheme.ptr &&
                        (url.path.len == 0 || url.path.ptr >= url.host.ptr + url.host.len) &&
                        url.port >= 1 && url.port <= 65535 && url.host.len > 0;
        for (size_t i = 0; i < len; i++)
            in_order = in_order && text[i] > ' ' && text[i] < 0x7f;
        if (!in_order)
            fail_msg("seed %llu: %.*s", (unsigned long long)seed, (int)len, text);
    }
    assert_true(accepted > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_url_falls_into_its_parts),
        cmocka_unit_test(test_what_two_parsers_may_read_differently_is_refused),
        cmocka_unit_test(test_a_nul_inside_a_url_is_refused),
        cmocka_unit_test(test_an_origin_is_scheme_host_and_port),
        cmocka_unit_test(test_loopback_is_an_address_and_not_a_look_alike),
        cmocka_unit_test(test_a_base_url_is_https_without_query_and_trailing_slash),
        cmocka_unit_test(test_accepted_urls_are_made_of_their_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

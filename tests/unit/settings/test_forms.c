#include "settings/settings_table.h"
#include "unit/settings/help.h"

static const struct {
    const struct text_form *form;
    const char *right[14];
    const char *wrong[20];
} cases[] = {
    {&form_text,
     {"a", "Kiro for engineers", "\xe7\x94\xb3\xe8\xab\x8b"},
     {" a", "a ", "a\nb", "a\tb", "a\x7f", "a\xc2\x85", "a\xe2\x80\xae", "\xef\xbb\xbf-"}},
    {&form_name, {"kiro-jp", "0oa1", "a.b_c"}, {"-a", ".a", "a b", "a/b", "\xc3\xa4"}},
    {&form_login, {"ada@example.com", "ada"}, {"a b", "a,b", " a"}},
    {&form_domain,
     {"example.com", "localhost", "a-b.c"},
     {"@example.com", "a@b.c", ".com", "a.", "a b"}},
    {&form_url,
     {"https://acme.okta.com", "https://acme.okta.com:8443/x", "http://127.0.0.1:80",
      "http://localhost", "http://[::1]:8080", "https://[2001:db8::1]/", "http://127.9.9.9"},
     {"",
      "ftp://a",
      "https://",
      "https:///x",
      "http://a.example",
      "https://u@a",
      "https://a b",
      "https://a?b",
      "https://a#b",
      "https://a:0",
      "https://a:65536",
      "https://a:",
      "https://[::1",
      "https://[::1]x",
      "http://127.0.0.1.evil.example",
      "http://127.0.0.256",
      "http://0.0.0.0",
      "https://a\\b",
      "http://localhost.evil.example",
      "HTTPS://a"}},
    {&form_date,
     {"2026-11-30", "2028-02-29", "2000-02-29"},
     {"2026-02-29", "2100-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "2026-01-00",
      "1999-01-01", "2026/01/01", "today", "2026-01-01x", "2026-01--1"}},
    {&form_time, {"00:00", "23:59"}, {"24:00", "9:30", "12:60", "12.30", "12:3x"}},
    {&form_zone,
     {"UTC", "Asia/Tokyo", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5"},
     {"", "Asia", "asia/tokyo", "Mars/Base", "../zoneinfo/UTC", "/UTC", "zone.tab", "tzdata.zi",
      "right/UTC", "posix/UTC", "Asia/../UTC"}},
    {&form_region,
     {"eu-central-1", "us-gov-west-1", "ap-northeast-1"},
     {"", "eu", "eu-central", "eu--1", "a-b-c-d-1", "eu-central-x"}},
    {&form_account, {"012345678901"}, {"12345678901", "1234567890123", "12345678901a"}},
    {&form_arn,
     {"arn:aws:sso:::instance/x", "arn:aws-us-gov:iam::1:role/x"},
     {"arn:x", "arn:aws:sso::", "arn:aws:sso:::", "aws:sso:::instance/x", "arn:aws:a:b:c:d e"}},
    {&form_env, {"OKTA_TOKEN", "_x", "a1"}, {"1a", "A-B", "A B", "$A", "A="}},
    {&form_sha256,
     {"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
     {"", "9f86", "9F86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a0g"}},
    {&form_listen,
     {"127.0.0.1:8437", "[::1]:80", "localhost:1"},
     {"127.0.0.1", "[::1]", ":80", "0.0.0.0:80", "192.168.0.1:80", "127.0.0.1:0", "127.1:80"}},
    {&form_command, {"/seat", "/my-seat"}, {"seat", "/", "/a b", "//a"}},
    {&form_currency, {"USD"}, {"usd", "US", "USDT", "US1"}},
    {&form_channel,
     {"C0123456789", "G01234567", "D0123456789"},
     {"general", "#general", "C01", "c0123456789", "C0123-56789"}},
    {&form_path, {"/etc/x", "x", "../x", "a b"}, {"~/x", "a\nb", " x"}},
};

static void check_right(const struct text_form *form, const char *text)
{
    const char *why = form->wrong(str_of(text));

    if (why)
        fail_msg("%s: `%s` was refused: %s", form->name, text, why);
}

static void check_wrong(const struct text_form *form, const char *text)
{
    const char *why = form->wrong(str_of(text));

    if (!why)
        fail_msg("%s: `%s` was taken", form->name, text);
    assert_true(str_starts(str_of(why), STR("must ")));
}

static void test_each_form_knows_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t k = 0; k < ARRAY_LEN(cases[i].right) && cases[i].right[k]; k++)
            check_right(cases[i].form, cases[i].right[k]);
        for (size_t k = 0; k < ARRAY_LEN(cases[i].wrong) && cases[i].wrong[k]; k++)
            check_wrong(cases[i].form, cases[i].wrong[k]);
    }
}

/* A quoted text may hold a byte of zero, which is no end of it. */
static void test_a_zero_byte_suits_no_form(void **state)
{
    static const struct text_form *const forms[] = {
        &form_text,   &form_name,    &form_login,   &form_domain,   &form_url,
        &form_region, &form_account, &form_arn,     &form_env,      &form_listen,
        &form_path,   &form_command, &form_channel, &form_currency, &form_zone};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
            if (cases[k].form != forms[i])
                continue;
            char text[64] = {0};
            size_t len = strlen(cases[k].right[0]);

            memcpy(text, cases[k].right[0], len);
            text[len - 1] = '\0';
            assert_non_null(forms[i]->wrong((struct str){text, len}));
            text[0] = '\0';
            assert_non_null(forms[i]->wrong((struct str){text, len}));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_form_knows_its_own),
        cmocka_unit_test(test_a_zero_byte_suits_no_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/clock.h"
#include "settings/settings_scalar.h"
#include "unit/settings/help.h"

static void test_decimal_text_is_read_without_rounding(void **state)
{
    static const struct {
        const char *text;
        unsigned digits;
        int64_t value; /* -1: refused */
    } cases[] = {
        {"20", 2, 2000},
        {"20.0", 2, 2000},
        {"20.00", 2, 2000},
        {"0.29", 2, 29},
        {"0", 2, 0},
        {"00012.5", 2, 1250},
        {"19.999", 2, -1},
        {"20.", 2, -1},
        {".5", 2, -1},
        {"", 2, -1},
        {"-1", 2, -1},
        {"+1", 2, -1},
        {"1e3", 2, -1},
        {"1,000", 2, -1},
        {" 1", 2, -1},
        {"1.2.3", 2, -1},
        {"155", 0, 155},
        {"155.0", 0, -1},
        {"1.234", 3, 1234},
        {"0.92", 6, 920000},
        {"92233720368547758.07", 2, INT64_MAX},
        {"92233720368547758.08", 2, -1},
        {"9223372036854775807", 2, -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t value = -1;

        assert_int_equal(decimal_read(str_of(cases[i].text), cases[i].digits, &value),
                         cases[i].value >= 0);
        assert_int_equal(value, cases[i].value);
    }
}

static void test_decimal_text_is_written_as_it_is_read(void **state)
{
    static const struct {
        int64_t value;
        unsigned digits;
        bool is_short;
        const char *text;
    } cases[] = {
        {2000, 2, false, "20.00"},   {5, 2, false, "0.05"},
        {0, 2, false, "0.00"},       {155, 0, false, "155"},
        {1234, 3, false, "1.234"},   {155000000, 6, true, "155"},
        {920000, 6, true, "0.92"},   {1, 6, true, "0.000001"},
        {100000000, 6, true, "100"}, {INT64_MAX, 2, false, "92233720368547758.07"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str text = decimal_text(cases[i].value, cases[i].digits, cases[i].is_short, *state);
        int64_t back = -1;

        assert_true(str_is(text, cases[i].text));
        assert_true(decimal_read(text, cases[i].digits, &back));
        assert_int_equal(back, cases[i].value);
    }
}

static void test_currencies_have_their_minor_units(void **state)
{
    (void)state;
    assert_int_equal(currency_digits(STR("USD")), 2);
    assert_int_equal(currency_digits(STR("EUR")), 2);
    assert_int_equal(currency_digits(STR("JPY")), 0);
    assert_int_equal(currency_digits(STR("KRW")), 0);
    assert_int_equal(currency_digits(STR("KWD")), 3);
    assert_int_equal(currency_digits(STR("P K")), 2);
    assert_int_equal(currency_digits(STR("")), 2);
}

static const struct setting span = {
    .type = SETTING_SPAN, .flags = SETTING_OFF, .min = TIME_MINUTE, .max = TIME_DAY};
static const struct setting count = {.type = SETTING_INT, .min = 1, .max = 100};
static const struct setting truth = {.type = SETTING_BOOL};
static const struct setting word = {
    .type = SETTING_WORD, .words = "one two three", .later = "two", .instead = "use `one`"};
static const struct setting price = {.type = SETTING_MONEY, .min = 0, .max = 100000};
static const struct setting name = {.type = SETTING_TEXT, .form = &form_name};
static const struct setting listen = {
    .type = SETTING_TEXT, .form = &form_listen, .flags = SETTING_EMPTY};
static const struct setting url = {.type = SETTING_TEXT, .form = &form_url};

/* What a text becomes: its canonical form, or `! ` and what is wrong with it. */
static const char *result(const struct setting *row, const char *text, struct arena *arena)
{
    struct scalar_rules rules = {.minor_digits = 2, .arena = arena};
    struct value value;
    struct value again;
    struct str wrong = {0};

    if (!scalar_read(&rules, row, str_of(text), &value, &wrong))
        return arena_printf(arena, "! %.*s", STR_ARG(wrong)).ptr;
    struct str canonical = scalar_text(&rules, row, &value);
    assert_true(scalar_read(&rules, row, canonical, &again, &wrong));
    assert_int_equal(again.number, value.number);
    assert_true(str_eq(again.text, value.text));
    return arena_cstr(arena, canonical);
}

static void test_text_becomes_a_value_or_a_sentence(void **state)
{
    static const struct {
        const struct setting *row;
        const char *text, *result;
    } cases[] = {
        {&span, "60m", "1h"},
        {&span, "off", "off"},
        {&span, "1d", "1d"},
        {&span, "59s", "! must be 1m to 1d, not 59s"},
        {&span, "1d1s", "! must be 1m to 1d, not 1d1s"},
        {&span, "-5m", "! must be a duration, such as 30s, 5m, 2h or 7d, or off, not `-5m`"},
        {&count, "007", "7"},
        {&count, "100", "100"},
        {&count, "0", "! must be 1 to 100, not 0"},
        {&count, "1e2", "! must be a whole number, not `1e2`"},
        {&count, "99999999999999999999", "! must be a whole number, not `99999999999999999999`"},
        {&truth, "true", "true"},
        {&truth, "false", "false"},
        {&truth, "True", "! must be true or false, not `True`"},
        {&word, "three", "three"},
        {&word, "two", "! `two` is not in this version: use `one`"},
        {&word, "tree", "! must be one or three, not `tree`"},
        {&word, "one two", "! must be one or three, not `one two`"},
        {&word, "", "! must be one or three, not ``"},
        {&price, "20", "20.00"},
        {&price, "1000.01", "! must be 0.00 to 1000.00, not 1000.01"},
        {&price, "20 USD", "! must be an amount such as \"20.00\", not `20 USD`"},
        {&name, "", "! must not be empty"},
        {&listen, "", ""},
        {&url, "https://a.example//", "https://a.example"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(result(cases[i].row, cases[i].text, *state), cases[i].result);
}

static void test_what_is_repeated_to_the_user_is_short_and_printable(void **state)
{
    char endless[300];

    memset(endless, 'x', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_string_equal(result(&count, "\x1b[31mred\xe2\x80\xae", *state),
                        "! must be a whole number, not `\xef\xbf\xbd[31mred\xef\xbf\xbd`");
    assert_string_equal(result(&truth, endless, *state),
                        "! must be true or false, not "
                        "`xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...`");
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, help_setup, help_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(test_decimal_text_is_read_without_rounding),
        WITH_ARENA(test_decimal_text_is_written_as_it_is_read),
        WITH_ARENA(test_currencies_have_their_minor_units),
        WITH_ARENA(test_text_becomes_a_value_or_a_sentence),
        WITH_ARENA(test_what_is_repeated_to_the_user_is_short_and_printable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

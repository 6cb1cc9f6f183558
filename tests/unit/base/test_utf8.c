#include "base/utf8.h"
#include "unit/base/prop.h"

static void test_validity_is_that_of_rfc_3629(void **state)
{
    static const struct {
        struct str text;
        bool valid;
    } cases[] = {
        {STR(""), true},
        {STR("plain text, long enough for a whole word at a time"), true},
        {STR("\0"), true},
        {STR("\x7F"), true},
        {STR("\xC2\x80"), true},
        {STR("\xDF\xBF"), true},
        {STR("\xE0\xA0\x80"), true},
        {STR("\xED\x9F\xBF"), true},
        {STR("\xEE\x80\x80"), true},
        {STR("\xEF\xBF\xBF"), true},
        {STR("\xF0\x90\x80\x80"), true},
        {STR("\xF4\x8F\xBF\xBF"), true},
        {STR("\x80"), false},
        {STR("\xBF"), false},
        {STR("\xC0\x80"), false},         /* overlong NUL */
        {STR("\xC1\xBF"), false},         /* overlong */
        {STR("\xE0\x9F\xBF"), false},     /* overlong */
        {STR("\xF0\x8F\xBF\xBF"), false}, /* overlong */
        {STR("\xED\xA0\x80"), false},     /* surrogate */
        {STR("\xED\xBF\xBF"), false},     /* surrogate */
        {STR("\xF4\x90\x80\x80"), false}, /* past U+10FFFF */
        {STR("\xF5\x80\x80\x80"), false}, /* past U+10FFFF */
        {STR("\xFF"), false},
        {STR("\xC3"), false},         /* cut off */
        {STR("\xE2\x82"), false},     /* cut off */
        {STR("\xF0\x9F\x98"), false}, /* cut off */
        {STR("\xC3("), false},
        {STR("\xE2\x28\xA1"), false},
        {STR("\xF0\x9F\x28\x80"), false},
        {STR("0123456789abcde\xC3"), false},
        {STR("01234567\x80 after a whole word"), false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (utf8_valid(cases[i].text) != cases[i].valid)
            fail_msg("case %zu", i);
    }
    assert_true(utf8_valid((struct str){0}));
}

static void test_next_gives_characters_and_steps_over_bad_bytes(void **state)
{
    struct str rest = STR("a\xC3\xA4\xFF\xE2\x82\xF0\x9F\x98\x80\xE2\x82\xAC");
    static const int32_t want[] = {'a', 0xE4, 0xFFFD, 0xFFFD, 0xFFFD, 0x1F600, 0x20AC, -1, -1};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_int_equal(utf8_next(&rest), want[i]);
}

static void test_printable_replaces_what_could_trick_a_terminal(void **state)
{
#define BAD "\xEF\xBF\xBD"
    static const struct {
        struct str text;
        const char *want;
    } cases[] = {
        {STR("plain"), "plain"},
        {STR("J\xC3\xBCrgen \xE5\xB1\xB1\xE7\x94\xB0"), "J\xC3\xBCrgen \xE5\xB1\xB1\xE7\x94\xB0"},
        {STR("a\nb\tc"), "a" BAD "b" BAD "c"},
        {STR("\x1b[31mred"), BAD "[31mred"},
        {STR("x\x7f"), "x" BAD},
        {STR("\0"), BAD},
        {STR("\xC2\x9B"
             "2J"),
         BAD "2J"}, /* C1 control sequence introducer */
        {STR("a\xE2\x80\xAE"
             "b"),
         "a" BAD "b"}, /* right-to-left override */
        {STR("a\xE2\x81\xA6"
             "b"),
         "a" BAD "b"}, /* isolate */
        {STR("a\xE2\x80\xA8"
             "b"),
         "a" BAD "b"}, /* line separator */
        {STR("\xFF\xFE"), BAD BAD},
        {STR("cut \xE2\x82"), "cut " BAD BAD},
        {STR("\xC2\xA0"), "\xC2\xA0"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str got = utf8_printable(cases[i].text, &arena);
        assert_string_equal(arena_cstr(&arena, got), cases[i].want);
    }
    assert_ptr_equal(utf8_printable(cases[1].text, &arena).ptr, cases[1].text.ptr); /* lent */
    arena_fini(&arena);
}

static void test_width_is_what_a_terminal_shows(void **state)
{
    static const struct {
        const char *text;
        size_t columns;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"J\xC3\xBCrgen", 6},
        {"Ju\xCC\x88rgen", 6},           /* u and a combining diaeresis */
        {"\xE5\xB1\xB1\xE7\x94\xB0", 4}, /* ideographs */
        {"\xED\x95\x9C\xEA\xB5\xAD", 4}, /* Hangul */
        {"\xE3\x82\xAB\xE3\x81\xAA", 4}, /* kana */
        {"\xEF\xBC\xA1", 2},             /* fullwidth A */
        {"\xEF\xBD\xB6", 1},             /* halfwidth ka */
        {"\xF0\x9F\x98\x80", 2},         /* emoji */
        {"\xE2\x9C\x93", 1},             /* check mark */
        {"\xE2\x82\xAC", 1},             /* euro */
        {"a\xE2\x80\x8B"
         "b",
         2},                             /* zero width space */
        {"\xE2\x9D\xA4\xEF\xB8\x8F", 1}, /* heart, variation selector */
        {"\xE2\x94\x80\xE2\x94\x82", 2}, /* box drawing */
        {"\xFF", 1},                     /* shown as U+FFFD */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (utf8_width(str_of(cases[i].text)) != cases[i].columns)
            fail_msg("case %zu: %zu", i, utf8_width(str_of(cases[i].text)));
    }
}

static void test_every_code_point_is_taken_and_nothing_else(void **state)
{
    char bytes[4];

    (void)state;
    for (uint32_t code = 0; code < 0x120000; code++) {
        size_t len = put_utf8(bytes, code);
        bool is_character = code < 0xD800 || (code > 0xDFFF && code < 0x110000);
        struct str text = {bytes, len};
        if (utf8_valid(text) != is_character)
            fail_msg("U+%04X", code);
        if (is_character && (utf8_next(&text) != (int32_t)code || text.len != 0))
            fail_msg("U+%04X is read as another", code);
    }
}

static bool printable_is_valid_stable_and_harmless(struct rng *rng, struct arena *arena,
                                                   struct buf *say)
{
    struct str text = rng_chance(rng, 50) ? any_bytes(rng, 30, arena) : any_text(rng, 20, arena);
    struct str once = utf8_printable(text, arena);
    struct str twice = utf8_printable(once, arena);
    bool ok = utf8_valid(once) && twice.ptr == once.ptr && twice.len == once.len;

    for (size_t i = 0; i < once.len; i++)
        ok = ok && (unsigned char)once.ptr[i] >= 0x20 && once.ptr[i] != 0x7F;
    if (!ok)
        buf_add(say, text);
    return ok;
}

static bool valid_means_every_step_is_a_character(struct rng *rng, struct arena *arena,
                                                  struct buf *say)
{
    struct str text = any_bytes(rng, 6, arena);
    struct str rest = text;
    bool all = true;

    while (rest.len > 0) {
        size_t before = rest.len;
        int32_t code = utf8_next(&rest);
        all = all && !(code == 0xFFFD && before - rest.len == 1);
    }
    if (all == utf8_valid(text))
        return true;
    buf_add(say, text);
    return false;
}

static void test_printable_is_valid_stable_and_harmless(void **state)
{
    (void)state;
    for_all(printable_is_valid_stable_and_harmless);
}

static void test_valid_means_every_step_is_a_character(void **state)
{
    (void)state;
    for_all(valid_means_every_step_is_a_character);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validity_is_that_of_rfc_3629),
        cmocka_unit_test(test_next_gives_characters_and_steps_over_bad_bytes),
        cmocka_unit_test(test_printable_replaces_what_could_trick_a_terminal),
        cmocka_unit_test(test_width_is_what_a_terminal_shows),
        cmocka_unit_test(test_every_code_point_is_taken_and_nothing_else),
        cmocka_unit_test(test_printable_is_valid_stable_and_harmless),
        cmocka_unit_test(test_valid_means_every_step_is_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

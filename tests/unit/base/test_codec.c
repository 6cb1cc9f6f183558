#include "base/codec.h"
#include "unit/base/prop.h"

static int open_arena(void **state)
{
    static struct arena arena;

    arena_init(&arena, (size_t)4 << 20);
    *state = &arena;
    return 0;
}

static int close_arena(void **state)
{
    arena_fini(*state);
    return 0;
}

static void test_encoders_give_the_published_vectors(void **state)
{
    static const struct {
        const char *bytes, *base64, *base64url, *hex;
    } cases[] = {
        {"", "", "", ""},
        {"f", "Zg==", "Zg", "66"},
        {"fo", "Zm8=", "Zm8", "666f"},
        {"foo", "Zm9v", "Zm9v", "666f6f"},
        {"foob", "Zm9vYg==", "Zm9vYg", "666f6f62"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172"},
        {"\xFB\xEF\xFF", "++//", "--__", "fbefff"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str bytes = str_of(cases[i].bytes);
        assert_string_equal(base64_encode(bytes, *state).ptr, cases[i].base64);
        assert_string_equal(base64url_encode(bytes, *state).ptr, cases[i].base64url);
        assert_string_equal(hex_encode(bytes, *state).ptr, cases[i].hex);
    }
}

static void test_base64url_refuses_all_but_the_one_spelling(void **state)
{
    static const char *const bad[] = {"A",    "Zg==", "Zg=", "Zm 9v", "Zm9v\n", "Zm+v",
                                      "Zm/v", "Zh",   "Zm9", "Zm9vA", "Zm9v.",  "\xC3\xA4"};
    struct str out = STR("untouched");

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (base64url_decode(str_of(bad[i]), *state, &out))
            fail_msg("`%s` was taken", bad[i]);
    }
    assert_true(str_is(out, "untouched"));
    assert_true(base64url_decode(STR("--__Zg"), *state, &out));
    assert_true(str_is(out, "\xFB\xEF\xFF"
                            "f"));
    assert_true(base64url_decode((struct str){0}, *state, &out) && out.len == 0);
}

static void test_hex_is_pairs_of_digits_in_either_case(void **state)
{
    struct str out;

    assert_true(hex_decode(STR("00fFAb"), *state, &out));
    assert_true(str_eq(out, STR("\x00\xFF\xAB")));
    assert_false(hex_decode(STR("0"), *state, &out));
    assert_false(hex_decode(STR("0g"), *state, &out));
    assert_false(hex_decode(STR("0x"), *state, &out));
    assert_false(hex_decode(STR(" 0"), *state, &out));
}

static void test_percent_encoding_leaves_the_unreserved_alone(void **state)
{
    const char *unreserved = "ABCXYZabcxyz0189-._~";

    assert_string_equal(percent_encode(str_of(unreserved), *state).ptr, unreserved);
    assert_string_equal(percent_encode(STR("a b/c?d=e&f+g%\"\xC3\xA4\n"), *state).ptr,
                        "a%20b%2Fc%3Fd%3De%26f%2Bg%25%22%C3%A4%0A");
    assert_string_equal(percent_encode(STR("\0"), *state).ptr, "%00");
}

static void test_percent_decoding_is_strict(void **state)
{
    static const char *const bad[] = {"%",   "%4",       "%4g", "%G0", "a%",
                                      "a b", "\xC3\xA4", "\n",  "\x7f"};
    struct str out;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (percent_decode(str_of(bad[i]), *state, &out))
            fail_msg("`%s` was taken", bad[i]);
    }
    assert_true(percent_decode(STR("a%2fb%2F+%c3%A4%00"), *state, &out));
    assert_true(str_eq(out, STR("a/b/+\xC3\xA4\0")));
}

static void test_short_ids_are_crockford_base_32(void **state)
{
    static const unsigned char bytes[] = {0x00, 0x44, 0x32, 0x14, 0xC7, 0xFF, 0xFF};

    assert_string_equal(base32_id(bytes, 8, *state).ptr, "01234567"); /* 0, 1, 2 ... 7 in fives */
    assert_string_equal(base32_id(bytes + 5, 3, *state).ptr, "ZZZ");
    assert_string_equal(base32_id(bytes, 0, *state).ptr, "");
}

static bool decoding_gives_what_was_encoded(struct rng *rng, struct arena *arena, struct buf *say)
{
    struct str bytes = any_bytes(rng, 40, arena);
    struct str hex = {0}, base64 = {0}, percent = {0};
    bool ok = hex_decode(hex_encode(bytes, arena), arena, &hex) &&
              base64url_decode(base64url_encode(bytes, arena), arena, &base64) &&
              percent_decode(percent_encode(bytes, arena), arena, &percent) && str_eq(hex, bytes) &&
              str_eq(base64, bytes) && str_eq(percent, bytes);

    buf_add(say, hex_encode(bytes, arena));
    if (ok)
        buf_clear(say);
    return ok;
}

static bool what_decodes_encodes_back_to_itself(struct rng *rng, struct arena *arena,
                                                struct buf *say)
{
    static const char digits[] = "ABYZabyz0189-_=+";
    char text[12];
    size_t len = (size_t)rng_below(rng, sizeof(text));
    struct str out;

    for (size_t i = 0; i < len; i++)
        text[i] = digits[rng_below(rng, sizeof(digits) - 1)];
    struct str given = {text, len};
    if (!base64url_decode(given, arena, &out) || str_eq(base64url_encode(out, arena), given))
        return true;
    buf_add(say, given);
    return false;
}

static void test_decoding_gives_what_was_encoded(void **state)
{
    (void)state;
    for_all(decoding_gives_what_was_encoded);
}

static void test_no_two_base64url_texts_stand_for_the_same_bytes(void **state)
{
    (void)state;
    for_all(what_decodes_encodes_back_to_itself);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoders_give_the_published_vectors),
        cmocka_unit_test(test_base64url_refuses_all_but_the_one_spelling),
        cmocka_unit_test(test_hex_is_pairs_of_digits_in_either_case),
        cmocka_unit_test(test_percent_encoding_leaves_the_unreserved_alone),
        cmocka_unit_test(test_percent_decoding_is_strict),
        cmocka_unit_test(test_short_ids_are_crockford_base_32),
        cmocka_unit_test(test_decoding_gives_what_was_encoded),
        cmocka_unit_test(test_no_two_base64url_texts_stand_for_the_same_bytes),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}

#include "base/codec.h"
#include "base/jwt.h"
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

static void test_a_token_splits_into_what_was_signed(void **state)
{
    struct arena *arena = *state;
    struct key ec = {0}, rsa = {0};
    struct key *keys[] = {&ec, &rsa};
    struct err err = {0};

    assert_true(key_make_ec(&ec, &err) && key_make_rsa(&rsa, &err));
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct str header = arena_printf(arena, "{\"alg\":\"%s\"}", jwt_alg(keys[i]));
        struct str claims = STR("{\"iss\":\"0oa1\",\"exp\":1300819380}");
        struct jwt_parts parts;
        struct str token;
        assert_true(jwt_sign(keys[i], header, claims, arena, &token, &err));
        assert_true(jwt_split(token, arena, &parts, &err));
        assert_true(str_eq(parts.header, header));
        assert_true(str_eq(parts.claims, claims));
        assert_ptr_equal(parts.signed_text.ptr, token.ptr);
        assert_true(key_verify(keys[i], parts.signed_text, parts.signature));
        assert_false(key_verify(keys[1 - i], parts.signed_text, parts.signature));
    }
    assert_string_equal(jwt_alg(&ec), "ES256");
    assert_string_equal(jwt_alg(&rsa), "RS256");
    key_fini(&ec);
    key_fini(&rsa);
}

static void test_what_is_no_token_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        ".",
        "..",
        "e30",
        "e30.e30",
        "e30.e30.",
        ".e30.AAAA",
        "e30..AAAA",
        "e30.e3 0.AAAA",
        "e30.e30.AA=",
        "e30.e30.AAAA.AAAA",
        "e30.e30.AA+A",
        "e.e30.AAAA",
        "e30.e30.A",
    };
    struct jwt_parts parts = {.header = STR("untouched")};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};
        if (jwt_split(str_of(bad[i]), *state, &parts, &err))
            fail_msg("`%s` was taken", bad[i]);
        assert_int_equal(err.kind, ERR_REMOTE);
        assert_string_equal(err.msg, "not a signed JSON Web Token");
    }
    assert_true(str_is(parts.header, "untouched"));
    assert_true(jwt_split(STR("e30.e30.AAAA"), *state, &parts, NULL));
}

static void test_a_public_key_cannot_sign(void **state)
{
    CLEANUP(key_fini) struct key key = {0};
    CLEANUP(key_fini) struct key public = {0};
    struct err err = {0};
    struct str token;

    assert_true(key_make_ec(&key, &err));
    assert_true(key_public_from_pem(&public, key_public_pem(&key, *state), &err));
    assert_false(jwt_sign(&public, STR("{}"), STR("{}"), *state, &token, &err));
    assert_string_equal(err.msg, "token: signing failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_splits_into_what_was_signed),
        cmocka_unit_test(test_what_is_no_token_is_refused),
        cmocka_unit_test(test_a_public_key_cannot_sign),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}

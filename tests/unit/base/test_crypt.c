#include "base/codec.h"
#include "base/crypt.h"
#include "base/entropy.h"
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

static struct str bytes32(const unsigned char *bytes)
{
    return (struct str){(const char *)bytes, SHA256_SIZE};
}

static void test_digests_are_those_of_fips_180(void **state)
{
    static const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(sha256_hex_str(str_of(cases[i].text), *state).ptr, cases[i].hex);
}

static void test_a_million_bytes_in_pieces_give_the_digest_of_the_whole(void **state)
{
    char piece[997], hex[SHA256_HEX];
    struct sha256 sha;
    size_t left = 1000000;

    (void)state;
    memset(piece, 'a', sizeof(piece));
    sha256_init(&sha);
    while (left > 0) {
        size_t n = left < sizeof(piece) ? left : sizeof(piece);
        sha256_add(&sha, (struct str){piece, n});
        left -= n;
    }
    sha256_done_hex(&sha, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    assert_null(sha.ctx);
    sha256_fini(&sha);
    sha256_fini(NULL);
    sha256_init(&sha); /* may be left early */
    sha256_fini(&sha);
}

static void test_a_proof_binds_its_access_token_by_the_known_hash(void **state)
{
    unsigned char out[SHA256_SIZE];

    sha256_of(STR("abc"), out);
    assert_string_equal(base64url_encode(bytes32(out), *state).ptr,
                        "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}

static const char *fields_digest(struct str a, struct str b, struct arena *arena)
{
    struct sha256 sha;
    char hex[SHA256_HEX];

    sha256_init(&sha);
    sha256_add_field(&sha, a);
    sha256_add_field(&sha, b);
    sha256_done_hex(&sha, hex);
    return arena_cstr(arena, str_of(hex));
}

static void test_fields_cannot_run_into_each_other(void **state)
{
    struct sha256 sha;
    char number[SHA256_HEX];

    assert_string_not_equal(fields_digest(STR("ab"), STR("c"), *state),
                            fields_digest(STR("a"), STR("bc"), *state));
    assert_string_not_equal(fields_digest(STR(""), STR("a"), *state),
                            fields_digest(STR("a"), STR(""), *state));
    assert_string_equal(fields_digest(STR("a"), (struct str){0}, *state),
                        sha256_hex_str(STR("\0\0\0\0\0\0\0\1a\0\0\0\0\0\0\0\0"), *state).ptr);
    sha256_init(&sha);
    sha256_add_i64(&sha, -2);
    sha256_done_hex(&sha, number);
    assert_string_equal(
        number,
        sha256_hex_str(STR("\0\0\0\0\0\0\0\10\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE"), *state).ptr);
}

/* `n` times the byte. In arena. */
static struct str many(int byte, size_t n, struct arena *arena)
{
    char *out = arena_alloc(arena, n, 1);

    memset(out, byte, n);
    return (struct str){out, n};
}

static void test_macs_are_those_of_rfc_4231(void **state)
{
    struct arena *arena = *state;
    const struct {
        struct str key, data;
        const char *hex;
    } cases[] = {
        {many(0x0b, 20, arena), STR("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {STR("Jefe"), STR("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {many(0xaa, 20, arena), many(0xdd, 50, arena),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {many(0xaa, 131, arena), STR("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {STR(""), STR(""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        unsigned char mac[SHA256_SIZE];
        hmac_sha256(cases[i].key, cases[i].data, mac);
        assert_string_equal(hex_encode(bytes32(mac), arena).ptr, cases[i].hex);
    }
    unsigned char none[SHA256_SIZE];
    hmac_sha256((struct str){0}, (struct str){0}, none);
    assert_string_equal(hex_encode(bytes32(none), arena).ptr, cases[4].hex);
}

static void test_comparison_needs_the_same_bytes_and_length(void **state)
{
    (void)state;
    assert_true(crypt_equal(STR("token"), STR("token")));
    assert_true(crypt_equal((struct str){0}, STR("")));
    assert_false(crypt_equal(STR("token"), STR("tokeN")));
    assert_false(crypt_equal(STR("token"), STR("toke")));
    assert_false(crypt_equal(STR(""), STR("t")));
}

static void test_wiping_leaves_zeros(void **state)
{
    char text[] = "secret";

    (void)state;
    crypt_wipe(text, sizeof(text));
    for (size_t i = 0; i < sizeof(text); i++)
        assert_int_equal(text[i], 0);
}

static void test_entropy_does_not_repeat(void **state)
{
    char a[33], b[33];

    (void)state;
    entropy_hex(a, 16);
    entropy_hex(b, 16);
    assert_int_equal(strlen(a), 32);
    assert_int_equal(strspn(a, "0123456789abcdef"), 32);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests_are_those_of_fips_180),
        cmocka_unit_test(test_a_million_bytes_in_pieces_give_the_digest_of_the_whole),
        cmocka_unit_test(test_a_proof_binds_its_access_token_by_the_known_hash),
        cmocka_unit_test(test_fields_cannot_run_into_each_other),
        cmocka_unit_test(test_macs_are_those_of_rfc_4231),
        cmocka_unit_test(test_comparison_needs_the_same_bytes_and_length),
        cmocka_unit_test(test_wiping_leaves_zeros),
        cmocka_unit_test(test_entropy_does_not_repeat),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/codec.h"
#include "base/crypt.h"
#include "base/json.h"
#include "unit/base/prop.h"

/* Keys are made here, not kept as files: making two RSA keys takes a tenth of a second. */
struct fixture {
    struct arena arena;
    struct key ec, rsa;
};

static int open_fixture(void **state)
{
    static struct fixture f;
    struct err err = {0};

    arena_init(&f.arena, (size_t)8 << 20);
    *state = &f;
    return key_make_ec(&f.ec, &err) && key_make_rsa(&f.rsa, &err) ? 0 : -1;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    key_fini(&f->ec);
    key_fini(&f->rsa);
    key_fini(&f->rsa);
    key_fini(NULL);
    arena_fini(&f->arena);
    return 0;
}

static void test_signatures_hold_for_their_key_and_text_only(void **state)
{
    struct fixture *f = *state;
    struct key *keys[] = {&f->ec, &f->rsa};
    struct err err = {0};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct str sig;
        assert_true(key_sign(keys[i], STR("text"), &f->arena, &sig, &err));
        assert_int_equal(sig.len, keys[i]->is_ec ? 64 : 256);
        assert_true(key_verify(keys[i], STR("text"), sig));
        assert_false(key_verify(keys[i], STR("texT"), sig));
        assert_false(key_verify(keys[i], STR(""), sig));
        assert_false(key_verify(keys[1 - i], STR("text"), sig));
        assert_false(key_verify(keys[i], STR("text"), (struct str){0}));
        assert_false(key_verify(keys[i], STR("text"), str_sub(sig, 0, sig.len - 1)));
        char *broken = arena_alloc(&f->arena, sig.len, 1);
        memcpy(broken, sig.ptr, sig.len);
        broken[sig.len / 2] = (char)(broken[sig.len / 2] ^ 1);
        assert_false(key_verify(keys[i], STR("text"), (struct str){broken, sig.len}));
        memset(broken, 0, sig.len); /* r = s = 0 */
        assert_false(key_verify(keys[i], STR("text"), (struct str){broken, sig.len}));
    }
    struct str empty;
    assert_true(key_sign(&f->ec, (struct str){0}, &f->arena, &empty, &err));
    assert_true(key_verify(&f->ec, STR(""), empty));
}

static void test_short_numbers_in_signatures_keep_their_zeros(void **state)
{
    struct fixture *f = *state;
    unsigned with_zero = 0;

    for (int i = 0; i < 1500; i++) { /* one r or s in 128 begins with a zero byte */
        arena_mark_t mark = arena_mark(&f->arena);
        struct str sig;
        assert_true(key_sign(&f->ec, STR("text"), &f->arena, &sig, NULL));
        assert_int_equal(sig.len, 64);
        with_zero += sig.ptr[0] == 0 || sig.ptr[32] == 0;
        if (sig.ptr[0] == 0 || sig.ptr[32] == 0)
            assert_true(key_verify(&f->ec, STR("text"), sig));
        arena_reset(&f->arena, mark);
    }
    assert_true(with_zero > 0);
}

static void test_keys_survive_their_pem_forms(void **state)
{
    struct fixture *f = *state;
    struct key *keys[] = {&f->ec, &f->rsa};
    struct err err = {0};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        CLEANUP(secret_fini) struct secret pem = {0};
        CLEANUP(key_fini) struct key again = {0};
        CLEANUP(key_fini) struct key public = {0};
        struct str sig;
        assert_true(key_private_pem(keys[i], &pem, &err));
        assert_true(str_starts(secret_reveal(&pem), STR("-----BEGIN PRIVATE KEY-----\n")));
        assert_true(key_from_pem(&again, &pem, &err));
        struct str text = key_public_pem(&again, &f->arena);
        assert_true(str_starts(text, STR("-----BEGIN PUBLIC KEY-----\n")));
        assert_true(key_public_from_pem(&public, text, &err));
        assert_int_equal(public.is_ec, keys[i]->is_ec);
        assert_true(key_sign(&again, STR("x"), &f->arena, &sig, &err));
        assert_true(key_verify(keys[i], STR("x"), sig));
        assert_true(key_verify(&public, STR("x"), sig));
        assert_false(key_sign(&public, STR("x"), &f->arena, &sig, &err));
        assert_false(key_private_pem(&public, &pem, &err));
    }
}

static void test_keys_survive_their_jwk_form(void **state)
{
    struct fixture *f = *state;
    struct key *keys[] = {&f->ec, &f->rsa};
    struct err err = {0};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        CLEANUP(key_fini) struct key again = {0};
        CLEANUP(json_close) const struct json *root = NULL;
        bool ec = keys[i]->is_ec;
        struct str jwk = key_jwk(keys[i], &f->arena), first, second, sig;
        assert_true(json_parse(jwk, "jwk", &root, &err));
        assert_true(json_str(root, ec ? "x" : "n", &first, &err));
        assert_true(json_str(root, ec ? "y" : "e", &second, &err));
        assert_true(key_from_jwk(&again, first, second, ec, &err));
        assert_string_equal(key_jwk(&again, &f->arena).ptr, jwk.ptr);
        assert_true(key_sign(keys[i], STR("x"), &f->arena, &sig, &err));
        assert_true(key_verify(&again, STR("x"), sig));
    }
}

static const char rfc_x[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
static const char rfc_y[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
static const char rfc_n[] =
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWK"
    "RXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic"
    "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3"
    "XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

static void test_the_thumbprint_of_rfc_7638_comes_out(void **state)
{
    struct fixture *f = *state;
    CLEANUP(key_fini) struct key key = {0};
    unsigned char hash[SHA256_SIZE];

    assert_true(key_from_jwk(&key, str_of(rfc_n), STR("AQAB"), false, NULL));
    sha256_of(key_jwk(&key, &f->arena), hash);
    assert_string_equal(
        base64url_encode((struct str){(const char *)hash, sizeof(hash)}, &f->arena).ptr,
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

static void test_the_signature_of_rfc_7515_holds(void **state)
{
    struct fixture *f = *state;
    CLEANUP(key_fini) struct key key = {0};
    struct str text =
        STR("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
            "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ");
    struct str sig;

    assert_true(key_from_jwk(&key, str_of(rfc_x), str_of(rfc_y), true, NULL));
    assert_true(base64url_decode(STR("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8IS"
                                     "lSApmWQxfKTUJqPP3-Kg6NU1Q"),
                                 &f->arena, &sig));
    assert_true(key_verify(&key, text, sig));
    assert_false(key_verify(&key, STR("eyJhbGciOiJFUzI1NiJ9.e30"), sig));
}

static void test_jwks_that_are_no_keys_are_refused(void **state)
{
    const struct {
        struct str first, second;
        bool ec;
        const char *says;
    } cases[] = {
        {str_of(rfc_x), str_of(rfc_x), true, "the JWK is not a public key of its kind"},
        {str_of(rfc_x), STR(""), true, "the JWK is not a public key of its kind"},
        {STR("AAAA"), str_of(rfc_y), true, "the JWK is not a public key of its kind"},
        {STR("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE="), str_of(rfc_y), true,
         "the JWK is not a public key of its kind"},
        {str_of(rfc_n), STR(""), false, "the JWK is not a public key of its kind"},
        {str_of(rfc_n), STR("AQ"), false, "the JWK is not a public key of its kind"},
        {str_of(rfc_n), STR("AAAC"), false, "the JWK is not a public key of its kind"},
        {STR(""), STR("AQAB"), false, "the JWK is not a public key of its kind"},
        {str_sub(str_of(rfc_n), 0, 172), STR("AQAB"), false,
         "the RSA key is shorter than 2048 bits"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct key key = {0};
        struct err err = {0};
        assert_false(key_from_jwk(&key, cases[i].first, cases[i].second, cases[i].ec, &err));
        assert_string_equal(err.msg, cases[i].says);
        assert_null(key.pkey);
    }
}

/* The library's own key as PEM, encrypted when there is a cipher. */
static void pem_of(EVP_PKEY *pkey, const EVP_CIPHER *cipher, struct secret *out)
{
    static const char passphrase[] = "x";
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;

    assert_non_null(pkey);
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, cipher, cipher ? passphrase : NULL,
                                                   cipher ? 1 : 0, NULL, NULL),
                     1);
    long len = BIO_get_mem_data(bio, &text);
    secret_set(out, (struct str){text, (size_t)len});
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

static void test_unsuitable_private_keys_are_refused_in_a_sentence(void **state)
{
    const struct {
        EVP_PKEY *pkey; /* given to pem_of */
        const EVP_CIPHER *cipher;
        const char *says;
    } cases[] = {
        {EVP_RSA_gen(1024), NULL, "the RSA key is shorter than 2048 bits"},
        {EVP_EC_gen("P-384"), NULL, "the key is on another curve than P-256"},
        {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL, "the key is neither RSA nor EC P-256"},
        {EVP_EC_gen("P-256"), EVP_aes_256_cbc(),
         "the private key is encrypted; store it without a passphrase"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(secret_fini) struct secret pem = {0};
        struct key key = {0};
        struct err err = {0};
        pem_of(cases[i].pkey, cases[i].cipher, &pem);
        assert_false(key_from_pem(&key, &pem, &err));
        assert_string_equal(err.msg, cases[i].says);
        assert_int_equal(err.kind, ERR_SETTINGS);
        assert_null(key.pkey);
    }
}

static void test_text_that_is_no_key_is_refused(void **state)
{
    struct fixture *f = *state;
    struct key key = {0};
    struct err err = {0};
    struct secret text = {0};

    assert_false(key_from_pem(&key, &text, &err));
    assert_string_equal(err.msg, "no private key in PEM form");
    secret_set(&text, STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
    assert_false(key_from_pem(&key, &text, &err));
    assert_string_equal(err.msg, "no private key in PEM form");
    secret_set(&text, key_public_pem(&f->ec, &f->arena));
    assert_false(key_from_pem(&key, &text, &err));
    assert_false(key_public_from_pem(&key, STR("nonsense"), &err));
    assert_string_equal(err.msg, "no public key in PEM form");
    assert_false(key_public_from_pem(&key, STR(""), &err));
    secret_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures_hold_for_their_key_and_text_only),
        cmocka_unit_test(test_short_numbers_in_signatures_keep_their_zeros),
        cmocka_unit_test(test_keys_survive_their_pem_forms),
        cmocka_unit_test(test_keys_survive_their_jwk_form),
        cmocka_unit_test(test_the_thumbprint_of_rfc_7638_comes_out),
        cmocka_unit_test(test_the_signature_of_rfc_7515_holds),
        cmocka_unit_test(test_jwks_that_are_no_keys_are_refused),
        cmocka_unit_test(test_unsuitable_private_keys_are_refused_in_a_sentence),
        cmocka_unit_test(test_text_that_is_no_key_is_refused),
    };

    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}

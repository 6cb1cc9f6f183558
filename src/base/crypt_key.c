#include <stdint.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/attr.h"
#include "base/codec.h"
#include "base/crypt.h"

#define EC_COORD    32 /* bytes of one coordinate, and of r and s */
#define RSA_LEAST   2048
#define RSA_MOST    16384
#define PEM_CEILING ((size_t)64 << 10)

static void bio_done(BIO **bio)
{
    BIO_free_all(*bio);
}

static void bn_done(BIGNUM **bn)
{
    BN_free(*bn);
}

static void md_done(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}

static void pkey_ctx_done(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

static void sig_done(ECDSA_SIG **sig)
{
    ECDSA_SIG_free(*sig);
}

void key_fini(struct key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    *key = (struct key){0};
}

/* Takes `pkey`. */
static bool adopt(struct key *key, EVP_PKEY *pkey, struct err *err)
{
    bool is_ec = EVP_PKEY_is_a(pkey, "EC");
    const char *trouble = NULL;

    if (is_ec) {
        char curve[64] = "";
        EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof(curve),
                                       NULL);
        if (strcmp(curve, "prime256v1") != 0 && strcmp(curve, "P-256") != 0)
            trouble = "the key is on another curve than P-256";
    } else if (!EVP_PKEY_is_a(pkey, "RSA")) {
        trouble = "the key is neither RSA nor EC P-256";
    } else if (EVP_PKEY_get_bits(pkey) < RSA_LEAST) {
        trouble = "the RSA key is shorter than 2048 bits";
    } else if (EVP_PKEY_get_bits(pkey) > RSA_MOST) {
        trouble = "the RSA key is longer than 16384 bits"; /* checking one would take minutes */
    }
    if (trouble) {
        EVP_PKEY_free(pkey);
        return err_set(err, ERR_SETTINGS, "%s", trouble);
    }
    *key = (struct key){.pkey = pkey, .is_ec = is_ec};
    return true;
}

/* The library would ask at the terminal for the passphrase of an encrypted key. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the library's signature */
static int no_passphrase(char *out, int size, int writing, void *self)
{
    (void)out;
    (void)size;
    (void)writing;
    *(bool *)self = true;
    return -1;
}

bool key_from_pem(struct key *key, const struct secret *pem, struct err *err)
{
    struct str text = secret_reveal(pem);
    bool asked = false;

    if (text.len == 0 || text.len > PEM_CEILING)
        return err_set(err, ERR_SETTINGS, "no private key in PEM form");
    CLEANUP(bio_done) BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked) : NULL;
    ERR_clear_error();
    if (!pkey) {
        return err_set(err, ERR_SETTINGS, "%s",
                       asked ? "the private key is encrypted; store it without a passphrase"
                             : "no private key in PEM form");
    }
    return adopt(key, pkey, err);
}

bool key_public_from_pem(struct key *key, struct str pem, struct err *err)
{
    bool asked = false;

    if (pem.len == 0 || pem.len > PEM_CEILING)
        return err_set(err, ERR_SETTINGS, "no public key in PEM form");
    CLEANUP(bio_done) BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, &asked) : NULL;
    ERR_clear_error();
    if (!pkey)
        return err_set(err, ERR_SETTINGS, "no public key in PEM form");
    return adopt(key, pkey, err);
}

bool key_make_ec(struct key *key, struct err *err)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");

    if (!pkey)
        return err_set(err, ERR_INTERNAL, "no EC key could be made");
    return adopt(key, pkey, err);
}

bool key_make_rsa(struct key *key, struct err *err)
{
    EVP_PKEY *pkey = EVP_RSA_gen(RSA_LEAST);

    if (!pkey)
        return err_set(err, ERR_INTERNAL, "no RSA key could be made");
    return adopt(key, pkey, err);
}

bool key_private_pem(const struct key *key, struct secret *out, struct err *err)
{
    /* Memory of the "secure" kind is wiped when freed, also as it grows. */
    CLEANUP(bio_done) BIO *bio = BIO_new(BIO_s_secmem());
    char *text;

    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) != 1) {
        ERR_clear_error();
        return err_set(err, ERR_INTERNAL, "the private key could not be written");
    }
    long len = BIO_get_mem_data(bio, &text);
    secret_set(out, (struct str){text, (size_t)len});
    return true;
}

struct str key_public_pem(const struct key *key, struct arena *arena)
{
    CLEANUP(bio_done) BIO *bio = BIO_new(BIO_s_mem());
    char *text;

    if (!bio || PEM_write_bio_PUBKEY(bio, key->pkey) != 1)
        abort(); /* out of memory: every key that got this far has a public half */
    long len = BIO_get_mem_data(bio, &text);
    return arena_str(arena, (struct str){text, (size_t)len});
}

/* A number of the key as base64url, in `width` bytes, or as few as it needs when that is 0. */
static struct str number_text(const struct key *key, const char *name, size_t width,
                              struct arena *arena)
{
    CLEANUP(bn_done) BIGNUM *number = NULL;

    if (EVP_PKEY_get_bn_param(key->pkey, name, &number) != 1)
        abort();
    size_t n = width > 0 ? width : (size_t)BN_num_bytes(number);
    unsigned char *bytes = arena_alloc(arena, n, 1);
    if (BN_bn2binpad(number, bytes, (int)n) < 0)
        abort();
    return base64url_encode((struct str){(const char *)bytes, n}, arena);
}

struct str key_jwk(const struct key *key, struct arena *arena)
{
    if (key->is_ec) {
        struct str x = number_text(key, OSSL_PKEY_PARAM_EC_PUB_X, EC_COORD, arena);
        struct str y = number_text(key, OSSL_PKEY_PARAM_EC_PUB_Y, EC_COORD, arena);
        return arena_printf(arena,
                            "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%.*s\",\"y\":\"%.*s\"}",
                            STR_ARG(x), STR_ARG(y));
    }
    struct str e = number_text(key, OSSL_PKEY_PARAM_RSA_E, 0, arena);
    struct str n = number_text(key, OSSL_PKEY_PARAM_RSA_N, 0, arena);
    return arena_printf(arena, "{\"e\":\"%.*s\",\"kty\":\"RSA\",\"n\":\"%.*s\"}", STR_ARG(e),
                        STR_ARG(n));
}

static void params_done(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

static void builder_done(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

/* A public key from named parts; NULL when they are no key. Given. */
static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *builder)
{
    CLEANUP(params_done) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    CLEANUP(pkey_ctx_done) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;

    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return NULL;
    return pkey;
}

static EVP_PKEY *ec_from_point(struct str x, struct str y)
{
    unsigned char point[1 + 2 * EC_COORD];

    if (x.len != EC_COORD || y.len != EC_COORD)
        return NULL;
    point[0] = POINT_CONVERSION_UNCOMPRESSED;
    memcpy(point + 1, x.ptr, EC_COORD);
    memcpy(point + 1 + EC_COORD, y.ptr, EC_COORD);
    CLEANUP(builder_done) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (!builder ||
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) !=
            1)
        return NULL;
    return from_params("EC", builder); /* refuses points that are not on the curve */
}

static EVP_PKEY *rsa_from_numbers(struct str modulus, struct str exponent)
{
    if (modulus.len == 0 || modulus.len > RSA_MOST / 8 || exponent.len == 0 || exponent.len > 8)
        return NULL;
    CLEANUP(bn_done)
    BIGNUM *n = BN_bin2bn((const unsigned char *)modulus.ptr, (int)modulus.len, NULL);
    CLEANUP(bn_done)
    BIGNUM *e = BN_bin2bn((const unsigned char *)exponent.ptr, (int)exponent.len, NULL);
    CLEANUP(builder_done) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (!n || !e || !builder || !BN_is_odd(e) || BN_is_one(e) ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1)
        return NULL;
    return from_params("RSA", builder);
}

bool key_from_jwk(struct key *key, struct str jwk_json_x_or_n, struct str y_or_e, bool is_ec,
                  struct err *err)
{
    const size_t most = (size_t)4 * RSA_MOST / 8;
    struct arena arena;
    struct str first, second;
    EVP_PKEY *pkey = NULL;

    if (jwk_json_x_or_n.len > most || y_or_e.len > most)
        return err_set(err, ERR_SETTINGS, "the JWK is too large");
    arena_init(&arena, 4 * most);
    if (base64url_decode(jwk_json_x_or_n, &arena, &first) &&
        base64url_decode(y_or_e, &arena, &second))
        pkey = is_ec ? ec_from_point(first, second) : rsa_from_numbers(first, second);
    arena_fini(&arena);
    ERR_clear_error();
    if (!pkey)
        return err_set(err, ERR_SETTINGS, "the JWK is not a public key of its kind");
    return adopt(key, pkey, err);
}

/* DER, as the library has it, to r || s, as JWS has it (RFC 7518, section 3.4). */
static bool der_to_raw(const unsigned char *der, size_t len, unsigned char raw[2 * EC_COORD])
{
    CLEANUP(sig_done) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);

    return sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, EC_COORD) == EC_COORD &&
           BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + EC_COORD, EC_COORD) == EC_COORD;
}

bool key_sign(const struct key *key, struct str bytes, struct arena *arena, struct str *out,
              struct err *err)
{
    CLEANUP(md_done) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const unsigned char *data = (const unsigned char *)(bytes.len > 0 ? bytes.ptr : "");
    size_t len = (size_t)EVP_PKEY_get_size(key->pkey); /* the most a signature takes */
    unsigned char *signature = arena_alloc(arena, len, 1);

    if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) != 1 ||
        EVP_DigestSign(ctx, signature, &len, data, bytes.len) != 1) {
        ERR_clear_error();
        return err_set(err, ERR_INTERNAL, "signing failed");
    }
    if (key->is_ec) {
        unsigned char *raw = arena_alloc(arena, (size_t)2 * EC_COORD, 1);
        if (!der_to_raw(signature, len, raw))
            return err_set(err, ERR_INTERNAL, "signing failed");
        signature = raw;
        len = (size_t)2 * EC_COORD;
    }
    *out = (struct str){(const char *)signature, len};
    return true;
}

/* r || s to DER in `out`; the length, or 0. */
static size_t raw_to_der(struct str raw, unsigned char out[static 80])
{
    CLEANUP(sig_done) ECDSA_SIG *sig = ECDSA_SIG_new();
    const unsigned char *bytes = (const unsigned char *)raw.ptr;

    if (!sig || raw.len != (size_t)2 * EC_COORD)
        return 0;
    BIGNUM *r = BN_bin2bn(bytes, EC_COORD, NULL);
    BIGNUM *s = BN_bin2bn(bytes + EC_COORD, EC_COORD, NULL);
    if (!r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return 0;
    }
    int len = i2d_ECDSA_SIG(sig, &out); /* at most 72 bytes for 256-bit numbers */
    return len > 0 ? (size_t)len : 0;
}

bool key_verify(const struct key *key, struct str bytes, struct str signature)
{
    CLEANUP(md_done) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char der[80];
    const unsigned char *data = (const unsigned char *)(bytes.len > 0 ? bytes.ptr : "");
    const unsigned char *sig = (const unsigned char *)signature.ptr;
    size_t len = signature.len;

    if (!ctx || len == 0)
        return false;
    if (key->is_ec) {
        len = raw_to_der(signature, der);
        if (len == 0)
            return false;
        sig = der;
    }
    bool good = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
                EVP_DigestVerify(ctx, sig, len, data, bytes.len) == 1;
    ERR_clear_error();
    return good;
}

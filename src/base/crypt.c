#include "base/crypt.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/codec.h"

/* Digests fail only when memory or the library itself is gone; nothing sensible can go on then. */
static void must(int ok)
{
    if (ok != 1) {
        (void)fprintf(stderr, "seatkeeper: crypt: the library failed\n");
        abort();
    }
}

void sha256_init(struct sha256 *sha)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    must(ctx != NULL);
    must(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL));
    sha->ctx = ctx;
}

void sha256_add(struct sha256 *sha, struct str bytes)
{
    if (bytes.len > 0)
        must(EVP_DigestUpdate(sha->ctx, bytes.ptr, bytes.len));
}

static void add_u64(struct sha256 *sha, uint64_t value)
{
    unsigned char bytes[8];

    for (int i = 7; i >= 0; i--) {
        bytes[i] = (unsigned char)(value & 0xFF);
        value >>= 8;
    }
    must(EVP_DigestUpdate(sha->ctx, bytes, sizeof(bytes)));
}

void sha256_add_field(struct sha256 *sha, struct str bytes)
{
    add_u64(sha, bytes.len);
    sha256_add(sha, bytes);
}

void sha256_add_i64(struct sha256 *sha, long long value)
{
    add_u64(sha, sizeof(uint64_t));
    add_u64(sha, (uint64_t)value);
}

void sha256_done(struct sha256 *sha, unsigned char out[SHA256_SIZE])
{
    must(EVP_DigestFinal_ex(sha->ctx, out, NULL));
    sha256_fini(sha);
}

void sha256_done_hex(struct sha256 *sha, char out[SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[SHA256_SIZE];

    sha256_done(sha, bytes);
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[SHA256_HEX - 1] = '\0';
}

void sha256_fini(struct sha256 *sha)
{
    if (!sha)
        return;
    EVP_MD_CTX_free(sha->ctx);
    sha->ctx = NULL;
}

void sha256_of(struct str bytes, unsigned char out[SHA256_SIZE])
{
    struct sha256 sha;

    sha256_init(&sha);
    sha256_add(&sha, bytes);
    sha256_done(&sha, out);
}

struct str sha256_hex_str(struct str bytes, struct arena *arena)
{
    unsigned char out[SHA256_SIZE];

    sha256_of(bytes, out);
    return hex_encode((struct str){(const char *)out, sizeof(out)}, arena);
}

void hmac_sha256(struct str key, struct str bytes, unsigned char out[SHA256_SIZE])
{
    unsigned len = SHA256_SIZE;
    const char *key_ptr = key.len > 0 ? key.ptr : "";
    const char *ptr = bytes.len > 0 ? bytes.ptr : "";

    must(key.len <= INT32_MAX);
    must(HMAC(EVP_sha256(), key_ptr, (int)key.len, (const unsigned char *)ptr, bytes.len, out,
              &len) != NULL);
}

bool crypt_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}

void crypt_wipe(void *memory, size_t n)
{
    OPENSSL_cleanse(memory, n);
}

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"

/* The only door to OpenSSL, with jwt.h: digests, MACs, signatures, constant-time comparison. */

#define SHA256_SIZE 32
#define SHA256_HEX  65

struct sha256 {
    void *ctx; /* EVP_MD_CTX */
};

void sha256_init(struct sha256 *sha);
void sha256_add(struct sha256 *sha, struct str bytes);
/* Length as 8 bytes big-endian, then the bytes: fields cannot run into each other. */
void sha256_add_field(struct sha256 *sha, struct str bytes);
void sha256_add_i64(struct sha256 *sha, long long value); /* as a field of 8 bytes */
/* Ends and frees; `sha` is zeroed and may be initialised again. */
void sha256_done(struct sha256 *sha, unsigned char out[SHA256_SIZE]);
void sha256_done_hex(struct sha256 *sha, char out[SHA256_HEX]);
void sha256_fini(struct sha256 *sha); /* when left early; takes the zeroed one */

void sha256_of(struct str bytes, unsigned char out[SHA256_SIZE]);
struct str sha256_hex_str(struct str bytes, struct arena *arena);
void hmac_sha256(struct str key, struct str bytes, unsigned char out[SHA256_SIZE]);
bool crypt_equal(struct str a, struct str b); /* time depends on the lengths only */
void crypt_wipe(void *memory, size_t n);

/* Asymmetric keys: RSA of 2048 bits or more, or EC P-256. */
struct key {
    void *pkey; /* EVP_PKEY */
    bool is_ec;
};

void key_fini(struct key *key);
/* Private key from PEM; ERR_SETTINGS in one sentence for anything unsuitable. */
bool key_from_pem(struct key *key, const struct secret *pem, struct err *err);
/* Public key from PEM (the simulated cloud checks signatures). */
bool key_public_from_pem(struct key *key, struct str pem, struct err *err);
/* Fresh ones, for DPoP and tests. */
bool key_make_ec(struct key *key, struct err *err);
bool key_make_rsa(struct key *key, struct err *err);
/* The private half as PEM into a wiped buffer, the public half as PEM in arena. */
bool key_private_pem(const struct key *key, struct secret *out, struct err *err);
struct str key_public_pem(const struct key *key, struct arena *arena);
/* Public JWK members in canonical (RFC 7638) order, `{"crv":...}` or `{"e":...}`; in arena. */
struct str key_jwk(const struct key *key, struct arena *arena);
/* From JWK members x/y or n/e in base64url; for checking DPoP proofs. */
bool key_from_jwk(struct key *key, struct str jwk_json_x_or_n, struct str y_or_e, bool is_ec,
                  struct err *err);
/* RS256 (PKCS#1 v1.5) or ES256 (raw r || s, 64 bytes); signature in arena. */
bool key_sign(const struct key *key, struct str bytes, struct arena *arena, struct str *out,
              struct err *err);
bool key_verify(const struct key *key, struct str bytes, struct str signature);

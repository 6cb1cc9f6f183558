#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/err.h"
#include "base/str.h"

/* JSON Web Tokens in compact form (RFC 7515), RS256 or ES256 by the key's kind. */

/* `header` and `claims` are JSON objects as text; the caller puts `alg` ("RS256" or "ES256", see
 * jwt_alg) into the header. Token in arena. */
bool jwt_sign(const struct key *key, struct str header, struct str claims, struct arena *arena,
              struct str *out, struct err *err);
const char *jwt_alg(const struct key *key);

/* Splits and decodes without checking; parts in arena. ERR_REMOTE if it is no such thing. */
struct jwt_parts {
    struct str header, claims; /* JSON text */
    struct str signed_text;    /* what the signature is over; lent by the token */
    struct str signature;      /* raw bytes */
};
bool jwt_split(struct str token, struct arena *arena, struct jwt_parts *out, struct err *err);

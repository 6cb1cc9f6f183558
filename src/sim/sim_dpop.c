#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/jwt.h"
#include "sim/sim_auth.h"

#define PROOF_WINDOW (5 * TIME_MINUTE)
#define NONCE_DAYS   3 /* a former nonce is taken for that long */

struct str sim_nonce(struct sim *sim, int64_t days_ago)
{
    int64_t day = sim_cloud(sim) / TIME_DAY - days_ago;
    struct str text = arena_printf(&sim->scratch, "nonce %llu %lld", (unsigned long long)sim->seed,
                                   (long long)day);

    return str_sub(sha256_hex_str(text, &sim->scratch), 0, 32);
}

/* The proof's own key, out of its header. */
static bool read_head(struct sim *sim, struct str text, struct key *key, const char **why)
{
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *jwk;
    struct str typ;
    struct str alg;
    struct str kty;
    struct str a;
    struct str b;

    (void)sim;
    *why = "The DPoP proof JWT header is malformed.";
    if (!json_parse(text, "DPoP proof header", &root, NULL) || !json_str(root, "typ", &typ, NULL) ||
        !json_str(root, "alg", &alg, NULL) || !json_obj(root, "jwk", &jwk, NULL) ||
        !json_str(jwk, "kty", &kty, NULL))
        return false;

    bool is_ec = str_is(kty, "EC");
    *why = "The DPoP proof JWT must have the type dpop+jwt.";
    if (!str_is(typ, "dpop+jwt"))
        return false;
    *why = "The DPoP proof JWT header must not hold a private key.";
    if (json_get(jwk, "d") || json_get(jwk, "p"))
        return false;
    *why = "The DPoP proof JWT header has no usable key.";
    if (!json_str(jwk, is_ec ? "x" : "n", &a, NULL) || !json_str(jwk, is_ec ? "y" : "e", &b, NULL))
        return false;
    *why = "The DPoP proof JWT's alg does not fit its key.";
    if (!str_is(alg, is_ec ? "ES256" : "RS256"))
        return false;
    *why = "The DPoP proof JWT header has no usable key.";
    return key_from_jwk(key, a, b, is_ec, NULL);
}

/* Lent texts of the claims, copied into scratch: the document is closed on return. */
struct claims {
    struct str htm, htu, ath, nonce, jti;
    int64_t iat;
};

static bool read_claims(struct sim *sim, struct str text, struct claims *out, const char **why)
{
    CLEANUP(json_close) const struct json *root = NULL;

    *why = "The DPoP proof JWT lacks htm, htu, iat or jti.";
    if (!json_parse(text, "DPoP proof claims", &root, NULL) ||
        !json_str(root, "htm", &out->htm, NULL) || !json_str(root, "htu", &out->htu, NULL) ||
        !json_i64(root, "iat", &out->iat, NULL) || !json_str(root, "jti", &out->jti, NULL) ||
        !json_str_opt(root, "ath", &out->ath, NULL) ||
        !json_str_opt(root, "nonce", &out->nonce, NULL))
        return false;

    struct str *const texts[] = {&out->htm, &out->htu, &out->jti, &out->ath, &out->nonce};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = arena_str(&sim->scratch, *texts[i]);
    return true;
}

static bool is_about(struct sim *sim, const struct sim_proof *proof, const struct claims *claims,
                     const char **why)
{
    int64_t age = sim_cloud(sim) - claims->iat * TIME_SECOND;

    *why = "The DPoP proof JWT has an invalid htm.";
    if (!str_eq(claims->htm, proof->htm))
        return false;
    *why = "The DPoP proof JWT has an invalid htu.";
    if (!str_eq(claims->htu, proof->htu))
        return false;
    *why = "The DPoP proof JWT is expired or from the future.";
    if (claims->iat < 0 || claims->iat > INT64_C(100000000000) || age > PROOF_WINDOW ||
        age < -PROOF_WINDOW)
        return false;
    *why = "The DPoP proof JWT has an invalid ath.";
    if (!str_eq(claims->ath, proof->ath))
        return false;
    *why = "The DPoP proof JWT has been used before.";
    return claims->jti.len > 0 &&
           sim_seen_add(&sim->proofs, sim_hash64(claims->jti), sim_cloud(sim), 3 * PROOF_WINDOW);
}

static bool knows_nonce(struct sim *sim, struct str nonce)
{
    for (int64_t days = 0; nonce.len > 0 && days <= NONCE_DAYS; days++) {
        if (str_eq(nonce, sim_nonce(sim, days)))
            return true;
    }
    return false;
}

static void thumbprint(struct sim *sim, const struct key *key, char out[SHA256_HEX])
{
    struct str hex = sha256_hex_str(key_jwk(key, &sim->scratch), &sim->scratch);

    memcpy(out, hex.ptr, SHA256_HEX - 1);
    out[SHA256_HEX - 1] = '\0';
}

/* Signature first: everything after it is about a proof that somebody really made. */
static enum sim_proof_answer check(struct sim *sim, const struct sim_proof *proof, bool want_nonce,
                                   const struct jwt_parts *parts, const struct key *key,
                                   const char **why)
{
    struct claims claims = {0};

    *why = "The DPoP proof JWT has an invalid signature.";
    if (!key_verify(key, parts->signed_text, parts->signature))
        return SIM_PROOF_BAD;
    if (!read_claims(sim, parts->claims, &claims, why) || !is_about(sim, proof, &claims, why))
        return SIM_PROOF_BAD;
    return want_nonce && !knows_nonce(sim, claims.nonce) ? SIM_PROOF_NONCE : SIM_PROOF_GOOD;
}

enum sim_proof_answer sim_proof_check(struct sim *sim, const struct sim_proof *proof,
                                      bool want_nonce, struct sim_token *token,
                                      char thumb[SHA256_HEX], const char **why)
{
    struct jwt_parts parts;
    struct str rest = proof->text;
    struct str head = str_cut(&rest, '.');

    *why = "The DPoP proof JWT header is missing.";
    if (proof->text.len == 0)
        return SIM_PROOF_BAD;
    *why = "The DPoP proof is not a JWT.";
    if (!jwt_split(proof->text, &sim->scratch, &parts, NULL))
        return SIM_PROOF_BAD;
    if (token && token->head[0] != '\0' && str_is(head, token->head)) {
        memcpy(thumb, token->thumb, SHA256_HEX);
        return check(sim, proof, want_nonce, &parts, &token->proof_key, why);
    }

    struct key key = {0};
    if (!read_head(sim, parts.header, &key, why))
        return SIM_PROOF_BAD;

    enum sim_proof_answer answer = check(sim, proof, want_nonce, &parts, &key, why);
    thumbprint(sim, &key, thumb);
    if (answer == SIM_PROOF_GOOD && token && strcmp(thumb, token->thumb) == 0 &&
        head.len < sizeof(token->head)) {
        key_fini(&token->proof_key);
        token->proof_key = key;
        memcpy(token->head, head.ptr, head.len);
        token->head[head.len] = '\0';
    } else {
        key_fini(&key);
    }
    return answer;
}

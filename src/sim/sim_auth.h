#pragma once

#include <stdbool.h>

#include "base/crypt.h"
#include "base/err.h"
#include "base/str.h"
#include "sim/sim_request.h"

/*
 * Credentials of the simulated Okta: registered clients and SSWS tokens, the token endpoint, DPoP
 * proofs, and the check that every API call goes through. Contract: okta.md 6.
 */

#define SIM_ALL_SCOPES                                                                   \
    "okta.apps.read okta.groups.manage okta.groups.read okta.logs.read okta.roles.read " \
    "okta.schemas.read okta.users.read"

/* The client and the token that are known from the start. */
bool sim_auth_init(struct sim *sim, struct err *err);
void sim_auth_fini(struct sim *sim);

/* Registers more; texts are copied, the key is taken. */
struct sim_client *sim_client_add(struct sim *sim, const struct sim_client *client);
struct sim_client *sim_find_client(const struct sim *sim, struct str id);
void sim_ssws_add(struct sim *sim, const struct sim_ssws *ssws);

/* Who calls, with the scopes the route needs (blank separated; `.manage` covers `.read`). On false
 * the answer is made. */
bool sim_authenticate(struct sim_call *call, const char *scopes);
/* POST /oauth2/v1/token */
void sim_token_endpoint(struct sim_call *call);
bool sim_has_scope(struct str granted, struct str wanted);

/* Is this hash new? Remembers it for at least `keep_ms`. */
bool sim_seen_add(struct sim_seen *seen, uint64_t hash, int64_t now_ms, int64_t keep_ms);

/* A DPoP proof against what it must be about. `ath` and `nonce` are empty where none is due. */
struct sim_proof {
    struct str text, htm, htu, ath;
};
enum sim_proof_answer { SIM_PROOF_GOOD, SIM_PROOF_BAD, SIM_PROOF_NONCE };
/* `token` (may be NULL) caches the key. `thumb` is the key's thumbprint; `why` a static sentence
 * when it is bad. A nonce is asked for when `want_nonce`. */
enum sim_proof_answer sim_proof_check(struct sim *sim, const struct sim_proof *proof,
                                      bool want_nonce, struct sim_token *token,
                                      char thumb[SHA256_HEX], const char **why);
/* The nonce that the cloud hands out now; in scratch. */
struct str sim_nonce(struct sim *sim, int64_t days_ago);

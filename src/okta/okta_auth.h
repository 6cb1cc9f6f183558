#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/err.h"
#include "base/secret.h"
#include "http/http.h"
#include "okta/okta.h"

/*
 * Credentials for Okta: an SSWS token, or an OAuth service application that proves itself with a
 * signed assertion (private_key_jwt) and, where switched on, binds its token to a key made at start
 * (DPoP). The token stays in memory, is renewed at 80 % of its life by a clock that never jumps,
 * and goes out by okta_auth_sign alone, as `Bearer` or `DPoP` as its answer said.
 *
 * Source: contracts/okta.md 6.
 */

#define OKTA_NONCE_SIZE  257
#define OKTA_SCOPES_SIZE 512

struct okta_auth {
    const struct okta_options *options; /* kept */
    struct http *http;                  /* kept */
    const struct clock *clock;          /* kept */
    const char *token_url;              /* kept; also what the assertion names as its audience */

    struct key proof_key; /* made at start; empty without DPoP */
    struct secret token;
    bool token_is_bound;                 /* token_type DPoP */
    int64_t renew_at;                    /* by clock_boot */
    char scopes[OKTA_SCOPES_SIZE];       /* granted with the token */
    unsigned modesty;                    /* how many optional scopes are no longer asked for */
    char token_nonce[OKTA_NONCE_SIZE];   /* for proofs at the token endpoint; last one seen */
    char service_nonce[OKTA_NONCE_SIZE]; /* for all others; empty until one is demanded */
};

/* ERR_SETTINGS when the options hold no usable credential. */
bool okta_auth_init(struct okta_auth *auth, const struct okta_options *options, struct http *http,
                    const struct clock *clock, const char *token_url, struct err *err);
void okta_auth_fini(struct okta_auth *auth);

/* An SSWS token: nothing to fetch, nothing to renew. */
bool okta_auth_is_static(const struct okta_auth *auth);

/* Sees to it that a token is there that will live a while. ERR_REFUSED with the reason in Okta's
 * words when the credential is no good, ERR_UNAVAILABLE or ERR_REMOTE when there was no clear
 * answer. Exchanges on the http: bodies of former answers are gone afterwards. */
bool okta_auth_ensure(struct okta_auth *auth, struct arena *arena, struct err *err);
void okta_auth_drop(struct okta_auth *auth);

/* A nonce that came with an answer of the service (not the token endpoint). True when the answer
 * demands that the request be repeated with it. */
bool okta_auth_take_nonce(struct okta_auth *auth, const struct http_response *res,
                          struct str error_code);

/* For http_request.sign; `self` is the okta_auth. Fails when there is no token. */
bool okta_auth_sign(void *self, const struct http_request *request, struct arena *arena,
                    struct http_header *headers, size_t *n, struct err *err);

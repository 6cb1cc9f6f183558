#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/secret.h"
#include "base/str.h"

/*
 * SigV4: the signature of one request to AWS. Pure: time, credentials and request in, headers out.
 * Source: contracts/aws.md 2.1, with the known answers of 2.2.
 *
 * For POSTs to one path without a query, which is all that this program sends.
 */

/* One immutable set of credentials; all lent for the call. */
struct sigv4_keys {
    struct str access_key;
    const struct secret *secret_key;
    const struct secret *token; /* NULL or unset: not temporary */
};

struct sigv4_request {
    struct str region, service; /* of the scope: `eu-central-1`, `identitystore` */
    struct str host;            /* as in the Host header: with the port only if it is no default */
    struct str path;            /* already canonical; empty: `/` */
    struct str content_type;    /* signed when not empty */
    struct str target;          /* X-Amz-Target; signed when not empty */
    struct str body;            /* the exact bytes */
};

struct sigv4_headers {
    struct str date;          /* X-Amz-Date */
    struct str token;         /* X-Amz-Security-Token; empty: none. A secret: never log it */
    struct str authorization; /* a secret too */
};

/* Headers in arena. `now_ms` is the remote's time as far as it is known. */
struct sigv4_headers sigv4_sign(const struct sigv4_keys *keys, const struct sigv4_request *request,
                                int64_t now_ms, struct arena *arena);

/* Steps of it, for tests and for whoever checks a signature (the simulated cloud). `signed_headers`
 * is `a;b;c`; `headers` are name, value pairs in that very order, values as sent. All in arena. */
struct sigv4_pair {
    struct str name, value;
};
struct str sigv4_canonical(struct str method, struct str path, struct str query,
                           const struct sigv4_pair *headers, size_t n, struct str payload_hash,
                           struct arena *arena);
/* Lower-case hex. `date` is `20260102T030405Z`. */
struct str sigv4_signature(struct str secret_key, struct str date, struct str region,
                           struct str service, struct str canonical, struct arena *arena);

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/sigv4.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"
#include "http/http.h"

/*
 * The credential chain: where the keys for AWS come from, and when they are fetched anew. Source:
 * contracts/aws.md section 7.
 *
 * The first source that is *configured* wins; if it then fails, that is the answer: no falling
 * through to another identity. Keys, secret and token are one immutable set per request. Secrets
 * are struct secret from the first byte and are wiped when a set is replaced.
 */

/* The environment as a value: only main asks the system for it. */
struct aws_env {
    void *self;
    const char *(*get)(void *self, const char *name); /* NULL: not set */
};

struct aws_creds_options {
    struct str profile;          /* aws.profile; empty: AWS_PROFILE, then the chain */
    struct str credentials_file; /* aws.credentials_file, instead of the two usual files; empty:
                                    AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE, then ~/.aws */
    struct str role_arn;         /* aws.role_arn: assumed with what the chain yields; empty: none */
    struct str region;           /* for STS's regional host */
    struct str sts_url;          /* aws.endpoints.sts; empty: by the region */
    struct aws_env env;
    struct http *http;     /* STS; kept */
    struct http *metadata; /* container and instance metadata, never through a proxy; kept */
    const struct clock *clock;
    uint64_t seed; /* of the jitter */
};

struct aws_creds;

/* Given; free with aws_creds_free. Keeps what the options point to. Reads nothing yet. */
struct aws_creds *aws_creds_new(const struct aws_creds_options *options);
void aws_creds_free(struct aws_creds *creds);

/* The set to sign with now, lent until the next call of aws_creds_get or aws_creds_drop; fetched
 * anew when under 15 minutes of it are left (half its life where that is under 30 minutes). While
 * more than 10 minutes are left (a third of such a short life) a failure to do so is only a
 * warning. `server_ms` is the remote's
 * time as far as it is known: expiry is measured by it.
 * ERR_SETTINGS: what is configured cannot work; ERR_REFUSED: the source said no;
 * ERR_UNAVAILABLE: it did not answer; one sentence that names the source, never a secret. */
bool aws_creds_get(struct aws_creds *creds, int64_t server_ms, struct arena *arena,
                   struct sigv4_keys *out, struct err *err);
/* The remote called the set expired: the next get fetches anew. */
void aws_creds_drop(struct aws_creds *creds);

/* For people and `doctor`: "profile seatkeeper, role arn:..." or "instance metadata"; lent. Empty
 * before the first get. */
struct str aws_creds_source(const struct aws_creds *creds);
int64_t aws_creds_expires(const struct aws_creds *creds); /* 0: never, or nothing fetched yet */

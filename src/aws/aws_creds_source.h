#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "aws/aws_creds.h"
#include "aws/aws_creds_set.h"
#include "aws/aws_ini.h"
#include "aws/aws_sts.h"
#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

/*
 * The sources behind the chain. One struct aws_fetch is one walk through it, from reading the files
 * to a set; nothing of it outlives the walk but the set, the words and what was learnt of the
 * remote's clock.
 */

#define AWS_WORDS_MAX   256
#define AWS_SOURCES_MAX 8 /* profiles that point to each other */

enum aws_origin {
    AWS_ORIGIN_NONE,
    AWS_ORIGIN_PROFILE, /* a profile that was named, or the default one where it holds something */
    AWS_ORIGIN_ENVIRONMENT,
    AWS_ORIGIN_WEB_IDENTITY,
    AWS_ORIGIN_CONTAINER,
    AWS_ORIGIN_INSTANCE,
};

/* The two shared files, or the one instead of them. */
struct aws_files {
    struct aws_ini credentials, config;
    struct str paths; /* for messages */
};

struct aws_fetch {
    const struct aws_creds_options *options; /* borrowed */
    struct aws_sts sts;
    struct arena *arena; /* everything in it is wiped by the caller */
    struct rng *rng;
    struct aws_files files;
    struct str profile;                  /* the one to begin with */
    struct str visited[AWS_SOURCES_MAX]; /* profiles on the way here */
    size_t n_visited;
    char words[AWS_WORDS_MAX]; /* what the set comes from, for people */
};

/* The text of a variable; one that is set to nothing counts as not set. */
struct str aws_fetch_env(const struct aws_fetch *fetch, const char *name);
/* Adds to the words, behind a comma. */
void aws_fetch_say(struct aws_fetch *fetch, const char *fmt, ...) ATTR_PRINTF(2, 3);

/* Reads the files where they matter and says which source is configured. ERR_SETTINGS: half a
 * source, or none at all. */
bool aws_chain_pick(struct aws_fetch *fetch, enum aws_origin *out, struct err *err);
/* The set of that source, and of the role on top of it if the options name one. */
bool aws_chain_fetch(struct aws_fetch *fetch, enum aws_origin origin, struct aws_set *out,
                     struct err *err);

/* ---- the sources ---- */

/* AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. */
bool aws_source_environment(struct aws_fetch *fetch, struct aws_set *out, struct err *err);
/* AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN. */
bool aws_source_web_identity(struct aws_fetch *fetch, struct aws_set *out, struct err *err);
/* A role for the token in a file, which is read anew each time. */
bool aws_source_token_file(struct aws_fetch *fetch, const struct aws_role *role, struct str path,
                           struct aws_set *out, struct err *err);
/* AWS_CONTAINER_CREDENTIALS_*. */
bool aws_source_container(struct aws_fetch *fetch, struct aws_set *out, struct err *err);
/* IMDSv2. */
bool aws_source_instance(struct aws_fetch *fetch, struct aws_set *out, struct err *err);

bool aws_files_read(struct aws_fetch *fetch, struct err *err);
/* Does the profile exist, and does it hold anything that gives credentials? */
bool aws_files_have(const struct aws_files *files, struct str profile);
bool aws_profile_gives(const struct aws_files *files, struct str profile);
bool aws_source_profile(struct aws_fetch *fetch, struct str profile, struct aws_set *out,
                        struct err *err);

/* ---- what container and instance share ---- */

struct aws_metadata_call {
    enum http_method method;
    struct str url;
    const struct http_header *headers;
    size_t n_headers;
    int64_t timeout_ms;
};
/* https, or plain http to loopback and the fixed metadata addresses. */
bool aws_metadata_may_ask(struct str url);
/* Up to three tries while nothing answers, or with a 5xx. `*status` of the answer; the body is lent
 * until the next call. */
bool aws_metadata_ask(struct aws_fetch *fetch, const struct aws_metadata_call *call, int *status,
                      struct str *body, struct err *err);
/* Control characters in it would end the header. */
bool aws_metadata_is_header(struct str text);

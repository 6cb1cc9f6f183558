#pragma once

#include "aws/aws_call.h"
#include "aws/aws_creds.h"
#include "engine/world.h"

/*
 * Everything behind the `aws` section of the settings, put together: credentials, signed calls,
 * Identity Center. The program and the tests differ in the transports alone.
 */

struct aws_parts {
    struct http *http, *metadata;
    struct aws_creds *creds;
    struct aws *aws;
    struct identity *identity;
    struct subs *subs; /* NULL: not switched on */
};

struct aws_parts_options {
    const struct settings *settings; /* with `aws`; kept */
    struct aws_env env;              /* kept */
    struct transport transport;      /* of the services and STS */
    struct transport metadata;       /* of container and instance metadata: never by a proxy */
    const struct clock *clock;       /* kept */
    uint64_t seed;                   /* of the jitter */
};

/* Given; give back with aws_parts_fini, which takes the zeroed one too. Talks to nobody yet. */
void aws_parts_init(struct aws_parts *parts, const struct aws_parts_options *options);
void aws_parts_fini(struct aws_parts *parts);
/* Puts them into the world of a run. */
void aws_parts_join(const struct aws_parts *parts, struct world *world);

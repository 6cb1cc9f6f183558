#pragma once

#include <stdbool.h>

#include "aws/aws_call.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* How each service is spoken to (contract 1.1), as rows. Pure. */

struct aws_service_row {
    const char *word;   /* in messages: "identitystore" */
    const char *host;   /* before `.{region}.{suffix}` */
    const char *signs;  /* name in the signature's scope */
    const char *prefix; /* of X-Amz-Target; NULL: the Query protocol, form in, XML out */
    const char *type;   /* Content-Type */
    bool is_kiro;       /* lives in the Kiro profile's region */
};

const struct aws_service_row *aws_service_row(enum aws_service service);
struct str aws_service_region(const struct aws_options *options, enum aws_service service);

/* What a request and its signature need of a base URL; in arena. */
struct aws_site {
    struct str url;  /* with a path */
    struct str host; /* for the signature: with the port only if it is no default */
    struct str path; /* at least `/` */
};
/* ERR_SETTINGS when the text is no base URL. */
bool aws_site_of(struct str base, struct arena *arena, struct aws_site *out, struct err *err);

#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Absolute http and https URLs, strictly: no user info, no fragment, no blanks or control bytes, no
 * backslash, a host, a port of 1 to 65535. Parts are lent by the text. */

struct url {
    struct str scheme, host; /* as written */
    unsigned port;           /* the scheme's default filled in */
    struct str path;         /* begins with '/', or empty */
    struct str query;        /* without '?' */
};

bool url_parse(struct str text, struct url *out);
/* Same scheme, host (without case) and port. */
bool url_same_origin(const struct url *a, const struct url *b);
/* 127.0.0.0/8, ::1 or `localhost`. */
bool url_is_loopback(const struct url *url);
/* One of the fixed link-local addresses at which a cloud hands credentials to its own machines and
 * containers: 169.254.169.254, 169.254.170.2, 169.254.170.23, fd00:ec2::254, fd00:ec2::23. */
bool url_is_metadata(const struct url *url);
/* A base URL of the settings: https, or http on loopback; no query; trailing slash cut. One
 * sentence on failure, ERR_SETTINGS. Result lent by `text`. */
bool url_check_base(struct str text, struct str *out, struct err *err);

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "core/policy.h"

/*
 * The settings file: YAML, read by events, bound to a table of rows (path, type, default, bounds,
 * meaning). All mistakes are found in one go, each with file, line and, for an unknown key, the
 * nearest known one. Nothing here opens a secret or talks to anybody.
 */

struct settings_node;

/* Where a secret is: exactly one of the two, or neither. */
struct secret_ref {
    struct str file; /* a path; a relative one has been joined to the settings file's folder */
    struct str env;  /* name of an environment variable */
};

struct okta_settings {
    struct str url;
    struct str client_id, key_id;
    struct secret_ref key, token; /* token: SSWS instead of the OAuth application */
    bool dpop;
    int64_t rate_share; /* percent */
    struct str scim_app_id;
};

enum subscriptions_use { SUBSCRIPTIONS_OFF, SUBSCRIPTIONS_OBSERVE };

/* IAM Identity Center. Texts are empty where the settings say nothing, unless a default is named;
 * where the section is left out, all of it is zero. */
struct aws_settings {
    bool present;                /* false: hop 1 only */
    struct str region;           /* Identity Center's primary one */
    struct str kiro_region;      /* of the Kiro profile; default us-east-1 */
    struct str account;          /* twelve digits: the account that must be met */
    struct str instance_arn;     /* the instance that must be met */
    struct str application_arn;  /* Kiro's there; empty: found by its name */
    struct str profile;          /* of the shared configuration; empty: the usual chain */
    struct str credentials_file; /* a path, joined; empty: those in ~/.aws */
    struct str role_arn;         /* to be assumed; empty: none */
    /* Base URLs without trailing slash, https or loopback; empty: by the region. */
    struct str endpoint_identitystore, endpoint_sso, endpoint_sts, endpoint_subscriptions,
        endpoint_q;
    enum subscriptions_use subscriptions;
    struct str scim_token_expires; /* `2026-11-30`, the token's last day; empty: not said. As a
                                      time: settings_scim_token_expires_ms */
};

struct local_user {
    struct str os_user, login;
};

struct settings {
    struct str path;
    struct str ledger; /* a path, joined like every other one */
    struct str timezone;
    struct okta_settings okta;
    struct aws_settings aws;
    const struct local_user *local_users; /* server.local_users */
    size_t n_local_users;
    int64_t jitter_ms;
    struct str audit_heads; /* folder for the heads of the audit chain; empty: none */
    struct policy policy;
    const struct str *not_used; /* sections that are read and checked but that this program does not
                                   act upon yet, e.g. "slack"; for `check` to say so */
    size_t n_not_used;
    const struct settings_node *effective; /* what settings_print shows; in arena */
};

struct settings_problem {
    unsigned line, column;
    struct str path; /* `entitlements[0].mode` */
    struct str text; /* one sentence: what is wrong and what would be right */
};
struct settings_problems {
    const struct settings_problem *items; /* by line */
    size_t n;
};

/* Reads and checks. True with *out filled when there is no problem at all; false with at least one
 * problem otherwise. Everything in arena, which needs a budget of 64 MiB: a file may have 1 MiB and
 * 20,000 values, and usually takes a few hundred KiB. The file is refused when group or others may
 * write it. `err` (ERR_SETTINGS) sums up: the first problem, and how many more. */
bool settings_load(struct str path, struct arena *arena, struct settings *out,
                   struct settings_problems *problems, struct err *err);
/* The same on text that is in memory; `path` only names it. Looks at nothing in the file system but
 * the list of time zones. */
bool settings_parse(struct str path, struct str text, struct arena *arena, struct settings *out,
                    struct settings_problems *problems, struct err *err);

/* When the SCIM token's last day is over: the first millisecond after it; 0 when the settings do
 * not say. A date is what the program's time zone makes of it, so timezone_set comes before. */
int64_t settings_scim_token_expires_ms(const struct settings *settings);

/* The effective settings, defaults included, as YAML; secrets are references, so none is shown. */
void settings_print(const struct settings *settings, struct buf *out);
/* The reference for the manual, one row a setting, as a Markdown table. */
void settings_reference(struct buf *out);
/* A commented starting file with `mode: observe`, for `init`; static text. */
struct str settings_template(void);

#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "core/port.h"
#include "identity/identity.h"
#include "ledger/ledger.h"
#include "okta/okta.h"
#include "settings/settings.h"
#include "subs/subs.h"

/*
 * The world of a run: everything it touches, as one bundle of interfaces. Tests put the simulated
 * cloud behind the same ones. All pointers are kept and must outlive the run.
 */
struct world {
    const struct settings *settings;
    struct ledger *ledger;
    struct okta *okta;
    struct http *okta_http;
    struct target okta_target; /* engine_okta_target(okta) */
    struct aws *aws;           /* NULL: the settings say nothing of AWS */
    struct http *aws_http;
    struct identity *identity; /* with `aws` */
    struct subs *subs;         /* NULL: subscriptions are not looked at */
    const struct clock *clock;
    const struct cancel *cancel; /* may be NULL */
    struct str boot_id;          /* of the machine's boot; empty: unknown */

    /* Words about what is going on, for a terminal; may be NULL. */
    void (*progress)(void *self, const char *stage, size_t done, size_t all);
    void *progress_self;
};

/* Memberships of Okta groups as a target. */
struct target engine_okta_target(struct okta *okta);

void world_progress(const struct world *world, const char *stage, size_t done, size_t all);

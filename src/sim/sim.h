#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/err.h"
#include "base/str.h"
#include "http/http.h"

/*
 * The simulated cloud: one state, reached in two ways that share every line below the socket: as a
 * struct transport in the same process, and over loopback HTTP. It plays what the contracts say,
 * quirks included, checks credentials and proofs as the real services do, runs on virtual or real
 * time, and writes down every request.
 *
 * All calls are safe from several threads (one lock around the state).
 */

struct sim_options {
    uint64_t seed;
    size_t people;    /* generated on top of what an organisation file brings; up to 1,000,000 */
    int64_t start_ms; /* virtual time starts here; 0: the system's clock, which then also drives
                         it, so that real programs can be served (not with shared_now) */
    volatile int64_t *shared_now; /* virtual time lives there, e.g. in memory shared with a child
                            that is to be killed; kept. What is not 0 in it stays as it is, so a
                            second cloud goes on where the first is. NULL: in the sim */
};

struct sim;

/* Given; free with sim_free. */
struct sim *sim_new(const struct sim_options *options, struct err *err);
void sim_free(struct sim *sim);

/* Virtual time moves by sleeping on this clock, by sim_advance, by POST /_sim/clock, and where a
 * quirk, a fault or a timeout says that an answer takes its time; else only with start_ms 0. */
struct clock sim_clock(struct sim *sim);
void sim_advance(struct sim *sim, int64_t ms);

/* The cloud without a socket. Any loopback origin is accepted in URLs; links that are handed out
 * keep the origin of the request. */
struct transport sim_transport(struct sim *sim);

/* An organisation as YAML: people, groups, memberships, rules, roles, applications, credentials,
 * quirks (sim_org.c documents every key). ERR_USAGE with file-like line numbers on mistakes. */
bool sim_load_org(struct sim *sim, struct str yaml, struct err *err);

/* A fault script as YAML (sim_fault.h documents it); added to what is loaded. */
bool sim_load_faults(struct sim *sim, struct str yaml, struct err *err);
void sim_clear_faults(struct sim *sim);

/* The control side, exactly what `/_sim/...` answers over HTTP (design: the simulated cloud).
 * `path` begins with `/_sim/` and may carry a query. Answer text is appended to `out`. */
int sim_control(struct sim *sim, enum http_method method, struct str path, struct str body,
                struct buf *out);

/* The credentials that the simulated Okta knows from the start: an OAuth service application with
 * an EC key and DPoP required, and an SSWS token. Texts lent by `sim`. */
struct sim_credentials {
    struct str client_id, key_id;
    const struct key *key; /* both halves */
    struct str private_pem;
    struct str ssws_token;
    struct str ssws_token_id; /* as the System Log shows it */
};
struct sim_credentials sim_credentials(struct sim *sim);

/* The AWS side as it is at the start, or as the organisation has it: what a program must know to
 * find and sign. Texts lent by `sim` until an organisation is loaded. */
struct sim_aws {
    struct str account, region, instance_arn, store_id;
    struct str access_key, secret_key; /* long-lived */
    struct str role_arn;               /* may be assumed with them; also that of the metadata */
    struct str web_identity_token;     /* that the role trusts */
    struct str container_token;        /* for /v2/credentials/ANYTHING */
    struct str scim_app_id;            /* Okta's; empty: no application pushes */
};
struct sim_aws sim_aws(struct sim *sim);

/* Over loopback HTTP, on a thread of its own. `listen` is `127.0.0.1:0` or any loopback address and
 * port; others are refused. Stop before sim_free. */
struct sim_server;
struct sim_server *sim_serve(struct sim *sim, struct str listen, struct err *err);
struct str sim_server_url(const struct sim_server *server); /* http://127.0.0.1:PORT; lent */
void sim_server_stop(struct sim_server *server);

/* Writes a folder that points the program at this cloud: settings.yaml, and with mode 0600 okta.pem
 * and aws.credentials; all endpoints are `url`. The folder is created, files are not overwritten
 * (ERR_USAGE). `ledger` is a path inside it. */
bool sim_write_settings(struct sim *sim, struct str url, struct str folder, struct err *err);

#pragma once

#include "base/arena.h"
#include "core/report.h"
#include "engine/aws_parts.h"
#include "engine/run.h"
#include "okta/okta.h"
#include "sim/sim.h"

/*
 * A rig: the real engine, adapters and ledger over the simulated cloud, in one process and on
 * virtual time. What every sim and crash test stands on. Any set-up trouble ends the test with a
 * sentence on stderr.
 */

struct rig {
    struct arena arena;     /* of the rig */
    struct arena run_arena; /* of the latest run; reset by the next */
    char folder[64];        /* temporary; removed at the end */
    struct sim *sim;
    struct clock clock;
    struct settings settings;
    struct ledger *ledger;
    struct http *http;
    struct okta *okta;
    struct aws_parts aws; /* where the settings have `aws` */
    struct world world;
    struct transport transport; /* between http and the cloud; a test may put its own before it */
    struct report report;       /* of the latest run */
    struct err err;             /* of the latest run, when it failed */
};

#define RIG_START_MS ((int64_t)1777885200000) /* 2026-05-04T09:00:00Z, a Monday */

/* A cloud with that organisation (YAML; NULL: the default one) and a ledger under these settings
 * (NULL: rig_settings). */
void rig_init(struct rig *rig, const char *org, const char *settings);
/* The same over a cloud and clock made elsewhere; the ledger lives in `folder`, which is kept. */
void rig_attach(struct rig *rig, struct sim *sim, struct transport transport, struct clock clock,
                const char *folder, const char *settings);
/* A new folder; in memory where the machine has such a place, since dying loses nothing either way
 * and the disk takes longest. */
void rig_make_folder(char folder[64]);
void rig_fini(struct rig *rig);
/* Gives everything back but the cloud and the folder, which somebody else goes on with. */
void rig_detach(struct rig *rig);

/* Settings whose entitlement `kiro-jp` has the plans kiro-pro and kiro-pro-plus, mode enforce, no
 * approval, and an SSWS token from the environment variable SEATKEEPER_TEST_TOKEN. */
extern const char rig_settings[];

/* Replaces the settings, as an edit of the file would between two runs. */
void rig_use_settings(struct rig *rig, const char *yaml);
/* Puts another transport between the program and the cloud. */
void rig_use_transport(struct rig *rig, struct transport transport);
/* Closes and opens the ledger again, e.g. after its file was replaced. */
void rig_reopen(struct rig *rig);
const char *rig_ledger_path(const struct rig *rig);

/* One run; false with rig->err when it could not be made. */
bool rig_run(struct rig *rig, bool dry);
/* Files a request by the ledger's owner; `plan` may be NULL, `until_ms` 0. Returns its number. */
int64_t rig_request(struct rig *rig, enum request_kind kind, const char *who, const char *plan,
                    int64_t until_ms);
/* The control side of the cloud; ends the test unless it answers 2xx. Text in rig->arena. */
struct str rig_sim(struct rig *rig, enum http_method method, const char *path, const char *body);
/* Writes (PUT and DELETE of memberships) that reached the cloud so far. */
size_t rig_writes(struct rig *rig);

/* The latest run in a few lines: exit code, requests, ops, findings; sorted, with logins' local
 * parts instead of ids. In rig->arena. */
/* The same of a group of the Identity Store: local parts of user names. */
const char *rig_store_members(struct rig *rig, const char *group);
/* One line a seat: who, plan, and the hops that apply, with the cause where one is known. */
const char *rig_show_hops(struct rig *rig);
const char *rig_show(struct rig *rig);
/* Local parts of the logins of a group's members as the cloud has them, sorted, blank separated. */
const char *rig_members(struct rig *rig, const char *group);

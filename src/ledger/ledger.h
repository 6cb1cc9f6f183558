#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

/*
 * The ledger: one SQLite file. journal_mode=TRUNCATE, synchronous=FULL, foreign keys, STRICT.
 * Daemon and commands open the same file; each thread that writes has a ledger of its own.
 *
 * Every function here is one short transaction, carries its own audit row where something is
 * decided or changed, and is either done and durable or has changed nothing. BUSY is waited for.
 * Reads take pages of at most 500 rows, copy into the caller's arena and finish their statement.
 * Rows that decide access carry a digest; one that does not fit is ERR_LEDGER ("row digest").
 *
 * Time is handed in through the clock. Nothing but SQLite opens the file inside the process.
 */

struct ledger;

struct ledger_options {
    struct str path;
    const struct clock *clock;  /* kept */
    const char *program;        /* "seatkeeper 0.1.0"; kept */
    struct str settings_digest; /* goes into every audit row; copied */
    bool may_create;            /* `init` and tests: makes an empty ledger, mode 0600 */
    bool may_migrate;           /* `migrate`: else an older ledger is refused with that advice */
};

/* Given; free with ledger_close. Refuses a missing file, one of a newer program, one that is not a
 * ledger, one that group or others may touch. */
bool ledger_open(const struct ledger_options *options, struct ledger **out, struct err *err);
void ledger_close(struct ledger *ledger);

/* Who acts, through which door: goes into the audit rows. */
struct actor {
    struct str who;  /* "os:1000", an Okta id, "rule:expired", "run" */
    struct str door; /* "cli", "run" */
};

/* ---- meta ---- */

bool ledger_meta_get(struct ledger *ledger, const char *key, struct arena *arena, struct str *out,
                     struct err *err); /* empty when absent */
bool ledger_meta_set(struct ledger *ledger, const struct actor *actor, const char *key,
                     struct str value, struct err *err);
/* What the program keeps for itself (when it last did something), without an audit row. */
bool ledger_meta_note(struct ledger *ledger, const char *key, struct str value, struct err *err);
bool ledger_note_settings(struct ledger *ledger, struct str digest, struct str text,
                          struct err *err);

/* ---- migrations ---- */

struct migration_state {
    int version, newest; /* of the file, of the program */
};
bool ledger_migration_state(struct str path, struct migration_state *out, struct err *err);
/* Keeps a verified copy LEDGER.before-N first. */
bool ledger_migrate(struct str path, struct migration_state *out, struct err *err);

/* ---- copies ---- */

/* A consistent copy while others write; verified; fails if `path` exists. Mode 0600. */
bool ledger_backup(struct ledger *ledger, struct str path, struct err *err);

/* ---- generation ---- */

/*
 * The sidecar LEDGER.generation, outside backups, holds the ledger's id and the highest audit seq
 * and head. A ledger that is older than its sidecar, or another one, or has had one and lost it, is
 * an old copy.
 */
enum generation { GENERATION_FITS, GENERATION_NEW, GENERATION_OLDER, GENERATION_OTHER };
bool ledger_generation_check(struct ledger *ledger, enum generation *out, struct arena *arena,
                             struct str *why, struct err *err);
/* Writes it to match the ledger; after a commit, never before. `force`: even over a newer one. */
bool ledger_generation_write(struct ledger *ledger, bool force, struct err *err);

/* ---- one writer on a host ---- */

enum ledger_role { LEDGER_ROLE_RUN, LEDGER_ROLE_DAEMON };

/* An OFD lock on LEDGER.lock that the kernel releases; the run's lock bumps the epoch that every
 * journal write carries. Waits up to wait_ms; `*taken` false when somebody else has it still. */
bool ledger_lock(struct ledger *ledger, enum ledger_role role, int64_t wait_ms, bool *taken,
                 struct err *err);
void ledger_unlock(struct ledger *ledger, enum ledger_role role);
int64_t ledger_epoch(const struct ledger *ledger); /* of our run lock; 0 without */

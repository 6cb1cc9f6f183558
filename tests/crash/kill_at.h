#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Dying at a chosen instruction. Shims count the points at which something outside the process is
 * about to change; the armed process kills itself (SIGKILL, nothing is tidied up) at the n-th. The
 * program knows nothing of it.
 */

enum kill_kind {
    KILL_REQUEST, /* before it leaves */
    KILL_ANSWER,  /* it has left, its answer has not been read */
    KILL_WRITE,   /* of the ledger or its journal */
    KILL_SYNC,
    KILL_TRUNCATE,
    KILL_DELETE,
    KILL_RENAME, /* of a file beside the ledger */
    KILL_END,    /* all is done, and nobody was told */
    KILL_KINDS,
};
const char *kill_kind_name(enum kill_kind kind);

/* In memory that several processes share: what was counted, and where it ended. */
struct kill_count {
    unsigned long seen; /* points passed by the armed process */
    unsigned long by_kind[KILL_KINDS];
    enum kill_kind died_at;
};

/* From here on points are counted into `count` (kept); `at` 0 counts without dying. `torn`: a write
 * that is died at leaves its first half behind. */
void kill_arm(struct kill_count *count, unsigned long at, bool torn);
/* Counts a point; does not return from the one to die at. */
void kill_point(enum kill_kind kind);
/* For writes: true when this one is to be done by half, followed by kill_now. */
bool kill_tears(enum kill_kind kind);
void kill_now(void);

/* Makes the default VFS of SQLite one that has points before each write, sync, truncate, delete. */
void kill_vfs_install(void);

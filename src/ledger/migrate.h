#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/embedded.h"
#include "base/err.h"
#include "ledger/ledger.h"

/* Migrations: numbered files, applied in order, each in one transaction with its user_version. */

struct migrations {
    const struct embedded_file *files; /* 0001_name.sql 0002_name.sql ..., sorted */
    size_t n;
};

/* Those of this program. */
struct migrations migrations_own(void);

/* Brings an open file from what it is to the newest version; an empty one becomes a ledger with an
 * id of its own. */
bool migrate_apply(sqlite3 *db, struct migrations list, int64_t now_ms, struct err *err);
/* The whole command: refuses while a run or a daemon is at work, keeps the copy, applies. `path` is
 * without links. */
bool migrate_file(const char *path, sqlite3 *db, struct migrations list, struct err *err);
/* ERR_LEDGER when the file is not one that this list can bring up to date. */
bool migrate_read_state(sqlite3 *db, struct migrations list, struct migration_state *out,
                        struct err *err);

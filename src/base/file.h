#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Whole small files. Never for the ledger: only SQLite opens that. */

enum file_trust {
    FILE_ANY,
    FILE_UNSHARED, /* refused if group or others may write it, or somebody else but root owns it */
};

/* Reads at most `max` bytes; text in arena, NUL follows. ERR_SETTINGS names the path. */
bool file_read(struct str path, size_t max, enum file_trust trust, struct arena *arena,
               struct str *out, struct err *err);
/* Writes a temporary beside it, syncs, renames, syncs the folder: all or nothing. */
bool file_write(struct str path, struct str text, unsigned mode, struct err *err);
/* Creates; fails with ERR_USAGE if it is there already. */
bool file_create(struct str path, struct str text, unsigned mode, struct err *err);
bool file_exists(struct str path);

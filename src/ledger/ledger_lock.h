#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "ledger/ledger.h"

/* The locks in LEDGER.lock, one byte a role. They belong to the open file, not to the process, so
 * two ledgers in one process exclude each other too. */

bool lock_file_open(const char *ledger_path, int *fd, struct err *err);
void lock_file_close(const int *fd); /* for CLEANUP; gives up what is held */
/* Never waits. */
bool lock_file_take(int fd, enum ledger_role role, bool *taken, struct err *err);

#pragma once

#include <stdbool.h>

#include <sqlite3.h>

#include "base/err.h"
#include "base/str.h"
#include "ledger/ledger_sql.h"

/* The file itself: whose it is, who may touch it, what it says it is, and the connection. */

#define LEDGER_APPLICATION_ID 0x53656174 /* "Seat" in the header of the file */

/* Fills `path` with the name without links. Makes an empty file of mode 0600 if it may. Only looks
 * at the file's entry: opening it beside SQLite would drop SQLite's locks. */
bool ledger_file_check(struct str given, bool may_create, char path[LEDGER_PATH_MAX],
                       struct err *err);
/* Opens and protects the connection; changes nothing. */
bool ledger_file_connect(const char *path, sqlite3 **out, struct err *err);
/* The pragmas that every connection works with; converts a WAL file. */
bool ledger_file_tune(sqlite3 *db, struct err *err);

struct ledger_identity {
    int application, version;
    bool is_empty; /* nothing in it at all */
};
bool ledger_file_identify(sqlite3 *db, struct ledger_identity *out, struct err *err);

/* `path` and a suffix, e.g. ".lock". */
void ledger_file_beside(const char *path, const char *suffix, char out[LEDGER_PATH_MAX]);
/* When root works on somebody's ledger, what it leaves beside it belongs to that somebody. */
void ledger_file_give_to_owner(const char *path, const char *beside);

/* Copies a whole database into a new file of mode 0600 and verifies it. `replace`: in place of a
 * file that is there already, else that is refused. */
bool ledger_file_copy(sqlite3 *from, const char *path, bool replace, struct err *err);

#pragma once

#include <stdbool.h>

#include "base/attr.h"

/*
 * Errors: one kind per reaction, one message that reads from the outside in.
 *
 * Whoever finds a failure calls err_set once; each caller handles it or says what it was doing with
 * err_wrap. Both are expressions with the constant value false, so `return err_set(...)` works in
 * every function that returns bool. Messages longer than the buffer are cut at a character.
 */

enum err_kind {
    ERR_NONE,
    ERR_USAGE,       /* fix the command, or the data handed to it */
    ERR_SETTINGS,    /* fix the settings */
    ERR_REFUSED,     /* asked for something the rules or the remote's rights do not allow */
    ERR_UNAVAILABLE, /* a remote is away: try later */
    ERR_LEDGER,      /* the ledger is busy, away or damaged */
    ERR_REMOTE,      /* a remote answered what must not be acted upon: look again */
    ERR_CANCELLED,   /* somebody asked us to stop */
    ERR_INTERNAL,    /* the system let us down: disk, memory map, key; stop */
};

struct err {
    enum err_kind kind;
    char msg[512]; /* UTF-8, one line, never a secret */
};

#define err_set(err, kind, ...) (err_set_((err), (kind), __VA_ARGS__), false)
#define err_wrap(err, ...)      (err_wrap_((err), __VA_ARGS__), false)

/* Same, appending strerror(errno) as `: No such file or directory`. */
#define err_errno(err, kind, ...) (err_errno_((err), (kind), __VA_ARGS__), false)

/* `err` may be NULL. Use the macros. */
void err_set_(struct err *err, enum err_kind kind, const char *fmt, ...) ATTR_PRINTF(3, 4);
void err_wrap_(struct err *err, const char *fmt, ...) ATTR_PRINTF(2, 3);
void err_errno_(struct err *err, enum err_kind kind, const char *fmt, ...) ATTR_PRINTF(3, 4);

/* Static lower-case word for logs, e.g. "unavailable". */
const char *err_kind_name(enum err_kind kind);

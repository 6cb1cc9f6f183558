#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Text that must not be seen: no print helper takes a struct secret, its memory is locked where the
 * system allows, left out of core dumps, and wiped when freed.
 */

struct secret {
    void *memory; /* NULL: empty */
    size_t len, size;
};

void secret_fini(struct secret *secret);
/* Copies; the caller wipes its own. The former value is wiped. */
void secret_set(struct secret *secret, struct str text);
/* First line of a file, trailing white space cut. Refuses, with ERR_SETTINGS and one sentence:
 * missing, empty, over 64 KiB, readable or writable by group or others (after following links). */
bool secret_from_file(struct secret *secret, struct str path, struct err *err);
/* The whole file, for PEM keys. */
bool secret_from_whole_file(struct secret *secret, struct str path, struct err *err);
bool secret_is_set(const struct secret *secret);
/* The text itself, lent by `secret`. For the last step only: a header, a signature. NUL follows. */
struct str secret_reveal(const struct secret *secret);

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

/*
 * The shared files of the AWS tools, read: pure. Source: contracts/aws.md 7.2.
 *
 * A fault names the line and never what stands on it. Lines that are further in than the key above
 * them belong to its value; of the keys this program knows none may have such a value.
 */

enum aws_ini_form {
    AWS_INI_CREDENTIALS, /* `[name]` */
    AWS_INI_CONFIG,      /* `[default]`, `[profile name]`; other sections are not ours */
    AWS_INI_EITHER,      /* one file instead of the two: both spellings */
};

struct aws_ini_entry {
    struct str profile, key, value; /* key in lower case; lent by the text or in arena */
    unsigned line;
    bool goes_on; /* over further lines */
};

struct aws_ini {
    VEC_OF(struct aws_ini_entry) entries; /* a section by itself is an entry without a key */
};

/* ERR_SETTINGS with the line. */
bool aws_ini_read(struct str text, enum aws_ini_form form, struct arena *arena, struct aws_ini *out,
                  struct err *err);
bool aws_ini_has(const struct aws_ini *ini, struct str profile);
/* NULL when absent. */
const struct aws_ini_entry *aws_ini_find(const struct aws_ini *ini, struct str profile,
                                         const char *key);

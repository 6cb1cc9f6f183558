#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * Is this text exactly one JSON value by RFC 8259, and one that may be acted upon?
 *
 * Stricter than the grammar: UTF-8 must be valid, U+0000 and lone surrogates are refused in every
 * spelling, nesting ends at 64, a number at 63 characters. Pure, one pass, no memory. Duplicate
 * keys are not its business: they are compared once escapes are resolved.
 */

#define JSON_MAX_DEPTH  64
#define JSON_MAX_NUMBER 63

struct json_fault {
    const char *why; /* static, a clause: "a string is not closed" */
    size_t at;       /* byte, from 0 */
};

/* `fault` is written on false only. */
bool json_scan(struct str text, struct json_fault *fault);

/*
 * The same, and writes the value anew to `out` (room for text.len bytes) without blanks and without
 * the members, at any depth, whose key is not one of `keys`. What is left out is checked all the
 * same. A key written with escapes is always kept, for whoever resolves them.
 */
struct json_keys {
    const char *const *names;
    size_t n;
};
bool json_scan_keys(struct str text, const struct json_keys *keys, char *out, size_t *out_len,
                    struct json_fault *fault);

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Strict JSON reading. The only file that knows cJSON is json.c.
 *
 * Refused, each with one sentence: invalid UTF-8, \u0000 anywhere, text after the value, nesting
 * over 64, duplicate keys within one object. Names are matched by case. A tree lives in a page
 * arena of its thread until json_free; one document at a time per thread is open, a nested
 * json_parse is a programming error. Strings are lent by the document.
 *
 * Absent and null are the same: the plain readers report them as missing, the _opt forms give the
 * empty value. A wrong type is always an error that names the member, e.g. `profile.login: expected
 * a string`.
 */

struct json; /* a value inside a document; lent by it */

/* Once in main, before any thread: installs the allocation hooks. */
void json_init(void);

/* Parses one whole text. `what` names it in errors ("member list"). On success the root is lent
 * until json_free(). ERR_REMOTE on any fault. */
bool json_parse(struct str text, const char *what, const struct json **root, struct err *err);
/* The same, keeping only members, at any depth, with one of these keys. Everything is checked all
 * the same; what is not kept costs no tree. For long lists of which little is needed. */
bool json_parse_keys(struct str text, const char *what, const char *const *keys, size_t n,
                     const struct json **root, struct err *err);
/* Closes the document of this thread; fine when none is open. Keeps the page arena's blocks. */
void json_free(void);
/* For CLEANUP on any local pointer: `CLEANUP(json_close) const struct json *root = NULL;`. */
void json_close(const struct json **root);

bool json_is_obj(const struct json *value);
bool json_is_arr(const struct json *value);
bool json_is_str(const struct json *value);

/* Member readers on an object. A non-object `obj` is an error. */
bool json_str(const struct json *obj, const char *key, struct str *out, struct err *err);
bool json_str_opt(const struct json *obj, const char *key, struct str *out, struct err *err);
bool json_i64(const struct json *obj, const char *key, int64_t *out, struct err *err);
bool json_i64_opt(const struct json *obj, const char *key, int64_t *out, struct err *err);
/* Seconds, possibly with a fraction, as milliseconds; none below 0 or past the year 9999. */
bool json_seconds_opt(const struct json *obj, const char *key, int64_t *out_ms, struct err *err);
bool json_bool_opt(const struct json *obj, const char *key, bool fallback, bool *out,
                   struct err *err);
bool json_obj(const struct json *obj, const char *key, const struct json **out, struct err *err);
bool json_obj_opt(const struct json *obj, const char *key, const struct json **out,
                  struct err *err);
bool json_arr(const struct json *obj, const char *key, const struct json **out, struct err *err);
bool json_arr_opt(const struct json *obj, const char *key, const struct json **out,
                  struct err *err);
/* Any member, NULL when absent (null is given as a value of neither type). */
const struct json *json_get(const struct json *obj, const char *key);

/* The text of a string value. */
bool json_as_str(const struct json *value, struct str *out, struct err *err);

/* Elements of an array or members of an object, in order:
 *     for (const struct json *e = json_first(arr); e; e = json_next(e)) */
const struct json *json_first(const struct json *value);
const struct json *json_next(const struct json *element);
struct str json_key(const struct json *member);
size_t json_count(const struct json *value);

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * JSON writing, straight into a buf. Strings are escaped; bytes that are not UTF-8 become U+FFFD,
 * and so does U+0000, which the reader refuses. One value is a whole text; a fresh struct json_out
 * begins the next. The caller nests properly; an assertion watches. `key` is NULL inside arrays.
 *
 *     struct json_out out = {.buf = &buf};
 *     json_open(&out, NULL, '{');
 *     json_put_str(&out, "name", STR("kiro-jp"));
 *     json_end(&out, '}');
 */

struct json_out {
    struct buf *buf; /* kept */
    bool indent;     /* two spaces a level, for people */
    unsigned depth;  /* the rest is the writer's own */
    bool some[66];
    char close[66];
};

void json_open(struct json_out *out, const char *key, char bracket); /* '{' or '[' */
void json_end(struct json_out *out, char bracket);                   /* '}' or ']' */
void json_put_str(struct json_out *out, const char *key, struct str value);
/* The empty view becomes null. */
void json_put_str_or_null(struct json_out *out, const char *key, struct str value);
void json_put_i64(struct json_out *out, const char *key, int64_t value);
void json_put_bool(struct json_out *out, const char *key, bool value);
void json_put_null(struct json_out *out, const char *key);
/* ISO 8601 UTC with milliseconds; 0 becomes null. */
void json_put_time(struct json_out *out, const char *key, int64_t ms);
/* Text that is JSON already. */
void json_put_raw(struct json_out *out, const char *key, struct str json);

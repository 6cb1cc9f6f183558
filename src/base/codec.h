#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* Text forms of bytes. Encoders give text in arena; decoders are strict and say false. */

struct str hex_encode(struct str bytes, struct arena *arena); /* lower case */
bool hex_decode(struct str text, struct arena *arena, struct str *out);
struct str base64_encode(struct str bytes, struct arena *arena);    /* with padding */
struct str base64url_encode(struct str bytes, struct arena *arena); /* without */
bool base64url_decode(struct str text, struct arena *arena, struct str *out);
/* RFC 3986: everything but A-Z a-z 0-9 - . _ ~ becomes %XX, upper case. One path segment or one
 * query value. */
struct str percent_encode(struct str text, struct arena *arena);
bool percent_decode(struct str text, struct arena *arena, struct str *out);
/* Crockford base 32 without i l o u, upper case: short ids that people can read out. */
struct str base32_id(const unsigned char *bytes, unsigned n_chars, struct arena *arena);

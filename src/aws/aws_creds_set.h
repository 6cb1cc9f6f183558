#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/sigv4.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"

/* One immutable set of credentials. */

#define AWS_ACCESS_KEY_MAX 128

struct aws_set {
    char access_key[AWS_ACCESS_KEY_MAX + 1];
    struct secret secret_key, token;
    int64_t expires;   /* 0: never */
    bool may_be_stale; /* instance metadata: what has expired is kept, and asked for again later */
};

void aws_set_fini(struct aws_set *set);
bool aws_set_is_there(const struct aws_set *set);
/* Lent by the set. */
struct sigv4_keys aws_set_keys(const struct aws_set *set);
/* Checks and copies; `token` empty: not temporary. `kind`: of the error when one of them cannot be
 * what it should be. The message says which, never what it is. `out` is zeroed or a set; it
 * then never expires. */
bool aws_set_take(struct aws_set *out, struct str access_key, struct str secret_key,
                  struct str token, enum err_kind kind, struct err *err);

/* A JSON document with the set: of a process, the container or the instance. */
enum aws_set_form {
    AWS_SET_PROCESS,  /* Version 1, SessionToken, Expiration; both may be absent */
    AWS_SET_METADATA, /* Token, Expiration; both must be there. A `Code` must be Success */
};
bool aws_set_from_json(struct str text, enum aws_set_form form, struct aws_set *out,
                       struct err *err);

/* Wipes what an arena got since the mark, and gives it up. */
void aws_arena_wipe(struct arena *arena, arena_mark_t mark);

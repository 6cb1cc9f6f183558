#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "identity/identity_call.h"

/* Single memberships, looked for. Both leave identity->call as it was, apart from what they took
 * of it, so that a call of the public interface may use them in its middle. */

/* As identity_are_members, with a sentence each (in arena) where it is not FOUND or NONE. */
bool identity_look(struct identity *identity, const struct identity_pair *pairs, size_t n,
                   struct arena *arena, enum identity_answer *out, struct str *why,
                   struct err *err);

/* One membership, found by listing. */
struct identity_sought {
    struct identity_pair pair;
    enum identity_answer answer;
    struct str membership; /* when FOUND; in arena */
    struct str why;        /* when neither FOUND nor NONE; in arena */
};
/* By walking through the group's memberships, each group once, or through the user's. */
enum identity_side { IDENTITY_BY_GROUP, IDENTITY_BY_USER };
bool identity_seek(struct identity *identity, struct identity_sought *sought, size_t n,
                   enum identity_side side, struct arena *arena, struct err *err);

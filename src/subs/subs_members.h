#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "subs/subs_wire.h"

/* Which members an object of the subscription service may have. Pure. */

struct subs_members {
    const char *prefix; /* of names in messages; empty: the document itself, which has pages */
    const char *known[8];
    size_t n;
};

/* Refused: what is no object; a member that looks like one of ours in another spelling, now or
 * formerly; in the document itself, one that may be about further pages. Other unknown ones are
 * noted in `extra`. */
bool subs_check_members(const struct json *obj, const struct subs_members *members,
                        struct subs_extra *extra, struct err *err);

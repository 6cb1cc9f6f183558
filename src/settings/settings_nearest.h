#pragma once

#include <stddef.h>

#include "base/str.h"

/* Which known word was meant? */

/* The fewest single edits (put in, take out, replace, swap neighbours) from one to the other; ASCII
 * case is free. Words over 64 bytes are further than any limit. */
size_t edit_distance(struct str a, struct str b);

/* Remembers the nearest of the candidates it is shown. */
struct nearest {
    struct str wanted;
    struct str found; /* empty: nothing near enough */
    size_t distance;
};

struct nearest nearest_to(struct str wanted);
void nearest_try(struct nearest *nearest, struct str candidate);

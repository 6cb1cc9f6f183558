#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "core/model.h"

/*
 * Diff by sorted merge: who is missing, who is too many. Linear, no hashing; the inputs are sets
 * (sorted, no doubles) and the outputs are too.
 */

struct difference {
    struct people missing; /* desired, not actual */
    struct people surplus; /* actual, not desired */
    size_t in_both;
};

struct difference diff_people(const struct people *desired, const struct people *actual,
                              struct arena *arena);

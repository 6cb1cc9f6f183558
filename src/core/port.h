#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/observation.h"
#include "core/op.h"

/*
 * What the engine needs of a remote that keeps memberships. Adapters and engine both see these, and
 * not each other. Calls fail with `err` only when the run cannot go on.
 */

struct source {
    void *self;
    /* One listing per collection, in order. */
    bool (*list)(void *self, const struct str *collections, size_t n, struct arena *arena,
                 struct listing *out, struct err *err);
};

struct op_result {
    /* SENT: accepted, to be looked at; FAILED; UNKNOWN; PLANNED: certainly no effect, to be tried
     * in a later run. Never DONE: that comes from a look. */
    enum op_state state;
    int64_t wait_ms;    /* PLANNED by a rate limit: it may go after so long; else 0 */
    bool group_refuses; /* stop writing to this group in this run */
    struct str why;     /* when not accepted */
};

struct target {
    struct source source;
    /* One batch; one result per op, in order. */
    bool (*apply)(void *self, const struct op *const *ops, size_t n, struct arena *arena,
                  struct op_result *out, struct err *err);
};

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "core/observation.h"
#include "core/op.h"

/*
 * Verify: did it arrive? Settles an op that was sent from what a later look shows. Pure.
 */

enum proof {
    PROOF_REACHED,  /* the wanted state is there */
    PROOF_NOT_DONE, /* it did not happen: sealed read, long enough after */
    PROOF_OPEN,     /* too early or not readable: stays unknown */
};

#define VERIFY_SETTLE_MS ((int64_t)60000) /* absence proves nothing before */

enum proof verify_op(enum op_kind kind, struct str person, int64_t sent_at,
                     const struct listing *listing);

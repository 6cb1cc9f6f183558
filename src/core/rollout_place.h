#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "core/hops.h"
#include "core/request.h"
#include "core/rollout.h"

/*
 * Where one member of a cohort stands, from what is known about the request, the grant and the new
 * seat. What was proved stays proved. Pure; all texts are static or lent by the sight.
 */

/* An arrival is waited for so long from when the person was asked. */
#define ROLLOUT_ARRIVAL_MS ((int64_t)48 * 3600 * 1000)
/* Where no subscription is seen, the push has to have held so long. */
#define ROLLOUT_PUSHED_MS ((int64_t)24 * 3600 * 1000)

struct rollout_sight {
    enum rollout_place place; /* so far */
    int64_t asked_at_ms;
    bool is_filed; /* the change request is there: */
    enum request_state request_state;
    struct str request_reason;
    bool is_granted;              /* a grant of the new plan counts now */
    struct str lost_why;          /* if not: what became of it */
    bool is_listed;               /* the new plan's group was listed whole */
    bool in_group;                /* and shows the person */
    const struct hop_state *hops; /* HOP_COUNT, of the new seat as the last run saw it; NULL: never
                                     followed */
    int64_t hops_seen_ms;         /* when that was */
    bool confirmed;               /* a person confirmed the wave */
    int64_t steady_ms;            /* since when the clock has run without a jump */
    int64_t now_ms;
};

struct rollout_standing {
    enum rollout_place place;
    struct str why; /* of FAILED and GONE */
    bool arrived;   /* as far as can be seen; what is missing is time, or a person's word */
};
struct rollout_standing rollout_stand(const struct rollout_sight *sight);

/* Is the seat itself told by the subscription service? Then no person has to confirm it. */
bool rollout_sees_seat(const struct hop_state *hops);

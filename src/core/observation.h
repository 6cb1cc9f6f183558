#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "core/model.h"

/*
 * An observation: one listing of one remote collection at one time. It is *sealed* when every page
 * arrived, parsed strictly and made sense. What is not sealed never argues for a removal; it is
 * unknown, never empty.
 */

enum listing_state {
    LISTING_UNKNOWN, /* failed, cut off, implausible: `why` says what */
    LISTING_SEALED,
    LISTING_ABSENT, /* the collection itself is gone (404 on the first page) */
};

struct listing {
    struct str collection; /* the group's id */
    enum listing_state state;
    struct str why;               /* one sentence when not sealed */
    int64_t at_ms;                /* when its first page was asked for */
    const struct member *members; /* sorted by id, no doubles; what was read so far if not sealed */
    size_t n;
};

bool listing_is_sealed(const struct listing *listing);
const struct member *listing_find(const struct listing *listing, struct str id);
/* The ids alone; in arena. */
struct people listing_people(const struct listing *listing, struct arena *arena);
/* Sorts by id and drops doubles; returns the new count. */
size_t members_sort_unique(struct member *members, size_t n);

/* What the ledger accepted as the group's membership before: sorted by person, no doubles. */
struct accepted {
    struct str person;
    bool owned;     /* a settled add of ours, or adopted */
    bool taken_out; /* was here, vanished without an op of ours, and was not given back */
    int64_t since_ms;
};
struct baseline {
    struct str group;
    bool exists; /* false: this group was never listed before */
    int64_t accepted_at;
    const struct accepted *people;
    size_t n;
};

const struct accepted *baseline_find(const struct baseline *baseline, struct str person);
/* Is the membership ours: owned, and not one that vanished and came back by other hands? */
bool baseline_owns(const struct baseline *baseline, struct str person);

/*
 * The `shrunk` rule (design: safety). lost = accepted members that the listing does not show and
 * that no removal of ours explains. Suspicious at lost >= max(3, percent of the baseline), or when
 * the listing is empty and the baseline was not (own removals aside).
 */
struct shrink {
    bool is_shrunk;
    size_t before, now, lost;
    const struct str *gone; /* who; sorted; in arena */
    struct str
        digest; /* of group, `gone` and the baseline's time: what an acknowledgement is for */
};
/* `removed_by_us` is sorted, without doubles: people our own ops took out since the baseline. */
struct shrink shrink_check(const struct baseline *baseline, const struct listing *listing,
                           const struct people *removed_by_us, int64_t percent,
                           struct arena *arena);

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "core/policy.h"

/*
 * A seat's five hops (design, section 4): how far somebody's seat has come. Hops that do not apply
 * are said to be so; this program observes the first one.
 */

enum hop { HOP_OKTA, HOP_USER, HOP_PUSHED, HOP_SEAT, HOP_IN_USE, HOP_COUNT };
enum hop_word {
    HOP_REACHED,
    HOP_ON_ITS_WAY,
    HOP_LATE,
    HOP_LEAVING,
    HOP_UNKNOWN,
    HOP_NOT_APPLICABLE,
};

const char *hop_name(enum hop hop);
const char *hop_word_name(enum hop_word word);

struct hop_state {
    enum hop hop;
    enum hop_word state;
    int64_t since_ms, deadline_ms; /* 0: none */
    struct str cause, remedy;
};

struct hop_facts {
    bool desired, is_member, readable; /* in the plan's group as last accepted */
    int64_t desired_since_ms;          /* when the grant began or was accepted */
    int64_t member_since_ms;           /* when first seen in the group */
    int64_t now_ms;
    int64_t deadline_ms; /* span of the first hop */
    struct str held_why; /* the guard that holds the op, or empty */
};
/* Fills all HOP_COUNT states, in order. */
void hops_follow(const struct hop_facts *facts, struct hop_state out[HOP_COUNT]);

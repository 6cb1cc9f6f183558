#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Rollout: moving the holders of one plan to another in waves (design, section 3). The cohort is
 * frozen at the start; starting a wave files change requests, so the ledger stays the truth. Pure.
 */

/* `3,5%,25%,100%`: cumulative, heads or percent of the cohort, ascending, the last one everybody.
 * Percent are kept in hundredths, so that `0.5%` of a large cohort can be said. */
struct rollout_wave {
    bool percent;
    int64_t size;
};
#define ROLLOUT_WAVES_MOST 20
bool rollout_parse_waves(struct str text, struct arena *arena, const struct rollout_wave **out,
                         size_t *n, struct err *err);
/* `2%` in hundredths of a percent, or heads. ERR_USAGE otherwise. */
struct rollout_halt {
    bool percent;
    int64_t size;
};
bool rollout_parse_halt(struct str text, struct rollout_halt *out, struct err *err);
/* How many of the cohort are in waves up to and including that one, counted from 1 (0: none yet):
 * rounded down, but at least one more than before while there is anybody left. */
size_t rollout_reach(const struct rollout_wave *waves, size_t n_waves, size_t wave, size_t cohort);
/* Ordered by SHA-256(rollout id, Okta id), so that nobody is first by name. Sorts in place. */
void rollout_order(struct str rollout, struct str *people, size_t n, struct arena *arena);

enum rollout_state {
    ROLLOUT_RUNNING,
    ROLLOUT_PAUSED,
    ROLLOUT_HALTED,
    ROLLOUT_DONE,
    ROLLOUT_ABORTED
};
const char *rollout_state_name(enum rollout_state state);
bool rollout_state_parse(struct str word, enum rollout_state *out);
bool rollout_state_is_open(enum rollout_state state); /* running, paused, halted */

/* Where one member of the cohort stands. */
enum rollout_place {
    ROLLOUT_WAITING, /* its wave has not begun */
    ROLLOUT_ASKED,   /* the change request is filed, and open or accepted */
    ROLLOUT_MOVED,   /* on the new plan, proved */
    ROLLOUT_FAILED,  /* refused, denied, lapsed, or not there in time */
    ROLLOUT_GONE,    /* holds nothing any more: nobody to move */
};
const char *rollout_place_name(enum rollout_place place);
bool rollout_place_parse(struct str word, enum rollout_place *out);

struct rollout_facts {
    enum rollout_state state;
    const struct rollout_wave *waves;
    size_t n_waves;
    size_t wave;                      /* begun so far: 0 is none */
    const enum rollout_place *places; /* of the cohort, in its order */
    size_t n;
    int64_t proved_at_ms; /* since when all of the begun waves are MOVED, FAILED or GONE; 0: not */
    bool confirmed;       /* a person confirmed the wave, where proof needs one */
    bool needs_confirm;   /* no subscription is observed: 24 h are not enough alone */
    int64_t bake_ms;
    struct rollout_halt halt_on;
    int64_t now_ms;
};
enum rollout_step {
    ROLLOUT_STAY,       /* `why` says what is waited for */
    ROLLOUT_BEGIN_WAVE, /* people from..to of the cohort are asked for now */
    ROLLOUT_HALT,
    ROLLOUT_FINISH,
};
struct rollout_decision {
    enum rollout_step step;
    size_t from, to;
    struct str why; /* one sentence; in arena */
};
/* Any failure in the first wave halts; later more than `halt_on` of those asked so far. */
struct rollout_decision rollout_decide(const struct rollout_facts *facts, struct arena *arena);

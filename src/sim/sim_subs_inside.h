#pragma once

#include "sim/sim_idc.h"

/* What the files that keep subscriptions share among themselves. */

void *sim_subs_grow(void *items, size_t n, size_t *cap, size_t size);

/* The seat of that user, made where there is none. */
uint32_t sim_seat_make(struct sim *sim, uint32_t user, uint8_t profile);
/* What his sources come to at that time (boot clock) becomes a step, where it is something new. */
void sim_seat_resolve(struct sim *sim, uint32_t seat, int64_t at_ms);
void sim_seat_step(struct sim *sim, uint32_t seat, const struct sim_step *step, int64_t at_ms);

void sim_subs_event(struct sim *sim, enum sim_subs_event_kind kind, uint32_t number, int64_t at_ms);
/* An event that is due, for the sources and users it is about. */
void sim_source_start(struct sim *sim, uint32_t number, int64_t at_ms);
void sim_source_end(struct sim *sim, uint32_t number, int64_t at_ms);
/* How long what a claim gives takes to this member; SIM_NEVER. */
int64_t sim_claim_lag(const struct sim *sim, const struct sim_source *source);
bool sim_subs_is_never(const struct sim *sim, uint32_t user);

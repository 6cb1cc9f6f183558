#pragma once

#include <stdbool.h>

#include "sim/sim_fault.h"
#include "sim/sim_request.h"

/*
 * Rate limits by virtual time: one budget a minute for the organisation and a share of it for each
 * principal, per bucket. Windows begin with the first call in them, not with the minute. The
 * headers tell the principal's share. Contract: okta.md 8.
 */

/* Counts the call and puts the headers on its answer; false when it is a 429, which is made.
 * An unknown bucket has no limit. */
bool sim_limit_admit(struct sim_call *call, const char *bucket);
/* The limits of a Workforce organisation, a minute. */
void sim_limit_defaults(struct sim *sim);
/* A 429 of that kind, as the fault script asks. */
void sim_limit_refuse(struct sim_call *call, enum sim_rate kind, const char *bucket);

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "sim/sim_subs.h"

/*
 * What the simulated provider charges for one UTC month: the truth that the program's own `cost` is
 * held against. It is reckoned here, from what happened to each seat, and shares nothing with the
 * program's arithmetic.
 *
 * A month that is not over yet is charged as if nothing more happened in it.
 */

struct sim_bill_row {
    struct str user;      /* his id in the store, in arena */
    struct str user_name; /* empty: he is in no store; lent by the cloud */
    int64_t minor;        /* what he pays in all profiles together */
    int64_t by_plan[SIM_PLANS];
};
struct sim_bill {
    int64_t from_ms, until_ms; /* the month */
    int64_t total_minor;
    int64_t by_plan[SIM_PLANS];
    size_t charged[SIM_PLANS]; /* how many seats on each */
    size_t pending;            /* seats that cost nothing yet, at the end of the month or now */
    const struct sim_bill_row *rows; /* those who pay something, sorted by id; in arena */
    size_t n;
};
/* `at_ms` is any time in that month. What is due is carried out already. */
struct sim_bill sim_bill(const struct sim *sim, int64_t at_ms, struct arena *arena);

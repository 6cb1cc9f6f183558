#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/*
 * Virtual time for tests: stands still until somebody sleeps, then jumps. Every sleep is counted,
 * so a test can say how long the program would have waited.
 */

struct fake_clock {
    int64_t now, boot;      /* set them at will; the wall clock may be moved against boot time */
    int64_t slept, longest; /* in all, and the longest single sleep */
    size_t n_sleeps;
    size_t cancel_at; /* the sleep of this number (from 1) fails with ERR_CANCELLED; 0: none */
};

#define FAKE_CLOCK_START INT64_C(1777885960000) /* 2026-05-04T09:12:40Z */

void fake_clock_init(struct fake_clock *fake);
/* Keeps `fake`. */
struct clock fake_clock(struct fake_clock *fake);
/* Lets time pass without a sleep being counted. */
void fake_clock_pass(struct fake_clock *fake, int64_t ms);

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "core/catalogue.h"
#include "core/policy.h"

/*
 * Money: what seats cost now, what they will cost this month, and what is paid for nothing. Integer
 * minor units, never floating point. Source of the rules: contracts/aws.md 6.8. Pure.
 *
 * A person pays once for all entitlements (they share one profile): the highest plan counts. What
 * no one-way move connects is another service, which shares nothing and is paid beside it.
 * Billing months are UTC calendar months. A pending subscription costs nothing until first use; a
 * started month is prorated by days from the day of first use, that day included; an upgrade counts
 * from the first of its month on the higher plan, the lower one's share given back; a cancelled or
 * lowered one is paid to the end of its month.
 */

enum money_use {
    MONEY_UNKNOWN, /* use is not observed: "at most" */
    MONEY_PENDING, /* subscribed, never used */
    MONEY_ACTIVE,
    MONEY_CANCELED, /* paid to the month's end, nothing after it */
};

/* One person's place in one plan. */
struct money_seat {
    struct str person, entitlement, plan;
    enum money_use use;
    int64_t active_since_ms; /* first use, or when it was first seen ACTIVE; 0: not known, so the
                              * whole month is "at most" (CANCELED too: if it was used at all) */
    int64_t until_ms;        /* the grant's end; 0: none known */
    int64_t idle_since_ms;   /* PENDING since; 0: not idle */
};

struct money_line { /* of a plan, an entitlement, or all */
    struct str name;
    size_t seats, active, pending, canceled, unknown;
    /* Amounts stand at the plan and the entitlement that the person pays for, so lines add up. */
    int64_t now_minor;       /* a month at today's seats that are in use (or not observed) */
    int64_t committed_minor; /* what pending ones would add once they are used */
    int64_t forecast_minor;  /* this UTC month's bill as far as it can be told */
    int64_t twice_minor;     /* a month, for seats paid twice */
    int64_t unused_minor;    /* a month, freed by giving back seats idle beyond `unused_after` */
    size_t twice, unused;
    bool at_most; /* some use is not observed, and the amounts would be less without it */
    bool
        forecast_at_most; /* so is the forecast: for the same reason, or a first use is not dated */
};

struct money {
    struct str currency;
    int64_t month_ms; /* the first millisecond of the UTC month that `forecast` is about */
    struct money_line all;
    /* In the catalogue's and the policy's order, those without seats too; then by name what seats
     * are in and the settings no longer know, at no price. */
    const struct money_line *plans;
    size_t n_plans;
    const struct money_line *entitlements;
    size_t n_entitlements;
};

/*
 * `seats` in any order; the forecast is about the UTC month of `now_ms`. A seat of a family that is
 * billed from the grant counts as used. A known end does not lower its month. `twice` stays 0 while
 * only one profile is observed: a person pays twice in two. Sums stop at INT64_MAX. In arena.
 */
struct money money_of(const struct policy *policy, const struct money_seat *seats, size_t n,
                      int64_t now_ms, struct arena *arena);

/*
 * What one person pays one service in the UTC month of `month_ms` for that history; the bill's own
 * rule, used by forecast and by tests against the simulator's. `steps` sorted by time; what comes
 * after the month does not matter. Use goes on over changes of plan; a cancellation comes into
 * force with the end of its month, unless the seat is taken again before, and so does a lower plan.
 * Rounded down, once, to the minor unit.
 */
struct money_step {
    int64_t at_ms;
    struct str plan; /* from then on; empty: cancelled */
    bool first_use;  /* else only assigned */
};
int64_t money_month(const struct catalogue *catalogue, const struct money_step *steps, size_t n,
                    int64_t month_ms);

/* `cost`: for people and for programs. `by` is "plan" or "entitlement"; lines without seats are
 * left out of the text. */
void money_text(const struct money *money, const struct policy *policy, const char *by,
                struct buf *out);
void money_json(const struct money *money, const struct policy *policy, struct buf *out);
void money_csv(const struct money *money, const char *by, struct buf *out);
/* "1,234.50 USD", "-300 JPY"; in arena. */
struct str money_str(int64_t minor, struct str currency, struct arena *arena);

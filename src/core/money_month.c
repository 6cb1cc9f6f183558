#include "base/clock.h"
#include "core/money_parts.h"

/* One person's bill for one month. */

/* ---- months ---- */

#define FIRST_YEAR 1970
#define LAST_YEAR  9999

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_of_year(int year)
{
    return is_leap(year) ? 366 : 365;
}

static int64_t days_of_month(int year, int month)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month] + (month == 1 && is_leap(year));
}

/* A few dozen steps from 1970 are quick enough for what is done once a bill. */
struct money_span money_span_of(int64_t ms)
{
    int64_t left = ms > 0 ? ms / TIME_DAY : 0;
    int64_t first = 0; /* day of the month's first, since 1970 */
    int year = FIRST_YEAR;
    int month = 0;

    for (; left >= days_of_year(year) && year < LAST_YEAR; year++) {
        left -= days_of_year(year);
        first += days_of_year(year);
    }
    for (; month < 11 && left >= days_of_month(year, month); month++) {
        left -= days_of_month(year, month);
        first += days_of_month(year, month);
    }
    int64_t days = days_of_month(year, month);
    return (struct money_span){first * TIME_DAY, (first + days) * TIME_DAY, days};
}

/* ---- the bill ---- */

struct meter {
    const struct catalogue *catalogue;
    struct str plan;  /* assigned now; empty: none */
    bool in_use;      /* since a first use, until a cancellation has come into force */
    int64_t ends_ms;  /* when the cancellation does: with its month; 0: none */
    struct str rated; /* what this month is paid at; empty: nothing yet */
    int64_t from_day; /* ... from that day on, 0 is the first */
};

static bool is_billed_at_once(const struct catalogue *catalogue, struct str plan)
{
    const struct catalogue_plan *row = catalogue_plan(catalogue, plan);
    const struct catalogue_family *family = row ? catalogue_family(catalogue, row->family) : NULL;

    return family && !family->billed_from_first_use;
}

/* What somebody has from this step on, whenever it was. A seat that is taken again before its
 * cancellation came into force goes on. */
static void take(struct meter *meter, const struct money_step *step)
{
    if (step->plan.len == 0) {
        if (meter->plan.len > 0)
            meter->ends_ms = money_span_of(step->at_ms).until_ms;
        meter->plan = step->plan;
        return;
    }
    if (meter->ends_ms != 0 && step->at_ms >= meter->ends_ms)
        meter->in_use = false;
    meter->ends_ms = 0;
    meter->plan = step->plan;
    meter->in_use |= step->first_use || is_billed_at_once(meter->catalogue, step->plan);
}

/* A started month is paid to its end, whatever ends in it; a higher plan takes the place of the
 * lower one from the month's first day, and a lower one waits for the next month. */
static void rate(struct meter *meter, int64_t day)
{
    if (!meter->in_use)
        return;
    if (meter->rated.len == 0) {
        meter->rated = meter->plan;
        meter->from_day = day;
    } else if (catalogue_compare(meter->catalogue, meter->rated, meter->plan) < 0) {
        meter->rated = meter->plan;
        meter->from_day = 0;
    }
}

/* Rounded down once: whole units first, so that no price is too high to be multiplied. */
static int64_t prorate(int64_t price, int64_t days, int64_t of)
{
    return price / of * days + price % of * days / of;
}

int64_t money_month_in(const struct catalogue *catalogue, const struct money_step *steps, size_t n,
                       const struct money_span *month)
{
    struct meter meter = {.catalogue = catalogue};
    size_t i = 0;

    for (; i < n && steps[i].at_ms < month->from_ms; i++)
        take(&meter, &steps[i]);
    rate(&meter, 0);
    for (; i < n && steps[i].at_ms < month->until_ms; i++) {
        take(&meter, &steps[i]);
        rate(&meter, (steps[i].at_ms - month->from_ms) / TIME_DAY);
    }
    const struct catalogue_plan *plan = catalogue_plan(catalogue, meter.rated);
    return plan ? prorate(plan->price_minor, month->days - meter.from_day, month->days) : 0;
}

int64_t money_month(const struct catalogue *catalogue, const struct money_step *steps, size_t n,
                    int64_t month_ms)
{
    const struct money_span month = money_span_of(month_ms);

    return money_month_in(catalogue, steps, n, &month);
}

#include "sim/sim_bill.h"

#include <stdlib.h>

#include "base/clock.h"
#include "sim/sim_idc.h"

/*
 * The rules, each with where it comes from. They are those of the contract aws.md 6.8; where that
 * leaves a gap, of the head of core/money.h.
 *
 * 1. A billing month is a UTC calendar month.                                          (6.8)
 * 2. A pending seat is not charged; the first use begins the charge.                    (6.8)
 * 3. A month that begins with the first use is prorated by days, that day included.     (6.8, head)
 * 4. An upgrade counts at once and from the first of its month: the higher plan is
 *    charged in full and what was charged on the lower one is given back, also in the
 *    month of the first use.                                                      (6.8, head)
 * 5. A lower plan counts from the first of the next month; this one is paid as it was.  (6.8)
 * 6. A cancelled seat is paid to the end of its month and not after it.                 (6.8)
 * 7. One profile charges a person once, for the highest plan; two profiles charge twice. (6.1)
 * 8. Seats left behind by a deleted instance stay charged.                              (6.7)
 * 9. Prices are those of 6.4, in cents; a person's month is rounded down once, at its
 *    end, over all profiles.                                              (our own, as in head)
 */

/* One seat in one month. */
struct charge {
    enum sim_plan plan; /* SIM_PLAN_NONE: nothing */
    int64_t days;       /* of the month that are charged */
    bool is_pending;    /* at its end, or now */
};

static int64_t days_between(int64_t from_ms, int64_t until_ms)
{
    return (until_ms - from_ms) / TIME_DAY;
}

static struct charge charge_of(const struct sim_seat *seat, int64_t from_ms, int64_t until_ms)
{
    struct sim_seat_view view = {0};
    struct charge charge = {0};
    uint32_t i = 0;

    for (; i < seat->n_steps && seat->steps[i].at_ms < from_ms; i++)
        sim_seat_take(&view, &seat->steps[i]);
    sim_seat_turn(&view, from_ms);
    /* Whatever is in force when the month begins is charged whole: rules 1, 5, 6. */
    charge.plan = view.active;
    charge.days = days_between(from_ms, until_ms);
    for (; i < seat->n_steps && seat->steps[i].at_ms < until_ms; i++) {
        bool was_active = view.active != SIM_PLAN_NONE;
        int64_t at_ms = seat->steps[i].at_ms;

        sim_seat_take(&view, &seat->steps[i]);
        if (view.active <= charge.plan)
            continue;
        /* Rule 4 for an upgrade, rule 3 for the first use. */
        charge.days = days_between(was_active ? from_ms : at_ms - at_ms % TIME_DAY, until_ms);
        charge.plan = view.active;
    }
    charge.is_pending = view.status == SIM_SEAT_PENDING;
    return charge;
}

/* ---- people ---- */

struct item {
    struct str user;
    struct str user_name;
    struct charge charge;
};

static int by_user(const void *a, const void *b)
{
    const struct item *x = a;
    const struct item *y = b;

    return str_cmp(x->user, y->user);
}

static struct item *make_items(const struct sim *sim, struct sim_bill *bill, struct arena *arena,
                               size_t *n)
{
    const struct sim_subs *subs = &sim->idc->subs;
    struct item *items = arena_array(arena, struct item, subs->n_seats + 1);

    *n = 0;
    for (uint32_t seat = 0; seat < subs->n_seats; seat++) {
        uint32_t user = subs->seats[seat].user;
        struct charge charge = charge_of(&subs->seats[seat], bill->from_ms, bill->until_ms);

        bill->pending += charge.is_pending;
        if (charge.plan == SIM_PLAN_NONE)
            continue;
        bill->charged[charge.plan]++;
        items[(*n)++] = (struct item){
            .user = sim_seat_user_id(sim, seat, arena),
            .user_name =
                user != SIM_NOBODY ? sim->idc->store.users[user].user_name : (struct str){0},
            .charge = charge,
        };
    }
    qsort(items, *n, sizeof(*items), by_user);
    return items;
}

/* One person: `n` seats in as many profiles. Rule 9: what rounding leaves goes to the last. */
static void sum_person(const struct item *items, size_t n, int64_t month_days,
                       struct sim_bill_row *out)
{
    int64_t parts = 0;
    int64_t told = 0;

    out->user = items[0].user;
    out->user_name = items[0].user_name;
    for (size_t i = 0; i < n; i++)
        parts += sim_plan_row(items[i].charge.plan)->price_minor * items[i].charge.days;
    out->minor = parts / month_days;
    for (size_t i = 0; i < n; i++) {
        int64_t share = i + 1 == n ? out->minor - told
                                   : sim_plan_row(items[i].charge.plan)->price_minor *
                                         items[i].charge.days / month_days;

        out->by_plan[items[i].charge.plan] += share;
        told += share;
    }
}

struct sim_bill sim_bill(const struct sim *sim, int64_t at_ms, struct arena *arena)
{
    struct sim_bill bill = {.until_ms = sim_month_end(at_ms)};
    struct sim_bill_row *rows;
    struct item *items;
    size_t n;

    bill.from_ms = sim_month_begin(at_ms);
    items = make_items(sim, &bill, arena, &n);
    rows = arena_array(arena, struct sim_bill_row, n + 1);
    for (size_t i = 0; i < n;) {
        size_t of_one = 1;

        while (i + of_one < n && str_eq(items[i].user, items[i + of_one].user))
            of_one++;
        sum_person(items + i, of_one, days_between(bill.from_ms, bill.until_ms), &rows[bill.n]);
        bill.total_minor += rows[bill.n].minor;
        for (size_t plan = 0; plan < SIM_PLANS; plan++)
            bill.by_plan[plan] += rows[bill.n].by_plan[plan];
        bill.n++;
        i += of_one;
    }
    bill.rows = rows;
    return bill;
}

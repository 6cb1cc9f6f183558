#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rig/chance.h"
#include "rig/look.h"

/*
 * Properties of whole runs: the real engine over the simulated cloud, with requests, other hands,
 * time and faults at random. A failure names its seed; SEATKEEPER_SEED runs that one case alone,
 * SEATKEEPER_CASES that many.
 */

#define CASES 150
#define STEPS 5
#define LAST  3 /* runs after which everything has arrived once the faults have ended */

static uint64_t seed;

/* What one story has shown so far. */
struct tale {
    struct chance chance;
    struct rig rig;
    struct buf say;
    size_t n_writes; /* looked at so far */
};

static size_t n_converged, n_held;

static void check(struct tale *tale, const char *claim)
{
    if (tale->say.len == 0)
        return;
    look_print(&tale->rig);
    fail_msg("SEATKEEPER_SEED=%" PRIu64 ": %s: %s", seed, claim, tale->say.ptr);
}

/* ---- claims about each run ---- */

static size_t budget(int64_t most, int64_t percent, size_t owned, int64_t times)
{
    int64_t share = (int64_t)owned * percent * times / 100;

    share = share < 1 ? 1 : share;
    return (size_t)(share < most ? share : most);
}

static size_t removals_since(const struct look_write *writes, size_t n, int64_t since)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += !writes[i].is_add && writes[i].had_effect && writes[i].at_ms > since;
    return count;
}

/* The windows are recounted from what the cloud saw. */
static void check_budget(struct tale *tale, const struct look_write *writes, size_t n, size_t owned)
{
    const struct chance *chance = &tale->chance;
    int64_t now = clock_now(&tale->rig.clock);
    size_t this_run = removals_since(writes + tale->n_writes, n - tale->n_writes, INT64_MIN);
    size_t day = removals_since(writes, n, now - TIME_DAY);
    size_t week = removals_since(writes, n, now - 7 * TIME_DAY);

    if (this_run == 0)
        return;
    /* A share of what was owned when the window began: who has left since counts in it. */
    if (this_run > budget(chance->per_run, chance->percent, owned, 1) ||
        day > budget(chance->per_day, chance->percent, owned + day - this_run, 2) ||
        week > budget(chance->per_week, chance->percent, owned + week - this_run, 4)) {
        buf_printf(&tale->say, "of %zu owned seats %zu went in a run, %zu in a day, %zu in a week",
                   owned, this_run, day, week);
    }
    check(tale, "removals keep within their budget");
}

static void check_protected(struct tale *tale, const struct look_write *writes, size_t n)
{
    struct arena *arena = &tale->rig.arena;

    for (size_t i = tale->n_writes; i < n; i++) {
        const char *sql = arena_printf(arena,
                                       "SELECT CAST(substr(login, 2, 2) AS INTEGER) FROM person"
                                       " WHERE okta_id = '%.*s'",
                                       STR_ARG(writes[i].person))
                              .ptr;
        int64_t number = writes[i].is_add ? INT64_MAX : look_number(&tale->rig, sql);
        if (number <= (int64_t)tale->chance.n_protected)
            buf_printf(&tale->say, "p%02lld ", (long long)number);
    }
    check(tale, "protected people are never removed");
}

static size_t owned_now(struct rig *rig)
{
    return (size_t)look_number(rig, "SELECT count(DISTINCT person_id) FROM membership"
                                    " WHERE owned = 1");
}

/* One run, and what is told of each by itself. `released`: a person let removals go, which no
 * budget holds then. */
static void run_and_check(struct tale *tale, bool released)
{
    const struct look_write *writes;
    size_t owned = owned_now(&tale->rig);

    (void)rig_run(&tale->rig, false); /* with faults about it may fail; it must not do harm */
    size_t n = look_writes(&tale->rig, &writes);
    if (!released)
        check_budget(tale, writes, n, owned);
    check_protected(tale, writes, n);
    tale->n_writes = n;
}

/* What the history of all runs so far must show. */
static void check_history(struct tale *tale)
{
    (void)look_removals(&tale->rig, &tale->say);
    check(tale, "nobody with a live grant is removed");
    (void)look_journal(&tale->rig, &tale->say);
    check(tale, "every write had its row in the journal before");
    if (tale->chance.honest)
        (void)look_repeats(&tale->rig, &tale->say);
    check(tale, "nothing is sent blindly again");
    (void)look_ledger(&tale->rig, &tale->say);
    check(tale, "the ledger is whole and its trail intact");
}

/* ---- claims about the end ---- */

static void check_arrival(struct tale *tale)
{
    size_t held;

    sim_clear_faults(tale->rig.sim);
    sim_advance(tale->rig.sim, 61 * TIME_SECOND);
    run_and_check(tale, false);
    chance_acknowledge(&tale->rig);
    for (int i = 0; i < LAST; i++) {
        sim_advance(tale->rig.sim, 61 * TIME_SECOND);
        run_and_check(tale, true);
        if (tale->rig.err.kind != ERR_NONE)
            buf_printf(&tale->say, "%s", tale->rig.err.msg);
        check(tale, "without faults every run is made");
    }
    (void)look_converged(&tale->rig, &held, &tale->say);
    check(tale, "when the faults have ended, three runs reach what is desired");
    n_converged += held == 0;
    n_held += held > 0;
}

/* Everything but the rows of the run itself. */
static const char *trace(struct rig *rig)
{
    return arena_printf(&rig->arena, "%s%lld ops, %lld decisions", look_state(rig),
                        (long long)look_number(rig, "SELECT count(*) FROM op"),
                        (long long)look_number(
                            rig, "SELECT count(*) FROM audit WHERE what NOT LIKE 'run.%'"))
        .ptr;
}

/* Held ops are planned anew in each run; without them there is nothing to write down. */
static void check_silence(struct tale *tale)
{
    struct rig *rig = &tale->rig;

    if (rig->report.n_ops > 0 || look_open_ops(rig) > 0)
        return;
    const char *before = trace(rig);
    size_t writes = tale->n_writes;
    run_and_check(tale, true);
    if (rig->report.n_ops == 0 && !str_is(str_of(trace(rig)), before))
        buf_printf(&tale->say, "before\n%s\nafter\n%s", before, trace(rig));
    if (tale->n_writes != writes)
        buf_printf(&tale->say, "%zu writes", tale->n_writes - writes);
    check(tale, "a run that finds everything in place writes nothing");
}

static void one_story(void)
{
    struct tale tale = {0};

    chance_make(&tale.chance, seed, seed % 2 == 0);
    rig_init(&tale.rig, tale.chance.org, tale.chance.settings);
    for (int i = 0; i < STEPS; i++) {
        chance_happen(&tale.chance, &tale.rig);
        if (rng_chance(&tale.chance.rng, 50))
            chance_break(&tale.chance, &tale.rig);
        run_and_check(&tale, false);
        if (rng_chance(&tale.chance.rng, 50))
            sim_clear_faults(tale.rig.sim);
    }
    check_history(&tale);
    check_arrival(&tale);
    check_silence(&tale);
    check_history(&tale);
    rig_fini(&tale.rig);
    buf_fini(&tale.say);
}

static uint64_t number_in(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void test_whatever_happens_runs_do_no_harm_and_arrive(void **state)
{
    uint64_t only = number_in("SEATKEEPER_SEED", 0);
    uint64_t last = only > 0 ? only : number_in("SEATKEEPER_CASES", CASES);

    (void)state;
    for (seed = only > 0 ? only : 1; seed <= last; seed++)
        one_story();
    print_message("%zu stories ended with every seat in place, %zu with some held for a person\n",
                  n_converged, n_held);
    assert_true(only > 0 || n_converged > n_held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whatever_happens_runs_do_no_harm_and_arrive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crash/story.h"
#include "rig/chance.h"
#include "rig/look.h"

/*
 * campaign SEED COUNT: stories at random in which the wires break, people ask, other hands meddle,
 * and runs die anywhere, writes torn in half included; again while they clean up after having died.
 * However it went, in the end nothing was done twice, nothing blindly, and every seat is in place.
 */

#define STEPS 4
#define LAST  3

/* Most runs pass fewer points than this; a run that passes them all lives. */
#define POINTS 350

struct tale {
    struct place place;
    struct chance chance;
    struct buf say;
    unsigned long runs, deaths;
};

static void run_or_die(struct tale *tale, unsigned percent)
{
    struct rng *rng = &tale->chance.rng;
    unsigned long at = rng_chance(rng, percent) ? 1 + (unsigned long)rng_below(rng, POINTS) : 0;
    bool torn = rng_chance(rng, 50);

    tale->runs++;
    tale->deaths += place_run(&tale->place, at, torn, &tale->say) == ENDED_KILLED;
}

static void something_happens(struct tale *tale)
{
    struct rig rig;

    place_attach(&tale->place, &rig);
    chance_happen(&tale->chance, &rig);
    if (rng_chance(&tale->chance.rng, 40))
        chance_break(&tale->chance, &rig);
    rig_detach(&rig);
}

/* The last run is made here, so that its report can be looked at. */
static void look_at_the_end(struct tale *tale)
{
    struct rig rig;
    size_t held;

    place_attach(&tale->place, &rig);
    sim_advance(tale->place.sim, 61 * TIME_SECOND);
    if (!rig_run(&rig, false))
        buf_printf(&tale->say, "%s\n", rig.err.msg);
    (void)look_converged(&rig, &held, &tale->say);
    (void)place_is_well(&rig, &tale->say);
    if (look_open_ops(&rig) > 0)
        buf_printf(&tale->say, "%zu ops are open for ever\n", look_open_ops(&rig));
    if (tale->say.len > 0)
        look_print(&rig);
    rig_detach(&rig);
}

static void end_well(struct tale *tale)
{
    struct rig rig;

    sim_clear_faults(tale->place.sim);
    for (int i = 0; i < LAST; i++) {
        sim_advance(tale->place.sim, 61 * TIME_SECOND);
        run_or_die(tale, 0);
        if (i == 0) {
            place_attach(&tale->place, &rig);
            chance_acknowledge(&rig);
            rig_detach(&rig);
        }
    }
    look_at_the_end(tale);
}

static bool tell(uint64_t seed, struct tale *tale)
{
    chance_make(&tale->chance, seed, true);
    place_open(&tale->place, tale->chance.org, tale->chance.settings, seed);
    for (int i = 0; i < STEPS; i++) {
        something_happens(tale);
        run_or_die(tale, 80);
        while (rng_chance(&tale->chance.rng, 50))
            run_or_die(tale, 80);
        if (rng_chance(&tale->chance.rng, 60))
            sim_clear_faults(tale->place.sim);
    }
    end_well(tale);
    bool well = tale->say.len == 0;
    if (!well)
        (void)fprintf(stderr, "campaign %" PRIu64 " 1: %s", seed, tale->say.ptr);
    place_close(&tale->place);
    buf_fini(&tale->say);
    return well;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc == 3 ? strtoull(argv[1], NULL, 10) : 0;
    uint64_t count = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    unsigned long runs = 0, deaths = 0;

    if (count == 0)
        return fprintf(stderr, "usage: campaign SEED COUNT\n"), 2;
    for (uint64_t i = 0; i < count; i++) {
        struct tale tale = {0};
        if (!tell(seed + i, &tale))
            return 1;
        runs += tale.runs;
        deaths += tale.deaths;
        if ((i + 1) % 500 == 0 && i + 1 < count)
            (void)fprintf(stderr, "%" PRIu64 " stories, %lu killed\n", i + 1, deaths);
    }
    printf("%" PRIu64 " stories, %lu runs, %lu of them killed: each came out right\n", count, runs,
           deaths);
    return 0;
}

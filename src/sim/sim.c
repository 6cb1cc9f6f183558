#include "sim/sim.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/entropy.h"
#include "sim/sim_auth.h"
#include "sim/sim_fault.h"
#include "sim/sim_idc.h"
#include "sim/sim_port.h"
#include "sim/sim_state.h"

/* Address space, not memory: a million people and a long life fit with room to spare. */
#define TEXTS_BUDGET   ((size_t)2 << 30)
#define SCRATCH_BUDGET ((size_t)1 << 30)

void sim_lock(struct sim *sim)
{
    int rc = pthread_mutex_lock(&sim->lock);

    assert(rc == 0);
    (void)rc;
}

void sim_unlock(struct sim *sim)
{
    int rc = pthread_mutex_unlock(&sim->lock);

    assert(rc == 0);
    (void)rc;
}

/* ---- time ---- */

static int64_t system_ms(void)
{
    struct clock system = clock_system(NULL);

    return clock_now(&system);
}

int64_t sim_now(const struct sim *sim)
{
    return __atomic_load_n(sim->now, __ATOMIC_SEQ_CST) + (sim->ticks ? system_ms() : 0);
}

int64_t sim_cloud(const struct sim *sim)
{
    return sim_now(sim) + __atomic_load_n(&sim->skew_ms, __ATOMIC_SEQ_CST);
}

void sim_advance(struct sim *sim, int64_t ms)
{
    int64_t left = SIM_LAST_MS - sim_now(sim);

    if (ms > left)
        ms = left;
    if (ms > 0)
        __atomic_fetch_add(sim->now, ms, __ATOMIC_SEQ_CST);
}

void sim_set_time(struct sim *sim, int64_t ms)
{
    int64_t jump = ms - sim_now(sim);

    __atomic_fetch_add(sim->now, jump, __ATOMIC_SEQ_CST);
    __atomic_fetch_sub(&sim->boot_shift, jump, __ATOMIC_SEQ_CST);
}

static int64_t clock_now_ms(void *self)
{
    const struct sim *sim = self;

    return sim_now(sim);
}

static int64_t clock_boot_ms(void *self)
{
    const struct sim *sim = self;

    return sim_now(sim) + __atomic_load_n(&sim->boot_shift, __ATOMIC_SEQ_CST);
}

static bool clock_sleep_ms(void *self, int64_t ms, struct err *err)
{
    (void)err;
    sim_advance(self, ms);
    return true;
}

struct clock sim_clock(struct sim *sim)
{
    return (struct clock){
        .self = sim,
        .now_ms = clock_now_ms,
        .boot_ms = clock_boot_ms,
        .sleep_ms = clock_sleep_ms,
    };
}

/* ---- making and ending ---- */

struct str sim_keep(struct sim *sim, struct str text)
{
    return text.len > 0 ? arena_str(&sim->org, text) : (struct str){0};
}

/* `00u` `1` then eight digits in base 36 that ascend, then eight that look like what they are. */
void sim_make_id(struct sim *sim, const char *prefix, char out[SIM_ID_LEN])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    uint64_t count = ++sim->next_id;
    uint64_t noise = (sim->seed * 31 + count + 7) * UINT64_C(0x9e3779b97f4a7c15);

    memcpy(out, prefix, 3);
    out[3] = '1';
    for (size_t i = 0; i < 8; i++, count /= 36)
        out[11 - i] = digits[count % 36];
    for (size_t i = 12; i < SIM_ID_LEN; i++, noise /= 36)
        out[i] = digits[noise % 36];
}

static void clear_groups(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->n_groups; i++) {
        sim_group_delete(sim, i);
        free(sim->groups[i]);
    }
    free(sim->groups);
    sim->groups = NULL;
    sim->n_groups = sim->cap_groups = 0;
    sim_index_fini(&sim->groups_by_id);
}

static void clear_people(struct sim *sim)
{
    for (size_t i = 0; i < sim->cap_chunks; i++)
        free(sim->chunks[i]);
    free(sim->chunks);
    sim->chunks = NULL;
    sim->cap_chunks = sim->n_people = sim->n_deleted = sim->n_made = 0;
    sim_index_fini(&sim->by_id);
    sim_index_fini(&sim->by_login);
}

static void clear_rest(struct sim *sim)
{
    for (size_t i = 0; i < sim->n_rules; i++)
        free(sim->rules[i].exclude);
    free(sim->rules);
    sim->rules = NULL;
    sim->n_rules = sim->cap_rules = 0;
    free(sim->apps);
    sim->apps = NULL;
    sim->n_apps = sim->cap_apps = 0;
    free(sim->events);
    sim->events = NULL;
    sim->n_events = sim->cap_events = 0;
    sim->n_self_editable = 0;
}

static void forget_everything(struct sim *sim)
{
    sim_idc_fini(sim);
    clear_groups(sim);
    clear_people(sim);
    clear_rest(sim);
}

void sim_clear_org(struct sim *sim)
{
    forget_everything(sim);
    arena_reset(&sim->org, 0);
    for (size_t i = 0; i < sim->n_ssws; i++)
        sim->ssws[i].owner = SIM_NOBODY;
    sim_default_quirks(sim);
    sim_idc_reset(sim);
    sim->everyone = sim_group_add(sim, SIM_EVERYONE, GROUP_BUILT_IN);
    sim->groups[sim->everyone]->description = STR("All users in your organization");
}

static void start_time(struct sim *sim, const struct sim_options *options)
{
    sim->now = options->shared_now ? options->shared_now : &sim->own_now;
    sim->ticks = options->start_ms == 0 && !options->shared_now;
    if (sim->ticks || *sim->now != 0)
        return;
    *sim->now = options->start_ms != 0 ? options->start_ms : system_ms();
}

struct sim *sim_new(const struct sim_options *options, struct err *err)
{
    if (options->people > SIM_PEOPLE - 1000) {
        (void)err_set(err, ERR_USAGE, "at most 1,000,000 people can be generated");
        return NULL;
    }

    struct sim *sim = calloc(1, sizeof(*sim));
    if (!sim)
        abort();
    pthread_mutex_init(&sim->lock, NULL);
    arena_init(&sim->texts, TEXTS_BUDGET);
    arena_init(&sim->org, TEXTS_BUDGET);
    arena_init(&sim->scratch, SCRATCH_BUDGET);
    sim->seed = options->seed;
    sim->rng = rng_seed(options->seed);
    sim->wanted_people = options->people;
    start_time(sim, options);
    sim_make_id(sim, "00o", sim->org_id);
    sim->faults = sim_faults_new(options->seed);
    sim_clear_org(sim);
    if (!sim_auth_init(sim, err)) {
        sim_free(sim);
        return NULL;
    }
    sim_default_org(sim);
    sim_generate(sim, options->people);
    return sim;
}

void sim_free(struct sim *sim)
{
    if (!sim)
        return;
    sim_ports_fini(sim);
    forget_everything(sim);
    sim_auth_fini(sim);
    sim_history_fini(sim);
    sim_faults_free(sim->faults);
    free(sim->buckets);
    free(sim->actors);
    arena_fini(&sim->texts);
    arena_fini(&sim->org);
    arena_fini(&sim->scratch);
    pthread_mutex_destroy(&sim->lock);
    free(sim);
}

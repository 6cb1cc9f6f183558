#include "base/rng.h"
#include "sim/sim_idc.h"
#include "sim/sim_state.h"
#include "unit/sim/sim_aws_fixture.h"

/* What must hold of the push whatever happens in Okta. */

#define LIVES  150
#define STEPS  60
#define PEOPLE 24
#define EVENTS \
    "/api/v1/logs?since=2026-05-04T09:00:00Z&limit=1000&filter=eventType%20sw%20%22app%22"

static const char *const groups[] = {"Assigned", "Also", "Kiro", "Plus"};

/* Everyone is the first group; these come after it. */
static uint32_t group_at(size_t i)
{
    return (uint32_t)i + 1;
}

static void open_life(struct aws_fixture *f, uint64_t seed, const char *scim)
{
    struct sim_options options = {.seed = seed, .people = PEOPLE, .start_ms = START_MS};
    struct err err = {0};

    memset(f, 0, sizeof(*f));
    json_init();
    arena_init(&f->base.arena, (size_t)256 << 20);
    f->base.sim = sim_new(&options, &err);
    assert_non_null(f->base.sim);
    f->base.net = sim_transport(f->base.sim);
    f->base.own = sim_credentials(f->base.sim);
    fixture_load(&f->base, arena_printf(&f->base.arena,
                                        "groups: [Assigned, Also, Kiro, Plus]\n"
                                        "apps: [{name: amazon_aws_sso, groups: [Assigned, Also], "
                                        "pushed: [Kiro, Plus]}]\n"
                                        "quirks: {rate_limits: false}\n"
                                        "%s",
                                        scim)
                               .ptr);

    struct sim *sim = f->base.sim;
    for (uint32_t person = 0; person < sim->n_people; person++) {
        for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
            if ((seed * 7 + (uint64_t)person * 13 + i * 5) % 3 == 0)
                sim_member_push(sim, group_at(i), person);
        }
    }
}

static void look(struct aws_fixture *f)
{
    (void)control(&f->base, HTTP_GET, "/_sim/scim", "");
}

static void step(struct aws_fixture *f, struct rng *rng)
{
    struct sim *sim = f->base.sim;
    uint32_t person = (uint32_t)rng_below(rng, sim->n_people);
    uint32_t group = group_at(rng_below(rng, ARRAY_LEN(groups)));
    const struct sim_actor *actor = sim_actor_system(sim);
    uint64_t what = rng_below(rng, 100);

    if (sim_person(sim, person)->is_deleted || sim_group(sim, group)->is_deleted)
        return;
    if (what < 40) {
        sim_member_add(sim, group, person, false, actor);
    } else if (what < 70) {
        sim_member_remove(sim, group, person, actor);
    } else if (what < 78) {
        sim_person_status(sim, person, USER_DEPROVISIONED);
    } else if (what < 88) {
        sim_person_status(sim, person, USER_ACTIVE);
    } else if (what < 92) {
        sim_person_rename(sim, person,
                          arena_printf(&f->base.arena, "n%llu@example.com",
                                       (unsigned long long)rng_below(rng, 1000000)));
    } else if (what < 96) {
        sim_person_set(sim, person, STR("lastName"), rng_chance(rng, 70) ? STR("New") : STR("<>"));
    } else if (what < 97) {
        sim_person_delete(sim, person, actor);
    } else if (what < 98) {
        sim_group_rename(sim, group,
                         arena_printf(&f->base.arena, "g%u-%llu", group,
                                      (unsigned long long)rng_below(rng, 1000000)));
    } else if (what < 99 && group == group_at(1)) {
        sim_group_delete(sim, group);
    }
}

/* Everything that can be seen of the AWS side, and of the pushes. */
static const char *all(struct aws_fixture *f, struct arena *arena)
{
    struct buf out = {0};
    struct str rest;

    buf_printf(&out, "%s\n", control(&f->base, HTTP_GET, "/_sim/aws/users", ""));
    buf_printf(&out, "%s\n", control(&f->base, HTTP_GET, "/_sim/aws/groups", ""));
    for (size_t i = 0; i < f->base.sim->idc->store.n_groups; i++) {
        const char *path = arena_printf(&f->base.arena, "/_sim/aws/memberships?group=%.*s",
                                        STR_ARG(f->base.sim->idc->store.groups[i].name))
                               .ptr;

        buf_printf(&out, "%s\n", control(&f->base, HTTP_GET, path, ""));
    }
    get(&f->base, EVENTS);
    assert_int_equal(f->base.res.status, 200);
    rest = f->base.res.body;
    for (;;) {
        struct str event = between(rest, "\"published\":", "\"transaction\"");

        if (!event.ptr)
            break;
        rest = str_sub(rest, (size_t)(event.ptr + event.len - rest.ptr), rest.len);
        buf_printf(&out, "%.*s\n", STR_ARG(event));
    }

    const char *text = arena_cstr(arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

/* One life; who looks is told by chance, of its own seed. */
static const char *live(uint64_t seed, unsigned looks_percent, struct arena *arena)
{
    struct aws_fixture f;
    struct rng life = rng_seed(seed);
    struct rng looks = rng_seed(seed + 1000003);
    const char *text;

    open_life(&f, seed, "scim: {user_lag: [0s, 50s], group_lag: [0s, 90s], lost_percent: 10}\n");
    for (int i = 0; i < STEPS; i++) {
        step(&f, &life);
        sim_advance(f.base.sim, (int64_t)rng_below(&life, 30000));
        if (rng_chance(&looks, looks_percent))
            look(&f);
    }
    sim_advance(f.base.sim, 600000);
    text = all(&f, arena);
    aws_close(&f);
    return text;
}

static void test_looking_changes_nothing(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, (size_t)1 << 30);
    for (uint64_t seed = 1; seed <= LIVES; seed++) {
        const char *never = live(seed, 0, &arena);
        const char *often = live(seed, 60, &arena);

        if (strcmp(never, often) != 0) {
            size_t at = 0;

            while (never[at] == often[at])
                at++;
            at = at > 100 ? at - 100 : 0;
            fail_msg("seed %llu at %zu:\n%.300s\n---\n%.300s", (unsigned long long)seed, at,
                     never + at, often + at);
        }
        assert_string_not_equal(never, live(seed + 5000, 0, &arena));
        arena_reset(&arena, 0);
    }
    arena_fini(&arena);
}

/* What the store must hold once everything was pushed anew and has arrived. */
static void check_converged(struct aws_fixture *f, uint64_t seed)
{
    struct sim *sim = f->base.sim;

    for (uint32_t person = 0; person < sim->n_people; person++) {
        struct sim_scim_view view = sim_scim_view(sim, person);
        uint32_t user = sim_find_user_of(sim, person);
        bool is_there = user != SIM_NOBODY && !sim->idc->store.users[user].is_disabled;

        /* Who is suspended stays as he was. */
        if (view.is_assigned && !view.is_active && !view.is_ended)
            continue;
        if (is_there != (view.is_assigned && view.is_active)) {
            fail_msg("seed %llu: person %u is there: %d", (unsigned long long)seed, person,
                     is_there);
        }
        for (size_t i = 2; i < ARRAY_LEN(groups); i++) {
            uint32_t here = group_at(i);
            uint32_t there = sim_find_store_name(sim, sim_group(sim, here)->name);
            bool wanted = !sim_person(sim, person)->is_deleted &&
                          sim_is_member(sim, sim_group(sim, here), person, NULL);
            bool joined = user != SIM_NOBODY && sim_store_member(sim, there, user) != SIM_NOBODY;

            /* Who is disabled may have stayed a member. */
            if (wanted != joined && (is_there || joined) && !(wanted && !is_there))
                fail_msg("seed %llu: person %u in %s", (unsigned long long)seed, person, groups[i]);
        }
    }
}

static void test_pushing_everything_anew_heals_whatever_was_lost(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= LIVES; seed++) {
        struct aws_fixture f;
        struct rng rng = rng_seed(seed);

        open_life(&f, seed,
                  "scim: {user_lag: [0s, 50s], group_lag: [0s, 90s], lost_percent: 30}\n");
        for (int i = 0; i < STEPS; i++) {
            step(&f, &rng);
            sim_advance(f.base.sim, (int64_t)rng_below(&rng, 30000));
        }
        for (uint32_t person = 0; person < f.base.sim->n_people; person++)
            sim_person_set(f.base.sim, person, STR("lastName"), STR("Fine"));
        control(&f.base, HTTP_POST, "/_sim/scim", "{lost_percent: 0}");
        sim_advance(f.base.sim, 600000);
        control(&f.base, HTTP_POST, "/_sim/scim", "{repush: all}");
        sim_advance(f.base.sim, 600000);
        look(&f);
        check_converged(&f, seed);
        aws_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looking_changes_nothing),
        cmocka_unit_test(test_pushing_everything_anew_heals_whatever_was_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

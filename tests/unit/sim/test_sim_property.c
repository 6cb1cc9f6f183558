#include "base/rng.h"
#include "sim/sim_state.h"
#include "unit/sim/sim_fixture.h"

#define CASES 10000

/* What every page showed, one id after the other. */
static size_t walk(struct fixture *f, uint32_t group, size_t limit, struct buf *ids)
{
    struct str id = sim_group_id(sim_group(f->sim, group));
    const char *next =
        arena_printf(&f->arena, "/api/v1/groups/%.*s/users?limit=%zu", STR_ARG(id), limit).ptr;
    size_t pages = 0;

    while (*next) {
        struct str rest;

        get(f, next);
        assert_int_equal(f->res.status, 200);
        assert_true(++pages < 1000);
        rest = f->res.body;
        for (;;) {
            struct str one = between(rest, "{\"id\":\"00u", "\",\"status\"");

            if (one.len == 0)
                break;
            rest = str_sub(rest, (size_t)(one.ptr + one.len - rest.ptr), rest.len);
            buf_printf(ids, "00u%.*s\n", STR_ARG(one));
        }
        next = next_link(f);
    }
    return pages;
}

static uint32_t any_group(struct rng *rng, struct fixture *f, struct buf *ids)
{
    uint32_t group = sim_group_add(f->sim, STR("any"), GROUP_OKTA);
    unsigned percent = (unsigned)rng_below(rng, 101);

    for (uint32_t i = 0; i < f->sim->n_people; i++) {
        if (rng_chance(rng, percent))
            sim_member_push(f->sim, group, i);
    }
    for (size_t i = 0; i < sim_group(f->sim, group)->n_members; i++) {
        const struct sim_person *person = sim_person(f->sim, sim_group(f->sim, group)->members[i]);

        buf_printf(ids, "%.20s\n", person->id);
    }
    return group;
}

static void test_the_union_of_all_pages_is_the_membership(void **state)
{
    struct fixture f;
    struct rng rng = rng_seed(42);
    struct buf wanted = {0};
    struct buf seen = {0};

    (void)state;
    fixture_open(&f, "quirks: {rate_limits: false}");
    sim_generate(f.sim, 60);
    for (int i = 0; i < CASES; i++) {
        arena_mark_t mark = arena_mark(&f.arena);
        struct sim_quirks *quirks = &f.sim->quirks;
        size_t limit = 1 + rng_below(&rng, 70);

        quirks->links_joined = rng_chance(&rng, 50);
        quirks->headers_lower = rng_chance(&rng, 50);
        quirks->page_cap = rng_chance(&rng, 30) ? rng_between(&rng, 1, 30) : 0;
        buf_clear(&wanted);
        buf_clear(&seen);
        uint32_t group = any_group(&rng, &f, &wanted);
        size_t n = sim_group(f.sim, group)->n_members;
        size_t step = quirks->page_cap > 0 && (size_t)quirks->page_cap < limit
                          ? (size_t)quirks->page_cap
                          : limit;
        size_t pages = walk(&f, group, limit, &seen);

        if (!str_eq(buf_str(&wanted), buf_str(&seen)))
            fail_msg("case %d: limit %zu of %zu", i, limit, n);
        assert_int_equal(pages, n == 0 ? 1 : (n + step - 1) / step);
        sim_group_delete(f.sim, group);
        arena_reset(&f.arena, mark);
    }
    buf_fini(&wanted);
    buf_fini(&seen);
    fixture_close(&f);
}

/* Some hundred random calls, with faults and time going by; what came of it as text. */
static const char *random_life(uint64_t seed, struct arena *arena)
{
    struct fixture f;
    struct rng rng = rng_seed(seed);
    struct sim_options options = {.seed = seed, .people = 40, .start_ms = START_MS};
    struct err err = {0};

    memset(&f, 0, sizeof(f));
    arena_init(&f.arena, (size_t)256 << 20);
    f.sim = sim_new(&options, &err);
    assert_non_null(f.sim);
    f.net = sim_transport(f.sim);
    f.own = sim_credentials(f.sim);
    control(&f, HTTP_POST, "/_sim/quirks", "{stale: 3s, stale_percent: 50, log_doubles: true}");
    load_faults(&f, "- {match: {percent: 10}, do: {status: 500}}\n"
                    "- {match: {method: PUT, percent: 10}, do: {close: after}}\n");

    uint32_t group = sim_find_group(f.sim, STR("AWS_kiro_JP_Users"));
    struct str id = sim_group_id(sim_group(f.sim, group));
    for (int i = 0; i < 300; i++) {
        uint32_t who = (uint32_t)rng_below(&rng, f.sim->n_people);
        struct str person = sim_person_id(sim_person(f.sim, who));

        if (rng_chance(&rng, 30)) {
            get(&f, arena_printf(&f.arena, "/api/v1/groups/%.*s/users?limit=5", STR_ARG(id)).ptr);
        } else {
            ask(&f, rng_chance(&rng, 60) ? HTTP_PUT : HTTP_DELETE,
                arena_printf(&f.arena, "/api/v1/groups/%.*s/users/%.*s", STR_ARG(id),
                             STR_ARG(person))
                    .ptr);
        }
        sim_advance(f.sim, (int64_t)rng_below(&rng, 2000));
    }

    struct buf out = {0};
    sim_control(f.sim, HTTP_GET, STR("/_sim/history"), (struct str){0}, &out);
    sim_control(f.sim, HTTP_GET, STR("/_sim/groups/AWS_kiro_JP_Users/members"), (struct str){0},
                &out);
    const char *text = arena_cstr(arena, buf_str(&out));
    buf_fini(&out);
    fixture_close(&f);
    return text;
}

static void test_the_same_seed_gives_the_same_history(void **state)
{
    struct arena arena;

    (void)state;
    json_init();
    arena_init(&arena, (size_t)256 << 20);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        const char *first = random_life(seed, &arena);

        assert_string_equal(first, random_life(seed, &arena));
        assert_string_not_equal(first, random_life(seed + 100, &arena));
        assert_non_null(strstr(first, "\"fault\":true"));
        assert_non_null(strstr(first, "\"effect\":\"add 00g"));
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_union_of_all_pages_is_the_membership),
        cmocka_unit_test(test_the_same_seed_gives_the_same_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

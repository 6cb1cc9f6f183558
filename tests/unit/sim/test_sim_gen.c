#include <time.h>

#include "base/utf8.h"
#include "sim/sim_state.h"
#include "unit/sim/sim_fixture.h"

#define MILLION 1000000

static struct sim *generate(uint64_t seed, size_t people)
{
    struct sim_options options = {.seed = seed, .people = people, .start_ms = START_MS};
    struct err err = {0};
    struct sim *sim = sim_new(&options, &err);

    if (!sim)
        fail_msg("%s", err.msg);
    return sim;
}

static void test_logins_and_ids_are_unique_and_ids_ascend(void **state)
{
    struct sim *sim = generate(3, 50000);
    size_t n = sim->n_people;

    (void)state;
    assert_true(n >= 50000 + 60);
    for (uint32_t i = 0; i < n; i++) {
        const struct sim_person *person = sim_person(sim, i);

        assert_int_equal(sim_find_login(sim, person->login), i);
        assert_int_equal(sim_find_id(sim, sim_person_id(person)), i);
        if (person->made > 1)
            assert_true(memcmp(sim_person(sim, i - 1)->id, person->id, SIM_ID_LEN) < 0);
    }
    sim_free(sim);
}

static const char *render_some(struct sim *sim, struct arena *arena)
{
    struct buf out = {0};

    for (uint32_t i = 0; i < sim->n_people; i += 97) {
        const struct sim_person *person = sim_person(sim, i);
        struct profile_value profile[SIM_PROFILE];
        size_t n = sim_person_profile(sim, person, profile);

        buf_printf(&out, "%.20s %.*s %d %lld", person->id, STR_ARG(person->login), person->status,
                   (long long)person->created_ms);
        for (size_t k = 0; k < n; k++)
            buf_printf(&out, " %.*s", STR_ARG(profile[k].value));
        buf_add_char(&out, '\n');
    }

    const char *text = arena_cstr(arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

static void test_the_same_seed_makes_the_same_people_and_another_others(void **state)
{
    struct arena arena;
    struct sim *a = generate(1, 3000);
    struct sim *b = generate(1, 3000);
    struct sim *c = generate(2, 3000);

    (void)state;
    arena_init(&arena, (size_t)64 << 20);
    const char *first = render_some(a, &arena);
    assert_string_equal(first, render_some(b, &arena));
    assert_string_not_equal(first, render_some(c, &arena));
    sim_free(a);
    sim_free(b);
    sim_free(c);
    arena_fini(&arena);
}

static void test_names_are_real_and_managers_exist(void **state)
{
    struct sim *sim = generate(5, 1000);
    size_t n_japanese = 0;
    size_t n_managed = 0;
    size_t n_inactive = 0;

    (void)state;
    for (uint32_t i = 0; i < sim->n_people; i++) {
        const struct sim_person *person = sim_person(sim, i);
        struct str manager = sim_person_value(sim, person, STR("managerId"));

        assert_true(utf8_valid(person->first_name) && utf8_valid(person->last_name));
        assert_true(person->first_name.len > 0 && person->login.len <= 100);
        n_japanese += (unsigned char)person->last_name.ptr[0] >= 0xe3;
        n_inactive += !user_status_is_usable((enum user_status)person->status);
        if (manager.len > 0) {
            assert_int_not_equal(sim_find_login(sim, manager), SIM_NOBODY);
            n_managed++;
        }
    }
    assert_true(n_japanese > 500 && n_managed > 900 && n_inactive > 5);
    sim_free(sim);
}

static void test_an_organisation_file_keeps_the_generated_people(void **state)
{
    struct sim *sim = generate(5, 500);
    struct err err = {0};

    (void)state;
    assert_true(sim_load_org(sim, STR("people: [a@x.example]\n"), &err));
    assert_int_equal(sim->n_people, 501);
    assert_true(sim_load_org(sim, STR("{merge: true, people: [b@x.example]}"), &err));
    assert_int_equal(sim->n_people, 502);
    assert_int_equal(sim_group(sim, sim->everyone)->n_members, 502);
    sim_free(sim);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long resident_mb(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*s %ld", &pages), 1); /* NOLINT(cert-err34-c): the kernel's */
    fclose(file);
    return pages * 4 / 1024;
}

/* The bounds are for an optimised build; with sanitizers the figures are only shown. */
static void test_a_million_people_fit_and_are_served_quickly(void **state)
{
    struct fixture f;
    double began = seconds();
    long before = resident_mb();

    (void)state;
    memset(&f, 0, sizeof(f));
    arena_init(&f.arena, (size_t)512 << 20);
    f.sim = generate(9, MILLION);
    double made = seconds() - began;
    long used = resident_mb() - before;

    f.net = sim_transport(f.sim);
    f.own = sim_credentials(f.sim);
    fixture_load(&f, "{merge: true, groups: [{name: All, id: 00g1allaaaaaaaaaaa01, members: all}],"
                     " quirks: {rate_limits: false}}");
    began = seconds();
    const char *next = "/api/v1/groups/00g1allaaaaaaaaaaa01/users?limit=1000";
    size_t pages = 0;
    for (; *next && pages < 200; pages++) {
        get(&f, next);
        assert_int_equal(f.res.status, 200);
        next = next_link(&f);
    }
    double page_ms = (seconds() - began) * 1000 / (double)pages;

    began = seconds();
    for (int i = 0; i < 2000; i++) {
        arena_mark_t mark = arena_mark(&f.arena);
        get(&f, "/api/v1/users/haruto.sato%40gen.example.com");
        arena_reset(&f.arena, mark);
    }
    double call_us = (seconds() - began) * 1e6 / 2000;

    print_message("%d people: %.2f s, %ld MB; a page of 1000: %.2f ms; a call: %.1f us\n", MILLION,
                  made, used, page_ms, call_us);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(used < 300);
#endif
    sim_free(f.sim);
    arena_fini(&f.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logins_and_ids_are_unique_and_ids_ascend),
        cmocka_unit_test(test_the_same_seed_makes_the_same_people_and_another_others),
        cmocka_unit_test(test_names_are_real_and_managers_exist),
        cmocka_unit_test(test_an_organisation_file_keeps_the_generated_people),
        cmocka_unit_test(test_a_million_people_fit_and_are_served_quickly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

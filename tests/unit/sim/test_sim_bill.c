#include "base/rng.h"
#include "sim/sim_bill.h"
#include "sim/sim_state.h"
#include "unit/sim/sim_subs_fixture.h"

/* The bill, by hand-reckoned months, and what must hold of any. May has 31 days, June has 30. */

static const char *bill_of(struct aws_fixture *f, const char *month)
{
    return control(&f->base, HTTP_GET,
                   arena_printf(&f->base.arena, "/_sim/bill?month=%s", month).ptr, "");
}

static int64_t number_in(struct str text, const char *before)
{
    struct str digits = between(text, before, ",");
    int64_t value = -1;

    if (!digits.ptr || !str_to_i64(digits, &value))
        fail_msg("%s: %.*s", before, STR_ARG(text));
    return value;
}

static int64_t total(struct aws_fixture *f, const char *month)
{
    return number_in(str_of(bill_of(f, month)), "\"total_minor\":");
}

/* ---- one person's months ---- */

enum deed { USE, JOIN_PLUS, LEAVE_PLUS, LEAVE_PRO, JOIN_PRO, MAX_CLAIM, UNCLAIM, DELETE, RECREATE };

struct bill_case {
    const char *what;
    struct {
        const char *at;
        enum deed deed;
    } steps[6];
    int64_t may, june, july; /* of `a`, in cents */
};

static void do_deed(struct aws_fixture *f, enum deed deed)
{
    switch (deed) {
    case USE: use_seat(f, "a"); break;
    case JOIN_PLUS: join(f, "Plus", "a"); break;
    case LEAVE_PLUS: leave(f, "Plus", "a"); break;
    case LEAVE_PRO: leave(f, "Pro", "a"); break;
    case JOIN_PRO: join(f, "Pro", "a"); break;
    case MAX_CLAIM: by_hand(f, "{claims: [{user: a, plan: kiro-pro-max}]}"); break;
    case UNCLAIM: by_hand(f, "{unclaim: a}"); break;
    case DELETE: control(&f->base, HTTP_POST, "/_sim/aws/users/a/delete", ""); break;
    case RECREATE: control(&f->base, HTTP_POST, "/_sim/aws/instance", "{recreate: true}"); break;
    }
}

static const struct bill_case cases[] = {
    {"pending is free", {{0}}, 0, 0, 0},
    {"used on the 4th", {{"2026-05-04T23:00:00Z", USE}}, 2000 * 28 / 31, 2000, 2000},
    {"used on the last day", {{"2026-05-31T23:59:59Z", USE}}, 2000 / 31, 2000, 2000},
    {"used as June begins", {{"2026-06-01T00:00:00Z", USE}}, 0, 2000, 2000},
    {"used in the middle of June", {{"2026-06-16T12:00:00Z", USE}}, 0, 1000, 2000},
    {"used a second time",
     {{"2026-05-20T00:00:00Z", USE}, {"2026-05-28T00:00:00Z", USE}},
     2000 * 12 / 31,
     2000,
     2000},
    {"raised before it was used",
     {{"2026-05-10T00:00:00Z", JOIN_PLUS}, {"2026-05-20T00:00:00Z", USE}},
     4000 * 12 / 31,
     4000,
     4000},
    {"raised in the month of the first use",
     {{"2026-05-20T00:00:00Z", USE}, {"2026-05-30T00:00:00Z", JOIN_PLUS}},
     4000,
     4000,
     4000},
    {"raised later",
     {{"2026-05-20T00:00:00Z", USE}, {"2026-06-30T00:00:00Z", JOIN_PLUS}},
     2000 * 12 / 31,
     4000,
     4000},
    {"raised twice in a month",
     {{"2026-05-20T00:00:00Z", USE},
      {"2026-06-02T00:00:00Z", JOIN_PLUS},
      {"2026-06-20T00:00:00Z", MAX_CLAIM}},
     2000 * 12 / 31,
     10000,
     10000},
    {"lowered",
     {{"2026-05-10T00:00:00Z", JOIN_PLUS},
      {"2026-05-20T00:00:00Z", USE},
      {"2026-06-10T00:00:00Z", LEAVE_PLUS}},
     4000 * 12 / 31,
     4000,
     2000},
    {"lowered and raised again",
     {{"2026-05-10T00:00:00Z", JOIN_PLUS},
      {"2026-05-20T00:00:00Z", USE},
      {"2026-06-10T00:00:00Z", LEAVE_PLUS},
      {"2026-06-20T00:00:00Z", JOIN_PLUS}},
     4000 * 12 / 31,
     4000,
     4000},
    {"lowered before it was used",
     {{"2026-05-10T00:00:00Z", JOIN_PLUS},
      {"2026-05-15T00:00:00Z", LEAVE_PLUS},
      {"2026-05-20T00:00:00Z", USE}},
     2000 * 12 / 31,
     2000,
     2000},
    {"cancelled",
     {{"2026-05-20T00:00:00Z", USE}, {"2026-06-10T00:00:00Z", LEAVE_PRO}},
     2000 * 12 / 31,
     2000,
     0},
    {"cancelled in the month of the first use",
     {{"2026-05-20T00:00:00Z", USE}, {"2026-05-21T00:00:00Z", LEAVE_PRO}},
     2000 * 12 / 31,
     0,
     0},
    {"cancelled and never used", {{"2026-05-20T00:00:00Z", LEAVE_PRO}}, 0, 0, 0},
    {"back in the same month",
     {{"2026-05-20T00:00:00Z", USE},
      {"2026-06-10T00:00:00Z", LEAVE_PRO},
      {"2026-06-12T00:00:00Z", JOIN_PRO}},
     2000 * 12 / 31,
     2000,
     2000},
    {"back a month later, used again",
     {{"2026-05-20T00:00:00Z", USE},
      {"2026-05-21T00:00:00Z", LEAVE_PRO},
      {"2026-06-12T00:00:00Z", JOIN_PRO},
      {"2026-06-21T00:00:00Z", USE}},
     2000 * 12 / 31,
     2000 * 10 / 30,
     2000},
    {"back in the same month on more",
     {{"2026-05-20T00:00:00Z", USE},
      {"2026-06-10T00:00:00Z", LEAVE_PRO},
      {"2026-06-12T00:00:00Z", JOIN_PLUS}},
     2000 * 12 / 31,
     4000,
     4000},
    {"two sources cost once",
     {{"2026-05-20T00:00:00Z", USE},
      {"2026-06-01T00:00:00Z", MAX_CLAIM},
      {"2026-06-20T00:00:00Z", UNCLAIM}},
     2000 * 12 / 31,
     10000,
     2000},
    {"deleted",
     {{"2026-05-20T00:00:00Z", USE}, {"2026-06-10T00:00:00Z", DELETE}},
     2000 * 12 / 31,
     2000,
     0},
    {"orphaned",
     {{"2026-05-20T00:00:00Z", USE}, {"2026-06-10T00:00:00Z", RECREATE}},
     2000 * 12 / 31,
     2000,
     2000},
};

static void test_each_rule_of_the_bill_gives_the_cents_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct bill_case *c = &cases[i];
        struct aws_fixture f;

        aws_open(&f, SUBS_STORE "  subscriptions:\n    materialise: 1m\n" SUBS_CLAIMS);
        for (size_t k = 0; k < ARRAY_LEN(c->steps) && c->steps[k].at; k++) {
            go_to(&f, c->steps[k].at);
            do_deed(&f, c->steps[k].deed);
        }
        /* A month that is over is as it was; the next is as it would be if nothing happened. */
        sim_advance(f.base.sim, TIME_HOUR);
        if (total(&f, "2026-05") != c->may || total(&f, "2026-06") != c->june ||
            total(&f, "2026-07") != c->july) {
            fail_msg("%s: %lld %lld %lld", c->what, (long long)total(&f, "2026-05"),
                     (long long)total(&f, "2026-06"), (long long)total(&f, "2026-07"));
        }
        go_to(&f, "2026-09-01T00:00:00Z");
        assert_int_equal(total(&f, "2026-05"), c->may);
        assert_int_equal(total(&f, "2026-06"), c->june);
        assert_int_equal(total(&f, "2026-07"), c->july);
        aws_close(&f);
    }
}

static void test_a_seat_of_q_that_moves_is_charged_as_an_upgrade(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_STORE "  subscriptions:\n    materialise: 5m\n    claims:\n"
                            "      - {group: Pro, plan: q-pro, status: ACTIVE}\n"
                            "      - {group: Plus, plan: kiro-pro}\n");
    assert_int_equal(total(&f, "2026-05"), 2 * 1900);
    join(&f, "Plus", "a");
    sim_advance(f.base.sim, 5 * TIME_MINUTE);
    leave(&f, "Pro", "a");
    assert_string_equal(
        bill_of(&f, "2026-05"),
        "{\"month\":\"2026-05\",\"currency\":\"USD\",\"total_minor\":3900,\"pending\":0,"
        "\"plans\":[{\"plan\":\"q-pro\",\"seats\":1,\"minor\":1900},"
        "{\"plan\":\"kiro-pro\",\"seats\":1,\"minor\":2000}],"
        "\"users\":[{\"user\":\"u-a\",\"user_name\":\"a\",\"minor\":2000,\"plans\":"
        "{\"kiro-pro\":2000}},{\"user\":\"u-b\",\"user_name\":\"b\",\"minor\":1900,\"plans\":"
        "{\"q-pro\":1900}}]}");
    aws_close(&f);
}

static void test_two_profiles_are_charged_twice_and_rounded_once(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_STORE "  subscriptions:\n    claims:\n"
                            "      - {user: a, plan: kiro-pro, status: ACTIVE, since: "
                            "2026-02-09T00:00:00Z}\n"
                            "      - {user: a, plan: q-pro, region: eu-central-1, status: "
                            "ACTIVE, since: 2026-02-10T00:00:00Z}\n");
    /* 2000 * 20 / 28 = 1428.57, 1900 * 19 / 28 = 1289.28; together 2717.86. */
    assert_int_equal(total(&f, "2026-02"), 2717);
    assert_int_equal(total(&f, "2026-03"), 3900);
    assert_non_null(strstr(bill_of(&f, "2026-02"), "{\"q-pro\":1289,\"kiro-pro\":1428}"));
    aws_close(&f);
}

static void test_months_that_nobody_can_read_are_refused(void **state)
{
    static const char *const months[] = {"2026-13", "2026-5", "May", "2026-05-01", "2026/05"};
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    for (size_t i = 0; i < ARRAY_LEN(months); i++) {
        struct buf out = {0};

        assert_int_equal(sim_control(f.base.sim, HTTP_GET,
                                     arena_printf(&f.base.arena, "/_sim/bill?month=%s", months[i]),
                                     (struct str){0}, &out),
                         400);
        buf_fini(&out);
    }
    assert_non_null(strstr(control(&f.base, HTTP_GET, "/_sim/bill", ""), "\"2026-05\""));
    aws_close(&f);
}

/* ---- any life ---- */

#define LIVES  120
#define STEPS  50
#define PEOPLE 12

#define GROUPS 3 /* Q, Pro, Plus; Everyone and Assigned come before them */

static void open_life(struct aws_fixture *f, uint64_t seed)
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
    fixture_load(&f->base,
                 "groups: [Assigned, Q, Pro, Plus]\n"
                 "apps: [{name: amazon_aws_sso, groups: [Assigned], pushed: [Q, Pro, Plus]}]\n"
                 "memberships: [{group: Assigned, members: all}, {group: Q, members: all}]\n"
                 "quirks: {rate_limits: false}\n"
                 "scim: {user_lag: [0s, 50s], group_lag: [0s, 90m], lost_percent: 5}\n"
                 "aws:\n"
                 "  subscriptions:\n"
                 "    materialise: [5m, 30h]\n"
                 "    use_percent_a_day: 15\n"
                 "    quirks: {disabled_cancels: true}\n"
                 "    claims:\n"
                 "      - {group: Q, plan: q-pro}\n"
                 "      - {group: Pro, plan: kiro-pro}\n"
                 "      - {group: Plus, plan: kiro-pro-plus, materialise: [0s, 50h]}\n");
}

static void step(struct aws_fixture *f, struct rng *rng)
{
    struct sim *sim = f->base.sim;
    uint32_t person = (uint32_t)rng_below(rng, sim->n_people);
    uint32_t group = (uint32_t)(2 + rng_below(rng, GROUPS));
    const struct sim_actor *actor = sim_actor_system(sim);
    uint64_t what = rng_below(rng, 100);

    if (sim_person(sim, person)->is_deleted)
        return;
    if (what < 45) {
        sim_member_add(sim, group, person, false, actor);
    } else if (what < 80) {
        sim_member_remove(sim, group, person, actor);
    } else if (what < 85) {
        sim_person_status(sim, person, USER_DEPROVISIONED);
    } else if (what < 95) {
        sim_person_status(sim, person, USER_ACTIVE);
    } else {
        const char *use = arena_printf(&f->base.arena, "/_sim/people/%.*s/use",
                                       STR_ARG(sim_person(sim, person)->login))
                              .ptr;
        struct buf ignored = {0};

        (void)sim_control(sim, HTTP_POST, str_of(use), (struct str){0}, &ignored);
        buf_fini(&ignored);
    }
}

static const char *const months[] = {"2026-05", "2026-06", "2026-07", "2026-08",
                                     "2026-09", "2026-10", "2026-11", "2026-12"};

/* Everything that can be seen: the bills of all months, and the seats. */
static const char *live(uint64_t seed, unsigned looks_percent, struct arena *arena)
{
    struct aws_fixture f;
    struct rng life = rng_seed(seed);
    struct rng looks = rng_seed(seed + 1000003);
    CLEANUP(buf_fini) struct buf out = {0};

    open_life(&f, seed);
    for (int i = 0; i < STEPS; i++) {
        step(&f, &life);
        sim_advance(f.base.sim, (int64_t)rng_below(&life, 6 * (uint64_t)TIME_DAY));
        if (rng_chance(&looks, looks_percent))
            (void)bill_of(&f, months[rng_below(&looks, ARRAY_LEN(months))]);
    }
    for (size_t i = 0; i < ARRAY_LEN(months); i++)
        buf_printf(&out, "%s\n", bill_of(&f, months[i]));
    buf_printf(&out, "%s\n", control(&f.base, HTTP_GET, "/_sim/subscriptions", ""));

    const char *text = arena_cstr(arena, buf_str(&out));
    aws_close(&f);
    return text;
}

static void test_a_bill_does_not_depend_on_who_looked(void **state)
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
            at = at > 150 ? at - 150 : 0;
            fail_msg("seed %llu at %zu:\n%.400s\n---\n%.400s", (unsigned long long)seed, at,
                     never + at, often + at);
        }
        assert_string_not_equal(never, live(seed + 5000, 0, &arena));
        arena_reset(&arena, 0);
    }
    arena_fini(&arena);
}

/* Sums of the parts, and bounds that hold whatever happened. */
static void check_bill(struct aws_fixture *f, const char *month, uint64_t seed)
{
    struct str text = str_of(bill_of(f, month));
    struct str users = between(text, "\"users\":[", "]}");
    struct str plans = between(text, "\"plans\":[", "]");
    int64_t of_users = 0;
    int64_t of_plans = 0;
    struct str row;

    while ((row = between(users, "\"user\":", "}")).ptr) {
        int64_t minor = number_in(row, "\"minor\":");

        assert_true(minor >= 0 && minor <= 4000);
        of_users += minor;
        users = str_sub(users, (size_t)(row.ptr + row.len - users.ptr), users.len);
    }
    while ((row = between(plans, "\"minor\":", "}")).ptr) {
        int64_t minor = 0;

        assert_true(str_to_i64(row, &minor));
        of_plans += minor;
        plans = str_sub(plans, (size_t)(row.ptr + row.len - plans.ptr), plans.len);
    }
    if (of_users != number_in(text, "\"total_minor\":") || of_plans != of_users) {
        fail_msg("seed %llu, %s: %lld by users, %lld by plans: %.*s", (unsigned long long)seed,
                 month, (long long)of_users, (long long)of_plans, STR_ARG(text));
    }
}

static void test_a_bill_is_the_sum_of_its_people_and_of_its_plans(void **state)
{
    int64_t all = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= LIVES; seed++) {
        struct aws_fixture f;
        struct rng rng = rng_seed(seed);

        open_life(&f, seed);
        for (int i = 0; i < STEPS; i++) {
            step(&f, &rng);
            sim_advance(f.base.sim, (int64_t)rng_below(&rng, 6 * (uint64_t)TIME_DAY));
        }
        for (size_t i = 0; i < ARRAY_LEN(months); i++) {
            check_bill(&f, months[i], seed);
            all += total(&f, months[i]);
        }
        aws_close(&f);
    }
    assert_true(all > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule_of_the_bill_gives_the_cents_it_should),
        cmocka_unit_test(test_a_seat_of_q_that_moves_is_charged_as_an_upgrade),
        cmocka_unit_test(test_two_profiles_are_charged_twice_and_rounded_once),
        cmocka_unit_test(test_months_that_nobody_can_read_are_refused),
        cmocka_unit_test(test_a_bill_does_not_depend_on_who_looked),
        cmocka_unit_test(test_a_bill_is_the_sum_of_its_people_and_of_its_plans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

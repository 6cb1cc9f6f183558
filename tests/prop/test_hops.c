#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/rng.h"
#include "core/finding.h"
#include "core/hops.h"
#include "core/lag.h"

/*
 * Properties of a seat's hops, of how long they take and of what is found out about them, for any
 * sequence of sights. A failure names its seed; SEATKEEPER_SEED runs that one case alone.
 */

#define CASES 5000
#define LOOKS 40

static uint64_t seed;

#define CHECK(claim) check((claim), #claim)

static void check(bool is_true, const char *claim)
{
    if (!is_true)
        fail_msg("seed %llu: %s", (unsigned long long)seed, claim);
}

static void for_all(void (*property)(struct arena *arena, struct rng *rng))
{
    struct arena arena;
    const char *only = getenv("SEATKEEPER_SEED");
    uint64_t first = only ? strtoull(only, NULL, 10) : 1;
    uint64_t last = only ? first : CASES;

    arena_init(&arena, (size_t)64 << 20);
    for (seed = first; seed <= last; seed++) {
        struct rng rng = rng_seed(seed);
        arena_mark_t mark = arena_mark(&arena);

        property(&arena, &rng);
        arena_reset(&arena, mark);
    }
    arena_fini(&arena);
}

/* --- a seat's life -------------------------------------------------------------------------- */

static struct hops_input any_seat(struct rng *rng)
{
    static const struct lag lag = {.n = LAG_ENOUGH, .median_ms = 2, .p95_ms = 3, .p99_ms = 4};
    struct hops_input in = {.desired = rng_chance(rng, 70), .now_ms = 1000};

    in.owed_since_ms = rng_chance(rng, 90) ? 1000 - rng_between(rng, 0, 100) : 0;
    for (int i = 0; i < HOP_COUNT; i++) {
        in.memory[i].state = HOP_NOT_APPLICABLE;
        in.deadline_ms[i] = rng_chance(rng, 80) ? rng_between(rng, 1, 60) : 0;
        in.up[i] = rng_chance(rng, 50) ? &lag : NULL;
        in.sights[i].applies = rng_chance(rng, 85);
    }
    return in;
}

static void any_sight(struct hop_sight *sight, struct rng *rng)
{
    sight->applies = rng_chance(rng, 3) ? !sight->applies : sight->applies;
    sight->readable = rng_chance(rng, 85);
    sight->is_there = rng_chance(rng, 15) ? !sight->is_there : sight->is_there;
    sight->why =
        rng_chance(rng, 60) ? HOP_CAUSE_NONE : (enum hop_cause)rng_below(rng, HOP_CAUSE_COUNT);
    sight->cause = rng_chance(rng, 50) ? STR("some cause") : STR("");
    sight->remedy = rng_chance(rng, 50) ? STR("some remedy") : STR("");
}

/* What the next run of a seat may bring. */
static void any_next(struct hops_input *in, const struct hops_result *last, struct rng *rng)
{
    for (int i = 0; i < HOP_COUNT; i++) {
        in->memory[i] = last->memory[i];
        any_sight(&in->sights[i], rng);
    }
    in->now_ms += rng_between(rng, 0, 30);
    in->held_why = rng_chance(rng, 20) ? STR("held") : STR("");
    if (rng_chance(rng, 5)) {
        in->desired = !in->desired;
        in->owed_since_ms = in->now_ms;
    }
}

static void live(struct rng *rng,
                 void (*look)(const struct hops_input *in, const struct hops_result *out))
{
    struct hops_input in = any_seat(rng);
    struct hops_result out;

    for (int i = 0; i < HOP_COUNT; i++)
        any_sight(&in.sights[i], rng);
    for (int i = 0; i < LOOKS; i++) {
        out = hops_see(&in);
        look(&in, &out);
        any_next(&in, &out, rng);
    }
}

static bool is_waiting(const struct hop_state *hop)
{
    return hop->state == HOP_ON_ITS_WAY || hop->state == HOP_LATE;
}

static void states_are_what_was_seen(const struct hops_input *in, const struct hops_result *out)
{
    for (int i = 0; i < HOP_COUNT; i++) {
        const struct hop_sight *sight = &in->sights[i];
        const struct hop_state *hop = &out->states[i];
        bool is_seen = sight->applies && sight->readable;

        CHECK(hop->hop == (enum hop)i);
        CHECK(sight->applies || hop->state == HOP_NOT_APPLICABLE);
        CHECK(!in->desired || (hop->state == HOP_REACHED) == (is_seen && sight->is_there));
        CHECK(!in->desired || is_waiting(hop) == (is_seen && !sight->is_there));
        CHECK(in->desired || (hop->state != HOP_REACHED && !is_waiting(hop)));
        CHECK(hop->state != HOP_LEAVING || (is_seen && sight->is_there && !in->desired));
        /* Late from the deadline on, and never without one. */
        CHECK(!is_waiting(hop) || (hop->state == HOP_LATE) ==
                                      (hop->deadline_ms != 0 && in->now_ms >= hop->deadline_ms));
        CHECK(hop->overdue == (hop->state == HOP_LEAVING && hop->deadline_ms != 0 &&
                               in->now_ms >= hop->deadline_ms));
        CHECK(hop->deadline_ms == 0 ||
              hop->deadline_ms == hop->since_ms + in->deadline_ms[hop->hop]);
        CHECK(hop->usual_ms == 0 || is_waiting(hop));
    }
}

static void whoever_needs_help_is_told(const struct hops_input *in, const struct hops_result *out)
{
    (void)in;
    for (int i = 0; i < HOP_COUNT; i++) {
        const struct hop_state *hop = &out->states[i];

        if (is_waiting(hop) || hop->state == HOP_LEAVING || hop->state == HOP_UNKNOWN)
            CHECK(hop->cause.len > 0);
        if (hop->state == HOP_LATE || hop->overdue || hop->state == HOP_UNKNOWN)
            CHECK(hop->remedy.len > 0);
        CHECK((hop->state == HOP_UNKNOWN) <= (hop->why == HOP_CAUSE_UNREADABLE));
    }
}

static bool is_same_memory(const struct hop_memory *a, const struct hop_memory *b)
{
    return a->state == b->state && a->since_ms == b->since_ms;
}

static void memory_moves_forward(const struct hops_input *in, const struct hops_result *out)
{
    for (int i = 0; i < HOP_COUNT; i++) {
        const struct hop_memory *was = &in->memory[i], *is = &out->memory[i];
        const struct hop_sight *sight = &in->sights[i];

        CHECK(is->state != HOP_LATE && is->state != HOP_UNKNOWN);
        CHECK(sight->applies || (is->state == HOP_NOT_APPLICABLE && is->since_ms == 0));
        CHECK(!sight->applies || sight->readable || is_same_memory(was, is));
        CHECK(!sight->applies || was->state != is->state || is->since_ms >= was->since_ms);
        /* What is shown is what is remembered. */
        CHECK(out->states[i].state == HOP_UNKNOWN || out->states[i].since_ms == 0 ||
              out->states[i].since_ms == is->since_ms);
    }
}

static void clocks_follow_each_other(const struct hops_input *in, const struct hops_result *out)
{
    for (int i = 0; i < HOP_COUNT; i++) {
        const struct hop_state *hop = &out->states[i];

        for (int k = 0; k < i && hop->deadline_ms != 0; k++) {
            const struct hop_memory *before = &out->memory[k];

            if (!in->sights[k].applies || (!in->desired && (k == HOP_USER || k == HOP_IN_USE)))
                continue;
            CHECK(before->state == (in->desired ? HOP_REACHED : HOP_NOT_APPLICABLE));
            CHECK(before->since_ms <= hop->since_ms);
        }
        CHECK(hop->deadline_ms == 0 || hop->since_ms >= in->owed_since_ms);
    }
}

static void arrivals_were_seen_waiting(const struct hops_input *in, const struct hops_result *out)
{
    bool told[HOP_COUNT] = {false};

    CHECK(out->n_arrivals <= HOP_COUNT);
    for (size_t i = 0; i < out->n_arrivals; i++) {
        const struct hop_arrival *arrival = &out->arrivals[i];

        CHECK(!told[arrival->hop]);
        told[arrival->hop] = true;
        CHECK(arrival->up == in->desired);
        CHECK(in->memory[arrival->hop].state == (arrival->up ? HOP_ON_ITS_WAY : HOP_LEAVING));
        CHECK(in->sights[arrival->hop].is_there == arrival->up);
        CHECK(in->sights[arrival->hop].readable);
        CHECK(arrival->lag_ms >= 0 && arrival->lag_ms < in->now_ms);
    }
}

static void an_end_is_proved(const struct hops_input *in, const struct hops_result *out)
{
    static const enum hop followed[] = {HOP_OKTA, HOP_PUSHED, HOP_SEAT};
    bool is_gone = !in->desired;

    for (size_t i = 0; i < ARRAY_LEN(followed); i++) {
        const struct hop_sight *sight = &in->sights[followed[i]];

        is_gone = is_gone && (!sight->applies || (sight->readable && !sight->is_there));
    }
    CHECK(out->is_ended == is_gone);
}

static bool is_same_state(const struct hop_state *a, const struct hop_state *b)
{
    return a->state == b->state && a->since_ms == b->since_ms && a->deadline_ms == b->deadline_ms &&
           a->why == b->why && str_eq(a->cause, b->cause) && str_eq(a->remedy, b->remedy) &&
           a->overdue == b->overdue && a->usual_ms == b->usual_ms && a->at_most_ms == b->at_most_ms;
}

static void looking_again_changes_nothing(const struct hops_input *in,
                                          const struct hops_result *out)
{
    struct hops_input again = *in;

    for (int i = 0; i < HOP_COUNT; i++)
        again.memory[i] = out->memory[i];
    struct hops_result twice = hops_see(&again);

    CHECK(twice.n_arrivals == 0);
    CHECK(twice.is_ended == out->is_ended);
    for (int i = 0; i < HOP_COUNT; i++) {
        CHECK(is_same_memory(&twice.memory[i], &out->memory[i]));
        CHECK(is_same_state(&twice.states[i], &out->states[i]));
    }
}

#define LIFE(name)                                                 \
    static void lives_##name(struct arena *arena, struct rng *rng) \
    {                                                              \
        (void)arena;                                               \
        live(rng, name);                                           \
    }                                                              \
    static void test_##name(void **state)                          \
    {                                                              \
        (void)state;                                               \
        for_all(lives_##name);                                     \
    }

LIFE(states_are_what_was_seen)
LIFE(whoever_needs_help_is_told)
LIFE(memory_moves_forward)
LIFE(clocks_follow_each_other)
LIFE(arrivals_were_seen_waiting)
LIFE(an_end_is_proved)
LIFE(looking_again_changes_nothing)

/* --- causes --------------------------------------------------------------------------------- */

static struct str any_name(struct rng *rng)
{
    static const struct str names[] = {STR(""), STR("Ada"), STR("A;da"), STR(" "), STR("50%")};

    return names[rng_below(rng, ARRAY_LEN(names))];
}

static void a_late_hop_has_a_cause_and_a_remedy(struct arena *arena, struct rng *rng)
{
    struct person person = {.first_name = any_name(rng),
                            .last_name = any_name(rng),
                            .status = (enum user_status)rng_below(rng, USER_GONE + 1)};
    struct hop_evidence ev = {
        .group_name = any_name(rng),
        .assignment_group = any_name(rng),
        .person = rng_chance(rng, 70) ? &person : NULL,
        .assigned = (enum known)rng_below(rng, 3),
        .ambiguous = rng_chance(rng, 20),
        .disabled = rng_chance(rng, 20),
        .ambiguous_why = any_name(rng),
        .push = (enum push_state)rng_below(rng, PUSH_ERROR + 1),
        .push_error = any_name(rng),
        .push_failure = any_name(rng),
        .push_failure_ms = rng_between(rng, 0, 9),
        .ignored = rng_chance(rng, 20),
        .store_group = (enum known)rng_below(rng, 3),
        .store_group_by_hand = rng_chance(rng, 30),
        .same_group = rng_chance(rng, 30),
        .token_expires_ms = rng_between(rng, 0, 9),
        .clock_start_ms = rng_between(rng, 0, 9),
        .now_ms = 5,
        .is_late = rng_chance(rng, 50),
        .usual_ms = rng_between(rng, 0, 2),
        .at_most_ms = 3,
    };

    for (int hop = HOP_USER; hop <= HOP_PUSHED; hop++) {
        struct hop_diagnosis is = hop_diagnose((enum hop)hop, &ev, arena);

        CHECK(is.cause.len > 0);
        CHECK((is.why == HOP_CAUSE_NONE) == (is.remedy.len == 0));
        CHECK(!ev.is_late || is.why != HOP_CAUSE_NONE);
        CHECK(is.why != HOP_CAUSE_LOST || ev.is_late);
        CHECK(is.why != HOP_CAUSE_HELD && is.why != HOP_CAUSE_UNREADABLE);
    }
}

static void test_a_late_hop_has_a_cause_and_a_remedy(void **state)
{
    (void)state;
    for_all(a_late_hop_has_a_cause_and_a_remedy);
}

/* --- findings ------------------------------------------------------------------------------- */

#define SEATS 24

static void any_seats(struct hop_seat *seats, struct arena *arena, struct rng *rng)
{
    static const enum hop_word words[] = {HOP_REACHED, HOP_LATE, HOP_LEAVING, HOP_NOT_APPLICABLE};

    for (size_t i = 0; i < SEATS; i++) {
        struct hop_state *states = arena_array(arena, struct hop_state, HOP_COUNT);

        for (int hop = 0; hop < HOP_COUNT; hop++) {
            states[hop] = (struct hop_state){
                .hop = (enum hop)hop,
                .state = words[rng_below(rng, ARRAY_LEN(words))],
                .since_ms = rng_between(rng, 1, 1000),
                .deadline_ms = 2000,
                .why = (enum hop_cause)rng_below(rng, HOP_CAUSE_COUNT),
                .overdue = rng_chance(rng, 50),
                .cause = STR("cause"),
                .remedy = STR("remedy"),
            };
        }
        seats[i] = (struct hop_seat){
            .entitlement = rng_chance(rng, 50) ? STR("kiro-jp") : STR("kiro-us"),
            .plan = arena_printf(arena, "plan%zu", i),
            .person = arena_printf(arena, "00u%llu", (unsigned long long)rng_below(rng, 9)),
            .states = states,
            .cost_minor = (int64_t)1 << i,
        };
        seats[i].login = seats[i].person;
    }
}

static void every_seat_is_in_one_finding(struct arena *arena, struct rng *rng)
{
    struct hop_seat seats[SEATS];
    struct scim_facts scim = {.configured = true,
                              .token_expires_ms = rng_between(rng, 0, 100) * TIME_DAY,
                              .now_ms = 2000,
                              .last_arrival_ms = rng_between(rng, 0, 3000)};
    struct finding *findings, *shuffled;
    struct map keys = {0};
    int64_t cost = 0, expected = 0;
    size_t n, n_shuffled;

    any_seats(seats, arena, rng);
    hop_findings(seats, SEATS, &scim, arena, &findings, &n);
    for (size_t i = 0; i < n; i++) {
        finding_make_key(&findings[i], arena);
        CHECK(!map_has(&keys, findings[i].key));
        (void)map_put(&keys, arena, findings[i].key, &findings[i]);
        CHECK(findings[i].detail.len > 0 && findings[i].remedy.len > 0);
        CHECK(i == 0 || finding_compare(&findings[i - 1], &findings[i]) < 0);
        cost += findings[i].cost_minor;
    }
    for (size_t i = 0; i < SEATS; i++) {
        for (int hop = 0; hop < HOP_COUNT; hop++) {
            const struct hop_state *state = &seats[i].states[hop];

            expected += state->state == HOP_LEAVING && state->overdue ? seats[i].cost_minor : 0;
        }
    }
    CHECK(cost == expected);

    rng_shuffle(rng, seats, SEATS, sizeof(seats[0]));
    hop_findings(seats, SEATS, &scim, arena, &shuffled, &n_shuffled);
    CHECK(n_shuffled == n);
    for (size_t i = 0; i < n; i++) {
        finding_make_key(&shuffled[i], arena);
        CHECK(str_eq(shuffled[i].key, findings[i].key));
        CHECK(str_eq(shuffled[i].detail, findings[i].detail));
        CHECK(shuffled[i].since_ms == findings[i].since_ms);
        CHECK(shuffled[i].cost_minor == findings[i].cost_minor);
    }
}

static void test_every_seat_is_in_one_finding_whatever_the_order(void **state)
{
    (void)state;
    for_all(every_seat_is_in_one_finding);
}

/* --- lag ------------------------------------------------------------------------------------ */

static size_t not_above(const int64_t *samples, size_t n, int64_t limit)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += samples[i] <= limit;
    return count;
}

static void percentiles_are_samples_that_enough_keep_to(struct arena *arena, struct rng *rng)
{
    size_t n = rng_below(rng, 200) + 1;
    int64_t *samples = arena_array(arena, int64_t, n);
    int64_t configured = rng_between(rng, 0, 500), floor = rng_between(rng, 0, 500);

    for (size_t i = 0; i < n; i++)
        samples[i] = rng_between(rng, 0, 300);
    struct lag lag = lag_learn(samples, n, arena);

    CHECK(lag.n == n);
    CHECK(not_above(samples, n, lag.median_ms) * 100 >= n * 50);
    CHECK(not_above(samples, n, lag.median_ms - 1) * 100 < n * 50);
    CHECK(not_above(samples, n, lag.p95_ms) * 100 >= n * 95);
    CHECK(not_above(samples, n, lag.p95_ms - 1) * 100 < n * 95);
    CHECK(not_above(samples, n, lag.p99_ms) * 100 >= n * 99);
    CHECK(not_above(samples, n, lag.p99_ms - 1) * 100 < n * 99);

    int64_t deadline = lag_deadline(configured, &lag, floor);
    CHECK(deadline <= 4 * configured);
    CHECK(n >= LAG_ENOUGH || deadline == configured);
    CHECK(n < LAG_ENOUGH || deadline == 4 * configured || deadline >= floor);
    CHECK((deadline == 0) == (configured == 0));
}

static void test_percentiles_are_samples_that_enough_keep_to(void **state)
{
    (void)state;
    for_all(percentiles_are_samples_that_enough_keep_to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states_are_what_was_seen),
        cmocka_unit_test(test_whoever_needs_help_is_told),
        cmocka_unit_test(test_memory_moves_forward),
        cmocka_unit_test(test_clocks_follow_each_other),
        cmocka_unit_test(test_arrivals_were_seen_waiting),
        cmocka_unit_test(test_an_end_is_proved),
        cmocka_unit_test(test_looking_again_changes_nothing),
        cmocka_unit_test(test_a_late_hop_has_a_cause_and_a_remedy),
        cmocka_unit_test(test_every_seat_is_in_one_finding_whatever_the_order),
        cmocka_unit_test(test_percentiles_are_samples_that_enough_keep_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

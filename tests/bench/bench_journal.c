/*
 * How many ops a second the ledger journals, durably, one at a time: marked sent, then settled as
 * done with membership and audit row. `bench_journal FOLDER N ROUNDS`: N ops a round, and in turn
 * N of the floor. One line of JSON a round.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/json.h"
#include "journal_floor.h"
#include "ledger/ledger_group.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_run.h"

static const struct actor the_run = {STR("run"), STR("run")};
#define GROUP STR("00gbench000000000000")

static double seconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void check(bool ok, const struct err *err)
{
    if (ok)
        return;
    (void)fprintf(stderr, "bench_journal: %s\n", err->msg);
    exit(1);
}

/* People the ledger knows, and the op that adds each. */
static struct op *make_ops(struct ledger *ledger, size_t n, struct arena *arena)
{
    struct op *ops = arena_array(arena, struct op, n);
    struct person *people = arena_array(arena, struct person, n);
    struct err err = {0};

    for (size_t i = 0; i < n; i++) {
        people[i] = (struct person){
            .id = arena_printf(arena, "00ubench%012zu", i),
            .login = arena_printf(arena, "person%07zu@example.com", i),
            .status = USER_ACTIVE,
        };
        ops[i] = (struct op){
            .kind = OP_OKTA_ADD,
            .cause = CAUSE_GRANTED,
            .group = GROUP,
            .person = people[i].id,
            .entitlement = STR("kiro"),
            .plan = STR("pro"),
        };
        ops[i].id =
            op_make_id(ops[i].kind, GROUP, ops[i].person, ops[i].entitlement, ops[i].plan, arena);
    }
    check(ledger_see_people(ledger, people, n, 1777885200000, &err), &err);
    return ops;
}

static void make_plan(struct ledger *ledger, const struct run_row *run, const struct op *ops,
                      size_t n, struct arena *arena)
{
    struct report_op *rows = arena_array(arena, struct report_op, n);
    int64_t *versions = arena_array(arena, int64_t, n);
    const struct person_row *people;
    struct err err = {0};
    size_t n_people;

    check(ledger_load_people(ledger, arena, &people, &n_people, &err), &err);
    for (size_t i = 0; i < n; i++) {
        rows[i] = (struct report_op){.op = &ops[i], .state = OP_PLANNED, .reason = STR("granted")};
        versions[i] = people[i].version;
    }
    check(ledger_plan_ops(ledger, run, rows, versions, n, &err), &err);
}

static struct run_row begin(struct ledger *ledger, struct arena *arena)
{
    struct group_pin pin = {
        .role = PIN_PLAN,
        .entitlement = STR("kiro"),
        .plan = STR("pro"),
        .ref = STR("Kiro"),
        .group_id = GROUP,
        .group_name = STR("Kiro"),
    };
    struct err err = {0};
    struct run_row run;
    bool taken = false;

    check(ledger_pin_group(ledger, &the_run, &pin, &err), &err);
    check(ledger_lock(ledger, LEDGER_ROLE_RUN, 0, &taken, &err) && taken, &err);
    check(
        ledger_begin_run(ledger, &the_run, RUN_FULL, STR("bench"), STR("boot"), arena, &run, &err),
        &err);
    return run;
}

static void journal(struct ledger *ledger, const struct run_row *run, size_t from, size_t n)
{
    const struct send_limits limits = {
        .now_ms = 1777885200000,
        .run_ent = SIZE_MAX,
        .day_ent = SIZE_MAX,
        .week_ent = SIZE_MAX,
        .run_all = SIZE_MAX,
        .day_all = SIZE_MAX,
        .week_all = SIZE_MAX,
        .mode = MODE_ENFORCE,
    };
    struct err err = {0};

    for (size_t i = from; i < from + n; i++) {
        struct settled done = {i, OP_DONE, STR("seen in a listing")};
        bool went = false;
        check(ledger_mark_sent(ledger, run, &i, &limits, 1, &went, &err), &err);
        if (!went) {
            (void)fprintf(stderr, "bench_journal: op %zu was refused\n", i);
            exit(1);
        }
        check(ledger_settle_ops(ledger, &the_run, run->id, &done, 1, &err), &err);
    }
}

int main(int argc, char **argv)
{
    struct clock clock = clock_system(NULL);
    struct ledger *ledger;
    struct arena arena;
    struct err err = {0};

    if (argc != 4) {
        (void)fprintf(stderr, "usage: %s FOLDER N ROUNDS\n", argv[0]);
        return 2;
    }
    json_init();
    size_t n = strtoul(argv[2], NULL, 10), rounds = strtoul(argv[3], NULL, 10);
    arena_init(&arena, (size_t)1 << 30);
    struct ledger_options options = {
        .path = arena_printf(&arena, "%s/ledger.db", argv[1]),
        .clock = &clock,
        .program = "seatkeeper bench",
        .settings_digest = STR("bench"),
        .may_create = true,
    };
    check(ledger_open(&options, &ledger, &err), &err);
    struct op *ops = make_ops(ledger, n * rounds, &arena);
    struct run_row run = begin(ledger, &arena);
    make_plan(ledger, &run, ops, n * rounds, &arena);
    struct floor *floor = floor_open(argv[1], n * rounds);

    for (size_t round = 0; round < rounds; round++) {
        const double begun[] = {seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
        journal(ledger, &run, round * n, n);
        const double between[] = {seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
        floor_run(floor, round * n, n);
        const double ended[] = {seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
        printf(
            "{\"ours_s\": %.6f, \"floor_s\": %.6f, \"ours_cpu_s\": %.6f, \"floor_cpu_s\": %.6f}\n",
            between[0] - begun[0], ended[0] - between[0], between[1] - begun[1],
            ended[1] - between[1]);
    }
    floor_close(floor);
    ledger_unlock(ledger, LEDGER_ROLE_RUN);
    ledger_close(ledger);
    arena_fini(&arena);
    return 0;
}

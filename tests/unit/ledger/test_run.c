#include "base/crypt.h"
#include "unit/ledger/fixture.h"

#define GROUP STR("00g1")
#define ADA   STR("00u1")

/* What a run needs before it may send: a person, a pinned group, a run of its own. */
static struct run_row prepare(struct fixture *f)
{
    struct group_pin pins[] = {
        {.role = PIN_PLAN,
         .entitlement = STR("kiro"),
         .plan = STR("pro"),
         .ref = STR("kiro-pro"),
         .group_id = GROUP,
         .group_name = STR("kiro-pro")},
        {.role = PIN_ASSIGNMENT,
         .entitlement = STR("kiro"),
         .ref = STR("kiro-assign"),
         .group_id = STR("00ga"),
         .group_name = STR("kiro-assign")},
        {.role = PIN_PLAN,
         .entitlement = STR("q"),
         .plan = STR("pro"),
         .ref = STR("q-pro"),
         .group_id = STR("00gq"),
         .group_name = STR("q-pro")},
        {.role = PIN_NAMED, .ref = STR("staff"), .group_id = STR("00gs"), .group_name = STR("s")},
    };

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    see(f, "00u2", "bob@example.com", USER_ACTIVE);
    for (size_t i = 0; i < ARRAY_LEN(pins); i++)
        OK(f, ledger_pin_group(f->ledger, &admin, &pins[i], &f->err));
    return begin_run(f);
}

static struct op op_of(struct fixture *f, enum op_kind kind, const char *ent, const char *group,
                       const char *person)
{
    bool is_assignment = strcmp(group, "00ga") == 0;
    struct op op = {.kind = kind,
                    .cause = kind == OP_OKTA_ADD ? CAUSE_GRANTED : CAUSE_EXPIRED,
                    .group = str_of(group),
                    .person = str_of(person),
                    .entitlement = str_of(ent),
                    .plan = is_assignment ? (struct str){0} : STR("pro")};

    op.id = op_make_id(kind, op.group, op.person, op.entitlement, op.plan, &f->arena);
    return op;
}

static void plan(struct fixture *f, const struct run_row *run, const struct op *ops, size_t n)
{
    struct report_op *items = arena_array(&f->arena, struct report_op, n);
    int64_t *versions = arena_array(&f->arena, int64_t, n);

    for (size_t i = 0; i < n; i++) {
        items[i] = (struct report_op){.op = &ops[i], .state = OP_PLANNED, .reason = STR("why")};
        versions[i] = person_of(f, arena_cstr(&f->arena, ops[i].person)).version;
    }
    OK(f, ledger_plan_ops(f->ledger, run, items, versions, n, &f->err));
}

static struct send_limits free_limits(struct fixture *f)
{
    return (struct send_limits){.now_ms = clock_now(&f->clock),
                                .run_ent = SIZE_MAX,
                                .day_ent = SIZE_MAX,
                                .week_ent = SIZE_MAX,
                                .run_all = SIZE_MAX,
                                .day_all = SIZE_MAX,
                                .week_all = SIZE_MAX,
                                .mode = MODE_ENFORCE};
}

static bool mark(struct fixture *f, const struct run_row *run, size_t seq,
                 const struct send_limits *limits)
{
    bool went = false;

    OK(f, ledger_mark_sent(f->ledger, run, &seq, limits, 1, &went, &f->err));
    return went;
}

/* `state guard: reason` of one op. */
static const char *show_op(struct fixture *f, const struct run_row *run, size_t seq)
{
    const struct op_row *rows;
    size_t n;

    OK(f, ledger_run_ops(f->ledger, run->id, &f->arena, &rows, &n, &f->err));
    assert_true(seq < n);
    return arena_printf(&f->arena, "%s %.*s: %.*s", op_state_name(rows[seq].state),
                        STR_ARG(rows[seq].guard), STR_ARG(rows[seq].reason))
        .ptr;
}

static void settle(struct fixture *f, const struct run_row *run, size_t seq, enum op_state op_state)
{
    struct settled item = {seq, op_state, STR("because")};

    OK(f, ledger_settle_ops(f->ledger, &admin, run->id, &item, 1, &f->err));
}

/* ---- ledger_mark_sent: one test a condition ---- */

static void test_an_op_that_meets_every_condition_is_sent_durably(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct op ops[] = {op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u1"),
                       op_of(f, OP_OKTA_ADD, "kiro", "00ga", "00u1"),
                       op_of(f, OP_OKTA_REMOVE, "kiro", "00g1", "00u2")};
    struct send_limits limits[3] = {free_limits(f), free_limits(f), free_limits(f)};
    size_t seqs[] = {0, 1, 2};
    bool went[3] = {0};

    plan(f, &run, ops, 3);
    OK(f, ledger_mark_sent(f->ledger, &run, seqs, limits, 3, went, &f->err));
    assert_true(went[0] && went[1] && went[2]);
    assert_string_equal(raw_text(f, "SELECT group_concat(state || sent_at) FROM op"),
                        "sent1777885960000,sent1777885960000,sent1777885960000");
}

/* What a test does between the plan and the sending, and what must come of it. */
struct refusal {
    void (*meanwhile)(struct fixture *f, struct send_limits *limits);
    bool refuses_add, refuses_removal;
    const char *shows;
};

/* Plans an add and a removal, lets something happen, tries to send both. */
static void check_refusal(struct fixture *f, const struct refusal *refusal)
{
    struct run_row run = prepare(f);
    struct op ops[] = {op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u1"),
                       op_of(f, OP_OKTA_REMOVE, "kiro", "00g1", "00u1")};
    const bool refuses[] = {refusal->refuses_add, refusal->refuses_removal};
    struct send_limits limits = free_limits(f);

    plan(f, &run, ops, 2);
    refusal->meanwhile(f, &limits);
    for (size_t i = 0; i < 2; i++) {
        bool went = mark(f, &run, i, &limits);
        assert_int_equal(went, !refuses[i]);
        assert_string_equal(show_op(f, &run, i), refuses[i] ? refusal->shows : "sent : why");
        if (refuses[i])
            assert_non_null(strstr(show_audit(f, 0), "op.skipped"));
    }
}

static void another_run_begins(struct fixture *f, struct send_limits *limits)
{
    (void)limits;
    raw_exec(f->path, "UPDATE meta SET value = '77' WHERE key = 'epoch'");
}

static void test_mark_sent_refuses_under_another_epoch(void **state)
{
    check_refusal(*state, &(struct refusal){another_run_begins, true, true,
                                            "skipped : another run has begun since"});
}

static void test_mark_sent_refuses_ops_planned_under_an_earlier_lock(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct op op = op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u1");
    struct send_limits limits = free_limits(f);
    bool taken;

    plan(f, &run, &op, 1);
    ledger_unlock(f->ledger, LEDGER_ROLE_RUN);
    FAILS(f, ledger_mark_sent(f->ledger, &run, &(size_t){0}, &limits, 1, &taken, &f->err),
          ERR_INTERNAL, "without the run lock");
    OK(f, ledger_lock(f->ledger, LEDGER_ROLE_RUN, 0, &taken, &f->err));
    assert_false(mark(f, &run, 0, &limits));
    assert_string_equal(show_op(f, &run, 0), "skipped : another run has begun since");
}

static void freeze_with(struct fixture *f, const char *ent, bool removals, int64_t until)
{
    struct freeze_row freeze = {
        .entitlement = str_of(ent), .removals = removals, .reason = STR("doubt"), .until = until};

    OK(f, ledger_freeze(f->ledger, &admin, &freeze, &f->err));
}

static void freeze_kiro(struct fixture *f, struct send_limits *limits)
{
    (void)limits;
    freeze_with(f, "kiro", false, 0);
}

static void freeze_all(struct fixture *f, struct send_limits *limits)
{
    (void)limits;
    freeze_with(f, "", false, clock_now(&f->clock) + 1);
}

static void freeze_removals(struct fixture *f, struct send_limits *limits)
{
    (void)limits;
    freeze_with(f, "kiro", true, 0);
}

static void freeze_what_does_not_matter(struct fixture *f, struct send_limits *limits)
{
    size_t n;

    (void)limits;
    freeze_with(f, "q", false, 0);
    freeze_with(f, "", false, 0);
    OK(f, ledger_unfreeze(f->ledger, &admin, (struct str){0}, STR("fine"), &n, &f->err));
    assert_int_equal(n, 1);
    freeze_with(f, "kiro", false, clock_now(&f->clock)); /* over at this very moment */
}

#define FROZEN "skipped frozen: it was frozen since the plan was made"

static void test_mark_sent_refuses_what_is_frozen(void **state)
{
    check_refusal(*state, &(struct refusal){freeze_kiro, true, true, FROZEN});
}

static void test_mark_sent_refuses_when_everything_is_frozen(void **state)
{
    check_refusal(*state, &(struct refusal){freeze_all, true, true, FROZEN});
}

static void test_mark_sent_sends_adds_when_removals_are_frozen(void **state)
{
    check_refusal(*state, &(struct refusal){freeze_removals, false, true, FROZEN});
}

static void test_mark_sent_minds_no_freeze_that_is_over_or_of_others(void **state)
{
    check_refusal(*state, &(struct refusal){freeze_what_does_not_matter, false, false, ""});
}

static void floor_at(struct fixture *f, const char *ent, enum mode mode)
{
    struct mode_floor floor = {.entitlement = str_of(ent), .mode = mode, .reason = STR("odd")};

    OK(f, ledger_lower_mode(f->ledger, &admin, &floor, &f->err));
}

static void lower_to_add(struct fixture *f, struct send_limits *limits)
{
    (void)limits;
    floor_at(f, "kiro", MODE_ADD);
}

static void lower_all_to_observe(struct fixture *f, struct send_limits *limits)
{
    (void)limits;
    floor_at(f, "", MODE_OBSERVE);
}

#define LOWERED "skipped mode: an anomaly lowered the mode"

static void test_mark_sent_refuses_removals_under_a_floor_of_add(void **state)
{
    check_refusal(*state, &(struct refusal){lower_to_add, false, true, LOWERED});
}

static void test_mark_sent_refuses_everything_under_a_floor_of_observe(void **state)
{
    check_refusal(*state, &(struct refusal){lower_all_to_observe, true, true, LOWERED});
}

static void mode_add(struct fixture *f, struct send_limits *limits)
{
    (void)f;
    limits->mode = MODE_ADD;
}

static void mode_observe(struct fixture *f, struct send_limits *limits)
{
    (void)f;
    limits->mode = MODE_OBSERVE;
}

#define MODED "skipped mode: the mode does not allow it"

static void test_mark_sent_refuses_removals_in_mode_add(void **state)
{
    check_refusal(*state, &(struct refusal){mode_add, false, true, MODED});
}

static void test_mark_sent_refuses_everything_in_mode_observe(void **state)
{
    check_refusal(*state, &(struct refusal){mode_observe, true, true, MODED});
}

static void pin_elsewhere(struct fixture *f, struct send_limits *limits)
{
    struct group_pin pin = {.role = PIN_PLAN,
                            .entitlement = STR("kiro"),
                            .plan = STR("pro"),
                            .ref = STR("kiro-pro"),
                            .group_id = STR("00g9"),
                            .group_name = STR("kiro-pro")};

    (void)limits;
    OK(f, ledger_pin_group(f->ledger, &admin, &pin, &f->err));
}

#define UNPINNED "skipped pinned: the group is not the one that is pinned"

static void test_mark_sent_refuses_a_group_that_is_not_pinned(void **state)
{
    check_refusal(*state, &(struct refusal){pin_elsewhere, true, true, UNPINNED});
}

static void test_mark_sent_refuses_pins_of_other_entitlements_plans_and_roles(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct op ops[] = {op_of(f, OP_OKTA_ADD, "kiro", "00gq", "00u1"),
                       op_of(f, OP_OKTA_ADD, "q", "00ga", "00u1"),
                       op_of(f, OP_OKTA_ADD, "kiro", "00gs", "00u1"),
                       op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u1")};
    struct send_limits limits = free_limits(f);

    ops[3].plan = STR("max");
    plan(f, &run, ops, ARRAY_LEN(ops));
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        assert_false(mark(f, &run, i, &limits));
        assert_string_equal(show_op(f, &run, i), UNPINNED);
    }
}

static void file_meanwhile(struct fixture *f, struct send_limits *limits)
{
    (void)limits;
    (void)file(f, REQUEST_RENEW, "ADA@example.com", NULL);
}

static void test_mark_sent_refuses_when_something_was_filed_since(void **state)
{
    check_refusal(
        *state,
        &(struct refusal){file_meanwhile, true, true,
                          "skipped : something was filed or decided about this person since the "
                          "plan was made"});
}

static void test_mark_sent_refuses_adds_for_the_blocked_always(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct op ops[] = {op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u1"),
                       op_of(f, OP_OKTA_REMOVE, "kiro", "00g1", "00u1")};
    struct send_limits limits = free_limits(f);
    bool changed;

    OK(f, ledger_block(f->ledger, &admin, ADA, STR("left"), &changed, &f->err));
    plan(f, &run, ops, 2); /* with the version after the block */
    assert_false(mark(f, &run, 0, &limits));
    assert_string_equal(show_op(f, &run, 0), "skipped : the person is blocked");
    assert_true(mark(f, &run, 1, &limits));
}

/* ---- the budget ---- */

/* Sends `n` removals of one cause in a run; gives how many went. */
static size_t send_removals(struct fixture *f, const struct run_row *run, const char *ent,
                            enum cause cause, size_t n, const struct send_limits *limits)
{
    struct op *ops = arena_array(&f->arena, struct op, n);
    struct send_limits *each = arena_array(&f->arena, struct send_limits, n);
    size_t *seqs = arena_array(&f->arena, size_t, n);
    bool *went = arena_array(&f->arena, bool, n);
    const char *group = strcmp(ent, "kiro") == 0 ? "00g1" : "00gq";
    size_t sent = 0;

    for (size_t i = 0; i < n; i++) {
        ops[i] = op_of(f, OP_OKTA_REMOVE, ent, group, "00u1");
        ops[i].cause = cause;
        each[i] = *limits;
        seqs[i] = i;
    }
    plan(f, run, ops, n);
    OK(f, ledger_mark_sent(f->ledger, run, seqs, each, n, went, &f->err));
    for (size_t i = 0; i < n; i++)
        sent += went[i];
    return sent;
}

static struct run_row next_run(struct fixture *f)
{
    struct run_row run = {0};

    OK(f, ledger_begin_run(f->ledger, &admin, RUN_FULL, STR("s1"), STR("boot-1"), &f->arena, &run,
                           &f->err));
    return run;
}

static void test_mark_sent_keeps_the_budget_of_a_run_within_one_batch(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct send_limits limits = free_limits(f);

    limits.run_ent = 3;
    assert_int_equal(send_removals(f, &run, "kiro", CAUSE_EXPIRED, 5, &limits), 3);
    assert_string_equal(show_op(f, &run, 3),
                        "skipped budget: the entitlement's removals for this run are spent");
    run = next_run(f);
    assert_int_equal(send_removals(f, &run, "kiro", CAUSE_EXPIRED, 5, &limits), 3);
}

static void test_mark_sent_keeps_the_budget_of_a_run_over_all(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct op ops[] = {op_of(f, OP_OKTA_REMOVE, "kiro", "00g1", "00u1"),
                       op_of(f, OP_OKTA_REMOVE, "q", "00gq", "00u1")};
    struct send_limits limits = free_limits(f);

    limits.run_all = 1;
    plan(f, &run, ops, 2);
    assert_true(mark(f, &run, 0, &limits));
    assert_false(mark(f, &run, 1, &limits));
    assert_string_equal(show_op(f, &run, 1), "skipped budget: the removals for this run are spent");
}

struct window_case {
    size_t offset; /* of the limit within struct send_limits */
    bool is_all;
    int64_t span;
    const char *reason;
};

/* The last millisecond within the window counts, the first one outside it does not. */
static void check_window(struct fixture *f, const struct window_case *c)
{
    struct run_row run = prepare(f);
    struct send_limits limits = free_limits(f);
    size_t *most = (size_t *)(void *)((char *)&limits + c->offset);
    const char *later = c->is_all ? "q" : "kiro";

    assert_int_equal(send_removals(f, &run, "kiro", CAUSE_EXPIRED, 2, &limits), 2);
    fake_clock_pass(&f->fake, c->span - 1);
    run = next_run(f);
    limits.now_ms = clock_now(&f->clock);
    *most = 2;
    assert_int_equal(send_removals(f, &run, later, CAUSE_EXPIRED, 1, &limits), 0);
    assert_string_equal(show_op(f, &run, 0), c->reason);
    fake_clock_pass(&f->fake, 1);
    run = next_run(f);
    limits.now_ms = clock_now(&f->clock);
    assert_int_equal(send_removals(f, &run, later, CAUSE_EXPIRED, 3, &limits), 2);
}

static void test_mark_sent_keeps_the_budget_of_a_day(void **state)
{
    check_window(*state, &(struct window_case){
                             offsetof(struct send_limits, day_ent), false, TIME_DAY,
                             "skipped budget: the entitlement's removals for the day are spent"});
}

static void test_mark_sent_keeps_the_budget_of_a_week(void **state)
{
    check_window(*state, &(struct window_case){
                             offsetof(struct send_limits, week_ent), false, 7 * TIME_DAY,
                             "skipped budget: the entitlement's removals for the week are spent"});
}

static void test_mark_sent_keeps_the_budget_of_a_day_over_all(void **state)
{
    check_window(*state,
                 &(struct window_case){offsetof(struct send_limits, day_all), true, TIME_DAY,
                                       "skipped budget: the removals for the day are spent"});
}

static void test_mark_sent_keeps_the_budget_of_a_week_over_all(void **state)
{
    check_window(*state,
                 &(struct window_case){offsetof(struct send_limits, week_all), true, 7 * TIME_DAY,
                                       "skipped budget: the removals for the week are spent"});
}

static void test_mark_sent_never_holds_adds_blocks_returns_and_releases_by_budget(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct send_limits limits = {.now_ms = clock_now(&f->clock), .mode = MODE_ENFORCE};
    struct op add = op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u1");
    static const enum cause free_causes[] = {CAUSE_BLOCKED, CAUSE_RETURNED, CAUSE_ASSIGNMENT};
    size_t counted;

    plan(f, &run, &add, 1);
    assert_true(mark(f, &run, 0, &limits));
    for (size_t i = 0; i < ARRAY_LEN(free_causes); i++) {
        run = next_run(f);
        assert_int_equal(send_removals(f, &run, "kiro", free_causes[i], 2, &limits), 2);
    }
    run = next_run(f);
    assert_int_equal(send_removals(f, &run, "kiro", CAUSE_EXPIRED, 1, &limits), 0);
    run = next_run(f);
    limits.released = true;
    assert_int_equal(send_removals(f, &run, "kiro", CAUSE_EXPIRED, 3, &limits), 3);
    OK(f, ledger_count_removals(f->ledger, STR("kiro"), 0, &counted, &f->err));
    assert_int_equal(counted, 7); /* all but those of the assignment group */
}

static void test_failed_removals_give_their_place_back(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct send_limits limits = free_limits(f);
    size_t counted;

    assert_int_equal(send_removals(f, &run, "kiro", CAUSE_EXPIRED, 4, &limits), 4);
    settle(f, &run, 0, OP_DONE);
    settle(f, &run, 1, OP_UNKNOWN);
    settle(f, &run, 2, OP_PLANNED); /* it had no effect */
    OK(f, ledger_count_removals(f->ledger, (struct str){0}, 0, &counted, &f->err));
    assert_int_equal(counted, 3);
    OK(f, ledger_count_removals(f->ledger, STR("q"), 0, &counted, &f->err));
    assert_int_equal(counted, 0);
    OK(f, ledger_count_removals(f->ledger, STR("kiro"), NOW, &counted, &f->err));
    assert_int_equal(counted, 0); /* sent after, not at */
}

static void test_held_and_sent_ops_are_not_sent_again(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct op op = op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u1");
    struct report_op items[] = {
        {.op = &op, .state = OP_HELD, .guard = "limit", .reason = STR("full")},
        {.op = &op, .state = OP_PLANNED, .reason = STR("why")}};
    int64_t versions[] = {0, 0};
    struct send_limits limits = free_limits(f);

    OK(f, ledger_plan_ops(f->ledger, &run, items, versions, 2, &f->err));
    assert_false(mark(f, &run, 0, &limits));
    assert_string_equal(show_op(f, &run, 0), "held limit: full");
    assert_true(mark(f, &run, 1, &limits));
    assert_false(mark(f, &run, 1, &limits));
    assert_string_equal(show_op(f, &run, 1), "sent : why");
    FAILS(f, ledger_mark_sent(f->ledger, &run, &(size_t){7}, &limits, 1, &(bool){0}, &f->err),
          ERR_INTERNAL, "no op 7");
}

static void test_what_a_rate_limit_turned_away_is_planned_again_and_counts_no_more(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct op op = op_of(f, OP_OKTA_REMOVE, "kiro", "00g1", "00u2");
    struct send_limits limits = free_limits(f);
    size_t counted;

    plan(f, &run, &op, 1);
    FAILS(f, ledger_take_back_sent(f->ledger, &run, &(size_t){0}, 1, &f->err), ERR_INTERNAL,
          "not on its way");
    assert_true(mark(f, &run, 0, &limits));
    OK(f, ledger_take_back_sent(f->ledger, &run, &(size_t){0}, 1, &f->err));
    assert_string_equal(show_op(f, &run, 0), "planned : why");
    OK(f, ledger_count_removals(f->ledger, STR("kiro"), 0, &counted, &f->err));
    assert_int_equal(counted, 0);
    limits.mode = MODE_ADD; /* what was decided meanwhile counts */
    assert_false(mark(f, &run, 0, &limits));
    assert_string_equal(show_op(f, &run, 0), "skipped mode: the mode does not allow it");
}

/* ---- settling ---- */

static void test_settling_moves_the_membership(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct op ops[] = {op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u1"),
                       op_of(f, OP_OKTA_REMOVE, "kiro", "00g1", "00u1")};
    struct send_limits limits = free_limits(f);
    static const char rows[] = "SELECT group_concat(person_id || ' ' || state || owned || ' ' ||"
                               " (owned_by = (SELECT op_id FROM op WHERE seq = 0)) || ' ' || since)"
                               " FROM membership";

    plan(f, &run, ops, 2);
    assert_true(mark(f, &run, 0, &limits));
    assert_string_equal(raw_text(f, rows), "NULL");
    fake_clock_pass(&f->fake, 5);
    settle(f, &run, 0, OP_DONE);
    assert_string_equal(raw_text(f, rows), "00u1 present1 1 1777885960005");
    assert_true(mark(f, &run, 1, &limits));
    settle(f, &run, 1, OP_UNKNOWN);
    assert_string_equal(raw_text(f, rows), "00u1 present1 1 1777885960005");
    settle(f, &run, 1, OP_DONE);
    assert_string_equal(raw_text(f, rows), "NULL");
}

static void test_settling_twice_is_once_and_a_settled_op_is_final(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct op op = op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u1");
    struct send_limits limits = free_limits(f);
    struct settled other = {0, OP_FAILED, STR("no")};
    struct settled wrong = {0, OP_SENT, STR("no")};

    plan(f, &run, &op, 1);
    assert_true(mark(f, &run, 0, &limits));
    settle(f, &run, 0, OP_DONE);
    int64_t rows = audit_rows(f);
    settle(f, &run, 0, OP_DONE);
    assert_int_equal(audit_rows(f), rows);
    FAILS(f, ledger_settle_ops(f->ledger, &admin, run.id, &other, 1, &f->err), ERR_INTERNAL,
          "op 0 is done already, not failed");
    FAILS(f, ledger_settle_ops(f->ledger, &admin, run.id, &wrong, 1, &f->err), ERR_INTERNAL,
          "cannot settle as sent");
}

static void test_a_batch_settles_as_a_whole_and_is_audited_by_request(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct request request = granted(f, "00u1", "ada@example.com");
    struct op ops[] = {op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u1"),
                       op_of(f, OP_OKTA_REMOVE, "kiro", "00g1", "00u2")};
    struct send_limits limits = free_limits(f);
    struct settled items[] = {{0, OP_DONE, STR("204")}, {1, OP_PLANNED, STR("429")}};

    ops[0].request = request.id;
    plan(f, &run, ops, 2);
    assert_true(mark(f, &run, 0, &limits) && mark(f, &run, 1, &limits));
    int64_t rows = audit_rows(f);
    OK(f, ledger_settle_ops(f->ledger, &admin, run.id, items, 2, &f->err));
    assert_string_equal(show_op(f, &run, 1), "failed : 429");
    assert_string_equal(
        show_audit(f, rows),
        arena_printf(&f->arena, "op.done R1; op.failed %.*s", STR_ARG(ops[1].id)).ptr);
}

static void test_planned_ops_settle_as_skipped_but_never_as_done(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct op ops[] = {op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u1"),
                       op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u2")};
    struct settled done = {1, OP_DONE, STR("?")};

    plan(f, &run, ops, 2);
    settle(f, &run, 0, OP_SKIPPED);
    assert_string_equal(show_op(f, &run, 0), "skipped : because");
    FAILS(f, ledger_settle_ops(f->ledger, &admin, run.id, &done, 1, &f->err), ERR_LEDGER, "CHECK");
    assert_string_equal(show_op(f, &run, 1), "planned : why");
}

/* ---- reading the journal ---- */

static void test_what_was_written_lately_is_found_again(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    struct op ops[] = {op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u1"),
                       op_of(f, OP_OKTA_REMOVE, "kiro", "00g1", "00u2"),
                       op_of(f, OP_OKTA_REMOVE, "q", "00gq", "00u1"),
                       op_of(f, OP_OKTA_ADD, "kiro", "00g1", "00u2")};
    struct send_limits limits = free_limits(f);
    const struct recent_write *writes;
    const struct op_row *rows;
    struct people removed;
    size_t n;

    plan(f, &run, ops, 4);
    assert_true(mark(f, &run, 0, &limits));
    limits.now_ms = NOW + 1000;
    assert_true(mark(f, &run, 1, &limits));
    assert_true(mark(f, &run, 2, &limits));
    settle(f, &run, 1, OP_UNKNOWN);
    settle(f, &run, 2, OP_PLANNED);

    OK(f, ledger_recent_writes(f->ledger, NOW, &f->arena, &writes, &n, &f->err));
    assert_int_equal(n, 2);
    assert_true(str_eq(writes[0].op_id, ops[0].id) && writes[0].state == OP_SENT);
    assert_true(str_eq(writes[1].op_id, ops[1].id) && writes[1].state == OP_UNKNOWN);
    OK(f, ledger_recent_writes(f->ledger, NOW + 1, &f->arena, &writes, &n, &f->err));
    assert_int_equal(n, 1);
    OK(f, ledger_recent_writes(f->ledger, NOW + 1001, &f->arena, &writes, &n, &f->err));
    assert_int_equal(n, 0);

    OK(f, ledger_removed_since(f->ledger, GROUP, NOW, &f->arena, &removed, &f->err));
    assert_int_equal(removed.n, 1);
    assert_true(people_has(&removed, STR("00u2")));
    OK(f, ledger_removed_since(f->ledger, STR("00gq"), NOW, &f->arena, &removed, &f->err));
    assert_int_equal(removed.n, 0); /* it had no effect */

    OK(f, ledger_unsettled_ops(f->ledger, &f->arena, &rows, &n, &f->err));
    assert_int_equal(n, 2);
    OK(f, ledger_person_ops(f->ledger, STR("00u2"), 0, &f->arena, &rows, &n, &f->err));
    assert_int_equal(n, 2);
    assert_int_equal(rows[0].seq, 3); /* newest first */
    OK(f, ledger_person_ops(f->ledger, STR("00u2"), 1, &f->arena, &rows, &n, &f->err));
    assert_int_equal(n, 1);
}

static void test_more_ops_than_a_page_are_all_read(void **state)
{
    struct fixture *f = *state;
    struct run_row run = prepare(f);
    enum { MANY = 1203 };
    struct op *ops = arena_array(&f->arena, struct op, MANY);
    size_t *seqs = arena_array(&f->arena, size_t, MANY);
    bool *went = arena_array(&f->arena, bool, MANY);
    struct send_limits *limits = arena_array(&f->arena, struct send_limits, MANY);
    const struct op_row *rows;
    const struct recent_write *writes;
    size_t n;

    for (size_t i = 0; i < MANY; i++) {
        ops[i] = op_of(f, OP_OKTA_ADD, "kiro", "00g1", i % 2 ? "00u1" : "00u2");
        limits[i] = free_limits(f);
        limits[i].now_ms += (int64_t)(i / 700); /* many with one time, some with another */
        seqs[i] = i;
    }
    plan(f, &run, ops, MANY);
    OK(f, ledger_mark_sent(f->ledger, &run, seqs, limits, MANY, went, &f->err));
    OK(f, ledger_run_ops(f->ledger, run.id, &f->arena, &rows, &n, &f->err));
    assert_int_equal(n, MANY);
    OK(f, ledger_unsettled_ops(f->ledger, &f->arena, &rows, &n, &f->err));
    assert_int_equal(n, MANY);
    OK(f, ledger_recent_writes(f->ledger, NOW, &f->arena, &writes, &n, &f->err));
    assert_int_equal(n, MANY);
    OK(f, ledger_person_ops(f->ledger, ADA, 0, &f->arena, &rows, &n, &f->err));
    assert_int_equal(n, MANY / 2);
    OK(f, ledger_person_ops(f->ledger, ADA, 501, &f->arena, &rows, &n, &f->err));
    assert_int_equal(n, 501);
}

/* ---- runs ---- */

static const char *show_runs(struct fixture *f)
{
    const struct run_row *rows;
    struct str out = {0};
    size_t n;

    OK(f, ledger_list_runs(f->ledger, 0, &f->arena, &rows, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        out = arena_printf(&f->arena, "%.*s%s%lld:%s", STR_ARG(out), i ? " " : "",
                           (long long)rows[i].number,
                           rows[i].has_outcome ? run_outcome_name(rows[i].outcome) : "open");
    }
    return out.ptr;
}

static void finish(struct fixture *f, const struct run_row *run, enum run_outcome outcome)
{
    OK(f, ledger_finish_run(f->ledger, &admin, run, outcome, STR("plan"), STR("{\"adds\":1}"),
                            (struct str){0}, &f->err));
}

static void test_runs_are_numbered_and_left_ones_have_crashed(void **state)
{
    struct fixture *f = *state;
    struct run_row first = prepare(f);
    struct run_row second = next_run(f);
    struct run_row last;
    bool found;

    assert_string_equal(show_runs(f), "2:open 1:crashed");
    FAILS(f,
          ledger_finish_run(f->ledger, &admin, &first, RUN_CONVERGED, STR("p"), STR("{}"),
                            (struct str){0}, &f->err),
          ERR_REFUSED, "finished already, or taken over");
    OK(f, ledger_last_run(f->ledger, &f->arena, &last, &found, &f->err));
    assert_false(found);
    finish(f, &second, RUN_WAITING);
    struct run_row third = next_run(f);
    finish(f, &third, RUN_FAILED);
    OK(f, ledger_last_run(f->ledger, &f->arena, &last, &found, &f->err));
    assert_true(found);
    assert_int_equal(last.number, 2);
    assert_true(str_is(last.summary, "{\"adds\":1}") && str_is(last.boot_id, "boot-1"));
    assert_int_equal(last.started_boot, TIME_HOUR);
    assert_string_equal(show_runs(f), "3:failed 2:waiting 1:crashed");
}

static void test_only_dry_runs_go_without_the_lock_and_they_live_a_day(void **state)
{
    struct fixture *f = *state;
    struct run_row run, dry;

    FAILS(
        f,
        ledger_begin_run(f->ledger, &admin, RUN_FULL, STR("s"), STR("b"), &f->arena, &run, &f->err),
        ERR_INTERNAL, "needs the run lock");
    OK(f,
       ledger_begin_run(f->ledger, &admin, RUN_DRY, STR("s"), STR("b"), &f->arena, &dry, &f->err));
    run = begin_run(f);
    assert_string_equal(show_runs(f), "2:open 1:open");
    fake_clock_pass(&f->fake, TIME_DAY + 1);
    run = next_run(f);
    assert_string_equal(show_runs(f), "3:open 2:crashed 1:crashed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXED(test_an_op_that_meets_every_condition_is_sent_durably),
        FIXED(test_mark_sent_refuses_under_another_epoch),
        FIXED(test_mark_sent_refuses_ops_planned_under_an_earlier_lock),
        FIXED(test_mark_sent_refuses_what_is_frozen),
        FIXED(test_mark_sent_refuses_when_everything_is_frozen),
        FIXED(test_mark_sent_sends_adds_when_removals_are_frozen),
        FIXED(test_mark_sent_minds_no_freeze_that_is_over_or_of_others),
        FIXED(test_mark_sent_refuses_removals_under_a_floor_of_add),
        FIXED(test_mark_sent_refuses_everything_under_a_floor_of_observe),
        FIXED(test_mark_sent_refuses_removals_in_mode_add),
        FIXED(test_mark_sent_refuses_everything_in_mode_observe),
        FIXED(test_mark_sent_refuses_a_group_that_is_not_pinned),
        FIXED(test_mark_sent_refuses_pins_of_other_entitlements_plans_and_roles),
        FIXED(test_mark_sent_refuses_when_something_was_filed_since),
        FIXED(test_mark_sent_refuses_adds_for_the_blocked_always),
        FIXED(test_mark_sent_keeps_the_budget_of_a_run_within_one_batch),
        FIXED(test_mark_sent_keeps_the_budget_of_a_run_over_all),
        FIXED(test_mark_sent_keeps_the_budget_of_a_day),
        FIXED(test_mark_sent_keeps_the_budget_of_a_week),
        FIXED(test_mark_sent_keeps_the_budget_of_a_day_over_all),
        FIXED(test_mark_sent_keeps_the_budget_of_a_week_over_all),
        FIXED(test_mark_sent_never_holds_adds_blocks_returns_and_releases_by_budget),
        FIXED(test_failed_removals_give_their_place_back),
        FIXED(test_held_and_sent_ops_are_not_sent_again),
        FIXED(test_what_a_rate_limit_turned_away_is_planned_again_and_counts_no_more),
        FIXED(test_settling_moves_the_membership),
        FIXED(test_settling_twice_is_once_and_a_settled_op_is_final),
        FIXED(test_a_batch_settles_as_a_whole_and_is_audited_by_request),
        FIXED(test_planned_ops_settle_as_skipped_but_never_as_done),
        FIXED(test_what_was_written_lately_is_found_again),
        FIXED(test_more_ops_than_a_page_are_all_read),
        FIXED(test_runs_are_numbered_and_left_ones_have_crashed),
        FIXED(test_only_dry_runs_go_without_the_lock_and_they_live_a_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

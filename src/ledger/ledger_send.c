#include <assert.h>

#include "base/vec.h"
#include "ledger/ledger_inside.h"
#include "ledger/ledger_run.h"

/*
 * Sending and settling: the two moments when the journal must not be wrong.
 *
 * What has to be true when a request leaves stands below once, as a list of conditions on the row
 * `op`. The statement that marks it sent joins them all with AND; where it finds that one is not
 * true any more, a second statement over the same list says which.
 */

/* Blocks and what people give back themselves count, but nothing holds them. */
#define UNBOUND \
    "op.kind IN " ADD_KINDS " OR op.cause IN ('assignment', 'blocked', 'returned') OR $7 = 1"
#define WITHIN(where, most) \
    "(" UNBOUND " OR (SELECT count(*) FROM op c WHERE " COUNTED_OP " AND " where ") < " most ")"
#define OF_ENTITLEMENT " AND c.entitlement = op.entitlement"

/*
 * $1 run  $2 seq  $3 now  $4 our epoch  $5 may add  $6 may remove  $7 released
 * $8 a day ago  $9 a week ago  $10-$12 run, day, week of the entitlement  $13-$15 of all
 */
#define IS_EPOCH                                                            \
    "(op.epoch = $4 AND EXISTS (SELECT 1 FROM meta m WHERE m.key = 'epoch'" \
    " AND CAST(m.value AS BIGINT) = $4))"
#define IS_THAWED                                                  \
    "NOT EXISTS (SELECT 1 FROM freeze f WHERE f.lifted_at IS NULL" \
    " AND (f.until_at IS NULL OR f.until_at > $3)"                 \
    " AND (f.entitlement = '' OR f.entitlement = op.entitlement)"  \
    " AND (f.removals = 0 OR op.kind IN " REMOVAL_KINDS "))"
#define IS_MODE "(op.kind IN " ADD_KINDS " AND $5 = 1 OR op.kind IN " REMOVAL_KINDS " AND $6 = 1)"
#define IS_ABOVE_FLOOR                                              \
    "NOT EXISTS (SELECT 1 FROM mode_floor l"                        \
    " WHERE (l.entitlement = '' OR l.entitlement = op.entitlement)" \
    " AND (l.mode = 'observe' OR op.kind IN " REMOVAL_KINDS "))"
#define IS_PINNED                                                      \
    "EXISTS (SELECT 1 FROM group_pin p WHERE p.group_id = op.group_id" \
    " AND p.entitlement = op.entitlement"                              \
    " AND (p.role IN ('plan', 'store') AND p.plan = op.plan"           \
    " OR p.role = 'assignment' AND op.plan = ''))"
#define IS_VERSION                                                  \
    "EXISTS (SELECT 1 FROM person p WHERE p.okta_id = op.person_id" \
    " AND p.version = op.person_version)"
#define IS_UNBLOCKED                                                  \
    "(op.kind IN " REMOVAL_KINDS " OR EXISTS (SELECT 1 FROM person p" \
    " WHERE p.okta_id = op.person_id AND p.blocked_at IS NULL))"
#define IS_WITHIN_RUN_ENT  WITHIN("c.run_id = op.run_id" OF_ENTITLEMENT, "$10")
#define IS_WITHIN_DAY_ENT  WITHIN("c.sent_at > $8" OF_ENTITLEMENT, "$11")
#define IS_WITHIN_WEEK_ENT WITHIN("c.sent_at > $9" OF_ENTITLEMENT, "$12")
#define IS_WITHIN_RUN_ALL  WITHIN("c.run_id = op.run_id", "$13")
#define IS_WITHIN_DAY_ALL  WITHIN("c.sent_at > $8", "$14")
#define IS_WITHIN_WEEK_ALL WITHIN("c.sent_at > $9", "$15")

/* clang-format off */
#define FOR_EACH_CHECK(X)                                                                        \
    X(IS_EPOCH, "", "another run has begun since")                                               \
    X(IS_THAWED, "frozen", "it was frozen since the plan was made")                              \
    X(IS_MODE, "mode", "the mode does not allow it")                                             \
    X(IS_ABOVE_FLOOR, "mode", "an anomaly lowered the mode")                                     \
    X(IS_PINNED, "pinned", "the group is not the one that is pinned")                            \
    X(IS_VERSION, "", "something was filed or decided about this person since the plan was made")\
    X(IS_UNBLOCKED, "", "the person is blocked")                                                 \
    X(IS_WITHIN_RUN_ENT, "budget", "the entitlement's removals for this run are spent")          \
    X(IS_WITHIN_DAY_ENT, "budget", "the entitlement's removals for the day are spent")           \
    X(IS_WITHIN_WEEK_ENT, "budget", "the entitlement's removals for the week are spent")         \
    X(IS_WITHIN_RUN_ALL, "budget", "the removals for this run are spent")                        \
    X(IS_WITHIN_DAY_ALL, "budget", "the removals for the day are spent")                         \
    X(IS_WITHIN_WEEK_ALL, "budget", "the removals for the week are spent")
/* clang-format on */

#define AND_CHECK(condition, guard, reason)  " AND " condition
#define CASE_CHECK(condition, guard, reason) ", CASE WHEN " condition " THEN 1 ELSE 0 END"
#define ROW_CHECK(condition, guard, reason)  {guard, reason},

static const char mark_sql[] =
    "UPDATE op SET state = 'sent', sent_at = $3 WHERE op.run_id = $1 AND op.seq = $2"
    " AND op.state = 'planned'" FOR_EACH_CHECK(AND_CHECK);

static const char why_sql[] =
    "SELECT op.state" FOR_EACH_CHECK(CASE_CHECK) " FROM op WHERE op.run_id = $1 AND op.seq = $2";

static const struct check {
    const char *guard, *reason;
} checks[] = {FOR_EACH_CHECK(ROW_CHECK)};

/* Settling waits for minutes where others give up: what is not settled has to be found out again
 * by reading. */
#define SETTLE_PATIENCE 24

static const struct actor the_run = {.who = STR("run"), .door = STR("run")};

/* ---- audit ---- */

struct settling {
    struct str run;
    size_t seq;
    const char *state;
    struct str guard, reason;
};

/* What an audit row says about an op besides its end. */
struct op_label {
    struct str op_id, kind, cause, group, person, entitlement, plan;
    int64_t run_number, request_number;
    struct str state;
};

static bool read_label(struct ledger *ledger, struct str run, size_t seq, struct arena *arena,
                       struct op_label *out, struct err *err)
{
    CLEANUP(sql_done) struct stmt stmt = {0};
    bool row;

    if (!sql_query(ledger, &stmt,
                   "SELECT o.op_id, o.kind, o.cause, o.group_id, o.person_id, o.entitlement,"
                   " o.plan, r.number, q.number, o.state FROM op o JOIN run r ON r.id = o.run_id"
                   " LEFT JOIN request q ON q.id = o.request_id WHERE o.run_id = $1 AND o.seq = $2",
                   SQL_VALUES(sql_text(run), sql_int((int64_t)seq)), err) ||
        !sql_next(&stmt, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_INTERNAL, "ledger: the run has no op %zu", seq);
    *out = (struct op_label){
        .op_id = sql_str(&stmt, 0, arena),
        .kind = sql_str(&stmt, 1, arena),
        .cause = sql_str(&stmt, 2, arena),
        .group = sql_str(&stmt, 3, arena),
        .person = sql_str(&stmt, 4, arena),
        .entitlement = sql_str(&stmt, 5, arena),
        .plan = sql_str(&stmt, 6, arena),
        .run_number = sql_i64(&stmt, 7),
        .request_number = sql_i64(&stmt, 8),
        .state = sql_str(&stmt, 9, arena),
    };
    return true;
}

static bool note_op(struct ledger *ledger, const struct actor *actor, const struct op_label *label,
                    const struct settling *item, struct arena *arena, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_i64(&detail, "run", label->run_number);
    json_put_i64(&detail.out, "seq", (int64_t)item->seq);
    detail_str(&detail, "op", label->op_id);
    detail_str(&detail, "kind", label->kind);
    detail_str(&detail, "cause", label->cause);
    detail_str(&detail, "group", label->group);
    detail_str(&detail, "entitlement", label->entitlement);
    detail_str(&detail, "plan", label->plan);
    detail_str(&detail, "guard", item->guard);
    detail_str(&detail, "reason", item->reason);
    struct note note = {
        .what = arena_printf(arena, "op.%s", item->state).ptr,
        .subject =
            label->request_number > 0 ? request_label(label->request_number, arena) : label->op_id,
        .person = label->person,
        .detail = detail_end(&detail),
    };
    return audit_append(ledger, actor, &note, err);
}

/* ---- sending ---- */

static int64_t clamp(size_t n)
{
    return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

/* The values of both statements; the same numbers in the same order. */
static void bind_checks(struct stmt *stmt, const struct run_row *run, size_t seq,
                        const struct send_limits *limits)
{
    sql_bind(stmt,
             SQL_VALUES(sql_text(run->id), sql_int((int64_t)seq), sql_int(limits->now_ms),
                        sql_int(stmt->ledger->epoch), sql_int(limits->mode != MODE_OBSERVE),
                        sql_int(limits->mode == MODE_ENFORCE), sql_int(limits->released),
                        sql_int(limits->now_ms - TIME_DAY), sql_int(limits->now_ms - 7 * TIME_DAY),
                        sql_int(clamp(limits->run_ent)), sql_int(clamp(limits->day_ent)),
                        sql_int(clamp(limits->week_ent)), sql_int(clamp(limits->run_all)),
                        sql_int(clamp(limits->day_all)), sql_int(clamp(limits->week_all))));
}

/* The first check that is not met; NULL when the op is not waiting to be sent at all. */
static bool find_why(struct stmt *why, const struct check **out, size_t seq, struct err *err)
{
    bool row;

    if (!sql_next(why, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_INTERNAL, "ledger: the run has no op %zu", seq);
    *out = NULL;
    for (size_t i = 0; i < ARRAY_LEN(checks) && str_is(sql_view(why, 0), "planned"); i++) {
        if (sql_i64(why, (int)i + 1) == 0) {
            *out = &checks[i];
            break;
        }
    }
    return sql_finish(why, NULL, err);
}

static bool skip_op(struct ledger *ledger, const struct run_row *run, size_t seq,
                    const struct check *check, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    struct settling item = {run->id, seq, "skipped", str_of(check->guard), str_of(check->reason)};
    struct op_label label;

    return sql_run(ledger,
                   "UPDATE op SET state = 'skipped', guard = $3, reason = $4, settled_at = $5"
                   " WHERE run_id = $1 AND seq = $2 AND state = 'planned'",
                   SQL_VALUES(sql_text(run->id), sql_int((int64_t)seq), sql_text(item.guard),
                              sql_text(item.reason), sql_int(ledger_now(ledger))),
                   NULL, err) &&
           read_label(ledger, run->id, seq, scratch.arena, &label, err) &&
           note_op(ledger, &the_run, &label, &item, scratch.arena, err);
}

struct marking {
    struct stmt mark, why;
};

static void marking_done(struct marking *marking)
{
    sql_done(&marking->mark);
    sql_done(&marking->why);
}

static bool mark_one(struct ledger *ledger, struct marking *marking, const struct run_row *run,
                     size_t seq, const struct send_limits *limits, bool *went, struct err *err)
{
    const struct check *check;
    int64_t changed;

    bind_checks(&marking->mark, run, seq, limits);
    if (!sql_finish(&marking->mark, &changed, err))
        return false;
    *went = changed > 0;
    if (*went)
        return true;
    bind_checks(&marking->why, run, seq, limits);
    if (!find_why(&marking->why, &check, seq, err))
        return false;
    return !check || skip_op(ledger, run, seq, check, err);
}

static bool mark_all(struct ledger *ledger, const struct run_row *run, const size_t *seqs,
                     const struct send_limits *limits, size_t n, bool *went, struct err *err)
{
    CLEANUP(marking_done) struct marking marking = {0};

    if (!sql_prepare(ledger, &marking.mark, mark_sql, err) ||
        !sql_prepare(ledger, &marking.why, why_sql, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!mark_one(ledger, &marking, run, seqs[i], &limits[i], &went[i], err))
            return false;
    }
    return true;
}

bool ledger_mark_sent(struct ledger *ledger, const struct run_row *run, const size_t *seqs,
                      const struct send_limits *limits, size_t n, bool *went, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};

    if (ledger->epoch == 0)
        return err_set(err, ERR_INTERNAL, "ledger: nothing is sent without the run lock");
    return txn_begin(&txn, ledger, err) && mark_all(ledger, run, seqs, limits, n, went, err) &&
           txn_commit(&txn, err);
}

/* The row forgets that it was sent once; the trail does not. */
static bool note_returned(struct ledger *ledger, const struct run_row *run, size_t seq,
                          struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    const struct settling item = {run->id, seq, "returned", {NULL, 0}, STR("a rate limit")};
    struct op_label label;

    return read_label(ledger, run->id, seq, scratch.arena, &label, err) &&
           note_op(ledger, &the_run, &label, &item, scratch.arena, err);
}

bool ledger_take_back_sent(struct ledger *ledger, const struct run_row *run, const size_t *seqs,
                           size_t n, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};

    if (!txn_begin(&txn, ledger, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        int64_t changed;
        if (!sql_run(
                ledger,
                "UPDATE op SET state = 'planned', sent_at = NULL"
                " WHERE run_id = $1 AND seq = $2 AND state = 'sent' AND epoch = $3",
                SQL_VALUES(sql_text(run->id), sql_int((int64_t)seqs[i]), sql_int(ledger->epoch)),
                &changed, err))
            return false;
        if (changed != 1)
            return err_set(err, ERR_INTERNAL, "ledger: op %zu is not on its way", seqs[i]);
        if (!note_returned(ledger, run, seqs[i], err))
            return false;
    }
    return txn_commit(&txn, err);
}

/* ---- settling ---- */

/* PLANNED means that the write surely had no effect, which the journal calls failed. */
static const char *settled_word(enum op_state state)
{
    switch (state) {
    case OP_DONE:
    case OP_FAILED:
    case OP_SKIPPED:
    case OP_UNKNOWN: return op_state_name(state);
    case OP_PLANNED: return op_state_name(OP_FAILED);
    case OP_HELD:
    case OP_SENT: break;
    }
    return NULL;
}

static bool is_settled(struct str state)
{
    return str_is(state, "done") || str_is(state, "failed") || str_is(state, "skipped");
}

static bool own_membership(struct ledger *ledger, const struct op_label *label, struct err *err)
{
    enum op_kind kind;

    if (!op_kind_parse(label->kind, &kind))
        return bad_word("op.kind", label->kind, err);
    if (op_is_removal(kind)) {
        return sql_run(ledger, "DELETE FROM membership WHERE group_id = $1 AND person_id = $2",
                       SQL_VALUES(sql_text(label->group), sql_text(label->person)), NULL, err);
    }
    return sql_run(ledger,
                   "INSERT INTO membership (group_id, person_id, state, owned, owned_by, since)"
                   " VALUES ($1, $2, 'present', 1, $3, $4)"
                   " ON CONFLICT (group_id, person_id) DO UPDATE SET state = 'present', owned = 1,"
                   " owned_by = excluded.owned_by, since = excluded.since",
                   SQL_VALUES(sql_text(label->group), sql_text(label->person),
                              sql_text(label->op_id), sql_int(ledger_now(ledger))),
                   NULL, err);
}

static bool settle_one(struct ledger *ledger, const struct actor *actor,
                       const struct settling *item, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    struct op_label label;
    bool is_open = str_is(str_of(item->state), "unknown");

    if (!read_label(ledger, item->run, item->seq, scratch.arena, &label, err))
        return false;
    if (str_is(label.state, item->state)) /* asked again after a lost answer of the disk */
        return true;
    if (is_settled(label.state)) {
        return err_set(err, ERR_INTERNAL, "ledger: op %zu is %.*s already, not %s", item->seq,
                       STR_ARG(label.state), item->state);
    }
    return sql_run(ledger,
                   "UPDATE op SET state = $3, reason = $4, settled_at = $5"
                   " WHERE run_id = $1 AND seq = $2",
                   SQL_VALUES(sql_text(item->run), sql_int((int64_t)item->seq),
                              sql_word(item->state), sql_text(item->reason),
                              sql_int_or_null(is_open ? 0 : ledger_now(ledger))),
                   NULL, err) &&
           (!str_is(str_of(item->state), "done") || own_membership(ledger, &label, err)) &&
           note_op(ledger, actor, &label, item, scratch.arena, err);
}

static bool settle_all(struct ledger *ledger, const struct actor *actor, struct str run,
                       const struct settled *items, size_t n, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};

    if (!txn_begin(&txn, ledger, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *word = settled_word(items[i].state);
        struct settling item = {run, items[i].seq, word, {NULL, 0}, items[i].reason};

        if (!word) {
            return err_set(err, ERR_INTERNAL, "ledger: op %zu cannot settle as %s", items[i].seq,
                           op_state_name(items[i].state));
        }
        if (!settle_one(ledger, actor, &item, err))
            return false;
    }
    return txn_commit(&txn, err);
}

bool ledger_settle_ops(struct ledger *ledger, const struct actor *actor, struct str run,
                       const struct settled *items, size_t n, struct err *err)
{
    unsigned patience = ledger->patience;

    ledger->patience = SETTLE_PATIENCE;
    bool ok = settle_all(ledger, actor, run, items, n, err);
    ledger->patience = patience;
    return ok;
}

#include <assert.h>

#include "base/vec.h"
#include "ledger/ledger_inside.h"
#include "ledger/ledger_run.h"

/* The journal: planning and reading. Sending and settling are in ledger_send.c. */

#define COLUMNS                                                                       \
    "o.run_id, r.number, o.seq, o.op_id, o.kind, o.cause, o.group_id, o.person_id,"   \
    " o.entitlement, o.plan, o.request_id, o.state, o.guard, o.reason, o.planned_at," \
    " o.sent_at, o.settled_at"
#define FROM " FROM op o JOIN run r ON r.id = o.run_id"

/* ---- planning ---- */

static bool insert_op(struct stmt *stmt, const struct run_row *run, const struct report_op *item,
                      size_t seq, int64_t version, struct err *err)
{
    const struct op *op = item->op;
    bool held = item->state == OP_HELD;
    struct ledger *ledger = stmt->ledger;

    sql_bind(stmt, SQL_VALUES(sql_text(run->id), sql_int((int64_t)seq), sql_text(op->id),
                              sql_word(op_kind_name(op->kind)), sql_word(cause_name(op->cause)),
                              sql_text(op->group), sql_text(op->person), sql_text(op->entitlement),
                              sql_text(op->plan), sql_text(op->request), sql_int(op->due_ms),
                              sql_int(version), sql_int(ledger->epoch),
                              sql_word(op_state_name(held ? OP_HELD : OP_PLANNED)),
                              sql_word(held ? item->guard : ""), sql_text(item->reason),
                              sql_int(ledger_now(ledger)), sql_int(!op->takes_nothing)));
    return sql_finish(stmt, NULL, err);
}

bool ledger_plan_ops(struct ledger *ledger, const struct run_row *run, const struct report_op *ops,
                     const int64_t *person_version, size_t n, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};

    if (!txn_begin(&txn, ledger, err))
        return false;
    CLEANUP(sql_done) struct stmt stmt = {0};
    if (!sql_prepare(ledger, &stmt,
                     "INSERT INTO op (run_id, seq, op_id, kind, cause, group_id, person_id,"
                     " entitlement, plan, request_id, due_at, person_version, epoch, state, guard,"
                     " reason, planned_at, counts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
                     " $11, $12, $13, $14, $15, $16, $17, $18)",
                     err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!insert_op(&stmt, run, &ops[i], i, person_version[i], err))
            return err_wrap(err, "writing the plan, op %zu", i);
    }
    return txn_commit(&txn, err);
}

/* ---- reading ---- */

struct loading {
    struct arena *arena;
    VEC_OF(struct op_row) rows;
};

static bool take_words(const struct stmt *stmt, struct op_row *row, struct err *err)
{
    struct str kind = sql_view(stmt, 4), cause = sql_view(stmt, 5), state = sql_view(stmt, 11);

    if (!op_kind_parse(kind, &row->kind))
        return bad_word("op.kind", kind, err);
    if (!cause_parse(cause, &row->cause))
        return bad_word("op.cause", cause, err);
    return op_state_parse(state, &row->state) || bad_word("op.state", state, err);
}

static bool take_op(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading *loading = self;
    struct arena *arena = loading->arena;
    struct op_row row = {
        .run = sql_str(stmt, 0, arena),
        .run_number = sql_i64(stmt, 1),
        .seq = (size_t)sql_i64(stmt, 2),
        .op_id = sql_str(stmt, 3, arena),
        .group = sql_str(stmt, 6, arena),
        .person = sql_str(stmt, 7, arena),
        .entitlement = sql_str(stmt, 8, arena),
        .plan = sql_str(stmt, 9, arena),
        .request = sql_str(stmt, 10, arena),
        .guard = sql_str(stmt, 12, arena),
        .reason = sql_str(stmt, 13, arena),
        .planned_at = sql_i64(stmt, 14),
        .sent_at = sql_i64(stmt, 15),
        .settled_at = sql_i64(stmt, 16),
    };

    if (!take_words(stmt, &row, err))
        return false;
    VEC_PUSH(arena, &loading->rows, row);
    return true;
}

bool ledger_unsettled_ops(struct ledger *ledger, struct arena *arena, const struct op_row **items,
                          size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena};
    struct op_row last = {0};
    int64_t last_seq = -1;
    size_t rows;

    do {
        if (!sql_each(ledger,
                      "SELECT " COLUMNS FROM " WHERE o.state IN ('sent', 'unknown')"
                      " AND (o.run_id, o.seq) > ($1, $2) ORDER BY o.run_id, o.seq LIMIT $3",
                      SQL_VALUES(sql_text(last.run), sql_int(last_seq), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_op, &loading}, &rows, err))
            return err_wrap(err, "loading unsettled ops");
        if (rows > 0) {
            last = loading.rows.items[loading.rows.n - 1];
            last_seq = (int64_t)last.seq;
        }
    } while (sql_page_is_full(rows));
    *items = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

bool ledger_run_ops(struct ledger *ledger, struct str run, struct arena *arena,
                    const struct op_row **items, size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena};
    int64_t last = -1;
    size_t rows;

    do {
        if (!sql_each(ledger,
                      "SELECT " COLUMNS FROM " WHERE o.run_id = $1 AND o.seq > $2"
                      " ORDER BY o.seq LIMIT $3",
                      SQL_VALUES(sql_text(run), sql_int(last), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_op, &loading}, &rows, err))
            return err_wrap(err, "loading the ops of a run");
        if (rows > 0)
            last = (int64_t)loading.rows.items[loading.rows.n - 1].seq;
    } while (sql_page_is_full(rows));
    *items = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

bool ledger_person_ops(struct ledger *ledger, struct str person, size_t limit, struct arena *arena,
                       const struct op_row **items, size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena};
    int64_t run = INT64_MAX, seq = INT64_MAX;
    size_t rows;

    if (limit == 0)
        limit = SIZE_MAX;
    do {
        size_t left = limit - loading.rows.n;
        if (!sql_each(ledger,
                      "SELECT " COLUMNS FROM " WHERE o.person_id = $1"
                      " AND (r.number, o.seq) < ($2, $3)"
                      " ORDER BY r.number DESC, o.seq DESC LIMIT $4",
                      SQL_VALUES(sql_text(person), sql_int(run), sql_int(seq),
                                 sql_int((int64_t)(left < LEDGER_PAGE ? left : LEDGER_PAGE))),
                      (struct sql_sink){take_op, &loading}, &rows, err))
            return err_wrap(err, "loading the ops of a person");
        if (rows > 0) {
            run = loading.rows.items[loading.rows.n - 1].run_number;
            seq = (int64_t)loading.rows.items[loading.rows.n - 1].seq;
        }
    } while (sql_page_is_full(rows) && loading.rows.n < limit);
    *items = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

/* ---- what was written lately ---- */

struct loading_writes {
    struct arena *arena;
    VEC_OF(struct recent_write) rows;
    struct str last_run;
    int64_t last_seq;
};

static bool take_write(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading_writes *loading = self;
    struct arena *arena = loading->arena;
    struct str kind = sql_view(stmt, 3), state = sql_view(stmt, 4);
    struct recent_write row = {
        .op_id = sql_str(stmt, 0, arena),
        .group = sql_str(stmt, 1, arena),
        .person = sql_str(stmt, 2, arena),
        .sent_at = sql_i64(stmt, 5),
    };

    if (!op_kind_parse(kind, &row.kind))
        return bad_word("op.kind", kind, err);
    if (!op_state_parse(state, &row.state))
        return bad_word("op.state", state, err);
    loading->last_run = sql_str(stmt, 6, arena);
    loading->last_seq = sql_i64(stmt, 7);
    VEC_PUSH(arena, &loading->rows, row);
    return true;
}

bool ledger_recent_writes(struct ledger *ledger, int64_t since_ms, struct arena *arena,
                          const struct recent_write **items, size_t *n, struct err *err)
{
    struct loading_writes loading = {.arena = arena};
    int64_t last_at = since_ms - 1;
    size_t rows;

    loading.last_seq = INT64_MAX; /* nothing more of the millisecond before */
    do {
        struct str last_run = loading.last_run;
        if (!sql_each(ledger,
                      "SELECT op_id, group_id, person_id, kind, state, sent_at, run_id, seq FROM op"
                      " WHERE (sent_at > $1 OR sent_at = $1 AND (run_id, seq) > ($2, $3))"
                      " AND sent_at >= $4 AND state IN ('sent', 'unknown', 'done')"
                      " ORDER BY sent_at, run_id, seq LIMIT $5",
                      SQL_VALUES(sql_int(last_at), sql_text(last_run), sql_int(loading.last_seq),
                                 sql_int(since_ms), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_write, &loading}, &rows, err))
            return err_wrap(err, "loading our recent writes");
        if (rows > 0)
            last_at = loading.rows.items[loading.rows.n - 1].sent_at;
    } while (sql_page_is_full(rows));
    *items = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

struct loading_ids {
    struct arena *arena;
    VEC_OF(struct str) rows;
};

static bool take_id(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading_ids *loading = self;

    (void)err;
    VEC_PUSH(loading->arena, &loading->rows, sql_str(stmt, 0, loading->arena));
    return true;
}

bool ledger_removed_since(struct ledger *ledger, struct str group, int64_t since_ms,
                          struct arena *arena, struct people *out, struct err *err)
{
    struct loading_ids loading = {.arena = arena};
    struct str last = {0};
    size_t rows;

    do {
        if (!sql_each(
                ledger,
                "SELECT DISTINCT o.person_id FROM op o WHERE o.kind IN " REMOVAL_KINDS
                " AND (o.sent_at >= $1 OR o.settled_at >= $1 OR o.state IN ('sent', 'unknown'))"
                " AND o.group_id = $2 AND o.state IN ('sent', 'unknown', 'done')"
                " AND o.person_id > $3 AND NOT EXISTS (SELECT 1 FROM op a"
                " WHERE a.person_id = o.person_id AND a.group_id = o.group_id"
                " AND a.kind IN " ADD_KINDS " AND a.sent_at > o.sent_at"
                " AND a.state IN ('sent', 'unknown', 'done'))"
                " ORDER BY o.person_id LIMIT $4",
                SQL_VALUES(sql_int(since_ms), sql_text(group), sql_text(last),
                           sql_int(LEDGER_PAGE)),
                (struct sql_sink){take_id, &loading}, &rows, err))
            return err_wrap(err, "loading our removals");
        if (rows > 0)
            last = loading.rows.items[loading.rows.n - 1];
    } while (sql_page_is_full(rows));
    *out = (struct people){loading.rows.items, str_sort_unique(loading.rows.items, loading.rows.n)};
    return true;
}

bool ledger_count_removals(struct ledger *ledger, struct str entitlement, int64_t since_ms,
                           size_t *out, struct err *err)
{
    int64_t n;

    /* As in ledger_mark_sent, which compares with these. */
    if (!sql_number(ledger,
                    "SELECT count(*) FROM op c WHERE " COUNTED_OP " AND c.sent_at > $1"
                    " AND ($2 = '' OR c.entitlement = $2)",
                    SQL_VALUES(sql_int(since_ms), sql_text(entitlement)), &n, err))
        return false;
    *out = (size_t)n;
    return true;
}

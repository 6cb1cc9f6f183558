#include "ledger/ledger_hop.h"

#include <stdlib.h>

#include "base/vec.h"
#include "ledger/ledger_inside.h"

/* How far seats have come, and how long it took. Who is who in Identity Center is in
 * ledger_idc_user.c. */

#define LAGS_KEPT 1000 /* of a hop and direction, learned from or not */

/* ---- loading seats ---- */

struct loading {
    struct arena *arena;
    VEC_OF(struct hop_row) rows;
    const char *last_hop;
};

static bool take_words(const struct stmt *stmt, struct hop_state *state, struct hop_memory *memory,
                       struct err *err)
{
    struct str word = sql_view(stmt, 4), why = sql_view(stmt, 7), remembered = sql_view(stmt, 13);

    if (!hop_word_parse(word, &state->state))
        return bad_word("seat_hop.state", word, err);
    if (!hop_cause_parse(why, &state->why))
        return bad_word("seat_hop.why", why, err);
    return hop_word_parse(remembered, &memory->state) ||
           bad_word("seat_hop.memory", remembered, err);
}

static bool is_same_seat(const struct hop_row *row, const struct stmt *stmt)
{
    return str_eq(row->entitlement, sql_view(stmt, 0)) && str_eq(row->person, sql_view(stmt, 1)) &&
           str_eq(row->plan, sql_view(stmt, 2));
}

/* Rows of one seat are neighbours, in whatever order. */
static struct hop_row *seat_of(struct loading *loading, const struct stmt *stmt)
{
    struct hop_row row = {0};

    if (loading->rows.n > 0 && is_same_seat(&loading->rows.items[loading->rows.n - 1], stmt))
        return &loading->rows.items[loading->rows.n - 1];
    row.entitlement = sql_str(stmt, 0, loading->arena);
    row.person = sql_str(stmt, 1, loading->arena);
    row.plan = sql_str(stmt, 2, loading->arena);
    row.desired = sql_i64(stmt, 15) != 0;
    row.seen_at = sql_i64(stmt, 16);
    for (int hop = 0; hop < HOP_COUNT; hop++) {
        row.states[hop] = (struct hop_state){.hop = (enum hop)hop, .state = HOP_NOT_APPLICABLE};
        row.memory[hop].state = HOP_NOT_APPLICABLE;
    }
    VEC_PUSH(loading->arena, &loading->rows, row);
    return &loading->rows.items[loading->rows.n - 1];
}

static bool take_hop(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading *loading = self;
    struct arena *arena = loading->arena;
    struct hop_row *row = seat_of(loading, stmt);
    struct hop_state state = {
        .since_ms = sql_i64(stmt, 5),
        .deadline_ms = sql_i64(stmt, 6),
        .cause = sql_str(stmt, 8, arena),
        .remedy = sql_str(stmt, 9, arena),
        .overdue = sql_i64(stmt, 10) != 0,
        .usual_ms = sql_i64(stmt, 11),
        .at_most_ms = sql_i64(stmt, 12),
    };
    struct hop_memory memory = {.since_ms = sql_i64(stmt, 14)};

    if (!hop_parse(sql_view(stmt, 3), &state.hop))
        return bad_word("seat_hop.hop", sql_view(stmt, 3), err);
    if (!take_words(stmt, &state, &memory, err))
        return false;
    row->states[state.hop] = state;
    row->memory[state.hop] = memory;
    loading->last_hop = hop_name(state.hop);
    return true;
}

static int compare_rows(const void *a, const void *b)
{
    const struct hop_row *ra = a;
    const struct hop_row *rb = b;
    int order = str_cmp(ra->entitlement, rb->entitlement);

    if (order == 0)
        order = str_cmp(ra->person, rb->person);
    return order != 0 ? order : str_cmp(ra->plan, rb->plan);
}

bool ledger_load_hops(struct ledger *ledger, struct arena *arena, const struct hop_row **out,
                      size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena, .last_hop = ""};
    size_t rows;

    do {
        struct hop_row last = {0};
        if (loading.rows.n > 0)
            last = loading.rows.items[loading.rows.n - 1];
        if (!sql_each(
                ledger,
                "SELECT entitlement, person_id, plan, hop, state, since, deadline, why, cause,"
                " remedy, overdue, usual_ms, at_most_ms, memory, memory_since, desired,"
                " seen_at FROM seat_hop"
                " WHERE (entitlement, person_id, plan, hop) > ($1, $2, $3, $4)"
                " ORDER BY entitlement, person_id, plan, hop LIMIT $5",
                SQL_VALUES(sql_text(last.entitlement), sql_text(last.person), sql_text(last.plan),
                           sql_word(loading.last_hop), sql_int(LEDGER_PAGE)),
                (struct sql_sink){take_hop, &loading}, &rows, err))
            return err_wrap(err, "loading hops");
    } while (sql_page_is_full(rows));
    if (loading.rows.n > 1)
        qsort(loading.rows.items, loading.rows.n, sizeof(loading.rows.items[0]), compare_rows);
    *out = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

/* ---- storing seats ---- */

struct storing {
    struct stmt put, drop_hop, drop_seat;
};

static void storing_done(struct storing *storing)
{
    sql_done(&storing->put);
    sql_done(&storing->drop_hop);
    sql_done(&storing->drop_seat);
}

static bool storing_begin(struct ledger *ledger, struct storing *storing, struct err *err)
{
    return sql_prepare(ledger, &storing->put,
                       "INSERT INTO seat_hop (entitlement, person_id, plan, hop, state, since,"
                       " deadline, why, cause, remedy, overdue, usual_ms, at_most_ms, memory,"
                       " memory_since, desired, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8,"
                       " $9, $10, $11, $12, $13, $14, $15, $16, $17)"
                       " ON CONFLICT (entitlement, person_id, plan, hop) DO UPDATE SET"
                       " state = excluded.state, since = excluded.since,"
                       " deadline = excluded.deadline, why = excluded.why, cause = excluded.cause,"
                       " remedy = excluded.remedy, overdue = excluded.overdue,"
                       " usual_ms = excluded.usual_ms, at_most_ms = excluded.at_most_ms,"
                       " memory = excluded.memory, memory_since = excluded.memory_since,"
                       " desired = excluded.desired, seen_at = excluded.seen_at",
                       err) &&
           sql_prepare(ledger, &storing->drop_hop,
                       "DELETE FROM seat_hop WHERE entitlement = $1 AND person_id = $2"
                       " AND plan = $3 AND hop = $4",
                       err) &&
           sql_prepare(ledger, &storing->drop_seat,
                       "DELETE FROM seat_hop WHERE entitlement = $1 AND person_id = $2"
                       " AND plan = $3",
                       err);
}

/* Says nothing that the lack of a row would not say. */
static bool is_blank(const struct hop_row *row, enum hop hop)
{
    const struct hop_state *state = &row->states[hop];
    const struct hop_memory *memory = &row->memory[hop];

    return state->state == HOP_NOT_APPLICABLE && state->since_ms == 0 && state->deadline_ms == 0 &&
           state->why == HOP_CAUSE_NONE && state->cause.len == 0 && state->remedy.len == 0 &&
           !state->overdue && state->usual_ms == 0 && state->at_most_ms == 0 &&
           memory->state == HOP_NOT_APPLICABLE && memory->since_ms == 0;
}

static bool store_hop(struct storing *storing, const struct hop_row *row, enum hop hop,
                      struct err *err)
{
    const struct hop_state *state = &row->states[hop];
    const struct hop_memory *memory = &row->memory[hop];

    /* The first hop's row says that there is a seat at all. */
    if (hop != HOP_OKTA && is_blank(row, hop)) {
        sql_bind(&storing->drop_hop, SQL_VALUES(sql_text(row->entitlement), sql_text(row->person),
                                                sql_text(row->plan), sql_word(hop_name(hop))));
        return sql_finish(&storing->drop_hop, NULL, err);
    }
    sql_bind(&storing->put,
             SQL_VALUES(sql_text(row->entitlement), sql_text(row->person), sql_text(row->plan),
                        sql_word(hop_name(hop)), sql_word(hop_word_name(state->state)),
                        sql_int(state->since_ms), sql_int(state->deadline_ms),
                        sql_word(hop_cause_name(state->why)), sql_text(state->cause),
                        sql_text(state->remedy), sql_int(state->overdue), sql_int(state->usual_ms),
                        sql_int(state->at_most_ms), sql_word(hop_word_name(memory->state)),
                        sql_int(memory->since_ms), sql_int(row->desired), sql_int(row->seen_at)));
    return sql_finish(&storing->put, NULL, err);
}

bool ledger_store_hops(struct ledger *ledger, const struct hop_row *rows, size_t n,
                       const struct hop_row *gone, size_t n_gone, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};
    CLEANUP(storing_done) struct storing storing = {0};

    if (!txn_begin(&txn, ledger, err) || !storing_begin(ledger, &storing, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        for (int hop = 0; hop < HOP_COUNT; hop++) {
            if (!store_hop(&storing, &rows[i], (enum hop)hop, err))
                return err_wrap(err, "storing hops");
        }
    }
    for (size_t i = 0; i < n_gone; i++) {
        sql_bind(&storing.drop_seat, SQL_VALUES(sql_text(gone[i].entitlement),
                                                sql_text(gone[i].person), sql_text(gone[i].plan)));
        if (!sql_finish(&storing.drop_seat, NULL, err))
            return err_wrap(err, "forgetting ended seats");
    }
    return txn_commit(&txn, err);
}

/* ---- lag ---- */

static bool insert_lag(struct stmt *stmt, int64_t seq, const struct lag_sample *sample,
                       struct err *err)
{
    sql_bind(stmt,
             SQL_VALUES(sql_int(seq), sql_word(hop_name(sample->hop)), sql_int(sample->up),
                        sql_int(sample->broken), sql_int(sample->lag_ms), sql_int(sample->at_ms)));
    return sql_finish(stmt, NULL, err);
}

/* What is older than anybody looks at goes. */
static bool prune_lags(struct ledger *ledger, struct err *err)
{
    for (int i = 0; i < HOP_COUNT * 4; i++) {
        if (!sql_run(ledger,
                     "DELETE FROM hop_lag WHERE hop = $1 AND is_up = $2 AND broken = $3"
                     " AND (at, seq) < (SELECT at, seq FROM hop_lag WHERE hop = $1 AND is_up = $2"
                     " AND broken = $3 ORDER BY at DESC, seq DESC LIMIT 1 OFFSET $4)",
                     SQL_VALUES(sql_word(hop_name((enum hop)(i / 4))), sql_int(i & 1),
                                sql_int(i >> 1 & 1), sql_int(LAGS_KEPT - 1)),
                     NULL, err))
            return false;
    }
    return true;
}

bool ledger_add_lags(struct ledger *ledger, const struct lag_sample *samples, size_t n,
                     struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};
    CLEANUP(sql_done) struct stmt stmt = {0};
    int64_t seq;

    if (n == 0)
        return true;
    if (!txn_begin(&txn, ledger, err) ||
        !sql_number(ledger, "SELECT COALESCE(MAX(seq), 0) FROM hop_lag", SQL_NO_VALUES, &seq,
                    err) ||
        !sql_prepare(ledger, &stmt,
                     "INSERT INTO hop_lag (seq, hop, is_up, broken, lag_ms, at)"
                     " VALUES ($1, $2, $3, $4, $5, $6)",
                     err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!insert_lag(&stmt, seq + 1 + (int64_t)i, &samples[i], err))
            return err_wrap(err, "storing how long hops took");
    }
    return prune_lags(ledger, err) && txn_commit(&txn, err);
}

struct loading_lags {
    struct arena *arena;
    VEC_OF(int64_t) samples;
    int64_t last_at, last_seq;
};

static bool take_lag(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading_lags *loading = self;

    (void)err;
    loading->last_at = sql_i64(stmt, 1);
    loading->last_seq = sql_i64(stmt, 2);
    VEC_PUSH(loading->arena, &loading->samples, sql_i64(stmt, 0));
    return true;
}

static bool load_lags(struct ledger *ledger, enum hop hop, bool up, struct loading_lags *loading,
                      struct err *err)
{
    size_t rows;

    do {
        size_t left = LAGS_KEPT - loading->samples.n;
        if (!sql_each(ledger,
                      "SELECT lag_ms, at, seq FROM hop_lag WHERE hop = $1 AND is_up = $2"
                      " AND broken = 0 AND (at, seq) < ($3, $4) ORDER BY at DESC, seq DESC"
                      " LIMIT $5",
                      SQL_VALUES(sql_word(hop_name(hop)), sql_int(up), sql_int(loading->last_at),
                                 sql_int(loading->last_seq),
                                 sql_int((int64_t)(left < LEDGER_PAGE ? left : LEDGER_PAGE))),
                      (struct sql_sink){take_lag, loading}, &rows, err))
            return err_wrap(err, "loading how long hops took");
    } while (sql_page_is_full(rows) && loading->samples.n < LAGS_KEPT);
    return true;
}

bool ledger_learned_lag(struct ledger *ledger, enum hop hop, bool up, struct arena *arena,
                        struct lag *out, int64_t *newest_ms, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    struct loading_lags loading = {
        .arena = scratch.arena, .last_at = INT64_MAX, .last_seq = INT64_MAX};

    if (!load_lags(ledger, hop, up, &loading, err) ||
        !sql_number(ledger,
                    "SELECT COALESCE(MAX(at), 0) FROM hop_lag WHERE hop = $1 AND is_up = $2",
                    SQL_VALUES(sql_word(hop_name(hop)), sql_int(up)), newest_ms, err))
        return false;
    *out = lag_learn(loading.samples.items, loading.samples.n, arena);
    return true;
}

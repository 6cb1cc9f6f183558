#include "ledger/ledger_subs.h"

#include <stdlib.h>

#include "base/vec.h"
#include "ledger/ledger_inside.h"

/* Subscriptions as they were last believed. Nothing here decides who has access: rows are what a
 * later listing is compared with. */

/* The order in which two rows of one user and plan are preferred: who cancelled a seat and took
 * another one in the same month has both, and holds the latter. */
static const char *const statuses[] = {"active", "pending", "canceled"};

static size_t status_rank(struct str word)
{
    size_t rank = 0;

    while (rank < ARRAY_LEN(statuses) && !str_is(word, statuses[rank]))
        rank++;
    return rank;
}

static int compare_keys(const struct subs_row *a, const struct subs_row *b)
{
    int by = str_cmp(a->user, b->user);

    return by ? by : str_cmp(a->raw, b->raw);
}

static int compare_rows(const void *a, const void *b)
{
    const struct subs_row *ra = a;
    const struct subs_row *rb = b;
    size_t rank_a = status_rank(ra->status);
    size_t rank_b = status_rank(rb->status);
    int by = compare_keys(ra, rb);

    by = by ? by : (rank_a > rank_b) - (rank_a < rank_b);
    return by ? by : (ra->since > rb->since) - (ra->since < rb->since);
}

static void sort_rows(struct subs_row *rows, size_t n)
{
    if (n > 1)
        qsort(rows, n, sizeof(rows[0]), compare_rows);
}

/* ---- loading ---- */

struct loading {
    struct arena *arena;
    VEC_OF(struct subs_row) rows;
};

static bool take_row(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading *loading = self;
    struct subs_row row = {
        .user = sql_str(stmt, 0, loading->arena),
        .raw = sql_str(stmt, 1, loading->arena),
        .status = sql_str(stmt, 2, loading->arena),
        .since = sql_i64(stmt, 3),
        .seen_at = sql_i64(stmt, 4),
    };

    if (status_rank(row.status) == ARRAY_LEN(statuses))
        return bad_word("subscription.status", row.status, err);
    VEC_PUSH(loading->arena, &loading->rows, row);
    return true;
}

static bool load(struct ledger *ledger, struct str store, struct loading *loading, struct err *err)
{
    struct subs_row last = {0};
    size_t rows;

    do {
        if (!sql_each(ledger,
                      "SELECT user_id, raw, status, since, seen_at FROM subscription"
                      " WHERE store_id = $1 AND (user_id, raw) > ($2, $3)"
                      " ORDER BY user_id, raw LIMIT $4",
                      SQL_VALUES(sql_text(store), sql_text(last.user), sql_text(last.raw),
                                 sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_row, loading}, &rows, err))
            return err_wrap(err, "loading subscriptions");
        if (rows > 0)
            last = loading->rows.items[loading->rows.n - 1];
    } while (sql_page_is_full(rows));
    sort_rows(loading->rows.items, loading->rows.n);
    return true;
}

bool ledger_load_subs(struct ledger *ledger, struct str store, struct arena *arena,
                      struct subs_memory *out, struct err *err)
{
    struct loading loading = {.arena = arena};
    struct subs_memory memory = {0};

    if (!sql_number(ledger,
                    "SELECT COALESCE(MAX(accepted_at), 0) FROM subscription_listing"
                    " WHERE store_id = $1",
                    SQL_VALUES(sql_text(store)), &memory.accepted_at, err) ||
        !load(ledger, store, &loading, err))
        return false;
    memory.rows = loading.rows.items;
    memory.n = loading.rows.n;
    *out = memory;
    return true;
}

/* ---- storing ---- */

struct storing {
    struct str store;
    int64_t now;
    struct stmt put, drop;
};

static void storing_done(struct storing *storing)
{
    sql_done(&storing->put);
    sql_done(&storing->drop);
}

static bool storing_begin(struct ledger *ledger, struct storing *storing, struct err *err)
{
    return sql_prepare(ledger, &storing->put,
                       "INSERT INTO subscription (store_id, user_id, raw, status, since, seen_at)"
                       " VALUES ($1, $2, $3, $4, $5, $6)"
                       " ON CONFLICT (store_id, user_id, raw) DO UPDATE SET"
                       " status = excluded.status, since = excluded.since,"
                       " seen_at = excluded.seen_at",
                       err) &&
           sql_prepare(ledger, &storing->drop,
                       "DELETE FROM subscription WHERE store_id = $1 AND user_id = $2"
                       " AND raw = $3",
                       err);
}

/* `known`: the row as it was remembered, or NULL. */
static bool put_row(struct storing *storing, const struct subs_row *row,
                    const struct subs_row *known, struct err *err)
{
    int64_t since = row->since ? row->since : storing->now;
    int64_t seen_at = row->seen_at ? row->seen_at : storing->now;

    if (known && str_eq(known->status, row->status)) {
        since = known->since;
        if (known->seen_at == seen_at)
            return true;
    }
    sql_bind(&storing->put,
             SQL_VALUES(sql_text(storing->store), sql_text(row->user), sql_text(row->raw),
                        sql_text(row->status), sql_int(since), sql_int(seen_at)));
    return sql_finish(&storing->put, NULL, err);
}

static bool drop_row(struct storing *storing, const struct subs_row *row, struct err *err)
{
    sql_bind(&storing->drop,
             SQL_VALUES(sql_text(storing->store), sql_text(row->user), sql_text(row->raw)));
    return sql_finish(&storing->drop, NULL, err);
}

/* Both sorted: one walk along the two tells what is new, what stays and what is gone. */
static bool replace(struct storing *storing, const struct subs_row *rows, size_t n,
                    const struct subs_row *known, size_t n_known, struct err *err)
{
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        const struct subs_row *same = NULL;
        if (i > 0 && compare_keys(&rows[i], &rows[i - 1]) == 0)
            continue;
        for (; at < n_known && compare_keys(&known[at], &rows[i]) < 0; at++) {
            if (!drop_row(storing, &known[at], err))
                return false;
        }
        if (at < n_known && compare_keys(&known[at], &rows[i]) == 0)
            same = &known[at++];
        if (!put_row(storing, &rows[i], same, err))
            return false;
    }
    for (; at < n_known; at++) {
        if (!drop_row(storing, &known[at], err))
            return false;
    }
    return true;
}

/* Room for what was known, twice over, and for the rows in order, so that nobody must set it. */
static bool arena_for(struct ledger *ledger, struct str store, size_t n, struct arena *arena,
                      struct err *err)
{
    int64_t known;

    if (!sql_number(ledger, "SELECT count(*) FROM subscription WHERE store_id = $1",
                    SQL_VALUES(sql_text(store)), &known, err))
        return false;
    arena_init(arena, ((size_t)known + n + 4096) * 1024);
    return true;
}

bool ledger_store_subs(struct ledger *ledger, struct str store, const struct subs_row *rows,
                       size_t n, int64_t now_ms, struct err *err)
{
    CLEANUP(arena_fini) struct arena own = {0};
    CLEANUP(txn_end) struct txn txn = {0};
    CLEANUP(storing_done) struct storing storing = {.store = store, .now = now_ms};
    struct loading loading = {.arena = &own};
    struct subs_row *sorted;

    if (!txn_begin(&txn, ledger, err) || !arena_for(ledger, store, n, &own, err) ||
        !load(ledger, store, &loading, err) || !storing_begin(ledger, &storing, err))
        return false;
    sorted = arena_array(&own, struct subs_row, n);
    for (size_t i = 0; i < n; i++)
        sorted[i] = rows[i];
    sort_rows(sorted, n);
    if (!replace(&storing, sorted, n, loading.rows.items, loading.rows.n, err) ||
        !sql_run(ledger,
                 "INSERT INTO subscription_listing (store_id, accepted_at) VALUES ($1, $2)"
                 " ON CONFLICT (store_id) DO UPDATE SET accepted_at = excluded.accepted_at",
                 SQL_VALUES(sql_text(store), sql_int(now_ms)), NULL, err))
        return err_wrap(err, "storing subscriptions");
    return txn_commit(&txn, err);
}

#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"
#include "ledger/ledger_hop.h"
#include "ledger/ledger_inside.h"

/* The users of Identity Center: who is who there. With `direct` provisioning a row decides whose
 * access is written, so what it says is pinned and its digest is checked. */

static const char *const statuses[] = {"enabled", "disabled", "unknown"};

static void begin_digest(struct row_digest *digest, struct str store,
                         const struct idc_user_row *row)
{
    row_digest_begin(digest, "idc_user");
    row_digest_text(digest, store);
    row_digest_text(digest, row->user);
    row_digest_text(digest, row->person);
    row_digest_text(digest, row->user_name);
    row_digest_text(digest, row->email);
    row_digest_text(digest, row->external_id);
    row_digest_text(digest, row->issuer);
    row_digest_text(digest, row->status);
    row_digest_int(digest, row->first_seen);
}

/* ---- loading ---- */

struct loading {
    struct arena *arena;
    struct str store;
    VEC_OF(struct idc_user_row) rows;
};

static bool check_status(struct str word, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        if (str_is(word, statuses[i]))
            return true;
    }
    return bad_word("idc_user.status", word, err);
}

static bool take_user(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading *loading = self;
    struct arena *arena = loading->arena;
    struct row_digest digest;
    struct idc_user_row row = {
        .user = sql_str(stmt, 0, arena),
        .person = sql_str(stmt, 1, arena),
        .user_name = sql_str(stmt, 2, arena),
        .email = sql_str(stmt, 3, arena),
        .external_id = sql_str(stmt, 4, arena),
        .issuer = sql_str(stmt, 5, arena),
        .status = sql_str(stmt, 6, arena),
        .first_seen = sql_i64(stmt, 7),
        .seen_at = sql_i64(stmt, 8),
    };

    begin_digest(&digest, loading->store, &row);
    if (!row_digest_fits(&digest, sql_view(stmt, 9), "user of Identity Center", row.user, err) ||
        !check_status(row.status, err))
        return false;
    VEC_PUSH(arena, &loading->rows, row);
    return true;
}

static int compare_rows(const void *a, const void *b)
{
    const struct idc_user_row *ra = a;
    const struct idc_user_row *rb = b;

    return str_cmp(ra->user, rb->user);
}

static bool load(struct ledger *ledger, struct loading *loading, struct err *err)
{
    struct str last = {0};
    size_t rows;

    do {
        if (!sql_each(ledger,
                      "SELECT user_id, person_id, user_name, email, external_id, issuer, status,"
                      " first_seen, seen_at, digest FROM idc_user"
                      " WHERE store_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3",
                      SQL_VALUES(sql_text(loading->store), sql_text(last), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_user, loading}, &rows, err))
            return err_wrap(err, "loading users of Identity Center");
        if (rows > 0)
            last = loading->rows.items[loading->rows.n - 1].user;
    } while (sql_page_is_full(rows));
    if (loading->rows.n > 1) {
        qsort(loading->rows.items, loading->rows.n, sizeof(loading->rows.items[0]), compare_rows);
    }
    return true;
}

bool ledger_load_idc_users(struct ledger *ledger, struct str store, struct arena *arena,
                           const struct idc_user_row **out, size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena, .store = store};

    if (!load(ledger, &loading, err))
        return false;
    *out = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

/* ---- storing ---- */

struct storing {
    struct arena *arena; /* its own: for all users of a store */
    struct str store;
    int64_t now;
    struct map by_user;   /* what the ledger has */
    struct map by_person; /* whom it has bound, and whom this call binds */
    struct stmt put, see, drop;
};

static void storing_done(struct storing *storing)
{
    sql_done(&storing->put);
    sql_done(&storing->see);
    sql_done(&storing->drop);
}

static bool storing_begin(struct ledger *ledger, struct storing *storing, struct err *err)
{
    struct loading loading = {.arena = storing->arena, .store = storing->store};

    if (!load(ledger, &loading, err))
        return false;
    for (size_t i = 0; i < loading.rows.n; i++) {
        struct idc_user_row *row = &loading.rows.items[i];

        (void)map_put(&storing->by_user, storing->arena, row->user, row);
        if (row->person.len > 0)
            (void)map_put(&storing->by_person, storing->arena, row->person, row);
    }
    return sql_prepare(ledger, &storing->put,
                       "INSERT INTO idc_user (store_id, user_id, person_id, user_name, email,"
                       " external_id, issuer, status, first_seen, seen_at, digest)"
                       " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
                       " ON CONFLICT (store_id, user_id) DO UPDATE SET"
                       " person_id = excluded.person_id, user_name = excluded.user_name,"
                       " email = excluded.email, external_id = excluded.external_id,"
                       " issuer = excluded.issuer, status = excluded.status,"
                       " seen_at = excluded.seen_at, digest = excluded.digest",
                       err) &&
           sql_prepare(ledger, &storing->see,
                       "UPDATE idc_user SET seen_at = $3 WHERE store_id = $1 AND user_id = $2",
                       err) &&
           sql_prepare(ledger, &storing->drop,
                       "DELETE FROM idc_user WHERE store_id = $1 AND user_id = $2", err);
}

static bool is_same(const struct idc_user_row *a, const struct idc_user_row *b)
{
    return str_eq(a->person, b->person) && str_eq(a->user_name, b->user_name) &&
           str_eq(a->email, b->email) && str_eq(a->external_id, b->external_id) &&
           str_eq(a->issuer, b->issuer) && str_eq(a->status, b->status);
}

/* Nobody's access may move to another account by a change of labels. */
static bool is_conflict(const struct storing *storing, const struct idc_user_row *row,
                        const struct idc_user_row *known)
{
    const struct idc_user_row *bound;

    if (row->person.len == 0)
        return false;
    if (known && known->person.len > 0 && !str_eq(known->person, row->person))
        return true;
    bound = map_get(&storing->by_person, row->person);
    return bound && !str_eq(bound->user, row->user);
}

static bool write_user(struct storing *storing, const struct idc_user_row *given, struct err *err)
{
    struct idc_user_row *known = map_get(&storing->by_user, given->user);
    struct idc_user_row *row = arena_new(storing->arena, struct idc_user_row);
    struct row_digest digest;

    *row = *given;
    row->first_seen = known ? known->first_seen : storing->now;
    row->seen_at = storing->now;
    if (known && row->person.len == 0) /* not recognised this time: the binding stays */
        row->person = known->person;
    if (known && is_same(known, row)) {
        if (known->seen_at == storing->now)
            return true;
        sql_bind(&storing->see,
                 SQL_VALUES(sql_text(storing->store), sql_text(row->user), sql_int(storing->now)));
        return sql_finish(&storing->see, NULL, err);
    }
    begin_digest(&digest, storing->store, row);
    sql_bind(&storing->put,
             SQL_VALUES(sql_text(storing->store), sql_text(row->user), sql_text(row->person),
                        sql_text(row->user_name), sql_text(row->email), sql_text(row->external_id),
                        sql_text(row->issuer), sql_text(row->status), sql_int(row->first_seen),
                        sql_int(row->seen_at), sql_text(row_digest_end(&digest))));
    if (!sql_finish(&storing->put, NULL, err))
        return false;
    (void)map_put(&storing->by_user, storing->arena, row->user, row);
    if (row->person.len > 0)
        (void)map_put(&storing->by_person, storing->arena, row->person, row);
    return true;
}

/* Who is gone frees the person for another user: that is how an account made anew is bound. */
static bool drop_gone(struct storing *storing, const struct str *gone, size_t n, struct err *err)
{
    struct map kept = {0};

    for (size_t i = 0; i < n; i++) {
        sql_bind(&storing->drop, SQL_VALUES(sql_text(storing->store), sql_text(gone[i])));
        if (!sql_finish(&storing->drop, NULL, err))
            return false;
    }
    for (size_t i = 0; i < storing->by_person.n; i++) {
        struct idc_user_row *row = storing->by_person.entries[i].value;
        if (!str_in_sorted(gone, n, row->user))
            (void)map_put(&kept, storing->arena, row->person, row);
    }
    storing->by_person = kept;
    return true;
}

/* Room for every user twice over, so that a large store needs no setting. */
static bool arena_for(struct ledger *ledger, struct str store, size_t n, struct arena *arena,
                      struct err *err)
{
    int64_t known;

    if (!sql_number(ledger, "SELECT count(*) FROM idc_user WHERE store_id = $1",
                    SQL_VALUES(sql_text(store)), &known, err))
        return false;
    arena_init(arena, ((size_t)known + n + 16384) * 2048);
    return true;
}

struct conflicts {
    VEC_OF(struct str) users;
};

static bool write_users(struct storing *storing, const struct idc_user_row *rows, size_t n,
                        struct arena *arena, struct conflicts *conflicts, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (is_conflict(storing, &rows[i], map_get(&storing->by_user, rows[i].user))) {
            VEC_PUSH(arena, &conflicts->users, arena_str(arena, rows[i].user));
        } else if (!write_user(storing, &rows[i], err)) {
            return err_wrap(err, "storing users of Identity Center");
        }
    }
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): parameters, as its header has them */
bool ledger_store_idc_users(struct ledger *ledger, struct str store,
                            const struct idc_user_row *rows, size_t n, const struct str *gone,
                            size_t n_gone, int64_t now_ms, struct arena *arena,
                            const struct str **conflicts, size_t *n_conflicts, struct err *err)
{
    CLEANUP(arena_fini) struct arena own = {0};
    CLEANUP(txn_end) struct txn txn = {0};
    CLEANUP(storing_done)
    struct storing storing = {.arena = &own, .store = store, .now = now_ms};
    struct conflicts found = {0};

    if (!txn_begin(&txn, ledger, err) || !arena_for(ledger, store, n, &own, err) ||
        !storing_begin(ledger, &storing, err) || !drop_gone(&storing, gone, n_gone, err) ||
        !write_users(&storing, rows, n, arena, &found, err) || !txn_commit(&txn, err))
        return false;
    *conflicts = found.users.items;
    *n_conflicts = found.users.n;
    return true;
}

#include "ledger/ledger_log.h"

#include "base/vec.h"
#include "ledger/ledger_inside.h"

#define COLUMNS "uuid, published, is_add, group_id, person_id, actor_id, actor_name, by_rule, ours"
#define KEEP_MS (90 * TIME_DAY)

/* How far the remote's clock and ours may be apart, and how late a write may arrive: an op of ours
 * explains what the log shows from so long before it was sent until so long after it was settled.
 */
#define SLACK_MS (5 * TIME_MINUTE)

struct loading {
    struct arena *arena;
    VEC_OF(struct log_event) rows;
};

static bool take_event(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading *loading = self;
    struct log_event row = {
        .uuid = sql_str(stmt, 0, loading->arena),
        .published = sql_i64(stmt, 1),
        .is_add = sql_i64(stmt, 2) != 0,
        .group = sql_str(stmt, 3, loading->arena),
        .person = sql_str(stmt, 4, loading->arena),
        .actor = sql_str(stmt, 5, loading->arena),
        .actor_name = sql_str(stmt, 6, loading->arena),
        .by_rule = sql_i64(stmt, 7) != 0,
        .ours = sql_i64(stmt, 8) != 0,
    };

    (void)err;
    VEC_PUSH(loading->arena, &loading->rows, row);
    return true;
}

bool ledger_log_cursor(struct ledger *ledger, const char *remote, struct arena *arena,
                       struct str *cursor, int64_t *published, struct err *err)
{
    CLEANUP(sql_done) struct stmt stmt = {0};
    bool row;

    if (!sql_query(ledger, &stmt, "SELECT cursor, published FROM log_cursor WHERE remote = $1",
                   SQL_VALUES(sql_word(remote)), err) ||
        !sql_next(&stmt, &row, err))
        return false;
    *cursor = row ? sql_str(&stmt, 0, arena) : (struct str){0};
    *published = row ? sql_i64(&stmt, 1) : 0;
    return true;
}

static bool insert_events(struct ledger *ledger, const struct log_event *events, size_t n,
                          int64_t *newest, struct err *err)
{
    CLEANUP(sql_done) struct stmt stmt = {0};

    if (!sql_prepare(ledger, &stmt,
                     "INSERT INTO log_event (" COLUMNS ")"
                     " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (uuid) DO NOTHING",
                     err))
        return false;
    *newest = 0;
    for (size_t i = 0; i < n; i++) {
        const struct log_event *event = &events[i];
        sql_bind(&stmt,
                 SQL_VALUES(sql_text(event->uuid), sql_int(event->published),
                            sql_int(event->is_add), sql_text(event->group), sql_text(event->person),
                            sql_text(event->actor), sql_text(event->actor_name),
                            sql_int(event->by_rule), sql_int(event->ours)));
        if (!sql_finish(&stmt, NULL, err))
            return false;
        if (event->published > *newest)
            *newest = event->published;
    }
    return true;
}

bool ledger_log_store(struct ledger *ledger, const char *remote, struct str cursor,
                      const struct log_event *events, size_t n, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};
    int64_t now = ledger_now(ledger);
    int64_t newest;

    return txn_begin(&txn, ledger, err) && insert_events(ledger, events, n, &newest, err) &&
           sql_run(ledger,
                   "INSERT INTO log_cursor (remote, cursor, published, polled_at)"
                   " VALUES ($1, $2, $3, $4) ON CONFLICT (remote) DO UPDATE SET"
                   " cursor = excluded.cursor, polled_at = excluded.polled_at,"
                   " published = CASE WHEN excluded.published > log_cursor.published"
                   "             THEN excluded.published ELSE log_cursor.published END",
                   SQL_VALUES(sql_word(remote), sql_text(cursor), sql_int(newest), sql_int(now)),
                   NULL, err) &&
           sql_run(ledger, "DELETE FROM log_event WHERE published < $1",
                   SQL_VALUES(sql_int(now - KEEP_MS)), NULL, err) &&
           txn_commit(&txn, err);
}

/* NOLINTNEXTLINE(readability-function-size): parameters, as its header has them */
bool ledger_log_find(struct ledger *ledger, struct str group, struct str person, bool is_add,
                     int64_t since_ms, struct arena *arena, struct log_event *out, bool *found,
                     struct err *err)
{
    struct loading loading = {.arena = arena};
    size_t rows;

    if (!sql_each(ledger,
                  "SELECT " COLUMNS " FROM log_event WHERE group_id = $1 AND person_id = $2"
                  " AND is_add = $3 AND published >= $4 ORDER BY published DESC LIMIT 1",
                  SQL_VALUES(sql_text(group), sql_text(person), sql_int(is_add), sql_int(since_ms)),
                  (struct sql_sink){take_event, &loading}, &rows, err))
        return false;
    *found = rows > 0;
    if (*found)
        *out = loading.rows.items[0];
    return true;
}

bool ledger_log_foreign(struct ledger *ledger, int64_t since_ms, struct arena *arena,
                        const struct log_event **items, size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena};
    struct log_event last = {.published = since_ms};
    size_t rows;

    do {
        if (!sql_each(ledger,
                      "SELECT " COLUMNS " FROM log_event e WHERE ours = 1"
                      " AND (published, uuid) > ($1, $2)"
                      " AND NOT EXISTS (SELECT 1 FROM op o WHERE o.person_id = e.person_id"
                      "  AND o.group_id = e.group_id"
                      "  AND o.kind = CASE WHEN e.is_add = 1 THEN 'okta.add' ELSE 'okta.remove' END"
                      "  AND o.sent_at IS NOT NULL AND o.sent_at - $3 <= e.published"
                      "  AND (o.settled_at IS NULL OR e.published <= o.settled_at + $3))"
                      " ORDER BY published, uuid LIMIT $4",
                      SQL_VALUES(sql_int(last.published), sql_text(last.uuid), sql_int(SLACK_MS),
                                 sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_event, &loading}, &rows, err))
            return err_wrap(err, "looking for writes that are not ours");
        if (rows > 0)
            last = loading.rows.items[loading.rows.n - 1];
    } while (sql_page_is_full(rows));
    *items = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

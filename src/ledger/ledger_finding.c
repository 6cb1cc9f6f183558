#include "ledger/ledger_finding.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"
#include "ledger/ledger_inside.h"

#define COLUMNS                                                                                \
    "f.key, f.id, f.kind, f.severity, f.entitlement, f.person_id, f.login, f.group_id, f.hop," \
    " f.since, f.last_seen, f.resolved_at, f.detail, f.remedy, f.actor, f.cost_minor,"         \
    " f.subject, f.may_ack, f.ignored_until, a.acked_by, a.reason"
#define FROM                                                               \
    " FROM finding f LEFT JOIN acknowledgement a ON a.finding_key = f.key" \
    " AND a.subject = f.subject"

/* Ids grow by a letter with every try; past this the key itself is used up. */
#define ID_TRIES 48

/* ---- reading ---- */

struct loading {
    struct arena *arena;
    VEC_OF(struct finding_row) rows;
};

static bool take_finding(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading *loading = self;
    struct arena *arena = loading->arena;
    struct str kind = sql_view(stmt, 2), severity = sql_view(stmt, 3);
    struct finding_row row = {
        .finding = {.key = sql_str(stmt, 0, arena),
                    .id = sql_str(stmt, 1, arena),
                    .entitlement = sql_str(stmt, 4, arena),
                    .person = sql_str(stmt, 5, arena),
                    .login = sql_str(stmt, 6, arena),
                    .group = sql_str(stmt, 7, arena),
                    .hop = sql_str(stmt, 8, arena),
                    .since_ms = sql_i64(stmt, 9),
                    .detail = sql_str(stmt, 12, arena),
                    .remedy = sql_str(stmt, 13, arena),
                    .actor = sql_str(stmt, 14, arena),
                    .cost_minor = sql_i64(stmt, 15),
                    .subject = sql_str(stmt, 16, arena),
                    .may_ack = sql_i64(stmt, 17) != 0},
        .last_seen = sql_i64(stmt, 10),
        .resolved_at = sql_i64(stmt, 11),
        .ignored_until = sql_i64(stmt, 18),
        .acked_by = sql_str(stmt, 19, arena),
        .ack_reason = sql_str(stmt, 20, arena),
    };

    if (!finding_kind_parse(kind, &row.finding.kind))
        return bad_word("finding.kind", kind, err);
    if (!severity_parse(severity, &row.finding.severity))
        return bad_word("finding.severity", severity, err);
    row.acked = row.acked_by.len > 0;
    row.finding.command = finding_make_command(&row.finding, arena);
    VEC_PUSH(arena, &loading->rows, row);
    return true;
}

static bool load_open(struct ledger *ledger, struct loading *loading, struct err *err)
{
    struct str last = {0};
    size_t rows;

    do {
        if (!sql_each(ledger,
                      "SELECT " COLUMNS FROM " WHERE f.resolved_at IS NULL AND f.key > $1"
                      " ORDER BY f.key LIMIT $2",
                      SQL_VALUES(sql_text(last), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_finding, loading}, &rows, err))
            return err_wrap(err, "loading findings");
        if (rows > 0)
            last = loading->rows.items[loading->rows.n - 1].finding.key;
    } while (sql_page_is_full(rows));
    return true;
}

static int compare_rows(const void *a, const void *b)
{
    const struct finding_row *ra = a;
    const struct finding_row *rb = b;

    return finding_compare(&ra->finding, &rb->finding);
}

bool ledger_load_findings(struct ledger *ledger, bool with_ignored, struct arena *arena,
                          const struct finding_row **items, size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena};
    int64_t now = ledger_now(ledger);
    size_t kept = 0;

    if (!load_open(ledger, &loading, err))
        return false;
    for (size_t i = 0; i < loading.rows.n; i++) {
        if (with_ignored || loading.rows.items[i].ignored_until <= now)
            loading.rows.items[kept++] = loading.rows.items[i];
    }
    if (kept > 1)
        qsort(loading.rows.items, kept, sizeof(loading.rows.items[0]), compare_rows);
    *items = loading.rows.items;
    *n = kept;
    return true;
}

static bool read_by(struct ledger *ledger, const char *sql, struct str value, struct arena *arena,
                    struct finding_row *out, bool *found, struct err *err)
{
    struct loading loading = {.arena = arena};
    size_t rows;

    if (!sql_each(ledger, sql, SQL_VALUES(sql_text(value)),
                  (struct sql_sink){take_finding, &loading}, &rows, err))
        return false;
    *found = rows > 0;
    if (*found)
        *out = loading.rows.items[0];
    return true;
}

static char upper_case(char c)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    if (c >= 'a' && c <= 'z')
        return letters[c - 'a'];
    return c;
}

bool ledger_get_finding(struct ledger *ledger, struct str id, struct arena *arena,
                        struct finding_row *out, bool *found, struct err *err)
{
    char *upper = arena_alloc(arena, id.len + 1, 1);

    for (size_t i = 0; i < id.len; i++)
        upper[i] = upper_case(id.ptr[i]);
    return read_by(ledger, "SELECT " COLUMNS FROM " WHERE f.id = $1", (struct str){upper, id.len},
                   arena, out, found, err);
}

/* ---- publishing ---- */

struct publishing {
    struct ledger *ledger;
    struct arena *arena;
    int64_t now;
    struct map seen; /* by key */
};

/* Keeps the id and the beginning of a known one; one that was resolved begins anew. */
static bool identify(struct publishing *p, struct finding *finding, struct err *err)
{
    struct finding_row known;
    bool found;
    int64_t taken;

    if (!read_by(p->ledger, "SELECT " COLUMNS FROM " WHERE f.key = $1", finding->key, p->arena,
                 &known, &found, err))
        return false;
    if (found) {
        finding->id = known.finding.id;
        if (known.resolved_at == 0)
            finding->since_ms = known.finding.since_ms;
    }
    if (finding->since_ms == 0)
        finding->since_ms = p->now;
    for (unsigned tries = 0; finding->id.len == 0 && tries < ID_TRIES; tries++) {
        struct str id = finding_make_id(finding->key, tries, p->arena);
        if (!sql_number(p->ledger, "SELECT count(*) FROM finding WHERE id = $1",
                        SQL_VALUES(sql_text(id)), &taken, err))
            return false;
        if (taken == 0)
            finding->id = id;
    }
    return finding->id.len > 0 || err_set(err, ERR_INTERNAL, "ledger: no id is free for a finding");
}

static bool write_finding(struct publishing *p, const struct finding *f, struct err *err)
{
    return sql_run(
        p->ledger,
        "INSERT INTO finding (key, id, kind, severity, entitlement, person_id, login, group_id,"
        " hop, since, last_seen, detail, remedy, actor, cost_minor, subject, may_ack)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
        " ON CONFLICT (key) DO UPDATE SET severity = excluded.severity, login = excluded.login,"
        " since = excluded.since, last_seen = excluded.last_seen, resolved_at = NULL,"
        " detail = excluded.detail, remedy = excluded.remedy, actor = excluded.actor,"
        " cost_minor = excluded.cost_minor, subject = excluded.subject,"
        " may_ack = excluded.may_ack",
        SQL_VALUES(sql_text(f->key), sql_text(f->id), sql_word(finding_kind_name(f->kind)),
                   sql_word(severity_name(f->severity)), sql_text(f->entitlement),
                   sql_text(f->person), sql_text(f->login), sql_text(f->group), sql_text(f->hop),
                   sql_int(f->since_ms), sql_int(p->now), sql_text(f->detail), sql_text(f->remedy),
                   sql_text(f->actor), sql_int(f->cost_minor), sql_text(f->subject),
                   sql_int(f->may_ack)),
        NULL, err);
}

static bool publish_one(struct publishing *p, struct finding *finding, struct err *err)
{
    finding_make_key(finding, p->arena);
    finding->id = (struct str){0};

    const struct finding *twin = map_get(&p->seen, finding->key);
    if (twin) { /* one thing in the world: the first to say so counts */
        finding->id = twin->id;
        finding->since_ms = twin->since_ms;
    } else if (!identify(p, finding, err) || !write_finding(p, finding, err)) {
        return false;
    } else {
        (void)map_put(&p->seen, p->arena, finding->key, finding);
    }
    finding->command = finding_make_command(finding, p->arena);
    return true;
}

/* What nobody sees any more is over, unless nobody could look. */
static bool resolve_rest(struct publishing *p, const struct str *unread, size_t n_unread,
                         struct err *err)
{
    struct loading loading = {.arena = p->arena};

    if (!load_open(p->ledger, &loading, err))
        return false;
    for (size_t i = 0; i < loading.rows.n; i++) {
        const struct finding *finding = &loading.rows.items[i].finding;

        if (map_has(&p->seen, finding->key) ||
            str_in_sorted(unread, n_unread, finding->entitlement))
            continue;
        if (!sql_run(p->ledger, "UPDATE finding SET resolved_at = $2 WHERE key = $1",
                     SQL_VALUES(sql_text(finding->key), sql_int(p->now)), NULL, err))
            return false;
    }
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): parameters, as its header has them */
bool ledger_publish_findings(struct ledger *ledger, struct finding *findings, size_t n,
                             const struct str *unread, size_t n_unread, int64_t now_ms,
                             struct arena *arena, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};
    struct publishing publishing = {.ledger = ledger, .arena = arena, .now = now_ms};

    if (!txn_begin(&txn, ledger, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!publish_one(&publishing, &findings[i], err))
            return err_wrap(err, "publishing findings");
    }
    return resolve_rest(&publishing, unread, n_unread, err) && txn_commit(&txn, err);
}

/* ---- what people say about them ---- */

static bool note_finding(struct ledger *ledger, const struct actor *actor, const char *what,
                         const struct finding *finding, struct str reason, int64_t until,
                         struct err *err)
{
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_str(&detail, "kind", str_of(finding_kind_name(finding->kind)));
    detail_str(&detail, "entitlement", finding->entitlement);
    detail_str(&detail, "subject", finding->subject);
    detail_i64(&detail, "until", until);
    detail_str(&detail, "reason", reason);
    return audit_append(ledger, actor,
                        &(struct note){.what = what,
                                       .subject = finding->id,
                                       .person = finding->person,
                                       .detail = detail_end(&detail)},
                        err);
}

/* As it stands now, which may be another state than the one that was looked at. */
static bool read_again(struct ledger *ledger, const struct finding_row *row, struct arena *arena,
                       struct finding_row *out, struct err *err)
{
    bool found;

    if (!read_by(ledger, "SELECT " COLUMNS FROM " WHERE f.key = $1", row->finding.key, arena, out,
                 &found, err))
        return false;
    return found || err_set(err, ERR_USAGE, "there is no finding %.*s", STR_ARG(row->finding.id));
}

static bool check_ackable(const struct finding_row *now, const struct finding_row *seen,
                          struct err *err)
{
    struct str id = now->finding.id;

    if (!now->finding.may_ack)
        return err_set(err, ERR_REFUSED, "%.*s: there is nothing to acknowledge", STR_ARG(id));
    if (now->resolved_at != 0) {
        return err_set(err, ERR_REFUSED, "%.*s: it is over already; nothing to acknowledge",
                       STR_ARG(id));
    }
    if (!str_eq(now->finding.subject, seen->finding.subject)) {
        return err_set(err, ERR_REFUSED, "%.*s: it has changed since; look at it again",
                       STR_ARG(id));
    }
    return true;
}

bool ledger_ack(struct ledger *ledger, const struct actor *actor, const struct finding_row *row,
                struct str reason, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct finding_row now;
    int64_t added;

    if (!txn_begin(&txn, ledger, err) || !read_again(ledger, row, scratch.arena, &now, err) ||
        !check_ackable(&now, row, err) ||
        !sql_run(ledger,
                 "INSERT INTO acknowledgement (finding_key, subject, acked_by, acked_at, reason)"
                 " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (finding_key, subject) DO NOTHING",
                 SQL_VALUES(sql_text(now.finding.key), sql_text(now.finding.subject),
                            sql_text(actor->who), sql_int(ledger_now(ledger)), sql_text(reason)),
                 &added, err))
        return false;
    if (added == 0)
        return true;
    return note_finding(ledger, actor, "finding.acked", &now.finding, reason, 0, err) &&
           txn_commit(&txn, err);
}

bool ledger_ignore(struct ledger *ledger, const struct actor *actor, const struct finding_row *row,
                   int64_t until_ms, struct str reason, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct finding_row now;

    return txn_begin(&txn, ledger, err) && read_again(ledger, row, scratch.arena, &now, err) &&
           sql_run(ledger,
                   "UPDATE finding SET ignored_until = $2, ignored_by = $3, ignore_reason = $4"
                   " WHERE key = $1",
                   SQL_VALUES(sql_text(now.finding.key), sql_int(until_ms), sql_text(actor->who),
                              sql_text(reason)),
                   NULL, err) &&
           note_finding(ledger, actor, "finding.ignored", &now.finding, reason, until_ms, err) &&
           txn_commit(&txn, err);
}

struct loading_acks {
    struct arena *arena;
    VEC_OF(struct ack) rows;
    struct str last_key;
};

static bool take_ack(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading_acks *loading = self;
    struct arena *arena = loading->arena;
    struct str kind = sql_view(stmt, 1);
    struct ack row = {
        .entitlement = sql_str(stmt, 2, arena),
        .person = sql_str(stmt, 3, arena),
        .group = sql_str(stmt, 4, arena),
        .subject = sql_str(stmt, 5, arena),
        .finding_id = sql_str(stmt, 6, arena),
        .acked_at = sql_i64(stmt, 7),
    };

    loading->last_key = sql_str(stmt, 0, arena);
    if (!finding_kind_parse(kind, &row.kind))
        return bad_word("finding.kind", kind, err);
    VEC_PUSH(arena, &loading->rows, row);
    return true;
}

bool ledger_load_acks(struct ledger *ledger, struct arena *arena, const struct ack **items,
                      size_t *n, struct err *err)
{
    struct loading_acks loading = {.arena = arena};
    size_t rows;

    /* Each is for one exact state, so it stays true of that state for as long as there is one. */
    do {
        struct str last_subject =
            loading.rows.n > 0 ? loading.rows.items[loading.rows.n - 1].subject : (struct str){0};
        if (!sql_each(ledger,
                      "SELECT a.finding_key, f.kind, f.entitlement, f.person_id, f.group_id,"
                      " a.subject, f.id, a.acked_at"
                      " FROM acknowledgement a JOIN finding f ON f.key = a.finding_key"
                      " WHERE (a.finding_key, a.subject) > ($1, $2)"
                      " ORDER BY a.finding_key, a.subject LIMIT $3",
                      SQL_VALUES(sql_text(loading.last_key), sql_text(last_subject),
                                 sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_ack, &loading}, &rows, err))
            return err_wrap(err, "loading acknowledgements");
    } while (sql_page_is_full(rows));
    *items = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

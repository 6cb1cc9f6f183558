#include <stdlib.h>

#include "base/uuid.h"
#include "base/vec.h"
#include "ledger/ledger_inside.h"
#include "ledger/ledger_person.h"

#define COLUMNS                                                                           \
    "id, person_id, entitlement, plan, from_at, until_at, ended_at, end_cause, owner_id," \
    " request_id, created_at, end_request, digest"

/* A grant and what the table keeps besides. */
struct stored {
    struct grant grant;
    struct str end_request;
};

static void begin_digest(struct row_digest *digest, const struct stored *row)
{
    const struct grant *grant = &row->grant;

    row_digest_begin(digest, "seat_grant");
    row_digest_text(digest, grant->id);
    row_digest_text(digest, grant->person);
    row_digest_text(digest, grant->entitlement);
    row_digest_text(digest, grant->plan);
    row_digest_int(digest, grant->from_ms);
    row_digest_int(digest, grant->until_ms);
    row_digest_int(digest, grant->ended_at);
    row_digest_text(digest,
                    grant->ended_at != 0 ? str_of(cause_name(grant->end_cause)) : (struct str){0});
    row_digest_text(digest, grant->owner);
    row_digest_text(digest, grant->request);
    row_digest_int(digest, grant->created_at);
    row_digest_text(digest, row->end_request);
}

/* ---- reading ---- */

struct loading {
    struct arena *arena;
    VEC_OF(struct stored) rows;
};

static bool take_grant(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading *loading = self;
    struct arena *arena = loading->arena;
    struct row_digest digest;
    struct stored row = {
        .grant = {.id = sql_str(stmt, 0, arena),
                  .person = sql_str(stmt, 1, arena),
                  .entitlement = sql_str(stmt, 2, arena),
                  .plan = sql_str(stmt, 3, arena),
                  .from_ms = sql_i64(stmt, 4),
                  .until_ms = sql_i64(stmt, 5),
                  .ended_at = sql_i64(stmt, 6),
                  .owner = sql_str(stmt, 8, arena),
                  .request = sql_str(stmt, 9, arena),
                  .created_at = sql_i64(stmt, 10)},
        .end_request = sql_str(stmt, 11, arena),
    };
    struct str cause = sql_view(stmt, 7);

    if (cause.len > 0 && !cause_parse(cause, &row.grant.end_cause))
        return bad_word("seat_grant.end_cause", cause, err);
    begin_digest(&digest, &row);
    if (!row_digest_fits(&digest, sql_view(stmt, 12), "grant", row.grant.id, err))
        return false;
    VEC_PUSH(arena, &loading->rows, row);
    return true;
}

static bool load_of_person(struct ledger *ledger, struct str person, struct loading *loading,
                           struct err *err)
{
    struct str last = {0};
    size_t rows;

    do {
        if (!sql_each(ledger,
                      "SELECT " COLUMNS " FROM seat_grant WHERE person_id = $1 AND id > $2"
                      " ORDER BY id LIMIT $3",
                      SQL_VALUES(sql_text(person), sql_text(last), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_grant, loading}, &rows, err))
            return err_wrap(err, "loading grants");
        if (rows > 0)
            last = loading->rows.items[loading->rows.n - 1].grant.id;
    } while (sql_page_is_full(rows));
    return true;
}

static void give(const struct loading *loading, struct grant **items, size_t *n)
{
    struct grant *grants = arena_array(loading->arena, struct grant, loading->rows.n);

    for (size_t i = 0; i < loading->rows.n; i++)
        grants[i] = loading->rows.items[i].grant;
    *items = grants;
    *n = loading->rows.n;
}

bool ledger_load_grants(struct ledger *ledger, int64_t since_ms, struct arena *arena,
                        struct grant **items, size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena};
    int64_t now = ledger_now(ledger);
    int64_t bound = since_ms < now ? since_ms : now; /* what is live ends later than now */
    struct str last = {0};
    size_t rows;

    do {
        if (!sql_each(ledger,
                      "SELECT " COLUMNS " FROM seat_grant WHERE id > $1 AND until_at > $2"
                      " AND (ended_at IS NULL OR ended_at > $2) ORDER BY id LIMIT $3",
                      SQL_VALUES(sql_text(last), sql_int(bound), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_grant, &loading}, &rows, err))
            return err_wrap(err, "loading grants");
        if (rows > 0)
            last = loading.rows.items[loading.rows.n - 1].grant.id;
    } while (sql_page_is_full(rows));
    give(&loading, items, n);
    return true;
}

static int compare_newest(const void *a, const void *b)
{
    const struct grant *ga = a;
    const struct grant *gb = b;

    if (ga->created_at != gb->created_at)
        return ga->created_at < gb->created_at ? 1 : -1;
    if (ga->from_ms != gb->from_ms)
        return ga->from_ms < gb->from_ms ? 1 : -1;
    return str_cmp(ga->id, gb->id);
}

bool ledger_person_grants(struct ledger *ledger, struct str person, struct arena *arena,
                          struct grant **items, size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena};

    if (!load_of_person(ledger, person, &loading, err))
        return false;
    give(&loading, items, n);
    if (*n > 1)
        qsort(*items, *n, sizeof(**items), compare_newest);
    return true;
}

/* ---- ending ---- */

static bool note_grant(struct ledger *ledger, const struct actor *actor, const char *what,
                       const struct stored *row, struct str subject, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail;
    const struct grant *grant = &row->grant;

    detail_begin(&detail);
    detail_str(&detail, "grant", grant->id);
    detail_str(&detail, "entitlement", grant->entitlement);
    detail_str(&detail, "plan", grant->plan);
    detail_i64(&detail, "from", grant->from_ms);
    detail_i64(&detail, "until", grant->until_ms);
    detail_i64(&detail, "ended_at", grant->ended_at);
    if (grant->ended_at != 0)
        detail_str(&detail, "cause", str_of(cause_name(grant->end_cause)));
    detail_str(&detail, "owner", grant->owner);
    return audit_append(ledger, actor,
                        &(struct note){.what = what,
                                       .subject = subject.len > 0 ? subject : grant->id,
                                       .person = grant->person,
                                       .detail = detail_end(&detail)},
                        err);
}

/* Only what can change of a grant: its end. */
static bool write_end(struct ledger *ledger, const struct stored *row, struct err *err)
{
    const struct grant *grant = &row->grant;
    struct row_digest digest;

    begin_digest(&digest, row);
    return sql_run(
        ledger,
        "UPDATE seat_grant SET until_at = $2, ended_at = $3, end_cause = $4,"
        " end_request = $5, digest = $6 WHERE id = $1",
        SQL_VALUES(sql_text(grant->id), sql_int(grant->until_ms), sql_int_or_null(grant->ended_at),
                   grant->ended_at != 0 ? sql_word(cause_name(grant->end_cause))
                                        : sql_text_or_null((struct str){0}),
                   sql_text_or_null(row->end_request), sql_text(row_digest_end(&digest))),
        NULL, err);
}

/* Is it one that is meant, and does it go on past that time? */
static bool is_to_end(const struct grant *grant, const struct grant_end *end)
{
    if (end->entitlement.len > 0 && !str_eq(grant->entitlement, end->entitlement))
        return false;
    if (grant->until_ms <= end->at || (grant->ended_at != 0 && grant->ended_at <= end->at))
        return false;
    if (!end->ids)
        return true;
    for (size_t i = 0; i < end->n_ids; i++) {
        if (str_eq(end->ids[i], grant->id))
            return true;
    }
    return false;
}

bool grants_end(struct ledger *ledger, const struct actor *actor, const struct grant_end *end,
                size_t *ended, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    struct loading loading = {.arena = scratch.arena};
    size_t count = 0;

    if (!load_of_person(ledger, end->person, &loading, err))
        return false;
    for (size_t i = 0; i < loading.rows.n; i++) {
        struct stored *row = &loading.rows.items[i];

        if (!is_to_end(&row->grant, end))
            continue;
        row->grant.ended_at = end->at;
        row->grant.end_cause = end->cause;
        row->end_request = end->request;
        if (!write_end(ledger, row, err) ||
            !note_grant(ledger, actor, "grant.ended", row, end->subject, err))
            return false;
        count++;
    }
    if (ended)
        *ended = count;
    return true;
}

bool ledger_end_grants(struct ledger *ledger, const struct actor *actor, struct str person,
                       struct str entitlement, enum cause cause, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};
    struct grant_end end = {
        .person = person, .entitlement = entitlement, .at = ledger_now(ledger), .cause = cause};

    return txn_begin(&txn, ledger, err) && grants_end(ledger, actor, &end, NULL, err) &&
           txn_commit(&txn, err);
}

/* ---- opening ---- */

bool grant_insert(struct ledger *ledger, const struct actor *actor, const struct grant *grant,
                  struct str profile_json, const char *what, struct str subject, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    struct stored row = {.grant = *grant};
    struct row_digest digest;

    row.grant.created_at = ledger_now(ledger);
    if (row.grant.id.len == 0)
        row.grant.id = uuid_str(row.grant.created_at, scratch.arena);
    if (row.grant.from_ms >= row.grant.until_ms)
        return err_set(err, ERR_INTERNAL, "ledger: a grant that ends before it begins");
    begin_digest(&digest, &row);
    return sql_run(ledger,
                   "INSERT INTO seat_grant (id, person_id, entitlement, plan, from_at, until_at,"
                   " owner_id, request_id, profile, created_at, digest)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                   SQL_VALUES(sql_text(row.grant.id), sql_text(grant->person),
                              sql_text(grant->entitlement), sql_text(grant->plan),
                              sql_int(grant->from_ms), sql_int(grant->until_ms),
                              sql_text(grant->owner), sql_text_or_null(grant->request),
                              sql_text(profile_json.len > 0 ? profile_json : STR("{}")),
                              sql_int(row.grant.created_at), sql_text(row_digest_end(&digest))),
                   NULL, err) &&
           note_grant(ledger, actor, what, &row, subject, err);
}

bool grant_extend(struct ledger *ledger, const struct actor *actor, struct str id, int64_t until,
                  struct str subject, bool *found, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    struct loading loading = {.arena = scratch.arena};
    size_t rows;

    if (!sql_each(ledger, "SELECT " COLUMNS " FROM seat_grant WHERE id = $1",
                  SQL_VALUES(sql_text(id)), (struct sql_sink){take_grant, &loading}, &rows, err))
        return false;
    *found = rows > 0 && loading.rows.items[0].grant.ended_at == 0;
    if (!*found)
        return true;
    struct stored *row = &loading.rows.items[0];
    if (until <= row->grant.until_ms)
        return true;
    row->grant.until_ms = until;
    return write_end(ledger, row, err) &&
           note_grant(ledger, actor, "grant.extended", row, subject, err);
}

/* ---- adopting ---- */

/* Who is adopted, under the name that people know. */
static bool read_adopted(struct ledger *ledger, const struct adoption *row, struct arena *arena,
                         struct str *name, struct err *err)
{
    struct person_row person;
    bool found;

    if (!ledger_get_person(ledger, row->person, arena, &person, &found, err))
        return false;
    if (!found) {
        return err_set(err, ERR_REFUSED, "adopt: the ledger knows nobody with the id %.*s",
                       STR_ARG(row->person));
    }
    *name = person.person.login.len > 0 ? person.person.login : row->person;
    return person.blocked_at == 0 ||
           err_set(err, ERR_REFUSED, "adopt: %.*s is blocked", STR_ARG(*name));
}

static bool is_in_force(const struct grant *grant, struct str entitlement, int64_t now)
{
    return str_eq(grant->entitlement, entitlement) &&
           (grant_is_live(grant, now) || grant_is_ahead(grant, now));
}

/* One that is to be opened must not meet another one. */
static bool check_new(const struct adoption *row, struct str name, const struct loading *loading,
                      int64_t now, struct err *err)
{
    if (row->from_ms >= row->until_ms) {
        return err_set(err, ERR_USAGE, "adopt: %.*s: the grant would end before it begins",
                       STR_ARG(name));
    }
    for (size_t i = 0; i < loading->rows.n; i++) {
        if (is_in_force(&loading->rows.items[i].grant, row->entitlement, now)) {
            return err_set(err, ERR_REFUSED, "adopt: %.*s has a grant in %.*s already",
                           STR_ARG(name), STR_ARG(row->entitlement));
        }
    }
    return true;
}

/* The live grant of that plan whose place in the group is taken over. */
static bool find_held(const struct adoption *row, struct str name, const struct loading *loading,
                      int64_t now, const struct stored **held, struct err *err)
{
    for (size_t i = 0; i < loading->rows.n; i++) {
        const struct grant *grant = &loading->rows.items[i].grant;
        if (str_eq(grant->entitlement, row->entitlement) && str_eq(grant->plan, row->plan) &&
            grant_is_live(grant, now)) {
            *held = &loading->rows.items[i];
            return true;
        }
    }
    return err_set(err, ERR_REFUSED, "adopt: %.*s has no grant of %.*s in %.*s", STR_ARG(name),
                   STR_ARG(row->plan), STR_ARG(row->entitlement));
}

/* `*held` is the live grant whose place in the group is taken over; NULL: one is opened. */
static bool check_adoptable(struct ledger *ledger, const struct adoption *row, struct arena *arena,
                            const struct stored **held, struct err *err)
{
    struct loading loading = {.arena = arena};
    int64_t now = ledger_now(ledger);
    struct str name;

    if (!read_adopted(ledger, row, arena, &name, err) ||
        !load_of_person(ledger, row->person, &loading, err))
        return false;
    *held = NULL;
    return row->until_ms == 0 ? find_held(row, name, &loading, now, held, err)
                              : check_new(row, name, &loading, now, err);
}

/* Opens the grant, or says that one which is there got its place in the group. */
static bool adopt_grant(struct ledger *ledger, const struct actor *actor,
                        const struct adoption *row, const struct stored *held, struct err *err)
{
    struct grant grant = {.person = row->person,
                          .entitlement = row->entitlement,
                          .plan = row->plan,
                          .from_ms = row->from_ms,
                          .until_ms = row->until_ms,
                          .owner = row->owner};

    if (held)
        return note_grant(ledger, actor, "adopted", held, row->person, err);
    return grant_insert(ledger, actor, &grant, row->profile_json, "adopted", row->person, err);
}

static bool adopt_one(struct ledger *ledger, const struct actor *actor, const struct adoption *row,
                      struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    struct str owned_by = arena_printf(scratch.arena, "adopt:%.*s", STR_ARG(actor->who));
    const struct stored *held = NULL;

    return check_adoptable(ledger, row, scratch.arena, &held, err) &&
           adopt_grant(ledger, actor, row, held, err) &&
           sql_run(ledger,
                   "INSERT INTO membership (group_id, person_id, state, owned, owned_by, since)"
                   " VALUES ($1, $2, 'present', 1, $3, $4)"
                   " ON CONFLICT (group_id, person_id) DO UPDATE SET"
                   " state = 'present', owned = 1, owned_by = excluded.owned_by,"
                   " since = excluded.since",
                   SQL_VALUES(sql_text(row->group), sql_text(row->person), sql_text(owned_by),
                              sql_int(ledger_now(ledger))),
                   NULL, err) &&
           person_bump(ledger, row->person, err);
}

bool ledger_adopt(struct ledger *ledger, const struct actor *actor, const struct adoption *rows,
                  size_t n, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};

    if (!txn_begin(&txn, ledger, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!adopt_one(ledger, actor, &rows[i], err))
            return false;
    }
    return txn_commit(&txn, err);
}

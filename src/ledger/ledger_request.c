#include "ledger/ledger_request.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "base/uuid.h"
#include "base/vec.h"
#include "ledger/ledger_inside.h"

#define COLUMNS                                                                              \
    "id, number, kind, state, who, person_id, entitlement, plan, from_at, until_at, for_ms," \
    " reason, confirm_one_way, principal, requester_id, may_decide, door, key, filed_at,"    \
    " asked_at, decided_at, decided_by, state_reason"
#define OPEN_STATES "('filed', 'awaiting_confirmation', 'awaiting_approval')"

struct loading {
    struct arena *arena;
    VEC_OF(struct request) rows;
};

static bool take_request(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading *loading = self;
    struct arena *arena = loading->arena;
    struct str kind = sql_view(stmt, 2);
    struct str state = sql_view(stmt, 3);
    struct request row = {
        .id = sql_str(stmt, 0, arena),
        .number = sql_i64(stmt, 1),
        .who = sql_str(stmt, 4, arena),
        .person = sql_str(stmt, 5, arena),
        .entitlement = sql_str(stmt, 6, arena),
        .plan = sql_str(stmt, 7, arena),
        .from_ms = sql_i64(stmt, 8),
        .until_ms = sql_i64(stmt, 9),
        .for_ms = sql_i64(stmt, 10),
        .reason = sql_str(stmt, 11, arena),
        .confirm_one_way = sql_i64(stmt, 12) != 0,
        .principal = sql_str(stmt, 13, arena),
        .requester = sql_str(stmt, 14, arena),
        .may_decide = sql_i64(stmt, 15) != 0,
        .door = sql_str(stmt, 16, arena),
        .key = sql_str(stmt, 17, arena),
        .filed_at = sql_i64(stmt, 18),
        .asked_at = sql_i64(stmt, 19),
        .decided_at = sql_i64(stmt, 20),
        .decided_by = sql_str(stmt, 21, arena),
        .state_reason = sql_str(stmt, 22, arena),
    };

    if (!request_kind_parse(kind, &row.kind))
        return bad_word("request.kind", kind, err);
    if (!request_state_parse(state, &row.state))
        return bad_word("request.state", state, err);
    VEC_PUSH(arena, &loading->rows, row);
    return true;
}

static struct sql_sink into(struct loading *loading)
{
    return (struct sql_sink){take_request, loading};
}

/* ---- filing ---- */

/* What people type is kept as it is, so it has to be text that every reader can show. */
static bool check_text(const struct request *ask, struct err *err)
{
    const struct {
        const char *name;
        struct str text;
    } fields[] = {{"who", ask->who},       {"entitlement", ask->entitlement},
                  {"plan", ask->plan},     {"reason", ask->reason},
                  {"key", ask->key},       {"principal", ask->principal},
                  {"person", ask->person}, {"requester", ask->requester}};

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (!utf8_valid(fields[i].text) || str_has(fields[i].text, '\0'))
            return err_set(err, ERR_USAGE, "request: %s is not valid text", fields[i].name);
    }
    if (ask->who.len == 0 || ask->entitlement.len == 0)
        return err_set(err, ERR_USAGE, "request: who and entitlement are needed");
    return true;
}

static bool find_by_key(struct ledger *ledger, const struct request *ask, struct str digest,
                        struct loading *loading, struct err *err)
{
    size_t rows;
    int64_t equal;

    if (!sql_each(ledger, "SELECT " COLUMNS " FROM request WHERE principal = $1 AND key = $2",
                  SQL_VALUES(sql_text(ask->principal), sql_text(ask->key)), into(loading), &rows,
                  err))
        return false;
    if (rows == 0)
        return true;
    const struct request *known = &loading->rows.items[0];
    if (!sql_number(ledger, "SELECT count(*) FROM request WHERE id = $1 AND content_digest = $2",
                    SQL_VALUES(sql_text(known->id), sql_text(digest)), &equal, err))
        return false;
    if (equal == 0) {
        return err_set(err, ERR_USAGE,
                       "the key `%.*s` was used for R%lld, which asks for other things",
                       STR_ARG(ask->key), (long long)known->number);
    }
    return true;
}

/* An equal open one of the same principal: what another one may decide is not for this one. */
static bool find_equal(struct ledger *ledger, const struct request *ask, struct str digest,
                       struct loading *loading, struct err *err)
{
    size_t rows;

    return sql_each(ledger,
                    "SELECT " COLUMNS " FROM request WHERE principal = $1 AND content_digest = $2"
                    " AND requester_id = $3 AND may_decide = $4 AND state IN " OPEN_STATES
                    " ORDER BY number LIMIT 1",
                    SQL_VALUES(sql_text(ask->principal), sql_text(digest), sql_text(ask->requester),
                               sql_int(ask->may_decide)),
                    into(loading), &rows, err);
}

static bool insert_request(struct ledger *ledger, const struct request *row, struct str digest,
                           struct err *err)
{
    return sql_run(
        ledger,
        "INSERT INTO request (id, number, kind, state, who, person_id, entitlement, plan, from_at,"
        " until_at, for_ms, reason, confirm_one_way, principal, requester_id, may_decide, door,"
        " key, content_digest, filed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
        " $12, $13, $14, $15, $16, $17, $18, $19, $20)",
        SQL_VALUES(sql_text(row->id), sql_int(row->number), sql_word(request_kind_name(row->kind)),
                   sql_word(request_state_name(row->state)), sql_text(row->who),
                   sql_text_or_null(row->person), sql_text(row->entitlement), sql_text(row->plan),
                   sql_int(row->from_ms), sql_int(row->until_ms), sql_int(row->for_ms),
                   sql_text(row->reason), sql_int(row->confirm_one_way), sql_text(row->principal),
                   sql_text(row->requester), sql_int(row->may_decide), sql_text(row->door),
                   sql_text_or_null(row->key), sql_text(digest), sql_int(row->filed_at)),
        NULL, err);
}

/* The version of whoever it may be about: by id, or by a login that is not resolved yet. */
static bool bump_meant(struct ledger *ledger, const struct request *row, struct arena *arena,
                       struct err *err)
{
    return sql_run(
        ledger,
        "UPDATE person SET version = version + 1"
        " WHERE okta_id = $1 OR okta_id = $2 OR login_key = $3",
        SQL_VALUES(sql_text(row->person), sql_text(row->who), sql_text(login_key(row->who, arena))),
        NULL, err);
}

static bool note_request(struct ledger *ledger, const struct actor *actor, const char *what,
                         const struct request *row, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_str(&detail, "kind", str_of(request_kind_name(row->kind)));
    detail_str(&detail, "who", row->who);
    detail_str(&detail, "entitlement", row->entitlement);
    detail_str(&detail, "plan", row->plan);
    detail_i64(&detail, "from", row->from_ms);
    detail_i64(&detail, "until", row->until_ms);
    detail_i64(&detail, "for_ms", row->for_ms);
    detail_str(&detail, "reason", row->reason);
    detail_str(&detail, "requester", row->requester);
    return audit_append(ledger, actor,
                        &(struct note){.what = what,
                                       .subject = request_label(row->number, scratch.arena),
                                       .person = row->person,
                                       .detail = detail_end(&detail)},
                        err);
}

static bool check_person(struct ledger *ledger, const struct request *ask, struct err *err)
{
    int64_t known = 1;

    if (ask->person.len > 0 && !sql_number(ledger, "SELECT count(*) FROM person WHERE okta_id = $1",
                                           SQL_VALUES(sql_text(ask->person)), &known, err))
        return false;
    return known > 0 || err_set(err, ERR_USAGE, "request: the ledger knows nobody with the id %.*s",
                                STR_ARG(ask->person));
}

bool request_file(struct ledger *ledger, const struct actor *actor, const struct request *ask,
                  struct arena *arena, struct request *out, enum filed *how, struct err *err)
{
    struct loading known = {.arena = arena};
    struct request row = *ask;

    row.principal = ask->principal.len > 0 ? ask->principal : arena_str(arena, actor->who);
    row.door = ask->door.len > 0 ? ask->door : arena_str(arena, actor->door);
    struct str digest = request_content_digest(&row, arena);
    if (!check_text(&row, err))
        return false;
    if (row.key.len > 0 ? !find_by_key(ledger, &row, digest, &known, err)
                        : !find_equal(ledger, &row, digest, &known, err))
        return false;
    if (known.rows.n > 0) {
        *out = known.rows.items[0];
        *how = FILED_SAME;
        return true;
    }
    if (!check_person(ledger, &row, err) ||
        !sql_number(ledger, "SELECT COALESCE(MAX(number), 0) + 1 FROM request", SQL_NO_VALUES,
                    &row.number, err))
        return false;
    row.filed_at = ledger_now(ledger);
    row.id = uuid_str(row.filed_at, arena);
    row.state = REQUEST_FILED;
    row.asked_at = row.decided_at = 0;
    row.decided_by = row.state_reason = (struct str){0};
    if (!insert_request(ledger, &row, digest, err) || !bump_meant(ledger, &row, arena, err) ||
        !note_request(ledger, actor, "request.filed", &row, err))
        return false;
    *out = row;
    *how = FILED_NEW;
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): parameters, as its header has them */
bool ledger_file_requests(struct ledger *ledger, const struct actor *actor,
                          const struct request *asks, size_t n, struct arena *arena,
                          struct request *out, enum filed *how, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};

    if (!txn_begin(&txn, ledger, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!request_file(ledger, actor, &asks[i], arena, &out[i], &how[i], err))
            return n > 1 ? err_wrap(err, "request %zu of %zu", i + 1, n) : false;
    }
    return txn_commit(&txn, err);
}

/* ---- reading ---- */

bool ledger_get_request(struct ledger *ledger, int64_t number, struct arena *arena,
                        struct request *out, bool *found, struct err *err)
{
    struct loading loading = {.arena = arena};
    size_t rows;

    if (!sql_each(ledger, "SELECT " COLUMNS " FROM request WHERE number = $1",
                  SQL_VALUES(sql_int(number)), into(&loading), &rows, err))
        return false;
    *found = rows > 0;
    if (*found)
        *out = loading.rows.items[0];
    return true;
}

bool ledger_list_requests(struct ledger *ledger, const struct request_filter *filter,
                          struct arena *arena, const struct request **items, size_t *n,
                          struct err *err)
{
    /* Two texts, because a partial index serves only a condition that stands there literally. */
    static const char all[] = "SELECT " COLUMNS " FROM request WHERE number > $1"
                              " AND ($2 = '' OR person_id = $2)"
                              " AND ($3 = '' OR entitlement = $3) ORDER BY number LIMIT $4";
    static const char open[] = "SELECT " COLUMNS " FROM request WHERE number > $1"
                               " AND ($2 = '' OR person_id = $2)"
                               " AND ($3 = '' OR entitlement = $3)"
                               " AND state IN " OPEN_STATES " ORDER BY number LIMIT $4";
    struct loading loading = {.arena = arena};
    size_t limit = filter->limit > 0 ? filter->limit : SIZE_MAX;
    int64_t last = filter->after_number;
    size_t rows;

    do {
        size_t left = limit - loading.rows.n;
        size_t page = left < LEDGER_PAGE ? left : LEDGER_PAGE;
        if (!sql_each(ledger, filter->open_only ? open : all,
                      SQL_VALUES(sql_int(last), sql_text(filter->person),
                                 sql_text(filter->entitlement), sql_int((int64_t)page)),
                      into(&loading), &rows, err))
            return err_wrap(err, "loading requests");
        if (rows > 0)
            last = loading.rows.items[loading.rows.n - 1].number;
    } while (sql_page_is_full(rows) && loading.rows.n < limit);
    *items = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

struct loading_refs {
    struct arena *arena;
    VEC_OF(struct request_ref) rows;
};

static bool take_ref(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading_refs *loading = self;
    struct request_ref ref = {.id = sql_str(stmt, 0, loading->arena),
                              .number = sql_i64(stmt, 1),
                              .filed_at = sql_i64(stmt, 2),
                              .decided_at = sql_i64(stmt, 3)};

    (void)err;
    VEC_PUSH(loading->arena, &loading->rows, ref);
    return true;
}

static int compare_refs(const void *a, const void *b)
{
    const struct request_ref *ra = a;
    const struct request_ref *rb = b;

    return str_cmp(ra->id, rb->id);
}

bool ledger_request_refs(struct ledger *ledger, struct arena *arena,
                         const struct request_ref **items, size_t *n, struct err *err)
{
    struct loading_refs loading = {.arena = arena};
    int64_t last = 0;
    size_t rows;

    do {
        if (!sql_each(ledger,
                      "SELECT r.id, r.number, r.filed_at, r.decided_at FROM request r"
                      " WHERE r.number > $1"
                      " AND (EXISTS (SELECT 1 FROM seat_grant g WHERE g.request_id = r.id)"
                      "      OR EXISTS (SELECT 1 FROM seat_grant g WHERE g.end_request = r.id))"
                      " ORDER BY r.number LIMIT $2",
                      SQL_VALUES(sql_int(last), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_ref, &loading}, &rows, err))
            return err_wrap(err, "loading requests");
        if (rows > 0)
            last = loading.rows.items[loading.rows.n - 1].number;
    } while (sql_page_is_full(rows));
    if (loading.rows.n > 1)
        qsort(loading.rows.items, loading.rows.n, sizeof(loading.rows.items[0]), compare_refs);
    *items = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

/* ---- changing ---- */

bool request_read(struct ledger *ledger, struct str id, struct arena *arena, struct request *out,
                  struct err *err)
{
    struct loading loading = {.arena = arena};
    size_t rows;

    if (!sql_each(ledger, "SELECT " COLUMNS " FROM request WHERE id = $1", SQL_VALUES(sql_text(id)),
                  into(&loading), &rows, err))
        return false;
    if (rows == 0)
        return err_set(err, ERR_USAGE, "there is no such request");
    *out = loading.rows.items[0];
    return true;
}

bool request_read_open(struct ledger *ledger, struct str id, struct arena *arena,
                       struct request *out, struct err *err)
{
    if (!request_read(ledger, id, arena, out, err))
        return false;
    if (request_state_is_open(out->state))
        return true;
    return err_set(err, ERR_REFUSED, "R%lld is %s already", (long long)out->number,
                   request_state_name(out->state));
}

bool ledger_resolve_request(struct ledger *ledger, const struct actor *actor, struct str request,
                            struct str person, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct request row;

    if (!txn_begin(&txn, ledger, err) ||
        !request_read_open(ledger, request, scratch.arena, &row, err))
        return false;
    if (str_eq(row.person, person))
        return true;
    if (row.person.len > 0) {
        return err_set(err, ERR_REFUSED, "R%lld is about %.*s already", (long long)row.number,
                       STR_ARG(row.person));
    }
    row.person = person;
    return check_person(ledger, &row, err) &&
           sql_run(ledger, "UPDATE request SET person_id = $2 WHERE id = $1",
                   SQL_VALUES(sql_text(request), sql_text(person)), NULL, err) &&
           person_bump(ledger, person, err) &&
           note_request(ledger, actor, "request.resolved", &row, err) && txn_commit(&txn, err);
}

bool request_close(struct ledger *ledger, const struct actor *actor, const struct request *row,
                   enum request_state state, struct str decided_by, struct str reason,
                   struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_str(&detail, "kind", str_of(request_kind_name(row->kind)));
    detail_str(&detail, "entitlement", row->entitlement);
    detail_str(&detail, "decided_by", decided_by);
    detail_str(&detail, "reason", reason);
    struct str what = arena_printf(scratch.arena, "request.%s", request_state_name(state));
    return sql_run(ledger,
                   "UPDATE request SET state = $2, decided_at = $3, decided_by = $4,"
                   " state_reason = $5 WHERE id = $1",
                   SQL_VALUES(sql_text(row->id), sql_word(request_state_name(state)),
                              sql_int(ledger_now(ledger)), sql_text(decided_by), sql_text(reason)),
                   NULL, err) &&
           (row->person.len == 0 || person_bump(ledger, row->person, err)) &&
           audit_append(ledger, actor,
                        &(struct note){.what = what.ptr,
                                       .subject = request_label(row->number, scratch.arena),
                                       .person = row->person,
                                       .detail = detail_end(&detail)},
                        err);
}

bool ledger_cancel_request(struct ledger *ledger, const struct actor *actor,
                           const struct request *request, struct str reason, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct request row;

    return txn_begin(&txn, ledger, err) &&
           request_read_open(ledger, request->id, scratch.arena, &row, err) &&
           request_close(ledger, actor, &row, REQUEST_CANCELLED, actor->who, reason, err) &&
           txn_commit(&txn, err);
}

static bool is_meant(const struct request *row, const struct cancel_open *which)
{
    if (which->before_number != 0 && row->number >= which->before_number)
        return false;
    if (which->plan.len > 0 && !str_eq(row->plan, which->plan))
        return false;
    if (row->person.len > 0)
        return str_eq(row->person, which->person);
    return str_eq(row->who, which->person) ||
           (which->login.len > 0 && str_ieq(row->who, which->login));
}

bool requests_cancel(struct ledger *ledger, const struct actor *actor,
                     const struct cancel_open *which, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    struct request_filter filter = {.open_only = true, .entitlement = which->entitlement};
    const struct request *rows;
    size_t n;

    if (!ledger_list_requests(ledger, &filter, scratch.arena, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (is_meant(&rows[i], which) && !request_close(ledger, actor, &rows[i], REQUEST_CANCELLED,
                                                        actor->who, which->reason, err))
            return false;
    }
    return true;
}

#include "ledger/ledger_person.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/vec.h"
#include "ledger/ledger_inside.h"

/* People are seen by the thousand; nobody waits longer than for this many. */
#define SEE_PAGE 500

#define COLUMNS                                                                              \
    "okta_id, login, email, first_name, last_name, status, profile, first_seen_at, seen_at," \
    " inactive_since, inactive_last, gone_since, gone_last, ineligible_since, version,"      \
    " blocked_at, blocked_by, blocked_reason, digest"

/* ---- words and JSON ---- */

/* Okta's words, and GONE, which is a conclusion of ours that Okta's parser does not know. */
static enum user_status parse_status(struct str word)
{
    return str_is(word, user_status_name(USER_GONE)) ? USER_GONE : user_status_parse(word);
}

static void put_profile(struct buf *buf, const struct person *person)
{
    struct json_out out = {.buf = buf};

    buf_clear(buf);
    json_open(&out, NULL, '{');
    for (size_t i = 0; i < person->n_profile; i++) {
        char name[256];
        (void)snprintf(name, sizeof(name), "%.*s", STR_ARG(person->profile[i].name));
        json_put_str(&out, name, person->profile[i].value);
    }
    json_end(&out, '}');
}

static int compare_profile(const void *a, const void *b)
{
    const struct profile_value *va = a;
    const struct profile_value *vb = b;

    return str_cmp(va->name, vb->name);
}

static bool read_profile(struct str text, struct arena *arena, struct person *person,
                         struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;

    if (text.len == 0 || str_is(text, "{}"))
        return true;
    if (!json_parse(text, "profile of a person", &root, err))
        return err_set(err, ERR_LEDGER, "ledger: a person's profile is not what we wrote");
    size_t n = 0;
    struct profile_value *values = arena_array(arena, struct profile_value, json_count(root));
    for (const struct json *e = json_first(root); e; e = json_next(e)) {
        struct str value;
        if (!json_as_str(e, &value, err))
            return err_set(err, ERR_LEDGER, "ledger: a person's profile is not what we wrote");
        values[n++] =
            (struct profile_value){arena_str(arena, json_key(e)), arena_str(arena, value)};
    }
    qsort(values, n, sizeof(values[0]), compare_profile);
    person->profile = values;
    person->n_profile = n;
    return true;
}

/* ---- digests ---- */

static void begin_digest(struct row_digest *digest, const struct person_row *row)
{
    row_digest_begin(digest, "person");
    row_digest_text(digest, row->person.id);
    row_digest_int(digest, row->blocked_at);
    row_digest_text(digest, row->blocked_by);
    row_digest_text(digest, row->blocked_reason);
}

/* ---- reading ---- */

struct loading {
    struct arena *arena;
    VEC_OF(struct person_row) rows;
};

static bool take_person(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading *loading = self;
    struct arena *arena = loading->arena;
    struct row_digest digest;
    struct person_row row = {
        .person = {.id = sql_str(stmt, 0, arena),
                   .login = sql_str(stmt, 1, arena),
                   .email = sql_str(stmt, 2, arena),
                   .first_name = sql_str(stmt, 3, arena),
                   .last_name = sql_str(stmt, 4, arena),
                   .status = parse_status(sql_view(stmt, 5))},
        .first_seen_at = sql_i64(stmt, 7),
        .seen_at = sql_i64(stmt, 8),
        .inactive_since = sql_i64(stmt, 9),
        .inactive_last = sql_i64(stmt, 10),
        .gone_since = sql_i64(stmt, 11),
        .gone_last = sql_i64(stmt, 12),
        .ineligible_since = sql_i64(stmt, 13),
        .version = sql_i64(stmt, 14),
        .blocked_at = sql_i64(stmt, 15),
        .blocked_by = sql_str(stmt, 16, arena),
        .blocked_reason = sql_str(stmt, 17, arena),
    };

    begin_digest(&digest, &row);
    if (!row_digest_fits(&digest, sql_view(stmt, 18), "person", row.person.id, err) ||
        !read_profile(sql_view(stmt, 6), arena, &row.person, err))
        return false;
    VEC_PUSH(arena, &loading->rows, row);
    return true;
}

static int compare_rows(const void *a, const void *b)
{
    const struct person_row *ra = a;
    const struct person_row *rb = b;

    return str_cmp(ra->person.id, rb->person.id);
}

static void give_rows(struct loading *loading, const struct person_row **items, size_t *n)
{
    if (loading->rows.n > 1)
        qsort(loading->rows.items, loading->rows.n, sizeof(loading->rows.items[0]), compare_rows);
    *items = loading->rows.items;
    *n = loading->rows.n;
}

bool ledger_load_people(struct ledger *ledger, struct arena *arena, const struct person_row **items,
                        size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena};
    size_t rows;

    do {
        struct str last =
            loading.rows.n > 0 ? loading.rows.items[loading.rows.n - 1].person.id : (struct str){0};
        if (!sql_each(ledger,
                      "SELECT " COLUMNS " FROM person WHERE okta_id > $1 ORDER BY okta_id LIMIT $2",
                      SQL_VALUES(sql_text(last), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_person, &loading}, &rows, err))
            return err_wrap(err, "loading people");
    } while (sql_page_is_full(rows));
    give_rows(&loading, items, n);
    return true;
}

bool ledger_get_person(struct ledger *ledger, struct str okta_id, struct arena *arena,
                       struct person_row *out, bool *found, struct err *err)
{
    struct loading loading = {.arena = arena};
    size_t rows;

    if (!sql_each(ledger, "SELECT " COLUMNS " FROM person WHERE okta_id = $1",
                  SQL_VALUES(sql_text(okta_id)), (struct sql_sink){take_person, &loading}, &rows,
                  err))
        return false;
    *found = rows > 0;
    if (*found)
        *out = loading.rows.items[0];
    return true;
}

bool ledger_find_people(struct ledger *ledger, struct str who, struct arena *arena,
                        const struct person_row **items, size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena};
    size_t rows;

    if (!sql_each(ledger, "SELECT " COLUMNS " FROM person WHERE okta_id = $1 OR login_key = $2",
                  SQL_VALUES(sql_text(who), sql_text(login_key(who, arena))),
                  (struct sql_sink){take_person, &loading}, &rows, err))
        return false;
    give_rows(&loading, items, n);
    return true;
}

/* ---- seeing ---- */

enum sight { SIGHT_NOTHING, SIGHT_ACTIVE, SIGHT_INACTIVE, SIGHT_GONE };

static enum sight sight_of(enum user_status status)
{
    switch (status) {
    case USER_UNKNOWN: return SIGHT_NOTHING;
    case USER_SUSPENDED:
    case USER_DEPROVISIONED: return SIGHT_INACTIVE;
    case USER_GONE: return SIGHT_GONE;
    case USER_STAGED:
    case USER_PROVISIONED:
    case USER_ACTIVE:
    case USER_RECOVERY:
    case USER_PASSWORD_EXPIRED:
    case USER_LOCKED_OUT: break;
    }
    return SIGHT_ACTIVE;
}

/*
 * New people begin with this sight; known ones keep what it does not tell: empty labels and an
 * unknown status say nothing. Inactive times start over when SUSPENDED becomes DEPROVISIONED or
 * the other way round, because each has a grace of its own.
 *
 * $13: 0 nothing, 1 active, 2 inactive, 3 gone.
 */
static const char see_sql[] =
    "INSERT INTO person (okta_id, login, login_key, email, first_name, last_name, status, profile,"
    " first_seen_at, seen_at, inactive_since, inactive_last, gone_since, gone_last, digest)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $10, $11, $11, $12)"
    " ON CONFLICT (okta_id) DO UPDATE SET"
    " login = CASE WHEN excluded.login <> '' THEN excluded.login ELSE person.login END,"
    " login_key = CASE WHEN excluded.login <> '' THEN excluded.login_key"
    "             ELSE person.login_key END,"
    " email = CASE WHEN excluded.email <> '' THEN excluded.email ELSE person.email END,"
    " first_name = CASE WHEN excluded.first_name <> '' THEN excluded.first_name"
    "              ELSE person.first_name END,"
    " last_name = CASE WHEN excluded.last_name <> '' THEN excluded.last_name"
    "             ELSE person.last_name END,"
    " profile = CASE WHEN excluded.profile <> '{}' THEN excluded.profile ELSE person.profile END,"
    " status = CASE WHEN $13 = 0 THEN person.status ELSE excluded.status END,"
    " seen_at = CASE WHEN $13 IN (1, 2) AND excluded.seen_at > person.seen_at"
    "           THEN excluded.seen_at ELSE person.seen_at END,"
    " inactive_since = CASE WHEN $13 = 1 THEN NULL"
    "    WHEN $13 = 2 AND (person.inactive_since IS NULL OR person.status <> excluded.status"
    "                      AND person.status IN ('SUSPENDED', 'DEPROVISIONED'))"
    "    THEN excluded.inactive_since ELSE person.inactive_since END,"
    " inactive_last = CASE WHEN $13 = 1 THEN NULL"
    "    WHEN $13 = 2 THEN excluded.inactive_last ELSE person.inactive_last END,"
    " gone_since = CASE WHEN $13 IN (1, 2) THEN NULL"
    "    WHEN $13 = 3 AND person.gone_since IS NULL THEN excluded.gone_since"
    "    ELSE person.gone_since END,"
    " gone_last = CASE WHEN $13 IN (1, 2) THEN NULL"
    "    WHEN $13 = 3 THEN excluded.gone_last ELSE person.gone_last END";

static bool see_one(struct stmt *stmt, const struct person *person, int64_t seen_at,
                    struct buf *profile, struct arena *arena, struct err *err)
{
    enum sight sight = sight_of(person->status);
    struct person_row row = {.person.id = person->id};
    struct row_digest digest;

    put_profile(profile, person);
    begin_digest(&digest, &row);
    sql_bind(stmt,
             SQL_VALUES(sql_text(person->id), sql_text(person->login),
                        sql_text(login_key(person->login, arena)), sql_text(person->email),
                        sql_text(person->first_name), sql_text(person->last_name),
                        sql_word(user_status_name(person->status)), sql_text(buf_str(profile)),
                        sql_int(seen_at), sql_int_or_null(sight == SIGHT_INACTIVE ? seen_at : 0),
                        sql_int_or_null(sight == SIGHT_GONE ? seen_at : 0),
                        sql_text(row_digest_end(&digest)), sql_int(sight)));
    return sql_finish(stmt, NULL, err);
}

static bool see_page(struct ledger *ledger, const struct person *people, size_t n, int64_t seen_at,
                     struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(buf_fini) struct buf profile = {0};
    CLEANUP(txn_end) struct txn txn = {0};

    if (!txn_begin(&txn, ledger, err))
        return false;
    CLEANUP(sql_done) struct stmt stmt = {0};
    if (!sql_prepare(ledger, &stmt, see_sql, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (people[i].id.len == 0)
            return err_set(err, ERR_INTERNAL, "ledger: a person without an id");
        if (!see_one(&stmt, &people[i], seen_at, &profile, scratch.arena, err))
            return false;
    }
    return txn_commit(&txn, err);
}

bool ledger_see_people(struct ledger *ledger, const struct person *people, size_t n,
                       int64_t seen_at, struct err *err)
{
    for (size_t i = 0; i < n; i += SEE_PAGE) {
        if (!see_page(ledger, people + i, n - i < SEE_PAGE ? n - i : SEE_PAGE, seen_at, err))
            return err_wrap(err, "noting who was seen");
    }
    return true;
}

bool ledger_note_ineligible(struct ledger *ledger, struct str person, int64_t since,
                            struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};

    return txn_begin(&txn, ledger, err) &&
           sql_run(ledger, "UPDATE person SET ineligible_since = $2 WHERE okta_id = $1",
                   SQL_VALUES(sql_text(person), sql_int_or_null(since)), NULL, err) &&
           txn_commit(&txn, err);
}

/* ---- blocking ---- */

bool person_bump(struct ledger *ledger, struct str person, struct err *err)
{
    return sql_run(ledger, "UPDATE person SET version = version + 1 WHERE okta_id = $1",
                   SQL_VALUES(sql_text(person)), NULL, err);
}

static bool write_block(struct ledger *ledger, const struct person_row *row, struct err *err)
{
    struct row_digest digest;

    begin_digest(&digest, row);
    return sql_run(ledger,
                   "UPDATE person SET blocked_at = $2, blocked_by = $3, blocked_reason = $4,"
                   " digest = $5, version = version + 1 WHERE okta_id = $1",
                   SQL_VALUES(sql_text(row->person.id), sql_int_or_null(row->blocked_at),
                              row->blocked_at != 0 ? sql_text(row->blocked_by)
                                                   : sql_text_or_null((struct str){0}),
                              sql_text_or_null(row->blocked_reason),
                              sql_text(row_digest_end(&digest))),
                   NULL, err);
}

static bool note_block(struct ledger *ledger, const struct actor *actor, const char *what,
                       const struct person *person, struct str reason, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_str(&detail, "login", person->login);
    detail_str(&detail, "reason", reason);
    return audit_append(ledger, actor,
                        &(struct note){.what = what,
                                       .subject = person->id,
                                       .person = person->id,
                                       .detail = detail_end(&detail)},
                        err);
}

static bool get_known(struct ledger *ledger, struct str person, struct arena *arena,
                      struct person_row *out, struct err *err)
{
    bool found;

    if (!ledger_get_person(ledger, person, arena, out, &found, err))
        return false;
    return found ||
           err_set(err, ERR_USAGE, "the ledger knows nobody with the id %.*s", STR_ARG(person));
}

/* What a block takes away at once. */
static bool end_everything(struct ledger *ledger, const struct actor *actor,
                           const struct person *person, struct err *err)
{
    struct grant_end end = {.person = person->id,
                            .at = ledger_now(ledger),
                            .cause = CAUSE_BLOCKED,
                            .subject = person->id};
    struct cancel_open open = {
        .person = person->id, .login = person->login, .reason = STR("the person was blocked")};

    return grants_end(ledger, actor, &end, NULL, err) && requests_cancel(ledger, actor, &open, err);
}

bool ledger_block(struct ledger *ledger, const struct actor *actor, struct str person,
                  struct str reason, bool *changed, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct person_row row;

    if (!txn_begin(&txn, ledger, err) || !get_known(ledger, person, scratch.arena, &row, err))
        return false;
    if (row.blocked_at != 0) {
        *changed = false;
        return true;
    }
    row.blocked_at = ledger_now(ledger);
    row.blocked_by = actor->who;
    row.blocked_reason = reason;
    if (!write_block(ledger, &row, err) ||
        !note_block(ledger, actor, "person.blocked", &row.person, reason, err) ||
        !end_everything(ledger, actor, &row.person, err) || !txn_commit(&txn, err))
        return false;
    *changed = true;
    return true;
}

bool ledger_unblock(struct ledger *ledger, const struct actor *actor, struct str person,
                    struct str reason, bool *changed, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct person_row row;

    if (!txn_begin(&txn, ledger, err) || !get_known(ledger, person, scratch.arena, &row, err))
        return false;
    if (row.blocked_at == 0) {
        *changed = false;
        return true;
    }
    row.blocked_at = 0;
    row.blocked_by = row.blocked_reason = (struct str){0};
    if (!write_block(ledger, &row, err) ||
        !note_block(ledger, actor, "person.unblocked", &row.person, reason, err) ||
        !txn_commit(&txn, err))
        return false;
    *changed = true;
    return true;
}

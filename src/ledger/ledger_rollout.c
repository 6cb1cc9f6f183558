#include "ledger/ledger_rollout.h"

#include "base/uuid.h"
#include "base/vec.h"
#include "ledger/ledger_rollout_inside.h"

/* Rollouts as rows: started, moved by people, read. What a run does with them is in
 * ledger_rollout_run.c. */

#define COLUMNS                                                                    \
    "id, number, entitlement, from_plan, to_plan, scope, waves, halt_on, bake_ms," \
    " confirm_one_way, reason, started_by, started_at, state, state_why, wave,"    \
    " wave_began_at, proved_at, confirmed, looked_at, steady_since, ended_at, digest"

struct str rollout_label(int64_t number, struct arena *arena)
{
    return arena_printf(arena, "W%lld", (long long)number);
}

/* ---- digests ---- */

static void begin_digest(struct row_digest *digest, const struct rollout_row *row)
{
    row_digest_begin(digest, "rollout");
    row_digest_text(digest, row->id);
    row_digest_int(digest, row->number);
    row_digest_text(digest, row->entitlement);
    row_digest_text(digest, row->from_plan);
    row_digest_text(digest, row->to_plan);
    row_digest_text(digest, row->scope);
    row_digest_text(digest, row->waves);
    row_digest_text(digest, row->halt_on);
    row_digest_int(digest, row->bake_ms);
    row_digest_int(digest, row->confirm_one_way);
    row_digest_text(digest, row->reason);
    row_digest_text(digest, row->started_by);
    row_digest_int(digest, row->started_at);
}

static void begin_member_digest(struct row_digest *digest, struct str rollout, size_t order,
                                struct str person)
{
    row_digest_begin(digest, "rollout_member");
    row_digest_text(digest, rollout);
    row_digest_int(digest, (int64_t)order);
    row_digest_text(digest, person);
}

/* ---- reading ---- */

struct loading {
    struct arena *arena;
    VEC_OF(struct rollout_row) rows;
};

static bool take_rollout(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading *loading = self;
    struct arena *arena = loading->arena;
    struct str state = sql_view(stmt, 13);
    struct row_digest digest;
    struct rollout_row row = {
        .id = sql_str(stmt, 0, arena),
        .number = sql_i64(stmt, 1),
        .entitlement = sql_str(stmt, 2, arena),
        .from_plan = sql_str(stmt, 3, arena),
        .to_plan = sql_str(stmt, 4, arena),
        .scope = sql_str(stmt, 5, arena),
        .waves = sql_str(stmt, 6, arena),
        .halt_on = sql_str(stmt, 7, arena),
        .bake_ms = sql_i64(stmt, 8),
        .confirm_one_way = sql_i64(stmt, 9) != 0,
        .reason = sql_str(stmt, 10, arena),
        .started_by = sql_str(stmt, 11, arena),
        .started_at = sql_i64(stmt, 12),
        .state_why = sql_str(stmt, 14, arena),
        .wave = (size_t)sql_i64(stmt, 15),
        .wave_began_at = sql_i64(stmt, 16),
        .proved_at = sql_i64(stmt, 17),
        .confirmed = sql_i64(stmt, 18) != 0,
        .looked_at = sql_i64(stmt, 19),
        .steady_since = sql_i64(stmt, 20),
        .ended_at = sql_i64(stmt, 21),
    };

    if (!rollout_state_parse(state, &row.state))
        return bad_word("rollout.state", state, err);
    begin_digest(&digest, &row);
    if (!row_digest_fits(&digest, sql_view(stmt, 22), "rollout", row.id, err))
        return false;
    VEC_PUSH(arena, &loading->rows, row);
    return true;
}

static struct sql_sink into(struct loading *loading)
{
    return (struct sql_sink){take_rollout, loading};
}

bool ledger_list_rollouts(struct ledger *ledger, bool only_open, struct arena *arena,
                          const struct rollout_row **out, size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena};
    int64_t last = INT64_MAX;
    size_t rows;

    do {
        if (!sql_each(ledger,
                      "SELECT " COLUMNS " FROM rollout WHERE number < $1"
                      " AND ($2 = 0 OR state IN ('running', 'paused', 'halted'))"
                      " ORDER BY number DESC LIMIT $3",
                      SQL_VALUES(sql_int(last), sql_int(only_open), sql_int(LEDGER_PAGE)),
                      into(&loading), &rows, err))
            return err_wrap(err, "loading rollouts");
        if (rows > 0)
            last = loading.rows.items[loading.rows.n - 1].number;
    } while (sql_page_is_full(rows));
    *out = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

bool rollout_read(struct ledger *ledger, struct str id, struct arena *arena,
                  struct rollout_row *out, struct err *err)
{
    struct loading loading = {.arena = arena};
    size_t rows;

    if (!sql_each(ledger, "SELECT " COLUMNS " FROM rollout WHERE id = $1", SQL_VALUES(sql_text(id)),
                  into(&loading), &rows, err))
        return false;
    if (rows == 0)
        return err_set(err, ERR_LEDGER, "ledger: there is no such rollout");
    *out = loading.rows.items[0];
    return true;
}

bool rollout_read_same(struct ledger *ledger, const struct rollout_row *row, struct arena *arena,
                       struct rollout_row *out, struct err *err)
{
    if (!rollout_read(ledger, row->id, arena, out, err))
        return false;
    if (out->wave != row->wave) {
        return err_set(err, ERR_REFUSED, "rollout W%lld is in wave %zu meanwhile",
                       (long long)row->number, out->wave);
    }
    return rollout_state_is_open(out->state) ||
           err_set(err, ERR_REFUSED, "rollout W%lld is %s already", (long long)row->number,
                   rollout_state_name(out->state));
}

struct loading_members {
    struct arena *arena;
    struct str rollout;
    VEC_OF(struct rollout_member) rows;
};

static bool take_member(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading_members *loading = self;
    struct arena *arena = loading->arena;
    struct str place = sql_view(stmt, 2);
    struct row_digest digest;
    struct rollout_member row = {
        .place_in_order = (size_t)sql_i64(stmt, 0),
        .person = sql_str(stmt, 1, arena),
        .request = sql_str(stmt, 3, arena),
        .why = sql_str(stmt, 4, arena),
        .at = sql_i64(stmt, 5),
        .accepted = sql_i64(stmt, 6) != 0,
    };

    if (!rollout_place_parse(place, &row.place))
        return bad_word("rollout_member.place", place, err);
    begin_member_digest(&digest, loading->rollout, row.place_in_order, row.person);
    if (!row_digest_fits(&digest, sql_view(stmt, 7), "rollout member", row.person, err))
        return false;
    VEC_PUSH(arena, &loading->rows, row);
    return true;
}

bool ledger_rollout_members(struct ledger *ledger, struct str rollout, struct arena *arena,
                            const struct rollout_member **out, size_t *n, struct err *err)
{
    struct loading_members loading = {.arena = arena, .rollout = rollout};
    size_t rows;

    do {
        /* The order has no gaps, so what was read so far is where it goes on. */
        if (!sql_each(ledger,
                      "SELECT place_in_order, person_id, place, request_id, why, at, accepted,"
                      " digest FROM rollout_member"
                      " WHERE rollout_id = $1 AND place_in_order >= $2"
                      " ORDER BY place_in_order LIMIT $3",
                      SQL_VALUES(sql_text(rollout), sql_int((int64_t)loading.rows.n),
                                 sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_member, &loading}, &rows, err))
            return err_wrap(err, "loading a rollout's people");
    } while (sql_page_is_full(rows));
    for (size_t i = 0; i < loading.rows.n; i++) {
        if (loading.rows.items[i].place_in_order != i)
            return err_set(err, ERR_LEDGER, "ledger: somebody is missing in a rollout");
    }
    *out = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

/* ---- starting ---- */

bool rollout_note(struct ledger *ledger, const struct actor *actor, const char *what,
                  const struct rollout_row *row, struct str person, struct str detail,
                  struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);

    return audit_append(ledger, actor,
                        &(struct note){.what = what,
                                       .subject = rollout_label(row->number, scratch.arena),
                                       .person = person,
                                       .detail = detail},
                        err);
}

static bool note_start(struct ledger *ledger, const struct actor *actor,
                       const struct rollout_row *row, size_t n, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_str(&detail, "entitlement", row->entitlement);
    detail_str(&detail, "from", row->from_plan);
    detail_str(&detail, "to", row->to_plan);
    detail_str(&detail, "scope", row->scope);
    detail_i64(&detail, "people", (int64_t)n);
    detail_str(&detail, "waves", row->waves);
    detail_str(&detail, "halt_on", row->halt_on);
    detail_i64(&detail, "bake_ms", row->bake_ms);
    detail_i64(&detail, "confirm_one_way", row->confirm_one_way);
    detail_str(&detail, "reason", row->reason);
    return rollout_note(ledger, actor, "rollout.started", row, (struct str){0}, detail_end(&detail),
                        err);
}

/* What a run will have to read again must be readable now. */
static bool check_start(const struct rollout_row *row, size_t n, struct arena *arena,
                        struct err *err)
{
    const struct rollout_wave *waves;
    struct rollout_halt halt;
    size_t n_waves;

    if (!rollout_parse_waves(row->waves, arena, &waves, &n_waves, err) ||
        !rollout_parse_halt(row->halt_on, &halt, err))
        return false;
    if (row->entitlement.len == 0 || row->from_plan.len == 0 || row->to_plan.len == 0 ||
        str_eq(row->from_plan, row->to_plan))
        return err_set(err, ERR_USAGE, "rollout: two plans of an entitlement are needed");
    if (row->bake_ms < 0)
        return err_set(err, ERR_USAGE, "rollout: nothing bakes for less than no time");
    return n > 0 || err_set(err, ERR_REFUSED, "rollout: there is nobody to move");
}

static bool check_alone(struct ledger *ledger, struct str entitlement, struct arena *arena,
                        struct err *err)
{
    const struct rollout_row *open;
    size_t n;

    if (!ledger_list_rollouts(ledger, true, arena, &open, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(open[i].entitlement, entitlement)) {
            return err_set(err, ERR_REFUSED,
                           "rollout W%lld of %.*s is %s: one at a time; wait for its end, or abort "
                           "it",
                           (long long)open[i].number, STR_ARG(entitlement),
                           rollout_state_name(open[i].state));
        }
    }
    return true;
}

static bool insert_rollout(struct ledger *ledger, const struct rollout_row *row, struct err *err)
{
    struct row_digest digest;

    begin_digest(&digest, row);
    return sql_run(ledger,
                   "INSERT INTO rollout (id, number, entitlement, from_plan, to_plan, scope, waves,"
                   " halt_on, bake_ms, confirm_one_way, reason, started_by, started_at, state,"
                   " looked_at, steady_since, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"
                   " $10, $11, $12, $13, 'running', $13, $13, $14)",
                   SQL_VALUES(sql_text(row->id), sql_int(row->number), sql_text(row->entitlement),
                              sql_text(row->from_plan), sql_text(row->to_plan),
                              sql_text(row->scope), sql_text(row->waves), sql_text(row->halt_on),
                              sql_int(row->bake_ms), sql_int(row->confirm_one_way),
                              sql_text(row->reason), sql_text(row->started_by),
                              sql_int(row->started_at), sql_text(row_digest_end(&digest))),
                   NULL, err);
}

static bool insert_members(struct ledger *ledger, const struct rollout_row *row,
                           const struct str *people, size_t n, struct err *err)
{
    CLEANUP(sql_done) struct stmt stmt = {0};

    if (!sql_prepare(ledger, &stmt,
                     "INSERT INTO rollout_member (rollout_id, place_in_order, person_id, digest)"
                     " VALUES ($1, $2, $3, $4)",
                     err))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct row_digest digest;

        begin_member_digest(&digest, row->id, i, people[i]);
        sql_bind(&stmt, SQL_VALUES(sql_text(row->id), sql_int((int64_t)i), sql_text(people[i]),
                                   sql_text(row_digest_end(&digest))));
        if (!sql_finish(&stmt, NULL, err))
            return err_wrap(err, "rollout: person %.*s", STR_ARG(people[i]));
    }
    return true;
}

bool ledger_start_rollout(struct ledger *ledger, const struct actor *actor, struct rollout_row *row,
                          const struct str *people, size_t n, struct arena *arena, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};
    struct rollout_row made = *row;

    made.started_at = made.looked_at = made.steady_since = ledger_now(ledger);
    made.state = ROLLOUT_RUNNING;
    made.state_why = (struct str){0};
    made.wave = 0;
    made.wave_began_at = made.proved_at = made.ended_at = 0;
    made.confirmed = false;
    if (made.id.len == 0)
        made.id = uuid_str(made.started_at, arena);
    if (made.started_by.len == 0)
        made.started_by = arena_str(arena, actor->who);
    if (made.scope.len == 0)
        made.scope = STR("people");
    if (!check_start(&made, n, arena, err) || !txn_begin(&txn, ledger, err) ||
        !check_alone(ledger, made.entitlement, arena, err) ||
        !sql_number(ledger, "SELECT COALESCE(MAX(number), 0) + 1 FROM rollout", SQL_NO_VALUES,
                    &made.number, err) ||
        !insert_rollout(ledger, &made, err) || !insert_members(ledger, &made, people, n, err) ||
        !note_start(ledger, actor, &made, n, err) || !txn_commit(&txn, err))
        return false;
    *row = made;
    return true;
}

/* ---- what people decide ---- */

static bool may_move(enum rollout_state from, enum rollout_state to)
{
    switch (from) {
    case ROLLOUT_RUNNING: return to != ROLLOUT_RUNNING;
    case ROLLOUT_PAUSED:
    case ROLLOUT_HALTED: return to == ROLLOUT_RUNNING || to == ROLLOUT_ABORTED;
    case ROLLOUT_DONE:
    case ROLLOUT_ABORTED: break;
    }
    return false;
}

static const char *move_word(enum rollout_state to)
{
    static const char *const words[] = {
        [ROLLOUT_RUNNING] = "rollout.resumed", [ROLLOUT_PAUSED] = "rollout.paused",
        [ROLLOUT_HALTED] = "rollout.halted",   [ROLLOUT_DONE] = "rollout.done",
        [ROLLOUT_ABORTED] = "rollout.aborted",
    };

    return words[to];
}

static bool note_move(struct ledger *ledger, const struct actor *actor,
                      const struct rollout_row *row, enum rollout_state to, struct str why,
                      int64_t accepted, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_i64(&detail, "wave", (int64_t)row->wave);
    detail_str(&detail, "reason", why);
    detail_i64(&detail, "accepted_failures", accepted);
    return rollout_note(ledger, actor, move_word(to), row, (struct str){0}, detail_end(&detail),
                        err);
}

/* Going on after a halt says that the failures so far are no reason to stop; but what was proved
 * before it says little, so the wave bakes anew. */
static bool accept_failures(struct ledger *ledger, const struct rollout_row *row, int64_t *accepted,
                            struct err *err)
{
    return sql_run(ledger, "UPDATE rollout SET proved_at = 0 WHERE id = $1",
                   SQL_VALUES(sql_text(row->id)), NULL, err) &&
           sql_run(ledger,
                   "UPDATE rollout_member SET accepted = 1"
                   " WHERE rollout_id = $1 AND place = 'failed' AND accepted = 0",
                   SQL_VALUES(sql_text(row->id)), accepted, err);
}

bool ledger_move_rollout(struct ledger *ledger, const struct actor *actor,
                         const struct rollout_row *row, enum rollout_state to, struct str why,
                         struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct rollout_row now;
    int64_t accepted = 0;
    bool ends = !rollout_state_is_open(to);

    if (!txn_begin(&txn, ledger, err) || !rollout_read(ledger, row->id, scratch.arena, &now, err))
        return false;
    if (now.state != row->state || now.wave != row->wave || !may_move(now.state, to)) {
        return err_set(err, ERR_REFUSED, "rollout W%lld is %s%s", (long long)row->number,
                       rollout_state_name(now.state),
                       now.state == row->state && now.wave == row->wave ? " already"
                                                                        : " by now: look again");
    }
    if (now.state == ROLLOUT_HALTED && to == ROLLOUT_RUNNING &&
        !accept_failures(ledger, row, &accepted, err))
        return false;
    return sql_run(ledger,
                   "UPDATE rollout SET state = $2, state_why = $3, ended_at = $4 WHERE id = $1",
                   SQL_VALUES(sql_text(row->id), sql_word(rollout_state_name(to)),
                              sql_text(to == ROLLOUT_RUNNING ? (struct str){0} : why),
                              sql_int(ends ? ledger_now(ledger) : 0)),
                   NULL, err) &&
           note_move(ledger, actor, row, to, why, accepted, err) && txn_commit(&txn, err);
}

bool ledger_confirm_rollout(struct ledger *ledger, const struct actor *actor,
                            const struct rollout_row *row, struct str reason, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(detail_fini) struct detail detail = {0};
    CLEANUP(txn_end) struct txn txn = {0};
    struct rollout_row now;

    if (!txn_begin(&txn, ledger, err) || !rollout_read_same(ledger, row, scratch.arena, &now, err))
        return false;
    if (now.wave == 0 || now.confirmed) {
        return err_set(err, ERR_REFUSED,
                       now.confirmed ? "wave %zu of rollout W%lld is confirmed already"
                                     : "no wave (%zu) of rollout W%lld has begun yet",
                       now.wave, (long long)now.number);
    }
    detail_begin(&detail);
    detail_i64(&detail, "wave", (int64_t)now.wave);
    detail_str(&detail, "reason", reason);
    return sql_run(ledger, "UPDATE rollout SET confirmed = 1 WHERE id = $1",
                   SQL_VALUES(sql_text(row->id)), NULL, err) &&
           rollout_note(ledger, actor, "rollout.confirmed", row, (struct str){0},
                        detail_end(&detail), err) &&
           txn_commit(&txn, err);
}

#include "base/uuid.h"
#include "base/vec.h"
#include "ledger/ledger_finding.h"
#include "ledger/ledger_inside.h"

/* ---- freezes ---- */

struct loading_freezes {
    struct arena *arena;
    VEC_OF(struct freeze_row) rows;
};

static bool take_freeze(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading_freezes *loading = self;
    struct freeze_row row = {
        .id = sql_str(stmt, 0, loading->arena),
        .entitlement = sql_str(stmt, 1, loading->arena),
        .removals = sql_i64(stmt, 2) != 0,
        .reason = sql_str(stmt, 3, loading->arena),
        .by = sql_str(stmt, 4, loading->arena),
        .at = sql_i64(stmt, 5),
        .until = sql_i64(stmt, 6),
    };

    (void)err;
    VEC_PUSH(loading->arena, &loading->rows, row);
    return true;
}

bool ledger_load_freezes(struct ledger *ledger, int64_t now_ms, struct arena *arena,
                         const struct freeze_row **items, size_t *n, struct err *err)
{
    struct loading_freezes loading = {.arena = arena};
    struct str last = {0};
    size_t rows;

    do {
        if (!sql_each(ledger,
                      "SELECT id, entitlement, removals, reason, frozen_by, frozen_at, until_at"
                      " FROM freeze WHERE id > $1 AND lifted_at IS NULL"
                      " AND (until_at IS NULL OR until_at > $2) ORDER BY id LIMIT $3",
                      SQL_VALUES(sql_text(last), sql_int(now_ms), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_freeze, &loading}, &rows, err))
            return err_wrap(err, "loading freezes");
        if (rows > 0)
            last = loading.rows.items[loading.rows.n - 1].id;
    } while (sql_page_is_full(rows));
    *items = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

/* What a freeze or a lowered mode is about; everything has no name. */
static struct str subject_of(struct str entitlement)
{
    return entitlement.len > 0 ? entitlement : STR("everything");
}

static bool note_freeze(struct ledger *ledger, const struct actor *actor,
                        const struct freeze_row *freeze, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_str(&detail, "id", freeze->id);
    detail_str(&detail, "entitlement", freeze->entitlement);
    detail_str(&detail, "what", freeze->removals ? STR("removals") : STR("all"));
    detail_i64(&detail, "until", freeze->until);
    detail_str(&detail, "reason", freeze->reason);
    return audit_append(ledger, actor,
                        &(struct note){.what = "freeze",
                                       .subject = subject_of(freeze->entitlement),
                                       .detail = detail_end(&detail)},
                        err);
}

bool ledger_freeze(struct ledger *ledger, const struct actor *actor,
                   const struct freeze_row *freeze, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct freeze_row row = *freeze;

    row.at = ledger_now(ledger);
    if (row.id.len == 0)
        row.id = uuid_str(row.at, scratch.arena);
    if (row.by.len == 0)
        row.by = actor->who;
    return txn_begin(&txn, ledger, err) &&
           sql_run(ledger,
                   "INSERT INTO freeze (id, entitlement, removals, reason, frozen_by, frozen_at,"
                   " until_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                   SQL_VALUES(sql_text(row.id), sql_text(row.entitlement), sql_int(row.removals),
                              sql_text(row.reason), sql_text(row.by), sql_int(row.at),
                              sql_int_or_null(row.until)),
                   NULL, err) &&
           note_freeze(ledger, actor, &row, err) && txn_commit(&txn, err);
}

bool ledger_unfreeze(struct ledger *ledger, const struct actor *actor, struct str entitlement,
                     struct str reason, size_t *n, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail = {0};
    CLEANUP(txn_end) struct txn txn = {0};
    int64_t now = ledger_now(ledger);
    int64_t lifted;

    if (!txn_begin(&txn, ledger, err) ||
        !sql_run(ledger,
                 "UPDATE freeze SET lifted_at = $2, lifted_by = $3 WHERE entitlement = $1"
                 " AND lifted_at IS NULL AND (until_at IS NULL OR until_at > $2)",
                 SQL_VALUES(sql_text(entitlement), sql_int(now), sql_text(actor->who)), &lifted,
                 err))
        return false;
    if (lifted > 0) {
        detail_begin(&detail);
        detail_str(&detail, "entitlement", entitlement);
        detail_i64(&detail, "lifted", lifted);
        detail_str(&detail, "reason", reason);
        struct note note = {
            .what = "unfreeze", .subject = subject_of(entitlement), .detail = detail_end(&detail)};
        if (!audit_append(ledger, actor, &note, err) || !txn_commit(&txn, err))
            return false;
    }
    *n = (size_t)lifted;
    return true;
}

/* ---- modes that an anomaly lowered ---- */

struct loading_floors {
    struct arena *arena;
    VEC_OF(struct mode_floor) rows;
};

static bool take_floor(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading_floors *loading = self;
    struct str mode = sql_view(stmt, 1);
    struct mode_floor row = {
        .entitlement = sql_str(stmt, 0, loading->arena),
        .reason = sql_str(stmt, 2, loading->arena),
        .since = sql_i64(stmt, 3),
    };

    if (!mode_parse_word(mode, &row.mode))
        return bad_word("mode_floor.mode", mode, err);
    VEC_PUSH(loading->arena, &loading->rows, row);
    return true;
}

bool ledger_load_floors(struct ledger *ledger, struct arena *arena, const struct mode_floor **items,
                        size_t *n, struct err *err)
{
    struct loading_floors loading = {.arena = arena};
    struct str last = {0};
    bool first = true;
    size_t rows;

    do {
        /* The name of everything is the empty one, which no `>` would find. */
        if (!sql_each(ledger,
                      "SELECT entitlement, mode, reason, since FROM mode_floor"
                      " WHERE entitlement > $1 OR $2 = 1 ORDER BY entitlement LIMIT $3",
                      SQL_VALUES(sql_text(last), sql_int(first), sql_int(LEDGER_PAGE)),
                      (struct sql_sink){take_floor, &loading}, &rows, err))
            return err_wrap(err, "loading lowered modes");
        if (rows > 0)
            last = loading.rows.items[loading.rows.n - 1].entitlement;
        first = false;
    } while (sql_page_is_full(rows));
    *items = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

static bool note_mode(struct ledger *ledger, const struct actor *actor, const char *what,
                      const struct mode_floor *floor, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_str(&detail, "entitlement", floor->entitlement);
    detail_str(&detail, "mode", str_of(mode_name(floor->mode)));
    detail_str(&detail, "reason", floor->reason);
    return audit_append(ledger, actor,
                        &(struct note){.what = what,
                                       .subject = subject_of(floor->entitlement),
                                       .detail = detail_end(&detail)},
                        err);
}

bool ledger_lower_mode(struct ledger *ledger, const struct actor *actor,
                       const struct mode_floor *floor, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};
    struct mode_floor row = *floor;
    int64_t changed;

    if (floor->mode != MODE_OBSERVE && floor->mode != MODE_ADD)
        return err_set(err, ERR_INTERNAL, "ledger: a mode is lowered to observe or add");
    row.since = ledger_now(ledger);
    /* Only ever downwards: a milder anomaly does not lift a worse one. */
    if (!txn_begin(&txn, ledger, err) ||
        !sql_run(ledger,
                 "INSERT INTO mode_floor (entitlement, mode, reason, since)"
                 " VALUES ($1, $2, $3, $4)"
                 " ON CONFLICT (entitlement) DO UPDATE SET mode = excluded.mode,"
                 " reason = excluded.reason, since = excluded.since"
                 " WHERE mode_floor.mode = 'add' AND excluded.mode = 'observe'",
                 SQL_VALUES(sql_text(row.entitlement), sql_word(mode_name(row.mode)),
                            sql_text(row.reason), sql_int(row.since)),
                 &changed, err))
        return false;
    if (changed == 0)
        return true;
    return note_mode(ledger, actor, "mode.lowered", &row, err) && txn_commit(&txn, err);
}

static bool read_floor(struct ledger *ledger, struct str entitlement, struct arena *arena,
                       struct mode_floor *out, bool *found, struct err *err)
{
    struct loading_floors loading = {.arena = arena};
    size_t rows;

    if (!sql_each(ledger,
                  "SELECT entitlement, mode, reason, since FROM mode_floor WHERE entitlement = $1",
                  SQL_VALUES(sql_text(entitlement)), (struct sql_sink){take_floor, &loading}, &rows,
                  err))
        return false;
    *found = rows > 0;
    if (*found)
        *out = loading.rows.items[0];
    return true;
}

bool ledger_restore_mode(struct ledger *ledger, const struct actor *actor, struct str entitlement,
                         struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct mode_floor row;
    bool found;

    if (!txn_begin(&txn, ledger, err) ||
        !read_floor(ledger, entitlement, scratch.arena, &row, &found, err))
        return false;
    if (!found)
        return true;
    return sql_run(ledger, "DELETE FROM mode_floor WHERE entitlement = $1",
                   SQL_VALUES(sql_text(entitlement)), NULL, err) &&
           note_mode(ledger, actor, "mode.restored", &row, err) && txn_commit(&txn, err);
}

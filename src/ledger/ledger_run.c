#include "ledger/ledger_run.h"

#include "base/uuid.h"
#include "base/vec.h"
#include "ledger/ledger_inside.h"

#define COLUMNS                                                                        \
    "id, number, kind, door, started_at, finished_at, started_boot, boot_id, outcome," \
    " settings_digest, program, plan_digest, summary, error"

/* A dry run holds no lock, so only its age says that nobody is at it any more. */
#define DRY_RUN_MS TIME_DAY

static const char *const kinds[] = {[RUN_FULL] = "full", [RUN_FAST] = "fast", [RUN_DRY] = "dry"};

static const char *const outcomes[] = {
    [RUN_CONVERGED] = "converged", [RUN_WAITING] = "waiting", [RUN_HELD] = "held",
    [RUN_FAILED] = "failed",       [RUN_CRASHED] = "crashed",
};

const char *run_outcome_name(enum run_outcome outcome)
{
    return (size_t)outcome < ARRAY_LEN(outcomes) ? outcomes[outcome] : "unknown";
}

static bool parse_word(const char *const *words, size_t n, struct str word, size_t *out)
{
    for (size_t i = 0; i < n; i++) {
        if (str_is(word, words[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* ---- reading ---- */

struct loading {
    struct arena *arena;
    VEC_OF(struct run_row) rows;
};

static bool take_run(void *self, const struct stmt *stmt, struct err *err)
{
    struct loading *loading = self;
    struct arena *arena = loading->arena;
    struct str kind = sql_view(stmt, 2);
    struct str outcome = sql_view(stmt, 8);
    size_t i_kind, i_outcome = 0;

    if (!parse_word(kinds, ARRAY_LEN(kinds), kind, &i_kind))
        return bad_word("run.kind", kind, err);
    if (outcome.len > 0 && !parse_word(outcomes, ARRAY_LEN(outcomes), outcome, &i_outcome))
        return bad_word("run.outcome", outcome, err);
    struct run_row row = {
        .id = sql_str(stmt, 0, arena),
        .number = sql_i64(stmt, 1),
        .kind = (enum run_kind)i_kind,
        .door = sql_str(stmt, 3, arena),
        .started_at = sql_i64(stmt, 4),
        .finished_at = sql_i64(stmt, 5),
        .started_boot = sql_i64(stmt, 6),
        .boot_id = sql_str(stmt, 7, arena),
        .has_outcome = outcome.len > 0,
        .outcome = (enum run_outcome)i_outcome,
        .settings_digest = sql_str(stmt, 9, arena),
        .program = sql_str(stmt, 10, arena),
        .plan_digest = sql_str(stmt, 11, arena),
        .summary = sql_str(stmt, 12, arena),
        .error = sql_str(stmt, 13, arena),
    };
    VEC_PUSH(arena, &loading->rows, row);
    return true;
}

bool ledger_last_run(struct ledger *ledger, struct arena *arena, struct run_row *out, bool *found,
                     struct err *err)
{
    struct loading loading = {.arena = arena};
    size_t rows;

    if (!sql_each(ledger,
                  "SELECT " COLUMNS " FROM run WHERE kind = 'full'"
                  " AND outcome IN ('converged', 'waiting', 'held') ORDER BY number DESC LIMIT 1",
                  SQL_NO_VALUES, (struct sql_sink){take_run, &loading}, &rows, err))
        return false;
    *found = rows > 0;
    if (*found)
        *out = loading.rows.items[0];
    return true;
}

bool ledger_list_runs(struct ledger *ledger, size_t limit, struct arena *arena,
                      const struct run_row **items, size_t *n, struct err *err)
{
    struct loading loading = {.arena = arena};
    int64_t below = INT64_MAX;
    size_t rows;

    if (limit == 0)
        limit = SIZE_MAX;
    do {
        size_t left = limit - loading.rows.n;
        if (!sql_each(ledger,
                      "SELECT " COLUMNS " FROM run WHERE number < $1 ORDER BY number DESC LIMIT $2",
                      SQL_VALUES(sql_int(below),
                                 sql_int((int64_t)(left < LEDGER_PAGE ? left : LEDGER_PAGE))),
                      (struct sql_sink){take_run, &loading}, &rows, err))
            return err_wrap(err, "loading runs");
        if (rows > 0)
            below = loading.rows.items[loading.rows.n - 1].number;
    } while (sql_page_is_full(rows) && loading.rows.n < limit);
    *items = loading.rows.items;
    *n = loading.rows.n;
    return true;
}

/* ---- beginning and ending ---- */

static bool note_run(struct ledger *ledger, const struct actor *actor, const char *what,
                     const struct run_row *run, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_i64(&detail, "number", run->number);
    detail_str(&detail, "kind", str_of(kinds[run->kind]));
    detail_str(&detail, "outcome", str_of(run_outcome_name(run->outcome)));
    detail_str(&detail, "plan", run->plan_digest);
    detail_str(&detail, "error", run->error);
    return audit_append(
        ledger, actor,
        &(struct note){.what = what, .subject = run->id, .detail = detail_end(&detail)}, err);
}

static bool end_run(struct ledger *ledger, const struct actor *actor, const char *what,
                    const struct run_row *run, struct err *err)
{
    int64_t changed;

    if (!sql_run(ledger,
                 "UPDATE run SET finished_at = $2, outcome = $3, plan_digest = $4, summary = $5,"
                 " error = $6 WHERE id = $1 AND finished_at IS NULL",
                 SQL_VALUES(sql_text(run->id), sql_int(run->finished_at),
                            sql_word(run_outcome_name(run->outcome)), sql_text(run->plan_digest),
                            sql_text(run->summary.len > 0 ? run->summary : STR("{}")),
                            sql_text(run->error)),
                 &changed, err))
        return false;
    if (changed == 0) {
        return err_set(err, ERR_REFUSED, "ledger: run %lld is finished already, or taken over",
                       (long long)run->number);
    }
    return note_run(ledger, actor, what, run, err);
}

/* Whoever holds the run lock knows that no other run is alive. */
static bool bury_crashed(struct ledger *ledger, const struct actor *actor, struct arena *arena,
                         int64_t now, struct err *err)
{
    struct loading loading = {.arena = arena};
    size_t rows;

    if (!sql_each(ledger,
                  "SELECT " COLUMNS " FROM run WHERE finished_at IS NULL"
                  " AND (kind <> 'dry' OR started_at < $1) ORDER BY number",
                  SQL_VALUES(sql_int(now - DRY_RUN_MS)), (struct sql_sink){take_run, &loading},
                  &rows, err))
        return false;
    for (size_t i = 0; i < loading.rows.n; i++) {
        struct run_row *run = &loading.rows.items[i];
        run->finished_at = now;
        run->outcome = RUN_CRASHED;
        if (!end_run(ledger, actor, "run.crashed", run, err))
            return false;
    }
    return true;
}

static bool insert_run(struct ledger *ledger, const struct run_row *run, struct err *err)
{
    return sql_run(ledger,
                   "INSERT INTO run (id, number, kind, door, epoch, started_at, started_boot,"
                   " boot_id, settings_digest, program)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                   SQL_VALUES(sql_text(run->id), sql_int(run->number), sql_word(kinds[run->kind]),
                              sql_text(run->door), sql_int(ledger->epoch), sql_int(run->started_at),
                              sql_int(run->started_boot), sql_text(run->boot_id),
                              sql_text(run->settings_digest), sql_text(run->program)),
                   NULL, err);
}

/* NOLINTNEXTLINE(readability-function-size): parameters, as its header has them */
bool ledger_begin_run(struct ledger *ledger, const struct actor *actor, enum run_kind kind,
                      struct str settings_digest, struct str boot_id, struct arena *arena,
                      struct run_row *out, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};
    int64_t now = ledger_now(ledger);
    struct run_row run = {
        .id = uuid_str(now, arena),
        .kind = kind,
        .door = arena_str(arena, actor->door),
        .started_at = now,
        .started_boot = clock_boot(ledger->clock),
        .boot_id = arena_str(arena, boot_id),
        .settings_digest = arena_str(arena, settings_digest),
        .program = str_of(ledger->program),
    };

    if (kind != RUN_DRY && ledger->epoch == 0)
        return err_set(err, ERR_INTERNAL, "ledger: a run needs the run lock");
    if (!txn_begin(&txn, ledger, err) ||
        (kind != RUN_DRY && !bury_crashed(ledger, actor, arena, now, err)) ||
        !sql_number(ledger, "SELECT COALESCE(MAX(number), 0) + 1 FROM run", SQL_NO_VALUES,
                    &run.number, err) ||
        !insert_run(ledger, &run, err) || !txn_commit(&txn, err))
        return false;
    *out = run;
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): parameters, as its header has them */
bool ledger_finish_run(struct ledger *ledger, const struct actor *actor, const struct run_row *run,
                       enum run_outcome outcome, struct str plan_digest, struct str summary,
                       struct str error, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};
    struct run_row row = *run;

    row.finished_at = ledger_now(ledger);
    row.outcome = outcome;
    row.plan_digest = plan_digest;
    row.summary = summary;
    row.error = error;
    return txn_begin(&txn, ledger, err) && end_run(ledger, actor, "run.finished", &row, err) &&
           txn_commit(&txn, err);
}

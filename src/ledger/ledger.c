#include "ledger/ledger.h"

#include <assert.h>
#include <stdlib.h>

#include "ledger/ledger_file.h"
#include "ledger/ledger_inside.h"
#include "ledger/ledger_lock.h"
#include "ledger/migrate.h"

#define SCRATCH_BUDGET ((size_t)64 << 20)

/* Three waits of the connection's busy timeout; settling has more (ledger_op.c). */
#define PATIENCE 3

/* Checks what the file is before anything of it is changed. */
static bool prepare_file(struct ledger *ledger, const struct ledger_options *options,
                         struct err *err)
{
    struct migrations list = migrations_own();
    struct ledger_identity identity;
    struct migration_state state;

    if (!ledger_file_identify(ledger->db, &identity, err))
        return false;
    if (identity.is_empty && options->may_create) {
        return ledger_file_tune(ledger->db, err) &&
               migrate_apply(ledger->db, list, clock_now(options->clock), err);
    }
    if (!migrate_read_state(ledger->db, list, &state, err))
        return false;
    if (state.version < state.newest && !options->may_migrate) {
        return err_set(err, ERR_LEDGER,
                       "ledger: of version %d, this program needs %d; run: seatkeeper migrate",
                       state.version, state.newest);
    }
    return ledger_file_tune(ledger->db, err) && migrate_file(ledger->path, ledger->db, list, err);
}

bool ledger_open(const struct ledger_options *options, struct ledger **out, struct err *err)
{
    struct ledger *ledger = calloc(1, sizeof(*ledger));

    if (!ledger)
        abort();
    ledger->lock_fd = -1;
    ledger->patience = PATIENCE;
    ledger->clock = options->clock;
    ledger->program = options->program ? options->program : "seatkeeper";
    if (!ledger_file_check(options->path, options->may_create, ledger->path, err) ||
        !ledger_file_connect(ledger->path, &ledger->db, err) ||
        !prepare_file(ledger, options, err)) {
        ledger_close(ledger);
        return false;
    }
    arena_init(&ledger->scratch, SCRATCH_BUDGET);
    ledger->settings_digest = arena_str(&ledger->scratch, options->settings_digest);
    *out = ledger;
    return true;
}

void ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    ledger_unlock(ledger, LEDGER_ROLE_RUN);
    ledger_unlock(ledger, LEDGER_ROLE_DAEMON);
    lock_file_close(&ledger->lock_fd);
    int rc = sqlite3_close(ledger->db);
    assert(rc == SQLITE_OK); /* every statement is finished in the scope that prepared it */
    (void)rc;
    arena_fini(&ledger->scratch);
    free(ledger);
}

bool ledger_meta_get(struct ledger *ledger, const char *key, struct arena *arena, struct str *out,
                     struct err *err)
{
    CLEANUP(sql_done) struct stmt stmt = {0};
    bool row;

    if (!sql_query(ledger, &stmt, "SELECT value FROM meta WHERE key = $1",
                   SQL_VALUES(sql_word(key)), err) ||
        !sql_next(&stmt, &row, err))
        return false;
    *out = row ? sql_str(&stmt, 0, arena) : (struct str){0};
    return true;
}

static bool note_meta(struct ledger *ledger, const struct actor *actor, const char *key,
                      struct str before, struct str value, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_str(&detail, "before", before);
    detail_str(&detail, "value", value);
    struct note note = {
        .what = str_is(str_of(key), "accepted_settings") ? "settings.accepted" : "meta.changed",
        .subject = str_of(key),
        .detail = detail_end(&detail),
    };
    return audit_append(ledger, actor, &note, err);
}

bool ledger_meta_note(struct ledger *ledger, const char *key, struct str value, struct err *err)
{
    return sql_run(ledger,
                   "INSERT INTO meta (key, value) VALUES ($1, $2)"
                   " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                   SQL_VALUES(sql_word(key), sql_text(value)), NULL, err);
}

bool ledger_meta_set(struct ledger *ledger, const struct actor *actor, const char *key,
                     struct str value, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct str before;

    assert(!str_is(str_of(key), "epoch") && !str_is(str_of(key), "ledger_id"));
    if (!txn_begin(&txn, ledger, err) || !ledger_meta_get(ledger, key, scratch.arena, &before, err))
        return false;
    if (before.len > 0 && str_eq(before, value))
        return true;
    return ledger_meta_note(ledger, key, value, err) &&
           note_meta(ledger, actor, key, before, value, err) && txn_commit(&txn, err);
}

bool ledger_note_settings(struct ledger *ledger, struct str digest, struct str text,
                          struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};

    return txn_begin(&txn, ledger, err) &&
           sql_run(ledger,
                   "INSERT INTO settings_version (digest, text, first_seen) VALUES ($1, $2, $3)"
                   " ON CONFLICT (digest) DO NOTHING",
                   SQL_VALUES(sql_text(digest), sql_text(text), sql_int(ledger_now(ledger))), NULL,
                   err) &&
           txn_commit(&txn, err);
}

#include <pthread.h>

#include "base/file.h"
#include "ledger/ledger_audit.h"
#include "ledger/ledger_file.h"
#include "ledger/ledger_inside.h"

/* `ledger_id seq hash`, one line. */
struct mark {
    struct str ledger_id;
    int64_t seq;
    struct str hash;
};

static bool parse_mark(struct str text, struct mark *out)
{
    struct str line = str_cut(&text, '\n');
    struct mark mark = {.ledger_id = str_cut(&line, ' ')};

    if (text.len > 0 || mark.ledger_id.len == 0 || !str_to_i64(str_cut(&line, ' '), &mark.seq))
        return false;
    mark.hash = line;
    *out = mark;
    return true;
}

static struct str sidecar_path(const struct ledger *ledger, struct arena *arena)
{
    return arena_printf(arena, "%s.generation", ledger->path);
}

/* The hash of one audit row, empty when there is none. */
static bool hash_at(struct ledger *ledger, int64_t seq, struct arena *arena, struct str *out,
                    struct err *err)
{
    CLEANUP(sql_done) struct stmt stmt = {0};
    bool row;

    if (!sql_query(ledger, &stmt, "SELECT hash FROM audit WHERE seq = $1", SQL_VALUES(sql_int(seq)),
                   err) ||
        !sql_next(&stmt, &row, err))
        return false;
    *out = row ? sql_str(&stmt, 0, arena) : (struct str){0};
    return true;
}

static bool compare(struct ledger *ledger, const struct mark *mark, enum generation *out,
                    struct arena *arena, struct str *why, struct err *err)
{
    struct str id, hash = {0};

    if (!ledger_meta_get(ledger, "ledger_id", arena, &id, err))
        return false;
    if (!str_eq(id, mark->ledger_id)) {
        *out = GENERATION_OTHER;
        *why = arena_printf(arena, "the sidecar belongs to another ledger (%.*s)",
                            STR_ARG(mark->ledger_id));
        return true;
    }
    if (mark->seq > 0 && !hash_at(ledger, mark->seq, arena, &hash, err))
        return false;
    if (str_eq(hash, mark->hash)) {
        *out = GENERATION_FITS;
        *why = (struct str){0};
        return true;
    }
    *out = GENERATION_OLDER;
    *why = arena_printf(arena,
                        hash.len == 0 ? "this ledger ends before audit row %lld, which it had"
                                      : "this ledger took another course before audit row %lld",
                        (long long)mark->seq);
    return true;
}

#define KEPT "generation_kept" /* meta: the row that the last sidecar spoke of */

/* A ledger that has had a sidecar and has none is a copy that travelled without it, as backups do.
 */
static bool judge_missing(struct ledger *ledger, enum generation *out, struct arena *arena,
                          struct str *why, struct err *err)
{
    struct str kept;

    if (!ledger_meta_get(ledger, KEPT, arena, &kept, err))
        return false;
    *out = kept.len > 0 ? GENERATION_OLDER : GENERATION_NEW;
    *why = kept.len > 0
               ? arena_printf(arena, "its sidecar, which spoke of audit row %.*s, is missing",
                              STR_ARG(kept))
               : STR("there is no sidecar yet");
    return true;
}

bool ledger_generation_check(struct ledger *ledger, enum generation *out, struct arena *arena,
                             struct str *why, struct err *err)
{
    struct str path = sidecar_path(ledger, arena);
    struct str text;
    struct mark mark;

    /* The sidecar first: it is written after its commit, so the ledger can only be further. */
    if (!file_exists(path))
        return judge_missing(ledger, out, arena, why, err);
    if (!file_read(path, 4096, FILE_UNSHARED, arena, &text, err))
        return err_wrap(err, "ledger generation");
    if (!parse_mark(text, &mark)) {
        *out = GENERATION_OTHER;
        *why = STR("the sidecar cannot be understood");
        return true;
    }
    return compare(ledger, &mark, out, arena, why, err);
}

static bool write_mark(struct ledger *ledger, struct arena *arena, struct err *err)
{
    /* The temporary's name is the process's, so its threads take turns. */
    static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
    struct str path = sidecar_path(ledger, arena);
    struct str id, head;

    if (!ledger_meta_get(ledger, "ledger_id", arena, &id, err) ||
        !ledger_audit_head(ledger, arena, &head, err))
        return false;
    struct str text =
        arena_printf(arena, "%.*s %.*s\n", STR_ARG(id), STR_ARG(head.len > 0 ? head : STR("0 ")));
    (void)pthread_mutex_lock(&turn);
    bool ok = file_write(path, text, 0600, err);
    (void)pthread_mutex_unlock(&turn);
    if (!ok)
        return false;
    ledger_file_give_to_owner(ledger->path, path.ptr);
    /* After the file is there, so that a crash in between alarms nobody. */
    return ledger_meta_note(ledger, KEPT, head.len > 0 ? str_cut(&head, ' ') : STR("0"), err);
}

bool ledger_generation_write(struct ledger *ledger, bool force, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    enum generation is;
    struct str why;

    if (!force) {
        if (!ledger_generation_check(ledger, &is, scratch.arena, &why, err))
            return false;
        if (is == GENERATION_OLDER || is == GENERATION_OTHER)
            return err_set(err, ERR_REFUSED, "ledger generation: %.*s", STR_ARG(why));
    }
    return write_mark(ledger, scratch.arena, err);
}

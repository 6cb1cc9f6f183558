#include "rig/look.h"

#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "base/json.h"
#include "base/vec.h"
#include "core/verify.h"
#include "ledger/ledger_audit.h"

/* ---- the ledger, from outside ---- */

static sqlite3_stmt *ask(struct rig *rig, sqlite3 **db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_open_v2(rig_ledger_path(rig), db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(*db, 5000) != SQLITE_OK ||
        sqlite3_prepare_v2(*db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        (void)fprintf(stderr, "look: %s: %s\n", sql, sqlite3_errmsg(*db));
        abort();
    }
    return stmt;
}

static void done(sqlite3 *db, sqlite3_stmt *stmt)
{
    if (sqlite3_finalize(stmt) != SQLITE_OK) {
        (void)fprintf(stderr, "look: %s\n", sqlite3_errmsg(db));
        abort();
    }
    sqlite3_close(db);
}

static struct str column(sqlite3_stmt *stmt, int i)
{
    const unsigned char *text = sqlite3_column_text(stmt, i);

    return str_of((const char *)text);
}

int64_t look_number(struct rig *rig, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = ask(rig, &db, sql);
    int64_t n = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;

    done(db, stmt);
    return n;
}

const char *look_rows(struct rig *rig, const char *sql)
{
    CLEANUP(buf_fini) struct buf out = {0};
    VEC_OF(struct str) lines = {0};
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = ask(rig, &db, sql);

    while (sqlite3_step(stmt) == SQLITE_ROW) {
        buf_clear(&out);
        for (int i = 0; i < sqlite3_column_count(stmt); i++)
            buf_printf(&out, "%s%.*s", i > 0 ? " " : "", STR_ARG(column(stmt, i)));
        VEC_PUSH(&rig->arena, &lines, arena_str(&rig->arena, buf_str(&out)));
    }
    done(db, stmt);
    if (lines.n > 1)
        qsort(lines.items, lines.n, sizeof(*lines.items), str_cmp_qsort);
    buf_clear(&out);
    for (size_t i = 0; i < lines.n; i++)
        buf_printf(&out, "%.*s\n", STR_ARG(lines.items[i]));
    return arena_str(&rig->arena, buf_str(&out)).ptr;
}

size_t look_open_ops(struct rig *rig)
{
    return (size_t)look_number(rig, "SELECT count(*) FROM op WHERE state IN ('sent', 'unknown')");
}

#define NAMES                                        \
    " LEFT JOIN person p ON p.okta_id = x.person_id" \
    " LEFT JOIN group_pin g ON g.group_id = x.group_id AND g.role <> 'named'"

const char *look_state(struct rig *rig)
{
    const struct entitlement *ents = rig->settings.policy.entitlements;
    CLEANUP(buf_fini) struct buf out = {0};

    for (size_t e = 0; e < rig->settings.policy.n_entitlements; e++) {
        for (size_t i = 0; i < ents[e].n_plans; i++) {
            const char *group = arena_cstr(&rig->arena, ents[e].plans[i].okta_group);
            buf_printf(&out, "members of %s: %s\n", group, rig_members(rig, group));
        }
    }
    for (size_t e = 0; e < rig->settings.policy.n_entitlements && rig->settings.aws.present; e++) {
        for (size_t i = 0; i < ents[e].n_plans; i++) {
            const char *group = arena_cstr(&rig->arena, ents[e].plans[i].okta_group);
            buf_printf(&out, "members of %s in the store: %s\n", group,
                       rig_store_members(rig, group));
        }
    }
    buf_printf(&out, "ledger's members\n%s",
               look_rows(rig, "SELECT g.group_name, p.login, x.state, x.owned"
                              " FROM membership x" NAMES));
    buf_printf(&out, "grants\n%s",
               look_rows(rig, "SELECT p.login, x.plan, x.until_at, x.ended_at IS NOT NULL,"
                              " coalesce(x.end_cause, '') FROM seat_grant x"
                              " JOIN person p ON p.okta_id = x.person_id"));
    buf_printf(&out, "requests\n%s",
               look_rows(rig, "SELECT number, kind, who, state FROM request"));
    buf_printf(&out, "done\n%s",
               look_rows(rig, "SELECT x.kind, x.cause, p.login, g.group_name FROM op x" NAMES
                              " WHERE x.state = 'done'"));
    return arena_str(&rig->arena, buf_str(&out)).ptr;
}

bool look_ledger(struct rig *rig, struct buf *say)
{
    const char *whole = look_rows(rig, "PRAGMA integrity_check");
    const char *foreign = look_rows(rig, "PRAGMA foreign_key_check");
    struct audit_check check = {0};
    struct err err = {0};
    size_t before = say->len;

    if (!str_is(str_of(whole), "ok\n"))
        buf_printf(say, "the ledger's file is damaged: %s", whole);
    if (*foreign)
        buf_printf(say, "the ledger points at rows that are not there: %s", foreign);
    if (!ledger_audit_verify(rig->ledger, (struct str){0}, &rig->arena, &check, &err) ||
        !check.intact) {
        buf_printf(say, "the audit trail is broken at %lld: %.*s %s\n", (long long)check.bad_seq,
                   STR_ARG(check.why), err.msg);
    }
    return say->len == before;
}

/* ---- the cloud's history ---- */

/* `/api/v1/groups/GROUP/users/PERSON` */
static bool read_path(struct str path, struct look_write *out)
{
    struct str rest = path;

    if (!str_starts(path, STR("/api/v1/groups/")))
        return false;
    rest = str_sub(path, sizeof("/api/v1/groups/") - 1, path.len);
    out->group = str_cut(&rest, '/');
    if (!str_is(str_cut(&rest, '/'), "users"))
        return false;
    out->person = rest;
    return rest.len > 0;
}

static bool read_row(const struct json *row, struct arena *arena, struct look_write *out)
{
    struct str method, path, effect;
    struct err err = {0};
    int64_t status;

    if (!json_str(row, "method", &method, &err) || !json_str(row, "path", &path, &err) ||
        !json_str_opt(row, "effect", &effect, &err) || !json_i64(row, "status", &status, &err) ||
        !json_i64(row, "at_ms", &out->at_ms, &err) ||
        !json_bool_opt(row, "fault", false, &out->is_fault, &err))
        abort();
    out->is_add = str_is(method, "PUT");
    out->status = (int)status;
    out->had_effect = effect.len > 0;
    return (out->is_add || str_is(method, "DELETE")) && read_path(arena_str(arena, path), out);
}

size_t look_writes(struct rig *rig, const struct look_write **out)
{
    struct str text = rig_sim(rig, HTTP_GET, "/_sim/history?path=/api/v1/groups/*/users/*", NULL);
    CLEANUP(json_close) const struct json *root = NULL;
    VEC_OF(struct look_write) list = {0};
    const struct json *rows;
    struct err err = {0};

    if (!json_parse(text, "history", &root, &err) || !json_arr(root, "requests", &rows, &err)) {
        (void)fprintf(stderr, "look: %s\n", err.msg);
        abort();
    }
    for (const struct json *row = json_first(rows); row; row = json_next(row)) {
        struct look_write write = {0};
        if (read_row(row, &rig->arena, &write))
            VEC_PUSH(&rig->arena, &list, write);
    }
    *out = list.items;
    return list.n;
}

static void say_write(struct rig *rig, struct buf *say, const struct look_write *write,
                      const char *what)
{
    const char *sql = arena_printf(&rig->arena, "SELECT login FROM person WHERE okta_id = '%.*s'",
                                   STR_ARG(write->person))
                          .ptr;
    char when[TIME_ISO_SIZE];

    buf_printf(say, "%s %s %.*s %.*s: %s\n", time_iso(write->at_ms, when),
               write->is_add ? "add" : "remove", STR_ARG(write->group),
               STR_ARG(str_trim(str_of(look_rows(rig, sql)))), what);
}

bool look_journal(struct rig *rig, struct buf *say)
{
    const struct look_write *writes;
    size_t n = look_writes(rig, &writes), before = say->len;
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = ask(rig, &db,
                             "SELECT (SELECT count(*) FROM op WHERE kind = ?1 AND group_id = ?2"
                             " AND person_id = ?3 AND sent_at <= ?4"
                             " AND (settled_at IS NULL OR settled_at >= ?5))"
                             /* or it was sent, and a rate limit turned it away at that time */
                             " + (SELECT count(*) FROM audit WHERE what = 'op.returned'"
                             " AND person_id = ?3 AND at >= ?4 AND at - ?4 < 60000 AND ?6 = 429)");

    for (size_t i = 0; i < n; i++) {
        const struct look_write *write = &writes[i];
        sqlite3_reset(stmt);
        sqlite3_bind_text(stmt, 1, write->is_add ? "okta.add" : "okta.remove", -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 2, write->group.ptr, (int)write->group.len, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 3, write->person.ptr, (int)write->person.len, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 4, write->at_ms);
        sqlite3_bind_int64(stmt, 5, write->at_ms);
        sqlite3_bind_int(stmt, 6, write->status);
        if (sqlite3_step(stmt) != SQLITE_ROW || sqlite3_column_int64(stmt, 0) == 0)
            say_write(rig, say, write, "the journal had no row `sent` for it");
    }
    done(db, stmt);
    return say->len == before;
}

static bool is_same(const struct look_write *a, const struct look_write *b)
{
    return str_eq(a->group, b->group) && str_eq(a->person, b->person);
}

/* The latest earlier write about the same membership. */
static const struct look_write *before_it(const struct look_write *writes, size_t i)
{
    for (size_t k = i; k-- > 0;) {
        if (is_same(&writes[k], &writes[i]))
            return &writes[k];
    }
    return NULL;
}

/* The Identity Store answers a repeated write with a conflict, or with nothing done. */
static void look_store_repeats(struct rig *rig, struct buf *say)
{
    struct str text = rig_sim(rig, HTTP_GET, "/_sim/history?writes=true&path=AWS*", NULL);
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *rows;
    struct err err = {0};

    if (!json_parse(text, "history", &root, &err) || !json_arr(root, "requests", &rows, &err))
        abort();
    for (const struct json *row = json_first(rows); row; row = json_next(row)) {
        struct str path, effect;
        int64_t status;
        bool is_fault;
        if (!json_str(row, "path", &path, &err) || !json_str_opt(row, "effect", &effect, &err) ||
            !json_i64(row, "status", &status, &err) ||
            !json_bool_opt(row, "fault", false, &is_fault, &err))
            abort();
        if (effect.len == 0 && status != 0 && !is_fault)
            buf_printf(say, "%.*s asked for what was so already\n", STR_ARG(path));
    }
}

bool look_repeats(struct rig *rig, struct buf *say)
{
    const struct look_write *writes;
    size_t n = look_writes(rig, &writes), before = say->len;

    for (size_t i = 0; i < n; i++) {
        const struct look_write *write = &writes[i], *last = before_it(writes, i);
        if (write->status == 204 && !write->had_effect && !write->is_fault)
            say_write(rig, say, write, "asked for what was so already");
        if (last && last->is_add == write->is_add && last->status == 0 &&
            write->at_ms - last->at_ms < VERIFY_SETTLE_MS)
            say_write(rig, say, write, "sent again before the lost one was proved to have failed");
    }
    look_store_repeats(rig, say);
    return say->len == before;
}

bool look_removals(struct rig *rig, struct buf *say)
{
    /* Revokes, ends and changes leave their time in the grant; what counted then counts here. */
    const char *wrong = look_rows(
        rig, "SELECT x.kind, x.cause, x.person_id, x.plan FROM op x JOIN seat_grant s"
             " ON s.person_id = x.person_id AND s.entitlement = x.entitlement"
             " AND s.plan = x.plan AND s.from_at <= x.sent_at AND s.created_at <= x.sent_at"
             " AND s.until_at > x.sent_at AND (s.ended_at IS NULL OR s.ended_at > x.sent_at)"
             " WHERE x.kind = 'okta.remove' AND x.sent_at IS NOT NULL"
             " AND x.cause IN ('expired', 'revoked', 'returned', 'blocked', 'unmanaged')");

    if (*wrong)
        buf_printf(say, "taken out with a live grant: %s", wrong);
    return !*wrong;
}

void look_print(struct rig *rig)
{
    static const char *const queries[] = {
        "SELECT 'run', printf('%03d', number), started_at, outcome, error FROM run",
        "SELECT 'op', printf('%03d', r.number), x.kind, x.plan, p.login, x.cause, x.state, x.guard,"
        " x.sent_at, x.settled_at, x.reason FROM op x JOIN run r ON r.id = x.run_id"
        " LEFT JOIN person p ON p.okta_id = x.person_id",
        "SELECT 'request', printf('%03d', number), filed_at, kind, who, plan, until_at, state,"
        " state_reason FROM request",
        "SELECT 'grant', p.login, x.plan, x.from_at, x.until_at, x.ended_at, x.end_cause"
        " FROM seat_grant x JOIN person p ON p.okta_id = x.person_id",
        "SELECT 'member', g.plan, p.login, x.state, x.owned, x.since FROM membership x" NAMES,
        "SELECT 'finding', kind, login, since, resolved_at, detail FROM finding",
        "SELECT 'person', login, status, okta_id FROM person",
    };
    const struct look_write *writes;
    size_t n = look_writes(rig, &writes);

    for (size_t i = 0; i < ARRAY_LEN(queries); i++)
        (void)fputs(look_rows(rig, queries[i]), stderr);
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(stderr, "write %lld %s %.*s %.*s %d%s%s\n", (long long)writes[i].at_ms,
                      writes[i].is_add ? "add" : "remove", STR_ARG(writes[i].group),
                      STR_ARG(writes[i].person), writes[i].status,
                      writes[i].is_fault ? " fault" : "", writes[i].had_effect ? " effect" : "");
    }
}

/* ---- did it arrive? ---- */

/* What `op` would do is held in the latest run. */
static bool is_held(const struct rig *rig, struct str group, struct str person, bool is_add)
{
    for (size_t i = 0; i < rig->report.n_ops; i++) {
        const struct report_op *row = &rig->report.ops[i];
        if (row->state == OP_HELD && str_eq(row->op->group, group) &&
            str_eq(row->op->person, person) && (row->op->kind == OP_OKTA_ADD) == is_add)
            return true;
    }
    return false;
}

struct seat_due {
    struct str person, login, group, plan;
    bool wanted, ours;
};

/* Who should be where, by a statement that shares nothing with the program: the highest live grant
 * counts. One row for every person and plan's group. */
static const char standing_sql[] =
    "WITH live AS (SELECT person_id, max(CASE plan WHEN 'kiro-pro-plus' THEN 2 ELSE 1 END) AS rank"
    " FROM seat_grant WHERE from_at <= ?1 AND until_at > ?1 AND (ended_at IS NULL OR ended_at > ?1)"
    " GROUP BY person_id)"
    " SELECT p.okta_id, p.login, g.group_id, g.plan, coalesce(l.rank, 0) ="
    " CASE g.plan WHEN 'kiro-pro-plus' THEN 2 ELSE 1 END,"
    " coalesce(m.owned, 0) AND coalesce(m.state, '') = 'present'"
    " FROM person p JOIN group_pin g ON g.role = 'plan'"
    " LEFT JOIN live l ON l.person_id = p.okta_id"
    " LEFT JOIN membership m ON m.group_id = g.group_id AND m.person_id = p.okta_id"
    " WHERE p.status = 'ACTIVE' AND p.blocked_at IS NULL";

static void judge_standing(struct rig *rig, const struct seat_due *row, size_t *held,
                           struct buf *say)
{
    const char *group = arena_cstr(&rig->arena, row->group);
    struct str names = str_of(rig_members(rig, group)), login = row->login;
    struct str name = str_cut(&login, '@');
    bool is_in = false;

    while (names.len > 0 && !is_in)
        is_in = str_eq(str_cut(&names, ' '), name);
    if (is_in == row->wanted || (is_in && !row->ours))
        return;
    if (is_held(rig, row->group, row->person, !is_in)) {
        ++*held;
    } else {
        buf_printf(say, "%.*s is %s the group of %.*s and should %s, and nothing says why\n",
                   STR_ARG(name), is_in ? "in" : "out of", STR_ARG(row->plan),
                   row->wanted ? "be" : "not be");
    }
}

bool look_converged(struct rig *rig, size_t *held, struct buf *say)
{
    VEC_OF(struct seat_due) rows = {0};
    size_t before = say->len;
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = ask(rig, &db, standing_sql);

    sqlite3_bind_int64(stmt, 1, rig->report.started_at);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        VEC_PUSH(&rig->arena, &rows,
                 ((struct seat_due){.person = arena_str(&rig->arena, column(stmt, 0)),
                                    .login = arena_str(&rig->arena, column(stmt, 1)),
                                    .group = arena_str(&rig->arena, column(stmt, 2)),
                                    .plan = arena_str(&rig->arena, column(stmt, 3)),
                                    .wanted = sqlite3_column_int(stmt, 4) != 0,
                                    .ours = sqlite3_column_int(stmt, 5) != 0}));
    }
    done(db, stmt);
    *held = 0;
    for (size_t i = 0; i < rows.n; i++)
        judge_standing(rig, &rows.items[i], held, say);
    for (size_t i = 0; i < rig->report.n_ops; i++) {
        const struct report_op *row = &rig->report.ops[i];
        if (row->state != OP_HELD && row->state != OP_DONE) {
            buf_printf(say, "an op for %.*s is %s: %.*s\n", STR_ARG(row->op->login),
                       op_state_name(row->state), STR_ARG(row->reason));
        }
    }
    return say->len == before;
}

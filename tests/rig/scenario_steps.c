#include "rig/scenario_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/file.h"
#include "base/json.h"
#include "core/intake.h"
#include "ledger/ledger_audit.h"
#include "ledger/ledger_finding.h"
#include "ledger/ledger_group.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"

static const struct actor owner = {{"os:0", 4}, {"cli", 3}};

static int64_t now(const struct scenario *sc)
{
    return clock_now(&sc->rig.clock);
}

/* `alice` is `alice@example.com`. */
static struct str login_of(struct scenario *sc, struct str name)
{
    if (str_has(name, '@') || str_starts(name, STR("00u")))
        return name;
    return arena_printf(&sc->arena, "%.*s@example.com", STR_ARG(name));
}

static int64_t span(struct scenario *sc, struct str text)
{
    int64_t ms = 0;

    if (!duration_parse(text, &ms))
        scenario_fail(sc, "`%.*s` is no span", STR_ARG(text));
    return ms;
}

static bool find_person(struct scenario *sc, struct str name, struct person_row *out)
{
    const struct person_row *rows;
    struct err err = {0};
    size_t n = 0;

    if (!ledger_find_people(sc->rig.ledger, login_of(sc, name), &sc->arena, &rows, &n, &err) ||
        n != 1) {
        scenario_fail(sc, "the ledger knows %zu people called `%.*s` %s", n, STR_ARG(name),
                      err.msg);
        return false;
    }
    *out = rows[0];
    return true;
}

static bool find_request(struct scenario *sc, struct str word, struct request *out)
{
    struct err err = {0};
    int64_t number = 0;
    bool found = false;

    str_to_i64(str_sub(word, 1, word.len), &number);
    if (!ledger_get_request(sc->rig.ledger, number, &sc->arena, out, &found, &err) || !found)
        scenario_fail(sc, "there is no request %.*s %s", STR_ARG(word), err.msg);
    return found;
}

static void step_request(struct scenario *sc, struct str rest)
{
    struct str kind = str_cut(&rest, ' '), who = str_cut(&rest, ' ');
    struct err err = {0};
    enum filed how;
    struct request filed, ask = {
                              .who = login_of(sc, who),
                              .entitlement = sc->rig.settings.policy.entitlements[0].name,
                              .principal = STR("os:0"),
                              .may_decide = true,
                              .door = STR("cli"),
                          };

    if (!request_kind_parse(kind, &ask.kind))
        scenario_fail(sc, "`%.*s` is no kind of request", STR_ARG(kind));
    while (rest.len > 0) {
        struct str value = str_cut(&rest, ' ');
        struct str key = str_cut(&value, '=');
        if (str_is(key, "plan")) {
            ask.plan = value;
        } else if (str_is(key, "until")) {
            ask.until_ms = now(sc) + span(sc, value);
        } else if (str_is(key, "from")) {
            ask.from_ms = now(sc) + span(sc, value);
        } else if (str_is(key, "for")) {
            ask.for_ms = span(sc, value);
        } else if (str_is(key, "key")) {
            ask.key = value;
        } else if (str_is(key, "ent")) {
            ask.entitlement = value;
        } else if (str_is(key, "one-way")) {
            ask.confirm_one_way = true;
        } else {
            scenario_fail(sc, "`%.*s` is no part of a request", STR_ARG(key));
        }
    }
    if (!ledger_file_requests(sc->rig.ledger, &owner, &ask, 1, &sc->arena, &filed, &how, &err))
        scenario_fail(sc, "%s", err.msg);
}

/* The answer is recorded; the next run's intake decides with it. */
static void step_answer(struct scenario *sc, struct str rest, enum verdict verdict)
{
    struct str number = str_cut(&rest, ' ');
    struct request request;
    struct person_row who;
    struct err err = {0};

    if (find_request(sc, number, &request) && find_person(sc, rest, &who) &&
        !ledger_answer(sc->rig.ledger, &owner, &request, who.person.id, verdict, STR("because"),
                       &err))
        scenario_fail(sc, "%s", err.msg);
}

static void step_cancel(struct scenario *sc, struct str rest, bool confirm)
{
    struct request request;
    struct err err = {0};

    if (!find_request(sc, str_cut(&rest, ' '), &request))
        return;
    bool ok = confirm ? ledger_confirm_request(sc->rig.ledger, &owner, &request, &err)
                      : ledger_cancel_request(sc->rig.ledger, &owner, &request, STR("no"), &err);
    if (!ok)
        scenario_fail(sc, "%s", err.msg);
}

static void step_block(struct scenario *sc, struct str rest, bool block)
{
    struct person_row who;
    struct err err = {0};
    bool changed;

    if (!find_person(sc, rest, &who))
        return;
    bool ok = block
                  ? ledger_block(sc->rig.ledger, &owner, who.person.id, STR("r"), &changed, &err)
                  : ledger_unblock(sc->rig.ledger, &owner, who.person.id, STR("r"), &changed, &err);
    if (!ok)
        scenario_fail(sc, "%s", err.msg);
}

static void step_freeze(struct scenario *sc, struct str rest, bool on)
{
    struct freeze_row freeze = {
        .removals = str_is(rest, "removals"), .reason = STR("r"), .at = now(sc)};
    struct err err = {0};
    size_t n;

    bool ok = on ? ledger_freeze(sc->rig.ledger, &owner, &freeze, &err)
                 : ledger_unfreeze(sc->rig.ledger, &owner, (struct str){0}, STR("r"), &n, &err);
    if (!ok)
        scenario_fail(sc, "%s", err.msg);
}

static void step_ack(struct scenario *sc, struct str rest)
{
    struct str word = str_cut(&rest, ' ');
    const struct finding_row *rows;
    enum finding_kind kind;
    struct err err = {0};
    size_t n = 0, acked = 0;

    if (!finding_kind_parse(word, &kind) ||
        !ledger_load_findings(sc->rig.ledger, true, &sc->arena, &rows, &n, &err))
        scenario_fail(sc, "`%.*s`: %s", STR_ARG(word), err.msg);
    for (size_t i = 0; i < n; i++) {
        const struct finding *finding = &rows[i].finding;
        if (finding->kind != kind || !finding->may_ack ||
            (rest.len > 0 && !str_eq(finding->login, login_of(sc, rest))))
            continue;
        if (!ledger_ack(sc->rig.ledger, &owner, &rows[i], STR("looked"), &err))
            scenario_fail(sc, "%s", err.msg);
        acked++;
    }
    if (acked == 0)
        scenario_fail(sc, "no open finding %.*s %.*s", STR_ARG(word), STR_ARG(rest));
}

typedef VEC_OF(struct adoption) adoption_vec;

/* Everybody in the group whose seat nobody has adopted yet. */
static void adopt_members(struct scenario *sc, const struct group_pin *pin, int64_t until_ms,
                          adoption_vec *rows)
{
    struct baseline base;
    struct err err = {0};

    if (!ledger_load_baseline(sc->rig.ledger, pin->group_id, &sc->arena, &base, &err)) {
        scenario_fail(sc, "%s", err.msg);
        return;
    }
    for (size_t i = 0; i < base.n; i++) {
        struct adoption row = {
            .person = base.people[i].person,
            .entitlement = sc->rig.settings.policy.entitlements[0].name,
            .plan = pin->plan,
            .group = pin->group_id,
            .from_ms = now(sc),
            .until_ms = until_ms,
            .profile_json = STR("{}"),
        };
        if (!base.people[i].owned && !base.people[i].taken_out)
            VEC_PUSH(&sc->arena, rows, row);
    }
}

static void step_adopt(struct scenario *sc, struct str rest)
{
    adoption_vec rows = {0};
    const struct group_pin *pins;
    struct err err = {0};
    size_t n = 0;
    int64_t until = now(sc) + 90 * TIME_DAY;

    if (str_starts(rest, STR("until=")))
        until = now(sc) + span(sc, str_sub(rest, 6, rest.len));
    if (!ledger_load_pins(sc->rig.ledger, &sc->arena, &pins, &n, &err))
        scenario_fail(sc, "%s", err.msg);
    for (size_t i = 0; i < n; i++) {
        if (pins[i].role == PIN_PLAN)
            adopt_members(sc, &pins[i], until, &rows);
    }
    if (!ledger_adopt(sc->rig.ledger, &owner, rows.items, rows.n, &err))
        scenario_fail(sc, "%s", err.msg);
}

static void step_sim(struct scenario *sc, struct str rest)
{
    struct str method = str_cut(&rest, ' '), path = str_cut(&rest, ' ');
    CLEANUP(buf_fini) struct buf out = {0};
    enum http_method verb = str_is(method, "POST")     ? HTTP_POST
                            : str_is(method, "DELETE") ? HTTP_DELETE
                                                       : HTTP_GET;
    int status = sim_control(sc->rig.sim, verb, path, rest, &out);

    if (status < 200 || status > 299)
        scenario_fail(sc, "%.*s: %d %.*s", STR_ARG(path), status, STR_ARG(buf_str(&out)));
}

/* ---- somebody else, meanwhile ---- */

static int64_t now_of(const struct scenario *sc)
{
    struct clock clock = sim_clock(sc->rig.sim);

    return clock_now(&clock);
}

static void run_sql(struct scenario *sc)
{
    sqlite3 *db = NULL;
    char *why = NULL;

    if (sqlite3_open(rig_ledger_path(&sc->rig), &db) != SQLITE_OK ||
        sqlite3_busy_timeout(db, 5000) != SQLITE_OK ||
        sqlite3_exec(db, arena_cstr(&sc->arena, sc->between), NULL, NULL, &why) != SQLITE_OK)
        scenario_fail(sc, "between: %s", why ? why : "cannot open");
    sqlite3_free(why);
    sqlite3_close(db);
}

/* The plan is made and the guards have answered when the last listing before a removal is asked
 * for: that is when others may still decide. */
static bool send_between(void *self, const struct http_request *const *req,
                         struct http_response *const *res, size_t n, unsigned parallel,
                         struct arena *arena, struct err *err)
{
    struct scenario *sc = self;
    struct str sql = STR("SELECT count(*) FROM op WHERE state = 'planned'");
    bool is_planned = false;
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;

    if (sc->between.len > 0 && sc->between_at > 0) {
        is_planned = now_of(sc) >= sc->between_at;
    } else if (sc->between.len > 0 && sqlite3_open(rig_ledger_path(&sc->rig), &db) == SQLITE_OK &&
               sqlite3_prepare_v2(db, sql.ptr, -1, &stmt, NULL) == SQLITE_OK &&
               sqlite3_step(stmt) == SQLITE_ROW)
        is_planned = sqlite3_column_int(stmt, 0) > 0;
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    if (is_planned) {
        run_sql(sc);
        sc->between = (struct str){0};
    }
    return sc->inner.send(sc->inner.self, req, res, n, parallel, arena, err);
}

static void step_between(struct scenario *sc, struct str sql, int64_t at_ms)
{
    sc->between = arena_str(&sc->arena, sql);
    sc->between_at = at_ms;
    if (sc->inner.send)
        return;
    sc->inner = sc->rig.transport;
    rig_use_transport(&sc->rig, (struct transport){.self = sc, .send = send_between});
}

/* ---- looking ---- */

static void step_members(struct scenario *sc, struct str rest, bool of_store)
{
    struct str group = str_cut(&rest, ':');
    const char *name = arena_cstr(&sc->arena, group);
    const char *got = of_store ? rig_store_members(&sc->rig, name) : rig_members(&sc->rig, name);
    struct str want = str_trim(rest);

    if (!str_is(want, got)) {
        scenario_fail(sc, "members of %.*s: expected `%.*s`, got `%s`", STR_ARG(group),
                      STR_ARG(want), got);
    }
}

static size_t count_effects(struct scenario *sc, const char *effect)
{
    struct str text = rig_sim(&sc->rig, HTTP_GET, "/_sim/history?writes=true", NULL);
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *rows;
    struct err err = {0};
    size_t n = 0;

    if (!json_parse(text, "history", &root, &err) || !json_arr(root, "requests", &rows, &err)) {
        scenario_fail(sc, "%s", err.msg);
        return 0;
    }
    for (const struct json *row = json_first(rows); row; row = json_next(row)) {
        struct str what;
        if (json_str_opt(row, "effect", &what, &err) && str_starts(what, str_of(effect)))
            n++;
    }
    return n;
}

static void step_count(struct scenario *sc, struct str rest, const char *what, size_t all,
                       size_t *seen)
{
    int64_t want = -1;

    if (!str_to_i64(rest, &want) || (size_t)want != all - *seen)
        scenario_fail(sc, "%s: expected %.*s, got %zu", what, STR_ARG(rest), all - *seen);
    *seen = all;
}

static void step_audit(struct scenario *sc)
{
    struct audit_check check;
    struct err err = {0};

    if (!ledger_audit_verify(sc->rig.ledger, (struct str){0}, &sc->arena, &check, &err) ||
        !check.intact)
        scenario_fail(sc, "the audit trail is broken: %s", err.msg);
}

/* ---- the ledger's file, as an operator may copy it ---- */

static void copy_ledger(struct scenario *sc, bool back)
{
    const char *path = rig_ledger_path(&sc->rig);
    struct str kept = arena_printf(&sc->arena, "%s.kept", path);
    struct err err = {0};

    if (!back) {
        unlink(kept.ptr);
        if (!ledger_backup(sc->rig.ledger, kept, &err))
            scenario_fail(sc, "keep: %s", err.msg);
        return;
    }
    ledger_close(sc->rig.ledger);
    sc->rig.ledger = NULL;
    struct str text;
    if (!file_read(kept, (size_t)1 << 30, FILE_ANY, &sc->arena, &text, &err) ||
        !file_write(str_of(path), text, 0600, &err))
        scenario_fail(sc, "restore: %s", err.msg);
    rig_reopen(&sc->rig);
}

static void step_restart(struct scenario *sc, struct str rest)
{
    (void)rest;
    rig_reopen(&sc->rig);
}

/* Steps that are a function of their own. */
static bool simple_step(struct scenario *sc, struct str word, struct str rest)
{
    static const struct {
        const char *word;
        void (*run)(struct scenario *sc, struct str rest);
    } steps[] = {
        {"request", step_request}, {"ack", step_ack},         {"adopt", step_adopt},
        {"sim", step_sim},         {"restart", step_restart}, {"rollout", scenario_rollout},
    };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (str_is(word, steps[i].word)) {
            steps[i].run(sc, rest);
            return true;
        }
    }
    return false;
}

bool scenario_step(struct scenario *sc, struct str word, struct str rest)
{
    if (simple_step(sc, word, rest))
        return true;
    if (str_is(word, "approve")) {
        step_answer(sc, rest, VERDICT_APPROVE);
    } else if (str_is(word, "deny")) {
        step_answer(sc, rest, VERDICT_DENY);
    } else if (str_is(word, "cancel") || str_is(word, "confirm")) {
        step_cancel(sc, rest, str_is(word, "confirm"));
    } else if (str_is(word, "block") || str_is(word, "unblock")) {
        step_block(sc, rest, str_is(word, "block"));
    } else if (str_is(word, "freeze") || str_is(word, "unfreeze")) {
        step_freeze(sc, rest, str_is(word, "freeze"));
    } else if (str_is(word, "faults")) {
        sim_clear_faults(sc->rig.sim);
    } else if (str_is(word, "advance")) {
        sim_advance(sc->rig.sim, span(sc, rest));
    } else if (str_is(word, "run") || str_is(word, "plan")) {
        (void)rig_run(&sc->rig, str_is(word, "plan"));
    } else if (str_is(word, "between")) {
        step_between(sc, rest, 0);
    } else if (str_is(word, "meanwhile")) {
        int64_t in_ms = span(sc, str_cut(&rest, ' '));
        step_between(sc, rest, now_of(sc) + in_ms);
    } else if (str_is(word, "keep") || str_is(word, "restore")) {
        copy_ledger(sc, str_is(word, "restore"));
    } else if (str_is(word, "members") || str_is(word, "store")) {
        step_members(sc, rest, str_is(word, "store"));
    } else if (str_is(word, "writes")) {
        step_count(sc, rest, "writes", rig_writes(&sc->rig), &sc->writes_seen);
    } else if (str_is(word, "removals")) {
        step_count(sc, rest, "removals", count_effects(sc, "remove"), &sc->removals_seen);
    } else if (str_is(word, "audit")) {
        step_audit(sc);
    } else {
        return false;
    }
    return true;
}

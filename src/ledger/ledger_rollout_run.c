#include "ledger/ledger_person.h"
#include "ledger/ledger_rollout_inside.h"

/* What a run does with a rollout: looks at it, begins a wave, notes who has come how far. */

/* ---- looking ---- */

/* What is measured from before moves along with a clock that is not trusted. */
static bool move_times(struct ledger *ledger, const struct rollout_row *row, int64_t by_ms,
                       struct err *err)
{
    return sql_run(ledger,
                   "UPDATE rollout SET"
                   " wave_began_at = CASE wave_began_at WHEN 0 THEN 0 ELSE wave_began_at + $2 END,"
                   " proved_at = CASE proved_at WHEN 0 THEN 0 ELSE proved_at + $2 END"
                   " WHERE id = $1",
                   SQL_VALUES(sql_text(row->id), sql_int(by_ms)), NULL, err) &&
           sql_run(ledger,
                   "UPDATE rollout_member SET at = at + $2"
                   " WHERE rollout_id = $1 AND place = 'asked'",
                   SQL_VALUES(sql_text(row->id), sql_int(by_ms)), NULL, err);
}

/* Once for a while in which the clock is not trusted, however many runs it lasts. */
static bool note_clock(struct ledger *ledger, const struct actor *actor,
                       const struct rollout_row *row, int64_t by_ms, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail = {0};

    if (row->steady_since == row->looked_at && row->looked_at != row->started_at)
        return true;
    detail_begin(&detail);
    detail_i64(&detail, "uncounted_ms", by_ms);
    return rollout_note(ledger, actor, "rollout.clock", row, (struct str){0}, detail_end(&detail),
                        err);
}

bool ledger_look_at_rollout(struct ledger *ledger, const struct actor *actor,
                            const struct rollout_row *row, int64_t now_ms, bool clock_ok,
                            struct arena *arena, struct rollout_row *out, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};
    struct rollout_row now;

    if (!txn_begin(&txn, ledger, err) || !rollout_read(ledger, row->id, arena, &now, err))
        return false;
    if (rollout_state_is_open(now.state)) {
        int64_t by_ms = now_ms - now.looked_at;

        if (!clock_ok &&
            (!move_times(ledger, &now, by_ms, err) || !note_clock(ledger, actor, &now, by_ms, err)))
            return false;
        if (!sql_run(ledger, "UPDATE rollout SET looked_at = $2, steady_since = $3 WHERE id = $1",
                     SQL_VALUES(sql_text(row->id), sql_int(now_ms),
                                sql_int(clock_ok ? now.steady_since : now_ms)),
                     NULL, err) ||
            !rollout_read(ledger, row->id, arena, out, err))
            return false;
        return txn_commit(&txn, err);
    }
    *out = now;
    return true;
}

bool ledger_note_rollout(struct ledger *ledger, const struct rollout_row *row, struct str why,
                         struct err *err)
{
    return str_eq(row->state_why, why) ||
           sql_run(ledger, "UPDATE rollout SET state_why = $2 WHERE id = $1 AND state = 'running'",
                   SQL_VALUES(sql_text(row->id), sql_text(why)), NULL, err);
}

/* ---- a wave ---- */

struct asking {
    struct ledger *ledger;
    const struct actor *actor;
    const struct rollout_row *row; /* as it is now */
    int64_t now_ms;
    struct arena *arena;
    size_t asked, gone;
};

/* The grant of the old plan that ends last; NULL when none counts now, with the reason why. */
static const struct grant *find_held(const struct asking *asking, const struct grant *grants,
                                     size_t n, struct str *why)
{
    const struct rollout_row *row = asking->row;
    const struct grant *held = NULL;

    *why = arena_printf(asking->arena, "holds no %.*s any more", STR_ARG(row->from_plan));
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(grants[i].entitlement, row->entitlement) ||
            !grant_is_live(&grants[i], asking->now_ms))
            continue;
        if (!str_eq(grants[i].plan, row->from_plan)) {
            *why = arena_printf(asking->arena, "holds %.*s already", STR_ARG(grants[i].plan));
            return NULL;
        }
        if (!held || grants[i].until_ms > held->until_ms)
            held = &grants[i];
    }
    return held;
}

/* Somebody whom Okta would not let in is no failure of the rollout. */
static bool may_be_moved(const struct person_row *person, struct arena *arena, struct str *why)
{
    enum user_status status = person->person.status;

    if (person->blocked_at != 0) {
        *why = STR("is blocked");
    } else if (person->gone_since != 0 || person->inactive_since != 0) {
        *why = arena_printf(arena, "is %s in Okta", user_status_name(status));
    } else if (person->ineligible_since != 0) {
        *why = STR("is not eligible any more");
    } else {
        return true;
    }
    return false;
}

/* As for any change: the grants of the old plan end, those to come too, and the new one lasts until
 * the latest of their ends. Promises of other plans stay. */
static struct intake_step make_step(const struct asking *asking, const struct person_row *person,
                                    const struct grant *grants, size_t n)
{
    const struct rollout_row *row = asking->row;
    struct str *ids = arena_array(asking->arena, struct str, n);
    struct intake_step step = {
        .state = REQUEST_ACCEPTED,
        .decided_by = row->started_by,
        .plan = row->to_plan,
        .from_ms = asking->now_ms,
        .until_ms = asking->now_ms,
        .open_grant = true,
        .end_grants = ids,
        .end_at_ms = asking->now_ms,
        .end_cause = CAUSE_MOVED,
    };

    for (size_t i = 0; i < n; i++) {
        const struct grant *grant = &grants[i];
        int64_t end = grant->ended_at != 0 && grant->ended_at < grant->until_ms ? grant->ended_at
                                                                                : grant->until_ms;
        if (!str_eq(grant->entitlement, row->entitlement) || !str_eq(grant->plan, row->from_plan) ||
            end <= asking->now_ms)
            continue;
        ids[step.n_end_grants++] = grant->id;
        if (end > step.until_ms)
            step.until_ms = end;
    }
    struct str name = person->person.login.len > 0 ? person->person.login : person->person.id;
    step.reason = arena_printf(
        asking->arena, "%.*s moves from %.*s to %.*s in %.*s with rollout W%lld, until %.*s.%s",
        STR_ARG(name), STR_ARG(row->from_plan), STR_ARG(row->to_plan), STR_ARG(row->entitlement),
        (long long)row->number, STR_ARG(date_str(step.until_ms - 1, asking->arena)),
        row->confirm_one_way ? " There is no way back." : "");
    return step;
}

static struct request make_ask(const struct asking *asking, const struct rollout_member *member)
{
    const struct rollout_row *row = asking->row;
    struct arena *arena = asking->arena;

    return (struct request){
        .kind = REQUEST_CHANGE,
        .who = member->person,
        .person = member->person,
        .entitlement = row->entitlement,
        .plan = row->to_plan,
        .reason =
            arena_printf(arena, "Rollout W%lld, %.*s to %.*s: %.*s", (long long)row->number,
                         STR_ARG(row->from_plan), STR_ARG(row->to_plan), STR_ARG(row->reason)),
        .confirm_one_way = row->confirm_one_way,
        .principal = STR("rule:rollout"), /* one for all runs, whoever starts them: keys are its */
        .may_decide = true,
        .door = STR("run"),
        .key = arena_printf(arena, "rollout:%lld:%.*s", (long long)row->number,
                            STR_ARG(member->person)),
    };
}

/* What of the profile was kept with the old grant goes on with the new one. */
static bool read_profile(struct ledger *ledger, struct str grant, struct arena *arena,
                         struct str *out, struct err *err)
{
    CLEANUP(sql_done) struct stmt stmt = {0};
    bool row;

    *out = STR("{}");
    if (!sql_query(ledger, &stmt, "SELECT profile FROM seat_grant WHERE id = $1",
                   SQL_VALUES(sql_text(grant)), err) ||
        !sql_next(&stmt, &row, err))
        return false;
    if (row)
        *out = sql_str(&stmt, 0, arena);
    return true;
}

static bool set_place(const struct asking *asking, const struct rollout_member *member,
                      struct err *err)
{
    return sql_run(asking->ledger,
                   "UPDATE rollout_member SET place = $3, request_id = $4, why = $5, at = $6"
                   " WHERE rollout_id = $1 AND place_in_order = $2",
                   SQL_VALUES(sql_text(asking->row->id), sql_int((int64_t)member->place_in_order),
                              sql_word(rollout_place_name(member->place)),
                              sql_text_or_null(member->request), sql_text(member->why),
                              sql_int(member->at)),
                   NULL, err);
}

static bool note_place(struct ledger *ledger, const struct actor *actor,
                       const struct rollout_row *row, const struct rollout_member *member,
                       struct err *err)
{
    static const char *const words[] = {
        [ROLLOUT_WAITING] = "rollout.waiting", [ROLLOUT_ASKED] = "rollout.asked",
        [ROLLOUT_MOVED] = "rollout.moved",     [ROLLOUT_FAILED] = "rollout.failed",
        [ROLLOUT_GONE] = "rollout.gone",
    };
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_str(&detail, "reason", member->why);
    return rollout_note(ledger, actor, words[member->place], row, member->person,
                        detail_end(&detail), err);
}

/* Files, accepts, opens and ends, all through the same functions as for anybody who asks. */
static bool ask_member(struct asking *asking, const struct person_row *person,
                       const struct grant *grants, size_t n, const struct grant *held,
                       struct rollout_member *member, struct err *err)
{
    struct request ask = make_ask(asking, member), filed;
    struct str profile;
    enum filed how;
    bool taken = true;

    if (!request_file(asking->ledger, asking->actor, &ask, asking->arena, &filed, &how, err))
        return false;
    if (request_state_is_open(filed.state)) {
        struct intake_step step = make_step(asking, person, grants, n);
        if (!read_profile(asking->ledger, held->id, asking->arena, &profile, err) ||
            !request_take_step(asking->ledger, asking->actor, &filed, &step, held->owner, profile,
                               asking->arena, &taken, err))
            return false;
    }
    if (!taken)
        return err_set(err, ERR_INTERNAL, "R%lld could not be accepted", (long long)filed.number);
    member->place = ROLLOUT_ASKED;
    member->request = filed.id;
    return true;
}

static bool begin_member(struct asking *asking, struct rollout_member *member, struct err *err)
{
    const struct grant *held = NULL;
    struct person_row person;
    struct grant *grants;
    size_t n;
    bool found;

    if (!ledger_get_person(asking->ledger, member->person, asking->arena, &person, &found, err) ||
        !ledger_person_grants(asking->ledger, member->person, asking->arena, &grants, &n, err))
        return false;
    if (!found)
        return err_set(err, ERR_LEDGER, "ledger: a rollout moves somebody unknown");
    if (may_be_moved(&person, asking->arena, &member->why))
        held = find_held(asking, grants, n, &member->why);
    member->at = asking->now_ms;
    member->place = ROLLOUT_GONE;
    if (held) {
        member->why = (struct str){0};
        if (!ask_member(asking, &person, grants, n, held, member, err))
            return false;
    }
    asking->asked += held != NULL;
    asking->gone += held == NULL;
    return set_place(asking, member, err) &&
           note_place(asking->ledger, asking->actor, asking->row, member, err);
}

static bool begin_members(struct asking *asking, const struct rollout_member *members, size_t from,
                          size_t to, struct err *err)
{
    for (size_t i = from; i < to; i++) {
        struct rollout_member member = members[i];
        arena_mark_t mark = arena_mark(asking->arena);

        if (member.place == ROLLOUT_WAITING && !begin_member(asking, &member, err))
            return err_wrap(err, "rollout W%lld", (long long)asking->row->number);
        arena_reset(asking->arena, mark);
    }
    return true;
}

static bool note_wave(const struct asking *asking, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_i64(&detail, "wave", (int64_t)asking->row->wave + 1);
    detail_i64(&detail, "asked", (int64_t)asking->asked);
    detail_i64(&detail, "gone", (int64_t)asking->gone);
    return rollout_note(asking->ledger, asking->actor, "rollout.wave_began", asking->row,
                        (struct str){0}, detail_end(&detail), err);
}

bool ledger_begin_wave(struct ledger *ledger, const struct actor *actor,
                       const struct rollout_row *row, size_t from, size_t to, int64_t now_ms,
                       struct arena *arena, struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};
    const struct rollout_member *members;
    struct rollout_row now;
    size_t n;

    if (!txn_begin(&txn, ledger, err) || !rollout_read_same(ledger, row, arena, &now, err) ||
        !ledger_rollout_members(ledger, row->id, arena, &members, &n, err))
        return false;
    if (now.state != ROLLOUT_RUNNING) {
        return err_set(err, ERR_REFUSED, "rollout W%lld is %s meanwhile", (long long)now.number,
                       rollout_state_name(now.state));
    }
    if (from >= to || to > n)
        return err_set(err, ERR_INTERNAL, "rollout W%lld: no such wave", (long long)now.number);
    struct asking asking = {ledger, actor, &now, now_ms, arena, 0, 0};
    return begin_members(&asking, members, from, to, err) &&
           sql_run(ledger,
                   "UPDATE rollout SET wave = wave + 1, wave_began_at = $2, proved_at = 0,"
                   " confirmed = 0, state_why = '' WHERE id = $1",
                   SQL_VALUES(sql_text(row->id), sql_int(now_ms)), NULL, err) &&
           note_wave(&asking, err) && txn_commit(&txn, err);
}

/* ---- how far people have come ---- */

static bool place_member(struct ledger *ledger, const struct actor *actor,
                         const struct rollout_row *row, const struct rollout_member *member,
                         struct err *err)
{
    int64_t changed;

    if (!sql_run(ledger,
                 "UPDATE rollout_member SET place = $3, why = $4, at = $5"
                 " WHERE rollout_id = $1 AND person_id = $2 AND place <> $3"
                 " AND place IN ('asked', 'failed')",
                 SQL_VALUES(sql_text(row->id), sql_text(member->person),
                            sql_word(rollout_place_name(member->place)), sql_text(member->why),
                            sql_int(member->at)),
                 &changed, err))
        return false;
    return changed == 0 || note_place(ledger, actor, row, member, err);
}

static bool note_proof(struct ledger *ledger, const struct actor *actor,
                       const struct rollout_row *row, struct err *err)
{
    CLEANUP(detail_fini) struct detail detail;

    detail_begin(&detail);
    detail_i64(&detail, "wave", (int64_t)row->wave);
    return rollout_note(ledger, actor, "rollout.wave_proved", row, (struct str){0},
                        detail_end(&detail), err);
}

bool ledger_place_members(struct ledger *ledger, const struct actor *actor,
                          const struct rollout_row *row, const struct rollout_member *members,
                          size_t n, int64_t proved_at, struct err *err)
{
    CLEANUP(scratch_end) struct scratch scratch = scratch_begin(ledger);
    CLEANUP(txn_end) struct txn txn = {0};
    struct rollout_row now;

    if (!txn_begin(&txn, ledger, err) || !rollout_read_same(ledger, row, scratch.arena, &now, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!place_member(ledger, actor, &now, &members[i], err))
            return false;
    }
    if (proved_at != now.proved_at &&
        (!sql_run(ledger, "UPDATE rollout SET proved_at = $2 WHERE id = $1",
                  SQL_VALUES(sql_text(row->id), sql_int(proved_at)), NULL, err) ||
         (now.proved_at == 0 && !note_proof(ledger, actor, &now, err))))
        return false;
    return txn_commit(&txn, err);
}

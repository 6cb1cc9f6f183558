#include "engine/rollout_start.h"
#include "engine/rollout_view.h"
#include "ledger/ledger_person.h"
#include "rig/scenario_steps.h"

/* Rollouts in scenarios: what people do with them, and how they stand. */

static const struct actor owner = {{"os:0", 4}, {"cli", 3}};

static int64_t now(const struct scenario *sc)
{
    return clock_now(&sc->rig.clock);
}

/* ---- steps ---- */

static struct str *logins_of(struct scenario *sc, struct str names, size_t *n)
{
    VEC_OF(struct str) logins = {0};

    for (struct str rest = names; rest.ptr;) {
        struct str name = str_cut(&rest, ',');
        VEC_PUSH(&sc->arena, &logins, arena_printf(&sc->arena, "%.*s@example.com", STR_ARG(name)));
    }
    *n = logins.n;
    return logins.items;
}

/* FROM TO [waves=..] [bake=..] [halt=..] [only=a,b] [one-way] */
static struct rollout_ask read_ask(struct scenario *sc, struct str rest)
{
    struct rollout_ask ask = {
        .ent = &sc->rig.settings.policy.entitlements[0],
        .from = str_cut(&rest, ' '),
        .to = str_cut(&rest, ' '),
        .bake_ms = ROLLOUT_USUAL_BAKE,
        .reason = STR("r"),
    };

    while (rest.len > 0) {
        struct str value = str_cut(&rest, ' ');
        struct str key = str_cut(&value, '=');
        if (str_is(key, "waves")) {
            ask.waves = value;
        } else if (str_is(key, "halt")) {
            ask.halt_on = value;
        } else if (str_is(key, "scope")) {
            ask.scope = value;
        } else if (str_is(key, "only")) {
            ask.logins = logins_of(sc, value, &ask.n_logins);
        } else if (str_is(key, "one-way")) {
            ask.confirm_one_way = true;
        } else if (!str_is(key, "bake") || !duration_parse(value, &ask.bake_ms)) {
            scenario_fail(sc, "`%.*s` is no part of a rollout", STR_ARG(key));
        }
    }
    return ask;
}

static bool refuse(struct scenario *sc, const struct rollout_plan *plan, struct err *err)
{
    struct str names = {0};

    if (plan->n_obstacles == 0)
        return true;
    for (size_t i = 0; i < plan->n_obstacles; i++) {
        struct str rest = plan->obstacles[i].login;
        struct str name = str_cut(&rest, '@');
        names = arena_printf(&sc->arena, "%.*s%s%.*s %.*s", STR_ARG(names), i ? "; " : "",
                             STR_ARG(name), STR_ARG(plan->obstacles[i].why));
    }
    return err_set(err, ERR_REFUSED, "%.*s", STR_ARG(names));
}

/* Under an id that says which one it is, so that who is in which wave is the same every time. */
static bool start(struct scenario *sc, struct str rest, struct err *err)
{
    struct rollout_ask ask = read_ask(sc, rest);
    const struct rollout_row *rows;
    struct rollout_plan plan;
    size_t n;

    if (!rollout_prepare(sc->rig.ledger, &sc->rig.settings.policy, &ask, now(sc), &sc->arena, &plan,
                         err) ||
        !refuse(sc, &plan, err) ||
        !ledger_list_rollouts(sc->rig.ledger, false, &sc->arena, &rows, &n, err))
        return false;
    struct str *people = arena_array(&sc->arena, struct str, plan.n);
    for (size_t i = 0; i < plan.n; i++)
        people[i] = plan.people[i];
    plan.row.id = arena_printf(&sc->arena, "rollout-%zu", n + 1);
    rollout_order(plan.row.id, people, plan.n, &sc->arena);
    return ledger_start_rollout(sc->rig.ledger, &owner, &plan.row, people, plan.n, &sc->arena, err);
}

/* What people say is about the newest one. */
static bool decide(struct scenario *sc, struct str verb, struct err *err)
{
    static const struct {
        const char *verb;
        enum rollout_state to;
    } moves[] = {
        {"pause", ROLLOUT_PAUSED}, {"resume", ROLLOUT_RUNNING}, {"abort", ROLLOUT_ABORTED}};
    const struct rollout_row *rows;
    size_t n;

    if (!ledger_list_rollouts(sc->rig.ledger, false, &sc->arena, &rows, &n, err))
        return false;
    if (n == 0)
        return err_set(err, ERR_USAGE, "there is no rollout");
    if (str_is(verb, "confirm"))
        return ledger_confirm_rollout(sc->rig.ledger, &owner, &rows[0], STR("r"), err);
    for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
        if (str_is(verb, moves[i].verb))
            return ledger_move_rollout(sc->rig.ledger, &owner, &rows[0], moves[i].to, STR("r"),
                                       err);
    }
    return err_set(err, ERR_INTERNAL, "`%.*s` is nothing to do with a rollout", STR_ARG(verb));
}

void scenario_rollout(struct scenario *sc, struct str rest)
{
    bool want_refusal = str_ends(rest, STR(" refused"));
    struct err err = {0};

    if (want_refusal)
        rest = str_sub(rest, 0, rest.len - sizeof(" refused") + 1);
    struct str verb = str_cut(&rest, ' ');
    bool done = str_is(verb, "start") ? start(sc, rest, &err) : decide(sc, verb, &err);
    sc->refusal = arena_str(&sc->arena, str_of(err.msg));
    if (done == want_refusal || err.kind == ERR_INTERNAL || err.kind == ERR_LEDGER)
        scenario_fail(sc, "rollout %.*s: %s", STR_ARG(verb), done ? "not refused" : err.msg);
}

/* ---- how they stand ---- */

static struct str name_of(struct scenario *sc, struct str person)
{
    struct person_row row;
    struct err err = {0};
    bool found;

    if (!ledger_get_person(sc->rig.ledger, person, &sc->arena, &row, &found, &err) || !found)
        return person;
    return str_cut(&row.person.login, '@');
}

static struct str names_at(struct scenario *sc, const struct rollout_view *view,
                           enum rollout_place place)
{
    struct str *names = arena_array(&sc->arena, struct str, view->n);
    struct str out = {0};
    size_t n = 0;

    for (size_t i = 0; i < view->n; i++) {
        const struct rollout_member *member = &view->members[i];
        if (member->place != place)
            continue;
        names[n] = name_of(sc, member->person);
        if (member->why.len > 0) {
            names[n] =
                arena_printf(&sc->arena, "%.*s (%.*s)", STR_ARG(names[n]), STR_ARG(member->why));
        }
        n++;
    }
    n = str_sort_unique(names, n);
    for (size_t i = 0; i < n; i++)
        out = arena_printf(&sc->arena, "%.*s %.*s", STR_ARG(out), STR_ARG(names[i]));
    return out;
}

static void show(struct scenario *sc, const struct rollout_row *row, struct buf *out)
{
    struct rollout_view view;
    struct err err = {0};

    if (!rollout_view_load(sc->rig.ledger, row, NULL, now(sc), &sc->arena, &view, &err)) {
        scenario_fail(sc, "%s", err.msg);
        return;
    }
    buf_printf(out, "W%lld %s, wave %zu of %zu%s: %.*s\n", (long long)row->number,
               rollout_state_name(row->state), row->wave, view.n_waves,
               row->confirmed ? ", confirmed" : "", STR_ARG(row->state_why));
    for (int place = ROLLOUT_WAITING; place <= ROLLOUT_GONE; place++) {
        struct str names = names_at(sc, &view, (enum rollout_place)place);
        if (names.len > 0) {
            buf_printf(out, "  %s%.*s\n", rollout_place_name((enum rollout_place)place),
                       STR_ARG(names));
        }
    }
}

const char *scenario_show_rollouts(struct scenario *sc)
{
    CLEANUP(buf_fini) struct buf out = {0};
    const struct rollout_row *rows;
    struct err err = {0};
    size_t n = 0;

    if (!ledger_list_rollouts(sc->rig.ledger, false, &sc->arena, &rows, &n, &err))
        scenario_fail(sc, "%s", err.msg);
    if (sc->refusal.len > 0)
        buf_printf(&out, "refused: %.*s\n", STR_ARG(sc->refusal));
    sc->refusal = (struct str){0};
    while (n > 0)
        show(sc, &rows[--n], &out);
    return arena_cstr(&sc->arena, buf_str(&out));
}

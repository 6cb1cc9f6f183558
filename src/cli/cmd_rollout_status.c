#include "base/json_out.h"
#include "base/utf8.h"
#include "cli/rollout.h"
#include "core/finding.h"

/* How rollouts stand: waves, what is waited for, the next command. */

#define SHOWN_MOST 20

struct wave_sum {
    size_t people, waiting, on_the_way, there, moved, failed, gone;
};

static struct wave_sum sum_wave(const struct rollout_view *view, size_t wave)
{
    size_t from = rollout_reach(view->waves, view->n_waves, wave - 1, view->n);
    size_t to = rollout_reach(view->waves, view->n_waves, wave, view->n);
    struct wave_sum sum = {.people = to - from};

    for (size_t i = from; i < to; i++) {
        enum rollout_place place = view->members[i].place;
        bool is_asked = place == ROLLOUT_ASKED;
        sum.waiting += place == ROLLOUT_WAITING;
        sum.on_the_way += is_asked && !view->standings[i].arrived;
        sum.there += is_asked && view->standings[i].arrived;
        sum.moved += place == ROLLOUT_MOVED;
        sum.failed += place == ROLLOUT_FAILED;
        sum.gone += place == ROLLOUT_GONE;
    }
    return sum;
}

/* ---- what comes next ---- */

static struct str waits_for(const struct rollout_view *view)
{
    const struct rollout_row *row = &view->row;

    if (row->state_why.len > 0 || row->state != ROLLOUT_RUNNING)
        return row->state_why;
    return row->wave == 0 ? STR("the next run begins the first wave") : STR("the next run goes on");
}

static bool needs_word(const struct rollout_view *view)
{
    return view->row.state == ROLLOUT_RUNNING && view->needs_confirm && !view->row.confirmed &&
           view->n_on_the_way == 0;
}

/* The first by login of those who are asked and not there; empty when there is none. */
static struct str first_on_the_way(struct cli *cli, const struct rollout_view *view,
                                   struct str *login)
{
    struct str person = {0};

    for (size_t i = 0; i < view->n; i++) {
        const struct rollout_member *member = &view->members[i];
        if (member->place != ROLLOUT_ASKED || view->standings[i].arrived)
            continue;
        struct str name = cli_login_of(cli, member->person);
        if (person.len > 0 && str_cmp(name, *login) >= 0)
            continue;
        *login = name;
        person = member->person;
    }
    return person;
}

/* Empty: nothing but runs is needed. */
static struct str next_command(struct cli *cli, const struct rollout_view *view)
{
    struct str name = rollout_name(cli, &view->row);

    if (needs_word(view)) {
        return arena_printf(&cli->arena, "%s rollout confirm %.*s --reason \"...\"", cli->program,
                            STR_ARG(name));
    }
    if (view->row.state == ROLLOUT_PAUSED || view->row.state == ROLLOUT_HALTED) {
        return arena_printf(&cli->arena, "%s rollout resume %.*s --reason \"...\"", cli->program,
                            STR_ARG(name));
    }
    if (view->row.state != ROLLOUT_RUNNING)
        return (struct str){0};
    struct str login, person = first_on_the_way(cli, view, &login);
    if (person.len == 0)
        return (struct str){0};
    return arena_printf(&cli->arena, "%s explain %.*s", cli->program,
                        STR_ARG(command_person(login, person, &cli->arena)));
}

/* ---- text ---- */

static struct str number(struct cli *cli, size_t n)
{
    return n == 0 ? STR("-") : arena_printf(&cli->arena, "%zu", n);
}

static void put_waves(struct cli *cli, const struct rollout_view *view)
{
    static const char *const heads[] = {"WAVE",  "PEOPLE", "WAITING", "ON THE WAY",
                                        "THERE", "MOVED",  "FAILED",  "GONE"};
    struct table table = {.n_columns = ARRAY_LEN(heads), .heads = heads};

    for (size_t wave = 1; wave <= view->n_waves; wave++) {
        struct wave_sum sum = sum_wave(view, wave);
        if (sum.people == 0)
            break;
        const struct str cells[] = {
            arena_printf(&cli->arena, "%zu%s", wave,
                         wave == view->row.wave && view->row.confirmed ? " confirmed" : ""),
            number(cli, sum.people),
            number(cli, sum.waiting),
            number(cli, sum.on_the_way),
            number(cli, sum.there),
            number(cli, sum.moved),
            number(cli, sum.failed),
            number(cli, sum.gone),
        };
        for (size_t i = 0; i < ARRAY_LEN(cells); i++)
            table_add(&table, &cli->arena, cells[i]);
    }
    table_print(&table, &cli->out);
}

static void put_people(struct cli *cli, const struct rollout_view *view, enum rollout_place place,
                       const char *title)
{
    size_t n = 0;

    for (size_t i = 0; i < view->n; i++) {
        const struct rollout_member *member = &view->members[i];
        if (member->place != place || n++ >= SHOWN_MOST)
            continue;
        buf_printf(&cli->out, "%s %.*s: %.*s%s\n", title,
                   STR_ARG(utf8_printable(cli_login_of(cli, member->person), &cli->arena)),
                   STR_ARG(utf8_printable(member->why, &cli->arena)),
                   member->accepted ? " (accepted)" : "");
    }
    if (n > SHOWN_MOST)
        buf_printf(&cli->out, "%s: and %zu more\n", title, n - SHOWN_MOST);
}

static void put_text(struct cli *cli, const struct rollout_view *view)
{
    const struct rollout_row *row = &view->row;
    struct arena *arena = &cli->arena;
    struct str waits = waits_for(view), command = next_command(cli, view);
    struct str name = rollout_name(cli, row);

    buf_printf(&cli->out, "%.*s is %s: %.*s, %.*s to %.*s, %zu %s\n", STR_ARG(name),
               rollout_state_name(row->state), STR_ARG(utf8_printable(row->entitlement, arena)),
               STR_ARG(row->from_plan), STR_ARG(row->to_plan), view->n,
               view->n == 1 ? "person" : "people");
    buf_printf(&cli->out, "Started %.*s by %.*s: %.*s\n",
               STR_ARG(time_local_str(row->started_at, arena)),
               STR_ARG(utf8_printable(row->started_by, arena)),
               STR_ARG(utf8_printable(row->reason, arena)));
    buf_printf(
        &cli->out,
        "A wave bakes for %.*s; halts at any failure in the first, later at more than %.*s\n",
        STR_ARG(duration_str(row->bake_ms, arena)), STR_ARG(row->halt_on));
    put_waves(cli, view);
    put_people(cli, view, ROLLOUT_FAILED, "Failed");
    put_people(cli, view, ROLLOUT_GONE, "Gone");
    if (waits.len > 0) {
        buf_printf(&cli->out, "%s: %.*s\n", row->state == ROLLOUT_RUNNING ? "Now" : "Because",
                   STR_ARG(utf8_printable(waits, arena)));
    }
    if (command.len > 0)
        buf_printf(&cli->out, "Next: %.*s\n", STR_ARG(command));
}

/* ---- JSON ---- */

static void json_wave(struct json_out *json, const struct rollout_view *view, size_t wave)
{
    struct wave_sum sum = sum_wave(view, wave);

    json_open(json, NULL, '{');
    json_put_i64(json, "wave", (int64_t)wave);
    json_put_i64(json, "people", (int64_t)sum.people);
    json_put_bool(json, "begun", wave <= view->row.wave);
    json_put_i64(json, "waiting", (int64_t)sum.waiting);
    json_put_i64(json, "on_the_way", (int64_t)sum.on_the_way);
    json_put_i64(json, "there", (int64_t)sum.there);
    json_put_i64(json, "moved", (int64_t)sum.moved);
    json_put_i64(json, "failed", (int64_t)sum.failed);
    json_put_i64(json, "gone", (int64_t)sum.gone);
    json_end(json, '}');
}

static void json_person(struct cli *cli, struct json_out *json, const struct rollout_view *view,
                        size_t i)
{
    const struct rollout_member *member = &view->members[i];

    json_open(json, NULL, '{');
    json_put_str(json, "person", cli_login_of(cli, member->person));
    json_put_str(json, "okta_id", member->person);
    json_put_i64(json, "wave", (int64_t)rollout_view_wave(view, i));
    json_put_str(json, "place", str_of(rollout_place_name(member->place)));
    json_put_bool(json, "there", view->standings[i].arrived);
    json_put_time(json, "since", member->at);
    json_put_str_or_null(json, "why", member->why);
    json_put_bool(json, "accepted", member->accepted);
    json_end(json, '}');
}

static void json_rollout(struct cli *cli, struct json_out *json, const struct rollout_view *view)
{
    const struct rollout_row *row = &view->row;

    json_open(json, NULL, '{');
    json_put_str(json, "rollout", rollout_name(cli, row));
    json_put_str(json, "id", row->id);
    json_put_str(json, "entitlement", row->entitlement);
    json_put_str(json, "from", row->from_plan);
    json_put_str(json, "to", row->to_plan);
    json_put_str(json, "scope", row->scope);
    json_put_str(json, "state", str_of(rollout_state_name(row->state)));
    json_put_str_or_null(json, "why", waits_for(view));
    json_put_str(json, "started_by", row->started_by);
    json_put_time(json, "started_at", row->started_at);
    json_put_str(json, "reason", row->reason);
    json_put_time(json, "ended_at", row->ended_at);
    json_put_str(json, "sizes", row->waves);
    json_put_str(json, "halt_on", row->halt_on);
    json_put_i64(json, "bake_seconds", row->bake_ms / 1000);
    json_put_i64(json, "wave", (int64_t)row->wave);
    json_put_time(json, "wave_began_at", row->wave_began_at);
    json_put_time(json, "proved_at", row->proved_at);
    json_put_bool(json, "needs_confirm", view->needs_confirm && !row->confirmed);
    json_put_str_or_null(json, "command", next_command(cli, view));
    json_open(json, "waves", '[');
    for (size_t wave = 1; wave <= view->n_waves; wave++) {
        if (sum_wave(view, wave).people > 0)
            json_wave(json, view, wave);
    }
    json_end(json, ']');
    json_open(json, "people", '[');
    for (size_t i = 0; i < view->n; i++)
        json_person(cli, json, view, i);
    json_end(json, ']');
    json_end(json, '}');
}

/* ---- which ---- */

static bool is_meant(const struct rollout_words *words, const struct entitlement *ent,
                     const struct rollout_row *row, bool some_open)
{
    if (ent && !str_eq(row->entitlement, ent->name))
        return false;
    return words->all || !some_open || rollout_state_is_open(row->state);
}

/* Those under way; if there are none, the newest that there was. */
static bool choose(struct cli *cli, const struct rollout_words *words,
                   const struct rollout_row **out, size_t *n, struct err *err)
{
    const struct entitlement *ent = NULL;
    const struct rollout_row *rows;
    bool some_open = false;
    size_t n_rows, kept = 0;

    if ((words->ent && !cli_entitlement(cli, words->ent, &ent, err)) ||
        !ledger_list_rollouts(cli->ledger, false, &cli->arena, &rows, &n_rows, err))
        return false;
    for (size_t i = 0; i < n_rows; i++) {
        if (!ent || str_eq(rows[i].entitlement, ent->name))
            some_open = some_open || rollout_state_is_open(rows[i].state);
    }
    struct rollout_row *chosen = arena_array(&cli->arena, struct rollout_row, n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        if (is_meant(words, ent, &rows[i], some_open))
            chosen[kept++] = rows[i];
    }
    *out = chosen;
    *n = !words->all && !some_open && kept > 1 ? 1 : kept;
    return true;
}

static bool put_all(struct cli *cli, const struct rollout_words *words,
                    const struct rollout_row *rows, size_t n, struct err *err)
{
    struct json_out json = {.buf = &cli->out, .indent = true};

    if (words->json) {
        json_open(&json, NULL, '{');
        json_open(&json, "rollouts", '[');
    }
    for (size_t i = 0; i < n; i++) {
        struct rollout_view view;
        if (!rollout_view_of(cli, &rows[i], &view, err))
            return false;
        if (words->json) {
            json_rollout(cli, &json, &view);
        } else {
            buf_printf(&cli->out, "%s", i > 0 ? "\n" : "");
            put_text(cli, &view);
        }
    }
    if (words->json) {
        json_end(&json, ']');
        json_end(&json, '}');
        buf_add_char(&cli->out, '\n');
    } else if (n == 0) {
        buf_printf(&cli->out, "There is no rollout.\n");
    }
    return true;
}

bool rollout_cmd_status(struct cli *cli, const struct rollout_words *words, struct err *err)
{
    const struct rollout_row *rows;
    struct rollout_row one;
    size_t n = 1;

    if (words->which) {
        if (!rollout_find(cli, words, &one, err))
            return false;
        rows = &one;
    } else if (!choose(cli, words, &rows, &n, err)) {
        return false;
    }
    return put_all(cli, words, rows, n, err);
}

#include "base/file.h"
#include "base/json_out.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "cli/rollout.h"
#include "core/finding.h"
#include "engine/rollout_start.h"

/* Starting a rollout: who is in it, or who stands in its way. */

#define LIST_MAX   ((size_t)4 << 20)
#define SHOWN_MOST 50

/* ---- what was typed ---- */

/* One login a line; blank lines and comments are left out. */
static bool read_logins(struct cli *cli, const char *path, struct rollout_ask *ask, struct err *err)
{
    VEC_OF(struct str) logins = {0};
    struct str text;

    if (!file_read(str_of(path), LIST_MAX, FILE_ANY, &cli->arena, &text, err))
        return false;
    if (!utf8_valid(text))
        return err_set(err, ERR_USAGE, "%s: is not UTF-8", path);
    for (struct str rest = text; rest.ptr;) {
        struct str line = str_trim(str_cut(&rest, '\n'));
        if (line.len > 0 && line.ptr[0] != '#')
            VEC_PUSH(&cli->arena, &logins, line);
    }
    ask->logins = logins.items;
    ask->n_logins = logins.n;
    return logins.n > 0 || err_set(err, ERR_USAGE, "%s: names nobody", path);
}

static bool read_ask(struct cli *cli, const struct rollout_words *words, struct rollout_ask *out,
                     struct err *err)
{
    if (!words->ent || !words->from || !words->to) {
        return err_set(err, ERR_USAGE,
                       "say where and what: %s rollout start -e ENT --from PLAN --to PLAN --reason "
                       "R",
                       cli->program);
    }
    *out = (struct rollout_ask){
        .from = str_of(words->from),
        .to = str_of(words->to),
        .scope = str_of(words->scope),
        .waves = str_of(words->waves),
        .halt_on = str_of(words->halt_on),
        .bake_ms = ROLLOUT_USUAL_BAKE,
        .confirm_one_way = words->one_way,
        .reason = str_of(words->reason),
    };
    if (!rollout_check_reason(words, err) || !cli_entitlement(cli, words->ent, &out->ent, err))
        return false;
    if (words->bake && (!duration_parse(str_of(words->bake), &out->bake_ms))) {
        return err_set(err, ERR_USAGE, "--bake: `%s` is no span of time; write it like 24h or 0s",
                       words->bake);
    }
    return !words->file || read_logins(cli, words->file, out, err);
}

/* ---- who stands in the way ---- */

static void say_people(struct cli *cli, const struct rollout_person *people, size_t n)
{
    for (size_t i = 0; i < n && i < SHOWN_MOST; i++) {
        struct str login = utf8_printable(people[i].login, &cli->arena);
        cli_say(cli, "  %.*s %.*s", STR_ARG(login), STR_ARG(people[i].why));
    }
    if (n > SHOWN_MOST)
        cli_say(cli, "  and %zu more", n - SHOWN_MOST);
}

static bool check_way(struct cli *cli, const struct rollout_plan *plan, struct err *err)
{
    if (plan->n_obstacles == 0)
        return true;
    say_people(cli, plan->obstacles, plan->n_obstacles);
    cli_say(cli,
            "Members by other hands are taken over with `%s adopt -e %.*s --out adopt.csv`, or "
            "taken out in Okta.",
            cli->program, STR_ARG(command_word(plan->row.entitlement, &cli->arena)));
    return err_set(err, ERR_REFUSED, "%zu %s in the way; nothing is started", plan->n_obstacles,
                   plan->n_obstacles == 1 ? "person stands" : "people stand");
}

/* ---- what was started ---- */

struct str rollout_reaches(struct cli *cli, const struct rollout_wave *waves, size_t n_waves,
                           size_t people)
{
    struct str out = {0};
    size_t before = 0;

    for (size_t wave = 1; wave <= n_waves; wave++) {
        size_t reach = rollout_reach(waves, n_waves, wave, people);
        if (reach == before)
            break;
        out = arena_printf(&cli->arena, "%.*s%s%zu", STR_ARG(out), wave > 1 ? ", " : "", reach);
        before = reach;
    }
    return out;
}

static bool reaches_of(struct cli *cli, const struct rollout_plan *plan, size_t *first,
                       struct str *out, struct err *err)
{
    const struct rollout_wave *waves;
    size_t n;

    if (!rollout_parse_waves(plan->row.waves, &cli->arena, &waves, &n, err))
        return false;
    *first = rollout_reach(waves, n, 1, plan->n);
    *out = rollout_reaches(cli, waves, n, plan->n);
    return true;
}

static bool put_text(struct cli *cli, const struct rollout_plan *plan,
                     const struct entitlement *ent, struct err *err)
{
    const struct rollout_row *row = &plan->row;
    struct str name = rollout_name(cli, row), reaches;
    size_t first;

    if (!reaches_of(cli, plan, &first, &reaches, err))
        return false;
    buf_printf(&cli->out,
               "%.*s is started: %zu %s in %.*s from %.*s to %.*s, in waves reaching %.*s.\n",
               STR_ARG(name), plan->n, plan->n == 1 ? "person moves" : "people move",
               STR_ARG(row->entitlement), STR_ARG(row->from_plan), STR_ARG(row->to_plan),
               STR_ARG(reaches));
    if (row->confirm_one_way)
        buf_printf(&cli->out, "There is no way back for whoever is asked.\n");
    if (ent->mode == MODE_OBSERVE) {
        buf_printf(&cli->out, "%.*s is in mode observe: no wave begins before that changes.\n",
                   STR_ARG(ent->name));
    } else {
        buf_printf(&cli->out, "The next run begins with %zu of them.\n", first);
    }
    buf_printf(&cli->out,
               "How it stands: %s rollout status %.*s. To stop it: %s rollout pause %.*s --reason "
               "R\n",
               cli->program, STR_ARG(name), cli->program, STR_ARG(name));
    if (plan->n_left_out > 0) {
        cli_say(cli, "Not in it:");
        say_people(cli, plan->left_out, plan->n_left_out);
    }
    return true;
}

static void put_json(struct cli *cli, const struct rollout_plan *plan)
{
    struct json_out json = {.buf = &cli->out, .indent = true};

    json_open(&json, NULL, '{');
    json_put_str(&json, "rollout", rollout_name(cli, &plan->row));
    json_put_str(&json, "id", plan->row.id);
    json_put_i64(&json, "people", (int64_t)plan->n);
    json_open(&json, "left_out", '[');
    for (size_t i = 0; i < plan->n_left_out; i++) {
        json_open(&json, NULL, '{');
        json_put_str(&json, "person", plan->left_out[i].login);
        json_put_str(&json, "okta_id", plan->left_out[i].person);
        json_put_str(&json, "why", plan->left_out[i].why);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    buf_add_char(&cli->out, '\n');
}

/* A move without a way back is a person's decision, like any other of its kind. */
static bool check_person(struct cli *cli, const struct rollout_row *row, struct err *err)
{
    struct str person;

    return !row->confirm_one_way || cli_require_person(cli, &person, err);
}

bool rollout_cmd_start(struct cli *cli, const struct rollout_words *words, struct err *err)
{
    struct rollout_ask ask;
    struct rollout_plan plan;

    if (!read_ask(cli, words, &ask, err) ||
        !rollout_prepare(cli->ledger, &cli->settings.policy, &ask, clock_now(&cli->clock),
                         &cli->arena, &plan, err) ||
        !check_way(cli, &plan, err) || !check_person(cli, &plan.row, err) ||
        !ledger_start_rollout(cli->ledger, &cli->actor, &plan.row, plan.people, plan.n, &cli->arena,
                              err))
        return false;
    if (!words->json)
        return put_text(cli, &plan, ask.ent, err);
    put_json(cli, &plan);
    return true;
}

#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/rollout.h"

/* Rollouts: which one is meant, and what people decide about it. */

struct str rollout_name(struct cli *cli, const struct rollout_row *row)
{
    return arena_printf(&cli->arena, "W%lld", (long long)row->number);
}

bool rollout_check_reason(const struct rollout_words *words, struct err *err)
{
    if (!words->reason || !*words->reason)
        return err_set(err, ERR_USAGE, "--reason is missing: say why, it stays on the record");
    return utf8_valid(str_of(words->reason)) || err_set(err, ERR_USAGE, "--reason: is not UTF-8");
}

/* ---- which one ---- */

static bool parse_number(const char *text, int64_t *out, struct err *err)
{
    const char *digits = *text == 'W' || *text == 'w' ? text + 1 : text;

    return (str_to_i64(str_of(digits), out) && *out >= 1) ||
           err_set(err, ERR_USAGE, "`%s` is no rollout; they look like W3", text);
}

static bool find_named(struct cli *cli, const char *text, struct rollout_row *out, struct err *err)
{
    const struct rollout_row *rows;
    int64_t number;
    size_t n;

    if (!parse_number(text, &number, err) ||
        !ledger_list_rollouts(cli->ledger, false, &cli->arena, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].number == number) {
            *out = rows[i];
            return true;
        }
    }
    return err_set(err, ERR_USAGE, "there is no rollout W%lld", (long long)number);
}

static bool find_open(struct cli *cli, const struct entitlement *ent, struct rollout_row *out,
                      struct err *err)
{
    const struct rollout_row *rows;
    struct str names = {0};
    size_t n, found = 0;

    if (!ledger_list_rollouts(cli->ledger, true, &cli->arena, &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (ent && !str_eq(rows[i].entitlement, ent->name))
            continue;
        names = arena_printf(&cli->arena, "%.*s%s%.*s (%.*s)", STR_ARG(names), found ? ", " : "",
                             STR_ARG(rollout_name(cli, &rows[i])), STR_ARG(rows[i].entitlement));
        *out = rows[i];
        found++;
    }
    if (found == 1)
        return true;
    if (found == 0)
        return err_set(err, ERR_USAGE, "no rollout is under way");
    return err_set(err, ERR_USAGE, "several rollouts are under way, say which: %.*s",
                   STR_ARG(names));
}

bool rollout_find(struct cli *cli, const struct rollout_words *words, struct rollout_row *out,
                  struct err *err)
{
    const struct entitlement *ent = NULL;

    if (words->ent && !cli_entitlement(cli, words->ent, &ent, err))
        return false;
    return words->which ? find_named(cli, words->which, out, err) : find_open(cli, ent, out, err);
}

bool rollout_view_of(struct cli *cli, const struct rollout_row *row, struct rollout_view *out,
                     struct err *err)
{
    return rollout_view_load(cli->ledger, row, NULL, clock_now(&cli->clock), &cli->arena, out, err);
}

/* ---- pause, resume, abort ---- */

static bool move(struct cli *cli, const struct rollout_words *words, enum rollout_state to,
                 struct rollout_row *row, struct err *err)
{
    return rollout_check_reason(words, err) && rollout_find(cli, words, row, err) &&
           ledger_move_rollout(cli->ledger, &cli->actor, row, to, str_of(words->reason), err);
}

static bool pause_it(struct cli *cli, const struct rollout_words *words, struct err *err)
{
    struct rollout_row row;

    if (!move(cli, words, ROLLOUT_PAUSED, &row, err))
        return false;
    struct str name = rollout_name(cli, &row);
    buf_printf(&cli->out,
               "%.*s is paused: nobody new is asked; what was asked goes on.\n"
               "To go on: %s rollout resume %.*s --reason R\n",
               STR_ARG(name), cli->program, STR_ARG(name));
    return true;
}

static size_t count(const struct rollout_view *view, enum rollout_place place)
{
    size_t n = 0;

    for (size_t i = 0; i < view->n; i++)
        n += view->members[i].place == place;
    return n;
}

static bool resume_it(struct cli *cli, const struct rollout_words *words, struct err *err)
{
    struct rollout_view before;
    struct rollout_row row;

    if (!rollout_check_reason(words, err) || !rollout_find(cli, words, &row, err) ||
        !rollout_view_of(cli, &row, &before, err) ||
        !ledger_move_rollout(cli->ledger, &cli->actor, &row, ROLLOUT_RUNNING, str_of(words->reason),
                             err))
        return false;
    buf_printf(&cli->out, "%.*s goes on with the next run.\n", STR_ARG(rollout_name(cli, &row)));
    size_t failed = count(&before, ROLLOUT_FAILED);
    if (row.state == ROLLOUT_HALTED && failed > 0) {
        buf_printf(&cli->out,
                   "The %zu failure%s so far halt%s it no more, and wave %zu bakes anew.\n", failed,
                   failed == 1 ? "" : "s", failed == 1 ? "s" : "", row.wave);
    }
    return true;
}

static bool abort_it(struct cli *cli, const struct rollout_words *words, struct err *err)
{
    struct rollout_view view;
    struct rollout_row row;

    if (!move(cli, words, ROLLOUT_ABORTED, &row, err) || !rollout_view_of(cli, &row, &view, err))
        return false;
    buf_printf(&cli->out,
               "%.*s is aborted: nobody new is asked. %zu moved, %zu asked who go on as requests "
               "do, %zu stay on %.*s.\n",
               STR_ARG(rollout_name(cli, &row)), count(&view, ROLLOUT_MOVED),
               count(&view, ROLLOUT_ASKED) + count(&view, ROLLOUT_FAILED),
               count(&view, ROLLOUT_WAITING), STR_ARG(row.from_plan));
    return true;
}

/* ---- confirm ---- */

/* A word about seats that nobody can have looked at yet would be none. */
static bool check_ready(const struct rollout_view *view, struct err *err)
{
    const struct rollout_row *row = &view->row;

    if (!rollout_state_is_open(row->state)) {
        return err_set(err, ERR_REFUSED, "W%lld is %s", (long long)row->number,
                       rollout_state_name(row->state));
    }
    if (row->wave == 0) {
        return err_set(err, ERR_REFUSED, "no wave of W%lld has begun yet: the next run begins it",
                       (long long)row->number);
    }
    if (row->confirmed) {
        return err_set(err, ERR_REFUSED, "wave %zu of W%lld is confirmed already", row->wave,
                       (long long)row->number);
    }
    if (!view->needs_confirm) {
        return err_set(err, ERR_REFUSED,
                       "wave %zu of W%lld needs nobody's word: what there is to see is seen",
                       row->wave, (long long)row->number);
    }
    if (view->n_on_the_way > 0) {
        return err_set(err, ERR_REFUSED,
                       "%zu of the people asked %s not there yet, as far as the last run saw; "
                       "confirm once they are",
                       view->n_on_the_way, view->n_on_the_way == 1 ? "is" : "are");
    }
    return true;
}

static bool confirm_it(struct cli *cli, const struct rollout_words *words, struct err *err)
{
    struct rollout_view view;
    struct rollout_row row;
    struct str person;

    if (!rollout_check_reason(words, err) || !rollout_find(cli, words, &row, err) ||
        !cli_require_person(cli, &person, err) || !rollout_view_of(cli, &row, &view, err) ||
        !check_ready(&view, err) ||
        !ledger_confirm_rollout(cli->ledger, &cli->actor, &row, str_of(words->reason), err))
        return false;
    buf_printf(&cli->out,
               "Wave %zu of %.*s is confirmed. The next run takes its people out of the group of "
               "%.*s.\n",
               row.wave, STR_ARG(rollout_name(cli, &row)), STR_ARG(row.from_plan));
    return true;
}

/* ---- the command ---- */

static const struct verb {
    const char *name;
    bool (*run)(struct cli *cli, const struct rollout_words *words, struct err *err);
    const char *options; /* what it takes, by blanks */
} verbs[] = {
    {"start", rollout_cmd_start,
     "entitlement from to scope waves bake halt-on confirm-one-way file reason json"},
    {"status", rollout_cmd_status, "entitlement all json"},
    {"pause", pause_it, "entitlement reason"},
    {"resume", resume_it, "entitlement reason"},
    {"abort", abort_it, "entitlement reason"},
    {"confirm", confirm_it, "entitlement reason"},
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (str_is(str_of(name), verbs[i].name))
            return &verbs[i];
    }
    return NULL;
}

static bool takes(const struct verb *verb, const char *option)
{
    for (struct str rest = str_of(verb->options); rest.ptr;) {
        if (str_is(str_cut(&rest, ' '), option))
            return true;
    }
    return false;
}

static bool check_options(const struct verb *verb, const struct opt *opts, size_t n,
                          const struct rollout_words *words, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        bool given = opts[i].flag ? *opts[i].flag : *opts[i].value != NULL;
        if (given && !takes(verb, opts[i].name)) {
            return err_set(err, ERR_USAGE, "--%s does not go with `rollout %s`", opts[i].name,
                           verb->name);
        }
    }
    return !words->which || !str_is(str_of(verb->name), "start") ||
           err_set(err, ERR_USAGE, "a rollout gets its number when it is started; `%s` is too much",
                   words->which);
}

bool cmd_rollout(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct rollout_words words = {0};
    const char *given[2] = {0};
    const struct opt opts[] = {
        {"entitlement", 'e', NULL, &words.ent},
        {"from", 0, NULL, &words.from},
        {"to", 0, NULL, &words.to},
        {"scope", 0, NULL, &words.scope},
        {"waves", 0, NULL, &words.waves},
        {"bake", 0, NULL, &words.bake},
        {"halt-on", 0, NULL, &words.halt_on},
        {"confirm-one-way", 0, &words.one_way, NULL},
        {"file", 'f', NULL, &words.file},
        {"reason", 'r', NULL, &words.reason},
        {"all", 0, &words.all, NULL},
        {"json", 0, &words.json, NULL},
    };

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), given, 1, 2, NULL, err))
        return false;
    const struct verb *verb = find_verb(given[0]);
    if (!verb) {
        return err_set(err, ERR_USAGE,
                       "`%s` is nothing to do with a rollout; there is: start, status, pause, "
                       "resume, abort, confirm",
                       given[0]);
    }
    words.verb = given[0];
    words.which = given[1];
    return check_options(verb, opts, ARRAY_LEN(opts), &words, err) && verb->run(cli, &words, err);
}

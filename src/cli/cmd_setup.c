#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/commands.h"
#include "core/finding.h"

/* From nothing to a ledger that is kept well: init, check, migrate, backup. */

/* ---- init ---- */

struct place {
    const char *folder;
    struct str settings, ledger; /* paths */
    struct settings initial;
    bool made_folder, made_settings;
};

static bool plan_place(struct cli *cli, const char *folder, struct place *out, struct err *err)
{
    struct settings_problems problems;
    struct str dir = str_of(folder);

    while (dir.len > 1 && dir.ptr[dir.len - 1] == '/')
        dir.len--;
    *out = (struct place){.folder = arena_cstr(&cli->arena, dir)};
    out->settings = str_is(dir, ".")
                        ? STR("settings.yaml")
                        : arena_printf(&cli->arena, "%.*s/settings.yaml", STR_ARG(dir));
    if (!settings_parse(out->settings, settings_template(), &cli->arena, &out->initial, &problems,
                        err))
        return false;
    out->ledger = out->initial.ledger;
    return true;
}

/* What is left of a ledger that was here would be taken for this one's. */
static bool check_free(struct cli *cli, const struct place *place, struct err *err)
{
    const struct str paths[] = {
        place->settings,
        place->ledger,
        arena_printf(&cli->arena, "%.*s.generation", STR_ARG(place->ledger)),
        arena_printf(&cli->arena, "%.*s-journal", STR_ARG(place->ledger)),
    };

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        if (file_exists(paths[i])) {
            return err_set(err, ERR_USAGE, "%.*s is there already; nothing was changed",
                           STR_ARG(paths[i]));
        }
    }
    return true;
}

static bool make_folder(struct place *place, struct err *err)
{
    if (mkdir(place->folder, 0700) == 0) {
        place->made_folder = true;
        return true;
    }
    return errno == EEXIST || err_errno(err, ERR_USAGE, "%s", place->folder);
}

static bool make_ledger(struct cli *cli, const struct place *place, struct err *err)
{
    struct ledger_options options = {
        .path = place->ledger,
        .clock = &cli->clock,
        .program = "seatkeeper " SEATKEEPER_VERSION,
        .settings_digest = place->initial.policy.digest,
        .may_create = true,
    };
    struct ledger *ledger = NULL;

    if (!ledger_open(&options, &ledger, err))
        return false;
    bool ok = ledger_generation_write(ledger, false, err);
    ledger_close(ledger);
    return ok;
}

/* Takes back what this command made; a ledger with anything in it is nobody's to delete. */
static void undo(struct cli *cli, const struct place *place)
{
    const char *ledger = arena_cstr(&cli->arena, place->ledger);
    struct stat st;

    if (place->made_settings)
        (void)unlink(arena_cstr(&cli->arena, place->settings));
    if (stat(ledger, &st) == 0 && st.st_size == 0)
        (void)unlink(ledger);
    if (place->made_folder)
        (void)rmdir(place->folder);
}

static void put_made(struct cli *cli, const struct place *place)
{
    struct str word = command_word(place->settings, &cli->arena);

    buf_printf(&cli->out,
               "Wrote %.*s, and an empty ledger: %.*s\n"
               "The settings begin with mode: observe, which writes nothing to Okta.\n"
               "Next:\n"
               "  1. edit %.*s: Okta's address, the groups, who approves\n",
               STR_ARG(place->settings), STR_ARG(place->ledger), STR_ARG(word));
    static const char *const steps[] = {"check", "doctor", "plan"};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        buf_printf(&cli->out, "  %zu. %s --settings %.*s %s\n", i + 2, cli->program, STR_ARG(word),
                   steps[i]);
    }
}

bool cmd_init(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *folder[1] = {"."};
    struct place place;

    if (!cli_parse(cli, argc, argv, NULL, 0, folder, 0, 1, NULL, err))
        return false;
    if (cli->ledger_path) {
        return err_set(err, ERR_USAGE,
                       "the ledger is made where the settings say; leave out "
                       "--ledger");
    }
    if (!plan_place(cli, folder[0], &place, err) || !check_free(cli, &place, err))
        return false;
    bool ok = make_folder(&place, err) &&
              (place.made_settings = file_create(place.settings, settings_template(), 0600, err)) &&
              make_ledger(cli, &place, err);
    if (!ok) {
        undo(cli, &place);
        return false;
    }
    put_made(cli, &place);
    return true;
}

/* ---- check ---- */

static void say_problems(const struct cli *cli, const struct settings_problems *problems)
{
    for (size_t i = 0; i < problems->n; i++) {
        const struct settings_problem *problem = &problems->items[i];
        cli_say(cli, "%s:%u:%u: %.*s%s%.*s", cli->settings_path, problem->line, problem->column,
                STR_ARG(problem->path), problem->path.len > 0 ? ": " : "", STR_ARG(problem->text));
    }
    cli_say(cli, "%zu problem%s", problems->n, problems->n == 1 ? "" : "s");
}

static void put_fine(struct cli *cli)
{
    const struct policy *policy = &cli->settings.policy;

    buf_printf(&cli->out, "%s is fine: environment %.*s, ledger %.*s\n", cli->settings_path,
               STR_ARG(policy->name), STR_ARG(cli->settings.ledger));
    for (size_t i = 0; i < policy->n_entitlements; i++) {
        const struct entitlement *ent = &policy->entitlements[i];
        buf_printf(&cli->out, "  %.*s: mode %s,", STR_ARG(ent->name), mode_name(ent->mode));
        for (size_t k = 0; k < ent->n_plans; k++)
            buf_printf(&cli->out, "%s %.*s", k ? "," : "", STR_ARG(ent->plans[k].plan));
        buf_add_char(&cli->out, '\n');
    }
}

static void say_not_used(struct cli *cli)
{
    struct str names = {0};

    for (size_t i = 0; i < cli->settings.n_not_used; i++) {
        names = arena_printf(&cli->arena, "%.*s%s%.*s", STR_ARG(names), i ? ", " : "",
                             STR_ARG(cli->settings.not_used[i]));
    }
    if (names.len > 0)
        cli_say(cli, "read and checked, without effect in this version: %.*s", STR_ARG(names));
}

bool cmd_check(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct settings_problems problems = {0};
    bool print = false;
    const struct opt opts[] = {{"print", 0, &print, NULL}};

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err))
        return false;
    if (!settings_load(str_of(cli->settings_path), &cli->arena, &cli->settings, &problems, err)) {
        /* A file that cannot be read has no places to point at. */
        if (problems.n == 0 || str_is(problems.items[0].text, err->msg))
            return false;
        say_problems(cli, &problems);
        cli->outcome = EXIT_WRONG_USE;
        return true;
    }
    if (print) {
        settings_print(&cli->settings, &cli->out);
    } else {
        put_fine(cli);
    }
    say_not_used(cli);
    return true;
}

/* ---- migrate, backup ---- */

static void put_version(struct cli *cli, struct str path, const struct migration_state *state)
{
    buf_printf(&cli->out, "%.*s: version %d", STR_ARG(path), state->version);
    if (state->version == state->newest) {
        buf_printf(&cli->out, ", which is this program's\n");
    } else {
        buf_printf(&cli->out, ", this program's is %d; run: %s migrate\n", state->newest,
                   cli->program);
    }
}

bool cmd_migrate(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct str path = cli->ledger_path ? str_of(cli->ledger_path) : cli->settings.ledger;
    struct migration_state before, after;
    bool status = false;
    const struct opt opts[] = {{"status", 0, &status, NULL}};

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err) ||
        !ledger_migration_state(path, &before, err))
        return false;
    if (status || before.version == before.newest) {
        put_version(cli, path, &before);
        return true;
    }
    if (!ledger_migrate(path, &after, err))
        return false;
    buf_printf(&cli->out,
               "%.*s: brought from version %d to %d\n"
               "A verified copy of what it was: %.*s.before-%d\n",
               STR_ARG(path), before.version, after.version, STR_ARG(path), after.newest);
    return true;
}

bool cmd_backup(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *file[1];

    if (!cli_parse(cli, argc, argv, NULL, 0, file, 1, 1, NULL, err) ||
        !ledger_backup(cli->ledger, str_of(file[0]), err))
        return false;
    buf_printf(&cli->out, "Wrote and verified %s\n", file[0]);
    return true;
}

#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "ledger/ledger_audit.h"
#include "ledger/ledger_person.h"
#include "settings/settings_nearest.h"

/* One arena a command: a listing of a million members fits, untouched pages cost nothing but under
 * the sanitizer, which would write to a gigabyte of its own before each command. */
#ifdef __SANITIZE_ADDRESS__
#    define ARENA_BUDGET ((size_t)1 << 30)
#else
#    define ARENA_BUDGET ((size_t)8 << 30)
#endif
#define NAMES_BUDGET ((size_t)1 << 16)
#define NAME_SHOWN   ((size_t)60)

const struct command *cli_find_command(const char *name)
{
    for (const struct command *command = cli_commands; command->name; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

int cli_exit_code(enum err_kind kind)
{
    switch (kind) {
    case ERR_NONE: return EXIT_DONE;
    case ERR_USAGE:
    case ERR_SETTINGS: return EXIT_WRONG_USE;
    case ERR_UNAVAILABLE:
    case ERR_LEDGER: return EXIT_TRY_LATER;
    case ERR_REFUSED:
    case ERR_REMOTE:
    case ERR_CANCELLED:
    case ERR_INTERNAL: return EXIT_FAILED;
    }
    return EXIT_FAILED;
}

static int wrong_use(const struct cli *cli, const char *what)
{
    (void)fprintf(stderr, "%s: %s\nTry: %s help\n", cli->program, what, cli->program);
    return EXIT_WRONG_USE;
}

/* What stands before the command: --settings FILE, --ledger FILE, --break-glass REASON. */
static bool global_option(struct cli *cli, int *at, int argc, char **argv)
{
    static const char *const names[] = {"--settings", "--ledger", "--break-glass"};
    const char **values[] = {&cli->settings_path, &cli->ledger_path, &cli->break_glass};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t len = strlen(names[i]);
        if (strncmp(argv[*at], names[i], len) != 0)
            continue;
        if (argv[*at][len] == '=') {
            *values[i] = argv[*at] + len + 1;
            *at += 1;
            return true;
        }
        if (argv[*at][len] == '\0' && *at + 1 < argc) {
            *values[i] = argv[*at + 1];
            *at += 2;
            return true;
        }
    }
    return false;
}

bool cli_write(struct cli *cli, struct err *err)
{
    struct str text = buf_str(&cli->out);
    bool ok = cli->closed || text.len == 0 ||
              (fwrite(text.ptr, 1, text.len, stdout) == text.len && fflush(stdout) == 0);

    if (!ok && errno == EPIPE)
        ok = cli->closed = true;
    if (!ok)
        (void)err_errno(err, ERR_INTERNAL, "writing the output");
    buf_clear(&cli->out);
    return ok;
}

/* Once a command has decided something, the sidecar says so: an older copy of the ledger put in its
 * place is noticed then, even before the next run. */
static void note_generation(struct cli *cli)
{
    struct err err = {0};
    struct str head;

    if (!cli->ledger || cli->is_old_copy)
        return;
    bool ok = ledger_audit_head(cli->ledger, &cli->arena, &head, &err);
    if (ok && !str_eq(head, cli->head))
        ok = ledger_generation_write(cli->ledger, false, &err);
    if (!ok)
        cli_say(cli, "%s: warning: %s", cli->program, err.msg);
}

static int run_command(struct cli *cli, const struct command *command, int argc, char **argv)
{
    struct err err = {0};

    arena_init(&cli->arena, ARENA_BUDGET);
    bool ok = cli_prepare(cli, command->needs, &err) && command->run(cli, argc, argv, &err);
    int code = ok ? cli->outcome : cli_exit_code(err.kind);
    note_generation(cli);
    /* What was found out before a failure is worth printing too. */
    if (!cli_write(cli, ok ? &err : NULL)) {
        ok = false;
        code = EXIT_FAILED;
    }
    if (!ok) {
        struct str text = utf8_printable(str_of(err.msg), &cli->arena);
        (void)fprintf(stderr, "%s %s: %.*s\n", cli->program, command->name, STR_ARG(text));
    }
    cli_release(cli);
    return code;
}

/* Says so, and names the command that was probably meant. */
static int unknown_command(const struct cli *cli, const char *name)
{
    struct nearest nearest = nearest_to(str_of(name));
    struct arena arena;

    for (const struct command *command = cli_commands; command->name; command++)
        nearest_try(&nearest, str_of(command->name));
    arena_init(&arena, NAMES_BUDGET);
    struct str shown = utf8_printable(str_sub(str_of(name), 0, NAME_SHOWN), &arena);
    struct str text = arena_printf(&arena,
                                   *name == '-' ? "`%.*s` is no option, or its value is missing"
                                                : "there is no command `%.*s`",
                                   STR_ARG(shown));
    if (nearest.found.len > 0) {
        text = arena_printf(&arena, "%.*s; did you mean `%.*s`?", STR_ARG(text),
                            STR_ARG(nearest.found));
    }
    int code = wrong_use(cli, text.ptr);
    arena_fini(&arena);
    return code;
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            return false;
        if (strcmp(argv[i], "--help") == 0)
            return true;
    }
    return false;
}

static int explain(struct cli *cli, const struct command *command)
{
    struct err err = {0};

    cli_explain(cli, command, &cli->out);
    bool ok = cli_write(cli, &err);
    if (!ok)
        (void)fprintf(stderr, "%s: %s\n", cli->program, err.msg);
    buf_fini(&cli->out);
    return ok ? EXIT_DONE : EXIT_FAILED;
}

int cli_main(struct cli *cli, int argc, char **argv)
{
    int at = 1;

    while (at < argc && argv[at][0] == '-' && global_option(cli, &at, argc, argv))
        continue;
    if (at >= argc)
        return wrong_use(cli, "a command is missing");
    static char help[] = "help", version[] = "version";
    if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
        argv[at] = help;
    if (strcmp(argv[at], "--version") == 0)
        argv[at] = version;
    const struct command *command = cli_find_command(argv[at]);
    if (!command)
        return unknown_command(cli, argv[at]);
    if (wants_help(argc - at, argv + at))
        return explain(cli, command);
    return run_command(cli, command, argc - at, argv + at);
}

void cli_say(const struct cli *cli, const char *fmt, ...)
{
    va_list args;

    (void)cli;
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

struct str cli_login_of(struct cli *cli, struct str person)
{
    struct person_row row;
    struct err ignored = {0};
    bool found = false;

    if (person.len == 0 ||
        !ledger_get_person(cli->ledger, person, &cli->arena, &row, &found, &ignored) || !found ||
        row.person.login.len == 0)
        return person;
    return row.person.login;
}

bool cli_find_person(struct cli *cli, const char *who, struct person_row *out, struct err *err)
{
    const struct person_row *rows;
    size_t n;

    if (!ledger_find_people(cli->ledger, str_of(who), &cli->arena, &rows, &n, err))
        return false;
    if (n == 0) {
        return err_set(err, ERR_USAGE,
                       "the ledger knows nobody called `%s`; give the full login or the Okta id",
                       who);
    }
    if (n > 1) {
        return err_set(err, ERR_USAGE,
                       "`%s` was the login of %zu people; give the Okta id (see `audit --who`)",
                       who, n);
    }
    *out = rows[0];
    return true;
}

bool cli_require_person(struct cli *cli, struct str *person, struct err *err)
{
    if (cli->person.len > 0) {
        *person = cli->person;
        return true;
    }
    if (cli->break_glass && geteuid() == 0) {
        *person = arena_printf(&cli->arena, "break-glass:%s", cli->break_glass);
        return true;
    }
    return err_set(err, ERR_REFUSED,
                   "deciding needs a person, and the user `%s` is not mapped to one; add it to "
                   "server.local_users in the settings%s",
                   cli->user, geteuid() == 0 ? ", or give --break-glass REASON" : "");
}

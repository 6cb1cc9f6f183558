#include <string.h>

#include <curl/curl.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <yaml.h>

#include "cli/commands.h"
#include "settings/settings_nearest.h"

/* What there is, and how it is used. */

static const struct help_group {
    const char *title;
    const char *commands; /* by blanks, in the order of showing */
} groups[] = {
    {"Begin", "init check doctor sim demo"},
    {"Ask", "request requests show approve deny confirm cancel"},
    {"Run", "plan apply reconcile"},
    {"Look", "status seats cost explain drift runs audit"},
    {"Act", "ack ignore adopt rollout block unblock freeze unfreeze"},
    {"Keep", "migrate backup"},
    {"Words", "help version"},
};

static const struct example {
    const char *command, *arguments, *meaning;
} examples[] = {
    {"init", "/etc/seatkeeper", "settings.yaml and an empty ledger in that folder"},
    {"check", "--print > effective.yaml", "every setting that is in effect, defaults included"},
    {"request", "grant ada@example.com -e kiro --for 90d", "a seat on the default plan"},
    {"request", "change ada@example.com -e kiro --plan kiro-power", "another plan"},
    {"request", "revoke ada@example.com -e kiro --reason 'left the team'", "take it back"},
    {"request", "--file list.csv", "many at once: kind,who,entitlement,plan,until,reason"},
    {"requests", "--all --json", "every request there ever was, for a program"},
    {"show", "R17", "what was asked, who was asked about it, what came of it"},
    {"approve", "R17 --reason 'needed for the launch'", "as the person you are mapped to"},
    {"deny", "R17 --reason 'ask again next quarter'", "the asker reads the reason"},
    {"cancel", "R17", "before it is decided"},
    {"block", "mallory@example.com --reason 'left on bad terms'", "everything ends at once"},
    {"plan", "-e kiro --out plan.json", "look first, then apply exactly that"},
    {"apply", "plan.json", "what the plan and a fresh look agree on"},
    {"reconcile", "--dry-run", "everything but the writing"},
    {"cost", "--by entitlement", "now, committed, and the bill of this month, line by line"},
    {"cost", "--unused 60 --csv", "what seats without use for 60 days would save"},
    {"rollout", "start -e kiro --from q-pro --to kiro-pro --confirm-one-way --reason 'end of Q'",
     "3 people first, then 5%, 25%, everybody; a day between, halting at trouble"},
    {"rollout", "status --json", "waves, who is where, what is waited for"},
    {"rollout", "confirm --reason 'ada and bob can log in'",
     "the wave works, where no subscription can be seen"},
    {"freeze", "--removals --reason 'reorganisation' --until 2027-01-31", "nobody loses a seat"},
    {"unfreeze", "-e kiro", "lifts the freeze of kiro; without -e the one of everything"},
    {"runs", "42", "what run 42 did, op by op"},
    {"audit", "--request R17", "everything that happened to it"},
    {"audit", "--who ada --since 2026-05-01 --csv", "for a spreadsheet"},
    {"audit", "--verify --heads heads.txt", "is the trail whole, and proved up to where?"},
    {"backup", "/backup/ledger-2026-05-04.db", "a verified copy while others write"},
    {"sim", "--listen 127.0.0.1:8080 --settings-out sim", "Okta on your machine, to try things"},
};

/* ---- one command ---- */

void cli_explain(const struct cli *cli, const struct command *command, struct buf *out)
{
    bool first = true;

    buf_printf(out, "%s %s%s%s\n\n%s.\n", cli->program, command->name, *command->usage ? " " : "",
               command->usage, command->help);
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        const struct example *example = &examples[i];
        if (strcmp(example->command, command->name) != 0)
            continue;
        buf_printf(out, "%s  %s %s %s\n      %s\n", first ? "\nFor example:\n" : "", cli->program,
                   example->command, example->arguments, example->meaning);
        first = false;
    }
}

static bool explain_named(struct cli *cli, const char *name, struct err *err)
{
    const struct command *command = cli_find_command(name);
    struct nearest nearest = nearest_to(str_of(name));

    if (command) {
        cli_explain(cli, command, &cli->out);
        return true;
    }
    for (command = cli_commands; command->name; command++)
        nearest_try(&nearest, str_of(command->name));
    if (nearest.found.len > 0) {
        return err_set(err, ERR_USAGE, "there is no command `%s`; did you mean `%.*s`?", name,
                       STR_ARG(nearest.found));
    }
    return err_set(err, ERR_USAGE, "there is no command `%s`; `%s help` lists them", name,
                   cli->program);
}

/* ---- all of them ---- */

static void put_command(struct cli *cli, const struct command *command)
{
    buf_printf(&cli->out, "  %-10s %s\n", command->name, command->help);
}

static bool is_grouped(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        for (struct str rest = str_of(groups[i].commands); rest.ptr;) {
            if (str_eq(str_cut(&rest, ' '), name))
                return true;
        }
    }
    return false;
}

static void put_group(struct cli *cli, const struct help_group *group)
{
    buf_printf(&cli->out, "\n%s\n", group->title);
    for (struct str rest = str_of(group->commands); rest.ptr;) {
        struct str name = str_cut(&rest, ' ');
        const struct command *command = cli_find_command(arena_cstr(&cli->arena, name));
        if (command)
            put_command(cli, command);
    }
}

/* A command that somebody forgot to put into a group is there all the same. */
static void put_rest(struct cli *cli)
{
    bool first = true;

    for (const struct command *command = cli_commands; command->name; command++) {
        if (is_grouped(str_of(command->name)))
            continue;
        if (first)
            buf_printf(&cli->out, "\nMore\n");
        first = false;
        put_command(cli, command);
    }
}

static void put_all(struct cli *cli)
{
    buf_printf(&cli->out,
               "%s [--settings FILE] [--ledger FILE] COMMAND\n\n"
               "Keeps paid seats equal to what people were granted.\n",
               cli->program);
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        put_group(cli, &groups[i]);
    put_rest(cli);
    buf_printf(
        &cli->out,
        "\nThe settings: --settings, else SEATKEEPER_SETTINGS, else "
        "/etc/seatkeeper/settings.yaml.\n"
        "Root without a person in server.local_users decides by --break-glass REASON.\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 changes pending, 4 held\n"
        "until a person acts, 5 something is away: try later.\n"
        "More about one: %s help COMMAND\n",
        cli->program);
}

bool cmd_help(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *name[1] = {NULL};

    if (!cli_parse(cli, argc, argv, NULL, 0, name, 0, 1, NULL, err))
        return false;
    if (name[0])
        return explain_named(cli, name[0], err);
    put_all(cli);
    return true;
}

/* ---- version ---- */

bool cmd_version(struct cli *cli, int argc, char **argv, struct err *err)
{
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);

    if (!cli_parse(cli, argc, argv, NULL, 0, NULL, 0, 0, NULL, err))
        return false;
    buf_printf(&cli->out,
               "%s %s\n"
               "libcurl %s (%s), SQLite %s, libyaml %s, libmicrohttpd %s, %s\n",
               cli->program, SEATKEEPER_VERSION, curl->version,
               curl->ssl_version ? curl->ssl_version : "no TLS", sqlite3_libversion(),
               yaml_get_version_string(), MHD_get_version(), OpenSSL_version(OPENSSL_VERSION));
    return true;
}

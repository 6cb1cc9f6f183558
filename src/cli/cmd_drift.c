#include <string.h>

#include "base/utf8.h"
#include "base/vec.h"
#include "cli/commands.h"
#include "core/report.h"
#include "ledger/ledger_finding.h"
#include "ledger/ledger_run.h"

/* What a person should know, as the last run found it, and what a person says to it. */

/* ---- drift ---- */

/* Findings about everything hold that entitlement too. */
static bool concerns(const struct finding *finding, const struct entitlement *only)
{
    return !only || finding->entitlement.len == 0 || str_eq(finding->entitlement, only->name);
}

static bool load(struct cli *cli, const struct entitlement *only, bool all, struct finding **out,
                 size_t *n, struct err *err)
{
    const struct finding_row *rows;
    size_t n_rows;

    if (!ledger_load_findings(cli->ledger, all, &cli->arena, &rows, &n_rows, err))
        return false;
    struct finding *findings = arena_array(&cli->arena, struct finding, n_rows);
    *n = 0;
    for (size_t i = 0; i < n_rows; i++) {
        if (concerns(&rows[i].finding, only))
            findings[(*n)++] = rows[i].finding;
    }
    *out = findings;
    return true;
}

/* Which look at the world this is, and whether a later one went wrong. `*found`: there was one. */
static bool say_when(struct cli *cli, bool *found, struct err *err)
{
    const struct run_row *runs;
    struct run_row last;
    size_t n;

    if (!ledger_last_run(cli->ledger, &cli->arena, &last, found, err) ||
        !ledger_list_runs(cli->ledger, 1, &cli->arena, &runs, &n, err))
        return false;
    if (!*found) {
        cli_say(cli,
                "no run has finished yet, so nothing is known; `%s plan` looks and changes "
                "nothing, `%s reconcile` is a run",
                cli->program, cli->program);
    } else {
        cli_say(cli, "as of run %lld, %.*s", (long long)last.number,
                STR_ARG(time_local_str(last.finished_at, &cli->arena)));
    }
    if (n == 0 || (*found && runs[0].number == last.number))
        return true;
    struct str why = utf8_printable(runs[0].error, &cli->arena);
    cli_say(cli, "run %lld after it %s%s%.*s", (long long)runs[0].number,
            runs[0].finished_at == 0 ? "has not finished" : "did not get through",
            why.len > 0 ? ": " : "", STR_ARG(why));
    return true;
}

bool cmd_drift(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *name = NULL;
    bool json = false, csv = false, exit_code = false, all = false;
    const struct opt opts[] = {
        {"entitlement", 'e', NULL, &name},
        {"json", 0, &json, NULL},
        {"csv", 0, &csv, NULL},
        {"all", 0, &all, NULL},
        {"exit-code", 0, &exit_code, NULL},
    };
    const struct entitlement *only = NULL;
    struct finding *findings;
    size_t n;
    bool found;

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err))
        return false;
    if (json && csv)
        return err_set(err, ERR_USAGE, "--json and --csv are two different things; give one");
    if ((name && !cli_entitlement(cli, name, &only, err)) ||
        !load(cli, only, all, &findings, &n, err) || !say_when(cli, &found, err))
        return false;
    if (!found && n == 0 && !json && !csv)
        return true; /* to say that nothing was found would say too much */
    (json ? findings_json : csv ? findings_csv : findings_text)(findings, n, &cli->out);
    if (exit_code && n > 0)
        cli->outcome = EXIT_PENDING;
    return true;
}

/* ---- ack and ignore ---- */

static bool take_reason(const char *given, struct str *reason, struct err *err)
{
    *reason = str_trim(str_of(given));
    if (reason->len == 0) {
        return err_set(err, ERR_USAGE,
                       "--reason is missing: say in a few words why, for whoever reads it later");
    }
    return true;
}

static bool find(struct cli *cli, const char *id, struct finding_row *row, struct err *err)
{
    bool found;

    if (!ledger_get_finding(cli->ledger, str_of(id), &cli->arena, row, &found, err))
        return false;
    return found || err_set(err, ERR_USAGE, "there is no finding `%.40s`; `%s drift` lists them",
                            id, cli->program);
}

/* What comes of an acknowledgement, by what it is for. */
static const char *const releases[FINDING_KIND_COUNT] = {
    [FINDING_SHRUNK_LISTING] = "the next run takes the listing for true, in the settings' mode",
    [FINDING_REMOVED_OUTSIDE] = "the next run puts the person back",
    [FINDING_SETTINGS_CHANGED] = "the next run carries out what the changed rules ask for",
    [FINDING_GROUP_CHANGED] = "the next run takes this group for the right one and writes to it",
    [FINDING_RULE_ON_GROUP] = "the next run writes to the group although the rule fills it",
    [FINDING_HELD_REMOVALS] = "the next run removes exactly this seat",
    [FINDING_INSTANCE_CHANGED] = "the next run sends the credential to this Okta and writes there",
    [FINDING_FOREIGN_SELF] = "the next run takes this ledger for the right one and writes again",
    [FINDING_IDENTITY_CONFLICT] = "the next run takes the login for its new bearer's",
};

static void say_released(struct cli *cli, const struct finding *finding)
{
    const char *release = releases[finding->kind];

    buf_printf(&cli->out, "Acknowledged %.*s, %s: %.*s\n", STR_ARG(finding->id),
               finding_kind_name(finding->kind),
               STR_ARG(utf8_printable(finding->detail, &cli->arena)));
    buf_printf(&cli->out, "What it lets go: %s.\n",
               release ? release : "what was held because of it");
    buf_printf(&cli->out, "`%s plan` shows what the next run would do.\n", cli->program);
}

bool cmd_ack(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *words[1], *given = NULL;
    const struct opt opts[] = {{"reason", 0, NULL, &given}};
    struct finding_row row;
    struct str reason;

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), words, 1, 1, NULL, err) ||
        !take_reason(given, &reason, err) || !find(cli, words[0], &row, err))
        return false;
    if (row.acked) {
        buf_printf(&cli->out, "%.*s is acknowledged already, by %.*s: %.*s\n",
                   STR_ARG(row.finding.id), STR_ARG(cli_login_of(cli, row.acked_by)),
                   STR_ARG(utf8_printable(row.ack_reason, &cli->arena)));
        return true;
    }
    if (!row.finding.may_ack) {
        return err_set(err, ERR_REFUSED,
                       "%.*s holds nothing that an acknowledgement could let go; %.*s",
                       STR_ARG(row.finding.id), STR_ARG(row.finding.remedy));
    }
    if (!ledger_ack(cli->ledger, &cli->actor, &row, reason, err))
        return false;
    say_released(cli, &row.finding);
    return true;
}

bool cmd_ignore(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *words[1], *given = NULL, *date = NULL;
    const struct opt opts[] = {{"until", 0, NULL, &date}, {"reason", 0, NULL, &given}};
    struct finding_row row;
    struct str reason;
    int64_t until;

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), words, 1, 1, NULL, err))
        return false;
    if (!date)
        return err_set(err, ERR_USAGE, "--until DATE is missing: nothing is ignored for ever");
    if (!cli_until(date, &until, err) || !take_reason(given, &reason, err))
        return false;
    if (until <= clock_now(&cli->clock))
        return err_set(err, ERR_USAGE, "--until %s has passed", date);
    if (!find(cli, words[0], &row, err))
        return false;
    if (row.resolved_at != 0) {
        return err_set(err, ERR_REFUSED, "%.*s is over already; there is nothing to ignore",
                       STR_ARG(row.finding.id));
    }
    if (!ledger_ignore(cli->ledger, &cli->actor, &row, until, reason, err))
        return false;
    buf_printf(&cli->out,
               "%.*s is not shown until the end of %s; what it holds stays held. `%s drift --all` "
               "shows it.\n",
               STR_ARG(row.finding.id), date, cli->program);
    return true;
}

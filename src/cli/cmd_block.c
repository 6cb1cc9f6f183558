#include "base/utf8.h"
#include "cli/commands.h"
#include "core/finding.h"
#include "ledger/ledger_finding.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"

/* Stopping people, and stopping the program: acts of the ledger's owner. */

static bool check_reason(const char *reason, struct err *err)
{
    if (!reason || !*reason)
        return err_set(err, ERR_USAGE, "--reason is missing: say why, it stays on the record");
    return utf8_valid(str_of(reason)) || err_set(err, ERR_USAGE, "--reason: is not UTF-8");
}

/* ---- people ---- */

static size_t count_grants(struct cli *cli, const struct grant *grants, size_t n)
{
    int64_t now = clock_now(&cli->clock);
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += grant_is_live(&grants[i], now) || grant_is_ahead(&grants[i], now);
    return count;
}

static struct str name_of(struct cli *cli, const struct person_row *row)
{
    struct str name = row->person.login.len > 0 ? row->person.login : row->person.id;

    return utf8_printable(name, &cli->arena);
}

static void put_blocked_before(struct cli *cli, const struct person_row *row)
{
    buf_printf(&cli->out, "%.*s is blocked already, since %.*s by %.*s: %.*s\n",
               STR_ARG(name_of(cli, row)), STR_ARG(time_local_str(row->blocked_at, &cli->arena)),
               STR_ARG(row->blocked_by), STR_ARG(utf8_printable(row->blocked_reason, &cli->arena)));
}

bool cmd_block(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *who[1], *reason = NULL;
    struct person_row row;
    struct grant *grants;
    size_t n;
    bool changed;
    const struct opt opts[] = {{"reason", 'r', NULL, &reason}};

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), who, 1, 1, NULL, err) ||
        !check_reason(reason, err) || !cli_find_person(cli, who[0], &row, err) ||
        !ledger_person_grants(cli->ledger, row.person.id, &cli->arena, &grants, &n, err) ||
        !ledger_block(cli->ledger, &cli->actor, row.person.id, str_of(reason), &changed, err))
        return false;
    if (!changed) {
        put_blocked_before(cli, &row);
        return true;
    }
    n = count_grants(cli, grants, n);
    buf_printf(
        &cli->out,
        "%.*s is blocked: %zu grant%s ended, open requests are cancelled, new ones refused.\n"
        "The next run takes the seats away. To lift it: %s unblock %.*s\n",
        STR_ARG(name_of(cli, &row)), n, n == 1 ? "" : "s", cli->program,
        STR_ARG(command_person(row.person.login, row.person.id, &cli->arena)));
    return true;
}

bool cmd_unblock(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *who[1], *reason = NULL;
    struct person_row row;
    bool changed;
    const struct opt opts[] = {{"reason", 'r', NULL, &reason}};

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), who, 1, 1, NULL, err) ||
        (reason && !check_reason(reason, err)) || !cli_find_person(cli, who[0], &row, err) ||
        !ledger_unblock(cli->ledger, &cli->actor, row.person.id, str_of(reason), &changed, err))
        return false;
    buf_printf(&cli->out,
               changed ? "%.*s may ask again. What was ended stays ended.\n"
                       : "%.*s is not blocked; nothing changes.\n",
               STR_ARG(name_of(cli, &row)));
    return true;
}

/* ---- everything ---- */

static struct str what_of(struct str entitlement)
{
    return entitlement.len > 0 ? entitlement : STR("everything");
}

static struct str lift_command(struct cli *cli, struct str entitlement)
{
    if (entitlement.len == 0)
        return arena_printf(&cli->arena, "%s unfreeze", cli->program);
    return arena_printf(&cli->arena, "%s unfreeze -e %.*s", cli->program,
                        STR_ARG(command_word(entitlement, &cli->arena)));
}

static void put_freeze(struct cli *cli, const struct freeze_row *freeze, const char *word)
{
    buf_printf(&cli->out, "%.*s %s%s",
               STR_ARG(utf8_printable(what_of(freeze->entitlement), &cli->arena)), word,
               freeze->removals ? ", removals only," : "");
    if (freeze->until != 0) {
        buf_printf(&cli->out, " until %.*s", STR_ARG(date_str(freeze->until - 1, &cli->arena)));
    } else {
        buf_printf(&cli->out, " until lifted");
    }
    buf_printf(&cli->out, ": %.*s\n", STR_ARG(utf8_printable(freeze->reason, &cli->arena)));
}

bool cmd_freeze(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *ent = NULL, *reason = NULL, *until = NULL;
    const struct entitlement *entitlement;
    struct freeze_row freeze = {0};
    const struct opt opts[] = {
        {"entitlement", 'e', NULL, &ent},
        {"removals", 0, &freeze.removals, NULL},
        {"reason", 'r', NULL, &reason},
        {"until", 0, NULL, &until},
    };

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err) ||
        !check_reason(reason, err) || (until && !cli_until(until, &freeze.until, err)) ||
        (ent && !cli_entitlement(cli, ent, &entitlement, err)))
        return false;
    if (until && freeze.until <= clock_now(&cli->clock))
        return err_set(err, ERR_USAGE, "--until: %s has passed", until);
    if (ent)
        freeze.entitlement = entitlement->name;
    freeze.reason = str_of(reason);
    if (!ledger_freeze(cli->ledger, &cli->actor, &freeze, err))
        return false;
    put_freeze(cli, &freeze, "is frozen");
    buf_printf(&cli->out, "To lift it: %.*s\n", STR_ARG(lift_command(cli, freeze.entitlement)));
    return true;
}

/* A freeze may be about an entitlement that the settings no longer know. */
static bool find_frozen(struct cli *cli, const char *ent, const struct freeze_row *freezes,
                        size_t n, struct str *out, struct err *err)
{
    const struct entitlement *entitlement;

    *out = str_of(ent);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(freezes[i].entitlement, *out))
            return true;
    }
    if (!ent)
        return true;
    if (!cli_entitlement(cli, ent, &entitlement, err))
        return false;
    *out = entitlement->name;
    return true;
}

bool cmd_unfreeze(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *ent = NULL, *reason = NULL;
    const struct freeze_row *freezes;
    struct str what;
    size_t n, n_lifted;
    const struct opt opts[] = {{"entitlement", 'e', NULL, &ent}, {"reason", 'r', NULL, &reason}};

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err) ||
        (reason && !check_reason(reason, err)) ||
        !ledger_load_freezes(cli->ledger, clock_now(&cli->clock), &cli->arena, &freezes, &n, err) ||
        !find_frozen(cli, ent, freezes, n, &what, err) ||
        !ledger_unfreeze(cli->ledger, &cli->actor, what, str_of(reason), &n_lifted, err) ||
        !ledger_load_freezes(cli->ledger, clock_now(&cli->clock), &cli->arena, &freezes, &n, err))
        return false;
    struct str shown = utf8_printable(what_of(what), &cli->arena);
    buf_printf(&cli->out,
               n_lifted > 0 ? "The freeze of %.*s is lifted.\n"
                            : "There is no freeze of %.*s; nothing changes.\n",
               STR_ARG(shown));
    for (size_t i = 0; i < n; i++) {
        put_freeze(cli, &freezes[i], "stays frozen");
        buf_printf(&cli->out, "  To lift it: %.*s\n",
                   STR_ARG(lift_command(cli, freezes[i].entitlement)));
    }
    return true;
}

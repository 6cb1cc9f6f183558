#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define MAX_OPTS 24
#define FIRST    256 /* getopt's values for long options, above any letter */

static void usage_of(const struct cli *cli, const char *name, struct err *err)
{
    const struct command *command = cli_find_command(name);

    if (command) {
        err_set_(err, ERR_USAGE, "%s; usage: %s %s %s", err->msg, cli->program, name,
                 command->usage);
    }
}

static bool take(const struct opt *opt, const char *text, struct err *err)
{
    if (opt->flag) {
        *opt->flag = true;
        return true;
    }
    if (*opt->value)
        return err_set(err, ERR_USAGE, "--%s is given twice", opt->name);
    *opt->value = text;
    return true;
}

/* Builds what getopt_long wants to have from our rows. */
static size_t build(const struct opt *opts, size_t n, struct option *longs, char *shorts)
{
    size_t k = 0;

    shorts[k++] = ':'; /* tell a missing argument from an unknown option */
    for (size_t i = 0; i < n; i++) {
        int has_arg = opts[i].value ? required_argument : no_argument;
        longs[i] = (struct option){opts[i].name, has_arg, NULL, FIRST + (int)i};
        if (opts[i].letter) {
            shorts[k++] = opts[i].letter;
            if (opts[i].value)
                shorts[k++] = ':';
        }
    }
    shorts[k] = '\0';
    return k;
}

static const struct opt *row_of(const struct opt *opts, size_t n, int got)
{
    for (size_t i = 0; i < n; i++) {
        if (got == FIRST + (int)i || (opts[i].letter && got == opts[i].letter))
            return &opts[i];
    }
    return NULL;
}

static bool is_global(const char *given)
{
    static const char *const names[] = {"--settings", "--ledger", "--break-glass"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_starts(str_of(given), str_of(names[i])))
            return true;
    }
    return false;
}

static bool parse(int argc, char **argv, const struct opt *opts, size_t n_opts, struct err *err)
{
    struct option longs[MAX_OPTS + 1] = {0};
    char shorts[3 * MAX_OPTS + 2];
    int got;

    build(opts, n_opts, longs, shorts);
    optind = 0; /* start anew: tests run several commands in one process */
    opterr = 0;
    while ((got = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const char *given = optind > 0 && optind <= argc ? argv[optind - 1] : "";
        if (got == ':')
            return err_set(err, ERR_USAGE, "%s needs a value", given);
        const struct opt *row = row_of(opts, n_opts, got);
        if (!row && is_global(given))
            return err_set(err, ERR_USAGE, "%s stands before the command", given);
        if (!row)
            return err_set(err, ERR_USAGE, "unknown option %s", given);
        if (!take(row, optarg, err))
            return false;
    }
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): what was given, what is known, and where it goes */
bool cli_parse(const struct cli *cli, int argc, char **argv, const struct opt *opts, size_t n_opts,
               const char **words, size_t min, size_t max, size_t *n_words, struct err *err)
{
    size_t n = 0;

    if (n_opts > MAX_OPTS)
        abort();
    if (!parse(argc, argv, opts, n_opts, err)) {
        usage_of(cli, argv[0], err);
        return false;
    }
    size_t given = (size_t)(argc - optind);
    if (given < min || given > max) {
        if (given < min) {
            (void)err_set(err, ERR_USAGE, "something is missing");
        } else {
            (void)err_set(err, ERR_USAGE, "`%s` is one word too many", argv[optind + (int)max]);
        }
        usage_of(cli, argv[0], err);
        return false;
    }
    for (; optind < argc; optind++)
        words[n++] = argv[optind];
    if (n_words)
        *n_words = n;
    return true;
}

bool cli_number(const char *text, const char *name, int64_t low, int64_t high, int64_t *out,
                struct err *err)
{
    int64_t value;

    if (!str_to_i64(str_of(text), &value) || value < low || value > high) {
        return err_set(err, ERR_USAGE, "%s: `%s` is not a whole number from %lld to %lld", name,
                       text, (long long)low, (long long)high);
    }
    *out = value;
    return true;
}

bool cli_request_number(const char *text, int64_t *out, struct err *err)
{
    const char *digits = *text == 'R' || *text == 'r' ? text + 1 : text;
    int64_t value;

    if (!str_to_i64(str_of(digits), &value) || value < 1)
        return err_set(err, ERR_USAGE, "`%s` is no request number; they look like R17", text);
    *out = value;
    return true;
}

bool cli_until(const char *text, int64_t *out, struct err *err)
{
    int64_t start;

    return date_parse(str_of(text), &start, out, err) || err_wrap(err, "--until");
}

bool cli_from(const char *text, int64_t *out, struct err *err)
{
    int64_t end;

    return date_parse(str_of(text), out, &end, err) || err_wrap(err, "--from");
}

bool cli_span(const char *text, const char *name, int64_t *out, struct err *err)
{
    int64_t ms;

    if (!duration_parse(str_of(text), &ms) || ms <= 0) {
        return err_set(err, ERR_USAGE, "%s: `%s` is no span of time; write it like 90d or 12h",
                       name, text);
    }
    *out = ms;
    return true;
}

bool cli_entitlement(const struct cli *cli, const char *text, const struct entitlement **out,
                     struct err *err)
{
    const struct policy *policy = &cli->settings.policy;
    const struct entitlement *ent = policy_entitlement(policy, str_of(text));
    char names[256];
    size_t len = 0;

    if (!ent)
        ent = policy_asked_for(policy, str_of(text));
    if (ent) {
        *out = ent;
        return true;
    }
    names[0] = '\0';
    for (size_t i = 0; i < policy->n_entitlements && len + 1 < sizeof(names); i++) {
        len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%.*s", i ? ", " : "",
                                STR_ARG(policy->entitlements[i].name));
    }
    return err_set(err, ERR_USAGE, "there is no entitlement `%s`; there is: %s", text, names);
}

#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/vec.h"
#include "cli/commands.h"
#include "core/report.h"
#include "engine/run.h"
#include "ledger/ledger_audit.h"

/* The run itself: plan, apply, reconcile. */

#define PLAN_FILE_MAX    ((size_t)64 << 20)
#define PLAN_FILE_MAX_MS TIME_HOUR
#define DEFAULT_WAIT_MS  (30 * TIME_SECOND)

static void show_progress(void *self, const char *stage, size_t done, size_t all)
{
    (void)self;
    if (all > 0) {
        (void)fprintf(stderr, "\r\033[K%s %zu of %zu", stage, done, all);
    } else {
        (void)fprintf(stderr, "\r\033[K%s", stage);
    }
    (void)fflush(stderr);
}

static bool run(struct cli *cli, const struct run_options *options, struct report *report,
                struct err *err)
{
    if (cli->may_progress)
        cli->world.progress = show_progress;
    bool ok = run_once(&cli->world, options, &cli->arena, report, err);
    if (cli->may_progress)
        (void)fputs("\r\033[K", stderr);
    return ok;
}

static void print(struct cli *cli, const struct report *report, bool json)
{
    if (json) {
        report_json(report, &cli->out);
    } else {
        report_text(report, &cli->out);
    }
}

static bool only_entitlement(const struct cli *cli, const char *name, struct run_options *options,
                             struct err *err)
{
    const struct entitlement *ent;

    if (!name)
        return true;
    if (!cli_entitlement(cli, name, &ent, err))
        return false;
    options->entitlement = ent->name;
    return true;
}

bool cmd_plan(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct run_options options = {.dry = true, .actor = cli->actor};
    const char *ent = NULL, *out = NULL;
    bool json = false, exit_code = false;
    const struct opt opts[] = {
        {"entitlement", 'e', NULL, &ent},
        {"out", 'o', NULL, &out},
        {"json", 0, &json, NULL},
        {"exit-code", 0, &exit_code, NULL},
    };
    struct report report;

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err) ||
        !only_entitlement(cli, ent, &options, err) || !run(cli, &options, &report, err))
        return false;
    print(cli, &report, json);
    cli->outcome = report_exit_plan(&report, exit_code);
    if (!out)
        return true;
    CLEANUP(buf_fini) struct buf text = {0};
    report_json(&report, &text);
    return file_create(str_of(out), buf_str(&text), 0600, err);
}

/* The ids of what a saved plan, which must be of this hour, said would happen: whoever read it did
 * not agree to what it showed as held. */
static bool read_plan(struct cli *cli, const char *path, struct people *ids, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *ops;
    struct str text, made;
    int64_t made_ms;
    VEC_OF(struct str) list = {0};

    if (!file_read(str_of(path), PLAN_FILE_MAX, FILE_UNSHARED, &cli->arena, &text, err))
        return false;
    if (!json_parse(text, path, &root, err) || !json_str(root, "started_at", &made, err) ||
        !json_arr(root, "ops", &ops, err)) {
        err->kind = ERR_USAGE;
        return err_wrap(err, "%s is no plan", path);
    }
    int64_t now = clock_now(&cli->clock);
    if (!time_parse_iso(made, &made_ms) || now - made_ms > PLAN_FILE_MAX_MS || made_ms > now)
        return err_set(err, ERR_USAGE, "%s is older than an hour; make a new plan", path);
    for (const struct json *op = json_first(ops); op; op = json_next(op)) {
        struct str id, state;
        if (!json_str(op, "id", &id, err) || !json_str(op, "state", &state, err)) {
            err->kind = ERR_USAGE;
            return err_wrap(err, "%s is no plan", path);
        }
        if (str_is(state, op_state_name(OP_PLANNED)))
            VEC_PUSH(&cli->arena, &list, arena_str(&cli->arena, id));
    }
    *ids = (struct people){list.items, str_sort_unique(list.items, list.n)};
    return true;
}

/* The audit trail has no key, so its head is kept where the ledger's writer has no business: one
 * file a day. A run is not undone because of it; that it could not be kept is said. */
static void keep_head(struct cli *cli)
{
    struct str folder = cli->settings.audit_heads, head;
    struct err err = {0};

    if (folder.len == 0)
        return;
    struct str day = date_str(clock_now(&cli->clock), &cli->arena);
    struct str path = arena_printf(&cli->arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(day));
    if (file_exists(path))
        return;
    if (!ledger_audit_head(cli->ledger, &cli->arena, &head, &err) ||
        !file_create(path, arena_printf(&cli->arena, "%.*s\n", STR_ARG(head)), 0600, &err))
        cli_say(cli, "the head of the audit trail was not kept: %s", err.msg);
}

static bool reconcile(struct cli *cli, struct run_options *options, const char *wait, bool json,
                      struct err *err)
{
    struct report report;

    options->lock_wait_ms = DEFAULT_WAIT_MS;
    if (wait && !duration_parse(str_of(wait), &options->lock_wait_ms))
        return err_set(err, ERR_USAGE, "--wait: `%s` is no span of time; write it like 30s", wait);
    if (!run(cli, options, &report, err))
        return false;
    if (!options->dry)
        keep_head(cli);
    print(cli, &report, json);
    cli->outcome = options->dry ? report_exit_plan(&report, false) : report_exit_reconcile(&report);
    return true;
}

bool cmd_apply(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct run_options options = {.actor = cli->actor};
    struct people ids;
    const char *file[1], *wait = NULL;
    bool json = false;
    const struct opt opts[] = {{"json", 0, &json, NULL}, {"wait", 0, NULL, &wait}};

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), file, 1, 1, NULL, err) ||
        !read_plan(cli, file[0], &ids, err))
        return false;
    options.only_ops = &ids;
    return reconcile(cli, &options, wait, json, err);
}

bool cmd_reconcile(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct run_options options = {.actor = cli->actor};
    const char *ent = NULL, *wait = NULL;
    bool json = false;
    const struct opt opts[] = {
        {"entitlement", 'e', NULL, &ent},
        {"dry-run", 0, &options.dry, NULL},
        {"json", 0, &json, NULL},
        {"wait", 0, NULL, &wait},
    };

    return cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err) &&
           only_entitlement(cli, ent, &options, err) && reconcile(cli, &options, wait, json, err);
}

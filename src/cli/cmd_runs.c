#include "base/json.h"
#include "base/json_out.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "core/text_table.h"
#include "ledger/ledger_run.h"

/* What runs did. */

#define RUNS_SHOWN 20

static const char *kind_word(enum run_kind kind)
{
    static const char *const words[] = {
        [RUN_FULL] = "full", [RUN_FAST] = "fast", [RUN_DRY] = "dry"};

    return words[kind];
}

static const char *outcome_word(const struct run_row *run)
{
    return run->has_outcome ? run_outcome_name(run->outcome) : "open";
}

/* ---- the list ---- */

/* The summary's numbers that are not zero: `adds 2, held 1`. */
static struct str summary_words(struct cli *cli, const struct run_row *run)
{
    static const char *const names[] = {"adds", "removes", "held", "failed", "unknown", "findings"};
    CLEANUP(json_close) const struct json *root = NULL;
    struct err ignored = {0};
    struct str words = {0};

    if (!json_parse(run->summary, "summary of a run", &root, &ignored))
        return words;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int64_t n = 0;
        if (json_i64_opt(root, names[i], &n, &ignored) && n != 0) {
            words = arena_printf(&cli->arena, "%.*s%s%s %lld", STR_ARG(words),
                                 words.len > 0 ? ", " : "", names[i], (long long)n);
        }
    }
    return words;
}

static struct str took(struct cli *cli, const struct run_row *run)
{
    if (run->finished_at == 0)
        return (struct str){0};
    int64_t ms = run->finished_at - run->started_at;
    return arena_printf(&cli->arena, "%lld.%03lld s", (long long)(ms / 1000),
                        (long long)(ms % 1000));
}

static void list_text(struct cli *cli, const struct run_row *runs, size_t n)
{
    struct arena *arena = &cli->arena;
    struct text_table table = {.arena = arena, .n_cols = 7};

    for (size_t i = 0; i < n; i++) {
        const struct str cells[] = {
            arena_printf(arena, "%lld", (long long)runs[i].number),
            time_local_str(runs[i].started_at, arena),
            took(cli, &runs[i]),
            str_of(kind_word(runs[i].kind)),
            str_of(outcome_word(&runs[i])),
            summary_words(cli, &runs[i]),
            runs[i].error,
        };
        text_table_row(&table, cells);
    }
    text_table_print(&table, 0, &cli->out);
}

static void run_members(struct json_out *json, const struct run_row *run)
{
    json_put_i64(json, "number", run->number);
    json_put_str(json, "id", run->id);
    json_put_str(json, "kind", str_of(kind_word(run->kind)));
    json_put_str(json, "door", run->door);
    json_put_time(json, "started_at", run->started_at);
    json_put_time(json, "finished_at", run->finished_at);
    json_put_str_or_null(json, "outcome",
                         run->has_outcome ? str_of(run_outcome_name(run->outcome))
                                          : (struct str){0});
    json_put_str_or_null(json, "digest", run->plan_digest);
    json_put_str(json, "settings_digest", run->settings_digest);
    json_put_str(json, "program", run->program);
    json_put_raw(json, "summary", run->summary);
    json_put_str_or_null(json, "error", run->error);
}

static void list_json(struct cli *cli, const struct run_row *runs, size_t n)
{
    struct json_out json = {.buf = &cli->out, .indent = true};

    json_open(&json, NULL, '{');
    json_open(&json, "runs", '[');
    for (size_t i = 0; i < n; i++) {
        json_open(&json, NULL, '{');
        run_members(&json, &runs[i]);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    buf_add_char(&cli->out, '\n');
}

static bool list(struct cli *cli, bool json, struct err *err)
{
    const struct run_row *runs;
    size_t n;

    if (!ledger_list_runs(cli->ledger, RUNS_SHOWN, &cli->arena, &runs, &n, err))
        return false;
    if (json) {
        list_json(cli, runs, n);
    } else if (n == 0) {
        buf_printf(&cli->out, "There was no run yet.\n");
    } else {
        list_text(cli, runs, n);
    }
    return true;
}

/* ---- one run ---- */

static bool find_run(struct cli *cli, const char *text, struct run_row *out, struct err *err)
{
    const struct run_row *runs;
    int64_t number = 0;
    size_t n;

    (void)str_to_i64(str_of(text), &number);
    if (!ledger_list_runs(cli->ledger, 0, &cli->arena, &runs, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (runs[i].number == number || str_is(runs[i].id, text)) {
            *out = runs[i];
            return true;
        }
    }
    return err_set(err, ERR_USAGE, "there is no run `%s`; `%s runs` lists the latest", text,
                   cli->program);
}

static struct str ops_cell(const struct op_row *op, struct arena *arena)
{
    if (op->guard.len == 0)
        return op->reason;
    return arena_printf(arena, "%.*s: %.*s", STR_ARG(op->guard), STR_ARG(op->reason));
}

static void ops_text(struct cli *cli, const struct run_row *run, const struct op_row *ops, size_t n)
{
    struct arena *arena = &cli->arena;
    struct text_table table = {.arena = arena, .n_cols = 6};
    struct str words = summary_words(cli, run);

    buf_printf(&cli->out, "Run %lld (%.*s), %.*s: %s%s%.*s\n", (long long)run->number,
               STR_ARG(run->id), STR_ARG(time_local_str(run->started_at, arena)), outcome_word(run),
               words.len > 0 ? ", " : "", STR_ARG(words));
    if (run->error.len > 0)
        buf_printf(&cli->out, "%.*s\n", STR_ARG(utf8_printable(run->error, arena)));
    if (n == 0)
        buf_printf(&cli->out, "No change was planned.\n");
    for (size_t i = 0; i < n; i++) {
        const struct str cells[] = {
            str_of(op_state_name(ops[i].state)),
            str_of(op_kind_name(ops[i].kind)),
            cli_login_of(cli, ops[i].person),
            ops[i].entitlement,
            ops[i].plan,
            ops_cell(&ops[i], arena),
        };
        text_table_row(&table, cells);
    }
    text_table_print(&table, 2, &cli->out);
}

static void ops_json(struct cli *cli, const struct run_row *run, const struct op_row *ops, size_t n)
{
    struct json_out json = {.buf = &cli->out, .indent = true};

    json_open(&json, NULL, '{');
    run_members(&json, run);
    json_open(&json, "ops", '[');
    for (size_t i = 0; i < n; i++) {
        const struct op_row *op = &ops[i];
        json_open(&json, NULL, '{');
        json_put_str(&json, "id", op->op_id);
        json_put_str(&json, "op", str_of(op_kind_name(op->kind)));
        json_put_str(&json, "cause", str_of(cause_name(op->cause)));
        json_put_str(&json, "person", cli_login_of(cli, op->person));
        json_put_str(&json, "okta_id", op->person);
        json_put_str(&json, "group", op->group);
        json_put_str(&json, "entitlement", op->entitlement);
        json_put_str_or_null(&json, "plan", op->plan);
        json_put_str(&json, "state", str_of(op_state_name(op->state)));
        json_put_str_or_null(&json, "guard", op->guard);
        json_put_str_or_null(&json, "reason", op->reason);
        json_put_time(&json, "planned_at", op->planned_at);
        json_put_time(&json, "sent_at", op->sent_at);
        json_put_time(&json, "settled_at", op->settled_at);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    buf_add_char(&cli->out, '\n');
}

static bool show(struct cli *cli, const char *which, bool json, struct err *err)
{
    const struct op_row *ops;
    struct run_row run;
    size_t n;

    if (!find_run(cli, which, &run, err) ||
        !ledger_run_ops(cli->ledger, run.id, &cli->arena, &ops, &n, err))
        return false;
    if (json) {
        ops_json(cli, &run, ops, n);
    } else {
        ops_text(cli, &run, ops, n);
    }
    return true;
}

bool cmd_runs(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *run[1] = {NULL};
    bool json = false;
    const struct opt opts[] = {{"json", 0, &json, NULL}};

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), run, 0, 1, NULL, err))
        return false;
    return run[0] ? show(cli, run[0], json, err) : list(cli, json, err);
}

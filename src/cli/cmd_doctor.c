#include <stdarg.h>
#include <sys/stat.h>

#include "base/json_out.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/doctor.h"

/* The checks on this machine, and the table of all of them. */

void doctor_add(struct doctor *doctor, enum check_result result, const char *name,
                const char *remedy, const char *fmt, ...)
{
    struct arena *arena = &doctor->cli->arena;
    va_list args;

    va_start(args, fmt);
    struct str found = arena_vprintf(arena, fmt, args);
    va_end(args);
    struct check check = {result, name, utf8_printable(found, arena), str_of(remedy)};
    VEC_PUSH(arena, &doctor->checks, check);
}

bool doctor_failed(struct doctor *doctor, const char *name, const char *remedy, struct err *err)
{
    if (err->kind == ERR_CANCELLED)
        return false;
    doctor_add(doctor, CHECK_FAIL, name, remedy, "%s", err->msg);
    *err = (struct err){0};
    return true;
}

/* ---- files ---- */

/* What the loader refuses it has refused already; what is left is worth a line. */
static void check_file(struct doctor *doctor, const char *name, struct str path)
{
    struct stat st;

    if (stat(arena_cstr(&doctor->cli->arena, path), &st) != 0) {
        doctor_add(doctor, CHECK_FAIL, name, "set the path right in the settings, or make the file",
                   "%.*s cannot be read", STR_ARG(path));
        return;
    }
    doctor_add(doctor, CHECK_OK, name, NULL, "%.*s, mode %04o, owned by uid %u", STR_ARG(path),
               (unsigned)st.st_mode & 07777U, (unsigned)st.st_uid);
}

static void check_secret(struct doctor *doctor)
{
    const struct okta_settings *okta = &doctor->cli->settings.okta;
    bool is_token = okta->token.file.len > 0 || okta->token.env.len > 0;
    const struct secret_ref *ref = is_token ? &okta->token : &okta->key;
    const char *name = is_token ? "file.token" : "file.key";

    if (ref->env.len > 0) {
        doctor_add(doctor, CHECK_OK, name, NULL, "from the environment variable %.*s",
                   STR_ARG(ref->env));
    } else {
        check_file(doctor, name, ref->file);
    }
}

static bool check_generation(struct doctor *doctor, struct err *err)
{
    struct cli *cli = doctor->cli;
    enum generation generation;
    struct str why;

    if (!ledger_generation_check(cli->ledger, &generation, &cli->arena, &why, err))
        return doctor_failed(doctor, "ledger.generation", NULL, err);
    if (generation == GENERATION_FITS) {
        doctor_add(doctor, CHECK_OK, "ledger.generation", NULL,
                   "the ledger goes on where its sidecar stands");
    } else if (generation == GENERATION_NEW) {
        doctor_add(doctor, CHECK_NOTE, "ledger.generation", "the first run writes it", "%.*s",
                   STR_ARG(why));
    } else {
        doctor_add(doctor, CHECK_FAIL, "ledger.generation",
                   "this may be an old copy: use the newest one, or acknowledge the finding "
                   "foreign_self of the next run",
                   "%.*s", STR_ARG(why));
    }
    return true;
}

static bool check_ledger(struct doctor *doctor, struct err *err)
{
    struct cli *cli = doctor->cli;

    if (!cli->ledger && !cli_prepare(cli, NEEDS_LEDGER, err))
        return doctor_failed(doctor, "file.ledger", "make it, or give the right path", err);
    check_file(doctor, "file.ledger",
               cli->ledger_path ? str_of(cli->ledger_path) : cli->settings.ledger);
    return check_generation(doctor, err);
}

/* ---- all of them ---- */

static bool look(struct doctor *doctor, struct err *err)
{
    struct cli *cli = doctor->cli;
    bool go_on = true;

    check_file(doctor, "file.settings", str_of(cli->settings_path));
    check_secret(doctor);
    if (!check_ledger(doctor, err))
        return false;
    if (!cli_connect(cli, err))
        return doctor_failed(doctor, "okta.credential", "set `okta` right in the settings", err);
    if (!doctor_login(doctor, &go_on, err))
        return false;
    doctor_clock(doctor, go_on);
    return !go_on || (doctor_okta(doctor, err) && doctor_aws(doctor, err));
}

/* ---- showing ---- */

static const struct {
    const char *word, *color;
} results[] = {
    [CHECK_OK] = {"ok", "\033[32m"},
    [CHECK_NOTE] = {"note", "\033[33m"},
    [CHECK_FAIL] = {"FAIL", "\033[31m"},
};

static void count(const struct doctor *doctor, size_t n[3])
{
    for (size_t i = 0; i < doctor->checks.n; i++)
        n[doctor->checks.items[i].result]++;
}

static void put_text(const struct doctor *doctor, struct buf *out)
{
    bool color = doctor->cli->may_color;
    size_t n[3] = {0};

    for (size_t i = 0; i < doctor->checks.n; i++) {
        const struct check *check = &doctor->checks.items[i];
        buf_printf(out, "%s%-4s%s  %-18s  %.*s\n", color ? results[check->result].color : "",
                   results[check->result].word, color ? "\033[0m" : "", check->name,
                   STR_ARG(check->found));
        if (check->result != CHECK_OK && check->remedy.len > 0)
            buf_printf(out, "%26sRemedy: %.*s\n", "", STR_ARG(check->remedy));
    }
    count(doctor, n);
    buf_printf(out, "\n%zu checks: %zu ok, %zu to note, %zu failed.\n", doctor->checks.n,
               n[CHECK_OK], n[CHECK_NOTE], n[CHECK_FAIL]);
}

static void put_json(const struct doctor *doctor, struct buf *out)
{
    static const char *const words[] = {"ok", "note", "fail"};
    struct json_out json = {.buf = out, .indent = true};
    size_t n[3] = {0};

    count(doctor, n);
    json_open(&json, NULL, '{');
    json_put_bool(&json, "ok", n[CHECK_FAIL] == 0);
    json_open(&json, "checks", '[');
    for (size_t i = 0; i < doctor->checks.n; i++) {
        const struct check *check = &doctor->checks.items[i];
        json_open(&json, NULL, '{');
        json_put_str(&json, "check", str_of(check->name));
        json_put_str(&json, "result", str_of(words[check->result]));
        json_put_str(&json, "detail", check->found);
        json_put_str_or_null(&json, "remedy",
                             check->result == CHECK_OK ? (struct str){0} : check->remedy);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    buf_add_char(out, '\n');
}

bool cmd_doctor(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct doctor doctor = {.cli = cli};
    bool json = false;
    const struct opt opts[] = {{"json", 0, &json, NULL}};
    size_t n[3] = {0};

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err) ||
        !look(&doctor, err))
        return false;
    if (json) {
        put_json(&doctor, &cli->out);
    } else {
        put_text(&doctor, &cli->out);
    }
    count(&doctor, n);
    if (n[CHECK_FAIL] > 0)
        cli->outcome = EXIT_FAILED;
    return true;
}

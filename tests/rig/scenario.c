#include "rig/scenario.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/vec.h"
#include "ledger/ledger_audit.h"
#include "ledger/ledger_finding.h"
#include "ledger/ledger_group.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"
#include "rig/rig.h"
#include "rig/scenario_steps.h"

/* ---- the text ---- */

static bool next_line(struct scenario *sc, struct str *line)
{
    if (sc->rest.len == 0)
        return false;
    *line = str_cut(&sc->rest, '\n');
    sc->line++;
    return true;
}

/* The lines up to END, with their newlines. */
static struct str take_text(struct scenario *sc, const char *what)
{
    const char *start = sc->rest.ptr;
    struct str line;

    while (next_line(sc, &line)) {
        if (str_is(line, "END"))
            return (struct str){start, (size_t)(line.ptr - start)};
    }
    scenario_fail(sc, "the text of `%s` has no END", what);
    return (struct str){0};
}

void scenario_fail(struct scenario *sc, const char *fmt, ...)
{
    va_list args;

    (void)fprintf(stderr, "%s:%u: ", sc->path, sc->line);
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
    sc->failed = true;
}

static void expect_text(struct scenario *sc, struct str want, const char *got)
{
    if (str_is(want, got)) {
        return;
    }
    if (sc->update) {
        VEC_PUSH(&sc->arena, &sc->edits, ((struct scenario_edit){want, str_of(got)}));
        return;
    }
    scenario_fail(sc, "the run came out otherwise\n--- expected\n%.*s--- got\n%s---", STR_ARG(want),
                  got);
    for (size_t i = 0; i < sc->rig.report.n_findings; i++)
        (void)fprintf(stderr, "    %.*s\n", STR_ARG(sc->rig.report.findings[i].detail));
    for (size_t i = 0; i < sc->rig.report.n_ops; i++)
        (void)fprintf(stderr, "    op: %.*s\n", STR_ARG(sc->rig.report.ops[i].reason));
    if (sc->rig.err.kind != ERR_NONE)
        (void)fprintf(stderr, "    %s\n", sc->rig.err.msg);
}

static void write_edits(const struct scenario *sc, struct str text)
{
    CLEANUP(buf_fini) struct buf out = {0};
    const char *at = text.ptr;
    struct err err = {0};

    for (size_t i = 0; i < sc->edits.n; i++) {
        const struct scenario_edit *edit = &sc->edits.items[i];
        buf_add(&out, (struct str){at, (size_t)(edit->was.ptr - at)});
        buf_add(&out, edit->is);
        at = edit->was.ptr + edit->was.len;
    }
    buf_add(&out, (struct str){at, (size_t)(text.ptr + text.len - at)});
    if (!file_write(str_of(sc->path), buf_str(&out), 0644, &err))
        (void)fprintf(stderr, "%s\n", err.msg);
}

/* ---- steps with a text of their own ---- */

/* Replaces `KEY: ...` within the entitlement, or adds it there. */
static void set_key(struct scenario *sc, struct str key, struct str value)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct str rest = sc->settings;
    bool replaced = false;

    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str trimmed = str_trim(line), tail = trimmed;
        bool inside = str_starts(line, STR("    ")) && !str_starts(line, STR("     "));
        if (inside && str_eq(str_cut(&tail, ':'), key)) {
            buf_printf(&out, "    %.*s: %.*s\n", STR_ARG(key), STR_ARG(value));
            replaced = true;
        } else if (line.len > 0) {
            buf_printf(&out, "%.*s\n", STR_ARG(line));
        }
    }
    if (!replaced)
        buf_printf(&out, "    %.*s: %.*s\n", STR_ARG(key), STR_ARG(value));
    sc->settings = arena_str(&sc->arena, buf_str(&out));
    if (sc->started)
        rig_use_settings(&sc->rig, sc->settings.ptr);
}

void scenario_start(struct scenario *sc)
{
    if (sc->started)
        return;
    sc->started = true;
    rig_init(&sc->rig, sc->org.len > 0 ? arena_cstr(&sc->arena, sc->org) : NULL,
             arena_cstr(&sc->arena, sc->settings));
}

/* The settings, with Identity Center as the cloud has it. */
static void use_aws(struct scenario *sc, struct str how)
{
    struct str provisioning = str_cut(&how, ' ');
    bool observes = str_is(str_trim(how), "observe");
    const struct sim_aws aws = sim_aws(sc->rig.sim);
    CLEANUP(buf_fini) struct buf out = {0};
    struct str rest = sc->settings;

    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        if (str_starts(line, STR("entitlements:"))) {
            buf_printf(&out,
                       "aws:\n  region: %.*s\n  account: \"%.*s\"\n  instance_arn: %.*s\n"
                       "  endpoints: {identitystore: 'http://127.0.0.1:9',"
                       " sso: 'http://127.0.0.1:9', sts: 'http://127.0.0.1:9',"
                       " subscriptions: 'http://127.0.0.1:9', q: 'http://127.0.0.1:9'}\n%s",
                       STR_ARG(aws.region), STR_ARG(aws.account), STR_ARG(aws.instance_arn),
                       observes ? "  subscriptions: observe\n" : "");
        }
        if (line.len > 0)
            buf_printf(&out, "%.*s\n", STR_ARG(line));
        if (str_starts(line, STR("okta:")) && aws.scim_app_id.len > 0)
            buf_printf(&out, "  scim_app_id: %.*s\n", STR_ARG(aws.scim_app_id));
    }
    sc->settings = arena_str(&sc->arena, buf_str(&out));
    set_key(sc, STR("provisioning"), provisioning);
    sc->direct = str_is(provisioning, "direct");
}

/* The settings say that the SCIM token ends so much later. */
static void end_token(struct scenario *sc, struct str text)
{
    struct clock clock = sim_clock(sc->rig.sim);
    CLEANUP(buf_fini) struct buf out = {0};
    struct str rest = sc->settings;
    int64_t span = 0;

    if (!duration_parse(text, &span))
        scenario_fail(sc, "`%.*s` is no span of time", STR_ARG(text));
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        buf_printf(&out, "%.*s\n", STR_ARG(line));
        if (str_is(line, "aws:")) {
            buf_printf(&out, "  scim_token_expires: %.*s\n",
                       STR_ARG(date_str(clock_now(&clock) + span, &sc->arena)));
        }
    }
    sc->settings = arena_str(&sc->arena, buf_str(&out));
    rig_use_settings(&sc->rig, sc->settings.ptr);
}

static void step_text(struct scenario *sc, struct str word, struct str text)
{
    struct err err = {0};

    if (str_is(word, "org")) {
        sc->org = text;
    } else if (str_is(word, "settings")) {
        sc->settings = arena_str(&sc->arena, text);
        if (sc->started)
            rig_use_settings(&sc->rig, sc->settings.ptr);
    } else if (str_is(word, "faults")) {
        scenario_start(sc);
        if (!sim_load_faults(sc->rig.sim, text, &err))
            scenario_fail(sc, "faults: %s", err.msg);
    } else if (str_is(word, "expect")) {
        scenario_start(sc);
        expect_text(sc, text, rig_show(&sc->rig));
    } else if (str_is(word, "hops")) {
        scenario_start(sc);
        expect_text(sc, text, rig_show_hops(&sc->rig));
    } else if (str_is(word, "rollouts")) {
        scenario_start(sc);
        expect_text(sc, text, scenario_show_rollouts(sc));
    } else {
        scenario_fail(sc, "`%.*s` takes no text", STR_ARG(word));
    }
}

static void step(struct scenario *sc, struct str line)
{
    struct str rest = line;
    struct str word = str_cut(&rest, ' ');

    rest = str_trim(rest);
    if (str_is(rest, "<<END")) {
        step_text(sc, word, take_text(sc, "step"));
        return;
    }
    if (str_is(word, "set")) {
        struct str key = str_cut(&rest, ' ');
        set_key(sc, key, str_trim(rest));
        return;
    }
    scenario_start(sc);
    if (str_is(word, "aws")) {
        use_aws(sc, rest);
        return;
    }
    if (str_is(word, "token-ends")) {
        end_token(sc, rest);
        return;
    }
    if (!scenario_step(sc, word, rest))
        scenario_fail(sc, "there is no step `%.*s`", STR_ARG(word));
}

/* Whatever a scenario is about: unless the settings say `direct`, the cloud has seen no write to
 * the Identity Store. */
static void check_store_untouched(struct scenario *sc)
{
    struct str text = rig_sim(&sc->rig, HTTP_GET, "/_sim/history?writes=true&path=AWS*", NULL);
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *rows;
    struct err err = {0};

    if (!json_parse(text, "history", &root, &err) || !json_arr(root, "requests", &rows, &err)) {
        scenario_fail(sc, "%s", err.msg);
    } else if (json_first(rows) && !sc->direct) {
        scenario_fail(sc, "the Identity Store was written to");
    }
}

bool scenario_run(const char *path, bool update)
{
    struct scenario sc = {.path = path, .update = update};
    struct err err = {0};
    struct str line, text;

    arena_init(&sc.arena, (size_t)64 << 20);
    if (!file_read(str_of(path), 1 << 20, FILE_ANY, &sc.arena, &text, &err)) {
        (void)fprintf(stderr, "%s\n", err.msg);
        arena_fini(&sc.arena);
        return false;
    }
    sc.rest = text;
    sc.settings = str_of(rig_settings);
    while (!sc.failed && next_line(&sc, &line)) {
        line = str_trim(line);
        if (line.len > 0 && line.ptr[0] != '#')
            step(&sc, line);
    }
    if (sc.started)
        check_store_untouched(&sc);
    if (sc.edits.n > 0)
        write_edits(&sc, text);
    if (sc.started)
        rig_fini(&sc.rig);
    arena_fini(&sc.arena);
    return !sc.failed;
}

#include "cli/demo_stage.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/vec.h"

#define ARENA_BUDGET  ((size_t)8 << 30)
#define SETTINGS_MOST ((size_t)1 << 20)

/* Nobody listens there: the cloud is reached without a socket, and takes any loopback name. */
#define URL STR("http://127.0.0.1:8080")

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

static const char *nothing_set(void *self, const char *name)
{
    (void)self;
    (void)name;
    return NULL;
}

static struct str inside(struct stage *stage, const char *name)
{
    return arena_printf(&stage->cli.arena, "%s/%s", stage->folder, name);
}

static bool write_settings(struct stage *stage, const char *more, struct err *err)
{
    struct str path = inside(stage, "settings.yaml");
    struct str text;

    if (!sim_write_settings(stage->sim, URL, str_of(stage->folder), err))
        return false;
    if (!more)
        return true;
    if (!file_read(path, SETTINGS_MOST, FILE_ANY, &stage->cli.arena, &text, err))
        return false;
    text = arena_printf(&stage->cli.arena, "%.*s%s", STR_ARG(text), more);
    return file_write(path, text, 0600, err);
}

static bool load(struct stage *stage, struct err *err)
{
    struct cli *cli = &stage->cli;
    struct settings_problems problems;

    cli->settings_path = inside(stage, "settings.yaml").ptr;
    if (!settings_load(str_of(cli->settings_path), &cli->arena, &cli->settings, &problems, err))
        return false;
    struct ledger_options options = {
        .path = cli->settings.ledger,
        .clock = &cli->clock,
        .program = "seatkeeper " SEATKEEPER_VERSION,
        .settings_digest = cli->settings.policy.digest,
        .may_create = true,
    };
    return timezone_set(cli->settings.timezone, err) && ledger_open(&options, &cli->ledger, err);
}

static bool connect(struct stage *stage, struct err *err)
{
    struct cli *cli = &stage->cli;
    struct sim_credentials own = sim_credentials(stage->sim);
    struct http_options http = {.remote = "okta", .rate_share = 100, .seed = 1};
    struct okta_options okta = {
        .url = cli->settings.okta.url,
        .client_id = own.client_id,
        .key_id = own.key_id,
        .key = own.key,
        .dpop = cli->settings.okta.dpop,
        .want_logs = true,
        .want_push = true,
    };

    cli_profile_names(&cli->settings.policy, &cli->arena, &okta);
    stage->http = http_new(&http, sim_transport(stage->sim), &cli->clock);
    stage->okta = okta_new(&okta, stage->http, &cli->clock, err);
    if (!stage->okta)
        return false;
    cli->world = (struct world){
        .settings = &cli->settings,
        .ledger = cli->ledger,
        .okta = stage->okta,
        .okta_http = stage->http,
        .okta_target = engine_okta_target(stage->okta),
        .clock = &cli->clock,
        .cancel = cli->cancel,
        .boot_id = STR("stage"),
    };
    const struct aws_parts_options aws = {
        .settings = &cli->settings,
        .env = {NULL, nothing_set},
        .transport = sim_transport(stage->sim),
        .metadata = sim_transport(stage->sim),
        .clock = &cli->clock,
        .seed = 1,
    };
    aws_parts_init(&stage->aws, &aws);
    aws_parts_join(&stage->aws, &cli->world);
    return true;
}

static bool make_cloud(struct stage *stage, const char *org, struct err *err)
{
    struct sim_options options = {.seed = 1, .start_ms = STAGE_START_MS};

    stage->sim = sim_new(&options, err);
    return stage->sim && (!org || sim_load_org(stage->sim, str_of(org), err));
}

bool stage_open(struct stage *stage, const char *org, const char *more, struct cancel *cancel,
                struct err *err)
{
    const char *base = access("/tmp", W_OK) == 0 ? "/tmp" : ".";

    *stage = (struct stage){.cli = {.program = "seatkeeper",
                                    .user = "",
                                    .environment = no_environment,
                                    .cancel = cancel,
                                    .actor = {STR("os:demo"), STR("cli")}}};
    arena_init(&stage->cli.arena, ARENA_BUDGET);
    (void)snprintf(stage->folder, sizeof(stage->folder), "%s/seatkeeper-demo-XXXXXX", base);
    if (!mkdtemp(stage->folder)) {
        stage->folder[0] = '\0';
        (void)err_errno(err, ERR_INTERNAL, "a temporary folder in %s", base);
    } else if (make_cloud(stage, org, err)) {
        stage->cli.clock = sim_clock(stage->sim);
        if (write_settings(stage, more, err) && load(stage, err) && connect(stage, err)) {
            stage->mark = arena_mark(&stage->cli.arena);
            return true;
        }
    }
    stage_close(stage);
    return false;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void stage_close(struct stage *stage)
{
    ledger_close(stage->cli.ledger);
    aws_parts_fini(&stage->aws);
    okta_free(stage->okta);
    http_free(stage->http);
    sim_free(stage->sim);
    buf_fini(&stage->cli.out);
    arena_fini(&stage->cli.arena);
    if (stage->folder[0] != '\0')
        (void)nftw(stage->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    *stage = (struct stage){0};
}

/* ---- commands ---- */

bool stage_run(struct stage *stage, const char *const *words, int *outcome, struct err *err)
{
    struct cli *cli = &stage->cli;
    const struct command *command = cli_find_command(words[0]);
    struct err why = {0};
    int argc = 0;

    while (words[argc])
        argc++;
    arena_reset(&cli->arena, stage->mark);
    buf_clear(&cli->out);
    cli->outcome = EXIT_DONE;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    char **argv = arena_array(&cli->arena, char *, (size_t)argc + 1);
    for (int i = 0; i < argc; i++) {
        argv[i] = arena_alloc(&cli->arena, strlen(words[i]) + 1, 1);
        memcpy(argv[i], words[i], strlen(words[i]) + 1);
    }
    bool ok = command ? command->run(cli, argc, argv, &why)
                      : err_set(&why, ERR_USAGE, "there is no command `%s`", words[0]);
    *outcome = ok ? cli->outcome : cli_exit_code(why.kind);
    if (ok)
        return true;
    buf_printf(&cli->out, "%s %s: %.*s\n", cli->program, words[0],
               STR_ARG(utf8_printable(str_of(why.msg), &cli->arena)));
    return why.kind != ERR_CANCELLED || err_set(err, ERR_CANCELLED, "%s", why.msg);
}

/* ---- the cloud behind ---- */

bool stage_control(struct stage *stage, enum http_method method, const char *path, const char *body,
                   struct str *out, struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    int status = sim_control(stage->sim, method, str_of(path), str_of(body), &text);

    if (status < 200 || status > 299) {
        return err_set(err, ERR_INTERNAL, "the simulated cloud: %s: %d %.*s", path, status,
                       STR_ARG(str_sub(buf_str(&text), 0, 200)));
    }
    if (out)
        *out = arena_str(&stage->cli.arena, buf_str(&text));
    return true;
}

bool stage_members(struct stage *stage, const char *group, struct str *out, struct err *err)
{
    struct arena *arena = &stage->cli.arena;
    const char *path = arena_printf(arena, "/_sim/groups/%s/members", group).ptr;
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *members;
    VEC_OF(struct str) names = {0};
    struct str text, all = {0};

    if (!stage_control(stage, HTTP_GET, path, NULL, &text, err) ||
        !json_parse(text, "members", &root, err) || !json_arr(root, "members", &members, err))
        return false;
    for (const struct json *member = json_first(members); member; member = json_next(member)) {
        struct str login;
        if (!json_str(member, "login", &login, err))
            return false;
        VEC_PUSH(arena, &names, arena_str(arena, str_cut(&login, '@')));
    }
    if (names.n > 1)
        names.n = str_sort_unique(names.items, names.n);
    for (size_t i = 0; names.items && i < names.n; i++) {
        all = arena_printf(arena, "%.*s%s%.*s", STR_ARG(all), i > 0 ? " " : "",
                           STR_ARG(names.items[i]));
    }
    *out = all;
    return true;
}

bool stage_writes(struct stage *stage, int64_t *out, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct str text;

    return stage_control(stage, HTTP_GET, "/_sim/state", NULL, &text, err) &&
           json_parse(text, "state", &root, err) && json_i64(root, "writes", out, err);
}

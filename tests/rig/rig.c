#include "rig/rig.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/vec.h"
#include "ledger/ledger_hop.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"

const char rig_settings[] = "name: test\n"
                            "timezone: UTC\n"
                            "ledger: ledger.db\n"
                            "okta:\n"
                            "  url: http://127.0.0.1:9\n"
                            "  token_env: SEATKEEPER_TEST_TOKEN\n"
                            "  rate_share: 100\n"
                            "entitlements:\n"
                            "  - name: kiro-jp\n"
                            "    mode: enforce\n"
                            "    provisioning: none\n"
                            "    default_plan: kiro-pro\n"
                            "    plans:\n"
                            "      - {plan: kiro-pro, okta_group: AWS_kiro_JP_Users}\n"
                            "      - {plan: kiro-pro-plus, okta_group: AWS_kiro_JP_ProPlus_Users}\n"
                            "    approval: none\n";

ATTR_NORETURN static void stop(const char *what, const struct err *err)
{
    (void)fprintf(stderr, "rig: %s: %s\n", what, err ? err->msg : "");
    abort();
}

const char *rig_ledger_path(const struct rig *rig)
{
    static _Thread_local char path[128];

    (void)snprintf(path, sizeof(path), "%s/ledger.db", rig->folder);
    return path;
}

static void open_ledger(struct rig *rig, bool create)
{
    struct err err = {0};
    struct ledger_options options = {
        .path = str_of(rig_ledger_path(rig)),
        .clock = &rig->clock,
        .program = "seatkeeper test",
        .settings_digest = rig->settings.policy.digest,
        .may_create = create,
    };

    if (!ledger_open(&options, &rig->ledger, &err))
        stop("opening the ledger", &err);
    rig->world.ledger = rig->ledger;
}

void rig_reopen(struct rig *rig)
{
    ledger_close(rig->ledger);
    open_ledger(rig, false);
}

/* The cloud's own keys, as an environment would hold them. */
static const char *environment(void *self, const char *name)
{
    struct rig *rig = self;
    struct sim_aws aws = sim_aws(rig->sim);

    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
        return arena_cstr(&rig->arena, aws.access_key);
    if (strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0)
        return arena_cstr(&rig->arena, aws.secret_key);
    return NULL;
}

static void make_aws(struct rig *rig)
{
    const struct aws_parts_options options = {
        .settings = &rig->settings,
        .env = {rig, environment},
        .transport = rig->transport,
        .metadata = rig->transport,
        .clock = &rig->clock,
        .seed = 1,
    };

    aws_parts_fini(&rig->aws);
    rig->world.aws = NULL;
    rig->world.aws_http = NULL;
    rig->world.identity = NULL;
    if (!rig->settings.aws.present)
        return;
    aws_parts_init(&rig->aws, &options);
    aws_parts_join(&rig->aws, &rig->world);
}

static void make_okta(struct rig *rig)
{
    static struct secret token; /* of the cloud; the same for all rigs of a process */
    struct err err = {0};
    struct http_options http = {.remote = "okta", .rate_share = 100, .seed = 1};
    struct okta_options options = {
        .url = rig->settings.okta.url,
        .want_logs = true,
        .want_push = rig->settings.aws.present,
    };
    struct str *profile = arena_array(&rig->arena, struct str, 2);

    profile[0] = STR("countryCode");
    profile[1] = STR("managerId");
    options.profile = profile;
    options.n_profile = 2;
    secret_set(&token, sim_credentials(rig->sim).ssws_token);
    options.ssws = &token;
    rig->http = http_new(&http, rig->transport, &rig->clock);
    rig->okta = okta_new(&options, rig->http, &rig->clock, &err);
    if (!rig->okta)
        stop("okta", &err);
}

void rig_use_settings(struct rig *rig, const char *yaml)
{
    struct err err = {0};
    struct settings_problems problems;
    struct str text = arena_str(&rig->arena, str_of(yaml));

    if (!settings_parse(STR("settings.yaml"), text, &rig->arena, &rig->settings, &problems, &err))
        stop("settings", &err);
    make_aws(rig);
}

void rig_use_transport(struct rig *rig, struct transport transport)
{
    okta_free(rig->okta);
    http_free(rig->http);
    rig->transport = transport;
    make_okta(rig);
    rig->world.okta = rig->okta;
    rig->world.okta_http = rig->http;
    rig->world.okta_target = engine_okta_target(rig->okta);
    make_aws(rig);
}

void rig_attach(struct rig *rig, struct sim *sim, struct transport transport, struct clock clock,
                const char *folder, const char *settings)
{
    *rig = (struct rig){.sim = sim, .transport = transport, .clock = clock};
    json_init();
    arena_init(&rig->arena, (size_t)4 << 30);
    arena_init(&rig->run_arena, (size_t)8 << 30);
    (void)snprintf(rig->folder, sizeof(rig->folder), "%s", folder);
    rig_use_settings(rig, settings ? settings : rig_settings);
    make_okta(rig);
    rig->world = (struct world){
        .settings = &rig->settings,
        .okta = rig->okta,
        .okta_http = rig->http,
        .okta_target = engine_okta_target(rig->okta),
        .clock = &rig->clock,
        .boot_id = STR("boot"),
    };
    make_aws(rig);
    open_ledger(rig, access(rig_ledger_path(rig), F_OK) != 0);
}

void rig_make_folder(char folder[64])
{
    const char *where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    (void)snprintf(folder, 64, "%s/seatkeeper-rig-XXXXXX", where);
    if (!mkdtemp(folder))
        stop("mkdtemp", NULL);
}

void rig_init(struct rig *rig, const char *org, const char *settings)
{
    struct err err = {0};
    struct sim_options options = {.seed = 1, .start_ms = RIG_START_MS};
    char folder[64];
    struct sim *sim = sim_new(&options, &err);

    if (!sim || (org && !sim_load_org(sim, str_of(org), &err)))
        stop("the cloud", &err);
    rig_make_folder(folder);
    rig_attach(rig, sim, sim_transport(sim), sim_clock(sim), folder, settings);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void rig_detach(struct rig *rig)
{
    ledger_close(rig->ledger);
    aws_parts_fini(&rig->aws);
    okta_free(rig->okta);
    http_free(rig->http);
    arena_fini(&rig->run_arena);
    arena_fini(&rig->arena);
}

void rig_fini(struct rig *rig)
{
    rig_detach(rig);
    sim_free(rig->sim);
    (void)nftw(rig->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

bool rig_run(struct rig *rig, bool dry)
{
    struct run_options options = {.dry = dry, .actor = {STR("os:0"), STR("cli")}};

    arena_reset(&rig->run_arena, 0);
    rig->report = (struct report){0};
    rig->err = (struct err){0};
    return run_once(&rig->world, &options, &rig->run_arena, &rig->report, &rig->err);
}

int64_t rig_request(struct rig *rig, enum request_kind kind, const char *who, const char *plan,
                    int64_t until_ms)
{
    struct err err = {0};
    struct actor actor = {STR("os:0"), STR("cli")};
    struct request filed, ask = {
                              .kind = kind,
                              .who = str_of(who),
                              .entitlement = rig->settings.policy.entitlements[0].name,
                              .plan = str_of(plan),
                              .until_ms = until_ms,
                              .principal = STR("os:0"),
                              .may_decide = true,
                              .door = STR("cli"),
                          };
    enum filed how;

    if (!ledger_file_requests(rig->ledger, &actor, &ask, 1, &rig->arena, &filed, &how, &err))
        stop("filing", &err);
    return filed.number;
}

struct str rig_sim(struct rig *rig, enum http_method method, const char *path, const char *body)
{
    CLEANUP(buf_fini) struct buf out = {0};
    int status = sim_control(rig->sim, method, str_of(path), str_of(body), &out);

    if (status < 200 || status > 299) {
        (void)fprintf(stderr, "rig: %s: %d %.*s\n", path, status, STR_ARG(buf_str(&out)));
        abort();
    }
    return arena_str(&rig->arena, buf_str(&out));
}

size_t rig_writes(struct rig *rig)
{
    struct str text = rig_sim(rig, HTTP_GET, "/_sim/state", NULL);
    CLEANUP(json_close) const struct json *root = NULL;
    struct err err = {0};
    int64_t n;

    if (!json_parse(text, "state", &root, &err) || !json_i64(root, "writes", &n, &err))
        stop("state", &err);
    return (size_t)n;
}

/* ---- showing ---- */

static struct str local_part(struct str login)
{
    return str_cut(&login, '@');
}

static struct str name_of(struct rig *rig, struct str id)
{
    struct err err = {0};
    struct person_row row;
    bool found = false;

    if (id.len > 0 && ledger_get_person(rig->ledger, id, &rig->arena, &row, &found, &err) &&
        found && row.person.login.len > 0)
        return local_part(row.person.login);
    return id;
}

static struct str join_sorted(struct arena *arena, struct str *lines, size_t n, const char *sep)
{
    CLEANUP(buf_fini) struct buf out = {0};

    if (n > 1)
        qsort(lines, n, sizeof(*lines), str_cmp_qsort);
    for (size_t i = 0; i < n; i++)
        buf_printf(&out, "%.*s%s", STR_ARG(lines[i]), i + 1 < n || *sep == '\n' ? sep : "");
    return arena_str(arena, buf_str(&out));
}

static const char *show_verb(enum op_kind kind)
{
    switch (kind) {
    case OP_OKTA_ADD: return "add";
    case OP_OKTA_REMOVE: return "remove";
    case OP_IDC_ADD: return "store-add";
    case OP_IDC_REMOVE: return "store-remove";
    }
    return "?";
}

static struct str show_op(struct rig *rig, const struct report_op *row)
{
    const struct op *op = row->op;

    return arena_printf(
        &rig->arena, "%s %.*s %.*s %s%s%s", show_verb(op->kind), STR_ARG(name_of(rig, op->person)),
        STR_ARG(op->to_assignment ? STR("assignment") : op->plan), op_state_name(row->state),
        row->guard ? " " : "", row->guard ? row->guard : "");
}

static struct str show_finding(struct rig *rig, const struct finding *finding)
{
    struct str who =
        finding->person.len > 0 ? name_of(rig, finding->person) : local_part(finding->login);
    struct str why = finding->variant.len == 0
                         ? finding->variant
                         : arena_printf(&rig->arena, " %.*s/%.*s", STR_ARG(finding->hop),
                                        STR_ARG(finding->variant));

    return arena_printf(&rig->arena, "finding %s%s%.*s%.*s%s%.*s", finding_kind_name(finding->kind),
                        who.len > 0 ? " " : "", STR_ARG(who), STR_ARG(why),
                        finding->actor.len ? " by " : "", STR_ARG(local_part(finding->actor)));
}

static struct str show_hops(struct rig *rig, const struct hop_row *row)
{
    CLEANUP(buf_fini) struct buf out = {0};

    buf_printf(&out, "%.*s %.*s", STR_ARG(name_of(rig, row->person)), STR_ARG(row->plan));
    for (int hop = 0; hop < HOP_COUNT; hop++) {
        const struct hop_state *state = &row->states[hop];
        if (state->state == HOP_NOT_APPLICABLE)
            continue;
        buf_printf(&out, " %s=%s", hop_name(state->hop), hop_word_name(state->state));
        if (state->why != HOP_CAUSE_NONE)
            buf_printf(&out, "(%s)", hop_cause_name(state->why));
        if (state->overdue)
            buf_add_char(&out, '!');
    }
    return arena_str(&rig->arena, buf_str(&out));
}

const char *rig_show_hops(struct rig *rig)
{
    const struct hop_row *rows;
    struct err err = {0};
    size_t n;

    if (!ledger_load_hops(rig->ledger, &rig->arena, &rows, &n, &err))
        stop("hops", &err);
    struct str *lines = arena_array(&rig->arena, struct str, n);
    for (size_t i = 0; i < n; i++)
        lines[i] = show_hops(rig, &rows[i]);
    return arena_cstr(&rig->arena, join_sorted(&rig->arena, lines, n, "\n"));
}

const char *rig_show(struct rig *rig)
{
    const struct report *report = &rig->report;
    VEC_OF(struct str) lines = {0};
    CLEANUP(buf_fini) struct buf out = {0};

    if (rig->err.kind != ERR_NONE)
        return arena_printf(&rig->arena, "error %s\n", err_kind_name(rig->err.kind)).ptr;
    buf_printf(&out, "exit %d\n",
               report->dry ? report_exit_plan(report, true) : report_exit_reconcile(report));
    for (size_t i = 0; i < report->n_intake; i++) {
        buf_printf(&out, "R%lld %.*s %.*s\n", (long long)report->intake[i].number,
                   STR_ARG(local_part(report->intake[i].login)), STR_ARG(report->intake[i].state));
    }
    for (size_t i = 0; i < report->n_ops; i++)
        VEC_PUSH(&rig->arena, &lines, show_op(rig, &report->ops[i]));
    buf_add(&out, join_sorted(&rig->arena, lines.items, lines.n, "\n"));
    lines.n = 0;
    for (size_t i = 0; i < report->n_findings; i++)
        VEC_PUSH(&rig->arena, &lines, show_finding(rig, &report->findings[i]));
    buf_add(&out, join_sorted(&rig->arena, lines.items, lines.n, "\n"));
    return arena_str(&rig->arena, buf_str(&out)).ptr;
}

/* The local parts of one member's name in a list of the cloud's control side. */
static const char *names_in(struct rig *rig, const char *path, const char *list, const char *name)
{
    struct str text = rig_sim(rig, HTTP_GET, path, NULL);
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *items;
    struct err err = {0};
    VEC_OF(struct str) names = {0};

    if (!json_parse(text, list, &root, &err) || !json_arr(root, list, &items, &err))
        stop(list, &err);
    for (const struct json *item = json_first(items); item; item = json_next(item)) {
        struct str value;
        if (!json_str(item, name, &value, &err))
            stop(list, &err);
        VEC_PUSH(&rig->arena, &names, arena_str(&rig->arena, local_part(value)));
    }
    return join_sorted(&rig->arena, names.items, names.n, " ").ptr;
}

const char *rig_members(struct rig *rig, const char *group)
{
    return names_in(rig, arena_printf(&rig->arena, "/_sim/groups/%s/members", group).ptr, "members",
                    "login");
}

const char *rig_store_members(struct rig *rig, const char *group)
{
    return names_in(rig, arena_printf(&rig->arena, "/_sim/aws/memberships?group=%s", group).ptr,
                    "memberships", "user_name");
}

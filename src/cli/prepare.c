#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "engine/aws_parts.h"
#include "ledger/ledger_audit.h"
#include "ledger/ledger_person.h"

/* Surroundings of a command: settings, ledger, and the world of a run. */

struct cli_okta {
    struct http_curl *curl, *metadata;
    struct http *http;
    struct okta *okta;
    struct aws_parts aws;
    struct secret pem, ssws;
    struct key key;
};

static bool load_settings(struct cli *cli, struct err *err)
{
    struct settings_problems problems;

    if (!settings_load(str_of(cli->settings_path), &cli->arena, &cli->settings, &problems, err))
        return false;
    return timezone_set(cli->settings.timezone, err);
}

/* Commands use the ledger itself, so they belong to who owns it (or root). */
static bool check_owner(struct str path, struct err *err)
{
    char name[4096];
    struct stat st;

    (void)snprintf(name, sizeof(name), "%.*s", STR_ARG(path));
    if (stat(name, &st) != 0)
        return err_errno(err, ERR_LEDGER, "ledger %s", name);
    if (st.st_uid != geteuid() && geteuid() != 0) {
        return err_set(err, ERR_REFUSED,
                       "the ledger %s belongs to uid %u; direct use is its owner's alone", name,
                       (unsigned)st.st_uid);
    }
    return true;
}

/* Whoever decides something on an older copy should know it before the next run says so. */
static bool check_age(struct cli *cli, struct err *err)
{
    enum generation generation;
    struct str why;

    if (!ledger_generation_check(cli->ledger, &generation, &cli->arena, &why, err))
        return false;
    cli->is_old_copy = generation == GENERATION_OLDER || generation == GENERATION_OTHER;
    if (cli->is_old_copy) {
        cli_say(cli, "%s: warning: is this an older copy of the ledger? %.*s; runs only observe",
                cli->program, STR_ARG(why));
    }
    return true;
}

static bool open_ledger(struct cli *cli, struct err *err)
{
    struct str path = cli->ledger_path ? str_of(cli->ledger_path) : cli->settings.ledger;
    struct ledger_options options = {
        .path = path,
        .clock = &cli->clock,
        .program = "seatkeeper " SEATKEEPER_VERSION,
        .settings_digest = cli->settings.policy.digest,
    };

    if (!file_exists(path)) {
        return err_set(err, ERR_LEDGER, "there is no ledger at %.*s; `%s init` makes one",
                       STR_ARG(path), cli->program);
    }
    return check_owner(path, err) && ledger_open(&options, &cli->ledger, err) &&
           ledger_audit_head(cli->ledger, &cli->arena, &cli->head, err) && check_age(cli, err);
}

/* Who the OS user is, for approvals: the settings map the name to a login, the ledger the login to
 * a person. */
static bool find_self(struct cli *cli, struct err *err)
{
    const struct person_row *rows;
    size_t n;

    for (size_t i = 0; i < cli->settings.n_local_users; i++) {
        const struct local_user *user = &cli->settings.local_users[i];
        if (!str_is(user->os_user, cli->user))
            continue;
        const char *key = arena_printf(&cli->arena, "who:%.*s", STR_ARG(user->login)).ptr;
        if (!ledger_meta_get(cli->ledger, key, &cli->arena, &cli->person, err))
            return false;
        if (cli->person.len > 0)
            return true;
        if (!ledger_find_people(cli->ledger, user->login, &cli->arena, &rows, &n, err))
            return false;
        if (n == 1)
            cli->person = rows[0].person.id;
    }
    return true;
}

static bool read_secret(const struct cli *cli, const struct secret_ref *ref, bool whole,
                        struct secret *out, struct err *err)
{
    if (ref->env.len > 0) {
        char name[256];
        (void)snprintf(name, sizeof(name), "%.*s", STR_ARG(ref->env));
        const char *value = cli->environment(name);
        if (!value || !*value)
            return err_set(err, ERR_SETTINGS, "the environment variable %s is not set", name);
        secret_set(out, str_of(value));
        return true;
    }
    return whole ? secret_from_whole_file(out, ref->file, err)
                 : secret_from_file(out, ref->file, err);
}

static bool load_credentials(struct cli *cli, struct okta_options *options, struct err *err)
{
    const struct okta_settings *okta = &cli->settings.okta;
    bool is_ssws = okta->token.file.len > 0 || okta->token.env.len > 0;

    if (is_ssws) {
        options->ssws = &cli->okta->ssws;
        return read_secret(cli, &okta->token, false, &cli->okta->ssws, err) ||
               err_wrap(err, "okta.token");
    }
    options->client_id = okta->client_id;
    options->key_id = okta->key_id;
    options->key = &cli->okta->key;
    options->dpop = okta->dpop;
    if (!read_secret(cli, &okta->key, true, &cli->okta->pem, err) ||
        !key_from_pem(&cli->okta->key, &cli->okta->pem, err))
        return err_wrap(err, "okta.key");
    return true;
}

void cli_profile_names(const struct policy *policy, struct arena *arena,
                       struct okta_options *options)
{
    size_t cap = policy->n_person_fields + 1, n = 0;

    for (size_t i = 0; i < policy->n_entitlements; i++)
        cap += policy->entitlements[i].eligible.n_profile;
    struct str *names = arena_array(arena, struct str, cap);
    for (size_t i = 0; i < policy->n_person_fields; i++)
        names[n++] = policy->person_fields[i];
    if (policy->manager_attribute.len > 0)
        names[n++] = policy->manager_attribute;
    for (size_t i = 0; i < policy->n_entitlements; i++) {
        const struct eligible_rule *rule = &policy->entitlements[i].eligible;
        for (size_t k = 0; k < rule->n_profile; k++)
            names[n++] = rule->profile[k].name;
    }
    options->profile = names;
    options->n_profile = str_sort_unique(names, n);
}

/* Boot time only means something within one boot. */
static struct str boot_id(struct arena *arena)
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    char text[64] = "";

    if (!file)
        return (struct str){0};
    if (!fgets(text, sizeof(text), file))
        text[0] = '\0';
    (void)fclose(file);
    return arena_str(arena, str_trim(str_of(text)));
}

static const char *environment_of(void *self, const char *name)
{
    const struct cli *cli = self;

    return cli->environment ? cli->environment(name) : NULL;
}

/* The instance's metadata is never asked for through a proxy: it would answer with the proxy's own
 * credentials. */
static bool connect_aws(struct cli *cli, struct err *err)
{
    const struct http_curl_options direct = {.user_agent = "seatkeeper/" SEATKEEPER_VERSION,
                                             .metadata = true};

    if (!cli->settings.aws.present)
        return true;
    cli->okta->metadata = http_curl_new(&direct, cli->cancel, err);
    if (!cli->okta->metadata)
        return false;
    const struct aws_parts_options options = {
        .settings = &cli->settings,
        .env = {cli, environment_of},
        .transport = http_curl_transport(cli->okta->curl),
        .metadata = http_curl_transport(cli->okta->metadata),
        .clock = &cli->clock,
        .seed = (uint64_t)clock_now(&cli->clock),
    };
    aws_parts_init(&cli->okta->aws, &options);
    aws_parts_join(&cli->okta->aws, &cli->world);
    return true;
}

static bool build_world(struct cli *cli, struct err *err)
{
    struct okta_options options = {
        .url = cli->settings.okta.url,
        .want_logs = true,
        .want_push = cli->settings.aws.present && cli->settings.okta.scim_app_id.len > 0,
    };
    struct http_options http = {
        .remote = "okta",
        .rate_share = (unsigned)cli->settings.okta.rate_share,
        .seed = (uint64_t)clock_now(&cli->clock),
    };
    struct http_curl_options curl = {.user_agent = "seatkeeper/" SEATKEEPER_VERSION};

    cli->okta = arena_new(&cli->arena, struct cli_okta);
    cli_profile_names(&cli->settings.policy, &cli->arena, &options);
    if (!load_credentials(cli, &options, err))
        return false;
    cli->okta->curl = http_curl_new(&curl, cli->cancel, err);
    if (!cli->okta->curl)
        return false;
    cli->okta->http = http_new(&http, http_curl_transport(cli->okta->curl), &cli->clock);
    cli->okta->okta = okta_new(&options, cli->okta->http, &cli->clock, err);
    if (!cli->okta->okta)
        return false;
    cli->world = (struct world){
        .settings = &cli->settings,
        .ledger = cli->ledger,
        .okta = cli->okta->okta,
        .okta_http = cli->okta->http,
        .okta_target = engine_okta_target(cli->okta->okta),
        .clock = &cli->clock,
        .cancel = cli->cancel,
        .boot_id = boot_id(&cli->arena),
    };
    return connect_aws(cli, err);
}

bool cli_connect(struct cli *cli, struct err *err)
{
    return cli->world.okta || build_world(cli, err);
}

bool cli_prepare(struct cli *cli, unsigned needs, struct err *err)
{
    if ((needs & (NEEDS_SETTINGS | NEEDS_OKTA)) || ((needs & NEEDS_LEDGER) && !cli->ledger_path)) {
        if (!load_settings(cli, err))
            return false;
    }
    cli->actor = (struct actor){
        .who = arena_printf(&cli->arena, "os:%u", (unsigned)getuid()),
        .door = STR("cli"),
    };
    if (needs & NEEDS_LEDGER) {
        if (!open_ledger(cli, err) || !find_self(cli, err))
            return false;
    }
    return !(needs & NEEDS_OKTA) || cli_connect(cli, err);
}

void cli_release(struct cli *cli)
{
    if (cli->okta) {
        aws_parts_fini(&cli->okta->aws);
        http_curl_free(cli->okta->metadata);
        okta_free(cli->okta->okta);
        http_free(cli->okta->http);
        http_curl_free(cli->okta->curl);
        key_fini(&cli->okta->key);
        secret_fini(&cli->okta->pem);
        secret_fini(&cli->okta->ssws);
        cli->okta = NULL;
    }
    ledger_close(cli->ledger);
    cli->ledger = NULL;
    buf_fini(&cli->out);
    arena_fini(&cli->arena);
}

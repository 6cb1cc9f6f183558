#include <errno.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "http/url.h"
#include "sim/sim_state.h"

/*
 * A folder that points the program at a simulated cloud, over the organisation that is there by
 * default. It is for trying things out: whoever calls is made an administrator.
 */

#define ADMIN "admin@example.com"

static const char head[] =
    "# Seatkeeper against its own simulated cloud. Nothing here reaches a real service, and\n"
    "# the key beside this file opens nothing else.\n"
    "\n"
    "name: sim\n"
    "ledger: ledger.db\n";

static const char tail[] = "roles:\n"
                           "  admin: {okta_group: Seatkeeper_Admins}\n"
                           "  decide: {okta_group: Seatkeeper_Approvers}\n"
                           "  read: {okta_group: Seatkeeper_Readers}\n"
                           "\n"
                           "safety:\n"
                           "  protected: [breakglass@example.com, {okta_group: Executives}]\n"
                           "\n"
                           "entitlements:\n"
                           "  - name: kiro-jp\n"
                           "    title: Kiro for engineers in Japan\n"
                           "    ask_for: [kiro]\n"
                           "    mode: enforce\n"
                           "    default_plan: kiro-pro\n"
                           "    plans:\n"
                           "      - {plan: kiro-pro, okta_group: AWS_kiro_JP_Users}\n"
                           "      - {plan: kiro-pro-plus, okta_group: AWS_kiro_JP_ProPlus_Users}\n"
                           "    approval: {kiro-pro: none, kiro-pro-plus: approvers}\n"
                           "    approvers: [lead@example.com, {okta_group: Kiro_Approvers}]\n"
                           "    eligible: {domains: [example.com, gen.example.com]}\n";

/* A name that is safe as a plain key; others are left out. */
static bool is_plain(const char *name)
{
    if (!name || *name == '\0' || *name == '-')
        return false;
    for (; *name; name++) {
        if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
              (*name >= '0' && *name <= '9') || *name == '_' || *name == '-' || *name == '.'))
            return false;
    }
    return true;
}

static void put_server(struct buf *out)
{
    const struct passwd *user = getpwuid(geteuid());

    buf_add(out, STR("server:\n"));
    if (user && is_plain(user->pw_name))
        buf_printf(out, "  local_users: {\"%s\": " ADMIN "}\n", user->pw_name);
    buf_add_char(out, '\n');
}

static void put_okta(const struct sim_credentials *own, struct str url, struct buf *out)
{
    buf_printf(out,
               "\nokta:\n  url: %.*s\n  client_id: %.*s\n  key_id: %.*s\n  key_file: okta.pem\n"
               "  dpop: true\n",
               STR_ARG(url), STR_ARG(own->client_id), STR_ARG(own->key_id));
}

static void put_aws(const struct sim_aws *aws, struct str url, struct buf *out)
{
    if (aws->scim_app_id.len > 0)
        buf_printf(out, "  scim_app_id: %.*s\n", STR_ARG(aws->scim_app_id));
    buf_printf(out, "\naws:\n  region: %.*s\n  account: \"%.*s\"\n  instance_arn: %.*s\n",
               STR_ARG(aws->region), STR_ARG(aws->account), STR_ARG(aws->instance_arn));
    buf_printf(out,
               "  credentials_file: aws.credentials\n  endpoints:\n    identitystore: %.*s\n"
               "    sso: %.*s\n    sts: %.*s\n    subscriptions: %.*s\n    q: %.*s\n",
               STR_ARG(url), STR_ARG(url), STR_ARG(url), STR_ARG(url), STR_ARG(url));
}

struct files {
    struct str folder, settings, pem, credentials;
};

static bool is_taken(const struct files *files)
{
    return file_exists(files->settings) || file_exists(files->pem) ||
           file_exists(files->credentials);
}

static bool make_folder(const struct files *files, struct arena *arena, struct err *err)
{
    if (mkdir(arena_cstr(arena, files->folder), 0700) != 0 && errno != EEXIST)
        return err_errno(err, ERR_USAGE, "%.*s", STR_ARG(files->folder));
    if (is_taken(files)) {
        return err_set(err, ERR_USAGE, "%.*s: settings are there already; they are not overwritten",
                       STR_ARG(files->folder));
    }
    return true;
}

static bool write_credentials(const struct sim_aws *aws, const struct files *files, struct err *err)
{
    struct buf text = {.secret = true};

    buf_printf(&text, "[default]\naws_access_key_id = %.*s\naws_secret_access_key = %.*s\n",
               STR_ARG(aws->access_key), STR_ARG(aws->secret_key));
    bool ok = file_create(files->credentials, buf_str(&text), 0600, err);
    buf_fini(&text);
    return ok;
}

static bool write_files(struct sim *sim, struct str url, struct str folder, struct arena *arena,
                        struct err *err)
{
    struct sim_credentials own = sim_credentials(sim);
    struct sim_aws aws = sim_aws(sim);
    CLEANUP(buf_fini) struct buf settings = {0};
    struct files files = {
        .folder = folder,
        .settings = arena_printf(arena, "%.*s/settings.yaml", STR_ARG(folder)),
        .pem = arena_printf(arena, "%.*s/okta.pem", STR_ARG(folder)),
        .credentials = arena_printf(arena, "%.*s/aws.credentials", STR_ARG(folder)),
    };

    buf_add(&settings, str_of(head));
    put_okta(&own, url, &settings);
    put_aws(&aws, url, &settings);
    buf_add_char(&settings, '\n');
    put_server(&settings);
    buf_add(&settings, str_of(tail));
    return make_folder(&files, arena, err) && file_create(files.pem, own.private_pem, 0600, err) &&
           write_credentials(&aws, &files, err) &&
           file_create(files.settings, buf_str(&settings), 0600, err);
}

bool sim_write_settings(struct sim *sim, struct str url, struct str folder, struct err *err)
{
    struct arena arena;
    struct str base;

    if (!url_check_base(url, &base, err))
        return err_wrap(err, "settings for the simulated cloud");
    arena_init(&arena, (size_t)1 << 20);
    bool ok = write_files(sim, base, folder, &arena, err);
    arena_fini(&arena);
    return ok;
}

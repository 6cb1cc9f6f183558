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

static void put_settings(const struct sim_credentials *own, struct str url, struct buf *out)
{
    buf_add(out, str_of(head));
    buf_printf(out,
               "\nokta:\n  url: %.*s\n  client_id: %.*s\n  key_id: %.*s\n  key_file: okta.pem\n"
               "  dpop: true\n\n",
               STR_ARG(url), STR_ARG(own->client_id), STR_ARG(own->key_id));
    put_server(out);
    buf_add(out, str_of(tail));
}

bool sim_write_settings(struct sim *sim, struct str url, struct str folder, struct err *err)
{
    struct sim_credentials own = sim_credentials(sim);
    CLEANUP(buf_fini) struct buf settings = {0};
    struct arena arena;
    struct str base;
    bool ok;

    if (!url_check_base(url, &base, err))
        return err_wrap(err, "settings for the simulated cloud");
    arena_init(&arena, (size_t)1 << 20);

    struct str path = arena_printf(&arena, "%.*s/settings.yaml", STR_ARG(folder));
    struct str pem = arena_printf(&arena, "%.*s/okta.pem", STR_ARG(folder));
    put_settings(&own, base, &settings);
    if (mkdir(arena_cstr(&arena, folder), 0700) != 0 && errno != EEXIST) {
        ok = err_errno(err, ERR_USAGE, "%.*s", STR_ARG(folder));
    } else if (file_exists(path) || file_exists(pem)) {
        ok = err_set(err, ERR_USAGE, "%.*s: settings are there already; they are not overwritten",
                     STR_ARG(folder));
    } else {
        ok = file_create(pem, own.private_pem, 0600, err) &&
             file_create(path, buf_str(&settings), 0600, err);
    }
    arena_fini(&arena);
    return ok;
}

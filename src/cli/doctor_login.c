#include "cli/doctor.h"
#include "engine/observe.h"

/* Who answers at the settings' URL, and what our credential may do there. */

static const char scopes_remedy[] =
    "in Okta, open the application, tab `Okta API Scopes`, and grant it";

/* ---- who is there ---- */

static bool check_known_instance(struct doctor *doctor, bool *go_on, struct err *err)
{
    struct cli *cli = doctor->cli;
    struct seen_instance seen;
    struct str pinned;

    if (!ledger_meta_get(cli->ledger, "okta_org", &cli->arena, &pinned, err) ||
        !observe_instance(&cli->world, true, &cli->actor, &cli->arena, &seen, err))
        return false;
    *go_on = seen.ok;
    if (seen.unreadable) {
        doctor_add(doctor, CHECK_FAIL, "okta.org", "check `okta.url` and the network", "%.*s",
                   STR_ARG(seen.why));
    } else if (!seen.ok) {
        doctor_add(doctor, CHECK_FAIL, "okta.org",
                   "set `okta.url` right; if this Okta is meant, acknowledge the finding "
                   "instance_changed of the next run; no credential was sent",
                   "%.*s", STR_ARG(seen.why));
    } else if (pinned.len == 0) {
        doctor_add(doctor, CHECK_NOTE, "okta.org", "the first run pins it", "%.*s at %.*s",
                   STR_ARG(seen.org), STR_ARG(seen.url));
    } else {
        doctor_add(doctor, CHECK_OK, "okta.org", NULL, "%.*s at %.*s, as pinned", STR_ARG(seen.org),
                   STR_ARG(seen.url));
    }
    return true;
}

/* Without a ledger there is nothing to hold it against. */
static bool check_any_instance(struct doctor *doctor, bool *go_on, struct err *err)
{
    struct cli *cli = doctor->cli;
    struct okta_org org;

    if (!okta_read_org(cli->world.okta, &cli->arena, &org, err))
        return false;
    *go_on = org.answer != OKTA_UNKNOWN;
    if (*go_on) {
        doctor_add(doctor, CHECK_NOTE, "okta.org", "the first run pins it", "%.*s at %.*s",
                   STR_ARG(org.id), STR_ARG(cli->settings.okta.url));
    } else {
        doctor_add(doctor, CHECK_FAIL, "okta.org", "check `okta.url` and the network", "%.*s",
                   STR_ARG(org.why));
    }
    return true;
}

/* ---- with which rights ---- */

static const struct {
    const char *scope, *use;
    bool needed;
    bool for_push; /* asked for only where push is followed */
} wanted[] = {
    {"okta.groups.read", "to list members", true, false},
    {"okta.groups.manage", "to add and remove members", true, false},
    {"okta.users.read", "to look people up", true, false},
    {"okta.logs.read", "to say who changed a membership", false, false},
    {"okta.roles.read", "to see admin roles on a group; without it removals wait", false, false},
    {"okta.apps.read", "to see who is assigned and what is pushed: why a seat is late", false,
     true},
    {"okta.schemas.read", "to see which attributes people edit themselves", false, false},
};

/* Nothing here ever needs one of these. Okta grants only what is asked for, so each is asked for
 * alone. */
static const char *const excessive[] = {
    "okta.users.manage",          "okta.apps.manage",           "okta.roles.manage",
    "okta.policies.manage",       "okta.clients.manage",        "okta.appGrants.manage",
    "okta.apiTokens.manage",      "okta.authenticators.manage", "okta.authorizationServers.manage",
    "okta.idps.manage",           "okta.networkZones.manage",   "okta.orgs.manage",
    "okta.schemas.manage",        "okta.eventHooks.manage",     "okta.inlineHooks.manage",
    "okta.trustedOrigins.manage",
};

static bool is_push_followed(const struct settings *settings)
{
    return settings->aws.present && settings->okta.scim_app_id.len > 0;
}

static bool has_word(struct str words, const char *word)
{
    while (words.len > 0) {
        if (str_is(str_cut(&words, ' '), word))
            return true;
    }
    return false;
}

static void report_wanted(struct doctor *doctor, size_t i, bool granted)
{
    if (granted) {
        doctor_add(doctor, CHECK_OK, "okta.scope", NULL, "%s, %s", wanted[i].scope, wanted[i].use);
    } else {
        doctor_add(doctor, wanted[i].needed ? CHECK_FAIL : CHECK_NOTE, "okta.scope", scopes_remedy,
                   "%s is missing, %s", wanted[i].scope, wanted[i].use);
    }
}

/* What the token brought although nobody asked for it. */
static void report_unasked(struct doctor *doctor, struct str scopes)
{
    while (scopes.len > 0) {
        struct str scope = str_cut(&scopes, ' ');
        if (str_ends(scope, STR(".manage")) && !str_is(scope, "okta.groups.manage")) {
            doctor_add(doctor, CHECK_FAIL, "okta.scope", "take it from the application in Okta",
                       "%.*s is more than this program needs", STR_ARG(scope));
        }
    }
}

static bool probe_excess(struct doctor *doctor, struct err *err)
{
    struct cli *cli = doctor->cli;
    size_t n_unknown = 0, n_granted = 0;

    for (size_t i = 0; i < ARRAY_LEN(excessive); i++) {
        enum okta_answer answer;
        if (!okta_has_scope(cli->world.okta, excessive[i], &cli->arena, &answer, err))
            return false;
        n_unknown += answer == OKTA_UNKNOWN;
        n_granted += answer == OKTA_FOUND;
        if (answer == OKTA_FOUND) {
            doctor_add(doctor, CHECK_FAIL, "okta.scope", "take it from the application in Okta",
                       "%s is granted: more than this program needs", excessive[i]);
        }
    }
    if (n_unknown > 0) {
        doctor_add(doctor, CHECK_NOTE, "okta.scope", "run doctor again later",
                   "of %zu powerful scopes it could not be told whether they are granted",
                   n_unknown);
    } else if (n_granted == 0) {
        doctor_add(doctor, CHECK_OK, "okta.scope", NULL,
                   "none of %zu powerful scopes that were tried is granted", ARRAY_LEN(excessive));
    }
    return true;
}

/* A refused login does not say which scope it was for. */
static bool name_missing(struct doctor *doctor, struct err *err)
{
    struct cli *cli = doctor->cli;

    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        enum okta_answer answer;
        if (!wanted[i].needed)
            continue;
        if (!okta_has_scope(cli->world.okta, wanted[i].scope, &cli->arena, &answer, err))
            return false;
        if (answer != OKTA_UNKNOWN)
            report_wanted(doctor, i, answer == OKTA_FOUND);
    }
    return true;
}

static bool check_rights(struct doctor *doctor, bool *go_on, struct err *err)
{
    struct cli *cli = doctor->cli;
    struct str scopes;

    if (!okta_login(cli->world.okta, &cli->arena, &scopes, err)) {
        *go_on = false;
        return doctor_failed(doctor, "okta.login",
                             "check client_id, key_id, key and `dpop` in the settings against the "
                             "application in Okta",
                             err) &&
               name_missing(doctor, err);
    }
    if (cli->settings.okta.token.file.len > 0 || cli->settings.okta.token.env.len > 0) {
        doctor_add(doctor, CHECK_NOTE, "okta.login",
                   "an OAuth service application can do with less; see the manual",
                   "an API token works; it may do whatever the administrator may who made it");
        return true;
    }
    doctor_add(doctor, CHECK_OK, "okta.login", NULL, "as the application %.*s%s",
               STR_ARG(cli->settings.okta.client_id),
               cli->settings.okta.dpop ? ", tokens bound by DPoP" : "");
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        if (!wanted[i].for_push || is_push_followed(&cli->settings))
            report_wanted(doctor, i, has_word(scopes, wanted[i].scope));
    }
    report_unasked(doctor, scopes);
    return probe_excess(doctor, err);
}

bool doctor_login(struct doctor *doctor, bool *go_on, struct err *err)
{
    bool is_known = doctor->cli->ledger != NULL;

    if (!(is_known ? check_known_instance : check_any_instance)(doctor, go_on, err)) {
        *go_on = false;
        return doctor_failed(doctor, "okta.org", NULL, err);
    }
    if (*go_on && !check_rights(doctor, go_on, err)) {
        *go_on = false;
        return doctor_failed(doctor, "okta.login", NULL, err);
    }
    return true;
}

void doctor_clock(struct doctor *doctor, bool logged_in)
{
    int64_t server, local, most = doctor->cli->settings.policy.safety.clock_tolerance_ms;

    if (!http_server_date(doctor->cli->world.okta_http, &server, &local)) {
        if (logged_in) {
            doctor_add(doctor, CHECK_FAIL, "clock", "without it no expiry is carried out",
                       "Okta sent no date to hold this machine's clock against");
        }
        return;
    }
    int64_t off = local > server ? local - server : server - local;
    if (off > most) {
        doctor_add(doctor, CHECK_FAIL, "clock",
                   "set this machine's clock right; until then no expiry is carried out",
                   "this machine's clock is %lld s %s Okta's", (long long)(off / TIME_SECOND),
                   local > server ? "ahead of" : "behind");
    } else {
        doctor_add(doctor, CHECK_OK, "clock", NULL, "%lld s off Okta's, of at most %lld s",
                   (long long)(off / TIME_SECOND), (long long)(most / TIME_SECOND));
    }
}

#include "cli/doctor.h"
#include "engine/observe.h"

/* What the settings name in Okta, as it is there now. */

#define LOG_LOOK_MS TIME_MINUTE

struct looking {
    struct doctor *doctor;
    struct cli *cli;
    struct okta *okta;
    struct seen_groups groups;
};

/* ---- groups ---- */

static const char *role_name(const struct seen_group *group)
{
    switch (group->role) {
    case PIN_PLAN: return "okta.group";
    case PIN_ASSIGNMENT: return "okta.group.assign";
    case PIN_NAMED:
    case PIN_STORE: break;
    }
    return "okta.group.named";
}

static const char *group_remedy(const struct seen_group *group)
{
    if (group->rule_on_group)
        return "deactivate the rule in Okta, or acknowledge the finding rule_on_group";
    if (str_starts(group->pin_subject, STR("roles ")))
        return "take the admin roles from the group in Okta: whoever gets a seat gets them too";
    if (group->pin_subject.len > 0)
        return "set the name right; if this group is meant, acknowledge the finding group_changed";
    return "make the group in Okta, or set its name right in the settings";
}

static void check_group(struct looking *at, const struct seen_group *group)
{
    struct arena *arena = &at->cli->arena;
    const char *name = role_name(group);

    if (!group->pin_ok) {
        doctor_add(at->doctor, CHECK_FAIL, name, group_remedy(group), "%.*s",
                   STR_ARG(group->pin_why));
        return;
    }
    if (!listing_is_sealed(group->listing)) {
        doctor_add(at->doctor, CHECK_FAIL, name,
                   "see whether the credential may read this group's members",
                   "the members of %.*s could not be read: %.*s", STR_ARG(group->name),
                   STR_ARG(group->listing->why));
        return;
    }
    struct str pinned =
        group->first_seen_ms == 0
            ? STR("not pinned yet")
            : arena_printf(arena, "pinned on %.*s", STR_ARG(date_str(group->first_seen_ms, arena)));
    bool is_plain = group->role == PIN_NAMED;
    doctor_add(at->doctor, CHECK_OK, name, NULL, "%.*s (%.*s%s), %.*s, %zu members",
               STR_ARG(group->name), STR_ARG(group->id), is_plain ? "" : ", OKTA_GROUP",
               STR_ARG(pinned), group->listing->n);
    if (is_plain && group->listing->n == 0) {
        doctor_add(at->doctor, CHECK_NOTE, name, "put somebody in, or take it out of the settings",
                   "%.*s is named in the settings and empty", STR_ARG(group->name));
    }
    if (group->removals_unknown) {
        doctor_add(at->doctor, CHECK_NOTE, name,
                   "let the credential read rules and roles; until then removals there wait",
                   "%.*s: %.*s", STR_ARG(group->name), STR_ARG(group->removals_why));
    }
}

static bool check_groups(struct looking *at, struct err *err)
{
    struct cli *cli = at->cli;

    if (!observe_groups(&cli->world, true, &cli->actor, &cli->arena, &at->groups, err))
        return false;
    for (size_t i = 0; i < at->groups.n; i++)
        check_group(at, &at->groups.items[i]);
    return true;
}

/* ---- applications ---- */

static bool is_scim_app(const struct looking *at, struct str id)
{
    struct str scim = at->cli->settings.okta.scim_app_id;

    return scim.len > 0 && str_eq(scim, id);
}

/* Assigned to a group that is also pushed: Okta's push then takes people out by surprise. Any other
 * application behind a seat's group comes and goes with the seat. */
static void report_app(struct looking *at, const struct seen_group *group,
                       const struct okta_app *app)
{
    if (is_scim_app(at, app->id)) {
        doctor_add(at->doctor, CHECK_FAIL, "okta.apps",
                   "assign the application by another group (`assignment_group`); Okta does not "
                   "support both with one",
                   "%.*s is assigned to %.*s and pushed by it", STR_ARG(group->name),
                   STR_ARG(app->label));
    } else {
        doctor_add(at->doctor, CHECK_NOTE, "okta.apps",
                   "whoever loses the seat loses this too; keep a group of its own for the seat",
                   "%.*s also gives access to %.*s (%.*s)", STR_ARG(group->name),
                   STR_ARG(app->label), STR_ARG(app->id));
    }
}

static bool assigns_scim_app(const struct looking *at, const struct okta_apps *apps)
{
    for (size_t i = 0; i < apps->n; i++) {
        if (is_scim_app(at, apps->apps[i].id))
            return true;
    }
    return false;
}

static void report_apps(struct looking *at, const struct seen_group *group,
                        const struct okta_apps *apps)
{
    struct str scim = at->cli->settings.okta.scim_app_id;

    if (apps->answer == OKTA_FORBIDDEN || apps->answer == OKTA_UNKNOWN) {
        doctor_add(at->doctor, CHECK_NOTE, "okta.apps",
                   "let the credential read it, or look by hand",
                   "which applications stand behind %.*s could not be read: %.*s",
                   STR_ARG(group->name), STR_ARG(apps->why));
        return;
    }
    for (size_t i = 0; i < apps->n && group->role == PIN_PLAN; i++)
        report_app(at, group, &apps->apps[i]);
    if (group->role == PIN_ASSIGNMENT && scim.len > 0 && !assigns_scim_app(at, apps)) {
        doctor_add(at->doctor, CHECK_FAIL, "okta.apps",
                   "assign the application to the group in Okta, or set `okta.scim_app_id` right",
                   "%.*s does not assign the application %.*s", STR_ARG(group->name),
                   STR_ARG(scim));
    }
}

static bool check_apps(struct looking *at, struct err *err)
{
    for (size_t i = 0; i < at->groups.n; i++) {
        const struct seen_group *group = &at->groups.items[i];
        struct okta_apps apps;
        if (group->role == PIN_NAMED || group->id.len == 0)
            continue;
        if (!okta_group_apps(at->okta, group->id, &at->cli->arena, &apps, err))
            return false;
        report_apps(at, group, &apps);
    }
    return true;
}

/* ---- people ---- */

typedef VEC_OF(struct str) login_vec;

static void want(struct looking *at, login_vec *logins, struct str login)
{
    if (login.len > 0)
        VEC_PUSH(&at->cli->arena, logins, login);
}

static size_t wanted_logins(struct looking *at, struct str **out)
{
    const struct settings *settings = &at->cli->settings;
    const struct policy *policy = &settings->policy;
    login_vec logins = {0};

    for (size_t i = 0; i < policy->n_entitlements; i++) {
        const struct entitlement *ent = &policy->entitlements[i];
        for (size_t k = 0; k < ent->n_approvers; k++)
            want(at, &logins, ent->approvers[k].login);
        if (ent->fallback.after_ms != POLICY_OFF)
            want(at, &logins, ent->fallback.to.login);
    }
    for (size_t i = 0; i < policy->safety.n_protect; i++)
        want(at, &logins, policy->safety.protect[i].login);
    want(at, &logins, policy->roles.admin.login);
    want(at, &logins, policy->roles.decide.login);
    want(at, &logins, policy->roles.read.login);
    for (size_t i = 0; i < settings->n_local_users; i++)
        want(at, &logins, settings->local_users[i].login);
    *out = logins.items;
    return str_sort_unique(logins.items, logins.n);
}

/* The account that the login meant when it was first seen; empty: not seen yet. */
static bool pinned_as(const struct looking *at, struct str login, struct str *out, struct err *err)
{
    struct cli *cli = at->cli;

    *out = (struct str){0};
    return !cli->ledger ||
           ledger_meta_get(cli->ledger, arena_printf(&cli->arena, "who:%.*s", STR_ARG(login)).ptr,
                           &cli->arena, out, err);
}

/* False when there was something to say. */
static bool person_is_fine(struct looking *at, struct str login, const struct okta_user *user,
                           struct str pinned)
{
    if (user->answer == OKTA_NONE || user->answer == OKTA_AMBIGUOUS) {
        doctor_add(at->doctor, CHECK_FAIL, "okta.person",
                   "set the login right in the settings; nobody else takes their part",
                   "Okta knows %s with the login %.*s, which the settings name",
                   user->answer == OKTA_NONE ? "nobody" : "several people", STR_ARG(login));
    } else if (user->answer != OKTA_FOUND) {
        doctor_add(at->doctor, CHECK_NOTE, "okta.person", NULL, "%.*s could not be looked up: %.*s",
                   STR_ARG(login), STR_ARG(user->why));
    } else if (pinned.len > 0 && !str_eq(pinned, user->person.id)) {
        doctor_add(at->doctor, CHECK_FAIL, "okta.person",
                   "make sure who is meant: the one who was pinned keeps their part",
                   "%.*s is another account now (%.*s) than when it was pinned (%.*s)",
                   STR_ARG(login), STR_ARG(user->person.id), STR_ARG(pinned));
    } else if (!user_status_is_usable(user->person.status)) {
        doctor_add(at->doctor, CHECK_NOTE, "okta.person", "name somebody else in the settings",
                   "%.*s, whom the settings name, is %s in Okta", STR_ARG(login),
                   user_status_name(user->person.status));
    } else {
        return true;
    }
    return false;
}

static bool check_people(struct looking *at, struct err *err)
{
    struct str *logins = NULL;
    size_t n = wanted_logins(at, &logins), n_fine = 0;
    struct okta_user *users = arena_array(&at->cli->arena, struct okta_user, n);

    if (n == 0 || !logins)
        return true;
    if (!okta_find_users(at->okta, logins, n, false, &at->cli->arena, users, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct str pinned;
        if (!pinned_as(at, logins[i], &pinned, err))
            return false;
        n_fine += person_is_fine(at, logins[i], &users[i], pinned);
    }
    if (n_fine == n) {
        doctor_add(at->doctor, CHECK_OK, "okta.person", NULL,
                   "the %zu people whom the settings name are there and active", n);
    }
    return true;
}

/* ---- attributes ---- */

static bool approves_by_manager(const struct policy *policy)
{
    for (size_t i = 0; i < policy->n_entitlements; i++) {
        const struct entitlement *ent = &policy->entitlements[i];
        if (ent->has_renewal_approval && ent->renewal_approval == APPROVAL_MANAGER)
            return true;
        for (size_t k = 0; k < ent->n_plans; k++) {
            if (ent->plans[k].approval == APPROVAL_MANAGER)
                return true;
        }
    }
    return false;
}

static size_t report_self_edited(struct looking *at, const struct okta_schema *schema)
{
    const struct policy *policy = &at->cli->settings.policy;
    size_t n = 0;

    for (size_t i = 0; i < policy->n_entitlements; i++) {
        const struct eligible_rule *rule = &policy->entitlements[i].eligible;
        for (size_t k = 0; k < rule->n_profile; k++) {
            if (!str_in_sorted(schema->self_editable, schema->n, rule->profile[k].name))
                continue;
            n++;
            doctor_add(at->doctor, CHECK_FAIL, "okta.schema",
                       "make the attribute read-only for people in Okta's profile editor",
                       "people edit `%.*s` themselves, which admits them to %.*s",
                       STR_ARG(rule->profile[k].name), STR_ARG(policy->entitlements[i].name));
        }
    }
    if (policy->manager_attribute.len > 0 &&
        str_in_sorted(schema->self_editable, schema->n, policy->manager_attribute)) {
        bool approves = approves_by_manager(policy);
        n++;
        doctor_add(at->doctor, approves ? CHECK_FAIL : CHECK_NOTE, "okta.schema",
                   "make the attribute read-only for people in Okta's profile editor",
                   "people edit `%.*s` themselves, which says %s",
                   STR_ARG(policy->manager_attribute),
                   approves ? "who approves" : "who answers for a seat");
    }
    return n;
}

static bool check_schema(struct looking *at, struct err *err)
{
    struct okta_schema schema;

    if (!okta_user_schema(at->okta, &at->cli->arena, &schema, err))
        return false;
    if (schema.answer != OKTA_FOUND) {
        doctor_add(
            at->doctor, CHECK_NOTE, "okta.schema", "grant okta.schemas.read, or look by hand",
            "which attributes people edit themselves could not be read: %.*s", STR_ARG(schema.why));
    } else if (report_self_edited(at, &schema) == 0) {
        doctor_add(at->doctor, CHECK_OK, "okta.schema", NULL,
                   "nobody edits an attribute that the rules look at");
    }
    return true;
}

/* ---- log ---- */

static bool check_log(struct looking *at, struct err *err)
{
    struct okta_log log;
    int64_t since = clock_now(&at->cli->clock) - LOG_LOOK_MS;

    if (!okta_poll_log(at->okta, (struct str){0}, since, &at->cli->arena, &log, err))
        return false;
    if (log.answer == OKTA_FOUND) {
        doctor_add(at->doctor, CHECK_OK, "okta.log", NULL,
                   "the System Log is readable: findings say who changed a membership");
    } else {
        doctor_add(at->doctor, CHECK_NOTE, "okta.log",
                   "grant okta.logs.read and a role that may "
                   "read the log",
                   "the System Log could not be read, so findings do not say who: %.*s",
                   STR_ARG(log.why));
    }
    return true;
}

bool doctor_okta(struct doctor *doctor, struct err *err)
{
    static const struct {
        const char *name;
        bool (*check)(struct looking *at, struct err *err);
        bool needs_ledger;
    } checks[] = {
        {"okta.group", check_groups, true},   {"okta.apps", check_apps, true},
        {"okta.person", check_people, false}, {"okta.schema", check_schema, false},
        {"okta.log", check_log, false},
    };
    struct looking at = {.doctor = doctor, .cli = doctor->cli, .okta = doctor->cli->world.okta};

    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (checks[i].needs_ledger && !doctor->cli->ledger) {
            doctor_add(doctor, CHECK_NOTE, checks[i].name, "set the ledger right first",
                       "not looked at: it is held against the ledger");
        } else if (!checks[i].check(&at, err) &&
                   !doctor_failed(doctor, checks[i].name, NULL, err)) {
            return false;
        }
    }
    return true;
}

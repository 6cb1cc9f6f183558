#include <string.h>

#include "base/clock.h"
#include "sim/sim_idc.h"
#include "sim/sim_org.h"

/* `aws` of an organisation file. */

/* ---- small things ---- */

static bool read_texts(struct sim *sim, const struct sim_node *list, const struct str **out,
                       size_t *n, struct err *err)
{
    struct str *items;

    if (!list)
        return true;
    if (list->kind != SIM_NODE_LIST)
        return sim_node_err(list, err, "`%.*s` must be a list", STR_ARG(list->key));
    items = arena_array(&sim->org, struct str, list->n + 1);
    *n = 0;
    for (const struct sim_node *child = list->first; child; child = child->next)
        items[(*n)++] = sim_keep(sim, child->text);
    *out = items;
    return true;
}

static bool read_time(const struct sim_node *node, struct str text, int64_t *out, struct err *err)
{
    if (text.len > 0 && !time_parse_iso(text, out))
        return sim_node_err(node, err, "a time such as 2026-11-30T00:00:00Z is expected");
    return true;
}

static void keep_if_given(struct sim *sim, struct str given, struct str *place)
{
    if (given.len > 0)
        *place = sim_keep(sim, given);
}

static bool each_of(struct sim *sim, const struct sim_node *list,
                    bool (*read)(struct sim *sim, const struct sim_node *node, struct err *err),
                    struct err *err)
{
    if (!list)
        return true;
    if (list->kind != SIM_NODE_LIST)
        return sim_node_err(list, err, "`%.*s` must be a list", STR_ARG(list->key));
    for (const struct sim_node *node = list->first; node; node = node->next) {
        if (!read(sim, node, err))
            return false;
    }
    return true;
}

/* ---- instances ---- */

struct instance_keys {
    struct str instance_arn, store_id, owner, name, status, primary_region;
};

static bool read_instance(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"instance_arn", SIM_FIELD_STR, offsetof(struct instance_keys, instance_arn)},
        {"store_id", SIM_FIELD_STR, offsetof(struct instance_keys, store_id)},
        {"owner", SIM_FIELD_STR, offsetof(struct instance_keys, owner)},
        {"name", SIM_FIELD_STR, offsetof(struct instance_keys, name)},
        {"status", SIM_FIELD_STR, offsetof(struct instance_keys, status)},
        {"primary_region", SIM_FIELD_STR, offsetof(struct instance_keys, primary_region)},
    };
    struct sim_idc *idc = sim->idc;
    struct instance_keys keys = {
        .status = STR("ACTIVE"), .owner = idc->account, .primary_region = idc->region};
    struct sim_instance *all = arena_array(&sim->org, struct sim_instance, idc->n_instances + 1);

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err))
        return false;
    if (keys.instance_arn.len == 0 || keys.store_id.len == 0)
        return sim_node_err(node, err, "an instance needs `instance_arn` and `store_id`");
    memcpy(all, idc->instances, idc->n_instances * sizeof(*all));
    all[idc->n_instances++] = (struct sim_instance){
        .arn = sim_keep(sim, keys.instance_arn),
        .store_id = sim_keep(sim, keys.store_id),
        .owner = sim_keep(sim, keys.owner),
        .name = sim_keep(sim, keys.name),
        .status = sim_keep(sim, keys.status),
        .primary_region = sim_keep(sim, keys.primary_region),
        .created_ms = sim_cloud(sim) - 100 * TIME_DAY,
    };
    idc->instances = all;
    return true;
}

/* ---- keys and roles ---- */

struct key_keys {
    struct str id, secret, user, expires;
    bool off;
    const struct sim_node *deny;
};

/* Of a key that is known (without `id`: the first), only what is given changes. */
static bool read_key(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"id", SIM_FIELD_STR, offsetof(struct key_keys, id)},
        {"secret", SIM_FIELD_STR, offsetof(struct key_keys, secret)},
        {"user", SIM_FIELD_STR, offsetof(struct key_keys, user)},
        {"expires", SIM_FIELD_STR, offsetof(struct key_keys, expires)},
        {"off", SIM_FIELD_BOOL, offsetof(struct key_keys, off)},
        {"deny", SIM_FIELD_NODE, offsetof(struct key_keys, deny)},
    };
    struct sim_idc *idc = sim->idc;
    struct key_keys keys = {0};
    struct sim_key *key = NULL;

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err))
        return false;
    for (size_t i = 0; i < idc->n_keys && !key; i++) {
        if (keys.id.len == 0 || str_eq(idc->keys[i].id, keys.id))
            key = &idc->keys[i];
    }
    if (!key) {
        struct sim_key fresh = {
            .id = sim_keep(sim, keys.id),
            .user_id = STR("AIDASIMULATEDUSER0001"),
            .arn =
                arena_printf(&sim->org, "arn:aws:iam::%.*s:user/seatkeeper", STR_ARG(idc->account)),
        };

        if (keys.secret.len == 0)
            return sim_node_err(node, err, "a new key needs a `secret`");
        key = sim_idc_add_key(sim, &fresh);
    }
    keep_if_given(sim, keys.secret, &key->secret);
    if (keys.user.len > 0) {
        key->arn = arena_printf(&sim->org, "arn:aws:iam::%.*s:user/%.*s", STR_ARG(idc->account),
                                STR_ARG(keys.user));
    }
    key->is_off = keys.off;
    return read_time(node, keys.expires, &key->expires_ms, err) &&
           read_texts(sim, keys.deny, &key->deny, &key->n_deny, err);
}

struct role_keys {
    struct str arn, external_id, web_token, web_expires;
    int64_t max_session;
    const struct sim_node *deny;
};

/* The one that is known from the start, without `arn`. */
static bool read_role(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"arn", SIM_FIELD_STR, offsetof(struct role_keys, arn)},
        {"external_id", SIM_FIELD_STR, offsetof(struct role_keys, external_id)},
        {"web_token", SIM_FIELD_STR, offsetof(struct role_keys, web_token)},
        {"web_expires", SIM_FIELD_STR, offsetof(struct role_keys, web_expires)},
        {"max_session", SIM_FIELD_SPAN, offsetof(struct role_keys, max_session)},
        {"deny", SIM_FIELD_NODE, offsetof(struct role_keys, deny)},
    };
    struct sim_idc *idc = sim->idc;
    struct role_keys keys = {0};
    size_t at = 0;

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err))
        return false;
    while (at < idc->n_roles && keys.arn.len > 0 && !str_eq(idc->roles[at].arn, keys.arn))
        at++;
    if (at == idc->n_roles) {
        struct sim_iam_role *all = arena_array(&sim->org, struct sim_iam_role, idc->n_roles + 1);

        memcpy(all, idc->roles, idc->n_roles * sizeof(*all));
        all[idc->n_roles++] =
            (struct sim_iam_role){.arn = sim_keep(sim, keys.arn), .max_ms = 12 * TIME_HOUR};
        idc->roles = all;
    }

    struct sim_iam_role *role = &idc->roles[at];
    keep_if_given(sim, keys.external_id, &role->external_id);
    keep_if_given(sim, keys.web_token, &role->web_token);
    if (keys.max_session > 0)
        role->max_ms = keys.max_session;
    return read_time(node, keys.web_expires, &role->web_expires_ms, err) &&
           read_texts(sim, keys.deny, &role->deny, &role->n_deny, err);
}

/* ---- applications ---- */

struct app_keys {
    struct str name, arn, provider, status, profile;
    bool assignment_required;
    const struct sim_node *assigned;
};

/* `KiroProfile-us-east-1` is the profile of that region. */
static struct str profile_of(struct str name)
{
    static const char *const prefixes[] = {"KiroProfile-", "QDevProfile-"};

    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (str_starts(name, str_of(prefixes[i])))
            return str_sub(name, strlen(prefixes[i]), name.len);
    }
    return (struct str){0};
}

static bool read_app(struct sim *sim, const struct sim_node *node, struct sim_idc_app *out,
                     struct err *err)
{
    static const struct sim_field fields[] = {
        {"name", SIM_FIELD_STR, offsetof(struct app_keys, name)},
        {"arn", SIM_FIELD_STR, offsetof(struct app_keys, arn)},
        {"provider", SIM_FIELD_STR, offsetof(struct app_keys, provider)},
        {"status", SIM_FIELD_STR, offsetof(struct app_keys, status)},
        {"profile", SIM_FIELD_STR, offsetof(struct app_keys, profile)},
        {"assignment_required", SIM_FIELD_BOOL, offsetof(struct app_keys, assignment_required)},
        {"assigned", SIM_FIELD_NODE, offsetof(struct app_keys, assigned)},
    };
    struct app_keys keys = {
        .status = STR("ENABLED"),
        .provider = STR("arn:aws:sso::aws:applicationProvider/codewhisperer"),
        .assignment_required = true,
    };

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err))
        return false;
    if (keys.name.len == 0 || keys.arn.len == 0)
        return sim_node_err(node, err, "an application needs a `name` and an `arn`");
    out->name = sim_keep(sim, keys.name);
    out->arn = sim_keep(sim, keys.arn);
    out->provider = sim_keep(sim, keys.provider);
    out->status = sim_keep(sim, keys.status);
    out->profile = keys.profile.len > 0 ? sim_keep(sim, keys.profile) : profile_of(out->name);
    out->assignment_required = keys.assignment_required;
    out->created_ms = sim_cloud(sim) - 200 * TIME_DAY;
    return read_texts(sim, keys.assigned, &out->assigned, &out->n_assigned, err);
}

static bool read_apps(struct sim *sim, const struct sim_node *list, struct err *err)
{
    struct sim_idc_app *apps;
    size_t n = 0;

    if (!list)
        return true;
    if (list->kind != SIM_NODE_LIST)
        return sim_node_err(list, err, "`applications` must be a list");
    apps = arena_array(&sim->org, struct sim_idc_app, list->n + 1);
    for (const struct sim_node *node = list->first; node; node = node->next) {
        if (!read_app(sim, node, &apps[n++], err))
            return false;
    }
    sim->idc->apps = apps;
    sim->idc->n_apps = n;
    sim->idc->apps_given = true;
    return true;
}

/* ---- quirks ---- */

struct quirk_keys {
    struct sim_idc_quirks q;
    struct str statuses;
};

static bool is_kms_reason(struct str word)
{
    static const char *const reasons[] = {
        "",
        "KMS_ACCESS_DENIED",
        "KMS_KEY_NOT_FOUND",
        "KMS_DISABLED",
        "KMS_INVALID_STATE",
        "KMS_INVALID_ARN",
        "KMS_INVALID_KEY_USAGE",
        "KMS_THROTTLING",
    };

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (str_is(word, reasons[i]))
            return true;
    }
    return false;
}

bool sim_org_aws_quirks(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"page_cap", SIM_FIELD_INT, offsetof(struct quirk_keys, q.page_cap)},
        {"write_lag", SIM_FIELD_SPAN, offsetof(struct quirk_keys, q.write_lag_ms)},
        {"tps", SIM_FIELD_INT, offsetof(struct quirk_keys, q.tps)},
        {"kms", SIM_FIELD_STR, offsetof(struct quirk_keys, q.kms)},
        {"statuses", SIM_FIELD_STR, offsetof(struct quirk_keys, statuses)},
        {"fold_case", SIM_FIELD_BOOL, offsetof(struct quirk_keys, q.fold_case)},
        {"user_status", SIM_FIELD_BOOL, offsetof(struct quirk_keys, q.user_status)},
        {"external_ids", SIM_FIELD_BOOL, offsetof(struct quirk_keys, q.external_ids)},
        {"member_account", SIM_FIELD_BOOL, offsetof(struct quirk_keys, q.member_account)},
        {"metadata", SIM_FIELD_BOOL, offsetof(struct quirk_keys, q.metadata)},
    };
    struct quirk_keys keys = {.q = sim->idc->quirks};

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err))
        return false;
    if (keys.q.page_cap < 0 || keys.q.tps < 0 || keys.q.write_lag_ms < 0)
        return sim_node_err(node, err, "a quirk is out of its range");
    if (!is_kms_reason(keys.q.kms))
        return sim_node_err(node, err, "`kms` must be a reason such as KMS_ACCESS_DENIED");
    if (keys.statuses.len > 0 && !str_is(keys.statuses, "plain") &&
        !str_is(keys.statuses, "modelled"))
        return sim_node_err(node, err, "`statuses` must be plain or modelled");
    if (keys.statuses.len > 0)
        keys.q.modelled = str_is(keys.statuses, "modelled");
    keys.q.kms = sim_keep(sim, keys.q.kms);
    sim->idc->quirks = keys.q;
    return true;
}

/* ---- the whole ---- */

struct aws_keys {
    struct instance_keys own;
    struct str account, region, container_token;
    const struct sim_node *instances, *keys, *roles, *applications, *users, *groups, *quirks,
        *subscriptions;
};

static void set_own(struct sim *sim, const struct aws_keys *keys)
{
    struct sim_idc *idc = sim->idc;
    struct sim_instance *own = &idc->instances[0];

    if (keys->account.len > 0)
        sim_idc_set_account(sim, keys->account);
    if (keys->region.len > 0) {
        idc->region = sim_keep(sim, keys->region);
        own->primary_region = idc->region;
    }
    keep_if_given(sim, keys->container_token, &idc->container_token);
    keep_if_given(sim, keys->own.instance_arn, &own->arn);
    keep_if_given(sim, keys->own.store_id, &own->store_id);
    keep_if_given(sim, keys->own.owner, &own->owner);
    keep_if_given(sim, keys->own.name, &own->name);
    keep_if_given(sim, keys->own.status, &own->status);
    keep_if_given(sim, keys->own.primary_region, &own->primary_region);
}

bool sim_org_aws(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"account", SIM_FIELD_STR, offsetof(struct aws_keys, account)},
        {"region", SIM_FIELD_STR, offsetof(struct aws_keys, region)},
        {"instance_arn", SIM_FIELD_STR, offsetof(struct aws_keys, own.instance_arn)},
        {"store_id", SIM_FIELD_STR, offsetof(struct aws_keys, own.store_id)},
        {"owner", SIM_FIELD_STR, offsetof(struct aws_keys, own.owner)},
        {"name", SIM_FIELD_STR, offsetof(struct aws_keys, own.name)},
        {"status", SIM_FIELD_STR, offsetof(struct aws_keys, own.status)},
        {"primary_region", SIM_FIELD_STR, offsetof(struct aws_keys, own.primary_region)},
        {"container_token", SIM_FIELD_STR, offsetof(struct aws_keys, container_token)},
        {"instances", SIM_FIELD_NODE, offsetof(struct aws_keys, instances)},
        {"keys", SIM_FIELD_NODE, offsetof(struct aws_keys, keys)},
        {"roles", SIM_FIELD_NODE, offsetof(struct aws_keys, roles)},
        {"applications", SIM_FIELD_NODE, offsetof(struct aws_keys, applications)},
        {"users", SIM_FIELD_NODE, offsetof(struct aws_keys, users)},
        {"groups", SIM_FIELD_NODE, offsetof(struct aws_keys, groups)},
        {"quirks", SIM_FIELD_NODE, offsetof(struct aws_keys, quirks)},
        {"subscriptions", SIM_FIELD_NODE, offsetof(struct aws_keys, subscriptions)},
    };
    struct aws_keys keys = {0};

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err))
        return false;
    set_own(sim, &keys);
    return each_of(sim, keys.instances, read_instance, err) &&
           each_of(sim, keys.keys, read_key, err) && each_of(sim, keys.roles, read_role, err) &&
           read_apps(sim, keys.applications, err) &&
           each_of(sim, keys.users, sim_org_store_user, err) &&
           each_of(sim, keys.groups, sim_org_store_group, err) &&
           (!keys.quirks || sim_org_aws_quirks(sim, keys.quirks, err)) &&
           (!keys.subscriptions || sim_org_subs(sim, keys.subscriptions, err));
}

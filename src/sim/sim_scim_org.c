#include <stdlib.h>

#include "base/clock.h"
#include "sim/sim_idc.h"
#include "sim/sim_org.h"

/* `scim` of an organisation file, and the users and groups that somebody made by hand. */

/* ---- users ---- */

struct user_keys {
    struct str user_name, id, display_name, first_name, last_name, email, status, external_id,
        issuer;
    bool link;
};

bool sim_org_store_user(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"user_name", SIM_FIELD_STR, offsetof(struct user_keys, user_name)},
        {"id", SIM_FIELD_STR, offsetof(struct user_keys, id)},
        {"display_name", SIM_FIELD_STR, offsetof(struct user_keys, display_name)},
        {"first_name", SIM_FIELD_STR, offsetof(struct user_keys, first_name)},
        {"last_name", SIM_FIELD_STR, offsetof(struct user_keys, last_name)},
        {"email", SIM_FIELD_STR, offsetof(struct user_keys, email)},
        {"status", SIM_FIELD_STR, offsetof(struct user_keys, status)},
        {"external_id", SIM_FIELD_STR, offsetof(struct user_keys, external_id)},
        {"issuer", SIM_FIELD_STR, offsetof(struct user_keys, issuer)},
        {"link", SIM_FIELD_BOOL, offsetof(struct user_keys, link)},
    };
    struct user_keys keys = {.status = STR("ENABLED"), .link = true};
    struct sim_store_user user = {.person = SIM_NOBODY};

    if (node->kind == SIM_NODE_SCALAR) {
        keys.user_name = node->text;
    } else if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err)) {
        return false;
    }
    if (keys.user_name.len == 0 || keys.user_name.len > 128)
        return sim_node_err(node, err, "a user needs a `user_name` of at most 128 characters");
    if (!str_is(keys.status, "ENABLED") && !str_is(keys.status, "DISABLED"))
        return sim_node_err(node, err, "`status` must be ENABLED or DISABLED");
    if (keys.id.len >= SIM_AWS_ID)
        return sim_node_err(node, err, "an `id` has at most %d characters", SIM_AWS_ID - 1);
    user.user_name = sim_keep(sim, keys.user_name);
    user.id = sim_keep(sim, keys.id);
    user.display_name =
        sim_keep(sim, keys.display_name.len > 0 ? keys.display_name : keys.user_name);
    user.given_name = sim_keep(sim, keys.first_name);
    user.family_name = sim_keep(sim, keys.last_name);
    user.email = sim_keep(sim, keys.email);
    user.external_id = sim_keep(sim, keys.external_id);
    user.issuer = keys.issuer.len > 0 ? sim_keep(sim, keys.issuer) : sim_scim_issuer(sim);
    user.is_disabled = str_is(keys.status, "DISABLED");
    user.no_link = !keys.link;
    user.created_ms = user.updated_ms = sim_cloud(sim) - 100 * TIME_DAY;
    (void)sim_user_add(sim, &user);
    return true;
}

/* ---- groups ---- */

struct group_keys {
    struct str name, id, description, external_id, issuer;
    int64_t strange;
    const struct sim_node *members;
};

/* Somebody made by hand, by his user name; else a person of Okta's, who is there once the past is
 * made up. */
static bool join(struct sim *sim, uint32_t group, const struct sim_node *node, struct err *err)
{
    uint32_t user = sim_find_user_name(sim, node->text, true);
    uint32_t person = sim_find_anybody(sim, node->text);

    if (user == SIM_NOBODY && sim->idc->scim.live && person != SIM_NOBODY)
        user = sim_find_user_of(sim, person);
    if (user != SIM_NOBODY) {
        (void)sim_store_join(sim, group, user, SIM_LONG_AGO);
        return true;
    }
    if (person == SIM_NOBODY)
        return sim_node_err(node, err, "no user is called `%.*s`", STR_ARG(node->text));
    sim_scim_join_later(sim, group, person);
    return true;
}

static bool read_group(const struct sim_node *node, struct group_keys *keys, struct err *err)
{
    static const struct sim_field fields[] = {
        {"name", SIM_FIELD_STR, offsetof(struct group_keys, name)},
        {"id", SIM_FIELD_STR, offsetof(struct group_keys, id)},
        {"description", SIM_FIELD_STR, offsetof(struct group_keys, description)},
        {"external_id", SIM_FIELD_STR, offsetof(struct group_keys, external_id)},
        {"issuer", SIM_FIELD_STR, offsetof(struct group_keys, issuer)},
        {"strange", SIM_FIELD_INT, offsetof(struct group_keys, strange)},
        {"members", SIM_FIELD_NODE, offsetof(struct group_keys, members)},
    };

    if (node->kind == SIM_NODE_SCALAR) {
        keys->name = node->text;
    } else if (!sim_bind(node, fields, ARRAY_LEN(fields), keys, err)) {
        return false;
    }
    if (keys->name.len == 0 || keys->name.len > 1024 || keys->id.len >= SIM_AWS_ID)
        return sim_node_err(node, err, "a group needs a `name` of at most 1024 bytes");
    if (keys->strange < 0 || keys->strange > 1000)
        return sim_node_err(node, err, "`strange` must be 0 to 1000");
    if (keys->members && keys->members->kind != SIM_NODE_LIST)
        return sim_node_err(keys->members, err, "`members` must be a list");
    return true;
}

bool sim_org_store_group(struct sim *sim, const struct sim_node *node, struct err *err)
{
    struct group_keys keys = {0};
    struct sim_store_group group = {0};
    uint32_t number;

    if (!read_group(node, &keys, err))
        return false;
    if (sim_find_store_name(sim, keys.name) != SIM_NOBODY)
        return sim_node_err(node, err, "the name `%.*s` is taken", STR_ARG(keys.name));
    group.name = sim_keep(sim, keys.name);
    group.id = sim_keep(sim, keys.id);
    group.description = sim_keep(sim, keys.description);
    group.external_id = sim_keep(sim, keys.external_id);
    group.issuer = keys.issuer.len > 0 ? sim_keep(sim, keys.issuer) : sim_scim_issuer(sim);
    group.created_ms = group.updated_ms = sim_cloud(sim) - 100 * TIME_DAY;
    number = sim_store_group_add(sim, &group);
    for (int64_t i = 0; i < keys.strange; i++)
        (void)sim_store_join(sim, number, SIM_NOBODY, SIM_LONG_AGO);
    for (const struct sim_node *child = keys.members ? keys.members->first : NULL; child;
         child = child->next) {
        if (!join(sim, number, child, err))
            return false;
    }
    return true;
}

/* ---- push ---- */

/* `30s`, or `[5s, 2m]`. */
static bool read_range(const struct sim_node *node, int64_t out[2], struct err *err)
{
    const struct sim_node *low = node;
    const struct sim_node *high = node;
    int64_t range[2];

    if (!node)
        return true;
    if (node->kind == SIM_NODE_LIST && node->n == 2) {
        low = node->first;
        high = node->last;
    }
    if (low->kind != SIM_NODE_SCALAR || high->kind != SIM_NODE_SCALAR ||
        !sim_span(low->text, &range[0]) || !sim_span(high->text, &range[1]) || range[0] < 0 ||
        range[1] < range[0])
        return sim_node_err(node, err, "a lag is a duration, or [least, most]");
    out[0] = range[0];
    out[1] = range[1];
    return true;
}

struct mapping_keys {
    struct str status, error;
    bool pushed;
};

static bool read_mapping(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"status", SIM_FIELD_STR, offsetof(struct mapping_keys, status)},
        {"error", SIM_FIELD_STR, offsetof(struct mapping_keys, error)},
        {"pushed", SIM_FIELD_BOOL, offsetof(struct mapping_keys, pushed)},
    };
    struct mapping_keys keys = {.status = STR("ACTIVE"), .pushed = true};
    uint32_t group = sim_find_group(sim, node->key);
    struct sim_mapping *mapping = group != SIM_NOBODY ? sim_scim_mapping(sim, group) : NULL;

    if (!mapping)
        return sim_node_err(node, err, "no group `%.*s` is pushed", STR_ARG(node->key));
    if (node->kind == SIM_NODE_SCALAR) {
        keys.status = node->text;
    } else if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err)) {
        return false;
    }
    if (str_is(keys.status, "INACTIVE")) {
        mapping->status = SIM_MAPPING_INACTIVE;
    } else if (str_is(keys.status, "ERROR")) {
        mapping->status = SIM_MAPPING_ERROR;
    } else if (str_is(keys.status, "ACTIVE")) {
        mapping->status = SIM_MAPPING_ACTIVE;
    } else {
        return sim_node_err(node, err, "a mapping is ACTIVE, INACTIVE or ERROR");
    }
    mapping->error = sim_keep(sim, keys.error);
    mapping->never_pushed = !keys.pushed;
    if (sim->idc->scim.live)
        mapping->updated_ms = sim_cloud(sim);
    return true;
}

struct scim_keys {
    struct str app, token_expires, clash;
    int64_t lost_percent;
    bool broken, fresh;
    const struct sim_node *user_lag, *group_lag, *mappings;
};

static bool set_scim(struct sim *sim, const struct sim_node *node, const struct scim_keys *keys,
                     struct err *err)
{
    struct sim_scim *scim = &sim->idc->scim;

    if (keys->lost_percent < 0 || keys->lost_percent > 100)
        return sim_node_err(node, err, "`lost_percent` must be 0 to 100");
    if (keys->clash.len > 0 && !str_is(keys->clash, "error") && !str_is(keys->clash, "silent"))
        return sim_node_err(node, err, "`clash` must be error or silent");
    if (str_is(keys->token_expires, "never")) {
        scim->token_expires_ms = 0;
    } else if (keys->token_expires.len > 0 &&
               !time_parse_iso(keys->token_expires, &scim->token_expires_ms)) {
        return sim_node_err(node, err, "`token_expires` must be a time, or never");
    }
    if (keys->app.len > 0) {
        scim->app_wanted = sim_keep(sim, keys->app);
        if (sim_scim_app(sim) == SIZE_MAX)
            return sim_node_err(node, err, "no application is `%.*s`", STR_ARG(keys->app));
    }
    if (keys->clash.len > 0)
        scim->silent_clash = str_is(keys->clash, "silent");
    scim->lost_percent = keys->lost_percent;
    scim->broken = keys->broken;
    scim->fresh = keys->fresh;
    return true;
}

bool sim_org_scim(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"app", SIM_FIELD_STR, offsetof(struct scim_keys, app)},
        {"user_lag", SIM_FIELD_NODE, offsetof(struct scim_keys, user_lag)},
        {"group_lag", SIM_FIELD_NODE, offsetof(struct scim_keys, group_lag)},
        {"lost_percent", SIM_FIELD_INT, offsetof(struct scim_keys, lost_percent)},
        {"token_expires", SIM_FIELD_STR, offsetof(struct scim_keys, token_expires)},
        {"broken", SIM_FIELD_BOOL, offsetof(struct scim_keys, broken)},
        {"fresh", SIM_FIELD_BOOL, offsetof(struct scim_keys, fresh)},
        {"clash", SIM_FIELD_STR, offsetof(struct scim_keys, clash)},
        {"mappings", SIM_FIELD_NODE, offsetof(struct scim_keys, mappings)},
    };
    struct sim_scim *scim = &sim->idc->scim;
    struct scim_keys keys = {
        .lost_percent = scim->lost_percent, .broken = scim->broken, .fresh = scim->fresh};

    /* What is due already goes by what holds now. */
    if (scim->n_heap > 0)
        sim_scim_settle(sim);
    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err) ||
        !set_scim(sim, node, &keys, err) || !read_range(keys.user_lag, scim->user_lag, err) ||
        !read_range(keys.group_lag, scim->group_lag, err))
        return false;
    if (keys.mappings && keys.mappings->kind != SIM_NODE_MAP)
        return sim_node_err(keys.mappings, err, "`mappings` must be a map from groups");
    for (const struct sim_node *child = keys.mappings ? keys.mappings->first : NULL; child;
         child = child->next) {
        if (!read_mapping(sim, child, err))
            return false;
    }
    return true;
}

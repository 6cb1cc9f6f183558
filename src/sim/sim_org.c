#include "sim/sim_org.h"

#include <string.h>

#include "base/clock.h"
#include "sim/sim_auth.h"
#include "sim/sim_idc.h"

#define MAX_YAML ((size_t)64 << 20)

/* ---- people ---- */

struct person_keys {
    struct str login, id, status, email, first_name, last_name, created;
    const struct sim_node *profile;
};

static bool read_profile(struct sim *sim, const struct sim_node *node, struct sim_person *person,
                         struct err *err)
{
    struct profile_value *values;

    if (node && (node->kind != SIM_NODE_MAP || node->n > SIM_PROFILE))
        return sim_node_err(node, err, "`profile` must be a map of at most %d", SIM_PROFILE);
    values = arena_array(&sim->org, struct profile_value, (node ? node->n : 0) + 1);
    for (const struct sim_node *child = node ? node->first : NULL; child; child = child->next) {
        if (child->kind != SIM_NODE_SCALAR)
            return sim_node_err(child, err, "a profile's values must be text");
        values[person->n_profile++] =
            (struct profile_value){sim_keep(sim, child->key), sim_keep(sim, child->text)};
    }
    person->profile = values;
    return true;
}

static bool read_status(const struct sim_node *node, struct str word, uint8_t *out, struct err *err)
{
    enum user_status status = word.len > 0 ? user_status_parse(word) : USER_ACTIVE;

    if (status == USER_UNKNOWN || status == USER_GONE)
        return sim_node_err(node, err, "`%.*s` is no status of a person", STR_ARG(word));
    *out = (uint8_t)status;
    return true;
}

static bool set_id(struct sim *sim, const struct sim_node *node, struct str id, const char *prefix,
                   char out[SIM_ID_LEN], struct err *err)
{
    if (id.len == 0) {
        sim_make_id(sim, prefix, out);
        return true;
    }
    if (id.len != SIM_ID_LEN) {
        return sim_node_err(node, err, "the id `%.*s` must have %d characters", STR_ARG(id),
                            SIM_ID_LEN);
    }
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              c == '_' || c == '-'))
            return sim_node_err(node, err, "the id `%.*s` must be letters and digits", STR_ARG(id));
    }
    memcpy(out, id.ptr, SIM_ID_LEN);
    return true;
}

static bool read_person(const struct sim_node *node, struct person_keys *keys, struct err *err)
{
    static const struct sim_field fields[] = {
        {"login", SIM_FIELD_STR, offsetof(struct person_keys, login)},
        {"id", SIM_FIELD_STR, offsetof(struct person_keys, id)},
        {"status", SIM_FIELD_STR, offsetof(struct person_keys, status)},
        {"email", SIM_FIELD_STR, offsetof(struct person_keys, email)},
        {"first_name", SIM_FIELD_STR, offsetof(struct person_keys, first_name)},
        {"last_name", SIM_FIELD_STR, offsetof(struct person_keys, last_name)},
        {"created", SIM_FIELD_STR, offsetof(struct person_keys, created)},
        {"profile", SIM_FIELD_NODE, offsetof(struct person_keys, profile)},
    };

    if (node->kind == SIM_NODE_SCALAR) {
        keys->login = node->text;
    } else if (!sim_bind(node, fields, ARRAY_LEN(fields), keys, err)) {
        return false;
    }
    if (keys->login.len < 2 || keys->login.len > 100)
        return sim_node_err(node, err, "a person needs a `login` of at most 100 characters");
    return true;
}

bool sim_org_person(struct sim *sim, const struct sim_node *node, uint32_t *out, struct err *err)
{
    struct person_keys keys = {0};
    struct sim_person person = {.created_ms = sim_cloud(sim)};

    if (!read_person(node, &keys, err) || !read_status(node, keys.status, &person.status, err) ||
        !set_id(sim, node, keys.id, "00u", person.id, err) ||
        !read_profile(sim, keys.profile, &person, err))
        return false;
    if (keys.created.len > 0 && !time_parse_iso(keys.created, &person.created_ms))
        return sim_node_err(node, err, "`created` must be a time such as 2026-05-04T09:12:33Z");
    if (sim_find_login(sim, keys.login) != SIM_NOBODY)
        return sim_node_err(node, err, "the login `%.*s` is taken", STR_ARG(keys.login));

    person.login = sim_keep(sim, keys.login);
    person.email = keys.email.len > 0 ? sim_keep(sim, keys.email) : person.login;
    person.first_name = sim_keep(sim, keys.first_name);
    person.last_name = sim_keep(sim, keys.last_name);
    person.updated_ms = person.status_ms = person.created_ms;
    *out = sim_person_add(sim, &person);
    if (*out == SIM_NOBODY)
        return sim_node_err(node, err, "the id is taken, or the cloud is full");
    return true;
}

/* ---- lists of names ---- */

bool sim_org_people(struct sim *sim, const struct sim_node *list, uint32_t **out, size_t *n,
                    struct err *err)
{
    *n = 0;
    if (!list)
        return true;
    if (list->kind != SIM_NODE_LIST)
        return sim_node_err(list, err, "`%.*s` must be a list of people", STR_ARG(list->key));
    *out = arena_array(&sim->org, uint32_t, list->n + 1);
    for (const struct sim_node *child = list->first; child; child = child->next) {
        uint32_t person = sim_find_anybody(sim, child->text);

        if (person == SIM_NOBODY)
            return sim_node_err(child, err, "nobody is called `%.*s`", STR_ARG(child->text));
        (*out)[(*n)++] = person;
    }
    return true;
}

bool sim_org_groups(struct sim *sim, const struct sim_node *list, uint32_t **out, size_t *n,
                    struct err *err)
{
    *n = 0;
    if (!list)
        return true;
    if (list->kind != SIM_NODE_LIST)
        return sim_node_err(list, err, "`%.*s` must be a list of groups", STR_ARG(list->key));
    *out = arena_array(&sim->org, uint32_t, list->n + 1);
    for (const struct sim_node *child = list->first; child; child = child->next) {
        uint32_t group = sim_find_group(sim, child->text);

        if (group == SIM_NOBODY)
            return sim_node_err(child, err, "no group is called `%.*s`", STR_ARG(child->text));
        (*out)[(*n)++] = group;
    }
    return true;
}

/* ---- groups ---- */

struct group_keys {
    struct str name, id, type, description, source;
    const struct sim_node *members, *roles;
};

static bool push_members(struct sim *sim, uint32_t group, const struct sim_node *members,
                         struct err *err)
{
    uint32_t *people;
    size_t n;

    if (members && members->kind == SIM_NODE_SCALAR && str_is(members->text, "all")) {
        for (uint32_t i = 0; i < sim->n_people; i++) {
            if (!sim_person(sim, i)->is_deleted)
                sim_member_push(sim, group, i);
        }
        return true;
    }
    if (!sim_org_people(sim, members, &people, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        sim_member_push(sim, group, people[i]);
    return true;
}

static bool set_roles(struct sim *sim, uint32_t number, const struct sim_node *list,
                      struct err *err)
{
    struct sim_group *group = sim_group(sim, number);
    struct sim_role *roles;
    size_t n = 0;

    if (!list)
        return true;
    if (list->kind != SIM_NODE_LIST)
        return sim_node_err(list, err, "roles must be a list such as [USER_ADMIN]");
    roles = arena_array(&sim->org, struct sim_role, list->n + 1);
    for (const struct sim_node *child = list->first; child; child = child->next) {
        char id[SIM_ID_LEN];

        sim_make_id(sim, "ra1", id);
        roles[n].id = sim_keep(sim, (struct str){id, SIM_ID_LEN});
        roles[n].type = sim_keep(sim, child->text);
        roles[n++].label = sim_keep(sim, child->text);
    }
    group->roles = roles;
    group->n_roles = n;
    return true;
}

static bool read_type(const struct sim_node *node, struct str word, enum group_type *out,
                      struct err *err)
{
    if (word.len == 0 || str_is(word, "OKTA_GROUP")) {
        *out = GROUP_OKTA;
    } else if (str_is(word, "APP_GROUP")) {
        *out = GROUP_APP;
    } else if (str_is(word, "BUILT_IN")) {
        *out = GROUP_BUILT_IN;
    } else {
        return sim_node_err(node, err, "`type` must be OKTA_GROUP, APP_GROUP or BUILT_IN");
    }
    return true;
}

static bool read_group(const struct sim_node *node, struct group_keys *keys, struct err *err)
{
    static const struct sim_field fields[] = {
        {"name", SIM_FIELD_STR, offsetof(struct group_keys, name)},
        {"id", SIM_FIELD_STR, offsetof(struct group_keys, id)},
        {"type", SIM_FIELD_STR, offsetof(struct group_keys, type)},
        {"description", SIM_FIELD_STR, offsetof(struct group_keys, description)},
        {"source", SIM_FIELD_STR, offsetof(struct group_keys, source)},
        {"members", SIM_FIELD_NODE, offsetof(struct group_keys, members)},
        {"roles", SIM_FIELD_NODE, offsetof(struct group_keys, roles)},
    };

    if (node->kind == SIM_NODE_SCALAR) {
        keys->name = node->text;
    } else if (!sim_bind(node, fields, ARRAY_LEN(fields), keys, err)) {
        return false;
    }
    if (keys->name.len == 0 || keys->name.len > 255)
        return sim_node_err(node, err, "a group needs a `name` of at most 255 bytes");
    return true;
}

bool sim_org_group(struct sim *sim, const struct sim_node *node, uint32_t *out, struct err *err)
{
    struct group_keys keys = {0};
    enum group_type type;
    char id[SIM_ID_LEN];

    if (!read_group(node, &keys, err) || !read_type(node, keys.type, &type, err) ||
        !set_id(sim, node, keys.id, "00g", id, err))
        return false;
    *out = sim_group_add(sim, keys.name, type);
    if (keys.id.len > 0 && !sim_group_set_id(sim, *out, keys.id)) {
        sim_group_delete(sim, *out);
        return sim_node_err(node, err, "the id `%.*s` is taken", STR_ARG(keys.id));
    }
    sim_group(sim, *out)->description = sim_keep(sim, keys.description);
    sim_group(sim, *out)->source = sim_keep(sim, keys.source);
    return push_members(sim, *out, keys.members, err) && set_roles(sim, *out, keys.roles, err);
}

/* ---- the rest ---- */

struct membership_keys {
    struct str group;
    const struct sim_node *members;
};

static bool read_membership(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"group", SIM_FIELD_STR, offsetof(struct membership_keys, group)},
        {"members", SIM_FIELD_NODE, offsetof(struct membership_keys, members)},
    };
    struct membership_keys keys = {0};
    uint32_t group;

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err))
        return false;
    group = sim_find_group(sim, keys.group);
    if (group == SIM_NOBODY)
        return sim_node_err(node, err, "no group is called `%.*s`", STR_ARG(keys.group));
    return push_members(sim, group, keys.members, err);
}

struct rule_keys {
    struct str name, expression, status;
    const struct sim_node *groups, *exclude;
};

bool sim_org_rule(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"name", SIM_FIELD_STR, offsetof(struct rule_keys, name)},
        {"expression", SIM_FIELD_STR, offsetof(struct rule_keys, expression)},
        {"status", SIM_FIELD_STR, offsetof(struct rule_keys, status)},
        {"groups", SIM_FIELD_NODE, offsetof(struct rule_keys, groups)},
        {"exclude", SIM_FIELD_NODE, offsetof(struct rule_keys, exclude)},
    };
    struct rule_keys keys = {.status = STR("ACTIVE")};
    struct sim_rule rule = {0};
    struct err why = {0};
    uint32_t *groups = NULL;
    uint32_t *exclude = NULL;

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err) ||
        !sim_org_groups(sim, keys.groups, &groups, &rule.n_groups, err) ||
        !sim_org_people(sim, keys.exclude, &exclude, &rule.n_exclude, err))
        return false;
    if (rule.n_groups == 0 || keys.name.len == 0)
        return sim_node_err(node, err, "a rule needs a `name` and `groups`");
    if (!str_is(keys.status, "ACTIVE") && !str_is(keys.status, "INACTIVE") &&
        !str_is(keys.status, "INVALID"))
        return sim_node_err(node, err, "`status` must be ACTIVE, INACTIVE or INVALID");
    if (!sim_rule_parse(sim, keys.expression, &rule, &why))
        return sim_node_err(node, err, "%s", why.msg);
    rule.groups = groups;
    rule.exclude = exclude;
    rule.name = sim_keep(sim, keys.name);
    rule.status = sim_keep(sim, keys.status);
    (void)sim_rule_add(sim, &rule);
    return true;
}

struct app_keys {
    struct str name, label, id;
    const struct sim_node *groups, *users, *pushed;
};

static bool read_app(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"name", SIM_FIELD_STR, offsetof(struct app_keys, name)},
        {"label", SIM_FIELD_STR, offsetof(struct app_keys, label)},
        {"id", SIM_FIELD_STR, offsetof(struct app_keys, id)},
        {"groups", SIM_FIELD_NODE, offsetof(struct app_keys, groups)},
        {"users", SIM_FIELD_NODE, offsetof(struct app_keys, users)},
        {"pushed", SIM_FIELD_NODE, offsetof(struct app_keys, pushed)},
    };
    struct app_keys keys = {0};
    uint32_t *groups = NULL;
    uint32_t *users = NULL;
    uint32_t *pushed = NULL;
    char id[SIM_ID_LEN];
    size_t n_groups;
    size_t n_users;
    size_t n_pushed;

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err) ||
        !set_id(sim, node, keys.id, "0oa", id, err) ||
        !sim_org_groups(sim, keys.groups, &groups, &n_groups, err) ||
        !sim_org_people(sim, keys.users, &users, &n_users, err) ||
        !sim_org_groups(sim, keys.pushed, &pushed, &n_pushed, err))
        return false;

    struct sim_app *app = sim_app_add(sim, keys.name, keys.label.len > 0 ? keys.label : keys.name);
    if (keys.id.len > 0)
        memcpy(app->id, id, SIM_ID_LEN);
    app->groups = groups;
    app->n_groups = n_groups;
    app->users = users;
    app->n_users = n_users;
    app->pushed = pushed;
    app->n_pushed = n_pushed;
    return true;
}

static bool read_roles(struct sim *sim, const struct sim_node *map, struct err *err)
{
    if (map->kind != SIM_NODE_MAP)
        return sim_node_err(map, err, "`roles` must be a map from groups to lists");
    for (const struct sim_node *child = map->first; child; child = child->next) {
        uint32_t group = sim_find_group(sim, child->key);

        if (group == SIM_NOBODY)
            return sim_node_err(child, err, "no group is called `%.*s`", STR_ARG(child->key));
        if (!set_roles(sim, group, child, err))
            return false;
    }
    return true;
}

static bool read_schema(struct sim *sim, const struct sim_node *map, struct err *err)
{
    const struct sim_node *list = NULL;
    static const struct sim_field fields[] = {{"self_editable", SIM_FIELD_NODE, 0}};

    if (!sim_bind(map, fields, 1, &list, err))
        return false;
    if (!list)
        return true;
    if (list->kind != SIM_NODE_LIST)
        return sim_node_err(list, err, "`self_editable` must be a list of attributes");
    sim->self_editable = arena_array(&sim->org, struct str, list->n + 1);
    sim->n_self_editable = 0;
    for (const struct sim_node *child = list->first; child; child = child->next)
        sim->self_editable[sim->n_self_editable++] = sim_keep(sim, child->text);
    return true;
}

/* ---- the whole ---- */

struct org_keys {
    bool merge;
    const struct sim_node *people, *groups, *memberships, *rules, *apps, *roles, *schema,
        *credentials, *quirks, *aws, *scim;
};

static bool add_person(struct sim *sim, const struct sim_node *node, struct err *err)
{
    uint32_t ignored;

    return sim_org_person(sim, node, &ignored, err);
}

static bool add_group(struct sim *sim, const struct sim_node *node, struct err *err)
{
    uint32_t ignored;

    return sim_org_group(sim, node, &ignored, err);
}

static bool each(struct sim *sim, const struct sim_node *list,
                 bool (*add)(struct sim *sim, const struct sim_node *node, struct err *err),
                 struct err *err)
{
    if (!list)
        return true;
    if (list->kind != SIM_NODE_LIST)
        return sim_node_err(list, err, "`%.*s` must be a list", STR_ARG(list->key));
    for (const struct sim_node *node = list->first; node; node = node->next) {
        if (!add(sim, node, err))
            return false;
    }
    return true;
}

static bool load_people(struct sim *sim, const struct org_keys *keys, struct err *err)
{
    if (!each(sim, keys->people, add_person, err))
        return false;
    if (!keys->merge)
        sim_generate(sim, sim->wanted_people);
    return true;
}

static bool load_rest(struct sim *sim, const struct org_keys *keys, struct err *err)
{
    return each(sim, keys->groups, add_group, err) &&
           each(sim, keys->memberships, read_membership, err) &&
           each(sim, keys->apps, read_app, err) &&
           (!keys->roles || read_roles(sim, keys->roles, err)) &&
           (!keys->schema || read_schema(sim, keys->schema, err)) &&
           (!keys->credentials || sim_org_credentials(sim, keys->credentials, err)) &&
           (!keys->quirks || sim_org_quirks(sim, keys->quirks, err)) &&
           (!keys->aws || sim_org_aws(sim, keys->aws, err)) &&
           (!keys->scim || sim_org_scim(sim, keys->scim, err)) &&
           each(sim, keys->rules, sim_org_rule, err);
}

bool sim_org_load(struct sim *sim, struct str yaml, struct err *err)
{
    static const struct sim_field fields[] = {
        {"merge", SIM_FIELD_BOOL, offsetof(struct org_keys, merge)},
        {"people", SIM_FIELD_NODE, offsetof(struct org_keys, people)},
        {"groups", SIM_FIELD_NODE, offsetof(struct org_keys, groups)},
        {"memberships", SIM_FIELD_NODE, offsetof(struct org_keys, memberships)},
        {"rules", SIM_FIELD_NODE, offsetof(struct org_keys, rules)},
        {"apps", SIM_FIELD_NODE, offsetof(struct org_keys, apps)},
        {"roles", SIM_FIELD_NODE, offsetof(struct org_keys, roles)},
        {"schema", SIM_FIELD_NODE, offsetof(struct org_keys, schema)},
        {"credentials", SIM_FIELD_NODE, offsetof(struct org_keys, credentials)},
        {"quirks", SIM_FIELD_NODE, offsetof(struct org_keys, quirks)},
        {"aws", SIM_FIELD_NODE, offsetof(struct org_keys, aws)},
        {"scim", SIM_FIELD_NODE, offsetof(struct org_keys, scim)},
    };
    struct org_keys keys = {0};
    const struct sim_node *root;
    size_t n_people_before = sim->n_people;
    bool ok;

    if (yaml.len > MAX_YAML)
        return err_set(err, ERR_USAGE, "line 1: an organisation file has at most 64 MiB");
    if (!sim_yaml_parse(yaml, &sim->scratch, &root, err) ||
        !sim_bind(root, fields, ARRAY_LEN(fields), &keys, err))
        return false;
    if (!keys.merge)
        sim_clear_org(sim);
    sim->idc->scim.loading = !sim->idc->scim.live;
    ok = load_people(sim, &keys, err) && load_rest(sim, &keys, err);
    sim->idc->scim.loading = false;
    if (!ok)
        return false;
    if (keys.merge)
        sim_scim_merged(sim, n_people_before);
    /* What was never pushed is under way from now on, not from when somebody looks. */
    if (sim->idc->scim.fresh && !sim->idc->scim.live)
        sim_scim_begin(sim);
    return true;
}

bool sim_load_org(struct sim *sim, struct str yaml, struct err *err)
{
    sim_lock(sim);
    bool ok = sim_org_load(sim, yaml, err);
    arena_reset(&sim->scratch, 0);
    sim_unlock(sim);
    return ok || err_wrap(err, "organisation");
}

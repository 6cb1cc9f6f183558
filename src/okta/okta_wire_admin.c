/* What surrounds a group: rules, roles, applications, the schema, the org itself. */

#include "base/attr.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "okta/okta_wire.h"

/* Kept in the arena. */
static bool keep_id(const struct json *value, struct arena *arena, struct str *out, struct err *err)
{
    struct str id;

    if (!okta_wire_read_id(value, "id", &id, err))
        return false;
    *out = arena_str(arena, id);
    return true;
}

/* `actions` and what is inside may be absent: such a rule fills nothing. */
static bool read_targets(const struct json *rule, struct arena *arena, struct okta_rule *out,
                         struct err *err)
{
    const struct json *actions = NULL;
    const struct json *assign = NULL;
    const struct json *ids = NULL;
    struct str *groups;
    size_t n = 0;

    if (!json_obj_opt(rule, "actions", &actions, err))
        return false;
    if (actions && !json_obj_opt(actions, "assignUserToGroups", &assign, err))
        return false;
    if (assign && !json_arr_opt(assign, "groupIds", &ids, err))
        return false;
    if (!ids)
        return true;
    groups = arena_array(arena, struct str, json_count(ids));
    for (const struct json *e = json_first(ids); e; e = json_next(e)) {
        struct str id;
        if (!json_as_str(e, &id, err))
            return err_wrap(err, "groupIds");
        if (!okta_wire_is_id(id))
            return err_set(err, ERR_REMOTE, "`groupIds` holds what is not an Okta id");
        groups[n++] = arena_str(arena, id);
    }
    out->groups = groups;
    out->n_groups = str_sort_unique(groups, n);
    return true;
}

static bool read_rule(const struct json *value, struct arena *arena, struct okta_rule *out,
                      bool *is_active, struct err *err)
{
    struct str name;
    struct str status;

    if (!keep_id(value, arena, &out->id, err) || !json_str(value, "status", &status, err) ||
        !json_str_opt(value, "name", &name, err) || !read_targets(value, arena, out, err))
        return false;
    out->name = arena_str(arena, name);
    *is_active = !str_is(status, "INACTIVE") && !str_is(status, "INVALID");
    return true;
}

bool okta_wire_rules(struct str body, struct arena *arena, struct okta_rules *page, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct okta_rule *rules;
    size_t n = 0;
    size_t at = 0;

    if (!okta_wire_parse_list(body, "group rules", &root, err))
        return false;
    rules = arena_array(arena, struct okta_rule, json_count(root));
    for (const struct json *e = json_first(root); e; e = json_next(e)) {
        bool is_active;
        at++;
        rules[n] = (struct okta_rule){0};
        if (!read_rule(e, arena, &rules[n], &is_active, err))
            return err_wrap(err, "group rules: entry %zu", at);
        n += is_active;
    }
    *page = (struct okta_rules){.answer = OKTA_FOUND, .rules = rules, .n = n};
    return true;
}

/* Label for people, else the type; a role of neither still is a role. */
static bool read_role_name(const struct json *role, struct str *out, struct err *err)
{
    struct str label;
    struct str type;

    if (!json_str_opt(role, "label", &label, err) || !json_str_opt(role, "type", &type, err))
        return false;
    *out = label.len > 0 ? label : type;
    if (out->len == 0)
        *out = STR("a role without a name");
    return true;
}

bool okta_wire_roles(struct str body, struct arena *arena, struct str *names, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    CLEANUP(buf_fini) struct buf text = {0};

    if (!okta_wire_parse_list(body, "roles of a group", &root, err))
        return false;
    for (const struct json *e = json_first(root); e; e = json_next(e)) {
        struct str name;
        if (!read_role_name(e, &name, err))
            return err_wrap(err, "roles of a group");
        if (text.len > 0)
            buf_add(&text, STR(", "));
        buf_add(&text, name);
    }
    *names = arena_str(arena, utf8_printable(buf_str(&text), arena));
    return true;
}

bool okta_wire_apps(struct str body, struct arena *arena, struct okta_apps *page, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct okta_app *apps;
    size_t n = 0;

    if (!okta_wire_parse_list(body, "applications of a group", &root, err))
        return false;
    apps = arena_array(arena, struct okta_app, json_count(root));
    for (const struct json *e = json_first(root); e; e = json_next(e), n++) {
        struct str label;
        if (!keep_id(e, arena, &apps[n].id, err) || !json_str_opt(e, "label", &label, err))
            return err_wrap(err, "applications of a group: entry %zu", n + 1);
        apps[n].label = arena_str(arena, label);
    }
    *page = (struct okta_apps){.answer = OKTA_FOUND, .apps = apps, .n = n};
    return true;
}

static bool is_self_editable(const struct json *attribute, bool *out, struct err *err)
{
    const struct json *permissions = NULL;

    *out = false;
    if (!json_is_obj(attribute))
        return err_set(err, ERR_REMOTE, "expected an object");
    if (!json_arr_opt(attribute, "permissions", &permissions, err))
        return false;
    if (!permissions)
        return true;
    for (const struct json *e = json_first(permissions); e; e = json_next(e)) {
        struct str principal;
        struct str action;
        if (!json_str_opt(e, "principal", &principal, err) ||
            !json_str_opt(e, "action", &action, err))
            return false;
        if (str_is(principal, "SELF") && str_is(action, "READ_WRITE"))
            *out = true;
    }
    return true;
}

struct names {
    VEC_OF(struct str) list;
};

static bool read_definition(const struct json *definitions, const char *part, struct arena *arena,
                            struct names *out, struct err *err)
{
    const struct json *definition = NULL;
    const struct json *properties = NULL;

    if (!json_obj_opt(definitions, part, &definition, err))
        return false;
    if (definition && !json_obj_opt(definition, "properties", &properties, err))
        return false;
    if (!properties)
        return true;
    for (const struct json *e = json_first(properties); e; e = json_next(e)) {
        bool editable;
        if (!is_self_editable(e, &editable, err))
            return err_wrap(err, "%s.%.*s", part, STR_ARG(json_key(e)));
        if (editable)
            VEC_PUSH(arena, &out->list, arena_str(arena, json_key(e)));
    }
    return true;
}

bool okta_wire_schema(struct str body, struct arena *arena, struct okta_schema *out,
                      struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *definitions;
    struct names names = {0};

    if (!json_parse(body, "user schema", &root, err))
        return false;
    if (!json_obj(root, "definitions", &definitions, err) ||
        !read_definition(definitions, "base", arena, &names, err) ||
        !read_definition(definitions, "custom", arena, &names, err))
        return err_wrap(err, "user schema");
    *out = (struct okta_schema){
        .answer = OKTA_FOUND,
        .self_editable = names.list.items,
        .n = str_sort_unique(names.list.items, names.list.n),
    };
    return true;
}

bool okta_wire_org(struct str body, struct arena *arena, struct str *id, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;

    if (!json_parse(body, "org page", &root, err))
        return false;
    if (!keep_id(root, arena, id, err))
        return err_wrap(err, "org page");
    return true;
}

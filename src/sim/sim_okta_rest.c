#include <stdio.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "sim/sim_okta.h"

/* Rules, roles, applications, the schema and the organisation itself. */

bool sim_endpoint_is_there(struct sim_call *call, int status)
{
    if (status == 200)
        return true;
    if (status == 404) {
        sim_answer_error(call, 404, "E0000008", STR("The requested path was not found"),
                         (struct str){0});
    } else if (status == 403) {
        sim_answer_error(call, 403, "E0000006",
                         STR("You do not have permission to perform the requested action"),
                         (struct str){0});
    } else {
        sim_answer_error(call, status, "E0000009", STR("Internal Server Error"), (struct str){0});
    }
    return false;
}

static void answer_json(struct sim_call *call)
{
    call->out->status = 200;
    sim_answer_header(call, "content-type", STR("application/json"));
}

static struct str rule_id(const struct sim_rule *rule)
{
    return (struct str){rule->id, SIM_ID_LEN};
}

static void put_rule(struct sim_call *call, const struct sim_rule *rule)
{
    struct json_out out = {.buf = &call->out->body};

    json_open(&out, NULL, '{');
    json_put_str(&out, "id", rule_id(rule));
    json_put_str(&out, "type", STR("group_rule"));
    json_put_str(&out, "name", rule->name);
    json_put_str(&out, "status", rule->status);
    json_open(&out, "conditions", '{');
    json_open(&out, "people", '{');
    json_open(&out, "users", '{');
    json_open(&out, "exclude", '[');
    for (size_t i = 0; i < rule->n_exclude; i++)
        json_put_str(&out, NULL, sim_person_id(sim_person(call->sim, rule->exclude[i])));
    json_end(&out, ']');
    json_end(&out, '}');
    json_open(&out, "groups", '{');
    json_open(&out, "exclude", '[');
    json_end(&out, ']');
    json_end(&out, '}');
    json_end(&out, '}');
    json_open(&out, "expression", '{');
    json_put_str(&out, "type", STR("urn:okta:expression:1.0"));
    json_put_str(&out, "value", rule->expression);
    json_end(&out, '}');
    json_end(&out, '}');
    json_open(&out, "actions", '{');
    json_open(&out, "assignUserToGroups", '{');
    json_open(&out, "groupIds", '[');
    for (size_t i = 0; i < rule->n_groups; i++)
        json_put_str(&out, NULL, sim_group_id(sim_group(call->sim, rule->groups[i])));
    json_end(&out, ']');
    json_end(&out, '}');
    json_end(&out, '}');
    json_end(&out, '}');
}

void sim_okta_list_rules(struct sim_call *call)
{
    struct sim *sim = call->sim;
    struct sim_page page;
    size_t i = 0;

    if (!sim_endpoint_is_there(call, sim->quirks.rules_status) ||
        !sim_page_open(&page, call, 50, 200))
        return;
    while (i < sim->n_rules && page.after.len > 0 &&
           str_cmp(rule_id(&sim->rules[i]), page.after) <= 0)
        i++;
    for (; i < sim->n_rules && !page.full; i++) {
        if (!sim->rules[i].is_deleted && sim_page_offers(&page, rule_id(&sim->rules[i])))
            put_rule(call, &sim->rules[i]);
    }
    sim_page_close(&page, i < sim->n_rules);
}

void sim_okta_get_rule(struct sim_call *call)
{
    uint32_t rule = sim_find_rule(call->sim, call->param[0]);

    if (!sim_endpoint_is_there(call, call->sim->quirks.rules_status))
        return;
    if (rule == SIM_NOBODY || !str_eq(rule_id(&call->sim->rules[rule]), call->param[0])) {
        sim_not_found(call, call->param[0], "GroupRule");
        return;
    }
    put_rule(call, &call->sim->rules[rule]);
    answer_json(call);
}

void sim_okta_group_roles(struct sim_call *call)
{
    struct json_out out = {.buf = &call->out->body};
    uint32_t number = sim_path_group(call, call->param[0]);

    if (number == SIM_NOBODY || !sim_endpoint_is_there(call, call->sim->quirks.roles_status))
        return;

    const struct sim_group *group = sim_group(call->sim, number);
    json_open(&out, NULL, '[');
    for (size_t i = 0; i < group->n_roles; i++) {
        json_open(&out, NULL, '{');
        json_put_str(&out, "id", group->roles[i].id);
        json_put_str(&out, "label", group->roles[i].label);
        json_put_str(&out, "type", group->roles[i].type);
        json_put_str(&out, "status", STR("ACTIVE"));
        json_put_time(&out, "created", group->created_ms);
        json_put_time(&out, "lastUpdated", group->created_ms);
        json_put_str(&out, "assignmentType", STR("GROUP"));
        json_end(&out, '}');
    }
    json_end(&out, ']');
    answer_json(call);
}

/* ---- applications ---- */

static bool has(const uint32_t *groups, size_t n, uint32_t group)
{
    for (size_t i = 0; i < n; i++) {
        if (groups[i] == group)
            return true;
    }
    return false;
}

static struct str app_id(const struct sim_app *app)
{
    return (struct str){app->id, SIM_ID_LEN};
}

void sim_okta_group_apps(struct sim_call *call)
{
    struct sim *sim = call->sim;
    uint32_t group = sim_path_group(call, call->param[0]);
    struct sim_page page;
    size_t i = 0;

    if (group == SIM_NOBODY || !sim_endpoint_is_there(call, sim->quirks.apps_status) ||
        !sim_page_open(&page, call, 20, 200))
        return;
    while (i < sim->n_apps && page.after.len > 0 && str_cmp(app_id(&sim->apps[i]), page.after) <= 0)
        i++;
    for (; i < sim->n_apps && !page.full; i++) {
        const struct sim_app *app = &sim->apps[i];
        struct json_out out = {.buf = &call->out->body};

        if (!has(app->groups, app->n_groups, group) || !sim_page_offers(&page, app_id(app)))
            continue;
        json_open(&out, NULL, '{');
        json_put_str(&out, "id", app_id(app));
        json_put_str(&out, "name", app->name);
        json_put_str(&out, "label", app->label);
        json_put_str(&out, "status", STR("ACTIVE"));
        json_put_str(&out, "signOnMode", STR("SAML_2_0"));
        json_end(&out, '}');
    }
    sim_page_close(&page, i < sim->n_apps);
}

static const struct sim_app *path_app(struct sim_call *call)
{
    struct sim *sim = call->sim;

    for (size_t i = 0; i < sim->n_apps; i++) {
        if (str_eq(app_id(&sim->apps[i]), call->param[0]))
            return &sim->apps[i];
    }
    sim_not_found(call, call->param[0], "AppInstance");
    return NULL;
}

void sim_okta_app_user(struct sim_call *call)
{
    struct sim *sim = call->sim;
    struct json_out out = {.buf = &call->out->body};
    const struct sim_app *app = path_app(call);
    bool is_assigned = false;

    if (!app)
        return;

    uint32_t person = sim_find_id(sim, call->param[1]);
    for (size_t i = 0; person != SIM_NOBODY && i < app->n_groups && !is_assigned; i++)
        is_assigned = sim_is_member(sim, sim_group(sim, app->groups[i]), person, NULL);
    if (!is_assigned) {
        sim_not_found(call, call->param[1], "AppUser");
        return;
    }
    json_open(&out, NULL, '{');
    json_put_str(&out, "id", call->param[1]);
    json_put_str(&out, "scope", STR("GROUP"));
    json_put_str(&out, "status", STR("ACTIVE"));
    json_open(&out, "credentials", '{');
    json_put_str(&out, "userName", sim_person(sim, person)->login);
    json_end(&out, '}');
    json_end(&out, '}');
    answer_json(call);
}

void sim_okta_app_pushes(struct sim_call *call)
{
    struct sim *sim = call->sim;
    const struct sim_app *app = path_app(call);
    bool has_source = false;
    struct str source = sim_request_query(call->req, "sourceGroupId", &has_source);
    struct sim_page page;

    if (!app || !sim_page_open(&page, call, 100, 1000))
        return;
    for (size_t i = 0; i < app->n_pushed; i++) {
        struct json_out out = {.buf = &call->out->body};
        const struct sim_group *group = sim_group(sim, app->pushed[i]);
        struct str tail = str_sub(sim_group_id(group), 3, SIM_ID_LEN);
        struct str copy = str_sub(tail, 1, tail.len);
        struct str id = arena_printf(&sim->scratch, "gPm%.*s", STR_ARG(tail));

        if (group->is_deleted || (has_source && !str_eq(source, sim_group_id(group))) ||
            !sim_page_offers(&page, id))
            continue;
        json_open(&out, NULL, '{');
        json_put_str(&out, "id", id);
        json_put_str(&out, "status", STR("ACTIVE"));
        json_put_str(&out, "sourceGroupId", sim_group_id(group));
        json_put_str(&out, "targetGroupId", arena_printf(&sim->scratch, "00gz%.*s", STR_ARG(copy)));
        json_put_time(&out, "created", group->created_ms);
        json_put_time(&out, "lastUpdated", group->updated_ms);
        json_end(&out, '}');
    }
    sim_page_close(&page, false);
}

/* ---- schema and organisation ---- */

void sim_okta_schema(struct sim_call *call)
{
    static const char *const base[] = {"login",       "firstName", "lastName",    "email",
                                       "displayName", "title",     "department",  "division",
                                       "costCenter",  "managerId", "manager",     "countryCode",
                                       "locale",      "timezone",  "mobilePhone", "secondEmail"};
    struct sim *sim = call->sim;
    struct json_out out = {.buf = &call->out->body};

    if (!sim_endpoint_is_there(call, sim->quirks.schema_status))
        return;
    json_open(&out, NULL, '{');
    json_put_str(
        &out, "id",
        arena_printf(&sim->scratch, "%.*s/meta/schemas/user/default", STR_ARG(call->req->origin)));
    json_put_str(&out, "type", STR("object"));
    json_open(&out, "definitions", '{');
    json_open(&out, "base", '{');
    json_put_str(&out, "id", STR("#base"));
    json_put_str(&out, "type", STR("object"));
    json_open(&out, "properties", '{');
    for (size_t i = 0; i < sizeof(base) / sizeof(base[0]); i++) {
        bool is_open = false;

        for (size_t k = 0; k < sim->n_self_editable; k++)
            is_open |= str_is(sim->self_editable[k], base[i]);
        json_open(&out, base[i], '{');
        json_put_str(&out, "title", str_of(base[i]));
        json_put_str(&out, "type", STR("string"));
        json_open(&out, "permissions", '[');
        json_open(&out, NULL, '{');
        json_put_str(&out, "principal", STR("SELF"));
        json_put_str(&out, "action", is_open ? STR("READ_WRITE") : STR("READ_ONLY"));
        json_end(&out, '}');
        json_end(&out, ']');
        json_end(&out, '}');
    }
    json_end(&out, '}');
    json_end(&out, '}');
    json_end(&out, '}');
    json_end(&out, '}');
    answer_json(call);
}

void sim_okta_org(struct sim_call *call)
{
    struct json_out out = {.buf = &call->out->body};

    if (!sim_endpoint_is_there(call, call->sim->quirks.org_status))
        return;
    json_open(&out, NULL, '{');
    json_put_str(&out, "id", (struct str){call->sim->org_id, SIM_ID_LEN});
    json_put_str(&out, "pipeline", STR("idx"));
    json_open(&out, "_links", '{');
    json_open(&out, "organization", '{');
    json_put_str(&out, "href", call->req->origin);
    json_end(&out, '}');
    json_end(&out, '}');
    json_end(&out, '}');
    answer_json(call);
}

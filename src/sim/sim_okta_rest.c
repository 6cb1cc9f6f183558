#include <stdio.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "sim/sim_okta.h"

/* Rules, roles, the schema and the organisation itself. */

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

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/json_out.h"
#include "sim/sim_idc.h"
#include "sim/sim_okta.h"

/* Applications: behind which groups they stand, who is assigned, and what is pushed. */

static void answer_json(struct sim_call *call)
{
    call->out->status = 200;
    sim_answer_header(call, "content-type", STR("application/json"));
}

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
    bool is_own = false;

    if (!app || !sim_endpoint_is_there(call, sim->quirks.apps_status))
        return;

    uint32_t person = sim_find_id(sim, call->param[1]);
    for (size_t i = 0; person != SIM_NOBODY && i < app->n_users; i++)
        is_own |= app->users[i] == person;
    for (size_t i = 0; person != SIM_NOBODY && i < app->n_groups && !is_assigned; i++)
        is_assigned = sim_is_member(sim, sim_group(sim, app->groups[i]), person, NULL);
    if (!is_assigned && !is_own) {
        sim_not_found(call, call->param[1], "AppUser");
        return;
    }
    json_open(&out, NULL, '{');
    json_put_str(&out, "id", call->param[1]);
    json_put_str(&out, "scope", is_own ? STR("USER") : STR("GROUP"));
    json_put_str(&out, "status", STR("ACTIVE"));
    json_open(&out, "credentials", '{');
    json_put_str(&out, "userName", sim_person(sim, person)->login);
    json_end(&out, '}');
    json_end(&out, '}');
    answer_json(call);
}

/* ---- group push ---- */

static const char *status_name(const struct sim_mapping *mapping)
{
    if (mapping && mapping->status == SIM_MAPPING_INACTIVE)
        return "INACTIVE";
    return mapping && mapping->status == SIM_MAPPING_ERROR ? "ERROR" : "ACTIVE";
}

/* `gPm...` for the mapping, `00gz...` for the group over there as Okta calls it. */
static struct str mapping_id(struct sim *sim, const struct sim_group *group)
{
    struct str tail = str_sub(sim_group_id(group), 3, SIM_ID_LEN);

    return arena_printf(&sim->scratch, "gPm%.*s", STR_ARG(tail));
}

/* The mapping's state where the SCIM application pushes; others have none. */
static struct sim_mapping *mapping_of(struct sim *sim, const struct sim_app *app, uint32_t group)
{
    size_t scim = sim_scim_app(sim);

    return scim != SIZE_MAX && app == &sim->apps[scim] ? sim_scim_mapping(sim, group) : NULL;
}

static void put_mapping(struct sim_call *call, const struct sim_group *group,
                        const struct sim_mapping *mapping)
{
    struct json_out out = {.buf = &call->out->body};
    struct str tail = str_sub(sim_group_id(group), 4, SIM_ID_LEN);
    int64_t updated = mapping && mapping->updated_ms > 0 ? mapping->updated_ms : group->updated_ms;

    json_open(&out, NULL, '{');
    json_put_str(&out, "id", mapping_id(call->sim, group));
    json_put_str(&out, "status", str_of(status_name(mapping)));
    json_put_str(&out, "sourceGroupId", sim_group_id(group));
    json_put_str(&out, "targetGroupId",
                 arena_printf(&call->sim->scratch, "00gz%.*s", STR_ARG(tail)));
    json_put_time(&out, "created", group->created_ms);
    json_put_time(&out, "lastUpdated", updated);
    if (mapping && mapping->last_push_ms > 0)
        json_put_time(&out, "lastPush", mapping->last_push_ms);
    if (mapping && mapping->error.len > 0)
        json_put_str(&out, "errorSummary", mapping->error);
    json_end(&out, '}');
}

/* In the order of the list, which is nobody's promise: a cursor is the mapping before, with a mark
 * behind it after an empty page. */
static size_t first_mapping(struct sim *sim, const struct sim_app *app, struct str after)
{
    if (sim_page_is_start(after))
        return 0;
    if (str_ends(after, STR("~")))
        after = str_sub(after, 0, after.len - 1);
    for (size_t i = 0; i < app->n_pushed; i++) {
        if (str_eq(mapping_id(sim, sim_group(sim, app->pushed[i])), after))
            return i + 1;
    }
    return app->n_pushed;
}

void sim_okta_app_pushes(struct sim_call *call)
{
    struct sim *sim = call->sim;
    const struct sim_app *app = path_app(call);
    bool has_source = false;
    bool has_status = false;
    struct str source = sim_request_query(call->req, "sourceGroupId", &has_source);
    struct str status = sim_request_query(call->req, "status", &has_status);
    struct sim_page page;
    size_t i = 0;

    if (!app || !sim_endpoint_is_there(call, sim->quirks.apps_status) ||
        !sim_page_open(&page, call, 100, 1000))
        return;
    sim_scim_settle(sim);
    i = first_mapping(sim, app, page.after);
    for (; i < app->n_pushed && !page.full; i++) {
        const struct sim_group *group = sim_group(sim, app->pushed[i]);
        const struct sim_mapping *mapping = mapping_of(sim, app, app->pushed[i]);

        if (group->is_deleted || (has_source && !str_eq(source, sim_group_id(group))) ||
            (has_status && !str_is(status, status_name(mapping))) ||
            !sim_page_offers(&page, mapping_id(sim, group)))
            continue;
        put_mapping(call, group, mapping);
    }
    sim_page_close(&page, i < app->n_pushed);
}

/* SIM_NOBODY with the answer made. */
static uint32_t path_mapping(struct sim_call *call, const struct sim_app *app)
{
    for (size_t i = 0; i < app->n_pushed; i++) {
        const struct sim_group *group = sim_group(call->sim, app->pushed[i]);

        if (!group->is_deleted && str_eq(mapping_id(call->sim, group), call->param[1]))
            return app->pushed[i];
    }
    sim_not_found(call, call->param[1], "GroupPushMapping");
    return SIM_NOBODY;
}

static bool read_status(struct sim_call *call, enum sim_mapping_status *out)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct str word = {0};

    if (json_parse(call->req->body, "request", &root, NULL))
        (void)json_str(root, "status", &word, NULL);
    if (!str_is(word, "ACTIVE") && !str_is(word, "INACTIVE")) {
        sim_answer_error(call, 400, "E0000001", STR("Api validation failed: status"),
                         STR("status: must be ACTIVE or INACTIVE"));
        return false;
    }
    *out = str_is(word, "ACTIVE") ? SIM_MAPPING_ACTIVE : SIM_MAPPING_INACTIVE;
    return true;
}

void sim_okta_patch_push(struct sim_call *call)
{
    struct sim *sim = call->sim;
    const struct sim_app *app = path_app(call);
    enum sim_mapping_status status;
    struct sim_mapping *mapping;
    uint32_t group;

    if (!app || !read_status(call, &status))
        return;
    group = path_mapping(call, app);
    if (group == SIM_NOBODY)
        return;
    sim_scim_settle(sim);
    mapping = mapping_of(sim, app, group);
    if (mapping && mapping->status != status) {
        mapping->status = status;
        mapping->error = (struct str){0};
        mapping->updated_ms = sim_cloud(sim);
        if (status == SIM_MAPPING_ACTIVE)
            sim_scim_push_group(sim, group, INT64_MIN);
        call->effect =
            arena_printf(&sim->scratch, "push mapping %.*s %s",
                         STR_ARG(sim_group_id(sim_group(sim, group))), status_name(mapping));
    }
    put_mapping(call, sim_group(sim, group), mapping);
    answer_json(call);
}

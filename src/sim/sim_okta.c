#include "sim/sim_okta.h"

#include <string.h>

#include "base/json_out.h"
#include "sim/sim_auth.h"
#include "sim/sim_limit.h"

struct route {
    enum http_method method;
    const char *pattern; /* `*` is a parameter */
    const char *bucket;  /* NULL: counted by the function itself, or not at all */
    const char *scopes;  /* NULL: no credential */
    void (*answer)(struct sim_call *call);
};

#define GROUPS "/api/v1/groups"
#define USERS  "/api/v1/users"

/* Fixed words come before parameters in the same place. */
static const struct route routes[] = {
    {HTTP_GET, ".well-known/okta-organization", NULL, NULL, sim_okta_org},
    {HTTP_POST, "oauth2/v1/token", NULL, NULL, sim_token_endpoint},
    {HTTP_GET, "api/v1/groups", GROUPS, "okta.groups.read", sim_okta_find_groups},
    {HTTP_GET, "api/v1/groups/rules", GROUPS, "okta.groups.read", sim_okta_list_rules},
    {HTTP_GET, "api/v1/groups/rules/*", GROUPS, "okta.groups.read", sim_okta_get_rule},
    {HTTP_GET, "api/v1/groups/*", GROUPS "/{id}", "okta.groups.read", sim_okta_get_group},
    {HTTP_GET, "api/v1/groups/*/users", GROUPS, "okta.groups.read", sim_okta_list_members},
    {HTTP_PUT, "api/v1/groups/*/users/*", GROUPS, "okta.groups.manage", sim_okta_add_member},
    {HTTP_DELETE, "api/v1/groups/*/users/*", GROUPS, "okta.groups.manage", sim_okta_remove_member},
    {HTTP_GET, "api/v1/groups/*/roles", "/api/v1", "okta.roles.read", sim_okta_group_roles},
    {HTTP_GET, "api/v1/groups/*/apps", "/api/v1", "okta.groups.read", sim_okta_group_apps},
    {HTTP_GET, "api/v1/users", USERS, "okta.users.read", sim_okta_list_users},
    {HTTP_GET, "api/v1/users/*", USERS "/{id}", "okta.users.read", sim_okta_get_user},
    {HTTP_GET, "api/v1/users/*/groups", USERS, "okta.users.read okta.groups.read",
     sim_okta_user_groups},
    {HTTP_GET, "api/v1/meta/schemas/user/default", "/api/v1", "okta.schemas.read", sim_okta_schema},
    {HTTP_GET, "api/v1/logs", "/api/v1/logs", "okta.logs.read", sim_okta_logs},
    {HTTP_GET, "api/v1/apps/*/users/*", "/api/v1/apps", "okta.apps.read", sim_okta_app_user},
    {HTTP_GET, "api/v1/apps/*/group-push/mappings", "/api/v1/apps",
     "okta.apps.read okta.groups.read", sim_okta_app_pushes},
    {HTTP_PATCH, "api/v1/apps/*/group-push/mappings/*", "/api/v1/apps",
     "okta.apps.manage okta.groups.manage", sim_okta_patch_push},
};

/* ---- answers ---- */

void sim_answer_header(struct sim_call *call, const char *name, struct str value)
{
    struct sim_answer *out = call->out;
    struct str shown = str_of(name);

    if (out->n_headers == SIM_HEADERS)
        return;
    if (!call->sim->quirks.headers_lower) {
        struct str copy = arena_str(call->arena, shown);
        char *text = arena_alloc(call->arena, copy.len + 1, 1);

        /* Dpop-Nonce is fine too: names have no case. */
        for (size_t i = 0; i < copy.len; i++) {
            text[i] = copy.ptr[i];
            if ((i == 0 || copy.ptr[i - 1] == '-') && text[i] >= 'a' && text[i] <= 'z')
                text[i] = (char)(text[i] - 'a' + 'A');
        }
        shown = (struct str){text, copy.len};
    }
    out->headers[out->n_headers++] = (struct http_header){shown, value};
}

void sim_answer_type(struct sim_call *call, const char *type)
{
    for (size_t i = 0; i < call->out->n_headers; i++) {
        if (str_ieq(call->out->headers[i].name, STR("content-type")))
            return;
    }
    sim_answer_header(call, "content-type", str_of(type));
}

void sim_answer_error(struct sim_call *call, int status, const char *code, struct str summary,
                      struct str cause)
{
    struct json_out out = {.buf = &call->out->body};

    buf_clear(&call->out->body);
    json_open(&out, NULL, '{');
    json_put_str(&out, "errorCode", str_of(code));
    json_put_str(&out, "errorSummary", summary);
    json_put_str(&out, "errorLink", str_of(code));
    json_put_str(&out, "errorId", arena_printf(&call->sim->scratch, "oae%s", call->request_id));
    json_open(&out, "errorCauses", '[');
    if (cause.len > 0) {
        json_open(&out, NULL, '{');
        json_put_str(&out, "errorSummary", cause);
        json_end(&out, '}');
    }
    json_end(&out, ']');
    json_end(&out, '}');
    call->out->status = status;
    sim_answer_type(call, "application/json");
}

/* ---- routing ---- */

static bool fits_path(const char *pattern, const struct sim_request *req, struct str param[3])
{
    struct str rest = str_of(pattern);
    size_t n_params = 0;

    for (size_t i = 0; i < req->n_segments; i++) {
        struct str want = str_cut(&rest, '/');

        if (str_is(want, "*")) {
            param[n_params++] = req->segments[i];
        } else if (!str_eq(want, req->segments[i])) {
            return false;
        }
        if (rest.ptr == NULL)
            return i + 1 == req->n_segments;
    }
    return false;
}

/* NULL when there is none; `*other` when there is one for another method. */
static const struct route *find_route(struct sim_call *call, bool *other)
{
    *other = false;
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        struct str param[3] = {{0}};

        if (!fits_path(routes[i].pattern, call->req, param))
            continue;
        if (routes[i].method != call->req->method) {
            *other = true;
            continue;
        }
        memcpy(call->param, param, sizeof(param));
        return &routes[i];
    }
    return NULL;
}

static bool headers_are_fine(struct sim_call *call)
{
    struct str accept = sim_request_header(call->req, "accept");
    struct str type = sim_request_header(call->req, "content-type");
    bool has_body = call->req->method != HTTP_GET && call->req->method != HTTP_DELETE;

    if (has_body && !call->req->has_length) {
        call->out->status = 411;
        return false;
    }
    if (accept.len == 0 || (has_body && type.len == 0)) {
        sim_answer_error(call, 400, "E0000019",
                         STR("Bad request. Accept and/or Content-Type headers are not set."),
                         (struct str){0});
        return false;
    }
    if (!str_starts(accept, STR("application/json")) && !str_starts(accept, STR("*/*"))) {
        sim_answer_error(call, 400, "E0000018",
                         STR("Bad request. The Accept header has an unsupported value."),
                         (struct str){0});
        return false;
    }
    if (type.len > 0 && !str_starts(type, STR("application/json")) &&
        !str_starts(type, STR("application/x-www-form-urlencoded"))) {
        sim_answer_error(call, 400, "E0000021",
                         STR("Bad request. The Content-Type header has an unsupported value."),
                         (struct str){0});
        return false;
    }
    return true;
}

/* Deactivated people's sessions, unknown paths and the like are told only to those who may ask. */
void sim_okta_answer(struct sim_call *call)
{
    bool other;
    const struct route *route = find_route(call, &other);

    if (!route) {
        if (other) {
            sim_answer_error(call, 405, "E0000022",
                             STR("The endpoint does not support the provided HTTP method"),
                             (struct str){0});
        } else {
            sim_answer_error(call, 404, "E0000008", STR("The requested path was not found"),
                             (struct str){0});
        }
        return;
    }
    if (!headers_are_fine(call))
        return;
    if (route->scopes &&
        (!sim_authenticate(call, route->scopes) || !sim_limit_admit(call, route->bucket)))
        return;
    if (call->play && call->play->rate != SIM_RATE_PROPER) {
        call->out->n_headers = 0;
        sim_limit_refuse(call, call->play->rate, route->bucket);
        return;
    }
    route->answer(call);
}

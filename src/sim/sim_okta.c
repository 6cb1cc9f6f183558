#include "sim/sim_okta.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "sim/sim_auth.h"
#include "sim/sim_control.h"
#include "sim/sim_fault.h"
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

static void put_type(struct sim_call *call, const char *type)
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
    put_type(call, "application/json");
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
    bool has_body = call->req->method == HTTP_PUT || call->req->method == HTTP_POST;

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
static void answer_route(struct sim_call *call)
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

/* ---- faults ---- */

static void drop_header(struct sim_answer *out, struct str name)
{
    size_t kept = 0;

    for (size_t i = 0; i < out->n_headers; i++) {
        if (!str_ieq(out->headers[i].name, name))
            out->headers[kept++] = out->headers[i];
    }
    out->n_headers = kept;
}

static const char *usual_code(int status)
{
    switch (status) {
    case 400: return "E0000001";
    case 401: return "E0000011";
    case 403: return "E0000006";
    case 404: return "E0000007";
    case 405: return "E0000022";
    case 409: return "E0000195";
    case 423: return "E0000239";
    case 429: return "E0000047";
    case 501: return "E0000060";
    case 503: return "E0000010";
    default: return "E0000009";
    }
}

static void play_status(struct sim_call *call)
{
    const struct sim_play *play = call->play;

    call->out->n_headers = 0;
    if (play->html.len > 0 || play->has_body || play->status < 400) {
        buf_clear(&call->out->body);
        buf_add(&call->out->body, play->html.len > 0 ? play->html : play->body);
        call->out->status = play->status;
        if (call->out->body.len > 0)
            put_type(call, play->html.len > 0 ? "text/html" : "application/json");
        return;
    }

    const char *code = play->error_code.len > 0 ? arena_cstr(call->arena, play->error_code)
                                                : usual_code(play->status);
    sim_answer_error(call, play->status, code, STR("Simulated fault"), (struct str){0});
}

/* True when the call ends here, without being carried out. */
static bool play_before(struct sim_call *call)
{
    const struct sim_play *play = call->play;

    if (play->refuse) {
        call->out->wire = SIM_WIRE_REFUSED;
    } else if (play->close == SIM_CLOSE_BEFORE) {
        call->out->wire = SIM_WIRE_CLOSED;
    } else if (play->hang) {
        call->out->wire = SIM_WIRE_SILENT;
    } else if (play->status != 0 && !play->applied) {
        play_status(call);
    } else {
        return false;
    }
    return true;
}

static void play_body(struct sim_call *call)
{
    const struct sim_play *play = call->play;

    if (play->html.len == 0 && !play->has_body)
        return;
    buf_clear(&call->out->body);
    buf_add(&call->out->body, play->html.len > 0 ? play->html : play->body);
    if (play->html.len > 0) {
        drop_header(call->out, STR("content-type"));
        put_type(call, "text/html");
    }
}

static void play_after(struct sim_call *call)
{
    const struct sim_play *play = call->play;
    struct sim_answer *out = call->out;

    if (play->status != 0) {
        play_status(call);
    } else {
        play_body(call);
    }
    if (play->close == SIM_CLOSE_AFTER) {
        out->wire = SIM_WIRE_CLOSED;
    } else if (play->garbage) {
        out->wire = SIM_WIRE_GARBAGE;
    } else if (play->truncate >= 0 && (size_t)play->truncate < out->body.len) {
        out->wire = SIM_WIRE_CUT;
        out->cut = (size_t)play->truncate;
    }
}

static void play_headers(struct sim_call *call)
{
    const struct sim_play *play = call->play;

    for (size_t i = 0; i < play->n_headers; i++) {
        drop_header(call->out, play->headers[i].name);
        if (play->headers[i].value.len > 0) {
            sim_answer_header(call, arena_cstr(call->arena, play->headers[i].name),
                              arena_str(call->arena, play->headers[i].value));
        }
    }
    call->out->delay_ms += play->delay_ms;
}

/* ---- the whole ---- */

static void begin(struct sim_call *call)
{
    struct sim *sim = call->sim;
    uint64_t serial = sim->seq + 1;

    (void)snprintf(call->request_id, sizeof(call->request_id), "%08x%012llx",
                   (unsigned)(sim->seed * 2654435761U & UINT32_MAX), (unsigned long long)serial);
    call->principal_name = "";
    call->out->delay_ms = sim->quirks.latency_ms;
}

static void common_headers(struct sim_call *call)
{
    bool is_bare = call->play && call->play->rate == SIM_RATE_BARE;

    if (!is_bare)
        sim_answer_header(call, "date", time_http_str(sim_cloud(call->sim), call->arena));
    sim_answer_header(call, "x-okta-request-id", arena_str(call->arena, str_of(call->request_id)));
}

static void write_down(struct sim_call *call)
{
    struct sim_history_row row = {
        .method = http_method_name(call->req->method),
        .principal = call->principal_name,
        .status = call->out->wire == SIM_WIRE_WHOLE || call->out->wire == SIM_WIRE_CUT
                      ? call->out->status
                      : 0,
        .is_fault = call->play != NULL,
        .is_write = call->effect.len > 0,
    };

    sim_history_add(call->sim, &row, call->req->target, call->effect, str_of(call->request_id));
}

static void run_due_actions(struct sim *sim)
{
    struct sim_action action;
    struct buf ignored = {0};

    while (sim_faults_due(sim->faults, sim_now(sim), &action)) {
        buf_clear(&ignored);
        (void)sim_control_locked(sim, action.method, action.path, action.body, &ignored);
    }
    buf_fini(&ignored);
}

static void handle_locked(struct sim_call *call)
{
    begin(call);
    run_due_actions(call->sim);
    call->play = sim_faults_play(call->sim, call->req);
    if (!call->play) {
        answer_route(call);
        common_headers(call);
    } else if (play_before(call)) {
        common_headers(call);
        play_headers(call);
    } else {
        answer_route(call);
        play_after(call);
        common_headers(call);
        play_headers(call);
    }
    write_down(call);
}

void sim_handle(struct sim *sim, const struct sim_request *req, struct arena *arena,
                struct sim_answer *out)
{
    struct sim_request parsed = *req;
    struct sim_call call = {.sim = sim, .req = &parsed, .out = out, .arena = arena};

    sim_lock(sim);
    out->status = 0;
    out->n_headers = 0;
    out->wire = SIM_WIRE_WHOLE;
    out->cut = 0;
    out->delay_ms = 0;
    buf_clear(&out->body);
    if (!sim_request_parse(req->target, &sim->scratch, &parsed)) {
        begin(&call);
        sim_answer_error(&call, 400, "E0000003", STR("The request could not be read."),
                         (struct str){0});
        common_headers(&call);
        write_down(&call);
    } else if (parsed.n_segments > 0 && str_is(parsed.segments[0], "_sim")) {
        out->status = sim_control_locked(sim, req->method, req->target, req->body, &out->body);
        sim_answer_header(&call, "content-type", STR("application/json"));
    } else {
        handle_locked(&call);
    }
    arena_reset(&sim->scratch, 0);
    sim_unlock(sim);
}

#include <stdio.h>

#include "base/clock.h"
#include "sim/sim_aws.h"
#include "sim/sim_control.h"
#include "sim/sim_fault.h"
#include "sim/sim_okta.h"

/* A request's way through the cloud: faults before and after the answer, history. */

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

    if (call->aws) {
        sim_aws_play_status(call);
        return;
    }
    call->out->n_headers = 0;
    if (play->html.len > 0 || play->has_body || play->status < 400) {
        buf_clear(&call->out->body);
        buf_add(&call->out->body, play->html.len > 0 ? play->html : play->body);
        call->out->status = play->status;
        if (call->out->body.len > 0)
            sim_answer_type(call, play->html.len > 0 ? "text/html" : "application/json");
        return;
    }

    const char *code = play->error_code.len > 0 ? arena_cstr(call->arena, play->error_code)
                                                : usual_code(play->status);
    sim_answer_error(call, play->status, code, STR("Simulated fault"), (struct str){0});
}

/* Something else instead of an answer, as it stands. */
static bool plays_instead(const struct sim_call *call)
{
    const struct sim_play *play = call->play;

    return play->status != 0 || (call->aws && (play->code.len > 0 || play->xml));
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
    } else if (plays_instead(call) && !play->applied) {
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
        sim_answer_type(call, "text/html");
    }
}

static void play_after(struct sim_call *call)
{
    const struct sim_play *play = call->play;
    struct sim_answer *out = call->out;

    if (plays_instead(call)) {
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
    if (call->aws) {
        (void)snprintf(call->request_id, sizeof(call->request_id), "%08x-0000-4000-8000-%012llx",
                       (unsigned)(sim->seed * 2654435761U & UINT32_MAX),
                       (unsigned long long)serial);
    }
}

static void common_headers(struct sim_call *call)
{
    bool is_bare = call->play && call->play->rate == SIM_RATE_BARE;

    int64_t skew = call->play ? call->play->skew_ms : 0;

    if (!is_bare)
        sim_answer_header(call, "date", time_http_str(sim_cloud(call->sim) + skew, call->arena));
    sim_answer_header(call, call->aws ? "x-amzn-requestid" : "x-okta-request-id",
                      arena_str(call->arena, str_of(call->request_id)));
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

    sim_history_add(call->sim, &row, call->aws ? call->aws->label : call->req->target, call->effect,
                    str_of(call->request_id));
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

static void answer(struct sim_call *call)
{
    if (call->aws) {
        sim_aws_answer(call);
    } else {
        sim_okta_answer(call);
    }
}

static void handle_locked(struct sim_call *call)
{
    struct sim_aws_name name;

    if (sim_aws_recognise(call->req, &call->sim->scratch, &name))
        call->aws = &name;
    begin(call);
    run_due_actions(call->sim);
    call->play = sim_faults_play(call->sim, call->req, call->aws);
    if (!call->play) {
        answer(call);
        common_headers(call);
    } else if (play_before(call)) {
        common_headers(call);
        play_headers(call);
    } else {
        answer(call);
        play_after(call);
        common_headers(call);
        play_headers(call);
    }
    write_down(call);
    call->aws = NULL;
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

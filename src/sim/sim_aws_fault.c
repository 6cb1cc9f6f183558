#include <string.h>

#include "base/clock.h"
#include "sim/sim_aws.h"

/* What a fault script does to calls of AWS. */

#define USUAL_WAIT_MS 1000

static const char *usual_code(int status)
{
    switch (status) {
    case 400: return "ValidationException";
    case 403: return "AccessDeniedException";
    case 404: return "ResourceNotFoundException";
    case 409: return "ConflictException";
    case 429: return "ThrottlingException";
    case 503: return "ServiceUnavailable";
    default: return "InternalServerException";
    }
}

static const char *text_or_null(struct sim_call *call, struct str text)
{
    return text.len > 0 ? arena_cstr(call->arena, text) : NULL;
}

void sim_aws_play_rate(struct sim_call *call)
{
    const struct sim_play *play = call->play;
    int64_t wait = play->retry_after > 0 ? play->retry_after : USUAL_WAIT_MS;

    sim_aws_fail(
        call,
        (struct sim_aws_error){
            .code = call->aws->service == SIM_AWS_STS ? "Throttling" : "ThrottlingException",
            .retry_after_ms = play->rate == SIM_RATE_BARE ? 0 : wait,
        },
        STR("Rate exceeded"));
}

static void play_text(struct sim_call *call)
{
    const struct sim_play *play = call->play;

    buf_clear(&call->out->body);
    buf_add(&call->out->body, play->html.len > 0 ? play->html : play->body);
    call->out->status = play->status != 0 ? play->status : 200;
    if (call->out->body.len > 0) {
        sim_answer_header(call, "content-type",
                          play->html.len > 0 ? STR("text/html") : str_of(sim_aws_type(call)));
    }
}

void sim_aws_play_status(struct sim_call *call)
{
    const struct sim_play *play = call->play;
    struct sim_aws_error error = {
        .code = text_or_null(call, play->code),
        .reason = text_or_null(call, play->reason),
        .resource_type = text_or_null(call, play->resource_type),
        .retry_after_ms = play->retry_after,
    };

    call->out->n_headers = 0;
    if (play->xml) {
        sim_aws_put_xml(call);
        return;
    }
    if (!error.code && (play->html.len > 0 || play->has_body || play->status < 400)) {
        play_text(call);
        return;
    }
    if (!error.code)
        error.code = usual_code(play->status);
    sim_aws_fail(call, error, STR("Simulated fault"));
    if (play->status != 0)
        call->out->status = play->status;
    if (call->aws->service != SIM_AWS_STS)
        sim_answer_header(call, "content-type", str_of(sim_aws_type(call)));
}

/* ---- which calls a rule means ---- */

struct subject {
    struct str group, user; /* ids, as the body has them */
};

/* The ways in which subscriptions name somebody. */
static void read_principal(struct sim *sim, const struct json *root, struct subject *out)
{
    const struct json *principal = NULL;
    struct str id = {0};
    struct str type = {0};

    if (json_obj_opt(root, "principal", &principal, NULL) && principal) {
        (void)json_str_opt(principal, "group", &out->group, NULL);
        (void)json_str_opt(principal, "user", &out->user, NULL);
    }
    if (json_str_opt(root, "principalId", &id, NULL) && id.len > 0) {
        (void)json_str_opt(root, "principalType", &type, NULL);
        *(str_is(type, "GROUP") ? &out->group : &out->user) = id;
    }
    if (json_str_opt(root, "identifier", &id, NULL) && id.len > 0) {
        uint32_t claim = sim_find_claim(sim, id);
        const struct sim_claim *of = claim != SIM_NOBODY ? &sim->idc->subs.claims[claim] : NULL;

        if (of && of->user != SIM_NOBODY)
            out->user = sim_user_id(sim, of->user, &sim->scratch);
        if (of && of->group != SIM_NOBODY)
            out->group = sim_store_group_id(sim, of->group, &sim->scratch);
    }
}

/* Copies, for the document is closed here. */
static struct subject read_subject(struct sim *sim, const struct sim_request *req)
{
    CLEANUP(json_close) const struct json *root = NULL;
    const struct json *inner = NULL;
    struct subject out = {0};

    if (!json_parse(req->body, "request", &root, NULL) || !json_is_obj(root))
        return out;
    (void)json_str_opt(root, "GroupId", &out.group, NULL);
    (void)json_str_opt(root, "UserId", &out.user, NULL);
    read_principal(sim, root, &out);
    if (json_obj_opt(root, "MemberId", &inner, NULL) && inner)
        (void)json_str_opt(inner, "UserId", &out.user, NULL);
    inner = NULL;
    if (json_obj_opt(root, "AlternateIdentifier", &inner, NULL) && inner &&
        json_obj_opt(inner, "UniqueAttribute", &inner, NULL) && inner) {
        struct str path = {0};
        struct str value = {0};

        (void)json_str_opt(inner, "AttributePath", &path, NULL);
        (void)json_str_opt(inner, "AttributeValue", &value, NULL);
        *(str_is(path, "displayName") ? &out.group : &out.user) = value;
    }
    out.group = arena_str(&sim->scratch, out.group);
    out.user = arena_str(&sim->scratch, out.user);
    return out;
}

bool sim_aws_about_group(struct sim *sim, const struct sim_request *req, struct str wanted)
{
    struct str id = read_subject(sim, req).group;
    uint32_t group = id.len > 0 ? sim_find_store_group(sim, id) : SIM_NOBODY;

    return id.len > 0 &&
           (str_eq(id, wanted) ||
            (group != SIM_NOBODY && (str_eq(sim->idc->store.groups[group].name, wanted) ||
                                     str_eq(sim->idc->store.groups[group].external_id, wanted))));
}

bool sim_aws_about_person(struct sim *sim, const struct sim_request *req, struct str wanted)
{
    struct str id = read_subject(sim, req).user;
    uint32_t user = id.len > 0 ? sim_find_user(sim, id) : SIM_NOBODY;

    return id.len > 0 &&
           (str_eq(id, wanted) ||
            (user != SIM_NOBODY && (str_ieq(sim->idc->store.users[user].user_name, wanted) ||
                                    str_eq(sim->idc->store.users[user].external_id, wanted))));
}

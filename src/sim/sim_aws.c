#include "sim/sim_aws.h"

#include <string.h>

#include "base/clock.h"
#include "base/codec.h"

/* Which call it is, who answers it, and what every JSON call has in common. */

#define JSON_1_0 "application/x-amz-json-1.0"
#define JSON_1_1 "application/x-amz-json-1.1"

static const struct {
    const char *prefix; /* of X-Amz-Target */
    enum sim_aws_service service;
    const char *scope;   /* of the signature */
    const char *space;   /* of its errors */
    const char *type;    /* of bodies */
    const char *message; /* of its errors: the member */
} services[] = {
    {"AWSIdentityStore", SIM_AWS_IDENTITYSTORE, "identitystore", "com.amazonaws.identitystore",
     JSON_1_1, "Message"},
    {"SWBExternalService", SIM_AWS_SSO, "sso", "com.amazonaws.switchboard.portal", JSON_1_1,
     "Message"},
    {"AWSZornControlPlaneService", SIM_AWS_SUBSCRIPTIONS, "user-subscriptions",
     "com.amazon.kiro.controlplane", JSON_1_0, "message"},
    {"AmazonQDeveloperService", SIM_AWS_Q, "q", "com.amazon.kiro.controlplane", JSON_1_0,
     "message"},
    {"AWSCodeWhispererService", SIM_AWS_CODEWHISPERER, "codewhisperer",
     "com.amazon.kiro.controlplane", JSON_1_0, "message"},
};

struct operation {
    enum sim_aws_service service;
    const char *name;
    bool is_write;
    void (*answer)(struct sim_aws_call *call);
};

static const struct operation operations[] = {
    {SIM_AWS_SSO, "ListInstances", false, sim_idc_list_instances},
    {SIM_AWS_SSO, "DescribeInstance", false, sim_idc_describe_instance},
    {SIM_AWS_SSO, "ListApplications", false, sim_idc_list_apps},
    {SIM_AWS_SSO, "DescribeApplication", false, sim_idc_describe_app},
    {SIM_AWS_SSO, "GetApplicationAssignmentConfiguration", false, sim_idc_app_config},
    {SIM_AWS_SSO, "ListApplicationAssignments", false, sim_idc_list_assignments},
    {SIM_AWS_IDENTITYSTORE, "ListUsers", false, sim_store_list_users},
    {SIM_AWS_IDENTITYSTORE, "DescribeUser", false, sim_store_describe_user},
    {SIM_AWS_IDENTITYSTORE, "GetUserId", false, sim_store_get_user_id},
    {SIM_AWS_IDENTITYSTORE, "ListGroups", false, sim_store_list_groups},
    {SIM_AWS_IDENTITYSTORE, "DescribeGroup", false, sim_store_describe_group},
    {SIM_AWS_IDENTITYSTORE, "GetGroupId", false, sim_store_get_group_id},
    {SIM_AWS_IDENTITYSTORE, "ListGroupMemberships", false, sim_store_list_members},
    {SIM_AWS_IDENTITYSTORE, "ListGroupMembershipsForMember", false, sim_store_list_of_member},
    {SIM_AWS_IDENTITYSTORE, "GetGroupMembershipId", false, sim_store_get_membership},
    {SIM_AWS_IDENTITYSTORE, "DescribeGroupMembership", false, sim_store_describe_membership},
    {SIM_AWS_IDENTITYSTORE, "IsMemberInGroups", false, sim_store_are_members},
    {SIM_AWS_IDENTITYSTORE, "CreateGroupMembership", true, sim_store_create_membership},
    {SIM_AWS_IDENTITYSTORE, "DeleteGroupMembership", true, sim_store_delete_membership},
    {SIM_AWS_SUBSCRIPTIONS, "ListUserSubscriptions", false, sim_subs_list_subscriptions},
    {SIM_AWS_SUBSCRIPTIONS, "ListApplicationClaims", false, sim_subs_list_claims},
    {SIM_AWS_SUBSCRIPTIONS, "CreateClaim", true, sim_subs_create_claim},
    {SIM_AWS_SUBSCRIPTIONS, "UpdateClaim", true, sim_subs_update_claim},
    {SIM_AWS_SUBSCRIPTIONS, "DeleteClaim", true, sim_subs_delete_claim},
    {SIM_AWS_Q, "CreateAssignment", true, sim_subs_create_assignment},
    {SIM_AWS_Q, "UpdateAssignment", true, sim_subs_update_assignment},
    {SIM_AWS_Q, "DeleteAssignment", true, sim_subs_delete_assignment},
};

/* ---- recognising ---- */

static bool by_target(struct str target, struct sim_aws_name *out)
{
    struct str rest = target;
    struct str prefix = str_cut(&rest, '.');

    out->service = SIM_AWS_OTHER;
    out->operation = rest;
    out->label = target;
    for (size_t i = 0; i < ARRAY_LEN(services); i++) {
        if (str_is(prefix, services[i].prefix))
            out->service = services[i].service;
    }
    return true;
}

bool sim_aws_recognise(const struct sim_request *req, struct arena *arena, struct sim_aws_name *out)
{
    struct str first = req->n_segments > 0 ? req->segments[0] : (struct str){0};

    *out = (struct sim_aws_name){.label = req->target};
    if (str_is(first, "latest")) {
        out->service = SIM_AWS_METADATA;
        return true;
    }
    if (req->n_segments == 3 && (str_is(first, "v1") || str_is(first, "v2")) &&
        str_is(req->segments[1], "credentials")) {
        out->service = SIM_AWS_CONTAINER;
        return true;
    }
    if (req->n_segments > 0 || req->method != HTTP_POST)
        return false;

    struct str target = sim_request_header(req, "x-amz-target");
    if (target.len > 0)
        return by_target(target, out);
    if (!str_starts(sim_request_header(req, "content-type"),
                    STR("application/x-www-form-urlencoded")))
        return false;
    out->service = SIM_AWS_STS;
    out->operation = sim_sts_field(req, "Action", arena);
    out->label = arena_printf(arena, "STS.%.*s", STR_ARG(out->operation));
    return true;
}

/* ---- errors ---- */

static bool is_query(const struct sim_call *call)
{
    return call->aws->service == SIM_AWS_STS;
}

/* The first one for calls that belong to none. */
static size_t row_of(const struct sim_call *call)
{
    for (size_t i = 0; i < ARRAY_LEN(services); i++) {
        if (services[i].service == call->aws->service)
            return i;
    }
    return 0;
}

static const char *space_of(const struct sim_call *call)
{
    return call->aws->service == SIM_AWS_OTHER ? "" : services[row_of(call)].space;
}

const char *sim_aws_type(const struct sim_call *call)
{
    return services[row_of(call)].type;
}

/* What the service model says; many of AWS's JSON services send 400 for all of them. */
static int modelled_status(const char *code)
{
    static const struct {
        const char *code;
        int status;
    } statuses[] = {
        {"AccessDeniedException", 403},     {"ConflictException", 409},
        {"ResourceNotFoundException", 404}, {"ServiceQuotaExceededException", 402},
        {"ThrottlingException", 429},       {"ValidationException", 400},
    };

    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        if (strcmp(statuses[i].code, code) == 0)
            return statuses[i].status;
    }
    return 400;
}

static int status_of(const struct sim_call *call, const char *code)
{
    if (strcmp(code, "InternalServerException") == 0 || strcmp(code, "InternalFailure") == 0)
        return 500;
    if (strcmp(code, "ServiceUnavailable") == 0)
        return 503;
    return call->sim->idc->quirks.modelled ? modelled_status(code) : 400;
}

static void put_error(struct sim_call *call, struct str type, struct sim_aws_error error,
                      struct str message)
{
    struct json_out out = {.buf = &call->out->body};

    buf_clear(&call->out->body);
    json_open(&out, NULL, '{');
    json_put_str(&out, "__type", type);
    json_put_str(&out, services[row_of(call)].message, message);
    json_put_str(&out, "RequestId", str_of(call->request_id));
    if (error.reason)
        json_put_str(&out, "Reason", str_of(error.reason));
    if (error.resource_type)
        json_put_str(&out, "ResourceType", str_of(error.resource_type));
    if (error.retry_after_ms > 0)
        json_put_i64(&out, "RetryAfterSeconds", (error.retry_after_ms + 999) / 1000);
    json_end(&out, '}');
}

void sim_aws_fail(struct sim_call *call, struct sim_aws_error error, struct str message)
{
    call->out->status = status_of(call, error.code);
    if (is_query(call)) {
        sim_sts_error(call, error.code, message);
    } else {
        put_error(call, arena_printf(&call->sim->scratch, "%s#%s", space_of(call), error.code),
                  error, message);
    }
    if (error.retry_after_ms > 0) {
        sim_answer_header(call, "x-amz-retry-after",
                          arena_printf(call->arena, "%lld", (long long)error.retry_after_ms));
    }
}

void sim_aws_refuse(struct sim_call *call, enum sim_aws_refusal why, struct str message)
{
    static const struct {
        const char *json, *query;
        int query_status;
    } codes[] = {
        [SIM_AWS_INCOMPLETE] = {"IncompleteSignatureException", "IncompleteSignature", 400},
        [SIM_AWS_UNKNOWN_KEY] = {"UnrecognizedClientException", "InvalidClientTokenId", 403},
        [SIM_AWS_EXPIRED] = {"ExpiredTokenException", "ExpiredToken", 403},
        [SIM_AWS_BAD_SIGNATURE] = {"InvalidSignatureException", "SignatureDoesNotMatch", 403},
    };
    struct json_out out = {.buf = &call->out->body};

    if (is_query(call)) {
        call->out->status = codes[why].query_status;
        sim_sts_error(call, codes[why].query, message);
        return;
    }
    buf_clear(&call->out->body);
    json_open(&out, NULL, '{');
    json_put_str(&out, "__type", str_of(codes[why].json));
    json_put_str(&out, "message", message);
    json_end(&out, '}');
    call->out->status = 400;
}

void sim_aws_put_xml(struct sim_call *call)
{
    buf_clear(&call->out->body);
    buf_add(&call->out->body,
            STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListAllMyBucketsResult "
                "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>simulated</ID>"
                "</Owner><Buckets></Buckets></ListAllMyBucketsResult>"));
    call->out->status = 200;
    sim_answer_header(call, "content-type", STR("application/xml"));
}

void sim_aws_invalid(struct sim_aws_call *call, struct str message)
{
    sim_aws_fail(call->call, (struct sim_aws_error){.code = "ValidationException"}, message);
}

void sim_aws_absent(struct sim_aws_call *call, const char *resource_type, const char *what)
{
    sim_aws_fail(
        call->call,
        (struct sim_aws_error){.code = "ResourceNotFoundException", .resource_type = resource_type},
        arena_printf(&call->sim->scratch, "%s not found.", what));
}

/* ---- members of the input ---- */

bool sim_aws_text_opt(struct sim_aws_call *call, const char *name, struct str *out)
{
    struct err err = {0};

    if (json_str_opt(call->in, name, out, &err))
        return true;
    sim_aws_invalid(call, arena_printf(&call->sim->scratch, "%s: expected a string", name));
    return false;
}

bool sim_aws_text(struct sim_aws_call *call, const char *name, struct str *out)
{
    if (!sim_aws_text_opt(call, name, out))
        return false;
    if (out->len > 0)
        return true;
    sim_aws_invalid(call,
                    arena_printf(&call->sim->scratch,
                                 "1 validation error detected: Value at '%s' failed to satisfy "
                                 "constraint: Member must not be null",
                                 name));
    return false;
}

/* NULL: it is none of them. */
static const char *find_name(struct str key, const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        if (str_is(key, names[i]))
            return names[i];
    }
    return NULL;
}

/* Null reads like no text, and is none. */
static bool is_null(const struct json *obj, const char *name)
{
    struct str ignored;

    return !json_is_str(json_get(obj, name)) && json_str_opt(obj, name, &ignored, NULL);
}

bool sim_aws_only(struct sim_aws_call *call, const char *const *names)
{
    for (const struct json *member = json_first(call->in); member; member = json_next(member)) {
        struct str key = json_key(member);
        const char *name = find_name(key, names);

        if (name && !is_null(call->in, name))
            continue;
        sim_aws_invalid(call, arena_printf(&call->sim->scratch, "%.*s: %s", STR_ARG(key),
                                           name ? "must not be null" : "is not a member here"));
        return false;
    }
    return true;
}

/* ---- JSON calls ---- */

static const struct operation *find_operation(const struct sim_aws_name *name)
{
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        if (operations[i].service == name->service && str_is(name->operation, operations[i].name))
            return &operations[i];
    }
    return NULL;
}

static bool is_throttled(struct sim_call *call)
{
    struct sim_idc *idc = call->sim->idc;
    int64_t now = sim_boot(call->sim);
    int64_t second = now - now % TIME_SECOND;

    if (idc->quirks.tps == 0)
        return false;
    if (idc->second_ms != second) {
        idc->second_ms = second;
        idc->used = 0;
    }
    if (++idc->used <= idc->quirks.tps)
        return false;
    sim_aws_fail(call,
                 (struct sim_aws_error){.code = "ThrottlingException",
                                        .retry_after_ms = second + TIME_SECOND - now},
                 STR("Rate exceeded"));
    return true;
}

/* The customer's key is away: which error says so depends on what is wrong with it. */
static bool lacks_kms(struct sim_aws_call *call)
{
    struct str reason = call->sim->idc->quirks.kms;
    const char *code = "ValidationException";

    if (reason.len == 0)
        return false;
    if (str_is(reason, "KMS_ACCESS_DENIED"))
        code = "AccessDeniedException";
    if (str_is(reason, "KMS_KEY_NOT_FOUND"))
        code = "ResourceNotFoundException";
    if (str_is(reason, "KMS_THROTTLING"))
        code = "ThrottlingException";
    sim_aws_fail(
        call->call,
        (struct sim_aws_error){.code = code, .reason = arena_cstr(&call->sim->scratch, reason)},
        STR("The encryption key of the identity store cannot be used."));
    return true;
}

static bool knows_store(struct sim_aws_call *call)
{
    const struct sim_idc *idc = call->sim->idc;
    struct str id;

    if (!sim_aws_text(call, "IdentityStoreId", &id))
        return false;
    for (size_t i = 0; i < idc->n_instances; i++) {
        if (str_eq(idc->instances[i].store_id, id)) {
            call->is_empty_store = i > 0;
            return true;
        }
    }
    sim_aws_absent(call, "IDENTITY_STORE", "IdentityStore");
    return false;
}

static bool may_write(struct sim_aws_call *call)
{
    if (str_eq(call->region, call->sim->idc->instances[0].primary_region))
        return true;
    sim_aws_fail(call->call, (struct sim_aws_error){.code = "AccessDeniedException"},
                 STR("This operation is only supported in the primary Region of the instance."));
    return false;
}

static void answer_input(struct sim_aws_call *call, const struct operation *operation)
{
    struct sim_call *outer = call->call;

    if (outer->aws->service == SIM_AWS_IDENTITYSTORE &&
        (!knows_store(call) || lacks_kms(call) || (operation->is_write && !may_write(call))))
        return;
    outer->out->status = 200;
    json_open(&call->out, NULL, '{');
    operation->answer(call);
    /* A failure wrote a body of its own. */
    if (outer->out->status == 200)
        json_end(&call->out, '}');
}

static void answer_json(struct sim_call *call, const struct operation *operation,
                        const struct sim_key *key, struct str region)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct sim_aws_call inner = {
        .call = call,
        .sim = call->sim,
        .out = {.buf = &call->out->body},
        .key = key,
        .region = region,
    };

    if (!json_parse(call->req->body, "request", &root, NULL) || !json_is_obj(root)) {
        sim_aws_fail(call, (struct sim_aws_error){.code = "SerializationException"},
                     STR("The request body is no JSON object."));
        return;
    }
    inner.in = root;
    answer_input(&inner, operation);
}

static void answer_service(struct sim_call *call, const char *scope)
{
    const struct operation *operation = find_operation(call->aws);
    struct str name = call->aws->operation;
    struct str action = arena_printf(&call->sim->scratch, "%s:%.*s", scope, STR_ARG(name));
    struct str type = sim_request_header(call->req, "content-type");
    const struct sim_key *key;
    struct str region;

    if (!sim_aws_authenticate(call, scope, &key, &region))
        return;
    if (!operation && !sim_aws_is_forbidden(action)) {
        sim_aws_fail(call, (struct sim_aws_error){.code = "UnknownOperationException"},
                     arena_printf(&call->sim->scratch, "No operation %.*s", STR_ARG(name)));
        return;
    }
    if (!str_is(type, sim_aws_type(call))) {
        sim_aws_fail(call, (struct sim_aws_error){.code = "UnknownOperationException"},
                     STR("The content type is not that of this service."));
        return;
    }
    if (!sim_aws_may(call, key, action) || is_throttled(call))
        return;
    if (call->play && call->play->rate != SIM_RATE_PROPER) {
        sim_aws_play_rate(call);
        return;
    }
    if (operation)
        answer_json(call, operation, key, region);
}

static void answer(struct sim_call *call)
{
    if (call->aws->service == SIM_AWS_STS) {
        sim_sts_answer(call);
        return;
    }
    if (call->aws->service == SIM_AWS_METADATA) {
        sim_imds_answer(call);
        return;
    }
    if (call->aws->service == SIM_AWS_CONTAINER) {
        sim_container_answer(call);
        return;
    }
    if (sim_request_header(call->req, "authorization").len == 0) {
        /* Nobody told the front door which service is meant: it takes it for the bucket store. */
        sim_aws_put_xml(call);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(services); i++) {
        if (services[i].service == call->aws->service)
            answer_service(call, services[i].scope);
    }
    if (call->aws->service == SIM_AWS_OTHER) {
        sim_aws_fail(call, (struct sim_aws_error){.code = "UnknownOperationException"},
                     STR("There is no such service here."));
    }
}

void sim_aws_answer(struct sim_call *call)
{
    sim_subs_settle(call->sim);
    answer(call);
    for (size_t i = 0; i < call->out->n_headers; i++) {
        if (str_ieq(call->out->headers[i].name, STR("content-type")))
            return;
    }
    sim_answer_header(call, "content-type", str_of(sim_aws_type(call)));
}

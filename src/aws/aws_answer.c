#include "aws/aws_answer.h"

#include "aws/aws_endpoint.h"
#include "aws/aws_error.h"
#include "aws/aws_xml.h"
#include "base/json_scan.h"

/* An object of JSON, whole: what a box in between says with a 200 is none. */
static bool is_object(struct str body)
{
    struct json_fault fault;

    return str_starts(str_trim(body), STR("{")) && json_scan(body, &fault);
}

static bool is_believable(const struct aws_call *call, struct str body, struct arena *scratch)
{
    if (body.len == 0)
        return call->may_be_empty;
    if (aws_service_row(call->service)->prefix)
        return is_object(body);

    struct str root = arena_printf(scratch, "<%sResponse", call->operation);
    return memmem(body.ptr, body.len, root.ptr, root.len) != NULL &&
           aws_xml_read(body, NULL, 0, scratch, NULL);
}

static void take_success(const struct aws_call *call, const struct http_response *res,
                         struct arena *scratch, struct aws_answer *out)
{
    if (is_believable(call, res->body, scratch)) {
        out->outcome = AWS_OK;
        out->body = res->body;
        return;
    }
    out->outcome = AWS_LOST;
    out->kind = ERR_REMOTE;
    out->why = res->body.len == 0 ? STR("200 without a body")
                                  : STR("200 with something else than this service's answer");
}

static void take_fault(const struct http_response *res, const struct aws_error *error,
                       int64_t skew_ms, struct arena *arena, struct aws_answer *out)
{
    bool is_fault = error->code.len > 0 || (res->status >= 400 && res->status < 500);

    out->outcome = is_fault ? AWS_FAULT : AWS_LOST;
    out->code = error->code;
    out->message = error->message;
    out->reason = error->reason;
    out->resource_type = error->resource_type;
    out->no_effect = is_fault && aws_error_no_effect(error, res->status);
    out->kind = aws_error_kind(error, res->status);
    out->why = aws_error_words(error, res->status, skew_ms, arena);
}

int64_t aws_answer_take(const struct aws_call *call, const struct http_response *res,
                        int64_t skew_ms, struct arena *arena, struct arena *scratch,
                        struct aws_answer *out)
{
    struct aws_error error;

    *out = (struct aws_answer){.status = res->status};
    if (res->outcome != HTTP_ANSWERED) {
        out->no_effect = res->outcome == HTTP_NOT_SENT;
        out->outcome = out->no_effect ? AWS_NOT_SENT : AWS_LOST;
        out->kind = res->kind == ERR_NONE ? ERR_UNAVAILABLE : res->kind;
        out->why = arena_str(arena, res->why);
        return 0;
    }
    if (res->status == 200) {
        out->request_id = aws_error_request_id(res, arena);
        take_success(call, res, scratch, out);
        return 0;
    }
    error = aws_service_row(call->service)->prefix ? aws_error_json(res, arena)
                                                   : aws_error_xml(res, arena);
    out->request_id = error.request_id;
    take_fault(res, &error, skew_ms, arena, out);
    return error.retry_after_ms;
}

bool aws_is(const struct aws_answer *answer, const char *code)
{
    return answer->outcome == AWS_FAULT && str_is(answer->code, code);
}

bool aws_is_absent(const struct aws_answer *answer)
{
    return aws_is(answer, "ResourceNotFoundException") && !str_starts(answer->reason, STR("KMS_"));
}

bool aws_answer_err(const struct aws_call *call, const struct aws_answer *answer, struct err *err)
{
    const char *word = aws_service_row(call->service)->word;

    if (answer->outcome == AWS_OK) {
        return err_set(err, ERR_REMOTE, "aws: %s %s: an answer that makes no sense", word,
                       call->operation);
    }
    return err_set(err, answer->kind, "aws: %s %s: %.*s", word, call->operation,
                   STR_ARG(answer->why));
}

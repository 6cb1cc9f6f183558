#include "aws/aws_error.h"

#include "aws/aws_xml.h"
#include "base/attr.h"
#include "base/json.h"
#include "base/utf8.h"
#include "http/http_retry.h"

#define CODE_MAX    100
#define MESSAGE_MAX 500
#define WORDS_MAX   240
#define ID_MAX      100

/* What a code means to whoever must react. Codes that are not here are told by the status. */
static const struct row {
    const char *code;
    enum err_kind kind;
    bool no_effect;   /* the request was turned away before anything was done */
    bool is_about_us; /* the text behind it repeats what was signed: never shown */
} rows[] = {
    {"Throttling", ERR_UNAVAILABLE, true, false},
    {"ThrottlingException", ERR_UNAVAILABLE, true, false},
    {"ThrottledException", ERR_UNAVAILABLE, true, false},
    {"RequestThrottled", ERR_UNAVAILABLE, true, false},
    {"RequestThrottledException", ERR_UNAVAILABLE, true, false},
    {"TooManyRequestsException", ERR_UNAVAILABLE, true, false},
    {"ProvisionedThroughputExceededException", ERR_UNAVAILABLE, true, false},
    {"TransactionInProgressException", ERR_UNAVAILABLE, true, false},
    {"RequestLimitExceeded", ERR_UNAVAILABLE, true, false},
    {"BandwidthLimitExceeded", ERR_UNAVAILABLE, true, false},
    {"LimitExceededException", ERR_UNAVAILABLE, true, false},
    {"SlowDown", ERR_UNAVAILABLE, true, false},
    {"PriorRequestNotComplete", ERR_UNAVAILABLE, true, false},
    {"EC2ThrottledException", ERR_UNAVAILABLE, true, false},
    {"RequestTimeout", ERR_UNAVAILABLE, false, false},
    {"RequestTimeoutException", ERR_UNAVAILABLE, false, false},
    {"InternalServerException", ERR_UNAVAILABLE, false, false},
    {"InternalFailure", ERR_UNAVAILABLE, false, false},
    {"ServiceUnavailable", ERR_UNAVAILABLE, false, false},
    {"ServiceUnavailableException", ERR_UNAVAILABLE, false, false},
    {"IDPCommunicationError", ERR_UNAVAILABLE, true, false},
    {"RequestTimeTooSkewed", ERR_REFUSED, true, true},
    {"RequestExpired", ERR_REFUSED, true, true},
    {"RequestInTheFuture", ERR_REFUSED, true, true},
    {"InvalidSignatureException", ERR_REFUSED, true, true},
    {"SignatureDoesNotMatch", ERR_REFUSED, true, true},
    {"IncompleteSignature", ERR_REFUSED, true, true},
    {"IncompleteSignatureException", ERR_REFUSED, true, true},
    {"AuthFailure", ERR_REFUSED, true, true},
    {"ExpiredToken", ERR_REFUSED, true, true},
    {"ExpiredTokenException", ERR_REFUSED, true, true},
    {"UnrecognizedClientException", ERR_REFUSED, true, true},
    {"InvalidClientTokenId", ERR_REFUSED, true, true},
    {"MissingAuthenticationToken", ERR_REFUSED, true, true},
    {"MissingAuthenticationTokenException", ERR_REFUSED, true, true},
    {"InvalidIdentityToken", ERR_REFUSED, true, false},
    {"OptInRequired", ERR_REFUSED, true, false},
    {"NotAuthorized", ERR_REFUSED, true, false},
    {"AccessDenied", ERR_REFUSED, true, false},
    {"AccessDeniedException", ERR_REFUSED, true, false},
    {"ValidationException", ERR_REFUSED, true, false},
    {"ServiceQuotaExceededException", ERR_REFUSED, true, false},
    {"UnknownOperationException", ERR_REFUSED, true, false},
    /* Already gone, or changed by somebody else: whoever asked must look again. */
    {"ResourceNotFoundException", ERR_REMOTE, true, false},
    {"ConflictException", ERR_REMOTE, false, false},
};

static const struct row *find(struct str code)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_is(code, rows[i].code))
            return &rows[i];
    }
    return NULL;
}

/* ---- words from outside ---- */

struct str aws_error_clean(struct str code, struct arena *arena)
{
    struct str word = str_trim(code);

    word = str_cut(&(struct str){word.ptr, word.len}, ',');
    word = str_cut(&(struct str){word.ptr, word.len}, ':');
    while (str_has(word, '#'))
        (void)str_cut(&word, '#');
    word = str_trim(word);
    if (word.len == 0 || word.len > CODE_MAX)
        return (struct str){0};
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              c == '_' || c == '-' || c == '.'))
            return (struct str){0};
    }
    return arena_str(arena, word);
}

/* Its first line, printable, cut at a character. */
static struct str short_text(struct str text, size_t max, struct arena *arena)
{
    struct str line = str_trim(text);
    struct str clean;
    size_t end;

    line = str_trim(str_cut(&(struct str){line.ptr, line.len}, '\n'));
    clean = utf8_printable(str_sub(line, 0, 4 * max), arena);
    end = clean.len;
    if (end > max) {
        end = max;
        while (end > 0 && ((unsigned char)clean.ptr[end] & 0xC0) == 0x80)
            end--;
    }
    return arena_str(arena, str_trim(str_sub(clean, 0, end)));
}

static struct str header(const struct http_response *res, const char *name)
{
    return http_response_header(res, name, NULL);
}

/* ---- the headers ---- */

struct str aws_error_request_id(const struct http_response *res, struct arena *arena)
{
    struct str id = header(res, "x-amzn-RequestId");

    return short_text(id.len > 0 ? id : header(res, "x-amz-request-id"), ID_MAX, arena);
}

static int64_t hinted_ms(const struct http_response *res)
{
    int64_t ms;

    if (retry_header_i64(res, "x-amz-retry-after", &ms))
        return ms < 0 ? 0 : ms < RETRY_AFTER_MAX_MS ? ms : RETRY_AFTER_MAX_MS;
    return retry_after_ms(res);
}

static void from_headers(const struct http_response *res, struct arena *arena,
                         struct aws_error *out)
{
    struct str id = aws_error_request_id(res, arena);

    if (out->code.len == 0)
        out->code = aws_error_clean(header(res, "x-amzn-ErrorType"), arena);
    if (id.len > 0)
        out->request_id = id;
    int64_t hint_ms = hinted_ms(res);
    if (hint_ms > 0)
        out->retry_after_ms = hint_ms;
    /* What answers a refused signature or credential repeats the request or the token. */
    const struct row *row = find(out->code);
    if (row && row->is_about_us)
        out->message = (struct str){0};
}

/* ---- JSON ---- */

static struct str member(const struct json *root, const char *name, const char *other)
{
    struct str text = {0};

    if (json_str(root, name, &text, NULL) && text.len > 0)
        return text;
    if (other && json_str(root, other, &text, NULL))
        return text;
    return (struct str){0};
}

/* A member named `code`, in any case, which holds text. */
static struct str any_code(const struct json *root)
{
    struct str text;

    for (const struct json *e = json_first(root); e; e = json_next(e)) {
        if (str_ieq(json_key(e), STR("code")) && json_as_str(e, &text, NULL))
            return text;
    }
    return (struct str){0};
}

static void from_json(struct str body, struct arena *arena, struct aws_error *out)
{
    CLEANUP(json_close) const struct json *root = NULL;
    int64_t seconds = 0;

    if (body.len == 0 || !json_parse(body, "error", &root, NULL) || !json_is_obj(root))
        return;
    out->code = aws_error_clean(member(root, "__type", NULL), arena);
    if (out->code.len == 0)
        out->code = aws_error_clean(any_code(root), arena);
    out->message = short_text(member(root, "message", "Message"), MESSAGE_MAX, arena);
    out->reason = aws_error_clean(member(root, "Reason", "reason"), arena);
    out->resource_type = aws_error_clean(member(root, "ResourceType", "resourceType"), arena);
    out->request_id = short_text(member(root, "RequestId", "requestId"), ID_MAX, arena);
    if (json_i64(root, "RetryAfterSeconds", &seconds, NULL) && seconds > 0) {
        out->retry_after_ms =
            seconds < RETRY_AFTER_MAX_MS / TIME_SECOND ? seconds * TIME_SECOND : RETRY_AFTER_MAX_MS;
    }
}

struct aws_error aws_error_json(const struct http_response *res, struct arena *arena)
{
    struct aws_error out = {0};

    from_json(res->body, arena, &out);
    from_headers(res, arena, &out);
    return out;
}

/* ---- XML ---- */

struct aws_error aws_error_xml(const struct http_response *res, struct arena *arena)
{
    struct aws_xml_want wants[] = {
        {.path = "ErrorResponse/Error/Code"},
        {.path = "ErrorResponse/Error/Message"},
        {.path = "ErrorResponse/RequestId"},
    };
    struct aws_error out = {0};

    if (aws_xml_read(res->body, wants, ARRAY_LEN(wants), arena, NULL)) {
        out.code = aws_error_clean(wants[0].value, arena);
        out.message = short_text(wants[1].value, MESSAGE_MAX, arena);
        out.request_id = short_text(wants[2].value, ID_MAX, arena);
    }
    from_headers(res, arena, &out);
    return out;
}

/* ---- what it means ---- */

static bool is_about_a_key(const struct aws_error *error)
{
    return str_starts(error->reason, STR("KMS_"));
}

enum err_kind aws_error_kind(const struct aws_error *error, int status)
{
    const struct row *row = find(error->code);

    if (str_is(error->reason, "KMS_THROTTLING"))
        return ERR_UNAVAILABLE;
    if (is_about_a_key(error))
        return ERR_REFUSED;
    if (row)
        return row->kind;
    if (status == 429 || status >= 500)
        return ERR_UNAVAILABLE;
    return status >= 400 ? ERR_REFUSED : ERR_REMOTE;
}

bool aws_error_no_effect(const struct aws_error *error, int status)
{
    const struct row *row = find(error->code);

    return row ? row->no_effect : status == 429;
}

static struct str remedy(const struct aws_error *error, int64_t skew_ms, struct arena *arena)
{
    const struct row *row = find(error->code);
    int64_t off_s = skew_ms / TIME_SECOND;

    if (is_about_a_key(error)) {
        return arena_printf(arena,
                            "; %.*s: the instance uses an encryption key of its own, on which this "
                            "role needs kms:Decrypt",
                            STR_ARG(error->reason));
    }
    if (row && row->is_about_us && (off_s > 60 || off_s < -60)) {
        return arena_printf(arena, "; this host's clock is %lld seconds %s",
                            (long long)(off_s > 0 ? off_s : -off_s), off_s > 0 ? "slow" : "fast");
    }
    if (str_is(error->code, "OptInRequired") || str_is(error->code, "RegionDisabledException"))
        return STR("; the region is not enabled for this account");
    return (struct str){0};
}

struct str aws_error_words(const struct aws_error *error, int status, int64_t skew_ms,
                           struct arena *arena)
{
    struct str message = short_text(error->message, WORDS_MAX, arena);
    struct str hint = remedy(error, skew_ms, arena);

    return arena_printf(arena, "%d %.*s%s%.*s%.*s%s%.*s%s", status,
                        STR_ARG(error->code.len > 0 ? error->code : STR("without an error code")),
                        message.len > 0 ? ": " : "", STR_ARG(message), STR_ARG(hint),
                        error->request_id.len > 0 ? " (request " : "", STR_ARG(error->request_id),
                        error->request_id.len > 0 ? ")" : "");
}

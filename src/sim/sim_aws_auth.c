#include <stdlib.h>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "sim/sim_aws.h"

/* Signature Version 4, checked as the services do. */

#define TOLERANCE  (5 * TIME_MINUTE)
#define MOST_NAMES 24

struct claim {
    struct str key, day, region, service; /* of Credential */
    struct str names, signature;          /* SignedHeaders, Signature */
    struct str date;                      /* X-Amz-Date */
};

static bool refuse(struct sim_call *call, enum sim_aws_refusal why, const char *message)
{
    sim_aws_refuse(call, why, str_of(message));
    return false;
}

static struct str take_part(struct str *rest)
{
    return str_trim(str_cut(rest, ','));
}

/* `AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=x;y, Signature=0` */
static bool read_claim(struct sim_call *call, struct claim *out)
{
    struct str text = sim_request_header(call->req, "authorization");
    struct str scheme = str_cut(&text, ' ');
    struct str credential = {0};

    if (!str_is(scheme, "AWS4-HMAC-SHA256")) {
        return refuse(call, SIM_AWS_INCOMPLETE,
                      "Unsupported algorithm in the Authorization header.");
    }
    while (text.len > 0) {
        struct str value = take_part(&text);
        struct str name = str_cut(&value, '=');

        if (str_is(name, "Credential"))
            credential = value;
        if (str_is(name, "SignedHeaders"))
            out->names = value;
        if (str_is(name, "Signature"))
            out->signature = value;
    }
    out->key = str_cut(&credential, '/');
    out->day = str_cut(&credential, '/');
    out->region = str_cut(&credential, '/');
    out->service = str_cut(&credential, '/');
    out->date = sim_request_header(call->req, "x-amz-date");
    if (out->key.len == 0 || out->names.len == 0 || out->signature.len == 0 ||
        !str_is(credential, "aws4_request")) {
        return refuse(call, SIM_AWS_INCOMPLETE,
                      "Authorization header requires 'Credential', 'SignedHeaders' and "
                      "'Signature' parameters.");
    }
    if (out->date.len == 0) {
        return refuse(call, SIM_AWS_INCOMPLETE,
                      "Authorization header requires existence of either a 'X-Amz-Date' or a "
                      "'Date' header.");
    }
    return true;
}

/* `20260102T030405Z` */
static bool read_date(struct str text, struct arena *arena, int64_t *out)
{
    if (text.len != 16 || text.ptr[8] != 'T' || text.ptr[15] != 'Z')
        return false;
    return time_parse_iso(arena_printf(arena, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text.ptr,
                                       text.ptr + 4, text.ptr + 6, text.ptr + 9, text.ptr + 11,
                                       text.ptr + 13),
                          out);
}

static bool date_is_fine(struct sim_call *call, const struct claim *claim)
{
    struct arena *scratch = &call->sim->scratch;
    int64_t now = sim_cloud(call->sim);
    int64_t at;

    if (!read_date(claim->date, scratch, &at))
        return refuse(call, SIM_AWS_INCOMPLETE, "Date must be in ISO-8601 'basic format'.");
    if (!str_eq(claim->day, str_sub(claim->date, 0, 8))) {
        return refuse(call, SIM_AWS_BAD_SIGNATURE,
                      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                      "date from HTTP");
    }
    if (at < now - TOLERANCE || at > now + TOLERANCE) {
        bool late = at < now;
        struct str limit = time_iso_str(late ? now - TOLERANCE : now + TOLERANCE, scratch);

        sim_aws_refuse(call, SIM_AWS_BAD_SIGNATURE,
                       arena_printf(scratch, "Signature %s: %.*s is now %s than %.*s (5 min.)",
                                    late ? "expired" : "not yet current", STR_ARG(claim->date),
                                    late ? "earlier" : "later", STR_ARG(limit)));
        return false;
    }
    return true;
}

/* Where that service is: the two of Kiro in the regions of profiles, all others with Identity
 * Center. */
static bool is_region(const struct sim_call *call, struct str region)
{
    const struct sim_idc *idc = call->sim->idc;

    if (call->aws->service == SIM_AWS_Q || call->aws->service == SIM_AWS_CODEWHISPERER)
        return sim_subs_find_profile(call->sim, region) != UINT8_MAX;
    return str_eq(region, idc->region) || str_eq(region, idc->instances[0].primary_region);
}

static bool scope_is_fine(struct sim_call *call, const struct claim *claim, const char *service)
{
    if (!is_region(call, claim->region)) {
        return refuse(call, SIM_AWS_BAD_SIGNATURE,
                      "Credential should be scoped to a valid region.");
    }
    if (!str_is(claim->service, service)) {
        sim_aws_refuse(call, SIM_AWS_BAD_SIGNATURE,
                       arena_printf(&call->sim->scratch,
                                    "Credential should be scoped to correct service: '%s'.",
                                    service));
        return false;
    }
    return true;
}

/* ---- what was signed ---- */

static bool is_signed(const struct claim *claim, struct str name)
{
    struct str rest = claim->names;

    while (rest.len > 0) {
        if (str_ieq(str_cut(&rest, ';'), name))
            return true;
    }
    return false;
}

/* Everything that a signature must cover: host, content-type, and what begins with x-amz-. */
static bool names_are_fine(struct sim_call *call, const struct claim *claim)
{
    const struct sim_request *req = call->req;
    struct str missing = is_signed(claim, STR("host")) ? (struct str){0} : STR("host");

    for (size_t i = 0; i < req->n_headers; i++) {
        struct str name = req->headers[i].name;
        bool is_amz = name.len > 6 && str_ieq(str_sub(name, 0, 6), STR("x-amz-"));

        if ((is_amz || str_ieq(name, STR("content-type"))) && !is_signed(claim, name))
            missing = name;
    }
    if (missing.len == 0)
        return true;
    sim_aws_refuse(call, SIM_AWS_BAD_SIGNATURE,
                   arena_printf(&call->sim->scratch,
                                "'%.*s' must be a 'SignedHeader' in the AWS Authorization.",
                                STR_ARG(missing)));
    return false;
}

/* As the Host header has it: the default port is not said. */
static struct str host_of(const struct sim_request *req)
{
    struct str sent = sim_request_header(req, "host");
    struct str host = req->origin;

    if (sent.len > 0)
        return sent;
    if (str_starts(host, STR("http://")))
        host = str_sub(host, 7, host.len);
    return str_ends(host, STR(":80")) ? str_sub(host, 0, host.len - 3) : host;
}

/* Every value of that name; several are joined, as a server sees them. */
static struct str value_of(struct sim_call *call, struct str name)
{
    const struct sim_request *req = call->req;
    struct str all = {0};
    bool some = false;

    if (str_ieq(name, STR("host")))
        return host_of(req);
    for (size_t i = 0; i < req->n_headers; i++) {
        if (!str_ieq(req->headers[i].name, name))
            continue;
        all = some ? arena_printf(&call->sim->scratch, "%.*s,%.*s", STR_ARG(all),
                                  STR_ARG(req->headers[i].value))
                   : req->headers[i].value;
        some = true;
    }
    return all;
}

static bool signature_is_fine(struct sim_call *call, const struct claim *claim,
                              const struct sim_key *key)
{
    struct arena *scratch = &call->sim->scratch;
    struct sigv4_pair headers[MOST_NAMES];
    struct str rest = claim->names;
    struct str hash = sha256_hex_str(call->req->body, scratch);
    struct str told = sim_request_header(call->req, "x-amz-content-sha256");
    struct str query = call->req->target;
    size_t n = 0;

    (void)str_cut(&query, '?');
    while (rest.len > 0 && n < MOST_NAMES) {
        headers[n].name = str_cut(&rest, ';');
        headers[n].value = value_of(call, headers[n].name);
        n++;
    }
    struct str canonical = sigv4_canonical(str_of(http_method_name(call->req->method)),
                                           call->req->path, query, headers, n, hash, scratch);
    struct str wanted = sigv4_signature(key->secret, claim->date, claim->region, claim->service,
                                        canonical, scratch);

    if (rest.len == 0 && crypt_equal(wanted, claim->signature) &&
        (told.len == 0 || str_eq(told, hash)))
        return true;
    return refuse(call, SIM_AWS_BAD_SIGNATURE,
                  "The request signature we calculated does not match the signature you provided. "
                  "Check your AWS Secret Access Key and signing method. Consult the service "
                  "documentation for details.");
}

static bool key_is_fine(struct sim_call *call, const struct sim_key *key)
{
    struct str token = sim_request_header(call->req, "x-amz-security-token");
    enum sim_token_fault fault = call->play ? call->play->token : SIM_TOKEN_PROPER;

    if (!key || key->is_off || !crypt_equal(token, key->token)) {
        return refuse(call, SIM_AWS_UNKNOWN_KEY,
                      "The security token included in the request is invalid.");
    }
    if (fault == SIM_TOKEN_EXPIRED ||
        (key->expires_ms > 0 && sim_cloud(call->sim) >= key->expires_ms)) {
        return refuse(call, SIM_AWS_EXPIRED,
                      "The security token included in the request is expired");
    }
    return true;
}

bool sim_aws_authenticate(struct sim_call *call, const char *service, const struct sim_key **key,
                          struct str *region)
{
    struct claim claim = {0};
    const struct sim_key *found;

    if (!read_claim(call, &claim))
        return false;
    found = sim_idc_find_key(call->sim, claim.key);
    if (!key_is_fine(call, found) || !date_is_fine(call, &claim) ||
        !scope_is_fine(call, &claim, service) || !names_are_fine(call, &claim) ||
        !signature_is_fine(call, &claim, found))
        return false;
    call->principal_name = found->name;
    *key = found;
    *region = claim.region;
    return true;
}

bool sim_aws_is_forbidden(struct str action)
{
    static const char *const never[] = {
        "identitystore:CreateUser",
        "identitystore:UpdateUser",
        "identitystore:DeleteUser",
        "identitystore:CreateGroup",
        "identitystore:UpdateGroup",
        "identitystore:DeleteGroup",
        "user-subscriptions:SetOverageConfig",
    };

    for (size_t i = 0; i < ARRAY_LEN(never); i++) {
        if (str_is(action, never[i]))
            return true;
    }
    return false;
}

bool sim_aws_may(struct sim_call *call, const struct sim_key *key, struct str action)
{
    /* What a policy for this program denies, whoever asks (contract 7.4). */
    bool denied = sim_aws_is_forbidden(action);

    for (size_t i = 0; i < key->n_deny && !denied; i++)
        denied = sim_glob(key->deny[i], action);
    if (!denied)
        return true;
    sim_aws_fail(call,
                 (struct sim_aws_error){.code = call->aws->service == SIM_AWS_STS
                                                    ? "AccessDenied"
                                                    : "AccessDeniedException"},
                 arena_printf(&call->sim->scratch,
                              "User: %.*s is not authorized to perform: %.*s with an explicit deny",
                              STR_ARG(key->arn), STR_ARG(action)));
    return false;
}

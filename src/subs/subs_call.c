#include "subs/subs_call.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"

/* Address space for what is gathered before it is sorted. */
#define ROLLS_SPACE ((size_t)512 << 20)

static const struct subs_operation_row operations[] = {
    [SUBS_LIST_SEATS] = {AWS_SUBSCRIPTIONS, "ListUserSubscriptions",
                         "user-subscriptions:ListUserSubscriptions", "nextToken"},
    [SUBS_LIST_CLAIMS] = {AWS_SUBSCRIPTIONS, "ListApplicationClaims",
                          "user-subscriptions:ListApplicationClaims", "nextToken"},
    [SUBS_LIST_APPLICATIONS] = {AWS_SSO, "ListApplications", "sso:ListApplications", "NextToken"},
    [SUBS_DESCRIBE_APPLICATION] = {AWS_SSO, "DescribeApplication", "sso:DescribeApplication", NULL},
    [SUBS_GET_ASSIGNMENT] = {AWS_SSO, "GetApplicationAssignmentConfiguration",
                             "sso:GetApplicationAssignmentConfiguration", NULL},
};

const struct subs_operation_row *subs_operation_row(enum subs_operation operation)
{
    assert(operation < SUBS_OPERATION_COUNT);
    return &operations[operation];
}

void subs_begin(struct subs *subs)
{
    arena_reset(&subs->call, 0);
    arena_reset(&subs->page, 0);
}

struct arena *subs_rolls(struct subs *subs)
{
    if (!subs->rolls.base)
        arena_init(&subs->rolls, ROLLS_SPACE);
    return &subs->rolls;
}

bool subs_may_ask(const struct subs *subs, struct str *why)
{
    if (subs->options.instance_arn.len == 0) {
        *why = STR("it is not known which instance of Identity Center is ours");
        return false;
    }
    if (subs->options.kiro_region.len == 0) {
        *why = STR("it is not known in which region the Kiro profile is");
        return false;
    }
    return true;
}

bool subs_ask(struct subs *subs, enum subs_operation operation, const struct str *bodies, size_t n,
              struct aws_answer *out, struct err *err)
{
    const struct subs_operation_row *row = subs_operation_row(operation);
    struct aws_call calls[SUBS_ROUND];

    assert(n <= SUBS_ROUND);
    for (size_t i = 0; i < n; i++) {
        calls[i] =
            (struct aws_call){.service = row->service, .operation = row->name, .body = bodies[i]};
    }
    return n == 0 || aws_exchange(subs->aws, calls, out, n, &subs->page, err);
}

/* ---- words ---- */

static bool has(struct str text, struct str part)
{
    return text.len >= part.len && part.len > 0 &&
           memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

/* What the service's errors mean, as far as clients found out (contract 6.5); the first row that
 * fits. */
static const struct {
    const char *code;
    const char *message; /* a part of it; empty: any */
    const char *means;
} meanings[] = {
    {"AccessDenied", "does not meet requirements",
     "AWS does not let this account have these subscriptions"},
    {"AccessDenied", "not authorized to make this call",
     "AWS has blocked this account: only its support can help"},
    {"AccessDenied", "not currently eligible",
     "AWS has blocked this account: only its support can help"},
    {"ResourceNotFoundException", "",
     "there is no Kiro profile in that region, or it is not ready yet"},
    {"ValidationException", "", "the service expects another request: it may have changed"},
    {"UnknownOperationException", "", "the service does not know the call: it may have changed"},
    {"UnknownError", "", "the service is down, or has changed"},
};

static const char *meaning_of(const struct aws_answer *answer)
{
    /* About an encryption key, whatever the code: that was said already. */
    if (answer->outcome == AWS_NOT_SENT || str_starts(answer->reason, STR("KMS_")))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        struct str part = str_of(meanings[i].message);
        if (str_starts(answer->code, str_of(meanings[i].code)) &&
            (part.len == 0 || has(answer->message, part)))
            return meanings[i].means;
    }
    return NULL;
}

static bool is_denied(const struct aws_answer *answer)
{
    return answer->outcome == AWS_FAULT && str_starts(answer->code, STR("AccessDenied")) &&
           !str_starts(answer->reason, STR("KMS_"));
}

static struct str with_request(struct str text, const struct aws_answer *answer,
                               struct arena *arena)
{
    if (answer->request_id.len == 0 || has(text, answer->request_id))
        return text;
    return arena_printf(arena, "%.*s (request %.*s)", STR_ARG(text), STR_ARG(answer->request_id));
}

struct str subs_complaint(enum subs_operation operation, const struct aws_answer *answer,
                          struct arena *arena)
{
    const struct subs_operation_row *row = subs_operation_row(operation);
    struct str text = arena_printf(arena, "%s: %.*s", row->name, STR_ARG(answer->why));
    const char *means = row->service == AWS_SUBSCRIPTIONS ? meaning_of(answer) : NULL;

    if (means) {
        text = arena_printf(arena, "%.*s; %s", STR_ARG(text), means);
    } else if (is_denied(answer)) {
        text = arena_printf(arena, "%.*s; the role needs %s", STR_ARG(text), row->action);
    }
    return with_request(text, answer, arena);
}

struct str subs_oddity(enum subs_operation operation, const struct aws_answer *answer,
                       const struct err *odd, struct arena *arena)
{
    return with_request(arena_printf(arena, "%s: an answer that cannot be used: %s",
                                     subs_operation_row(operation)->name, odd->msg),
                        answer, arena);
}

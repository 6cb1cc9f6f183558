#include "identity/identity_call.h"

#include <string.h>

/* Address space for what is gathered before it is sorted. */
#define ROLLS_SPACE ((size_t)512 << 20)

void identity_begin(struct identity *identity)
{
    arena_reset(&identity->call, 0);
    arena_reset(&identity->page, 0);
}

struct arena *identity_rolls(struct identity *identity)
{
    if (!identity->rolls.base)
        arena_init(&identity->rolls, ROLLS_SPACE);
    return &identity->rolls;
}

bool identity_may_ask(const struct identity *identity, enum identity_answer *answer,
                      struct str *why)
{
    if (identity->denied.len > 0) {
        *answer = IDENTITY_FORBIDDEN;
        *why = identity->denied;
        return false;
    }
    if (identity->store_id.len == 0) {
        *answer = IDENTITY_UNKNOWN;
        *why = STR("it is not known which instance of Identity Center is ours");
        return false;
    }
    return true;
}

bool identity_exchange(struct identity *identity, const struct aws_call *calls,
                       struct aws_answer *out, size_t n, struct err *err)
{
    return n == 0 || aws_exchange(identity->aws, calls, out, n, &identity->page, err);
}

/* ---- what an answer means ---- */

bool identity_is_unknown_operation(const struct aws_answer *answer)
{
    if (answer->outcome == AWS_OK || answer->outcome == AWS_NOT_SENT)
        return false;
    return str_is(answer->code, "UnknownOperationException") ||
           (answer->status == 500 && answer->code.len == 0);
}

bool identity_is_key_trouble(const struct aws_answer *answer)
{
    return answer->outcome == AWS_FAULT && str_starts(answer->reason, STR("KMS_")) &&
           !str_is(answer->reason, "KMS_THROTTLING");
}

/* An identity store or a resource policy that is missing says nothing about what is inside. */
static bool is_any_type(struct str type)
{
    return str_is(type, "USER") || str_is(type, "GROUP") || str_is(type, "GROUP_MEMBERSHIP");
}

bool identity_is_missing(const struct aws_answer *answer, const char *type)
{
    if (!type || !aws_is_absent(answer))
        return false;
    return answer->resource_type.len == 0 || str_is(answer->resource_type, type) ||
           (strcmp(type, IDENTITY_TYPE_ANY) == 0 && is_any_type(answer->resource_type));
}

static bool is_refusal(const struct aws_answer *answer)
{
    return aws_is(answer, "AccessDeniedException") || aws_is(answer, "AccessDenied") ||
           aws_is(answer, "NotAuthorized") || identity_is_key_trouble(answer);
}

/* An operation that is refused makes everything that was read in this run doubtful: rights may
 * have been taken away in the middle (contract 3.6). */
enum identity_answer identity_judge(struct identity *identity, const struct aws_call *call,
                                    const struct aws_answer *answer, const char *type)
{
    if (is_refusal(answer)) {
        if (identity->denied.len == 0)
            identity->denied = identity_complaint(call, answer, &identity->run);
        return IDENTITY_FORBIDDEN;
    }
    return identity_is_missing(answer, type) ? IDENTITY_NONE : IDENTITY_UNKNOWN;
}

/* ---- words ---- */

static bool is_in(struct str text, struct str part)
{
    return part.len > 0 && text.len >= part.len &&
           memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

static struct str with_request(struct str text, const struct aws_answer *answer,
                               struct arena *arena)
{
    if (answer->request_id.len == 0 || is_in(text, answer->request_id))
        return text;
    return arena_printf(arena, "%.*s (request %.*s)", STR_ARG(text), STR_ARG(answer->request_id));
}

struct str identity_complaint(const struct aws_call *call, const struct aws_answer *answer,
                              struct arena *arena)
{
    struct str text = arena_printf(arena, "%s: %.*s", call->operation, STR_ARG(answer->why));

    return with_request(text, answer, arena);
}

struct str identity_oddity(const struct aws_call *call, const struct aws_answer *answer,
                           const struct err *odd, struct arena *arena)
{
    return with_request(
        arena_printf(arena, "%s: an answer that cannot be used: %s", call->operation, odd->msg),
        answer, arena);
}

/* ---- many small questions ---- */

static void answer_one(struct identity *identity, const struct identity_questions *questions,
                       size_t i, const struct aws_call *call, const struct aws_answer *said)
{
    struct identity_reply reply = {.answer = IDENTITY_FOUND, .call = call, .said = said};

    if (said->outcome == AWS_OK) {
        reply.body = said->body;
    } else {
        reply.answer = identity_judge(identity, call, said, questions->type);
        reply.why = identity_complaint(call, said, &identity->page);
    }
    questions->take(questions->self, i, &reply);
}

/* Those of [from, to) that are to be asked. */
static bool ask_round(struct identity *identity, const struct identity_questions *questions,
                      size_t from, size_t to, struct err *err)
{
    struct aws_call calls[IDENTITY_ROUND];
    struct aws_answer answers[IDENTITY_ROUND];
    size_t at[IDENTITY_ROUND];
    size_t n = 0;

    for (size_t i = from; i < to; i++) {
        struct str body = questions->ask(questions->self, i, &identity->page);
        if (body.len == 0)
            continue;
        at[n] = i;
        calls[n++] = (struct aws_call){
            .service = AWS_IDENTITYSTORE, .operation = questions->operation, .body = body};
    }
    if (!identity_exchange(identity, calls, answers, n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        answer_one(identity, questions, at[i], &calls[i], &answers[i]);
    return true;
}

static void refuse_rest(struct identity *identity, const struct identity_questions *questions,
                        size_t from, size_t n)
{
    const struct aws_call call = {.operation = questions->operation};
    const struct identity_reply refused = {
        .answer = IDENTITY_FORBIDDEN, .why = identity->denied, .call = &call};

    for (size_t i = from; i < n; i++) {
        arena_mark_t mark = arena_mark(&identity->page);
        if (questions->ask(questions->self, i, &identity->page).len > 0)
            questions->take(questions->self, i, &refused);
        arena_reset(&identity->page, mark);
    }
}

bool identity_ask_all(struct identity *identity, const struct identity_questions *questions,
                      size_t n, struct err *err)
{
    for (size_t from = 0; from < n; from += IDENTITY_ROUND) {
        size_t to = n - from < IDENTITY_ROUND ? n : from + IDENTITY_ROUND;
        arena_mark_t mark = arena_mark(&identity->page);
        if (identity->denied.len > 0) {
            refuse_rest(identity, questions, from, n);
            return true;
        }
        if (!ask_round(identity, questions, from, to, err))
            return false;
        arena_reset(&identity->page, mark);
    }
    return true;
}

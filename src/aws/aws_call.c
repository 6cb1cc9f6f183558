#include "aws/aws_call.h"

#include <assert.h>
#include <stdlib.h>

#include "aws/aws_answer.h"
#include "aws/aws_creds_set.h"
#include "aws/aws_endpoint.h"
#include "aws/aws_retry.h"
#include "aws/aws_xml.h"
#include "aws/sigv4.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/log.h"
#include "http/http_retry.h"

/* Calls that go side by side at most: bounds what is in memory between two looks. */
#define ROUND_MAX      64
#define SCRATCH_BUDGET ((size_t)256 << 20)
#define KEEP_BUDGET    ((size_t)64 << 10)
#define STS_VERSION    "2011-06-15"
/* The Date of an answer that took longer says nothing about now. */
#define SLOW_ANSWER_MS (15 * TIME_MINUTE)
#define SKEW_WARN_MS   TIME_MINUTE
/* Two silent attempts are all the patience there is with one remote (design: 20 s). */
#define ATTEMPT_MS (10 * TIME_SECOND)

struct aws {
    struct aws_options options;
    struct http *http;
    struct aws_creds *creds;
    const struct clock *clock;
    struct rng rng;
    struct aws_bucket bucket;
    struct aws_pace pace;
    struct aws_site sites[AWS_SERVICE_COUNT]; /* in `keep`; no url: the setting is none */
    int64_t skew_ms;
    bool skew_is_known, skew_was_told;
    struct sigv4_keys keys; /* of this round; lent by creds */
    struct buf *bodies;     /* of the last exchange, by call */
    size_t n_bodies;
    struct arena keep, scratch; /* scratch: of one round, wiped */
};

/* One call on its way to being settled. */
struct job {
    struct aws *aws;
    const struct aws_call *call;
    struct aws_answer *out;
    struct buf *body;
    unsigned sends;
    int64_t ready_at; /* boot time */
    int64_t asked_at;
    int64_t skew_used;
    int paid; /* for the last retry */
    bool clock_tried, fresh_tried, settled;
};

struct exchange {
    struct aws *aws;
    struct job *jobs;
    size_t n, n_open;
    struct arena *arena;
};

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* ---- the handle ---- */

struct aws *aws_new(const struct aws_options *options, struct http *http, struct aws_creds *creds,
                    const struct clock *clock)
{
    struct aws *aws = must(calloc(1, sizeof(*aws)));

    aws->options = *options;
    aws->http = http;
    aws->creds = creds;
    aws->clock = clock;
    aws->rng = rng_seed(options->seed);
    aws->bucket.tokens = AWS_BUCKET_FULL;
    aws->pace.per_second = options->per_second;
    arena_init(&aws->keep, KEEP_BUDGET);
    arena_init(&aws->scratch, SCRATCH_BUDGET);
    for (size_t i = 0; i < AWS_SERVICE_COUNT; i++) {
        struct str base = aws_endpoint(options, (enum aws_service)i, &aws->keep);
        if (!aws_site_of(base, &aws->keep, &aws->sites[i], NULL))
            aws->sites[i] = (struct aws_site){0};
    }
    return aws;
}

static void forget_bodies(struct aws *aws)
{
    for (size_t i = 0; i < aws->n_bodies; i++)
        buf_fini(&aws->bodies[i]);
    free(aws->bodies);
    aws->bodies = NULL;
    aws->n_bodies = 0;
}

void aws_free(struct aws *aws)
{
    if (!aws)
        return;
    forget_bodies(aws);
    arena_fini(&aws->keep);
    arena_fini(&aws->scratch);
    free(aws);
}

int64_t aws_skew_ms(const struct aws *aws)
{
    return aws->skew_ms;
}

/* ---- the remote's clock ---- */

static void set_skew(struct aws *aws, int64_t skew_ms)
{
    bool large = skew_ms > SKEW_WARN_MS || skew_ms < -SKEW_WARN_MS;

    aws->skew_ms = skew_ms;
    aws->skew_is_known = true;
    if (large && !aws->skew_was_told)
        log_warn("aws.clock", "ahead_ms=%lld", (long long)skew_ms);
    aws->skew_was_told = large;
}

static void learn_skew(struct aws *aws, const struct http_response *res, int64_t asked_at)
{
    int64_t date_ms;

    if (res->status == 0 || !retry_date_ms(res, &date_ms) ||
        http_response_header(res, "age", NULL).len > 0 ||
        clock_boot(aws->clock) - asked_at > SLOW_ANSWER_MS)
        return;
    set_skew(aws, date_ms - res->answered_at);
}

/* Whoever fetched the credentials may have met the remote's clock before us. */
static void borrow_skew(struct aws *aws)
{
    int64_t server_ms;
    int64_t local_ms;

    if (!aws->skew_is_known && http_server_date(aws->http, &server_ms, &local_ms))
        set_skew(aws, server_ms - local_ms);
}

/* ---- one request ---- */

/* The Query protocol of STS: the operation is a member of the form. */
static struct str body_of(const struct aws_call *call, struct arena *arena)
{
    if (aws_service_row(call->service)->prefix)
        return call->body.len > 0 ? call->body : STR("{}");
    return arena_printf(arena, "Action=%s&Version=" STS_VERSION "%s%.*s", call->operation,
                        call->body.len > 0 ? "&" : "", STR_ARG(call->body));
}

static struct str target_of(const struct aws_call *call, struct arena *arena)
{
    const char *prefix = aws_service_row(call->service)->prefix;

    return prefix ? arena_printf(arena, "%s.%s", prefix, call->operation) : (struct str){0};
}

/* Right before it leaves: a long round must not age its signatures. */
static bool sign(void *self, const struct http_request *request, struct arena *arena,
                 struct http_header *headers, size_t *n, struct err *err)
{
    struct job *job = self;
    struct aws *aws = job->aws;
    enum aws_service service = job->call->service;
    const struct aws_service_row *row = aws_service_row(service);
    const struct sigv4_request to_sign = {
        .region = aws_service_region(&aws->options, service),
        .service = str_of(row->signs),
        .host = aws->sites[service].host,
        .path = aws->sites[service].path,
        .content_type = str_of(row->type),
        .target = target_of(job->call, arena),
        .body = request->body,
    };

    (void)err;
    job->skew_used = aws->skew_ms;
    struct sigv4_headers made =
        sigv4_sign(&aws->keys, &to_sign, clock_now(aws->clock) + job->skew_used, arena);

    headers[0] = (struct http_header){STR("X-Amz-Date"), made.date};
    headers[1] = (struct http_header){STR("Authorization"), made.authorization};
    *n = 2;
    if (made.token.len > 0)
        headers[(*n)++] = (struct http_header){STR("X-Amz-Security-Token"), made.token};
    return true;
}

static struct http_request request_of(struct job *job, struct arena *arena)
{
    const struct aws_call *call = job->call;
    struct str target = target_of(call, arena);
    struct http_header *headers = arena_array(arena, struct http_header, 2);

    headers[0] =
        (struct http_header){STR("Content-Type"), str_of(aws_service_row(call->service)->type)};
    if (target.len > 0)
        headers[1] = (struct http_header){STR("X-Amz-Target"), target};
    return (struct http_request){
        .method = HTTP_POST,
        .url = job->aws->sites[call->service].url,
        .headers = headers,
        .n_headers = target.len > 0 ? 2 : 1,
        .body = body_of(call, arena),
        .repeatable = !call->is_write,
        .max_body = call->max_body,
        .timeout_ms = ATTEMPT_MS,
        .sign = sign,
        .sign_self = job,
    };
}

/* ---- the loop ---- */

static void settle(struct exchange *x, struct job *job)
{
    job->settled = true;
    x->n_open--;
}

static void settle_unsent(struct exchange *x, struct job *job, const struct err *why)
{
    /* An attempt that had no effect says more than that there was no other one. */
    if (job->sends == 0) {
        *job->out = (struct aws_answer){
            .outcome = AWS_NOT_SENT,
            .no_effect = true,
            .kind = why->kind,
            .why = arena_str(x->arena, str_of(why->msg)),
        };
    }
    settle(x, job);
}

/* Settles the job, or says when it goes again. */
static void judge(struct exchange *x, struct job *job, const struct http_response *res)
{
    struct aws *aws = x->aws;
    int64_t hint_ms;

    learn_skew(aws, res, job->asked_at);
    hint_ms = aws_answer_take(job->call, res, aws->skew_ms, x->arena, &aws->scratch, job->out);
    job->out->attempts = job->sends;
    if (job->out->outcome == AWS_OK) {
        buf_add(job->body, job->out->body);
        job->out->body = buf_str(job->body);
    }

    const struct aws_answer *out = job->out;
    struct aws_attempt attempt = {
        .is_write = job->call->is_write,
        .sends = job->sends,
        .outcome = res->outcome,
        .kind = res->kind,
        .is_away = http_is_away(aws->http),
        .status = res->status,
        .code = out->code,
        .no_effect = out->no_effect,
        .skew_used = job->skew_used,
        .skew_now = aws->skew_ms,
        .clock_tried = job->clock_tried,
        .fresh_tried = job->fresh_tried,
    };
    enum aws_step step = aws_retry_step(&attempt);
    enum aws_trouble trouble = aws_retry_trouble(&attempt);

    /* A key that is not known any more: the next call looks for another, this one is answered. */
    if (step == AWS_STEP_FRESH || aws_is(out, "UnrecognizedClientException") ||
        aws_is(out, "InvalidClientTokenId"))
        aws_creds_drop(aws->creds);
    job->clock_tried |= step == AWS_STEP_CLOCK;
    job->fresh_tried |= step == AWS_STEP_FRESH;
    if (step == AWS_STEP_LATER && !aws_bucket_take(&aws->bucket, trouble, &job->paid))
        step = AWS_STEP_STOP;
    if (step == AWS_STEP_STOP) {
        if (out->outcome == AWS_OK)
            aws_bucket_give(&aws->bucket, job->paid);
        settle(x, job);
        return;
    }
    job->ready_at = clock_boot(aws->clock);
    if (step == AWS_STEP_LATER)
        job->ready_at += aws_retry_delay_ms(trouble, job->sends - 1, hint_ms, &aws->rng);
}

/* Jobs that are due, in the caller's order; none: `*wait_ms` until the first is. */
static size_t pick(struct exchange *x, struct job *picked[ROUND_MAX], int64_t *wait_ms)
{
    int64_t boot_ms = clock_boot(x->aws->clock);
    size_t n = 0;

    *wait_ms = INT64_MAX;
    for (size_t i = 0; i < x->n && n < ROUND_MAX; i++) {
        struct job *job = &x->jobs[i];
        if (job->settled)
            continue;
        if (job->ready_at <= boot_ms) {
            picked[n++] = job;
        } else if (job->ready_at - boot_ms < *wait_ms) {
            *wait_ms = job->ready_at - boot_ms;
        }
    }
    if (n == 0)
        return 0;

    size_t admitted = aws_pace_admit(&x->aws->pace, n, boot_ms, wait_ms);
    assert(admitted <= n);
    return admitted;
}

static bool send_round(struct exchange *x, struct job *const *jobs, size_t n, struct err *err)
{
    struct aws *aws = x->aws;
    struct http_request *req = arena_array(&aws->scratch, struct http_request, n);
    struct http_response *res = arena_array(&aws->scratch, struct http_response, n);
    int64_t boot_ms = clock_boot(aws->clock);

    for (size_t i = 0; i < n; i++) {
        req[i] = request_of(jobs[i], &aws->scratch);
        jobs[i]->asked_at = boot_ms;
        jobs[i]->sends++;
    }
    if (!http_exchange(aws->http, req, res, n, &aws->scratch, err))
        return false;
    for (size_t i = 0; i < n; i++)
        judge(x, jobs[i], &res[i]);
    return true;
}

/* With a set of credentials in force. Once something was sent, their absence is an answer. */
static bool have_keys(struct exchange *x, bool *there, struct err *err)
{
    struct aws *aws = x->aws;
    struct err why = {0};

    *there = aws_creds_get(aws->creds, clock_now(aws->clock) + aws->skew_ms, &aws->scratch,
                           &aws->keys, &why);
    if (*there) {
        borrow_skew(aws);
        return true;
    }

    bool was_sent = false;
    for (size_t i = 0; i < x->n; i++)
        was_sent |= x->jobs[i].sends > 0;
    if (why.kind == ERR_CANCELLED || !was_sent)
        return err_set(err, why.kind, "aws: credentials: %s", why.msg);
    for (size_t i = 0; i < x->n; i++) {
        if (!x->jobs[i].settled)
            settle_unsent(x, &x->jobs[i], &why);
    }
    return true;
}

static bool run(struct exchange *x, struct err *err)
{
    struct aws *aws = x->aws;
    struct job *picked[ROUND_MAX];
    int64_t wait_ms;

    while (x->n_open > 0) {
        size_t n = pick(x, picked, &wait_ms);
        bool there = true;
        if (n == 0) {
            if (!clock_sleep(aws->clock, wait_ms, err))
                return false;
            continue;
        }
        bool ok = have_keys(x, &there, err) && (!there || send_round(x, picked, n, err));
        aws_arena_wipe(&aws->scratch, 0);
        if (!ok)
            return false;
    }
    return true;
}

static void settle_impossible(struct exchange *x)
{
    const struct err why = {.kind = ERR_SETTINGS, .msg = "its endpoint is no https URL"};

    for (size_t i = 0; i < x->n; i++) {
        if (x->aws->sites[x->jobs[i].call->service].url.len == 0)
            settle_unsent(x, &x->jobs[i], &why);
    }
}

bool aws_exchange(struct aws *aws, const struct aws_call *calls, struct aws_answer *out, size_t n,
                  struct arena *arena, struct err *err)
{
    forget_bodies(aws);
    if (n == 0)
        return true;
    aws->bodies = must(calloc(n, sizeof(*aws->bodies)));
    aws->n_bodies = n;

    struct job *jobs = must(calloc(n, sizeof(*jobs)));
    struct exchange x = {.aws = aws, .jobs = jobs, .n = n, .n_open = n, .arena = arena};

    for (size_t i = 0; i < n; i++) {
        jobs[i] =
            (struct job){.aws = aws, .call = &calls[i], .out = &out[i], .body = &aws->bodies[i]};
        out[i] = (struct aws_answer){0};
    }
    settle_impossible(&x);
    bool ok = run(&x, err);
    free(jobs);
    return ok;
}

/* ---- who we are ---- */

bool aws_read_caller(struct aws *aws, struct arena *arena, struct aws_caller *out, struct err *err)
{
    const struct aws_call call = {.service = AWS_STS, .operation = "GetCallerIdentity"};
    struct aws_xml_want wants[] = {
        {.path = "GetCallerIdentityResponse/GetCallerIdentityResult/Account"},
        {.path = "GetCallerIdentityResponse/GetCallerIdentityResult/Arn"},
    };
    struct aws_answer answer;

    if (!aws_exchange(aws, &call, &answer, 1, arena, err))
        return false;
    if (answer.outcome != AWS_OK)
        return aws_answer_err(&call, &answer, err);
    if (!aws_xml_read(answer.body, wants, ARRAY_LEN(wants), arena, err))
        return err_wrap(err, "aws: sts GetCallerIdentity");
    if (wants[0].value.len == 0 || wants[1].value.len == 0)
        return err_set(err, ERR_REMOTE, "aws: sts GetCallerIdentity: no Account or no Arn in it");
    *out = (struct aws_caller){.account = wants[0].value, .arn = wants[1].value};
    return true;
}

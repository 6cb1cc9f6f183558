#include "http/http.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "http/http_limit.h"
#include "http/http_retry.h"

/* How many turns of `parallel` one send may hold: enough that a slow answer does not hold up the
 * others, few enough that a new budget or a remote that died is noticed soon. */
#define ROUND_TURNS 4
#define ROUND_MAX   256
/* After a 429 for too many at the same time, half of them for so long. */
#define CONCURRENCY_CALM_MS TIME_MINUTE
#define RATE_JITTER_MS      TIME_SECOND
/* A signer may fetch its token by an exchange on the same http. */
#define EXCHANGES_DEEP 2

/* Bodies of answers that came before the last round of an exchange. */
struct bodies {
    struct buf *items;
    size_t n;
};

struct http {
    struct http_options options;
    struct transport transport;
    const struct clock *clock;
    struct rng rng;
    struct http_limit limit;
    struct http_stats stats;
    unsigned parallel; /* now; halved by RETRY_CONCURRENCY */
    int64_t calm_until;
    int64_t silent_ms; /* on attempts and the waits between them, since the last answer */
    bool away, has_date;
    int64_t server_ms, local_ms;
    struct bodies kept[EXCHANGES_DEEP];
    unsigned depth;
};

/* One request on its way to being settled. */
struct job {
    const struct http_request *req;
    struct http_response *res;
    struct http_request attempt; /* req with what the signer made */
    unsigned sends;
    int64_t ready_at;   /* boot time */
    bool waits_rate;    /* for a reset, not for a back-off */
    bool may_have_been; /* an earlier attempt may have had its effect */
    bool settled;
    bool body_lent; /* by the transport: gone with its next send */
};

struct exchange {
    struct http *http;
    struct job *jobs;
    size_t n, n_open;
    struct bodies *kept;
    struct arena *arena;
};

struct pause {
    int64_t ms;
    bool rate;
};

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static void bodies_clear(struct bodies *bodies)
{
    for (size_t i = 0; i < bodies->n; i++)
        buf_fini(&bodies->items[i]);
    free(bodies->items);
    *bodies = (struct bodies){0};
}

struct http *http_new(const struct http_options *options, struct transport transport,
                      const struct clock *clock)
{
    struct http *http = must(calloc(1, sizeof(*http)));
    struct http_options *o = &http->options;

    *o = *options;
    o->remote = o->remote ? o->remote : "the service";
    o->parallel = o->parallel > 0 ? o->parallel : 4;
    o->max_tries = o->max_tries > 0 ? o->max_tries : 5;
    o->rate_share = o->rate_share > 0 && o->rate_share < 100 ? o->rate_share : 100;
    o->patience_ms = o->patience_ms > 0 ? o->patience_ms : 20 * TIME_SECOND;
    o->backoff_ms = o->backoff_ms > 0 ? o->backoff_ms : TIME_SECOND;
    o->backoff_max_ms = o->backoff_max_ms > 0 ? o->backoff_max_ms : TIME_MINUTE;
    http->transport = transport;
    http->clock = clock;
    http->rng = rng_seed(o->seed);
    http->limit.share = o->rate_share;
    http->parallel = o->parallel;
    return http;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    for (size_t i = 0; i < EXCHANGES_DEEP; i++)
        bodies_clear(&http->kept[i]);
    free(http);
}

void http_new_run(struct http *http)
{
    http->away = false;
    http->silent_ms = 0;
    http->has_date = false;
}

bool http_is_away(const struct http *http)
{
    return http->away;
}

struct http_stats http_stats(const struct http *http)
{
    return http->stats;
}

unsigned http_budget_left(const struct http *http)
{
    return http_limit_left_percent(&http->limit, clock_now(http->clock));
}

bool http_server_date(const struct http *http, int64_t *server_ms, int64_t *local_ms)
{
    if (!http->has_date)
        return false;
    *server_ms = http->server_ms;
    *local_ms = http->local_ms;
    return true;
}

static unsigned parallel_now(struct http *http)
{
    if (http->parallel < http->options.parallel && clock_boot(http->clock) >= http->calm_until)
        http->parallel = http->options.parallel;
    return http->parallel;
}

static void calm_down(struct http *http)
{
    http->parallel = http->parallel > 1 ? http->parallel / 2 : 1;
    http->calm_until = clock_boot(http->clock) + CONCURRENCY_CALM_MS;
}

/*
 * The response as the caller sees it. A write of which an earlier attempt may have taken effect is
 * never reported as one that had none, whatever became of the last attempt.
 */
static void settle(struct exchange *x, struct job *job)
{
    struct http_response *res = job->res;
    bool refused = res->outcome == HTTP_ANSWERED && res->status == 429;

    if (job->may_have_been && job->req->method != HTTP_GET &&
        (res->outcome == HTTP_NOT_SENT || refused)) {
        if (refused) {
            res->why = arena_printf(x->arena, "an earlier attempt may have arrived; then status %d",
                                    res->status);
        }
        res->outcome = HTTP_LOST;
        res->kind = ERR_UNAVAILABLE;
    }
    res->attempts = job->sends;
    job->settled = true;
    x->n_open--;
}

static void settle_unsent(struct exchange *x, struct job *job, enum err_kind kind, struct str why)
{
    *job->res = (struct http_response){.outcome = HTTP_NOT_SENT, .kind = kind, .why = why};
    settle(x, job);
}

static void give_up(struct exchange *x)
{
    const struct http_options *o = &x->http->options;
    bool whole = o->patience_ms % TIME_SECOND == 0;
    struct str why = arena_printf(
        x->arena, "%s did not answer within %lld %s", o->remote,
        (long long)(whole ? o->patience_ms / TIME_SECOND : o->patience_ms), whole ? "s" : "ms");

    for (size_t i = 0; i < x->n; i++) {
        if (!x->jobs[i].settled)
            settle_unsent(x, &x->jobs[i], ERR_UNAVAILABLE, why);
    }
}

/* Does the budget open too late for whoever asked? What was decided before a long wait may no
 * longer hold after it. */
static bool is_too_long(const struct job *job, int64_t wait_ms)
{
    return job->req->max_wait_ms > 0 && wait_ms > job->req->max_wait_ms;
}

static void turn_away(struct exchange *x, struct job *job, int64_t wait_ms)
{
    settle_unsent(x, job, ERR_UNAVAILABLE,
                  arena_printf(x->arena, "%s has no rate budget left for %lld s",
                               x->http->options.remote, (long long)(wait_ms / TIME_SECOND + 1)));
    job->res->wait_ms = wait_ms;
}

/* The jobs that may go now, in the caller's order; if there are none, how long until one may. */
static size_t pick(struct exchange *x, struct job **picked, size_t max, struct pause *pause)
{
    struct http *http = x->http;
    int64_t boot_ms = clock_boot(http->clock);
    int64_t now_ms = clock_now(http->clock);
    size_t n = 0;

    *pause = (struct pause){.ms = INT64_MAX};
    for (size_t i = 0; i < x->n && n < max; i++) {
        struct job *job = &x->jobs[i];
        int64_t wait_ms = job->ready_at - boot_ms;
        bool rate = job->waits_rate;

        if (job->settled)
            continue;
        if (wait_ms <= 0) {
            if (http_limit_admit(&http->limit, job->req->bucket, 1, now_ms, &wait_ms) == 1) {
                picked[n++] = job;
                continue;
            }
            rate = true;
            if (is_too_long(job, wait_ms)) {
                turn_away(x, job, wait_ms);
                continue;
            }
        }
        if (wait_ms < pause->ms)
            *pause = (struct pause){wait_ms, rate};
    }
    return n;
}

static bool wait_for(struct http *http, struct pause pause, struct err *err)
{
    int64_t ms = pause.ms > 0 ? pause.ms : 1;

    if (pause.rate) {
        ms += rng_between(&http->rng, 0, RATE_JITTER_MS);
        http->stats.rate_waits++;
    } else if (http->silent_ms > 0) {
        http->silent_ms += ms;
    }
    http->stats.waited_ms += ms;
    return clock_sleep(http->clock, ms, err);
}

/* The transport's next send takes back the bodies it lent. */
static void keep_bodies(struct exchange *x)
{
    struct transport *transport = &x->http->transport;
    struct bodies *kept = x->kept;

    for (size_t i = 0; i < x->n; i++) {
        struct job *job = &x->jobs[i];

        if (!job->body_lent)
            continue;
        job->body_lent = false;
        if (!kept->items) {
            kept->items = must(calloc(x->n, sizeof(*kept->items)));
            kept->n = x->n;
        }
        if (transport->keep) {
            transport->keep(transport->self, job->res, &kept->items[i]);
        } else {
            buf_add(&kept->items[i], job->res->body);
        }
        job->res->body = buf_str(&kept->items[i]);
    }
}

/* Makes the attempt's headers. A request that cannot be signed is settled and does not go; false
 * only when the signer was cancelled. */
static bool sign(struct exchange *x, struct job *job, struct err *err)
{
    const struct http_request *req = job->req;
    struct err failure = {0};
    size_t n = 0;

    job->attempt = *req;
    job->attempt.sign = NULL;
    if (!req->sign)
        return true;

    struct http_header *headers =
        arena_array(x->arena, struct http_header, req->n_headers + HTTP_SIGN_MAX);
    for (size_t i = 0; i < req->n_headers; i++)
        headers[i] = req->headers[i];
    if (req->sign(req->sign_self, req, x->arena, headers + req->n_headers, &n, &failure)) {
        assert(n <= HTTP_SIGN_MAX);
        job->attempt.headers = headers;
        job->attempt.n_headers = req->n_headers + n;
        return true;
    }
    if (failure.kind == ERR_CANCELLED) {
        if (err)
            *err = failure;
        return false;
    }
    settle_unsent(x, job, failure.kind ? failure.kind : ERR_INTERNAL,
                  arena_str(x->arena, str_of(failure.msg)));
    http_limit_learn(&x->http->limit, req->bucket, job->res);
    return true;
}

static void note_silence(struct http *http, struct job *const *sent, size_t n, int64_t took_ms)
{
    for (size_t i = 0; i < n; i++) {
        if (sent[i]->res->status != 0) {
            http->silent_ms = 0;
            return;
        }
    }
    /* At least 1, so that the waits that follow count even where refusal takes no time at all. */
    http->silent_ms += took_ms > 0 ? took_ms : 1;
    http->away = http->silent_ms > http->options.patience_ms;
}

static void note_answer(struct http *http, const struct job *job)
{
    struct http_response *res = job->res;
    int64_t date_ms;

    if (res->status != 0 && res->answered_at == 0)
        res->answered_at = clock_now(http->clock);
    http->stats.bytes += res->body.len;
    http_limit_learn(&http->limit, job->req->bucket, res);
    /* The last allowed try closes the bucket for the others, too. */
    if (retry_classify(job->req, res, 0, 1) == RETRY_RATE) {
        http_limit_close(&http->limit, job->req->bucket,
                         clock_now(http->clock) + retry_rate_wait_ms(res));
    }
    if (res->status != 0 && retry_date_ms(res, &date_ms) &&
        (!http->has_date || res->answered_at >= http->local_ms)) {
        http->server_ms = date_ms;
        http->local_ms = res->answered_at;
        http->has_date = true;
    }
}

static int64_t backoff(struct http *http, const struct job *job)
{
    const struct http_options *o = &http->options;
    int64_t wait_ms = retry_backoff_ms(job->sends, o->backoff_ms, o->backoff_max_ms, &http->rng);
    int64_t after_ms = job->res->outcome == HTTP_ANSWERED ? retry_after_ms(job->res) : 0;

    return wait_ms > after_ms ? wait_ms : after_ms;
}

/* Settles the job, or says when it goes again. Returns what was decided. */
static enum retry_class decide(struct exchange *x, struct job *job)
{
    struct http *http = x->http;
    enum retry_class class =
        retry_classify(job->req, job->res, job->sends, http->options.max_tries);
    int64_t wait_ms = 0;

    if (class == RETRY_RATE && is_too_long(job, retry_rate_wait_ms(job->res))) {
        job->res->wait_ms = retry_rate_wait_ms(job->res);
        class = RETRY_NO;
    }
    switch (class) {
    case RETRY_NO:
        job->body_lent = job->res->body.len > 0;
        settle(x, job);
        return class;
    case RETRY_RATE: wait_ms = retry_rate_wait_ms(job->res); break;
    case RETRY_CONCURRENCY: wait_ms = retry_concurrency_ms(&http->rng); break;
    case RETRY_BACKOFF: wait_ms = backoff(http, job); break;
    case RETRY_AT_ONCE: break;
    }
    job->waits_rate = class == RETRY_RATE;
    job->ready_at = clock_boot(http->clock) + wait_ms;
    if (retry_may_have_happened(job->res))
        job->may_have_been = true;
    return class;
}

static bool send_jobs(struct exchange *x, struct job **jobs, size_t n, struct err *err)
{
    struct http *http = x->http;
    const struct http_request *req[ROUND_MAX];
    struct http_response *res[ROUND_MAX];
    int64_t began = clock_boot(http->clock);

    for (size_t i = 0; i < n; i++) {
        req[i] = &jobs[i]->attempt;
        res[i] = jobs[i]->res;
        *res[i] = (struct http_response){0};
        http->stats.calls++;
        http->stats.retries += jobs[i]->sends++ > 0;
    }
    if (!http->transport.send(http->transport.self, req, res, n, parallel_now(http), x->arena, err))
        return false;
    note_silence(http, jobs, n, clock_boot(http->clock) - began);
    return true;
}

/* Signs, sends and reads one round. */
static bool run_round(struct exchange *x, struct job **jobs, size_t n, struct err *err)
{
    bool crowded = false;
    size_t n_signed = 0;

    keep_bodies(x);
    for (size_t i = 0; i < n; i++) {
        if (!sign(x, jobs[i], err))
            return false;
        if (!jobs[i]->settled)
            jobs[n_signed++] = jobs[i];
    }
    if (n_signed == 0)
        return true;
    if (!send_jobs(x, jobs, n_signed, err))
        return false;
    for (size_t i = 0; i < n_signed; i++) {
        note_answer(x->http, jobs[i]);
        if (decide(x, jobs[i]) == RETRY_CONCURRENCY)
            crowded = true;
    }
    if (crowded)
        calm_down(x->http);
    return true;
}

static bool run(struct exchange *x, struct err *err)
{
    struct http *http = x->http;
    struct job *picked[ROUND_MAX];
    struct pause pause;

    while (x->n_open > 0) {
        if (http->away) {
            give_up(x);
            break;
        }

        size_t max = (size_t)parallel_now(http) * ROUND_TURNS;
        size_t n = pick(x, picked, max < ROUND_MAX ? max : ROUND_MAX, &pause);
        if (n > 0 ? !run_round(x, picked, n, err) : x->n_open > 0 && !wait_for(http, pause, err))
            return false;
    }
    return true;
}

bool http_exchange(struct http *http, const struct http_request *req, struct http_response *res,
                   size_t n, struct arena *arena, struct err *err)
{
    if (n == 0)
        return true;
    assert(http->depth < EXCHANGES_DEEP);

    struct job *jobs = must(calloc(n, sizeof(*jobs)));
    struct exchange x = {.http = http,
                         .jobs = jobs,
                         .n = n,
                         .n_open = n,
                         .kept = &http->kept[http->depth],
                         .arena = arena};

    for (size_t i = 0; i < n; i++) {
        jobs[i].req = &req[i];
        jobs[i].res = &res[i];
    }
    bodies_clear(x.kept);
    http->depth++;
    bool ok = run(&x, err);
    http->depth--;
    free(jobs);
    if (!ok)
        http_limit_forget_in_flight(&http->limit);
    return ok;
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "http/http.h"
#include "support/fake_clock.h"
#include "support/fake_transport.h"

#define DATE    "Date: Mon, 04 May 2026 09:12:40 GMT\n"
#define SKEWED  "Date: Mon, 04 May 2026 08:12:40 GMT\n" /* an hour behind our clock */
#define BUCKET  "/api/v1/groups"
#define REQS    32
#define RESET30 "X-Rate-Limit-Limit: 100\nX-Rate-Limit-Remaining: 0\nX-Rate-Limit-Reset: "

/* One http over a script on virtual time. */
struct bench {
    struct arena arena;
    struct fake_clock time;
    struct clock clock;
    struct fake_transport fake;
    struct http *http;
    struct http_request req[REQS];
    struct http_response res[REQS];
};

static struct bench *bench;

static void start_with(const struct fake_answer *script, size_t n, struct http_options options)
{
    options.remote = "okta";
    options.seed = 1;
    arena_init(&bench->arena, (size_t)64 << 20);
    fake_clock_init(&bench->time);
    bench->clock = fake_clock(&bench->time);
    fake_transport_init(&bench->fake, script, n);
    bench->fake.clock = &bench->clock;
    bench->http = http_new(&options, fake_transport(&bench->fake), &bench->clock);
}

#define START(script, ...) \
    start_with((script), ARRAY_LEN(script), (struct http_options){__VA_ARGS__})

static int setup(void **state)
{
    static struct bench memory;

    (void)state;
    memory = (struct bench){0};
    bench = &memory;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http_free(bench->http);
    fake_transport_fini(&bench->fake);
    arena_fini(&bench->arena);
    *bench = (struct bench){0};
    return 0;
}

static void ask(size_t i, enum http_method method, const char *url, bool repeatable)
{
    bench->req[i] = (struct http_request){
        .method = method, .url = str_of(url), .repeatable = repeatable, .bucket = BUCKET};
}

static void exchange(size_t n)
{
    struct err err = {0};

    if (!http_exchange(bench->http, bench->req, bench->res, n, &bench->arena, &err))
        fail_msg("cancelled: %s", err.msg);
}

/* `answered 200 x2 BODY`: outcome, status, attempts, then body or kind. */
static const char *show(size_t i)
{
    static const char *const outcomes[] = {"answered", "not sent", "lost"};
    static char out[300];
    const struct http_response *res = &bench->res[i];
    struct str tail = res->outcome == HTTP_ANSWERED ? res->body : str_of(err_kind_name(res->kind));

    (void)snprintf(out, sizeof(out), "%s %d x%u %.*s", outcomes[res->outcome], res->status,
                   res->attempts, STR_ARG(tail));
    return out;
}

static void test_a_batch_is_answered_in_the_callers_order(void **state)
{
    static const struct fake_answer script[] = {
        {.url = "/b", .body = "B"}, {.url = "/a", .body = "A"}, {.url = "/c", .status = 404}};

    (void)state;
    START(script, .parallel = 2);
    ask(0, HTTP_GET, "https://x/a", true);
    ask(1, HTTP_GET, "https://x/b", true);
    ask(2, HTTP_GET, "https://x/c", true);
    exchange(3);
    assert_string_equal(show(0), "answered 200 x1 A");
    assert_string_equal(show(1), "answered 200 x1 B");
    assert_string_equal(show(2), "answered 404 x1 ");
    assert_int_equal(bench->fake.n_sends, 1);
    assert_int_equal(bench->fake.last_parallel, 2);
    assert_int_equal(bench->time.n_sleeps, 0);
}

static void test_an_empty_batch_sends_nothing(void **state)
{
    static const struct fake_answer script[] = {{.status = 200}};

    (void)state;
    START(script, .parallel = 0);
    exchange(0);
    assert_int_equal(bench->fake.n_sends, 0);
}

static void test_a_server_error_is_tried_again_after_a_pause(void **state)
{
    static const struct fake_answer script[] = {
        {.status = 500, .body = "oops"}, {.status = 502}, {.status = 200, .body = "fine"}};

    (void)state;
    START(script, .parallel = 1);
    ask(0, HTTP_GET, "https://x/a", true);
    exchange(1);
    assert_string_equal(show(0), "answered 200 x3 fine");
    assert_in_range(bench->time.slept, 1, 3000);
    assert_int_equal(http_stats(bench->http).retries, 2);
    assert_int_equal(http_stats(bench->http).calls, 3);
}

static void test_the_tries_end_and_the_last_answer_is_handed_on(void **state)
{
    static const struct fake_answer script[] = {
        {.status = 500, .body = "oops", .times = FAKE_ALWAYS}};

    (void)state;
    START(script, .max_tries = 4);
    ask(0, HTTP_GET, "https://x/a", true);
    exchange(1);
    assert_string_equal(show(0), "answered 500 x4 oops");
}

static void test_a_write_that_may_have_happened_is_sent_once(void **state)
{
    static const struct fake_answer script[] = {
        {.url = "/lost", .outcome = HTTP_LOST, .dropped = true},
        {.url = "/500", .status = 500},
        {.url = "/504", .status = 504},
        {.url = "/cut", .outcome = HTTP_LOST, .status = 200},
    };

    (void)state;
    START(script, .parallel = 4);
    ask(0, HTTP_POST, "https://x/lost", false);
    ask(1, HTTP_POST, "https://x/500", false);
    ask(2, HTTP_POST, "https://x/504", false);
    ask(3, HTTP_POST, "https://x/cut", false);
    exchange(4);
    assert_string_equal(show(0), "lost 0 x1 unavailable");
    assert_string_equal(show(1), "answered 500 x1 ");
    assert_string_equal(show(2), "answered 504 x1 ");
    assert_string_equal(show(3), "lost 200 x1 unavailable");
    assert_int_equal(bench->fake.n_requests, 4);
}

static void test_a_write_that_cannot_have_happened_is_sent_again(void **state)
{
    static const struct fake_answer script[] = {
        {.outcome = HTTP_NOT_SENT}, {.status = 429, .headers = DATE}, {.status = 204}};

    (void)state;
    START(script, .parallel = 4);
    ask(0, HTTP_POST, "https://x/w", false);
    exchange(1);
    assert_string_equal(show(0), "answered 204 x3 ");
}

static void test_a_dead_connection_is_tried_at_once_for_what_may_be_repeated(void **state)
{
    static const struct fake_answer script[] = {{.outcome = HTTP_LOST, .dropped = true},
                                                {.status = 200, .body = "x"}};

    (void)state;
    START(script, .parallel = 4);
    ask(0, HTTP_GET, "https://x/a", true);
    exchange(1);
    assert_string_equal(show(0), "answered 200 x2 x");
    assert_int_equal(bench->time.n_sleeps, 0);
}

/* A set-like write was lost and its repetition refused: the caller must not conclude that nothing
 * happened. */
static void test_a_refusal_after_a_loss_is_still_a_loss(void **state)
{
    static const struct {
        struct fake_answer last;
        const char *shown;
    } cases[] = {
        {{.outcome = HTTP_NOT_SENT, .times = FAKE_ALWAYS}, "lost 0 x3 unavailable"},
        {{.status = 429, .headers = DATE, .times = FAKE_ALWAYS}, "lost 429 x3 unavailable"},
        {{.status = 404, .times = FAKE_ALWAYS}, "answered 404 x2 "},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct fake_answer script[] = {{.outcome = HTTP_LOST}, cases[i].last};

        START(script, .max_tries = 3);
        ask(0, HTTP_PUT, "https://x/w", true);
        exchange(1);
        assert_string_equal(show(0), cases[i].shown);
        (void)teardown(state);
    }
}

static void test_every_429_of_the_contract_waits_as_it_says(void **state)
{
    static const struct {
        const char *headers;
        int64_t from_ms, to_ms; /* slept in all, jitter included */
    } cases[] = {
        {DATE RESET30 "1777885990\n", 31000, 33000},
        {SKEWED RESET30 "1777882390\n", 31000, 33000}, /* its clock, not ours */
        {DATE RESET30 "1777885990\nX-Rate-Limit-Reset: 1777885999\n", 60000, 62000},
        {DATE "X-Rate-Limit-Limit: 0\nX-Rate-Limit-Remaining: 0\nX-Rate-Limit-Reset: 1777886080\n",
         1000, 5000},
        {NULL, 60000, 62000},
        {DATE RESET30 "1777885990\nRetry-After: 45\n", 45000, 47000},
        {DATE RESET30 "1777885900\n", 60000, 62000},
        {DATE RESET30 "1777899999\n", 60000, 62000},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct fake_answer script[] = {{.status = 429, .headers = cases[i].headers},
                                             {.status = 200}};

        START(script, .parallel = 4);
        ask(0, HTTP_GET, "https://x/a", true);
        exchange(1);
        assert_string_equal(show(0), "answered 200 x2 ");
        if (bench->time.slept < cases[i].from_ms || bench->time.slept > cases[i].to_ms)
            fail_msg("case %zu: slept %lld ms", i, (long long)bench->time.slept);
        (void)teardown(state);
    }
}

static void test_what_may_not_wait_long_comes_back_without_effect(void **state)
{
    static const struct fake_answer script[] = {
        {.status = 429, .headers = DATE RESET30 "1777885990\n", .times = 4},
        {.status = 204, .times = FAKE_ALWAYS}};

    (void)state;
    START(script, .parallel = 1);
    for (size_t i = 0; i < 6; i++) {
        ask(i, HTTP_PUT, "https://x/a", false);
        bench->req[i].max_wait_ms = 5000;
    }
    exchange(6);
    assert_int_equal(bench->time.slept, 0);
    assert_int_equal(bench->res[0].status, 429);
    assert_int_equal(bench->res[0].wait_ms, 31000);
    /* The bucket is closed for those that had not gone yet. */
    assert_string_equal(show(5), "not sent 0 x0 unavailable");
    assert_in_range(bench->res[5].wait_ms, 30000, 32000);
    fake_clock_pass(&bench->time, 32000);
    exchange(1);
    assert_string_equal(show(0), "answered 204 x1 ");
    assert_int_equal(bench->res[0].wait_ms, 0);
}

static void test_too_many_at_once_halves_the_side_by_side_for_a_while(void **state)
{
    static const struct fake_answer script[] = {
        {.status = 429, .headers = "X-Rate-Limit-Limit: 0\n", .times = 2},
        {.status = 200, .times = FAKE_ALWAYS}};

    (void)state;
    START(script, .parallel = 8);
    ask(0, HTTP_GET, "https://x/a", true);
    ask(1, HTTP_GET, "https://x/b", true);
    exchange(2);
    assert_int_equal(bench->fake.last_parallel, 4); /* once for the round, not for each */
    exchange(2);
    assert_int_equal(bench->fake.last_parallel, 4);
    fake_clock_pass(&bench->time, 60000);
    exchange(2);
    assert_int_equal(bench->fake.last_parallel, 8);
}

static void test_a_429_holds_back_the_others_of_its_bucket(void **state)
{
    static const struct {
        const char *headers;
        int64_t from_ms, to_ms;
    } cases[] = {
        {DATE RESET30 "1777885990\n", 31000, 33000},
        {NULL, 60000, 62000}, /* no budget to read: the 429 itself holds them */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct fake_answer script[] = {{.status = 429, .headers = cases[i].headers},
                                             {.status = 200, .times = FAKE_ALWAYS}};

        START(script, .parallel = 1);
        for (size_t k = 0; k < 8; k++)
            ask(k, HTTP_GET, "https://x/a", true);
        bench->req[7].bucket = "/api/v1/users";
        exchange(8);
        /* Four went in the first round, the other bucket at once, the rest after the reset. */
        assert_int_equal(bench->fake.requests[3].at, FAKE_CLOCK_START);
        assert_int_equal(bench->fake.requests[4].at, FAKE_CLOCK_START);
        assert_in_range(bench->fake.requests[5].at, FAKE_CLOCK_START + cases[i].from_ms,
                        FAKE_CLOCK_START + cases[i].to_ms);
        assert_int_equal(bench->fake.n_requests, 9);
        assert_true(http_stats(bench->http).rate_waits > 0);
        (void)teardown(state);
    }
}

static void test_the_budget_is_kept_before_the_server_complains(void **state)
{
    static const struct fake_answer script[] = {
        {.status = 200,
         .headers = DATE "X-Rate-Limit-Limit: 20\nX-Rate-Limit-Remaining: 4\n"
                         "X-Rate-Limit-Reset: 1777885970\n",
         .times = 1},
        {.status = 200, .times = FAKE_ALWAYS}};

    (void)state;
    START(script, .parallel = 1);
    ask(0, HTTP_GET, "https://x/first", true);
    exchange(1);
    assert_int_equal(http_budget_left(bench->http), 20);
    for (size_t i = 0; i < 6; i++)
        ask(i, HTTP_GET, "https://x/a", true);
    exchange(6);
    /* 4, 3 and 2 are not under a tenth of 20. */
    assert_int_equal(bench->fake.requests[3].at, FAKE_CLOCK_START);
    assert_in_range(bench->fake.requests[4].at, FAKE_CLOCK_START + 11000, FAKE_CLOCK_START + 12000);
    assert_int_equal(http_stats(bench->http).rate_waits, 1);
}

static void test_silence_beyond_patience_ends_the_remote(void **state)
{
    static const struct fake_answer script[] = {
        {.outcome = HTTP_LOST, .takes_ms = 11000, .times = FAKE_ALWAYS}};

    (void)state;
    START(script, .parallel = 1);
    ask(0, HTTP_GET, "https://x/a", true);
    exchange(1);
    assert_string_equal(show(0), "not sent 0 x2 unavailable");
    assert_true(str_is(bench->res[0].why, "okta did not answer within 20 s"));
    assert_true(http_is_away(bench->http));

    /* From now on nothing is tried, until the next run. */
    exchange(1);
    assert_string_equal(show(0), "not sent 0 x0 unavailable");
    assert_int_equal(bench->fake.n_requests, 2);
    http_new_run(bench->http);
    assert_false(http_is_away(bench->http));
    exchange(1);
    assert_int_equal(bench->fake.n_requests, 4);
}

static void test_a_lost_write_stays_lost_when_the_remote_is_given_up(void **state)
{
    static const struct fake_answer script[] = {
        {.outcome = HTTP_LOST, .takes_ms = 11000, .times = FAKE_ALWAYS}};

    (void)state;
    START(script, .parallel = 1);
    ask(0, HTTP_PUT, "https://x/a", true);
    exchange(1);
    assert_string_equal(show(0), "lost 0 x2 unavailable");
}

static void test_any_answer_ends_the_silence(void **state)
{
    static const struct fake_answer script[] = {
        {.outcome = HTTP_LOST, .takes_ms = 11000},
        {.status = 429, .headers = DATE},
        {.outcome = HTTP_LOST, .takes_ms = 11000},
        {.status = 200},
    };

    (void)state;
    START(script, .parallel = 1);
    ask(0, HTTP_GET, "https://x/a", true);
    exchange(1);
    assert_string_equal(show(0), "answered 200 x4 ");
    assert_false(http_is_away(bench->http));
}

static void test_a_remote_that_refuses_connections_is_given_up_in_time(void **state)
{
    static const struct fake_answer script[] = {{.outcome = HTTP_NOT_SENT, .times = FAKE_ALWAYS}};
    int exchanges = 0;

    (void)state;
    START(script, .parallel = 1);
    ask(0, HTTP_GET, "https://x/a", true);
    for (; !http_is_away(bench->http) && exchanges < 50; exchanges++)
        exchange(1);
    assert_in_range(exchanges, 2, 10);
    assert_in_range(bench->time.slept, 15000, 40000);
}

static void test_cancelling_a_sleep_ends_the_exchange(void **state)
{
    static const struct fake_answer script[] = {{.status = 503, .times = FAKE_ALWAYS}};
    struct err err = {0};

    (void)state;
    START(script, .parallel = 1);
    bench->time.cancel_at = 1;
    ask(0, HTTP_GET, "https://x/a", true);
    assert_false(http_exchange(bench->http, bench->req, bench->res, 1, &bench->arena, &err));
    assert_int_equal(err.kind, ERR_CANCELLED);
}

static void test_cancelling_a_send_ends_the_exchange_and_frees_the_budget(void **state)
{
    static const struct fake_answer script[] = {
        {.kind = ERR_CANCELLED, .outcome = HTTP_LOST},
        {.headers = DATE "X-Rate-Limit-Limit: 20\nX-Rate-Limit-Remaining: 4\n"
                         "X-Rate-Limit-Reset: 1777885970\n"}};
    struct err err = {0};

    (void)state;
    START(script, .parallel = 1);
    ask(0, HTTP_GET, "https://x/a", true);
    assert_false(http_exchange(bench->http, bench->req, bench->res, 1, &bench->arena, &err));
    assert_int_equal(err.kind, ERR_CANCELLED);
    exchange(1);
    assert_string_equal(show(0), "answered 200 x1 ");
    /* The one that was cancelled is not counted as still on its way. */
    assert_int_equal(http_budget_left(bench->http), 20);
}

/* Signing: a fresh number each time, or a failure of the kind told. */
struct signer {
    unsigned calls;
    enum err_kind fails;
};

static bool sign(void *self, const struct http_request *request, struct arena *arena,
                 struct http_header *headers, size_t *n, struct err *err)
{
    struct signer *signer = self;

    (void)request;
    signer->calls++;
    if (signer->fails)
        return err_set(err, signer->fails, "no key");
    headers[0] = (struct http_header){STR("DPoP"), arena_printf(arena, "proof %u", signer->calls)};
    headers[1] = (struct http_header){STR("Authorization"), STR("DPoP token")};
    *n = 2;
    return true;
}

static void test_every_attempt_is_signed_anew(void **state)
{
    static const struct fake_answer script[] = {{.status = 500}, {.status = 200}};
    static const struct http_header accept = {STR("Accept"), STR("application/json")};
    struct signer signer = {0};

    (void)state;
    START(script, .parallel = 1);
    ask(0, HTTP_GET, "https://x/a", true);
    bench->req[0].headers = &accept;
    bench->req[0].n_headers = 1;
    bench->req[0].sign = sign;
    bench->req[0].sign_self = &signer;
    exchange(1);
    assert_string_equal(show(0), "answered 200 x2 ");
    for (unsigned i = 0; i < 2; i++) {
        const struct fake_request *request = &bench->fake.requests[i];

        assert_int_equal(request->n_headers, 3);
        assert_true(str_is(fake_request_header(request, "accept"), "application/json"));
        assert_true(str_is(fake_request_header(request, "DPoP"), i ? "proof 2" : "proof 1"));
    }
}

static void test_what_cannot_be_signed_is_not_sent(void **state)
{
    static const struct fake_answer script[] = {{.url = "/b", .status = 200}};
    struct signer signer = {.fails = ERR_SETTINGS};

    (void)state;
    START(script, .parallel = 1);
    ask(0, HTTP_GET, "https://x/a", true);
    ask(1, HTTP_GET, "https://x/b", true);
    bench->req[0].sign = sign;
    bench->req[0].sign_self = &signer;
    exchange(2);
    assert_string_equal(show(0), "not sent 0 x0 settings");
    assert_true(str_is(bench->res[0].why, "no key"));
    assert_string_equal(show(1), "answered 200 x1 ");
    assert_int_equal(signer.calls, 1);
}

static void test_a_cancelled_signer_cancels_the_exchange(void **state)
{
    static const struct fake_answer script[] = {{.status = 200}};
    struct signer signer = {.fails = ERR_CANCELLED};
    struct err err = {0};

    (void)state;
    START(script, .parallel = 1);
    ask(0, HTTP_GET, "https://x/a", true);
    bench->req[0].sign = sign;
    bench->req[0].sign_self = &signer;
    assert_false(http_exchange(bench->http, bench->req, bench->res, 1, &bench->arena, &err));
    assert_int_equal(err.kind, ERR_CANCELLED);
    assert_int_equal(bench->fake.n_requests, 0);
}

/* Fetches its token over the same http, as an OAuth signer does. */
static bool sign_by_exchange(void *self, const struct http_request *request, struct arena *arena,
                             struct http_header *headers, size_t *n, struct err *err)
{
    const struct http_request ask_token = {.method = HTTP_POST, .url = STR("https://x/token")};
    struct http_response token;

    (void)self, (void)request;
    if (!http_exchange(bench->http, &ask_token, &token, 1, arena, err))
        return false;
    headers[0] = (struct http_header){STR("Authorization"), arena_str(arena, token.body)};
    *n = 1;
    return true;
}

static void test_a_signer_may_use_the_same_http_in_between(void **state)
{
    static const struct fake_answer script[] = {
        {.url = "/token", .body = "T", .times = FAKE_ALWAYS},
        {.url = "/a", .body = "A"},
        {.url = "/b", .status = 500},
        {.url = "/b", .body = "B"}};

    (void)state;
    START(script, .parallel = 1);
    ask(0, HTTP_GET, "https://x/a", true);
    ask(1, HTTP_GET, "https://x/b", true);
    for (size_t i = 0; i < 2; i++)
        bench->req[i].sign = sign_by_exchange;
    exchange(2);
    assert_string_equal(show(0), "answered 200 x1 A");
    assert_string_equal(show(1), "answered 200 x2 B");
}

/* A transport that overwrites what it lent, as one with a single buffer would. */
static char shared_buffer[8];

static bool overwriting_send(void *self, const struct http_request *const *req,
                             struct http_response *const *res, size_t n, unsigned parallel,
                             struct arena *arena, struct err *err)
{
    unsigned *sends = self;

    (void)req, (void)parallel, (void)arena, (void)err;
    ++*sends;
    memset(shared_buffer, (int)('0' + *sends), sizeof(shared_buffer));
    for (size_t i = 0; i < n; i++) {
        *res[i] = (struct http_response){.outcome = HTTP_ANSWERED,
                                         .status = i == n - 1 && *sends == 1 ? 500 : 200,
                                         .body = {shared_buffer, sizeof(shared_buffer)}};
    }
    return true;
}

static void test_bodies_of_earlier_rounds_survive_later_ones(void **state)
{
    static const struct fake_answer unused[] = {{.status = 200}};
    unsigned sends = 0;

    (void)state;
    START(unused, .parallel = 1);
    http_free(bench->http);
    bench->http =
        http_new(&(struct http_options){.remote = "okta"},
                 (struct transport){.self = &sends, .send = overwriting_send}, &bench->clock);
    ask(0, HTTP_GET, "https://x/a", true);
    ask(1, HTTP_GET, "https://x/b", true);
    exchange(2);
    assert_string_equal(show(0), "answered 200 x1 11111111");
    assert_string_equal(show(1), "answered 200 x2 22222222");
}

static void test_the_servers_date_is_known_with_ours(void **state)
{
    static const struct fake_answer script[] = {
        {.headers = SKEWED}, {.status = 404}, {.headers = "Date: nonsense\n"}};
    int64_t server_ms, local_ms;

    (void)state;
    START(script, .parallel = 1);
    ask(0, HTTP_GET, "https://x/a", true);
    assert_false(http_server_date(bench->http, &server_ms, &local_ms));
    for (int i = 0; i < 3; i++) {
        exchange(1);
        assert_true(http_server_date(bench->http, &server_ms, &local_ms));
        assert_int_equal(server_ms, FAKE_CLOCK_START - TIME_HOUR);
        assert_int_equal(local_ms, FAKE_CLOCK_START);
        fake_clock_pass(&bench->time, 5000);
    }
    http_new_run(bench->http);
    assert_false(http_server_date(bench->http, &server_ms, &local_ms));
}

static void test_a_large_batch_goes_out_in_rounds(void **state)
{
    static const struct fake_answer script[] = {{.status = 200, .times = FAKE_ALWAYS}};

    (void)state;
    START(script, .parallel = 2);
    for (size_t i = 0; i < REQS; i++)
        ask(i, HTTP_GET, "https://x/a", true);
    exchange(REQS);
    assert_int_equal(bench->fake.n_requests, REQS);
    assert_int_equal(bench->fake.largest_send, 8);
}

/*
 * Any sequence of answers for any batch. For each request that must not be repeated: all attempts
 * but the last had no effect for sure, and what is reported says what the last one was.
 */
struct watch {
    struct rng rng;
    unsigned sends[REQS];
    bool may_have_happened[REQS];
    bool broken;
};

static bool random_send(void *self, const struct http_request *const *req,
                        struct http_response *const *res, size_t n, unsigned parallel,
                        struct arena *arena, struct err *err)
{
    static const int statuses[] = {200, 404, 429, 500, 502, 503};
    struct watch *watch = self;

    (void)parallel, (void)arena, (void)err;
    for (size_t i = 0; i < n; i++) {
        size_t which = (size_t)req[i]->max_body; /* the request's number rides here */
        struct http_response *r = res[i];

        *r = (struct http_response){.outcome = (enum http_outcome)rng_below(&watch->rng, 3),
                                    .kind = ERR_UNAVAILABLE,
                                    .dropped = rng_chance(&watch->rng, 50)};
        if (r->outcome == HTTP_ANSWERED)
            r->status = statuses[rng_below(&watch->rng, ARRAY_LEN(statuses))];
        if (watch->may_have_happened[which] && !req[i]->repeatable)
            watch->broken = true;
        watch->sends[which]++;
        if (r->outcome == HTTP_LOST || (r->outcome == HTTP_ANSWERED && r->status != 429))
            watch->may_have_happened[which] = true;
    }
    return true;
}

static void test_no_sequence_of_answers_repeats_a_write_in_doubt(void **state)
{
    static const struct fake_answer unused[] = {{.status = 200}};
    unsigned repeated = 0;

    (void)state;
    START(unused, .parallel = 1);
    for (uint64_t seed = 0; seed < 10000; seed++) {
        struct watch watch = {.rng = rng_seed(seed)};
        arena_mark_t mark = arena_mark(&bench->arena);
        struct http *http = http_new(
            &(struct http_options){.seed = seed, .patience_ms = rng_between(&watch.rng, 1, 90000)},
            (struct transport){.self = &watch, .send = random_send}, &bench->clock);
        size_t n = (size_t)rng_between(&watch.rng, 1, 6);
        struct err err = {0};

        for (size_t i = 0; i < n; i++) {
            ask(i, rng_chance(&watch.rng, 50) ? HTTP_PUT : HTTP_POST, "https://x/w",
                rng_chance(&watch.rng, 30));
            bench->req[i].max_body = i;
        }
        assert_true(http_exchange(http, bench->req, bench->res, n, &bench->arena, &err));
        for (size_t i = 0; i < n; i++) {
            const struct http_response *res = &bench->res[i];
            bool claims_nothing = res->outcome == HTTP_NOT_SENT || res->status == 429;
            bool in_doubt = watch.may_have_happened[i] && res->outcome != HTTP_LOST;

            if (watch.broken || res->attempts != watch.sends[i] || (claims_nothing && in_doubt))
                fail_msg("seed %llu request %zu", (unsigned long long)seed, i);
            repeated += res->attempts > 1;
        }
        http_free(http);
        arena_reset(&bench->arena, mark);
    }
    assert_true(repeated > 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_batch_is_answered_in_the_callers_order),
        TEST(test_an_empty_batch_sends_nothing),
        TEST(test_a_server_error_is_tried_again_after_a_pause),
        TEST(test_the_tries_end_and_the_last_answer_is_handed_on),
        TEST(test_a_write_that_may_have_happened_is_sent_once),
        TEST(test_a_write_that_cannot_have_happened_is_sent_again),
        TEST(test_a_dead_connection_is_tried_at_once_for_what_may_be_repeated),
        TEST(test_a_refusal_after_a_loss_is_still_a_loss),
        TEST(test_every_429_of_the_contract_waits_as_it_says),
        TEST(test_what_may_not_wait_long_comes_back_without_effect),
        TEST(test_too_many_at_once_halves_the_side_by_side_for_a_while),
        TEST(test_a_429_holds_back_the_others_of_its_bucket),
        TEST(test_the_budget_is_kept_before_the_server_complains),
        TEST(test_silence_beyond_patience_ends_the_remote),
        TEST(test_a_lost_write_stays_lost_when_the_remote_is_given_up),
        TEST(test_any_answer_ends_the_silence),
        TEST(test_a_remote_that_refuses_connections_is_given_up_in_time),
        TEST(test_cancelling_a_sleep_ends_the_exchange),
        TEST(test_cancelling_a_send_ends_the_exchange_and_frees_the_budget),
        TEST(test_every_attempt_is_signed_anew),
        TEST(test_what_cannot_be_signed_is_not_sent),
        TEST(test_a_cancelled_signer_cancels_the_exchange),
        TEST(test_a_signer_may_use_the_same_http_in_between),
        TEST(test_bodies_of_earlier_rounds_survive_later_ones),
        TEST(test_the_servers_date_is_known_with_ours),
        TEST(test_a_large_batch_goes_out_in_rounds),
        TEST(test_no_sequence_of_answers_repeats_a_write_in_doubt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

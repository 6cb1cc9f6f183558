#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "base/vec.h"
#include "http/http_retry.h"

#define DATE "Date: Mon, 04 May 2026 09:12:40 GMT\n" /* 1777885960 */

static const char *const class_names[] = {
    [RETRY_NO] = "no",           [RETRY_RATE] = "rate",       [RETRY_CONCURRENCY] = "concurrency",
    [RETRY_BACKOFF] = "backoff", [RETRY_AT_ONCE] = "at once",
};

/* An answer with these `Name: value` lines. */
static struct http_response answer(struct arena *arena, int status, const char *lines)
{
    VEC_OF(struct http_header) headers = {0};
    struct str rest = str_of(lines);

    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str name = str_cut(&line, ':');
        VEC_PUSH(arena, &headers, ((struct http_header){name, str_trim(line)}));
    }
    return (struct http_response){.outcome = HTTP_ANSWERED,
                                  .status = status,
                                  .headers = headers.items,
                                  .n_headers = headers.n};
}

static void test_each_outcome_has_its_class(void **state)
{
    static const struct {
        enum http_outcome outcome;
        int status;
        enum err_kind kind;
        bool dropped;
        const char *lines;
        const char *repeatable, *once; /* class after the first attempt */
    } cases[] = {
        {HTTP_ANSWERED, 200, 0, false, "", "no", "no"},
        {HTTP_ANSWERED, 204, 0, false, "", "no", "no"},
        {HTTP_ANSWERED, 302, 0, false, "", "no", "no"},
        {HTTP_ANSWERED, 400, 0, false, "", "no", "no"},
        {HTTP_ANSWERED, 401, 0, false, "", "no", "no"},
        {HTTP_ANSWERED, 404, 0, false, "", "no", "no"},
        {HTTP_ANSWERED, 409, 0, false, "", "no", "no"},
        {HTTP_ANSWERED, 423, 0, false, "", "no", "no"},
        {HTTP_ANSWERED, 429, 0, false, "", "rate", "rate"},
        {HTTP_ANSWERED, 429, 0, false, "X-Rate-Limit-Limit: 250\n", "rate", "rate"},
        {HTTP_ANSWERED, 429, 0, false, "X-Rate-Limit-Limit: 0, 0\n", "rate", "rate"},
        {HTTP_ANSWERED, 429, 0, false, "X-Rate-Limit-Limit: 0\nX-Rate-Limit-Limit: 9\n", "rate",
         "rate"},
        {HTTP_ANSWERED, 429, 0, false, "X-Rate-Limit-Limit: 0\nX-Rate-Limit-Remaining: 0\n",
         "concurrency", "concurrency"},
        {HTTP_ANSWERED, 500, 0, false, "", "backoff", "no"},
        {HTTP_ANSWERED, 501, 0, false, "", "no", "no"},
        {HTTP_ANSWERED, 502, 0, false, "", "backoff", "no"},
        {HTTP_ANSWERED, 503, 0, false, "", "backoff", "no"},
        {HTTP_ANSWERED, 504, 0, false, "", "backoff", "no"},
        {HTTP_NOT_SENT, 0, ERR_UNAVAILABLE, false, "", "backoff", "backoff"},
        {HTTP_NOT_SENT, 0, ERR_SETTINGS, false, "", "no", "no"},
        {HTTP_NOT_SENT, 0, ERR_INTERNAL, false, "", "no", "no"},
        {HTTP_LOST, 0, ERR_UNAVAILABLE, false, "", "backoff", "no"},
        {HTTP_LOST, 0, ERR_UNAVAILABLE, true, "", "at once", "no"},
        {HTTP_LOST, 200, ERR_UNAVAILABLE, false, "", "backoff", "no"},
        {HTTP_LOST, 429, ERR_UNAVAILABLE, false, "", "backoff", "no"},
        {HTTP_LOST, 200, ERR_REMOTE, false, "", "no", "no"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_response res = answer(&arena, cases[i].status, cases[i].lines);
        struct http_request req = {.method = HTTP_PUT, .repeatable = true};

        res.outcome = cases[i].outcome;
        res.kind = cases[i].kind;
        res.dropped = cases[i].dropped;
        const char *repeatable = class_names[retry_classify(&req, &res, 1, 5)];
        req.repeatable = false;
        const char *once = class_names[retry_classify(&req, &res, 1, 5)];
        if (strcmp(repeatable, cases[i].repeatable) != 0 || strcmp(once, cases[i].once) != 0)
            fail_msg("case %zu: %s and %s", i, repeatable, once);
        /* The last allowed attempt ends it, whatever it was. */
        assert_int_equal(retry_classify(&req, &res, 5, 5), RETRY_NO);
        assert_int_equal(retry_classify(&req, &res, 1, 1), RETRY_NO);
    }
    arena_fini(&arena);
}

static void test_a_dead_connection_is_tried_at_once_only_once(void **state)
{
    const struct http_request req = {.method = HTTP_GET, .repeatable = true};
    const struct http_response res = {
        .outcome = HTTP_LOST, .kind = ERR_UNAVAILABLE, .dropped = true};

    (void)state;
    assert_int_equal(retry_classify(&req, &res, 1, 5), RETRY_AT_ONCE);
    assert_int_equal(retry_classify(&req, &res, 2, 5), RETRY_BACKOFF);
}

static void test_a_rate_wait_is_by_the_servers_clock(void **state)
{
    static const struct {
        const char *lines;
        int64_t wait_ms;
    } cases[] = {
        {DATE "X-Rate-Limit-Reset: 1777885990\n", 31000},
        {DATE "x-rate-limit-reset: 1777885990\n", 31000},
        {DATE "X-Rate-Limit-Reset: 1777885960\n", 1000},
        {DATE "X-Rate-Limit-Reset: 1777886260\n", 301000},
        {DATE "X-Rate-Limit-Reset: 1777886261\n", 60000}, /* over five minutes */
        {DATE "X-Rate-Limit-Reset: 1777885959\n", 60000}, /* negative */
        {DATE "X-Rate-Limit-Reset: -5\n", 60000},
        {DATE "X-Rate-Limit-Reset: 9223372036854775807\n", 60000},
        {DATE "X-Rate-Limit-Reset: 99999999999999999999\n", 60000},
        {DATE "X-Rate-Limit-Reset: soon\n", 60000},
        {DATE "X-Rate-Limit-Reset: 1777885990, 1777885990\n", 60000}, /* doubled in one line */
        {DATE "X-Rate-Limit-Reset: 1777885990\nX-Rate-Limit-Reset: 1777885991\n", 60000},
        {DATE "X-Rate-Limit-Reset: 1777885990\nX-Rate-Limit-Reset: 1777885990\n", 31000},
        {"X-Rate-Limit-Reset: 1777885990\n", 60000}, /* no Date */
        {"Date: yesterday\nX-Rate-Limit-Reset: 1777885990\n", 60000},
        {DATE "Date: Mon, 04 May 2026 09:12:41 GMT\nX-Rate-Limit-Reset: 1777885990\n", 60000},
        {DATE, 60000},
        {"", 60000},
        {DATE "X-Rate-Limit-Reset: 1777885990\nRetry-After: 5\n", 31000},
        {DATE "X-Rate-Limit-Reset: 1777885990\nRetry-After: 90\n", 90000},
        {"Retry-After: 5\n", 60000},
        {"Retry-After: 120\n", 120000},
        {"Retry-After: 0\n", 60000},
        {"Retry-After: 99999999999\n", RETRY_AFTER_MAX_MS},
        {"Retry-After: soon\n", 60000},
        {"Retry-After: 120\nRetry-After: 130\n", 60000},
        {DATE "Retry-After: Mon, 04 May 2026 09:15:40 GMT\n", 180000},
        {DATE "Retry-After: Mon, 04 May 2026 09:11:40 GMT\n", 60000},
        {"Retry-After: Mon, 04 May 2026 09:15:40 GMT\n", 60000}, /* against which clock? */
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_response res = answer(&arena, 429, cases[i].lines);

        if (retry_rate_wait_ms(&res) != cases[i].wait_ms) {
            fail_msg("case %zu: %lld instead of %lld", i, (long long)retry_rate_wait_ms(&res),
                     (long long)cases[i].wait_ms);
        }
    }
    arena_fini(&arena);
}

static void test_backoff_grows_twofold_with_full_jitter_up_to_its_ceiling(void **state)
{
    static const int64_t ceilings[] = {0, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    struct rng rng = rng_seed(7);

    (void)state;
    for (unsigned sends = 1; sends < ARRAY_LEN(ceilings); sends++) {
        int64_t lowest = INT64_MAX, highest = -1;

        for (int i = 0; i < 2000; i++) {
            int64_t ms = retry_backoff_ms(sends, 1000, 60000, &rng);
            lowest = ms < lowest ? ms : lowest;
            highest = ms > highest ? ms : highest;
        }
        assert_in_range(highest, ceilings[sends] * 9 / 10, ceilings[sends]);
        assert_in_range(lowest, 0, ceilings[sends] / 10);
    }
    assert_in_range(retry_backoff_ms(4000000000u, 1000, INT64_MAX, &rng), 0, INT64_MAX);
    assert_int_equal(retry_backoff_ms(3, 0, 60000, &rng), 0);
}

static void test_a_concurrency_wait_is_short_and_scattered(void **state)
{
    struct rng rng = rng_seed(3);
    int64_t lowest = INT64_MAX, highest = 0;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        int64_t ms = retry_concurrency_ms(&rng);
        lowest = ms < lowest ? ms : lowest;
        highest = ms > highest ? ms : highest;
    }
    assert_in_range(lowest, 1000, 1100);
    assert_in_range(highest, 4900, 5000);
}

static struct http_response any_response(struct rng *rng)
{
    static const int statuses[] = {0, 200, 204, 301, 400, 404, 409, 429, 500, 502, 503, 504, 599};
    static const enum err_kind kinds[] = {ERR_UNAVAILABLE, ERR_REMOTE, ERR_SETTINGS, ERR_INTERNAL};

    return (struct http_response){
        .outcome = (enum http_outcome)rng_below(rng, 3),
        .status = statuses[rng_below(rng, ARRAY_LEN(statuses))],
        .kind = kinds[rng_below(rng, ARRAY_LEN(kinds))],
        .dropped = rng_chance(rng, 30),
    };
}

static void test_what_must_not_be_repeated_is_sent_again_only_after_proof(void **state)
{
    unsigned again = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 10000; seed++) {
        struct rng rng = rng_seed(seed);
        const struct http_request req = {.method = (enum http_method)rng_below(&rng, 5)};
        bool may_have_happened = false;

        for (unsigned sends = 1; sends <= 8; sends++) {
            struct http_response res = any_response(&rng);

            may_have_happened = may_have_happened || res.outcome == HTTP_LOST ||
                                (res.outcome == HTTP_ANSWERED && res.status != 429);
            if (retry_classify(&req, &res, sends, 8) == RETRY_NO)
                break;
            again++;
            if (may_have_happened || sends == 8) {
                fail_msg("seed %llu: sent again after outcome %d, status %d",
                         (unsigned long long)seed, (int)res.outcome, res.status);
            }
        }
    }
    assert_true(again > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_outcome_has_its_class),
        cmocka_unit_test(test_a_dead_connection_is_tried_at_once_only_once),
        cmocka_unit_test(test_a_rate_wait_is_by_the_servers_clock),
        cmocka_unit_test(test_backoff_grows_twofold_with_full_jitter_up_to_its_ceiling),
        cmocka_unit_test(test_a_concurrency_wait_is_short_and_scattered),
        cmocka_unit_test(test_what_must_not_be_repeated_is_sent_again_only_after_proof),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

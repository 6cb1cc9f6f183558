#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "http/http_limit.h"

#define NOW    INT64_C(1777885960000) /* our clock */
#define GROUPS "/api/v1/groups"

/* Headers of an answer by a server whose clock is `skew_s` ahead of ours. */
struct answer {
    char limit[32], remaining[32], reset[32], date[64];
    struct http_header headers[5];
    struct http_response res;
};

/* By the C library: the property below makes millions of them. */
static const char *http_date(int64_t ms, char out[64])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    (void)strftime(out, 64, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&seconds, &tm));
    return out;
}

static const struct http_response *answer(struct answer *a, int64_t now_ms, int64_t skew_s,
                                          long long limit, long long remaining, int64_t reset_in_s)
{
    int64_t server_s = now_ms / 1000 + skew_s;

    (void)snprintf(a->limit, sizeof(a->limit), "%lld", limit);
    (void)snprintf(a->remaining, sizeof(a->remaining), "%lld", remaining);
    (void)snprintf(a->reset, sizeof(a->reset), "%lld", (long long)server_s + (long long)reset_in_s);
    a->headers[0] = (struct http_header){STR("x-rate-limit-limit"), str_of(a->limit)};
    a->headers[1] = (struct http_header){STR("X-Rate-Limit-Remaining"), str_of(a->remaining)};
    a->headers[2] = (struct http_header){STR("X-Rate-Limit-Reset"), str_of(a->reset)};
    a->headers[3] = (struct http_header){STR("Date"), str_of(http_date(server_s * 1000, a->date))};
    a->res = (struct http_response){
        .status = 200, .headers = a->headers, .n_headers = 4, .answered_at = now_ms};
    return &a->res;
}

/* One request goes out and comes back with that reading. */
static void teach(struct http_limit *limit, int64_t now_ms, int64_t skew_s, long long max,
                  long long remaining, int64_t reset_in_s)
{
    struct answer a;
    int64_t wait_ms = 0;

    (void)http_limit_admit(limit, GROUPS, 1, now_ms, &wait_ms);
    http_limit_learn(limit, GROUPS, answer(&a, now_ms, skew_s, max, remaining, reset_in_s));
}

/* `n` when some may go, `wait MS` when none. */
static const char *admit(struct http_limit *limit, size_t wanted, int64_t now_ms)
{
    static char out[64];
    int64_t wait_ms = -1;
    size_t n = http_limit_admit(limit, GROUPS, wanted, now_ms, &wait_ms);

    if (n > 0) {
        (void)snprintf(out, sizeof(out), "%zu", n);
    } else {
        (void)snprintf(out, sizeof(out), "wait %lld", (long long)wait_ms);
    }
    return out;
}

static void test_an_unknown_bucket_lets_everything_through(void **state)
{
    struct http_limit limit = {.share = 50};
    int64_t wait_ms = -1;

    (void)state;
    assert_string_equal(admit(&limit, 1000, NOW), "1000");
    assert_int_equal(http_limit_admit(&limit, NULL, 77, NOW, &wait_ms), 77);
    assert_int_equal(http_limit_left_percent(&limit, NOW), 100);
    assert_int_equal(wait_ms, -1);
}

static void test_a_bucket_closes_under_a_tenth_and_opens_at_the_reset(void **state)
{
    struct http_limit limit = {.share = 100};

    (void)state;
    teach(&limit, NOW, 0, 100, 12, 30);
    assert_int_equal(http_limit_left_percent(&limit, NOW), 12);
    /* 12, 11 and 10 are not under a tenth. */
    assert_string_equal(admit(&limit, 50, NOW), "3");
    assert_string_equal(admit(&limit, 50, NOW), "wait 31000");
    assert_string_equal(admit(&limit, 1, NOW + 30999), "wait 1");
    assert_int_equal(http_limit_left_percent(&limit, NOW + 30999), 9);
    assert_int_equal(http_limit_left_percent(&limit, NOW + 31000), 100);
    assert_string_equal(admit(&limit, 1, NOW + 31000), "1");
}

static void test_the_tenth_is_exact_for_small_limits(void **state)
{
    static const struct {
        long long limit, remaining;
        const char *admitted;
    } cases[] = {
        {1, 1, "1"},           {1, 0, "wait 31000"},
        {5, 1, "1"},           {10, 1, "1"},
        {11, 1, "wait 31000"}, {11, 2, "1"},
        {20, 2, "1"},          {20, 1, "wait 31000"},
        {600, 60, "1"},        {600, 59, "wait 31000"},
        {600, 600, "541"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_limit limit = {.share = 100};

        teach(&limit, NOW, 0, cases[i].limit, cases[i].remaining, 30);
        if (cases[i].limit == 1) /* the request that taught us is a whole share of it */
            limit.buckets[0].ours = 0;
        assert_string_equal(admit(&limit, 1000, NOW), cases[i].admitted);
    }
}

static void test_the_reset_is_by_the_servers_clock(void **state)
{
    (void)state;
    for (int64_t skew_s = -3600; skew_s <= 3600; skew_s += 3600) {
        struct http_limit limit = {.share = 100};

        teach(&limit, NOW, skew_s, 100, 0, 20);
        assert_string_equal(admit(&limit, 1, NOW), "wait 21000");
        assert_string_equal(admit(&limit, 1, NOW + 5000), "wait 16000");
    }
}

static void test_only_our_share_of_a_window_is_used(void **state)
{
    struct http_limit limit = {.share = 50};

    (void)state;
    teach(&limit, NOW, 0, 100, 99, 30);
    assert_string_equal(admit(&limit, 1000, NOW), "49"); /* one went already */
    assert_string_equal(admit(&limit, 1000, NOW), "wait 31000");
}

static void test_a_share_is_never_nothing(void **state)
{
    struct http_limit limit = {.share = 1};

    (void)state;
    teach(&limit, NOW, 0, 20, 19, 30);
    assert_string_equal(admit(&limit, 5, NOW), "wait 31000");
    assert_string_equal(admit(&limit, 5, NOW + 31000), "1");
}

static void test_answers_of_one_window_count_in_any_order(void **state)
{
    struct http_limit limit = {.share = 100};
    struct answer a;

    (void)state;
    teach(&limit, NOW, 0, 100, 90, 30);
    assert_string_equal(admit(&limit, 3, NOW), "3");
    http_limit_learn(&limit, GROUPS, answer(&a, NOW, 0, 100, 40, 30));
    http_limit_learn(&limit, GROUPS, answer(&a, NOW, 0, 100, 42, 30));
    http_limit_learn(&limit, GROUPS, answer(&a, NOW, 0, 100, 41, 30));
    assert_int_equal(http_limit_left_percent(&limit, NOW), 40);
    assert_string_equal(admit(&limit, 100, NOW), "31");
}

static void test_what_is_under_way_is_taken_off_a_new_reading(void **state)
{
    struct http_limit limit = {.share = 100};
    struct answer a;

    (void)state;
    assert_string_equal(admit(&limit, 11, NOW), "11");
    http_limit_learn(&limit, GROUPS, answer(&a, NOW, 0, 100, 99, 30));
    /* Ten are on their way: 89 are left, of which one may use those down to 10. */
    assert_string_equal(admit(&limit, 1000, NOW), "80");
}

static void test_a_new_window_starts_anew(void **state)
{
    struct http_limit limit = {.share = 100};

    (void)state;
    teach(&limit, NOW, 0, 100, 5, 30);
    assert_string_equal(admit(&limit, 1, NOW), "wait 31000");
    /* The clock of the server ran a little faster: an answer of the next window comes early. */
    teach(&limit, NOW + 29000, 0, 100, 99, 60);
    assert_int_equal(http_limit_left_percent(&limit, NOW + 29000), 99);
    /* An answer of the old one that was overtaken says nothing any more. */
    teach(&limit, NOW + 29000, 0, 100, 1, 1);
    assert_int_equal(http_limit_left_percent(&limit, NOW + 29000), 98);
}

static void test_what_is_under_way_counts_in_the_window_that_answers(void **state)
{
    struct http_limit limit = {.share = 50};
    struct answer a;

    (void)state;
    teach(&limit, NOW, 0, 100, 99, 30);
    assert_string_equal(admit(&limit, 10, NOW), "10");
    http_limit_learn(&limit, GROUPS, answer(&a, NOW, 0, 100, 99, 90));
    assert_string_equal(admit(&limit, 1000, NOW), "40");
}

static void test_after_the_reset_not_more_than_a_window_goes_blindly(void **state)
{
    struct http_limit limit = {.share = 100};

    (void)state;
    teach(&limit, NOW, 0, 100, 5, 30);
    assert_string_equal(admit(&limit, 1000, NOW + 31000), "91");
    assert_string_equal(admit(&limit, 1000, NOW + 31000), "wait 60000");
}

static void test_a_request_that_was_not_sent_is_given_back(void **state)
{
    const struct http_response not_sent = {.outcome = HTTP_NOT_SENT, .kind = ERR_UNAVAILABLE};
    struct http_limit limit = {.share = 100};

    (void)state;
    teach(&limit, NOW, 0, 100, 10, 30);
    assert_string_equal(admit(&limit, 9, NOW), "1");
    assert_string_equal(admit(&limit, 9, NOW), "wait 31000");
    http_limit_learn(&limit, GROUPS, &not_sent);
    assert_string_equal(admit(&limit, 9, NOW), "1");
}

static bool is_same(const struct http_limit_bucket *a, const struct http_limit_bucket *b)
{
    return a->known == b->known && a->limit == b->limit && a->remaining == b->remaining &&
           a->reset_at == b->reset_at && a->ours == b->ours && a->window == b->window &&
           a->in_flight == b->in_flight && a->closed_until == b->closed_until;
}

static void test_odd_headers_change_nothing(void **state)
{
    static const struct {
        size_t header; /* index in the answer */
        const char *name, *value;
    } cases[] = {
        {0, "X-Rate-Limit-Limit", "0"},
        {0, "X-Rate-Limit-Limit", "-5"},
        {0, "X-Rate-Limit-Limit", "1000000001"},
        {0, "X-Rate-Limit-Limit", "many"},
        {0, "X-Rate-Limit-Limit", "100, 100"},
        {0, "X-Other", "100"},
        {1, "X-Rate-Limit-Remaining", "101"},
        {1, "X-Rate-Limit-Remaining", "-1"},
        {1, "X-Rate-Limit-Remaining", ""},
        {1, "X-Other", "1"},
        {2, "X-Rate-Limit-Reset", "1777885959"},
        {2, "X-Rate-Limit-Reset", "1777886261"},
        {2, "X-Rate-Limit-Reset", "99999999999999999999"},
        {2, "X-Other", "1"},
        {3, "Date", "today"},
        {3, "X-Other", "1"},
        {4, "X-Rate-Limit-Remaining", "7"}, /* a second, other value */
        {4, "X-Rate-Limit-Limit", "7"},
        {4, "X-Rate-Limit-Reset", "7"},
        {4, "Date", "Mon, 04 May 2026 09:12:41 GMT"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_limit limit = {.share = 100};
        struct answer a;
        int64_t wait_ms;

        teach(&limit, NOW, 0, 100, 50, 30);
        struct http_limit_bucket expected = limit.buckets[0];
        (void)http_limit_admit(&limit, GROUPS, 1, NOW, &wait_ms);
        (void)answer(&a, NOW, 0, 100, 1, 30);
        a.headers[cases[i].header] =
            (struct http_header){str_of(cases[i].name), str_of(cases[i].value)};
        a.res.n_headers = 5;
        if (cases[i].header != 4)
            a.headers[4] = (struct http_header){STR("X-Last"), STR("")};
        http_limit_learn(&limit, GROUPS, &a.res);
        expected.remaining--;
        expected.ours++;
        if (!is_same(&expected, &limit.buckets[0]))
            fail_msg("case %zu: %s: %s", i, cases[i].name, cases[i].value);
    }
}

static void test_a_bucket_that_was_shut_admits_nothing_until_then(void **state)
{
    struct http_limit limit = {.share = 100};

    (void)state;
    http_limit_close(&limit, GROUPS, NOW + 60000);
    assert_string_equal(admit(&limit, 1, NOW), "wait 60000");
    assert_int_equal(http_limit_left_percent(&limit, NOW), 0);
    http_limit_close(&limit, GROUPS, NOW + 10000); /* never shorter */
    assert_string_equal(admit(&limit, 1, NOW + 10000), "wait 50000");
    assert_string_equal(admit(&limit, 1, NOW + 60000), "1");
}

static void test_a_wall_clock_set_back_does_not_lock_a_bucket(void **state)
{
    struct http_limit limit = {.share = 100};

    (void)state;
    teach(&limit, NOW, 0, 100, 0, 30);
    assert_string_equal(admit(&limit, 1, NOW - TIME_HOUR), "1");
    http_limit_close(&limit, GROUPS, NOW + 60000);
    assert_string_equal(admit(&limit, 1, NOW - TIME_HOUR), "1");
}

static void test_more_buckets_than_there_is_room_for_are_left_to_the_server(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i",
                                        "j", "k", "l", "m", "n", "o", "p", "q", "r"};
    struct http_limit limit = {.share = 100};
    struct answer a;
    int64_t wait_ms;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(http_limit_admit(&limit, names[i], 1, NOW, &wait_ms), 1);
        http_limit_learn(&limit, names[i], answer(&a, NOW, 0, 100, 0, 30));
        assert_int_equal(http_limit_admit(&limit, names[i], 1, NOW, &wait_ms),
                         i < HTTP_LIMIT_BUCKETS ? 0 : 1);
    }
    assert_int_equal(limit.n, HTTP_LIMIT_BUCKETS);
}

/* A server that counts for itself, and the time of both. */
struct world {
    struct rng rng;
    struct http_limit limit;
    long long max, left;
    int64_t now, window_ends, skew_s;
};

/* By the bucket's own last word: may anything go at all, and at most how much? */
static bool is_closed(const struct world *w, long long *most)
{
    const struct http_limit_bucket *b = &w->limit.buckets[0];
    long long share = b->limit * w->limit.share / 100;
    bool known = b->known && w->now < b->reset_at && b->reset_at - w->now <= 6 * TIME_MINUTE;

    *most = INT64_MAX;
    if (known)
        *most = (share > 0 ? share : 1) - b->ours;
    return w->now < b->closed_until || (known && (b->remaining * 10 < b->limit || *most <= 0));
}

static void answer_all(struct world *w, size_t n)
{
    static const struct http_response lost = {.outcome = HTTP_LOST};
    struct answer a;

    w->left -= (long long)n < w->left ? (long long)n : w->left;
    (void)answer(&a, w->now, w->skew_s, w->max, w->left, (w->window_ends - w->now) / 1000);
    for (size_t i = 0; i < n; i++)
        http_limit_learn(&w->limit, GROUPS, rng_chance(&w->rng, 5) ? &lost : &a.res);
}

/* Other clients, a 429 now and then, and time. */
static void go_on(struct world *w)
{
    if (rng_chance(&w->rng, 5))
        http_limit_close(&w->limit, GROUPS, w->now + rng_between(&w->rng, 0, 60000));
    if (rng_chance(&w->rng, 20) && w->left > 0)
        w->left -= rng_between(&w->rng, 0, w->left);
    if (rng_chance(&w->rng, 50))
        w->now += 1000 * rng_between(&w->rng, 0, 40);
    if (w->now >= w->window_ends) {
        w->window_ends = w->now + 60000;
        w->left = w->max;
    }
}

/*
 * Whatever the order of sends, answers, other clients, losses and time: a bucket that is under a
 * tenth, shut, or whose share is used lets nothing through, an open one lets something through, and
 * never more than what is left of the share.
 */
static void test_a_closed_bucket_never_admits(void **state)
{
    unsigned n_closed = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 10000; seed++) {
        struct world w = {.rng = rng_seed(seed), .now = NOW, .window_ends = NOW + 60000};

        w.limit.share = (unsigned)rng_between(&w.rng, 1, 100);
        w.left = w.max = rng_between(&w.rng, 1, 200);
        w.skew_s = rng_between(&w.rng, -4000, 4000);
        for (int step = 0; step < 30; step++) {
            long long most;
            int64_t wait_ms = 0;
            bool closed = is_closed(&w, &most);
            size_t wanted = (size_t)rng_between(&w.rng, 1, 12);
            size_t n = http_limit_admit(&w.limit, GROUPS, wanted, w.now, &wait_ms);

            n_closed += closed;
            if ((n == 0) != closed || (n == 0 && wait_ms <= 0) || n > wanted ||
                (n > 0 && (long long)n > most))
                fail_msg("seed %llu step %d: %zu of %zu admitted", (unsigned long long)seed, step,
                         n, wanted);
            answer_all(&w, n);
            go_on(&w);
        }
    }
    assert_true(n_closed > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_unknown_bucket_lets_everything_through),
        cmocka_unit_test(test_a_bucket_closes_under_a_tenth_and_opens_at_the_reset),
        cmocka_unit_test(test_the_tenth_is_exact_for_small_limits),
        cmocka_unit_test(test_the_reset_is_by_the_servers_clock),
        cmocka_unit_test(test_only_our_share_of_a_window_is_used),
        cmocka_unit_test(test_a_share_is_never_nothing),
        cmocka_unit_test(test_answers_of_one_window_count_in_any_order),
        cmocka_unit_test(test_what_is_under_way_is_taken_off_a_new_reading),
        cmocka_unit_test(test_a_new_window_starts_anew),
        cmocka_unit_test(test_what_is_under_way_counts_in_the_window_that_answers),
        cmocka_unit_test(test_after_the_reset_not_more_than_a_window_goes_blindly),
        cmocka_unit_test(test_a_request_that_was_not_sent_is_given_back),
        cmocka_unit_test(test_odd_headers_change_nothing),
        cmocka_unit_test(test_a_bucket_that_was_shut_admits_nothing_until_then),
        cmocka_unit_test(test_a_wall_clock_set_back_does_not_lock_a_bucket),
        cmocka_unit_test(test_more_buckets_than_there_is_room_for_are_left_to_the_server),
        cmocka_unit_test(test_a_closed_bucket_never_admits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

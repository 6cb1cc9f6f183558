#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/aws_retry.h"
#include "base/attr.h"
#include "base/clock.h"

static const char *trouble_name(enum aws_trouble trouble)
{
    static const char *const names[] = {"none", "throttled", "transient", "clock", "expired"};

    return names[trouble];
}

static const char *step_name(enum aws_step step)
{
    static const char *const names[] = {"stop", "later", "clock", "fresh"};

    return names[step];
}

static void test_the_code_says_what_the_trouble_is_and_the_status_only_without_it(void **state)
{
    static const struct {
        const char *code;
        int status;
        const char *trouble;
    } cases[] = {
        {"ThrottlingException", 400, "throttled"},
        {"TooManyRequestsException", 429, "throttled"},
        {"LimitExceededException", 400, "throttled"},
        {"SlowDown", 503, "throttled"},
        {"", 429, "throttled"},
        {"InternalServerException", 400, "transient"},
        {"IDPCommunicationError", 400, "transient"},
        {"RequestTimeout", 408, "transient"},
        {"", 500, "transient"},
        {"", 502, "transient"},
        {"", 503, "transient"},
        {"", 504, "transient"},
        {"SomethingNew", 500, "transient"},
        {"", 501, "none"},
        {"", 400, "none"},
        {"ValidationException", 400, "none"},
        {"ConflictException", 409, "none"},
        {"ResourceNotFoundException", 404, "none"},
        {"ServiceQuotaExceededException", 402, "none"},
        {"UnrecognizedClientException", 400, "none"},
        {"RequestTimeTooSkewed", 403, "clock"},
        {"RequestInTheFuture", 403, "clock"},
        {"InvalidSignatureException", 400, "clock"},
        {"AccessDeniedException", 400, "clock"},
        {"ExpiredTokenException", 400, "expired"},
        {"ExpiredToken", 403, "expired"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(trouble_name(aws_trouble_of(str_of(cases[i].code), cases[i].status)),
                            cases[i].trouble);
    }
}

#define MIN TIME_MINUTE

static const struct attempt_case {
    const char *says;
    struct aws_attempt attempt;
    const char *step;
} attempts[] = {
    {"a throttled read",
     {.sends = 1, .status = 429, .code = STR("ThrottlingException"), .no_effect = true},
     "later"},
    {"a throttled write",
     {.is_write = true,
      .sends = 2,
      .status = 400,
      .code = STR("ThrottlingException"),
      .no_effect = true},
     "later"},
    {"the third attempt", {.sends = 3, .status = 429, .no_effect = true}, "stop"},
    {"a read that the service could not do", {.sends = 1, .status = 500}, "later"},
    {"a write that the service could not do",
     {.is_write = true, .sends = 1, .status = 500, .code = STR("InternalServerException")},
     "stop"},
    {"a read without an answer",
     {.sends = 1, .outcome = HTTP_LOST, .kind = ERR_UNAVAILABLE},
     "later"},
    {"a write without an answer",
     {.is_write = true, .sends = 1, .outcome = HTTP_LOST, .kind = ERR_UNAVAILABLE},
     "stop"},
    {"a write that never left",
     {.is_write = true, .sends = 1, .outcome = HTTP_NOT_SENT, .kind = ERR_UNAVAILABLE},
     "later"},
    {"a remote that was given up on",
     {.sends = 1, .outcome = HTTP_NOT_SENT, .kind = ERR_UNAVAILABLE, .is_away = true},
     "stop"},
    {"an answer that is too large", {.sends = 1, .outcome = HTTP_LOST, .kind = ERR_REMOTE}, "stop"},
    {"a URL that is none", {.sends = 1, .outcome = HTTP_NOT_SENT, .kind = ERR_SETTINGS}, "stop"},
    {"a success", {.sends = 1, .status = 200}, "stop"},
    {"a conflict", {.sends = 1, .status = 409, .code = STR("ConflictException")}, "stop"},
    {"a refusal with a good clock",
     {.sends = 1,
      .status = 403,
      .code = STR("AccessDeniedException"),
      .no_effect = true,
      .skew_now = 1 * MIN},
     "stop"},
    {"a refusal with a bad clock",
     {.sends = 1,
      .status = 403,
      .code = STR("AccessDeniedException"),
      .no_effect = true,
      .skew_now = 4 * MIN},
     "clock"},
    {"a skewed write",
     {.is_write = true,
      .sends = 1,
      .status = 400,
      .code = STR("InvalidSignatureException"),
      .no_effect = true,
      .skew_now = -9 * MIN},
     "clock"},
    {"a clock that was allowed for",
     {.sends = 1,
      .status = 400,
      .code = STR("RequestExpired"),
      .no_effect = true,
      .skew_used = 9 * MIN,
      .skew_now = 9 * MIN},
     "stop"},
    {"a clock that was put right meanwhile",
     {.sends = 1,
      .status = 400,
      .code = STR("RequestExpired"),
      .no_effect = true,
      .skew_used = 9 * MIN,
      .skew_now = 0},
     "clock"},
    {"a second skew",
     {.sends = 2,
      .status = 400,
      .code = STR("RequestExpired"),
      .no_effect = true,
      .skew_now = 9 * MIN,
      .clock_tried = true},
     "stop"},
    {"credentials that ran out",
     {.is_write = true,
      .sends = 1,
      .status = 400,
      .code = STR("ExpiredTokenException"),
      .no_effect = true},
     "fresh"},
    {"fresh ones that ran out, too",
     {.sends = 2,
      .status = 400,
      .code = STR("ExpiredTokenException"),
      .no_effect = true,
      .fresh_tried = true},
     "stop"},
};

static void test_what_goes_again_and_what_does_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
        const char *step = step_name(aws_retry_step(&attempts[i].attempt));
        if (strcmp(step, attempts[i].step) != 0)
            fail_msg("%s: %s, expected %s", attempts[i].says, step, attempts[i].step);
    }
}

static void test_delays_are_full_jitter_up_to_a_doubling_span(void **state)
{
    static const struct {
        enum aws_trouble trouble;
        unsigned retry;
        int64_t span_ms;
    } cases[] = {
        {AWS_TROUBLE_THROTTLED, 0, 1000},   {AWS_TROUBLE_THROTTLED, 1, 2000},
        {AWS_TROUBLE_THROTTLED, 4, 16000},  {AWS_TROUBLE_THROTTLED, 5, 20000},
        {AWS_TROUBLE_THROTTLED, 60, 20000}, {AWS_TROUBLE_TRANSIENT, 0, 50},
        {AWS_TROUBLE_TRANSIENT, 1, 100},    {AWS_TROUBLE_TRANSIENT, 60, 20000},
    };
    struct rng rng = rng_seed(7);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t least = INT64_MAX;
        int64_t most = -1;
        for (unsigned k = 0; k < 4000; k++) {
            int64_t ms = aws_retry_delay_ms(cases[i].trouble, cases[i].retry, 0, &rng);
            least = ms < least ? ms : least;
            most = ms > most ? ms : most;
        }
        assert_true(least >= 0 && least <= cases[i].span_ms / 20);
        assert_true(most < cases[i].span_ms && most >= cases[i].span_ms * 19 / 20);
    }
}

static void test_a_server_is_listened_to_up_to_five_seconds_more(void **state)
{
    struct rng rng = rng_seed(7);

    (void)state;
    for (unsigned k = 0; k < 1000; k++) {
        int64_t ms = aws_retry_delay_ms(AWS_TROUBLE_TRANSIENT, 0, 3000, &rng);
        assert_int_equal(ms, 3000);
        ms = aws_retry_delay_ms(AWS_TROUBLE_TRANSIENT, 0, 60000, &rng);
        assert_true(ms >= 5000 && ms < 5050);
        ms = aws_retry_delay_ms(AWS_TROUBLE_THROTTLED, 3, 1, &rng);
        assert_true(ms >= 1 && ms < 8000);
    }
}

static void test_the_bucket_pays_for_retries_until_it_is_empty(void **state)
{
    struct aws_bucket bucket = {AWS_BUCKET_FULL};
    unsigned n = 0;
    int paid = 0;

    (void)state;
    while (aws_bucket_take(&bucket, AWS_TROUBLE_TRANSIENT, &paid))
        n++;
    assert_int_equal(n, 35); /* 35 * 14 = 490 */
    assert_int_equal(paid, 14);
    assert_int_equal(bucket.tokens, 10);
    assert_true(aws_bucket_take(&bucket, AWS_TROUBLE_THROTTLED, &paid));
    assert_int_equal(paid, 5);
    assert_true(aws_bucket_take(&bucket, AWS_TROUBLE_THROTTLED, &paid));
    assert_false(aws_bucket_take(&bucket, AWS_TROUBLE_THROTTLED, &paid));

    aws_bucket_give(&bucket, 14);
    assert_int_equal(bucket.tokens, 14);
    aws_bucket_give(&bucket, 0);
    assert_int_equal(bucket.tokens, 15);
    for (unsigned i = 0; i < 1000; i++)
        aws_bucket_give(&bucket, 14);
    assert_int_equal(bucket.tokens, AWS_BUCKET_FULL);
}

static void test_within_no_second_more_calls_begin_than_allowed(void **state)
{
    struct aws_pace pace = {.per_second = 5};
    int64_t began[400];
    int64_t now = 1000000;
    size_t n = 0;

    (void)state;
    struct rng rng = rng_seed(3);
    while (n < 300) {
        int64_t wait_ms = 0;
        size_t wanted = (size_t)rng_between(&rng, 1, 9);
        size_t admitted = aws_pace_admit(&pace, wanted, now, &wait_ms);
        assert_true(admitted <= wanted);
        assert_true(admitted == wanted || wait_ms > 0 || admitted > 0);
        for (size_t i = 0; i < admitted; i++)
            began[n++] = now;
        now += admitted > 0 ? rng_between(&rng, 0, 300) : wait_ms;
    }
    for (size_t i = 5; i < n; i++)
        assert_true(began[i] - began[i - 5] >= TIME_SECOND);
    /* And it does not dawdle: five a second, less what the random pauses cost. */
    assert_true(began[n - 1] - began[0] < (int64_t)n * 400);
}

static void test_without_a_pace_everything_goes(void **state)
{
    struct aws_pace pace = {0};
    int64_t wait_ms = 0;

    (void)state;
    assert_int_equal(aws_pace_admit(&pace, 1000, 5, &wait_ms), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_code_says_what_the_trouble_is_and_the_status_only_without_it),
        cmocka_unit_test(test_what_goes_again_and_what_does_not),
        cmocka_unit_test(test_delays_are_full_jitter_up_to_a_doubling_span),
        cmocka_unit_test(test_a_server_is_listened_to_up_to_five_seconds_more),
        cmocka_unit_test(test_the_bucket_pays_for_retries_until_it_is_empty),
        cmocka_unit_test(test_within_no_second_more_calls_begin_than_allowed),
        cmocka_unit_test(test_without_a_pace_everything_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

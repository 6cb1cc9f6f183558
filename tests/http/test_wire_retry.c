#include "wire.h"

/* Waiting and trying again over the wire, on virtual time. */

#define HEAD429 "HTTP/1.1 429 Too Many Requests\r\n"
#define REFUSAL "Content-Length: 25\r\n\r\n{\"errorCode\":\"E0000047\"}\n"
#define DATE    "Date: Mon, 04 May 2026 09:12:40 GMT\r\n" /* our own time */
#define SKEWED  "Date: Mon, 04 May 2026 10:12:40 GMT\r\n" /* an hour ahead of it */

static void test_every_429_is_waited_out_by_the_servers_clock(void **state)
{
    static const struct {
        const char *name, *bytes;
        int64_t from_ms, to_ms; /* slept in all, jitter included */
    } cases[] = {
        {"plain",
         HEAD429 DATE "X-Rate-Limit-Limit: 250\r\nX-Rate-Limit-Remaining: 0\r\n"
                      "X-Rate-Limit-Reset: 1777885990\r\n" REFUSAL,
         31000, 33000},
        {"lower case",
         HEAD429 DATE "x-rate-limit-limit: 250\r\nx-rate-limit-remaining: 0\r\n"
                      "x-rate-limit-reset: 1777885990\r\n" REFUSAL,
         31000, 33000},
        {"their clock is an hour ahead",
         HEAD429 SKEWED "X-Rate-Limit-Limit: 250\r\nX-Rate-Limit-Remaining: 0\r\n"
                        "X-Rate-Limit-Reset: 1777889590\r\n" REFUSAL,
         31000, 33000},
        {"too many at once",
         HEAD429 DATE "X-Rate-Limit-Limit: 0\r\nX-Rate-Limit-Remaining: 0\r\n"
                      "X-Rate-Limit-Reset: 1777886080\r\n" REFUSAL,
         1000, 5000},
        {"doubled as two lines",
         HEAD429 DATE
         "X-Rate-Limit-Limit: 250\r\nX-Rate-Limit-Remaining: 0\r\n"
         "X-Rate-Limit-Reset: 1777885990\r\nX-Rate-Limit-Reset: 1777885970\r\n" REFUSAL,
         60000, 62000},
        {"doubled in one line",
         HEAD429 DATE "X-Rate-Limit-Limit: 250, 600\r\nX-Rate-Limit-Remaining: 0, 10\r\n"
                      "X-Rate-Limit-Reset: 1777885990, 1777885970\r\n" REFUSAL,
         60000, 62000},
        {"no headers", HEAD429 REFUSAL, 60000, 62000},
        {"no Date", HEAD429 "X-Rate-Limit-Reset: 1777885990\r\n" REFUSAL, 60000, 62000},
        {"reset in the past", HEAD429 DATE "X-Rate-Limit-Reset: 1777885950\r\n" REFUSAL, 60000,
         62000},
        {"reset far away", HEAD429 DATE "X-Rate-Limit-Reset: 1777889960\r\n" REFUSAL, 60000, 62000},
        {"Retry-After is longer",
         HEAD429 DATE "X-Rate-Limit-Reset: 1777885990\r\nRetry-After: 50\r\n" REFUSAL, 50000,
         52000},
        {"Retry-After is shorter",
         HEAD429 DATE "X-Rate-Limit-Reset: 1777885990\r\nRetry-After: 3\r\n" REFUSAL, 31000, 33000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct raw_reply replies[] = {{.bytes = cases[i].bytes}, {.bytes = OK_JSON("[]")}};

        WIRE_START(replies, .parallel = 1);
        wire_ask(0, HTTP_PUT, "/users/00u1", false);
        wire.req[0].bucket = "/api/v1/groups";
        wire_exchange(1);
        assert_string_equal(wire_show(0), "answered 200 x2 []");
        if (wire.time.slept < cases[i].from_ms || wire.time.slept > cases[i].to_ms)
            fail_msg("%s: slept %lld ms", cases[i].name, (long long)wire.time.slept);
        assert_int_equal(raw_server_requests(wire.server), 2);
        wire_stop();
    }
}

static void test_a_500_is_tried_again_and_then_answered(void **state)
{
    static const struct raw_reply replies[] = {
        {.bytes = "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops"}, {.bytes = OK_JSON("[]")}};

    (void)state;
    WIRE_START(replies, .parallel = 1);
    assert_string_equal(wire_one(HTTP_GET, "/", true), "answered 200 x2 []");
    assert_int_equal(wire.time.n_sleeps, 1);
    assert_in_range(wire.time.slept, 1, 1000);
}

static void test_a_gateway_page_of_a_write_comes_back_as_it_is(void **state)
{
    static const struct raw_reply replies[] = {
        {.bytes = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>"}};

    (void)state;
    WIRE_START(replies, .parallel = 1);
    assert_string_equal(wire_one(HTTP_PUT, "/", false), "answered 502 x1 <html>");
    assert_int_equal(raw_server_requests(wire.server), 1);
}

static void test_the_budget_stops_us_before_the_server_does(void **state)
{
    static const struct raw_reply replies[] = {
        {.bytes = "HTTP/1.1 200 OK\r\n" SKEWED "X-Rate-Limit-Limit: 100\r\n"
                  "X-Rate-Limit-Remaining: 11\r\nX-Rate-Limit-Reset: 1777889580\r\n"
                  "Content-Length: 0\r\n\r\n"},
        {.bytes = EMPTY_200}};
    int64_t server_ms, local_ms;

    (void)state;
    WIRE_START(replies, .parallel = 1);
    wire_ask(0, HTTP_GET, "/", true);
    wire.req[0].bucket = "/api/v1/groups";
    wire_exchange(1);
    assert_int_equal(http_budget_left(wire.http), 11);
    assert_true(http_server_date(wire.http, &server_ms, &local_ms));
    assert_int_equal(server_ms - local_ms, TIME_HOUR);
    for (size_t i = 0; i < 3; i++) {
        wire_ask(i, HTTP_GET, "/", true);
        wire.req[i].bucket = "/api/v1/groups";
    }
    wire_exchange(3);
    assert_int_equal(wire.time.n_sleeps, 1);
    assert_in_range(wire.time.slept, 21000, 22000);
}

static void test_a_cut_429_of_a_write_is_not_taken_as_proof(void **state)
{
    static const struct raw_reply replies[] = {
        {.bytes = HEAD429 "Content-Length: 100\r\n\r\n{", .then = RAW_CLOSE}};

    (void)state;
    WIRE_START(replies, .parallel = 1);
    assert_string_equal(wire_one(HTTP_PUT, "/", false), "lost 429 x1 unavailable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(test_every_429_is_waited_out_by_the_servers_clock),
        WIRE_TEST(test_a_500_is_tried_again_and_then_answered),
        WIRE_TEST(test_a_gateway_page_of_a_write_comes_back_as_it_is),
        WIRE_TEST(test_the_budget_stops_us_before_the_server_does),
        WIRE_TEST(test_a_cut_429_of_a_write_is_not_taken_as_proof),
    };

    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}

#include "wire.h"

/* What hangs up, stops, lies or never answers. */

static const char garbage[] = "SSH-2.0-OpenSSH_9.2\r\n";

static void test_a_write_whose_answer_is_cut_off_is_seen_once_and_lost(void **state)
{
    static const enum raw_then endings[] = {RAW_CLOSE, RAW_RESET};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        const struct raw_reply replies[] = {{.then = endings[i]}, {.bytes = EMPTY_200}};

        WIRE_START(replies, .parallel = 1);
        assert_string_equal(wire_one(HTTP_PUT, "/w", false), "lost 0 x1 unavailable");
        assert_true(wire.res[0].dropped);
        assert_int_equal(raw_server_requests(wire.server), 1);
        wire_stop();
    }
}

static void test_a_get_whose_answer_is_cut_off_is_repeated(void **state)
{
    static const struct raw_reply replies[] = {{.then = RAW_CLOSE}, {.bytes = OK_JSON("[]")}};

    (void)state;
    WIRE_START(replies, .parallel = 1);
    assert_string_equal(wire_one(HTTP_GET, "/r", true), "answered 200 x2 []");
    assert_int_equal(raw_server_requests(wire.server), 2);
    assert_int_equal(wire.time.n_sleeps, 0);
}

/* Here libcurl by itself would send the write again on a new connection. */
static void test_a_write_on_a_dying_kept_connection_is_seen_once_and_lost(void **state)
{
    static const enum http_method methods[] = {HTTP_PUT, HTTP_POST, HTTP_DELETE};
    static const enum raw_then endings[] = {RAW_CLOSE, RAW_RESET};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        const struct raw_reply replies[] = {
            {.bytes = OK_JSON("[]")}, {.then = endings[i % 2]}, {.bytes = EMPTY_200}};

        WIRE_START(replies, .parallel = 1);
        assert_string_equal(wire_one(HTTP_GET, "/r", true), "answered 200 x1 []");
        assert_string_equal(wire_one(methods[i / 2], "/w", false), "lost 0 x1 unavailable");
        assert_int_equal(raw_server_requests(wire.server), 2);
        /* The next one finds its way on a new connection. */
        assert_string_equal(wire_one(methods[i / 2], "/w", false), "answered 200 x1 ");
        assert_int_equal(raw_server_requests(wire.server), 3);
        wire_stop();
    }
}

static void test_a_read_on_a_dying_kept_connection_is_answered(void **state)
{
    static const struct raw_reply replies[] = {
        {.bytes = OK_JSON("[]")}, {.then = RAW_CLOSE}, {.bytes = OK_JSON("{}")}};

    (void)state;
    WIRE_START(replies, .parallel = 1);
    assert_string_equal(wire_one(HTTP_GET, "/r", true), "answered 200 x1 []");
    assert_string_equal(wire_one(HTTP_GET, "/r", true), "answered 200 x1 {}");
    assert_int_equal(raw_server_requests(wire.server), 3);
}

static void test_a_write_after_the_server_closed_an_idle_connection_succeeds(void **state)
{
    static const struct raw_reply replies[] = {{.bytes = OK_JSON("[]"), .then = RAW_CLOSE},
                                               {.bytes = EMPTY_200}};

    (void)state;
    WIRE_START(replies, .parallel = 1);
    assert_string_equal(wire_one(HTTP_GET, "/r", true), "answered 200 x1 []");

    const char *shown = wire_one(HTTP_PUT, "/w", false);
    /* Whether the close was seen before the write was begun is the kernel's business. */
    if (strcmp(shown, "answered 200 x1 ") != 0)
        assert_string_equal(shown, "lost 0 x1 unavailable");
    assert_in_range(raw_server_requests(wire.server), 1, 2);
}

static void test_half_an_answer_is_no_answer(void **state)
{
    static const struct {
        const char *bytes;
        enum raw_then then;
        const char *shown;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1,2", RAW_CLOSE, "lost 200 x1 unavailable"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", RAW_CLOSE, "lost 200 x1 unavailable"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1,2", RAW_RESET, "lost 200 x1 unavailable"},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\n[1,2", RAW_CLOSE,
         "lost 404 x1 unavailable"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2", RAW_CLOSE,
         "lost 200 x1 unavailable"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n[1,2\r\n", RAW_CLOSE,
         "lost 200 x1 unavailable"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n[1,2\r\n0\r\n", RAW_CLOSE,
         "lost 200 x1 unavailable"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n0\r\n\r\n", RAW_CLOSE,
         "lost 200 x1 unavailable"},
        {"HTTP/1.1 200 OK\r\nContent-Le", RAW_CLOSE, "lost 0 x1 unavailable"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", RAW_CLOSE, "lost 0 x1 unavailable"},
        {"HTTP/1.1 103 Early Hints\r\n\r\n", RAW_CLOSE, "lost 0 x1 unavailable"},
        {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]", RAW_CLOSE,
         "lost 200 x1 remote"},
        {"HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\nContent-Length: 2\r\n\r\n[]", RAW_CLOSE,
         "lost 200 x1 remote"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct raw_reply replies[] = {{.bytes = cases[i].bytes, .then = cases[i].then}};

        WIRE_START(replies, .parallel = 1);
        const char *shown = wire_one(HTTP_PUT, "/w", false);
        if (strcmp(shown, cases[i].shown) != 0)
            fail_msg("case %zu: %s (%.*s)", i, shown, STR_ARG(wire.res[0].why));
        assert_int_equal(wire.res[0].body.len, 0);
        assert_int_equal(raw_server_requests(wire.server), 1);
        wire_stop();
    }
}

static void test_what_is_not_http_is_lost(void **state)
{
    static const char *const cases[] = {
        garbage,
        "<html>hello</html>",
        "{\"json\":true}\n",
        "HTTP/3.0 200 OK\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        "\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct raw_reply replies[] = {{.bytes = cases[i], .then = RAW_CLOSE}};

        WIRE_START(replies, .parallel = 1);
        const char *shown = wire_one(HTTP_GET, "/r", false);
        if (strncmp(shown, "lost 0 x1 ", 10) != 0)
            fail_msg("case %zu: %s", i, shown);
        wire_stop();
    }
}

static void test_an_answer_that_stops_half_way_times_out_as_lost(void **state)
{
    static const struct raw_reply replies[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1", .then = RAW_HANG}};

    (void)state;
    WIRE_START(replies, .max_tries = 1);
    wire_ask(0, HTTP_GET, "/r", true);
    wire.req[0].timeout_ms = 200;
    wire_exchange(1);
    assert_string_equal(wire_show(0), "lost 200 x1 unavailable");
}

static void test_silence_times_out_as_lost(void **state)
{
    static const struct raw_reply replies[] = {{.then = RAW_HANG}};

    (void)state;
    WIRE_START(replies, .max_tries = 1);
    wire_ask(0, HTTP_PUT, "/w", false);
    wire.req[0].timeout_ms = 200;
    wire_exchange(1);
    assert_string_equal(wire_show(0), "lost 0 x1 unavailable");
    assert_false(wire.res[0].dropped);
}

static void test_a_closed_port_is_not_sent(void **state)
{
    static const struct raw_reply replies[] = {{.bytes = EMPTY_200}};

    (void)state;
    WIRE_START(replies, .max_tries = 2);
    wire_ask(0, HTTP_POST, "/w", false);
    raw_server_stop(wire.server);
    wire.server = NULL;
    wire_exchange(1);
    assert_string_equal(wire_show(0), "not sent 0 x2 unavailable");
}

static void test_a_name_that_does_not_exist_is_not_sent(void **state)
{
    static const struct raw_reply replies[] = {{.bytes = EMPTY_200}};

    (void)state;
    WIRE_START(replies, .max_tries = 1);
    wire_ask(0, HTTP_POST, "/w", false);
    wire.req[0].url = STR("https://no-such-host.invalid/");
    wire.req[0].timeout_ms = 2000;
    wire_exchange(1);
    assert_string_equal(wire_show(0), "not sent 0 x1 unavailable");
}

static void test_a_server_without_tls_gets_nothing_of_an_https_request(void **state)
{
    static const struct raw_reply replies[] = {{.bytes = garbage, .then = RAW_CLOSE}};
    static const struct http_header token = {STR("Authorization"), STR("SSWS hunter2")};

    (void)state;
    wire_start_with(replies, 1, true, (struct http_options){.max_tries = 1}, NULL);
    wire_ask(0, HTTP_POST, "/w", false);
    wire.req[0].url = str_of(raw_server_url(wire.server, "https", "/w"));
    wire.req[0].headers = &token;
    wire.req[0].n_headers = 1;
    wire_exchange(1);
    assert_string_equal(wire_show(0), "not sent 0 x1 unavailable");
    assert_null(strstr(raw_server_request(wire.server, 0), "hunter2"));
}

static void test_a_dead_remote_costs_a_batch_one_timeout(void **state)
{
    static const struct raw_reply replies[] = {{.then = RAW_HANG}};
    size_t lost = 0;

    (void)state;
    WIRE_START(replies, .parallel = 2, .max_tries = 1);
    for (size_t i = 0; i < 8; i++) {
        wire_ask(i, HTTP_PUT, "/w", false);
        wire.req[i].timeout_ms = 200;
    }
    wire_exchange(8);
    for (size_t i = 0; i < 8; i++)
        lost += wire.res[i].outcome == HTTP_LOST;
    assert_int_equal(lost, 2);
    assert_int_equal(raw_server_requests(wire.server), 2);
}

static void throw_cancel(void *self)
{
    cancel_throw(self);
}

static void test_cancelling_ends_a_wait_for_an_answer_that_never_comes(void **state)
{
    static const struct raw_reply replies[] = {{.then = RAW_HANG}};
    struct err err = {0};

    (void)state;
    WIRE_START(replies, .parallel = 2);
    raw_server_on_request(wire.server, throw_cancel, &wire.cancel);
    for (size_t i = 0; i < 3; i++) {
        wire_ask(i, HTTP_GET, "/r", true);
        wire.req[i].timeout_ms = TIME_HOUR;
    }
    assert_false(http_exchange(wire.http, wire.req, wire.res, 3, &wire.arena, &err));
    assert_int_equal(err.kind, ERR_CANCELLED);
}

static void test_cancelling_in_the_middle_of_a_body_ends_it(void **state)
{
    static const struct raw_reply replies[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1", .then = RAW_HANG}};
    struct err err = {0};

    (void)state;
    WIRE_START(replies, .parallel = 2);
    raw_server_on_request(wire.server, throw_cancel, &wire.cancel);
    wire_ask(0, HTTP_GET, "/r", true);
    assert_false(http_exchange(wire.http, wire.req, wire.res, 1, &wire.arena, &err));
    assert_int_equal(err.kind, ERR_CANCELLED);
}

static void test_nothing_is_sent_once_cancelled(void **state)
{
    static const struct raw_reply replies[] = {{.bytes = EMPTY_200}};
    struct err err = {0};

    (void)state;
    WIRE_START(replies, .parallel = 2);
    cancel_throw(&wire.cancel);
    wire_ask(0, HTTP_GET, "/r", true);
    assert_false(http_exchange(wire.http, wire.req, wire.res, 1, &wire.arena, &err));
    assert_int_equal(err.kind, ERR_CANCELLED);
    assert_int_equal(raw_server_requests(wire.server), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(test_a_write_whose_answer_is_cut_off_is_seen_once_and_lost),
        WIRE_TEST(test_a_get_whose_answer_is_cut_off_is_repeated),
        WIRE_TEST(test_a_write_on_a_dying_kept_connection_is_seen_once_and_lost),
        WIRE_TEST(test_a_read_on_a_dying_kept_connection_is_answered),
        WIRE_TEST(test_a_write_after_the_server_closed_an_idle_connection_succeeds),
        WIRE_TEST(test_half_an_answer_is_no_answer),
        WIRE_TEST(test_what_is_not_http_is_lost),
        WIRE_TEST(test_an_answer_that_stops_half_way_times_out_as_lost),
        WIRE_TEST(test_silence_times_out_as_lost),
        WIRE_TEST(test_a_closed_port_is_not_sent),
        WIRE_TEST(test_a_name_that_does_not_exist_is_not_sent),
        WIRE_TEST(test_a_server_without_tls_gets_nothing_of_an_https_request),
        WIRE_TEST(test_a_dead_remote_costs_a_batch_one_timeout),
        WIRE_TEST(test_cancelling_ends_a_wait_for_an_answer_that_never_comes),
        WIRE_TEST(test_cancelling_in_the_middle_of_a_body_ends_it),
        WIRE_TEST(test_nothing_is_sent_once_cancelled),
    };

    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}

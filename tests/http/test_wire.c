#include "http/http_link.h"
#include "wire.h"

/* The form of requests and of whole answers on the wire. */

static struct str header(const char *name)
{
    return http_response_header(&wire.res[0], name, NULL);
}

/* Value of a header line of a request as the server saw it; NULL: absent. */
static const char *sent_header(size_t request, const char *name)
{
    static char out[200];
    const char *text = raw_server_request(wire.server, request);
    const char *end = text ? strstr(text, "\r\n\r\n") : NULL;

    for (const char *line = text; line && line < end; line = strstr(line, "\r\n")) {
        line += *line == '\r' ? 2 : 0;
        if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
            (void)sscanf(line + strlen(name) + 1, " %199[^\r]", out);
            return out;
        }
    }
    return NULL;
}

static void test_a_get_says_what_it_should_and_no_more(void **state)
{
    static const struct raw_reply replies[] = {{.bytes = OK_JSON("[]")}};
    static const struct http_header headers[] = {{STR("Accept"), STR("application/json")},
                                                 {STR("Content-Type"), STR("application/json")},
                                                 {STR("X-Empty"), STR("")}};
    char expected[400];

    (void)state;
    WIRE_START(replies, .parallel = 1);
    wire_ask(0, HTTP_GET, "/api/v1/groups?search=a%20b&limit=200", true);
    wire.req[0].headers = headers;
    wire.req[0].n_headers = ARRAY_LEN(headers);
    wire_exchange(1);
    assert_string_equal(wire_show(0), "answered 200 x1 []");
    (void)snprintf(expected, sizeof(expected),
                   "GET /api/v1/groups?search=a%%20b&limit=200 HTTP/1.1\r\n"
                   "Host: 127.0.0.1:%u\r\n"
                   "User-Agent: seatkeeper/test\r\n"
                   "Accept-Encoding: gzip\r\n"
                   "Accept: application/json\r\n"
                   "Content-Type: application/json\r\n"
                   "X-Empty:\r\n\r\n",
                   raw_server_port(wire.server));
    assert_string_equal(raw_server_request(wire.server, 0), expected);
}

static void test_writes_without_a_body_say_their_length(void **state)
{
    static const struct {
        enum http_method method;
        const char *name, *length;
    } cases[] = {
        {HTTP_PUT, "PUT", "0"},
        {HTTP_POST, "POST", "0"},
        {HTTP_PATCH, "PATCH", "0"},
        {HTTP_DELETE, "DELETE", NULL},
    };
    static const struct raw_reply replies[] = {{.bytes = "HTTP/1.1 204 No Content\r\n\r\n"}};

    (void)state;
    WIRE_START(replies, .parallel = 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(wire_one(cases[i].method, "/users/00u1", true), "answered 204 x1 ");
        const char *length = sent_header(i, "Content-Length");

        assert_memory_equal(raw_server_request(wire.server, i), cases[i].name,
                            strlen(cases[i].name));
        assert_int_equal(length != NULL, cases[i].length != NULL);
        if (length)
            assert_string_equal(length, cases[i].length);
        assert_null(sent_header(i, "Expect"));
        assert_null(sent_header(i, "Transfer-Encoding"));
        assert_null(sent_header(i, "Content-Type"));
    }
}

static void test_a_body_arrives_as_it_is(void **state)
{
    static const struct raw_reply replies[] = {{.bytes = EMPTY_200}};
    static char body[1200000];
    static const struct http_header type = {STR("Content-Type"), STR("application/json")};

    (void)state;
    WIRE_START(replies, .parallel = 1);
    memset(body, 'x', sizeof(body));
    wire_ask(0, HTTP_POST, "/", false);
    wire.req[0].body = (struct str){body, sizeof(body)};
    wire.req[0].headers = &type;
    wire.req[0].n_headers = 1;
    wire_exchange(1);
    assert_string_equal(wire_show(0), "answered 200 x1 ");
    assert_string_equal(sent_header(0, "Content-Length"), "1200000");
    assert_string_equal(sent_header(0, "Content-Type"), "application/json");
    /* Over a megabyte libcurl asks first, unless it is told not to. */
    assert_null(sent_header(0, "Expect"));
    const char *sent = strstr(raw_server_request(wire.server, 0), "\r\n\r\n") + 4;
    assert_int_equal(strlen(sent), sizeof(body));
    assert_memory_equal(sent, body, sizeof(body));
}

static void test_the_path_goes_out_verbatim(void **state)
{
    static const struct raw_reply replies[] = {{.bytes = EMPTY_200}};

    (void)state;
    WIRE_START(replies, .parallel = 1);
    (void)wire_one(HTTP_GET, "/a/../b//c/./%2e%2E?q=%zz", true);
    assert_memory_equal(raw_server_request(wire.server, 0), "GET /a/../b//c/./%2e%2E?q=%zz HTTP",
                        34);
}

static void test_answers_of_every_framing_are_read_whole(void **state)
{
    static const struct {
        const char *bytes;
        enum raw_then then;
        size_t piece;
        const char *shown;
    } cases[] = {
        {OK_JSON("[]"), RAW_KEEP, 0, "answered 200 x1 []"},
        {OK_JSON("[]"), RAW_KEEP, 1, "answered 200 x1 []"},
        {EMPTY_200, RAW_KEEP, 0, "answered 200 x1 "},
        {"HTTP/1.1 204 No Content\r\n\r\n", RAW_KEEP, 0, "answered 204 x1 "},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n2;x=y\r\n,2\r\n1\r\n]\r\n"
         "0\r\nX-Trailer: t\r\n\r\n",
         RAW_KEEP, 1, "answered 200 x1 [1,2]"},
        {"HTTP/1.0 200 OK\r\n\r\nuntil the end", RAW_CLOSE, 0, "answered 200 x1 until the end"},
        {"HTTP/1.1 103 Early Hints\r\nLink: <x>; rel=next\r\n\r\n" OK_JSON("{}"), RAW_KEEP, 0,
         "answered 200 x1 {}"},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", RAW_KEEP, 0,
         "answered 404 x1 nope"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\0\xff\r\n", RAW_CLOSE, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct raw_reply replies[] = {{.bytes = cases[i].bytes,
                                             .len = cases[i].shown ? 0 : 42,
                                             .then = cases[i].then,
                                             .piece = cases[i].piece}};

        WIRE_START(replies, .parallel = 1);
        const char *shown = wire_one(HTTP_GET, "/", true);
        if (cases[i].shown) {
            assert_string_equal(shown, cases[i].shown);
            assert_int_equal(header("link").len + header("x-trailer").len, 0);
        } else {
            assert_true(str_eq(wire.res[0].body, (struct str){"\0\xff\r\n", 4}));
        }
        wire_stop();
    }
}

static void test_headers_are_kept_as_they_came(void **state)
{
    static const struct raw_reply replies[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nX-One:  a b  \r\nx-two:\r\nX-Two: c\r\nX-Long: d\r\n  e\r\n"
                  "Link: <p>; rel=\"self\"\r\nLink: <q>; rel=\"next\"\r\n"
                  "Content-Length: 0\r\n\r\n"}};
    struct str next;
    bool doubled;

    (void)state;
    WIRE_START(replies, .parallel = 1);
    (void)wire_one(HTTP_GET, "/", true);
    assert_true(str_is(header("x-one"), "a b"));
    assert_true(str_is(header("X-LONG"), "d e"));
    assert_true(str_is(http_response_header(&wire.res[0], "X-Two", &doubled), ""));
    assert_true(doubled);
    assert_true(link_next(&wire.res[0], &next));
    assert_true(str_is(next, "q"));
    assert_int_equal(wire.res[0].answered_at, FAKE_CLOCK_START);
}

static void test_a_redirect_is_an_answer_and_is_not_followed(void **state)
{
    static struct raw_reply replies[] = {{0}, {.bytes = OK_JSON("{}")}};
    static char redirect[300];

    (void)state;
    WIRE_START(replies, .parallel = 1);
    (void)snprintf(redirect, sizeof(redirect),
                   "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                   raw_server_url(wire.server, "http", "/elsewhere"));
    replies[0].bytes = redirect;
    assert_string_equal(wire_one(HTTP_GET, "/", true), "answered 302 x1 ");
    assert_int_equal(raw_server_requests(wire.server), 1);
}

static void test_a_foreign_link_ends_the_walk(void **state)
{
    static const struct raw_reply replies[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nLink: <https://evil.example/list?after=x>; rel=\"next\"\r\n"
                  "Content-Length: 2\r\n\r\n[]"}};
    struct link_walk walk = {0};
    struct str next = {0};
    struct err err = {0};

    (void)state;
    WIRE_START(replies, .parallel = 1);
    (void)wire_one(HTTP_GET, "/list", true);
    walk.first = wire.req[0].url;
    assert_false(link_walk_on(&walk, &wire.res[0], &wire.arena, &next, &err));
    assert_string_equal(err.msg,
                        "the link to the next page leads to another server (evil.example)");
    assert_int_equal(err.kind, ERR_REMOTE);
}

static void test_connections_are_kept_and_no_more_than_allowed(void **state)
{
    static const struct raw_reply replies[] = {{.bytes = OK_JSON("[]")}};

    (void)state;
    WIRE_START(replies, .parallel = 3);
    for (int turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < 12; i++)
            wire_ask(i, HTTP_GET, "/", true);
        wire_exchange(12);
        for (size_t i = 0; i < 12; i++)
            assert_string_equal(wire_show(i), "answered 200 x1 []");
    }
    assert_int_equal(raw_server_requests(wire.server), 36);
    assert_in_range(raw_server_connections(wire.server), 1, 3);
}

static void test_what_would_not_be_safe_is_not_sent(void **state)
{
    static const struct raw_reply replies[] = {{.bytes = EMPTY_200}};
    static const struct http_header split = {STR("Authorization"), STR("hunter2\r\nX-Evil: 1")};
    static const struct http_header odd = {STR("X Evil"), STR("1")};
    static const char *const urls[] = {
        "http://okta.example/", "ftp://127.0.0.1/",   "http://127.0.0.1@okta.example/",
        "file:///etc/passwd",   "http://127.0.0.1 /", ""};

    (void)state;
    WIRE_START(replies, .parallel = 1);
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        wire_ask(0, HTTP_GET, "/", true);
        wire.req[0].url = str_of(urls[i]);
        wire_exchange(1);
        assert_string_equal(wire_show(0), "not sent 0 x1 settings");
    }
    wire_ask(0, HTTP_GET, "/", true);
    wire.req[0].headers = &split;
    wire.req[0].n_headers = 1;
    wire_exchange(1);
    assert_string_equal(wire_show(0), "not sent 0 x1 settings");
    assert_true(str_is(wire.res[0].why, "the header Authorization would hold a control character"));
    wire.req[0].headers = &odd;
    wire_exchange(1);
    assert_string_equal(wire_show(0), "not sent 0 x1 internal");
    assert_int_equal(raw_server_requests(wire.server), 0);
}

/* The names of the settings are lower case by old custom. */
static void test_a_proxy_is_used_for_the_world_and_not_for_loopback(void **state)
{
    static const struct raw_reply replies[] = {
        {.bytes = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"}};

    (void)state;
    WIRE_START(replies, .max_tries = 1);
    setenv("https_proxy", raw_server_url(wire.server, "http", ""), 1);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    wire_ask(0, HTTP_POST, "/", false);
    wire.req[0].url = STR("https://okta.example/secret-path");
    wire_exchange(1);
    assert_string_equal(wire_show(0), "not sent 0 x1 unavailable");
    assert_memory_equal(raw_server_request(wire.server, 0), "CONNECT okta.example:443 HTTP/1.1",
                        33);
    assert_null(strstr(raw_server_request(wire.server, 0), "secret-path"));

    assert_string_equal(wire_one(HTTP_GET, "/direct", true), "answered 403 x1 ");
    assert_memory_equal(raw_server_request(wire.server, 1), "GET /direct HTTP/1.1", 20);
    unsetenv("https_proxy");
    unsetenv("http_proxy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(test_a_get_says_what_it_should_and_no_more),
        WIRE_TEST(test_writes_without_a_body_say_their_length),
        WIRE_TEST(test_a_body_arrives_as_it_is),
        WIRE_TEST(test_the_path_goes_out_verbatim),
        WIRE_TEST(test_answers_of_every_framing_are_read_whole),
        WIRE_TEST(test_headers_are_kept_as_they_came),
        WIRE_TEST(test_a_redirect_is_an_answer_and_is_not_followed),
        WIRE_TEST(test_a_foreign_link_ends_the_walk),
        WIRE_TEST(test_connections_are_kept_and_no_more_than_allowed),
        WIRE_TEST(test_what_would_not_be_safe_is_not_sent),
        WIRE_TEST(test_a_proxy_is_used_for_the_world_and_not_for_loopback),
    };

    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "unit/sim/sim_fixture.h"

/* The cloud on a socket: the wire itself, seen by libcurl and byte by byte. */

#define MEMBERS "/api/v1/groups/" KIRO "/users"

struct web {
    struct fixture f;
    struct sim_server *server;
    CURL *curl;
    struct curl_slist *headers;
    struct buf head, body;
    CURLcode code;
    long status;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): the library's signature */
static size_t on_data(char *data, size_t size, size_t n, void *to)
{
    buf_add(to, (struct str){data, size * n});
    return size * n;
}

static void web_open(struct web *w, const char *org)
{
    struct err err = {0};

    memset(w, 0, sizeof(*w));
    fixture_open(&w->f, org);
    w->server = sim_serve(w->f.sim, STR("127.0.0.1:0"), &err);
    if (!w->server)
        fail_msg("%s", err.msg);
    w->curl = curl_easy_init();
    assert_non_null(w->curl);
    w->headers = curl_slist_append(NULL, "Accept: application/json");
    w->headers = curl_slist_append(w->headers, "Content-Type: application/json");
    w->headers = curl_slist_append(
        w->headers,
        arena_printf(&w->f.arena, "Authorization: SSWS %.*s", STR_ARG(w->f.own.ssws_token)).ptr);
}

static void web_close(struct web *w)
{
    curl_slist_free_all(w->headers);
    curl_easy_cleanup(w->curl);
    sim_server_stop(w->server);
    buf_fini(&w->head);
    buf_fini(&w->body);
    fixture_close(&w->f);
}

static const char *url_of(struct web *w, const char *path)
{
    struct str base = sim_server_url(w->server);

    if (strncmp(path, "http", 4) == 0)
        return path;
    return arena_printf(&w->f.arena, "%.*s%s", STR_ARG(base), path).ptr;
}

/* `body` NULL: none at all, and no Content-Length. */
static void request(struct web *w, const char *method, const char *path, const char *body)
{
    curl_easy_reset(w->curl);
    buf_clear(&w->head);
    buf_clear(&w->body);
    curl_easy_setopt(w->curl, CURLOPT_URL, url_of(w, path));
    curl_easy_setopt(w->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, w->headers);
    curl_easy_setopt(w->curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(w->curl, CURLOPT_WRITEDATA, &w->body);
    curl_easy_setopt(w->curl, CURLOPT_HEADERFUNCTION, on_data);
    curl_easy_setopt(w->curl, CURLOPT_HEADERDATA, &w->head);
    curl_easy_setopt(w->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(w->curl, CURLOPT_TIMEOUT_MS, 20000L);
    if (body)
        curl_easy_setopt(w->curl, CURLOPT_POSTFIELDS, body);
    w->code = curl_easy_perform(w->curl);
    w->status = 0;
    curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &w->status);
}

static const char *logins(struct web *w)
{
    struct buf out = {0};
    struct str rest = buf_str(&w->body);

    for (;;) {
        struct str login = between(rest, "\"login\":\"", "@");

        if (login.len == 0)
            break;
        rest = str_sub(rest, (size_t)(login.ptr - rest.ptr), rest.len);
        buf_printf(&out, "%s%.*s", out.len > 0 ? " " : "", STR_ARG(login));
    }

    const char *text = arena_cstr(&w->f.arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

static const char *next_of(struct web *w)
{
    struct str rest = buf_str(&w->head);

    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');

        if (str_starts(line, STR("link: <")) && memmem(line.ptr, line.len, "\"next\"", 6))
            return arena_cstr(&w->f.arena, between(line, "<", ">"));
    }
    return NULL;
}

static void test_pages_are_walked_over_the_socket(void **state)
{
    struct web w;

    (void)state;
    web_open(&w, SMALL_ORG "memberships: [{group: Kiro, members: all}]\n");
    request(&w, "GET", MEMBERS "?limit=3", NULL);
    assert_int_equal(w.status, 200);
    assert_string_equal(logins(&w), "alice bob+aws carol");
    const char *next = next_of(&w);
    assert_non_null(next);
    assert_string_equal(next, url_of(&w, MEMBERS "?after=" CAROL "&limit=3"));
    request(&w, "GET", next, NULL);
    assert_string_equal(logins(&w), "a/b");
    assert_null(next_of(&w));
    web_close(&w);
}

static void test_a_put_without_a_length_is_a_411(void **state)
{
    struct web w;

    (void)state;
    web_open(&w, SMALL_ORG);
    request(&w, "PUT", MEMBERS "/" BOB, NULL);
    assert_int_equal(w.status, 411);
    request(&w, "PUT", MEMBERS "/" BOB, "");
    assert_int_equal(w.status, 204);
    request(&w, "GET", MEMBERS, NULL);
    assert_string_equal(logins(&w), "alice bob+aws");
    web_close(&w);
}

static void test_the_date_is_the_clouds_and_comes_once(void **state)
{
    struct web w;
    size_t n = 0;

    (void)state;
    web_open(&w, SMALL_ORG);
    request(&w, "GET", MEMBERS, NULL);
    assert_non_null(strstr(w.head.ptr, "date: Mon, 04 May 2026 09:12:40 GMT"));
    for (const char *at = w.head.ptr; (at = strcasestr(at, "\ndate:")) != NULL; at++)
        n++;
    assert_int_equal(n, 1);
    web_close(&w);
}

static void test_each_fault_of_the_wire_is_seen_by_the_client(void **state)
{
    static const struct {
        const char *deed;
        int code;
        const char *after; /* members once a PUT of Bob met the fault */
    } cases[] = {
        {"{close: before}", CURLE_GOT_NOTHING, "alice"},
        {"{close: after}", CURLE_GOT_NOTHING, "alice bob+aws"},
        {"{garbage: true}", -1, "alice bob+aws"},
        {"{status: 502, html: '<h1>Bad</h1>'}", CURLE_OK, "alice"},
        {"{status: 200, body: '[1, 2, 3]', truncate: 4}", CURLE_OK, "alice"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct web w;

        web_open(&w, SMALL_ORG);
        load_faults(
            &w.f, arena_printf(&w.f.arena, "[{match: {method: PUT}, do: %s}]", cases[i].deed).ptr);
        request(&w, "PUT", MEMBERS "/" BOB, "");
        print_message("%s: %d %s\n", cases[i].deed, w.code, curl_easy_strerror(w.code));
        if (cases[i].code >= 0) {
            assert_int_equal(w.code, cases[i].code);
        } else {
            assert_int_not_equal(w.code, CURLE_OK);
        }
        request(&w, "GET", MEMBERS, NULL);
        assert_string_equal(logins(&w), cases[i].after);
        web_close(&w);
    }
}

static void test_a_cut_body_is_short_of_its_length(void **state)
{
    struct web w;

    (void)state;
    web_open(&w, SMALL_ORG);
    load_faults(&w.f, "- {do: {truncate: 10}}\n");
    request(&w, "GET", MEMBERS, NULL);
    assert_int_equal(w.code, CURLE_PARTIAL_FILE);
    assert_string_equal(w.body.ptr, "[{\"id\":\"00");
    web_close(&w);
}

static void test_a_silent_server_waits_for_the_client_and_can_still_be_stopped(void **state)
{
    struct web w;

    (void)state;
    web_open(&w, SMALL_ORG);
    load_faults(&w.f, "- {do: {hang: true}}\n");

    /* A client that gives up. */
    curl_easy_reset(w.curl);
    curl_easy_setopt(w.curl, CURLOPT_URL, url_of(&w, MEMBERS));
    curl_easy_setopt(w.curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(w.curl, CURLOPT_TIMEOUT_MS, 50L);
    assert_int_equal(curl_easy_perform(w.curl), CURLE_OPERATION_TIMEDOUT);

    /* A client that does not, while the server is stopped. */
    struct str url = sim_server_url(w.server);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int64_t port = 0;
    struct str port_text = str_sub(url, sizeof("http://127.0.0.1:") - 1, url.len);
    assert_true(str_to_i64(port_text, &port));
    to.sin_port = htons((uint16_t)port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    static const char text[] = "GET /api/v1/groups HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    assert_int_equal(send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL), sizeof(text) - 1);
    while (!strstr(control(&w.f, HTTP_GET, "/_sim/history", ""), "\"path\":\"/api/v1/groups\""))
        ;
    sim_server_stop(w.server);
    w.server = NULL;
    close(fd);
    web_close(&w);
}

static void test_only_loopback_is_listened_on(void **state)
{
    static const char *const bad[] = {
        "0.0.0.0:0",   "192.0.2.1:80",    "example.com:80", ":80",         "127.0.0.1",
        "127.0.0.1:x", "127.0.0.1:70000", "[::]:0",         "128.0.0.1:0", ""};
    struct fixture f;

    (void)state;
    fixture_open(&f, NULL);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};

        assert_null(sim_serve(f.sim, str_of(bad[i]), &err));
        assert_int_equal(err.kind, ERR_USAGE);
    }
    fixture_close(&f);
}

static void test_another_host_name_is_refused(void **state)
{
    struct web w;

    (void)state;
    web_open(&w, SMALL_ORG);
    w.headers = curl_slist_append(w.headers, "Host: evil.example.com");
    request(&w, "GET", "/_sim/state", NULL);
    assert_int_equal(w.status, 421);
    web_close(&w);
}

static void test_the_control_side_is_served_too(void **state)
{
    struct web w;

    (void)state;
    web_open(&w, SMALL_ORG);
    request(&w, "POST", "/_sim/people/alice@example.com/deactivate", "");
    assert_int_equal(w.status, 200);
    assert_non_null(strstr(w.body.ptr, "DEPROVISIONED"));
    request(&w, "POST", "/_sim/faults", "[{match: {path: '*/users'}, do: {status: 500}}]");
    assert_int_equal(w.status, 200);
    request(&w, "GET", MEMBERS, NULL);
    assert_int_equal(w.status, 500);
    request(&w, "DELETE", "/_sim/faults", NULL);
    assert_int_equal(w.status, 200);
    request(&w, "GET", MEMBERS, NULL);
    assert_int_equal(w.status, 200);
    web_close(&w);
}

static void test_encoded_paths_arrive_as_they_were_sent(void **state)
{
    struct web w;

    (void)state;
    web_open(&w, SMALL_ORG);
    request(&w, "GET", "/api/v1/users/bob%2Baws%40example.com", NULL);
    assert_int_equal(w.status, 200);
    request(&w, "GET", "/api/v1/users/a%2Fb%40example.com", NULL);
    assert_int_equal(w.status, 404);
    request(&w, "GET", "/api/v1/users?filter=profile.login%20eq%20%22a%2Fb%40example.com%22", NULL);
    assert_string_equal(logins(&w), "a/b");
    web_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_are_walked_over_the_socket),
        cmocka_unit_test(test_a_put_without_a_length_is_a_411),
        cmocka_unit_test(test_the_date_is_the_clouds_and_comes_once),
        cmocka_unit_test(test_each_fault_of_the_wire_is_seen_by_the_client),
        cmocka_unit_test(test_a_cut_body_is_short_of_its_length),
        cmocka_unit_test(test_a_silent_server_waits_for_the_client_and_can_still_be_stopped),
        cmocka_unit_test(test_only_loopback_is_listened_on),
        cmocka_unit_test(test_another_host_name_is_refused),
        cmocka_unit_test(test_the_control_side_is_served_too),
        cmocka_unit_test(test_encoded_paths_arrive_as_they_were_sent),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}

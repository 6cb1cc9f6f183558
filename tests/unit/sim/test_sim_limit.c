#include "unit/sim/sim_fixture.h"

#define MEMBERS "/api/v1/groups/" KIRO "/users"

static const char *rate(struct fixture *f)
{
    struct str limit = str_of(header(f, "x-rate-limit-limit"));
    struct str remaining = str_of(header(f, "x-rate-limit-remaining"));
    struct str reset = str_of(header(f, "x-rate-limit-reset"));
    int64_t at = 0;

    (void)str_to_i64(reset, &at);
    return arena_printf(&f->arena, "%d %.*s/%.*s resets in %lld", f->res.status, STR_ARG(remaining),
                        STR_ARG(limit), (long long)(at - START_MS / 1000))
        .ptr;
}

static void test_a_principal_has_half_of_a_bucket_a_minute(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG "quirks: {limits: {/api/v1/groups: 8}}\n");
    get(&f, MEMBERS);
    assert_string_equal(rate(&f), "200 3/4 resets in 60");
    sim_advance(f.sim, 20000);
    for (int i = 0; i < 3; i++)
        get(&f, MEMBERS);
    assert_string_equal(rate(&f), "200 0/4 resets in 60");
    get(&f, MEMBERS);
    assert_string_equal(rate(&f), "429 0/4 resets in 60");
    assert_string_equal(show(&f), "429 E0000047");
    sim_advance(f.sim, 40000);
    get(&f, MEMBERS);
    assert_string_equal(rate(&f), "200 3/4 resets in 120");
    fixture_close(&f);
}

static void test_buckets_are_counted_apart(void **state)
{
    struct fixture f;
    static const struct {
        enum http_method method;
        const char *path, *rate;
    } cases[] = {
        {HTTP_GET, MEMBERS, "200 249/250 resets in 60"},
        {HTTP_PUT, MEMBERS "/" BOB, "204 248/250 resets in 60"},
        {HTTP_GET, "/api/v1/groups?limit=1", "200 247/250 resets in 60"},
        {HTTP_GET, "/api/v1/groups/rules", "200 246/250 resets in 60"},
        {HTTP_GET, "/api/v1/groups/" KIRO, "200 499/500 resets in 60"},
        {HTTP_GET, "/api/v1/users/" BOB, "200 999/1000 resets in 60"},
        {HTTP_GET, "/api/v1/users?limit=1", "200 299/300 resets in 60"},
        {HTTP_GET, "/api/v1/users/" BOB "/groups", "200 298/300 resets in 60"},
        {HTTP_GET, "/api/v1/logs", "200 59/60 resets in 60"},
        {HTTP_GET, "/api/v1/meta/schemas/user/default", "200 599/600 resets in 60"},
    };

    (void)state;
    fixture_open(&f, SMALL_ORG);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ask(&f, cases[i].method, cases[i].path);
        assert_string_equal(rate(&f), cases[i].rate);
    }
    fixture_close(&f);
}

static void test_other_principals_eat_into_the_organisations_budget(void **state)
{
    struct fixture f;
    struct str own;

    (void)state;
    fixture_open(&f, SMALL_ORG "credentials: {tokens: [{id: 00T1other, token: other}]}\n"
                               "quirks: {limits: {/api/v1/groups: 4}, principal_percent: 75}\n");
    own = f.own.ssws_token;
    f.own.ssws_token = STR("other");
    for (int i = 0; i < 3; i++)
        get(&f, MEMBERS);
    assert_string_equal(rate(&f), "200 0/3 resets in 60");
    f.own.ssws_token = own;
    get(&f, MEMBERS);
    assert_string_equal(rate(&f), "200 0/3 resets in 60");
    get(&f, MEMBERS);
    assert_string_equal(rate(&f), "429 0/3 resets in 60");
    fixture_close(&f);
}

static void test_the_reset_is_by_the_clouds_own_clock(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG);
    control(&f, HTTP_POST, "/_sim/clock", "{skew: -1h}");
    get(&f, MEMBERS);
    assert_string_equal(rate(&f), "200 249/250 resets in -3540");
    fixture_close(&f);
}

static void test_limits_can_be_switched_off(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG "quirks: {rate_limits: false}\n");
    get(&f, MEMBERS);
    assert_string_equal(header(&f, "x-rate-limit-limit"), "");
    fixture_close(&f);
}

static void test_too_many_side_by_side_is_a_429_of_limit_0(void **state)
{
    struct fixture f;
    struct str ssws;
    struct http_request req[3];
    struct http_response res[3];
    struct err err = {0};

    (void)state;
    fixture_open(&f, SMALL_ORG "quirks: {concurrency: 2}\n");
    ssws = arena_printf(&f.arena, "SSWS %.*s", STR_ARG(f.own.ssws_token));
    const struct http_header headers[] = {{STR("Accept"), STR("*/*")},
                                          {STR("Authorization"), ssws}};
    const struct http_request *reqs[3];
    struct http_response *ress[3];

    for (size_t i = 0; i < 3; i++) {
        req[i] = (struct http_request){
            .method = HTTP_GET, .url = STR(ORIGIN MEMBERS), .headers = headers, .n_headers = 2};
        reqs[i] = &req[i];
        ress[i] = &res[i];
    }
    assert_true(f.net.send(f.net.self, reqs, ress, 3, 3, &f.arena, &err));
    assert_int_equal(res[1].status, 200);
    assert_int_equal(res[2].status, 429);
    f.res = res[2];
    assert_string_equal(rate(&f), "429 0/0 resets in 60");
    /* Two at a time is fine. */
    assert_true(f.net.send(f.net.self, reqs, ress, 3, 2, &f.arena, &err));
    assert_int_equal(res[2].status, 200);
    fixture_close(&f);
}

static void test_a_batch_takes_as_long_as_its_slowest(void **state)
{
    struct fixture f;
    struct http_request req = {.method = HTTP_GET,
                               .url = STR(ORIGIN "/.well-known/okta-organization")};
    const struct http_header accept = {STR("Accept"), STR("*/*")};
    struct http_response res[4];
    struct err err = {0};

    (void)state;
    fixture_open(&f, SMALL_ORG "quirks: {latency: 1s}\n");
    load_faults(&f, "- {match: {nth: 2}, do: {delay: 2s}}\n");
    req.headers = &accept;
    req.n_headers = 1;
    const struct http_request *const reqs[] = {&req, &req, &req, &req};
    struct http_response *const ress[] = {&res[0], &res[1], &res[2], &res[3]};
    assert_true(f.net.send(f.net.self, reqs, ress, 4, 2, &f.arena, &err));
    assert_int_equal(fixture_now(&f) - START_MS, 3000 + 1000);
    assert_int_equal(res[0].answered_at - START_MS, 3000);
    assert_int_equal(res[3].answered_at - START_MS, 4000);
    fixture_close(&f);
}

static void test_another_host_is_not_reached_and_written_down(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG);
    get(&f, "https://pages.attacker.example/api/v1/groups");
    assert_string_equal(show(&f), "not sent 0: no such host in the simulated cloud");
    assert_non_null(strstr(control(&f, HTTP_GET, "/_sim/history", ""),
                           "\"path\":\"https://pages.attacker.example/api/v1/groups\","
                           "\"principal\":\"\",\"status\":0,\"effect\":\"foreign host\""));
    fixture_close(&f);
}

static void test_a_body_over_the_callers_ceiling_is_a_failure(void **state)
{
    struct fixture f;
    const struct http_header accept = {STR("Accept"), STR("*/*")};
    struct http_request req = {.method = HTTP_GET,
                               .url = STR(ORIGIN "/.well-known/okta-organization"),
                               .headers = &accept,
                               .n_headers = 1,
                               .max_body = 10};

    (void)state;
    fixture_open(&f, SMALL_ORG);
    fixture_send(&f, &req);
    assert_string_equal(show(&f), "lost 200: the answer is larger than allowed");
    assert_int_equal(f.res.kind, ERR_REMOTE);
    fixture_close(&f);
}

static void test_a_kept_body_outlives_the_next_send(void **state)
{
    struct fixture f;
    struct buf kept = {0};

    (void)state;
    fixture_open(&f, SMALL_ORG);
    get(&f, MEMBERS);
    struct http_response first = f.res;
    f.net.keep(f.net.self, &first, &kept);
    get(&f, "/api/v1/groups/" KIRO);
    assert_true(str_eq(first.body, buf_str(&kept)));
    assert_non_null(strstr(kept.ptr, "alice@example.com"));
    buf_fini(&kept);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_principal_has_half_of_a_bucket_a_minute),
        cmocka_unit_test(test_buckets_are_counted_apart),
        cmocka_unit_test(test_other_principals_eat_into_the_organisations_budget),
        cmocka_unit_test(test_the_reset_is_by_the_clouds_own_clock),
        cmocka_unit_test(test_limits_can_be_switched_off),
        cmocka_unit_test(test_too_many_side_by_side_is_a_429_of_limit_0),
        cmocka_unit_test(test_a_batch_takes_as_long_as_its_slowest),
        cmocka_unit_test(test_another_host_is_not_reached_and_written_down),
        cmocka_unit_test(test_a_body_over_the_callers_ceiling_is_a_failure),
        cmocka_unit_test(test_a_kept_body_outlives_the_next_send),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

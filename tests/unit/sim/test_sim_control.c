#include <pthread.h>

#include "unit/sim/sim_fixture.h"

static const char *now_text(struct fixture *f)
{
    struct clock clock = sim_clock(f->sim);
    struct str now = time_iso_str(clock_now(&clock), &f->arena);
    int64_t boot = clock_boot(&clock) - START_MS;

    return arena_printf(&f->arena, "%.*s boot %lld", STR_ARG(now), (long long)boot).ptr;
}

static void test_the_clock_advances_jumps_and_skews(void **state)
{
    struct fixture f;
    struct err err = {0};

    (void)state;
    fixture_open(&f, SMALL_ORG);
    struct clock clock = sim_clock(f.sim);
    assert_true(clock_sleep(&clock, 1000, &err));
    assert_string_equal(now_text(&f), "2026-05-04T09:12:41.000Z boot 1000");
    control(&f, HTTP_POST, "/_sim/clock", "{\"advance\": \"5m\"}");
    assert_string_equal(now_text(&f), "2026-05-04T09:17:41.000Z boot 301000");
    control(&f, HTTP_POST, "/_sim/clock", "{set: 2026-05-05T00:00:00Z}");
    assert_string_equal(now_text(&f), "2026-05-05T00:00:00.000Z boot 301000");
    control(&f, HTTP_POST, "/_sim/clock", "{skew: -10m}");
    assert_string_equal(now_text(&f), "2026-05-05T00:00:00.000Z boot 301000");
    get(&f, "/api/v1/groups/" KIRO);
    assert_string_equal(header(&f, "date"), "Mon, 04 May 2026 23:50:00 GMT");
    fixture_close(&f);
}

static void test_shared_time_is_seen_by_both_and_not_set_back(void **state)
{
    volatile int64_t shared = 0;
    struct sim_options options = {.seed = 1, .start_ms = START_MS, .shared_now = &shared};
    struct err err = {0};

    (void)state;
    struct sim *parent = sim_new(&options, &err);
    struct sim *child = sim_new(&options, &err);
    sim_advance(child, 5000);
    struct clock clock = sim_clock(parent);
    assert_int_equal(clock_now(&clock), START_MS + 5000);
    assert_int_equal(shared, START_MS + 5000);
    sim_free(child);
    child = sim_new(&options, &err);
    assert_int_equal(shared, START_MS + 5000);
    sim_free(child);
    sim_free(parent);
}

static void test_without_a_start_time_goes_by_itself(void **state)
{
    struct sim_options options = {.seed = 1};
    struct err err = {0};
    struct sim *sim = sim_new(&options, &err);
    struct clock clock = sim_clock(sim);
    struct clock system = clock_system(NULL);

    (void)state;
    assert_in_range(clock_now(&clock) - clock_now(&system) + 1000, 0, 2000);
    sim_advance(sim, TIME_HOUR);
    assert_in_range(clock_now(&clock) - clock_now(&system) - TIME_HOUR + 1000, 0, 2000);
    sim_free(sim);
}

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order of an exchange */
struct control_case {
    enum http_method method;
    const char *path, *body;
    int status;
    const char *has;
};

static void test_each_control_answers_and_names_mistakes(void **state)
{
    static const struct control_case cases[] = {
        {HTTP_GET, "/_sim/state", "", 200, "\"people\":4"},
        {HTTP_GET, "/_sim/clock", "", 200, "\"now\":\"2026-05-04T09:12:40.000Z\""},
        {HTTP_GET, "/_sim/people", "", 200, "\"groups\":[\"Kiro\"]"},
        {HTTP_GET, "/_sim/people?group=Kiro", "", 200, "{\"people\":[{\"id\":\"" ALICE "\""},
        {HTTP_GET, "/_sim/people?group=None", "", 404, "no group is called that"},
        {HTTP_GET, "/_sim/people?limit=1", "", 200, "\"after\":1"},
        {HTTP_GET, "/_sim/people/alice", "", 200, "\"firstName\":\"Alice\""},
        {HTTP_GET, "/_sim/people/nobody", "", 404, "nobody"},
        {HTTP_GET, "/_sim/groups/Kiro/members", "", 200, "\"how\":\"hand\""},
        {HTTP_GET, "/_sim/nothing", "", 404, "no such control"},
        {HTTP_GET, "/api/v1/groups", "", 404, "/_sim/"},
        {HTTP_GET, "/_sim", "", 404, "/_sim/"},
        {HTTP_POST, "/_sim/clock", "", 400, "advance"},
        {HTTP_POST, "/_sim/clock", "{advance: -5m}", 400, "advance"},
        {HTTP_POST, "/_sim/clock", "{set: noon}", 400, "set"},
        {HTTP_POST, "/_sim/people/alice/dance", "", 404, "verb"},
        {HTTP_POST, "/_sim/people/alice/suspend", "", 200, "SUSPENDED"},
        {HTTP_POST, "/_sim/people/alice/activate", "", 200, "ACTIVE"},
        {HTTP_POST, "/_sim/people/alice/lock", "", 200, "LOCKED_OUT"},
        {HTTP_POST, "/_sim/people/alice/rename", "{login: carol@example.com}", 409, "taken"},
        {HTTP_POST, "/_sim/people/alice/rename", "{login: ALICE@example.com}", 200, "ALICE@"},
        {HTTP_POST, "/_sim/people/alice/rename", "{login: alicia@example.com}", 200, "alicia@"},
        {HTTP_GET, "/_sim/people/alice", "", 404, "nobody"},
        {HTTP_POST, "/_sim/people", "{login: dan@example.com, profile: {department: IT}}", 200,
         "\"department\":\"IT\""},
        {HTTP_POST, "/_sim/people", "{login: dan@example.com}", 400, "line 1: the login"},
        {HTTP_POST, "/_sim/people", "{login: x@example.com, status: BORED}", 400, "BORED"},
        {HTTP_POST, "/_sim/people", "{login: x@example.com, id: short}", 400, "20 characters"},
        {HTTP_POST, "/_sim/people", "[", 400, "line 2"},
        {HTTP_POST, "/_sim/people/dan/profile", "{department: ''}", 200, "\"profile\""},
        {HTTP_POST, "/_sim/groups", "{name: New, members: [dan]}", 200, "\"members\":1"},
        {HTTP_POST, "/_sim/groups", "{name: New2, id: " KIRO "}", 400, "taken"},
        {HTTP_POST, "/_sim/groups/Kiro/members", "{add: [dan], remove: [alicia]}", 200,
         "\"members\":1"},
        {HTTP_POST, "/_sim/groups/Kiro/members", "{add: [zoe]}", 400, "zoe"},
        {HTTP_POST, "/_sim/groups/Everyone/delete", "", 400, "Everyone"},
        {HTTP_POST, "/_sim/groups/New/rename", "{name: Newer}", 200, "Newer"},
        {HTTP_POST, "/_sim/groups/Kiro/recreate", "{members: keep}", 200, "\"members\":1"},
        {HTTP_POST, "/_sim/groups/Newer/delete", "", 200, "ok"},
        {HTTP_POST, "/_sim/groups/Newer/delete", "", 404, "no group"},
        {HTTP_POST, "/_sim/rules",
         "{name: R, groups: [Kiro], expression: 'user.department==\"IT\"'}", 200, "ok"},
        {HTTP_POST, "/_sim/rules", "{name: R, groups: [Kiro], expression: 'true'}", 400,
         "cannot be played"},
        {HTTP_POST, "/_sim/rules/R/deactivate", "", 200, "ok"},
        {HTTP_POST, "/_sim/rules/R/delete", "", 200, "ok"},
        {HTTP_POST, "/_sim/rules/R/delete", "", 404, "no rule"},
        {HTTP_POST, "/_sim/quirks", "{stale: 3s}", 200, "ok"},
        {HTTP_POST, "/_sim/quirks", "{stail: 3s}", 400, "unknown key `stail`"},
        {HTTP_POST, "/_sim/quirks", "{logs: 42}", 400, "status"},
        {HTTP_POST, "/_sim/faults", "[{do: {status: 500}}]", 200, "ok"},
        {HTTP_POST, "/_sim/faults", "[{do: {status: no}}]", 400, "line 1"},
        {HTTP_DELETE, "/_sim/faults", "", 200, "ok"},
        {HTTP_POST, "/_sim/people/dan/delete", "", 200, "ok"},
        {HTTP_POST, "/_sim/org", "people: [z@example.com]", 200, "ok"},
        {HTTP_GET, "/_sim/state", "", 200, "\"people\":1"},
        {HTTP_POST, "/_sim/org", "peeple: []", 400, "unknown key"},
    };
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = {0};
        int status =
            sim_control(f.sim, cases[i].method, str_of(cases[i].path), str_of(cases[i].body), &out);

        if (status != cases[i].status || !strstr(out.ptr, cases[i].has))
            fail_msg("%s %s: %d %s", cases[i].path, cases[i].body, status, out.ptr);
        buf_fini(&out);
    }
    fixture_close(&f);
}

static void test_history_tells_what_every_request_did(void **state)
{
    struct fixture f;
    static const char *const path = "/api/v1/groups/" KIRO "/users/" BOB;

    (void)state;
    fixture_open(&f, SMALL_ORG);
    load_faults(&f, "- {match: {method: DELETE}, do: {close: after}}\n");
    ask(&f, HTTP_PUT, path);
    get(&f, "/api/v1/groups/" KIRO "/users?limit=2");
    ask(&f, HTTP_DELETE, path);
    const char *all = control(&f, HTTP_GET, "/_sim/history", "");
    assert_non_null(strstr(all, "{\"seq\":1,\"at_ms\":1777885960000,\"method\":\"PUT\",\"path\":"
                                "\"/api/v1/groups/" KIRO "/users/" BOB
                                "\",\"principal\":\"00T1seatkeepersim001\",\"status\":204,"
                                "\"effect\":\"add " KIRO " " BOB "\",\"fault\":false"));
    assert_non_null(strstr(all, "\"path\":\"/api/v1/groups/" KIRO "/users?limit=2\""));
    assert_non_null(
        strstr(all, "\"status\":0,\"effect\":\"remove " KIRO " " BOB "\",\"fault\":true"));
    assert_null(strstr(all, arena_cstr(&f.arena, f.own.ssws_token)));
    assert_null(strstr(control(&f, HTTP_GET, "/_sim/history?writes=true", ""), "limit=2"));
    assert_null(strstr(control(&f, HTTP_GET, "/_sim/history?since=1", ""), "\"seq\":1,"));
    assert_null(strstr(control(&f, HTTP_GET, "/_sim/history?faults=true", ""), "\"add "));
    assert_null(strstr(control(&f, HTTP_GET, "/_sim/history?method=get", ""), "\"add "));
    assert_null(strstr(control(&f, HTTP_GET, "/_sim/history?status=204", ""), "remove"));
    assert_non_null(strstr(control(&f, HTTP_GET, "/_sim/history?path=*limit=2", ""),
                           "{\"requests\":[{\"seq\":2,"));
    fixture_close(&f);
}

static void test_the_default_organisation_is_ready_for_use(void **state)
{
    static const char *const groups[] = {"AWS_kiro_JP_Users", "AWS_kiro_JP_ProPlus_Users",
                                         "Kiro_Approvers",    "Seatkeeper_Admins",
                                         "Employees",         "Executives",
                                         "Everyone",          "BUILT_IN",
                                         "APP_GROUP"};
    struct fixture f;

    (void)state;
    fixture_open(&f, NULL);
    const char *text = control(&f, HTTP_GET, "/_sim/state", "");
    assert_non_null(strstr(text, "\"people\":60"));
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        assert_non_null(strstr(text, groups[i]));
    const char *alice = control(&f, HTTP_GET, "/_sim/people/alice@example.com", "");
    assert_non_null(strstr(alice, "\"managerId\":\"lead@example.com\""));
    fixture_close(&f);
}

static void test_mistakes_in_an_organisation_are_named_with_their_line(void **state)
{
    static const struct {
        const char *yaml, *why;
    } cases[] = {
        {"people:\n  - {login: a@x.example}\n  - {login: a@x.example}\n",
         "organisation: line 3: the login `a@x.example` is taken"},
        {"people:\n  - {name: a}\n", "organisation: line 2: unknown key `name`; known here: "
                                     "login id status email first_name last_name created profile"},
        {"groups:\n  - {name: G, type: CLUB}\n",
         "organisation: line 2: `type` must be OKTA_GROUP, APP_GROUP or BUILT_IN"},
        {"groups:\n  - {name: G,\n     members: [nobody]}\n",
         "organisation: line 3: nobody is called `nobody`"},
        {"quirks: {limits: {/api/v9: 5}}\n",
         "organisation: line 1: `/api/v9` is no bucket; one is /api/v1/groups"},
        {"credentials: {clients: [{client_id: 0oaX, key_id: k, public_key: junk}]}\n",
         "organisation: line 1: `public_key`"},
        {"roles: {Nobody: [X]}\n", "organisation: line 1: no group is called `Nobody`"},
    };
    struct fixture f;

    (void)state;
    fixture_open(&f, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {0};

        assert_false(sim_load_org(f.sim, str_of(cases[i].yaml), &err));
        assert_int_equal(err.kind, ERR_USAGE);
        err.msg[strlen(cases[i].why)] = '\0';
        assert_string_equal(err.msg, cases[i].why);
    }
    fixture_close(&f);
}

/* ---- several threads ---- */

struct worker {
    struct sim *sim;
    pthread_t thread;
    unsigned ok;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct transport net = sim_transport(worker->sim);
    struct sim_credentials own = sim_credentials(worker->sim);
    struct arena arena;

    arena_init(&arena, (size_t)64 << 20);
    struct str ssws = arena_printf(&arena, "SSWS %.*s", STR_ARG(own.ssws_token));
    const struct http_header headers[] = {{STR("Accept"), STR("*/*")},
                                          {STR("Authorization"), ssws}};
    struct http_request req = {.method = HTTP_GET,
                               .url = STR(ORIGIN "/api/v1/groups/" KIRO "/users"),
                               .headers = headers,
                               .n_headers = 2};
    const struct http_request *const reqs[] = {&req};

    for (int i = 0; i < 200; i++) {
        struct http_response res;
        struct http_response *const ress[] = {&res};
        struct err err = {0};

        if (net.send(net.self, reqs, ress, 1, 1, &arena, &err) && res.status == 200 &&
            between(res.body, "\"login\":\"", "\"").len > 0)
            worker->ok++;
    }
    arena_fini(&arena);
    return NULL;
}

static void test_threads_with_transports_of_their_own_do_not_disturb_each_other(void **state)
{
    struct fixture f;
    struct worker workers[4];

    (void)state;
    fixture_open(&f, SMALL_ORG "quirks: {rate_limits: false}\n");
    for (size_t i = 0; i < 4; i++) {
        workers[i] = (struct worker){.sim = f.sim};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].ok, 200);
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_clock_advances_jumps_and_skews),
        cmocka_unit_test(test_shared_time_is_seen_by_both_and_not_set_back),
        cmocka_unit_test(test_without_a_start_time_goes_by_itself),
        cmocka_unit_test(test_each_control_answers_and_names_mistakes),
        cmocka_unit_test(test_history_tells_what_every_request_did),
        cmocka_unit_test(test_the_default_organisation_is_ready_for_use),
        cmocka_unit_test(test_mistakes_in_an_organisation_are_named_with_their_line),
        cmocka_unit_test(test_threads_with_transports_of_their_own_do_not_disturb_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

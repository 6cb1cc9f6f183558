#include "sim/sim_fault.h"
#include "unit/sim/sim_fixture.h"

/* Every fault the script knows, played through the in-process transport. */

#define MEMBERS "/api/v1/groups/" KIRO "/users"
#define ALL     SMALL_ORG "memberships: [{group: Kiro, members: all}]\n"

struct fault_case {
    const char *deed;   /* the `do` */
    const char *first;  /* a member list, as show() renders it */
    const char *header; /* NULL: none; `name: value` that must be there, `!name` that must not */
};

static void check_header(struct fixture *f, const char *wanted)
{
    if (!wanted)
        return;
    if (wanted[0] == '!') {
        assert_string_equal(header(f, wanted + 1), "");
        return;
    }

    struct str value = str_of(wanted);
    struct str name = str_cut(&value, ':');
    assert_string_equal(header(f, arena_cstr(&f->arena, name)),
                        arena_cstr(&f->arena, str_trim(value)));
}

static void test_each_fault_of_a_read_is_played_once(void **state)
{
    static const struct fault_case cases[] = {
        {"{status: 500}", "500 E0000009", "content-type: application/json"},
        {"{status: 403, error_code: E0000005}", "403 E0000005", NULL},
        {"{status: 403, body: '', headers: {WWW-Authenticate: 'Bearer error=x'}}", "403",
         "www-authenticate: Bearer error=x"},
        {"{status: 502, html: '<h1>Bad gateway</h1>'}", "502", "content-type: text/html"},
        {"{html: '<p>maintenance</p>'}", "200", "content-type: text/html"},
        {"{body: '[]'}", "200", NULL},
        {"{headers: {date: ''}}", "200 alice bob+aws carol a/b", "!date"},
        {"{close: before}", "lost 0: the connection ended without an answer", NULL},
        {"{close: after}", "lost 0: the connection ended without an answer", NULL},
        {"{refuse: true}", "not sent 0: connection refused", NULL},
        {"{hang: true}", "lost 0: no answer within the time allowed", NULL},
        {"{garbage: true}", "lost 0: the answer is not HTTP", NULL},
        {"{truncate: 100}", "lost 200: the connection ended within the body", NULL},
        {"{truncate: 0}", "lost 200: the connection ended within the body", NULL},
        {"{empty_list: true}", "200", NULL},
        {"{shrink: 100}", "200", NULL},
        {"{rate: bucket}", "429 E0000047", "x-rate-limit-remaining: 0"},
        {"{rate: concurrency}", "429 E0000047", "x-rate-limit-limit: 0"},
        {"{rate: doubled}", "429 E0000047", "x-rate-limit-limit: 250"},
        {"{rate: bare}", "429 E0000047", "!x-rate-limit-limit"},
        {"{rate: bare}", "429 E0000047", "!date"},
        {"{page: {twice: true}}", "200 alice alice bob+aws bob+aws carol carol a/b a/b", NULL},
        {"{token: expired}", "200 alice bob+aws carol a/b", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;

        fixture_open(&f, ALL);
        load_faults(&f, arena_printf(&f.arena, "- match: {path: '*/users', nth: 2}\n  do: %s\n",
                                     cases[i].deed)
                            .ptr);
        get(&f, MEMBERS);
        assert_string_equal(show(&f), "200 alice bob+aws carol a/b");
        get(&f, MEMBERS);
        print_message("%s\n", cases[i].deed);
        assert_string_equal(show(&f), cases[i].first);
        check_header(&f, cases[i].header);
        get(&f, MEMBERS);
        assert_string_equal(show(&f), "200 alice bob+aws carol a/b");
        fixture_close(&f);
    }
}

static void test_the_doubled_429_has_two_values_of_each_header(void **state)
{
    struct fixture f;
    bool doubled = false;

    (void)state;
    fixture_open(&f, ALL);
    load_faults(&f, "- do: {rate: doubled}\n");
    get(&f, MEMBERS);
    for (size_t i = 0, n = 0; i < f.res.n_headers; i++) {
        n += str_ieq(f.res.headers[i].name, STR("x-rate-limit-reset"));
        doubled = n == 2;
    }
    assert_true(doubled);
    fixture_close(&f);
}

static void test_each_fault_of_a_write_leaves_the_right_state(void **state)
{
    static const struct {
        const char *deed, *answer, *after;
    } cases[] = {
        {"{close: before}", "lost 0: the connection ended without an answer", "200 alice"},
        {"{close: after}", "lost 0: the connection ended without an answer", "200 alice bob+aws"},
        {"{status: 500}", "500 E0000009", "200 alice"},
        {"{status: 500, applied: true}", "500 E0000009", "200 alice bob+aws"},
        {"{status: 411}", "411 E0000009", "200 alice"},
        {"{rate: bucket}", "429 E0000047", "200 alice"},
        {"{refuse: true}", "not sent 0: connection refused", "200 alice"},
        {"{hang: true}", "lost 0: no answer within the time allowed", "200 alice"},
        {"{garbage: true}", "lost 0: the answer is not HTTP", "200 alice bob+aws"},
        {"{delay: 31s}", "lost 0: no answer within the time allowed", "200 alice bob+aws"},
        {"{delay: 2s}", "204", "200 alice bob+aws"},
        {"{status: 403, error_code: E0000038}", "403 E0000038", "200 alice"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;

        fixture_open(&f, SMALL_ORG);
        load_faults(&f,
                    arena_printf(&f.arena, "[{match: {method: PUT}, do: %s}]", cases[i].deed).ptr);
        ask(&f, HTTP_PUT, MEMBERS "/" BOB);
        print_message("%s\n", cases[i].deed);
        assert_string_equal(show(&f), cases[i].answer);
        get(&f, MEMBERS);
        assert_string_equal(show(&f), cases[i].after);
        fixture_close(&f);
    }
}

static void test_delays_and_silence_move_virtual_time(void **state)
{
    static const struct {
        const char *deed;
        int64_t ms;
    } cases[] = {{"{delay: 2s}", 2000}, {"{delay: 45s}", 30000}, {"{hang: true}", 30000}};
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fixture_open(&f, SMALL_ORG);
        load_faults(&f, arena_printf(&f.arena, "[{do: %s}]", cases[i].deed).ptr);
        get(&f, MEMBERS);
        assert_int_equal(fixture_now(&f) - START_MS, cases[i].ms);
        assert_int_equal(f.res.answered_at, fixture_now(&f));
        fixture_close(&f);
    }
}

static void test_the_cursor_can_lead_astray(void **state)
{
    static const struct {
        const char *deed, *next;
    } cases[] = {
        {"{cursor: repeat}", ORIGIN MEMBERS "?after=" ALICE "&limit=2"},
        {"{cursor: loop}", ORIGIN MEMBERS "?limit=2"},
        {"{cursor: foreign}", "https://pages.attacker.example" MEMBERS "?after=" CAROL "&limit=2"},
        {"{cursor: garbled}", "unreadable"},
        {"{page: {drop_next: true}}", ""},
        {"{page: {empty: true}}", ORIGIN MEMBERS "?after=" ALICE "~&limit=2"},
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fixture_open(&f, ALL);
        load_faults(&f, arena_printf(&f.arena, "[{do: %s}]", cases[i].deed).ptr);
        get(&f, MEMBERS "?after=" ALICE "&limit=2");
        assert_string_equal(next_link(&f), cases[i].next);
        fixture_close(&f);
    }
}

static void test_an_empty_page_with_a_next_loses_nobody(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, ALL);
    load_faults(&f, "- {match: {path: '*/users', times: 2}, do: {page: {empty: true}}}\n");
    get(&f, MEMBERS "?limit=10");
    assert_string_equal(show(&f), "200");
    assert_string_equal(next_link(&f), ORIGIN MEMBERS "?after=0&limit=10");
    get(&f, next_link(&f));
    assert_string_equal(show(&f), "200");
    get(&f, next_link(&f));
    assert_string_equal(show(&f), "200 alice bob+aws carol a/b");
    fixture_close(&f);
}

static void test_pages_can_lose_their_shape(void **state)
{
    static const struct {
        const char *deed, *has;
    } cases[] = {
        {"{page: {not_a_list: true}}", "{\"items\":[{\"id\":"},
        {"{page: {no_ids: true}}", "[{\"ix\":\"00u1alice"},
        {"{page: {not_json: true}}", "],{\"id\""},
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fixture_open(&f, ALL);
        load_faults(&f, arena_printf(&f.arena, "[{do: %s}]", cases[i].deed).ptr);
        get(&f, MEMBERS);
        assert_non_null(memmem(f.res.body.ptr, f.res.body.len, cases[i].has, strlen(cases[i].has)));
        fixture_close(&f);
    }
}

static void test_a_list_can_be_as_of_earlier_and_a_write_shown_late(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG);
    load_faults(&f, "- {match: {method: GET, times: 1}, do: {stale: 10s}}\n"
                    "- {match: {method: DELETE}, do: {stale: 20s}}\n");
    ask(&f, HTTP_PUT, MEMBERS "/" BOB);
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 alice");
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 alice bob+aws");
    ask(&f, HTTP_DELETE, MEMBERS "/" ALICE);
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 alice bob+aws");
    sim_advance(f.sim, 20000);
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 bob+aws");
    fixture_close(&f);
}

struct match_case {
    const char *match;
    const char *answers; /* of: list, list with limit=2, get group, PUT bob, list after 10 min */
};

static void test_each_match_picks_its_calls(void **state)
{
    static const struct match_case cases[] = {
        {"{}", "500 500 500 500 500"},
        {"{method: PUT}", "200 200 200 500 200"},
        {"{path: '/api/v1/groups/*/users'}", "500 500 200 204 500"},
        {"{path: '*/users/00u??bob*'}", "200 200 200 204 200"},
        {"{path: '*/users/00u?bob*'}", "200 200 200 500 200"},
        {"{query: '*limit=2*'}", "200 500 200 204 200"},
        {"{query: '-'}", "500 200 500 500 500"},
        {"{group: Kiro}", "500 500 500 500 500"},
        {"{group: " KIRO "}", "500 500 500 500 500"},
        {"{group: Directory}", "200 200 200 204 200"},
        {"{person: bob+aws@example.com}", "200 200 200 500 200"},
        {"{person: alice@example.com}", "200 200 200 204 200"},
        {"{nth: 2}", "200 500 200 204 200"},
        {"{nth: 2, times: 2}", "200 500 500 204 200"},
        {"{times: 1}", "500 200 200 204 200"},
        {"{from: 5m}", "200 200 200 204 500"},
        {"{until: 5m}", "500 500 500 500 200"},
        {"{percent: 0}", "200 200 200 204 200"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        struct buf answers = {0};

        fixture_open(&f, SMALL_ORG);
        load_faults(&f,
                    arena_printf(&f.arena, "[{match: %s, do: {status: 500}}]", cases[i].match).ptr);
        get(&f, MEMBERS);
        buf_printf(&answers, "%d ", f.res.status);
        get(&f, MEMBERS "?limit=2");
        buf_printf(&answers, "%d ", f.res.status);
        get(&f, "/api/v1/groups/" KIRO);
        buf_printf(&answers, "%d ", f.res.status);
        ask(&f, HTTP_PUT, MEMBERS "/" BOB);
        buf_printf(&answers, "%d ", f.res.status);
        sim_advance(f.sim, 600000);
        get(&f, MEMBERS);
        buf_printf(&answers, "%d", f.res.status);
        print_message("%s\n", cases[i].match);
        assert_string_equal(answers.ptr, cases[i].answers);
        buf_fini(&answers);
        fixture_close(&f);
    }
}

static void test_actions_happen_by_themselves_when_their_time_has_come(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG);
    load_faults(&f, "- at: 10m\n"
                    "  actions:\n"
                    "    - {path: /_sim/people/alice/deactivate}\n"
                    "    - {path: /_sim/groups/Kiro/members,\n"
                    "       body: {add: [bob+aws@example.com], actor: alice@example.com}}\n");
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 alice");
    sim_advance(f.sim, 10 * TIME_MINUTE);
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 alice bob+aws");
    assert_non_null(memmem(f.res.body.ptr, f.res.body.len, "DEPROVISIONED", 13));
    fixture_close(&f);
}

static void test_mistakes_in_a_script_are_named_with_their_line(void **state)
{
    static const struct {
        const char *yaml, *why;
    } cases[] = {
        {"- do: {stat: 500}\n", "fault script: line 1: unknown key `stat`; known here: status"},
        {"- match: {}\n", "fault script: line 1: a rule needs `do`, or `at` and `actions`"},
        {"- match: {method: FETCH}\n  do: {status: 500}\n",
         "fault script: line 1: `method` must be GET, PUT, POST, DELETE or PATCH"},
        {"- do: {close: sometimes}\n",
         "fault script: line 1: `close` must be one of: before after"},
        {"- do: {status: 99}\n", "fault script: line 1: `status` must be 200 to 599"},
        {"- do: {delay: soon}\n",
         "fault script: line 1: `delay` must be a duration such as 30s or 5m"},
        {"rules: 5\n", "fault script: line 1: a fault script is a list of rules"},
        {"- do: {status: 500}\n- do: {headers: [a]}\n",
         "fault script: line 2: `headers` must be a map of at most 8"},
        {"- &a 5\n", "fault script: line 1: anchors, aliases and tags are not taken"},
        {"- {do: {status: 500}, do: {}}\n", "fault script: line 1: `do` is given twice"},
        {"- do: {status: 500\n", "fault script: line 2: did not find expected ',' or '}'"},
        {"- {at: 1m, actions: [{path: /api}]}\n",
         "fault script: line 1: `path` must begin with /_sim/"},
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {0};

        fixture_open(&f, SMALL_ORG);
        assert_false(sim_load_faults(f.sim, str_of(cases[i].yaml), &err));
        assert_int_equal(err.kind, ERR_USAGE);
        err.msg[strlen(cases[i].why) < sizeof(err.msg) ? strlen(cases[i].why) : 0] = '\0';
        assert_string_equal(err.msg, cases[i].why);
        get(&f, MEMBERS);
        assert_string_equal(show(&f), "200 alice");
        fixture_close(&f);
    }
}

static void test_faults_can_be_counted_and_cleared(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG);
    load_faults(&f, "- {name: dark, match: {method: GET, nth: 2}, do: {status: 500}}\n");
    get(&f, MEMBERS);
    get(&f, MEMBERS);
    get(&f, MEMBERS);
    assert_non_null(strstr(control(&f, HTTP_GET, "/_sim/state", ""),
                           "\"faults\":[{\"name\":\"dark\",\"fitted\":3,\"played\":1}]"));
    sim_clear_faults(f.sim);
    load_faults(&f, "- {do: {status: 500}}\n");
    control(&f, HTTP_DELETE, "/_sim/faults", "");
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 alice");
    fixture_close(&f);
}

static void test_globs_match_as_shells_do(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool fits;
    } cases[] = {
        {"*", "", true},        {"*", "abc", true},       {"a*c", "abbbc", true},
        {"a*c", "abbb", false}, {"a?c", "abc", true},     {"a?c", "ac", false},
        {"", "", true},         {"", "a", false},         {"*a*a*", "bananas", true},
        {"**", "x", true},      {"a*b*c", "a-b-c", true}, {"*.c", "x.cc", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(sim_glob(str_of(cases[i].pattern), str_of(cases[i].text)), cases[i].fits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_fault_of_a_read_is_played_once),
        cmocka_unit_test(test_the_doubled_429_has_two_values_of_each_header),
        cmocka_unit_test(test_each_fault_of_a_write_leaves_the_right_state),
        cmocka_unit_test(test_delays_and_silence_move_virtual_time),
        cmocka_unit_test(test_the_cursor_can_lead_astray),
        cmocka_unit_test(test_an_empty_page_with_a_next_loses_nobody),
        cmocka_unit_test(test_pages_can_lose_their_shape),
        cmocka_unit_test(test_a_list_can_be_as_of_earlier_and_a_write_shown_late),
        cmocka_unit_test(test_each_match_picks_its_calls),
        cmocka_unit_test(test_actions_happen_by_themselves_when_their_time_has_come),
        cmocka_unit_test(test_mistakes_in_a_script_are_named_with_their_line),
        cmocka_unit_test(test_faults_can_be_counted_and_cleared),
        cmocka_unit_test(test_globs_match_as_shells_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

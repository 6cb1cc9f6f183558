#include "unit/sim/sim_fixture.h"

/* Every reading endpoint but the member list: one table of questions over one organisation. */

#define ORG                                                                              \
    SMALL_ORG                                                                            \
    "  - {name: Twin, id: 00g1twinaaaaaaaaaa03, description: first}\n"                   \
    "  - {name: Twin, id: 00g1twinaaaaaaaaaa04, description: second}\n"                  \
    "  - 'Quote\" and \\ slash'\n"                                                       \
    "apps:\n"                                                                            \
    "  - {name: amazon_aws_sso, label: AWS, id: 0oa1awsappaaaaaaaa01, groups: [Kiro],\n" \
    "     pushed: [Kiro]}\n"                                                             \
    "  - {name: other, label: Other, groups: [Twin]}\n"                                  \
    "roles: {Kiro: [USER_ADMIN, APP_ADMIN]}\n"                                           \
    "schema: {self_editable: [department]}\n"

struct question {
    const char *path;
    const char *answer; /* as show() renders it */
    const char *has;    /* text of the body; NULL: none in particular */
};

static bool body_has(const struct fixture *f, const char *text)
{
    return memmem(f->res.body.ptr, f->res.body.len, text, strlen(text)) != NULL;
}

static void ask_all(const char *org, const struct question *questions, size_t n)
{
    struct fixture f;

    fixture_open(&f, org);
    for (size_t i = 0; i < n; i++) {
        get(&f, questions[i].path);
        print_message("%s\n", questions[i].path);
        assert_string_equal(show(&f), questions[i].answer);
        if (questions[i].has)
            assert_true(body_has(&f, questions[i].has));
    }
    fixture_close(&f);
}

static void test_people_are_found_as_the_contract_says(void **state)
{
    static const struct question questions[] = {
        {"/api/v1/users/" ALICE, "200 alice", "\"provider\":{\"type\":\"OKTA\""},
        {"/api/v1/users/alice%40example.com", "200 alice", NULL},
        {"/api/v1/users/ALICE%40Example.com", "200 alice", NULL},
        {"/api/v1/users/alice", "200 alice", NULL},
        {"/api/v1/users/bob%2Baws%40example.com", "200 bob+aws", NULL},
        {"/api/v1/users/a%2Fb%40example.com", "404 E0000007", NULL},
        {"/api/v1/users/nobody%40example.com", "404 E0000007", "(User)"},
        {"/api/v1/users", "200 alice bob+aws a/b", NULL},
        {"/api/v1/users?filter=profile.login%20eq%20%22a%2Fb%40example.com%22&limit=2", "200 a/b",
         NULL},
        {"/api/v1/users?filter=profile.login%20eq%20%22ALICE%40example.com%22", "200", NULL},
        {"/api/v1/users?search=profile.login%20eq%20%22ALICE%40example.com%22", "200 alice", NULL},
        {"/api/v1/users?filter=status%20eq%20%22DEPROVISIONED%22", "200 carol", NULL},
        {"/api/v1/users?search=profile.login%20sw%20%22b%22%20or%20status%20eq%20%22DEPROVISIONED"
         "%22",
         "200 bob+aws carol", NULL},
        {"/api/v1/users?search=profile.firstName%20co%20%22lic%22", "200 alice", NULL},
        {"/api/v1/users?search=profile.department%20co%20%22x%22", "400 E0000031", NULL},
        {"/api/v1/users?search=profile.login%20eq", "400 E0000031", NULL},
        {"/api/v1/users?filter=profile.department%20eq%20%22x%22", "400 E0000094", NULL},
        {"/api/v1/users?filter=((", "400 E0000053", NULL},
        {"/api/v1/users?q=Ali", "200 alice", NULL},
        {"/api/v1/users?after=nonsense", "400 E0000001", NULL},
        {"/api/v1/users/" ALICE "/groups", "200", "\"name\":\"Kiro\""},
    };

    (void)state;
    ask_all(ORG, questions, ARRAY_LEN(questions));
}

static void test_groups_are_found_as_the_contract_says(void **state)
{
    static const struct question questions[] = {
        {"/api/v1/groups/" KIRO, "200", "\"type\":\"OKTA_GROUP\""},
        {"/api/v1/groups/00g1nosuchgroupaaa01", "404 E0000007", "(UserGroup)"},
        {"/api/v1/groups/00g1directoryaaaaa02", "200", "okta:windows_security_principal"},
        {"/api/v1/groups?search=profile.name%20eq%20%22Kiro%22", "200", KIRO},
        {"/api/v1/groups?search=profile.name%20eq%20%22kiro%22", "200", "[]"},
        {"/api/v1/groups?search=profile.name%20eq%20%22Twin%22", "200", "00g1twinaaaaaaaaaa04"},
        {"/api/v1/groups?search=profile.name%20eq%20%22Quote%5C%22%20and%20%5C%5C%20slash%22",
         "200", "Quote\\\" and \\\\ slash"},
        {"/api/v1/groups?search=profile.name%20EQ%20%22Kiro%22%20AND%20type%20eq%20%22APP_GROUP%22",
         "200", "[]"},
        {"/api/v1/groups?search=not%20(type%20eq%20%22OKTA_GROUP%22)", "200", "Directory"},
        {"/api/v1/groups?search=Profile.name%20eq%20%22Kiro%22", "400 E0000031", NULL},
        {"/api/v1/groups?filter=profile.name%20eq%20%22Kiro%22", "400 E0000094", NULL},
        {"/api/v1/groups?filter=type%20eq%20%22APP_GROUP%22", "200", "Directory"},
        {"/api/v1/groups?filter=lastMembershipUpdated%20gt%20%222030-01-01T00:00:00.000Z%22", "200",
         "[]"},
        {"/api/v1/groups?q=Ki", "200", KIRO},
        {"/api/v1/groups/" KIRO "/roles", "200", "\"type\":\"USER_ADMIN\""},
        {"/api/v1/groups/00g1directoryaaaaa02/roles", "200", "[]"},
        {"/api/v1/groups/" KIRO "/apps", "200", "\"label\":\"AWS\""},
        {"/api/v1/apps/0oa1awsappaaaaaaaa01/users/" ALICE, "200", "userName"},
        {"/api/v1/apps/0oa1awsappaaaaaaaa01/users/" BOB, "404 E0000007", NULL},
        {"/api/v1/apps/0oa1awsappaaaaaaaa01/group-push/mappings?sourceGroupId=" KIRO, "200",
         "\"status\":\"ACTIVE\""},
        {"/api/v1/meta/schemas/user/default", "200",
         "\"department\":{\"title\":\"department\",\"type\":\"string\",\"permissions\":[{"
         "\"principal\":\"SELF\",\"action\":\"READ_WRITE\"}]}"},
        {"/.well-known/okta-organization", "200", "\"id\":\"00o"},
    };

    (void)state;
    ask_all(ORG, questions, ARRAY_LEN(questions));
}

static void test_strange_requests_are_refused_in_okta_words(void **state)
{
    static const struct question questions[] = {
        {"/api/v1/nothing", "404 E0000008", NULL},
        {"/", "404 E0000008", NULL},
        {"/api/v1//groups", "400 E0000003", NULL},
        {"/api/v1/groups/%zz", "400 E0000003", NULL},
        {"/api/v1/groups/rules", "200", "[]"},
        {"/api/v1/groups/rules/0pr1nosuchruleaaaa01", "404 E0000007", NULL},
    };
    struct fixture f;

    (void)state;
    ask_all(ORG, questions, ARRAY_LEN(questions));
    fixture_open(&f, ORG);
    ask(&f, HTTP_POST, "/api/v1/groups/" KIRO);
    assert_string_equal(show(&f), "405 E0000022");
    fixture_close(&f);
}

static void test_headers_that_okta_wants_are_asked_for(void **state)
{
    static const struct {
        struct http_header headers[2];
        size_t n;
        enum http_method method;
        const char *answer;
    } cases[] = {
        {{{{0}, {0}}}, 0, HTTP_GET, "400 E0000019"},
        {{{STR("Accept"), STR("text/html")}}, 1, HTTP_GET, "400 E0000018"},
        {{{STR("Accept"), STR("application/json")}, {STR("Content-Type"), STR("text/plain")}},
         2,
         HTTP_GET,
         "400 E0000021"},
        {{{STR("Accept"), STR("application/json")}}, 1, HTTP_PUT, "400 E0000019"},
        {{{STR("Accept"), STR("application/json")}}, 1, HTTP_GET, "401 E0000004"},
    };
    struct fixture f;

    (void)state;
    fixture_open(&f, ORG);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request req = {.method = cases[i].method,
                                   .url = STR(ORIGIN "/api/v1/groups/" KIRO "/users/" BOB),
                                   .headers = cases[i].headers,
                                   .n_headers = cases[i].n};

        if (cases[i].method == HTTP_GET)
            req.url = STR(ORIGIN "/api/v1/groups/" KIRO "/users");
        fixture_send(&f, &req);
        assert_string_equal(show(&f), cases[i].answer);
    }
    fixture_close(&f);
}

static void test_search_lags_behind_new_and_renamed_groups(void **state)
{
    struct fixture f;
    static const char *const search = "/api/v1/groups?search=profile.name%20eq%20%22Fresh%22";
    static const char *const by_old = "/api/v1/groups?search=profile.name%20eq%20%22Kiro%22";

    (void)state;
    fixture_open(&f, SMALL_ORG "quirks: {search_lag: 5s}\n");
    sim_advance(f.sim, 60000);
    control(&f, HTTP_POST, "/_sim/groups/Kiro/rename", "{name: Renamed}");
    control(&f, HTTP_POST, "/_sim/groups", "{name: Fresh}");
    get(&f, search);
    assert_true(body_has(&f, "[]"));
    get(&f, by_old);
    assert_true(body_has(&f, KIRO));
    sim_advance(f.sim, 5000);
    get(&f, search);
    assert_true(body_has(&f, "\"name\":\"Fresh\""));
    get(&f, by_old);
    assert_true(body_has(&f, "[]"));
    fixture_close(&f);
}

static void test_a_recreated_group_has_the_name_and_another_id(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG);
    control(&f, HTTP_POST, "/_sim/groups/Kiro/recreate", "");
    get(&f, "/api/v1/groups/" KIRO);
    assert_string_equal(show(&f), "404 E0000007");
    get(&f, "/api/v1/groups?search=profile.name%20eq%20%22Kiro%22");
    assert_true(body_has(&f, "\"name\":\"Kiro\""));
    assert_false(body_has(&f, KIRO));
    fixture_close(&f);
}

static void test_each_endpoint_can_be_absent_forbidden_or_broken(void **state)
{
    static const struct {
        const char *quirk, *path, *answer;
    } cases[] = {
        {"{rules: 404}", "/api/v1/groups/rules", "404 E0000008"},
        {"{rules: 403}", "/api/v1/groups/rules", "403 E0000006"},
        {"{rules: 503}", "/api/v1/groups/rules", "503 E0000009"},
        {"{logs: 404}", "/api/v1/logs", "404 E0000008"},
        {"{roles: 403}", "/api/v1/groups/" KIRO "/roles", "403 E0000006"},
        {"{apps: 404}", "/api/v1/groups/" KIRO "/apps", "404 E0000008"},
        {"{schema: 403}", "/api/v1/meta/schemas/user/default", "403 E0000006"},
        {"{org: 404}", "/.well-known/okta-organization", "404 E0000008"},
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fixture_open(&f, SMALL_ORG);
        control(&f, HTTP_POST, "/_sim/quirks", cases[i].quirk);
        get(&f, cases[i].path);
        assert_string_equal(show(&f), cases[i].answer);
        fixture_close(&f);
    }
}

static void test_every_answer_carries_date_and_request_id(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG);
    get(&f, "/api/v1/groups/" KIRO);
    assert_string_equal(header(&f, "Date"), "Mon, 04 May 2026 09:12:40 GMT");
    assert_int_equal(strlen(header(&f, "X-Okta-Request-Id")), 20);
    control(&f, HTTP_POST, "/_sim/clock", "{skew: 1h}");
    get(&f, "/api/v1/groups/" KIRO);
    assert_string_equal(header(&f, "Date"), "Mon, 04 May 2026 10:12:40 GMT");
    fixture_close(&f);
}

/* ---- rules ---- */

#define RULES                                                                               \
    "people:\n"                                                                             \
    "  - {login: alice@example.com, profile: {countryCode: JP, department: Engineering}}\n" \
    "  - {login: bob@example.com, profile: {countryCode: DE, department: Engineering}}\n"   \
    "groups: [{name: Japan, id: 00g1japanaaaaaaaaa01}]\n"                                   \
    "rules:\n"                                                                              \
    "  - name: JP engineers\n"                                                              \
    "    expression: user.countryCode==\"JP\" AND user.department==\"Engineering\"\n"       \
    "    groups: [Japan]\n"
#define JAPAN "/api/v1/groups/00g1japanaaaaaaaaa01/users"

static struct str id_of(struct fixture *f, const char *login)
{
    struct str path = arena_printf(&f->arena, "/_sim/people/%s", login);

    return between(str_of(control(f, HTTP_GET, path.ptr, "")), "\"id\":\"", "\"");
}

static void test_a_rule_fills_its_group_and_follows_profiles(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, RULES);
    get(&f, JAPAN);
    assert_string_equal(show(&f), "200 alice");
    control(&f, HTTP_POST, "/_sim/people/bob/profile", "{countryCode: JP}");
    get(&f, JAPAN);
    assert_string_equal(show(&f), "200 alice bob");
    control(&f, HTTP_POST, "/_sim/people/alice/profile", "{department: Sales}");
    get(&f, JAPAN);
    assert_string_equal(show(&f), "200 bob");
    get(&f, "/api/v1/groups/rules?limit=200");
    assert_true(body_has(&f, "\"status\":\"ACTIVE\""));
    assert_true(body_has(&f, "\"groupIds\":[\"00g1japanaaaaaaaaa01\"]"));
    fixture_close(&f);
}

static void test_removing_a_rule_managed_member_excludes_him_for_good(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, RULES);
    struct str alice = id_of(&f, "alice");
    ask(&f, HTTP_DELETE, arena_printf(&f.arena, JAPAN "/%.*s", STR_ARG(alice)).ptr);
    assert_string_equal(show(&f), "204");
    control(&f, HTTP_POST, "/_sim/people/alice/profile", "{title: Lead}");
    get(&f, JAPAN);
    assert_string_equal(show(&f), "200");
    get(&f, "/api/v1/groups/rules");
    assert_true(body_has(&f, arena_printf(&f.arena, "\"exclude\":[\"%.*s\"]", STR_ARG(alice)).ptr));
    get(&f, "/api/v1/logs");
    assert_true(body_has(&f, "group.user_membership.rule.add_exclusion"));
    fixture_close(&f);
}

static void test_adding_a_rule_managed_member_makes_the_membership_manual(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, RULES);
    struct str alice = id_of(&f, "alice");
    ask(&f, HTTP_PUT, arena_printf(&f.arena, JAPAN "/%.*s", STR_ARG(alice)).ptr);
    control(&f, HTTP_POST, "/_sim/people/alice/profile", "{department: Sales}");
    get(&f, JAPAN);
    assert_string_equal(show(&f), "200 alice");
    fixture_close(&f);
}

/* ---- System Log ---- */

static const char *events(struct fixture *f)
{
    struct buf out = {0};
    struct str rest = f->res.body;

    for (;;) {
        struct str type = between(rest, "\"eventType\":\"group.user_membership.", "\"");
        struct str actor;
        struct str kind;

        if (type.len == 0)
            break;
        rest = str_sub(rest, (size_t)(type.ptr + type.len - rest.ptr), rest.len);
        actor = between(rest, "\"alternateId\":\"", "\"");
        kind = between(rest, "\"type\":\"", "\"");
        buf_printf(&out, "%s%.*s by %.*s %.*s", out.len > 0 ? ", " : "", STR_ARG(type),
                   STR_ARG(kind), STR_ARG(actor));
    }

    const char *text = arena_cstr(&f->arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

static void test_the_log_names_who_changed_a_membership(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG "  - Other\n");
    ask(&f, HTTP_PUT, "/api/v1/groups/" KIRO "/users/" BOB);
    control(&f, HTTP_POST, "/_sim/groups/Kiro/members",
            "{remove: [alice], actor: bob+aws@example.com}");
    control(&f, HTTP_POST, "/_sim/groups/Other/members", "{add: [alice]}");
    get(&f,
        "/api/v1/logs?filter=target.id%20eq%20%22" KIRO "%22%20and%20(eventType%20eq%20%22group."
        "user_membership.add%22%20or%20eventType%20eq%20%22group.user_membership.remove%22)");
    assert_string_equal(events(&f), "add by User seatkeeper-service@example.com, remove by User "
                                    "bob+aws@example.com");
    assert_true(body_has(&f, "\"requestApiTokenId\":\"00T1seatkeepersim001\""));
    fixture_close(&f);
}

static void test_a_poll_has_a_next_on_empty_pages_and_goes_on_from_it(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG);
    get(&f, "/api/v1/logs?since=2026-05-04T09:00:00.000Z&sortOrder=ASCENDING&limit=2");
    assert_string_equal(events(&f), "");
    const char *next = next_link(&f);
    assert_string_equal(next, ORIGIN "/api/v1/logs?after=P0&limit=2&sortOrder=ASCENDING");
    ask(&f, HTTP_PUT, "/api/v1/groups/" KIRO "/users/" BOB);
    ask(&f, HTTP_DELETE, "/api/v1/groups/" KIRO "/users/" BOB);
    ask(&f, HTTP_PUT, "/api/v1/groups/" KIRO "/users/" BOB);
    get(&f, next);
    assert_true(strlen(events(&f)) > 0);
    assert_string_equal(next_link(&f), ORIGIN "/api/v1/logs?after=P2&limit=2&sortOrder=ASCENDING");
    get(&f, next_link(&f));
    assert_string_equal(events(&f), "add by User seatkeeper-service@example.com");
    get(&f, next_link(&f));
    assert_string_equal(events(&f), "");
    assert_string_equal(next_link(&f), ORIGIN "/api/v1/logs?after=P3&limit=2&sortOrder=ASCENDING");
    fixture_close(&f);
}

static void test_a_bounded_log_query_ends(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG);
    ask(&f, HTTP_PUT, "/api/v1/groups/" KIRO "/users/" BOB);
    get(&f, "/api/v1/logs?since=2026-05-04T09:00:00.000Z&until=2026-05-04T10:00:00.000Z");
    assert_string_equal(events(&f), "add by User seatkeeper-service@example.com");
    assert_string_equal(next_link(&f), "");
    fixture_close(&f);
}

static void test_log_mistakes_are_refused(void **state)
{
    static const struct question questions[] = {
        {"/api/v1/logs?since=yesterday", "400 E0000030", NULL},
        {"/api/v1/logs?since=2026-05-04T09:00:00.000Z&after=P0", "400 E0000001", NULL},
        {"/api/v1/logs?after=mine", "400 E0000031", NULL},
        {"/api/v1/logs?after=P99", "400 E0000031", NULL},
        {"/api/v1/logs?filter=published%20gt%20%222026-05-04T09:00:00.000Z%22", "400 E0000053",
         NULL},
    };

    (void)state;
    ask_all(SMALL_ORG, questions, ARRAY_LEN(questions));
}

static void test_the_log_can_double_disorder_and_lag(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG "quirks: {log_doubles: true, log_disorder: true, log_lag: 10s}\n");
    for (int i = 0; i < 3; i++) {
        ask(&f, i % 2 ? HTTP_DELETE : HTTP_PUT, "/api/v1/groups/" KIRO "/users/" BOB);
        sim_advance(f.sim, 1000);
    }
    get(&f, "/api/v1/logs");
    assert_string_equal(events(&f), "");
    sim_advance(f.sim, 10000);
    get(&f, "/api/v1/logs");
    assert_string_equal(events(&f), "remove by User seatkeeper-service@example.com, add by User "
                                    "seatkeeper-service@example.com, add by User "
                                    "seatkeeper-service@example.com, add by User "
                                    "seatkeeper-service@example.com");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people_are_found_as_the_contract_says),
        cmocka_unit_test(test_groups_are_found_as_the_contract_says),
        cmocka_unit_test(test_strange_requests_are_refused_in_okta_words),
        cmocka_unit_test(test_headers_that_okta_wants_are_asked_for),
        cmocka_unit_test(test_search_lags_behind_new_and_renamed_groups),
        cmocka_unit_test(test_a_recreated_group_has_the_name_and_another_id),
        cmocka_unit_test(test_each_endpoint_can_be_absent_forbidden_or_broken),
        cmocka_unit_test(test_every_answer_carries_date_and_request_id),
        cmocka_unit_test(test_a_rule_fills_its_group_and_follows_profiles),
        cmocka_unit_test(test_removing_a_rule_managed_member_excludes_him_for_good),
        cmocka_unit_test(test_adding_a_rule_managed_member_makes_the_membership_manual),
        cmocka_unit_test(test_the_log_names_who_changed_a_membership),
        cmocka_unit_test(test_a_poll_has_a_next_on_empty_pages_and_goes_on_from_it),
        cmocka_unit_test(test_a_bounded_log_query_ends),
        cmocka_unit_test(test_log_mistakes_are_refused),
        cmocka_unit_test(test_the_log_can_double_disorder_and_lag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <string.h>

#include "unit/okta/okta_rig.h"

#define SEARCH   "/api/v1/groups?search=profile.name%20eq%20%22Kiro%22&limit=200"
#define SEARCH2  "/api/v1/groups?after=2"
#define SEARCH3  "/api/v1/groups?after=3"
#define RULES    "/api/v1/groups/rules?limit=200"
#define RULE(id) "{\"id\":\"" id "\",\"name\":\"n\",\"status\":\"ACTIVE\"}"

#define ROWS 4

static size_t rows(const struct fake_answer *script)
{
    size_t n = 0;

    while (n < ROWS && (script[n].url || script[n].status || script[n].body || script[n].outcome))
        n++;
    return n;
}

static const char *show(enum okta_answer answer, struct str what, struct str why,
                        struct arena *arena)
{
    return arena_printf(arena, "%s%s%.*s%s%.*s", answer_name(answer), what.len > 0 ? " " : "",
                        STR_ARG(what), why.len > 0 ? " | " : "", STR_ARG(why))
        .ptr;
}

/* `expected` begins the text; where it ends with `$` it is all of it. */
static void expect(const char *name, const char *got, const char *expected)
{
    size_t n = strlen(expected);
    bool whole = n > 0 && expected[n - 1] == '$';

    n -= whole;
    if (strncmp(got, expected, n) != 0 || (whole && got[n] != '\0'))
        fail_msg("%s:\n  expected: %s\n  got:      %s", name, expected, got);
}

struct read_case {
    const char *name;
    struct fake_answer script[ROWS];
    const char *expected;
};

typedef const char *read_fn(struct rig *rig);

static void run_cases(const struct read_case *cases, size_t n, read_fn *read)
{
    for (size_t i = 0; i < n; i++) {
        struct rig rig;

        rig_open(&rig, cases[i].script, rows(cases[i].script));
        expect(cases[i].name, read(&rig), cases[i].expected);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

/* ---- groups by name ---- */

static const char *find_kiro(struct rig *rig)
{
    struct str name = STR("Kiro");
    struct okta_group group;

    if (!okta_find_groups(rig->okta, &name, 1, &rig->arena, &group, &rig->err))
        return rig->err.msg;
    return show(group.answer,
                group.answer == OKTA_FOUND
                    ? arena_printf(&rig->arena, "%.*s:%.*s:%d", STR_ARG(group.group.id),
                                   STR_ARG(group.group.name), (int)group.group.type)
                    : (struct str){0},
                group.why, &rig->arena);
}

static const struct read_case by_name[] = {
    {"one hit",
     {{.url = SEARCH, .body = "[" GROUP("g1", "OKTA_GROUP", "Kiro") "]"}},
     "found g1:Kiro:0$"},
    {"no hit", {{.url = SEARCH, .body = "[]"}}, "none | no group has exactly this name$"},
    {"the search was ignored",
     {{.url = SEARCH,
       .body = "[" GROUP("g0", "BUILT_IN", "Everyone") "," GROUP(
           "g2", "OKTA_GROUP", "kiro") "," GROUP("g3", "OKTA_GROUP", "Kiro2") "]",
       .headers = NEXT(SEARCH2)},
      {.url = SEARCH2, .body = "[" GROUP("g1", "OKTA_GROUP", "Kiro") "]"}},
     "found g1:Kiro:0$"},
    {"two of that name",
     {{.url = SEARCH,
       .body = "[" GROUP("g1", "OKTA_GROUP", "Kiro") "," GROUP("g2", "OKTA_GROUP", "Kiro") "]"}},
     "ambiguous | several groups have this name$"},
    {"the second one on another page",
     {{.url = SEARCH, .body = "[" GROUP("g1", "OKTA_GROUP", "Kiro") "]", .headers = NEXT(SEARCH2)},
      {.url = SEARCH2, .body = "[]", .headers = NEXT(SEARCH3)},
      {.url = SEARCH3, .body = "[" GROUP("g2", "OKTA_GROUP", "Kiro") "]"}},
     "ambiguous"},
    {"the same one twice",
     {{.url = SEARCH, .body = "[" GROUP("g1", "OKTA_GROUP", "Kiro") "]", .headers = NEXT(SEARCH2)},
      {.url = SEARCH2, .body = "[" GROUP("g1", "OKTA_GROUP", "Kiro") "]"}},
     "found g1:Kiro:0$"},
    {"an imported group beside ours",
     {{.url = SEARCH,
       .body = "[" GROUP("g2", "APP_GROUP", "Kiro") "," GROUP("g1", "OKTA_GROUP", "Kiro") "]"}},
     "found g1:Kiro:0$"},
    {"an imported group alone",
     {{.url = SEARCH, .body = "[" GROUP("g2", "APP_GROUP", "Kiro") "]"}},
     "found g2:Kiro:1$"},
    {"two imported groups",
     {{.url = SEARCH,
       .body = "[" GROUP("g2", "APP_GROUP", "Kiro") "," GROUP("g3", "APP_GROUP", "Kiro") "]"}},
     "ambiguous"},
    {"a hit is not proved by a walk that breaks",
     {{.url = SEARCH, .body = "[" GROUP("g1", "OKTA_GROUP", "Kiro") "]", .headers = NEXT(SEARCH)}},
     "unknown | page 1: "},
    {"the search is away",
     {{.url = SEARCH, .status = 503, .body = ERROR("E0000100")}},
     "unknown | page 1: GET /api/v1/groups: 503 E0000100: as told$"},
    {"we may not look",
     {{.url = SEARCH, .status = 403, .body = ERROR("E0000006")}},
     "forbidden | page 1: GET /api/v1/groups: 403 E0000006: as told$"},
    {"500 is no reason for smaller pages here",
     {{.url = SEARCH, .status = 500}},
     "unknown | page 1: GET /api/v1/groups: 500$"},
    {"an odd entry",
     {{.url = SEARCH, .body = "[{\"id\":\"g1\"}]"}},
     "unknown | page 1: group list: entry 1: "},
};

static void test_a_name_finds_exactly_one_group_or_says_why_not(void **state)
{
    (void)state;
    run_cases(by_name, ARRAY_LEN(by_name), find_kiro);
}

static void test_a_search_without_end_is_given_up_after_50_pages(void **state)
{
    struct fake_answer script[60];
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(script); i++)
        script[i] = (struct fake_answer){.body = "[" GROUP("g1", "OKTA_GROUP", "Kiro") "]"};
    rig_open(&rig, script, ARRAY_LEN(script));
    for (size_t i = 0; i < ARRAY_LEN(script); i++) {
        script[i].headers =
            arena_printf(&rig.arena, "Link: <" ORG "/api/v1/groups?after=%zu>; rel=\"next\"\n", i)
                .ptr;
    }
    expect("bogus links", find_kiro(&rig), "unknown | page 50: the list does not end");
    assert_int_equal(rig.fake.n_requests, 50);
    rig_close(&rig);
}

/* ---- groups by id ---- */

static const char *get_g1(struct rig *rig)
{
    struct str id = STR(G1);
    struct okta_group group;

    if (!okta_get_groups(rig->okta, &id, 1, &rig->arena, &group, &rig->err))
        return rig->err.msg;
    return show(group.answer, group.group.name, group.why, &rig->arena);
}

static const struct read_case by_id[] = {
    {"there",
     {{.url = "/api/v1/groups/" G1, .body = GROUP(G1, "OKTA_GROUP", "Kiro")}},
     "found Kiro$"},
    {"gone", {{.status = 404, .body = ERROR("E0000007")}}, "none | GET /api/v1/groups/" G1 ": 404"},
    {"404 of somebody else", {{.status = 404, .body = "<html>"}}, "unknown | "},
    {"404 of the path", {{.status = 404, .body = ERROR("E0000008")}}, "unknown | "},
    {"out of reach", {{.status = 403, .body = ERROR("E0000006")}}, "forbidden | "},
    {"another one",
     {{.body = GROUP(G2, "OKTA_GROUP", "Kiro")}},
     "unknown | the answer is about another group$"},
    {"a list", {{.body = "[]"}}, "unknown | group: "},
    {"500", {{.status = 500, .body = ERROR("E0000009")}}, "unknown | "},
    {"lost", {{.outcome = HTTP_LOST}}, "unknown | GET /api/v1/groups/" G1 ": the connection"},
};

static void test_an_id_finds_its_group_or_says_why_not(void **state)
{
    (void)state;
    run_cases(by_id, ARRAY_LEN(by_id), get_g1);
}

static void test_many_groups_are_read_in_order_around_odd_ids(void **state)
{
    enum { MANY = 70 };
    struct str ids[MANY];
    struct okta_group groups[MANY];
    struct fake_answer script[MANY];
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        script[i] = (struct fake_answer){.body = "unused", .times = FAKE_ALWAYS};
    rig_open(&rig, script, MANY);
    for (size_t i = 0; i < MANY; i++) {
        ids[i] = i == 40 ? STR("no id!") : arena_printf(&rig.arena, "g%zux", i);
        script[i].url = arena_printf(&rig.arena, "/%.*s", STR_ARG(ids[i])).ptr;
        script[i].body = arena_printf(&rig.arena,
                                      "{\"id\":\"%.*s\",\"type\":\"OKTA_GROUP\",\"profile\":"
                                      "{\"name\":\"n%zu\"}}",
                                      STR_ARG(ids[i]), i)
                             .ptr;
    }
    assert_true(okta_get_groups(rig.okta, ids, MANY, &rig.arena, groups, &rig.err));
    for (size_t i = 0; i < MANY; i++) {
        if (i == 40) {
            assert_int_equal(groups[i].answer, OKTA_NONE);
            continue;
        }
        assert_int_equal(groups[i].answer, OKTA_FOUND);
        assert_true(str_eq(groups[i].group.id, ids[i]));
    }
    assert_int_equal(rig.fake.n_requests, MANY - 1);
    rig_close(&rig);
}

/* ---- rules ---- */

static const char *list_rules(struct rig *rig)
{
    struct okta_rules rules;
    struct str ids = {0};

    if (!okta_list_rules(rig->okta, &rig->arena, &rules, &rig->err))
        return rig->err.msg;
    for (size_t i = 0; i < rules.n; i++) {
        ids = arena_printf(&rig->arena, "%.*s%s%.*s", STR_ARG(ids), i > 0 ? " " : "",
                           STR_ARG(rules.rules[i].id));
    }
    return show(rules.answer, ids, rules.why, &rig->arena);
}

static const struct read_case rules[] = {
    {"none at all", {{.url = RULES, .body = "[]"}}, "found$"},
    {"two pages",
     {{.url = RULES,
       .body = "[" RULE("r1") "," RULE("r2") "]",
       .headers = NEXT("/api/v1/groups/rules?after=2")},
      {.url = "after=2", .body = "[" RULE("r3") "]"}},
     "found r1 r2 r3$"},
    {"a service without rules takes the word for a group id",
     {{.url = RULES, .status = 404, .body = ERROR("E0000007")}},
     "none | "},
    {"a service without the path", {{.url = RULES, .status = 404, .body = "{}"}}, "none | "},
    {"404 in the middle",
     {{.url = RULES, .body = "[]", .headers = NEXT("/api/v1/groups/rules?after=2")},
      {.url = "after=2", .status = 404, .body = ERROR("E0000007")}},
     "unknown | page 2: "},
    {"we may not look", {{.url = RULES, .status = 403, .body = ERROR("E0000006")}}, "forbidden | "},
    {"busy", {{.url = RULES, .status = 500}}, "unknown | page 1: "},
    {"odd", {{.url = RULES, .body = "[{}]"}}, "unknown | page 1: group rules: entry 1: "},
};

static void test_rules_are_known_absent_forbidden_or_unknown(void **state)
{
    (void)state;
    run_cases(rules, ARRAY_LEN(rules), list_rules);
}

/* ---- roles, applications, schema, org ---- */

static const char *read_roles(struct rig *rig)
{
    struct str id = STR(G1);
    struct okta_roles roles;

    if (!okta_group_roles(rig->okta, &id, 1, &rig->arena, &roles, &rig->err))
        return rig->err.msg;
    return show(roles.answer, roles.names, roles.why, &rig->arena);
}

static const struct read_case roles[] = {
    {"none", {{.url = "/groups/" G1 "/roles", .body = "[]"}}, "none$"},
    {"two",
     {{.body = "[{\"label\":\"Help Desk\"},{\"type\":\"USER_ADMIN\"}]"}},
     "found Help Desk, USER_ADMIN$"},
    {"two pages",
     {{.body = "[{\"label\":\"A\"}]", .headers = NEXT("/api/v1/groups/" G1 "/roles?after=1")},
      {.url = "after=1", .body = "[{\"label\":\"B\"}]"}},
     "found A, B$"},
    {"no such thing", {{.status = 404, .body = "{}"}}, "none | "},
    {"forbidden", {{.status = 403}}, "forbidden | "},
    {"busy", {{.status = 502}}, "unknown | "},
};

static void test_roles_of_a_group(void **state)
{
    (void)state;
    run_cases(roles, ARRAY_LEN(roles), read_roles);
}

static const char *read_apps(struct rig *rig)
{
    struct okta_apps apps;
    struct str out = {0};

    if (!okta_group_apps(rig->okta, STR(G1), &rig->arena, &apps, &rig->err))
        return rig->err.msg;
    for (size_t i = 0; i < apps.n; i++)
        out = arena_printf(&rig->arena, "%.*s[%.*s]", STR_ARG(out), STR_ARG(apps.apps[i].label));
    return show(apps.answer, out, apps.why, &rig->arena);
}

static const struct read_case apps[] = {
    {"none", {{.url = "/groups/" G1 "/apps?limit=200", .body = "[]"}}, "none$"},
    {"one", {{.body = "[{\"id\":\"0oa1\",\"label\":\"AWS\"}]"}}, "found [AWS]$"},
    {"no such thing", {{.status = 404}}, "none | "},
    {"forbidden", {{.status = 403}}, "forbidden | "},
    {"odd", {{.body = "{}"}}, "unknown | "},
};

static void test_applications_behind_a_group(void **state)
{
    (void)state;
    run_cases(apps, ARRAY_LEN(apps), read_apps);
}

static const char *read_schema(struct rig *rig)
{
    struct okta_schema schema;

    if (!okta_user_schema(rig->okta, &rig->arena, &schema, &rig->err))
        return rig->err.msg;
    return show(schema.answer, schema.n > 0 ? schema.self_editable[0] : (struct str){0}, schema.why,
                &rig->arena);
}

static const struct read_case schema[] = {
    {"one",
     {{.url = "/api/v1/meta/schemas/user/default",
       .body = "{\"definitions\":{\"base\":{\"properties\":{\"city\":{\"permissions\":[{"
               "\"principal\":\"SELF\",\"action\":\"READ_WRITE\"}]}}}}}"}},
     "found city$"},
    {"no such thing", {{.status = 404}}, "none | "},
    {"forbidden", {{.status = 403}}, "forbidden | "},
    {"odd", {{.body = "[]"}}, "unknown | user schema: "},
    {"lost", {{.outcome = HTTP_LOST}}, "unknown | "},
};

static void test_the_schema_of_users(void **state)
{
    (void)state;
    run_cases(schema, ARRAY_LEN(schema), read_schema);
}

static const char *read_org(struct rig *rig)
{
    struct okta_org org;

    if (!okta_read_org(rig->okta, &rig->arena, &org, &rig->err))
        return rig->err.msg;
    assert_int_equal(fake_request_header(&rig->fake.requests[0], "Authorization").len, 0);
    assert_int_equal(fake_request_header(&rig->fake.requests[0], "DPoP").len, 0);
    return show(org.answer, org.id, org.why, &rig->arena);
}

static const struct read_case orgs[] = {
    {"known",
     {{.url = ORG "/.well-known/okta-organization",
       .body = "{\"id\":\"00o1acme\",\"pipeline\":\"idx\",\"_links\":{}}"}},
     "found 00o1acme$"},
    {"no such page",
     {{.status = 404, .body = "{\"message\":\"Not Found\"}"}},
     "none acme.okta.com$"},
    {"another page", {{.body = "<html>hello</html>"}}, "unknown | "},
    {"an odd id", {{.body = "{\"id\":\"a b\"}"}}, "unknown | org page: "},
    {"forbidden", {{.status = 403}}, "unknown | GET /.well-known/okta-organization: 403$"},
    {"unauthorised", {{.status = 401}}, "unknown | GET /.well-known/okta-organization: 401$"},
    {"away", {{.outcome = HTTP_NOT_SENT}}, "unknown | "},
};

static void test_the_org_says_who_it_is_without_a_credential(void **state)
{
    (void)state;
    run_cases(orgs, ARRAY_LEN(orgs), read_org);
}

static void test_the_host_that_stands_for_an_org_has_no_case_and_no_port(void **state)
{
    static const struct fake_answer script[] = {{.status = 404}};
    struct okta_org org;
    struct rig rig;

    (void)state;
    rig_open_with(&rig, (struct okta_options){.url = STR("http://LocalHost:4106")}, 1, script, 1);
    assert_true(okta_read_org(rig.okta, &rig.arena, &org, &rig.err));
    assert_true(str_is(org.id, "localhost"));
    rig_close(&rig);
}

static void test_odd_ids_are_never_asked_for(void **state)
{
    const struct str bad = STR("00g1/../../users");
    struct okta_group group;
    struct okta_roles found_roles;
    struct okta_apps found_apps;
    struct rig rig;

    (void)state;
    rig_open(&rig, NULL, 0);
    assert_true(okta_get_groups(rig.okta, &bad, 1, &rig.arena, &group, &rig.err));
    assert_int_equal(group.answer, OKTA_NONE);
    assert_true(okta_group_roles(rig.okta, &bad, 1, &rig.arena, &found_roles, &rig.err));
    assert_int_equal(found_roles.answer, OKTA_UNKNOWN);
    assert_true(okta_group_apps(rig.okta, bad, &rig.arena, &found_apps, &rig.err));
    assert_int_equal(found_apps.answer, OKTA_UNKNOWN);
    assert_int_equal(rig.fake.n_requests, 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_finds_exactly_one_group_or_says_why_not),
        cmocka_unit_test(test_a_search_without_end_is_given_up_after_50_pages),
        cmocka_unit_test(test_an_id_finds_its_group_or_says_why_not),
        cmocka_unit_test(test_many_groups_are_read_in_order_around_odd_ids),
        cmocka_unit_test(test_rules_are_known_absent_forbidden_or_unknown),
        cmocka_unit_test(test_roles_of_a_group),
        cmocka_unit_test(test_applications_behind_a_group),
        cmocka_unit_test(test_the_schema_of_users),
        cmocka_unit_test(test_the_org_says_who_it_is_without_a_credential),
        cmocka_unit_test(test_the_host_that_stands_for_an_org_has_no_case_and_no_port),
        cmocka_unit_test(test_odd_ids_are_never_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

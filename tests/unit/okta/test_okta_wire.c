#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "okta/okta_wire.h"
#include "unit/okta/okta_rig.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    json_init();
    arena_init(&arena, (size_t)64 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

/* ---- ids ---- */

static void test_an_id_is_1_to_64_of_its_alphabet(void **state)
{
    static const struct {
        const char *text;
        bool is_id;
    } cases[] = {
        {"00u1aliceaaaaaaaaaa1", true},
        {"00g_everyone", true},
        {"a-b", true},
        {"0123456789012345678901234567890123456789012345678901234567890123", true},
        {"01234567890123456789012345678901234567890123456789012345678901234", false},
        {"", false},
        {"00u1/../x", false},
        {"00u 1", false},
        {"00u%31", false},
        {"00u\xC3\xA9", false},
        {"00u1\n", false},
        {".", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (okta_wire_is_id(str_of(cases[i].text)) != cases[i].is_id)
            fail_msg("`%s`", cases[i].text);
    }
}

/* ---- members ---- */

static const char *show_members(const char *body)
{
    struct buf text = {0};
    struct member_page page = {0};
    struct err err = {0};
    const char *shown;

    if (!okta_wire_members(str_of(body), &arena, &page, &err)) {
        assert_int_equal(err.kind, ERR_REMOTE);
        assert_int_equal(page.n, 0);
        return arena_cstr(&arena, str_of(err.msg));
    }
    for (size_t i = 0; i < page.n; i++) {
        buf_printf(&text, "%s%.*s %.*s %s", i > 0 ? ", " : "", STR_ARG(page.items[i].id),
                   STR_ARG(page.items[i].login), user_status_name(page.items[i].status));
    }
    shown = arena_cstr(&arena, buf_str(&text));
    buf_fini(&text);
    return shown;
}

static void test_members_are_read_with_and_without_what_is_optional(void **state)
{
    char expected[512];

    (void)state;
    snprintf(expected, sizeof(expected), "a1 a@x %s, a2  %s, a3 c@x %s",
             user_status_name(USER_ACTIVE), user_status_name(USER_DEPROVISIONED),
             user_status_name(USER_UNKNOWN));
    assert_string_equal(
        show_members("[{\"id\":\"a1\",\"status\":\"ACTIVE\",\"realmId\":7,\"type\":{\"id\":\"o\"},"
                     "\"profile\":{\"login\":\"a@x\",\"mobilePhone\":null,\"odd\":[1,{}]}},"
                     "{\"status\":\"DEPROVISIONED\",\"id\":\"a2\"},"
                     "{\"id\":\"a3\",\"status\":\"NEW_WORD\",\"profile\":{\"login\":\"c@x\"}}]"),
        expected);
    assert_string_equal(show_members("[]"), "");
}

static void test_a_body_that_is_no_member_list_is_refused(void **state)
{
    static const char *const bodies[] = {
        "",
        "[",
        "{}",
        "null",
        "\"[]\"",
        "[] []",
        "[{\"id\":\"a1\",\"status\":\"ACTIVE\"}",
        "[1]",
        "[null]",
        "[{\"status\":\"ACTIVE\"}]",
        "[{\"id\":\"a1\"}]",
        "[{\"id\":null,\"status\":\"ACTIVE\"}]",
        "[{\"id\":1,\"status\":\"ACTIVE\"}]",
        "[{\"id\":\"a1\",\"status\":7}]",
        "[{\"id\":\"a1\",\"status\":null}]",
        "[{\"id\":\"a 1\",\"status\":\"ACTIVE\"}]",
        "[{\"id\":\"a1\\u0000b\",\"status\":\"ACTIVE\"}]",
        "[{\"id\":\"\",\"status\":\"ACTIVE\"}]",
        "[{\"id\":\"a1\",\"id\":\"a2\",\"status\":\"ACTIVE\"}]",
        "[{\"ID\":\"a1\",\"status\":\"ACTIVE\"}]",
        "[{\"id\":\"a1\",\"status\":\"ACTIVE\",\"profile\":[]}]",
        "[{\"id\":\"a1\",\"status\":\"ACTIVE\",\"profile\":{\"login\":5}}]",
        "[{\"id\":\"a1\",\"status\":\"ACTIVE\",\"profile\":{\"login\":\"\xFF\"}}]",
        "<html>502 Bad Gateway</html>",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct member_page page = {0};
        struct err err = {0};
        if (okta_wire_members(str_of(bodies[i]), &arena, &page, &err))
            fail_msg("taken: %s", bodies[i]);
        assert_int_equal(err.kind, ERR_REMOTE);
        assert_int_equal(page.n, 0);
    }
    assert_non_null(strstr(show_members("[{\"id\":\"a1\",\"status\":\"A\"},{\"id\":\"a2\"}]"),
                           "member list: entry 2: "));
}

static void test_pages_are_appended(void **state)
{
    struct member_page page = {0};
    struct err err = {0};

    (void)state;
    assert_true(okta_wire_members(STR("[" USER("a1", "a@x") "]"), &arena, &page, &err));
    assert_true(okta_wire_members(STR("[" USER("a2", "b@x") "," USER("a3", "c@x") "]"), &arena,
                                  &page, &err));
    assert_int_equal(page.n, 3);
    assert_true(str_is(page.items[0].id, "a1"));
    assert_true(str_is(page.items[2].login, "c@x"));
    assert_false(okta_wire_members(STR("[{}]"), &arena, &page, &err));
    assert_int_equal(page.n, 3);
}

/* ---- people ---- */

static const char *show_user(const char *body)
{
    static const struct str wanted[] = {{"managerId", 9}, {"costCenter", 10}, {"level", 5},
                                        {"remote", 6},    {"tags", 4},        {"none", 4}};
    CLEANUP(json_close) const struct json *root = NULL;
    struct person person = {0};
    struct err err = {0};
    struct str out;

    if (!json_parse(str_of(body), "user", &root, &err) ||
        !okta_wire_user(root, wanted, ARRAY_LEN(wanted), &arena, &person, &err))
        return arena_cstr(&arena, str_of(err.msg));
    out = arena_printf(&arena, "%.*s|%.*s|%.*s|%.*s|%.*s|%s", STR_ARG(person.id),
                       STR_ARG(person.login), STR_ARG(person.email), STR_ARG(person.first_name),
                       STR_ARG(person.last_name), user_status_name(person.status));
    for (size_t i = 0; i < person.n_profile; i++) {
        out = arena_printf(&arena, "%.*s|%.*s=%.*s", STR_ARG(out), STR_ARG(person.profile[i].name),
                           STR_ARG(person.profile[i].value));
    }
    return arena_cstr(&arena, out);
}

static void test_a_person_keeps_the_asked_members_of_the_profile_sorted(void **state)
{
    char expected[256];

    (void)state;
    snprintf(expected, sizeof(expected),
             "a1|a@x|m@x|Ann|Lee|%s|costCenter=c9|level=7|managerId=00u9|remote=true",
             user_status_name(USER_LOCKED_OUT));
    assert_string_equal(
        show_user("{\"id\":\"a1\",\"status\":\"LOCKED_OUT\",\"profile\":{\"login\":\"a@x\","
                  "\"email\":\"m@x\",\"firstName\":\"Ann\",\"lastName\":\"Lee\",\"managerId\":"
                  "\"00u9\",\"costCenter\":\"c9\",\"level\":7,\"remote\":true,\"tags\":[\"x\"],"
                  "\"none\":null,\"other\":\"not asked for\"}}"),
        expected);
}

static void test_a_person_needs_an_id_a_status_and_a_profile(void **state)
{
    (void)state;
    assert_non_null(strstr(show_user("{\"status\":\"ACTIVE\",\"profile\":{}}"), "user: "));
    assert_non_null(strstr(show_user("{\"id\":\"a1\",\"profile\":{}}"), "status"));
    assert_non_null(strstr(show_user("{\"id\":\"a1\",\"status\":\"ACTIVE\"}"), "profile"));
    assert_non_null(strstr(show_user("[]"), "user: "));
}

/* ---- groups ---- */

static const char *show_groups(const char *body)
{
    struct group_page page = {0};
    struct err err = {0};
    struct str out = {0};

    if (!okta_wire_groups(str_of(body), &arena, &page, &err))
        return arena_cstr(&arena, str_of(err.msg));
    for (size_t i = 0; i < page.n; i++) {
        out = arena_printf(&arena, "%.*s%s%.*s:%.*s:%d:%.*s", STR_ARG(out), i > 0 ? ", " : "",
                           STR_ARG(page.items[i].group.id), STR_ARG(page.items[i].group.name),
                           (int)page.items[i].group.type, STR_ARG(page.items[i].description));
    }
    return arena_cstr(&arena, out);
}

static void test_groups_of_every_type_are_read(void **state)
{
    char expected[128];

    (void)state;
    snprintf(expected, sizeof(expected), "g1:A:%d:words, g2:B:%d:, g3:C:%d:, g4:D:%d:", GROUP_OKTA,
             GROUP_APP, GROUP_BUILT_IN, GROUP_OTHER);
    assert_string_equal(
        show_groups("[{\"id\":\"g1\",\"type\":\"OKTA_GROUP\",\"profile\":{\"name\":\"A\","
                    "\"description\":\"words\"},\"_links\":{\"logo\":[{}],\"users\":{}}},"
                    "{\"id\":\"g2\",\"type\":\"APP_GROUP\",\"profile\":{\"name\":\"B\","
                    "\"description\":null}}," GROUP("g3", "BUILT_IN",
                                                    "C") "," GROUP("g4", "SOMETHING", "D") "]"),
        expected);
    assert_non_null(strstr(show_groups("[{\"id\":\"g1\",\"type\":\"OKTA_GROUP\",\"profile\":{}}]"),
                           "entry 1: group: it has no name"));
    assert_non_null(strstr(show_groups("{}"), "expected an array"));
}

static void test_a_name_is_escaped_for_the_expression_and_then_for_the_url(void **state)
{
    (void)state;
    assert_string_equal(okta_wire_search_name(STR("AWS_kiro_JP_Users"), &arena).ptr,
                        "profile.name%20eq%20%22AWS_kiro_JP_Users%22");
    assert_string_equal(okta_wire_search_name(STR("a\"b\\c&d"), &arena).ptr,
                        "profile.name%20eq%20%22a%5C%22b%5C%5Cc%26d%22");
}

/* ---- rules ---- */

static const char *show_rules(const char *body)
{
    struct okta_rules page = {0};
    struct err err = {0};
    struct str out = {0};

    if (!okta_wire_rules(str_of(body), &arena, &page, &err))
        return arena_cstr(&arena, str_of(err.msg));
    for (size_t i = 0; i < page.n; i++) {
        out = arena_printf(&arena, "%.*s%.*s(%.*s):", STR_ARG(out), STR_ARG(page.rules[i].id),
                           STR_ARG(page.rules[i].name));
        for (size_t k = 0; k < page.rules[i].n_groups; k++)
            out = arena_printf(&arena, "%.*s %.*s", STR_ARG(out), STR_ARG(page.rules[i].groups[k]));
        out = arena_printf(&arena, "%.*s;", STR_ARG(out));
    }
    return out.ptr ? out.ptr : "";
}

static void test_rules_that_may_be_filling_groups_are_kept(void **state)
{
    (void)state;
    assert_string_equal(
        show_rules("[{\"id\":\"r1\",\"name\":\"JP\",\"status\":\"ACTIVE\",\"conditions\":null,"
                   "\"actions\":{\"assignUserToGroups\":{\"groupIds\":[\"g2\",\"g1\",\"g2\"]}}},"
                   "{\"id\":\"r2\",\"status\":\"INACTIVE\",\"actions\":{}},"
                   "{\"id\":\"r3\",\"status\":\"INVALID\"},"
                   "{\"id\":\"r4\",\"status\":\"WARMING_UP\"}]"),
        "r1(JP): g1 g2;r4():;");
    assert_string_equal(show_rules("[]"), "");
    assert_non_null(strstr(show_rules("[{\"id\":\"r1\"}]"), "group rules: entry 1: "));
    assert_non_null(strstr(show_rules("[{\"id\":\"r1\",\"status\":\"ACTIVE\",\"actions\":{"
                                      "\"assignUserToGroups\":{\"groupIds\":[\"g 1\"]}}}]"),
                           "not an Okta id"));
}

/* ---- roles, applications, schema, org ---- */

static void test_roles_are_named_for_people(void **state)
{
    struct str names;
    struct err err = {0};

    (void)state;
    assert_true(okta_wire_roles(
        STR("[{\"label\":\"Help Desk\",\"type\":\"HELP\"},{\"type\":\"SUPER_ADMIN\"},{}]"), &arena,
        &names, &err));
    assert_string_equal(names.ptr, "Help Desk, SUPER_ADMIN, a role without a name");
    assert_true(okta_wire_roles(STR("[]"), &arena, &names, &err));
    assert_int_equal(names.len, 0);
    assert_false(okta_wire_roles(STR("{}"), &arena, &names, &err));
    assert_false(okta_wire_roles(STR("[3]"), &arena, &names, &err));
}

static void test_applications_need_an_id(void **state)
{
    struct okta_apps page = {0};
    struct err err = {0};

    (void)state;
    assert_true(okta_wire_apps(STR("[{\"id\":\"0oa1\",\"label\":\"AWS\"},{\"id\":\"0oa2\"}]"),
                               &arena, &page, &err));
    assert_int_equal(page.n, 2);
    assert_true(str_is(page.apps[0].label, "AWS"));
    assert_int_equal(page.apps[1].label.len, 0);
    assert_false(okta_wire_apps(STR("[{\"label\":\"AWS\"}]"), &arena, &page, &err));
}

static void test_the_schema_says_what_people_may_edit_themselves(void **state)
{
    struct okta_schema schema = {0};
    struct err err = {0};

    (void)state;
    assert_true(okta_wire_schema(
        STR("{\"definitions\":{\"base\":{\"properties\":{"
            "\"login\":{\"permissions\":[{\"principal\":\"SELF\",\"action\":\"READ_ONLY\"}]},"
            "\"secondEmail\":{\"permissions\":[{\"principal\":\"SELF\",\"action\":\"READ_WRITE\"}]},"
            "\"email\":{\"permissions\":[{\"principal\":\"ADMIN\",\"action\":\"READ_WRITE\"}]},"
            "\"locale\":{\"type\":\"string\"}}},"
            "\"custom\":{\"properties\":{\"countryCode\":{\"permissions\":["
            "{\"principal\":\"SELF\",\"action\":\"HIDE\"},"
            "{\"principal\":\"SELF\",\"action\":\"READ_WRITE\"}]}}}}}"),
        &arena, &schema, &err));
    assert_int_equal(schema.n, 2);
    assert_true(str_is(schema.self_editable[0], "countryCode"));
    assert_true(str_is(schema.self_editable[1], "secondEmail"));
    assert_true(okta_wire_schema(STR("{\"definitions\":{}}"), &arena, &schema, &err));
    assert_int_equal(schema.n, 0);
    assert_false(okta_wire_schema(STR("{}"), &arena, &schema, &err));
    assert_false(okta_wire_schema(STR("{\"definitions\":{\"base\":{\"properties\":{\"a\":1}}}}"),
                                  &arena, &schema, &err));
}

static void test_the_org_page_gives_its_id_and_nothing_else(void **state)
{
    struct str id;
    struct err err = {0};

    (void)state;
    assert_true(okta_wire_org(STR("{\"id\":\"00o1acme\",\"pipeline\":\"idx\",\"_links\":{}}"),
                              &arena, &id, &err));
    assert_string_equal(id.ptr, "00o1acme");
    assert_false(okta_wire_org(STR("{\"pipeline\":\"idx\"}"), &arena, &id, &err));
    assert_false(okta_wire_org(STR("<html>"), &arena, &id, &err));
}

/* ---- events ---- */

#define EVENT(uuid, type, more)                                                               \
    "{\"uuid\":\"" uuid "\",\"published\":\"2026-05-04T09:12:33.512Z\",\"eventType\":\"" type \
    "\"" more "}"
#define TARGETS                                                               \
    ",\"target\":[{\"id\":\"u1\",\"type\":\"User\",\"alternateId\":\"a@x\"}," \
    "{\"id\":\"g1\",\"type\":\"UserGroup\",\"displayName\":\"G\"}]"
#define ADD    "group.user_membership.add"
#define REMOVE "group.user_membership.remove"

static struct str show_event(const struct okta_event *e)
{
    struct str actor = arena_printf(&arena, "%.*s:%.*s:%.*s", STR_ARG(e->actor_type),
                                    STR_ARG(e->actor_id), STR_ARG(e->actor_name));

    return arena_printf(&arena, "%.*s@%lld %s%.*s/%.*s by %.*s client=%.*s token=%.*s%s",
                        STR_ARG(e->uuid), (long long)e->published_ms, e->is_add ? "+" : "-",
                        STR_ARG(e->group), STR_ARG(e->person), STR_ARG(actor),
                        STR_ARG(e->client_id), STR_ARG(e->token_id), e->by_rule ? " rule" : "");
}

static const char *show_events(const char *body)
{
    struct okta_log page = {0};
    struct err err = {0};
    struct str out = STR("");

    if (!okta_wire_events(str_of(body), &arena, &page, &err))
        return arena_cstr(&arena, str_of(err.msg));
    for (size_t i = 0; i < page.n; i++) {
        out = arena_printf(&arena, "%.*s%s%.*s", STR_ARG(out), i > 0 ? "\n" : "",
                           STR_ARG(show_event(&page.events[i])));
    }
    return out.ptr;
}

static void test_events_say_who_did_what_to_whom(void **state)
{
    (void)state;
    assert_string_equal(
        show_events("[" EVENT(
            "e1", ADD,
            TARGETS
            ",\"actor\":{\"id\":\"00u9\",\"type\":\"User\","
            "\"alternateId\":\"admin@x\",\"displayName\":\"Admin\"},"
            "\"client\":{\"id\":null,\"userAgent\":{}},"
            "\"outcome\":{\"result\":\"SUCCESS\",\"reason\":null},"
            "\"transaction\":{\"detail\":{\"requestApiTokenId\":\"00T1\"}}") "," EVENT("e2", REMOVE,
                                                                                       ",\"target\":[{\"id\":\"g2\",\"type\":\"UserGroup\"},{\"type\":\"Odd\"},"
                                                                                       "{\"id\":\"u2\",\"type\":\"User\"}],"
                                                                                       "\"actor\":{\"id\":\"0oa1\",\"type\":\"PublicClientApp\","
                                                                                       "\"alternateId\":\"unknown\",\"displayName\":\"ctl\"},"
                                                                                       "\"client\":{\"id\":\"0oa1\"},\"transaction\":{\"detail\":null}") "," EVENT("e3",
                                                                                                                                                                   ADD,
                                                                                                                                                                   TARGETS
                                                                                                                                                                   ",\"actor\":{\"type\":\"SystemPrincipal\"}") "]"),
        "e1@1777885953512 +g1/u1 by User:00u9:admin@x client= token=00T1\n"
        "e2@1777885953512 -g2/u2 by PublicClientApp:0oa1:ctl client=0oa1 token=\n"
        "e3@1777885953512 +g1/u1 by SystemPrincipal:: client= token= rule");
}

static void test_events_that_changed_nothing_of_ours_are_left_out(void **state)
{
    (void)state;
    assert_string_equal(
        show_events(
            "[" EVENT("e1", "user.session.start", "") "," EVENT("e2", ADD, TARGETS ",\"outcome\":{\"result\":\"FAILURE\"}") "," EVENT(
                "e3", ADD, "") "," EVENT("e4", ADD,
                                         ",\"target\":[{\"id\":\"u1\",\"type\":\"User\"}]") "]"),
        "");
}

static void test_doubles_within_a_page_are_dropped(void **state)
{
    (void)state;
    assert_string_equal(
        show_events("[" EVENT("e1", ADD, TARGETS) "," EVENT("e1", ADD, TARGETS) "]"),
        "e1@1777885953512 +g1/u1 by :: client= token=");
}

static void test_a_body_that_is_no_log_is_refused(void **state)
{
    (void)state;
    assert_non_null(strstr(show_events("{}"), "expected an array"));
    assert_non_null(strstr(show_events("[{}]"), "System Log: entry 1: "));
    assert_non_null(strstr(show_events("[" EVENT("", ADD, TARGETS) "]"), "`uuid`"));
    assert_non_null(strstr(show_events("[{\"uuid\":\"e1\",\"published\":\"yesterday\","
                                       "\"eventType\":\"" ADD "\"}]"),
                           "`published` is no time"));
    assert_non_null(strstr(show_events("[" EVENT("e1", ADD, ",\"target\":{}") "]"), "target"));
}

/* ---- errors ---- */

static const char *show_error(const char *body, const char *name, const char *value)
{
    struct http_header headers[] = {{STR("x-okta-request-id"), STR("req1")},
                                    {str_of(name), str_of(value)}};
    struct http_response res = {
        .status = 400, .body = str_of(body), .headers = headers, .n_headers = ARRAY_LEN(headers)};
    struct okta_error error = okta_wire_error(&res, &arena);

    return arena_printf(&arena, "%.*s|%.*s|%.*s", STR_ARG(error.code), STR_ARG(error.summary),
                        STR_ARG(error.request_id))
        .ptr;
}

static void test_errors_come_in_every_shape(void **state)
{
    static const struct {
        const char *body, *challenge, *expected;
    } cases[] = {
        {"{\"errorCode\":\"E0000007\",\"errorSummary\":\"Not found: x\",\"errorCauses\":[]}", "",
         "E0000007|Not found: x|req1"},
        {"{\"errorCode\":\"E0000001\",\"errorSummary\":\"Api validation failed\",\"errorCauses\":"
         "[{\"errorSummary\":\"name\"},{\"errorSummary\":\"login\"}]}",
         "", "E0000001|Api validation failed: name: login|req1"},
        {"{\"errorCode\":\"E0000001\",\"errorCauses\":{\"errorSummary\":\"alone\"}}", "",
         "E0000001|: alone|req1"},
        {"{\"errorCode\":\"E0000007\",\"status\":404}", "", "E0000007||req1"},
        {"{\"error\":\"invalid_client\",\"error_description\":\"the jti was used\"}", "",
         "invalid_client|the jti was used|req1"},
        {"{\"error\":\"server_error\"}", "", "server_error||req1"},
        {"",
         "Bearer authorization_uri=\"http://a, b=c\", realm=\"r\", scope=\"okta.groups.read\", "
         "error=\"insufficient_scope\", error_description=\"no, really\"",
         "insufficient_scope|it needs the scope okta.groups.read; no, really|req1"},
        {"", "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"", "use_dpop_nonce||req1"},
        {"", "Bearer error=invalid_token", "invalid_token||req1"},
        {"", "Bearer x=\"error=\\\"", "||req1"},
        {"", "Bearer error=\"unended", "unended||req1"},
        {"", "error", "||req1"},
        {"", "", "||req1"},
        {"<html>502</html>", "", "||req1"},
        {"[]", "", "||req1"},
        {"{\"message\":\"Not Found\"}", "", "||req1"},
        {"{\"errorCode\":\"bad code\\n\",\"errorSummary\":\"two\\nlines\"}", "",
         "|two\xEF\xBF\xBDlines|req1"},
        {"{\"errorCode\":7}", "", "||req1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(show_error(cases[i].body, "WWW-Authenticate", cases[i].challenge),
                            cases[i].expected);
    }
}

static void test_a_long_summary_is_cut_at_a_character(void **state)
{
    char body[2048] = "{\"errorCode\":\"E0000001\",\"errorSummary\":\"x";
    struct http_response res = {.status = 400};

    (void)state;
    for (size_t i = 0; i < 300; i++)
        strncat(body, "\xC3\xA9", sizeof(body) - strlen(body) - 1);
    strncat(body, "\"}", sizeof(body) - strlen(body) - 1);
    res.body = str_of(body);
    /* 1 + 2 x 99 = 199: the character at the 200th byte would be cut in two */
    assert_int_equal(okta_wire_error(&res, &arena).summary.len, 199);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_id_is_1_to_64_of_its_alphabet),
        cmocka_unit_test(test_members_are_read_with_and_without_what_is_optional),
        cmocka_unit_test(test_a_body_that_is_no_member_list_is_refused),
        cmocka_unit_test(test_pages_are_appended),
        cmocka_unit_test(test_a_person_keeps_the_asked_members_of_the_profile_sorted),
        cmocka_unit_test(test_a_person_needs_an_id_a_status_and_a_profile),
        cmocka_unit_test(test_groups_of_every_type_are_read),
        cmocka_unit_test(test_a_name_is_escaped_for_the_expression_and_then_for_the_url),
        cmocka_unit_test(test_rules_that_may_be_filling_groups_are_kept),
        cmocka_unit_test(test_roles_are_named_for_people),
        cmocka_unit_test(test_applications_need_an_id),
        cmocka_unit_test(test_the_schema_says_what_people_may_edit_themselves),
        cmocka_unit_test(test_the_org_page_gives_its_id_and_nothing_else),
        cmocka_unit_test(test_events_say_who_did_what_to_whom),
        cmocka_unit_test(test_events_that_changed_nothing_of_ours_are_left_out),
        cmocka_unit_test(test_doubles_within_a_page_are_dropped),
        cmocka_unit_test(test_a_body_that_is_no_log_is_refused),
        cmocka_unit_test(test_errors_come_in_every_shape),
        cmocka_unit_test(test_a_long_summary_is_cut_at_a_character),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

#include "unit/sim/sim_aws_fixture.h"

/* The Identity Store: users, groups, memberships, pages, and the two writes. */

#define STORE_ORG                                                                                 \
    "people:\n"                                                                                   \
    "  - {login: alice@example.com, id: 00u1aliceaaaaaaaaaa1, first_name: Alice, last_name: S}\n" \
    "groups:\n"                                                                                   \
    "  - {name: Assigned, members: [alice@example.com]}\n"                                        \
    "  - {name: Pushed, id: 00g1kirojpaaaaaaaa01, members: [alice@example.com]}\n"                \
    "apps:\n"                                                                                     \
    "  - {name: amazon_aws_sso, groups: [Assigned], pushed: [Pushed]}\n"                          \
    "aws:\n"                                                                                      \
    "  instance_arn: arn:aws:sso:::instance/ssoins-0123456789abcdef\n"                            \
    "  store_id: d-1234567890\n"                                                                  \
    "  users:\n"                                                                                  \
    "    - {user_name: Hand@example.com, id: u-hand, first_name: H, last_name: D,\n"              \
    "       email: hand@mail.example, status: DISABLED}\n"                                        \
    "    - {user_name: two@example.com, id: u-two}\n"                                             \
    "    - {user_name: three@example.com, id: u-three, external_id: ext3, issuer: https://idp}\n" \
    "  groups:\n"                                                                                 \
    "    - {name: ByHand, id: g-hand, members: [two@example.com, three@example.com], "            \
    "strange: 1}\n"                                                                               \
    "    - {name: Empty, id: g-empty}\n"

#define WHERE(path, value)                                                     \
    ",\"AlternateIdentifier\":{\"UniqueAttribute\":{\"AttributePath\":\"" path \
    "\",\"AttributeValue\":\"" value "\"}}"
#define EXTERNAL(issuer, id) \
    ",\"AlternateIdentifier\":{\"ExternalId\":{\"Issuer\":\"" issuer "\",\"Id\":\"" id "\"}}"
#define PAIR(group, user) ",\"GroupId\":\"" group "\",\"MemberId\":{\"UserId\":\"" user "\"}"

static void test_things_are_found_by_what_they_are_called(void **state)
{
    static const struct {
        const char *operation, *rest, *member, *expected;
    } cases[] = {
        {"ListUsers", "", "UserName",
         "200 Hand@example.com two@example.com three@example.com alice@example.com"},
        {"ListUsers", "", "UserStatus", "200 DISABLED ENABLED ENABLED ENABLED"},
        {"ListUsers", "", "Id", "200 ext3 00u1aliceaaaaaaaaaa1"},
        {"ListUsers", "", "Issuer", "200 https://idp https://scim.aws.com/ssoins-0123456789abcdef"},
        {"ListUsers",
         ",\"Filters\":[{\"AttributePath\":\"UserName\",\"AttributeValue\":\"two@example.com\"}]",
         "UserId", "200 u-two"},
        {"ListUsers", ",\"Filters\":[{\"AttributePath\":\"Nick\",\"AttributeValue\":\"two\"}]",
         "UserId", "400 ValidationException"},
        {"DescribeUser", ",\"UserId\":\"u-hand\"", "UserName", "200 Hand@example.com"},
        {"DescribeUser", ",\"UserId\":\"u-hand\"", "Value", "200 hand@mail.example"},
        {"GetUserId", WHERE("userName", "two@example.com"), "UserId", "200 u-two"},
        {"GetUserId", WHERE("userName", "TWO@example.com"), "UserId",
         "400 ResourceNotFoundException USER"},
        {"GetUserId", WHERE("emails.value", "hand@mail.example"), "UserId", "200 u-hand"},
        {"GetUserId", EXTERNAL("https://idp", "ext3"), "UserId", "200 u-three"},
        {"GetUserId", EXTERNAL("https://other", "ext3"), "UserId",
         "400 ResourceNotFoundException USER"},
        {"ListGroups", "", "DisplayName", "200 ByHand Empty Pushed"},
        {"ListGroups", "", "Id", "200 00g1kirojpaaaaaaaa01"},
        {"GetGroupId", WHERE("displayName", "ByHand"), "GroupId", "200 g-hand"},
        {"GetGroupId", WHERE("displayName", "byhand"), "GroupId",
         "400 ResourceNotFoundException GROUP"},
        {"GetGroupId", WHERE("userName", "ByHand"), "GroupId", "400 ValidationException"},
        {"DescribeGroup", ",\"GroupId\":\"g-hand\"", "DisplayName", "200 ByHand"},
        {"ListGroupMemberships", ",\"GroupId\":\"g-hand\"", "UserId", "200 u-two u-three"},
        {"ListGroupMemberships", ",\"GroupId\":\"g-hand\"", "ServiceId", "200 svc-0123456789"},
        {"ListGroupMemberships", ",\"GroupId\":\"g-empty\"", "UserId", "200"},
        {"ListGroupMemberships", ",\"GroupId\":\"g-none\"", "UserId",
         "400 ResourceNotFoundException GROUP"},
        {"ListGroupMembershipsForMember", ",\"MemberId\":{\"UserId\":\"u-two\"}", "GroupId",
         "200 g-hand"},
        {"IsMemberInGroups",
         ",\"GroupIds\":[\"g-hand\",\"g-empty\"],\"MemberId\":{\"UserId\":\"u-two\"}", "GroupId",
         "200 g-hand g-empty"},
        {"IsMemberInGroups", ",\"GroupIds\":[],\"MemberId\":{\"UserId\":\"u-two\"}", "GroupId",
         "400 ValidationException"},
        {"GetGroupMembershipId", PAIR("g-empty", "u-two"), "MembershipId",
         "400 ResourceNotFoundException GROUP_MEMBERSHIP"},
    };
    struct aws_fixture f;

    (void)state;
    aws_open(&f, STORE_ORG);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        store_in(&f, cases[i].operation, cases[i].rest);
        if (strcmp(shown(&f, cases[i].member), cases[i].expected) != 0) {
            fail_msg("%s%s: %s", cases[i].operation, cases[i].rest, shown(&f, cases[i].member));
        }
    }
    control(&f.base, HTTP_POST, "/_sim/aws/quirks", "{fold_case: true, user_status: false}");
    assert_string_equal(user_id(&f, "TWO@example.com"), "u-two");
    store_in(&f, "ListUsers", "");
    assert_string_equal(shown(&f, "UserStatus"), "200");
    control(&f.base, HTTP_POST, "/_sim/aws/quirks", "{external_ids: false}");
    store_in(&f, "ListUsers", "");
    assert_string_equal(shown(&f, "Issuer"), "200");
    aws_close(&f);
}

static void test_ids_of_the_cloud_lead_back_to_what_they_name(void **state)
{
    struct aws_fixture f;
    const char *user;
    const char *group;

    (void)state;
    aws_open(&f, STORE_ORG);
    user = user_id(&f, "alice@example.com");
    group = group_id(&f, "Pushed");
    assert_int_equal(strlen(user), 47);
    assert_int_equal(strlen(group), 47);
    store_in(&f, "DescribeUser", arena_printf(&f.base.arena, ",\"UserId\":\"%s\"", user).ptr);
    assert_string_equal(field(&f, "UserName"), "alice@example.com");
    store_in(&f, "DescribeUser", arena_printf(&f.base.arena, ",\"UserId\":\"%s\"", group).ptr);
    assert_int_equal(f.base.res.status, 400);
    store_in(&f, "GetGroupMembershipId",
             arena_printf(&f.base.arena, ",\"GroupId\":\"%s\",\"MemberId\":{\"UserId\":\"%s\"}",
                          group, user)
                 .ptr);
    store_in(
        &f, "DescribeGroupMembership",
        arena_printf(&f.base.arena, ",\"MembershipId\":\"%s\"", field(&f, "MembershipId")).ptr);
    assert_string_equal(field(&f, "UserId"), user);
    aws_close(&f);
}

/* ---- pages ---- */

/* Walks a list and counts what every page held: `40 40 20`. */
static const char *walk(struct aws_fixture *f, const char *operation, const char *rest,
                        const char *member)
{
    struct buf out = {0};
    const char *token = "";

    for (int page = 0; page < 2000; page++) {
        size_t n = 0;
        struct str body;

        store_in(f, operation,
                 *token ? arena_printf(&f->base.arena, "%s,\"NextToken\":\"%s\"", rest, token).ptr
                        : rest);
        if (f->base.res.status != 200) {
            buf_printf(&out, " %s", shown(f, member));
            break;
        }
        body = f->base.res.body;
        for (;;) {
            struct str one =
                between(body, arena_printf(&f->base.arena, "\"%s\":\"", member).ptr, "\"");

            if (!one.ptr)
                break;
            n++;
            body = str_sub(body, (size_t)(one.ptr - body.ptr), body.len);
        }
        buf_printf(&out, "%s%zu", out.len > 0 ? " " : "", n);
        token = field(f, "NextToken");
        if (!*token)
            break;
    }

    const char *text = arena_cstr(&f->base.arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

static void open_big(struct aws_fixture *f, size_t people)
{
    aws_open(f, NULL);
    sim_free(f->base.sim);

    struct sim_options options = {.seed = 7, .people = people, .start_ms = START_MS};
    struct err err = {0};

    f->base.sim = sim_new(&options, &err);
    assert_non_null(f->base.sim);
    f->base.net = sim_transport(f->base.sim);
    fixture_load(&f->base, "groups: [{name: All, members: all}]\n"
                           "apps: [{name: amazon_aws_sso, groups: [All], pushed: [All]}]\n");
    f->aws = sim_aws(f->base.sim);
    secret_set(&f->secret, f->aws.secret_key);
}

static void test_pages_hold_what_was_asked_for(void **state)
{
    static const struct {
        const char *rest, *expected;
    } cases[] = {
        {"", "100 100 50"},
        {",\"MaxResults\":100", "100 100 50"},
        {",\"MaxResults\":99", "99 99 52"},
        {",\"MaxResults\":50", "50 50 50 50 50"},
    };
    struct aws_fixture f;
    const char *group;

    (void)state;
    open_big(&f, 250);
    group = group_id(&f, "All");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *rest =
            arena_printf(&f.base.arena, ",\"GroupId\":\"%s\"%s", group, cases[i].rest).ptr;

        assert_string_equal(walk(&f, "ListGroupMemberships", rest, "MembershipId"),
                            cases[i].expected);
        assert_string_equal(walk(&f, "ListUsers", cases[i].rest, "UserId"), cases[i].expected);
    }
    control(&f.base, HTTP_POST, "/_sim/aws/quirks", "{page_cap: 200}");
    assert_string_equal(walk(&f, "ListUsers", "", "UserId"), "100 100 50");
    control(&f.base, HTTP_POST, "/_sim/aws/quirks", "{page_cap: 90}");
    assert_string_equal(walk(&f, "ListUsers", "", "UserId"), "90 90 70");
    aws_close(&f);
}

static void test_a_token_is_good_for_its_own_request_only(void **state)
{
    struct aws_fixture f;
    const char *token;
    const char *changed;

    (void)state;
    open_big(&f, 250);
    store_in(&f, "ListUsers", ",\"MaxResults\":10");
    token = arena_printf(&f.base.arena, ",\"NextToken\":\"%s\"", field(&f, "NextToken")).ptr;
    store_in(&f, "ListGroups", token);
    assert_string_equal(shown(&f, ""), "400 ValidationException");
    store_in(&f, "ListUsers", arena_printf(&f.base.arena, ",\"MaxResults\":20%s", token).ptr);
    assert_int_equal(f.base.res.status, 200);
    changed = arena_printf(&f.base.arena,
                           "%s,\"Filters\":[{\"AttributePath\":\"UserName\",\"AttributeValue\":"
                           "\"x\"}]",
                           token)
                  .ptr;
    store_in(&f, "ListUsers", changed);
    assert_string_equal(shown(&f, ""), "400 ValidationException");
    store_in(&f, "ListUsers", ",\"NextToken\":\"AAMAMTAuMC4wLjA\"");
    assert_string_equal(shown(&f, ""), "400 ValidationException");
    aws_close(&f);
}

static void test_memberships_that_go_while_a_list_is_read_skip_nobody_else(void **state)
{
    struct aws_fixture f;
    const char *group;
    struct buf seen = {0};
    const char *token = "";
    size_t n = 0;

    (void)state;
    open_big(&f, 300);
    group = group_id(&f, "All");
    for (int page = 0; page < 10; page++) {
        struct str rest;

        store_in(&f, "ListGroupMemberships",
                 arena_printf(&f.base.arena, ",\"GroupId\":\"%s\",\"MaxResults\":50%s%s%s", group,
                              *token ? ",\"NextToken\":\"" : "", token, *token ? "\"" : "")
                     .ptr);
        assert_int_equal(f.base.res.status, 200);
        token = field(&f, "NextToken");
        rest = f.base.res.body;
        for (struct str id = between(rest, "\"MembershipId\":\"", "\""); id.ptr;
             id = between(rest, "\"MembershipId\":\"", "\"")) {
            rest = str_sub(rest, (size_t)(id.ptr - rest.ptr), rest.len);
            buf_printf(&seen, "%.*s ", STR_ARG(id));
            n++;
        }
        if (page < 2) {
            /* The first ones seen go: those to come must not move. */
            struct str all = arena_str(&f.base.arena, buf_str(&seen));

            for (int i = 0; i < 40; i++) {
                struct str id = str_cut(&all, ' ');

                store_in(
                    &f, "DeleteGroupMembership",
                    arena_printf(&f.base.arena, ",\"MembershipId\":\"%.*s\"", STR_ARG(id)).ptr);
            }
        }
        if (!*token)
            break;
    }
    assert_int_equal(n, 300);
    buf_fini(&seen);
    aws_close(&f);
}

/* ---- writes ---- */

static void test_the_two_writes_do_what_they_say(void **state)
{
    static const struct {
        const char *operation, *rest, *expected;
    } cases[] = {
        {"CreateGroupMembership", PAIR("g-empty", "u-two"), "200"},
        {"CreateGroupMembership", PAIR("g-empty", "u-two"),
         "400 ConflictException UNIQUENESS_CONSTRAINT_VIOLATION"},
        {"CreateGroupMembership", PAIR("g-none", "u-two"), "400 ResourceNotFoundException GROUP"},
        {"CreateGroupMembership", PAIR("g-empty", "u-none"), "400 ResourceNotFoundException USER"},
        {"CreateGroupMembership", ",\"GroupId\":\"g-empty\"", "400 ValidationException"},
        {"GetGroupMembershipId", PAIR("g-empty", "u-two"), "200"},
        {"DeleteGroupMembership", NULL, "200"},
        {"DeleteGroupMembership", NULL, "400 ResourceNotFoundException GROUP_MEMBERSHIP"},
        {"GetGroupMembershipId", PAIR("g-empty", "u-two"),
         "400 ResourceNotFoundException GROUP_MEMBERSHIP"},
        {"CreateGroupMembership", PAIR("g-empty", "u-two"), "200"},
    };
    struct aws_fixture f;
    const char *membership = "";
    const char *history;

    (void)state;
    aws_open(&f, STORE_ORG);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *rest = cases[i].rest;

        if (!rest)
            rest = arena_printf(&f.base.arena, ",\"MembershipId\":\"%s\"", membership).ptr;
        store_in(&f, cases[i].operation, rest);
        if (strcmp(shown(&f, "none"), cases[i].expected) != 0)
            fail_msg("%zu %s: %s", i, cases[i].operation, shown(&f, "none"));
        if (*field(&f, "MembershipId"))
            membership = field(&f, "MembershipId");
    }
    history = control(&f.base, HTTP_GET, "/_sim/history?writes=true", "");
    assert_non_null(strstr(history, "\"effect\":\"add g-empty u-two\""));
    assert_non_null(strstr(history, "\"effect\":\"remove g-empty u-two\""));
    assert_null(strstr(history, "GetGroupMembershipId"));
    assert_non_null(strstr(control(&f.base, HTTP_GET, "/_sim/state", ""), "\"writes\":3,"));
    aws_close(&f);
}

static void test_reads_lag_behind_writes_by_the_quirk(void **state)
{
    struct aws_fixture f;
    const char *membership;
    const char *pair = PAIR("g-empty", "u-two");

    (void)state;
    aws_open(&f, STORE_ORG "  quirks: {write_lag: 4s}\n");
    store_in(&f, "CreateGroupMembership", pair);
    membership =
        arena_printf(&f.base.arena, ",\"MembershipId\":\"%s\"", field(&f, "MembershipId")).ptr;
    store_in(&f, "ListGroupMemberships", ",\"GroupId\":\"g-empty\"");
    assert_string_equal(shown(&f, "UserId"), "200");
    store_in(&f, "CreateGroupMembership", pair);
    assert_string_equal(shown(&f, ""), "400 ConflictException UNIQUENESS_CONSTRAINT_VIOLATION");
    sim_advance(f.base.sim, 3999);
    store_in(&f, "GetGroupMembershipId", pair);
    assert_int_equal(f.base.res.status, 400);
    sim_advance(f.base.sim, 1);
    store_in(&f, "GetGroupMembershipId", pair);
    assert_int_equal(f.base.res.status, 200);
    store_in(&f, "DeleteGroupMembership", membership);
    store_in(&f, "ListGroupMemberships", ",\"GroupId\":\"g-empty\"");
    assert_string_equal(shown(&f, "UserId"), "200 u-two");
    store_in(&f, "IsMemberInGroups",
             ",\"GroupIds\":[\"g-empty\"],\"MemberId\":{\"UserId\":\"u-two\"}");
    assert_non_null(strstr(f.base.res.body.ptr, "\"MembershipExists\":true"));
    sim_advance(f.base.sim, 4000);
    store_in(&f, "ListGroupMemberships", ",\"GroupId\":\"g-empty\"");
    assert_string_equal(shown(&f, "UserId"), "200");
    aws_close(&f);
}

static void test_an_additional_region_only_reads(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, STORE_ORG "  region: eu-central-1\n  primary_region: us-east-1\n");
    f.region = "eu-central-1";
    sso(&f, "ListInstances", "{}");
    assert_string_equal(shown(&f, "RegionName"), "200 us-east-1 eu-central-1");
    store_in(&f, "ListGroups", "");
    assert_int_equal(f.base.res.status, 200);
    store_in(&f, "CreateGroupMembership", PAIR("g-empty", "u-two"));
    assert_string_equal(shown(&f, ""), "400 AccessDeniedException");
    f.region = "us-east-1";
    store_in(&f, "CreateGroupMembership", PAIR("g-empty", "u-two"));
    assert_int_equal(f.base.res.status, 200);
    aws_close(&f);
}

static void test_the_control_side_changes_the_store_behind_oktas_back(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, STORE_ORG);
    control(&f.base, HTTP_POST, "/_sim/aws/users/alice@example.com/disable", "{}");
    store_in(&f, "ListUsers", "");
    assert_string_equal(shown(&f, "UserStatus"), "200 DISABLED ENABLED ENABLED DISABLED");
    control(&f.base, HTTP_POST, "/_sim/aws/users/alice@example.com/enable", "{}");
    control(&f.base, HTTP_POST, "/_sim/aws/users/two@example.com/delete", "{}");
    store_in(&f, "ListUsers", "");
    assert_string_equal(shown(&f, "UserName"),
                        "200 Hand@example.com three@example.com alice@example.com");
    assert_string_equal(members(&f, "ByHand"), "three");
    control(&f.base, HTTP_POST, "/_sim/aws/groups/ByHand/members", "{add: [alice@example.com]}");
    assert_string_equal(members(&f, "ByHand"), "three alice");
    control(&f.base, HTTP_POST, "/_sim/aws/users", "{user_name: four@example.com}");
    control(&f.base, HTTP_POST, "/_sim/aws/groups", "{name: Late, members: [four@example.com]}");
    assert_string_equal(members(&f, "Late"), "four");
    control(&f.base, HTTP_POST, "/_sim/aws/groups/Late/delete", "{}");
    assert_string_equal(group_id(&f, "Late"), "");
    aws_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_things_are_found_by_what_they_are_called),
        cmocka_unit_test(test_ids_of_the_cloud_lead_back_to_what_they_name),
        cmocka_unit_test(test_pages_hold_what_was_asked_for),
        cmocka_unit_test(test_a_token_is_good_for_its_own_request_only),
        cmocka_unit_test(test_memberships_that_go_while_a_list_is_read_skip_nobody_else),
        cmocka_unit_test(test_the_two_writes_do_what_they_say),
        cmocka_unit_test(test_reads_lag_behind_writes_by_the_quirk),
        cmocka_unit_test(test_an_additional_region_only_reads),
        cmocka_unit_test(test_the_control_side_changes_the_store_behind_oktas_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit/identity/identity_rig.h"

/* ---- the instance ---- */

struct instance_case {
    const char *name;
    const char *arn, *region; /* configured; NULL: none, and eu-central-1 */
    struct fake_answer script[4];
    const char *expected; /* `found ARN STORE OWNER writable`, or the answer and begins of why */
};

#define ONE(status, region) INSTANCES(INSTANCE(ARN, STORE, status, region))

static const struct instance_case instances[] = {
    {"one, none configured",
     NULL,
     NULL,
     {{.url = "ListInstances {}", .body = OUR_INSTANCE}},
     "found " ARN " " STORE " 111122223333 ACTIVE writable"},
    {"the configured one of two",
     ARN2,
     NULL,
     {{.url = "ListInstances",
       .body = INSTANCES(INSTANCE(ARN, STORE, "ACTIVE", "eu-central-1") "," INSTANCE(
           ARN2, "d-0987654321", "ACTIVE", "eu-central-1"))}},
     "found " ARN2 " d-0987654321 111122223333 ACTIVE writable"},
    {"the configured one on the second page, behind an empty first one",
     ARN,
     NULL,
     {{.url = "ListInstances {}", .body = "{\"Instances\":[],\"NextToken\":\"t1\"}"},
      {.url = "ListInstances {\"NextToken\":\"t1\"}", .body = OUR_INSTANCE}},
     "found " ARN " " STORE " 111122223333 ACTIVE writable"},
    {"the configured one is not visible",
     ARN2,
     NULL,
     {{.url = "ListInstances", .body = OUR_INSTANCE}},
     "none ListInstances: the configured instance " ARN2
     " is not visible to these credentials; visible: " ARN},
    {"the configured one is not visible, nor is any",
     ARN2,
     NULL,
     {{.url = "ListInstances", .body = INSTANCES("")}},
     "none ListInstances: the configured instance " ARN2
     " is not visible to these credentials; visible: none"},
    {"none at all",
     NULL,
     NULL,
     {{.url = "ListInstances", .body = INSTANCES("")}},
     "none ListInstances: no instance of Identity Center is visible"},
    {"two, none configured",
     NULL,
     NULL,
     {{.url = "ListInstances",
       .body = INSTANCES(INSTANCE(ARN, STORE, "ACTIVE", "eu-central-1") "," INSTANCE(
           ARN2, "d-0987654321", "ACTIVE", "eu-central-1"))}},
     "ambiguous ListInstances: several instances are visible and none is configured: " ARN
     ", " ARN2},
    {"one that is listed twice is one",
     NULL,
     NULL,
     {{.url = "ListInstances",
       .body = INSTANCES(INSTANCE(ARN, STORE, "ACTIVE", "eu-central-1") "," INSTANCE(
           ARN, STORE, "ACTIVE", "eu-central-1"))}},
     "found " ARN " " STORE " 111122223333 ACTIVE writable"},
    {"a region that is not the primary one",
     NULL,
     "us-east-1",
     {{.url = "ListInstances", .body = OUR_INSTANCE}},
     "found " ARN " " STORE " 111122223333 ACTIVE read-only the instance " ARN
     " cannot be written from us-east-1: its primary region is eu-central-1"},
    {"no primary region is told",
     NULL,
     "us-east-1",
     {{.url = "ListInstances",
       .body = "{\"Instances\":[{\"InstanceArn\":\"" ARN "\",\"IdentityStoreId\":\"" STORE
               "\",\"Status\":\"ACTIVE\",\"Name\":null,\"PrimaryRegion\":null}],"
               "\"NextToken\":null}"}},
     "found " ARN " " STORE "  ACTIVE writable"},
    {"an instance that is being made",
     NULL,
     NULL,
     {{.url = "ListInstances", .body = ONE("CREATE_IN_PROGRESS", "eu-central-1")}},
     "found " ARN " " STORE " 111122223333 CREATE_IN_PROGRESS read-only the instance " ARN
     " cannot be written: its status is CREATE_IN_PROGRESS"},
    {"an instance that is being deleted",
     NULL,
     NULL,
     {{.url = "ListInstances", .body = ONE("DELETE_IN_PROGRESS", "eu-central-1")}},
     "found " ARN " " STORE " 111122223333 DELETE_IN_PROGRESS read-only the instance "},
    {"a status that is not told",
     NULL,
     NULL,
     {{.url = "ListInstances",
       .body =
           "{\"Instances\":[{\"InstanceArn\":\"" ARN "\",\"IdentityStoreId\":\"" STORE "\"}]}"}},
     "found " ARN " " STORE "   read-only the instance " ARN
     " cannot be written: its status is not told"},
    {"refused",
     NULL,
     NULL,
     {{.url = "ListInstances",
       .status = 403,
       .headers = REQUEST_ID,
       .body = FAULT("AccessDeniedException")}},
     "forbidden page 1: ListInstances: 403 AccessDeniedException: as told (request req-1)"},
    {"away",
     NULL,
     NULL,
     {{.url = "ListInstances", .outcome = HTTP_NOT_SENT, .times = 3}},
     "unknown page 1: ListInstances: connection refused"},
    {"a page of text",
     NULL,
     NULL,
     {{.url = "ListInstances", .body = "<html>", .times = FAKE_ALWAYS}},
     "unknown page 1: ListInstances: 200 with something else"},
    {"a list of another name",
     NULL,
     NULL,
     {{.url = "ListInstances", .headers = REQUEST_ID, .body = "{\"instances\":[]}"}},
     "unknown page 1: ListInstances: an answer that cannot be used: Instances: missing (request "
     "req-1)"},
    {"a store that is none",
     NULL,
     NULL,
     {{.url = "ListInstances", .body = INSTANCES(INSTANCE(ARN, "store", "ACTIVE", "x"))}},
     "unknown page 1: ListInstances: an answer that cannot be used: Instances: entry 1: "
     "IdentityStoreId: missing, or not the id of a store"},
    {"an ARN that is none",
     NULL,
     NULL,
     {{.url = "ListInstances", .body = INSTANCES(INSTANCE("ssoins-1", STORE, "ACTIVE", "x"))}},
     "unknown page 1: ListInstances: an answer that cannot be used: Instances: entry 1: "
     "InstanceArn: missing, or no ARN"},
};

static const char *show_instance(const struct identity_instance *found, struct arena *arena)
{
    if (found->answer != IDENTITY_FOUND) {
        assert_false(found->writable);
        return arena_printf(arena, "%s %.*s", answer_name(found->answer), STR_ARG(found->why)).ptr;
    }
    return arena_printf(arena, "found %.*s %.*s %.*s %.*s %s%.*s", STR_ARG(found->arn),
                        STR_ARG(found->store_id), STR_ARG(found->owner), STR_ARG(found->status),
                        found->writable ? "writable" : "read-only ", STR_ARG(found->why))
        .ptr;
}

static void test_the_instance_is_found_or_the_reason_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(instances); i++) {
        const struct instance_case *c = &instances[i];
        struct identity_options options = {.instance_arn = str_of(c->arn),
                                           .region = str_of(c->region)};
        struct identity_instance found;
        struct rig rig;

        rig_open_with(&rig, options, c->script, rows_of(c->script, 4));
        if (!identity_read_instance(rig.identity, &rig.arena, &found, &rig.err))
            fail_msg("%s: failed: %s", c->name, rig.err.msg);
        const char *shown = show_instance(&found, &rig.arena);
        if (strncmp(shown, c->expected, strlen(c->expected)) != 0)
            fail_msg("%s:\n  expected: %s\n  got:      %s", c->name, c->expected, shown);
        if (found.writable)
            assert_string_equal(shown, c->expected);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

static void test_without_an_instance_nothing_is_asked(void **state)
{
    const struct fake_answer script[] = {{.url = "ListInstances", .body = INSTANCES("")}};
    struct str id = STR(G1);
    struct str user = STR(U1);
    struct identity_pair pair = {id, user};
    struct identity_change change = {IDENTITY_ADD, id, user};
    struct identity_instance instance;
    struct identity_users users;
    struct identity_found found;
    struct identity_group group;
    struct listing listing;
    enum identity_answer answer;
    struct identity_result result;
    struct rig rig;

    (void)state;
    rig_open_with(&rig, (struct identity_options){0}, script, 1);
    assert_true(identity_read_instance(rig.identity, &rig.arena, &instance, &rig.err));
    assert_true(identity_list_users(rig.identity, &rig.arena, &users, &rig.err));
    assert_true(identity_get_users(rig.identity, &user, 1, &rig.arena, &found, &rig.err));
    assert_true(identity_get_groups(rig.identity, &id, 1, &rig.arena, &group, &rig.err));
    assert_true(identity_list_members(rig.identity, &id, 1, &rig.arena, &listing, NULL, &rig.err));
    assert_true(identity_are_members(rig.identity, &pair, 1, &rig.arena, &answer, &rig.err));
    identity_allow_writes(rig.identity, &id, 1);
    assert_true(identity_write(rig.identity, &change, 1, &rig.arena, &result, &rig.err));

    assert_int_equal(users.state, LISTING_UNKNOWN);
    assert_int_equal(found.answer, IDENTITY_UNKNOWN);
    assert_int_equal(group.answer, IDENTITY_UNKNOWN);
    assert_int_equal(listing.state, LISTING_UNKNOWN);
    assert_int_equal(answer, IDENTITY_UNKNOWN);
    assert_int_equal(result.effect, IDENTITY_REFUSED);
    assert_true(result.stop);
    assert_true(str_eq(listing.why, STR("it is not known which instance of Identity Center is "
                                        "ours")));
    assert_int_equal(rig.fake.n_requests, 1);
    rig_close(&rig);
}

static void test_an_instance_that_is_gone_is_not_asked_any_more(void **state)
{
    const struct fake_answer script[] = {{.url = "ListInstances", .body = INSTANCES("")}};
    struct identity_instance instance;
    struct identity_users users;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, 1);
    assert_true(identity_read_instance(rig.identity, &rig.arena, &instance, &rig.err));
    assert_int_equal(instance.answer, IDENTITY_NONE);
    assert_true(identity_list_users(rig.identity, &rig.arena, &users, &rig.err));
    assert_int_equal(users.state, LISTING_UNKNOWN);
    assert_int_equal(rig.fake.n_requests, 2);
    rig_close(&rig);
}

/* Rights that were taken away in the middle make everything doubtful that was read before. */
static void test_a_refusal_ends_all_reading_until_the_instance_is_read_again(void **state)
{
    const struct fake_answer script[] = {
        {.url = "ListUsers", .status = 400, .body = FAULT("AccessDeniedException")},
        {.url = "ListInstances", .body = OUR_INSTANCE},
        {.url = "DescribeGroup", .body = "{\"GroupId\":\"" G1 "\",\"DisplayName\":\"kiro\"}"},
    };
    struct str id = STR(G1);
    struct identity_instance instance;
    struct identity_users users;
    struct identity_group group;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    assert_int_equal(identity_denied(rig.identity).len, 0);
    assert_true(identity_list_users(rig.identity, &rig.arena, &users, &rig.err));
    assert_int_equal(users.state, LISTING_UNKNOWN);
    assert_true(str_eq(identity_denied(rig.identity),
                       STR("ListUsers: 400 AccessDeniedException: as told")));
    assert_true(identity_get_groups(rig.identity, &id, 1, &rig.arena, &group, &rig.err));
    assert_int_equal(group.answer, IDENTITY_FORBIDDEN);
    assert_true(str_eq(group.why, identity_denied(rig.identity)));

    assert_true(identity_read_instance(rig.identity, &rig.arena, &instance, &rig.err));
    assert_int_equal(identity_denied(rig.identity).len, 0);
    assert_true(identity_get_groups(rig.identity, &id, 1, &rig.arena, &group, &rig.err));
    assert_int_equal(group.answer, IDENTITY_FOUND);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_a_cancelled_run_fails(void **state)
{
    const struct fake_answer script[] = {{.url = "ListInstances", .kind = ERR_CANCELLED}};
    struct identity_instance instance;
    struct rig rig;

    (void)state;
    rig_open_with(&rig, (struct identity_options){0}, script, 1);
    assert_false(identity_read_instance(rig.identity, &rig.arena, &instance, &rig.err));
    assert_int_equal(rig.err.kind, ERR_CANCELLED);
    rig_close(&rig);
}

/* ---- groups ---- */

#define GET_ID(name)                                                                   \
    "\"AlternateIdentifier\":{\"UniqueAttribute\":{\"AttributePath\":\"displayName\"," \
    "\"AttributeValue\":\"" name "\"}}"
#define GROUP_ID "{\"GroupId\":\"" G1 "\",\"IdentityStoreId\":\"" STORE "\"}"
#define KIRO_JSON \
    "{\"IdentityStoreId\":\"" STORE "\",\"GroupId\":\"" G1 "\",\"DisplayName\":\"kiro\""

struct group_case {
    const char *name;
    const char *key;
    bool by_name;
    struct fake_answer script[4];
    const char *expected; /* `found ID NAME EXTERNAL`, or the answer and why */
};

static const struct group_case groups[] = {
    {"by name",
     "kiro",
     true,
     {{.url = "GetGroupId", .body = GROUP_ID}, {.url = "DescribeGroup", .body = KIRO_JSON "}"}},
     "found " G1 " kiro "},
    {"by id, pushed by Okta",
     G1,
     false,
     {{.url = "DescribeGroup {\"IdentityStoreId\":\"" STORE "\",\"GroupId\":\"" G1 "\"}",
       .body =
           KIRO_JSON ",\"Description\":null,\"ExternalIds\":[{\"Issuer\":\"https://scim.aws.com/"
                     "x\",\"Id\":\"00g1\"}]}"}},
     "found " G1 " kiro 00g1"},
    {"no such name",
     "kiro",
     true,
     {{.url = "GetGroupId ", .status = 400, .headers = REQUEST_ID, .body = MISSING("GROUP")}},
     "none GetGroupId: 400 ResourceNotFoundException: as told (request req-1)"},
    {"status 404 says the same",
     "kiro",
     true,
     {{.url = "GetGroupId", .status = 404, .body = MISSING("GROUP")}},
     "none GetGroupId: 404"},
    {"gone in between",
     "kiro",
     true,
     {{.url = "GetGroupId", .body = GROUP_ID},
      {.url = "DescribeGroup", .status = 404, .body = MISSING("GROUP")}},
     "none DescribeGroup: 404"},
    {"a name that the remote takes for the same",
     "KIRO",
     true,
     {{.url = "GetGroupId", .body = GROUP_ID}, {.url = "DescribeGroup", .body = KIRO_JSON "}"}},
     "none GetGroupId: no group has exactly this name, but " G1 " is called kiro"},
    {"a name that needs escapes",
     "a\"b\\c",
     true,
     {{.url = GET_ID("a\\\"b\\\\c"), .status = 404, .body = MISSING("GROUP")}},
     "none"},
    {"no name at all", "", true, {{0}}, "none this cannot be the name of a group"},
    {"no id", "00g1", false, {{0}}, "none this is not the id of a group"},
    {"the store is missing, not the group",
     G1,
     false,
     {{.url = "DescribeGroup", .status = 404, .body = MISSING("IDENTITY_STORE")}},
     "unknown DescribeGroup: 404"},
    {"the key is missing, not the group",
     G1,
     false,
     {{.url = "DescribeGroup", .status = 404, .body = KEY_GONE}},
     "forbidden DescribeGroup: 404 ResourceNotFoundException: as told; KMS_KEY_NOT_FOUND: the "
     "instance uses an encryption key of its own"},
    {"we may not decrypt",
     G1,
     false,
     {{.url = "DescribeGroup",
       .status = 400,
       .body = "{\"__type\":\"AccessDeniedException\",\"Reason\":\"KMS_ACCESS_DENIED\"}"}},
     "forbidden DescribeGroup: 400 AccessDeniedException; KMS_ACCESS_DENIED"},
    {"the key is throttled",
     G1,
     false,
     {{.url = "DescribeGroup",
       .status = 400,
       .body = "{\"__type\":\"ThrottlingException\",\"Reason\":\"KMS_THROTTLING\"}",
       .times = 3}},
     "unknown DescribeGroup: 400 ThrottlingException"},
    {"refused",
     G1,
     false,
     {{.url = "DescribeGroup", .status = 403, .body = FAULT("AccessDeniedException")}},
     "forbidden DescribeGroup: 403 AccessDeniedException"},
    {"a validation error",
     G1,
     false,
     {{.url = "DescribeGroup", .status = 400, .body = FAULT("ValidationException")}},
     "unknown DescribeGroup: 400 ValidationException"},
    {"an internal error, every time",
     G1,
     false,
     {{.url = "DescribeGroup",
       .status = 500,
       .body = FAULT("InternalServerException"),
       .times = 3}},
     "unknown DescribeGroup: 500 InternalServerException"},
    {"another group",
     G2,
     false,
     {{.url = "DescribeGroup", .headers = REQUEST_ID, .body = KIRO_JSON "}"}},
     "unknown DescribeGroup: an answer that cannot be used: GroupId: the answer is about another "
     "group (request req-1)"},
    {"another store",
     G1,
     false,
     {{.url = "DescribeGroup",
       .body = "{\"IdentityStoreId\":\"d-0000000000\",\"GroupId\":\"" G1
               "\",\"DisplayName\":\"kiro\"}"}},
     "unknown DescribeGroup: an answer that cannot be used: IdentityStoreId: the answer is about "
     "another store"},
    {"a group without a name",
     G1,
     false,
     {{.url = "DescribeGroup", .body = "{\"GroupId\":\"" G1 "\"}"}},
     "unknown DescribeGroup: an answer that cannot be used: DisplayName: missing"},
    {"an id of another form",
     "kiro",
     true,
     {{.url = "GetGroupId", .body = "{\"GroupId\":\"7\"}"}},
     "unknown GetGroupId: an answer that cannot be used: GroupId: not an id of an identity store"},
    {"external ids that are none",
     G1,
     false,
     {{.url = "DescribeGroup", .body = KIRO_JSON ",\"ExternalIds\":[\"00g1\"]}"}},
     "unknown DescribeGroup: an answer that cannot be used: ExternalIds"},
};

static const char *show_group(const struct identity_group *group, struct arena *arena)
{
    if (group->answer != IDENTITY_FOUND)
        return arena_printf(arena, "%s %.*s", answer_name(group->answer), STR_ARG(group->why)).ptr;
    assert_int_equal(group->why.len, 0);
    return arena_printf(arena, "found %.*s %.*s %.*s", STR_ARG(group->id), STR_ARG(group->name),
                        STR_ARG(group->external_id))
        .ptr;
}

static void test_each_answer_about_a_group_means_what_the_contract_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        const struct group_case *c = &groups[i];
        struct str key = str_of(c->key);
        struct identity_group group;
        struct rig rig;

        rig_open(&rig, (struct identity_options){0}, c->script, rows_of(c->script, 4));
        bool ok = c->by_name
                      ? identity_find_groups(rig.identity, &key, 1, &rig.arena, &group, &rig.err)
                      : identity_get_groups(rig.identity, &key, 1, &rig.arena, &group, &rig.err);
        if (!ok)
            fail_msg("%s: failed: %s", c->name, rig.err.msg);
        const char *shown = show_group(&group, &rig.arena);
        if (strncmp(shown, c->expected, strlen(c->expected)) != 0)
            fail_msg("%s:\n  expected: %s\n  got:      %s", c->name, c->expected, shown);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

static void test_what_goes_wrong_with_one_group_is_its_own_business(void **state)
{
    const struct fake_answer script[] = {
        {.url = GET_ID("gone"), .status = 404, .body = MISSING("GROUP")},
        {.url = GET_ID("kiro"), .body = GROUP_ID},
        {.url = GET_ID("odd"), .body = "{}"},
        {.url = "DescribeGroup", .body = KIRO_JSON "}"},
    };
    struct str names[] = {STR("gone"), STR("kiro"), STR("odd")};
    struct identity_group found[3];
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    assert_true(identity_find_groups(rig.identity, names, 3, &rig.arena, found, &rig.err));
    assert_string_equal(show_group(&found[1], &rig.arena), "found " G1 " kiro ");
    assert_int_equal(found[0].answer, IDENTITY_NONE);
    assert_int_equal(found[2].answer, IDENTITY_UNKNOWN);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_one_refusal_makes_the_whole_batch_unusable(void **state)
{
    const struct fake_answer script[] = {
        {.url = G1, .body = KIRO_JSON "}"},
        {.url = G2, .status = 403, .body = FAULT("AccessDeniedException")},
    };
    struct str ids[] = {STR(G1), STR(G2)};
    struct identity_group found[2];
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    assert_true(identity_get_groups(rig.identity, ids, 2, &rig.arena, found, &rig.err));
    assert_int_equal(found[0].answer, IDENTITY_FORBIDDEN);
    assert_int_equal(found[1].answer, IDENTITY_FORBIDDEN);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_instance_is_found_or_the_reason_told),
        cmocka_unit_test(test_without_an_instance_nothing_is_asked),
        cmocka_unit_test(test_an_instance_that_is_gone_is_not_asked_any_more),
        cmocka_unit_test(test_a_refusal_ends_all_reading_until_the_instance_is_read_again),
        cmocka_unit_test(test_a_cancelled_run_fails),
        cmocka_unit_test(test_each_answer_about_a_group_means_what_the_contract_says),
        cmocka_unit_test(test_what_goes_wrong_with_one_group_is_its_own_business),
        cmocka_unit_test(test_one_refusal_makes_the_whole_batch_unusable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit/identity/identity_rig.h"

#define PAIR(group, user)                                     \
    "{\"IdentityStoreId\":\"" STORE "\",\"GroupId\":\"" group \
    "\",\"MemberId\":{\"UserId\":\"" user "\"}}"
#define BY_ID(id) "{\"IdentityStoreId\":\"" STORE "\",\"MembershipId\":\"" id "\"}"
#define CREATE    "CreateGroupMembership " PAIR(G1, U1)
#define FIND      "GetGroupMembershipId " PAIR(G1, U1)
#define CHECK     "DescribeGroupMembership " BY_ID(M1)
#define DELETE    "DeleteGroupMembership " BY_ID(M1)
#define IS        "IsMemberInGroups"
#define THE_ID    "{\"MembershipId\":\"" M1 "\",\"IdentityStoreId\":\"" STORE "\"}"
#define SAYS(group, user, truth)                                  \
    "{\"GroupId\":\"" group "\",\"MemberId\":{\"UserId\":\"" user \
    "\"},\"MembershipExists\":" truth "}"
#define RESULTS(list) "{\"Results\":[" list "]}"
#define YES           RESULTS(SAYS(G1, U1, "true"))
#define NO            RESULTS(SAYS(G1, U1, "false"))
#define OURS          MEMBERSHIP(M1, G1, U1)
#define FOUND_AND_CHECKED          \
    {.url = FIND, .body = THE_ID}, \
    {                              \
        .url = CHECK, .body = OURS \
    }

static const char *show(const struct identity_result *result, struct arena *arena)
{
    static const char *const effects[] = {"done", "sent", "nothing", "refused", "doubt"};

    if (result->effect == IDENTITY_DONE || result->effect == IDENTITY_SENT) {
        assert_int_equal(result->why.len, 0);
    } else {
        assert_true(result->why.len > 0);
    }
    return arena_printf(arena, "%s%s%s%s%s%.*s", effects[result->effect],
                        result->group_gone ? " group-gone" : "",
                        result->user_gone ? " user-gone" : "", result->stop ? " stop" : "",
                        result->why.len > 0 ? ": " : "", STR_ARG(result->why))
        .ptr;
}

struct write_case {
    const char *name;
    enum identity_verb verb;
    struct fake_answer script[12];
    const char *expected; /* begins so; a result without why: whole */
    int64_t slept;        /* -1: not looked at */
};

static void check(const struct write_case *c)
{
    struct str group = STR(G1);
    struct identity_change change = {c->verb, STR(G1), STR(U1)};
    struct identity_result result;
    struct rig rig;

    rig_open(&rig, (struct identity_options){0}, c->script, rows_of(c->script, 12));
    identity_allow_writes(rig.identity, &group, 1);
    if (!identity_write(rig.identity, &change, 1, &rig.arena, &result, &rig.err))
        fail_msg("%s: failed: %s", c->name, rig.err.msg);
    const char *shown = show(&result, &rig.arena);
    if (strncmp(shown, c->expected, strlen(c->expected)) != 0 ||
        (!strchr(c->expected, ':') && strcmp(shown, c->expected) != 0))
        fail_msg("%s:\n  expected: %s\n  got:      %s", c->name, c->expected, shown);
    if (c->slept >= 0 && rig.time.slept != c->slept) {
        fail_msg("%s: slept %lld ms, not %lld", c->name, (long long)rig.time.slept,
                 (long long)c->slept);
    }
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

/* ---- additions: each row of the contract's table ---- */

static const struct write_case additions[] = {
    {"added and seen at the first look",
     IDENTITY_ADD,
     {{.url = CREATE, .body = THE_ID}, {.url = IS, .body = YES}},
     "done",
     1000},
    {"added and seen at the last look",
     IDENTITY_ADD,
     {{.url = CREATE, .body = THE_ID},
      {.url = IS, .body = NO, .times = 3},
      {.url = IS, .body = YES}},
     "done",
     8000},
    {"added and not seen",
     IDENTITY_ADD,
     {{.url = CREATE, .body = THE_ID}, {.url = IS, .body = NO, .times = 4}},
     "sent",
     8000},
    {"added, and looking fails",
     IDENTITY_ADD,
     {{.url = CREATE, .body = THE_ID}, {.url = IS, .body = "{}", .times = 4}},
     "sent",
     8000},
    {"added, and we may not look",
     IDENTITY_ADD,
     {{.url = CREATE, .body = THE_ID},
      {.url = IS, .status = 403, .body = FAULT("AccessDeniedException")}},
     "sent",
     1000},
    {"a member already: verified",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 409, .body = CONFLICT("UNIQUENESS_CONSTRAINT_VIOLATION")},
      {.url = IS, .body = YES}},
     "done",
     0},
    {"a member already, says the remote, but no look shows it",
     IDENTITY_ADD,
     {{.url = CREATE,
       .status = 400,
       .headers = REQUEST_ID,
       .body = CONFLICT("UNIQUENESS_CONSTRAINT_VIOLATION")},
      {.url = IS, .body = NO, .times = 5}},
     "doubt: CreateGroupMembership: 400 ConflictException: as told (request req-1)",
     8000},
    {"a concurrent change, which had added them",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 409, .body = CONFLICT("CONCURRENT_MODIFICATION")},
      {.url = IS, .body = YES}},
     "done",
     1000},
    {"a concurrent change: after a look it goes again",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 409, .body = CONFLICT("CONCURRENT_MODIFICATION")},
      {.url = IS, .body = NO},
      {.url = CREATE, .body = THE_ID},
      {.url = IS, .body = YES}},
     "done",
     2000},
    {"a conflict without a reason: the same",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 409, .body = FAULT("ConflictException")},
      {.url = IS, .body = NO},
      {.url = CREATE, .body = THE_ID},
      {.url = IS, .body = YES}},
     "done",
     2000},
    {"a concurrent change, every time",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 409, .body = CONFLICT("CONCURRENT_MODIFICATION"), .times = 3},
      {.url = IS, .body = NO, .times = 3}},
     "nothing: CreateGroupMembership: 409 ConflictException",
     7000},
    {"a concurrent change that cannot be looked at is not sent again",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 409, .body = CONFLICT("CONCURRENT_MODIFICATION")},
      {.url = IS, .body = "{}"}},
     "doubt: CreateGroupMembership: 409 ConflictException: as told; reading it back: "
     "IsMemberInGroups: an answer that cannot be used",
     1000},
    {"the user vanished",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 404, .body = MISSING("USER")}},
     "refused user-gone: CreateGroupMembership: 404 ResourceNotFoundException",
     0},
    {"the group vanished",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 400, .body = MISSING("GROUP")}},
     "refused group-gone: CreateGroupMembership: 400 ResourceNotFoundException",
     0},
    {"something vanished, and what is not said",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 404, .body = FAULT("ResourceNotFoundException")}},
     "nothing: CreateGroupMembership: 404 ResourceNotFoundException",
     0},
    {"the store vanished",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 404, .body = MISSING("IDENTITY_STORE")}},
     "refused stop: CreateGroupMembership: 404",
     0},
    {"the resource policy vanished",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 404, .body = MISSING("RESOURCE_POLICY")}},
     "refused stop: CreateGroupMembership: 404",
     0},
    {"the key vanished, not the user",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 404, .body = KEY_GONE}},
     "refused stop: CreateGroupMembership: 404 ResourceNotFoundException: as told; "
     "KMS_KEY_NOT_FOUND",
     0},
    {"a validation error is never sent again",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 400, .body = FAULT("ValidationException")}},
     "refused: CreateGroupMembership: 400 ValidationException",
     0},
    {"no rights",
     IDENTITY_ADD,
     {{.url = CREATE,
       .status = 403,
       .headers = REQUEST_ID,
       .body = FAULT("AccessDeniedException")}},
     "refused stop: CreateGroupMembership: 403 AccessDeniedException: as told (request req-1)",
     0},
    {"no rights that are known",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 400, .body = FAULT("UnrecognizedClientException")}},
     "refused stop: CreateGroupMembership: 400 UnrecognizedClientException",
     0},
    {"a quota",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 402, .body = FAULT("ServiceQuotaExceededException")}},
     "refused: CreateGroupMembership: 402 ServiceQuotaExceededException",
     0},
    {"throttled, every time",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 429, .body = FAULT("ThrottlingException"), .times = 3}},
     "nothing: CreateGroupMembership: 429 ThrottlingException",
     -1},
    {"throttled, then added",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 400, .body = FAULT("ThrottlingException")},
      {.url = CREATE, .body = THE_ID},
      {.url = IS, .body = YES}},
     "done",
     -1},
    {"an internal error is not sent again, and may have had an effect",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 500, .body = FAULT("InternalServerException")},
      {.url = IS, .body = NO, .times = 4}},
     "doubt: CreateGroupMembership: 500 InternalServerException",
     8000},
    {"an internal error that had one",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 500, .body = FAULT("InternalServerException")},
      {.url = IS, .body = NO},
      {.url = IS, .body = YES}},
     "done",
     2000},
    {"a lost answer is not sent again",
     IDENTITY_ADD,
     {{.url = CREATE, .outcome = HTTP_LOST}, {.url = IS, .body = NO, .times = 4}},
     "doubt: CreateGroupMembership: the connection ended without an answer",
     8000},
    {"a lost answer, and the membership is there",
     IDENTITY_ADD,
     {{.url = CREATE, .outcome = HTTP_LOST}, {.url = IS, .body = YES}},
     "done",
     1000},
    {"it never left",
     IDENTITY_ADD,
     {{.url = CREATE, .outcome = HTTP_NOT_SENT, .times = 3}},
     "nothing: CreateGroupMembership: connection refused",
     -1},
    {"200 with a page of text",
     IDENTITY_ADD,
     {{.url = CREATE, .body = "<html>"}, {.url = IS, .body = NO, .times = 4}},
     "doubt: CreateGroupMembership: 200 with something else",
     8000},
    {"200 with another document",
     IDENTITY_ADD,
     {{.url = CREATE, .headers = REQUEST_ID, .body = "{}"}, {.url = IS, .body = NO, .times = 4}},
     "doubt: CreateGroupMembership: an answer that cannot be used: MembershipId: missing (request "
     "req-1)",
     8000},
    {"an error that nobody knows",
     IDENTITY_ADD,
     {{.url = CREATE, .status = 418, .body = FAULT("TeapotException")},
      {.url = IS, .body = NO, .times = 4}},
     "doubt: CreateGroupMembership: 418 TeapotException",
     8000},
    {"a remote that cannot be asked for single members",
     IDENTITY_ADD,
     {{.url = CREATE, .body = THE_ID},
      {.url = IS, .status = 500, .body = "<html>", .times = 3},
      {.url = "ListGroupMemberships", .body = MEMBERSHIPS(OURS)}},
     "done",
     -1},
};

static void test_each_answer_to_an_addition_means_what_the_contract_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(additions); i++)
        check(&additions[i]);
}

/* ---- removals ---- */

static const struct write_case removals[] = {
    {"found, checked, deleted and seen",
     IDENTITY_REMOVE,
     {FOUND_AND_CHECKED, {.url = DELETE, .body = "{}"}, {.url = IS, .body = NO}},
     "done",
     1000},
    {"an empty body is a success too",
     IDENTITY_REMOVE,
     {FOUND_AND_CHECKED, {.url = DELETE}, {.url = IS, .body = NO}},
     "done",
     1000},
    {"deleted, and still seen",
     IDENTITY_REMOVE,
     {FOUND_AND_CHECKED, {.url = DELETE, .body = "{}"}, {.url = IS, .body = YES, .times = 4}},
     "sent",
     8000},
    {"no member: verified, nothing is deleted",
     IDENTITY_REMOVE,
     {{.url = FIND, .status = 404, .body = MISSING("GROUP_MEMBERSHIP")}, {.url = IS, .body = NO}},
     "done",
     0},
    {"no member, says the remote, but every look shows one",
     IDENTITY_REMOVE,
     {{.url = FIND, .status = 404, .body = MISSING("GROUP_MEMBERSHIP")},
      {.url = IS, .body = YES, .times = 5}},
     "nothing: GetGroupMembershipId: 404",
     8000},
    {"the user is gone, and the membership with them",
     IDENTITY_REMOVE,
     {{.url = FIND, .status = 404, .body = MISSING("USER")},
      {.url = IS, .status = 404, .body = MISSING("USER")}},
     "done user-gone",
     0},
    {"the group is gone",
     IDENTITY_REMOVE,
     {{.url = FIND, .status = 404, .body = MISSING("GROUP")}},
     "refused group-gone: GetGroupMembershipId: 404",
     0},
    {"the store is gone",
     IDENTITY_REMOVE,
     {{.url = FIND, .status = 404, .body = MISSING("IDENTITY_STORE")}},
     "refused stop: GetGroupMembershipId: 404",
     0},
    {"we may not look",
     IDENTITY_REMOVE,
     {{.url = FIND, .status = 403, .body = FAULT("AccessDeniedException")}},
     "refused stop: GetGroupMembershipId: 403",
     0},
    {"looking fails",
     IDENTITY_REMOVE,
     {{.url = FIND, .status = 500, .body = FAULT("InternalServerException"), .times = 3}},
     "nothing: GetGroupMembershipId: 500",
     -1},
    {"looking is an error of ours",
     IDENTITY_REMOVE,
     {{.url = FIND, .status = 400, .body = FAULT("ValidationException")}},
     "refused: GetGroupMembershipId: 400",
     0},
    {"an odd answer",
     IDENTITY_REMOVE,
     {{.url = FIND, .headers = REQUEST_ID, .body = "{\"MembershipId\":7}"}},
     "nothing: GetGroupMembershipId: an answer that cannot be used: MembershipId: expected a "
     "string (request req-1)",
     0},
    {"the id is of another user: nothing is deleted",
     IDENTITY_REMOVE,
     {{.url = FIND, .body = THE_ID}, {.url = CHECK, .body = MEMBERSHIP(M1, G1, U2)}},
     "refused: DescribeGroupMembership: an answer that cannot be used: the membership " M1
     " was said to be of user " U1 " in group " G1 ", but " M1 " is of user " U2 " in group " G1,
     0},
    {"the id is of another group: nothing is deleted",
     IDENTITY_REMOVE,
     {{.url = FIND, .body = THE_ID}, {.url = CHECK, .body = MEMBERSHIP(M1, G2, U1)}},
     "refused: DescribeGroupMembership",
     0},
    {"the answer is about another id: nothing is deleted",
     IDENTITY_REMOVE,
     {{.url = FIND, .body = THE_ID}, {.url = CHECK, .body = MEMBERSHIP(M2, G1, U1)}},
     "refused: DescribeGroupMembership",
     0},
    {"the id is of no user: nothing is deleted",
     IDENTITY_REMOVE,
     {{.url = FIND, .body = THE_ID},
      {.url = CHECK,
       .body = "{\"MembershipId\":\"" M1 "\",\"GroupId\":\"" G1 "\",\"MemberId\":{}}"}},
     "refused: DescribeGroupMembership",
     0},
    {"gone in between",
     IDENTITY_REMOVE,
     {{.url = FIND, .body = THE_ID},
      {.url = CHECK, .status = 404, .body = MISSING("GROUP_MEMBERSHIP")},
      {.url = IS, .body = NO}},
     "done",
     0},
    {"we may not describe: the user's memberships show the same",
     IDENTITY_REMOVE,
     {{.url = FIND, .body = THE_ID},
      {.url = CHECK, .status = 403, .body = FAULT("AccessDeniedException")},
      {.url = "ListGroupMembershipsForMember {\"IdentityStoreId\":\"" STORE
              "\",\"MemberId\":{\"UserId\":\"" U1 "\"},\"MaxResults\":100}",
       .body = MEMBERSHIPS_MORE(MEMBERSHIP(M2, G2, U1), "t1")},
      {.url = "\"NextToken\":\"t1\"", .body = MEMBERSHIPS(OURS)},
      {.url = DELETE, .body = "{}"},
      {.url = IS, .body = NO}},
     "done",
     1000},
    {"we may not describe, and the list shows another id",
     IDENTITY_REMOVE,
     {{.url = FIND, .body = THE_ID},
      {.url = CHECK, .status = 403, .body = FAULT("AccessDeniedException")},
      {.url = "ForMember", .body = MEMBERSHIPS(MEMBERSHIP(M2, G1, U1))}},
     "refused: ListGroupMembershipsForMember: the membership is " M2 ", not " M1
     " as was said before",
     0},
    {"we may not describe, and the list fails",
     IDENTITY_REMOVE,
     {{.url = FIND, .body = THE_ID},
      {.url = CHECK, .status = 403, .body = FAULT("AccessDeniedException")},
      {.url = "ForMember", .body = "{}"}},
     "nothing: page 1: ListGroupMembershipsForMember: an answer that cannot be used",
     0},
    {"a remote that does not know the way: the group is listed",
     IDENTITY_REMOVE,
     {{.url = FIND, .status = 500, .body = "<html>", .times = 3},
      {.url = "ListGroupMemberships {", .body = MEMBERSHIPS(MEMBERSHIP(M2, G1, U2) "," OURS)},
      {.url = DELETE, .body = "{}"},
      {.url = IS, .body = NO}},
     "done",
     -1},
    {"a remote that does not know the way, and no member",
     IDENTITY_REMOVE,
     {{.url = FIND, .status = 400, .body = FAULT("UnknownOperationException")},
      {.url = "ListGroupMemberships {", .body = MEMBERSHIPS("")},
      {.url = IS, .body = NO}},
     "done",
     0},
    {"a remote that does not know the way, and a list that breaks",
     IDENTITY_REMOVE,
     {{.url = FIND, .status = 400, .body = FAULT("UnknownOperationException")},
      {.url = "ListGroupMemberships {", .body = MEMBERSHIPS_MORE(OURS, "t1")},
      {.url = "t1", .body = MEMBERSHIPS_MORE("", "t1")}},
     "nothing: page 2: ListGroupMemberships",
     0},
    {"gone already: verified",
     IDENTITY_REMOVE,
     {FOUND_AND_CHECKED,
      {.url = DELETE, .status = 404, .body = MISSING("GROUP_MEMBERSHIP")},
      {.url = IS, .body = NO}},
     "done",
     0},
    {"gone already, says the remote, but every look shows it",
     IDENTITY_REMOVE,
     {FOUND_AND_CHECKED,
      {.url = DELETE, .status = 404, .body = MISSING("GROUP_MEMBERSHIP")},
      {.url = IS, .body = YES, .times = 5}},
     "doubt: DeleteGroupMembership: 404",
     8000},
    {"the key is gone, not the membership",
     IDENTITY_REMOVE,
     {FOUND_AND_CHECKED, {.url = DELETE, .status = 404, .body = KEY_GONE}},
     "refused stop: DeleteGroupMembership: 404",
     0},
    {"a concurrent change: looked at, found and checked anew, deleted",
     IDENTITY_REMOVE,
     {FOUND_AND_CHECKED,
      {.url = DELETE, .status = 409, .body = CONFLICT("CONCURRENT_MODIFICATION")},
      {.url = IS, .body = YES},
      FOUND_AND_CHECKED,
      {.url = DELETE, .body = "{}"},
      {.url = IS, .body = NO}},
     "done",
     2000},
    {"a concurrent change that had removed it",
     IDENTITY_REMOVE,
     {FOUND_AND_CHECKED,
      {.url = DELETE, .status = 409, .body = FAULT("ConflictException")},
      {.url = IS, .body = NO}},
     "done",
     1000},
    {"a concurrent change where groups are listed: the id is taken anew",
     IDENTITY_REMOVE,
     {{.url = FIND, .status = 400, .body = FAULT("UnknownOperationException")},
      {.url = "ListGroupMemberships {", .body = MEMBERSHIPS(OURS)},
      {.url = DELETE, .status = 409, .body = CONFLICT("CONCURRENT_MODIFICATION")},
      {.url = IS, .body = YES},
      {.url = "ListGroupMemberships {", .body = MEMBERSHIPS(MEMBERSHIP(M2, G1, U1))},
      {.url = "DeleteGroupMembership " BY_ID(M2), .body = "{}"},
      {.url = IS, .body = NO}},
     "done",
     2000},
    {"no rights to delete",
     IDENTITY_REMOVE,
     {FOUND_AND_CHECKED, {.url = DELETE, .status = 403, .body = FAULT("AccessDeniedException")}},
     "refused stop: DeleteGroupMembership: 403",
     0},
    {"a lost answer is not sent again",
     IDENTITY_REMOVE,
     {FOUND_AND_CHECKED,
      {.url = DELETE, .outcome = HTTP_LOST},
      {.url = IS, .body = YES, .times = 4}},
     "doubt: DeleteGroupMembership: the connection ended",
     8000},
    {"a validation error",
     IDENTITY_REMOVE,
     {FOUND_AND_CHECKED, {.url = DELETE, .status = 400, .body = FAULT("ValidationException")}},
     "refused: DeleteGroupMembership: 400",
     0},
};

static void test_each_answer_to_a_removal_means_what_the_contract_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(removals); i++)
        check(&removals[i]);
}

/* ---- what may be written ---- */

static void test_a_group_that_is_not_allowed_is_never_written(void **state)
{
    const struct identity_change changes[] = {{IDENTITY_ADD, STR(G1), STR(U1)},
                                              {IDENTITY_REMOVE, STR(G2), STR(U1)}};
    struct str allowed[] = {STR(G1)};
    struct identity_result results[2];
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, NULL, 0);
    assert_false(identity_write(rig.identity, changes, 1, &rig.arena, results, &rig.err));
    assert_int_equal(rig.err.kind, ERR_INTERNAL);
    identity_allow_writes(rig.identity, allowed, 1);
    rig.err = (struct err){0};
    assert_false(identity_write(rig.identity, changes, 2, &rig.arena, results, &rig.err));
    assert_int_equal(rig.err.kind, ERR_INTERNAL);
    assert_string_equal(rig.err.msg, "identity: the group " G2 " may not be written");
    identity_allow_writes(rig.identity, NULL, 0);
    assert_false(identity_write(rig.identity, changes, 1, &rig.arena, results, &rig.err));
    assert_string_equal(rig_log(&rig), "");
    rig_close(&rig);
}

static void test_an_instance_that_cannot_be_written_is_not(void **state)
{
    const struct fake_answer script[] = {{.url = "ListInstances", .body = OUR_INSTANCE}};
    const struct identity_change change = {IDENTITY_ADD, STR(G1), STR(U1)};
    struct str allowed = STR(G1);
    struct identity_instance instance;
    struct identity_result result;
    struct rig rig;

    (void)state;
    rig_open_with(&rig, (struct identity_options){.region = STR("us-east-1")}, script, 1);
    assert_true(identity_read_instance(rig.identity, &rig.arena, &instance, &rig.err));
    identity_allow_writes(rig.identity, &allowed, 1);
    assert_true(identity_write(rig.identity, &change, 1, &rig.arena, &result, &rig.err));
    assert_string_equal(show(&result, &rig.arena),
                        "refused stop: the instance " ARN " cannot be written from us-east-1: its "
                        "primary region is eu-central-1");
    assert_int_equal(rig.fake.n_requests, 1);
    rig_close(&rig);
}

static void test_one_membership_twice_in_a_batch_is_a_broken_invariant(void **state)
{
    const struct identity_change changes[] = {{IDENTITY_ADD, STR(G1), STR(U1)},
                                              {IDENTITY_ADD, STR(G1), STR(U2)},
                                              {IDENTITY_REMOVE, STR(G1), STR(U1)}};
    struct str allowed = STR(G1);
    struct identity_result results[3];
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, NULL, 0);
    identity_allow_writes(rig.identity, &allowed, 1);
    assert_false(identity_write(rig.identity, changes, 3, &rig.arena, results, &rig.err));
    assert_int_equal(rig.err.kind, ERR_INTERNAL);
    assert_string_equal(rig_log(&rig), "");
    rig_close(&rig);
}

static void test_what_is_no_user_is_refused_alone(void **state)
{
    const struct fake_answer script[] = {{.url = CREATE, .body = THE_ID}, {.url = IS, .body = YES}};
    const struct identity_change changes[] = {{IDENTITY_ADD, STR(G1), STR("ana")},
                                              {IDENTITY_ADD, STR(G1), STR(U1)}};
    struct str allowed = STR(G1);
    struct identity_result results[2];
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    identity_allow_writes(rig.identity, &allowed, 1);
    assert_true(identity_write(rig.identity, changes, 2, &rig.arena, results, &rig.err));
    assert_string_equal(show(&results[0], &rig.arena), "refused: this is not the id of a user");
    assert_string_equal(show(&results[1], &rig.arena), "done");
    rig_close(&rig);
}

/* ---- batches ---- */

#define U(n) "bbbbbbbb-0000-4000-8000-00000000000" n
#define ADD(g, u)                    \
    {                                \
        IDENTITY_ADD, STR(g), STR(u) \
    }
#define REMOVE(g, u)                    \
    {                                   \
        IDENTITY_REMOVE, STR(g), STR(u) \
    }

/* How many writes went out in each exchange. */
struct watch {
    size_t n_writes, most;
    size_t last_send;
    const struct fake_transport *fake;
};

static void count_writes(void *self, const struct fake_request *request)
{
    struct watch *watch = self;

    if (watch->last_send != watch->fake->n_sends) {
        watch->last_send = watch->fake->n_sends;
        watch->n_writes = 0;
    }
    if (str_starts(request->url, STR("Create")) || str_starts(request->url, STR("Delete")))
        watch->n_writes++;
    if (watch->n_writes > watch->most)
        watch->most = watch->n_writes;
}

static void test_four_principals_go_side_by_side_and_all_are_read_back_together(void **state)
{
    const struct fake_answer script[] = {
        {.url = "CreateGroupMembership", .body = THE_ID, .times = 6},
        {.url = U("1"), .body = RESULTS(SAYS(G1, U("1"), "true"))},
        {.url = U("2"), .body = RESULTS(SAYS(G1, U("2"), "true"))},
        {.url = U("3"), .body = RESULTS(SAYS(G1, U("3"), "true"))},
        {.url = U("4"), .body = RESULTS(SAYS(G1, U("4"), "true"))},
        {.url = U("5"), .body = RESULTS(SAYS(G1, U("5"), "true"))},
        {.url = U("6"), .body = RESULTS(SAYS(G1, U("6"), "true"))},
    };
    const struct identity_change changes[] = {ADD(G1, U("1")), ADD(G1, U("2")), ADD(G1, U("3")),
                                              ADD(G1, U("4")), ADD(G1, U("5")), ADD(G1, U("6"))};
    struct str allowed = STR(G1);
    struct identity_result results[6];
    struct watch watch = {0};
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    watch.fake = &rig.fake;
    rig.fake.on_request = count_writes;
    rig.fake.on_request_self = &watch;
    identity_allow_writes(rig.identity, &allowed, 1);
    assert_true(identity_write(rig.identity, changes, 6, &rig.arena, results, &rig.err));
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(show(&results[i], &rig.arena), "done");
    assert_int_equal(watch.most, 4);
    assert_int_equal(rig.fake.n_sends, 1 + 2 + 1);
    assert_int_equal(rig.time.slept, 1000);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_changes_of_one_principal_go_one_by_one_in_their_order(void **state)
{
    const struct fake_answer script[] = {
        {.url = "CreateGroupMembership " PAIR(G2, U1), .body = THE_ID, .takes_ms = 10},
        FOUND_AND_CHECKED,
        {.url = DELETE, .body = "{}", .takes_ms = 10},
        {.url = IS, .body = RESULTS(SAYS(G2, U1, "true") "," SAYS(G1, U1, "false"))},
    };
    const struct identity_change changes[] = {ADD(G2, U1), REMOVE(G1, U1)};
    struct str allowed[] = {STR(G1), STR(G2)};
    struct identity_result results[2];
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    identity_allow_writes(rig.identity, allowed, 2);
    assert_true(identity_write(rig.identity, changes, 2, &rig.arena, results, &rig.err));
    assert_string_equal(show(&results[0], &rig.arena), "done");
    assert_string_equal(show(&results[1], &rig.arena), "done");
    assert_string_equal(rig_log(&rig), "CreateGroupMembership {\"GroupId\":\"" G2
                                       "\",\"MemberId\":{\"UserId\":\"" U1 "\"}}\n"
                                       "GetGroupMembershipId {\"GroupId\":\"" G1
                                       "\",\"MemberId\":{\"UserId\":\"" U1 "\"}}\n"
                                       "DescribeGroupMembership {\"MembershipId\":\"" M1 "\"}\n"
                                       "DeleteGroupMembership {\"MembershipId\":\"" M1 "\"}\n"
                                       "IsMemberInGroups {\"MemberId\":{\"UserId\":\"" U1
                                       "\"},\"GroupIds\":[\"" G1 "\",\"" G2 "\"]}");
    assert_int_equal(rig.fake.largest_send, 1);
    rig_close(&rig);
}

static void test_after_a_refusal_nothing_more_is_sent(void **state)
{
    const struct fake_answer script[] = {
        {.url = U("1"), .status = 403, .body = FAULT("AccessDeniedException")},
        {.url = U("2"), .body = THE_ID},
        {.url = U("3"), .outcome = HTTP_LOST},
        {.url = U("4"), .status = 409, .body = FAULT("ConflictException")},
        {.url = U("4"), .body = RESULTS(SAYS(G1, U("4"), "false"))},
        {.url = U("2"), .body = RESULTS(SAYS(G1, U("2"), "true"))},
        {.url = U("3"), .body = RESULTS(SAYS(G1, U("3"), "true"))},
    };
    const struct identity_change changes[] = {ADD(G1, U("1")), ADD(G1, U("2")), ADD(G1, U("3")),
                                              ADD(G1, U("4")), ADD(G1, U("5")), ADD(G2, U("1"))};
    static const char *const expected[] = {
        "refused stop: CreateGroupMembership: 403 AccessDeniedException: as told",
        "done",
        "done",
        "nothing stop: CreateGroupMembership: 409 ConflictException: as told",
        "nothing stop: not sent, because of another write: CreateGroupMembership: 403 "
        "AccessDeniedException: as told",
        "nothing stop: not sent, because of another write: CreateGroupMembership: 403 "
        "AccessDeniedException: as told",
    };
    struct str allowed[] = {STR(G1), STR(G2)};
    struct identity_result results[6];
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    identity_allow_writes(rig.identity, allowed, 2);
    assert_true(identity_write(rig.identity, changes, 6, &rig.arena, results, &rig.err));
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(show(&results[i], &rig.arena), expected[i]);
    assert_int_equal(fake_transport_count(&rig.fake, NULL, "CreateGroupMembership"), 4);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

/* Side by side they would only get into each other's way again. */
static void test_after_a_conflict_changes_of_one_group_go_alone(void **state)
{
    const struct fake_answer script[] = {
        {.url = "CreateGroupMembership",
         .status = 409,
         .body = CONFLICT("CONCURRENT_MODIFICATION"),
         .times = 2},
        {.url = IS, .body = RESULTS(SAYS(G1, U1, "false"))},
        {.url = "CreateGroupMembership " PAIR(G1, U1), .body = THE_ID},
        {.url = IS, .body = RESULTS(SAYS(G1, U2, "false"))},
        {.url = "CreateGroupMembership " PAIR(G1, U2), .body = THE_ID},
        {.url = U1, .body = RESULTS(SAYS(G1, U1, "true"))},
        {.url = U2, .body = RESULTS(SAYS(G1, U2, "true"))},
    };
    const struct identity_change changes[] = {ADD(G1, U1), ADD(G1, U2)};
    struct str allowed = STR(G1);
    struct identity_result results[2];
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    identity_allow_writes(rig.identity, &allowed, 1);
    assert_true(identity_write(rig.identity, changes, 2, &rig.arena, results, &rig.err));
    assert_string_equal(show(&results[0], &rig.arena), "done");
    assert_string_equal(show(&results[1], &rig.arena), "done");
    /* The instance, both, a look at both, one, the other, the look at both. */
    assert_int_equal(rig.fake.n_sends, 6);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_looking_again_goes_by_the_clock(void **state)
{
    const struct fake_answer script[] = {
        {.url = CREATE, .body = THE_ID},
        {.url = IS, .body = NO, .takes_ms = 2500},
        {.url = IS, .body = NO, .times = 3},
    };
    const struct identity_change change = ADD(G1, U1);
    struct str allowed = STR(G1);
    struct identity_result result;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){.look_again_ms = {100, 200, 3000, 4000}}, script,
             ARRAY_LEN(script));
    identity_allow_writes(rig.identity, &allowed, 1);
    assert_true(identity_write(rig.identity, &change, 1, &rig.arena, &result, &rig.err));
    assert_string_equal(show(&result, &rig.arena), "sent");
    assert_int_equal(rig.fake.requests[2].at, FAKE_CLOCK_START + 100);
    assert_int_equal(rig.fake.requests[3].at, FAKE_CLOCK_START + 2600); /* late already */
    assert_int_equal(rig.fake.requests[4].at, FAKE_CLOCK_START + 3000);
    assert_int_equal(rig.fake.requests[5].at, FAKE_CLOCK_START + 4000);
    rig_close(&rig);
}

static void test_a_cancelled_wait_fails_the_call(void **state)
{
    const struct fake_answer script[] = {{.url = CREATE, .body = THE_ID}};
    const struct identity_change change = ADD(G1, U1);
    struct str allowed = STR(G1);
    struct identity_result result;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    identity_allow_writes(rig.identity, &allowed, 1);
    rig.time.cancel_at = 1;
    assert_false(identity_write(rig.identity, &change, 1, &rig.arena, &result, &rig.err));
    assert_int_equal(rig.err.kind, ERR_CANCELLED);
    rig_close(&rig);
}

static void test_a_batch_of_nothing_asks_nothing(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, NULL, 0);
    assert_true(identity_write(rig.identity, NULL, 0, &rig.arena, NULL, &rig.err));
    assert_string_equal(rig_log(&rig), "");
    assert_int_equal(rig.time.slept, 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_answer_to_an_addition_means_what_the_contract_says),
        cmocka_unit_test(test_each_answer_to_a_removal_means_what_the_contract_says),
        cmocka_unit_test(test_a_group_that_is_not_allowed_is_never_written),
        cmocka_unit_test(test_an_instance_that_cannot_be_written_is_not),
        cmocka_unit_test(test_one_membership_twice_in_a_batch_is_a_broken_invariant),
        cmocka_unit_test(test_what_is_no_user_is_refused_alone),
        cmocka_unit_test(test_four_principals_go_side_by_side_and_all_are_read_back_together),
        cmocka_unit_test(test_changes_of_one_principal_go_one_by_one_in_their_order),
        cmocka_unit_test(test_after_a_refusal_nothing_more_is_sent),
        cmocka_unit_test(test_after_a_conflict_changes_of_one_group_go_alone),
        cmocka_unit_test(test_looking_again_goes_by_the_clock),
        cmocka_unit_test(test_a_cancelled_wait_fails_the_call),
        cmocka_unit_test(test_a_batch_of_nothing_asks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit/identity/identity_rig.h"

#define ASK(user, groups)                                                                  \
    "IsMemberInGroups {\"IdentityStoreId\":\"" STORE "\",\"MemberId\":{\"UserId\":\"" user \
    "\"},\"GroupIds\":[" groups "]}"
#define SAYS(group, user, truth)                                  \
    "{\"GroupId\":\"" group "\",\"MemberId\":{\"UserId\":\"" user \
    "\"},\"MembershipExists\":" truth "}"
#define RESULTS(list) "{\"Results\":[" list "]}"
#define HTML          "<!doctype html><title>500 Internal Server Error</title>"
#define LIST(group) \
    "ListGroupMemberships {\"IdentityStoreId\":\"" STORE "\",\"GroupId\":\"" group "\""

struct pair_case {
    const char *name;
    struct identity_pair pairs[4];
    struct fake_answer script[6];
    const char *expected; /* one word per pair */
};

#define P(group, user)        \
    {                         \
        STR(group), STR(user) \
    }
#define ONE       \
    {             \
        P(G1, U1) \
    }
#define ASK_ONE ASK(U1, "\"" G1 "\"")

static const struct pair_case cases[] = {
    {"a member", ONE, {{.url = ASK_ONE, .body = RESULTS(SAYS(G1, U1, "true"))}}, "found"},
    {"no member", ONE, {{.url = ASK_ONE, .body = RESULTS(SAYS(G1, U1, "false"))}}, "none"},
    {"one call a user, groups sorted, answers in the caller's order",
     {P(G2, U1), P(G1, U2), P(G1, U1)},
     {{.url = ASK(U1, "\"" G1 "\",\"" G2 "\""),
       .body = RESULTS(SAYS(G2, U1, "true") "," SAYS(G1, U1, "false"))},
      {.url = ASK(U2, "\"" G1 "\""), .body = RESULTS(SAYS(G1, U2, "true"))}},
     "found found none"},
    {"a pair asked for twice is asked once",
     {P(G1, U1), P(G2, U1), P(G1, U1)},
     {{.url = ASK(U1, "\"" G1 "\",\"" G2 "\""),
       .body = RESULTS(SAYS(G2, U1, "false") "," SAYS(G1, U1, "true"))}},
     "found none found"},
    {"without MemberId the answer still counts",
     ONE,
     {{.url = ASK_ONE,
       .body = RESULTS("{\"GroupId\":\"" G1 "\",\"MemberId\":null,\"MembershipExists\":true}")}},
     "found"},
    {"left out", ONE, {{.url = ASK_ONE, .body = RESULTS("")}}, "unknown"},
    {"about another group",
     ONE,
     {{.url = ASK_ONE, .body = RESULTS(SAYS(G2, U1, "true"))}},
     "unknown"},
    {"about another user",
     ONE,
     {{.url = ASK_ONE, .body = RESULTS(SAYS(G1, U2, "true"))}},
     "unknown"},
    {"yes and no",
     ONE,
     {{.url = ASK_ONE, .body = RESULTS(SAYS(G1, U1, "true") "," SAYS(G1, U1, "false"))}},
     "unknown"},
    {"a truth value that is missing",
     ONE,
     {{.url = ASK_ONE, .body = RESULTS("{\"GroupId\":\"" G1 "\"}")}},
     "unknown"},
    {"a truth value that is text",
     ONE,
     {{.url = ASK_ONE, .body = RESULTS(SAYS(G1, U1, "\"true\""))}},
     "unknown"},
    {"the list is missing", ONE, {{.url = ASK_ONE, .body = "{}"}}, "unknown"},
    {"one group, and it is gone",
     ONE,
     {{.url = ASK_ONE, .status = 404, .body = MISSING("GROUP")}},
     "none"},
    {"the user is gone", ONE, {{.url = ASK_ONE, .status = 404, .body = MISSING("USER")}}, "none"},
    {"the store is gone, which is something else",
     ONE,
     {{.url = ASK_ONE, .status = 404, .body = MISSING("IDENTITY_STORE")}},
     "unknown"},
    {"the key is gone, which is something else",
     ONE,
     {{.url = ASK_ONE, .status = 404, .body = KEY_GONE}},
     "forbidden"},
    {"one of two groups is gone: each is asked for alone",
     {P(G1, U1), P(G2, U1)},
     {{.url = ASK(U1, "\"" G1 "\",\"" G2 "\""), .status = 404, .body = MISSING("GROUP")},
      {.url = ASK(U1, "\"" G1 "\""), .status = 404, .body = MISSING("GROUP")},
      {.url = ASK(U1, "\"" G2 "\""), .body = RESULTS(SAYS(G2, U1, "true"))}},
     "none found"},
    {"what is no id is not asked for",
     {P("g", U1), P(G1, "u"), P(G1, U1)},
     {{.url = ASK_ONE, .body = RESULTS(SAYS(G1, U1, "true"))}},
     "unknown unknown found"},
    {"a refusal makes all unusable",
     {P(G1, U1), P(G1, U2)},
     {{.url = ASK_ONE, .body = RESULTS(SAYS(G1, U1, "true"))},
      {.url = ASK(U2, "\"" G1 "\""), .status = 403, .body = FAULT("AccessDeniedException")}},
     "forbidden forbidden"},
    {"the operation is not known: the groups are listed, each once",
     {P(G1, U1), P(G2, U2), P(G1, U2)},
     {{.url = "IsMemberInGroups",
       .status = 400,
       .body = FAULT("UnknownOperationException"),
       .times = 2},
      {.url = LIST(G1), .body = MEMBERSHIPS_MORE(MEMBERSHIP(M1, G1, U3), "t1")},
      {.url = LIST(G2), .body = MEMBERSHIPS("")},
      {.url = "t1", .body = MEMBERSHIPS(MEMBERSHIP(M2, G1, U2))}},
     "none none found"},
    {"500 with a page of text is such a remote too",
     ONE,
     {{.url = ASK_ONE, .status = 500, .body = HTML, .times = 3},
      {.url = LIST(G1), .body = MEMBERSHIPS(MEMBERSHIP(M1, G1, U1))}},
     "found"},
    {"listing forgets when its token dies",
     ONE,
     {{.url = ASK_ONE, .status = 400, .body = FAULT("UnknownOperationException")},
      {.url = LIST(G1), .body = MEMBERSHIPS_MORE(MEMBERSHIP(M1, G1, U1), "t1")},
      {.url = "t1", .status = 400, .body = FAULT("ValidationException")},
      {.url = LIST(G1), .body = MEMBERSHIPS("")}},
     "none"},
    {"a group that is gone has no members",
     ONE,
     {{.url = ASK_ONE, .status = 400, .body = FAULT("UnknownOperationException")},
      {.url = LIST(G1), .status = 404, .body = MISSING("GROUP")}},
     "none"},
    {"a listing that breaks says nothing, not even about whom it showed",
     ONE,
     {{.url = ASK_ONE, .status = 400, .body = FAULT("UnknownOperationException")},
      {.url = LIST(G1), .body = MEMBERSHIPS_MORE(MEMBERSHIP(M1, G1, U1), "t1")},
      {.url = "t1", .body = "{}"}},
     "unknown"},
    {"a listing that shows another group says nothing",
     ONE,
     {{.url = ASK_ONE, .status = 400, .body = FAULT("UnknownOperationException")},
      {.url = LIST(G1), .body = MEMBERSHIPS(MEMBERSHIP(M1, G2, U1))}},
     "unknown"},
    {"away", ONE, {{.url = ASK_ONE, .outcome = HTTP_NOT_SENT, .times = 3}}, "unknown"},
};

static void test_each_answer_tells_who_is_a_member(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct pair_case *c = &cases[i];
        enum identity_answer answers[4];
        struct str shown = {0};
        size_t n = 0;
        struct rig rig;

        while (n < 4 && c->pairs[n].group.len > 0)
            n++;
        rig_open(&rig, (struct identity_options){0}, c->script, rows_of(c->script, 6));
        if (!identity_are_members(rig.identity, c->pairs, n, &rig.arena, answers, &rig.err))
            fail_msg("%s: failed: %s", c->name, rig.err.msg);
        for (size_t k = 0; k < n; k++) {
            shown = arena_printf(&rig.arena, "%.*s%s%s", STR_ARG(shown), k > 0 ? " " : "",
                                 answer_name(answers[k]));
        }
        if (!str_is(shown, c->expected))
            fail_msg("%s:\n  expected: %s\n  got:      %s", c->name, c->expected, shown.ptr);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

static void test_what_the_remote_does_not_know_is_asked_once_a_run(void **state)
{
    const struct fake_answer script[] = {
        {.url = ASK_ONE, .status = 400, .body = FAULT("UnknownOperationException")},
        {.url = LIST(G1), .body = MEMBERSHIPS(MEMBERSHIP(M1, G1, U1)), .times = 2},
        {.url = "ListInstances", .body = OUR_INSTANCE},
        {.url = ASK_ONE, .body = RESULTS(SAYS(G1, U1, "false"))},
    };
    const struct identity_pair pair = P(G1, U1);
    struct identity_instance instance;
    enum identity_answer answer;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    for (int i = 0; i < 2; i++) {
        assert_true(identity_are_members(rig.identity, &pair, 1, &rig.arena, &answer, &rig.err));
        assert_int_equal(answer, IDENTITY_FOUND);
    }
    assert_true(identity_read_instance(rig.identity, &rig.arena, &instance, &rig.err));
    assert_true(identity_are_members(rig.identity, &pair, 1, &rig.arena, &answer, &rig.err));
    assert_int_equal(answer, IDENTITY_NONE);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

/* A hundred groups a call, no more. */
static void test_a_user_in_many_groups_takes_several_calls(void **state)
{
    enum { N = 150 };
    struct identity_pair pairs[N];
    enum identity_answer answers[N];
    struct buf first = {0};
    struct buf second = {0};
    struct arena arena;
    struct rig rig;

    (void)state;
    arena_init(&arena, (size_t)1 << 20);
    for (int i = 0; i < N; i++) {
        struct buf *buf = i < 100 ? &first : &second;
        pairs[i].group = arena_printf(&arena, "aaaaaaaa-0000-4000-8000-%012d", i);
        pairs[i].user = STR(U1);
        buf_printf(buf, "%s{\"GroupId\":\"%s\",\"MembershipExists\":%s}", buf->len > 0 ? "," : "",
                   pairs[i].group.ptr, i % 3 == 0 ? "true" : "false");
    }
    const struct fake_answer script[] = {
        {.url = "aaaaaaaa-0000-4000-8000-000000000099",
         .body = arena_printf(&arena, "{\"Results\":[%s]}", first.ptr).ptr},
        {.url = "aaaaaaaa-0000-4000-8000-000000000149",
         .body = arena_printf(&arena, "{\"Results\":[%s]}", second.ptr).ptr},
    };
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    assert_true(identity_are_members(rig.identity, pairs, N, &rig.arena, answers, &rig.err));
    for (int i = 0; i < N; i++)
        assert_int_equal(answers[i], i % 3 == 0 ? IDENTITY_FOUND : IDENTITY_NONE);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
    buf_fini(&first);
    buf_fini(&second);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_answer_tells_who_is_a_member),
        cmocka_unit_test(test_what_the_remote_does_not_know_is_asked_once_a_run),
        cmocka_unit_test(test_a_user_in_many_groups_takes_several_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

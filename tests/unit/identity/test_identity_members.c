#include "core/observation.h"
#include "unit/identity/identity_rig.h"

#define E(user) MEMBERSHIP(M1, G1, user)
#define FIRST                                                                   \
    "ListGroupMemberships {\"IdentityStoreId\":\"" STORE "\",\"GroupId\":\"" G1 \
    "\",\"MaxResults\":100}"
#define NEXT(t)       "\"MaxResults\":100,\"NextToken\":\"" t "\"}"
#define MORE(list, t) MEMBERSHIPS_MORE(list, t)
#define EXPIRED                                                                \
    {                                                                          \
        .url = NEXT("t1"), .status = 400, .body = FAULT("ValidationException") \
    }

struct listing_case {
    const char *name;
    struct fake_answer script[8];
    struct identity_options options;
    const char *expected; /* begins so; whole when SEALED */
    size_t n_strange;
};

static const struct listing_case cases[] = {
    {.name = "one page",
     .script = {{.url = FIRST, .body = MEMBERSHIPS(E(U2) "," E(U1))}},
     .expected = "SEALED " U1 " " U2},
    {.name = "an empty group",
     .script = {{.url = FIRST, .body = MEMBERSHIPS("")}},
     .expected = "SEALED"},
    {.name = "a null token ends it",
     .script = {{.url = FIRST, .body = "{\"GroupMemberships\":[],\"NextToken\":null}"}},
     .expected = "SEALED"},
    {.name = "an empty token ends it",
     .script = {{.url = FIRST, .body = MORE(E(U1), "")}},
     .expected = "SEALED " U1},
    {.name = "an empty page with a token is not the end",
     .script = {{.url = FIRST, .body = MORE(E(U1), "t1")},
                {.url = NEXT("t1"), .body = MORE("", "t2")},
                {.url = NEXT("t2"), .body = MEMBERSHIPS(E(U2))}},
     .expected = "SEALED " U1 " " U2},
    {.name = "a token that needs escapes",
     .script = {{.url = FIRST, .body = MORE("", "a\\\"b\\u00e9")},
                {.url = NEXT("a\\\"b\xC3\xA9"), .body = MEMBERSHIPS(E(U1))}},
     .expected = "SEALED " U1},
    {.name = "somebody on two pages is one",
     .script = {{.url = FIRST, .body = MORE(E(U1), "t1")},
                {.url = NEXT("t1"), .body = MEMBERSHIPS(E(U1) "," E(U2))}},
     .expected = "SEALED " U1 " " U2},
    {.name = "entries that are no users are counted and left alone",
     .script = {{.url = FIRST,
                 .body =
                     MEMBERSHIPS(E(U1) ",{\"GroupId\":\"" G1 "\",\"MemberId\":{\"GroupId\":\"" G2
                                       "\"}},{\"MemberId\":{\"New\":1}}")}},
     .expected = "SEALED " U1,
     .n_strange = 2},
    {.name = "unknown members are ignored",
     .script = {{.url = FIRST,
                 .body = "{\"GroupMemberships\":[{\"MembershipId\":\"" M1 "\",\"GroupId\":\"" G1
                         "\",\"MemberId\":{\"UserId\":\"" U1
                         "\",\"Kind\":[]},\"CreatedAt\":1.5}],\"More\":{}}"}},
     .expected = "SEALED " U1},
    {.name = "a small page size",
     .options = {.page_size = 7},
     .script = {{.url = "\"MaxResults\":7}", .body = MEMBERSHIPS("")}},
     .expected = "SEALED"},
    {.name = "a page size beyond the highest",
     .options = {.page_size = 500},
     .script = {{.url = FIRST, .body = MEMBERSHIPS("")}},
     .expected = "SEALED"},
    {.name = "throttled, then whole",
     .script = {{.url = FIRST, .status = 400, .body = FAULT("ThrottlingException"), .times = 2},
                {.url = FIRST, .body = MEMBERSHIPS(E(U1))}},
     .expected = "SEALED " U1},
    {.name = "a token that died begins anew, and forgets",
     .script = {{.url = FIRST, .body = MORE(E(U3), "t1")},
                EXPIRED,
                {.url = FIRST, .body = MORE(E(U1), "t1")},
                {.url = NEXT("t1"), .body = MEMBERSHIPS(E(U2))}},
     .expected = "SEALED " U1 " " U2},
    {.name = "but once only",
     .script = {{.url = FIRST, .body = MORE(E(U1), "t1"), .times = 2}, EXPIRED, EXPIRED},
     .expected = "UNKNOWN page 2: ListGroupMemberships: 400 ValidationException: as told"},
    {.name = "the first page has no token to die",
     .script = {{.url = FIRST, .status = 400, .body = FAULT("ValidationException")}},
     .expected = "UNKNOWN page 1: ListGroupMemberships: 400 ValidationException"},
    {.name = "a repeated token",
     .script = {{.url = FIRST, .body = MORE(E(U1), "t1")},
                {.url = NEXT("t1"), .headers = REQUEST_ID, .body = MORE(E(U2), "t1")}},
     .expected = "UNKNOWN page 2: ListGroupMemberships: an answer that cannot be used: its token "
                 "was there before: the listing goes round (request req-1)"},
    {.name = "a token that comes back later",
     .script = {{.url = FIRST, .body = MORE("", "t1")},
                {.url = NEXT("t1"), .body = MORE("", "t2")},
                {.url = NEXT("t2"), .body = MORE("", "t1")}},
     .expected = "UNKNOWN page 3: ListGroupMemberships: an answer that cannot be used: its token"},
    {.name = "as many pages as are allowed",
     .options = {.max_pages = 2},
     .script = {{.url = FIRST, .body = MORE(E(U1), "t1")},
                {.url = NEXT("t1"), .body = MEMBERSHIPS(E(U2))}},
     .expected = "SEALED " U1 " " U2},
    {.name = "more pages than are allowed",
     .options = {.max_pages = 2},
     .script = {{.url = FIRST, .body = MORE(E(U1), "t1")},
                {.url = NEXT("t1"), .body = MORE(E(U2), "t2")}},
     .expected = "UNKNOWN page 2: ListGroupMemberships: an answer that cannot be used: there are "
                 "more than 2 pages"},
    {.name = "the list is missing",
     .script = {{.url = FIRST, .body = "{}"}},
     .expected = "UNKNOWN page 1: ListGroupMemberships: an answer that cannot be used: "
                 "GroupMemberships: missing"},
    {.name = "the list is null",
     .script = {{.url = FIRST, .body = "{\"GroupMemberships\":null}"}},
     .expected = "UNKNOWN page 1: ListGroupMemberships: an answer that cannot be used"},
    {.name = "the list is an object",
     .script = {{.url = FIRST, .body = "{\"GroupMemberships\":{}}"}},
     .expected = "UNKNOWN page 1: ListGroupMemberships: an answer that cannot be used: "
                 "GroupMemberships: expected an array"},
    {.name = "the token is a number",
     .script = {{.url = FIRST, .body = "{\"GroupMemberships\":[],\"NextToken\":7}"}},
     .expected = "UNKNOWN page 1: ListGroupMemberships: an answer that cannot be used: NextToken: "
                 "expected a string"},
    {.name = "an entry that is text",
     .script = {{.url = FIRST, .body = MEMBERSHIPS("\"" U1 "\"")}},
     .expected = "UNKNOWN page 1: ListGroupMemberships: an answer that cannot be used: "
                 "GroupMemberships: entry 1: GroupId: expected inside an object"},
    {.name = "an entry without MemberId",
     .script = {{.url = FIRST, .body = MEMBERSHIPS(E(U1) ",{\"Member\":{\"UserId\":\"" U2 "\"}}")}},
     .expected = "UNKNOWN page 1: ListGroupMemberships: an answer that cannot be used: "
                 "GroupMemberships: entry 2: MemberId: missing"},
    {.name = "a user id of another form",
     .script = {{.url = FIRST, .body = MEMBERSHIPS(E("ana"))}},
     .expected = "UNKNOWN page 1: ListGroupMemberships: an answer that cannot be used: "
                 "GroupMemberships: entry 1: UserId: not an id of an identity store"},
    {.name = "a membership of another group",
     .script = {{.url = FIRST, .body = MEMBERSHIPS(MEMBERSHIP(M1, G2, U1))}},
     .expected = "UNKNOWN page 1: ListGroupMemberships: an answer that cannot be used: "
                 "GroupMemberships: entry 1: GroupId: a membership of another group"},
    {.name = "cut off",
     .script = {{.url = FIRST, .body = "{\"GroupMemberships\":[", .times = FAKE_ALWAYS}},
     .expected = "UNKNOWN page 1: ListGroupMemberships: 200 with something else"},
    {.name = "no such group",
     .script = {{.url = FIRST, .status = 400, .body = MISSING("GROUP")}},
     .expected = "ABSENT page 1: ListGroupMemberships: 400 ResourceNotFoundException"},
    {.name = "no such group, on the second page",
     .script = {{.url = FIRST, .body = MORE(E(U1), "t1")},
                {.url = NEXT("t1"), .status = 404, .body = MISSING("GROUP")}},
     .expected = "UNKNOWN page 2: ListGroupMemberships: 404"},
    {.name = "the key is missing",
     .script = {{.url = FIRST, .status = 404, .body = KEY_GONE}},
     .expected = "UNKNOWN page 1: ListGroupMemberships: 404 ResourceNotFoundException: as told; "
                 "KMS_KEY_NOT_FOUND"},
    {.name = "the key is odd, told as a validation error",
     .script = {{.url = FIRST, .body = MORE(E(U1), "t1")},
                {.url = NEXT("t1"),
                 .status = 400,
                 .body = "{\"__type\":\"ValidationException\",\"Reason\":\"KMS_INVALID_STATE\"}"}},
     .expected = "UNKNOWN page 2: ListGroupMemberships: 400 ValidationException; KMS_INVALID"},
    {.name = "the store is missing",
     .script = {{.url = FIRST, .status = 404, .body = MISSING("IDENTITY_STORE")}},
     .expected = "UNKNOWN page 1"},
    {.name = "refused on the second page",
     .script = {{.url = FIRST, .body = MORE(E(U1), "t1")},
                {.url = NEXT("t1"), .status = 403, .body = FAULT("AccessDeniedException")}},
     .expected = "UNKNOWN page 2: ListGroupMemberships: 403 AccessDeniedException"},
    {.name = "lost, every time",
     .script = {{.url = FIRST, .outcome = HTTP_LOST, .times = 3}},
     .expected = "UNKNOWN page 1: ListGroupMemberships: the connection ended without an answer"},
};

static const char *show(const struct listing *listing, struct arena *arena)
{
    static const char *const states[] = {"UNKNOWN", "SEALED", "ABSENT"};
    struct str out = arena_printf(arena, "%s", states[listing->state]);

    if (listing->state != LISTING_SEALED)
        return arena_printf(arena, "%.*s %.*s", STR_ARG(out), STR_ARG(listing->why)).ptr;
    assert_int_equal(listing->why.len, 0);
    for (size_t i = 0; i < listing->n; i++) {
        assert_int_equal(listing->members[i].login.len, 0);
        assert_int_equal(listing->members[i].status, USER_UNKNOWN);
        out = arena_printf(arena, "%.*s %.*s", STR_ARG(out), STR_ARG(listing->members[i].id));
    }
    return out.ptr;
}

static void run_case(const struct listing_case *c)
{
    struct str group = STR(G1);
    struct listing listing;
    size_t n_strange = 99;
    struct rig rig;

    rig_open(&rig, c->options, c->script, rows_of(c->script, 8));
    if (!identity_list_members(rig.identity, &group, 1, &rig.arena, &listing, &n_strange, &rig.err))
        fail_msg("%s: failed: %s", c->name, rig.err.msg);
    const char *shown = show(&listing, &rig.arena);
    if (strncmp(shown, c->expected, strlen(c->expected)) != 0 ||
        (listing.state == LISTING_SEALED && strcmp(shown, c->expected) != 0))
        fail_msg("%s:\n  expected: %s\n  got:      %s", c->name, c->expected, shown);
    if (listing.state == LISTING_SEALED && n_strange != c->n_strange)
        fail_msg("%s: %zu strange entries", c->name, n_strange);
    assert_true(str_eq(listing.collection, group));
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_each_rule_of_paging_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        run_case(&cases[i]);
}

static void test_groups_are_listed_side_by_side_and_fail_alone(void **state)
{
    const struct fake_answer script[] = {
        {.url = G1 "\",\"MaxResults\":100}", .body = MORE(E(U1), "t1")},
        {.url = G2 "\",\"MaxResults\":100}", .body = MEMBERSHIPS(MEMBERSHIP(M2, G2, U3))},
        {.url = M1 "\",\"MaxResults\":100}", .status = 404, .body = MISSING("GROUP")},
        {.url = M2 "\",\"MaxResults\":100}", .body = "{}"},
        {.url = NEXT("t1"), .body = MEMBERSHIPS(E(U2))},
    };
    struct str groups[] = {STR(G1), STR(G2), STR(M1), STR(M2), STR("odd")};
    struct listing out[5];
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    assert_true(identity_list_members(rig.identity, groups, 5, &rig.arena, out, NULL, &rig.err));
    assert_string_equal(show(&out[0], &rig.arena), "SEALED " U1 " " U2);
    assert_string_equal(show(&out[1], &rig.arena), "SEALED " U3);
    assert_int_equal(out[2].state, LISTING_ABSENT);
    assert_int_equal(out[3].state, LISTING_UNKNOWN);
    assert_string_equal(show(&out[4], &rig.arena), "UNKNOWN this is not the id of a group");
    assert_int_equal(rig.fake.n_sends, 3); /* the instance and two rounds */
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_a_refusal_for_one_group_makes_all_listings_unknown(void **state)
{
    const struct fake_answer script[] = {
        {.url = G1, .body = MEMBERSHIPS(E(U1))},
        {.url = G2, .status = 403, .body = FAULT("AccessDeniedException")},
    };
    struct str groups[] = {STR(G1), STR(G2)};
    struct listing out[2];
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    assert_true(identity_list_members(rig.identity, groups, 2, &rig.arena, out, NULL, &rig.err));
    assert_string_equal(show(&out[0], &rig.arena),
                        "UNKNOWN ListGroupMemberships: 403 AccessDeniedException: as told");
    assert_int_equal(out[0].n, 0);
    assert_int_equal(out[1].state, LISTING_UNKNOWN);
    rig_close(&rig);
}

static void test_after_a_refusal_no_further_group_is_asked_for(void **state)
{
    enum { N = 40 };
    const struct fake_answer script[] = {
        {.url = "000000000003\"", .status = 403, .body = FAULT("AccessDeniedException")},
        {.url = "ListGroupMemberships", .body = MEMBERSHIPS(""), .times = 31},
    };
    struct str groups[N];
    struct listing out[N];
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    for (int i = 0; i < N; i++)
        groups[i] = arena_printf(&rig.arena, "aaaaaaaa-0000-4000-8000-%012d", i);
    assert_true(identity_list_members(rig.identity, groups, N, &rig.arena, out, NULL, &rig.err));
    for (int i = 0; i < N; i++)
        assert_int_equal(out[i].state, LISTING_UNKNOWN);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_the_time_of_a_listing_is_that_of_its_first_page(void **state)
{
    const struct fake_answer script[] = {
        {.url = FIRST, .body = MORE("", "t1"), .takes_ms = 500},
        {.url = NEXT("t1"), .status = 400, .body = FAULT("ValidationException"), .takes_ms = 500},
        {.url = FIRST, .body = MEMBERSHIPS(""), .takes_ms = 500},
    };
    struct str group = STR(G1);
    struct listing out;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    assert_true(identity_list_members(rig.identity, &group, 1, &rig.arena, &out, NULL, &rig.err));
    assert_int_equal(out.state, LISTING_SEALED);
    assert_int_equal(out.at_ms, FAKE_CLOCK_START + 1000);
    rig_close(&rig);
}

static void test_a_cancelled_listing_fails_and_the_next_one_works(void **state)
{
    const struct fake_answer script[] = {
        {.url = FIRST, .body = MORE(E(U1), "t1")},
        {.url = NEXT("t1"), .kind = ERR_CANCELLED},
        {.url = FIRST, .body = MEMBERSHIPS(E(U2))},
    };
    struct str group = STR(G1);
    struct listing out;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct identity_options){0}, script, ARRAY_LEN(script));
    assert_false(identity_list_members(rig.identity, &group, 1, &rig.arena, &out, NULL, &rig.err));
    assert_int_equal(rig.err.kind, ERR_CANCELLED);
    assert_true(identity_list_members(rig.identity, &group, 1, &rig.arena, &out, NULL, &rig.err));
    assert_string_equal(show(&out, &rig.arena), "SEALED " U2);
    rig_close(&rig);
}

/* What the caller's memory cannot hold is refused before it is stored. */
static void test_a_listing_too_large_for_the_caller_is_unknown(void **state)
{
    const struct fake_answer script[] = {{.url = FIRST, .body = MEMBERSHIPS(E(U1))}};
    struct str group = STR(G1);
    struct arena small;
    struct listing out;
    struct rig rig;

    (void)state;
    arena_init(&small, (size_t)1 << 20);
    rig_open(&rig, (struct identity_options){0}, script, 1);
    assert_true(identity_list_members(rig.identity, &group, 1, &small, &out, NULL, &rig.err));
    assert_string_equal(show(&out, &rig.arena),
                        "UNKNOWN page 1: ListGroupMemberships: an answer that cannot be used: the "
                        "listings are too large to be read at the same time");
    rig_close(&rig);
    arena_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule_of_paging_holds),
        cmocka_unit_test(test_groups_are_listed_side_by_side_and_fail_alone),
        cmocka_unit_test(test_a_refusal_for_one_group_makes_all_listings_unknown),
        cmocka_unit_test(test_after_a_refusal_no_further_group_is_asked_for),
        cmocka_unit_test(test_the_time_of_a_listing_is_that_of_its_first_page),
        cmocka_unit_test(test_a_cancelled_listing_fails_and_the_next_one_works),
        cmocka_unit_test(test_a_listing_too_large_for_the_caller_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

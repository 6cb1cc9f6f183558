#include "identity/identity_wire.h"
#include "unit/identity/identity_rig.h"

static const char *text_of(struct str text, struct arena *arena)
{
    return arena_str(arena, text).ptr;
}

/* ---- ids ---- */

static void test_ids_have_the_form_of_the_service_model(void **state)
{
    static const struct {
        const char *text;
        bool is_id, is_store;
    } cases[] = {
        {"", false, false},
        {"d-1234567890", false, true},
        {"d-12345abcde", false, true},
        {"d-zzzzzzzzzz", false, true}, /* as simulators draw them */
        {"d-ABCDEFGHIJ", false, false},
        {"d-123456789", false, false},
        {"d-12345678901", false, false},
        {"e-1234567890", false, false},
        {"d-12345/7890", false, false},
        {U2, true, true},
        {"BBBBBBBB-0000-4000-8000-00000000000F", true, true},
        {"bbbbbbbb-0000-4000-8000-00000000000g", false, false},
        {"bbbbbbbb-0000-4000-8000-00000000000", false, false},
        {"bbbbbbbb-0000-4000-8000-0000000000022", false, false},
        {"bbbbbbbb00000-4000-8000-000000000002", false, false},
        {U1, true, false},
        {"12345abcDE-bbbbbbbb-0000-4000-8000-000000000001", true, false},
        {"12345abcDg-bbbbbbbb-0000-4000-8000-000000000001", false, false},
        {"1234567890_bbbbbbbb-0000-4000-8000-000000000001", false, false},
        {"123456789-bbbbbbbb-0000-4000-8000-000000000001", false, false},
        {"1234567890-bbbbbbbb-0000-4000-8000-00000000000\"", false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str text = str_of(cases[i].text);
        if (identity_wire_is_id(text) != cases[i].is_id)
            fail_msg("`%s`: id: expected %d", cases[i].text, cases[i].is_id);
        if (identity_wire_is_store(text) != cases[i].is_store)
            fail_msg("`%s`: store: expected %d", cases[i].text, cases[i].is_store);
    }
}

/* ---- requests ---- */

static void test_requests_are_as_the_contract_shows_them(void **state)
{
    const struct str store = STR(STORE);
    const struct str none = {0};
    const struct str groups[] = {STR(G1), STR(G2)};
    struct arena arena;

    (void)state;
    arena_init(&arena, (size_t)1 << 20);
    const struct {
        struct str made;
        const char *expected;
    } cases[] = {
        {identity_wire_list(store, none, none, 100, &arena),
         "{\"IdentityStoreId\":\"d-1234567890\",\"MaxResults\":100}"},
        {identity_wire_list(store, STR(G1), none, 7, &arena),
         "{\"IdentityStoreId\":\"d-1234567890\",\"GroupId\":\"" G1 "\",\"MaxResults\":7}"},
        {identity_wire_list(store, none, STR(U1), 100, &arena),
         "{\"IdentityStoreId\":\"d-1234567890\",\"MemberId\":{\"UserId\":\"" U1
         "\"},\"MaxResults\":100}"},
        {identity_wire_with_token(STR("{}"), STR("t"), &arena), "{\"NextToken\":\"t\"}"},
        {identity_wire_with_token(STR("{\"a\":1}"), STR("q\"\\"), &arena),
         "{\"a\":1,\"NextToken\":\"q\\\"\\\\\"}"},
        {identity_wire_by_id(store, "UserId", STR(U1), &arena),
         "{\"IdentityStoreId\":\"d-1234567890\",\"UserId\":\"" U1 "\"}"},
        {identity_wire_by_attribute(store, "userName", STR("ana@corp.example"), &arena),
         "{\"IdentityStoreId\":\"d-1234567890\",\"AlternateIdentifier\":{\"UniqueAttribute\":{"
         "\"AttributePath\":\"userName\",\"AttributeValue\":\"ana@corp.example\"}}}"},
        {identity_wire_by_external_id(store, STR("https://scim.aws.com/x"), STR("00u1abcd"),
                                      &arena),
         "{\"IdentityStoreId\":\"d-1234567890\",\"AlternateIdentifier\":{\"ExternalId\":{"
         "\"Issuer\":\"https://scim.aws.com/x\",\"Id\":\"00u1abcd\"}}}"},
        {identity_wire_pair(store, STR(G1), STR(U1), &arena),
         "{\"IdentityStoreId\":\"d-1234567890\",\"GroupId\":\"" G1
         "\",\"MemberId\":{\"UserId\":\"" U1 "\"}}"},
        {identity_wire_is_member(store, STR(U1), groups, 2, &arena),
         "{\"IdentityStoreId\":\"d-1234567890\",\"MemberId\":{\"UserId\":\"" U1
         "\"},\"GroupIds\":[\"" G1 "\",\"" G2 "\"]}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(text_of(cases[i].made, &arena), cases[i].expected);
    arena_fini(&arena);
}

/* ---- answers ---- */

/* Each reads a body and shows what it read; the empty view: it refused. */
typedef struct str reader_fn(struct str body, struct arena *arena, struct err *err);

static struct str as_user(struct str body, struct arena *arena, struct err *err)
{
    struct identity_user user;

    return identity_wire_user(body, STR(STORE), arena, &user, err) ? user.user_name
                                                                   : (struct str){0};
}

static struct str as_group(struct str body, struct arena *arena, struct err *err)
{
    struct identity_group group;

    if (!identity_wire_group(body, STR(STORE), arena, &group, err))
        return (struct str){0};
    return arena_printf(arena, "%.*s,%.*s", STR_ARG(group.name), STR_ARG(group.external_id));
}

static struct str as_id(struct str body, struct arena *arena, struct err *err)
{
    struct str id;

    return identity_wire_id(body, STR(STORE), "GroupId", arena, &id, err) ? id : (struct str){0};
}

static struct str as_membership(struct str body, struct arena *arena, struct err *err)
{
    struct identity_membership one;

    if (!identity_wire_membership(body, STR(STORE), arena, &one, err))
        return (struct str){0};
    return arena_printf(arena, "%.*s,%.*s,%.*s", STR_ARG(one.id), STR_ARG(one.group),
                        STR_ARG(one.user));
}

static struct str as_memberships(struct str body, struct arena *arena, struct err *err)
{
    struct identity_membership_page page;

    if (!identity_wire_memberships(body, arena, &page, err))
        return (struct str){0};
    return arena_printf(arena, "%zu,%.*s", page.n, STR_ARG(page.token));
}

static struct str as_members(struct str body, struct arena *arena, struct err *err)
{
    struct identity_member_page page;

    if (!identity_wire_members(body, STR(G1), arena, &page, err))
        return (struct str){0};
    return arena_printf(arena, "%zu,%zu,%.*s", page.n, page.n_strange, STR_ARG(page.token));
}

static struct str as_truths(struct str body, struct arena *arena, struct err *err)
{
    struct identity_belongings all;

    if (!identity_wire_belongings(body, arena, &all, err))
        return (struct str){0};
    return arena_printf(arena, "%zu,%d", all.n, all.n > 0 && all.items[0].is_member);
}

struct read_case {
    reader_fn *reader;
    const char *body;
    const char *expected; /* what was read, or `! sentence` */
};

static const struct read_case reads[] = {
    {as_user, USER(U1, "ana"), "ana"},
    {as_user, "[]", "! IdentityStoreId: expected inside an object"},
    {as_user, "{}", "! UserId: missing"},
    {as_user, "", "! user: not valid JSON"},
    {as_user, "{\"UserId\":\"" U1 "\",\"UserId\":\"" U1 "\"}",
     "! user: the key UserId stands twice"},
    {as_user, "{\"UserId\":\"" U1 "\",\"UserStatus\":true}", "! UserStatus: expected a string"},
    {as_user, "{\"UserId\":\"" U1 "\",\"Emails\":{}}", "! Emails: expected an array"},
    {as_user, "{\"UserId\":\"" U1 "\",\"Emails\":[{\"Value\":\"a\",\"Primary\":\"yes\"}]}",
     "! Emails: Primary: "},
    {as_user, "{\"UserId\":\"" U1 "\",\"ExternalIds\":[{\"Issuer\":\"x\",\"Id\":\"\"}]}",
     "! ExternalIds: not an id"},
    {as_user, "{\"userid\":\"" U1 "\"}", "! UserId: missing"},
    {as_group, "{\"GroupId\":\"" G1 "\",\"DisplayName\":\"kiro\"}", "kiro,"},
    {as_group,
     "{\"GroupId\":\"" G1
     "\",\"DisplayName\":\"\xE6\x9D\xB1\xE4\xBA\xAC\",\"ExternalIds\":[{\"Issuer\":"
     "null,\"Id\":\"00g1\"}]}",
     "\xE6\x9D\xB1\xE4\xBA\xAC,00g1"},
    {as_group, "{\"GroupId\":\"" G1 "\",\"DisplayName\":\"\"}", "! DisplayName: missing"},
    {as_group, "{\"GroupId\":\"\",\"DisplayName\":\"k\"}", "! GroupId: not an id"},
    {as_id, "{\"GroupId\":\"" G1 "\"}", G1},
    {as_id, "{\"GroupId\":null}", "! GroupId: missing"},
    {as_id, "{\"GroupId\":\"" G1 "\",\"IdentityStoreId\":\"d-1111111111\"}",
     "! IdentityStoreId: the answer is about another store"},
    {as_membership, MEMBERSHIP(M1, G1, U1), M1 "," G1 "," U1},
    {as_membership, "{\"MembershipId\":\"" M1 "\",\"GroupId\":\"" G1 "\",\"MemberId\":{}}",
     M1 "," G1 ","},
    {as_membership, "{\"MembershipId\":\"" M1 "\",\"GroupId\":\"" G1 "\"}", "! MemberId: missing"},
    {as_membership, "{\"GroupId\":\"" G1 "\",\"MemberId\":{}}", "! MembershipId: missing"},
    {as_membership, "{\"MembershipId\":\"" M1 "\",\"MemberId\":{}}", "! GroupId: missing"},
    {as_memberships, MEMBERSHIPS_MORE(MEMBERSHIP(M1, G1, U1), "t"), "1,t"},
    {as_memberships, MEMBERSHIPS("{}"), "! GroupMemberships: entry 1: MemberId: missing"},
    {as_members, MEMBERSHIPS_MORE(MEMBERSHIP(M1, G1, U1) "," MEMBERSHIP(M2, G1, U2), "t"), "2,0,t"},
    {as_members, MEMBERSHIPS("{\"MemberId\":{}}"), "0,1,"},
    {as_members, MEMBERSHIPS("null"), "! GroupMemberships: entry 1: GroupId: expected inside"},
    {as_members, MEMBERSHIPS("{\"MemberId\":{\"UserId\":7}}"),
     "! GroupMemberships: entry 1: MemberId.UserId: expected a string"},
    {as_members, MEMBERSHIPS("{\"MemberId\":\"" U1 "\"}"),
     "! GroupMemberships: entry 1: MemberId: expected an object"},
    {as_members, "{\"GroupMemberships\":[]} x", "! memberships: not valid JSON: text after"},
    {as_truths, "{\"Results\":[{\"GroupId\":\"" G1 "\",\"MembershipExists\":true}]}", "1,1"},
    {as_truths, "{\"Results\":[{\"GroupId\":\"" G1 "\",\"MembershipExists\":false}]}", "1,0"},
    {as_truths, "{\"Results\":[{\"GroupId\":\"" G1 "\",\"MembershipExists\":null}]}",
     "! Results: entry 1: MembershipExists: missing"},
    {as_truths, "{\"Results\":[{\"GroupId\":\"" G1 "\",\"MembershipExists\":1}]}",
     "! Results: entry 1: MembershipExists: "},
    {as_truths,
     "{\"Results\":[{\"GroupId\":\"" G1 "\",\"MemberId\":{},\"MembershipExists\":true}]}",
     "! Results: entry 1: MemberId.UserId: missing"},
    {as_truths, "{\"Results\":{}}", "! Results: expected an array"},
};

static void test_each_answer_is_read_strictly(void **state)
{
    struct arena arena;

    (void)state;
    json_init();
    arena_init(&arena, (size_t)16 << 20);
    for (size_t i = 0; i < ARRAY_LEN(reads); i++) {
        struct err err = {0};
        struct str shown = reads[i].reader(str_of(reads[i].body), &arena, &err);
        if (shown.len == 0) {
            assert_int_equal(err.kind, ERR_REMOTE);
            shown = arena_printf(&arena, "! %s", err.msg);
        }
        bool fits = reads[i].expected[0] == '!' ? str_starts(shown, str_of(reads[i].expected))
                                                : str_is(shown, reads[i].expected);
        if (!fits) {
            fail_msg("%s:\n  expected: %s\n  got:      %.*s", reads[i].body, reads[i].expected,
                     STR_ARG(shown));
        }
    }
    arena_fini(&arena);
}

/* What comes from outside is bounded before it is kept. */
static void test_texts_and_tokens_beyond_any_bound_are_refused(void **state)
{
    struct identity_member_page page;
    struct identity_user user;
    struct err err = {0};
    struct arena arena;

    (void)state;
    json_init();
    arena_init(&arena, (size_t)16 << 20);
    char *filler = arena_alloc(&arena, 300001, 1);
    memset(filler, 'x', 300000);
    struct str body =
        arena_printf(&arena, "{\"GroupMemberships\":[],\"NextToken\":\"%.*s\"}", 65535, filler);
    assert_true(identity_wire_members(body, STR(G1), &arena, &page, &err));
    assert_int_equal(page.token.len, 65535);
    body = arena_printf(&arena, "{\"GroupMemberships\":[],\"NextToken\":\"%.*s\"}", 300000, filler);
    assert_false(identity_wire_members(body, STR(G1), &arena, &page, &err));
    assert_string_equal(err.msg, "NextToken: longer than any token may be");
    body = arena_printf(&arena, "{\"UserId\":\"" U1 "\",\"UserName\":\"%.*s\"}", 4097, filler);
    assert_false(identity_wire_user(body, STR(STORE), &arena, &user, &err));
    assert_string_equal(err.msg, "UserName: longer than 4096 bytes");
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_have_the_form_of_the_service_model),
        cmocka_unit_test(test_requests_are_as_the_contract_shows_them),
        cmocka_unit_test(test_each_answer_is_read_strictly),
        cmocka_unit_test(test_texts_and_tokens_beyond_any_bound_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

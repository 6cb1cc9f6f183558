#include "unit/identity/identity_rig.h"

#define FIRST       "ListUsers {\"IdentityStoreId\":\"" STORE "\",\"MaxResults\":100}"
#define USERS(list) "{\"Users\":[" list "]}"
#define SCIM        "https://scim.aws.com/x/y"

static const char *show(const struct identity_user *user, struct arena *arena)
{
    static const char *const states[] = {"?", "enabled", "disabled"};

    return arena_printf(arena, "%.*s|%.*s|%.*s|%.*s|%.*s|%.*s|%s", STR_ARG(user->id),
                        STR_ARG(user->user_name), STR_ARG(user->email), STR_ARG(user->display_name),
                        STR_ARG(user->external_id), STR_ARG(user->issuer), states[user->status])
        .ptr;
}

/* ---- the list ---- */

struct list_case {
    const char *name;
    struct fake_answer script[5];
    const char *expected; /* users, or `UNKNOWN why` (begins so) */
};

static const struct list_case lists[] = {
    {"everything that is read",
     {{.url = FIRST,
       .body = USERS(
           "{\"IdentityStoreId\":\"" STORE "\",\"UserId\":\"" U1
           "\",\"UserName\":\"ana@corp.example\",\"UserStatus\":\"ENABLED\",\"DisplayName\":\"Ana "
           "P\",\"Name\":{\"GivenName\":\"Ana\",\"Formatted\":null},\"Emails\":[{\"Value\":"
           "\"ana@corp.example\",\"Type\":\"work\",\"Primary\":true}],\"ExternalIds\":[{"
           "\"Issuer\":\"" SCIM
           "\",\"Id\":\"00u1abcd\"}],\"Roles\":[],\"Extensions\":{\"a\":1}}")}},
     U1 "|ana@corp.example|ana@corp.example|Ana P|00u1abcd|" SCIM "|enabled"},
    {"nothing but an id", {{.url = FIRST, .body = USERS("{\"UserId\":\"" U1 "\"}")}}, U1 "||||||?"},
    {"all null",
     {{.url = FIRST,
       .body = "{\"Users\":[{\"UserId\":\"" U1
               "\",\"UserName\":null,\"Emails\":null,\"ExternalIds\":null,\"UserStatus\":null,"
               "\"DisplayName\":null,\"IdentityStoreId\":null}],\"NextToken\":null}"}},
     U1 "||||||?"},
    {"a status that is new, and one that is disabled",
     {{.url = FIRST,
       .body = USERS("{\"UserId\":\"" U2 "\",\"UserStatus\":\"LOCKED\"},{\"UserId\":\"" U3
                     "\",\"UserStatus\":\"DISABLED\"}")}},
     U2 "||||||? " U3 "||||||disabled"},
    {"the primary address",
     {{.url = FIRST,
       .body = USERS("{\"UserId\":\"" U2
                     "\",\"Emails\":[{\"Value\":\"a@x\"},{\"Value\":\"b@x\",\"Primary\":true},{"
                     "\"Value\":\"c@x\",\"Primary\":true}]},{\"UserId\":\"" U3
                     "\",\"Emails\":[{\"Value\":null},{\"Value\":\"d@x\",\"Primary\":null},{"
                     "\"Value\":\"e@x\"}]}")}},
     U2 "||b@x||||? " U3 "||d@x||||?"},
    {"SCIM's id goes before others",
     {{.url = FIRST,
       .body = USERS("{\"UserId\":\"" U2 "\",\"ExternalIds\":[{\"Issuer\":\"https://other/\","
                     "\"Id\":\"o1\"},{\"Issuer\":\"" SCIM "\",\"Id\":\"00u1\"},{\"Issuer\":"
                     "\"https://other2/\",\"Id\":\"o2\"}]}")}},
     U2 "||||00u1|" SCIM "|?"},
    {"three pages, sorted, the newest sight of somebody counts",
     {{.url = FIRST, .body = "{\"Users\":[" USER(U3, "old") "],\"NextToken\":\"t1\"}"},
      {.url = "\"NextToken\":\"t1\"", .body = "{\"Users\":[],\"NextToken\":\"t2\"}"},
      {.url = "\"NextToken\":\"t2\"", .body = USERS(USER(U3, "new") "," USER(U2, "b"))}},
     U2 "|b|||||enabled " U3 "|new|||||enabled"},
    {"a token that died begins anew",
     {{.url = FIRST, .body = "{\"Users\":[" USER(U3, "c") "],\"NextToken\":\"t1\"}"},
      {.url = "\"NextToken\":\"t1\"", .status = 400, .body = FAULT("ValidationException")},
      {.url = FIRST, .body = USERS(USER(U2, "b"))}},
     U2 "|b|||||enabled"},
    {"nobody", {{.url = FIRST, .body = USERS("")}}, ""},
    {"another store",
     {{.url = FIRST,
       .body = USERS("{\"IdentityStoreId\":\"d-0000000000\",\"UserId\":\"" U1 "\"}")}},
     "UNKNOWN page 1: ListUsers: an answer that cannot be used: Users: entry 1: IdentityStoreId"},
    {"a user without an id",
     {{.url = FIRST, .headers = REQUEST_ID, .body = USERS(USER(U1, "a") ",{}")}},
     "UNKNOWN page 1: ListUsers: an answer that cannot be used: Users: entry 2: UserId: missing "
     "(request req-1)"},
    {"a name that is a number",
     {{.url = FIRST, .body = USERS("{\"UserId\":\"" U1 "\",\"UserName\":7}")}},
     "UNKNOWN page 1: ListUsers: an answer that cannot be used: Users: entry 1: "},
    {"addresses that are text",
     {{.url = FIRST, .body = USERS("{\"UserId\":\"" U1 "\",\"Emails\":[\"a@x\"]}")}},
     "UNKNOWN page 1: ListUsers: an answer that cannot be used: Users: entry 1: Emails"},
    {"an external id without an Id",
     {{.url = FIRST,
       .body = USERS("{\"UserId\":\"" U1 "\",\"ExternalIds\":[{\"Issuer\":\"x\"}]}")}},
     "UNKNOWN page 1: ListUsers: an answer that cannot be used: Users: entry 1: ExternalIds"},
    {"the list has another name",
     {{.url = FIRST, .body = "{\"Resources\":[]}"}},
     "UNKNOWN page 1: ListUsers: an answer that cannot be used: Users: missing"},
    {"no such store is not an empty one",
     {{.url = FIRST, .status = 404, .body = MISSING("IDENTITY_STORE")}},
     "UNKNOWN page 1: ListUsers: 404 ResourceNotFoundException"},
    {"refused",
     {{.url = FIRST, .status = 403, .body = FAULT("AccessDeniedException")}},
     "UNKNOWN page 1: ListUsers: 403 AccessDeniedException"},
};

static const char *show_all(const struct identity_users *users, struct arena *arena)
{
    struct str out = {0};

    if (users->state != LISTING_SEALED) {
        assert_int_equal(users->state, LISTING_UNKNOWN);
        assert_int_equal(users->n, 0);
        return arena_printf(arena, "UNKNOWN %.*s", STR_ARG(users->why)).ptr;
    }
    for (size_t i = 0; i < users->n; i++) {
        out = arena_printf(arena, "%.*s%s%s", STR_ARG(out), i > 0 ? " " : "",
                           show(&users->users[i], arena));
    }
    return out.len > 0 ? out.ptr : "";
}

static void test_users_are_listed_whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const struct list_case *c = &lists[i];
        struct identity_users users;
        struct rig rig;

        rig_open(&rig, (struct identity_options){0}, c->script, rows_of(c->script, 5));
        if (!identity_list_users(rig.identity, &rig.arena, &users, &rig.err))
            fail_msg("%s: failed: %s", c->name, rig.err.msg);
        const char *shown = show_all(&users, &rig.arena);
        if (strncmp(shown, c->expected, strlen(c->expected)) != 0 ||
            (users.state == LISTING_SEALED && strcmp(shown, c->expected) != 0))
            fail_msg("%s:\n  expected: %s\n  got:      %s", c->name, c->expected, shown);
        assert_int_equal(users.at_ms, FAKE_CLOCK_START);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

/* ---- one by one ---- */

#define BY_NAME(name)                                                                  \
    "GetUserId {\"IdentityStoreId\":\"" STORE                                          \
    "\",\"AlternateIdentifier\":{\"UniqueAttribute\":{\"AttributePath\":\"userName\"," \
    "\"AttributeValue\":\"" name "\"}}}"
#define BY_EXTERNAL(id)                       \
    "GetUserId {\"IdentityStoreId\":\"" STORE \
    "\",\"AlternateIdentifier\":{\"ExternalId\":{\"Issuer\":\"" SCIM "\",\"Id\":\"" id "\"}}}"
#define DESCRIBE(id) "DescribeUser {\"IdentityStoreId\":\"" STORE "\",\"UserId\":\"" id "\"}"
#define USER_ID      "{\"UserId\":\"" U1 "\",\"IdentityStoreId\":\"" STORE "\"}"

struct find_case {
    const char *name;
    const char *id; /* NULL: by key */
    struct identity_key key;
    struct fake_answer script[4];
    const char *expected; /* begins so */
};

static const struct find_case finds[] = {
    {.name = "by id",
     .id = U1,
     .script = {{.url = DESCRIBE(U1), .body = USER(U1, "ana@x")}},
     .expected = "found " U1 "|ana@x|||||enabled"},
    {.name = "an id that is gone",
     .id = U1,
     .script =
         {{.url = DESCRIBE(U1), .status = 404, .headers = REQUEST_ID, .body = MISSING("USER")}},
     .expected = "none DescribeUser: 404 ResourceNotFoundException: as told (request req-1)"},
    {.name = "no id", .id = "ana", .expected = "none this is not the id of a user"},
    {.name = "an id, but somebody else",
     .id = U1,
     .script = {{.url = DESCRIBE(U1), .body = USER(U2, "ana@x")}},
     .expected = "unknown DescribeUser: an answer that cannot be used: it is about another user"},
    {.name = "the key is missing, not the user",
     .id = U1,
     .script = {{.url = DESCRIBE(U1), .status = 404, .body = KEY_GONE}},
     .expected = "forbidden DescribeUser: 404"},
    {.name = "by userName, in another case",
     .key = {.user_name = STR("ANA@x")},
     .script = {{.url = BY_NAME("ANA@x"), .body = USER_ID},
                {.url = DESCRIBE(U1), .body = USER(U1, "ana@x")}},
     .expected = "found " U1 "|ana@x|||||enabled"},
    {.name = "by userName, nobody",
     .key = {.user_name = STR("ana@x")},
     .script = {{.url = BY_NAME("ana@x"), .status = 400, .body = MISSING("USER")}},
     .expected = "none GetUserId: 400"},
    {.name = "by userName, gone in between",
     .key = {.user_name = STR("ana@x")},
     .script = {{.url = BY_NAME("ana@x"), .body = USER_ID},
                {.url = DESCRIBE(U1), .status = 404, .body = MISSING("USER")}},
     .expected = "none DescribeUser: 404"},
    {.name = "by userName, somebody else",
     .key = {.user_name = STR("ana@x")},
     .script = {{.url = BY_NAME("ana@x"), .body = USER_ID},
                {.url = DESCRIBE(U1), .body = USER(U1, "bob@x")}},
     .expected = "unknown DescribeUser: an answer that cannot be used: it is about another user"},
    {.name = "by ExternalId, which goes before the name",
     .key = {.issuer = STR(SCIM), .external_id = STR("00u1"), .user_name = STR("ana@x")},
     .script = {{.url = BY_EXTERNAL("00u1"), .body = USER_ID},
                {.url = DESCRIBE(U1),
                 .body = "{\"UserId\":\"" U1 "\",\"ExternalIds\":[{\"Issuer\":\"" SCIM
                         "\",\"Id\":\"00u1\"}]}"}},
     .expected = "found " U1 "||||00u1|" SCIM "|?"},
    {.name = "by ExternalId, nobody, and the name is not tried",
     .key = {.issuer = STR(SCIM), .external_id = STR("00u1"), .user_name = STR("ana@x")},
     .script = {{.url = BY_EXTERNAL("00u1"), .status = 404, .body = MISSING("USER")}},
     .expected = "none GetUserId: 404"},
    {.name = "by ExternalId, somebody else's",
     .key = {.issuer = STR(SCIM), .external_id = STR("00u1")},
     .script = {{.url = BY_EXTERNAL("00u1"), .body = USER_ID},
                {.url = DESCRIBE(U1),
                 .body = "{\"UserId\":\"" U1 "\",\"ExternalIds\":[{\"Issuer\":\"" SCIM
                         "\",\"Id\":\"00u2\"}]}"}},
     .expected = "unknown DescribeUser: an answer that cannot be used: it is about another user"},
    {.name = "an ExternalId without its issuer is no key",
     .key = {.external_id = STR("00u1"), .user_name = STR("ana@x")},
     .script = {{.url = BY_NAME("ana@x"), .status = 404, .body = MISSING("USER")}},
     .expected = "none GetUserId: 404"},
    {.name = "no key at all", .expected = "none this cannot be the name of a user"},
    {.name = "an odd answer",
     .key = {.user_name = STR("ana@x")},
     .script = {{.url = BY_NAME("ana@x"),
                 .headers = REQUEST_ID,
                 .body = "{\"UserID\":\"" U1 "\"}"}},
     .expected =
         "unknown GetUserId: an answer that cannot be used: UserId: missing (request req-1)"},
    {.name = "refused",
     .key = {.user_name = STR("ana@x")},
     .script = {{.url = BY_NAME("ana@x"), .status = 403, .body = FAULT("AccessDeniedException")}},
     .expected = "forbidden GetUserId: 403"},
};

static void test_each_user_is_found_or_the_reason_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(finds); i++) {
        const struct find_case *c = &finds[i];
        struct str id = str_of(c->id);
        struct identity_found found;
        struct rig rig;

        rig_open(&rig, (struct identity_options){0}, c->script, rows_of(c->script, 4));
        bool ok = c->id
                      ? identity_get_users(rig.identity, &id, 1, &rig.arena, &found, &rig.err)
                      : identity_find_users(rig.identity, &c->key, 1, &rig.arena, &found, &rig.err);
        if (!ok)
            fail_msg("%s: failed: %s", c->name, rig.err.msg);
        struct str shown = found.answer == IDENTITY_FOUND
                               ? arena_printf(&rig.arena, "found %s", show(&found.user, &rig.arena))
                               : arena_printf(&rig.arena, "%s %.*s", answer_name(found.answer),
                                              STR_ARG(found.why));
        if (!str_starts(shown, str_of(c->expected)))
            fail_msg("%s:\n  expected: %s\n  got:      %s", c->name, c->expected, shown.ptr);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

/* More than go side by side in one round. */
static void test_many_users_are_asked_for_in_rounds(void **state)
{
    enum { N = 75 };
    struct fake_answer script[N];
    struct str ids[N];
    struct identity_found found[N];
    struct arena arena;
    struct rig rig;

    (void)state;
    arena_init(&arena, (size_t)1 << 20);
    static struct fake_answer rows[N + 1];
    rows[0] = (struct fake_answer){.url = "ListInstances", .body = OUR_INSTANCE};
    for (int i = 0; i < N; i++) {
        ids[i] = arena_printf(&arena, "bbbbbbbb-0000-4000-8000-%012d", i);
        script[i] = (struct fake_answer){
            .url = ids[i].ptr,
            .body = arena_printf(&arena, "{\"UserId\":\"%s\",\"UserName\":\"n%d\"}", ids[i].ptr, i)
                        .ptr};
        rows[i + 1] = script[i];
    }
    struct identity_instance instance;
    rig_open_with(&rig, (struct identity_options){0}, rows, N + 1);
    assert_true(identity_read_instance(rig.identity, &rig.arena, &instance, &rig.err));
    assert_true(identity_get_users(rig.identity, ids, N, &rig.arena, found, &rig.err));
    for (int i = 0; i < N; i++) {
        assert_int_equal(found[i].answer, IDENTITY_FOUND);
        assert_true(str_eq(found[i].user.id, ids[i]));
        assert_true(str_eq(found[i].user.user_name, arena_printf(&arena, "n%d", i)));
    }
    assert_true(rig.fake.largest_send <= 32);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users_are_listed_whole_or_not_at_all),
        cmocka_unit_test(test_each_user_is_found_or_the_reason_told),
        cmocka_unit_test(test_many_users_are_asked_for_in_rounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

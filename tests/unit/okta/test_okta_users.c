#include <string.h>

#include "unit/okta/okta_rig.h"

#define ROWS 4

struct user_case {
    const char *name;
    const char *key;
    bool by_id;
    struct fake_answer script[ROWS];
    const char *expected; /* begins so */
};

static size_t rows(const struct fake_answer *script)
{
    size_t n = 0;

    while (n < ROWS && (script[n].url || script[n].status || script[n].body || script[n].outcome))
        n++;
    return n;
}

static const char *show(const struct okta_user *user, struct arena *arena)
{
    return arena_printf(arena, "%s %.*s %.*s|%.*s", answer_name(user->answer),
                        STR_ARG(user->person.id), STR_ARG(user->person.login), STR_ARG(user->why))
        .ptr;
}

static void run_case(const struct user_case *c)
{
    struct str key = str_of(c->key);
    struct okta_user user;
    struct rig rig;
    const char *got;

    rig_open(&rig, c->script, rows(c->script));
    if (!okta_find_users(rig.okta, &key, 1, c->by_id, &rig.arena, &user, &rig.err))
        fail_msg("%s: failed: %s", c->name, rig.err.msg);
    got = show(&user, &rig.arena);
    if (strncmp(got, c->expected, strlen(c->expected)) != 0)
        fail_msg("%s:\n  expected: %s\n  got:      %s", c->name, c->expected, got);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static const struct user_case by_login[] = {
    {"found",
     "a@x",
     false,
     {{.url = "/api/v1/users/a%40x", .body = USER(U1, "a@x")}},
     "found " U1 " a@x|"},
    {"a plus and a blank are encoded",
     "b+aws x@x",
     false,
     {{.url = "/api/v1/users/b%2Baws%20x%40x", .body = USER(U1, "b+aws x@x")}},
     "found " U1 " b+aws x@x|"},
    {"in another case", "A@X", false, {{.body = USER(U1, "a@x")}}, "found " U1 " a@x|"},
    {"a short name finds somebody",
     "a",
     false,
     {{.body = USER(U1, "a@x")}},
     "none  |nobody has exactly this login"},
    {"the word me", "me", false, {{.body = USER(U1, "admin@x")}}, "none  |"},
    {"an id is no login", U1, false, {{.body = USER(U1, "a@x")}}, "none  |"},
    {"nobody",
     "a@x",
     false,
     {{.status = 404, .body = ERROR("E0000007")}},
     "none  |GET /api/v1/users/a%40x: 404 E0000007"},
    {"404 of somebody else", "a@x", false, {{.status = 404}}, "unknown  |"},
    {"forbidden", "a@x", false, {{.status = 403, .body = ERROR("E0000006")}}, "forbidden  |"},
    {"busy", "a@x", false, {{.status = 500}}, "unknown  |"},
    {"rate limit", "a@x", false, {{.status = 429}}, "unknown  |"},
    {"lost", "a@x", false, {{.outcome = HTTP_LOST}}, "unknown  |"},
    {"a list", "a@x", false, {{.body = "[]"}}, "unknown  |user: "},
    {"cut off", "a@x", false, {{.body = "{\"id\":"}}, "unknown  |"},
    {"empty", "", false, {{0}}, "none  |this cannot be a login"},
    {"dots would climb the path", "..", false, {{0}}, "none  |this cannot be a login"},
    {"a line break", "a\n@x", false, {{0}}, "none  |this cannot be a login"},
    {"no text", "a\xFF@x", false, {{0}}, "none  |this cannot be a login"},
};

#define FILTER "/api/v1/users?filter=profile.login%20eq%20%22a%2Fb%40x%22&limit=2"

static const struct user_case by_filter[] = {
    {"found",
     "a/b@x",
     false,
     {{.url = FILTER, .body = "[" USER(U1, "a/b@x") "]"}},
     "found " U1 " a/b@x|"},
    {"a quote is escaped for the filter",
     "a/\"\\@x",
     false,
     {{.url = "filter=profile.login%20eq%20%22a%2F%5C%22%5C%5C%40x%22&limit=2", .body = "[]"}},
     "none  |"},
    {"nobody", "a/b@x", false, {{.url = FILTER, .body = "[]"}}, "none  |nobody has exactly"},
    {"two",
     "a/b@x",
     false,
     {{.url = FILTER, .body = "[" USER(U1, "a/b@x") "," USER(U2, "A/B@x") "]"}},
     "ambiguous  |several people have this login"},
    {"the filter was ignored",
     "a/b@x",
     false,
     {{.url = FILTER,
       .body = "[" USER(U1, "c@x") "," USER(U2, "d@x") "]",
       .headers = NEXT("/api/v1/users?after=2")},
      {.url = "after=2", .body = "[" USER(U3, "a/b@x") "]"}},
     "found " U3 " a/b@x|"},
    {"not proved by a walk that breaks",
     "a/b@x",
     false,
     {{.url = FILTER, .body = "[" USER(U1, "a/b@x") "]", .headers = NEXT("/api/v1/users?after=2")},
      {.url = "after=2", .status = 500}},
     "unknown  |page 2: "},
    {"forbidden", "a/b@x", false, {{.url = FILTER, .status = 403}}, "forbidden  |"},
    {"odd", "a/b@x", false, {{.url = FILTER, .body = "{}"}}, "unknown  |page 1: user list"},
};

static const struct user_case by_id[] = {
    {"found",
     U1,
     true,
     {{.url = "/api/v1/users/" U1, .body = USER(U1, "a@x")}},
     "found " U1 " a@x|"},
    {"another one",
     U1,
     true,
     {{.body = USER(U2, "a@x")}},
     "unknown  |the answer is about another person"},
    {"gone", U1, true, {{.status = 404, .body = ERROR("E0000007")}}, "none  |"},
    {"404 of somebody else", U1, true, {{.status = 404, .body = "<html>"}}, "unknown  |"},
    {"no id", "a@x", true, {{0}}, "none  |this is not the id of a person"},
};

static void test_a_login_finds_the_one_who_bears_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(by_login); i++)
        run_case(&by_login[i]);
}

static void test_a_login_with_a_slash_is_looked_up_by_filter(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(by_filter); i++)
        run_case(&by_filter[i]);
}

static void test_an_id_finds_the_one_who_bears_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(by_id); i++)
        run_case(&by_id[i]);
}

static void test_a_batch_keeps_its_order(void **state)
{
    static const struct fake_answer script[] = {
        {.url = "/users/a%40x", .body = USER(U1, "a@x")},
        {.url = "/users/b%40x", .status = 404, .body = ERROR("E0000007")},
        {.url = "/users/c%40x", .body = USER(U3, "c@x")},
        {.url = "filter=", .body = "[" USER(U2, "s/l@x") "]"},
    };
    const struct str keys[] = {STR("a@x"), STR("s/l@x"), STR("b@x"), STR(""), STR("c@x")};
    struct okta_user users[ARRAY_LEN(keys)];
    struct rig rig;

    (void)state;
    rig_open(&rig, script, ARRAY_LEN(script));
    assert_true(
        okta_find_users(rig.okta, keys, ARRAY_LEN(keys), false, &rig.arena, users, &rig.err));
    assert_string_equal(show(&users[0], &rig.arena), "found " U1 " a@x|");
    assert_string_equal(show(&users[1], &rig.arena), "found " U2 " s/l@x|");
    assert_int_equal(users[2].answer, OKTA_NONE);
    assert_int_equal(users[3].answer, OKTA_NONE);
    assert_string_equal(show(&users[4], &rig.arena), "found " U3 " c@x|");
    rig_close(&rig);
}

static void test_the_profile_members_asked_for_are_kept_on_both_ways(void **state)
{
    static const struct fake_answer script[] = {
        {.body = "{\"id\":\"" U1 "\",\"status\":\"ACTIVE\",\"profile\":{\"login\":\"a@x\","
                 "\"department\":\"D1\"}}"},
        {.body = "[{\"id\":\"" U2 "\",\"status\":\"SUSPENDED\",\"profile\":{\"login\":\"b/@x\","
                 "\"department\":\"D2\"}}]"},
    };
    static const struct str wanted[] = {{"department", 10}};
    const struct str keys[] = {STR("a@x"), STR("b/@x")};
    struct okta_user users[2];
    struct rig rig;

    (void)state;
    rig_open_with(&rig, (struct okta_options){.profile = wanted, .n_profile = 1}, 1, script, 2);
    assert_true(okta_find_users(rig.okta, keys, 2, false, &rig.arena, users, &rig.err));
    assert_true(str_is(person_profile(&users[0].person, STR("department")), "D1"));
    assert_true(str_is(person_profile(&users[1].person, STR("department")), "D2"));
    assert_int_equal(users[1].person.status, USER_SUSPENDED);
    rig_close(&rig);
}

/* ---- the groups of a person ---- */

static const struct {
    const char *name, *user;
    struct fake_answer script[ROWS];
    const char *expected;
} memberships[] = {
    {"two pages",
     U1,
     {{.url = "/api/v1/users/" U1 "/groups",
       .body = "[" GROUP("g2", "OKTA_GROUP", "B") "]",
       .headers = NEXT("/api/v1/users/" U1 "/groups?after=1")},
      {.url = "after=1",
       .body = "[" GROUP("g1", "BUILT_IN", "A") "," GROUP("g2", "OKTA_GROUP", "B") "]"}},
     "found g1 g2"},
    {"none", U1, {{.body = "[]"}}, "found"},
    {"gone", U1, {{.status = 404, .body = ERROR("E0000007")}}, "none"},
    {"404 of somebody else", U1, {{.status = 404}}, "unknown"},
    {"forbidden", U1, {{.status = 403}}, "forbidden"},
    {"cut off", U1, {{.body = "["}}, "unknown"},
    {"no id", "a@x", {{0}}, "none"},
};

static void test_the_groups_of_one_person(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(memberships); i++) {
        struct okta_user_groups groups;
        struct rig rig;
        struct str got;

        rig_open(&rig, memberships[i].script, rows(memberships[i].script));
        assert_true(
            okta_user_groups(rig.okta, str_of(memberships[i].user), &rig.arena, &groups, &rig.err));
        got = arena_printf(&rig.arena, "%s", answer_name(groups.answer));
        for (size_t k = 0; k < groups.groups.n; k++) {
            got =
                arena_printf(&rig.arena, "%.*s %.*s", STR_ARG(got), STR_ARG(groups.groups.ids[k]));
        }
        if (!str_is(got, memberships[i].expected))
            fail_msg("%s: %.*s", memberships[i].name, STR_ARG(got));
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_login_finds_the_one_who_bears_it),
        cmocka_unit_test(test_a_login_with_a_slash_is_looked_up_by_filter),
        cmocka_unit_test(test_an_id_finds_the_one_who_bears_it),
        cmocka_unit_test(test_a_batch_keeps_its_order),
        cmocka_unit_test(test_the_profile_members_asked_for_are_kept_on_both_ways),
        cmocka_unit_test(test_the_groups_of_one_person),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

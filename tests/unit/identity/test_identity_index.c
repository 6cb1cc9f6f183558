#include "unit/identity/identity_rig.h"

#define OKTA_A "00u1aliceaaaaaaaaaa1"
#define OKTA_B "00u1bobbbbbbbbbbbbb2"
#define OKTA_C "00u1carolccccccccc03"

struct match_case {
    const char *name;
    struct identity_user users[4];
    const char *okta_id, *login, *email;
    const char *expected; /* `found ID by KEY`, `none`, or `ambiguous WHY` */
};

#define WHO(i, name, mail, external)                                                           \
    {                                                                                          \
        .id = STR(i), .user_name = STR(name), .email = STR(mail), .external_id = STR(external) \
    }

static const struct match_case cases[] = {
    {"nobody at all", {{.id = {0}}}, OKTA_A, "ana@x", "ana@x", "none"},
    {"the ExternalId wins over the name of somebody else",
     {WHO("u1", "old@x", "old@x", OKTA_A), WHO("u2", "ana@x", "ana@x", "")},
     OKTA_A,
     "ana@x",
     "ana@x",
     "found u1 by ExternalId"},
    {"the userName wins over the e-mail",
     {WHO("u1", "other@x", "ana@x", ""), WHO("u2", "ana@x", "zz@x", "")},
     OKTA_A,
     "ana@x",
     "ana@x",
     "found u2 by userName"},
    {"the e-mail is the last resort",
     {WHO("u1", "AP", "ana@x", "")},
     OKTA_A,
     "ana.p@x",
     "ana@x",
     "found u1 by e-mail"},
    {"names fold case, on both sides",
     {WHO("u1", "Ana@X", "", "")},
     OKTA_A,
     "aNA@x",
     "",
     "found u1 by userName"},
    {"addresses fold case",
     {WHO("u1", "q", "ANA@x", "")},
     OKTA_A,
     "z",
     "ana@X",
     "found u1 by e-mail"},
    {"beyond ASCII nothing is folded",
     {WHO("u1", "\xC3\x84na@x", "", "")},
     OKTA_A,
     "\xC3\xA4na@x",
     "",
     "none"},
    {"ids of Okta differ by case",
     {WHO("u1", "a", "", "00u1ALICEaaaaaaaaaa1")},
     OKTA_A,
     "z",
     "",
     "none"},
    {"two with one ExternalId",
     {WHO("u1", "a", "", OKTA_A), WHO("u2", "b", "", OKTA_A)},
     OKTA_A,
     "a",
     "",
     "ambiguous two users have the ExternalId " OKTA_A ": u1 (a) and u2 (b)"},
    {"two userNames that differ by case",
     {WHO("u1", "ANA@x", "", ""), WHO("u2", "ana@x", "", "")},
     OKTA_A,
     "ana@x",
     "",
     "ambiguous two users have the userName ana@x: u1 (ANA@x) and u2 (ana@x)"},
    {"two with one e-mail",
     {WHO("u1", "a", "team@x", ""), WHO("u2", "", "team@x", "")},
     OKTA_A,
     "z",
     "team@x",
     "ambiguous two users have the e-mail team@x: u1 (a) and u2 (no userName)"},
    {"three are no better than two",
     {WHO("u1", "a", "t@x", ""), WHO("u2", "b", "t@x", ""), WHO("u3", "c", "t@x", "")},
     OKTA_A,
     "z",
     "t@x",
     "ambiguous two users have the e-mail t@x: u1 (a) and u2 (b)"},
    {"a login whose owner belongs to another Okta person",
     {WHO("u1", "ana@x", "", OKTA_B)},
     OKTA_A,
     "ana@x",
     "",
     "ambiguous the user u1 (ana@x) has the userName of the Okta person " OKTA_A
     ", but belongs to the Okta person " OKTA_B},
    {"a shared address whose other owners are known",
     {WHO("u1", "b", "team@x", OKTA_B), WHO("u2", "c", "team@x", OKTA_C)},
     OKTA_A,
     "ana@x",
     "team@x",
     "none"},
    {"a shared address, one owner free",
     {WHO("u1", "b", "team@x", OKTA_B), WHO("u2", "c", "team@x", "")},
     OKTA_A,
     "ana@x",
     "team@x",
     "found u2 by e-mail"},
    {"an ExternalId that is no id of Okta links nobody",
     {WHO("u1", "ana@x", "", "ana@x")},
     OKTA_A,
     "ana@x",
     "",
     "found u1 by userName"},
    {"without an Okta id every owner counts",
     {WHO("u1", "b", "team@x", OKTA_B), WHO("u2", "c", "team@x", "")},
     "",
     "z",
     "team@x",
     "ambiguous two users have the e-mail team@x: u2 (c) and u1 (b)"},
    {"without any key nobody is found", {WHO("u1", "", "", "")}, "", "", "", "none"},
    {"one user listed twice is one",
     {WHO("u1", "ana@x", "", ""), WHO("u1", "ana@x", "", "")},
     OKTA_A,
     "ana@x",
     "",
     "found u1 by userName"},
};

static const char *show(const struct identity_match *match, struct arena *arena)
{
    if (match->answer == IDENTITY_FOUND)
        return arena_printf(arena, "found %.*s by %s", STR_ARG(match->user->id), match->by).ptr;
    assert_null(match->user);
    if (match->answer == IDENTITY_AMBIGUOUS)
        return arena_printf(arena, "ambiguous %.*s", STR_ARG(match->why)).ptr;
    return answer_name(match->answer);
}

static void test_each_key_finds_whom_it_should(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, (size_t)1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct match_case *c = &cases[i];
        size_t n = 0;
        while (n < 4 && c->users[n].id.len > 0)
            n++;
        const struct identity_index *index = identity_index(c->users, n, &arena);
        struct identity_match match =
            identity_match(index, str_of(c->okta_id), str_of(c->login), str_of(c->email), &arena);
        const char *shown = show(&match, &arena);
        if (strcmp(shown, c->expected) != 0)
            fail_msg("%s:\n  expected: %s\n  got:      %s", c->name, c->expected, shown);
    }
    arena_fini(&arena);
}

static void test_an_index_of_many_finds_each_of_them(void **state)
{
    enum { N = 5000 };
    struct arena arena;
    struct identity_user *users;

    (void)state;
    arena_init(&arena, (size_t)64 << 20);
    users = arena_array(&arena, struct identity_user, N);
    for (int i = 0; i < N; i++) {
        users[i].id = arena_printf(&arena, "id%d", i);
        users[i].user_name = arena_printf(&arena, "User%d@X", i);
        users[i].external_id = i % 2 ? arena_printf(&arena, "00u%017d", i) : (struct str){0};
    }
    const struct identity_index *index = identity_index(users, N, &arena);
    for (int i = 0; i < N; i++) {
        struct identity_match match =
            identity_match(index, arena_printf(&arena, "00u%017d", i),
                           arena_printf(&arena, "user%d@x", i), (struct str){0}, &arena);
        assert_int_equal(match.answer, IDENTITY_FOUND);
        assert_ptr_equal(match.user, &users[i]);
        assert_string_equal(match.by, i % 2 ? "ExternalId" : "userName");
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_key_finds_whom_it_should),
        cmocka_unit_test(test_an_index_of_many_finds_each_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

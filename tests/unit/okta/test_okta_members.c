#include <string.h>

#include "core/observation.h"
#include "unit/okta/okta_rig.h"

#define PATH "/api/v1/groups/" G1 "/users"

/* `SEALED id:login ...`, or the state and the reason. */
static const char *show(const struct listing *listing, struct arena *arena)
{
    static const char *const states[] = {"UNKNOWN", "SEALED", "ABSENT"};
    struct str out = arena_printf(arena, "%s", states[listing->state]);

    if (listing->state != LISTING_SEALED)
        return arena_printf(arena, "%.*s %.*s", STR_ARG(out), STR_ARG(listing->why)).ptr;
    for (size_t i = 0; i < listing->n; i++) {
        out = arena_printf(arena, "%.*s %.*s:%.*s", STR_ARG(out), STR_ARG(listing->members[i].id),
                           STR_ARG(listing->members[i].login));
    }
    return out.ptr;
}

struct listing_case {
    const char *name;
    struct fake_answer script[8];
    struct okta_options options;
    const char *expected; /* begins so */
};

static size_t rows(const struct fake_answer *script)
{
    size_t n = 0;

    while (n < 8 && (script[n].url || script[n].status || script[n].outcome))
        n++;
    return n;
}

static void run_case(const struct listing_case *c)
{
    struct str group = STR(G1);
    struct listing listing = {0};
    struct rig rig;
    const char *shown;

    rig_open_with(&rig, c->options, 1, c->script, rows(c->script));
    if (!okta_list_members(rig.okta, &group, 1, &rig.arena, &listing, &rig.err))
        fail_msg("%s: failed: %s", c->name, rig.err.msg);
    shown = show(&listing, &rig.arena);
    if (strncmp(shown, c->expected, strlen(c->expected)) != 0 ||
        (listing.state == LISTING_SEALED && strcmp(shown, c->expected) != 0))
        fail_msg("%s:\n  expected: %s\n  got:      %s", c->name, c->expected, shown);
    assert_true(str_eq(listing.collection, group));
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

#define PAGE1 PATH "?limit=200"
#define PAGE2 PATH "?after=" U1 "&limit=200"
#define PAGE3 PATH "?after=" U2 "&limit=200"

static const struct listing_case sealed[] = {
    {.name = "one page",
     .script = {{.url = PAGE1, .body = "[" USER(U2, "b@x") "," USER(U1, "a@x") "]"}},
     .expected = "SEALED " U1 ":a@x " U2 ":b@x"},
    {.name = "an empty group", .script = {{.url = PAGE1, .body = "[]"}}, .expected = "SEALED"},
    {.name = "three pages, the middle one empty",
     .script = {{.url = PAGE1,
                 .body = "[" USER(U1, "a@x") "]",
                 .headers =
                     "link: <" ORG PAGE1 ">; rel=\"self\"\nlink: <" ORG PAGE2 ">; rel=\"next\"\n"},
                {.url = PAGE2, .body = "[]", .headers = NEXT(PAGE3)},
                {.url = PAGE3, .body = "[" USER(U3, "c@x") "]"}},
     .expected = "SEALED " U1 ":a@x " U3 ":c@x"},
    {.name = "links in one line, commas inside",
     .script = {{.url = PAGE1,
                 .body = "[]",
                 .headers = "Link: <" ORG PAGE1 ">; rel=\"self\", <" ORG PATH
                            "?after=a,b;c&limit=200>; rel=\"next\"\n"},
                {.url = "?after=a,b;c&limit=200", .body = "[" USER(U1, "a@x") "]"}},
     .expected = "SEALED " U1 ":a@x"},
    {.name = "somebody shown twice",
     .script = {{.url = PAGE1, .body = "[" USER(U1, "a@x") "]", .headers = NEXT(PAGE2)},
                {.url = PAGE2, .body = "[" USER(U1, "a@x") "," USER(U2, "b@x") "]"}},
     .expected = "SEALED " U1 ":a@x " U2 ":b@x"},
    {.name = "500 with 200, whole with 100",
     .script = {{.url = PAGE1, .status = 500, .body = ERROR("E0000009")},
                {.url = PATH "?limit=100", .body = "[" USER(U1, "a@x") "]"}},
     .expected = "SEALED " U1 ":a@x"},
    {.name = "500 in the middle starts anew and forgets",
     .script = {{.url = PAGE1, .body = "[" USER(U3, "c@x") "]", .headers = NEXT(PAGE2)},
                {.url = PAGE2, .status = 500},
                {.url = PATH "?limit=100", .status = 500},
                {.url = PATH "?limit=50",
                 .body = "[" USER(U1, "a@x") "]",
                 .headers = NEXT(PATH "?after=x&limit=50")},
                {.url = PATH "?after=x&limit=50", .body = "[" USER(U2, "b@x") "]"}},
     .expected = "SEALED " U1 ":a@x " U2 ":b@x"},
    {.name = "pages of a thousand",
     .options = {.page_limit = 1000},
     .script = {{.url = PATH "?limit=1000", .status = 500}, {.url = PAGE1, .body = "[]"}},
     .expected = "SEALED"},
    {.name = "a limit beyond the highest",
     .options = {.page_limit = 5000},
     .script = {{.url = PATH "?limit=1000", .body = "[]"}},
     .expected = "SEALED"},
    {.name = "a small limit",
     .options = {.page_limit = 60},
     .script = {{.url = PATH "?limit=60", .status = 500}, {.url = PATH "?limit=50", .body = "[]"}},
     .expected = "SEALED"},
};

static const struct listing_case unsealed[] = {
    {.name = "the group is gone",
     .script = {{.url = PAGE1, .status = 404, .body = ERROR("E0000007")}},
     .expected = "ABSENT page 1: GET " PATH ": 404 E0000007: as told"},
    {.name = "404 that is not Okta's",
     .script = {{.url = PAGE1, .status = 404, .body = "<html>nothing here</html>"}},
     .expected = "UNKNOWN page 1: GET " PATH ": 404"},
    {.name = "404 of the path",
     .script = {{.url = PAGE1, .status = 404, .body = ERROR("E0000008")}},
     .expected = "UNKNOWN page 1: GET " PATH ": 404 E0000008"},
    {.name = "404 in the middle",
     .script = {{.url = PAGE1, .body = "[" USER(U1, "a@x") "]", .headers = NEXT(PAGE2)},
                {.url = PAGE2, .status = 404, .body = ERROR("E0000007")}},
     .expected = "UNKNOWN page 2: GET " PATH ": 404 E0000007"},
    {.name = "500 whatever the limit",
     .script = {{.url = PAGE1, .status = 500},
                {.url = "limit=100", .status = 500},
                {.url = "limit=50",
                 .status = 500,
                 .body = ERROR("E0000009"),
                 .headers = "X-Okta-Request-Id: req7\n"}},
     .expected = "UNKNOWN page 1: GET " PATH ": 500 E0000009: as told (request req7)"},
    {.name = "502 with HTML",
     .script = {{.url = PAGE1, .status = 502, .body = "<html>"}},
     .expected = "UNKNOWN page 1: GET " PATH ": 502"},
    {.name = "503",
     .script = {{.url = PAGE1, .status = 503, .body = ERROR("E0000010")}},
     .expected = "UNKNOWN page 1: GET " PATH ": 503 E0000010"},
    {.name = "500 in the middle, and then no page at all",
     .script = {{.url = PAGE1, .body = "[" USER(U1, "a@x") "]", .headers = NEXT(PAGE2)},
                {.url = PAGE2, .status = 500},
                {.url = "limit=100", .status = 502}},
     .expected = "UNKNOWN page 1: GET " PATH ": 502"},
    {.name = "504 does not ask for smaller pages",
     .script = {{.url = PAGE1, .status = 504}},
     .expected = "UNKNOWN page 1: GET " PATH ": 504"},
    {.name = "429 to the end",
     .script = {{.url = PAGE1, .status = 429, .body = ERROR("E0000047")}},
     .expected = "UNKNOWN page 1: GET " PATH ": 429 E0000047"},
    {.name = "403 names the scope",
     .script = {{.url = PAGE1,
                 .status = 403,
                 .headers = "WWW-Authenticate: Bearer error=\"insufficient_scope\", "
                            "scope=\"okta.groups.read\"\n"}},
     .expected = "UNKNOWN page 1: GET " PATH
                 ": 403 insufficient_scope: it needs the scope okta.groups.read"},
    {.name = "a feature that the caller has not",
     .script = {{.url = PAGE1, .status = 401, .body = ERROR("E0000015")}},
     .expected = "UNKNOWN page 1: GET " PATH ": 401 E0000015"},
    {.name = "a redirect",
     .script = {{.url = PAGE1, .status = 302, .headers = "Location: https://evil.example/\n"}},
     .expected = "UNKNOWN page 1: GET " PATH ": 302"},
    {.name = "no content",
     .script = {{.url = PAGE1, .status = 204}},
     .expected = "UNKNOWN page 1: GET " PATH ": 204"},
    {.name = "a connection that ended",
     .script = {{.url = PAGE1, .outcome = HTTP_LOST}},
     .expected = "UNKNOWN page 1: GET " PATH ": the connection ended"},
    {.name = "never sent",
     .script = {{.url = PAGE1, .outcome = HTTP_NOT_SENT}},
     .expected = "UNKNOWN page 1: GET " PATH ": connection refused"},
    {.name = "a body cut off",
     .script = {{.url = PAGE1, .body = "[" USER(U1, "a@x") ","}},
     .expected = "UNKNOWN page 1: member list: "},
    {.name = "an empty body", .script = {{.url = PAGE1}}, .expected = "UNKNOWN page 1: "},
    {.name = "an object instead of a list",
     .script = {{.url = PAGE1, .body = "{\"users\":[]}"}},
     .expected = "UNKNOWN page 1: member list: expected an array"},
    {.name = "an odd entry on the second page",
     .script = {{.url = PAGE1, .body = "[]", .headers = NEXT(PAGE2)},
                {.url = PAGE2, .body = "[" USER(U1, "a@x") ",{\"id\":\"00u 1\"}]"}},
     .expected = "UNKNOWN page 2: member list: entry 2: "},
    {.name = "a next link that repeats",
     .script = {{.url = PAGE1, .body = "[]", .headers = NEXT(PAGE2)},
                {.url = PAGE2, .body = "[]", .headers = NEXT(PAGE2)}},
     .expected = "UNKNOWN page 2: "},
    {.name = "a next link back to the first page",
     .script = {{.url = PAGE1, .body = "[]", .headers = NEXT(PAGE1)}},
     .expected = "UNKNOWN page 1: "},
    {.name = "a next link to another host",
     .script = {{.url = PAGE1,
                 .body = "[]",
                 .headers = "Link: <https://evil.example" PAGE2 ">; rel=\"next\"\n"}},
     .expected = "UNKNOWN page 1: "},
    {.name = "a next link to another group",
     .script = {{.url = PAGE1,
                 .body = "[]",
                 .headers = NEXT("/api/v1/groups/" G2 "/users?after=1")}},
     .expected = "UNKNOWN page 1: "},
    {.name = "two next links that differ",
     .script = {{.url = PAGE1, .body = "[]", .headers = NEXT(PAGE2) NEXT(PAGE3)}},
     .expected = "UNKNOWN page 1: "},
    {.name = "more members than are believed",
     .options = {.max_members = 1},
     .script = {{.url = PAGE1, .body = "[" USER(U1, "a@x") "," USER(U2, "b@x") "]"}},
     .expected = "UNKNOWN page 1: more than 1 members"},
};

static void test_a_listing_is_sealed_when_every_page_was_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sealed); i++)
        run_case(&sealed[i]);
}

static void test_a_listing_is_not_sealed_on_anything_odd(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(unsealed); i++)
        run_case(&unsealed[i]);
}

static void test_pages_that_never_end_are_given_up(void **state)
{
    struct fake_answer script[20];
    struct str group = STR(G1);
    struct listing listing;
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(script); i++)
        script[i] = (struct fake_answer){.body = "[]"};
    rig_open_with(&rig, (struct okta_options){.max_members = 200}, 1, script, ARRAY_LEN(script));
    for (size_t i = 0; i < ARRAY_LEN(script); i++) {
        script[i].headers =
            arena_printf(&rig.arena, "Link: <" ORG PATH "?after=%zu>; rel=\"next\"\n", i).ptr;
    }
    assert_true(okta_list_members(rig.okta, &group, 1, &rig.arena, &listing, &rig.err));
    assert_int_equal(listing.state, LISTING_UNKNOWN);
    assert_non_null(strstr(listing.why.ptr, "does not end"));
    assert_int_equal(rig.fake.n_requests, 11); /* 200 / 200, and 10 to spare */
    rig_close(&rig);
}

static void test_a_link_too_long_to_remember_is_not_followed(void **state)
{
    struct fake_answer script[] = {{.body = "[]"}};
    struct str group = STR(G1);
    struct listing listing;
    struct rig rig;

    (void)state;
    rig_open(&rig, script, 1);
    script[0].headers =
        arena_printf(&rig.arena, "Link: <" ORG PATH "?after=%05000d>; rel=\"next\"\n", 1).ptr;
    assert_true(okta_list_members(rig.okta, &group, 1, &rig.arena, &listing, &rig.err));
    assert_string_equal(show(&listing, &rig.arena),
                        "UNKNOWN page 1: the link to the next page is longer than 4096 bytes");
    rig_close(&rig);
}

static void test_groups_are_listed_side_by_side_and_fail_alone(void **state)
{
    static const struct fake_answer script[] = {
        {.url = G1 "/users?limit=200", .body = "[" USER(U1, "a@x") "]", .headers = NEXT(PAGE2)},
        {.url = G2 "/users?limit=200", .status = 502},
        {.url = "/00g3/users?limit=200", .body = "[" USER(U2, "b@x") "]"},
        {.url = PAGE2, .body = "[" USER(U3, "c@x") "]"},
    };
    const struct str groups[] = {STR(G1), STR(G2), STR("00g3"), STR("bad id"), STR("..")};
    struct listing listings[ARRAY_LEN(groups)];
    struct rig rig;

    (void)state;
    rig_open(&rig, script, ARRAY_LEN(script));
    assert_true(
        okta_list_members(rig.okta, groups, ARRAY_LEN(groups), &rig.arena, listings, &rig.err));
    assert_string_equal(show(&listings[0], &rig.arena), "SEALED " U1 ":a@x " U3 ":c@x");
    assert_int_equal(listings[1].state, LISTING_UNKNOWN);
    assert_string_equal(show(&listings[2], &rig.arena), "SEALED " U2 ":b@x");
    assert_string_equal(show(&listings[3], &rig.arena), "UNKNOWN this is not the id of a group");
    assert_string_equal(show(&listings[4], &rig.arena), "UNKNOWN this is not the id of a group");
    /* a page of each per round: two rounds */
    assert_int_equal(rig.fake.n_sends, 2);
    assert_int_equal(listings[0].at_ms, FAKE_CLOCK_START);
    rig_close(&rig);
}

static void test_an_unsealed_listing_still_shows_what_was_read(void **state)
{
    static const struct fake_answer script[] = {
        {.url = PAGE1, .body = "[" USER(U1, "a@x") "]", .headers = NEXT(PAGE2)},
        {.url = PAGE2, .status = 502},
    };
    struct str group = STR(G1);
    struct listing listing;
    struct rig rig;

    (void)state;
    rig_open(&rig, script, ARRAY_LEN(script));
    assert_true(okta_list_members(rig.okta, &group, 1, &rig.arena, &listing, &rig.err));
    assert_int_equal(listing.state, LISTING_UNKNOWN);
    assert_int_equal(listing.n, 1);
    assert_true(str_is(listing.members[0].id, U1));
    rig_close(&rig);
}

static void test_only_a_refused_credential_or_a_cancelled_run_fails_the_call(void **state)
{
    static const struct {
        struct fake_answer answer;
        enum err_kind kind;
    } cases[] = {
        {{.status = 401, .body = ERROR("E0000011")}, ERR_REFUSED},
        {{.status = 401, .body = ERROR("E0000004")}, ERR_REFUSED},
        {{.status = 401}, ERR_REFUSED},
        {{.outcome = HTTP_NOT_SENT, .kind = ERR_CANCELLED}, ERR_CANCELLED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str group = STR(G1);
        struct listing listing;
        struct rig rig;

        rig_open(&rig, &cases[i].answer, 1);
        assert_false(okta_list_members(rig.okta, &group, 1, &rig.arena, &listing, &rig.err));
        assert_int_equal(rig.err.kind, cases[i].kind);
        assert_null(strstr(rig.err.msg, "sswsTokenText"));
        rig_close(&rig);
    }
}

static void test_every_request_says_what_okta_wants_to_hear(void **state)
{
    static const struct fake_answer script[] = {{.url = PAGE1, .body = "[]"}};
    struct str group = STR(G1);
    struct listing listing;
    struct rig rig;

    (void)state;
    rig_open(&rig, script, 1);
    assert_true(okta_list_members(rig.okta, &group, 1, &rig.arena, &listing, &rig.err));
    assert_true(str_is(fake_request_header(&rig.fake.requests[0], "Accept"), "application/json"));
    assert_true(
        str_is(fake_request_header(&rig.fake.requests[0], "Content-Type"), "application/json"));
    assert_true(str_is(fake_request_header(&rig.fake.requests[0], "Authorization"),
                       "SSWS 00sswsTokenText"));
    rig_close(&rig);
}

static void test_nothing_is_asked_when_nothing_is_wanted(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, NULL, 0);
    assert_true(okta_list_members(rig.okta, NULL, 0, &rig.arena, NULL, &rig.err));
    assert_true(okta_find_groups(rig.okta, NULL, 0, &rig.arena, NULL, &rig.err));
    assert_true(okta_get_groups(rig.okta, NULL, 0, &rig.arena, NULL, &rig.err));
    assert_true(okta_find_users(rig.okta, NULL, 0, false, &rig.arena, NULL, &rig.err));
    assert_true(okta_write(rig.okta, NULL, 0, &rig.arena, NULL, &rig.err));
    assert_int_equal(rig.fake.n_requests, 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_listing_is_sealed_when_every_page_was_read),
        cmocka_unit_test(test_a_listing_is_not_sealed_on_anything_odd),
        cmocka_unit_test(test_pages_that_never_end_are_given_up),
        cmocka_unit_test(test_a_link_too_long_to_remember_is_not_followed),
        cmocka_unit_test(test_groups_are_listed_side_by_side_and_fail_alone),
        cmocka_unit_test(test_an_unsealed_listing_still_shows_what_was_read),
        cmocka_unit_test(test_only_a_refused_credential_or_a_cancelled_run_fails_the_call),
        cmocka_unit_test(test_every_request_says_what_okta_wants_to_hear),
        cmocka_unit_test(test_nothing_is_asked_when_nothing_is_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

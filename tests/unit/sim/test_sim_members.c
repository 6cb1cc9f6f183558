#include "unit/sim/sim_fixture.h"

#define MEMBERS "/api/v1/groups/" KIRO "/users"

static void test_a_group_lists_its_members_in_order_of_their_ids(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG);
    ask(&f, HTTP_PUT, MEMBERS "/" BOB);
    get(&f, MEMBERS "?limit=200");
    assert_string_equal(show(&f), "200 alice bob+aws");
    fixture_close(&f);
}

struct write_case {
    const char *name, *quirks;
    enum http_method method;
    const char *path;
    const char *answer, *after;
};

static void test_each_write_answers_as_the_contract_says(void **state)
{
    static const struct write_case cases[] = {
        {"add", "", HTTP_PUT, MEMBERS "/" BOB, "204", "200 alice bob+aws"},
        {"add present", "", HTTP_PUT, MEMBERS "/" ALICE, "204", "200 alice"},
        {"add present, 404 mode", "put_present: 404", HTTP_PUT, MEMBERS "/" ALICE, "404 E0000007",
         "200 alice"},
        {"remove", "", HTTP_DELETE, MEMBERS "/" ALICE, "204", "200"},
        {"remove absent", "", HTTP_DELETE, MEMBERS "/" BOB, "204", "200 alice"},
        {"remove absent, 404 mode", "delete_absent: 404", HTTP_DELETE, MEMBERS "/" BOB,
         "404 E0000007", "200 alice"},
        {"add by login", "", HTTP_PUT, MEMBERS "/bob%2Baws%40example.com", "404 E0000007",
         "200 alice"},
        {"add nobody", "", HTTP_PUT, MEMBERS "/00u1nosuchuseraaaaa1", "404 E0000007", "200 alice"},
        {"add deactivated", "", HTTP_PUT, MEMBERS "/" CAROL, "403 E0000038", "200 alice"},
        {"add deactivated where that is taken", "put_inactive: 204", HTTP_PUT, MEMBERS "/" CAROL,
         "204", "200 alice carol"},
        {"no such group", "", HTTP_PUT, "/api/v1/groups/00g1nosuchgroupaaa01/users/" BOB,
         "404 E0000007", "200 alice"},
        {"imported group", "", HTTP_PUT, "/api/v1/groups/00g1directoryaaaaa02/users/" BOB,
         "403 E0000006", "200 alice"},
        {"imported group, before 2026", "read_only: 501", HTTP_PUT,
         "/api/v1/groups/00g1directoryaaaaa02/users/" BOB, "501 E0000060", "200 alice"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        char quirks[64];

        fixture_open(&f, SMALL_ORG);
        (void)snprintf(quirks, sizeof(quirks), "{%s}", cases[i].quirks);
        control(&f, HTTP_POST, "/_sim/quirks", quirks);
        ask(&f, cases[i].method, cases[i].path);
        print_message("%s\n", cases[i].name);
        assert_string_equal(show(&f), cases[i].answer);
        get(&f, MEMBERS);
        assert_string_equal(show(&f), cases[i].after);
        fixture_close(&f);
    }
}

static void test_pages_follow_each_other_by_the_next_link(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG "memberships: [{group: Kiro, members: all}]\n");
    get(&f, MEMBERS "?limit=3");
    assert_string_equal(show(&f), "200 alice bob+aws carol");
    assert_string_equal(next_link(&f), ORIGIN MEMBERS "?after=" CAROL "&limit=3");
    get(&f, next_link(&f));
    assert_string_equal(show(&f), "200 a/b");
    assert_string_equal(next_link(&f), "");
    fixture_close(&f);
}

static void test_an_exactly_full_last_page_has_no_next(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG "memberships: [{group: Kiro, members: all}]\n");
    get(&f, MEMBERS "?limit=4");
    assert_string_equal(show(&f), "200 alice bob+aws carol a/b");
    assert_string_equal(next_link(&f), "");
    fixture_close(&f);
}

static void test_links_can_be_joined_by_commas(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG "memberships: [{group: Kiro, members: all}]\n"
                               "quirks: {links: joined, headers: title}\n");
    get(&f, MEMBERS "?limit=2");
    assert_string_equal(header(&f, "Link"),
                        "<" ORIGIN MEMBERS "?limit=2>; rel=\"self\", <" ORIGIN MEMBERS "?after=" BOB
                        "&limit=2>; rel=\"next\"");
    assert_string_equal(next_link(&f), ORIGIN MEMBERS "?after=" BOB "&limit=2");
    fixture_close(&f);
}

static void test_a_stale_list_shows_a_write_only_later(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG "quirks: {stale: 3s}\n");
    ask(&f, HTTP_PUT, MEMBERS "/" BOB);
    ask(&f, HTTP_DELETE, MEMBERS "/" ALICE);
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 alice");
    sim_advance(f.sim, 2999);
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 alice");
    sim_advance(f.sim, 1);
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 bob+aws");
    fixture_close(&f);
}

static void test_adding_and_removing_within_the_lag_shows_the_state_before_both(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG "quirks: {stale: 10s}\n");
    ask(&f, HTTP_PUT, MEMBERS "/" BOB);
    sim_advance(f.sim, 5000);
    ask(&f, HTTP_DELETE, MEMBERS "/" BOB);
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 alice");
    sim_advance(f.sim, 5000);
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 alice bob+aws");
    sim_advance(f.sim, 5000);
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 alice");
    fixture_close(&f);
}

static void test_deactivation_keeps_a_membership_and_deletion_ends_it(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG);
    control(&f, HTTP_POST, "/_sim/people/alice/deactivate", "");
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200 alice");
    assert_non_null(memmem(f.res.body.ptr, f.res.body.len, "DEPROVISIONED", 13));
    control(&f, HTTP_POST, "/_sim/people/alice/delete", "");
    get(&f, MEMBERS);
    assert_string_equal(show(&f), "200");
    get(&f, "/api/v1/users/" ALICE);
    assert_string_equal(show(&f), "404 E0000007");
    fixture_close(&f);
}

static void test_last_membership_updated_moves_late_or_never(void **state)
{
    static const struct {
        const char *quirk, *now, *later;
    } cases[] = {
        {"{}", "2026-05-04T09:13:40.000Z", "2026-05-04T09:13:40.000Z"},
        {"{membership_time: 20s}", "2026-05-04T09:12:40.000Z", "2026-05-04T09:13:40.000Z"},
        {"{membership_time: never}", "2026-05-04T09:12:40.000Z", "2026-05-04T09:12:40.000Z"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;

        fixture_open(&f, SMALL_ORG);
        control(&f, HTTP_POST, "/_sim/quirks", cases[i].quirk);
        sim_advance(f.sim, 60000);
        ask(&f, HTTP_PUT, MEMBERS "/" BOB);
        sim_advance(f.sim, 10000);
        get(&f, "/api/v1/groups/" KIRO);
        assert_string_equal(
            arena_cstr(&f.arena, between(f.res.body, "\"lastMembershipUpdated\":\"", "\"")),
            cases[i].now);
        sim_advance(f.sim, 10000);
        get(&f, "/api/v1/groups/" KIRO);
        assert_string_equal(
            arena_cstr(&f.arena, between(f.res.body, "\"lastMembershipUpdated\":\"", "\"")),
            cases[i].later);
        fixture_close(&f);
    }
}

static void test_a_page_is_never_longer_than_a_thousand_or_the_cap(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, SMALL_ORG "memberships: [{group: Kiro, members: all}]\n"
                               "quirks: {page_cap: 2}\n");
    get(&f, MEMBERS "?limit=5000");
    assert_string_equal(show(&f), "200 alice bob+aws");
    get(&f, MEMBERS "?limit=many");
    assert_string_equal(show(&f), "400 E0000001");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_group_lists_its_members_in_order_of_their_ids),
        cmocka_unit_test(test_each_write_answers_as_the_contract_says),
        cmocka_unit_test(test_pages_follow_each_other_by_the_next_link),
        cmocka_unit_test(test_an_exactly_full_last_page_has_no_next),
        cmocka_unit_test(test_links_can_be_joined_by_commas),
        cmocka_unit_test(test_a_stale_list_shows_a_write_only_later),
        cmocka_unit_test(test_adding_and_removing_within_the_lag_shows_the_state_before_both),
        cmocka_unit_test(test_deactivation_keeps_a_membership_and_deletion_ends_it),
        cmocka_unit_test(test_last_membership_updated_moves_late_or_never),
        cmocka_unit_test(test_a_page_is_never_longer_than_a_thousand_or_the_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

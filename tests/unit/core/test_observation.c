#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/observation.h"

static int set_up(void **state)
{
    static struct arena arena;

    arena_init(&arena, 1 << 20);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    arena_fini(*state);
    return 0;
}

static size_t sorted_words(const char *text, struct str out[64])
{
    struct str rest = str_of(text);
    size_t n = 0;

    while (rest.len > 0)
        out[n++] = str_cut(&rest, ' ');
    return str_sort_unique(out, n);
}

/* A sealed listing of the people in `text`: "ada bob". */
static struct listing listing(const char *text, struct arena *arena)
{
    struct member *members = arena_array(arena, struct member, 64);
    struct str words[64];
    size_t n = sorted_words(text, words);

    for (size_t i = 0; i < n; i++)
        members[i].id = words[i];
    return (struct listing){STR("g-pro"), LISTING_SEALED, {0}, 1000, members, n};
}

static struct baseline baseline(const char *text, struct arena *arena)
{
    struct accepted *people = arena_array(arena, struct accepted, 64);
    struct str words[64];
    size_t n = sorted_words(text, words);

    for (size_t i = 0; i < n; i++)
        people[i] = (struct accepted){.person = words[i], .owned = true};
    return (struct baseline){STR("g-pro"), true, 500, people, n};
}

static const char *show_members(const struct member *members, size_t n, struct arena *arena)
{
    struct str out = {"", 0};

    for (size_t i = 0; i < n; i++) {
        out = arena_printf(arena, "%.*s%s%.*s", STR_ARG(out), i > 0 ? " " : "",
                           STR_ARG(members[i].id));
    }
    return out.ptr;
}

static void test_only_a_sealed_listing_is_sealed(void **state)
{
    struct listing some = listing("ada", *state);

    assert_true(listing_is_sealed(&some));
    some.state = LISTING_ABSENT;
    assert_false(listing_is_sealed(&some));
    some.state = LISTING_UNKNOWN;
    assert_false(listing_is_sealed(&some));
    assert_false(listing_is_sealed(NULL));
}

static void test_members_are_found_by_their_whole_id(void **state)
{
    struct listing some = listing("ada adam bob", *state);
    struct listing none = listing("", *state);

    assert_ptr_equal(listing_find(&some, STR("adam")), &some.members[1]);
    assert_null(listing_find(&some, STR("ad")));
    assert_null(listing_find(&some, STR("zoe")));
    assert_null(listing_find(&none, STR("ada")));
    assert_int_equal(listing_people(&some, *state).n, 3);
    assert_true(str_is(listing_people(&some, *state).ids[2], "bob"));
}

static void test_sorting_drops_people_listed_twice(void **state)
{
    struct member members[] = {{.id = STR("bob")},
                               {.id = STR("ada"), .login = STR("b")},
                               {.id = STR("bob")},
                               {.id = STR("ada"), .login = STR("a")}};

    assert_int_equal(members_sort_unique(members, ARRAY_LEN(members)), 2);
    assert_string_equal(show_members(members, 2, *state), "ada bob");
    assert_true(str_is(members[0].login, "a"));
    assert_int_equal(members_sort_unique(members, 0), 0);
    assert_int_equal(members_sort_unique(members, 1), 1);
}

/* Whatever ids have in common, and wherever they end. */
static void test_any_ids_sort_as_their_bytes_do(void **state)
{
    static const char *const tails[] = {"",  "a",    "aa",   "aaaaaaaaa", "aaaaaaaab",
                                        "b", "\x01", "\xff", "a"};
    static const char *const heads[] = {"", "6815a436e1-", "aaaaaaaa"};

    for (size_t h = 0; h < ARRAY_LEN(heads); h++) {
        struct member members[ARRAY_LEN(tails)];
        for (size_t i = 0; i < ARRAY_LEN(tails); i++)
            members[i] = (struct member){.id = arena_printf(*state, "%s%s", heads[h], tails[i])};
        size_t n = members_sort_unique(members, ARRAY_LEN(tails));
        assert_int_equal(n, ARRAY_LEN(tails) - 1);
        for (size_t i = 1; i < n; i++)
            assert_true(str_cmp(members[i - 1].id, members[i].id) < 0);
    }
}

static void test_what_was_never_listed_has_no_baseline(void **state)
{
    struct baseline known = baseline("ada bob", *state);

    assert_ptr_equal(baseline_find(&known, STR("bob")), &known.people[1]);
    assert_null(baseline_find(&known, STR("cid")));
    known.exists = false;
    assert_null(baseline_find(&known, STR("bob")));
    assert_false(baseline_owns(&known, STR("bob")));
}

static void test_ours_is_what_is_owned_and_did_not_vanish(void **state)
{
    struct accepted people[] = {
        {STR("ada"), true, false, 0}, {STR("bob"), false, false, 0}, {STR("cid"), true, true, 0}};
    struct baseline known = {STR("g"), true, 0, people, 3};

    (void)state;
    assert_true(baseline_owns(&known, STR("ada")));
    assert_false(baseline_owns(&known, STR("bob")));
    assert_false(baseline_owns(&known, STR("cid")));
    assert_false(baseline_owns(&known, STR("dan")));
}

static void test_a_listing_shrinks_at_three_lost_and_the_percentage(void **state)
{
    const struct {
        const char *before, *now, *removed_by_us;
        int64_t percent;
        bool is_shrunk;
        size_t n_before, lost;
    } rows[] = {
        {"a b c d e f", "a b c d e f", "", 10, false, 6, 0},
        {"a b c d e f", "a b c d", "", 10, false, 6, 2},
        {"a b c d e f", "a b c", "", 10, true, 6, 3},
        {"a b c d e f", "a b c", "", 50, true, 6, 3},
        {"a b c d e f", "a b c", "", 51, false, 6, 3},
        {"a b c d e f", "a b c", "f", 10, false, 6, 2},
        {"a b c d e f", "a b c", "x y z", 10, true, 6, 3},
        {"a b c d e f", "a b c g h i", "", 10, true, 6, 3},
        {"a b", "", "", 10, true, 2, 2},
        {"a b", "", "", 100, true, 2, 2},
        {"a b", "", "a", 10, true, 2, 1},
        {"a b", "", "a b", 10, false, 2, 0},
        {"a b", "c", "", 10, false, 2, 2},
        {"", "", "", 10, false, 0, 0},
        {"", "a b", "", 10, false, 0, 0},
        {"a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5",
         "a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2", "", 10, false, 31, 3},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct baseline before = baseline(rows[i].before, *state);
        struct listing now = listing(rows[i].now, *state);
        struct listing ours = listing(rows[i].removed_by_us, *state);
        struct people removed = listing_people(&ours, *state);
        struct shrink shrink = shrink_check(&before, &now, &removed, rows[i].percent, *state);
        assert_int_equal(shrink.is_shrunk, rows[i].is_shrunk);
        assert_int_equal(shrink.before, rows[i].n_before);
        assert_int_equal(shrink.now, now.n);
        assert_int_equal(shrink.lost, rows[i].lost);
    }
}

static void test_who_is_gone_is_named_and_digested(void **state)
{
    struct baseline before = baseline("ada bob cid dan", *state);
    struct listing now = listing("dan", *state);
    struct people nobody = {0};
    struct shrink shrink = shrink_check(&before, &now, &nobody, 10, *state);

    assert_true(shrink.is_shrunk);
    assert_int_equal(shrink.lost, 3);
    assert_true(str_is(shrink.gone[0], "ada"));
    assert_true(str_is(shrink.gone[2], "cid"));
    assert_int_equal(shrink.digest.len, 64);
    assert_true(str_eq(shrink.digest, shrink_check(&before, &now, &nobody, 10, *state).digest));
    now = listing("ada", *state);
    assert_false(str_eq(shrink.digest, shrink_check(&before, &now, &nobody, 10, *state).digest));
    /* The same people, missed once more after they had been back, are another occasion. */
    now = listing("dan", *state);
    before.accepted_at++;
    assert_false(str_eq(shrink.digest, shrink_check(&before, &now, &nobody, 10, *state).digest));
}

static void test_what_is_not_sealed_is_not_called_shrunken(void **state)
{
    struct baseline before = baseline("ada bob cid dan", *state);
    struct listing now = listing("", *state);
    struct people nobody = {0};

    now.state = LISTING_UNKNOWN;
    assert_false(shrink_check(&before, &now, &nobody, 10, *state).is_shrunk);
    now.state = LISTING_SEALED;
    assert_true(shrink_check(&before, &now, &nobody, 10, *state).is_shrunk);
    before.exists = false;
    assert_false(shrink_check(&before, &now, &nobody, 10, *state).is_shrunk);
}

static void test_whoever_was_seen_gone_before_is_not_lost_again(void **state)
{
    struct accepted people[] = {
        {STR("ada"), true, true, 0}, {STR("bob"), true, false, 0}, {STR("cid"), true, false, 0}};
    struct baseline before = {STR("g-pro"), true, 0, people, 3};
    struct listing now = listing("bob", *state);
    struct people nobody = {0};
    struct shrink shrink = shrink_check(&before, &now, &nobody, 10, *state);

    assert_false(shrink.is_shrunk);
    assert_int_equal(shrink.before, 2);
    assert_int_equal(shrink.lost, 1);
    assert_true(str_is(shrink.gone[0], "cid"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_only_a_sealed_listing_is_sealed),
        TEST(test_members_are_found_by_their_whole_id),
        TEST(test_sorting_drops_people_listed_twice),
        TEST(test_any_ids_sort_as_their_bytes_do),
        TEST(test_what_was_never_listed_has_no_baseline),
        TEST(test_ours_is_what_is_owned_and_did_not_vanish),
        TEST(test_a_listing_shrinks_at_three_lost_and_the_percentage),
        TEST(test_who_is_gone_is_named_and_digested),
        TEST(test_what_is_not_sealed_is_not_called_shrunken),
        TEST(test_whoever_was_seen_gone_before_is_not_lost_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

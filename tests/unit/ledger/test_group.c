#include <time.h>

#include "unit/ledger/fixture.h"

#define GROUP STR("00g1")

static struct listing listing_of(struct fixture *f, const char *ids, int64_t at)
{
    struct str rest = str_of(ids);
    struct member *members = arena_array(&f->arena, struct member, rest.len + 1);
    size_t n = 0;

    while (rest.len > 0)
        members[n++] = (struct member){.id = str_cut(&rest, ' '), .status = USER_ACTIVE};
    return (struct listing){.collection = GROUP,
                            .state = LISTING_SEALED,
                            .at_ms = at,
                            .members = members,
                            .n = members_sort_unique(members, n)};
}

static void accept_at(struct fixture *f, const char *ids, const char *removed, int64_t at)
{
    struct listing listing = listing_of(f, ids, at);
    struct listing gone = listing_of(f, removed, at);
    struct people by_us = listing_people(&gone, &f->arena);

    OK(f, ledger_accept_listing(f->ledger, STR("run-1"), &listing, &by_us, &f->err));
}

static const char *show_baseline(struct fixture *f)
{
    struct baseline baseline;
    struct str out = {0};

    OK(f, ledger_load_baseline(f->ledger, GROUP, &f->arena, &baseline, &f->err));
    out = arena_printf(&f->arena, "%s", baseline.exists ? "" : "none");
    if (baseline.exists)
        out = arena_printf(&f->arena, "@%lld", (long long)(baseline.accepted_at - NOW));
    for (size_t i = 0; i < baseline.n; i++) {
        out = arena_printf(&f->arena, "%.*s %.*s%s%s", STR_ARG(out),
                           STR_ARG(baseline.people[i].person), baseline.people[i].owned ? "+" : "",
                           baseline.people[i].taken_out ? "!" : "");
    }
    return out.ptr;
}

static void own(struct fixture *f, const char *person)
{
    struct adoption row = {.person = str_of(person),
                           .entitlement = STR("kiro"),
                           .plan = STR("pro"),
                           .group = GROUP,
                           .from_ms = NOW,
                           .until_ms = NOW + 900 * TIME_DAY};

    see(f, person, "x@example.com", USER_ACTIVE);
    OK(f, ledger_adopt(f->ledger, &admin, &row, 1, &f->err));
}

static void test_a_first_listing_is_taken_as_it_is(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(show_baseline(f), "none");
    accept_at(f, "c a b", "", NOW);
    assert_string_equal(show_baseline(f), "@0 a b c");
    accept_at(f, "", "a b c", NOW + 1);
    assert_string_equal(show_baseline(f), "@1");
}

static void test_who_vanished_is_taken_out_until_back_or_given_back(void **state)
{
    struct fixture *f = *state;
    int64_t later = NOW + TIME_HOUR;

    own(f, "a");
    own(f, "b");
    accept_at(f, "a b c d", "", NOW);
    assert_string_equal(show_baseline(f), "@0 a+ b+ c d");
    accept_at(f, "d", "b", later); /* b by us, a and c by other hands */
    assert_string_equal(show_baseline(f), "@3600000 a+! c! d");
    accept_at(f, "d", "", later + 1);
    assert_string_equal(show_baseline(f), "@3600001 a+! c! d");
    accept_at(f, "a d", "", later + 2); /* a is back: ownership was kept */
    assert_string_equal(show_baseline(f), "@3600002 a c! d");
    int64_t rows = audit_rows(f);
    OK(f, ledger_give_back(f->ledger, &admin, GROUP, STR("c"), &f->err));
    OK(f, ledger_give_back(f->ledger, &admin, GROUP, STR("c"), &f->err));
    OK(f, ledger_give_back(f->ledger, &admin, GROUP, STR("d"), &f->err)); /* was never out */
    assert_string_equal(show_baseline(f), "@3600002 a d");
    assert_string_equal(show_audit(f, rows), "member.given_back 00g1");
}

static void test_our_own_removal_forgets_who_was_taken_out(void **state)
{
    struct fixture *f = *state;

    accept_at(f, "a", "", NOW);
    accept_at(f, "", "", NOW + 1);
    assert_string_equal(show_baseline(f), "@1 a!");
    accept_at(f, "", "a", NOW + 2);
    assert_string_equal(show_baseline(f), "@2");
}

static void test_a_listing_that_lags_behind_our_own_writes_takes_nobody_out(void **state)
{
    struct fixture *f = *state;

    own(f, "a"); /* now; the listing was asked for before, or just after */
    accept_at(f, "z", "", NOW - 5000);
    assert_string_equal(show_baseline(f), "@-5000 a+ z");
    accept_at(f, "z", "", NOW + 59999);
    assert_string_equal(show_baseline(f), "@59999 a+ z");
    accept_at(f, "z", "", NOW + 60000);
    assert_string_equal(show_baseline(f), "@60000 a+! z");
    accept_at(f, "b z", "b", NOW + 60001); /* b was just removed and is shown still */
    assert_string_equal(show_baseline(f), "@60001 a+! z");
}

static void test_an_older_listing_changes_nothing_and_an_unsealed_one_is_refused(void **state)
{
    struct fixture *f = *state;
    struct listing listing = listing_of(f, "a", NOW + 9);

    accept_at(f, "a b", "", NOW + 5);
    accept_at(f, "a", "", NOW + 4);
    assert_string_equal(show_baseline(f), "@5 a b");
    listing.state = LISTING_UNKNOWN;
    FAILS(f, ledger_accept_listing(f->ledger, STR("r"), &listing, NULL, &f->err), ERR_INTERNAL,
          "only a sealed listing");
    listing.state = LISTING_ABSENT;
    FAILS(f, ledger_accept_listing(f->ledger, STR("r"), &listing, NULL, &f->err), ERR_INTERNAL,
          "only a sealed listing");
}

static struct listing many_members(struct fixture *f, size_t n, int64_t at)
{
    struct member *members = arena_array(&f->arena, struct member, n);

    for (size_t i = 0; i < n; i++)
        members[i].id = arena_printf(&f->arena, "00u%06zu", i);
    return (struct listing){
        .collection = GROUP, .state = LISTING_SEALED, .at_ms = at, .members = members, .n = n};
}

static void test_accepting_writes_only_the_rows_that_differ(void **state)
{
    struct fixture *f = *state;
    struct listing listing = many_members(f, 1000, NOW);

    OK(f, ledger_accept_listing(f->ledger, STR("r1"), &listing, NULL, &f->err));
    raw_exec(f->path, "CREATE TABLE written (x);"
                      "CREATE TRIGGER t1 AFTER UPDATE ON membership BEGIN INSERT INTO written"
                      " VALUES (1); END;"
                      "CREATE TRIGGER t2 AFTER INSERT ON membership BEGIN INSERT INTO written"
                      " VALUES (1); END;"
                      "CREATE TRIGGER t3 AFTER DELETE ON membership BEGIN INSERT INTO written"
                      " VALUES (1); END;");
    listing.at_ms++;
    OK(f, ledger_accept_listing(f->ledger, STR("r2"), &listing, NULL, &f->err));
    assert_string_equal(raw_text(f, "SELECT count(*) FROM written"), "0");
    listing.at_ms++;
    listing.members++;
    listing.n -= 1;
    OK(f, ledger_accept_listing(f->ledger, STR("r3"), &listing, NULL, &f->err));
    assert_string_equal(raw_text(f, "SELECT count(*) FROM written"), "1");
    assert_string_equal(raw_text(f, "SELECT run_id FROM baseline"), "r3");
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_a_hundred_thousand_members_take_seconds(void **state)
{
    struct fixture *f = *state;
    struct listing listing = many_members(f, 100000, NOW);
    struct baseline baseline;
    double from = seconds();

    OK(f, ledger_accept_listing(f->ledger, STR("r1"), &listing, NULL, &f->err));
    listing.at_ms++;
    OK(f, ledger_accept_listing(f->ledger, STR("r2"), &listing, NULL, &f->err));
    OK(f, ledger_load_baseline(f->ledger, GROUP, &f->arena, &baseline, &f->err));
    assert_int_equal(baseline.n, 100000);
    assert_true(seconds() - from < 60.0); /* sanitized and beside others; 1 s otherwise */
}

/* ---- pins ---- */

static void pin(struct fixture *f, enum pin_role role, const char *plan, const char *id)
{
    struct group_pin row = {.role = role,
                            .entitlement = role == PIN_NAMED ? STR("") : STR("kiro"),
                            .plan = str_of(plan),
                            .ref = STR("ref"),
                            .group_id = str_of(id),
                            .group_name = STR("it's")};

    OK(f, ledger_pin_group(f->ledger, &admin, &row, &f->err));
}

static const char *show_pins(struct fixture *f)
{
    const struct group_pin *items;
    struct str out = {0};
    size_t n;

    OK(f, ledger_load_pins(f->ledger, &f->arena, &items, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        out = arena_printf(&f->arena, "%.*s%s%d %.*s/%.*s %.*s=%.*s@%lld", STR_ARG(out),
                           i ? "; " : "", items[i].role, STR_ARG(items[i].entitlement),
                           STR_ARG(items[i].plan), STR_ARG(items[i].ref),
                           STR_ARG(items[i].group_id), (long long)(items[i].pinned_at - NOW));
    }
    return out.ptr ? out.ptr : "";
}

static void test_groups_are_pinned_once_and_replaced_with_a_trace(void **state)
{
    struct fixture *f = *state;
    const struct audit_row *rows;
    size_t n;

    pin(f, PIN_PLAN, "pro", "00g1");
    pin(f, PIN_PLAN, "max", "00g2");
    pin(f, PIN_ASSIGNMENT, "", "00g3");
    pin(f, PIN_NAMED, "", "00g4");
    fake_clock_pass(&f->fake, 7);
    pin(f, PIN_PLAN, "pro", "00g1");
    assert_string_equal(show_pins(f), "0 kiro/max ref=00g2@0; 0 kiro/pro ref=00g1@0; "
                                      "1 kiro/ ref=00g3@0; 2 / ref=00g4@0");
    assert_int_equal(audit_rows(f), 4);
    pin(f, PIN_PLAN, "pro", "00g9");
    assert_string_equal(show_pins(f), "0 kiro/max ref=00g2@0; 0 kiro/pro ref=00g9@7; "
                                      "1 kiro/ ref=00g3@0; 2 / ref=00g4@0");
    OK(f, ledger_audit_list(f->ledger, &(struct audit_filter){.after_seq = 4}, &f->arena, &rows, &n,
                            &f->err));
    assert_true(str_is(rows[0].detail, "{\"role\":\"plan\",\"entitlement\":\"kiro\",\"plan\":"
                                       "\"pro\",\"ref\":\"ref\",\"group\":\"00g9\",\"name\":"
                                       "\"it's\",\"before\":\"00g1\"}"));
}

static void test_more_pins_than_a_page_are_all_loaded(void **state)
{
    struct fixture *f = *state;
    const struct group_pin *items;
    size_t n;

    for (int i = 0; i < 520; i++)
        pin(f, PIN_PLAN, arena_printf(&f->arena, "p%d", i).ptr, "00g1");
    OK(f, ledger_load_pins(f->ledger, &f->arena, &items, &n, &f->err));
    assert_int_equal(n, 520);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXED(test_a_first_listing_is_taken_as_it_is),
        FIXED(test_who_vanished_is_taken_out_until_back_or_given_back),
        FIXED(test_our_own_removal_forgets_who_was_taken_out),
        FIXED(test_a_listing_that_lags_behind_our_own_writes_takes_nobody_out),
        FIXED(test_an_older_listing_changes_nothing_and_an_unsealed_one_is_refused),
        FIXED(test_accepting_writes_only_the_rows_that_differ),
        FIXED(test_a_hundred_thousand_members_take_seconds),
        FIXED(test_groups_are_pinned_once_and_replaced_with_a_trace),
        FIXED(test_more_pins_than_a_page_are_all_loaded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit/ledger/fixture.h"

static void write_rows(struct fixture *f, int n)
{
    for (int i = 0; i < n; i++) {
        struct str value = arena_printf(&f->arena, "%d", i);
        OK(f, ledger_meta_set(f->ledger, &admin, "k", value, &f->err));
        fake_clock_pass(&f->fake, 1000);
    }
}

static const char *verify(struct fixture *f, const char *heads)
{
    struct audit_check check;

    OK(f, ledger_audit_verify(f->ledger, str_of(heads), &f->arena, &check, &f->err));
    return arena_printf(&f->arena, "%s rows=%lld bad=%lld anchored=%lld %.*s",
                        check.intact ? "intact" : "BROKEN", (long long)check.rows,
                        (long long)check.bad_seq, (long long)check.anchored_seq, STR_ARG(check.why))
        .ptr;
}

static struct str head_of(struct fixture *f)
{
    struct str head;

    OK(f, ledger_audit_head(f->ledger, &f->arena, &head, &f->err));
    return head;
}

static void test_an_empty_trail_is_intact_and_has_no_head(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(verify(f, ""), "intact rows=0 bad=0 anchored=0 ");
    assert_int_equal(head_of(f).len, 0);
}

static void test_a_row_says_who_what_and_under_which_settings(void **state)
{
    struct fixture *f = *state;
    const struct audit_row *rows;
    size_t n;

    write_rows(f, 1);
    OK(f, ledger_audit_list(f->ledger, &(struct audit_filter){0}, &f->arena, &rows, &n, &f->err));
    assert_int_equal(n, 1);
    assert_string_equal(arena_printf(&f->arena, "%lld %lld %.*s %.*s %.*s %.*s %.*s %.*s",
                                     (long long)rows[0].seq, (long long)rows[0].at,
                                     STR_ARG(rows[0].who), STR_ARG(rows[0].door),
                                     STR_ARG(rows[0].what), STR_ARG(rows[0].subject),
                                     STR_ARG(rows[0].detail), STR_ARG(rows[0].settings_digest))
                            .ptr,
                        "1 1777885960000 os:1000 cli meta.changed k {\"value\":\"0\"} "
                        "digest-of-settings");
    assert_int_equal(rows[0].prev.len, 0);
    assert_int_equal(rows[0].hash.len, 64);
}

static void test_a_long_trail_verifies_page_by_page(void **state)
{
    struct fixture *f = *state;

    write_rows(f, 1001);
    assert_string_equal(verify(f, ""), "intact rows=1001 bad=0 anchored=0 ");
}

static void test_heads_say_up_to_where_it_is_proved(void **state)
{
    struct fixture *f = *state;
    struct str heads;

    write_rows(f, 3);
    heads = head_of(f);
    write_rows(f, 2);
    heads = arena_printf(&f->arena, "%.*s\r\n\n  %.*s  \n", STR_ARG(head_of(f)), STR_ARG(heads));
    assert_string_equal(verify(f, heads.ptr), "intact rows=5 bad=0 anchored=5 ");
    write_rows(f, 4);
    assert_string_equal(verify(f, heads.ptr), "intact rows=9 bad=0 anchored=5 ");
}

static void test_an_earlier_head_notices_a_trail_written_anew(void **state)
{
    struct fixture *f = *state;
    struct str head;

    write_rows(f, 3);
    head = head_of(f);
    raw_exec(f->path, "DROP TRIGGER audit_is_never_deleted; DELETE FROM audit WHERE seq > 1");
    assert_string_equal(verify(f, ""), "intact rows=1 bad=0 anchored=0 ");
    assert_string_equal(
        verify(f, head.ptr),
        "BROKEN rows=1 bad=2 anchored=0 the trail ends at row 1, an earlier head is of 3");
    write_rows(f, 2);
    fake_clock_pass(&f->fake, 5);
    assert_string_equal(verify(f, ""), "intact rows=3 bad=0 anchored=0 ");
    assert_string_equal(verify(f, head.ptr),
                        "BROKEN rows=2 bad=3 anchored=0 an earlier head says otherwise");
}

static void test_heads_that_are_none_are_a_fault_of_the_file(void **state)
{
    static const char *const cases[] = {
        "1",
        "x abc",
        "0 aa",
        "-1 aa",
        "1 zz",
        "1 ",
        "1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ("99999999999999999999 "
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    };
    struct fixture *f = *state;
    struct audit_check check;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str heads = arena_printf(&f->arena, "\n%s\n", cases[i]);
        FAILS(f, ledger_audit_verify(f->ledger, heads, &f->arena, &check, &f->err), ERR_USAGE,
              "heads: line 2: expected `seq hash`");
    }
}

static void test_the_table_itself_refuses_edits(void **state)
{
    static const char *const edits[] = {"UPDATE audit SET who = 'nobody'", "DELETE FROM audit"};
    struct fixture *f = *state;

    write_rows(f, 2);
    for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
        sqlite3 *db = NULL;
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, edits[i], NULL, NULL, NULL), SQLITE_CONSTRAINT);
        sqlite3_close(db);
    }
    assert_string_equal(verify(f, ""), "intact rows=2 bad=0 anchored=0 ");
}

static size_t count(struct fixture *f, struct audit_filter filter)
{
    const struct audit_row *rows;
    size_t n;

    OK(f, ledger_audit_list(f->ledger, &filter, &f->arena, &rows, &n, &f->err));
    return n;
}

static void test_filters_find_by_person_request_time_and_page(void **state)
{
    struct fixture *f = *state;

    write_rows(f, 2); /* at NOW and NOW + 1000 */
    see(f, "00u1", "Ada.L%x@example.com", USER_ACTIVE);
    see(f, "00u2", "bob@example.com", USER_ACTIVE);
    (void)granted(f, "00u1", "ada.l%x@example.com"); /* 4 rows, the first knows no person yet */

    assert_int_equal(count(f, (struct audit_filter){0}), 6);
    assert_int_equal(count(f, (struct audit_filter){.who = STR("os:1000")}), 6);
    assert_int_equal(count(f, (struct audit_filter){.who = STR("00u1")}), 3);
    assert_int_equal(count(f, (struct audit_filter){.who = STR("ADA.L%")}), 3);
    assert_int_equal(count(f, (struct audit_filter){.who = STR("a%a")}), 0); /* no wildcard */
    assert_int_equal(count(f, (struct audit_filter){.who = STR("a_a")}), 0);
    assert_int_equal(count(f, (struct audit_filter){.who = STR("bob")}), 0);
    assert_int_equal(count(f, (struct audit_filter){.subject = STR("R1")}), 4);
    assert_int_equal(count(f, (struct audit_filter){.since_ms = NOW + 1000}), 5);
    assert_int_equal(count(f, (struct audit_filter){.until_ms = NOW + 1000}), 1);
    assert_int_equal(count(f, (struct audit_filter){.limit = 2}), 2);
    assert_int_equal(count(f, (struct audit_filter){.after_seq = 4}), 2);
}

static void test_a_list_may_be_longer_than_a_page(void **state)
{
    struct fixture *f = *state;

    write_rows(f, 720);
    assert_int_equal(count(f, (struct audit_filter){0}), 500);
    assert_int_equal(count(f, (struct audit_filter){.limit = 10000}), 720);
    assert_int_equal(count(f, (struct audit_filter){.limit = 600}), 600);
    assert_int_equal(count(f, (struct audit_filter){.after_seq = 500}), 220);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXED(test_an_empty_trail_is_intact_and_has_no_head),
        FIXED(test_a_row_says_who_what_and_under_which_settings),
        FIXED(test_a_long_trail_verifies_page_by_page),
        FIXED(test_heads_say_up_to_where_it_is_proved),
        FIXED(test_an_earlier_head_notices_a_trail_written_anew),
        FIXED(test_heads_that_are_none_are_a_fault_of_the_file),
        FIXED(test_the_table_itself_refuses_edits),
        FIXED(test_filters_find_by_person_request_time_and_page),
        FIXED(test_a_list_may_be_longer_than_a_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

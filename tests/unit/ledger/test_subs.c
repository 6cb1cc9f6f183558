#include "base/rng.h"
#include "ledger/ledger_subs.h"
#include "unit/ledger/fixture.h"

#define ONE STR("d-1234567890")
#define TWO STR("d-fedcba9876")

static struct subs_row row_of(const char *user, const char *raw, const char *status, int64_t since)
{
    return (struct subs_row){.user = str_of(user),
                             .raw = str_of(raw),
                             .status = str_of(status),
                             .since = since,
                             .seen_at = NOW};
}

static void store_at(struct fixture *f, struct str store, const struct subs_row *rows, size_t n,
                     int64_t at)
{
    OK(f, ledger_store_subs(f->ledger, store, rows, n, at, &f->err));
}

/* `accepted: user/raw status since seen; ...`, times after NOW. */
static const char *stored(struct fixture *f, struct str store)
{
    struct subs_memory memory;
    struct str out;

    OK(f, ledger_load_subs(f->ledger, store, &f->arena, &memory, &f->err));
    out = arena_printf(&f->arena,
                       "%lld:", (long long)(memory.accepted_at ? memory.accepted_at - NOW : -1));
    for (size_t i = 0; i < memory.n; i++) {
        const struct subs_row *row = &memory.rows[i];
        out = arena_printf(&f->arena, "%.*s %.*s/%.*s %.*s %lld %lld;", STR_ARG(out),
                           STR_ARG(row->user), STR_ARG(row->raw), STR_ARG(row->status),
                           (long long)(row->since - NOW), (long long)(row->seen_at - NOW));
    }
    return out.ptr;
}

static void test_a_listing_reads_back_as_it_was_stored(void **state)
{
    struct fixture *f = *state;
    const struct subs_row rows[] = {
        row_of("u2", "KIRO \xE6\x9D\xB1", "pending", NOW - 3),
        row_of("u1", "PRO", "active", NOW - 5),
        row_of("u1", "MAX", "canceled", NOW - 7),
    };

    assert_string_equal(stored(f, ONE), "-1:");
    store_at(f, ONE, rows, 3, NOW + 9);
    assert_string_equal(stored(f, ONE), "9: u1/MAX canceled -7 0; u1/PRO active -5 0;"
                                        " u2/KIRO \xE6\x9D\xB1 pending -3 0;");
}

static void test_what_is_not_told_is_now(void **state)
{
    struct fixture *f = *state;
    struct subs_row row = row_of("u1", "PRO", "active", 0);

    row.seen_at = 0;
    store_at(f, ONE, &row, 1, NOW + 9);
    assert_string_equal(stored(f, ONE), "9: u1/PRO active 9 9;");
}

static void test_since_stays_until_status_or_plan_changes(void **state)
{
    static const struct {
        const char *name, *raw, *status;
        int64_t since;
        const char *expected;
    } cases[] = {
        {"as before, and the remote says nothing", "PRO", "pending", 0, "u1/PRO pending -9 50;"},
        {"as before, and the remote says otherwise", "PRO", "pending", NOW + 1,
         "u1/PRO pending -9 50;"},
        {"another status, told since when", "PRO", "active", NOW + 20, "u1/PRO active 20 50;"},
        {"another status, not told", "PRO", "active", 0, "u1/PRO active 60 50;"},
        {"another plan, told", "MAX", "pending", NOW + 20, "u1/MAX pending 20 50;"},
        {"another plan, not told", "MAX", "pending", 0, "u1/MAX pending 60 50;"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct subs_row row = row_of("u1", "PRO", "pending", NOW - 9);
        store_at(f, ONE, NULL, 0, NOW);
        store_at(f, ONE, &row, 1, NOW);
        row = row_of("u1", cases[i].raw, cases[i].status, cases[i].since);
        row.seen_at = NOW + 50;
        store_at(f, ONE, &row, 1, NOW + 60);
        const char *expected = arena_printf(&f->arena, "60: %s", cases[i].expected).ptr;
        if (strcmp(stored(f, ONE), expected) != 0)
            fail_msg("%s: %s", cases[i].name, stored(f, ONE));
    }
}

static void test_a_row_that_was_gone_begins_anew(void **state)
{
    struct fixture *f = *state;
    const struct subs_row row = row_of("u1", "PRO", "active", 0);

    store_at(f, ONE, &row, 1, NOW);
    store_at(f, ONE, NULL, 0, NOW + 5);
    assert_string_equal(stored(f, ONE), "5:"); /* an empty listing was believed */
    store_at(f, ONE, &row, 1, NOW + 9);
    assert_string_equal(stored(f, ONE), "9: u1/PRO active 9 0;");
}

static void test_rows_that_are_not_named_are_gone(void **state)
{
    struct fixture *f = *state;
    const struct subs_row rows[] = {
        row_of("u1", "PRO", "active", NOW), row_of("u2", "MAX", "active", NOW),
        row_of("u2", "PRO", "active", NOW), row_of("u4", "PRO", "active", NOW)};
    const struct subs_row later[] = {row_of("u2", "PRO", "active", 0),
                                     row_of("u3", "PRO", "active", NOW),
                                     row_of("u5", "PRO", "pending", NOW)};

    store_at(f, ONE, rows, 4, NOW);
    store_at(f, ONE, later, 3, NOW + 5);
    assert_string_equal(stored(f, ONE),
                        "5: u2/PRO active 0 0; u3/PRO active 0 0; u5/PRO pending 0 0;");
}

static void test_two_stores_have_nothing_to_do_with_each_other(void **state)
{
    struct fixture *f = *state;
    const struct subs_row one = row_of("u1", "PRO", "active", NOW);
    const struct subs_row two = row_of("u1", "PRO", "pending", NOW - 1);

    store_at(f, ONE, &one, 1, NOW);
    assert_string_equal(stored(f, TWO), "-1:");
    store_at(f, TWO, &two, 1, NOW + 5);
    assert_string_equal(stored(f, ONE), "0: u1/PRO active 0 0;");
    assert_string_equal(stored(f, TWO), "5: u1/PRO pending -1 0;");
    store_at(f, TWO, NULL, 0, NOW + 6);
    assert_string_equal(stored(f, ONE), "0: u1/PRO active 0 0;");
    assert_string_equal(stored(f, TWO), "6:");
}

/* Who cancelled a seat and took it again in the same month has two rows; so may a listing whose
 * pages moved. */
static void test_of_two_rows_of_one_user_and_plan_the_better_one_is_kept(void **state)
{
    static const char *const words[] = {"active", "pending", "canceled"};
    struct fixture *f = *state;

    for (size_t a = 0; a < 3; a++) {
        for (size_t b = 0; b < 3; b++) {
            const struct subs_row rows[] = {row_of("u1", "PRO", words[a], NOW),
                                            row_of("u1", "PRO", words[b], NOW)};
            const char *expected =
                arena_printf(&f->arena, "0: u1/PRO %s 0 0;", words[a < b ? a : b]).ptr;
            store_at(f, ONE, NULL, 0, NOW);
            store_at(f, ONE, rows, 2, NOW);
            assert_string_equal(stored(f, ONE), expected);
            store_at(f, ONE, rows, 2, NOW); /* and again over what is there */
            assert_string_equal(stored(f, ONE), expected);
        }
    }
}

static void test_a_listing_with_a_strange_word_changes_nothing(void **state)
{
    struct fixture *f = *state;
    const struct subs_row one = row_of("u1", "PRO", "active", NOW);
    const struct subs_row odd[] = {row_of("u2", "PRO", "active", NOW),
                                   row_of("u3", "PRO", "ACTIVE", NOW)};

    store_at(f, ONE, &one, 1, NOW);
    FAILS(f, ledger_store_subs(f->ledger, ONE, odd, 2, NOW + 5, &f->err), ERR_LEDGER,
          "storing subscriptions");
    assert_string_equal(stored(f, ONE), "0: u1/PRO active 0 0;");
}

static void test_a_strange_word_in_the_ledger_is_told(void **state)
{
    struct fixture *f = *state;
    const struct subs_row one = row_of("u1", "PRO", "active", NOW);
    struct subs_memory memory;

    store_at(f, ONE, &one, 1, NOW);
    raw_exec(f->path, "PRAGMA ignore_check_constraints = 1;"
                      "UPDATE subscription SET status = 'free'");
    FAILS(f, ledger_load_subs(f->ledger, ONE, &f->arena, &memory, &f->err), ERR_LEDGER,
          "subscription.status");
}

/* ---- any listing after any other, and more than a page of rows ---- */

#define USERS 900

static size_t any_listing(struct fixture *f, struct rng *rng, struct subs_row *rows, int64_t at)
{
    static const char *const words[] = {"active", "pending", "canceled"};
    size_t n = 0;

    for (int user = 0; user < USERS; user++) {
        if (rng_below(rng, 4) == 0)
            continue;
        rows[n] =
            row_of(arena_printf(&f->arena, "u%d", user).ptr, rng_below(rng, 3) ? "PRO" : "MAX",
                   words[rng_below(rng, 3)], rng_below(rng, 2) ? at - 500 : 0);
        rows[n++].seen_at = at;
    }
    for (size_t i = n; i > 1; i--) { /* in no order */
        size_t j = (size_t)rng_below(rng, i);
        struct subs_row row = rows[i - 1];
        rows[i - 1] = rows[j];
        rows[j] = row;
    }
    return n;
}

static const struct subs_row *find(const struct subs_row *rows, size_t n,
                                   const struct subs_row *like)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(rows[i].user, like->user) && str_eq(rows[i].raw, like->raw))
            return &rows[i];
    }
    return NULL;
}

static void check_memory(const struct subs_memory *before, const struct subs_row *rows, size_t n,
                         const struct subs_memory *after, int64_t at)
{
    assert_int_equal(after->n, n);
    assert_int_equal(after->accepted_at, at);
    for (size_t i = 0; i < n; i++) {
        const struct subs_row *is = &after->rows[i];
        const struct subs_row *given = find(rows, n, is);
        const struct subs_row *was = find(before->rows, before->n, is);
        assert_non_null(given);
        assert_true(str_eq(is->status, given->status));
        assert_int_equal(is->seen_at, at);
        assert_int_equal(is->since, was && str_eq(was->status, is->status) ? was->since
                                    : given->since                         ? given->since
                                                                           : at);
        assert_true(i == 0 || str_cmp(is[-1].user, is->user) < 0);
    }
}

static void test_any_listing_may_follow_any_other(void **state)
{
    struct fixture *f = *state;
    static struct subs_row rows[USERS];
    struct subs_memory before = {0};

    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct rng rng = rng_seed(seed);
        struct subs_memory after;
        int64_t at = NOW + (int64_t)seed * 1000;
        size_t n = any_listing(f, &rng, rows, at);
        store_at(f, ONE, rows, n, at);
        OK(f, ledger_load_subs(f->ledger, ONE, &f->arena, &after, &f->err));
        check_memory(&before, rows, n, &after, at);
        before = after;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXED(test_a_listing_reads_back_as_it_was_stored),
        FIXED(test_what_is_not_told_is_now),
        FIXED(test_since_stays_until_status_or_plan_changes),
        FIXED(test_a_row_that_was_gone_begins_anew),
        FIXED(test_rows_that_are_not_named_are_gone),
        FIXED(test_two_stores_have_nothing_to_do_with_each_other),
        FIXED(test_of_two_rows_of_one_user_and_plan_the_better_one_is_kept),
        FIXED(test_a_listing_with_a_strange_word_changes_nothing),
        FIXED(test_a_strange_word_in_the_ledger_is_told),
        FIXED(test_any_listing_may_follow_any_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

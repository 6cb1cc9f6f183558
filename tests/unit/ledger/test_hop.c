#include "base/rng.h"
#include "ledger/ledger_hop.h"
#include "unit/ledger/fixture.h"

/* ---- seats ---- */

static struct hop_row blank(const char *person, const char *entitlement, const char *plan)
{
    struct hop_row row = {.person = str_of(person),
                          .entitlement = str_of(entitlement),
                          .plan = str_of(plan),
                          .desired = true,
                          .seen_at = NOW};

    for (int hop = 0; hop < HOP_COUNT; hop++) {
        row.states[hop] = (struct hop_state){.hop = (enum hop)hop, .state = HOP_NOT_APPLICABLE};
        row.memory[hop].state = HOP_NOT_APPLICABLE;
    }
    return row;
}

static const char *show_hop(struct fixture *f, const struct hop_state *hop,
                            const struct hop_memory *memory)
{
    if (hop->state == HOP_NOT_APPLICABLE && memory->state == HOP_NOT_APPLICABLE)
        return "-";
    return arena_printf(&f->arena, "%s %lld %lld %s [%.*s|%.*s] %d %lld %lld (%s %lld)",
                        hop_word_name(hop->state), (long long)hop->since_ms,
                        (long long)hop->deadline_ms, hop_cause_name(hop->why), STR_ARG(hop->cause),
                        STR_ARG(hop->remedy), hop->overdue, (long long)hop->usual_ms,
                        (long long)hop->at_most_ms, hop_word_name(memory->state),
                        (long long)memory->since_ms)
        .ptr;
}

static const char *show_row(struct fixture *f, const struct hop_row *row)
{
    struct str out = arena_printf(&f->arena, "%.*s/%.*s/%.*s %d %lld:", STR_ARG(row->entitlement),
                                  STR_ARG(row->person), STR_ARG(row->plan), row->desired,
                                  (long long)(row->seen_at - NOW));

    for (int hop = 0; hop < HOP_COUNT; hop++) {
        assert_int_equal(row->states[hop].hop, hop);
        out = arena_printf(&f->arena, "%.*s %s;", STR_ARG(out),
                           show_hop(f, &row->states[hop], &row->memory[hop]));
    }
    return out.ptr;
}

static const char *show_rows(struct fixture *f, const struct hop_row *rows, size_t n)
{
    struct str out = {"", 0};

    for (size_t i = 0; i < n; i++)
        out = arena_printf(&f->arena, "%.*s%s\n", STR_ARG(out), show_row(f, &rows[i]));
    return out.ptr;
}

static const char *stored(struct fixture *f)
{
    const struct hop_row *rows;
    size_t n;

    OK(f, ledger_load_hops(f->ledger, &f->arena, &rows, &n, &f->err));
    return show_rows(f, rows, n);
}

static void store(struct fixture *f, const struct hop_row *rows, size_t n)
{
    OK(f, ledger_store_hops(f->ledger, rows, n, NULL, 0, &f->err));
}

static struct hop_row on_its_way(void)
{
    struct hop_row row = blank("00u1", "kiro", "pro");

    row.states[HOP_OKTA].state = row.memory[HOP_OKTA].state = HOP_REACHED;
    row.states[HOP_OKTA].since_ms = row.memory[HOP_OKTA].since_ms = 100;
    row.states[HOP_USER] = (struct hop_state){.hop = HOP_USER,
                                              .state = HOP_LATE,
                                              .since_ms = 100,
                                              .deadline_ms = 700,
                                              .cause = STR("not assigned"),
                                              .remedy = STR("assign"),
                                              .why = HOP_CAUSE_NOT_ASSIGNED,
                                              .usual_ms = 120,
                                              .at_most_ms = 360};
    row.memory[HOP_USER] = (struct hop_memory){HOP_ON_ITS_WAY, 100};
    row.states[HOP_SEAT] =
        (struct hop_state){.hop = HOP_SEAT, .state = HOP_LEAVING, .overdue = true};
    row.memory[HOP_SEAT] = (struct hop_memory){HOP_LEAVING, 0};
    return row;
}

static void test_hops_read_back_as_they_were_stored(void **state)
{
    struct fixture *f = *state;
    struct hop_row row = on_its_way();

    assert_string_equal(stored(f), "");
    store(f, &row, 1);
    assert_string_equal(stored(f),
                        "kiro/00u1/pro 1 0: reached 100 0 none [|] 0 0 0 (reached 100);"
                        " late 100 700 not_assigned [not assigned|assign] 0 120 360"
                        " (on_its_way 100); -; leaving 0 0 none [|] 1 0 0 (leaving 0); -;\n");
}

static void test_the_next_run_takes_the_place_of_the_former_one(void **state)
{
    struct fixture *f = *state;
    struct hop_row row = on_its_way();

    store(f, &row, 1);
    row = blank("00u1", "kiro", "pro");
    row.desired = false;
    row.seen_at = NOW + 5;
    row.states[HOP_OKTA].since_ms = row.memory[HOP_OKTA].since_ms = 900;
    store(f, &row, 1);
    assert_string_equal(stored(f), "kiro/00u1/pro 0 5: -; -; -; -; -;\n");
    assert_string_equal(raw_text(f, "SELECT group_concat(hop || since) FROM seat_hop"), "okta900");
}

static void test_a_seat_without_any_hop_is_a_seat_still(void **state)
{
    struct fixture *f = *state;
    struct hop_row row = blank("00u1", "kiro", "pro");

    store(f, &row, 1);
    assert_string_equal(stored(f), "kiro/00u1/pro 1 0: -; -; -; -; -;\n");
}

static void test_seats_that_are_not_named_stay_and_ended_ones_go(void **state)
{
    struct fixture *f = *state;
    struct hop_row rows[] = {blank("00u2", "kiro", "pro"), blank("00u1", "kiro", "pro"),
                             blank("00u1", "kiro", "max"), blank("00u1", "a", "pro")};

    store(f, rows, 4);
    assert_string_equal(stored(f), "a/00u1/pro 1 0: -; -; -; -; -;\n"
                                   "kiro/00u1/max 1 0: -; -; -; -; -;\n"
                                   "kiro/00u1/pro 1 0: -; -; -; -; -;\n"
                                   "kiro/00u2/pro 1 0: -; -; -; -; -;\n");
    rows[0].desired = false;
    OK(f, ledger_store_hops(f->ledger, rows, 1, &rows[1], 2, &f->err));
    assert_string_equal(stored(f), "a/00u1/pro 1 0: -; -; -; -; -;\n"
                                   "kiro/00u2/pro 0 0: -; -; -; -; -;\n");
    OK(f, ledger_store_hops(f->ledger, NULL, 0, &rows[1], 2, &f->err));
}

static struct hop_row any_row(struct fixture *f, struct rng *rng, size_t i)
{
    static const enum hop_word remembered[] = {HOP_REACHED, HOP_ON_ITS_WAY, HOP_LEAVING,
                                               HOP_NOT_APPLICABLE};
    struct hop_row row = blank(arena_printf(&f->arena, "00u%04zu", i / 3).ptr, "kiro",
                               arena_printf(&f->arena, "plan%zu", i % 3).ptr);

    row.desired = rng_chance(rng, 50);
    for (int hop = 0; hop < HOP_COUNT; hop++) {
        struct hop_state *is = &row.states[hop];

        if (rng_chance(rng, 30))
            continue;
        is->state = (enum hop_word)rng_below(rng, HOP_NOT_APPLICABLE + 1);
        is->why = (enum hop_cause)rng_below(rng, HOP_CAUSE_COUNT);
        is->since_ms = rng_between(rng, 0, 3);
        is->deadline_ms = rng_between(rng, 0, 3);
        is->usual_ms = rng_between(rng, 0, 3);
        is->at_most_ms = rng_between(rng, 0, 3);
        is->overdue = rng_chance(rng, 30);
        is->cause = rng_chance(rng, 50) ? STR("it's \xe9\x81\x85\xe3\x81\x84") : STR("");
        is->remedy = rng_chance(rng, 50) ? STR("`do` \"it\"") : STR("");
        row.memory[hop].state = remembered[rng_below(rng, ARRAY_LEN(remembered))];
        row.memory[hop].since_ms = rng_between(rng, 0, 3);
    }
    return row;
}

static void expect(struct fixture *f, const struct hop_row *rows, size_t n)
{
    const struct hop_row *kept;
    size_t n_kept;

    OK(f, ledger_load_hops(f->ledger, &f->arena, &kept, &n_kept, &f->err));
    assert_int_equal(n_kept, n);
    for (size_t i = 0; i < n; i++) {
        arena_mark_t mark = arena_mark(&f->arena);

        assert_string_equal(show_row(f, &kept[i]), show_row(f, &rows[i]));
        arena_reset(&f->arena, mark);
    }
}

/* Several pages, whose borders fall anywhere in a seat. */
static void test_many_seats_read_back_as_they_were_stored_and_stored_over(void **state)
{
    struct fixture *f = *state;
    struct rng rng = rng_seed(7);
    struct hop_row *rows = arena_array(&f->arena, struct hop_row, 1200);

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 1200; i++)
            rows[i] = any_row(f, &rng, i);
        store(f, rows, 1200);
        expect(f, rows, 1200);
    }
}

static void test_words_that_nobody_wrote_are_refused(void **state)
{
    static const struct {
        const char *sql, *why;
    } cases[] = {
        {"UPDATE seat_hop SET why = 'fate'", "`fate` is no word for seat_hop.why"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE seat_hop SET state = 'lost'",
         "`lost` is no word for seat_hop.state"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE seat_hop SET memory = 'x'",
         "`x` is no word for seat_hop.memory"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE seat_hop SET hop = 'okto'",
         "`okto` is no word for seat_hop.hop"},
    };
    struct fixture *f = *state;
    struct hop_row row = blank("00u1", "kiro", "pro");
    const struct hop_row *rows;
    size_t n;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        store(f, &row, 1);
        raw_exec(f->path, cases[i].sql);
        FAILS(f, ledger_load_hops(f->ledger, &f->arena, &rows, &n, &f->err), ERR_LEDGER,
              cases[i].why);
        raw_exec(f->path, "DELETE FROM seat_hop");
    }
}

/* ---- lag ---- */

static void arrive(struct fixture *f, enum hop hop, bool up, bool broken, int64_t lag_ms,
                   int64_t at)
{
    struct lag_sample sample = {
        .hop = hop, .up = up, .lag_ms = lag_ms, .at_ms = at, .broken = broken};

    OK(f, ledger_add_lags(f->ledger, &sample, 1, &f->err));
}

static const char *learned(struct fixture *f, enum hop hop, bool up)
{
    struct lag lag;
    int64_t newest;

    OK(f, ledger_learned_lag(f->ledger, hop, up, &f->arena, &lag, &newest, &f->err));
    return arena_printf(&f->arena, "%zu: %lld %lld %lld @%lld", lag.n, (long long)lag.median_ms,
                        (long long)lag.p95_ms, (long long)lag.p99_ms, (long long)newest)
        .ptr;
}

static void test_lags_are_learned_by_hop_and_direction(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(learned(f, HOP_USER, true), "0: 0 0 0 @0");
    arrive(f, HOP_USER, true, false, 30, 100);
    arrive(f, HOP_USER, true, false, 10, 101);
    arrive(f, HOP_USER, false, false, 5, 102);
    arrive(f, HOP_PUSHED, true, false, 7, 103);
    assert_string_equal(learned(f, HOP_USER, true), "2: 10 30 30 @101");
    assert_string_equal(learned(f, HOP_USER, false), "1: 5 5 5 @102");
    assert_string_equal(learned(f, HOP_PUSHED, true), "1: 7 7 7 @103");
    assert_string_equal(learned(f, HOP_SEAT, true), "0: 0 0 0 @0");
    OK(f, ledger_add_lags(f->ledger, NULL, 0, &f->err));
}

static void test_nothing_is_learned_from_a_broken_period(void **state)
{
    struct fixture *f = *state;

    arrive(f, HOP_USER, true, false, 30, 100);
    arrive(f, HOP_USER, true, true, 90000, 200);
    assert_string_equal(learned(f, HOP_USER, true), "1: 30 30 30 @200"); /* though it arrived */
}

static void test_the_newest_thousand_lags_count_and_older_ones_go(void **state)
{
    struct fixture *f = *state;
    struct lag_sample *samples = arena_array(&f->arena, struct lag_sample, 1500);

    for (size_t i = 0; i < 1500; i++) {
        samples[i] = (struct lag_sample){
            .hop = HOP_USER, .up = true, .lag_ms = (int64_t)i + 1, .at_ms = 1000 + (int64_t)i / 2};
    }
    OK(f, ledger_add_lags(f->ledger, samples, 1500, &f->err));
    assert_string_equal(learned(f, HOP_USER, true), "1000: 1000 1450 1490 @1749");
    assert_string_equal(raw_text(f, "SELECT count(*) FROM hop_lag"), "1000");
    for (size_t i = 0; i < 1500; i++)
        samples[i].broken = true;
    OK(f, ledger_add_lags(f->ledger, samples, 1500, &f->err));
    assert_string_equal(learned(f, HOP_USER, true), "1000: 1000 1450 1490 @1749");
    assert_string_equal(raw_text(f, "SELECT count(*) FROM hop_lag"), "2000");
    arrive(f, HOP_USER, true, false, 9999, 1); /* late news of long ago is not among the newest */
    assert_string_equal(learned(f, HOP_USER, true), "1000: 1000 1450 1490 @1749");
}

/* ---- users of Identity Center ---- */

#define STORE STR("d-1234567890")

static struct idc_user_row user(const char *id, const char *person)
{
    return (struct idc_user_row){.user = str_of(id),
                                 .person = str_of(person),
                                 .user_name = str_of(id),
                                 .email = STR("x@example.com"),
                                 .external_id = str_of(person),
                                 .issuer = STR("https://scim.aws.com/x"),
                                 .status = STR("enabled")};
}

/* `u1=00u1 u2=` and the conflicts. */
static const char *see_users(struct fixture *f, const struct idc_user_row *rows, size_t n,
                             const char *gone, int64_t now)
{
    struct str gone_user = str_of(gone);
    const struct idc_user_row *kept;
    const struct str *conflicts;
    struct str out = {"", 0};
    size_t n_kept, n_conflicts;

    OK(f, ledger_store_idc_users(f->ledger, STORE, rows, n, &gone_user, gone_user.len > 0, now,
                                 &f->arena, &conflicts, &n_conflicts, &f->err));
    OK(f, ledger_load_idc_users(f->ledger, STORE, &f->arena, &kept, &n_kept, &f->err));
    for (size_t i = 0; i < n_kept; i++) {
        out = arena_printf(&f->arena, "%.*s%s%.*s=%.*s", STR_ARG(out), i > 0 ? " " : "",
                           STR_ARG(kept[i].user), STR_ARG(kept[i].person));
    }
    for (size_t i = 0; i < n_conflicts; i++)
        out = arena_printf(&f->arena, "%.*s !%.*s", STR_ARG(out), STR_ARG(conflicts[i]));
    return out.ptr;
}

static const char *show_user(struct fixture *f, size_t i)
{
    const struct idc_user_row *rows;
    size_t n;

    OK(f, ledger_load_idc_users(f->ledger, STORE, &f->arena, &rows, &n, &f->err));
    assert_true(i < n);
    return arena_printf(&f->arena, "%.*s %.*s %.*s %.*s %.*s %.*s %.*s %lld %lld",
                        STR_ARG(rows[i].user), STR_ARG(rows[i].person), STR_ARG(rows[i].user_name),
                        STR_ARG(rows[i].email), STR_ARG(rows[i].external_id),
                        STR_ARG(rows[i].issuer), STR_ARG(rows[i].status),
                        (long long)rows[i].first_seen, (long long)rows[i].seen_at)
        .ptr;
}

static void test_users_read_back_as_they_were_seen(void **state)
{
    struct fixture *f = *state;
    struct idc_user_row row = user("u1", "00u1");

    assert_string_equal(see_users(f, &row, 1, "", 100), "u1=00u1");
    assert_string_equal(show_user(f, 0), "u1 00u1 u1 x@example.com 00u1 https://scim.aws.com/x "
                                         "enabled 100 100");
    assert_string_equal(see_users(f, &row, 1, "", 200), "u1=00u1"); /* nothing new but the time */
    assert_string_equal(show_user(f, 0), "u1 00u1 u1 x@example.com 00u1 https://scim.aws.com/x "
                                         "enabled 100 200");
    row.email = STR("y@example.com");
    row.status = STR("disabled");
    assert_string_equal(see_users(f, &row, 1, "", 300), "u1=00u1");
    assert_string_equal(show_user(f, 0), "u1 00u1 u1 y@example.com 00u1 https://scim.aws.com/x "
                                         "disabled 100 300");
}

static void test_a_user_goes_only_when_it_is_named(void **state)
{
    struct fixture *f = *state;
    struct idc_user_row rows[] = {user("u2", ""), user("u1", "00u1"), user("u3", "00u3")};

    assert_string_equal(see_users(f, rows, 3, "", 100), "u1=00u1 u2= u3=00u3");
    assert_string_equal(see_users(f, rows, 1, "", 200), "u1=00u1 u2= u3=00u3");
    assert_string_equal(see_users(f, rows, 2, "u3", 300), "u1=00u1 u2=");
    assert_string_equal(see_users(f, NULL, 0, "", 400), "u1=00u1 u2=");
    assert_string_equal(see_users(f, NULL, 0, "u9", 400), "u1=00u1 u2=");
}

static void test_stores_are_kept_apart(void **state)
{
    struct fixture *f = *state;
    struct idc_user_row row = user("u1", "00u1");
    const struct str *conflicts;
    size_t n;

    OK(f, ledger_store_idc_users(f->ledger, STR("d-other"), &row, 1, NULL, 0, 100, &f->arena,
                                 &conflicts, &n, &f->err));
    row.user = STR("u9");
    assert_string_equal(see_users(f, &row, 1, "", 100), "u9=00u1");
    assert_string_equal(raw_text(f, "SELECT count(*) FROM idc_user"), "2");
}

static void test_a_user_is_bound_when_known_and_stays_bound(void **state)
{
    struct fixture *f = *state;
    struct idc_user_row row = user("u1", "");

    assert_string_equal(see_users(f, &row, 1, "", 100), "u1=");
    row.person = STR("00u1");
    assert_string_equal(see_users(f, &row, 1, "", 100), "u1=00u1");
    row.person = STR(""); /* not recognised this time */
    row.email = STR("new@example.com");
    assert_string_equal(see_users(f, &row, 1, "", 100), "u1=00u1");
    assert_non_null(strstr(show_user(f, 0), "new@example.com"));
}

static void test_nobody_is_bound_anew_by_a_change_of_labels(void **state)
{
    struct fixture *f = *state;
    struct idc_user_row before[] = {user("u1", "00u1"), user("u2", "00u2"), user("u3", "")};
    struct idc_user_row other = user("u1", "00u9"), twin = user("u3", "00u1");
    struct idc_user_row swapped[] = {user("u1", "00u2"), user("u2", "00u1"), user("u3", "")};
    struct idc_user_row both[] = {user("u8", "00u8"), user("u9", "00u8")};

    (void)see_users(f, before, 3, "", 100);
    other.email = STR("thief@example.com");
    assert_string_equal(see_users(f, &other, 1, "", 200), "u1=00u1 u2=00u2 u3= !u1");
    assert_null(strstr(show_user(f, 0), "thief"));
    assert_string_equal(see_users(f, &twin, 1, "", 200), "u1=00u1 u2=00u2 u3= !u3");
    assert_string_equal(see_users(f, swapped, 3, "", 200), "u1=00u1 u2=00u2 u3= !u1 !u2");
    assert_string_equal(see_users(f, both, 2, "", 200),
                        "u1=00u1 u2=00u2 u3= u8=00u8 !u9"); /* nor two users to one person */
}

static void test_an_account_made_anew_is_bound_once_the_old_one_is_gone(void **state)
{
    struct fixture *f = *state;
    struct idc_user_row old = user("u1", "00u1"), made_anew = user("u2", "00u1");

    (void)see_users(f, &old, 1, "", 100);
    assert_string_equal(see_users(f, &made_anew, 1, "", 200), "u1=00u1 !u2");
    assert_string_equal(see_users(f, &made_anew, 1, "u1", 300), "u2=00u1");
}

static void test_a_user_that_was_changed_by_other_hands_is_refused(void **state)
{
    static const char *const changes[] = {
        "person_id = '00u9'", "user_name = 'x'", "email = 'x'",
        "external_id = 'x'",  "issuer = 'x'",    "status = 'disabled'",
        "first_seen = 1",     "user_id = 'u7'",  "store_id = 'd-other'",
    };
    struct fixture *f = *state;
    const struct idc_user_row *rows;
    const struct str *conflicts;
    size_t n;

    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct idc_user_row row = user("u1", "00u1");
        struct str store = strstr(changes[i], "d-other") ? STR("d-other") : STORE;

        raw_exec(f->path, "DELETE FROM idc_user");
        (void)see_users(f, &row, 1, "", 100);
        raw_exec(f->path, arena_printf(&f->arena, "UPDATE idc_user SET %s", changes[i]).ptr);
        FAILS(f, ledger_load_idc_users(f->ledger, store, &f->arena, &rows, &n, &f->err), ERR_LEDGER,
              "row digest of user of Identity Center");
        FAILS(f,
              ledger_store_idc_users(f->ledger, store, &row, 1, NULL, 0, 200, &f->arena, &conflicts,
                                     &n, &f->err),
              ERR_LEDGER, "row digest of user of Identity Center");
    }
    raw_exec(f->path, "DELETE FROM idc_user");
    struct idc_user_row row = user("u1", "00u1");
    (void)see_users(f, &row, 1, "", 100);
    raw_exec(f->path, "UPDATE idc_user SET seen_at = 5"); /* decides nothing */
    OK(f, ledger_load_idc_users(f->ledger, STORE, &f->arena, &rows, &n, &f->err));
}

static void test_thousands_of_users_are_stored_and_read_in_pages(void **state)
{
    struct fixture *f = *state;
    struct idc_user_row *rows = arena_array(&f->arena, struct idc_user_row, 2345);
    const struct idc_user_row *kept;
    const struct str *conflicts;
    size_t n, n_conflicts;

    for (size_t i = 0; i < 2345; i++) {
        rows[i] = user(arena_printf(&f->arena, "u%05zu", 2344 - i).ptr,
                       i % 2 ? arena_printf(&f->arena, "00u%zu", i).ptr : "");
    }
    for (int round = 0; round < 2; round++) {
        OK(f, ledger_store_idc_users(f->ledger, STORE, rows, 2345, NULL, 0, NOW + round, &f->arena,
                                     &conflicts, &n_conflicts, &f->err));
        OK(f, ledger_load_idc_users(f->ledger, STORE, &f->arena, &kept, &n, &f->err));
        assert_int_equal(n, 2345);
        assert_int_equal(n_conflicts, 0);
    }
    for (size_t i = 0; i < n; i++) {
        assert_true(str_eq(kept[i].user, rows[n - 1 - i].user));
        assert_true(str_eq(kept[i].person, rows[n - 1 - i].person));
        assert_int_equal(kept[i].first_seen, NOW);
        assert_int_equal(kept[i].seen_at, NOW + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXED(test_hops_read_back_as_they_were_stored),
        FIXED(test_the_next_run_takes_the_place_of_the_former_one),
        FIXED(test_a_seat_without_any_hop_is_a_seat_still),
        FIXED(test_seats_that_are_not_named_stay_and_ended_ones_go),
        FIXED(test_many_seats_read_back_as_they_were_stored_and_stored_over),
        FIXED(test_words_that_nobody_wrote_are_refused),
        FIXED(test_lags_are_learned_by_hop_and_direction),
        FIXED(test_nothing_is_learned_from_a_broken_period),
        FIXED(test_the_newest_thousand_lags_count_and_older_ones_go),
        FIXED(test_users_read_back_as_they_were_seen),
        FIXED(test_a_user_goes_only_when_it_is_named),
        FIXED(test_stores_are_kept_apart),
        FIXED(test_a_user_is_bound_when_known_and_stays_bound),
        FIXED(test_nobody_is_bound_anew_by_a_change_of_labels),
        FIXED(test_an_account_made_anew_is_bound_once_the_old_one_is_gone),
        FIXED(test_a_user_that_was_changed_by_other_hands_is_refused),
        FIXED(test_thousands_of_users_are_stored_and_read_in_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

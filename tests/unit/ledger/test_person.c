#include "unit/ledger/fixture.h"

/* ---- seeing ---- */

/* `STATUS inactive=since..last gone=since..last`, times after NOW in hours. */
static const char *show_person(struct fixture *f, const char *id)
{
    struct person_row row = person_of(f, id);
    const int64_t times[] = {row.inactive_since, row.inactive_last, row.gone_since, row.gone_last};
    char text[4][24];

    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(text[i], sizeof(text[i]), times[i] ? "%lld" : "-",
                       (long long)((times[i] - NOW) / TIME_HOUR));
    }
    return arena_printf(&f->arena, "%s inactive=%s..%s gone=%s..%s",
                        user_status_name(row.person.status), text[0], text[1], text[2], text[3])
        .ptr;
}

static void test_times_of_inactive_and_gone_sights_are_kept_until_seen_active(void **state)
{
    static const struct {
        enum user_status status;
        const char *then;
    } sights[] = {
        /* one an hour */
        {USER_ACTIVE, "ACTIVE inactive=-..- gone=-..-"},
        {USER_SUSPENDED, "SUSPENDED inactive=1..1 gone=-..-"},
        {USER_UNKNOWN, "SUSPENDED inactive=1..1 gone=-..-"},
        {USER_SUSPENDED, "SUSPENDED inactive=1..3 gone=-..-"},
        {USER_DEPROVISIONED, "DEPROVISIONED inactive=4..4 gone=-..-"},
        {USER_DEPROVISIONED, "DEPROVISIONED inactive=4..5 gone=-..-"},
        {USER_GONE, "GONE inactive=4..5 gone=6..6"},
        {USER_UNKNOWN, "GONE inactive=4..5 gone=6..6"},
        {USER_GONE, "GONE inactive=4..5 gone=6..8"},
        {USER_DEPROVISIONED, "DEPROVISIONED inactive=4..9 gone=-..-"},
        {USER_GONE, "GONE inactive=4..9 gone=10..10"},
        {USER_LOCKED_OUT, "LOCKED_OUT inactive=-..- gone=-..-"},
        {USER_DEPROVISIONED, "DEPROVISIONED inactive=12..12 gone=-..-"},
        {USER_STAGED, "STAGED inactive=-..- gone=-..-"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(sights); i++) {
        see(f, "00u1", "ada@example.com", sights[i].status);
        if (strcmp(show_person(f, "00u1"), sights[i].then) != 0)
            fail_msg("sight %zu: %s, expected %s", i, show_person(f, "00u1"), sights[i].then);
        fake_clock_pass(&f->fake, TIME_HOUR);
    }
}

static void test_the_first_sight_of_somebody_may_be_any(void **state)
{
    static const struct {
        enum user_status status;
        const char *then;
    } sights[] = {
        {USER_UNKNOWN, "UNKNOWN inactive=-..- gone=-..-"},
        {USER_DEPROVISIONED, "DEPROVISIONED inactive=0..0 gone=-..-"},
        {USER_GONE, "GONE inactive=-..- gone=0..0"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(sights); i++) {
        const char *id = arena_printf(&f->arena, "00u%zu", i).ptr;
        see(f, id, "", sights[i].status);
        assert_string_equal(show_person(f, id), sights[i].then);
    }
}

static void test_labels_follow_okta_and_silence_changes_none(void **state)
{
    static const struct profile_value profile[] = {{STR("b"), STR("it's \"x\" 😀")},
                                                   {STR("a"), STR("")}};
    struct person ada = {.id = STR("00u1"),
                         .login = STR("Ada@Example.com"),
                         .email = STR("ada@example.com"),
                         .first_name = STR("Ada"),
                         .last_name = STR("Lovelace"),
                         .status = USER_ACTIVE,
                         .profile = profile,
                         .n_profile = 2};
    struct fixture *f = *state;

    OK(f, ledger_see_people(f->ledger, &ada, 1, NOW + 5, &f->err));
    see(f, "00u1", "", USER_UNKNOWN);
    struct person_row row = person_of(f, "00u1");
    assert_string_equal(
        arena_printf(&f->arena, "%.*s %.*s %.*s %.*s %zu %.*s %lld %lld", STR_ARG(row.person.login),
                     STR_ARG(row.person.email), STR_ARG(row.person.first_name),
                     STR_ARG(row.person.last_name), row.person.n_profile,
                     STR_ARG(person_profile(&row.person, STR("b"))),
                     (long long)row.first_seen_at - NOW, (long long)row.seen_at - NOW)
            .ptr,
        "Ada@Example.com ada@example.com Ada Lovelace 2 it's \"x\" 😀 5 5");
    fake_clock_pass(&f->fake, 9);
    see(f, "00u1", "ada.king@example.com", USER_ACTIVE);
    row = person_of(f, "00u1");
    assert_true(str_is(row.person.login, "ada.king@example.com"));
    assert_true(str_is(row.person.last_name, "Lovelace"));
    assert_int_equal(row.person.n_profile, 2);
    assert_int_equal(row.first_seen_at, NOW + 5);
    assert_int_equal(row.seen_at, NOW + 9);
    assert_int_equal(row.version, 0); /* seeing is no decision */
}

static void test_people_are_found_by_id_and_by_login_without_case(void **state)
{
    struct fixture *f = *state;
    const struct person_row *items;
    size_t n;

    see(f, "00u2", "ADA@example.com", USER_ACTIVE);
    see(f, "00u1", "ada@example.com", USER_DEPROVISIONED);
    see(f, "00u3", "bob@example.com", USER_ACTIVE);
    OK(f, ledger_find_people(f->ledger, STR("Ada@Example.COM"), &f->arena, &items, &n, &f->err));
    assert_int_equal(n, 2);
    assert_true(str_is(items[0].person.id, "00u1") && str_is(items[1].person.id, "00u2"));
    OK(f, ledger_find_people(f->ledger, STR("00u3"), &f->arena, &items, &n, &f->err));
    assert_int_equal(n, 1);
    OK(f, ledger_find_people(f->ledger, STR("ada"), &f->arena, &items, &n, &f->err));
    assert_int_equal(n, 0);
}

static void test_thousands_are_seen_and_loaded_sorted(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 2345 };
    struct person *people = arena_array(&f->arena, struct person, MANY);
    const struct person_row *items;
    size_t n;

    for (size_t i = 0; i < MANY; i++) {
        people[i] = (struct person){.id = arena_printf(&f->arena, "00u%zu", (i * 7919) % MANY),
                                    .status = USER_ACTIVE};
    }
    OK(f, ledger_see_people(f->ledger, people, MANY, NOW, &f->err));
    OK(f, ledger_load_people(f->ledger, &f->arena, &items, &n, &f->err));
    assert_int_equal(n, MANY);
    for (size_t i = 1; i < n; i++)
        assert_true(str_cmp(items[i - 1].person.id, items[i].person.id) < 0);
    people[0].id = (struct str){0};
    FAILS(f, ledger_see_people(f->ledger, people, 1, NOW, &f->err), ERR_INTERNAL, "without an id");
}

static void test_ineligibility_is_noted_and_cleared(void **state)
{
    struct fixture *f = *state;

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    OK(f, ledger_note_ineligible(f->ledger, STR("00u1"), NOW, &f->err));
    assert_int_equal(person_of(f, "00u1").ineligible_since, NOW);
    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    assert_int_equal(person_of(f, "00u1").ineligible_since, NOW);
    OK(f, ledger_note_ineligible(f->ledger, STR("00u1"), 0, &f->err));
    assert_int_equal(person_of(f, "00u1").ineligible_since, 0);
}

/* ---- digests ---- */

static void test_a_row_changed_by_other_hands_is_a_broken_ledger(void **state)
{
    static const struct {
        const char *edit, *why;
    } cases[] = {
        {"UPDATE person SET blocked_at = 5, blocked_by = 'x'", "row digest of person 00u1"},
        {"UPDATE person SET okta_id = '00u7'", "row digest of person 00u7"},
        {"UPDATE seat_grant SET until_at = until_at + 1", "row digest of grant"},
        {"UPDATE seat_grant SET plan = 'max'", "row digest of grant"},
        {"UPDATE seat_grant SET person_id = '00u2'", "row digest of grant"},
        {"UPDATE seat_grant SET ended_at = 9999999999999, end_cause = 'moved'", "row digest of"},
        {"UPDATE seat_grant SET entitlement = 'q'", "row digest of grant"},
        {"UPDATE seat_grant SET owner_id = '00u2'", "row digest of grant"},
        {"UPDATE seat_grant SET digest = 'x'", "row digest of grant"},
        {"UPDATE group_pin SET group_id = '00g2'", "row digest of group pin"},
        {"UPDATE group_pin SET plan = 'max'", "row digest of group pin"},
        {"UPDATE group_pin SET role = 'assignment'", "row digest of group pin"},
    };
    struct fixture *unused = *state;

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        void *fresh = NULL;
        (void)fixture_up(&fresh);
        struct fixture *f = fresh;
        struct group_pin pin = {.role = PIN_PLAN,
                                .entitlement = STR("kiro"),
                                .plan = STR("pro"),
                                .ref = STR("g"),
                                .group_id = STR("00g1"),
                                .group_name = STR("g")};
        const struct person_row *people;
        const struct group_pin *pins;
        struct grant *grants;
        size_t n;

        see(f, "00u1", "ada@example.com", USER_ACTIVE);
        (void)granted(f, "00u1", "ada@example.com");
        OK(f, ledger_pin_group(f->ledger, &admin, &pin, &f->err));
        raw_exec(f->path, cases[i].edit);
        bool ok = ledger_load_people(f->ledger, &f->arena, &people, &n, &f->err) &&
                  ledger_load_grants(f->ledger, 0, &f->arena, &grants, &n, &f->err) &&
                  ledger_load_pins(f->ledger, &f->arena, &pins, &n, &f->err);
        if (ok || f->err.kind != ERR_LEDGER || !strstr(f->err.msg, cases[i].why))
            fail_msg("%s: %s", cases[i].edit, f->err.msg);
        (void)fixture_down(&fresh);
    }
}

/* ---- blocking ---- */

static const char *show_states(struct fixture *f)
{
    return raw_text(f, "SELECT group_concat(number || state, ' ') FROM"
                       " (SELECT * FROM request ORDER BY number)");
}

static void test_a_block_ends_grants_and_cancels_requests(void **state)
{
    struct fixture *f = *state;
    bool changed;

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    see(f, "00u2", "bob@example.com", USER_ACTIVE);
    (void)granted(f, "00u1", "ada@example.com");
    (void)granted(f, "00u2", "bob@example.com");
    (void)file(f, REQUEST_RENEW, "ADA@example.com", NULL);
    (void)file(f, REQUEST_RENEW, "bob@example.com", NULL);
    int64_t rows = audit_rows(f);
    int64_t version = person_of(f, "00u1").version;
    fake_clock_pass(&f->fake, 60);
    OK(f, ledger_block(f->ledger, &admin, STR("00u1"), STR("left"), &changed, &f->err));
    assert_true(changed);
    assert_string_equal(show_audit(f, rows),
                        "person.blocked 00u1; grant.ended 00u1; request.cancelled R3");
    assert_string_equal(show_states(f), "1accepted 2accepted 3cancelled 4filed");
    assert_string_equal(raw_text(f, "SELECT group_concat(person_id || end_cause ||"
                                    " (ended_at - from_at)) FROM seat_grant"
                                    " WHERE ended_at IS NOT NULL"),
                        "00u1blocked60");
    struct person_row row = person_of(f, "00u1");
    assert_true(row.version > version && row.blocked_at == NOW + 60);
    assert_true(str_is(row.blocked_by, "os:1000") && str_is(row.blocked_reason, "left"));

    OK(f, ledger_block(f->ledger, &admin, STR("00u1"), STR("again"), &changed, &f->err));
    assert_false(changed);
    OK(f, ledger_unblock(f->ledger, &admin, STR("00u1"), STR("back"), &changed, &f->err));
    assert_true(changed);
    OK(f, ledger_unblock(f->ledger, &admin, STR("00u1"), STR("back"), &changed, &f->err));
    assert_false(changed);
    row = person_of(f, "00u1");
    assert_int_equal(row.blocked_at, 0);
    assert_int_equal(row.blocked_by.len + row.blocked_reason.len, 0);
    assert_string_equal(show_audit(f, rows + 3), "person.unblocked 00u1");
    FAILS(f, ledger_block(f->ledger, &admin, STR("00u7"), STR(""), &changed, &f->err), ERR_USAGE,
          "knows nobody with the id 00u7");
}

/* ---- grants ---- */

static size_t load(struct fixture *f, int64_t since)
{
    struct grant *items;
    size_t n;

    OK(f, ledger_load_grants(f->ledger, since, &f->arena, &items, &n, &f->err));
    return n;
}

static void test_grants_that_are_over_are_loaded_for_as_long_as_asked(void **state)
{
    struct fixture *f = *state;

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    (void)granted(f, "00u1", "ada@example.com"); /* until NOW + 30 d */
    assert_int_equal(load(f, NOW - TIME_DAY), 1);
    assert_int_equal(load(f, NOW + 90 * TIME_DAY), 1); /* what is live comes always */
    fake_clock_pass(&f->fake, 40 * TIME_DAY);
    assert_int_equal(load(f, NOW + 30 * TIME_DAY - 1), 1);
    assert_int_equal(load(f, NOW + 30 * TIME_DAY), 0);

    (void)granted(f, "00u1", "ada@example.com");
    OK(f, ledger_end_grants(f->ledger, &admin, STR("00u1"), STR("q"), CAUSE_INACTIVE, &f->err));
    assert_int_equal(load(f, NOW + 30 * TIME_DAY), 1);
    OK(f, ledger_end_grants(f->ledger, &admin, STR("00u1"), STR("kiro"), CAUSE_INACTIVE, &f->err));
    fake_clock_pass(&f->fake, 5);
    assert_int_equal(load(f, NOW + 40 * TIME_DAY - 1), 1);
    assert_int_equal(load(f, NOW + 40 * TIME_DAY), 0);
}

static struct adoption adoption_of(const char *person)
{
    return (struct adoption){.person = str_of(person),
                             .entitlement = STR("kiro"),
                             .plan = STR("pro"),
                             .group = STR("00g1"),
                             .from_ms = NOW,
                             .until_ms = NOW + TIME_DAY,
                             .owner = STR("00u9")};
}

static void test_adoption_of_a_seat_that_was_granted_takes_over_the_place_alone(void **state)
{
    struct fixture *f = *state;
    struct adoption row = adoption_of("00u1");

    row.until_ms = 0;
    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    FAILS(f, ledger_adopt(f->ledger, &admin, &row, 1, &f->err), ERR_REFUSED,
          "adopt: ada@example.com has no grant of pro in kiro");
    (void)granted(f, "00u1", "ada@example.com");
    int64_t after = audit_rows(f);
    OK(f, ledger_adopt(f->ledger, &admin, &row, 1, &f->err));
    assert_string_equal(show_audit(f, after), "adopted 00u1");
    assert_string_equal(raw_text(f, "SELECT count(*) FROM seat_grant"), "1");
    assert_string_equal(raw_text(f, "SELECT group_concat(person_id || state || owned || owned_by)"
                                    " FROM membership"),
                        "00u1present1adopt:os:1000");
}

static void test_adoption_grants_and_owns_all_or_none(void **state)
{
    struct fixture *f = *state;
    struct adoption rows[] = {adoption_of("00u1"), adoption_of("00u2"), adoption_of("00u3")};
    bool changed;

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    see(f, "00u2", "bob@example.com", USER_ACTIVE);
    see(f, "00u3", "cy@example.com", USER_ACTIVE);
    (void)granted(f, "00u3", "cy@example.com");
    FAILS(f, ledger_adopt(f->ledger, &admin, rows, 3, &f->err), ERR_REFUSED,
          "adopt: cy@example.com has a grant in kiro already");
    assert_string_equal(raw_text(f, "SELECT count(*) FROM membership"), "0");
    int64_t after = audit_rows(f);
    OK(f, ledger_adopt(f->ledger, &admin, rows, 2, &f->err));
    assert_string_equal(show_audit(f, after), "adopted 00u1; adopted 00u2");
    assert_string_equal(raw_text(f, "SELECT group_concat(person_id || state || owned || owned_by)"
                                    " FROM membership"),
                        "00u1present1adopt:os:1000,00u2present1adopt:os:1000");
    assert_string_equal(raw_text(f, "SELECT count(*) FROM seat_grant WHERE request_id IS NULL"),
                        "2");
    assert_int_equal(person_of(f, "00u1").version, 1);

    see(f, "00u4", "di@example.com", USER_ACTIVE);
    OK(f, ledger_block(f->ledger, &admin, STR("00u4"), STR("x"), &changed, &f->err));
    struct adoption blocked = adoption_of("00u4"), nobody = adoption_of("00u5");
    FAILS(f, ledger_adopt(f->ledger, &admin, &blocked, 1, &f->err), ERR_REFUSED,
          "di@example.com is blocked");
    FAILS(f, ledger_adopt(f->ledger, &admin, &nobody, 1, &f->err), ERR_REFUSED, "knows nobody");
    fake_clock_pass(&f->fake, 2 * TIME_DAY); /* the adopted grant is over */
    rows[0].from_ms = clock_now(&f->clock);
    FAILS(f, ledger_adopt(f->ledger, &admin, rows, 1, &f->err), ERR_USAGE, "end before it begins");
    rows[0].until_ms = clock_now(&f->clock) + TIME_DAY;
    OK(f, ledger_adopt(f->ledger, &admin, rows, 1, &f->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXED(test_times_of_inactive_and_gone_sights_are_kept_until_seen_active),
        FIXED(test_the_first_sight_of_somebody_may_be_any),
        FIXED(test_labels_follow_okta_and_silence_changes_none),
        FIXED(test_people_are_found_by_id_and_by_login_without_case),
        FIXED(test_thousands_are_seen_and_loaded_sorted),
        FIXED(test_ineligibility_is_noted_and_cleared),
        FIXED(test_a_row_changed_by_other_hands_is_a_broken_ledger),
        FIXED(test_a_block_ends_grants_and_cancels_requests),
        FIXED(test_grants_that_are_over_are_loaded_for_as_long_as_asked),
        FIXED(test_adoption_of_a_seat_that_was_granted_takes_over_the_place_alone),
        FIXED(test_adoption_grants_and_owns_all_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

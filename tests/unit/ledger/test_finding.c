#include "unit/ledger/fixture.h"

static struct finding finding_of(enum finding_kind kind, const char *ent, const char *subject)
{
    return (struct finding){.kind = kind,
                            .severity = SEVERITY_TICKET,
                            .entitlement = str_of(ent),
                            .person = STR("00u1"),
                            .login = STR("ada@example.com"),
                            .detail = STR("it's so"),
                            .remedy = STR("look"),
                            .subject = str_of(subject),
                            .cost_minor = 1900,
                            .may_ack = true};
}

static void publish(struct fixture *f, struct finding *items, size_t n, const char *unread)
{
    struct str names[] = {str_of(unread)};

    OK(f, ledger_publish_findings(f->ledger, items, n, names, unread ? 1 : 0, clock_now(&f->clock),
                                  &f->arena, &f->err));
}

/* `kind/entitlement since..last_seen flags` of what is open. */
static const char *show_findings(struct fixture *f, bool with_ignored)
{
    const struct finding_row *items;
    struct str out = {0};
    size_t n;

    OK(f, ledger_load_findings(f->ledger, with_ignored, &f->arena, &items, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        out = arena_printf(
            &f->arena, "%.*s%s%s/%.*s %lld..%lld%s%s", STR_ARG(out), i ? "; " : "",
            finding_kind_name(items[i].finding.kind), STR_ARG(items[i].finding.entitlement),
            (long long)(items[i].finding.since_ms - NOW), (long long)(items[i].last_seen - NOW),
            items[i].acked ? " acked" : "", items[i].ignored_until ? " ignored" : "");
    }
    return out.ptr ? out.ptr : "";
}

static struct finding_row get(struct fixture *f, struct str id)
{
    struct finding_row row = {0};
    bool found = false;

    OK(f, ledger_get_finding(f->ledger, id, &f->arena, &row, &found, &f->err));
    assert_true(found);
    return row;
}

static void test_a_finding_keeps_its_id_and_beginning_while_it_lasts(void **state)
{
    struct fixture *f = *state;
    struct finding one = finding_of(FINDING_UNMANAGED_MEMBER, "kiro", "s1");
    struct finding again = one;
    bool found;
    struct finding_row row;

    publish(f, &one, 1, NULL);
    assert_true(one.key.len == 64 && str_starts(one.id, STR("F-")) && one.id.len == 5);
    assert_true(one.command.len > 0);
    assert_int_equal(one.since_ms, NOW);
    fake_clock_pass(&f->fake, 10);
    again.detail = STR("it's still so");
    publish(f, &again, 1, NULL);
    assert_true(str_eq(again.id, one.id) && str_eq(again.command, one.command));
    assert_int_equal(again.since_ms, NOW);
    assert_string_equal(show_findings(f, false), "unmanaged_member/kiro 0..10");

    char lower[16];
    (void)snprintf(lower, sizeof(lower), "f-%.*s", STR_ARG(str_sub(one.id, 2, one.id.len)));
    for (char *c = lower; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    row = get(f, str_of(lower));
    assert_true(str_is(row.finding.detail, "it's still so") && row.finding.cost_minor == 1900);
    assert_true(str_eq(row.finding.command, one.command));
    OK(f, ledger_get_finding(f->ledger, STR("F-NONE9"), &f->arena, &row, &found, &f->err));
    assert_false(found);
}

static void test_what_is_not_seen_any_more_is_over_unless_nobody_could_look(void **state)
{
    struct fixture *f = *state;
    struct finding both[] = {finding_of(FINDING_UNMANAGED_MEMBER, "kiro", "s"),
                             finding_of(FINDING_UNMANAGED_MEMBER, "q", "s")};
    struct finding again = both[0];

    publish(f, both, 2, NULL);
    fake_clock_pass(&f->fake, 10);
    publish(f, NULL, 0, "q");
    assert_string_equal(show_findings(f, false), "unmanaged_member/q 0..0");
    assert_int_equal(get(f, both[0].id).resolved_at, NOW + 10);
    fake_clock_pass(&f->fake, 10);
    publish(f, &again, 1, "q");
    assert_true(str_eq(again.id, both[0].id));
    assert_string_equal(show_findings(f, false),
                        "unmanaged_member/kiro 20..20; unmanaged_member/q 0..0");
}

static void test_one_thing_said_twice_is_one_finding(void **state)
{
    struct fixture *f = *state;
    struct finding both[] = {finding_of(FINDING_CLOCK, "", "s"),
                             finding_of(FINDING_CLOCK, "", "t")};

    publish(f, both, 2, NULL);
    assert_true(str_eq(both[0].id, both[1].id));
    assert_string_equal(show_findings(f, false), "clock/ 0..0");
}

static void test_short_ids_are_never_given_twice(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 3000 }; /* three letters make 32,768 */
    struct finding *items = arena_array(&f->arena, struct finding, MANY);
    const struct finding_row *rows;
    size_t n, longer = 0;

    for (size_t i = 0; i < MANY; i++) {
        items[i] = finding_of(FINDING_MISSING_MEMBER, "kiro", "s");
        items[i].person = arena_printf(&f->arena, "00u%zu", i);
    }
    publish(f, items, MANY, NULL);
    OK(f, ledger_load_findings(f->ledger, true, &f->arena, &rows, &n, &f->err));
    assert_int_equal(n, MANY);
    struct str *ids = arena_array(&f->arena, struct str, n);
    for (size_t i = 0; i < n; i++) {
        ids[i] = rows[i].finding.id;
        longer += ids[i].len > 5;
    }
    assert_int_equal(str_sort_unique(ids, n), MANY);
    assert_true(longer > 0);
}

static const char *show_acks(struct fixture *f)
{
    const struct ack *items;
    struct str out = {0};
    size_t n;

    OK(f, ledger_load_acks(f->ledger, &f->arena, &items, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        out = arena_printf(&f->arena, "%.*s%s%s/%.*s %.*s@%lld", STR_ARG(out), i ? "; " : "",
                           finding_kind_name(items[i].kind), STR_ARG(items[i].entitlement),
                           STR_ARG(items[i].subject), (long long)(items[i].acked_at - NOW));
    }
    return out.ptr ? out.ptr : "";
}

static void test_an_acknowledgement_is_for_one_exact_state(void **state)
{
    struct fixture *f = *state;
    struct finding one = finding_of(FINDING_SHRUNK_LISTING, "kiro", "s1");
    struct finding next = finding_of(FINDING_SHRUNK_LISTING, "kiro", "s2");

    publish(f, &one, 1, NULL);
    struct finding_row row = get(f, one.id);
    OK(f, ledger_ack(f->ledger, &admin, &row, STR("known"), &f->err));
    OK(f, ledger_ack(f->ledger, &admin, &row, STR("twice"), &f->err));
    assert_string_equal(show_findings(f, false), "shrunk_listing/kiro 0..0 acked");
    assert_true(str_is(get(f, one.id).acked_by, "os:1000"));
    assert_true(str_is(get(f, one.id).ack_reason, "known"));
    assert_string_equal(show_acks(f), "shrunk_listing/kiro s1@0");

    publish(f, &next, 1, NULL);
    assert_string_equal(show_findings(f, false), "shrunk_listing/kiro 0..0");
    FAILS(f, ledger_ack(f->ledger, &admin, &row, STR("late"), &f->err), ERR_REFUSED,
          "it has changed since; look at it again");
    publish(f, NULL, 0, NULL);
    row = get(f, one.id);
    FAILS(f, ledger_ack(f->ledger, &admin, &row, STR("late"), &f->err), ERR_REFUSED,
          "nothing to acknowledge");
    assert_string_equal(show_audit(f, 0),
                        arena_printf(&f->arena, "finding.acked %.*s", STR_ARG(one.id)).ptr);
}

static void test_what_releases_nothing_cannot_be_acknowledged(void **state)
{
    struct fixture *f = *state;
    struct finding one = finding_of(FINDING_LATE_HOP, "kiro", "s1");

    one.may_ack = false;
    publish(f, &one, 1, NULL);
    struct finding_row row = get(f, one.id);
    FAILS(f, ledger_ack(f->ledger, &admin, &row, STR("?"), &f->err), ERR_REFUSED,
          "there is nothing to acknowledge");
    row.finding.key = STR("none");
    FAILS(f, ledger_ack(f->ledger, &admin, &row, STR("?"), &f->err), ERR_USAGE, "no finding");
}

static void test_ignored_findings_are_shown_on_request_and_when_the_time_is_over(void **state)
{
    struct fixture *f = *state;
    struct finding one = finding_of(FINDING_LATE_HOP, "kiro", "s1");

    publish(f, &one, 1, NULL);
    struct finding_row row = get(f, one.id);
    OK(f, ledger_ignore(f->ledger, &admin, &row, NOW + 100, STR("later"), &f->err));
    assert_string_equal(show_findings(f, false), "");
    assert_string_equal(show_findings(f, true), "late_hop/kiro 0..0 ignored");
    fake_clock_pass(&f->fake, 100);
    assert_string_equal(show_findings(f, false), "late_hop/kiro 0..0 ignored");
}

/* ---- freezes and lowered modes ---- */

static const char *show_freezes(struct fixture *f)
{
    const struct freeze_row *items;
    struct str out = {0};
    size_t n;

    OK(f, ledger_load_freezes(f->ledger, clock_now(&f->clock), &f->arena, &items, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        out = arena_printf(&f->arena, "%.*s%s%.*s %s %.*s by %.*s", STR_ARG(out), i ? "; " : "",
                           STR_ARG(items[i].entitlement), items[i].removals ? "removals" : "all",
                           STR_ARG(items[i].reason), STR_ARG(items[i].by));
    }
    return out.ptr ? out.ptr : "";
}

static void test_freezes_are_in_force_until_lifted_or_over(void **state)
{
    struct fixture *f = *state;
    struct freeze_row all = {.reason = STR("audit"), .until = NOW + 10};
    struct freeze_row kiro = {
        .id = STR("zz"), .entitlement = STR("kiro"), .removals = true, .reason = STR("doubt")};
    size_t n;

    OK(f, ledger_freeze(f->ledger, &admin, &all, &f->err));
    OK(f, ledger_freeze(f->ledger, &admin, &kiro, &f->err));
    assert_string_equal(show_freezes(f), " all audit by os:1000; kiro removals doubt by os:1000");
    OK(f, ledger_unfreeze(f->ledger, &admin, STR("q"), STR("x"), &n, &f->err));
    assert_int_equal(n, 0);
    fake_clock_pass(&f->fake, 10);
    assert_string_equal(show_freezes(f), "kiro removals doubt by os:1000");
    OK(f, ledger_unfreeze(f->ledger, &admin, (struct str){0}, STR("x"), &n, &f->err));
    assert_int_equal(n, 0); /* over by itself */
    OK(f, ledger_unfreeze(f->ledger, &admin, STR("kiro"), STR("x"), &n, &f->err));
    assert_int_equal(n, 1);
    assert_string_equal(show_freezes(f), "");
    assert_string_equal(show_audit(f, 0), "freeze everything; freeze kiro; unfreeze kiro");
}

static const char *show_floors(struct fixture *f)
{
    const struct mode_floor *items;
    struct str out = {0};
    size_t n;

    OK(f, ledger_load_floors(f->ledger, &f->arena, &items, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        out = arena_printf(&f->arena, "%.*s%s%.*s=%s %.*s", STR_ARG(out), i ? "; " : "",
                           STR_ARG(items[i].entitlement), mode_name(items[i].mode),
                           STR_ARG(items[i].reason));
    }
    return out.ptr ? out.ptr : "";
}

static void lower(struct fixture *f, const char *ent, enum mode mode, const char *why)
{
    struct mode_floor floor = {.entitlement = str_of(ent), .mode = mode, .reason = str_of(why)};

    OK(f, ledger_lower_mode(f->ledger, &admin, &floor, &f->err));
}

static void test_a_mode_only_goes_down_until_it_is_restored(void **state)
{
    struct fixture *f = *state;
    struct mode_floor up = {.entitlement = STR("kiro"), .mode = MODE_ENFORCE};

    lower(f, "kiro", MODE_ADD, "first");
    lower(f, "kiro", MODE_ADD, "again");
    lower(f, "", MODE_OBSERVE, "copy");
    assert_string_equal(show_floors(f), "=observe copy; kiro=add first");
    lower(f, "kiro", MODE_OBSERVE, "worse");
    lower(f, "kiro", MODE_ADD, "milder");
    assert_string_equal(show_floors(f), "=observe copy; kiro=observe worse");
    FAILS(f, ledger_lower_mode(f->ledger, &admin, &up, &f->err), ERR_INTERNAL, "lowered");
    OK(f, ledger_restore_mode(f->ledger, &admin, STR("kiro"), &f->err));
    OK(f, ledger_restore_mode(f->ledger, &admin, STR("kiro"), &f->err));
    OK(f, ledger_restore_mode(f->ledger, &admin, (struct str){0}, &f->err));
    assert_string_equal(show_floors(f), "");
    assert_string_equal(show_audit(f, 0), "mode.lowered kiro; mode.lowered everything; mode.lowered"
                                          " kiro; mode.restored kiro; mode.restored everything");
}

/* ---- the remote's own log ---- */

static struct log_event event_of(const char *uuid, int64_t at, bool is_add, bool ours)
{
    return (struct log_event){.uuid = str_of(uuid),
                              .published = at,
                              .is_add = is_add,
                              .group = STR("00g1"),
                              .person = STR("00u1"),
                              .actor = STR("00a1"),
                              .actor_name = STR("Jo \"x\""),
                              .ours = ours};
}

static void test_events_are_stored_once_with_the_cursor_and_forgotten_in_time(void **state)
{
    struct fixture *f = *state;
    struct log_event events[] = {
        event_of("e1", NOW - 5, true, false), event_of("e2", NOW - 3, true, false),
        event_of("e3", NOW - 4, false, false), event_of("old", NOW - 91 * TIME_DAY, true, false)};
    struct log_event out;
    struct str cursor;
    int64_t published;
    bool found;

    OK(f, ledger_log_cursor(f->ledger, "okta", &f->arena, &cursor, &published, &f->err));
    assert_true(cursor.len == 0 && published == 0);
    OK(f, ledger_log_store(f->ledger, "okta", STR("c1"), events, 4, &f->err));
    events[1].actor_name = STR("changed");
    OK(f, ledger_log_store(f->ledger, "okta", STR("c2"), events, 1, &f->err));
    OK(f, ledger_log_cursor(f->ledger, "okta", &f->arena, &cursor, &published, &f->err));
    assert_true(str_is(cursor, "c2") && published == NOW - 3);
    assert_string_equal(raw_text(f, "SELECT count(*) FROM log_event"), "3");

    OK(f, ledger_log_find(f->ledger, STR("00g1"), STR("00u1"), true, NOW - 5, &f->arena, &out,
                          &found, &f->err));
    assert_true(found && str_is(out.uuid, "e2") && str_is(out.actor_name, "Jo \"x\""));
    OK(f, ledger_log_find(f->ledger, STR("00g1"), STR("00u1"), false, NOW - 3, &f->arena, &out,
                          &found, &f->err));
    assert_false(found);
}

static void test_a_write_by_our_client_that_no_op_explains_is_foreign(void **state)
{
    struct fixture *f = *state;
    struct run_row run = begin_run(f);
    struct group_pin pin = {.role = PIN_PLAN,
                            .entitlement = STR("kiro"),
                            .plan = STR("pro"),
                            .ref = STR("g"),
                            .group_id = STR("00g1"),
                            .group_name = STR("g")};
    struct op op = {.id = STR("op1"),
                    .kind = OP_OKTA_ADD,
                    .group = STR("00g1"),
                    .person = STR("00u1"),
                    .entitlement = STR("kiro"),
                    .plan = STR("pro")};
    struct report_op item = {.op = &op, .state = OP_PLANNED};
    struct send_limits limits = {.now_ms = NOW, .mode = MODE_ADD};
    struct settled done = {0, OP_DONE, STR("204")};
    struct log_event events[] = {
        event_of("a", NOW + 1000, true, true),            /* the op's own */
        event_of("b", NOW + 1000, false, true),           /* another kind */
        event_of("c", NOW + TIME_DAY, true, true),        /* long after */
        event_of("d", NOW - TIME_HOUR, true, true),       /* long before */
        event_of("e", NOW + 2000, false, false),          /* not our client */
        event_of("f", NOW - 4 * TIME_MINUTE, true, true), /* within the clocks' slack */
    };
    const struct log_event *items;
    struct str out = {0};
    int64_t version = 0;
    bool went = false;
    size_t n;

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    OK(f, ledger_pin_group(f->ledger, &admin, &pin, &f->err));
    OK(f, ledger_plan_ops(f->ledger, &run, &item, &version, 1, &f->err));
    OK(f, ledger_mark_sent(f->ledger, &run, &(size_t){0}, &limits, 1, &went, &f->err));
    assert_true(went);
    OK(f, ledger_settle_ops(f->ledger, &admin, run.id, &done, 1, &f->err));
    OK(f, ledger_log_store(f->ledger, "okta", STR("c"), events, ARRAY_LEN(events), &f->err));
    OK(f, ledger_log_foreign(f->ledger, NOW - TIME_DAY, &f->arena, &items, &n, &f->err));
    for (size_t i = 0; i < n; i++)
        out = arena_printf(&f->arena, "%.*s%.*s", STR_ARG(out), STR_ARG(items[i].uuid));
    assert_string_equal(out.ptr, "dbc");
    OK(f, ledger_log_foreign(f->ledger, NOW + 1001, &f->arena, &items, &n, &f->err));
    assert_int_equal(n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXED(test_a_finding_keeps_its_id_and_beginning_while_it_lasts),
        FIXED(test_what_is_not_seen_any_more_is_over_unless_nobody_could_look),
        FIXED(test_one_thing_said_twice_is_one_finding),
        FIXED(test_short_ids_are_never_given_twice),
        FIXED(test_an_acknowledgement_is_for_one_exact_state),
        FIXED(test_what_releases_nothing_cannot_be_acknowledged),
        FIXED(test_ignored_findings_are_shown_on_request_and_when_the_time_is_over),
        FIXED(test_freezes_are_in_force_until_lifted_or_over),
        FIXED(test_a_mode_only_goes_down_until_it_is_restored),
        FIXED(test_events_are_stored_once_with_the_cursor_and_forgotten_in_time),
        FIXED(test_a_write_by_our_client_that_no_op_explains_is_foreign),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

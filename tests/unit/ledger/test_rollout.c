#include "ledger/ledger_rollout.h"
#include "unit/ledger/fixture.h"

static const struct actor by_run = {.who = STR("run"), .door = STR("run")};

/* ---- things to begin with ---- */

static struct rollout_row blank(const char *waves)
{
    return (struct rollout_row){
        .entitlement = STR("kiro"),
        .from_plan = STR("pro"),
        .to_plan = STR("plus"),
        .waves = str_of(waves),
        .halt_on = STR("2%"),
        .bake_ms = TIME_DAY,
        .confirm_one_way = true,
        .reason = STR("end of pro"),
    };
}

/* `ids` by blanks, each with a grant of pro for 30 days, in that order. */
static struct rollout_row started(struct fixture *f, const char *ids, const char *waves)
{
    struct rollout_row row = blank(waves);
    struct str people[16];
    size_t n = 0;

    for (struct str rest = str_of(ids); rest.ptr; n++) {
        people[n] = str_cut(&rest, ' ');
        const char *id = arena_cstr(&f->arena, people[n]);
        const char *login = arena_printf(&f->arena, "%s@example.com", id).ptr;
        see(f, id, login, USER_ACTIVE);
        (void)granted(f, id, login);
    }
    fake_clock_pass(&f->fake, TIME_MINUTE);
    OK(f, ledger_start_rollout(f->ledger, &admin, &row, people, n, &f->arena, &f->err));
    return row;
}

static struct rollout_row row_now(struct fixture *f)
{
    const struct rollout_row *rows;
    size_t n;

    OK(f, ledger_list_rollouts(f->ledger, false, &f->arena, &rows, &n, &f->err));
    assert_true(n > 0);
    return rows[0];
}

static void begin_wave(struct fixture *f, const struct rollout_row *row, size_t from, size_t to)
{
    OK(f, ledger_begin_wave(f->ledger, &by_run, row, from, to, clock_now(&f->clock), &f->arena,
                            &f->err));
}

static void place(struct fixture *f, const char *person, enum rollout_place to, const char *why,
                  int64_t proved_at)
{
    struct rollout_row row = row_now(f);
    const struct rollout_member member = {
        .person = str_of(person), .place = to, .why = str_of(why), .at = clock_now(&f->clock)};

    OK(f, ledger_place_members(f->ledger, &by_run, &row, &member, 1, proved_at, &f->err));
}

/* ---- showing ---- */

static const char *show_row(struct fixture *f)
{
    struct rollout_row row = row_now(f);

    return arena_printf(&f->arena, "W%lld %s wave %zu began %lld proved %lld%s ended %lld: %.*s",
                        (long long)row.number, rollout_state_name(row.state), row.wave,
                        (long long)(row.wave_began_at ? row.wave_began_at - NOW : 0),
                        (long long)(row.proved_at ? row.proved_at - NOW : 0),
                        row.confirmed ? " confirmed" : "",
                        (long long)(row.ended_at ? row.ended_at - NOW : 0), STR_ARG(row.state_why))
        .ptr;
}

static const char *show_members(struct fixture *f)
{
    struct rollout_row row = row_now(f);
    const struct rollout_member *members;
    struct str out = {"", 0};
    size_t n;

    OK(f, ledger_rollout_members(f->ledger, row.id, &f->arena, &members, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(members[i].place_in_order, i);
        out = arena_printf(&f->arena, "%.*s%s%.*s %s%s%s%.*s%s", STR_ARG(out), i ? "; " : "",
                           STR_ARG(members[i].person), rollout_place_name(members[i].place),
                           members[i].request.len > 0 ? " filed" : "",
                           members[i].why.len > 0 ? ": " : "", STR_ARG(members[i].why),
                           members[i].accepted ? " (accepted)" : "");
    }
    return out.ptr;
}

static const char *show_grants(struct fixture *f, const char *person)
{
    struct str out = {"", 0};
    struct grant *grants;
    size_t n;

    OK(f, ledger_person_grants(f->ledger, str_of(person), &f->arena, &grants, &n, &f->err));
    for (size_t i = n; i > 0; i--) {
        const struct grant *grant = &grants[i - 1];
        out = arena_printf(
            &f->arena, "%.*s%s%.*s %lld..%lld%s%s owner %.*s", STR_ARG(out),
            out.len > 0 ? "; " : "", STR_ARG(grant->plan), (long long)(grant->from_ms - NOW),
            (long long)((grant->ended_at ? grant->ended_at : grant->until_ms) - NOW),
            grant->ended_at ? " " : "", grant->ended_at ? cause_name(grant->end_cause) : "",
            STR_ARG(grant->owner));
    }
    return out.ptr;
}

/* ---- starting ---- */

static void test_what_was_started_is_read_back(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ub 00ua 00uc", "1,50%,100%");
    struct rollout_row read = row_now(f);

    assert_string_equal(show_row(f), "W1 running wave 0 began 0 proved 0 ended 0: ");
    assert_string_equal(show_members(f), "00ub waiting; 00ua waiting; 00uc waiting");
    assert_true(str_eq(read.id, row.id) && str_is(read.waves, "1,50%,100%"));
    assert_true(str_is(read.entitlement, "kiro") && str_is(read.from_plan, "pro"));
    assert_true(str_is(read.to_plan, "plus") && str_is(read.scope, "people"));
    assert_true(str_is(read.halt_on, "2%") && read.bake_ms == TIME_DAY && read.confirm_one_way);
    assert_true(str_is(read.started_by, "os:1000") && str_is(read.reason, "end of pro"));
    assert_int_equal(read.started_at, NOW + TIME_MINUTE);
    assert_int_equal(read.looked_at, read.started_at);
    (void)audit_rows(f);
}

static void test_a_start_that_makes_no_sense_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct str people[] = {STR("00ua"), STR("00ua"), STR("00unobody")};
    const struct {
        const char *waves, *halt_on, *to;
        size_t from, n;
        enum err_kind kind;
        const char *part;
    } cases[] = {
        {"3,5%", "2%", "plus", 0, 1, ERR_USAGE, "the last wave has to be 100%"},
        {"100%", "few", "plus", 0, 1, ERR_USAGE, "`few` is no number of failures"},
        {"100%", "2%", "pro", 0, 1, ERR_USAGE, "two plans of an entitlement"},
        {"100%", "2%", "plus", 0, 0, ERR_REFUSED, "there is nobody to move"},
        {"100%", "2%", "plus", 0, 2, ERR_LEDGER, "UNIQUE"},      /* twice in it */
        {"100%", "2%", "plus", 2, 1, ERR_LEDGER, "FOREIGN KEY"}, /* nobody we know */
    };

    see(f, "00ua", "a@example.com", USER_ACTIVE);
    int64_t before = audit_rows(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rollout_row row = blank(cases[i].waves);
        row.halt_on = str_of(cases[i].halt_on);
        row.to_plan = str_of(cases[i].to);
        FAILS(f,
              ledger_start_rollout(f->ledger, &admin, &row, people + cases[i].from, cases[i].n,
                                   &f->arena, &f->err),
              cases[i].kind, cases[i].part);
    }
    assert_string_equal(raw_text(f, "SELECT count(*) FROM rollout"), "0");
    assert_string_equal(raw_text(f, "SELECT count(*) FROM rollout_member"), "0");
    assert_int_equal(audit_rows(f), before);
}

static void test_an_entitlement_has_one_open_rollout(void **state)
{
    struct fixture *f = *state;
    struct str ada = STR("00ua");
    struct rollout_row first = started(f, "00ua", "100%"), second = blank("100%");
    struct rollout_row other = blank("100%");

    FAILS(f, ledger_start_rollout(f->ledger, &admin, &second, &ada, 1, &f->arena, &f->err),
          ERR_REFUSED, "rollout W1 of kiro is running: one at a time");
    other.entitlement = STR("wiki");
    OK(f, ledger_start_rollout(f->ledger, &admin, &other, &ada, 1, &f->arena, &f->err));
    OK(f, ledger_move_rollout(f->ledger, &admin, &first, ROLLOUT_PAUSED, STR("r"), &f->err));
    FAILS(f, ledger_start_rollout(f->ledger, &admin, &second, &ada, 1, &f->arena, &f->err),
          ERR_REFUSED, "is paused");
    first.state = ROLLOUT_PAUSED;
    OK(f, ledger_move_rollout(f->ledger, &admin, &first, ROLLOUT_ABORTED, STR("r"), &f->err));
    OK(f, ledger_start_rollout(f->ledger, &admin, &second, &ada, 1, &f->arena, &f->err));
    assert_int_equal(second.number, 3);
}

/* ---- a wave ---- */

static void test_a_wave_files_accepted_changes_and_moves_the_grants(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua 00ub", "1,100%");
    int64_t seq = audit_rows(f), version = person_of(f, "00ua").version;

    begin_wave(f, &row, 0, 1);
    assert_string_equal(show_row(f), "W1 running wave 1 began 60000 proved 0 ended 0: ");
    assert_string_equal(show_members(f), "00ua asked filed; 00ub waiting");
    assert_string_equal(show_grants(f, "00ua"),
                        "pro 0..60000 moved owner ; plus 60000..2592000000 owner ");
    assert_string_equal(show_grants(f, "00ub"), "pro 0..2592000000 owner ");
    struct request request = request_now(f, 3);
    assert_int_equal(request.kind, REQUEST_CHANGE);
    assert_int_equal(request.state, REQUEST_ACCEPTED);
    assert_true(str_is(request.key, "rollout:1:00ua") && str_is(request.person, "00ua"));
    assert_true(str_is(request.reason, "Rollout W1, pro to plus: end of pro"));
    assert_true(str_is(request.decided_by, "os:1000") && request.confirm_one_way);
    assert_true(str_is(request.state_reason,
                       "00ua@example.com moves from pro to plus in kiro with rollout W1, until "
                       "2026-06-03. There is no way back."));
    assert_string_equal(show_audit(f, seq),
                        "request.filed R3; request.accepted R3; grant.ended R3; grant.opened R3; "
                        "rollout.asked W1; rollout.wave_began W1");
    assert_true(person_of(f, "00ua").version > version);
    (void)audit_rows(f);
}

static void test_a_wave_begins_once(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua 00ub", "1,100%");

    begin_wave(f, &row, 0, 1);
    FAILS(
        f,
        ledger_begin_wave(f->ledger, &by_run, &row, 0, 1, clock_now(&f->clock), &f->arena, &f->err),
        ERR_REFUSED, "rollout W1 is in wave 1 meanwhile");
    row = row_now(f);
    begin_wave(f, &row, 0, 2); /* who was asked is not asked again, whatever the caller says */
    assert_string_equal(show_members(f), "00ua asked filed; 00ub asked filed");
    assert_string_equal(raw_text(f, "SELECT count(*) FROM request WHERE kind = 'change'"), "2");
}

static void test_only_a_running_rollout_begins_a_wave(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua", "100%");

    OK(f, ledger_move_rollout(f->ledger, &admin, &row, ROLLOUT_PAUSED, STR("r"), &f->err));
    FAILS(
        f,
        ledger_begin_wave(f->ledger, &by_run, &row, 0, 1, clock_now(&f->clock), &f->arena, &f->err),
        ERR_REFUSED, "rollout W1 is paused meanwhile");
    row = row_now(f);
    OK(f, ledger_move_rollout(f->ledger, &admin, &row, ROLLOUT_ABORTED, STR("r"), &f->err));
    FAILS(
        f,
        ledger_begin_wave(f->ledger, &by_run, &row, 0, 1, clock_now(&f->clock), &f->arena, &f->err),
        ERR_REFUSED, "rollout W1 is aborted already");
    assert_string_equal(show_members(f), "00ua waiting");
}

/* Opens one grant more, by a request that was accepted. */
static void grant_more(struct fixture *f, const char *id, const char *plan, int64_t from_ms,
                       int64_t until_ms)
{
    struct request request = file(f, REQUEST_GRANT, id, NULL);
    struct intake_step step = {.state = REQUEST_ACCEPTED,
                               .decided_by = STR("rule:x"),
                               .plan = str_of(plan),
                               .from_ms = from_ms,
                               .until_ms = until_ms,
                               .open_grant = true};
    bool taken = false;

    OK(f, ledger_resolve_request(f->ledger, &admin, request.id, str_of(id), &f->err));
    request = request_now(f, request.number);
    OK(f, ledger_take_step(f->ledger, &admin, &request, &step, STR("00uboss"),
                           STR("{\"team\":\"x\"}"), &f->arena, &taken, &f->err));
}

static void test_the_new_grant_lasts_until_the_latest_end_that_it_replaces(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua", "100%");
    int64_t now = clock_now(&f->clock);

    grant_more(f, "00ua", "pro", now, now + 50 * TIME_DAY);
    grant_more(f, "00ua", "pro", now + 60 * TIME_DAY, now + 90 * TIME_DAY);   /* promised */
    grant_more(f, "00ua", "power", now + 70 * TIME_DAY, now + 99 * TIME_DAY); /* another plan */
    fake_clock_pass(&f->fake, TIME_MINUTE);
    begin_wave(f, &row, 0, 1);
    assert_string_equal(
        raw_text(f, "SELECT plan || ' ' || until_at || ' ' || owner_id || ' ' || profile"
                    " FROM seat_grant WHERE plan = 'plus'"),
        arena_printf(&f->arena, "plus %lld 00uboss {\"team\":\"x\"}",
                     (long long)(now + 90 * TIME_DAY))
            .ptr);
    assert_string_equal(
        raw_text(f, "SELECT count(*) FROM seat_grant WHERE plan = 'pro' AND end_cause = 'moved'"),
        "3");
    assert_string_equal(
        raw_text(f, "SELECT count(*) FROM seat_grant WHERE plan = 'power' AND ended_at IS NULL"),
        "1");
}

static void test_whom_nothing_is_to_be_done_for_is_gone(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua 00ub 00uc 00ud 00ue 00uf", "100%");
    bool changed;

    OK(f, ledger_end_grants(f->ledger, &admin, STR("00ua"), STR("kiro"), CAUSE_REVOKED, &f->err));
    OK(f, ledger_block(f->ledger, &admin, STR("00ub"), STR("r"), &changed, &f->err));
    see(f, "00uc", "c@example.com", USER_SUSPENDED);
    OK(f, ledger_note_ineligible(f->ledger, STR("00ud"), clock_now(&f->clock), &f->err));
    grant_more(f, "00ue", "power", clock_now(&f->clock), clock_now(&f->clock) + TIME_DAY);
    int64_t seq = audit_rows(f);
    begin_wave(f, &row, 0, 6);
    assert_string_equal(show_members(f),
                        "00ua gone: holds no pro any more; 00ub gone: is blocked; "
                        "00uc gone: is SUSPENDED in Okta; 00ud gone: is not eligible any more; "
                        "00ue gone: holds power already; 00uf asked filed");
    assert_string_equal(show_audit(f, seq),
                        "rollout.gone W1; rollout.gone W1; rollout.gone W1; rollout.gone W1; "
                        "rollout.gone W1; request.filed R8; request.accepted R8; grant.ended R8; "
                        "grant.opened R8; rollout.asked W1; rollout.wave_began W1");
}

/* ---- how far people have come ---- */

static void test_places_go_forward_only(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua 00ub 00uc", "100%");

    place(f, "00ua", ROLLOUT_MOVED, "", 0); /* nobody was asked */
    assert_string_equal(show_members(f), "00ua waiting; 00ub waiting; 00uc waiting");
    begin_wave(f, &row, 0, 3);
    place(f, "00ua", ROLLOUT_MOVED, "", 0);
    place(f, "00ub", ROLLOUT_FAILED, "late", 0);
    int64_t seq = audit_rows(f);
    place(f, "00ua", ROLLOUT_FAILED, "no", 0);
    place(f, "00ub", ROLLOUT_FAILED, "again", 0);
    assert_string_equal(show_audit(f, seq), "");
    place(f, "00uc", ROLLOUT_GONE, "revoked", 0);
    place(f, "00uc", ROLLOUT_MOVED, "", 0);
    place(f, "00ub", ROLLOUT_MOVED, "", NOW + TIME_HOUR);
    assert_string_equal(show_members(f), "00ua moved filed; 00ub moved filed; "
                                         "00uc gone filed: revoked");
    assert_string_equal(show_audit(f, seq),
                        "rollout.gone W1; rollout.moved W1; rollout.wave_proved W1");
    assert_string_equal(show_row(f), "W1 running wave 1 began 60000 proved 3600000 ended 0: ");
}

static void test_what_was_found_about_a_former_wave_is_refused(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua 00ub", "1,100%"), before;

    begin_wave(f, &row, 0, 1);
    before = row_now(f);
    begin_wave(f, &before, 1, 2);
    FAILS(f, ledger_place_members(f->ledger, &by_run, &before, NULL, 0, NOW, &f->err), ERR_REFUSED,
          "rollout W1 is in wave 2 meanwhile");
}

/* ---- what people decide ---- */

static void test_people_move_it_along_the_allowed_ways(void **state)
{
    static const enum rollout_state all[] = {ROLLOUT_RUNNING, ROLLOUT_PAUSED, ROLLOUT_HALTED,
                                             ROLLOUT_DONE, ROLLOUT_ABORTED};
    static const char *const want[] = {"-phda", "r---a", "r---a", "-----", "-----"};

    for (size_t from = 0; from < ARRAY_LEN(all); from++) {
        char got[6] = "-----";
        for (size_t to = 0; to < ARRAY_LEN(all); to++) {
            struct fixture *f;
            assert_int_equal(fixture_up((void **)&f), 0);
            struct rollout_row row = started(f, "00ua", "100%");
            if (all[from] != ROLLOUT_RUNNING)
                OK(f, ledger_move_rollout(f->ledger, &admin, &row, all[from], STR("r"), &f->err));
            row = row_now(f);
            f->err = (struct err){0};
            if (ledger_move_rollout(f->ledger, &admin, &row, all[to], STR("r"), &f->err)) {
                got[to] = rollout_state_name(all[to])[0];
            } else {
                assert_int_equal(f->err.kind, ERR_REFUSED);
            }
            fixture_down((void **)&f);
        }
        assert_string_equal(got, want[from]);
    }
    (void)state;
}

static void test_whoever_decides_second_is_told(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua", "100%");

    OK(f, ledger_move_rollout(f->ledger, &admin, &row, ROLLOUT_PAUSED, STR("mine"), &f->err));
    FAILS(f, ledger_move_rollout(f->ledger, &admin, &row, ROLLOUT_ABORTED, STR("no"), &f->err),
          ERR_REFUSED, "rollout W1 is paused by now");
    assert_string_equal(show_row(f), "W1 paused wave 0 began 0 proved 0 ended 0: mine");
}

static void test_going_on_after_a_halt_accepts_the_failures_and_bakes_anew(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua 00ub", "100%");

    begin_wave(f, &row, 0, 2);
    place(f, "00ua", ROLLOUT_FAILED, "late", 0);
    place(f, "00ub", ROLLOUT_MOVED, "", NOW + TIME_HOUR);
    row = row_now(f);
    OK(f, ledger_move_rollout(f->ledger, &by_run, &row, ROLLOUT_HALTED, STR("1 of 2"), &f->err));
    assert_string_equal(show_row(f), "W1 halted wave 1 began 60000 proved 3600000 ended 0: 1 of 2");
    row = row_now(f);
    OK(f, ledger_move_rollout(f->ledger, &admin, &row, ROLLOUT_RUNNING, STR("ok"), &f->err));
    assert_string_equal(show_row(f), "W1 running wave 1 began 60000 proved 0 ended 0: ");
    assert_string_equal(show_members(f), "00ua failed filed: late (accepted); 00ub moved filed");
}

static void test_a_pause_accepts_nothing(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua", "100%");

    begin_wave(f, &row, 0, 1);
    place(f, "00ua", ROLLOUT_FAILED, "late", NOW + TIME_HOUR);
    row = row_now(f);
    OK(f, ledger_move_rollout(f->ledger, &admin, &row, ROLLOUT_PAUSED, STR("r"), &f->err));
    row = row_now(f);
    OK(f, ledger_move_rollout(f->ledger, &admin, &row, ROLLOUT_RUNNING, STR("r"), &f->err));
    assert_string_equal(show_members(f), "00ua failed filed: late");
    assert_string_equal(show_row(f), "W1 running wave 1 began 60000 proved 3600000 ended 0: ");
}

static void test_a_wave_is_confirmed_once_and_the_next_one_anew(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua 00ub", "1,100%");

    FAILS(f, ledger_confirm_rollout(f->ledger, &admin, &row, STR("r"), &f->err), ERR_REFUSED,
          "no wave (0) of rollout W1 has begun yet");
    begin_wave(f, &row, 0, 1);
    FAILS(f, ledger_confirm_rollout(f->ledger, &admin, &row, STR("r"), &f->err), ERR_REFUSED,
          "rollout W1 is in wave 1 meanwhile");
    row = row_now(f);
    OK(f, ledger_confirm_rollout(f->ledger, &admin, &row, STR("r"), &f->err));
    FAILS(f, ledger_confirm_rollout(f->ledger, &admin, &row, STR("r"), &f->err), ERR_REFUSED,
          "wave 1 of rollout W1 is confirmed already");
    assert_string_equal(show_row(f), "W1 running wave 1 began 60000 proved 0 confirmed ended 0: ");
    begin_wave(f, &row, 1, 2);
    assert_string_equal(show_row(f), "W1 running wave 2 began 60000 proved 0 ended 0: ");
}

/* ---- the clock ---- */

static void look(struct fixture *f, int64_t pass_ms, bool clock_ok)
{
    struct rollout_row row = row_now(f), out;

    f->fake.now += pass_ms;
    OK(f, ledger_look_at_rollout(f->ledger, &by_run, &row, clock_now(&f->clock), clock_ok,
                                 &f->arena, &out, &f->err));
    assert_int_equal(out.looked_at, clock_now(&f->clock));
}

static const char *show_times(struct fixture *f)
{
    struct rollout_row row = row_now(f);
    const struct rollout_member *members;
    size_t n;

    OK(f, ledger_rollout_members(f->ledger, row.id, &f->arena, &members, &n, &f->err));
    /* As seen from now: that is what everything is measured by. */
    return arena_printf(&f->arena, "began %lld proved %lld asked %lld steady %lld",
                        (long long)((clock_now(&f->clock) - row.wave_began_at) / TIME_HOUR),
                        (long long)((clock_now(&f->clock) - row.proved_at) / TIME_HOUR),
                        (long long)((clock_now(&f->clock) - members[1].at) / TIME_HOUR),
                        (long long)((clock_now(&f->clock) - row.steady_since) / TIME_HOUR))
        .ptr;
}

static void test_time_that_is_not_trusted_does_not_count(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua 00ub", "100%");

    begin_wave(f, &row, 0, 2);
    place(f, "00ua", ROLLOUT_MOVED, "", clock_now(&f->clock));
    look(f, 5 * TIME_HOUR, true);
    assert_string_equal(show_times(f), "began 5 proved 5 asked 5 steady 5");
    int64_t seq = audit_rows(f);
    look(f, 900 * TIME_HOUR, false); /* it jumped forwards */
    assert_string_equal(show_times(f), "began 5 proved 5 asked 5 steady 0");
    look(f, TIME_HOUR, false);
    assert_string_equal(show_audit(f, seq), "rollout.clock W1"); /* once for as long as it lasts */
    assert_string_equal(show_times(f), "began 5 proved 5 asked 5 steady 0");
    look(f, 2 * TIME_HOUR, true);
    assert_string_equal(show_times(f), "began 7 proved 7 asked 7 steady 2");
    look(f, -500 * TIME_HOUR, false); /* and back */
    assert_string_equal(show_times(f), "began 7 proved 7 asked 7 steady 0");
    look(f, 0, false); /* the same look again, after a crash */
    look(f, TIME_HOUR, true);
    assert_string_equal(show_times(f), "began 8 proved 8 asked 8 steady 1");
}

static void test_what_is_waited_for_is_noted_while_it_runs(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua", "100%");
    int64_t seq = audit_rows(f);

    OK(f, ledger_note_rollout(f->ledger, &row, STR("the moon"), &f->err));
    assert_string_equal(show_row(f), "W1 running wave 0 began 0 proved 0 ended 0: the moon");
    assert_string_equal(show_audit(f, seq), "");
    OK(f, ledger_move_rollout(f->ledger, &admin, &row, ROLLOUT_PAUSED, STR("lunch"), &f->err));
    OK(f, ledger_note_rollout(f->ledger, &row, STR("the sun"), &f->err));
    assert_string_equal(show_row(f), "W1 paused wave 0 began 0 proved 0 ended 0: lunch");
}

/* ---- past the ledger's back ---- */

static void test_rows_that_were_changed_by_hand_are_not_believed(void **state)
{
    static const struct {
        const char *sql, *part;
    } cases[] = {
        {"UPDATE rollout SET to_plan = 'power'", "row digest of rollout"},
        {"UPDATE rollout SET waves = '100%'", "row digest of rollout"},
        {"UPDATE rollout SET halt_on = '100%'", "row digest of rollout"},
        {"UPDATE rollout SET bake_ms = 0", "row digest of rollout"},
        {"UPDATE rollout SET confirm_one_way = 0", "row digest of rollout"},
        {"UPDATE rollout SET started_by = 'os:1'", "row digest of rollout"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct rollout_row *rows;
        struct fixture *f;
        size_t n;
        assert_int_equal(fixture_up((void **)&f), 0);
        (void)started(f, "00ua 00ub", "1,100%");
        raw_exec(f->path, cases[i].sql);
        FAILS(f, ledger_list_rollouts(f->ledger, true, &f->arena, &rows, &n, &f->err), ERR_LEDGER,
              cases[i].part);
        fixture_down((void **)&f);
    }
    (void)state;
}

/* The first message of what the file itself refuses. */
static const char *refusal(struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;

    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, sql, NULL, NULL, &message), SQLITE_OK);
    const char *out = arena_cstr(&f->arena, str_of(message));
    sqlite3_free(message);
    sqlite3_close(db);
    return out;
}

static void test_the_file_keeps_cohort_waves_and_proofs(void **state)
{
    struct fixture *f = *state;
    struct rollout_row row = started(f, "00ua 00ub 00uc", "1,2,100%");
    static const char *const frozen[] = {
        "UPDATE rollout_member SET person_id = '00ub' WHERE place_in_order = 2",
        "UPDATE rollout_member SET place = 'waiting' WHERE place_in_order = 1",
        "UPDATE rollout_member SET place = 'asked' WHERE place_in_order = 0",
        "UPDATE rollout_member SET request_id = NULL WHERE place_in_order = 1",
        "UPDATE rollout_member SET digest = 'x'",
    };

    begin_wave(f, &row, 0, 1);
    place(f, "00ua", ROLLOUT_MOVED, "", 0);
    row = row_now(f);
    begin_wave(f, &row, 1, 2);
    for (size_t i = 0; i < ARRAY_LEN(frozen); i++)
        assert_string_equal(refusal(f, frozen[i]), "a rollout's people are frozen");
    assert_string_equal(refusal(f, "DELETE FROM rollout_member WHERE place_in_order = 2"),
                        "a rollout's people are kept");
    assert_string_equal(refusal(f, "UPDATE rollout SET wave = 1"),
                        "a rollout goes forward, one wave at a time");
    assert_string_equal(refusal(f, "UPDATE rollout SET wave = 4"),
                        "a rollout goes forward, one wave at a time");
    row = row_now(f);
    OK(f, ledger_move_rollout(f->ledger, &admin, &row, ROLLOUT_ABORTED, STR("r"), &f->err));
    assert_string_equal(refusal(f, "UPDATE rollout SET state = 'running', ended_at = 0"),
                        "a rollout goes forward, one wave at a time");
}

static void test_a_cohort_larger_than_a_page_is_read_whole(void **state)
{
    struct fixture *f = *state;
    struct person people[1203];
    struct str ids[ARRAY_LEN(people)];
    struct rollout_row row = blank("100%");
    const struct rollout_member *members;
    size_t n;

    for (size_t i = 0; i < ARRAY_LEN(people); i++) {
        ids[i] = arena_printf(&f->arena, "00u%04zu", ARRAY_LEN(people) - i);
        people[i] = (struct person){.id = ids[i], .login = ids[i], .status = USER_ACTIVE};
    }
    OK(f, ledger_see_people(f->ledger, people, ARRAY_LEN(people), NOW, &f->err));
    OK(f, ledger_start_rollout(f->ledger, &admin, &row, ids, ARRAY_LEN(ids), &f->arena, &f->err));
    OK(f, ledger_rollout_members(f->ledger, row.id, &f->arena, &members, &n, &f->err));
    assert_int_equal(n, ARRAY_LEN(ids));
    for (size_t i = 0; i < n; i++)
        assert_true(str_eq(members[i].person, ids[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXED(test_what_was_started_is_read_back),
        FIXED(test_a_start_that_makes_no_sense_changes_nothing),
        FIXED(test_an_entitlement_has_one_open_rollout),
        FIXED(test_a_wave_files_accepted_changes_and_moves_the_grants),
        FIXED(test_a_wave_begins_once),
        FIXED(test_only_a_running_rollout_begins_a_wave),
        FIXED(test_the_new_grant_lasts_until_the_latest_end_that_it_replaces),
        FIXED(test_whom_nothing_is_to_be_done_for_is_gone),
        FIXED(test_places_go_forward_only),
        FIXED(test_what_was_found_about_a_former_wave_is_refused),
        cmocka_unit_test(test_people_move_it_along_the_allowed_ways),
        FIXED(test_whoever_decides_second_is_told),
        FIXED(test_going_on_after_a_halt_accepts_the_failures_and_bakes_anew),
        FIXED(test_a_pause_accepts_nothing),
        FIXED(test_a_wave_is_confirmed_once_and_the_next_one_anew),
        FIXED(test_time_that_is_not_trusted_does_not_count),
        FIXED(test_what_is_waited_for_is_noted_while_it_runs),
        cmocka_unit_test(test_rows_that_were_changed_by_hand_are_not_believed),
        FIXED(test_the_file_keeps_cohort_waves_and_proofs),
        FIXED(test_a_cohort_larger_than_a_page_is_read_whole),
    };

    return cmocka_run_group_tests_name("ledger.rollout", tests, NULL, NULL);
}

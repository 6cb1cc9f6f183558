#include "unit/ledger/fixture.h"

static bool file_asks(struct fixture *f, const struct request *asks, size_t n, struct request *out,
                      enum filed *how)
{
    f->err = (struct err){0};
    return ledger_file_requests(f->ledger, &admin, asks, n, &f->arena, out, how, &f->err);
}

static struct request ask_for(const char *who, const char *key)
{
    return (struct request){
        .kind = REQUEST_GRANT, .who = str_of(who), .entitlement = STR("kiro"), .key = str_of(key)};
}

/* ---- filing ---- */

static void test_a_filed_request_is_read_back_whole(void **state)
{
    struct fixture *f = *state;
    struct request ask = {.kind = REQUEST_CHANGE,
                          .who = STR("ada@example.com"),
                          .entitlement = STR("kiro"),
                          .plan = STR("pro+"),
                          .from_ms = 5,
                          .until_ms = 7,
                          .for_ms = 9,
                          .reason = STR("it's \"work\" 🚀 申請"),
                          .confirm_one_way = true,
                          .principal = STR("token:agent"),
                          .requester = STR("00u9"),
                          .may_decide = true,
                          .door = STR("mcp"),
                          .key = STR("k1")};
    struct request out;
    enum filed how;

    assert_true(file_asks(f, &ask, 1, &out, &how));
    assert_int_equal(how, FILED_NEW);
    struct request now = request_now(f, 1);
    assert_true(str_eq(now.id, out.id) && now.id.len == 36);
    assert_string_equal(
        arena_printf(
            &f->arena,
            "R%lld %s %s %.*s %.*s %.*s %lld %lld %lld %.*s %d %.*s %.*s %d %.*s %.*s %lld",
            (long long)now.number, request_kind_name(now.kind), request_state_name(now.state),
            STR_ARG(now.who), STR_ARG(now.entitlement), STR_ARG(now.plan), (long long)now.from_ms,
            (long long)now.until_ms, (long long)now.for_ms, STR_ARG(now.reason),
            now.confirm_one_way, STR_ARG(now.principal), STR_ARG(now.requester), now.may_decide,
            STR_ARG(now.door), STR_ARG(now.key), (long long)now.filed_at)
            .ptr,
        "R1 change filed ada@example.com kiro pro+ 5 7 9 it's \"work\" 🚀 申請 1 token:agent 00u9 1 "
        "mcp k1 1777885960000");
    assert_int_equal(now.person.len + now.state_reason.len + now.decided_by.len, 0);
    assert_string_equal(show_audit(f, 0), "request.filed R1");
}

static void test_one_key_is_one_request_and_never_two_contents(void **state)
{
    struct fixture *f = *state;
    struct request ask = ask_for("ada@example.com", "k1"), out;
    enum filed how;

    assert_true(file_asks(f, &ask, 1, &out, &how) && how == FILED_NEW);
    assert_true(file_asks(f, &ask, 1, &out, &how) && how == FILED_SAME);
    assert_int_equal(out.number, 1);
    ask.reason = STR("other words");
    FAILS(f, file_asks(f, &ask, 1, &out, &how), ERR_USAGE,
          "the key `k1` was used for R1, which asks for other things");
    ask.principal = STR("token:other"); /* somebody else's keys are somebody else's */
    assert_true(file_asks(f, &ask, 1, &out, &how) && how == FILED_NEW);
    ask.key = STR("k2");
    assert_true(file_asks(f, &ask, 1, &out, &how) && how == FILED_NEW);
    assert_int_equal(out.number, 3);
}

static void test_without_a_key_an_equal_open_request_is_that_one(void **state)
{
    struct fixture *f = *state;
    struct request ask = ask_for("ada@example.com", NULL), out;
    enum filed how;

    assert_true(file_asks(f, &ask, 1, &out, &how) && how == FILED_NEW);
    assert_true(file_asks(f, &ask, 1, &out, &how) && how == FILED_SAME);
    ask.may_decide = true; /* what a decider asks is not what anybody asked */
    assert_true(file_asks(f, &ask, 1, &out, &how) && how == FILED_NEW);
    ask.may_decide = false;
    struct request first = request_now(f, 1);
    OK(f, ledger_cancel_request(f->ledger, &admin, &first, STR("no"), &f->err));
    assert_true(file_asks(f, &ask, 1, &out, &how) && how == FILED_NEW);
    assert_int_equal(out.number, 3);
}

static void test_a_list_is_filed_as_a_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    struct request asks[] = {ask_for("ada@example.com", "k1"), ask_for("bob@example.com", NULL),
                             ask_for("bob@example.com", NULL), ask_for("cy@example.com", "k1")};
    struct request out[4];
    enum filed how[4];

    FAILS(f, file_asks(f, asks, 4, out, how), ERR_USAGE, "request 4 of 4: the key `k1`");
    assert_string_equal(raw_text(f, "SELECT count(*) FROM request"), "0");
    assert_true(file_asks(f, asks, 3, out, how));
    assert_int_equal(how[2], FILED_SAME);
    assert_int_equal(out[2].number, out[1].number);
}

static void test_what_is_not_text_or_not_known_is_refused(void **state)
{
    static const struct {
        struct request ask;
        const char *why;
    } cases[] = {
        {{.who = STR("a\xff"), .entitlement = STR("kiro")}, "who is not valid text"},
        {{.who = STR("a"), .entitlement = STR("kiro"), .reason = STR("x\0y")}, "reason is not"},
        {{.who = STR("a")}, "who and entitlement are needed"},
        {{.entitlement = STR("kiro")}, "who and entitlement are needed"},
        {{.who = STR("a"), .entitlement = STR("kiro"), .person = STR("00u7")}, "knows nobody"},
    };
    struct fixture *f = *state;
    struct request out;
    enum filed how;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        FAILS(f, file_asks(f, &cases[i].ask, 1, &out, &how), ERR_USAGE, cases[i].why);
}

static void test_filing_bumps_the_version_of_whoever_bears_that_login(void **state)
{
    struct fixture *f = *state;

    see(f, "00u1", "Ada@Example.com", USER_ACTIVE);
    see(f, "00u2", "bob@example.com", USER_ACTIVE);
    (void)file(f, REQUEST_REVOKE, "ADA@example.COM", NULL);
    (void)file(f, REQUEST_RENEW, "00u1", NULL);
    assert_int_equal(person_of(f, "00u1").version, 2);
    assert_int_equal(person_of(f, "00u2").version, 0);
}

static void test_lists_are_by_number_and_filtered(void **state)
{
    struct fixture *f = *state;
    const struct request *items;
    size_t n;

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    for (int i = 0; i < 1100; i++)
        (void)file(f, REQUEST_GRANT, "bob@example.com", arena_printf(&f->arena, "k%d", i).ptr);
    (void)granted(f, "00u1", "ada@example.com");
    OK(f, ledger_list_requests(f->ledger, &(struct request_filter){0}, &f->arena, &items, &n,
                               &f->err));
    assert_int_equal(n, 1101);
    assert_int_equal(items[1100].number, 1101);
    OK(f, ledger_list_requests(f->ledger, &(struct request_filter){.open_only = true}, &f->arena,
                               &items, &n, &f->err));
    assert_int_equal(n, 1100);
    OK(f, ledger_list_requests(f->ledger, &(struct request_filter){.person = STR("00u1")},
                               &f->arena, &items, &n, &f->err));
    assert_int_equal(n, 1);
    OK(f, ledger_list_requests(f->ledger, &(struct request_filter){.entitlement = STR("q")},
                               &f->arena, &items, &n, &f->err));
    assert_int_equal(n, 0);
    OK(f, ledger_list_requests(f->ledger, &(struct request_filter){.after_number = 7, .limit = 501},
                               &f->arena, &items, &n, &f->err));
    assert_int_equal(n, 501);
    assert_int_equal(items[0].number, 8);
}

/* ---- resolving, asking, answering ---- */

static void test_a_request_is_resolved_once(void **state)
{
    struct fixture *f = *state;
    struct request request = file(f, REQUEST_GRANT, "ada@example.com", NULL);

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    see(f, "00u2", "ada@example.com", USER_ACTIVE);
    FAILS(f, ledger_resolve_request(f->ledger, &admin, request.id, STR("00u7"), &f->err), ERR_USAGE,
          "knows nobody");
    OK(f, ledger_resolve_request(f->ledger, &admin, request.id, STR("00u1"), &f->err));
    OK(f, ledger_resolve_request(f->ledger, &admin, request.id, STR("00u1"), &f->err));
    FAILS(f, ledger_resolve_request(f->ledger, &admin, request.id, STR("00u2"), &f->err),
          ERR_REFUSED, "R1 is about 00u1 already");
    assert_true(str_is(request_now(f, 1).person, "00u1"));
    assert_string_equal(show_audit(f, 0), "request.filed R1; request.resolved R1");
    FAILS(f, ledger_resolve_request(f->ledger, &admin, STR("none"), STR("00u1"), &f->err),
          ERR_USAGE, "no such request");
}

static const char *show_approvals(struct fixture *f, struct str request)
{
    static const char *const words[] = {"?", "approve", "deny"};
    const struct approval_row *items;
    struct str out = {0};
    size_t n;

    OK(f, ledger_request_approvals(f->ledger, request, &f->arena, &items, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        out = arena_printf(&f->arena, "%.*s%s%.*s@%lld=%s", STR_ARG(out), i ? " " : "",
                           STR_ARG(items[i].approval.approver),
                           (long long)(items[i].asked_at - NOW), words[items[i].approval.verdict]);
    }
    return out.ptr ? out.ptr : "";
}

static void test_who_was_asked_stays_and_the_first_word_counts(void **state)
{
    struct fixture *f = *state;
    struct request request = file(f, REQUEST_GRANT, "ada@example.com", NULL);
    struct str both[] = {STR("00u9"), STR("00u8")};

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    OK(f, ledger_resolve_request(f->ledger, &admin, request.id, STR("00u1"), &f->err));
    OK(f, ledger_ask(f->ledger, &admin, &request, both, 1, &f->err));
    fake_clock_pass(&f->fake, 10);
    OK(f, ledger_ask(f->ledger, &admin, &request, both, 2, &f->err));
    assert_string_equal(show_approvals(f, request.id), "00u8@10=? 00u9@0=?");
    assert_int_equal(request_now(f, 1).asked_at, NOW); /* the clocks start with the first */

    int64_t version = person_of(f, "00u1").version;
    FAILS(
        f,
        ledger_answer(f->ledger, &admin, &request, STR("00u7"), VERDICT_APPROVE, STR(""), &f->err),
        ERR_REFUSED, "R1: 00u7 was not asked");
    OK(f,
       ledger_answer(f->ledger, &admin, &request, STR("00u8"), VERDICT_DENY, STR("no"), &f->err));
    FAILS(
        f,
        ledger_answer(f->ledger, &admin, &request, STR("00u8"), VERDICT_APPROVE, STR(""), &f->err),
        ERR_REFUSED, "R1: 00u8 has answered already (deny)");
    assert_int_equal(person_of(f, "00u1").version, version + 1);
    assert_string_equal(show_approvals(f, request.id), "00u8@10=deny 00u9@0=?");
    assert_string_equal(show_audit(f, 2),
                        "approval.asked R1; approval.asked R1; approval.given R1");

    OK(f, ledger_cancel_request(f->ledger, &admin, &request, STR("over"), &f->err));
    FAILS(
        f,
        ledger_answer(f->ledger, &admin, &request, STR("00u9"), VERDICT_APPROVE, STR(""), &f->err),
        ERR_REFUSED, "R1 is cancelled already");
    FAILS(f, ledger_ask(f->ledger, &admin, &request, both, 2, &f->err), ERR_REFUSED, "cancelled");
    FAILS(f, ledger_cancel_request(f->ledger, &admin, &request, STR("again"), &f->err), ERR_REFUSED,
          "cancelled already");
}

static void test_a_one_way_move_is_confirmed_once(void **state)
{
    struct fixture *f = *state;
    struct request request = file(f, REQUEST_CHANGE, "ada@example.com", NULL);
    bool is;

    OK(f, ledger_request_confirmed(f->ledger, request.id, &is, &f->err));
    assert_false(is);
    OK(f, ledger_confirm_request(f->ledger, &admin, &request, &f->err));
    OK(f, ledger_confirm_request(f->ledger, &admin, &request, &f->err));
    OK(f, ledger_request_confirmed(f->ledger, request.id, &is, &f->err));
    assert_true(is);
    assert_string_equal(show_audit(f, 0), "request.filed R1; request.confirmed R1");
}

/* ---- steps of intake ---- */

static bool take(struct fixture *f, const struct request *request, const struct intake_step *step)
{
    bool taken = false;

    OK(f, ledger_take_step(f->ledger, &admin, request, step, STR("00u9"), STR("{\"team\":\"a\"}"),
                           &f->arena, &taken, &f->err));
    return taken;
}

static const char *show_grants(struct fixture *f, const char *person)
{
    struct grant *items;
    struct str out = {0};
    size_t n;

    OK(f, ledger_person_grants(f->ledger, str_of(person), &f->arena, &items, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        out =
            arena_printf(&f->arena, "%.*s%s%.*s/%.*s %lld..%lld", STR_ARG(out), i ? "; " : "",
                         STR_ARG(items[i].entitlement), STR_ARG(items[i].plan),
                         (long long)(items[i].from_ms - NOW), (long long)(items[i].until_ms - NOW));
        if (items[i].ended_at != 0) {
            out =
                arena_printf(&f->arena, "%.*s !%lld %s", STR_ARG(out),
                             (long long)(items[i].ended_at - NOW), cause_name(items[i].end_cause));
        }
    }
    return out.ptr ? out.ptr : "";
}

static void test_an_accepted_step_opens_the_grant_with_all_that_goes_with_it(void **state)
{
    struct fixture *f = *state;
    const struct request_ref *refs;
    size_t n;

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    int64_t before = person_of(f, "00u1").version;
    struct request request = granted(f, "00u1", "ada@example.com");

    assert_string_equal(show_grants(f, "00u1"), "kiro/pro 0..2592000000");
    assert_true(request.state == REQUEST_ACCEPTED && request.decided_at == NOW);
    assert_true(str_is(request.decided_by, "rule:no-approval"));
    assert_int_equal(person_of(f, "00u1").version, before + 3); /* filed, resolved, decided */
    assert_string_equal(show_audit(f, 0), "request.filed R1; request.resolved R1;"
                                          " request.accepted R1; grant.opened R1");
    OK(f, ledger_request_refs(f->ledger, &f->arena, &refs, &n, &f->err));
    assert_int_equal(n, 1);
    assert_true(str_eq(refs[0].id, request.id) && refs[0].number == 1);
    assert_int_equal(refs[0].decided_at, NOW);
}

static void test_a_change_ends_what_it_replaces(void **state)
{
    struct fixture *f = *state;
    struct grant *grants;
    size_t n;

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    (void)granted(f, "00u1", "ada@example.com");
    fake_clock_pass(&f->fake, 10);
    OK(f, ledger_person_grants(f->ledger, STR("00u1"), &f->arena, &grants, &n, &f->err));
    struct request change = file(f, REQUEST_CHANGE, "00u1", NULL);
    OK(f, ledger_resolve_request(f->ledger, &admin, change.id, STR("00u1"), &f->err));
    struct intake_step step = {.state = REQUEST_ACCEPTED,
                               .reason = STR("moved"),
                               .decided_by = STR("00u9"),
                               .plan = STR("max"),
                               .from_ms = NOW + 10,
                               .until_ms = NOW + TIME_DAY,
                               .open_grant = true,
                               .end_grants = &grants[0].id,
                               .n_end_grants = 1,
                               .end_at_ms = NOW + 10,
                               .end_cause = CAUSE_MOVED};

    assert_true(take(f, &change, &step));
    assert_string_equal(show_grants(f, "00u1"),
                        "kiro/max 10..86400000; kiro/pro 0..2592000000 !10 moved");
    assert_false(take(f, &change, &step)); /* decided meanwhile */
    assert_string_equal(raw_text(f, "SELECT group_concat(profile || owner_id) FROM seat_grant"
                                    " WHERE plan = 'max'"),
                        "{\"team\":\"a\"}00u9");
}

static void test_a_renewal_extends_unless_the_grant_ended_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct grant *grants;
    size_t n;

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    (void)granted(f, "00u1", "ada@example.com");
    OK(f, ledger_person_grants(f->ledger, STR("00u1"), &f->arena, &grants, &n, &f->err));
    struct request renew = file(f, REQUEST_RENEW, "00u1", "r1");
    OK(f, ledger_resolve_request(f->ledger, &admin, renew.id, STR("00u1"), &f->err));
    struct intake_step step = {.state = REQUEST_ACCEPTED,
                               .reason = STR("longer"),
                               .decided_by = STR("rule:x"),
                               .extend_grant = grants[0].id,
                               .until_ms = NOW + 60 * TIME_DAY};

    assert_true(take(f, &renew, &step));
    assert_string_equal(show_grants(f, "00u1"), "kiro/pro 0..5184000000");

    renew = file(f, REQUEST_RENEW, "00u1", "r2");
    OK(f, ledger_resolve_request(f->ledger, &admin, renew.id, STR("00u1"), &f->err));
    OK(f, ledger_end_grants(f->ledger, &admin, STR("00u1"), STR("kiro"), CAUSE_INACTIVE, &f->err));
    step.until_ms = NOW + 90 * TIME_DAY;
    int64_t rows = audit_rows(f);
    assert_false(take(f, &renew, &step));
    assert_int_equal(audit_rows(f), rows);
    assert_int_equal(request_now(f, renew.number).state, REQUEST_FILED);
    assert_string_equal(show_grants(f, "00u1"), "kiro/pro 0..5184000000 !0 inactive");
}

static void test_a_block_that_came_between_wins(void **state)
{
    struct fixture *f = *state;
    struct intake_step step = {.state = REQUEST_ACCEPTED,
                               .reason = STR("yes"),
                               .decided_by = STR("00u9"),
                               .plan = STR("pro"),
                               .from_ms = NOW,
                               .until_ms = NOW + 1,
                               .open_grant = true};
    bool changed;

    see(f, "00u1", "ada@example.com", USER_ACTIVE);
    OK(f, ledger_block(f->ledger, &admin, STR("00u1"), STR("left"), &changed, &f->err));
    struct request request = file(f, REQUEST_GRANT, "00u1", NULL);
    OK(f, ledger_resolve_request(f->ledger, &admin, request.id, STR("00u1"), &f->err));
    assert_false(take(f, &request, &step));
    assert_int_equal(request_now(f, 1).state, REQUEST_FILED);
    assert_string_equal(show_grants(f, "00u1"), "");
}

static void test_a_revoke_cancels_the_earlier_asks_for_the_same(void **state)
{
    struct fixture *f = *state;
    struct request ask = ask_for("bob@example.com", NULL), out;
    enum filed how;

    see(f, "00u1", "Ada@example.com", USER_ACTIVE);
    (void)file(f, REQUEST_GRANT, "ada@example.com", "a"); /* not resolved yet */
    (void)file(f, REQUEST_RENEW, "00u1", "b");
    (void)file(f, REQUEST_GRANT, "bob@example.com", "c");
    ask = ask_for("ada@example.com", "d");
    ask.entitlement = STR("q");
    assert_true(file_asks(f, &ask, 1, &out, &how));
    ask = ask_for("ada@example.com", "e");
    ask.kind = REQUEST_REVOKE;
    assert_true(file_asks(f, &ask, 1, &out, &how));
    (void)file(f, REQUEST_GRANT, "ada@example.com", "later");
    OK(f, ledger_resolve_request(f->ledger, &admin, out.id, STR("00u1"), &f->err));
    struct intake_step step = {.state = REQUEST_ACCEPTED,
                               .reason = STR("ended"),
                               .decided_by = STR("os:1000"),
                               .end_cause = CAUSE_REVOKED};
    assert_true(take(f, &out, &step));
    assert_string_equal(raw_text(f, "SELECT group_concat(number || state, ' ') FROM"
                                    " (SELECT * FROM request ORDER BY number)"),
                        "1cancelled 2cancelled 3filed 4filed 5accepted 6filed");
    assert_true(str_is(request_now(f, 1).state_reason, "revoked by R5"));
}

static void test_a_step_that_only_waits_is_noted_when_something_moves(void **state)
{
    struct fixture *f = *state;
    struct str approver = STR("00u9");
    struct request request = file(f, REQUEST_GRANT, "ada@example.com", NULL);
    struct intake_step step = {.state = REQUEST_FILED, .reason = STR("Okta is away")};

    assert_true(take(f, &request, &step));
    assert_true(str_is(request_now(f, 1).state_reason, "Okta is away"));
    assert_string_equal(show_audit(f, 1), ""); /* a sentence is no decision */
    step = (struct intake_step){
        .state = REQUEST_AWAITING_APPROVAL, .reason = STR("asked"), .ask = &approver, .n_ask = 1};
    assert_true(take(f, &request, &step));
    assert_string_equal(show_audit(f, 1), "approval.asked R1; request.awaiting_approval R1");
    request = request_now(f, 1);
    assert_int_equal(request.asked_at, NOW);
    assert_true(take(f, &request, &step));
    assert_int_equal(audit_rows(f), 3); /* the same again changes nothing */
    step = (struct intake_step){.state = REQUEST_FILED};
    bool taken;
    FAILS(f,
          ledger_take_step(f->ledger, &admin, &request, &step, STR(""), STR(""), &f->arena, &taken,
                           &f->err),
          ERR_INTERNAL, "R1: no way leads from awaiting_approval to filed");
    step =
        (struct intake_step){.state = REQUEST_DENIED, .reason = STR("no"), .decided_by = approver};
    assert_true(take(f, &request, &step));
    assert_string_equal(show_audit(f, 3), "request.denied R1");
    FAILS(f, ledger_cancel_request(f->ledger, &admin, &request, STR(""), &f->err), ERR_REFUSED,
          "R1 is denied already");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXED(test_a_filed_request_is_read_back_whole),
        FIXED(test_one_key_is_one_request_and_never_two_contents),
        FIXED(test_without_a_key_an_equal_open_request_is_that_one),
        FIXED(test_a_list_is_filed_as_a_whole_or_not_at_all),
        FIXED(test_what_is_not_text_or_not_known_is_refused),
        FIXED(test_filing_bumps_the_version_of_whoever_bears_that_login),
        FIXED(test_lists_are_by_number_and_filtered),
        FIXED(test_a_request_is_resolved_once),
        FIXED(test_who_was_asked_stays_and_the_first_word_counts),
        FIXED(test_a_one_way_move_is_confirmed_once),
        FIXED(test_an_accepted_step_opens_the_grant_with_all_that_goes_with_it),
        FIXED(test_a_change_ends_what_it_replaces),
        FIXED(test_a_renewal_extends_unless_the_grant_ended_meanwhile),
        FIXED(test_a_block_that_came_between_wins),
        FIXED(test_a_revoke_cancels_the_earlier_asks_for_the_same),
        FIXED(test_a_step_that_only_waits_is_noted_when_something_moves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

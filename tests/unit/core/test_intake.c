#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit/core/intake_world.h"

static int new_arena(void **state)
{
    static struct arena arena;

    arena_init(&arena, 1 << 20);
    *state = &arena;
    return 0;
}

static int drop_arena(void **state)
{
    arena_fini(*state);
    return 0;
}

static const char *shown(const struct world *w, void **state)
{
    struct intake_step step = intake_decide(&w->f, *state);

    return world_show(&step, *state);
}

static const char *reason(const struct world *w, void **state)
{
    return arena_cstr(*state, intake_decide(&w->f, *state).reason);
}

#define EXPECT(w, text) assert_string_equal(shown((w), state), (text))
#define REASON(w, text) assert_string_equal(reason((w), state), (text))
#define MENTIONS(w, text)                         \
    do {                                          \
        const char *reason_ = reason((w), state); \
        if (!strstr(reason_, (text)))             \
            assert_string_equal(reason_, (text)); \
    } while (0)

/* ---- what is asked for ---- */

static void test_a_grant_without_plan_and_end_gets_the_defaults(void **state)
{
    struct world w;

    world_init(&w);
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro 0d..180d");
    REASON(&w, "taro@example.com gets kiro-pro in kiro-jp now, until 2026-10-31.");
}

static void test_an_unknown_entitlement_is_denied_and_those_that_exist_are_named(void **state)
{
    struct world w;

    world_init(&w);
    w.f.ent = NULL;
    w.request.entitlement = STR("kiro-us");
    EXPECT(&w, "denied by rule:unknown-entitlement");
    REASON(&w, "There is no entitlement \"kiro-us\"; there is: kiro-jp.");
}

static void test_an_unknown_plan_is_denied_and_those_that_exist_are_named(void **state)
{
    struct world w;

    world_init(&w);
    w.request.plan = STR("kiro-\x1b[31mmega");
    EXPECT(&w, "denied by rule:unknown-plan");
    REASON(&w, "There is no plan \"kiro-\xef\xbf\xbd[31mmega\" in kiro-jp; there is: q-pro, "
               "kiro-pro, kiro-pro-plus, kiro-power.");
}

static void test_a_start_in_the_past_is_now_and_one_to_come_is_kept(void **state)
{
    struct world w;

    world_init(&w);
    w.request.from_ms = DAYS(-3);
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro 0d..180d");
    w.request.from_ms = DAYS(30);
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro 30d..210d");
    REASON(&w, "taro@example.com gets kiro-pro in kiro-jp on 2026-06-03, until 2026-11-30.");
}

static void test_the_end_is_what_was_asked_for_within_the_limit(void **state)
{
    static const struct {
        int64_t from, until, span;
        const char *shown, *reason;
    } cases[] = {
        {0, DAYS(10), 0, "accepted by rule:no-approval-needed +kiro-pro 0d..10d", NULL},
        {0, 0, 90 * TIME_DAY, "accepted by rule:no-approval-needed +kiro-pro 0d..90d", NULL},
        {0, DAYS(365), 0, "accepted by rule:no-approval-needed +kiro-pro 0d..365d", NULL},
        {0, DAYS(365) + 1, 0, "denied by rule:duration",
         "kiro-jp is given for at most 365d: ask for an end on 2027-05-03 or earlier."},
        {0, 0, 366 * TIME_DAY, "denied by rule:duration", NULL},
        {0, 0, INT64_MAX, "denied by rule:duration", NULL},
        {0, 0, -1, "denied by rule:duration", "The duration asked for is not one."},
        {0, INT64_MAX, 0, "denied by rule:duration", NULL},
        {INT64_MAX, 0, 0, "denied by rule:duration", NULL},
        {0, DAYS(-1), 0, "denied by rule:duration", "The end asked for, 2026-05-03, has passed."},
        {DAYS(20), DAYS(10), 0, "denied by rule:duration",
         "The end asked for, 2026-05-14, is before the start, 2026-05-24."},
        {DAYS(20), DAYS(20) + 365 * TIME_DAY, 0,
         "accepted by rule:no-approval-needed +kiro-pro 20d..385d", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;

        world_init(&w);
        w.request.from_ms = cases[i].from;
        w.request.until_ms = cases[i].until;
        w.request.for_ms = cases[i].span;
        EXPECT(&w, cases[i].shown);
        if (cases[i].reason)
            REASON(&w, cases[i].reason);
    }
}

static void test_a_default_longer_than_the_limit_is_cut_to_it(void **state)
{
    struct world w;

    world_init(&w);
    w.ent.max_duration_ms = 30 * TIME_DAY;
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro 0d..30d");
}

/* ---- who ---- */

static void test_a_filing_waits_three_days_for_what_stands_in_its_way(void **state)
{
    static const struct {
        enum resolution resolution;
        enum user_status status;
        enum eligible_answer eligible;
        const char *later, *mentions;
    } cases[] = {
        {RESOLVE_NONE, USER_ACTIVE, ELIGIBLE_YES, "denied by rule:not-found",
         "Okta knows nobody called \"taro@example.com\"."},
        {RESOLVE_CONFLICT, USER_ACTIVE, ELIGIBLE_YES, "denied by rule:conflict",
         "\"taro@example.com\" now means another person than before."},
        {RESOLVE_UNKNOWN, USER_ACTIVE, ELIGIBLE_YES, "lapsed by rule:okta-away",
         "Okta could not be asked about \"taro@example.com\"."},
        {RESOLVE_FOUND, USER_UNKNOWN, ELIGIBLE_YES, "lapsed by rule:okta-away",
         "The state of taro@example.com in Okta is not known."},
        {RESOLVE_FOUND, USER_SUSPENDED, ELIGIBLE_YES, "denied by rule:inactive",
         "taro@example.com is SUSPENDED in Okta and cannot hold a seat."},
        {RESOLVE_FOUND, USER_DEPROVISIONED, ELIGIBLE_YES, "denied by rule:inactive", NULL},
        {RESOLVE_FOUND, USER_ACTIVE, ELIGIBLE_NO, "denied by rule:eligible",
         "taro@example.com is not eligible for kiro-jp: not a member of Employees."},
        {RESOLVE_FOUND, USER_ACTIVE, ELIGIBLE_UNKNOWN, "lapsed by rule:eligible-unknown",
         "Whether taro@example.com is eligible for kiro-jp is not known: not a member of "
         "Employees."},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;

        world_init(&w);
        w.f.resolution = cases[i].resolution;
        w.person.status = cases[i].status;
        w.f.eligible.answer = cases[i].eligible;
        w.f.eligible.why = STR("not a member of Employees");
        w.f.now_ms = w.request.filed_at + INTAKE_RETRY_MS - 1;
        EXPECT(&w, "filed");
        if (cases[i].mentions)
            MENTIONS(&w, cases[i].mentions);
        MENTIONS(&w, "It is looked at again in every run until 2026-05-07 11:00.");
        w.f.now_ms = w.request.filed_at + INTAKE_RETRY_MS;
        EXPECT(&w, cases[i].later);
        if (cases[i].mentions)
            MENTIONS(&w, cases[i].mentions);
    }
}

static void test_a_lapse_offers_to_ask_again(void **state)
{
    struct world w;

    world_init(&w);
    w.f.resolution = RESOLVE_UNKNOWN;
    w.f.now_ms = DAYS(4);
    MENTIONS(&w, "Ask again if it is still needed.");
    world_init(&w);
    w.request.plan = STR("kiro-power");
    world_approver(&w, "00uBOSS");
    world_asked(&w, 7 * 24);
    REASON(&w, "Nobody decided within 7 days. Ask again if it is still needed.");
}

static void test_the_word_of_the_resolver_is_told(void **state)
{
    struct world w;

    world_init(&w);
    w.f.resolution = RESOLVE_UNKNOWN;
    w.f.resolve_why = STR("Okta answers 503.");
    MENTIONS(&w, "Okta answers 503.");
}

static void test_another_person_behind_the_login_than_at_filing_is_a_conflict(void **state)
{
    struct world w;

    world_init(&w);
    w.request.person = STR("00uOTHER");
    EXPECT(&w, "filed");
    MENTIONS(&w, "now means another person than before");
}

static void test_a_blocked_person_is_refused_everything_but_giving_back(void **state)
{
    static const enum request_kind kinds[] = {REQUEST_GRANT, REQUEST_CHANGE, REQUEST_RENEW};
    struct world w;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        world_init(&w);
        world_grant(&w, "kiro-pro", -10, 10);
        w.f.blocked = true;
        w.request.kind = kinds[i];
        EXPECT(&w, "denied by rule:blocked");
    }
    w.request.kind = REQUEST_REVOKE;
    EXPECT(&w, "accepted by rule:own-seat -g1@0d returned");
}

static void test_a_decided_request_stays_as_it_is(void **state)
{
    static const enum request_state closed[] = {REQUEST_ACCEPTED, REQUEST_DENIED, REQUEST_LAPSED,
                                                REQUEST_CANCELLED};

    for (size_t i = 0; i < ARRAY_LEN(closed); i++) {
        struct world w;
        struct intake_step step;

        world_init(&w);
        w.request.state = closed[i];
        w.request.state_reason = STR("As decided.");
        w.request.decided_by = STR("00uBOSS");
        step = intake_decide(&w.f, *state);
        assert_int_equal(step.state, closed[i]);
        assert_true(str_is(step.reason, "As decided."));
        assert_true(str_is(step.decided_by, "00uBOSS"));
        assert_false(step.open_grant);
    }
}

/* ---- grants of what somebody holds ---- */

static void test_the_same_plan_with_no_later_end_changes_nothing_and_says_so(void **state)
{
    static const int64_t ends[] = {0, DAYS(5), DAYS(60)};

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct world w;

        world_init(&w);
        world_grant(&w, "kiro-pro", -10, 60);
        w.request.until_ms = ends[i];
        w.request.plan = STR("kiro-pro");
        EXPECT(&w, "accepted by rule:nothing-to-do nothing");
        MENTIONS(&w, "taro@example.com holds kiro-pro in kiro-jp until 2026-07-03 already; "
                     "nothing changes");
    }
}

static void test_the_same_plan_with_a_later_end_is_a_renewal(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "kiro-pro", -10, 60);
    w.request.until_ms = DAYS(100);
    EXPECT(&w, "accepted by rule:no-approval-needed ~g1 until 100d");
    w.request.until_ms = 0;
    w.request.for_ms = 100 * TIME_DAY;
    EXPECT(&w, "accepted by rule:no-approval-needed ~g1 until 100d");
    w.ent.has_renewal_approval = true; /* and is approved like one */
    w.ent.renewal_approval = APPROVAL_MANAGER;
    world_approver(&w, "00uBOSS");
    EXPECT(&w, "awaiting_approval ask 00uBOSS");
}

static void test_the_same_plan_after_a_gap_is_another_grant(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "kiro-pro", -10, 10);
    w.request.from_ms = DAYS(20);
    w.request.until_ms = DAYS(30);
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro 20d..30d");
}

static void test_an_end_that_was_decided_is_not_pushed_but_followed_by_another_grant(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "kiro-pro", -10, 60)->ended_at = DAYS(5);
    w.request.until_ms = DAYS(100);
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro 0d..100d");
    w.request.until_ms = DAYS(3);
    EXPECT(&w, "accepted by rule:nothing-to-do nothing");
}

static void test_asking_without_a_plan_does_not_lower_a_higher_one(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "kiro-power", -10, 60);
    EXPECT(&w, "accepted by rule:nothing-to-do nothing");
    MENTIONS(&w, "holds kiro-power");
    w.ent.default_plan = STR("q-pro"); /* nor does it ask for what is out of reach */
    EXPECT(&w, "accepted by rule:nothing-to-do nothing");
}

static void test_a_grant_to_a_member_by_other_hands_says_that_it_is_not_managed(void **state)
{
    struct world w;

    world_init(&w);
    w.f.member_by_others = true;
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro 0d..180d");
    MENTIONS(&w, "the membership is not managed until it is adopted");
}

/* ---- changes ---- */

static void test_a_grant_of_another_plan_is_a_change_until_the_latest_end_replaced(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "kiro-pro", -10, 20);
    world_grant(&w, "kiro-pro", 30, 90);
    world_grant(&w, "kiro-pro", -90, -30); /* over: not touched */
    w.plans[2].approval = APPROVAL_NONE;
    w.request.plan = STR("kiro-pro-plus");
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro-plus 0d..90d -g1,g2@0d moved");
    REASON(&w, "taro@example.com moves from kiro-pro to kiro-pro-plus in kiro-jp now, until "
               "2026-08-02.");
    w.request.kind = REQUEST_CHANGE;
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro-plus 0d..90d -g1,g2@0d moved");
}

static void test_the_end_asked_for_wins_over_the_one_replaced(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "kiro-pro", -10, 20);
    w.request.kind = REQUEST_CHANGE;
    w.plans[2].approval = APPROVAL_NONE;
    w.request.plan = STR("kiro-pro-plus");
    w.request.until_ms = DAYS(5);
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro-plus 0d..5d -g1@0d moved");
    w.request.until_ms = DAYS(50);
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro-plus 0d..50d -g1@0d moved");
}

static void test_a_change_takes_effect_when_asked(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "kiro-pro", -10, 20);
    w.plans[2].approval = APPROVAL_NONE;
    w.request.kind = REQUEST_CHANGE;
    w.request.plan = STR("kiro-pro-plus");
    w.request.from_ms = DAYS(10);
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro-plus 10d..20d -g1@10d moved");
    w.request.from_ms = 0;
    w.grants[0].from_ms = DAYS(3); /* nothing begins earlier than it was to */
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro-plus 3d..20d -g1@3d moved");
}

static void test_a_change_of_nothing_is_denied(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "kiro-pro", -90, -10);
    w.request.kind = REQUEST_CHANGE;
    w.request.plan = STR("kiro-pro-plus");
    EXPECT(&w, "denied by rule:nothing-to-change");
    REASON(&w, "taro@example.com holds nothing in kiro-jp to change: ask for a grant.");
}

static void test_a_change_to_the_plan_held_changes_nothing(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "kiro-pro", -10, 20);
    w.request.kind = REQUEST_CHANGE;
    w.request.plan = STR("kiro-pro");
    EXPECT(&w, "accepted by rule:nothing-to-do nothing");
    world_grant(&w, "q-pro", 30, 40); /* but it ends what else there is */
    w.f.confirmed = true;
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro 0d..40d -g1,g2@0d moved");
}

static void test_a_lower_plan_is_a_change_too_and_says_when_it_counts(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "kiro-power", -10, 20);
    w.request.plan = STR("kiro-pro");
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro 0d..20d -g1@0d moved");
    MENTIONS(&w, "The service lowers a plan with the month (UTC): until then the higher one "
                 "counts and is paid for.");
}

static void test_q_to_kiro_is_confirmed_before_it_is_accepted(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "q-pro", -10, 20);
    EXPECT(&w, "awaiting_confirmation");
    MENTIONS(&w, "This cannot be undone: the holder or an administrator has to confirm it.");
    w.request.state = REQUEST_AWAITING_CONFIRMATION;
    EXPECT(&w, "awaiting_confirmation");
    w.f.confirmed = true;
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro 0d..20d -g1@0d moved");
    MENTIONS(&w, "There is no way back.");
}

static void test_a_flag_in_the_request_alone_confirms_nothing(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "q-pro", -10, 20);
    w.request.confirm_one_way = true;
    EXPECT(&w, "awaiting_confirmation");
}

static void test_a_confirmation_that_never_comes_lapses(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "q-pro", -10, 20);
    w.request.state = REQUEST_AWAITING_CONFIRMATION;
    w.f.now_ms = w.request.filed_at + INTAKE_RETRY_MS + w.ent.approval_expires_ms - 1;
    EXPECT(&w, "awaiting_confirmation");
    w.f.now_ms++;
    EXPECT(&w, "lapsed by rule:unconfirmed");
}

static void test_confirmation_comes_before_approval_and_approval_does_not_replace_it(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "q-pro", -10, 20);
    w.request.plan = STR("kiro-pro-plus");
    world_approver(&w, "00uBOSS");
    world_verdict(&w, "00uBOSS", VERDICT_APPROVE);
    EXPECT(&w, "awaiting_confirmation");
    w.request.state = REQUEST_AWAITING_APPROVAL; /* taken q-pro while it waited */
    EXPECT(&w, "awaiting_approval");
    w.f.confirmed = true;
    EXPECT(&w, "accepted by 00uBOSS +kiro-pro-plus 0d..20d -g1@0d moved");
}

static void test_q_promised_for_later_ends_with_the_move_too(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "q-pro", 30, 90);
    EXPECT(&w, "awaiting_confirmation");
    w.f.confirmed = true;
    EXPECT(&w, "accepted by rule:no-approval-needed +kiro-pro 0d..90d -g1@0d moved");
}

static void test_there_is_no_way_back_from_kiro_to_q(void **state)
{
    static const struct {
        int from, until;
    } grants[] = {{-10, 20}, {30, 90}, {-90, -30}};

    for (size_t i = 0; i < ARRAY_LEN(grants); i++) {
        struct world w;

        world_init(&w);
        world_grant(&w, "kiro-pro", grants[i].from, grants[i].until);
        w.request.plan = STR("q-pro");
        EXPECT(&w, "denied by rule:one-way");
        REASON(&w, "There is no way back from kiro-pro to q-pro.");
        w.f.confirmed = true;
        EXPECT(&w, "denied by rule:one-way");
    }
}

static void test_a_plan_the_catalogue_does_not_know_is_not_moved_from(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, "mystery", -10, 20);
    w.request.plan = STR("kiro-pro");
    EXPECT(&w, "denied by rule:one-way");
    REASON(&w, "There is no way from mystery to kiro-pro.");
}

/* ---- revokes ---- */

static void test_a_revoke_ends_all_live_and_future_grants(void **state)
{
    struct world w;

    world_init(&w);
    w.request.kind = REQUEST_REVOKE;
    world_grant(&w, "kiro-pro", -10, 20);
    world_grant(&w, "kiro-power", 30, 60);
    world_grant(&w, "kiro-pro", -90, -60);
    EXPECT(&w, "accepted by rule:own-seat -g1,g2@0d returned");
    REASON(&w, "taro@example.com gives back their seat in kiro-jp now.");
    w.request.plan = STR("kiro-power"); /* with a plan, that plan's */
    EXPECT(&w, "accepted by rule:own-seat -g2@0d returned");
    w.request.plan = STR("");
    w.request.from_ms = DAYS(40); /* and later, what is left then */
    EXPECT(&w, "accepted by rule:own-seat -g2@40d returned");
}

static void test_ones_own_revoke_needs_nothing_and_anothers_the_right_to_decide(void **state)
{
    struct world w;

    world_init(&w);
    w.request.kind = REQUEST_REVOKE;
    world_grant(&w, "kiro-power", -10, 20);
    EXPECT(&w, "accepted by rule:own-seat -g1@0d returned");
    w.request.requester = STR("00uHANAKO");
    EXPECT(&w, "denied by rule:decide-scope");
    w.request.may_decide = true;
    EXPECT(&w, "accepted by 00uHANAKO -g1@0d revoked");
    REASON(&w, "taro@example.com loses their seat in kiro-jp now.");
    w.request.requester = STR("");
    EXPECT(&w, "accepted by token:slack-agent -g1@0d revoked");
}

static void test_a_revoke_does_not_wait_for_okta(void **state)
{
    static const enum resolution away[] = {RESOLVE_UNKNOWN, RESOLVE_NONE};
    struct world w;

    for (size_t i = 0; i < ARRAY_LEN(away); i++) {
        world_init(&w);
        w.request.kind = REQUEST_REVOKE;
        world_grant(&w, "kiro-pro", -10, 20);
        w.f.person = NULL;
        w.f.resolution = away[i];
        EXPECT(&w, "accepted by rule:own-seat -g1@0d returned");
    }
    w.request.person = STR(""); /* but somebody has to be meant */
    EXPECT(&w, "filed");
}

static void test_a_revoke_of_nothing_changes_nothing_and_says_so(void **state)
{
    struct world w;

    world_init(&w);
    w.request.kind = REQUEST_REVOKE;
    EXPECT(&w, "accepted by rule:nothing-to-do nothing");
    REASON(&w, "taro@example.com holds nothing in kiro-jp that could end now; nothing changes.");
}

static void test_an_unowned_member_is_adopted_before_it_is_revoked(void **state)
{
    struct world w;

    world_init(&w);
    w.request.kind = REQUEST_REVOKE;
    w.f.member_by_others = true;
    EXPECT(&w, "denied by rule:unmanaged");
    MENTIONS(&w, "adopt it first");
    world_grant(&w, "kiro-pro", -10, 20); /* a grant can end in any case */
    EXPECT(&w, "accepted by rule:own-seat -g1@0d returned");
}

static void test_a_plan_no_longer_offered_can_still_be_given_back(void **state)
{
    struct world w;

    world_init(&w);
    w.request.kind = REQUEST_REVOKE;
    w.request.plan = STR("kiro-old");
    EXPECT(&w, "denied by rule:unknown-plan");
    world_grant(&w, "kiro-old", -10, 20);
    EXPECT(&w, "accepted by rule:own-seat -g1@0d returned");
}

/* ---- renewals ---- */

static void test_a_renewal_extends_the_newest_live_grant(void **state)
{
    struct world w;

    world_init(&w);
    w.request.kind = REQUEST_RENEW;
    world_grant(&w, "kiro-pro", -20, 10);
    world_grant(&w, "kiro-pro", -10, 30);
    world_grant(&w, "kiro-pro", 40, 50);
    EXPECT(&w, "accepted by rule:no-approval-needed ~g2 until 210d");
    REASON(&w, "taro@example.com keeps kiro-pro in kiro-jp until 2026-11-30 (before: "
               "2026-06-03).");
    w.request.for_ms = 10 * TIME_DAY;
    EXPECT(&w, "accepted by rule:no-approval-needed ~g2 until 40d");
    w.request.for_ms = 0;
    w.request.until_ms = DAYS(365);
    EXPECT(&w, "accepted by rule:no-approval-needed ~g2 until 365d");
    w.request.until_ms = DAYS(366);
    EXPECT(&w, "denied by rule:duration");
}

static void test_a_renewal_never_shortens(void **state)
{
    struct world w;

    world_init(&w);
    w.request.kind = REQUEST_RENEW;
    world_grant(&w, "kiro-pro", -20, 100);
    w.request.until_ms = DAYS(50);
    EXPECT(&w, "accepted by rule:nothing-to-do nothing");
    w.request.until_ms = 0;
    w.ent.max_duration_ms = 90 * TIME_DAY; /* lowered since */
    EXPECT(&w, "accepted by rule:nothing-to-do nothing");
    w.request.until_ms = DAYS(95); /* nor is what is there already refused */
    EXPECT(&w, "accepted by rule:nothing-to-do nothing");
}

static void test_a_default_renewal_ends_at_the_limit(void **state)
{
    struct world w;

    world_init(&w);
    w.request.kind = REQUEST_RENEW;
    world_grant(&w, "kiro-pro", -20, 300);
    EXPECT(&w, "accepted by rule:no-approval-needed ~g1 until 365d");
}

static void test_nothing_live_is_nothing_to_renew(void **state)
{
    struct world w;

    world_init(&w);
    w.request.kind = REQUEST_RENEW;
    EXPECT(&w, "denied by rule:nothing-to-renew");
    world_grant(&w, "kiro-pro", -20, -1);
    world_grant(&w, "kiro-pro", 10, 20);
    world_grant(&w, "kiro-pro", -20, 20)->ended_at = DAYS(-5);
    EXPECT(&w, "denied by rule:nothing-to-renew");
    REASON(&w, "taro@example.com holds nothing in kiro-jp to renew: ask for a grant.");
}

static void test_a_renewal_filed_in_time_still_counts_after_the_end(void **state)
{
    struct world w;

    world_init(&w);
    w.request.kind = REQUEST_RENEW;
    w.request.filed_at = DAYS(-2);
    world_grant(&w, "kiro-pro", -20, -1);
    EXPECT(&w, "accepted by rule:no-approval-needed ~g1 until 180d"); /* from now on */
    w.f.now_ms = DAYS(-1) + w.ent.approval_expires_ms;
    EXPECT(&w, "denied by rule:nothing-to-renew");
    w.f.now_ms = NOON;
    w.request.filed_at = DAYS(-1);
    EXPECT(&w, "denied by rule:nothing-to-renew");
}

static void test_a_plan_no_longer_offered_is_not_renewed(void **state)
{
    struct world w;

    world_init(&w);
    w.request.kind = REQUEST_RENEW;
    world_grant(&w, "kiro-old", -20, 20);
    EXPECT(&w, "denied by rule:unknown-plan");
    MENTIONS(&w, "ask for a change");
}

static void test_a_renewal_needs_the_renewal_approval(void **state)
{
    struct world w;

    world_init(&w);
    w.request.kind = REQUEST_RENEW;
    world_grant(&w, "kiro-power", -20, 20);
    world_approver(&w, "00uBOSS");
    EXPECT(&w, "awaiting_approval ask 00uBOSS"); /* as the plan's */
    w.ent.has_renewal_approval = true;
    w.ent.renewal_approval = APPROVAL_NONE;
    EXPECT(&w, "accepted by rule:no-approval-needed ~g1 until 200d");
}

/* ---- approval ---- */

static void world_wants_approval(struct world *w)
{
    world_init(w);
    w->request.plan = STR("kiro-pro-plus");
    w->request.requester = STR("00uASKER");
    world_approver(w, "00uBOSS");
    world_approver(w, "00uLEAD");
}

static void test_any_one_of_the_approvers_decides(void **state)
{
    struct world w;

    world_wants_approval(&w);
    EXPECT(&w, "awaiting_approval ask 00uBOSS,00uLEAD");
    REASON(&w, "It waits for one of the approvers to approve it.");
    world_asked(&w, 2);
    REASON(&w, "It waits for one of the approvers to approve it until 2026-05-11 10:00.");
    world_verdict(&w, "00uLEAD", VERDICT_APPROVE);
    EXPECT(&w, "accepted by 00uLEAD +kiro-pro-plus 0d..180d");
    w.approvals[0].verdict = VERDICT_DENY;
    w.approvals[0].reason = STR("the budget is spent.");
    EXPECT(&w, "denied by 00uLEAD");
    REASON(&w, "Not approved: the budget is spent.");
}

static void test_a_no_counts_before_a_yes(void **state)
{
    struct world w;

    world_wants_approval(&w);
    world_asked(&w, 2);
    world_verdict(&w, "00uLEAD", VERDICT_APPROVE);
    world_verdict(&w, "00uBOSS", VERDICT_DENY);
    EXPECT(&w, "denied by 00uBOSS");
}

static void test_neither_the_person_nor_the_requester_approves(void **state)
{
    struct world w;

    world_wants_approval(&w);
    world_asked(&w, 2);
    world_approver(&w, "00uTARO");
    world_approver(&w, "00uASKER");
    world_verdict(&w, "00uTARO", VERDICT_APPROVE);
    world_verdict(&w, "00uASKER", VERDICT_APPROVE);
    EXPECT(&w, "awaiting_approval ask 00uBOSS,00uLEAD");
}

static void test_whoever_is_no_approver_now_does_not_count(void **state)
{
    struct world w;

    world_wants_approval(&w);
    world_asked(&w, 2);
    world_verdict(&w, "00uFORMER", VERDICT_APPROVE);
    world_verdict(&w, "00uLEAD", VERDICT_NONE);
    EXPECT(&w, "awaiting_approval ask 00uBOSS,00uLEAD");
}

static void test_a_request_nobody_could_approve_is_refused_at_filing_naming_why(void **state)
{
    struct world w;

    world_wants_approval(&w);
    w.f.approvers.n = 0;
    w.f.approvers.why_none = STR("the manager 00uGONE is not active");
    EXPECT(&w, "denied by rule:no-approver");
    REASON(&w, "Nobody could approve this: the manager 00uGONE is not active.");
    world_fallback(&w, NULL);
    EXPECT(&w, "denied by rule:no-approver");
    world_asked(&w, 2); /* later it waits: an empty list may be one of a moment */
    EXPECT(&w, "awaiting_approval");
}

static void test_approvers_who_are_all_parties_are_nobody(void **state)
{
    struct world w;

    world_wants_approval(&w);
    w.f.approvers.n = 0;
    world_approver(&w, "00uTARO");
    world_approver(&w, "00uASKER");
    EXPECT(&w, "denied by rule:no-approver");
}

static void test_the_fallback_is_asked_at_once_when_there_is_nobody_else(void **state)
{
    struct world w;

    world_wants_approval(&w);
    w.f.approvers.n = 0;
    world_fallback(&w, "00uCHIEF");
    EXPECT(&w, "awaiting_approval ask 00uCHIEF");
}

static void test_the_fallback_is_asked_too_after_its_delay(void **state)
{
    struct world w;

    world_wants_approval(&w);
    world_fallback(&w, "00uCHIEF");
    w.fallback[w.f.fallback_approvers.n++] = STR("00uBOSS"); /* nobody twice */
    world_asked(&w, 23);
    EXPECT(&w, "awaiting_approval ask 00uBOSS,00uLEAD");
    world_asked(&w, 24);
    EXPECT(&w, "awaiting_approval ask 00uBOSS,00uLEAD,00uCHIEF");
    world_verdict(&w, "00uCHIEF", VERDICT_APPROVE);
    EXPECT(&w, "accepted by 00uCHIEF +kiro-pro-plus 0d..180d");
}

static void test_unknown_approvers_are_waited_for(void **state)
{
    struct world w;

    world_wants_approval(&w);
    w.f.approvers.is_known = false;
    world_verdict(&w, "00uLEAD", VERDICT_APPROVE); /* nobody can say whether they may */
    EXPECT(&w, "filed");
    MENTIONS(&w, "Who may approve this could not be read from Okta.");
    w.f.now_ms = DAYS(4);
    EXPECT(&w, "lapsed by rule:okta-away");
    world_asked(&w, 2);
    w.f.now_ms = NOON;
    EXPECT(&w, "awaiting_approval");
}

static void test_the_clock_starts_when_the_question_was_delivered(void **state)
{
    struct world w;

    world_wants_approval(&w);
    w.request.filed_at = DAYS(-30);
    w.request.state = REQUEST_AWAITING_APPROVAL;
    EXPECT(&w, "awaiting_approval ask 00uBOSS,00uLEAD"); /* not delivered: no clock */
    world_asked(&w, 7 * 24 - 1);
    EXPECT(&w, "awaiting_approval ask 00uBOSS,00uLEAD");
    world_asked(&w, 7 * 24);
    EXPECT(&w, "lapsed by rule:expired");
}

static void test_an_approval_in_time_counts_in_a_late_run(void **state)
{
    struct world w;

    world_wants_approval(&w);
    world_asked(&w, 8 * 24);
    world_verdict(&w, "00uLEAD", VERDICT_APPROVE);
    EXPECT(&w, "lapsed by rule:expired");
    w.approvals[0].at_ms = DAYS(-2);
    EXPECT(&w, "accepted by 00uLEAD +kiro-pro-plus 0d..180d");
}

static void test_an_approved_request_is_checked_again_when_it_is_decided(void **state)
{
    struct world w;

    world_wants_approval(&w);
    world_asked(&w, 2);
    world_verdict(&w, "00uLEAD", VERDICT_APPROVE);
    w.f.eligible = (struct eligible){ELIGIBLE_NO, STR("not a member of Employees")};
    EXPECT(&w, "awaiting_approval");
    MENTIONS(&w, "is not eligible for kiro-jp: not a member of Employees.");
    world_asked(&w, 7 * 24);
    EXPECT(&w, "denied by rule:eligible");
    w.f.blocked = true;
    EXPECT(&w, "denied by rule:blocked");
}

static void test_which_approval_applies(void **state)
{
    static const struct {
        enum request_kind kind;
        const char *plan;
        bool has_renewal;
        enum approval_kind kind_needed;
    } cases[] = {
        {REQUEST_GRANT, "kiro-pro", false, APPROVAL_NONE},
        {REQUEST_GRANT, "kiro-pro-plus", true, APPROVAL_APPROVERS},
        {REQUEST_CHANGE, "kiro-power", true, APPROVAL_MANAGER},
        {REQUEST_RENEW, "kiro-pro", false, APPROVAL_NONE},
        {REQUEST_RENEW, "kiro-pro", true, APPROVAL_MANAGER},
        {REQUEST_REVOKE, "kiro-power", true, APPROVAL_NONE},
        {REQUEST_GRANT, "unheard-of", false, APPROVAL_APPROVERS},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;

        world_init(&w);
        w.request.kind = cases[i].kind;
        w.ent.has_renewal_approval = cases[i].has_renewal;
        w.ent.renewal_approval = APPROVAL_MANAGER;
        assert_int_equal(intake_approval_kind(&w.ent, &w.request, str_of(cases[i].plan)),
                         cases[i].kind_needed);
    }
}

static void test_the_approval_needed_is_known_before_the_approvers_are(void **state)
{
    struct world w;

    world_wants_approval(&w);
    w.f.approvers = (struct approvers){0};
    assert_int_equal(intake_approval_needed(&w.f, *state), APPROVAL_APPROVERS);
    world_grant(&w, "q-pro", -10, 20); /* unconfirmed as yet */
    assert_int_equal(intake_approval_needed(&w.f, *state), APPROVAL_APPROVERS);
    world_init(&w);
    assert_int_equal(intake_approval_needed(&w.f, *state), APPROVAL_NONE);
    world_grant(&w, "kiro-pro", -10, 20);
    w.ent.has_renewal_approval = true;
    w.ent.renewal_approval = APPROVAL_MANAGER;
    assert_int_equal(intake_approval_needed(&w.f, *state), APPROVAL_NONE); /* changes nothing */
    w.request.until_ms = DAYS(40);
    assert_int_equal(intake_approval_needed(&w.f, *state), APPROVAL_MANAGER);
    w.request.state = REQUEST_ACCEPTED;
    assert_int_equal(intake_approval_needed(&w.f, *state), APPROVAL_NONE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, new_arena, drop_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_grant_without_plan_and_end_gets_the_defaults),
        CASE(test_an_unknown_entitlement_is_denied_and_those_that_exist_are_named),
        CASE(test_an_unknown_plan_is_denied_and_those_that_exist_are_named),
        CASE(test_a_start_in_the_past_is_now_and_one_to_come_is_kept),
        CASE(test_the_end_is_what_was_asked_for_within_the_limit),
        CASE(test_a_default_longer_than_the_limit_is_cut_to_it),
        CASE(test_a_filing_waits_three_days_for_what_stands_in_its_way),
        CASE(test_a_lapse_offers_to_ask_again),
        CASE(test_the_word_of_the_resolver_is_told),
        CASE(test_another_person_behind_the_login_than_at_filing_is_a_conflict),
        CASE(test_a_blocked_person_is_refused_everything_but_giving_back),
        CASE(test_a_decided_request_stays_as_it_is),
        CASE(test_the_same_plan_with_no_later_end_changes_nothing_and_says_so),
        CASE(test_the_same_plan_with_a_later_end_is_a_renewal),
        CASE(test_the_same_plan_after_a_gap_is_another_grant),
        CASE(test_an_end_that_was_decided_is_not_pushed_but_followed_by_another_grant),
        CASE(test_asking_without_a_plan_does_not_lower_a_higher_one),
        CASE(test_a_grant_to_a_member_by_other_hands_says_that_it_is_not_managed),
        CASE(test_a_grant_of_another_plan_is_a_change_until_the_latest_end_replaced),
        CASE(test_the_end_asked_for_wins_over_the_one_replaced),
        CASE(test_a_change_takes_effect_when_asked),
        CASE(test_a_change_of_nothing_is_denied),
        CASE(test_a_change_to_the_plan_held_changes_nothing),
        CASE(test_a_lower_plan_is_a_change_too_and_says_when_it_counts),
        CASE(test_q_to_kiro_is_confirmed_before_it_is_accepted),
        CASE(test_a_flag_in_the_request_alone_confirms_nothing),
        CASE(test_a_confirmation_that_never_comes_lapses),
        CASE(test_confirmation_comes_before_approval_and_approval_does_not_replace_it),
        CASE(test_q_promised_for_later_ends_with_the_move_too),
        CASE(test_there_is_no_way_back_from_kiro_to_q),
        CASE(test_a_plan_the_catalogue_does_not_know_is_not_moved_from),
        CASE(test_a_revoke_ends_all_live_and_future_grants),
        CASE(test_ones_own_revoke_needs_nothing_and_anothers_the_right_to_decide),
        CASE(test_a_revoke_does_not_wait_for_okta),
        CASE(test_a_revoke_of_nothing_changes_nothing_and_says_so),
        CASE(test_an_unowned_member_is_adopted_before_it_is_revoked),
        CASE(test_a_plan_no_longer_offered_can_still_be_given_back),
        CASE(test_a_renewal_extends_the_newest_live_grant),
        CASE(test_a_renewal_never_shortens),
        CASE(test_a_default_renewal_ends_at_the_limit),
        CASE(test_nothing_live_is_nothing_to_renew),
        CASE(test_a_renewal_filed_in_time_still_counts_after_the_end),
        CASE(test_a_plan_no_longer_offered_is_not_renewed),
        CASE(test_a_renewal_needs_the_renewal_approval),
        CASE(test_any_one_of_the_approvers_decides),
        CASE(test_a_no_counts_before_a_yes),
        CASE(test_neither_the_person_nor_the_requester_approves),
        CASE(test_whoever_is_no_approver_now_does_not_count),
        CASE(test_a_request_nobody_could_approve_is_refused_at_filing_naming_why),
        CASE(test_approvers_who_are_all_parties_are_nobody),
        CASE(test_the_fallback_is_asked_at_once_when_there_is_nobody_else),
        CASE(test_the_fallback_is_asked_too_after_its_delay),
        CASE(test_unknown_approvers_are_waited_for),
        CASE(test_the_clock_starts_when_the_question_was_delivered),
        CASE(test_an_approval_in_time_counts_in_a_late_run),
        CASE(test_an_approved_request_is_checked_again_when_it_is_decided),
        CASE(test_which_approval_applies),
        CASE(test_the_approval_needed_is_known_before_the_approvers_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

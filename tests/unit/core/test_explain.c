#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/clock.h"
#include "core/explain.h"

#define NOON    INT64_C(1777896000000) /* 2026-05-04T12:00:00Z */
#define DAYS(n) (NOON + (int64_t)(n)*TIME_DAY)

struct world {
    struct plan_rule plans[2];
    struct entitlement ents[2];
    struct policy policy;
    struct person person;
    struct grant grants[3];
    struct request requests[3];
    struct hop_state hops[HOP_COUNT];
    struct explain_seat seat;
    struct finding finding;
    struct explain_input in;
};

/* Taro, whom the ledger knows and who has nothing. */
static void world_init(struct world *w)
{
    *w = (struct world){0};
    w->plans[0] = (struct plan_rule){.plan = STR("kiro-pro"), .approval = APPROVAL_NONE};
    w->plans[1] = (struct plan_rule){.plan = STR("kiro-power"), .approval = APPROVAL_MANAGER};
    w->ents[0] = (struct entitlement){.name = STR("kiro-jp"),
                                      .title = STR("Kiro for engineers in Japan"),
                                      .default_plan = STR("kiro-pro"),
                                      .plans = w->plans,
                                      .n_plans = 2};
    w->ents[1] = (struct entitlement){
        .name = STR("kiro-us"), .default_plan = STR("kiro-power"), .plans = w->plans, .n_plans = 2};
    w->policy = (struct policy){
        .catalogue = *catalogue_shipped(), .entitlements = w->ents, .n_entitlements = 2};
    w->person = (struct person){.id = STR("00uTARO"),
                                .login = STR("taro@example.com"),
                                .first_name = STR("Taro"),
                                .last_name = STR("Yamada"),
                                .status = USER_ACTIVE};
    w->in = (struct explain_input){.policy = &w->policy,
                                   .now_ms = NOON,
                                   .who = STR("taro@example.com"),
                                   .person = &w->person,
                                   .grants = w->grants,
                                   .requests = w->requests,
                                   .seats = &w->seat,
                                   .findings = &w->finding};
}

static void world_grant(struct world *w, int from, int until)
{
    w->grants[w->in.n_grants++] = (struct grant){.id = STR("g1"),
                                                 .person = STR("00uTARO"),
                                                 .entitlement = STR("kiro-jp"),
                                                 .plan = STR("kiro-pro"),
                                                 .from_ms = DAYS(from),
                                                 .until_ms = DAYS(until),
                                                 .request = STR("r1")};
}

static void world_request(struct world *w, enum request_state state)
{
    w->requests[w->in.n_requests++] = (struct request){
        .id = STR("r1"),
        .number = 17,
        .kind = REQUEST_GRANT,
        .state = state,
        .plan = STR("kiro-pro"),
        .entitlement = STR("kiro-jp"),
        .principal = STR("token:slack-agent"),
        .reason = STR("new project"),
        .filed_at = DAYS(-11),
        .decided_at = request_state_is_open(state) ? 0 : DAYS(-10),
        .decided_by = request_state_is_open(state) ? STR("") : STR("rule:no-approval-needed"),
    };
}

static void world_seat(struct world *w, enum hop_word state)
{
    for (int i = 0; i < HOP_COUNT; i++)
        w->hops[i] = (struct hop_state){.hop = (enum hop)i, .state = HOP_NOT_APPLICABLE};
    w->hops[HOP_OKTA].state = state;
    w->hops[HOP_OKTA].since_ms = DAYS(-10);
    w->seat = (struct explain_seat){.entitlement = STR("kiro-jp"),
                                    .plan = STR("kiro-pro"),
                                    .group_name = STR("AWS_kiro_JP_Users"),
                                    .hops = w->hops,
                                    .n_hops = HOP_COUNT,
                                    .owned = true,
                                    .until_ms = DAYS(20)};
    w->in.n_seats = 1;
}

static const char *explain(const struct world *w, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf out = {0};

    explain_text(&w->in, &out);
    return arena_cstr(arena, buf_str(&out));
}

#define MENTIONS(w, text)                              \
    do {                                               \
        const char *explained_ = explain((w), *state); \
        if (!strstr(explained_, (text)))               \
            assert_string_equal(explained_, (text));   \
    } while (0)

static void test_a_seat_is_explained_from_the_request_to_the_next_step(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, -10, 20);
    world_request(&w, REQUEST_ACCEPTED);
    world_seat(&w, HOP_REACHED);
    assert_string_equal(
        explain(&w, *state),
        "taro@example.com (Taro Yamada, Okta id 00uTARO): ACTIVE\n"
        "\n"
        "kiro-jp (Kiro for engineers in Japan):\n"
        "  Seat: kiro-pro, through the Okta group AWS_kiro_JP_Users, until 2026-05-24.\n"
        "    Member of the Okta group: yes, since 2026-04-24 12:00.\n"
        "    What comes after the group is not followed here.\n"
        "  Granted: kiro-pro from 2026-04-24 until 2026-05-24.\n"
        "    Why: R17, a grant of kiro-pro asked for on 2026-04-23 by token:slack-agent, accepted "
        "on 2026-04-24 by rule: no approval is needed, saying \"new project\".\n"
        "  Next: to keep it longer, `seatkeeper request renew taro@example.com -e kiro-jp`; to "
        "give it back, `seatkeeper request revoke taro@example.com -e kiro-jp`.\n");
}

static void test_somebody_without_anything_is_told_how_to_ask(void **state)
{
    struct world w;

    world_init(&w);
    assert_string_equal(explain(&w, *state),
                        "taro@example.com (Taro Yamada, Okta id 00uTARO): ACTIVE\n"
                        "\n"
                        "No seat. To ask for one:\n"
                        "  seatkeeper request grant taro@example.com -e kiro-jp\n"
                        "    Kiro for engineers in Japan: kiro-pro, given without approval.\n"
                        "  seatkeeper request grant taro@example.com -e kiro-us\n"
                        "    kiro-power, the manager approves it.\n");
}

static void test_somebody_unknown_is_said_to_be_so_and_told_how_to_ask(void **state)
{
    struct world w;

    world_init(&w);
    w.in.person = NULL;
    w.in.who = STR("eve o'neil@example.com\x1b[2J");
    MENTIONS(&w, "is not known here: nobody asked for a seat for them, and no group showed them.");
    MENTIONS(&w,
             "  seatkeeper request grant 'eve o'\\''neil@example.com\xef\xbf\xbd[2J' -e kiro-jp");
}

static void test_a_late_hop_says_why_and_what_helps(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, -10, 20);
    world_seat(&w, HOP_LATE);
    w.hops[HOP_OKTA].deadline_ms = DAYS(-9);
    w.hops[HOP_OKTA].cause = STR("held by limit");
    w.hops[HOP_OKTA].remedy = STR("wait for a free seat");
    MENTIONS(&w, "    Member of the Okta group: late, since 2026-04-24 12:00, was due 2026-04-25 "
                 "12:00; held by limit; wait for a free seat.\n");
    MENTIONS(&w, "    Why: a request that is no longer kept.\n");
}

static void test_every_hop_state_has_words(void **state)
{
    static const struct {
        enum hop_word state;
        const char *words;
    } cases[] = {
        {HOP_REACHED, "Member of the Okta group: yes"},
        {HOP_ON_ITS_WAY, "Member of the Okta group: on its way"},
        {HOP_LATE, "Member of the Okta group: late"},
        {HOP_LEAVING, "Member of the Okta group: being taken away"},
        {HOP_UNKNOWN, "Member of the Okta group: not known"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;

        world_init(&w);
        world_seat(&w, cases[i].state);
        MENTIONS(&w, cases[i].words);
    }
}

static void test_a_seat_by_other_hands_is_said_not_to_be_managed(void **state)
{
    struct world w;

    world_init(&w);
    world_seat(&w, HOP_REACHED);
    w.seat.owned = false;
    w.seat.until_ms = 0;
    MENTIONS(&w, "  Why: put into the group by other hands, without a request; it is not managed "
                 "here.\n  Next: `seatkeeper adopt -e kiro-jp --out adopt.csv`");
}

static void test_an_adopted_seat_and_its_owner_are_named(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, -10, 20);
    w.grants[0].request = STR("");
    w.grants[0].owner = STR("00uBOSS");
    MENTIONS(&w, "    Why: the seat was there already and was adopted.\n"
                 "    Who answers for it: 00uBOSS.\n");
}

static void test_an_open_request_says_what_it_waits_for(void **state)
{
    struct world w;

    world_init(&w);
    world_request(&w, REQUEST_AWAITING_APPROVAL);
    w.requests[0].state_reason = STR("It waits for the manager to approve it.");
    MENTIONS(&w, "  No seat now.\n  Asked: R17, a grant of kiro-pro asked for on 2026-04-23 by "
                 "token:slack-agent, open (awaiting_approval), saying \"new project\".\n"
                 "    It waits for the manager to approve it.\n"
                 "  Next: `seatkeeper show R17` says what the request waits for.\n");
}

static void test_the_newest_refusal_is_told_and_older_ones_are_not(void **state)
{
    struct world w;

    world_init(&w);
    world_request(&w, REQUEST_DENIED);
    w.requests[0].state_reason = STR("Not approved: no budget.");
    w.requests[0].decided_by = STR("00uBOSS");
    world_request(&w, REQUEST_LAPSED);
    w.requests[1].state_reason = STR("Nobody decided.");
    MENTIONS(&w, "denied on 2026-04-24 by 00uBOSS");
    MENTIONS(&w, "    Not approved: no budget.\n  Next: `seatkeeper request grant");
    assert_null(strstr(explain(&w, *state), "Nobody decided."));
    w.requests[0].state = REQUEST_ACCEPTED; /* then it was given after all */
    assert_null(strstr(explain(&w, *state), "Not accepted"));
}

static void test_grants_to_come_and_grants_over_are_told_apart(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, 5, 20);
    world_grant(&w, -30, -20);
    w.grants[1].ended_at = DAYS(-25);
    w.grants[1].end_cause = CAUSE_RETURNED;
    MENTIONS(&w, "  To come: kiro-pro from 2026-05-09 until 2026-05-24.\n");
    MENTIONS(&w, "  Earlier: kiro-pro from 2026-04-04 until 2026-04-14, given back on "
                 "2026-04-09.\n");
    MENTIONS(&w, "  Next: nothing to do; it begins by itself.\n");
}

static void test_findings_come_with_their_next_command(void **state)
{
    struct world w;

    world_init(&w);
    w.finding = (struct finding){.kind = FINDING_LATE_HOP,
                                 .severity = SEVERITY_TICKET,
                                 .id = STR("F-3K7"),
                                 .entitlement = STR("kiro-jp"),
                                 .hop = STR("okta"),
                                 .detail = STR("The seat is late."),
                                 .command = STR("seatkeeper plan -e kiro-jp")};
    w.in.n_findings = 1;
    MENTIONS(&w, "  F-3K7  ticket  late_hop  kiro-jp  okta\n      The seat is late.\n"
                 "      Next: seatkeeper plan -e kiro-jp\n");
}

static void test_a_grant_of_what_the_settings_no_longer_know_is_shown(void **state)
{
    struct world w;

    world_init(&w);
    world_grant(&w, -10, 20);
    w.grants[0].entitlement = STR("kiro-old");
    MENTIONS(&w, "kiro-old (no longer in the settings):\n  No seat now.\n"
                 "  Granted: kiro-pro from 2026-04-24 until 2026-05-24.\n");
    MENTIONS(&w, "  Next: while the settings do not know it, it is only watched; put it back into "
                 "them, then `seatkeeper check`.\n");
}

static void test_a_blocked_person_is_said_to_be_so(void **state)
{
    struct world w;

    world_init(&w);
    w.in.blocked = true;
    w.person.status = USER_GONE;
    MENTIONS(&w, ": no longer in Okta\nBlocked: nothing can be granted, changed or renewed until "
                 "an administrator lifts it (seatkeeper unblock).\n");
}

/* ---- five hops ---- */

/* A seat on its way through Identity Center: known there, and not yet in the group. */
static void world_hops(struct world *w)
{
    world_grant(w, -10, 20);
    world_seat(w, HOP_REACHED);
    for (int i = HOP_USER; i < HOP_COUNT; i++)
        w->hops[i] = (struct hop_state){.hop = (enum hop)i, .state = HOP_ON_ITS_WAY};
    w->hops[HOP_USER].state = HOP_REACHED;
    w->hops[HOP_USER].since_ms = DAYS(-9);
    w->hops[HOP_PUSHED].since_ms = DAYS(-9);
    w->hops[HOP_PUSHED].deadline_ms = DAYS(-9) + TIME_HOUR;
    w->hops[HOP_PUSHED].cause = STR("Okta pushes changes within minutes as a rule");
    w->hops[HOP_SEAT].cause = STR("it comes after the membership in IAM Identity Center");
}

#define HEAD                                                      \
    "taro@example.com (Taro Yamada, Okta id 00uTARO): ACTIVE\n\n" \
    "kiro-jp (Kiro for engineers in Japan):\n"                    \
    "  Seat: kiro-pro, through the Okta group AWS_kiro_JP_Users, until 2026-05-24.\n"
#define GRANT                                                 \
    "  Granted: kiro-pro from 2026-04-24 until 2026-05-24.\n" \
    "    Why: a request that is no longer kept.\n"

static void test_the_way_of_a_seat_is_drawn_as_a_ladder(void **state)
{
    struct world w;

    world_init(&w);
    world_hops(&w);
    assert_string_equal(
        explain(&w, *state),
        HEAD "    [x] 1. member of the Okta group AWS_kiro_JP_Users  reached, since 2026-04-24 "
             "12:00\n"
             "    [x] 2. known to AWS IAM Identity Center            reached, since 2026-04-25 "
             "12:00\n"
             "    [.] 3. in the group AWS_kiro_JP_Users there        on its way, since 2026-04-25 "
             "12:00, due by 2026-04-25 13:00\n"
             "           No experience yet; late after 1 hour.\n"
             "           Why: Okta pushes changes within minutes as a rule.\n"
             "    [ ] 4. subscribed to kiro-pro                      comes after step 3\n"
             "    [ ] 5. in use                                      comes after step 3\n" GRANT
             "  Next: nothing to do but wait; if it is not there by 2026-04-25 13:00, `seatkeeper "
             "explain taro@example.com` says what helps.\n");
}

static void test_a_learned_time_is_told_in_place_of_general_words(void **state)
{
    struct world w;

    world_init(&w);
    world_hops(&w);
    w.hops[HOP_PUSHED].usual_ms = 2 * TIME_MINUTE;
    w.hops[HOP_PUSHED].at_most_ms = 6 * TIME_MINUTE;
    MENTIONS(&w, "due by 2026-04-25 13:00\n"
                 "           Usually 2 minutes; 95 of 100 within 6 minutes.\n"
                 "    [ ] 4. subscribed");
}

static void test_a_late_step_says_why_what_helps_and_ends_with_it(void **state)
{
    struct world w;

    world_init(&w);
    world_hops(&w);
    w.hops[HOP_PUSHED].state = HOP_LATE;
    w.hops[HOP_PUSHED].why = HOP_CAUSE_NO_MAPPING;
    w.hops[HOP_PUSHED].cause = STR("the group is not among those that Okta pushes");
    w.hops[HOP_PUSHED].remedy = STR("in Okta, open Push Groups, and add it");
    MENTIONS(&w, "    [!] 3. in the group AWS_kiro_JP_Users there        late, since 2026-04-25 "
                 "12:00, was due 2026-04-25 13:00\n"
                 "           Why: the group is not among those that Okta pushes.\n"
                 "           What helps: in Okta, open Push Groups, and add it.\n"
                 "    [ ] 4. subscribed to kiro-pro                      comes after step 3\n");
    MENTIONS(&w, GRANT "  Next: in Okta, open Push Groups, and add it.\n");
}

static void test_a_cause_that_is_known_early_is_the_next_step_already(void **state)
{
    struct world w;

    world_init(&w);
    world_hops(&w);
    w.hops[HOP_PUSHED].why = HOP_CAUSE_NOT_ASSIGNED;
    w.hops[HOP_PUSHED].cause = STR("not assigned");
    w.hops[HOP_PUSHED].remedy = STR("assign the person");
    MENTIONS(&w, "           Why: not assigned.\n           What helps: assign the person.\n");
    MENTIONS(&w, "  Next: assign the person.\n");
    /* Who waits behind it for the same reason is not told it twice; another reason is told. */
    w.hops[HOP_SEAT].why = HOP_CAUSE_NOT_ASSIGNED;
    w.hops[HOP_SEAT].cause = STR("not assigned");
    MENTIONS(&w, "assign the person.\n    [ ] 4. subscribed to kiro-pro                      comes "
                 "after step 3\n    [ ] 5.");
    w.hops[HOP_SEAT].why = HOP_CAUSE_DISABLED;
    w.hops[HOP_SEAT].cause = STR("disabled");
    MENTIONS(&w, "comes after step 3\n           Why: disabled.\n    [ ] 5.");
}

static void test_a_step_that_could_not_be_read_is_not_known(void **state)
{
    struct world w;

    world_init(&w);
    world_hops(&w);
    w.hops[HOP_USER] = (struct hop_state){.hop = HOP_USER,
                                          .state = HOP_UNKNOWN,
                                          .why = HOP_CAUSE_UNREADABLE,
                                          .cause = STR("AWS did not answer"),
                                          .remedy = STR("`seatkeeper status` says more")};
    w.hops[HOP_PUSHED].deadline_ms = 0;
    w.hops[HOP_PUSHED].since_ms = 0;
    MENTIONS(&w, "    [?] 2. known to AWS IAM Identity Center            not known\n"
                 "           Why: AWS did not answer.\n"
                 "           What helps: `seatkeeper status` says more.\n"
                 "    [ ] 3. in the group AWS_kiro_JP_Users there        comes after step 2\n");
    MENTIONS(&w, "  Next: `seatkeeper status` says more.\n");
}

static void test_a_step_that_was_lost_and_waits_behind_another_keeps_its_time(void **state)
{
    struct world w;

    world_init(&w);
    world_hops(&w);
    w.hops[HOP_USER].state = HOP_LATE;
    w.hops[HOP_PUSHED].deadline_ms = 0;
    MENTIONS(&w, "on its way, since 2026-04-25 12:00, comes after step 2\n");
}

static void test_a_seat_that_came_all_the_way_asks_for_nothing(void **state)
{
    struct world w;

    world_init(&w);
    world_hops(&w);
    for (int i = HOP_PUSHED; i < HOP_IN_USE; i++) {
        w.hops[i] =
            (struct hop_state){.hop = (enum hop)i, .state = HOP_REACHED, .since_ms = DAYS(-8)};
    }
    w.hops[HOP_IN_USE].since_ms = DAYS(-8);
    w.hops[HOP_IN_USE].cause = STR("the person has not used the seat yet");
    MENTIONS(&w, "    [.] 5. in use                                      on its way, since "
                 "2026-04-26 12:00\n"
                 "           Why: the person has not used the seat yet.\n" GRANT
                 "  Next: to keep it longer, ");
}

static void test_an_ended_seat_is_drawn_on_its_way_down(void **state)
{
    struct world w;

    world_init(&w);
    world_hops(&w);
    w.in.n_grants = 0;
    w.hops[HOP_OKTA] =
        (struct hop_state){.hop = HOP_OKTA, .state = HOP_NOT_APPLICABLE, .since_ms = DAYS(-1)};
    w.hops[HOP_USER] = (struct hop_state){.hop = HOP_USER, .state = HOP_NOT_APPLICABLE};
    w.hops[HOP_PUSHED] = (struct hop_state){.hop = HOP_PUSHED,
                                            .state = HOP_LEAVING,
                                            .since_ms = DAYS(-1),
                                            .deadline_ms = DAYS(1),
                                            .cause = STR("it follows the membership in Okta")};
    w.hops[HOP_SEAT] = (struct hop_state){.hop = HOP_SEAT, .state = HOP_LEAVING};
    w.hops[HOP_IN_USE] = (struct hop_state){.hop = HOP_IN_USE, .state = HOP_NOT_APPLICABLE};
    MENTIONS(&w,
             "    [-] 1. member of the Okta group AWS_kiro_JP_Users  gone, since 2026-05-03 12:00\n"
             "    [-] 2. known to AWS IAM Identity Center            not followed here\n"
             "    [<] 3. in the group AWS_kiro_JP_Users there        leaving, since 2026-05-03 "
             "12:00, due by 2026-05-05 12:00\n"
             "           Why: it follows the membership in Okta.\n"
             "    [<] 4. subscribed to kiro-pro                      comes after step 3\n"
             "    [-] 5. in use                                      not followed here\n"
             "  Next: nothing to do but wait; if it is not gone by 2026-05-05 12:00, `seatkeeper "
             "explain taro@example.com` says what helps.\n");
    w.hops[HOP_PUSHED].overdue = true;
    w.hops[HOP_PUSHED].remedy = STR("push the group once more by hand");
    MENTIONS(&w, "    [!] 3. in the group AWS_kiro_JP_Users there        still there, since "
                 "2026-05-03 12:00, was due 2026-05-05 12:00\n");
    MENTIONS(&w, "  Next: push the group once more by hand.\n");
}

static void test_names_from_outside_do_not_break_the_ladder(void **state)
{
    struct world w;

    world_init(&w);
    world_hops(&w);
    w.seat.group_name = STR("\xe9\x96\x8b\xe7\x99\xba\x1b[2J");
    MENTIONS(&w, "    [x] 1. member of the Okta group \xe9\x96\x8b\xe7\x99\xba\xef\xbf\xbd[2J  "
                 "reached,");
    MENTIONS(&w, "    [x] 2. known to AWS IAM Identity Center   reached,");
}

static int new_arena(void **state)
{
    static struct arena arena;

    arena_init(&arena, 1 << 18);
    *state = &arena;
    return 0;
}

static int drop_arena(void **state)
{
    arena_fini(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_seat_is_explained_from_the_request_to_the_next_step),
        cmocka_unit_test(test_somebody_without_anything_is_told_how_to_ask),
        cmocka_unit_test(test_somebody_unknown_is_said_to_be_so_and_told_how_to_ask),
        cmocka_unit_test(test_a_late_hop_says_why_and_what_helps),
        cmocka_unit_test(test_every_hop_state_has_words),
        cmocka_unit_test(test_a_seat_by_other_hands_is_said_not_to_be_managed),
        cmocka_unit_test(test_an_adopted_seat_and_its_owner_are_named),
        cmocka_unit_test(test_an_open_request_says_what_it_waits_for),
        cmocka_unit_test(test_the_newest_refusal_is_told_and_older_ones_are_not),
        cmocka_unit_test(test_grants_to_come_and_grants_over_are_told_apart),
        cmocka_unit_test(test_findings_come_with_their_next_command),
        cmocka_unit_test(test_a_grant_of_what_the_settings_no_longer_know_is_shown),
        cmocka_unit_test(test_a_blocked_person_is_said_to_be_so),
        cmocka_unit_test(test_the_way_of_a_seat_is_drawn_as_a_ladder),
        cmocka_unit_test(test_a_learned_time_is_told_in_place_of_general_words),
        cmocka_unit_test(test_a_late_step_says_why_what_helps_and_ends_with_it),
        cmocka_unit_test(test_a_cause_that_is_known_early_is_the_next_step_already),
        cmocka_unit_test(test_a_step_that_could_not_be_read_is_not_known),
        cmocka_unit_test(test_a_step_that_was_lost_and_waits_behind_another_keeps_its_time),
        cmocka_unit_test(test_a_seat_that_came_all_the_way_asks_for_nothing),
        cmocka_unit_test(test_an_ended_seat_is_drawn_on_its_way_down),
        cmocka_unit_test(test_names_from_outside_do_not_break_the_ladder),
    };

    return cmocka_run_group_tests(tests, new_arena, drop_arena);
}

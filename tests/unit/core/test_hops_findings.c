#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/clock.h"
#include "core/finding.h"
#include "core/hops.h"

#define NOON INT64_C(1777896000000) /* 2026-05-04T12:00:00Z */
#define MAX  16

struct scene {
    struct arena *arena;
    struct hop_seat seats[MAX];
    struct hop_state states[MAX][HOP_COUNT];
    size_t n;
    struct scim_facts scim;
    struct finding *findings;
    size_t n_findings;
};

static void set_scene(struct scene *scene, struct arena *arena)
{
    *scene =
        (struct scene){.arena = arena, .scim = {.configured = true, .now_ms = NOON + TIME_DAY}};
}

/* Somebody's seat with one hop that stands out; the hop's states are for the test to change. */
static struct hop_state *seat(struct scene *scene, const char *login, enum hop hop,
                              enum hop_word state, enum hop_cause why)
{
    size_t i = scene->n++;
    struct hop_state *hops = scene->states[i];

    for (int k = 0; k < HOP_COUNT; k++)
        hops[k] = (struct hop_state){.hop = (enum hop)k, .state = HOP_NOT_APPLICABLE};
    hops[hop] = (struct hop_state){.hop = hop,
                                   .state = state,
                                   .since_ms = NOON + (int64_t)i * TIME_MINUTE,
                                   .deadline_ms = NOON + TIME_HOUR + (int64_t)i * TIME_MINUTE,
                                   .cause = STR("the cause"),
                                   .remedy = STR("the remedy"),
                                   .why = why,
                                   .overdue = state == HOP_LEAVING};
    scene->seats[i] = (struct hop_seat){
        .entitlement = STR("kiro-jp"),
        .plan = STR("kiro-pro"),
        .person = arena_printf(scene->arena, "00u%s", login),
        .login = str_of(login),
        .group = STR("00g1"),
        .group_name = STR("AWS_kiro_JP_Users"),
        .states = hops,
        .desired = state != HOP_LEAVING,
        .cost_minor = 2000,
    };
    return &hops[hop];
}

static void find(struct scene *scene)
{
    hop_findings(scene->seats, scene->n, &scene->scim, scene->arena, &scene->findings,
                 &scene->n_findings);
    for (size_t i = 0; i < scene->n_findings; i++) {
        finding_make_key(&scene->findings[i], scene->arena);
        scene->findings[i].command = finding_make_command(&scene->findings[i], scene->arena);
    }
}

/* A line a finding: severity, kind, what it is about. */
static const char *show(struct scene *scene)
{
    struct str out = {"", 0};

    find(scene);
    for (size_t i = 0; i < scene->n_findings; i++) {
        const struct finding *f = &scene->findings[i];

        out = arena_printf(scene->arena, "%.*s%s%s %s %.*s %.*s %.*s [%.*s]", STR_ARG(out),
                           i > 0 ? "\n" : "", severity_name(f->severity),
                           finding_kind_name(f->kind), STR_ARG(f->entitlement), STR_ARG(f->hop),
                           STR_ARG(f->variant), STR_ARG(f->login));
    }
    return out.ptr;
}

static const char *detail(struct scene *scene, size_t i)
{
    find(scene);
    assert_true(i < scene->n_findings);
    return arena_cstr(scene->arena, scene->findings[i].detail);
}

/* ---- seats ---- */

static void test_what_is_in_order_or_takes_its_time_is_no_finding(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)seat(&scene, "ada", HOP_USER, HOP_ON_ITS_WAY, HOP_CAUSE_NOT_ASSIGNED);
    (void)seat(&scene, "bob", HOP_USER, HOP_UNKNOWN, HOP_CAUSE_UNREADABLE);
    (void)seat(&scene, "cy", HOP_SEAT, HOP_REACHED, HOP_CAUSE_NONE);
    seat(&scene, "dan", HOP_OKTA, HOP_LEAVING, HOP_CAUSE_NONE)->overdue = false;
    assert_string_equal(show(&scene), "");
}

static void test_one_cause_is_one_finding_with_its_people_inside(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)seat(&scene, "cy", HOP_USER, HOP_LATE, HOP_CAUSE_NOT_ASSIGNED);
    (void)seat(&scene, "ada", HOP_USER, HOP_LATE, HOP_CAUSE_NOT_ASSIGNED);
    (void)seat(&scene, "bob", HOP_PUSHED, HOP_LATE, HOP_CAUSE_NOT_ASSIGNED);
    (void)seat(&scene, "eve", HOP_USER, HOP_LATE, HOP_CAUSE_DISABLED);
    (void)seat(&scene, "dan", HOP_OKTA, HOP_LATE, HOP_CAUSE_HELD);
    (void)seat(&scene, "fay", HOP_SEAT, HOP_LEAVING, HOP_CAUSE_NONE);
    (void)seat(&scene, "gus", HOP_SEAT, HOP_LATE, HOP_CAUSE_NONE);
    (void)seat(&scene, "hal", HOP_USER, HOP_LATE, HOP_CAUSE_DISABLED);
    scene.seats[7].entitlement = STR("q-jp");
    assert_string_equal(show(&scene), "ticket late_hop kiro-jp user not_assigned []\n"
                                      "ticket late_hop kiro-jp pushed not_assigned [bob]\n"
                                      "ticket late_hop kiro-jp user disabled [eve]\n"
                                      "ticket late_hop kiro-jp seat  [gus]\n"
                                      "ticket late_hop q-jp user disabled [hal]\n"
                                      "ticket lingering_seat kiro-jp seat  [fay]\n"
                                      "info late_hop kiro-jp okta held [dan]");
}

static void test_one_person_is_named_and_explained(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)seat(&scene, "ada@example.com", HOP_USER, HOP_LATE, HOP_CAUSE_NOT_ASSIGNED);
    assert_string_equal(detail(&scene, 0), "ada@example.com is late on the way into IAM Identity "
                                           "Center, since 2026-05-04 12:00: the cause");
    assert_true(str_is(scene.findings[0].remedy, "the remedy"));
    assert_true(str_is(scene.findings[0].command, "seatkeeper explain ada@example.com"));
    assert_int_equal(scene.findings[0].since_ms, NOON);
    /* Two seats of one person are still one person. */
    (void)seat(&scene, "ada@example.com", HOP_USER, HOP_LATE, HOP_CAUSE_NOT_ASSIGNED);
    scene.seats[1].plan = STR("kiro-power");
    assert_string_equal(detail(&scene, 0), "ada@example.com is late on the way into IAM Identity "
                                           "Center, since 2026-05-04 12:00: the cause");
    scene.seats[0].login = scene.seats[1].login = STR("");
    find(&scene);
    assert_true(str_is(scene.findings[0].command, "seatkeeper explain 00uada@example.com"));
}

static void test_five_people_are_named_and_the_others_counted(void **state)
{
    static const char *const logins[] = {"gus", "ada", "bob", "fay", "cy", "eve", "dan"};
    static const char *const expected[] = {
        "gus is late on the way into the group in IAM Identity Center, since 2026-05-04 12:00: "
        "the cause",
        "2 people are late on the way into the group in IAM Identity Center, the first since "
        "2026-05-04 12:00 (ada and gus): the cause",
        "3 people are late on the way into the group in IAM Identity Center, the first since "
        "2026-05-04 12:00 (ada, bob and gus): the cause",
        NULL,
        "5 people are late on the way into the group in IAM Identity Center, the first since "
        "2026-05-04 12:00 (ada, bob, cy, fay and gus): the cause",
        "6 people are late on the way into the group in IAM Identity Center, the first since "
        "2026-05-04 12:00 (ada, bob, cy, eve, fay and 1 more): the cause",
        "7 people are late on the way into the group in IAM Identity Center, the first since "
        "2026-05-04 12:00 (ada, bob, cy, dan, eve and 2 more): the cause",
    };
    struct scene scene;

    set_scene(&scene, *state);
    for (size_t i = 0; i < ARRAY_LEN(logins); i++) {
        (void)seat(&scene, logins[i], HOP_PUSHED, HOP_LATE, HOP_CAUSE_NO_MAPPING);
        if (expected[i])
            assert_string_equal(detail(&scene, 0), expected[i]);
    }
    assert_true(str_is(scene.findings[0].command, "seatkeeper drift -e kiro-jp"));
}

static void test_a_finding_stays_the_same_whoever_is_in_it(void **state)
{
    struct scene scene;
    struct str key, other;

    set_scene(&scene, *state);
    (void)seat(&scene, "ada", HOP_USER, HOP_LATE, HOP_CAUSE_DISABLED);
    find(&scene);
    key = scene.findings[0].key;
    (void)seat(&scene, "bob", HOP_USER, HOP_LATE, HOP_CAUSE_DISABLED);
    find(&scene);
    assert_true(str_eq(scene.findings[0].key, key));
    scene.states[0][HOP_USER].state = HOP_REACHED; /* bob alone is left */
    scene.states[1][HOP_USER].cause = STR("in other words");
    find(&scene);
    assert_int_equal(scene.n_findings, 1);
    assert_true(str_eq(scene.findings[0].key, key));
    scene.states[1][HOP_USER].why = HOP_CAUSE_AMBIGUOUS;
    find(&scene);
    other = scene.findings[0].key;
    assert_false(str_eq(other, key));
}

static void test_different_words_for_one_cause_are_all_told(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)seat(&scene, "ada", HOP_PUSHED, HOP_LATE, HOP_CAUSE_MAPPING_INACTIVE);
    (void)seat(&scene, "bob", HOP_PUSHED, HOP_LATE, HOP_CAUSE_MAPPING_INACTIVE);
    (void)seat(&scene, "cy", HOP_PUSHED, HOP_LATE, HOP_CAUSE_MAPPING_INACTIVE);
    (void)seat(&scene, "dan", HOP_PUSHED, HOP_LATE, HOP_CAUSE_MAPPING_INACTIVE);
    scene.states[1][HOP_PUSHED].cause = STR("another cause");
    scene.states[2][HOP_PUSHED].cause = STR("a third cause");
    scene.states[3][HOP_PUSHED].cause = STR("a fourth cause");
    assert_string_equal(detail(&scene, 0),
                        "4 people are late on the way into the group in IAM Identity Center, the "
                        "first since 2026-05-04 12:00 (ada, bob, cy and dan): the cause; another "
                        "cause; a third cause");
}

static void test_lingering_seats_cost_what_they_cost_together(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)seat(&scene, "ada", HOP_SEAT, HOP_LEAVING, HOP_CAUSE_NONE);
    (void)seat(&scene, "bob", HOP_SEAT, HOP_LEAVING, HOP_CAUSE_NONE);
    (void)seat(&scene, "cy", HOP_SEAT, HOP_LATE, HOP_CAUSE_NONE);
    scene.seats[1].cost_minor = 500;
    find(&scene);
    assert_int_equal(scene.n_findings, 2);
    assert_int_equal(scene.findings[0].cost_minor, 0); /* late: nobody pays for what is not there */
    assert_int_equal(scene.findings[1].cost_minor, 2500);
    assert_string_equal(detail(&scene, 1), "2 people are still subscribed though the seat has "
                                           "ended, the first since 2026-05-04 12:00 (ada and "
                                           "bob): the cause");
}

/* ---- SCIM ---- */

#define NEWS(scene, text) assert_string_equal(show(&(scene)), (text))

static void test_scim_is_suspected_at_two_late_people_with_nobody_arriving_since(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)seat(&scene, "ada", HOP_USER, HOP_LATE, HOP_CAUSE_LOST);
    NEWS(scene, "ticket late_hop kiro-jp user lost [ada]");
    (void)seat(&scene, "bob", HOP_PUSHED, HOP_LATE, HOP_CAUSE_LOST);
    NEWS(scene, "ticket late_hop kiro-jp user lost [ada]\n"
                "ticket late_hop kiro-jp pushed lost [bob]\n"
                "ticket scim_broken    []");
    assert_int_equal(scene.findings[2].since_ms, NOON + TIME_HOUR);
    assert_string_equal(detail(&scene, 2),
                        "2 people are late on the way from Okta to IAM Identity Center, and nobody "
                        "has arrived since the first was due on 2026-05-04 13:00");
    scene.scim.last_arrival_ms = NOON + TIME_HOUR - 1;
    find(&scene);
    assert_int_equal(scene.n_findings, 3);
    scene.scim.last_arrival_ms = NOON + TIME_HOUR; /* somebody has: it works */
    find(&scene);
    assert_int_equal(scene.n_findings, 2);
    scene.scim.last_arrival_ms = 0;
    scene.scim.configured = false;
    find(&scene);
    assert_int_equal(scene.n_findings, 2);
}

static void test_who_is_late_for_a_reason_of_his_own_says_nothing_about_scim(void **state)
{
    static const struct {
        enum hop_cause why;
        bool is_suspect;
    } cases[] = {
        {HOP_CAUSE_NONE, true},           {HOP_CAUSE_HELD, false},
        {HOP_CAUSE_INACTIVE, false},      {HOP_CAUSE_NOT_ASSIGNED, false},
        {HOP_CAUSE_NAME_MISSING, false},  {HOP_CAUSE_BAD_CHARACTER, false},
        {HOP_CAUSE_AMBIGUOUS, false},     {HOP_CAUSE_DISABLED, false},
        {HOP_CAUSE_TOKEN_EXPIRED, true},  {HOP_CAUSE_SAME_GROUP, false},
        {HOP_CAUSE_NO_MAPPING, false},    {HOP_CAUSE_MAPPING_INACTIVE, false},
        {HOP_CAUSE_MAPPING_ERROR, true},  {HOP_CAUSE_PUSH_FAILED, true},
        {HOP_CAUSE_GROUP_BY_HAND, false}, {HOP_CAUSE_NO_GROUP, false},
        {HOP_CAUSE_LOST, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene scene;

        set_scene(&scene, *state);
        (void)seat(&scene, "ada", HOP_USER, HOP_LATE, cases[i].why);
        (void)seat(&scene, "bob", HOP_USER, HOP_LATE, cases[i].why);
        assert_int_equal(strstr(show(&scene), "scim_broken") != NULL, cases[i].is_suspect);
    }
}

static void test_two_seats_of_one_person_and_other_hops_say_nothing_about_scim(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)seat(&scene, "ada", HOP_USER, HOP_LATE, HOP_CAUSE_LOST);
    (void)seat(&scene, "ada", HOP_USER, HOP_LATE, HOP_CAUSE_LOST);
    scene.seats[1].entitlement = STR("q-jp");
    (void)seat(&scene, "bob", HOP_OKTA, HOP_LATE, HOP_CAUSE_NONE);
    (void)seat(&scene, "cy", HOP_SEAT, HOP_LATE, HOP_CAUSE_NONE);
    (void)seat(&scene, "dan", HOP_PUSHED, HOP_LEAVING, HOP_CAUSE_LOST);
    assert_null(strstr(show(&scene), "scim_broken"));
}

static void test_one_failed_push_is_enough_until_somebody_arrives(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    scene.scim.push_failure_ms = NOON;
    scene.scim.push_failure = STR("401 Unauthorized");
    NEWS(scene, "ticket scim_broken    []");
    assert_string_equal(detail(&scene, 0),
                        "a push from Okta to IAM Identity Center failed on 2026-05-04 12:00 (401 "
                        "Unauthorized), and nobody has arrived since");
    assert_int_equal(scene.findings[0].since_ms, NOON);
    scene.scim.last_arrival_ms = NOON - 1;
    NEWS(scene, "ticket scim_broken    []");
    scene.scim.last_arrival_ms = NOON;
    NEWS(scene, "");
}

static void test_all_that_speaks_against_scim_is_told_together(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)seat(&scene, "ada", HOP_USER, HOP_LATE, HOP_CAUSE_TOKEN_EXPIRED);
    (void)seat(&scene, "bob", HOP_USER, HOP_LATE, HOP_CAUSE_TOKEN_EXPIRED);
    scene.scim.push_failure_ms = NOON;
    scene.scim.token_expires_ms = NOON;
    NEWS(scene, "page scim_expiring   expired []\n"
                "ticket late_hop kiro-jp user token_expired []\n"
                "ticket scim_broken    []");
    assert_string_equal(detail(&scene, 2),
                        "2 people are late on the way from Okta to IAM Identity Center, and nobody "
                        "has arrived since the first was due on 2026-05-04 13:00; a push from Okta "
                        "to IAM Identity Center failed on 2026-05-04 12:00, and nobody has arrived "
                        "since; the access token that Okta pushes with has expired on 2026-05-04");
}

static void test_ten_late_people_are_a_page(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    for (int i = 0; i < 9; i++) {
        (void)seat(&scene, arena_printf(scene.arena, "p%d", i).ptr, HOP_USER, HOP_LATE,
                   HOP_CAUSE_LOST);
    }
    NEWS(scene, "ticket late_hop kiro-jp user lost []\nticket scim_broken    []");
    (void)seat(&scene, "p9", HOP_USER, HOP_LATE, HOP_CAUSE_LOST);
    NEWS(scene, "page scim_broken    []\nticket late_hop kiro-jp user lost []");
}

static void test_the_token_is_warned_of_in_steps_and_each_is_a_finding(void **state)
{
    static const struct {
        int64_t left_ms;
        const char *shown;
    } cases[] = {
        {90 * TIME_DAY + 1, ""},
        {90 * TIME_DAY, "info scim_expiring   90 []"},
        {30 * TIME_DAY + 1, "info scim_expiring   90 []"},
        {30 * TIME_DAY, "ticket scim_expiring   30 []"},
        {7 * TIME_DAY + 1, "ticket scim_expiring   30 []"},
        {7 * TIME_DAY, "page scim_expiring   7 []"},
        {TIME_DAY + 1, "page scim_expiring   7 []"},
        {TIME_DAY, "page scim_expiring   1 []"},
        {1, "page scim_expiring   1 []"},
        {0, "page scim_expiring   expired []"},
        {-TIME_DAY, "page scim_expiring   expired []"},
    };
    struct scene scene;
    struct str last = {0}, key = {0};

    set_scene(&scene, *state);
    scene.scim.token_expires_ms = NOON + 200 * TIME_DAY;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        scene.scim.now_ms = scene.scim.token_expires_ms - cases[i].left_ms;
        NEWS(scene, cases[i].shown);
        if (scene.n_findings == 0)
            continue;
        /* The same step has the same key and the same words, day after day. */
        assert_int_equal(str_eq(scene.findings[0].key, key),
                         str_eq(scene.findings[0].subject, last));
        key = scene.findings[0].key;
        last = scene.findings[0].subject;
    }
    assert_true(str_is(last, "expired 2026-11-20"));
    assert_string_equal(detail(&scene, 0),
                        "the access token that Okta pushes with has expired on 2026-11-20, by the "
                        "date in the settings: nobody new arrives in IAM Identity Center, and Okta "
                        "looks fine");
    scene.scim.now_ms = NOON + 199 * TIME_DAY;
    assert_string_equal(detail(&scene, 0),
                        "the access token that Okta pushes with expires on 2026-11-20; from then "
                        "on nobody new arrives in IAM Identity Center, though Okta looks fine");
    scene.scim.token_expires_ms = 0; /* not told */
    NEWS(scene, "");
}

static void test_without_scim_there_is_nothing_to_say_of_it(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    hop_findings(NULL, 0, NULL, scene.arena, &scene.findings, &scene.n_findings);
    assert_int_equal(scene.n_findings, 0);
}

static int new_arena(void **state)
{
    static struct arena arena;

    arena_init(&arena, 1 << 22);
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
        cmocka_unit_test(test_what_is_in_order_or_takes_its_time_is_no_finding),
        cmocka_unit_test(test_one_cause_is_one_finding_with_its_people_inside),
        cmocka_unit_test(test_one_person_is_named_and_explained),
        cmocka_unit_test(test_five_people_are_named_and_the_others_counted),
        cmocka_unit_test(test_a_finding_stays_the_same_whoever_is_in_it),
        cmocka_unit_test(test_different_words_for_one_cause_are_all_told),
        cmocka_unit_test(test_lingering_seats_cost_what_they_cost_together),
        cmocka_unit_test(test_scim_is_suspected_at_two_late_people_with_nobody_arriving_since),
        cmocka_unit_test(test_who_is_late_for_a_reason_of_his_own_says_nothing_about_scim),
        cmocka_unit_test(test_two_seats_of_one_person_and_other_hops_say_nothing_about_scim),
        cmocka_unit_test(test_one_failed_push_is_enough_until_somebody_arrives),
        cmocka_unit_test(test_all_that_speaks_against_scim_is_told_together),
        cmocka_unit_test(test_ten_late_people_are_a_page),
        cmocka_unit_test(test_the_token_is_warned_of_in_steps_and_each_is_a_finding),
        cmocka_unit_test(test_without_scim_there_is_nothing_to_say_of_it),
    };

    return cmocka_run_group_tests(tests, new_arena, drop_arena);
}

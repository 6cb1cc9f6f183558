#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/clock.h"
#include "core/sub_findings.h"

#define NOON INT64_C(1777896000000) /* 2026-05-04T12:00:00Z */
#define MAX  16

struct scene {
    struct arena *arena;
    struct entitlement ents[3];
    struct policy policy;
    struct sub_row rows[MAX];
    struct sub_seat seats[MAX];
    struct sub_input in;
    struct sub_verdict verdict;
};

/* kiro-jp has a time for unused seats, kiro-eu has none; wiki is Okta and no more. */
static void set_scene(struct scene *scene, struct arena *arena)
{
    memset(scene, 0, sizeof(*scene));
    scene->arena = arena;
    scene->ents[0] = (struct entitlement){.name = STR("kiro-jp"), .unused_after_ms = 60 * TIME_DAY};
    scene->ents[1] = (struct entitlement){.name = STR("kiro-eu"), .unused_after_ms = POLICY_OFF};
    scene->ents[2] = (struct entitlement){
        .name = STR("wiki"), .provisioning = PROVISIONING_NONE, .unused_after_ms = POLICY_OFF};
    scene->policy = (struct policy){
        .catalogue = *catalogue_shipped(), .entitlements = scene->ents, .n_entitlements = 3};
    scene->in = (struct sub_input){.policy = &scene->policy,
                                   .observed = true,
                                   .sealed = true,
                                   .rows = scene->rows,
                                   .seats = scene->seats,
                                   .now_ms = NOON};
}

/* Somebody's subscription, as it has been for ten days. */
static struct sub_row *row(struct scene *scene, const char *person, const char *raw,
                           enum sub_status status)
{
    struct sub_row *out = &scene->rows[scene->in.n_rows++];
    const struct catalogue_plan *plan = catalogue_read(&scene->policy.catalogue, str_of(raw));

    *out = (struct sub_row){
        .user = arena_printf(scene->arena, "u-%s", person),
        .person = arena_printf(scene->arena, "00u%s", person),
        .login = str_of(person),
        .raw = str_of(raw),
        .plan = plan ? plan->plan : (struct str){0},
        .status = status,
        .since_ms = NOON - 10 * TIME_DAY,
    };
    return out;
}

/* A desired seat that the service could give two days ago, with a day's time. */
static struct sub_seat *seat(struct scene *scene, const char *person, const char *entitlement,
                             const char *plan)
{
    struct sub_seat *out = &scene->seats[scene->in.n_seats++];

    *out = (struct sub_seat){
        .person = arena_printf(scene->arena, "00u%s", person),
        .login = str_of(person),
        .entitlement = str_of(entitlement),
        .plan = str_of(plan),
        .desired = true,
        .since_ms = NOON - 2 * TIME_DAY,
        .deadline_ms = TIME_DAY,
    };
    return out;
}

#define PRO   "KIRO_ENTERPRISE_PRO"
#define PLUS  "KIRO_ENTERPRISE_PRO_PLUS"
#define POWER "KIRO_ENTERPRISE_POWER"

static void find(struct scene *scene)
{
    scene->verdict = sub_findings(&scene->in, scene->arena);
    for (size_t i = 0; i < scene->verdict.n; i++) {
        finding_make_key(&scene->verdict.findings[i], scene->arena);
        scene->verdict.findings[i].command =
            finding_make_command(&scene->verdict.findings[i], scene->arena);
    }
}

/* A line a finding: severity, kind, what it is about, money; then who is untouchable. */
static const char *show(struct scene *scene)
{
    struct str out = {"", 0};

    find(scene);
    for (size_t i = 0; i < scene->verdict.n; i++) {
        const struct finding *f = &scene->verdict.findings[i];

        out = arena_printf(scene->arena, "%.*s%s %s %.*s %.*s [%.*s] %lld\n", STR_ARG(out),
                           severity_name(f->severity), finding_kind_name(f->kind),
                           STR_ARG(f->entitlement), STR_ARG(f->variant), STR_ARG(f->login),
                           (long long)f->cost_minor);
        assert_true(f->detail.len > 0 && f->remedy.len > 0);
    }
    struct people untouchable = sub_untouchable(scene->in.rows, scene->in.n_rows, scene->arena);
    for (size_t i = 0; scene->in.sealed && i < untouchable.n; i++)
        out = arena_printf(scene->arena, "%.*s!%.*s", STR_ARG(out), STR_ARG(untouchable.ids[i]));
    return out.ptr;
}

static const struct finding *only(struct scene *scene)
{
    find(scene);
    assert_int_equal(scene->verdict.n, 1);
    return &scene->verdict.findings[0];
}

static const char *text(struct scene *scene, struct str s)
{
    return arena_cstr(scene->arena, s);
}

/* ---- in order ---- */

static void test_what_is_as_it_should_be_is_no_finding(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)row(&scene, "ada", PRO, SUB_ACTIVE);
    (void)seat(&scene, "ada", "kiro-jp", "kiro-pro");
    (void)row(&scene, "bob", PRO, SUB_PENDING);
    (void)seat(&scene, "bob", "kiro-jp", "kiro-pro");
    (void)row(&scene, "cy", PLUS, SUB_CANCELED);      /* listed until the month turns */
    (void)seat(&scene, "dan", "kiro-jp", "kiro-pro"); /* not come yet: followed by hops */
    (void)row(&scene, "eve", PRO, SUB_ACTIVE);        /* not come through us: followed by nobody */
    assert_string_equal(show(&scene), "");
}

static void test_from_a_listing_that_is_not_sealed_nothing_follows(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)row(&scene, "ada", "ANYTHING", SUB_ACTIVE);
    (void)row(&scene, "bob", PRO, SUB_ACTIVE);
    (void)row(&scene, "bob", PRO, SUB_ACTIVE);
    row(&scene, "cy", PRO, SUB_PENDING)->since_ms = NOON - 90 * TIME_DAY;
    (void)seat(&scene, "cy", "kiro-jp", "kiro-pro");
    scene.in.sealed = false;
    assert_string_equal(show(&scene), "");
    scene.in.sealed = true;
    find(&scene);
    assert_int_equal(scene.verdict.n, 3);
}

/* ---- unknown plans ---- */

static void test_an_unknown_spelling_is_one_finding_with_its_count_and_people(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)row(&scene, "cy", "Q_DEVELOPER_STANDALONE_PRO", SUB_ACTIVE);
    (void)row(&scene, "ada", "Q_DEVELOPER_STANDALONE_PRO", SUB_PENDING);
    (void)row(&scene, "bob", "KIRO_ENTERPRISE_ULTRA", SUB_CANCELED);
    (void)row(&scene, "dan", PRO, SUB_ACTIVE);
    struct sub_row *nobody = row(&scene, "x", "Q_DEVELOPER_STANDALONE_PRO", SUB_ACTIVE);
    nobody->person = nobody->login = (struct str){0};

    assert_string_equal(show(&scene), "ticket unknown_plan  Q_DEVELOPER_STANDALONE_PRO [] 0\n"
                                      "ticket unknown_plan  KIRO_ENTERPRISE_ULTRA [bob] 0\n"
                                      "!00uada!00ubob!00ucy");
    assert_string_equal(text(&scene, scene.verdict.findings[0].detail),
                        "3 people (ada, cy and u-x) are subscribed to something spelt "
                        "`Q_DEVELOPER_STANDALONE_PRO`, which stands for no plan of the catalogue "
                        "(3 rows): nothing is changed for them until that is said");
    assert_non_null(
        strstr(text(&scene, scene.verdict.findings[0].remedy), "`catalogue.plans[].read_as`"));
    assert_string_equal(text(&scene, scene.verdict.findings[0].command), "seatkeeper doctor");
}

static void test_a_spelling_that_a_terminal_must_not_see_is_not_shown(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)row(&scene, "ada", "KIRO\033[2J", SUB_ACTIVE);
    assert_null(strchr(text(&scene, only(&scene)->detail), '\033'));
}

/* ---- wrong plans ---- */

static void test_another_plan_than_the_granted_one_is_wrong_after_the_deadline(void **state)
{
    static const struct {
        const char *raw;
        enum sub_status status;
        int64_t since_days, deadline_days; /* since 0: not yet */
        const char *shown;
    } cases[] = {
        {POWER, SUB_ACTIVE, 2, 1,
         "ticket wrong_plan kiro-jp kiro-power instead of kiro-pro-plus [ada] 16000\n"},
        {POWER, SUB_PENDING, 2, 1,
         "ticket wrong_plan kiro-jp kiro-power instead of kiro-pro-plus [ada] 0\n"},
        {PRO, SUB_ACTIVE, 2, 1,
         "ticket wrong_plan kiro-jp kiro-pro instead of kiro-pro-plus [ada] 0\n"},
        {PRO, SUB_ACTIVE, 1, 1,
         "ticket wrong_plan kiro-jp kiro-pro instead of kiro-pro-plus [ada] 0\n"},
        {PRO, SUB_ACTIVE, 1, 2, ""}, /* on its way */
        {PRO, SUB_ACTIVE, 0, 1, ""}, /* not in the group there yet */
        {PRO, SUB_ACTIVE, 2, 0, ""}, /* may take for ever */
        {PLUS, SUB_ACTIVE, 2, 1, ""},
        {POWER, SUB_CANCELED, 2, 1, ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene scene;

        set_scene(&scene, *state);
        (void)row(&scene, "ada", cases[i].raw, cases[i].status);
        struct sub_seat *wanted = seat(&scene, "ada", "kiro-jp", "kiro-pro-plus");
        wanted->since_ms = cases[i].since_days > 0 ? NOON - cases[i].since_days * TIME_DAY : 0;
        wanted->deadline_ms = cases[i].deadline_days * TIME_DAY;
        assert_string_equal(show(&scene), cases[i].shown);
    }
}

static void test_the_same_wrong_plan_of_many_is_one_finding(void **state)
{
    struct scene scene;
    static const char *const people[] = {"ada", "bob", "cy", "dan", "eve", "fay", "gus"};

    set_scene(&scene, *state);
    for (size_t i = 0; i < ARRAY_LEN(people); i++) {
        (void)row(&scene, people[i], POWER, SUB_ACTIVE);
        (void)seat(&scene, people[i], "kiro-jp", "kiro-pro");
    }
    (void)row(&scene, "hal", POWER, SUB_ACTIVE);
    (void)seat(&scene, "hal", "kiro-eu", "kiro-pro");
    assert_string_equal(show(&scene),
                        "ticket wrong_plan kiro-eu kiro-power instead of kiro-pro [hal] 18000\n"
                        "ticket wrong_plan kiro-jp kiro-power instead of kiro-pro [] 126000\n");
    assert_string_equal(text(&scene, scene.verdict.findings[1].detail),
                        "7 people (ada, bob, cy, dan, eve and 2 more) are subscribed to "
                        "kiro-power, and kiro-pro is what was granted");
    assert_string_equal(text(&scene, scene.verdict.findings[0].detail),
                        "hal is subscribed to kiro-power, and kiro-pro is what was granted");
    assert_string_equal(text(&scene, scene.verdict.findings[0].command), "seatkeeper explain hal");
    /* Who is in it is not part of what it is. */
    struct str key = scene.verdict.findings[1].key;
    scene.in.n_rows = 3;
    find(&scene);
    assert_true(str_eq(scene.verdict.findings[0].key, key));
}

static void test_a_plan_that_a_move_or_another_entitlement_explains_is_not_wrong(void **state)
{
    struct scene scene;

    /* ada is to be lowered with the month: she is in both groups, and the higher one counts. */
    set_scene(&scene, *state);
    (void)row(&scene, "ada", POWER, SUB_ACTIVE);
    (void)seat(&scene, "ada", "kiro-jp", "kiro-pro");
    seat(&scene, "ada", "kiro-jp", "kiro-power")->desired = false;
    /* bob has the higher one by another entitlement. */
    (void)row(&scene, "bob", POWER, SUB_ACTIVE);
    (void)seat(&scene, "bob", "kiro-jp", "kiro-pro");
    (void)seat(&scene, "bob", "kiro-eu", "kiro-power");
    assert_string_equal(show(&scene), "");

    /* cy is to be raised: that the old one still shows is late after its time. */
    (void)row(&scene, "cy", PRO, SUB_ACTIVE);
    (void)seat(&scene, "cy", "kiro-jp", "kiro-power");
    seat(&scene, "cy", "kiro-jp", "kiro-pro")->desired = false;
    assert_string_equal(show(&scene),
                        "ticket wrong_plan kiro-jp kiro-pro instead of kiro-power [cy] 0\n");
}

static void test_the_highest_desired_plan_is_what_a_row_is_held_against(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)row(&scene, "ada", PRO, SUB_ACTIVE);
    (void)seat(&scene, "ada", "kiro-jp", "kiro-pro-plus");
    seat(&scene, "ada", "kiro-jp", "kiro-power")->desired = false;
    (void)row(&scene, "bob", PLUS, SUB_ACTIVE);
    (void)seat(&scene, "bob", "kiro-eu", "kiro-power");
    (void)seat(&scene, "bob", "kiro-jp", "kiro-pro");
    assert_string_equal(show(&scene),
                        "ticket wrong_plan kiro-eu kiro-pro-plus instead of kiro-power [bob] 0\n"
                        "ticket wrong_plan kiro-jp kiro-pro instead of kiro-pro-plus [ada] 0\n");
}

static void test_nothing_is_said_of_the_plan_of_somebody_untouchable(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)row(&scene, "ada", PRO, SUB_ACTIVE);
    (void)row(&scene, "ada", "KIRO_NEW", SUB_PENDING);
    (void)seat(&scene, "ada", "kiro-jp", "kiro-power");
    find(&scene);
    for (size_t i = 0; i < scene.verdict.n; i++)
        assert_int_not_equal(scene.verdict.findings[i].kind, FINDING_WRONG_PLAN);
    assert_int_equal(sub_untouchable(scene.in.rows, scene.in.n_rows, scene.arena).n, 1);
}

/* ---- double seats ---- */

static void test_two_live_rows_are_a_double_seat_unless_explained(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    /* One alone by what we know; twice the same; and one that has ended. */
    (void)row(&scene, "ada", POWER, SUB_ACTIVE);
    (void)row(&scene, "ada", PRO, SUB_PENDING);
    (void)seat(&scene, "ada", "kiro-jp", "kiro-power");
    (void)row(&scene, "bob", PRO, SUB_ACTIVE);
    (void)row(&scene, "bob", PRO, SUB_ACTIVE);
    (void)seat(&scene, "bob", "kiro-jp", "kiro-pro");
    (void)row(&scene, "cy", PRO, SUB_CANCELED);
    (void)row(&scene, "cy", POWER, SUB_ACTIVE);
    (void)seat(&scene, "cy", "kiro-jp", "kiro-power");
    /* A move, and two entitlements. */
    (void)row(&scene, "dan", PRO, SUB_ACTIVE);
    (void)row(&scene, "dan", POWER, SUB_PENDING);
    (void)seat(&scene, "dan", "kiro-jp", "kiro-power");
    seat(&scene, "dan", "kiro-jp", "kiro-pro")->desired = false;
    (void)row(&scene, "eve", PRO, SUB_ACTIVE);
    (void)row(&scene, "eve", POWER, SUB_ACTIVE);
    (void)seat(&scene, "eve", "kiro-jp", "kiro-pro");
    (void)seat(&scene, "eve", "kiro-eu", "kiro-power");
    assert_string_equal(show(&scene), "ticket double_seat  KIRO_ENTERPRISE_POWER and "
                                      "KIRO_ENTERPRISE_PRO [ada] 0\n"
                                      "ticket double_seat  KIRO_ENTERPRISE_PRO and "
                                      "KIRO_ENTERPRISE_PRO [bob] 0\n");
    assert_string_equal(text(&scene, scene.verdict.findings[0].detail),
                        "ada is subscribed more than once, to KIRO_ENTERPRISE_POWER and "
                        "KIRO_ENTERPRISE_PRO; within one Kiro profile only the highest of them is "
                        "billed");
}

/* ---- orphans ---- */

static void test_subscriptions_of_users_who_are_gone_are_orphans_by_a_sealed_listing(void **state)
{
    static const struct str users[] = {{"u-ada", 5}, {"u-zoe", 5}};
    struct scene scene;

    set_scene(&scene, *state);
    (void)row(&scene, "ada", PRO, SUB_ACTIVE);
    struct sub_row *gone = row(&scene, "x9", POWER, SUB_ACTIVE);
    gone->person = gone->login = (struct str){0};
    gone->since_ms = NOON - 20 * TIME_DAY;
    gone = row(&scene, "x9", PRO, SUB_CANCELED); /* not this one */
    gone->person = gone->login = (struct str){0};
    gone->since_ms = NOON - 30 * TIME_DAY;
    (void)row(&scene, "bob", PRO, SUB_PENDING); /* costs nothing yet */
    (void)row(&scene, "cy", PRO, SUB_CANCELED); /* by design, until the month turns */
    scene.in.users = (struct people){users, 2};
    assert_string_equal(show(&scene), "");

    scene.in.users_sealed = true;
    assert_string_equal(show(&scene), "ticket orphan_subscription   [] 20000\n");
    assert_string_equal(text(&scene, scene.verdict.findings[0].detail),
                        "2 people (bob and u-x9) are subscribed, and IAM Identity Center has no "
                        "such user any more");
    assert_int_equal(scene.verdict.findings[0].since_ms, NOON - 20 * TIME_DAY);
    assert_string_equal(text(&scene, scene.verdict.findings[0].command), "seatkeeper drift");
}

/* ---- unused seats ---- */

static void test_a_seat_that_waits_too_long_for_its_first_use_is_proposed(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    row(&scene, "ada", POWER, SUB_PENDING)->since_ms = NOON - 60 * TIME_DAY - 1;
    (void)seat(&scene, "ada", "kiro-jp", "kiro-power");
    row(&scene, "bob", PRO, SUB_PENDING)->since_ms = NOON - 61 * TIME_DAY;
    (void)seat(&scene, "bob", "kiro-jp", "kiro-pro");
    /* Not yet; no rule; since nobody knows when; in use; not wanted any more; another plan. */
    row(&scene, "cy", PRO, SUB_PENDING)->since_ms = NOON - 60 * TIME_DAY;
    (void)seat(&scene, "cy", "kiro-jp", "kiro-pro");
    row(&scene, "dan", PRO, SUB_PENDING)->since_ms = NOON - 90 * TIME_DAY;
    (void)seat(&scene, "dan", "kiro-eu", "kiro-pro");
    row(&scene, "eve", PRO, SUB_PENDING)->since_ms = 0;
    (void)seat(&scene, "eve", "kiro-jp", "kiro-pro");
    row(&scene, "fay", PRO, SUB_ACTIVE)->since_ms = NOON - 90 * TIME_DAY;
    (void)seat(&scene, "fay", "kiro-jp", "kiro-pro");
    row(&scene, "gus", PRO, SUB_PENDING)->since_ms = NOON - 90 * TIME_DAY;
    seat(&scene, "gus", "kiro-jp", "kiro-pro")->desired = false;
    row(&scene, "hal", PRO, SUB_CANCELED)->since_ms = NOON - 90 * TIME_DAY;
    (void)seat(&scene, "hal", "kiro-jp", "kiro-pro");

    assert_string_equal(show(&scene), "info unused_seat kiro-jp  [ada] 20000\n"
                                      "info unused_seat kiro-jp  [bob] 2000\n");
    assert_string_equal(text(&scene, scene.verdict.findings[1].detail),
                        "the seat on kiro-pro has been there since 2026-03-04 and was never used; "
                        "it costs nothing until it is, and 20.00 USD a month from then on");
    assert_string_equal(text(&scene, scene.verdict.findings[1].command),
                        "seatkeeper request revoke bob -e kiro-jp --reason \"unused\"");
}

static void test_somebody_who_uses_one_row_has_not_left_the_other_unused(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    row(&scene, "ada", PRO, SUB_PENDING)->since_ms = NOON - 90 * TIME_DAY;
    row(&scene, "ada", POWER, SUB_ACTIVE)->since_ms = NOON - 90 * TIME_DAY;
    (void)seat(&scene, "ada", "kiro-jp", "kiro-pro");
    (void)seat(&scene, "ada", "kiro-eu", "kiro-power");
    assert_string_equal(show(&scene), "");
}

static void test_where_use_cannot_be_told_that_is_said_once(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    scene.ents[2].unused_after_ms = 30 * TIME_DAY; /* nothing tells of wiki at all */
    assert_string_equal(show(&scene), "info unused_seat wiki not observed [] 0\n");
    scene.in.observed = scene.in.sealed = false;
    assert_string_equal(show(&scene), "info unused_seat kiro-jp not observed [] 0\n"
                                      "info unused_seat wiki not observed [] 0\n");
    assert_string_equal(text(&scene, scene.verdict.findings[0].detail),
                        "whether these seats are used is not known: subscriptions are not "
                        "observed, so `unused_after` finds nothing");
    /* A run that could not read them is another matter. */
    scene.in.observed = true;
    scene.ents[2].unused_after_ms = POLICY_OFF;
    assert_string_equal(show(&scene), "");
}

/* ---- all together ---- */

static void test_neither_order_nor_doubles_of_the_input_matter(void **state)
{
    struct scene scene;

    set_scene(&scene, *state);
    (void)row(&scene, "ada", "NEW", SUB_ACTIVE);
    (void)row(&scene, "bob", POWER, SUB_ACTIVE);
    (void)row(&scene, "bob", PRO, SUB_ACTIVE);
    row(&scene, "cy", PRO, SUB_PENDING)->since_ms = NOON - 90 * TIME_DAY;
    (void)row(&scene, "dan", PLUS, SUB_ACTIVE);
    (void)seat(&scene, "cy", "kiro-jp", "kiro-pro");
    (void)seat(&scene, "dan", "kiro-jp", "kiro-power");
    const char *before = show(&scene);

    assert_int_equal(scene.verdict.n, 4);
    for (size_t i = 0; i < scene.in.n_rows / 2; i++) {
        struct sub_row other = scene.rows[i];

        scene.rows[i] = scene.rows[scene.in.n_rows - 1 - i];
        scene.rows[scene.in.n_rows - 1 - i] = other;
    }
    struct sub_seat other = scene.seats[0];
    scene.seats[0] = scene.seats[1];
    scene.seats[1] = other;
    assert_string_equal(show(&scene), before);
}

static int new_arena(void **state)
{
    static struct arena arena;

    arena_init(&arena, 1 << 20);
    *state = &arena;
    return 0;
}

static int end_arena(void **state)
{
    arena_fini(*state);
    return 0;
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, new_arena, end_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(test_what_is_as_it_should_be_is_no_finding),
        WITH_ARENA(test_from_a_listing_that_is_not_sealed_nothing_follows),
        WITH_ARENA(test_an_unknown_spelling_is_one_finding_with_its_count_and_people),
        WITH_ARENA(test_a_spelling_that_a_terminal_must_not_see_is_not_shown),
        WITH_ARENA(test_another_plan_than_the_granted_one_is_wrong_after_the_deadline),
        WITH_ARENA(test_the_same_wrong_plan_of_many_is_one_finding),
        WITH_ARENA(test_a_plan_that_a_move_or_another_entitlement_explains_is_not_wrong),
        WITH_ARENA(test_the_highest_desired_plan_is_what_a_row_is_held_against),
        WITH_ARENA(test_nothing_is_said_of_the_plan_of_somebody_untouchable),
        WITH_ARENA(test_two_live_rows_are_a_double_seat_unless_explained),
        WITH_ARENA(test_subscriptions_of_users_who_are_gone_are_orphans_by_a_sealed_listing),
        WITH_ARENA(test_a_seat_that_waits_too_long_for_its_first_use_is_proposed),
        WITH_ARENA(test_somebody_who_uses_one_row_has_not_left_the_other_unused),
        WITH_ARENA(test_where_use_cannot_be_told_that_is_said_once),
        WITH_ARENA(test_neither_order_nor_doubles_of_the_input_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

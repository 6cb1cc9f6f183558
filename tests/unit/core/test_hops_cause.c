#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/clock.h"
#include "core/hops.h"

#define NOON INT64_C(1777896000000) /* 2026-05-04T12:00:00Z */

/* What the evidence of each cause looks like, one by one; they can be laid over each other. */
enum trouble {
    NOTHING,
    LATE,
    SAME_GROUP,
    NO_GROUP,
    BY_HAND,
    PUSH_FAILURE,
    IN_ERROR,
    EXPIRED,
    LEFT_OUT,
    SWITCHED_OFF,
    UNMAPPED,
    CHARACTER,
    NAMELESS,
    AMBIGUOUS,
    DISABLED,
    UNASSIGNED,
    DEACTIVATED,
    TROUBLES,
};

struct scene {
    struct person person;
    struct hop_evidence evidence;
};

/* Hanako, for whom all is well but that she is not there yet. */
static void set_scene(struct scene *scene)
{
    *scene = (struct scene){
        .person = {.first_name = STR("Hanako"), .last_name = STR("Suzuki"), .status = USER_ACTIVE},
        .evidence = {.login = STR("hanako@example.com"),
                     .group_name = STR("AWS_kiro_JP_Users"),
                     .assigned = KNOWN_YES,
                     .push = PUSH_ACTIVE,
                     .store_group = KNOWN_YES,
                     .clock_start_ms = NOON,
                     .now_ms = NOON + TIME_MINUTE},
    };
    scene->evidence.person = &scene->person;
}

static void make(struct scene *scene, enum trouble trouble)
{
    struct hop_evidence *ev = &scene->evidence;

    switch (trouble) {
    case LATE: ev->is_late = true; break;
    case SAME_GROUP: ev->same_group = ev->is_late = true; break;
    case NO_GROUP: ev->store_group = KNOWN_NO; break;
    case BY_HAND: ev->store_group_by_hand = ev->is_late = true; break;
    case PUSH_FAILURE:
        ev->push_failure = STR("401 Unauthorized");
        ev->push_failure_ms = NOON;
        break;
    case IN_ERROR:
        ev->push = PUSH_ERROR;
        ev->push_error = STR("duplicate group");
        break;
    case EXPIRED: ev->token_expires_ms = NOON + TIME_MINUTE; break;
    case LEFT_OUT: ev->ignored = true; break;
    case SWITCHED_OFF: ev->push = PUSH_INACTIVE; break;
    case UNMAPPED: ev->push = PUSH_NONE; break;
    case CHARACTER: scene->person.last_name = STR("Su;zuki"); break;
    case NAMELESS: scene->person.first_name = STR(" "); break;
    case AMBIGUOUS: ev->ambiguous = true; break;
    case DISABLED: ev->disabled = true; break;
    case UNASSIGNED: ev->assigned = KNOWN_NO; break;
    case DEACTIVATED: scene->person.status = USER_DEPROVISIONED; break;
    case NOTHING:
    case TROUBLES: break;
    }
}

static const char *show(enum hop hop, const struct scene *scene, struct arena *arena)
{
    struct hop_diagnosis is = hop_diagnose(hop, &scene->evidence, arena);

    return arena_printf(arena, "%s: %.*s | %.*s", hop_cause_name(is.why), STR_ARG(is.cause),
                        STR_ARG(is.remedy))
        .ptr;
}

#define SAYS(hop, scene, text) assert_string_equal(show((hop), (scene), *state), (text))

static void test_causes_read_back_as_what_they_name(void **state)
{
    static const char expected[] =
        "none held unreadable inactive not_assigned name_missing bad_character ambiguous disabled "
        "token_expired same_group no_mapping mapping_inactive mapping_error push_failed "
        "group_by_hand no_group lost ";
    struct str names = {0};
    enum hop_cause cause;

    for (int i = 0; i < HOP_CAUSE_COUNT; i++) {
        const char *name = hop_cause_name((enum hop_cause)i);

        assert_true(hop_cause_parse(str_of(name), &cause));
        assert_int_equal(cause, i);
        names = arena_printf(*state, "%.*s%s ", STR_ARG(names), name);
    }
    assert_string_equal(names.ptr, expected);
    assert_false(hop_cause_parse(STR(""), &cause));
    assert_false(hop_cause_parse(STR("invalid"), &cause));
}

static void test_nothing_wrong_takes_its_time(void **state)
{
    struct scene scene;

    set_scene(&scene);
    SAYS(HOP_USER, &scene, "none: Okta pushes changes within minutes as a rule | ");
    SAYS(HOP_PUSHED, &scene, "none: Okta pushes changes within minutes as a rule | ");
    scene.evidence.usual_ms = 2 * TIME_MINUTE;
    scene.evidence.at_most_ms = 6 * TIME_MINUTE;
    SAYS(HOP_PUSHED, &scene,
         "none: Okta pushes changes by itself; here it usually takes 2 minutes, and 95 of 100 "
         "arrive within 6 minutes | ");
}

static void test_what_is_not_known_argues_for_nothing(void **state)
{
    struct scene scene;

    set_scene(&scene);
    scene.evidence = (struct hop_evidence){.now_ms = NOON};
    SAYS(HOP_USER, &scene, "none: Okta pushes changes within minutes as a rule | ");
    SAYS(HOP_PUSHED, &scene, "none: Okta pushes changes within minutes as a rule | ");
    set_scene(&scene);
    scene.person.status = USER_UNKNOWN;
    SAYS(HOP_USER, &scene, "none: Okta pushes changes within minutes as a rule | ");
}

static void test_lost(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, LATE);
    SAYS(HOP_USER, &scene,
         "lost: nothing that can be seen stands in the way: Okta's push of the person has probably "
         "got lost | in Okta, open the application AWS IAM Identity Center, Assignments, look for "
         "an error at the person's name, and provision the user once more");
    SAYS(HOP_PUSHED, &scene,
         "lost: nothing that can be seen stands in the way: the push of the Okta group "
         "AWS_kiro_JP_Users has probably got lost | in Okta, open the application AWS IAM Identity "
         "Center, Push Groups, and push the group once more by hand (Push now)");
}

static void test_inactive(void **state)
{
    static const struct {
        enum user_status status;
        const char *why;
    } cases[] = {
        {USER_STAGED, "inactive"},        {USER_PROVISIONED, "none"}, {USER_ACTIVE, "none"},
        {USER_RECOVERY, "none"},          {USER_LOCKED_OUT, "none"},  {USER_SUSPENDED, "inactive"},
        {USER_DEPROVISIONED, "inactive"}, {USER_GONE, "inactive"},    {USER_UNKNOWN, "none"},
    };
    struct scene scene;

    set_scene(&scene);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        scene.person.status = cases[i].status;
        assert_string_equal(hop_cause_name(hop_diagnose(HOP_USER, &scene.evidence, *state).why),
                            cases[i].why);
    }
    scene.person.status = USER_SUSPENDED;
    SAYS(HOP_PUSHED, &scene,
         "inactive: the person's Okta account is SUSPENDED, and Okta pushes nobody whose account "
         "is not active | in Okta, open Directory, People, and activate the account, then, in the "
         "application AWS IAM Identity Center, Push Groups, push the group once more by hand (Push "
         "now); or take the seat back with `seatkeeper request revoke`");
    SAYS(HOP_USER, &scene,
         "inactive: the person's Okta account is SUSPENDED, and Okta pushes nobody whose account "
         "is not active | in Okta, open Directory, People, and activate the account; or take the "
         "seat back with `seatkeeper request revoke`");
    scene.person.status = USER_GONE; /* nothing to activate */
    SAYS(HOP_PUSHED, &scene,
         "inactive: the person's Okta account is no longer there | take the seat back with "
         "`seatkeeper request revoke`");
}

static void test_not_assigned(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, UNASSIGNED);
    SAYS(HOP_USER, &scene,
         "not_assigned: the person is not assigned to the application AWS IAM Identity Center in "
         "Okta, and Okta pushes only those who are | in Okta, open the application AWS IAM "
         "Identity Center, Assignments, and assign the person");
    scene.evidence.assignment_group = STR("AWS_kiro_JP_Assign");
    SAYS(HOP_PUSHED, &scene,
         "not_assigned: the person is not assigned to the application AWS IAM Identity Center in "
         "Okta, and Okta pushes only those who are | in Okta, put the person into the group "
         "AWS_kiro_JP_Assign, which assigns the application AWS IAM Identity Center; then, under "
         "Push Groups, push the group once more by hand (Push now)");
}

static void test_who_was_left_out_of_a_push_was_not_assigned_then(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, LEFT_OUT);
    SAYS(HOP_USER, &scene, "none: Okta pushes changes within minutes as a rule | ");
    SAYS(HOP_PUSHED, &scene,
         "not_assigned: Okta pushed the Okta group AWS_kiro_JP_Users while the person was not "
         "assigned to the application AWS IAM Identity Center, and left the person out | in Okta, "
         "open the application AWS IAM Identity Center, Push Groups, and push the group once more "
         "by hand (Push now): the person is assigned by now");
    scene.evidence.assigned = KNOWN_NOT; /* nobody could ask: then the log is what we have */
    assert_int_equal(hop_diagnose(HOP_USER, &scene.evidence, *state).why, HOP_CAUSE_NOT_ASSIGNED);
}

static void test_name_missing(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, NAMELESS);
    SAYS(HOP_USER, &scene,
         "name_missing: the person has no first name in Okta, and IAM Identity Center takes nobody "
         "without both names | in Okta, open Directory, People, the person's Profile, and fill in "
         "the name; where a directory feeds Okta, fill it in there");
    SAYS(HOP_PUSHED, &scene, "none: Okta pushes changes within minutes as a rule | ");
    scene.person.last_name = STR("");
    assert_non_null(strstr(show(HOP_USER, &scene, *state), "no first and no last name"));
    scene.person.first_name = STR("Hanako");
    assert_non_null(strstr(show(HOP_USER, &scene, *state), "no last name"));
}

static void test_bad_character(void **state)
{
    static const char *const bad[] = {"<", ">", ";", ":", "%"};
    static const char *const fine[] = {"O'Neil", "Anne-Marie", "\xe9\x88\xb4\xe6\x9c\xa8", "X & Y"};
    struct scene scene;

    set_scene(&scene);
    make(&scene, CHARACTER);
    SAYS(HOP_USER, &scene,
         "bad_character: the person's name in Okta has the character `;`, which IAM Identity "
         "Center refuses | in Okta, open Directory, People, the person's Profile, and take the "
         "character out of the name; where a directory feeds Okta, do it there");
    SAYS(HOP_PUSHED, &scene, "none: Okta pushes changes within minutes as a rule | ");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        set_scene(&scene);
        scene.person.first_name = arena_printf(*state, "Ha%snako", bad[i]);
        assert_int_equal(hop_diagnose(HOP_USER, &scene.evidence, *state).why,
                         HOP_CAUSE_BAD_CHARACTER);
    }
    for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
        set_scene(&scene);
        scene.person.first_name = str_of(fine[i]);
        assert_int_equal(hop_diagnose(HOP_USER, &scene.evidence, *state).why, HOP_CAUSE_NONE);
    }
}

static void test_ambiguous(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, AMBIGUOUS);
    SAYS(HOP_USER, &scene,
         "ambiguous: two users in IAM Identity Center could be this person | in the AWS console, "
         "open IAM Identity Center, Users, and remove or rename the user that Okta did not make");
    scene.evidence.ambiguous_why = STR("hanako and hanako.s have the same e-mail");
    SAYS(HOP_PUSHED, &scene,
         "ambiguous: it is not clear which user in IAM Identity Center is this person: hanako and "
         "hanako.s have the same e-mail | in the AWS console, open IAM Identity Center, Users, and "
         "remove or rename the user that Okta did not make");
}

static void test_disabled(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, DISABLED);
    SAYS(HOP_USER, &scene,
         "disabled: IAM Identity Center knows the person, and the user there is disabled | in the "
         "AWS console, open IAM Identity Center, Users, and enable the user");
}

static void test_token_expired(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, EXPIRED);
    SAYS(HOP_PUSHED, &scene,
         "token_expired: the access token that Okta pushes with has expired on 2026-05-04, by the "
         "date in the settings | in the AWS console, open IAM Identity Center, Settings, Automatic "
         "provisioning, and make a new access token; in Okta, open the application AWS IAM "
         "Identity Center, Provisioning, Integration, and put it in; then set "
         "aws.scim_token_expires");
    scene.evidence.now_ms--;
    SAYS(HOP_PUSHED, &scene, "none: Okta pushes changes within minutes as a rule | ");
}

static void test_same_group(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, SAME_GROUP);
    SAYS(HOP_PUSHED, &scene,
         "same_group: the Okta group AWS_kiro_JP_Users both assigns the application AWS IAM "
         "Identity Center and is pushed to it, which neither Okta nor AWS supports: the push may "
         "come before the user is there | in Okta, let a group of its own assign the application, "
         "name it as assignment_group in the settings, and push the group once more by hand (Push "
         "now)");
    scene.evidence.is_late = false; /* as a rule it works */
    SAYS(HOP_PUSHED, &scene, "none: Okta pushes changes within minutes as a rule | ");
}

static void test_no_mapping(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, UNMAPPED);
    SAYS(HOP_PUSHED, &scene,
         "no_mapping: the Okta group AWS_kiro_JP_Users is not among the groups that Okta pushes | "
         "in Okta, open the application AWS IAM Identity Center, Push Groups, and add the Okta "
         "group AWS_kiro_JP_Users, linked to the group of that name that is there already");
    scene.evidence.store_group = KNOWN_NO;
    assert_null(strstr(show(HOP_PUSHED, &scene, *state), "linked"));
    SAYS(HOP_USER, &scene, "none: Okta pushes changes within minutes as a rule | ");
}

static void test_mapping_inactive(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, SWITCHED_OFF);
    SAYS(HOP_PUSHED, &scene,
         "mapping_inactive: the push of the Okta group AWS_kiro_JP_Users is switched off in Okta | "
         "in Okta, open the application AWS IAM Identity Center, Push Groups, and activate the "
         "push of this group");
}

static void test_mapping_error(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, IN_ERROR);
    SAYS(HOP_PUSHED, &scene,
         "mapping_error: the push of the Okta group AWS_kiro_JP_Users is in error in Okta, and "
         "nothing is pushed meanwhile: duplicate group | in Okta, open the application AWS IAM "
         "Identity Center, Push Groups, read what is said at the group, put it right, and push the "
         "group once more by hand (Push now)");
    scene.evidence.store_group_by_hand = true;
    assert_non_null(strstr(show(HOP_PUSHED, &scene, *state), "linked rather than created"));
}

static void test_push_failed(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, PUSH_FAILURE);
    SAYS(HOP_PUSHED, &scene,
         "push_failed: a push of the Okta group AWS_kiro_JP_Users failed on 2026-05-04 12:00, says "
         "Okta's System Log: 401 Unauthorized | in Okta, open Dashboard, Tasks, and the "
         "application AWS IAM Identity Center, Push Groups, put right what failed, and push the "
         "group once more by hand (Push now)");
    scene.evidence.push_failure_ms--; /* before anybody waited for this one */
    SAYS(HOP_PUSHED, &scene, "none: Okta pushes changes within minutes as a rule | ");
}

static void test_group_by_hand(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, BY_HAND);
    SAYS(HOP_PUSHED, &scene,
         "group_by_hand: the group AWS_kiro_JP_Users in IAM Identity Center was not made by Okta, "
         "so a push of the same name may not reach it | in Okta, open the application AWS IAM "
         "Identity Center, Push Groups, and link the pushed group to the existing one");
    scene.evidence.is_late = false; /* a linked group looks the same and works */
    SAYS(HOP_PUSHED, &scene, "none: Okta pushes changes within minutes as a rule | ");
    scene.evidence.push = PUSH_UNKNOWN; /* whether it is linked, nobody could see */
    assert_int_equal(hop_diagnose(HOP_PUSHED, &scene.evidence, *state).why,
                     HOP_CAUSE_GROUP_BY_HAND);
}

static void test_no_group(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, NO_GROUP);
    SAYS(HOP_PUSHED, &scene,
         "no_group: there is no group AWS_kiro_JP_Users in IAM Identity Center, though its push is "
         "active in Okta | in Okta, open the application AWS IAM Identity Center, Push Groups, "
         "look what the group is called over there, and push the group once more by hand (Push "
         "now)");
    scene.evidence.push = PUSH_UNKNOWN;
    assert_null(strstr(show(HOP_PUSHED, &scene, *state), "active in Okta"));
}

/* ---- the order ---- */

/* Each is surer than all before it; what does not concern the hop is NONE. */
static const struct {
    enum trouble trouble;
    enum hop_cause user, pushed;
} order[] = {
    {NOTHING, HOP_CAUSE_NONE, HOP_CAUSE_NONE},
    {LATE, HOP_CAUSE_LOST, HOP_CAUSE_LOST},
    {SAME_GROUP, HOP_CAUSE_LOST, HOP_CAUSE_SAME_GROUP},
    {NO_GROUP, HOP_CAUSE_NONE, HOP_CAUSE_NO_GROUP},
    {BY_HAND, HOP_CAUSE_LOST, HOP_CAUSE_GROUP_BY_HAND},
    {PUSH_FAILURE, HOP_CAUSE_NONE, HOP_CAUSE_PUSH_FAILED},
    {IN_ERROR, HOP_CAUSE_NONE, HOP_CAUSE_MAPPING_ERROR},
    {EXPIRED, HOP_CAUSE_TOKEN_EXPIRED, HOP_CAUSE_TOKEN_EXPIRED},
    {LEFT_OUT, HOP_CAUSE_NONE, HOP_CAUSE_NOT_ASSIGNED},
    {SWITCHED_OFF, HOP_CAUSE_NONE, HOP_CAUSE_MAPPING_INACTIVE},
    {UNMAPPED, HOP_CAUSE_NONE, HOP_CAUSE_NO_MAPPING},
    {CHARACTER, HOP_CAUSE_BAD_CHARACTER, HOP_CAUSE_NONE},
    {NAMELESS, HOP_CAUSE_NAME_MISSING, HOP_CAUSE_NONE},
    {AMBIGUOUS, HOP_CAUSE_AMBIGUOUS, HOP_CAUSE_AMBIGUOUS},
    {DISABLED, HOP_CAUSE_DISABLED, HOP_CAUSE_NONE},
    {UNASSIGNED, HOP_CAUSE_NOT_ASSIGNED, HOP_CAUSE_NOT_ASSIGNED},
    {DEACTIVATED, HOP_CAUSE_INACTIVE, HOP_CAUSE_INACTIVE},
};

/* What the surer of two says, unless it does not concern the hop. */
static enum hop_cause expected(size_t weak, size_t strong, bool is_user)
{
    enum hop_cause is = is_user ? order[strong].user : order[strong].pushed;
    enum hop_cause was = is_user ? order[weak].user : order[weak].pushed;

    return is == HOP_CAUSE_NONE || (is == HOP_CAUSE_LOST && was != HOP_CAUSE_NONE) ? was : is;
}

static void test_of_any_two_causes_the_surer_one_is_told(void **state)
{
    assert_int_equal(ARRAY_LEN(order), TROUBLES);
    for (size_t strong = 0; strong < ARRAY_LEN(order); strong++) {
        for (size_t weak = 0; weak <= strong; weak++) {
            struct scene scene;

            set_scene(&scene);
            make(&scene, order[weak].trouble);
            make(&scene, order[strong].trouble);
            assert_string_equal(hop_cause_name(hop_diagnose(HOP_USER, &scene.evidence, *state).why),
                                hop_cause_name(expected(weak, strong, true)));
            assert_string_equal(
                hop_cause_name(hop_diagnose(HOP_PUSHED, &scene.evidence, *state).why),
                hop_cause_name(expected(weak, strong, false)));
        }
    }
}

static void test_every_cause_that_is_found_has_a_sentence_and_a_remedy(void **state)
{
    for (int trouble = LATE; trouble < TROUBLES; trouble++) {
        for (int hop = HOP_USER; hop <= HOP_PUSHED; hop++) {
            struct scene scene;

            set_scene(&scene);
            make(&scene, (enum trouble)trouble);
            scene.evidence.group_name = STR("");
            struct hop_diagnosis is = hop_diagnose((enum hop)hop, &scene.evidence, *state);
            assert_true(is.cause.len > 0);
            assert_true(is.why == HOP_CAUSE_NONE || is.remedy.len > 0);
            assert_false(str_ends(is.cause, STR(".")));
            /* A finding has many people inside: its words fit each of them. */
            assert_null(strstr(arena_cstr(*state, is.cause), "hanako"));
            assert_null(strstr(arena_cstr(*state, is.remedy), "hanako"));
        }
    }
}

static void test_other_hops_are_not_diagnosed(void **state)
{
    struct scene scene;

    set_scene(&scene);
    make(&scene, DEACTIVATED);
    assert_int_equal(hop_diagnose(HOP_OKTA, &scene.evidence, *state).why, HOP_CAUSE_NONE);
    assert_int_equal(hop_diagnose(HOP_SEAT, &scene.evidence, *state).why, HOP_CAUSE_NONE);
}

static void test_learned_spans_are_told_from_a_minute_on(void **state)
{
    static const struct {
        int64_t ms;
        const char *words;
    } cases[] = {
        {1, "a minute"},       {59999, "a minute"},  {60000, "1 minute"},
        {120000, "2 minutes"}, {7200000, "2 hours"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(arena_cstr(*state, hop_duration(cases[i].ms, *state)), cases[i].words);
    }
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
        cmocka_unit_test(test_causes_read_back_as_what_they_name),
        cmocka_unit_test(test_nothing_wrong_takes_its_time),
        cmocka_unit_test(test_what_is_not_known_argues_for_nothing),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_inactive),
        cmocka_unit_test(test_not_assigned),
        cmocka_unit_test(test_who_was_left_out_of_a_push_was_not_assigned_then),
        cmocka_unit_test(test_name_missing),
        cmocka_unit_test(test_bad_character),
        cmocka_unit_test(test_ambiguous),
        cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_token_expired),
        cmocka_unit_test(test_same_group),
        cmocka_unit_test(test_no_mapping),
        cmocka_unit_test(test_mapping_inactive),
        cmocka_unit_test(test_mapping_error),
        cmocka_unit_test(test_push_failed),
        cmocka_unit_test(test_group_by_hand),
        cmocka_unit_test(test_no_group),
        cmocka_unit_test(test_of_any_two_causes_the_surer_one_is_told),
        cmocka_unit_test(test_every_cause_that_is_found_has_a_sentence_and_a_remedy),
        cmocka_unit_test(test_other_hops_are_not_diagnosed),
        cmocka_unit_test(test_learned_spans_are_told_from_a_minute_on),
    };

    return cmocka_run_group_tests(tests, new_arena, drop_arena);
}

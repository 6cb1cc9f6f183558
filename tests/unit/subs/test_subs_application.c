#include "unit/subs/subs_rig.h"

#define LIST         "ListApplications {\"InstanceArn\":\"" INSTANCE "\",\"MaxResults\":100}"
#define DESCRIBE     "DescribeApplication {\"ApplicationArn\":\"" APP "\"}"
#define CONFIG(arn)  "GetApplicationAssignmentConfiguration {\"ApplicationArn\":\"" arn "\"}"
#define A(arn, name) APPLICATION(arn, name)
#define SIGN_IN      A(APP2, "Kiro Sign-In")
#define OURS         A(APP, "KiroProfile-us-east-1")
#define LISTED(list)                            \
    {                                           \
        .url = LIST, .body = APPLICATIONS(list) \
    }
#define DENIED .status = 403, .body = FAULT("AccessDeniedException")

struct app_case {
    const char *name;
    bool is_configured;
    struct fake_answer script[SCRIPT_ROWS];
    const char *expected;
};

static const struct app_case cases[] = {
    {"the configured one",
     true,
     {{.url = DESCRIBE, .body = OURS}},
     "SEALED " APP " KiroProfile-us-east-1"},
    {"the configured one, whatever its name",
     true,
     {{.url = DESCRIBE, .body = A(APP, "ours")}},
     "SEALED " APP " ours"},
    {"the configured one without a name",
     true,
     {{.url = DESCRIBE, .body = "{\"ApplicationArn\":\"" APP "\",\"Name\":null}"}},
     "SEALED " APP " "},
    {"the configured one is gone, and no other is taken for it",
     true,
     {{.url = DESCRIBE, .status = 400, .body = FAULT("ResourceNotFoundException")}},
     "ABSENT the configured application " APP " is not there"},
    {"a missing key says nothing about it",
     true,
     {{.url = DESCRIBE,
       .status = 400,
       .body = "{\"__type\":\"ResourceNotFoundException\",\"Reason\":\"KMS_KEY_NOT_FOUND\"}"}},
     "UNKNOWN DescribeApplication: 400 ResourceNotFoundException; KMS_KEY_NOT_FOUND"},
    {"not allowed to look",
     true,
     {{.url = DESCRIBE, .headers = REQUEST_ID, DENIED}},
     "UNKNOWN DescribeApplication: 403 AccessDeniedException: as told (request req-1); the role "
     "needs sso:DescribeApplication"},
    {"an answer about another one",
     true,
     {{.url = DESCRIBE, .body = A(APP2, "x")}},
     "UNKNOWN DescribeApplication: an answer that cannot be used: ApplicationArn: the answer is "
     "about another one"},
    {"an answer about none",
     true,
     {{.url = DESCRIBE, .body = "{}"}},
     "UNKNOWN DescribeApplication: an answer that cannot be used: ApplicationArn: missing"},
    {"a name that is a number",
     true,
     {{.url = DESCRIBE, .body = "{\"ApplicationArn\":\"" APP "\",\"Name\":7}"}},
     "UNKNOWN DescribeApplication: an answer that cannot be used: Name: expected a string"},

    {"by its name, among others",
     false,
     {LISTED(SIGN_IN "," OURS "," A(APP2, "Payroll")), {.url = CONFIG(APP), .body = ASSIGNED}},
     "SEALED " APP " KiroProfile-us-east-1"},
    {"by its older name",
     false,
     {LISTED(A(APP, "QDevProfile-us-east-1")), {.url = CONFIG(APP), .body = ASSIGNED}},
     "SEALED " APP " QDevProfile-us-east-1"},
    {"on the second page, after an empty one",
     false,
     {{.url = LIST, .body = "{\"Applications\":[],\"NextToken\":\"t1\"}"},
      {.url = "\"MaxResults\":100,\"NextToken\":\"t1\"}", .body = APPLICATIONS(OURS)},
      {.url = CONFIG(APP), .body = ASSIGNED}},
     "SEALED " APP " KiroProfile-us-east-1"},
    {"one that is on two pages is one",
     false,
     {{.url = LIST, .body = "{\"Applications\":[" OURS "],\"NextToken\":\"t1\"}"},
      {.url = "\"NextToken\":\"t1\"}", .body = APPLICATIONS(OURS)},
      {.url = CONFIG(APP), .body = ASSIGNED}},
     "SEALED " APP " KiroProfile-us-east-1"},
    {"one for signing in that was given the name of a profile",
     false,
     {LISTED(OURS "," A(APP2, "KiroProfile-login")),
      {.url = CONFIG(APP), .body = ASSIGNED},
      {.url = CONFIG(APP2), .body = NOT_ASSIGNED}},
     "SEALED " APP " KiroProfile-us-east-1"},
    {"none of that name",
     false,
     {LISTED(SIGN_IN)},
     "ABSENT no application is called KiroProfile-... or QDevProfile-..."},
    {"no application at all", false, {LISTED("")}, "ABSENT no application is called"},
    {"a name that only holds the other",
     false,
     {LISTED(A(APP, "My KiroProfile-us-east-1"))},
     "ABSENT no application is called"},
    {"one without a name",
     false,
     {LISTED("{\"ApplicationArn\":\"" APP "\"}")},
     "ABSENT no application is called"},
    {"only one for signing in",
     false,
     {LISTED(OURS), {.url = CONFIG(APP), .body = NOT_ASSIGNED}},
     "ABSENT no application with the name of a profile asks for an assignment"},
    {"two of them",
     false,
     {LISTED(OURS "," A(APP2, "QDevProfile-x\\u001b[2J")),
      {.url = CONFIG(APP), .body = ASSIGNED},
      {.url = CONFIG(APP2), .body = ASSIGNED}},
     "UNKNOWN several applications may be the one, and none is configured: "
     "KiroProfile-us-east-1 (" APP "), QDevProfile-x\xEF\xBF\xBD[2J (" APP2 ")"},
    {"two of them, and one cannot be asked about",
     false,
     {LISTED(OURS "," A(APP2, "QDevProfile-x")),
      {.url = CONFIG(APP), .body = ASSIGNED},
      {.url = CONFIG(APP2), DENIED}},
     "UNKNOWN GetApplicationAssignmentConfiguration: 403 AccessDeniedException: as told; the role "
     "needs sso:GetApplicationAssignmentConfiguration"},
    {"it does not say whether it asks for assignments",
     false,
     {LISTED(OURS), {.url = CONFIG(APP), .body = "{}"}},
     "UNKNOWN GetApplicationAssignmentConfiguration: an answer that cannot be used: "
     "AssignmentRequired: missing"},
    {"it says so in a word",
     false,
     {LISTED(OURS), {.url = CONFIG(APP), .body = "{\"AssignmentRequired\":\"true\"}"}},
     "UNKNOWN GetApplicationAssignmentConfiguration: an answer that cannot be used: "
     "AssignmentRequired: expected"},
    {"it went away in between",
     false,
     {LISTED(OURS),
      {.url = CONFIG(APP), .status = 400, .body = FAULT("ResourceNotFoundException")}},
     "UNKNOWN GetApplicationAssignmentConfiguration: 400 ResourceNotFoundException: as told"},
    {"not allowed to list",
     false,
     {{.url = LIST, DENIED}},
     "UNKNOWN page 1: ListApplications: 403 AccessDeniedException: as told; the role needs "
     "sso:ListApplications"},
    {"an odd page",
     false,
     {{.url = LIST, .body = "{\"Applications\":{}}"}},
     "UNKNOWN page 1: ListApplications: an answer that cannot be used: Applications: expected an "
     "array"},
    {"an odd entry",
     false,
     {LISTED(OURS ",{\"ApplicationArn\":\"arn:aws:sso:::instance/x\"}")},
     "UNKNOWN page 1: ListApplications: an answer that cannot be used: Applications: entry 2: "
     "ApplicationArn: missing, or not that of an application"},
    {"an ARN that breaks lines",
     false,
     {LISTED("{\"ApplicationArn\":\"arn:a:application/\\n\"}")},
     "UNKNOWN page 1: ListApplications: an answer that cannot be used: Applications: entry 1"},
    {"a listing that goes round",
     false,
     {{.url = LIST, .body = "{\"Applications\":[" OURS "],\"NextToken\":\"t1\"}"},
      {.url = "\"NextToken\":\"t1\"}", .body = "{\"Applications\":[],\"NextToken\":\"t1\"}"}},
     "UNKNOWN page 2: ListApplications: an answer that cannot be used: its token was there"},
};

static void test_it_is_found_or_it_is_not_guessed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct app_case *c = &cases[i];
        struct subs_options options = {.application_arn =
                                           c->is_configured ? STR(APP) : (struct str){0}};
        struct subs_application app;
        struct rig rig;
        rig_open(&rig, options, c->script, rows_of(c->script, SCRIPT_ROWS));
        if (!subs_find_application(rig.subs, &rig.arena, &app, &rig.err))
            fail_msg("%s: failed: %s", c->name, rig.err.msg);
        bool is_found = app.state == LISTING_SEALED;
        assert_true(is_found == (app.arn.len > 0));
        struct str shown =
            is_found
                ? arena_printf(&rig.arena, "SEALED %.*s %.*s", STR_ARG(app.arn), STR_ARG(app.name))
                : arena_printf(&rig.arena, "%s %.*s", state_name(app.state), STR_ARG(app.why));
        check_shown(c->name, c->expected, shown.ptr);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

static void test_a_member_account_lists_its_own_applications(void **state)
{
    const struct fake_answer script[] = {
        {.url = "ListApplications {\"InstanceArn\":\"" INSTANCE
                "\",\"MaxResults\":100,\"Filter\":{\"ApplicationAccount\":\"111122223333\"}}",
         .body = "{\"Applications\":[],\"NextToken\":\"t1\"}"},
        {.url = "\"Filter\":{\"ApplicationAccount\":\"111122223333\"},\"NextToken\":\"t1\"}",
         .body = APPLICATIONS("")},
    };
    struct subs_application app;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct subs_options){.account = STR("111122223333")}, script, 2);
    assert_true(subs_find_application(rig.subs, &rig.arena, &app, &rig.err));
    assert_int_equal(app.state, LISTING_ABSENT);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_more_candidates_than_anybody_has_are_not_asked_about(void **state)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct fake_answer script[] = {{.url = LIST}};
    struct subs_application app;
    struct rig rig;

    (void)state;
    buf_add(&body, STR("{\"Applications\":["));
    for (int i = 0; i < 33; i++) {
        buf_printf(&body,
                   "%s{\"ApplicationArn\":\"arn:aws:sso::1:application/a/%d\","
                   "\"Name\":\"KiroProfile-%d\"}",
                   i > 0 ? "," : "", i, i);
    }
    buf_add(&body, STR("]}"));
    script[0].body = body.ptr;
    rig_open(&rig, (struct subs_options){0}, script, 1);
    assert_true(subs_find_application(rig.subs, &rig.arena, &app, &rig.err));
    assert_int_equal(app.state, LISTING_UNKNOWN);
    assert_non_null(strstr(app.why.ptr, "more than 32 applications have the name of a profile"));
    rig_close(&rig);
}

static void test_many_candidates_are_named_briefly(void **state)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct fake_answer script[] = {
        {.url = LIST},
        {.url = "GetApplicationAssignmentConfiguration", .body = ASSIGNED, .times = 7}};
    struct subs_application app;
    struct rig rig;

    (void)state;
    buf_add(&body, STR("{\"Applications\":["));
    for (int i = 0; i < 7; i++) {
        buf_printf(&body,
                   "%s{\"ApplicationArn\":\"arn:aws:sso::1:application/a/%d\","
                   "\"Name\":\"KiroProfile-%d\"}",
                   i > 0 ? "," : "", i, i);
    }
    buf_add(&body, STR("]}"));
    script[0].body = body.ptr;
    rig_open(&rig, (struct subs_options){0}, script, 2);
    assert_true(subs_find_application(rig.subs, &rig.arena, &app, &rig.err));
    assert_true(
        str_ends(app.why, STR("KiroProfile-4 (arn:aws:sso::1:application/a/4) and 2 more")));
    assert_int_equal(rig.fake.n_sends, 2); /* side by side */
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_cancelling_fails_at_every_step(void **state)
{
    const struct {
        struct str configured;
        struct fake_answer script[2];
    } rows[] = {
        {STR(APP), {{.url = DESCRIBE, .kind = ERR_CANCELLED}}},
        {{0}, {{.url = LIST, .kind = ERR_CANCELLED}}},
        {{0}, {LISTED(OURS), {.url = CONFIG(APP), .kind = ERR_CANCELLED}}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct subs_application app;
        struct rig rig;
        rig_open(&rig, (struct subs_options){.application_arn = rows[i].configured}, rows[i].script,
                 2);
        assert_false(subs_find_application(rig.subs, &rig.arena, &app, &rig.err));
        assert_int_equal(rig.err.kind, ERR_CANCELLED);
        rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_found_or_it_is_not_guessed),
        cmocka_unit_test(test_a_member_account_lists_its_own_applications),
        cmocka_unit_test(test_more_candidates_than_anybody_has_are_not_asked_about),
        cmocka_unit_test(test_many_candidates_are_named_briefly),
        cmocka_unit_test(test_cancelling_fails_at_every_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

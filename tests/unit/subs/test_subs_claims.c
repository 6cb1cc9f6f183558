#include "unit/subs/subs_rig.h"

#define ID(n) "arn:aws:user-subscriptions::111122223333:subscription/" n
#define C(n)  CLAIM(ID(n), "user", U1, "PRO")
#define FIRST                                          \
    "ListApplicationClaims {\"applicationArn\":\"" APP \
    "\",\"subscriptionRegion\":\"us-east-1\",\"maxResults\":100}"
#define NEXT(t) "\"maxResults\":100,\"nextToken\":\"" t "\"}"
#define ODD     "UNKNOWN page 1: ListApplicationClaims: an answer that cannot be used: "

/* The application is configured and there. */
#define THERE                                                          \
    {                                                                  \
        .url = "DescribeApplication {\"ApplicationArn\":\"" APP "\"}", \
        .body = APPLICATION(APP, "KiroProfile-us-east-1")              \
    }

struct claims_case {
    const char *name;
    struct fake_answer script[SCRIPT_ROWS]; /* behind the application */
    const char *expected;
};

static const char *show(const struct subs_claims *claims, struct arena *arena)
{
    struct str out;

    if (claims->state != LISTING_SEALED) {
        assert_int_equal(claims->n, 0);
        return arena_printf(arena, "%s %.*s", state_name(claims->state), STR_ARG(claims->why)).ptr;
    }
    assert_int_equal(claims->why.len, 0);
    out = arena_printf(arena, "SEALED");
    for (size_t i = 0; i < claims->n; i++) {
        const struct subs_claim *claim = &claims->claims[i];
        struct str id = claim->identifier;
        id = str_sub(id, id.len - 1, id.len);
        assert_true((claim->user.len > 0) != (claim->group.len > 0));
        out = arena_printf(arena, "%.*s %.*s:%s%.*s%.*s=%.*s", STR_ARG(out), STR_ARG(id),
                           claim->user.len > 0 ? "user " : "group ", STR_ARG(claim->user),
                           STR_ARG(claim->group), STR_ARG(claim->raw));
    }
    if (claims->extra.len > 0)
        out = arena_printf(arena, "%.*s extra=%.*s", STR_ARG(out), STR_ARG(claims->extra));
    return out.ptr;
}

#define PAGE(list)                             \
    {                                          \
        {                                      \
            .url = FIRST, .body = CLAIMS(list) \
        }                                      \
    }
#define BODY(text)                       \
    {                                    \
        {                                \
            .url = FIRST, .body = (text) \
        }                                \
    }
#define ALWAYS(code, text)                                                       \
    {                                                                            \
        {                                                                        \
            .url = FIRST, .status = (code), .body = (text), .times = FAKE_ALWAYS \
        }                                                                        \
    }

static const struct claims_case cases[] = {
    {"none", PAGE(""), "SEALED"},
    {"of users and of groups, sorted",
     PAGE(CLAIM(ID("2"), "user", U2, "PRO") "," CLAIM(ID("1"), "group", G1, "MAX")),
     "SEALED 1:group " G1 "=MAX 2:user " U2 "=PRO"},
    {"one user may have several", PAGE(C("1") "," CLAIM(ID("2"), "user", U1, "MAX")),
     "SEALED 1:user " U1 "=PRO 2:user " U1 "=MAX"},
    {"one that moved to the next page while we read is one",
     {{.url = FIRST, .body = CLAIMS_MORE(C("1"), "t1")},
      {.url = NEXT("t1"), .body = CLAIMS(C("1") "," C("2"))}},
     "SEALED 1:user " U1 "=PRO 2:user " U1 "=PRO"},
    {"one that changed while we read",
     {{.url = FIRST, .body = CLAIMS_MORE(C("1"), "t1")},
      {.url = NEXT("t1"), .body = CLAIMS(CLAIM(ID("1"), "user", U1, "MAX"))}},
     "UNKNOWN ListApplicationClaims: " ID("1") " is listed twice, and not as the same"},
    {"an empty page with a token is not the end",
     {{.url = FIRST, .body = CLAIMS_MORE("", "t1")}, {.url = NEXT("t1"), .body = CLAIMS(C("1"))}},
     "SEALED 1:user " U1 "=PRO"},
    {"a token that died begins anew, and forgets",
     {{.url = FIRST, .body = CLAIMS_MORE(C("9"), "t1")},
      {.url = NEXT("t1"), .status = 400, .body = FAULT("ValidationException")},
      {.url = FIRST, .body = CLAIMS(C("1"))}},
     "SEALED 1:user " U1 "=PRO"},
    {"a repeated token",
     {{.url = FIRST, .body = CLAIMS_MORE(C("1"), "t1")},
      {.url = NEXT("t1"), .body = CLAIMS_MORE(C("2"), "t1")}},
     "UNKNOWN page 2: ListApplicationClaims: an answer that cannot be used: its token was there"},
    {"unknown members",
     BODY("{\"claims\":[{\"identifier\":\"x1\",\"principal\":{\"user\":\"" U1
          "\",\"name\":\"Ana\"},\"type\":{\"amazonQ\":\"PRO\",\"until\":1},\"status\":\"ACTIVE\"}],"
          "\"account\":\"1\"}"),
     "SEALED 1:user " U1
     "=PRO extra=account,claims.principal.name,claims.status,claims.type.until"},

    {"the list is missing", BODY("{}"), ODD "claims: missing"},
    {"the list of another call", BODY(SEATS("")), ODD "claims: missing"},
    {"the list in other letters", BODY("{\"Claims\":[]}"), ODD "Claims: a spelling"},
    {"a token in other letters", BODY("{\"claims\":[],\"NextToken\":\"t\"}"),
     ODD "NextToken: unknown, and it may be about further pages"},
    {"an entry that is none", PAGE("7"), ODD "claims: entry 1: expected an object"},
    {"no identifier", PAGE("{\"principal\":{\"user\":\"" U1 "\"},\"type\":{\"amazonQ\":\"PRO\"}}"),
     ODD "claims: entry 1: identifier: missing"},
    {"an empty identifier", PAGE(CLAIM("", "user", U1, "PRO")),
     ODD "claims: entry 1: identifier: missing"},
    {"an identifier that is a number",
     PAGE("{\"identifier\":7,\"principal\":{\"user\":\"" U1 "\"},\"type\":{\"amazonQ\":\"P\"}}"),
     ODD "claims: entry 1: identifier: expected a string"},
    {"a principal of a kind to come", PAGE(C("1") "," CLAIM(ID("2"), "robot", U1, "PRO")),
     ODD "claims: entry 2: principal: expected exactly one of user and group"},
    {"the older principal",
     PAGE("{\"identifier\":\"1\",\"PrincipalId\":\"" U1 "\",\"type\":{\"amazonQ\":\"PRO\"}}"),
     ODD "claims: entry 1: claims.PrincipalId: a spelling that is not expected"},
    {"a group that is no id", PAGE(CLAIM(ID("1"), "group", "Kiro_Users", "PRO")),
     ODD "claims: entry 1: principal.group: not an id of an identity store"},
    {"no type", PAGE("{\"identifier\":\"1\",\"principal\":{\"user\":\"" U1 "\"}}"),
     ODD "claims: entry 1: type: missing"},
    {"the older type",
     PAGE("{\"identifier\":\"1\",\"principal\":{\"user\":\"" U1 "\"},\"subscriptionType\":\"P\"}"),
     ODD "claims: entry 1: claims.subscriptionType: a spelling that is not expected"},
    {"a plan that is null",
     PAGE("{\"identifier\":\"1\",\"principal\":{\"user\":\"" U1 "\"},\"type\":{\"amazonQ\":null}}"),
     ODD "claims: entry 1: type.amazonQ: missing"},

    {"HTML", ALWAYS(200, "<html>"), "UNKNOWN page 1: ListApplicationClaims: 200 with something"},
    {"XML", ALWAYS(200, "<?xml?><a/>"),
     "UNKNOWN page 1: ListApplicationClaims: 200 with something"},
    {"refused", ALWAYS(403, FAULT("AccessDeniedException")),
     "UNKNOWN page 1: ListApplicationClaims: 403 AccessDeniedException: as told; the role needs "
     "user-subscriptions:ListApplicationClaims"},
    {"no profile", ALWAYS(400, FAULT("ResourceNotFoundException")),
     "UNKNOWN page 1: ListApplicationClaims: 400 ResourceNotFoundException: as told; there is no "
     "Kiro profile in that region"},
    {"no such call", ALWAYS(400, FAULT("UnknownOperationException")),
     "UNKNOWN page 1: ListApplicationClaims: 400 UnknownOperationException"},
    {"500",
     {{.url = FIRST, .status = 500, .times = 3}},
     "UNKNOWN page 1: ListApplicationClaims: 500 without an error code"},
};

static void run_case(const struct claims_case *c)
{
    size_t n = rows_of(c->script, SCRIPT_ROWS);
    struct fake_answer script[SCRIPT_ROWS + 1] = {THERE};
    struct subs_options options = {.application_arn = STR(APP)};
    struct subs_claims claims;
    struct rig rig;

    memcpy(&script[1], c->script, n * sizeof(script[0]));
    rig_open(&rig, options, script, n + 1);
    if (!subs_list_claims(rig.subs, &rig.arena, &claims, &rig.err))
        fail_msg("%s: failed: %s", c->name, rig.err.msg);
    check_shown(c->name, c->expected, show(&claims, &rig.arena));
    assert_true(str_is(claims.application, APP));
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_only_the_exact_expected_shape_is_sealed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        run_case(&cases[i]);
}

static void test_the_application_is_found_by_its_name_first(void **state)
{
    const struct fake_answer script[] = {
        {.url = "ListApplications {", .body = APPLICATIONS(APPLICATION(APP, "KiroProfile-x"))},
        {.url = "GetApplicationAssignmentConfiguration {", .body = ASSIGNED},
        {.url = FIRST, .body = CLAIMS(C("1")), .takes_ms = 300},
    };
    struct subs_claims claims;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct subs_options){0}, script, ARRAY_LEN(script));
    assert_true(subs_list_claims(rig.subs, &rig.arena, &claims, &rig.err));
    assert_string_equal(show(&claims, &rig.arena), "SEALED 1:user " U1 "=PRO");
    assert_true(str_is(claims.application, APP));
    assert_int_equal(claims.at_ms, FAKE_CLOCK_START);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_without_an_application_no_claim_is_asked_for(void **state)
{
    const struct {
        struct fake_answer answer;
        const char *expected;
    } rows[] = {
        {{.url = "ListApplications {", .body = APPLICATIONS("")},
         "ABSENT no application is called KiroProfile-"},
        {{.url = "ListApplications {", .body = "{}"},
         "UNKNOWN page 1: ListApplications: an answer that cannot be used: Applications: missing"},
        {{.url = "ListApplications {", .status = 403, .body = FAULT("AccessDeniedException")},
         "UNKNOWN page 1: ListApplications: 403 AccessDeniedException: as told; the role needs "
         "sso:ListApplications"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct subs_claims claims;
        struct rig rig;
        rig_open(&rig, (struct subs_options){0}, &rows[i].answer, 1);
        assert_true(subs_list_claims(rig.subs, &rig.arena, &claims, &rig.err));
        check_shown("no application", rows[i].expected, show(&claims, &rig.arena));
        assert_int_equal(claims.application.len, 0);
        assert_int_equal(rig.fake.n_requests, 1);
        rig_close(&rig);
    }
}

static void test_cancelling_fails_at_every_step(void **state)
{
    struct subs_options options = {.application_arn = STR(APP)};

    (void)state;
    for (int step = 0; step < 2; step++) {
        struct fake_answer script[] = {THERE, {.url = FIRST, .body = CLAIMS("")}};
        struct subs_claims claims;
        struct rig rig;
        script[step].kind = ERR_CANCELLED;
        rig_open(&rig, options, script, 2);
        assert_false(subs_list_claims(rig.subs, &rig.arena, &claims, &rig.err));
        assert_int_equal(rig.err.kind, ERR_CANCELLED);
        rig_close(&rig);
    }
}

static void test_claims_too_large_for_the_caller_are_unknown(void **state)
{
    const struct fake_answer script[] = {THERE, {.url = FIRST, .body = CLAIMS(C("1"))}};
    struct subs_options options = {.application_arn = STR(APP)};
    struct subs_claims claims;
    struct arena small;
    struct rig rig;

    (void)state;
    arena_init(&small, (size_t)1 << 20);
    rig_open(&rig, options, script, 2);
    assert_true(subs_list_claims(rig.subs, &small, &claims, &rig.err));
    assert_string_equal(show(&claims, &rig.arena),
                        "UNKNOWN the listing is too large for the memory that is left");
    rig_close(&rig);
    arena_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_exact_expected_shape_is_sealed),
        cmocka_unit_test(test_the_application_is_found_by_its_name_first),
        cmocka_unit_test(test_without_an_application_no_claim_is_asked_for),
        cmocka_unit_test(test_cancelling_fails_at_every_step),
        cmocka_unit_test(test_claims_too_large_for_the_caller_are_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

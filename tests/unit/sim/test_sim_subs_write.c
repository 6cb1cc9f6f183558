#include "unit/sim/sim_subs_fixture.h"

/* What changes subscriptions, by claims and by assignments, and what refuses to be changed. */

#define CREATE_HEAD                                                              \
    "\"instanceArn\":\"" SUBS_INSTANCE "\",\"applicationArn\":\"arn:app/kiro\"," \
    "\"identityProvider\":\"IDENTITY_STORE\",\"transaction\":true,"              \
    "\"createForSelf\":false,\"subscriptionRegion\":\"us-east-1\""

static const char *create_claim(struct aws_fixture *f, const char *kind, const char *id,
                                const char *raw)
{
    zorn(f, "CreateClaim",
         arena_printf(&f->base.arena,
                      "{" CREATE_HEAD
                      ",\"principal\":{\"%s\":\"%s\"},\"type\":{\"amazonQ\":\"%s\"}}",
                      kind, id, raw)
             .ptr);
    return outcome(f);
}

static const char *update_claim(struct aws_fixture *f, const char *identifier, const char *raw)
{
    zorn(f, "UpdateClaim",
         arena_printf(&f->base.arena,
                      "{\"identifier\":\"%s\",\"type\":{\"amazonQ\":\"%s\"},\"transaction\":false,"
                      "\"subscriptionRegion\":\"us-east-1\"}",
                      identifier, raw)
             .ptr);
    return outcome(f);
}

static const char *delete_claim(struct aws_fixture *f, const char *identifier)
{
    zorn(f, "DeleteClaim",
         arena_printf(&f->base.arena,
                      "{\"identifier\":\"%s\",\"transaction\":true,\"subscriptionRegion\":"
                      "\"us-east-1\"}",
                      identifier)
             .ptr);
    return outcome(f);
}

/* `raw` empty: no subscriptionType. */
static const char *assignment(struct aws_fixture *f, const char *operation, const char *type,
                              const char *id, const char *raw)
{
    const char *plan =
        *raw ? arena_printf(&f->base.arena, ",\"subscriptionType\":\"%s\"", raw).ptr : "";

    assign(f, operation,
           arena_printf(&f->base.arena, "{\"principalId\":\"%s\",\"principalType\":\"%s\"%s}", id,
                        type, plan)
               .ptr);
    return outcome(f);
}

/* `subscribe user u-c kiro-pro; ...`: what the history counts as writes. */
static const char *writes(struct aws_fixture *f)
{
    struct str rest = str_of(control(&f->base, HTTP_GET, "/_sim/history?writes=true", ""));
    CLEANUP(buf_fini) struct buf out = {0};

    for (;;) {
        struct str effect = between(rest, "\"effect\":\"", "\"");

        if (!effect.ptr)
            break;
        rest = str_sub(rest, (size_t)(effect.ptr + effect.len - rest.ptr), rest.len);
        buf_printf(&out, "%s%.*s", out.len > 0 ? "; " : "", STR_ARG(effect));
    }
    return arena_cstr(&f->base.arena, buf_str(&out));
}

static void test_a_claim_is_made_changed_and_taken_back(void **state)
{
    struct aws_fixture f;
    const char *made;

    (void)state;
    aws_open(&f, SUBS_ORG);
    assert_string_equal(create_claim(&f, "user", "u-c", "KIRO_ENTERPRISE_PRO"), "200");
    made = field(&f, "identifier");
    assert_string_equal(made, claim_id(&f, "u-c"));
    assert_string_equal(subs(&f),
                        "200 u-a:KIRO_ENTERPRISE_PRO/PENDING "
                        "u-b:KIRO_ENTERPRISE_PRO/PENDING u-c:KIRO_ENTERPRISE_PRO/PENDING");
    assert_string_equal(update_claim(&f, claim_id(&f, "u-c"), "KIRO_ENTERPRISE_POWER"), "200");
    assert_string_equal(claims(&f), "200 g-pro:KIRO_ENTERPRISE_PRO "
                                    "g-plus:KIRO_ENTERPRISE_PRO_PLUS u-c:KIRO_ENTERPRISE_POWER");
    assert_string_equal(delete_claim(&f, claim_id(&f, "u-c")), "200");
    assert_string_equal(claims(&f),
                        "200 g-pro:KIRO_ENTERPRISE_PRO g-plus:KIRO_ENTERPRISE_PRO_PLUS");
    assert_string_equal(seats(&f), "a:kiro-pro/PENDING b:kiro-pro/PENDING c:kiro-power/CANCELED");
    assert_string_equal(writes(&f), "subscribe user u-c kiro-pro; change user u-c kiro-power; "
                                    "unsubscribe user u-c");
    aws_close(&f);
}

static void test_a_claimed_group_reaches_its_members_late_and_changes_at_once(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_STORE "  subscriptions: {materialise: 1h}\n");
    assert_string_equal(create_claim(&f, "group", "g-pro", "KIRO_ENTERPRISE_PRO"), "200");
    assert_string_equal(seats(&f), "");
    sim_advance(f.base.sim, TIME_HOUR);
    assert_string_equal(seats(&f), "a:kiro-pro/PENDING b:kiro-pro/PENDING");
    use_seat(&f, "b");
    update_claim(&f, claim_id(&f, "g-pro"), "KIRO_ENTERPRISE_PRO_MAX");
    assert_string_equal(seats(&f), "a:kiro-pro-max/PENDING b:kiro-pro-max/ACTIVE");
    update_claim(&f, claim_id(&f, "g-pro"), "KIRO_ENTERPRISE_PRO");
    assert_string_equal(seats(&f), "a:kiro-pro/PENDING b:kiro-pro>kiro-pro-max/ACTIVE");
    delete_claim(&f, claim_id(&f, "g-pro"));
    assert_string_equal(seats(&f), "a:kiro-pro/CANCELED b:kiro-pro>kiro-pro-max/CANCELED");
    aws_close(&f);
}

static void test_assignments_are_spelt_in_a_way_of_their_own(void **state)
{
    static const struct {
        const char *raw, *expected;
    } cases[] = {
        {"Q_DEVELOPER_STANDALONE_PRO", "200 c:kiro-pro/PENDING"},
        {"Q_DEVELOPER_STANDALONE_PRO_PLUS", "200 c:kiro-pro-plus/PENDING"},
        {"Q_DEVELOPER_STANDALONE_PRO_MAX", "200 c:kiro-pro-max/PENDING"},
        {"Q_DEVELOPER_STANDALONE_POWER", "200 c:kiro-power/PENDING"},
        {"Q_DEVELOPER_STANDALONE", "200 c:q-pro/PENDING"},
        {"", "200 c:q-pro/PENDING"},
        {"KIRO_ENTERPRISE_PRO", "400 ValidationException "},
        {"Q_DEVELOPER_STANDALONE_PRO_POWER", "400 ValidationException "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;
        const char *told;

        aws_open(&f, SUBS_STORE);
        told = assignment(&f, "CreateAssignment", "USER", "u-c", cases[i].raw);
        told = arena_printf(&f.base.arena, "%s %s", told, seats(&f)).ptr;
        if (strcmp(told, cases[i].expected) != 0)
            fail_msg("%s: %s", cases[i].raw, told);
        aws_close(&f);
    }
}

struct write_case {
    const char *what;
    const char *before; /* by hand */
    const char *operation, *type, *id, *raw;
    const char *expected, *after;
};

#define BEFORE "a:kiro-pro/PENDING b:kiro-pro/PENDING"

static void test_assignments_know_their_conflicts(void **state)
{
    static const struct write_case cases[] = {
        {"new", "", "CreateAssignment", "USER", "u-c", "Q_DEVELOPER_STANDALONE_PRO", "200",
         BEFORE " c:kiro-pro/PENDING"},
        {"there already", "{claims: [{user: c, plan: kiro-pro}]}", "CreateAssignment", "USER",
         "u-c", "Q_DEVELOPER_STANDALONE_PRO", "400 ConflictException",
         BEFORE " c:kiro-pro/PENDING"},
        {"there by a group", "", "CreateAssignment", "USER", "u-a",
         "Q_DEVELOPER_STANDALONE_PRO_PLUS", "400 ConflictException", BEFORE},
        {"about to end", "{cancel: a}", "CreateAssignment", "USER", "u-a",
         "Q_DEVELOPER_STANDALONE_PRO", "400 ConflictException",
         "a:kiro-pro/CANCELED b:kiro-pro/PENDING"},
        {"a group twice", "", "CreateAssignment", "GROUP", "g-pro", "Q_DEVELOPER_STANDALONE_PRO",
         "400 ConflictException", BEFORE},
        {"nobody", "", "CreateAssignment", "USER", "u-x", "Q_DEVELOPER_STANDALONE_PRO",
         "400 ResourceNotFoundException USER", BEFORE},
        {"a group as a user", "", "CreateAssignment", "USER", "g-pro", "Q_DEVELOPER_STANDALONE_PRO",
         "400 ResourceNotFoundException USER", BEFORE},
        {"another kind", "", "CreateAssignment", "BUILDER_ID", "u-c", "Q_DEVELOPER_STANDALONE_PRO",
         "400 ValidationException", BEFORE},
        {"up without a conflict", "", "UpdateAssignment", "USER", "u-a",
         "Q_DEVELOPER_STANDALONE_PRO_PLUS", "200", "a:kiro-pro-plus/PENDING b:kiro-pro/PENDING"},
        {"made by an update", "", "UpdateAssignment", "USER", "u-c", "Q_DEVELOPER_STANDALONE_PRO",
         "200", BEFORE " c:kiro-pro/PENDING"},
        {"a group's plan", "", "UpdateAssignment", "GROUP", "g-pro", "Q_DEVELOPER_STANDALONE_POWER",
         "200", "a:kiro-power/PENDING b:kiro-power/PENDING"},
        {"back to q", "", "UpdateAssignment", "GROUP", "g-pro", "Q_DEVELOPER_STANDALONE",
         "400 ValidationException", BEFORE},
        {"an update of what ends", "{cancel: a}", "UpdateAssignment", "USER", "u-a",
         "Q_DEVELOPER_STANDALONE_PRO", "400 ConflictException",
         "a:kiro-pro/CANCELED b:kiro-pro/PENDING"},
        {"taken back", "{claims: [{user: c, plan: kiro-pro}]}", "DeleteAssignment", "USER", "u-c",
         "", "200", BEFORE " c:kiro-pro/CANCELED"},
        {"taken back, with a plan", "{claims: [{user: c, plan: kiro-pro}]}", "DeleteAssignment",
         "USER", "u-c", "Q_DEVELOPER_STANDALONE_PRO", "200", BEFORE " c:kiro-pro/CANCELED"},
        {"a group's is not one's own", "", "DeleteAssignment", "USER", "u-a", "",
         "400 ConflictException", BEFORE},
        {"nothing to take back", "", "DeleteAssignment", "USER", "u-c", "",
         "400 ResourceNotFoundException", BEFORE},
        {"a group's", "", "DeleteAssignment", "GROUP", "g-pro", "", "200",
         "a:kiro-pro/CANCELED b:kiro-pro/CANCELED"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct write_case *c = &cases[i];
        struct aws_fixture f;
        const char *told;

        aws_open(&f, SUBS_ORG);
        if (*c->before)
            by_hand(&f, c->before);
        told = assignment(&f, c->operation, c->type, c->id, c->raw);
        if (strcmp(told, c->expected) != 0)
            fail_msg("%s: %s", c->what, told);
        if (strcmp(seats(&f), c->after) != 0)
            fail_msg("%s: after it %s", c->what, seats(&f));
        /* What was refused is no write. */
        assert_int_equal(*writes(&f) != '\0', strcmp(c->expected, "200") == 0);
        aws_close(&f);
    }
}

static void test_claims_know_their_conflicts(void **state)
{
    struct aws_fixture f;
    const char *mine;

    (void)state;
    aws_open(&f, SUBS_ORG);
    assert_string_equal(create_claim(&f, "user", "u-a", "KIRO_ENTERPRISE_PRO"),
                        "400 ConflictException");
    assert_string_equal(field(&f, "__type"), "com.amazon.kiro.controlplane#ConflictException");
    assert_string_equal(field(&f, "message"), "Resource is in an invalid state.");
    assert_string_equal(create_claim(&f, "group", "g-pro", "KIRO_ENTERPRISE_PRO_MAX"),
                        "400 ConflictException");
    assert_string_equal(create_claim(&f, "user", "u-x", "KIRO_ENTERPRISE_PRO"),
                        "400 ResourceNotFoundException USER");
    assert_string_equal(create_claim(&f, "user", "u-c", "Q_DEVELOPER_STANDALONE_PRO"),
                        "400 ValidationException");
    assert_string_equal(create_claim(&f, "person", "u-c", "KIRO_ENTERPRISE_PRO"),
                        "400 ValidationException");
    assert_string_equal(create_claim(&f, "user", "u-c", "KIRO_ENTERPRISE_PRO"), "200");
    mine = claim_id(&f, "u-c");
    assert_string_equal(create_claim(&f, "user", "u-c", "KIRO_ENTERPRISE_PRO"),
                        "400 ConflictException");
    assert_string_equal(update_claim(&f, mine, "Q_DEVELOPER_STANDALONE"),
                        "400 ValidationException");
    assert_string_equal(update_claim(&f, "arn:nothing", "KIRO_ENTERPRISE_PRO"),
                        "400 ResourceNotFoundException");
    assert_string_equal(delete_claim(&f, mine), "200");
    assert_string_equal(delete_claim(&f, mine), "400 ResourceNotFoundException");
    assert_string_equal(create_claim(&f, "user", "u-c", "KIRO_ENTERPRISE_PRO"),
                        "400 ConflictException");
    go_to(&f, "2026-06-01T00:00:00Z");
    assert_string_equal(create_claim(&f, "user", "u-c", "KIRO_ENTERPRISE_PRO"), "200");
    aws_close(&f);
}

static void test_writes_are_strict_about_what_they_are_told(void **state)
{
    static const struct {
        const char *body, *expected;
    } cases[] = {
        {"{" CREATE_HEAD "}", "400 ValidationException"},
        {"{" CREATE_HEAD ",\"principal\":{\"user\":\"u-c\"},\"type\":\"KIRO_ENTERPRISE_PRO\"}",
         "400 ValidationException"},
        {"{" CREATE_HEAD ",\"principal\":{\"user\":\"u-c\"},\"type\":{\"amazonQ\":"
         "\"KIRO_ENTERPRISE_PRO\",\"more\":1}}",
         "400 ValidationException"},
        {"{" CREATE_HEAD ",\"principal\":{\"user\":\"u-c\",\"group\":\"g-pro\"},\"type\":"
         "{\"amazonQ\":\"KIRO_ENTERPRISE_PRO\"}}",
         "400 ValidationException"},
        {"{" CREATE_HEAD ",\"principal\":\"u-c\",\"type\":{\"amazonQ\":\"KIRO_ENTERPRISE_PRO\"}}",
         "400 ValidationException"},
        {"{" CREATE_HEAD ",\"principal\":{\"user\":\"u-c\"},\"type\":{\"amazonQ\":"
         "\"KIRO_ENTERPRISE_PRO\"},\"overage\":true}",
         "400 ValidationException"},
        {"{" CREATE_HEAD ",\"principal\":{\"user\":\"u-c\"},\"type\":{\"amazonQ\":"
         "\"KIRO_ENTERPRISE_PRO\"}}",
         "200"},
    };
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_STORE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        zorn(&f, "CreateClaim", cases[i].body);
        if (strcmp(outcome(&f), cases[i].expected) != 0)
            fail_msg("%s: %s", cases[i].body, outcome(&f));
    }
    assert_string_equal(writes(&f), "subscribe user u-c kiro-pro");
    aws_close(&f);
}

static void test_accounts_that_may_not_subscribe_are_told_so_in_three_ways(void **state)
{
    static const struct {
        const char *word, *message;
    } cases[] = {
        {"management", "Account does not meet requirements for this operation"},
        {"blocked", "Your account is not authorized to make this call."},
        {"ineligible", "Your account is not currently eligible to create new subscriptions."},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;

        aws_open(&f, SUBS_ORG);
        by_hand(&f, arena_printf(&f.base.arena, "{quirks: {eligibility: %s}}", cases[i].word).ptr);
        assert_string_equal(create_claim(&f, "user", "u-c", "KIRO_ENTERPRISE_PRO"),
                            "400 AccessDeniedException");
        assert_string_equal(field(&f, "message"), cases[i].message);
        assert_string_equal(update_claim(&f, claim_id(&f, "g-pro"), "KIRO_ENTERPRISE_PRO_MAX"),
                            "400 AccessDeniedException");
        assert_string_equal(
            assignment(&f, "CreateAssignment", "USER", "u-c", "Q_DEVELOPER_STANDALONE_PRO"),
            "400 AccessDeniedException");
        assert_string_equal(
            assignment(&f, "UpdateAssignment", "USER", "u-c", "Q_DEVELOPER_STANDALONE_PRO"),
            "400 AccessDeniedException");
        assert_string_equal(seats(&f), BEFORE);
        /* Lists and giving back go on. */
        assert_string_equal(delete_claim(&f, claim_id(&f, "g-pro")), "200");
        assert_string_equal(writes(&f), "unsubscribe group g-pro");
        aws_close(&f);
    }
}

static void test_an_assignment_goes_to_the_profile_it_names_or_that_of_the_region(void **state)
{
    struct aws_fixture f;
    const char *arns;
    const char *europe;

    (void)state;
    aws_open(&f, SUBS_STORE "  subscriptions:\n    claims:\n"
                            "      - {user: a, plan: kiro-pro, region: eu-central-1}\n");
    arns = control(&f.base, HTTP_GET, "/_sim/subscriptions", "");
    europe = arena_cstr(&f.base.arena, between(str_of(arns), "eu-central-1\",\"arn\":\"", "\""));
    assert_true(str_starts(str_of(europe),
                           STR("arn:aws:codewhisperer:eu-central-1:111122223333:profile/")));
    assign(&f, "CreateAssignment",
           arena_printf(
               &f.base.arena,
               "{\"principalId\":\"u-b\",\"principalType\":\"USER\",\"profileArn\":\"%s\"}", europe)
               .ptr);
    assert_string_equal(outcome(&f), "400 ResourceNotFoundException");
    kiro_send(&f, "q", "AmazonQDeveloperService", "eu-central-1", "CreateAssignment",
              arena_printf(&f.base.arena,
                           "{\"principalId\":\"u-b\",\"principalType\":\"USER\",\"profileArn\":"
                           "\"%s\",\"subscriptionType\":\"Q_DEVELOPER_STANDALONE_POWER\"}",
                           europe)
                  .ptr);
    assert_string_equal(outcome(&f), "200");
    assert_string_equal(
        assignment(&f, "CreateAssignment", "USER", "u-b", "Q_DEVELOPER_STANDALONE_PRO"), "200");
    assert_string_equal(subs(&f), "200 u-b:KIRO_ENTERPRISE_PRO/PENDING");
    assert_string_equal(seats(&f), "a:kiro-pro/PENDING b:kiro-power/PENDING b:kiro-pro/PENDING");
    aws_close(&f);
}

static void test_a_policy_can_deny_each_call_by_its_name(void **state)
{
    static const struct {
        const char *deny;
        bool lists, creates, assigns;
    } cases[] = {
        {"user-subscriptions:*", false, false, true},
        {"user-subscriptions:Create*", true, false, true},
        {"q:CreateAssignment", true, true, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;
        const char *told;

        aws_open(&f, NULL);
        fixture_load(&f.base, arena_printf(&f.base.arena, "%s  keys: [{deny: ['%s']}]\n",
                                           SUBS_STORE, cases[i].deny)
                                  .ptr);
        f.aws = sim_aws(f.base.sim);
        list_subs(&f, "");
        told = outcome(&f);
        assert_string_equal(told, cases[i].lists ? "200" : "400 AccessDeniedException");
        assert_string_equal(create_claim(&f, "user", "u-a", "KIRO_ENTERPRISE_PRO"),
                            cases[i].creates ? "200" : "400 AccessDeniedException");
        assert_string_equal(assignment(&f, "CreateAssignment", "USER", "u-b", ""),
                            cases[i].assigns ? "200" : "400 AccessDeniedException");
        aws_close(&f);
    }
}

static void test_a_lost_or_late_write_is_seen_as_the_script_says(void **state)
{
    static const struct {
        const char *deed, *after;
    } cases[] = {
        {"{close: before}", ""},
        {"{close: after}", "c:kiro-pro/PENDING"},
        {"{status: 500}", ""},
        {"{status: 500, applied: true}", "c:kiro-pro/PENDING"},
        {"{code: ConflictException, applied: true}", "c:kiro-pro/PENDING"},
        {"{hang: true}", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;

        aws_open(&f, SUBS_STORE);
        load_faults(&f.base, arena_printf(&f.base.arena,
                                          "- {match: {person: c, operation: 'Create*'}, do: %s}\n",
                                          cases[i].deed)
                                 .ptr);
        (void)create_claim(&f, "user", "u-c", "KIRO_ENTERPRISE_PRO");
        if (strcmp(seats(&f), cases[i].after) != 0)
            fail_msg("%s: %s", cases[i].deed, seats(&f));
        aws_close(&f);
    }
}

static void test_lists_may_learn_of_a_write_only_later(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_STORE);
    load_faults(&f.base, "- {match: {operation: '*Claim'}, do: {stale: 10m}}\n");
    assert_string_equal(create_claim(&f, "user", "u-c", "KIRO_ENTERPRISE_PRO"), "200");
    assert_string_equal(seats(&f), "c:kiro-pro/PENDING");
    sim_advance(f.base.sim, 10 * TIME_MINUTE - 1);
    assert_string_equal(subs(&f), "200");
    assert_string_equal(claims(&f), "200");
    sim_advance(f.base.sim, 1);
    assert_string_equal(subs(&f), "200 u-c:KIRO_ENTERPRISE_PRO/PENDING");
    update_claim(&f, claim_id(&f, "u-c"), "KIRO_ENTERPRISE_PRO_MAX");
    assert_string_equal(claims(&f), "200 u-c:KIRO_ENTERPRISE_PRO");
    sim_advance(f.base.sim, 10 * TIME_MINUTE);
    assert_string_equal(claims(&f), "200 u-c:KIRO_ENTERPRISE_PRO_MAX");
    delete_claim(&f, claim_id(&f, "u-c"));
    assert_string_equal(claims(&f), "200 u-c:KIRO_ENTERPRISE_PRO_MAX");
    assert_string_equal(subs(&f), "200 u-c:KIRO_ENTERPRISE_PRO_MAX/PENDING");
    sim_advance(f.base.sim, 10 * TIME_MINUTE);
    assert_string_equal(claims(&f), "200");
    assert_string_equal(subs(&f), "200 u-c:KIRO_ENTERPRISE_PRO_MAX/CANCELED");
    aws_close(&f);
}

static void test_scripts_find_a_claim_by_whom_it_is_about(void **state)
{
    static const struct {
        const char *match, *expected;
    } cases[] = {
        {"{group: Pro}", "500 InternalServerException"},
        {"{group: g-pro, service: subscriptions}", "500 InternalServerException"},
        {"{group: Plus}", "200"},
        {"{person: a}", "200"},
        {"{service: q}", "200"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;
        const char *identifier;
        const char *told;

        aws_open(&f, SUBS_ORG);
        identifier = claim_id(&f, "g-pro");
        load_faults(
            &f.base,
            arena_printf(&f.base.arena, "- {match: %s, do: {status: 500}}\n", cases[i].match).ptr);
        told = update_claim(&f, identifier, "KIRO_ENTERPRISE_PRO_MAX");
        if (strcmp(told, cases[i].expected) != 0)
            fail_msg("%s: %s", cases[i].match, told);
        aws_close(&f);
    }
}

static void test_looking_is_never_counted_as_a_write(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, SUBS_ORG);
    (void)subs(&f);
    (void)claims(&f);
    use_seat(&f, "a");
    (void)create_claim(&f, "user", "u-a", "KIRO_ENTERPRISE_PRO");
    assert_string_equal(writes(&f), "");
    assert_non_null(strstr(control(&f.base, HTTP_GET, "/_sim/history", ""),
                           "\"path\":\"AWSZornControlPlaneService.ListUserSubscriptions\""));
    aws_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_claim_is_made_changed_and_taken_back),
        cmocka_unit_test(test_a_claimed_group_reaches_its_members_late_and_changes_at_once),
        cmocka_unit_test(test_assignments_are_spelt_in_a_way_of_their_own),
        cmocka_unit_test(test_assignments_know_their_conflicts),
        cmocka_unit_test(test_claims_know_their_conflicts),
        cmocka_unit_test(test_writes_are_strict_about_what_they_are_told),
        cmocka_unit_test(test_accounts_that_may_not_subscribe_are_told_so_in_three_ways),
        cmocka_unit_test(test_an_assignment_goes_to_the_profile_it_names_or_that_of_the_region),
        cmocka_unit_test(test_a_policy_can_deny_each_call_by_its_name),
        cmocka_unit_test(test_a_lost_or_late_write_is_seen_as_the_script_says),
        cmocka_unit_test(test_lists_may_learn_of_a_write_only_later),
        cmocka_unit_test(test_scripts_find_a_claim_by_whom_it_is_about),
        cmocka_unit_test(test_looking_is_never_counted_as_a_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

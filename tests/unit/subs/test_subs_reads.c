/* Nothing in this folder can change a subscription: whatever the remote says, only reads are sent.
 */

#include "base/rng.h"
#include "subs/subs_call.h"
#include "unit/subs/subs_rig.h"

static void test_every_operation_that_exists_is_a_read(void **state)
{
    (void)state;
    for (int i = 0; i < SUBS_OPERATION_COUNT; i++) {
        const struct subs_operation_row *row = subs_operation_row((enum subs_operation)i);
        struct str action = str_of(row->action);
        bool is_subscriptions = row->service == AWS_SUBSCRIPTIONS;
        if (!is_read(str_of(row->name)))
            fail_msg("%s is no read", row->name);
        assert_true(is_subscriptions || row->service == AWS_SSO);
        assert_true(str_eq(str_cut(&action, ':'),
                           is_subscriptions ? STR("user-subscriptions") : STR("sso")));
        assert_true(str_is(action, row->name));
        assert_int_equal(row->token != NULL, str_starts(action, STR("List")));
    }
}

/* Answers that clients of the service met, and some that they may meet. */
static const struct fake_answer pool[] = {
    {.body = SEATS(PLAIN_SEAT(U1, "PRO", "ACTIVE"))},
    {.body = SEATS_MORE(PLAIN_SEAT(U2, "PRO", "PENDING"), "t1")},
    {.body = SEATS_MORE("", "t2")},
    {.body = SEATS("")},
    {.body = "{\"subscriptions\":[],\"UserSubscriptions\":[]}"},
    {.body = CLAIMS(CLAIM("id1", "group", G1, "PRO"))},
    {.body = CLAIMS_MORE("", "t3")},
    {.body = "{\"Applications\":[" APPLICATION(APP, "KiroProfile-a") "," APPLICATION(
         APP2, "QDevProfile-b") "],\"NextToken\":\"t4\"}"},
    {.body = APPLICATIONS(APPLICATION(APP, "KiroProfile-a"))},
    {.body = APPLICATION(APP, "KiroProfile-a")},
    {.body = ASSIGNED},
    {.body = NOT_ASSIGNED},
    {.body = "{}"},
    {.body = "<html>"},
    {.body = ""},
    {.status = 400, .body = FAULT("ConflictException")},
    {.status = 400, .body = FAULT("ResourceNotFoundException")},
    {.status = 400, .body = FAULT("ValidationException")},
    {.status = 403, .body = FAULT("AccessDeniedException")},
    {.status = 400, .body = FAULT("ThrottlingException")},
    {.status = 400, .body = FAULT("UnknownOperationException")},
    {.status = 429},
    {.status = 500},
    {.outcome = HTTP_LOST},
    {.outcome = HTTP_NOT_SENT},
};

static void check_requests(const struct rig *rig, uint64_t seed)
{
    for (size_t i = 0; i < rig->fake.n_requests; i++) {
        const struct fake_request *request = &rig->fake.requests[i];
        struct str target = fake_request_header(request, "X-Amz-Target");
        struct str operation = target;
        struct str prefix = str_cut(&operation, '.');
        bool is_known = false;
        for (int o = 0; o < SUBS_OPERATION_COUNT; o++) {
            const struct subs_operation_row *row = subs_operation_row((enum subs_operation)o);
            is_known = is_known ||
                       (str_is(operation, row->name) &&
                        str_is(prefix, row->service == AWS_SSO ? "SWBExternalService"
                                                               : "AWSZornControlPlaneService"));
        }
        if (!is_known || !is_read(operation))
            fail_msg("seed %llu: %.*s", (unsigned long long)seed, STR_ARG(target));
    }
}

static void ask_everything(struct rig *rig)
{
    struct subs_application application;
    struct subs_listing listing;
    struct subs_claims claims;

    assert_true(subs_list(rig->subs, &rig->arena, &listing, &rig->err));
    assert_true(subs_find_application(rig->subs, &rig->arena, &application, &rig->err));
    assert_true(subs_list_claims(rig->subs, &rig->arena, &claims, &rig->err));
    assert_true(listing.state == LISTING_SEALED || listing.n == 0);
    assert_true(claims.state == LISTING_SEALED || claims.n == 0);
    assert_true((listing.state == LISTING_SEALED) == (listing.why.len == 0));
    assert_true((claims.state == LISTING_SEALED) == (claims.why.len == 0));
    assert_true((application.state == LISTING_SEALED) == (application.arn.len > 0));
}

static void test_whatever_is_answered_only_reads_are_sent(void **state)
{
    enum { ROUNDS = 400, ROWS = 60 };
    size_t n_requests = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct rng rng = rng_seed(seed);
        struct fake_answer script[ROWS];
        struct subs_options options = {.max_pages = 5};
        struct rig rig;
        for (size_t i = 0; i < ROWS; i++)
            script[i] = pool[rng_below(&rng, ARRAY_LEN(pool))];
        script[ROWS - 1] = (struct fake_answer){.body = "{}", .times = FAKE_ALWAYS};
        if (rng_below(&rng, 2))
            options.application_arn = STR(APP);
        rig_open(&rig, options, script, ROWS);
        ask_everything(&rig);
        check_requests(&rig, seed);
        n_requests += rig.fake.n_requests;
        rig_close(&rig);
    }
    assert_true(n_requests > (size_t)3 * ROUNDS);
}

/* The good path, to the letter. */
static void test_a_run_sends_these_and_nothing_else(void **state)
{
    const struct fake_answer script[] = {
        {.url = "ListUserSubscriptions", .body = SEATS_MORE("", "t1")},
        {.url = "ListUserSubscriptions", .body = SEATS(PLAIN_SEAT(U1, "PRO", "ACTIVE"))},
        {.url = "ListApplications", .body = APPLICATIONS(APPLICATION(APP, "KiroProfile-a"))},
        {.url = "GetApplicationAssignmentConfiguration", .body = ASSIGNED},
        {.url = "ListApplicationClaims", .body = CLAIMS("")},
    };
    struct subs_listing listing;
    struct subs_claims claims;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct subs_options){0}, script, ARRAY_LEN(script));
    assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    assert_true(subs_list_claims(rig.subs, &rig.arena, &claims, &rig.err));
    assert_string_equal(
        fake_transport_log(&rig.fake),
        "POST ListUserSubscriptions {\"instanceArn\":\"" INSTANCE
        "\",\"subscriptionRegion\":\"us-east-1\",\"maxResults\":100}\n"
        "POST ListUserSubscriptions {\"instanceArn\":\"" INSTANCE
        "\",\"subscriptionRegion\":\"us-east-1\",\"maxResults\":100,\"nextToken\":\"t1\"}\n"
        "POST ListApplications {\"InstanceArn\":\"" INSTANCE "\",\"MaxResults\":100}\n"
        "POST GetApplicationAssignmentConfiguration {\"ApplicationArn\":\"" APP "\"}\n"
        "POST ListApplicationClaims {\"applicationArn\":\"" APP
        "\",\"subscriptionRegion\":\"us-east-1\",\"maxResults\":100}\n");
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation_that_exists_is_a_read),
        cmocka_unit_test(test_whatever_is_answered_only_reads_are_sent),
        cmocka_unit_test(test_a_run_sends_these_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

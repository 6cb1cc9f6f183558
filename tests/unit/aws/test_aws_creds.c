#include "unit/aws/aws_rig.h"

/* When a set is fetched anew: contract 7.3. The container is the source, since it is one call. */

#define ASKED(rig) ((rig)->meta.n_requests)

static void open_container(struct rig *rig, const struct fake_answer *script, size_t n)
{
    rig_open(rig);
    rig_script_of(&rig->meta, script, n);
    rig_setenv(rig, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
}
#define OPEN(rig, script) open_container((rig), (script), ARRAY_LEN(script))

#define AT(hms) "2026-05-04T" hms "Z" /* it is 09:12:40 */

static void test_a_set_is_used_until_fifteen_minutes_before_its_end(void **state)
{
    static const struct fake_answer script[] = {{.body = META_JSON("AKIDA", AT("10:12:40"))},
                                                {.body = META_JSON("AKIDB", AT("11:12:40"))}};
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    assert_int_equal(aws_creds_expires(rig.creds = aws_creds_new(&rig.options)), 0);
    assert_int_equal(aws_creds_source(rig.creds).len, 0);
    assert_string_equal(rig_get(&rig), "AKIDA Hush3 HushToken3");
    assert_int_equal(aws_creds_expires(rig.creds), FAKE_CLOCK_START + TIME_HOUR);
    fake_clock_pass(&rig.time, 45 * TIME_MINUTE - 1);
    assert_string_equal(rig_get(&rig), "AKIDA Hush3 HushToken3");
    assert_int_equal(ASKED(&rig), 1);
    fake_clock_pass(&rig.time, 1);
    assert_string_equal(rig_get(&rig), "AKIDB Hush3 HushToken3");
    assert_int_equal(ASKED(&rig), 2);
    rig_close(&rig);
}

static void test_a_failure_with_time_left_is_a_warning_and_then_an_error(void **state)
{
    static const struct fake_answer script[] = {
        {.body = META_JSON("AKIDA", AT("10:12:40"))},
        {.status = 403, .times = 4},
        {.body = META_JSON("AKIDB", AT("11:12:40"))},
    };
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    (void)rig_get(&rig);
    fake_clock_pass(&rig.time, 46 * TIME_MINUTE);
    assert_string_equal(rig_get(&rig), "AKIDA Hush3 HushToken3");
    assert_string_equal(rig_get(&rig), "AKIDA Hush3 HushToken3");
    assert_int_equal(ASKED(&rig), 2); /* not with every call */
    fake_clock_pass(&rig.time, TIME_MINUTE);
    assert_string_equal(rig_get(&rig), "AKIDA Hush3 HushToken3");
    assert_int_equal(ASKED(&rig), 3);
    fake_clock_pass(&rig.time, 3 * TIME_MINUTE); /* ten are left */
    assert_string_equal(rig_get(&rig),
                        "refused: container credentials: it answers with status 403");
    assert_string_equal(rig_get(&rig),
                        "refused: container credentials: it answers with status 403");
    assert_int_equal(ASKED(&rig), 5);
    assert_string_equal(rig_get(&rig), "AKIDB Hush3 HushToken3");
    rig_close(&rig);
}

static void test_a_short_life_is_halved(void **state)
{
    static const struct fake_answer script[] = {
        {.body = META_JSON("AKIDA", AT("09:24:40"))}, /* 12 minutes */
        {.status = 403, .times = 2},
        {.body = META_JSON("AKIDB", AT("11:12:40"))},
    };
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    (void)rig_get(&rig);
    fake_clock_pass(&rig.time, 6 * TIME_MINUTE - 1);
    (void)rig_get(&rig);
    assert_int_equal(ASKED(&rig), 1);
    fake_clock_pass(&rig.time, 1);
    assert_string_equal(rig_get(&rig), "AKIDA Hush3 HushToken3"); /* half is left */
    assert_int_equal(ASKED(&rig), 2);
    fake_clock_pass(&rig.time, 2 * TIME_MINUTE); /* a third */
    assert_string_equal(rig_get(&rig),
                        "refused: container credentials: it answers with status 403");
    assert_string_equal(rig_get(&rig), "AKIDB Hush3 HushToken3");
    rig_close(&rig);
}

static void test_the_end_is_measured_by_the_remotes_time(void **state)
{
    static const struct fake_answer script[] = {{.body = META_JSON("AKIDA", AT("10:12:40"))},
                                                {.body = META_JSON("AKIDB", AT("11:12:40"))}};
    struct sigv4_keys keys;
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    (void)rig_get(&rig);
    /* Our clock is 50 minutes slow. */
    assert_true(aws_creds_get(rig.creds, clock_now(&rig.clock) + 50 * TIME_MINUTE, &rig.arena,
                              &keys, &rig.err));
    assert_true(str_is(keys.access_key, "AKIDB"));
    rig_close(&rig);
}

static void test_what_was_dropped_is_fetched_anew(void **state)
{
    static const struct fake_answer script[] = {{.body = META_JSON("AKIDA", AT("10:12:40"))},
                                                {.status = 404},
                                                {.body = META_JSON("AKIDB", AT("10:12:40"))}};
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    (void)rig_get(&rig);
    aws_creds_drop(rig.creds);
    assert_string_equal(rig_get(&rig),
                        "refused: container credentials: it answers with status 404");
    assert_string_equal(rig_get(&rig), "AKIDB Hush3 HushToken3");
    rig_close(&rig);
}

static void test_keys_without_an_end_are_never_fetched_again(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_setenv(&rig, "AWS_ACCESS_KEY_ID", "AKIDENV");
    rig_setenv(&rig, "AWS_SECRET_ACCESS_KEY", HUSH "E");
    (void)rig_get(&rig);
    rig_setenv(&rig, "AWS_ACCESS_KEY_ID", "AKIDNEW");
    fake_clock_pass(&rig.time, 1000 * TIME_DAY);
    assert_string_equal(rig_get(&rig), "AKIDENV HushE -");
    assert_int_equal(aws_creds_expires(rig.creds), 0);
    rig_close(&rig);
}

#define IMDS(key, until)                                                      \
    {.method = "PUT", .body = HUSH "Imds"},                                   \
        {.url = "/security-credentials/node", .body = META_JSON(key, until)}, \
    {                                                                         \
        .url = "/security-credentials/", .body = "node"                       \
    }

/* An instance whose metadata service is stuck: what it hands out is honoured longer than it says.
 */
static void test_the_stale_set_of_an_instance_is_kept_for_a_while(void **state)
{
    static const struct fake_answer script[] = {IMDS("AKIDOLD", AT("09:00:00")),
                                                IMDS("AKIDNEW", AT("15:00:00"))};
    struct rig rig;
    int64_t passed = 0;

    (void)state;
    rig_open(&rig);
    RIG_SCRIPT(&rig.meta, script);
    while (strcmp(rig_get(&rig), "AKIDOLD Hush3 HushToken3") == 0 && passed < TIME_HOUR) {
        fake_clock_pass(&rig.time, 10 * TIME_SECOND);
        passed += 10 * TIME_SECOND;
    }
    assert_string_equal(rig_get(&rig), "AKIDNEW Hush3 HushToken3");
    assert_int_equal(ASKED(&rig), 6);
    assert_true(passed >= 17 * TIME_MINUTE && passed <= 25 * TIME_MINUTE + 10 * TIME_SECOND);
    rig_close(&rig);
}

static void test_a_stale_set_outlives_a_service_that_is_away(void **state)
{
    static const struct fake_answer script[] = {IMDS("AKIDOLD", AT("09:00:00")),
                                                {.outcome = HTTP_NOT_SENT, .times = FAKE_ALWAYS}};
    struct rig rig;

    (void)state;
    rig_open(&rig);
    RIG_SCRIPT(&rig.meta, script);
    (void)rig_get(&rig);
    fake_clock_pass(&rig.time, 30 * TIME_MINUTE);
    assert_string_equal(rig_get(&rig), "AKIDOLD Hush3 HushToken3");
    assert_int_equal(ASKED(&rig), 6);
    rig_close(&rig);
}

static void test_a_token_file_is_read_anew_at_every_refresh(void **state)
{
    static const struct fake_answer script[] = {
        {.body_has = "WebIdentityToken=" HUSH "One%2B%2F%3D&",
         .body = WEB_XML("AKIDONE", AT("10:12:40"))},
        {.body_has = "WebIdentityToken=" HUSH "Two&", .body = WEB_XML("AKIDTWO", AT("11:12:40"))}};
    struct rig rig;

    (void)state;
    rig_open(&rig);
    RIG_SCRIPT(&rig.fake, script);
    rig_setenv(&rig, "AWS_WEB_IDENTITY_TOKEN_FILE",
               rig_write(&rig, "token", HUSH "One+/=\n", 0644));
    rig_setenv(&rig, "AWS_ROLE_ARN", ROLE_ARN);
    rig_setenv(&rig, "AWS_ROLE_SESSION_NAME", "me");
    assert_string_equal(rig_get(&rig), "AKIDONE Hush2 HushToken2");
    (void)rig_write(&rig, "token", HUSH "Two\n", 0644);
    fake_clock_pass(&rig.time, 50 * TIME_MINUTE);
    assert_string_equal(rig_get(&rig), "AKIDTWO Hush2 HushToken2");
    assert_non_null(strstr(fake_transport_log(&rig.fake),
                           "POST " STS_URL " Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                           "&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fctl"
                           "&RoleSessionName=me&WebIdentityToken=" HUSH
                           "One%2B%2F%3D&DurationSeconds=3600\n"));
    assert_int_equal(fake_request_header(&rig.fake.requests[0], "Authorization").len, 0);
    rig_close(&rig);
}

static void test_cancellation_is_no_warning(void **state)
{
    static const struct fake_answer script[] = {{.body = META_JSON("AKIDA", AT("10:12:40"))},
                                                {.kind = ERR_CANCELLED, .outcome = HTTP_LOST}};
    struct rig rig;

    (void)state;
    OPEN(&rig, script);
    (void)rig_get(&rig);
    fake_clock_pass(&rig.time, 46 * TIME_MINUTE);
    assert_non_null(strstr(rig_get(&rig), "cancelled: "));
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_set_is_used_until_fifteen_minutes_before_its_end),
        cmocka_unit_test(test_a_failure_with_time_left_is_a_warning_and_then_an_error),
        cmocka_unit_test(test_a_short_life_is_halved),
        cmocka_unit_test(test_the_end_is_measured_by_the_remotes_time),
        cmocka_unit_test(test_what_was_dropped_is_fetched_anew),
        cmocka_unit_test(test_keys_without_an_end_are_never_fetched_again),
        cmocka_unit_test(test_the_stale_set_of_an_instance_is_kept_for_a_while),
        cmocka_unit_test(test_a_stale_set_outlives_a_service_that_is_away),
        cmocka_unit_test(test_a_token_file_is_read_anew_at_every_refresh),
        cmocka_unit_test(test_cancellation_is_no_warning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

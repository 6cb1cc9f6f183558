#include <string.h>

#include "unit/okta/okta_rig.h"

#define PUT_PATH "/api/v1/groups/" G1 "/users/" U1
#define GET_G    "/api/v1/groups/" G1
#define GET_U    "/api/v1/users/" U1
#define MISSING                                  \
    {                                            \
        .status = 404, .body = ERROR("E0000007") \
    }

static const char *show(const struct okta_result *result, struct arena *arena)
{
    return arena_printf(arena, "%s%s%s%s", effect_name(result->effect),
                        result->group_gone ? " group-gone" : "",
                        result->person_gone ? " person-gone" : "",
                        result->read_only ? " read-only" : "")
        .ptr;
}

struct write_case {
    enum okta_verb verb;
    struct fake_answer answer;
    const char *expected;
    const char *why; /* must occur in it; NULL: empty */
};

static void check_write(const struct write_case *c, const struct fake_answer *script, size_t n)
{
    struct str group = STR(G1);
    struct okta_change change = {c->verb, STR(G1), STR(U1)};
    struct okta_result result;
    struct rig rig;

    rig_open(&rig, script, n);
    okta_allow_writes(rig.okta, &group, 1);
    if (!okta_write(rig.okta, &change, 1, &rig.arena, &result, &rig.err))
        fail_msg("status %d: failed: %s", c->answer.status, rig.err.msg);
    if (strcmp(show(&result, &rig.arena), c->expected) != 0) {
        fail_msg("verb %d, status %d, %s: expected %s, got %s", (int)c->verb, c->answer.status,
                 c->answer.body ? c->answer.body : "no body", c->expected,
                 show(&result, &rig.arena));
    }
    if (c->why && (result.why.len == 0 || !strstr(result.why.ptr, c->why)))
        fail_msg("`%s` is not in `%.*s`", c->why, STR_ARG(result.why));
    if (!c->why)
        assert_int_equal(result.why.len, 0);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

/* Each row of the contract's error table, and what has no row. */
static const struct write_case answers[] = {
    {OKTA_ADD, {.status = 204}, "done", NULL},
    {OKTA_REMOVE, {.status = 204}, "done", NULL},
    {OKTA_ADD, {.status = 200}, "done", NULL},
    {OKTA_ADD, {.status = 200, .body = "<html>log in first</html>"}, "unknown", "200"},
    {OKTA_ADD, {.status = 302, .headers = "Location: https://x/\n"}, "unknown", "302"},
    {OKTA_ADD, {.status = 400, .body = ERROR("E0000001")}, "refused", "E0000001: as told"},
    {OKTA_ADD, {.status = 400, .body = ERROR("E0000003")}, "refused", "E0000003"},
    {OKTA_ADD, {.status = 401, .body = ERROR("E0000004")}, "refused", "E0000004"},
    {OKTA_ADD, {.status = 401, .body = ERROR("E0000011")}, "refused", "E0000011"},
    {OKTA_ADD, {.status = 401, .body = ERROR("E0000015")}, "refused", "E0000015"},
    {OKTA_ADD, {.status = 403, .body = ERROR("E0000005")}, "refused", "E0000005"},
    {OKTA_ADD, {.status = 403, .body = ERROR("E0000006")}, "refused read-only", "E0000006"},
    {OKTA_REMOVE, {.status = 403, .body = ERROR("E0000006")}, "refused read-only", "E0000006"},
    {OKTA_ADD, {.status = 403, .body = ERROR("E0000060")}, "refused read-only", "E0000060"},
    {OKTA_ADD, {.status = 403, .body = ERROR("E0000038")}, "refused", "E0000038"},
    {OKTA_ADD,
     {.status = 403,
      .headers = "WWW-Authenticate: Bearer authorization_uri=\"https://x\", "
                 "error=\"insufficient_scope\", scope=\"okta.groups.manage\"\n"},
     "refused read-only",
     "it needs the scope okta.groups.manage"},
    {OKTA_ADD, {.status = 403}, "refused", "403"},
    {OKTA_ADD, {.status = 404, .body = ERROR("E0000008")}, "none", "E0000008"},
    {OKTA_ADD, {.status = 404, .body = "<html>"}, "none", "404"},
    {OKTA_ADD, {.status = 405, .body = ERROR("E0000022")}, "refused", "E0000022"},
    {OKTA_ADD, {.status = 408}, "unknown", "408"},
    {OKTA_ADD, {.status = 409, .body = ERROR("E0000112")}, "none", "E0000112"},
    {OKTA_ADD, {.status = 409, .body = ERROR("E0000195")}, "none", "E0000195"},
    {OKTA_ADD, {.status = 409, .body = ERROR("E0000249")}, "none", "E0000249"},
    {OKTA_ADD, {.status = 411}, "refused", "411"},
    {OKTA_ADD, {.status = 423, .body = ERROR("E0000239")}, "none", "E0000239"},
    {OKTA_ADD, {.status = 429, .body = ERROR("E0000047")}, "none", "E0000047"},
    {OKTA_ADD, {.status = 500, .body = ERROR("E0000009")}, "unknown", "E0000009"},
    {OKTA_REMOVE, {.status = 500}, "unknown", "500"},
    {OKTA_ADD, {.status = 501, .body = ERROR("E0000060")}, "refused read-only", "E0000060"},
    {OKTA_ADD, {.status = 501}, "refused", "501"},
    {OKTA_ADD, {.status = 502, .body = "<html>"}, "unknown", "502"},
    {OKTA_ADD, {.status = 503, .body = ERROR("E0000010")}, "none", "E0000010"},
    {OKTA_ADD, {.status = 503}, "unknown", "503"},
    {OKTA_ADD, {.status = 504}, "unknown", "504"},
    {OKTA_ADD, {.outcome = HTTP_NOT_SENT}, "none", "connection refused"},
    {OKTA_ADD, {.outcome = HTTP_LOST}, "unknown", "the connection ended"},
    {OKTA_REMOVE, {.outcome = HTTP_LOST, .status = 204}, "unknown", "the connection ended"},
};

static void test_each_answer_says_what_became_of_the_write(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct fake_answer answer = answers[i].answer;
        answer.url = PUT_PATH;
        answer.method = answers[i].verb == OKTA_ADD ? "PUT" : "DELETE";
        check_write(&answers[i], &answer, 1);
    }
}

#define FOUND_G                                             \
    {                                                       \
        .status = 200, .body = GROUP(G1, "OKTA_GROUP", "G") \
    }
#define FOUND_U                                \
    {                                          \
        .status = 200, .body = USER(U1, "a@x") \
    }

/* After a 404: what the group says, then what the person says. */
static const struct {
    enum okta_verb verb;
    struct fake_answer group, person; /* an empty person: not asked */
    const char *expected;
} missing[] = {
    {OKTA_ADD, MISSING, {0}, "refused group-gone"},
    {OKTA_REMOVE, MISSING, {0}, "refused group-gone"},
    {OKTA_ADD, FOUND_G, MISSING, "refused person-gone"},
    {OKTA_REMOVE, FOUND_G, MISSING, "done person-gone"},
    {OKTA_ADD, FOUND_G, FOUND_U, "unknown"},
    {OKTA_REMOVE, FOUND_G, FOUND_U, "unknown"},
    {OKTA_ADD, {.status = 500}, {0}, "none"},
    {OKTA_REMOVE, {.outcome = HTTP_LOST}, {0}, "none"},
    {OKTA_REMOVE, {.status = 404, .body = "<html>"}, {0}, "none"},
    {OKTA_REMOVE, FOUND_G, {.status = 403, .body = ERROR("E0000006")}, "none"},
    {OKTA_REMOVE, FOUND_G, {.outcome = HTTP_LOST}, "none"},
    {OKTA_REMOVE, FOUND_G, {.status = 404}, "none"},
    {OKTA_REMOVE, {.outcome = HTTP_NOT_SENT, .kind = ERR_CANCELLED}, {0}, "none"},
    {OKTA_REMOVE, {.status = 401, .body = ERROR("E0000011")}, {0}, "none"},
};

static void test_after_a_404_it_is_asked_what_is_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
        struct write_case c = {missing[i].verb, MISSING, missing[i].expected, "404 E0000007"};
        struct fake_answer script[3] = {MISSING, missing[i].group, missing[i].person};

        script[0].url = PUT_PATH;
        script[1].url = GET_G;
        script[2].url = GET_U;
        script[1].method = script[2].method = "GET";
        check_write(&c, script, missing[i].person.status || missing[i].person.outcome ? 3 : 2);
    }
}

static void test_one_question_serves_all_that_ask_it(void **state)
{
    static const struct fake_answer script[] = {
        {.method = "PUT", .url = U1, .status = 404, .body = ERROR("E0000007")},
        {.method = "PUT", .url = U2, .status = 404, .body = ERROR("E0000007")},
        {.method = "DELETE", .url = U3, .status = 204},
        {.method = "GET", .url = GET_G, .status = 404, .body = ERROR("E0000007")},
    };
    const struct str group = STR(G1);
    const struct okta_change changes[] = {
        {OKTA_ADD, STR(G1), STR(U1)},
        {OKTA_ADD, STR(G1), STR(U2)},
        {OKTA_REMOVE, STR(G1), STR(U3)},
    };
    struct okta_result results[3];
    struct rig rig;

    (void)state;
    rig_open(&rig, script, ARRAY_LEN(script));
    okta_allow_writes(rig.okta, &group, 1);
    assert_true(okta_write(rig.okta, changes, 3, &rig.arena, results, &rig.err));
    assert_string_equal(show(&results[0], &rig.arena), "refused group-gone");
    assert_string_equal(show(&results[1], &rig.arena), "refused group-gone");
    assert_string_equal(show(&results[2], &rig.arena), "done");
    fake_transport_check_done(&rig.fake);
    assert_int_equal(rig.fake.last_parallel, 4);
    rig_close(&rig);
}

static void test_a_group_that_is_not_allowed_stops_the_whole_batch(void **state)
{
    const struct str allowed[] = {STR(G1), STR("00g9")};
    const struct okta_change changes[] = {
        {OKTA_ADD, STR(G1), STR(U1)},
        {OKTA_REMOVE, STR(G2), STR(U1)},
    };
    struct okta_result results[2];
    struct rig rig;

    (void)state;
    rig_open(&rig, NULL, 0);
    assert_false(okta_write(rig.okta, changes, 1, &rig.arena, results, &rig.err));
    assert_int_equal(rig.err.kind, ERR_INTERNAL);
    okta_allow_writes(rig.okta, allowed, 2);
    assert_false(okta_write(rig.okta, changes, 2, &rig.arena, results, &rig.err));
    assert_int_equal(rig.err.kind, ERR_INTERNAL);
    okta_allow_writes(rig.okta, &allowed[1], 1); /* replaces, does not add */
    assert_false(okta_write(rig.okta, changes, 1, &rig.arena, results, &rig.err));
    assert_int_equal(rig.err.kind, ERR_INTERNAL);
    assert_int_equal(rig.fake.n_requests, 0);
    rig_close(&rig);
}

static void test_the_allowed_ids_are_copied(void **state)
{
    static const struct fake_answer script[] = {{.method = "PUT", .status = 204}};
    char id[] = G1;
    struct str group = {id, sizeof(id) - 1};
    const struct okta_change change = {OKTA_ADD, STR(G1), STR(U1)};
    struct okta_result result;
    struct rig rig;

    (void)state;
    rig_open(&rig, script, 1);
    okta_allow_writes(rig.okta, &group, 1);
    memset(id, 'x', sizeof(id) - 1);
    assert_true(okta_write(rig.okta, &change, 1, &rig.arena, &result, &rig.err));
    assert_string_equal(show(&result, &rig.arena), "done");
    rig_close(&rig);
}

static void test_a_person_whose_id_is_odd_is_refused_unsent(void **state)
{
    static const struct fake_answer script[] = {{.method = "PUT", .url = U1, .status = 204}};
    const struct str group = STR(G1);
    const struct okta_change changes[] = {
        {OKTA_ADD, STR(G1), STR("alice@example.com")},
        {OKTA_ADD, STR(G1), STR(U1)},
        {OKTA_REMOVE, STR(G1), STR("../../users")},
    };
    struct okta_result results[3];
    struct rig rig;

    (void)state;
    rig_open(&rig, script, 1);
    okta_allow_writes(rig.okta, &group, 1);
    assert_true(okta_write(rig.okta, changes, 3, &rig.arena, results, &rig.err));
    assert_string_equal(show(&results[0], &rig.arena), "refused");
    assert_string_equal(show(&results[1], &rig.arena), "done");
    assert_string_equal(show(&results[2], &rig.arena), "refused");
    assert_int_equal(rig.fake.n_requests, 1);
    rig_close(&rig);
}

static void test_a_write_that_may_have_happened_is_not_sent_again(void **state)
{
    static const struct fake_answer script[] = {
        {.method = "PUT", .url = U1, .outcome = HTTP_LOST, .dropped = true},
        {.method = "DELETE", .url = U2, .status = 500},
        {.method = "PUT",
         .url = U3,
         .status = 429,
         .headers = "Date: Mon, 04 May 2026 09:12:40 GMT\nX-Rate-Limit-Limit: 100\n"
                    "X-Rate-Limit-Remaining: 0\nX-Rate-Limit-Reset: 1777885961\n",
         .body = ERROR("E0000047")},
        {.method = "PUT", .url = U3, .status = 204},
    };
    const struct str group = STR(G1);
    const struct okta_change changes[] = {
        {OKTA_ADD, STR(G1), STR(U1)},
        {OKTA_REMOVE, STR(G1), STR(U2)},
        {OKTA_ADD, STR(G1), STR(U3)},
    };
    struct okta_result results[3];
    struct rig rig;

    (void)state;
    rig_open_with(&rig, (struct okta_options){0}, 5, script, ARRAY_LEN(script));
    okta_allow_writes(rig.okta, &group, 1);
    assert_true(okta_write(rig.okta, changes, 3, &rig.arena, results, &rig.err));
    assert_string_equal(show(&results[0], &rig.arena), "unknown");
    assert_string_equal(show(&results[1], &rig.arena), "unknown");
    assert_string_equal(show(&results[2], &rig.arena), "done");
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

/* Without headers a rate limit counts as one of a minute. */
static void test_a_write_does_not_wait_long_for_a_rate_limit(void **state)
{
    static const struct fake_answer script[] = {
        {.method = "PUT", .url = U1, .status = 429, .body = ERROR("E0000047")},
    };
    const struct str group = STR(G1);
    const struct okta_change change = {OKTA_ADD, STR(G1), STR(U1)};
    struct okta_result result;
    struct rig rig;

    (void)state;
    rig_open_with(&rig, (struct okta_options){0}, 5, script, ARRAY_LEN(script));
    okta_allow_writes(rig.okta, &group, 1);
    assert_true(okta_write(rig.okta, &change, 1, &rig.arena, &result, &rig.err));
    assert_int_equal(result.effect, EFFECT_NONE);
    assert_in_range(result.wait_ms, 5 * TIME_SECOND, 2 * TIME_MINUTE);
    assert_int_equal(rig.fake.n_requests, 1);
    rig_close(&rig);
}

static void test_a_cancelled_write_fails(void **state)
{
    static const struct fake_answer script[] = {
        {.outcome = HTTP_NOT_SENT, .kind = ERR_CANCELLED},
    };
    const struct str group = STR(G1);
    const struct okta_change change = {OKTA_ADD, STR(G1), STR(U1)};
    struct okta_result result;
    struct rig rig;

    (void)state;
    rig_open(&rig, script, 1);
    okta_allow_writes(rig.okta, &group, 1);
    assert_false(okta_write(rig.okta, &change, 1, &rig.arena, &result, &rig.err));
    assert_int_equal(rig.err.kind, ERR_CANCELLED);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_answer_says_what_became_of_the_write),
        cmocka_unit_test(test_after_a_404_it_is_asked_what_is_missing),
        cmocka_unit_test(test_one_question_serves_all_that_ask_it),
        cmocka_unit_test(test_a_group_that_is_not_allowed_stops_the_whole_batch),
        cmocka_unit_test(test_the_allowed_ids_are_copied),
        cmocka_unit_test(test_a_person_whose_id_is_odd_is_refused_unsent),
        cmocka_unit_test(test_a_write_that_may_have_happened_is_not_sent_again),
        cmocka_unit_test(test_a_write_does_not_wait_long_for_a_rate_limit),
        cmocka_unit_test(test_a_cancelled_write_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

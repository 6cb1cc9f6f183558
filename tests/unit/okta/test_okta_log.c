#include <string.h>

#include "unit/okta/okta_rig.h"

#define EVENT(uuid)                                                                        \
    "{\"uuid\":\"" uuid "\",\"published\":\"2026-05-04T09:12:33.512Z\",\"eventType\":"     \
    "\"group.user_membership.add\",\"target\":[{\"id\":\"u1\",\"type\":\"User\"},{\"id\":" \
    "\"g1\",\"type\":\"UserGroup\"}]}"

#define SINCE_MS INT64_C(1777885200000) /* 2026-05-04T09:00:00Z */
#define FIRST                                                                                    \
    "/api/v1/logs?since=2026-05-04T09%3A00%3A00.000Z&sortOrder=ASCENDING&limit=200&filter="      \
    "%28eventType%20eq%20%22group.user_membership.add%22%20or%20eventType%20eq%20%22group.user_" \
    "membership.remove%22%29"
#define PAGE(n) "/api/v1/logs?after=" n
#define ROWS    5

struct log_case {
    const char *name;
    const char *cursor;
    struct fake_answer script[ROWS];
    const char *expected; /* `answer uuids | cursor` without the origin, and ` ? why` */
};

static size_t rows(const struct fake_answer *script)
{
    size_t n = 0;

    while (n < ROWS && (script[n].url || script[n].status || script[n].body || script[n].outcome))
        n++;
    return n;
}

static const char *show(const struct okta_log *log, struct arena *arena)
{
    struct str out = arena_printf(arena, "%s", answer_name(log->answer));
    struct str cursor = log->cursor;

    if (str_starts(cursor, STR(ORG)))
        cursor = str_sub(cursor, sizeof(ORG) - 1, cursor.len);
    for (size_t i = 0; i < log->n; i++)
        out = arena_printf(arena, "%.*s %.*s", STR_ARG(out), STR_ARG(log->events[i].uuid));
    return arena_printf(arena, "%.*s | %.*s%s%.*s", STR_ARG(out), STR_ARG(cursor),
                        log->why.len > 0 ? " ? " : "", STR_ARG(log->why))
        .ptr;
}

static const struct log_case polls[] = {
    {"nothing new",
     "",
     {{.url = FIRST, .body = "[]", .headers = NEXT(PAGE("1"))}},
     "found | " PAGE("1")},
    {"until an empty page",
     ORG PAGE("1"),
     {{.url = PAGE("1"), .body = "[" EVENT("a") "," EVENT("b") "]", .headers = NEXT(PAGE("2"))},
      {.url = PAGE("2"), .body = "[" EVENT("b") "," EVENT("c") "]", .headers = NEXT(PAGE("3"))},
      {.url = PAGE("3"), .body = "[]", .headers = NEXT(PAGE("4"))}},
     "found a b c | " PAGE("4")},
    {"an empty page whose link is itself",
     ORG PAGE("1"),
     {{.url = PAGE("1"), .body = "[]", .headers = NEXT(PAGE("1"))}},
     "found | " PAGE("1")},
    {"no link at all",
     ORG PAGE("1"),
     {{.url = PAGE("1"), .body = "[" EVENT("a") "]"}},
     "found a | " PAGE("1")},
    {"a cursor that is no longer taken",
     ORG PAGE("1"),
     {{.url = PAGE("1"), .status = 400, .body = ERROR("E0000031")},
      {.url = FIRST, .body = "[" EVENT("a") "]", .headers = NEXT(PAGE("2"))},
      {.url = PAGE("2"), .body = "[]", .headers = NEXT(PAGE("3"))}},
     "found a | " PAGE("3")},
    {"a cursor of another host is never asked",
     "https://evil.example" PAGE("1"),
     {{.url = ORG FIRST, .body = "[]", .headers = NEXT(PAGE("2"))}},
     "found | " PAGE("2")},
    {"a cursor of another path is never asked",
     ORG "/api/v1/users?after=1",
     {{.url = ORG FIRST, .body = "[]", .headers = NEXT(PAGE("2"))}},
     "found | " PAGE("2")},
    {"a service without a log",
     "",
     {{.url = FIRST, .status = 404, .body = "{\"message\":\"Not Found\"}"}},
     "none |  ? GET /api/v1/logs: 404"},
    {"a cursor and no log",
     ORG PAGE("1"),
     {{.url = PAGE("1"), .status = 404}, {.url = FIRST, .status = 404}},
     "none | " PAGE("1") " ? GET /api/v1/logs: 404"},
    {"we may not look",
     "",
     {{.url = FIRST,
       .status = 403,
       .headers = "WWW-Authenticate: Bearer error=\"insufficient_scope\", "
                  "scope=\"okta.logs.read\"\n"}},
     "forbidden |  ? GET /api/v1/logs: 403 insufficient_scope: it needs the scope okta.logs.read"},
    {"busy keeps the cursor",
     ORG PAGE("1"),
     {{.url = PAGE("1"), .status = 500}},
     "unknown | " PAGE("1") " ? GET /api/v1/logs: 500"},
    {"a bad filter without a cursor is not tried twice",
     "",
     {{.url = FIRST, .status = 400, .body = ERROR("E0000053")}},
     "unknown |  ? GET /api/v1/logs: 400 E0000053: as told"},
    {"what was read before a page failed counts",
     ORG PAGE("1"),
     {{.url = PAGE("1"), .body = "[" EVENT("a") "]", .headers = NEXT(PAGE("2"))},
      {.url = PAGE("2"), .outcome = HTTP_LOST}},
     "found a | " PAGE("2") " ? GET /api/v1/logs: the connection ended without an answer"},
    {"400 in the middle is no lost cursor",
     ORG PAGE("1"),
     {{.url = PAGE("1"), .body = "[" EVENT("a") "]", .headers = NEXT(PAGE("2"))},
      {.url = PAGE("2"), .status = 400}},
     "found a | " PAGE("2") " ? GET /api/v1/logs: 400"},
    {"an odd page",
     ORG PAGE("1"),
     {{.url = PAGE("1"), .body = "{}"}},
     "unknown | " PAGE("1") " ? System Log: expected an array"},
    {"a link elsewhere",
     ORG PAGE("1"),
     {{.url = PAGE("1"),
       .body = "[" EVENT("a") "]",
       .headers = "Link: <https://evil.example" PAGE("2") ">; rel=\"next\"\n"}},
     "unknown | " PAGE("1") " ? System Log: the next link leads elsewhere"},
    {"a circle",
     ORG PAGE("1"),
     {{.url = PAGE("1"), .body = "[" EVENT("a") "]", .headers = NEXT(PAGE("1"))}},
     "unknown | " PAGE("1") " ? System Log: the next link goes in a circle"},
};

static void test_a_poll_goes_on_where_the_last_one_ended(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(polls); i++) {
        struct okta_log log;
        struct rig rig;
        const char *got;

        rig_open(&rig, polls[i].script, rows(polls[i].script));
        if (!okta_poll_log(rig.okta, str_of(polls[i].cursor), SINCE_MS, &rig.arena, &log, &rig.err))
            fail_msg("%s: failed: %s", polls[i].name, rig.err.msg);
        got = show(&log, &rig.arena);
        if (strcmp(got, polls[i].expected) != 0)
            fail_msg("%s:\n  expected: %s\n  got:      %s", polls[i].name, polls[i].expected, got);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

static void test_a_poll_reads_20_pages_at_most(void **state)
{
    struct fake_answer script[30];
    struct okta_log log;
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(script); i++)
        script[i] = (struct fake_answer){0};
    rig_open(&rig, script, ARRAY_LEN(script));
    for (size_t i = 0; i < ARRAY_LEN(script); i++) {
        script[i].headers =
            arena_printf(&rig.arena, "Link: <" ORG "/api/v1/logs?after=%zu>; rel=\"next\"\n", i)
                .ptr;
        script[i].body = arena_printf(&rig.arena,
                                      "[{\"uuid\":\"e%zu\",\"published\":\"2026-05-04T09:12:33Z\","
                                      "\"eventType\":\"group.user_membership.remove\",\"target\":[{"
                                      "\"id\":\"u1\",\"type\":\"User\"},{\"id\":\"g1\",\"type\":"
                                      "\"UserGroup\"}]}]",
                                      i)
                             .ptr;
    }
    assert_true(okta_poll_log(rig.okta, (struct str){0}, SINCE_MS, &rig.arena, &log, &rig.err));
    assert_int_equal(log.answer, OKTA_FOUND);
    assert_int_equal(log.n, 20);
    assert_false(log.events[19].is_add);
    assert_true(str_is(log.cursor, ORG "/api/v1/logs?after=19"));
    assert_int_equal(rig.fake.n_requests, 20);
    rig_close(&rig);
}

static void test_a_refused_credential_fails_the_poll(void **state)
{
    static const struct fake_answer script[] = {{.status = 401, .body = ERROR("E0000011")}};
    struct okta_log log;
    struct rig rig;

    (void)state;
    rig_open(&rig, script, 1);
    assert_false(okta_poll_log(rig.okta, (struct str){0}, SINCE_MS, &rig.arena, &log, &rig.err));
    assert_int_equal(rig.err.kind, ERR_REFUSED);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_poll_goes_on_where_the_last_one_ended),
        cmocka_unit_test(test_a_poll_reads_20_pages_at_most),
        cmocka_unit_test(test_a_refused_credential_fails_the_poll),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

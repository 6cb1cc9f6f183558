#include <string.h>

#include "okta/okta_wire.h"
#include "unit/okta/okta_rig.h"

/* Group push, assignments to an application, and what the System Log says of pushes. */

#define APP      "0oa1awsapp00000000001"
#define MAPPINGS "/api/v1/apps/" APP "/group-push/mappings?sourceGroupId="
#define ROWS     6

static size_t rows(const struct fake_answer *script)
{
    size_t n = 0;

    while (n < ROWS && (script[n].url || script[n].status || script[n].body || script[n].outcome))
        n++;
    return n;
}

static void check_text(const char *name, const char *got, const char *expected)
{
    if (strcmp(got, expected) != 0)
        fail_msg("%s:\n  expected: %s\n  got:      %s", name, expected, got);
}

/* ---- mappings ---- */

#define MAPPING(id, status, source, more)                                                        \
    "{\"id\":\"" id "\",\"status\":\"" status "\",\"sourceGroupId\":\"" source "\",\"created\":" \
    "\"2026-03-25T13:45:47Z\"" more "}"

struct push_case {
    const char *name;
    struct fake_answer script[ROWS];
    const char *expected; /* `answer id status >target @pushed "error" ? why` */
};

static const char *show_push(const struct okta_push *push, struct arena *arena)
{
    return arena_printf(arena, "%s %.*s %.*s >%.*s @%lld \"%.*s\"%s%.*s", answer_name(push->answer),
                        STR_ARG(push->id), STR_ARG(push->status), STR_ARG(push->target),
                        (long long)push->last_push_ms, STR_ARG(push->error),
                        push->why.len > 0 ? " ? " : "", STR_ARG(push->why))
        .ptr;
}

static const struct push_case pushes[] = {
    {"active, with all that can be told",
     {{.method = "GET",
       .url = ORG MAPPINGS G1 "&limit=100",
       .body = "[" MAPPING("gPm1", "ACTIVE", G1,
                           ",\"targetGroupId\":\"00gAws\",\"lastPush\":\"2026-05-04T09:12:50Z\","
                           "\"errorSummary\":null,\"_links\":{}") "]"}},
     "found gPm1 ACTIVE >00gAws @1777885970000 \"\""},
    {"active, with nothing but what recordings have",
     {{.body = "[" MAPPING("gPm1", "ACTIVE", G1, "") "]"}},
     "found gPm1 ACTIVE > @0 \"\""},
    {"inactive",
     {{.body = "[" MAPPING("gPm1", "INACTIVE", G1, "") "]"}},
     "found gPm1 INACTIVE > @0 \"\""},
    {"in error, and it says why",
     {{.body =
           "[" MAPPING("gPm1", "ERROR", G1, ",\"errorSummary\":\"Token\\u0007\\nexpired\"") "]"}},
     "found gPm1 ERROR > @0 \"Token\xEF\xBF\xBD\xEF\xBF\xBD"
     "expired\""},
    {"in error, without a word",
     {{.body = "[" MAPPING("gPm1", "ERROR", G1, ",\"errorSummary\":null") "]"}},
     "found gPm1 ERROR > @0 \"\""},
    {"a status that nobody told us of",
     {{.body = "[" MAPPING("gPm1", "RESTING", G1, "") "]"}},
     "found gPm1 RESTING > @0 \"\""},
    {"a time and a target that are none are not told",
     {{.body = "[" MAPPING("gPm1", "ACTIVE", G1,
                           ",\"lastPush\":\"just now\",\"targetGroupId\":\"a b\"") "]"}},
     "found gPm1 ACTIVE > @0 \"\""},
    {"none", {{.body = "[]"}}, "none   > @0 \"\" ? the application does not push this group"},
    {"only mappings of other groups: the parameter was ignored",
     {{.body = "[" MAPPING("gPm9", "ACTIVE", G2, "") "]"}},
     "none   > @0 \"\" ? the application does not push this group"},
    {"on a later page, behind others and an empty one",
     {{.url = MAPPINGS G1 "&limit=100",
       .body = "[" MAPPING("gPm9", "ACTIVE", G2, "") "]",
       .headers = NEXT("/api/v1/apps/" APP "/group-push/mappings?after=1")},
      {.url = "after=1",
       .body = "[]",
       .headers = NEXT("/api/v1/apps/" APP "/group-push/mappings?after=2")},
      {.url = "after=2", .body = "[" MAPPING("gPm1", "ACTIVE", G1, "") "]"}},
     "found gPm1 ACTIVE > @0 \"\""},
    {"one that two pages show is one",
     {{.url = MAPPINGS G1 "&limit=100",
       .body = "[" MAPPING("gPm1", "ACTIVE", G1, "") "]",
       .headers = NEXT("/api/v1/apps/" APP "/group-push/mappings?after=1")},
      {.url = "after=1", .body = "[" MAPPING("gPm1", "ACTIVE", G1, "") "]"}},
     "found gPm1 ACTIVE > @0 \"\""},
    {"of several the one that is active",
     {{.body = "[" MAPPING("gPm1", "INACTIVE", G1, "") "," MAPPING("gPm2", "ACTIVE", G1, "") "]"}},
     "found gPm2 ACTIVE > @0 \"\""},
    {"two that are active",
     {{.body = "[" MAPPING("gPm1", "ACTIVE", G1, "") "," MAPPING("gPm2", "ACTIVE", G1, "") "]"}},
     "ambiguous   > @0 \"\" ? the application has several push mappings of this group, and not "
     "exactly one is active"},
    {"two of which none is active",
     {{.body = "[" MAPPING("gPm1", "INACTIVE", G1, "") "," MAPPING("gPm2", "ERROR", G1, "") "]"}},
     "ambiguous   > @0 \"\" ? the application has several push mappings of this group, and not "
     "exactly one is active"},
    {"we may not look",
     {{.status = 403,
       .headers = "WWW-Authenticate: Bearer error=\"insufficient_scope\", "
                  "scope=\"okta.apps.read\"\n"}},
     "forbidden   > @0 \"\" ? page 1: GET /api/v1/apps/" APP
     "/group-push/mappings: 403 insufficient_scope: it needs the scope okta.apps.read"},
    {"the feature is not ours",
     {{.status = 401, .body = ERROR("E0000015")}},
     "forbidden   > @0 \"\" ? page 1: GET /api/v1/apps/" APP
     "/group-push/mappings: 401 E0000015: as told"},
    {"an application that is not there says nothing about the group",
     {{.status = 404, .body = ERROR("E0000007")}},
     "unknown   > @0 \"\" ? page 1: GET /api/v1/apps/" APP
     "/group-push/mappings: 404 E0000007: as told"},
    {"a remote without such a page says nothing either",
     {{.status = 404}},
     "unknown   > @0 \"\" ? page 1: GET /api/v1/apps/" APP "/group-push/mappings: 404"},
    {"busy",
     {{.status = 503, .body = "<html>"}},
     "unknown   > @0 \"\" ? page 1: GET /api/v1/apps/" APP "/group-push/mappings: 503"},
    {"lost",
     {{.outcome = HTTP_LOST}},
     "unknown   > @0 \"\" ? page 1: GET /api/v1/apps/" APP
     "/group-push/mappings: the connection ended without an answer"},
    {"found, and then a page that fails",
     {{.url = MAPPINGS,
       .body = "[" MAPPING("gPm1", "ACTIVE", G1, "") "]",
       .headers = NEXT("/api/v1/apps/" APP "/group-push/mappings?after=1")},
      {.url = "after=1", .status = 404, .body = ERROR("E0000007")}},
     "unknown   > @0 \"\" ? page 2: GET /api/v1/apps/" APP
     "/group-push/mappings: 404 E0000007: as told"},
    {"a link to another host",
     {{.body = "[]", .headers = "Link: <https://evil.example" MAPPINGS G1 ">; rel=\"next\"\n"}},
     "unknown   > @0 \"\" ? page 1: the link to the next page leads to another server (evil.example)"},
    {"an object",
     {{.body = "{}"}},
     "unknown   > @0 \"\" ? page 1: push mappings: expected an array"},
    {"an entry without a status",
     {{.body = "[{\"id\":\"gPm1\",\"sourceGroupId\":\"" G1 "\"}]"}},
     "unknown   > @0 \"\" ? page 1: push mappings: entry 1: status: missing"},
    {"an entry about nobody",
     {{.body =
           "[" MAPPING("gPm1", "ACTIVE", G1, "") "," MAPPING("gPm2", "ACTIVE", "../x", "") "]"}},
     "unknown   > @0 \"\" ? page 1: push mappings: entry 2: `sourceGroupId` is not an Okta id"},
    {"cut off",
     {{.body = "[{\"id\":"}},
     "unknown   > @0 \"\" ? page 1: push mappings: not valid JSON: a value was expected (byte 7)"},
};

static void test_a_group_has_one_push_mapping_or_it_is_said_why_not(void **state)
{
    const struct str group = STR(G1);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pushes); i++) {
        struct okta_push push;
        struct rig rig;

        rig_open(&rig, pushes[i].script, rows(pushes[i].script));
        if (!okta_group_pushes(rig.okta, STR(APP), &group, 1, &rig.arena, &push, &rig.err))
            fail_msg("%s: failed: %s", pushes[i].name, rig.err.msg);
        check_text(pushes[i].name, show_push(&push, &rig.arena), pushes[i].expected);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

static void test_groups_are_asked_about_in_one_batch_and_answered_in_order(void **state)
{
    static const struct fake_answer script[] = {
        {.url = MAPPINGS G2, .body = "[" MAPPING("gPm2", "INACTIVE", G2, "") "]"},
        {.url = MAPPINGS G1, .status = 500},
    };
    static const struct str groups[] = {STR(G1), STR("no id!"), STR(G2)};
    struct okta_push out[ARRAY_LEN(groups)];
    struct rig rig;

    (void)state;
    rig_open(&rig, script, ARRAY_LEN(script));
    assert_true(okta_group_pushes(rig.okta, STR(APP), groups, ARRAY_LEN(groups), &rig.arena, out,
                                  &rig.err));
    assert_int_equal(out[0].answer, OKTA_UNKNOWN);
    assert_string_equal(show_push(&out[1], &rig.arena),
                        "unknown   > @0 \"\" ? this is not the id of a group");
    assert_string_equal(show_push(&out[2], &rig.arena), "found gPm2 INACTIVE > @0 \"\"");
    assert_int_equal(rig.fake.n_sends, 1);
    assert_int_equal(rig.fake.largest_send, 2);
    rig_close(&rig);
}

/* The id is part of a path. */
static void test_what_is_no_application_is_never_asked_for(void **state)
{
    static const struct str groups[] = {STR(G1)};
    static const struct str users[] = {STR(U1)};
    struct okta_push push;
    struct okta_assigned assigned;
    struct rig rig;

    (void)state;
    rig_open(&rig, NULL, 0);
    assert_true(okta_group_pushes(rig.okta, STR("../x"), groups, 1, &rig.arena, &push, &rig.err));
    assert_true(okta_app_users(rig.okta, STR(""), users, 1, &rig.arena, &assigned, &rig.err));
    assert_int_equal(push.answer, OKTA_UNKNOWN);
    assert_true(str_is(push.why, "this is not the id of an application"));
    assert_int_equal(assigned.answer, OKTA_UNKNOWN);
    assert_true(str_is(assigned.why, "this is not the id of an application"));
    assert_int_equal(rig.fake.n_requests, 0);
    rig_close(&rig);
}

/* ---- assignments ---- */

#define AT(user) "/api/v1/apps/" APP "/users/" user
#define ASSIGNMENT(id) \
    "{\"id\":\"" id "\",\"scope\":\"GROUP\",\"status\":\"PROVISIONED\",\"profile\":{}}"
#define ABSENT                                                  \
    {                                                           \
        .url = AT(U1), .status = 404, .body = ERROR("E0000007") \
    }
#define APP_ROW(...)                                                 \
    {                                                                \
        .method = "GET", .url = ORG "/api/v1/apps/" APP, __VA_ARGS__ \
    }

struct assigned_case {
    const char *name;
    struct fake_answer script[ROWS];
    const char *expected; /* `answer ? why` */
};

static const struct assigned_case assignments[] = {
    {"assigned", {{.method = "GET", .url = ORG AT(U1), .body = ASSIGNMENT(U1)}}, "found ? "},
    {"not assigned",
     {ABSENT, APP_ROW(.body = "{\"id\":\"" APP "\",\"status\":\"ACTIVE\"}")},
     "none ? GET " AT(U1) ": 404 E0000007: as told"},
    {"the application itself is not there",
     {ABSENT, APP_ROW(.status = 404, .body = ERROR("E0000007"))},
     "unknown ? GET /api/v1/apps/" APP ": 404 E0000007: as told"},
    {"it cannot be told whether it is",
     {ABSENT, APP_ROW(.status = 500)},
     "unknown ? GET /api/v1/apps/" APP ": 500"},
    {"nor after a lost answer",
     {ABSENT, APP_ROW(.outcome = HTTP_LOST)},
     "unknown ? GET /api/v1/apps/" APP ": the connection ended without an answer"},
    {"the application may not be looked at, its people may",
     {ABSENT, APP_ROW(.status = 403, .body = ERROR("E0000006"))},
     "none ? GET " AT(U1) ": 404 E0000007: as told"},
    {"the remote does not know that page",
     {ABSENT, APP_ROW(.status = 404, .body = ERROR("E0000008"))},
     "none ? GET " AT(U1) ": 404 E0000007: as told"},
    {"404 of somebody else", {{.url = AT(U1), .status = 404}}, "unknown ? GET " AT(U1) ": 404"},
    {"we may not look",
     {{.status = 403, .body = ERROR("E0000006")}},
     "forbidden ? GET " AT(U1) ": 403 E0000006: as told"},
    {"busy", {{.status = 502, .body = "<html>"}}, "unknown ? GET " AT(U1) ": 502"},
    {"garbage",
     {{.body = "<html>"}},
     "unknown ? assignment: not valid JSON: a value was expected (byte 0)"},
    {"a list", {{.body = "[]"}}, "unknown ? assignment: id: expected inside an object"},
    {"nobody", {{.body = "{\"id\":null}"}}, "unknown ? assignment: id: missing"},
    {"somebody else",
     {{.body = ASSIGNMENT(U2)}},
     "unknown ? assignment: the answer is about another person"},
};

static void test_a_person_is_assigned_or_it_is_said_why_not(void **state)
{
    const struct str user = STR(U1);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(assignments); i++) {
        struct okta_assigned out;
        struct rig rig;

        rig_open(&rig, assignments[i].script, rows(assignments[i].script));
        if (!okta_app_users(rig.okta, STR(APP), &user, 1, &rig.arena, &out, &rig.err))
            fail_msg("%s: failed: %s", assignments[i].name, rig.err.msg);
        check_text(
            assignments[i].name,
            arena_printf(&rig.arena, "%s ? %.*s", answer_name(out.answer), STR_ARG(out.why)).ptr,
            assignments[i].expected);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

static void test_the_application_is_looked_for_once_for_all_who_are_missing(void **state)
{
    static const struct fake_answer script[] = {
        {.url = AT(U1), .status = 404, .body = ERROR("E0000007")},
        {.url = AT(U2), .body = ASSIGNMENT(U2)},
        {.url = AT(U3), .status = 404, .body = ERROR("E0000007")},
        APP_ROW(.status = 404, .body = ERROR("E0000007")),
    };
    static const struct str users[] = {STR(U1), STR(U2), STR("a@x"), STR(U3)};
    struct okta_assigned out[ARRAY_LEN(users)];
    struct rig rig;

    (void)state;
    rig_open(&rig, script, ARRAY_LEN(script));
    assert_true(
        okta_app_users(rig.okta, STR(APP), users, ARRAY_LEN(users), &rig.arena, out, &rig.err));
    assert_int_equal(out[0].answer, OKTA_UNKNOWN);
    assert_int_equal(out[1].answer, OKTA_FOUND);
    assert_int_equal(out[2].answer, OKTA_UNKNOWN);
    assert_true(str_is(out[2].why, "this is not the id of a person"));
    assert_int_equal(out[3].answer, OKTA_UNKNOWN);
    assert_int_equal(rig.fake.n_requests, 4);
    assert_int_equal(rig.fake.largest_send, 3);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

static void test_many_people_go_out_in_rounds(void **state)
{
    struct fake_answer script[70] = {{0}};
    struct okta_assigned out[ARRAY_LEN(script)];
    struct str users[ARRAY_LEN(script)];
    struct rig rig;

    (void)state;
    rig_open(&rig, script, ARRAY_LEN(script));
    for (size_t i = 0; i < ARRAY_LEN(script); i++) {
        users[i] = arena_printf(&rig.arena, "00u%zu", 100 + i);
        script[i].url = arena_printf(&rig.arena, "/users/%.*s", STR_ARG(users[i])).ptr;
        script[i].body = arena_printf(&rig.arena, "{\"id\":\"%.*s\"}", STR_ARG(users[i])).ptr;
    }
    assert_true(
        okta_app_users(rig.okta, STR(APP), users, ARRAY_LEN(users), &rig.arena, out, &rig.err));
    for (size_t i = 0; i < ARRAY_LEN(script); i++)
        assert_int_equal(out[i].answer, OKTA_FOUND);
    assert_int_equal(rig.fake.n_requests, ARRAY_LEN(script));
    assert_true(okta_app_users(rig.okta, STR(APP), users, 0, &rig.arena, out, &rig.err));
    assert_int_equal(rig.fake.n_requests, ARRAY_LEN(script));
    rig_close(&rig);
}

/* ---- the System Log ---- */

#define SINCE_MS INT64_C(1777885200000) /* 2026-05-04T09:00:00Z */
#define FIRST                                                                                    \
    "/api/v1/logs?since=2026-05-04T09%3A00%3A00.000Z&sortOrder=ASCENDING&limit=200&filter="      \
    "%28eventType%20sw%20%22application.provision.group_membership.%22%20or%20"                  \
    "eventType%20eq%20%22app.user_management.grouppush.mapping.okta.users.ignored%22%20or%20"    \
    "eventType%20sw%20%22application.provision.group_push.mapping.update.or.delete.failed%22%20" \
    "or%20%28eventType%20sw%20%22application.provision.group_push.%22%20and%20"                  \
    "outcome.result%20eq%20%22FAILURE%22%29%29"
#define PAGE(n)        "/api/v1/logs?after=" n
#define PUSH           "application.provision.group_push."
#define MEMBERSHIP     "application.provision.group_membership."
#define IGNORED        "app.user_management.grouppush.mapping.okta.users.ignored"
#define FAILED(reason) ",\"outcome\":{\"result\":\"FAILURE\",\"reason\":\"" reason "\"}"
#define EVENT_AT(uuid, second, type, more)                             \
    "{\"uuid\":\"" uuid "\",\"published\":\"2026-05-04T09:00:0" second \
    ".000Z\",\"eventType\":\"" type "\",\"displayMessage\":\"in general\"" more "}"
#define EVENT(uuid, type, more) EVENT_AT(uuid, "1", type, more)
#define TARGET(type, id)        "{\"id\":\"" id "\",\"type\":\"" type "\"}"
#define TARGETS(list)           ",\"target\":[" list "]"

/* `uuid+1s last.words.of.type g=.. u=.. a=..: message`, a line each. */
static const char *show_events(const struct okta_push_log *log, struct arena *arena)
{
    struct str out = STR("");

    for (size_t i = 0; i < log->n; i++) {
        const struct okta_push_event *event = &log->events[i];

        out = arena_printf(arena, "%.*s%s%.*s+%llds%s g=%.*s u=%.*s a=%.*s: %.*s", STR_ARG(out),
                           i > 0 ? "\n" : "", STR_ARG(event->uuid),
                           (long long)((event->published_ms - SINCE_MS) / 1000),
                           event->is_ignored ? " ignored" : "", STR_ARG(event->group),
                           STR_ARG(event->person), STR_ARG(event->app), STR_ARG(event->message));
    }
    return out.ptr;
}

static const char *show_log(const struct okta_push_log *log, struct arena *arena)
{
    return arena_printf(arena, "%s%s%.*s\n%s", answer_name(log->answer),
                        log->why.len > 0 ? " ? " : "", STR_ARG(log->why), show_events(log, arena))
        .ptr;
}

struct event_case {
    const char *name;
    const char *event;
    const char *expected; /* events, or the error */
};

static const struct event_case events[] = {
    {"a push that failed",
     EVENT("e1", PUSH "push_memberships",
           FAILED("Token expired") TARGETS(TARGET("AppInstance", APP) "," TARGET(
               "UserGroup", G1) "," TARGET("GroupPushMapping", "gPm1"))),
     "e1+1s g=" G1 " u= a=" APP ": Token expired"},
    {"a push that went well",
     EVENT("e1", PUSH "push_memberships", ",\"outcome\":{\"result\":\"SUCCESS\"}"), ""},
    {"a push of which nothing is said", EVENT("e1", PUSH "pushed", ""), ""},
    {"a push that waits", EVENT("e1", PUSH "pushed", ",\"outcome\":{\"result\":\"DEFERRED\"}"), ""},
    {"a failure by its name",
     EVENT("e1", PUSH "mapping.update.or.delete.failed.with.error",
           ",\"outcome\":{\"result\":\"SUCCESS\",\"reason\":null}"),
     "e1+1s g= u= a=: in general"},
    {"a failure by its old name",
     EVENT("e1", "app.user_management.grouppush.mapping.update.or.delete.failed", ""),
     "e1+1s g= u= a=: in general"},
    {"a membership's event is a failure, in spite of its name",
     EVENT("e1", MEMBERSHIP "add",
           TARGETS(TARGET("User", U1) "," TARGET("AppUser", "0ua1") "," TARGET("UserGroup", G1))),
     "e1+1s g=" G1 " u=" U1 " a=: in general"},
    {"unless it says otherwise",
     EVENT("e1", MEMBERSHIP "remove", ",\"outcome\":{\"result\":\"SUCCESS\"}"), ""},
    {"left out, as he is not assigned",
     EVENT("e1", IGNORED,
           ",\"outcome\":{\"result\":\"SUCCESS\"}" TARGETS(
               TARGET("UserGroup", G1) "," TARGET("User", U1))),
     "e1+1s ignored g=" G1 " u=" U1 " a=: in general"},
    {"several left out at once",
     EVENT("e1", IGNORED,
           TARGETS(TARGET("User", U1) "," TARGET("UserGroup", G1) "," TARGET("User", U2))),
     "e1+1s ignored g=" G1 " u=" U1 " a=: in general\n"
     "e1+1s ignored g=" G1 " u=" U2 " a=: in general"},
    {"targets that are none of ours, or none at all",
     EVENT("e1", MEMBERSHIP "update",
           TARGETS("{\"type\":\"User\"}," TARGET("User", "a@x") "," TARGET(
               "AppGroup", G2) ",{\"id\":null,\"type\":null}")),
     "e1+1s g= u= a=: in general"},
    {"what Okta says is made fit for one line", EVENT("e1", MEMBERSHIP "add", FAILED("one\\ntwo")),
     "e1+1s g= u= a=: one\xEF\xBF\xBDtwo"},
    {"what is no push's, although the filter was", EVENT("e1", "user.session.start", FAILED("no")),
     ""},
    {"an older family of the same name",
     EVENT("e1", "app.user_management.grouppush.mapping.created.from.rule.errors", ""),
     "e1+1s g= u= a=: in general"},
    {"without a uuid", "{\"published\":\"2026-05-04T09:00:01Z\",\"eventType\":\"x\"}",
     "System Log: entry 1: uuid: missing"},
    {"at no time", "{\"uuid\":\"e1\",\"published\":\"today\",\"eventType\":\"x\"}",
     "System Log: entry 1: `published` is no time"},
    {"a target that is no list", EVENT("e1", MEMBERSHIP "add", ",\"target\":{}"),
     "System Log: entry 1: target: expected an array"},
    {"a target that is no object", EVENT("e1", MEMBERSHIP "add", TARGETS("7")),
     "System Log: entry 1: target: type: expected inside an object"},
    {"an outcome that is no object", EVENT("e1", MEMBERSHIP "add", ",\"outcome\":\"FAILURE\""),
     "System Log: entry 1: outcome: expected an object"},
    {"no object at all", "[]", "System Log: entry 1: uuid: expected inside an object"},
};

static void test_events_tell_what_went_wrong_with_whom(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        struct okta_push_log page = {0};
        struct arena arena;
        struct err err = {0};
        size_t n_read = 0;
        const char *got = err.msg;

        json_init();
        arena_init(&arena, (size_t)1 << 20);
        if (okta_wire_push_events(arena_printf(&arena, "[%s]", events[i].event), &arena, &page,
                                  &n_read, &err)) {
            got = show_events(&page, &arena);
            assert_int_equal(n_read, 1); /* a page of what nobody wants is no empty page */
        }
        check_text(events[i].name, got, events[i].expected);
        arena_fini(&arena);
    }
}

#define SAY(uuid, second)  EVENT_AT(uuid, second, MEMBERSHIP "add", FAILED("no"))
#define LINE(uuid, second) uuid "+" second "s g= u= a=: no"

struct log_case {
    const char *name;
    struct fake_answer script[ROWS];
    const char *expected; /* `answer ? why`, and the events */
};

static const struct log_case polls[] = {
    {"nothing went wrong",
     {{.method = "GET", .url = ORG FIRST, .body = "[]", .headers = NEXT(PAGE("1"))}},
     "found\n"},
    {"oldest first, without doubles, until an empty page",
     {{.url = FIRST, .body = "[" SAY("b", "3") "," SAY("a", "1") "]", .headers = NEXT(PAGE("1"))},
      {.url = PAGE("1"),
       .body = "[" SAY("c", "2") "," SAY("b", "3") "]",
       .headers = NEXT(PAGE("2"))},
      {.url = PAGE("2"), .body = "[]", .headers = NEXT(PAGE("3"))}},
     "found\n" LINE("a", "1") "\n" LINE("c", "2") "\n" LINE("b", "3")},
    {"a page of events that went well is not the end",
     {{.url = FIRST, .body = "[" EVENT("x", PUSH "pushed", "") "]", .headers = NEXT(PAGE("1"))},
      {.url = PAGE("1"), .body = "[" SAY("a", "1") "]"}},
     "found\n" LINE("a", "1")},
    {"five pages at most",
     {{.url = FIRST, .body = "[" SAY("a", "1") "]", .headers = NEXT(PAGE("1"))},
      {.url = PAGE("1"), .body = "[" SAY("b", "2") "]", .headers = NEXT(PAGE("2"))},
      {.url = PAGE("2"), .body = "[" SAY("c", "3") "]", .headers = NEXT(PAGE("3"))},
      {.url = PAGE("3"), .body = "[" SAY("d", "4") "]", .headers = NEXT(PAGE("4"))},
      {.url = PAGE("4"), .body = "[" SAY("e", "5") "]", .headers = NEXT(PAGE("5"))}},
     "found\n" LINE("a", "1") "\n" LINE("b", "2") "\n" LINE("c", "3") "\n" LINE("d", "4") "\n" LINE(
         "e", "5")},
    {"what was read before a page failed counts",
     {{.url = FIRST, .body = "[" SAY("a", "1") "]", .headers = NEXT(PAGE("1"))},
      {.url = PAGE("1"), .status = 500}},
     "found ? GET /api/v1/logs: 500\n" LINE("a", "1")},
    {"we may not look",
     {{.status = 403,
       .headers = "WWW-Authenticate: Bearer error=\"insufficient_scope\", "
                  "scope=\"okta.logs.read\"\n"}},
     "forbidden ? GET /api/v1/logs: 403 insufficient_scope: it needs the scope okta.logs.read\n"},
    {"a service without a log", {{.status = 404}}, "none ? GET /api/v1/logs: 404\n"},
    {"a filter that is not taken is asked with once",
     {{.url = FIRST, .status = 400, .body = ERROR("E0000053")}},
     "unknown ? GET /api/v1/logs: 400 E0000053: as told\n"},
    {"lost",
     {{.outcome = HTTP_LOST}},
     "unknown ? GET /api/v1/logs: the connection ended without an answer\n"},
    {"junk", {{.body = "[7]"}}, "unknown ? System Log: entry 1: uuid: expected inside an object\n"},
    {"a link elsewhere",
     {{.body = "[" SAY("a", "1") "]",
       .headers = "Link: <https://evil.example" PAGE("1") ">; rel=\"next\"\n"}},
     "unknown ? System Log: the next link leads elsewhere\n"},
    {"a circle",
     {{.url = FIRST, .body = "[" SAY("a", "1") "]", .headers = NEXT(PAGE("1"))},
      {.url = PAGE("1"), .body = "[" SAY("b", "2") "]", .headers = NEXT(PAGE("1"))}},
     "found ? System Log: the next link goes in a circle\n" LINE("a", "1") "\n" LINE("b", "2")},
};

static void test_the_log_is_read_forward_from_a_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(polls); i++) {
        struct okta_push_log log;
        struct rig rig;

        rig_open(&rig, polls[i].script, rows(polls[i].script));
        if (!okta_poll_pushes(rig.okta, SINCE_MS, &rig.arena, &log, &rig.err))
            fail_msg("%s: failed: %s", polls[i].name, rig.err.msg);
        check_text(polls[i].name, show_log(&log, &rig.arena), polls[i].expected);
        fake_transport_check_done(&rig.fake);
        rig_close(&rig);
    }
}

/* ---- what ends the run ---- */

static void test_a_refused_credential_and_a_cancelled_run_fail_each_call(void **state)
{
    static const struct {
        struct fake_answer answer;
        enum err_kind kind;
    } cases[] = {
        {{.status = 401, .body = ERROR("E0000011"), .times = FAKE_ALWAYS}, ERR_REFUSED},
        {{.outcome = HTTP_NOT_SENT, .kind = ERR_CANCELLED, .times = FAKE_ALWAYS}, ERR_CANCELLED},
    };
    static const struct str ids[] = {STR(G1)};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct okta_push push;
        struct okta_assigned assigned;
        struct okta_push_log log;
        struct rig rig;

        rig_open(&rig, &cases[i].answer, 1);
        assert_false(okta_group_pushes(rig.okta, STR(APP), ids, 1, &rig.arena, &push, &rig.err));
        assert_int_equal(rig.err.kind, cases[i].kind);
        assert_false(okta_app_users(rig.okta, STR(APP), ids, 1, &rig.arena, &assigned, &rig.err));
        assert_int_equal(rig.err.kind, cases[i].kind);
        assert_false(okta_poll_pushes(rig.okta, SINCE_MS, &rig.arena, &log, &rig.err));
        assert_int_equal(rig.err.kind, cases[i].kind);
        rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_group_has_one_push_mapping_or_it_is_said_why_not),
        cmocka_unit_test(test_groups_are_asked_about_in_one_batch_and_answered_in_order),
        cmocka_unit_test(test_what_is_no_application_is_never_asked_for),
        cmocka_unit_test(test_a_person_is_assigned_or_it_is_said_why_not),
        cmocka_unit_test(test_the_application_is_looked_for_once_for_all_who_are_missing),
        cmocka_unit_test(test_many_people_go_out_in_rounds),
        cmocka_unit_test(test_events_tell_what_went_wrong_with_whom),
        cmocka_unit_test(test_the_log_is_read_forward_from_a_time),
        cmocka_unit_test(test_a_refused_credential_and_a_cancelled_run_fail_each_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

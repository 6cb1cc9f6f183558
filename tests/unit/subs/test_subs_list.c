#include <stdio.h>

#include "unit/subs/subs_rig.h"

#define S(user) PLAIN_SEAT(user, "PRO", "ACTIVE")
#define FIRST                                            \
    "ListUserSubscriptions {\"instanceArn\":\"" INSTANCE \
    "\",\"subscriptionRegion\":\"us-east-1\",\"maxResults\":100}"
#define NEXT(t) "\"maxResults\":100,\"nextToken\":\"" t "\"}"
#define ODD     "UNKNOWN page 1: ListUserSubscriptions: an answer that cannot be used: "
#define REFUSED "UNKNOWN page 1: ListUserSubscriptions: "
#define EXPIRED                                                                \
    {                                                                          \
        .url = NEXT("t1"), .status = 400, .body = FAULT("ValidationException") \
    }

struct listing_case {
    const char *name;
    struct fake_answer script[SCRIPT_ROWS];
    struct subs_options options;
    const char *expected; /* begins so; whole when SEALED */
};

static const char *show(const struct subs_listing *listing, struct arena *arena)
{
    struct str out;

    if (listing->state != LISTING_SEALED) {
        assert_int_equal(listing->n, 0); /* nothing that is not sealed is handed out */
        assert_int_equal(listing->n_groups, 0);
        return arena_printf(arena, "%s %.*s", state_name(listing->state), STR_ARG(listing->why))
            .ptr;
    }
    assert_int_equal(listing->why.len, 0);
    out = arena_printf(arena, "SEALED");
    for (size_t i = 0; i < listing->n; i++) {
        const struct subs_seat *seat = &listing->seats[i];
        out = arena_printf(arena, "%.*s %.*s=%.*s/%.*s/%s", STR_ARG(out), STR_ARG(seat->user),
                           STR_ARG(seat->raw), STR_ARG(seat->active_raw),
                           subs_status_name(seat->status));
    }
    if (listing->n_groups > 0)
        out = arena_printf(arena, "%.*s groups=%zu", STR_ARG(out), listing->n_groups);
    if (listing->extra.len > 0)
        out = arena_printf(arena, "%.*s extra=%.*s", STR_ARG(out), STR_ARG(listing->extra));
    return out.ptr;
}

static void run_case(const struct listing_case *c)
{
    struct subs_listing listing;
    struct rig rig;

    rig_open(&rig, c->options, c->script, rows_of(c->script, SCRIPT_ROWS));
    if (!subs_list(rig.subs, &rig.arena, &listing, &rig.err))
        fail_msg("%s: failed: %s", c->name, rig.err.msg);
    check_shown(c->name, c->expected, show(&listing, &rig.arena));
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

/* ---- one row, in every shape ---- */

/* One page with this list. */
#define PAGE(list)                            \
    {                                         \
        {                                     \
            .url = FIRST, .body = SEATS(list) \
        }                                     \
    }
#define BODY(text)                       \
    {                                    \
        {                                \
            .url = FIRST, .body = (text) \
        }                                \
    }
/* A seat of U1 with these members beside its principal. */
#define ROW(members) PAGE("{\"principal\":{\"user\":\"" U1 "\"}," members "}")
#define OWNED_BY(principal) \
    PAGE("{\"principal\":" principal ",\"type\":{\"amazonQ\":\"PRO\"},\"status\":\"ACTIVE\"}")
#define TYPE(members) ROW("\"type\":" members ",\"status\":\"ACTIVE\"")
#define STATUS(value) ROW("\"type\":{\"amazonQ\":\"PRO\"},\"status\":" value)
#define WITH(members) ROW("\"type\":{\"amazonQ\":\"PRO\"},\"status\":\"ACTIVE\"," members)

static const struct listing_case shapes[] = {
    {.name = "everything the service is known to say",
     .script = PAGE("{\"principal\":{\"user\":\"" U1 "\"},\"type\":{\"amazonQ\":\"PRO_PLUS\"},"
                    "\"activatedType\":{\"amazonQ\":\"PRO\"},\"status\":\"ACTIVE\","
                    "\"aggregatedSubscriptionType\":\"INDIVIDUAL_AND_GROUP\","
                    "\"createdDate\":1780000000,\"activationDate\":1780000500}"),
     .expected = "SEALED " U1 "=PRO_PLUS/PRO/active"},
    {.name = "nobody", .script = PAGE(""), .expected = "SEALED"},
    {.name = "not used yet",
     .script = PAGE(PLAIN_SEAT(U1, "PRO", "PENDING")),
     .expected = "SEALED " U1 "=PRO//pending"},
    {.name = "cancelled",
     .script = PAGE(PLAIN_SEAT(U1, "PRO", "CANCELED")),
     .expected = "SEALED " U1 "=PRO//canceled"},
    {.name = "cancelled, in the other spelling",
     .script = PAGE(PLAIN_SEAT(U1, "PRO", "CANCELLED")),
     .expected = "SEALED " U1 "=PRO//canceled"},
    {.name = "a plan that nobody has heard of is a plan",
     .script = PAGE(PLAIN_SEAT(U1, "KIRO \xE6\x9D\xB1 9", "ACTIVE")),
     .expected = "SEALED " U1 "=KIRO \xE6\x9D\xB1 9//active"},
    {.name = "a group is counted",
     .script = PAGE("{\"principal\":{\"group\":\"" G1 "\"},\"type\":{\"amazonQ\":\"PRO\"},"
                    "\"status\":\"ACTIVE\"}," S(U1)),
     .expected = "SEALED " U1 "=PRO//active groups=1"},
    {.name = "null is absent",
     .script = PAGE("{\"principal\":{\"user\":\"" U1 "\",\"group\":null},\"type\":{\"amazonQ\":"
                    "\"PRO\"},\"activatedType\":null,\"status\":\"ACTIVE\",\"createdDate\":null,"
                    "\"aggregatedSubscriptionType\":null,\"activationDate\":null}"),
     .expected = "SEALED " U1 "=PRO//active"},

    {.name = "unknown members are told, each once and in order",
     .script = BODY("{\"total\":2,\"subscriptions\":[{\"principal\":{\"user\":\"" U2
                    "\",\"kind\":1},\"type\":{\"amazonQ\":\"PRO\",\"edition\":\"x\"},"
                    "\"status\":\"ACTIVE\",\"credits\":[{\"deep\":1}]},"
                    "{\"principal\":{\"user\":\"" U1 "\"},\"type\":{\"amazonQ\":\"PRO\"},"
                    "\"activatedType\":{\"amazonQ\":\"PRO\",\"until\":1},\"status\":\"ACTIVE\","
                    "\"credits\":null,\"a b\\n\\u202E,\":1}]}"),
     .expected = "SEALED " U1 "=PRO/PRO/active " U2 "=PRO//active "
                 "extra=subscriptions.a?b?????,subscriptions.activatedType.until,"
                 "subscriptions.credits,subscriptions.principal.kind,subscriptions.type.edition,"
                 "total"},

    {.name = "the list is missing", .script = BODY("{}"), .expected = ODD "subscriptions: missing"},
    {.name = "the list is null",
     .script = BODY("{\"subscriptions\":null}"),
     .expected = ODD "subscriptions: missing"},
    {.name = "the list is an object",
     .script = BODY("{\"subscriptions\":{}}"),
     .expected = ODD "subscriptions: expected an array"},
    {.name = "the list of another call",
     .script = BODY(CLAIMS("")),
     .expected = ODD "subscriptions: missing"},
    {.name = "the older list",
     .script = BODY("{\"UserSubscriptions\":[{\"PrincipalId\":\"" U1
                    "\",\"SubscriptionType\":\"PRO\",\"Status\":\"ACTIVE\"}]}"),
     .expected = ODD "UserSubscriptions: a spelling that is not expected"},
    {.name = "the older list beside an empty one",
     .script = BODY("{\"subscriptions\":[],\"UserSubscriptions\":[]}"),
     .expected = ODD "UserSubscriptions: a spelling that is not expected"},
    {.name = "a list in other letters",
     .script = BODY("{\"subscriptions\":[],\"Subscriptions\":[]}"),
     .expected = ODD "Subscriptions: a spelling that is not expected"},
    {.name = "an entry that is a string",
     .script = PAGE("\"" U1 "\""),
     .expected = ODD "subscriptions: entry 1: expected an object"},
    {.name = "an entry that is null",
     .script = PAGE(S(U1) ",null"),
     .expected = ODD "subscriptions: entry 2: expected an object"},

    {.name = "no principal",
     .script = PAGE("{\"type\":{\"amazonQ\":\"PRO\"},\"status\":\"ACTIVE\"}"),
     .expected = ODD "subscriptions: entry 1: principal: missing"},
    {.name = "the older principal",
     .script = PAGE("{\"PrincipalId\":\"" U1 "\",\"type\":{\"amazonQ\":\"PRO\"},"
                    "\"status\":\"ACTIVE\"}"),
     .expected = ODD "subscriptions: entry 1: subscriptions.PrincipalId: a spelling"},
    {.name = "the older principal beside ours",
     .script = WITH("\"principalId\":\"" U1 "\""),
     .expected = ODD "subscriptions: entry 1: subscriptions.principalId: a spelling"},
    {.name = "a principal that is a string",
     .script = OWNED_BY("\"" U1 "\""),
     .expected = ODD "subscriptions: entry 1: principal: expected an object"},
    {.name = "an empty principal",
     .script = OWNED_BY("{}"),
     .expected = ODD "subscriptions: entry 1: principal: expected exactly one of user and group"},
    {.name = "a principal of a kind to come",
     .script = OWNED_BY("{\"robot\":\"" U1 "\"}"),
     .expected = ODD "subscriptions: entry 1: principal: expected exactly one of user and group"},
    {.name = "a user and a group",
     .script = OWNED_BY("{\"user\":\"" U1 "\",\"group\":\"" G1 "\"}"),
     .expected = ODD "subscriptions: entry 1: principal: expected exactly one of user and group"},
    {.name = "an empty user and a group",
     .script = OWNED_BY("{\"user\":\"\",\"group\":\"" G1 "\"}"),
     .expected = ODD "subscriptions: entry 1: principal.user: not an id"},
    {.name = "a user in other letters",
     .script = OWNED_BY("{\"user\":\"" U1 "\",\"User\":\"" U2 "\"}"),
     .expected = ODD "subscriptions: entry 1: subscriptions.principal.User: a spelling"},
    {.name = "a user that is a number",
     .script = OWNED_BY("{\"user\":7}"),
     .expected = ODD "subscriptions: entry 1: principal.user: expected a string"},
    {.name = "a user of another identity provider",
     .script = OWNED_BY("{\"user\":\"00u1abcd\"}"),
     .expected = ODD "subscriptions: entry 1: principal.user: not an id of an identity store"},
    {.name = "an e-mail for a user",
     .script = OWNED_BY("{\"user\":\"ana@corp.example\"}"),
     .expected = ODD "subscriptions: entry 1: principal.user: not an id of an identity store"},

    {.name = "no type",
     .script = ROW("\"status\":\"ACTIVE\""),
     .expected = ODD "subscriptions: entry 1: type: missing"},
    {.name = "a type that is a string",
     .script = TYPE("\"PRO\""),
     .expected = ODD "subscriptions: entry 1: type: expected an object"},
    {.name = "a type without our product",
     .script = TYPE("{\"amazonQBusiness\":\"PRO\"}"),
     .expected = ODD "subscriptions: entry 1: type.amazonQ: missing"},
    {.name = "a type in other letters",
     .script = TYPE("{\"AmazonQ\":\"PRO\"}"),
     .expected = ODD "subscriptions: entry 1: subscriptions.type.AmazonQ: a spelling"},
    {.name = "a plan that is a number",
     .script = TYPE("{\"amazonQ\":1}"),
     .expected = ODD "subscriptions: entry 1: type.amazonQ: expected a string"},
    {.name = "a plan that is an object",
     .script = TYPE("{\"amazonQ\":{\"name\":\"PRO\"}}"),
     .expected = ODD "subscriptions: entry 1: type.amazonQ: expected a string"},
    {.name = "a plan without a name",
     .script = TYPE("{\"amazonQ\":\"\"}"),
     .expected = ODD "subscriptions: entry 1: type.amazonQ: empty"},
    {.name = "a plan that would spoil a terminal",
     .script = TYPE("{\"amazonQ\":\"PRO\\u001b[2J\"}"),
     .expected = ODD "subscriptions: entry 1: type: amazonQ: has characters that cannot be shown"},
    {.name = "a plan in force without a name",
     .script = WITH("\"activatedType\":{}"),
     .expected = ODD "subscriptions: entry 1: activatedType.amazonQ: missing"},
    {.name = "a plan in force that is a string",
     .script = WITH("\"activatedType\":\"PRO\""),
     .expected = ODD "subscriptions: entry 1: activatedType: expected an object"},

    {.name = "no status",
     .script = ROW("\"type\":{\"amazonQ\":\"PRO\"}"),
     .expected = ODD "subscriptions: entry 1: status: missing"},
    {.name = "the older status",
     .script = ROW("\"type\":{\"amazonQ\":\"PRO\"},\"Status\":\"ACTIVE\""),
     .expected = ODD "subscriptions: entry 1: subscriptions.Status: a spelling"},
    {.name = "a status to come",
     .script = STATUS("\"SUSPENDED\""),
     .expected = ODD "subscriptions: entry 1: status: `SUSPENDED` is not a known one"},
    {.name = "a status in small letters",
     .script = STATUS("\"active\""),
     .expected = ODD "subscriptions: entry 1: status: `active` is not a known one"},
    {.name = "a status that is true",
     .script = STATUS("true"),
     .expected = ODD "subscriptions: entry 1: status: expected a string"},
    {.name = "a source that is a list",
     .script = WITH("\"aggregatedSubscriptionType\":[]"),
     .expected = ODD "subscriptions: entry 1: aggregatedSubscriptionType: expected a string"},
    {.name = "one bad entry among good ones",
     .script = PAGE(S(U1) "," S(U2) ",{\"principal\":{\"user\":\"" U3 "\"}}," S(U3)),
     .expected = ODD "subscriptions: entry 3: type: missing"},
};

static void test_only_the_exact_expected_shape_is_sealed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
        run_case(&shapes[i]);
}

/* ---- times ---- */

static void test_times_come_as_numbers_and_as_texts(void **state)
{
    static const struct {
        const char *value;
        int64_t expected; /* -1: the listing is unknown */
    } cases[] = {
        {"1780000000", INT64_C(1780000000000)},
        {"1780000000.462", INT64_C(1780000000462)},
        {"1.78e9", INT64_C(1780000000000)},
        {"0", 0},
        {"null", 0},
        {"\"\"", -1},
        {"\"1780000000\"", INT64_C(1780000000000)},
        {"\"1780000000.4625\"", INT64_C(1780000000462)},
        {"\"2026-05-28T20:26:40Z\"", INT64_C(1780000000000)},
        {"\"2026-05-28T20:26:40.250Z\"", INT64_C(1780000000250)},
        {"1780000000000", -1}, /* milliseconds */
        {"\"1780000000000\"", -1},
        {"-1", -1},
        {"\"-1\"", -1},
        {"\"1780000000.\"", -1},
        {"\"1780000000.x\"", -1},
        {"\"1969-12-31T23:59:59Z\"", -1},
        {"\"yesterday\"", -1},
        {"true", -1},
        {"{}", -1},
        {"1e999", -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases) * 2; i++) {
        const char *key = i % 2 ? "createdDate" : "activationDate";
        const char *value = cases[i / 2].value;
        int64_t expected = cases[i / 2].expected;
        struct subs_listing listing;
        struct rig rig;
        char body[400];
        (void)snprintf(body, sizeof(body),
                       SEATS("{\"principal\":{\"user\":\"" U1 "\"},\"type\":{\"amazonQ\":\"PRO\"},"
                             "\"status\":\"ACTIVE\",\"%s\":%s}"),
                       key, value);
        const struct fake_answer script[] = {{.url = FIRST, .body = body, .times = FAKE_ALWAYS}};
        rig_open(&rig, (struct subs_options){0}, script, 1);
        assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
        if ((listing.state == LISTING_SEALED) != (expected >= 0))
            fail_msg("%s %s: %.*s", key, value, STR_ARG(listing.why));
        if (expected >= 0) {
            const struct subs_seat *seat = &listing.seats[0];
            assert_int_equal(i % 2 ? seat->created_ms : seat->activated_ms, expected);
            assert_int_equal(i % 2 ? seat->activated_ms : seat->created_ms, 0);
        }
        rig_close(&rig);
    }
}

/* ---- pages ---- */

static const struct listing_case pages[] = {
    {.name = "rows come sorted by user, then plan",
     .script =
         PAGE(PLAIN_SEAT(U2, "PRO", "ACTIVE") "," PLAIN_SEAT(U3, "A", "PENDING") "," PLAIN_SEAT(
             U2, "MAX", "ACTIVE") "," PLAIN_SEAT(U1, "PRO", "ACTIVE")),
     .expected =
         "SEALED " U1 "=PRO//active " U2 "=MAX//active " U2 "=PRO//active " U3 "=A//pending"},
    {.name = "two rows of one user stay two rows",
     .script = PAGE(S(U1) "," S(U1)),
     .expected = "SEALED " U1 "=PRO//active " U1 "=PRO//active"},
    {.name = "a row that moved to the next page while we read is one",
     .script = {{.url = FIRST, .body = SEATS_MORE(S(U1), "t1")},
                {.url = NEXT("t1"), .body = SEATS(S(U1) "," S(U2))}},
     .expected = "SEALED " U1 "=PRO//active " U2 "=PRO//active"},
    {.name = "but not if anything about it differs",
     .script = {{.url = FIRST, .body = SEATS_MORE(PLAIN_SEAT(U1, "PRO", "PENDING"), "t1")},
                {.url = NEXT("t1"), .body = SEATS(S(U1))}},
     .expected = "SEALED " U1 "=PRO//pending " U1 "=PRO//active"},
    {.name = "a null token ends it",
     .script = BODY("{\"subscriptions\":[],\"nextToken\":null}"),
     .expected = "SEALED"},
    {.name = "an empty token ends it",
     .script = BODY(SEATS_MORE(S(U1), "")),
     .expected = "SEALED " U1 "=PRO//active"},
    {.name = "an empty page with a token is not the end",
     .script = {{.url = FIRST, .body = SEATS_MORE("", "t1")},
                {.url = NEXT("t1"), .body = SEATS_MORE(S(U1), "t2")},
                {.url = NEXT("t2"), .body = SEATS("")}},
     .expected = "SEALED " U1 "=PRO//active"},
    {.name = "a token that needs escapes",
     .script = {{.url = FIRST, .body = SEATS_MORE("", "a\\\"b\\u00e9")},
                {.url = NEXT("a\\\"b\xC3\xA9"), .body = SEATS(S(U1))}},
     .expected = "SEALED " U1 "=PRO//active"},
    {.name = "a small page size",
     .options = {.page_size = 7},
     .script = {{.url = "\"maxResults\":7}", .body = SEATS("")}},
     .expected = "SEALED"},
    {.name = "a page size beyond the highest",
     .options = {.page_size = 1000},
     .script = PAGE(""),
     .expected = "SEALED"},
    {.name = "a token that died begins anew, and forgets",
     .script = {{.url = FIRST, .body = SEATS_MORE(S(U3), "t1")},
                EXPIRED,
                {.url = FIRST, .body = SEATS_MORE(S(U1), "t1")},
                {.url = NEXT("t1"), .body = SEATS(S(U2))}},
     .expected = "SEALED " U1 "=PRO//active " U2 "=PRO//active"},
    {.name = "but once only",
     .script = {{.url = FIRST, .body = SEATS_MORE(S(U1), "t1"), .times = 2}, EXPIRED, EXPIRED},
     .expected = "UNKNOWN page 2: ListUserSubscriptions: 400 ValidationException: as told"},
    {.name = "a repeated token",
     .script = {{.url = FIRST, .body = SEATS_MORE(S(U1), "t1")},
                {.url = NEXT("t1"), .headers = REQUEST_ID, .body = SEATS_MORE(S(U2), "t1")}},
     .expected = "UNKNOWN page 2: ListUserSubscriptions: an answer that cannot be used: its token "
                 "was there before: the listing goes round (request req-1)"},
    {.name = "a token that comes back later",
     .script = {{.url = FIRST, .body = SEATS_MORE("", "t1")},
                {.url = NEXT("t1"), .body = SEATS_MORE("", "t2")},
                {.url = NEXT("t2"), .body = SEATS_MORE("", "t1")}},
     .expected = "UNKNOWN page 3: ListUserSubscriptions: an answer that cannot be used: its token"},
    {.name = "as many pages as are allowed",
     .options = {.max_pages = 2},
     .script = {{.url = FIRST, .body = SEATS_MORE(S(U1), "t1")},
                {.url = NEXT("t1"), .body = SEATS(S(U2))}},
     .expected = "SEALED " U1 "=PRO//active " U2 "=PRO//active"},
    {.name = "more pages than are allowed",
     .options = {.max_pages = 2},
     .script = {{.url = FIRST, .body = SEATS_MORE(S(U1), "t1")},
                {.url = NEXT("t1"), .body = SEATS_MORE(S(U2), "t2")}},
     .expected = "UNKNOWN page 2: ListUserSubscriptions: an answer that cannot be used: there are "
                 "more than 2 pages"},
    {.name = "an odd second page",
     .script = {{.url = FIRST, .body = SEATS_MORE(S(U1), "t1")}, {.url = NEXT("t1"), .body = "{}"}},
     .expected = "UNKNOWN page 2: ListUserSubscriptions: an answer that cannot be used: "
                 "subscriptions: missing"},
    {.name = "the token is a number",
     .script = BODY("{\"subscriptions\":[],\"nextToken\":7}"),
     .expected = ODD "nextToken: expected a string"},
    {.name = "the token in other letters",
     .script = BODY("{\"subscriptions\":[],\"NextToken\":\"t1\"}"),
     .expected = ODD "NextToken: unknown, and it may be about further pages"},
    {.name = "a token by another name",
     .script = BODY("{\"subscriptions\":[],\"paginationToken\":\"t1\"}"),
     .expected = ODD "paginationToken: unknown, and it may be about further pages"},
    {.name = "a flag that says there is more",
     .script = BODY("{\"subscriptions\":[],\"isTruncated\":true}"),
     .expected = ODD "isTruncated: unknown, and it may be about further pages"},
    {.name = "a token inside a row is none",
     .script = WITH("\"lastToken\":1"),
     .expected = "SEALED " U1 "=PRO//active extra=subscriptions.lastToken"},
};

static void test_each_rule_of_paging_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pages); i++)
        run_case(&pages[i]);
}

/* ---- errors ---- */

/* An answer that says the same however often it is asked. */
#define ALWAYS(code, text)                                                       \
    {                                                                            \
        {                                                                        \
            .url = FIRST, .status = (code), .body = (text), .times = FAKE_ALWAYS \
        }                                                                        \
    }

static const struct listing_case errors[] = {
    {.name = "a page of HTML",
     .script = ALWAYS(200, "<!doctype html><title>Sign in</title>"),
     .expected = REFUSED "200 with something else than this service's answer"},
    {.name = "XML of another service",
     .script = ALWAYS(200, "<?xml version=\"1.0\"?><ListAllMyBucketsResult/>"),
     .expected = REFUSED "200 with something else than this service's answer"},
    {.name = "cut off",
     .script = ALWAYS(200, "{\"subscriptions\":["),
     .expected = REFUSED "200 with something else"},
    {.name = "a list alone", .script = ALWAYS(200, "[]"), .expected = REFUSED "200 with something"},
    {.name = "nothing", .script = ALWAYS(200, ""), .expected = REFUSED "200 without a body"},
    {.name = "no profile, or not yet",
     .script = ALWAYS(400, FAULT("ResourceNotFoundException")),
     .expected = REFUSED "400 ResourceNotFoundException: as told; there is no Kiro profile in that "
                         "region, or it is not ready yet"},
    {.name = "a conflict, which no read may have",
     .script = ALWAYS(400, FAULT_SAYING("com.amazon.kiro.controlplane#ConflictException",
                                        "Resource is in an invalid state.")),
     .expected = REFUSED "400 ConflictException: Resource is in an invalid state."},
    {.name = "an account that may not",
     .script = ALWAYS(403, FAULT_SAYING("AccessDeniedException",
                                        "Account does not meet requirements for this operation")),
     .expected = REFUSED "403 AccessDeniedException: Account does not meet requirements for this "
                         "operation; AWS does not let this account have these subscriptions"},
    {.name = "an account that is blocked",
     .script = ALWAYS(400, FAULT_SAYING("AccessDeniedException",
                                        "Your account is not authorized to make this call.")),
     .expected = REFUSED "400 AccessDeniedException: Your account is not authorized to make this "
                         "call.; AWS has blocked this account: only its support can help"},
    {.name = "an account that is blocked for new ones",
     .script = ALWAYS(403, FAULT_SAYING("AccessDenied", "It is not currently eligible to create "
                                                        "new subscriptions")),
     .expected = REFUSED "403 AccessDenied: It is not currently eligible to create new "
                         "subscriptions; AWS has blocked this account"},
    {.name = "a role that may not",
     .script = ALWAYS(403, FAULT("AccessDeniedException")),
     .expected = REFUSED "403 AccessDeniedException: as told; the role needs "
                         "user-subscriptions:ListUserSubscriptions"},
    {.name = "a role that may not use the key",
     .script = ALWAYS(400, "{\"__type\":\"AccessDeniedException\",\"message\":\"as told\","
                           "\"Reason\":\"KMS_ACCESS_DENIED\"}"),
     .expected = REFUSED "400 AccessDeniedException: as told; KMS_ACCESS_DENIED: the instance uses "
                         "an encryption key of its own, on which this role needs kms:Decrypt"},
    {.name = "a missing key is no missing profile",
     .script = ALWAYS(400, "{\"__type\":\"ResourceNotFoundException\",\"message\":\"as told\","
                           "\"Reason\":\"KMS_KEY_NOT_FOUND\"}"),
     .expected = REFUSED "400 ResourceNotFoundException: as told; KMS_KEY_NOT_FOUND: the instance"},
    {.name = "a field that is not wanted any more",
     .script = ALWAYS(400, FAULT("ValidationException")),
     .expected = REFUSED "400 ValidationException: as told; the service expects another request"},
    {.name = "a call that is not there any more",
     .script = ALWAYS(400, FAULT("UnknownOperationException")),
     .expected = REFUSED "400 UnknownOperationException: as told; the service does not know the "
                         "call: it may have changed"},
    {.name = "an error that is unknown to itself",
     .script = ALWAYS(400, FAULT("UnknownError")),
     .expected = REFUSED "400 UnknownError: as told; the service is down, or has changed"},
    {.name = "500 for ever",
     .script = {{.url = FIRST, .status = 500, .body = "oops", .times = 3}},
     .expected = REFUSED "500 without an error code"},
    {.name = "500 with a code",
     .script =
         {{.url = FIRST, .status = 500, .body = FAULT("InternalServerException"), .times = 3}},
     .expected = REFUSED "500 InternalServerException: as told"},
    {.name = "500, then whole",
     .script = {{.url = FIRST, .status = 500, .times = 2}, {.url = FIRST, .body = SEATS(S(U1))}},
     .expected = "SEALED " U1 "=PRO//active"},
    {.name = "throttled for ever",
     .script = {{.url = FIRST, .status = 400, .body = FAULT("ThrottlingException"), .times = 3}},
     .expected = REFUSED "400 ThrottlingException: as told"},
    {.name = "404 without a word", .script = ALWAYS(404, ""), .expected = REFUSED "404"},
    {.name = "a redirect", .script = ALWAYS(302, ""), .expected = REFUSED "302"},
    {.name = "204 is no list", .script = ALWAYS(204, ""), .expected = REFUSED "204"},
    {.name = "lost, every time",
     .script = {{.url = FIRST, .outcome = HTTP_LOST, .times = 3}},
     .expected = REFUSED "the connection ended without an answer"},
    {.name = "refused on the second page",
     .script = {{.url = FIRST, .body = SEATS_MORE(S(U1), "t1")},
                {.url = NEXT("t1"), .status = 403, .body = FAULT("AccessDeniedException")}},
     .expected = "UNKNOWN page 2: ListUserSubscriptions: 403 AccessDeniedException"},
    {.name = "gone on the second page",
     .script = {{.url = FIRST, .body = SEATS_MORE(S(U1), "t1")},
                {.url = NEXT("t1"), .status = 400, .body = FAULT("ResourceNotFoundException")}},
     .expected = "UNKNOWN page 2: ListUserSubscriptions: 400 ResourceNotFoundException"},
    {.name = "a key that goes away in the middle, told as a validation error",
     .script = {{.url = FIRST, .body = SEATS_MORE(S(U1), "t1")},
                {.url = NEXT("t1"),
                 .status = 400,
                 .body = "{\"__type\":\"ValidationException\",\"Reason\":\"KMS_INVALID_STATE\"}"}},
     .expected = "UNKNOWN page 2: ListUserSubscriptions: 400 ValidationException; KMS_INVALID"},
};

static void test_no_error_is_an_empty_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(errors); i++)
        run_case(&errors[i]);
}

/* Whoever reads that there is no profile would look in the wrong place. */
static void test_a_missing_key_is_not_said_to_be_a_missing_profile(void **state)
{
    const struct fake_answer script[] = {
        {.url = FIRST,
         .status = 400,
         .body = "{\"__type\":\"ResourceNotFoundException\",\"Reason\":\"KMS_KEY_NOT_FOUND\"}"}};
    struct subs_listing listing;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct subs_options){0}, script, 1);
    assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    assert_null(strstr(listing.why.ptr, "profile"));
    assert_true(str_ends(listing.why, STR("kms:Decrypt")));
    rig_close(&rig);
}

/* Of one line there is little; a member of every row must not fill it. */
static void test_a_rare_unknown_member_is_told_beside_a_common_one(void **state)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct fake_answer script[] = {{.url = FIRST}};
    struct subs_listing listing;
    struct rig rig;

    (void)state;
    for (int i = 0; i < 90; i++) {
        buf_printf(&body,
                   "%s{\"principal\":{\"user\":\"" U1 "\"},\"type\":{\"amazonQ\":\"PRO\"},"
                   "\"status\":\"ACTIVE\",\"credits\":1%s}",
                   i > 0 ? "," : "{\"subscriptions\":[", i == 80 ? ",\"rare\":1" : "");
    }
    buf_add(&body, STR("]}"));
    script[0].body = body.ptr;
    rig_open(&rig, (struct subs_options){0}, script, 1);
    assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    assert_int_equal(listing.n, 90);
    assert_true(str_is(listing.extra, "subscriptions.credits,subscriptions.rare"));
    rig_close(&rig);
}

/* A hostile page may name as many as it likes. */
static void test_unknown_members_without_end_stay_one_line(void **state)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct fake_answer script[] = {{.url = FIRST}};
    struct subs_listing listing;
    struct rig rig;

    (void)state;
    buf_add(&body, STR("{\"subscriptions\":[]"));
    for (int i = 0; i < 5000; i++)
        buf_printf(&body, ",\"a-member-whose-name-is-longer-than-anybody-wants-it-%d\":%d", i, i);
    for (int i = 0; i < 50; i++)
        buf_printf(&body, ",\"%d\":1", i);
    buf_add(&body, STR("}"));
    script[0].body = body.ptr;
    rig_open(&rig, (struct subs_options){0}, script, 1);
    assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    assert_int_equal(listing.state, LISTING_SEALED);
    assert_in_range(listing.extra.len, 100, 200);
    rig_close(&rig);
}

static void test_a_429_is_waited_for_as_long_as_it_asks(void **state)
{
    const struct fake_answer script[] = {
        {.url = FIRST, .status = 429, .headers = "x-amz-retry-after: 4000\n"},
        {.url = FIRST, .status = 429, .headers = "Retry-After: 3\n"},
        {.url = FIRST, .body = SEATS(S(U1))},
    };
    struct subs_listing listing;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct subs_options){0}, script, ARRAY_LEN(script));
    assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    assert_string_equal(show(&listing, &rig.arena), "SEALED " U1 "=PRO//active");
    assert_in_range(rig.time.slept, 7000, 17000);
    fake_transport_check_done(&rig.fake);
    rig_close(&rig);
}

/* ---- the call itself ---- */

static void test_the_time_of_a_listing_is_that_of_its_first_page(void **state)
{
    const struct fake_answer script[] = {
        {.url = FIRST, .body = SEATS_MORE("", "t1"), .takes_ms = 500},
        {.url = NEXT("t1"), .status = 400, .body = FAULT("ValidationException"), .takes_ms = 500},
        {.url = FIRST, .body = SEATS(""), .takes_ms = 500},
    };
    struct subs_listing listing;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct subs_options){0}, script, ARRAY_LEN(script));
    assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    assert_int_equal(listing.state, LISTING_SEALED);
    assert_int_equal(listing.at_ms, FAKE_CLOCK_START + 1000);
    rig_close(&rig);
}

static void test_a_cancelled_listing_fails_and_the_next_one_works(void **state)
{
    const struct fake_answer script[] = {
        {.url = FIRST, .body = SEATS_MORE(S(U1), "t1")},
        {.url = NEXT("t1"), .kind = ERR_CANCELLED},
        {.url = FIRST, .body = SEATS(S(U2))},
    };
    struct subs_listing listing;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct subs_options){0}, script, ARRAY_LEN(script));
    assert_false(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    assert_int_equal(rig.err.kind, ERR_CANCELLED);
    assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    assert_string_equal(show(&listing, &rig.arena), "SEALED " U2 "=PRO//active");
    rig_close(&rig);
}

static void test_without_an_instance_or_a_region_nothing_is_asked(void **state)
{
    const struct fake_answer script[] = {{.url = FIRST, .body = SEATS("")}};
    struct subs_application application;
    struct subs_listing listing;
    struct subs_claims claims;
    struct rig rig;

    (void)state;
    rig_open_bare(&rig, (struct subs_options){.kiro_region = STR("us-east-1")}, script, 1);
    assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    assert_string_equal(show(&listing, &rig.arena),
                        "UNKNOWN it is not known which instance of Identity Center is ours");
    assert_true(subs_list_claims(rig.subs, &rig.arena, &claims, &rig.err));
    assert_int_equal(claims.state, LISTING_UNKNOWN);
    assert_true(subs_find_application(rig.subs, &rig.arena, &application, &rig.err));
    assert_int_equal(application.state, LISTING_UNKNOWN);
    assert_true(str_eq(application.why, claims.why));
    assert_int_equal(rig.fake.n_requests, 0);

    subs_set_instance(rig.subs, STR(INSTANCE));
    assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    assert_string_equal(show(&listing, &rig.arena), "SEALED");
    rig_close(&rig);

    rig_open_bare(&rig, (struct subs_options){.instance_arn = STR(INSTANCE)}, NULL, 0);
    assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    assert_string_equal(show(&listing, &rig.arena),
                        "UNKNOWN it is not known in which region the Kiro profile is");
    rig_close(&rig);
}

/* What the caller's memory cannot hold is refused before it is stored. */
static void test_a_listing_too_large_for_the_caller_is_unknown(void **state)
{
    const struct fake_answer script[] = {{.url = FIRST, .body = SEATS(S(U1))}};
    struct subs_listing listing;
    struct arena small;
    struct rig rig;

    (void)state;
    arena_init(&small, (size_t)1 << 20);
    rig_open(&rig, (struct subs_options){0}, script, 1);
    assert_true(subs_list(rig.subs, &small, &listing, &rig.err));
    assert_string_equal(show(&listing, &rig.arena),
                        "UNKNOWN the listing is too large for the memory that is left");
    rig_close(&rig);
    arena_fini(&small);
}

static void test_a_listing_outlives_the_next_one(void **state)
{
    const struct fake_answer script[] = {
        {.url = FIRST, .body = SEATS(S(U1))},
        {.url = FIRST, .body = SEATS(PLAIN_SEAT(U2, "MAX", "PENDING"))},
    };
    struct subs_listing first, second;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct subs_options){0}, script, 2);
    assert_true(subs_list(rig.subs, &rig.arena, &first, &rig.err));
    assert_true(subs_list(rig.subs, &rig.arena, &second, &rig.err));
    assert_string_equal(show(&first, &rig.arena), "SEALED " U1 "=PRO//active");
    assert_string_equal(show(&second, &rig.arena), "SEALED " U2 "=MAX//pending");
    rig_close(&rig);
}

static void test_the_service_is_spoken_to_as_it_expects(void **state)
{
    const struct fake_answer script[] = {{.url = FIRST, .body = SEATS("")}};
    struct subs_listing listing;
    struct rig rig;

    (void)state;
    rig_open(&rig, (struct subs_options){0}, script, 1);
    assert_true(subs_list(rig.subs, &rig.arena, &listing, &rig.err));
    const struct fake_request *request = &rig.fake.requests[0];
    assert_int_equal(request->method, HTTP_POST);
    assert_true(str_is(fake_request_header(request, "X-Amz-Target"),
                       "AWSZornControlPlaneService.ListUserSubscriptions"));
    assert_true(str_is(fake_request_header(request, "Content-Type"), "application/x-amz-json-1.0"));
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_exact_expected_shape_is_sealed),
        cmocka_unit_test(test_times_come_as_numbers_and_as_texts),
        cmocka_unit_test(test_each_rule_of_paging_holds),
        cmocka_unit_test(test_no_error_is_an_empty_list),
        cmocka_unit_test(test_a_missing_key_is_not_said_to_be_a_missing_profile),
        cmocka_unit_test(test_a_rare_unknown_member_is_told_beside_a_common_one),
        cmocka_unit_test(test_unknown_members_without_end_stay_one_line),
        cmocka_unit_test(test_a_429_is_waited_for_as_long_as_it_asks),
        cmocka_unit_test(test_the_time_of_a_listing_is_that_of_its_first_page),
        cmocka_unit_test(test_a_cancelled_listing_fails_and_the_next_one_works),
        cmocka_unit_test(test_without_an_instance_or_a_region_nothing_is_asked),
        cmocka_unit_test(test_a_listing_too_large_for_the_caller_is_unknown),
        cmocka_unit_test(test_a_listing_outlives_the_next_one),
        cmocka_unit_test(test_the_service_is_spoken_to_as_it_expects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

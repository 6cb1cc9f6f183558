#include "unit/sim/sim_aws_fixture.h"

/* Push from Okta to Identity Center: what arrives, when, and what the System Log says. */

#define PUSH_ORG                                                                              \
    "people:\n"                                                                               \
    "  - {login: alice@example.com, id: 00u1aliceaaaaaaaaaa1, first_name: A, last_name: S}\n" \
    "  - {login: bob@example.com, id: 00u1bobbbbbbbbbbbbb2, first_name: B, last_name: I}\n"   \
    "  - {login: carol@example.com, id: 00u1carolccccccccc03, first_name: C, last_name: A}\n" \
    "  - {login: dave@example.com, id: 00u1davedddddddddd04, first_name: D}\n"                \
    "  - {login: erin@example.com, id: 00u1erineeeeeeeeee05, first_name: 'E;', "              \
    "last_name: O}\n"                                                                         \
    "groups:\n"                                                                               \
    "  - {name: Assigned, members: [alice@example.com, bob@example.com]}\n"                   \
    "  - {name: Kiro, id: 00g1kirojpaaaaaaaa01, members: [alice@example.com, "                \
    "carol@example.com]}\n"                                                                   \
    "apps:\n"                                                                                 \
    "  - {name: amazon_aws_sso, label: AWS, id: 0oa1awsappaaaaaaaa01, groups: [Assigned],\n"  \
    "     pushed: [Kiro]}\n"
#define LAGS "scim: {user_lag: 10s, group_lag: 60s}\n"
#define APP  "/api/v1/apps/0oa1awsappaaaaaaaa01"
#define PUSHES                                                               \
    "/api/v1/logs?since=2026-05-04T09:00:00Z&filter=eventType%20sw%20%22app" \
    "lication.provision%22%20or%20eventType%20sw%20%22app.user_management%22"

static void join(struct aws_fixture *f, const char *group, const char *who)
{
    control(&f->base, HTTP_POST, arena_printf(&f->base.arena, "/_sim/groups/%s/members", group).ptr,
            arena_printf(&f->base.arena, "{add: [%s@example.com]}", who).ptr);
}

static void leave(struct aws_fixture *f, const char *group, const char *who)
{
    control(&f->base, HTTP_POST, arena_printf(&f->base.arena, "/_sim/groups/%s/members", group).ptr,
            arena_printf(&f->base.arena, "{remove: [%s@example.com]}", who).ptr);
}

/* `alice=ENABLED bob=DISABLED` */
static const char *users(struct aws_fixture *f)
{
    struct str rest = str_of(control(&f->base, HTTP_GET, "/_sim/aws/users", ""));
    struct buf out = {0};

    for (;;) {
        struct str name = between(rest, "\"user_name\":\"", "\"");
        struct str local = name;
        struct str status = between(rest, "\"status\":\"", "\"");

        if (!name.ptr)
            break;
        rest = str_sub(rest, (size_t)(status.ptr + status.len - rest.ptr), rest.len);
        local = str_cut(&local, '@');
        buf_printf(&out, "%s%.*s=%.*s", out.len > 0 ? " " : "", STR_ARG(local), STR_ARG(status));
    }

    const char *text = arena_cstr(&f->base.arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

/* `user.push SUCCESS alice; ...`, without the common beginning of the types. */
static const char *pushes(struct aws_fixture *f)
{
    struct buf out = {0};
    struct str rest;

    get(&f->base, PUSHES);
    assert_int_equal(f->base.res.status, 200);
    rest = f->base.res.body;
    for (;;) {
        struct str type = between(rest, "\"eventType\":\"", "\"");
        struct str event = between(rest, "\"eventType\":\"", "\"transaction\"");
        struct str person = between(event, "\"type\":\"User\",\"alternateId\":\"", "@");

        if (!type.ptr)
            break;
        rest = str_sub(rest, (size_t)(event.ptr + event.len - rest.ptr), rest.len);
        while (str_has(type, '.') && !str_starts(type, STR("user.push")) &&
               !str_starts(type, STR("user.deactivate")) && !str_starts(type, STR("group_push.")) &&
               !str_starts(type, STR("group_membership.")))
            (void)str_cut(&type, '.');
        buf_printf(&out, "%s%.*s %.*s", out.len > 0 ? "; " : "", STR_ARG(type),
                   STR_ARG(between(event, "\"result\":\"", "\"")));
        if (person.len > 0)
            buf_printf(&out, " %.*s", STR_ARG(person));
    }

    const char *text = arena_cstr(&f->base.arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

/* One call of the client of the organisation, with a token of its own for these scopes. */
static void bearer(struct aws_fixture *f, enum http_method method, const char *path,
                   const char *scopes)
{
    struct arena *arena = &f->base.arena;
    int64_t now = fixture_now(&f->base) / TIME_SECOND;
    struct str head =
        arena_printf(arena, "{\"alg\":\"ES256\",\"kid\":\"%.*s\"}", STR_ARG(f->base.own.key_id));
    struct str claims =
        arena_printf(arena,
                     "{\"aud\":\"" TOKEN_URL "\",\"iss\":\"%.*s\",\"sub\":\"%.*s\",\"iat\":%lld,"
                     "\"exp\":%lld,\"jti\":\"%.*s\"}",
                     STR_ARG(f->base.own.client_id), STR_ARG(f->base.own.client_id), (long long)now,
                     (long long)now + 300, STR_ARG(fixture_jti(&f->base)));
    struct str scope = str_of(scopes);
    struct buf words = {0};

    for (scope = str_sub(scope, 1, scope.len - 1); scope.len > 0;) {
        struct str word = str_trim(str_cut(&scope, ','));

        buf_printf(&words, "%s%.*s", words.len > 0 ? "+" : "", STR_ARG(word));
    }

    const struct http_header form[] = {
        {STR("Accept"), STR("application/json")},
        {STR("Content-Type"), STR("application/x-www-form-urlencoded")},
    };
    const struct http_request ask = {
        .method = HTTP_POST,
        .url = STR(TOKEN_URL),
        .headers = form,
        .n_headers = 2,
        .body = arena_printf(arena,
                             "grant_type=client_credentials&scope=%.*s&client_assertion_type="
                             "urn%%3Aietf%%3Aparams%%3Aoauth%%3Aclient-assertion-type%%3Ajwt-bearer"
                             "&client_assertion=%.*s",
                             STR_ARG(buf_str(&words)),
                             STR_ARG(sign(&f->base, f->base.own.key, head, claims))),
    };
    fixture_send(&f->base, &ask);
    assert_int_equal(f->base.res.status, 200);

    struct http_header headers[] = {
        {STR("Accept"), STR("application/json")},
        {STR("Content-Type"), STR("application/json")},
        {STR("Authorization"), arena_printf(arena, "Bearer %s", field(f, "access_token"))},
    };
    struct http_request req = {.method = method,
                               .url = fixture_url(&f->base, path),
                               .headers = headers,
                               .n_headers = 3,
                               .body = method == HTTP_PATCH ? STR("{\"status\":\"ACTIVE\"}")
                                                            : (struct str){0}};
    fixture_send(&f->base, &req);
    buf_fini(&words);
}

static void test_what_the_organisation_brings_was_pushed_long_ago(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, PUSH_ORG LAGS);
    assert_string_equal(users(&f), "alice=ENABLED bob=ENABLED");
    assert_string_equal(members(&f, "Kiro"), "alice");
    assert_string_equal(pushes(&f), "");
    aws_close(&f);
}

static void test_a_change_arrives_after_its_lag_whether_or_not_anybody_looked_before(void **state)
{
    (void)state;
    for (int look = 0; look < 2; look++) {
        struct aws_fixture f;

        aws_open(&f, PUSH_ORG LAGS);
        if (look)
            assert_string_equal(members(&f, "Kiro"), "alice");
        join(&f, "Assigned", "carol");
        join(&f, "Kiro", "bob");
        leave(&f, "Kiro", "alice");
        sim_advance(f.base.sim, 9999);
        assert_string_equal(users(&f), "alice=ENABLED bob=ENABLED");
        sim_advance(f.base.sim, 1);
        assert_string_equal(users(&f), "alice=ENABLED bob=ENABLED carol=ENABLED");
        sim_advance(f.base.sim, 49999);
        assert_string_equal(members(&f, "Kiro"), "alice");
        sim_advance(f.base.sim, 1);
        assert_string_equal(members(&f, "Kiro"), "bob");
        assert_string_equal(pushes(&f), "user.push SUCCESS carol; "
                                        "group_push.push_memberships SUCCESS bob; "
                                        "group_push.push_memberships SUCCESS alice");
        aws_close(&f);
    }
}

static void test_who_is_looked_for_late_was_there_in_between(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, PUSH_ORG LAGS);
    join(&f, "Kiro", "bob");
    sim_advance(f.base.sim, 3600000);
    leave(&f, "Kiro", "bob");
    sim_advance(f.base.sim, 59999);
    assert_string_equal(members(&f, "Kiro"), "alice bob");
    sim_advance(f.base.sim, 1);
    assert_string_equal(members(&f, "Kiro"), "alice");
    aws_close(&f);
}

static void test_a_member_waits_for_his_user(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, PUSH_ORG "scim: {user_lag: 60s, group_lag: 5s}\n");
    leave(&f, "Kiro", "carol");
    join(&f, "Assigned", "carol");
    join(&f, "Kiro", "carol");
    sim_advance(f.base.sim, 59999);
    assert_string_equal(members(&f, "Kiro"), "alice");
    sim_advance(f.base.sim, 1);
    assert_string_equal(members(&f, "Kiro"), "alice carol");
    aws_close(&f);
}

static void test_who_is_not_assigned_or_has_no_proper_name_is_left_out_and_logged(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, PUSH_ORG LAGS);
    join(&f, "Kiro", "dave");
    sim_advance(f.base.sim, 60000);
    assert_string_equal(members(&f, "Kiro"), "alice");
    assert_string_equal(pushes(&f), "ignored SUCCESS dave");
    join(&f, "Assigned", "dave");
    join(&f, "Assigned", "erin");
    sim_advance(f.base.sim, 60000);
    assert_string_equal(users(&f), "alice=ENABLED bob=ENABLED");
    assert_string_equal(pushes(&f), "ignored SUCCESS dave; user.push FAILURE dave; "
                                    "user.push FAILURE erin");
    control(&f.base, HTTP_POST, "/_sim/people/dave@example.com/profile", "{lastName: Mori}");
    sim_advance(f.base.sim, 60000);
    assert_string_equal(users(&f), "alice=ENABLED bob=ENABLED dave=ENABLED");
    assert_string_equal(members(&f, "Kiro"), "alice");
    control(&f.base, HTTP_POST, "/_sim/scim", "{repush: Kiro}");
    sim_advance(f.base.sim, 60000);
    assert_string_equal(members(&f, "Kiro"), "alice dave");
    aws_close(&f);
}

static void test_who_leaves_is_disabled_and_not_deleted(void **state)
{
    static const char *const ways[] = {"/_sim/people/bob@example.com/deactivate",
                                       "/_sim/people/bob@example.com/delete"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct aws_fixture f;

        aws_open(&f, PUSH_ORG LAGS);
        if (i < 2) {
            control(&f.base, HTTP_POST, ways[i], "{}");
        } else {
            leave(&f, "Assigned", "bob");
        }
        sim_advance(f.base.sim, 9999);
        assert_string_equal(users(&f), "alice=ENABLED bob=ENABLED");
        sim_advance(f.base.sim, 1);
        assert_string_equal(users(&f), "alice=ENABLED bob=DISABLED");
        aws_close(&f);
    }
}

static void test_who_comes_back_is_enabled_and_his_membership_waits_for_a_push(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, PUSH_ORG LAGS);
    control(&f.base, HTTP_POST, "/_sim/people/bob@example.com/deactivate", "{}");
    sim_advance(f.base.sim, 60000);
    join(&f, "Kiro", "bob");
    sim_advance(f.base.sim, 60000);
    control(&f.base, HTTP_POST, "/_sim/people/bob@example.com/activate", "{}");
    sim_advance(f.base.sim, 60000);
    assert_string_equal(users(&f), "alice=ENABLED bob=ENABLED");
    assert_string_equal(members(&f, "Kiro"), "alice");
    aws_close(&f);
}

static void test_a_lost_push_never_arrives_until_it_is_pushed_anew(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, PUSH_ORG LAGS);
    control(&f.base, HTTP_POST, "/_sim/scim", "{lose: bob@example.com}");
    join(&f, "Kiro", "bob");
    sim_advance(f.base.sim, 3600000);
    assert_string_equal(members(&f, "Kiro"), "alice");
    assert_string_equal(pushes(&f), "");
    control(&f.base, HTTP_POST, "/_sim/scim", "{repush: Kiro}");
    sim_advance(f.base.sim, 60000);
    assert_string_equal(members(&f, "Kiro"), "alice bob");
    aws_close(&f);
}

static void test_a_dead_token_fails_everything_and_says_so(void **state)
{
    static const char *const ways[] = {"scim: {user_lag: 10s, group_lag: 60s, broken: true}\n",
                                       "scim: {user_lag: 10s, group_lag: 60s, "
                                       "token_expires: 2026-05-04T09:12:45Z}\n"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct aws_fixture f;

        aws_open(&f, NULL);
        fixture_load(&f.base, arena_printf(&f.base.arena, "%s%s", PUSH_ORG, ways[i]).ptr);
        join(&f, "Assigned", "carol");
        join(&f, "Kiro", "bob");
        leave(&f, "Kiro", "alice");
        sim_advance(f.base.sim, 60000);
        assert_string_equal(users(&f), "alice=ENABLED bob=ENABLED");
        assert_string_equal(members(&f, "Kiro"), "alice");
        assert_string_equal(pushes(&f), "user.push FAILURE carol; "
                                        "group_membership.add FAILURE bob; "
                                        "group_membership.remove FAILURE alice");
        control(&f.base, HTTP_POST, "/_sim/scim", "{broken: false, token_expires: never}");
        sim_advance(f.base.sim, 3600000);
        assert_string_equal(members(&f, "Kiro"), "alice");
        control(&f.base, HTTP_POST, "/_sim/scim", "{repush: all}");
        sim_advance(f.base.sim, 120000);
        assert_string_equal(members(&f, "Kiro"), "bob carol");
        aws_close(&f);
    }
}

static void test_what_is_done_by_hand_stays_until_the_next_push(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, PUSH_ORG LAGS);
    control(&f.base, HTTP_POST, "/_sim/aws/groups/Kiro/members",
            "{add: [bob@example.com], remove: [alice@example.com]}");
    sim_advance(f.base.sim, 86400000);
    assert_string_equal(members(&f, "Kiro"), "bob");
    control(&f.base, HTTP_POST, "/_sim/scim", "{repush: Kiro}");
    sim_advance(f.base.sim, 60000);
    assert_string_equal(members(&f, "Kiro"), "alice");
    aws_close(&f);
}

static void test_a_group_made_by_hand_must_be_linked(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, PUSH_ORG LAGS "aws: {groups: [{name: Kiro}]}\n");
    assert_string_equal(members(&f, "Kiro"), "");
    get(&f.base, APP "/group-push/mappings?sourceGroupId=" KIRO);
    assert_string_equal(field(&f, "status"), "ERROR");
    assert_string_not_equal(field(&f, "errorSummary"), "");
    join(&f, "Kiro", "bob");
    sim_advance(f.base.sim, 60000);
    assert_string_equal(members(&f, "Kiro"), "");
    control(&f.base, HTTP_POST, "/_sim/scim", "{link: Kiro}");
    sim_advance(f.base.sim, 60000);
    assert_string_equal(members(&f, "Kiro"), "alice bob");
    aws_close(&f);

    aws_open(&f, PUSH_ORG "scim: {clash: silent, group_lag: 60s}\naws: {groups: [Kiro]}\n");
    get(&f.base, APP "/group-push/mappings?sourceGroupId=" KIRO);
    assert_string_equal(field(&f, "status"), "ACTIVE");
    join(&f, "Kiro", "bob");
    sim_advance(f.base.sim, 60000);
    assert_string_equal(members(&f, "Kiro"), "");
    aws_close(&f);
}

static void test_mappings_come_in_pages(void **state)
{
    static const char two[] =
        "groups: [{name: Kiro, id: 00g1kirojpaaaaaaaa01}, {name: Plus, id: 00g1kirojpaaaaaaaa02}]\n"
        "apps: [{name: amazon_aws_sso, id: 0oa1awsappaaaaaaaa01, pushed: [Plus, Kiro]}]\n";
    struct aws_fixture f;
    const char *next;

    (void)state;
    aws_open(&f, two);
    load_faults(&f.base, "- {match: {path: '*mappings', nth: 2}, do: {page: {empty: true}}}\n");
    get(&f.base, APP "/group-push/mappings?limit=1");
    assert_string_equal(field(&f, "sourceGroupId"), "00g1kirojpaaaaaaaa02");
    next = next_link(&f.base);
    get(&f.base, next);
    assert_string_equal(field(&f, "sourceGroupId"), "");
    next = next_link(&f.base);
    get(&f.base, next);
    assert_string_equal(field(&f, "sourceGroupId"), "00g1kirojpaaaaaaaa01");
    assert_string_equal(next_link(&f.base), "");
    aws_close(&f);
}

static void test_switching_a_mapping_off_and_on_pushes_the_whole_group(void **state)
{
    static const char clients[] =
        "merge: true\ncredentials: {clients: [{scopes: [okta.apps.manage, okta.groups.manage]}]}\n";
    struct aws_fixture f;
    const char *id;

    (void)state;
    aws_open(&f, PUSH_ORG LAGS);
    fixture_load(&f.base, clients);
    control(&f.base, HTTP_POST, "/_sim/aws/groups/Kiro/members", "{remove: [alice@example.com]}");
    get(&f.base, APP "/group-push/mappings?status=ACTIVE");
    id = field(&f, "id");
    patch(&f.base, arena_printf(&f.base.arena, APP "/group-push/mappings/%s", id).ptr,
          "{\"status\":\"INACTIVE\"}");
    assert_int_equal(f.base.res.status, 200);
    get(&f.base, APP "/group-push/mappings?status=ACTIVE");
    assert_string_equal(field(&f, "id"), "");
    join(&f, "Kiro", "bob");
    sim_advance(f.base.sim, 3600000);
    assert_string_equal(members(&f, "Kiro"), "");
    patch(&f.base, arena_printf(&f.base.arena, APP "/group-push/mappings/%s", id).ptr,
          "{\"status\":\"ACTIVE\"}");
    sim_advance(f.base.sim, 59999);
    assert_string_equal(members(&f, "Kiro"), "");
    sim_advance(f.base.sim, 1);
    assert_string_equal(members(&f, "Kiro"), "alice bob");
    aws_close(&f);
}

static void test_a_new_instance_is_filled_anew(void **state)
{
    struct aws_fixture f;
    const char *before;

    (void)state;
    aws_open(&f, PUSH_ORG LAGS);
    before = arena_cstr(&f.base.arena, f.aws.store_id);
    assert_string_equal(members(&f, "Kiro"), "alice");
    control(&f.base, HTTP_POST, "/_sim/aws/instance", "{recreate: true}");
    assert_string_equal(users(&f), "");
    store_in(&f, "ListUsers", "");
    assert_string_equal(shown(&f, ""), "400 ResourceNotFoundException IDENTITY_STORE");
    f.aws = sim_aws(f.base.sim);
    assert_string_not_equal(before, arena_cstr(&f.base.arena, f.aws.store_id));
    sim_advance(f.base.sim, 10000);
    assert_string_equal(users(&f), "alice=ENABLED bob=ENABLED");
    sim_advance(f.base.sim, 60000);
    assert_string_equal(members(&f, "Kiro"), "alice");
    aws_close(&f);
}

static void test_nothing_is_noticed_by_who_does_not_ask(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, PUSH_ORG LAGS);
    join(&f, "Kiro", "dave");
    sim_advance(f.base.sim, 3600000);
    get(&f.base, "/api/v1/logs?since=2026-05-04T09:00:00Z&filter=eventType%20eq%20"
                 "%22group.user_membership.add%22");
    assert_int_equal(f.base.res.status, 200);
    assert_non_null(strstr(control(&f.base, HTTP_GET, "/_sim/state", ""), "\"events\":1,"));
    assert_string_equal(pushes(&f), "ignored SUCCESS dave");
    aws_close(&f);
}

static void test_new_names_arrive_too(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, PUSH_ORG LAGS);
    control(&f.base, HTTP_POST, "/_sim/people/alice@example.com/rename", "{login: a2@example.com}");
    control(&f.base, HTTP_POST, "/_sim/groups/Kiro/rename", "{name: Kiro2}");
    sim_advance(f.base.sim, 9999);
    assert_string_equal(users(&f), "alice=ENABLED bob=ENABLED");
    sim_advance(f.base.sim, 1);
    assert_string_equal(users(&f), "a2=ENABLED bob=ENABLED");
    assert_string_equal(members(&f, "Kiro"), "a2");
    sim_advance(f.base.sim, 50000);
    assert_string_equal(members(&f, "Kiro2"), "a2");
    aws_close(&f);
}

static void test_a_fresh_application_has_everything_under_way(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, PUSH_ORG "scim: {user_lag: 10s, group_lag: 60s, fresh: true}\n");
    sim_advance(f.base.sim, 9999);
    assert_string_equal(users(&f), "");
    sim_advance(f.base.sim, 1);
    assert_string_equal(users(&f), "alice=ENABLED bob=ENABLED");
    assert_string_equal(group_id(&f, "Kiro"), "");
    sim_advance(f.base.sim, 50000);
    assert_string_equal(members(&f, "Kiro"), "alice");
    aws_close(&f);
}

static void test_every_push_is_lost_at_a_hundred_percent_but_whole_ones(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, PUSH_ORG "scim: {user_lag: 10s, group_lag: 60s, lost_percent: 100}\n");
    join(&f, "Assigned", "carol");
    join(&f, "Kiro", "bob");
    sim_advance(f.base.sim, 3600000);
    assert_string_equal(users(&f), "alice=ENABLED bob=ENABLED");
    assert_string_equal(members(&f, "Kiro"), "alice");
    assert_non_null(strstr(control(&f.base, HTTP_GET, "/_sim/scim", ""), "\"lost\":2,"));
    control(&f.base, HTTP_POST, "/_sim/scim", "{repush: Kiro}");
    sim_advance(f.base.sim, 60000);
    assert_string_equal(members(&f, "Kiro"), "alice bob");
    aws_close(&f);
}

static void test_a_wall_clock_that_jumps_neither_hastens_nor_stops_a_push(void **state)
{
    static const char *const jumps[] = {"{set: 2026-06-04T00:00:00Z}",
                                        "{set: 2026-04-04T00:00:00Z}"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct aws_fixture f;

        aws_open(&f, PUSH_ORG LAGS);
        join(&f, "Kiro", "bob");
        control(&f.base, HTTP_POST, "/_sim/clock", jumps[i]);
        sim_advance(f.base.sim, 59999);
        assert_string_equal(members(&f, "Kiro"), "alice");
        sim_advance(f.base.sim, 1);
        assert_string_equal(members(&f, "Kiro"), "alice bob");
        aws_close(&f);
    }
}

static void test_users_made_by_hand_are_taken_over_unless_they_may_not_be(void **state)
{
    struct aws_fixture f;

    (void)state;
    aws_open(&f, PUSH_ORG LAGS "aws: {users: [{user_name: CAROL@example.com, id: u-carol}]}\n");
    join(&f, "Assigned", "carol");
    store_in(&f, "DescribeUser", ",\"UserId\":\"u-carol\"");
    assert_string_equal(field(&f, "Id"), "");
    sim_advance(f.base.sim, 10000);
    store_in(&f, "DescribeUser", ",\"UserId\":\"u-carol\"");
    assert_string_equal(field(&f, "Id"), "00u1carolccccccccc03");
    assert_string_equal(field(&f, "UserName"), "carol@example.com");
    aws_close(&f);

    aws_open(&f, PUSH_ORG LAGS "aws: {users: [{user_name: carol@example.com, link: false}]}\n");
    join(&f, "Assigned", "carol");
    sim_advance(f.base.sim, 10000);
    assert_string_equal(pushes(&f), "user.push FAILURE carol");
    aws_close(&f);
}

static void test_people_may_be_assigned_by_themselves(void **state)
{
    static const char yaml[] =
        "people:\n"
        "  - {login: alice@example.com, id: 00u1aliceaaaaaaaaaa1, first_name: A, last_name: S}\n"
        "groups: [Assigned, {name: Kiro, members: [alice@example.com]}]\n"
        "apps:\n"
        "  - {name: aws, label: Amazon, id: 0oa1awsappaaaaaaaa01, users: [alice@example.com],\n"
        "     groups: [Assigned], pushed: [Kiro]}\n"
        "scim: {app: Amazon}\n";
    struct aws_fixture f;

    (void)state;
    aws_open(&f, yaml);
    assert_string_equal(members(&f, "Kiro"), "alice");
    get(&f.base, APP "/users/00u1aliceaaaaaaaaaa1");
    assert_int_equal(f.base.res.status, 200);
    assert_string_equal(field(&f, "scope"), "USER");
    assert_string_equal(arena_cstr(&f.base.arena, sim_aws(f.base.sim).scim_app_id),
                        "0oa1awsappaaaaaaaa01");
    aws_close(&f);
}

static void test_a_mapping_that_is_off_or_in_error_pushes_nothing(void **state)
{
    static const struct {
        const char *mapping, *shown, *members;
    } cases[] = {
        {"INACTIVE", "INACTIVE", "alice"},
        {"{status: ERROR, error: Broken}", "ERROR", "alice"},
        {"{status: ACTIVE}", "ACTIVE", "alice bob"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;

        aws_open(&f, NULL);
        fixture_load(&f.base, arena_printf(&f.base.arena,
                                           PUSH_ORG "scim: {group_lag: 60s, mappings: {Kiro: %s}}",
                                           cases[i].mapping)
                                  .ptr);
        join(&f, "Kiro", "bob");
        sim_advance(f.base.sim, 60000);
        assert_string_equal(members(&f, "Kiro"), cases[i].members);
        get(&f.base, APP "/group-push/mappings");
        assert_string_equal(field(&f, "status"), cases[i].shown);
        assert_string_equal(field(&f, "errorSummary"), i == 1 ? "Broken" : "");
        aws_close(&f);
    }

    struct aws_fixture f;
    aws_open(&f, PUSH_ORG "scim: {mappings: {Kiro: {status: INACTIVE, pushed: false}}}\n");
    assert_string_equal(group_id(&f, "Kiro"), "");
    aws_close(&f);
}

static void test_the_push_endpoints_need_their_scopes(void **state)
{
    static const struct {
        const char *scopes;
        int status; /* of the list, then of the change */
        int change;
    } cases[] = {
        {"[okta.groups.read]", 403, 403},
        {"[okta.apps.read, okta.groups.read]", 200, 403},
        {"[okta.apps.manage, okta.groups.manage]", 200, 404},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aws_fixture f;

        aws_open(&f, PUSH_ORG LAGS);
        fixture_load(
            &f.base,
            arena_printf(&f.base.arena,
                         "merge: true\ncredentials: {clients: [{dpop: false, scopes: %s}]}",
                         cases[i].scopes)
                .ptr);
        bearer(&f, HTTP_GET, APP "/group-push/mappings", cases[i].scopes);
        assert_int_equal(f.base.res.status, cases[i].status);
        bearer(&f, HTTP_PATCH, APP "/group-push/mappings/gPm1", cases[i].scopes);
        assert_int_equal(f.base.res.status, cases[i].change);
        aws_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_organisation_brings_was_pushed_long_ago),
        cmocka_unit_test(test_a_change_arrives_after_its_lag_whether_or_not_anybody_looked_before),
        cmocka_unit_test(test_who_is_looked_for_late_was_there_in_between),
        cmocka_unit_test(test_a_member_waits_for_his_user),
        cmocka_unit_test(test_who_is_not_assigned_or_has_no_proper_name_is_left_out_and_logged),
        cmocka_unit_test(test_who_leaves_is_disabled_and_not_deleted),
        cmocka_unit_test(test_who_comes_back_is_enabled_and_his_membership_waits_for_a_push),
        cmocka_unit_test(test_a_lost_push_never_arrives_until_it_is_pushed_anew),
        cmocka_unit_test(test_a_dead_token_fails_everything_and_says_so),
        cmocka_unit_test(test_what_is_done_by_hand_stays_until_the_next_push),
        cmocka_unit_test(test_a_group_made_by_hand_must_be_linked),
        cmocka_unit_test(test_mappings_come_in_pages),
        cmocka_unit_test(test_switching_a_mapping_off_and_on_pushes_the_whole_group),
        cmocka_unit_test(test_a_new_instance_is_filled_anew),
        cmocka_unit_test(test_nothing_is_noticed_by_who_does_not_ask),
        cmocka_unit_test(test_new_names_arrive_too),
        cmocka_unit_test(test_a_fresh_application_has_everything_under_way),
        cmocka_unit_test(test_every_push_is_lost_at_a_hundred_percent_but_whole_ones),
        cmocka_unit_test(test_a_wall_clock_that_jumps_neither_hastens_nor_stops_a_push),
        cmocka_unit_test(test_users_made_by_hand_are_taken_over_unless_they_may_not_be),
        cmocka_unit_test(test_people_may_be_assigned_by_themselves),
        cmocka_unit_test(test_a_mapping_that_is_off_or_in_error_pushes_nothing),
        cmocka_unit_test(test_the_push_endpoints_need_their_scopes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <dirent.h>

#include "base/file.h"
#include "unit/sim/sim_subs_fixture.h"

/* The fault scripts that are shipped: every one loads, does something, and can be gone through by a
 * client that lists and writes for an hour. Run from the root of the repository. */

#define FOLDER "config/faults"

/* A look at the store, as the program takes one; whatever comes of it. */
static void look_at_aws(struct aws_fixture *aws)
{
    const char *group;
    const char *application;

    sso(aws, "ListInstances", "{}");
    sso(aws, "ListApplications",
        arena_printf(&aws->base.arena, "{\"InstanceArn\":\"%.*s\"}", STR_ARG(aws->aws.instance_arn))
            .ptr);
    application = field(aws, "ApplicationArn");
    store_in(aws, "ListUsers", "");
    group =
        arena_printf(&aws->base.arena, ",\"GroupId\":\"%s\"", group_id(aws, "AWS_kiro_JP_Users"))
            .ptr;
    store_in(aws, "ListGroupMemberships", group);
    store_in(aws, "IsMemberInGroups", group);
    zorn(aws, "ListUserSubscriptions",
         arena_printf(&aws->base.arena,
                      "{\"instanceArn\":\"%.*s\",\"subscriptionRegion\":\"us-east-1\"}",
                      STR_ARG(aws->aws.instance_arn))
             .ptr);
    zorn(aws, "ListApplicationClaims",
         arena_printf(&aws->base.arena,
                      "{\"applicationArn\":\"%s\",\"subscriptionRegion\":\"us-east-1\"}",
                      application)
             .ptr);
}

static void go_through(struct aws_fixture *aws)
{
    struct fixture *f = &aws->base;

    static const char *const paths[] = {
        "/api/v1/groups?search=profile.name%20eq%20%22AWS_kiro_JP_Users%22",
        "/api/v1/users/alice%40example.com", "/api/v1/logs", "/api/v1/groups/rules"};
    struct str group = {0};
    struct str alice =
        between(str_of(control(f, HTTP_GET, "/_sim/people/alice", "")), "\"id\":\"", "\"");

    for (int minute = 0; minute < 60; minute++) {
        get(f, paths[0]);
        struct str now = between(f->res.body, "\"id\":\"", "\"");
        if (now.len > 0)
            group = arena_str(&f->arena, now);
        for (size_t i = 1; i < ARRAY_LEN(paths); i++)
            get(f, paths[i]);
        struct str members = arena_printf(&f->arena, "/api/v1/groups/%.*s/users", STR_ARG(group));
        get(f, arena_printf(&f->arena, "%s?limit=200", members.ptr).ptr);
        get(f, arena_printf(&f->arena, "%s?after=00u1&limit=2", members.ptr).ptr);
        ask(f, minute % 2 ? HTTP_PUT : HTTP_DELETE,
            arena_printf(&f->arena, "%s/%.*s", members.ptr, STR_ARG(alice)).ptr);
        look_at_aws(aws);
        sim_advance(f->sim, TIME_MINUTE);
    }
}

/* What a script's actions may change: quirks, the clock, rules, which group bears the name. */
static const char *show_cloud(struct fixture *f)
{
    const char *state = control(f, HTTP_GET, "/_sim/state", "");
    struct str skew = between(str_of(state), "\"skew_ms\":", ",");
    struct str rules = between(str_of(state), "\"rules\":", "\"faults\"");
    struct str members = str_of(control(f, HTTP_GET, "/_sim/groups/AWS_kiro_JP_Users/members", ""));
    struct str id = between(members, "\"group\":\"", "\"");

    struct str scim = between(str_of(control(f, HTTP_GET, "/_sim/scim", "")), "{", "\"waiting\"");

    return arena_printf(
               &f->arena, "%s\n%.*s\n%.*s\n%.*s\n%.*s\n%s\n%s\n%s\n%s\n",
               control(f, HTTP_GET, "/_sim/quirks", ""), STR_ARG(skew), STR_ARG(rules), STR_ARG(id),
               STR_ARG(scim), control(f, HTTP_GET, "/_sim/aws/quirks", ""),
               control(f, HTTP_GET, "/_sim/aws/instance", ""),
               control(f, HTTP_GET, "/_sim/aws/memberships?group=AWS_kiro_JP_ProPlus_Users", ""),
               control(f, HTTP_GET, "/_sim/subscriptions", ""))
        .ptr;
}

static void check_script(const char *name)
{
    struct aws_fixture aws;
    struct fixture *f = &aws.base;
    struct str text;
    struct err err = {0};

    aws_open(&aws, NULL);
    const char *before = show_cloud(f);
    if (!file_read(arena_printf(&f->arena, "%s/%s", FOLDER, name), 65536, FILE_ANY, &f->arena,
                   &text, &err) ||
        !sim_load_faults(f->sim, text, &err))
        fail_msg("%s: %s", name, err.msg);
    assert_int_equal(text.ptr[0], '#');
    go_through(&aws);
    if (!strstr(control(f, HTTP_GET, "/_sim/history?faults=true", ""), "\"seq\"") &&
        strcmp(before, show_cloud(f)) == 0)
        fail_msg("%s did nothing", name);
    aws_close(&aws);
}

static void test_every_shipped_script_loads_and_plays(void **state)
{
    DIR *dir = opendir(FOLDER);
    size_t n = 0;

    (void)state;
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (str_ends(str_of(entry->d_name), STR(".yaml"))) {
            print_message("%s\n", entry->d_name);
            check_script(entry->d_name);
            n++;
        }
    }
    closedir(dir);
    assert_true(n >= 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_shipped_script_loads_and_plays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

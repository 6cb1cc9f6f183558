#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "settings/settings.h"
#include "unit/sim/sim_fixture.h"

static const char *make_folder(struct fixture *f)
{
    char template[] = "/tmp/seatkeeper-sim-XXXXXX";

    assert_non_null(mkdtemp(template));
    return arena_cstr(&f->arena, arena_printf(&f->arena, "%s/sub", template));
}

static void remove_folder(struct fixture *f, const char *folder)
{
    static const char *const names[] = {"settings.yaml", "okta.pem", "aws.credentials"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unlink(arena_printf(&f->arena, "%s/%s", folder, names[i]).ptr);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(rmdir(arena_printf(&f->arena, "%.*s", (int)strlen(folder) - 4, folder).ptr),
                     0);
}

static void test_the_settings_it_writes_pass_the_programs_own_check(void **state)
{
    struct fixture f;
    struct err err = {0};
    struct settings settings;
    struct settings_problems problems = {0};

    (void)state;
    fixture_open(&f, NULL);
    const char *folder = make_folder(&f);
    if (!sim_write_settings(f.sim, STR("http://127.0.0.1:4711"), str_of(folder), &err))
        fail_msg("%s", err.msg);

    struct str path = arena_printf(&f.arena, "%s/settings.yaml", folder);
    if (!settings_load(path, &f.arena, &settings, &problems, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(
        arena_printf(&f.arena, "%.*s %.*s %.*s dpop=%d users=%zu entitlements=%zu plans=%zu",
                     STR_ARG(settings.okta.url), STR_ARG(settings.okta.client_id),
                     STR_ARG(settings.okta.key_id), settings.okta.dpop, settings.n_local_users,
                     settings.policy.n_entitlements, settings.policy.entitlements[0].n_plans)
            .ptr,
        "http://127.0.0.1:4711 0oa1seatkeepersim001 sim-key-1 dpop=1 users=1 entitlements=1 "
        "plans=2");
    remove_folder(&f, folder);
    fixture_close(&f);
}

static void test_the_key_is_private_and_nothing_is_overwritten(void **state)
{
    struct fixture f;
    struct err err = {0};
    struct stat st;

    (void)state;
    fixture_open(&f, NULL);
    const char *folder = make_folder(&f);
    assert_true(sim_write_settings(f.sim, STR("http://127.0.0.1:1"), str_of(folder), &err));
    assert_int_equal(stat(arena_printf(&f.arena, "%s/okta.pem", folder).ptr, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_false(sim_write_settings(f.sim, STR("http://127.0.0.1:1"), str_of(folder), &err));
    assert_int_equal(err.kind, ERR_USAGE);
    remove_folder(&f, folder);
    fixture_close(&f);
}

static void test_they_name_the_cloud_for_every_service(void **state)
{
    struct fixture f;
    struct err err = {0};
    struct settings settings;
    struct settings_problems problems = {0};
    struct stat st;

    (void)state;
    fixture_open(&f, NULL);
    const char *folder = make_folder(&f);
    struct sim_aws aws = sim_aws(f.sim);
    if (!sim_write_settings(f.sim, STR("http://127.0.0.1:4711"), str_of(folder), &err))
        fail_msg("%s", err.msg);

    struct str path = arena_printf(&f.arena, "%s/settings.yaml", folder);
    if (!settings_load(path, &f.arena, &settings, &problems, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(
        arena_printf(&f.arena, "%.*s %.*s %.*s %.*s %.*s", STR_ARG(settings.aws.region),
                     STR_ARG(settings.aws.account), STR_ARG(settings.aws.endpoint_identitystore),
                     STR_ARG(settings.aws.endpoint_sso), STR_ARG(settings.aws.endpoint_sts))
            .ptr,
        "ap-northeast-1 111122223333 http://127.0.0.1:4711 http://127.0.0.1:4711 "
        "http://127.0.0.1:4711");
    /* Where subscriptions are is said, whether anybody looks at them is not. */
    assert_string_equal(
        arena_printf(&f.arena, "%.*s %.*s %.*s", STR_ARG(settings.aws.endpoint_subscriptions),
                     STR_ARG(settings.aws.endpoint_q), STR_ARG(settings.aws.kiro_region))
            .ptr,
        "http://127.0.0.1:4711 http://127.0.0.1:4711 us-east-1");
    assert_int_equal(settings.aws.subscriptions, SUBSCRIPTIONS_OFF);
    assert_true(str_eq(settings.aws.instance_arn, aws.instance_arn));
    assert_true(str_eq(settings.okta.scim_app_id, aws.scim_app_id));

    struct str text;
    const char *file = arena_printf(&f.arena, "%s/aws.credentials", folder).ptr;
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(file_read(str_of(file), 4096, FILE_ANY, &f.arena, &text, &err));
    assert_string_equal(arena_cstr(&f.arena, text),
                        arena_printf(&f.arena,
                                     "[default]\naws_access_key_id = %.*s\n"
                                     "aws_secret_access_key = %.*s\n",
                                     STR_ARG(aws.access_key), STR_ARG(aws.secret_key))
                            .ptr);
    assert_false(sim_write_settings(f.sim, STR("http://127.0.0.1:1"), str_of(folder), &err));
    remove_folder(&f, folder);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_settings_it_writes_pass_the_programs_own_check),
        cmocka_unit_test(test_the_key_is_private_and_nothing_is_overwritten),
        cmocka_unit_test(test_they_name_the_cloud_for_every_service),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit/aws/aws_rig.h"

struct variables {
    struct rig_variable items[6];
};

#define ENV_PAIR                          \
    {"AWS_ACCESS_KEY_ID", "AKIDENV"},     \
    {                                     \
        "AWS_SECRET_ACCESS_KEY", HUSH "E" \
    }
#define WEB                                   \
    {"AWS_WEB_IDENTITY_TOKEN_FILE", "token"}, \
    {                                         \
        "AWS_ROLE_ARN", ROLE_ARN              \
    }
#define ECS                                                   \
    {                                                         \
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/creds" \
    }
#define NO_IMDS                             \
    {                                       \
        "AWS_EC2_METADATA_DISABLED", "true" \
    }

static const char config[] = "[default]\n"
                             "aws_access_key_id = AKIDDEFAULT\n"
                             "aws_secret_access_key = " HUSH "D\n"
                             "[profile other]\n"
                             "aws_access_key_id = AKIDOTHER\n"
                             "aws_secret_access_key = " HUSH "O\n"
                             "[profile broken]\n"
                             "credential_process = /nonexistent/program\n";

/* Everybody who could be asked answers; who is asked is the question. */
static const struct fake_answer sts[] = {
    {.body_has = "AssumeRoleWithWebIdentity", .body = WEB_XML("AKIDWEB", IN_1H)},
    {.body_has = "Action=AssumeRole&", .body = ROLE_XML("AKIDROLE", IN_1H)},
};
static const struct fake_answer meta[] = {
    {.method = "PUT", .url = "/latest/api/token", .body = HUSH "Imds"},
    {.url = "/v2/creds", .body = META_JSON("AKIDECS", IN_1H)},
    {.url = "/security-credentials/node", .body = META_JSON("AKIDIMDS", IN_1H)},
    {.url = "/security-credentials/", .body = "node\n"},
};

static const struct chain_case {
    const char *says, *config, *profile, *role;
    struct variables env;
    const char *shown;
} cases[] = {
    {"an explicit profile wins over all",
     config,
     "other",
     NULL,
     {{ENV_PAIR, WEB, ECS}},
     "AKIDOTHER HushO - from profile other"},
    {"so does AWS_PROFILE",
     config,
     NULL,
     NULL,
     {{{"AWS_PROFILE", "other"}, ENV_PAIR, WEB}},
     "AKIDOTHER HushO - from profile other"},
    {"the setting wins over AWS_PROFILE",
     config,
     "default",
     NULL,
     {{{"AWS_PROFILE", "other"}}},
     "AKIDDEFAULT HushD - from profile default"},
    {"then the environment",
     config,
     NULL,
     NULL,
     {{ENV_PAIR, WEB, ECS}},
     "AKIDENV HushE - from environment"},
    {"with its token",
     config,
     NULL,
     NULL,
     {{ENV_PAIR, {"AWS_SESSION_TOKEN", HUSH "T"}}},
     "AKIDENV HushE HushT from environment"},
    {"then the default profile",
     config,
     NULL,
     NULL,
     {{WEB, ECS}},
     "AKIDDEFAULT HushD - from profile default"},
    {"then web identity",
     NULL,
     NULL,
     NULL,
     {{WEB, ECS}},
     "AKIDWEB Hush2 HushToken2 from web identity, role " ROLE_ARN},
    {"then the container", NULL, NULL, NULL, {{ECS}}, "AKIDECS Hush3 HushToken3 from container"},
    {"then the instance",
     NULL,
     NULL,
     NULL,
     {{{0}}},
     "AKIDIMDS Hush3 HushToken3 from instance metadata, role node"},
    {"a default profile with nothing but a region is none",
     "[default]\nregion = eu-west-1\n",
     NULL,
     NULL,
     {{ECS}},
     "AKIDECS Hush3 HushToken3 from container"},
    {"what is set to nothing is not set",
     NULL,
     NULL,
     NULL,
     {{{"AWS_ACCESS_KEY_ID", ""}, {"AWS_PROFILE", ""}, ECS}},
     "AKIDECS Hush3 HushToken3 from container"},
    {"a role on top of it",
     NULL,
     NULL,
     ROLE2,
     {{ENV_PAIR}},
     "AKIDROLE Hush1 HushToken1 from environment, role " ROLE2},
    {"half a pair is a mistake, not a reason to become the default profile",
     config,
     NULL,
     NULL,
     {{{"AWS_ACCESS_KEY_ID", "AKIDENV"}, WEB, ECS}},
     "settings: AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY from "},
    {"the other half, too",
     config,
     NULL,
     NULL,
     {{{"AWS_SECRET_ACCESS_KEY", HUSH "E"}}},
     "settings: AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID from "},
    {"half a pair does not matter beside a named profile",
     config,
     "other",
     NULL,
     {{{"AWS_ACCESS_KEY_ID", "AKIDENV"}}},
     "AKIDOTHER HushO - from profile other"},
    {"a profile that fails is not passed over",
     config,
     "broken",
     NULL,
     {{ENV_PAIR, ECS}},
     "settings: profile broken: credential_process: /nonexistent/program: No such file or "
     "directory from "},
    {"nor one that does not exist",
     config,
     "gone",
     NULL,
     {{ENV_PAIR}},
     "settings: there is no profile gone in HOME/.aws/credentials and HOME/.aws/config from "},
    {"nor AWS_PROFILE",
     NULL,
     NULL,
     NULL,
     {{{"AWS_PROFILE", "gone"}, ECS}},
     "settings: there is no profile gone in HOME/.aws/credentials and HOME/.aws/config from "},
    {"nor a web identity without its role",
     NULL,
     NULL,
     NULL,
     {{{"AWS_WEB_IDENTITY_TOKEN_FILE", "token"}, ECS}},
     "settings: AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN from "},
    {"nothing is left",
     NULL,
     NULL,
     NULL,
     {{NO_IMDS}},
     "settings: no credentials are configured: neither a profile, nor keys, a web identity or a "
     "container in the environment, and instance metadata is switched off from "},
    {"keys that are none",
     NULL,
     NULL,
     NULL,
     {{{"AWS_ACCESS_KEY_ID", "AKIDENV"}, {"AWS_SECRET_ACCESS_KEY", HUSH " with a blank"}}},
     "settings: environment: the secret key is none (visible characters, at most 256) from "},
    {"a key id that is none",
     NULL,
     NULL,
     NULL,
     {{{"AWS_ACCESS_KEY_ID", HUSH "/x"}, {"AWS_SECRET_ACCESS_KEY", HUSH}}},
     "settings: environment: the access key is none (letters, digits, at most 128) from "},
    {"a role that is none",
     NULL,
     NULL,
     "ctl",
     {{ENV_PAIR}},
     "settings: the role is no ARN like arn:aws:iam::111122223333:role/x from "},
};

/* With the home folder's path, which is another each time, as HOME. */
static const char *without_home(struct rig *rig, const char *text)
{
    struct str out = {0};
    size_t len = strlen(rig->home);

    for (const char *at; (at = strstr(text, rig->home)); text = at + len) {
        out = arena_printf(&rig->arena, "%.*s%.*sHOME", STR_ARG(out), (int)(at - text), text);
    }
    return arena_printf(&rig->arena, "%.*s%s", STR_ARG(out), text).ptr;
}

static void run_case(const struct chain_case *c)
{
    struct rig rig;

    rig_open(&rig);
    RIG_SCRIPT(&rig.fake, sts);
    RIG_SCRIPT(&rig.meta, meta);
    if (c->config)
        rig_profiles(&rig, c->config);
    const char *token = rig_write(&rig, "token", HUSH "WebToken\n", 0644);
    for (size_t i = 0; i < ARRAY_LEN(c->env.items) && c->env.items[i].name; i++) {
        bool is_file = strcmp(c->env.items[i].value, "token") == 0;
        rig_setenv(&rig, c->env.items[i].name, is_file ? token : c->env.items[i].value);
    }
    rig.options.profile = str_of(c->profile);
    rig.options.role_arn = str_of(c->role);

    const char *shown = without_home(&rig, rig_get_from(&rig));
    if (strcmp(shown, c->shown) != 0)
        fail_msg("%s: %s, expected %s", c->says, shown, c->shown);
    rig_close(&rig);
}

static void test_the_first_source_that_is_configured_is_the_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        run_case(&cases[i]);
}

static void test_whoever_was_not_asked_for_is_not_asked(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_setenv(&rig, "AWS_ACCESS_KEY_ID", "AKIDENV");
    rig_setenv(&rig, "AWS_SECRET_ACCESS_KEY", HUSH "E");
    assert_string_equal(rig_get(&rig), "AKIDENV HushE -");
    assert_int_equal(rig.fake.n_requests + rig.meta.n_requests, 0);
    rig_close(&rig);
}

/* Two answers, for a first fetch and one after a drop. */
static void test_who_we_are_does_not_change_while_we_run(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    RIG_SCRIPT(&rig.meta, meta);
    rig_profiles(&rig, config);
    assert_string_equal(rig_get(&rig), "AKIDDEFAULT HushD -");
    rig_profiles(&rig, "[default]\nregion = x\n");
    aws_creds_drop(rig.creds);
    assert_string_equal(rig_get(&rig),
                        "settings: they came from a profile and would now come from instance "
                        "metadata; restart if that is meant");
    rig_profiles(&rig, "[default]\naws_access_key_id=AKIDNEW\naws_secret_access_key=" HUSH "N\n");
    assert_string_equal(rig_get(&rig), "AKIDNEW HushN -");
    rig_close(&rig);
}

static void test_one_file_instead_of_the_two_is_the_only_one_read(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_profiles(&rig, config);
    rig_setenv(&rig, "AWS_ACCESS_KEY_ID", "AKIDENV");
    rig_setenv(&rig, "AWS_SECRET_ACCESS_KEY", HUSH "E");
    rig.options.credentials_file =
        str_of(rig_write(&rig, "keys",
                         "[default]\naws_access_key_id=AKIDFILE\naws_secret_access_key=" HUSH "F\n"
                         "[plain]\naws_access_key_id=AKIDPLAIN\naws_secret_access_key=" HUSH "P\n",
                         0600));
    assert_string_equal(rig_get_from(&rig), "AKIDFILE HushF - from profile default");
    aws_creds_free(rig.creds);
    rig.creds = NULL;
    rig.options.profile = STR("plain");
    assert_string_equal(rig_get_from(&rig), "AKIDPLAIN HushP - from profile plain");
    aws_creds_free(rig.creds);
    rig.creds = NULL;
    rig.options.profile = STR("other");
    assert_non_null(strstr(rig_get(&rig), "settings: there is no profile other in /tmp/"));
    rig.options.credentials_file = STR("/nonexistent/keys");
    aws_creds_free(rig.creds);
    rig.creds = NULL;
    assert_string_equal(rig_get(&rig), "settings: /nonexistent/keys: No such file or directory");
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_source_that_is_configured_is_the_answer),
        cmocka_unit_test(test_whoever_was_not_asked_for_is_not_asked),
        cmocka_unit_test(test_who_we_are_does_not_change_while_we_run),
        cmocka_unit_test(test_one_file_instead_of_the_two_is_the_only_one_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

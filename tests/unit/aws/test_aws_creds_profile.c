#include "unit/aws/aws_rig.h"

#define KEYS(id)  "aws_access_key_id = AKID" id "\naws_secret_access_key = " HUSH id "\n"
#define ROLE(arn) "role_arn = " arn "\n"

/* Both kinds of assuming answer; the second role only to the first's keys. */
static const struct fake_answer sts[] = {
    {.body_has = "second",
     .header = "Authorization: Credential=AKIDR1/",
     .body = ROLE_XML("AKIDR2", IN_1H)},
    {.body_has = "role%2Fctl",
     .header = "Authorization: Credential=AKID",
     .body = ROLE_XML("AKIDR1", IN_1H)},
    {.body_has = "AssumeRoleWithWebIdentity", .body = WEB_XML("AKIDWEB", IN_1H)},
};
static const struct fake_answer meta[] = {
    {.method = "PUT", .url = "/latest/api/token", .body = HUSH "Imds"},
    {.url = "/v2/creds", .body = META_JSON("AKIDECS", IN_1H)},
    {.url = "/security-credentials/node", .body = META_JSON("AKIDIMDS", IN_1H)},
    {.url = "/security-credentials/", .body = "node\n"},
};

#define PROCESS(json) "credential_process = echo '" json "'\n"

static const struct profile_case {
    const char *says, *config, *credentials; /* about profile x */
    const char *shown;
} cases[] = {
    {"keys", "[profile x]\n" KEYS("X"), NULL, "AKIDX HushX - from profile x"},
    {"keys with a token", "[profile x]\n" KEYS("X") "aws_session_token = " HUSH "T\n", NULL,
     "AKIDX HushX HushT from profile x"},
    {"the credentials file wins", "[profile x]\n" KEYS("X"), "[x]\n" KEYS("C"),
     "AKIDC HushC - from profile x"},
    {"and keys of two files are not mixed",
     "[profile x]\n" KEYS("X") "aws_session_token = " HUSH "T\n", "[x]\n" KEYS("C"),
     "AKIDC HushC - from profile x"},
    {"a role of another profile",
     "[profile x]\n" ROLE(ROLE_ARN) "source_profile = y\n[profile y]\n" KEYS("Y"), NULL,
     "AKIDR1 Hush1 HushToken1 from profile x, profile y, role " ROLE_ARN},
    {"a role of a role",
     "[profile x]\n" ROLE(ROLE2) "source_profile = y\n[profile y]\n" ROLE(
         ROLE_ARN) "source_profile = z\n",
     "[z]\n" KEYS("Z"),
     "AKIDR2 Hush1 HushToken1 from profile x, profile y, profile z, role " ROLE_ARN
     ", role " ROLE2},
    {"a role of its own keys", "[profile x]\n" ROLE(ROLE_ARN) "source_profile = x\n" KEYS("X"),
     NULL, "AKIDR1 Hush1 HushToken1 from profile x, role " ROLE_ARN},
    {"a role of the environment",
     "[profile x]\n" ROLE(ROLE_ARN) "credential_source = Environment\n", NULL,
     "AKIDR1 Hush1 HushToken1 from profile x, environment, role " ROLE_ARN},
    {"a role of the instance",
     "[profile x]\n" ROLE(ROLE_ARN) "credential_source = Ec2InstanceMetadata\n", NULL,
     "AKIDR1 Hush1 HushToken1 from profile x, instance metadata, role node, role " ROLE_ARN},
    {"a role of the container", "[profile x]\n" ROLE(ROLE_ARN) "credential_source = EcsContainer\n",
     NULL, "AKIDR1 Hush1 HushToken1 from profile x, container, role " ROLE_ARN},
    {"a role for a token", "[profile x]\n" ROLE(ROLE_ARN) "web_identity_token_file = TOKEN\n", NULL,
     "AKIDWEB Hush2 HushToken2 from profile x, web identity, role " ROLE_ARN},
    {"a process that gives keys for ever",
     "[profile x]\n" PROCESS("{\"Version\":1,\"AccessKeyId\":\"AKIDP\",\"SecretAccessKey\":\"" HUSH
                             "P\"}"),
     NULL, "AKIDP HushP - from profile x, credential_process"},
    {"a process that gives keys for a while",
     "[profile x]\n" PROCESS("{\"Version\":1,\"AccessKeyId\":\"AKIDP\",\"SecretAccessKey\":\"" HUSH
                             "P\",\"SessionToken\":\"" HUSH "T\",\"Expiration\":\"" IN_1H "\"}"),
     NULL, "AKIDP HushP HushT from profile x, credential_process"},
    {"a process for whoever signs in by hand elsewhere",
     "[profile x]\nsso_start_url = u\n" PROCESS(
         "{\"Version\":1,\"AccessKeyId\":\"AKIDP\",\"SecretAccessKey\":\"" HUSH "P\"}"),
     NULL, "AKIDP HushP - from profile x, credential_process"},

    {"another version",
     "[profile x]\n" PROCESS("{\"Version\":2,\"AccessKeyId\":\"AKIDP\","
                             "\"SecretAccessKey\":\"" HUSH "P\"}"),
     NULL, "remote: profile x: credential_process: `Version` is 2, only 1 is known"},
    {"no version",
     "[profile x]\n" PROCESS("{\"AccessKeyId\":\"AKIDP\",\"SecretAccessKey\":\"" HUSH "P\"}"), NULL,
     "remote: profile x: credential_process: Version: missing"},
    {"no JSON", "[profile x]\ncredential_process = echo " HUSH "\n", NULL,
     "remote: profile x: credential_process: *"},
    {"an expiration that is none",
     "[profile x]\n" PROCESS("{\"Version\":1,\"AccessKeyId\":\"AKIDP\",\"SecretAccessKey\":\"" HUSH
                             "P\",\"Expiration\":\"soon\"}"),
     NULL, "remote: profile x: credential_process: `Expiration` is no time"},
    {"a set that has expired",
     "[profile x]\n" PROCESS("{\"Version\":1,\"AccessKeyId\":\"AKIDP\",\"SecretAccessKey\":\"" HUSH
                             "P\",\"Expiration\":\"2026-05-04T09:12:40Z\"}"),
     NULL, "remote: profile x, credential_process: what it gives has expired already"},
    {"a process that fails",
     "[profile x]\ncredential_process = /bin/sh -c 'echo " HUSH "; exit 9'\n", NULL,
     "refused: profile x: credential_process ended with status 9; run it by hand to see why"},
    {"a browser", "[profile x]\nsso_session = s\nsso_account_id = 1\n[sso-session s]\nregion=r\n",
     NULL,
     "settings: profile x: it signs in by a browser (sso_*), for which nobody is there; use a role, "
     "keys or credential_process"},
    {"half a pair", "[profile x]\naws_access_key_id = AKIDX\n", NULL,
     "settings: profile x: aws_access_key_id is there without aws_secret_access_key"},
    {"the other half", "[profile x]\naws_secret_access_key = " HUSH "\n", NULL,
     "settings: profile x: aws_secret_access_key is there without aws_access_key_id"},
    {"nothing", "[profile x]\nregion = r\n", NULL,
     "settings: profile x: it holds nothing that gives credentials"},
    {"a circle",
     "[profile x]\n" ROLE(ROLE_ARN) "source_profile = y\n[profile y]\n" ROLE(
         ROLE2) "source_profile = x\n",
     NULL, "settings: profile x: profile y: source_profile goes in a circle: x -> y -> x"},
    {"a circle of one", "[profile x]\n" ROLE(ROLE_ARN) "source_profile = x\n", NULL,
     "settings: profile x: source_profile is itself, and it holds no keys"},
    {"a source that is not there", "[profile x]\n" ROLE(ROLE_ARN) "source_profile = y\n", NULL,
     "settings: profile x: there is no profile y in *"},
    {"two sources",
     "[profile x]\n" ROLE(ROLE_ARN) "source_profile = y\ncredential_source = Environment\n", NULL,
     "settings: profile x: source_profile and credential_source exclude each other"},
    {"no source", "[profile x]\n" ROLE(ROLE_ARN) KEYS("X"), NULL,
     "settings: profile x: role_arn needs a source_profile, a credential_source or a "
     "web_identity_token_file"},
    {"a source that nobody knows", "[profile x]\n" ROLE(ROLE_ARN) "credential_source = Elsewhere\n",
     NULL,
     "settings: profile x: credential_source is Environment, Ec2InstanceMetadata or EcsContainer"},
    {"a token without a role", "[profile x]\nweb_identity_token_file = TOKEN\n", NULL,
     "settings: profile x: web_identity_token_file is there without role_arn"},
    {"a source without a role", "[profile x]\nsource_profile = y\n", NULL,
     "settings: profile x: a source of credentials is there without role_arn"},
    {"a code from a telephone",
     "[profile x]\n" ROLE(ROLE_ARN) "source_profile = x\nmfa_serial = m\n" KEYS("X"), NULL,
     "settings: profile x: mfa_serial: nobody is there to type a code"},
    {"a role that is none", "[profile x]\nrole_arn = ctl\nsource_profile = x\n" KEYS("X"), NULL,
     "settings: profile x: the role is no ARN like arn:aws:iam::111122223333:role/x"},
    {"too short a time",
     "[profile x]\n" ROLE(ROLE_ARN) "source_profile = x\nduration_seconds = 60\n" KEYS("X"), NULL,
     "settings: profile x: a role is taken for 900 to 43200 seconds"},
    {"a time that is none",
     "[profile x]\n" ROLE(ROLE_ARN) "source_profile = x\nduration_seconds = 1h\n" KEYS("X"), NULL,
     "settings: profile x: duration_seconds is no number"},
    {"a session name that is none",
     "[profile x]\n" ROLE(ROLE_ARN) "source_profile = x\nrole_session_name = a b\n" KEYS("X"), NULL,
     "settings: profile x: a role's session name has 2 to 64 letters, digits and _+=,.@-"},
    {"an external id that is none",
     "[profile x]\n" ROLE(ROLE_ARN) "source_profile = x\nexternal_id = " HUSH "!\n" KEYS("X"), NULL,
     "settings: profile x: an external id has 2 to 1224 letters, digits and _+=,.@:/-"},
    {"a command over two lines", "[profile x]\ncredential_process = echo\n  more\n", NULL,
     "settings: profile x: credential_process goes on over several lines, expected one"},
    {"a file that is none", "[profile x]\n" HUSH "\n", NULL,
     "settings: *config: line 2: neither [section], comment nor key = value"},
};

static bool fits(const char *text, const char *pattern)
{
    const char *star = strchr(pattern, '*');
    /* `sso_*` is meant as it stands. */
    if (!star || star[1] == ')')
        return strcmp(text, pattern) == 0;
    size_t head = (size_t)(star - pattern);
    size_t tail = strlen(star + 1);
    return strncmp(text, pattern, head) == 0 && strlen(text) >= head + tail &&
           strcmp(text + strlen(text) - tail, star + 1) == 0;
}

/* TOKEN in the configuration is the path of a file with one. */
static const char *with_token_path(struct rig *rig, const char *text)
{
    const char *at = text ? strstr(text, "TOKEN\n") : NULL;

    if (!at)
        return text;
    return arena_printf(&rig->arena, "%.*s%s%s", (int)(at - text), text,
                        rig_write(rig, "token", HUSH "Web\n", 0644), at + 5)
        .ptr;
}

static void test_a_profile_is_what_its_keys_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;
        rig_open(&rig);
        RIG_SCRIPT(&rig.fake, sts);
        RIG_SCRIPT(&rig.meta, meta);
        rig_setenv(&rig, "AWS_ACCESS_KEY_ID", "AKIDENV");
        rig_setenv(&rig, "AWS_SECRET_ACCESS_KEY", HUSH "E");
        rig_setenv(&rig, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/creds");
        rig_profiles(&rig, with_token_path(&rig, cases[i].config));
        if (cases[i].credentials)
            (void)rig_write(&rig, ".aws/credentials", cases[i].credentials, 0600);
        rig.options.profile = STR("x");

        const char *shown = rig_get(&rig);
        if (rig.err.kind == ERR_NONE)
            shown = rig_get_from(&rig);
        if (!fits(shown, cases[i].shown))
            fail_msg("%s: %s, expected %s", cases[i].says, shown, cases[i].shown);
        rig_close(&rig);
    }
}

static void test_more_than_eight_profiles_behind_each_other_are_refused(void **state)
{
    struct rig rig;
    struct str config = STR("[profile x]\nrole_arn=" ROLE_ARN "\nsource_profile=p0\n");

    (void)state;
    rig_open(&rig);
    for (int i = 0; i < 9; i++) {
        config = arena_printf(&rig.arena,
                              "%.*s[profile p%d]\nrole_arn=" ROLE_ARN "\nsource_profile=p%d\n",
                              STR_ARG(config), i, i + 1);
    }
    rig_profiles(&rig, config.ptr);
    rig.options.profile = STR("x");
    assert_non_null(strstr(rig_get(&rig), "more than 8 profiles behind each other"));
    rig_close(&rig);
}

static void test_what_is_asked_of_sts_says_all_that_the_profile_says(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    RIG_SCRIPT(&rig.fake, sts);
    rig_profiles(&rig, "[profile x]\nrole_arn = " ROLE_ARN "\nsource_profile = x\n"
                       "role_session_name = me@example.com\nexternal_id = a/b:c\n"
                       "duration_seconds = 1800\n" KEYS("X"));
    rig.options.profile = STR("x");
    assert_string_equal(rig_get(&rig), "AKIDR1 Hush1 HushToken1");
    assert_string_equal(fake_transport_log(&rig.fake),
                        "POST " STS_URL " Action=AssumeRole&Version=2011-06-15"
                        "&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fctl"
                        "&RoleSessionName=me%40example.com&DurationSeconds=1800"
                        "&ExternalId=a%2Fb%3Ac\n");
    rig_close(&rig);
}

/* ---- files that cannot be trusted ---- */

static void test_files_that_others_can_read_or_write_are_refused(void **state)
{
    static const struct {
        const char *file, *text;
        unsigned mode;
        const char *ends;
    } cases_of[] = {
        {".aws/credentials", "[x]\n" KEYS("X"), 0644, "chmod 600 "},
        {".aws/config", "[profile x]\n" KEYS("X"), 0640, "chmod 600 "},
        {".aws/config", "[profile x]\ncredential_process = true\n", 0666, "chmod go-w "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases_of); i++) {
        struct rig rig;
        rig_open(&rig);
        const char *path = rig_write(&rig, cases_of[i].file, cases_of[i].text, cases_of[i].mode);
        rig.options.profile = STR("x");
        const char *expected = arena_printf(&rig.arena, "%s%s", cases_of[i].ends, path).ptr;
        assert_non_null(strstr(rig_get(&rig), expected));
        assert_int_equal(rig.err.kind, ERR_SETTINGS);
        rig_close(&rig);
    }
}

static void test_the_files_can_be_elsewhere(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_setenv(&rig, "AWS_SHARED_CREDENTIALS_FILE",
               rig_write(&rig, "keys", "[x]\n" KEYS("K"), 0600));
    rig_setenv(&rig, "AWS_CONFIG_FILE", rig_write(&rig, "one", "[profile y]\nregion=r\n", 0644));
    rig.options.profile = STR("x");
    assert_string_equal(rig_get(&rig), "AKIDK HushK -");
    rig_close(&rig);

    rig_open(&rig);
    rig_setenv(&rig, "HOME", "");
    rig.options.profile = STR("x");
    assert_string_equal(rig_get(&rig),
                        "settings: there is no profile x in any file: HOME is not set");
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_profile_is_what_its_keys_say),
        cmocka_unit_test(test_more_than_eight_profiles_behind_each_other_are_refused),
        cmocka_unit_test(test_what_is_asked_of_sts_says_all_that_the_profile_says),
        cmocka_unit_test(test_files_that_others_can_read_or_write_are_refused),
        cmocka_unit_test(test_the_files_can_be_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

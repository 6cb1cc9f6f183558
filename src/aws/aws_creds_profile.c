/* Profiles of the shared files: contracts/aws.md 7.2. */

#include "aws/aws_creds_source.h"
#include "aws/aws_process.h"
#include "base/attr.h"
#include "base/file.h"

#define FILE_MAX ((size_t)1 << 20)

/* ---- the files ---- */

static struct str path_of(const struct aws_fetch *fetch, const char *variable, const char *usual)
{
    struct str named = aws_fetch_env(fetch, variable);
    struct str home = aws_fetch_env(fetch, "HOME");

    if (named.len > 0)
        return named;
    if (home.len == 0)
        return (struct str){0};
    return arena_printf(fetch->arena, "%.*s/.aws/%s", STR_ARG(home), usual);
}

static bool holds_secrets(const struct aws_ini *ini)
{
    for (size_t i = 0; i < ini->entries.n; i++) {
        if (str_is(ini->entries.items[i].key, "aws_secret_access_key"))
            return true;
    }
    return false;
}

/* Whoever may write it may run programs as us (credential_process); whoever may read the keys in it
 * may be us. */
static bool read_file(struct aws_fetch *fetch, struct str path, enum aws_ini_form form,
                      struct aws_ini *out, struct err *err)
{
    CLEANUP(secret_fini) struct secret whole = {0};
    struct str text;

    if (!file_read(path, FILE_MAX, FILE_UNSHARED, fetch->arena, &text, err))
        return false;
    if (!aws_ini_read(text, form, fetch->arena, out, err))
        return err_wrap(err, "%.*s", STR_ARG(path));
    return !holds_secrets(out) || secret_from_whole_file(&whole, path, err);
}

static bool read_if_there(struct aws_fetch *fetch, struct str path, enum aws_ini_form form,
                          struct aws_ini *out, struct err *err)
{
    return path.len == 0 || !file_exists(path) || read_file(fetch, path, form, out, err);
}

bool aws_files_read(struct aws_fetch *fetch, struct err *err)
{
    struct aws_files *files = &fetch->files;
    struct str one = fetch->options->credentials_file;
    struct str credentials;
    struct str config;

    *files = (struct aws_files){.paths = one};
    if (one.len > 0)
        return read_file(fetch, one, AWS_INI_EITHER, &files->credentials, err);

    credentials = path_of(fetch, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
    config = path_of(fetch, "AWS_CONFIG_FILE", "config");
    files->paths =
        credentials.len == 0 && config.len == 0
            ? STR("any file: HOME is not set")
            : arena_printf(fetch->arena, "%.*s and %.*s", STR_ARG(credentials), STR_ARG(config));
    return read_if_there(fetch, credentials, AWS_INI_CREDENTIALS, &files->credentials, err) &&
           read_if_there(fetch, config, AWS_INI_CONFIG, &files->config, err);
}

bool aws_files_have(const struct aws_files *files, struct str profile)
{
    return aws_ini_has(&files->credentials, profile) || aws_ini_has(&files->config, profile);
}

/* ---- the keys of a profile ---- */

/* The credentials file wins. */
static const struct aws_ini_entry *find(const struct aws_files *files, struct str profile,
                                        const char *key)
{
    const struct aws_ini_entry *entry = aws_ini_find(&files->credentials, profile, key);

    return entry ? entry : aws_ini_find(&files->config, profile, key);
}

static bool has(const struct aws_files *files, struct str profile, const char *key)
{
    const struct aws_ini_entry *entry = find(files, profile, key);

    return entry && (entry->value.len > 0 || entry->goes_on);
}

static bool has_sso(const struct aws_ini *ini, struct str profile)
{
    for (size_t i = 0; i < ini->entries.n; i++) {
        const struct aws_ini_entry *entry = &ini->entries.items[i];
        if (str_eq(entry->profile, profile) && str_starts(entry->key, STR("sso_")))
            return true;
    }
    return false;
}

bool aws_profile_gives(const struct aws_files *files, struct str profile)
{
    static const char *const keys[] = {
        "aws_access_key_id", "aws_secret_access_key",   "role_arn",          "source_profile",
        "credential_source", "web_identity_token_file", "credential_process"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (has(files, profile, keys[i]))
            return true;
    }
    return has_sso(&files->credentials, profile) || has_sso(&files->config, profile);
}

/* Empty when absent. */
static bool value_of(const struct aws_fetch *fetch, struct str profile, const char *key,
                     struct str *out, struct err *err)
{
    const struct aws_ini_entry *entry = find(&fetch->files, profile, key);

    *out = entry ? entry->value : (struct str){0};
    if (entry && entry->goes_on)
        return err_set(err, ERR_SETTINGS, "%s goes on over several lines, expected one", key);
    return true;
}

/* ---- what a profile can be ---- */

/* All of one file: a token of another would belong to other keys. */
static bool static_keys(struct aws_fetch *fetch, struct str profile, struct aws_set *out,
                        struct err *err)
{
    static const char *const keys[] = {"aws_access_key_id", "aws_secret_access_key",
                                       "aws_session_token"};
    const struct aws_ini *ini = &fetch->files.credentials;
    struct str values[3] = {{0}};

    if (!aws_ini_find(ini, profile, keys[0]) && !aws_ini_find(ini, profile, keys[1]))
        ini = &fetch->files.config;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const struct aws_ini_entry *entry = aws_ini_find(ini, profile, keys[i]);
        if (entry && entry->goes_on)
            return err_set(err, ERR_SETTINGS, "%s goes on over several lines", keys[i]);
        values[i] = entry ? entry->value : (struct str){0};
    }
    for (size_t i = 0; i < 2; i++) {
        if (values[i].len == 0)
            return err_set(err, ERR_SETTINGS, "%s is there without %s", keys[1 - i], keys[i]);
    }
    return aws_set_take(out, values[0], values[1], values[2], ERR_SETTINGS, err);
}

static bool read_role(const struct aws_fetch *fetch, struct str profile, struct aws_role *out,
                      struct err *err)
{
    struct str life;

    *out = (struct aws_role){0};
    if (!value_of(fetch, profile, "role_arn", &out->arn, err) ||
        !value_of(fetch, profile, "role_session_name", &out->session, err) ||
        !value_of(fetch, profile, "external_id", &out->external_id, err) ||
        !value_of(fetch, profile, "duration_seconds", &life, err))
        return false;
    if (life.len > 0 && !str_to_i64(life, &out->life_s))
        return err_set(err, ERR_SETTINGS, "duration_seconds is no number");
    if (has(&fetch->files, profile, "mfa_serial"))
        return err_set(err, ERR_SETTINGS, "mfa_serial: nobody is there to type a code");
    return aws_role_check(out, err);
}

static bool named_source(struct aws_fetch *fetch, struct str name, struct aws_set *out,
                         struct err *err)
{
    static const struct {
        const char *name;
        bool (*fetch)(struct aws_fetch *fetch, struct aws_set *out, struct err *err);
    } sources[] = {
        {"Environment", aws_source_environment},
        {"Ec2InstanceMetadata", aws_source_instance},
        {"EcsContainer", aws_source_container},
    };

    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (str_is(name, sources[i].name))
            return sources[i].fetch(fetch, out, err);
    }
    return err_set(err, ERR_SETTINGS,
                   "credential_source is Environment, Ec2InstanceMetadata or EcsContainer");
}

/* A profile may name itself only for the keys it holds. */
static bool role_source(struct aws_fetch *fetch, struct str profile, struct aws_set *out,
                        struct err *err)
{
    struct str from;
    struct str source;

    if (!value_of(fetch, profile, "source_profile", &from, err) ||
        !value_of(fetch, profile, "credential_source", &source, err))
        return false;
    if (from.len > 0 && source.len > 0) {
        return err_set(err, ERR_SETTINGS,
                       "source_profile and credential_source exclude each other");
    }
    if (source.len > 0)
        return named_source(fetch, source, out, err);
    if (from.len == 0) {
        return err_set(err, ERR_SETTINGS,
                       "role_arn needs a source_profile, a credential_source or a "
                       "web_identity_token_file");
    }
    if (str_eq(from, profile)) {
        if (!has(&fetch->files, profile, "aws_access_key_id"))
            return err_set(err, ERR_SETTINGS, "source_profile is itself, and it holds no keys");
        return static_keys(fetch, profile, out, err);
    }
    return aws_source_profile(fetch, from, out, err);
}

static bool assume_role(struct aws_fetch *fetch, struct str profile, struct aws_set *out,
                        struct err *err)
{
    CLEANUP(aws_set_fini) struct aws_set source = {0};
    struct aws_role role;
    struct str token_file;

    if (!read_role(fetch, profile, &role, err) ||
        !value_of(fetch, profile, "web_identity_token_file", &token_file, err))
        return false;
    if (token_file.len > 0)
        return aws_source_token_file(fetch, &role, token_file, out, err);
    if (!role_source(fetch, profile, &source, err))
        return false;
    aws_fetch_say(fetch, "role %.*s", STR_ARG(role.arn));
    return aws_sts_assume(&fetch->sts, &role, &source, fetch->arena, out, err);
}

static bool run_process(struct aws_fetch *fetch, struct str profile, struct aws_set *out,
                        struct err *err)
{
    const struct aws_creds_options *o = fetch->options;
    struct str command;
    struct str text;

    if (!value_of(fetch, profile, "credential_process", &command, err) ||
        !aws_process_run(command, &o->env, o->clock, fetch->arena, &text, err))
        return false;
    aws_fetch_say(fetch, "credential_process");
    if (!aws_set_from_json(text, AWS_SET_PROCESS, out, err))
        return err_wrap(err, "credential_process");
    return true;
}

static bool fetch_profile(struct aws_fetch *fetch, struct str profile, struct aws_set *out,
                          struct err *err)
{
    const struct aws_files *files = &fetch->files;

    if (has(files, profile, "role_arn"))
        return assume_role(fetch, profile, out, err);
    if (has(files, profile, "web_identity_token_file"))
        return err_set(err, ERR_SETTINGS, "web_identity_token_file is there without role_arn");
    if (has(files, profile, "source_profile") || has(files, profile, "credential_source"))
        return err_set(err, ERR_SETTINGS, "a source of credentials is there without role_arn");
    if (has(files, profile, "aws_access_key_id") || has(files, profile, "aws_secret_access_key"))
        return static_keys(fetch, profile, out, err);
    if (has(files, profile, "credential_process"))
        return run_process(fetch, profile, out, err);
    if (has_sso(&files->credentials, profile) || has_sso(&files->config, profile)) {
        return err_set(err, ERR_SETTINGS,
                       "it signs in by a browser (sso_*), for which nobody is there; use a role, "
                       "keys or credential_process");
    }
    return err_set(err, ERR_SETTINGS, "it holds nothing that gives credentials");
}

/* The way that came back to where it was: `a -> b -> a`. */
static bool refuse_loop(const struct aws_fetch *fetch, struct str profile, struct err *err)
{
    struct str way = {0};

    for (size_t i = 0; i < fetch->n_visited; i++) {
        way = arena_printf(fetch->arena, "%.*s%.*s -> ", STR_ARG(way), STR_ARG(fetch->visited[i]));
    }
    return err_set(err, ERR_SETTINGS, "source_profile goes in a circle: %.*s%.*s", STR_ARG(way),
                   STR_ARG(profile));
}

bool aws_source_profile(struct aws_fetch *fetch, struct str profile, struct aws_set *out,
                        struct err *err)
{
    for (size_t i = 0; i < fetch->n_visited; i++) {
        if (str_eq(fetch->visited[i], profile))
            return refuse_loop(fetch, profile, err);
    }
    if (fetch->n_visited == AWS_SOURCES_MAX) {
        return err_set(err, ERR_SETTINGS, "more than %d profiles behind each other",
                       AWS_SOURCES_MAX);
    }
    if (!aws_files_have(&fetch->files, profile)) {
        return err_set(err, ERR_SETTINGS, "there is no profile %.*s in %.*s", STR_ARG(profile),
                       STR_ARG(fetch->files.paths));
    }
    fetch->visited[fetch->n_visited++] = profile;
    aws_fetch_say(fetch, "profile %.*s", STR_ARG(profile));
    if (!fetch_profile(fetch, profile, out, err))
        return err_wrap(err, "profile %.*s", STR_ARG(profile));
    return true;
}

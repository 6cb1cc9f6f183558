/* Which source is configured: contracts/aws.md 7.1. The first one wins, and what then goes wrong
 * with it is the answer. */

#include <stdarg.h>
#include <stdio.h>

#include "aws/aws_creds_source.h"
#include "base/attr.h"
#include "base/file.h"

#define TOKEN_FILE_MAX ((size_t)64 << 10)

struct str aws_fetch_env(const struct aws_fetch *fetch, const char *name)
{
    const struct aws_env *env = &fetch->options->env;

    return env->get ? str_of(env->get(env->self, name)) : (struct str){0};
}

void aws_fetch_say(struct aws_fetch *fetch, const char *fmt, ...)
{
    size_t used = strlen(fetch->words);
    va_list args;

    if (used > 0) {
        (void)snprintf(fetch->words + used, sizeof(fetch->words) - used, ", ");
        used = strlen(fetch->words);
    }
    va_start(args, fmt);
    (void)vsnprintf(fetch->words + used, sizeof(fetch->words) - used, fmt, args);
    va_end(args);
}

/* ---- the environment ---- */

static bool has_env(const struct aws_fetch *fetch, const char *name)
{
    return aws_fetch_env(fetch, name).len > 0;
}

/* One of the pair alone is somebody's mistake, not a reason to become somebody else. */
static bool check_pair(const struct aws_fetch *fetch, bool *there, struct err *err)
{
    bool access_key = has_env(fetch, "AWS_ACCESS_KEY_ID");
    bool secret_key = has_env(fetch, "AWS_SECRET_ACCESS_KEY");

    *there = access_key && secret_key;
    if (access_key == secret_key)
        return true;
    return err_set(err, ERR_SETTINGS, "%s is set without %s",
                   access_key ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                   access_key ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
}

bool aws_source_environment(struct aws_fetch *fetch, struct aws_set *out, struct err *err)
{
    bool there;

    aws_fetch_say(fetch, "environment");
    if (!check_pair(fetch, &there, err))
        return false;
    if (!there) {
        return err_set(err, ERR_SETTINGS,
                       "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not in the environment");
    }
    if (!aws_set_take(out, aws_fetch_env(fetch, "AWS_ACCESS_KEY_ID"),
                      aws_fetch_env(fetch, "AWS_SECRET_ACCESS_KEY"),
                      aws_fetch_env(fetch, "AWS_SESSION_TOKEN"), ERR_SETTINGS, err))
        return err_wrap(err, "environment");
    return true;
}

bool aws_source_token_file(struct aws_fetch *fetch, const struct aws_role *role, struct str path,
                           struct aws_set *out, struct err *err)
{
    struct str text;

    aws_fetch_say(fetch, "web identity, role %.*s", STR_ARG(role->arn));
    /* Whoever projects the token into a container sets its mode; others may read it there. */
    if (!file_read(path, TOKEN_FILE_MAX, FILE_ANY, fetch->arena, &text, err))
        return err_wrap(err, "web identity token");
    text = str_trim(text);
    if (text.len == 0)
        return err_set(err, ERR_SETTINGS, "web identity token: %.*s is empty", STR_ARG(path));
    return aws_sts_assume_web(&fetch->sts, role, text, fetch->arena, out, err);
}

bool aws_source_web_identity(struct aws_fetch *fetch, struct aws_set *out, struct err *err)
{
    const struct aws_role role = {.arn = aws_fetch_env(fetch, "AWS_ROLE_ARN"),
                                  .session = aws_fetch_env(fetch, "AWS_ROLE_SESSION_NAME")};

    if (role.arn.len == 0) {
        return err_set(err, ERR_SETTINGS,
                       "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
    }
    return aws_source_token_file(fetch, &role, aws_fetch_env(fetch, "AWS_WEB_IDENTITY_TOKEN_FILE"),
                                 out, err);
}

/* ---- the order ---- */

/* Explicit configuration; then AWS_PROFILE, which switches the keys of the environment off. */
static bool is_named(struct aws_fetch *fetch)
{
    const struct aws_creds_options *o = fetch->options;
    struct str named = aws_fetch_env(fetch, "AWS_PROFILE");

    fetch->profile = o->profile.len > 0 ? o->profile : named.len > 0 ? named : STR("default");
    return o->profile.len > 0 || o->credentials_file.len > 0 || named.len > 0;
}

static bool pick_named(struct aws_fetch *fetch, struct err *err)
{
    if (!aws_files_read(fetch, err))
        return false;
    if (aws_files_have(&fetch->files, fetch->profile))
        return true;
    return err_set(err, ERR_SETTINGS, "there is no profile %.*s in %.*s", STR_ARG(fetch->profile),
                   STR_ARG(fetch->files.paths));
}

static bool pick_rest(struct aws_fetch *fetch, enum aws_origin *out, struct err *err)
{
    if (!aws_files_read(fetch, err))
        return false;
    if (aws_profile_gives(&fetch->files, fetch->profile)) {
        *out = AWS_ORIGIN_PROFILE;
    } else if (has_env(fetch, "AWS_WEB_IDENTITY_TOKEN_FILE")) {
        *out = AWS_ORIGIN_WEB_IDENTITY;
    } else if (has_env(fetch, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
               has_env(fetch, "AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
        *out = AWS_ORIGIN_CONTAINER;
    } else if (!str_ieq(aws_fetch_env(fetch, "AWS_EC2_METADATA_DISABLED"), STR("true"))) {
        *out = AWS_ORIGIN_INSTANCE;
    } else {
        return err_set(err, ERR_SETTINGS,
                       "no credentials are configured: neither a profile, nor keys, a web identity "
                       "or a container in the environment, and instance metadata is switched off");
    }
    return true;
}

bool aws_chain_pick(struct aws_fetch *fetch, enum aws_origin *out, struct err *err)
{
    bool has_pair;

    if (is_named(fetch)) {
        if (!pick_named(fetch, err))
            return false;
        *out = AWS_ORIGIN_PROFILE;
        return true;
    }
    if (!check_pair(fetch, &has_pair, err))
        return false;
    if (has_pair) {
        *out = AWS_ORIGIN_ENVIRONMENT;
        return true;
    }
    return pick_rest(fetch, out, err);
}

static bool fetch_origin(struct aws_fetch *fetch, enum aws_origin origin, struct aws_set *out,
                         struct err *err)
{
    switch (origin) {
    case AWS_ORIGIN_PROFILE: return aws_source_profile(fetch, fetch->profile, out, err);
    case AWS_ORIGIN_ENVIRONMENT: return aws_source_environment(fetch, out, err);
    case AWS_ORIGIN_WEB_IDENTITY: return aws_source_web_identity(fetch, out, err);
    case AWS_ORIGIN_CONTAINER: return aws_source_container(fetch, out, err);
    case AWS_ORIGIN_INSTANCE: return aws_source_instance(fetch, out, err);
    case AWS_ORIGIN_NONE: break;
    }
    return err_set(err, ERR_INTERNAL, "no source was picked");
}

/* Nothing was configured and nobody is there: say what was looked for. */
static bool explain_instance(struct err *err)
{
    return err_wrap(err, "nothing is configured (profile, environment, web identity, container)");
}

bool aws_chain_fetch(struct aws_fetch *fetch, enum aws_origin origin, struct aws_set *out,
                     struct err *err)
{
    const struct aws_role role = {.arn = fetch->options->role_arn};
    CLEANUP(aws_set_fini) struct aws_set source = {0};

    if (!fetch_origin(fetch, origin, role.arn.len > 0 ? &source : out, err)) {
        return origin == AWS_ORIGIN_INSTANCE && err && err->kind == ERR_UNAVAILABLE
                   ? explain_instance(err)
                   : false;
    }
    if (role.arn.len == 0)
        return true;
    aws_fetch_say(fetch, "role %.*s", STR_ARG(role.arn));
    return aws_sts_assume(&fetch->sts, &role, &source, fetch->arena, out, err);
}

#include "aws/aws_creds_set.h"

#include <stdio.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/json.h"

#define SECRET_KEY_MAX 256
#define TOKEN_MAX      20000

void aws_set_fini(struct aws_set *set)
{
    if (!set)
        return;
    secret_fini(&set->secret_key);
    secret_fini(&set->token);
    crypt_wipe(set->access_key, sizeof(set->access_key));
    *set = (struct aws_set){0};
}

bool aws_set_is_there(const struct aws_set *set)
{
    return secret_is_set(&set->secret_key);
}

struct sigv4_keys aws_set_keys(const struct aws_set *set)
{
    return (struct sigv4_keys){
        .access_key = str_of(set->access_key),
        .secret_key = &set->secret_key,
        .token = secret_is_set(&set->token) ? &set->token : NULL,
    };
}

/* Visible ASCII without blanks: the only thing that goes into a header as it is. */
static bool is_visible(struct str text, size_t max)
{
    if (text.len == 0 || text.len > max)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
            return false;
    }
    return true;
}

static bool is_access_key(struct str text)
{
    if (!is_visible(text, AWS_ACCESS_KEY_MAX))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '_'))
            return false;
    }
    return true;
}

bool aws_set_take(struct aws_set *out, struct str access_key, struct str secret_key,
                  struct str token, enum err_kind kind, struct err *err)
{
    if (!is_access_key(access_key))
        return err_set(err, kind, "the access key is none (letters, digits, at most 128)");
    if (!is_visible(secret_key, SECRET_KEY_MAX))
        return err_set(err, kind, "the secret key is none (visible characters, at most 256)");
    if (token.len > 0 && !is_visible(token, TOKEN_MAX))
        return err_set(err, kind, "the session token is none (visible characters)");

    aws_set_fini(out);
    (void)snprintf(out->access_key, sizeof(out->access_key), "%.*s", STR_ARG(access_key));
    secret_set(&out->secret_key, secret_key);
    secret_set(&out->token, token);
    return true;
}

/* ---- JSON ---- */

/* Only words that cannot be a secret are told. */
static bool check_code(const struct json *root, struct err *err)
{
    struct str code;

    if (!json_str_opt(root, "Code", &code, err))
        return false;
    if (code.len == 0 || str_is(code, "Success"))
        return true;
    return err_set(err, ERR_REFUSED,
                   "it says that it has no credentials (its Code is not Success)");
}

static bool check_version(const struct json *root, struct err *err)
{
    int64_t version;

    if (!json_i64(root, "Version", &version, err))
        return false;
    return version == 1 ||
           err_set(err, ERR_REMOTE, "`Version` is %lld, only 1 is known", (long long)version);
}

static bool read_expiration(const struct json *root, bool required, int64_t *out, struct err *err)
{
    struct str text;

    *out = 0;
    if (required ? !json_str(root, "Expiration", &text, err)
                 : !json_str_opt(root, "Expiration", &text, err))
        return false;
    if (text.len == 0 && !required)
        return true;
    if (!time_parse_iso(text, out) || *out <= 0)
        return err_set(err, ERR_REMOTE, "`Expiration` is no time");
    return true;
}

bool aws_set_from_json(struct str text, enum aws_set_form form, struct aws_set *out,
                       struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    bool is_process = form == AWS_SET_PROCESS;
    struct str access_key;
    struct str secret_key;
    struct str token;
    int64_t expires;

    if (!json_parse(text, "credentials", &root, err))
        return false;
    if (!json_is_obj(root))
        return err_set(err, ERR_REMOTE, "credentials: expected an object");
    if (is_process ? !check_version(root, err) : !check_code(root, err))
        return false;
    if (!json_str(root, "AccessKeyId", &access_key, err) ||
        !json_str(root, "SecretAccessKey", &secret_key, err) ||
        !read_expiration(root, !is_process, &expires, err))
        return false;
    if (is_process ? !json_str_opt(root, "SessionToken", &token, err)
                   : !json_str(root, "Token", &token, err))
        return false;
    if (!is_process && token.len == 0)
        return err_set(err, ERR_REMOTE, "`Token` is empty");
    if (!aws_set_take(out, access_key, secret_key, token, ERR_REMOTE, err))
        return false;
    out->expires = expires;
    return true;
}

void aws_arena_wipe(struct arena *arena, arena_mark_t mark)
{
    if (arena->used > mark)
        crypt_wipe(arena->base + mark, arena->used - mark);
    arena_reset(arena, mark);
}

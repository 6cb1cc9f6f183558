#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "aws/aws_call.h"
#include "aws/aws_creds.h"
#include "base/arena.h"
#include "base/attr.h"
#include "base/file.h"
#include "base/json.h"
#include "http/http.h"
#include "support/fake_clock.h"
#include "support/fake_transport.h"

/*
 * AWS over two scripts (the services, and the metadata addresses), on virtual time, with an
 * environment and a home folder of its own.
 */

#define REGION   "eu-central-1"
#define STS_URL  "https://sts.eu-central-1.amazonaws.com/"
#define ROLE_ARN "arn:aws:iam::111122223333:role/ctl"
#define ROLE2    "arn:aws:iam::111122223333:role/second"

/* No text with this in it may ever be seen by a person. */
#define HUSH "Hush"

/* FAKE_CLOCK_START is 2026-05-04T09:12:40Z. */
#define IN_1H "2026-05-04T10:12:40Z"

#define KEYS_XML(op, key, secret, token, until)                                          \
    "<" op "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" op "Result>" \
    "<Credentials><AccessKeyId>" key "</AccessKeyId><SecretAccessKey>" secret            \
    "</SecretAccessKey><SessionToken>" token "</SessionToken><Expiration>" until         \
    "</Expiration></Credentials><AssumedRoleUser><Arn>a</Arn></AssumedRoleUser></" op    \
    "Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></" op "Response>"
#define ROLE_XML(key, until) KEYS_XML("AssumeRole", key, HUSH "1", HUSH "Token1", until)
#define WEB_XML(key, until) \
    KEYS_XML("AssumeRoleWithWebIdentity", key, HUSH "2", HUSH "Token2", until)
#define ERROR_XML(code)                                                                        \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>as told</Message>" \
    "</Error><RequestId>r-1</RequestId></ErrorResponse>"
#define META_JSON(key, until)                                                       \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"" key "\",\"SecretAccessKey\":\"" HUSH \
    "3\",\"Token\":\"" HUSH "Token3\",\"Expiration\":\"" until "\"}"

struct rig_variable {
    const char *name, *value;
};

struct rig {
    struct fake_clock time;
    struct clock clock;
    struct fake_transport fake, meta;
    struct http *http, *metadata;
    struct aws_creds_options options;
    struct aws_creds *creds;
    struct aws *aws;
    struct rig_variable variables[32];
    size_t n_variables;
    struct arena arena;
    struct err err;
    char home[64];
};

static inline const char *rig_env_get(void *self, const char *name)
{
    const struct rig *rig = self;

    for (size_t i = rig->n_variables; i-- > 0;) {
        if (strcmp(rig->variables[i].name, name) == 0)
            return rig->variables[i].value;
    }
    return NULL;
}

static inline void rig_setenv(struct rig *rig, const char *name, const char *value)
{
    assert_true(rig->n_variables < ARRAY_LEN(rig->variables));
    rig->variables[rig->n_variables++] = (struct rig_variable){name, value};
}

/* Writes a file below the home folder, and gives its path. */
static inline const char *rig_write(struct rig *rig, const char *name, const char *text,
                                    unsigned mode)
{
    struct str path = arena_printf(&rig->arena, "%s/%s", rig->home, name);

    if (!file_write(path, str_of(text), mode, &rig->err))
        fail_msg("%s", rig->err.msg);
    return path.ptr;
}

static inline void rig_profiles(struct rig *rig, const char *config)
{
    (void)rig_write(rig, ".aws/config", config, 0600);
}

/* Anything but the scripts; those may come later by rig_script. */
static inline void rig_open(struct rig *rig)
{
    static const struct http_options once = {.remote = "aws", .max_tries = 1, .seed = 1};

    *rig = (struct rig){0};
    json_init();
    arena_init(&rig->arena, (size_t)256 << 20);
    fake_clock_init(&rig->time);
    rig->clock = fake_clock(&rig->time);
    (void)snprintf(rig->home, sizeof(rig->home), "/tmp/seatkeeper-aws-XXXXXX");
    assert_non_null(mkdtemp(rig->home));
    assert_int_equal(mkdir(arena_printf(&rig->arena, "%s/.aws", rig->home).ptr, 0700), 0);
    fake_transport_init(&rig->fake, NULL, 0);
    fake_transport_init(&rig->meta, NULL, 0);
    rig->fake.clock = rig->meta.clock = &rig->clock;
    rig->http = http_new(&once, fake_transport(&rig->fake), &rig->clock);
    rig->metadata = http_new(&once, fake_transport(&rig->meta), &rig->clock);
    rig_setenv(rig, "HOME", rig->home);
    rig_setenv(rig, "PATH", "/usr/bin:/bin");
    rig->options = (struct aws_creds_options){
        .region = STR(REGION),
        .env = {.self = rig, .get = rig_env_get},
        .http = rig->http,
        .metadata = rig->metadata,
        .clock = &rig->clock,
        .seed = 1,
    };
}

static inline void rig_script_of(struct fake_transport *fake, const struct fake_answer *script,
                                 size_t n)
{
    fake->script = script;
    fake->n_script = n;
    fake->used = arena_array(&fake->arena, unsigned, n + 1);
}
#define RIG_SCRIPT(fake, script) rig_script_of((fake), (script), ARRAY_LEN(script))

static inline void rig_remove_home(const struct rig *rig)
{
    char command[160];
    const char *names[] = {".aws/config", ".aws/credentials", "token", "keys", "auth", "one"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)snprintf(command, sizeof(command), "%s/%s", rig->home, names[i]);
        (void)unlink(command);
    }
    (void)snprintf(command, sizeof(command), "%s/.aws", rig->home);
    (void)rmdir(command);
    (void)rmdir(rig->home);
}

static inline void rig_close(struct rig *rig)
{
    aws_free(rig->aws);
    aws_creds_free(rig->creds);
    http_free(rig->http);
    http_free(rig->metadata);
    fake_transport_fini(&rig->fake);
    fake_transport_fini(&rig->meta);
    rig_remove_home(rig);
    arena_fini(&rig->arena);
}

/* `KEY secret token` of the set in force, or the error, which then never holds a secret. */
static inline const char *rig_get(struct rig *rig)
{
    struct sigv4_keys keys;

    rig->err = (struct err){0};
    if (!rig->creds)
        rig->creds = aws_creds_new(&rig->options);
    if (!aws_creds_get(rig->creds, clock_now(&rig->clock), &rig->arena, &keys, &rig->err)) {
        assert_null(strstr(rig->err.msg, HUSH));
        return arena_printf(&rig->arena, "%s: %s", err_kind_name(rig->err.kind), rig->err.msg).ptr;
    }
    struct str token = keys.token ? secret_reveal(keys.token) : STR("-");
    return arena_printf(&rig->arena, "%.*s %.*s %.*s", STR_ARG(keys.access_key),
                        STR_ARG(secret_reveal(keys.secret_key)), STR_ARG(token))
        .ptr;
}

/* The same, and where it came from: `... from profile x`. */
static inline const char *rig_get_from(struct rig *rig)
{
    const char *set = rig_get(rig);

    return arena_printf(&rig->arena, "%s from %.*s", set, STR_ARG(aws_creds_source(rig->creds)))
        .ptr;
}

#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/demo_stage.h"

/* Tests of commands: each has a stage of its own, with its cloud, ledger and clock. */

#define WORDS(...)       ((const char *const[]){__VA_ARGS__, NULL})
#define SAYS(s, ...)     says((s), WORDS(__VA_ARGS__))
#define RUNS(s, ...)     assert_int_equal(outcome_of((s), WORDS(__VA_ARGS__)), 0)
#define FAILS(s, c, ...) assert_int_equal(outcome_of((s), WORDS(__VA_ARGS__)), (c))
#define KIRO             "AWS_kiro_JP_Users"

static inline void must(bool ok, const struct err *err)
{
    if (!ok)
        fail_msg("%s", err->msg);
}

static inline int set_up_with(void **state, const char *more)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct err err = {0};

    json_init();
    must(stage_open(stage, NULL, more, NULL, &err), &err);
    *state = stage;
    return 0;
}

static inline int set_up(void **state)
{
    return set_up_with(state, NULL);
}

static inline int tear_down(void **state)
{
    stage_close(*state);
    free(*state);
    return 0;
}

static inline int outcome_of(struct stage *stage, const char *const *words)
{
    struct err err = {0};
    int outcome;

    must(stage_run(stage, words, &outcome, &err), &err);
    return outcome;
}

/* What the command printed, and its exit code when that is not 0. Lent until the next one. */
static inline const char *says(struct stage *stage, const char *const *words)
{
    int outcome = outcome_of(stage, words);
    struct str out = buf_str(&stage->cli.out);

    return outcome == 0
               ? arena_cstr(&stage->cli.arena, out)
               : arena_printf(&stage->cli.arena, "%.*s[exit %d]\n", STR_ARG(out), outcome).ptr;
}

static inline void in_cloud(struct stage *stage, const char *path, const char *body)
{
    struct err err = {0};

    must(stage_control(stage, HTTP_POST, path, body, NULL, &err), &err);
}

static inline const char *members(struct stage *stage, const char *group)
{
    struct err err = {0};
    struct str out;

    must(stage_members(stage, group, &out, &err), &err);
    return arena_cstr(&stage->cli.arena, out);
}

static inline const char *in_folder(struct stage *stage, const char *name)
{
    static _Thread_local char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", stage->folder, name);
    return path;
}

static inline const char *text_of(struct stage *stage, const char *name)
{
    struct err err = {0};
    struct str text;

    must(file_read(str_of(in_folder(stage, name)), 1 << 20, FILE_ANY, &stage->cli.arena, &text,
                   &err),
         &err);
    return text.ptr;
}

static inline void put_file(struct stage *stage, const char *name, const char *text)
{
    struct err err = {0};

    must(file_write(str_of(in_folder(stage, name)), str_of(text), 0600, &err), &err);
}

static inline void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("there is no\n%s\nin\n%s", part, text);
}

static inline void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("there is\n%s\nin\n%s", part, text);
}

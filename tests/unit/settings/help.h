#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include "settings/settings.h"

/* Shared by the tests of settings: small files to start from, and what is wrong with a text as one
 * rendered value. */

/* Ten lines without a problem. */
#define SMALL_FILE                                          \
    "ledger: l.db\n"                                        \
    "okta:\n"                                               \
    "  url: https://acme.okta.com\n"                        \
    "  token_file: t\n"                                     \
    "entitlements:\n"                                       \
    "  - name: kiro\n"                                      \
    "    mode: observe\n"                                   \
    "    default_plan: kiro-pro\n"                          \
    "    plans: [{plan: kiro-pro, okta_group: Kiro_Pro}]\n" \
    "    approval: none\n"

#define HELP_ARENA ((size_t)256 << 20)

/* The arena is the test's state. */
static inline int help_setup(void **state)
{
    static struct arena arena;

    arena_init(&arena, HELP_ARENA);
    *state = &arena;
    return 0;
}

static inline int help_teardown(void **state)
{
    arena_fini(*state);
    return 0;
}

/* `7 entitlements[0].mode: must be ...`, a line each; empty when all is well. */
static inline const char *help_problems(struct str text, struct arena *arena, struct settings *out)
{
    CLEANUP(buf_fini) struct buf rendered = {0};
    struct settings_problems problems;
    struct err err = {0};
    bool is_fine = settings_parse(STR("s.yaml"), text, arena, out, &problems, &err);

    assert_int_equal(is_fine, problems.n == 0);
    assert_int_equal(err.kind, is_fine ? ERR_NONE : ERR_SETTINGS);
    for (size_t i = 0; i < problems.n; i++) {
        assert_true(problems.items[i].line > 0 && problems.items[i].column > 0);
        buf_printf(&rendered, "%u %.*s: %.*s\n", problems.items[i].line,
                   STR_ARG(problems.items[i].path), STR_ARG(problems.items[i].text));
    }
    return arena_cstr(arena, buf_str(&rendered));
}

/* SMALL_FILE with its line `line` replaced by `with` (which may be several lines or none); after
 * its last line when `line` is 0. */
static inline struct str help_changed(unsigned line, const char *with, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct str rest = STR(SMALL_FILE);

    for (unsigned i = 1; rest.len > 0; i++) {
        struct str one = str_cut(&rest, '\n');

        if (i == line) {
            buf_printf(&out, "%s", with);
        } else {
            buf_printf(&out, "%.*s\n", STR_ARG(one));
        }
    }
    if (line == 0)
        buf_printf(&out, "%s", with);
    return arena_str(arena, buf_str(&out));
}

static inline struct settings help_settings(struct str text, struct arena *arena)
{
    struct settings settings = {0};

    assert_string_equal(help_problems(text, arena, &settings), "");
    return settings;
}

static inline const char *help_print(const struct settings *settings, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf out = {0};

    settings_print(settings, &out);
    return arena_cstr(arena, buf_str(&out));
}

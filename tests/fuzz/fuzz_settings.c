#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "settings/settings.h"

/*
 * Any bytes as a settings file: either settings, which then print and read back to the same, or
 * problems that each have a line.
 */

#define FUZZ_ARENA ((size_t)256 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static bool parse(struct str text, struct arena *arena, struct settings *out)
{
    struct settings_problems problems = {0};
    struct err err = {0};
    bool is_fine = settings_parse(STR("fuzz.yaml"), text, arena, out, &problems, &err);

    require(is_fine == (problems.n == 0));
    require(is_fine || (err.kind == ERR_SETTINGS && err.msg[0] != '\0'));
    for (size_t i = 0; i < problems.n; i++)
        require(problems.items[i].line > 0 && problems.items[i].text.len > 0);
    return is_fine;
}

static void check_round_trip(const struct settings *settings, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf first = {0};
    CLEANUP(buf_fini) struct buf second = {0};
    struct settings again;

    settings_print(settings, &first);
    require(parse(buf_str(&first), arena, &again));
    settings_print(&again, &second);
    require(str_eq(buf_str(&first), buf_str(&second)));
    require(str_eq(settings->policy.digest, again.policy.digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct settings settings;

    arena_init(&arena, FUZZ_ARENA);
    if (parse((struct str){(const char *)data, size}, &arena, &settings))
        check_round_trip(&settings, &arena);
    arena_fini(&arena);
    return 0;
}

#include "settings/settings_problem.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"

#define SHOWN_MAX      60
#define PATH_MAX_SHOWN 400

struct place place_key(const struct place *up, struct str key)
{
    return (struct place){.up = up, .key = key};
}

struct place place_item(const struct place *up, size_t index)
{
    return (struct place){.up = up, .index = index, .is_item = true};
}

static void add_place(struct buf *out, const struct place *place, struct arena *arena)
{
    if (!place)
        return;
    add_place(out, place->up, arena);
    if (place->is_item) {
        buf_printf(out, "[%zu]", place->index);
        return;
    }
    if (out->len > 0)
        buf_add_char(out, '.');
    buf_add(out, shown(place->key, arena));
}

struct str place_str(const struct place *place, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf out = {.ceiling = PATH_MAX_SHOWN};

    add_place(&out, place, arena);
    return arena_str(arena, buf_str(&out));
}

void problems_add(struct problems *problems, unsigned line, unsigned column,
                  const struct place *place, const char *fmt, ...)
{
    struct settings_problem problem = {.line = line, .column = column};
    va_list args;

    if (problems_full(problems))
        return;
    va_start(args, fmt);
    problem.text = arena_vprintf(problems->arena, fmt, args);
    va_end(args);
    problem.path = place_str(place, problems->arena);
    VEC_PUSH(problems->arena, &problems->list, problem);
}

bool problems_full(const struct problems *problems)
{
    return problems->list.n >= PROBLEMS_MAX;
}

static bool is_after(const struct settings_problem *a, const struct settings_problem *b)
{
    return a->line != b->line ? a->line > b->line : a->column > b->column;
}

struct settings_problems problems_sorted(struct problems *problems)
{
    struct settings_problem *items = problems->list.items;

    /* By insertion: stable, few, and nearly in order already. */
    for (size_t i = 1; i < problems->list.n; i++) {
        struct settings_problem moving = items[i];
        size_t at = i;

        for (; at > 0 && is_after(&items[at - 1], &moving); at--)
            items[at] = items[at - 1];
        items[at] = moving;
    }
    return (struct settings_problems){items, problems->list.n};
}

struct str shown(struct str text, struct arena *arena)
{
    struct str rest = text;

    while (rest.len > 0 && text.len - rest.len < SHOWN_MAX)
        (void)utf8_next(&rest);
    if (rest.len == 0)
        return utf8_printable(text, arena);
    text = utf8_printable(str_sub(text, 0, text.len - rest.len), arena);
    return arena_printf(arena, "%.*s...", STR_ARG(text));
}

#include "settings/settings_check.h"

struct spot spot_top(const struct checker *checker)
{
    return (struct spot){checker->top, true, {0}};
}

struct spot spot_key(const struct checker *checker, struct spot from, const char *key)
{
    const struct settings_node *node = from.is_there ? node_get(from.node, str_of(key)) : NULL;
    const char *dot = from.path.len > 0 ? "." : "";

    return (struct spot){node ? node : from.node, node != NULL,
                         arena_printf(checker->arena, "%.*s%s%s", STR_ARG(from.path), dot, key)};
}

struct spot spot_item(const struct checker *checker, struct spot from, size_t index)
{
    const struct settings_node *node = NULL;

    if (from.is_there && from.node->kind == NODE_LIST && index < from.node->entries.n)
        node = from.node->entries.items[index].value;
    return (struct spot){node ? node : from.node, node != NULL,
                         arena_printf(checker->arena, "%.*s[%zu]", STR_ARG(from.path), index)};
}

bool spot_is_bad(struct spot spot)
{
    return spot.is_there && spot.node->is_bad;
}

void spot_complain(struct checker *checker, struct spot spot, const char *fmt, ...)
{
    struct place place = place_key(NULL, spot.path);
    struct str text;
    va_list args;

    va_start(args, fmt);
    text = arena_vprintf(checker->arena, fmt, args);
    va_end(args);
    problems_add(checker->problems, spot.node->line, spot.node->column, &place, "%.*s",
                 STR_ARG(text));
}

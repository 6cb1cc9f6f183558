#include "base/clock.h"
#include "settings/settings.h"
#include "settings/settings_scalar.h"
#include "settings/settings_table.h"

/* The manual's table of settings, from the rows alone. */

static void add_bounds(struct buf *out, const struct setting *row, const struct scalar_rules *rules)
{
    struct value low = {.number = row->min};
    struct value high = {.number = row->max};
    struct str from = scalar_text(rules, row, &low);
    struct str to = scalar_text(rules, row, &high);

    buf_printf(out, ", %.*s to %.*s", STR_ARG(from), STR_ARG(to));
    if (row->flags & SETTING_OFF)
        buf_add(out, STR(", or `off`"));
}

static void add_words(struct buf *out, const struct setting *row, const struct scalar_rules *rules)
{
    struct str words = words_listed(row, "` `", "` `", rules->arena);

    buf_printf(out, "`%.*s`", STR_ARG(words));
}

static void add_type(struct buf *out, const struct setting *row, const struct scalar_rules *rules)
{
    if (row->flags & SETTING_MANY)
        buf_add(out, STR("list: "));
    switch (row->type) {
    case SETTING_MAP: buf_add(out, STR("section")); break;
    case SETTING_LIST: buf_add(out, STR("list of sections")); break;
    case SETTING_TEXT: buf_add(out, str_of(row->form->name)); break;
    case SETTING_PATH: buf_add(out, STR("path")); break;
    case SETTING_BOOL: buf_add(out, STR("`true` `false`")); break;
    case SETTING_INT: buf_add(out, STR("whole number")); break;
    case SETTING_SPAN: buf_add(out, STR("duration")); break;
    case SETTING_MONEY: buf_add(out, STR("amount")); break;
    case SETTING_RATE: buf_add(out, STR("number")); break;
    case SETTING_WORD: add_words(out, row, rules); break;
    case SETTING_SECRET: buf_add(out, STR("path, or environment variable")); break;
    case SETTING_WHO: buf_add(out, STR("Okta login, or `{okta_group: NAME}`")); break;
    case SETTING_DICT: buf_printf(out, "map from name to %s", row->form->name); break;
    case SETTING_APPROVAL:
        add_words(out, row, rules);
        buf_add(out, STR(", or a map from plan to these"));
        break;
    }
    if (row->type == SETTING_INT || row->type == SETTING_SPAN)
        add_bounds(out, row, rules);
}

static void add_default(struct buf *out, const struct setting *row)
{
    bool is_list = (row->flags & SETTING_MANY) != 0;

    if (row->flags & SETTING_REQUIRED) {
        buf_add(out, STR("**required**"));
    } else if (row->initial) {
        struct str rest = str_of(row->initial);

        buf_add(out, is_list ? STR("`[") : STR("`"));
        while (rest.len > 0) {
            struct str item = str_cut(&rest, ' ');

            buf_printf(out, "%.*s%s", STR_ARG(item), rest.len > 0 ? ", " : "");
        }
        buf_add(out, is_list ? STR("]`") : STR("`"));
    }
}

static void add_path(struct buf *out, const struct setting *row)
{
    if (row->type == SETTING_SECRET) {
        buf_printf(out, "`%s_file`, `%s_env`", row->path, row->path);
    } else {
        buf_printf(out, "`%s`", row->path);
    }
}

void settings_reference(struct buf *out)
{
    struct arena arena;
    const struct setting *row;

    arena_init(&arena, (size_t)1 << 20);
    struct scalar_rules rules = {.minor_digits = 2, .arena = &arena};

    buf_add(out, STR("| setting | value | default | meaning |\n|---|---|---|---|\n"));
    for (size_t i = 0; (row = settings_row(i)) != NULL; i++) {
        buf_add(out, STR("| "));
        add_path(out, row);
        buf_add(out, STR(" | "));
        add_type(out, row, &rules);
        buf_add(out, STR(" | "));
        add_default(out, row);
        buf_printf(out, " | %s%s |\n", row->meaning, row->unused ? " No effect yet." : "");
    }
    arena_fini(&arena);
}

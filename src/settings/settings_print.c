#include <ctype.h>

#include "base/attr.h"
#include "settings/settings.h"
#include "settings/settings_tree.h"

/* The effective settings as YAML that reads back to the same: plain words where they are plain,
 * double quotes everywhere else. */

static bool is_plain(struct str text)
{
    if (text.len == 0 || (!isalnum((unsigned char)text.ptr[0]) && !strchr("/_.", text.ptr[0])))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!isalnum((unsigned char)text.ptr[i]) && !strchr("/_.@+- ", text.ptr[i]))
            return false;
    }
    return !str_ieq(text, STR("null"));
}

static void print_text(struct buf *out, struct str text, bool is_quoted)
{
    if (is_plain(text) && !is_quoted) {
        buf_add(out, text);
        return;
    }
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, text.ptr[i]);
    }
    buf_add_char(out, '"');
}

/* Nothing in it, however deep: such a section is left out, which means the same. */
static bool is_hollow(const struct settings_node *node)
{
    if (node->kind != NODE_MAP)
        return false;
    for (size_t i = 0; i < node->entries.n; i++) {
        if (!is_hollow(node->entries.items[i].value))
            return false;
    }
    return true;
}

static bool is_flat(const struct settings_node *list)
{
    for (size_t i = 0; i < list->entries.n; i++) {
        if (list->entries.items[i].value->kind != NODE_SCALAR)
            return false;
    }
    return true;
}

static void print_flat(struct buf *out, const struct settings_node *list)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < list->entries.n; i++) {
        const struct settings_node *item = list->entries.items[i].value;

        buf_add(out, i > 0 ? STR(", ") : STR(""));
        print_text(out, item->text, item->is_quoted);
    }
    buf_add(out, STR("]\n"));
}

static void print_map(struct buf *out, const struct settings_node *map, int indent,
                      bool is_first_indented);

static void print_items(struct buf *out, const struct settings_node *list, int indent)
{
    for (size_t i = 0; i < list->entries.n; i++) {
        const struct settings_node *item = list->entries.items[i].value;

        buf_printf(out, "%*s- ", indent, "");
        if (item->kind == NODE_MAP) {
            print_map(out, item, indent + 2, true);
            continue;
        }
        print_text(out, item->text, item->is_quoted);
        buf_add_char(out, '\n');
    }
}

static void print_value(struct buf *out, const struct settings_node *node, int indent)
{
    if (node->kind == NODE_SCALAR) {
        buf_add_char(out, ' ');
        print_text(out, node->text, node->is_quoted);
        buf_add_char(out, '\n');
    } else if (node->kind == NODE_LIST && is_flat(node)) {
        buf_add_char(out, ' ');
        print_flat(out, node);
    } else if (node->kind == NODE_LIST) {
        buf_add_char(out, '\n');
        print_items(out, node, indent + 2);
    } else {
        buf_add_char(out, '\n');
        print_map(out, node, indent + 2, false);
    }
}

static void print_map(struct buf *out, const struct settings_node *map, int indent,
                      bool is_first_indented)
{
    for (size_t i = 0; i < map->entries.n; i++) {
        const struct node_entry *entry = &map->entries.items[i];

        if (is_hollow(entry->value))
            continue;
        if (!is_first_indented)
            buf_printf(out, "%*s", indent, "");
        is_first_indented = false;
        print_text(out, entry->key, false);
        buf_add_char(out, ':');
        print_value(out, entry->value, indent);
    }
}

void settings_print(const struct settings *settings, struct buf *out)
{
    print_map(out, settings->effective, 0, false);
}

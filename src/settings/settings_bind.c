#include "settings/settings_bind.h"

#include <assert.h>

#include "settings/settings_binder.h"
#include "settings/settings_nearest.h"

/* -- Secrets: where they are, never what they are -- */

struct secret_keys {
    struct str plain, file, env;
};

static struct secret_keys secret_keys(const struct setting *row, struct arena *arena)
{
    struct str key = setting_key(row);

    return (struct secret_keys){key, arena_printf(arena, "%.*s_file", STR_ARG(key)),
                                arena_printf(arena, "%.*s_env", STR_ARG(key))};
}

static const struct setting secret_file_row = {.type = SETTING_PATH, .form = &form_path};
static const struct setting secret_env_row = {.type = SETTING_TEXT, .form = &form_env};

/* One of the two keys; adds it to the effective settings and gives its value. */
static struct str bind_secret_key(struct binder *binder, const struct scope *scope,
                                  const struct setting *row, struct str key,
                                  struct settings_node *out)
{
    struct node_entry *entry = node_entry(scope->from, key);
    struct value value = {0};

    if (!entry)
        return (struct str){0};
    entry->is_known = true;
    struct place place = place_key(scope->place, key);
    struct slot slot = {row, entry->value, &place, NULL};
    if (!slot_read(binder, &slot, &value))
        return (struct str){0};
    node_add(binder->rules.arena, out, key, effective_scalar(binder, row, &value));
    return row->type == SETTING_PATH ? path_joined(binder, value.text) : value.text;
}

static void refuse_secret_in_place(struct binder *binder, const struct scope *scope,
                                   const struct secret_keys *keys)
{
    struct node_entry *entry = node_entry(scope->from, keys->plain);

    if (!entry)
        return;
    struct place place = place_key(scope->place, keys->plain);
    entry->is_known = true;
    problems_add(binder->problems, entry->line, entry->column, &place,
                 "a secret has no place in the settings: use `%.*s` or `%.*s`, and replace what "
                 "stood here",
                 STR_ARG(keys->file), STR_ARG(keys->env));
}

static void bind_secret(struct binder *binder, const struct scope *scope, const struct setting *row,
                        struct settings_node *out)
{
    struct secret_keys keys = secret_keys(row, binder->rules.arena);
    const struct node_entry *file = node_entry(scope->from, keys.file);
    const struct node_entry *env = node_entry(scope->from, keys.env);
    bool is_in_place = node_entry(scope->from, keys.plain) != NULL;
    struct place place = place_key(scope->place, keys.plain);
    struct slot slot = {.row = row, .base = scope->base};
    struct secret_ref ref;

    refuse_secret_in_place(binder, scope, &keys);
    if (file && env) {
        place.key = keys.env;
        problems_add(binder->problems, env->line, env->column, &place,
                     "give either `%.*s` or `%.*s`, not both", STR_ARG(keys.file),
                     STR_ARG(keys.env));
    }
    if (!file && !env && !is_in_place && (row->flags & SETTING_REQUIRED)) {
        problems_add(binder->problems, scope->line, scope->column, &place,
                     "is required: `%.*s` or `%.*s`", STR_ARG(keys.file), STR_ARG(keys.env));
    }
    ref.file = bind_secret_key(binder, scope, &secret_file_row, keys.file, out);
    ref.env = bind_secret_key(binder, scope, &secret_env_row, keys.env, out);
    slot_put(&slot, &ref, sizeof(ref));
}

/* -- Maps: rows and keys side by side -- */

/* What a value has no effect on yet; what is switched off is not missed. */
static void note_unused(struct binder *binder, const struct setting *row,
                        const struct settings_node *node)
{
    struct str name = str_of(row->unused);

    if (node->kind == NODE_SCALAR && str_is(node->text, "off"))
        return;
    for (size_t i = 0; i < binder->unused.n; i++) {
        if (str_eq(binder->unused.items[i], name))
            return;
    }
    VEC_PUSH(binder->rules.arena, &binder->unused, name);
}

/* What the file would have said if it had said the default. */
static struct settings_node *initial_node(const struct binder *binder, const struct setting *row)
{
    struct str rest = str_of(row->initial);
    struct settings_node *list;

    if (!(row->flags & SETTING_MANY))
        return node_scalar(binder->rules.arena, rest);
    list = node_new(binder->rules.arena, NODE_LIST);
    while (rest.len > 0) {
        node_add(binder->rules.arena, list, (struct str){0},
                 node_scalar(binder->rules.arena, str_cut(&rest, ' ')));
    }
    return list;
}

/* A default always fits its own row; a row where it does not is our mistake. */
static struct settings_node *bind_initial(struct binder *binder, const struct setting *row,
                                          const struct place *place, void *base)
{
    struct slot slot = {row, initial_node(binder, row), place, base};
    struct settings_node *node = bind_value(binder, &slot);

    assert(node);
    return node;
}

/* The row's meaning as the end of a sentence: no full stop, and no capital unless it is a name. */
static struct str meaning_of(const struct setting *row, struct arena *arena)
{
    const char *text = row->meaning;
    char first = text[0];

    if (first >= 'A' && first <= 'Z' && (text[1] >= 'a' || text[1] == ' '))
        first = (char)(first - 'A' + 'a');
    return arena_printf(arena, "%c%.*s", first, (int)strlen(text) - 2, text + 1);
}

static void report_missing(struct binder *binder, const struct scope *scope,
                           const struct setting *row, const struct place *place)
{
    struct str wanted = row->words ? words_listed(row, ", ", " or ", binder->rules.arena)
                                   : meaning_of(row, binder->rules.arena);

    problems_add(binder->problems, scope->line, scope->column, place, "is required: %.*s",
                 STR_ARG(wanted));
}

static struct settings_node *bind_section(struct binder *binder, const struct scope *scope,
                                          const struct setting *row, const struct place *place,
                                          struct settings_node *node)
{
    struct scope below = {arena_printf(binder->rules.arena, "%s.", row->path),
                          node,
                          place,
                          node ? node->line : scope->line,
                          node ? node->column : scope->column,
                          scope->base};

    return bind_map(binder, &below);
}

static struct settings_node *bind_absent(struct binder *binder, const struct scope *scope,
                                         const struct setting *row, const struct place *place)
{
    if (row->flags & SETTING_REQUIRED) {
        report_missing(binder, scope, row, place);
        return NULL;
    }
    if (row->type == SETTING_MAP)
        return row->flags & SETTING_OPTIONAL ? NULL : bind_section(binder, scope, row, place, NULL);
    return row->initial ? bind_initial(binder, row, place, scope->base) : NULL;
}

static struct settings_node *bind_present(struct binder *binder, const struct scope *scope,
                                          const struct setting *row, const struct place *place,
                                          struct settings_node *node)
{
    struct slot slot = {row, node, place, scope->base};
    struct settings_node *out;

    if (row->unused)
        note_unused(binder, row, node);
    if (row->type == SETTING_MAP)
        return bind_section(binder, scope, row, place, node);
    out = bind_value(binder, &slot);
    if (!out && row->initial)
        (void)bind_initial(binder, row, place, scope->base); /* for the rules that come after */
    return out;
}

static void bind_row(struct binder *binder, const struct scope *scope, const struct setting *row,
                     struct settings_node *out)
{
    struct str key = setting_key(row);
    struct place place = place_key(scope->place, key);
    struct node_entry *entry = node_entry(scope->from, key);
    struct settings_node *node;

    if (row->type == SETTING_SECRET) {
        bind_secret(binder, scope, row, out);
        return;
    }
    if (entry) {
        entry->is_known = true;
        node = bind_present(binder, scope, row, &place, entry->value);
    } else {
        node = bind_absent(binder, scope, row, &place);
    }
    if (node)
        node_add(binder->rules.arena, out, key, node);
}

/* -- Keys that no row wanted -- */

/* The nearest key that may stand here. */
static struct str nearest_here(const struct binder *binder, struct str prefix, struct str key)
{
    struct nearest nearest = nearest_to(key);
    size_t at = 0;

    for (const struct setting *row; (row = setting_next_below(prefix, &at)) != NULL;) {
        if (row->type == SETTING_SECRET) {
            struct secret_keys keys = secret_keys(row, binder->rules.arena);

            nearest_try(&nearest, keys.file);
            nearest_try(&nearest, keys.env);
        } else {
            nearest_try(&nearest, setting_key(row));
        }
    }
    return nearest.found;
}

/* Where in the file a key of exactly this name may stand; empty when nowhere. */
static struct str home_of(struct str key)
{
    const struct setting *row;

    for (size_t i = 0; (row = settings_row(i)) != NULL; i++) {
        if (str_eq(setting_key(row), key) && strlen(row->path) > key.len)
            return str_sub(str_of(row->path), 0, strlen(row->path) - key.len - 1);
    }
    return (struct str){0};
}

static void report_unknown(struct binder *binder, const struct scope *scope,
                           const struct node_entry *entry)
{
    struct place place = place_key(scope->place, entry->key);
    struct str nearest = nearest_here(binder, scope->prefix, entry->key);
    struct str home = home_of(entry->key);

    if (nearest.len > 0) {
        problems_add(binder->problems, entry->line, entry->column, &place,
                     "unknown key: did you mean `%.*s`?", STR_ARG(nearest));
    } else if (home.len > 0) {
        problems_add(binder->problems, entry->line, entry->column, &place,
                     "unknown key here: it belongs under `%.*s`", STR_ARG(home));
    } else {
        problems_add(binder->problems, entry->line, entry->column, &place, "unknown key");
    }
}

struct settings_node *bind_map(struct binder *binder, const struct scope *scope)
{
    struct settings_node *out = node_new(binder->rules.arena, NODE_MAP);
    size_t at = 0;

    if (scope->from && scope->from->kind != NODE_MAP) {
        struct slot slot = {.node = scope->from, .place = scope->place};

        (void)slot_refuse_kind(binder, &slot, "a map of keys");
        return NULL;
    }
    for (const struct setting *row; (row = setting_next_below(scope->prefix, &at)) != NULL;)
        bind_row(binder, scope, row, out);
    for (size_t i = 0; scope->from && i < scope->from->entries.n; i++) {
        if (!scope->from->entries.items[i].is_known)
            report_unknown(binder, scope, &scope->from->entries.items[i]);
    }
    return out;
}

/* Amounts are read with the digits of the currency, wherever in the file that stands. */
static unsigned minor_digits(const struct settings_node *top)
{
    const struct settings_node *catalogue = node_get(top, STR("catalogue"));
    const struct settings_node *currency = node_get(catalogue, STR("currency"));

    return currency && currency->kind == NODE_SCALAR ? currency_digits(currency->text) : 2;
}

struct settings_node *bind_settings(struct binder *binder, struct settings_node *top,
                                    struct bound *out)
{
    struct scope scope = {.from = top, .line = 1, .column = 1, .base = out};

    binder->rules.minor_digits = minor_digits(top);
    return bind_map(binder, &scope);
}

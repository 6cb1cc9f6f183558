#include "settings/settings_binder.h"

void slot_refuse(struct binder *binder, const struct slot *slot, struct str text)
{
    slot->node->is_bad = true;
    problems_add(binder->problems, slot->node->line, slot->node->column, slot->place, "%.*s",
                 STR_ARG(text));
}

/* -- Putting values where they belong -- */

void slot_put(const struct slot *slot, const void *value, size_t size)
{
    if (slot->base && slot->row->field.size > 0)
        memcpy((char *)slot->base + slot->row->field.at, value, size);
}

static void put_list(const struct slot *slot, const void *items, size_t n)
{
    if (!slot->base || slot->row->field.size == 0)
        return;
    memcpy((char *)slot->base + slot->row->field.at, &items, sizeof(items));
    memcpy((char *)slot->base + slot->row->field.n_at, &n, sizeof(n));
}

struct str path_joined(const struct binder *binder, struct str path)
{
    if (path.len == 0 || path.ptr[0] == '/' || binder->folder.len == 0)
        return path;
    return arena_printf(binder->rules.arena, "%.*s%.*s", STR_ARG(binder->folder), STR_ARG(path));
}

/* A two-valued word may stand in a bool, any other in its enum. */
static void put_word(const struct slot *slot, int64_t index)
{
    bool is_second = index == 1;
    int number = (int)index;

    if (slot->row->field.size == sizeof(bool)) {
        slot_put(slot, &is_second, sizeof(is_second));
    } else {
        slot_put(slot, &number, sizeof(number));
    }
}

static void put_scalar(const struct binder *binder, const struct slot *slot,
                       const struct value *value)
{
    struct str path;
    bool is_on = value->number != 0;

    switch (slot->row->type) {
    case SETTING_TEXT: slot_put(slot, &value->text, sizeof(value->text)); break;
    case SETTING_PATH:
        path = path_joined(binder, value->text);
        slot_put(slot, &path, sizeof(path));
        break;
    case SETTING_BOOL: slot_put(slot, &is_on, sizeof(is_on)); break;
    case SETTING_WORD: put_word(slot, value->number); break;
    default: slot_put(slot, &value->number, sizeof(value->number)); break;
    }
}

/* -- One value -- */

static const char *kind_name(enum node_kind kind)
{
    static const char *const names[] = {
        [NODE_SCALAR] = "a single value", [NODE_MAP] = "a map", [NODE_LIST] = "a list"};

    return names[kind];
}

bool slot_refuse_kind(struct binder *binder, const struct slot *slot, const char *wanted)
{
    const char *found = node_is_null(slot->node) ? "nothing" : kind_name(slot->node->kind);

    if (!slot->node->is_bad) {
        slot_refuse(binder, slot,
                    arena_printf(binder->rules.arena, "must be %s, not %s", wanted, found));
    }
    return false;
}

/* Reads a single value; false when it was refused. */
bool slot_read(struct binder *binder, const struct slot *slot, struct value *out)
{
    struct str wrong = {0};

    if (slot->node->kind != NODE_SCALAR || slot->node->is_bad)
        return slot_refuse_kind(binder, slot, kind_name(NODE_SCALAR));
    if (node_is_null(slot->node) && !(slot->row->flags & SETTING_EMPTY))
        return slot_refuse_kind(binder, slot, "one value");
    if (scalar_read(&binder->rules, slot->row, slot->node->text, out, &wrong))
        return true;
    slot_refuse(binder, slot, wrong);
    return false;
}

/* A text that other readers of YAML would take for a number, a date, a truth or nothing. */
static bool reads_as_other(struct str text)
{
    static const char words[] = "true false yes no on off y n null";

    for (int i = 0; words_find(words, text) < 0; i++) {
        if ((size_t)i == text.len)
            return true;
        if (!strchr("0123456789.-+_:", text.ptr[i]))
            return false;
    }
    return true;
}

struct settings_node *effective_scalar(const struct binder *binder, const struct setting *row,
                                       const struct value *value)
{
    struct settings_node *node =
        node_scalar(binder->rules.arena, scalar_text(&binder->rules, row, value));

    /* Decimal text is quoted as the manual shows it, so that no other reader takes it for a
     * floating point number; texts are quoted where they would read as something else. */
    node->is_quoted = row->type == SETTING_MONEY || row->type == SETTING_RATE ||
                      (row->form && reads_as_other(node->text));
    node->is_rule = (row->flags & SETTING_RULE) != 0;
    return node;
}

static struct settings_node *bind_scalar(struct binder *binder, const struct slot *slot)
{
    struct value value = {0};

    if (!slot_read(binder, slot, &value))
        return NULL;
    put_scalar(binder, slot, &value);
    return effective_scalar(binder, slot->row, &value);
}

/* -- Somebody: a login, or a group by name -- */

static const struct setting login_row = {
    .path = "login", .type = SETTING_TEXT, .form = &form_login, .flags = SETTING_RULE};
static const struct setting group_row = {
    .path = "okta_group", .type = SETTING_TEXT, .form = &form_text, .flags = SETTING_RULE};

static struct settings_node *bind_who_group(struct binder *binder, const struct slot *slot,
                                            struct who *out)
{
    struct settings_node *map = node_new(binder->rules.arena, NODE_MAP);
    struct value value = {0};
    const struct settings_node *from = slot->node;

    if (from->entries.n != 1 || !str_is(from->entries.items[0].key, "okta_group")) {
        slot_refuse(binder, slot, STR("must be a login, or {okta_group: NAME} and nothing else"));
        return NULL;
    }
    struct place place = place_key(slot->place, STR("okta_group"));
    struct slot below = {&group_row, from->entries.items[0].value, &place, NULL};
    if (!slot_read(binder, &below, &value))
        return NULL;
    out->okta_group = value.text;
    map->is_rule = true;
    node_add(binder->rules.arena, map, STR("okta_group"),
             effective_scalar(binder, &group_row, &value));
    return map;
}

static struct settings_node *read_who(struct binder *binder, const struct slot *slot,
                                      struct who *out)
{
    struct value value = {0};
    struct slot login = {&login_row, slot->node, slot->place, NULL};

    if (slot->node->kind == NODE_MAP)
        return bind_who_group(binder, slot, out);
    if (slot->node->kind == NODE_LIST) {
        (void)slot_refuse_kind(binder, slot, "one login, or {okta_group: NAME}");
        return NULL;
    }
    if (!slot_read(binder, &login, &value))
        return NULL;
    out->login = value.text;
    return effective_scalar(binder, &login_row, &value);
}

static struct settings_node *bind_who(struct binder *binder, const struct slot *slot)
{
    struct who who = {0};
    struct settings_node *node = read_who(binder, slot, &who);

    if (node)
        slot_put(slot, &who, sizeof(who));
    return node;
}

/* -- Lists of single values -- */

static size_t element_size(const struct setting *row)
{
    switch (row->type) {
    case SETTING_WHO: return sizeof(struct who);
    case SETTING_TEXT:
    case SETTING_PATH: return sizeof(struct str);
    default: return sizeof(int64_t);
    }
}

/* One element, to `at`. */
static struct settings_node *bind_element(struct binder *binder, const struct slot *slot, void *at)
{
    struct value value = {0};
    struct who who = {0};
    struct settings_node *node = NULL;

    if (slot->row->type == SETTING_WHO) {
        node = read_who(binder, slot, &who);
        memcpy(at, &who, sizeof(who));
        return node;
    }
    if (!slot_read(binder, slot, &value))
        return NULL;
    if (element_size(slot->row) == sizeof(struct str)) {
        memcpy(at, &value.text, sizeof(value.text));
    } else {
        memcpy(at, &value.number, sizeof(value.number));
    }
    return effective_scalar(binder, slot->row, &value);
}

static bool check_list(struct binder *binder, const struct slot *slot)
{
    if (slot->node->kind != NODE_LIST)
        return slot_refuse_kind(binder, slot, "a list, as in [ONE, TWO]");
    if (slot->node->entries.n > 0 || !(slot->row->flags & SETTING_FILLED))
        return true;
    slot_refuse(binder, slot, STR("must not be an empty list: leave it out or fill it"));
    return false;
}

static struct settings_node *bind_many(struct binder *binder, const struct slot *slot)
{
    struct settings_node *list = node_new(binder->rules.arena, NODE_LIST);
    size_t size = element_size(slot->row);
    size_t n = slot->node->entries.n;

    if (!check_list(binder, slot))
        return NULL;
    char *items = arena_calloc(binder->rules.arena, n, size, alignof(max_align_t));
    for (size_t i = 0; i < n; i++) {
        struct place place = place_item(slot->place, i);
        struct slot item = {slot->row, slot->node->entries.items[i].value, &place, NULL};
        struct settings_node *node = bind_element(binder, &item, items + i * size);

        if (node)
            node_add(binder->rules.arena, list, (struct str){0}, node);
    }
    put_list(slot, items, n);
    return list;
}

/* -- Lists of maps -- */

static struct settings_node *bind_list(struct binder *binder, const struct slot *slot)
{
    struct settings_node *list = node_new(binder->rules.arena, NODE_LIST);
    struct str prefix = arena_printf(binder->rules.arena, "%s[].", slot->row->path);
    size_t size = slot->row->item_size;
    size_t n = slot->node->entries.n;

    if (!check_list(binder, slot))
        return NULL;
    char *items = arena_calloc(binder->rules.arena, n, size, alignof(max_align_t));
    for (size_t i = 0; i < n; i++) {
        struct settings_node *from = slot->node->entries.items[i].value;
        struct place place = place_item(slot->place, i);
        struct scope scope = {prefix, from, &place, from->line, from->column, items + i * size};

        if (slot->row->blank)
            memcpy(scope.base, slot->row->blank, size);
        struct settings_node *node = bind_map(binder, &scope);
        if (node)
            node_add(binder->rules.arena, list, (struct str){0}, node);
    }
    put_list(slot, items, n);
    return list;
}

/* -- Free keys -- */

struct pair {
    struct str key, value;
};
_Static_assert(sizeof(struct pair) == sizeof(struct profile_value), "a dict fills either");
_Static_assert(sizeof(struct pair) == sizeof(struct local_user), "a dict fills either");
_Static_assert(offsetof(struct pair, value) == offsetof(struct profile_value, value), "same order");
_Static_assert(offsetof(struct pair, value) == offsetof(struct local_user, login), "same order");

static bool check_dict(struct binder *binder, const struct slot *slot)
{
    if (slot->node->kind != NODE_MAP)
        return slot_refuse_kind(binder, slot, "a map, as in {NAME: VALUE}");
    if (slot->node->entries.n > 0 || !(slot->row->flags & SETTING_FILLED))
        return true;
    slot_refuse(binder, slot, STR("must not be an empty map: leave it out or fill it"));
    return false;
}

static struct settings_node *bind_dict(struct binder *binder, const struct slot *slot)
{
    struct settings_node *map = node_new(binder->rules.arena, NODE_MAP);
    size_t n = slot->node->entries.n;

    if (!check_dict(binder, slot))
        return NULL;
    struct pair *pairs = arena_array(binder->rules.arena, struct pair, n);
    for (size_t i = 0; i < n; i++) {
        const struct node_entry *entry = &slot->node->entries.items[i];
        struct place place = place_key(slot->place, entry->key);
        struct slot value_slot = {slot->row, entry->value, &place, NULL};
        struct setting as_text = *slot->row;
        struct value value = {0};

        as_text.type = SETTING_TEXT;
        value_slot.row = &as_text;
        if (entry->key.len == 0 || form_text.wrong(entry->key)) {
            slot_refuse(binder, &value_slot, STR("has a key that is no plain word"));
            continue;
        }
        if (!slot_read(binder, &value_slot, &value))
            continue;
        pairs[i] = (struct pair){entry->key, value.text};
        node_add(binder->rules.arena, map, entry->key, effective_scalar(binder, &as_text, &value));
    }
    put_list(slot, pairs, n);
    return map;
}

/* -- Approval: a word, or a word for each plan -- */

static struct settings_node *bind_approvals(struct binder *binder, const struct slot *slot)
{
    struct settings_node *map = node_new(binder->rules.arena, NODE_MAP);
    bool is_uniform = slot->node->entries.n > 0;

    for (size_t i = 0; i < slot->node->entries.n; i++) {
        const struct node_entry *entry = &slot->node->entries.items[i];
        struct place place = place_key(slot->place, entry->key);
        struct slot below = {slot->row, entry->value, &place, NULL};
        struct value value = {0};

        if (!slot_read(binder, &below, &value)) {
            slot->node->is_bad = true;
            continue;
        }
        node_add(binder->rules.arena, map, entry->key, effective_scalar(binder, slot->row, &value));
        is_uniform &= str_eq(map->entries.items[0].value->text,
                             map->entries.items[map->entries.n - 1].value->text);
    }
    /* The same for all plans is said by one word, however it was written. */
    return is_uniform && map->entries.n > 0 ? map->entries.items[0].value : map;
}

static struct settings_node *bind_approval(struct binder *binder, const struct slot *slot)
{
    if (slot->node->kind == NODE_MAP)
        return bind_approvals(binder, slot);
    if (slot->node->kind == NODE_SCALAR)
        return bind_scalar(binder, slot);
    (void)slot_refuse_kind(binder, slot, "one word, or a map from each plan to a word");
    return NULL;
}

/* -- Any of them -- */

struct settings_node *bind_value(struct binder *binder, const struct slot *slot)
{
    if (slot->row->flags & SETTING_MANY)
        return bind_many(binder, slot);
    switch (slot->row->type) {
    case SETTING_LIST: return bind_list(binder, slot);
    case SETTING_DICT: return bind_dict(binder, slot);
    case SETTING_WHO: return bind_who(binder, slot);
    case SETTING_APPROVAL: return bind_approval(binder, slot);
    default: return bind_scalar(binder, slot);
    }
}

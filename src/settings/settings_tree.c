#include "settings/settings_tree.h"

#include <yaml.h>

#include "base/map.h"
#include "base/utf8.h"

struct reader {
    yaml_parser_t parser;
    struct problems *problems;
    size_t n_nodes;
    bool has_failed; /* no use to go on */
};

/* A value and where it begins; marks count from 0, people from 1. */
static struct settings_node *new_node(struct reader *reader, enum node_kind kind,
                                      const yaml_event_t *event)
{
    struct settings_node *node = node_new(reader->problems->arena, kind);

    node->line = (unsigned)event->start_mark.line + 1;
    node->column = (unsigned)event->start_mark.column + 1;
    return node;
}

static void complain(struct reader *reader, const yaml_event_t *event, const struct place *place,
                     const char *text)
{
    problems_add(reader->problems, (unsigned)event->start_mark.line + 1,
                 (unsigned)event->start_mark.column + 1, place, "%s", text);
}

static bool give_up(struct reader *reader, const yaml_event_t *event, const struct place *place,
                    const char *text)
{
    complain(reader, event, place, text);
    reader->has_failed = true;
    return false;
}

/* What libyaml calls the problem, with what it was doing when it says so. */
static void complain_of_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem ? parser->problem : "cannot be read";
    const char *context = parser->context ? parser->context : "";

    problems_add(reader->problems, (unsigned)parser->problem_mark.line + 1,
                 (unsigned)parser->problem_mark.column + 1, NULL, "not YAML: %s%s%s", problem,
                 *context ? ", " : "", context);
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
    if (reader->has_failed)
        return false;
    if (!yaml_parser_parse(&reader->parser, event)) {
        complain_of_syntax(reader);
        reader->has_failed = true;
        return false;
    }
    return true;
}

static struct settings_node *read_value(struct reader *reader, const yaml_event_t *event,
                                        const struct place *place, unsigned depth);

static void refuse_marks(struct reader *reader, const yaml_event_t *event,
                         const struct place *place, const yaml_char_t *anchor,
                         const yaml_char_t *tag)
{
    if (anchor)
        complain(reader, event, place, "anchors are not allowed: write the value where it is used");
    if (tag)
        complain(reader, event, place, "tags are not allowed: leave the `!` word out");
}

static struct str text_of(struct reader *reader, const yaml_event_t *event)
{
    struct str text = {(const char *)event->data.scalar.value, event->data.scalar.length};

    return arena_str(reader->problems->arena, text);
}

static struct settings_node *read_scalar(struct reader *reader, const yaml_event_t *event,
                                         const struct place *place)
{
    struct settings_node *node = new_node(reader, NODE_SCALAR, event);

    refuse_marks(reader, event, place, event->data.scalar.anchor, event->data.scalar.tag);
    node->text = text_of(reader, event);
    node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node;
}

static struct settings_node *read_list(struct reader *reader, const yaml_event_t *start,
                                       const struct place *place, unsigned depth)
{
    struct settings_node *list = new_node(reader, NODE_LIST, start);

    refuse_marks(reader, start, place, start->data.sequence_start.anchor,
                 start->data.sequence_start.tag);
    for (;;) {
        CLEANUP(yaml_event_delete) yaml_event_t event = {0};
        struct place item = place_item(place, list->entries.n);

        if (!next_event(reader, &event))
            return NULL;
        if (event.type == YAML_SEQUENCE_END_EVENT)
            return list;
        struct settings_node *value = read_value(reader, &event, &item, depth + 1);
        if (!value)
            return NULL;
        node_add(reader->problems->arena, list, (struct str){0}, value);
    }
}

/* One key and its value. A doubled or impossible key is reported and its value read past. */
static bool read_pair(struct reader *reader, const yaml_event_t *key_event,
                      struct settings_node *map, struct map *seen, const struct place *place,
                      unsigned depth)
{
    CLEANUP(yaml_event_delete) yaml_event_t event = {0};
    struct node_entry entry = {.line = (unsigned)key_event->start_mark.line + 1,
                               .column = (unsigned)key_event->start_mark.column + 1};
    bool is_word = key_event->type == YAML_SCALAR_EVENT;
    struct settings_node *key = read_value(reader, key_event, place, depth + 1);

    if (!key || !next_event(reader, &event))
        return false;
    entry.key = is_word ? key->text : STR("?");
    struct place below = place_key(place, entry.key);
    if (!is_word)
        complain(reader, key_event, place, "a key must be one word");
    entry.value = read_value(reader, &event, &below, depth + 1);
    if (!entry.value)
        return false;

    const struct node_entry *first = map_get(seen, entry.key);
    if (first) {
        problems_add(reader->problems, entry.line, entry.column, &below,
                     "is given twice: the first is on line %u", first->line);
    } else if (is_word) {
        struct node_entry *kept = arena_new(reader->problems->arena, struct node_entry);

        *kept = entry;
        (void)map_put(seen, reader->problems->arena, entry.key, kept);
        VEC_PUSH(reader->problems->arena, &map->entries, entry);
    }
    return true;
}

static struct settings_node *read_map(struct reader *reader, const yaml_event_t *start,
                                      const struct place *place, unsigned depth)
{
    struct settings_node *node = new_node(reader, NODE_MAP, start);
    struct map seen = {0};

    refuse_marks(reader, start, place, start->data.mapping_start.anchor,
                 start->data.mapping_start.tag);
    for (;;) {
        CLEANUP(yaml_event_delete) yaml_event_t event = {0};

        if (!next_event(reader, &event))
            return NULL;
        if (event.type == YAML_MAPPING_END_EVENT)
            return node;
        if (!read_pair(reader, &event, node, &seen, place, depth))
            return NULL;
    }
}

static bool within_limits(struct reader *reader, const yaml_event_t *event,
                          const struct place *place, unsigned depth)
{
    if (depth > TREE_MAX_DEPTH)
        return give_up(reader, event, place, "is nested too deeply for a settings file");
    if (++reader->n_nodes > TREE_MAX_NODES)
        return give_up(reader, event, place, "is one value too many: 20000 are allowed");
    return true;
}

static struct settings_node *read_value(struct reader *reader, const yaml_event_t *event,
                                        const struct place *place, unsigned depth)
{
    if (!within_limits(reader, event, place, depth))
        return NULL;
    switch (event->type) {
    case YAML_SCALAR_EVENT: return read_scalar(reader, event, place);
    case YAML_SEQUENCE_START_EVENT: return read_list(reader, event, place, depth);
    case YAML_MAPPING_START_EVENT: return read_map(reader, event, place, depth);
    default: break;
    }
    /* An alias: reported, and stood in for by a value that nobody follows up. */
    complain(reader, event, place, "aliases are not allowed: write the value itself");
    struct settings_node *node = new_node(reader, NODE_SCALAR, event);
    node->is_bad = true;
    return node;
}

/* The events around the one document. */
static struct settings_node *read_document(struct reader *reader)
{
    struct settings_node *top = NULL;

    for (;;) {
        CLEANUP(yaml_event_delete) yaml_event_t event = {0};

        if (!next_event(reader, &event))
            return NULL;
        switch (event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT: break;
        case YAML_STREAM_END_EVENT:
            if (!top) {
                complain(reader, &event, NULL,
                         "the file says nothing: it needs at least `okta`, "
                         "`ledger` and `entitlements`");
            }
            return top;
        case YAML_DOCUMENT_START_EVENT:
            if (top) {
                complain(reader, &event, NULL, "only one document is allowed in a file");
                return top;
            }
            break;
        default:
            top = read_value(reader, &event, NULL, 1);
            if (!top)
                return NULL;
        }
    }
}

/* libyaml gives no line for bytes that it cannot read, so they are looked for before. */
static bool check_bytes(struct str text, struct problems *problems)
{
    struct str rest = text;
    unsigned line = 1;
    unsigned column = 1;

    while (rest.len > 0) {
        struct str before = rest;
        int32_t c = utf8_next(&rest);
        struct str one = {before.ptr, before.len - rest.len};
        bool is_space = c == '\t' || c == '\n' || c == '\r';

        if ((c < 0x20 && !is_space) || (c >= 0x7f && c < 0xa0) || !utf8_valid(one)) {
            problems_add(problems, line, column, NULL,
                         "a byte here is not text: the file must be UTF-8 without control bytes");
            return false;
        }
        column = c == '\n' ? 1 : column + 1;
        line += c == '\n';
    }
    return true;
}

struct settings_node *tree_read(struct str text, struct problems *problems)
{
    struct reader reader = {.problems = problems};
    struct settings_node *top = NULL;

    if (text.len > TREE_MAX_BYTES) {
        problems_add(problems, 1, 1, NULL, "the file is over 1 MiB: this cannot be settings");
        return NULL;
    }
    if (str_starts(text, STR("\xef\xbb\xbf"))) /* a byte order mark, as some editors leave it */
        text = str_sub(text, 3, text.len);
    if (!check_bytes(text, problems))
        return NULL;
    if (!yaml_parser_initialize(&reader.parser))
        abort(); /* out of memory */
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)(text.ptr ? text.ptr : ""),
                                 text.len);
    top = read_document(&reader);
    yaml_parser_delete(&reader.parser);
    if (top && top->kind != NODE_MAP) {
        problems_add(problems, top->line, top->column, NULL,
                     "the file must be a map of keys, as in `name: prod`");
        return NULL;
    }
    return top;
}

struct node_entry *node_entry(const struct settings_node *map, struct str key)
{
    if (!map || map->kind != NODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->entries.n; i++) {
        if (str_eq(map->entries.items[i].key, key))
            return &map->entries.items[i];
    }
    return NULL;
}

struct settings_node *node_get(const struct settings_node *map, struct str key)
{
    const struct node_entry *entry = node_entry(map, key);

    return entry ? entry->value : NULL;
}

bool node_is_null(const struct settings_node *node)
{
    return node->kind == NODE_SCALAR && !node->is_quoted &&
           (node->text.len == 0 || str_is(node->text, "~") || str_ieq(node->text, STR("null")));
}

struct settings_node *node_new(struct arena *arena, enum node_kind kind)
{
    struct settings_node *node = arena_new(arena, struct settings_node);

    node->kind = kind;
    return node;
}

struct settings_node *node_scalar(struct arena *arena, struct str text)
{
    struct settings_node *node = node_new(arena, NODE_SCALAR);

    node->text = text;
    return node;
}

void node_add(struct arena *arena, struct settings_node *parent, struct str key,
              struct settings_node *value)
{
    VEC_PUSH(arena, &parent->entries, ((struct node_entry){.key = key, .value = value}));
}

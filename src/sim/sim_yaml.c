#include "sim/sim_yaml.h"

#include <stdarg.h>
#include <stdio.h>

#include <yaml.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_out.h"

#define MAX_DEPTH 16
#define MAX_NODES ((size_t)4000000)
#define MAX_SPAN  (40000 * TIME_DAY)

struct reader {
    yaml_parser_t parser;
    struct arena *arena;
    size_t n_nodes;
    struct err *err;
};

void sim_node_err_(const struct sim_node *node, struct err *err, const char *fmt, ...)
{
    char text[400];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    (void)err_set(err, ERR_USAGE, "line %u: %s", node->line, text);
}

static bool refuse(struct reader *reader, const yaml_mark_t *mark, const char *why)
{
    return err_set(reader->err, ERR_USAGE, "line %zu: %s", mark->line + 1, why);
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    return refuse(reader, &reader->parser.problem_mark,
                  reader->parser.problem ? reader->parser.problem : "not YAML");
}

static void free_parser(struct reader *reader)
{
    yaml_parser_delete(&reader->parser);
}

static void append(struct sim_node *parent, struct sim_node *child)
{
    if (parent->last) {
        parent->last->next = child;
    } else {
        parent->first = child;
    }
    parent->last = child;
    parent->n++;
}

static bool has_key(const struct sim_node *map, struct str key)
{
    for (const struct sim_node *child = map->first; child; child = child->next) {
        if (str_eq(child->key, key))
            return true;
    }
    return false;
}

static bool is_plain(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT: return !event->data.scalar.anchor && !event->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return !event->data.sequence_start.anchor && !event->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return !event->data.mapping_start.anchor && !event->data.mapping_start.tag;
    default: return event->type != YAML_ALIAS_EVENT;
    }
}

static struct str scalar_text(struct reader *reader, const yaml_event_t *event)
{
    return arena_str(reader->arena, (struct str){(const char *)event->data.scalar.value,
                                                 event->data.scalar.length});
}

static struct sim_node *new_node(struct reader *reader, const yaml_event_t *event)
{
    struct sim_node *node = arena_new(reader->arena, struct sim_node);

    node->line = (unsigned)event->start_mark.line + 1;
    if (event->type == YAML_MAPPING_START_EVENT) {
        node->kind = SIM_NODE_MAP;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        node->kind = SIM_NODE_LIST;
    } else {
        node->text = scalar_text(reader, event);
        node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    }
    return node;
}

/* What is open while events come in: a stack, so that depth is bounded and nothing recurses. */
struct open_nodes {
    struct sim_node *stack[MAX_DEPTH + 1];
    size_t n;
    struct str key; /* read in the innermost map, its value still to come */
    bool has_key;
};

static struct sim_node *innermost(const struct open_nodes *open)
{
    return open->n > 0 ? open->stack[open->n - 1] : NULL;
}

static bool take_key(struct reader *reader, struct open_nodes *open, const yaml_event_t *event)
{
    const struct sim_node *map = innermost(open);

    if (event->type != YAML_SCALAR_EVENT)
        return refuse(reader, &event->start_mark, "a key must be plain text");
    if (event->data.scalar.length == 0)
        return refuse(reader, &event->start_mark, "a key must not be empty");
    open->key = scalar_text(reader, event);
    open->has_key = true;
    if (map && map->n < 4096 && has_key(map, open->key)) {
        return err_set(reader->err, ERR_USAGE, "line %zu: `%.*s` is given twice",
                       event->start_mark.line + 1, STR_ARG(open->key));
    }
    return true;
}

static bool take_value(struct reader *reader, struct open_nodes *open, const yaml_event_t *event)
{
    struct sim_node *node = new_node(reader, event);
    struct sim_node *parent = innermost(open);

    if (++reader->n_nodes > MAX_NODES)
        return refuse(reader, &event->start_mark, "too many values");
    if (parent) {
        node->key = open->key;
        append(parent, node);
    } else {
        open->stack[0] = node;
    }
    open->has_key = false;
    open->key = (struct str){0};
    if (node->kind == SIM_NODE_SCALAR)
        return true;
    if (open->n == MAX_DEPTH)
        return refuse(reader, &event->start_mark, "nested too deeply");
    open->stack[open->n++] = node;
    return true;
}

static bool take_event(struct reader *reader, struct open_nodes *open, const yaml_event_t *event)
{
    const struct sim_node *parent = innermost(open);

    if (!is_plain(event))
        return refuse(reader, &event->start_mark, "anchors, aliases and tags are not taken");
    if (event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT) {
        open->n--;
        return true;
    }
    if (event->type != YAML_SCALAR_EVENT && event->type != YAML_SEQUENCE_START_EVENT &&
        event->type != YAML_MAPPING_START_EVENT)
        return true;
    if (parent && parent->kind == SIM_NODE_MAP && !open->has_key)
        return take_key(reader, open, event);
    return take_value(reader, open, event);
}

static bool read_all(struct reader *reader, const struct sim_node **root)
{
    struct open_nodes open = {0};
    unsigned n_documents = 0;
    bool at_end = false;

    while (!at_end) {
        yaml_event_t event;

        if (!next_event(reader, &event))
            return false;
        at_end = event.type == YAML_STREAM_END_EVENT;
        n_documents += event.type == YAML_DOCUMENT_START_EVENT;

        bool ok = n_documents < 2 ? take_event(reader, &open, &event)
                                  : refuse(reader, &event.start_mark, "one document only");
        yaml_event_delete(&event);
        if (!ok)
            return false;
    }
    *root = open.stack[0];
    return true;
}

bool sim_yaml_parse(struct str text, struct arena *arena, const struct sim_node **root,
                    struct err *err)
{
    struct reader reader = {.arena = arena, .err = err};
    const struct sim_node *tree = NULL;

    if (!yaml_parser_initialize(&reader.parser))
        return err_set(err, ERR_INTERNAL, "no memory for the YAML reader");
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser,
                                 (const unsigned char *)(text.len > 0 ? text.ptr : ""), text.len);

    bool ok = read_all(&reader, &tree);
    free_parser(&reader);
    if (!ok)
        return false;
    if (!tree || (tree->kind == SIM_NODE_SCALAR && tree->text.len == 0)) {
        struct sim_node *empty = arena_new(arena, struct sim_node);

        empty->kind = SIM_NODE_MAP;
        empty->line = 1;
        tree = empty;
    }
    *root = tree;
    return true;
}

const struct sim_node *sim_node_get(const struct sim_node *map, const char *key)
{
    for (const struct sim_node *child = map->first; child; child = child->next) {
        if (str_is(child->key, key))
            return child;
    }
    return NULL;
}

static void put_node(struct json_out *out, const struct sim_node *node)
{
    CLEANUP(buf_fini) struct buf key = {0};
    const char *name = NULL;

    if (node->key.len > 0) {
        buf_add(&key, node->key);
        name = key.ptr;
    }
    if (node->kind == SIM_NODE_SCALAR) {
        json_put_str(out, name, node->text);
        return;
    }
    json_open(out, name, node->kind == SIM_NODE_MAP ? '{' : '[');
    for (const struct sim_node *child = node->first; child; child = child->next)
        put_node(out, child);
    json_end(out, node->kind == SIM_NODE_MAP ? '}' : ']');
}

struct str sim_node_json(const struct sim_node *node, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf text = {0};
    struct json_out out = {.buf = &text};
    struct sim_node root = *node;

    root.key = (struct str){0};
    put_node(&out, &root);
    return arena_str(arena, buf_str(&text));
}

/* ---- binding ---- */

bool sim_span(struct str text, int64_t *out_ms)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    int64_t value;

    if (negative)
        text = str_sub(text, 1, text.len);
    if (str_to_i64(text, &value)) {
        if (value < 0 || value > MAX_SPAN / TIME_SECOND)
            return false;
        value *= TIME_SECOND;
    } else if (!duration_parse(text, &value) || value > MAX_SPAN) {
        return false;
    }
    *out_ms = negative ? -value : value;
    return true;
}

static bool read_bool(const struct sim_node *node, bool *out)
{
    bool yes = str_is(node->text, "true") || str_is(node->text, "yes");

    if (!yes && !str_is(node->text, "false") && !str_is(node->text, "no"))
        return false;
    *out = yes;
    return true;
}

static bool bind_one(const struct sim_node *node, const struct sim_field *field, char *place,
                     struct err *err)
{
    void *to = place + field->offset;

    if (field->type == SIM_FIELD_NODE) {
        *(const struct sim_node **)to = node;
        return true;
    }
    if (node->kind != SIM_NODE_SCALAR)
        return sim_node_err(node, err, "`%s` must be a single value", field->key);
    if (field->type == SIM_FIELD_STR) {
        *(struct str *)to = node->text;
    } else if (field->type == SIM_FIELD_INT && !str_to_i64(node->text, to)) {
        return sim_node_err(node, err, "`%s` must be a number", field->key);
    } else if (field->type == SIM_FIELD_BOOL && !read_bool(node, to)) {
        return sim_node_err(node, err, "`%s` must be true or false", field->key);
    } else if (field->type == SIM_FIELD_SPAN && !sim_span(node->text, to)) {
        return sim_node_err(node, err, "`%s` must be a duration such as 30s or 5m", field->key);
    }
    return true;
}

static bool unknown_key(const struct sim_node *node, const struct sim_field *fields, size_t n,
                        struct err *err)
{
    char known[256];
    size_t at = 0;

    known[0] = '\0';
    for (size_t i = 0; i < n && at < sizeof(known) - 40; i++) {
        at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", i > 0 ? " " : "",
                               fields[i].key);
    }
    return sim_node_err(node, err, "unknown key `%.*s`; known here: %s",
                        (int)(node->key.len < 60 ? node->key.len : 60),
                        node->key.len > 0 ? node->key.ptr : "", known);
}

bool sim_bind(const struct sim_node *map, const struct sim_field *fields, size_t n, void *out,
              struct err *err)
{
    if (map->kind != SIM_NODE_MAP)
        return sim_node_err(map, err, "keys and values are expected here");
    for (const struct sim_node *child = map->first; child; child = child->next) {
        size_t i = 0;

        while (i < n && !str_is(child->key, fields[i].key))
            i++;
        if (i == n)
            return unknown_key(child, fields, n, err);
        if (!bind_one(child, &fields[i], out, err))
            return false;
    }
    return true;
}

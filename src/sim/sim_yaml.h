#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * YAML as the simulator's files use it, and JSON with it: maps, lists, scalars. Refused: anchors,
 * aliases, tags, doubled keys, several documents, nesting over 16, more than 4 million nodes.
 * Every fault is ERR_USAGE and begins with `line N:`.
 */

enum sim_node_kind { SIM_NODE_SCALAR, SIM_NODE_MAP, SIM_NODE_LIST };

struct sim_node {
    enum sim_node_kind kind;
    bool quoted;
    unsigned line;
    struct str text; /* of a scalar */
    struct str key;  /* inside a map */
    size_t n;        /* members of a map or list */
    struct sim_node *first, *last, *next;
};

/* Tree in arena. An empty text is an empty map. */
bool sim_yaml_parse(struct str text, struct arena *arena, const struct sim_node **root,
                    struct err *err);
/* NULL when absent. */
const struct sim_node *sim_node_get(const struct sim_node *map, const char *key);
/* The node as JSON text in arena; every scalar becomes a string. */
struct str sim_node_json(const struct sim_node *node, struct arena *arena);
/* Fills `err` with the node's line before the sentence; the constant false. */
#define sim_node_err(node, err, ...) (sim_node_err_((node), (err), __VA_ARGS__), false)
void sim_node_err_(const struct sim_node *node, struct err *err, const char *fmt, ...)
    ATTR_PRINTF(3, 4);

/*
 * Binding: a table of keys, each with a type and the place in a struct it goes to. Absent keys
 * leave their place as it was. Unknown keys are refused, naming the known ones.
 */
enum sim_field_type {
    SIM_FIELD_STR,  /* struct str */
    SIM_FIELD_INT,  /* int64_t */
    SIM_FIELD_BOOL, /* bool */
    SIM_FIELD_SPAN, /* int64_t in milliseconds: a duration (`30s`), or a number of seconds */
    SIM_FIELD_NODE, /* const struct sim_node *, as it is */
};
struct sim_field {
    const char *key;
    enum sim_field_type type;
    size_t offset;
};
bool sim_bind(const struct sim_node *map, const struct sim_field *fields, size_t n, void *out,
              struct err *err);
/* A span by itself, as SIM_FIELD_SPAN; a leading minus is fine. */
bool sim_span(struct str text, int64_t *out_ms);

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"
#include "settings/settings_problem.h"

/*
 * The settings file as a tree: maps, lists and scalars with their line and column, before anybody
 * asks what they mean. Scalars stay text. What makes YAML surprising is refused: anchors, aliases,
 * tags, doubled keys, several documents; and so is what no settings file needs: over 1 MiB, deeper
 * than 16, more than 20,000 values.
 */

#define TREE_MAX_BYTES ((size_t)1 << 20)
#define TREE_MAX_DEPTH 16
#define TREE_MAX_NODES 20000

enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };

struct settings_node;

struct node_entry {
    struct str key; /* empty in a list */
    unsigned line, column;
    struct settings_node *value;
    bool is_known; /* the binder's mark: some setting wanted this key */
};

struct settings_node {
    enum node_kind kind;
    unsigned line, column; /* from 1; 0 in what the program made up itself */
    struct str text;       /* of a scalar */
    bool is_quoted;        /* of a scalar: `""` is a text, nothing at all is not */
    bool is_bad;           /* a problem was reported right here: do not follow it up */
    bool is_rule;          /* in the effective settings: decides access */
    VEC_OF(struct node_entry) entries;
};

/* The top of the only document, a map. NULL when there is nothing to go on with; each problem is
 * added. All in arena, which the problems share. */
struct settings_node *tree_read(struct str text, struct problems *problems);

/* NULL when there is no such key, or `map` is NULL or no map. */
struct settings_node *node_get(const struct settings_node *map, struct str key);
struct node_entry *node_entry(const struct settings_node *map, struct str key);
/* Nothing was written: `key:`, `~` or `null`. */
bool node_is_null(const struct settings_node *node);

struct settings_node *node_new(struct arena *arena, enum node_kind kind);
struct settings_node *node_scalar(struct arena *arena, struct str text);
/* Adds to a map, or with an empty key to a list. */
void node_add(struct arena *arena, struct settings_node *parent, struct str key,
              struct settings_node *value);

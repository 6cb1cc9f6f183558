#pragma once

#include "settings/settings_bind.h"

/* The two halves of the binder: maps and their keys, and values of every other kind. */

/* One map of the file and what is known about it. */
struct scope {
    struct str prefix;          /* of the rows below: "", "okta.", "entitlements[]." */
    struct settings_node *from; /* NULL: left out, its defaults apply */
    const struct place *place;
    unsigned line, column; /* for what is missing */
    void *base;            /* the structure that the rows fill; NULL: none */
};

/* One value of the file and the row it belongs to. */
struct slot {
    const struct setting *row;
    struct settings_node *node;
    const struct place *place;
    void *base;
};

/* Every setting directly in this map, and every key that is none. NULL when it is no map. */
struct settings_node *bind_map(struct binder *binder, const struct scope *scope);
/* A value of any kind but a map of settings or a secret. NULL when it was refused. */
struct settings_node *bind_value(struct binder *binder, const struct slot *slot);

/* Complains about what the slot holds, once and for all. */
void slot_refuse(struct binder *binder, const struct slot *slot, struct str text);
/* The same for a value of the wrong kind; always false. */
bool slot_refuse_kind(struct binder *binder, const struct slot *slot, const char *wanted);
/* A single value; false when it was refused. */
bool slot_read(struct binder *binder, const struct slot *slot, struct value *out);
/* Puts bytes where the row of the slot says, if it says so. */
void slot_put(const struct slot *slot, const void *value, size_t size);
/* Where a path of the settings leads. In arena or lent. */
struct str path_joined(const struct binder *binder, struct str path);
struct settings_node *effective_scalar(const struct binder *binder, const struct setting *row,
                                       const struct value *value);

#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"
#include "base/vec.h"
#include "settings/settings.h"

/*
 * Collecting what is wrong with a settings file, so that all of it is said at once.
 *
 * A place is a path under construction: a chain of keys and positions on the stack of whoever walks
 * the file, written out only when there is something to complain about.
 */

#define PROBLEMS_MAX 500 /* a file with more was not meant as settings; the rest is dropped */

struct problems {
    struct arena *arena;
    VEC_OF(struct settings_problem) list;
};

struct place {
    const struct place *up; /* NULL: the top of the file */
    struct str key;         /* when it is a key */
    size_t index;           /* when it is an item of a list */
    bool is_item;
};

struct place place_key(const struct place *up, struct str key);
struct place place_item(const struct place *up, size_t index);
/* `entitlements[0].mode`; in arena. */
struct str place_str(const struct place *place, struct arena *arena);

void problems_add(struct problems *problems, unsigned line, unsigned column,
                  const struct place *place, const char *fmt, ...) ATTR_PRINTF(5, 6);
bool problems_full(const struct problems *problems);
/* By line and column, in the order of finding within one place. */
struct settings_problems problems_sorted(struct problems *problems);

/* What a user wrote, fit to be shown in a sentence: printable and short. In arena. */
struct str shown(struct str text, struct arena *arena);

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/map.h"
#include "subs/subs_call.h"

/*
 * A walk over pages (contract 3.4 and 6.6 rule 2): the same request again with the token, until
 * there is none. An empty page with a token goes on. A repeated token, too many pages, an odd page
 * or an error break the walk; a token that the service no longer takes begins it anew, once.
 */

struct subs_walk;

/* Takes a page and hands out its token (empty: it was the last). The body is lent, `scratch` is
 * given up after the page. False, with a sentence: the whole walk is worthless. */
typedef bool subs_page_fn(struct subs_walk *walk, struct str body, struct arena *scratch,
                          struct str *token, struct err *err);

enum subs_walk_state { SUBS_WALK_OPEN, SUBS_WALK_WHOLE, SUBS_WALK_BROKEN };

struct subs_walk {
    enum subs_operation operation;
    struct str body; /* of the first page's request; kept */
    subs_page_fn *page;
    void (*forget)(struct subs_walk *walk); /* everything that was read: it begins anew */
    void *self;                             /* for the two */

    enum subs_walk_state state; /* filled from here on */
    unsigned pages;             /* read and taken */
    int64_t asked_at;           /* when the first page was asked for */
    struct str why;             /* one sentence, with the page's number */
    bool began_anew;
    struct buf token; /* of the next page */
    struct map seen;  /* digests of all tokens */
};

/* Until it is WHOLE or BROKEN; `why` in arena. Fails like aws_exchange. */
bool subs_walk(struct subs *subs, struct subs_walk *walk, struct arena *arena, struct err *err);

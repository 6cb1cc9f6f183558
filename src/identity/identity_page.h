#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/map.h"
#include "identity/identity_call.h"

/*
 * Walks over pages (contract 3.4): the same request again with NextToken, until there is none. An
 * empty page with a token goes on. A repeated token, too many pages, an odd page or an error break
 * the walk; a token that the service no longer takes begins it anew, once.
 */

struct identity_walk;

/* Takes a page and hands out its token (empty: it was the last). The body is lent, `scratch` is
 * given up after the page. False, with a sentence: the whole walk is worthless. */
typedef bool identity_page_fn(struct identity_walk *walk, struct str body, struct arena *scratch,
                              struct str *token, struct err *err);

enum identity_walk_state { IDENTITY_WALK_OPEN, IDENTITY_WALK_WHOLE, IDENTITY_WALK_BROKEN };

struct identity_walk {
    enum aws_service service;
    const char *operation;
    struct str body;  /* of the first page's request; kept */
    const char *type; /* what may turn out to be absent, as in identity_judge; NULL: nothing */
    identity_page_fn *page;
    void (*forget)(struct identity_walk *walk); /* everything that was read: it begins anew */
    void *self;                                 /* for the two */

    enum identity_walk_state state; /* filled from here on */
    enum identity_answer answer;    /* FOUND when whole; what the break means */
    unsigned pages;                 /* read and taken */
    int64_t asked_at;               /* when the first page was asked for */
    struct str why;                 /* one sentence, with the page's number */
    bool began_anew;
    struct buf token; /* of the next page */
    struct map seen;  /* digests of all tokens */
};

/* Walks all of them side by side, a page of each per round. `why` in arena. Fails like
 * aws_exchange. When one is refused, all are. */
bool identity_walk_all(struct identity *identity, struct identity_walk *walks, size_t n,
                       struct arena *arena, struct err *err);
/* Breaks it before it begins. */
void identity_walk_refuse(struct identity *identity, struct identity_walk *walk,
                          enum identity_answer answer, struct str why);

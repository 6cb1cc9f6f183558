#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "http/http.h"
#include "http/url.h"

/*
 * Paging by the Link header (RFC 8288): several header lines or one joined by commas, any order of
 * parameters, commas and semicolons inside <...>. Pure.
 */

/* The target of the first link whose rel is `next`; the empty view if there is none. False when a
 * Link header cannot be read, or two `next` differ. Lent by the response. */
bool link_next(const struct http_response *res, struct str *out);

/*
 * One walk over pages, with the guards of contracts/okta.md 3.3. Zeroed members `seen` and `pages`
 * to start with.
 */
struct link_walk {
    struct str first; /* the URL asked for first; kept */
    struct map seen;
    unsigned pages, max_pages; /* 0: 10,000 */
};

/* After a page: `*next` becomes the URL of the next page (in arena, verbatim), or empty at the end.
 * False, with a sentence, on a foreign origin, another path, a repeated URL, too many pages or a
 * header that cannot be read: the whole walk is worthless then. */
bool link_walk_on(struct link_walk *walk, const struct http_response *res, struct arena *arena,
                  struct str *next, struct err *err);

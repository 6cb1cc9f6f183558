#pragma once

#include "core/explain.h"

/* The words that an explanation is made of, for its own files. */

struct explain_page {
    const struct explain_input *in;
    struct buf *out;
    struct arena *arena; /* scratch */
};

/* Every text that comes from outside goes through here. */
struct str explain_shown(const struct explain_page *page, struct str text);
struct str explain_day(const struct explain_page *page, int64_t ms);
/* How the person is called. */
struct str explain_who(const struct explain_page *page);
/* ... as a word of a command line. */
struct str explain_who_word(const struct explain_page *page);

/* One sentence: who asked for what, when, and what became of it. */
void explain_put_request(const struct explain_page *page, const struct request *request);
/* From when until when, and why, while it counts. */
void explain_put_grant(const struct explain_page *page, const struct grant *grant);
/* The seat and how far it has come. */
void explain_put_seat(const struct explain_page *page, const struct explain_seat *seat);

/* Whether hops past the Okta group are followed: then there is a ladder to draw. */
bool explain_has_ladder(const struct explain_seat *seat);
/* One step a line: a mark, what it is, how it stands; below it why, and what helps. */
void explain_put_ladder(const struct explain_page *page, const struct explain_seat *seat);
/* The next step of a seat that is not where it should be; false when there is none to tell. */
bool explain_put_next_hop(const struct explain_page *page, struct str entitlement);

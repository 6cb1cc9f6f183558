#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "http/http.h"
#include "http/http_link.h"
#include "http/url.h"
#include "okta/okta.h"
#include "okta/okta_auth.h"
#include "okta/okta_wire.h"

/* What the files of this folder share: the handle, one signed exchange, and walks over pages. */

struct okta {
    struct okta_options options;
    struct http *http;
    const struct clock *clock;
    struct url base;
    struct arena keep;  /* lives as long as the handle: URLs */
    struct arena may;   /* the groups that may be written */
    struct arena call;  /* until the next call of the public interface */
    struct arena page;  /* given up after every round of requests */
    struct arena rolls; /* members while they are being listed; empty until the first time */
    struct buf *kept;   /* bodies that outlived their exchange; until the next one */
    size_t n_kept;
    struct okta_auth auth;
    const struct str *writable; /* sorted, without doubles; in `may` */
    size_t n_writable;
    struct err refusal; /* why the last new token was refused; kind NONE: it was not */
};

/* The rate budgets of contracts/okta.md 8.2. */
extern const char OKTA_BUCKET_GROUPS[], OKTA_BUCKET_GROUP[], OKTA_BUCKET_USERS[],
    OKTA_BUCKET_USER[], OKTA_BUCKET_LOGS[], OKTA_BUCKET_APPS[], OKTA_BUCKET_REST[],
    OKTA_BUCKET_TOKEN[];

/* Requests side by side that are read before the next ones are asked for: bounds the memory that
 * answers take. */
#define OKTA_ROUND 32

/* First thing of every public call. */
void okta_begin(struct okta *okta);

/* `fmt` makes the path and query behind the base URL. */
struct str okta_url(struct okta *okta, struct arena *arena, const char *fmt, ...) ATTR_PRINTF(3, 4);
/* Signed, with the headers that Okta wants. Reads are repeatable, writes are not. */
struct http_request okta_request(struct okta *okta, enum http_method method, struct str url,
                                 const char *bucket);

/* Sends with a token in force. A 401 of an OAuth token proves that nothing happened: the token is
 * dropped and what met it is sent once more with a new one. Headers and `why` in okta->page, bodies
 * lent until the next exchange. False on ERR_CANCELLED, and on ERR_REFUSED when nothing was sent;
 * without any token for other reasons all answers are HTTP_NOT_SENT. */
bool okta_exchange(struct okta *okta, const struct http_request *req, struct http_response *res,
                   size_t n, struct err *err);
void okta_forget_bodies(struct okta *okta);
/* The same for reads: a credential that stays refused fails the call with ERR_REFUSED. */
bool okta_fetch(struct okta *okta, const struct http_request *req, struct http_response *res,
                size_t n, struct err *err);

bool okta_is_ok(const struct http_response *res); /* 200 */
/* Of a call that had to succeed and did not: what it means to whoever must react. */
enum err_kind okta_kind_of(const struct http_response *res);
/* One sentence about an answer that is not what was wanted; in arena. */
struct str okta_complaint(const struct http_request *req, const struct http_response *res,
                          const struct okta_error *error, struct arena *arena);

/* What a failure means to somebody who asked for a thing. Only Okta's own E0000007 says that a
 * certain object is missing; a bare 404 may come from any box in between. */
enum okta_sought {
    OKTA_OBJECT,  /* one group, one person */
    OKTA_SERVICE, /* a call that the remote may not know at all */
};
enum okta_answer okta_answer_to(int status, struct str code, enum okta_sought sought);
/* The same of a response that is no 200, with one sentence in arena. */
enum okta_answer okta_failure(struct okta *okta, const struct http_request *req,
                              const struct http_response *res, enum okta_sought sought,
                              struct arena *arena, struct str *why);

/* ---- one GET for each of many things ---- */

struct okta_ask {
    const char *bucket;
    /* The URL for the i-th, in okta->page; empty: it is not asked for, as its answer is known. */
    struct str (*url)(struct okta *okta, void *self, size_t i);
    /* Takes the response for the i-th, a 200 or not; the body is lent. */
    void (*take)(struct okta *okta, void *self, size_t i, const struct http_request *req,
                 const struct http_response *res);
    void *self; /* for the two */
};

/* n of them side by side, OKTA_ROUND at a time. Fails like okta_fetch. */
bool okta_ask_all(struct okta *okta, const struct okta_ask *ask, size_t n, struct err *err);

/* ---- walks over pages (contracts/okta.md 3.3) ---- */

struct okta_walk;

/* Takes a page; the body is lent, `scratch` is given up after the page. False, with a sentence:
 * the whole walk is worthless. */
typedef bool okta_page_fn(struct okta_walk *walk, struct str body, struct arena *scratch,
                          struct err *err);
/* A page came back as 500: may the walk start anew with smaller pages? Sets `url` and `max_pages`
 * and forgets everything read so far. */
typedef bool okta_again_fn(struct okta *okta, struct okta_walk *walk);

enum okta_walk_state { WALK_OPEN, WALK_WHOLE, WALK_BROKEN };

struct okta_walk {
    struct str url; /* asked for first; then of the next page */
    const char *bucket;
    unsigned max_pages;
    size_t max_body; /* as in http_request */
    okta_page_fn *page;
    okta_again_fn *again; /* NULL: never */
    void *self;           /* for the two */

    enum okta_walk_state state; /* filled from here on */
    unsigned pages;             /* read and taken */
    int64_t asked_at;           /* when the first page was asked for */
    int status;                 /* of the answer that broke it; 0: no answer, or its content */
    struct str code;            /* of that answer */
    struct str why;             /* one sentence, with the page's number */
    struct link_walk link;
};

/* Walks all of them side by side, a page of each per round. `why` and `code` in arena. Fails like
 * okta_fetch. */
bool okta_walk_all(struct okta *okta, struct okta_walk *walks, size_t n, struct arena *arena,
                   struct err *err);
/* What a broken walk means: a 404 counts only in answer to the first page. */
enum okta_answer okta_walk_answer(const struct okta_walk *walk, enum okta_sought sought);

/* ---- the System Log, polled forward (contracts/okta.md 9.1) ---- */

struct okta_log_walk;

/* Takes a page; the body is lent. `*n` is how many entries were on it: none is the end. False, with
 * a sentence: the page cannot be read. */
typedef bool okta_log_page_fn(struct okta_log_walk *walk, struct str body, size_t *n,
                              struct err *err);

struct okta_log_walk {
    const char *filter; /* static */
    struct str cursor;  /* to go on from; one that is no address of our log counts as empty */
    int64_t since_ms;   /* where there is no cursor, or the remote does not take it any more */
    unsigned max_pages;
    okta_log_page_fn *page;
    void *self; /* for it */

    /* FOUND when a page was read, even if a later one failed; filled from here on. */
    enum okta_answer answer;
    struct str why; /* what ended the walk early; in arena */
    struct str url; /* to ask next, or later: everything before it was read; until the next call */
    bool from_cursor, ended;
    unsigned pages; /* read and taken */
};

/* Fails like okta_fetch. */
bool okta_walk_log(struct okta *okta, struct okta_log_walk *walk, struct arena *arena,
                   struct err *err);

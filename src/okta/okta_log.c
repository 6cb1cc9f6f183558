/* The System Log, polled forward (contracts/okta.md 9.1). */

#include "base/codec.h"
#include "base/map.h"
#include "base/vec.h"
#include "okta/okta_call.h"

#define POLL_PAGES 20
#define CURSOR_MAX 4096

/* ---- the walk ---- */

static struct str first_url(struct okta *okta, const struct okta_log_walk *walk)
{
    char since[TIME_ISO_SIZE];

    /* No `until`: only then is the order that of arrival, so that late events are not missed. */
    return okta_url(okta, &okta->call,
                    "/api/v1/logs?since=%.*s&sortOrder=ASCENDING&limit=200&filter=%.*s",
                    STR_ARG(percent_encode(str_of(time_iso(walk->since_ms, since)), &okta->call)),
                    STR_ARG(percent_encode(str_of(walk->filter), &okta->call)));
}

/* A link that is not ours must not see the token. The base URL may have a path before /api. */
static bool is_log_url(const struct okta *okta, struct str text)
{
    struct url url;
    struct str tail;

    if (text.len == 0 || text.len > CURSOR_MAX || !url_parse(text, &url) ||
        !url_same_origin(&url, &okta->base) || !str_starts(url.path, okta->base.path))
        return false;
    tail = str_sub(url.path, okta->base.path.len, url.path.len);
    return str_is(tail, "/api/v1/logs");
}

/* There is a next link on every page, also on an empty one: an empty page is the end, and its link
 * is where to go on later. */
static bool take_log_page(struct okta *okta, struct okta_log_walk *walk,
                          const struct http_response *res, struct err *err)
{
    struct str next;
    size_t n = 0;

    if (!link_next(res, &next))
        return err_set(err, ERR_REMOTE, "System Log: the Link header cannot be read");
    if (next.len > 0 && !is_log_url(okta, next))
        return err_set(err, ERR_REMOTE, "System Log: the next link leads elsewhere");
    if (!walk->page(walk, res->body, &n, err))
        return false;
    walk->ended = n == 0 || next.len == 0;
    if (!walk->ended && str_eq(next, walk->url))
        return err_set(err, ERR_REMOTE, "System Log: the next link goes in a circle");
    if (next.len > 0)
        walk->url = arena_str(&okta->call, next);
    walk->pages++;
    return true;
}

/* A cursor that is no longer taken is not a failure: 400 and 404 say so, 410 would. */
static bool drop_cursor(struct okta *okta, struct okta_log_walk *walk,
                        const struct http_response *res)
{
    if (!walk->from_cursor || walk->pages > 0 || res->outcome != HTTP_ANSWERED)
        return false;
    if (res->status != 400 && res->status != 404 && res->status != 410)
        return false;
    walk->from_cursor = false;
    walk->url = first_url(okta, walk);
    return true;
}

/* Asks for one page and sets `*more`. What was read before a page failed counts. */
static bool walk_page(struct okta *okta, struct okta_log_walk *walk, struct arena *arena,
                      bool *more, struct err *err)
{
    struct http_request req = okta_request(okta, HTTP_GET, walk->url, OKTA_BUCKET_LOGS);
    struct http_response res;
    enum okta_answer answer;
    struct err odd = {0};

    *more = false;
    if (!okta_fetch(okta, &req, &res, 1, err))
        return false;
    if (okta_is_ok(&res)) {
        if (take_log_page(okta, walk, &res, &odd)) {
            walk->answer = OKTA_FOUND;
            *more = !walk->ended && walk->pages < walk->max_pages;
        } else {
            walk->why = arena_str(arena, str_of(odd.msg));
        }
        return true;
    }
    *more = drop_cursor(okta, walk, &res);
    if (*more)
        return true;
    answer = okta_failure(okta, &req, &res, OKTA_SERVICE, arena, &walk->why);
    if (walk->pages == 0)
        walk->answer = answer;
    return true;
}

bool okta_walk_log(struct okta *okta, struct okta_log_walk *walk, struct arena *arena,
                   struct err *err)
{
    bool more = true;

    walk->answer = OKTA_UNKNOWN;
    walk->from_cursor = is_log_url(okta, walk->cursor);
    walk->url = walk->from_cursor ? arena_str(&okta->call, walk->cursor) : first_url(okta, walk);
    while (more) {
        if (!walk_page(okta, walk, arena, &more, err))
            return false;
        arena_reset(&okta->page, 0);
    }
    return true;
}

/* ---- memberships ---- */

static const char membership_events[] = "(eventType eq \"group.user_membership.add\" or "
                                        "eventType eq \"group.user_membership.remove\")";

struct poll {
    struct arena *arena, *scratch;
    VEC_OF(struct okta_event) events;
    struct map seen; /* uuids; in scratch */
};

static bool take_events(struct okta_log_walk *walk, struct str body, size_t *n, struct err *err)
{
    struct poll *poll = walk->self;
    struct okta_log page = {0};

    if (!okta_wire_events(body, poll->arena, &page, err))
        return false;
    for (size_t i = 0; i < page.n; i++) {
        if (map_has(&poll->seen, page.events[i].uuid))
            continue;
        map_put(&poll->seen, poll->scratch, page.events[i].uuid, poll);
        VEC_PUSH(poll->arena, &poll->events, page.events[i]);
    }
    *n = page.n;
    return true;
}

bool okta_poll_log(struct okta *okta, struct str cursor, int64_t since_ms, struct arena *arena,
                   struct okta_log *out, struct err *err)
{
    struct poll poll = {.arena = arena, .scratch = &okta->call};
    struct okta_log_walk walk = {
        .filter = membership_events,
        .cursor = cursor,
        .since_ms = since_ms,
        .max_pages = POLL_PAGES,
        .page = take_events,
        .self = &poll,
    };

    okta_begin(okta);
    if (!okta_walk_log(okta, &walk, arena, err))
        return err_wrap(err, "polling the System Log");
    *out = (struct okta_log){
        .answer = walk.answer,
        .events = poll.events.items,
        .n = walk.answer == OKTA_FOUND ? poll.events.n : 0,
        /* Where the next poll goes on: at the page that could not be read. */
        .cursor = arena_str(arena, walk.pages > 0 ? walk.url : cursor),
        .why = walk.why,
    };
    return true;
}

/* The System Log, polled forward (contracts/okta.md 9.1). */

#include "base/codec.h"
#include "base/map.h"
#include "base/vec.h"
#include "okta/okta_call.h"

#define POLL_PAGES 20
#define CURSOR_MAX 4096

static const char wanted_events[] = "(eventType eq \"group.user_membership.add\" or "
                                    "eventType eq \"group.user_membership.remove\")";

struct poll {
    struct arena *arena; /* the caller's */
    VEC_OF(struct okta_event) events;
    struct map seen; /* uuids */
    struct str url;  /* to ask next, or later: everything before it was read */
    bool from_cursor;
    unsigned pages;
    bool ended;
};

static struct str first_url(struct okta *okta, int64_t since_ms)
{
    char since[TIME_ISO_SIZE];

    /* No `until`: only then is the order that of arrival, so that late events are not missed. */
    return okta_url(okta, &okta->call,
                    "/api/v1/logs?since=%.*s&sortOrder=ASCENDING&limit=200&filter=%.*s",
                    STR_ARG(percent_encode(str_of(time_iso(since_ms, since)), &okta->call)),
                    STR_ARG(percent_encode(str_of(wanted_events), &okta->call)));
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

static void add_events(struct okta *okta, struct poll *poll, const struct okta_log *page)
{
    for (size_t i = 0; i < page->n; i++) {
        if (map_has(&poll->seen, page->events[i].uuid))
            continue;
        map_put(&poll->seen, &okta->call, page->events[i].uuid, poll);
        VEC_PUSH(poll->arena, &poll->events, page->events[i]);
    }
}

/* There is a next link on every page, also on an empty one: an empty page is the end, and its link
 * is where to go on later. */
static bool take_log_page(struct okta *okta, struct poll *poll, const struct http_response *res,
                          struct err *err)
{
    struct okta_log page = {0};
    struct str next;

    if (!okta_wire_events(res->body, poll->arena, &page, err))
        return false;
    if (!link_next(res, &next))
        return err_set(err, ERR_REMOTE, "System Log: the Link header cannot be read");
    if (next.len > 0 && !is_log_url(okta, next))
        return err_set(err, ERR_REMOTE, "System Log: the next link leads elsewhere");
    poll->ended = page.n == 0 || next.len == 0;
    if (!poll->ended && str_eq(next, poll->url))
        return err_set(err, ERR_REMOTE, "System Log: the next link goes in a circle");
    add_events(okta, poll, &page);
    if (next.len > 0)
        poll->url = arena_str(&okta->call, next);
    poll->pages++;
    return true;
}

/* What a refusal means to the poll. A cursor that is no longer taken is not a failure: 400 and 404
 * say so, 410 would. */
static bool drop_cursor(struct okta *okta, struct poll *poll, const struct http_response *res,
                        int64_t since_ms)
{
    if (!poll->from_cursor || poll->pages > 0 || res->outcome != HTTP_ANSWERED)
        return false;
    if (res->status != 400 && res->status != 404 && res->status != 410)
        return false;
    poll->from_cursor = false;
    poll->url = first_url(okta, since_ms);
    return true;
}

enum poll_step { POLL_ON, POLL_STOP, POLL_FAIL };

static enum poll_step poll_page(struct okta *okta, struct poll *poll, int64_t since_ms,
                                struct okta_log *out, struct err *err)
{
    struct http_request req = okta_request(okta, HTTP_GET, poll->url, OKTA_BUCKET_LOGS);
    struct http_response res;
    struct okta_error error;
    struct err odd = {0};

    if (!okta_fetch(okta, &req, &res, 1, err))
        return POLL_FAIL;
    if (okta_is_ok(&res)) {
        if (take_log_page(okta, poll, &res, &odd))
            return poll->ended || poll->pages >= POLL_PAGES ? POLL_STOP : POLL_ON;
        out->why = arena_str(poll->arena, str_of(odd.msg));
        return POLL_STOP;
    }
    if (drop_cursor(okta, poll, &res, since_ms))
        return POLL_ON;
    error = okta_wire_error(&res, &okta->page);
    if (poll->pages == 0)
        out->answer = okta_answer_to(res.status, error.code, OKTA_SERVICE);
    out->why = okta_complaint(&req, &res, &error, poll->arena);
    return POLL_STOP;
}

/* What was read before a page failed counts, and the next poll goes on at that page. */
static void settle(struct poll *poll, struct str cursor, struct okta_log *out)
{
    if (poll->pages == 0) {
        out->cursor = arena_str(poll->arena, cursor);
        return;
    }
    out->answer = OKTA_FOUND;
    out->events = poll->events.items;
    out->n = poll->events.n;
    out->cursor = arena_str(poll->arena, poll->url);
}

bool okta_poll_log(struct okta *okta, struct str cursor, int64_t since_ms, struct arena *arena,
                   struct okta_log *out, struct err *err)
{
    struct poll poll = {.arena = arena};
    struct okta_log log = {.answer = OKTA_UNKNOWN};
    enum poll_step step = POLL_ON;

    okta_begin(okta);
    poll.from_cursor = is_log_url(okta, cursor);
    poll.url = poll.from_cursor ? arena_str(&okta->call, cursor) : first_url(okta, since_ms);
    while (step == POLL_ON) {
        step = poll_page(okta, &poll, since_ms, &log, err);
        if (step == POLL_FAIL)
            return err_wrap(err, "polling the System Log");
        arena_reset(&okta->page, 0);
    }
    settle(&poll, cursor, &log);
    *out = log;
    return true;
}

#include "base/attr.h"
#include "okta/okta_call.h"

#define URL_MAX_BYTES 4096
#define TRAIL_SPARE   ((size_t)8 << 20)

static void break_off(struct okta_walk *walk, struct str why, struct arena *arena)
{
    walk->state = WALK_BROKEN;
    walk->why = arena_printf(arena, "page %u: %.*s", walk->pages + 1, STR_ARG(why));
}

static void begin(struct okta *okta, struct okta_walk *walk)
{
    walk->pages = 0;
    walk->asked_at = clock_now(okta->clock);
    walk->link = (struct link_walk){.first = walk->url, .max_pages = walk->max_pages};
}

/* True when it starts anew instead. */
static bool starts_anew(struct okta *okta, struct okta_walk *walk, int status)
{
    if (status != 500 || !walk->again || !walk->again(okta, walk))
        return false;
    walk->pages = 0;
    return true;
}

static void take_failure(struct okta *okta, struct okta_walk *walk, const struct http_request *req,
                         const struct http_response *res, struct arena *arena)
{
    struct okta_error error;

    if (res->outcome == HTTP_ANSWERED && starts_anew(okta, walk, res->status))
        return;
    error = okta_wire_error(res, &okta->page);
    if (res->outcome == HTTP_ANSWERED) {
        walk->status = res->status;
        walk->code = arena_str(arena, error.code);
    }
    break_off(walk, okta_complaint(req, res, &error, &okta->page), arena);
}

/* The URLs of a walk stay until its end, so what comes from outside is bounded here. */
static bool can_remember(const struct okta *okta, const struct http_response *res, struct err *err)
{
    struct str next = {0};

    if (link_next(res, &next) && next.len > URL_MAX_BYTES) {
        return err_set(err, ERR_REMOTE, "the link to the next page is longer than %d bytes",
                       URL_MAX_BYTES);
    }
    if (okta->call.budget - okta->call.used < TRAIL_SPARE)
        return err_set(err, ERR_REMOTE, "more pages than can be remembered");
    return true;
}

/* Takes one page and finds the next; the absence of a link ends the walk, not an empty page. */
static void take_page(struct okta *okta, struct okta_walk *walk, const struct http_response *res,
                      struct arena *arena)
{
    struct err odd = {0};
    struct str next;

    if (!can_remember(okta, res, &odd) || !walk->page(walk, res->body, &okta->page, &odd) ||
        !link_walk_on(&walk->link, res, &okta->call, &next, &odd)) {
        break_off(walk, str_of(odd.msg), arena);
        return;
    }
    walk->pages++;
    walk->url = next;
    if (next.len == 0)
        walk->state = WALK_WHOLE;
}

/* One page of each of these. */
static bool walk_round(struct okta *okta, struct okta_walk **walks, size_t n, struct arena *arena,
                       struct err *err)
{
    struct http_request *req = arena_array(&okta->page, struct http_request, n);
    struct http_response *res = arena_array(&okta->page, struct http_response, n);

    for (size_t i = 0; i < n; i++) {
        if (walks[i]->pages == 0)
            begin(okta, walks[i]);
        req[i] = okta_request(okta, HTTP_GET, walks[i]->url, walks[i]->bucket);
        req[i].max_body = walks[i]->max_body;
    }
    if (!okta_fetch(okta, req, res, n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        arena_mark_t mark = arena_mark(&okta->page);
        if (okta_is_ok(&res[i])) {
            take_page(okta, walks[i], &res[i], arena);
        } else {
            take_failure(okta, walks[i], &req[i], &res[i], arena);
        }
        arena_reset(&okta->page, mark);
    }
    return true;
}

/* Each open walk once, OKTA_ROUND at a time. False in `any` when none was open. */
static bool walk_once(struct okta *okta, struct okta_walk *walks, size_t n, struct arena *arena,
                      bool *any, struct err *err)
{
    struct okta_walk *batch[OKTA_ROUND];
    size_t n_batch = 0;

    *any = false;
    for (size_t i = 0; i < n; i++) {
        arena_mark_t mark = arena_mark(&okta->page);
        if (walks[i].state == WALK_OPEN)
            batch[n_batch++] = &walks[i];
        if (n_batch == 0 || (n_batch < OKTA_ROUND && i + 1 < n))
            continue;
        if (!walk_round(okta, batch, n_batch, arena, err))
            return false;
        arena_reset(&okta->page, mark);
        n_batch = 0;
        *any = true;
    }
    return true;
}

bool okta_walk_all(struct okta *okta, struct okta_walk *walks, size_t n, struct arena *arena,
                   struct err *err)
{
    bool any = true;

    while (any) {
        if (!walk_once(okta, walks, n, arena, &any, err))
            return false;
    }
    return true;
}

enum okta_answer okta_walk_answer(const struct okta_walk *walk, enum okta_sought sought)
{
    if (walk->status == 404 && walk->pages > 0)
        return OKTA_UNKNOWN;
    return okta_answer_to(walk->status, walk->code, sought);
}

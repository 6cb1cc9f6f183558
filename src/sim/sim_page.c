#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "sim/sim_fault.h"
#include "sim/sim_okta.h"

static void bad_parameter(struct sim_call *call, const char *what)
{
    sim_answer_error(call, 400, "E0000001", STR("Api validation failed"),
                     arena_printf(call->arena, "%s: The field is invalid", what));
}

bool sim_page_is_start(struct str after)
{
    for (size_t i = 0; i < after.len; i++) {
        if (after.ptr[i] != '0')
            return false;
    }
    return true;
}

bool sim_page_open(struct sim_page *page, struct sim_call *call, size_t usual, size_t most)
{
    bool given = false;
    struct str text = sim_request_query(call->req, "limit", &given);
    int64_t limit = (int64_t)usual;
    int64_t cap = call->sim->quirks.page_cap;

    if (given && (!str_to_i64(text, &limit) || limit < 0)) {
        bad_parameter(call, "limit");
        return false;
    }
    if (limit > (int64_t)most)
        limit = (int64_t)most;
    if (cap > 0 && limit > cap)
        limit = cap;
    *page = (struct sim_page){
        .call = call,
        .limit = (size_t)limit,
        .after = sim_request_query(call->req, "after", NULL),
        .full = limit == 0,
    };
    /* An empty page with a next one goes on where it began, under a cursor of its own: `~` comes
     * after every character of an id, noughts before every id. */
    if (call->play && call->play->page_empty) {
        page->full = true;
        (void)snprintf(page->last, sizeof(page->last), "%.*s%c", STR_ARG(page->after),
                       sim_page_is_start(page->after) ? '0' : '~');
    }
    buf_add_char(&call->out->body, '[');
    return true;
}

static bool is_left_out(const struct sim_page *page, struct str id)
{
    const struct sim_play *play = page->call->play;

    if (!play)
        return false;
    if (play->empty_list)
        return true;
    /* By the id: the same ones are missing from every page and every read while it lasts. */
    return play->shrink > 0 && sim_hash(id) % 100 < (uint32_t)play->shrink;
}

bool sim_page_offers(struct sim_page *page, struct str id)
{
    size_t len = id.len < sizeof(page->last) ? id.len : sizeof(page->last) - 1;

    page->full = ++page->n >= page->limit;
    memcpy(page->last, id.ptr, len);
    page->last[len] = '\0';
    if (is_left_out(page, id))
        return false;
    if (page->call->out->body.len > 1)
        buf_add_char(&page->call->out->body, ',');
    return true;
}

void sim_page_wrote(struct sim_page *page, size_t began_at)
{
    struct buf *body = &page->call->out->body;
    const struct sim_play *play = page->call->play;

    if (!play || !play->page_twice)
        return;

    struct str item =
        arena_str(&page->call->sim->scratch, str_sub(buf_str(body), began_at, body->len));
    buf_add_char(body, ',');
    buf_add(body, item);
}

/* ---- links ---- */

static void put_rest_of_query(struct sim_call *call, struct buf *out)
{
    const struct sim_request *req = call->req;

    for (size_t i = 0; i < req->n_query; i++) {
        if (str_is(req->query[i].name, "after") || str_is(req->query[i].name, "limit") ||
            str_is(req->query[i].name, "since"))
            continue;
        buf_add_char(out, '&');
        buf_add(out, percent_encode(req->query[i].name, &call->sim->scratch));
        buf_add_char(out, '=');
        buf_add(out, percent_encode(req->query[i].value, &call->sim->scratch));
    }
}

/* `after` stands before `limit`, so a next URL is not the former one with something added. */
static struct str page_url(struct sim_page *page, struct str origin, struct str after)
{
    CLEANUP(buf_fini) struct buf url = {0};
    struct sim_call *call = page->call;

    buf_printf(&url, "%.*s%.*s?", STR_ARG(origin), STR_ARG(call->req->path));
    if (after.len > 0) {
        buf_add(&url, STR("after="));
        buf_add(&url, percent_encode(after, &call->sim->scratch));
        buf_add_char(&url, '&');
    }
    buf_printf(&url, "limit=%zu", page->limit);
    put_rest_of_query(call, &url);
    return arena_str(&call->sim->scratch, buf_str(&url));
}

static struct str next_url(struct sim_page *page)
{
    struct sim_call *call = page->call;
    enum sim_cursor cursor = call->play ? call->play->cursor : SIM_CURSOR_PROPER;
    struct str origin = call->req->origin;
    struct str after = str_of(page->last);

    if (cursor == SIM_CURSOR_REPEAT) {
        return arena_printf(&call->sim->scratch, "%.*s%.*s", STR_ARG(origin),
                            STR_ARG(call->req->target));
    }
    if (cursor == SIM_CURSOR_LOOP)
        after = (struct str){0};
    if (cursor == SIM_CURSOR_FOREIGN)
        origin = STR("https://pages.attacker.example");
    return page_url(page, origin, after);
}

static void put_links(struct sim_page *page, bool next)
{
    struct sim_call *call = page->call;
    struct str self = arena_printf(call->arena, "<%.*s%.*s>; rel=\"self\"",
                                   STR_ARG(call->req->origin), STR_ARG(call->req->target));
    struct str url = next_url(page);
    struct str on =
        next ? arena_printf(call->arena, "<%.*s>; rel=\"next\"", STR_ARG(url)) : (struct str){0};

    if (call->play && call->play->cursor == SIM_CURSOR_GARBLED)
        on = arena_printf(call->arena, "<%.*s; rel=next\"", STR_ARG(url));
    if (on.len > 0 && call->sim->quirks.links_joined) {
        sim_answer_header(call, "link",
                          arena_printf(call->arena, "%.*s, %.*s", STR_ARG(self), STR_ARG(on)));
        return;
    }
    sim_answer_header(call, "link", self);
    if (on.len > 0)
        sim_answer_header(call, "link", on);
}

/* `id` members lose their name, so that a reader that takes what it finds is found out. */
static void spoil_ids(struct buf *body)
{
    for (char *at = body->ptr; at && (at = strstr(at, "{\"id\":")) != NULL; at++)
        at[3] = 'x';
}

static void spoil(struct sim_page *page)
{
    struct buf *body = &page->call->out->body;
    const struct sim_play *play = page->call->play;

    if (!play)
        return;
    if (play->page_no_ids)
        spoil_ids(body);
    if (play->page_not_a_list) {
        struct str list = arena_str(&page->call->sim->scratch, buf_str(body));

        buf_clear(body);
        buf_printf(body, "{\"items\":%.*s}", STR_ARG(list));
    }
    if (play->page_not_json)
        buf_add(body, STR(",{\"id\""));
}

void sim_page_close(struct sim_page *page, bool more)
{
    struct sim_call *call = page->call;
    const struct sim_play *play = call->play;
    bool next = more || page->always_next;

    buf_add_char(&call->out->body, ']');
    if (play) {
        next |= play->page_empty || play->cursor != SIM_CURSOR_PROPER;
        next &= !play->empty_list && !play->page_drop_next;
    }
    spoil(page);
    put_links(page, next);
    call->out->status = 200;
    sim_answer_header(call, "content-type", STR("application/json"));
}

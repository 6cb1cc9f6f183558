#include "support/fake_transport.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/vec.h"

/* Linked into tests that do not link http, so nothing of that module is called here. */
static const char *const method_names[] = {
    [HTTP_GET] = "GET",       [HTTP_PUT] = "PUT",     [HTTP_POST] = "POST",
    [HTTP_DELETE] = "DELETE", [HTTP_PATCH] = "PATCH",
};

void fake_transport_init(struct fake_transport *fake, const struct fake_answer *script, size_t n)
{
    *fake = (struct fake_transport){.script = script, .n_script = n};
    arena_init(&fake->arena, (size_t)256 << 20);
    fake->used = arena_array(&fake->arena, unsigned, n + 1);
}

void fake_transport_fini(struct fake_transport *fake)
{
    arena_fini(&fake->arena);
    *fake = (struct fake_transport){0};
}

static bool has_text(struct str text, const char *part)
{
    return !part || *part == '\0' ||
           (text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL);
}

static bool has_header(const struct http_request *req, const char *wanted)
{
    struct str part = str_of(wanted);
    struct str name = str_cut(&part, ':');

    for (size_t i = 0; i < req->n_headers; i++) {
        if (str_ieq(req->headers[i].name, name) &&
            has_text(req->headers[i].value, str_trim(part).ptr))
            return true;
    }
    return !wanted;
}

static bool row_fits(const struct fake_transport *fake, size_t row, const struct http_request *req)
{
    const struct fake_answer *answer = &fake->script[row];
    unsigned times = answer->times > 0 ? answer->times : 1;

    return (times == FAKE_ALWAYS || fake->used[row] < times) &&
           (!answer->method || strcmp(answer->method, method_names[req->method]) == 0) &&
           has_text(req->url, answer->url) && has_text(req->body, answer->body_has) &&
           has_header(req, answer->header);
}

static size_t find_row(struct fake_transport *fake, const struct http_request *req)
{
    for (size_t row = 0; row < fake->n_script; row++) {
        if (row_fits(fake, row, req)) {
            fake->used[row]++;
            return row;
        }
    }
    fail_msg("no row of the script is left for %s %.*s", method_names[req->method],
             STR_ARG(req->url));
    return 0;
}

static const struct http_header *copy_headers(struct arena *arena, const struct http_header *from,
                                              size_t n)
{
    struct http_header *to = arena_array(arena, struct http_header, n);

    for (size_t i = 0; i < n; i++) {
        to[i] =
            (struct http_header){arena_str(arena, from[i].name), arena_str(arena, from[i].value)};
    }
    return to;
}

static const struct fake_request *record(struct fake_transport *fake,
                                         const struct http_request *req, size_t row)
{
    if (fake->n_requests == fake->cap_requests) {
        fake->requests =
            vec_grow(&fake->arena, fake->requests, &fake->cap_requests, sizeof(*fake->requests));
    }

    struct fake_request *request = &fake->requests[fake->n_requests++];
    *request = (struct fake_request){
        .method = req->method,
        .url = arena_str(&fake->arena, req->url),
        .body = arena_str(&fake->arena, req->body),
        .headers = copy_headers(&fake->arena, req->headers, req->n_headers),
        .n_headers = req->n_headers,
        .at = fake->clock ? clock_now(fake->clock) : 0,
        .row = row,
    };
    return request;
}

static void parse_headers(const char *text, struct arena *arena, struct http_response *res)
{
    VEC_OF(struct http_header) headers = {0};
    struct str rest = str_of(text);

    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str name = str_cut(&line, ':');

        if (str_trim(name).len > 0) {
            VEC_PUSH(arena, &headers,
                     ((struct http_header){arena_str(arena, str_trim(name)),
                                           arena_str(arena, str_trim(line))}));
        }
    }
    res->headers = headers.items;
    res->n_headers = headers.n;
}

static void fill(struct fake_transport *fake, const struct fake_answer *answer,
                 struct http_response *res, struct arena *arena)
{
    *res = (struct http_response){.outcome = answer->outcome, .status = answer->status};
    parse_headers(answer->headers, arena, res);
    if (fake->clock)
        res->answered_at = clock_now(fake->clock);
    if (answer->outcome == HTTP_ANSWERED) {
        res->status = answer->status ? answer->status : 200;
        /* A copy, so that a reader who runs past its end is caught. */
        res->body = arena_str(&fake->arena, str_of(answer->body));
        return;
    }
    res->kind = answer->kind ? answer->kind : ERR_UNAVAILABLE;
    res->dropped = answer->dropped;
    res->why = answer->outcome == HTTP_LOST ? STR("the connection ended without an answer")
                                            : STR("connection refused");
}

static bool fake_send(void *self, const struct http_request *const *req,
                      struct http_response *const *res, size_t n, unsigned parallel,
                      struct arena *arena, struct err *err)
{
    struct fake_transport *fake = self;

    fake->n_sends++;
    fake->last_parallel = parallel;
    if (n > fake->largest_send)
        fake->largest_send = n;
    for (size_t i = 0; i < n; i++) {
        size_t row = find_row(fake, req[i]);
        const struct fake_answer *answer = &fake->script[row];
        const struct fake_request *request = record(fake, req[i], row);

        if (fake->on_request)
            fake->on_request(fake->on_request_self, request);
        if (fake->clock && answer->takes_ms > 0 && !clock_sleep(fake->clock, answer->takes_ms, err))
            return false;
        if (answer->kind == ERR_CANCELLED)
            return err_set(err, ERR_CANCELLED, "cancelled");
        fill(fake, answer, res[i], arena);
    }
    return true;
}

struct transport fake_transport(struct fake_transport *fake)
{
    return (struct transport){.self = fake, .send = fake_send};
}

static struct str without_origin(struct str url)
{
    const char *scheme = url.len > 0 ? memmem(url.ptr, url.len, "://", 3) : NULL;

    if (!scheme)
        return url;

    struct str rest = str_sub(url, (size_t)(scheme - url.ptr) + 3, url.len);
    const char *slash = rest.len > 0 ? memchr(rest.ptr, '/', rest.len) : NULL;
    return slash ? str_sub(rest, (size_t)(slash - rest.ptr), rest.len) : STR("/");
}

static const char *render(struct fake_transport *fake, bool whole)
{
    struct buf text = {0};

    for (size_t i = 0; i < fake->n_requests; i++) {
        const struct fake_request *request = &fake->requests[i];
        struct str url = whole ? request->url : without_origin(request->url);

        buf_printf(&text, "%s %.*s%s%.*s\n", method_names[request->method], STR_ARG(url),
                   request->body.len > 0 ? " " : "", STR_ARG(request->body));
    }

    const char *lent = arena_cstr(&fake->arena, buf_str(&text));
    buf_fini(&text);
    return lent;
}

const char *fake_transport_log(struct fake_transport *fake)
{
    return render(fake, true);
}

const char *fake_transport_paths(struct fake_transport *fake)
{
    return render(fake, false);
}

struct str fake_request_header(const struct fake_request *request, const char *name)
{
    for (size_t i = 0; i < request->n_headers; i++) {
        if (str_ieq(request->headers[i].name, str_of(name)))
            return request->headers[i].value;
    }
    return (struct str){0};
}

size_t fake_transport_count(const struct fake_transport *fake, const char *method, const char *url)
{
    size_t n = 0;

    for (size_t i = 0; i < fake->n_requests; i++) {
        const struct fake_request *request = &fake->requests[i];

        if ((!method || strcmp(method, method_names[request->method]) == 0) &&
            has_text(request->url, url))
            n++;
    }
    return n;
}

void fake_transport_check_done(const struct fake_transport *fake)
{
    for (size_t row = 0; row < fake->n_script; row++) {
        const struct fake_answer *answer = &fake->script[row];
        unsigned times = answer->times > 0 ? answer->times : 1;

        if (times != FAKE_ALWAYS && fake->used[row] < times) {
            fail_msg("row %zu of the script (%s %s) was used %u of %u times", row,
                     answer->method ? answer->method : "any", answer->url ? answer->url : "any URL",
                     fake->used[row], times);
        }
    }
}

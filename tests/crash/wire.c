#include "crash/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "crash/kill_at.h"

/* ---- parts of a message ---- */

static void put_number(struct buf *out, int64_t n)
{
    buf_add(out, (struct str){(const char *)&n, sizeof(n)});
}

static void put_text(struct buf *out, struct str text)
{
    put_number(out, (int64_t)text.len);
    buf_add(out, text);
}

static void put_headers(struct buf *out, const struct http_header *headers, size_t n)
{
    put_number(out, (int64_t)n);
    for (size_t i = 0; i < n; i++) {
        put_text(out, headers[i].name);
        put_text(out, headers[i].value);
    }
}

/* Both ends are this file, so what does not fit is a mistake in it. */
static struct str take_bytes(struct str *rest, size_t n)
{
    struct str bytes = str_sub(*rest, 0, n);

    if (bytes.len != n)
        abort();
    *rest = str_sub(*rest, n, rest->len);
    return bytes;
}

static int64_t take_number(struct str *rest)
{
    int64_t n;

    memcpy(&n, take_bytes(rest, sizeof(n)).ptr, sizeof(n));
    return n;
}

static struct str take_text(struct str *rest)
{
    return take_bytes(rest, (size_t)take_number(rest));
}

static const struct http_header *take_headers(struct str *rest, struct arena *arena, size_t *n)
{
    *n = (size_t)take_number(rest);
    struct http_header *headers = arena_array(arena, struct http_header, *n);

    for (size_t i = 0; i < *n; i++) {
        headers[i].name = take_text(rest);
        headers[i].value = take_text(rest);
    }
    return headers;
}

/* ---- messages on the socket ---- */

static bool send_all(int fd, const char *from, size_t n)
{
    while (n > 0) {
        ssize_t put = send(fd, from, n, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        from += put;
        n -= (size_t)put;
    }
    return true;
}

static bool receive_all(int fd, char *into, size_t n)
{
    while (n > 0) {
        ssize_t got = recv(fd, into, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        into += got;
        n -= (size_t)got;
    }
    return true;
}

static bool send_message(int fd, const struct buf *message)
{
    int64_t n = (int64_t)message->len;

    return send_all(fd, (const char *)&n, sizeof(n)) && send_all(fd, message->ptr, message->len);
}

static bool receive_message(int fd, struct arena *arena, struct str *out)
{
    int64_t n;

    if (!receive_all(fd, (char *)&n, sizeof(n)))
        return false;
    char *bytes = arena_alloc(arena, (size_t)n + 1, 1);
    *out = (struct str){bytes, (size_t)n};
    return receive_all(fd, bytes, (size_t)n);
}

/* ---- the client ---- */

static void send_request(int fd, const struct http_request *req)
{
    CLEANUP(buf_fini) struct buf out = {0};

    put_number(&out, req->method);
    put_text(&out, req->url);
    put_headers(&out, req->headers, req->n_headers);
    put_text(&out, req->body);
    put_number(&out, req->timeout_ms);
    put_number(&out, (int64_t)req->max_body);
    if (!send_message(fd, &out))
        _exit(3);
}

static void read_response(int fd, struct arena *arena, struct http_response *out)
{
    struct str rest;

    if (!receive_message(fd, arena, &rest))
        _exit(3);
    *out = (struct http_response){.attempts = 1};
    out->outcome = (enum http_outcome)take_number(&rest);
    out->status = (int)take_number(&rest);
    out->headers = take_headers(&rest, arena, &out->n_headers);
    out->body = take_text(&rest);
    out->why = take_text(&rest);
    out->kind = (enum err_kind)take_number(&rest);
    out->answered_at = take_number(&rest);
    out->dropped = take_number(&rest) != 0;
}

static bool wire_send(void *self, const struct http_request *const *req,
                      struct http_response *const *res, size_t n, unsigned parallel,
                      struct arena *arena, struct err *err)
{
    const int *fd = self;

    (void)parallel;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        kill_point(KILL_REQUEST);
        send_request(*fd, req[i]);
        kill_point(KILL_ANSWER);
        read_response(*fd, arena, res[i]);
    }
    return true;
}

struct transport wire_transport(int fd)
{
    static int kept;

    kept = fd;
    return (struct transport){.self = &kept, .send = wire_send};
}

/* ---- the cloud ---- */

bool wire_take(int fd, struct arena *arena, struct http_request *out)
{
    struct str rest;

    if (!receive_message(fd, arena, &rest))
        return false;
    *out = (struct http_request){.method = (enum http_method)take_number(&rest)};
    out->url = take_text(&rest);
    out->headers = take_headers(&rest, arena, &out->n_headers);
    out->body = take_text(&rest);
    out->timeout_ms = take_number(&rest);
    out->max_body = (size_t)take_number(&rest);
    return true;
}

struct http_response wire_handle(struct transport cloud, const struct http_request *req,
                                 struct arena *arena)
{
    struct http_response res = {0}, *one = &res;
    struct err err = {0};

    if (!cloud.send(cloud.self, &req, &one, 1, 1, arena, &err))
        abort();
    res.body = arena_str(arena, res.body);
    return res;
}

void wire_answer(int fd, const struct http_response *res)
{
    CLEANUP(buf_fini) struct buf out = {0};

    put_number(&out, res->outcome);
    put_number(&out, res->status);
    put_headers(&out, res->headers, res->n_headers);
    put_text(&out, res->body);
    put_text(&out, res->why);
    put_number(&out, res->kind);
    put_number(&out, res->answered_at);
    put_number(&out, res->dropped);
    (void)send_message(fd, &out);
}

#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * A server on loopback that says exactly the bytes it is told, on a thread of its own. Requests of
 * all connections take the replies in the order in which they are complete; the last reply serves
 * all that follow. The port is the kernel's choice.
 */

enum raw_then {
    RAW_KEEP,  /* the connection stays for the next request */
    RAW_CLOSE, /* closed after the bytes */
    RAW_RESET, /* cut by a RST */
    RAW_HANG,  /* stays open and silent until the server is stopped */
};

struct raw_reply {
    const char *bytes; /* kept; NULL: none */
    size_t len;        /* 0: up to the NUL */
    enum raw_then then;
    size_t piece; /* bytes handed to the kernel at once; 0: all */
};

struct raw_server;

/* Given. Keeps the replies. With `any_bytes` the first bytes of a connection are a request, as
 * whoever greets in another protocol needs it; else one is whole when its head and the body that
 * Content-Length promises are there. */
struct raw_server *raw_server_start(const struct raw_reply *replies, size_t n, bool any_bytes);
void raw_server_stop(struct raw_server *server);

/* `http://127.0.0.1:PORT` and the path; lent, eight of them at a time. */
const char *raw_server_url(struct raw_server *server, const char *scheme, const char *path);
unsigned raw_server_port(const struct raw_server *server);

/* Called on the server's thread after a request came and before it is answered. */
void raw_server_on_request(struct raw_server *server, void (*hook)(void *self), void *self);

/* What came so far. */
size_t raw_server_requests(struct raw_server *server);
size_t raw_server_connections(struct raw_server *server);
/* Text of a request, from 0; lent until the server is stopped. NULL when it has not come. */
const char *raw_server_request(struct raw_server *server, size_t i);

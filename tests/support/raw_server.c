#include "support/raw_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MOST 64
#define REQUESTS_MOST    4096
#define REQUEST_MOST     ((size_t)4 << 20)
#define REQUEST_FIRST    ((size_t)16 << 10)

struct connection {
    int fd;   /* -1: free */
    char *in; /* ends with a NUL */
    size_t in_len, in_cap;
    const struct raw_reply *reply; /* that is being written; NULL: reading */
    size_t written;
    bool hung;
};

struct raw_server {
    const struct raw_reply *replies;
    size_t n_replies;
    bool any_bytes;
    int listener, stop;
    unsigned port;
    pthread_t thread;
    struct connection connections[CONNECTIONS_MOST];
    char urls[8][512];
    unsigned next_url;

    pthread_mutex_t lock; /* of what follows */
    char *requests[REQUESTS_MOST];
    size_t n_requests, n_connections;
    void (*hook)(void *self);
    void *hook_self;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

static void end_connection(struct connection *c, bool reset)
{
    if (reset) {
        struct linger now = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
    close(c->fd);
    free(c->in);
    *c = (struct connection){.fd = -1};
}

static void accept_one(struct raw_server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int on = 1;

    if (fd < 0)
        return;
    for (size_t i = 0; i < CONNECTIONS_MOST; i++) {
        struct connection *c = &server->connections[i];

        if (c->fd >= 0)
            continue;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        *c = (struct connection){.fd = fd, .in = calloc(1, REQUEST_FIRST), .in_cap = REQUEST_FIRST};
        must(c->in != NULL, "calloc");
        pthread_mutex_lock(&server->lock);
        server->n_connections++;
        pthread_mutex_unlock(&server->lock);
        return;
    }
    close(fd);
}

/* Length of the whole request at the beginning of what came in; 0: not there yet. */
static size_t request_len(const struct raw_server *server, const struct connection *c)
{
    if (server->any_bytes)
        return c->in_len;

    const char *end = memmem(c->in, c->in_len, "\r\n\r\n", 4);
    if (!end)
        return 0;

    size_t head = (size_t)(end - c->in) + 4;
    size_t body = 0;
    for (const char *line = c->in; line && line < end; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, "content-length:", 15) == 0)
            body = strtoul(line + 15, NULL, 10);
    }
    return head + body <= c->in_len ? head + body : 0;
}

static void take_request(struct raw_server *server, struct connection *c, size_t len)
{
    char *text = strndup(c->in, len);

    must(text != NULL, "strndup");
    memmove(c->in, c->in + len, c->in_len - len + 1);
    c->in_len -= len;

    pthread_mutex_lock(&server->lock);
    size_t i = server->n_requests++;
    must(i < REQUESTS_MOST, "too many requests");
    server->requests[i] = text;
    void (*hook)(void *self) = server->hook;
    void *hook_self = server->hook_self;
    pthread_mutex_unlock(&server->lock);
    if (hook)
        hook(hook_self);

    c->reply = &server->replies[i < server->n_replies ? i : server->n_replies - 1];
    c->written = 0;
}

static void have_room(struct connection *c)
{
    if (c->in_len + 1 < c->in_cap)
        return;
    must(c->in_cap < REQUEST_MOST, "too large a request");
    c->in_cap *= 2;
    c->in = realloc(c->in, c->in_cap);
    must(c->in != NULL, "realloc");
}

static void read_some(struct raw_server *server, struct connection *c)
{
    have_room(c);

    ssize_t n = recv(c->fd, c->in + c->in_len, c->in_cap - 1 - c->in_len, 0);

    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            end_connection(c, false);
        return;
    }
    c->in_len += (size_t)n;
    c->in[c->in_len] = '\0';

    size_t len = c->hung ? 0 : request_len(server, c);
    if (len > 0)
        take_request(server, c, len);
}

static void finish_reply(struct connection *c)
{
    switch (c->reply->then) {
    case RAW_KEEP: break;
    case RAW_CLOSE: end_connection(c, false); return;
    case RAW_RESET: end_connection(c, true); return;
    case RAW_HANG: c->hung = true; break;
    }
    c->reply = NULL;
}

static void write_some(struct connection *c)
{
    const struct raw_reply *reply = c->reply;
    size_t len = reply->len > 0 || !reply->bytes ? reply->len : strlen(reply->bytes);

    while (c->written < len) {
        size_t left = len - c->written;
        size_t piece = reply->piece > 0 && reply->piece < left ? reply->piece : left;
        ssize_t n = send(c->fd, reply->bytes + c->written, piece, MSG_NOSIGNAL);

        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                end_connection(c, false);
            return;
        }
        c->written += (size_t)n;
    }
    finish_reply(c);
}

static void serve_connection(struct raw_server *server, struct connection *c, short events)
{
    if (c->reply) {
        write_some(c);
    } else if (events & (POLLIN | POLLHUP | POLLERR)) {
        read_some(server, c);
    }
    /* The answer goes out at once, so that what hangs up does so right behind the request. */
    if (c->fd >= 0 && c->reply && c->written == 0)
        write_some(c);
}

static void *serve(void *arg)
{
    struct raw_server *server = arg;
    struct pollfd fds[CONNECTIONS_MOST + 2];

    for (;;) {
        fds[0] = (struct pollfd){.fd = server->stop, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = server->listener, .events = POLLIN};
        for (size_t i = 0; i < CONNECTIONS_MOST; i++) {
            const struct connection *c = &server->connections[i];
            fds[i + 2] = (struct pollfd){.fd = c->fd, .events = c->reply ? POLLOUT : POLLIN};
        }
        if (poll(fds, CONNECTIONS_MOST + 2, -1) < 0 && errno != EINTR)
            must(false, "poll");
        if (fds[0].revents)
            return NULL;
        for (size_t i = 0; i < CONNECTIONS_MOST; i++) {
            if (fds[i + 2].revents)
                serve_connection(server, &server->connections[i], fds[i + 2].revents);
        }
        if (fds[1].revents)
            accept_one(server);
    }
}

static void listen_on_loopback(struct raw_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);

    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    must(server->listener >= 0, "socket");
    must(bind(server->listener, (const struct sockaddr *)&address, len) == 0, "bind");
    must(listen(server->listener, 64) == 0, "listen");
    must(getsockname(server->listener, (struct sockaddr *)&address, &len) == 0, "getsockname");
    server->port = ntohs(address.sin_port);
}

struct raw_server *raw_server_start(const struct raw_reply *replies, size_t n, bool any_bytes)
{
    struct raw_server *server = calloc(1, sizeof(*server));

    must(server != NULL, "calloc");
    must(n > 0, "no replies");
    server->replies = replies;
    server->n_replies = n;
    server->any_bytes = any_bytes;
    pthread_mutex_init(&server->lock, NULL);
    for (size_t i = 0; i < CONNECTIONS_MOST; i++)
        server->connections[i].fd = -1;
    listen_on_loopback(server);
    server->stop = eventfd(0, EFD_CLOEXEC);
    must(server->stop >= 0, "eventfd");
    must(pthread_create(&server->thread, NULL, serve, server) == 0, "pthread_create");
    return server;
}

void raw_server_stop(struct raw_server *server)
{
    uint64_t one = 1;

    if (!server)
        return;
    must(write(server->stop, &one, sizeof(one)) == sizeof(one), "write");
    pthread_join(server->thread, NULL);
    for (size_t i = 0; i < CONNECTIONS_MOST; i++) {
        if (server->connections[i].fd >= 0)
            end_connection(&server->connections[i], false);
    }
    for (size_t i = 0; i < server->n_requests; i++)
        free(server->requests[i]);
    close(server->listener);
    close(server->stop);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

const char *raw_server_url(struct raw_server *server, const char *scheme, const char *path)
{
    char *url = server->urls[server->next_url++ % 8];

    (void)snprintf(url, sizeof(server->urls[0]), "%s://127.0.0.1:%u%s", scheme, server->port, path);
    return url;
}

unsigned raw_server_port(const struct raw_server *server)
{
    return server->port;
}

void raw_server_on_request(struct raw_server *server, void (*hook)(void *self), void *self)
{
    pthread_mutex_lock(&server->lock);
    server->hook = hook;
    server->hook_self = self;
    pthread_mutex_unlock(&server->lock);
}

size_t raw_server_requests(struct raw_server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t n = server->n_requests;
    pthread_mutex_unlock(&server->lock);
    return n;
}

size_t raw_server_connections(struct raw_server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t n = server->n_connections;
    pthread_mutex_unlock(&server->lock);
    return n;
}

const char *raw_server_request(struct raw_server *server, size_t i)
{
    pthread_mutex_lock(&server->lock);
    const char *text = i < server->n_requests ? server->requests[i] : NULL;
    pthread_mutex_unlock(&server->lock);
    return text;
}

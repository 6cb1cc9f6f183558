#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "http/url.h"
#include "sim/sim_request.h"

/*
 * The same cloud over loopback HTTP: libmicrohttpd with a thread for each connection, so that an
 * answer that is late on purpose holds up nobody else. Every oddity of the wire that a fault
 * script asks for is enacted on the socket itself.
 */

#define MAX_BODY        ((size_t)64 << 20) /* organisations come this way too */
#define MAX_CONNECTIONS 256
#define SCRATCH         ((size_t)1 << 20)
#define MAX_HEADERS     64

struct sim_server {
    struct sim *sim;
    struct MHD_Daemon *daemon;
    struct cancel stop; /* ends delays */
    char url[64];
};

/* One request while it comes in. */
struct exchange {
    char *target; /* path and query, undecoded */
    struct buf body;
    bool is_open; /* the first call of the handler is over */
};

/* ---- requests ---- */

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *exchange = calloc(1, sizeof(*exchange));

    (void)cls;
    (void)connection;
    if (!exchange)
        return NULL;
    exchange->target = strdup(uri);
    exchange->body.ceiling = MAX_BODY;
    return exchange;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    struct exchange *exchange = *con_cls;

    (void)cls;
    (void)connection;
    (void)code;
    if (!exchange)
        return;
    free(exchange->target);
    buf_fini(&exchange->body);
    free(exchange);
    *con_cls = NULL;
}

struct header_list {
    struct http_header items[MAX_HEADERS];
    size_t n;
};

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct header_list *list = cls;

    (void)kind;
    if (list->n < MAX_HEADERS)
        list->items[list->n++] = (struct http_header){str_of(name), str_of(value)};
    return MHD_YES;
}

static bool read_method(const char *name, enum http_method *out)
{
    static const enum http_method known[] = {HTTP_GET, HTTP_PUT, HTTP_POST, HTTP_DELETE,
                                             HTTP_PATCH};

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcmp(http_method_name(known[i]), name) == 0) {
            *out = known[i];
            return true;
        }
    }
    return false;
}

/* The origin by the Host header. Another host than loopback means that somebody's browser was
 * talked into calling us. */
static bool read_origin(struct MHD_Connection *connection, struct arena *arena, struct str *out)
{
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    struct url url;

    if (!host)
        return false;
    *out = arena_printf(arena, "http://%s", host);
    return url_parse(*out, &url) && url.path.len == 0 && url.query.len == 0 &&
           url_is_loopback(&url);
}

/* ---- answers ---- */

static int socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info ? info->connect_fd : -1;
}

static enum MHD_Result hang_up(struct MHD_Connection *connection)
{
    int fd = socket_of(connection);

    if (fd >= 0)
        (void)shutdown(fd, SHUT_RDWR);
    return MHD_NO;
}

static enum MHD_Result talk_nonsense(struct MHD_Connection *connection)
{
    static const char nonsense[] = "\x15\x03\x01 220 smtp.example.com ESMTP ready\r\n";
    int fd = socket_of(connection);

    if (fd >= 0)
        (void)!send(fd, nonsense, sizeof(nonsense) - 1, MSG_NOSIGNAL);
    return hang_up(connection);
}

static enum MHD_Result stay_silent(const struct sim_server *server,
                                   struct MHD_Connection *connection)
{
    struct pollfd fds[] = {
        {.fd = socket_of(connection), .events = POLLRDHUP},
        {.fd = server->stop.fd, .events = POLLIN},
    };

    while (poll(fds, 2, -1) < 0)
        ;
    return hang_up(connection);
}

struct cut_body {
    size_t len, cut;
    char bytes[];
};

static ssize_t read_cut(void *cls, uint64_t pos, char *to, size_t max)
{
    const struct cut_body *body = cls;
    size_t n = pos < body->cut ? body->cut - (size_t)pos : 0;

    if (n == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (n > max)
        n = max;
    memcpy(to, body->bytes + pos, n);
    return (ssize_t)n;
}

static struct MHD_Response *make_response(const struct sim_answer *answer)
{
    struct str body = buf_str(&answer->body);

    if (answer->wire != SIM_WIRE_CUT) {
        /* libmicrohttpd takes a pointer to what it only copies; never to a NULL. */
        union {
            const char *in;
            void *out;
        } text = {.in = body.len > 0 ? body.ptr : ""};

        return MHD_create_response_from_buffer(body.len, text.out, MHD_RESPMEM_MUST_COPY);
    }

    struct cut_body *cut = malloc(sizeof(*cut) + body.len);
    if (!cut)
        abort();
    cut->len = body.len;
    cut->cut = answer->cut;
    memcpy(cut->bytes, body.ptr, body.len);
    return MHD_create_response_from_callback(body.len, 4096, read_cut, cut, free);
}

static enum MHD_Result respond(struct MHD_Connection *connection, struct arena *arena,
                               const struct sim_answer *answer)
{
    struct MHD_Response *response = make_response(answer);

    if (!response)
        return MHD_NO;
    for (size_t i = 0; i < answer->n_headers; i++) {
        (void)MHD_add_response_header(response, arena_cstr(arena, answer->headers[i].name),
                                      arena_cstr(arena, answer->headers[i].value));
    }

    enum MHD_Result result = MHD_queue_response(connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static void count_in_flight(struct sim *sim, int step)
{
    sim_lock(sim);
    sim->in_flight = step > 0 ? sim->in_flight + 1 : sim->in_flight - 1;
    sim_unlock(sim);
}

/* Late on purpose: by the clock on the wall where the cloud follows it, else in virtual time. */
static void delay(struct sim_server *server, int64_t ms)
{
    struct clock system = clock_system(&server->stop);

    if (ms <= 0)
        return;
    if (server->sim->ticks) {
        (void)clock_sleep(&system, ms, NULL);
    } else {
        sim_advance(server->sim, ms);
    }
}

static enum MHD_Result enact(struct sim_server *server, struct MHD_Connection *connection,
                             struct arena *arena, const struct sim_answer *answer)
{
    delay(server, answer->delay_ms);
    switch (answer->wire) {
    case SIM_WIRE_REFUSED:
    case SIM_WIRE_CLOSED: return hang_up(connection);
    case SIM_WIRE_GARBAGE: return talk_nonsense(connection);
    case SIM_WIRE_SILENT: return stay_silent(server, connection);
    case SIM_WIRE_WHOLE:
    case SIM_WIRE_CUT: break;
    }
    return respond(connection, arena, answer);
}

static enum MHD_Result refuse(struct MHD_Connection *connection, struct arena *arena, int status,
                              const char *why)
{
    struct sim_answer answer = {.status = status};

    buf_add(&answer.body, str_of(why));
    enum MHD_Result result = respond(connection, arena, &answer);
    buf_fini(&answer.body);
    return result;
}

static enum MHD_Result answer_request(struct sim_server *server, struct MHD_Connection *connection,
                                      const char *method, struct exchange *exchange,
                                      struct arena *arena)
{
    struct sim_request req = {.target = str_of(exchange->target), .body = buf_str(&exchange->body)};
    struct header_list headers = {.n = 0};
    struct sim_answer answer = {0};

    if (exchange->body.over)
        return refuse(connection, arena, 413, "The body is too large.\n");
    if (!read_method(method, &req.method))
        return refuse(connection, arena, 405, "There is no such method here.\n");
    if (!read_origin(connection, arena, &req.origin))
        return refuse(connection, arena, 421, "The Host must be a loopback address.\n");
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, &headers);
    req.headers = headers.items;
    req.n_headers = headers.n;
    req.has_length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length") != NULL;

    count_in_flight(server->sim, 1);
    sim_handle(server->sim, &req, arena, &answer);
    enum MHD_Result result = enact(server, connection, arena, &answer);
    count_in_flight(server->sim, -1);
    buf_fini(&answer.body);
    return result;
}

/* NOLINTNEXTLINE(readability-function-size): the library's signature */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **con_cls)
{
    struct exchange *exchange = *con_cls;

    (void)url;
    (void)version;
    if (!exchange || !exchange->target)
        return MHD_NO;
    if (!exchange->is_open) {
        exchange->is_open = true;
        return MHD_YES;
    }
    if (*upload_data_size > 0) {
        buf_add(&exchange->body, (struct str){upload_data, *upload_data_size});
        *upload_data_size = 0;
        return MHD_YES;
    }

    struct arena arena;
    arena_init(&arena, SCRATCH);
    enum MHD_Result result = answer_request(cls, connection, method, exchange, &arena);
    arena_fini(&arena);
    return result;
}

/* ---- start and stop ---- */

static bool read_address(struct str listen, struct sockaddr_storage *out, socklen_t *len,
                         struct err *err)
{
    char text[80];
    struct str port_text = listen;
    struct str host = str_cut(&port_text, ':');
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct in_addr address = {0};
    int64_t port;

    memset(out, 0, sizeof(*out));
    if (str_is(host, "localhost"))
        host = STR("127.0.0.1");
    if (host.len >= sizeof(text) || !str_to_i64(port_text, &port) || port < 0 || port > 65535)
        return err_set(err, ERR_USAGE, "`%.*s` is no address such as 127.0.0.1:0", STR_ARG(listen));
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, &address) != 1 || (ntohl(address.s_addr) >> 24) != 127) {
        return err_set(err, ERR_USAGE,
                       "the simulated cloud listens on loopback addresses only, not on `%s`", text);
    }
    v4->sin_family = AF_INET;
    v4->sin_addr = address;
    v4->sin_port = htons((uint16_t)port);
    *len = sizeof(*v4);
    return true;
}

static int open_socket(const struct sockaddr_storage *address, socklen_t len, struct err *err)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
        bind(fd, (const struct sockaddr *)address, len) == 0 && listen(fd, 128) == 0)
        return fd;
    (void)err_errno(err, ERR_UNAVAILABLE, "simulated cloud: listening");
    if (fd >= 0)
        close(fd);
    return -1;
}

static void set_url(struct sim_server *server, int fd)
{
    struct sockaddr_in bound = {0};
    socklen_t len = sizeof(bound);
    char text[INET_ADDRSTRLEN] = "";

    if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0)
        abort();
    (void)inet_ntop(AF_INET, &bound.sin_addr, text, sizeof(text));
    (void)snprintf(server->url, sizeof(server->url), "http://%s:%u", text, ntohs(bound.sin_port));
}

static bool start(struct sim_server *server, int fd, struct err *err)
{
    server->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
            MHD_USE_ITC | MHD_USE_SUPPRESS_DATE_NO_CLOCK,
        0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)65536, MHD_OPTION_URI_LOG_CALLBACK, on_uri, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, NULL, MHD_OPTION_END);
    return server->daemon ||
           err_set(err, ERR_INTERNAL, "simulated cloud: the server did not start");
}

struct sim_server *sim_serve(struct sim *sim, struct str listen, struct err *err)
{
    struct sockaddr_storage address;
    socklen_t len;

    if (!read_address(listen, &address, &len, err))
        return NULL;

    int fd = open_socket(&address, len, err);
    if (fd < 0)
        return NULL;

    struct sim_server *server = calloc(1, sizeof(*server));
    if (!server)
        abort();
    server->sim = sim;
    set_url(server, fd);
    if (!cancel_init(&server->stop, err)) {
        close(fd);
        free(server);
        return NULL;
    }
    if (!start(server, fd, err)) {
        close(fd);
        cancel_fini(&server->stop);
        free(server);
        return NULL;
    }
    return server;
}

struct str sim_server_url(const struct sim_server *server)
{
    return str_of(server->url);
}

void sim_server_stop(struct sim_server *server)
{
    if (!server)
        return;
    cancel_throw(&server->stop);
    MHD_stop_daemon(server->daemon);
    cancel_fini(&server->stop);
    free(server);
}

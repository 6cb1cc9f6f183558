#include <stdlib.h>
#include <string.h>

#include "http/url.h"
#include "sim/sim_port.h"
#include "sim/sim_request.h"

#define DEFAULT_MAX_BODY   ((size_t)8 << 20)
#define DEFAULT_TIMEOUT_MS (30 * TIME_SECOND)

struct sim_port {
    struct sim *sim;
    struct sim_port *next;
    struct buf *bodies; /* one per request of the last send */
    size_t n_bodies;
};

static void lose(struct http_response *res, enum http_outcome outcome, enum err_kind kind,
                 struct str why)
{
    res->outcome = outcome;
    res->kind = kind;
    res->why = why;
    res->body = (struct str){0};
}

/* What a client makes of what the wire did with the answer. */
static void settle(const struct http_request *req, const struct sim_answer *answer,
                   struct http_response *res)
{
    size_t max_body = req->max_body > 0 ? req->max_body : DEFAULT_MAX_BODY;
    int64_t timeout = req->timeout_ms > 0 ? req->timeout_ms : DEFAULT_TIMEOUT_MS;

    res->outcome = HTTP_ANSWERED;
    if (answer->wire == SIM_WIRE_REFUSED) {
        lose(res, HTTP_NOT_SENT, ERR_UNAVAILABLE, STR("connection refused"));
    } else if (answer->wire == SIM_WIRE_SILENT || answer->delay_ms > timeout) {
        res->status = 0;
        lose(res, HTTP_LOST, ERR_UNAVAILABLE, STR("no answer within the time allowed"));
    } else if (answer->wire == SIM_WIRE_CLOSED) {
        res->status = 0;
        res->dropped = true;
        lose(res, HTTP_LOST, ERR_UNAVAILABLE, STR("the connection ended without an answer"));
    } else if (answer->wire == SIM_WIRE_GARBAGE) {
        res->status = 0;
        lose(res, HTTP_LOST, ERR_REMOTE, STR("the answer is not HTTP"));
    } else if (answer->wire == SIM_WIRE_CUT) {
        lose(res, HTTP_LOST, ERR_UNAVAILABLE, STR("the connection ended within the body"));
    } else if (res->body.len > max_body) {
        lose(res, HTTP_LOST, ERR_REMOTE, STR("the answer is larger than allowed"));
    }
    if (res->status == 0 && res->outcome != HTTP_ANSWERED)
        res->n_headers = 0;
}

/* Any loopback origin is this cloud; a request to another host would leave the machine. It is
 * written down, because a client that sends one gives its credentials away. */
static bool read_url(struct sim *sim, const struct http_request *req, struct sim_request *out)
{
    struct url url;

    if (url_parse(req->url, &url) && url_is_loopback(&url)) {
        size_t skip =
            (size_t)(url.path.len > 0 ? url.path.ptr - req->url.ptr : (ptrdiff_t)req->url.len);

        out->origin = str_sub(req->url, 0, skip);
        out->target = url.path.len > 0 ? str_sub(req->url, skip, req->url.len) : STR("/");
        return true;
    }

    struct sim_history_row row = {.method = http_method_name(req->method), .principal = ""};
    sim_lock(sim);
    sim_history_add(sim, &row, req->url, STR("foreign host"), (struct str){0});
    sim_unlock(sim);
    return false;
}

/* One request; returns by how much it delays the batch. */
static int64_t exchange(struct sim_port *port, const struct http_request *req,
                        struct http_response *res, struct buf *body, struct arena *arena)
{
    struct sim_request in = {
        .method = req->method,
        .headers = req->headers,
        .n_headers = req->n_headers,
        .body = req->body,
        .has_length = true,
    };
    struct sim_answer answer = {.body = *body};

    *res = (struct http_response){.attempts = 1};
    if (!read_url(port->sim, req, &in)) {
        lose(res, HTTP_NOT_SENT, ERR_UNAVAILABLE, STR("no such host in the simulated cloud"));
        return 0;
    }
    sim_handle(port->sim, &in, arena, &answer);
    *body = answer.body;

    struct http_header *headers = arena_array(arena, struct http_header, answer.n_headers);
    memcpy(headers, answer.headers, answer.n_headers * sizeof(*headers));
    res->status = answer.status;
    res->headers = headers;
    res->n_headers = answer.n_headers;
    res->body = buf_str(body);
    settle(req, &answer, res);

    int64_t timeout = req->timeout_ms > 0 ? req->timeout_ms : DEFAULT_TIMEOUT_MS;
    if (answer.wire == SIM_WIRE_SILENT || answer.delay_ms > timeout)
        return timeout;
    return answer.delay_ms;
}

static void count_in_flight(struct sim *sim, size_t began, size_t ended)
{
    sim_lock(sim);
    sim->in_flight += (unsigned)began;
    sim->in_flight -= (unsigned)ended;
    sim_unlock(sim);
}

/* Those under way together take as long as the slowest of them. */
static void exchange_side_by_side(struct sim_port *port, const struct http_request *const *req,
                                  struct http_response *const *res, struct buf *bodies, size_t n,
                                  struct arena *arena)
{
    int64_t slowest = 0;

    for (size_t i = 0; i < n; i++) {
        count_in_flight(port->sim, 1, 0);
        int64_t delay = exchange(port, req[i], res[i], &bodies[i], arena);
        if (delay > slowest)
            slowest = delay;
    }
    count_in_flight(port->sim, 0, n);
    sim_advance(port->sim, slowest);
    for (size_t i = 0; i < n; i++)
        res[i]->answered_at = sim_now(port->sim);
}

static struct buf *room_for(struct sim_port *port, size_t n)
{
    if (n > port->n_bodies) {
        port->bodies = realloc(port->bodies, n * sizeof(*port->bodies));
        if (!port->bodies)
            abort();
        memset(port->bodies + port->n_bodies, 0, (n - port->n_bodies) * sizeof(*port->bodies));
        port->n_bodies = n;
    }
    return port->bodies;
}

static bool port_send(void *self, const struct http_request *const *req,
                      struct http_response *const *res, size_t n, unsigned parallel,
                      struct arena *arena, struct err *err)
{
    struct sim_port *port = self;
    struct buf *bodies = room_for(port, n);
    size_t step = parallel > 0 ? parallel : 1;

    (void)err;
    for (size_t i = 0; i < n; i += step) {
        exchange_side_by_side(port, req + i, res + i, bodies + i, n - i < step ? n - i : step,
                              arena);
    }
    return true;
}

static void port_keep(void *self, struct http_response *res, struct buf *into)
{
    struct sim_port *port = self;

    for (size_t i = 0; i < port->n_bodies; i++) {
        if (res->body.ptr && res->body.ptr == port->bodies[i].ptr) {
            buf_fini(into);
            *into = port->bodies[i];
            port->bodies[i] = (struct buf){0};
            return;
        }
    }
}

struct transport sim_transport(struct sim *sim)
{
    struct sim_port *port = calloc(1, sizeof(*port));

    if (!port)
        abort();
    port->sim = sim;
    sim_lock(sim);
    port->next = sim->ports;
    sim->ports = port;
    sim_unlock(sim);
    return (struct transport){.self = port, .send = port_send, .keep = port_keep};
}

void sim_ports_fini(struct sim *sim)
{
    while (sim->ports) {
        struct sim_port *port = sim->ports;

        sim->ports = port->next;
        for (size_t i = 0; i < port->n_bodies; i++)
            buf_fini(&port->bodies[i]);
        free(port->bodies);
        free(port);
    }
}

#include "http/http_curl.h"

#include <stdlib.h>

#include <curl/curl.h>

#include "http/http_transfer.h"

/* A body buffer that grew beyond this is not kept for the next send. */
#define BODY_KEEP     ((size_t)4 << 20)
#define CONNECTIONS   32L
#define POLL_MS       1000
#define PARALLEL_MOST 64u

struct http_curl {
    struct http_curl_options options;
    struct cancel *cancel;
    CURLM *multi;
    struct transfer *transfers; /* as many as ever went side by side */
    size_t n_transfers;
    struct buf *bodies; /* of the last send, in its order */
    size_t n_bodies;
};

/* One call of send. */
struct sending {
    struct http_curl *curl;
    const struct http_request *const *req;
    struct http_response *const *res;
    size_t n, next; /* next: first that was not begun */
    size_t parallel, n_active;
    size_t silent; /* attempts in a row that ended without a byte of an answer */
    struct arena *arena;
};

bool http_curl_global_init(struct err *err)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

    if (code != CURLE_OK)
        return err_set(err, ERR_INTERNAL, "libcurl: %s", curl_easy_strerror(code));
    return true;
}

void http_curl_global_fini(void)
{
    curl_global_cleanup();
}

struct http_curl *http_curl_new(const struct http_curl_options *options, struct cancel *cancel,
                                struct err *err)
{
    struct http_curl *curl = calloc(1, sizeof(*curl));

    if (!curl)
        abort();
    curl->options = *options;
    curl->cancel = cancel;
    curl->multi = curl_multi_init();
    if (!curl->multi ||
        curl_multi_setopt(curl->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS) != CURLM_OK ||
        curl_multi_setopt(curl->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) != CURLM_OK) {
        http_curl_free(curl);
        (void)err_set(err, ERR_INTERNAL, "libcurl: no multi handle");
        return NULL;
    }
    return curl;
}

void http_curl_free(struct http_curl *curl)
{
    if (!curl)
        return;
    for (size_t i = 0; i < curl->n_transfers; i++)
        curl_easy_cleanup(curl->transfers[i].easy);
    free(curl->transfers);
    for (size_t i = 0; i < curl->n_bodies; i++)
        buf_fini(&curl->bodies[i]);
    free(curl->bodies);
    curl_multi_cleanup(curl->multi);
    free(curl);
}

static bool is_cancelled(const struct http_curl *curl)
{
    return curl->cancel && cancel_is_on(curl->cancel);
}

/* Handles are never freed in between: they hold the sessions of TLS. No transfer is busy now, so
 * the array may move. */
static void have_transfers(struct http_curl *curl, size_t n)
{
    if (n <= curl->n_transfers)
        return;
    curl->transfers = realloc(curl->transfers, n * sizeof(*curl->transfers));
    if (!curl->transfers)
        abort();
    for (size_t i = curl->n_transfers; i < n; i++) {
        curl->transfers[i] = (struct transfer){.easy = curl_easy_init()};
        if (!curl->transfers[i].easy)
            abort();
    }
    curl->n_transfers = n;
}

/* A buffer for each answer of this send; what it does not need goes back to the system. */
static void have_bodies(struct http_curl *curl, size_t n)
{
    if (n > curl->n_bodies) {
        curl->bodies = realloc(curl->bodies, n * sizeof(*curl->bodies));
        if (!curl->bodies)
            abort();
        for (size_t i = curl->n_bodies; i < n; i++)
            curl->bodies[i] = (struct buf){0};
        curl->n_bodies = n;
    }
    for (size_t i = 0; i < curl->n_bodies; i++) {
        if (i >= n || curl->bodies[i].cap > BODY_KEEP || curl->bodies[i].secret) {
            buf_fini(&curl->bodies[i]);
            curl->bodies[i] = (struct buf){0};
        }
    }
}

static struct transfer *free_transfer(struct http_curl *curl)
{
    for (size_t i = 0; i < curl->n_transfers; i++) {
        if (!curl->transfers[i].busy)
            return &curl->transfers[i];
    }
    return NULL;
}

static bool may_begin(const struct sending *s)
{
    return s->next < s->n && s->n_active < s->parallel && s->silent < s->parallel;
}

static void begin_one(struct sending *s)
{
    struct http_curl *curl = s->curl;
    struct transfer *t = free_transfer(curl);
    size_t i = s->next++;

    if (!transfer_begin(t, &curl->options, s->req[i], s->res[i], &curl->bodies[i], s->arena))
        return;
    if (curl_multi_add_handle(curl->multi, t->easy) != CURLM_OK) {
        transfer_end(t, CURLE_FAILED_INIT);
        return;
    }
    s->n_active++;
}

static void end_one(struct sending *s, struct transfer *t, CURLcode code)
{
    struct http_response *res = t->res;

    (void)curl_multi_remove_handle(s->curl->multi, t->easy);
    transfer_end(t, code);
    s->n_active--;
    s->silent = res->status != 0 ? 0 : s->silent + 1;
}

static void end_finished(struct sending *s)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(s->curl->multi, &left))) {
        struct transfer *t = NULL;
        CURLcode code = message->data.result;

        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t) == CURLE_OK && t)
            end_one(s, t, code);
    }
}

/* Closes the connections of whatever is under way. */
static void drop_all(struct sending *s)
{
    for (size_t i = 0; i < s->curl->n_transfers; i++) {
        struct transfer *t = &s->curl->transfers[i];

        if (!t->busy)
            continue;
        (void)curl_multi_remove_handle(s->curl->multi, t->easy);
        transfer_drop(t);
    }
}

/* Something of libcurl itself broke: what is under way has no known outcome. */
static void lose_all(struct sending *s)
{
    for (size_t i = 0; i < s->curl->n_transfers; i++) {
        if (s->curl->transfers[i].busy)
            end_one(s, &s->curl->transfers[i], CURLE_FAILED_INIT);
    }
    s->silent = s->parallel;
}

static void wait_for_events(struct sending *s)
{
    struct cancel *cancel = s->curl->cancel;
    struct curl_waitfd extra = {.fd = cancel ? cancel->fd : -1, .events = CURL_WAIT_POLLIN};
    unsigned n_extra = extra.fd >= 0 ? 1 : 0;

    if (curl_multi_poll(s->curl->multi, n_extra ? &extra : NULL, n_extra, POLL_MS, NULL) !=
        CURLM_OK)
        lose_all(s);
}

static void leave_rest(struct sending *s)
{
    for (; s->next < s->n; s->next++) {
        *s->res[s->next] = (struct http_response){.outcome = HTTP_NOT_SENT,
                                                  .kind = ERR_UNAVAILABLE,
                                                  .why = STR("not tried: no answer to the others")};
    }
}

static bool curl_send(void *self, const struct http_request *const *req,
                      struct http_response *const *res, size_t n, unsigned parallel,
                      struct arena *arena, struct err *err)
{
    struct http_curl *curl = self;
    struct sending s = {.curl = curl, .req = req, .res = res, .n = n, .arena = arena};
    int running;

    s.parallel = parallel == 0 ? 1 : parallel > PARALLEL_MOST ? PARALLEL_MOST : parallel;
    if (s.parallel > n)
        s.parallel = n;
    have_transfers(curl, s.parallel);
    have_bodies(curl, n);

    while (!is_cancelled(curl)) {
        while (may_begin(&s))
            begin_one(&s);
        if (s.n_active == 0) {
            leave_rest(&s);
            return true;
        }
        if (curl_multi_perform(curl->multi, &running) != CURLM_OK)
            lose_all(&s);
        end_finished(&s);
        if (s.n_active > 0 && !may_begin(&s))
            wait_for_events(&s);
    }
    drop_all(&s);
    return err_set(err, ERR_CANCELLED, "cancelled");
}

static void curl_keep(void *self, struct http_response *res, struct buf *into)
{
    struct http_curl *curl = self;

    for (size_t i = 0; i < curl->n_bodies; i++) {
        if (curl->bodies[i].ptr == res->body.ptr) {
            struct buf other = *into;

            *into = curl->bodies[i];
            curl->bodies[i] = other;
            return;
        }
    }
    buf_clear(into);
    buf_add(into, res->body);
}

struct transport http_curl_transport(struct http_curl *curl)
{
    return (struct transport){.self = curl, .send = curl_send, .keep = curl_keep};
}

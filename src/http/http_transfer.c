#include "http/http_transfer.h"

#include <string.h>

#include "http/url.h"

#define BODY_MAX         ((size_t)8 << 20)
#define HEAD_MAX         ((size_t)64 << 10)
#define TIMEOUT_MS       (30 * TIME_SECOND)
#define CONNECT_MS       (10 * TIME_SECOND)
#define LOW_SPEED_BYTES  10L
#define LOW_SPEED_S      20L
#define RECEIVE_BUFFER   65536L
#define FIRST_BODY_BYTES ((size_t)16 << 10)

static bool not_sent(struct http_response *res, enum err_kind kind, struct str why)
{
    *res = (struct http_response){.outcome = HTTP_NOT_SENT, .kind = kind, .why = why};
    return false;
}

/* Wall clock of the answer. */
static int64_t now_ms(const struct transfer *t)
{
    if (t->options->clock)
        return clock_now(t->options->clock);

    struct clock system = clock_system(NULL);
    return clock_now(&system);
}

static size_t body_max(const struct http_request *req)
{
    return req->max_body > 0 ? req->max_body : BODY_MAX;
}

/* 0 makes libcurl end the transfer with CURLE_WRITE_ERROR. */
static size_t stop(struct transfer *t, const char *why)
{
    t->stop = why;
    return 0;
}

static struct str line_of(const char *ptr, size_t len)
{
    while (len > 0 && (ptr[len - 1] == '\n' || ptr[len - 1] == '\r'))
        len--;
    return (struct str){ptr, len};
}

/* `HTTP/1.1 200 OK`. libcurl has checked the form. */
static void begin_head(struct transfer *t, struct str line)
{
    int64_t status;

    (void)str_cut(&line, ' ');
    t->headers.n = 0;
    t->length = -1;
    t->encoded = false;
    t->head_status = str_to_i64(str_sub(line, 0, 3), &status) ? (int)status : 0;
}

static size_t end_head(struct transfer *t, size_t n)
{
    if (t->head_status < 200)
        return n; /* interim: the real one follows */
    t->head_done = true;
    t->res->status = t->head_status;
    t->res->answered_at = now_ms(t);
    if (t->length <= 0 || t->encoded)
        return n;
    if ((uint64_t)t->length > body_max(t->req))
        return stop(t, "the answer is larger than allowed");
    buf_reserve(t->body, (size_t)t->length);
    return n;
}

/* A line that begins with a blank goes on where the one before ended. */
static void fold(struct transfer *t, struct str line)
{
    if (t->headers.n == 0)
        return;

    struct http_header *last = &t->headers.items[t->headers.n - 1];
    last->value =
        arena_printf(t->arena, "%.*s %.*s", STR_ARG(last->value), STR_ARG(str_trim(line)));
}

static void add_header(struct transfer *t, struct str line)
{
    struct str value = line;
    struct str name = str_trim(str_cut(&value, ':'));
    struct http_header header = {arena_str(t->arena, name), arena_str(t->arena, str_trim(value))};

    VEC_PUSH(t->arena, &t->headers, header);
    if (str_ieq(name, STR("content-encoding")) && !str_ieq(header.value, STR("identity")))
        t->encoded = true;
    if (str_ieq(name, STR("content-length")) && !str_to_i64(header.value, &t->length))
        t->length = -1;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static size_t on_header(char *ptr, size_t size, size_t count, void *self)
{
    struct transfer *t = self;
    size_t n = size * count;
    struct str line = line_of(ptr, n);

    t->head_bytes += n;
    if (t->head_bytes > HEAD_MAX)
        return stop(t, "the answer has too many headers");
    if (t->head_done)
        return n; /* a trailer behind the body: nobody asked for one */
    if (line.len == 0)
        return end_head(t, n);
    if (str_starts(line, STR("HTTP/"))) {
        begin_head(t, line);
    } else if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
        fold(t, line);
    } else {
        add_header(t, line);
    }
    return n;
}

/* Counts what came out of the decoder: a small answer can unfold to any size. */
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static size_t on_body(char *ptr, size_t size, size_t count, void *self)
{
    struct transfer *t = self;
    size_t n = size * count;

    if (n > body_max(t->req) - t->body->len)
        return stop(t, "the answer is larger than allowed");
    if (t->body->cap == 0)
        buf_reserve(t->body, n > FIRST_BODY_BYTES ? n : FIRST_BODY_BYTES);
    buf_add(t->body, (struct str){ptr, n});
    return n;
}

/* Right before each sending, also when libcurl repeats the request after a dead connection. */
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static int on_send(void *self, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    struct transfer *t = self;

    (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
    if (t->sends > 0 && !t->req->repeatable)
        return CURL_PREREQFUNC_ABORT;
    t->sends++;
    return CURL_PREREQFUNC_OK;
}

static bool is_clean(struct str text, bool is_name)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c == 0x7f || (c < ' ' && c != '\t') || (is_name && (c <= ' ' || c == ':' || c > 0x7f)))
            return false;
    }
    return !is_name || text.len > 0;
}

static bool add_line(struct transfer *t, const char *line)
{
    struct curl_slist *longer = curl_slist_append(t->lines, line);

    if (!longer)
        return false;
    t->lines = longer;
    return true;
}

/* With `Name;` libcurl sends a header without a value; `Name:` would take one of its own out. */
static bool add_request_header(struct transfer *t, const struct http_header *header)
{
    struct buf line = {.secret = true};

    buf_add(&line, header->name);
    buf_add(&line, header->value.len > 0 ? STR(": ") : STR(";"));
    buf_add(&line, header->value);

    bool ok = add_line(t, line.ptr);
    buf_fini(&line);
    return ok;
}

static bool has_body(const struct http_request *req)
{
    return req->body.len > 0 || req->method == HTTP_PUT || req->method == HTTP_POST ||
           req->method == HTTP_PATCH;
}

static bool add_request_headers(struct transfer *t, const struct http_request *req,
                                struct http_response *res)
{
    bool has_type = false, ok = true;

    for (size_t i = 0; i < req->n_headers; i++) {
        const struct http_header *header = &req->headers[i];

        if (!is_clean(header->name, true))
            return not_sent(res, ERR_INTERNAL, STR("the name of a request header is malformed"));
        /* The value may be a token: only the name is told. */
        if (!is_clean(header->value, false)) {
            return not_sent(res, ERR_SETTINGS,
                            arena_printf(t->arena, "the header %.*s would hold a control character",
                                         STR_ARG(header->name)));
        }
        ok = ok && add_request_header(t, header);
        has_type = has_type || str_ieq(header->name, STR("content-type"));
    }
    if (has_body(req)) {
        /* No waiting for a 100, and no form that nobody meant. */
        ok = ok && add_line(t, "Expect:");
        ok = ok && (has_type || add_line(t, "Content-Type:"));
    }
    return ok || not_sent(res, ERR_INTERNAL, STR("out of memory"));
}

static void free_lines(struct transfer *t)
{
    for (struct curl_slist *line = t->lines; line; line = line->next)
        explicit_bzero(line->data, strlen(line->data));
    curl_slist_free_all(t->lines);
    t->lines = NULL;
}

/* This and the next three return 0 when libcurl took every option. */
static unsigned set_security(CURL *easy, const struct http_curl_options *options, bool loopback,
                             bool plain)
{
    unsigned bad = 0;

    bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
    bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (options->ca_file)
        bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
    if (loopback || options->metadata)
        bad |= curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    bad |= curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    return bad;
}

static unsigned set_limits(CURL *easy, const struct http_curl_options *options,
                           const struct http_request *req)
{
    int64_t timeout_ms = req->timeout_ms > 0 ? req->timeout_ms : TIMEOUT_MS;
    int64_t connect_ms = options->connect_timeout_ms > 0 ? options->connect_timeout_ms : CONNECT_MS;
    unsigned bad = 0;

    bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES);
    bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, LOW_SPEED_S);
    bad |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
    bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Else giving up during a slow name lookup would wait for its thread. */
    bad |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    return bad;
}

static unsigned set_request(struct transfer *t, const char *url)
{
    const struct http_request *req = t->req;
    CURL *easy = t->easy;
    unsigned bad = 0;

    bad |= curl_easy_setopt(easy, CURLOPT_URL, url);
    bad |= curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    bad |= curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    if (t->options->user_agent)
        bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, t->options->user_agent);
    bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->lines);
    if (has_body(req)) {
        /* With POSTFIELDS an empty body still says `Content-Length: 0`, which Okta insists on. */
        bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len);
        bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, req->body.len > 0 ? req->body.ptr : "");
    }
    if (req->method != HTTP_GET || has_body(req))
        bad |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, http_method_name(req->method));
    return bad;
}

static unsigned set_callbacks(struct transfer *t)
{
    CURL *easy = t->easy;
    unsigned bad = 0;

    bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    bad |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    bad |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send);
    bad |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
    return bad;
}

bool transfer_begin(struct transfer *transfer, const struct http_curl_options *options,
                    const struct http_request *req, struct http_response *res, struct buf *body,
                    struct arena *arena)
{
    struct transfer *t = transfer;
    struct url url;

    if (!url_parse(req->url, &url))
        return not_sent(res, ERR_SETTINGS, STR("not a URL of an https server"));

    bool plain = !str_ieq(url.scheme, STR("https"));
    bool loopback = url_is_loopback(&url);
    if (plain && !loopback && !(options->metadata && url_is_metadata(&url))) {
        return not_sent(res, ERR_SETTINGS,
                        STR("plain http is for loopback addresses only, use https"));
    }

    *t = (struct transfer){.easy = t->easy,
                           .options = options,
                           .req = req,
                           .res = res,
                           .body = body,
                           .arena = arena,
                           .length = -1};
    *res = (struct http_response){.outcome = HTTP_NOT_SENT, .kind = ERR_UNAVAILABLE};
    body->secret = body->secret || req->secret_answer;
    buf_clear(body);
    if (!add_request_headers(t, req, res)) {
        transfer_drop(t);
        return false;
    }
    /* libcurl copies the URL; everything else it is handed here outlives the attempt. */
    if (set_security(t->easy, options, loopback, plain) != 0 ||
        set_limits(t->easy, options, req) != 0 || set_callbacks(t) != 0 ||
        set_request(t, arena_cstr(arena, req->url)) != 0) {
        transfer_drop(t);
        return not_sent(res, ERR_INTERNAL, STR("libcurl refused an option"));
    }
    t->busy = true;
    return true;
}

static enum err_kind kind_of(const struct transfer *t, CURLcode code)
{
    if (t->stop)
        return ERR_REMOTE;
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL: /* no status line: HTTP/0.9, or no HTTP at all */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return ERR_REMOTE;
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT: return ERR_SETTINGS;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT: return ERR_INTERNAL;
    default: return ERR_UNAVAILABLE;
    }
}

/* Words of libcurl, and in them perhaps of the remote, as one line of plain text. */
static struct str why_of(const struct transfer *t, CURLcode code)
{
    const char *text = t->error[0] ? t->error : curl_easy_strerror(code);

    if (t->stop)
        return str_of(t->stop);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return STR("the connection ended after the request, which must not be repeated");

    char *line = arena_alloc(t->arena, strlen(text) + 1, 1);
    for (size_t i = 0; text[i] != '\0'; i++) {
        line[i] = '?';
        if (text[i] >= ' ' && text[i] < 0x7f)
            line[i] = text[i];
    }
    return str_of(line);
}

static bool is_dropped(const struct transfer *t, CURLcode code)
{
    return t->head_bytes == 0 && (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR ||
                                  code == CURLE_SEND_ERROR || code == CURLE_ABORTED_BY_CALLBACK);
}

void transfer_end(struct transfer *transfer, CURLcode code)
{
    struct transfer *t = transfer;
    struct http_response *res = t->res;

    res->headers = t->headers.items;
    res->n_headers = t->head_done ? t->headers.n : 0;
    if (code == CURLE_OK && t->head_done) {
        res->outcome = HTTP_ANSWERED;
        res->kind = ERR_NONE;
        res->body = buf_str(t->body);
    } else {
        res->outcome = t->sends > 0 ? HTTP_LOST : HTTP_NOT_SENT;
        res->kind = kind_of(t, code);
        res->why = why_of(t, code);
        res->dropped = t->sends > 0 && is_dropped(t, code);
    }
    transfer_drop(t);
}

void transfer_drop(struct transfer *transfer)
{
    /* Connections and sessions stay; every pointer into this attempt goes. */
    curl_easy_reset(transfer->easy);
    free_lines(transfer);
    transfer->busy = false;
}

#include "http/http.h"
#include "http/url.h"

static const char *const method_names[] = {
    [HTTP_GET] = "GET",       [HTTP_PUT] = "PUT",     [HTTP_POST] = "POST",
    [HTTP_DELETE] = "DELETE", [HTTP_PATCH] = "PATCH",
};

/* What a status asks of us, and its words. Codes that are not here are told by their hundreds. */
static const struct status {
    int code;
    enum err_kind kind;
    const char *words;
} statuses[] = {
    {400, ERR_REMOTE, "Bad Request"},
    {401, ERR_REFUSED, "Unauthorized"},
    {403, ERR_REFUSED, "Forbidden"},
    {404, ERR_REMOTE, "Not Found"},
    {405, ERR_REMOTE, "Method Not Allowed"},
    {408, ERR_UNAVAILABLE, "Request Timeout"},
    {409, ERR_REMOTE, "Conflict"},
    {411, ERR_REMOTE, "Length Required"},
    {413, ERR_REMOTE, "Content Too Large"},
    {423, ERR_REMOTE, "Locked"},
    {429, ERR_UNAVAILABLE, "Too Many Requests"},
    {500, ERR_UNAVAILABLE, "Internal Server Error"},
    {501, ERR_REFUSED, "Not Implemented"},
    {502, ERR_UNAVAILABLE, "Bad Gateway"},
    {503, ERR_UNAVAILABLE, "Service Unavailable"},
    {504, ERR_UNAVAILABLE, "Gateway Timeout"},
};

static const struct status by_hundreds[] = {
    {1, ERR_REMOTE, "unexpected answer"},      {2, ERR_REMOTE, "unexpected success"},
    {3, ERR_REMOTE, "redirect, not followed"}, {4, ERR_REMOTE, "refused"},
    {5, ERR_UNAVAILABLE, "server error"},
};

const char *http_method_name(enum http_method method)
{
    return method_names[method];
}

struct str http_response_header(const struct http_response *res, const char *name, bool *doubled)
{
    const struct http_header *first = NULL;

    if (doubled)
        *doubled = false;
    for (size_t i = 0; i < res->n_headers; i++) {
        const struct http_header *header = &res->headers[i];

        if (!str_ieq(header->name, str_of(name)))
            continue;
        if (!first) {
            first = header;
        } else if (doubled && !str_eq(first->value, header->value)) {
            *doubled = true;
        }
    }
    return first ? first->value : (struct str){0};
}

static struct status status_of(int code)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].code == code)
            return statuses[i];
    }
    for (size_t i = 0; i < sizeof(by_hundreds) / sizeof(by_hundreds[0]); i++) {
        if (by_hundreds[i].code == code / 100)
            return by_hundreds[i];
    }
    return (struct status){code, ERR_REMOTE, "no status of HTTP"};
}

bool http_response_err(const struct http_request *req, const struct http_response *res,
                       struct err *err)
{
    const char *method = http_method_name(req->method);
    struct url url = {0};

    if (!url_parse(req->url, &url))
        url.path = STR("(not a URL)");
    if (url.path.len == 0)
        url.path = STR("/");
    if (res->outcome != HTTP_ANSWERED) {
        return err_set(err, res->kind ? res->kind : ERR_UNAVAILABLE, "%s %.*s: %.*s", method,
                       STR_ARG(url.path), STR_ARG(res->why));
    }

    struct status status = status_of(res->status);
    return err_set(err, status.kind, "%s %.*s: %d %s", method, STR_ARG(url.path), res->status,
                   status.words);
}

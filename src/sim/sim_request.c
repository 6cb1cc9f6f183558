#include "sim/sim_request.h"

#include "base/codec.h"

static bool read_segments(struct str path, struct arena *arena, struct sim_request *out)
{
    struct str rest = str_sub(path, 1, path.len);

    while (rest.len > 0) {
        struct str raw = str_cut(&rest, '/');
        struct str segment;

        if (raw.len == 0)
            return false;
        if (out->n_segments == SIM_SEGMENTS || !percent_decode(raw, arena, &segment))
            return false;
        out->raw_slash |= str_has(segment, '/');
        out->segments[out->n_segments++] = segment;
    }
    return true;
}

bool sim_form_decode(struct str raw, struct arena *arena, struct str *out)
{
    char *text = arena_alloc(arena, raw.len * 3 + 1, 1);
    size_t len = 0;

    for (size_t i = 0; i < raw.len; i++) {
        if (raw.ptr[i] != '+') {
            text[len++] = raw.ptr[i];
            continue;
        }
        text[len++] = '%';
        text[len++] = '2';
        text[len++] = '0';
    }
    return percent_decode((struct str){text, len}, arena, out);
}

static bool read_query(struct str query, struct arena *arena, struct sim_request *out)
{
    while (query.len > 0) {
        struct str value = str_cut(&query, '&');
        struct str name = str_cut(&value, '=');
        struct sim_pair *pair;

        if (name.len == 0)
            continue;
        if (out->n_query == SIM_QUERY)
            return false;
        pair = &out->query[out->n_query++];
        if (!sim_form_decode(name, arena, &pair->name) ||
            !sim_form_decode(value, arena, &pair->value))
            return false;
    }
    return true;
}

bool sim_request_parse(struct str target, struct arena *arena, struct sim_request *out)
{
    struct str query = target;
    struct str path = str_cut(&query, '?');

    if (path.len == 0 || path.ptr[0] != '/' || target.len > 16384)
        return false;
    out->target = target;
    out->path = path;
    return read_segments(path, arena, out) && read_query(query, arena, out);
}

struct str sim_request_header(const struct sim_request *req, const char *name)
{
    for (size_t i = 0; i < req->n_headers; i++) {
        if (str_ieq(req->headers[i].name, str_of(name)))
            return req->headers[i].value;
    }
    return (struct str){0};
}

struct str sim_request_query(const struct sim_request *req, const char *name, bool *given)
{
    for (size_t i = 0; i < req->n_query; i++) {
        if (str_is(req->query[i].name, name)) {
            if (given)
                *given = true;
            return req->query[i].value;
        }
    }
    if (given)
        *given = false;
    return (struct str){0};
}

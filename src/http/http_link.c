#include "http/http_link.h"

#define LINK_PAGES_MAX 10000

/*
 * A cursor over one header value. The grammar of RFC 8288, section 3:
 *     links = [ link ] *( "," [ link ] )
 *     link  = "<" target ">" *( ";" [ name [ "=" ( token / quoted ) ] ] )
 */
struct scan {
    struct str text;
    size_t at;
};

struct link {
    struct str target, rel;
    bool has_rel;
};

static bool scan_more(const struct scan *scan)
{
    return scan->at < scan->text.len;
}

static char scan_peek(const struct scan *scan)
{
    if (!scan_more(scan))
        return '\0';
    return scan->text.ptr[scan->at];
}

static void scan_blanks(struct scan *scan)
{
    while (scan_peek(scan) == ' ' || scan_peek(scan) == '\t')
        scan->at++;
}

static bool scan_take(struct scan *scan, char c)
{
    if (!scan_more(scan) || scan_peek(scan) != c)
        return false;
    scan->at++;
    return true;
}

/* What is before the next `end`, which is taken; false if it never comes. */
static bool scan_until(struct scan *scan, char end, struct str *out)
{
    size_t from = scan->at;

    while (scan_more(scan) && scan_peek(scan) != end)
        scan->at++;
    *out = str_sub(scan->text, from, scan->at);
    return scan_take(scan, end);
}

/* A name or an unquoted value. Servers put more into it than a token may hold (slashes, colons), so
 * it goes on until something that must be a delimiter. */
static struct str scan_word(struct scan *scan)
{
    size_t from = scan->at;

    while (scan_more(scan) && !str_has(STR(" \t,;=\"<>"), scan_peek(scan)))
        scan->at++;
    return str_sub(scan->text, from, scan->at);
}

/* Backslashes stay in it: no relation type that we look for holds one. */
static bool scan_quoted(struct scan *scan, struct str *out)
{
    size_t from = scan->at;

    while (scan_more(scan) && scan_peek(scan) != '"')
        scan->at += scan_peek(scan) == '\\' ? 2 : 1;
    *out = str_sub(scan->text, from, scan->at);
    return scan_take(scan, '"');
}

static bool scan_param(struct scan *scan, struct link *link)
{
    struct str value = {0};
    struct str name = scan_word(scan);

    scan_blanks(scan);
    if (scan_take(scan, '=')) {
        scan_blanks(scan);
        if (scan_take(scan, '"')) {
            if (!scan_quoted(scan, &value))
                return false;
        } else {
            value = scan_word(scan);
        }
    }
    /* A second rel of the same link does not count (RFC 8288, 3.3). */
    if (!link->has_rel && str_ieq(name, STR("rel"))) {
        link->rel = value;
        link->has_rel = true;
    }
    return true;
}

static bool scan_link(struct scan *scan, struct link *link)
{
    *link = (struct link){0};
    if (!scan_take(scan, '<') || !scan_until(scan, '>', &link->target))
        return false;
    for (;;) {
        scan_blanks(scan);
        if (!scan_take(scan, ';'))
            return !scan_more(scan) || scan_peek(scan) == ',';
        scan_blanks(scan);
        if (!scan_param(scan, link))
            return false;
    }
}

/* rel is a list of words without case. */
static bool is_next(const struct link *link)
{
    struct str rest = link->rel;

    while (rest.len > 0) {
        if (str_ieq(str_trim(str_cut(&rest, ' ')), STR("next")))
            return true;
    }
    return false;
}

static bool read_value(struct str value, struct str *next)
{
    struct scan scan = {.text = value};
    struct link link;

    for (;;) {
        scan_blanks(&scan);
        if (scan_take(&scan, ','))
            continue;
        if (!scan_more(&scan))
            return true;
        if (!scan_link(&scan, &link))
            return false;
        if (!is_next(&link))
            continue;
        if (link.target.len == 0 || (next->len > 0 && !str_eq(*next, link.target)))
            return false;
        *next = link.target;
    }
}

bool link_next(const struct http_response *res, struct str *out)
{
    struct str next = {0};

    for (size_t i = 0; i < res->n_headers; i++) {
        if (str_ieq(res->headers[i].name, STR("link")) && !read_value(res->headers[i].value, &next))
            return false;
    }
    *out = next;
    return true;
}

static bool check_next(const struct link_walk *walk, struct str next, struct err *err)
{
    struct url asked, target;

    if (!url_parse(walk->first, &asked))
        return err_set(err, ERR_INTERNAL, "the first URL of the list is not one");
    if (!url_parse(next, &target))
        return err_set(err, ERR_REMOTE, "the link to the next page is not an absolute URL");
    if (!url_same_origin(&asked, &target)) {
        return err_set(err, ERR_REMOTE, "the link to the next page leads to another server (%.*s)",
                       STR_ARG(str_sub(target.host, 0, 100)));
    }
    if (!str_eq(asked.path, target.path)) {
        return err_set(err, ERR_REMOTE, "the link to the next page leads to another list (%.*s)",
                       STR_ARG(str_sub(target.path, 0, 100)));
    }
    if (str_eq(next, walk->first) || map_has(&walk->seen, next)) {
        return err_set(err, ERR_REMOTE, "the link to the next page repeats one (page %u)",
                       walk->pages);
    }
    return true;
}

bool link_walk_on(struct link_walk *walk, const struct http_response *res, struct arena *arena,
                  struct str *next, struct err *err)
{
    unsigned max_pages = walk->max_pages > 0 ? walk->max_pages : LINK_PAGES_MAX;
    struct str found;

    walk->pages++;
    if (!link_next(res, &found))
        return err_set(err, ERR_REMOTE, "the Link header of page %u cannot be read", walk->pages);
    if (found.len == 0) {
        *next = found;
        return true;
    }
    if (walk->pages >= max_pages)
        return err_set(err, ERR_REMOTE, "the list does not end after %u pages", walk->pages);
    if (!check_next(walk, found, err))
        return false;

    struct str kept = arena_str(arena, found);
    (void)map_put(&walk->seen, arena, kept, NULL);
    *next = kept;
    return true;
}

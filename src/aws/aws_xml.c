#include "aws/aws_xml.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/utf8.h"

#define DEPTH_MAX 16

struct reader {
    struct str text;
    size_t at;
    struct aws_xml_want *wants;
    size_t n_wants;
    struct arena *arena;
    struct str open[DEPTH_MAX]; /* names; lent by the text */
    size_t depth;
    size_t starts[DEPTH_MAX]; /* where the text of each open element begins */
    bool has_children[DEPTH_MAX];
};

static bool refuse(const struct reader *r, const char *why, struct err *err)
{
    return err_set(err, ERR_REMOTE, "not the XML that was expected: %s at byte %zu", why, r->at);
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool at_end(const struct reader *r)
{
    return r->at >= r->text.len;
}

static char now(const struct reader *r)
{
    if (at_end(r))
        return '\0';
    return r->text.ptr[r->at];
}

static void skip_space(struct reader *r)
{
    while (!at_end(r) && is_space(now(r)))
        r->at++;
}

static bool skip_text(struct reader *r, struct str wanted)
{
    if (!str_starts(str_sub(r->text, r->at, r->text.len), wanted))
        return false;
    r->at += wanted.len;
    return true;
}

static struct str read_name(struct reader *r)
{
    size_t from = r->at;

    while (!at_end(r) && is_name_char(now(r)))
        r->at++;
    return str_sub(r->text, from, r->at);
}

/* ---- entities ---- */

static void add_utf8(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_add_char(out, (char)c);
        return;
    }
    unsigned n = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char marks[] = {0, 0xC0, 0xE0, 0xF0};
    buf_add_char(out, (char)(marks[n] | (c >> (6 * n))));
    while (n-- > 0)
        buf_add_char(out, (char)(0x80 | ((c >> (6 * n)) & 0x3F)));
}

/* `#38` or `#x26`, behind the `&`. */
static bool numeric_entity(struct str name, struct buf *out)
{
    bool hex = name.len > 1 && (name.ptr[1] == 'x' || name.ptr[1] == 'X');
    uint32_t value = 0;

    if (name.len < (hex ? 3u : 2u) || name.len > 9)
        return false;
    for (size_t i = hex ? 2 : 1; i < name.len; i++) {
        char c = name.ptr[i];
        uint32_t digit = 99;
        if (c >= '0' && c <= '9') {
            digit = (uint32_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = (uint32_t)(c - 'a' + 10);
        } else if (c >= 'A' && c <= 'F') {
            digit = (uint32_t)(c - 'A' + 10);
        }
        if (digit >= (hex ? 16u : 10u))
            return false;
        value = value * (hex ? 16 : 10) + digit;
    }
    if (value == 0 || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return false;
    add_utf8(out, value);
    return true;
}

static bool add_entity(struct str name, struct buf *out)
{
    static const struct {
        const char *name;
        char is;
    } named[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};

    if (name.len > 0 && name.ptr[0] == '#')
        return numeric_entity(name, out);
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        if (str_is(name, named[i].name)) {
            buf_add_char(out, named[i].is);
            return true;
        }
    }
    return false;
}

static bool resolve(struct str raw, struct arena *arena, struct str *out)
{
    CLEANUP(buf_fini) struct buf text = {.secret = true};

    for (size_t i = 0; i < raw.len; i++) {
        if (raw.ptr[i] != '&') {
            buf_add_char(&text, raw.ptr[i]);
            continue;
        }
        size_t end = i + 1;
        while (end < raw.len && raw.ptr[end] != ';')
            end++;
        if (end == raw.len || !add_entity(str_sub(raw, i + 1, end), &text))
            return false;
        i = end;
    }
    *out = arena_str(arena, str_trim(buf_str(&text)));
    return true;
}

/* ---- elements ---- */

static bool path_is(const struct reader *r, const char *path)
{
    struct str rest = str_of(path);

    for (size_t i = 0; i < r->depth; i++) {
        if (rest.ptr == NULL || !str_eq(str_cut(&rest, '/'), r->open[i]))
            return false;
    }
    return rest.ptr == NULL;
}

static bool take_value(struct reader *r, size_t end, struct err *err)
{
    for (size_t i = 0; i < r->n_wants; i++) {
        struct aws_xml_want *want = &r->wants[i];

        if (!path_is(r, want->path))
            continue;
        if (want->found++ > 0)
            return refuse(r, "an element that may be there once is there twice", err);
        if (r->has_children[r->depth - 1])
            return refuse(r, "an element holds elements instead of text", err);
        if (!resolve(str_sub(r->text, r->starts[r->depth - 1], end), r->arena, &want->value))
            return refuse(r, "an entity that is not known", err);
    }
    return true;
}

static bool skip_attributes(struct reader *r, struct err *err)
{
    for (;;) {
        size_t before = r->at;
        skip_space(r);
        if (now(r) == '>' || now(r) == '/')
            return true;
        if (r->at == before || read_name(r).len == 0)
            return refuse(r, "a malformed tag", err);
        char quote = '\0';
        if (skip_text(r, STR("=")) && (now(r) == '"' || now(r) == '\''))
            quote = r->text.ptr[r->at++];
        while (quote && !at_end(r) && now(r) != quote && now(r) != '<')
            r->at++;
        if (!quote || now(r) != quote)
            return refuse(r, "a malformed attribute", err);
        r->at++;
    }
}

static bool close_element(struct reader *r, size_t text_end, struct err *err)
{
    if (!take_value(r, text_end, err))
        return false;
    r->depth--;
    return true;
}

/* At `<`. */
static bool read_tag(struct reader *r, struct err *err)
{
    size_t tag = r->at++;

    if (skip_text(r, STR("/"))) {
        struct str name = read_name(r);
        skip_space(r);
        if (r->depth == 0 || !str_eq(name, r->open[r->depth - 1]) || !skip_text(r, STR(">")))
            return refuse(r, "an element is not closed where it should be", err);
        return close_element(r, tag, err);
    }

    struct str name = read_name(r);
    if (name.len == 0)
        return refuse(r, "something else than an element", err);
    if (r->depth == DEPTH_MAX)
        return refuse(r, "too many levels", err);
    if (r->depth > 0)
        r->has_children[r->depth - 1] = true;
    r->open[r->depth] = name;
    r->has_children[r->depth++] = false;
    if (!skip_attributes(r, err))
        return false;
    bool is_empty = skip_text(r, STR("/"));
    if (!skip_text(r, STR(">")))
        return refuse(r, "a malformed tag", err);
    r->starts[r->depth - 1] = r->at;
    return !is_empty || close_element(r, r->at, err);
}

static bool skip_declaration(struct reader *r, struct err *err)
{
    skip_space(r);
    if (!skip_text(r, STR("<?xml ")))
        return true;
    while (!at_end(r) && now(r) != '>' && now(r) != '<')
        r->at++;
    if (r->text.ptr[r->at - 1] != '?' || !skip_text(r, STR(">")))
        return refuse(r, "a malformed declaration", err);
    skip_space(r);
    return true;
}

bool aws_xml_read(struct str text, struct aws_xml_want *wants, size_t n, struct arena *arena,
                  struct err *err)
{
    struct reader r = {.text = text, .wants = wants, .n_wants = n, .arena = arena};

    for (size_t i = 0; i < n; i++) {
        wants[i].value = (struct str){0};
        wants[i].found = 0;
    }
    if (!utf8_valid(text) || str_has(text, '\0'))
        return refuse(&r, "no text", err);
    if (!skip_declaration(&r, err))
        return false;
    if (now(&r) != '<')
        return refuse(&r, "no element", err);
    do {
        if (now(&r) == '<') {
            if (!read_tag(&r, err))
                return false;
        } else {
            r.at++;
        }
    } while (r.depth > 0 && !at_end(&r));
    if (r.depth > 0)
        return refuse(&r, "it ends too early", err);
    skip_space(&r);
    return at_end(&r) || refuse(&r, "something behind the last element", err);
}

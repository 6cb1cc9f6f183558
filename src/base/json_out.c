#include "base/json_out.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/utf8.h"

static void put_indent(struct json_out *out)
{
    if (!out->indent)
        return;
    buf_add_char(out->buf, '\n');
    for (unsigned i = 0; i < out->depth; i++)
        buf_add(out->buf, STR("  "));
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

static void put_special(struct buf *buf, char c)
{
    switch (c) {
    case '"': buf_add(buf, STR("\\\"")); break;
    case '\\': buf_add(buf, STR("\\\\")); break;
    case '\b': buf_add(buf, STR("\\b")); break;
    case '\f': buf_add(buf, STR("\\f")); break;
    case '\n': buf_add(buf, STR("\\n")); break;
    case '\r': buf_add(buf, STR("\\r")); break;
    case '\t': buf_add(buf, STR("\\t")); break;
    case '\0': buf_add(buf, STR("\xEF\xBF\xBD")); break;
    default: buf_printf(buf, "\\u%04x", (unsigned)(unsigned char)c);
    }
}

static void put_beyond_ascii(struct buf *buf, struct str *rest)
{
    struct str before = *rest;
    int32_t code = utf8_next(rest);

    if (code == 0xFFFD) {
        buf_add(buf, STR("\xEF\xBF\xBD")); /* it was that, or it was no character */
    } else {
        buf_add(buf, str_sub(before, 0, before.len - rest->len));
    }
}

static void put_text(struct buf *buf, struct str rest)
{
    buf_add_char(buf, '"');
    while (rest.len > 0) {
        size_t n = 0;
        while (n < rest.len && is_plain(rest.ptr[n]))
            n++;
        buf_add(buf, str_sub(rest, 0, n));
        rest = str_sub(rest, n, rest.len);
        if (rest.len == 0)
            break;
        if ((unsigned char)rest.ptr[0] >= 0x80) {
            put_beyond_ascii(buf, &rest);
        } else {
            put_special(buf, rest.ptr[0]);
            rest = str_sub(rest, 1, rest.len);
        }
    }
    buf_add_char(buf, '"');
}

/* What stands before a value: comma, line break, key. */
static void begin_value(struct json_out *out, const char *key)
{
    assert(out->depth < ARRAY_LEN(out->some));
    bool in_object = out->depth > 0 && out->close[out->depth] == '}';

    assert(in_object == (key != NULL));
    assert(out->depth > 0 || !out->some[0]); /* one value is the whole text */
    if (out->some[out->depth])
        buf_add_char(out->buf, ',');
    if (out->depth > 0)
        put_indent(out);
    out->some[out->depth] = true;
    if (key) {
        put_text(out->buf, str_of(key));
        buf_add(out->buf, out->indent ? STR(": ") : STR(":"));
    }
}

void json_open(struct json_out *out, const char *key, char bracket)
{
    assert(bracket == '{' || bracket == '[');
    begin_value(out, key);
    buf_add_char(out->buf, bracket);
    out->depth++;
    assert(out->depth < ARRAY_LEN(out->some));
    out->some[out->depth] = false;
    out->close[out->depth] = bracket == '{' ? '}' : ']';
}

void json_end(struct json_out *out, char bracket)
{
    assert(out->depth > 0 && out->close[out->depth] == bracket);
    bool some = out->some[out->depth];

    out->depth--;
    if (some)
        put_indent(out);
    buf_add_char(out->buf, bracket);
}

void json_put_str(struct json_out *out, const char *key, struct str value)
{
    begin_value(out, key);
    put_text(out->buf, value);
}

void json_put_str_or_null(struct json_out *out, const char *key, struct str value)
{
    if (value.len > 0) {
        json_put_str(out, key, value);
    } else {
        json_put_null(out, key);
    }
}

void json_put_i64(struct json_out *out, const char *key, int64_t value)
{
    begin_value(out, key);
    buf_printf(out->buf, "%" PRId64, value);
}

void json_put_bool(struct json_out *out, const char *key, bool value)
{
    json_put_raw(out, key, value ? STR("true") : STR("false"));
}

void json_put_null(struct json_out *out, const char *key)
{
    json_put_raw(out, key, STR("null"));
}

void json_put_time(struct json_out *out, const char *key, int64_t ms)
{
    char text[TIME_ISO_SIZE];

    if (ms == 0) {
        json_put_null(out, key);
    } else {
        json_put_str(out, key, str_of(time_iso(ms, text)));
    }
}

void json_put_raw(struct json_out *out, const char *key, struct str json)
{
    begin_value(out, key);
    buf_add(out->buf, json);
}

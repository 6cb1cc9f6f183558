#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/str.h"
#include "base/utf8.h"

static int threshold = LOG_WARN;
static int as_json;

void log_set_level(enum log_level level)
{
    __atomic_store_n(&threshold, (int)level, __ATOMIC_RELAXED);
}

void log_set_json(int on)
{
    __atomic_store_n(&as_json, on, __ATOMIC_RELAXED);
}

static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};

static void put_json(struct buf *line, const char *ts, const char *level, const char *event,
                     const char *fields)
{
    struct json_out out = {.buf = line};

    json_open(&out, NULL, '{');
    json_put_str(&out, "ts", str_of(ts));
    json_put_str(&out, "level", str_of(level));
    json_put_str(&out, "event", str_of(event));
    json_put_str(&out, "fields", str_of(fields));
    json_end(&out, '}');
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
    if ((int)level < __atomic_load_n(&threshold, __ATOMIC_RELAXED) || level >= LOG_OFF)
        return;
    char ts[TIME_ISO_SIZE], fields[2048];
    struct clock clock = clock_system(NULL);
    va_list args;

    time_iso(clock_now(&clock), ts);
    va_start(args, fmt);
    (void)vsnprintf(fields, sizeof(fields), fmt, args);
    va_end(args);
    CLEANUP(buf_fini) struct buf line = {0};
    if (__atomic_load_n(&as_json, __ATOMIC_RELAXED)) {
        put_json(&line, ts, level_names[level], event, fields);
    } else {
        buf_printf(&line, "ts=%s level=%s event=%s%s%s", ts, level_names[level], event,
                   fields[0] ? " " : "", fields);
    }
    buf_add_char(&line, '\n');
    /* One write, so that lines of several threads and processes do not mix. A log that cannot be
     * written has nowhere to say so. */
    ssize_t put = write(STDERR_FILENO, line.ptr, line.len);
    (void)put;
}

/* Quoted, with what could end the value or the line escaped. */
static size_t quote(char *out, size_t room, struct str value)
{
    size_t n = 0;

    out[n++] = '"';
    while (value.len > 0 && n + 8 < room) {
        struct str at = value;
        int32_t code = utf8_next(&value);
        size_t len = at.len - value.len;
        if (code == '"' || code == '\\') {
            out[n++] = '\\';
            out[n++] = (char)code;
        } else if (code < 0x20 || (code >= 0x7F && code < 0xA0)) {
            n += (size_t)snprintf(out + n, room - n, "\\x%02x", (unsigned)code);
        } else if (len == 1 && code > 0x7F) { /* a byte that is no character */
            n += (size_t)snprintf(out + n, room - n, "\\x%02x", (unsigned char)at.ptr[0]);
        } else {
            memcpy(out + n, at.ptr, len);
            n += len;
        }
    }
    out[n++] = '"';
    out[n] = '\0';
    return n;
}

const char *log_q(const struct str *value)
{
    static _Thread_local char ring[8][232];
    static _Thread_local unsigned next;
    char *out = ring[next++ % 8];

    struct str shown = str_sub(*value, 0, 200);

    if (shown.len < value->len) { /* not through the middle of a character */
        while (shown.len > 0 && ((unsigned char)value->ptr[shown.len] & 0xC0) == 0x80)
            shown.len--;
    }
    quote(out, sizeof(ring[0]), shown);
    return out;
}

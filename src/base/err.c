#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A message that was cut may end inside a UTF-8 character: drop the torn one. */
static void drop_torn_character(char *msg, size_t len)
{
    size_t back = 0;

    while (back < 4 && back < len && ((unsigned char)msg[len - 1 - back] & 0xC0) == 0x80)
        back++;
    if (back >= len)
        return;
    unsigned char lead = (unsigned char)msg[len - 1 - back];
    size_t needs = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (needs > back + 1)
        msg[len - 1 - back] = '\0';
}

static void store(struct err *err, const char *text, int wanted)
{
    size_t room = sizeof(err->msg) - 1;
    size_t len = strnlen(text, room);

    /* One line: what comes from outside may hold line breaks and terminal controls. */
    memcpy(err->msg, text, len);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            err->msg[i] = ' ';
    }
    err->msg[len] = '\0';
    if (wanted < 0 || (size_t)wanted > len)
        drop_torn_character(err->msg, len);
}

void err_set_(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    if (!err)
        return;
    char text[sizeof(err->msg)];
    va_list args;
    va_start(args, fmt);
    int wanted = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    err->kind = kind;
    store(err, text, wanted);
}

void err_wrap_(struct err *err, const char *fmt, ...)
{
    if (!err)
        return;
    char text[2 * sizeof(err->msg)];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(err->msg), fmt, args);
    va_end(args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof(err->msg) ? (size_t)n : sizeof(err->msg) - 1;
    int m = snprintf(text + len, sizeof(text) - len, ": %s", err->msg);
    store(err, text, m < 0 ? -1 : (int)len + m);
}

void err_errno_(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    int saved = errno;

    if (!err)
        return;
    char text[sizeof(err->msg)];
    char why[128];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
    int m = snprintf(text + len, sizeof(text) - len, ": %s", strerror_r(saved, why, sizeof(why)));
    err->kind = kind;
    store(err, text, m < 0 ? -1 : (int)len + m);
}

const char *err_kind_name(enum err_kind kind)
{
    static const char *const names[] = {
        [ERR_NONE] = "none",       [ERR_USAGE] = "usage",         [ERR_SETTINGS] = "settings",
        [ERR_REFUSED] = "refused", [ERR_LEDGER] = "ledger",       [ERR_UNAVAILABLE] = "unavailable",
        [ERR_REMOTE] = "remote",   [ERR_CANCELLED] = "cancelled", [ERR_INTERNAL] = "internal",
    };

    return names[kind];
}

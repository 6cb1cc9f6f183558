#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"

static void *grow(struct buf *buf, size_t cap)
{
    char *wider;

    if (!buf->secret) {
        wider = realloc(buf->ptr, cap);
    } else {
        /* realloc would leave a copy behind that nobody wipes */
        wider = malloc(cap);
        if (wider && buf->ptr) {
            memcpy(wider, buf->ptr, buf->len + 1);
            crypt_wipe(buf->ptr, buf->cap);
            free(buf->ptr);
        }
    }
    if (!wider)
        abort(); /* out of memory ends the process */
    buf->ptr = wider;
    buf->cap = cap;
    return wider;
}

void buf_fini(struct buf *buf)
{
    if (!buf)
        return;
    if (buf->secret && buf->ptr)
        crypt_wipe(buf->ptr, buf->cap);
    free(buf->ptr);
    buf->ptr = NULL;
    buf->len = buf->cap = 0;
}

void buf_clear(struct buf *buf)
{
    if (buf->secret && buf->ptr)
        crypt_wipe(buf->ptr, buf->cap);
    buf->len = 0;
    buf->over = false;
    if (buf->ptr)
        buf->ptr[0] = '\0';
}

void buf_reserve(struct buf *buf, size_t total)
{
    if (total + 1 > buf->cap) {
        grow(buf, total + 1);
        buf->ptr[buf->len] = '\0';
    }
}

void buf_add(struct buf *buf, struct str text)
{
    if (buf->ceiling > 0 && (text.len > buf->ceiling || buf->len > buf->ceiling - text.len))
        buf->over = true;
    if (buf->over || text.len == 0)
        return;
    size_t total = buf->len + text.len;
    if (total + 1 > buf->cap) {
        size_t cap = buf->cap > 0 ? buf->cap : 64;
        while (cap < total + 1)
            cap *= 2;
        grow(buf, cap);
    }
    memcpy(buf->ptr + buf->len, text.ptr, text.len);
    buf->len = total;
    buf->ptr[total] = '\0';
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, (struct str){&c, 1});
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    char small[256];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(small, sizeof(small), fmt, args);
    va_end(args);
    if (n < 0)
        abort();
    if ((size_t)n < sizeof(small)) {
        buf_add(buf, (struct str){small, (size_t)n});
        if (buf->secret)
            crypt_wipe(small, sizeof(small));
        return;
    }
    char *large = malloc((size_t)n + 1);
    if (!large)
        abort();
    va_start(args, fmt);
    (void)vsnprintf(large, (size_t)n + 1, fmt, args);
    va_end(args);
    buf_add(buf, (struct str){large, (size_t)n});
    if (buf->secret) {
        crypt_wipe(small, sizeof(small));
        crypt_wipe(large, (size_t)n);
    }
    free(large);
}

struct str buf_str(const struct buf *buf)
{
    return (struct str){buf->ptr, buf->len};
}

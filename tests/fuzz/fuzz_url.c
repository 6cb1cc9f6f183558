#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/url.h"

/* What is accepted is made of its parts, which stand in the text in their order. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void check_parts(struct str text, const struct url *url)
{
    const char *at = text.ptr + url->scheme.len;

    require(url->scheme.ptr == text.ptr && url->scheme.len >= 4);
    require(memcmp(at, "://", 3) == 0);
    require(url->host.ptr == at + 3 && url->host.len > 0);
    require(url->port >= 1 && url->port <= 65535);
    require(!str_has(url->host, '@') && !str_has(url->host, '/') && !str_has(url->host, '?'));
    require(url->path.len == 0 || url->path.ptr[0] == '/');
    require(!str_has(url->path, '?'));
    for (size_t i = 0; i < text.len; i++)
        require(text.ptr[i] > ' ' && text.ptr[i] < 0x7f && text.ptr[i] != '#');
}

static void check_base(struct str text, const struct url *url)
{
    struct str base;
    struct err err = {0};

    if (!url_check_base(text, &base, &err)) {
        require(err.kind == ERR_SETTINGS && err.msg[0] != '\0');
        return;
    }
    require(url != NULL);
    if (!url)
        return;
    require(url->query.len == 0);
    require(str_ieq(url->scheme, STR("https")) || url_is_loopback(url));
    require(base.ptr == text.ptr && base.ptr[base.len - 1] != '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct url url;
    bool parsed = url_parse(text, &url);

    if (parsed) {
        check_parts(text, &url);
        require(url_same_origin(&url, &url));
    }
    check_base(text, parsed ? &url : NULL);
    return 0;
}

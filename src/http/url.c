#include "http/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define HOST_MAX 253

/* RFC 3986 has no place for these, and every one of them has been read differently by two parsers
 * of the same URL somewhere. */
static bool is_forbidden(char c)
{
    return (unsigned char)c <= ' ' || (unsigned char)c >= 0x7f || c == '\\' || c == '#';
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

/* The address in `[...]`, or false. */
static bool parse_ipv6(struct str host, struct in6_addr *out)
{
    char text[INET6_ADDRSTRLEN + 1];

    if (host.len < 4 || host.len - 2 >= sizeof(text) || host.ptr[0] != '[' ||
        host.ptr[host.len - 1] != ']')
        return false;
    memcpy(text, host.ptr + 1, host.len - 2);
    text[host.len - 2] = '\0';
    return inet_pton(AF_INET6, text, out) == 1;
}

static bool is_host(struct str host)
{
    struct in6_addr address;

    if (host.len > 0 && host.ptr[0] == '[')
        return parse_ipv6(host, &address);
    if (host.len == 0 || host.len > HOST_MAX || host.ptr[0] == '.' || host.ptr[0] == '-')
        return false;
    for (size_t i = 0; i < host.len; i++) {
        if (!is_host_char(host.ptr[i]) ||
            (host.ptr[i] == '.' && i + 1 < host.len && host.ptr[i + 1] == '.'))
            return false;
    }
    return true;
}

static bool parse_port(struct str text, unsigned *out)
{
    int64_t port;

    if (text.len > 5 || !str_to_i64(text, &port) || port < 1 || port > 65535)
        return false;
    *out = (unsigned)port;
    return true;
}

/* host, or host:port; an IPv6 address has colons of its own. */
static bool parse_authority(struct str text, struct url *url)
{
    size_t host_len = 0;

    if (text.len > 0 && text.ptr[0] == '[') {
        while (host_len < text.len && text.ptr[host_len] != ']')
            host_len++;
    }
    while (host_len < text.len && text.ptr[host_len] != ':')
        host_len++;
    url->host = str_sub(text, 0, host_len);
    if (!is_host(url->host))
        return false;
    return host_len == text.len || parse_port(str_sub(text, host_len + 1, text.len), &url->port);
}

static bool parse_scheme(struct str *rest, struct url *url)
{
    static const struct {
        const char *name;
        unsigned port;
    } schemes[] = {{"https", 443}, {"http", 80}};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t len = strlen(schemes[i].name);

        if (rest->len > len + 3 && str_ieq(str_sub(*rest, 0, len), str_of(schemes[i].name)) &&
            memcmp(rest->ptr + len, "://", 3) == 0) {
            url->scheme = str_sub(*rest, 0, len);
            url->port = schemes[i].port;
            *rest = str_sub(*rest, len + 3, rest->len);
            return true;
        }
    }
    return false;
}

bool url_parse(struct str text, struct url *out)
{
    struct url url = {0};
    struct str rest = text;
    size_t end = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (is_forbidden(text.ptr[i]))
            return false;
    }
    if (!parse_scheme(&rest, &url))
        return false;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    if (!parse_authority(str_sub(rest, 0, end), &url))
        return false;
    url.query = str_sub(rest, end, rest.len);
    url.path = str_cut(&url.query, '?');
    *out = url;
    return true;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return str_ieq(a->scheme, b->scheme) && str_ieq(a->host, b->host) && a->port == b->port;
}

bool url_is_loopback(const struct url *url)
{
    char text[INET_ADDRSTRLEN + 1];
    struct in_addr v4;
    struct in6_addr v6;

    if (str_ieq(url->host, STR("localhost")))
        return true;
    if (parse_ipv6(url->host, &v6))
        return IN6_IS_ADDR_LOOPBACK(&v6);
    if (url->host.len >= sizeof(text))
        return false;
    memcpy(text, url->host.ptr, url->host.len);
    text[url->host.len] = '\0';
    /* Four decimal numbers and nothing else: `127.1` and `0177.0.0.1` are names to us. */
    return inet_pton(AF_INET, text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool url_is_metadata(const struct url *url)
{
    static const char *const v4[] = {"169.254.169.254", "169.254.170.2", "169.254.170.23"};
    static const char *const v6[] = {"fd00:ec2::254", "fd00:ec2::23"};
    struct in6_addr address;
    struct in6_addr known;

    for (size_t i = 0; i < sizeof(v4) / sizeof(v4[0]); i++) {
        if (str_is(url->host, v4[i]))
            return true;
    }
    for (size_t i = 0; parse_ipv6(url->host, &address) && i < sizeof(v6) / sizeof(v6[0]); i++) {
        if (inet_pton(AF_INET6, v6[i], &known) == 1 && memcmp(&known, &address, sizeof(known)) == 0)
            return true;
    }
    return false;
}

bool url_check_base(struct str text, struct str *out, struct err *err)
{
    struct url url;

    /* The text itself is not repeated: a refused one may hold a password. */
    if (!url_parse(text, &url)) {
        return err_set(err, ERR_SETTINGS,
                       "not an https URL of a host, without user name, fragment and blanks");
    }
    if (str_has(text, '?'))
        return err_set(err, ERR_SETTINGS, "a base URL has no query");
    if (!str_ieq(url.scheme, STR("https")) && !url_is_loopback(&url)) {
        return err_set(err, ERR_SETTINGS,
                       "plain http is for loopback addresses only, use https for %.*s",
                       STR_ARG(url.host));
    }
    while (text.len > 0 && text.ptr[text.len - 1] == '/')
        text.len--;
    *out = text;
    return true;
}

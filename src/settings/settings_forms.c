#include <ctype.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "base/utf8.h"
#include "settings/settings_table.h"

/* The forms a text may have to take. Each check gives NULL or the end of a sentence. */

#define TEXT_MAX 1000

static bool is_only(struct str text, const char *allowed)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (!isalnum((unsigned char)c) && (c == '\0' || !strchr(allowed, c)))
            return false;
    }
    return true;
}

static bool is_digits(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    }
    return text.len > 0;
}

/* Controls, and the marks that turn the direction of what follows: nothing a name should have. */
static bool is_unseen(int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff ||
           (c & 0xfffe) == 0xfffe;
}

static const char *wrong_text(struct str text)
{
    struct str rest = text;

    while (rest.len > 0) {
        if (is_unseen(utf8_next(&rest)))
            return "must be one line without control characters";
    }
    if (text.len > TEXT_MAX)
        return "must be at most 1000 bytes long";
    if (str_trim(text).len != text.len)
        return "must not begin or end with a blank";
    return NULL;
}

static const char *wrong_name(struct str text)
{
    bool is_lead = isalnum((unsigned char)text.ptr[0]) || text.ptr[0] == '_';

    if (text.len > 64 || !is_lead || !is_only(text, "-_."))
        return "must be a short name: letters, digits, `-`, `_` and `.`, at most 64";
    return NULL;
}

static const char *wrong_login(struct str text)
{
    if (wrong_text(text) || str_has(text, ' ') || str_has(text, ','))
        return "must be one Okta login, such as ada@example.com";
    return NULL;
}

static const char *wrong_domain(struct str text)
{
    if (str_has(text, '@'))
        return "must be a domain without `@`";
    if (text.len > 253 || !is_only(text, "-.") || text.ptr[0] == '.' || str_ends(text, STR(".")))
        return "must be a domain, such as example.com";
    return NULL;
}

static bool is_loopback(struct str host)
{
    struct str rest = host;

    if (str_ieq(host, STR("localhost")) || str_is(host, "::1"))
        return true;
    if (!str_is(str_cut(&rest, '.'), "127"))
        return false;
    for (int i = 0; i < 3; i++) {
        struct str part = str_cut(&rest, '.');
        int64_t value;

        if (part.len > 3 || !str_to_i64(part, &value) || value < 0 || value > 255)
            return false;
    }
    return !rest.ptr;
}

static bool is_port(struct str text)
{
    int64_t port;

    return is_digits(text) && str_to_i64(text, &port) && port >= 1 && port <= 65535;
}

/* Cuts `host[:port]`; false when either is nothing of the kind. */
static bool cut_authority(struct str text, struct str *host, bool *has_port)
{
    struct str rest = text;

    if (text.len > 0 && text.ptr[0] == '[') {
        rest = str_sub(text, 1, text.len);
        *host = str_cut(&rest, ']');
        if (!rest.ptr || !is_only(*host, ":.") || (rest.len > 0 && rest.ptr[0] != ':'))
            return false;
        *has_port = rest.len > 0;
        rest = str_sub(rest, 1, rest.len);
    } else {
        *host = str_cut(&rest, ':');
        *has_port = rest.ptr != NULL;
        if (!is_only(*host, "-._"))
            return false;
    }
    return host->len > 0 && (!*has_port || is_port(rest));
}

static const char *wrong_url(struct str text)
{
    bool is_http = str_starts(text, STR("http://"));
    struct str rest = str_sub(text, is_http ? 7 : 8, text.len);
    struct str host = {0};
    bool has_port = false;

    if (!is_http && !str_starts(text, STR("https://")))
        return "must be a URL that begins with https://";
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] <= 0x20 || (unsigned char)text.ptr[i] >= 0x7f ||
            strchr("\\\"<>^`{|}", text.ptr[i]))
            return "must be a URL without blanks or special characters";
    }
    if (str_has(text, '?') || str_has(text, '#'))
        return "must be a base URL, without `?` or `#`";
    struct str authority = str_cut(&rest, '/');
    if (str_has(authority, '@'))
        return "must be a URL without a user name or password in it";
    if (!cut_authority(authority, &host, &has_port))
        return "must be a URL with a host and, at most, a port";
    if (is_http && !is_loopback(host))
        return "must begin with https://, as plain http is for loopback addresses only";
    return NULL;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && is_leap ? 29 : days[month - 1];
}

/* `count` digits of a text that is known to be long enough; -1 when they are none. */
static int number_at(struct str text, size_t at, size_t count)
{
    int value = 0;

    for (size_t i = at; i < at + count; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return -1;
        value = value * 10 + (text.ptr[i] - '0');
    }
    return value;
}

static const char *wrong_date(struct str text)
{
    static const char wanted[] = "must be a date, such as 2026-11-30";

    if (text.len != 10 || text.ptr[4] != '-' || text.ptr[7] != '-')
        return wanted;
    int year = number_at(text, 0, 4);
    int month = number_at(text, 5, 2);
    int day = number_at(text, 8, 2);
    if (year < 2000 || month < 1 || month > 12 || day < 1)
        return wanted;
    return day > days_in(year, month) ? "must be a day that the calendar has" : NULL;
}

static const char *wrong_time(struct str text)
{
    static const char wanted[] = "must be a time of day, such as \"09:30\"";

    if (text.len != 5 || text.ptr[2] != ':')
        return wanted;
    int hour = number_at(text, 0, 2);
    int minute = number_at(text, 3, 2);
    return hour < 0 || hour > 23 || minute < 0 || minute > 59 ? wanted : NULL;
}

/* The database has more in it than zones: only what begins like one counts. */
static const char *wrong_zone(struct str text)
{
    static const char wanted[] = "must be a time zone of this system, such as Europe/Berlin or UTC";
    char path[128];
    char magic[4] = {0};
    struct stat st;

    if (str_is(text, "UTC"))
        return NULL;
    if (text.len > 64 || !is_only(text, "-_+/") || !isalnum((unsigned char)text.ptr[0]) ||
        str_starts(text, STR("posix/")) || str_starts(text, STR("right/")))
        return wanted;
    (void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.*s", STR_ARG(text));
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return wanted;
    FILE *file = fopen(path, "re");
    if (!file)
        return wanted;
    size_t n = fread(magic, 1, sizeof(magic), file);
    (void)fclose(file);
    return n == sizeof(magic) && memcmp(magic, "TZif", 4) == 0 ? NULL : wanted;
}

static const char *wrong_region(struct str text)
{
    struct str rest = text;
    unsigned parts = 0;

    for (; rest.ptr && parts < 6; parts++) {
        struct str part = str_cut(&rest, '-');
        if (part.len == 0 || !is_only(part, ""))
            return "must be an AWS region, such as eu-central-1";
    }
    if (parts < 3 || parts > 4 || !is_digits(str_sub(text, text.len - 1, text.len)))
        return "must be an AWS region, such as eu-central-1";
    return NULL;
}

static const char *wrong_account(struct str text)
{
    return text.len == 12 && is_digits(text) ? NULL : "must be an AWS account: twelve digits";
}

static const char *wrong_arn(struct str text)
{
    struct str rest = text;
    unsigned parts = 0;

    for (; rest.ptr && parts < 5; parts++)
        (void)str_cut(&rest, ':');
    if (!str_starts(text, STR("arn:aws")) || parts < 5 || rest.len == 0 ||
        !is_only(text, ":/-_.+=,@"))
        return "must be an ARN, such as arn:aws:sso:::instance/ssoins-0123456789abcdef";
    return NULL;
}

static const char *wrong_env(struct str text)
{
    bool is_lead = isalpha((unsigned char)text.ptr[0]) || text.ptr[0] == '_';

    if (text.len > 128 || !is_lead || !is_only(text, "_"))
        return "must be the name of an environment variable, not a value";
    return NULL;
}

static const char *wrong_sha256(struct str text)
{
    static const char wanted[] = "must be the SHA-256 of the token: 64 digits 0-9 and a-f";

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
            return wanted;
    }
    return text.len == 64 ? NULL : wanted;
}

/* Doors open to other machines are not a setting: a proxy in front decides about those. */
static const char *wrong_listen(struct str text)
{
    struct str host = {0};
    bool has_port = false;

    if (!cut_authority(text, &host, &has_port) || !has_port)
        return "must be an address and a port, such as 127.0.0.1:8437";
    return is_loopback(host) ? NULL : "must be a loopback address, such as 127.0.0.1:8437";
}

static const char *wrong_command(struct str text)
{
    if (text.len < 2 || text.len > 32 || text.ptr[0] != '/' ||
        !is_only(str_sub(text, 1, text.len), "-_"))
        return "must be a slash command, such as /seat";
    return NULL;
}

static const char *wrong_currency(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 'A' || text.ptr[i] > 'Z')
            return "must be a currency by its three capital letters, such as USD";
    }
    return text.len == 3 ? NULL : "must be a currency by its three capital letters, such as USD";
}

static const char *wrong_channel(struct str text)
{
    if (text.len < 9 || text.len > 20 || !strchr("CGD", text.ptr[0]) || !is_only(text, ""))
        return "must be the id of a channel, such as C0123456789";
    return NULL;
}

static const char *wrong_path(struct str text)
{
    const char *wrong = wrong_text(text);

    if (!wrong && text.len > 0 && text.ptr[0] == '~')
        return "must be a path: `~` has no meaning here";
    return wrong;
}

const struct text_form form_text = {"text", wrong_text, false};
const struct text_form form_name = {"name", wrong_name, false};
const struct text_form form_login = {"Okta login", wrong_login, false};
const struct text_form form_domain = {"domain", wrong_domain, false};
const struct text_form form_url = {"URL", wrong_url, true};
const struct text_form form_date = {"date", wrong_date, false};
const struct text_form form_time = {"time of day", wrong_time, false};
const struct text_form form_zone = {"time zone", wrong_zone, false};
const struct text_form form_region = {"AWS region", wrong_region, false};
const struct text_form form_account = {"AWS account", wrong_account, false};
const struct text_form form_arn = {"ARN", wrong_arn, false};
const struct text_form form_env = {"environment variable", wrong_env, true};
const struct text_form form_sha256 = {"SHA-256", wrong_sha256, true};
const struct text_form form_listen = {"address and port", wrong_listen, false};
const struct text_form form_command = {"slash command", wrong_command, false};
const struct text_form form_currency = {"currency", wrong_currency, false};
const struct text_form form_channel = {"channel id", wrong_channel, false};
const struct text_form form_path = {"path", wrong_path, true};

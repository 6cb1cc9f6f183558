/* The program's one time zone. The C library does the calendar; it is told the zone once, in main,
 * before there is any other thread. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

/* A compiled zone begins with these four bytes; folders and lists stand beside them. */
static bool is_zone_file(const char *path)
{
    char magic[4] = "";
    FILE *file = fopen(path, "rbe");

    if (!file)
        return false;
    bool is = fread(magic, 1, sizeof(magic), file) == sizeof(magic) &&
              memcmp(magic, "TZif", sizeof(magic)) == 0;
    (void)fclose(file);
    return is;
}

bool timezone_set(struct str name, struct err *err)
{
    char path[256], value[256];

    bool plain = name.len > 0 && name.len < 100 && name.ptr[0] != '/' && !str_has(name, '\0') &&
                 !memmem(name.ptr, name.len, "..", 2);
    if (plain) {
        (void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.*s", STR_ARG(name));
        (void)snprintf(value, sizeof(value), ":%.*s", STR_ARG(name));
    }
    if (str_is(name, "UTC")) {
        (void)snprintf(value, sizeof(value), "UTC0"); /* needs no file */
    } else if (!plain || !is_zone_file(path)) {
        return err_set(err, ERR_SETTINGS,
                       "timezone: `%.*s` is not known here; use an IANA name such as Asia/Tokyo",
                       STR_ARG(name));
    }
    if (setenv("TZ", value, 1) != 0)
        return err_errno(err, ERR_INTERNAL, "timezone");
    tzset();
    return true;
}

static bool two_digits(const char *text, int *out)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *out = (text[0] - '0') * 10 + text[1] - '0';
    return true;
}

static int date_number(const struct tm *tm)
{
    return (tm->tm_year + 1900) * 10000 + (tm->tm_mon + 1) * 100 + tm->tm_mday;
}

/* First millisecond, near `noon`, of a local date of that number or later. Searched for, since a
 * zone may have no midnight on that day, or two of them; asked for midnight, the C library then
 * takes any. */
static int64_t first_ms(int64_t noon, int number)
{
    int64_t low = noon - (int64_t)40 * 3600, high = noon + (int64_t)40 * 3600; /* in seconds */

    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        struct tm tm;
        time_t at = (time_t)middle;
        localtime_r(&at, &tm);
        if (date_number(&tm) < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low * 1000;
}

bool date_parse(struct str text, int64_t *from, int64_t *until, struct err *err)
{
    int century, rest, month, day;

    bool shaped = text.len == 10 && text.ptr[4] == '-' && text.ptr[7] == '-' &&
                  two_digits(text.ptr, &century) && two_digits(text.ptr + 2, &rest) &&
                  two_digits(text.ptr + 5, &month) && two_digits(text.ptr + 8, &day);
    if (!shaped) {
        return err_set(err, ERR_USAGE, "`%.*s` is not a date; write it like 2026-12-31",
                       STR_ARG(text));
    }
    int year = century * 100 + rest;
    struct tm tm = {
        .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = 12, .tm_isdst = -1};
    int64_t noon = year < 1970 ? -1 : (int64_t)mktime(&tm);
    if (noon < 0 || date_number(&tm) != year * 10000 + month * 100 + day)
        return err_set(err, ERR_USAGE, "there is no day %.*s", STR_ARG(text));
    *from = first_ms(noon, date_number(&tm));
    *until = first_ms(noon, date_number(&tm) + 1);
    return true;
}

static struct tm local_of(int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    localtime_r(&seconds, &tm);
    return tm;
}

struct str date_str(int64_t ms, struct arena *arena)
{
    struct tm tm = local_of(ms);

    return arena_printf(arena, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

struct str time_local_str(int64_t ms, struct arena *arena)
{
    struct tm tm = local_of(ms);

    return arena_printf(arena, "%04d-%02d-%02d %02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                        tm.tm_mday, tm.tm_hour, tm.tm_min);
}

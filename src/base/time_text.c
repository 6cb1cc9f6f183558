/* The text forms of time: ISO 8601, HTTP dates, spans. Days are counted by our own arithmetic, so
 * nothing here depends on the locale or the time zone. */

#include <stdio.h>

#include "base/clock.h"

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char day_names[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */

struct civil {
    int64_t year;
    int month, day, hour, minute, second, ms; /* month and day from 1 */
};

/* Days since 1970-01-01 of a proleptic Gregorian date. Years are counted from March, so that the
 * leap day is the last of its year. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static struct civil civil_of(int64_t ms)
{
    int64_t days = floor_div(ms, TIME_DAY);
    int64_t rest = ms % TIME_DAY + (ms % TIME_DAY < 0 ? TIME_DAY : 0);
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t of_era = z - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int month = (int)((5 * of_year + 2) / 153);

    return (struct civil){
        .year = year + era * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = (int)(of_year - (153 * month + 2) / 5) + 1,
        .hour = (int)(rest / TIME_HOUR),
        .minute = (int)(rest / TIME_MINUTE % 60),
        .second = (int)(rest / TIME_SECOND % 60),
        .ms = (int)(rest % TIME_SECOND),
    };
}

static bool civil_to_ms(const struct civil *c, int64_t *out)
{
    if (c->year < 1970 || c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 ||
        c->day > days_in_month(c->year, c->month) || c->hour > 23 || c->minute > 59 ||
        c->second > 60)
        return false;
    *out = days_of(c->year, c->month, c->day) * TIME_DAY + c->hour * TIME_HOUR +
           c->minute * TIME_MINUTE + c->second * TIME_SECOND + c->ms;
    return true;
}

const char *time_iso(int64_t ms, char out[TIME_ISO_SIZE])
{
    struct civil c = civil_of(ms);
    char text[64]; /* room for years that no clock of ours shows */

    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)c.year, c.month,
                   c.day, c.hour, c.minute, c.second, c.ms);
    memcpy(out, text, TIME_ISO_SIZE - 1);
    out[TIME_ISO_SIZE - 1] = '\0';
    return out;
}

struct str time_iso_str(int64_t ms, struct arena *arena)
{
    char text[TIME_ISO_SIZE];

    return arena_str(arena, str_of(time_iso(ms, text)));
}

/* Exactly `n` digits off the front. */
static bool take_digits(struct str *rest, size_t n, int64_t *out)
{
    if (rest->len < n || (n > 0 && rest->ptr[0] == '-') || !str_to_i64(str_sub(*rest, 0, n), out))
        return false;
    *rest = str_sub(*rest, n, rest->len);
    return true;
}

static bool take_int(struct str *rest, size_t n, int *out)
{
    int64_t value;

    if (!take_digits(rest, n, &value))
        return false;
    *out = (int)value;
    return true;
}

static bool take_char(struct str *rest, char c)
{
    if (rest->len == 0 || rest->ptr[0] != c)
        return false;
    *rest = str_sub(*rest, 1, rest->len);
    return true;
}

/* `.5`, `.123456`: thousandths count, the rest is cut. */
static bool take_fraction(struct str *rest, int *ms)
{
    int scale = 100;
    size_t digits = 0;

    *ms = 0;
    if (!take_char(rest, '.'))
        return true;
    while (rest->len > 0 && rest->ptr[0] >= '0' && rest->ptr[0] <= '9') {
        *ms += (rest->ptr[0] - '0') * scale;
        scale /= 10;
        digits++;
        *rest = str_sub(*rest, 1, rest->len);
    }
    return digits > 0;
}

/* `Z`, `+00:00`, `-07:00`. */
static bool take_zone(struct str *rest, int64_t *offset_ms)
{
    int hours, minutes;

    *offset_ms = 0;
    if (take_char(rest, 'Z'))
        return true;
    bool west = take_char(rest, '-');
    if (!west && !take_char(rest, '+'))
        return false;
    if (!take_int(rest, 2, &hours) || !take_char(rest, ':') || !take_int(rest, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *offset_ms = (hours * TIME_HOUR + minutes * TIME_MINUTE) * (west ? -1 : 1);
    return true;
}

bool time_parse_iso(struct str text, int64_t *out)
{
    struct civil c = {0};
    int64_t offset, ms;

    if (!take_digits(&text, 4, &c.year) || !take_char(&text, '-') ||
        !take_int(&text, 2, &c.month) || !take_char(&text, '-') || !take_int(&text, 2, &c.day) ||
        !take_char(&text, 'T') || !take_int(&text, 2, &c.hour) || !take_char(&text, ':') ||
        !take_int(&text, 2, &c.minute) || !take_char(&text, ':') ||
        !take_int(&text, 2, &c.second) || !take_fraction(&text, &c.ms) ||
        !take_zone(&text, &offset) || text.len > 0 || !civil_to_ms(&c, &ms))
        return false;
    *out = ms - offset;
    return true;
}

static bool take_name(struct str *rest, const char *names, size_t n_names, int *out)
{
    for (size_t i = 0; i < n_names; i++) {
        if (str_starts(*rest, (struct str){names + 3 * i, 3})) {
            *out = (int)i;
            *rest = str_sub(*rest, 3, rest->len);
            return true;
        }
    }
    return false;
}

bool time_parse_http(struct str text, int64_t *out)
{
    struct civil c = {0};
    int weekday, month;

    if (!take_name(&text, day_names, 7, &weekday) || !take_char(&text, ',') ||
        !take_char(&text, ' ') || !take_int(&text, 2, &c.day) || !take_char(&text, ' ') ||
        !take_name(&text, month_names, 12, &month) || !take_char(&text, ' ') ||
        !take_digits(&text, 4, &c.year) || !take_char(&text, ' ') || !take_int(&text, 2, &c.hour) ||
        !take_char(&text, ':') || !take_int(&text, 2, &c.minute) || !take_char(&text, ':') ||
        !take_int(&text, 2, &c.second) || !str_is(text, " GMT"))
        return false;
    c.month = month + 1;
    return civil_to_ms(&c, out);
}

struct str time_http_str(int64_t ms, struct arena *arena)
{
    struct civil c = civil_of(ms);
    int64_t weekday = floor_div(ms, TIME_DAY) % 7;

    return arena_printf(arena, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                        day_names + 3 * (weekday < 0 ? weekday + 7 : weekday), c.day,
                        month_names + (size_t)3 * (size_t)(c.month - 1), (int)c.year, c.hour,
                        c.minute, c.second);
}

static const struct unit {
    char letter;
    const char *one, *many;
    int64_t ms;
} units[] = {
    {'d', "day", "days", TIME_DAY},
    {'h', "hour", "hours", TIME_HOUR},
    {'m', "minute", "minutes", TIME_MINUTE},
    {'s', "second", "seconds", TIME_SECOND},
};
#define N_UNITS (sizeof(units) / sizeof(units[0]))

bool duration_parse(struct str text, int64_t *out_ms)
{
    int64_t total = 0;
    size_t next_unit = 0; /* units come in falling order, each once */

    if (text.len == 0)
        return false;
    while (text.len > 0) {
        size_t digits = 0;
        int64_t count, part;
        while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
            digits++;
        if (digits == 0 || digits == text.len || !str_to_i64(str_sub(text, 0, digits), &count))
            return false;
        while (next_unit < N_UNITS && units[next_unit].letter != text.ptr[digits])
            next_unit++;
        if (next_unit == N_UNITS || __builtin_mul_overflow(count, units[next_unit].ms, &part) ||
            __builtin_add_overflow(total, part, &total))
            return false;
        next_unit++;
        text = str_sub(text, digits + 1, text.len);
    }
    *out_ms = total;
    return true;
}

struct str duration_str(int64_t ms, struct arena *arena)
{
    char text[96];
    size_t len = 0;

    if (ms < TIME_SECOND)
        return arena_str(arena, STR("0s"));
    for (size_t i = 0; i < N_UNITS; i++) {
        int64_t count = ms / units[i].ms;
        if (count > 0) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%lld%c", (long long)count,
                                    units[i].letter);
        }
        ms %= units[i].ms;
    }
    return arena_str(arena, (struct str){text, len});
}

struct str duration_words(int64_t ms, struct arena *arena)
{
    for (size_t i = 0; i < N_UNITS; i++) {
        /* From one and a half on the larger unit reads better: "90 minutes", then "2 hours". */
        int64_t count = ms / units[i].ms + (ms % units[i].ms >= units[i].ms / 2);
        if (count >= 2 || (count == 1 && (i + 1 == N_UNITS || ms == units[i].ms))) {
            return arena_printf(arena, "%lld %s", (long long)count,
                                count == 1 ? units[i].one : units[i].many);
        }
    }
    return arena_str(arena, STR("less than a second"));
}

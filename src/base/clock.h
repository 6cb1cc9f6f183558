#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Time as a value. Points are milliseconds since 1970 UTC, spans are milliseconds. Code that needs
 * the time is handed a struct clock, so tests and the simulated cloud run on their own.
 */

struct clock {
    void *self;
    int64_t (*now_ms)(void *self);  /* the wall clock; may jump */
    int64_t (*boot_ms)(void *self); /* CLOCK_BOOTTIME; never jumps, counts suspend */
    /* Sleeps; false with ERR_CANCELLED at once when the run is cancelled. */
    bool (*sleep_ms)(void *self, int64_t ms, struct err *err);
};

#define TIME_SECOND ((int64_t)1000)
#define TIME_MINUTE (60 * TIME_SECOND)
#define TIME_HOUR   (60 * TIME_MINUTE)
#define TIME_DAY    (24 * TIME_HOUR)

int64_t clock_now(const struct clock *clock);
int64_t clock_boot(const struct clock *clock);
bool clock_sleep(const struct clock *clock, int64_t ms, struct err *err);

/* A switch that several threads and a signal handler may see. `fd` becomes readable when it is
 * thrown, so sleeps and polls end at once. */
struct cancel {
    int fd; /* eventfd; -1 in a zeroed-by-hand value */
    volatile int on;
};
bool cancel_init(struct cancel *cancel, struct err *err);
void cancel_fini(struct cancel *cancel);
void cancel_throw(struct cancel *cancel); /* async-signal-safe */
bool cancel_is_on(const struct cancel *cancel);

/* The system's clock; sleeps end when `cancel` (kept, may be NULL) is thrown. */
struct clock clock_system(struct cancel *cancel);

/* `2026-05-04T09:12:33.000Z`, 24 characters and NUL. */
#define TIME_ISO_SIZE 25
const char *time_iso(int64_t ms, char out[TIME_ISO_SIZE]);
struct str time_iso_str(int64_t ms, struct arena *arena);
/* Accepts with or without fraction (any number of digits), Z or +00:00 forms. */
bool time_parse_iso(struct str text, int64_t *out);
/* RFC 9110 IMF-fixdate, as in the Date header: `Mon, 04 May 2026 09:12:40 GMT`. */
bool time_parse_http(struct str text, int64_t *out);
struct str time_http_str(int64_t ms, struct arena *arena);

/* `30s 5m 2h 7d`, also `1d12h` and `0s`; refuses signs, blanks and overflow. */
bool duration_parse(struct str text, int64_t *out_ms);
/* Largest exact units: `7d`, `1d12h`, `1.5s` never; 0 is `0s`. In arena. */
struct str duration_str(int64_t ms, struct arena *arena);
/* For people, about: `3 minutes`, `2 days`. In arena. */
struct str duration_words(int64_t ms, struct arena *arena);

/* The program's one time zone, an IANA name; before any thread. ERR_SETTINGS if unknown. */
bool timezone_set(struct str name, struct err *err);
/* A DATE (`2026-05-04`) is that whole day in the time zone: its first millisecond, and the first
 * millisecond after it. ERR_USAGE when it is no such date. */
bool date_parse(struct str text, int64_t *from, int64_t *until, struct err *err);
/* `2026-05-04` and `2026-05-04 18:12` in the time zone; in arena. */
struct str date_str(int64_t ms, struct arena *arena);
struct str time_local_str(int64_t ms, struct arena *arena);

/* Times, spans and days: what is read, written again, is the same moment. */

#include <assert.h>
#include <stdint.h>

#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_times(struct str text, struct arena *arena)
{
    int64_t ms, again;

    if (time_parse_iso(text, &ms)) {
        bool ok = ms < 0 || ms >= 253402300800000 || /* an offset may lead out of 1970 to 9999 */
                  (time_parse_iso(time_iso_str(ms, arena), &again) && again == ms);
        assert(ok);
    }
    if (time_parse_http(text, &ms)) {
        bool ok = ms % 1000 == 0;
        /* A leap second at the very end of 9999 has no other spelling. */
        ok = ok && (ms >= 253402300800000 ||
                    (time_parse_http(time_http_str(ms, arena), &again) && again == ms));
        assert(ok);
    }
}

static void check_spans_and_days(struct str text, struct arena *arena)
{
    int64_t ms, again, from, until;
    struct err err = {0};

    if (duration_parse(text, &ms)) {
        bool ok = ms >= 0 && duration_parse(duration_str(ms, arena), &again) && again == ms;
        assert(ok);
        (void)duration_words(ms, arena);
    }
    if (date_parse(text, &from, &until, &err)) {
        bool ok = from < until && until - from <= 26 * TIME_HOUR &&
                  str_eq(date_str(from, arena), text) && str_eq(date_str(until - 1, arena), text) &&
                  !str_eq(date_str(until, arena), text);
        assert(ok);
    } else {
        assert(err.kind == ERR_USAGE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena arena;
    int64_t ms = 0;

    arena_init(&arena, (size_t)1 << 20);
    check_times(text, &arena);
    check_spans_and_days(text, &arena);
    if (size >= sizeof(ms)) { /* any number at all can be shown */
        memcpy(&ms, data, sizeof(ms));
        (void)time_iso_str(ms, &arena);
        (void)time_http_str(ms, &arena);
        (void)duration_str(ms, &arena);
        (void)duration_words(ms, &arena);
    }
    arena_fini(&arena);
    return 0;
}

/* The readers of what the subscription service and the listing of applications answer. The first
 * byte of the input picks the reader. */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/utf8.h"
#include "subs/subs_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_shown(struct str text, struct arena *arena)
{
    return str_eq(utf8_printable(text, arena), text);
}

/* For one log line, whatever the names were. */
static void check_extra(struct subs_extra *extra, struct arena *arena)
{
    struct str names = subs_extra_str(extra, arena);

    assert((names.len > 0) == (extra->n > 0) && extra->n <= SUBS_EXTRA_MAX);
    for (size_t i = 0; i < names.len; i++)
        assert(names.ptr[i] > ' ' && names.ptr[i] <= '~');
}

static void read_seats(struct str body, struct arena *arena)
{
    struct subs_extra extra = {.arena = arena};
    struct subs_seat_page page;

    if (subs_wire_seats(body, &extra, arena, &page, NULL)) {
        for (size_t i = 0; i < page.n; i++) {
            const struct subs_seat *seat = &page.seats[i];
            assert(seat->user.len == 36 || seat->user.len == 47);
            assert(seat->raw.len > 0 && is_shown(seat->raw, arena));
            assert(is_shown(seat->active_raw, arena) && is_shown(seat->source, arena));
            assert(seat->status <= SUBS_CANCELED && seat->created_ms >= 0);
            assert(seat->activated_ms >= 0 && subs_status_name(seat->status));
        }
    }
    check_extra(&extra, arena);
}

static void read_claims(struct str body, struct arena *arena)
{
    struct subs_extra extra = {.arena = arena};
    struct subs_claim_page page;

    if (subs_wire_claims(body, &extra, arena, &page, NULL)) {
        for (size_t i = 0; i < page.n; i++) {
            const struct subs_claim *claim = &page.claims[i];
            assert((claim->user.len > 0) != (claim->group.len > 0));
            assert(claim->identifier.len > 0 && is_shown(claim->identifier, arena));
            assert(claim->raw.len > 0 && is_shown(claim->raw, arena));
        }
    }
    check_extra(&extra, arena);
}

static void read_applications(struct str body, struct arena *arena)
{
    struct subs_app_page page;
    struct subs_app app;
    bool required;

    if (subs_wire_applications(body, arena, &page, NULL)) {
        for (size_t i = 0; i < page.n; i++)
            assert(str_starts(page.apps[i].arn, STR("arn:")));
    }
    if (subs_wire_application(body, arena, &app, NULL))
        assert(is_shown(app.arn, arena));
    (void)subs_wire_requires_assignment(body, &required, NULL);
}

/* Whatever the texts are, the request for the next page is one object of JSON with all members. */
static void make_requests(struct str text, struct arena *arena)
{
    struct str bodies[] = {
        subs_wire_list(text, text, 100, arena), subs_wire_list_claims(text, text, 100, arena),
        subs_wire_list_applications(text, text, 100, arena), subs_wire_by_arn(text, arena)};

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        CLEANUP(json_close) const struct json *root = NULL;
        struct str body = subs_wire_with_token(bodies[i], "nextToken", text, arena);
        struct str token;
        assert(json_parse(body, "request", &root, NULL));
        assert(json_str(root, "nextToken", &token, NULL) && json_count(root) >= 2);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        char letter;
        void (*read)(struct str body, struct arena *arena);
    } readers[] = {
        {'s', read_seats}, {'c', read_claims}, {'a', read_applications}, {'r', make_requests}};
    static struct arena arena;

    if (!arena.base) {
        json_init();
        arena_init(&arena, (size_t)1 << 30);
    }
    for (size_t i = 0; size > 0 && i < ARRAY_LEN(readers); i++) {
        if (readers[i].letter == (char)data[0])
            readers[i].read((struct str){(const char *)data + 1, size - 1}, &arena);
    }
    arena_reset(&arena, 0);
    return 0;
}

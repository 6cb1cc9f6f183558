/* The readers of Okta's answers. The first byte of the input picks the reader. */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/utf8.h"
#include "okta/okta_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str profile[] = {{"department", 10}, {"managerId", 9}};

static void read_members(struct str body, struct arena *arena)
{
    struct member_page page = {0};

    if (!okta_wire_members(body, arena, &page, NULL)) {
        assert(page.n == 0);
        return;
    }
    for (size_t i = 0; i < page.n; i++)
        assert(okta_wire_is_id(page.items[i].id));
}

static void read_user(struct str body, struct arena *arena)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct person person;

    if (json_parse(body, "user", &root, NULL) &&
        okta_wire_user(root, profile, ARRAY_LEN(profile), arena, &person, NULL))
        assert(okta_wire_is_id(person.id));
}

static void read_group(struct str body, struct arena *arena)
{
    struct group_page page = {0};
    CLEANUP(json_close) const struct json *root = NULL;
    struct okta_group group;

    if (okta_wire_groups(body, arena, &page, NULL)) {
        for (size_t i = 0; i < page.n; i++)
            assert(okta_wire_is_id(page.items[i].group.id));
        return;
    }
    if (json_parse(body, "group", &root, NULL) && okta_wire_group(root, arena, &group, NULL))
        assert(okta_wire_is_id(group.group.id) && group.group.name.len > 0);
}

static void read_rules(struct str body, struct arena *arena)
{
    struct okta_rules page = {0};

    if (!okta_wire_rules(body, arena, &page, NULL))
        return;
    for (size_t i = 0; i < page.n; i++) {
        for (size_t k = 1; k < page.rules[i].n_groups; k++)
            assert(str_cmp(page.rules[i].groups[k - 1], page.rules[i].groups[k]) < 0);
    }
}

static void read_events(struct str body, struct arena *arena)
{
    struct okta_log page = {0};

    if (!okta_wire_events(body, arena, &page, NULL))
        return;
    for (size_t i = 0; i < page.n; i++) {
        assert(okta_wire_is_id(page.events[i].group) && okta_wire_is_id(page.events[i].person));
        assert(page.events[i].uuid.len > 0);
    }
}

static void read_pushes(struct str body, struct arena *arena)
{
    struct push_page page = {0};

    if (okta_wire_pushes(body, arena, &page, NULL)) {
        for (size_t i = 0; i < page.n; i++) {
            const struct okta_push *push = &page.items[i].push;

            assert(okta_wire_is_id(page.items[i].source) && okta_wire_is_id(push->id));
            assert(push->target.len == 0 || okta_wire_is_id(push->target));
            assert(utf8_valid(push->error) && push->error.len <= 200);
        }
    }
    (void)okta_wire_app_user(body, STR("00u1"), NULL);
}

static void read_push_events(struct str body, struct arena *arena)
{
    struct okta_push_log page = {0};
    size_t n_read = 0;

    if (!okta_wire_push_events(body, arena, &page, &n_read, NULL))
        return;
    assert(page.n == 0 || n_read > 0);
    for (size_t i = 0; i < page.n; i++) {
        const struct okta_push_event *event = &page.events[i];

        assert(event->uuid.len > 0 && utf8_valid(event->message) && event->message.len <= 200);
        assert(event->group.len == 0 || okta_wire_is_id(event->group));
        assert(event->person.len == 0 || okta_wire_is_id(event->person));
        assert(event->app.len == 0 || okta_wire_is_id(event->app));
    }
}

static void check_error(const struct http_response *res, struct arena *arena)
{
    struct okta_error error = okta_wire_error(res, arena);

    assert(error.code.len <= 64 && error.summary.len <= 200 && error.request_id.len <= 64);
    assert(utf8_valid(error.summary) && utf8_valid(error.request_id));
    for (size_t i = 0; i < error.summary.len; i++)
        assert((unsigned char)error.summary.ptr[i] >= ' ');
}

static void read_error(struct str text, struct arena *arena)
{
    struct http_header headers[] = {{STR("WWW-Authenticate"), text},
                                    {STR("X-Okta-Request-Id"), text}};
    struct http_response in_body = {.status = 400, .body = text};
    struct http_response in_header = {.status = 403, .headers = headers, .n_headers = 2};

    check_error(&in_body, arena);
    check_error(&in_header, arena);
}

static void read_surroundings(struct str body, struct arena *arena)
{
    struct str text;
    struct okta_apps apps = {0};
    struct okta_schema schema = {0};

    (void)okta_wire_roles(body, arena, &text, NULL);
    (void)okta_wire_apps(body, arena, &apps, NULL);
    (void)okta_wire_schema(body, arena, &schema, NULL);
    if (okta_wire_org(body, arena, &text, NULL))
        assert(okta_wire_is_id(text));
    (void)okta_wire_search_name(body, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        char letter;
        void (*read)(struct str body, struct arena *arena);
    } readers[] = {
        {'m', read_members},      {'u', read_user},   {'g', read_group},
        {'r', read_rules},        {'e', read_events}, {'x', read_error},
        {'s', read_surroundings}, {'p', read_pushes}, {'l', read_push_events},
    };
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

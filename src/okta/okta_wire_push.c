/* Group push mappings, and who is assigned to an application (contracts/okta.md 10.3). */

#include "base/attr.h"
#include "base/clock.h"
#include "okta/okta_wire.h"

#define STATUS_MAX  64
#define SUMMARY_MAX 200

/* What only people read, or what only says when: absent in every recording, so nothing depends on
 * it. A time that is none counts as not told. */
static bool read_extras(const struct json *value, struct arena *arena, struct okta_push *out,
                        struct err *err)
{
    struct str error;
    struct str pushed;
    struct str target;

    if (!json_str_opt(value, "errorSummary", &error, err) ||
        !json_str_opt(value, "lastPush", &pushed, err) ||
        !json_str_opt(value, "targetGroupId", &target, err))
        return false;
    if (!time_parse_iso(pushed, &out->last_push_ms))
        out->last_push_ms = 0;
    out->error = okta_wire_short(error, SUMMARY_MAX, arena);
    out->target = okta_wire_is_id(target) ? arena_str(arena, target) : (struct str){0};
    return true;
}

static bool read_mapping(const struct json *value, struct arena *arena, struct push_entry *out,
                         struct err *err)
{
    struct str id;
    struct str source;
    struct str status;

    if (!okta_wire_read_id(value, "id", &id, err) ||
        !okta_wire_read_id(value, "sourceGroupId", &source, err) ||
        !json_str(value, "status", &status, err) || !read_extras(value, arena, &out->push, err))
        return false;
    out->source = arena_str(arena, source);
    out->push.answer = OKTA_FOUND;
    out->push.id = arena_str(arena, id);
    out->push.status = okta_wire_short(status, STATUS_MAX, arena);
    return true;
}

bool okta_wire_pushes(struct str body, struct arena *arena, struct push_page *out, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct push_entry *items;
    size_t n = 0;

    if (!okta_wire_parse_list(body, "push mappings", &root, err))
        return false;
    items = arena_array(arena, struct push_entry, json_count(root));
    for (const struct json *e = json_first(root); e; e = json_next(e), n++) {
        if (!read_mapping(e, arena, &items[n], err))
            return err_wrap(err, "push mappings: entry %zu", n + 1);
    }
    *out = (struct push_page){items, n};
    return true;
}

bool okta_wire_app_user(struct str body, struct str user, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct str id;

    if (!json_parse(body, "assignment", &root, err))
        return false;
    if (!okta_wire_read_id(root, "id", &id, err))
        return err_wrap(err, "assignment");
    return str_eq(id, user) ||
           err_set(err, ERR_REMOTE, "assignment: the answer is about another person");
}

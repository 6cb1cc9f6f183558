/* Events of the System Log (contracts/okta.md 9.1). */

#include "base/attr.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/utf8.h"
#include "okta/okta_wire.h"

#define UUID_MAX 64

/* Text of a member that is optional, inside an object that is optional. */
static bool read_inner(const struct json *obj, const char *key, struct arena *arena,
                       struct str *out, struct err *err)
{
    struct str text;

    *out = (struct str){0};
    if (!obj)
        return true;
    if (!json_str_opt(obj, key, &text, err))
        return false;
    if (text.len > 0)
        *out = arena_str(arena, utf8_printable(text, arena));
    return true;
}

/* Found by type, not by position: the order is not promised. */
static bool read_targets(const struct json *event, struct arena *arena, struct okta_event *out,
                         struct err *err)
{
    const struct json *targets = NULL;

    if (!json_arr_opt(event, "target", &targets, err))
        return false;
    if (!targets)
        return true;
    for (const struct json *e = json_first(targets); e; e = json_next(e)) {
        struct str type;
        struct str id;
        if (!json_str_opt(e, "type", &type, err) || !json_str_opt(e, "id", &id, err))
            return err_wrap(err, "target");
        if (!okta_wire_is_id(id))
            continue;
        if (str_is(type, "User")) {
            out->person = arena_str(arena, id);
        } else if (str_is(type, "UserGroup")) {
            out->group = arena_str(arena, id);
        }
    }
    return true;
}

static bool read_actor(const struct json *event, struct arena *arena, struct okta_event *out,
                       struct err *err)
{
    const struct json *actor = NULL;
    struct str login;
    struct str display;

    if (!json_obj_opt(event, "actor", &actor, err) ||
        !read_inner(actor, "id", arena, &out->actor_id, err) ||
        !read_inner(actor, "type", arena, &out->actor_type, err) ||
        !read_inner(actor, "alternateId", arena, &login, err) ||
        !read_inner(actor, "displayName", arena, &display, err))
        return err_wrap(err, "actor");
    /* Okta writes the word `unknown` where an actor has no login. */
    out->actor_name = login.len > 0 && !str_is(login, "unknown") ? login : display;
    out->by_rule = str_is(out->actor_type, "SystemPrincipal");
    return true;
}

static bool read_origin(const struct json *event, struct arena *arena, struct okta_event *out,
                        struct err *err)
{
    const struct json *client = NULL;
    const struct json *transaction = NULL;
    const struct json *detail = NULL;

    if (!json_obj_opt(event, "client", &client, err) ||
        !read_inner(client, "id", arena, &out->client_id, err))
        return err_wrap(err, "client");
    if (!json_obj_opt(event, "transaction", &transaction, err))
        return false;
    if (transaction && !json_obj_opt(transaction, "detail", &detail, err))
        return err_wrap(err, "transaction");
    return read_inner(detail, "requestApiTokenId", arena, &out->token_id, err);
}

static bool has_failed(const struct json *event, bool *out, struct err *err)
{
    const struct json *outcome = NULL;
    struct str result = {0};

    if (!json_obj_opt(event, "outcome", &outcome, err))
        return false;
    if (outcome && !json_str_opt(outcome, "result", &result, err))
        return err_wrap(err, "outcome");
    *out = result.len > 0 && !str_is(result, "SUCCESS");
    return true;
}

static bool read_event(const struct json *value, struct arena *arena, struct okta_event *out,
                       bool *wanted, struct err *err)
{
    struct str uuid;
    struct str published;
    struct str type;
    bool failed;

    *wanted = false;
    if (!json_str(value, "uuid", &uuid, err) || !json_str(value, "published", &published, err) ||
        !json_str(value, "eventType", &type, err) || !has_failed(value, &failed, err))
        return false;
    if (uuid.len == 0 || uuid.len > UUID_MAX)
        return err_set(err, ERR_REMOTE, "`uuid` is none");
    if (!time_parse_iso(published, &out->published_ms))
        return err_set(err, ERR_REMOTE, "`published` is no time");
    out->is_add = str_is(type, "group.user_membership.add");
    if (failed || (!out->is_add && !str_is(type, "group.user_membership.remove")))
        return true;
    if (!read_targets(value, arena, out, err) || !read_actor(value, arena, out, err) ||
        !read_origin(value, arena, out, err))
        return false;
    out->uuid = arena_str(arena, uuid);
    *wanted = out->group.len > 0 && out->person.len > 0;
    return true;
}

bool okta_wire_events(struct str body, struct arena *arena, struct okta_log *page, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct okta_event *events;
    struct map seen = {0};
    size_t n = 0;
    size_t at = 0;

    if (!json_parse(body, "System Log", &root, err))
        return false;
    if (!json_is_arr(root))
        return err_set(err, ERR_REMOTE, "System Log: expected an array");
    events = arena_array(arena, struct okta_event, json_count(root));
    for (const struct json *e = json_first(root); e; e = json_next(e)) {
        bool wanted;
        at++;
        events[n] = (struct okta_event){0};
        if (!read_event(e, arena, &events[n], &wanted, err))
            return err_wrap(err, "System Log: entry %zu", at);
        if (wanted && !map_has(&seen, events[n].uuid)) {
            map_put(&seen, arena, events[n].uuid, &events[n]);
            n++;
        }
    }
    *page = (struct okta_log){.answer = OKTA_FOUND, .events = events, .n = n};
    return true;
}

/* Events of the System Log (contracts/okta.md 9.1). */

#include "base/attr.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "okta/okta_wire.h"

#define UUID_MAX    64
#define TYPE_MAX    128
#define MESSAGE_MAX 200

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

/* `id`, in the arena, is empty where it is none; `type` is lent by the document. */
static bool read_target(const struct json *target, struct arena *arena, struct str *type,
                        struct str *id, struct err *err)
{
    struct str text;

    if (!json_str_opt(target, "type", type, err) || !json_str_opt(target, "id", &text, err))
        return err_wrap(err, "target");
    *id = okta_wire_is_id(text) ? arena_str(arena, text) : (struct str){0};
    return true;
}

/* Found by type, not by position: the order is not promised. */
static bool read_targets(const struct json *event, struct arena *arena, struct okta_event *out,
                         struct err *err)
{
    const struct json *targets = NULL;

    if (!json_arr_opt(event, "target", &targets, err))
        return false;
    for (const struct json *e = json_first(targets); e; e = json_next(e)) {
        struct str type;
        struct str id;
        if (!read_target(e, arena, &type, &id, err))
            return false;
        if (id.len > 0 && str_is(type, "User")) {
            out->person = id;
        } else if (id.len > 0 && str_is(type, "UserGroup")) {
            out->group = id;
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

/* What every event has. Texts are lent by the document. */
struct head {
    struct str uuid, type;
    int64_t published_ms;
    struct str result, reason; /* of the outcome; empty: it does not say */
};

static bool read_head(const struct json *event, struct head *out, struct err *err)
{
    const struct json *outcome = NULL;
    struct str published;

    *out = (struct head){0};
    if (!json_str(event, "uuid", &out->uuid, err) ||
        !json_str(event, "published", &published, err) ||
        !json_str(event, "eventType", &out->type, err) ||
        !json_obj_opt(event, "outcome", &outcome, err))
        return false;
    if (outcome && (!json_str_opt(outcome, "result", &out->result, err) ||
                    !json_str_opt(outcome, "reason", &out->reason, err)))
        return err_wrap(err, "outcome");
    if (out->uuid.len == 0 || out->uuid.len > UUID_MAX)
        return err_set(err, ERR_REMOTE, "`uuid` is none");
    if (!time_parse_iso(published, &out->published_ms))
        return err_set(err, ERR_REMOTE, "`published` is no time");
    return true;
}

/* ---- memberships ---- */

static bool read_event(const struct json *value, struct arena *arena, struct okta_event *out,
                       bool *wanted, struct err *err)
{
    struct head head;

    *wanted = false;
    if (!read_head(value, &head, err))
        return false;
    out->published_ms = head.published_ms;
    out->is_add = str_is(head.type, "group.user_membership.add");
    if ((head.result.len > 0 && !str_is(head.result, "SUCCESS")) ||
        (!out->is_add && !str_is(head.type, "group.user_membership.remove")))
        return true;
    if (!read_targets(value, arena, out, err) || !read_actor(value, arena, out, err) ||
        !read_origin(value, arena, out, err))
        return false;
    out->uuid = arena_str(arena, head.uuid);
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

    if (!okta_wire_parse_list(body, "System Log", &root, err))
        return false;
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

/* ---- pushes ---- */

static bool has(struct str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* Does the event tell of something that went wrong? A failure may stand in the outcome, in the
 * type's name, or, with single memberships, in the mere fact that there is an event. */
static bool is_trouble(const struct head *head, bool *is_ignored)
{
    bool is_membership = str_starts(head->type, STR("application.provision.group_membership."));
    bool is_push = str_starts(head->type, STR("application.provision.group_push.")) ||
                   str_starts(head->type, STR("app.user_management.grouppush."));

    *is_ignored = is_push && str_ends(head->type, STR(".mapping.okta.users.ignored"));
    if (*is_ignored)
        return true;
    if (is_membership)
        return !str_is(head->result, "SUCCESS");
    return is_push && (str_is(head->result, "FAILURE") || has(head->type, ".failed") ||
                       has(head->type, ".error"));
}

struct push_events {
    struct arena *arena;
    VEC_OF(struct okta_push_event) list;
};

/* Adds the event, for each person among its targets or for nobody. The group is the one in Okta:
 * the application's has another type. */
static bool add_push_event(const struct json *value, struct okta_push_event *event,
                           struct push_events *out, struct err *err)
{
    const struct json *targets = NULL;
    size_t first = out->list.n;

    if (!json_arr_opt(value, "target", &targets, err))
        return false;
    for (const struct json *e = json_first(targets); e; e = json_next(e)) {
        struct str type;
        struct str id;
        if (!read_target(e, out->arena, &type, &id, err))
            return false;
        if (id.len == 0)
            continue;
        if (str_is(type, "UserGroup")) {
            event->group = id;
        } else if (str_is(type, "AppInstance")) {
            event->app = id;
        } else if (str_is(type, "User")) {
            VEC_PUSH(out->arena, &out->list, ((struct okta_push_event){.person = id}));
        }
    }
    if (out->list.n == first)
        VEC_PUSH(out->arena, &out->list, (struct okta_push_event){0});
    for (size_t i = first; i < out->list.n; i++) {
        event->person = out->list.items[i].person;
        out->list.items[i] = *event;
    }
    return true;
}

static bool read_push_event(const struct json *value, struct push_events *out, struct err *err)
{
    struct okta_push_event event = {0};
    struct head head;
    struct str message;

    if (!read_head(value, &head, err))
        return false;
    if (!is_trouble(&head, &event.is_ignored))
        return true;
    if (!json_str_opt(value, "displayMessage", &message, err))
        return false;
    if (head.reason.len > 0)
        message = head.reason;
    event.uuid = arena_str(out->arena, head.uuid);
    event.published_ms = head.published_ms;
    event.type = okta_wire_short(head.type, TYPE_MAX, out->arena);
    event.message = okta_wire_short(message, MESSAGE_MAX, out->arena);
    return add_push_event(value, &event, out, err);
}

bool okta_wire_push_events(struct str body, struct arena *arena, struct okta_push_log *page,
                           size_t *n_read, struct err *err)
{
    CLEANUP(json_close) const struct json *root = NULL;
    struct push_events events = {.arena = arena};
    size_t n = 0;

    if (!okta_wire_parse_list(body, "System Log", &root, err))
        return false;
    for (const struct json *e = json_first(root); e; e = json_next(e)) {
        n++;
        if (!read_push_event(e, &events, err))
            return err_wrap(err, "System Log: entry %zu", n);
    }
    *page = (struct okta_push_log){
        .answer = OKTA_FOUND, .events = events.list.items, .n = events.list.n};
    *n_read = n;
    return true;
}

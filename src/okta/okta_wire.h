#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "http/http.h"
#include "okta/okta.h"

/* Bytes to model and back: pure. Every reader is strict about what it needs and ignores the rest.
 */

/* An id as Okta makes them: 1 to 64 of 0-9 A-Z a-z _ -. Every reader refuses others. */
bool okta_wire_is_id(struct str text);

/* A page of members: appended to `out`. ERR_REMOTE for anything that is not an array of users with
 * an id and a status of text. */
struct member_page {
    struct member *items; /* in arena */
    size_t n;
};
bool okta_wire_members(struct str body, struct arena *arena, struct member_page *out,
                       struct err *err);
bool okta_wire_user(const struct json *value, const struct str *profile, size_t n_profile,
                    struct arena *arena, struct person *out, struct err *err);
bool okta_wire_group(const struct json *value, struct arena *arena, struct okta_group *out,
                     struct err *err);
/* A page of groups: appended to `out`. */
struct group_page {
    struct okta_group *items; /* in arena */
    size_t n;
};
bool okta_wire_groups(struct str body, struct arena *arena, struct group_page *out,
                      struct err *err);
/* Every rule that is not INACTIVE or INVALID: a state we do not know may well be filling groups. */
bool okta_wire_rules(struct str body, struct arena *arena, struct okta_rules *page,
                     struct err *err);
/* Membership changes that succeeded and say whose and where; other events are left out. */
bool okta_wire_events(struct str body, struct arena *arena, struct okta_log *page, struct err *err);

/* Events about group push that tell of trouble, one for each person that an event names (or one for
 * none); others are left out. `*n_read` counts all that were on the page. Within a page in its
 * order. */
bool okta_wire_push_events(struct str body, struct arena *arena, struct okta_push_log *page,
                           size_t *n_read, struct err *err);

/* Push mappings of an application, with the group that each is about. */
struct push_page {
    struct push_entry {
        struct str source;
        struct okta_push push; /* FOUND */
    } * items;                 /* in arena */
    size_t n;
};
bool okta_wire_pushes(struct str body, struct arena *arena, struct push_page *out, struct err *err);
/* Whether this is a person's assignment to an application: the id is that of the person. */
bool okta_wire_app_user(struct str body, struct str user, struct err *err);

/* Labels joined by ", "; empty when the list is. */
bool okta_wire_roles(struct str body, struct arena *arena, struct str *names, struct err *err);
bool okta_wire_apps(struct str body, struct arena *arena, struct okta_apps *page, struct err *err);
/* Members of the profile, base or custom, that people may edit themselves. */
bool okta_wire_schema(struct str body, struct arena *arena, struct okta_schema *out,
                      struct err *err);
bool okta_wire_org(struct str body, struct arena *arena, struct str *id, struct err *err);

/* The value of `search` in `GET .../groups?search=...` for one name: escaped for the expression,
 * then for the URL. */
struct str okta_wire_search_name(struct str name, struct arena *arena);

/* What an error answer means (contract section 7). `code` may be empty. */
struct okta_error {
    struct str code;    /* E0000007, or the OAuth word */
    struct str summary; /* printable, at most 200 bytes; in arena */
    struct str request_id;
};
struct okta_error okta_wire_error(const struct http_response *res, struct arena *arena);

/* ---- for the readers themselves ---- */

/* Lent by the document. */
bool okta_wire_read_id(const struct json *value, const char *key, struct str *out, struct err *err);
/* An array of a size that a page can have. */
bool okta_wire_parse_list(struct str body, const char *what, const struct json **root,
                          struct err *err);
/* Okta's words for people: printable, one line, at most `max` bytes cut at a character. In arena.
 */
struct str okta_wire_short(struct str text, size_t max, struct arena *arena);

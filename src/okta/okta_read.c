/* Groups and what surrounds them (contracts/okta.md 2 and 13). */

#include <string.h>

#include "base/vec.h"
#include "okta/okta_call.h"

#define SEARCH_PAGES 50
#define RULE_PAGES   100
#define APP_PAGES    100

/* ---- by name ---- */

/* The hits for one name. A bogus page may show a group twice, so ids are compared. */
struct hunt {
    struct str name;
    struct arena *arena;
    struct okta_group native, other; /* the first of each kind */
    bool several_native, several_other;
};

static void note_hit(struct okta_group *first, bool *several, const struct okta_group *hit,
                     struct arena *arena)
{
    if (first->answer == OKTA_FOUND) {
        *several |= !str_eq(first->group.id, hit->group.id);
        return;
    }
    *first = *hit;
    first->group.id = arena_str(arena, hit->group.id);
    first->group.name = arena_str(arena, hit->group.name);
    first->description = arena_str(arena, hit->description);
}

/* The service may ignore the search, or answer from an index that lags: each hit is checked. */
static bool take_hits(struct okta_walk *walk, struct str body, struct arena *scratch,
                      struct err *err)
{
    struct hunt *hunt = walk->self;
    struct group_page page = {0};

    if (!okta_wire_groups(body, scratch, &page, err))
        return false;
    for (size_t i = 0; i < page.n; i++) {
        if (!str_eq(page.items[i].group.name, hunt->name))
            continue;
        if (page.items[i].group.type == GROUP_OKTA) {
            note_hit(&hunt->native, &hunt->several_native, &page.items[i], hunt->arena);
        } else {
            note_hit(&hunt->other, &hunt->several_other, &page.items[i], hunt->arena);
        }
    }
    return true;
}

static struct okta_group judge_hunt(const struct okta_walk *walk, const struct hunt *hunt)
{
    struct okta_group out = {.answer = OKTA_NONE, .why = STR("no group has exactly this name")};

    if (walk->state != WALK_WHOLE) {
        out.answer = okta_walk_answer(walk, OKTA_OBJECT);
        out.why = walk->why;
        return out;
    }
    if (hunt->several_native || (hunt->native.answer != OKTA_FOUND && hunt->several_other)) {
        out.answer = OKTA_AMBIGUOUS;
        out.why = STR("several groups have this name");
        return out;
    }
    if (hunt->native.answer == OKTA_FOUND)
        return hunt->native;
    return hunt->other.answer == OKTA_FOUND ? hunt->other : out;
}

bool okta_find_groups(struct okta *okta, const struct str *names, size_t n, struct arena *arena,
                      struct okta_group *out, struct err *err)
{
    struct okta_walk *walks;
    struct hunt *hunts;

    okta_begin(okta);
    walks = arena_array(&okta->call, struct okta_walk, n);
    hunts = arena_array(&okta->call, struct hunt, n);
    for (size_t i = 0; i < n; i++) {
        hunts[i] = (struct hunt){.name = names[i], .arena = arena};
        walks[i] = (struct okta_walk){
            .url = okta_url(okta, &okta->call, "/api/v1/groups?search=%.*s&limit=200",
                            STR_ARG(okta_wire_search_name(names[i], &okta->call))),
            .bucket = OKTA_BUCKET_GROUPS,
            .max_pages = SEARCH_PAGES,
            .page = take_hits,
            .self = &hunts[i],
        };
    }
    if (!okta_walk_all(okta, walks, n, arena, err))
        return err_wrap(err, "looking for groups by name");
    for (size_t i = 0; i < n; i++)
        out[i] = judge_hunt(&walks[i], &hunts[i]);
    return true;
}

/* ---- by id ---- */

struct lookup {
    const struct str *ids;
    struct arena *arena;
    struct okta_group *out;
};

static struct str group_url(struct okta *okta, void *self, size_t i)
{
    const struct lookup *lookup = self;

    lookup->out[i] = (struct okta_group){0};
    if (okta_wire_is_id(lookup->ids[i]))
        return okta_url(okta, &okta->page, "/api/v1/groups/%.*s", STR_ARG(lookup->ids[i]));
    lookup->out[i].answer = OKTA_NONE;
    lookup->out[i].why = STR("this is not the id of a group");
    return (struct str){0};
}

static void take_group(struct okta *okta, void *self, size_t i, const struct http_request *req,
                       const struct http_response *res)
{
    CLEANUP(json_close) const struct json *root = NULL;
    const struct lookup *lookup = self;
    struct okta_group *out = &lookup->out[i];
    struct err odd = {0};

    if (!okta_is_ok(res)) {
        out->answer = okta_failure(okta, req, res, OKTA_OBJECT, lookup->arena, &out->why);
        return;
    }
    if (json_parse(res->body, "group", &root, &odd) &&
        okta_wire_group(root, lookup->arena, out, &odd)) {
        if (str_eq(out->group.id, lookup->ids[i]))
            return;
        (void)err_set(&odd, ERR_REMOTE, "the answer is about another group");
    }
    *out = (struct okta_group){.why = arena_str(lookup->arena, str_of(odd.msg))};
}

bool okta_get_groups(struct okta *okta, const struct str *ids, size_t n, struct arena *arena,
                     struct okta_group *out, struct err *err)
{
    struct lookup lookup = {ids, arena, out};
    struct okta_ask ask = {
        .bucket = OKTA_BUCKET_GROUP, .url = group_url, .take = take_group, .self = &lookup};

    okta_begin(okta);
    if (!okta_ask_all(okta, &ask, n, err))
        return err_wrap(err, "reading groups by id");
    return true;
}

/* ---- rules ---- */

struct rules {
    struct arena *arena;
    VEC_OF(struct okta_rule) list;
};

static bool take_rules(struct okta_walk *walk, struct str body, struct arena *scratch,
                       struct err *err)
{
    struct rules *rules = walk->self;
    struct okta_rules page = {0};

    (void)scratch; /* rules are few and stay */
    if (!okta_wire_rules(body, rules->arena, &page, err))
        return false;
    for (size_t i = 0; i < page.n; i++)
        VEC_PUSH(rules->arena, &rules->list, page.rules[i]);
    return true;
}

bool okta_list_rules(struct okta *okta, struct arena *arena, struct okta_rules *out,
                     struct err *err)
{
    struct rules rules = {.arena = arena};
    struct okta_walk walk = {
        .bucket = OKTA_BUCKET_GROUPS, .max_pages = RULE_PAGES, .page = take_rules, .self = &rules};

    okta_begin(okta);
    walk.url = okta_url(okta, &okta->call, "/api/v1/groups/rules?limit=200");
    if (!okta_walk_all(okta, &walk, 1, arena, err))
        return err_wrap(err, "listing group rules");
    if (walk.state == WALK_WHOLE) {
        *out =
            (struct okta_rules){.answer = OKTA_FOUND, .rules = rules.list.items, .n = rules.list.n};
    } else {
        *out =
            (struct okta_rules){.answer = okta_walk_answer(&walk, OKTA_SERVICE), .why = walk.why};
    }
    return true;
}

/* ---- roles ---- */

struct roles {
    struct arena *arena;
    struct str names;
};

static bool take_roles(struct okta_walk *walk, struct str body, struct arena *scratch,
                       struct err *err)
{
    struct roles *roles = walk->self;
    struct str names;

    if (!okta_wire_roles(body, scratch, &names, err))
        return false;
    if (names.len > 0) {
        roles->names = arena_printf(roles->arena, "%.*s%s%.*s", STR_ARG(roles->names),
                                    roles->names.len > 0 ? ", " : "", STR_ARG(names));
    }
    return true;
}

static struct okta_roles judge_roles(const struct okta_walk *walk, const struct roles *roles)
{
    if (walk->state != WALK_WHOLE) {
        return (struct okta_roles){.answer = okta_walk_answer(walk, OKTA_SERVICE),
                                   .why = walk->why};
    }
    return (struct okta_roles){.answer = roles->names.len > 0 ? OKTA_FOUND : OKTA_NONE,
                               .names = roles->names};
}

bool okta_group_roles(struct okta *okta, const struct str *groups, size_t n, struct arena *arena,
                      struct okta_roles *out, struct err *err)
{
    struct okta_walk *walks;
    struct roles *roles;

    okta_begin(okta);
    walks = arena_array(&okta->call, struct okta_walk, n);
    roles = arena_array(&okta->call, struct roles, n);
    for (size_t i = 0; i < n; i++) {
        roles[i].arena = arena;
        walks[i] = (struct okta_walk){
            .url = okta_url(okta, &okta->call, "/api/v1/groups/%.*s/roles", STR_ARG(groups[i])),
            .bucket = OKTA_BUCKET_REST,
            .max_pages = SEARCH_PAGES,
            .page = take_roles,
            .self = &roles[i],
        };
        if (!okta_wire_is_id(groups[i])) {
            walks[i].state = WALK_BROKEN;
            walks[i].why = STR("this is not the id of a group");
        }
    }
    if (!okta_walk_all(okta, walks, n, arena, err))
        return err_wrap(err, "reading the roles of groups");
    for (size_t i = 0; i < n; i++)
        out[i] = judge_roles(&walks[i], &roles[i]);
    return true;
}

/* ---- applications ---- */

struct apps {
    struct arena *arena;
    VEC_OF(struct okta_app) list;
};

static bool take_apps(struct okta_walk *walk, struct str body, struct arena *scratch,
                      struct err *err)
{
    struct apps *apps = walk->self;
    struct okta_apps page = {0};

    (void)scratch; /* few, and they stay */
    if (!okta_wire_apps(body, apps->arena, &page, err))
        return false;
    for (size_t i = 0; i < page.n; i++)
        VEC_PUSH(apps->arena, &apps->list, page.apps[i]);
    return true;
}

bool okta_group_apps(struct okta *okta, struct str group, struct arena *arena,
                     struct okta_apps *out, struct err *err)
{
    struct apps apps = {.arena = arena};
    struct okta_walk walk = {
        .bucket = OKTA_BUCKET_REST, .max_pages = APP_PAGES, .page = take_apps, .self = &apps};

    okta_begin(okta);
    if (!okta_wire_is_id(group)) {
        *out = (struct okta_apps){.why = STR("this is not the id of a group")};
        return true;
    }
    walk.url = okta_url(okta, &okta->call, "/api/v1/groups/%.*s/apps?limit=200", STR_ARG(group));
    if (!okta_walk_all(okta, &walk, 1, arena, err))
        return err_wrap(err, "listing the applications of a group");
    if (walk.state == WALK_WHOLE) {
        *out = (struct okta_apps){.answer = apps.list.n > 0 ? OKTA_FOUND : OKTA_NONE,
                                  .apps = apps.list.items,
                                  .n = apps.list.n};
    } else {
        *out = (struct okta_apps){.answer = okta_walk_answer(&walk, OKTA_SERVICE), .why = walk.why};
    }
    return true;
}

/* ---- schema ---- */

bool okta_user_schema(struct okta *okta, struct arena *arena, struct okta_schema *out,
                      struct err *err)
{
    struct http_request req;
    struct http_response res;
    struct okta_schema schema = {0};
    struct err odd = {0};

    okta_begin(okta);
    req = okta_request(okta, HTTP_GET,
                       okta_url(okta, &okta->page, "/api/v1/meta/schemas/user/default"),
                       OKTA_BUCKET_REST);
    if (!okta_fetch(okta, &req, &res, 1, err))
        return err_wrap(err, "reading the user schema");
    if (!okta_is_ok(&res)) {
        schema.answer = okta_failure(okta, &req, &res, OKTA_SERVICE, arena, &schema.why);
    } else if (!okta_wire_schema(res.body, arena, &schema, &odd)) {
        schema = (struct okta_schema){.why = arena_str(arena, str_of(odd.msg))};
    }
    *out = schema;
    return true;
}

/* Group push and the SCIM application, as far as they can be looked at (contracts/okta.md 10.3). */

#include <stdlib.h>

#include "base/attr.h"
#include "base/vec.h"
#include "okta/okta_call.h"

#define MAPPING_PAGES 50
#define LOG_PAGES     5

static const struct str no_app = STR("this is not the id of an application");

/* ---- mappings ---- */

/* What was found about one group. A page may show a mapping twice, so ids are compared. */
struct mappings {
    struct str group;
    struct arena *arena;
    struct okta_push first, active; /* the first of all, and the first that is ACTIVE */
    bool several, several_active;
};

static void note_mapping(struct okta_push *first, bool *several, const struct okta_push *push)
{
    if (first->answer == OKTA_FOUND) {
        *several |= !str_eq(first->id, push->id);
    } else {
        *first = *push;
    }
}

/* The service may ignore `sourceGroupId`: each mapping is looked at. */
static bool take_mappings(struct okta_walk *walk, struct str body, struct arena *scratch,
                          struct err *err)
{
    struct mappings *found = walk->self;
    struct push_page page = {0};

    (void)scratch; /* a group has one mapping, or few, and they stay */
    if (!okta_wire_pushes(body, found->arena, &page, err))
        return false;
    for (size_t i = 0; i < page.n; i++) {
        const struct okta_push *push = &page.items[i].push;

        if (!str_eq(page.items[i].source, found->group))
            continue;
        note_mapping(&found->first, &found->several, push);
        if (str_is(push->status, "ACTIVE"))
            note_mapping(&found->active, &found->several_active, push);
    }
    return true;
}

static struct okta_push judge_mappings(const struct okta_walk *walk, const struct mappings *found)
{
    enum okta_answer answer;

    if (walk->state != WALK_WHOLE) {
        /* What is missing is the application, not the mapping: that would be an empty list. */
        answer = okta_walk_answer(walk, OKTA_OBJECT);
        return (struct okta_push){.answer = answer == OKTA_NONE ? OKTA_UNKNOWN : answer,
                                  .why = walk->why};
    }
    if (found->first.answer != OKTA_FOUND) {
        return (struct okta_push){.answer = OKTA_NONE,
                                  .why = STR("the application does not push this group")};
    }
    if (!found->several)
        return found->first;
    if (found->active.answer == OKTA_FOUND && !found->several_active)
        return found->active;
    return (struct okta_push){.answer = OKTA_AMBIGUOUS,
                              .why = STR("the application has several push mappings of this "
                                         "group, and not exactly one is active")};
}

bool okta_group_pushes(struct okta *okta, struct str app, const struct str *groups, size_t n,
                       struct arena *arena, struct okta_push *out, struct err *err)
{
    struct okta_walk *walks;
    struct mappings *found;

    okta_begin(okta);
    walks = arena_array(&okta->call, struct okta_walk, n);
    found = arena_array(&okta->call, struct mappings, n);
    for (size_t i = 0; i < n; i++) {
        bool has_ids = okta_wire_is_id(app) && okta_wire_is_id(groups[i]);

        found[i] = (struct mappings){.group = groups[i], .arena = arena};
        walks[i] = (struct okta_walk){
            .bucket = OKTA_BUCKET_APPS,
            .max_pages = MAPPING_PAGES,
            .page = take_mappings,
            .self = &found[i],
        };
        if (has_ids) {
            walks[i].url = okta_url(okta, &okta->call,
                                    "/api/v1/apps/%.*s/group-push/mappings"
                                    "?sourceGroupId=%.*s&limit=100",
                                    STR_ARG(app), STR_ARG(groups[i]));
        } else {
            walks[i].state = WALK_BROKEN;
            walks[i].why = okta_wire_is_id(app) ? STR("this is not the id of a group") : no_app;
        }
    }
    if (!okta_walk_all(okta, walks, n, arena, err))
        return err_wrap(err, "reading the push mappings of groups");
    for (size_t i = 0; i < n; i++)
        out[i] = judge_mappings(&walks[i], &found[i]);
    return true;
}

/* ---- assignments ---- */

struct assignments {
    struct str app;
    const struct str *users;
    struct arena *arena;
    struct okta_assigned *out;
};

static struct str assignment_url(struct okta *okta, void *self, size_t i)
{
    const struct assignments *of = self;

    of->out[i] = (struct okta_assigned){0};
    if (okta_wire_is_id(of->app) && okta_wire_is_id(of->users[i])) {
        return okta_url(okta, &okta->page, "/api/v1/apps/%.*s/users/%.*s", STR_ARG(of->app),
                        STR_ARG(of->users[i]));
    }
    of->out[i].why = okta_wire_is_id(of->app) ? STR("this is not the id of a person") : no_app;
    return (struct str){0};
}

static void take_assignment(struct okta *okta, void *self, size_t i, const struct http_request *req,
                            const struct http_response *res)
{
    const struct assignments *of = self;
    struct okta_assigned *out = &of->out[i];
    struct err odd = {0};

    if (!okta_is_ok(res)) {
        out->answer = okta_failure(okta, req, res, OKTA_OBJECT, of->arena, &out->why);
    } else if (okta_wire_app_user(res->body, of->users[i], &odd)) {
        out->answer = OKTA_FOUND;
    } else {
        out->why = arena_str(of->arena, str_of(odd.msg));
    }
}

/* Somebody was not found: is it the assignment that is missing, or the application? The answer's
 * words would say, and are no contract; so the application is asked for. Where that call may not be
 * made, or is not known at all, the answers stand. */
static bool doubt_absence(struct okta *okta, const struct assignments *of, size_t n,
                          struct err *err)
{
    struct http_request req = okta_request(
        okta, HTTP_GET, okta_url(okta, &okta->page, "/api/v1/apps/%.*s", STR_ARG(of->app)),
        OKTA_BUCKET_APPS);
    struct http_response res;
    enum okta_answer answer;
    struct str why;

    if (!okta_fetch(okta, &req, &res, 1, err))
        return false;
    if (okta_is_ok(&res))
        return true;
    answer = okta_failure(okta, &req, &res, OKTA_OBJECT, of->arena, &why);
    if (answer == OKTA_FORBIDDEN || (answer == OKTA_UNKNOWN && res.status == 404))
        return true;
    for (size_t i = 0; i < n; i++) {
        if (of->out[i].answer == OKTA_NONE)
            of->out[i] = (struct okta_assigned){.answer = OKTA_UNKNOWN, .why = why};
    }
    return true;
}

bool okta_app_users(struct okta *okta, struct str app, const struct str *users, size_t n,
                    struct arena *arena, struct okta_assigned *out, struct err *err)
{
    struct assignments of = {app, users, arena, out};
    struct okta_ask ask = {
        .bucket = OKTA_BUCKET_APPS, .url = assignment_url, .take = take_assignment, .self = &of};
    bool is_anybody_missing = false;

    okta_begin(okta);
    if (!okta_ask_all(okta, &ask, n, err))
        return err_wrap(err, "reading who is assigned to the application");
    for (size_t i = 0; i < n; i++)
        is_anybody_missing |= out[i].answer == OKTA_NONE;
    if (is_anybody_missing && !doubt_absence(okta, &of, n, err))
        return err_wrap(err, "looking for the application");
    return true;
}

/* ---- the System Log ---- */

/* What went well is left out by the remote, or it would fill the pages. Failures of single
 * memberships are events of their own, whatever their names seem to say. */
static const char push_events[] =
    "(eventType sw \"application.provision.group_membership.\" or "
    "eventType eq \"app.user_management.grouppush.mapping.okta.users.ignored\" or "
    "eventType sw \"application.provision.group_push.mapping.update.or.delete.failed\" or "
    "(eventType sw \"application.provision.group_push.\" and outcome.result eq \"FAILURE\"))";

struct troubles {
    struct arena *arena;
    VEC_OF(struct okta_push_event) events;
};

static bool take_troubles(struct okta_log_walk *walk, struct str body, size_t *n, struct err *err)
{
    struct troubles *troubles = walk->self;
    struct okta_push_log page = {0};

    if (!okta_wire_push_events(body, troubles->arena, &page, n, err))
        return false;
    for (size_t i = 0; i < page.n; i++)
        VEC_PUSH(troubles->arena, &troubles->events, page.events[i]);
    return true;
}

/* Oldest first; by uuid and person where that is the same, so that doubles are neighbours. */
static int compare_events(const void *a, const void *b)
{
    const struct okta_push_event *left = a;
    const struct okta_push_event *right = b;
    int order;

    if (left->published_ms != right->published_ms)
        return left->published_ms < right->published_ms ? -1 : 1;
    order = str_cmp(left->uuid, right->uuid);
    return order != 0 ? order : str_cmp(left->person, right->person);
}

/* Pages may overlap. */
static size_t sort_events(struct okta_push_event *events, size_t n)
{
    size_t kept = 0;

    if (n > 0)
        qsort(events, n, sizeof(*events), compare_events);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || compare_events(&events[kept - 1], &events[i]) != 0)
            events[kept++] = events[i];
    }
    return kept;
}

bool okta_poll_pushes(struct okta *okta, int64_t since_ms, struct arena *arena,
                      struct okta_push_log *out, struct err *err)
{
    struct troubles troubles = {.arena = arena};
    struct okta_log_walk walk = {
        .filter = push_events,
        .since_ms = since_ms,
        .max_pages = LOG_PAGES,
        .page = take_troubles,
        .self = &troubles,
    };

    okta_begin(okta);
    if (!okta_walk_log(okta, &walk, arena, err))
        return err_wrap(err, "reading the System Log about pushes");
    *out = (struct okta_push_log){.answer = walk.answer, .why = walk.why};
    if (walk.answer == OKTA_FOUND) {
        out->events = troubles.events.items;
        out->n = sort_events(troubles.events.items, troubles.events.n);
    }
    return true;
}

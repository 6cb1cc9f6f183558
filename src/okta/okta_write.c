/* Single memberships, added and removed (contracts/okta.md 4). */

#include <assert.h>

#include "base/map.h"
#include "okta/okta_call.h"

/* Longer than that a write does not wait for a rate budget: whoever decided it asks anew first. */
#define WRITE_WAIT_MS (5 * TIME_SECOND)

void okta_allow_writes(struct okta *okta, const struct str *groups, size_t n)
{
    struct str *ids;

    arena_reset(&okta->may, 0);
    ids = arena_array(&okta->may, struct str, n);
    for (size_t i = 0; i < n; i++)
        ids[i] = arena_str(&okta->may, groups[i]);
    okta->n_writable = str_sort_unique(ids, n);
    okta->writable = ids;
}

/* ---- what an answer proves ---- */

/* Read from the top: the first row that fits. A status of 0 fits any of its class. */
struct meaning {
    int from, to; /* statuses */
    const char *code;
    enum okta_effect effect;
    bool read_only;
};

static const struct meaning meanings[] = {
    {400, 400, NULL, EFFECT_REFUSED, false},
    {401, 401, NULL, EFFECT_REFUSED, false}, /* a new token was tried */
    {403, 403, "E0000006", EFFECT_REFUSED, true},
    {403, 403, "E0000060", EFFECT_REFUSED, true},
    {403, 403, "insufficient_scope", EFFECT_REFUSED, true},
    {404, 404, NULL, EFFECT_NONE, false},    /* what is missing is asked afterwards */
    {408, 408, NULL, EFFECT_UNKNOWN, false}, /* said by boxes in between, about either side */
    {409, 409, NULL, EFFECT_NONE, false},
    {423, 423, NULL, EFFECT_NONE, false},
    {429, 429, NULL, EFFECT_NONE, false},
    {400, 499, NULL, EFFECT_REFUSED, false},
    {501, 501, "E0000060", EFFECT_REFUSED, true}, /* a read-only group, before 2026-04 */
    {501, 501, NULL, EFFECT_REFUSED, false},
    {503, 503, "E0000010", EFFECT_NONE, false}, /* the service is in read-only mode */
};

/* Okta says 204 and nothing more. A page of text under a 200 is somebody else's answer. */
static bool is_done(const struct http_response *res)
{
    return res->status == 204 || (res->status >= 200 && res->status <= 299 && res->body.len == 0);
}

static void judge_status(const struct http_response *res, struct str code, struct okta_result *out)
{
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        const struct meaning *m = &meanings[i];
        if (res->status < m->from || res->status > m->to || (m->code && !str_is(code, m->code)))
            continue;
        out->effect = m->effect;
        out->read_only = m->read_only;
        return;
    }
    out->effect = EFFECT_UNKNOWN;
}

/* True when it must be asked what is missing. */
static bool judge(struct okta *okta, const struct http_request *req,
                  const struct http_response *res, struct arena *arena, struct okta_result *out)
{
    struct okta_error error;

    *out = (struct okta_result){.effect = EFFECT_DONE};
    if (res->outcome == HTTP_ANSWERED && is_done(res))
        return false;
    error = okta_wire_error(res, &okta->page);
    if (res->outcome == HTTP_ANSWERED) {
        judge_status(res, error.code, out);
    } else {
        out->effect = res->outcome == HTTP_NOT_SENT ? EFFECT_NONE : EFFECT_UNKNOWN;
    }
    out->wait_ms = out->effect == EFFECT_NONE ? res->wait_ms : 0;
    out->why = okta_complaint(req, res, &error, arena);
    return res->outcome == HTTP_ANSWERED && res->status == 404 && str_is(error.code, "E0000007");
}

/* ---- after a 404: who is missing? ---- */

enum presence { PRESENCE_UNCLEAR, PRESENCE_HERE, PRESENCE_GONE };

struct question {
    struct str id;
    enum presence answer;
};

/* Each id once, however many changes ask. */
struct questions {
    struct map index;
    struct question *list;
    size_t n;
    const char *kind; /* of the path */
    const char *bucket;
};

static struct question *ask(struct okta *okta, struct questions *questions, struct str id)
{
    struct question *found = map_get(&questions->index, id);

    if (!found) {
        found = &questions->list[questions->n++];
        found->id = id;
        map_put(&questions->index, &okta->call, id, found);
    }
    return found;
}

/* Failing to learn is an answer too: the 404 alone proves that nothing was carried out. */
static void find_out(struct okta *okta, struct questions *questions)
{
    for (size_t from = 0; from < questions->n; from += OKTA_ROUND) {
        size_t n = questions->n - from < OKTA_ROUND ? questions->n - from : OKTA_ROUND;
        struct http_request *req = arena_array(&okta->page, struct http_request, n);
        struct http_response *res = arena_array(&okta->page, struct http_response, n);
        struct err why = {0};

        for (size_t i = 0; i < n; i++) {
            req[i] = okta_request(okta, HTTP_GET,
                                  okta_url(okta, &okta->page, "/api/v1/%s/%.*s", questions->kind,
                                           STR_ARG(questions->list[from + i].id)),
                                  questions->bucket);
        }
        if (!okta_exchange(okta, req, res, n, &why))
            return;
        for (size_t i = 0; i < n; i++) {
            struct okta_error error = okta_wire_error(&res[i], &okta->page);
            if (okta_is_ok(&res[i])) {
                questions->list[from + i].answer = PRESENCE_HERE;
            } else if (res[i].outcome == HTTP_ANSWERED &&
                       okta_answer_to(res[i].status, error.code, OKTA_OBJECT) == OKTA_NONE) {
                questions->list[from + i].answer = PRESENCE_GONE;
            }
        }
    }
}

static void explain(const struct okta_change *change, enum presence group, enum presence person,
                    struct okta_result *out)
{
    if (group == PRESENCE_GONE) {
        out->group_gone = true;
        out->effect = EFFECT_REFUSED;
    } else if (group == PRESENCE_HERE && person == PRESENCE_GONE) {
        out->person_gone = true;
        out->effect = change->verb == OKTA_REMOVE ? EFFECT_DONE : EFFECT_REFUSED;
    } else if (group == PRESENCE_HERE && person == PRESENCE_HERE) {
        /* Both are there, so it was about the membership itself: reading it tells. */
        out->effect = EFFECT_UNKNOWN;
    }
}

static void look_for_missing(struct okta *okta, const struct okta_change *changes,
                             const bool *missing, size_t n, struct okta_result *out)
{
    struct questions groups = {.kind = "groups", .bucket = OKTA_BUCKET_GROUP};
    struct questions people = {.kind = "users", .bucket = OKTA_BUCKET_USER};

    groups.list = arena_array(&okta->call, struct question, n);
    people.list = arena_array(&okta->call, struct question, n);
    for (size_t i = 0; i < n; i++) {
        if (missing[i])
            (void)ask(okta, &groups, changes[i].group);
    }
    find_out(okta, &groups);
    for (size_t i = 0; i < n; i++) {
        if (missing[i] && ask(okta, &groups, changes[i].group)->answer == PRESENCE_HERE)
            (void)ask(okta, &people, changes[i].person);
    }
    find_out(okta, &people);
    for (size_t i = 0; i < n; i++) {
        enum presence group;
        if (!missing[i])
            continue;
        group = ask(okta, &groups, changes[i].group)->answer;
        explain(&changes[i], group,
                group == PRESENCE_HERE ? ask(okta, &people, changes[i].person)->answer
                                       : PRESENCE_UNCLEAR,
                &out[i]);
    }
}

/* ---- the batch ---- */

static bool check_allowed(const struct okta *okta, const struct okta_change *changes, size_t n,
                          struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!okta_wire_is_id(changes[i].group) ||
            !str_in_sorted(okta->writable, okta->n_writable, changes[i].group)) {
            return err_set(err, ERR_INTERNAL, "okta: the group %.*s may not be written",
                           STR_ARG(changes[i].group));
        }
    }
    return true;
}

static struct http_request change_request(struct okta *okta, const struct okta_change *change)
{
    struct str url = okta_url(okta, &okta->call, "/api/v1/groups/%.*s/users/%.*s",
                              STR_ARG(change->group), STR_ARG(change->person));

    struct http_request req = okta_request(okta, change->verb == OKTA_ADD ? HTTP_PUT : HTTP_DELETE,
                                           url, OKTA_BUCKET_GROUPS);

    /* Adding and removing are sets, but whether one happened must be read, not hoped for. */
    req.max_wait_ms = WRITE_WAIT_MS;
    return req;
}

bool okta_write(struct okta *okta, const struct okta_change *changes, size_t n, struct arena *arena,
                struct okta_result *out, struct err *err)
{
    struct http_request *req;
    struct http_response *res;
    size_t *at;
    bool *missing;
    size_t n_sent = 0;
    bool any_missing = false;

    okta_begin(okta);
    if (!check_allowed(okta, changes, n, err))
        return false;
    req = arena_array(&okta->call, struct http_request, n);
    res = arena_array(&okta->call, struct http_response, n);
    at = arena_array(&okta->call, size_t, n);
    missing = arena_array(&okta->call, bool, n);
    for (size_t i = 0; i < n; i++) {
        if (!okta_wire_is_id(changes[i].person))
            continue;
        at[n_sent] = i;
        req[n_sent++] = change_request(okta, &changes[i]);
    }
    if (!okta_exchange(okta, req, res, n_sent, err))
        return err_wrap(err, "writing memberships");

    for (size_t i = 0; i < n; i++) {
        out[i] = (struct okta_result){.effect = EFFECT_REFUSED,
                                      .why = STR("this is not the id of a person")};
    }
    for (size_t i = 0; i < n_sent; i++) {
        missing[at[i]] = judge(okta, &req[i], &res[i], arena, &out[at[i]]);
        any_missing |= missing[at[i]];
    }
    if (any_missing)
        look_for_missing(okta, changes, missing, n, out);
    return true;
}

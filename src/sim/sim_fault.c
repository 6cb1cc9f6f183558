#include "sim/sim_fault.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/vec.h"
#include "sim/sim_aws.h"
#include "sim/sim_request.h"
#include "sim/sim_yaml.h"

/* Address space. A script of 1 MiB cannot become a tree of more than 128 MiB. */
#define FAULTS_BUDGET ((size_t)512 << 20)
#define MAX_SCRIPT    ((size_t)1 << 20)

struct rule {
    struct str name;
    bool any_method;
    enum http_method method;
    struct str path, query, group, person, service, operation; /* empty: any */
    int64_t nth, times, from_ms, until_ms, percent;
    int64_t loaded_ms;
    struct sim_play play;
    uint64_t fitted, played;
};

struct timed {
    int64_t at_ms;
    struct sim_action action;
    bool done;
};

struct sim_faults {
    struct arena arena;
    struct rng rng;
    VEC_OF(struct rule) rules;
    VEC_OF(struct timed) timed;
};

struct sim_faults *sim_faults_new(uint64_t seed)
{
    struct sim_faults *faults = calloc(1, sizeof(*faults));

    if (!faults)
        abort();
    arena_init(&faults->arena, FAULTS_BUDGET);
    faults->rng = rng_seed(seed ^ UINT64_C(0xfa017));
    return faults;
}

void sim_faults_free(struct sim_faults *faults)
{
    if (!faults)
        return;
    arena_fini(&faults->arena);
    free(faults);
}

void sim_faults_clear(struct sim_faults *faults)
{
    faults->rules.items = NULL;
    faults->rules.n = faults->rules.cap = 0;
    faults->timed.items = NULL;
    faults->timed.n = faults->timed.cap = 0;
    arena_reset(&faults->arena, 0);
}

/* ---- reading ---- */

static bool read_method(const struct sim_node *node, struct str word, enum http_method *out,
                        struct err *err)
{
    static const enum http_method methods[] = {HTTP_GET, HTTP_PUT, HTTP_POST, HTTP_DELETE,
                                               HTTP_PATCH};

    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (str_ieq(word, str_of(http_method_name(methods[i])))) {
            *out = methods[i];
            return true;
        }
    }
    return sim_node_err(node, err, "`method` must be GET, PUT, POST, DELETE or PATCH");
}

/* One of a few words, or the number 0 where the key is absent. */
static bool read_word(const struct sim_node *node, const char *key, const char *const *words,
                      size_t n, int *out, struct err *err)
{
    const struct sim_node *value = sim_node_get(node, key);
    struct buf known = {0};

    if (!value)
        return true;
    for (size_t i = 1; i < n; i++) {
        if (value->kind == SIM_NODE_SCALAR && str_is(value->text, words[i])) {
            *out = (int)i;
            buf_fini(&known);
            return true;
        }
        buf_printf(&known, "%s%s", i > 1 ? " " : "", words[i]);
    }
    (void)sim_node_err(value, err, "`%s` must be one of: %s", key, known.ptr ? known.ptr : "");
    buf_fini(&known);
    return false;
}

#define SERVICES "identitystore sso sts metadata container subscriptions q codewhisperer okta"

static const char *service_name(const struct sim_aws_name *aws)
{
    static const char *const names[] = {
        [SIM_AWS_IDENTITYSTORE] = "identitystore",
        [SIM_AWS_SSO] = "sso",
        [SIM_AWS_STS] = "sts",
        [SIM_AWS_METADATA] = "metadata",
        [SIM_AWS_CONTAINER] = "container",
        [SIM_AWS_SUBSCRIPTIONS] = "subscriptions",
        [SIM_AWS_Q] = "q",
        [SIM_AWS_CODEWHISPERER] = "codewhisperer",
        [SIM_AWS_OTHER] = "",
    };

    return aws ? names[aws->service] : "okta";
}

static bool is_service(struct str word)
{
    struct str known = STR(SERVICES);

    while (known.len > 0) {
        if (str_eq(str_cut(&known, ' '), word))
            return true;
    }
    return false;
}

struct match {
    struct str method, path, query, group, person, service, operation;
    int64_t nth, times, from, until, percent;
};

static bool read_match(const struct sim_node *node, struct rule *rule, struct err *err)
{
    struct match m = {.times = -1, .until = INT64_MAX, .percent = 100};
    static const struct sim_field fields[] = {
        {"method", SIM_FIELD_STR, offsetof(struct match, method)},
        {"path", SIM_FIELD_STR, offsetof(struct match, path)},
        {"query", SIM_FIELD_STR, offsetof(struct match, query)},
        {"group", SIM_FIELD_STR, offsetof(struct match, group)},
        {"person", SIM_FIELD_STR, offsetof(struct match, person)},
        {"service", SIM_FIELD_STR, offsetof(struct match, service)},
        {"operation", SIM_FIELD_STR, offsetof(struct match, operation)},
        {"nth", SIM_FIELD_INT, offsetof(struct match, nth)},
        {"times", SIM_FIELD_INT, offsetof(struct match, times)},
        {"from", SIM_FIELD_SPAN, offsetof(struct match, from)},
        {"until", SIM_FIELD_SPAN, offsetof(struct match, until)},
        {"percent", SIM_FIELD_INT, offsetof(struct match, percent)},
    };

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &m, err))
        return false;
    rule->any_method = m.method.len == 0;
    if (!rule->any_method && !read_method(node, m.method, &rule->method, err))
        return false;
    if (m.nth < 0 || m.percent < 0 || m.percent > 100 || (m.times < 0 && m.times != -1))
        return sim_node_err(node, err, "`nth` and `times` are counts, `percent` is 0 to 100");
    if (m.service.len > 0 && !is_service(m.service)) {
        return sim_node_err(node, err, "`service` must be one of: " SERVICES);
    }
    rule->service = m.service;
    rule->operation = m.operation;
    rule->path = m.path;
    rule->query = m.query;
    rule->group = m.group;
    rule->person = m.person;
    rule->nth = m.nth > 0 ? m.nth : 1;
    rule->times = m.times >= 0 ? m.times : m.nth > 0 ? 1 : INT64_MAX;
    rule->from_ms = m.from;
    rule->until_ms = m.until;
    rule->percent = m.percent;
    return true;
}

static bool read_headers(const struct sim_node *node, struct sim_play *play, struct err *err)
{
    if (!node)
        return true;
    if (node->kind != SIM_NODE_MAP || node->n > SIM_PLAY_HEADERS)
        return sim_node_err(node, err, "`headers` must be a map of at most %d", SIM_PLAY_HEADERS);
    for (const struct sim_node *child = node->first; child; child = child->next) {
        if (child->kind != SIM_NODE_SCALAR || str_has(child->text, '\n') ||
            str_has(child->text, '\r'))
            return sim_node_err(child, err, "a header's value must be one line");
        play->headers[play->n_headers++] = (struct http_header){child->key, child->text};
    }
    return true;
}

static bool read_page(const struct sim_node *node, struct sim_play *play, struct err *err)
{
    static const struct sim_field fields[] = {
        {"empty", SIM_FIELD_BOOL, offsetof(struct sim_play, page_empty)},
        {"drop_next", SIM_FIELD_BOOL, offsetof(struct sim_play, page_drop_next)},
        {"twice", SIM_FIELD_BOOL, offsetof(struct sim_play, page_twice)},
        {"not_a_list", SIM_FIELD_BOOL, offsetof(struct sim_play, page_not_a_list)},
        {"no_ids", SIM_FIELD_BOOL, offsetof(struct sim_play, page_no_ids)},
        {"not_json", SIM_FIELD_BOOL, offsetof(struct sim_play, page_not_json)},
    };

    return !node || sim_bind(node, fields, ARRAY_LEN(fields), play, err);
}

static bool read_words(const struct sim_node *node, struct sim_play *play, struct err *err)
{
    static const char *const closes[] = {"", "before", "after"};
    static const char *const cursors[] = {"", "repeat", "loop", "foreign", "garbled"};
    static const char *const rates[] = {"", "bucket", "concurrency", "doubled", "bare"};
    static const char *const tokens[] = {"",     "expired",    "forgotten", "repeat",
                                         "loop", "empty_page", "garbled"};
    int close = 0;
    int cursor = 0;
    int rate = 0;
    int token = 0;

    if (!read_word(node, "close", closes, ARRAY_LEN(closes), &close, err) ||
        !read_word(node, "cursor", cursors, ARRAY_LEN(cursors), &cursor, err) ||
        !read_word(node, "rate", rates, ARRAY_LEN(rates), &rate, err) ||
        !read_word(node, "token", tokens, ARRAY_LEN(tokens), &token, err))
        return false;
    play->close = (enum sim_close)close;
    play->cursor = (enum sim_cursor)cursor;
    play->rate = (enum sim_rate)rate;
    play->token = (enum sim_token_fault)token;
    return true;
}

struct deed {
    struct sim_play play;
    int64_t status;
    struct str ignored; /* words that are read apart */
    const struct sim_node *headers, *page;
};

static bool read_do(const struct sim_node *node, struct sim_play *out, struct err *err)
{
    struct deed d = {.play = {.truncate = -1}};
    static const struct sim_field fields[] = {
        {"status", SIM_FIELD_INT, offsetof(struct deed, status)},
        {"applied", SIM_FIELD_BOOL, offsetof(struct deed, play.applied)},
        {"error_code", SIM_FIELD_STR, offsetof(struct deed, play.error_code)},
        {"body", SIM_FIELD_STR, offsetof(struct deed, play.body)},
        {"html", SIM_FIELD_STR, offsetof(struct deed, play.html)},
        {"headers", SIM_FIELD_NODE, offsetof(struct deed, headers)},
        {"delay", SIM_FIELD_SPAN, offsetof(struct deed, play.delay_ms)},
        {"close", SIM_FIELD_STR, offsetof(struct deed, ignored)},
        {"refuse", SIM_FIELD_BOOL, offsetof(struct deed, play.refuse)},
        {"hang", SIM_FIELD_BOOL, offsetof(struct deed, play.hang)},
        {"garbage", SIM_FIELD_BOOL, offsetof(struct deed, play.garbage)},
        {"truncate", SIM_FIELD_INT, offsetof(struct deed, play.truncate)},
        {"empty_list", SIM_FIELD_BOOL, offsetof(struct deed, play.empty_list)},
        {"shrink", SIM_FIELD_INT, offsetof(struct deed, play.shrink)},
        {"cursor", SIM_FIELD_STR, offsetof(struct deed, ignored)},
        {"rate", SIM_FIELD_STR, offsetof(struct deed, ignored)},
        {"stale", SIM_FIELD_SPAN, offsetof(struct deed, play.stale_ms)},
        {"page", SIM_FIELD_NODE, offsetof(struct deed, page)},
        {"token", SIM_FIELD_STR, offsetof(struct deed, ignored)},
        {"code", SIM_FIELD_STR, offsetof(struct deed, play.code)},
        {"reason", SIM_FIELD_STR, offsetof(struct deed, play.reason)},
        {"resource_type", SIM_FIELD_STR, offsetof(struct deed, play.resource_type)},
        {"retry_after", SIM_FIELD_INT, offsetof(struct deed, play.retry_after)},
        {"skew", SIM_FIELD_SPAN, offsetof(struct deed, play.skew_ms)},
        {"xml", SIM_FIELD_BOOL, offsetof(struct deed, play.xml)},
    };

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &d, err) || !read_words(node, &d.play, err) ||
        !read_headers(d.headers, &d.play, err) || !read_page(d.page, &d.play, err))
        return false;
    if (d.status != 0 && (d.status < 200 || d.status > 599))
        return sim_node_err(node, err, "`status` must be 200 to 599");
    if (d.play.shrink < 0 || d.play.shrink > 100 || d.play.delay_ms < 0 || d.play.truncate < -1)
        return sim_node_err(node, err, "`shrink` is 0 to 100, `delay` and `truncate` from 0");
    d.play.status = (int)d.status;
    d.play.has_body = sim_node_get(node, "body") != NULL;
    *out = d.play;
    return true;
}

struct action_keys {
    struct str method, path;
    const struct sim_node *body;
};

static bool read_actions(struct sim_faults *faults, const struct sim_node *list, int64_t at_ms,
                         struct err *err)
{
    if (list->kind != SIM_NODE_LIST)
        return sim_node_err(list, err, "`actions` must be a list");
    for (const struct sim_node *node = list->first; node; node = node->next) {
        struct action_keys a = {.method = STR("POST")};
        static const struct sim_field fields[] = {
            {"method", SIM_FIELD_STR, offsetof(struct action_keys, method)},
            {"path", SIM_FIELD_STR, offsetof(struct action_keys, path)},
            {"body", SIM_FIELD_NODE, offsetof(struct action_keys, body)},
        };
        struct timed timed = {.at_ms = at_ms};

        if (!sim_bind(node, fields, ARRAY_LEN(fields), &a, err) ||
            !read_method(node, a.method, &timed.action.method, err))
            return false;
        if (!str_starts(a.path, STR("/_sim/")))
            return sim_node_err(node, err, "`path` must begin with /_sim/");
        timed.action.path = a.path;
        if (a.body)
            timed.action.body = sim_node_json(a.body, &faults->arena);
        VEC_PUSH(&faults->arena, &faults->timed, timed);
    }
    return true;
}

struct rule_keys {
    struct str name;
    const struct sim_node *match, *deed, *actions;
    int64_t at;
};

static bool read_rule(struct sim_faults *faults, const struct sim_node *node, int64_t now_ms,
                      struct err *err)
{
    struct rule_keys r = {.at = 0};
    static const struct sim_field fields[] = {
        {"name", SIM_FIELD_STR, offsetof(struct rule_keys, name)},
        {"match", SIM_FIELD_NODE, offsetof(struct rule_keys, match)},
        {"do", SIM_FIELD_NODE, offsetof(struct rule_keys, deed)},
        {"at", SIM_FIELD_SPAN, offsetof(struct rule_keys, at)},
        {"actions", SIM_FIELD_NODE, offsetof(struct rule_keys, actions)},
    };
    struct rule rule = {.loaded_ms = now_ms,
                        .times = INT64_MAX,
                        .nth = 1,
                        .any_method = true,
                        .until_ms = INT64_MAX,
                        .percent = 100};

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &r, err))
        return false;
    if (r.actions && !r.deed && !r.match)
        return read_actions(faults, r.actions, now_ms + r.at, err);
    if (!r.deed || r.actions)
        return sim_node_err(node, err, "a rule needs `do`, or `at` and `actions`");
    if ((r.match && !read_match(r.match, &rule, err)) || !read_do(r.deed, &rule.play, err))
        return false;
    rule.name = r.name;
    VEC_PUSH(&faults->arena, &faults->rules, rule);
    return true;
}

bool sim_faults_load(struct sim_faults *faults, struct str yaml, int64_t now_ms, struct err *err)
{
    size_t n_rules = faults->rules.n;
    size_t n_timed = faults->timed.n;
    const struct sim_node *root;

    if (yaml.len > MAX_SCRIPT)
        return err_set(err, ERR_USAGE, "line 1: a fault script has at most 1 MiB");
    if (arena_mark(&faults->arena) > FAULTS_BUDGET / 2)
        return err_set(err, ERR_USAGE, "line 1: too many fault scripts: clear them first");
    if (!sim_yaml_parse(yaml, &faults->arena, &root, err))
        return false;
    if (root->kind == SIM_NODE_MAP && root->n == 0)
        return true;
    if (root->kind != SIM_NODE_LIST)
        return sim_node_err(root, err, "a fault script is a list of rules");
    for (const struct sim_node *node = root->first; node; node = node->next) {
        if (!read_rule(faults, node, now_ms, err)) {
            faults->rules.n = n_rules;
            faults->timed.n = n_timed;
            return false;
        }
    }
    return true;
}

/* ---- playing ---- */

bool sim_glob(struct str pattern, struct str text)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = SIZE_MAX;
    size_t resume = 0;

    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.len && (pattern.ptr[p] == '?' || pattern.ptr[p] == text.ptr[t])) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

static struct str segment_after(const struct sim_request *req, const char *name)
{
    for (size_t i = 0; i + 1 < req->n_segments; i++) {
        if (str_is(req->segments[i], name))
            return req->segments[i + 1];
    }
    return (struct str){0};
}

static bool fits_group(struct sim *sim, const struct rule *rule, const struct sim_request *req,
                       const struct sim_aws_name *aws)
{
    struct str id = segment_after(req, "groups");

    if (rule->group.len == 0 || str_eq(rule->group, id))
        return true;
    if (aws)
        return sim_aws_about_group(sim, req, rule->group);

    uint32_t group = sim_find_group_id(sim, id);
    return group != SIM_NOBODY && str_eq(sim_group(sim, group)->name, rule->group);
}

static bool fits_person(struct sim *sim, const struct rule *rule, const struct sim_request *req,
                        const struct sim_aws_name *aws)
{
    struct str key = segment_after(req, "users");

    if (rule->person.len == 0 || (key.len > 0 && str_eq(rule->person, key)))
        return true;
    if (aws)
        return sim_aws_about_person(sim, req, rule->person);
    if (key.len == 0)
        return false;

    uint32_t person = sim_find_anybody(sim, key);
    return person != SIM_NOBODY && str_ieq(sim_person(sim, person)->login, rule->person);
}

static bool fits_query(const struct rule *rule, const struct sim_request *req)
{
    struct str query = req->target;

    if (rule->query.len == 0)
        return true;
    (void)str_cut(&query, '?');
    return str_is(rule->query, "-") ? query.len == 0 : sim_glob(rule->query, query);
}

static bool fits_service(const struct rule *rule, const struct sim_aws_name *aws)
{
    if (rule->service.len > 0 && !str_is(rule->service, service_name(aws)))
        return false;
    return rule->operation.len == 0 || (aws && sim_glob(rule->operation, aws->operation));
}

static bool fits(struct sim *sim, const struct rule *rule, const struct sim_request *req,
                 const struct sim_aws_name *aws)
{
    int64_t since = sim_now(sim) - rule->loaded_ms;

    return (rule->any_method || rule->method == req->method) && since >= rule->from_ms &&
           since < rule->until_ms && (rule->path.len == 0 || sim_glob(rule->path, req->path)) &&
           fits_service(rule, aws) && fits_query(rule, req) && fits_group(sim, rule, req, aws) &&
           fits_person(sim, rule, req, aws);
}

/* After fitting: is it this rule's turn? */
static bool is_due(struct sim_faults *faults, const struct rule *rule)
{
    uint64_t first = (uint64_t)rule->nth;

    if (rule->fitted < first || rule->fitted - first >= (uint64_t)rule->times)
        return false;
    return rule->percent >= 100 || rng_chance(&faults->rng, (unsigned)rule->percent);
}

const struct sim_play *sim_faults_play(struct sim *sim, const struct sim_request *req,
                                       const struct sim_aws_name *aws)
{
    struct sim_faults *faults = sim->faults;
    const struct sim_play *play = NULL;

    for (size_t i = 0; i < faults->rules.n; i++) {
        struct rule *rule = &faults->rules.items[i];

        if (!fits(sim, rule, req, aws))
            continue;
        rule->fitted++;
        if (!play && is_due(faults, rule)) {
            rule->played++;
            play = &rule->play;
        }
    }
    return play;
}

bool sim_faults_due(struct sim_faults *faults, int64_t now_ms, struct sim_action *out)
{
    struct timed *first = NULL;

    for (size_t i = 0; i < faults->timed.n; i++) {
        struct timed *timed = &faults->timed.items[i];

        if (!timed->done && timed->at_ms <= now_ms && (!first || timed->at_ms < first->at_ms))
            first = timed;
    }
    if (!first)
        return false;
    first->done = true;
    *out = first->action;
    return true;
}

size_t sim_faults_count(const struct sim_faults *faults)
{
    return faults->rules.n;
}

struct sim_fault_count sim_faults_at(const struct sim_faults *faults, size_t i)
{
    const struct rule *rule = &faults->rules.items[i];

    return (struct sim_fault_count){rule->name, rule->fitted, rule->played};
}

#include "sim/sim_control.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "sim/sim_control_parts.h"
#include "sim/sim_fault.h"
#include "sim/sim_idc.h"
#include "sim/sim_org.h"
#include "sim/sim_request.h"
#include "sim/sim_scim.h"

/* What changes the cloud; sim_show.c has what looks at it. */

int sim_control_fail(struct sim_control *c, int status, const char *what)
{
    struct json_out out = {.buf = c->out};

    buf_clear(c->out);
    json_open(&out, NULL, '{');
    json_put_str(&out, "error", c->err.msg[0] ? str_of(c->err.msg) : str_of(what));
    json_end(&out, '}');
    return status;
}

int sim_control_done(struct sim_control *c)
{
    buf_add(c->out, STR("{\"ok\":true}"));
    return 200;
}

static struct str segment(const struct sim_control *c, size_t i)
{
    return i < c->req->n_segments ? c->req->segments[i] : (struct str){0};
}

static struct str body_text(const struct sim_control *c, const char *key)
{
    const struct sim_node *node = c->body->kind == SIM_NODE_MAP ? sim_node_get(c->body, key) : NULL;

    return node && node->kind == SIM_NODE_SCALAR ? node->text : (struct str){0};
}

/* Who did it: the one named, else the default organisation's administrator, else nobody known. */
static const struct sim_actor *actor_of(struct sim_control *c)
{
    struct str name = body_text(c, "actor");
    uint32_t person = sim_find_anybody(c->sim, name.len > 0 ? name : STR("admin@example.com"));

    if (str_is(name, "system"))
        return sim_actor_system(c->sim);
    if (person != SIM_NOBODY)
        return sim_actor_person(c->sim, person);
    return sim_actor(
        c->sim, &(struct sim_actor){.kind = SIM_ACTOR_PERSON,
                                    .id = STR("00u1simadministrator"),
                                    .alternate = name.len > 0 ? name : STR("admin@example.com"),
                                    .display = STR("Administrator")});
}

/* ---- clock, faults, organisation ---- */

static bool read_set(struct str text, int64_t *out)
{
    return (time_parse_iso(text, out) || str_to_i64(text, out)) && *out >= SIM_FIRST_MS &&
           *out <= SIM_LAST_MS;
}

static int post_clock(struct sim_control *c)
{
    struct str advance = body_text(c, "advance");
    struct str set = body_text(c, "set");
    struct str skew = body_text(c, "skew");
    int64_t value;

    if (advance.len + set.len + skew.len == 0)
        return sim_control_fail(c, 400, "advance, set or skew is needed");
    if (advance.len > 0) {
        if (!sim_span(advance, &value) || value < 0)
            return sim_control_fail(c, 400, "`advance` must be a duration");
        sim_advance(c->sim, value);
    }
    if (set.len > 0) {
        if (!read_set(set, &value))
            return sim_control_fail(c, 400, "`set` must be a time");
        sim_set_time(c->sim, value);
        sim_subs_on_clock(c->sim);
    }
    if (skew.len > 0) {
        if (!sim_span(skew, &value) || value > 366 * TIME_DAY || value < -366 * TIME_DAY) {
            return sim_control_fail(
                c, 400, "`skew` must be a duration of at most a year, with or without -");
        }
        __atomic_store_n(&c->sim->skew_ms, value, __ATOMIC_SEQ_CST);
        sim_subs_on_clock(c->sim);
    }
    return sim_show_clock(c->sim, c->out);
}

static int post_faults(struct sim_control *c)
{
    if (!sim_faults_load(c->sim->faults, c->req->body, sim_now(c->sim), &c->err))
        return sim_control_fail(c, 400, "bad fault script");
    return sim_control_done(c);
}

static int post_org(struct sim_control *c)
{
    if (!sim_org_load(c->sim, c->req->body, &c->err))
        return sim_control_fail(c, 400, "bad organisation");
    return sim_control_done(c);
}

static int post_quirks(struct sim_control *c)
{
    if (!sim_org_quirks(c->sim, c->body, &c->err))
        return sim_control_fail(c, 400, "bad quirks");
    return sim_control_done(c);
}

/* ---- people ---- */

static int post_people(struct sim_control *c)
{
    uint32_t person;

    if (!sim_org_person(c->sim, c->body, &person, &c->err))
        return sim_control_fail(c, 400, "bad person");
    sim_log(c->sim, "user.lifecycle.create", actor_of(c), person, SIM_NOBODY);
    sim_scim_after_person(c->sim, person);
    sim_rules_apply(c->sim, person);
    return sim_show_person(c->sim, person, c->out);
}

static int set_status(struct sim_control *c, uint32_t person, enum user_status status,
                      const char *event)
{
    sim_person_status(c->sim, person, status);
    sim_log(c->sim, event, actor_of(c), person, SIM_NOBODY);
    if (user_status_is_usable(status))
        sim_rules_apply(c->sim, person);
    return sim_show_person(c->sim, person, c->out);
}

static int rename_person(struct sim_control *c, uint32_t person)
{
    struct str login = body_text(c, "login");

    if (login.len < 2 || login.len > 100)
        return sim_control_fail(c, 400, "a `login` of 2 to 100 characters is needed");
    if (!sim_person_rename(c->sim, person, login))
        return sim_control_fail(c, 409, "that login is taken");
    sim_log(c->sim, "user.account.update_profile", actor_of(c), person, SIM_NOBODY);
    return sim_show_person(c->sim, person, c->out);
}

static int set_profile(struct sim_control *c, uint32_t person)
{
    for (const struct sim_node *node = c->body->first; node; node = node->next) {
        if (str_is(node->key, "actor"))
            continue;
        if (node->kind != SIM_NODE_SCALAR || !sim_person_set(c->sim, person, node->key, node->text))
            return sim_control_fail(c, 400, "an attribute could not be set");
    }
    sim_log(c->sim, "user.account.update_profile", actor_of(c), person, SIM_NOBODY);
    sim_rules_apply(c->sim, person);
    return sim_show_person(c->sim, person, c->out);
}

static int post_person(struct sim_control *c)
{
    static const struct {
        const char *verb;
        enum user_status status;
        const char *event;
    } moves[] = {
        {"deactivate", USER_DEPROVISIONED, "user.lifecycle.deactivate"},
        {"suspend", USER_SUSPENDED, "user.lifecycle.suspend"},
        {"activate", USER_ACTIVE, "user.lifecycle.activate"},
        {"lock", USER_LOCKED_OUT, "user.account.lock"},
        {"unlock", USER_ACTIVE, "user.account.unlock"},
        {"stage", USER_STAGED, "user.lifecycle.create"},
    };
    uint32_t person = sim_find_anybody(c->sim, segment(c, 2));
    struct str verb = segment(c, 3);

    if (str_is(verb, "use"))
        return sim_control_use(c);
    if (person == SIM_NOBODY)
        return sim_control_fail(c, 404, "nobody is called that");
    for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
        if (str_is(verb, moves[i].verb))
            return set_status(c, person, moves[i].status, moves[i].event);
    }
    if (str_is(verb, "rename"))
        return rename_person(c, person);
    if (str_is(verb, "profile"))
        return set_profile(c, person);
    if (!str_is(verb, "delete"))
        return sim_control_fail(c, 404, "no such verb for a person");
    sim_person_delete(c->sim, person, actor_of(c));
    return sim_control_done(c);
}

/* ---- groups ---- */

static int post_groups(struct sim_control *c)
{
    uint32_t group;

    if (!sim_org_group(c->sim, c->body, &group, &c->err))
        return sim_control_fail(c, 400, "bad group");
    return sim_show_group(c->sim, group, c->out);
}

struct member_keys {
    const struct sim_node *add, *remove;
    struct str actor;
};

static int post_members(struct sim_control *c, uint32_t group)
{
    static const struct sim_field fields[] = {
        {"add", SIM_FIELD_NODE, offsetof(struct member_keys, add)},
        {"remove", SIM_FIELD_NODE, offsetof(struct member_keys, remove)},
        {"actor", SIM_FIELD_STR, offsetof(struct member_keys, actor)},
    };
    struct member_keys keys = {0};
    uint32_t *add = NULL;
    uint32_t *remove = NULL;
    size_t n_add;
    size_t n_remove;

    if (!sim_bind(c->body, fields, ARRAY_LEN(fields), &keys, &c->err) ||
        !sim_org_people(c->sim, keys.add, &add, &n_add, &c->err) ||
        !sim_org_people(c->sim, keys.remove, &remove, &n_remove, &c->err))
        return sim_control_fail(c, 400, "bad members");

    const struct sim_actor *actor = actor_of(c);
    for (size_t i = 0; i < n_add; i++)
        sim_member_add(c->sim, group, add[i], false, actor);
    for (size_t i = 0; i < n_remove; i++)
        sim_member_remove(c->sim, group, remove[i], actor);
    return sim_show_group(c->sim, group, c->out);
}

static int recreate(struct sim_control *c, uint32_t old)
{
    struct sim *sim = c->sim;
    bool keep = str_is(body_text(c, "members"), "keep");
    uint32_t fresh = sim_group_add(sim, sim_group(sim, old)->name, sim_group(sim, old)->type);
    struct sim_group *from = sim_group(sim, old);

    sim_group(sim, fresh)->description = from->description;
    for (size_t i = 0; keep && i < from->n_members; i++)
        sim_member_push(sim, fresh, sim_member_person(from->members[i]));
    sim_group_delete(sim, old);
    return sim_show_group(sim, fresh, c->out);
}

static int post_group(struct sim_control *c)
{
    uint32_t group = sim_find_group(c->sim, segment(c, 2));
    struct str verb = segment(c, 3);

    if (group == SIM_NOBODY)
        return sim_control_fail(c, 404, "no group is called that");
    if (str_is(verb, "members"))
        return post_members(c, group);
    if (group == c->sim->everyone)
        return sim_control_fail(c, 400, "Everyone cannot be changed");
    if (str_is(verb, "recreate"))
        return recreate(c, group);
    if (str_is(verb, "rename")) {
        struct str name = body_text(c, "name");

        if (name.len == 0 || name.len > 255)
            return sim_control_fail(c, 400, "a `name` is needed");
        sim_group_rename(c->sim, group, name);
        return sim_show_group(c->sim, group, c->out);
    }
    if (!str_is(verb, "delete"))
        return sim_control_fail(c, 404, "no such verb for a group");
    sim_group_delete(c->sim, group);
    return sim_control_done(c);
}

/* ---- rules ---- */

static int post_rules(struct sim_control *c)
{
    if (!sim_org_rule(c->sim, c->body, &c->err))
        return sim_control_fail(c, 400, "bad rule");
    return sim_control_done(c);
}

static int post_rule(struct sim_control *c)
{
    uint32_t rule = sim_find_rule(c->sim, segment(c, 2));
    struct str verb = segment(c, 3);

    if (rule == SIM_NOBODY)
        return sim_control_fail(c, 404, "no rule is called that");
    if (str_is(verb, "activate")) {
        sim_rule_status(c->sim, rule, STR("ACTIVE"));
    } else if (str_is(verb, "deactivate")) {
        sim_rule_status(c->sim, rule, STR("INACTIVE"));
    } else if (str_is(verb, "delete")) {
        c->sim->rules[rule].is_deleted = true;
    } else {
        return sim_control_fail(c, 404, "no such verb for a rule");
    }
    return sim_control_done(c);
}

/* ---- dispatch ---- */

static const struct {
    enum http_method method;
    const char *name;
    size_t n_segments; /* with `_sim` */
    int (*run)(struct sim_control *c);
} verbs[] = {
    {HTTP_POST, "clock", 2, post_clock},
    {HTTP_POST, "faults", 2, post_faults},
    {HTTP_POST, "org", 2, post_org},
    {HTTP_POST, "quirks", 2, post_quirks},
    {HTTP_POST, "people", 2, post_people},
    {HTTP_POST, "people", 4, post_person},
    {HTTP_POST, "groups", 2, post_groups},
    {HTTP_POST, "groups", 4, post_group},
    {HTTP_POST, "rules", 2, post_rules},
    {HTTP_POST, "rules", 4, post_rule},
    {HTTP_POST, "subscriptions", 2, sim_control_subs},
};

static bool is_aws(const struct sim_control *c)
{
    return str_is(segment(c, 1), "aws") || str_is(segment(c, 1), "scim");
}

static int run(struct sim_control *c)
{
    bool raw = str_is(segment(c, 1), "faults") || str_is(segment(c, 1), "org");

    if (c->req->method == HTTP_GET && is_aws(c))
        return sim_show_aws(c->sim, c->req, c->out);
    if (c->req->method == HTTP_GET && c->req->n_segments == 2 &&
        (str_is(segment(c, 1), "subscriptions") || str_is(segment(c, 1), "bill")))
        return sim_show_subs(c->sim, c->req, c->out);
    if (c->req->method == HTTP_GET)
        return sim_show(c->sim, c->req, c->out);
    if (c->req->method == HTTP_DELETE && str_is(segment(c, 1), "faults")) {
        sim_faults_clear(c->sim->faults);
        return sim_control_done(c);
    }
    if (!raw && !sim_yaml_parse(c->req->body, &c->sim->scratch, &c->body, &c->err))
        return sim_control_fail(c, 400, "bad body");
    if (c->req->method == HTTP_POST && is_aws(c))
        return str_is(segment(c, 1), "aws") ? sim_control_aws(c) : sim_control_scim(c);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (c->req->method == verbs[i].method && c->req->n_segments == verbs[i].n_segments &&
            str_is(segment(c, 1), verbs[i].name))
            return verbs[i].run(c);
    }
    return sim_control_fail(c, 404, "no such control");
}

int sim_control_locked(struct sim *sim, enum http_method method, struct str path, struct str body,
                       struct buf *out)
{
    struct sim_request req = {.method = method, .body = body};
    static const struct sim_node empty = {.kind = SIM_NODE_MAP, .line = 1};
    struct sim_control control = {.sim = sim, .req = &req, .body = &empty, .out = out};

    if (!sim_request_parse(path, &sim->scratch, &req) || req.n_segments < 2 ||
        !str_is(req.segments[0], "_sim"))
        return sim_control_fail(&control, 404, "control paths begin with /_sim/");
    return run(&control);
}

int sim_control(struct sim *sim, enum http_method method, struct str path, struct str body,
                struct buf *out)
{
    struct buf text = {0};

    sim_lock(sim);
    int status = sim_control_locked(sim, method, path, body, &text);
    arena_reset(&sim->scratch, 0);
    sim_unlock(sim);
    buf_add(out, buf_str(&text));
    buf_fini(&text);
    return status;
}

bool sim_load_faults(struct sim *sim, struct str yaml, struct err *err)
{
    sim_lock(sim);
    bool ok = sim_faults_load(sim->faults, yaml, sim_now(sim), err);
    sim_unlock(sim);
    return ok || err_wrap(err, "fault script");
}

void sim_clear_faults(struct sim *sim)
{
    sim_lock(sim);
    sim_faults_clear(sim->faults);
    sim_unlock(sim);
}

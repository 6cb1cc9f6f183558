#include <string.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "sim/sim_control.h"
#include "sim/sim_fault.h"

#define PAGE     200
#define MAX_PAGE 10000

static int not_found(struct buf *out, const char *what)
{
    struct json_out json = {.buf = out};

    buf_clear(out);
    json_open(&json, NULL, '{');
    json_put_str(&json, "error", str_of(what));
    json_end(&json, '}');
    return 404;
}

static int64_t query_number(const struct sim_request *req, const char *name, int64_t fallback)
{
    int64_t value;

    return str_to_i64(sim_request_query(req, name, NULL), &value) && value >= 0 ? value : fallback;
}

int sim_show_clock(struct sim *sim, struct buf *out)
{
    struct json_out json = {.buf = out};

    json_open(&json, NULL, '{');
    json_put_time(&json, "now", sim_now(sim));
    json_put_i64(&json, "now_ms", sim_now(sim));
    json_put_time(&json, "cloud", sim_cloud(sim));
    json_put_i64(&json, "skew_ms", sim_cloud(sim) - sim_now(sim));
    json_put_bool(&json, "ticks", sim->ticks);
    json_end(&json, '}');
    return 200;
}

/* ---- people ---- */

static void put_groups_of(struct sim *sim, uint32_t person, struct json_out *json)
{
    arena_mark_t mark = arena_mark(&sim->scratch);
    uint32_t *groups;
    size_t n = sim_groups_of(sim, person, &sim->scratch, &groups);

    json_open(json, "groups", '[');
    for (size_t i = 0; i < n; i++) {
        if (groups[i] != sim->everyone)
            json_put_str(json, NULL, sim_group(sim, groups[i])->name);
    }
    json_end(json, ']');
    arena_reset(&sim->scratch, mark);
}

static void put_person(struct sim *sim, uint32_t number, struct json_out *json, bool whole)
{
    const struct sim_person *person = sim_person(sim, number);
    struct profile_value profile[SIM_PROFILE];

    json_open(json, NULL, '{');
    json_put_str(json, "id", sim_person_id(person));
    json_put_str(json, "login", person->login);
    json_put_str(json, "status", str_of(user_status_name((enum user_status)person->status)));
    put_groups_of(sim, number, json);
    if (whole) {
        size_t n = sim_person_profile(sim, person, profile);

        json_open(json, "profile", '{');
        json_put_str(json, "email", person->email);
        json_put_str(json, "firstName", person->first_name);
        json_put_str(json, "lastName", person->last_name);
        for (size_t i = 0; i < n; i++)
            json_put_str(json, arena_cstr(&sim->scratch, profile[i].name), profile[i].value);
        json_end(json, '}');
    }
    json_end(json, '}');
}

int sim_show_person(struct sim *sim, uint32_t person, struct buf *out)
{
    struct json_out json = {.buf = out};

    put_person(sim, person, &json, true);
    return 200;
}

static int show_people(struct sim *sim, const struct sim_request *req, struct buf *out)
{
    bool by_group = false;
    struct str name = sim_request_query(req, "group", &by_group);
    uint32_t group = by_group ? sim_find_group(sim, name) : SIM_NOBODY;
    int64_t left = query_number(req, "limit", PAGE);
    struct json_out json = {.buf = out};
    int64_t after = query_number(req, "after", 0);
    uint32_t i = after < (int64_t)sim->n_people ? (uint32_t)after : (uint32_t)sim->n_people;

    if (by_group && group == SIM_NOBODY)
        return not_found(out, "no group is called that");
    if (left > MAX_PAGE)
        left = MAX_PAGE;
    json_open(&json, NULL, '{');
    json_open(&json, "people", '[');
    for (; i < sim->n_people && left > 0; i++) {
        if (sim_person(sim, i)->is_deleted ||
            (by_group && !sim_is_member(sim, sim_group(sim, group), i, NULL)))
            continue;
        put_person(sim, i, &json, false);
        left--;
    }
    json_end(&json, ']');
    if (i < sim->n_people)
        json_put_i64(&json, "after", i);
    json_end(&json, '}');
    return 200;
}

/* ---- groups ---- */

static void put_group(struct sim *sim, uint32_t number, struct json_out *json, const char *key)
{
    const struct sim_group *group = sim_group(sim, number);

    json_open(json, key, '{');
    json_put_str(json, "id", sim_group_id(group));
    json_put_str(json, "name", group->name);
    json_put_str(json, "type",
                 group->type == GROUP_APP        ? STR("APP_GROUP")
                 : group->type == GROUP_BUILT_IN ? STR("BUILT_IN")
                                                 : STR("OKTA_GROUP"));
    json_put_i64(json, "members", (int64_t)group->n_members);
    json_end(json, '}');
}

int sim_show_group(struct sim *sim, uint32_t group, struct buf *out)
{
    struct json_out json = {.buf = out};

    put_group(sim, group, &json, NULL);
    return 200;
}

static int show_members(struct sim *sim, struct str name, struct buf *out)
{
    uint32_t number = sim_find_group(sim, name);
    struct json_out json = {.buf = out};

    if (number == SIM_NOBODY)
        return not_found(out, "no group is called that");

    const struct sim_group *group = sim_group(sim, number);
    json_open(&json, NULL, '{');
    json_put_str(&json, "group", sim_group_id(group));
    json_open(&json, "members", '[');
    for (size_t i = 0; i < group->n_members; i++) {
        const struct sim_person *person = sim_person(sim, sim_member_person(group->members[i]));

        json_open(&json, NULL, '{');
        json_put_str(&json, "id", sim_person_id(person));
        json_put_str(&json, "login", person->login);
        json_put_str(&json, "status", str_of(user_status_name((enum user_status)person->status)));
        json_put_str(&json, "how", group->members[i] & SIM_BY_RULE ? STR("rule") : STR("hand"));
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    return 200;
}

/* ---- history ---- */

struct history_query {
    int64_t since, status;
    struct str method, path, principal;
    bool writes, faults;
};

static bool is_wanted(const struct history_query *query, const struct sim_history_row *row)
{
    return row->seq > (uint64_t)query->since && (!query->writes || row->is_write) &&
           (!query->faults || row->is_fault) &&
           (query->status == 0 || row->status == query->status) &&
           (query->method.len == 0 || str_ieq(query->method, str_of(row->method))) &&
           (query->principal.len == 0 || str_is(query->principal, row->principal)) &&
           (query->path.len == 0 || sim_glob(query->path, str_of(row->text)));
}

static void put_row(struct json_out *json, const struct sim_history_row *row)
{
    json_open(json, NULL, '{');
    json_put_i64(json, "seq", (int64_t)row->seq);
    json_put_i64(json, "at_ms", row->at_ms);
    json_put_str(json, "method", str_of(row->method));
    json_put_str(json, "path", str_of(row->text));
    json_put_str(json, "principal", str_of(row->principal));
    json_put_i64(json, "status", row->status);
    json_put_str(json, "effect", str_of(sim_history_effect(row)));
    json_put_bool(json, "fault", row->is_fault);
    json_put_str(json, "request_id", str_of(sim_history_request_id(row)));
    json_end(json, '}');
}

static int show_history(struct sim *sim, const struct sim_request *req, struct buf *out)
{
    struct history_query query = {
        .since = query_number(req, "since", 0),
        .status = query_number(req, "status", 0),
        .method = sim_request_query(req, "method", NULL),
        .path = sim_request_query(req, "path", NULL),
        .principal = sim_request_query(req, "principal", NULL),
        .writes = str_is(sim_request_query(req, "writes", NULL), "true"),
        .faults = str_is(sim_request_query(req, "faults", NULL), "true"),
    };
    struct json_out json = {.buf = out};

    json_open(&json, NULL, '{');
    json_open(&json, "requests", '[');
    for (size_t i = 0; i < sim->n_history; i++) {
        if (is_wanted(&query, &sim->history[i]))
            put_row(&json, &sim->history[i]);
    }
    json_end(&json, ']');
    json_put_i64(&json, "last", (int64_t)sim->seq);
    json_put_i64(&json, "dropped", (int64_t)sim->dropped_history);
    json_end(&json, '}');
    return 200;
}

/* ---- state ---- */

static void put_faults(struct sim *sim, struct json_out *json)
{
    json_open(json, "faults", '[');
    for (size_t i = 0; i < sim_faults_count(sim->faults); i++) {
        struct sim_fault_count count = sim_faults_at(sim->faults, i);

        json_open(json, NULL, '{');
        json_put_str(json, "name", count.name);
        json_put_i64(json, "fitted", (int64_t)count.fitted);
        json_put_i64(json, "played", (int64_t)count.played);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_rules(struct sim *sim, struct json_out *json)
{
    json_open(json, "rules", '[');
    for (size_t i = 0; i < sim->n_rules; i++) {
        const struct sim_rule *rule = &sim->rules[i];

        if (rule->is_deleted)
            continue;
        json_open(json, NULL, '{');
        json_put_str(json, "id", (struct str){rule->id, SIM_ID_LEN});
        json_put_str(json, "name", rule->name);
        json_put_str(json, "status", rule->status);
        json_put_i64(json, "excluded", (int64_t)rule->n_exclude);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static int show_state(struct sim *sim, struct buf *out)
{
    struct json_out json = {.buf = out};

    json_open(&json, NULL, '{');
    json_put_time(&json, "now", sim_now(sim));
    json_put_i64(&json, "now_ms", sim_now(sim));
    json_put_time(&json, "cloud", sim_cloud(sim));
    json_put_i64(&json, "skew_ms", sim_cloud(sim) - sim_now(sim));
    json_put_bool(&json, "ticks", sim->ticks);
    json_put_i64(&json, "seed", (int64_t)(sim->seed & INT64_MAX));
    json_put_str(&json, "org", (struct str){sim->org_id, SIM_ID_LEN});
    json_put_i64(&json, "people", (int64_t)(sim->n_people - sim->n_deleted));
    json_put_i64(&json, "requests", (int64_t)sim->seq);
    json_put_i64(&json, "writes", (int64_t)sim->n_writes);
    json_put_i64(&json, "events", (int64_t)(sim->dropped_events + sim->n_events));
    json_put_i64(&json, "tokens", (int64_t)sim->n_tokens);
    json_open(&json, "groups", '[');
    for (uint32_t i = 0; i < sim->n_groups; i++) {
        if (!sim->groups[i]->is_deleted)
            put_group(sim, i, &json, NULL);
    }
    json_end(&json, ']');
    put_rules(sim, &json);
    put_faults(sim, &json);
    json_end(&json, '}');
    return 200;
}

int sim_show(struct sim *sim, const struct sim_request *req, struct buf *out)
{
    struct str what = req->segments[1];

    if (req->n_segments == 2 && str_is(what, "state"))
        return show_state(sim, out);
    if (req->n_segments == 2 && str_is(what, "clock"))
        return sim_show_clock(sim, out);
    if (req->n_segments == 2 && str_is(what, "quirks"))
        return sim_show_quirks(sim, out);
    if (req->n_segments == 2 && str_is(what, "history"))
        return show_history(sim, req, out);
    if (req->n_segments == 2 && str_is(what, "people"))
        return show_people(sim, req, out);
    if (req->n_segments == 3 && str_is(what, "people")) {
        uint32_t person = sim_find_anybody(sim, req->segments[2]);

        return person == SIM_NOBODY ? not_found(out, "nobody is called that")
                                    : sim_show_person(sim, person, out);
    }
    if (req->n_segments == 4 && str_is(what, "groups") && str_is(req->segments[3], "members"))
        return show_members(sim, req->segments[2], out);
    return not_found(out, "no such control");
}

#include <string.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "sim/sim_control.h"
#include "sim/sim_control_parts.h"
#include "sim/sim_idc.h"
#include "sim/sim_org.h"

/* The control side of AWS: what is in the store, what somebody does to it by hand, and the push. */

/* ---- looking ---- */

static int not_there(struct buf *out, const char *what)
{
    struct json_out json = {.buf = out};

    buf_clear(out);
    json_open(&json, NULL, '{');
    json_put_str(&json, "error", str_of(what));
    json_end(&json, '}');
    return 404;
}

static void put_user(struct sim *sim, uint32_t number, struct json_out *json)
{
    const struct sim_store_user *user = &sim->idc->store.users[number];

    json_open(json, NULL, '{');
    json_put_str(json, "id", sim_user_id(sim, number, &sim->scratch));
    json_put_str(json, "user_name", user->user_name);
    json_put_str(json, "status", user->is_disabled ? STR("DISABLED") : STR("ENABLED"));
    json_put_str(json, "external_id", user->external_id);
    json_end(json, '}');
}

static int show_users(struct sim *sim, struct buf *out)
{
    struct json_out json = {.buf = out};

    json_open(&json, NULL, '{');
    json_open(&json, "users", '[');
    for (uint32_t i = 0; i < sim->idc->store.n_users; i++) {
        if (!sim->idc->store.users[i].is_deleted)
            put_user(sim, i, &json);
    }
    json_end(&json, ']');
    json_end(&json, '}');
    return 200;
}

static int show_groups(struct sim *sim, struct buf *out)
{
    struct json_out json = {.buf = out};

    json_open(&json, NULL, '{');
    json_open(&json, "groups", '[');
    for (uint32_t i = 0; i < sim->idc->store.n_groups; i++) {
        const struct sim_store_group *group = &sim->idc->store.groups[i];

        if (group->is_deleted)
            continue;
        json_open(&json, NULL, '{');
        json_put_str(&json, "id", sim_store_group_id(sim, i, &sim->scratch));
        json_put_str(&json, "name", group->name);
        json_put_str(&json, "external_id", group->external_id);
        json_put_i64(&json, "members", (int64_t)sim_store_count(sim, i));
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    return 200;
}

static uint32_t find_group(struct sim *sim, struct str name)
{
    uint32_t group = sim_find_store_name(sim, name);

    return group != SIM_NOBODY ? group : sim_find_store_group(sim, name);
}

static int show_memberships(struct sim *sim, const struct sim_request *req, struct buf *out)
{
    uint32_t number = find_group(sim, sim_request_query(req, "group", NULL));
    struct json_out json = {.buf = out};

    if (number == SIM_NOBODY)
        return not_there(out, "no group of the store is called that");

    const struct sim_store_group *group = &sim->idc->store.groups[number];
    json_open(&json, NULL, '{');
    json_put_str(&json, "group", sim_store_group_id(sim, number, &sim->scratch));
    json_open(&json, "memberships", '[');
    for (size_t i = 0; i < group->n; i++) {
        const struct sim_membership *member = &sim->idc->store.members[group->list[i]];

        if (member->gone_ms != 0)
            continue;
        json_open(&json, NULL, '{');
        json_put_str(&json, "id", sim_membership_id(sim, group->list[i], &sim->scratch));
        if (member->user != SIM_NOBODY) {
            json_put_str(&json, "user", sim_user_id(sim, member->user, &sim->scratch));
            json_put_str(&json, "user_name", sim->idc->store.users[member->user].user_name);
        }
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    return 200;
}

static int show_instance(struct sim *sim, struct buf *out)
{
    const struct sim_instance *instance = &sim->idc->instances[0];
    struct json_out json = {.buf = out};

    json_open(&json, NULL, '{');
    json_put_str(&json, "instance_arn", instance->arn);
    json_put_str(&json, "store_id", instance->store_id);
    json_put_str(&json, "status", instance->status);
    json_put_str(&json, "primary_region", instance->primary_region);
    json_put_str(&json, "account", sim->idc->account);
    json_put_str(&json, "region", sim->idc->region);
    json_end(&json, '}');
    return 200;
}

static int show_quirks(struct sim *sim, struct buf *out)
{
    const struct sim_idc_quirks *q = &sim->idc->quirks;
    struct json_out json = {.buf = out};

    json_open(&json, NULL, '{');
    json_put_i64(&json, "page_cap", q->page_cap);
    json_put_str(&json, "write_lag", duration_str(q->write_lag_ms, &sim->scratch));
    json_put_i64(&json, "tps", q->tps);
    json_put_str(&json, "kms", q->kms);
    json_put_str(&json, "statuses", q->modelled ? STR("modelled") : STR("plain"));
    json_put_bool(&json, "fold_case", q->fold_case);
    json_put_bool(&json, "user_status", q->user_status);
    json_put_bool(&json, "external_ids", q->external_ids);
    json_put_bool(&json, "member_account", q->member_account);
    json_put_bool(&json, "metadata", q->metadata);
    json_end(&json, '}');
    return 200;
}

static int show_scim(struct sim *sim, struct buf *out)
{
    static const char *const statuses[] = {"ACTIVE", "INACTIVE", "ERROR"};
    const struct sim_scim *scim = &sim->idc->scim;
    struct json_out json = {.buf = out};

    json_open(&json, NULL, '{');
    json_put_bool(&json, "broken", scim->broken);
    json_put_time(&json, "token_expires", scim->token_expires_ms);
    json_put_bool(&json, "dead", sim_scim_is_dead(sim, sim_cloud(sim)));
    json_put_i64(&json, "lost_percent", scim->lost_percent);
    json_put_i64(&json, "waiting", (int64_t)scim->n_heap);
    json_put_i64(&json, "carried", (int64_t)scim->n_carried);
    json_put_i64(&json, "failed", (int64_t)scim->n_failed);
    json_put_i64(&json, "lost", (int64_t)scim->n_lost);
    json_open(&json, "mappings", '[');
    for (size_t i = 0; i < scim->n_mappings; i++) {
        json_open(&json, NULL, '{');
        json_put_str(&json, "group", sim_group(sim, scim->mappings[i].group)->name);
        json_put_str(&json, "status", str_of(statuses[scim->mappings[i].status]));
        json_put_str(&json, "error", scim->mappings[i].error);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    return 200;
}

int sim_show_aws(struct sim *sim, const struct sim_request *req, struct buf *out)
{
    struct str what = req->n_segments > 2 ? req->segments[2] : (struct str){0};

    sim_scim_settle(sim);
    if (str_is(req->segments[1], "scim"))
        return show_scim(sim, out);
    if (str_is(what, "users"))
        return show_users(sim, out);
    if (str_is(what, "groups"))
        return show_groups(sim, out);
    if (str_is(what, "memberships"))
        return show_memberships(sim, req, out);
    if (str_is(what, "instance"))
        return show_instance(sim, out);
    if (str_is(what, "quirks"))
        return show_quirks(sim, out);
    return not_there(out, "no such control");
}

/* ---- by hand ---- */

static bool change_members(struct sim_control *c, uint32_t group, const struct sim_node *list,
                           bool add)
{
    for (const struct sim_node *node = list ? list->first : NULL; node; node = node->next) {
        uint32_t user = sim_find_user_name(c->sim, node->text, true);
        uint32_t person = sim_find_anybody(c->sim, node->text);
        uint32_t membership;

        if (user == SIM_NOBODY && person != SIM_NOBODY)
            user = sim_find_user_of(c->sim, person);
        if (user == SIM_NOBODY)
            return sim_node_err(node, &c->err, "no user is called `%.*s`", STR_ARG(node->text));
        membership = sim_store_member(c->sim, group, user);
        if (add) {
            (void)sim_store_join(c->sim, group, user, 0);
        } else if (membership != SIM_NOBODY) {
            sim_store_leave(c->sim, membership, 0);
        }
    }
    return true;
}

struct member_keys {
    const struct sim_node *add, *remove;
};

static int post_members(struct sim_control *c, uint32_t group)
{
    static const struct sim_field fields[] = {
        {"add", SIM_FIELD_NODE, offsetof(struct member_keys, add)},
        {"remove", SIM_FIELD_NODE, offsetof(struct member_keys, remove)},
    };
    struct member_keys keys = {0};

    if (!sim_bind(c->body, fields, ARRAY_LEN(fields), &keys, &c->err) ||
        !change_members(c, group, keys.add, true) || !change_members(c, group, keys.remove, false))
        return sim_control_fail(c, 400, "bad members");
    return sim_control_done(c);
}

static int post_group(struct sim_control *c)
{
    uint32_t group = find_group(c->sim, c->req->segments[3]);

    if (group == SIM_NOBODY)
        return sim_control_fail(c, 404, "no group of the store is called that");
    if (str_is(c->req->segments[4], "members"))
        return post_members(c, group);
    if (!str_is(c->req->segments[4], "delete"))
        return sim_control_fail(c, 404, "no such verb for a group of the store");
    while (c->sim->idc->store.groups[group].n > c->sim->idc->store.groups[group].n_gone) {
        const struct sim_store_group *of = &c->sim->idc->store.groups[group];

        for (size_t i = of->n; i-- > 0;)
            sim_store_leave(c->sim, of->list[i], 0);
    }
    c->sim->idc->store.groups[group].is_deleted = true;
    sim_subs_on_group_gone(c->sim, group);
    return sim_control_done(c);
}

static int post_user(struct sim_control *c)
{
    struct str verb = c->req->segments[4];
    uint32_t user = sim_find_user_name(c->sim, c->req->segments[3], true);

    if (user == SIM_NOBODY)
        user = sim_find_user(c->sim, c->req->segments[3]);
    if (user == SIM_NOBODY)
        return sim_control_fail(c, 404, "no user of the store is called that");
    if (str_is(verb, "delete")) {
        sim_user_delete(c->sim, user);
    } else if (str_is(verb, "disable") || str_is(verb, "enable")) {
        c->sim->idc->store.users[user].is_disabled = str_is(verb, "disable");
        c->sim->idc->store.users[user].updated_ms = sim_cloud(c->sim);
        sim_subs_on_able(c->sim, user, str_is(verb, "enable"), sim_boot(c->sim));
    } else {
        return sim_control_fail(c, 404, "no such verb for a user of the store");
    }
    return sim_control_done(c);
}

struct instance_keys {
    bool recreate;
    struct str status;
};

static int post_instance(struct sim_control *c)
{
    static const struct sim_field fields[] = {
        {"recreate", SIM_FIELD_BOOL, offsetof(struct instance_keys, recreate)},
        {"status", SIM_FIELD_STR, offsetof(struct instance_keys, status)},
    };
    struct instance_keys keys = {0};
    struct sim_scim *scim = &c->sim->idc->scim;

    if (!sim_bind(c->body, fields, ARRAY_LEN(fields), &keys, &c->err))
        return sim_control_fail(c, 400, "bad instance");
    if (keys.status.len > 0)
        c->sim->idc->instances[0].status = sim_keep(c->sim, keys.status);
    if (keys.recreate) {
        sim_idc_recreate(c->sim);
        scim->issuer = (struct str){0};
        for (size_t i = 0; i < scim->n_mappings; i++)
            scim->mappings[i].store_group = SIM_NOBODY;
        sim_scim_push_all(c->sim);
    }
    return sim_control_done(c);
}

static int post_quirks(struct sim_control *c)
{
    if (!sim_org_aws_quirks(c->sim, c->body, &c->err))
        return sim_control_fail(c, 400, "bad quirks");
    return sim_control_done(c);
}

int sim_control_aws(struct sim_control *c)
{
    struct str what = c->req->n_segments > 2 ? c->req->segments[2] : (struct str){0};
    size_t n = c->req->n_segments;

    sim_subs_settle(c->sim);
    if (n == 5 && str_is(what, "groups"))
        return post_group(c);
    if (n == 5 && str_is(what, "users"))
        return post_user(c);
    if (n == 3 && str_is(what, "instance"))
        return post_instance(c);
    if (n == 3 && str_is(what, "quirks"))
        return post_quirks(c);
    if (n == 3 && (str_is(what, "users") || str_is(what, "groups"))) {
        bool ok = str_is(what, "users") ? sim_org_store_user(c->sim, c->body, &c->err)
                                        : sim_org_store_group(c->sim, c->body, &c->err);

        return ok ? sim_control_done(c) : sim_control_fail(c, 400, "bad user or group");
    }
    return sim_control_fail(c, 404, "no such control");
}

/* ---- push ---- */

struct scim_keys {
    struct str lose, find, repush, link;
};

/* Those that are deeds; the rest is as in an organisation file. */
static bool take_deeds(struct sim_control *c, struct scim_keys *deeds, struct sim_node *rest)
{
    *rest = (struct sim_node){.kind = SIM_NODE_MAP, .line = c->body->line};
    for (const struct sim_node *node = c->body->first; node; node = node->next) {
        struct str *place = str_is(node->key, "lose")     ? &deeds->lose
                            : str_is(node->key, "find")   ? &deeds->find
                            : str_is(node->key, "repush") ? &deeds->repush
                            : str_is(node->key, "link")   ? &deeds->link
                                                          : NULL;

        if (place) {
            *place = node->text;
            continue;
        }

        struct sim_node *copy = arena_new(&c->sim->scratch, struct sim_node);
        *copy = *node;
        copy->next = rest->first;
        rest->first = copy;
        if (!rest->last)
            rest->last = copy;
        rest->n++;
    }
    return rest->n == 0 || sim_org_scim(c->sim, rest, &c->err);
}

static int repush(struct sim_control *c, struct str what)
{
    uint32_t group = sim_find_group(c->sim, what);
    uint32_t person = sim_find_anybody(c->sim, what);

    if (str_is(what, "all")) {
        sim_scim_push_all(c->sim);
    } else if (group != SIM_NOBODY && sim_scim_mapping(c->sim, group)) {
        sim_scim_push_group(c->sim, group, INT64_MIN);
    } else if (person != SIM_NOBODY) {
        sim_scim_lose(c->sim, person, false);
        sim_scim_push_user(c->sim, person);
    } else {
        return sim_control_fail(c, 404, "no group that is pushed, and nobody, is called that");
    }
    return 0;
}

static int lose(struct sim_control *c, struct str who, bool on)
{
    uint32_t person = sim_find_anybody(c->sim, who);

    if (person == SIM_NOBODY)
        return sim_control_fail(c, 404, "nobody is called that");
    sim_scim_lose(c->sim, person, on);
    return 0;
}

int sim_control_scim(struct sim_control *c)
{
    struct scim_keys deeds = {0};
    struct sim_node rest;
    int status = 0;

    if (c->body->kind != SIM_NODE_MAP || c->req->n_segments != 2)
        return sim_control_fail(c, 400, "a map is expected");
    sim_scim_settle(c->sim);
    if (!take_deeds(c, &deeds, &rest))
        return sim_control_fail(c, 400, "bad scim");
    if (deeds.lose.len > 0)
        status = lose(c, deeds.lose, true);
    if (status == 0 && deeds.find.len > 0)
        status = lose(c, deeds.find, false);
    if (status == 0 && deeds.link.len > 0) {
        uint32_t group = sim_find_group(c->sim, deeds.link);

        if (group == SIM_NOBODY || !sim_scim_link(c->sim, group))
            status = sim_control_fail(c, 404, "there is nothing to link");
    }
    if (status == 0 && deeds.repush.len > 0)
        status = repush(c, deeds.repush);
    return status != 0 ? status : show_scim(c->sim, c->out);
}

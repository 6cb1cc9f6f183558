#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "sim/sim_auth.h"
#include "sim/sim_control.h"
#include "sim/sim_org.h"

/* Quirks and credentials of an organisation file. */

struct quirk_keys {
    struct sim_quirks q;
    int64_t put_present, delete_absent, put_inactive, read_only;
    int64_t logs, rules, roles, schema, apps, org;
    struct str links, headers, membership_time;
    const struct sim_node *limits;
};

#define QUIRK(member) offsetof(struct quirk_keys, member)

static const struct sim_field quirk_fields[] = {
    {"page_cap", SIM_FIELD_INT, QUIRK(q.page_cap)},
    {"put_present", SIM_FIELD_INT, QUIRK(put_present)},
    {"delete_absent", SIM_FIELD_INT, QUIRK(delete_absent)},
    {"put_inactive", SIM_FIELD_INT, QUIRK(put_inactive)},
    {"read_only", SIM_FIELD_INT, QUIRK(read_only)},
    {"stale", SIM_FIELD_SPAN, QUIRK(q.stale_ms)},
    {"stale_percent", SIM_FIELD_INT, QUIRK(q.stale_percent)},
    {"membership_time", SIM_FIELD_STR, QUIRK(membership_time)},
    {"search_lag", SIM_FIELD_SPAN, QUIRK(q.search_lag_ms)},
    {"log_lag", SIM_FIELD_SPAN, QUIRK(q.log_lag_ms)},
    {"log_doubles", SIM_FIELD_BOOL, QUIRK(q.log_doubles)},
    {"log_disorder", SIM_FIELD_BOOL, QUIRK(q.log_disorder)},
    {"links", SIM_FIELD_STR, QUIRK(links)},
    {"headers", SIM_FIELD_STR, QUIRK(headers)},
    {"short_names", SIM_FIELD_BOOL, QUIRK(q.short_names)},
    {"latency", SIM_FIELD_SPAN, QUIRK(q.latency_ms)},
    {"token_life", SIM_FIELD_SPAN, QUIRK(q.token_life_ms)},
    {"concurrency", SIM_FIELD_INT, QUIRK(q.concurrency)},
    {"principal_percent", SIM_FIELD_INT, QUIRK(q.principal_percent)},
    {"rate_limits", SIM_FIELD_BOOL, QUIRK(q.rate_limits)},
    {"limits", SIM_FIELD_NODE, QUIRK(limits)},
    {"logs", SIM_FIELD_INT, QUIRK(logs)},
    {"rules", SIM_FIELD_INT, QUIRK(rules)},
    {"roles", SIM_FIELD_INT, QUIRK(roles)},
    {"schema", SIM_FIELD_INT, QUIRK(schema)},
    {"apps", SIM_FIELD_INT, QUIRK(apps)},
    {"org", SIM_FIELD_INT, QUIRK(org)},
};

static bool set_limits(struct sim *sim, const struct sim_node *map, struct err *err)
{
    if (!map)
        return true;
    if (map->kind != SIM_NODE_MAP)
        return sim_node_err(map, err, "`limits` must be a map from buckets to calls a minute");
    for (const struct sim_node *child = map->first; child; child = child->next) {
        int64_t value;
        size_t i = 0;

        while (i < sim->n_limits && !str_is(child->key, sim->limits[i].name))
            i++;
        if (i == sim->n_limits) {
            return sim_node_err(child, err, "`%.*s` is no bucket; one is /api/v1/groups",
                                STR_ARG(child->key));
        }
        if (child->kind != SIM_NODE_SCALAR || !str_to_i64(child->text, &value) || value < 0)
            return sim_node_err(child, err, "a limit is a number of calls a minute");
        sim->limits[i].per_minute = value;
    }
    return true;
}

/* A status, or 0 where none was given; false for something that is none. */
static bool set_status(int64_t given, bool is_endpoint, int *to)
{
    if (given == 0)
        return true;
    if (given < 200 || given > 599 || (is_endpoint && given < 400 && given != 200))
        return false;
    *to = (int)given;
    return true;
}

static bool set_statuses(const struct quirk_keys *k, struct sim_quirks *q)
{
    return set_status(k->put_present, false, &q->put_present) &&
           set_status(k->delete_absent, false, &q->delete_absent) &&
           set_status(k->put_inactive, false, &q->put_inactive) &&
           set_status(k->read_only, false, &q->read_only_status) &&
           set_status(k->logs, true, &q->logs_status) &&
           set_status(k->rules, true, &q->rules_status) &&
           set_status(k->roles, true, &q->roles_status) &&
           set_status(k->schema, true, &q->schema_status) &&
           set_status(k->apps, true, &q->apps_status) && set_status(k->org, true, &q->org_status);
}

static bool set_words(const struct sim_node *node, const struct quirk_keys *k, struct sim_quirks *q,
                      struct err *err)
{
    if (k->links.len > 0 && !str_is(k->links, "joined") && !str_is(k->links, "separate"))
        return sim_node_err(node, err, "`links` must be separate or joined");
    if (k->headers.len > 0 && !str_is(k->headers, "lower") && !str_is(k->headers, "title"))
        return sim_node_err(node, err, "`headers` must be lower or title");
    if (k->links.len > 0)
        q->links_joined = str_is(k->links, "joined");
    if (k->headers.len > 0)
        q->headers_lower = str_is(k->headers, "lower");
    if (str_is(k->membership_time, "never")) {
        q->membership_time_lag_ms = -1;
    } else if (k->membership_time.len > 0 &&
               (!sim_span(k->membership_time, &q->membership_time_lag_ms) ||
                q->membership_time_lag_ms < 0)) {
        return sim_node_err(node, err, "`membership_time` must be a duration, or never");
    }
    return true;
}

bool sim_org_quirks(struct sim *sim, const struct sim_node *node, struct err *err)
{
    struct quirk_keys keys = {.q = sim->quirks};

    if (!sim_bind(node, quirk_fields, ARRAY_LEN(quirk_fields), &keys, err) ||
        !set_words(node, &keys, &keys.q, err) || !set_limits(sim, keys.limits, err))
        return false;
    if (!set_statuses(&keys, &keys.q))
        return sim_node_err(node, err, "a quirk asks for a status that is none");
    if (keys.q.page_cap < 0 || keys.q.stale_ms < 0 || keys.q.latency_ms < 0 ||
        keys.q.token_life_ms < TIME_SECOND || keys.q.concurrency < 0 ||
        keys.q.principal_percent < 1 || keys.q.principal_percent > 100 ||
        keys.q.search_lag_ms < 0 || keys.q.log_lag_ms < 0 || keys.q.stale_percent < 0 ||
        keys.q.stale_percent > 100)
        return sim_node_err(node, err, "a quirk is out of its range");
    sim->quirks = keys.q;
    return true;
}

/* ---- looking ---- */

static void put_quirk(struct json_out *json, const struct sim_field *field,
                      const struct sim_quirks *quirks)
{
    const char *place = (const char *)quirks + field->offset;
    int64_t number;
    bool yes;

    if (field->offset + sizeof(number) > sizeof(*quirks))
        return;
    if (field->type == SIM_FIELD_BOOL) {
        memcpy(&yes, place, sizeof(yes));
        json_put_bool(json, field->key, yes);
    } else if (field->type == SIM_FIELD_INT) {
        memcpy(&number, place, sizeof(number));
        json_put_i64(json, field->key, number);
    } else if (field->type == SIM_FIELD_SPAN) {
        char text[32];

        memcpy(&number, place, sizeof(number));
        (void)snprintf(text, sizeof(text), "%llds", (long long)(number / TIME_SECOND));
        json_put_str(json, field->key, str_of(text));
    }
}

int sim_show_quirks(const struct sim *sim, struct buf *out)
{
    struct json_out json = {.buf = out};
    const struct sim_quirks *q = &sim->quirks;
    const struct {
        const char *key;
        int status;
    } statuses[] = {
        {"put_present", q->put_present},   {"delete_absent", q->delete_absent},
        {"put_inactive", q->put_inactive}, {"read_only", q->read_only_status},
        {"logs", q->logs_status},          {"rules", q->rules_status},
        {"roles", q->roles_status},        {"schema", q->schema_status},
        {"apps", q->apps_status},          {"org", q->org_status},
    };

    json_open(&json, NULL, '{');
    /* Those that stand in struct sim_quirks as they are written come from the table. */
    for (size_t i = 0; i < ARRAY_LEN(quirk_fields); i++)
        put_quirk(&json, &quirk_fields[i], q);
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        json_put_i64(&json, statuses[i].key, statuses[i].status);
    json_put_str(&json, "links", q->links_joined ? STR("joined") : STR("separate"));
    json_put_str(&json, "headers", q->headers_lower ? STR("lower") : STR("title"));
    if (q->membership_time_lag_ms < 0)
        json_put_str(&json, "membership_time", STR("never"));
    json_open(&json, "limits", '{');
    for (size_t i = 0; i < sim->n_limits; i++)
        json_put_i64(&json, sim->limits[i].name, sim->limits[i].per_minute);
    json_end(&json, '}');
    json_end(&json, '}');
    return 200;
}

/* ---- credentials ---- */

struct client_keys {
    struct str client_id, key_id, public_key, label;
    bool dpop, role;
    const struct sim_node *scopes;
};

static bool join_scopes(struct sim *sim, const struct sim_node *list, struct str *out,
                        struct err *err)
{
    struct str all = {0};

    if (!list)
        return true;
    if (list->kind != SIM_NODE_LIST)
        return sim_node_err(list, err, "`scopes` must be a list");
    for (const struct sim_node *child = list->first; child; child = child->next) {
        all = arena_printf(&sim->scratch, "%.*s%s%.*s", STR_ARG(all), all.len > 0 ? " " : "",
                           STR_ARG(child->text));
    }
    *out = all;
    return true;
}

static bool read_client(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"client_id", SIM_FIELD_STR, offsetof(struct client_keys, client_id)},
        {"key_id", SIM_FIELD_STR, offsetof(struct client_keys, key_id)},
        {"public_key", SIM_FIELD_STR, offsetof(struct client_keys, public_key)},
        {"label", SIM_FIELD_STR, offsetof(struct client_keys, label)},
        {"dpop", SIM_FIELD_BOOL, offsetof(struct client_keys, dpop)},
        {"role", SIM_FIELD_BOOL, offsetof(struct client_keys, role)},
        {"scopes", SIM_FIELD_NODE, offsetof(struct client_keys, scopes)},
    };
    struct str own = sim_credentials(sim).client_id;
    struct client_keys keys = {.client_id = own, .dpop = true, .role = true};
    struct sim_client client = {0};
    const struct sim_client *known;
    struct str id = own;
    const struct sim_node *id_node =
        node->kind == SIM_NODE_MAP ? sim_node_get(node, "client_id") : NULL;

    /* Of one that is known, only what is given changes. */
    if (id_node)
        id = id_node->text;
    known = sim_find_client(sim, id);
    if (known) {
        keys.key_id = known->key_id;
        keys.label = known->label;
        keys.dpop = known->dpop;
        keys.role = known->has_role;
        client.scopes = known->scopes;
    }
    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err) ||
        !join_scopes(sim, keys.scopes, &client.scopes, err))
        return false;

    struct err why = {0};
    struct str pem = keys.public_key;
    if (pem.len == 0 && known)
        pem = key_public_pem(&known->key, &sim->scratch);
    if (!key_public_from_pem(&client.key, pem, &why))
        return sim_node_err(node, err, "`public_key`: %s", why.msg);
    client.id = keys.client_id;
    client.key_id = keys.key_id;
    client.label = keys.label;
    client.dpop = keys.dpop;
    client.has_role = keys.role;
    (void)sim_client_add(sim, &client);
    return true;
}

struct token_keys {
    struct str id, token, owner;
    bool role;
};

static bool read_token(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"id", SIM_FIELD_STR, offsetof(struct token_keys, id)},
        {"token", SIM_FIELD_STR, offsetof(struct token_keys, token)},
        {"owner", SIM_FIELD_STR, offsetof(struct token_keys, owner)},
        {"role", SIM_FIELD_BOOL, offsetof(struct token_keys, role)},
    };
    struct sim_credentials own = sim_credentials(sim);
    struct token_keys keys = {.id = own.ssws_token_id, .token = own.ssws_token, .role = true};

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err))
        return false;

    struct sim_ssws ssws = {
        .id = keys.id, .token = keys.token, .owner = SIM_NOBODY, .has_role = keys.role};
    if (keys.owner.len > 0) {
        ssws.owner = sim_find_anybody(sim, keys.owner);
        if (ssws.owner == SIM_NOBODY)
            return sim_node_err(node, err, "nobody is called `%.*s`", STR_ARG(keys.owner));
    }
    if (ssws.id.len == 0 || ssws.token.len == 0)
        return sim_node_err(node, err, "a token needs an `id` and the `token` itself");
    sim_ssws_add(sim, &ssws);
    return true;
}

struct credential_keys {
    const struct sim_node *clients, *tokens;
};

bool sim_org_credentials(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"clients", SIM_FIELD_NODE, offsetof(struct credential_keys, clients)},
        {"tokens", SIM_FIELD_NODE, offsetof(struct credential_keys, tokens)},
    };
    struct credential_keys keys = {0};

    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err))
        return false;
    for (const struct sim_node *n = keys.clients ? keys.clients->first : NULL; n; n = n->next) {
        if (!read_client(sim, n, err))
            return false;
    }
    for (const struct sim_node *n = keys.tokens ? keys.tokens->first : NULL; n; n = n->next) {
        if (!read_token(sim, n, err))
            return false;
    }
    return true;
}

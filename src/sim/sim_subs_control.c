#include "base/clock.h"
#include "base/json_out.h"
#include "sim/sim_bill.h"
#include "sim/sim_control.h"
#include "sim/sim_control_parts.h"
#include "sim/sim_idc.h"
#include "sim/sim_org.h"

/* The control side of subscriptions: what there is, what somebody does by hand, use, and the bill.
 */

/* ---- looking ---- */

static void put_seat(struct sim *sim, uint32_t number, struct json_out *json)
{
    static const char *const sources[] = {"", "individual", "group", "individual and group"};
    const struct sim_seat *seat = &sim->idc->subs.seats[number];
    struct sim_seat_view view = sim_seat_now(sim, number);

    if (view.status == SIM_SEAT_NONE)
        return;
    json_open(json, NULL, '{');
    json_put_str(json, "user", sim_seat_user_id(sim, number, &sim->scratch));
    json_put_str(json, "user_name",
                 seat->user != SIM_NOBODY ? sim->idc->store.users[seat->user].user_name
                                          : (struct str){0});
    json_put_bool(json, "gone",
                  seat->user == SIM_NOBODY || sim->idc->store.users[seat->user].is_deleted);
    json_put_str(json, "region", sim->idc->subs.profiles[seat->profile].region);
    json_put_str(json, "plan", str_of(sim_plan_row(view.plan)->name));
    json_put_str_or_null(json, "in_force", str_of(sim_plan_row(view.active)->name));
    json_put_str(json, "status", str_of(sim_seat_status_name(view.status)));
    json_put_str(json, "source", str_of(sources[view.via]));
    json_put_time(json, "created", view.created_ms);
    json_put_time(json, "activated", view.activated_ms);
    json_put_time(json, "ends", view.ends_ms);
    json_end(json, '}');
}

static void put_claim(struct sim *sim, uint32_t number, struct json_out *json)
{
    const struct sim_claim *claim = &sim->idc->subs.claims[number];
    bool is_bound = claim->group != SIM_NOBODY || claim->user != SIM_NOBODY;

    if (claim->gone_ms != 0 || claim->began_as == SIM_SEAT_CANCELED)
        return;
    json_open(json, NULL, '{');
    json_put_str(json, "identifier", sim_claim_identifier(sim, number, &sim->scratch));
    json_put_str_or_null(json, claim->is_group ? "group" : "user",
                         claim->group != SIM_NOBODY
                             ? sim_store_group_id(sim, claim->group, &sim->scratch)
                         : claim->user != SIM_NOBODY ? sim_user_id(sim, claim->user, &sim->scratch)
                                                     : (struct str){0});
    json_put_str(json, "name",
                 claim->group != SIM_NOBODY  ? sim->idc->store.groups[claim->group].name
                 : claim->user != SIM_NOBODY ? sim->idc->store.users[claim->user].user_name
                                             : claim->name);
    json_put_bool(json, "in_store", is_bound);
    json_put_str(json, "region", sim->idc->subs.profiles[claim->profile].region);
    json_put_str(json, "plan", str_of(sim_plan_row((enum sim_plan)claim->plan)->name));
    json_end(json, '}');
}

static size_t count_sources(const struct sim_subs *subs, enum sim_source_state state)
{
    size_t n = 0;

    for (size_t i = 0; i < subs->n_sources; i++)
        n += subs->sources[i].state == state;
    return n;
}

static int show_subscriptions(struct sim *sim, struct buf *out)
{
    const struct sim_subs *subs = &sim->idc->subs;
    struct json_out json = {.buf = out};

    json_open(&json, NULL, '{');
    json_open(&json, "profiles", '[');
    for (size_t i = 0; i < subs->n_profiles; i++) {
        json_open(&json, NULL, '{');
        json_put_str(&json, "region", subs->profiles[i].region);
        json_put_str(&json, "arn", subs->profiles[i].arn);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_put_i64(&json, "use_percent_a_day", subs->use_percent);
    json_put_i64(&json, "waiting", (int64_t)count_sources(subs, SIM_SOURCE_WAITING));
    json_put_i64(&json, "never", (int64_t)count_sources(subs, SIM_SOURCE_LOST));
    json_open(&json, "claims", '[');
    for (uint32_t i = 0; i < subs->n_claims; i++)
        put_claim(sim, i, &json);
    json_end(&json, ']');
    json_open(&json, "seats", '[');
    for (uint32_t i = 0; i < subs->n_seats; i++)
        put_seat(sim, i, &json);
    json_end(&json, ']');
    json_end(&json, '}');
    return 200;
}

static void put_plans(const struct sim_bill *bill, struct json_out *json)
{
    json_open(json, "plans", '[');
    for (enum sim_plan plan = SIM_PLAN_Q_PRO; plan < SIM_PLANS; plan++) {
        if (bill->charged[plan] == 0)
            continue;
        json_open(json, NULL, '{');
        json_put_str(json, "plan", str_of(sim_plan_row(plan)->name));
        json_put_i64(json, "seats", (int64_t)bill->charged[plan]);
        json_put_i64(json, "minor", bill->by_plan[plan]);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_payers(const struct sim_bill *bill, struct json_out *json)
{
    json_open(json, "users", '[');
    for (size_t i = 0; i < bill->n; i++) {
        const struct sim_bill_row *row = &bill->rows[i];

        json_open(json, NULL, '{');
        json_put_str(json, "user", row->user);
        json_put_str(json, "user_name", row->user_name);
        json_put_i64(json, "minor", row->minor);
        json_open(json, "plans", '{');
        for (enum sim_plan plan = SIM_PLAN_Q_PRO; plan < SIM_PLANS; plan++) {
            if (row->by_plan[plan] != 0)
                json_put_i64(json, sim_plan_row(plan)->name, row->by_plan[plan]);
        }
        json_end(json, '}');
        json_end(json, '}');
    }
    json_end(json, ']');
}

/* `2026-05`; nothing is this month. */
static bool read_month(struct sim *sim, struct str text, int64_t *out)
{
    *out = sim_cloud(sim);
    return text.len == 0 ||
           (text.len == 7 &&
            time_parse_iso(arena_printf(&sim->scratch, "%.*s-01T00:00:00Z", STR_ARG(text)), out));
}

static int show_bill(struct sim *sim, const struct sim_request *req, struct buf *out)
{
    struct json_out json = {.buf = out};
    struct sim_bill bill;
    int64_t at;

    if (!read_month(sim, sim_request_query(req, "month", NULL), &at)) {
        json_open(&json, NULL, '{');
        json_put_str(&json, "error", STR("`month` must be like 2026-05"));
        json_end(&json, '}');
        return 400;
    }
    bill = sim_bill(sim, at, &sim->scratch);
    json_open(&json, NULL, '{');
    json_put_str(&json, "month", str_sub(time_iso_str(bill.from_ms, &sim->scratch), 0, 7));
    json_put_str(&json, "currency", STR("USD"));
    json_put_i64(&json, "total_minor", bill.total_minor);
    json_put_i64(&json, "pending", (int64_t)bill.pending);
    put_plans(&bill, &json);
    put_payers(&bill, &json);
    json_end(&json, '}');
    return 200;
}

int sim_show_subs(struct sim *sim, const struct sim_request *req, struct buf *out)
{
    sim_subs_settle(sim);
    return str_is(req->segments[1], "bill") ? show_bill(sim, req, out)
                                            : show_subscriptions(sim, out);
}

/* ---- by hand ---- */

struct subject {
    uint32_t person, user; /* Okta's, the store's; SIM_NOBODY */
};

static struct subject find_who(const struct sim *sim, struct str name)
{
    struct subject who = {sim_find_anybody(sim, name), SIM_NOBODY};

    if (who.person != SIM_NOBODY)
        who.user = sim_find_user_of(sim, who.person);
    if (who.user == SIM_NOBODY)
        who.user = sim_find_user_name(sim, name, true);
    if (who.user == SIM_NOBODY)
        who.user = sim_find_user(sim, name);
    return who;
}

int sim_control_use(struct sim_control *c)
{
    size_t probe;
    uint32_t seat;
    struct subject who;

    sim_subs_settle(c->sim);
    who = find_who(c->sim, c->req->segments[2]);
    if (who.person == SIM_NOBODY && who.user == SIM_NOBODY)
        return sim_control_fail(c, 404, "nobody is called that");
    if (who.user != SIM_NOBODY) {
        probe = sim_seat_probe(c->sim, who.user);
        while (sim_seat_next(c->sim, who.user, &probe, &seat)) {
            if (sim_seat_use(c->sim, seat))
                return sim_control_done(c);
        }
    }
    return sim_control_fail(c, 409, "there is no subscription to use");
}

static bool cancel(struct sim_control *c, struct str name)
{
    struct subject who = find_who(c->sim, name);
    size_t probe = who.user != SIM_NOBODY ? sim_seat_probe(c->sim, who.user) : 0;
    uint32_t seat;
    bool is_any = false;

    while (who.user != SIM_NOBODY && sim_seat_next(c->sim, who.user, &probe, &seat)) {
        sim_seat_cut(c->sim, seat);
        is_any = true;
    }
    return is_any;
}

static bool unclaim(struct sim_control *c, struct str name)
{
    struct subject who = find_who(c->sim, name);
    const struct sim_subs *subs = &c->sim->idc->subs;
    bool is_any = false;

    for (uint32_t i = 0; i < subs->n_claims; i++) {
        const struct sim_claim *claim = &subs->claims[i];
        bool is_it = str_eq(claim->name, name) ||
                     (claim->user != SIM_NOBODY && claim->user == who.user) ||
                     (claim->group != SIM_NOBODY &&
                      str_eq(c->sim->idc->store.groups[claim->group].name, name));

        if (!is_it || claim->gone_ms != 0)
            continue;
        sim_claim_drop(c->sim, i);
        is_any = true;
    }
    return is_any;
}

static bool arrive(struct sim_control *c, struct str name)
{
    struct subject who = find_who(c->sim, name);

    if (str_is(name, "all")) {
        (void)sim_subs_arrive(c->sim, SIM_NOBODY);
        return true;
    }
    return who.user != SIM_NOBODY && sim_subs_arrive(c->sim, who.user) > 0;
}

static bool lose(struct sim_control *c, struct str name, bool on)
{
    struct subject who = find_who(c->sim, name);

    if (who.person == SIM_NOBODY && who.user == SIM_NOBODY)
        return false;
    sim_subs_lose(c->sim, who.person, who.user, on);
    return true;
}

static bool lose_it(struct sim_control *c, struct str name)
{
    return lose(c, name, true);
}

static bool find_it(struct sim_control *c, struct str name)
{
    return lose(c, name, false);
}

static const struct {
    const char *key;
    bool (*run)(struct sim_control *c, struct str name);
    const char *otherwise;
} deeds[] = {
    {"lose", lose_it, "nobody is called that"},
    {"find", find_it, "nobody is called that"},
    {"arrive", arrive, "nothing waits for anybody of that name"},
    {"cancel", cancel, "nobody of that name is subscribed"},
    {"unclaim", unclaim, "no claim is that one's"},
};

static bool is_deed(struct str key)
{
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
        if (str_is(key, deeds[i].key))
            return true;
    }
    return false;
}

/* Keys that are deeds come after the rest, which is as in an organisation file. */
static bool read_rest(struct sim_control *c)
{
    struct sim_node rest = {.kind = SIM_NODE_MAP, .line = c->body->line};

    for (const struct sim_node *node = c->body->first; node; node = node->next) {
        struct sim_node *copy;

        if (is_deed(node->key))
            continue;
        copy = arena_new(&c->sim->scratch, struct sim_node);
        *copy = *node;
        copy->next = rest.first;
        rest.first = copy;
        if (!rest.last)
            rest.last = copy;
        rest.n++;
    }
    return rest.n == 0 || sim_org_subs_now(c->sim, &rest, &c->err);
}

int sim_control_subs(struct sim_control *c)
{
    if (c->body->kind != SIM_NODE_MAP || c->req->n_segments != 2)
        return sim_control_fail(c, 400, "a map is expected");
    sim_subs_settle(c->sim);
    if (!read_rest(c))
        return sim_control_fail(c, 400, "bad subscriptions");
    sim_subs_settle(c->sim);
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
        const struct sim_node *node = sim_node_get(c->body, deeds[i].key);

        if (!node)
            continue;
        if (node->kind != SIM_NODE_SCALAR || !deeds[i].run(c, node->text))
            return sim_control_fail(c, 404, deeds[i].otherwise);
        sim_subs_settle(c->sim);
    }
    return show_subscriptions(c->sim, c->out);
}

#include "base/clock.h"
#include "sim/sim_expr.h"
#include "sim/sim_okta.h"

struct group_view {
    struct sim *sim;
    const struct sim_group *group;
    bool lags; /* by the search index, which is behind */
};

/* The name as the search shows it: the former one for a while. */
static struct str shown_name(const struct group_view *view)
{
    const struct sim_group *group = view->group;
    int64_t lag = view->sim->quirks.search_lag_ms;

    if (view->lags && group->old_name.len > 0 && sim_cloud(view->sim) - group->renamed_ms < lag)
        return group->old_name;
    return group->name;
}

static struct str time_value(const struct group_view *view, int64_t ms)
{
    return time_iso_str(ms, &view->sim->scratch);
}

static struct str group_value(const void *self, struct str attribute)
{
    const struct group_view *view = self;
    const struct sim_group *group = view->group;

    if (str_is(attribute, "id"))
        return sim_group_id(group);
    if (str_is(attribute, "type")) {
        return group->type == GROUP_APP        ? STR("APP_GROUP")
               : group->type == GROUP_BUILT_IN ? STR("BUILT_IN")
                                               : STR("OKTA_GROUP");
    }
    if (str_is(attribute, "profile.name"))
        return shown_name(view);
    if (str_is(attribute, "profile.description"))
        return group->description;
    if (str_is(attribute, "source.id"))
        return group->source;
    if (str_is(attribute, "created"))
        return time_value(view, group->created_ms);
    if (str_is(attribute, "lastUpdated"))
        return time_value(view, group->updated_ms);
    if (str_is(attribute, "lastMembershipUpdated"))
        return time_value(view, sim_membership_time(view->sim, group));
    return (struct str){0};
}

static bool is_time(struct str attribute)
{
    return str_is(attribute, "created") || str_is(attribute, "lastUpdated") ||
           str_is(attribute, "lastMembershipUpdated");
}

static bool search_allows(struct str attribute, enum sim_op op)
{
    bool is_name = str_is(attribute, "profile.name") || str_is(attribute, "profile.description");

    if (op == SIM_CO)
        return is_name;
    if (op == SIM_GT || op == SIM_LT || op == SIM_GE || op == SIM_LE)
        return is_time(attribute);
    return is_name || is_time(attribute) || str_is(attribute, "id") || str_is(attribute, "type") ||
           str_is(attribute, "source.id") || str_starts(attribute, STR("profile."));
}

static bool filter_allows(struct str attribute, enum sim_op op)
{
    if (op == SIM_GT || op == SIM_LT || op == SIM_GE || op == SIM_LE)
        return str_is(attribute, "lastUpdated") || str_is(attribute, "lastMembershipUpdated");
    return op == SIM_EQ &&
           (str_is(attribute, "id") || str_is(attribute, "type") ||
            str_is(attribute, "lastUpdated") || str_is(attribute, "lastMembershipUpdated"));
}

struct query {
    const struct sim_expr *expr; /* NULL: everything */
    struct str prefix;           /* `q` */
    bool lags, no_links;
};

static bool read_query(struct sim_call *call, struct query *out)
{
    bool has_search = false;
    bool has_filter = false;
    bool has_q = false;
    struct str search = sim_request_query(call->req, "search", &has_search);
    struct str filter = sim_request_query(call->req, "filter", &has_filter);

    out->prefix = sim_request_query(call->req, "q", &has_q);
    out->no_links = has_q;
    out->lags = has_search;
    if (has_search && (!sim_expr_parse(search, &call->sim->scratch, &out->expr) ||
                       !sim_expr_allows(out->expr, search_allows))) {
        sim_answer_error(call, 400, "E0000031", STR("Invalid search criteria."), (struct str){0});
        return false;
    }
    if (has_filter && !sim_expr_parse(filter, &call->sim->scratch, &out->expr)) {
        sim_answer_error(call, 400, "E0000053", STR("Invalid filter."), (struct str){0});
        return false;
    }
    if (has_filter && !sim_expr_allows(out->expr, filter_allows)) {
        sim_answer_error(call, 400, "E0000094", STR("This filter is not supported."),
                         (struct str){0});
        return false;
    }
    return true;
}

static bool is_found(const struct query *query, const struct group_view *view)
{
    struct sim_thing thing = {.value = group_value, .self = view};

    if (view->group->is_deleted)
        return false;
    if (query->lags &&
        sim_cloud(view->sim) - view->group->created_ms < view->sim->quirks.search_lag_ms)
        return false;
    if (query->prefix.len > 0 && !str_starts(view->group->name, query->prefix))
        return false;
    return !query->expr || sim_expr_holds(query->expr, &thing);
}

static uint32_t first_group(struct sim_call *call, struct str after, bool *ok)
{
    uint32_t group;

    *ok = true;
    if (sim_page_is_start(after))
        return 0;
    group = sim_find_group_id(call->sim, str_sub(after, 0, SIM_ID_LEN));
    if (group == SIM_NOBODY) {
        sim_answer_error(call, 400, "E0000001", STR("Api validation failed"),
                         STR("after: invalid cursor"));
        *ok = false;
        return 0;
    }
    return group + 1;
}

void sim_okta_find_groups(struct sim_call *call)
{
    struct sim *sim = call->sim;
    struct query query = {0};
    struct sim_page page;
    bool ok;
    uint32_t i = first_group(call, sim_request_query(call->req, "after", NULL), &ok);

    if (!ok || !read_query(call, &query) || !sim_page_open(&page, call, 10000, 10000))
        return;

    struct group_view view = {.sim = sim, .lags = query.lags};
    bool more = page.full;

    for (; i < sim->n_groups; i++) {
        arena_mark_t mark = arena_mark(&sim->scratch);
        size_t began_at;

        view.group = sim_group(sim, i);
        bool found = is_found(&query, &view);
        arena_reset(&sim->scratch, mark);
        if (!found)
            continue;
        more = page.full;
        if (more)
            break;
        if (!sim_page_offers(&page, sim_group_id(view.group)))
            continue;
        began_at = call->out->body.len;
        sim_put_group(call, view.group, shown_name(&view));
        sim_page_wrote(&page, began_at);
        more = false;
    }
    sim_page_close(&page, more && !query.no_links);
}

void sim_okta_get_group(struct sim_call *call)
{
    uint32_t group = sim_path_group(call, call->param[0]);

    if (group == SIM_NOBODY)
        return;
    sim_put_group(call, sim_group(call->sim, group), sim_group(call->sim, group)->name);
    call->out->status = 200;
    sim_answer_header(call, "content-type", STR("application/json"));
}

#include "base/clock.h"
#include "sim/sim_expr.h"
#include "sim/sim_okta.h"

struct user_view {
    const struct sim *sim;
    const struct sim_person *person;
    struct arena *arena;
};

static struct str user_value(const void *self, struct str attribute)
{
    const struct user_view *view = self;
    const struct sim_person *person = view->person;

    if (str_starts(attribute, STR("profile.")))
        return sim_person_value(view->sim, person, str_sub(attribute, 8, attribute.len));
    if (str_is(attribute, "id"))
        return sim_person_id(person);
    if (str_is(attribute, "status"))
        return str_of(user_status_name((enum user_status)person->status));
    if (str_is(attribute, "created"))
        return time_iso_str(person->created_ms, view->arena);
    if (str_is(attribute, "lastUpdated"))
        return time_iso_str(person->updated_ms, view->arena);
    if (str_is(attribute, "statusChanged"))
        return time_iso_str(person->status_ms, view->arena);
    return (struct str){0};
}

static bool is_time(struct str attribute)
{
    return str_is(attribute, "created") || str_is(attribute, "lastUpdated") ||
           str_is(attribute, "statusChanged");
}

static bool is_main_name(struct str attribute)
{
    return str_is(attribute, "profile.login") || str_is(attribute, "profile.email") ||
           str_is(attribute, "profile.firstName") || str_is(attribute, "profile.lastName");
}

static bool search_allows(struct str attribute, enum sim_op op)
{
    if (op == SIM_CO)
        return is_main_name(attribute);
    if (op == SIM_GT || op == SIM_LT || op == SIM_GE || op == SIM_LE)
        return is_time(attribute);
    return is_time(attribute) || str_is(attribute, "id") || str_is(attribute, "status") ||
           str_starts(attribute, STR("profile."));
}

static bool filter_allows(struct str attribute, enum sim_op op)
{
    if (op == SIM_GT || op == SIM_LT || op == SIM_GE || op == SIM_LE)
        return str_is(attribute, "lastUpdated");
    return op == SIM_EQ && (is_main_name(attribute) || str_is(attribute, "id") ||
                            str_is(attribute, "status") || str_is(attribute, "lastUpdated"));
}

struct query {
    const struct sim_expr *expr;
    struct str prefix; /* `q` */
    bool by_search, no_inactive, no_links;
    uint32_t only; /* the one person an equality names; SIM_NOBODY: look at all */
    bool has_only;
};

/* `profile.login eq "x"` and `id eq "x"` need no walk over a million people. */
static void find_shortcut(struct sim *sim, struct query *query)
{
    const struct sim_expr *expr = query->expr;

    if (!expr || expr->kind != SIM_EXPR_TEST || expr->op != SIM_EQ)
        return;
    query->has_only = true;
    if (str_is(expr->attribute, "profile.login")) {
        query->only = sim_find_login(sim, expr->value);
    } else if (str_is(expr->attribute, "id")) {
        query->only = sim_find_id(sim, expr->value);
    } else {
        query->has_only = false;
    }
}

static bool refuse(struct sim_call *call, const char *code, struct str why)
{
    sim_answer_error(call, 400, code, why, (struct str){0});
    return false;
}

static bool read_query(struct sim_call *call, struct query *out)
{
    bool has_search = false;
    bool has_filter = false;
    bool has_q = false;
    struct str search = sim_request_query(call->req, "search", &has_search);
    struct str filter = sim_request_query(call->req, "filter", &has_filter);

    out->prefix = sim_request_query(call->req, "q", &has_q);
    out->no_links = has_q;
    out->no_inactive = !has_search && !has_filter;
    out->by_search = has_search;
    if (has_search && (!sim_expr_parse(search, &call->sim->scratch, &out->expr) ||
                       !sim_expr_allows(out->expr, search_allows)))
        return refuse(call, "E0000031", STR("Invalid search criteria."));
    if (has_filter && !sim_expr_parse(filter, &call->sim->scratch, &out->expr))
        return refuse(call, "E0000053", STR("Invalid filter."));
    if (has_filter && !sim_expr_allows(out->expr, filter_allows))
        return refuse(call, "E0000094", STR("This filter is not supported."));
    find_shortcut(call->sim, out);
    return true;
}

static bool is_found(struct sim *sim, const struct query *query, uint32_t number)
{
    const struct sim_person *person = sim_person(sim, number);
    struct user_view view = {.sim = sim, .person = person, .arena = &sim->scratch};
    struct sim_thing thing = {.value = user_value, .self = &view, .fold_case = query->by_search};

    if (person->is_deleted || (query->no_inactive && person->status == USER_DEPROVISIONED))
        return false;
    if (query->by_search && sim_cloud(sim) - person->created_ms < sim->quirks.search_lag_ms)
        return false;
    if (query->prefix.len > 0 && !str_starts(person->first_name, query->prefix) &&
        !str_starts(person->last_name, query->prefix) && !str_starts(person->email, query->prefix))
        return false;

    arena_mark_t mark = arena_mark(&sim->scratch);
    bool found = !query->expr || sim_expr_holds(query->expr, &thing);
    arena_reset(&sim->scratch, mark);
    return found;
}

static bool first_person(struct sim_call *call, struct str after, uint32_t *out)
{
    *out = 0;
    if (sim_page_is_start(after))
        return true;
    *out = sim_find_id(call->sim, str_sub(after, 0, SIM_ID_LEN));
    if (*out == SIM_NOBODY) {
        sim_answer_error(call, 400, "E0000001", STR("Api validation failed"),
                         STR("after: invalid cursor"));
        return false;
    }
    ++*out;
    return true;
}

/* One person of the list; false when he does not fit on this page any more. */
static bool offer(struct sim_call *call, const struct query *query, struct sim_page *page,
                  uint32_t number)
{
    const struct sim_person *person = sim_person(call->sim, number);
    size_t began_at;

    if (!is_found(call->sim, query, number))
        return true;
    if (page->full)
        return false;
    if (!sim_page_offers(page, sim_person_id(person)))
        return true;
    began_at = call->out->body.len;
    sim_put_user(call, person);
    sim_page_wrote(page, began_at);
    return true;
}

void sim_okta_list_users(struct sim_call *call)
{
    struct query query = {.only = SIM_NOBODY};
    struct sim_page page;
    uint32_t i;
    bool more = false;

    if (!first_person(call, sim_request_query(call->req, "after", NULL), &i) ||
        !read_query(call, &query) || !sim_page_open(&page, call, query.no_links ? 10 : 200, 200))
        return;
    if (query.has_only) {
        if (query.only != SIM_NOBODY && query.only >= i)
            more = !offer(call, &query, &page, query.only);
    } else {
        for (; i < call->sim->n_people && !more; i++)
            more = !offer(call, &query, &page, i);
    }
    sim_page_close(&page, more && !query.no_links);
}

static uint32_t path_user(struct sim_call *call)
{
    struct sim *sim = call->sim;
    struct str key = call->param[0];
    uint32_t person = SIM_NOBODY;

    /* A slash cannot come in a path, not even as %2F. */
    if (!call->req->raw_slash) {
        person = sim_find_id(sim, key);
        if (person == SIM_NOBODY)
            person = sim_find_login(sim, key);
        if (person == SIM_NOBODY && sim->quirks.short_names)
            person = sim_find_short(sim, key);
    }
    if (person == SIM_NOBODY)
        sim_not_found(call, key, "User");
    return person;
}

void sim_okta_get_user(struct sim_call *call)
{
    uint32_t person = path_user(call);

    if (person == SIM_NOBODY)
        return;
    sim_put_user(call, sim_person(call->sim, person));
    call->out->status = 200;
    sim_answer_header(call, "content-type", STR("application/json"));
}

void sim_okta_user_groups(struct sim_call *call)
{
    struct sim *sim = call->sim;
    uint32_t person = path_user(call);
    struct sim_page page;
    uint32_t *groups;

    if (person == SIM_NOBODY || !sim_page_open(&page, call, 200, 200))
        return;

    size_t n = sim_groups_of(sim, person, &sim->scratch, &groups);
    uint32_t last = sim_find_group_id(sim, str_sub(page.after, 0, SIM_ID_LEN));
    size_t i = 0;

    while (i < n && last != SIM_NOBODY && groups[i] <= last)
        i++;
    for (; i < n && !page.full; i++) {
        const struct sim_group *group = sim_group(sim, groups[i]);
        size_t began_at;

        if (!sim_page_offers(&page, sim_group_id(group)))
            continue;
        began_at = call->out->body.len;
        sim_put_group(call, group, group->name);
        sim_page_wrote(&page, began_at);
    }
    sim_page_close(&page, i < n);
}

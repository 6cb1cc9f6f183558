#include <stdio.h>

#include "base/clock.h"
#include "sim/sim_expr.h"
#include "sim/sim_idc.h"
#include "sim/sim_okta.h"

#define RETENTION (90 * TIME_DAY)

struct event_view {
    struct sim *sim;
    const struct sim_event *event;
};

/* `target.id` has several values; the expression asks for equality, so each target is tried. */
struct event_try {
    struct event_view view;
    bool group_target;
};

static struct str event_value(const void *self, struct str attribute)
{
    const struct event_try *try = self;
    const struct sim_event *event = try->view.event;
    uint32_t target = try->group_target ? event->group : event->person;

    if (str_is(attribute, "eventType"))
        return str_of(event->type);
    if (str_is(attribute, "actor.id"))
        return event->actor->id;
    if (str_is(attribute, "severity"))
        return event->failed ? STR("ERROR") : STR("INFO");
    if (str_is(attribute, "outcome.result"))
        return event->failed ? STR("FAILURE") : STR("SUCCESS");
    if (!str_is(attribute, "target.id") || target == SIM_NOBODY)
        return (struct str){0};
    return try->group_target ? sim_group_id(sim_group(try->view.sim, target))
                             : sim_person_id(sim_person(try->view.sim, target));
}

static bool allows(struct str attribute, enum sim_op op)
{
    return (op == SIM_EQ || op == SIM_SW || op == SIM_CO || op == SIM_PR) &&
           (str_is(attribute, "eventType") || str_is(attribute, "target.id") ||
            str_is(attribute, "actor.id") || str_is(attribute, "severity") ||
            str_is(attribute, "outcome.result"));
}

struct log_query {
    const struct sim_expr *filter;
    int64_t since_ms, until_ms;
    bool polling, descending;
    uint64_t position; /* count of events ever logged at which to go on */
};

static bool refuse(struct sim_call *call, const char *code, struct str why)
{
    sim_answer_error(call, 400, code, why, (struct str){0});
    return false;
}

static bool read_time(struct sim_call *call, const char *name, int64_t *out, bool *given)
{
    struct str text = sim_request_query(call->req, name, given);

    if (*given && !time_parse_iso(text, out))
        return refuse(call, "E0000030", STR("Bad date."));
    return true;
}

/* A cursor is `P` and a position; who makes one by hand is told so. */
static bool read_cursor(struct sim_call *call, struct str after, struct log_query *out)
{
    int64_t position;
    struct sim *sim = call->sim;

    if (str_ends(after, STR("~")))
        after = str_sub(after, 0, after.len - 1);
    if (after.len < 2 || after.ptr[0] != 'P' ||
        !str_to_i64(str_sub(after, 1, after.len), &position) || position < 0 ||
        (uint64_t)position > sim->dropped_events + sim->n_events)
        return refuse(call, "E0000031", STR("Invalid after parameter."));
    out->position = (uint64_t)position;
    return true;
}

static bool read_query(struct sim_call *call, struct log_query *out)
{
    bool has_since;
    bool has_until;
    bool has_after;
    bool has_filter;
    struct str after = sim_request_query(call->req, "after", &has_after);
    struct str filter = sim_request_query(call->req, "filter", &has_filter);
    struct str order = sim_request_query(call->req, "sortOrder", NULL);

    out->until_ms = INT64_MAX;
    if (!read_time(call, "since", &out->since_ms, &has_since) ||
        !read_time(call, "until", &out->until_ms, &has_until))
        return false;
    if (has_since && has_after)
        return refuse(call, "E0000001", STR("since and after exclude each other"));
    if (has_after && !sim_page_is_start(after) && !read_cursor(call, after, out))
        return false;
    if (!has_since && !has_after)
        out->since_ms = (has_until ? out->until_ms : sim_cloud(call->sim)) - 7 * TIME_DAY;
    if (out->since_ms < sim_cloud(call->sim) - RETENTION)
        out->since_ms = sim_cloud(call->sim) - RETENTION;
    if (has_filter && (!sim_expr_parse(filter, &call->sim->scratch, &out->filter) ||
                       !sim_expr_allows(out->filter, allows)))
        return refuse(call, "E0000053", STR("Invalid filter."));
    out->descending = str_is(order, "DESCENDING");
    out->polling = !has_until && !out->descending;
    return true;
}

static bool is_found(struct sim *sim, const struct log_query *query, const struct sim_event *event)
{
    struct event_try try = {.view = {sim, event}};
    struct sim_thing thing = {.value = event_value, .self = &try};

    if (event->at_ms < query->since_ms || event->at_ms >= query->until_ms)
        return false;
    if (!query->filter || sim_expr_holds(query->filter, &thing))
        return true;
    try.group_target = true;
    return sim_expr_holds(query->filter, &thing);
}

/* Events that have arrived: the newest ones take their time. */
static size_t n_arrived(const struct sim *sim)
{
    int64_t now = sim_cloud(sim);
    size_t n = sim->n_events;

    while (n > 0 && now - sim->events[n - 1].at_ms < sim->quirks.log_lag_ms)
        n--;
    return n;
}

static void put_events(struct sim_call *call, const struct log_query *query, struct sim_page *page,
                       bool *more)
{
    struct sim *sim = call->sim;
    size_t n = n_arrived(sim);
    size_t i =
        query->position > sim->dropped_events ? (size_t)(query->position - sim->dropped_events) : 0;

    for (; i < n; i++) {
        const struct sim_event *event = &sim->events[query->descending ? n - 1 - i : i];
        size_t began_at;

        if (!is_found(sim, query, event))
            continue;
        if (page->full)
            break;
        if (!sim_page_offers(page, STR("event")))
            continue;
        began_at = call->out->body.len;
        sim_put_event(call, event);
        sim_page_wrote(page, began_at);
    }
    uint64_t position = sim->dropped_events + i;

    *more = i < n;
    (void)snprintf(page->last, sizeof(page->last), "P%llu%s", (unsigned long long)position,
                   call->play && call->play->page_empty ? "~" : "");
}

/* Does anybody want to know about provisioning? Who asks for memberships alone does not make the
 * AWS side come about. */
static bool is_about_pushes(const struct sim_call *call)
{
    struct str filter = sim_request_query(call->req, "filter", NULL);

    return sim_glob(STR("*provision*"), filter) || sim_glob(STR("*grouppush*"), filter);
}

void sim_okta_logs(struct sim_call *call)
{
    struct log_query query = {0};
    struct sim_page page;
    bool more = false;

    if (!sim_endpoint_is_there(call, call->sim->quirks.logs_status) || !read_query(call, &query) ||
        !sim_page_open(&page, call, 100, 1000))
        return;
    /* A poll has a next page always, on an empty one too: the usual loop never ends. */
    page.always_next = query.polling;
    if (call->sim->idc->scim.asked || is_about_pushes(call))
        sim_scim_settle(call->sim);
    put_events(call, &query, &page, &more);
    sim_page_close(&page, more);
}

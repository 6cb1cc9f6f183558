#include "base/utf8.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "core/text_table.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"

/* The queue: a list of it, and everything about one request. */

/* ---- requests ---- */

static void list_json(struct cli *cli, const struct request *items, size_t n)
{
    struct json_out json = {.buf = &cli->out, .indent = true};

    json_open(&json, NULL, '{');
    json_open(&json, "requests", '[');
    for (size_t i = 0; i < n; i++) {
        json_open(&json, NULL, '{');
        ask_json(cli, &json, &items[i]);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    buf_add_char(&cli->out, '\n');
}

static void list_text(struct cli *cli, const struct request *items, size_t n)
{
    struct arena *arena = &cli->arena;
    struct text_table table = {.arena = arena, .n_cols = 5};

    for (size_t i = 0; i < n; i++) {
        text_table_row(
            &table,
            (const struct str[]){arena_printf(arena, "R%lld", (long long)items[i].number),
                                 str_of(request_state_name(items[i].state)),
                                 ask_title(cli, &items[i]), ask_term(cli, &items[i]),
                                 arena_printf(arena, "filed %.*s",
                                              STR_ARG(time_local_str(items[i].filed_at, arena)))});
    }
    text_table_print(&table, 0, &cli->out);
}

bool cmd_requests(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct request_filter filter = {.open_only = true};
    const struct entitlement *entitlement;
    const struct request *items;
    const char *ent = NULL;
    bool all = false, json = false;
    size_t n;
    const struct opt opts[] = {
        {"all", 'a', &all, NULL}, {"entitlement", 'e', NULL, &ent}, {"json", 0, &json, NULL}};

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err))
        return false;
    if (ent && !cli_entitlement(cli, ent, &entitlement, err))
        return false;
    if (ent)
        filter.entitlement = entitlement->name;
    filter.open_only = !all;
    if (!ledger_list_requests(cli->ledger, &filter, &cli->arena, &items, &n, err))
        return false;
    if (json) {
        list_json(cli, items, n);
    } else if (n == 0) {
        buf_printf(&cli->out, all ? "There is no request.\n" : "There is no open request.\n");
    } else {
        list_text(cli, items, n);
    }
    return true;
}

/* ---- show ---- */

struct shown {
    struct request request;
    const struct approval_row *approvals;
    size_t n_approvals;
    const struct grant *grants; /* that person's, in that entitlement; newest first */
    size_t n_grants;
    bool confirmed;
};

static bool load(struct cli *cli, const char *number, struct shown *out, struct err *err)
{
    struct grant *grants;
    size_t n;

    *out = (struct shown){0};
    if (!ask_find(cli, number, &out->request, err) ||
        !ledger_request_approvals(cli->ledger, out->request.id, &cli->arena, &out->approvals,
                                  &out->n_approvals, err) ||
        !ledger_request_confirmed(cli->ledger, out->request.id, &out->confirmed, err))
        return false;
    if (out->request.person.len == 0)
        return true;
    if (!ledger_person_grants(cli->ledger, out->request.person, &cli->arena, &grants, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(grants[i].entitlement, out->request.entitlement))
            grants[out->n_grants++] = grants[i];
    }
    out->grants = grants;
    return true;
}

static const char *verdict_word(enum verdict verdict)
{
    static const char *const words[] = {
        [VERDICT_NONE] = "asked", [VERDICT_APPROVE] = "approved", [VERDICT_DENY] = "denied"};

    return words[verdict];
}

static void show_json(struct cli *cli, const struct shown *shown)
{
    struct json_out json = {.buf = &cli->out, .indent = true};

    json_open(&json, NULL, '{');
    ask_json(cli, &json, &shown->request);
    json_put_bool(&json, "confirmed", shown->confirmed);
    json_open(&json, "approvals", '[');
    for (size_t i = 0; i < shown->n_approvals; i++) {
        const struct approval_row *row = &shown->approvals[i];
        json_open(&json, NULL, '{');
        json_put_str(&json, "approver", cli_login_of(cli, row->approval.approver));
        json_put_str(&json, "okta_id", row->approval.approver);
        json_put_str(&json, "verdict", str_of(verdict_word(row->approval.verdict)));
        json_put_str_or_null(&json, "reason", row->approval.reason);
        json_put_time(&json, "asked_at", row->asked_at);
        json_put_time(&json, "decided_at", row->approval.at_ms);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_open(&json, "grants", '[');
    for (size_t i = 0; i < shown->n_grants; i++) {
        const struct grant *grant = &shown->grants[i];
        json_open(&json, NULL, '{');
        json_put_str(&json, "id", grant->id);
        json_put_str(&json, "plan", grant->plan);
        json_put_time(&json, "from", grant->from_ms);
        json_put_time(&json, "until", grant->until_ms);
        json_put_time(&json, "ended_at", grant->ended_at);
        json_put_str_or_null(&json, "end_cause",
                             grant->ended_at != 0 ? str_of(cause_name(grant->end_cause))
                                                  : (struct str){0});
        json_put_str_or_null(&json, "owner", cli_login_of(cli, grant->owner));
        json_put_bool(&json, "opened_here", str_eq(grant->request, shown->request.id));
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    buf_add_char(&cli->out, '\n');
}

static void put_field(struct text_table *table, const char *name, struct str value)
{
    if (value.len > 0)
        text_table_row(table, (const struct str[]){str_of(name), value});
}

/* Who did it, and when: `by ada@example.com, 2026-05-04 18:12`. */
static struct str act(struct cli *cli, struct str who, int64_t at_ms)
{
    if (at_ms == 0)
        return (struct str){0};
    return arena_printf(&cli->arena, "%.*s by %.*s", STR_ARG(time_local_str(at_ms, &cli->arena)),
                        STR_ARG(cli_login_of(cli, who)));
}

static void put_fields(struct cli *cli, const struct shown *shown)
{
    const struct request *r = &shown->request;
    struct text_table table = {.arena = &cli->arena, .n_cols = 2};

    buf_printf(&cli->out, "R%lld: %.*s\n", (long long)r->number, STR_ARG(ask_title(cli, r)));
    put_field(&table, "state", str_of(request_state_name(r->state)));
    put_field(&table, "", r->state_reason);
    put_field(&table, "term", ask_term(cli, r));
    put_field(&table, "reason", r->reason);
    put_field(&table, "filed",
              arena_printf(&cli->arena, "%.*s (%.*s)", STR_ARG(act(cli, r->principal, r->filed_at)),
                           STR_ARG(r->door)));
    put_field(&table, "requester", cli_login_of(cli, r->requester));
    put_field(&table, "key", r->key);
    if (r->person.len == 0) {
        put_field(&table, "person",
                  request_state_is_open(r->state) ? STR("not looked up yet; the next run does")
                                                  : STR("was never looked up"));
    } else {
        put_field(&table, "person", r->person);
    }
    if (shown->confirmed || r->confirm_one_way)
        put_field(&table, "one-way", STR("confirmed"));
    put_field(&table, "decided", act(cli, r->decided_by, r->decided_at));
    text_table_print(&table, 2, &cli->out);
}

static void put_approvals(struct cli *cli, const struct shown *shown)
{
    struct arena *arena = &cli->arena;
    struct text_table table = {.arena = arena, .n_cols = 4};

    if (shown->n_approvals == 0)
        return;
    buf_add(&cli->out, STR("Approval:\n"));
    for (size_t i = 0; i < shown->n_approvals; i++) {
        const struct approval_row *row = &shown->approvals[i];
        int64_t at = row->approval.at_ms != 0 ? row->approval.at_ms : row->asked_at;
        text_table_row(&table,
                       (const struct str[]){cli_login_of(cli, row->approval.approver),
                                            str_of(verdict_word(row->approval.verdict)),
                                            time_local_str(at, arena), row->approval.reason});
    }
    text_table_print(&table, 2, &cli->out);
}

static struct str grant_state(struct cli *cli, const struct grant *grant)
{
    int64_t now = clock_now(&cli->clock);

    if (grant_is_live(grant, now))
        return STR("live");
    if (grant_is_ahead(grant, now))
        return STR("ahead");
    if (grant->ended_at == 0 || grant->ended_at > grant->until_ms)
        return STR("ended");
    return arena_printf(&cli->arena, "ended %.*s (%s)",
                        STR_ARG(date_str(grant->ended_at, &cli->arena)),
                        cause_name(grant->end_cause));
}

static void put_grants(struct cli *cli, const struct shown *shown)
{
    struct arena *arena = &cli->arena;
    struct text_table table = {.arena = arena, .n_cols = 4};

    if (shown->n_grants == 0)
        return;
    buf_printf(&cli->out, "Grants of this person in %.*s:\n",
               STR_ARG(utf8_printable(shown->request.entitlement, arena)));
    for (size_t i = 0; i < shown->n_grants; i++) {
        const struct grant *grant = &shown->grants[i];
        bool here = str_eq(grant->request, shown->request.id);
        text_table_row(
            &table,
            (const struct str[]){grant->plan,
                                 arena_printf(arena, "%.*s to %.*s",
                                              STR_ARG(date_str(grant->from_ms, arena)),
                                              STR_ARG(date_str(grant->until_ms - 1, arena))),
                                 grant_state(cli, grant), here ? STR("by this request") : STR("")});
    }
    text_table_print(&table, 2, &cli->out);
}

static void put_next(struct cli *cli, const struct shown *shown)
{
    long long number = (long long)shown->request.number;

    if (shown->request.state == REQUEST_AWAITING_APPROVAL) {
        buf_printf(&cli->out, "Next: %s approve R%lld, or deny\n", cli->program, number);
    } else if (shown->request.state == REQUEST_AWAITING_CONFIRMATION && !shown->confirmed) {
        buf_printf(&cli->out, "Next: %s confirm R%lld\n", cli->program, number);
    } else if (request_state_is_open(shown->request.state)) {
        buf_printf(&cli->out, "Next: %s reconcile\n", cli->program);
    }
}

bool cmd_show(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct shown shown;
    const char *number[1];
    bool json = false;
    const struct opt opts[] = {{"json", 0, &json, NULL}};

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), number, 1, 1, NULL, err) ||
        !load(cli, number[0], &shown, err))
        return false;
    if (json) {
        show_json(cli, &shown);
        return true;
    }
    put_fields(cli, &shown);
    put_approvals(cli, &shown);
    put_grants(cli, &shown);
    put_next(cli, &shown);
    return true;
}

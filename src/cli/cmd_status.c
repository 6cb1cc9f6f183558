#include "base/json_out.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "cli/commands.h"
#include "core/text_table.h"
#include "ledger/ledger_finding.h"
#include "ledger/ledger_group.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"
#include "ledger/ledger_run.h"

/* How things are, as far as the ledger knows. */

#define RUNS_LOOKED_AT 50

struct ent_status {
    const struct entitlement *ent;
    enum mode mode; /* with what an anomaly lowered */
    size_t granted; /* people with a live grant */
    size_t owned;   /* people in the groups by us */
};

struct status {
    struct run_row run, good; /* the newest one, and the newest that was not in vain */
    bool has_run, has_good;
    size_t requests[REQUEST_CANCELLED + 1]; /* by state */
    size_t n_open;
    size_t findings[SEVERITY_PAGE + 1];
    const struct freeze_row *freezes;
    size_t n_freezes;
    const struct mode_floor *floors;
    size_t n_floors;
    struct ent_status *ents;
    size_t n_ents;
};

/* ---- gathering ---- */

static bool gather_runs(struct cli *cli, struct status *out, struct err *err)
{
    const struct run_row *runs;
    size_t n;

    if (!ledger_list_runs(cli->ledger, RUNS_LOOKED_AT, &cli->arena, &runs, &n, err) ||
        !ledger_last_run(cli->ledger, &cli->arena, &out->good, &out->has_good, err))
        return false;
    for (size_t i = 0; i < n && !out->has_run; i++) {
        out->run = runs[i];
        out->has_run = runs[i].kind != RUN_DRY;
    }
    return true;
}

static bool gather_queue(struct cli *cli, struct status *out, struct err *err)
{
    const struct request_filter open = {.open_only = true};
    const struct finding_row *findings;
    const struct request *requests;
    size_t n;

    if (!ledger_list_requests(cli->ledger, &open, &cli->arena, &requests, &n, err))
        return false;
    out->n_open = n;
    for (size_t i = 0; i < n; i++)
        out->requests[requests[i].state]++;
    if (!ledger_load_findings(cli->ledger, false, &cli->arena, &findings, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        out->findings[findings[i].finding.severity]++;
    return true;
}

typedef VEC_OF(struct str) id_vec;

static bool gather_owned(struct cli *cli, const struct group_pin *pins, size_t n_pins,
                         struct ent_status *out, struct err *err)
{
    id_vec owned = {0};

    for (size_t i = 0; i < n_pins; i++) {
        struct baseline baseline;
        if (pins[i].role != PIN_PLAN || !str_eq(pins[i].entitlement, out->ent->name))
            continue;
        if (!ledger_load_baseline(cli->ledger, pins[i].group_id, &cli->arena, &baseline, err))
            return false;
        for (size_t k = 0; k < baseline.n; k++) {
            if (baseline_owns(&baseline, baseline.people[k].person))
                VEC_PUSH(&cli->arena, &owned, baseline.people[k].person);
        }
    }
    out->owned = str_sort_unique(owned.items, owned.n);
    return true;
}

static size_t count_granted(struct cli *cli, const struct grant *grants, size_t n, struct str ent)
{
    int64_t now = clock_now(&cli->clock);
    id_vec people = {0};

    for (size_t i = 0; i < n; i++) {
        if (str_eq(grants[i].entitlement, ent) && grant_is_live(&grants[i], now))
            VEC_PUSH(&cli->arena, &people, grants[i].person);
    }
    return str_sort_unique(people.items, people.n);
}

static enum mode lowered(const struct status *status, const struct entitlement *ent)
{
    enum mode mode = ent->mode;

    for (size_t i = 0; i < status->n_floors; i++) {
        const struct mode_floor *floor = &status->floors[i];
        if ((floor->entitlement.len == 0 || str_eq(floor->entitlement, ent->name)) &&
            floor->mode < mode)
            mode = floor->mode;
    }
    return mode;
}

static bool gather_entitlements(struct cli *cli, struct status *out, struct err *err)
{
    const struct policy *policy = &cli->settings.policy;
    const struct group_pin *pins;
    struct grant *grants;
    size_t n_pins, n_grants;

    if (!ledger_load_pins(cli->ledger, &cli->arena, &pins, &n_pins, err) ||
        !ledger_load_grants(cli->ledger, clock_now(&cli->clock), &cli->arena, &grants, &n_grants,
                            err))
        return false;
    out->n_ents = policy->n_entitlements;
    out->ents = arena_array(&cli->arena, struct ent_status, out->n_ents);
    for (size_t i = 0; i < out->n_ents; i++) {
        struct ent_status *ent = &out->ents[i];
        ent->ent = &policy->entitlements[i];
        ent->mode = lowered(out, ent->ent);
        ent->granted = count_granted(cli, grants, n_grants, ent->ent->name);
        if (!gather_owned(cli, pins, n_pins, ent, err))
            return false;
    }
    return true;
}

static bool gather(struct cli *cli, struct status *out, struct err *err)
{
    int64_t now = clock_now(&cli->clock);

    *out = (struct status){0};
    return gather_runs(cli, out, err) && gather_queue(cli, out, err) &&
           ledger_load_freezes(cli->ledger, now, &cli->arena, &out->freezes, &out->n_freezes,
                               err) &&
           ledger_load_floors(cli->ledger, &cli->arena, &out->floors, &out->n_floors, err) &&
           gather_entitlements(cli, out, err);
}

/* ---- JSON ---- */

static void json_run(struct json_out *json, const char *key, const struct run_row *run, bool has)
{
    if (!has) {
        json_put_null(json, key);
        return;
    }
    json_open(json, key, '{');
    json_put_i64(json, "number", run->number);
    json_put_str(json, "id", run->id);
    json_put_time(json, "started_at", run->started_at);
    json_put_time(json, "finished_at", run->finished_at);
    json_put_str_or_null(json, "outcome",
                         run->has_outcome ? str_of(run_outcome_name(run->outcome))
                                          : (struct str){0});
    json_put_str_or_null(json, "error", run->error);
    json_end(json, '}');
}

static void json_counts(struct json_out *json, const struct status *status)
{
    json_open(json, "requests", '{');
    json_put_i64(json, "open", (int64_t)status->n_open);
    for (int i = REQUEST_FILED; i <= REQUEST_AWAITING_APPROVAL; i++)
        json_put_i64(json, request_state_name((enum request_state)i), (int64_t)status->requests[i]);
    json_end(json, '}');
    json_open(json, "findings", '{');
    for (int i = SEVERITY_PAGE; i >= SEVERITY_INFO; i--)
        json_put_i64(json, severity_name((enum severity)i), (int64_t)status->findings[i]);
    json_end(json, '}');
}

static void json_brakes(struct json_out *json, const struct status *status)
{
    json_open(json, "freezes", '[');
    for (size_t i = 0; i < status->n_freezes; i++) {
        const struct freeze_row *freeze = &status->freezes[i];
        json_open(json, NULL, '{');
        json_put_str_or_null(json, "entitlement", freeze->entitlement);
        json_put_bool(json, "removals_only", freeze->removals);
        json_put_time(json, "since", freeze->at);
        json_put_time(json, "until", freeze->until);
        json_put_str(json, "by", freeze->by);
        json_put_str(json, "reason", freeze->reason);
        json_end(json, '}');
    }
    json_end(json, ']');
    json_open(json, "lowered_modes", '[');
    for (size_t i = 0; i < status->n_floors; i++) {
        const struct mode_floor *floor = &status->floors[i];
        json_open(json, NULL, '{');
        json_put_str_or_null(json, "entitlement", floor->entitlement);
        json_put_str(json, "mode", str_of(mode_name(floor->mode)));
        json_put_time(json, "since", floor->since);
        json_put_str(json, "reason", floor->reason);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static struct str ledger_name(const struct cli *cli)
{
    return cli->ledger_path ? str_of(cli->ledger_path) : cli->settings.ledger;
}

static void put_json(struct cli *cli, const struct status *status)
{
    struct json_out json = {.buf = &cli->out, .indent = true};

    json_open(&json, NULL, '{');
    json_put_str(&json, "environment", cli->settings.policy.name);
    json_put_str(&json, "settings", cli->settings.path);
    json_put_str(&json, "ledger", ledger_name(cli));
    json_put_str(&json, "program", STR("seatkeeper " SEATKEEPER_VERSION));
    json_run(&json, "last_run", &status->run, status->has_run);
    json_run(&json, "last_good_run", &status->good, status->has_good);
    json_counts(&json, status);
    json_brakes(&json, status);
    json_open(&json, "entitlements", '[');
    for (size_t i = 0; i < status->n_ents; i++) {
        const struct ent_status *ent = &status->ents[i];
        json_open(&json, NULL, '{');
        json_put_str(&json, "name", ent->ent->name);
        json_put_str(&json, "mode", str_of(mode_name(ent->mode)));
        json_put_str(&json, "mode_in_settings", str_of(mode_name(ent->ent->mode)));
        json_put_i64(&json, "granted", (int64_t)ent->granted);
        json_put_i64(&json, "owned", (int64_t)ent->owned);
        if (ent->ent->max_seats >= 0) {
            json_put_i64(&json, "max_seats", ent->ent->max_seats);
        } else {
            json_put_null(&json, "max_seats");
        }
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    buf_add_char(&cli->out, '\n');
}

/* ---- text ---- */

static void row(struct text_table *table, const char *name, struct str value)
{
    text_table_row(table, (const struct str[]){str_of(name), value});
}

static struct str run_words(struct cli *cli, const struct run_row *run)
{
    struct arena *arena = &cli->arena;
    int64_t age = clock_now(&cli->clock) - run->started_at;
    struct str when = time_local_str(run->started_at, arena);
    struct str ago = duration_words(age > 0 ? age : 0, arena);

    return arena_printf(arena, "%lld, %.*s (%.*s ago): %s%s%.*s", (long long)run->number,
                        STR_ARG(when), STR_ARG(ago),
                        run->has_outcome ? run_outcome_name(run->outcome)
                                         : "under way, or it was cut off",
                        run->error.len > 0 ? ": " : "", STR_ARG(run->error));
}

static void put_runs(struct cli *cli, const struct status *status, struct text_table *table)
{
    if (!status->has_run) {
        row(table, "last run", STR("none yet"));
        return;
    }
    row(table, "last run", run_words(cli, &status->run));
    if (status->has_good && status->good.number != status->run.number)
        row(table, "last good run", run_words(cli, &status->good));
}

static void put_queue(struct cli *cli, const struct status *status, struct text_table *table)
{
    struct arena *arena = &cli->arena;
    struct str open = arena_printf(arena, "%zu open", status->n_open);
    const char *sep = ": ";

    for (int i = REQUEST_FILED; i <= REQUEST_AWAITING_APPROVAL; i++) {
        if (status->requests[i] == 0)
            continue;
        open = arena_printf(arena, "%.*s%s%zu %s", STR_ARG(open), sep, status->requests[i],
                            request_state_name((enum request_state)i));
        sep = ", ";
    }
    row(table, "requests", open);
    size_t all = status->findings[SEVERITY_PAGE] + status->findings[SEVERITY_TICKET] +
                 status->findings[SEVERITY_INFO];
    if (all == 0) {
        row(table, "findings", STR("none"));
    } else {
        row(table, "findings",
            arena_printf(arena, "%zu page, %zu ticket, %zu info; %s drift lists them",
                         status->findings[SEVERITY_PAGE], status->findings[SEVERITY_TICKET],
                         status->findings[SEVERITY_INFO], cli->program));
    }
}

static struct str what_of(struct str entitlement)
{
    return entitlement.len > 0 ? entitlement : STR("everything");
}

static struct str freeze_words(const struct freeze_row *freeze, struct arena *arena)
{
    struct str end = STR("lifted");

    if (freeze->until != 0)
        end = date_str(freeze->until - 1, arena);
    return arena_printf(arena, "%.*s%s until %.*s, by %.*s: %.*s",
                        STR_ARG(what_of(freeze->entitlement)),
                        freeze->removals ? ", removals only," : "", STR_ARG(end),
                        STR_ARG(freeze->by), STR_ARG(freeze->reason));
}

static struct str floor_words(const struct mode_floor *floor, struct arena *arena)
{
    return arena_printf(arena, "%.*s to %s since %.*s: %.*s", STR_ARG(what_of(floor->entitlement)),
                        mode_name(floor->mode), STR_ARG(time_local_str(floor->since, arena)),
                        STR_ARG(floor->reason));
}

static void put_brakes(struct cli *cli, const struct status *status, struct text_table *table)
{
    for (size_t i = 0; i < status->n_freezes; i++)
        row(table, "frozen", freeze_words(&status->freezes[i], &cli->arena));
    for (size_t i = 0; i < status->n_floors; i++)
        row(table, "lowered", floor_words(&status->floors[i], &cli->arena));
}

static void put_text(struct cli *cli, const struct status *status)
{
    struct arena *arena = &cli->arena;
    struct text_table table = {.arena = arena, .n_cols = 2};
    struct text_table ents = {.arena = arena, .n_cols = 5};

    row(&table, "environment", cli->settings.policy.name);
    row(&table, "settings", cli->settings.path);
    row(&table, "ledger", ledger_name(cli));
    put_runs(cli, status, &table);
    put_queue(cli, status, &table);
    put_brakes(cli, status, &table);
    text_table_print(&table, 0, &cli->out);
    for (size_t i = 0; i < status->n_ents; i++) {
        const struct ent_status *ent = &status->ents[i];
        const struct str cells[] = {
            ent->ent->name,
            arena_printf(arena, "mode %s", mode_name(ent->mode)),
            arena_printf(arena, "granted to %zu", ent->granted),
            arena_printf(arena, "seats owned %zu", ent->owned),
            ent->ent->max_seats >= 0
                ? arena_printf(arena, "of at most %lld", (long long)ent->ent->max_seats)
                : STR(""),
        };
        text_table_row(&ents, cells);
    }
    buf_add(&cli->out, STR("Entitlements:\n"));
    text_table_print(&ents, 2, &cli->out);
}

bool cmd_status(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct status status;
    bool json = false;
    const struct opt opts[] = {{"json", 0, &json, NULL}};

    if (!cli_parse(cli, argc, argv, opts, ARRAY_LEN(opts), NULL, 0, 0, NULL, err) ||
        !gather(cli, &status, err))
        return false;
    if (json) {
        put_json(cli, &status);
    } else {
        put_text(cli, &status);
    }
    return true;
}

#include <stdio.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/csv.h"
#include "base/json_out.h"
#include "core/report.h"

/* Member names are those of the design, section 7; what is more than that may be left out by a
 * reader. Times are ISO 8601 UTC, money is integer minor units. */

static struct str name_of(struct str login, struct str id)
{
    return login.len > 0 ? login : id;
}

static void put_finding(struct json_out *json, const struct finding *f)
{
    json_open(json, NULL, '{');
    json_put_str_or_null(json, "id", f->id);
    json_put_str(json, "kind", str_of(finding_kind_name(f->kind)));
    json_put_str(json, "severity", str_of(severity_name(f->severity)));
    json_put_str_or_null(json, "entitlement", f->entitlement);
    json_put_str_or_null(json, "person", name_of(f->login, f->person));
    json_put_str_or_null(json, "okta_id", f->person);
    json_put_str_or_null(json, "group", f->group);
    json_put_str_or_null(json, "hop", f->hop);
    json_put_time(json, "since", f->since_ms);
    json_put_str(json, "detail", f->detail);
    json_put_str_or_null(json, "remedy", f->remedy);
    json_put_str_or_null(json, "command", f->command);
    json_put_str_or_null(json, "actor", f->actor);
    json_put_i64(json, "cost_minor", f->cost_minor);
    json_end(json, '}');
}

static void put_findings(struct json_out *json, const struct finding *findings, size_t n)
{
    json_open(json, "findings", '[');
    for (size_t i = 0; i < n; i++)
        put_finding(json, &findings[i]);
    json_end(json, ']');
}

static void put_entitlements(struct json_out *json, const struct report *report)
{
    json_open(json, "entitlements", '[');
    for (size_t i = 0; i < report->n_ents; i++) {
        const struct report_entitlement *ent = &report->ents[i];

        json_open(json, NULL, '{');
        json_put_str(json, "name", ent->name);
        json_put_str(json, "mode", str_of(mode_name(ent->mode)));
        json_put_i64(json, "desired", (int64_t)ent->desired);
        /* What could not be read is not zero. */
        if (ent->readable) {
            json_put_i64(json, "actual", (int64_t)ent->actual);
        } else {
            json_put_null(json, "actual");
        }
        json_put_i64(json, "owned", (int64_t)ent->owned);
        json_put_bool(json, "readable", ent->readable);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_op(struct json_out *json, const struct report_op *row)
{
    const struct op *op = row->op;

    json_open(json, NULL, '{');
    json_put_str(json, "id", op->id);
    json_put_str(json, "op", str_of(op_kind_name(op->kind)));
    json_put_str(json, "person", name_of(op->login, op->person));
    json_put_str(json, "okta_id", op->person);
    json_put_str(json, "entitlement", op->entitlement);
    json_put_str_or_null(json, "plan", op->plan);
    json_put_str_or_null(json, "group", name_of(op->group_name, op->group));
    json_put_str(json, "cause", str_of(cause_name(op->cause)));
    json_put_str(json, "state", str_of(op_state_name(row->state)));
    json_put_str_or_null(json, "guard", str_of(row->guard));
    json_put_str(json, "reason", row->reason.len > 0 ? row->reason : op->reason);
    if (op->request_number > 0) {
        json_put_i64(json, "request", op->request_number);
    } else {
        json_put_null(json, "request");
    }
    json_put_i64(json, "cost_minor", op->cost_minor);
    json_end(json, '}');
}

static void put_intake(struct json_out *json, const struct report *report)
{
    json_open(json, "intake", '[');
    for (size_t i = 0; i < report->n_intake; i++) {
        json_open(json, NULL, '{');
        json_put_i64(json, "number", report->intake[i].number);
        json_put_str(json, "person", report->intake[i].login);
        json_put_str(json, "state", report->intake[i].state);
        json_put_str(json, "reason", report->intake[i].reason);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_summary(struct json_out *json, const struct report_summary *sum)
{
    json_open(json, "summary", '{');
    json_put_i64(json, "adds", (int64_t)sum->adds);
    json_put_i64(json, "removes", (int64_t)sum->removes);
    json_put_i64(json, "changes", (int64_t)sum->changes);
    json_put_i64(json, "held", (int64_t)sum->held);
    json_put_i64(json, "failed", (int64_t)sum->failed);
    json_put_i64(json, "unknown", (int64_t)sum->unknown);
    json_end(json, '}');
}

void report_json(const struct report *report, struct buf *out)
{
    struct report_summary sum = report_summarize(report);
    struct json_out json = {.buf = out, .indent = true};

    json_open(&json, NULL, '{');
    json_put_str_or_null(&json, "run", report->run);
    json_put_str_or_null(&json, "digest", report->digest);
    json_put_str(&json, "currency", report->currency);
    json_put_str(&json, "environment", report->environment);
    json_put_bool(&json, "dry", report->dry);
    json_put_time(&json, "started_at", report->started_at);
    json_put_time(&json, "finished_at", report->finished_at);
    put_entitlements(&json, report);
    json_open(&json, "ops", '[');
    for (size_t i = 0; i < report->n_ops; i++)
        put_op(&json, &report->ops[i]);
    json_end(&json, ']');
    put_findings(&json, report->findings, report->n_findings);
    put_intake(&json, report);
    put_summary(&json, &sum);
    json_put_bool(&json, "converged", sum.converged);
    json_end(&json, '}');
    buf_add_char(out, '\n');
}

void findings_json(const struct finding *findings, size_t n, struct buf *out)
{
    struct json_out json = {.buf = out, .indent = true};

    json_open(&json, NULL, '{');
    put_findings(&json, findings, n);
    json_end(&json, '}');
    buf_add_char(out, '\n');
}

static void csv_row(struct buf *out, const struct str *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        csv_put(out, fields[i], i + 1 == n);
}

void findings_csv(const struct finding *findings, size_t n, struct buf *out)
{
    static const char header[] = "id,kind,severity,entitlement,person,hop,since,detail,remedy,"
                                 "command,actor,cost_minor\r\n";

    buf_add(out, str_of(header));
    for (size_t i = 0; i < n; i++) {
        const struct finding *f = &findings[i];
        char since[TIME_ISO_SIZE] = "";
        char cost[24];

        if (f->since_ms != 0)
            (void)time_iso(f->since_ms, since);
        (void)snprintf(cost, sizeof(cost), "%lld", (long long)f->cost_minor);
        const struct str fields[] = {
            f->id,
            str_of(finding_kind_name(f->kind)),
            str_of(severity_name(f->severity)),
            f->entitlement,
            name_of(f->login, f->person),
            f->hop,
            str_of(since),
            f->detail,
            f->remedy,
            f->command,
            f->actor,
            str_of(cost),
        };
        csv_row(out, fields, ARRAY_LEN(fields));
    }
}

static void put_hops(struct json_out *json, const struct seat_row *row)
{
    json_open(json, "hops", '[');
    for (size_t i = 0; i < row->n_hops; i++) {
        const struct hop_state *hop = &row->hops[i];

        json_open(json, NULL, '{');
        json_put_str(json, "hop", str_of(hop_name(hop->hop)));
        json_put_str(json, "state", str_of(hop_word_name(hop->state)));
        json_put_time(json, "since", hop->since_ms);
        json_put_time(json, "deadline", hop->deadline_ms);
        json_put_str_or_null(json, "cause", hop->cause);
        json_put_str_or_null(json, "remedy", hop->remedy);
        json_put_str_or_null(json, "why",
                             hop->why != HOP_CAUSE_NONE ? str_of(hop_cause_name(hop->why))
                                                        : (struct str){0});
        if (hop->usual_ms != 0) {
            json_put_i64(json, "usual_ms", hop->usual_ms);
            json_put_i64(json, "at_most_ms", hop->at_most_ms);
        }
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_seat(struct json_out *json, const struct seat_row *row)
{
    json_open(json, NULL, '{');
    json_put_str(json, "person", name_of(row->login, row->person));
    json_put_str(json, "okta_id", row->person);
    json_put_str(json, "entitlement", row->entitlement);
    json_put_str_or_null(json, "plan", row->plan);
    json_put_time(json, "until", row->until_ms);
    json_put_str_or_null(json, "owner", row->owner);
    json_put_bool(json, "owned", row->owned);
    json_open(json, "grants", '[');
    for (size_t i = 0; i < row->n_grants; i++) {
        const struct grant *grant = &row->grants[i];

        json_open(json, NULL, '{');
        json_put_str(json, "id", grant->id);
        json_put_str(json, "plan", grant->plan);
        json_put_time(json, "from", grant->from_ms);
        json_put_time(json, "until", grant->until_ms);
        json_put_time(json, "ends_early", grant->ended_at);
        json_put_str_or_null(json, "request", grant->request);
        json_end(json, '}');
    }
    json_end(json, ']');
    put_hops(json, row);
    json_end(json, '}');
}

void seats_json(const struct seat_row *rows, size_t n, struct buf *out)
{
    struct json_out json = {.buf = out, .indent = true};

    json_open(&json, NULL, '{');
    json_open(&json, "seats", '[');
    for (size_t i = 0; i < n; i++)
        put_seat(&json, &rows[i]);
    json_end(&json, ']');
    json_end(&json, '}');
    buf_add_char(out, '\n');
}

void seats_csv(const struct seat_row *rows, size_t n, struct buf *out)
{
    static const char header[] = "person,okta_id,entitlement,plan,until,owner,owned,okta,user,"
                                 "pushed,seat,in_use\r\n";

    buf_add(out, str_of(header));
    for (size_t i = 0; i < n; i++) {
        const struct seat_row *row = &rows[i];
        char until[TIME_ISO_SIZE] = "";
        struct str fields[7 + HOP_COUNT] = {0};

        if (row->until_ms != 0)
            (void)time_iso(row->until_ms, until);
        fields[0] = name_of(row->login, row->person);
        fields[1] = row->person;
        fields[2] = row->entitlement;
        fields[3] = row->plan;
        fields[4] = str_of(until);
        fields[5] = row->owner;
        fields[6] = row->owned ? STR("yes") : STR("no");
        for (size_t k = 0; k < row->n_hops; k++)
            fields[7 + row->hops[k].hop] = str_of(hop_word_name(row->hops[k].state));
        csv_row(out, fields, ARRAY_LEN(fields));
    }
}

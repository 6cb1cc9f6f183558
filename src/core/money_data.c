#include <stdio.h>

#include "base/attr.h"
#include "base/csv.h"
#include "base/json_out.h"
#include "core/money_parts.h"

/* Money for programs. */

#define SCRATCH ((size_t)1 << 16)

/* What a line holds besides its name, in the order of writing. */
static const struct field {
    const char *name;
    bool is_count;
    size_t at;
} fields[] = {
    {"seats", true, offsetof(struct money_line, seats)},
    {"active", true, offsetof(struct money_line, active)},
    {"pending", true, offsetof(struct money_line, pending)},
    {"canceled", true, offsetof(struct money_line, canceled)},
    {"unknown", true, offsetof(struct money_line, unknown)},
    {"now_minor", false, offsetof(struct money_line, now_minor)},
    {"committed_minor", false, offsetof(struct money_line, committed_minor)},
    {"forecast_minor", false, offsetof(struct money_line, forecast_minor)},
    {"unused", true, offsetof(struct money_line, unused)},
    {"unused_minor", false, offsetof(struct money_line, unused_minor)},
    {"twice", true, offsetof(struct money_line, twice)},
    {"twice_minor", false, offsetof(struct money_line, twice_minor)},
};

static int64_t field_of(const struct money_line *line, const struct field *field)
{
    return field->is_count ? (int64_t)money_count_at(line, field->at)
                           : money_minor_at(line, field->at);
}

static void put_line(struct json_out *json, const char *key, const struct money_line *line)
{
    json_open(json, key, '{');
    if (!key)
        json_put_str(json, "name", line->name);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        json_put_i64(json, fields[i].name, field_of(line, &fields[i]));
    json_put_bool(json, "at_most", line->at_most);
    json_put_bool(json, "forecast_at_most", line->forecast_at_most);
    json_end(json, '}');
}

static void put_list(struct json_out *json, const char *key, const struct money_line *lines,
                     size_t n)
{
    json_open(json, key, '[');
    for (size_t i = 0; i < n; i++)
        put_line(json, NULL, &lines[i]);
    json_end(json, ']');
}

/* Left out altogether where there is no second currency. */
static void put_shown(struct json_out *json, const struct money *money, const struct policy *policy)
{
    if (policy->show_in.currency.len == 0)
        return;
    json_open(json, "shown_in", '{');
    json_put_str(json, "currency", policy->show_in.currency);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        int64_t shown;

        if (fields[i].is_count)
            continue;
        if (money_shown(policy, field_of(&money->all, &fields[i]), &shown)) {
            json_put_i64(json, fields[i].name, shown);
        } else {
            json_put_null(json, fields[i].name);
        }
    }
    json_end(json, '}');
}

void money_json(const struct money *money, const struct policy *policy, struct buf *out)
{
    struct json_out json = {.buf = out, .indent = true};
    struct arena scratch;

    arena_init(&scratch, SCRATCH);
    json_open(&json, NULL, '{');
    json_put_str(&json, "month", money_month_str(money, &scratch));
    json_put_str(&json, "currency", money->currency);
    put_line(&json, "total", &money->all);
    put_shown(&json, money, policy);
    put_list(&json, "plans", money->plans, money->n_plans);
    put_list(&json, "entitlements", money->entitlements, money->n_entitlements);
    json_open(&json, "not_included", '[');
    for (size_t i = 0; i < MONEY_NOT_INCLUDED; i++)
        json_put_str(&json, NULL, str_of(money_not_included[i]));
    json_end(&json, ']');
    json_end(&json, '}');
    buf_add_char(out, '\n');
    arena_fini(&scratch);
}

void money_csv(const struct money *money, const char *by, struct buf *out)
{
    struct money_lines lines = money_lines_by(money, by);
    struct arena scratch;

    arena_init(&scratch, SCRATCH);
    struct str month = money_month_str(money, &scratch);
    csv_put(out, str_of(lines.head), false);
    buf_add(out, STR("month,currency,"));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        csv_put(out, str_of(fields[i].name), false);
    csv_put(out, STR("at_most"), false);
    csv_put(out, STR("forecast_at_most"), true);
    for (size_t k = 0; k < lines.n; k++) {
        csv_put(out, lines.items[k].name, false);
        csv_put(out, month, false);
        csv_put(out, money->currency, false);
        for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
            char number[32];

            (void)snprintf(number, sizeof(number), "%lld",
                           (long long)field_of(&lines.items[k], &fields[i]));
            csv_put(out, str_of(number), false);
        }
        csv_put(out, lines.items[k].at_most ? STR("yes") : STR("no"), false);
        csv_put(out, lines.items[k].forecast_at_most ? STR("yes") : STR("no"), true);
    }
    arena_fini(&scratch);
}

#include "rig/chance.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"
#include "ledger/ledger_finding.h"

static const char *const groups[] = {"AWS_kiro_JP_Users", "AWS_kiro_JP_ProPlus_Users"};
static const char *const plans[] = {"kiro-pro", "kiro-pro-plus"};

static size_t below(struct chance *chance, size_t n)
{
    return (size_t)rng_below(&chance->rng, n);
}

static int64_t one_of(struct chance *chance, const int64_t *from, size_t n)
{
    return from[below(chance, n)];
}

static const char *somebody(struct chance *chance, struct rig *rig)
{
    return arena_printf(&rig->arena, "p%02zu@example.com", 1 + below(chance, chance->n_people)).ptr;
}

/* ---- how it is to begin with ---- */

static void make_org(struct chance *chance)
{
    struct buf out = {0};

    buf_printf(&out, "people: [");
    for (size_t i = 1; i <= chance->n_people; i++)
        buf_printf(&out, "%sp%02zu@example.com", i > 1 ? ", " : "", i);
    buf_printf(&out, "]\ngroups:\n  - {name: Board, members: [");
    for (size_t i = 2; i <= chance->n_protected; i++)
        buf_printf(&out, "%sp%02zu@example.com", i > 2 ? ", " : "", i);
    buf_printf(&out, "]}\n");
    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        buf_printf(&out, "  - {name: %s, members: [", groups[g]);
        size_t n = below(chance, 3);
        for (size_t i = 0; i < n; i++) { /* by other hands, before us */
            buf_printf(&out, "%sp%02zu@example.com", i > 0 ? ", " : "",
                       chance->n_people - 2 * i - g);
        }
        buf_printf(&out, "]}\n");
    }
    if (rng_chance(&chance->rng, 50)) /* time passes while something is asked */
        buf_printf(&out, "quirks: {latency: 1s}\n");
    (void)snprintf(chance->org, sizeof(chance->org), "%s", out.ptr);
    buf_fini(&out);
}

static void make_settings(struct chance *chance)
{
    (void)snprintf(
        chance->settings, sizeof(chance->settings),
        "name: chance\n"
        "timezone: UTC\n"
        "ledger: ledger.db\n"
        "okta: {url: http://127.0.0.1:9, token_env: SEATKEEPER_TEST_TOKEN, rate_share: 100}\n"
        "safety:\n"
        "  removals_per_run: 1000\n"
        "  removals_per_day: 1000\n"
        "  removals_per_week: 1000\n"
        "%s"
        "entitlements:\n"
        "  - name: kiro-jp\n"
        "    mode: enforce\n"
        "    provisioning: none\n"
        "    default_plan: kiro-pro\n"
        "    plans:\n"
        "      - {plan: kiro-pro, okta_group: AWS_kiro_JP_Users}\n"
        "      - {plan: kiro-pro-plus, okta_group: AWS_kiro_JP_ProPlus_Users}\n"
        "    approval: none\n"
        "    removed_outside: %s\n"
        "    removals_percent: %lld\n"
        "    removals_per_run: %lld\n"
        "    removals_per_day: %lld\n"
        "    removals_per_week: %lld\n",
        chance->n_protected > 0 ? "  protected: [p01@example.com, {okta_group: Board}]\n" : "",
        rng_chance(&chance->rng, 50) ? "hold" : "restore", (long long)chance->percent,
        (long long)chance->per_run, (long long)chance->per_day, (long long)chance->per_week);
}

void chance_make(struct chance *chance, uint64_t seed, bool honest)
{
    static const int64_t runs[] = {1, 2, 5, 100};
    static const int64_t percents[] = {10, 34, 100};

    *chance = (struct chance){.rng = rng_seed(seed), .honest = honest};
    chance->n_people = 6 + below(chance, 9);
    chance->n_protected = rng_chance(&chance->rng, 40) ? 1 + below(chance, 3) : 0;
    chance->per_run = one_of(chance, runs, ARRAY_LEN(runs));
    chance->per_day = chance->per_run * (1 + (int64_t)below(chance, 4));
    chance->per_week = chance->per_day * (1 + (int64_t)below(chance, 4));
    chance->percent = one_of(chance, percents, ARRAY_LEN(percents));
    make_org(chance);
    make_settings(chance);
}

/* ---- what happens ---- */

static void pass_time(struct chance *chance, struct rig *rig)
{
    static const int64_t spans[] = {TIME_SECOND,      5 * TIME_SECOND, 61 * TIME_SECOND,
                                    10 * TIME_MINUTE, TIME_HOUR,       TIME_DAY,
                                    3 * TIME_DAY,     8 * TIME_DAY};

    sim_advance(rig->sim, one_of(chance, spans, ARRAY_LEN(spans)));
}

static void ask(struct chance *chance, struct rig *rig)
{
    static const int64_t spans[] = {2 * TIME_HOUR, 25 * TIME_HOUR, 3 * TIME_DAY, 30 * TIME_DAY};
    size_t die = below(chance, 10);
    enum request_kind kind = die < 6   ? REQUEST_GRANT
                             : die < 8 ? REQUEST_REVOKE
                             : die < 9 ? REQUEST_RENEW
                                       : REQUEST_CHANGE;
    const char *plan = kind == REQUEST_REVOKE || kind == REQUEST_RENEW
                           ? NULL
                           : plans[below(chance, 4) == 0 || kind == REQUEST_CHANGE];
    int64_t until = kind == REQUEST_REVOKE
                        ? 0
                        : clock_now(&rig->clock) + one_of(chance, spans, ARRAY_LEN(spans));

    (void)rig_request(rig, kind, somebody(chance, rig), plan, until);
}

static void other_hands(struct chance *chance, struct rig *rig)
{
    const char *path =
        arena_printf(&rig->arena, "/_sim/groups/%s/members", groups[below(chance, 2)]).ptr;
    const char *body =
        arena_printf(&rig->arena, "{%s: [%s]}", rng_chance(&chance->rng, 50) ? "add" : "remove",
                     somebody(chance, rig))
            .ptr;

    (void)rig_sim(rig, HTTP_POST, path, body);
}

static void come_or_go(struct chance *chance, struct rig *rig)
{
    static const char *const verbs[] = {"deactivate", "activate", "suspend"};
    const char *path = arena_printf(&rig->arena, "/_sim/people/%s/%s", somebody(chance, rig),
                                    verbs[below(chance, ARRAY_LEN(verbs))])
                           .ptr;

    (void)rig_sim(rig, HTTP_POST, path, NULL);
}

void chance_happen(struct chance *chance, struct rig *rig)
{
    size_t n = 1 + below(chance, 5);

    pass_time(chance, rig);
    for (size_t i = 0; i < n; i++)
        ask(chance, rig);
    if (rng_chance(&chance->rng, 15))
        other_hands(chance, rig);
    if (rng_chance(&chance->rng, 10))
        come_or_go(chance, rig);
}

/* ---- what goes wrong ---- */

/* One `%u` each: from which call on. */
static const char *const honest_faults[] = {
    "{match: {method: PUT, nth: %u}, do: {close: after}}",
    "{match: {method: PUT, nth: %u}, do: {close: before}}",
    "{match: {method: PUT, nth: %u, times: 2}, do: {status: 500, applied: true}}",
    "{match: {method: PUT, nth: %u}, do: {status: 502, html: \"<p>Bad gateway</p>\"}}",
    "{match: {method: PUT, nth: %u}, do: {rate: bucket}}",
    "{match: {method: PUT, nth: %u}, do: {hang: true}}",
    "{match: {method: PUT, nth: %u}, do: {status: 503, error_code: E0000010}}",
    "{match: {method: PUT, nth: %u}, do: {status: 403, error_code: E0000006}}",
    "{match: {method: DELETE, nth: %u}, do: {close: after}}",
    "{match: {method: DELETE, nth: %u}, do: {close: before}}",
    "{match: {method: DELETE, nth: %u, times: 2}, do: {status: 504, applied: true}}",
    "{match: {method: DELETE, nth: %u}, do: {garbage: true}}",
    "{match: {method: DELETE, nth: %u}, do: {status: 429, rate: bare}}",
    "{match: {method: GET, path: \"*/users\", nth: %u, times: 6}, do: {status: 500}}",
    "{match: {method: GET, path: \"*/users\", nth: %u, times: 2}, do: {truncate: 20}}",
    "{match: {method: GET, path: \"*/users\", nth: %u}, do: {cursor: repeat}}",
    "{match: {method: GET, path: \"*/users\", nth: %u}, do: {page: {not_json: true}}}",
    "{match: {method: GET, path: \"*logs*\", nth: %u}, do: {status: 500}}",
    "{match: {method: GET, nth: %u, times: 3}, do: {close: before}}",
    "{match: {method: GET, nth: %u, times: 40}, do: {refuse: true}}",
};

static const char *const lying_faults[] = {
    "{match: {path: \"*/users\", group: AWS_kiro_JP_Users, nth: %u}, do: {empty_list: true}}",
    "{match: {path: \"*/users\", group: AWS_kiro_JP_Users, nth: %u}, do: {shrink: 30}}",
    "{match: {path: \"*/users\", group: AWS_kiro_JP_ProPlus_Users, nth: %u}, do: {shrink: 50}}",
    "{match: {path: \"*/users\", group: AWS_kiro_JP_Users, nth: %u, times: 3}, do: {stale: 20s}}",
    "{match: {method: PUT, nth: %u}, do: {stale: 40s}}",
    "{match: {method: DELETE, nth: %u}, do: {stale: 40s}}",
};

static void add_fault(struct chance *chance, const char *form, struct buf *out)
{
    struct str rest = str_of(form);
    struct str head = str_cut(&rest, '%');

    /* `rest` begins with the `u` of the form. */
    buf_printf(out, "- %.*s%zu%.*s\n", STR_ARG(head), 1 + below(chance, 4),
               STR_ARG(str_sub(rest, 1, rest.len)));
}

void chance_break(struct chance *chance, struct rig *rig)
{
    size_t n = 1 + below(chance, 3);
    struct buf out = {0};
    struct err err = {0};

    for (size_t i = 0; i < n; i++) {
        if (!chance->honest && rng_chance(&chance->rng, 30)) {
            add_fault(chance, lying_faults[below(chance, ARRAY_LEN(lying_faults))], &out);
        } else {
            add_fault(chance, honest_faults[below(chance, ARRAY_LEN(honest_faults))], &out);
        }
    }
    if (!sim_load_faults(rig->sim, buf_str(&out), &err)) {
        (void)fprintf(stderr, "%s\n%s", err.msg, out.ptr);
        abort();
    }
    buf_fini(&out);
}

void chance_acknowledge(struct rig *rig)
{
    static const struct actor owner = {{"os:0", 4}, {"cli", 3}};
    const struct finding_row *rows;
    struct err err = {0};
    size_t n = 0;

    bool ok = ledger_load_findings(rig->ledger, true, &rig->arena, &rows, &n, &err);
    for (size_t i = 0; i < n && ok; i++) {
        ok = !rows[i].finding.may_ack ||
             ledger_ack(rig->ledger, &owner, &rows[i], STR("looked"), &err);
    }
    if (!ok) {
        (void)fprintf(stderr, "acknowledging: %s\n", err.msg);
        abort();
    }
}

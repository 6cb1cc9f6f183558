#include <stdlib.h>

#include "base/vec.h"
#include "engine/decide_internal.h"

/* What the guards need to know about each entitlement. */

#define UNMANAGED_WAIT_MS (7 * TIME_DAY)

static void set_mode(struct guard_entitlement *ent, const struct decision *out,
                     const struct mode_floor *floors, size_t n)
{
    ent->mode = ent->ent->mode;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(floors[i].entitlement, ent->ent->name) &&
            !decision_lifts_floor(out, &floors[i]) && floors[i].mode < ent->mode)
            ent->mode = floors[i].mode;
    }
}

static void set_frozen(struct guard_entitlement *ent, const struct freeze_row *rows, size_t n,
                       struct arena *arena)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].entitlement.len > 0 && !str_eq(rows[i].entitlement, ent->ent->name))
            continue;
        if (rows[i].removals) {
            ent->frozen_removals = true;
        } else {
            ent->frozen = true;
        }
        ent->frozen_why = arena_printf(arena, "frozen by %.*s: %.*s", STR_ARG(rows[i].by),
                                       STR_ARG(rows[i].reason));
    }
}

/* Distinct people: owned by us, and seen at all, over the entitlement's plan groups. */
static void count_people(struct guard_entitlement *ent, const struct decision *out,
                         struct arena *arena)
{
    size_t owned_cap = 0, seen_cap = 0;

    for (size_t i = 0; i < out->n_views; i++) {
        const struct group_view *view = &out->views[i];
        if (view->role == GROUP_ROLE_PLAN && str_eq(view->ent->name, ent->ent->name)) {
            owned_cap += view->baseline->n;
            seen_cap += view->actual.n;
        }
    }
    struct str *owned = arena_array(arena, struct str, owned_cap);
    struct str *seen = arena_array(arena, struct str, seen_cap);
    size_t n_owned = 0, n_seen = 0;
    for (size_t i = 0; i < out->n_views; i++) {
        const struct group_view *view = &out->views[i];
        if (view->role != GROUP_ROLE_PLAN || !str_eq(view->ent->name, ent->ent->name))
            continue;
        for (size_t k = 0; k < view->baseline->n; k++) {
            if (view->baseline->people[k].owned && !view->baseline->people[k].taken_out)
                owned[n_owned++] = view->baseline->people[k].person;
        }
        for (size_t k = 0; k < view->actual.n; k++)
            seen[n_seen++] = view->actual.ids[k];
    }
    ent->owned = str_sort_unique(owned, n_owned);
    ent->seen = str_sort_unique(seen, n_seen);
}

/* The newest run under the rules that were last accepted: what it had planned is known. */
static bool last_accepted_run(const struct decide_input *in, struct arena *arena,
                              struct str accepted, struct run_row *out, bool *found,
                              struct err *err)
{
    const struct run_row *runs;
    size_t n;

    *found = false;
    if (!ledger_list_runs(in->world->ledger, 500, arena, &runs, &n, err))
        return false;
    for (size_t i = 0; i < n && !*found; i++) {
        *found = runs[i].kind == RUN_FULL && runs[i].has_outcome && runs[i].outcome != RUN_FAILED &&
                 runs[i].outcome != RUN_CRASHED && str_eq(runs[i].settings_digest, accepted);
        if (*found)
            *out = runs[i];
    }
    return true;
}

static bool set_changed(const struct decide_input *in, struct guard_entitlement *ent,
                        struct decision *out, struct arena *arena, struct err *err)
{
    const struct op_row *ops;
    struct run_row run;
    bool found;
    size_t n = 0;

    if (!out->rules_changed)
        return true;
    if (!last_accepted_run(in, arena, out->rules_accepted, &run, &found, err))
        return false;
    /* Going back to the former rules and changing them once more is another change. */
    ent->is_known_changed = !decision_acked_since(out, FINDING_SETTINGS_CHANGED, ent->ent->name,
                                                  out->rules_digest, found ? run.started_at : 0);
    if (!ent->is_known_changed)
        return true;
    ent->changed_why =
        STR("the rules changed since the last run (settings, mode, catalogue or program)");
    ent->changed_since_ms = in->roll->now_ms;
    if (!found)
        return true;
    ent->changed_since_ms = run.started_at;
    if (!ledger_run_ops(in->world->ledger, run.id, arena, &ops, &n, err))
        return false;
    struct str *ids = arena_array(arena, struct str, n);
    for (size_t i = 0; i < n; i++)
        ids[i] = ops[i].op_id;
    ent->known_ops = ids;
    ent->n_known_ops = str_sort_unique(ids, n);
    return true;
}

/* Removing people nobody granted a seat: not in the first week, and not after a restore. */
static bool set_unmanaged(const struct decide_input *in, struct guard_entitlement *ent,
                          const struct decision *out, struct arena *arena, struct err *err)
{
    struct str restored;
    int64_t first = 0;

    if (!ledger_meta_get(in->world->ledger, "restored_at", arena, &restored, err))
        return false;
    for (size_t i = 0; i < out->n_views; i++) {
        const struct seen_group *seen = out->seen[i];
        if (!str_eq(seen->ent->name, ent->ent->name))
            continue;
        if (!seen->baseline.exists)
            return true;
        if (seen->first_seen_ms > first)
            first = seen->first_seen_ms;
    }
    ent->may_remove_unmanaged =
        restored.len == 0 && first > 0 && in->roll->now_ms - first >= UNMANAGED_WAIT_MS;
    return true;
}

struct str engine_rules_digest(const struct world *world, struct arena *arena)
{
    return arena_printf(arena, "%.*s %s", STR_ARG(world->settings->policy.digest),
                        SEATKEEPER_VERSION);
}

static bool load_rules_digest(const struct decide_input *in, struct arena *arena,
                              struct decision *out, struct err *err)
{
    out->rules_digest = engine_rules_digest(in->world, arena);
    if (!ledger_meta_get(in->world->ledger, "accepted_settings", arena, &out->rules_accepted, err))
        return false;
    /* A ledger that never ran knows no rules to differ from. */
    out->rules_changed =
        out->rules_accepted.len > 0 && !str_eq(out->rules_accepted, out->rules_digest);
    return true;
}

bool decide_entitlements(const struct decide_input *in, struct arena *arena, struct decision *out,
                         struct err *err)
{
    const struct policy *policy = &in->world->settings->policy;
    struct ledger *ledger = in->world->ledger;
    int64_t now = in->roll->now_ms;
    const struct freeze_row *freezes;
    const struct mode_floor *floors;
    size_t n_freezes, n_floors;

    if (!ledger_load_freezes(ledger, now, arena, &freezes, &n_freezes, err) ||
        !ledger_load_floors(ledger, arena, &floors, &n_floors, err) ||
        !load_rules_digest(in, arena, out, err))
        return false;
    out->ents = arena_array(arena, struct guard_entitlement, policy->n_entitlements);
    out->n_ents = policy->n_entitlements;
    for (size_t i = 0; i < out->n_ents; i++) {
        struct guard_entitlement *ent = &out->ents[i];
        ent->ent = &policy->entitlements[i];
        set_mode(ent, out, floors, n_floors);
        set_frozen(ent, freezes, n_freezes, arena);
        count_people(ent, out, arena);
        if (!set_changed(in, ent, out, arena, err) || !set_unmanaged(in, ent, out, arena, err) ||
            !ledger_count_removals(ledger, ent->ent->name, now - TIME_DAY, &ent->removed_day,
                                   err) ||
            !ledger_count_removals(ledger, ent->ent->name, now - 7 * TIME_DAY, &ent->removed_week,
                                   err))
            return false;
    }
    return true;
}

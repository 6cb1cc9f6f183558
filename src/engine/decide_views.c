#include <stdlib.h>

#include "base/vec.h"
#include "engine/decide_internal.h"
#include "ledger/ledger_log.h"

/* The managed groups as views: listing, baseline, our own fresh writes laid over, and what of it is
 * suspicious. */

struct own_writes {
    const struct recent_write *all, *proved;
    size_t n_all, n_proved;
};

#define OVERLAY_LOOK_BACK_MS (10 * TIME_MINUTE)

/* In a run for one entitlement too: the others' views argue about groups they share. */
static bool is_managed(const struct seen_group *group)
{
    return group->role != PIN_NAMED;
}

/* Who exists over there and is not disabled. */
static struct people people_known(const struct seen_store *store, struct arena *arena)
{
    struct str *ids = arena_array(arena, struct str, store->by_person.n);
    size_t n = 0;

    for (size_t i = 0; i < store->by_person.n; i++) {
        const struct idc_user_row *row = store->by_person.entries[i].value;
        if (!str_is(row->status, "disabled"))
            ids[n++] = row->person;
    }
    return (struct people){ids, str_sort_unique(ids, n)};
}

/* Whom this program took out of the plan's Okta group lately: their seats' ends are counted. */
static bool people_left(const struct decide_input *in, const struct seen_group *group,
                        struct arena *arena, struct people *out, struct err *err)
{
    const struct store_group *there = store_group_of(in->store, group->ent->name, group->plan);

    *out = (struct people){0};
    return !there || ledger_removed_since(in->world->ledger, there->okta->id,
                                          in->roll->now_ms - 7 * TIME_DAY, arena, out, err);
}

static bool add_view(const struct decide_input *in, const struct seen_group *group,
                     const struct own_writes *own, struct arena *arena, struct decision *out,
                     struct err *err)
{
    size_t at = out->n_views++;
    struct group_view *view = &out->views[at];
    struct people *removed = &out->removed_by_us[at];

    *view = (struct group_view){
        .ent = group->ent,
        .role = group->role == PIN_PLAN    ? GROUP_ROLE_PLAN
                : group->role == PIN_STORE ? GROUP_ROLE_STORE
                                           : GROUP_ROLE_ASSIGNMENT,
        .plan = group->plan,
        .id = group->id,
        .name = group->name,
        .listing = group->listing,
        .baseline = &group->baseline,
    };
    if (listing_is_sealed(group->listing)) {
        view->actual = overlay_people(group->listing, own->all, own->n_all, arena);
        out->proved[at] = overlay_people(group->listing, own->proved, own->n_proved, arena);
    }
    if (group->role == PIN_STORE) {
        view->known = people_known(in->store, arena);
        if (!people_left(in, group, arena, &view->left, err))
            return false;
    }
    if (group->baseline.exists &&
        !ledger_removed_since(in->world->ledger, group->id, group->baseline.accepted_at, arena,
                              removed, err))
        return false;
    struct guard_group *guard = &out->guards[at];
    *guard = (struct guard_group){
        .view = view,
        .pin_ok = group->pin_ok,
        .pin_why = group->pin_why,
        .removals_unknown = group->removals_unknown,
        .removals_why = group->removals_why,
    };
    if (listing_is_sealed(group->listing) && group->baseline.exists) {
        guard->shrink = shrink_check(&group->baseline, group->listing, removed,
                                     group->ent->shrink_percent, arena);
        guard->shrink_acked =
            guard->shrink.is_shrunk && decision_acked(out, FINDING_SHRUNK_LISTING, group->ent->name,
                                                      group->id, guard->shrink.digest);
    }
    out->seen[at] = group;
    return true;
}

static bool load_own_writes(const struct decide_input *in, struct arena *arena,
                            struct own_writes *out, struct err *err)
{
    VEC_OF(struct recent_write) proved = {0};

    if (!ledger_recent_writes(in->world->ledger, in->roll->now_ms - OVERLAY_LOOK_BACK_MS, arena,
                              &out->all, &out->n_all, err))
        return false;
    for (size_t i = 0; i < out->n_all; i++) {
        if (out->all[i].state == OP_DONE)
            VEC_PUSH(arena, &proved, out->all[i]);
    }
    out->proved = proved.items;
    out->n_proved = proved.n;
    return true;
}

bool decide_views(const struct decide_input *in, struct arena *arena, struct decision *out,
                  struct err *err)
{
    size_t n = in->groups->n;
    struct own_writes own;

    if (!load_own_writes(in, arena, &own, err))
        return false;
    out->views = arena_array(arena, struct group_view, n);
    out->guards = arena_array(arena, struct guard_group, n);
    out->seen = arena_array(arena, const struct seen_group *, n);
    out->removed_by_us = arena_array(arena, struct people, n);
    out->proved = arena_array(arena, struct people, n);
    for (size_t i = 0; i < n; i++) {
        if (is_managed(&in->groups->items[i]) &&
            !add_view(in, &in->groups->items[i], &own, arena, out, err))
            return false;
    }
    return true;
}

/* ---- who was taken out by other hands ---- */

static int by_group_and_person(const void *a, const void *b)
{
    const struct guard_outside *x = a, *y = b;
    int order = str_cmp(x->group, y->group);

    return order ? order : str_cmp(x->person, y->person);
}

/* How often this program put somebody back within a day. */
static bool count_restores(const struct decide_input *in, struct guard_outside *entry,
                           struct arena *arena, struct err *err)
{
    const struct op_row *ops;
    size_t n;

    if (!ledger_person_ops(in->world->ledger, entry->person, 50, arena, &ops, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (op_is_add(ops[i].kind) && ops[i].sent_at > in->roll->now_ms - TIME_DAY &&
            str_eq(ops[i].group, entry->group))
            entry->restored_day++;
    }
    return true;
}

static struct str actor_of(const struct decide_input *in, const struct guard_outside *entry,
                           struct arena *arena, struct err *err)
{
    struct log_event event;
    bool found = false;

    if (!ledger_log_find(in->world->ledger, entry->group, entry->person, false,
                         in->roll->now_ms - 90 * TIME_DAY, arena, &event, &found, err) ||
        !found)
        return (struct str){0};
    return event.by_rule ? arena_printf(arena, "the group rule %.*s", STR_ARG(event.actor_name))
                         : event.actor_name;
}

bool decide_outside(const struct decide_input *in, struct arena *arena, struct decision *out,
                    struct err *err)
{
    VEC_OF(struct guard_outside) list = {0};

    for (size_t i = 0; i < out->n_views; i++) {
        const struct group_view *view = &out->views[i];
        if (!listing_is_sealed(view->listing))
            continue;
        for (size_t k = 0; k < view->baseline->n; k++) {
            const struct accepted *was = &view->baseline->people[k];
            if (listing_find(view->listing, was->person) ||
                people_has(&view->actual, was->person) ||
                people_has(&out->removed_by_us[i], was->person))
                continue;
            struct guard_outside entry = {.group = view->id, .person = was->person};
            /* Somebody may be taken out again later: that is another question. */
            entry.subject =
                arena_printf(arena, "%.*s %lld", STR_ARG(was->person),
                             (long long)(was->taken_out ? was->since_ms : view->listing->at_ms));
            entry.acked = decision_acked(out, FINDING_REMOVED_OUTSIDE, view->ent->name, view->id,
                                         entry.subject);
            entry.actor = actor_of(in, &entry, arena, err);
            if (!count_restores(in, &entry, arena, err))
                return false;
            VEC_PUSH(arena, &list, entry);
        }
    }
    if (list.n > 1)
        qsort(list.items, list.n, sizeof(*list.items), by_group_and_person);
    out->outside = list.items;
    out->n_outside = list.n;
    return true;
}

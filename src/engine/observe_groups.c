#include <stdlib.h>

#include "base/vec.h"
#include "engine/observe.h"
#include "ledger/ledger_finding.h"

/* Every group that the settings name: found by name or id, held against its pin, listed. */

typedef VEC_OF(struct seen_group) group_vec;

static void want(group_vec *groups, struct arena *arena, struct seen_group group)
{
    if (group.ref.len == 0)
        return;
    for (size_t i = 0; i < groups->n && group.role == PIN_NAMED; i++) {
        if (groups->items[i].role == PIN_NAMED && str_eq(groups->items[i].ref, group.ref))
            return;
    }
    VEC_PUSH(arena, groups, group);
}

static void want_named(group_vec *groups, struct arena *arena, struct str name)
{
    want(groups, arena, (struct seen_group){.role = PIN_NAMED, .ref = name});
}

static void want_entitlement(group_vec *groups, struct arena *arena, const struct entitlement *ent)
{
    for (size_t i = 0; i < ent->n_plans; i++) {
        const struct plan_rule *rule = &ent->plans[i];
        bool by_id = rule->okta_group_id.len > 0;
        want(groups, arena,
             (struct seen_group){.role = PIN_PLAN,
                                 .ent = ent,
                                 .plan = rule->plan,
                                 .by_id = by_id,
                                 .ref = by_id ? rule->okta_group_id : rule->okta_group});
    }
    want(groups, arena,
         (struct seen_group){.role = PIN_ASSIGNMENT, .ent = ent, .ref = ent->assignment_group});
    for (size_t i = 0; i < ent->eligible.n_okta_groups; i++)
        want_named(groups, arena, ent->eligible.okta_groups[i]);
    for (size_t i = 0; i < ent->n_approvers; i++)
        want_named(groups, arena, ent->approvers[i].okta_group);
    if (ent->fallback.after_ms != POLICY_OFF)
        want_named(groups, arena, ent->fallback.to.okta_group);
}

static group_vec all_wanted(const struct policy *policy, struct arena *arena)
{
    group_vec groups = {0};

    for (size_t i = 0; i < policy->n_entitlements; i++)
        want_entitlement(&groups, arena, &policy->entitlements[i]);
    for (size_t i = 0; i < policy->safety.n_protect; i++)
        want_named(&groups, arena, policy->safety.protect[i].okta_group);
    want_named(&groups, arena, policy->roles.admin.okta_group);
    want_named(&groups, arena, policy->roles.decide.okta_group);
    want_named(&groups, arena, policy->roles.read.okta_group);
    return groups;
}

/* Looks all of them up in two batches: those given by name, those given by id. */
static bool find_all(const struct world *world, const group_vec *groups, struct arena *arena,
                     struct okta_group *found, struct err *err)
{
    for (int by_id = 0; by_id < 2; by_id++) {
        struct str *refs = arena_array(arena, struct str, groups->n);
        size_t *at = arena_array(arena, size_t, groups->n);
        struct okta_group *part = arena_array(arena, struct okta_group, groups->n);
        size_t n = 0;
        for (size_t i = 0; i < groups->n; i++) {
            if (groups->items[i].by_id == (by_id == 1)) {
                at[n] = i;
                refs[n++] = groups->items[i].ref;
            }
        }
        bool done = n == 0 || (by_id ? okta_get_groups(world->okta, refs, n, arena, part, err)
                                     : okta_find_groups(world->okta, refs, n, arena, part, err));
        if (!done)
            return err_wrap(err, "finding groups");
        for (size_t i = 0; i < n; i++)
            found[at[i]] = part[i];
    }
    return true;
}

/* A pin of the same place: same role, entitlement and plan; for named groups the same name. */
static const struct group_pin *pin_of(const struct group_pin *pins, size_t n,
                                      const struct seen_group *group)
{
    struct str ent = group->ent ? group->ent->name : (struct str){0};
    const struct group_pin *latest = NULL;

    for (size_t i = 0; i < n; i++) {
        const struct group_pin *pin = &pins[i];
        if (pin->role != group->role || !str_eq(pin->entitlement, ent) ||
            !str_eq(pin->plan, group->plan))
            continue;
        if (group->role == PIN_NAMED && !str_eq(pin->ref, group->ref))
            continue;
        if (!latest || pin->pinned_at >= latest->pinned_at)
            latest = pin;
    }
    return latest;
}

/* What judging a group needs to know; one for all. */
struct judge {
    const struct world *world;
    const struct actor *actor;
    bool dry;
    struct arena *arena;
    const struct ack *acks;
    size_t n_acks;
};

/* One more doubt about a group: an acknowledgement is for all of them together, and one that no
 * acknowledgement helps against leaves none that would. */
static void doubt(struct seen_group *group, struct str subject, struct str why, struct arena *arena)
{
    if (group->pin_ok) {
        group->pin_subject = subject;
        group->pin_why = why;
    } else if (group->found.id.len == 0 && group->pin_subject.len > 0) {
        group->pin_subject =
            arena_printf(arena, "%.*s, %.*s", STR_ARG(group->pin_subject), STR_ARG(subject));
    }
    group->pin_ok = false;
}

/* Said by a person, about exactly this, since then? */
static bool is_acked(const struct judge *judge, const struct seen_group *group, struct str subject,
                     int64_t since_ms)
{
    for (size_t i = 0; i < judge->n_acks && subject.len > 0; i++) {
        const struct ack *ack = &judge->acks[i];
        if ((ack->kind == FINDING_GROUP_CHANGED || ack->kind == FINDING_RULE_ON_GROUP) &&
            str_eq(ack->group, group->id) && str_eq(ack->subject, subject) &&
            ack->acked_at >= since_ms)
            return true;
    }
    return false;
}

/* A first sight is only as good as what was seen: a plain Okta group, found without doubt. */
static bool pin(const struct judge *judge, struct seen_group *group, const struct group *found,
                struct err *err)
{
    struct group_pin row = {
        .role = group->role,
        .entitlement = group->ent ? group->ent->name : (struct str){0},
        .plan = group->plan,
        .ref = group->ref,
        .group_id = found->id,
        .group_name = found->name,
        .pinned_at = clock_now(judge->world->clock),
    };

    group->id = found->id;
    group->name = found->name;
    group->pin_ok = true;
    return judge->dry || ledger_pin_group(judge->world->ledger, judge->actor, &row, err);
}

static struct str why_not_found(const struct seen_group *group, const struct okta_group *found,
                                struct arena *arena)
{
    switch (found->answer) {
    case OKTA_NONE: return arena_printf(arena, "Okta has no group `%.*s`", STR_ARG(group->ref));
    case OKTA_AMBIGUOUS:
        return arena_printf(arena, "Okta has several groups named `%.*s`", STR_ARG(group->ref));
    default:
        return arena_printf(arena, "group `%.*s` could not be read: %.*s", STR_ARG(group->ref),
                            STR_ARG(found->why));
    }
}

/* Holds what was found against the pin. Doubt leaves `pin_ok` false with a sentence. */
static bool judge_pin(const struct judge *judge, const struct group_pin *pinned,
                      const struct okta_group *found, struct seen_group *group, struct err *err)
{
    struct arena *arena = judge->arena;

    if (pinned) {
        group->id = pinned->group_id;
        group->name = pinned->group_name;
        group->first_seen_ms = pinned->pinned_at;
    }
    if (found->answer != OKTA_FOUND) {
        group->pin_why = why_not_found(group, found, arena);
        return true;
    }
    if (group->role != PIN_NAMED && found->group.type != GROUP_OKTA) {
        group->pin_why = arena_printf(
            arena, "`%.*s` takes no members by hand: it is an application's or a built-in group",
            STR_ARG(found->group.name));
        return true;
    }
    if (!pinned)
        return pin(judge, group, &found->group, err);
    if (!str_eq(pinned->group_id, found->group.id) &&
        is_acked(judge, group, found->group.id, pinned->pinned_at))
        return pin(judge, group, &found->group, err);
    if (!str_eq(pinned->group_id, found->group.id)) {
        group->found = found->group;
        group->pin_subject = found->group.id;
        group->pin_why =
            arena_printf(arena, "`%.*s` now leads to group %.*s; the ledger has pinned %.*s (%.*s)",
                         STR_ARG(group->ref), STR_ARG(found->group.id), STR_ARG(pinned->group_id),
                         STR_ARG(pinned->group_name));
        return true;
    }
    group->name = found->group.name;
    group->pin_ok = true;
    return true;
}

static void judge_rules_on(const struct okta_rules *rules, struct seen_group *group,
                           struct arena *arena)
{
    if (rules->answer == OKTA_FORBIDDEN || rules->answer == OKTA_UNKNOWN) {
        group->removals_unknown = true;
        group->removals_why =
            arena_printf(arena, "group rules could not be read: %.*s", STR_ARG(rules->why));
    }
    for (size_t r = 0; rules->answer == OKTA_FOUND && r < rules->n; r++) {
        const struct okta_rule *rule = &rules->rules[r];
        if (!str_in_sorted(rule->groups, rule->n_groups, group->id))
            continue;
        group->rule_on_group = group->rule_on_group || group->pin_ok;
        doubt(group, arena_printf(arena, "rule %.*s", STR_ARG(rule->id)),
              arena_printf(arena, "the group rule `%.*s` fills group `%.*s`", STR_ARG(rule->name),
                           STR_ARG(group->name)),
              arena);
    }
}

/* ACTIVE rules and admin roles on managed groups (contracts/okta.md 2.5 and 13). */
static bool judge_rules(const struct world *world, struct seen_groups *groups, struct arena *arena,
                        struct err *err)
{
    struct okta_rules rules;

    if (!okta_list_rules(world->okta, arena, &rules, err))
        return err_wrap(err, "reading group rules");
    for (size_t i = 0; i < groups->n; i++) {
        struct seen_group *group = &groups->items[i];
        if (group->role != PIN_NAMED && group->id.len > 0)
            judge_rules_on(&rules, group, arena);
    }
    return true;
}

static bool judge_roles(const struct world *world, struct seen_groups *groups, struct arena *arena,
                        struct err *err)
{
    struct str *ids = arena_array(arena, struct str, groups->n);
    struct seen_group **managed = arena_array(arena, struct seen_group *, groups->n);
    struct okta_roles *roles = arena_array(arena, struct okta_roles, groups->n);
    size_t n = 0;

    for (size_t i = 0; i < groups->n; i++) {
        if (groups->items[i].role != PIN_NAMED && groups->items[i].id.len > 0) {
            managed[n] = &groups->items[i];
            ids[n++] = groups->items[i].id;
        }
    }
    if (n > 0 && !okta_group_roles(world->okta, ids, n, arena, roles, err))
        return err_wrap(err, "reading admin roles");
    for (size_t i = 0; i < n; i++) {
        if (roles[i].answer == OKTA_FOUND) {
            doubt(managed[i], arena_printf(arena, "roles %.*s", STR_ARG(roles[i].names)),
                  arena_printf(arena, "group `%.*s` carries admin roles: %.*s",
                               STR_ARG(managed[i]->name), STR_ARG(roles[i].names)),
                  arena);
        } else if (roles[i].answer != OKTA_NONE) {
            managed[i]->removals_unknown = true;
            managed[i]->removals_why =
                arena_printf(arena, "admin roles could not be read: %.*s", STR_ARG(roles[i].why));
        }
    }
    return true;
}

static const struct listing *never_listed(struct str why, struct arena *arena)
{
    struct listing *listing = arena_new(arena, struct listing);

    *listing = (struct listing){.state = LISTING_UNKNOWN, .why = why};
    return listing;
}

/* One listing per distinct group, all side by side. */
static bool list_all(const struct world *world, struct seen_groups *groups, struct arena *arena,
                     struct err *err)
{
    struct str *ids = arena_array(arena, struct str, groups->n);
    size_t n = 0;

    for (size_t i = 0; i < groups->n; i++) {
        if (groups->items[i].id.len > 0)
            ids[n++] = groups->items[i].id;
    }
    n = str_sort_unique(ids, n);
    struct listing *listings = arena_array(arena, struct listing, n);
    const struct source *source = &world->okta_target.source;
    if (n > 0 && !source->list(source->self, ids, n, arena, listings, err))
        return err_wrap(err, "listing members");
    for (size_t i = 0; i < groups->n; i++) {
        struct seen_group *group = &groups->items[i];
        const struct str *at =
            group->id.len == 0 ? NULL : bsearch(&group->id, ids, n, sizeof(*ids), str_cmp_qsort);
        group->listing = at ? &listings[at - ids] : never_listed(group->pin_why, arena);
        group->baseline = (struct baseline){.group = group->id};
        if (group->id.len > 0 && group->role != PIN_NAMED &&
            !ledger_load_baseline(world->ledger, group->id, arena, &group->baseline, err))
            return false;
    }
    return true;
}

/* Rules and roles that a person acknowledged, all of them as they are now. */
static void judge_acks(const struct judge *judge, struct seen_groups *groups)
{
    for (size_t i = 0; i < groups->n; i++) {
        struct seen_group *group = &groups->items[i];
        if (!group->pin_ok && group->found.id.len == 0 &&
            is_acked(judge, group, group->pin_subject, 0))
            group->pin_ok = true;
    }
}

/* A group serves exactly one plan: two names that lead to one group would take from each other. */
static void judge_twins(struct seen_groups *groups, struct arena *arena)
{
    for (size_t i = 0; i < groups->n; i++) {
        for (size_t k = 0; k < i; k++) {
            struct seen_group *a = &groups->items[i], *b = &groups->items[k];
            if (a->role == PIN_NAMED || b->role == PIN_NAMED || a->id.len == 0 ||
                !str_eq(a->id, b->id) || (a->role == PIN_ASSIGNMENT && b->role == PIN_ASSIGNMENT))
                continue;
            a->pin_ok = b->pin_ok = false;
            a->pin_subject = b->pin_subject = (struct str){0};
            a->pin_why = b->pin_why =
                arena_printf(arena, "`%.*s` and `%.*s` of the settings are one group",
                             STR_ARG(a->ref), STR_ARG(b->ref));
        }
    }
}

bool observe_groups(const struct world *world, bool dry, const struct actor *actor,
                    struct arena *arena, struct seen_groups *out, struct err *err)
{
    group_vec wanted = all_wanted(&world->settings->policy, arena);
    struct okta_group *found = arena_array(arena, struct okta_group, wanted.n);
    struct judge judge = {.world = world, .actor = actor, .dry = dry, .arena = arena};
    const struct group_pin *pins;
    size_t n_pins;

    if (!ledger_load_acks(world->ledger, arena, &judge.acks, &judge.n_acks, err) ||
        !ledger_load_pins(world->ledger, arena, &pins, &n_pins, err) ||
        !find_all(world, &wanted, arena, found, err))
        return false;
    for (size_t i = 0; i < wanted.n; i++) {
        struct seen_group *group = &wanted.items[i];
        if (!judge_pin(&judge, pin_of(pins, n_pins, group), &found[i], group, err))
            return false;
    }
    *out = (struct seen_groups){wanted.items, wanted.n};
    if (!judge_rules(world, out, arena, err) || !judge_roles(world, out, arena, err))
        return false;
    judge_acks(&judge, out);
    judge_twins(out, arena);
    return list_all(world, out, arena, err);
}

const struct seen_group *seen_group_named(const struct seen_groups *groups, struct str name)
{
    for (size_t i = 0; i < groups->n; i++) {
        if (groups->items[i].role == PIN_NAMED && str_eq(groups->items[i].ref, name))
            return &groups->items[i];
    }
    return NULL;
}

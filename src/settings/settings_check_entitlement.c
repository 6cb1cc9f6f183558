#include "base/map.h"
#include "settings/settings_check.h"
#include "settings/settings_nearest.h"
#include "settings/settings_scalar.h"

/* One entitlement under check. */
struct subject {
    struct checker *checker;
    struct entitlement *ent;
    struct spot spot;
};

static struct spot key_spot(const struct subject *subject, const char *key)
{
    return spot_key(subject->checker, subject->spot, key);
}

static struct spot plan_spot(const struct subject *subject, size_t i, const char *key)
{
    struct spot plan = spot_item(subject->checker, key_spot(subject, "plans"), i);

    return spot_key(subject->checker, plan, key);
}

/* -- Approvals -- */

static enum approval_kind approval_of(struct str word)
{
    int index = words_find("none approvers manager", word);

    return index < 0 ? APPROVAL_NONE : (enum approval_kind)index; /* refused already */
}

/* Writes each plan's approval into a copy of the rules; true when some plan needs the named. */
static bool finish_approvals(const struct subject *subject)
{
    struct entitlement *ent = subject->ent;
    struct spot approval = key_spot(subject, "approval");
    struct plan_rule *plans = arena_array(subject->checker->arena, struct plan_rule, ent->n_plans);
    bool needs_named = false;

    for (size_t i = 0; i < ent->n_plans; i++) {
        const struct settings_node *word = approval.is_there ? approval.node : NULL;

        plans[i] = ent->plans[i];
        if (word && word->kind == NODE_MAP)
            word = node_get(word, plans[i].plan);
        if (word)
            plans[i].approval = approval_of(word->text);
        needs_named |= plans[i].approval == APPROVAL_APPROVERS;
    }
    ent->plans = plans;
    return needs_named;
}

static void check_approval_map(const struct subject *subject, struct spot approval)
{
    for (size_t i = 0; i < subject->ent->n_plans; i++) {
        struct str plan = subject->ent->plans[i].plan;

        if (plan.len > 0 && !node_get(approval.node, plan)) {
            spot_complain(subject->checker, approval,
                          "says nothing about `%.*s`: every plan needs a word", STR_ARG(plan));
        }
    }
    for (size_t i = 0; i < approval.node->entries.n; i++) {
        const struct node_entry *entry = &approval.node->entries.items[i];

        if (!entitlement_plan(subject->ent, entry->key)) {
            spot_complain(subject->checker,
                          spot_key(subject->checker, approval,
                                   arena_cstr(subject->checker->arena, entry->key)),
                          "is not one of this entitlement's plans");
        }
    }
}

static void check_approvals(const struct subject *subject)
{
    struct entitlement *ent = subject->ent;
    struct spot approval = key_spot(subject, "approval");
    struct spot renewal = key_spot(subject, "renewal_approval");
    struct spot approvers = key_spot(subject, "approvers");
    bool needs_named = finish_approvals(subject);

    ent->has_renewal_approval = renewal.is_there;
    if (approval.is_there && approval.node->kind == NODE_MAP)
        check_approval_map(subject, approval);
    if (approvers.is_there)
        return;
    if (needs_named)
        spot_complain(subject->checker, approval, "asks `approvers`, but `approvers` names nobody");
    if (ent->has_renewal_approval && ent->renewal_approval == APPROVAL_APPROVERS &&
        !spot_is_bad(renewal))
        spot_complain(subject->checker, renewal, "asks `approvers`, but `approvers` names nobody");
}

/* -- Plans -- */

/* False when it is not in the catalogue, which is then reported. */
static bool check_known_plan(const struct subject *subject, size_t i, struct str plan)
{
    const struct catalogue *catalogue = &subject->checker->bound->settings.policy.catalogue;
    struct nearest nearest = nearest_to(plan);

    if (catalogue_plan(catalogue, plan))
        return true;
    for (size_t k = 0; k < catalogue->n_plans; k++)
        nearest_try(&nearest, catalogue->plans[k].plan);
    if (nearest.found.len > 0) {
        spot_complain(subject->checker, plan_spot(subject, i, "plan"),
                      "is not a plan of the catalogue: did you mean `%.*s`?",
                      STR_ARG(nearest.found));
    } else {
        spot_complain(subject->checker, plan_spot(subject, i, "plan"),
                      "is not a plan of the catalogue: add it to `catalogue.plans`");
    }
    return false;
}

/* False when the plan itself cannot be made out. */
static bool check_plan(const struct subject *subject, size_t i)
{
    const struct plan_rule *rule = &subject->ent->plans[i];
    struct spot name = plan_spot(subject, i, "okta_group");
    struct spot id = plan_spot(subject, i, "okta_group_id");

    if (spot_is_bad(spot_item(subject->checker, key_spot(subject, "plans"), i)))
        return false;
    if (name.is_there == id.is_there) {
        spot_complain(subject->checker, name.is_there ? id : name,
                      name.is_there ? "give either `okta_group` or `okta_group_id`, not both"
                                    : "is required: the group whose members hold this plan, or "
                                      "its `okta_group_id`");
    }
    if (rule->plan.len == 0 || !check_known_plan(subject, i, rule->plan))
        return false;
    if (entitlement_plan(subject->ent, rule->plan) != rule) {
        spot_complain(subject->checker, plan_spot(subject, i, "plan"),
                      "is listed twice in this entitlement");
    }
    return true;
}

static void check_plans(const struct subject *subject)
{
    struct spot spot = key_spot(subject, "default_plan");
    const struct entitlement *ent = subject->ent;
    bool are_clear = ent->n_plans > 0;

    for (size_t i = 0; i < ent->n_plans; i++)
        are_clear &= check_plan(subject, i);
    /* A misspelt plan would make the default a stranger too: say the first thing first. */
    if (ent->default_plan.len > 0 && are_clear && !entitlement_plan(ent, ent->default_plan))
        spot_complain(subject->checker, spot, "is not one of this entitlement's plans");
}

/* -- The rest of one entitlement -- */

static void check_spans(const struct subject *subject)
{
    const struct entitlement *ent = subject->ent;
    struct spot most = key_spot(subject, "max_duration");
    struct spot usual = key_spot(subject, "default_duration");

    if (ent->max_duration_ms >= ent->default_duration_ms || spot_is_bad(most) || spot_is_bad(usual))
        return;
    if (most.is_there) {
        spot_complain(subject->checker, most, "must not be less than `default_duration`%s",
                      usual.is_there ? "" : ", which is 180d when left out");
    } else {
        spot_complain(subject->checker, usual,
                      "must not be more than `max_duration`, which is 365d when left out");
    }
}

static void check_modes(const struct subject *subject)
{
    const struct entitlement *ent = subject->ent;
    struct spot mode = key_spot(subject, "mode");
    struct spot leave = key_spot(subject, "assignment_leave");

    if (ent->unmanaged_remove && ent->mode != MODE_ENFORCE && mode.is_there && !spot_is_bad(mode)) {
        spot_complain(subject->checker, key_spot(subject, "unmanaged"),
                      "`remove` needs `mode: enforce`; this entitlement is in `%s`",
                      mode_name(ent->mode));
    }
    if (ent->assignment_leave && ent->assignment_group.len == 0)
        spot_complain(subject->checker, leave, "has no meaning without `assignment_group`");
}

static void check_provisioning(const struct subject *subject)
{
    struct spot spot = key_spot(subject, "provisioning");

    if (subject->ent->provisioning == PROVISIONING_DIRECT && !spot_is_bad(spot) &&
        !spot_key(subject->checker, spot_top(subject->checker), "aws").is_there) {
        spot_complain(subject->checker, spot,
                      "`direct` needs `aws`: this program then writes the groups of Identity "
                      "Center itself");
    }
}

static void finish_entitlement(const struct subject *subject)
{
    if (subject->ent->title.len == 0)
        subject->ent->title = subject->ent->name;
    check_approvals(subject);
    check_plans(subject);
    check_spans(subject);
    check_modes(subject);
    check_provisioning(subject);
}

/* -- Between entitlements -- */

/* What is taken by whom; keys in lower case where people may write either. */
struct taken {
    struct map names, words, groups;
};

/* `NAME (plan PLAN)` of whom a group already serves; NULL when it was free. */
static const struct str *take(struct checker *checker, struct map *map, struct str key,
                              struct str owner)
{
    const struct str *first = map_get(map, key);
    struct str *kept = arena_new(checker->arena, struct str);

    *kept = owner;
    if (!first)
        (void)map_put(map, checker->arena, key, kept);
    return first;
}

static struct str lowered(struct checker *checker, struct str text)
{
    struct str copy = arena_str(checker->arena, text);
    char *bytes = arena_alloc(checker->arena, copy.len + 1, 1);

    for (size_t i = 0; i < copy.len; i++) {
        bytes[i] = copy.ptr[i];
        if (bytes[i] >= 'A' && bytes[i] <= 'Z')
            bytes[i] = (char)(bytes[i] - 'A' + 'a');
    }
    return (struct str){bytes, copy.len};
}

static void check_name(const struct subject *subject, struct taken *taken)
{
    struct str name = subject->ent->name;
    struct spot spot = key_spot(subject, "name");

    if (name.len == 0)
        return;
    if (take(subject->checker, &taken->names, lowered(subject->checker, name), name))
        spot_complain(subject->checker, spot, "is the name of another entitlement too");
}

static void check_words(const struct subject *subject, struct taken *taken)
{
    const struct entitlement *ent = subject->ent;

    for (size_t i = 0; i < ent->n_ask_for; i++) {
        struct str word = lowered(subject->checker, ent->ask_for[i]);
        struct spot spot = spot_item(subject->checker, key_spot(subject, "ask_for"), i);
        const struct str *named = map_get(&taken->names, word);
        const struct str *first;

        if (word.len == 0)
            continue;
        first = take(subject->checker, &taken->words, word, ent->name);
        if (first) {
            spot_complain(subject->checker, spot, "is already what people call `%.*s`",
                          STR_ARG(*first));
        } else if (named && !str_eq(*named, ent->name)) {
            spot_complain(subject->checker, spot, "is the name of another entitlement");
        }
    }
}

static void check_group(const struct subject *subject, struct taken *taken, size_t i, bool by_id)
{
    const struct plan_rule *rule = &subject->ent->plans[i];
    struct str group = by_id ? rule->okta_group_id : rule->okta_group;
    struct arena *arena = subject->checker->arena;
    const struct str *first;

    if (group.len == 0)
        return;
    struct str key = arena_printf(arena, "%s%.*s", by_id ? "id " : "name ", STR_ARG(group));
    struct str owner =
        arena_printf(arena, "%.*s of `%.*s`", STR_ARG(rule->plan), STR_ARG(subject->ent->name));
    first = take(subject->checker, &taken->groups, key, owner);
    if (first) {
        spot_complain(subject->checker,
                      plan_spot(subject, i, by_id ? "okta_group_id" : "okta_group"),
                      "already serves %.*s: a group serves exactly one plan of one entitlement",
                      STR_ARG(*first));
    }
}

static const struct str *plan_of_group(const struct checker *checker, const struct taken *taken,
                                       struct str group)
{
    return map_get(&taken->groups, arena_printf(checker->arena, "name %.*s", STR_ARG(group)));
}

/* Groups that are used for something else than a plan. */
static void check_other_groups(const struct subject *subject, const struct taken *taken)
{
    struct checker *checker = subject->checker;
    const struct entitlement *ent = subject->ent;
    const struct str *plan = plan_of_group(checker, taken, ent->assignment_group);
    struct spot eligible = spot_key(checker, key_spot(subject, "eligible"), "okta_groups");

    if (plan) {
        spot_complain(checker, key_spot(subject, "assignment_group"),
                      "is the group of %.*s: the group that assigns must not be one that is pushed",
                      STR_ARG(*plan));
    }
    for (size_t i = 0; i < ent->eligible.n_okta_groups; i++) {
        for (size_t k = 0; k < ent->n_plans; k++) {
            struct str group = ent->eligible.okta_groups[i];

            if (group.len > 0 && str_eq(group, ent->plans[k].okta_group)) {
                spot_complain(checker, spot_item(checker, eligible, i),
                              "is the group of a plan here: nobody new could ever be eligible");
            }
        }
    }
}

static void check_protected(struct checker *checker, const struct taken *taken)
{
    const struct safety *safety = &checker->bound->settings.policy.safety;
    struct spot spot =
        spot_key(checker, spot_key(checker, spot_top(checker), "safety"), "protected");

    for (size_t i = 0; i < safety->n_protect; i++) {
        struct str group = safety->protect[i].okta_group;
        const struct str *plan = plan_of_group(checker, taken, group);

        if (group.len > 0 && plan) {
            spot_complain(checker, spot_item(checker, spot, i),
                          "is the group of %.*s: nobody could ever be removed from it; use "
                          "`mode: add` for that",
                          STR_ARG(*plan));
        }
    }
}

static void check_tokens(struct checker *checker, const struct taken *taken)
{
    const struct bound *bound = checker->bound;
    struct spot tokens =
        spot_key(checker, spot_key(checker, spot_top(checker), "server"), "tokens");

    for (size_t i = 0; i < bound->n_tokens; i++) {
        struct spot spot = spot_key(checker, spot_item(checker, tokens, i), "entitlements");

        for (size_t k = 0; k < bound->tokens[i].n_entitlements; k++) {
            struct str name = bound->tokens[i].entitlements[k];

            if (name.len > 0 && !map_has(&taken->names, lowered(checker, name)))
                spot_complain(checker, spot_item(checker, spot, k), "is not an entitlement");
        }
    }
}

void check_entitlements(struct checker *checker)
{
    struct policy *policy = &checker->bound->settings.policy;
    size_t n = policy->n_entitlements;
    struct entitlement *ents = arena_array(checker->arena, struct entitlement, n);
    struct subject *subjects = arena_array(checker->arena, struct subject, n);
    struct spot list = spot_key(checker, spot_top(checker), "entitlements");
    struct taken taken = {0};

    for (size_t i = 0; i < n; i++) {
        ents[i] = policy->entitlements[i];
        subjects[i] = (struct subject){checker, &ents[i], spot_item(checker, list, i)};
        finish_entitlement(&subjects[i]);
        check_name(&subjects[i], &taken);
        for (size_t k = 0; k < ents[i].n_plans; k++) {
            check_group(&subjects[i], &taken, k, false);
            check_group(&subjects[i], &taken, k, true);
        }
    }
    policy->entitlements = ents;
    for (size_t i = 0; i < n; i++) {
        check_words(&subjects[i], &taken);
        check_other_groups(&subjects[i], &taken);
    }
    check_protected(checker, &taken);
    check_tokens(checker, &taken);
}

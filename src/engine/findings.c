#include "engine/findings_inside.h"
#include "engine/rollout_run.h"
#include "ledger/ledger_log.h"

void findings_add(struct maker *maker, struct finding finding)
{
    if (finding.since_ms == 0)
        finding.since_ms = maker->now_ms;
    finding_make_key(&finding, maker->arena);
    for (size_t i = 0; i < maker->list.n; i++) {
        if (str_eq(maker->list.items[i].key, finding.key))
            return;
    }
    VEC_PUSH(maker->arena, &maker->list, finding);
}

static struct str login_of(const struct maker *maker, struct str person)
{
    const struct person_facts *facts = roll_get(maker->in->roll, person);

    return facts && facts->person.login.len > 0 ? facts->person.login : person;
}

/* Who did it, when the System Log knows. */
static bool find_actor(const struct maker *maker, struct str group, struct str person, bool is_add,
                       struct str *actor, struct err *err)
{
    struct log_event event;
    bool found;

    *actor = (struct str){0};
    if (!ledger_log_find(maker->in->world->ledger, group, person, is_add,
                         maker->now_ms - 90 * TIME_DAY, maker->arena, &event, &found, err))
        return false;
    if (found && event.by_rule) {
        *actor = arena_printf(maker->arena, "group rule %.*s", STR_ARG(event.actor_name));
    } else if (found && event.ours) {
        *actor = STR("this program's own credential");
    } else if (found) {
        *actor = event.actor_name;
    }
    return true;
}

/* ---- the groups ---- */

static void from_group(struct maker *maker, const struct seen_group *group)
{
    struct str ent = group->ent ? group->ent->name : (struct str){0};
    struct finding finding = {.entitlement = ent, .group = group->id, .detail = group->pin_why};

    if (group->role == PIN_STORE && !maker->in->store->ok)
        return; /* said once, of the whole of Identity Center */
    if (!group->pin_ok && group->rule_on_group) {
        finding.kind = FINDING_RULE_ON_GROUP;
        finding.severity = SEVERITY_TICKET;
        finding.remedy = STR(
            "deactivate the rule in Okta, or acknowledge it; until then nothing is written there");
    } else if (!group->pin_ok) {
        finding.kind = FINDING_GROUP_CHANGED;
        finding.severity = SEVERITY_TICKET;
        finding.remedy = STR(
            "set the group right in Okta or in the settings; until then nothing is written there");
        if (group->role == PIN_STORE)
            finding.remedy = STR("`provisioning: direct` is for groups made in Identity Center, in "
                                 "its primary region; until then nothing is written there");
    }
    if (!group->pin_ok) {
        finding.subject = group->pin_subject;
        finding.may_ack = group->pin_subject.len > 0;
        if (finding.group.len == 0)
            finding.group = group->ref;
        findings_add(maker, finding);
        return;
    }
    if (group->listing->state != LISTING_SEALED) {
        findings_add(maker, (struct finding){
                                .kind = FINDING_REMOTE_UNAVAILABLE,
                                .severity = SEVERITY_TICKET,
                                .entitlement = ent,
                                .group = group->id,
                                .detail = arena_printf(
                                    maker->arena, "the members of %.*s could not be read: %.*s",
                                    STR_ARG(group->name), STR_ARG(group->listing->why)),
                                .remedy = STR("nobody was removed there; the next run tries again"),
                            });
    } else if (group->removals_unknown) {
        findings_add(
            maker,
            (struct finding){
                .kind = FINDING_RULE_ON_GROUP,
                .severity = SEVERITY_INFO,
                .entitlement = ent,
                .group = group->id,
                .detail = group->removals_why,
                .remedy = STR("removals in this group wait; let the program read rules and roles"),
            });
    }
}

static void from_shrink(struct maker *maker, const struct guard_group *guard)
{
    const struct group_view *view = guard->view;

    if (!guard->shrink.is_shrunk || guard->shrink_acked)
        return;
    findings_add(
        maker,
        (struct finding){
            .kind = FINDING_SHRUNK_LISTING,
            .severity = SEVERITY_PAGE,
            .entitlement = view->ent->name,
            .group = view->id,
            .detail =
                arena_printf(maker->arena, "the listing of %.*s lost %zu of %zu people at once",
                             STR_ARG(view->name), guard->shrink.lost, guard->shrink.before),
            .remedy = STR(
                "nobody is removed or put back until a listing is whole again or a person confirms it"),
            .subject = guard->shrink.digest,
            .may_ack = true,
        });
}

static void from_floors(struct maker *maker)
{
    for (size_t i = 0; i < maker->in->n_floors; i++) {
        const struct mode_floor *floor = &maker->in->floors[i];
        if (floor->since >= maker->in->started_at)
            continue; /* its anomaly is reported in this run */
        findings_add(
            maker, (struct finding){
                       .kind = FINDING_SHRUNK_LISTING,
                       .severity = SEVERITY_TICKET,
                       .entitlement = floor->entitlement,
                       .since_ms = floor->since,
                       .detail = arena_printf(maker->arena, "mode is `%s` since an anomaly: %.*s",
                                              mode_name(floor->mode), STR_ARG(floor->reason)),
                       .remedy = STR("acknowledge to go back to the settings' mode"),
                       .subject = arena_printf(maker->arena, "floor %lld", (long long)floor->since),
                       .may_ack = true,
                   });
    }
}

static void from_changes(struct maker *maker)
{
    const struct decision *decision = maker->in->decision;

    for (size_t i = 0; i < decision->n_ents; i++) {
        if (decision_change_bites(decision, &decision->ents[i])) {
            findings_add(
                maker,
                (struct finding){
                    .kind = FINDING_SETTINGS_CHANGED,
                    .severity = SEVERITY_TICKET,
                    .entitlement = decision->ents[i].ent->name,
                    .detail = STR("under the changed rules people who hold seats are not eligible"),
                    .remedy =
                        STR("look at `seatkeeper drift`; acknowledge if that is what was meant"),
                    .subject = decision->rules_digest,
                    .may_ack = true,
                });
        }
    }
}

/* ---- people ---- */

static bool is_of_store(const struct maker *maker, struct str group)
{
    const struct decision *decision = maker->in->decision;

    for (size_t i = 0; i < decision->n_views; i++) {
        if (decision->views[i].role == GROUP_ROLE_STORE && str_eq(decision->views[i].id, group))
            return true;
    }
    return false;
}

static bool from_deviations(struct maker *maker, struct err *err)
{
    static const enum finding_kind kinds[] = {
        [DEVIATION_UNMANAGED] = FINDING_UNMANAGED_MEMBER,
        [DEVIATION_DOUBLE] = FINDING_DOUBLE_SEAT,
        [DEVIATION_ORPHAN] = FINDING_ORPHAN_GRANT,
    };
    static const char *const details[] = {
        [DEVIATION_UNMANAGED] = "is in the group without a grant",
        [DEVIATION_DOUBLE] = "is in two plans' groups at once",
        [DEVIATION_ORPHAN] = "holds a grant that the settings no longer know",
    };
    static const char *const remedies[] = {
        [DEVIATION_UNMANAGED] = "adopt the seat, or take the person out in Okta",
        [DEVIATION_DOUBLE] = "take the person out of the plan that was not meant",
        [DEVIATION_ORPHAN] = "put the plan back into the settings, or revoke the grant",
    };
    const struct plan *plan = &maker->in->decision->plan;

    for (size_t i = 0; i < plan->n_deviations; i++) {
        const struct deviation *dev = &plan->deviations[i];
        struct finding finding = {
            .kind = kinds[dev->kind],
            .severity = SEVERITY_TICKET,
            .entitlement = dev->entitlement,
            .person = dev->person,
            .login = dev->login.len > 0 ? dev->login : login_of(maker, dev->person),
            .group = dev->group,
            .remedy = str_of(remedies[dev->kind]),
        };
        if (is_of_store(maker, dev->group)) {
            finding.hop = STR("pushed");
            finding.remedy = STR("grant the person a seat, or take the user out of the group in "
                                 "Identity Center");
        }
        finding.detail = arena_printf(maker->arena, "%.*s %s (%.*s)", STR_ARG(finding.login),
                                      details[dev->kind], STR_ARG(dev->plan));
        if (dev->kind == DEVIATION_UNMANAGED &&
            !find_actor(maker, dev->group, dev->person, true, &finding.actor, err))
            return false;
        findings_add(maker, finding);
    }
    return true;
}

static bool is_ineligible(const struct maker *maker, const struct entitlement *ent,
                          const struct person *person, struct str *why)
{
    const struct named_groups *groups = &maker->in->decision->facts.groups;

    if (person->status == USER_UNKNOWN)
        return false;
    struct eligible found = eligible_check(ent, person, groups, maker->arena);
    *why = found.why;
    return found.answer == ELIGIBLE_NO;
}

/* What is wrong with the holder of a live grant; at most one thing, the worst first. */
static void from_holder(struct maker *maker, const struct grant *grant,
                        const struct entitlement *ent, const struct person_facts *who)
{
    struct str login = login_of(maker, grant->person), why;
    struct finding finding = {
        .severity = SEVERITY_INFO,
        .entitlement = grant->entitlement,
        .person = grant->person,
        .login = login,
    };

    if (who->person.status == USER_GONE) {
        finding.kind = FINDING_PERSON_GONE;
        finding.since_ms = who->gone_since_ms;
        finding.detail =
            arena_printf(maker->arena, "%.*s is no longer known to Okta", STR_ARG(login));
        finding.remedy = STR("revoke the grant if the person is really gone");
    } else if (who->inactive_since_ms > 0) {
        finding.kind = FINDING_INACTIVE_PERSON;
        finding.since_ms = who->inactive_since_ms;
        finding.detail = arena_printf(maker->arena, "%.*s holds a seat and is %s in Okta",
                                      STR_ARG(login), user_status_name(who->person.status));
        finding.remedy = STR("the seat ends after the grace the settings give");
    } else if (is_ineligible(maker, ent, &who->person, &why)) {
        finding.kind = FINDING_INELIGIBLE_HOLDER;
        finding.since_ms = who->ineligible_since_ms;
        finding.detail = arena_printf(maker->arena, "%.*s holds a seat and is not eligible: %.*s",
                                      STR_ARG(login), STR_ARG(why));
        finding.remedy = STR("revoke the seat, or change the rule");
    } else {
        return;
    }
    findings_add(maker, finding);
}

static void from_people(struct maker *maker)
{
    const struct policy *policy = &maker->in->world->settings->policy;
    const struct intake_result *intake = maker->in->intake;

    for (size_t i = 0; i < intake->n_grants; i++) {
        const struct grant *grant = &intake->grants[i];
        const struct person_facts *who = facts_find(&maker->in->decision->facts, grant->person);
        const struct entitlement *ent = policy_entitlement(policy, grant->entitlement);
        if (grant_is_live(grant, maker->now_ms) && who && ent)
            from_holder(maker, grant, ent, who);
    }
    for (size_t i = 0; i < intake->n_conflicts; i++) {
        const struct intake_conflict *conflict = &intake->conflicts[i];
        findings_add(
            maker, (struct finding){
                       .kind = FINDING_IDENTITY_CONFLICT,
                       .severity = SEVERITY_PAGE,
                       .person = conflict->found,
                       .login = conflict->login,
                       .detail = arena_printf(
                           maker->arena, "the login %.*s was %.*s and is now %.*s; R%lld waits",
                           STR_ARG(conflict->login), STR_ARG(conflict->known),
                           STR_ARG(conflict->found), (long long)conflict->request),
                       .remedy = STR("make sure who is meant; acknowledge if it is the new bearer"),
                       .subject = conflict->login,
                       .may_ack = true,
                   });
    }
}

/* ---- ops ---- */

static struct str outside_subject(const struct decision *decision, const struct op *op)
{
    for (size_t i = 0; i < decision->n_outside; i++) {
        if (str_eq(decision->outside[i].group, op->group) &&
            str_eq(decision->outside[i].person, op->person))
            return decision->outside[i].subject;
    }
    return (struct str){0};
}

static void finding_of_hold(struct maker *maker, const struct op *op, const struct guard_hold *hold)
{
    struct finding finding = {
        .severity = SEVERITY_INFO,
        .entitlement = op->entitlement,
        .person = op->person,
        .login = login_of(maker, op->person),
        .group = op->group,
        .since_ms = op->due_ms,
        .detail = hold->reason,
    };

    if (hold->guard == GUARD_OUTSIDE) {
        finding.kind = FINDING_REMOVED_OUTSIDE;
        finding.severity = SEVERITY_TICKET;
        finding.since_ms = maker->now_ms;
        finding.subject = outside_subject(maker->in->decision, op);
        finding.may_ack = true;
        finding.remedy = STR("acknowledge to put the person back, or revoke the grant");
    } else if (hold->guard == GUARD_CHANGED) {
        finding = (struct finding){
            .kind = FINDING_SETTINGS_CHANGED,
            .severity = SEVERITY_TICKET,
            .entitlement = op->entitlement,
            .detail = hold->reason,
            .remedy = STR("look at `seatkeeper plan`; acknowledge if that is what was meant"),
            .subject = maker->in->decision->rules_digest,
            .may_ack = true,
        };
    } else if (op_is_removal(op->kind) &&
               (guard_is_alarm(hold->guard) || hold->guard == GUARD_PROOF) && !hold->drips) {
        finding.kind = FINDING_HELD_REMOVALS;
        finding.severity = guard_is_alarm(hold->guard) ? SEVERITY_TICKET : SEVERITY_INFO;
        finding.subject = decision_hold_subject(op, maker->arena);
        finding.may_ack = hold->guard == GUARD_PROOF || hold->guard == GUARD_BUDGET;
        finding.remedy = finding.may_ack ? STR("acknowledge to let this removal go")
                                         : STR("see what stands in its way");
    } else {
        return;
    }
    findings_add(maker, finding);
}

static bool from_ops(struct maker *maker, struct err *err)
{
    const struct decision *decision = maker->in->decision;
    int64_t deadline = 2 * maker->in->world->settings->policy.every_ms;

    for (size_t i = 0; i < decision->plan.n; i++) {
        const struct op *op = &decision->plan.ops[i];
        const struct guard_hold *hold = guard_first_hold(&decision->verdict, i);
        enum op_state state = maker->in->applied ? maker->in->applied->states[i]
                              : hold             ? OP_HELD
                                                 : OP_PLANNED;
        if (hold)
            finding_of_hold(maker, op, hold);
        /* What is held has been said by the hold. */
        bool is_late = op->due_ms > 0 && maker->now_ms - op->due_ms > deadline;
        if (hold || state == OP_DONE || state == OP_SKIPPED || !is_late)
            continue;
        findings_add(
            maker,
            (struct finding){
                .kind = op_is_removal(op->kind) ? FINDING_OVERDUE_REMOVAL : FINDING_MISSING_MEMBER,
                .severity = SEVERITY_TICKET,
                .entitlement = op->entitlement,
                .person = op->person,
                .login = login_of(maker, op->person),
                .group = op->group,
                .hop = op->kind == OP_IDC_ADD || op->kind == OP_IDC_REMOVE ? STR("pushed")
                                                                           : STR("okta"),
                .since_ms = op->due_ms,
                .detail = arena_printf(maker->arena, "%.*s should %s %.*s by now",
                                       STR_ARG(login_of(maker, op->person)),
                                       op_is_removal(op->kind) ? "have left" : "be in",
                                       STR_ARG(op->group_name)),
                .remedy = STR("see `seatkeeper explain` for what happened"),
            });
    }
    for (size_t i = 0; i < maker->list.n; i++) {
        struct finding *finding = &maker->list.items[i];
        if (finding->kind == FINDING_REMOVED_OUTSIDE &&
            !find_actor(maker, finding->group, finding->person, false, &finding->actor, err))
            return false;
    }
    return true;
}

bool make_findings(const struct findings_input *in, struct arena *arena, struct finding **out,
                   size_t *n, struct err *err)
{
    struct maker maker = {.in = in, .arena = arena, .now_ms = in->roll->now_ms};

    findings_of_instance(&maker);
    findings_of_store(&maker);
    for (size_t i = 0; i < in->groups->n; i++)
        from_group(&maker, &in->groups->items[i]);
    if (in->decision) {
        for (size_t i = 0; i < in->decision->n_views; i++)
            from_shrink(&maker, &in->decision->guards[i]);
        from_floors(&maker);
        from_changes(&maker);
        from_people(&maker);
        if (!from_deviations(&maker, err) || !from_ops(&maker, err))
            return false;
    }
    struct finding *halted;
    size_t n_halted;
    if (!rollout_findings(in->world, arena, &halted, &n_halted, err))
        return false;
    for (size_t i = 0; i < n_halted; i++)
        findings_add(&maker, halted[i]);
    *out = maker.list.items;
    *n = maker.list.n;
    return true;
}

#include <stdlib.h>

#include "base/clock.h"
#include "core/guard_internal.h"

/* The rules that look at one op alone. Doubt holds: what is missing is never taken for good news.
 */

/* Two sealed reads that are to prove one thing lie at least this far apart. */
#define TWO_READS_MS ((int64_t)60000)
/* Automatic restores of one person in one group within 24 hours. */
#define RESTORES_A_DAY 2

static bool hold(struct str *reason, struct str why)
{
    *reason = why;
    return true;
}

/* The reason with what the run knows behind it: `frozen: audit of May`. */
static bool hold_with(const struct guard_case *c, struct str *reason, const char *what,
                      struct str why)
{
    if (why.len == 0)
        return hold(reason, str_of(what));
    return hold(reason, arena_printf(c->arena, "%s: %.*s", what, STR_ARG(why)));
}

bool guard_frozen(const struct guard_case *c, struct str *reason)
{
    if (!c->ent)
        return false;
    if (c->ent->frozen)
        return hold_with(c, reason, "frozen", c->ent->frozen_why);
    if (c->ent->frozen_removals && c->is_removal)
        return hold_with(c, reason, "removals are frozen", c->ent->frozen_why);
    return false;
}

bool guard_instance(const struct guard_case *c, struct str *reason)
{
    return !c->in->instance_ok &&
           hold_with(c, reason, "this is not the organisation the ledger knows",
                     c->in->instance_why);
}

bool guard_foreign_self(const struct guard_case *c, struct str *reason)
{
    return c->in->foreign_self &&
           hold_with(c, reason, "somebody else writes as us, or this ledger is an old copy",
                     c->in->foreign_why);
}

/* What no person asked for rests on the calendar: an end, or a grace that has run. */
static bool needs_clock(enum cause cause)
{
    return !cause_is_asked(cause) && cause != CAUSE_MOVED;
}

bool guard_clock(const struct guard_case *c, struct str *reason)
{
    return c->is_removal && !c->in->clock_ok && needs_clock(c->op->cause) &&
           hold_with(c, reason, "the clock cannot be trusted", c->in->clock_why);
}

bool guard_mode(const struct guard_case *c, struct str *reason)
{
    if (!c->ent)
        return hold(reason, STR("the settings know no such entitlement"));
    if (c->ent->mode == MODE_ENFORCE)
        return false;
    if (c->ent->mode == MODE_ADD) {
        return c->is_removal &&
               hold(reason, STR("mode is add: people are joined, nobody is taken out"));
    }
    return hold(reason, STR("mode is observe: nothing is written"));
}

bool guard_pinned(const struct guard_case *c, struct str *reason)
{
    if (!c->group)
        return hold(reason, STR("this group is not one that may be written"));
    if (!c->group->pin_ok)
        return hold_with(c, reason, "the group is not as it was pinned", c->group->pin_why);
    return c->is_removal && c->group->removals_unknown &&
           hold_with(c, reason, "rules or roles of the group could not be read",
                     c->group->removals_why);
}

static bool is_known_inactive(const struct person_facts *person)
{
    if (!person)
        return false;
    if (person->person.status == USER_GONE)
        return person->gone_proved;
    return person->inactive_twice &&
           (person->person.status == USER_SUSPENDED || person->person.status == USER_DEPROVISIONED);
}

static bool is_known_ineligible(const struct guard_case *c)
{
    const struct person_facts *person = c->person;

    if (!c->ent || !person || person->ineligible_since_ms <= 0 ||
        c->in->now_ms - person->ineligible_since_ms < TWO_READS_MS)
        return false;
    return eligible_check(c->ent->ent, &person->person, &c->in->facts->groups, c->arena).answer !=
           ELIGIBLE_UNKNOWN;
}

/* The baseline holds what earlier sealed listings showed. */
static bool is_seen_twice(const struct guard_case *c)
{
    const struct accepted *accepted = baseline_find(c->group->view->baseline, c->op->person);

    return accepted && !accepted->taken_out &&
           c->group->view->listing->at_ms - accepted->since_ms >= TWO_READS_MS;
}

static bool are_all_plans_sealed(const struct guard_case *c)
{
    for (size_t i = 0; i < c->in->n_groups; i++) {
        const struct group_view *view = c->in->groups[i].view;

        if (view->role != GROUP_ROLE_ASSIGNMENT && !listing_is_sealed(view->listing))
            return false;
    }
    return true;
}

/* Is what this removal is argued from complete? */
static bool is_cause_sealed(const struct guard_case *c, struct str *reason)
{
    switch (c->op->cause) {
    case CAUSE_INACTIVE:
        return is_known_inactive(c->person) ||
               !hold(reason, STR("that the person is inactive is not proved by two reads"));
    case CAUSE_INELIGIBLE:
        return is_known_ineligible(c) ||
               !hold(reason, STR("that the person is not eligible is not proved by two reads"));
    case CAUSE_UNMANAGED:
        return is_seen_twice(c) ||
               !hold(reason, STR("the member has to be seen by two reads a minute apart"));
    case CAUSE_ASSIGNMENT:
        return are_all_plans_sealed(c) ||
               !hold(reason, STR("not every plan's group could be read completely"));
    case CAUSE_GRANTED:
    case CAUSE_BLOCKED:
    case CAUSE_REVOKED:
    case CAUSE_RETURNED:
    case CAUSE_EXPIRED:
    case CAUSE_MOVED: break;
    }
    return true; /* what the ledger asks needs no more than the group itself */
}

bool guard_waits_for_a_look(const struct guard_case *c)
{
    return c->is_removal && c->group && listing_is_sealed(c->group->view->listing) &&
           c->in->facts->protected_sealed && cause_is_inferred(c->op->cause);
}

bool guard_sealed(const struct guard_case *c, struct str *reason)
{
    if (!c->group || !listing_is_sealed(c->group->view->listing)) {
        return hold_with(c, reason, "the group's members could not be read completely",
                         c->group ? c->group->view->listing->why : (struct str){0});
    }
    if (!c->is_removal)
        return false;
    if (!c->in->facts->protected_sealed) {
        return hold_with(c, reason, "who is protected could not be read completely",
                         c->in->facts->protected_why);
    }
    return !is_cause_sealed(c, reason);
}

bool guard_shrunk(const struct guard_case *c, struct str *reason)
{
    const struct shrink *shrink = c->group ? &c->group->shrink : NULL;

    if (!shrink || !shrink->is_shrunk || c->group->shrink_acked)
        return false;
    if (!c->is_removal && !str_in_sorted(shrink->gone, shrink->lost, c->op->person))
        return false;
    return hold(reason, arena_printf(c->arena, "the group lost %zu of %zu members at once",
                                     shrink->lost, shrink->before));
}

static int compare_outside(const void *key, const void *item)
{
    const struct op *op = key;
    const struct guard_outside *outside = item;
    int order = str_cmp(op->group, outside->group);

    return order != 0 ? order : str_cmp(op->person, outside->person);
}

bool guard_outside(const struct guard_case *c, struct str *reason)
{
    const struct guard_outside *outside = NULL;

    if (c->in->n_outside > 0) {
        outside = bsearch(c->op, c->in->outside, c->in->n_outside, sizeof(c->in->outside[0]),
                          compare_outside);
    }
    if (c->is_removal || !outside || outside->acked)
        return false;
    if (!c->ent || !c->ent->ent->removed_outside_restore) {
        return hold_with(c, reason, "taken out by other hands; restore or end it", outside->actor);
    }
    return outside->restored_day >= RESTORES_A_DAY &&
           hold_with(c, reason, "taken out by other hands again and again within a day",
                     outside->actor);
}

bool guard_changed(const struct guard_case *c, struct str *reason)
{
    const struct guard_entitlement *ent = c->ent;

    if (!ent || !ent->is_known_changed || c->op->explained_at > ent->changed_since_ms ||
        str_in_sorted(ent->known_ops, ent->n_known_ops, c->op->id))
        return false;
    return hold_with(c, reason, "new since a change that nobody has confirmed", ent->changed_why);
}

bool guard_protected(const struct guard_case *c, struct str *reason)
{
    if (!c->is_removal)
        return false;
    if (!c->person)
        return hold(reason, STR("whether the person is protected could not be read"));
    return c->person->is_protected && hold(reason, STR("protected people are never removed"));
}

/* May somebody be taken out who is not ours? */
static bool may_remove_unmanaged(const struct guard_entitlement *ge)
{
    return ge && ge->ent->unmanaged_remove && ge->mode == MODE_ENFORCE && ge->may_remove_unmanaged;
}

bool guard_owned(const struct guard_case *c, struct str *reason)
{
    bool is_ours =
        c->op->follows || (c->group && baseline_owns(c->group->view->baseline, c->op->person));

    if (!c->is_removal)
        return false;
    if (c->op->cause != CAUSE_UNMANAGED)
        return !is_ours && hold(reason, STR("the membership is not ours"));
    if (is_ours)
        return hold(reason, STR("the membership is ours after all"));
    return !may_remove_unmanaged(c->ent) &&
           hold(reason, STR("members by other hands may not be removed now"));
}

bool guard_eligible(const struct guard_case *c, struct str *reason)
{
    const struct facts *facts = c->in->facts;

    if (c->is_removal) {
        return c->op->cause == CAUSE_INELIGIBLE &&
               !(c->ent &&
                 facts_ineligible_ends(c->ent->ent, c->person, facts, c->in->now_ms, c->arena)) &&
               hold(reason, STR("that the person is not eligible has not run its course"));
    }
    if (!c->person || !c->ent)
        return hold(reason, STR("whether the person is eligible could not be read"));

    struct eligible answer =
        eligible_check(c->ent->ent, &c->person->person, &facts->groups, c->arena);
    if (answer.answer == ELIGIBLE_YES)
        return false;
    return hold_with(c, reason,
                     answer.answer == ELIGIBLE_NO ? "not eligible"
                                                  : "whether the person is eligible is not known",
                     answer.why);
}

bool guard_inactive(const struct guard_case *c, struct str *reason)
{
    if (c->is_removal) {
        return c->op->cause == CAUSE_INACTIVE &&
               !(c->ent && facts_inactive_ends(c->ent->ent, c->person, c->in->now_ms)) &&
               hold(reason, STR("that the person is inactive has not run its course"));
    }
    if (!c->person || c->person->person.status == USER_UNKNOWN)
        return hold(reason, STR("the person's state could not be read in this run"));
    if (c->person->blocked)
        return hold(reason, STR("the person is blocked"));
    return !user_status_is_usable(c->person->person.status) &&
           hold(reason, arena_printf(c->arena, "the person is %s in Okta",
                                     user_status_name(c->person->person.status)));
}

bool guard_proof(const struct guard_case *c, struct str *reason)
{
    if (people_has(&c->in->untouchable, c->op->person))
        return hold(reason, STR("nobody has said which plan the person's subscription is; map its "
                                "spelling under `catalogue.plans[].read_as`"));
    return c->is_removal && c->op->cause == CAUSE_MOVED && !c->is_released && !c->op->is_proved &&
           !c->op->follows &&
           hold(reason, STR("leaving the former plan waits for proof that the new seat is there; "
                            "where none can be had, confirm with ack"));
}

/* How long a removal is announced before it happens. */
static int64_t grace_of(const struct entitlement *ent, enum cause cause)
{
    /* Inactivity has had its own grace before it argued for anything. */
    if (cause == CAUSE_INACTIVE)
        return 0;
    if (cause_is_inferred(cause) || cause == CAUSE_ASSIGNMENT)
        return ent->grace_inferred_ms;
    return ent->grace_asked_ms;
}

bool guard_grace(const struct guard_case *c, struct str *reason)
{
    int64_t due = c->op->due_ms;
    int64_t grace = c->is_removal && c->ent ? grace_of(c->ent->ent, c->op->cause) : 0;

    if (c->is_released || grace <= 0 || (due > 0 && c->in->now_ms - due >= grace))
        return false;
    if (due <= 0)
        return hold(reason, STR("since when the removal is owed is not known"));

    struct str when = time_iso_str(due + grace, c->arena);
    return hold(reason, arena_printf(c->arena, "announced; goes on from %.*s", STR_ARG(when)));
}

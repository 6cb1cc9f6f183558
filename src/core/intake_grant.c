#include "core/intake_parts.h"

/* The highest plan that counts at `t`, with the latest end among its grants. */
static const struct grant *highest_live(const struct asking *a, int64_t t)
{
    const struct catalogue *catalogue = &a->f->policy->catalogue;
    const struct grant *best = NULL;

    for (size_t i = 0; i < a->f->n_grants; i++) {
        const struct grant *grant = &a->f->grants[i];
        int order;

        if (!grant_is_live(grant, t))
            continue;
        order = best ? catalogue_compare(catalogue, grant->plan, best->plan) : 1;
        if (order > 0 || (order == 0 && intake_grant_end(grant) > intake_grant_end(best)))
            best = grant;
    }
    return best;
}

static const struct grant *first_ahead(const struct asking *a, int64_t t)
{
    const struct grant *first = NULL;

    for (size_t i = 0; i < a->f->n_grants; i++) {
        const struct grant *grant = &a->f->grants[i];

        if (grant_is_ahead(grant, t) && (!first || grant->from_ms < first->from_ms))
            first = grant;
    }
    return first;
}

/* The first grant from which moving to the plan asked for is `move`, among those that count at `t`
 * or later. */
static const struct grant *with_move(const struct asking *a, int64_t t, enum move move)
{
    for (size_t i = 0; i < a->f->n_grants; i++) {
        const struct grant *grant = &a->f->grants[i];

        if (intake_counts_from(grant, t) &&
            catalogue_move(&a->f->policy->catalogue, grant->plan, a->plan) == move)
            return grant;
    }
    return NULL;
}

/* What was moved to by a one-way move, whenever that was: there is no way back from it. */
static const struct grant *beyond_return(const struct asking *a)
{
    for (size_t i = 0; i < a->f->n_grants; i++) {
        const struct grant *grant = &a->f->grants[i];

        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an element is never NULL */
        if (intake_grant_end(grant) > grant->from_ms &&
            catalogue_move(&a->f->policy->catalogue, a->plan, grant->plan) == MOVE_ONE_WAY)
            return grant;
    }
    return NULL;
}

static bool deny_move(struct asking *a, struct str from)
{
    const struct catalogue *catalogue = &a->f->policy->catalogue;
    bool is_back = catalogue_move(catalogue, a->plan, from) == MOVE_ONE_WAY;

    return intake_deny(a, "rule:one-way",
                       arena_printf(a->arena, "There is no way %sfrom %.*s to %.*s.",
                                    is_back ? "back " : "", STR_ARG(intake_name(from, a->arena)),
                                    STR_ARG(a->plan)));
}

static bool open_grant(struct asking *a, int64_t from_ms)
{
    int64_t until_ms;

    if (!intake_span_end(a, from_ms, from_ms, &until_ms))
        return true;
    a->step.open_grant = true;
    a->step.plan = a->plan;
    a->step.from_ms = from_ms;
    a->step.until_ms = until_ms;
    a->outcome =
        arena_printf(a->arena, "%.*s gets %.*s in %.*s %.*s, until %.*s.", STR_ARG(a->who),
                     STR_ARG(a->plan), STR_ARG(a->f->ent->name), STR_ARG(intake_when(a, from_ms)),
                     STR_ARG(intake_last_day(until_ms, a->arena)));
    return false;
}

static const char *what_follows(const struct asking *a, enum move move)
{
    const struct catalogue *catalogue = &a->f->policy->catalogue;
    const struct catalogue_plan *plan = catalogue_plan(catalogue, a->plan);
    const struct catalogue_family *family = plan ? catalogue_family(catalogue, plan->family) : NULL;

    if (move == MOVE_ONE_WAY)
        return " There is no way back.";
    if (move == MOVE_DOWN && family && family->downgrade_next_month) {
        return " The service lowers a plan with the month (UTC): until then the higher one counts "
               "and is paid for.";
    }
    if (move == MOVE_DOWN)
        return " The lower plan counts at once.";
    return "";
}

static int64_t latest_end(const struct asking *a, int64_t t)
{
    int64_t latest = t;

    for (size_t i = 0; i < a->f->n_grants; i++) {
        const struct grant *grant = &a->f->grants[i];

        if (intake_counts_from(grant, t) && intake_grant_end(grant) > latest)
            latest = intake_grant_end(grant);
    }
    return latest;
}

static bool change(struct asking *a, const struct grant *held, int64_t from_ms)
{
    const struct grant *one_way = with_move(a, from_ms, MOVE_ONE_WAY);
    enum move move = catalogue_move(&a->f->policy->catalogue, held->plan, a->plan);
    int64_t until_ms;

    if (one_way) { /* what cannot be undone is what is said, whatever else ends with it */
        a->needs_confirmation = true;
        held = one_way;
        move = MOVE_ONE_WAY;
    }
    if (intake_span_asked(a->r) == SPAN_DEFAULT) {
        until_ms = latest_end(a, from_ms);
    } else if (!intake_span_end(a, from_ms, from_ms, &until_ms)) {
        return true;
    }
    intake_end_from(a, from_ms, (struct str){0}, CAUSE_MOVED);
    a->acts_as = REQUEST_CHANGE;
    a->step.open_grant = true;
    a->step.plan = a->plan;
    a->step.from_ms = from_ms;
    a->step.until_ms = until_ms;
    a->outcome =
        arena_printf(a->arena, "%.*s moves from %.*s to %.*s in %.*s %.*s, until %.*s.%s",
                     STR_ARG(a->who), STR_ARG(intake_name(held->plan, a->arena)), STR_ARG(a->plan),
                     STR_ARG(a->f->ent->name), STR_ARG(intake_when(a, from_ms)),
                     STR_ARG(intake_last_day(until_ms, a->arena)), what_follows(a, move));
    return false;
}

/* The same plan again: nothing, or a renewal when a later end is asked for. An ask that names no
 * end asks for no later one, so that asking twice is asking once. */
static bool same_plan(struct asking *a, const struct grant *held, int64_t from_ms)
{
    int64_t end = intake_grant_end(held);
    int64_t until_ms;

    if (intake_span_asked(a->r) == SPAN_DEFAULT)
        return intake_keep(a, held, "; ask for a renewal to keep it longer.");
    if (intake_span_within(a->r, from_ms, end))
        return intake_keep(a, held, ".");
    if (held->ended_at != 0) { /* its end was decided: only another grant goes beyond it */
        return with_move(a, from_ms, MOVE_ONE_WAY) ? change(a, held, from_ms)
                                                   : open_grant(a, from_ms);
    }
    if (!intake_span_end(a, from_ms, held->from_ms > a->now ? held->from_ms : a->now, &until_ms))
        return true;
    intake_extend(a, held, until_ms);
    return false;
}

static bool holds_other_plan(const struct asking *a, int64_t t)
{
    for (size_t i = 0; i < a->f->n_grants; i++) {
        if (intake_counts_from(&a->f->grants[i], t) && !str_eq(a->f->grants[i].plan, a->plan))
            return true;
    }
    return false;
}

/* What a change is about. One that begins before anything does takes effect when that begins: it
 * gives nothing earlier. */
static const struct grant *find_changed(const struct asking *a, int64_t *from_ms)
{
    const struct grant *held = highest_live(a, *from_ms);
    const struct grant *first = held ? NULL : first_ahead(a, *from_ms);

    if (!first)
        return held;
    *from_ms = first->from_ms;
    return highest_live(a, *from_ms);
}

bool intake_grant(struct asking *a)
{
    const struct catalogue *catalogue = &a->f->policy->catalogue;
    bool is_change = a->r->kind == REQUEST_CHANGE;
    int64_t from_ms = a->r->from_ms > a->now ? a->r->from_ms : a->now;
    const struct grant *held = is_change ? find_changed(a, &from_ms) : highest_live(a, from_ms);
    const struct grant *back;
    enum move move;

    if (is_change && !held) {
        return intake_deny(a, "rule:nothing-to-change",
                           arena_printf(a->arena,
                                        "%.*s holds nothing in %.*s to change: ask for a grant.",
                                        STR_ARG(a->who), STR_ARG(a->f->ent->name)));
    }
    /* Who asks for the entitlement without naming a plan does not ask to be lowered. */
    if (held && !is_change && a->r->plan.len == 0 &&
        catalogue_compare(catalogue, held->plan, a->plan) > 0)
        a->plan = held->plan;
    if ((back = beyond_return(a)))
        return deny_move(a, back->plan);
    if (!held)
        held = with_move(a, from_ms, MOVE_ONE_WAY); /* promised for later, and ended by this */
    if (!held)
        return open_grant(a, from_ms);

    move = catalogue_move(catalogue, held->plan, a->plan);
    if (move == MOVE_FORBIDDEN)
        return deny_move(a, held->plan);
    if (move == MOVE_SAME && (!is_change || !holds_other_plan(a, from_ms)))
        return same_plan(a, held, from_ms);
    return change(a, held, from_ms);
}

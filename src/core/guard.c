#include "core/guard.h"

#include <stdlib.h>

#include "base/attr.h"
#include "core/guard_internal.h"

/* In the order in which they are reported. A rule looks at one op, or counts them all. */
static const struct rule {
    bool (*holds)(const struct guard_case *c, struct str *reason);
    void (*counts)(struct guard_work *work);
    const char *name;
    enum guard guard;
    bool is_alarm;
} rules[] = {
    {guard_frozen, NULL, "frozen", GUARD_FROZEN, true},
    {guard_instance, NULL, "instance", GUARD_INSTANCE, true},
    {guard_foreign_self, NULL, "foreign-self", GUARD_FOREIGN_SELF, true},
    {guard_clock, NULL, "clock", GUARD_CLOCK, true},
    {guard_mode, NULL, "mode", GUARD_MODE, false},
    {guard_pinned, NULL, "pinned", GUARD_PINNED, true},
    {guard_sealed, NULL, "sealed", GUARD_SEALED, true},
    {guard_shrunk, NULL, "shrunk", GUARD_SHRUNK, true},
    {guard_outside, NULL, "outside", GUARD_OUTSIDE, true},
    {guard_changed, NULL, "changed", GUARD_CHANGED, true},
    {guard_protected, NULL, "protected", GUARD_PROTECTED, false},
    {guard_owned, NULL, "owned", GUARD_OWNED, false},
    {guard_eligible, NULL, "eligible", GUARD_ELIGIBLE, false},
    {guard_inactive, NULL, "inactive", GUARD_INACTIVE, false},
    {guard_proof, NULL, "proof", GUARD_PROOF, false},
    {guard_grace, NULL, "grace", GUARD_GRACE, false},
    {NULL, guard_limit, "limit", GUARD_LIMIT, false},
    {NULL, guard_spend, "budget", GUARD_BUDGET, true},
    {NULL, guard_rate, "rate-of-adds", GUARD_RATE_OF_ADDS, false},
};
_Static_assert(ARRAY_LEN(rules) == GUARD_COUNT, "every guard has its row");

#ifdef SEATKEEPER_GUARD_MUTATION
int guard_taken_out = -1;

static bool taken_out(enum guard guard)
{
    return (int)guard == guard_taken_out;
}
#else
static bool taken_out(enum guard guard)
{
    (void)guard;
    return false;
}
#endif

static const struct rule *rule_of(enum guard guard)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (rules[i].guard == guard)
            return &rules[i];
    }
    return NULL;
}

const char *guard_name(enum guard guard)
{
    const struct rule *rule = rule_of(guard);

    return rule ? rule->name : "invalid";
}

bool guard_parse(struct str word, enum guard *out)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (str_is(word, rules[i].name)) {
            *out = rules[i].guard;
            return true;
        }
    }
    return false;
}

bool guard_is_alarm(enum guard guard)
{
    const struct rule *rule = rule_of(guard);

    return !rule || rule->is_alarm;
}

void guard_hold_op(struct guard_work *work, size_t op, struct guard_hold hold)
{
    hold.op = op;
    work->held[op] = true;
    VEC_PUSH(work->arena, &work->holds, hold);
}

static const struct guard_entitlement *find_entitlement(const struct guard_input *in,
                                                        struct str name)
{
    for (size_t i = 0; i < in->n_ents; i++) {
        if (str_eq(in->ents[i].ent->name, name))
            return &in->ents[i];
    }
    return NULL;
}

/* Entitlements may share an assignment group, so the group's id alone does not say which. */
static const struct guard_group *find_group(const struct guard_input *in, const struct op *op)
{
    for (size_t i = 0; i < in->n_groups; i++) {
        const struct group_view *view = in->groups[i].view;

        if (str_eq(view->id, op->group) && str_eq(view->ent->name, op->entitlement) &&
            (view->role == GROUP_ROLE_ASSIGNMENT) == op->to_assignment)
            return &in->groups[i];
    }
    return NULL;
}

static const struct guard_case *make_cases(const struct guard_input *in, struct arena *arena)
{
    struct guard_case *cases = arena_array(arena, struct guard_case, in->plan->n);

    for (size_t i = 0; i < in->plan->n; i++) {
        const struct op *op = &in->plan->ops[i];

        cases[i] = (struct guard_case){
            .in = in,
            .arena = arena,
            .op = op,
            .ent = find_entitlement(in, op->entitlement),
            .group = find_group(in, op),
            .person = facts_find(in->facts, op->person),
            .is_removal = op_is_removal(op->kind),
            .is_released = str_in_sorted(in->released, in->n_released, op->id),
        };
    }
    return cases;
}

static void apply_rule(struct guard_work *work, const struct rule *rule)
{
    if (taken_out(rule->guard))
        return;
    if (rule->counts) {
        rule->counts(work);
        return;
    }
    for (size_t i = 0; i < work->n; i++) {
        struct str reason = {0};

        if (rule->holds(&work->cases[i], &reason)) {
            guard_hold_op(
                work, i,
                (struct guard_hold){
                    .guard = rule->guard,
                    .reason = reason,
                    .drips = rule->guard == GUARD_SEALED && guard_waits_for_a_look(&work->cases[i]),
                });
        }
    }
}

static int compare_holds(const void *a, const void *b)
{
    const struct guard_hold *ha = a;
    const struct guard_hold *hb = b;

    if (ha->op != hb->op)
        return ha->op < hb->op ? -1 : 1;
    return (ha->guard > hb->guard) - (ha->guard < hb->guard);
}

struct guard_verdict guard_plan(const struct guard_input *in, struct arena *arena)
{
    struct guard_work work = {
        .in = in,
        .arena = arena,
        .cases = make_cases(in, arena),
        .n = in->plan->n,
        .held = arena_array(arena, bool, in->plan->n),
    };
    size_t n_passed = 0;

    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        apply_rule(&work, &rules[i]);
    if (work.holds.n > 1)
        qsort(work.holds.items, work.holds.n, sizeof(work.holds.items[0]), compare_holds);
    for (size_t i = 0; i < work.n; i++)
        n_passed += work.held[i] ? 0 : 1;
    return (struct guard_verdict){work.held, work.holds.items, work.holds.n, n_passed};
}

const struct guard_hold *guard_first_hold(const struct guard_verdict *verdict, size_t op)
{
    size_t low = 0;
    size_t high = verdict->n_holds;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (verdict->holds[middle].op < op) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < verdict->n_holds && verdict->holds[low].op == op ? &verdict->holds[low] : NULL;
}

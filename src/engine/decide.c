#include "engine/decide.h"

#include <stdlib.h>

#include "base/vec.h"
#include "engine/decide_internal.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"

bool decision_acked_since(const struct decision *decision, enum finding_kind kind,
                          struct str entitlement, struct str subject, int64_t since_ms)
{
    for (size_t i = 0; i < decision->n_acks; i++) {
        const struct ack *ack = &decision->acks[i];
        if (ack->kind == kind && str_eq(ack->entitlement, entitlement) &&
            ack->acked_at >= since_ms && (subject.len == 0 || str_eq(ack->subject, subject)))
            return true;
    }
    return false;
}

bool decision_acked(const struct decision *decision, enum finding_kind kind, struct str entitlement,
                    struct str group, struct str subject)
{
    for (size_t i = 0; i < decision->n_acks; i++) {
        const struct ack *ack = &decision->acks[i];
        if (ack->kind == kind && str_eq(ack->entitlement, entitlement) &&
            (group.len == 0 || str_eq(ack->group, group)) && str_eq(ack->subject, subject))
            return true;
    }
    return false;
}

bool decision_lifts_floor(const struct decision *decision, const struct mode_floor *floor)
{
    for (size_t i = 0; i < decision->n_views; i++) {
        const struct guard_group *guard = &decision->guards[i];
        if (guard->shrink.is_shrunk && !guard->shrink_acked &&
            str_eq(guard->view->ent->name, floor->entitlement))
            return false;
    }
    return decision_acked_since(decision, FINDING_SHRUNK_LISTING, floor->entitlement,
                                (struct str){0}, floor->since);
}

bool decision_change_bites(const struct decision *decision, const struct guard_entitlement *ent)
{
    for (size_t i = 0; ent->is_known_changed && i < decision->facts.n; i++) {
        if (decision->facts.people[i].ineligible_since_ms != 0)
            return true;
    }
    return false;
}

bool decide_clock(const struct world *world, const struct roll *roll, const struct run_row *last,
                  struct arena *arena, struct str *why)
{
    int64_t tolerance = world->settings->policy.safety.clock_tolerance_ms;
    int64_t server, local;

    if (!http_server_date(world->okta_http, &server, &local)) {
        *why = STR("Okta sent no date to hold the clock against");
        return false;
    }
    if (llabs((long long)(server - local)) > tolerance) {
        *why = arena_printf(arena, "this machine's clock and Okta's are %.*s apart",
                            STR_ARG(duration_words(llabs((long long)(server - local)), arena)));
        return false;
    }
    if (last && last->boot_id.len > 0 && str_eq(last->boot_id, world->boot_id)) {
        int64_t wall = roll->now_ms - last->started_at;
        int64_t boot = clock_boot(world->clock) - last->started_boot;
        if (llabs((long long)(wall - boot)) > tolerance) {
            *why = arena_printf(arena, "the wall clock jumped by %.*s since the last run",
                                STR_ARG(duration_words(llabs((long long)(wall - boot)), arena)));
            return false;
        }
    }
    return true;
}

/* People who will be added and were not seen in a listing are looked up, so that their status and
 * profile are of this run. */
static bool look_up_missing(const struct decide_input *in, struct decision *out,
                            struct arena *arena, struct err *err)
{
    const struct intake_result *intake = in->intake;
    VEC_OF(struct str) ids = {0};

    for (size_t i = 0; i < intake->n_grants; i++) {
        const struct grant *grant = &intake->grants[i];
        const struct person_facts *known = roll_get(in->roll, grant->person);
        if (grant_is_live(grant, in->roll->now_ms) &&
            (in->only.len == 0 || str_eq(in->only, grant->entitlement)) &&
            (!known || known->person.status == USER_UNKNOWN))
            VEC_PUSH(arena, &ids, grant->person);
    }
    if (!roll_look_up(in->roll, ids.items, ids.n, err))
        return false;
    out->facts = in->facts;
    roll_people(in->roll, &out->facts.people, &out->facts.n);
    return true;
}

static const char *login_of(void *self, struct str person)
{
    const struct roll *roll = self;
    const struct person_facts *facts = roll_get(roll, person);

    return facts ? arena_cstr(roll->arena, facts->person.login) : NULL;
}

static int by_ref_id(const void *a, const void *b)
{
    return str_cmp(((const struct request_ref *)a)->id, ((const struct request_ref *)b)->id);
}

/* By which request a grant came. In a quiet run intake's grants are in memory only, and so is the
 * fact that a request led to them. */
static bool load_refs(const struct decide_input *in, struct arena *arena,
                      const struct request_ref **out, size_t *n, struct err *err)
{
    struct request_filter all = {0};
    const struct request *requests;
    struct request_ref *refs;

    if (!in->roll->dry)
        return ledger_request_refs(in->world->ledger, arena, out, n, err);
    if (!ledger_list_requests(in->world->ledger, &all, arena, &requests, n, err))
        return false;
    refs = arena_array(arena, struct request_ref, *n);
    for (size_t i = 0; i < *n; i++) {
        bool decided = requests[i].decided_at > 0;
        refs[i] = (struct request_ref){requests[i].id, requests[i].number, requests[i].filed_at,
                                       decided ? requests[i].decided_at : in->roll->now_ms};
    }
    if (*n > 1)
        qsort(refs, *n, sizeof(*refs), by_ref_id);
    *out = refs;
    return true;
}

static bool make_plan(const struct decide_input *in, struct arena *arena, struct decision *out,
                      struct err *err)
{
    const struct request_ref *refs;
    const struct proved_move *proved;
    size_t n_refs, n_proved;

    if (!load_refs(in, arena, &refs, &n_refs, err) ||
        !decide_proofs(in, arena, &proved, &n_proved, err))
        return false;
    grants_sort(in->intake->grants, in->intake->n_grants);
    struct plan_input input = {
        .policy = &in->world->settings->policy,
        .now_ms = in->roll->now_ms,
        .only = in->only,
        .grants = in->intake->grants,
        .n_grants = in->intake->n_grants,
        .requests = refs,
        .n_requests = n_refs,
        .facts = &out->facts,
        .groups = out->views,
        .n_groups = out->n_views,
        .proved = proved,
        .n_proved = n_proved,
        .login_of = login_of,
        .login_self = in->roll,
    };
    out->plan = plan_build(&input, arena);
    return true;
}

struct str decision_hold_subject(const struct op *op, struct arena *arena)
{
    return arena_printf(arena, "%.*s %s %lld", STR_ARG(op->id), cause_name(op->cause),
                        (long long)op->due_ms);
}

/* Ops that a person let go by acknowledging what held them. */
static struct people released_ops(const struct decision *out, struct arena *arena)
{
    VEC_OF(struct str) ids = {0};

    for (size_t i = 0; i < out->plan.n; i++) {
        const struct op *op = &out->plan.ops[i];
        if (op_is_removal(op->kind) && decision_acked(out, FINDING_HELD_REMOVALS, op->entitlement,
                                                      op->group, decision_hold_subject(op, arena)))
            VEC_PUSH(arena, &ids, op->id);
    }
    return (struct people){ids.items, str_sort_unique(ids.items, ids.n)};
}

bool decide(const struct decide_input *in, struct arena *arena, struct decision *out,
            struct err *err)
{
    *out = (struct decision){0};
    if (!ledger_load_acks(in->world->ledger, arena, &out->acks, &out->n_acks, err) ||
        !decide_views(in, arena, out, err) || !decide_outside(in, arena, out, err) ||
        !look_up_missing(in, out, arena, err) || !make_plan(in, arena, out, err) ||
        !decide_entitlements(in, arena, out, err))
        return false;
    struct people released = released_ops(out, arena);
    out->input = (struct guard_input){
        .policy = &in->world->settings->policy,
        .now_ms = in->roll->now_ms,
        .plan = &out->plan,
        .facts = &out->facts,
        .ents = out->ents,
        .n_ents = out->n_ents,
        .groups = out->guards,
        .n_groups = out->n_views,
        .outside = out->outside,
        .n_outside = out->n_outside,
        .instance_ok = in->instance->ok && !in->store->changed,
        .instance_why = in->instance->ok ? in->store->why : in->instance->why,
        .foreign_self = in->foreign_self,
        .foreign_why = in->foreign_why,
        .released = released.ids,
        .n_released = released.n,
        .untouchable = in->subs->untouchable,
    };
    out->input.clock_ok = decide_clock(in->world, in->roll, in->last, arena, &out->input.clock_why);
    if (!ledger_count_removals(in->world->ledger, (struct str){0}, in->roll->now_ms - TIME_DAY,
                               &out->input.removed_day, err) ||
        !ledger_count_removals(in->world->ledger, (struct str){0}, in->roll->now_ms - 7 * TIME_DAY,
                               &out->input.removed_week, err))
        return false;
    out->verdict = guard_plan(&out->input, arena);
    return true;
}

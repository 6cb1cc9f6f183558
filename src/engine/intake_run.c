#include "engine/intake_run.h"

#include "base/json_out.h"
#include "base/vec.h"
#include "core/desired.h"
#include "core/intake.h"
#include "engine/approvers.h"
#include "ledger/ledger_finding.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"

#define MEMORY_MS (400 * TIME_DAY) /* grants that ended before this explain nothing any more */

struct intake_job {
    struct roll *roll;
    const struct seen_groups *groups;
    const struct facts *facts;
    const struct actor *actor;
    const struct ack *acks;
    size_t n_acks;
    const struct request *history; /* every request so far: who was meant by which login */
    size_t n_history;
    VEC_OF(struct report_intake) moved;
    VEC_OF(struct intake_conflict) conflicts;
    VEC_OF(struct grant) grants;
};

/* ---- who is meant ---- */

static bool conflict_is_acked(const struct intake_job *job, struct str login, struct str found)
{
    for (size_t i = 0; i < job->n_acks; i++) {
        if (job->acks[i].kind == FINDING_IDENTITY_CONFLICT && str_eq(job->acks[i].person, found) &&
            str_eq(job->acks[i].subject, login))
            return true;
    }
    return false;
}

static bool holds_something(const struct intake_job *job, struct str person)
{
    for (size_t i = 0; i < job->grants.n; i++) {
        if (str_eq(job->grants.items[i].person, person) &&
            grant_is_live(&job->grants.items[i], job->roll->now_ms))
            return true;
    }
    return false;
}

/* Who holds a seat and was called that, as far as the ledger knows: by the label it had before this
 * run, or by a request that named them so. */
static struct str known_holder(const struct intake_job *job, struct str login)
{
    struct str before = roll_known_as(job->roll, login);

    if (before.len > 0 && holds_something(job, before))
        return before;
    for (size_t i = 0; i < job->n_history; i++) {
        const struct request *request = &job->history[i];
        if (request->person.len > 0 && str_ieq(request->who, login) &&
            holds_something(job, request->person))
            return request->person;
    }
    return (struct str){0};
}

static void note_conflict(struct intake_job *job, const struct request *request, struct str before,
                          struct str found, struct intake_facts *facts)
{
    struct arena *arena = job->roll->arena;

    facts->resolution = RESOLVE_CONFLICT;
    facts->resolve_why = arena_printf(
        arena, "the login %.*s belonged to somebody else who holds a seat", STR_ARG(request->who));
    VEC_PUSH(arena, &job->conflicts,
             ((struct intake_conflict){request->who, before, found, request->number}));
}

/* Who bears the login that was asked for; an empty `*id` is nobody, and `facts` say why. */
static bool resolve_login(struct intake_job *job, const struct request *request,
                          struct intake_facts *facts, struct str *id, struct err *err)
{
    struct str before = known_holder(job, request->who);
    struct okta_user user;

    *id = (struct str){0};
    if (!roll_find_logins(job->roll, &request->who, 1, &user, err))
        return false;
    if (user.answer == OKTA_FOUND && before.len > 0 && !str_eq(before, user.person.id) &&
        !conflict_is_acked(job, request->who, user.person.id)) {
        note_conflict(job, request, before, user.person.id, facts);
    } else if (user.answer == OKTA_FOUND) {
        *id = user.person.id;
    } else if (user.answer == OKTA_NONE && before.len > 0 && request->kind == REQUEST_REVOKE) {
        *id = before;
    } else if (user.answer == OKTA_NONE) {
        facts->resolution = RESOLVE_NONE;
    } else {
        facts->resolve_why = user.why;
    }
    return true;
}

/* A request that names nobody the ledger knows for sure is resolved at Okta, by login. The person
 * asked for by a revoke or a renewal may be known to the ledger alone. */
static bool resolve(struct intake_job *job, const struct request *request,
                    struct intake_facts *facts, struct err *err)
{
    struct roll *roll = job->roll;
    struct str id = request->person;

    if (id.len == 0 && roll_get(roll, request->who))
        id = request->who; /* asked by Okta id */
    if (id.len == 0 && !resolve_login(job, request, facts, &id, err))
        return false;
    if (id.len == 0)
        return true;
    if (!roll_look_up(roll, &id, 1, err))
        return false;
    const struct person_facts *known = roll_get(roll, id);
    if (!known)
        return true; /* Okta could not say: wait */
    facts->resolution = RESOLVE_FOUND;
    facts->person = &known->person;
    facts->blocked = known->blocked;
    return true;
}

/* ---- what is known about the request ---- */

static void gather_grants(struct intake_job *job, const struct request *request,
                          struct intake_facts *facts)
{
    VEC_OF(struct grant) mine = {0};

    for (size_t i = 0; i < job->grants.n; i++) {
        const struct grant *grant = &job->grants.items[i];
        if (str_eq(grant->person, facts->person->id) &&
            str_eq(grant->entitlement, request->entitlement))
            VEC_PUSH(job->roll->arena, &mine, *grant);
    }
    facts->grants = mine.items;
    facts->n_grants = mine.n;
}

static bool is_member_by_others(const struct intake_job *job, const struct entitlement *ent,
                                struct str person)
{
    for (size_t i = 0; i < job->groups->n; i++) {
        const struct seen_group *group = &job->groups->items[i];
        if (group->role != PIN_PLAN || !str_eq(group->ent->name, ent->name) ||
            !listing_find(group->listing, person))
            continue;
        const struct accepted *accepted = baseline_find(&group->baseline, person);
        if (!accepted || !accepted->owned)
            return true;
    }
    return false;
}

static bool gather_approvals(struct intake_job *job, const struct request *request,
                             struct intake_facts *facts, struct err *err)
{
    struct arena *arena = job->roll->arena;
    const struct approval_row *rows;
    size_t n;

    if (!ledger_request_approvals(job->roll->world->ledger, request->id, arena, &rows, &n, err))
        return false;
    struct approval *approvals = arena_array(arena, struct approval, n);
    for (size_t i = 0; i < n; i++)
        approvals[i] = rows[i].approval;
    facts->approvals = approvals;
    facts->n_approvals = n;
    if (!ledger_request_confirmed(job->roll->world->ledger, request->id, &facts->confirmed, err))
        return false;
    /* Said with the request itself, by the holder or by who owns the ledger. */
    if (request->confirm_one_way && ((request->requester.len > 0 && facts->person &&
                                      str_eq(request->requester, facts->person->id)) ||
                                     (request->may_decide && str_is(request->door, "cli"))))
        facts->confirmed = true;
    return true;
}

static bool gather(struct intake_job *job, const struct request *request,
                   struct intake_facts *facts, struct err *err)
{
    const struct policy *policy = &job->roll->world->settings->policy;

    *facts = (struct intake_facts){
        .request = request,
        .policy = policy,
        .ent = policy_entitlement(policy, request->entitlement),
        .now_ms = job->roll->now_ms,
    };
    if (!resolve(job, request, facts, err) || !gather_approvals(job, request, facts, err))
        return false;
    if (facts->resolution != RESOLVE_FOUND || !facts->ent)
        return true;
    gather_grants(job, request, facts);
    facts->eligible =
        eligible_check(facts->ent, facts->person, &job->facts->groups, job->roll->arena);
    facts->member_by_others = is_member_by_others(job, facts->ent, facts->person->id);
    struct approver_query query = {job->roll, job->groups, job->actor, facts};
    return find_approvers(&query, &facts->approvers, &facts->fallback_approvers, err);
}

/* ---- carrying a step out ---- */

static struct str profile_json(const struct intake_job *job, const struct person *person)
{
    const struct policy *policy = &job->roll->world->settings->policy;
    CLEANUP(buf_fini) struct buf buf = {0};
    struct json_out out = {.buf = &buf};

    json_open(&out, NULL, '{');
    for (size_t i = 0; i < policy->n_person_fields; i++) {
        struct str value = person_profile(person, policy->person_fields[i]);
        if (value.len > 0)
            json_put_str(&out, arena_cstr(job->roll->arena, policy->person_fields[i]), value);
    }
    json_end(&out, '}');
    return arena_str(job->roll->arena, buf_str(&buf));
}

/* What the step does to the grants, in memory: so that this run plans with it. */
static void apply_to_grants(struct intake_job *job, const struct intake_facts *facts,
                            const struct intake_step *step)
{
    for (size_t i = 0; i < job->grants.n; i++) {
        struct grant *grant = &job->grants.items[i];
        for (size_t k = 0; k < step->n_end_grants; k++) {
            if (str_eq(grant->id, step->end_grants[k])) {
                grant->ended_at = step->end_at_ms;
                grant->end_cause = step->end_cause;
            }
        }
        if (step->extend_grant.len > 0 && str_eq(grant->id, step->extend_grant))
            grant->until_ms = step->until_ms;
    }
    if (step->open_grant) {
        VEC_PUSH(job->roll->arena, &job->grants,
                 ((struct grant){.id = facts->request->id,
                                 .person = facts->person->id,
                                 .entitlement = facts->request->entitlement,
                                 .plan = step->plan,
                                 .from_ms = step->from_ms,
                                 .until_ms = step->until_ms,
                                 .request = facts->request->id,
                                 .created_at = facts->now_ms}));
    }
}

static bool is_worth_writing(const struct request *request, const struct intake_step *step)
{
    return step->state != request->state || step->n_ask > 0 ||
           !str_eq(step->reason, request->state_reason);
}

static bool carry_out(struct intake_job *job, const struct intake_facts *facts,
                      const struct intake_step *step, struct err *err)
{
    const struct world *world = job->roll->world;
    const struct request *request = facts->request;
    bool taken = true;

    if (!job->roll->dry) {
        struct str owner = {0};
        if (facts->person && request->person.len == 0 && facts->resolution == RESOLVE_FOUND &&
            !ledger_resolve_request(world->ledger, job->actor, request->id, facts->person->id, err))
            return false;
        if (step->open_grant && !find_owner(job->roll, facts->person, &owner, err))
            return false;
        if (is_worth_writing(request, step) &&
            !ledger_take_step(world->ledger, job->actor, request, step, owner,
                              facts->person ? profile_json(job, facts->person) : STR("{}"),
                              job->roll->arena, &taken, err))
            return err_wrap(err, "R%lld", (long long)request->number);
    }
    if (!taken)
        return true; /* somebody decided meanwhile; the next run sees it */
    if (step->state == REQUEST_ACCEPTED)
        apply_to_grants(job, facts, step);
    if (step->state != request->state) {
        VEC_PUSH(
            job->roll->arena, &job->moved,
            ((struct report_intake){.number = request->number,
                                    .login = facts->person ? facts->person->login : request->who,
                                    .state = str_of(request_state_name(step->state)),
                                    .reason = step->reason}));
    }
    return true;
}

static bool load_grants(struct intake_job *job, struct err *err)
{
    struct grant *grants;
    size_t n;

    if (!ledger_load_grants(job->roll->world->ledger, job->roll->now_ms - MEMORY_MS,
                            job->roll->arena, &grants, &n, err))
        return err_wrap(err, "loading grants");
    job->grants.items = grants;
    job->grants.n = job->grants.cap = n;
    return true;
}

/* The ledger made ids and digests of its own for what was opened: whatever is asked for the same
 * person next starts from its rows, or it would end a grant that is not there. */
static bool reload_person(struct intake_job *job, struct str person, struct err *err)
{
    struct arena *arena = job->roll->arena;
    struct grant *grants;
    size_t n, kept = 0;

    if (!ledger_person_grants(job->roll->world->ledger, person, arena, &grants, &n, err))
        return err_wrap(err, "loading grants");
    for (size_t i = 0; i < job->grants.n; i++) {
        if (!str_eq(job->grants.items[i].person, person))
            job->grants.items[kept++] = job->grants.items[i];
    }
    job->grants.n = kept;
    for (size_t i = 0; i < n; i++) {
        if (grant_end(&grants[i]) >= job->roll->now_ms - MEMORY_MS)
            VEC_PUSH(arena, &job->grants, grants[i]);
    }
    return true;
}

bool intake_run(struct roll *roll, const struct seen_groups *groups, const struct facts *facts,
                const struct actor *actor, struct intake_result *out, struct err *err)
{
    struct intake_job job = {.roll = roll, .groups = groups, .facts = facts, .actor = actor};
    struct request_filter open = {.open_only = true}, all = {0};
    const struct request *requests;
    size_t n;

    if (!load_grants(&job, err) ||
        !ledger_load_acks(roll->world->ledger, roll->arena, &job.acks, &job.n_acks, err) ||
        !ledger_list_requests(roll->world->ledger, &open, roll->arena, &requests, &n, err) ||
        (n > 0 && !ledger_list_requests(roll->world->ledger, &all, roll->arena, &job.history,
                                        &job.n_history, err)))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct intake_facts known;
        world_progress(roll->world, "intake", i, n);
        if (!gather(&job, &requests[i], &known, err))
            return false;
        struct intake_step step = intake_decide(&known, roll->arena);
        if (!carry_out(&job, &known, &step, err))
            return false;
        if (!roll->dry && step.state == REQUEST_ACCEPTED &&
            !reload_person(&job, known.person->id, err))
            return false;
    }
    *out = (struct intake_result){job.moved.items, job.moved.n,         job.grants.items,
                                  job.grants.n,    job.conflicts.items, job.conflicts.n};
    return true;
}

/* Whom a request means, also before Okta could be asked: what the ledger knows will do to keep a
 * seat. */
static struct str meant(const struct roll *roll, const struct request *request)
{
    if (request->person.len > 0)
        return request->person;
    return roll_get(roll, request->who) ? request->who : roll_known_as(roll, request->who);
}

static bool is_held_by(const struct roll *roll, const struct grant *grant,
                       const struct request *request)
{
    return request->kind == REQUEST_RENEW && grant->ended_at == 0 &&
           str_eq(meant(roll, request), grant->person) &&
           str_eq(request->entitlement, grant->entitlement) && request->filed_at < grant->until_ms;
}

bool hold_expiries(const struct roll *roll, struct grant *grants, size_t n, struct err *err)
{
    struct request_filter open = {.open_only = true};
    const struct request *requests;
    size_t n_requests;

    if (!ledger_list_requests(roll->world->ledger, &open, roll->arena, &requests, &n_requests, err))
        return false;
    for (size_t r = 0; r < n_requests; r++) {
        const struct entitlement *ent =
            policy_entitlement(&roll->world->settings->policy, requests[r].entitlement);
        for (size_t i = 0; ent && i < n; i++) {
            int64_t held_until = requests[r].filed_at + ent->approval_expires_ms;
            if (is_held_by(roll, &grants[i], &requests[r]) && grants[i].until_ms < held_until)
                grants[i].until_ms = held_until;
        }
    }
    return true;
}

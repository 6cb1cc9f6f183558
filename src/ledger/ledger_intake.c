#include "ledger/ledger_inside.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_request.h"

/* Everything a step needs on its way through the transaction. */
struct taking {
    struct ledger *ledger;
    const struct actor *actor;
    const struct intake_step *step;
    struct request row; /* as it stands now */
    struct str subject; /* R17 */
    struct str owner, profile_json;
    struct arena *arena;
    bool stale; /* what the step was decided from is no longer so */
};

/* A block that came after the decision was made wins over it. */
static bool check_person(struct taking *taking, struct err *err)
{
    struct person_row person;
    bool found;

    if (!ledger_get_person(taking->ledger, taking->row.person, taking->arena, &person, &found, err))
        return false;
    if (!found) {
        return err_set(err, ERR_LEDGER, "ledger: R%lld is accepted for somebody unknown",
                       (long long)taking->row.number);
    }
    taking->stale = person.blocked_at != 0;
    return true;
}

static bool open_grant(struct taking *taking, struct err *err)
{
    const struct intake_step *step = taking->step;
    struct grant grant = {.person = taking->row.person,
                          .entitlement = taking->row.entitlement,
                          .plan = step->plan,
                          .from_ms = step->from_ms,
                          .until_ms = step->until_ms,
                          .owner = taking->owner,
                          .request = taking->row.id};

    if (!check_person(taking, err))
        return false;
    return taking->stale ||
           grant_insert(taking->ledger, taking->actor, &grant, taking->profile_json, "grant.opened",
                        taking->subject, err);
}

static bool end_grants(struct taking *taking, struct err *err)
{
    const struct intake_step *step = taking->step;
    struct grant_end end = {.person = taking->row.person,
                            .ids = step->end_grants,
                            .n_ids = step->n_end_grants,
                            .at = step->end_at_ms,
                            .cause = step->end_cause,
                            .request = taking->row.id,
                            .subject = taking->subject};

    return grants_end(taking->ledger, taking->actor, &end, NULL, err);
}

static bool extend_grant(struct taking *taking, struct err *err)
{
    bool found;

    if (!check_person(taking, err))
        return false;
    if (taking->stale)
        return true;
    if (!grant_extend(taking->ledger, taking->actor, taking->step->extend_grant,
                      taking->step->until_ms, taking->subject, &found, err))
        return false;
    taking->stale = !found;
    return true;
}

/* A revoke takes the earlier open asks for the same thing with it. */
static bool cancel_asks(const struct taking *taking, struct err *err)
{
    struct person_row person = {0};
    bool found;

    if (!ledger_get_person(taking->ledger, taking->row.person, taking->arena, &person, &found, err))
        return false;
    struct cancel_open open = {
        .person = taking->row.person,
        .login = person.person.login,
        .entitlement = taking->row.entitlement,
        .plan = taking->row.plan,
        .before_number = taking->row.number,
        .reason = arena_printf(taking->arena, "revoked by %.*s", STR_ARG(taking->subject)),
    };
    return requests_cancel(taking->ledger, taking->actor, &open, err);
}

static bool carry_out(struct taking *taking, struct err *err)
{
    const struct intake_step *step = taking->step;

    /* A step that turns out stale on the way is undone as a whole. */
    if (step->n_end_grants > 0 && !end_grants(taking, err))
        return false;
    if (step->open_grant && !open_grant(taking, err))
        return false;
    if (!taking->stale && step->extend_grant.len > 0 && !extend_grant(taking, err))
        return false;
    return taking->stale || taking->row.kind != REQUEST_REVOKE || cancel_asks(taking, err);
}

/* From one open state to another, or a new sentence for the asker. */
static bool move_on(struct taking *taking, struct err *err)
{
    const struct intake_step *step = taking->step;
    bool is_moved = step->state != taking->row.state;
    CLEANUP(detail_fini) struct detail detail = {0};

    if (is_moved || !str_eq(step->reason, taking->row.state_reason)) {
        if (!sql_run(taking->ledger,
                     "UPDATE request SET state = $2, state_reason = $3 WHERE id = $1",
                     SQL_VALUES(sql_text(taking->row.id), sql_word(request_state_name(step->state)),
                                sql_text(step->reason)),
                     NULL, err))
            return false;
    }
    if (!request_ask(taking->ledger, taking->actor, &taking->row, step->ask, step->n_ask, err))
        return false;
    if (!is_moved)
        return true;
    detail_begin(&detail);
    detail_str(&detail, "reason", step->reason);
    struct str what = arena_printf(taking->arena, "request.%s", request_state_name(step->state));
    return (taking->row.person.len == 0 || person_bump(taking->ledger, taking->row.person, err)) &&
           audit_append(taking->ledger, taking->actor,
                        &(struct note){.what = what.ptr,
                                       .subject = taking->subject,
                                       .person = taking->row.person,
                                       .detail = detail_end(&detail)},
                        err);
}

static bool decide(struct taking *taking, struct err *err)
{
    const struct intake_step *step = taking->step;

    if (step->state == REQUEST_ACCEPTED && taking->row.person.len == 0) {
        return err_set(err, ERR_INTERNAL, "R%lld: accepted before it is known for whom",
                       (long long)taking->row.number);
    }
    if (!request_close(taking->ledger, taking->actor, &taking->row, step->state, step->decided_by,
                       step->reason, err))
        return false;
    return step->state != REQUEST_ACCEPTED || carry_out(taking, err);
}

/* NOLINTNEXTLINE(readability-function-size): parameters, as its header has them */
bool request_take_step(struct ledger *ledger, const struct actor *actor,
                       const struct request *request, const struct intake_step *step,
                       struct str owner, struct str profile_json, struct arena *arena, bool *taken,
                       struct err *err)
{
    struct taking taking = {.ledger = ledger,
                            .actor = actor,
                            .step = step,
                            .owner = owner,
                            .profile_json = profile_json,
                            .arena = arena};

    if (!request_read(ledger, request->id, arena, &taking.row, err))
        return false;
    if (taking.row.state != request->state || !request_state_is_open(taking.row.state)) {
        *taken = false;
        return true;
    }
    if (step->state != taking.row.state && !request_may_move(taking.row.state, step->state)) {
        return err_set(err, ERR_INTERNAL, "R%lld: no way leads from %s to %s",
                       (long long)taking.row.number, request_state_name(taking.row.state),
                       request_state_name(step->state));
    }
    taking.subject = request_label(taking.row.number, arena);
    if (request_state_is_open(step->state) ? !move_on(&taking, err) : !decide(&taking, err))
        return false;
    *taken = !taking.stale;
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): parameters, as its header has them */
bool ledger_take_step(struct ledger *ledger, const struct actor *actor,
                      const struct request *request, const struct intake_step *step,
                      struct str owner, struct str profile_json, struct arena *arena, bool *taken,
                      struct err *err)
{
    CLEANUP(txn_end) struct txn txn = {0};
    bool done;

    if (!txn_begin(&txn, ledger, err) ||
        !request_take_step(ledger, actor, request, step, owner, profile_json, arena, &done, err))
        return false;
    if (done && !txn_commit(&txn, err))
        return false;
    *taken = done; /* what was stale is undone at the end of this scope */
    return true;
}

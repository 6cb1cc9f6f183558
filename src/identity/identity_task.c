/* One change, step by step. */

#include "base/attr.h"
#include "identity/identity_wire.h"
#include "identity/identity_write.h"

/* How often a change goes out at most while it meets conflicts. */
#define SENDS_MAX 3

void identity_task_settle(struct identity_task *task, enum identity_effect effect, struct str why)
{
    task->step = STEP_SETTLED;
    task->out->effect = effect;
    task->out->why = effect == IDENTITY_DONE || effect == IDENTITY_SENT ? (struct str){0} : why;
}

static void settle_and_stop(struct identity_task *task, struct str why)
{
    identity_task_settle(task, IDENTITY_REFUSED, why);
    task->out->stop = true;
}

static void await(struct identity_task *task, enum identity_effect otherwise, bool at_once,
                  struct str why)
{
    task->step = STEP_AWAIT;
    task->otherwise = otherwise;
    task->at_once = at_once;
    task->out->why = why;
}

void identity_task_start(struct identity *identity, struct identity_task *task)
{
    *task->out = (struct identity_result){.effect = IDENTITY_NOTHING};
    task->membership = (struct str){0};
    task->step = STEP_SEND;
    if (task->change->verb == IDENTITY_ADD)
        return;
    task->step = identity->no_membership_id ? STEP_LIST : STEP_FIND;
    task->side = IDENTITY_BY_GROUP;
}

/* ---- calls ---- */

struct aws_call identity_task_call(struct identity *identity, const struct identity_task *task)
{
    const struct identity_change *change = task->change;
    bool adds = change->verb == IDENTITY_ADD;
    bool by_pair = task->step == STEP_FIND || (task->step == STEP_SEND && adds);
    struct aws_call call = {
        .service = AWS_IDENTITYSTORE,
        .is_write = task->step == STEP_SEND,
        .may_be_empty = task->step == STEP_SEND && !adds,
    };

    call.body = by_pair ? identity_wire_pair(identity->store_id, change->group, change->user,
                                             &identity->page)
                        : identity_wire_by_id(identity->store_id, "MembershipId", task->membership,
                                              &identity->page);
    if (task->step == STEP_FIND) {
        call.operation = "GetGroupMembershipId";
    } else if (task->step == STEP_CHECK) {
        call.operation = "DescribeGroupMembership";
    } else {
        call.operation = adds ? "CreateGroupMembership" : "DeleteGroupMembership";
    }
    return call;
}

/* ---- what every failure has in common ---- */

static bool is_type(const struct aws_answer *answer, const char *type)
{
    return aws_is_absent(answer) && str_is(answer->resource_type, type);
}

/* Failures that would meet every other write too: rights, credentials, the key, the store. */
static bool is_for_all(const struct aws_answer *answer)
{
    static const char *const of_one[] = {"ValidationException", "ServiceQuotaExceededException",
                                         "UnknownOperationException", "ConflictException"};

    if (identity_is_key_trouble(answer) || is_type(answer, "IDENTITY_STORE") ||
        is_type(answer, "RESOURCE_POLICY"))
        return true;
    if (answer->outcome != AWS_FAULT || answer->kind != ERR_REFUSED || !answer->no_effect)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(of_one); i++) {
        if (aws_is(answer, of_one[i]))
            return false;
    }
    return true;
}

/* What is missing belongs to this very change. True when that was it. */
static bool take_missing(struct identity_task *task, const struct aws_answer *answer, bool was_sent,
                         struct str why)
{
    if (!aws_is_absent(answer))
        return false;
    task->out->user_gone = is_type(answer, "USER");
    task->out->group_gone = is_type(answer, "GROUP");
    if (task->out->group_gone || (task->out->user_gone && task->change->verb == IDENTITY_ADD)) {
        identity_task_settle(task, IDENTITY_REFUSED, why);
    } else if (task->change->verb == IDENTITY_ADD) {
        identity_task_settle(task, IDENTITY_NOTHING, why);
    } else {
        /* Gone already, says the remote. */
        await(task, was_sent ? IDENTITY_DOUBT : IDENTITY_NOTHING, true, why);
    }
    return true;
}

/* ---- before a removal ---- */

/* A read failed: nothing was changed, and nothing will be in this run. */
static void take_read_failure(struct identity *identity, struct identity_task *task,
                              const struct aws_call *call, const struct aws_answer *answer,
                              struct arena *arena)
{
    struct str why = identity_complaint(call, answer, arena);

    if (identity_judge(identity, call, answer, NULL) == IDENTITY_FORBIDDEN || is_for_all(answer)) {
        settle_and_stop(task, why);
    } else if (!take_missing(task, answer, false, why)) {
        identity_task_settle(
            task, answer->kind == ERR_REFUSED ? IDENTITY_REFUSED : IDENTITY_NOTHING, why);
    }
}

static void take_find(struct identity *identity, struct identity_task *task,
                      const struct aws_call *call, const struct aws_answer *answer,
                      struct arena *arena)
{
    struct err odd = {0};

    if (identity_is_unknown_operation(answer)) {
        identity->no_membership_id = true;
        task->step = STEP_LIST;
        task->side = IDENTITY_BY_GROUP;
    } else if (answer->outcome != AWS_OK) {
        take_read_failure(identity, task, call, answer, arena);
    } else if (!identity_wire_id(answer->body, identity->store_id, "MembershipId", &identity->call,
                                 &task->membership, &odd)) {
        identity_task_settle(task, IDENTITY_NOTHING, identity_oddity(call, answer, &odd, arena));
    } else {
        task->step = identity->no_describe_membership ? STEP_LIST : STEP_CHECK;
        task->side = IDENTITY_BY_USER;
    }
}

/* Is it this change's membership? Deleting takes an id alone, so nothing else would notice. */
static void take_owner(struct identity_task *task, const struct aws_call *call,
                       const struct aws_answer *answer, const struct identity_membership *of,
                       struct arena *arena)
{
    const struct identity_change *change = task->change;
    struct err foreign = {0};

    if (str_eq(of->id, task->membership) && str_eq(of->group, change->group) &&
        str_eq(of->user, change->user)) {
        task->step = STEP_SEND;
        return;
    }
    (void)err_set(&foreign, ERR_REMOTE,
                  "the membership %.*s was said to be of user %.*s in group %.*s, but %.*s is of "
                  "user %.*s in group %.*s",
                  STR_ARG(task->membership), STR_ARG(change->user), STR_ARG(change->group),
                  STR_ARG(of->id), STR_ARG(of->user), STR_ARG(of->group));
    identity_task_settle(task, IDENTITY_REFUSED, identity_oddity(call, answer, &foreign, arena));
}

static void take_check(struct identity *identity, struct identity_task *task,
                       const struct aws_call *call, const struct aws_answer *answer,
                       struct arena *arena)
{
    struct identity_membership of;
    struct err odd = {0};

    /* Roles that may do no more than they need cannot call this; listing shows the same. */
    if (identity_is_unknown_operation(answer) ||
        (aws_is(answer, "AccessDeniedException") && !identity_is_key_trouble(answer))) {
        identity->no_describe_membership = true;
        task->step = STEP_LIST;
        task->side = IDENTITY_BY_USER;
    } else if (answer->outcome != AWS_OK) {
        take_read_failure(identity, task, call, answer, arena);
    } else if (!identity_wire_membership(answer->body, identity->store_id, &identity->page, &of,
                                         &odd)) {
        identity_task_settle(task, IDENTITY_NOTHING, identity_oddity(call, answer, &odd, arena));
    } else {
        take_owner(task, call, answer, &of, arena);
    }
}

void identity_task_take_list(struct identity *identity, struct identity_task *task,
                             const struct identity_sought *sought, struct arena *arena)
{
    const char *operation =
        task->side == IDENTITY_BY_GROUP ? "ListGroupMemberships" : "ListGroupMembershipsForMember";

    if (sought->answer == IDENTITY_FORBIDDEN) {
        settle_and_stop(task, sought->why);
    } else if (sought->answer == IDENTITY_NONE) {
        await(task, IDENTITY_NOTHING, true,
              arena_printf(arena, "%s: there is no such membership", operation));
    } else if (sought->answer != IDENTITY_FOUND) {
        identity_task_settle(task, IDENTITY_NOTHING, sought->why);
    } else if (task->membership.len > 0 && !str_eq(task->membership, sought->membership)) {
        identity_task_settle(
            task, IDENTITY_REFUSED,
            arena_printf(arena, "%s: the membership is %.*s, not %.*s as was said before",
                         operation, STR_ARG(sought->membership), STR_ARG(task->membership)));
    } else {
        task->membership = arena_str(&identity->call, sought->membership);
        task->step = STEP_SEND;
    }
}

/* ---- the write itself ---- */

static void take_conflict(struct identity_task *task, const struct aws_answer *answer,
                          struct str why)
{
    bool is_there = task->change->verb == IDENTITY_ADD &&
                    str_is(answer->reason, "UNIQUENESS_CONSTRAINT_VIOLATION");

    if (is_there) {
        await(task, IDENTITY_DOUBT, true, why);
    } else {
        task->conflicts++;
        task->step = STEP_LOOK;
        task->out->why = why;
    }
}

static void take_fault(struct identity_task *task, const struct aws_answer *answer, struct str why)
{
    if (is_for_all(answer)) {
        settle_and_stop(task, why);
    } else if (aws_is(answer, "ConflictException")) {
        take_conflict(task, answer, why);
    } else if (take_missing(task, answer, true, why)) {
        return;
    } else if (answer->no_effect) {
        identity_task_settle(
            task, answer->kind == ERR_UNAVAILABLE ? IDENTITY_NOTHING : IDENTITY_REFUSED, why);
    } else {
        await(task, IDENTITY_DOUBT, false, why);
    }
}

static void take_sent(struct identity *identity, struct identity_task *task,
                      const struct aws_call *call, const struct aws_answer *answer,
                      struct arena *arena)
{
    struct str made;
    struct err odd = {0};

    if (task->change->verb == IDENTITY_ADD &&
        !identity_wire_id(answer->body, identity->store_id, "MembershipId", &identity->page, &made,
                          &odd)) {
        await(task, IDENTITY_DOUBT, false, identity_oddity(call, answer, &odd, arena));
    } else {
        await(task, IDENTITY_SENT, false, (struct str){0});
    }
}

void identity_task_take(struct identity *identity, struct identity_task *task,
                        const struct aws_call *call, const struct aws_answer *answer,
                        struct arena *arena)
{
    if (task->step == STEP_FIND) {
        take_find(identity, task, call, answer, arena);
    } else if (task->step == STEP_CHECK) {
        take_check(identity, task, call, answer, arena);
    } else if (answer->outcome == AWS_OK) {
        take_sent(identity, task, call, answer, arena);
    } else if (answer->outcome == AWS_FAULT) {
        take_fault(task, answer, identity_complaint(call, answer, arena));
    } else if (answer->outcome == AWS_NOT_SENT) {
        identity_task_settle(task, IDENTITY_NOTHING, identity_complaint(call, answer, arena));
    } else {
        await(task, IDENTITY_DOUBT, false, identity_complaint(call, answer, arena));
    }
}

/* ---- what reading shows ---- */

void identity_task_take_look(struct identity *identity, struct identity_task *task,
                             enum identity_answer answer, struct str why, struct arena *arena)
{
    bool adds = task->change->verb == IDENTITY_ADD;
    bool is_read = answer == IDENTITY_FOUND || answer == IDENTITY_NONE;
    struct str conflict = task->out->why;

    if (answer == (adds ? IDENTITY_FOUND : IDENTITY_NONE)) {
        identity_task_settle(task, IDENTITY_DONE, (struct str){0});
    } else if (task->step == STEP_AWAIT) {
        return; /* not yet */
    } else if (!is_read) {
        identity_task_settle(
            task, IDENTITY_DOUBT,
            arena_printf(arena, "%.*s; reading it back: %.*s", STR_ARG(conflict), STR_ARG(why)));
    } else if (task->conflicts >= SENDS_MAX) {
        identity_task_settle(task, IDENTITY_NOTHING, conflict);
    } else {
        identity_task_start(identity, task);
        task->out->why = conflict;
    }
}

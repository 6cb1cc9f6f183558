#include "sim/sim_aws.h"

/* Memberships: lists, questions about one, and the only two writes. */

#define MOST_GROUPS 100 /* of one IsMemberInGroups */

static int64_t staleness(const struct sim_aws_call *call)
{
    return call->call->play ? call->call->play->stale_ms : 0;
}

static void put_member(struct sim_aws_call *call, uint32_t user)
{
    struct sim *sim = call->sim;

    json_open(&call->out, "MemberId", '{');
    if (user != SIM_NOBODY) {
        json_put_str(&call->out, "UserId", sim_user_id(sim, user, &sim->scratch));
    } else {
        /* A kind that this version of the service does not have yet. */
        json_put_str(&call->out, "ServiceId", STR("svc-0123456789"));
    }
    json_end(&call->out, '}');
}

static void put_membership(struct sim_aws_call *call, uint32_t number)
{
    struct sim *sim = call->sim;
    const struct sim_membership *member = &sim->idc->store.members[number];

    json_put_str(&call->out, "IdentityStoreId", sim->idc->instances[0].store_id);
    json_put_str(&call->out, "MembershipId", sim_membership_id(sim, number, &sim->scratch));
    json_put_str(&call->out, "GroupId", sim_store_group_id(sim, member->group, &sim->scratch));
    put_member(call, member->user);
}

/* ---- lists ---- */

/* First place in the group's list whose membership is not before that number. */
static size_t place_of(const struct sim_store_group *group, uint64_t number)
{
    size_t low = 0;
    size_t high = group->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (group->list[mid] < number) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

void sim_store_list_members(struct sim_aws_call *call)
{
    struct sim *sim = call->sim;
    uint32_t number = sim_aws_group(call);
    struct sim_aws_page page;

    if (number == SIM_NOBODY || !sim_aws_page_open(&page, call, "GroupMemberships",
                                                   sim_store_group_id(sim, number, &sim->scratch)))
        return;

    const struct sim_store_group *group = &sim->idc->store.groups[number];
    size_t i = place_of(group, page.position);
    for (; i < group->n && !page.full; i++) {
        arena_mark_t mark = arena_mark(&sim->scratch);

        if (!sim_membership_shows(sim, group->list[i], staleness(call)) ||
            !sim_aws_page_offers(&page, group->list[i] * 37 + 11))
            continue;
        json_open(&call->out, NULL, '{');
        put_membership(call, group->list[i]);
        json_end(&call->out, '}');
        sim_aws_page_wrote(&page);
        arena_reset(&sim->scratch, mark);
    }
    sim_aws_page_close(&page, i < group->n ? group->list[i] : UINT32_MAX, i < group->n);
}

uint32_t sim_aws_member(struct sim_aws_call *call)
{
    const struct json *member = NULL;
    struct str id = {0};
    uint32_t user;

    if (!json_obj(call->in, "MemberId", &member, NULL) || !json_str(member, "UserId", &id, NULL)) {
        sim_aws_invalid(call, STR("MemberId: an object with a UserId is expected"));
        return SIM_NOBODY;
    }
    user = call->is_empty_store ? SIM_NOBODY : sim_find_user(call->sim, id);
    if (user == SIM_NOBODY)
        sim_aws_absent(call, "USER", "USER");
    return user;
}

/* A membership that reads show now: the one that is there, or one that has just gone. */
static uint32_t shown_member(struct sim_aws_call *call, uint32_t group, uint32_t user)
{
    struct sim *sim = call->sim;
    uint32_t there = sim_store_member(sim, group, user);

    if (there == SIM_NOBODY)
        there = sim_store_former(sim, group, user);
    return there != SIM_NOBODY && sim_membership_shows(sim, there, staleness(call)) ? there
                                                                                    : SIM_NOBODY;
}

void sim_store_list_of_member(struct sim_aws_call *call)
{
    struct sim *sim = call->sim;
    uint32_t user = sim_aws_member(call);
    size_t n = sim->idc->store.n_groups;
    struct sim_aws_page page;
    uint64_t i;

    if (user == SIM_NOBODY ||
        !sim_aws_page_open(&page, call, "GroupMemberships", sim_user_id(sim, user, &sim->scratch)))
        return;
    for (i = page.position; i < n && !page.full; i++) {
        uint32_t membership = shown_member(call, (uint32_t)i, user);

        if (membership == SIM_NOBODY || !sim_aws_page_offers(&page, membership * 37 + 11))
            continue;
        json_open(&call->out, NULL, '{');
        put_membership(call, membership);
        json_end(&call->out, '}');
        sim_aws_page_wrote(&page);
    }
    sim_aws_page_close(&page, i, i < n);
}

/* ---- one membership ---- */

void sim_store_get_membership(struct sim_aws_call *call)
{
    struct sim *sim = call->sim;
    uint32_t group = sim_aws_group(call);
    uint32_t user = group != SIM_NOBODY ? sim_aws_member(call) : SIM_NOBODY;
    uint32_t membership;

    if (user == SIM_NOBODY)
        return;
    membership = shown_member(call, group, user);
    if (membership == SIM_NOBODY) {
        sim_aws_absent(call, "GROUP_MEMBERSHIP", "MEMBERSHIP");
        return;
    }
    json_put_str(&call->out, "MembershipId", sim_membership_id(sim, membership, &sim->scratch));
    json_put_str(&call->out, "IdentityStoreId", sim->idc->instances[0].store_id);
}

void sim_store_describe_membership(struct sim_aws_call *call)
{
    struct str id;
    uint32_t membership;

    if (!sim_aws_text(call, "MembershipId", &id))
        return;
    membership = call->is_empty_store ? SIM_NOBODY : sim_find_membership(call->sim, id);
    if (membership == SIM_NOBODY || !sim_membership_shows(call->sim, membership, staleness(call))) {
        sim_aws_absent(call, "GROUP_MEMBERSHIP", "MEMBERSHIP");
        return;
    }
    put_membership(call, membership);
}

static bool put_result(struct sim_aws_call *call, const struct json *item, uint32_t user)
{
    struct sim *sim = call->sim;
    struct str id;
    uint32_t group;

    if (!json_as_str(item, &id, NULL)) {
        sim_aws_invalid(call, STR("GroupIds: expected strings"));
        return false;
    }
    group = sim_find_store_group(sim, id);
    if (group == SIM_NOBODY) {
        sim_aws_absent(call, "GROUP", "GROUP");
        return false;
    }
    json_open(&call->out, NULL, '{');
    json_put_str(&call->out, "GroupId", id);
    put_member(call, user);
    json_put_bool(&call->out, "MembershipExists", shown_member(call, group, user) != SIM_NOBODY);
    json_end(&call->out, '}');
    return true;
}

void sim_store_are_members(struct sim_aws_call *call)
{
    const struct json *groups = NULL;
    uint32_t user = sim_aws_member(call);

    if (user == SIM_NOBODY)
        return;
    if (!json_arr(call->in, "GroupIds", &groups, NULL) || json_count(groups) < 1 ||
        json_count(groups) > MOST_GROUPS) {
        sim_aws_invalid(call, STR("GroupIds: 1 to 100 ids are expected"));
        return;
    }
    json_open(&call->out, "Results", '[');
    for (const struct json *item = json_first(groups); item; item = json_next(item)) {
        if (!put_result(call, item, user))
            return;
    }
    json_end(&call->out, ']');
}

/* ---- writes ---- */

static int64_t write_lag(const struct sim_aws_call *call)
{
    return staleness(call) > 0 ? staleness(call) : call->sim->idc->quirks.write_lag_ms;
}

static void note_effect(struct sim_aws_call *call, const char *what, uint32_t group, uint32_t user)
{
    struct sim *sim = call->sim;
    struct str member = user != SIM_NOBODY ? sim_user_id(sim, user, &sim->scratch) : STR("no-user");

    call->call->effect =
        arena_printf(&sim->scratch, "%s %.*s %.*s", what,
                     STR_ARG(sim_store_group_id(sim, group, &sim->scratch)), STR_ARG(member));
}

void sim_store_create_membership(struct sim_aws_call *call)
{
    struct sim *sim = call->sim;
    uint32_t group = sim_aws_group(call);
    uint32_t user = group != SIM_NOBODY ? sim_aws_member(call) : SIM_NOBODY;
    uint32_t membership;

    if (user == SIM_NOBODY)
        return;
    if (sim_store_member(sim, group, user) != SIM_NOBODY) {
        sim_aws_fail(call->call,
                     (struct sim_aws_error){.code = "ConflictException",
                                            .reason = "UNIQUENESS_CONSTRAINT_VIOLATION"},
                     STR("Member and Group relationship already exists."));
        return;
    }
    membership = sim_store_join(sim, group, user, write_lag(call));
    note_effect(call, "add", group, user);
    json_put_str(&call->out, "MembershipId", sim_membership_id(sim, membership, &sim->scratch));
    json_put_str(&call->out, "IdentityStoreId", sim->idc->instances[0].store_id);
}

void sim_store_delete_membership(struct sim_aws_call *call)
{
    struct sim *sim = call->sim;
    const struct sim_membership *member;
    uint32_t membership;
    struct str id;

    if (!sim_aws_text(call, "MembershipId", &id))
        return;
    membership = call->is_empty_store ? SIM_NOBODY : sim_find_membership(sim, id);
    if (membership == SIM_NOBODY) {
        sim_aws_absent(call, "GROUP_MEMBERSHIP", "MEMBERSHIP");
        return;
    }
    member = &sim->idc->store.members[membership];
    note_effect(call, "remove", member->group, member->user);
    sim_store_leave(sim, membership, write_lag(call));
}

#include "sim/sim_auth.h"
#include "sim/sim_fault.h"
#include "sim/sim_okta.h"

void sim_not_found(struct sim_call *call, struct str id, const char *kind)
{
    sim_answer_error(
        call, 404, "E0000007",
        arena_printf(call->arena, "Not found: Resource not found: %.*s (%s)", STR_ARG(id), kind),
        (struct str){0});
}

uint32_t sim_path_group(struct sim_call *call, struct str id)
{
    uint32_t group = sim_find_group_id(call->sim, id);

    if (group == SIM_NOBODY)
        sim_not_found(call, id, "UserGroup");
    return group;
}

/* First member behind the cursor. */
static size_t start_after(const struct sim *sim, const uint32_t *members, size_t n,
                          struct str after)
{
    size_t low = 0;
    size_t high = n;

    if (after.len == 0)
        return 0;
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (str_cmp(sim_person_id(sim_person(sim, sim_member_person(members[mid]))), after) <= 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

void sim_okta_list_members(struct sim_call *call)
{
    struct sim *sim = call->sim;
    struct sim_page page;
    uint32_t group = sim_path_group(call, call->param[0]);
    size_t n;

    if (group == SIM_NOBODY || !sim_page_open(&page, call, 1000, 1000))
        return;

    int64_t as_of =
        call->play && call->play->stale_ms > 0 ? sim_cloud(sim) - call->play->stale_ms : 0;
    const uint32_t *members =
        sim_members_seen(sim, sim_group(sim, group), as_of, &sim->scratch, &n);
    size_t i = start_after(sim, members, n, page.after);

    buf_reserve(&call->out->body, 1024 * (page.limit < n - i ? page.limit : n - i));
    for (; i < n && !page.full; i++) {
        const struct sim_person *person = sim_person(sim, sim_member_person(members[i]));
        size_t began_at;

        if (!sim_page_offers(&page, sim_person_id(person)))
            continue;
        began_at = call->out->body.len;
        sim_put_user(call, person);
        sim_page_wrote(&page, began_at);
    }
    sim_page_close(&page, i < n);
}

/* ---- writes ---- */

static bool takes_members(struct sim_call *call, const struct sim_group *group)
{
    int status = call->sim->quirks.read_only_status;

    if (group->type == GROUP_OKTA)
        return true;
    if (status == 501) {
        sim_answer_error(call, 501, "E0000060", STR("Unsupported operation."), (struct str){0});
    } else {
        sim_answer_error(call, 403, "E0000006",
                         STR("You do not have permission to perform the requested action"),
                         (struct str){0});
    }
    return false;
}

/* Group and person of a write; false with the answer made. Only ids name a person here. */
static bool read_path(struct sim_call *call, uint32_t *group, uint32_t *person)
{
    *group = sim_path_group(call, call->param[0]);
    if (*group == SIM_NOBODY || !takes_members(call, sim_group(call->sim, *group)))
        return false;
    *person = sim_find_id(call->sim, call->param[1]);
    if (*person == SIM_NOBODY)
        sim_not_found(call, call->param[1], "User");
    return *person != SIM_NOBODY;
}

static void note_effect(struct sim_call *call, const char *what)
{
    call->effect = arena_printf(&call->sim->scratch, "%s %.*s %.*s", what, STR_ARG(call->param[0]),
                                STR_ARG(call->param[1]));
}

static void made_late(struct sim_call *call, uint32_t group, uint32_t person)
{
    if (call->play && call->play->stale_ms > 0)
        sim_delay_change(call->sim, group, person, call->play->stale_ms);
}

void sim_okta_add_member(struct sim_call *call)
{
    struct sim *sim = call->sim;
    uint32_t group;
    uint32_t person;

    if (!read_path(call, &group, &person))
        return;
    if (sim_is_member(sim, sim_group(sim, group), person, NULL)) {
        sim_member_add(sim, group, person, false, call->actor);
        if (sim->quirks.put_present == 404) {
            sim_not_found(call, call->param[1], "User");
        } else {
            call->out->status = 204;
        }
        return;
    }
    if (sim_person(sim, person)->status == USER_DEPROVISIONED && sim->quirks.put_inactive != 204) {
        sim_answer_error(call, sim->quirks.put_inactive, "E0000038",
                         STR("This operation is not allowed in the user's current status."),
                         (struct str){0});
        return;
    }
    sim_member_add(sim, group, person, false, call->actor);
    made_late(call, group, person);
    note_effect(call, "add");
    call->out->status = 204;
}

void sim_okta_remove_member(struct sim_call *call)
{
    uint32_t group;
    uint32_t person;

    if (!read_path(call, &group, &person))
        return;
    if (sim_member_remove(call->sim, group, person, call->actor)) {
        made_late(call, group, person);
        note_effect(call, "remove");
    } else if (call->sim->quirks.delete_absent == 404) {
        sim_not_found(call, call->param[1], "User");
        return;
    }
    call->out->status = 204;
}

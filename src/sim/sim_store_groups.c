#include "sim/sim_aws.h"

/* Groups of the Identity Store. */

static void put_group(struct sim_aws_call *call, uint32_t number)
{
    struct sim *sim = call->sim;
    const struct sim_store_group *group = &sim->idc->store.groups[number];

    json_put_str(&call->out, "IdentityStoreId", sim->idc->instances[0].store_id);
    json_put_str(&call->out, "GroupId", sim_store_group_id(sim, number, &sim->scratch));
    json_put_str(&call->out, "DisplayName", group->name);
    if (group->description.len > 0)
        json_put_str(&call->out, "Description", group->description);
    sim_store_put_external(call, group->external_id, group->issuer);
}

void sim_store_list_groups(struct sim_aws_call *call)
{
    const struct sim_store *store = &call->sim->idc->store;
    struct str wanted = {0};
    size_t n = call->is_empty_store ? 0 : store->n_groups;
    struct sim_aws_page page;
    uint64_t i;

    if (!sim_store_read_filter(call, "DisplayName", &wanted) ||
        !sim_aws_page_open(&page, call, "Groups", wanted))
        return;
    for (i = page.position; i < n && !page.full; i++) {
        const struct sim_store_group *group = &store->groups[i];

        if (group->is_deleted || (wanted.len > 0 && !str_eq(group->name, wanted)) ||
            !sim_aws_page_offers(&page, sim_hash(group->name)))
            continue;
        json_open(&call->out, NULL, '{');
        put_group(call, (uint32_t)i);
        json_end(&call->out, '}');
        sim_aws_page_wrote(&page);
    }
    sim_aws_page_close(&page, i, i < n);
}

uint32_t sim_aws_group(struct sim_aws_call *call)
{
    uint32_t group;
    struct str id;

    if (!sim_aws_text(call, "GroupId", &id))
        return SIM_NOBODY;
    group = call->is_empty_store ? SIM_NOBODY : sim_find_store_group(call->sim, id);
    if (group == SIM_NOBODY)
        sim_aws_absent(call, "GROUP", "GROUP");
    return group;
}

void sim_store_describe_group(struct sim_aws_call *call)
{
    uint32_t group = sim_aws_group(call);

    if (group != SIM_NOBODY)
        put_group(call, group);
}

static uint32_t by_external(const struct sim *sim, const struct sim_alternate *alternate)
{
    const struct sim_store *store = &sim->idc->store;

    for (uint32_t i = 0; i < store->n_groups; i++) {
        const struct sim_store_group *group = &store->groups[i];

        if (!group->is_deleted && group->external_id.len > 0 &&
            str_eq(group->external_id, alternate->id) && str_eq(group->issuer, alternate->issuer))
            return i;
    }
    return SIM_NOBODY;
}

void sim_store_get_group_id(struct sim_aws_call *call)
{
    struct sim *sim = call->sim;
    struct sim_alternate alternate;
    uint32_t group;

    if (!sim_aws_alternate(call, &alternate))
        return;
    if (alternate.path.len > 0 && !str_ieq(alternate.path, STR("displayName"))) {
        sim_aws_invalid(call, STR("AttributePath: displayName is expected"));
        return;
    }
    group = alternate.path.len > 0 ? sim_find_store_name(sim, alternate.value)
                                   : by_external(sim, &alternate);
    if (group == SIM_NOBODY || call->is_empty_store) {
        sim_aws_absent(call, "GROUP", "GROUP");
        return;
    }
    json_put_str(&call->out, "GroupId", sim_store_group_id(sim, group, &sim->scratch));
    json_put_str(&call->out, "IdentityStoreId", sim->idc->instances[0].store_id);
}

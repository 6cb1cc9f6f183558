#include "base/clock.h"
#include "sim/sim_aws.h"

/* The admin service of Identity Center: instances, and applications with their assignments. */

/* Seconds, with a fraction now and then, as JSON 1.1 has times. */
static void put_time(struct sim_aws_call *call, const char *key, int64_t ms)
{
    json_put_raw(&call->out, key,
                 arena_printf(&call->sim->scratch, "%lld.%03d", (long long)(ms / TIME_SECOND),
                              (int)(ms % TIME_SECOND)));
}

/* ---- instances ---- */

static void put_region(struct sim_aws_call *call, struct str name, bool is_primary)
{
    json_open(&call->out, NULL, '{');
    json_put_str(&call->out, "RegionName", name);
    json_put_str(&call->out, "Status", STR("ACTIVE"));
    json_put_bool(&call->out, "IsPrimaryRegion", is_primary);
    json_end(&call->out, '}');
}

static void put_instance(struct sim_aws_call *call, const struct sim_instance *instance)
{
    struct str region = call->sim->idc->region;

    json_put_str(&call->out, "InstanceArn", instance->arn);
    json_put_str(&call->out, "IdentityStoreId", instance->store_id);
    json_put_str(&call->out, "OwnerAccountId", instance->owner);
    if (instance->name.len > 0)
        json_put_str(&call->out, "Name", instance->name);
    json_put_str(&call->out, "Status", instance->status);
    json_put_str(&call->out, "PrimaryRegion", instance->primary_region);
    json_open(&call->out, "Regions", '[');
    put_region(call, instance->primary_region, true);
    if (!str_eq(region, instance->primary_region))
        put_region(call, region, false);
    json_end(&call->out, ']');
    put_time(call, "CreatedDate", instance->created_ms);
}

void sim_idc_list_instances(struct sim_aws_call *call)
{
    const struct sim_idc *idc = call->sim->idc;
    struct sim_aws_page page;
    uint64_t i;

    if (!sim_aws_page_open(&page, call, "Instances", (struct str){0}))
        return;
    for (i = page.position; i < idc->n_instances && !page.full; i++) {
        if (!sim_aws_page_offers(&page, (uint32_t)i * 37))
            continue;
        json_open(&call->out, NULL, '{');
        put_instance(call, &idc->instances[i]);
        json_end(&call->out, '}');
        sim_aws_page_wrote(&page);
    }
    sim_aws_page_close(&page, i, i < idc->n_instances);
}

/* SIZE_MAX with the answer made. */
static size_t read_instance(struct sim_aws_call *call)
{
    const struct sim_idc *idc = call->sim->idc;
    struct str arn;

    if (!sim_aws_text(call, "InstanceArn", &arn))
        return SIZE_MAX;
    for (size_t i = 0; i < idc->n_instances; i++) {
        if (str_eq(idc->instances[i].arn, arn))
            return i;
    }
    return SIZE_MAX - 1;
}

static void refuse_instance(struct sim_aws_call *call, size_t instance)
{
    if (instance == SIZE_MAX)
        return;
    /* The service does not tell apart what is not there and what is not for the caller. */
    sim_aws_fail(call->call, (struct sim_aws_error){.code = "AccessDeniedException"},
                 STR("The caller may not see this instance."));
}

void sim_idc_describe_instance(struct sim_aws_call *call)
{
    size_t instance = read_instance(call);

    if (instance >= SIZE_MAX - 1) {
        refuse_instance(call, instance);
        return;
    }
    put_instance(call, &call->sim->idc->instances[instance]);
}

/* ---- applications ---- */

static void put_app(struct sim_aws_call *call, const struct sim_idc_app *app)
{
    json_put_str(&call->out, "ApplicationArn", app->arn);
    json_put_str(&call->out, "ApplicationProviderArn", app->provider);
    json_put_str(&call->out, "Name", app->name);
    json_put_str(&call->out, "ApplicationAccount", call->sim->idc->account);
    json_put_str(&call->out, "InstanceArn", call->sim->idc->instances[0].arn);
    json_put_str(&call->out, "Status", app->status);
    json_open(&call->out, "PortalOptions", '{');
    json_put_str(&call->out, "Visibility", STR("ENABLED"));
    json_end(&call->out, '}');
    put_time(call, "CreatedDate", app->created_ms);
}

struct app_filter {
    struct str account, provider;
};

static bool read_filter(struct sim_aws_call *call, struct app_filter *out)
{
    const struct json *filter = NULL;

    if (!json_obj_opt(call->in, "Filter", &filter, NULL) ||
        (filter && (!json_str_opt(filter, "ApplicationAccount", &out->account, NULL) ||
                    !json_str_opt(filter, "ApplicationProvider", &out->provider, NULL)))) {
        sim_aws_invalid(call, STR("Filter: expected an object of strings"));
        return false;
    }
    if (call->sim->idc->quirks.member_account && out->account.len == 0) {
        sim_aws_invalid(call, STR("A member account must filter by ApplicationAccount."));
        return false;
    }
    return true;
}

static bool fits(const struct sim_aws_call *call, const struct app_filter *filter,
                 const struct sim_idc_app *app)
{
    const struct sim_idc *idc = call->sim->idc;

    /* A profile that is tied to Okta directly is no application of Identity Center's. */
    if (app->profile.len > 0 && str_is(idc->subs.quirks.profile, "direct"))
        return false;
    return (filter->account.len == 0 || str_eq(filter->account, idc->account)) &&
           (filter->provider.len == 0 || str_eq(filter->provider, app->provider));
}

void sim_idc_list_apps(struct sim_aws_call *call)
{
    const struct sim_idc *idc = call->sim->idc;
    size_t instance = read_instance(call);
    struct app_filter filter = {0};
    size_t n = instance == 0 ? idc->n_apps : 0;
    struct sim_aws_page page;
    uint64_t i;

    if (instance >= SIZE_MAX - 1) {
        refuse_instance(call, instance);
        return;
    }
    if (!read_filter(call, &filter) ||
        !sim_aws_page_open(&page, call, "Applications", idc->instances[instance].arn))
        return;
    for (i = page.position; i < n && !page.full; i++) {
        if (!fits(call, &filter, &idc->apps[i]) ||
            !sim_aws_page_offers(&page, sim_hash(idc->apps[i].arn)))
            continue;
        json_open(&call->out, NULL, '{');
        put_app(call, &idc->apps[i]);
        json_end(&call->out, '}');
        sim_aws_page_wrote(&page);
    }
    sim_aws_page_close(&page, i, i < n);
}

static const struct sim_idc_app *read_app(struct sim_aws_call *call)
{
    const struct sim_idc *idc = call->sim->idc;
    struct str arn;

    if (!sim_aws_text(call, "ApplicationArn", &arn))
        return NULL;
    for (size_t i = 0; i < idc->n_apps; i++) {
        if (str_eq(idc->apps[i].arn, arn))
            return &idc->apps[i];
    }
    sim_aws_absent(call, NULL, "Application");
    return NULL;
}

void sim_idc_describe_app(struct sim_aws_call *call)
{
    const struct sim_idc_app *app = read_app(call);

    if (app)
        put_app(call, app);
}

void sim_idc_app_config(struct sim_aws_call *call)
{
    const struct sim_idc_app *app = read_app(call);

    if (app)
        json_put_bool(&call->out, "AssignmentRequired", app->assignment_required);
}

/* Assigned are groups by name, else people by user name; who is not there yet is not shown. */
static bool find_principal(struct sim_aws_call *call, struct str name, struct str *id,
                           const char **type)
{
    struct sim *sim = call->sim;
    uint32_t group = sim_find_store_name(sim, name);
    uint32_t user = sim_find_user_name(sim, name, true);

    if (group == SIM_NOBODY && user == SIM_NOBODY)
        return false;
    *type = group != SIM_NOBODY ? "GROUP" : "USER";
    *id = group != SIM_NOBODY ? sim_store_group_id(sim, group, &sim->scratch)
                              : sim_user_id(sim, user, &sim->scratch);
    return true;
}

void sim_idc_list_assignments(struct sim_aws_call *call)
{
    const struct sim_idc_app *app = read_app(call);
    struct sim_aws_page page;
    const char *type;
    struct str id;
    uint64_t i;

    if (!app || !sim_aws_page_open(&page, call, "ApplicationAssignments", app->arn))
        return;
    for (i = page.position; i < app->n_assigned && !page.full; i++) {
        if (!find_principal(call, app->assigned[i], &id, &type) ||
            !sim_aws_page_offers(&page, sim_hash(id)))
            continue;
        json_open(&call->out, NULL, '{');
        json_put_str(&call->out, "ApplicationArn", app->arn);
        json_put_str(&call->out, "PrincipalId", id);
        json_put_str(&call->out, "PrincipalType", str_of(type));
        json_end(&call->out, '}');
        sim_aws_page_wrote(&page);
    }
    sim_aws_page_close(&page, i, i < app->n_assigned);
}

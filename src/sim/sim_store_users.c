#include "base/clock.h"
#include "sim/sim_aws.h"

/* Users of the Identity Store. */

static void put_time(struct sim_aws_call *call, const char *key, int64_t ms)
{
    json_put_raw(&call->out, key,
                 arena_printf(&call->sim->scratch, "%lld.%03d", (long long)(ms / TIME_SECOND),
                              (int)(ms % TIME_SECOND)));
}

void sim_store_put_external(struct sim_aws_call *call, struct str id, struct str issuer)
{
    if (id.len == 0 || !call->sim->idc->quirks.external_ids)
        return;
    json_open(&call->out, "ExternalIds", '[');
    json_open(&call->out, NULL, '{');
    json_put_str(&call->out, "Issuer", issuer);
    json_put_str(&call->out, "Id", id);
    json_end(&call->out, '}');
    json_end(&call->out, ']');
}

static struct str display_name(struct sim_aws_call *call, const struct sim_store_user *user)
{
    if (user->display_name.len > 0)
        return user->display_name;
    return arena_printf(&call->sim->scratch, "%.*s %.*s", STR_ARG(user->given_name),
                        STR_ARG(user->family_name));
}

static void put_user(struct sim_aws_call *call, uint32_t number)
{
    struct sim *sim = call->sim;
    const struct sim_store_user *user = &sim->idc->store.users[number];
    struct json_out *out = &call->out;

    json_put_str(out, "IdentityStoreId", sim->idc->instances[0].store_id);
    json_put_str(out, "UserId", sim_user_id(sim, number, &sim->scratch));
    json_put_str(out, "UserName", user->user_name);
    if (sim->idc->quirks.user_status)
        json_put_str(out, "UserStatus", user->is_disabled ? STR("DISABLED") : STR("ENABLED"));
    json_put_str(out, "DisplayName", display_name(call, user));
    json_open(out, "Name", '{');
    json_put_str(out, "GivenName", user->given_name);
    json_put_str(out, "FamilyName", user->family_name);
    json_end(out, '}');
    if (user->email.len > 0) {
        json_open(out, "Emails", '[');
        json_open(out, NULL, '{');
        json_put_str(out, "Value", user->email);
        json_put_str(out, "Type", STR("work"));
        json_put_bool(out, "Primary", true);
        json_end(out, '}');
        json_end(out, ']');
    }
    sim_store_put_external(call, user->external_id, user->issuer);
    put_time(call, "CreatedAt", user->created_ms);
    put_time(call, "UpdatedAt", user->updated_ms);
}

/* The deprecated filter: one, by exact user name or display name. */
bool sim_store_read_filter(struct sim_aws_call *call, const char *path, struct str *out)
{
    const struct json *list = NULL;
    const struct json *filter;
    struct str name = {0};

    if (!json_arr_opt(call->in, "Filters", &list, NULL)) {
        sim_aws_invalid(call, STR("Filters: expected a list"));
        return false;
    }
    filter = list ? json_first(list) : NULL;
    if (!filter)
        return true;
    if (json_count(list) > 1 || !json_str(filter, "AttributePath", &name, NULL) ||
        !json_str(filter, "AttributeValue", out, NULL) || !str_is(name, path)) {
        sim_aws_invalid(call,
                        arena_printf(&call->sim->scratch, "Filters: at most one, by %s", path));
        return false;
    }
    return true;
}

void sim_store_list_users(struct sim_aws_call *call)
{
    const struct sim_store *store = &call->sim->idc->store;
    struct str wanted = {0};
    size_t n = call->is_empty_store ? 0 : store->n_users;
    struct sim_aws_page page;
    uint64_t i;

    if (!sim_store_read_filter(call, "UserName", &wanted) ||
        !sim_aws_page_open(&page, call, "Users", wanted))
        return;
    for (i = page.position; i < n && !page.full; i++) {
        const struct sim_store_user *user = &store->users[i];

        if (user->is_deleted || (wanted.len > 0 && !str_eq(user->user_name, wanted)) ||
            !sim_aws_page_offers(&page, (uint32_t)i * 37 + 11))
            continue;
        json_open(&call->out, NULL, '{');
        put_user(call, (uint32_t)i);
        json_end(&call->out, '}');
        sim_aws_page_wrote(&page);
    }
    sim_aws_page_close(&page, i, i < n);
}

void sim_store_describe_user(struct sim_aws_call *call)
{
    uint32_t user;
    struct str id;

    if (!sim_aws_text(call, "UserId", &id))
        return;
    user = call->is_empty_store ? SIM_NOBODY : sim_find_user(call->sim, id);
    if (user == SIM_NOBODY) {
        sim_aws_absent(call, "USER", "USER");
        return;
    }
    put_user(call, user);
}

/* ---- by something else than the id ---- */

static bool refuse_alternate(struct sim_aws_call *call)
{
    sim_aws_invalid(call, STR("AlternateIdentifier: exactly one of UniqueAttribute and ExternalId "
                              "is expected, whole"));
    return false;
}

bool sim_aws_alternate(struct sim_aws_call *call, struct sim_alternate *out)
{
    const struct json *both = NULL;
    const struct json *unique = NULL;
    const struct json *external = NULL;

    *out = (struct sim_alternate){0};
    if (!json_obj(call->in, "AlternateIdentifier", &both, NULL) ||
        !json_obj_opt(both, "UniqueAttribute", &unique, NULL) ||
        !json_obj_opt(both, "ExternalId", &external, NULL) || !unique == !external)
        return refuse_alternate(call);
    if (unique && (!json_str(unique, "AttributePath", &out->path, NULL) ||
                   !json_str(unique, "AttributeValue", &out->value, NULL)))
        return refuse_alternate(call);
    if (external && (!json_str(external, "Issuer", &out->issuer, NULL) ||
                     !json_str(external, "Id", &out->id, NULL)))
        return refuse_alternate(call);
    return true;
}

void sim_store_get_user_id(struct sim_aws_call *call)
{
    struct sim *sim = call->sim;
    struct sim_alternate alternate;
    bool fold = sim->idc->quirks.fold_case;
    uint32_t user;

    if (!sim_aws_alternate(call, &alternate))
        return;
    if (alternate.path.len == 0) {
        user = sim_find_user_external(sim, alternate.issuer, alternate.id);
    } else if (str_ieq(alternate.path, STR("userName"))) {
        user = sim_find_user_name(sim, alternate.value, fold);
    } else if (str_ieq(alternate.path, STR("emails.value"))) {
        user = sim_find_user_email(sim, alternate.value, fold);
    } else {
        sim_aws_invalid(call, STR("AttributePath: userName or emails.value is expected"));
        return;
    }
    if (user == SIM_NOBODY || call->is_empty_store) {
        sim_aws_absent(call, "USER", "USER");
        return;
    }
    json_put_str(&call->out, "UserId", sim_user_id(sim, user, &sim->scratch));
    json_put_str(&call->out, "IdentityStoreId", sim->idc->instances[0].store_id);
}

#include "base/clock.h"
#include "sim/sim_aws.h"

/* The two lists of subscriptions, and what every call about them must say. Contract: aws.md 6.2. */

bool sim_subs_read_instance(struct sim_aws_call *call, bool *is_ours)
{
    const struct sim_idc *idc = call->sim->idc;
    struct str arn;

    if (!sim_aws_text(call, "instanceArn", &arn))
        return false;
    for (size_t i = 0; i < idc->n_instances; i++) {
        if (str_eq(idc->instances[i].arn, arn)) {
            *is_ours = i == 0;
            return true;
        }
    }
    sim_aws_fail(call->call, (struct sim_aws_error){.code = "AccessDeniedException"},
                 STR("You do not have access to this instance."));
    return false;
}

static const struct sim_idc_app *app_of(const struct sim *sim, uint8_t profile)
{
    const struct sim_idc *idc = sim->idc;

    for (size_t i = 0; i < idc->n_apps; i++) {
        if (str_eq(idc->apps[i].profile, idc->subs.profiles[profile].region))
            return &idc->apps[i];
    }
    return NULL;
}

bool sim_subs_read_profile(struct sim_aws_call *call, uint8_t *out)
{
    const struct sim_subs_quirks *quirks = &call->sim->idc->subs.quirks;
    struct str region;

    if (!sim_aws_text(call, "subscriptionRegion", &region))
        return false;
    *out = sim_subs_find_profile(call->sim, region);
    /* A profile that is tied to Okta directly has no application here, and nobody in it. */
    if (*out != UINT8_MAX && str_is(quirks->profile, "direct"))
        return true;
    if (*out != UINT8_MAX && !str_is(quirks->profile, "missing") && app_of(call->sim, *out))
        return true;
    sim_aws_fail(call->call, (struct sim_aws_error){.code = "ResourceNotFoundException"},
                 STR("No profile was found in this Region."));
    return false;
}

bool sim_subs_read_app(struct sim_aws_call *call, uint8_t profile)
{
    const struct sim_idc *idc = call->sim->idc;
    struct str arn;

    if (!sim_aws_text(call, "applicationArn", &arn))
        return false;
    for (size_t i = 0; i < idc->n_apps; i++) {
        if (!str_eq(idc->apps[i].arn, arn))
            continue;
        if (str_eq(idc->apps[i].profile, idc->subs.profiles[profile].region))
            return true;
        sim_aws_invalid(call, STR("applicationArn: this application is not that of the profile"));
        return false;
    }
    sim_aws_absent(call, NULL, "Application");
    return false;
}

static int64_t staleness(const struct sim_aws_call *call)
{
    int64_t played = call->call->play ? call->call->play->stale_ms : 0;

    return played > 0 ? played : call->sim->idc->subs.quirks.read_lag_ms;
}

/* ---- subscriptions ---- */

/* A member that the quirks take away is not told. */
static bool tells(const struct sim_aws_call *call, const char *name)
{
    return !str_is(call->sim->idc->subs.quirks.missing_field, name);
}

static void put_plan(struct sim_aws_call *call, const char *key, struct str raw)
{
    if (!tells(call, key))
        return;
    if (call->sim->idc->subs.quirks.older_names) {
        json_put_str(&call->out, "SubscriptionType", raw);
        return;
    }
    json_open(&call->out, key, '{');
    if (tells(call, "amazonQ"))
        json_put_str(&call->out, "amazonQ", raw);
    json_end(&call->out, '}');
}

static void put_principal(struct sim_aws_call *call, const char *kind, struct str id)
{
    if (!tells(call, "principal"))
        return;
    if (call->sim->idc->subs.quirks.older_names) {
        json_put_str(&call->out, "PrincipalId", id);
        return;
    }
    json_open(&call->out, "principal", '{');
    json_put_str(&call->out, kind, id);
    json_end(&call->out, '}');
}

static void put_status(struct sim_aws_call *call, enum sim_seat_status status)
{
    const struct sim_subs_quirks *quirks = &call->sim->idc->subs.quirks;

    if (tells(call, "status")) {
        json_put_str(&call->out, quirks->older_names ? "Status" : "status",
                     status == SIM_SEAT_CANCELED ? quirks->cancelled
                                                 : str_of(sim_seat_status_name(status)));
    }
}

static void put_time(struct sim_aws_call *call, const char *key, int64_t ms)
{
    if (!tells(call, key))
        return;
    if (call->sim->idc->subs.quirks.times_text) {
        json_put_time(&call->out, key, ms);
    } else {
        json_put_i64(&call->out, key, ms / TIME_SECOND);
    }
}

static void put_extra(struct sim_aws_call *call)
{
    struct str name = call->sim->idc->subs.quirks.extra_field;

    if (name.len > 0)
        json_put_str(&call->out, arena_cstr(&call->sim->scratch, name), STR("unexpected"));
}

static struct str spelling(const struct sim_aws_call *call, uint32_t seat,
                           const struct sim_seat_view *view, enum sim_plan plan)
{
    const struct sim_subs *subs = &call->sim->idc->subs;
    struct str raw = subs->claims[view->claim].raw;

    if ((uint64_t)subs->quirks.unknown_spelling > sim_idc_noise(call->sim, 216, seat) % 100)
        return STR("KIRO_ENTERPRISE_LITE");
    return raw.len > 0 && plan == view->plan ? raw : sim_plan_spelling(call->sim, plan);
}

static void put_seat(struct sim_aws_call *call, uint32_t seat, const struct sim_seat_view *view)
{
    static const char *const sources[] = {"INDIVIDUAL", "INDIVIDUAL", "GROUP",
                                          "INDIVIDUAL_AND_GROUP"};

    put_principal(call, "user", sim_seat_user_id(call->sim, seat, &call->sim->scratch));
    put_plan(call, "type", spelling(call, seat, view, view->plan));
    if (view->active != SIM_PLAN_NONE && !call->sim->idc->subs.quirks.older_names)
        put_plan(call, "activatedType", spelling(call, seat, view, view->active));
    put_status(call, view->status);
    if (tells(call, "aggregatedSubscriptionType"))
        json_put_str(&call->out, "aggregatedSubscriptionType", str_of(sources[view->via]));
    put_time(call, "createdDate", view->created_ms);
    if (view->activated_ms != 0)
        put_time(call, "activationDate", view->activated_ms);
    put_extra(call);
}

static bool is_listed(const struct sim_subs_quirks *quirks, const struct sim_seat_view *view)
{
    return view->status != SIM_SEAT_NONE &&
           !(quirks->hide_canceled && view->status == SIM_SEAT_CANCELED);
}

static bool claim_shows(const struct sim *sim, const struct sim_claim *claim, int64_t stale_ms)
{
    int64_t at = sim_boot(sim) - stale_ms;

    return (claim->user != SIM_NOBODY || claim->group != SIM_NOBODY) && claim->shown_ms <= at &&
           (claim->gone_ms == 0 || claim->gone_ms > at);
}

/* A seat, or, behind them all and only as a quirk, a claimed group. */
static void offer_row(struct sim_aws_page *page, uint64_t number, uint8_t profile)
{
    struct sim_aws_call *call = page->call;
    struct sim *sim = call->sim;
    const struct sim_subs *subs = &sim->idc->subs;

    if (number < subs->n_seats) {
        struct sim_seat_view view = sim_seat_listed(sim, (uint32_t)number, staleness(call));

        if (subs->seats[number].profile != profile || !is_listed(&subs->quirks, &view) ||
            !sim_aws_page_offers(page, (uint32_t)number * 37 + 11))
            return;
        json_open(&call->out, NULL, '{');
        put_seat(call, (uint32_t)number, &view);
    } else {
        const struct sim_claim *claim = &subs->claims[number - subs->n_seats];

        if (claim->profile != profile || claim->group == SIM_NOBODY ||
            !claim_shows(sim, claim, staleness(call)) ||
            !sim_aws_page_offers(page, (uint32_t)number * 37 + 11))
            return;
        json_open(&call->out, NULL, '{');
        put_principal(call, "group", sim_store_group_id(sim, claim->group, &sim->scratch));
        put_plan(call, "type", sim_plan_spelling(sim, (enum sim_plan)claim->plan));
        put_status(call, SIM_SEAT_ACTIVE);
    }
    json_end(&call->out, '}');
    sim_aws_page_wrote(page);
}

void sim_subs_list_subscriptions(struct sim_aws_call *call)
{
    static const char *const names[] = {"instanceArn", "subscriptionRegion", "maxResults",
                                        "nextToken", NULL};
    struct sim *sim = call->sim;
    const struct sim_subs *subs = &sim->idc->subs;
    struct sim_aws_page page;
    uint8_t profile;
    bool is_ours;
    uint64_t n;
    uint64_t i;

    if (!sim_aws_only(call, names) || !sim_subs_read_instance(call, &is_ours) ||
        !sim_subs_read_profile(call, &profile) ||
        !sim_aws_page_open(&page, call,
                           subs->quirks.older_names ? "UserSubscriptions" : "subscriptions",
                           subs->profiles[profile].region))
        return;
    n = is_ours && !str_is(subs->quirks.profile, "direct")
            ? subs->n_seats + (subs->quirks.group_rows ? subs->n_claims : 0)
            : 0;
    for (i = page.position; i < n && !page.full; i++) {
        arena_mark_t mark = arena_mark(&sim->scratch);

        offer_row(&page, i, profile);
        arena_reset(&sim->scratch, mark);
    }
    sim_aws_page_close(&page, i, i < n);
}

/* ---- claims ---- */

static void put_claim(struct sim_aws_call *call, uint32_t number)
{
    struct sim *sim = call->sim;
    const struct sim_claim *claim = &sim->idc->subs.claims[number];
    bool is_old = sim_boot(sim) - staleness(call) < claim->changed_ms;
    enum sim_plan plan = (enum sim_plan)(is_old ? claim->plan_before : claim->plan);

    if (tells(call, "identifier"))
        json_put_str(&call->out, "identifier", sim_claim_identifier(sim, number, &sim->scratch));
    if (claim->group != SIM_NOBODY) {
        put_principal(call, "group", sim_store_group_id(sim, claim->group, &sim->scratch));
    } else {
        put_principal(call, "user", sim_user_id(sim, claim->user, &sim->scratch));
    }
    put_plan(call, "type", claim->raw.len > 0 ? claim->raw : sim_plan_spelling(sim, plan));
    put_extra(call);
}

void sim_subs_list_claims(struct sim_aws_call *call)
{
    static const char *const names[] = {"applicationArn", "subscriptionRegion", "maxResults",
                                        "nextToken", NULL};
    struct sim *sim = call->sim;
    const struct sim_subs *subs = &sim->idc->subs;
    uint64_t n = str_is(subs->quirks.profile, "direct") ? 0 : subs->n_claims;
    struct sim_aws_page page;
    uint8_t profile;
    uint64_t i;

    if (!sim_aws_only(call, names) || !sim_subs_read_profile(call, &profile) ||
        !sim_subs_read_app(call, profile) ||
        !sim_aws_page_open(&page, call, "claims", subs->profiles[profile].region))
        return;
    for (i = page.position; i < n && !page.full; i++) {
        arena_mark_t mark = arena_mark(&sim->scratch);
        const struct sim_claim *claim = &subs->claims[i];

        if (claim->profile == profile && claim_shows(sim, claim, staleness(call)) &&
            sim_aws_page_offers(&page, (uint32_t)i * 37 + 11)) {
            json_open(&call->out, NULL, '{');
            put_claim(call, (uint32_t)i);
            json_end(&call->out, '}');
            sim_aws_page_wrote(&page);
        }
        arena_reset(&sim->scratch, mark);
    }
    sim_aws_page_close(&page, i, i < n);
}

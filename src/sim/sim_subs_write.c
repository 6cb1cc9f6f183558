#include "sim/sim_aws.h"

/* What changes subscriptions, by either protocol. Contract: aws.md 6.2, 6.3 and 6.5. */

/* Who is meant: exactly one of the two. */
struct principal {
    uint32_t user, group;
};

static void conflict(struct sim_aws_call *call)
{
    sim_aws_fail(call->call, (struct sim_aws_error){.code = "ConflictException"},
                 STR("Resource is in an invalid state."));
}

/* Accounts that may not subscribe anybody are told so in three ways. */
static bool is_eligible(struct sim_aws_call *call)
{
    static const struct {
        const char *word, *text;
    } refusals[] = {
        {"management", "Account does not meet requirements for this operation"},
        {"blocked", "Your account is not authorized to make this call."},
        {"ineligible", "Your account is not currently eligible to create new subscriptions."},
    };
    struct str word = call->sim->idc->subs.quirks.eligibility;

    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        if (str_is(word, refusals[i].word)) {
            sim_aws_fail(call->call, (struct sim_aws_error){.code = "AccessDeniedException"},
                         str_of(refusals[i].text));
            return false;
        }
    }
    return true;
}

static bool find_principal(struct sim_aws_call *call, bool is_group, struct str id,
                           struct principal *out)
{
    *out = (struct principal){
        .user = is_group ? SIM_NOBODY : sim_find_user(call->sim, id),
        .group = is_group ? sim_find_store_group(call->sim, id) : SIM_NOBODY,
    };
    if (out->user != SIM_NOBODY || out->group != SIM_NOBODY)
        return true;
    sim_aws_absent(call, is_group ? "GROUP" : "USER", is_group ? "GROUP" : "USER");
    return false;
}

static uint32_t claim_of(const struct sim *sim, const struct principal *who, uint8_t profile)
{
    return who->user != SIM_NOBODY ? sim_claim_of_user(sim, who->user, profile)
                                   : sim_claim_of_group(sim, who->group, profile);
}

static struct sim_seat_view view_of(const struct sim *sim, const struct principal *who,
                                    uint8_t profile)
{
    uint32_t seat = who->user != SIM_NOBODY ? sim_seat_of(sim, who->user, profile) : SIM_NOBODY;

    return seat != SIM_NOBODY ? sim_seat_now(sim, seat) : (struct sim_seat_view){0};
}

/* Out of Kiro there is no way back. */
static bool may_become(struct sim_aws_call *call, enum sim_plan from, enum sim_plan to)
{
    if (to != SIM_PLAN_Q_PRO || from <= SIM_PLAN_Q_PRO)
        return true;
    sim_aws_invalid(call, STR("A Kiro subscription cannot become one of Amazon Q Developer."));
    return false;
}

/* ---- carrying out ---- */

static void note_effect(struct sim_aws_call *call, const char *what, const struct principal *who,
                        enum sim_plan plan)
{
    struct sim *sim = call->sim;
    struct str id = who->user != SIM_NOBODY ? sim_user_id(sim, who->user, &sim->scratch)
                                            : sim_store_group_id(sim, who->group, &sim->scratch);

    call->call->effect = arena_printf(&sim->scratch, "%s %s %.*s%s%s", what,
                                      who->user != SIM_NOBODY ? "user" : "group", STR_ARG(id),
                                      plan != SIM_PLAN_NONE ? " " : "", sim_plan_row(plan)->name);
}

/* Lists know of what is done now as late as the fault script says. */
static void begin_write(struct sim_aws_call *call)
{
    call->sim->idc->subs.stale_ms = call->call->play ? call->call->play->stale_ms : 0;
}

static void end_write(struct sim_aws_call *call)
{
    sim_subs_settle(call->sim);
    call->sim->idc->subs.stale_ms = 0;
}

static uint32_t create(struct sim_aws_call *call, const struct principal *who, uint8_t profile,
                       enum sim_plan plan)
{
    struct sim *sim = call->sim;
    struct sim_claim claim = SIM_CLAIM_USUAL;
    uint32_t number;

    claim.user = who->user;
    claim.group = who->group;
    claim.is_group = who->group != SIM_NOBODY;
    claim.profile = profile;
    claim.plan = (uint8_t)plan;
    claim.since_ms = sim_boot(sim);
    claim.lag = sim->idc->subs.lag;
    note_effect(call, "subscribe", who, plan);
    begin_write(call);
    number = sim_claim_add(sim, &claim);
    end_write(call);
    return number;
}

static void change(struct sim_aws_call *call, const struct principal *who, uint32_t claim,
                   enum sim_plan plan)
{
    note_effect(call, "change", who, plan);
    begin_write(call);
    sim_claim_change(call->sim, claim, plan);
    end_write(call);
}

static void drop(struct sim_aws_call *call, const struct principal *who, uint32_t claim)
{
    note_effect(call, "unsubscribe", who, SIM_PLAN_NONE);
    begin_write(call);
    sim_claim_drop(call->sim, claim);
    end_write(call);
}

/* Somebody who has a subscription, also one that is about to end, gets no second one. */
static bool is_free(struct sim_aws_call *call, const struct principal *who, uint8_t profile)
{
    if (claim_of(call->sim, who, profile) == SIM_NOBODY &&
        view_of(call->sim, who, profile).status == SIM_SEAT_NONE)
        return true;
    conflict(call);
    return false;
}

/* ---- claims ---- */

static bool read_type(struct sim_aws_call *call, enum sim_plan *out)
{
    const struct json *type = NULL;
    struct str raw = {0};

    if (!json_obj_opt(call->in, "type", &type, NULL) || !type || json_count(type) != 1 ||
        !json_str_opt(type, "amazonQ", &raw, NULL) || raw.len == 0) {
        sim_aws_invalid(call, STR("type: an object with amazonQ alone is expected"));
        return false;
    }
    *out = sim_plan_read(call->sim, raw);
    if (*out != SIM_PLAN_NONE)
        return true;
    sim_aws_invalid(call,
                    arena_printf(&call->sim->scratch,
                                 "type.amazonQ: '%.*s' is no subscription type", STR_ARG(raw)));
    return false;
}

static bool read_principal(struct sim_aws_call *call, struct principal *out)
{
    const struct json *principal = NULL;
    struct str user = {0};
    struct str group = {0};

    if (!json_obj_opt(call->in, "principal", &principal, NULL) || !principal ||
        json_count(principal) != 1 || !json_str_opt(principal, "user", &user, NULL) ||
        !json_str_opt(principal, "group", &group, NULL) || user.len + group.len == 0) {
        sim_aws_invalid(call, STR("principal: exactly one of user and group is expected"));
        return false;
    }
    return find_principal(call, group.len > 0, group.len > 0 ? group : user, out);
}

static bool read_flag(struct sim_aws_call *call, const char *name, bool *out)
{
    if (json_bool_opt(call->in, name, false, out, NULL))
        return true;
    sim_aws_invalid(call, arena_printf(&call->sim->scratch, "%s: expected true or false", name));
    return false;
}

static bool read_flags(struct sim_aws_call *call)
{
    bool transaction;
    bool for_self;
    struct str provider;

    if (!read_flag(call, "transaction", &transaction) ||
        !read_flag(call, "createForSelf", &for_self) ||
        !sim_aws_text(call, "identityProvider", &provider))
        return false;
    if (str_is(provider, "IDENTITY_STORE") && !for_self)
        return true;
    sim_aws_invalid(call, STR("identityProvider: IDENTITY_STORE is expected, for others than "
                              "oneself"));
    return false;
}

void sim_subs_create_claim(struct sim_aws_call *call)
{
    static const char *const names[] = {"instanceArn",   "applicationArn",     "principal",
                                        "type",          "identityProvider",   "transaction",
                                        "createForSelf", "subscriptionRegion", NULL};
    struct principal who;
    enum sim_plan plan;
    uint8_t profile;
    bool is_ours;

    if (!sim_aws_only(call, names) || !sim_subs_read_instance(call, &is_ours) ||
        !sim_subs_read_profile(call, &profile) || !sim_subs_read_app(call, profile) ||
        !read_flags(call) || !read_type(call, &plan) || !is_eligible(call))
        return;
    if (!is_ours) {
        sim_aws_absent(call, NULL, "Instance");
        return;
    }
    if (!read_principal(call, &who) || !is_free(call, &who, profile))
        return;
    json_put_str(
        &call->out, "identifier",
        sim_claim_identifier(call->sim, create(call, &who, profile, plan), &call->sim->scratch));
}

/* The claim of the input's `identifier`; SIM_NOBODY with the answer made. */
static uint32_t read_claim(struct sim_aws_call *call, struct principal *who)
{
    const struct sim_subs *subs = &call->sim->idc->subs;
    uint32_t claim;
    uint8_t profile;
    bool ignored;
    struct str identifier;

    if (!sim_aws_text(call, "identifier", &identifier) ||
        !read_flag(call, "transaction", &ignored) || !sim_subs_read_profile(call, &profile))
        return SIM_NOBODY;
    claim = sim_find_claim(call->sim, identifier);
    if (claim == SIM_NOBODY || subs->claims[claim].profile != profile) {
        sim_aws_absent(call, NULL, "Subscription");
        return SIM_NOBODY;
    }
    *who = (struct principal){subs->claims[claim].user, subs->claims[claim].group};
    return claim;
}

void sim_subs_update_claim(struct sim_aws_call *call)
{
    static const char *const names[] = {"identifier", "type", "transaction", "subscriptionRegion",
                                        NULL};
    struct principal who;
    enum sim_plan plan;
    uint32_t claim;

    if (!sim_aws_only(call, names) || !read_type(call, &plan) || !is_eligible(call))
        return;
    claim = read_claim(call, &who);
    if (claim == SIM_NOBODY ||
        !may_become(call, (enum sim_plan)call->sim->idc->subs.claims[claim].plan, plan))
        return;
    change(call, &who, claim, plan);
}

void sim_subs_delete_claim(struct sim_aws_call *call)
{
    static const char *const names[] = {"identifier", "transaction", "subscriptionRegion", NULL};
    struct principal who;
    uint32_t claim;

    if (!sim_aws_only(call, names))
        return;
    claim = read_claim(call, &who);
    if (claim != SIM_NOBODY)
        drop(call, &who, claim);
}

/* ---- assignments ---- */

struct assignment {
    struct principal who;
    enum sim_plan plan; /* none given: Q Developer Pro, as the oldest clients had it */
    uint8_t profile;
};

static bool read_written(struct sim_aws_call *call, enum sim_plan *out)
{
    struct str raw;

    if (!sim_aws_text_opt(call, "subscriptionType", &raw))
        return false;
    *out = raw.len > 0 ? sim_plan_written(raw) : SIM_PLAN_Q_PRO;
    if (*out != SIM_PLAN_NONE)
        return true;
    sim_aws_invalid(call, STR("1 validation error detected: Value at 'subscriptionType' failed to "
                              "satisfy constraint: Member must satisfy enum value set: "
                              "[Q_DEVELOPER_STANDALONE_FREE, Q_DEVELOPER_STANDALONE_STUDENT, "
                              "Q_DEVELOPER_STANDALONE, Q_DEVELOPER_STANDALONE_PRO, "
                              "Q_DEVELOPER_STANDALONE_PRO_PLUS, Q_DEVELOPER_STANDALONE_PRO_MAX, "
                              "Q_DEVELOPER_STANDALONE_POWER, CREDIT_POOL]"));
    return false;
}

/* Without a profile the service takes that of the Region that was called. */
static bool read_profile_arn(struct sim_aws_call *call, uint8_t *out)
{
    const struct sim_subs *subs = &call->sim->idc->subs;
    bool ignored;
    struct str arn;
    struct str instance;

    if (!sim_aws_text_opt(call, "profileArn", &arn) ||
        !sim_aws_text_opt(call, "instanceArn", &instance) ||
        (instance.len > 0 && !sim_subs_read_instance(call, &ignored)))
        return false;
    *out = sim_subs_find_profile(call->sim, call->region);
    if (arn.len > 0 && !str_eq(arn, subs->profiles[*out].arn))
        *out = UINT8_MAX;
    if (*out != UINT8_MAX && subs->quirks.profile.len == 0)
        return true;
    sim_aws_absent(call, NULL, "Profile");
    return false;
}

static bool read_assignment(struct sim_aws_call *call, struct assignment *out)
{
    static const char *const names[] = {"principalId", "principalType", "subscriptionType",
                                        "instanceArn", "profileArn",    NULL};
    struct str id;
    struct str type;

    if (!sim_aws_only(call, names) || !sim_aws_text(call, "principalId", &id) ||
        !sim_aws_text(call, "principalType", &type) || !read_written(call, &out->plan) ||
        !read_profile_arn(call, &out->profile))
        return false;
    if (!str_is(type, "USER") && !str_is(type, "GROUP")) {
        sim_aws_invalid(call, STR("principalType: USER or GROUP is expected"));
        return false;
    }
    return find_principal(call, str_is(type, "GROUP"), id, &out->who);
}

void sim_subs_create_assignment(struct sim_aws_call *call)
{
    struct assignment in;

    if (read_assignment(call, &in) && is_eligible(call) && is_free(call, &in.who, in.profile))
        (void)create(call, &in.who, in.profile, in.plan);
}

/* Creates, or changes what is there either way, without a conflict. */
void sim_subs_update_assignment(struct sim_aws_call *call)
{
    struct assignment in;
    struct sim_seat_view view;
    enum sim_plan from;
    uint32_t claim;

    if (!read_assignment(call, &in) || !is_eligible(call))
        return;
    view = view_of(call->sim, &in.who, in.profile);
    claim = claim_of(call->sim, &in.who, in.profile);
    from = claim != SIM_NOBODY ? (enum sim_plan)call->sim->idc->subs.claims[claim].plan : view.plan;
    if (!may_become(call, from, in.plan))
        return;
    if (view.status == SIM_SEAT_CANCELED) {
        conflict(call);
        return;
    }
    if (claim != SIM_NOBODY) {
        change(call, &in.who, claim, in.plan);
    } else {
        (void)create(call, &in.who, in.profile, in.plan);
    }
}

void sim_subs_delete_assignment(struct sim_aws_call *call)
{
    struct assignment in;
    uint32_t claim;

    if (!read_assignment(call, &in))
        return;
    claim = claim_of(call->sim, &in.who, in.profile);
    if (claim != SIM_NOBODY) {
        drop(call, &in.who, claim);
    } else if (view_of(call->sim, &in.who, in.profile).status != SIM_SEAT_NONE) {
        conflict(call);
    } else {
        sim_aws_absent(call, NULL, "Assignment");
    }
}

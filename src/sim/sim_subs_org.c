#include "base/clock.h"
#include "sim/sim_idc.h"
#include "sim/sim_org.h"

/* `aws: subscriptions:` of an organisation file, and of the control side. */

#define LONG_SINCE (90 * TIME_DAY) /* what a file claims without a time */

/* ---- words ---- */

static bool is_word(struct str text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_is(text, words[i]))
            return true;
    }
    return text.len == 0;
}

/* `never`, `30s` or `[5m, 6h]`. */
static bool read_lag(const struct sim_node *node, struct sim_lag *out, struct err *err)
{
    const struct sim_node *low = node;
    const struct sim_node *high = node;
    struct sim_lag lag;

    if (!node)
        return true;
    if (node->kind == SIM_NODE_SCALAR && str_is(node->text, "never")) {
        *out = (struct sim_lag){SIM_NEVER, SIM_NEVER};
        return true;
    }
    if (node->kind == SIM_NODE_LIST && node->n == 2) {
        low = node->first;
        high = node->last;
    }
    if (low->kind != SIM_NODE_SCALAR || high->kind != SIM_NODE_SCALAR ||
        !sim_span(low->text, &lag.least) || !sim_span(high->text, &lag.most) || lag.least < 0 ||
        lag.most < lag.least || lag.most > 366 * TIME_DAY)
        return sim_node_err(node, err, "`materialise` is a duration, [least, most], or never");
    *out = lag;
    return true;
}

static bool read_time(struct sim *sim, const struct sim_node *node, struct str text, int64_t *out,
                      struct err *err)
{
    int64_t at;

    if (text.len == 0)
        return true;
    if (!time_parse_iso(text, &at))
        return sim_node_err(node, err, "a time such as 2026-05-04T00:00:00Z is expected");
    *out = at - (sim_cloud(sim) - sim_boot(sim));
    return true;
}

/* ---- claims ---- */

struct claim_keys {
    struct str group, user, orphan, plan, region, status, since, used, raw;
    const struct sim_node *materialise;
};

static bool read_claim_keys(const struct sim_node *node, struct claim_keys *keys, struct err *err)
{
    static const struct sim_field fields[] = {
        {"group", SIM_FIELD_STR, offsetof(struct claim_keys, group)},
        {"user", SIM_FIELD_STR, offsetof(struct claim_keys, user)},
        {"orphan", SIM_FIELD_STR, offsetof(struct claim_keys, orphan)},
        {"plan", SIM_FIELD_STR, offsetof(struct claim_keys, plan)},
        {"region", SIM_FIELD_STR, offsetof(struct claim_keys, region)},
        {"status", SIM_FIELD_STR, offsetof(struct claim_keys, status)},
        {"since", SIM_FIELD_STR, offsetof(struct claim_keys, since)},
        {"used", SIM_FIELD_STR, offsetof(struct claim_keys, used)},
        {"raw", SIM_FIELD_STR, offsetof(struct claim_keys, raw)},
        {"materialise", SIM_FIELD_NODE, offsetof(struct claim_keys, materialise)},
    };

    if (!sim_bind(node, fields, ARRAY_LEN(fields), keys, err))
        return false;
    if ((keys->group.len > 0) + (keys->user.len > 0) + (keys->orphan.len > 0) != 1)
        return sim_node_err(node, err, "a claim is of one `group`, `user` or `orphan`");
    if (sim_plan_named(keys->plan) == SIM_PLAN_NONE) {
        return sim_node_err(node, err,
                            "`plan` must be one of: q-pro kiro-pro kiro-pro-plus "
                            "kiro-pro-max kiro-power");
    }
    return true;
}

static bool read_status(const struct sim_node *node, struct str word, uint8_t *out, struct err *err)
{
    for (enum sim_seat_status status = SIM_SEAT_PENDING; status <= SIM_SEAT_CANCELED; status++) {
        if (str_is(word, sim_seat_status_name(status))) {
            *out = (uint8_t)status;
            return true;
        }
    }
    return word.len == 0 || sim_node_err(node, err, "`status` is PENDING, ACTIVE or CANCELED");
}

/* Who is in the store already, else a name that is waited for. */
static void find_principal(struct sim *sim, const struct claim_keys *keys, struct sim_claim *out)
{
    out->is_group = keys->group.len > 0;
    if (out->is_group) {
        out->name = sim_keep(sim, keys->group);
        out->group = sim_find_store_name(sim, keys->group);
        if (out->group == SIM_NOBODY)
            out->group = sim_find_store_group(sim, keys->group);
        return;
    }
    out->name = sim_keep(sim, keys->user);
    out->person = sim_find_anybody(sim, keys->user);
    if (out->person != SIM_NOBODY)
        out->user = sim_find_user_of(sim, out->person);
    if (out->user == SIM_NOBODY)
        out->user = sim_find_user_name(sim, keys->user, true);
    if (out->user == SIM_NOBODY)
        out->user = sim_find_user(sim, keys->user);
    /* Made by hand, and of no account of Okta's: bound by his name. */
    if (out->user != SIM_NOBODY && sim->idc->store.users[out->user].person == SIM_NOBODY)
        out->person = SIM_NOBODY;
}

static bool is_taken(const struct sim *sim, const struct sim_claim *claim)
{
    if (claim->group != SIM_NOBODY)
        return sim_claim_of_group(sim, claim->group, claim->profile) != SIM_NOBODY;
    return claim->user != SIM_NOBODY &&
           sim_claim_of_user(sim, claim->user, claim->profile) != SIM_NOBODY;
}

bool sim_org_claim(struct sim *sim, const struct sim_node *node, int64_t since_ms, struct err *err)
{
    struct claim_keys keys = {0};
    struct sim_claim claim = SIM_CLAIM_USUAL;

    claim.since_ms = since_ms;
    claim.lag = sim->idc->subs.lag;
    if (!read_claim_keys(node, &keys, err) || !read_lag(keys.materialise, &claim.lag, err) ||
        !read_status(node, keys.status, &claim.began_as, err) ||
        !read_time(sim, node, keys.since, &claim.since_ms, err) ||
        !read_time(sim, node, keys.used, &claim.used_ms, err))
        return false;
    claim.plan = (uint8_t)sim_plan_named(keys.plan);
    claim.profile = sim_subs_profile(sim, keys.region);
    claim.raw = sim_keep(sim, keys.raw);
    if (claim.profile == UINT8_MAX)
        return sim_node_err(node, err, "there are too many regions");
    if (keys.orphan.len > 0) {
        sim_seat_strange(sim, sim_keep(sim, keys.orphan), &claim);
        return true;
    }
    find_principal(sim, &keys, &claim);
    if (is_taken(sim, &claim))
        return sim_node_err(node, err, "`%.*s` is subscribed already", STR_ARG(claim.name));
    (void)sim_claim_add(sim, &claim);
    return true;
}

static bool read_claims(struct sim *sim, const struct sim_node *list, int64_t since_ms,
                        struct err *err)
{
    if (!list)
        return true;
    if (list->kind != SIM_NODE_LIST)
        return sim_node_err(list, err, "`claims` must be a list");
    for (const struct sim_node *node = list->first; node; node = node->next) {
        if (!sim_org_claim(sim, node, since_ms, err))
            return false;
    }
    return true;
}

/* ---- the rest ---- */

static bool read_spellings(struct sim *sim, const struct sim_node *map, struct err *err)
{
    if (!map)
        return true;
    if (map->kind != SIM_NODE_MAP)
        return sim_node_err(map, err, "`spellings` must be a map from plans to texts");
    for (const struct sim_node *node = map->first; node; node = node->next) {
        enum sim_plan plan = sim_plan_named(node->key);

        if (plan == SIM_PLAN_NONE || node->kind != SIM_NODE_SCALAR)
            return sim_node_err(node, err, "`%.*s` is no plan", STR_ARG(node->key));
        sim->idc->subs.spellings[plan] = sim_keep(sim, node->text);
    }
    return true;
}

struct quirk_keys {
    struct sim_subs_quirks q;
    struct str profile, times;
};

static bool check_quirks(const struct sim_node *node, const struct quirk_keys *keys,
                         struct err *err)
{
    static const char *const eligible[] = {"management", "blocked", "ineligible"};
    static const char *const profiles[] = {"ready", "missing", "direct"};
    static const char *const times[] = {"number", "text"};

    if (!is_word(keys->q.eligibility, eligible, ARRAY_LEN(eligible)))
        return sim_node_err(node, err, "`eligibility` is management, blocked or ineligible");
    if (!is_word(keys->profile, profiles, ARRAY_LEN(profiles)))
        return sim_node_err(node, err, "`profile` is ready, missing or direct");
    if (!is_word(keys->times, times, ARRAY_LEN(times)))
        return sim_node_err(node, err, "`times` is number or text");
    if (keys->q.unknown_spelling < 0 || keys->q.unknown_spelling > 100 || keys->q.page_cap < 0 ||
        keys->q.read_lag_ms < 0)
        return sim_node_err(node, err, "a quirk is out of its range");
    return true;
}

static bool read_quirks(struct sim *sim, const struct sim_node *node, struct err *err)
{
    static const struct sim_field fields[] = {
        {"eligibility", SIM_FIELD_STR, offsetof(struct quirk_keys, q.eligibility)},
        {"profile", SIM_FIELD_STR, offsetof(struct quirk_keys, profile)},
        {"missing_field", SIM_FIELD_STR, offsetof(struct quirk_keys, q.missing_field)},
        {"extra_field", SIM_FIELD_STR, offsetof(struct quirk_keys, q.extra_field)},
        {"cancelled", SIM_FIELD_STR, offsetof(struct quirk_keys, q.cancelled)},
        {"unknown_spelling", SIM_FIELD_INT, offsetof(struct quirk_keys, q.unknown_spelling)},
        {"page_cap", SIM_FIELD_INT, offsetof(struct quirk_keys, q.page_cap)},
        {"read_lag", SIM_FIELD_SPAN, offsetof(struct quirk_keys, q.read_lag_ms)},
        {"times", SIM_FIELD_STR, offsetof(struct quirk_keys, times)},
        {"older_names", SIM_FIELD_BOOL, offsetof(struct quirk_keys, q.older_names)},
        {"hide_canceled", SIM_FIELD_BOOL, offsetof(struct quirk_keys, q.hide_canceled)},
        {"disabled_cancels", SIM_FIELD_BOOL, offsetof(struct quirk_keys, q.disabled_cancels)},
        {"group_rows", SIM_FIELD_BOOL, offsetof(struct quirk_keys, q.group_rows)},
    };
    struct quirk_keys keys = {.q = sim->idc->subs.quirks};

    if (!node)
        return true;
    if (!sim_bind(node, fields, ARRAY_LEN(fields), &keys, err) || !check_quirks(node, &keys, err))
        return false;
    if (keys.profile.len > 0)
        keys.q.profile = str_is(keys.profile, "ready") ? (struct str){0} : keys.profile;
    if (keys.times.len > 0)
        keys.q.times_text = str_is(keys.times, "text");
    keys.q.profile = sim_keep(sim, keys.q.profile);
    keys.q.eligibility = sim_keep(sim, keys.q.eligibility);
    keys.q.missing_field = sim_keep(sim, keys.q.missing_field);
    keys.q.extra_field = sim_keep(sim, keys.q.extra_field);
    keys.q.cancelled = sim_keep(sim, keys.q.cancelled);
    sim->idc->subs.quirks = keys.q;
    return true;
}

/* ---- the whole ---- */

struct subs_keys {
    struct str region;
    int64_t use_percent;
    const struct sim_node *materialise, *spellings, *claims, *quirks;
};

static bool set_subs(struct sim *sim, const struct sim_node *node, const struct subs_keys *keys,
                     struct err *err)
{
    struct sim_subs *subs = &sim->idc->subs;

    if (keys->use_percent < 0 || keys->use_percent > 100)
        return sim_node_err(node, err, "`use_percent_a_day` must be 0 to 100");
    if (keys->region.len > 0 && !str_eq(keys->region, subs->profiles[0].region)) {
        if (subs->n_claims > 0)
            return sim_node_err(node, err, "`region` cannot change once there are claims");
        sim_subs_set_region(sim, keys->region);
    }
    sim_subs_set_use(sim, keys->use_percent);
    return true;
}

static bool read_subs(struct sim *sim, const struct sim_node *node, int64_t since_ms,
                      struct err *err)
{
    static const struct sim_field fields[] = {
        {"region", SIM_FIELD_STR, offsetof(struct subs_keys, region)},
        {"use_percent_a_day", SIM_FIELD_INT, offsetof(struct subs_keys, use_percent)},
        {"materialise", SIM_FIELD_NODE, offsetof(struct subs_keys, materialise)},
        {"spellings", SIM_FIELD_NODE, offsetof(struct subs_keys, spellings)},
        {"claims", SIM_FIELD_NODE, offsetof(struct subs_keys, claims)},
        {"quirks", SIM_FIELD_NODE, offsetof(struct subs_keys, quirks)},
    };
    struct subs_keys keys = {.use_percent = sim->idc->subs.use_percent};

    return sim_bind(node, fields, ARRAY_LEN(fields), &keys, err) &&
           set_subs(sim, node, &keys, err) &&
           read_lag(keys.materialise, &sim->idc->subs.lag, err) &&
           read_spellings(sim, keys.spellings, err) && read_quirks(sim, keys.quirks, err) &&
           read_claims(sim, keys.claims, since_ms, err);
}

bool sim_org_subs(struct sim *sim, const struct sim_node *node, struct err *err)
{
    return read_subs(sim, node, sim_boot(sim) - LONG_SINCE, err);
}

bool sim_org_subs_now(struct sim *sim, const struct sim_node *node, struct err *err)
{
    return read_subs(sim, node, sim_boot(sim), err);
}

void sim_subs_default(struct sim *sim)
{
    static const struct {
        const char *group;
        enum sim_plan plan;
    } rows[] = {{"AWS_kiro_JP_Users", SIM_PLAN_PRO},
                {"AWS_kiro_JP_ProPlus_Users", SIM_PLAN_PRO_PLUS}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sim_claim claim = SIM_CLAIM_USUAL;

        claim.name = str_of(rows[i].group);
        claim.is_group = true;
        claim.plan = (uint8_t)rows[i].plan;
        claim.since_ms = sim_boot(sim) - LONG_SINCE;
        claim.lag = sim->idc->subs.lag;
        (void)sim_claim_add(sim, &claim);
    }
}

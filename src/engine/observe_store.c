#include "engine/observe_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ledger/ledger_finding.h"

/* Identity Center at the start of a run: is it the one the ledger knows, and who is in the groups
 * that Okta pushes there? */

struct looking {
    const struct world *world;
    const struct actor *actor;
    struct seen_store *store;
    const struct seen_groups *groups;
    struct arena *arena;
    bool dry;
    bool names_too; /* groups are looked up by name even where a pin leads to one */
    const struct ack *acks;
    size_t n_acks;
    const struct group_pin *pins;
    size_t n_pins;
};

/* What goes wrong over there is said, and stops nothing here but a cancelled run. */
static bool give_up(struct seen_store *store, const char *what, const struct err *why,
                    struct err *err)
{
    if (why->kind == ERR_CANCELLED) {
        *err = *why;
        return false;
    }
    store->ok = false;
    store->unreadable = true;
    store->why = arena_printf(store->arena, "%s: %s", what, why->msg);
    log_info("aws.unread", "why=%s", log_q(&store->why));
    return true;
}

/* Said by a person about exactly this, since then? */
static bool is_acked(const struct looking *look, enum finding_kind kind, struct str entitlement,
                     struct str subject, int64_t since_ms)
{
    for (size_t i = 0; i < look->n_acks && subject.len > 0; i++) {
        const struct ack *ack = &look->acks[i];
        if (ack->kind == kind && str_eq(ack->entitlement, entitlement) &&
            str_eq(ack->subject, subject) && ack->acked_at >= since_ms)
            return true;
    }
    return false;
}

/* ---- the instance ---- */

struct met {
    const char *key;
    struct str is;
};

#define KNOWN_SINCE "aws_known_since" /* meta: an older acknowledgement was for another change */

static bool known_since(struct looking *look, int64_t *out, struct err *err)
{
    struct str text;

    *out = 0;
    if (!ledger_meta_get(look->world->ledger, KNOWN_SINCE, look->arena, &text, err))
        return false;
    if (!str_to_i64(text, out))
        *out = 0;
    return true;
}

/* The first time what is found is what is known. From then on it has to stay so: every id of a
 * person or group belongs to this one store. */
static bool judge_instance(struct looking *look, struct err *err)
{
    struct seen_store *store = look->store;
    struct ledger *ledger = look->world->ledger;
    const struct met facts[] = {{"aws_account", store->account},
                                {"aws_instance", store->instance.arn},
                                {"aws_store", store->instance.store_id}};
    struct str known[ARRAY_LEN(facts)];
    bool is_new = false, differs = false;
    int64_t since;

    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        if (!ledger_meta_get(ledger, facts[i].key, look->arena, &known[i], err))
            return false;
        is_new |= known[i].len == 0;
        differs |= known[i].len > 0 && !str_eq(known[i], facts[i].is);
    }
    store->subject = arena_printf(look->arena, "%.*s %.*s %.*s", STR_ARG(facts[0].is),
                                  STR_ARG(facts[1].is), STR_ARG(facts[2].is));
    if (!known_since(look, &since, err))
        return false;
    if (differs &&
        !is_acked(look, FINDING_INSTANCE_CHANGED, (struct str){0}, store->subject, since)) {
        store->changed = true;
        store->why = arena_printf(
            look->arena,
            "the ledger knows account %.*s, instance %.*s, store %.*s; AWS now shows account %.*s, "
            "instance %.*s, store %.*s",
            STR_ARG(known[0]), STR_ARG(known[1]), STR_ARG(known[2]), STR_ARG(facts[0].is),
            STR_ARG(facts[1].is), STR_ARG(facts[2].is));
        return true;
    }
    store->ok = true;
    for (size_t i = 0; i < ARRAY_LEN(facts) && (is_new || differs) && !look->dry; i++) {
        if (!str_eq(known[i], facts[i].is) &&
            !ledger_meta_set(ledger, look->actor, facts[i].key, facts[i].is, err))
            return false;
    }
    return look->dry || (!is_new && !differs) ||
           ledger_meta_note(
               ledger, KNOWN_SINCE,
               arena_printf(look->arena, "%lld", (long long)clock_now(look->world->clock)), err);
}

/* AWS answered, and it is not what the settings name: no acknowledgement helps, only settings do.
 */
static bool stop_writes(struct looking *look, struct str why)
{
    look->store->changed = true;
    look->store->why = why;
    return true;
}

static bool read_instance(struct looking *look, struct err *err)
{
    struct seen_store *store = look->store;
    const struct aws_settings *aws = &look->world->settings->aws;
    struct aws_caller caller;
    struct err why = {0};

    if (!aws_read_caller(look->world->aws, look->arena, &caller, &why))
        return give_up(store, "AWS did not say whose credentials these are", &why, err);
    store->account = caller.account;
    if (!str_eq(caller.account, aws->account)) {
        return stop_writes(look,
                           arena_printf(look->arena,
                                        "the AWS credentials are of account %.*s, the settings "
                                        "want %.*s",
                                        STR_ARG(caller.account), STR_ARG(aws->account)));
    }
    if (!identity_read_instance(store->identity, look->arena, &store->instance, &why))
        return give_up(store, "the Identity Center instance was not read", &why, err);
    if (store->instance.answer == IDENTITY_NONE)
        return stop_writes(look, store->instance.why);
    if (store->instance.answer != IDENTITY_FOUND) {
        (void)err_set(&why, ERR_UNAVAILABLE, "%.*s", STR_ARG(store->instance.why));
        return give_up(store, "the Identity Center instance was not read", &why, err);
    }
    return judge_instance(look, err);
}

/* ---- the groups ---- */

/* The newest pin of that place, whatever the group was called then. */
static const struct group_pin *pin_of(const struct looking *look, const struct store_group *group)
{
    const struct group_pin *latest = NULL;

    for (size_t i = 0; i < look->n_pins; i++) {
        const struct group_pin *pin = &look->pins[i];
        if (pin->role == PIN_STORE && str_eq(pin->entitlement, group->okta->ent->name) &&
            str_eq(pin->plan, group->okta->plan) &&
            (!latest || pin->pinned_at >= latest->pinned_at))
            latest = pin;
    }
    return latest;
}

static bool pin(struct looking *look, const struct store_group *group, struct err *err)
{
    const struct group_pin row = {
        .role = PIN_STORE,
        .entitlement = group->okta->ent->name,
        .plan = group->okta->plan,
        .ref = group->okta->name,
        .group_id = group->group.id,
        .group_name = group->group.name,
        .pinned_at = clock_now(look->world->clock),
    };

    return look->dry || ledger_pin_group(look->world->ledger, look->actor, &row, err);
}

/* A group that Okta pushes is only looked at, so a new one of that name simply is the one now; one
 * that we write is pinned like any other. */
static bool judge_group(struct looking *look, struct store_group *group, struct err *err)
{
    const struct group_pin *pinned = pin_of(look, group);

    group->pin_ok = false;
    group->pinned_at = pinned ? pinned->pinned_at : 0;
    if (group->group.answer != IDENTITY_FOUND) {
        group->why = group->group.answer == IDENTITY_NONE
                         ? arena_printf(look->arena, "Identity Center has no group `%.*s`",
                                        STR_ARG(group->okta->name))
                         : group->group.why;
        return true;
    }
    if (pinned && !str_eq(pinned->group_id, group->group.id) && group->direct &&
        !is_acked(look, FINDING_GROUP_CHANGED, group->okta->ent->name, group->group.id,
                  pinned->pinned_at)) {
        group->subject = group->group.id;
        group->why = arena_printf(
            look->arena, "`%.*s` in Identity Center is now %.*s; the ledger has pinned %.*s",
            STR_ARG(group->okta->name), STR_ARG(group->group.id), STR_ARG(pinned->group_id));
        return true;
    }
    if (group->direct && group->group.external_id.len > 0) {
        group->why = arena_printf(look->arena,
                                  "`%.*s` in Identity Center is pushed by an identity provider; "
                                  "`provisioning: direct` is for groups made there",
                                  STR_ARG(group->okta->name));
        return true;
    }
    group->pin_ok = true;
    if (pinned && str_eq(pinned->group_id, group->group.id) &&
        str_eq(pinned->ref, group->okta->name))
        return true;
    return pin(look, group, err);
}

/* A group serves one plan here as in Okta. */
static void judge_twins(struct seen_store *store)
{
    for (size_t i = 0; i < store->n_groups; i++) {
        for (size_t k = 0; k < i; k++) {
            struct store_group *a = &store->groups[i], *b = &store->groups[k];
            if (a->group.id.len == 0 || !str_eq(a->group.id, b->group.id))
                continue;
            a->pin_ok = b->pin_ok = false;
            a->subject = b->subject = (struct str){0};
            a->why = b->why = STR("two plans lead to one group of Identity Center");
        }
    }
}

static void collect_groups(struct looking *look)
{
    struct seen_store *store = look->store;

    store->groups = arena_array(look->arena, struct store_group, look->groups->n);
    for (size_t i = 0; i < look->groups->n; i++) {
        const struct seen_group *okta = &look->groups->items[i];
        if (okta->role != PIN_PLAN || okta->ent->provisioning == PROVISIONING_NONE ||
            okta->name.len == 0)
            continue;
        store->groups[store->n_groups++] = (struct store_group){
            .okta = okta, .direct = okta->ent->provisioning == PROVISIONING_DIRECT};
    }
}

/* Pinned ones that are only observed need no look-up: their listing says whether they are there. */
static bool find_groups(struct looking *look, struct err *err)
{
    struct seen_store *store = look->store;
    struct str *names = arena_array(look->arena, struct str, store->n_groups);
    struct store_group **asked = arena_array(look->arena, struct store_group *, store->n_groups);
    struct identity_group *found = arena_array(look->arena, struct identity_group, store->n_groups);
    struct err why = {0};
    size_t n = 0;

    for (size_t i = 0; i < store->n_groups; i++) {
        struct store_group *group = &store->groups[i];
        const struct group_pin *pinned = pin_of(look, group);
        if (pinned && !group->direct && !look->names_too &&
            str_eq(pinned->ref, group->okta->name)) {
            group->group = (struct identity_group){
                .answer = IDENTITY_FOUND, .id = pinned->group_id, .name = pinned->group_name};
            continue;
        }
        asked[n] = group;
        names[n++] = group->okta->name;
    }
    if (n > 0 && !identity_find_groups(store->identity, names, n, look->arena, found, &why))
        return give_up(store, "the groups of Identity Center were not found", &why, err);
    for (size_t i = 0; i < n; i++)
        asked[i]->group = found[i];
    for (size_t i = 0; i < store->n_groups; i++) {
        if (!judge_group(look, &store->groups[i], err))
            return false;
    }
    judge_twins(store);
    return true;
}

/* ---- their members ---- */

static const struct listing *unlisted(enum listing_state state, struct str why, struct arena *arena)
{
    struct listing *listing = arena_new(arena, struct listing);

    *listing = (struct listing){.state = state, .why = why};
    return listing;
}

static bool list_ids(struct looking *look, const struct str *ids, size_t n,
                     struct listing *listings, struct err *err)
{
    struct err why = {0};

    if (n == 0 ||
        identity_list_members(look->store->identity, ids, n, look->arena, listings, NULL, &why))
        return true;
    return give_up(look->store, "the members in Identity Center were not read", &why, err);
}

/* The group that was pinned may be gone and another one of its name be there: looked up once. */
static bool find_again(struct looking *look, struct listing *listings, struct store_group **of,
                       size_t n, struct err *err)
{
    for (size_t i = 0; i < n && look->store->ok; i++) {
        struct err why = {0};
        if (listings[i].state != LISTING_ABSENT || of[i]->direct)
            continue;
        if (!identity_find_groups(look->store->identity, &of[i]->okta->name, 1, look->arena,
                                  &of[i]->group, &why))
            return give_up(look->store, "the groups of Identity Center were not found", &why, err);
        if (!judge_group(look, of[i], err) ||
            (of[i]->group.answer == IDENTITY_FOUND &&
             !list_ids(look, &of[i]->group.id, 1, &listings[i], err)))
            return false;
    }
    return true;
}

/* A listing with people in it whom nobody could name says nothing: they may be anybody. */
static void name_members(struct seen_store *store, struct listing *listing, struct arena *arena)
{
    size_t unknown = 0;

    for (size_t i = 0; i < listing->n; i++)
        unknown += !map_has(&store->by_user, listing->members[i].id);
    if (unknown > 0 && listing_is_sealed(listing)) {
        listing->state = LISTING_UNKNOWN;
        listing->why =
            arena_printf(arena, "who %zu of its members are is not known yet%s%.*s", unknown,
                         store->users_why.len > 0 ? ": " : "", STR_ARG(store->users_why));
    }
    store_to_people(store, listing, arena);
}

static void note_unread(struct seen_store *store)
{
    for (size_t i = 0; i < store->n_groups; i++) {
        const struct store_group *group = &store->groups[i];
        if (group->listing->state != LISTING_UNKNOWN)
            continue;
        store->unreadable = true;
        store->why = arena_printf(store->arena,
                                  "the members of %.*s in Identity Center could not be read: %.*s",
                                  STR_ARG(group->okta->name), STR_ARG(group->listing->why));
    }
}

static bool list_groups(struct looking *look, const struct roll *roll, struct err *err)
{
    struct seen_store *store = look->store;
    struct str *ids = arena_array(look->arena, struct str, store->n_groups);
    struct store_group **of = arena_array(look->arena, struct store_group *, store->n_groups);
    struct listing *listings = arena_array(look->arena, struct listing, store->n_groups);
    size_t n = 0;

    for (size_t i = 0; i < store->n_groups; i++) {
        struct store_group *group = &store->groups[i];
        enum listing_state is =
            group->group.answer == IDENTITY_NONE ? LISTING_ABSENT : LISTING_UNKNOWN;
        group->listing = unlisted(is, group->why, look->arena);
        if (group->group.answer == IDENTITY_FOUND && store->ok) {
            of[n] = group;
            ids[n++] = group->group.id;
        }
    }
    if (!list_ids(look, ids, n, listings, err) ||
        (store->ok && !find_again(look, listings, of, n, err)))
        return false;
    if (!store->ok)
        return true;
    if (!observe_users(look->world, roll, look->groups, listings, n, store, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        name_members(store, &listings[i], look->arena);
        of[i]->listing = &listings[i];
    }
    note_unread(store);
    /* A refused read leaves nothing that was read before it (contracts/aws.md 3.6). */
    struct str denied = identity_denied(store->identity);
    if (denied.len > 0) {
        store->ok = false;
        store->unreadable = true;
        store->why = arena_str(store->arena, denied);
        for (size_t i = 0; i < n; i++)
            of[i]->listing = unlisted(LISTING_UNKNOWN, store->why, look->arena);
    }
    return true;
}

/* Once a day, with the look at all users, groups are looked up by name as well. */
static bool is_day_over(const struct looking *look, bool *out, struct err *err)
{
    struct str text;
    int64_t at;

    if (!ledger_meta_get(look->world->ledger, STORE_USERS_LISTED_AT, look->arena, &text, err))
        return false;
    *out = !str_to_i64(text, &at) || clock_now(look->world->clock) - at >= TIME_DAY;
    return true;
}

static bool is_wanted(const struct world *world)
{
    const struct policy *policy = &world->settings->policy;

    for (size_t i = 0; i < policy->n_entitlements; i++) {
        if (policy->entitlements[i].provisioning != PROVISIONING_NONE)
            return world->identity != NULL;
    }
    return false;
}

bool observe_store(const struct world *world, const struct roll *roll,
                   const struct seen_groups *groups, const struct actor *actor,
                   struct seen_store *out, struct err *err)
{
    struct looking look = {.world = world,
                           .actor = actor,
                           .store = out,
                           .groups = groups,
                           .arena = roll->arena,
                           .dry = roll->dry};

    *out = (struct seen_store){
        .wanted = is_wanted(world), .identity = world->identity, .arena = roll->arena};
    if (!out->wanted)
        return true;
    world_progress(world, "looking at Identity Center", 0, 0);
    http_new_run(world->aws_http);
    collect_groups(&look);
    if (!ledger_load_acks(world->ledger, look.arena, &look.acks, &look.n_acks, err) ||
        !ledger_load_pins(world->ledger, look.arena, &look.pins, &look.n_pins, err) ||
        !is_day_over(&look, &look.names_too, err) || !read_instance(&look, err) ||
        (out->ok && !find_groups(&look, err)))
        return false;
    return list_groups(&look, roll, err);
}

const struct store_group *store_group_of(const struct seen_store *store, struct str entitlement,
                                         struct str plan)
{
    for (size_t i = 0; i < store->n_groups; i++) {
        const struct seen_group *okta = store->groups[i].okta;
        if (str_eq(okta->ent->name, entitlement) && str_eq(okta->plan, plan))
            return &store->groups[i];
    }
    return NULL;
}

static int by_accepted(const void *a, const void *b)
{
    return str_cmp(((const struct accepted *)a)->person, ((const struct accepted *)b)->person);
}

/* Whom the ledger accepted as nobody it knew may have got a name in this run. */
static void name_accepted(const struct seen_store *store, struct baseline *baseline)
{
    struct accepted *people = arena_array(store->arena, struct accepted, baseline->n);
    struct str prefix = STR("idc:");
    size_t n = 0;

    for (size_t i = 0; i < baseline->n; i++) {
        people[i] = baseline->people[i];
        if (str_starts(people[i].person, prefix)) {
            people[i].person =
                store_person(store, str_sub(people[i].person, prefix.len, people[i].person.len));
        }
    }
    if (baseline->n > 1)
        qsort(people, baseline->n, sizeof(*people), by_accepted);
    for (size_t i = 0; i < baseline->n; i++) {
        if (n == 0 || !str_eq(people[n - 1].person, people[i].person)) {
            people[n++] = people[i];
        } else if (people[i].owned && !people[n - 1].owned) {
            people[n - 1] = people[i];
        }
    }
    baseline->people = people;
    baseline->n = n;
}

bool observe_direct_groups(const struct seen_store *store, struct ledger *ledger,
                           struct seen_groups *groups, struct err *err)
{
    struct seen_group *all =
        arena_array(store->arena, struct seen_group, groups->n + store->n_groups);
    size_t n = groups->n;

    memcpy(all, groups->items, n * sizeof(*all));
    for (size_t i = 0; i < store->n_groups; i++) {
        const struct store_group *group = &store->groups[i];
        if (!group->direct)
            continue;
        struct seen_group *seen = &all[n++];
        *seen = (struct seen_group){
            .role = PIN_STORE,
            .ent = group->okta->ent,
            .plan = group->okta->plan,
            .ref = group->okta->name,
            .id = group->group.id,
            .name = group->okta->name,
            .pin_ok = group->pin_ok && store->ok && store->instance.writable,
            .pin_why = group->why.len > 0   ? group->why
                       : store->why.len > 0 ? store->why
                                            : store->instance.why,
            .pin_subject = group->subject,
            .first_seen_ms = group->pinned_at,
            .listing = group->listing,
            .baseline = {.group = group->group.id},
        };
        if (seen->id.len > 0 &&
            !ledger_load_baseline(ledger, seen->id, store->arena, &seen->baseline, err))
            return false;
        name_accepted(store, &seen->baseline);
    }
    *groups = (struct seen_groups){all, n};
    return true;
}

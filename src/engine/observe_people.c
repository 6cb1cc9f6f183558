#include "base/vec.h"
#include "engine/observe.h"
#include "ledger/ledger_person.h"

/* People the settings name, and the protected set. */

/* A name in the settings is pinned to whoever bore it at first sight: labels may be given to
 * others. */
static const char *pin_key(struct str login, struct arena *arena)
{
    return arena_printf(arena, "who:%.*s", STR_ARG(login)).ptr;
}

bool observe_named_person(struct roll *roll, struct str login, const struct actor *actor,
                          enum okta_answer *answer, struct str *id, struct err *err)
{
    const char *key = pin_key(login, roll->arena);
    struct okta_user user;

    *answer = OKTA_FOUND;
    if (!ledger_meta_get(roll->world->ledger, key, roll->arena, id, err))
        return false;
    if (id->len > 0)
        return true;
    if (!roll_find_logins(roll, &login, 1, &user, err))
        return false;
    *answer = user.answer;
    if (user.answer != OKTA_FOUND)
        return true;
    *id = user.person.id;
    return roll->dry || ledger_meta_set(roll->world->ledger, actor, key, *id, err);
}

static void doubt(struct facts *facts, struct arena *arena, const char *what, struct str name,
                  struct str why)
{
    facts->protected_sealed = false;
    if (facts->protected_why.len == 0) {
        facts->protected_why = arena_printf(arena, "the protected %s `%.*s` is not known%s%.*s",
                                            what, STR_ARG(name), why.len ? ": " : "", STR_ARG(why));
    }
}

static void protect(struct roll *roll, struct str id)
{
    struct person_facts *facts = roll_get(roll, id);

    if (facts)
        facts->is_protected = true;
}

static void protect_group(struct roll *roll, const struct seen_groups *groups, struct str name,
                          struct facts *facts)
{
    const struct seen_group *group = seen_group_named(groups, name);

    if (!group || !group->pin_ok || !listing_is_sealed(group->listing)) {
        struct str why = !group           ? (struct str){0}
                         : !group->pin_ok ? group->pin_why
                                          : group->listing->why;
        doubt(facts, roll->arena, "group", name, why);
        return;
    }
    for (size_t i = 0; i < group->listing->n; i++)
        protect(roll, group->listing->members[i].id);
}

bool observe_protected(struct roll *roll, const struct seen_groups *groups,
                       const struct actor *actor, struct facts *facts, struct err *err)
{
    const struct safety *safety = &roll->world->settings->policy.safety;

    facts->protected_sealed = true;
    facts->protected_why = (struct str){0};
    for (size_t i = 0; i < safety->n_protect; i++) {
        const struct who *who = &safety->protect[i];
        if (who->okta_group.len > 0) {
            protect_group(roll, groups, who->okta_group, facts);
            continue;
        }
        enum okta_answer answer;
        struct str id;
        if (!observe_named_person(roll, who->login, actor, &answer, &id, err))
            return false;
        if (id.len == 0) {
            doubt(facts, roll->arena, "person", who->login, STR("Okta does not know the login"));
            continue;
        }
        protect(roll, id);
    }
    return true;
}

static bool note_ineligible(struct roll *roll, struct person_facts *who, int64_t since,
                            struct err *err)
{
    who->ineligible_since_ms = since;
    return roll->dry || ledger_note_ineligible(roll->world->ledger, who->person.id, since, err);
}

/* What the rules say of every holder, as far as it is known: ids, each once. */
static void judge_holders(const struct roll *roll, const struct facts *facts,
                          const struct grant *grants, size_t n, enum eligible_answer wanted,
                          struct map *out)
{
    const struct policy *policy = &roll->world->settings->policy;

    for (size_t i = 0; i < n; i++) {
        const struct entitlement *ent = policy_entitlement(policy, grants[i].entitlement);
        struct person_facts *who = roll_get(roll, grants[i].person);
        if (ent && who && who->person.status != USER_UNKNOWN &&
            grant_is_live(&grants[i], roll->now_ms) &&
            eligible_check(ent, &who->person, &facts->groups, roll->arena).answer == wanted)
            map_put(out, roll->arena, who->person.id, who);
    }
}

bool observe_eligibility(struct roll *roll, const struct facts *facts, const struct grant *grants,
                         size_t n_grants, struct err *err)
{
    struct map suspects = {0}, failing = {0}, passing = {0}, found = {0};

    /* A listing shows no profile and the stored one may be old: before somebody counts as not
     * eligible they are read anew. */
    judge_holders(roll, facts, grants, n_grants, ELIGIBLE_NO, &suspects);
    struct str *ids = arena_array(roll->arena, struct str, suspects.n);
    for (size_t i = 0; i < suspects.n; i++)
        ids[i] = suspects.entries[i].key;
    if (!roll_read_anew(roll, ids, suspects.n, &found, err))
        return false;
    judge_holders(roll, facts, grants, n_grants, ELIGIBLE_NO, &failing);
    judge_holders(roll, facts, grants, n_grants, ELIGIBLE_YES, &passing);
    for (size_t i = 0; i < failing.n; i++) {
        struct person_facts *who = failing.entries[i].value;
        if (who->ineligible_since_ms == 0 && map_has(&found, who->person.id) &&
            !note_ineligible(roll, who, roll->now_ms, err))
            return false;
    }
    for (size_t i = 0; i < passing.n; i++) {
        struct person_facts *who = passing.entries[i].value;
        if (who->ineligible_since_ms != 0 && !map_has(&failing, who->person.id) &&
            !note_ineligible(roll, who, 0, err))
            return false;
    }
    return true;
}

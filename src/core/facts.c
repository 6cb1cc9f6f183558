#include "core/facts.h"

#include <stdlib.h>

static int compare_person(const void *key, const void *item)
{
    const struct str *id = key;
    const struct person_facts *facts = item;

    return str_cmp(*id, facts->person.id);
}

const struct person_facts *facts_find(const struct facts *facts, struct str person)
{
    if (facts->n == 0)
        return NULL;
    return bsearch(&person, facts->people, facts->n, sizeof(facts->people[0]), compare_person);
}

/* A time of 0 is not known, and what is not known has not run its course. */
static bool has_passed(int64_t since_ms, int64_t grace_ms, int64_t t)
{
    return since_ms > 0 && grace_ms != POLICY_OFF && t - since_ms >= grace_ms;
}

bool facts_inactive_ends(const struct entitlement *ent, const struct person_facts *person,
                         int64_t t)
{
    if (!person)
        return false;
    switch (person->person.status) {
    case USER_DEPROVISIONED:
        return person->inactive_twice &&
               has_passed(person->inactive_since_ms, ent->inactive_deprovisioned_ms, t);
    case USER_SUSPENDED:
        return person->inactive_twice &&
               has_passed(person->inactive_since_ms, ent->inactive_suspended_ms, t);
    case USER_GONE: return person->gone_proved;
    case USER_UNKNOWN:
    case USER_STAGED:
    case USER_PROVISIONED:
    case USER_ACTIVE:
    case USER_RECOVERY:
    case USER_PASSWORD_EXPIRED:
    case USER_LOCKED_OUT: break;
    }
    return false;
}

bool facts_ineligible_ends(const struct entitlement *ent, const struct person_facts *person,
                           const struct facts *facts, int64_t t, struct arena *arena)
{
    if (!person || !ent->on_ineligible_end ||
        !has_passed(person->ineligible_since_ms, ent->grace_inferred_ms, t))
        return false;
    /* The time is of any entitlement held; only the answer of now says that it is this one. */
    return eligible_check(ent, &person->person, &facts->groups, arena).answer == ELIGIBLE_NO;
}

#include "engine/approvers.h"

#include "base/vec.h"

typedef VEC_OF(struct str) id_vec;

/* An inactive approver is skipped; one that could not be read leaves the set unknown. */
static bool add_active(struct roll *roll, id_vec *ids, struct str id, struct approvers *set,
                       struct err *err)
{
    if (!roll_look_up(roll, &id, 1, err))
        return false;
    const struct person_facts *facts = roll_get(roll, id);
    if (!facts || facts->person.status == USER_UNKNOWN) {
        set->is_known = false;
    } else if (user_status_is_usable(facts->person.status)) {
        VEC_PUSH(roll->arena, ids, id);
    }
    return true;
}

static bool add_group(const struct approver_query *query, id_vec *ids, struct str name,
                      struct approvers *set)
{
    const struct seen_group *group = seen_group_named(query->groups, name);

    if (!group || !group->pin_ok || !listing_is_sealed(group->listing)) {
        set->is_known = false;
        return true;
    }
    for (size_t i = 0; i < group->listing->n; i++) {
        if (user_status_is_usable(group->listing->members[i].status))
            VEC_PUSH(query->roll->arena, ids, group->listing->members[i].id);
    }
    return true;
}

static bool add_who(const struct approver_query *query, id_vec *ids, const struct who *who,
                    struct approvers *set, struct err *err)
{
    enum okta_answer answer;
    struct str id;

    if (who->okta_group.len > 0)
        return add_group(query, ids, who->okta_group, set);
    if (!observe_named_person(query->roll, who->login, query->actor, &answer, &id, err))
        return false;
    if (id.len > 0)
        return add_active(query->roll, ids, id, set, err);
    if (answer != OKTA_NONE && answer != OKTA_AMBIGUOUS)
        set->is_known = false;
    return true;
}

/* What a manager attribute holds differs by org: an Okta id, or a login. Anything that does not
 * lead to exactly one person is nobody (contracts/okta.md 13). */
static bool find_manager(struct roll *roll, const struct person *person, struct str *id,
                         bool *known, struct err *err)
{
    struct str value = person_profile(person, roll->world->settings->policy.manager_attribute);
    struct okta_user user;

    *id = (struct str){0};
    *known = true;
    if (value.len == 0)
        return true;
    if (roll_get(roll, value)) {
        *id = value;
        return true;
    }
    if (!str_has(value, '@')) {
        if (!roll_look_up(roll, &value, 1, err))
            return false;
        const struct person_facts *facts = roll_get(roll, value);
        *known = facts != NULL;
        if (facts && facts->person.status != USER_GONE)
            *id = value;
        return true;
    }
    if (!roll_find_logins(roll, &value, 1, &user, err))
        return false;
    *known = user.answer == OKTA_FOUND || user.answer == OKTA_NONE || user.answer == OKTA_AMBIGUOUS;
    if (user.answer == OKTA_FOUND)
        *id = user.person.id;
    return true;
}

static bool add_manager(const struct approver_query *query, id_vec *ids, struct approvers *set,
                        struct err *err)
{
    struct str id;
    bool known;

    if (!find_manager(query->roll, query->facts->person, &id, &known, err))
        return false;
    if (!known)
        set->is_known = false;
    return id.len == 0 || add_active(query->roll, ids, id, set, err);
}

static void finish(const struct approver_query *query, id_vec *ids, struct approvers *set,
                   const char *what)
{
    size_t kept = 0;

    if (ids->n > 0)
        ids->n = str_sort_unique(ids->items, ids->n);
    size_t all = ids->n;
    for (size_t i = 0; i < ids->n; i++) {
        if (!str_eq(ids->items[i], query->facts->person->id) &&
            !str_eq(ids->items[i], query->facts->request->requester))
            ids->items[kept++] = ids->items[i];
    }
    set->ids = ids->items;
    set->n = kept;
    if (kept == 0) {
        set->why_none = arena_printf(query->roll->arena, "%s: %s", what,
                                     all > 0 ? "nobody but the asker is left to decide"
                                             : "there is no active person to ask");
    }
}

bool find_approvers(const struct approver_query *query, struct approvers *approvers,
                    struct approvers *fallback, struct err *err)
{
    const struct entitlement *ent = query->facts->ent;
    enum approval_kind kind = intake_approval_needed(query->facts, query->roll->arena);
    id_vec first = {0}, second = {0};

    *approvers = *fallback = (struct approvers){.is_known = true};
    for (size_t i = 0; kind == APPROVAL_APPROVERS && i < ent->n_approvers; i++) {
        if (!add_who(query, &first, &ent->approvers[i], approvers, err))
            return false;
    }
    if (kind == APPROVAL_MANAGER && !add_manager(query, &first, approvers, err))
        return false;
    if (kind != APPROVAL_NONE && ent->fallback.after_ms != POLICY_OFF &&
        !add_who(query, &second, &ent->fallback.to, fallback, err))
        return false;
    finish(query, &first, approvers, kind == APPROVAL_MANAGER ? "manager" : "approvers");
    finish(query, &second, fallback, "fallback");
    return true;
}

bool find_owner(struct roll *roll, const struct person *person, struct str *owner, struct err *err)
{
    bool known;

    return find_manager(roll, person, owner, &known, err);
}

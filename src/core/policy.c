#include "core/policy.h"

#include "base/attr.h"

/* The words of the settings file. */
static const char *const mode_names[] = {
    [MODE_OBSERVE] = "observe", [MODE_ADD] = "add", [MODE_ENFORCE] = "enforce"};
static const char *const approval_names[] = {
    [APPROVAL_NONE] = "none", [APPROVAL_APPROVERS] = "approvers", [APPROVAL_MANAGER] = "manager"};

const char *mode_name(enum mode mode)
{
    return (size_t)mode < ARRAY_LEN(mode_names) ? mode_names[mode] : "unknown";
}

const char *approval_kind_name(enum approval_kind kind)
{
    return (size_t)kind < ARRAY_LEN(approval_names) ? approval_names[kind] : "unknown";
}

const struct entitlement *policy_entitlement(const struct policy *policy, struct str name)
{
    for (size_t i = 0; i < policy->n_entitlements; i++) {
        if (str_eq(policy->entitlements[i].name, name))
            return &policy->entitlements[i];
    }
    return NULL;
}

const struct plan_rule *entitlement_plan(const struct entitlement *ent, struct str plan)
{
    for (size_t i = 0; i < ent->n_plans; i++) {
        if (str_eq(ent->plans[i].plan, plan))
            return &ent->plans[i];
    }
    return NULL;
}

static bool answers_to(const struct entitlement *ent, struct str words)
{
    if (str_ieq(ent->name, words))
        return true;
    for (size_t i = 0; i < ent->n_ask_for; i++) {
        if (str_ieq(ent->ask_for[i], words))
            return true;
    }
    return false;
}

const struct entitlement *policy_asked_for(const struct policy *policy, struct str words)
{
    const struct entitlement *found = NULL;
    struct str asked = str_trim(words);

    for (size_t i = 0; i < policy->n_entitlements; i++) {
        if (!answers_to(&policy->entitlements[i], asked))
            continue;
        if (found)
            return NULL;
        found = &policy->entitlements[i];
    }
    return found;
}

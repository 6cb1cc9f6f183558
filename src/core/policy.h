#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/catalogue.h"
#include "core/model.h"

/*
 * The rules as data: what the settings say about access, in the words of the settings file. Spans
 * in milliseconds. Made by settings/, read by everybody, changed by nobody.
 */

#define POLICY_OFF ((int64_t)-1) /* a span that is switched off */

enum mode { MODE_OBSERVE, MODE_ADD, MODE_ENFORCE };
enum approval_kind { APPROVAL_NONE, APPROVAL_APPROVERS, APPROVAL_MANAGER };
enum provisioning { PROVISIONING_SCIM, PROVISIONING_DIRECT, PROVISIONING_NONE };

const char *mode_name(enum mode mode);
const char *approval_kind_name(enum approval_kind kind);

struct plan_rule {
    struct str plan;
    struct str okta_group; /* by name, or empty when given by id */
    struct str okta_group_id;
    enum approval_kind approval;
};

struct eligible_rule {
    const struct str *domains; /* of the login; none: any */
    size_t n_domains;
    const struct str *okta_groups; /* by name; must be in all of them */
    size_t n_okta_groups;
    const struct profile_value *profile; /* all must match exactly */
    size_t n_profile;
};

struct approval_fallback {
    int64_t after_ms; /* POLICY_OFF: none */
    struct who to;
};

struct entitlement {
    struct str name, title;
    const struct str *ask_for;
    size_t n_ask_for;
    enum mode mode;
    enum provisioning provisioning;
    struct str default_plan;
    const struct plan_rule *plans;
    size_t n_plans;
    struct str assignment_group; /* by name; empty: none */
    bool assignment_leave;

    const struct who *approvers;
    size_t n_approvers;
    int64_t approval_expires_ms;
    struct approval_fallback fallback;
    bool has_renewal_approval;
    enum approval_kind renewal_approval; /* else as the plan's */

    struct eligible_rule eligible;
    bool on_ineligible_end; /* else reported */
    int64_t default_duration_ms, max_duration_ms;
    const int64_t *notify_before_ms;
    size_t n_notify_before;

    int64_t max_seats;              /* -1: no limit */
    int64_t max_monthly_cost_minor; /* -1: no limit */
    bool unmanaged_remove;          /* else reported */
    bool removed_outside_restore;   /* else held */
    int64_t removals_per_run, removals_per_day, removals_per_week;
    int64_t removals_percent; /* of owned seats, per run; twice that a day, four times a week */
    int64_t shrink_percent;
    int64_t adds_per_run;
    int64_t grace_inferred_ms, grace_asked_ms;
    int64_t inactive_deprovisioned_ms, inactive_suspended_ms; /* POLICY_OFF: kept */
    int64_t okta_deadline_ms; /* of the first hop; 0: twice the schedule's interval */
    int64_t user_deadline_ms, pushed_deadline_ms, seat_deadline_ms; /* of the next three hops */
    int64_t unused_after_ms; /* from when on a seat that nobody uses counts as unused; POLICY_OFF */
    bool reclaim_ask;        /* its holder is asked then; else it is only reported */
};

struct safety {
    int64_t removals_per_run, removals_per_day, removals_per_week; /* over all entitlements */
    int64_t clock_tolerance_ms;
    const struct who *protect;
    size_t n_protect;
};

struct roles {
    struct who admin, decide, read; /* empty who: nobody but through the command line's owner */
};

/* What money is shown in besides the catalogue's currency; nothing is decided by it. */
struct show_in {
    struct str currency;     /* ISO 4217; empty: nothing else */
    int64_t rate_millionths; /* of this currency's main unit for one of the catalogue's */
};

struct policy {
    struct str name; /* the environment: prod, staging */
    struct catalogue catalogue;
    struct show_in show_in;
    struct safety safety;
    struct roles roles;
    const struct entitlement *entitlements; /* in the order of the file */
    size_t n_entitlements;
    const struct str *person_fields; /* profile members kept with each grant */
    size_t n_person_fields;
    struct str manager_attribute;
    int64_t every_ms;  /* the schedule's interval */
    struct str digest; /* SHA-256, hex, of everything here that decides access */
};

/* NULL when unknown. */
const struct entitlement *policy_entitlement(const struct policy *policy, struct str name);
const struct plan_rule *entitlement_plan(const struct entitlement *ent, struct str plan);
/* By name or by one of `ask_for`; NULL when unknown or ambiguous. */
const struct entitlement *policy_asked_for(const struct policy *policy, struct str words);

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "sim/sim_state.h"

#define MAX_EXCLUDED 100 /* of one rule */

/* `user.department=="Sales"` joined by AND, and or &&. Real rules can say much more; what this
 * cloud cannot evaluate it does not take. */

static bool take(struct str *rest, struct str word)
{
    *rest = str_trim(*rest);
    if (!str_starts(*rest, word))
        return false;
    *rest = str_sub(*rest, word.len, rest->len);
    return true;
}

static bool take_condition(struct str *rest, struct profile_value *out)
{
    size_t n = 0;

    if (!take(rest, STR("user.")))
        return false;
    while (n < rest->len && rest->ptr[n] != '=' && rest->ptr[n] != ' ')
        n++;
    out->name = str_sub(*rest, 0, n);
    *rest = str_sub(*rest, n, rest->len);
    if (n == 0 || !take(rest, STR("==")) || !take(rest, STR("\"")))
        return false;
    if (!str_has(*rest, '"'))
        return false;
    out->value = str_cut(rest, '"');
    return true;
}

static bool take_and(struct str *rest)
{
    return take(rest, STR("AND ")) || take(rest, STR("and ")) || take(rest, STR("&&"));
}

bool sim_rule_parse(struct sim *sim, struct str expression, struct sim_rule *rule, struct err *err)
{
    VEC_OF(struct profile_value) conditions = {0};
    struct str rest = sim_keep(sim, str_trim(expression));

    rule->expression = rest;
    do {
        struct profile_value condition = {0};

        if (!take_condition(&rest, &condition)) {
            return err_set(err, ERR_USAGE,
                           "the rule `%.*s` cannot be played: only user.ATTRIBUTE==\"VALUE\", "
                           "joined by AND",
                           STR_ARG(expression));
        }
        VEC_PUSH(&sim->org, &conditions, condition);
    } while (take_and(&rest));
    if (str_trim(rest).len > 0) {
        return err_set(err, ERR_USAGE, "the rule `%.*s` cannot be played: `%.*s` is left over",
                       STR_ARG(expression), STR_ARG(rest));
    }
    rule->conditions = conditions.items;
    rule->n_conditions = conditions.n;
    return true;
}

bool sim_rule_targets(const struct sim_rule *rule, uint32_t group)
{
    for (size_t i = 0; i < rule->n_groups; i++) {
        if (rule->groups[i] == group)
            return true;
    }
    return false;
}

static bool is_excluded(const struct sim_rule *rule, uint32_t person)
{
    for (size_t i = 0; i < rule->n_exclude; i++) {
        if (rule->exclude[i] == person)
            return true;
    }
    return false;
}

static bool matches(const struct sim *sim, const struct sim_rule *rule, uint32_t person)
{
    const struct sim_person *who = sim_person(sim, person);

    if (who->is_deleted || !user_status_is_usable((enum user_status)who->status) ||
        is_excluded(rule, person))
        return false;
    for (size_t i = 0; i < rule->n_conditions; i++) {
        if (!str_eq(sim_person_value(sim, who, rule->conditions[i].name),
                    rule->conditions[i].value))
            return false;
    }
    return true;
}

/* Does any active rule want him in that group? */
static bool is_wanted(const struct sim *sim, uint32_t group, uint32_t person)
{
    for (size_t i = 0; i < sim->n_rules; i++) {
        const struct sim_rule *rule = &sim->rules[i];

        if (!rule->is_deleted && str_is(rule->status, "ACTIVE") && sim_rule_targets(rule, group) &&
            matches(sim, rule, person))
            return true;
    }
    return false;
}

static void apply_in(struct sim *sim, uint32_t group, uint32_t person)
{
    bool by_rule = false;
    bool is_in = sim_is_member(sim, sim_group(sim, group), person, &by_rule);
    bool is_wanted_in = is_wanted(sim, group, person);

    if (sim_group(sim, group)->is_deleted)
        return;
    if (is_wanted_in && !is_in) {
        sim_member_add(sim, group, person, true, sim_actor_system(sim));
    } else if (!is_wanted_in && is_in && by_rule) {
        sim_member_remove(sim, group, person, sim_actor_system(sim));
    }
}

void sim_rules_apply(struct sim *sim, uint32_t person)
{
    for (size_t i = 0; i < sim->n_rules; i++) {
        const struct sim_rule *rule = &sim->rules[i];

        if (rule->is_deleted || !str_is(rule->status, "ACTIVE"))
            continue;
        for (size_t g = 0; g < rule->n_groups; g++)
            apply_in(sim, rule->groups[g], person);
    }
}

static void apply_rule(struct sim *sim, const struct sim_rule *rule)
{
    if (!str_is(rule->status, "ACTIVE"))
        return;
    for (uint32_t person = 0; person < sim->n_people; person++) {
        if (sim_person(sim, person)->is_deleted)
            continue;
        for (size_t g = 0; g < rule->n_groups; g++)
            apply_in(sim, rule->groups[g], person);
    }
}

uint32_t sim_rule_add(struct sim *sim, const struct sim_rule *rule)
{
    if (sim->n_rules == sim->cap_rules) {
        sim->cap_rules = sim->cap_rules > 0 ? sim->cap_rules * 2 : 8;
        sim->rules = realloc(sim->rules, sim->cap_rules * sizeof(*sim->rules));
        if (!sim->rules)
            abort();
    }

    struct sim_rule *kept = &sim->rules[sim->n_rules++];
    *kept = *rule;
    sim_make_id(sim, "0pr", kept->id);
    kept->exclude = NULL;
    kept->n_exclude = 0;
    for (size_t i = 0; i < rule->n_exclude; i++) {
        for (size_t g = 0; g < rule->n_groups; g++)
            sim_rules_exclude(sim, rule->groups[g], rule->exclude[i]);
    }
    apply_rule(sim, kept);
    return (uint32_t)(sim->n_rules - 1);
}

void sim_rule_status(struct sim *sim, uint32_t number, struct str status)
{
    struct sim_rule *rule = &sim->rules[number];

    rule->status = sim_keep(sim, status);
    apply_rule(sim, rule);
}

void sim_rules_exclude(struct sim *sim, uint32_t group, uint32_t person)
{
    for (size_t i = 0; i < sim->n_rules; i++) {
        struct sim_rule *rule = &sim->rules[i];

        if (rule->is_deleted || !str_is(rule->status, "ACTIVE") || !sim_rule_targets(rule, group) ||
            is_excluded(rule, person) || rule->n_exclude == MAX_EXCLUDED)
            continue;
        if (!rule->exclude) {
            rule->exclude = calloc(MAX_EXCLUDED, sizeof(*rule->exclude));
            if (!rule->exclude)
                abort();
        }
        rule->exclude[rule->n_exclude++] = person;
        sim_log(sim, "group.user_membership.rule.add_exclusion", sim_actor_system(sim), person,
                group);
    }
}

uint32_t sim_find_rule(const struct sim *sim, struct str name_or_id)
{
    for (uint32_t i = 0; i < sim->n_rules; i++) {
        const struct sim_rule *rule = &sim->rules[i];

        if (!rule->is_deleted && (str_eq(rule->name, name_or_id) ||
                                  str_eq((struct str){rule->id, SIM_ID_LEN}, name_or_id)))
            return i;
    }
    return SIM_NOBODY;
}

struct sim_app *sim_app_add(struct sim *sim, struct str name, struct str label)
{
    if (sim->n_apps == sim->cap_apps) {
        sim->cap_apps = sim->cap_apps > 0 ? sim->cap_apps * 2 : 8;
        sim->apps = realloc(sim->apps, sim->cap_apps * sizeof(*sim->apps));
        if (!sim->apps)
            abort();
    }

    struct sim_app *app = &sim->apps[sim->n_apps++];
    *app = (struct sim_app){.name = sim_keep(sim, name), .label = sim_keep(sim, label)};
    sim_make_id(sim, "0oa", app->id);
    return app;
}

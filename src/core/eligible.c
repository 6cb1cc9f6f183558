#include "core/eligible.h"

#include "base/utf8.h"

const struct named_group *named_group_find(const struct named_groups *groups, struct str name)
{
    for (size_t i = 0; i < groups->n; i++) {
        if (str_eq(groups->items[i].name, name))
            return &groups->items[i];
    }
    return NULL;
}

/* The answers of several rules at once: the first known NO stands, else the first doubt. */
static void weigh(struct eligible *sum, enum eligible_answer answer, struct str why)
{
    if (answer == ELIGIBLE_YES || sum->answer == ELIGIBLE_NO)
        return;
    if (answer == ELIGIBLE_UNKNOWN && sum->answer == ELIGIBLE_UNKNOWN)
        return;
    *sum = (struct eligible){answer, why};
}

static struct str join(const struct str *words, size_t n, struct arena *arena)
{
    struct str out = {0};

    for (size_t i = 0; i < n; i++) {
        out =
            i == 0 ? words[i] : arena_printf(arena, "%.*s, %.*s", STR_ARG(out), STR_ARG(words[i]));
    }
    return out;
}

static struct str domain_of(struct str login)
{
    for (size_t i = login.len; i > 0; i--) {
        if (login.ptr[i - 1] == '@')
            return str_sub(login, i, login.len);
    }
    return (struct str){0};
}

static void check_domain(const struct eligible_rule *rule, const struct person *person,
                         struct eligible *sum, struct arena *arena)
{
    struct str domain = domain_of(person->login);

    if (rule->n_domains == 0)
        return;
    for (size_t i = 0; i < rule->n_domains; i++) {
        if (domain.len > 0 && str_ieq(rule->domains[i], domain))
            return;
    }
    weigh(sum, ELIGIBLE_NO,
          arena_printf(arena, "the login is not in one of the domains allowed (%.*s)",
                       STR_ARG(join(rule->domains, rule->n_domains, arena))));
}

static void check_profile(const struct eligible_rule *rule, const struct person *person,
                          struct eligible *sum, struct arena *arena)
{
    for (size_t i = 0; i < rule->n_profile; i++) {
        const struct profile_value *wanted = &rule->profile[i];

        if (!str_eq(person_profile(person, wanted->name), wanted->value)) {
            weigh(sum, ELIGIBLE_NO,
                  arena_printf(arena, "the profile's %.*s is not %.*s", STR_ARG(wanted->name),
                               STR_ARG(wanted->value)));
        }
    }
}

static void check_group(struct str name, const struct person *person,
                        const struct named_groups *groups, struct eligible *sum,
                        struct arena *arena)
{
    const struct named_group *group = named_group_find(groups, name);

    /* A group that is gone, cut off or never listed is unknown, never empty. */
    if (!group || !group->listing || !listing_is_sealed(group->listing)) {
        weigh(sum, ELIGIBLE_UNKNOWN,
              arena_printf(arena, "the Okta group %.*s could not be read", STR_ARG(name)));
    } else if (!listing_find(group->listing, person->id)) {
        weigh(sum, ELIGIBLE_NO,
              arena_printf(arena, "not a member of the Okta group %.*s", STR_ARG(name)));
    }
}

struct eligible eligible_check(const struct entitlement *ent, const struct person *person,
                               const struct named_groups *groups, struct arena *arena)
{
    const struct eligible_rule *rule = &ent->eligible;
    struct eligible sum = {.answer = ELIGIBLE_YES};
    bool needs_profile = rule->n_domains > 0 || rule->n_profile > 0;

    if (rule->n_domains == 0 && rule->n_okta_groups == 0 && rule->n_profile == 0)
        return sum;
    if (!person || person->id.len == 0)
        return (struct eligible){ELIGIBLE_UNKNOWN, STR("the person could not be read from Okta")};

    /* Login and profile in the ledger may be old: only what this run read counts. */
    if (person->status == USER_UNKNOWN || person->status == USER_GONE) {
        if (needs_profile)
            weigh(&sum, ELIGIBLE_UNKNOWN, STR("the person could not be read from Okta"));
    } else {
        check_domain(rule, person, &sum, arena);
        check_profile(rule, person, &sum, arena);
    }
    for (size_t i = 0; i < rule->n_okta_groups; i++)
        check_group(rule->okta_groups[i], person, groups, &sum, arena);
    return sum;
}

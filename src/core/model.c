#include "core/model.h"

#include <stdlib.h>

#include "base/attr.h"

static const struct {
    const char *name;
    bool is_usable;
} statuses[] = {
    [USER_UNKNOWN] = {"UNKNOWN", false},
    [USER_STAGED] = {"STAGED", true},
    [USER_PROVISIONED] = {"PROVISIONED", true},
    [USER_ACTIVE] = {"ACTIVE", true},
    [USER_RECOVERY] = {"RECOVERY", true},
    [USER_PASSWORD_EXPIRED] = {"PASSWORD_EXPIRED", true},
    [USER_LOCKED_OUT] = {"LOCKED_OUT", true},
    [USER_SUSPENDED] = {"SUSPENDED", false},
    [USER_DEPROVISIONED] = {"DEPROVISIONED", false},
    [USER_GONE] = {"GONE", false},
};

enum user_status user_status_parse(struct str word)
{
    /* GONE is a conclusion of ours from 404s; a remote that says the word has said nothing. */
    for (size_t i = USER_STAGED; i < USER_GONE; i++) {
        if (str_is(word, statuses[i].name))
            return (enum user_status)i;
    }
    return USER_UNKNOWN;
}

const char *user_status_name(enum user_status status)
{
    size_t i = (size_t)status;

    return i < ARRAY_LEN(statuses) ? statuses[i].name : statuses[USER_UNKNOWN].name;
}

bool user_status_is_usable(enum user_status status)
{
    size_t i = (size_t)status;

    return i < ARRAY_LEN(statuses) && statuses[i].is_usable;
}

static int compare_name(const void *key, const void *item)
{
    const struct str *name = key;
    const struct profile_value *value = item;

    return str_cmp(*name, value->name);
}

struct str person_profile(const struct person *person, struct str name)
{
    const struct profile_value *found = NULL;

    if (person->n_profile > 0) {
        found = bsearch(&name, person->profile, person->n_profile, sizeof(person->profile[0]),
                        compare_name);
    }
    return found ? found->value : (struct str){0};
}

bool people_has(const struct people *people, struct str id)
{
    return str_in_sorted(people->ids, people->n, id);
}

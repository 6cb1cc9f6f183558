#include "base/attr.h"
#include "core/hop_cause_parts.h"

/* Why a hop is not there. What the remotes let us see, in order of certainty: what was read and
 * forbids the arrival comes before what only makes it unlikely. */

static const char *const names[HOP_CAUSE_COUNT] = {
    [HOP_CAUSE_NONE] = "none",
    [HOP_CAUSE_HELD] = "held",
    [HOP_CAUSE_UNREADABLE] = "unreadable",
    [HOP_CAUSE_INACTIVE] = "inactive",
    [HOP_CAUSE_NOT_ASSIGNED] = "not_assigned",
    [HOP_CAUSE_NAME_MISSING] = "name_missing",
    [HOP_CAUSE_BAD_CHARACTER] = "bad_character",
    [HOP_CAUSE_AMBIGUOUS] = "ambiguous",
    [HOP_CAUSE_DISABLED] = "disabled",
    [HOP_CAUSE_TOKEN_EXPIRED] = "token_expired",
    [HOP_CAUSE_SAME_GROUP] = "same_group",
    [HOP_CAUSE_NO_MAPPING] = "no_mapping",
    [HOP_CAUSE_MAPPING_INACTIVE] = "mapping_inactive",
    [HOP_CAUSE_MAPPING_ERROR] = "mapping_error",
    [HOP_CAUSE_PUSH_FAILED] = "push_failed",
    [HOP_CAUSE_GROUP_BY_HAND] = "group_by_hand",
    [HOP_CAUSE_NO_GROUP] = "no_group",
    [HOP_CAUSE_LOST] = "lost",
};

const char *hop_cause_name(enum hop_cause cause)
{
    return (size_t)cause < ARRAY_LEN(names) ? names[cause] : "invalid";
}

bool hop_cause_parse(struct str word, enum hop_cause *out)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_is(word, names[i])) {
            *out = (enum hop_cause)i;
            return true;
        }
    }
    return false;
}

/* ---- what the evidence shows ---- */

static bool is_inactive(const struct hop_evidence *ev)
{
    /* A word of Okta that we do not know argues for nothing. */
    return ev->person && ev->person->status != USER_UNKNOWN &&
           (ev->person->status == USER_STAGED || !user_status_is_usable(ev->person->status));
}

static bool is_not_assigned(const struct hop_evidence *ev)
{
    return ev->assigned == KNOWN_NO || (ev->ignored && ev->assigned != KNOWN_YES);
}

/* Assigned by now, but not when the group was pushed. */
static bool was_left_out(const struct hop_evidence *ev)
{
    return ev->ignored && ev->assigned == KNOWN_YES;
}

static bool is_disabled(const struct hop_evidence *ev)
{
    return ev->disabled;
}

static bool is_ambiguous(const struct hop_evidence *ev)
{
    return ev->ambiguous;
}

static bool has_no_name(const struct hop_evidence *ev)
{
    return ev->person &&
           (str_trim(ev->person->first_name).len == 0 || str_trim(ev->person->last_name).len == 0);
}

static struct str refused_character(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (str_has(STR("<>;:%"), text.ptr[i]))
            return str_sub(text, i, i + 1);
    }
    return (struct str){0};
}

struct str hop_bad_character(const struct person *person)
{
    struct str found = refused_character(person->first_name);

    return found.len > 0 ? found : refused_character(person->last_name);
}

static bool has_bad_character(const struct hop_evidence *ev)
{
    return ev->person && hop_bad_character(ev->person).len > 0;
}

static bool has_no_mapping(const struct hop_evidence *ev)
{
    return ev->push == PUSH_NONE;
}

static bool is_mapping_inactive(const struct hop_evidence *ev)
{
    return ev->push == PUSH_INACTIVE;
}

static bool is_token_expired(const struct hop_evidence *ev)
{
    return ev->token_expires_ms != 0 && ev->now_ms >= ev->token_expires_ms;
}

static bool is_mapping_in_error(const struct hop_evidence *ev)
{
    return ev->push == PUSH_ERROR;
}

/* A failure from before the wait began is about somebody else's change. */
static bool has_push_failed(const struct hop_evidence *ev)
{
    return ev->push_failure_ms != 0 && ev->push_failure_ms >= ev->clock_start_ms;
}

/* A group that was linked by hand looks the same, and works: with a push that is ACTIVE it is no
 * cause before something is late. */
static bool is_group_by_hand(const struct hop_evidence *ev)
{
    return ev->store_group_by_hand && (ev->push != PUSH_ACTIVE || ev->is_late);
}

static bool is_group_missing(const struct hop_evidence *ev)
{
    return ev->store_group == KNOWN_NO;
}

/* It races, and usually ends well. */
static bool is_same_group(const struct hop_evidence *ev)
{
    return ev->same_group && ev->is_late;
}

static bool is_lost(const struct hop_evidence *ev)
{
    return ev->is_late;
}

/* ---- the order of certainty ---- */

enum { FOR_USER = 1, FOR_PUSHED = 2, FOR_BOTH = 3 };

static const struct rule {
    enum hop_cause why;
    unsigned hops;
    bool (*fits)(const struct hop_evidence *ev);
} rules[] = {
    /* Okta, by what it shows of the person, will not even try. */
    {HOP_CAUSE_INACTIVE, FOR_BOTH, is_inactive},
    {HOP_CAUSE_NOT_ASSIGNED, FOR_BOTH, is_not_assigned},
    /* Identity Center shows it. */
    {HOP_CAUSE_DISABLED, FOR_USER, is_disabled},
    {HOP_CAUSE_AMBIGUOUS, FOR_BOTH, is_ambiguous},
    /* Refused by rules of SCIM that are published. */
    {HOP_CAUSE_NAME_MISSING, FOR_USER, has_no_name},
    {HOP_CAUSE_BAD_CHARACTER, FOR_USER, has_bad_character},
    /* Okta shows that this group goes nowhere. */
    {HOP_CAUSE_NO_MAPPING, FOR_PUSHED, has_no_mapping},
    {HOP_CAUSE_MAPPING_INACTIVE, FOR_PUSHED, is_mapping_inactive},
    {HOP_CAUSE_NOT_ASSIGNED, FOR_PUSHED, was_left_out},
    /* A date that somebody wrote down; it explains what comes after it here. */
    {HOP_CAUSE_TOKEN_EXPIRED, FOR_BOTH, is_token_expired},
    {HOP_CAUSE_MAPPING_ERROR, FOR_PUSHED, is_mapping_in_error},
    {HOP_CAUSE_PUSH_FAILED, FOR_PUSHED, has_push_failed},
    /* Conclusions. */
    {HOP_CAUSE_GROUP_BY_HAND, FOR_PUSHED, is_group_by_hand},
    {HOP_CAUSE_NO_GROUP, FOR_PUSHED, is_group_missing},
    {HOP_CAUSE_SAME_GROUP, FOR_PUSHED, is_same_group},
    {HOP_CAUSE_LOST, FOR_BOTH, is_lost},
};

struct hop_diagnosis hop_diagnose(enum hop hop, const struct hop_evidence *evidence,
                                  struct arena *arena)
{
    unsigned asked = hop == HOP_USER ? FOR_USER : hop == HOP_PUSHED ? FOR_PUSHED : 0;

    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if ((rules[i].hops & asked) == 0 || !rules[i].fits(evidence))
            continue;
        return hop_cause_words(rules[i].why, hop, evidence, arena);
    }
    return hop_cause_words(HOP_CAUSE_NONE, hop, evidence, arena);
}

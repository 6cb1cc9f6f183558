#include "base/attr.h"
#include "base/clock.h"
#include "core/hop_cause_parts.h"

/* What is said of a cause, and what helps: who does what, where. Never a promise. */

struct str hop_duration(int64_t ms, struct arena *arena)
{
    return ms < TIME_MINUTE ? STR("a minute") : duration_words(ms, arena);
}

#define APPLICATION "in Okta, open the application AWS IAM Identity Center, "
#define PUSH_AGAIN  "push the group once more by hand (Push now)"

static struct str group_words(const struct hop_evidence *ev, struct arena *arena)
{
    if (ev->group_name.len == 0)
        return STR("the Okta group");
    return arena_printf(arena, "the Okta group %.*s", STR_ARG(ev->group_name));
}

/* The same one over there. */
static struct str store_group_words(const struct hop_evidence *ev, struct arena *arena)
{
    if (ev->group_name.len == 0)
        return STR("group of that name");
    return arena_printf(arena, "group %.*s", STR_ARG(ev->group_name));
}

static struct hop_diagnosis say_inactive(enum hop hop, const struct hop_evidence *ev,
                                         struct arena *arena)
{
    enum user_status status = ev->person->status;
    const char *after = hop == HOP_PUSHED ? ", then, in the application AWS IAM Identity Center, "
                                            "Push Groups, " PUSH_AGAIN
                                          : "";

    if (status == USER_GONE) {
        return (struct hop_diagnosis){
            .cause = STR("the person's Okta account is no longer there"),
            .remedy = STR("take the seat back with `seatkeeper request revoke`"),
        };
    }
    return (struct hop_diagnosis){
        .cause = arena_printf(arena,
                              "the person's Okta account is %s, and Okta pushes nobody whose "
                              "account is not active",
                              user_status_name(status)),
        .remedy = arena_printf(arena,
                               "in Okta, open Directory, People, and activate the account%s; or "
                               "take the seat back with `seatkeeper request revoke`",
                               after),
    };
}

/* Assigned by now, but not when the group was pushed. */
static struct hop_diagnosis say_left_out(enum hop hop, const struct hop_evidence *ev,
                                         struct arena *arena)
{
    (void)hop;
    return (struct hop_diagnosis){
        .cause = arena_printf(arena,
                              "Okta pushed %.*s while the person was not assigned to the "
                              "application AWS IAM Identity Center, and left the person out",
                              STR_ARG(group_words(ev, arena))),
        .remedy = STR(APPLICATION "Push Groups, and " PUSH_AGAIN ": the person is assigned by now"),
    };
}

static struct hop_diagnosis say_not_assigned(enum hop hop, const struct hop_evidence *ev,
                                             struct arena *arena)
{
    struct str where = ev->assignment_group.len > 0
                           ? arena_printf(arena,
                                          "in Okta, put the person into the group %.*s, which "
                                          "assigns the application AWS IAM Identity Center",
                                          STR_ARG(ev->assignment_group))
                           : STR(APPLICATION "Assignments, and assign the person");

    if (ev->assigned == KNOWN_YES)
        return say_left_out(hop, ev, arena);
    if (hop == HOP_PUSHED)
        where = arena_printf(arena, "%.*s; then, under Push Groups, " PUSH_AGAIN, STR_ARG(where));
    return (struct hop_diagnosis){
        .cause = STR("the person is not assigned to the application AWS IAM Identity Center in "
                     "Okta, and Okta pushes only those who are"),
        .remedy = where,
    };
}

static struct hop_diagnosis say_disabled(enum hop hop, const struct hop_evidence *ev,
                                         struct arena *arena)
{
    (void)hop;
    (void)ev;
    (void)arena;
    return (struct hop_diagnosis){
        .cause = STR("IAM Identity Center knows the person, and the user there is disabled"),
        .remedy = STR("in the AWS console, open IAM Identity Center, Users, and enable the user"),
    };
}

static struct hop_diagnosis say_ambiguous(enum hop hop, const struct hop_evidence *ev,
                                          struct arena *arena)
{
    (void)hop;
    return (struct hop_diagnosis){
        .cause = ev->ambiguous_why.len > 0
                     ? arena_printf(arena,
                                    "it is not clear which user in IAM Identity Center is this "
                                    "person: %.*s",
                                    STR_ARG(ev->ambiguous_why))
                     : STR("two users in IAM Identity Center could be this person"),
        .remedy = STR("in the AWS console, open IAM Identity Center, Users, and remove or rename "
                      "the user that Okta did not make"),
    };
}

static struct hop_diagnosis say_no_name(enum hop hop, const struct hop_evidence *ev,
                                        struct arena *arena)
{
    bool no_first = str_trim(ev->person->first_name).len == 0;
    bool no_last = str_trim(ev->person->last_name).len == 0;
    const char *what = no_first && no_last ? "first and no last" : no_first ? "first" : "last";

    (void)hop;
    return (struct hop_diagnosis){
        .cause = arena_printf(arena,
                              "the person has no %s name in Okta, and IAM Identity Center takes "
                              "nobody without both names",
                              what),
        .remedy = STR("in Okta, open Directory, People, the person's Profile, and fill in the "
                      "name; where a directory feeds Okta, fill it in there"),
    };
}

static struct hop_diagnosis say_bad_character(enum hop hop, const struct hop_evidence *ev,
                                              struct arena *arena)
{
    (void)hop;
    return (struct hop_diagnosis){
        .cause = arena_printf(arena,
                              "the person's name in Okta has the character `%.*s`, which IAM "
                              "Identity Center refuses",
                              STR_ARG(hop_bad_character(ev->person))),
        .remedy = STR("in Okta, open Directory, People, the person's Profile, and take the "
                      "character out of the name; where a directory feeds Okta, do it there"),
    };
}

static struct hop_diagnosis say_no_mapping(enum hop hop, const struct hop_evidence *ev,
                                           struct arena *arena)
{
    (void)hop;
    return (struct hop_diagnosis){
        .cause = arena_printf(arena, "%.*s is not among the groups that Okta pushes",
                              STR_ARG(group_words(ev, arena))),
        .remedy = arena_printf(arena, APPLICATION "Push Groups, and add %.*s%s",
                               STR_ARG(group_words(ev, arena)),
                               ev->store_group == KNOWN_YES
                                   ? ", linked to the group of that name that is there already"
                                   : ""),
    };
}

static struct hop_diagnosis say_mapping_inactive(enum hop hop, const struct hop_evidence *ev,
                                                 struct arena *arena)
{
    (void)hop;
    return (struct hop_diagnosis){
        .cause = arena_printf(arena, "the push of %.*s is switched off in Okta",
                              STR_ARG(group_words(ev, arena))),
        .remedy = STR(APPLICATION "Push Groups, and activate the push of this group"),
    };
}

static struct hop_diagnosis say_token_expired(enum hop hop, const struct hop_evidence *ev,
                                              struct arena *arena)
{
    (void)hop;
    return (struct hop_diagnosis){
        .cause = arena_printf(arena,
                              "the access token that Okta pushes with has expired on %.*s, by the "
                              "date in the settings",
                              STR_ARG(date_str(ev->token_expires_ms, arena))),
        .remedy = STR("in the AWS console, open IAM Identity Center, Settings, Automatic "
                      "provisioning, and make a new access token; in Okta, open the application "
                      "AWS IAM Identity Center, Provisioning, Integration, and put it in; then set "
                      "aws.scim_token_expires"),
    };
}

static struct hop_diagnosis say_mapping_error(enum hop hop, const struct hop_evidence *ev,
                                              struct arena *arena)
{
    const char *link = ev->store_group_by_hand
                           ? "; a group of that name is there that Okta did not make, so it may "
                             "have to be linked rather than created"
                           : "";

    (void)hop;
    return (struct hop_diagnosis){
        .cause = arena_printf(
            arena, "the push of %.*s is in error in Okta, and nothing is pushed meanwhile%s%.*s",
            STR_ARG(group_words(ev, arena)), ev->push_error.len > 0 ? ": " : "",
            STR_ARG(ev->push_error)),
        .remedy = arena_printf(arena,
                               APPLICATION "Push Groups, read what is said at the group, put it "
                                           "right, and " PUSH_AGAIN "%s",
                               link),
    };
}

static struct hop_diagnosis say_push_failed(enum hop hop, const struct hop_evidence *ev,
                                            struct arena *arena)
{
    (void)hop;
    return (struct hop_diagnosis){
        .cause = arena_printf(arena, "a push of %.*s failed on %.*s, says Okta's System Log%s%.*s",
                              STR_ARG(group_words(ev, arena)),
                              STR_ARG(time_local_str(ev->push_failure_ms, arena)),
                              ev->push_failure.len > 0 ? ": " : "", STR_ARG(ev->push_failure)),
        .remedy = STR("in Okta, open Dashboard, Tasks, and the application AWS IAM Identity "
                      "Center, Push Groups, put right what failed, and " PUSH_AGAIN),
    };
}

static struct hop_diagnosis say_group_by_hand(enum hop hop, const struct hop_evidence *ev,
                                              struct arena *arena)
{
    (void)hop;
    return (struct hop_diagnosis){
        .cause = arena_printf(arena,
                              "the %.*s in IAM Identity Center was not made by Okta, so a "
                              "push of the same name may not reach it",
                              STR_ARG(store_group_words(ev, arena))),
        .remedy = STR(APPLICATION "Push Groups, and link the pushed group to the existing one"),
    };
}

static struct hop_diagnosis say_no_group(enum hop hop, const struct hop_evidence *ev,
                                         struct arena *arena)
{
    const char *pushed = ev->push == PUSH_ACTIVE ? ", though its push is active in Okta" : "";

    (void)hop;
    return (struct hop_diagnosis){
        .cause = arena_printf(arena, "there is no %.*s in IAM Identity Center%s",
                              STR_ARG(store_group_words(ev, arena)), pushed),
        .remedy = STR(APPLICATION "Push Groups, look what the group is called over there, "
                                  "and " PUSH_AGAIN),
    };
}

static struct hop_diagnosis say_same_group(enum hop hop, const struct hop_evidence *ev,
                                           struct arena *arena)
{
    (void)hop;
    return (struct hop_diagnosis){
        .cause = arena_printf(arena,
                              "%.*s both assigns the application AWS IAM Identity Center and is "
                              "pushed to it, which neither Okta nor AWS supports: the push may "
                              "come before the user is there",
                              STR_ARG(group_words(ev, arena))),
        .remedy = STR("in Okta, let a group of its own assign the application, name it as "
                      "assignment_group in the settings, and " PUSH_AGAIN),
    };
}

static struct hop_diagnosis say_lost(enum hop hop, const struct hop_evidence *ev,
                                     struct arena *arena)
{
    if (hop == HOP_PUSHED) {
        return (struct hop_diagnosis){
            .cause = arena_printf(arena,
                                  "nothing that can be seen stands in the way: the push of %.*s "
                                  "has probably got lost",
                                  STR_ARG(group_words(ev, arena))),
            .remedy = STR(APPLICATION "Push Groups, and " PUSH_AGAIN),
        };
    }
    return (struct hop_diagnosis){
        .cause = STR("nothing that can be seen stands in the way: Okta's push of the person has "
                     "probably got lost"),
        .remedy = STR(APPLICATION "Assignments, look for an error at the person's name, and "
                                  "provision the user once more"),
    };
}

static struct hop_diagnosis say_patience(enum hop hop, const struct hop_evidence *ev,
                                         struct arena *arena)
{
    (void)hop;
    if (ev->usual_ms == 0) {
        return (struct hop_diagnosis){
            .cause = STR("Okta pushes changes within minutes as a rule"),
        };
    }
    return (struct hop_diagnosis){
        .cause = arena_printf(arena,
                              "Okta pushes changes by itself; here it usually takes %.*s, and 95 "
                              "of 100 arrive within %.*s",
                              STR_ARG(hop_duration(ev->usual_ms, arena)),
                              STR_ARG(hop_duration(ev->at_most_ms, arena))),
    };
}

static struct hop_diagnosis (*const says[HOP_CAUSE_COUNT])(enum hop hop,
                                                           const struct hop_evidence *ev,
                                                           struct arena *arena) = {
    [HOP_CAUSE_NONE] = say_patience,
    [HOP_CAUSE_INACTIVE] = say_inactive,
    [HOP_CAUSE_NOT_ASSIGNED] = say_not_assigned,
    [HOP_CAUSE_NAME_MISSING] = say_no_name,
    [HOP_CAUSE_BAD_CHARACTER] = say_bad_character,
    [HOP_CAUSE_AMBIGUOUS] = say_ambiguous,
    [HOP_CAUSE_DISABLED] = say_disabled,
    [HOP_CAUSE_TOKEN_EXPIRED] = say_token_expired,
    [HOP_CAUSE_SAME_GROUP] = say_same_group,
    [HOP_CAUSE_NO_MAPPING] = say_no_mapping,
    [HOP_CAUSE_MAPPING_INACTIVE] = say_mapping_inactive,
    [HOP_CAUSE_MAPPING_ERROR] = say_mapping_error,
    [HOP_CAUSE_PUSH_FAILED] = say_push_failed,
    [HOP_CAUSE_GROUP_BY_HAND] = say_group_by_hand,
    [HOP_CAUSE_NO_GROUP] = say_no_group,
    [HOP_CAUSE_LOST] = say_lost,
};

struct hop_diagnosis hop_cause_words(enum hop_cause why, enum hop hop,
                                     const struct hop_evidence *evidence, struct arena *arena)
{
    struct hop_diagnosis said = says[why](hop, evidence, arena);

    said.why = why;
    return said;
}

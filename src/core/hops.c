#include "core/hops.h"

#include "base/attr.h"

static const char *const hop_names[] = {[HOP_OKTA] = "okta",
                                        [HOP_USER] = "user",
                                        [HOP_PUSHED] = "pushed",
                                        [HOP_SEAT] = "seat",
                                        [HOP_IN_USE] = "in_use"};
static const char *const word_names[] = {
    [HOP_REACHED] = "reached", [HOP_ON_ITS_WAY] = "on_its_way",
    [HOP_LATE] = "late",       [HOP_LEAVING] = "leaving",
    [HOP_UNKNOWN] = "unknown", [HOP_NOT_APPLICABLE] = "not_applicable"};

const char *hop_name(enum hop hop)
{
    return (size_t)hop < ARRAY_LEN(hop_names) ? hop_names[hop] : "invalid";
}

const char *hop_word_name(enum hop_word word)
{
    return (size_t)word < ARRAY_LEN(word_names) ? word_names[word] : "invalid";
}

static struct str or_else(struct str text, struct str otherwise)
{
    return text.len > 0 ? text : otherwise;
}

/* Desired and not there yet: the clock runs from when the seat was owed. */
static struct hop_state arriving(const struct hop_facts *facts)
{
    struct hop_state state = {
        .hop = HOP_OKTA,
        .state = HOP_ON_ITS_WAY,
        .since_ms = facts->desired_since_ms,
        .deadline_ms = facts->deadline_ms > 0 ? facts->desired_since_ms + facts->deadline_ms : 0,
        .cause = or_else(facts->held_why, STR("a run joins the person to the group")),
    };

    if (state.deadline_ms == 0 || facts->now_ms < state.deadline_ms)
        return state;
    state.state = HOP_LATE;
    state.cause = or_else(facts->held_why, STR("Okta does not show the membership"));
    state.remedy = facts->held_why.len > 0
                       ? STR("`seatkeeper plan` shows what holds it and the command that goes on")
                       : STR("`seatkeeper reconcile` tries again and says what fails");
    return state;
}

static struct hop_state leaving(const struct hop_facts *facts)
{
    return (struct hop_state){
        .hop = HOP_OKTA,
        .state = HOP_LEAVING,
        .cause = or_else(facts->held_why, STR("a run takes the person out of the group")),
    };
}

static struct hop_state follow_okta(const struct hop_facts *facts)
{
    if (!facts->readable) {
        return (struct hop_state){
            .hop = HOP_OKTA,
            .state = HOP_UNKNOWN,
            .cause = STR("the group's members could not be read"),
            .remedy = STR("`seatkeeper status` says which remote is away"),
        };
    }
    if (facts->desired && facts->is_member) {
        return (struct hop_state){
            .hop = HOP_OKTA, .state = HOP_REACHED, .since_ms = facts->member_since_ms};
    }
    if (facts->desired)
        return arriving(facts);
    if (facts->is_member)
        return leaving(facts);
    return (struct hop_state){.hop = HOP_OKTA, .state = HOP_NOT_APPLICABLE};
}

void hops_follow(const struct hop_facts *facts, struct hop_state out[HOP_COUNT])
{
    out[HOP_OKTA] = follow_okta(facts);
    for (int hop = HOP_OKTA + 1; hop < HOP_COUNT; hop++)
        out[hop] = (struct hop_state){.hop = (enum hop)hop, .state = HOP_NOT_APPLICABLE};
}

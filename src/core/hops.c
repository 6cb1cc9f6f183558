#include "core/hops.h"

#include "base/attr.h"
#include "core/lag.h"

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

bool hop_parse(struct str word, enum hop *out)
{
    for (size_t i = 0; i < ARRAY_LEN(hop_names); i++) {
        if (str_is(word, hop_names[i])) {
            *out = (enum hop)i;
            return true;
        }
    }
    return false;
}

const char *hop_word_name(enum hop_word word)
{
    return (size_t)word < ARRAY_LEN(word_names) ? word_names[word] : "invalid";
}

bool hop_word_parse(struct str word, enum hop_word *out)
{
    for (size_t i = 0; i < ARRAY_LEN(word_names); i++) {
        if (str_is(word, word_names[i])) {
            *out = (enum hop_word)i;
            return true;
        }
    }
    return false;
}

static struct str or_else(struct str text, struct str otherwise)
{
    return text.len > 0 ? text : otherwise;
}

/* What is said of a hop where the run found out nothing in particular. */
static const struct hop_phrases {
    struct str waiting; /* its clock runs */
    struct str blocked; /* it comes after a hop that is not there */
    struct str late, late_remedy;
    struct str unreadable;
    struct str leaving, overdue, overdue_remedy;
} phrases[HOP_COUNT] = {
    [HOP_OKTA] = {.waiting = STR("a run joins the person to the group"),
                  .late = STR("Okta does not show the membership"),
                  .late_remedy = STR("`seatkeeper reconcile` tries again and says what fails"),
                  .unreadable = STR("the group's members could not be read"),
                  .leaving = STR("a run takes the person out of the group"),
                  .overdue = STR("Okta still shows the membership"),
                  .overdue_remedy =
                      STR("`seatkeeper plan` shows what is to be taken away, what holds it "
                          "and the command that goes on")},
    [HOP_USER] = {.waiting = STR("Okta pushes changes within minutes as a rule"),
                  .blocked = STR("it comes after the membership in Okta"),
                  .late = STR(
                      "IAM Identity Center does not know the person, and nothing that can be seen "
                      "from here says why"),
                  .late_remedy =
                      STR("in Okta, open the application AWS IAM Identity Center, Assignments, "
                          "and look for an error at the person's name"),
                  .unreadable = STR("the users of IAM Identity Center could not be read")},
    [HOP_PUSHED] =
        {.waiting = STR("Okta pushes changes within minutes as a rule"),
         .blocked = STR("it comes after the steps before it"),
         .late = STR("IAM Identity Center does not show the membership, and nothing that can be "
                     "seen from here says why"),
         .late_remedy = STR("in Okta, open the application AWS IAM Identity Center, Push Groups, "
                            "and look at the state of the group's push"),
         .unreadable = STR("the group's members in IAM Identity Center could not be read"),
         .leaving = STR("it follows the membership in Okta, within minutes as a rule"),
         .overdue = STR("IAM Identity Center still shows the membership that has ended in Okta"),
         .overdue_remedy = STR("in Okta, open the application AWS IAM Identity Center, Push "
                               "Groups, and push the group once more by hand; if the person is "
                               "still there afterwards, an administrator of IAM Identity Center "
                               "removes the membership")},
    [HOP_SEAT] =
        {.waiting = STR("AWS gives the members of a subscribed group their subscription, which "
                        "may take up to a day"),
         .blocked = STR("it comes after the membership in IAM Identity Center"),
         .late = STR("the person is in the group, and no subscription of this plan is shown"),
         .late_remedy = STR("in the AWS console, open Kiro, and check that the group is subscribed "
                            "to this plan; if it is, open a support case with AWS"),
         .unreadable = STR("the subscriptions could not be read"),
         .leaving = STR("AWS ends the subscription after the membership"),
         .overdue = STR("the subscription goes on after the membership has ended"),
         .overdue_remedy = STR("in the AWS console, open Kiro, find the person among the "
                               "subscriptions, and cancel what is still there")},
    [HOP_IN_USE] = {.waiting = STR("the person has not used the seat yet"),
                    .blocked = STR("it comes after the subscription"),
                    .late = STR("the person has not used the seat yet"),
                    .late_remedy = STR("ask the person whether the seat is still needed"),
                    .unreadable = STR("the subscriptions could not be read")},
};

static const struct str held_remedy =
    STR("`seatkeeper plan` shows what holds it and the command that goes on");

/* One pass over the hops, in one direction. */
struct walk {
    const struct hops_input *in;
    struct hops_result *out;
    bool is_open;     /* all before are as wanted: the next clock runs */
    int64_t clock_ms; /* ... since then */
    bool held_told;
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void pass(struct walk *walk, int64_t since_ms)
{
    walk->clock_ms = later(walk->clock_ms, since_ms);
}

static void tell_arrival(struct walk *walk, enum hop hop, bool up)
{
    const struct hop_memory *was = &walk->in->memory[hop];
    int64_t began = walk->is_open ? later(was->since_ms, walk->clock_ms) : was->since_ms;

    if (began == 0) /* its clock never ran: how long it took, nobody can say */
        return;
    walk->out->arrivals[walk->out->n_arrivals++] =
        (struct hop_arrival){.hop = hop, .up = up, .lag_ms = later(walk->in->now_ms - began, 0)};
}

/* Since when it waits (or leaves), given since when its clock may run. 0: it does not run yet. */
static int64_t waiting_since(const struct walk *walk, const struct hop_memory *was,
                             enum hop_word waiting, bool is_back)
{
    int64_t since = walk->is_open ? walk->clock_ms : 0;

    if (was->state == waiting)
        return later(was->since_ms, since);
    /* It had been as wanted, and is not any more: that is news of today. */
    return walk->is_open && is_back ? later(walk->in->now_ms, since) : since;
}

/* Our own op is held: it concerns the first hop that we could have moved. */
static bool is_held(struct walk *walk, enum hop hop)
{
    bool is_ours = hop == HOP_OKTA || hop == HOP_PUSHED;
    bool is_first = is_ours && !walk->held_told;

    walk->held_told = walk->held_told || is_ours;
    return is_first && walk->in->held_why.len > 0;
}

static void say_held(const struct walk *walk, struct hop_state *state, bool is_due)
{
    state->why = HOP_CAUSE_HELD;
    state->cause = walk->in->held_why;
    if (is_due)
        state->remedy = held_remedy;
}

/* Late or overdue. Words for a hop that takes its time do not fit one that does not come. */
static void say_due(const struct walk *walk, struct hop_state *state)
{
    const struct hop_sight *sight = &walk->in->sights[state->hop];
    const struct hop_phrases *say = &phrases[state->hop];
    bool is_push = state->hop == HOP_USER || state->hop == HOP_PUSHED;

    state->why = is_push ? HOP_CAUSE_LOST : HOP_CAUSE_NONE;
    state->cause = walk->in->desired ? say->late : say->overdue;
    state->remedy = walk->in->desired ? say->late_remedy : say->overdue_remedy;
    if (sight->why == HOP_CAUSE_NONE && sight->remedy.len == 0)
        return;
    state->why = sight->why;
    state->cause = or_else(sight->cause, state->cause);
    state->remedy = or_else(sight->remedy, state->remedy);
}

/* Before its deadline: what was found out already, else that it takes its time. */
static void say_calm(const struct walk *walk, struct hop_state *state)
{
    const struct hop_sight *sight = &walk->in->sights[state->hop];
    const struct hop_phrases *say = &phrases[state->hop];
    bool is_known = sight->why != HOP_CAUSE_NONE && sight->why != HOP_CAUSE_LOST;

    state->cause = !walk->in->desired ? say->leaving : walk->is_open ? say->waiting : say->blocked;
    if (is_known || (sight->why == HOP_CAUSE_NONE && walk->is_open))
        state->cause = or_else(sight->cause, state->cause);
    if (!is_known)
        return;
    state->why = sight->why;
    state->remedy = sight->remedy;
}

static void say_why(struct walk *walk, struct hop_state *state, bool is_due)
{
    if (is_held(walk, state->hop)) {
        say_held(walk, state, is_due);
    } else if (is_due) {
        say_due(walk, state);
    } else {
        say_calm(walk, state);
    }
}

static void say_how_long(const struct walk *walk, struct hop_state *state)
{
    const struct lag *lag = walk->in->up[state->hop];

    if (!lag || lag->n < LAG_ENOUGH)
        return;
    /* 0 would mean that nothing is known. */
    state->usual_ms = later(lag->median_ms, 1);
    state->at_most_ms = later(lag->p95_ms, 1);
}

static bool set_deadline(const struct walk *walk, struct hop_state *state)
{
    int64_t span = walk->in->deadline_ms[state->hop];

    if (!walk->is_open || span <= 0)
        return false;
    state->deadline_ms = state->since_ms + span;
    return walk->in->now_ms >= state->deadline_ms;
}

static struct hop_state unreadable(struct walk *walk, enum hop hop)
{
    const struct hop_sight *sight = &walk->in->sights[hop];

    walk->held_told = walk->held_told || hop == HOP_OKTA; /* which a held op may be about */
    return (struct hop_state){
        .hop = hop,
        .state = HOP_UNKNOWN,
        .why = HOP_CAUSE_UNREADABLE,
        .cause = or_else(sight->cause, phrases[hop].unreadable),
        .remedy = or_else(sight->remedy, STR("`seatkeeper status` says which remote is away")),
    };
}

/* ---- up ---- */

static void reach(struct walk *walk, enum hop hop)
{
    const struct hop_memory *was = &walk->in->memory[hop];
    int64_t since = was->state == HOP_REACHED ? was->since_ms : walk->in->now_ms;

    if (was->state == HOP_ON_ITS_WAY)
        tell_arrival(walk, hop, true);
    walk->out->memory[hop] = (struct hop_memory){HOP_REACHED, since};
    walk->out->states[hop] =
        (struct hop_state){.hop = hop, .state = HOP_REACHED, .since_ms = since};
    pass(walk, since);
}

static void await(struct walk *walk, enum hop hop)
{
    const struct hop_memory *was = &walk->in->memory[hop];
    struct hop_state *state = &walk->out->states[hop];
    bool is_back = was->state == HOP_REACHED;

    *state = (struct hop_state){.hop = hop, .state = HOP_ON_ITS_WAY};
    state->since_ms = waiting_since(walk, was, HOP_ON_ITS_WAY, is_back);
    walk->out->memory[hop] = (struct hop_memory){HOP_ON_ITS_WAY, state->since_ms};
    bool is_due = set_deadline(walk, state);
    if (is_due)
        state->state = HOP_LATE;
    say_why(walk, state, is_due);
    say_how_long(walk, state);
    walk->is_open = false;
}

static void see_up(struct walk *walk, enum hop hop)
{
    const struct hop_sight *sight = &walk->in->sights[hop];
    const struct hop_memory *was = &walk->in->memory[hop];

    if (!sight->applies) {
        walk->out->states[hop] = (struct hop_state){.hop = hop, .state = HOP_NOT_APPLICABLE};
        walk->out->memory[hop] = (struct hop_memory){HOP_NOT_APPLICABLE, 0};
    } else if (!sight->readable) {
        walk->out->states[hop] = unreadable(walk, hop);
        walk->out->memory[hop] = *was;
        walk->is_open = walk->is_open && was->state == HOP_REACHED;
        pass(walk, was->state == HOP_REACHED ? was->since_ms : 0);
    } else if (sight->is_there) {
        reach(walk, hop);
    } else {
        await(walk, hop);
    }
}

/* ---- down ---- */

static bool is_followed_down(enum hop hop)
{
    return hop == HOP_OKTA || hop == HOP_PUSHED || hop == HOP_SEAT;
}

static void leave(struct walk *walk, enum hop hop)
{
    const struct hop_memory *was = &walk->in->memory[hop];
    struct hop_state *state = &walk->out->states[hop];
    bool is_back = was->state == HOP_NOT_APPLICABLE && was->since_ms != 0;

    *state = (struct hop_state){.hop = hop, .state = HOP_LEAVING};
    state->since_ms = waiting_since(walk, was, HOP_LEAVING, is_back);
    walk->out->memory[hop] = (struct hop_memory){HOP_LEAVING, state->since_ms};
    state->overdue = set_deadline(walk, state);
    say_why(walk, state, state->overdue);
    walk->is_open = false;
}

static void be_gone(struct walk *walk, enum hop hop)
{
    const struct hop_memory *was = &walk->in->memory[hop];
    bool is_known = was->state == HOP_NOT_APPLICABLE && was->since_ms != 0;
    int64_t since = is_known ? was->since_ms : walk->in->now_ms;

    if (was->state == HOP_LEAVING)
        tell_arrival(walk, hop, false);
    walk->out->memory[hop] = (struct hop_memory){HOP_NOT_APPLICABLE, since};
    walk->out->states[hop] =
        (struct hop_state){.hop = hop, .state = HOP_NOT_APPLICABLE, .since_ms = since};
    pass(walk, since);
}

static void see_down(struct walk *walk, enum hop hop)
{
    const struct hop_sight *sight = &walk->in->sights[hop];
    const struct hop_memory *was = &walk->in->memory[hop];
    bool was_gone = was->state == HOP_NOT_APPLICABLE && was->since_ms != 0;

    walk->out->states[hop] = (struct hop_state){.hop = hop, .state = HOP_NOT_APPLICABLE};
    walk->out->memory[hop] = *was;
    if (!sight->applies) {
        walk->out->memory[hop] = (struct hop_memory){HOP_NOT_APPLICABLE, 0};
        return;
    }
    if (!is_followed_down(hop))
        return;
    if (!sight->readable) {
        walk->out->states[hop] = unreadable(walk, hop);
        walk->out->is_ended = false;
        walk->is_open = walk->is_open && was_gone;
        pass(walk, was_gone ? was->since_ms : 0);
    } else if (sight->is_there) {
        walk->out->is_ended = false;
        leave(walk, hop);
    } else {
        be_gone(walk, hop);
    }
}

struct hops_result hops_see(const struct hops_input *in)
{
    struct hops_result out = {.is_ended = !in->desired};
    struct walk walk = {.in = in, .out = &out, .is_open = true, .clock_ms = in->owed_since_ms};

    for (int hop = 0; hop < HOP_COUNT; hop++) {
        if (in->desired) {
            see_up(&walk, (enum hop)hop);
        } else {
            see_down(&walk, (enum hop)hop);
        }
    }
    return out;
}

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "core/model.h"
#include "core/policy.h"

/*
 * A seat's five hops (design, section 4): how far somebody's seat has come, since when, and what
 * is in the way. Hops that do not apply are said to be so. Pure.
 */

enum hop { HOP_OKTA, HOP_USER, HOP_PUSHED, HOP_SEAT, HOP_IN_USE, HOP_COUNT };
enum hop_word {
    HOP_REACHED,
    HOP_ON_ITS_WAY,
    HOP_LATE,
    HOP_LEAVING,
    HOP_UNKNOWN,
    HOP_NOT_APPLICABLE,
};

const char *hop_name(enum hop hop);
bool hop_parse(struct str word, enum hop *out);
const char *hop_word_name(enum hop_word word);
bool hop_word_parse(struct str word, enum hop_word *out);

/* Why a hop is not there, as far as the remotes let it be told apart (contracts/okta.md 10.2). */
enum hop_cause {
    HOP_CAUSE_NONE,       /* nothing is wrong, or nothing is known: it takes its time */
    HOP_CAUSE_HELD,       /* a guard holds our own op */
    HOP_CAUSE_UNREADABLE, /* the remote was not read */
    HOP_CAUSE_INACTIVE,   /* the Okta account is not active: Okta pushes no such people */
    HOP_CAUSE_NOT_ASSIGNED,
    HOP_CAUSE_NAME_MISSING,  /* first or last name: SCIM refuses the user */
    HOP_CAUSE_BAD_CHARACTER, /* in a name: SCIM refuses the user */
    HOP_CAUSE_AMBIGUOUS,     /* two users there could be this person */
    HOP_CAUSE_DISABLED,      /* the user is there and disabled */
    HOP_CAUSE_TOKEN_EXPIRED, /* of SCIM: by the date in the settings */
    HOP_CAUSE_SAME_GROUP,    /* one group both assigns and is pushed, which races */
    HOP_CAUSE_NO_MAPPING,    /* the group was never pushed */
    HOP_CAUSE_MAPPING_INACTIVE,
    HOP_CAUSE_MAPPING_ERROR,
    HOP_CAUSE_PUSH_FAILED,   /* the System Log says so */
    HOP_CAUSE_GROUP_BY_HAND, /* a group of that name is there that SCIM did not make: to be linked
                              */
    HOP_CAUSE_NO_GROUP,      /* the mapping is ACTIVE and no such group is there */
    HOP_CAUSE_LOST,          /* all looks right, the deadline has passed: a push got lost */
    HOP_CAUSE_COUNT,
};
/* "not_assigned"; as kept in the ledger and part of a finding's key. */
const char *hop_cause_name(enum hop_cause cause);
bool hop_cause_parse(struct str word, enum hop_cause *out);

struct hop_state {
    enum hop hop;
    enum hop_word state;
    int64_t since_ms, deadline_ms; /* 0: none */
    struct str cause, remedy;
    enum hop_cause why;           /* what `cause` says, as a word */
    bool overdue;                 /* LEAVING past its deadline: the seat lingers */
    int64_t usual_ms, at_most_ms; /* learned: median and 95 of 100; 0: too little is known */
};

/* ---- five hops, from what a run saw and what the ledger remembers ---- */

struct hop_sight {
    bool applies;  /* no `aws`, `provisioning: none`, subscriptions off: false */
    bool readable; /* sealed, in this run */
    bool is_there;
    enum hop_cause why;       /* found out about a hop that is not there; NONE: nothing */
    struct str cause, remedy; /* of `why` (hop_diagnose), or why it is not readable */
};

/* One row per hop. What the ledger never saw is HOP_NOT_APPLICABLE with since 0. */
struct hop_memory {
    enum hop_word state; /* REACHED, ON_ITS_WAY, LEAVING, NOT_APPLICABLE (never, or gone again) */
    int64_t since_ms;    /* when that state began, as far as we saw */
};

struct lag; /* core/lag.h */

struct hops_input {
    bool desired;
    int64_t owed_since_ms; /* desired: when the grant began or was accepted; else when it ended */
    int64_t now_ms;
    struct hop_sight sights[HOP_COUNT];
    struct hop_memory memory[HOP_COUNT];
    int64_t deadline_ms[HOP_COUNT];  /* spans (lag_deadline); 0: none */
    const struct lag *up[HOP_COUNT]; /* learned; NULL: nothing */
    struct str held_why;             /* the guard that holds our own op, or empty */
};

struct hop_arrival {
    enum hop hop;
    bool up;        /* else it went away */
    int64_t lag_ms; /* since its clock began */
};

struct hops_result {
    struct hop_state states[HOP_COUNT];
    struct hop_memory memory[HOP_COUNT]; /* to be remembered */
    struct hop_arrival arrivals[HOP_COUNT];
    size_t n_arrivals;
    bool is_ended; /* not desired, and hops 1, 3 and 4 are gone as far as they apply */
};

/* A hop's clock starts when all before it that apply are reached, and counts from the last of them
 * (for the first: from when the seat was owed); until then it is on its way without a deadline, and
 * `since` is 0 unless it had been waiting before. On the way down hops 1, 3 and 4 are followed in
 * the same way, each from when those before it were gone; the others do not apply, and neither does
 * one that is gone, whose `since` says when that was seen. A hop that is there counts as reached
 * whatever is before it; one that was there and is not any more waits from now on. An arrival is
 * told only of a hop that was seen waiting (or leaving) before. Not readable: UNKNOWN, and the
 * memory stays as it was. Late hops and overdue ones always have a cause and a remedy. Learned
 * times are told of hops that are waited for. Pure; all texts are static or lent by `in`. */
struct hops_result hops_see(const struct hops_input *in);

/* ---- why a hop is not there ---- */

enum known { KNOWN_NOT, KNOWN_NO, KNOWN_YES }; /* not looked at, or no answer; no; yes */
enum push_state { PUSH_UNKNOWN, PUSH_NONE, PUSH_ACTIVE, PUSH_INACTIVE, PUSH_ERROR };

/* What is known about one person and one pushed group. Texts may be empty. */
struct hop_evidence {
    struct str login, group_name, assignment_group;
    const struct person *person; /* as Okta shows it; NULL: not read */
    enum known assigned;         /* to the SCIM application */
    bool ambiguous, disabled;    /* over in Identity Center */
    struct str ambiguous_why;
    enum push_state push;
    struct str push_error;    /* of the mapping */
    struct str push_failure;  /* newest failure in the System Log, about this group */
    int64_t push_failure_ms;  /* 0: none */
    bool ignored;             /* the System Log says: pushed without this person */
    enum known store_group;   /* is there a group of that name */
    bool store_group_by_hand; /* without ExternalIds */
    bool same_group;          /* the pushed group is the one that assigns */
    int64_t token_expires_ms; /* 0: not told */
    int64_t clock_start_ms;   /* since when the hop has been waited for */
    int64_t now_ms;
    bool is_late;
    int64_t usual_ms, at_most_ms; /* learned, as in struct hop_state; 0: too little is known */
};
struct hop_diagnosis {
    enum hop_cause why;
    struct str cause, remedy; /* one sentence each, in arena */
};
/* For HOP_USER and HOP_PUSHED. The surest cause wins; without any: LOST when late, else NONE. */
struct hop_diagnosis hop_diagnose(enum hop hop, const struct hop_evidence *evidence,
                                  struct arena *arena);
/* A learned span in words: runs look a few times an hour, so nothing below a minute is told. */
struct str hop_duration(int64_t ms, struct arena *arena);

/* ---- what people should know of it: findings ---- */

struct finding;
struct hop_seat {
    struct str entitlement, plan, person, login, group, group_name;
    const struct hop_state *states; /* HOP_COUNT */
    bool desired;
    int64_t cost_minor; /* a month; 0: none */
};
struct scim_facts {
    bool configured;
    int64_t token_expires_ms; /* 0: not told */
    struct str push_failure;  /* newest failure in the System Log; empty: none */
    int64_t push_failure_ms;
    int64_t last_arrival_ms; /* newest arrival at HOP_USER or HOP_PUSHED; 0: none yet */
    int64_t now_ms;
};
/* late_hop and lingering_seat, one per (entitlement, hop, cause) with its people inside;
 * scim_broken (two late seats and none has arrived since the first of them was due, or a failure
 * newer than the newest arrival), scim_expiring (90, 30, 7, 1 days before). In arena. */
void hop_findings(const struct hop_seat *seats, size_t n, const struct scim_facts *scim,
                  struct arena *arena, struct finding **out, size_t *n_out);

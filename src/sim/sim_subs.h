#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "sim/sim_index.h"

/*
 * Subscriptions of the simulated cloud: who pays for a seat, in which profile, on which plan.
 * Contract: aws.md section 6. A profile is one Kiro region of the account; in Identity Center it is
 * an application.
 *
 * A *claim* subscribes a user, or a group and so its members of the Identity Store, each after a
 * lag of his own. What one claim gives one user is a *source*; a *seat* is what the service makes
 * of all sources of one user in one profile: the highest plan. A seat is nothing but its *steps*,
 * the changes it went through in their order: what a list shows, also of some time ago, and what
 * the bill says follow from them.
 *
 * Whoever asks first has what is due carried out. Lags and first uses follow from the seed and the
 * numbers of what they are about, so it makes no difference who looked when.
 */

struct sim;
struct sim_node;

/* In the order of what they count: each is more than the one before. */
enum sim_plan {
    SIM_PLAN_NONE,
    SIM_PLAN_Q_PRO,
    SIM_PLAN_PRO,
    SIM_PLAN_PRO_PLUS,
    SIM_PLAN_PRO_MAX,
    SIM_PLAN_POWER,
    SIM_PLANS,
};
struct sim_plan_row {
    const char *name;    /* `kiro-pro`, as the program and our files call it */
    const char *read;    /* how lists and claims spell it */
    const char *written; /* how assignments do */
    int64_t price_minor; /* a month, in cents of a US dollar */
};
const struct sim_plan_row *sim_plan_row(enum sim_plan plan);
/* By our name, or by how lists spell it; SIM_PLAN_NONE: it is none. */
enum sim_plan sim_plan_named(struct str name);
enum sim_plan sim_plan_read(const struct sim *sim, struct str raw);
enum sim_plan sim_plan_written(struct str raw);
struct str sim_plan_spelling(const struct sim *sim, enum sim_plan plan); /* on the reading side */

enum sim_seat_status { SIM_SEAT_NONE, SIM_SEAT_PENDING, SIM_SEAT_ACTIVE, SIM_SEAT_CANCELED };
const char *sim_seat_status_name(enum sim_seat_status status); /* "PENDING" */

#define SIM_VIA_USER  1u /* a claim of his own */
#define SIM_VIA_GROUP 2u

/* What happened to a seat: a plan was assigned (SIM_PLAN_NONE: cancelled), or it was used first. */
struct sim_step {
    int64_t at_ms;    /* by the cloud's clock */
    int64_t shown_ms; /* by the boot clock: lists know it from then on */
    uint32_t claim;   /* that gave the plan */
    uint8_t plan;     /* enum sim_plan */
    uint8_t via;      /* SIM_VIA_*, all that give something */
    bool is_use;
};

struct sim_seat {
    uint32_t user;          /* of the store; SIM_NOBODY: of no store that is there */
    struct str stranger;    /* his id then */
    struct sim_step *steps; /* oldest first; on the heap */
    uint32_t n_steps, cap_steps;
    uint32_t first_source; /* plus one; 0: none */
    int64_t use_ms;        /* when he happens to use it first, by the boot clock; 0: not at all */
    uint8_t profile;
    bool is_cut; /* cancelled by hand: his sources give nothing until one begins anew */
};

/* A seat as it is at some time. */
struct sim_seat_view {
    enum sim_seat_status status;
    enum sim_plan plan;   /* assigned */
    enum sim_plan active; /* in force since it was used; SIM_PLAN_NONE: never */
    uint32_t claim;
    unsigned via;
    int64_t created_ms, activated_ms; /* the cloud's clock */
    int64_t lower_ms;                 /* then `active` falls to `plan`; 0: it need not */
    int64_t ends_ms;                  /* CANCELED: gone from then on */
};

enum sim_source_state { SIM_SOURCE_WAITING, SIM_SOURCE_LOST, SIM_SOURCE_ON, SIM_SOURCE_OFF };
struct sim_source {
    int64_t start_ms; /* the boot clock */
    uint32_t claim, user;
    uint32_t membership;        /* SIM_NOBODY: the claim is the user's own */
    uint32_t seat;              /* SIM_NOBODY: not yet */
    uint32_t of_seat, of_claim; /* the next one of it plus one; 0: none */
    uint8_t state;              /* enum sim_source_state */
    uint8_t began_as;           /* enum sim_seat_status: what it brings besides PENDING */
};

/* Never is a lag too. */
#define SIM_NEVER INT64_MAX
struct sim_lag {
    int64_t least, most; /* least SIM_NEVER: nothing arrives */
};

struct sim_claim {
    struct str name;           /* of a group or user that is not in the store yet */
    struct str raw;            /* its plan reads back as that, whatever it is; empty: as usual */
    uint32_t person;           /* Okta's, behind `name`; SIM_NOBODY: unknown */
    uint32_t group, user;      /* of the store; SIM_NOBODY: the other, or not there yet */
    uint32_t of_group;         /* the next one of that group plus one; 0: none */
    uint32_t first_source;     /* plus one; 0: none */
    int64_t since_ms, used_ms; /* the boot clock */
    int64_t made_ms;           /* members from before were there at `since_ms` */
    uint32_t n_before;         /* memberships below that are from before */
    int64_t shown_ms,
        gone_ms; /* lists know it from and until then, by the boot clock; 0: not gone */
    struct sim_lag lag;
    int64_t changed_ms; /* lists know its plan from then on; before, `plan_before` */
    uint8_t profile, plan, plan_before;
    uint8_t
        began_as; /* enum sim_seat_status: of the members from before; SIM_SEAT_NONE: as usual */
    bool is_group;
};

enum sim_subs_event_kind { SIM_SUBS_OFF, SIM_SUBS_END, SIM_SUBS_START, SIM_SUBS_ON, SIM_SUBS_USE };
struct sim_subs_event {
    int64_t at_ms;   /* the boot clock */
    uint32_t number; /* of a source, a user or a seat */
    uint8_t kind;
};

struct sim_subs_quirks {
    struct str eligibility;   /* management, blocked, ineligible; empty: none of them */
    struct str profile;       /* missing, direct; empty: ready */
    struct str missing_field; /* that member is not told; empty: all are */
    struct str extra_field;   /* one more is told */
    struct str cancelled;     /* how CANCELED is spelt */
    int64_t unknown_spelling; /* percent of rows whose plan nobody has heard of */
    int64_t page_cap, read_lag_ms;
    bool times_text;  /* times are text instead of seconds */
    bool older_names; /* as the first clients read them */
    bool hide_canceled;
    bool disabled_cancels;
    bool group_rows; /* groups are listed among the subscribed */
};

struct sim_subs_profile {
    struct str region, arn;
};

struct sim_subs_clock { /* since then the cloud's clock is that much ahead of boot time */
    int64_t from_ms, ahead_ms;
};

struct sim_subs_never {
    uint32_t person, user; /* Okta's, the store's */
};

struct sim_subs {
    struct sim_subs_profile *profiles; /* the first is the usual one; in sim->org */
    size_t n_profiles;
    struct sim_lag lag;
    int64_t use_percent;             /* a day */
    struct str spellings[SIM_PLANS]; /* empty: the usual one */
    struct sim_subs_quirks quirks;

    struct sim_claim *claims;
    size_t n_claims, cap_claims;
    size_t n_unbound; /* claims whose principal is not in the store yet */
    struct sim_source *sources;
    size_t n_sources, cap_sources;
    struct sim_index by_membership; /* sources */
    struct sim_seat *seats;
    size_t n_seats, cap_seats;
    struct sim_index by_user;    /* seats */
    struct sim_subs_event *heap; /* the earliest first */
    size_t n_heap, cap_heap;
    struct sim_subs_never *never; /* nothing of a group's arrives for them */
    size_t n_never, cap_never;
    struct sim_subs_clock *clocks;
    size_t n_clocks, cap_clocks;
    int64_t stale_ms; /* of the write under way: lists know of it that much later */
};

void sim_subs_reset(struct sim *sim); /* into a zeroed one */
void sim_subs_fini(struct sim_subs *subs);
/* The claims of the organisation that is there by default. */
void sim_subs_default(struct sim *sim);

/* ---- profiles ---- */
/* Its number, made where it is not there yet; with its application where those are the usual. */
uint8_t sim_subs_profile(struct sim *sim, struct str region);
uint8_t sim_subs_find_profile(const struct sim *sim, struct str region); /* UINT8_MAX: none */
/* Only while nobody has looked: the usual profile is that of another region. */
void sim_subs_set_region(struct sim *sim, struct str region);

/* ---- claims ---- */
#define SIM_CLAIM_USUAL \
    ((struct sim_claim){.person = SIM_NOBODY, .group = SIM_NOBODY, .user = SIM_NOBODY})
/* Its number. Either `group` or `user` is in the store, or `name` is bound once somebody of that
 * name is. Texts are kept, not copied; what lists know of it and `of_group` is set here. */
uint32_t sim_claim_add(struct sim *sim, const struct sim_claim *claim);
void sim_claim_change(struct sim *sim, uint32_t claim, enum sim_plan plan);
void sim_claim_drop(struct sim *sim, uint32_t number);
/* The one that is there; SIM_NOBODY: none. */
uint32_t sim_claim_of_user(const struct sim *sim, uint32_t user, uint8_t profile);
uint32_t sim_claim_of_group(const struct sim *sim, uint32_t group, uint8_t profile);
uint32_t sim_find_claim(const struct sim *sim, struct str identifier);
struct str sim_claim_identifier(const struct sim *sim, uint32_t claim, struct arena *arena);

/* ---- seats ---- */
/* SIM_NOBODY: none, or none that is there. */
uint32_t sim_seat_of(const struct sim *sim, uint32_t user, uint8_t profile);
/* A seat whose user is in no store, on that plan since then. */
void sim_seat_strange(struct sim *sim, struct str user_id, const struct sim_claim *like);
struct sim_seat_view sim_seat_now(const struct sim *sim, uint32_t seat);
/* As lists knew it `stale_ms` ago. */
struct sim_seat_view sim_seat_listed(const struct sim *sim, uint32_t seat, int64_t stale_ms);
/* From step to step, beginning with the zeroed view: for the bill too. */
void sim_seat_take(struct sim_seat_view *view, const struct sim_step *step);
void sim_seat_turn(struct sim_seat_view *view, int64_t at_ms); /* time goes on */
struct str sim_seat_user_id(const struct sim *sim, uint32_t seat, struct arena *arena);
int64_t sim_month_begin(int64_t at_ms); /* the first millisecond of its UTC month */
int64_t sim_month_end(int64_t at_ms);   /* that of the next one */
/* The seats of a user, over all profiles: call until false, with `*probe` from sim_seat_probe. */
size_t sim_seat_probe(const struct sim *sim, uint32_t user);
bool sim_seat_next(const struct sim *sim, uint32_t user, size_t *probe, uint32_t *seat);

/* ---- deeds; what is due is carried out already ---- */
bool sim_seat_use(struct sim *sim, uint32_t seat);   /* false: there is nothing to use */
void sim_seat_cut(struct sim *sim, uint32_t number); /* cancelled, whatever gave it */
/* Nothing of a group's arrives for the user from now on; false: again, after a lag. */
void sim_subs_lose(struct sim *sim, uint32_t person, uint32_t user, bool on);
/* What waits arrives now; SIM_NOBODY: everybody's. How many it was. */
size_t sim_subs_arrive(struct sim *sim, uint32_t user);
void sim_subs_set_use(struct sim *sim, int64_t percent_a_day);

/* ---- going on ---- */
void sim_subs_settle(struct sim *sim); /* the push first, then what is due */

/* ---- hooks of the store ---- */
void sim_subs_on_user(struct sim *sim, uint32_t user);   /* is there */
void sim_subs_on_group(struct sim *sim, uint32_t group); /* is there */
void sim_subs_on_join(struct sim *sim, uint32_t membership);
void sim_subs_on_leave(struct sim *sim, uint32_t membership);
void sim_subs_on_user_gone(struct sim *sim, uint32_t user);
void sim_subs_on_group_gone(struct sim *sim, uint32_t group);
void sim_subs_on_able(struct sim *sim, uint32_t user, bool is_able, int64_t at_boot_ms);
void sim_subs_on_clock(struct sim *sim);    /* was moved */
void sim_subs_on_account(struct sim *sim);  /* is another one */
void sim_subs_on_recreate(struct sim *sim); /* the store is about to go */

#pragma once

#include "base/arena.h"
#include "core/guard.h"
#include "engine/intake_run.h"
#include "engine/observe.h"
#include "engine/observe_store.h"
#include "engine/observe_subs.h"
#include "ledger/ledger_finding.h"
#include "ledger/ledger_run.h"

/*
 * Decide: from what was observed to a plan and the guards' verdict. Reads the ledger's memory
 * (journal, freezes, acknowledgements, floors), calls the pure functions of core, writes nothing.
 */

struct decision {
    struct group_view *views;       /* one per managed group that the settings name */
    struct guard_group *guards;     /* same order */
    const struct seen_group **seen; /* same order */
    size_t n_views;
    struct guard_entitlement *ents;
    size_t n_ents;
    const struct guard_outside *outside;
    size_t n_outside;
    struct facts facts;
    struct plan plan;
    struct guard_verdict verdict;
    struct guard_input input;     /* what the verdict was made from */
    struct people *removed_by_us; /* since each view's baseline */
    struct people *proved;        /* each view's listing with our settled writes laid over it: what
                                     may become the baseline, which no unproved write may */
    const struct ack *acks;
    size_t n_acks;
    struct str rules_accepted; /* the former ones; empty: a ledger that never ran */
    struct str rules_digest;   /* what `changed` compares: policy and program */
    bool rules_changed;
};

struct decide_input {
    const struct world *world;
    struct roll *roll;
    const struct seen_groups *groups;
    const struct seen_instance *instance;
    const struct seen_store *store;
    const struct seen_subs *subs;
    const struct intake_result *intake;
    struct facts facts; /* named groups and protected set; people are added here */
    struct str only;    /* entitlement; empty: all */
    bool foreign_self;
    struct str foreign_why;
    const struct run_row *last; /* NULL: none */
};

bool decide(const struct decide_input *in, struct arena *arena, struct decision *out,
            struct err *err);

/* The wall clock is trusted for ends only while the remote agrees and it did not jump against boot
 * time since the last run (`last`, or NULL). */
bool decide_clock(const struct world *world, const struct roll *roll, const struct run_row *last,
                  struct arena *arena, struct str *why);

/* What letting a held removal go is said about: this op for this cause since that time; the same op
 * may be owed again, for another reason, long after. */
struct str decision_hold_subject(const struct op *op, struct arena *arena);

/* Changed rules under which people who hold seats are not eligible take their effect only after a
 * grace: a person is asked right away, while nothing has happened yet. */
bool decision_change_bites(const struct decision *decision, const struct guard_entitlement *ent);

/* What `changed` compares: the policy's digest and the program's version. */
struct str engine_rules_digest(const struct world *world, struct arena *arena);

struct mode_floor;
/* Was the anomaly that lowered the mode acknowledged, and is there no other one in the entitlement?
 */
bool decision_lifts_floor(const struct decision *decision, const struct mode_floor *floor);

/* An acknowledgement of an entitlement's finding that is no older than that? An empty subject is
 * any. */
bool decision_acked_since(const struct decision *decision, enum finding_kind kind,
                          struct str entitlement, struct str subject, int64_t since_ms);
/* An acknowledgement of that finding, for exactly that subject, in force? */
bool decision_acked(const struct decision *decision, enum finding_kind kind, struct str entitlement,
                    struct str group, struct str subject);

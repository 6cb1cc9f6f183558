#pragma once

#include "base/map.h"
#include "cli/cli.h"
#include "core/desired.h"
#include "core/hops.h"
#include "core/observation.h"
#include "engine/follow.h"
#include "ledger/ledger_finding.h"
#include "ledger/ledger_group.h"
#include "ledger/ledger_hop.h"
#include "ledger/ledger_person.h"
#include "ledger/ledger_run.h"

/*
 * The book: what the ledger knows about seats, read once, for the commands that show it. It stands
 * as of the last finished run; nothing here talks to a remote. Everything lives in the command's
 * arena.
 */

struct book_group {
    struct group_pin pin;          /* PIN_PLAN; empty group_id: no run has found that group yet */
    const struct entitlement *ent; /* NULL: the settings no longer know it */
    struct baseline baseline;
    bool readable; /* listed, and the last run could read it */
};

struct book {
    struct cli *cli;
    int64_t now_ms;
    bool has_run;
    struct run_row run; /* the last finished one */
    struct person_row *people;
    size_t n_people;
    struct map by_id;     /* -> struct person_row */
    struct grant *grants; /* live, ahead, or ended in the last 400 days; sorted (grants_sort) */
    size_t n_grants;
    struct desired desired; /* now */
    struct book_group *groups;
    size_t n_groups;
    const struct finding_row *findings; /* open ones, ignored ones too */
    size_t n_findings;
    const struct hop_row *hops; /* as the last run saw them; sorted as ledger_load_hops has it */
    size_t n_hops;
    struct map held; /* kind, entitlement, plan, person -> struct str: why the last run held it */
};

bool book_read(struct cli *cli, struct book *out, struct err *err);

const struct person_row *book_person(const struct book *book, struct str id); /* NULL: unknown */
/* The login if the ledger knows it, else the id. */
struct str book_login(const struct book *book, struct str id);

/* One person in one plan's group. */
struct book_seat {
    const struct book_group *group;
    struct str person, login, entitlement, plan;
    struct str owner; /* of the longest live grant: who answers for it; may be empty */
    bool desired;     /* by a grant, now */
    bool member;      /* as last accepted */
    bool owned;
    int64_t until_ms;           /* latest end of the live grants on this plan; 0: none */
    const struct grant *grants; /* of the person in the entitlement, live ones and those ahead */
    size_t n_grants;
    struct hop_state hops[HOP_COUNT];
};

/* Everybody who holds or is granted a seat, by entitlement and plan (in the settings' order) and
 * login. `unmanaged`: also members that are not ours. `only`: one entitlement, or empty. `person`:
 * one person, or empty. */
struct book_query {
    struct str only, person;
    bool unmanaged;
};
void book_seats(const struct book *book, const struct book_query *query, struct book_seat **out,
                size_t *n);

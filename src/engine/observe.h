#pragma once

#include "base/arena.h"
#include "base/map.h"
#include "core/facts.h"
#include "core/observation.h"
#include "core/plan.h"
#include "engine/world.h"
#include "ledger/ledger_group.h"

/*
 * Observe: what the remotes and the ledger show at the start of a run, as values. Talks to Okta;
 * writes to the ledger only what it learned for the first time (pins, sightings), and nothing at
 * all in a dry run.
 */

/* One group the settings name, found and held against its pin. */
struct seen_group {
    enum pin_role role;
    const struct entitlement *ent; /* NULL for PIN_NAMED */
    struct str plan;
    struct str ref;      /* the settings' words */
    bool by_id;          /* `ref` is an id */
    struct str id, name; /* pinned; empty id: never found */
    bool pin_ok;
    struct str pin_why;     /* when not */
    struct str pin_subject; /* what an acknowledgement would be for; empty: none helps */
    struct group found;     /* where the name leads now, when that is another group */
    bool rule_on_group;     /* an ACTIVE rule fills it */
    bool removals_unknown;
    struct str removals_why;
    int64_t first_seen_ms;         /* when it was pinned; 0: in this run */
    const struct listing *listing; /* never NULL after observe_groups */
    struct baseline baseline;      /* of plan and assignment groups */
};

struct seen_groups {
    struct seen_group *items;
    size_t n;
};

/* Who answers at the configured URL, before any credential is sent. */
struct seen_instance {
    bool ok;
    struct str why;
    struct str url, org; /* as found */
    bool changed;        /* another URL or org than the ledger knows */
    bool unreadable;     /* it did not answer */
};
bool observe_instance(const struct world *world, bool dry, const struct actor *actor,
                      struct arena *arena, struct seen_instance *out, struct err *err);

/* Finds, pins and lists every group that the settings name. */
bool observe_groups(const struct world *world, bool dry, const struct actor *actor,
                    struct arena *arena, struct seen_groups *out, struct err *err);
const struct seen_group *seen_group_named(const struct seen_groups *groups, struct str name);

/* People: the ledger's rows laid under what this run saw. Lives in one arena. */
struct roll {
    struct arena *arena;
    struct map by_id;    /* -> struct person_facts */
    struct map rows;     /* -> const struct person_row, as loaded */
    struct map by_login; /* lower case, as the ledger had it when the run began -> person_facts */
    const struct world *world;
    bool dry;
    int64_t now_ms;
};
bool roll_load(struct roll *roll, const struct world *world, bool dry, struct arena *arena,
               struct err *err);
/* Reads versions and blocks anew: before the grants are read that a plan is made from, so that what
 * is decided after that is noticed when a request is to leave. */
bool roll_refresh(struct roll *roll, struct err *err);
/* From the listings: status and login of everybody in them; remembered for people the ledger knows
 * or manages (`keep`: everybody in this listing, else only known people). */
bool roll_see_listing(struct roll *roll, const struct listing *listing, bool keep, struct err *err);
/* Looks people up by id at Okta, those not seen in this run yet. */
bool roll_look_up(struct roll *roll, const struct str *ids, size_t n, struct err *err);
/* Reads people anew by id, seen before or not; whom Okta showed stands in `found` by id. */
bool roll_read_anew(struct roll *roll, const struct str *ids, size_t n, struct map *found,
                    struct err *err);
/* Looks logins up; `out[i]` is Okta's answer. What is found joins the roll. */
bool roll_find_logins(struct roll *roll, const struct str *logins, size_t n, struct okta_user *out,
                      struct err *err);
/* Id of whoever the ledger knew by that login when the run began; empty: nobody. */
struct str roll_known_as(const struct roll *roll, struct str login);
struct person_facts *roll_get(const struct roll *roll, struct str id); /* NULL: unknown */
/* Sorted, as facts want it. */
void roll_people(const struct roll *roll, const struct person_facts **out, size_t *n);

/* One person the settings name by login: pinned by id at first sight. Empty id with `answer`
 * telling why not. */
bool observe_named_person(struct roll *roll, struct str login, const struct actor *actor,
                          enum okta_answer *answer, struct str *id, struct err *err);

/* Holds every holder of a live grant against the entitlement's rules, and remembers since when
 * somebody is known not to be eligible. */
bool observe_eligibility(struct roll *roll, const struct facts *facts, const struct grant *grants,
                         size_t n_grants, struct err *err);

/* The protected set: people and members of groups. */
bool observe_protected(struct roll *roll, const struct seen_groups *groups,
                       const struct actor *actor, struct facts *facts, struct err *err);

/* Polls the System Log for who changed memberships; trouble is only worth a word. */
bool observe_log(const struct world *world, bool dry, struct arena *arena, struct err *err);

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/eligible.h"
#include "core/model.h"
#include "core/policy.h"

/*
 * What is known about people in this run, from Okta and from the ledger's memory of earlier runs.
 */

struct person_facts {
    struct person person;      /* status USER_UNKNOWN when it could not be read in this run */
    int64_t inactive_since_ms; /* first sealed sight as SUSPENDED or DEPROVISIONED; 0: active */
    bool inactive_twice;       /* seen so by two sealed reads 60 s or more apart */
    bool gone_proved;          /* 404 twice an hour apart, and its deletion is in the System Log */
    int64_t gone_since_ms;     /* first 404; 0: not gone */
    int64_t ineligible_since_ms; /* first known NO, of any entitlement held; 0: none */
    bool is_protected;
    bool blocked;
    int64_t version; /* the ledger's, when the run's snapshot was taken */
};

struct facts {
    const struct person_facts *people; /* sorted by person.id */
    size_t n;
    struct named_groups groups; /* eligibility, approver and protected groups */
    bool protected_sealed;      /* the protected set is complete */
    struct str protected_why;   /* when it is not */
};

/* NULL when nothing is known. */
const struct person_facts *facts_find(const struct facts *facts, struct str person);

/* Has this person's inactivity run its course: a removal is argued? Grace and two reads included.
 */
bool facts_inactive_ends(const struct entitlement *ent, const struct person_facts *person,
                         int64_t t);
/* The same for ineligibility with `on_ineligible: end`, after the inferred grace. */
bool facts_ineligible_ends(const struct entitlement *ent, const struct person_facts *person,
                           const struct facts *facts, int64_t t, struct arena *arena);

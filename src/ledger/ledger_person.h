#pragma once

#include "core/facts.h"
#include "core/model.h"
#include "core/request.h"
#include "ledger/ledger.h"

/* People and their grants. */

struct person_row {
    struct person person;
    int64_t first_seen_at, seen_at;
    int64_t inactive_since, inactive_last; /* 0: active */
    int64_t gone_since, gone_last;         /* 0: there */
    int64_t ineligible_since;
    int64_t version;
    int64_t blocked_at; /* 0: not blocked */
    struct str blocked_by, blocked_reason;
};

/* What a run or a look-up saw: pins new people, refreshes labels and states of known ones. A status
 * of USER_UNKNOWN leaves the stored one; USER_GONE counts as one 404. Times of first and latest
 * inactive or gone sight are kept; being seen active clears them. Those of inactivity begin anew
 * when SUSPENDED becomes DEPROVISIONED or the other way round: each has a grace of its own. Empty
 * labels leave the stored ones. One transaction per 500. */
bool ledger_see_people(struct ledger *ledger, const struct person *people, size_t n,
                       int64_t seen_at, struct err *err);
/* Sets or clears (0) since when somebody is known to be ineligible for what they hold. */
bool ledger_note_ineligible(struct ledger *ledger, struct str person, int64_t since,
                            struct err *err);

/* Everybody, by id; digests checked. A snapshot reads people before grants and requests: what is
 * decided in between then shows in the version. Opens a JSON document while it reads a profile. */
bool ledger_load_people(struct ledger *ledger, struct arena *arena, const struct person_row **items,
                        size_t *n, struct err *err);
bool ledger_get_person(struct ledger *ledger, struct str okta_id, struct arena *arena,
                       struct person_row *out, bool *found, struct err *err);
/* Whoever bears that login (without case) or has that id; usually one. */
bool ledger_find_people(struct ledger *ledger, struct str who, struct arena *arena,
                        const struct person_row **items, size_t *n, struct err *err);

/* A block ends every live and future grant (cause blocked), cancels open requests, and refuses new
 * ones until it is lifted. `*changed` is false when it was so already. */
bool ledger_block(struct ledger *ledger, const struct actor *actor, struct str person,
                  struct str reason, bool *changed, struct err *err);
bool ledger_unblock(struct ledger *ledger, const struct actor *actor, struct str person,
                    struct str reason, bool *changed, struct err *err);

/* Every grant that is live, ahead, or ended after `since_ms`; unsorted; digests checked. */
bool ledger_load_grants(struct ledger *ledger, int64_t since_ms, struct arena *arena,
                        struct grant **items, size_t *n, struct err *err);
/* All of one person, newest first. */
bool ledger_person_grants(struct ledger *ledger, struct str person, struct arena *arena,
                          struct grant **items, size_t *n, struct err *err);
/* Ends the live and future grants of a person in an entitlement, e.g. once an inactive person's
 * removal is done. */
bool ledger_end_grants(struct ledger *ledger, const struct actor *actor, struct str person,
                       struct str entitlement, enum cause cause, struct err *err);

/* Adoption: grants without a request, and the membership becomes ours. All or none. */
struct adoption {
    struct str person, entitlement, plan, group;
    int64_t from_ms, until_ms; /* until 0: a live grant of that plan is there already; only the
                                  membership becomes ours */
    struct str owner;
    struct str profile_json;
};
bool ledger_adopt(struct ledger *ledger, const struct actor *actor, const struct adoption *rows,
                  size_t n, struct err *err);

#pragma once

#include "core/sub_findings.h"
#include "engine/observe_store.h"
#include "ledger/ledger_subs.h"
#include "subs/subs.h"

/*
 * What the subscription service shows, where the settings switch that on (`subscriptions:
 * observe`). A listing counts only when it is sealed and has not lost too many at once; else it is
 * unknown, and nothing is concluded from it.
 */

struct seen_subs {
    bool wanted; /* switched on, and Identity Center was read */
    bool ok;     /* sealed and plausible, in this run */
    bool unreadable;
    struct str why;                        /* when not ok */
    struct str shrunk_why, shrunk_subject; /* it lost too many at once: acknowledged by this */
    struct subs_listing listing;
    struct map by_user; /* -> const struct subs_seat: the highest plan that is not cancelled, else
                           the cancelled one */
    struct people untouchable; /* whose row is of a plan that nobody has mapped; from the last
                                  listing that was ok */
    struct subs_memory memory;
    struct arena *arena;
};

bool observe_subs(const struct world *world, const struct roll *roll,
                  const struct seen_store *store, struct seen_subs *out, struct err *err);
/* Remembers a listing that is ok; not in quiet runs. */
bool remember_subs(const struct world *world, const struct seen_store *store,
                   const struct seen_subs *subs, int64_t now_ms, struct err *err);

/* One person's subscription, as far as this run knows. */
struct subs_sight {
    bool is_known;                     /* the listing is ok, and the person's user is known */
    const struct subs_seat *seat;      /* NULL: none */
    const struct catalogue_plan *plan; /* of it; NULL: a spelling that nobody has mapped */
    int64_t since_ms;                  /* of its status, as first seen */
};
struct subs_sight subs_of(const struct world *world, const struct seen_store *store,
                          const struct seen_subs *subs, struct str person);

/* Every row of the listing with its person, plan and time, as sub_findings wants them; in arena.
 * Nothing when the listing is not ok. */
const struct sub_row *subs_rows(const struct world *world, const struct seen_store *store,
                                const struct seen_subs *subs, const struct roll *roll,
                                struct arena *arena, size_t *n);

#pragma once

#include "base/arena.h"
#include "core/report.h"
#include "engine/observe.h"

/*
 * Intake of a run: looks at every open request with everything the run knows, and carries out what
 * core/intake.h decides. A dry run carries nothing out; it shows in `grants` what would be.
 */

struct intake_result {
    const struct report_intake *moved; /* requests that changed state */
    size_t n_moved;
    struct grant *grants; /* after intake; not sorted */
    size_t n_grants;
    const struct intake_conflict {      /* labels that lead to somebody else than before */
        struct str login, known, found; /* ids */
        int64_t request;
    } * conflicts;
    size_t n_conflicts;
};

bool intake_run(struct roll *roll, const struct seen_groups *groups, const struct facts *facts,
                const struct actor *actor, struct intake_result *out, struct err *err);

/* A renewal that was filed before the end of a grant and is still undecided holds the expiry, for
 * at most the entitlement's `approval_expires`: lengthens such grants in memory. */
bool hold_expiries(const struct roll *roll, struct grant *grants, size_t n, struct err *err);

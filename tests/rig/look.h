#pragma once

#include "rig/rig.h"

/*
 * Looking at what runs left behind: in the ledger's file, by a connection of its own, and in the
 * cloud's history, which no adapter can embellish. A `look_` function that judges appends one
 * sentence per fault to `say` and returns true when there was none. Ids are shown as names.
 */

/* One PUT or DELETE of a membership that reached the cloud. */
struct look_write {
    int64_t at_ms;
    struct str group, person; /* ids; in rig->arena */
    int status;               /* 0: no answer was made */
    bool is_add, is_fault, had_effect;
};
/* In the order in which they came; in rig->arena. */
size_t look_writes(struct rig *rig, const struct look_write **out);

/* The first column of the first row, 0 without one. Ends the test on bad SQL. */
int64_t look_number(struct rig *rig, const char *sql);
/* All rows, columns joined by a blank, lines sorted; in rig->arena. */
const char *look_rows(struct rig *rig, const char *sql);

/* Ops that nobody knows the end of. */
size_t look_open_ops(struct rig *rig);

/*
 * Where everything stands, without times: members in the cloud, what the ledger takes for ours,
 * grants, requests, ops that were done. Equal ends are equal texts. In rig->arena.
 */
const char *look_state(struct rig *rig);

/* How it came to that, for somebody who looks for the reason: runs, ops, requests, grants, findings
 * and what the cloud saw, on stderr. */
void look_print(struct rig *rig);

/* The file is whole, the audit trail verifies, no run lock is left. */
bool look_ledger(struct rig *rig, struct buf *say);
/* Every write in the cloud's history had its row `sent` in the journal before it left. */
bool look_journal(struct rig *rig, struct buf *say);
/*
 * No write was repeated blindly: none asked for what was so already, and none followed an equal one
 * whose answer was lost before a minute had passed (the proof of its failure needs one).
 */
bool look_repeats(struct rig *rig, struct buf *say);
/* Nobody was taken out while a grant of his said otherwise; what was right at the time counts. */
bool look_removals(struct rig *rig, struct buf *say);

/*
 * The latest run left nothing to do, or says what it holds: for everybody whom Okta shows as
 * active, membership is what the live grants say, or an op that would make it so is held, or the
 * membership is not ours. `*held` counts what is held.
 */
bool look_converged(struct rig *rig, size_t *held, struct buf *say);

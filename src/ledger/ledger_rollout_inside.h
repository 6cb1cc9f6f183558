#pragma once

#include "ledger/ledger_inside.h"
#include "ledger/ledger_rollout.h"

/* What the files about rollouts share, inside the caller's transaction where they write. */

/* "W3", in arena. */
struct str rollout_label(int64_t number, struct arena *arena);
/* The row as it is now; ERR_LEDGER when there is none of that id. */
bool rollout_read(struct ledger *ledger, struct str id, struct arena *arena,
                  struct rollout_row *out, struct err *err);
/* The same, if it is still in the wave it was read in and open; else ERR_REFUSED. */
bool rollout_read_same(struct ledger *ledger, const struct rollout_row *row, struct arena *arena,
                       struct rollout_row *out, struct err *err);
bool rollout_note(struct ledger *ledger, const struct actor *actor, const char *what,
                  const struct rollout_row *row, struct str person, struct str detail,
                  struct err *err);

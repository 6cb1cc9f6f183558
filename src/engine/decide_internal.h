#pragma once

#include "engine/decide.h"

/* Steps of decide(), each a file's worth of gathering. */

bool decide_views(const struct decide_input *in, struct arena *arena, struct decision *out,
                  struct err *err);
bool decide_outside(const struct decide_input *in, struct arena *arena, struct decision *out,
                    struct err *err);
bool decide_entitlements(const struct decide_input *in, struct arena *arena, struct decision *out,
                         struct err *err);
/* Whose seat on the granted plan is known to be there, so that a former plan's may be left. */
bool decide_proofs(const struct decide_input *in, struct arena *arena,
                   const struct proved_move **out, size_t *n, struct err *err);

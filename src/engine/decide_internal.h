#pragma once

#include "engine/decide.h"

/* Steps of decide(), each a file's worth of gathering. */

bool decide_views(const struct decide_input *in, struct arena *arena, struct decision *out,
                  struct err *err);
bool decide_outside(const struct decide_input *in, struct arena *arena, struct decision *out,
                    struct err *err);
bool decide_entitlements(const struct decide_input *in, struct arena *arena, struct decision *out,
                         struct err *err);
void decide_clock(const struct decide_input *in, struct arena *arena, struct decision *out);

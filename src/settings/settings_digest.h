#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "core/catalogue.h"
#include "settings/settings_tree.h"

/* SHA-256, hex, of what decides access: every effective setting whose row is a rule, and the whole
 * catalogue. Keys and lists are taken in an order of their own, so comments, order and spelling of
 * the file do not matter. In arena. */
struct str settings_digest(const struct settings_node *effective, const struct catalogue *catalogue,
                           struct arena *arena);

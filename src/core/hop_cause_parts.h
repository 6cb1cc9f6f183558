#pragma once

#include "core/hops.h"

/* What the two halves of a diagnosis share: what the evidence shows, and how it is said. */

/* The first character of the person's names that SCIM refuses; the empty view when there is none.
 * Source: contracts/okta.md 10.1. */
struct str hop_bad_character(const struct person *person);

/* The cause and its remedy in words. The evidence is of that cause; HOP_CAUSE_NONE takes its time.
 * No words of the person's own: a finding has many people inside. In arena. */
struct hop_diagnosis hop_cause_words(enum hop_cause why, enum hop hop,
                                     const struct hop_evidence *evidence, struct arena *arena);

#pragma once

#include "base/vec.h"
#include "engine/findings.h"

/* What the parts of make_findings share. */

struct maker {
    const struct findings_input *in;
    struct arena *arena;
    VEC_OF(struct finding) list;
    int64_t now_ms;
};

/* Keyed and dated; once each. */
void findings_add(struct maker *maker, struct finding finding);

/* The Okta organisation, another writer, the clock (findings_remote.c). */
void findings_of_instance(struct maker *maker);
/* Identity Center: trouble with it, people who are two over there, subscriptions, and what was
 * followed. */
void findings_of_store(struct maker *maker);

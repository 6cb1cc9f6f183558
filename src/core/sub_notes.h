#pragma once

#include <stdint.h>

#include "base/vec.h"
#include "core/finding.h"

/* Notes: what is wrong with single rows; those that one cause explains become one finding. */

/* Something about one row, and what makes it the same thing as another. */
struct sub_note {
    enum finding_kind kind;
    struct str entitlement; /* may be empty */
    struct str variant;
    struct str what; /* the part of the sentence after the people */
    struct str person, name;
    int64_t since_ms, cost_minor;
};

struct sub_notes {
    struct sub_note *items;
    size_t n, cap;
};
struct sub_made {
    struct finding *items;
    size_t n, cap;
};

/* Sorts the notes; adds a finding for each cause. */
void sub_notes_tell(struct sub_notes *notes, struct arena *arena, struct sub_made *out);

#pragma once

#include "core/report.h"
#include "engine/apply.h"
#include "engine/decide.h"

/* The report of a run, from its parts. */

struct report_parts {
    const struct world *world;
    const struct decision *decision; /* NULL: the run got no further than looking */
    const struct applied *applied;   /* NULL: dry */
    const struct intake_result *intake;
    const struct finding *findings;
    size_t n_findings;
    const struct run_row *run; /* NULL: dry */
    bool dry;
    size_t n_open;
    bool remote_away, alarm;
    int64_t started_at;
};

void make_report(const struct report_parts *parts, struct arena *arena, struct report *out);
/* Rows for the journal and the report: one per op of the plan. */
struct report_op *make_report_ops(const struct decision *decision, const struct applied *applied,
                                  struct arena *arena);
enum run_outcome outcome_of(const struct report *report);
struct str summary_json(const struct report *report, struct arena *arena);
